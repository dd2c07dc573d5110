//! `mainstay quarantine`: versions that must not come back by themselves, through a server's API.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use mainstay_core::id::ServiceId;
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, key, print, print_json};
use crate::http::rollouts::LiftAsk;

#[derive(Args, Debug)]
pub struct QuarantineArgs {
    #[command(subcommand)]
    command: QuarantineCommand,
}

#[derive(Subcommand, Debug)]
enum QuarantineCommand {
    /// List versions in quarantine, with why and since when.
    List(ListArgs),
    /// Let a version come again.
    Lift(LiftArgs),
}

#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
struct LiftArgs {
    /// The service.
    service: String,
    /// The version to let out.
    version: String,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the subcommand.
pub async fn run(args: QuarantineArgs) -> anyhow::Result<ExitCode> {
    Ok(match args.command {
        QuarantineCommand::List(args) => ended(list(&args).await, args.server.json),
        QuarantineCommand::Lift(args) => ended(lift(&args).await, args.server.json),
    })
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let data: Value = Server::new(&args.server)?.get("/rollouts/quarantine").await?;
    if args.server.json {
        print_json(&data);
        return Ok(());
    }
    let rows = data["rows"].as_array().into_iter().flatten();
    let line = |row: &Value| {
        let word = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let [service, version, since, reason] = ["service", "version", "since", "reason"].map(word);
        format!("{service} {version} since {since}: {reason}\n")
    };
    let text: String = rows.map(line).collect();
    print(if text.is_empty() { "nothing is in quarantine\n" } else { &text });
    Ok(())
}

async fn lift(args: &LiftArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let service = ServiceId::new(&args.service)
        .map_err(|error| Stop::Unusable(format!("{:?} is no service: {error}", args.service)))?;
    let ask = LiftAsk {
        service,
        version: args.version.clone(),
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    server.post::<()>("/rollouts/quarantine/do/lift", &ask).await?;
    match args.server.json {
        true => print_json(&serde_json::json!({ "ok": true })),
        false => print(&format!("{} {} may come again\n", args.service, args.version)),
    }
    Ok(())
}
