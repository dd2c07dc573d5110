//! Each check: one that passes, one that fails, one that is not known; and collisions.

use super::*;
use crate::failover::rules::Gate;
use crate::planned::check::TICK_COUNTS;
use crate::planned::collision::collisions;

#[test]
fn a_release_that_is_ready_passes_everything() {
    let event = ticked(&event(1, content()));
    let judged = World::new().judge(&event);
    for it in &judged {
        assert_eq!(it.answer, Answer::Pass, "{it:?}");
        assert!(it.fix.starts_with('/'), "{it:?}");
    }
    assert_eq!(judged.len(), 11);
}

#[test]
fn copies_are_as_new_as_their_policy_asks() {
    let (event, fresh) = (event(1, content()), Check::BackupsFresh);
    let mut world = World::new();
    assert_eq!(world.one(&event, fresh).0, Answer::Pass);
    let none = || Ok(Vec::new());
    world.held([Ok(vec![copy(36)]), Ok(vec![copy(60)]), none()]);
    let (answer, words) = world.one(&event, fresh);
    assert_eq!(answer, Answer::Fail);
    assert!(words.starts_with("db: no copy was made since the window"), "{words}");
    // What was not read may hold a newer one.
    world.held([Ok(vec![copy(36)]), Ok(vec![copy(60)]), Err("it does not answer".into())]);
    assert_eq!(world.one(&event, fresh).0, Answer::Unknown);
    let mut silent = World::new();
    silent.datacenters.get_mut("a1").expect("it is there").last_seen = Some(now() - hours(1));
    assert_eq!(silent.one(&event, fresh).0, Answer::Unknown);
    let mut untold = World::new();
    untold.datacenters.get_mut("a1").expect("it is there").facts.clear();
    assert_eq!(untold.one(&event, fresh).0, Answer::Unknown);
    let mut bare = World::new();
    bare.fleet.databases.get_mut("db").expect("it is there").policy = None;
    assert_eq!(bare.one(&event, fresh).0, Answer::Fail);
}

#[test]
fn a_copy_was_restored_lately() {
    let (event, proven) = (event(1, content()), Check::BackupsProven);
    let mut world = World::new();
    assert_eq!(world.one(&event, proven).0, Answer::Pass);
    world.proven(Some(24 * 8));
    let (answer, words) = world.one(&event, proven);
    assert_eq!(answer, Answer::Fail);
    assert!(words.contains("may be 7 days old"), "{words}");
    world.proven(None);
    assert_eq!(world.one(&event, proven).0, Answer::Fail);
    world.proofs.clear();
    assert_eq!(world.one(&event, proven).0, Answer::Unknown);
    // Another group's databases do not matter.
    let content = Content { services: [(id("quiet"), None)].into(), ..content() };
    let quiet = super::event(2, content);
    assert_eq!(world.one(&quiet, proven).0, Answer::Pass);
}

#[test]
fn every_version_that_comes_passed_its_bench() {
    let event = event(1, content());
    let fleet = World::new().fleet;
    let message = "it did not start".to_owned();
    let one_check = {
        let mut result = tested(&fleet, TestState::Passed, 1);
        result.report.results.truncate(1);
        result
    };
    for (benches, answer, words) in [
        (vec![tested(&fleet, TestState::Passed, 1)], Answer::Pass, "passed their benches"),
        (vec![tested(&fleet, TestState::Failed, 1)], Answer::Fail, "did not pass"),
        (vec![tested(&fleet, TestState::Passed, 73)], Answer::Fail, "too long ago"),
        (vec![one_check], Answer::Fail, "other checks"),
        (vec![tested(&fleet, TestState::Running, 0)], Answer::Unknown, "is being tested"),
        (vec![tested(&fleet, TestState::NotMade { message }, 1)], Answer::Unknown, "could not"),
        (Vec::new(), Answer::Unknown, "no bench has tested 2.0.0 of api"),
    ] {
        let world = World { benches, ..World::new() };
        let (found, said) = world.one(&event, Check::Bench);
        assert_eq!(found, answer, "{said}");
        assert!(said.contains(words), "{said}");
    }
    let content = Content { services: [(id("api"), None)].into(), ..content() };
    assert_eq!(World::new().one(&super::event(2, content), Check::Bench).0, Answer::Unknown);
}

#[test]
fn what_a_person_says_counts_for_a_while() {
    let infrastructure = Content { kind: Kind::InfrastructureUpdate, ..content() };
    for (check, content) in [
        (Check::Configuration, content()),
        (Check::Pipeline, content()),
        (Check::PreProduction, infrastructure),
        (Check::Consumers, Content { compatible: false, ..content() }),
    ] {
        let (world, bare) = (World::new(), event(1, content));
        assert_eq!(world.one(&bare, check).0, Answer::Unknown, "{check:?}");
        let mut said = ticked(&bare);
        assert_eq!(world.one(&said, check).0, Answer::Pass, "{check:?}");
        said.ticks.get_mut(&check).expect("it is ticked").at = now() - TICK_COUNTS;
        assert_eq!(world.one(&said, check).0, Answer::Unknown, "{check:?}");
    }
    let unnamed = ticked(&event(1, Content { commit: None, ..content() }));
    assert_eq!(World::new().one(&unnamed, Check::Configuration).0, Answer::Fail);
}

#[test]
fn what_uses_an_update_that_breaks_it_is_named() {
    let world = World::new();
    let breaks = |service: &str| {
        let services = [(id(service), None)].into();
        event(1, Content { compatible: false, services, ..content() })
    };
    let (answer, words) = world.one(&breaks("api"), Check::Consumers);
    assert_eq!((answer, words.ends_with(": front")), (Answer::Unknown, true), "{words}");
    assert_eq!(world.one(&breaks("front"), Check::Consumers).0, Answer::Pass);
}

#[test]
fn two_nodes_serve_wherever_a_service_is() {
    let (event, mut world) = (event(1, content()), World::new());
    let away = world.datacenters.get_mut("a3").expect("it is there");
    away.last_seen = Some(now() - hours(1));
    let (answer, words) = world.one(&event, Check::Nodes);
    assert_eq!((answer, &*words), (Answer::Unknown, "api in a3, which is silent"));
    let near = world.datacenters.get_mut("a2").expect("it is there");
    near.instances.retain(|name, _| name.as_str() != "api-a2-1");
    let (answer, words) = world.one(&event, Check::Nodes);
    assert_eq!(answer, Answer::Fail);
    assert!(words.contains("api in a2: 1 of 2 serve"), "{words}");
}

#[test]
fn a_way_back_is_written() {
    let bare = event(1, Content { way_back: String::new(), ..content() });
    assert_eq!(World::new().one(&bare, Check::WayBack).0, Answer::Fail);
}

#[test]
fn a_closed_gate_and_a_failover_hold_it_back() {
    let (event, mut world) = (event(1, content()), World::new());
    let gate = |until| Gate { by: "ben".into(), reason: "a sale".into(), since: now(), until };
    world.gates.freeze = Some(gate(Some(now() + hours(1))));
    let (answer, words) = world.one(&event, Check::Gates);
    assert_eq!(answer, Answer::Fail);
    assert!(words.starts_with("freeze by ben"), "{words}");
    world.gates.freeze = Some(gate(Some(now())));
    assert_eq!(world.one(&event, Check::Gates).0, Answer::Pass);
    world.gates.lock = Some(gate(None));
    assert_eq!(world.one(&event, Check::Gates).0, Answer::Fail);
    // A run that was just over is no gate here.
    world.gates = Gates { last_ended: Some(now()), ..Gates::default() };
    assert_eq!(world.one(&event, Check::Gates).0, Answer::Pass);
    world.failover = Some(crate::failover::Run {
        id: crate::failover::RunId(3),
        plan: crate::failover::plan(
            &world.fleet,
            &crate::failover::Observed::as_declared(&world.fleet),
            &crate::failover::Standing::default(),
            &set(&["a2"]),
            &crate::failover::Scope::All,
        ),
        mode: crate::failover::Mode::Graceful,
        drill: false,
        state: crate::failover::State::Running,
        steps: BTreeMap::new(),
        reason: "a test of it".into(),
        overridden: [].into(),
        emergency: false,
        started_at: now(),
        started_by: "ben".into(),
        allowed_by: None,
        revision: 1,
        routing_revision: 0,
        changed_at: now(),
    });
    let found = world.one(&event, Check::NoFailover);
    assert_eq!(found, (Answer::Fail, "fo-3 is not over".to_owned()));
}

fn said(event: &PlannedEvent, others: &[PlannedEvent]) -> Vec<String> {
    let fleet = read(FLEET).expect("a fleet without mistakes");
    collisions(&fleet, event, others).iter().map(|it| it.sentence()).collect()
}

#[test]
fn a_collision_is_said_by_name() {
    let this = away(1, &["a1"], 1, 5);
    assert_eq!(said(&this, &[]), [""; 0]);
    // `shop` asks for two of three data centres, `other` for one of two.
    let both = said(&this, &[away(7, &["a2"], 4, 6)]);
    assert_eq!(
        both,
        [
            "overlaps ev-7; together they leave no data centre for other, which asks for 1",
            "overlaps ev-7; together they leave only a3 for shop, which asks for 2",
        ]
    );
    assert_eq!(said(&this, &[away(7, &["a3"], 4, 6)]).len(), 1);
    let alone = said(&away(1, &["a1", "a2"], 1, 5), &[]);
    assert!(alone[1].starts_with("its data centres alone leave only a3"), "{alone:?}");
    let world = World { others: vec![away(7, &["a2"], 4, 6)], ..World::new() };
    let (answer, words) = world.one(&this, Check::Collisions);
    assert_eq!((answer, words), (Answer::Fail, both.join("; ")));
}

#[test]
fn what_does_not_meet_does_not_collide() {
    let this = away(1, &["a1"], 1, 5);
    let other = away(7, &["a2"], 4, 6);
    // One after the other; in traffic; over; the same event.
    assert!(said(&this, &[away(7, &["a2"], 5, 6)]).is_empty());
    assert!(said(&this, &[away(7, &["a2"], 0, 1)]).is_empty());
    let mut serves = other.clone();
    serves.content.out_of_traffic = false;
    assert!(said(&this, std::slice::from_ref(&serves)).is_empty());
    assert!(said(&serves, std::slice::from_ref(&this)).is_empty());
    let state = State::Cancelled { by: "ann".into(), why: "not needed".into(), at: now() };
    assert!(said(&this, &[PlannedEvent { state, ..other.clone() }]).is_empty());
    assert!(said(&other, &[PlannedEvent { id: other.id, ..other.clone() }]).is_empty());
}

#[test]
fn three_collide_of_which_no_two_do() {
    // Of `quiet`, a1 and a2; with one of three for `shop` it would take all three.
    let text = FLEET.replace("serving_least = 2", "serving_least = 1");
    let fleet = read(&text).expect("a fleet without mistakes");
    let found = |this: &PlannedEvent, others: &[PlannedEvent]| {
        let all = collisions(&fleet, this, others);
        let shop = all.into_iter().filter(|it| it.group.as_str() == "shop");
        shop.map(|it| it.with.len()).collect::<Vec<_>>()
    };
    let (one, two, three) =
        (away(1, &["a1"], 1, 9), away(2, &["a2"], 2, 9), away(3, &["a3"], 3, 4));
    assert!(found(&one, std::slice::from_ref(&two)).is_empty());
    assert!(found(&one, std::slice::from_ref(&three)).is_empty());
    assert_eq!(found(&one, &[two.clone(), three.clone()]), [2]);
    // Two that overlap this one, and never each other.
    let before = away(2, &["a2"], 1, 3);
    assert!(found(&one, &[before, three]).is_empty());
}
