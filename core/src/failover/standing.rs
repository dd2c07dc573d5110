//! What runs leave standing: where requests do not go any more, and nodes that stand in.
//!
//! It follows from the steps of all runs whose effects were not taken back, in the order in which
//! they began; there is no second place to forget to change.

use std::collections::{BTreeMap, BTreeSet};

use super::{Act, Run};
use crate::id::{DatacenterId, ServiceId};

/// What differs from the fleet file because of failovers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    away: BTreeMap<ServiceId, BTreeSet<DatacenterId>>,
    extra: BTreeMap<ServiceId, BTreeMap<DatacenterId, u16>>,
}

/// What stands after these runs, the oldest first.
pub fn standing<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Standing {
    let mut standing = Standing::default();
    for run in runs {
        for (_, step) in run.plan.steps().filter(|(_, step)| run.stands(&step.id)) {
            let (Some(from), Some(to)) = (&step.from, &step.to) else { continue };
            match &step.act {
                Act::ShiftTraffic(service) => {
                    standing.away.entry(service.clone()).or_default().insert(from.clone());
                }
                Act::ReturnTraffic(service) => {
                    if let Some(away) = standing.away.get_mut(service) {
                        away.remove(to);
                    }
                }
                Act::Scale(service) | Act::Start(service) => {
                    let nodes = standing.extra.entry(service.clone()).or_default();
                    let nodes = nodes.entry(to.clone()).or_default();
                    *nodes = nodes.saturating_add(step.nodes);
                }
                Act::Release(service) => {
                    let nodes = standing.extra.get_mut(service).and_then(|it| it.get_mut(from));
                    if let Some(nodes) = nodes {
                        *nodes = nodes.saturating_sub(step.nodes);
                    }
                }
                Act::Precheck(_)
                | Act::StopWrites(_)
                | Act::WaitForReplica(_)
                | Act::Promote(_)
                | Act::Verify(_)
                | Act::Observe(_) => {}
            }
        }
    }
    standing.away.retain(|_, away| !away.is_empty());
    for nodes in standing.extra.values_mut() {
        nodes.retain(|_, nodes| *nodes > 0);
    }
    standing.extra.retain(|_, nodes| !nodes.is_empty());
    standing
}

impl Standing {
    /// Whether requests to the service go to this data centre only if no other answers.
    pub fn is_away(&self, service: &ServiceId, datacenter: &DatacenterId) -> bool {
        self.away.get(service).is_some_and(|away| away.contains(datacenter))
    }

    /// Data centres that get requests to the service only if no other answers.
    pub fn away(&self, service: &ServiceId) -> BTreeSet<DatacenterId> {
        self.away.get(service).cloned().unwrap_or_default()
    }

    /// Nodes of the service there on top of those that are declared.
    pub fn extra(&self, service: &ServiceId, datacenter: &DatacenterId) -> u16 {
        let nodes = self.extra.get(service).and_then(|it| it.get(datacenter));
        nodes.copied().unwrap_or_default()
    }

    /// Where nodes of the service stand in.
    pub fn places(&self, service: &ServiceId) -> BTreeSet<DatacenterId> {
        self.extra.get(service).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.away.is_empty() && self.extra.is_empty()
    }
}
