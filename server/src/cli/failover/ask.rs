//! Failovers through a server's API: readiness, start, status, and what may be asked of a run.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::Args;
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Mode, Run, State};
use mainstay_core::planned::EventId;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::api::{Server, ServerArgs, Stop, key, part, print, print_json};
use crate::cli::show::table;
use crate::http::failover::{Ask, Asked, StartAsk};

#[derive(Args, Debug)]
pub struct ReadyArgs {
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// How a run starts, forth or back.
#[derive(Args, Debug)]
pub struct HowArgs {
    /// Wait for no data: what standbys lack is lost.
    #[arg(long)]
    pub forced: bool,
    /// Why, for the audit log: at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// What goes away, or is gone back to, once more, as the plan names it (its data centres, with
    /// commas).
    #[arg(long, value_name = "DC")]
    pub confirm: String,
    /// Nobody else can be reached: start at once.
    #[arg(long)]
    pub emergency: bool,
    /// A safety rule to override, by its name; several times.
    #[arg(long = "override", value_name = "RULE", value_parser = rule)]
    pub overridden: Vec<Rule>,
    /// The planned event that it belongs to, as in ev-12.
    #[arg(long, value_name = "EVENT")]
    pub event: Option<EventId>,
    /// Start exactly the plan with this hash.
    #[arg(long, value_name = "HASH")]
    pub plan_hash: Option<String>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

impl HowArgs {
    /// A start of the whole plan, in earnest.
    fn ask(&self, key: String) -> StartAsk {
        StartAsk {
            mode: if self.forced { Mode::Forced } else { Mode::Graceful },
            drill: false,
            reason: self.reason.clone(),
            confirm: self.confirm.clone(),
            emergency: self.emergency,
            overridden: self.overridden.iter().copied().collect(),
            plan: self.plan_hash.clone(),
            looked_at: None,
            group: None,
            service: None,
            event: self.event,
            key: Some(key),
        }
    }
}

#[derive(Args, Debug)]
pub struct StartArgs {
    /// What goes away: data centres or regions, with commas.
    #[arg(value_name = "DC")]
    pub lose: String,
    /// Do it as a drill.
    #[arg(long)]
    pub drill: bool,
    /// Only this group.
    #[arg(long, value_name = "ID", conflicts_with = "service")]
    pub group: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
    #[command(flatten)]
    pub how: HowArgs,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The run, as in fo-12; without it the one that is not over, or the newest.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct AskArgs {
    /// The run, as in fo-12.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Of a retry or a skip: the step, as the status names it.
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Why, where it is asked for: at least 10 characters.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Of an override: a safety rule that the run asks about, by its name; several times.
    #[arg(long = "rule", value_name = "RULE", value_parser = rule)]
    pub rules: Vec<Rule>,
    /// Of an override, and of a force that may lose data: nobody else can be reached, do it alone.
    #[arg(long)]
    pub emergency: bool,
    /// The revision that you saw; another one by now is refused.
    #[arg(long, value_name = "N")]
    pub revision: Option<i64>,
    /// One-time key: the same command with the same key is done once.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct BackArgs {
    /// The run, as in fo-12.
    #[arg(value_name = "RUN")]
    pub run: String,
    #[command(flatten)]
    pub how: HowArgs,
}

fn rule(text: &str) -> Result<Rule, String> {
    Rule::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        format!("write one of {}", names.join(", "))
    })
}

/// Whether places could go away.
pub(super) async fn ready(args: &ReadyArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let told: Value = server.get("/failover").await?;
    if args.server.json {
        print_json(&told);
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let heads = ["if this goes away", "verdict", "cause"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for of in ["regions", "datacenters"] {
        for row in told[of].as_array().into_iter().flatten() {
            rows.push(vec![text(&row["id"]), text(&row["verdict"]), text(&row["cause"])]);
        }
    }
    let mut said = format!("{} {}\n\n", text(&told["answer"]), text(&told["cause"]));
    table(&mut said, &rows);
    print(&said);
    Ok(())
}

pub(super) async fn start(args: &StartArgs) -> Result<(), Stop> {
    let how = &args.how;
    let server = Server::new(&how.server)?;
    let bad = |error: mainstay_core::id::IdError| Stop::Unusable(error.to_string());
    let ask = StartAsk {
        drill: args.drill,
        group: args.group.as_deref().map(str::parse).transpose().map_err(bad)?,
        service: args.service.as_deref().map(str::parse).transpose().map_err(bad)?,
        ..how.ask(key(how.key.as_deref()))
    };
    let parts: Result<Vec<_>, _> = args.lose.split(',').map(part).collect();
    let path = format!("/failover/plans/{}/do/start", parts?.join(","));
    let Asked { run } = server.post(&path, &ask).await?;
    show(&run, &[], how.server.json);
    Ok(())
}

/// The part of the page of a run that is told here.
#[derive(Debug, Deserialize)]
struct Page {
    run: Run,
    #[serde(default)]
    stuck: Vec<Stuck>,
}

/// A step that takes longer than such steps ever did.
#[derive(Debug, Deserialize)]
struct Stuck {
    step: String,
    since: DateTime<Utc>,
    limit_seconds: u64,
    waits_for: String,
}

#[derive(Debug, Deserialize)]
struct List {
    runs: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
}

pub(super) async fn status(args: &StatusArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let id = match &args.run {
        Some(id) => part(id)?.to_owned(),
        None => {
            let list: List = server.get("/failover").await?;
            let newest = list.runs.into_iter().next().map(|row| row.id);
            newest.ok_or_else(|| Stop::refused("nothing was ever failed over"))?
        }
    };
    if args.server.json {
        let page: Value = server.get(&format!("/failover/runs/{id}")).await?;
        print_json(&page);
        return Ok(());
    }
    let Page { run, stuck } = server.get(&format!("/failover/runs/{id}")).await?;
    show(&run, &stuck, false);
    Ok(())
}

pub(super) async fn ask(args: &AskArgs, verb: &str) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let body = Ask {
        key: Some(key(args.key.as_deref())),
        revision: args.revision,
        step: args.step.clone(),
        reason: args.reason.clone(),
        rules: args.rules.iter().copied().collect(),
        emergency: args.emergency,
    };
    let path = format!("/failover/runs/{}/do/{verb}", part(&args.run)?);
    let Asked { run } = server.post(&path, &body).await?;
    show(&run, &[], args.server.json);
    Ok(())
}

/// Takes back what a run moved; `stops`: one that is not over is stopped first.
pub(super) async fn back(args: &BackArgs, stops: bool) -> Result<(), Stop> {
    let how = &args.how;
    let server = Server::new(&how.server)?;
    let id = part(&args.run)?;
    let once = key(how.key.as_deref());
    if stops {
        let Page { run, .. } = server.get(&format!("/failover/runs/{id}")).await?;
        if !run.is_over() {
            let ask = Ask {
                key: Some(format!("{once}-stop")),
                reason: Some(how.reason.clone()),
                ..Ask::default()
            };
            let _: Asked = server.post(&format!("/failover/runs/{id}/do/stop"), &ask).await?;
        }
    }
    let path = format!("/failover/runs/{id}/do/fail-back");
    let Asked { run } = server.post(&path, &how.ask(once)).await?;
    show(&run, &[], how.server.json);
    Ok(())
}

fn show(run: &Run, stuck: &[Stuck], json: bool) {
    if json {
        print_json(run);
        return;
    }
    let (past, all) = run.progress();
    let mut text = format!(
        "{} {} {}, {}: {past} of {all} steps are past\n",
        run.id,
        run.plan.name(),
        run.mode.name(),
        run.state.name()
    );
    // Writing to a string cannot fail.
    match &run.state {
        State::Requested { why } => {
            let _ = writeln!(text, "a second person has to allow it: {why}");
        }
        State::Asking { step, why, rules, .. } if rules.is_empty() => {
            let _ = writeln!(text, "{step} failed: {why}");
        }
        State::Asking { step, why, rules, .. } => {
            let _ = writeln!(text, "{step} may not begin: {why}");
            let flags: Vec<_> =
                rules.iter().map(|rule| format!("--rule {}", rule.name())).collect();
            let flags = flags.join(" ");
            let _ = writeln!(text, "try again, stop, go back, or: override {} {flags}", run.id);
        }
        State::Running | State::Pausing { .. } | State::Paused { .. } | State::Ended { .. } => {}
    }
    if !run.overridden.is_empty() {
        let names: Vec<_> = run.overridden.iter().map(|rule| rule.name()).collect();
        let _ = writeln!(text, "safety rules overridden: {}", names.join(", "));
    }
    for Stuck { step, since, limit_seconds, waits_for } in stuck {
        let since = since.format("%H:%M:%S UTC");
        let _ = writeln!(text, "stuck since {since}: {step}, limit {limit_seconds} s: {waits_for}");
    }
    for (_, step) in run.plan.steps() {
        let state = run.steps.get(&step.id).map_or("waiting", |state| state.name());
        let _ = writeln!(text, "  {state:8} {}", step.id);
    }
    print(&text);
}
