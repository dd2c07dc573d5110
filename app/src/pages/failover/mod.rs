//! Failover: whether it can be done now ([`list`]), what it would do ([`plan`]), how it goes
//! ([`run`]); and what the orchestrator makes of the traffic ([`orchestrator`]).

mod ask;
mod changes;
mod drills;
mod gates;
mod history;
pub mod list;
mod log;
pub mod orchestrator;
pub mod plan;
mod routines;
pub mod run;
mod runs;
mod start;
mod steps;
mod stuck;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::failover::preview::{Check, Verdict};
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Act, Outcome, Run, State, Step, StepState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::tone::Tone;

/// A run in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRunRow)]
pub struct RunRow {
    pub id: String,
    pub href: String,
    /// `Failover of fra1`, `Drill of fra1`, `Back to fra1`.
    pub title: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    pub ended_at: Option<DateTime<Utc>>,
    pub steps_past: usize,
    pub steps: usize,
}

impl RunRow {
    pub fn of(run: &Run) -> Self {
        let (tone, word) = state(run);
        let (steps_past, steps) = run.progress();
        Self {
            id: run.id.to_string(),
            href: paths::failover_run(run.id),
            title: run_title(run),
            tone,
            word,
            started_at: run.started_at,
            started_by: run.started_by.clone(),
            ended_at: ended(run),
            steps_past,
            steps,
        }
    }
}

fn ended(run: &Run) -> Option<DateTime<Utc>> {
    match &run.state {
        State::Ended { at, .. } => Some(*at),
        State::Requested { .. }
        | State::Running
        | State::Pausing { .. }
        | State::Paused { .. }
        | State::Asking { .. } => None,
    }
}

/// What it is of.
pub fn run_title(run: &Run) -> String {
    let name = run.plan.name().replace(',', ", ");
    match (run.plan.back, run.drill) {
        (Some(_), _) => t!("failover-title-back", name = name),
        (None, true) => t!("failover-title-drill", name = name),
        (None, false) => t!("failover-title-run", name = name),
    }
}

/// A run's state: its look and its word.
pub fn state(run: &Run) -> (Tone, String) {
    match &run.state {
        State::Requested { .. } => (Tone::Pause, t!("failover-requested")),
        State::Running => (Tone::Prog, t!("failover-running")),
        State::Pausing { .. } => (Tone::Prog, t!("failover-pausing")),
        State::Paused { .. } => (Tone::Pause, t!("failover-paused")),
        State::Asking { rules, .. } if !rules.is_empty() => (Tone::Crit, t!("failover-asks-rule")),
        State::Asking { .. } => (Tone::Crit, t!("failover-asking")),
        State::Ended { outcome, .. } => match outcome {
            Outcome::Done => (Tone::Ok, t!("failover-done")),
            Outcome::Stopped { .. } => (Tone::Warn, t!("failover-stopped")),
            Outcome::Refused { .. } => (Tone::Unk, t!("failover-refused")),
        },
    }
}

/// A step's state: its look and its word.
fn step_state(state: Option<&StepState>) -> (Tone, String) {
    match state {
        None => (Tone::Plan, t!("failover-step-waiting")),
        Some(StepState::Running { .. }) => (Tone::Prog, t!("failover-step-running")),
        Some(StepState::Done { .. }) => (Tone::Ok, t!("failover-step-done")),
        Some(StepState::Failed { .. }) => (Tone::Crit, t!("failover-step-failed")),
        Some(StepState::Skipped { .. }) => (Tone::Warn, t!("failover-step-skipped")),
    }
}

/// A preview's verdict: its look and its word.
pub fn verdict(verdict: Verdict) -> (Tone, String) {
    match verdict {
        Verdict::Ready => (Tone::Ok, t!("failover-ready")),
        Verdict::Warnings => (Tone::Warn, t!("failover-warnings")),
        Verdict::Unknown => (Tone::Unk, t!("failover-unknown")),
        Verdict::NotReady => (Tone::Crit, t!("failover-not-ready")),
    }
}

/// What a step does, in words.
fn step_words(step: &Step) -> String {
    let end = |id: &Option<mainstay_core::id::DatacenterId>| {
        id.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let (from, to, n) = (end(&step.from), end(&step.to), step.nodes);
    let count = text::number(n);
    match &step.act {
        Act::Precheck(_) => t!("failover-act-precheck"),
        Act::Scale(id) => {
            t!("failover-act-scale", name = id.as_str(), to = to, n = n, count = count)
        }
        Act::Start(id) => {
            t!("failover-act-start", name = id.as_str(), to = to, n = n, count = count)
        }
        Act::StopWrites(id) => t!("failover-act-stop-writes", name = id.as_str(), from = from),
        Act::WaitForReplica(id) => t!("failover-act-wait", name = id.as_str(), to = to),
        Act::Promote(id) => t!("failover-act-promote", name = id.as_str(), to = to),
        Act::Verify(id) => t!("failover-act-verify", name = id.as_str(), to = to),
        Act::ShiftTraffic(id) => {
            t!("failover-act-shift", name = id.as_str(), from = from, to = to)
        }
        Act::Observe(_) => t!("failover-act-observe"),
        Act::ReturnTraffic(id) => t!("failover-act-return", name = id.as_str(), to = to),
        Act::Release(id) => {
            t!("failover-act-release", name = id.as_str(), from = from, n = n, count = count)
        }
    }
}

/// A rule's name in words.
pub fn rule(rule: Rule) -> String {
    match rule {
        Rule::ServingLeast => t!("failover-rule-serving-least"),
        Rule::Capacity => t!("failover-rule-capacity"),
        Rule::Lock => t!("failover-rule-lock"),
        Rule::Freeze => t!("failover-rule-freeze"),
        Rule::Wait => t!("failover-rule-wait"),
    }
}

/// One check with its look.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverCheckRow)]
pub struct CheckRow {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub answer: String,
    pub words: String,
    /// Where it is fixed.
    pub href: Option<String>,
}

impl CheckRow {
    fn of(check: &Check) -> Self {
        let (tone, answer) = verdict(check.verdict);
        let words = text::sentence(&check.sentence);
        Self { tone, answer, words, href: check.link.clone() }
    }
}

fn seconds(seconds: u64) -> String {
    text::duration(TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000)))
}
