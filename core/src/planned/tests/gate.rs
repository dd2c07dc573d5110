//! What a service asks of the event that its rollout belongs to.

use super::*;
use crate::approval::ApprovalId;
use crate::planned::gate::{Owner, gate};
use crate::planned::request::Waiver;
use crate::rollout::StartFinding;

/// `api` asks for its bench and for nodes.
fn asking() -> World {
    let mut world = World::new();
    let api = world.fleet.services.get_mut("api").expect("it is in the fleet");
    api.requires_checks = [Check::Bench, Check::Nodes, Check::PreProduction].into();
    world
}

/// An event that began a while ago.
fn begun() -> PlannedEvent {
    let mut event = ticked(&event(1, content()));
    event.content.from = now() - hours(1);
    event.content.until = now() + hours(1);
    event
}

fn held(world: &World, event: &PlannedEvent, waivers: &[Waiver]) -> Vec<StartFinding> {
    let judged = world.judge(event);
    let owner = Some(Owner { event, judged: &judged, waivers });
    gate(&world.fleet, (&id("api"), "2.0.0"), owner, now())
}

#[test]
fn a_service_that_asks_for_nothing_needs_no_event() {
    let (world, api) = (World::new(), id("api"));
    assert_eq!(gate(&world.fleet, (&api, "2.0.0"), None, now()), []);
    let found = gate(&asking().fleet, (&api, "2.0.0"), None, now());
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().contains("asks for the checks bench, nodes"), "{}", found[0]);
}

#[test]
fn its_checks_pass_now() {
    let (mut world, event) = (asking(), begun());
    assert_eq!(held(&world, &event, &[]), []);
    world.benches.clear();
    let found = held(&world, &event, &[]);
    assert_eq!(found.len(), 1);
    let words = found[0].to_string();
    assert!(words.contains("bench") && words.contains("/services/api/bench"), "{words}");
    assert_eq!(found[0].fix(), Some("/services/api/bench"));
    world.benches = vec![tested(&world.fleet, TestState::Failed, 1)];
    assert_eq!(held(&world, &event, &[]).len(), 1);
    // What was not judged at all is not known.
    let owner = Some(Owner { event: &event, judged: &[], waivers: &[] });
    assert_eq!(gate(&world.fleet, (&id("api"), "2.0.0"), owner, now()).len(), 2);
}

#[test]
fn a_waiver_lets_it_through_until_its_end() {
    let (mut world, event) = (asking(), begun());
    world.benches.clear();
    let waiver = Waiver {
        approval: ApprovalId(1),
        event: event.id,
        check: Check::Bench,
        content: event.content.hash(),
        until: now() + hours(1),
        by: "ann".into(),
        allowed_by: "ben".into(),
        reason: "the bench is away".into(),
    };
    assert_eq!(held(&world, &event, std::slice::from_ref(&waiver)), []);
    let over = Waiver { until: now(), ..waiver.clone() };
    assert_eq!(held(&world, &event, &[over]).len(), 1);
    let other = Waiver { check: Check::Nodes, ..waiver };
    assert_eq!(held(&world, &event, &[other]).len(), 1);
}

#[test]
fn the_event_is_of_this_service_and_version_and_time() {
    let world = asking();
    let with = |change: fn(&mut PlannedEvent)| {
        let mut event = begun();
        change(&mut event);
        held(&world, &event, &[]).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(with(|_| ()), "");
    let said = with(|it| it.content.services = [(id("front"), None)].into());
    assert!(said.contains("ev-1 does not touch api"), "{said}");
    let said = with(|it| it.content.services = [(id("api"), Some("3.0.0".into()))].into());
    assert!(said.contains("names 3.0.0 of api"), "{said}");
    let said = with(|it| it.content.services = [(id("api"), None)].into());
    assert!(said.contains("names no version of api"), "{said}");
    let said = with(|it| it.content.from = now() + hours(1));
    assert!(said.starts_with("ev-1 is from"), "{said}");
    let said = with(|it| it.content.until = now());
    assert!(said.starts_with("ev-1 is from"), "{said}");
    let said = with(|it| {
        it.state = State::Cancelled { by: "ann".into(), why: "no".into(), at: now() };
    });
    assert!(said.contains("ev-1 is cancelled"), "{said}");
    // An urgent fix is asked the very same.
    let mut urgent = begun();
    urgent.content.kind = Kind::UrgentHotfix;
    let bare = World { benches: Vec::new(), ..asking() };
    assert_eq!(held(&bare, &urgent, &[]).len(), 1);
}

#[test]
fn a_service_that_asks_for_nothing_may_belong_to_an_event() {
    let (world, event) = (World::new(), event(1, content()));
    assert_eq!(held(&world, &event, &[]), []);
    let other = PlannedEvent {
        content: Content { services: [(id("front"), None)].into(), ..content() },
        ..event
    };
    assert_eq!(held(&world, &other, &[]).len(), 1);
}
