//! Real Envoys for parts of the bench that need no whole server: the crate `xds` on the loopback
//! with the limits of `mainstay serve`, small services behind the edges, and users in front.
//!
//! Must not: use TLS. What TLS costs is in the parts that measure whole programs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{Request, Response, server};
use hyper_util::rt::TokioIo;
use mainstay_core::id::{DatacenterId, EdgeId, RegionId, ServiceId};
use mainstay_core::routing::{EdgePlace, Routing, ServiceRouting, WEIGHT_TOTAL, Weight};
use mainstay_tests::ports::Port;
use mainstay_tests::process::{Ending, Process};
use mainstay_tests::programs;
use mainstay_xds::{Gate, bootstrap};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tonic::Status;
use tonic::transport::server::{Router, TcpIncoming};

/// Requests open at once on one connection, as `mainstay serve` allows.
pub const STREAMS_MAX: u32 = 8;
/// Data centres of the routing; edges stand in all of them.
pub const DATACENTERS: usize = 10;
/// Services of the routing.
pub const SERVICES: usize = 50;
/// The version that all services are on, and the other one.
pub const VERSIONS: [&str; 2] = ["1", "2"];
/// Different things that are asked for, so that few requests are identical.
const THINGS: u64 = 5_000;
const CONNECTIONS_MAX: u32 = 10_000;

/// A gRPC server on the loopback; ends when dropped.
pub struct Server {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(router: Router) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let task = tokio::spawn(async move {
            if let Err(error) = router.serve_with_incoming(incoming).await {
                eprintln!("a server of the bench ended: {error}");
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// To be filled with services.
pub fn builder() -> tonic::transport::Server {
    tonic::transport::Server::builder().max_concurrent_streams(STREAMS_MAX)
}

/// Knows every peer as one data centre.
pub struct Of(pub DatacenterId);

#[tonic::async_trait]
impl Gate for Of {
    async fn datacenter(&self, _: Option<&[u8]>) -> Result<DatacenterId, Status> {
        Ok(self.0.clone())
    }
}

/// A data centre of the routing, by number.
pub fn datacenter(number: usize) -> Result<DatacenterId> {
    Ok(DatacenterId::new(&format!("dc{}", number % DATACENTERS))?)
}

pub fn service(number: usize) -> Result<ServiceId> {
    Ok(ServiceId::new(&format!("service-{number}"))?)
}

/// The first of these edges stands in data centre 0, and so on.
pub fn places(edges: &[EdgeId]) -> Result<BTreeMap<EdgeId, EdgePlace>> {
    let place = |(number, id): (usize, &EdgeId)| {
        let place = EdgePlace { region: region(number)?, datacenter: datacenter(number)? };
        Ok((id.clone(), place))
    };
    edges.iter().enumerate().map(place).collect()
}

fn region(number: usize) -> Result<RegionId> {
    Ok(RegionId::new(&format!("region-{}", number % DATACENTERS))?)
}

/// [`SERVICES`] services in two versions, which answer at `answering`; the second version has
/// `share` of the requests of service 0 and none of others.
pub fn routing(
    revision: u64,
    edges: &BTreeMap<EdgeId, EdgePlace>,
    answering: [SocketAddr; 2],
    share: u16,
) -> Result<Routing> {
    let mut services = BTreeMap::new();
    for number in 0..SERVICES {
        let place = datacenter(number)?;
        let version = |version: &str, address: SocketAddr| {
            let places = BTreeMap::from([(place.clone(), vec![address.to_string()])]);
            (version.to_owned(), places)
        };
        let share = if number == 0 { share } else { 0 };
        let weights = [(VERSIONS[0], WEIGHT_TOTAL - share), (VERSIONS[1], share)];
        let weights = weights.into_iter().filter(|(_, weight)| *weight > 0);
        let weight =
            |(version, weight): (&str, u16)| Weight { version: version.to_owned(), weight };
        let routing = ServiceRouting {
            health_path: "/health".to_owned(),
            versions: VERSIONS.into_iter().zip(answering).map(|(v, at)| version(v, at)).collect(),
            default: weights.map(weight).collect(),
            ..ServiceRouting::default()
        };
        services.insert(service(number)?, routing);
    }
    let regions = (0..DATACENTERS).map(|number| Ok((datacenter(number)?, region(number)?)));
    let regions = regions.collect::<Result<_>>()?;
    Ok(Routing { revision, services, edges: edges.clone(), regions })
}

/// A real Envoy; ends when dropped.
pub struct Envoy {
    /// Where users enter.
    pub listen: SocketAddr,
    // In the order in which they end.
    process: Process,
    _port: Port,
    _dir: TempDir,
}

impl Envoy {
    /// Starts it at its place; `server` is where it is told what to do.
    pub fn start(id: &EdgeId, place: &EdgePlace, server: SocketAddr) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("mainstay-bench-").tempdir()?;
        let port = Port::take()?;
        let listen = SocketAddr::from(([127, 0, 0, 1], port.number()));
        let edge = bootstrap::Edge {
            id: id.clone(),
            region: place.region.clone(),
            datacenter: place.datacenter.clone(),
            listen,
            servers: vec![(server.ip().to_string(), server.port())],
            admin: None,
            connections_max: CONNECTIONS_MAX,
            tls: None,
        };
        let config = dir.path().join("envoy.json");
        fs::write(&config, bootstrap::bootstrap(&edge).to_string())?;
        let mut command = Command::new(programs::envoy()?);
        command.arg("--config-path").arg(config);
        command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]);
        let log = dir.path().join("log");
        let process = Process::start("Envoy", &mut command, &log, Ending::AtOnce)?;
        Ok(Self { listen, process, _port: port, _dir: dir })
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// # Errors
    /// When it has ended; with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.process.check()
    }
}

/// A service that answers every request with its version; ends when dropped.
pub struct Service {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Service {
    pub async fn start(version: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { address, task: tokio::spawn(answer_all(listener, version)) })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer_all(listener: TcpListener, version: &'static str) {
    // Connections end with the task that holds this.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let answer = service_fn(move |_: Request<Incoming>| async move {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(version.as_bytes()))))
        });
        connections.spawn(async move {
            // A user that leaves is no mistake.
            let _ = server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A user on a connection of their own.
pub struct User {
    sender: SendRequest<Empty<Bytes>>,
    asked: u64,
}

impl User {
    /// `number` tells users apart, lest all of them ask for the same things.
    pub async fn connect(edge: SocketAddr, number: u64) -> Result<Self> {
        let stream = TcpStream::connect(edge).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, asked: number * 97 })
    }

    /// Asks a service for something; the version that answered.
    ///
    /// # Errors
    /// When there was no answer, or one that failed the user.
    pub async fn ask(&mut self, service: &str) -> Result<Bytes> {
        self.asked += 1;
        self.sender.ready().await?;
        let request = Request::get(format!("/item/{}", self.asked % THINGS))
            .header("host", service)
            .header("user-agent", "mainstay-bench")
            .header("cookie", "session=42")
            .body(Empty::new())?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{service} answers {status}");
        }
        Ok(body)
    }
}

/// Ids of edges that are told apart by their number.
pub fn edge_ids(count: usize) -> Result<Arc<[EdgeId]>> {
    let id = |number| EdgeId::new(&format!("edge-{number}")).context("an id");
    (0..count).map(id).collect()
}
