//! Clocks that are set while a run goes on, and steps that take too long.

use std::time::Duration;

use super::world::{World, no_database};
use super::*;
use crate::failover::stuck::{Patience, Stuck, Times, times};

/// Looks until the run is over, its clock set in the middle of every step.
fn go_with_jumps(by: i64) -> World {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    let mut patience = Patience::default();
    let mut set = BTreeSet::new();
    for tick in 0..200 {
        world.tick();
        let before = world.run.clone();
        while world.decide() {
            world.in_order();
            let running = |(id, state): (&StepId, &StepState)| {
                matches!(state, StepState::Running { .. }).then(|| id.clone())
            };
            let running: Vec<_> = world.run.steps.iter().filter_map(running).collect();
            if running.into_iter().filter(|id| set.insert(id.clone())).count() > 0 {
                world.set_clock(if tick % 2 == 0 { by } else { -by });
            }
        }
        // What was over stays so, and nothing is given up or called stuck because of it.
        for (id, state) in &before.steps {
            if state.is_past() {
                assert_eq!(world.run.steps.get(id), Some(state), "{by}: {id}");
            }
        }
        let failed = world.run.steps.values().any(|it| matches!(it, StepState::Failed { .. }));
        assert!(!failed, "{by}: {:?}", world.run.steps);
        let look = (Duration::from_secs(1), world.now());
        let stuck = patience.look(&world.run, &Times::default(), &[], look);
        assert_eq!(stuck, [], "{by}");
        if world.run.is_over() {
            break;
        }
    }
    assert_eq!(set.len(), world.run.steps.len(), "in the middle of each: {set:?}");
    world
}

#[test]
fn a_clock_that_is_set_fails_nothing_and_repeats_nothing() {
    for by in [600, -600] {
        let world = go_with_jumps(by);
        let done = matches!(&world.run.state, State::Ended { outcome: Outcome::Done, .. });
        assert!(done, "{by}: {:?}", world.run);
        assert!(standing([&world.run]).is_away(&id("front"), &id("a1")));
    }
}

#[test]
fn silence_counts_again_when_the_clock_has_run_evenly() {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.silent = set(&["a2"]);
    world.set_clock(600);
    world.decide();
    world.tick();
    while world.decide() {}
    let first = &world.run.steps[&StepId("early/precheck".into())];
    let StepState::Running { seen, .. } = first else { panic!("{first:?}") };
    assert!(seen.contains("the server's clock was set"), "{seen}");
    world.go(10);
    assert!(matches!(&world.run.state, State::Asking { why, .. } if why.contains("not heard")));
}

/// A run whose first step has begun, and looks at it after so many seconds each.
fn looks(times: &Times, known: &[Stuck], seconds: &[u64]) -> Vec<Option<Stuck>> {
    let mut world = World::new(&no_database(), &["a1"], Mode::Graceful);
    world.tick();
    world.decide();
    let mut patience = Patience::default();
    let look = |passed: &u64| {
        let at = (Duration::from_secs(*passed), at(1_000));
        let mut stuck = patience.look(&world.run, times, known, at);
        assert!(stuck.len() <= 1, "{stuck:?}");
        stuck.pop()
    };
    seconds.iter().map(look).collect()
}

#[test]
fn a_step_is_stuck_after_its_own_history_else_after_the_default_of_its_kind() {
    // The first look only begins to count, whatever the clock says.
    let none = looks(&Times::default(), &[], &[9_999, 60, 1]);
    let [None, None, Some(stuck)] = &none[..] else { panic!("{none:?}") };
    assert_eq!((stuck.limit_seconds, stuck.measured), (60, false));
    assert_eq!((stuck.step.0.as_str(), stuck.since), ("early/precheck", at(1_000)));

    // It took 20 s at most before: 40 s are its time. One that never ended does not count.
    let mut runs = Vec::new();
    for (took, outcome) in [
        (20, Outcome::Done),
        (3, Outcome::Done),
        (500, Outcome::Stopped { by: "anna".into(), reason: "x".into() }),
    ] {
        let mut run = run_of(plan_of(&fleet(SMALL), &["a1"]), Mode::Graceful);
        let done = StepState::Done { since: at(0), at: at(took), seen: String::new() };
        run.steps.insert(StepId("early/precheck".into()), done);
        run.state = State::Ended { outcome, at: at(took) };
        runs.push(run);
    }
    let measured = times(&runs);
    let known = looks(&measured, &[], &[0, 40, 1]);
    let [None, None, Some(stuck)] = &known[..] else { panic!("{known:?}") };
    assert_eq!((stuck.limit_seconds, stuck.measured), (40, true));
    // One that took for ever does not hide the next.
    let done = StepState::Done { since: at(0), at: at(90_000), seen: String::new() };
    runs[0].steps.insert(StepId("early/precheck".into()), done);
    let act = Act::Precheck(id("early"));
    assert_eq!(times(&runs).limit(&act).0, Duration::from_secs(600));
}

#[test]
fn a_new_leader_goes_on_with_what_was_said() {
    let said = Stuck {
        step: StepId("early/precheck".into()),
        since: at(500),
        limit_seconds: 60,
        measured: false,
        waits_for: "something".into(),
    };
    let seen = looks(&Times::default(), &[said], &[0]);
    assert_eq!(seen[0].as_ref().map(|stuck| stuck.since), Some(at(500)));
}
