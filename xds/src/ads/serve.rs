//! The streams of the discovery service: who may open one, and what goes on on it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use envoy_types::pb::google::protobuf::value::Kind as ValueKind;
use futures::Stream as Incoming;
use mainstay_core::id::{DatacenterId, EdgeId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::session::Session;
use super::view::{Published, View};
use super::{Inner, Link};
use crate::bootstrap::LISTEN;
use crate::gate::{self, Gate};
use crate::log::Stream;
use crate::pb::ads::AggregatedDiscoveryService;
use crate::pb::core::Node;
use crate::pb::core::node::UserAgentVersionType;
use crate::pb::discovery::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};

/// Streams at once.
pub(super) const STREAMS_MAX: usize = 4_096;
/// An edge says who it is within this time, and something is published within it.
pub(crate) const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the certificate of an open stream is looked at again.
pub(crate) const TRUST_PERIOD: Duration = Duration::from_secs(5);
/// Responses that wait to be sent: one of each kind is on its way at most.
const OUTGOING_MAX: usize = 8;

/// The discovery service.
pub struct Discovery {
    pub(super) inner: Arc<Inner>,
    pub(super) gate: Arc<dyn Gate>,
}

type Outgoing<T> = Pin<Box<dyn Incoming<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AggregatedDiscoveryService for Discovery {
    type StreamAggregatedResourcesStream = Outgoing<DiscoveryResponse>;
    type DeltaAggregatedResourcesStream = Outgoing<DeltaDiscoveryResponse>;

    async fn stream_aggregated_resources(
        &self,
        _: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Err(Status::unimplemented("edges are told deltas only: set api_type to DELTA_GRPC"))
    }

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        let certificate = gate::certificate(&request);
        let datacenter = self.gate.datacenter(certificate.as_deref()).await?;
        let mut incoming = request.into_inner();
        let opened = self.open(&datacenter, &mut incoming).await.inspect_err(|status| {
            tracing::warn!(%datacenter, reason = status.message(), "an edge was refused");
        })?;
        let (sender, receiver) = mpsc::channel(OUTGOING_MAX);
        let (link, session, hello) = opened;
        let stream = EdgeStream {
            inner: self.inner.clone(),
            gate: self.gate.clone(),
            certificate,
            datacenter,
            link,
            session,
            sender,
        };
        tokio::spawn(stream.run(hello, incoming));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Discovery {
    /// Reads who the edge is and looks whether it may be; returns its first request too.
    async fn open(
        &self,
        datacenter: &DatacenterId,
        incoming: &mut Streaming<DeltaDiscoveryRequest>,
    ) -> Result<(Link, Session, DeltaDiscoveryRequest), Status> {
        let hello = timeout(HELLO_TIMEOUT, incoming.message())
            .await
            .map_err(|_| Status::deadline_exceeded("no request came"))??
            .ok_or_else(|| Status::invalid_argument("the stream ended before its first request"))?;
        let node = hello.node.as_ref().ok_or_else(|| Status::invalid_argument(NO_NODE))?;
        let edge = admit(&self.inner, &node.id, datacenter).await?;
        let listen = listen(node)?;
        let fresh = hello.initial_resource_versions.is_empty();
        let link = self
            .inner
            .open(&edge, version(node), fresh)
            .ok_or_else(|| Status::resource_exhausted("too many edges are connected"))?;
        tracing::info!(%edge, %datacenter, %listen, "an edge connected");
        Ok((link, Session::new(&edge, listen), hello))
    }
}

const NO_NODE: &str = "the first request names no node: set node.id to the id of the edge";

/// The edge of an id, if it is of the fleet and of the data centre.
pub(crate) async fn admit(
    inner: &Inner,
    id: &str,
    datacenter: &DatacenterId,
) -> Result<EdgeId, Status> {
    let edge = EdgeId::new(id).map_err(|error| {
        Status::invalid_argument(format!("{id:?} is no id of an edge: {error}"))
    })?;
    let mut published = inner.published();
    let known = timeout(HELLO_TIMEOUT, published.wait_for(Option::is_some)).await;
    let routing = match known {
        Ok(Ok(published)) => published.as_ref().map(|published| published.routing.clone()),
        Ok(Err(_)) | Err(_) => None,
    };
    let routing =
        routing.ok_or_else(|| Status::unavailable("no routing is known yet; come again"))?;
    match routing.edges.get(&edge) {
        None => Err(Status::permission_denied(format!(
            "{edge} is no edge of the fleet; declare it with [[edge]] and apply the fleet file"
        ))),
        Some(place) if place.datacenter != *datacenter => Err(Status::permission_denied(format!(
            "{edge} stands in {}, and this certificate is of {datacenter}",
            place.datacenter
        ))),
        Some(_) => Ok(edge),
    }
}

/// The address in the node's metadata where users' requests enter.
fn listen(node: &Node) -> Result<SocketAddr, Status> {
    let value = node.metadata.as_ref().and_then(|metadata| metadata.fields.get(LISTEN));
    let text = match value.and_then(|value| value.kind.as_ref()) {
        Some(ValueKind::StringValue(text)) => text.as_str(),
        _ => "",
    };
    text.parse().map_err(|_| {
        Status::invalid_argument(format!(
            "node.metadata.{LISTEN} is {text:?}: write the address and port of the listener, \
             as in \"0.0.0.0:8080\""
        ))
    })
}

fn version(node: &Node) -> Option<String> {
    match node.user_agent_version_type.as_ref()? {
        UserAgentVersionType::UserAgentVersion(version) => Some(version.clone()),
        UserAgentVersionType::UserAgentBuildVersion(build) => {
            let version = build.version.as_ref()?;
            let (major, minor) = (version.major_number, version.minor_number);
            Some(format!("{major}.{minor}.{}", version.patch))
        }
    }
}

/// The stream of one edge.
struct EdgeStream {
    inner: Arc<Inner>,
    gate: Arc<dyn Gate>,
    certificate: Option<Vec<u8>>,
    datacenter: DatacenterId,
    link: Link,
    session: Session,
    sender: mpsc::Sender<Result<DeltaDiscoveryResponse, Status>>,
}

impl EdgeStream {
    async fn run(
        mut self,
        hello: DeltaDiscoveryRequest,
        mut incoming: Streaming<DeltaDiscoveryRequest>,
    ) {
        let stream = Stream::Discovery { fresh: self.link.fresh };
        self.inner.traffic.appeared(&self.link.edge, stream, Utc::now());
        let end = self.serve(hello, &mut incoming).await;
        self.inner.traffic.left(&self.link.edge, stream, Utc::now());
        self.inner.close(&self.link);
        let reason = end.as_ref().map_or("closed by the edge", |status| status.message());
        tracing::info!(edge = %self.link.edge, reason, "an edge's stream ended");
        if let Some(status) = end {
            // Whether it still arrives is not ours to know.
            let _ = self.sender.try_send(Err(status));
        }
    }

    /// Until the end; `None`: the edge closed the stream.
    async fn serve(
        &mut self,
        hello: DeltaDiscoveryRequest,
        incoming: &mut Streaming<DeltaDiscoveryRequest>,
    ) -> Option<Status> {
        let mut published = self.inner.published();
        let mut trust = interval(TRUST_PERIOD);
        trust.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut request = Some(hello);
        loop {
            let current = published.borrow_and_update().clone()?;
            let view = match self.view(&current) {
                Ok(view) => view,
                Err(status) => return Some(status),
            };
            if let Some(request) = request.take() {
                self.session.receive(request, &view, current.at, Utc::now());
            }
            self.session.wake(&view, current.at);
            if let Err(end) = self.tell(&current, &view) {
                return end;
            }
            tokio::select! {
                () = self.inner.stop.cancelled() => {
                    return Some(Status::unavailable("the server is stopping"));
                }
                () = self.link.superseded.cancelled() => {
                    return Some(Status::aborted("a newer stream of this edge exists"));
                }
                _ = trust.tick() => {
                    let asked = self.gate.datacenter(self.certificate.as_deref()).await;
                    if let Some(status) = asked.err().filter(gate::ends) {
                        return Some(status);
                    }
                }
                changed = published.changed() => if changed.is_err() { return None },
                message = incoming.message() => match message {
                    Ok(Some(message)) => request = Some(message),
                    Ok(None) => return None,
                    Err(status) => return Some(status),
                },
            }
        }
    }

    /// The edge's view, as long as it is an edge of this data centre.
    fn view(&self, published: &Published) -> Result<Arc<View>, Status> {
        let place = published.routing.edges.get(&self.link.edge);
        let here = place.is_some_and(|place| place.datacenter == self.datacenter);
        match published.view(&self.link.edge) {
            Some(view) if here => Ok(view.clone()),
            Some(_) | None => {
                Err(Status::permission_denied("this edge was moved or is of the fleet no more"))
            }
        }
    }

    /// Sends all that may be sent now and notes how far the edge is. An error ends the stream.
    fn tell(&mut self, published: &Published, view: &View) -> Result<(), Option<Status>> {
        while let Some(response) = self.session.next(published, view) {
            self.sender.try_send(Ok(response)).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    Some(Status::resource_exhausted("the edge does not keep up"))
                }
                mpsc::error::TrySendError::Closed(_) => None,
            })?;
        }
        let done = self.session.done(view).and_then(|at| published.revision_at(at));
        self.inner.note(&self.link, done, self.session.nacks());
        Ok(())
    }
}
