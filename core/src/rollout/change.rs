//! What a decision or a person's request changes, and carrying it out on the releases.

use chrono::{DateTime, Utc};

use super::{Back, Plan, Position, Rollout, State, StopReason, WARM};
use crate::fleet::Strategy;
use crate::release::{Quarantine, Release, Releases};

/// A change to a rollout and to what follows from it, written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub state: State,
    /// What the service's stable version becomes.
    pub release: Option<Release>,
    /// The new version is put in quarantine.
    pub quarantine: Option<Quarantine>,
    /// The new version's quarantine is lifted, because a person undid its rollback.
    pub lifts: bool,
}

impl From<State> for Change {
    fn from(state: State) -> Self {
        Self { state, release: None, quarantine: None, lifts: false }
    }
}

impl State {
    /// Whether the state gives weights that edges have yet to acknowledge.
    pub const fn gives_weights(&self) -> bool {
        match self {
            Self::Shifting { .. } | Self::Promoted { .. } | Self::RollingBack { .. } => true,
            Self::Preparing { .. }
            | Self::Testing { .. }
            | Self::Watching { .. }
            | Self::Paused { .. }
            | Self::RolledBack { .. }
            | Self::Ended { .. } => false,
        }
    }
}

/// Carries a change out: the releases afterwards are in `releases`, the rollout is the result.
/// Both revisions rise by one; a state that gives weights holds once edges acknowledged the
/// routing revision that follows.
pub fn apply(
    releases: &mut Releases,
    rollout: &Rollout,
    change: &Change,
    fleet_revision: i64,
    now: DateTime<Utc>,
) -> Rollout {
    let service = rollout.plan.service.clone();
    releases.revision += 1;
    let mut rollout = rollout.clone();
    rollout.state = change.state.clone();
    rollout.revision += 1;
    rollout.changed_at = now;
    if rollout.state.gives_weights() {
        rollout.routing_revision = releases.revision + u64::try_from(fleet_revision).unwrap_or(0);
    }
    if let Some(release) = &change.release {
        releases.stable.insert(service.clone(), release.clone());
    }
    let is_bad = |q: &Quarantine| q.service == service && q.version == rollout.plan.to;
    if change.lifts || change.quarantine.is_some() {
        releases.quarantined.retain(|quarantine| !is_bad(quarantine));
    }
    releases.quarantined.extend(change.quarantine.clone());
    if rollout.is_over() {
        releases.rollouts.remove(&service);
    } else {
        releases.rollouts.insert(service, rollout.clone());
    }
    rollout
}

/// On the way back: traffic first if the old version stands at its full capacity, else its
/// instances. The version goes into quarantine whatever the reason; only a person lifts it.
pub(super) fn back(
    rollout: &Rollout,
    why: StopReason,
    reason: String,
    now: DateTime<Utc>,
) -> Change {
    let plan = &rollout.plan;
    let was = position(&rollout.state);
    let stage = stage(plan, &rollout.state, was);
    let release = was.is_none().then(|| Release {
        version: plan.from.clone(),
        track: plan.from_track,
        since: Some(now),
        rollout: Some(rollout.id),
        previous: None,
    });
    let quarantine = Quarantine {
        service: plan.service.clone(),
        version: plan.to.clone(),
        reason,
        rollout: Some(rollout.id),
        since: now,
    };
    let state = State::RollingBack { stage, since: now, why, was };
    Change { state, release, quarantine: Some(quarantine), lifts: false }
}

/// Everything is on the new version: it is stable now.
pub(super) fn promoted(rollout: &Rollout, now: DateTime<Utc>) -> Change {
    let plan = &rollout.plan;
    // After a rolling update there is no old node left to keep warm.
    let warm = match plan.strategy {
        Strategy::Canary => WARM,
        Strategy::Rolling => chrono::TimeDelta::zero(),
    };
    let release = Release {
        version: plan.to.clone(),
        track: plan.from_track.other(),
        since: Some(now),
        rollout: Some(rollout.id),
        previous: Some(plan.from.clone()),
    };
    let state = State::Promoted { at: now, warm_until: now + warm };
    Change { release: Some(release), ..Change::from(state) }
}

/// The position that a rollout stands at or came from; `None`: it was promoted.
pub(super) const fn position(state: &State) -> Option<Position> {
    match state {
        State::Preparing { held: Some(at), .. }
        | State::Preparing { at, .. }
        | State::Testing { at, .. }
        | State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, .. } => Some(*at),
        State::RollingBack { was, .. } | State::RolledBack { was, .. } => *was,
        State::Promoted { .. } | State::Ended { .. } => None,
    }
}

fn stage(plan: &Plan, state: &State, was: Option<Position>) -> Back {
    let whole = match plan.strategy {
        // It is gone when the rollout is over, and may not be back yet when its coming was undone.
        Strategy::Canary => match state {
            State::Ended { .. } => false,
            State::Preparing { held, .. } => *held != Some(plan.end()),
            State::Testing { .. }
            | State::Shifting { .. }
            | State::Watching { .. }
            | State::Paused { .. }
            | State::Promoted { .. }
            | State::RollingBack { .. }
            | State::RolledBack { .. } => true,
        },
        Strategy::Rolling => was == Some(Position::default()),
    };
    if whole { Back::Shifting } else { Back::Starting }
}
