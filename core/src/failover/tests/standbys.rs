//! Standbys that are not ready when a run begins: which are waited for, and which are a failure.

use std::sync::Arc;

use super::*;
use crate::cluster::{LeaderView, MemberReport, MemberView, Role, State as Member, Synchronous};
use crate::estate::{DatacenterState, Estate, Fact};
use crate::failover::decide::{Decision, Facts, decide};
use crate::failover::rules::Gates;

/// What agents tell of `db`: a leader in `a1`, and its standby in `b1`.
pub(super) fn leader(seconds: i64) -> MemberReport {
    MemberReport {
        role: Role::Leader,
        state: Member::Running,
        timeline: Some(3),
        lsn: Some(1_000),
        paused: Some(true),
        synchronous: Some(Synchronous::Off),
        ..MemberReport::unknown(id("db"), at(seconds), "")
    }
}

pub(super) fn standby(role: Role, state: Member, seconds: i64) -> MemberReport {
    let leads = MemberView {
        datacenter: id("a1"),
        role: Role::Leader,
        state: Member::Running,
        timeline: Some(3),
        lag_bytes: None,
    };
    let view = LeaderView {
        datacenter: id("a1"),
        timeline: Some(3),
        lsn: Some(1_000),
        seen_at: at(seconds),
    };
    MemberReport {
        role,
        state,
        lag_bytes: Some(0),
        leader: Some(view),
        members: vec![leads],
        ..leader(seconds)
    }
}

/// An estate in which these agents are heard.
pub(super) fn told(fleet: &Fleet, seconds: i64, told: &[(&str, Vec<Fact>)]) -> Estate {
    let mut estate = Estate {
        fleet: Arc::new(fleet.clone()),
        fleet_revision: 1,
        at: at(seconds),
        ..Estate::default()
    };
    for (place, facts) in told {
        let facts = facts.iter().map(|fact| (fact.key(), Arc::new(fact.clone()))).collect();
        let state =
            DatacenterState { last_seen: Some(at(seconds)), facts, ..DatacenterState::default() };
        estate.datacenters.insert(id(place), Arc::new(state));
    }
    estate
}

/// One look at a run whose precheck has begun.
fn look(mode: Mode, standby: MemberReport) -> Decision {
    let fleet = fleet(SMALL);
    let mut run = run_of(plan_of(&fleet, &["a1"]), mode);
    let begun = StepState::Running { since: at(100), seen: String::new(), attempt: 1 };
    run.steps.insert(StepId("early/precheck".into()), begun);
    let facts = [
        ("a1", vec![Fact::Member(leader(100))]),
        ("a2", Vec::new()),
        ("b1", vec![Fact::Member(standby)]),
    ];
    let estate = told(&fleet, 100, &facts);
    let edges = BTreeMap::new();
    let now = estate.at;
    let (observed, gates) = (&Observed::of(&estate), &Gates::default());
    let (estate, edges, answered) = (&estate, &edges, None);
    let facts = Facts { estate, now, clock_even: true, edges, answered, observed, gates };
    decide(&run, &facts)
}

fn precheck(mode: Mode, role: Role, words: &str) -> StepState {
    let state = Member::Other { words: words.to_owned() };
    let run = look(mode, standby(role, state, 100)).run.expect("it says what is seen");
    run.steps[&StepId("early/precheck".into())].clone()
}

#[test]
fn a_standby_that_is_being_created_is_waited_for_with_the_reason() {
    for words in ["creating replica", "starting"] {
        let state = precheck(Mode::Graceful, Role::Stopped, words);
        let StepState::Running { seen, .. } = &state else { panic!("{state:?}") };
        assert!(seen.contains("does not run yet") && seen.contains(words), "{seen}");
    }
    // In a forced run the leader that it would be made from may be gone.
    let state = precheck(Mode::Forced, Role::Stopped, "creating replica");
    assert!(matches!(state, StepState::Failed { .. }), "{state:?}");
}

#[test]
fn a_standby_that_stays_down_is_a_failure_at_once() {
    for mode in [Mode::Graceful, Mode::Forced] {
        let state = precheck(mode, Role::Stopped, "start failed");
        let StepState::Failed { why, .. } = &state else { panic!("{state:?}") };
        assert!(why.contains("start failed"), "{why}");
    }
}
