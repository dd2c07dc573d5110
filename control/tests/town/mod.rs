//! A small world around real servers: agents that carry out what they are commanded, edges that
//! acknowledge what they are told, and users whose requests follow the weights. It outlives
//! servers and connects to the next one, as the real ones do.

#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "../../../store/tests/common/mod.rs"]
mod common;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::Utc;
use common::TestDatabase;
use mainstay_control::Control;
use mainstay_control::access::By;
use mainstay_control::audit::Signer;
use mainstay_control::authority::Authority;
use mainstay_control::edges::{Nack, Sight};
use mainstay_control::leader::Prometheus;
use mainstay_control::traffic::Told;
use mainstay_core::audit::Actor;
use mainstay_core::bench::TestState;
use mainstay_core::id::{DatacenterId, EdgeId, RegionId, ServiceId};
use mainstay_core::judge::limit::Reading;
use mainstay_core::rollout::{Rollout, RolloutId, StartRequest, State};
use mainstay_core::routing::Routing;
use mainstay_core::traffic::{Counts, Series};
use mainstay_store::Store;
use mainstay_wire::CommandResult;
use place::Place;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Anything in these tests has happened within this time, on a busy machine too.
pub const SOON: Duration = Duration::from_secs(90);
/// Requests of one service at one edge in a fifth of a second.
const REQUESTS: u64 = 80;

pub const FLEET: &str = r#"
name = "town"
[[region]]
id = "north"
name = "North"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "osl1"
name = "Oslo 1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl2"
name = "Oslo 2"
region = "north"
vendor = "Hetzner"
[[edge]]
id = "edge-1"
region = "north"
datacenter = "osl1"
[[edge]]
id = "edge-2"
region = "north"
datacenter = "osl2"
[[group]]
id = "store"
name = "Store"
priority = 1
[[rollout_plan]]
id = "quick"
steps = [{ weight = 50, watch_seconds = 6 }, { weight = 100, watch_seconds = 6 }]
error_tolerance = 20
latency_tolerance = 300
min_requests = 50
[[rollout_plan]]
id = "ordered"
steps = [{ weight = 50, watch_seconds = 6 }, { weight = 100, watch_seconds = 6 }]
error_tolerance = 20
latency_tolerance = 300
min_requests = 50
conditions = [{ promql = "orders{of='$service',in='$version',not='$stable'}", least = 10 }]
[[rollout_plan]]
id = "nodes"
node_watch_seconds = 1
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
front = true
rollout_plan = "quick"
[[service]]
id = "stock"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
rollout_plan = "nodes"
"#;

/// What versions are like; a version that is not named is good.
#[derive(Clone, Debug, Default)]
pub struct Nature {
    /// Versions of which every second request fails.
    pub failing: BTreeSet<String>,
    /// Versions that do not pass tests.
    pub untested: BTreeSet<String>,
    /// Versions whose configuration edges refuse.
    pub refused: BTreeSet<String>,
    /// Data centres whose agents hear nobody and are not heard; what runs there goes on.
    pub cut: BTreeSet<DatacenterId>,
    /// Data centres whose agents are heard, and get no commands.
    pub deaf: BTreeSet<DatacenterId>,
    /// What the metric system answers to every question; `None`: it does not.
    pub orders: Option<Reading>,
    /// What it was asked.
    pub asked: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct World {
    places: BTreeMap<DatacenterId, Place>,
    nature: Nature,
    /// What each edge carries out.
    told: BTreeMap<EdgeId, Arc<Routing>>,
    counted_to: i64,
}

/// The world and its database.
pub struct Town {
    pub db: TestDatabase,
    /// Data centres with an agent, and how many instances run when all is well.
    places: &'static [&'static str],
    instances: usize,
    dir: tempfile::TempDir,
    world: Arc<Mutex<World>>,
}

/// The metric system of the world.
#[derive(Debug)]
struct Metrics(Arc<Mutex<World>>);

impl Prometheus for Metrics {
    fn ask(&self, query: String) -> Pin<Box<dyn Future<Output = Reading> + Send + '_>> {
        Box::pin(async move {
            let nature = &mut self.0.lock().unwrap().nature;
            nature.asked.insert(query);
            nature.orders.unwrap_or(Reading::Failed)
        })
    }
}

/// One server with the world connected to it.
pub struct Server {
    pub control: Arc<Control>,
    stop: CancellationToken,
    run: JoinHandle<()>,
    world: JoinSet<()>,
}

impl Town {
    pub async fn new() -> Self {
        Self::of(FLEET, &["osl1", "osl2"], 8).await
    }

    /// With this fleet, the data centres of it, and the instances that it asks for.
    pub async fn of(fleet: &str, places: &'static [&'static str], instances: usize) -> Self {
        let town = Self {
            db: TestDatabase::new().await,
            places,
            instances,
            dir: tempfile::tempdir().unwrap(),
            world: Arc::default(),
        };
        let server = town.server(false);
        server.control.apply_fleet(&By::system("test"), fleet, 0, None).await.unwrap();
        town
    }

    pub fn nature(&self, change: impl FnOnce(&mut Nature)) {
        change(&mut self.world().nature);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// A server, with its reconcilers and the world if it is to `run`.
    pub fn server(&self, run: bool) -> Server {
        let authority = Authority::open(self.dir.path(), Utc::now()).unwrap();
        // Servers have pools of their own, as processes do.
        let store = Store::new(&self.db.url, Default::default()).unwrap();
        let metrics = Arc::new(Metrics(self.world.clone()));
        let control = Arc::new(Control::new(store, authority).with_prometheus(metrics));
        let stop = CancellationToken::new();
        let mut world = JoinSet::new();
        let running = run.then(|| {
            for datacenter in self.places {
                world.spawn(agent(control.clone(), self.world.clone(), datacenter));
            }
            world.spawn(edges(control.clone(), self.world.clone()));
            let signer = Signer::open(self.dir.path()).unwrap();
            let (control, stop) = (control.clone(), stop.clone());
            let holder = format!("server-{:x}", rand::random::<u64>());
            tokio::spawn(async move { control.run(holder, signer, stop).await })
        });
        let run = running.unwrap_or_else(|| tokio::spawn(async {}));
        Server { control, stop, run, world }
    }

    /// A server that leads, with the version 1.0.0 of everything running.
    pub async fn settled(&self) -> Server {
        let server = self.server(true);
        let wanted = self.instances;
        server
            .until("everything runs", |control| {
                let estate = control.snapshot().estate;
                let serving = estate.instances().count() == wanted;
                let told = control.edges.facts(Utc::now());
                (serving && told.len() == 2).then_some(())
            })
            .await;
        server
    }

    /// Kills a server: nothing of it goes on, and its lease is free (waiting until it runs out
    /// would show nothing more).
    pub async fn kill(&self, mut server: Server) {
        server.run.abort();
        server.world.abort_all();
        while server.world.join_next().await.is_some() {}
        let _ = (&mut server.run).await;
        sqlx::query("UPDATE lease SET holder = NULL").execute(self.db.store.acts()).await.unwrap();
    }

    /// How often every command was carried out.
    pub fn executions(&self) -> BTreeMap<String, u32> {
        let world = self.world();
        world.places.values().flat_map(|place| place.journal.clone()).collect()
    }

    /// Versions of a service that run anywhere.
    pub fn running(&self, service: &str) -> BTreeSet<String> {
        let world = self.world();
        let slots = world.places.values().flat_map(|place| &place.slots);
        let of = slots.filter(|(slot, _)| slot.0.as_str() == service);
        of.map(|(_, (spec, ..))| spec.version.clone()).collect()
    }

    /// Shares of a service by version as an edge carries them out, out of 10,000.
    pub fn shares(&self, edge: &str, service: &str) -> BTreeMap<String, u16> {
        let world = self.world();
        let Some(routing) = world.told.get(&EdgeId::new(edge).unwrap()) else {
            return BTreeMap::new();
        };
        let weights = routing.services[&ServiceId::new(service).unwrap()].weights(&north());
        weights.iter().map(|weight| (weight.version.clone(), weight.weight)).collect()
    }
}

impl Server {
    /// Waits until something is so.
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&Control) -> Option<T>) -> T {
        let mut changed = self.control.estate.subscribe();
        let mut edges = self.control.edges.subscribe();
        let found = async {
            loop {
                if let Some(found) = look(&self.control) {
                    return found;
                }
                tokio::select! {
                    _ = changed.changed() => {}
                    _ = edges.changed() => {}
                    // tidy: allow sleep: a poll between wake-ups, bounded by the timeout below.
                    () = tokio::time::sleep(Duration::from_millis(50)) => {}
                }
            }
        };
        tokio::time::timeout(SOON, found).await.unwrap_or_else(|_| {
            let releases = self.control.snapshot().estate.releases;
            let states: Vec<_> = releases.rollouts.values().map(|it| &it.state).collect();
            let runs: Vec<_> = releases.failovers.iter().map(|it| (&it.state, &it.steps)).collect();
            panic!("{what}: not so in time; {states:?} {runs:#?}")
        })
    }

    /// Waits until the rollout of a service is in a state that `is` accepts.
    pub async fn state(&self, service: &str, is: impl Fn(&State) -> bool) -> Rollout {
        let service = ServiceId::new(service).unwrap();
        self.until("the rollout's state", |control| {
            let releases = control.snapshot().estate.releases;
            releases.rollouts.get(&service).filter(|rollout| is(&rollout.state)).cloned()
        })
        .await
    }

    /// Has a version benched, and waits for the result.
    pub async fn bench(&self, service: &str, version: &str) -> TestState {
        let id = ServiceId::new(service).unwrap();
        let key = format!("bench-{service}-{version}");
        self.control.order_bench(&ann(), &id, version, &key).await.unwrap();
        for _ in 0..SOON.as_secs() * 10 {
            let bench = self.control.bench(&id, version).await.unwrap().unwrap();
            if bench.report.state != TestState::Running {
                return bench.report.state;
            }
            // tidy: allow sleep: a poll; nothing tells of results.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the bench of {version} did not end in time");
    }

    /// Benches a version and starts its rollout.
    pub async fn start(&self, service: &str, version: &str) -> Rollout {
        assert_eq!(self.bench(service, version).await, TestState::Passed);
        let request = start(service, version);
        let planned = self.control.plan_rollout(&request).await.unwrap();
        let hash = planned.plan.hash();
        let key = format!("start-{service}-{version}");
        self.control.start_rollout(&ann(), &request, &hash, None, &key).await.unwrap()
    }

    pub async fn rollout(&self, id: RolloutId) -> Rollout {
        self.control.rollout(id).await.unwrap().unwrap()
    }
}

pub fn start(service: &str, version: &str) -> StartRequest {
    StartRequest {
        service: service.to_owned(),
        version: version.to_owned(),
        configuration_compatible: true,
        ..StartRequest::default()
    }
}

/// A person.
pub fn ann() -> By {
    By { actor: Actor::User("ann".to_owned()), request: None, confirmed: true }
}

fn north() -> RegionId {
    RegionId::new("north").unwrap()
}

/// An agent, as far as a server can tell.
async fn agent(control: Arc<Control>, world: Arc<Mutex<World>>, datacenter: &'static str) {
    let id = DatacenterId::new(datacenter).unwrap();
    let mut link = control.ingest.open(&id, "1", Utc::now());
    let mut commands = control.commands(&id);
    let mut seq = 0;
    loop {
        let is_cut = || world.lock().unwrap().nature.cut.contains(&id);
        if is_cut() {
            while is_cut() {
                // tidy: allow sleep: a poll; nothing tells that the network is back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            link = control.ingest.open(&id, "1", Utc::now());
            commands = control.commands(&id);
        }
        seq += 1;
        let report = {
            let mut world = world.lock().unwrap();
            world.places.entry(id.clone()).or_default().report(&id, seq)
        };
        control.ingest.report(&link, report, Utc::now()).unwrap();
        let period = Duration::from_millis(500);
        if world.lock().unwrap().nature.deaf.contains(&id) {
            // tidy: allow sleep: the pace of its reports.
            tokio::time::sleep(period).await;
            continue;
        }
        let Ok(ordered) = tokio::time::timeout(period, commands.next()).await else { continue };
        for command in ordered {
            let outcome = {
                let mut world = world.lock().unwrap();
                let nature = world.nature.clone();
                let place = world.places.entry(id.clone()).or_default();
                place.carry_out(command.id.as_str(), command.token, &command.action, &nature)
            };
            let result = CommandResult { command_id: command.id, token: command.token, outcome };
            control.finish(&id, &result, Utc::now()).await.unwrap();
        }
    }
}

/// Both edges and their users.
async fn edges(control: Arc<Control>, world: Arc<Mutex<World>>) {
    let since = Utc::now();
    let mut routing = control.edges.routing();
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            changed = routing.changed() => if changed.is_err() { return },
            _ = ticks.tick() => {
                let told = world.lock().unwrap().requests();
                control.traffic.take_in(told);
                continue;
            }
        }
        let Some(newest) = routing.borrow_and_update().clone() else { continue };
        let mut world = world.lock().unwrap();
        let bad = newest.services.values().flat_map(|it| it.versions.keys());
        let bad = bad.filter(|version| world.nature.refused.contains(*version)).count() > 0;
        let sights = newest.edges.keys().map(|id| {
            let nacks = bad.then(|| Nack {
                kind: "cluster".to_owned(),
                revision: newest.revision,
                names: vec!["shop".to_owned()],
                services: [ServiceId::new("shop").unwrap()].into(),
                message: "no such certificate".to_owned(),
                at: Utc::now(),
            });
            let known = world.told.get(id).map_or(0, |routing| routing.revision);
            let sight = Sight {
                connected: true,
                since,
                proxy: None,
                published_revision: newest.revision,
                acknowledged_revision: if bad { known } else { newest.revision },
                nacks: nacks.into_iter().collect(),
            };
            (id.clone(), sight)
        });
        let sights: BTreeMap<EdgeId, Sight> = sights.collect();
        if !bad {
            let told = newest.edges.keys().map(|id| (id.clone(), newest.clone()));
            world.told.extend(told);
        }
        control.edges.observe(sights, Utc::now());
    }
}

impl World {
    /// A fifth of a second of requests at every edge, as its weights say.
    fn requests(&mut self) -> Told {
        let now = Utc::now().timestamp();
        let mut told = Told::default();
        for (edge, routing) in &self.told {
            for (service, of) in &routing.services {
                for weight in of.weights(&north()) {
                    // Where its instances are, and requests go.
                    let places = of.versions.get(&weight.version).into_iter().flatten();
                    let mut places = places.map(|(id, _)| id).filter(|id| !of.away.contains(*id));
                    let place = places.next().cloned().or(DatacenterId::new("osl1").ok());
                    let mut counts = Counts::default();
                    let failing = self.nature.failing.contains(&weight.version);
                    for n in 0..REQUESTS * u64::from(weight.weight) / 10_000 {
                        counts.record(failing && n % 2 == 0, 5.0);
                    }
                    let series = Series {
                        service: service.clone(),
                        version: weight.version.clone(),
                        datacenter: place,
                        edge: edge.clone(),
                    };
                    told.counts.push((now, Arc::new(series), counts));
                }
            }
            let from = if self.counted_to == 0 { now } else { self.counted_to };
            told.heard.insert(edge.clone(), std::iter::once(from..now).collect());
        }
        self.counted_to = now;
        told
    }
}
