//! `mainstay backup`: what a fleet file plans, without a server; how backups stand ([`status`]) and
//! asking for one or for a test restore ([`ask`]), and restores over live databases ([`restore`])
//! through a server's API with a token.
//!
//! Owns the command's arguments, the bounds of what is asked, and both forms of output. The plan
//! itself is [`mainstay_core::backup`]'s. Exit codes of a plan: 0 planned; 1 findings in the fleet
//! file, as `fleet check` reports them; 2 a file or arguments that cannot be used.

mod ask;
mod restore;
mod status;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use clap::{Args, Subcommand};
use mainstay_core::backup::{Planned, plan, planned_most};
use mainstay_core::fleet::Fleet;
use mainstay_core::fleet::read::nearest;
use mainstay_core::id::DatabaseId;
use serde::Serialize;

use super::api::{Stop, ended};
use super::fleet::usable;
use super::show::table;
use crate::cli::UNUSABLE;

/// How far is planned without `--until`.
const SPAN_DAYS_DEFAULT: u64 = 14;
/// Longest span, ten years.
const SPAN_DAYS_MAX: i64 = 3_660;
/// Most copies that one plan may have: a thousand databases for more than a year.
const COPIES_MAX: u64 = 500_000;
/// Years that can be asked for.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;

#[derive(Args, Debug)]
pub struct BackupArgs {
    #[command(subcommand)]
    pub command: BackupCommand,
}

#[derive(Subcommand, Debug)]
pub enum BackupCommand {
    /// Show which copies are made when, in which data centre, and how long they are kept.
    ///
    /// Needs no server. Exit code 0: planned; 1: findings in the fleet file; 2: the file or the
    /// arguments cannot be used.
    Plan(PlanArgs),
    /// Show how backups went, and what each database's copies are worth; or all of one database.
    Status(status::StatusArgs),
    /// Make a copy of a database now, beside the plan.
    ///
    /// Exit code 0: it is ordered, its run is printed; 1: refused; 2: the server cannot be asked.
    Run(ask::RunArgs),
    /// Restore a copy beside its database now, look into it, and remove it or keep it running.
    ///
    /// Exit code 0: it is ordered; 1: refused; 2: the server cannot be asked.
    Prove(ask::ProveArgs),
    /// Ask to restore a copy over the live database. A second person has to allow it.
    ///
    /// Needs a test restore of the same copy up to the same target. Exit code 0: it waits, its id
    /// is printed; 1: refused; 2: the server cannot be asked.
    Restore(restore::RestoreArgs),
    /// Refuse a restore that waits.
    Refuse(restore::RefuseArgs),
    /// Remove a data directory for good that a restore set aside, or a restored copy that stayed.
    LetGo(restore::LetGoArgs),
    /// Let a restored copy that stays beside its database stay longer, seven days in all at most.
    KeepLonger(restore::KeepLongerArgs),
    /// Show restores over live databases, the newest first.
    Restores(restore::RestoresArgs),
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The fleet file; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub fleet: PathBuf,
    /// Windows that begin then or later: a time as RFC 3339 writes it, or a date for its midnight
    /// in UTC [default: now].
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Windows that begin before that [default: 14 days on].
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only this database.
    #[arg(long, value_name = "ID")]
    pub database: Option<String>,
    /// Write JSON.
    #[arg(long)]
    pub json: bool,
}

/// Why nothing was planned; says what to write instead.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unusable {
    #[error(
        "`--{argument} {text}` is not a time of the years {} to {}; write it like \
         2026-03-01T00:00:00Z, or a date like 2026-03-01",
        YEARS.start(),
        YEARS.end()
    )]
    Time { argument: &'static str, text: String },
    #[error("`--until` is {until}, which is not after `--from`, {from}; write a later time")]
    NotAfter { from: String, until: String },
    #[error(
        "from {from} until {until} are {days} days, and at most {SPAN_DAYS_MAX} are planned; \
         write an earlier `--until`"
    )]
    TooLong { from: String, until: String, days: i64 },
    #[error(
        "these are up to {most} copies, and at most {COPIES_MAX} are planned at once; write an \
         earlier `--until`, or one `--database`"
    )]
    TooMany { most: u64 },
    #[error("the fleet has no database `{id}`; {}", instead(.nearest.as_deref()))]
    UnknownDatabase { id: String, nearest: Option<String> },
}

fn instead(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("write `--database {nearest}`"),
        None => "name one that its file declares in a [[database]]".to_owned(),
    }
}

/// What is asked for, checked.
#[derive(Debug)]
struct Asked {
    database: Option<DatabaseId>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// Runs the subcommand.
pub async fn run(args: BackupArgs) -> anyhow::Result<ExitCode> {
    let (result, json) = match args.command {
        BackupCommand::Plan(args) => return Ok(offline(&args)),
        BackupCommand::Status(args) => (status::run(&args).await, args.server.json),
        BackupCommand::Run(args) => (ask::run(&args).await, args.server.json),
        BackupCommand::Prove(args) => (ask::prove(&args).await, args.server.json),
        BackupCommand::Restore(args) => (restore::restore(&args).await, args.server.json),
        BackupCommand::Refuse(args) => (restore::refuse(&args).await, args.server.json),
        BackupCommand::LetGo(args) => (restore::let_go(&args).await, args.server.json),
        BackupCommand::KeepLonger(args) => (restore::keep_longer(&args).await, args.server.json),
        BackupCommand::Restores(args) => (restore::restores(&args).await, args.server.json),
    };
    Ok(ended(result, json))
}

/// A part of an address that names a database, a data centre or a copy, as it was typed.
fn named<'a>(text: &'a str, what: &str) -> Result<&'a str, Stop> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text),
        false => Err(Stop::Unusable(format!("{text:?} is no {what}"))),
    }
}

/// Plans from a file.
fn offline(args: &PlanArgs) -> ExitCode {
    let fleet = match usable(&args.fleet, args.json) {
        Ok(fleet) => fleet,
        Err(code) => return code,
    };
    let (text, code) = match (asked(args, &fleet, Utc::now()), args.json) {
        (Ok(asked), true) => (json(&planned(&fleet, &asked)), 0),
        (Ok(asked), false) => (words(&fleet, &asked, &planned(&fleet, &asked)), 0),
        (Err(unusable), true) => {
            (json(&serde_json::json!({ "error": unusable.to_string() })), UNUSABLE)
        }
        (Err(unusable), false) => {
            eprintln!("mainstay: {unusable}");
            (String::new(), UNUSABLE)
        }
    };
    // Whoever reads may have seen enough and closed the pipe; the exit code still tells.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(code)
}

fn asked(args: &PlanArgs, fleet: &Fleet, now: DateTime<Utc>) -> Result<Asked, Unusable> {
    let database = args.database.as_deref().map(|id| known(fleet, id)).transpose()?;
    let from = match &args.from {
        Some(text) => time("from", text)?,
        None => now.trunc_subsecs(0),
    };
    let until = match &args.until {
        Some(text) => time("until", text)?,
        None => from + Days::new(SPAN_DAYS_DEFAULT),
    };
    let (shown_from, shown_until) = (shown(from), shown(until));
    if until <= from {
        return Err(Unusable::NotAfter { from: shown_from, until: shown_until });
    }
    let days = (until - from).num_days();
    if until - from > TimeDelta::days(SPAN_DAYS_MAX) {
        return Err(Unusable::TooLong { from: shown_from, until: shown_until, days });
    }
    let most = planned_most(fleet, database.as_ref(), from, until);
    if most > COPIES_MAX {
        return Err(Unusable::TooMany { most });
    }
    Ok(Asked { database, from, until })
}

fn known(fleet: &Fleet, id: &str) -> Result<DatabaseId, Unusable> {
    let known = fleet.databases.get_key_value(id).map(|(id, _)| id.clone());
    known.ok_or_else(|| Unusable::UnknownDatabase {
        id: id.escape_debug().to_string(),
        nearest: nearest(id, fleet.databases.keys().map(|id| id.as_str())),
    })
}

fn time(argument: &'static str, text: &str) -> Result<DateTime<Utc>, Unusable> {
    let date = || {
        let date = text.parse::<NaiveDate>().ok().filter(|date| date.to_string() == text)?;
        Some(date.and_time(NaiveTime::MIN).and_utc())
    };
    let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()).or_else(date);
    at.filter(|at| YEARS.contains(&at.year()))
        .ok_or_else(|| Unusable::Time { argument, text: text.escape_debug().to_string() })
}

fn planned(fleet: &Fleet, asked: &Asked) -> Vec<Planned> {
    plan(fleet, asked.database.as_ref(), asked.from, asked.until)
}

fn json(answer: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(answer).expect("texts and numbers serialise");
    json + "\n"
}

/// The plan for people: a line for each copy, and a last one in sum.
fn words(fleet: &Fleet, asked: &Asked, planned: &[Planned]) -> String {
    let mut text = String::new();
    let (from, until) = (shown(asked.from), shown(asked.until));
    // Writing to a string cannot fail.
    if planned.is_empty() {
        let _ =
            writeln!(text, "nothing is planned from {from} until {until}: {}", why(fleet, asked));
        return text;
    }
    let heads = ["begins", "ends", "database", "kind", "data centre", "chain", "kept until"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(planned.iter().map(|it| {
        vec![
            shown(it.window_start),
            it.window_end.format("%H:%MZ").to_string(),
            it.database.to_string(),
            it.kind.to_string(),
            it.datacenter.to_string(),
            it.chain.clone(),
            shown(it.expires_at),
        ]
    }));
    table(&mut text, &rows);
    let databases: BTreeSet<_> = planned.iter().map(|it| &it.database).collect();
    let counted = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let (copies, databases) = (
        counted(planned.len(), "copy", "copies"),
        counted(databases.len(), "database", "databases"),
    );
    let _ = writeln!(text, "{copies} of {databases} from {from} until {until}");
    text
}

/// Why there is nothing to plan.
fn why(fleet: &Fleet, asked: &Asked) -> String {
    let of = |id: &DatabaseId| fleet.databases.get(id).and_then(|it| it.policy.as_ref());
    match &asked.database {
        Some(id) if of(id).is_none() => {
            format!("`{id}` has no backup policy; write `policy` in its [[database]]")
        }
        None if fleet.databases.keys().all(|id| of(id).is_none()) => {
            "no database has a backup policy; write `policy` in a [[database]]".to_owned()
        }
        Some(_) | None => "no window begins in this time; write a later `--until`".to_owned(),
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

#[cfg(test)]
mod tests;
