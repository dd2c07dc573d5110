//! What a run does next: which steps begin, which are done, and what agents are asked for.
//!
//! Invariants: the same run and facts give the same decision; a step is done by what is observed,
//! never because something was sent; what is not known is waited for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::look::{Look, arrives, look};
use super::rules::Gates;
use super::run::REQUEST_VALID_MINUTES;
use super::{GroupPlan, Observed, Outcome, Run, State, Step, StepState, anew};
use crate::cluster::job::ClusterJob;
use crate::estate::Estate;
use crate::id::{DatacenterId, EdgeId, ServiceId};
use crate::rollout::EdgeFact;

/// What is known at one moment. What was not measured is absent, never zero.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub estate: &'a Estate,
    pub now: DateTime<Utc>,
    /// Whether the server's clock ran evenly in the last seconds: while it did not, ages say
    /// nothing, and nobody counts as silent.
    pub clock_even: bool,
    /// By edge of the fleet; one that never connected may be absent.
    pub edges: &'a BTreeMap<EdgeId, EdgeFact>,
    /// `None`: no edge is heard.
    pub answered: Option<&'a Answered>,
    /// The load of now, and who is heard: what safety rules are judged on.
    pub observed: &'a Observed,
    pub gates: &'a Gates,
}

/// Where requests were answered in the last seconds in which every connected edge was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// Requests and those of them that failed; without a data centre: no instance answered.
    pub counts: BTreeMap<ServiceId, BTreeMap<Option<DatacenterId>, (u64, u64)>>,
}

/// What follows from a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// The run as it is to be; `None`: as it is. Its revision is the writer's.
    pub run: Option<Run>,
    /// Told again until its report is there; ordered it is once, by its id.
    pub orders: Vec<Order>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub datacenter: DatacenterId,
    pub job: ClusterJob,
}

/// Looks at a run.
pub fn decide(run: &Run, facts: &Facts<'_>) -> Decision {
    let mut next = run.clone();
    let mut orders = Vec::new();
    match &run.state {
        State::Requested { .. } => {
            if facts.now - run.started_at > TimeDelta::minutes(REQUEST_VALID_MINUTES) {
                let why = format!("nobody allowed it within {REQUEST_VALID_MINUTES} minutes");
                let outcome = Outcome::Refused { by: None, why };
                next.state = State::Ended { outcome, at: facts.now };
            }
        }
        State::Running | State::Pausing { .. } | State::Asking { .. } => {
            advance(run, facts, &mut next, &mut orders);
            settle(&mut next, facts.now);
        }
        State::Paused { .. } | State::Ended { .. } => {}
    }
    Decision { run: (next != *run).then_some(next), orders }
}

/// Looks at the steps that run, and begins those that may.
fn advance(run: &Run, facts: &Facts<'_>, next: &mut Run, orders: &mut Vec<Order>) {
    for (group, step) in run.plan.steps() {
        match run.steps.get(&step.id) {
            None => {
                // One that asks stops those after it in the same look.
                let goes = |it: &Run| matches!(it.state, State::Running);
                if goes(run) && goes(next) && may_begin(run, step) {
                    begin(run, (group, step), facts, next);
                }
            }
            Some(StepState::Running { since, attempt, .. }) => {
                // A clock that was set back would have it begin in the future.
                let since = (*since).min(facts.now);
                let running = Running { run, group, step, since, attempt: *attempt };
                let (state, order) = running.look(facts);
                next.steps.insert(step.id.clone(), state);
                orders.extend(order);
            }
            Some(StepState::Done { .. } | StepState::Failed { .. } | StepState::Skipped { .. }) => {
            }
        }
    }
}

/// Begins a step, or asks a person: what was ready when the run came by may have died since, and a
/// safety rule that held then may forbid it now.
fn begin(run: &Run, (group, step): (&GroupPlan, &Step), facts: &Facts<'_>, next: &mut Run) {
    let (since, seen) = (facts.now, String::new());
    let asks = |why, rules| State::Asking { step: step.id.clone(), why, rules, since };
    match arrives(group, step, facts) {
        Look::Done(_) => {}
        Look::Waits(_) => return,
        Look::Failed(why) => {
            next.state = asks(why, BTreeSet::new());
            return;
        }
    }
    let broken = anew::broken(run, group, step, facts);
    if broken.is_empty() {
        next.steps.insert(step.id.clone(), StepState::Running { since, seen, attempt: 1 });
    } else if facts.clock_even {
        // Right after the server's clock was set nobody is heard, which says nothing of a rule.
        next.state = asks(anew::why(&broken), anew::names(&broken));
    }
}

/// Whether everything that a step waits for is past.
pub fn may_begin(run: &Run, step: &Step) -> bool {
    step.after.iter().all(|id| run.steps.get(id).is_some_and(StepState::is_past))
}

/// What the run as a whole comes to.
fn settle(next: &mut Run, now: DateTime<Utc>) {
    let failed = next.steps.iter().find_map(|(id, state)| match state {
        StepState::Failed { why, .. } => Some((id.clone(), why.clone())),
        StepState::Running { .. } | StepState::Done { .. } | StepState::Skipped { .. } => None,
    });
    let running = next.steps.values().any(|it| matches!(it, StepState::Running { .. }));
    let (past, all) = next.progress();
    match (&next.state, failed) {
        (State::Asking { .. }, _) => {}
        (_, Some((step, why))) => {
            let rules = BTreeSet::new();
            next.state = State::Asking { step, why, rules, since: now };
        }
        (State::Running | State::Pausing { .. }, None) if past == all => {
            next.state = State::Ended { outcome: Outcome::Done, at: now };
        }
        (State::Pausing { by }, None) if !running => {
            next.state = State::Paused { by: by.clone(), since: now };
        }
        (_, None) => {}
    }
}

/// A step that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running<'a> {
    pub run: &'a Run,
    pub group: &'a GroupPlan,
    pub step: &'a Step,
    pub since: DateTime<Utc>,
    pub attempt: u16,
}

impl Running<'_> {
    fn look(&self, facts: &Facts<'_>) -> (StepState, Option<Order>) {
        let (since, attempt, at) = (self.since, self.attempt, facts.now);
        let (found, order) = look(self, facts);
        let state = match found {
            Look::Waits(seen) => StepState::Running { since, seen, attempt },
            Look::Done(seen) => StepState::Done { since, at, seen },
            Look::Failed(why) => StepState::Failed { since, at, why, attempt },
        };
        (state, order)
    }
}
