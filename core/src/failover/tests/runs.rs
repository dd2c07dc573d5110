//! Runs in a world that does what it is told, or does not: their steps, and what people ask.

use super::world::{World, no_database};
use super::*;
use crate::failover::decide::may_begin;
use crate::failover::request::{Refusal, Request};

fn reason() -> String {
    "because it has to be so".into()
}

#[test]
fn a_run_goes_through_its_groups_and_leaves_what_it_moved() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.go(60);
    assert!(
        matches!(&world.run.state, State::Ended { outcome: Outcome::Done, .. }),
        "{:?}",
        world.run
    );
    let stands = standing([&world.run]);
    assert!(stands.is_away(&id("front"), &id("a1")));
    assert_eq!(stands.extra(&id("front"), &id("a2")), 3);
    // And back: nothing is left standing.
    let observed = Observed::of(&world.estate);
    let back = fail_back(&world.run, &observed, &stands);
    assert_eq!(back.back, Some(RunId(1)));
    let first = world.run.clone();
    world.earlier.push(first.clone());
    world.run = Run { id: RunId(2), ..run_of(back, Mode::Graceful) };
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
    assert!(standing([&first, &world.run]).is_empty());
}

#[test]
fn a_target_that_is_silent_stops_the_run_and_asks() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.silent = set(&["a2"]);
    world.go(10);
    let State::Asking { step, why, .. } = &world.run.state else { panic!("{:?}", world.run) };
    assert_eq!(step.0, "early/precheck");
    assert!(why.contains("a2 is not heard"), "{why}");
    assert!(standing([&world.run]).is_empty(), "nothing moved");
    // Still silent: it asks again; heard: it goes on.
    world.ask("anna", Request::Retry { step: StepId("early/precheck".into()) }).expect("it failed");
    world.go(5);
    assert!(matches!(world.run.state, State::Asking { .. }));
    world.silent.clear();
    world.ask("anna", Request::Retry { step: StepId("early/precheck".into()) }).expect("it failed");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
}

#[test]
fn a_target_that_dies_before_users_are_sent_there_gets_none() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    let shift = StepId("early/shift-traffic/front/a1".into());
    world.run.plan.step(&shift).expect("the plan has it");
    // Everything is ready: in the look that would send users there, it is gone.
    while !world.run.plan.step(&shift).is_some_and(|step| may_begin(&world.run, step)) {
        assert!(!world.run.steps.contains_key(&shift) && world.seconds < 200, "{:?}", world.run);
        world.tick();
        world.decide();
    }
    world.estate.datacenters.remove(&id::<DatacenterId>("a2"));
    world.decide();
    let State::Asking { step, why, .. } = &world.run.state else { panic!("{:?}", world.run) };
    assert_eq!(*step, shift);
    assert!(why.contains("no node of front is seen to serve in a2"), "{why}");
    assert!(!standing([&world.run]).is_away(&id("front"), &id("a1")), "users stay where they are");
    // Asked again while it is gone, it asks again; once it is back, users go there.
    let retry = || Request::Retry { step: shift.clone() };
    world.ask("anna", retry()).expect("it could not begin");
    world.decide();
    assert!(matches!(world.run.state, State::Asking { .. }), "{:?}", world.run.state);
    world.ask("anna", retry()).expect("it could not begin");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
    assert!(standing([&world.run]).is_away(&id("front"), &id("a1")));
}

#[test]
fn nodes_that_do_not_come_up_hold_the_next_group_until_a_person_skips() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.stuck = Some(id("api"));
    world.go(60);
    assert_eq!(world.run.state, State::Running);
    let begun = world.run.steps.keys().any(|step| step.0.starts_with("late/"));
    assert!(!begun, "{:?}", world.run.steps);
    let skip = |step: &str| Request::Skip { step: StepId(step.into()), reason: reason() };
    let short = Request::Skip { step: StepId("early/scale/api/b1".into()), reason: "so".into() };
    assert_eq!(world.ask("anna", short), Err(Refusal::NoReason));
    world.ask("anna", skip("early/scale/api/b1")).expect("it runs");
    world.go(20);
    // Nobody is sent to where nothing answers, which a person has to say as well.
    let State::Asking { step, why, .. } = &world.run.state else { panic!("{:?}", world.run) };
    assert!(why.contains("no node of api is seen to serve in b1"), "{why}");
    let shift = step.0.clone();
    world.ask("anna", skip(&shift)).expect("it could not begin");
    world.go(20);
    // What it depends on is observed all the same.
    world.ask("anna", skip("early/observe")).expect("it waits");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
}

#[test]
fn pause_finishes_what_runs_and_stop_keeps_what_moved() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.tick();
    world.decide();
    world.ask("anna", Request::Pause).expect("it runs");
    world.go(10);
    assert!(matches!(world.run.state, State::Paused { .. }), "{:?}", world.run.state);
    let before = world.run.steps.len();
    world.go(10);
    assert_eq!(world.run.steps.len(), before, "nothing begins");
    world.ask("ben", Request::Resume).expect("it is paused");
    world.go(3);
    world.ask("ben", Request::Stop { reason: reason() }).expect("it runs");
    assert!(world.run.is_over());
    let over = world.ask("ben", Request::Pause);
    assert_eq!(over, Err(Refusal::Over { run: RunId(1) }));
}

#[test]
fn who_asked_never_allows_and_time_runs_out() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Forced);
    world.run.state = State::Requested { why: "data may be lost".into() };
    world.run.started_at = at(100);
    world.go(3);
    assert!(world.run.steps.is_empty());
    let own = world.ask("anna", Request::Allow);
    assert_eq!(own, Err(Refusal::SamePerson { by: "anna".into() }));
    let mut allowed = World { run: world.run.clone(), ..World::new(SMALL, &["a1"], Mode::Forced) };
    allowed.ask("ben", Request::Allow).expect("another person");
    assert_eq!(allowed.run.allowed_by.as_deref(), Some("ben"));
    world.seconds += 16 * 60;
    world.go(1);
    assert!(
        matches!(&world.run.state, State::Ended { outcome: Outcome::Refused { by: None, .. }, .. }),
        "{:?}",
        world.run.state
    );
}

#[test]
fn requests_that_fail_or_stay_are_no_recovery() {
    let counts = |requests: &[(Option<&str>, u64, u64)]| {
        let by: BTreeMap<_, _> = requests
            .iter()
            .map(|(place, sum, errors)| (place.map(id::<DatacenterId>), (*sum, *errors)))
            .collect();
        BTreeMap::from([(id::<ServiceId>("front"), by)])
    };
    let cases = [
        (counts(&[(Some("a2"), 100, 0)]), true),
        (counts(&[(Some("a2"), 100, 6)]), false),
        (counts(&[(Some("a1"), 1, 0), (Some("a2"), 99, 0)]), false),
        (counts(&[(None, 100, 100)]), false),
        (BTreeMap::new(), true),
    ];
    for (counts, recovers) in cases {
        let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
        for _ in 0..60 {
            world.tick();
            if let Some(answered) = &mut world.answered {
                answered.counts.clone_from(&counts);
            }
            while world.decide() {}
        }
        let past = world.run.steps.get(&StepId("early/observe".into()));
        let past = past.is_some_and(StepState::is_past);
        assert_eq!(past, recovers, "{counts:?}: {:?}", world.run.steps);
    }
    // Nothing is heard of the edges: that is no recovery either.
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    for _ in 0..60 {
        world.tick();
        world.answered = None;
        while world.decide() {}
    }
    assert!(!world.run.is_over());
}
