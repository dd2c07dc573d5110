//! Access logs: how many lines the server takes in on one core, what memory that needs, and what
//! logging costs a real Envoy.
//!
//! Invariant: the lines that the server is given are those of a real Envoy, recorded in the same
//! run; only their times are made new.

mod replay;
mod tap;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use chrono::Utc;
use envoy_types::pb::envoy::service::accesslog::v3::access_log_service_server as log_server;
use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server as ads;
use mainstay_core::id::EdgeId;
use mainstay_tests::until;
use mainstay_xds::{Services, Xds};
use tokio::task::JoinSet;
use tokio::time::interval;

use self::tap::{Message, Recorder, Unlogged};
use crate::Plan;
use crate::envoy::{self, Envoy, Of, SERVICES, Server, Service, User, VERSIONS};
use crate::machine::CpuWatch;
use crate::report::{Limit, Report};

/// Users who ask without a pause.
const USERS: u64 = 16;
/// Lines that are recorded, and then told again and again.
const RECORDED: u64 = 5_000;
/// How often `mainstay serve` takes what was counted.
const TAKE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut bed = Bed::start().await?;
    let recorded = bed.record().await?;
    bed.compare(plan, report).await?;
    // The rest of the machine is the server's.
    drop(bed);
    replay::measure(&recorded, plan, report).await
}

/// Three Envoys that differ in their logs alone, one service and one server behind them.
struct Bed {
    /// Logs to the sink.
    logged: Envoy,
    /// Has no log.
    unlogged: Envoy,
    /// Logs to the recorder.
    recorded: Envoy,
    recorder: Recorder,
    xds: Xds,
    _service: Service,
    _servers: [Server; 3],
}

impl Bed {
    async fn start() -> Result<Self> {
        let xds = Xds::new();
        let Services { discovery, logs } = xds.services(Arc::new(Of(envoy::datacenter(0)?)));
        let service = Service::start(VERSIONS[0]).await?;
        let ids = [replay::EDGE, "logged", "unlogged"].map(EdgeId::new);
        let ids = ids.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut places = envoy::places(&ids)?;
        for place in places.values_mut() {
            place.datacenter = envoy::datacenter(0)?;
        }
        xds.publish(Arc::new(envoy::routing(1, &places, [service.address; 2], 0)?));
        let whole = envoy::builder().add_service(discovery.clone()).add_service(logs);
        let whole = Server::start(whole).await?;
        let recorder = Recorder::default();
        let tapped = envoy::builder().add_service(discovery);
        let tapped = tapped.add_service(log_server::AccessLogServiceServer::new(recorder.clone()));
        let tapped = Server::start(tapped).await?;
        let relay = ads::AggregatedDiscoveryServiceServer::new(Unlogged::of(whole.address)?);
        let relay = Server::start(envoy::builder().add_service(relay)).await?;
        let start = |id: &EdgeId, server: &Server| Envoy::start(id, &places[id], server.address);
        let bed = Self {
            recorded: start(&ids[0], &tapped)?,
            logged: start(&ids[1], &whole)?,
            unlogged: start(&ids[2], &relay)?,
            recorder,
            xds,
            _service: service,
            _servers: [whole, tapped, relay],
        };
        bed.acknowledged().await?;
        Ok(bed)
    }

    async fn acknowledged(&self) -> Result<()> {
        until("the Envoys acknowledge", PATIENCE, async || {
            let edges = self.xds.edges();
            edges.borrow().values().all(|edge| edge.acknowledged_revision == 1).then_some(())
        })
        .await
    }

    /// What Envoy tells of some requests to all services.
    async fn record(&self) -> Result<Vec<Message>> {
        let mut user = first(&self.recorded).await?;
        let services = (0..SERVICES).map(envoy::service).collect::<Result<Vec<_>, _>>()?;
        for number in 0..RECORDED {
            let service = &services[number as usize % SERVICES];
            user.ask(service.as_str()).await?;
        }
        until("all requests are recorded", PATIENCE, async || {
            (self.recorder.lines() >= RECORDED).then_some(())
        })
        .await?;
        Ok(self.recorder.take())
    }

    /// Asks both Envoys by turns, so that what else happens on the machine hits both.
    async fn compare(&mut self, plan: &Plan, report: &mut Report) -> Result<()> {
        let (_sink, counted) = sink(&self.xds);
        let (mut logged, mut unlogged) = (Work::default(), Work::default());
        for _ in 0..plan.log_rounds {
            for (envoy, sum) in [(&self.unlogged, &mut unlogged), (&self.logged, &mut logged)] {
                sum.add(ask_without_pause(envoy, plan.log_round).await?);
            }
        }
        self.logged.check()?;
        self.unlogged.check()?;
        let counted = || counted.load(Ordering::Relaxed);
        until("all lines are counted", PATIENCE, async || {
            (counted() >= logged.requests).then_some(())
        })
        .await?;
        let (with, without) = (logged.rate(), unlogged.rate());
        let how = format!(
            "{USERS} users without a pause: {without:.0} requests a second without, {with:.0} with \
             it, by turns {} x {} s each; Envoy on one worker, service, users and sink on the same \
             machine, every line counted",
            plan.log_rounds,
            plan.log_round.as_secs()
        );
        let dropped = 100.0 * (1.0 - with / without);
        report.add("Envoy's throughput lost to access logs", Limit::None, dropped, "%", how);
        let (with, without) = (logged.cpu_per_thousand(), unlogged.cpu_per_thousand());
        let how = format!("Envoy's process alone, {without:.1} ms without the log");
        let name = "Envoy's CPU for 1,000 requests with access logs";
        report.add(name, Limit::None, with, "ms", how);
        Ok(())
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.xds.stop();
    }
}

/// Takes what was counted, as the server does; the requests so far.
fn sink(xds: &Xds) -> (JoinSet<()>, Arc<AtomicU64>) {
    let requests = Arc::new(AtomicU64::new(0));
    let (xds, sum, mut tasks) = (xds.clone(), requests.clone(), JoinSet::new());
    tasks.spawn(async move {
        let mut ticks = interval(TAKE);
        loop {
            ticks.tick().await;
            let taken = xds.traffic().take(Utc::now().timestamp());
            let counted = taken.counts.iter().map(|(.., counts)| counts.requests).sum();
            sum.fetch_add(counted, Ordering::Relaxed);
        }
    });
    (tasks, requests)
}

/// What an Envoy did.
#[derive(Default)]
struct Work {
    requests: u64,
    seconds: f64,
    cpu_seconds: f64,
}

impl Work {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.seconds += other.seconds;
        self.cpu_seconds += other.cpu_seconds;
    }

    fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Milliseconds.
    fn cpu_per_thousand(&self) -> f64 {
        1e6 * self.cpu_seconds / self.requests as f64
    }
}

/// Has users ask service 0 for a time, each again as soon as the answer is there.
async fn ask_without_pause(envoy: &Envoy, time: Duration) -> Result<Work> {
    let service = envoy::service(0)?;
    drop(first(envoy).await?);
    let watch = CpuWatch::start(&[envoy.pid()])?;
    let end = Instant::now() + time;
    let mut users = JoinSet::new();
    for number in 0..USERS {
        let mut user = User::connect(envoy.listen, number).await?;
        let service = service.clone();
        users.spawn(async move {
            let mut answered = 0;
            while Instant::now() < end {
                user.ask(service.as_str()).await?;
                answered += 1;
            }
            anyhow::Ok(answered)
        });
    }
    let mut requests = 0;
    while let Some(answered) = users.join_next().await {
        requests += answered??;
    }
    let used = watch.end()?;
    if requests == 0 {
        bail!("no request was answered");
    }
    Ok(Work { requests, seconds: used.elapsed.as_secs_f64(), cpu_seconds: used.seconds })
}

/// The first user whom an Envoy answers; until then it may not know of any service that is well.
async fn first(envoy: &Envoy) -> Result<User> {
    let service = envoy::service(SERVICES - 1)?;
    until("the Envoy answers", PATIENCE, async || {
        let mut user = User::connect(envoy.listen, 0).await.ok()?;
        user.ask(service.as_str()).await.is_ok().then_some(user)
    })
    .await
}
