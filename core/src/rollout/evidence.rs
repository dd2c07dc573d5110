//! "If you roll back": what is known of the way back, beside the button.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::preview::{declared, old_serves};
use super::{
    Back, Check, Ending, Facts, Level, Line, Refusal, Rollout, SchemaChange, State, new_share,
    nodes,
};
use crate::fleet::Strategy;
use crate::id::EdgeId;
use crate::placement;

/// What the console shows beside the button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The version that the button names.
    pub target: String,
    pub ease: Ease,
    pub checks: Vec<Check>,
    /// Until when a rollback that is done can be undone; `None`: none is done.
    pub undo_until: Option<DateTime<Utc>>,
}

/// How much it takes, by what is known now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Ease {
    /// The button acts (level 2).
    OneClick,
    /// The button opens the review page, which says what is lost or how long it takes (level 3).
    Review,
    /// Data is lost: a second person is needed (level 4).
    SecondPerson,
    /// There is nothing to go back to, or it is on its way.
    Disabled { why: Refusal },
}

/// The evidence for going back from this rollout now.
pub fn rollback_evidence(rollout: &Rollout, facts: &Facts<'_>) -> Evidence {
    let plan = &rollout.plan;
    let estate = facts.estate;
    let old = old_serves(estate, plan);
    let comes_up = comes_up_first(rollout, facts);
    let mut checks = Vec::new();
    match comes_up {
        Some(nodes) if nodes > 0 => {
            let version = plan.from.clone();
            checks
                .push(Check { level: Level::Warn, line: Line::OldComesUpFirst { version, nodes } });
        }
        Some(_) | None => checks.push(old.clone()),
    }
    checks.extend(declared(plan));
    checks.extend([share(rollout, facts), edges(facts)]);
    let why =
        super::request(rollout, &super::Request::RollBack { reason: None }, "evidence", facts)
            .err();
    let ease = match (why, plan.schema) {
        (Some(why), _) => Ease::Disabled { why },
        (None, SchemaChange::Irreversible) => Ease::SecondPerson,
        (None, SchemaChange::None | SchemaChange::Reversible) => {
            let stands = comes_up.is_none_or(|nodes| nodes == 0);
            let gone = stands && serves_nowhere(&old);
            let over = matches!(rollout.state, State::Ended { .. });
            if gone || over || !plan.configuration_compatible {
                Ease::Review
            } else {
                Ease::OneClick
            }
        }
    };
    let undo_until = match &rollout.state {
        State::RolledBack { undo_until, .. } => Some(*undo_until),
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. }
        | State::Ended { .. } => None,
    };
    Evidence { target: plan.from.clone(), ease, checks, undo_until }
}

/// Whether it is known that the old version serves nowhere. What is unknown blocks no emergency.
fn serves_nowhere(check: &Check) -> bool {
    matches!(&check.line, Line::OldServes { serving: 0, unheard, .. } if unheard.is_empty())
}

/// How many nodes of the old version have to come up before traffic moves; `None`: traffic moves
/// at once.
fn comes_up_first(rollout: &Rollout, facts: &Facts<'_>) -> Option<u32> {
    let first = match &rollout.state {
        State::Ended { outcome: Ending::Promoted, .. } => true,
        State::RollingBack { stage, .. } => *stage == Back::Starting,
        State::Preparing { .. }
        | State::Testing { .. }
        | State::Shifting { .. }
        | State::Watching { .. }
        | State::Paused { .. }
        | State::Promoted { .. } => rollout.plan.strategy == Strategy::Rolling,
        State::RolledBack { .. } | State::Ended { outcome: Ending::RolledBack { .. }, .. } => false,
    };
    let fleet = &facts.estate.fleet;
    let service = fleet.services.get(&rollout.plan.service).filter(|_| first)?;
    let gone = placement::datacenters(fleet, service);
    let gone = gone.iter().map(|id| service.nodes - nodes(rollout, id, service.nodes).old);
    Some(gone.map(u32::from).sum())
}

fn share(rollout: &Rollout, facts: &Facts<'_>) -> Check {
    let fleet = &facts.estate.fleet;
    let regions = fleet.edges.values().map(|edge| &edge.region);
    let shares = regions.map(|it| (it.clone(), new_share(fleet, rollout, it)));
    let by_region = shares.filter(|(_, share)| *share > 0).collect();
    Check { level: Level::Ok, line: Line::Share { by_region } }
}

fn edges(facts: &Facts<'_>) -> Check {
    let is_connected = |id: &EdgeId| facts.edges.get(id).is_some_and(|edge| edge.connected);
    let (connected, away): (Vec<_>, Vec<_>) =
        facts.estate.fleet.edges.keys().cloned().partition(is_connected);
    let level = match (connected.is_empty(), away.is_empty()) {
        (_, true) => Level::Ok,
        (false, false) => Level::Warn,
        (true, false) => Level::Unknown,
    };
    let connected = u32::try_from(connected.len()).unwrap_or(u32::MAX);
    Check { level, line: Line::Edges { connected, away } }
}
