//! `mainstay event`: planned events through a server's API with a token.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::planned::{Content, Kind, PlannedEvent};
use serde::Deserialize;
use serde_json::Value;

use super::api::{Server, ServerArgs, Stop, ended, key, part, print, print_json};
use super::show::table;
use crate::http::planned::{Ask, Asked, PlanAsk};

#[derive(Args, Debug)]
pub struct EventArgs {
    #[command(subcommand)]
    pub command: EventCommand,
}

#[derive(Subcommand, Debug)]
pub enum EventCommand {
    /// Show what is planned or runs.
    List(ListArgs),
    /// Show one event with its checklist.
    ///
    /// Exit code 0: no check is open; 1: some are, or it is not there; 2: the server cannot be
    /// asked.
    Show(ShowArgs),
    /// Plan an event.
    Plan(Box<PlanArgs>),
    /// Start an event; refused with the names of its open checks.
    Start(AskArgs),
    /// End an event that runs.
    End(AskArgs),
    /// Cancel an event that has not begun, with a reason.
    Cancel(AskArgs),
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The event, as in ev-12.
    #[arg(value_name = "EVENT")]
    event: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// What is done.
    #[arg(long, value_name = "TEXT")]
    what: String,
    /// platform-update, infrastructure-update, new-feature or urgent-hotfix.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Kind,
    /// When it begins, RFC 3339.
    #[arg(long, value_name = "TIME")]
    from: DateTime<Utc>,
    /// When it is over, RFC 3339.
    #[arg(long, value_name = "TIME")]
    until: DateTime<Utc>,
    /// Data centres, with commas.
    #[arg(long, value_name = "DC", value_delimiter = ',', required = true)]
    datacenters: Vec<DatacenterId>,
    /// A service, or a service and the version that comes: feed-api or feed-api=2.0.0; several
    /// times.
    #[arg(long = "service", value_name = "ID[=VERSION]", value_parser = service)]
    services: Vec<(ServiceId, Option<String>)>,
    /// The data centres serve no users meanwhile.
    #[arg(long)]
    out_of_traffic: bool,
    /// What uses the services works on unchanged.
    #[arg(long)]
    compatible: bool,
    /// What is expected to be noticed.
    #[arg(long, value_name = "TEXT", default_value = "")]
    effect: String,
    /// How it is taken back.
    #[arg(long, value_name = "TEXT", default_value = "")]
    way_back: String,
    /// The commit that has all of its configuration.
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// The repository that has it: https://…, ssh://… or file://…, as the servers allow.
    #[arg(long, value_name = "ADDRESS")]
    repository: Option<String>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct AskArgs {
    /// The event, as in ev-12.
    #[arg(value_name = "EVENT")]
    event: String,
    /// Of an end: how it went.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Of a cancellation: why, at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The revision that you saw; another one by now is refused.
    #[arg(long, value_name = "N")]
    revision: Option<i64>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("write one of {}", names.join(", "))
    })
}

fn service(text: &str) -> Result<(ServiceId, Option<String>), String> {
    let (id, version) = match text.split_once('=') {
        Some((id, version)) => (id, Some(version.to_owned())),
        None => (text, None),
    };
    let id = ServiceId::new(id).map_err(|error| error.to_string())?;
    Ok((id, version))
}

/// Runs the subcommand.
pub async fn run(args: EventArgs) -> anyhow::Result<ExitCode> {
    use EventCommand as C;
    let (result, json) = match args.command {
        C::List(args) => (list(&args).await, args.server.json),
        C::Show(args) => (show(&args).await, args.server.json),
        C::Plan(args) => (plan(&args).await, args.server.json),
        C::Start(args) => (ask(&args, "start").await, args.server.json),
        C::End(args) => (ask(&args, "end").await, args.server.json),
        C::Cancel(args) => (ask(&args, "cancel").await, args.server.json),
    };
    Ok(ended(result, json))
}

async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get("/events").await?;
    if args.server.json {
        print_json(&told);
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let heads = ["event", "state", "from", "until", "title"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for row in told["open"].as_array().into_iter().flatten() {
        rows.push(["id", "word", "from", "until", "title"].map(|it| text(&row[it])).to_vec());
    }
    let mut said = String::new();
    table(&mut said, &rows);
    print(&said);
    Ok(())
}

/// The part of the page of an event that is told here.
#[derive(Debug, Deserialize)]
struct Page {
    event: PlannedEvent,
    checks: Vec<Row>,
    open: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    word: String,
    sentence: String,
}

async fn show(args: &ShowArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get(&format!("/events/{}", part(&args.event)?)).await?;
    let page = serde_json::from_value(told.clone());
    let Page { event, checks, open } = page.map_err(|error| Stop::Unusable(error.to_string()))?;
    if args.server.json {
        print_json(&told);
    } else {
        let mut said = line(&event);
        for Row { name, word, sentence } in &checks {
            // Writing to a string cannot fail.
            let _ = writeln!(said, "  {word:14} {name}: {sentence}");
        }
        print(&said);
    }
    if open.is_empty() { Ok(()) } else { Err(Stop::Otherwise) }
}

fn line(event: &PlannedEvent) -> String {
    let (content, state) = (&event.content, event.state.name());
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
    let (from, until) = (time(content.from), time(content.until));
    format!("{} {state}, {from} to {until}: {}\n", event.id, content.title)
}

async fn plan(args: &PlanArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let ask = PlanAsk {
        event: Content {
            title: args.title.clone(),
            what: args.what.clone(),
            kind: args.kind,
            from: args.from,
            until: args.until,
            datacenters: args.datacenters.iter().cloned().collect(),
            services: args.services.iter().cloned().collect(),
            out_of_traffic: args.out_of_traffic,
            compatible: args.compatible,
            effect: args.effect.clone(),
            way_back: args.way_back.clone(),
            commit: args.commit.clone(),
            repository: args.repository.clone(),
        },
        key: Some(key(args.key.as_deref())),
    };
    answered(&server.post("/events", &ask).await?, args.server.json);
    Ok(())
}

async fn ask(args: &AskArgs, verb: &str) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let body = Ask {
        key: Some(key(args.key.as_deref())),
        revision: args.revision,
        note: args.note.clone(),
        reason: args.reason.clone(),
        ..Ask::default()
    };
    let path = format!("/events/{}/do/{verb}", part(&args.event)?);
    answered(&server.post(&path, &body).await?, args.server.json);
    Ok(())
}

fn answered(Asked { event }: &Asked, json: bool) {
    if json { print_json(event) } else { print(&line(event)) }
}
