//! Whole ways through the states, with shares and nodes at each.

use super::*;

/// Walks on by itself, with everything going well and `verdict`, until it is over.
fn walk(world: &mut World, verdict: Verdict) -> Vec<String> {
    world.judgement = Some(judged(verdict));
    let mut seen = vec![world.shown()];
    for _ in 0..400 {
        if let State::Testing { test, .. } = &world.rollout.state {
            let (test, at) = (test.clone(), change::position(&world.rollout.state));
            let at = at.expect("a position");
            let datacenter = world.rollout.plan.datacenters(at)[0].to_string();
            world.report(&datacenter, &test, TestState::Passed);
        }
        let first = world.decide();
        assert_eq!(first, world.decide(), "the same facts, the same decision");
        if world.step() {
            // Everything is carried out only after the state was written: what was decided before
            // a crash is found again.
            seen.push(world.shown());
            world.all_well();
        } else if world.rollout.is_over() {
            break;
        } else {
            world.after(5);
            world.heard_until = Some(world.now);
        }
    }
    seen
}

#[test]
fn a_canary_goes_region_by_region_and_step_by_step() {
    let mut world = World::new("shop");
    assert_eq!(
        walk(&mut world, Verdict::Pass),
        [
            "preparing 0.0 a0 b0 4+1 4+1 4+0",
            "shifting 0.0 a1000 b0 4+1 4+1 4+0",
            "watching 0.0 a1000 b0 4+1 4+1 4+0",
            "preparing 0.1 a1000 b0 4+2 4+2 4+0",
            "shifting 0.1 a5000 b0 4+2 4+2 4+0",
            "watching 0.1 a5000 b0 4+2 4+2 4+0",
            "preparing 0.2 a5000 b0 4+4 4+4 4+0",
            "shifting 0.2 a9000 b0 4+4 4+4 4+0",
            "watching 0.2 a9000 b0 4+4 4+4 4+0",
            "preparing 1.0 a9000 b0 4+4 4+4 4+1",
            "shifting 1.0 a10000 b1000 4+4 4+4 4+1",
            "watching 1.0 a10000 b1000 4+4 4+4 4+1",
            "preparing 1.1 a10000 b1000 4+4 4+4 4+2",
            "shifting 1.1 a10000 b5000 4+4 4+4 4+2",
            "watching 1.1 a10000 b5000 4+4 4+4 4+2",
            "preparing 1.2 a10000 b5000 4+4 4+4 4+4",
            "shifting 1.2 a10000 b9000 4+4 4+4 4+4",
            "watching 1.2 a10000 b9000 4+4 4+4 4+4",
            "promoted a10000 b10000 4+4 4+4 4+4",
            "over a10000 b10000 0+4 0+4 0+4",
        ]
    );
    let stable = world.estate.releases.stable(&world.estate.fleet, &id("shop")).expect("it");
    assert_eq!((stable.version.as_str(), stable.track), ("2.0.0", Track::Green));
    assert_eq!(stable.previous.as_deref(), Some("1.0.0"));
    let left = wanted(&world.estate.fleet, &world.estate.releases);
    let slots: Vec<_> =
        left[&id::<DatacenterId>("a1")].keys().filter(|s| s.0.as_str() == "shop").collect();
    assert_eq!(slots, [&(id("shop"), Track::Green)], "the old one's place is free");
}

#[test]
fn a_rolling_update_goes_node_by_node_and_never_has_fewer() {
    let mut world = World::new("feed");
    assert_eq!(
        walk(&mut world, Verdict::NoData),
        [
            "preparing 0.0 a0 b0 2+1 2+0",
            "testing 0.0 a0 b0 2+1 2+0",
            "shifting 0.0 a5000 b0 2+1 2+0",
            "watching 0.0 a5000 b0 2+1 2+0",
            "preparing 0.1 a5000 b0 1+2 2+0",
            "testing 0.1 a5000 b0 1+2 2+0",
            "shifting 0.1 a10000 b0 1+2 2+0",
            "watching 0.1 a10000 b0 1+2 2+0",
            "preparing 1.0 a10000 b0 0+2 2+1",
            "testing 1.0 a10000 b0 0+2 2+1",
            "shifting 1.0 a10000 b5000 0+2 2+1",
            "watching 1.0 a10000 b5000 0+2 2+1",
            "preparing 1.1 a10000 b5000 0+2 1+2",
            "testing 1.1 a10000 b5000 0+2 1+2",
            "shifting 1.1 a10000 b10000 0+2 1+2",
            "watching 1.1 a10000 b10000 0+2 1+2",
            "promoted a10000 b10000 0+2 0+2",
            "over a10000 b10000 0+2 0+2",
        ],
        "its nodes' tests are what it goes by"
    );
}

#[test]
fn a_canary_without_requests_stops_and_asks() {
    let mut world = World::new("shop");
    let seen = walk(&mut world, Verdict::NoData);
    assert_eq!(seen.last().map(String::as_str), Some("paused 0.0 a1000 b0 4+1 4+1 4+0"));
    let why = PauseReason::NoData { requests: 40, needed: 100 };
    assert!(matches!(&world.rollout.state, State::Paused { why: found, .. } if *found == why));
}

#[test]
fn a_failing_canary_leaves_traffic_first_and_then_instances() {
    let mut world = World::new("shop").state(watching(0, 1));
    let seen = walk(&mut world, Verdict::Fail);
    let expected = [
        "watching 0.1 a5000 b0 4+2 4+2 4+0",
        "rolling back 0.1 a0 b0 4+2 4+2 4+0",
        "rolled back 0.1 a0 b0 4+2 4+2 4+0",
        "over a0 b0 4+0 4+0 4+0",
    ];
    assert_eq!(seen, expected);
    let quarantine = world.estate.releases.quarantine(&id("shop"), "2.0.0").expect("it is in");
    assert_eq!(
        quarantine.reason,
        "the analysis of errors failed: 1.90 % of 40 requests fail, of the old version 0.20 % of \
         400; at least 1.00 percentage points more"
    );
}

#[test]
fn a_rolling_update_gets_its_old_nodes_back_before_traffic_moves() {
    let mut world = World::new("feed").state(watching(1, 0));
    let seen = walk(&mut world, Verdict::Fail);
    let expected = [
        "watching 1.0 a10000 b5000 0+2 2+1",
        "rolling back 1.0 a10000 b0 2+2 2+0",
        "rolling back 1.0 a0 b0 2+2 2+0",
        "rolled back 1.0 a0 b0 2+0 2+0",
        "over a0 b0 2+0 2+0",
    ];
    assert_eq!(seen, expected);
    let mut first = World::new("feed").state(watching(0, 0));
    let seen = walk(&mut first, Verdict::Fail);
    assert_eq!(seen[1], "rolling back 0.0 a0 b0 2+0 2+0", "nothing was replaced yet");
}

#[test]
fn what_was_promoted_goes_back_and_so_does_what_is_over() {
    let back = Request::RollBack { reason: None };
    let mut world = World::new("shop");
    walk_to(&mut world, "promoted");
    let change = world.ask(&back).expect("it is warm");
    world.apply(&change);
    assert_eq!(world.shown(), "rolling back a0 b0 4+4 4+4 4+4");
    let stable = |world: &World| {
        let stable = world.estate.releases.stable(&world.estate.fleet, &id("shop"));
        stable.map(|it| (it.version, it.track)).expect("a stable version")
    };
    assert_eq!(stable(&world), ("1.0.0".into(), Track::Blue), "the last good one is stable");

    let mut world = World::new("shop");
    walk_to(&mut world, "over");
    let target = roll_back_target(&world.estate.fleet, &world.estate.releases, &id("shop"));
    assert_eq!(target.map(|it| (it.rollout, it.to)), Ok((RolloutId(1), "1.0.0".into())));
    let change = world.ask(&back).expect("it is what runs");
    world.apply(&change);
    assert_eq!(world.shown(), "rolling back a10000 b10000 4+4 4+4 4+4", "instances first");
    assert!(!world.step(), "they are not up");
    world.all_well();
    assert!(world.step());
    assert_eq!(world.shown(), "rolling back a0 b0 4+4 4+4 4+4");
    assert_eq!(stable(&world), ("1.0.0".into(), Track::Blue));
    let again = roll_back_target(&world.estate.fleet, &world.estate.releases, &id("shop"));
    assert!(again.is_err_and(|refusal| refusal.is_repeat()));
}

fn walk_to(world: &mut World, name: &str) {
    world.judgement = Some(judged(Verdict::Pass));
    for _ in 0..500 {
        if world.rollout.state.name() == name {
            return;
        }
        if world.step() {
            world.all_well();
        } else {
            world.after(5);
            world.heard_until = Some(world.now);
        }
    }
    panic!("it never was {name}, but {}", world.shown());
}

#[test]
fn a_way_back_without_all_old_instances_goes_on_with_half_of_them() {
    let mut world = World::new("shop");
    walk_to(&mut world, "over");
    let change = world.ask(&Request::RollBack { reason: None }).expect("it is what runs");
    world.apply(&change);
    world.all_well();
    let starting = |instance: &mut Instance| instance.state = InstanceState::Starting;
    for n in 1..=4 {
        world.instance("b1", &format!("shop-b1-blue-{n}"), starting);
    }
    assert!(!world.step(), "four of twelve are missing");
    world.after(119);
    assert!(!world.step());
    world.after(1);
    assert!(world.step());
    assert_eq!(world.shown(), "rolling back a0 b0 4+4 4+4 4+4");
}

#[test]
fn undo_leads_back_to_where_it_was() {
    let mut world = World::new("shop").state(watching(0, 1));
    let change = world.ask(&Request::RollBack { reason: Some("a mistake".into()) });
    world.apply(&change.expect("a running one"));
    world.all_well();
    let change = world.ask(&Request::Undo).expect("it can be undone");
    world.apply(&change);
    assert_eq!(world.estate.releases.quarantined, [], "a person lifted it");
    assert_eq!(world.shown(), "preparing 0.1 a1000 b0 4+2 4+2 4+0", "first its instances");
    assert!(world.step());
    assert_eq!(world.shown(), "shifting 0.1 a5000 b0 4+2 4+2 4+0");
}
