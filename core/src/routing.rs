//! Where users' requests go: what every edge is told, in no proxy's own terms.
//!
//! Owns the model of routing ([`Routing`]) and its derivation from what is declared, released,
//! being rolled out and observed. A driver for a kind of proxy (Envoy over xDS) turns it into
//! that proxy's words.
//!
//! Invariants: a service's weights add up to [`WEIGHT_TOTAL`], or it has none because nothing of
//! it may be reached; an endpoint that is only *unknown* (its data centre is silent) stays, for
//! the edges' own health checks know better than an absent report.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{DatacenterId, EdgeId, RegionId, ServiceId};

/// What all weights of a service at one edge add up to: hundredths of a percent.
pub const WEIGHT_TOTAL: u16 = 10_000;

/// Everything the edges are told at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// Rises with every decision that changes what edges are told (rollouts, fleet); observed
    /// endpoints change without it. An edge that acknowledged revision N carries out every
    /// decision up to N.
    pub revision: u64,
    pub services: BTreeMap<ServiceId, ServiceRouting>,
    /// The edges of the fleet; one that is not here is refused.
    pub edges: BTreeMap<EdgeId, EdgePlace>,
    /// Region of every data centre, for the order of preference.
    pub regions: BTreeMap<DatacenterId, RegionId>,
}

/// Where an edge stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgePlace {
    pub region: RegionId,
    pub datacenter: DatacenterId,
}

/// How one service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRouting {
    /// Path of the health check that edges make on each endpoint.
    pub health_path: String,
    /// Endpoints of each version, by data centre; each is `address:port`.
    pub versions: BTreeMap<String, BTreeMap<DatacenterId, Vec<String>>>,
    /// Shares of requests by version, for edges of a region that has its own; out of
    /// [`WEIGHT_TOTAL`].
    pub by_region: BTreeMap<RegionId, Vec<Weight>>,
    /// Shares everywhere else.
    pub default: Vec<Weight>,
    pub limits: Limits,
    /// Data centres that get requests only if no other answers: their users were moved away.
    #[serde(default)]
    pub away: BTreeSet<DatacenterId>,
}

/// A version's share of requests, out of [`WEIGHT_TOTAL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    pub version: String,
    pub weight: u16,
}

/// What protects a service at each edge (R27).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Identical requests (same address, method and path) a second from one client address;
    /// what is above is answered 429.
    pub identical_per_second: u32,
    /// Connections and requests in flight from one edge to the service; what is above is
    /// answered 503 at once, newcomers (requests without a session cookie) first.
    pub in_flight: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { identical_per_second: 50, in_flight: 1_024 }
    }
}

impl ServiceRouting {
    /// Shares of requests at an edge of this region.
    pub fn weights(&self, region: &RegionId) -> &[Weight] {
        self.by_region.get(region).unwrap_or(&self.default)
    }
}
