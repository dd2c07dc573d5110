//! Real Envoys, a real server on the loopback, and small services that tell what reached them.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod client;
pub mod edge;
pub mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mainstay_core::id::{DatacenterId, EdgeId, RegionId, ServiceId};
use mainstay_core::routing::{EdgePlace, Limits, Routing, ServiceRouting, Weight};
use mainstay_xds::{EdgeState, Gate, Xds};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Server, ServerTlsConfig};

/// How long anything may take that is waited for; on a busy machine Envoy's start is slow.
pub const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// A gate that knows every peer as one data centre.
pub struct Of(pub &'static str);

#[tonic::async_trait]
impl Gate for Of {
    async fn datacenter(&self, _: Option<&[u8]>) -> Result<DatacenterId, Status> {
        DatacenterId::new(self.0).map_err(|error| Status::internal(error.to_string()))
    }
}

/// A server of an [`Xds`] on the loopback.
pub struct Replica {
    pub xds: Xds,
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Replica {
    pub async fn start(xds: &Xds, gate: impl Gate, tls: Option<ServerTlsConfig>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Self::start_on(listener, xds, gate, tls).await
    }

    pub async fn start_on(
        listener: TcpListener,
        xds: &Xds,
        gate: impl Gate,
        tls: Option<ServerTlsConfig>,
    ) -> Result<Self> {
        let address = listener.local_addr()?;
        let services = xds.services(Arc::new(gate));
        let mut server = Server::builder();
        if let Some(tls) = tls {
            server = server.tls_config(tls)?;
        }
        let router = server.add_service(services.discovery).add_service(services.logs);
        // Small messages go out at once, or each waits 40 ms for an acknowledgement of TCP.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let task = tokio::spawn(async move {
            router.serve_with_incoming(incoming).await.expect("it serves");
        });
        Ok(Self { xds: xds.clone(), address, task })
    }

    /// Ends at once, as a killed server does.
    pub async fn kill(self) {
        self.xds.stop();
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Looks again and again until `look` answers.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let mut looks = tokio::time::interval(POLL);
    let found = async {
        loop {
            looks.tick().await;
            if let Some(answer) = look().await {
                return answer;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.map_err(|_| anyhow::anyhow!("not within {PATIENCE:?}: {what}"))
}

/// Waits for a state of an edge.
pub async fn state(
    xds: &Xds,
    edge: &str,
    what: &str,
    is: impl Fn(&EdgeState) -> bool,
) -> Result<EdgeState> {
    let mut edges = xds.edges();
    let found = edges.wait_for(|edges| edges.get(edge).is_some_and(&is));
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(found) => Ok(found?.get(edge).context("it is there")?.clone()),
        Err(_) => bail!("not within {PATIENCE:?}: {what}: {:?}", xds.edges().borrow().get(edge)),
    }
}

pub async fn acknowledged(xds: &Xds, edge: &str, revision: u64) -> Result<EdgeState> {
    let what = format!("revision {revision} acknowledged");
    state(xds, edge, &what, |state| state.acknowledged_revision == revision).await
}

pub fn edge_id(text: &str) -> EdgeId {
    EdgeId::new(text).expect("an id")
}

pub fn service_id(text: &str) -> ServiceId {
    ServiceId::new(text).expect("an id")
}

/// A routing of two regions with two data centres each; edges stand in `fra1`.
pub fn routing(revision: u64, edges: &[&str], services: &[(&str, ServiceRouting)]) -> Routing {
    let region = |text: &str| RegionId::new(text).expect("an id");
    let datacenter = |text: &str| DatacenterId::new(text).expect("an id");
    let place = EdgePlace { region: region("eu"), datacenter: datacenter("fra1") };
    Routing {
        revision,
        services: services.iter().map(|(id, s)| (service_id(id), s.clone())).collect(),
        edges: edges.iter().map(|id| (edge_id(id), place.clone())).collect(),
        regions: [("fra1", "eu"), ("fra2", "eu"), ("nyc1", "us"), ("nyc2", "us")]
            .into_iter()
            .map(|(dc, of)| (datacenter(dc), region(of)))
            .collect(),
    }
}

/// How a service is reached: weights, and endpoints as version, data centre, address.
pub fn service(weights: &[(&str, u16)], endpoints: &[(&str, &str, String)]) -> ServiceRouting {
    let mut service = ServiceRouting { health_path: "/health".to_owned(), ..Default::default() };
    for (version, datacenter, address) in endpoints {
        let of_version = service.versions.entry((*version).to_owned()).or_default();
        let datacenter = DatacenterId::new(datacenter).expect("an id");
        of_version.entry(datacenter).or_default().push(address.clone());
    }
    service.default = weights
        .iter()
        .map(|(version, weight)| Weight { version: (*version).to_owned(), weight: *weight })
        .collect();
    // Tests ask for the same again and again.
    service.limits = Limits { identical_per_second: 1_000_000, in_flight: 1_024 };
    service
}
