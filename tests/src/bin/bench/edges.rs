//! From a changed weight to the last edge that acknowledged it, and to the last request that users
//! saw on the version it was taken from.
//!
//! Measured from [`Xds::publish`], which is what a decision comes to in the server, without TLS and
//! with many services. From the click on is what the part `rollout` measures.
//!
//! Up to four edges are real Envoys with users; with more, the others are simulated beside them, so
//! that what users saw is known in every case.
//!
//! Invariant: simulated edges are bound by the server's limits for one connection.

pub mod subscriber;
mod users;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mainstay_core::id::EdgeId;
use mainstay_core::routing::{EdgePlace, WEIGHT_TOTAL};
use mainstay_xds::Xds;
use tonic::transport::Endpoint;

use self::subscriber::Subscribers;
use self::users::Users;
use crate::Plan;
use crate::envoy::{self, DATACENTERS, Envoy, Of, SERVICES, Server, Service, VERSIONS};
use crate::report::{Limit, Report};
use crate::stats::Samples;

/// Share of the requests that the bad version has before it is taken back.
const BAD_SHARE: u16 = WEIGHT_TOTAL / 2;
/// Longest wait for acknowledgements; at the start of a thousand edges too.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most edges that are real.
const REAL_MAX: usize = 4;
const SIZES: [(usize, Limit); 4] = [
    (1, Limit::None),
    (4, Limit::Below(250.0)),
    (100, Limit::None),
    (1_000, Limit::Below(1_000.0)),
];

pub async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    for (count, limit) in SIZES {
        edges(count, limit, plan, report).await.with_context(|| format!("{count} edges"))?;
    }
    Ok(())
}

/// Edges of which the first are real, with users who never stop asking.
async fn edges(count: usize, limit: Limit, plan: &Plan, report: &mut Report) -> Result<()> {
    let mut stage = Stage::start(count).await?;
    stage.publish(0)?;
    let real = stage.edges.iter().take(REAL_MAX);
    let start = |(id, place): (&EdgeId, &EdgePlace)| Envoy::start(id, place, stage.server(place)?);
    let mut envoys: Vec<Envoy> = real.map(start).collect::<Result<_>>()?;
    let mut subscribers = Subscribers::default();
    for number in 0..DATACENTERS {
        let server = format!("http://{}", stage.servers[number].address);
        subscribers.connect(&Endpoint::from_shared(server)?, &stage.simulated_of(number)?);
    }
    let measured = async {
        stage.acknowledged().await?;
        let entrances: Vec<SocketAddr> = envoys.iter().map(|envoy| envoy.listen).collect();
        let users = Users::enter(&entrances).await?;
        back_and_forth(&mut stage, &users, plan.changes).await
    };
    let measured = tokio::select! {
        measured = measured => measured?,
        ended = subscribers.ended(), if count > REAL_MAX => return Err(ended),
    };
    for envoy in &mut envoys {
        envoy.check()?;
    }
    measured.report(count, limit, report);
    Ok(())
}

/// What changes of the weight took, in milliseconds.
struct Measured {
    acknowledged: Samples,
    left: Samples,
    /// What users did meanwhile.
    load: String,
}

/// Gives the bad version its share and takes it back, again and again.
async fn back_and_forth(stage: &mut Stage, users: &Users, changes: usize) -> Result<Measured> {
    let (mut acknowledged, mut left) = (Samples::default(), Samples::default());
    for _ in 0..changes.div_ceil(2) {
        let begun = stage.publish(BAD_SHARE)?;
        acknowledged.push(stage.acknowledged_since(begun).await?);
        users.all_saw_the_bad_version(begun).await?;
        let begun = stage.publish(0)?;
        acknowledged.push(stage.acknowledged_since(begun).await?);
        // Whoever asks from now on is answered by what was acknowledged, or it shows.
        users.all_were_answered().await?;
        left.push(users.last_on_the_bad_version(begun));
    }
    Ok(Measured { acknowledged, left, load: users.in_words() })
}

impl Measured {
    fn report(&self, count: usize, limit: Limit, report: &mut Report) {
        let Self { acknowledged, left, load } = self;
        let (what, simulated) = match count {
            1 => ("1 Envoy".to_owned(), String::new()),
            2..=REAL_MAX => (format!("{count} Envoys"), String::new()),
            _ => (
                format!("{count} subscribers"),
                format!(
                    "; {REAL_MAX} Envoys and simulated subscribers in this process, {} to a \
                     connection",
                    envoy::STREAMS_MAX
                ),
            ),
        };
        let how = format!("{}, {} changes; {load}{simulated}", from_publish(), acknowledged.len());
        let name = format!("weight changed to last acknowledgement, {what}");
        say(&name, limit, acknowledged, &how, report);
        let how = format!("{}, {} times; {load}{simulated}", from_publish(), left.len());
        let name = format!("taken back to last request on the bad version, {what}");
        say(&name, limit, left, &how, report);
    }
}

fn from_publish() -> String {
    format!("from Xds::publish, {SERVICES} services, without TLS")
}

fn say(name: &str, limit: Limit, samples: &Samples, how: &str, report: &mut Report) {
    for (percent, limit) in [(50.0, Limit::None), (99.0, limit)] {
        let value = samples.percentile(percent);
        report.add(format!("{name}, p{percent}"), limit, value, "ms", how);
    }
}

/// What edges are told, where they ask, and what is behind them.
struct Stage {
    xds: Xds,
    /// One for each data centre.
    servers: Vec<Server>,
    services: [Service; 2],
    edges: BTreeMap<EdgeId, EdgePlace>,
    revision: u64,
}

impl Stage {
    async fn start(edges: usize) -> Result<Self> {
        let xds = Xds::new();
        let mut servers = Vec::new();
        for number in 0..DATACENTERS {
            let services = xds.services(Arc::new(Of(envoy::datacenter(number)?)));
            let router = envoy::builder().add_service(services.discovery);
            servers.push(Server::start(router.add_service(services.logs)).await?);
        }
        let [good, bad] = VERSIONS;
        let services = [Service::start(good).await?, Service::start(bad).await?];
        let edges = envoy::places(&envoy::edge_ids(edges)?)?;
        Ok(Self { xds, servers, services, edges, revision: 0 })
    }

    /// The server that edges of a place are let in by.
    fn server(&self, place: &EdgePlace) -> Result<SocketAddr> {
        for (number, server) in self.servers.iter().enumerate() {
            if envoy::datacenter(number)? == place.datacenter {
                return Ok(server.address);
            }
        }
        bail!("no server lets edges of {} in", place.datacenter)
    }

    /// Edges of a place that are not real.
    fn simulated_of(&self, number: usize) -> Result<Vec<EdgeId>> {
        let datacenter = envoy::datacenter(number)?;
        let simulated = self.edges.iter().skip(REAL_MAX);
        let here = simulated.filter(|(_, place)| place.datacenter == datacenter);
        Ok(here.map(|(id, _)| id.clone()).collect())
    }

    /// Tells all edges the bad version's share; when that began.
    fn publish(&mut self, share: u16) -> Result<Instant> {
        self.revision += 1;
        let answering = self.services.each_ref().map(|service| service.address);
        let routing = Arc::new(envoy::routing(self.revision, &self.edges, answering, share)?);
        let begun = Instant::now();
        self.xds.publish(routing);
        Ok(begun)
    }

    /// Waits until every edge acknowledged what was published last.
    async fn acknowledged(&self) -> Result<()> {
        let mut edges = self.xds.edges();
        let all = edges.wait_for(|edges| {
            edges.values().all(|edge| edge.acknowledged_revision >= self.revision)
        });
        match tokio::time::timeout(PATIENCE, all).await {
            Ok(all) => all.map(drop).context("the states of edges go on"),
            Err(_) => bail!("not all edges acknowledged within {PATIENCE:?}: {}", self.behind()),
        }
    }

    /// Milliseconds until then.
    async fn acknowledged_since(&self, begun: Instant) -> Result<f64> {
        self.acknowledged().await?;
        Ok(begun.elapsed().as_secs_f64() * 1_000.0)
    }

    fn behind(&self) -> String {
        let edges = self.xds.edges().borrow().clone();
        let mut behind = edges.iter().filter(|(_, it)| it.acknowledged_revision < self.revision);
        let first = behind.next().map(|(id, state)| format!("{id} {state:?}"));
        format!("{} and {} more", first.unwrap_or_default(), behind.count())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.xds.stop();
    }
}
