//! `mainstay failover drill`: drills that are planned for a time, through a server's API.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use mainstay_app::text::read_moment;
use mainstay_core::failover::drill::{Drill, DrillId, State};
use mainstay_core::id::DatacenterId;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::api::{Server, ServerArgs, Stop, key, print, print_json};
use crate::cli::show::table;
use crate::http::failover::{CancelAsk, DrillAsked, PlanAsk};

#[derive(Args, Debug)]
pub struct DrillArgs {
    #[command(subcommand)]
    pub command: DrillCommand,
}

#[derive(Subcommand, Debug)]
pub enum DrillCommand {
    /// Plan a drill; at its time it starts by itself, if nothing forbids it.
    Plan(PlanArgs),
    /// Show planned drills, and what became of the last ones.
    List(ListArgs),
    /// Cancel a drill that is planned.
    Cancel(CancelArgs),
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// What goes away: data centres or regions, with commas.
    #[arg(value_name = "DC")]
    pub lose: String,
    /// When, in UTC: "2026-12-24 18:00", or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: DateTime<Utc>,
    /// Why, for the audit log: at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only this group.
    #[arg(long, value_name = "ID", conflicts_with = "service")]
    pub group: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct CancelArgs {
    /// The drill, as in dr-12.
    #[arg(value_name = "DRILL")]
    pub drill: String,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

impl DrillArgs {
    pub(super) const fn json(&self) -> bool {
        match &self.command {
            DrillCommand::Plan(args) => args.server.json,
            DrillCommand::List(args) => args.server.json,
            DrillCommand::Cancel(args) => args.server.json,
        }
    }
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    read_moment(text).ok_or_else(|| "write it like 2026-12-24 18:00, in UTC".to_owned())
}

pub(super) async fn run(args: &DrillArgs) -> Result<(), Stop> {
    match &args.command {
        DrillCommand::Plan(args) => plan(args).await,
        DrillCommand::List(args) => list(args).await,
        DrillCommand::Cancel(args) => cancel(args).await,
    }
}

async fn plan(args: &PlanArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let bad = |error: mainstay_core::id::IdError| Stop::Unusable(error.to_string());
    let ask = PlanAsk {
        what: args.lose.clone(),
        at: args.at,
        reason: args.reason.clone(),
        group: args.group.as_deref().map(str::parse).transpose().map_err(bad)?,
        service: args.service.as_deref().map(str::parse).transpose().map_err(bad)?,
        key: Some(key(args.key.as_deref())),
    };
    let DrillAsked { drill } = server.post("/failover/do/plan-drill", &ask).await?;
    show(&drill, args.server.json);
    Ok(())
}

async fn cancel(args: &CancelArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let drill: DrillId =
        args.drill.parse().map_err(|error: mainstay_core::failover::drill::DrillIdError| {
            Stop::Unusable(error.to_string())
        })?;
    let ask = CancelAsk { drill, key: Some(key(args.key.as_deref())) };
    let DrillAsked { drill } = server.post("/failover/do/cancel-drill", &ask).await?;
    show(&drill, args.server.json);
    Ok(())
}

fn show(drill: &Drill, json: bool) {
    if json {
        print_json(drill);
        return;
    }
    let names: Vec<_> = drill.lose.iter().map(DatacenterId::as_str).collect();
    let at = drill.at.format("%Y-%m-%d %H:%M UTC");
    let what = match &drill.state {
        State::Planned => "is planned".to_owned(),
        State::Started { run, .. } => format!("became {run}"),
        State::Missed { why, .. } => format!("was missed: {why}"),
        State::Cancelled { by, .. } => format!("was cancelled by {by}"),
    };
    print(&format!("{} of {} for {at} {what}\n", drill.id, names.join(",")));
}

/// The part of the list that is told here.
#[derive(Debug, Deserialize)]
struct Page {
    drills: Vec<Row>,
    #[serde(default)]
    routines: Vec<Repeats>,
}

/// A drill that repeats.
#[derive(Debug, Deserialize)]
struct Repeats {
    id: String,
    what: String,
    owner: String,
    state: String,
    due: Option<DateTime<Utc>>,
    put_off: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    what: String,
    at: DateTime<Utc>,
    state: String,
    run: Option<String>,
    why: Option<String>,
}

fn repeating(routines: Vec<Repeats>) -> Vec<Vec<String>> {
    let heads = ["repeats", "goes away", "due", "state", "owner", ""];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(routines.into_iter().map(|row| {
        let due = row.due.map(|due| due.format("%Y-%m-%d %H:%M UTC").to_string());
        let put_off = row.put_off.map(|why| format!("put off: {why}")).unwrap_or_default();
        vec![row.id, row.what, due.unwrap_or_default(), row.state, row.owner, put_off]
    }));
    rows
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    if args.server.json {
        let told: Value = server.get("/failover").await?;
        print_json(&told["drills"]);
        return Ok(());
    }
    let Page { drills, routines } = server.get("/failover").await?;
    let heads = ["drill", "goes away", "at", "state", ""];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(drills.into_iter().map(|row| {
        let at = row.at.format("%Y-%m-%d %H:%M UTC").to_string();
        let more = row.run.or(row.why).unwrap_or_default();
        vec![row.id, row.what, at, row.state, more]
    }));
    let mut said = String::new();
    table(&mut said, &rows);
    if !routines.is_empty() {
        said.push('\n');
        table(&mut said, &repeating(routines));
    }
    print(&said);
    Ok(())
}
