//! Safety rules that come to forbid what is left of a run, and what a person makes of it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::properties::{CASES, Drawn, Happens, LONG, RATE, drawn, happen, happens};
use super::world::{World, no_database};
use super::*;
use crate::failover::decide::may_begin;
use crate::failover::request::{Refusal, Request};
use crate::failover::rules::{Gate, LOAD_MOST_PERCENT, Rule};
use crate::fleet::Placement;
use crate::placement;
use crate::status::Status;

const SHIFT: &str = "early/shift-traffic/front/a1";

fn reason() -> String {
    "because it has to be so".into()
}

/// Whose distributed services are everywhere: without `a1` there are as many places as the group
/// asks for, and none to spare.
fn everywhere() -> String {
    let text = no_database().replace("datacenters = [\"a1\", \"b1\"]\nnodes = 2", "nodes = 2");
    text.replace("nodes = 3\n", "nodes = 3\nnode_requests_per_second = 100\n")
}

fn world() -> World {
    let world = World::new(&everywhere(), &["a1"], Mode::Graceful);
    assert_eq!(world.run.overridden, BTreeSet::new(), "every rule holds at the start");
    world
}

fn step(id: &str) -> StepId {
    StepId(id.into())
}

/// Goes on until a step may begin, and has not.
fn until(world: &mut World, id: &str) {
    let wanted = step(id);
    while !world.run.plan.step(&wanted).is_some_and(|step| may_begin(&world.run, step)) {
        assert!(!world.run.steps.contains_key(&wanted) && world.seconds < 300, "{:?}", world.run);
        world.tick();
        world.decide();
    }
}

fn gate(until: Option<i64>) -> Gate {
    let by = "ben".to_owned();
    Gate { by, reason: "the quarter is closed".into(), since: at(0), until: until.map(at) }
}

#[track_caller]
fn asks(world: &World, id: &str, rules: &[Rule], words: &str) {
    let State::Asking { step, why, rules: asked, .. } = &world.run.state else {
        panic!("{:?}", world.run)
    };
    assert_eq!(step.0, id, "{why}");
    assert_eq!(*asked, rules.iter().copied().collect(), "{why}");
    assert!(why.contains(words), "{why}");
    assert!(!world.run.steps.contains_key(step), "it has not begun");
}

fn overrides(rules: &[Rule]) -> Request {
    let rules = rules.iter().copied().collect();
    Request::Override { rules, reason: reason(), emergency: false }
}

#[test]
fn a_lock_in_the_middle_holds_the_next_group_until_it_is_opened_or_overridden() {
    let mut world = world();
    until(&mut world, "early/observe");
    world.gates.lock = Some(gate(None));
    world.go(30);
    asks(&world, "late/precheck", &[Rule::Lock], "lock: lock by ben: the quarter is closed");
    let begun = world.run.steps.keys().any(|step| step.0.starts_with("late/"));
    assert!(!begun, "{:?}", world.run.steps);
    // Tried again it asks again, and who skips the group's first step skips no rule.
    world.ask("anna", Request::Retry { step: step("late/precheck") }).expect("it asks");
    world.go(1);
    asks(&world, "late/precheck", &[Rule::Lock], "lock by ben");
    let skip = Request::Skip { step: step("late/precheck"), reason: reason() };
    let mut skipped = World { run: world.run.clone(), gates: world.gates.clone(), ..self::world() };
    skipped.ask("anna", skip).expect("it asks");
    skipped.go(3);
    let State::Asking { rules, .. } = &skipped.run.state else { panic!("{:?}", skipped.run) };
    assert_eq!(*rules, [Rule::Lock].into());
    // Exactly what it asks about is overridden, with a reason.
    let short =
        Request::Override { rules: [Rule::Lock].into(), reason: "so".into(), emergency: false };
    assert_eq!(world.ask("anna", short), Err(Refusal::NoReason));
    let none = world.ask("anna", overrides(&[]));
    assert_eq!(none, Err(Refusal::Unnamed { rule: Rule::Lock }));
    let other = world.ask("anna", overrides(&[Rule::Lock, Rule::Wait]));
    assert_eq!(other, Err(Refusal::NoRule { rule: Rule::Wait, wanted: "lock".into() }));
    let opened = World { run: world.run.clone(), ..self::world() };
    world.ask("anna", overrides(&[Rule::Lock])).expect("it asks");
    assert_eq!(world.run.overridden, [Rule::Lock].into());
    let again = world.ask("anna", overrides(&[Rule::Lock]));
    assert!(matches!(again, Err(Refusal::NotNow { .. })), "{again:?}");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
    // The same where the lock is opened.
    let mut opened = opened;
    opened.ask("anna", Request::Retry { step: step("late/precheck") }).expect("it asks");
    opened.go(60);
    assert!(opened.run.is_over() && opened.run.overridden.is_empty(), "{:?}", opened.run);
}

#[test]
fn what_the_start_overrode_by_its_name_asks_no_more() {
    let mut world = world();
    world.gates.lock = Some(gate(None));
    world.override_broken();
    assert_eq!(world.run.overridden, [Rule::Lock].into());
    world.go(120);
    assert!(world.run.is_over(), "{:?}", world.run);
}

#[test]
fn a_freeze_holds_users_where_they_are_and_ends_by_itself() {
    let mut world = world();
    until(&mut world, SHIFT);
    world.gates.freeze = Some(gate(Some(world.seconds + 20)));
    world.decide();
    let State::Asking { rules, .. } = &world.run.state else { panic!("{:?}", world.run) };
    assert_eq!(*rules, [Rule::Freeze].into());
    assert!(!standing([&world.run]).is_away(&id("front"), &id("a1")), "users stay");
    world.go(30);
    let State::Asking { step, .. } = world.run.state.clone() else { panic!("{:?}", world.run) };
    world.ask("anna", Request::Retry { step }).expect("it asks");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
}

#[test]
fn a_second_data_centre_that_is_lost_stops_what_would_leave_too_few() {
    let mut world = world();
    until(&mut world, SHIFT);
    // Five seconds of silence are a silent data centre; the run has no time to go on meanwhile.
    world.silent = set(&["b1"]);
    for _ in 0..5 {
        world.tick();
    }
    world.decide();
    asks(&world, SHIFT, &[Rule::ServingLeast], "front in 1 of 2");
    assert!(!standing([&world.run]).is_away(&id("front"), &id("a1")), "users stay");
    world.silent.clear();
    world.tick();
    world.ask("anna", Request::Retry { step: step(SHIFT) }).expect("it asks");
    world.go(60);
    assert!(world.run.is_over(), "{:?}", world.run);
}

#[test]
fn load_that_rose_and_nodes_that_died_stop_what_would_be_too_much_for_those_left() {
    for dead in [false, true] {
        let mut world = world();
        // 9 nodes are left for it, which take 900.
        let rate = |each: f64| ["a1", "a2", "b1"].map(|at| (id(at), each)).into();
        world.load = [(id("front"), rate(200.0))].into();
        until(&mut world, SHIFT);
        if dead {
            // Of each service one node is seen to serve in a place, the others died.
            for place in ["a2", "b1"] {
                let state = world.estate.datacenters.get_mut(&id::<DatacenterId>(place));
                let state = std::sync::Arc::make_mut(state.expect("it is heard"));
                let mut kept = BTreeSet::new();
                state.instances.retain(|_, it| kept.insert(it.service.clone()));
            }
        } else {
            world.load = [(id("front"), rate(300.0))].into();
        }
        world.decide();
        asks(&world, SHIFT, &[Rule::Capacity], "of what is left: front");
    }
}

#[test]
fn right_after_the_clock_was_set_nobody_is_asked() {
    let mut world = world();
    until(&mut world, SHIFT);
    world.set_clock(600);
    world.decide();
    assert_eq!(world.run.state, State::Running);
    world.go(120);
    assert!(world.run.is_over(), "{:?}", world.run);
}

/// What happens to a run, and to what its rules are judged on.
#[derive(Clone, Copy, Debug)]
enum Turns {
    As(Happens),
    Lock(bool),
    /// For so many seconds.
    Freeze(u8),
    /// The load of a service in each of its places.
    Load(u8, u8),
}

fn turns() -> impl Strategy<Value = (u8, Turns)> {
    let what = prop_oneof![
        3 => happens().prop_map(|(_, what)| Turns::As(what)),
        1 => any::<bool>().prop_map(Turns::Lock),
        1 => (0_u8..40).prop_map(Turns::Freeze),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(nth, rate)| Turns::Load(nth, rate)),
    ];
    (0_u8..60, what)
}

fn load(world: &mut World, drawn: &Drawn, nth: u8, rate: u8) {
    let service: ServiceId = id(&format!("s{}", usize::from(nth) % drawn.services.len()));
    let fleet = world.estate.fleet.clone();
    let places = placement::datacenters(&fleet, &fleet.services[&service]).into_iter();
    world.load.insert(service, places.map(|place| (place, f64::from(rate))).collect());
}

fn turn(world: &mut World, drawn: &Drawn, what: Turns) {
    match what {
        Turns::As(what) => happen(world, drawn, what),
        Turns::Lock(on) => world.gates.lock = on.then(|| gate(None)),
        Turns::Freeze(seconds) => {
            let until = (world.now() + chrono::TimeDelta::seconds(seconds.into())).timestamp();
            world.gates.freeze = Some(gate(Some(until)));
        }
        Turns::Load(nth, rate) => load(world, drawn, nth, rate),
    }
}

/// Nodes that take a service's requests in the state that stands: seen to serve, not more than are
/// to stay, where edges send requests.
fn taking(world: &World, service: &ServiceId) -> BTreeMap<DatacenterId, usize> {
    let standing = standing(world.earlier.iter().chain([&world.run]));
    let fleet = &world.estate.fleet;
    let declared = &fleet.services[service];
    let placed = placement::datacenters(fleet, declared);
    let all = placed.union(&standing.places(service)).cloned().collect::<BTreeSet<_>>();
    let lost =
        |at: &DatacenterId| world.run.plan.back.is_none() && world.run.plan.lose.contains(at);
    let nodes = |at: DatacenterId| {
        let healthy = world.estate.cell(service, &at).filter(|(_, it)| *it == Status::Healthy);
        let own = if placed.contains(&at) { usize::from(declared.nodes) } else { 0 };
        let stay = own + usize::from(standing.extra(service, &at));
        let nodes = healthy.count().min(stay);
        (at, nodes)
    };
    let used = |at: &DatacenterId| !standing.is_away(service, at) && !lost(at);
    all.into_iter().filter(used).map(nodes).filter(|(_, nodes)| *nodes > 0).collect()
}

/// The service whose requests a step moves, or whose nodes it takes.
fn moved(act: &Act) -> Option<&ServiceId> {
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

/// What a run has just begun is not forbidden by a rule that nobody overrode.
fn keeps(before: &Run, world: &World) -> Result<(), TestCaseError> {
    let run = &world.run;
    let counts = |rule| !run.overridden.contains(&rule);
    for group in &run.plan.groups {
        let new = |step: &&Step| {
            !before.steps.contains_key(&step.id)
                && matches!(run.steps.get(&step.id), Some(StepState::Running { .. }))
        };
        let first = !group.steps.iter().any(|step| before.stands(&step.id));
        for step in group.steps.iter().filter(new) {
            let service = moved(&step.act);
            if !first && service.is_none() {
                continue;
            }
            let lock = world.gates.lock.is_some();
            prop_assert!(!lock || !counts(Rule::Lock), "{} begins in a lock", step.id);
            let freeze = world.gates.freeze.as_ref().and_then(|it| it.until);
            let freeze = freeze.is_some_and(|until| world.estate.at < until);
            prop_assert!(!freeze || !counts(Rule::Freeze), "{} begins in a freeze", step.id);
            let Some(service) = service else { continue };
            let taking = taking(world, service);
            let declared = &world.estate.fleet.services[service];
            let least = world.estate.fleet.groups[&declared.group].recovery.serving_least;
            if counts(Rule::ServingLeast)
                && matches!(declared.placement, Placement::Distributed { .. })
                && !matches!(step.act, Act::ReturnTraffic(_))
            {
                prop_assert!(taking.len() >= usize::from(least), "{}: {taking:?}", step.id);
            }
            let load = world.load.get(service).map(|it| it.values().sum::<f64>());
            if let Some(load) = load.filter(|_| {
                counts(Rule::Capacity)
                    && declared.node_requests_per_second.is_some()
                    && !matches!(step.act, Act::ReturnTraffic(_))
            }) {
                let nodes = taking.values().sum::<usize>() as f64;
                let percent = load / (nodes.max(0.01) * f64::from(RATE)) * 100.0;
                let most = LOAD_MOST_PERCENT as f64 + 0.5;
                prop_assert!(percent <= most, "{}: {percent} % in {taking:?}", step.id);
            }
        }
    }
    Ok(())
}

/// A run through what happens to it, and to its end; then its way back.
fn through(world: &mut World, drawn: &Drawn, events: &[(u8, Turns)]) -> Result<(), TestCaseError> {
    let go = |world: &mut World| -> Result<(), TestCaseError> {
        loop {
            let before = world.run.clone();
            if !world.decide() {
                return Ok(());
            }
            keeps(&before, world)?;
        }
    };
    for second in 0..60_u8 {
        world.tick();
        for (_, what) in events.iter().filter(|(at, _)| *at == second) {
            turn(world, drawn, *what);
        }
        go(world)?;
    }
    (world.stuck, world.silent) = (None, BTreeSet::new());
    for _ in 0..LONG {
        world.tick();
        for what in [Happens::Resume, Happens::Override, Happens::Retry] {
            happen(world, drawn, what);
        }
        go(world)?;
    }
    prop_assert!(world.run.is_over(), "{:?}", world.run);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    /// Whatever becomes of the world: no group begins and no request is moved into a state that
    /// a rule forbids, if nobody overrode that rule; and a person brings the run to its end, and
    /// back.
    #[test]
    fn rules_hold_of_all_that_is_begun_while_the_world_changes(
        drawn in drawn(),
        events in vec(turns(), 0..14),
        back in vec(turns(), 0..10),
    ) {
        let fleet = drawn.fleet();
        let lose = drawn.lose();
        let names: Vec<_> = lose.iter().map(DatacenterId::as_str).collect();
        let mut world = World::of(fleet, &names, Mode::Graceful);
        for (nth, service) in drawn.services.iter().enumerate() {
            load(&mut world, &drawn, u8::try_from(nth).expect("few"), service.load);
        }
        world.override_broken();
        world.tick();
        through(&mut world, &drawn, &events)?;

        let observed = Observed::of(&world.estate);
        let plan = fail_back(&world.run, &observed, &standing([&world.run]));
        if plan.is_empty() {
            return Ok(());
        }
        let run = Run { id: RunId(2), ..run_of(plan, Mode::Graceful) };
        world.earlier.push(std::mem::replace(&mut world.run, run));
        world.gates = Default::default();
        through(&mut world, &drawn, &back)?;
    }
}
