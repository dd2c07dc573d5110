//! What Envoy is told, against golden files; and what a change touches and what it must not.

use std::fmt::{Debug, Write};
use std::path::Path;

use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_core::routing::{Limits, Weight};
use prost::Message;

use super::*;
use crate::pb::rate_limit::LocalRateLimit;
use crate::pb::{endpoint, http, route};

fn routing() -> Routing {
    let datacenter = |text: &str| DatacenterId::new(text).unwrap();
    let region = |text: &str| RegionId::new(text).unwrap();
    let weight = |version: &str, weight| Weight { version: version.to_owned(), weight };
    let mut feed = ServiceRouting {
        health_path: "/health".to_owned(),
        default: vec![weight("1.0", 10_000)],
        limits: Limits { identical_per_second: 70, in_flight: 1_000 },
        ..Default::default()
    };
    feed.by_region.insert(region("eu"), vec![weight("1.0", 9_500), weight("1.1", 500)]);
    let stable = feed.versions.entry("1.0".to_owned()).or_default();
    for (place, address) in [
        ("nyc1", "10.3.0.1:80"),
        ("fra1", "10.1.0.1:80"),
        ("fra2", "[fd00::2]:80"),
        ("lon1", "10.4.0.1:80"),
    ] {
        stable.insert(datacenter(place), vec![address.to_owned()]);
    }
    stable.insert(datacenter("mad1"), Vec::new());
    let canary = feed.versions.entry("1.1".to_owned()).or_default();
    canary.insert(datacenter("fra2"), vec!["10.2.0.9:80".to_owned()]);
    let mut routing = Routing { revision: 3, ..Default::default() };
    routing.services.insert(ServiceId::new("feed").unwrap(), feed);
    routing.services.insert(ServiceId::new("idle").unwrap(), ServiceRouting::default());
    for (place, of) in
        [("fra1", "eu"), ("fra2", "eu"), ("mad1", "eu"), ("nyc1", "us"), ("lon1", "uk")]
    {
        routing.regions.insert(datacenter(place), region(of));
    }
    routing
}

fn place() -> EdgePlace {
    EdgePlace {
        region: RegionId::new("eu").unwrap(),
        datacenter: DatacenterId::new("fra1").unwrap(),
    }
}

fn all() -> Vec<Named> {
    let routing = routing();
    let told = |(id, of): (&ServiceId, &ServiceRouting)| service(id, of, &place(), &routing);
    routing.services.iter().flat_map(told).collect()
}

/// A message without what is not set; packed messages are left out.
fn show(title: &str, message: &impl Debug) -> String {
    let mut shown = format!("# {title}\n");
    let (mut packed, text) = (false, format!("{message:#?}"));
    for line in text.lines() {
        let value = line.split_once(": ").map_or("", |(_, value)| value);
        packed |= value == "[" && line.trim_start().starts_with("value:");
        let unset = ["None,", "[],", "\"\",", "0,", "false,", "{},"].contains(&value);
        if !packed && !unset {
            writeln!(shown, "{line}").unwrap();
        }
        packed &= line.trim() != "],";
    }
    shown
}

fn decoded<T: Message + Default + Debug>(kind: Kind, name: &str) -> T {
    let all = all();
    let found = all.iter().find(|(of, named, _)| *of == kind && **named == *name);
    T::decode(found.expect("it is told").2.body.value.as_slice()).unwrap()
}

fn check(file: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resources/golden").join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == shown,
        "{} differs; with UPDATE_GOLDEN=1 it is written anew:\n{shown}",
        path.display()
    );
}

#[test]
fn a_service_in_envoys_words() {
    let cluster: crate::pb::cluster::Cluster = decoded(Kind::Cluster, "feed/1.0");
    check("cluster.txt", &show("cluster feed/1.0", &cluster));
    let endpoints: endpoint::ClusterLoadAssignment = decoded(Kind::Endpoints, "feed/1.0");
    check("endpoints.txt", &show("endpoints feed/1.0", &endpoints));
    let host: route::VirtualHost = decoded(Kind::VirtualHost, "mainstay/feed");
    let limits = host.typed_per_filter_config.values().next().expect("there are limits");
    let limits = LocalRateLimit::decode(limits.value.as_slice()).unwrap();
    let idle: route::VirtualHost = decoded(Kind::VirtualHost, "mainstay/idle");
    let shown = show("host feed", &host) + &show("its limit", &limits) + &show("idle", &idle);
    check("hosts.txt", &shown);
}

#[test]
fn a_listener_in_envoys_words() {
    let edge = EdgeId::new("edge").unwrap();
    let manager: http::HttpConnectionManager = super::listener::http(&edge);
    let shown = show("listener", &listener(&edge, "[::]:8080".parse().unwrap()))
        + &show("its manager", &manager)
        + &show("its routes", &routes());
    check("listener.txt", &shown);
}

#[test]
fn the_same_routing_gives_the_same_versions() {
    let first = all();
    for _ in 0..20 {
        assert!(all() == first);
    }
}

/// What each change touches: a step of a rollout must not touch clusters or listeners.
#[test]
fn a_change_touches_only_what_it_must() {
    type Case = (&'static str, fn(&mut ServiceRouting), &'static [(Kind, &'static str)]);
    let cases: [Case; 4] = [
        ("weights", |feed| feed.by_region.clear(), &[(Kind::VirtualHost, "mainstay/feed")]),
        (
            "endpoints",
            |feed| feed.versions.get_mut("1.1").unwrap().clear(),
            &[(Kind::Endpoints, "feed/1.1")],
        ),
        (
            "identical requests",
            |feed| feed.limits.identical_per_second = 5,
            &[(Kind::VirtualHost, "mainstay/feed")],
        ),
        (
            "requests in flight",
            |feed| feed.limits.in_flight = 5,
            &[(Kind::Cluster, "feed/1.0"), (Kind::Cluster, "feed/1.1")],
        ),
    ];
    let id = ServiceId::new("feed").unwrap();
    let before = all();
    for (name, change, touched) in cases {
        let mut routing = routing();
        change(routing.services.get_mut(&id).unwrap());
        let after = service(&id, &routing.services[&id], &place(), &routing);
        let differ = after.iter().filter(|told| !before.contains(told));
        let differ: Vec<_> = differ.map(|(kind, name, _)| (*kind, &**name)).collect();
        assert_eq!(differ, touched, "{name}");
    }
}

#[test]
fn a_share_of_what_runs_nowhere_has_a_cluster() {
    let mut routing = routing();
    let id = ServiceId::new("feed").unwrap();
    routing.services.get_mut(&id).unwrap().versions.remove("1.1");
    let told = service(&id, &routing.services[&id], &place(), &routing);
    let names: Vec<_> = told.iter().map(|(kind, name, _)| (*kind, &**name)).collect();
    assert!(names.contains(&(Kind::Cluster, "feed/1.1")), "{names:?}");
    let host = told.iter().find(|(kind, ..)| *kind == Kind::VirtualHost).unwrap();
    assert_eq!(host.2.needs.len(), 2);
}
