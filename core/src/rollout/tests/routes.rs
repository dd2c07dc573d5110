//! What edges are told: weights, endpoints, revisions.

use super::*;
use crate::release::Quarantine;
use crate::routing::{ServiceRouting, WEIGHT_TOTAL};

fn shop(world: &World) -> ServiceRouting {
    routing(&world.estate).services.remove(&id::<ServiceId>("shop")).expect("it is routed")
}

fn share(routing: &ServiceRouting, region: &str, version: &str) -> u16 {
    let weights = routing.weights(&id(region));
    let sum: u32 = weights.iter().map(|weight| u32::from(weight.weight)).sum();
    assert_eq!(sum, u32::from(WEIGHT_TOTAL));
    weights.iter().find(|weight| weight.version == version).map_or(0, |weight| weight.weight)
}

#[test]
fn tells_edges_weights_endpoints_and_their_places() {
    let world = World::new("shop").state(watching(0, 1));
    let all = routing(&world.estate);
    assert_eq!(all.revision, world.estate.releases.revision + 1);
    assert_eq!(all.edges[&id::<EdgeId>("ea")].datacenter, id("a1"));
    assert_eq!(all.regions[&id::<DatacenterId>("b1")], id("b"));
    let shop = shop(&world);
    assert_eq!((share(&shop, "a", "2.0.0"), share(&shop, "b", "2.0.0")), (5_000, 0));
    assert_eq!(shop.versions["2.0.0"][&id::<DatacenterId>("a1")].len(), 2);
    assert_eq!(shop.versions["1.0.0"].len(), 3);
    let feed = &all.services[&id::<ServiceId>("feed")];
    assert_eq!(share(feed, "a", "1.0.0"), WEIGHT_TOTAL, "a service without a rollout");
}

#[test]
fn what_only_is_unknown_stays_and_what_does_not_serve_goes() {
    let mut world = World::new("shop");
    world.silence("a1", at(-1_000));
    world.instance("b1", "shop-b1-blue-1", |it| it.state = InstanceState::Draining);
    world.instance("b1", "shop-b1-blue-2", |it| it.endpoint = None);
    let shop = shop(&world);
    let old = &shop.versions["1.0.0"];
    assert_eq!(old[&id::<DatacenterId>("a1")].len(), 4);
    assert_eq!(old[&id::<DatacenterId>("b1")].len(), 2);
}

#[test]
fn a_version_that_answers_nowhere_gets_nothing_unless_it_is_the_only_one() {
    let mut world = World::new("shop").state(watching(0, 1));
    for datacenter in ["a1", "a2"] {
        for n in [1, 2] {
            let instance = format!("shop-{datacenter}-green-{n}");
            world.instance(datacenter, &instance, |it| it.state = InstanceState::Starting);
        }
    }
    assert_eq!(share(&shop(&world), "a", "2.0.0"), 0);
    for state in world.estate.datacenters.values_mut() {
        Arc::make_mut(state).instances.clear();
    }
    assert_eq!(share(&shop(&world), "a", "2.0.0"), 5_000, "none answers: as it is meant");
    let mut promoted = World::new("shop").state(State::Promoted { at: at(0), warm_until: at(900) });
    assert_eq!(share(&shop(&promoted), "a", "2.0.0"), WEIGHT_TOTAL);
    for state in promoted.estate.datacenters.values_mut() {
        Arc::make_mut(state).instances.retain(|_, it| it.version != "2.0.0");
    }
    assert_eq!(share(&shop(&promoted), "a", "1.0.0"), WEIGHT_TOTAL);
}

#[test]
fn a_version_in_quarantine_gets_nothing() {
    let mut world = World::new("shop").state(watching(0, 1));
    Arc::make_mut(&mut world.estate.releases).quarantined.push(Quarantine {
        service: id("shop"),
        version: "2.0.0".into(),
        reason: "it lost orders".into(),
        rollout: None,
        since: at(0),
    });
    assert_eq!(share(&shop(&world), "a", "2.0.0"), 0);
}

#[test]
fn a_service_that_is_placed_nowhere_is_not_routed() {
    let mut world = World::new("feed");
    let fleet = Arc::make_mut(&mut world.estate.fleet);
    fleet.services.get_mut(&id::<ServiceId>("shop")).expect("it").retired = true;
    assert!(!routing(&world.estate).services.contains_key(&id::<ServiceId>("shop")));
}
