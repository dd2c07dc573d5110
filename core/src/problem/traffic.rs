//! Problems of what moves traffic: rollouts that wait for a person, edges that do not do as told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Problem;
use crate::estate::Estate;
use crate::id::{EdgeId, RegionId};
use crate::rollout::{Back, EdgeFact, PauseReason, READY_WITHIN, Rollout, State, StopReason};

/// A pause that a person asked for is forgotten about after so long.
const ASKED_PAUSE_AFTER: TimeDelta = TimeDelta::hours(1);

/// Rollouts that nobody carries on, or that took their version back by themselves.
pub(super) fn rollouts(estate: &Estate) -> impl Iterator<Item = Problem> {
    estate.releases.rollouts.values().filter_map(|rollout| match &rollout.state {
        State::Paused { why, since, .. } => {
            let asked = matches!(why, PauseReason::Asked { .. });
            let waits = !asked || estate.at - *since >= ASKED_PAUSE_AFTER;
            waits.then(|| Problem::RolloutPaused {
                service: rollout.plan.service.clone(),
                rollout: rollout.id,
                version: rollout.plan.to.clone(),
                why: why.clone(),
            })
        }
        State::RollingBack { stage: Back::Starting, since, .. }
            if estate.at - *since >= READY_WITHIN =>
        {
            Some(Problem::RollbackStuck {
                service: rollout.plan.service.clone(),
                rollout: rollout.id,
                from: rollout.plan.to.clone(),
                to: rollout.plan.from.clone(),
            })
        }
        State::RollingBack { why, .. } => by_itself(why).then(|| back(rollout, why, None)),
        State::RolledBack { why, undo_until, .. } => {
            let noticed = by_itself(why) && estate.at < *undo_until;
            noticed.then(|| back(rollout, why, Some(*undo_until)))
        }
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Promoted { .. }
        | State::Ended { .. } => None,
    })
}

const fn by_itself(why: &StopReason) -> bool {
    !matches!(why, StopReason::Asked { .. })
}

fn back(rollout: &Rollout, why: &StopReason, undo_until: Option<DateTime<Utc>>) -> Problem {
    Problem::RolledBack {
        service: rollout.plan.service.clone(),
        rollout: rollout.id,
        version: rollout.plan.to.clone(),
        why: why.clone(),
        undo_until,
    }
}

/// Edges of the fleet that are away, or that refuse what they are told. What one that is away
/// would refuse is unknown.
pub(super) fn edges(
    estate: &Estate,
    facts: &BTreeMap<EdgeId, EdgeFact>,
) -> impl Iterator<Item = Problem> {
    let fleet = &estate.fleet.edges;
    let mut connected: BTreeMap<&RegionId, u32> = BTreeMap::new();
    for (id, edge) in fleet {
        let here = facts.get(id).is_some_and(|fact| fact.connected);
        *connected.entry(&edge.region).or_default() += u32::from(here);
    }
    fleet.iter().filter_map(move |(id, edge)| match facts.get(id) {
        Some(fact) if fact.connected => fact
            .nacks
            .last()
            .map(|nack| Problem::EdgeRefuses { edge: id.clone(), message: nack.message.clone() }),
        fact => Some(Problem::EdgeGone {
            edge: id.clone(),
            region: edge.region.clone(),
            since: fact.map(|fact| fact.since),
            connected: connected.get(&edge.region).copied().unwrap_or(0),
        }),
    })
}
