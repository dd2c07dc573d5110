//! What to do next: a pure function of the targets, the nodes and the time.
//!
//! Each track of a service is planned for itself. Rules: what is not wanted is drained. What is
//! missing is started. What died is started again as it was, after its pause. What is out of date
//! is replaced one node at a time (R11): the next only when every node that is up to date serves,
//! and has done so for [`SETTLE`]; so a version that does not come up stops at its first node,
//! and the others go on serving.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mainstay_core::deployment::{Slot, Track};
use mainstay_core::id::{DatacenterId, IdError, InstanceId};

use super::node::{Node, NodeSpec, Phase, Purpose};
use crate::journal::{Target, Targets};

/// How long an updated node serves before the next one's turn.
pub const SETTLE: Duration = Duration::from_secs(2);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a process in a slot that has none; what was known of the slot is forgotten.
    Start { id: InstanceId, place: Slot, spec: NodeSpec, afresh: u64 },
    /// Start the process of a dead node again, as it was.
    Restart { id: InstanceId },
    /// Ask a process to finish and stop.
    Drain { id: InstanceId, purpose: Purpose },
    /// End a process that did not stop in time.
    Kill { id: InstanceId },
    /// Nothing is left of it.
    Forget { id: InstanceId },
}

/// What to do now, and when to look again if nothing happens before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub actions: Vec<Action>,
    pub next: Option<Duration>,
}

/// The id of the `n`th node of a service at a track, from 1: stable over restarts and updates.
/// `feed-api-fra1-2` at blue, `feed-api-fra1-g2` at green.
pub fn slot(place: &Slot, datacenter: &DatacenterId, n: u16) -> Result<InstanceId, IdError> {
    let (service, track) = place;
    let mark = match track {
        Track::Blue => "",
        Track::Green => "g",
    };
    InstanceId::new(&format!("{service}-{datacenter}-{mark}{n}"))
}

/// Decides. A target whose slots cannot be named (the precheck refuses such) is left alone.
pub fn plan(
    targets: &Targets,
    nodes: &BTreeMap<InstanceId, Node>,
    datacenter: &DatacenterId,
    now: Duration,
) -> Plan {
    let mut places: BTreeMap<&Slot, BTreeMap<&InstanceId, &Node>> = BTreeMap::new();
    for place in targets.keys() {
        places.entry(place).or_default();
    }
    for (id, node) in nodes {
        places.entry(&node.place).or_default().insert(id, node);
    }
    let mut plan = Plan::default();
    for (place, nodes) in places {
        let target = targets.get(place);
        let slots: Result<Vec<_>, _> =
            (1..=target.map_or(0, |t| t.spec.nodes)).map(|n| slot(place, datacenter, n)).collect();
        let Ok(slots) = slots else { continue };
        let wanted: BTreeSet<_> = slots.iter().collect();
        for (id, node) in &nodes {
            if !wanted.contains(id) {
                plan.remove(id, node, now);
            }
        }
        if let Some(target) = target {
            let turn = plan.turn(target, &slots, &nodes, now);
            for id in &slots {
                match nodes.get(id) {
                    Some(node) => plan.keep(id, node, target, turn == Turn::Of(id), now),
                    None if turn == Turn::Of(id) || turn == Turn::Everyone => {
                        plan.start(id, place, target, &NodeSpec::from(&target.spec));
                    }
                    None => {}
                }
            }
        }
    }
    plan
}

/// Whose turn it is to become what the target says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn<'a> {
    /// Nothing is out of date: all that is missing may start.
    Everyone,
    Of(&'a InstanceId),
    /// An updated node is not proven yet.
    Nobody,
}

impl Plan {
    fn turn<'a>(
        &mut self,
        target: &Target,
        slots: &'a [InstanceId],
        nodes: &BTreeMap<&InstanceId, &Node>,
        now: Duration,
    ) -> Turn<'a> {
        let spec = NodeSpec::from(&target.spec);
        let old = |id: &InstanceId| nodes.get(id).is_some_and(|node| node.spec != spec);
        if !slots.iter().any(old) {
            return Turn::Everyone;
        }
        for id in slots {
            let Some(node) = nodes.get(id) else { continue };
            let stops = matches!(node.phase, Phase::Draining { .. } | Phase::Stopped { .. });
            if !stops && old(id) {
                continue;
            }
            match &node.phase {
                Phase::Serving { since } if now >= *since + SETTLE => {}
                Phase::Serving { since } => {
                    self.look_at(*since + SETTLE);
                    return Turn::Nobody;
                }
                Phase::Starting { .. }
                | Phase::Unhealthy { .. }
                | Phase::Waiting { .. }
                | Phase::Draining { .. }
                | Phase::Stopped { .. } => return Turn::Nobody,
            }
        }
        // First what costs no serving node: empty slots, then nodes that do not serve.
        let serves = |id: &&InstanceId| match nodes.get(id) {
            None => 0,
            Some(node) if !matches!(node.phase, Phase::Serving { .. }) => 1,
            Some(_) => 2,
        };
        slots
            .iter()
            .filter(|id| old(id) || !nodes.contains_key(id))
            .min_by_key(serves)
            .map_or(Turn::Nobody, Turn::Of)
    }

    /// A node of a slot that is wanted.
    fn keep(&mut self, id: &InstanceId, node: &Node, target: &Target, turn: bool, now: Duration) {
        let afresh = target.afresh.get(id).copied().unwrap_or_default();
        let due = node.afresh < afresh;
        match &node.phase {
            Phase::Draining { kill_at, .. } => self.force(id, *kill_at, now),
            Phase::Stopped { purpose } => {
                let spec = match purpose {
                    // Not its turn for another version: the same one again.
                    Purpose::Afresh => node.spec.clone(),
                    Purpose::Update | Purpose::Remove => NodeSpec::from(&target.spec),
                };
                self.start(id, &node.place, target, &spec);
            }
            Phase::Waiting { .. } if turn => {
                self.start(id, &node.place, target, &NodeSpec::from(&target.spec));
            }
            Phase::Waiting { .. } if due => self.start(id, &node.place, target, &node.spec),
            Phase::Waiting { retry_at, .. } if now >= *retry_at => {
                self.actions.push(Action::Restart { id: id.clone() });
            }
            Phase::Waiting { retry_at, .. } => self.look_at(*retry_at),
            Phase::Starting { .. } | Phase::Serving { .. } | Phase::Unhealthy { .. } => {
                let purpose = match (turn, due) {
                    (true, _) => Purpose::Update,
                    (false, true) => Purpose::Afresh,
                    (false, false) => return,
                };
                let id = id.clone();
                self.actions.push(Action::Drain { id, purpose });
            }
        }
    }

    /// A node of a slot that is not wanted.
    fn remove(&mut self, id: &InstanceId, node: &Node, now: Duration) {
        match &node.phase {
            Phase::Draining { kill_at, .. } => self.force(id, *kill_at, now),
            Phase::Waiting { .. } | Phase::Stopped { .. } => {
                self.actions.push(Action::Forget { id: id.clone() });
            }
            Phase::Starting { .. } | Phase::Serving { .. } | Phase::Unhealthy { .. } => {
                let purpose = Purpose::Remove;
                let id = id.clone();
                self.actions.push(Action::Drain { id, purpose });
            }
        }
    }

    fn force(&mut self, id: &InstanceId, kill_at: Option<Duration>, now: Duration) {
        match kill_at {
            Some(at) if now >= at => self.actions.push(Action::Kill { id: id.clone() }),
            Some(at) => self.look_at(at),
            None => {}
        }
    }

    fn start(&mut self, id: &InstanceId, place: &Slot, target: &Target, spec: &NodeSpec) {
        self.actions.push(Action::Start {
            id: id.clone(),
            place: place.clone(),
            spec: spec.clone(),
            afresh: target.afresh.get(id).copied().unwrap_or_default(),
        });
    }

    fn look_at(&mut self, at: Duration) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
