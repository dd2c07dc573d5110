//! What is to run where: the nodes of both versions, as a rollout's state says.

use std::collections::BTreeMap;

use super::position::Turn;
use super::{Ending, Position, Rollout, State};
use crate::deployment::{Slot, Spec};
use crate::fleet::{Fleet, Service, Strategy};
use crate::id::{DatacenterId, ServiceId};
use crate::placement;
use crate::release::Releases;
use crate::routing::WEIGHT_TOTAL;

/// Nodes of a service in one data centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// Of the version that was stable when the rollout began.
    pub old: u16,
    pub new: u16,
}

/// What is to run in every data centre; nothing is wanted where there is no entry.
pub fn wanted(fleet: &Fleet, releases: &Releases) -> BTreeMap<DatacenterId, BTreeMap<Slot, Spec>> {
    let mut wanted: BTreeMap<DatacenterId, BTreeMap<Slot, Spec>> = BTreeMap::new();
    for (id, service) in &fleet.services {
        let mut places = placement::datacenters(fleet, service);
        if !service.retired {
            places.extend(releases.standing.places(id));
        }
        for datacenter in places {
            let slots = slots(releases, fleet, id, service, &datacenter);
            wanted.entry(datacenter).or_default().extend(slots);
        }
    }
    wanted
}

fn slots(
    releases: &Releases,
    fleet: &Fleet,
    id: &ServiceId,
    service: &Service,
    datacenter: &DatacenterId,
) -> Vec<(Slot, Spec)> {
    // Nodes that stand in for others come on top of those that are declared, if any are.
    let placed = placement::datacenters(fleet, service).contains(datacenter);
    let declared = if placed { service.nodes } else { 0 };
    let declared = declared.saturating_add(releases.standing.extra(id, datacenter));
    let spec =
        |version: &str, nodes| Spec { version: version.to_owned(), nodes, ..Spec::from(service) };
    let Some(rollout) = releases.rollouts.get(id).filter(|rollout| !rollout.is_over()) else {
        let stable = releases.stable(fleet, id);
        let stable = stable.map(|it| ((id.clone(), it.track), spec(&it.version, declared)));
        return stable.into_iter().collect();
    };
    let Nodes { old, new } = nodes(rollout, datacenter, declared);
    let plan = &rollout.plan;
    [(plan.from_track, &plan.from, old), (plan.from_track.other(), &plan.to, new)]
        .into_iter()
        .filter(|(_, _, nodes)| *nodes > 0)
        .map(|(track, version, nodes)| ((id.clone(), track), spec(version, nodes)))
        .collect()
}

/// How far the new version's instances have come, or are to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nowhere,
    /// Up to this position; `whole`: with the node of the position itself (rolling).
    To {
        at: Position,
        whole: bool,
    },
    Everywhere,
}

/// The nodes of both versions in a data centre where `declared` ones belong. A data centre that
/// the plan does not know, because the fleet changed meanwhile, follows at the very end.
pub fn nodes(rollout: &Rollout, datacenter: &DatacenterId, declared: u16) -> Nodes {
    let reach = reach(&rollout.state);
    match rollout.plan.strategy {
        Strategy::Canary => {
            let over = matches!(rollout.state, State::Ended { outcome: Ending::Promoted, .. });
            let old = if over { 0 } else { declared };
            Nodes { old, new: canary(rollout, reach, datacenter, declared) }
        }
        Strategy::Rolling => {
            let new = rolled(rollout, reach, datacenter, declared);
            match &rollout.state {
                State::Preparing { .. }
                | State::Testing { .. }
                | State::Shifting { .. }
                | State::Watching { .. }
                | State::Paused { .. } => {
                    // The node of this position stands beside those that it is to replace.
                    let replaced = match reach {
                        Reach::To { at, .. } => Reach::To { at, whole: false },
                        Reach::Nowhere | Reach::Everywhere => reach,
                    };
                    let replaced = rolled(rollout, replaced, datacenter, declared);
                    Nodes { old: declared - replaced, new }
                }
                State::Promoted { .. } | State::Ended { outcome: Ending::Promoted, .. } => {
                    Nodes { old: 0, new }
                }
                State::RollingBack { .. }
                | State::RolledBack { .. }
                | State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
                    Nodes { old: declared, new }
                }
            }
        }
    }
}

fn reach(state: &State) -> Reach {
    match state {
        State::Preparing { at, .. }
        | State::Testing { at, .. }
        | State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, .. } => Reach::To { at: *at, whole: true },
        // The node of the position is the one that failed.
        State::RollingBack { was: Some(at), .. } | State::RolledBack { was: Some(at), .. } => {
            Reach::To { at: *at, whole: false }
        }
        State::Promoted { .. }
        | State::RollingBack { was: None, .. }
        | State::RolledBack { was: None, .. }
        | State::Ended { outcome: Ending::Promoted, .. } => Reach::Everywhere,
        State::Ended { outcome: Ending::RolledBack { .. }, .. } => Reach::Nowhere,
    }
}

/// A canary's nodes: its share of those declared, rounded up, so that there is one at least and
/// all of them before it has all requests.
fn canary(rollout: &Rollout, reach: Reach, datacenter: &DatacenterId, declared: u16) -> u16 {
    let plan = &rollout.plan;
    let at = match reach {
        Reach::Nowhere => return 0,
        Reach::Everywhere => return declared,
        Reach::To { at, .. } => at,
    };
    let everywhere = at.step >= plan.positions(at.wave);
    match plan.turn(datacenter) {
        None => 0,
        Some(_) if everywhere => declared,
        Some(Turn { wave, .. }) if wave < at.wave => declared,
        Some(Turn { wave, .. }) if wave > at.wave => 0,
        Some(_) => {
            let share = u32::from(plan.weight(at.step)) * u32::from(declared);
            share.div_ceil(u32::from(WEIGHT_TOTAL)) as u16
        }
    }
}

/// A rolling update's nodes. One that is taken back keeps those that passed until no request goes
/// to them, and none for undo: that begins anew.
fn rolled(rollout: &Rollout, reach: Reach, datacenter: &DatacenterId, declared: u16) -> u16 {
    let (at, whole) = match (&rollout.state, reach) {
        (State::RolledBack { .. }, _) | (_, Reach::Nowhere) => return 0,
        (_, Reach::Everywhere) => return declared,
        (_, Reach::To { at, whole }) => (at, whole),
    };
    let Some(Turn { wave, nodes_before, nodes }) = rollout.plan.turn(datacenter) else {
        return 0;
    };
    if wave != at.wave {
        return if wave < at.wave { declared } else { 0 };
    }
    let reached = at.step + u16::from(whole);
    if reached >= nodes_before + nodes {
        return declared;
    }
    reached.saturating_sub(nodes_before).min(declared)
}
