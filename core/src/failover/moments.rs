//! The moments of a run in which a service has least: what stands when a step that takes something
//! away has begun, in the worst order that the plan allows.
//!
//! Of all steps that add something, those are counted that are past by then in every order; of
//! those that take away, also each that may have begun meanwhile. So what holds of these moments
//! holds of every state from then on, as long as nobody skips a step and what was observed stays
//! as it was; before, a run only gives.

use std::collections::{BTreeMap, BTreeSet};

use super::{Act, GroupPlan, Observed, Plan, Standing, Step, StepId};
use crate::estate::Estate;
use crate::fleet::Fleet;
use crate::id::{DatacenterId, ServiceId};
use crate::placement;
use crate::status::Status;

/// Where a service is served in such a moment, with how many nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The step that takes something away.
    pub step: StepId,
    pub nodes: BTreeMap<DatacenterId, u64>,
}

/// What plans and their moments are judged with.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub fleet: &'a Fleet,
    pub observed: &'a Observed,
    pub standing: &'a Standing,
    pub plan: &'a Plan,
    /// In which no more nodes count than are seen to serve; `None`: as many as there are to be.
    pub seen: Option<&'a Estate>,
}

/// The moments of each service that a plan takes something from.
pub fn moments(ground: &Ground<'_>) -> BTreeMap<ServiceId, Vec<Moment>> {
    let mut moments: BTreeMap<ServiceId, Vec<Moment>> = BTreeMap::new();
    for group in &ground.plan.groups {
        let order = Order::of(group);
        let mut services: BTreeMap<&ServiceId, Vec<&Step>> = BTreeMap::new();
        for step in &group.steps {
            if let Some(id) = service(&step.act) {
                services.entry(id).or_default().push(step);
            }
        }
        for (id, steps) in services {
            for step in steps.iter().filter(|step| takes(&step.act)) {
                let nodes = ground.left(id, step, &steps, &order);
                let moment = Moment { step: step.id.clone(), nodes };
                moments.entry(id.clone()).or_default().push(moment);
            }
        }
    }
    moments
}

impl Ground<'_> {
    /// Where a service is served once `taking` has begun; `steps`: all of the service.
    fn left(
        &self,
        id: &ServiceId,
        taking: &Step,
        steps: &[&Step],
        order: &Order<'_>,
    ) -> BTreeMap<DatacenterId, u64> {
        let mut nodes = self.nodes(id);
        let mut away = self.standing.away(id);
        for step in steps {
            let (Some(from), Some(to)) = (&step.from, &step.to) else { continue };
            let past = order.waits(taking, &step.id);
            let begun = !order.waits(step, &taking.id);
            match &step.act {
                Act::Scale(_) | Act::Start(_) if past => {
                    *nodes.entry(to.clone()).or_default() += u64::from(step.nodes);
                }
                Act::ReturnTraffic(_) if past => {
                    away.remove(to);
                }
                Act::ShiftTraffic(_) if begun => {
                    away.insert(from.clone());
                }
                Act::Release(_) if begun => {
                    let there = nodes.entry(from.clone()).or_default();
                    *there = there.saturating_sub(step.nodes.into());
                }
                Act::Precheck(_)
                | Act::Scale(_)
                | Act::Start(_)
                | Act::StopWrites(_)
                | Act::WaitForReplica(_)
                | Act::Promote(_)
                | Act::Verify(_)
                | Act::ShiftTraffic(_)
                | Act::Observe(_)
                | Act::ReturnTraffic(_)
                | Act::Release(_) => {}
            }
        }
        // What goes away does not count from the beginning; what is returned to does.
        let lost = |at: &DatacenterId| self.plan.back.is_none() && self.plan.lose.contains(at);
        nodes.retain(|at, nodes| {
            *nodes > 0 && !lost(at) && !away.contains(at) && self.observed.is_heard(at)
        });
        nodes
    }

    /// Nodes of a service as they are to be before the plan, or as they are seen to be.
    fn nodes(&self, id: &ServiceId) -> BTreeMap<DatacenterId, u64> {
        let Some(service) = self.fleet.services.get(id) else { return BTreeMap::new() };
        let declared = placement::datacenters(self.fleet, service).into_iter();
        let mut nodes: BTreeMap<_, _> =
            declared.map(|datacenter| (datacenter, u64::from(service.nodes))).collect();
        for datacenter in self.standing.places(id) {
            let extra = u64::from(self.standing.extra(id, &datacenter));
            *nodes.entry(datacenter).or_default() += extra;
        }
        for (datacenter, nodes) in &mut nodes {
            if let Some(estate) = self.seen {
                let healthy = estate.cell(id, datacenter);
                let healthy = healthy.filter(|(_, status)| *status == Status::Healthy).count();
                *nodes = (*nodes).min(healthy.try_into().unwrap_or(u64::MAX));
            }
        }
        nodes
    }
}

fn service(act: &Act) -> Option<&ServiceId> {
    match act {
        Act::Scale(id)
        | Act::Start(id)
        | Act::ShiftTraffic(id)
        | Act::ReturnTraffic(id)
        | Act::Release(id) => Some(id),
        Act::Precheck(_)
        | Act::StopWrites(_)
        | Act::WaitForReplica(_)
        | Act::Promote(_)
        | Act::Verify(_)
        | Act::Observe(_) => None,
    }
}

/// Whether a service has less when it has begun.
const fn takes(act: &Act) -> bool {
    match act {
        Act::ShiftTraffic(_) | Act::Release(_) => true,
        Act::Precheck(_)
        | Act::Scale(_)
        | Act::Start(_)
        | Act::StopWrites(_)
        | Act::WaitForReplica(_)
        | Act::Promote(_)
        | Act::Verify(_)
        | Act::Observe(_)
        | Act::ReturnTraffic(_) => false,
    }
}

/// Which steps of a group are past before another one begins.
struct Order<'a> {
    steps: BTreeMap<&'a StepId, &'a Step>,
    /// Of each step that others wait for: itself, and all that it waits for.
    reach: BTreeMap<&'a StepId, BTreeSet<&'a StepId>>,
}

impl<'a> Order<'a> {
    fn of(group: &'a GroupPlan) -> Self {
        let steps = group.steps.iter().map(|step| (&step.id, step)).collect();
        let mut order = Self { steps, reach: BTreeMap::new() };
        for id in group.steps.iter().flat_map(|step| &step.after) {
            order.find(id);
        }
        order
    }

    /// Fills in the reach of a step, those that it waits for first.
    fn find(&mut self, id: &'a StepId) {
        let mut open = vec![id];
        while let Some(id) = open.last().copied() {
            let Some(step) = self.steps.get(id).copied().filter(|_| !self.reach.contains_key(id))
            else {
                open.pop();
                continue;
            };
            let missing = |before: &&'a StepId| {
                self.steps.contains_key(*before)
                    && !self.reach.contains_key(*before)
                    && !open.contains(before)
            };
            let missing: Vec<_> = step.after.iter().filter(missing).collect();
            if missing.is_empty() {
                let before = step.after.iter().filter_map(|before| self.reach.get(before));
                let mut reach: BTreeSet<_> = before.flatten().copied().collect();
                reach.insert(&step.id);
                self.reach.insert(&step.id, reach);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
    }

    /// Whether a step begins only when the other one is past.
    fn waits(&self, step: &Step, other: &StepId) -> bool {
        step.after.iter().any(|id| self.reach.get(id).is_some_and(|reach| reach.contains(other)))
    }
}
