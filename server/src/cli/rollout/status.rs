//! `mainstay rollout list|status`, and waiting for a rollout.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use mainstay_core::rollout::{EdgeFact, Ending, RolloutId, State};
use serde_json::Value;

use super::{judge, words};
use crate::cli::api::{Server, ServerArgs, Stop, part, print, print_json};
use crate::http::standing::Standing;

/// How often a rollout is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(500);
/// A server that is away for so long is not waited for any more.
const AWAY_MAX: Duration = Duration::from_secs(60);

#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only of this service.
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The rollout, as in ro-12, or the service whose newest one is meant.
    #[arg(value_name = "ROLLOUT|SERVICE")]
    pub rollout: String,
    /// Wait until it is promoted, stands still or goes back. Exit code 0: promoted.
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Promoted,
    RolledBack,
}

/// Whether a state is what is waited for; `None`: it is on its way.
fn reached(goal: Goal, state: &State) -> Option<bool> {
    let is = match state {
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::RollingBack { .. } => return None,
        State::Paused { .. } => return Some(false),
        State::Promoted { .. } | State::Ended { outcome: Ending::Promoted, .. } => Goal::Promoted,
        State::RolledBack { .. } | State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
            Goal::RolledBack
        }
    };
    Some(is == goal)
}

pub(super) async fn list(args: &ListArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let data = rollouts(&server, args.service.as_deref()).await?;
    if args.server.json {
        print_json(&data);
        return Ok(());
    }
    let mut text = String::new();
    for row in rows(&data) {
        let word = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<8} {:<20} {} -> {}  {}, {}, by {}",
            word("id"),
            word("service"),
            word("from"),
            word("to"),
            word("word").to_lowercase(),
            word("progress").to_lowercase(),
            word("started_by")
        );
    }
    print(if text.is_empty() { "no rollouts\n" } else { &text });
    Ok(())
}

async fn rollouts(server: &Server, service: Option<&str>) -> Result<Value, Stop> {
    let path = match service {
        Some(service) => format!("/rollouts?service={}", part(service)?),
        None => "/rollouts".to_owned(),
    };
    server.get(&path).await
}

fn rows(data: &Value) -> impl Iterator<Item = &Value> {
    ["running", "over"].into_iter().flat_map(|part| data[part].as_array().into_iter().flatten())
}

/// The rollout that is named, or the newest one of the service that is named.
pub(super) async fn find(server: &Server, named: &str) -> Result<RolloutId, Stop> {
    let named = part(named)?;
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let data = rollouts(server, Some(named)).await?;
    let newest = rows(&data).next().and_then(|row| row["id"].as_str()?.parse().ok());
    newest.ok_or_else(|| Stop::refused(format!("{named} has no rollout; write another service")))
}

pub(super) async fn run(args: &StatusArgs) -> Result<(), Stop> {
    let server = Server::new(&args.server)?;
    let id = find(&server, &args.rollout).await?;
    if args.wait {
        return wait(&server, id, Goal::Promoted, args.server.json).await;
    }
    let standing: Standing = server.get(&format!("/rollouts/{id}/standing")).await?;
    match args.server.json {
        true => print_json(&standing),
        false => print(&text(&standing)),
    }
    Ok(())
}

/// Waits until a rollout reached the goal or stands otherwise; tells each state on its way.
pub(super) async fn wait(
    server: &Server,
    id: RolloutId,
    goal: Goal,
    json: bool,
) -> Result<(), Stop> {
    let (mut told, mut away_since) = (None, None);
    loop {
        match server.get::<Standing>(&format!("/rollouts/{id}/standing")).await {
            Ok(standing) => {
                away_since = None;
                let rollout = &standing.rollout;
                if told.replace(rollout.revision) != Some(rollout.revision) && !json {
                    print(&format!("{} {}\n", words::time(standing.at), words::state(rollout)));
                }
                if let Some(reached) = reached(goal, &rollout.state) {
                    match json {
                        true => print_json(&standing),
                        false => print(&text(&standing)),
                    }
                    return if reached { Ok(()) } else { Err(Stop::Otherwise) };
                }
            }
            // A server is started again, or another takes over.
            Err(Stop::Unusable(why)) => {
                let since = *away_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= AWAY_MAX {
                    return Err(Stop::Unusable(why));
                }
            }
            Err(stop) => return Err(stop),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Everything about a rollout, for a terminal.
fn text(standing: &Standing) -> String {
    let Standing { rollout, .. } = standing;
    let plan = &rollout.plan;
    let mut text = format!(
        "{} {} {} -> {}: {}\n",
        rollout.id,
        plan.service,
        plan.from,
        plan.to,
        words::state(rollout)
    );
    // Writing to a string cannot fail.
    let (started, by) = (words::time(rollout.started_at), &rollout.started_by);
    let (hash, revision) = (&standing.plan_hash, rollout.revision);
    let _ = writeln!(text, "  started {started} by {by}, plan {hash}, revision {revision}");
    for wait in &standing.waits {
        let _ = writeln!(text, "  waits for {}", words::wait(wait));
    }
    if let Some(analysis) = &standing.analysis {
        let metrics = analysis.judgement.iter().flat_map(|judgement| &judgement.metrics);
        for metric in metrics {
            let _ = writeln!(text, "  {}", judge::line(metric));
        }
        for condition in &analysis.conditions {
            let (words, verdict) = (condition.condition.to_string(), condition.verdict.as_str());
            let _ = writeln!(text, "  {words}: {verdict}");
        }
    }
    for (edge, state) in &standing.edges {
        let stands = match state {
            None => "never connected".to_owned(),
            Some(state) if !state.connected => format!("away since {}", words::time(state.since)),
            Some(state) => {
                let (done, due) = (state.acknowledged_revision, rollout.routing_revision);
                let carries = EdgeFact::from(state.clone()).carries(&rollout.plan.service, due);
                let word = if carries { "acknowledged" } else { "behind" };
                format!("{word} ({done} of {due})")
            }
        };
        let _ = writeln!(text, "  {edge}: {stands}");
        for nack in state.iter().flat_map(|state| &state.nacks) {
            let _ = writeln!(text, "    refuses: {}", nack.message);
        }
    }
    let may = standing.requests.iter().filter(|offer| offer.refused.is_none());
    let may: Vec<_> = may
        .map(|offer| match offer.needs_reason {
            true => format!("{} (with --reason)", offer.request),
            false => offer.request.clone(),
        })
        .collect();
    if !may.is_empty() {
        let _ = writeln!(text, "  you can: {}", may.join(", "));
    }
    text
}
