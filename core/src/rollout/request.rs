//! What a person may ask of a rollout, and why not.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::change::{back, promoted};
use super::decide::{onward, paused};
use super::gates::{Gate, acknowledged};
use super::{
    Back, Change, Condition, Ending, Facts, PauseReason, Position, Rollout, RolloutId, State,
    StopReason,
};
use crate::fleet::{Fleet, Strategy};
use crate::id::ServiceId;
use crate::judge::Verdict;
use crate::release::Releases;

/// Shortest reason, where one is needed, in characters.
pub const REASON_MIN_CHARS: usize = 10;

/// What is asked. The names are those that users of Argo Rollouts know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Request {
    /// Stand still with the weights that hold.
    Pause,
    /// Go on: the position is watched anew, from its beginning.
    Resume,
    /// Skip the rest of this position's watch. Past an analysis that has not passed it needs a
    /// reason.
    Promote { reason: Option<String> },
    /// Everything to the new version at once, without further watch (a canary's only). Its
    /// instances still come up first.
    PromoteFully { reason: String },
    /// Take a version back that is not promoted.
    Abort { reason: Option<String> },
    /// Take a version back, during the rollout or after it was promoted.
    RollBack { reason: Option<String> },
    /// Take the rollback back, within its time; lifts the quarantine.
    Undo,
    /// Paused: do the position again. Rolled back, and the quarantine lifted: begin again.
    Retry,
    /// Keep the version that was left no longer: the rollout is over at once.
    End,
}

/// How long after a rollback a reason may be added to it.
pub const REASON_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Why a request is refused: nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    #[error("there is no service `{service}`")]
    UnknownService { service: ServiceId },
    #[error(
        "rolling {service} back leads from {from} to {to} by now, and not to what was shown; look \
         again"
    )]
    OtherTarget { service: ServiceId, from: String, to: String },
    #[error(
        "going back from {from} to {to} loses data: {from} changed the schema in a way that {to} \
         does not work with; confirm it with the name of the service, {service}"
    )]
    LosesData { service: ServiceId, from: String, to: String },
    #[error("the rollout {rollout} is {state} already")]
    Already { rollout: RolloutId, state: String },
    #[error("the rollout {rollout} is {state}; only one that runs can be paused")]
    NotRunning { rollout: RolloutId, state: String },
    #[error("the rollout {rollout} is {state}; only a paused one can go on")]
    NotPaused { rollout: RolloutId, state: String },
    #[error(
        "the rollout {rollout} is {state}: its position gets no requests yet, so that there is \
         nothing to promote past; wait, resume or roll back"
    )]
    NotWatched { rollout: RolloutId, state: String },
    #[error("a rolling update goes one node at a time (R11); promote skips this node's watch")]
    OneAtATime,
    #[error(
        "write the reason, at least {REASON_MIN_CHARS} characters: the analysis has not passed"
    )]
    ReasonNeeded,
    #[error("the rollout {rollout} has been promoted; roll it back instead")]
    AlreadyPromoted { rollout: RolloutId },
    #[error("the rollout {rollout} is over; start a new one")]
    Over { rollout: RolloutId },
    #[error("the rollout {rollout} is not what runs now: another one came after it")]
    Superseded { rollout: RolloutId },
    #[error("the rollout {rollout} was not rolled back; there is nothing to undo")]
    NothingToUndo { rollout: RolloutId },
    #[error(
        "the rollout {rollout} is still rolling back; undo begins it anew, and is possible once no \
         request goes to the new version"
    )]
    NotYet { rollout: RolloutId },
    #[error("an edge has yet to acknowledge the rollout {rollout}; end it after that")]
    EdgesBehind { rollout: RolloutId },
    #[error("undo was possible until {until}; start a new rollout")]
    UndoOver { until: DateTime<Utc> },
    #[error("{version} is in quarantine ({reason}); lift it first")]
    Quarantined { version: String, reason: String },
    #[error("{service} has no version before its stable one {stable}")]
    NothingBefore { service: ServiceId, stable: String },
    #[error("the rollout {rollout} was not taken back; there is nothing to give a reason for")]
    NothingToExplain { rollout: RolloutId },
    #[error("a reason could be added until {until}; what was done stands in the audit log")]
    ReasonOver { until: DateTime<Utc> },
    #[error("the rollout {rollout} is {state}; it ends when it is promoted or rolled back")]
    NotDone { rollout: RolloutId, state: String },
}

/// Where "roll back" leads for a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollBackTarget {
    /// The rollout to ask [`Request::RollBack`] of; it may be over.
    pub rollout: RolloutId,
    /// The version that leaves.
    pub from: String,
    /// The version that comes back.
    pub to: String,
}

impl Refusal {
    /// Whether what was asked for is done or on its way: a repeat, and not a mistake.
    pub const fn is_repeat(&self) -> bool {
        matches!(self, Self::Already { .. })
    }
}

impl State {
    /// Its name in a sentence.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Preparing { .. } => "preparing",
            Self::Testing { .. } => "testing",
            Self::Shifting { .. } => "shifting",
            Self::Watching { .. } => "watching",
            Self::Paused { .. } => "paused",
            Self::Promoted { .. } => "promoted",
            Self::RollingBack { .. } => "rolling back",
            Self::RolledBack { .. } => "rolled back",
            Self::Ended { .. } => "over",
        }
    }
}

/// Answers a request.
///
/// # Errors
/// The refusal, in a sentence; nothing is done then.
pub fn request(
    rollout: &Rollout,
    request: &Request,
    by: &str,
    facts: &Facts<'_>,
) -> Result<Change, Refusal> {
    let now = facts.now;
    match request {
        Request::Pause => pause(rollout, by, now),
        Request::Resume => resume(rollout, facts),
        Request::Promote { reason } => promote(rollout, reason.as_deref(), facts),
        Request::PromoteFully { reason } => promote_fully(rollout, reason, now),
        Request::Abort { reason } => abort(rollout, by, reason.as_deref(), facts),
        Request::RollBack { reason } => roll_back(rollout, by, reason.as_deref(), facts),
        Request::Undo => undo(rollout, now),
        Request::Retry => retry(rollout, facts),
        Request::End => end(rollout, facts),
    }
}

/// What "roll back" means for a service now: the rollout that is on, or the one that made its
/// stable version.
///
/// # Errors
/// There is nothing to go back to, or it is on its way already.
pub fn roll_back_target(
    fleet: &Fleet,
    releases: &Releases,
    service: &ServiceId,
) -> Result<RollBackTarget, Refusal> {
    let Some(stable) = releases.stable(fleet, service) else {
        return Err(Refusal::UnknownService { service: service.clone() });
    };
    if let Some(rollout) = releases.rollouts.get(service) {
        return match &rollout.state {
            State::RollingBack { .. } | State::RolledBack { .. } => Err(already(rollout)),
            State::Preparing { .. }
            | State::Testing { .. }
            | State::Shifting { .. }
            | State::Watching { .. }
            | State::Paused { .. }
            | State::Promoted { .. }
            | State::Ended { .. } => Ok(RollBackTarget {
                rollout: rollout.id,
                from: rollout.plan.to.clone(),
                to: rollout.plan.from.clone(),
            }),
        };
    }
    match (stable.rollout, stable.previous) {
        (Some(rollout), Some(to)) => Ok(RollBackTarget { rollout, from: stable.version, to }),
        (Some(_) | None, _) => {
            Err(Refusal::NothingBefore { service: service.clone(), stable: stable.version })
        }
    }
}

/// Whether a reason may be added to a rollback; until when.
///
/// # Errors
/// Nothing was taken back, or it is too long ago.
pub fn explainable(rollout: &Rollout, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let at = match &rollout.state {
        State::RollingBack { since: at, .. }
        | State::RolledBack { at, .. }
        | State::Ended { at, outcome: Ending::RolledBack { .. } } => *at,
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::Ended { outcome: Ending::Promoted, .. } => {
            return Err(Refusal::NothingToExplain { rollout: rollout.id });
        }
    };
    let until = at + REASON_WITHIN;
    if now >= until { Err(Refusal::ReasonOver { until }) } else { Ok(until) }
}

fn already(rollout: &Rollout) -> Refusal {
    Refusal::Already { rollout: rollout.id, state: rollout.state.name().to_owned() }
}

fn pause(rollout: &Rollout, by: &str, now: DateTime<Utc>) -> Result<Change, Refusal> {
    let why = PauseReason::Asked { by: by.to_owned() };
    match (paused(&rollout.state, why, now), &rollout.state) {
        (Some(state), _) => Ok(state.into()),
        (None, State::Paused { .. }) => Err(already(rollout)),
        (None, state) => {
            Err(Refusal::NotRunning { rollout: rollout.id, state: state.name().to_owned() })
        }
    }
}

fn resume(rollout: &Rollout, facts: &Facts<'_>) -> Result<Change, Refusal> {
    let State::Paused { at, weighed, why, .. } = &rollout.state else {
        return Err(not_paused(rollout));
    };
    if *why == PauseReason::Planned {
        // The watch has passed: to watch again would only come here again.
        return promote(rollout, None, facts);
    }
    let (at, since) = (*at, facts.now);
    Ok(match weighed {
        // The edges acknowledge again, for that may be why it was paused.
        true => State::Shifting { at, since }.into(),
        false => State::Preparing { at, since, held: None }.into(),
    })
}

fn not_paused(rollout: &Rollout) -> Refusal {
    Refusal::NotPaused { rollout: rollout.id, state: rollout.state.name().to_owned() }
}

/// The position whose weights hold and are being, or could be, watched.
fn weighed(rollout: &Rollout) -> Result<Position, Refusal> {
    match &rollout.state {
        State::Watching { at, .. } | State::Paused { at, weighed: true, .. } => Ok(*at),
        State::Promoted { .. } => Err(already(rollout)),
        State::Ended { .. } => Err(Refusal::Over { rollout: rollout.id }),
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Paused { weighed: false, .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. } => {
            let state = rollout.state.name().to_owned();
            Err(Refusal::NotWatched { rollout: rollout.id, state })
        }
    }
}

fn promote(rollout: &Rollout, reason: Option<&str>, facts: &Facts<'_>) -> Result<Change, Refusal> {
    let at = weighed(rollout)?;
    if !(has_passed(rollout, facts) || reason.is_some_and(is_reason)) {
        return Err(Refusal::ReasonNeeded);
    }
    Ok(onward(rollout, at, facts.now))
}

fn has_passed(rollout: &Rollout, facts: &Facts<'_>) -> bool {
    // It came here by a pass, and a failure since would have taken it back.
    if matches!(rollout.state, State::Paused { why: PauseReason::Planned, .. }) {
        return true;
    }
    let compared = facts.judgement.is_some_and(|judged| judged.verdict == Verdict::Pass);
    let holds = |condition: &Condition| {
        let mut known = facts.conditions.iter();
        known.any(|fact| fact.condition == *condition && fact.verdict == Verdict::Pass)
    };
    compared && rollout.plan.analysis.conditions.iter().all(holds)
}

fn is_reason(text: &str) -> bool {
    text.trim().chars().count() >= REASON_MIN_CHARS
}

fn promote_fully(rollout: &Rollout, reason: &str, since: DateTime<Utc>) -> Result<Change, Refusal> {
    let plan = &rollout.plan;
    if plan.strategy == Strategy::Rolling {
        return Err(Refusal::OneAtATime);
    }
    // A canary that has no requests yet has shown nothing at all.
    let held = match &rollout.state {
        State::Preparing { held: Some(at), .. } | State::Shifting { at, .. } => *at,
        State::Preparing { at, .. } | State::Paused { at, weighed: false, .. } => {
            plan.previous(*at).map_or_else(|| weighed(rollout), Ok)?
        }
        State::Testing { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => weighed(rollout)?,
    };
    if !is_reason(reason) {
        return Err(Refusal::ReasonNeeded);
    }
    if held >= plan.last() {
        return Ok(promoted(rollout, since));
    }
    Ok(State::Preparing { at: plan.end(), since, held: Some(held) }.into())
}

fn abort(
    rollout: &Rollout,
    by: &str,
    reason: Option<&str>,
    facts: &Facts<'_>,
) -> Result<Change, Refusal> {
    match &rollout.state {
        State::Promoted { .. } => Err(Refusal::AlreadyPromoted { rollout: rollout.id }),
        State::Ended { outcome: Ending::Promoted, .. } => {
            Err(Refusal::AlreadyPromoted { rollout: rollout.id })
        }
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
            roll_back(rollout, by, reason, facts)
        }
    }
}

fn roll_back(
    rollout: &Rollout,
    by: &str,
    reason: Option<&str>,
    facts: &Facts<'_>,
) -> Result<Change, Refusal> {
    let (plan, id) = (&rollout.plan, rollout.id);
    let releases = &facts.estate.releases;
    match &rollout.state {
        State::RollingBack { .. } | State::RolledBack { .. } => return Err(already(rollout)),
        State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
            return Err(Refusal::Over { rollout: id });
        }
        State::Ended { outcome: Ending::Promoted, .. } => {
            let stable = releases.stable.get(&plan.service);
            let current = stable.is_some_and(|it| it.rollout == Some(id) && it.version == plan.to);
            if !current || releases.rollouts.contains_key(&plan.service) {
                return Err(Refusal::Superseded { rollout: id });
            }
        }
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. } => {}
    }
    if let Some(quarantine) = releases.quarantine(&plan.service, &plan.from) {
        let (version, reason) = (plan.from.clone(), quarantine.reason.clone());
        return Err(Refusal::Quarantined { version, reason });
    }
    let why = StopReason::Asked { by: by.to_owned() };
    let words = match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{why}: {reason}"),
        None => why.to_string(),
    };
    Ok(back(rollout, why, words, facts.now))
}

/// Back to where the rollout was: its instances are checked first and its position is watched
/// anew. A rolling update begins again, node by node.
fn undo(rollout: &Rollout, now: DateTime<Utc>) -> Result<Change, Refusal> {
    let plan = &rollout.plan;
    let last = plan.last();
    let (at, held) = match (&rollout.state, plan.strategy) {
        (State::RollingBack { .. }, Strategy::Rolling) => {
            return Err(Refusal::NotYet { rollout: rollout.id });
        }
        (State::RolledBack { undo_until, .. }, _) if now >= *undo_until => {
            return Err(Refusal::UndoOver { until: *undo_until });
        }
        (State::RolledBack { .. }, Strategy::Rolling) => (Position::default(), None),
        // The old version is not up: all requests stay on the new one.
        (State::RollingBack { stage: Back::Starting, .. }, Strategy::Canary) => {
            (last, Some(plan.end()))
        }
        (
            State::RollingBack { stage: Back::Shifting, was, .. } | State::RolledBack { was, .. },
            Strategy::Canary,
        ) => (was.unwrap_or(last).min(last), None),
        (State::Ended { outcome: Ending::RolledBack { .. }, .. }, _) => {
            return Err(Refusal::Over { rollout: rollout.id });
        }
        (
            State::Preparing { .. }
            | State::Testing { .. }
            | State::Shifting { .. }
            | State::Watching { .. }
            | State::Paused { .. }
            | State::Promoted { .. }
            | State::Ended { outcome: Ending::Promoted, .. },
            _,
        ) => return Err(Refusal::NothingToUndo { rollout: rollout.id }),
    };
    let state = State::Preparing { at, since: now, held };
    Ok(Change { lifts: true, ..Change::from(state) })
}

fn retry(rollout: &Rollout, facts: &Facts<'_>) -> Result<Change, Refusal> {
    let since = facts.now;
    match &rollout.state {
        State::Paused { at, weighed, .. } => {
            Ok(State::Preparing { at: *at, since, held: weighed.then_some(*at) }.into())
        }
        State::RolledBack { .. } => {
            let plan = &rollout.plan;
            if let Some(quarantine) = facts.estate.releases.quarantine(&plan.service, &plan.to) {
                let (version, reason) = (plan.to.clone(), quarantine.reason.clone());
                return Err(Refusal::Quarantined { version, reason });
            }
            Ok(State::Preparing { at: Position::default(), since, held: None }.into())
        }
        State::Ended { .. } => Err(Refusal::Over { rollout: rollout.id }),
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. } => Err(not_paused(rollout)),
    }
}

fn end(rollout: &Rollout, facts: &Facts<'_>) -> Result<Change, Refusal> {
    let outcome = match &rollout.state {
        State::Promoted { .. } => Ending::Promoted,
        State::RolledBack { why, .. } => Ending::RolledBack { why: why.clone() },
        State::Ended { .. } => return Err(already(rollout)),
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::RollingBack { .. } => {
            let state = rollout.state.name().to_owned();
            return Err(Refusal::NotDone { rollout: rollout.id, state });
        }
    };
    match acknowledged(rollout, facts) {
        Gate::Go => Ok(State::Ended { at: facts.now, outcome }.into()),
        Gate::Wait(_) | Gate::Pause(_) => Err(Refusal::EdgesBehind { rollout: rollout.id }),
    }
}
