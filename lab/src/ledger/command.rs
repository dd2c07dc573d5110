//! `mainstay lab ledger`: what users saw, from the ledger's own files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use mainstay_core::id::ServiceId;

use super::summary::{Summary, Totals, summary};
use super::{COLUMNS, read};
use crate::load;

#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// Data folder of the lab; it need not run.
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "MAINSTAY_LAB_DIR",
        default_value_os_t = crate::default_data_dir()
    )]
    data_dir: PathBuf,
    /// Only what was sent since then: a time span like 30s, 10m or 2h, or a moment like
    /// 2026-07-01T12:00:00Z.
    #[arg(long, value_name = "TIME", global = true, value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Only requests to this service.
    #[arg(long, value_name = "SERVICE", global = true)]
    service: Option<ServiceId>,
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Requests, failures and latencies by version and by edge.
    Summary {
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// The requests that failed their users, as CSV.
    Failed,
}

pub fn run(args: &LedgerArgs) -> anyhow::Result<ExitCode> {
    let folder = load::ledger_folder(&args.data_dir);
    let shown = folder.display().to_string();
    let context =
        || format!("{shown} holds no ledger that can be read; --data-dir names the lab's folder");
    match args.command {
        LedgerCommand::Summary { json } => {
            let summary = summary(&folder, args.since, args.service.as_ref());
            let summary = summary.with_context(context)?;
            match json {
                true => println!("{}", serde_json::to_string(&summary)?),
                false => show(&summary),
            }
        }
        LedgerCommand::Failed => {
            println!("{COLUMNS}");
            read::each(&folder, args.since, |entry| {
                let of = args.service.as_ref().is_none_or(|service| entry.service == *service);
                if of && entry.failed() {
                    print!("{}", entry.line());
                }
            })
            .with_context(context)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(summary: &Summary) {
    let (Some(from), Some(to)) = (summary.from, summary.to) else {
        println!("no requests");
        return;
    };
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    println!("{} to {}", time(from), time(to));
    println!(
        "{:<44} {:>9} {:>7} {:>9} {:>9} {:>9}  last answer",
        "", "requests", "failed", "p50 ms", "p95 ms", "p99 ms"
    );
    row("all", &summary.total);
    for (edge, totals) in &summary.edges {
        row(edge.as_str(), totals);
    }
    for (service, versions) in &summary.versions {
        for (version, totals) in versions {
            let version = if version.is_empty() { "(no instance answered)" } else { version };
            row(&format!("{service} {version}"), totals);
        }
    }
}

fn row(name: &str, totals: &Totals) {
    let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
    let last = totals.last.map(|at| at.format("%H:%M:%S%.3f").to_string()).unwrap_or_default();
    println!(
        "{name:<44} {:>9} {:>7} {:>9} {:>9} {:>9}  {last}",
        totals.requests,
        totals.failed,
        ms(totals.p50_ms),
        ms(totals.p95_ms),
        ms(totals.p99_ms),
    );
}

/// A moment, or a span before now.
fn moment(text: &str) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let seconds = span(text)?;
    let back = TimeDelta::try_seconds(seconds.into());
    Utc::now().checked_sub_signed(back.unwrap_or_default()).context("so long ago")
}

/// `30s`, `10m`, `2h` or `1d` in seconds.
pub(crate) fn span(text: &str) -> anyhow::Result<u32> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        count.checked_mul(seconds)
    });
    match found {
        Some(seconds) => Ok(seconds),
        None => bail!("{text:?} is no time span: write a number and s, m, h or d, as in 10m"),
    }
}
