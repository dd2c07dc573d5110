//! The aggregated discovery service: every edge on one stream, in deltas.
//!
//! Owns who is connected and what each edge acknowledged or refused ([`EdgeState`]). An edge's
//! state outlives its stream: what it acknowledged it goes on carrying out.
//!
//! Invariants: an edge has one stream, the newest; a stream that stands belongs to an edge of the
//! published fleet whose data centre is that of the certificate.

mod flow;
mod serve;
mod session;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::routing::Routing;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Services};
use crate::log::{Sink, Traffic, proto::access_log_service_server::AccessLogServiceServer};
use crate::pb::ads::AggregatedDiscoveryServiceServer;
use crate::resources::Kind;
pub use serve::Discovery;
pub(crate) use serve::{HELLO_TIMEOUT, TRUST_PERIOD, admit};
use view::Published;

/// Longest request of an edge: the names and versions of all that it has.
const REQUEST_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Longest message with log entries.
const LOG_MESSAGE_MAX_BYTES: usize = 1024 * 1024;

/// What is known of an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeState {
    pub contact: Contact,
    /// Envoy's version, as it told.
    pub proxy_version: Option<String>,
    /// The newest revision that is there for it.
    pub published_revision: u64,
    /// All decisions up to this revision are acknowledged; 0: none yet. Acknowledged is not the
    /// same as seen in traffic.
    pub acknowledged_revision: u64,
    /// What it refuses, until a later version of it is acknowledged.
    pub nacks: Vec<Nack>,
}

/// Whether an edge is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contact {
    /// Not since this server started.
    #[default]
    Never,
    Connected {
        since: DateTime<Utc>,
    },
    /// It goes on with what it has.
    Gone {
        since: DateTime<Utc>,
    },
}

impl EdgeState {
    pub fn is_connected(&self) -> bool {
        matches!(self.contact, Contact::Connected { .. })
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack {
    pub kind: Kind,
    /// The revision that was told.
    pub revision: u64,
    /// Names of the resources: the one refused, or for a moment those among which it is.
    pub names: Vec<String>,
    /// Envoy's own words.
    pub message: String,
    pub at: DateTime<Utc>,
}

impl Nack {
    /// Whose resources they are; none: of no service.
    pub fn services(&self) -> BTreeSet<ServiceId> {
        self.names.iter().filter_map(|name| self.kind.service(name)).collect()
    }
}

/// Everything that edges are told and tell; cheap to clone.
#[derive(Clone)]
pub struct Xds(Arc<Inner>);

pub(crate) struct Inner {
    published: watch::Sender<Option<Arc<Published>>>,
    edges: watch::Sender<Arc<BTreeMap<EdgeId, EdgeState>>>,
    links: Mutex<Links>,
    pub(crate) traffic: Traffic,
    pub(crate) stop: CancellationToken,
}

/// The streams that stand.
#[derive(Default)]
struct Links {
    opened: u64,
    by_edge: BTreeMap<EdgeId, (u64, CancellationToken)>,
}

/// The right to speak for an edge, until a newer stream of it takes over.
struct Link {
    edge: EdgeId,
    number: u64,
    /// The edge has just been started.
    fresh: bool,
    superseded: CancellationToken,
}

impl Default for Xds {
    fn default() -> Self {
        Self::new()
    }
}

impl Xds {
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            published: watch::Sender::new(None),
            edges: watch::Sender::default(),
            links: Mutex::default(),
            traffic: Traffic::default(),
            stop: CancellationToken::new(),
        }))
    }

    /// Tells all edges; an edge that is not in `routing` loses its stream. Costs what changed.
    pub fn publish(&self, routing: Arc<Routing>) {
        let inner = &*self.0;
        // One publication at a time, and none is skipped.
        let _links = inner.links();
        let previous = inner.published.borrow().clone();
        if previous.as_ref().is_some_and(|previous| previous.routing == routing) {
            return;
        }
        let next = Arc::new(Published::next(previous.as_deref(), routing.clone()));
        let old = previous.as_ref().map(|previous| &*previous.routing);
        inner.traffic.learn(old, &routing, Instant::now());
        inner.published.send_replace(Some(next));
        inner.edges.send_modify(|edges| {
            let edges = Arc::make_mut(edges);
            edges.retain(|id, _| routing.edges.contains_key(id));
            for id in routing.edges.keys() {
                edges.entry(id.clone()).or_default().published_revision = routing.revision;
            }
        });
    }

    /// The state of every edge of the published fleet.
    pub fn edges(&self) -> watch::Receiver<Arc<BTreeMap<EdgeId, EdgeState>>> {
        self.0.edges.subscribe()
    }

    /// What the edges' logs told.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// The services to mount where edges connect.
    pub fn services(&self, gate: Arc<dyn Gate>) -> Services {
        let discovery = Discovery { inner: self.0.clone(), gate: gate.clone() };
        let sink = Sink::new(self.0.clone(), gate);
        Services {
            discovery: AggregatedDiscoveryServiceServer::new(discovery)
                .max_decoding_message_size(REQUEST_MAX_BYTES),
            logs: AccessLogServiceServer::new(sink)
                .max_decoding_message_size(LOG_MESSAGE_MAX_BYTES),
        }
    }

    /// Ends all streams; edges go on with what they have and look for another server.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }
}

impl Inner {
    pub(crate) fn published(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.published.subscribe()
    }

    /// Begins a stream of an edge; an older one ends. `None`: there are too many.
    fn open(&self, edge: &EdgeId, version: Option<String>, fresh: bool) -> Option<Link> {
        let superseded = CancellationToken::new();
        let mut links = self.links();
        if links.by_edge.len() >= serve::STREAMS_MAX && !links.by_edge.contains_key(edge) {
            return None;
        }
        links.opened += 1;
        let number = links.opened;
        if let Some((_, old)) = links.by_edge.insert(edge.clone(), (number, superseded.clone())) {
            old.cancel();
        }
        self.change(edge, |state| {
            state.contact = Contact::Connected { since: Utc::now() };
            state.proxy_version = version;
            state.nacks.clear();
            if fresh {
                state.acknowledged_revision = 0;
            }
        });
        Some(Link { edge: edge.clone(), number, fresh, superseded })
    }

    fn close(&self, link: &Link) {
        let mut links = self.links();
        if links.by_edge.get(&link.edge).is_some_and(|(number, _)| *number == link.number) {
            links.by_edge.remove(&link.edge);
            self.change(&link.edge, |state| {
                state.contact = Contact::Gone { since: Utc::now() };
            });
        }
    }

    /// Notes what an edge acknowledged (`None`: nothing new is known) and refuses.
    fn note(&self, link: &Link, acknowledged: Option<u64>, nacks: Vec<Nack>) {
        let links = self.links();
        if links.by_edge.get(&link.edge).is_some_and(|(number, _)| *number == link.number) {
            self.change(&link.edge, |state| {
                state.acknowledged_revision = acknowledged.unwrap_or(state.acknowledged_revision);
                state.nacks = nacks;
            });
        }
    }

    /// Changes an edge's state; readers wake only when it is another.
    fn change(&self, edge: &EdgeId, change: impl FnOnce(&mut EdgeState)) {
        self.edges.send_if_modified(|edges| {
            let Some(state) = edges.get(edge) else { return false };
            let mut new = state.clone();
            change(&mut new);
            let differs = new != *state;
            if differs {
                Arc::make_mut(edges).insert(edge.clone(), new);
            }
            differs
        });
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
