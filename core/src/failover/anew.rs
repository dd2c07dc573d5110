//! Safety rules judged anew while a run goes: what held when it began may not hold any more.
//!
//! They are judged where the run would take something: before the first step of a group, on all
//! that is left of the plan there; and before each step that moves requests or takes nodes away,
//! on the nodes that are seen to serve in that moment. A leader that is on its way from one data
//! centre to another is not held up in between.
//!
//! Invariant: a step that a rule forbids does not begin, and the run asks; a rule that somebody
//! overrode by its name, at the start or since, asks no more in this run.

use std::collections::BTreeSet;

use super::decide::Facts;
use super::moments::Ground;
use super::rules::{Holds, Judged, Rule, judge};
use super::{Act, GroupPlan, Plan, Run, Step};
use crate::id::ServiceId;

/// Rules that forbid a step to begin now, and that nobody overrode.
pub(super) fn broken(run: &Run, group: &GroupPlan, step: &Step, facts: &Facts<'_>) -> Vec<Judged> {
    let (of, seen) = match (moved(&step.act), begins(run, group)) {
        (Some(service), _) => (Some(service), Some(facts.estate)),
        (None, true) => (None, None),
        (None, false) => return Vec::new(),
    };
    let plan = left(run, group, of);
    let ground = Ground {
        fleet: &facts.estate.fleet,
        observed: facts.observed,
        standing: &facts.estate.releases.standing,
        plan: &plan,
        seen,
    };
    let mut judged = judge(&ground, facts.gates, facts.now);
    judged
        .retain(|it| asks(it.rule) && it.holds != Holds::Yes && !run.overridden.contains(&it.rule));
    judged
}

/// The rules in words, each with its name: what the run asks about.
pub(super) fn why(broken: &[Judged]) -> String {
    let each = broken.iter().map(|it| format!("{}: {}", it.rule.name(), it.sentence));
    format!("safety rules do not hold any more: {}", each.collect::<Vec<_>>().join("; "))
}

/// Whether a rule can come to forbid what has begun. To wait after the run before is of a start.
const fn asks(rule: Rule) -> bool {
    match rule {
        Rule::ServingLeast | Rule::Capacity | Rule::Lock | Rule::Freeze => true,
        Rule::Wait => false,
    }
}

/// Whether nothing of a group was begun so far. Who skips its first step skips no rule.
fn begins(run: &Run, group: &GroupPlan) -> bool {
    !group.steps.iter().any(|step| run.stands(&step.id))
}

/// The service that a step moves requests of, or takes nodes from.
const fn moved(act: &Act) -> Option<&ServiceId> {
    match act {
        Act::ShiftTraffic(id) | Act::ReturnTraffic(id) | Act::Release(id) => Some(id),
        Act::Precheck(_)
        | Act::Scale(_)
        | Act::Start(_)
        | Act::StopWrites(_)
        | Act::WaitForReplica(_)
        | Act::Promote(_)
        | Act::Verify(_)
        | Act::Observe(_) => None,
    }
}

/// What is left of a plan in a group: of one service, or of all.
fn left(run: &Run, group: &GroupPlan, of: Option<&ServiceId>) -> Plan {
    let concerns = |step: &Step| match (&step.act, of) {
        (_, None) => true,
        (
            Act::Scale(id)
            | Act::Start(id)
            | Act::ShiftTraffic(id)
            | Act::ReturnTraffic(id)
            | Act::Release(id),
            Some(of),
        ) => id == of,
        (
            Act::Precheck(_)
            | Act::StopWrites(_)
            | Act::WaitForReplica(_)
            | Act::Promote(_)
            | Act::Verify(_)
            | Act::Observe(_),
            Some(_),
        ) => true,
    };
    let waits = |step: &&Step| !run.steps.contains_key(&step.id) && concerns(step);
    let Plan { lose, scope, back, .. } = &run.plan;
    let group = GroupPlan {
        id: group.id.clone(),
        priority: group.priority,
        steps: group.steps.iter().filter(waits).cloned().collect(),
        stays_down: Vec::new(),
    };
    Plan { lose: lose.clone(), scope: scope.clone(), back: *back, groups: vec![group] }
}

/// The names of rules.
pub(super) fn names(broken: &[Judged]) -> BTreeSet<Rule> {
    broken.iter().map(|it| it.rule).collect()
}
