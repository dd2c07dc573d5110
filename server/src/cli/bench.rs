//! `mainstay bench`: testing a version on staging through a server's API, and what came of it.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use mainstay_core::bench::{BenchResult, Check, TestState};

use super::api::{Server, ServerArgs, Stop, ended, key, part, print, print_json};
use crate::http::bench::{BenchAsk, BenchOrdered};
use crate::http::standing::BenchResults;

/// How often a bench is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(500);
/// A bench that takes longer is not waited for any more; its loads last ten minutes at most.
const WAIT_MAX: Duration = Duration::from_secs(1_800);

#[derive(Args, Debug)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Subcommand, Debug)]
enum BenchCommand {
    /// Test a version of a service on staging; without a pass no rollout of it starts.
    ///
    /// Exit code 0: ordered, or with --wait passed; 1: refused, or with --wait not passed; 2: the
    /// server cannot be asked.
    Run(RunArgs),
    /// Show what versions of a service were tested with, and what was seen.
    Status(StatusArgs),
}

#[derive(Args, Debug)]
struct RunArgs {
    /// The service.
    service: String,
    /// The version to test.
    version: String,
    /// Wait for the result.
    #[arg(long)]
    wait: bool,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct StatusArgs {
    /// The service.
    service: String,
    /// Only of this version.
    version: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    Ok(match args.command {
        BenchCommand::Run(args) => ended(order(&args).await, args.server.json),
        BenchCommand::Status(args) => ended(status(&args).await, args.server.json),
    })
}

async fn order(args: &RunArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let service = part(&args.service)?;
    let ask = BenchAsk { version: args.version.clone(), key: Some(key(args.key.as_deref())) };
    let path = format!("/services/{service}/do/run-bench");
    let BenchOrdered { mut bench } = server.post(&path, &ask).await?;
    let begun = Instant::now();
    while args.wait && bench.report.state == TestState::Running && begun.elapsed() < WAIT_MAX {
        tokio::time::sleep(LOOK).await;
        let of_this = |it: &BenchResult| it.version == bench.version;
        let known = results(&server, service).await?.results.into_iter().find(of_this);
        bench = known.unwrap_or(bench);
    }
    match args.server.json {
        true => print_json(&bench),
        false => print(&text(&bench)),
    }
    match bench.report.state {
        TestState::Passed => Ok(()),
        TestState::Running if !args.wait => Ok(()),
        TestState::Running | TestState::Failed | TestState::NotMade { .. } => Err(Stop::Otherwise),
    }
}

async fn results(server: &Server, service: &str) -> Result<BenchResults, Stop> {
    server.get(&format!("/services/{service}/bench/results")).await
}

async fn status(args: &StatusArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let mut known = results(&server, part(&args.service)?).await?;
    let wanted = |it: &BenchResult| args.version.as_ref().is_none_or(|v| *v == it.version);
    known.results.retain(wanted);
    if args.server.json {
        print_json(&known);
    } else if known.results.is_empty() {
        print("no bench was run yet; run one with `mainstay bench run`\n");
    } else {
        print(&known.results.iter().map(text).collect::<String>());
    }
    Ok(())
}

/// A result with its checks, for a terminal.
fn text(bench: &BenchResult) -> String {
    let BenchResult { service, version, datacenter, report, .. } = bench;
    let state = match &report.state {
        TestState::Running => "is being tested".to_owned(),
        TestState::Passed => match bench.expires_at {
            Some(end) => format!("passed; counts until {}", end.format("%Y-%m-%d %H:%M UTC")),
            None => "passed".to_owned(),
        },
        TestState::Failed => "failed".to_owned(),
        TestState::NotMade { message } => format!("could not be tested: {message}"),
    };
    let mut text = format!("{service} {version} in {datacenter}: {state}\n");
    for result in &report.results {
        let what = match &result.check {
            Check::Http { path, .. } => format!("GET {path}"),
            Check::Load { path, requests_per_second, seconds, .. } => {
                format!("{requests_per_second} requests a second of {path} for {seconds} s")
            }
        };
        let word = if result.passed { "passed" } else { "failed" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {what}: {word}, {}", result.seen);
    }
    text
}
