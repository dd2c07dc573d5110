//! A synthetic estate of any size, the same each time: for the gallery and the page tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::estate::{Cause, DatacenterState, Estate, Instance, InstanceState};
use mainstay_core::fleet::{
    Datacenter, Fleet, Group, LocalNeed, Placement, Region, Service, Vendor,
};
use mainstay_core::id::{DatacenterId, EdgeId, GroupId, InstanceId, RegionId, ServiceId};
use mainstay_core::placement;
use mainstay_core::problem::{self, Record};
use mainstay_core::rollout::EdgeFact;

/// The moment every sample is taken at.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T03:12:07Z".parse().expect("a time")
}

const PLACES: [(&str, &str, &[&str]); 5] = [
    ("ap-southeast", "Asia/Singapore", &["sin1", "sin2"]),
    ("eu-central", "Europe/Berlin", &["fra1", "fra2"]),
    ("eu-west", "Europe/Dublin", &["dub1", "dub2"]),
    ("us-east", "America/New_York", &["iad1", "iad2"]),
    ("us-west", "America/Los_Angeles", &["pdx1", "pdx2"]),
];
const GROUPS: [(&str, &str); 4] = [
    ("social", "Social network"),
    ("telemetry", "Telemetry"),
    ("store", "Online store"),
    ("logistics", "Warehouses"),
];
const NAMES: [&str; 15] = [
    "feed", "edge", "media", "search", "session", "ingest", "metrics", "cart", "checkout",
    "catalog", "stock", "courier", "label", "profile", "notify",
];
const KINDS: [&str; 4] = ["api", "front", "worker", "proxy"];

/// A fleet of `services` services with `nodes` each (more for the first), all data centres heard
/// but `pdx2`, with a few troubles.
pub fn estate(services: usize, nodes: u16) -> Estate {
    let mut fleet = places();
    for at in 0..services {
        let name = format!("{}-{}", NAMES[at % NAMES.len()], KINDS[at / NAMES.len() % KINDS.len()]);
        let group = GROUPS[at * GROUPS.len() / services.max(1)].0;
        let local = group == "logistics" && at % 2 == 0;
        let placement = if local {
            Placement::Local { needs: LocalNeed::Warehouses, regions: BTreeSet::new() }
        } else {
            Placement::Distributed { datacenters: fleet.datacenters.keys().cloned().collect() }
        };
        let nodes = match at {
            0 => 17,
            at if at % 9 == 4 => nodes + 5,
            _ => nodes + (at % 3 == 0) as u16,
        };
        fleet.services.insert(
            ServiceId::new(&name).expect("an id"),
            Service {
                group: GroupId::new(group).expect("an id"),
                placement,
                nodes,
                version: format!("{}.{}.{}", 1 + at % 9, at % 20, at % 4),
                front: name.ends_with("front"),
                command: Vec::new(),
                health_path: "/health".to_owned(),
                retired: false,
                strategy: Default::default(),
                bench: None,
                rollout_plan: None,
                limits: Default::default(),
                depends_on: Default::default(),
                node_requests_per_second: None,
                availability_target: None,
                requires_checks: Default::default(),
            },
        );
    }
    populate(fleet)
}

fn places() -> Fleet {
    let mut fleet = Fleet { name: "production".to_owned(), ..Fleet::default() };
    for (id, zone, datacenters) in PLACES {
        let region = RegionId::new(id).expect("an id");
        let has = if id == "ap-southeast" {
            BTreeSet::new()
        } else {
            BTreeSet::from([LocalNeed::Warehouses])
        };
        let declared =
            Region { name: id.to_owned(), time_zone: zone.parse().expect("a zone"), has };
        fleet.regions.insert(region.clone(), declared);
        for (at, dc) in datacenters.iter().enumerate() {
            let vendor = if at == 0 { Vendor::OnPremises } else { Vendor::Cloud("Nimbus".into()) };
            let place = Datacenter {
                name: format!("{dc} hall"),
                region: region.clone(),
                vendor,
                position: fleet.datacenters.len() as u16,
                retired: false,
            };
            fleet.datacenters.insert(DatacenterId::new(dc).expect("an id"), place);
        }
    }
    for (at, (id, name)) in GROUPS.iter().enumerate() {
        let (name, priority) = ((*name).to_owned(), at as u16 + 1);
        let group = Group { name, priority, ..Group::default() };
        fleet.groups.insert(GroupId::new(id).expect("an id"), group);
    }
    fleet
}

fn populate(fleet: Fleet) -> Estate {
    let mut datacenters = BTreeMap::new();
    for (row, dc) in fleet.datacenters.keys().enumerate() {
        let silent = dc.as_str() == "pdx2";
        let seen = now() - TimeDelta::seconds(if silent { 315 } else { 0 });
        let mut state = DatacenterState {
            last_seen: Some(seen),
            connected: !silent,
            agent_version: Some("0.1.0".to_owned()),
            ..DatacenterState::default()
        };
        for (column, (id, service)) in fleet.services.iter().enumerate() {
            if !placement::datacenters(&fleet, service).contains(dc) {
                continue;
            }
            for node in 0..service.nodes {
                let instance = instance(id, service, dc, row, column, node);
                state.instances.insert(instance.id.clone(), Arc::new(instance));
            }
        }
        datacenters.insert(dc.clone(), Arc::new(state));
    }
    Estate {
        fleet: Arc::new(fleet),
        fleet_revision: 1,
        releases: Arc::default(),
        datacenters,
        at: now(),
        ..Estate::default()
    }
}

fn instance(
    service: &ServiceId,
    declared: &Service,
    dc: &DatacenterId,
    row: usize,
    column: usize,
    node: u16,
) -> Instance {
    let seed = row * 31 + column * 7 + usize::from(node) * 3;
    let cause = Cause::HealthStatus { code: 503 };
    let state = match (dc.as_str(), column, node) {
        ("sin2", 4, 0..3) => InstanceState::Waiting {
            cause: Cause::Killed { signal: 9 },
            retry_at: now() + TimeDelta::seconds(8),
        },
        ("pdx1", 9, 0) => InstanceState::Unhealthy { cause },
        ("dub1", 6, 0) => InstanceState::Starting,
        ("sin1", 11, _) => InstanceState::Draining,
        _ => InstanceState::Serving,
    };
    let old = (dc.as_str(), column) == ("dub1", 6) && node > 0;
    Instance {
        id: InstanceId::new(&format!("{service}-{dc}-n{node}")).expect("an id"),
        service: service.clone(),
        version: if old { "0.9.9".to_owned() } else { declared.version.clone() },
        state,
        since: now() - TimeDelta::minutes(6 + seed as i64 % 4000),
        restarts: u32::from(seed.is_multiple_of(11)),
        cpu_millicores: Some(40 + (seed * 37 % 700) as u32),
        memory_bytes: Some(20_000_000 + (seed as u64 * 7_919) % 90_000_000),
        endpoint: Some(format!("127.0.{row}.1:{}", 20_000 + seed)),
        handle: Some((4000 + seed).to_string()),
    }
}

/// The problems of an estate as the store would keep them, and one that ended; its edges are well.
pub fn records(estate: &Estate) -> Vec<Record> {
    let well = |id: &EdgeId| {
        let fact = EdgeFact {
            connected: true,
            since: now() - TimeDelta::hours(9),
            acknowledged_revision: 1,
            acknowledged_at: None,
            nacks: Vec::new(),
        };
        (id.clone(), fact)
    };
    let edges = estate.fleet.edges.keys().map(well).collect();
    let mut records: Vec<_> = problem::find(estate, &edges, &BTreeMap::new())
        .into_iter()
        .enumerate()
        .map(|(at, problem)| Record {
            owner: (at == 1).then(|| "operator-3".to_owned()),
            ..Record::new(1042 + at as i64, problem, now() - TimeDelta::minutes(4 + at as i64 * 7))
        })
        .collect();
    if let Some(first) = records.first().cloned() {
        records.push(Record {
            id: 1001,
            opened_at: now() - TimeDelta::hours(5),
            closed_at: Some(now() - TimeDelta::hours(4)),
            ..first
        });
    }
    records
}
