//! Problems from small estates, and their damping.

mod backups;
mod traffic;

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::deployment::Track;
use crate::estate::{DatacenterState, Instance, InstanceState};
use crate::fleet::{Datacenter, Fleet, Group, LocalNeed, Region, Strategy, Vendor};
use crate::id::{GroupId, InstanceId, RegionId};
use crate::release::Releases;
use crate::rollout::{Analysis, Plan, Rollout, RolloutId, SchemaChange, State};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
}

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a test id")
}

fn region(has: &[LocalNeed]) -> Region {
    Region { name: "R".into(), time_zone: chrono_tz::UTC, has: has.iter().copied().collect() }
}

fn service(placement: Placement) -> Service {
    Service {
        group: id::<GroupId>("g"),
        placement,
        nodes: 2,
        version: "1.0.0".into(),
        front: false,
        command: Vec::new(),
        health_path: "/health".into(),
        retired: false,
        strategy: Default::default(),
        bench: None,
        rollout_plan: None,
        limits: Default::default(),
        depends_on: Default::default(),
        node_requests_per_second: None,
        availability_target: None,
        requires_checks: Default::default(),
    }
}

/// Two data centres in two regions, warehouses only in the first; `api` in both, `stock` local.
fn fleet() -> Fleet {
    let datacenter = |region: &str| Datacenter {
        name: "D".into(),
        region: id::<RegionId>(region),
        vendor: Vendor::OnPremises,
        position: 0,
        retired: false,
    };
    let both = ["a1", "b1"].map(id::<DatacenterId>).into_iter().collect();
    Fleet {
        name: "test".into(),
        regions: [(id("a"), region(&[LocalNeed::Warehouses])), (id("b"), region(&[]))].into(),
        datacenters: [(id("a1"), datacenter("a")), (id("b1"), datacenter("b"))].into(),
        groups: [(id("g"), Group { name: "G".into(), priority: 1, ..Default::default() })].into(),
        services: [
            (id("api"), service(Placement::Distributed { datacenters: both })),
            (
                id("stock"),
                service(Placement::Local {
                    needs: LocalNeed::Warehouses,
                    regions: BTreeSet::new(),
                }),
            ),
        ]
        .into(),
        ..Fleet::default()
    }
}

/// `cells`: data centre, service, states of its instances. Data centres named are heard at 100.
fn estate(cells: &[(&str, &str, &[InstanceState])], now: i64) -> Estate {
    let mut estate =
        Estate { fleet: Arc::new(fleet()), fleet_revision: 1, at: at(now), ..Default::default() };
    for (dc, service, states) in cells {
        let entry = estate.datacenters.entry(id(dc)).or_insert_with(|| {
            Arc::new(DatacenterState { last_seen: Some(at(100)), ..Default::default() })
        });
        let entry = Arc::make_mut(entry);
        for (n, state) in states.iter().enumerate() {
            let instance = Instance {
                id: id::<InstanceId>(&format!("{service}-{dc}-{n}")),
                service: id(service),
                version: "1.0.0".into(),
                state: state.clone(),
                since: at(0),
                restarts: 0,
                cpu_millicores: None,
                memory_bytes: None,
                endpoint: None,
                handle: None,
            };
            entry.instances.insert(instance.id.clone(), Arc::new(instance));
        }
    }
    estate
}

const UP: &[InstanceState] = &[InstanceState::Serving, InstanceState::Serving];
const ONE: &[InstanceState] = &[InstanceState::Serving];

fn check(name: &str, cells: &[(&str, &str, &[InstanceState])], now: i64, want: &[&str]) {
    let keys: Vec<String> = find(&estate(cells, now), &BTreeMap::new(), &BTreeMap::new())
        .iter()
        .map(Problem::key)
        .collect();
    assert_eq!(keys, want, "{name}");
}

#[test]
fn finds_problems() {
    let dead = &[
        InstanceState::Waiting { cause: Cause::Killed { signal: 9 }, retry_at: at(101) },
        InstanceState::Serving,
    ];
    let all = [("a1", "api", UP), ("b1", "api", UP), ("a1", "stock", UP)];
    check("all is well, and no warehouse service in b is no problem (R1)", &all, 100, &[]);
    check("nothing ever heard", &[], 100, &["never-seen-a1", "never-seen-b1"]);
    check("silence is the only problem of what is unknown", &all, 200, &["silent-a1", "silent-b1"]);
    check(
        "one node is too few (R3)",
        &[("a1", "api", ONE), ("b1", "api", UP), ("a1", "stock", UP)],
        100,
        &["too-few-api-in-a1"],
    );
    check(
        "a dead instance is named once, as failing",
        &[("a1", "api", dead), ("b1", "api", UP), ("a1", "stock", UP)],
        100,
        &["failing-api-in-a1"],
    );
    check(
        "a local service where it does not belong (R1)",
        &[("a1", "api", UP), ("b1", "api", UP), ("a1", "stock", UP), ("b1", "stock", UP)],
        100,
        &["misplaced-stock-in-b1"],
    );
    check(
        "one data centre left (R2), a service down",
        &[("a1", "api", UP), ("b1", "api", &[])],
        100,
        &["down-stock", "one-left-api", "too-few-api-in-b1", "too-few-stock-in-a1"],
    );
}

/// A rollout of `api` from 1.0.0, ro-1.
fn rolling_out(to: &str, state: State) -> Releases {
    let service = id::<ServiceId>("api");
    let plan = Plan {
        service: service.clone(),
        from: "1.0.0".into(),
        from_track: Track::Blue,
        to: to.into(),
        strategy: Strategy::Canary,
        steps: Vec::new(),
        node_watch_seconds: 1,
        waves: Vec::new(),
        analysis: Analysis::default(),
        hotfix: false,
        change: None,
        schema: SchemaChange::None,
        configuration_compatible: true,
    };
    let rollout = Rollout {
        id: RolloutId(1),
        plan,
        state,
        revision: 1,
        routing_revision: 1,
        started_at: at(0),
        started_by: "operator-1".into(),
        changed_at: at(0),
    };
    Releases { rollouts: [(service, rollout)].into(), ..Default::default() }
}

#[test]
fn both_versions_of_a_rollout_may_run_and_no_other() {
    let watching = State::Watching { at: Default::default(), since: at(0) };
    let rolling_out = |to: &str| rolling_out(to, watching.clone());
    let mixed = |releases: Releases| {
        let mut estate = estate(&[("a1", "api", UP), ("b1", "api", UP), ("a1", "stock", UP)], 100);
        estate.releases = Arc::new(releases);
        let datacenter = estate.datacenters.get_mut(&id::<DatacenterId>("a1")).expect("it");
        let instances = &mut Arc::make_mut(datacenter).instances;
        let instance = instances.get_mut(&id::<InstanceId>("api-a1-1")).expect("it");
        Arc::make_mut(instance).version = "2.0.0".into();
        find(&estate, &BTreeMap::new(), &BTreeMap::new())
            .iter()
            .map(Problem::key)
            .collect::<Vec<_>>()
    };
    assert_eq!(mixed(rolling_out("2.0.0")), Vec::<String>::new());
    assert_eq!(mixed(rolling_out("3.0.0")), ["mixed-api-in-a1"]);
    assert_eq!(mixed(Releases::default()), ["mixed-api-in-a1"]);
}

#[test]
fn opens_late_and_closes_late() {
    let problem = Problem::ServiceDown { service: id("api") };
    let record = Record::new(7, problem.clone(), at(2));
    let mut tracker = Tracker::default();
    let found = [problem.clone()];
    assert_eq!(tracker.step(&found, &[], at(0)), []);
    assert_eq!(tracker.step(&[], &[], at(1)), [], "gone again before it counted");
    assert_eq!(tracker.step(&found, &[], at(1)), []);
    assert_eq!(tracker.step(&found, &[], at(3)), [Step::Open(problem)]);
    let open = [record];
    assert_eq!(tracker.step(&found, &open, at(4)), []);
    assert_eq!(tracker.step(&[], &open, at(5)), []);
    assert_eq!(tracker.step(&found, &open, at(9)), [], "back before it was closed");
    assert_eq!(tracker.step(&[], &open, at(10)), []);
    assert_eq!(tracker.step(&[], &open, at(15)), [Step::Close(7)]);
}

#[test]
fn one_that_comes_and_goes_stays_one_problem() {
    let problem = Problem::ServiceDown { service: id("api") };
    let before = |before| [Record { before, ..Record::new(7, problem.clone(), at(0)) }];
    let (rare, flapping) = (before(FLAPS - 1), before(FLAPS));
    let closes = |open: &[Record], after: i64| {
        let mut tracker = Tracker::default();
        assert_eq!(tracker.step(&[], open, at(10)), []);
        tracker.step(&[], open, at(10 + after)) == [Step::Close(7)]
    };
    assert!(closes(&rare, 5));
    assert!(!closes(&flapping, 299));
    assert!(closes(&flapping, 300));
}

#[test]
fn new_numbers_update_the_same_problem() {
    let failing = |failing| Problem::InstancesFailing {
        service: id("api"),
        datacenter: id("a1"),
        failing,
        total: 4,
        cause: None,
    };
    let open = [Record::new(1, failing(1), at(0))];
    let steps = Tracker::default().step(&[failing(2)], &open, at(1));
    assert_eq!(steps, [Step::Update(1, failing(2))]);
}
