//! Rollouts, decided from a small world that a test moves on by hand.
//!
//! Regions `a` (data centres a1, a2) and `b` (b1), an edge in each; `shop` comes by canary with
//! four nodes everywhere, `feed` node by node with two.

mod gates;
mod refusals;
mod requests;
mod routes;
mod simulation;
mod starts;
mod views;
mod walks;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::bench::{TestReport, TestState};
use crate::estate::{DatacenterState, Estate, Fact, Instance, InstanceState};
use crate::fleet::Fleet;
use crate::fleet::read::read;
use crate::id::EdgeId;
use crate::judge::{Judgement, Metric, MetricJudgement, Verdict};
use crate::release::Releases;

const FLEET: &str = r#"name = "test"
[[region]]
id = "a"
time_zone = "Europe/Berlin"
[[region]]
id = "b"
time_zone = "Africa/Lagos"
[[datacenter]]
id = "a1"
region = "a"
vendor = "on-premises"
[[datacenter]]
id = "a2"
region = "a"
vendor = "one"
[[datacenter]]
id = "b1"
region = "b"
vendor = "two"
[[group]]
id = "store"
priority = 1
[[rollout_plan]]
id = "quick"
node_watch_seconds = 10
steps = [{ weight = 10, watch_seconds = 30 }, { weight = 50, watch_seconds = 20 }]
conditions = [{ errors_most = 5 }]
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 4
version = "1.0.0"
front = true
rollout_plan = "quick"
[[service]]
id = "feed"
group = "store"
placement = "distributed"
datacenters = ["a1", "b1"]
nodes = 2
version = "1.0.0"
rollout_plan = "quick"
[[edge]]
id = "ea"
region = "a"
datacenter = "a1"
[[edge]]
id = "eb"
region = "b"
datacenter = "b1"
"#;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + seconds, 0).expect("a small timestamp")
}

fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a test id")
}

fn fleet() -> Fleet {
    read(FLEET).expect("the test's fleet has no mistake")
}

/// A plan from 1.0.0 to 2.0.0.
fn plan_of(fleet: &Fleet, service: &str) -> Plan {
    let request = StartRequest {
        service: service.into(),
        version: "2.0.0".into(),
        configuration_compatible: true,
        ..Default::default()
    };
    let bench = starts::passed(service, "2.0.0");
    start(fleet, &Releases::default(), &request, Some(&bench), at(0)).expect("a good start")
}

/// A judgement that says only this.
fn judged(verdict: Verdict) -> Judgement {
    let metric = MetricJudgement {
        metric: Metric::Errors,
        verdict,
        at_second: None,
        stable: Some(0.002),
        canary: Some(0.019),
        lower: Some(0.01),
        upper: None,
        tolerance: 0.005,
        stable_requests: 400,
        canary_requests: 40,
        compared_requests: Some(40),
        stable_events: 1,
        canary_events: 1,
        needed_requests: None,
    };
    Judgement {
        verdict,
        at_second: None,
        from_second: None,
        to_second: None,
        seconds: 1,
        alpha: 0.001,
        metrics: vec![metric],
    }
}

struct World {
    estate: Estate,
    rollout: Rollout,
    now: DateTime<Utc>,
    edges: BTreeMap<EdgeId, EdgeFact>,
    judgement: Option<Judgement>,
    limit: Option<Verdict>,
    last_request: Option<DateTime<Utc>>,
    heard_until: Option<DateTime<Utc>>,
    heard_seconds: u32,
}

/// A refusal of what was told of some services.
fn refusal(revision: u64, services: &[&str], message: &str) -> Nack {
    let services = services.iter().map(|service| id(service)).collect();
    Nack { revision, services, version: None, message: message.to_owned(), at: at(0) }
}

impl World {
    /// A rollout that was just started; all else is well.
    fn new(service: &str) -> Self {
        let fleet = fleet();
        let plan = plan_of(&fleet, service);
        let state = State::Preparing { at: Position::default(), since: at(0), held: None };
        let rollout = Rollout {
            id: RolloutId(1),
            plan,
            state,
            revision: 1,
            routing_revision: 2,
            started_at: at(0),
            started_by: "operator-1".into(),
            changed_at: at(0),
        };
        let releases = Releases {
            revision: 1,
            rollouts: [(rollout.plan.service.clone(), rollout.clone())].into(),
            ..Default::default()
        };
        let estate = Estate {
            fleet: Arc::new(fleet),
            fleet_revision: 1,
            releases: Arc::new(releases),
            at: at(0),
            ..Default::default()
        };
        let mut world = Self {
            estate,
            rollout,
            now: at(0),
            edges: BTreeMap::new(),
            judgement: None,
            limit: Some(Verdict::Pass),
            last_request: None,
            heard_until: None,
            heard_seconds: u32::MAX,
        };
        for datacenter in ["a1", "a2", "b1"] {
            let heard = DatacenterState { last_seen: Some(at(0)), ..Default::default() };
            world.estate.datacenters.insert(id(datacenter), Arc::new(heard));
        }
        world.all_well();
        world
    }

    fn facts<T>(&self, with: impl FnOnce(&Facts<'_>) -> T) -> T {
        let conditions = self.rollout.plan.analysis.conditions.iter().zip(self.limit);
        let conditions: Vec<_> = conditions
            .map(|(condition, verdict)| ConditionFact {
                condition: condition.clone(),
                verdict,
                value: Some(0.07),
            })
            .collect();
        with(&Facts {
            estate: &self.estate,
            now: self.now,
            edges: &self.edges,
            judgement: self.judgement.as_ref(),
            conditions: &conditions,
            last_request: self.last_request,
            heard_until: self.heard_until,
            heard_seconds: self.heard_seconds,
        })
    }

    fn decide(&self) -> Decision {
        self.facts(|facts| decide(&self.rollout, facts))
    }

    fn ask(&self, asked: &Request) -> Result<Change, Refusal> {
        self.facts(|facts| request(&self.rollout, asked, "operator-1", facts))
    }

    /// Carries a change out, as the leader does in one transaction.
    fn apply(&mut self, change: &Change) {
        let releases = Arc::make_mut(&mut self.estate.releases);
        self.rollout = apply(releases, &self.rollout, change, self.estate.fleet_revision, self.now);
    }

    /// Decides and carries it out; whether there was something to do.
    fn step(&mut self) -> bool {
        let Some(change) = self.decide().change else { return false };
        self.apply(&change);
        true
    }

    fn state(mut self, state: State) -> Self {
        self.set(state);
        self
    }

    fn set(&mut self, state: State) {
        self.apply(&Change::from(state));
        self.all_well();
    }

    fn after(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.estate.at = self.now;
        for state in self.estate.datacenters.values_mut() {
            Arc::make_mut(state).last_seen = Some(self.now);
        }
    }

    /// Agents carry out what is wanted, edges what they are told, and their logs are complete.
    fn all_well(&mut self) {
        self.agents();
        self.acknowledge();
        self.heard_until = Some(self.now);
    }

    fn acknowledge(&mut self) {
        let acknowledged_revision = routing_revision(&self.estate);
        for edge in self.estate.fleet.edges.keys() {
            let known = self.edges.get(edge).filter(|known| {
                known.connected && known.acknowledged_revision == acknowledged_revision
            });
            let acknowledged_at = known.and_then(|known| known.acknowledged_at);
            let fact = EdgeFact {
                connected: true,
                since: at(-100),
                acknowledged_revision,
                acknowledged_at: acknowledged_at.or(Some(self.now)),
                nacks: Vec::new(),
            };
            self.edges.insert(edge.clone(), fact);
        }
    }

    /// Every agent runs what is wanted of it.
    fn agents(&mut self) {
        let wanted = wanted(&self.estate.fleet, &self.estate.releases);
        for (datacenter, state) in &mut self.estate.datacenters {
            let state = Arc::make_mut(state);
            let mut wanted_here = BTreeMap::new();
            for ((service, track), spec) in wanted.get(datacenter).into_iter().flatten() {
                for n in 1..=spec.nodes {
                    let instance = serving(datacenter, service, track.name(), n, &spec.version);
                    wanted_here.insert(instance.id.clone(), instance);
                }
            }
            state.instances.retain(|id, _| wanted_here.contains_key(id));
            for (id, instance) in wanted_here {
                let same =
                    state.instances.get(&id).is_some_and(|it| it.version == instance.version);
                if !same {
                    let since = self.now - super::gates::SETTLED_AFTER;
                    let instance = Instance { since, ..instance };
                    state.instances.insert(id, Arc::new(instance));
                }
            }
        }
    }

    /// Changes one instance.
    fn instance(&mut self, datacenter: &str, instance: &str, change: impl FnOnce(&mut Instance)) {
        let state = self.estate.datacenters.get_mut(&id::<DatacenterId>(datacenter));
        let state = Arc::make_mut(state.expect("a data centre of the test"));
        let found = state.instances.get_mut(&id::<InstanceId>(instance));
        change(Arc::make_mut(found.expect("an instance of the test")));
    }

    fn silence(&mut self, datacenter: &str, since: DateTime<Utc>) {
        let state = self.estate.datacenters.get_mut(&id::<DatacenterId>(datacenter));
        Arc::make_mut(state.expect("a data centre of the test")).last_seen = Some(since);
    }

    fn edge(&mut self, edge: &str, change: impl FnOnce(&mut EdgeFact)) {
        change(self.edges.get_mut(&id::<EdgeId>(edge)).expect("an edge of the test"));
    }

    fn report(&mut self, datacenter: &str, test: &str, state: TestState) {
        let report = TestReport {
            id: test.into(),
            service: self.rollout.plan.service.clone(),
            version: self.rollout.plan.to.clone(),
            state,
            started_at: self.now,
            ended_at: None,
            results: Vec::new(),
        };
        let of = self.estate.datacenters.get_mut(&id::<DatacenterId>(datacenter));
        let of = Arc::make_mut(of.expect("a data centre of the test"));
        let fact = Fact::Test(report);
        of.facts.insert(fact.key(), Arc::new(fact));
    }

    /// One line: state, position, the new version's share at both edges, nodes old+new.
    fn shown(&self) -> String {
        let position = match change::position(&self.rollout.state) {
            Some(Position { wave, step }) => format!(" {wave}.{step}"),
            None => String::new(),
        };
        let fleet = &self.estate.fleet;
        let share = |region| new_share(fleet, &self.rollout, &id(region));
        let service = &fleet.services[&self.rollout.plan.service];
        let placed = crate::placement::datacenters(fleet, service);
        let nodes = placed.iter().map(|datacenter| {
            let Nodes { old, new } = nodes(&self.rollout, datacenter, service.nodes);
            format!("{old}+{new}")
        });
        let nodes: Vec<_> = nodes.collect();
        let name = self.rollout.state.name();
        format!("{name}{position} a{} b{} {}", share("a"), share("b"), nodes.join(" "))
    }
}

fn serving(
    datacenter: &DatacenterId,
    service: &ServiceId,
    track: &str,
    n: u16,
    version: &str,
) -> Instance {
    Instance {
        id: id(&format!("{service}-{datacenter}-{track}-{n}")),
        service: service.clone(),
        version: version.into(),
        state: InstanceState::Serving,
        since: at(0),
        restarts: 0,
        cpu_millicores: None,
        memory_bytes: Some(1_000),
        endpoint: Some(format!("{datacenter}-{service}-{track}:{n}")),
        handle: None,
    }
}

const fn position(wave: u16, step: u16) -> Position {
    Position { wave, step }
}

fn watching(wave: u16, step: u16) -> State {
    State::Watching { at: position(wave, step), since: at(0) }
}
