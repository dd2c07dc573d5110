//! Planned events: what is accepted, every check, collisions, states, waivers.

mod checks;
mod evidence;
mod gate;
mod requests;

use std::fmt;
use std::sync::Arc;

use super::check::{Answer, Facts, Judged, judge};
use super::*;
use crate::backup::proof::{Outcome, Proof};
use crate::backup::work::DatabaseReport;
use crate::backup::{Catalogue, Copy, Kind as CopyKind, Label};
use crate::bench::{Bench, BenchResult, CheckResult, TestReport, TestState};
use crate::estate::{DatacenterState, Estate, Fact, Instance, InstanceState};
use crate::failover::rules::Gates;
use crate::fleet::read::read;
use crate::id::DatabaseId;
use crate::problem::{Proofs, Shown};

/// Three data centres; `api` needs a database, and `front` needs `api`.
const FLEET: &str = r#"
name = "small"
[[region]]
id = "a"
time_zone = "UTC"
[[datacenter]]
id = "a1"
region = "a"
vendor = "x"
[[datacenter]]
id = "a2"
region = "a"
vendor = "x"
[[datacenter]]
id = "a3"
region = "a"
vendor = "x"
[[group]]
id = "shop"
priority = 1
serving_least = 2
[[group]]
id = "other"
priority = 2
[[service]]
id = "api"
group = "shop"
placement = "distributed"
nodes = 2
version = "1.0.0"
depends_on = ["db"]
[[service]]
id = "front"
group = "shop"
placement = "distributed"
nodes = 2
version = "1.0.0"
depends_on = ["api"]
[[service]]
id = "quiet"
group = "other"
placement = "distributed"
datacenters = ["a1", "a2"]
nodes = 2
version = "1.0.0"
[[backup_policy]]
id = "p"
full_every_days = 1
window = "00:00-01:00"
retention_days = 7
[[database]]
id = "db"
group = "shop"
datacenters = ["a1", "a2"]
policy = "p"
"#;

fn id<T: FromStr>(text: &str) -> T
where
    T::Err: fmt::Debug,
{
    text.parse().expect("an id")
}

fn now() -> DateTime<Utc> {
    "2026-03-10T12:00:00Z".parse().expect("an instant")
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

fn set(ids: &[&str]) -> BTreeSet<DatacenterId> {
    ids.iter().map(|text| id(text)).collect()
}

/// A release of `api` in an hour, in a data centre that stays in traffic.
fn content() -> Content {
    Content {
        title: "A new search".into(),
        what: "Version 2 with the new search".into(),
        kind: Kind::NewFeature,
        from: now() + hours(1),
        until: now() + hours(3),
        datacenters: set(&["a1"]),
        services: [(id("api"), Some("2.0.0".into()))].into(),
        out_of_traffic: false,
        compatible: true,
        effect: "None".into(),
        way_back: "Roll back".into(),
        commit: Some("5f1c".into()),
        repository: None,
    }
}

fn event(number: i64, content: Content) -> PlannedEvent {
    PlannedEvent {
        id: EventId(number),
        content,
        state: State::Planned,
        ticks: BTreeMap::new(),
        planned_by: "ann".into(),
        planned_at: now() - hours(24),
        revision: 1,
        changed_at: now() - hours(24),
    }
}

/// An event whose data centres are out of traffic, so many hours from now.
fn away(number: i64, datacenters: &[&str], from: i64, until: i64) -> PlannedEvent {
    event(
        number,
        Content {
            datacenters: set(datacenters),
            services: BTreeMap::new(),
            out_of_traffic: true,
            from: now() + hours(from),
            until: now() + hours(until),
            ..content()
        },
    )
}

/// A full copy that was begun so many hours ago.
fn copy(ago: i64) -> Copy {
    let started = now() - hours(ago);
    Copy {
        label: Label(format!("full-{ago}")),
        kind: CopyKind::Full,
        full: None,
        started,
        finished: started + TimeDelta::minutes(5),
        database_bytes: 1,
        stored_bytes: 1,
        wal: None,
        bad_pages: false,
        gone: false,
    }
}

fn report(catalogue: Catalogue) -> DatabaseReport {
    DatabaseReport {
        database: id("db"),
        read_at: now(),
        hosts: true,
        prepared: None,
        catalogue,
        wal: BTreeMap::new(),
        set_aside: Vec::new(),
        kept: Vec::new(),
        log_moments: Vec::new(),
        archiver: None,
        histories: BTreeMap::new(),
    }
}

/// Everything that [`Facts`] lends; all is well in it.
#[derive(Clone)]
struct World {
    fleet: Fleet,
    datacenters: BTreeMap<DatacenterId, DatacenterState>,
    proofs: Proofs,
    benches: Vec<BenchResult>,
    reports: Vec<crate::pipeline::Report>,
    look: Option<crate::pipeline::look::Look>,
    gates: Gates,
    others: Vec<PlannedEvent>,
    failover: Option<crate::failover::Run>,
}

impl World {
    fn new() -> Self {
        let fleet = read(FLEET).expect("a fleet without mistakes");
        let held = [("a1", 12), ("a2", 36)];
        let held = held.map(|(place, ago)| (id(place), Ok(vec![copy(ago)])));
        let catalogue: Catalogue = held.into_iter().chain([(id("a3"), Ok(Vec::new()))]).collect();
        let fact = Fact::Database(report(catalogue));
        let mut datacenters = BTreeMap::new();
        for datacenter in fleet.datacenters.keys() {
            let mut state = DatacenterState { last_seen: Some(now()), ..Default::default() };
            for service in fleet.services.keys() {
                for n in 1..=2 {
                    let name = id(&format!("{service}-{datacenter}-{n}"));
                    state.instances.insert(id(&format!("{service}-{datacenter}-{n}")), {
                        Arc::new(Instance {
                            id: name,
                            service: service.clone(),
                            version: "1.0.0".into(),
                            state: InstanceState::Serving,
                            since: now(),
                            restarts: 0,
                            cpu_millicores: None,
                            memory_bytes: None,
                            endpoint: None,
                            handle: None,
                        })
                    });
                }
            }
            datacenters.insert(datacenter.clone(), state);
        }
        let first = datacenters.get_mut("a1").expect("it is in the fleet");
        first.facts = [(fact.key(), Arc::new(fact))].into();
        let mut world = Self {
            proofs: Proofs::new(),
            benches: vec![tested(&fleet, TestState::Passed, 1)],
            reports: Vec::new(),
            look: None,
            fleet,
            datacenters,
            gates: Gates::default(),
            others: Vec::new(),
            failover: None,
        };
        world.proven(Some(12));
        world
    }

    /// A copy passed its test restore so many hours ago.
    fn proven(&mut self, ago: Option<i64>) {
        let proof = ago.map(|ago| Proof {
            datacenter: id("a1"),
            label: Label("full-12".into()),
            at: now() - hours(ago),
            outcome: Outcome::Passed,
        });
        let proofs = Arc::new(proof.into_iter().collect());
        self.proofs.insert(id::<DatabaseId>("db"), Shown { proofs, ..Shown::default() });
    }

    fn held(&mut self, held: [Result<Vec<Copy>, String>; 3]) {
        let places = ["a1", "a2", "a3"].map(id::<DatacenterId>);
        let fact = Fact::Database(report(places.into_iter().zip(held).collect()));
        let first = self.datacenters.get_mut("a1").expect("it is in the fleet");
        first.facts = [(fact.key(), Arc::new(fact))].into();
    }

    fn judge(&self, event: &PlannedEvent) -> Vec<Judged> {
        let datacenters = self.datacenters.iter();
        let datacenters = datacenters.map(|(id, state)| (id.clone(), Arc::new(state.clone())));
        let releases = crate::release::Releases {
            failovers: self.failover.clone().into_iter().collect(),
            ..Default::default()
        };
        let estate = Estate {
            fleet: Arc::new(self.fleet.clone()),
            releases: Arc::new(releases),
            datacenters: datacenters.collect(),
            at: now(),
            ..Default::default()
        };
        judge(
            event,
            &Facts {
                now: now(),
                estate: &estate,
                proofs: &self.proofs,
                benches: &self.benches,
                reports: &self.reports,
                look: self.look.as_ref(),
                gates: &self.gates,
                others: &self.others,
            },
        )
    }

    /// How one check stands, in which words.
    fn one(&self, event: &PlannedEvent, check: Check) -> (Answer, String) {
        let judged = self.judge(event);
        let found = judged.into_iter().find(|it| it.check == check).expect("it is asked");
        (found.answer, found.sentence)
    }
}

/// A result of the bench of version 2 of `api`, so many hours ago.
fn tested(fleet: &Fleet, state: TestState, ago: i64) -> BenchResult {
    let checks = Bench::of(fleet, &id("api")).checks;
    let ended = now() - hours(ago);
    let results = checks.into_iter().map(|check| {
        let passed = state == TestState::Passed;
        CheckResult { check, passed, seen: String::new() }
    });
    BenchResult {
        service: id("api"),
        version: "2.0.0".into(),
        datacenter: id("a1"),
        report: TestReport {
            id: "t".into(),
            service: id("api"),
            version: "2.0.0".into(),
            started_at: ended,
            ended_at: Some(ended),
            results: results.collect(),
            state,
        },
        asked_by: "ann".into(),
        asked_at: ended,
        expires_at: Some(ended + hours(72)),
    }
}

/// The event with everything ticked that a person ticks.
fn ticked(event: &PlannedEvent) -> PlannedEvent {
    let mut event = event.clone();
    for check in Check::ALL.into_iter().filter(|check| check.is_manual()) {
        let tick = Tick { by: "ann".into(), at: now() - hours(1), note: "looked at it all".into() };
        event.ticks.insert(check, tick);
    }
    event
}

#[test]
fn ids_are_written_one_way() {
    assert_eq!(EventId(12).to_string(), "ev-12");
    assert_eq!("ev-12".parse(), Ok(EventId(12)));
    for bad in ["ev-", "ev-+1", "12", "fo-12", "ev-99999999999999999999"] {
        assert_eq!(bad.parse::<EventId>(), Err(EventIdError), "{bad}");
    }
}

type Edit<'a> = &'a dyn Fn(&mut Content);

#[test]
fn what_is_wrong_is_said_all_at_once_and_by_field() {
    let fleet = read(FLEET).expect("a fleet without mistakes");
    assert_eq!(content().mistakes(&fleet, now()), []);
    let long = "x".repeat(TITLE_MAX_CHARS + 1);
    let change = |change: Edit<'_>| {
        let mut content = content();
        change(&mut content);
        let found = content.mistakes(&fleet, now());
        found.iter().map(|it| it.field().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let cases: [(Edit<'_>, &str); 12] = [
        (&|it| it.title = "  ".into(), "title"),
        (&|it| it.title.clone_from(&long), "title"),
        (&|it| it.what.clear(), "what"),
        (&|it| it.from = now(), "from"),
        (&|it| it.from = now() + TimeDelta::days(91), "from until"),
        (&|it| it.until = it.from, "until"),
        (&|it| it.until = it.from + TimeDelta::days(8), "until"),
        (&|it| it.datacenters.clear(), "datacenters services"),
        (&|it| it.datacenters = set(&["a1", "z9"]), "datacenters"),
        (&|it| it.services = [(id("nobody"), None)].into(), "services"),
        (
            &|it| {
                it.datacenters = set(&["a3"]);
                it.services = [(id("quiet"), None)].into();
            },
            "services",
        ),
        (
            &|it| {
                it.kind = Kind::InfrastructureUpdate;
                it.way_back = " ".into();
                it.title.clear();
            },
            "title way_back",
        ),
    ];
    for (n, (edit, fields)) in cases.into_iter().enumerate() {
        assert_eq!(change(edit), fields, "case {n}");
    }
}

#[test]
fn an_urgent_fix_is_asked_what_any_release_is() {
    let asked = |kind| {
        let content = Content { kind, ..content() };
        Check::ALL.into_iter().filter(|check| check.is_asked(&content)).collect::<Vec<_>>()
    };
    let release = asked(Kind::NewFeature);
    assert_eq!(asked(Kind::UrgentHotfix), release);
    assert_eq!(asked(Kind::PlatformUpdate), release);
    assert!(!release.contains(&Check::PreProduction));
    assert!(asked(Kind::InfrastructureUpdate).contains(&Check::PreProduction));
}

#[test]
fn a_time_that_passed_is_said() {
    let planned = event(1, content());
    let later = planned.content.until;
    assert_eq!(planned.standing(now()), Standing::Planned);
    assert_eq!(planned.standing(later), Standing::NeverStarted);
    let state = State::Running { by: "ann".into(), at: now(), waived: BTreeSet::new() };
    let running = PlannedEvent { state, ..planned };
    assert_eq!(running.standing(now()), Standing::Running);
    assert_eq!(running.standing(later), Standing::Overrun);
}
