//! `mainstay audit evidence`: makes a pack of evidence through a server, and checks one without.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::super::api::{Server, ServerArgs, Stop, ended, print, print_json};
use super::{TAMPERED, read_key, read_short};
use crate::evidence::{Checked, check};
use crate::http::audit::Ask;

#[derive(Args)]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: Option<EvidenceCommand>,
    /// From this day or moment on, UTC: 2026-10-01, or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<DateTime<Utc>>,
    /// Before this day or moment.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<DateTime<Utc>>,
    /// Where to write the archive.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Address of the server.
    #[arg(long, value_name = "URL", env = "MAINSTAY_SERVER")]
    server: Option<String>,
    /// API token of a user who may read the audit log.
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum EvidenceCommand {
    /// Check an archive without any server: its files, its part of the audit log, and say its own
    /// checksum, which the audit log of the server has as well.
    Verify(VerifyArgs),
}

/// What a pack is asked for with.
struct Make {
    ask: Ask,
    output: PathBuf,
    server: ServerArgs,
}

impl Make {
    fn read(args: EvidenceArgs) -> anyhow::Result<Self> {
        let (Some(from), Some(until)) = (args.from, args.to) else {
            anyhow::bail!("name a period with --from and --to, or verify an archive");
        };
        let output = args.output.context("name the archive with --output")?;
        let server = args.server.context("name the server with --server")?;
        let token = args.token.context("give a token with --token")?;
        let server = ServerArgs::new(&server, &token, args.json);
        Ok(Self { ask: Ask { from, until }, output, server })
    }
}

#[derive(Args)]
struct VerifyArgs {
    /// The archive.
    file: PathBuf,
    /// The verifier key, or a file that has it (`audit.pub` of the data directory). Without it the
    /// archive's own word is taken for its key.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A checkpoint that was kept elsewhere, as a file. May be repeated.
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// Print the verdict as JSON.
    #[arg(long)]
    json: bool,
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    day.map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .map_err(|_| "write a day, 2026-10-01, or a moment, 2026-10-01T12:00:00Z".to_owned())
}

pub(super) async fn run(args: EvidenceArgs) -> anyhow::Result<ExitCode> {
    if let Some(EvidenceCommand::Verify(args)) = &args.command {
        return verify(args);
    }
    let args = Make::read(args)?;
    Ok(ended(make(&args).await, args.server.json))
}

/// Writes the archive whole or not at all.
async fn make(args: &Make) -> Result<(), Stop> {
    let unusable = |error: std::io::Error| {
        Stop::Unusable(format!("the file {}: {error}", args.output.display()))
    };
    let server = Server::new(&args.server)?;
    let draft = args.output.with_extension("part");
    let mut file = fs::File::create_new(&draft).map_err(unusable)?;
    let written = server.download("/audit/evidence", &args.ask, &mut file).await;
    let written = match written {
        Ok(bytes) => file.sync_all().map(|()| bytes).map_err(unusable),
        Err(stop) => Err(stop),
    };
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(stop) => {
            // What is half written helps nobody; that it could not be removed is no new harm.
            let _ = fs::remove_file(&draft);
            return Err(stop);
        }
    };
    fs::hard_link(&draft, &args.output).map_err(unusable)?;
    fs::remove_file(&draft).map_err(unusable)?;
    let file = fs::File::open(&args.output).map_err(unusable)?;
    let checked = check(file, None, &[]).map_err(|error| Stop::Unusable(error.to_string()))?;
    let sha256 = checked.sha256.to_string();
    if args.server.json {
        print_json(&json!({ "file": args.output, "bytes": bytes, "sha256": sha256 }));
    } else {
        print(&format!("{}: {bytes} bytes, SHA-256 {sha256}\n", args.output.display()));
    }
    match checked.findings.is_empty() {
        true => Ok(()),
        false => Err(Stop::refused(checked.findings.join("; "))),
    }
}

fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let key = args.key.as_deref().map(read_key).transpose()?;
    let witnesses = args.witness.iter().map(|path| read_short(path));
    let witnesses = witnesses.collect::<anyhow::Result<Vec<_>>>()?;
    let context = || format!("the archive {}", args.file.display());
    let file = fs::File::open(&args.file).with_context(context)?;
    let checked = check(file, key, &witnesses).with_context(context)?;
    report(&checked, args.json)?;
    let intact = checked.findings.is_empty();
    Ok(if intact { ExitCode::SUCCESS } else { ExitCode::from(TAMPERED) })
}

fn report(checked: &Checked, json: bool) -> anyhow::Result<()> {
    let Checked { sha256, bytes, pack, log, used_own_key, findings } = checked;
    let intact = findings.is_empty();
    if json {
        let verification = log.as_ref().map(|(verification, _)| verification);
        let report = json!({
            "intact": intact,
            "sha256": sha256,
            "bytes": bytes,
            "from": pack.as_ref().map(|pack| pack.from),
            "until": pack.as_ref().map(|pack| pack.until),
            "used_own_key": used_own_key,
            "log": verification,
            "findings": findings,
        });
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("{}", if intact { "The archive is intact." } else { "The archive was changed." });
    println!("SHA-256 {sha256}, {bytes} bytes: compare it with the audit log");
    if let Some(pack) = pack {
        println!("evidence of {} from {} to {}", pack.fleet, pack.from, pack.until);
    }
    match log {
        Some((log, _)) => println!(
            "{} entries of the audit log from entry {} on, {} checkpoints",
            log.entries, log.first, log.checkpoints
        ),
        None => println!("no part of the audit log could be verified"),
    }
    findings.iter().for_each(|finding| println!("- {finding}"));
    if *used_own_key {
        eprintln!("note: the key came from the archive itself. Give the one you trust with --key.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_in_days_or_moments() {
        let day: DateTime<Utc> = "2026-10-01T00:00:00Z".parse().expect("a time");
        assert_eq!(moment("2026-10-01"), Ok(day));
        assert_eq!(moment("2026-10-01T02:00:00+02:00"), Ok(day));
        assert!(moment("october").is_err());
    }
}
