//! The streams of the access log service.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::Utc;
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use mainstay_core::traffic::Series;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::{Request, Response, Status, Streaming};

use super::addresses::Addresses;
use super::proto::access_log_service_server::AccessLogService;
use super::proto::{
    Common, Entry, Span, StreamAccessLogsMessage, StreamAccessLogsResponse, Timestamp,
};
use super::tally::{Stream, Traffic};
use crate::ads::{HELLO_TIMEOUT, Inner, TRUST_PERIOD, admit};
use crate::gate::{self, Gate};
use crate::resources;

/// Clusters that a stream remembers; more than an edge has.
const CLUSTERS_MAX: usize = 8_192;

/// What is told later than this is lost: the seconds of that time are not kept any more.
const LATE_MAX_SECONDS: i64 = 3_600;

/// The access log service.
pub struct Sink {
    inner: Arc<Inner>,
    gate: Arc<dyn Gate>,
}

impl Sink {
    pub(crate) fn new(inner: Arc<Inner>, gate: Arc<dyn Gate>) -> Self {
        Self { inner, gate }
    }
}

#[tonic::async_trait]
impl AccessLogService for Sink {
    async fn stream_access_logs(
        &self,
        request: Request<Streaming<StreamAccessLogsMessage>>,
    ) -> Result<Response<StreamAccessLogsResponse>, Status> {
        let certificate = gate::certificate(&request);
        let datacenter = self.gate.datacenter(certificate.as_deref()).await?;
        let mut incoming = request.into_inner();
        let hello = timeout(HELLO_TIMEOUT, incoming.message())
            .await
            .map_err(|_| Status::deadline_exceeded("no log entry came"))??
            .unwrap_or_default();
        let id = hello.identifier.as_ref().and_then(|told| told.node.as_ref());
        let id = id.map(|node| node.id.as_str()).unwrap_or_default();
        let edge = admit(&self.inner, id, &datacenter).await.inspect_err(|status| {
            tracing::warn!(%datacenter, reason = status.message(), "an edge's log was refused");
        })?;
        self.inner.traffic.appeared(&edge, Stream::Log, Utc::now());
        let end = self.read(&edge, certificate.as_deref(), hello, &mut incoming).await;
        self.inner.traffic.left(&edge, Stream::Log, Utc::now());
        end.map(|()| Response::new(StreamAccessLogsResponse {}))
    }
}

impl Sink {
    async fn read(
        &self,
        edge: &EdgeId,
        certificate: Option<&[u8]>,
        hello: StreamAccessLogsMessage,
        incoming: &mut Streaming<StreamAccessLogsMessage>,
    ) -> Result<(), Status> {
        let mut reader = Reader { edge, clusters: HashMap::new() };
        reader.count(&hello, &self.inner.traffic);
        let mut trust = interval(TRUST_PERIOD);
        trust.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.inner.stop.cancelled() => {
                    return Err(Status::unavailable("the server is stopping"));
                }
                _ = trust.tick() => {
                    let asked = self.gate.datacenter(certificate).await;
                    if let Some(status) = asked.err().filter(gate::ends) {
                        return Err(status);
                    }
                }
                message = incoming.message() => match message? {
                    Some(message) => reader.count(&message, &self.inner.traffic),
                    None => return Ok(()),
                },
            }
        }
    }
}

type ByDatacenter = HashMap<Option<DatacenterId>, Arc<Series>>;

/// Reads the entries of one edge.
struct Reader<'a> {
    edge: &'a EdgeId,
    /// The series of each cluster by data centre; `None`: it is no cluster of a service.
    clusters: HashMap<String, Option<ByDatacenter>>,
}

impl Reader<'_> {
    fn count(&mut self, message: &StreamAccessLogsMessage, traffic: &Traffic) {
        let (addresses, now) = (traffic.addresses(), Utc::now().timestamp());
        for entry in message.http_logs.iter().flat_map(|logs| &logs.log_entry) {
            self.count_one(entry, &addresses, traffic, now);
        }
    }

    fn count_one(&mut self, entry: &Entry, addresses: &Addresses, traffic: &Traffic, now: i64) {
        let Some(common) = &entry.common_properties else { return };
        let Some((second, latency_ms)) = ended(common) else { return };
        // A clock that is ahead says when it was, not that it will be.
        let second = second.min(now);
        if now - second > LATE_MAX_SECONDS {
            traffic.add_lost();
            return;
        }
        if common.response_flags.is_some_and(|flags| flags.rate_limited) {
            if let Ok(service) = ServiceId::new(&common.route_name) {
                traffic.add_limited(second, self.edge, &service);
            }
            return;
        }
        let Some(series) = self.series(common, addresses) else { return };
        let code = entry.response.and_then(|response| response.response_code);
        let code = code.map_or(0, |code| code.value);
        traffic.add(second, &series, code == 0 || code >= 500, latency_ms);
    }

    /// What a request counts for; `None`: it was for no service.
    fn series(&mut self, common: &Common, addresses: &Addresses) -> Option<Arc<Series>> {
        let mut tags = common.custom_tags.iter();
        let cluster = &tags.find(|tag| tag.key == resources::CLUSTER_TAG)?.value;
        if !self.clusters.contains_key(cluster) {
            if self.clusters.len() >= CLUSTERS_MAX {
                self.clusters.clear();
            }
            let known = resources::split_cluster(cluster).map(|_| HashMap::new());
            self.clusters.insert(cluster.clone(), known);
        }
        let of_cluster = self.clusters.get_mut(cluster)?.as_mut()?;
        let datacenter = address(common).and_then(|address| addresses.datacenter(&address));
        let key = datacenter.cloned();
        if let Some(series) = of_cluster.get(&key) {
            return Some(series.clone());
        }
        let (service, version) = resources::split_cluster(cluster)?;
        let series = Arc::new(Series {
            service,
            version: version.to_owned(),
            datacenter: key.clone(),
            edge: self.edge.clone(),
        });
        of_cluster.insert(key, series.clone());
        Some(series)
    }
}

/// Where the request was answered.
fn address(common: &Common) -> Option<SocketAddr> {
    let socket = common.upstream_remote_address.as_ref()?.socket_address.as_ref()?;
    Some(SocketAddr::new(socket.address.parse().ok()?, u16::try_from(socket.port_value).ok()?))
}

/// The Unix second in which a request ended, and how long it took, in milliseconds: to the last
/// byte of the answer, or as long as it lasted without one.
fn ended(common: &Common) -> Option<(i64, f64)> {
    const NANOS: i128 = 1_000_000_000;
    let Timestamp { seconds, nanos } = common.start_time?;
    let took: Span = common.time_to_last_downstream_tx_byte.or(common.duration).unwrap_or_default();
    let took = i128::from(took.seconds) * NANOS + i128::from(took.nanos);
    let end = i128::from(seconds) * NANOS + i128::from(nanos) + took.max(0);
    Some((i64::try_from(end.div_euclid(NANOS)).ok()?, took.max(0) as f64 / 1e6))
}
