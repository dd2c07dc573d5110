//! A world in which everything that is told is done at once, or where somebody is silent or stuck
//! not at all.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::estate::{DatacenterState, Estate, Instance, InstanceState};
use crate::failover::decide::{Answered, Facts, decide};
use crate::failover::request::{Refusal, Request, request};
use crate::failover::rules::{self, Gates, Holds};
use crate::id::{EdgeId, InstanceId};
use crate::release::Releases;
use crate::rollout::EdgeFact;

/// So many seconds after its clock was set a server does not call anybody silent.
const EVEN_AFTER: i64 = 5;

/// A world in which everything that is told is done at once.
pub(super) struct World {
    pub(super) estate: Estate,
    pub(super) edges: BTreeMap<EdgeId, EdgeFact>,
    pub(super) answered: Option<Answered>,
    pub(super) run: Run,
    /// Runs before it, whose effects stand.
    pub(super) earlier: Vec<Run>,
    pub(super) seconds: i64,
    /// How far the server's clock was set, in seconds.
    pub(super) set: i64,
    /// Ages mean nothing before this second.
    pub(super) even_from: i64,
    /// Data centres whose agents are not heard.
    pub(super) silent: BTreeSet<DatacenterId>,
    /// Nodes that never come up.
    pub(super) stuck: Option<ServiceId>,
    /// Requests in a second to each place of a service; one that is not here: not measured.
    pub(super) load: BTreeMap<ServiceId, BTreeMap<DatacenterId, f64>>,
    pub(super) gates: Gates,
}

impl World {
    pub(super) fn new(text: &str, lose: &[&str], mode: Mode) -> Self {
        Self::of(fleet(text), lose, mode)
    }

    pub(super) fn of(fleet: Fleet, lose: &[&str], mode: Mode) -> Self {
        let run = run_of(plan_of(&fleet, lose), mode);
        let estate = Estate { fleet: Arc::new(fleet), fleet_revision: 1, ..Estate::default() };
        let (edges, silent) = (BTreeMap::new(), BTreeSet::new());
        let mut world = Self {
            estate,
            edges,
            answered: None,
            run,
            earlier: Vec::new(),
            seconds: 100,
            set: 0,
            even_from: 0,
            silent,
            stuck: None,
            load: BTreeMap::new(),
            gates: Gates::default(),
        };
        world.override_broken();
        world
    }

    /// Who starts it names each rule that does not hold.
    pub(super) fn override_broken(&mut self) {
        let fleet = &self.estate.fleet;
        let observed = Observed::as_declared(fleet);
        let observed = &Observed { services: self.loads(), ..observed };
        let (standing, plan) = (&Standing::default(), &self.run.plan);
        let ground = Ground { fleet, observed, standing, plan, seen: None };
        let broken = rules::judge(&ground, &self.gates, self.now()).into_iter();
        let broken = broken.filter(|it| it.holds != Holds::Yes).map(|it| it.rule);
        self.run.overridden = broken.collect();
    }

    /// The load of each service in its places, and nothing else.
    fn loads(&self) -> BTreeMap<ServiceId, BTreeMap<DatacenterId, Cell>> {
        let cell = |rate: &f64| Cell { serving: None, requests_per_second: Some(*rate) };
        let cells = |(service, places): (&ServiceId, &BTreeMap<DatacenterId, f64>)| {
            let cells = places.iter().map(|(place, rate)| (place.clone(), cell(rate)));
            (service.clone(), cells.collect())
        };
        self.load.iter().map(cells).collect()
    }

    /// What the server's clock tells.
    pub(super) fn now(&self) -> DateTime<Utc> {
        at(self.seconds + self.set)
    }

    /// The server's clock is set; in the look after that nobody has told anything since.
    pub(super) fn set_clock(&mut self, by: i64) {
        self.set += by;
        self.even_from = self.seconds + EVEN_AFTER;
        self.seconds += 1;
        self.estate.at = self.now();
    }

    /// A second passes; what stands comes true.
    pub(super) fn tick(&mut self) {
        self.seconds += 1;
        let now = self.now();
        self.remember();
        let wanted = crate::rollout::wanted(&self.estate.fleet, &self.estate.releases);
        self.estate.at = now;
        for datacenter in self.estate.fleet.datacenters.keys() {
            if self.silent.contains(datacenter) {
                continue;
            }
            let mut state = DatacenterState { last_seen: Some(now), ..DatacenterState::default() };
            for ((service, _), spec) in wanted.get(datacenter).into_iter().flatten() {
                let nodes = if self.stuck.as_ref() == Some(service) { 0 } else { spec.nodes };
                for number in 0..nodes {
                    let instance = serving(&format!("{service}-{datacenter}-{number}"), service);
                    state.instances.insert(instance.id.clone(), Arc::new(instance));
                }
            }
            self.estate.datacenters.insert(datacenter.clone(), Arc::new(state));
        }
        for edge in self.estate.fleet.edges.keys() {
            let fact = EdgeFact {
                connected: true,
                since: at(0),
                acknowledged_revision: self.run.routing_revision,
                acknowledged_at: Some(now),
                nacks: Vec::new(),
            };
            self.edges.insert(edge.clone(), fact);
        }
        let (from, until) = (now - TimeDelta::seconds(5), now);
        self.answered = Some(Answered { from, until, counts: BTreeMap::new() });
    }

    /// What was decided is known at once, with all that follows from it.
    fn remember(&mut self) {
        let failovers: Vec<_> = self.earlier.iter().chain([&self.run]).cloned().collect();
        let standing = standing(&failovers);
        self.estate.releases = Arc::new(Releases { failovers, standing, ..Releases::default() });
    }

    /// What is known of the world, with its load.
    pub(super) fn observed(&self) -> Observed {
        let mut observed = Observed::of(&self.estate);
        for (service, places) in &self.load {
            let cells = observed.services.entry(service.clone()).or_default();
            for (place, rate) in places {
                cells.entry(place.clone()).or_default().requests_per_second = Some(*rate);
            }
        }
        observed
    }

    pub(super) fn decide(&mut self) -> bool {
        let observed = self.observed();
        let facts = Facts {
            estate: &self.estate,
            now: self.estate.at,
            clock_even: self.seconds >= self.even_from,
            edges: &self.edges,
            answered: self.answered.as_ref(),
            observed: &observed,
            gates: &self.gates,
        };
        let decision = decide(&self.run, &facts);
        assert_eq!(decision, decide(&self.run, &facts), "the same facts, the same decision");
        let Some(next) = decision.run else { return false };
        self.run = Run { revision: self.run.revision + 1, ..next };
        self.remember();
        true
    }

    pub(super) fn go(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.tick();
            while self.decide() {
                self.in_order();
            }
        }
    }

    /// No group has begun before the one above is recovered, or a person said so.
    pub(super) fn in_order(&self) {
        let mut above = true;
        for group in &self.run.plan.groups {
            let begun = group.steps.iter().any(|step| self.run.steps.contains_key(&step.id));
            assert!(above || !begun, "{} begins too early: {:?}", group.id, self.run.steps);
            let past = |step: &Step| self.run.steps.get(&step.id).is_some_and(StepState::is_past);
            let recovered = |step: &&Step| matches!(step.act, Act::Observe(_));
            above = above && group.steps.iter().filter(recovered).all(past);
        }
    }

    pub(super) fn ask(&mut self, by: &str, what: Request) -> Result<(), Refusal> {
        let next = request(&self.run, &what, by, self.now())?;
        self.run = Run { revision: self.run.revision + 1, ..next };
        Ok(())
    }
}

fn serving(name: &str, service: &ServiceId) -> Instance {
    Instance {
        id: id::<InstanceId>(name),
        service: service.clone(),
        version: "1.0.0".into(),
        state: InstanceState::Serving,
        since: at(0),
        restarts: 0,
        cpu_millicores: None,
        memory_bytes: None,
        endpoint: None,
        handle: None,
    }
}

/// Without its database, whose members no agent tells of here.
pub(super) fn no_database() -> String {
    let (before, rest) = SMALL.split_once("[[database]]").expect("it");
    let (_, after) = rest.split_once("[[edge]]").expect("it");
    format!("{before}[[edge]]{after}")
        .replace("depends_on = [\"api\", \"db\"]\n", "depends_on = [\"api\"]\n")
        .replace("depends_on = [\"db\"]\n", "")
}
