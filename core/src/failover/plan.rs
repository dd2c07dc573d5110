//! The planner: groups one after another, inside a group in parallel but for what depends.
//!
//! A plan depends on what is declared, who is heard, who leads and what former runs left standing,
//! not on load or lag: the same situation gives the same plan and hash.

use std::collections::{BTreeMap, BTreeSet};

use super::target::{Ground, Moves};
use super::{Act, GroupPlan, Observed, Plan, Run, Scope, Standing, StaysDown, Step, StepId};
use crate::failover::lint;
use crate::fleet::{Fleet, Service};
use crate::id::{DatabaseId, DatacenterId, GroupId, ServiceId};

/// What moves where when these data centres go away.
pub fn plan(
    fleet: &Fleet,
    observed: &Observed,
    standing: &Standing,
    lose: &BTreeSet<DatacenterId>,
    scope: &Scope,
) -> Plan {
    let ground = Ground { fleet, observed, standing, lose };
    let free = lint::acyclic(fleet);
    let mut groups = Vec::new();
    let mut above = None;
    for (id, group) in fleet.groups_by_priority() {
        let part = Part { ground, group: id, scope, free: &free };
        let (steps, stays_down) = part.steps(above.as_ref());
        above = steps.last().map(|step| step.id.clone()).or(above);
        if !steps.is_empty() || !stays_down.is_empty() {
            let priority = group.priority;
            groups.push(GroupPlan { id: id.clone(), priority, steps, stays_down });
        }
    }
    Plan { lose: lose.clone(), scope: scope.clone(), back: None, groups }
}

/// One group.
struct Part<'a> {
    ground: Ground<'a>,
    group: &'a GroupId,
    scope: &'a Scope,
    /// Dependencies between services without those that go in a circle.
    free: &'a BTreeMap<ServiceId, BTreeSet<ServiceId>>,
}

impl Part<'_> {
    fn steps(&self, above: Option<&StepId>) -> (Vec<Step>, Vec<StaysDown>) {
        let fleet = self.ground.fleet;
        let services: Vec<_> = fleet
            .services_of(self.group)
            .filter(|(id, service)| !service.retired && self.concerns(id))
            .map(|(id, service)| (id, service, self.ground.moves(id, service)))
            .collect();
        let down = services.iter().flat_map(|(id, _, moves)| {
            let reason = |(_, reason): &(_, String)| reason.clone();
            let down = moves.down.iter().map(reason);
            down.map(|reason| StaysDown { service: (*id).clone(), reason })
        });
        let down = down.collect();
        let precheck = self.id("precheck", &[]);
        let databases = self.databases(&precheck);
        let moved: BTreeMap<_, _> =
            services.iter().map(|(id, _, moves)| ((*id).clone(), moves)).collect();
        let mut steps = databases;
        for (id, service, moves) in &services {
            steps.extend(self.service(id, service, moves, &moved, &precheck));
        }
        if steps.is_empty() {
            return (steps, down);
        }
        let step = |id, act, after| Step { id, act, from: None, to: None, nodes: 0, after };
        let all =
            steps.iter().filter(|step| matches!(step.act, Act::Verify(_) | Act::ShiftTraffic(_)));
        let all = all.map(|step| step.id.clone()).collect();
        let group = self.group.clone();
        let observe = step(self.id("observe", &[]), Act::Observe(group.clone()), all);
        let first = step(precheck, Act::Precheck(group), above.cloned().into_iter().collect());
        steps.insert(0, first);
        steps.push(observe);
        (steps, down)
    }

    fn concerns(&self, service: &ServiceId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Group { group } => group == self.group,
            Scope::Service { service: only } => only == service,
        }
    }

    fn id(&self, kind: &str, parts: &[&str]) -> StepId {
        let parts = [self.group.as_str(), kind].into_iter().chain(parts.iter().copied());
        StepId(parts.collect::<Vec<_>>().join("/"))
    }

    /// Databases whose leader is lost.
    fn databases(&self, precheck: &StepId) -> Vec<Step> {
        let fleet = self.ground.fleet;
        let whole = match self.scope {
            Scope::All => true,
            Scope::Group { group } => group == self.group,
            Scope::Service { .. } => false,
        };
        let of_group = |it: &&DatabaseId| whole && fleet.databases[*it].group == *self.group;
        let mut steps = Vec::new();
        for id in fleet.databases.keys().filter(of_group) {
            let database = &fleet.databases[id];
            let Some(leader) = self.ground.leader(id, database) else { continue };
            if !self.ground.lose.contains(&leader) {
                continue;
            }
            let Some(target) = self.ground.standby(database) else { continue };
            let make = |kind: &str| self.id(kind, &[id.as_str()]);
            steps.extend(promotion(id, &leader, &target, precheck, make));
        }
        steps
    }

    fn service(
        &self,
        id: &ServiceId,
        service: &Service,
        moves: &Moves,
        moved: &BTreeMap<ServiceId, &Moves>,
        precheck: &StepId,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for (to, (nodes, from)) in &moves.nodes {
            let stands = self.ground.nodes(id, service, to) > 0;
            let (kind, act) = match stands {
                true => ("scale", Act::Scale(id.clone())),
                false => ("start", Act::Start(id.clone())),
            };
            steps.push(Step {
                id: self.id(kind, &[id.as_str(), to.as_str()]),
                act,
                from: Some(from.clone()),
                to: Some(to.clone()),
                nodes: *nodes,
                after: vec![precheck.clone()],
            });
        }
        let mut after: Vec<_> = steps.iter().map(|step| step.id.clone()).collect();
        after.extend(self.needed(id, service, moved));
        if after.is_empty() {
            after.push(precheck.clone());
        }
        for (from, targets) in &moves.shifts {
            steps.push(Step {
                id: self.shift(id, from),
                act: Act::ShiftTraffic(id.clone()),
                from: Some(from.clone()),
                to: targets.first().cloned(),
                nodes: 0,
                after: after.clone(),
            });
        }
        steps
    }

    fn shift(&self, service: &ServiceId, from: &DatacenterId) -> StepId {
        self.id("shift-traffic", &[service.as_str(), from.as_str()])
    }

    /// What has to be there before requests come: services and databases it depends on, as far as
    /// this plan moves them; the group's databases if nothing is declared.
    fn needed(
        &self,
        id: &ServiceId,
        service: &Service,
        moved: &BTreeMap<ServiceId, &Moves>,
    ) -> Vec<StepId> {
        let fleet = self.ground.fleet;
        let declared = &service.depends_on;
        let silent = declared.databases.is_empty() && declared.services.is_empty();
        let databases = fleet.databases.iter().filter(|(name, database)| {
            let wanted = silent || declared.databases.contains(*name);
            wanted && database.group == *self.group && self.scope_moves_databases()
        });
        let verified = databases.filter(|(name, database)| {
            let leader = self.ground.leader(name, database);
            leader.is_some_and(|it| self.ground.lose.contains(&it))
                && self.ground.standby(database).is_some()
        });
        let verified = verified.map(|(name, _)| self.id("verify", &[name.as_str()]));
        let services = self.free.get(id).into_iter().flatten().filter_map(|needed| {
            let shifts = &moved.get(needed)?.shifts;
            Some(shifts.iter().map(|(from, _)| self.shift(needed, from)).collect::<Vec<_>>())
        });
        verified.chain(services.flatten()).collect()
    }

    fn scope_moves_databases(&self) -> bool {
        !matches!(self.scope, Scope::Service { .. })
    }
}

/// A leader that moves.
fn promotion(
    id: &DatabaseId,
    from: &DatacenterId,
    to: &DatacenterId,
    first: &StepId,
    name: impl Fn(&str) -> StepId,
) -> Vec<Step> {
    let acts = [
        ("stop-writes", Act::StopWrites(id.clone())),
        ("wait-for-replica", Act::WaitForReplica(id.clone())),
        ("promote", Act::Promote(id.clone())),
        ("verify", Act::Verify(id.clone())),
    ];
    let mut before = first.clone();
    let step = |(kind, act)| {
        let id = name(kind);
        let after = vec![std::mem::replace(&mut before, id.clone())];
        Step { id, act, from: Some(from.clone()), to: Some(to.clone()), nodes: 0, after }
    };
    acts.into_iter().map(step).collect()
}

/// The way back from a run: what it did and still stands, taken back in the same order of groups.
/// Nodes that stood in go when their group is observed where it was.
pub fn fail_back(run: &Run, observed: &Observed, standing: &Standing) -> Plan {
    let mut groups = Vec::new();
    let mut above: Option<StepId> = None;
    for group in &run.plan.groups {
        let stands: Vec<_> = group
            .steps
            .iter()
            .filter(|step| run.stands(&step.id) && still(step, observed, standing))
            .collect();
        if stands.is_empty() {
            continue;
        }
        let steps = back(&group.id, &stands, above.take());
        above = Some(back_id(&group.id, "observe", &[]));
        let (id, priority) = (group.id.clone(), group.priority);
        groups.push(GroupPlan { id, priority, steps, stays_down: Vec::new() });
    }
    let (lose, scope) = (run.plan.lose.clone(), run.plan.scope.clone());
    Plan { lose, scope, back: Some(run.id), groups }
}

fn back_id(group: &GroupId, kind: &str, parts: &[&str]) -> StepId {
    let parts = [group.as_str(), kind].into_iter().chain(parts.iter().copied());
    StepId(parts.collect::<Vec<_>>().join("/"))
}

/// The steps that take back what stands of a group.
fn back(group: &GroupId, stands: &[&Step], above: Option<StepId>) -> Vec<Step> {
    let name = |kind: &str, parts: &[&str]| back_id(group, kind, parts);
    let (precheck, observe) = (name("precheck", &[]), name("observe", &[]));
    let (mut leaders, mut returns, mut releases) = (Vec::new(), Vec::new(), Vec::new());
    for step in stands {
        let (Some(from), Some(to)) = (&step.from, &step.to) else { continue };
        let turned = |id, act, nodes, after| Step {
            id,
            act,
            from: Some(to.clone()),
            to: Some(from.clone()),
            nodes,
            after,
        };
        match &step.act {
            Act::Promote(id) => {
                let kinds = |kind: &str| name(kind, &[id.as_str()]);
                leaders.extend(promotion(id, to, from, &precheck, kinds));
            }
            Act::ShiftTraffic(id) => {
                let own = name("return-traffic", &[id.as_str(), from.as_str()]);
                returns.push(turned(own, Act::ReturnTraffic(id.clone()), 0, Vec::new()));
            }
            Act::Scale(id) | Act::Start(id) => {
                let own = name("release", &[id.as_str(), to.as_str()]);
                let act = Act::Release(id.clone());
                releases.push(turned(own, act, step.nodes, vec![observe.clone()]));
            }
            Act::Precheck(_)
            | Act::StopWrites(_)
            | Act::WaitForReplica(_)
            | Act::Verify(_)
            | Act::Observe(_)
            | Act::ReturnTraffic(_)
            | Act::Release(_) => {}
        }
    }
    let verified = leaders.iter().filter(|step: &&Step| matches!(step.act, Act::Verify(_)));
    let verified: Vec<_> = verified.map(|step| step.id.clone()).collect();
    let or_precheck = |ids: Vec<StepId>| if ids.is_empty() { vec![precheck.clone()] } else { ids };
    for step in &mut returns {
        step.after = or_precheck(verified.clone());
    }
    let ends = returns.iter().map(|step| step.id.clone()).chain(verified).collect();
    let bare = |id, act, after| Step { id, act, from: None, to: None, nodes: 0, after };
    let last = bare(observe, Act::Observe(group.clone()), or_precheck(ends));
    let first = bare(precheck, Act::Precheck(group.clone()), above.into_iter().collect());
    [vec![first], leaders, returns, vec![last], releases].concat()
}

/// Whether what a step changed is so now: another run may have taken it back.
fn still(step: &Step, observed: &Observed, standing: &Standing) -> bool {
    let (Some(from), Some(to)) = (&step.from, &step.to) else { return false };
    match &step.act {
        Act::ShiftTraffic(id) => standing.is_away(id, from),
        Act::Scale(id) | Act::Start(id) => standing.extra(id, to) > 0,
        Act::Promote(id) => {
            let leader = observed.databases.get(id).and_then(|it| it.leader.as_ref());
            leader.is_none_or(|leader| leader == to)
        }
        Act::Precheck(_)
        | Act::StopWrites(_)
        | Act::WaitForReplica(_)
        | Act::Verify(_)
        | Act::Observe(_)
        | Act::ReturnTraffic(_)
        | Act::Release(_) => false,
    }
}
