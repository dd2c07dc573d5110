//! `mainstay backup run|prove`: what a person asks beside the plan.

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::Target;
use mainstay_core::backup::kept::Hours;
use mainstay_core::id::DatacenterId;

use super::named;
use crate::cli::api::{Server, ServerArgs, Stop, key, print, print_json};
use crate::http::backups::{ProveAsk, ProveOrdered, RunAsk, RunOrdered};

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The database.
    pub database: String,
    /// Which copy.
    #[arg(long, value_enum, value_name = "KIND", default_value = "full")]
    pub kind: KindArg,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct ProveArgs {
    /// The database.
    pub database: String,
    /// The data centre whose repository holds the copy.
    #[arg(long, value_name = "ID")]
    pub datacenter: String,
    /// The copy, by its label.
    #[arg(long, value_name = "LABEL")]
    pub label: String,
    /// Restore up to this moment, as RFC 3339 writes it, or `latest` [default: the end of the
    /// copy].
    #[arg(long, value_name = "TIME", value_parser = target)]
    pub to: Option<Target>,
    /// Keep it running afterwards so long, from 1h to 72h of real time, to look into it and to take
    /// rows out; `mainstay backup status --database` says how to connect [default: it is removed].
    #[arg(long, value_name = "TIME")]
    pub keep: Option<Hours>,
    /// The data centre whose agent restores it [default: one that is elsewhere than the copy].
    #[arg(long, value_name = "ID")]
    pub on: Option<DatacenterId>,
    /// Why, for the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    Full,
    Differential,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Full => Self::Full,
            KindArg::Differential => Self::Differential,
        }
    }
}

pub(super) fn target(text: &str) -> Result<Target, String> {
    if text == "latest" {
        return Ok(Target::Latest);
    }
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
        "write a moment like 2026-11-20T03:30:00Z, or latest as far as the log goes".to_owned()
    })?;
    Ok(Target::Moment { at: at.with_timezone(&Utc) })
}

pub(super) async fn run(args: &RunArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let database = named(&args.database, "database")?;
    let ask = RunAsk {
        kind: args.kind.into(),
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/backups/sets/{database}/do/run-now");
    let ordered: RunOrdered = server.post(&path, &ask).await?;
    match args.server.json {
        true => print_json(&ordered),
        false => print(&format!("{}: ordered\n", ordered.run)),
    }
    Ok(())
}

pub(super) async fn prove(args: &ProveArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let database = named(&args.database, "database")?;
    let datacenter = named(&args.datacenter, "data centre")?;
    let label = named(&args.label, "label of a copy")?;
    let ask = ProveAsk {
        target: args.to.unwrap_or(Target::EndOfCopy),
        keep_hours: args.keep,
        on: args.on.clone(),
        reason: args.reason.clone(),
        key: Some(key(args.key.as_deref())),
    };
    let path = format!("/backups/sets/{database}/copies/{datacenter}/{label}/do/prove");
    let ordered: ProveOrdered = server.post(&path, &ask).await?;
    match args.server.json {
        true => print_json(&ordered),
        false => print(&format!("{}: ordered\n", ordered.work)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_of_rfc_3339() {
        let at = "2026-11-20T03:30:00Z".parse().expect("a time");
        assert_eq!(target("2026-11-20T04:30:00+01:00"), Ok(Target::Moment { at }));
        assert_eq!(target("latest"), Ok(Target::Latest));
        assert!(target("yesterday").is_err());
    }
}
