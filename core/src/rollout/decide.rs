//! What happens next to a rollout, by itself.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::change::{back, promoted};
use super::gates::{
    self, Gate, READY_WITHIN, acknowledged, alarm, away, behind, heard, lacks, settled, watched,
};
use super::{Back, Change, Ending, Facts, PauseReason, Position, Rollout, State, StopReason, WARM};
use crate::bench::{Bench, Check, On, Test, TestState};
use crate::fleet::{Fleet, Strategy};
use crate::id::{DatacenterId, EdgeId, InstanceId, ServiceId};

/// How long the edges' logs must show no request on a version before it counts as left.
pub const QUIET: TimeDelta = TimeDelta::seconds(2);
/// How long a node's test may take beside its loads, before it counts as not made.
const TEST_SLACK: TimeDelta = TimeDelta::seconds(60);

/// What is to be done now. The same facts give the same decision, so that a decision that was not
/// written is made again, and one that was written is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// To be written; `None`: all stays as it is.
    pub change: Option<Change>,
    /// A test to be ordered from the agent of a data centre. It is told again until its report is
    /// there; its id makes it one order.
    pub test: Option<(DatacenterId, Test)>,
    /// What the rollout waits for, and what is to be known meanwhile.
    pub waits: Vec<Wait>,
    /// When time alone may change the decision.
    pub look_at: Option<DateTime<Utc>>,
}

/// What a rollout waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Wait {
    /// Instances come up.
    Instances { datacenter: DatacenterId, serving: u16, wanted: u16 },
    /// A data centre is not heard; a person is asked at `until`.
    Agent { datacenter: DatacenterId, until: DateTime<Utc> },
    /// A node is being tested.
    Test { datacenter: DatacenterId, instance: InstanceId },
    /// An edge has yet to acknowledge.
    Acknowledgement { edge: EdgeId, until: DateTime<Utc> },
    /// An edge refuses the way back; its own words.
    Refused { edge: EdgeId, message: String },
    /// An edge is not connected. It holds nothing up, and goes on with what it was told last.
    Away { edge: EdgeId },
    /// An edge is away, and as far as is known it still sends requests to the version that would
    /// go. It stays until the edge is back, or a person ends the rollout.
    Behind { edge: EdgeId },
    /// No edge is connected, so that nobody can tell that a version is left.
    NoEdge,
    /// The watch time runs.
    Watch { until: DateTime<Utc> },
    /// The watch time is over and the analysis undecided; a person is asked at `until`.
    Analysis { until: DateTime<Utc> },
    /// The edges' logs are not complete so far, or still show requests on the new version.
    Logs { heard_until: Option<DateTime<Utc>>, last_request: Option<DateTime<Utc>> },
    /// The version that was left is kept for going back.
    Warm { until: DateTime<Utc> },
    /// A person says what next.
    Person,
}

/// Decides. Never fails, never promotes on what is unknown, and never leaves [`State::Paused`],
/// [`State::RolledBack`] or [`State::Ended`] towards the new version.
pub fn decide(rollout: &Rollout, facts: &Facts<'_>) -> Decision {
    match &rollout.state {
        State::Preparing { at, since, .. } => preparing(rollout, *at, *since, facts),
        State::Testing { at, since, instance, test } => {
            testing(rollout, *at, *since, instance, test, facts)
        }
        State::Shifting { at, .. } => shifting(rollout, *at, facts),
        State::Watching { at, since } => watching(rollout, *at, *since, facts),
        State::Paused { weighed, .. } => match alarm(rollout, facts, *weighed) {
            Some(why) => Decision::back(rollout, why, facts),
            None => Decision::wait([Wait::Person]),
        },
        State::Promoted { warm_until, .. } => promoted_warm(rollout, *warm_until, facts),
        State::RollingBack { stage: Back::Starting, since, .. } => starting(rollout, *since, facts),
        State::RollingBack { stage: Back::Shifting, since, .. } => leaving(rollout, *since, facts),
        State::RolledBack { undo_until, why, .. } => {
            let outcome = Ending::RolledBack { why: why.clone() };
            over_at(rollout, *undo_until, outcome, facts)
        }
        State::Ended { .. } => Decision::default(),
    }
}

impl Decision {
    fn change(change: impl Into<Change>) -> Self {
        Self { change: Some(change.into()), ..Self::default() }
    }

    fn wait(waits: impl IntoIterator<Item = Wait>) -> Self {
        let waits: Vec<_> = waits.into_iter().collect();
        let look_at = waits.iter().filter_map(Wait::until).min();
        Self { waits, look_at, ..Self::default() }
    }

    fn back(rollout: &Rollout, why: StopReason, facts: &Facts<'_>) -> Self {
        let reason = why.to_string();
        Self::change(back(rollout, why, reason, facts.now))
    }
}

impl Wait {
    const fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Agent { until, .. }
            | Self::Acknowledgement { until, .. }
            | Self::Watch { until }
            | Self::Analysis { until }
            | Self::Warm { until } => Some(*until),
            Self::Instances { .. }
            | Self::Test { .. }
            | Self::Refused { .. }
            | Self::Away { .. }
            | Self::Behind { .. }
            | Self::NoEdge
            | Self::Logs { .. }
            | Self::Person => None,
        }
    }
}

/// Stands still. What was being prepared for weights that were never given is not held against
/// those that hold meanwhile.
pub(super) fn paused(state: &State, why: PauseReason, now: DateTime<Utc>) -> Option<State> {
    let (at, weighed) = match state {
        State::Preparing { held: Some(held), .. } => (*held, true),
        State::Preparing { at, held: None, .. } | State::Testing { at, .. } => (*at, false),
        State::Shifting { at, .. } | State::Watching { at, .. } => (*at, true),
        State::Paused { .. }
        | State::Promoted { .. }
        | State::RollingBack { .. }
        | State::RolledBack { .. }
        | State::Ended { .. } => return None,
    };
    Some(State::Paused { at, since: now, why, weighed })
}

fn pause(rollout: &Rollout, why: PauseReason, facts: &Facts<'_>) -> Decision {
    let paused = paused(&rollout.state, why, facts.now);
    Decision { change: paused.map(Change::from), ..Decision::default() }
}

fn preparing(rollout: &Rollout, at: Position, since: DateTime<Utc>, facts: &Facts<'_>) -> Decision {
    if let Some(why) = alarm(rollout, facts, false) {
        return Decision::back(rollout, why, facts);
    }
    match heard(rollout, at, facts) {
        Gate::Go => {}
        Gate::Wait(wait) => return Decision::wait([wait]),
        Gate::Pause(why) => return pause(rollout, why, facts),
    }
    let (lacks, ..) = lacks(rollout, facts, false);
    if let Some(lack) = lacks.first() {
        let late = facts.now - since >= READY_WITHIN;
        let crashing = lacks.iter().find_map(|it| Some((&it.datacenter, it.crashing.as_ref()?)));
        return match crashing.filter(|_| late) {
            Some((datacenter, instance)) => {
                let (datacenter, instance) = (datacenter.clone(), instance.clone());
                Decision::back(rollout, StopReason::Dead { datacenter, instance }, facts)
            }
            None if late => {
                let (datacenter, serving, wanted) =
                    (lack.datacenter.clone(), lack.serving, lack.wanted);
                pause(rollout, PauseReason::NotReady { datacenter, serving, wanted }, facts)
            }
            None => {
                let look_at = Some(since + READY_WITHIN);
                Decision { look_at, ..Decision::wait(lacks.iter().map(instances)) }
            }
        };
    }
    match rollout.plan.strategy {
        Strategy::Canary => Decision::change(State::Shifting { at, since: facts.now }),
        Strategy::Rolling => order_test(rollout, at, facts),
    }
}

fn instances(lack: &gates::Lack) -> Wait {
    let gates::Lack { datacenter, serving, wanted, .. } = lack;
    Wait::Instances { datacenter: datacenter.clone(), serving: *serving, wanted: *wanted }
}

fn order_test(rollout: &Rollout, at: Position, facts: &Facts<'_>) -> Decision {
    let placed = gates::placed(rollout, facts);
    let here = rollout.plan.datacenters(at).iter().any(|id| placed.contains(*id));
    if !here && !placed.is_empty() {
        // The fleet changed: there is no node to update any more.
        return Decision::change(onward(rollout, at, facts.now));
    }
    let newest = gates::newest(rollout, at, facts).filter(|_| here);
    let Some((datacenter, instance)) = newest else {
        let what = "a node that could be tested".to_owned();
        return pause(rollout, PauseReason::NotMeasured { what }, facts);
    };
    // A test that is made again, after a pause, is another one.
    let id = format!("{}-w{}-n{}-{}", rollout.id, at.wave, at.step, facts.now.timestamp());
    let test = test(&facts.estate.fleet, &rollout.plan.service, &id, &instance);
    let state = State::Testing { at, since: facts.now, instance, test: id };
    Decision { test: Some((datacenter, test)), ..Decision::change(state) }
}

fn test(fleet: &Fleet, service: &ServiceId, id: &str, instance: &InstanceId) -> Test {
    let on = On::Instance { instance: instance.clone() };
    Test { id: id.to_owned(), on, checks: Bench::of(fleet, service).checks }
}

fn testing(
    rollout: &Rollout,
    at: Position,
    since: DateTime<Utc>,
    instance: &InstanceId,
    test_id: &str,
    facts: &Facts<'_>,
) -> Decision {
    if let Some(why) = alarm(rollout, facts, true) {
        return Decision::back(rollout, why, facts);
    }
    let Some(datacenter) = rollout.plan.datacenters(at).into_iter().next() else {
        return Decision::default();
    };
    let state = facts.estate.datacenters.get(datacenter);
    let report = state.and_then(|state| state.test(test_id));
    let test = test(&facts.estate.fleet, &rollout.plan.service, test_id, instance);
    match report.map(|report| (&report.state, report)) {
        Some((TestState::Passed, _)) => {
            return Decision::change(State::Shifting { at, since: facts.now });
        }
        Some((TestState::Failed, report)) => {
            let failed = report.results.iter().find(|result| !result.passed);
            let words = failed.map_or_else(|| "a check failed".into(), |it| it.seen.clone());
            let instance = instance.clone();
            return Decision::back(rollout, StopReason::NodeTest { instance, words }, facts);
        }
        Some((TestState::NotMade { message }, _)) => {
            let what = format!("the test of {instance} ({message})");
            return pause(rollout, PauseReason::NotMeasured { what }, facts);
        }
        Some((TestState::Running, _)) | None => {}
    }
    match heard(rollout, at, facts) {
        Gate::Go => {}
        Gate::Wait(wait) => return Decision::wait([wait]),
        Gate::Pause(why) => return pause(rollout, why, facts),
    }
    let until = since + test_time(&test.checks);
    if facts.now >= until {
        let what = format!("the test of {instance} (it did not end in time)");
        return pause(rollout, PauseReason::NotMeasured { what }, facts);
    }
    let (datacenter, instance) = (datacenter.clone(), instance.clone());
    let order = report.is_none().then(|| (datacenter.clone(), test));
    let waits = vec![Wait::Test { datacenter, instance }];
    Decision { test: order, waits, look_at: Some(until), change: None }
}

fn test_time(checks: &[Check]) -> TimeDelta {
    let of = |check: &Check| match check {
        Check::Http { .. } => 5,
        Check::Load { seconds, .. } => i64::from(*seconds) + 5,
    };
    TEST_SLACK + TimeDelta::seconds(checks.iter().map(of).sum())
}

fn shifting(rollout: &Rollout, at: Position, facts: &Facts<'_>) -> Decision {
    if let Some(why) = alarm(rollout, facts, true) {
        return Decision::back(rollout, why, facts);
    }
    match settled(rollout, facts) {
        Gate::Go if at == rollout.plan.end() => Decision::change(promoted(rollout, facts.now)),
        Gate::Go => Decision::change(State::Watching { at, since: facts.now }),
        Gate::Wait(wait) => Decision::wait(std::iter::once(wait).chain(away(facts))),
        Gate::Pause(why) => pause(rollout, why, facts),
    }
}

fn watching(rollout: &Rollout, at: Position, since: DateTime<Utc>, facts: &Facts<'_>) -> Decision {
    if let Some(why) = alarm(rollout, facts, true) {
        return Decision::back(rollout, why, facts);
    }
    let gates = [
        watched(rollout, at, since, facts),
        heard(rollout, at, facts),
        acknowledged(rollout, facts),
    ];
    let mut waits = Vec::new();
    for gate in gates {
        match gate {
            Gate::Go => {}
            Gate::Wait(wait) => waits.push(wait),
            Gate::Pause(why) => return pause(rollout, why, facts),
        }
    }
    if !waits.is_empty() {
        waits.extend(away(facts));
        return Decision::wait(waits);
    }
    if rollout.plan.pauses(at) {
        return pause(rollout, PauseReason::Planned, facts);
    }
    Decision::change(onward(rollout, at, facts.now))
}

/// To the position after this one, or to the end.
pub(super) fn onward(rollout: &Rollout, at: Position, now: DateTime<Utc>) -> Change {
    match rollout.plan.next(at) {
        Some(at) => Change::from(State::Preparing { at, since: now, held: None }),
        None => promoted(rollout, now),
    }
}

fn promoted_warm(rollout: &Rollout, until: DateTime<Utc>, facts: &Facts<'_>) -> Decision {
    match acknowledged(rollout, facts) {
        Gate::Go => over_at(rollout, until, Ending::Promoted, facts),
        Gate::Wait(wait) => Decision::wait(std::iter::once(wait).chain(away(facts))),
        // Nothing but going on waiting: the old version's instances may not leave an edge that
        // still sends requests to them.
        Gate::Pause(PauseReason::NotAcknowledged { edge }) => {
            Decision::wait([Wait::Acknowledgement { edge, until }])
        }
        Gate::Pause(_) => Decision::wait([Wait::Warm { until }]),
    }
}

fn over_at(
    rollout: &Rollout,
    until: DateTime<Utc>,
    outcome: Ending,
    facts: &Facts<'_>,
) -> Decision {
    if facts.now < until {
        return Decision::wait(std::iter::once(Wait::Warm { until }).chain(away(facts)));
    }
    let behind: Vec<_> = behind(rollout, facts).map(|edge| Wait::Behind { edge }).collect();
    if !behind.is_empty() {
        return Decision::wait(behind);
    }
    Decision::change(State::Ended { at: facts.now, outcome })
}

/// The old version's instances come up again. What is silent is not waited for; what does not come
/// up in time is not either, once half of all serves.
fn starting(rollout: &Rollout, since: DateTime<Utc>, facts: &Facts<'_>) -> Decision {
    let (lacks, serving, wanted) = lacks(rollout, facts, true);
    let late = facts.now - since >= READY_WITHIN;
    let enough = serving > 0 && (lacks.is_empty() || (late && serving * 2 >= wanted));
    let State::RollingBack { why, was, .. } = &rollout.state else {
        return Decision::default();
    };
    if !enough {
        let look_at = (!late).then_some(since + READY_WITHIN);
        return Decision { look_at, ..Decision::wait(lacks.iter().map(instances)) };
    }
    let (why, was) = (why.clone(), *was);
    let state = State::RollingBack { stage: Back::Shifting, since: facts.now, why, was };
    Decision::change(state)
}

/// Done is when every connected edge has acknowledged and their logs, complete since then, show
/// no request on the new version. A log that is not heard shows nothing.
fn leaving(rollout: &Rollout, since: DateTime<Utc>, facts: &Facts<'_>) -> Decision {
    let State::RollingBack { why, was, .. } = &rollout.state else {
        return Decision::default();
    };
    let (mut acknowledged_at, mut connected, mut waits) = (since, 0, Vec::new());
    for (edge, fact) in gates::edges(facts) {
        let Some(fact) = fact.filter(|fact| fact.connected) else { continue };
        connected += 1;
        let edge = edge.clone();
        let (service, revision) = (&rollout.plan.service, rollout.routing_revision);
        // What it refuses of the version that is left is no reason to wait for it.
        let fact = fact.but(service, &rollout.plan.to);
        if let Some(nack) = fact.refusal(service, revision) {
            waits.push(Wait::Refused { edge, message: nack.message.clone() });
        } else if !fact.carries(service, revision) {
            let until = fact.since.max(since) + gates::ACKNOWLEDGED_WITHIN;
            waits.push(Wait::Acknowledgement { edge, until });
        } else if let Some(at) = fact.acknowledged_at {
            acknowledged_at = acknowledged_at.max(at);
        }
    }
    let has_edges = !facts.estate.fleet.edges.is_empty();
    if waits.is_empty() && has_edges {
        let Facts { heard_until, last_request, .. } = *facts;
        let quiet_from = last_request.map_or(acknowledged_at, |at| at.max(acknowledged_at));
        let is_quiet = heard_until.is_some_and(|heard| heard - quiet_from >= QUIET);
        if connected == 0 {
            waits.push(Wait::NoEdge);
        } else if !is_quiet {
            waits.push(Wait::Logs { heard_until, last_request });
        }
    }
    if !waits.is_empty() {
        return Decision::wait(waits.into_iter().chain(away(facts)));
    }
    let (at, undo_until) = (facts.now, facts.now + WARM);
    Decision::change(State::RolledBack { at, undo_until, why: why.clone(), was: *was })
}
