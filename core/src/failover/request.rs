//! What a person may ask of a run, and why not.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::rules::Rule;
use super::{Mode, Outcome, Run, RunId, State, StepId, StepState};

/// Shortest reason where one is asked for, in characters.
pub const REASON_MIN_CHARS: usize = 10;
/// A plan that was looked at longer ago is looked at again before it starts.
pub const LOOK_VALID: TimeDelta = TimeDelta::minutes(5);

/// What clocks of two servers may differ by.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(30);

/// Whether a plan has to be looked at again; a look in the future is none.
pub fn is_stale(looked_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let age = now - looked_at;
    // Two servers' clocks may differ a little.
    age > LOOK_VALID || age < -CLOCKS_DIFFER
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Request {
    /// The second person.
    Allow,
    Refuse {
        why: String,
    },
    /// After the steps that run.
    Pause,
    Resume,
    /// A step that failed, or could not begin, once more.
    Retry {
        step: StepId,
    },
    /// A step that failed, runs or waits: what comes after it begins without it.
    Skip {
        step: StepId,
        reason: String,
    },
    /// What moved stays.
    Stop {
        reason: String,
    },
    /// Safety rules that the run asks about do not hold it up any more: all of them, each by its
    /// name. A second person allows it.
    Override {
        rules: BTreeSet<Rule>,
        reason: String,
        /// Nobody else can be reached: it is done alone, and looked at afterwards.
        #[serde(default)]
        emergency: bool,
    },
    /// Data is not waited for any more. Where that may lose some, a second person allows it.
    Force {
        reason: String,
        /// Nobody else can be reached: it is done alone, and looked at afterwards.
        #[serde(default)]
        emergency: bool,
    },
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    #[error("{run} is over")]
    Over { run: RunId },
    #[error("{run} is {state}; this can be asked only of one that is {wanted}")]
    NotNow { run: RunId, state: String, wanted: String },
    #[error("{by} asked for it; a second person has to allow it")]
    SamePerson { by: String },
    #[error("there is no step {step} that could be {what}")]
    NoStep { step: StepId, what: String },
    #[error("the run does not ask about {}: write {wanted}", .rule.name())]
    NoRule { rule: Rule, wanted: String },
    #[error("{} does not hold either: override it by its name as well", .rule.name())]
    Unnamed { rule: Rule },
    #[error("it is forced already")]
    AlreadyForced,
    #[error("write the reason, at least {REASON_MIN_CHARS} characters")]
    NoReason,
}

impl Refusal {
    /// Whether what was asked for is so already.
    pub const fn is_repeat(&self) -> bool {
        match self {
            Self::AlreadyForced => true,
            Self::Over { .. }
            | Self::NotNow { .. }
            | Self::SamePerson { .. }
            | Self::NoStep { .. }
            | Self::NoRule { .. }
            | Self::Unnamed { .. }
            | Self::NoReason => false,
        }
    }
}

/// The run as it is after a request; its revision is the writer's.
pub fn request(run: &Run, request: &Request, by: &str, now: DateTime<Utc>) -> Result<Run, Refusal> {
    if run.is_over() {
        return Err(Refusal::Over { run: run.id });
    }
    let mut next = run.clone();
    let not_now = |wanted: &str| Refusal::NotNow {
        run: run.id,
        state: run.state.name().to_owned(),
        wanted: wanted.to_owned(),
    };
    match request {
        Request::Allow => {
            let State::Requested { .. } = &run.state else { return Err(not_now("requested")) };
            if run.started_by == by {
                return Err(Refusal::SamePerson { by: by.to_owned() });
            }
            next.allowed_by = Some(by.to_owned());
            next.state = State::Running;
        }
        Request::Refuse { why } => {
            let State::Requested { .. } = &run.state else { return Err(not_now("requested")) };
            let outcome = Outcome::Refused { by: Some(by.to_owned()), why: why.clone() };
            next.state = State::Ended { outcome, at: now };
        }
        Request::Pause => match &run.state {
            State::Running => next.state = State::Pausing { by: by.to_owned() },
            State::Pausing { .. } | State::Paused { .. } => {}
            State::Requested { .. } | State::Asking { .. } | State::Ended { .. } => {
                return Err(not_now("running"));
            }
        },
        Request::Resume => match &run.state {
            State::Pausing { .. } | State::Paused { .. } => next.state = State::Running,
            State::Running => {}
            State::Requested { .. } | State::Asking { .. } | State::Ended { .. } => {
                return Err(not_now("paused"));
            }
        },
        Request::Retry { step } => retry(&mut next, step, now)?,
        Request::Skip { step, reason } => {
            check(reason)?;
            skip(&mut next, step, reason, (by, now))?;
        }
        Request::Stop { reason } => {
            check(reason)?;
            let outcome = Outcome::Stopped { by: by.to_owned(), reason: reason.clone() };
            next.state = State::Ended { outcome, at: now };
        }
        Request::Override { rules, reason, .. } => {
            check(reason)?;
            let asked = run.asked_rules();
            if asked.is_empty() {
                return Err(not_now("asking about a safety rule"));
            }
            overriding(rules, &asked)?;
            next.overridden.extend(asked);
            go_on(&mut next);
        }
        Request::Force { reason, .. } => {
            check(reason)?;
            if run.mode == Mode::Forced {
                return Err(Refusal::AlreadyForced);
            }
            next.mode = Mode::Forced;
        }
    }
    Ok(next)
}

fn check(reason: &str) -> Result<(), Refusal> {
    let long = reason.trim().chars().count() >= REASON_MIN_CHARS;
    if long { Ok(()) } else { Err(Refusal::NoReason) }
}

/// Exactly what is asked about is overridden, each rule by its name.
fn overriding(named: &BTreeSet<Rule>, asked: &BTreeSet<Rule>) -> Result<(), Refusal> {
    if let Some(rule) = named.difference(asked).next() {
        let wanted: Vec<_> = asked.iter().map(|rule| rule.name()).collect();
        return Err(Refusal::NoRule { rule: *rule, wanted: wanted.join(", ") });
    }
    match asked.difference(named).next() {
        Some(rule) => Err(Refusal::Unnamed { rule: *rule }),
        None => Ok(()),
    }
}

fn retry(next: &mut Run, step: &StepId, now: DateTime<Utc>) -> Result<(), Refusal> {
    let could_not_begin = matches!(&next.state, State::Asking { step: asked, .. } if asked == step);
    match next.steps.get(step) {
        Some(StepState::Failed { attempt, .. }) => {
            let (since, seen, attempt) = (now, String::new(), attempt.saturating_add(1));
            next.steps.insert(step.clone(), StepState::Running { since, seen, attempt });
        }
        None if could_not_begin => {}
        None
        | Some(StepState::Running { .. } | StepState::Done { .. } | StepState::Skipped { .. }) => {
            return Err(Refusal::NoStep { step: step.clone(), what: "tried again".into() });
        }
    }
    go_on(next);
    Ok(())
}

fn skip(
    next: &mut Run,
    step: &StepId,
    reason: &str,
    (by, at): (&str, DateTime<Utc>),
) -> Result<(), Refusal> {
    let no = || Refusal::NoStep { step: step.clone(), what: "skipped".into() };
    next.plan.step(step).ok_or_else(no)?;
    let begun = match next.steps.get(step) {
        None => false,
        Some(StepState::Running { .. } | StepState::Failed { .. }) => true,
        Some(StepState::Done { .. } | StepState::Skipped { .. }) => return Err(no()),
    };
    let (by, reason) = (by.to_owned(), reason.trim().to_owned());
    next.steps.insert(step.clone(), StepState::Skipped { by, reason, at, begun });
    go_on(next);
    Ok(())
}

/// With nothing failed any more, a run that asked goes on; else it asks about what is left.
fn go_on(next: &mut Run) {
    let State::Asking { .. } = &next.state else { return };
    let failed = next.steps.iter().find_map(|(id, state)| match state {
        StepState::Failed { why, at, .. } => Some((id.clone(), why.clone(), *at)),
        StepState::Running { .. } | StepState::Done { .. } | StepState::Skipped { .. } => None,
    });
    next.state = match failed {
        Some((step, why, since)) => State::Asking { step, why, rules: BTreeSet::new(), since },
        None => State::Running,
    };
}
