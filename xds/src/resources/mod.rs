//! What an edge is told, in Envoy's words: pure functions of core's routing.
//!
//! Invariants: the same routing gives the same bytes, so that a version can be taken from them (no
//! map of a message has more than one entry, for their order is chance); a change of weights
//! touches virtual hosts only, one of endpoints only load assignments; a listener never changes
//! while its edge runs, because that would drain the users' connections.

mod cluster;
mod endpoint;
mod listener;
mod route;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use envoy_types::util::pack_any;
use mainstay_core::id::ServiceId;
use mainstay_core::routing::{EdgePlace, Routing, ServiceRouting};
use prost::{Message, Name};
use sha2::{Digest, Sha256};

use crate::pb::{Any, BoolValue, Duration, UInt32Value, core, kinds};

pub(crate) use listener::{CLUSTER_TAG, listener};
pub(crate) use route::{ROUTES, routes};

/// The cluster of the control plane in every edge's bootstrap.
pub(crate) const CONTROL_PLANE: &str = "mainstay";
/// Longest version of a service.
const VERSION_MAX_BYTES: usize = 64;
/// Bytes of a resource's version: as good as never the same for two contents.
const VERSION_BYTES: usize = 8;

/// The kinds of resources, in the order in which they are sent: what is pointed at before what
/// points at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Cluster,
    Endpoints,
    Listener,
    Routes,
    VirtualHost,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Cluster, Self::Endpoints, Self::Listener, Self::Routes, Self::VirtualHost];

    pub(crate) fn type_url(self) -> &'static str {
        match self {
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::Endpoints => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Routes => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Self::VirtualHost => "type.googleapis.com/envoy.config.route.v3.VirtualHost",
        }
    }

    /// The service that a resource of this kind and name is of; `None`: of none.
    pub(crate) fn service(self, name: &str) -> Option<ServiceId> {
        match self {
            Self::Cluster | Self::Endpoints => split_cluster(name).map(|(service, _)| service),
            Self::VirtualHost => {
                let service = name.strip_prefix(ROUTES)?.strip_prefix('/')?;
                ServiceId::new(service).ok()
            }
            Self::Listener | Self::Routes => None,
        }
    }

    pub(crate) fn from_type_url(url: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.type_url() == url)
    }
}

/// One resource as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// Of the content: the same on every server.
    pub(crate) version: Arc<str>,
    pub(crate) body: Any,
    /// Clusters that an edge must have before this may be told.
    pub(crate) needs: Vec<Arc<str>>,
}

impl Resource {
    pub(crate) fn new<T: Message + Name>(message: T, needs: Vec<Arc<str>>) -> Self {
        let body = pack_any(message);
        let hash = Sha256::digest(&body.value);
        let version: String =
            hash.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect();
        Self { version: version.into(), body, needs }
    }
}

/// A resource with its kind and name.
pub(crate) type Named = (Kind, Arc<str>, Resource);

/// What an edge at a place is told about one service.
pub(crate) fn service(
    id: &ServiceId,
    service: &ServiceRouting,
    place: &EdgePlace,
    routing: &Routing,
) -> Vec<Named> {
    let mut versions: Vec<&str> = service.versions.keys().map(String::as_str).collect();
    let weighted = service.weights(&place.region).iter().map(|weight| weight.version.as_str());
    // A share for a version that runs nowhere is answered 503, not with a cluster not found.
    versions.extend(weighted.filter(|version| !service.versions.contains_key(*version)));
    let mut all = Vec::with_capacity(2 * versions.len() + 1);
    for version in versions {
        let name: Arc<str> = cluster_name(id, version).into();
        let endpoints = service.versions.get(version);
        let cluster = cluster::cluster(&name, id, service);
        let assignment = endpoint::assignment(&name, endpoints, &service.away, place, routing);
        all.push((Kind::Cluster, name.clone(), Resource::new(cluster, Vec::new())));
        all.push((Kind::Endpoints, name, Resource::new(assignment, Vec::new())));
    }
    let weights = service.weights(&place.region);
    let needs = route::clusters(id, weights).map(|(name, _)| name.into()).collect();
    let host = route::virtual_host(id, weights, service.limits);
    all.push((Kind::VirtualHost, host.name.as_str().into(), Resource::new(host, needs)));
    all
}

/// The name of the cluster of a version; [`split_cluster`] reads it.
pub(crate) fn cluster_name(service: &ServiceId, version: &str) -> String {
    format!("{service}/{version}")
}

/// Service and version of a cluster; an edge's log may name anything.
pub(crate) fn split_cluster(name: &str) -> Option<(ServiceId, &str)> {
    let (service, version) = name.split_once('/')?;
    let plain = version.len() <= VERSION_MAX_BYTES && version.chars().all(|c| c.is_ascii_graphic());
    Some((ServiceId::new(service).ok().filter(|_| plain)?, version))
}

/// The name of the virtual host of a service.
pub(crate) fn host_name(service: &ServiceId) -> String {
    format!("{ROUTES}/{service}")
}

fn ads() -> core::ConfigSource {
    core::ConfigSource {
        resource_api_version: core::ApiVersion::V3.into(),
        config_source_specifier: Some(core::config_source::ConfigSourceSpecifier::Ads(
            core::AggregatedConfigSource::default(),
        )),
        ..Default::default()
    }
}

fn socket(host: &str, port: u16) -> core::Address {
    core::Address {
        address: Some(core::address::Address::SocketAddress(core::SocketAddress {
            address: host.to_owned(),
            port_specifier: Some(core::socket_address::PortSpecifier::PortValue(port.into())),
            ..Default::default()
        })),
    }
}

fn text(text: String) -> core::DataSource {
    core::DataSource {
        specifier: Some(core::data_source::Specifier::InlineString(text)),
        ..Default::default()
    }
}

fn time(time: std::time::Duration) -> Option<Duration> {
    Some(Duration {
        seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(time.subsec_nanos()).unwrap_or_default(),
    })
}

fn number(value: u32) -> Option<UInt32Value> {
    Some(UInt32Value { value })
}

fn flag(value: bool) -> Option<BoolValue> {
    Some(BoolValue { value })
}

fn percent(value: f64) -> Option<kinds::Percent> {
    Some(kinds::Percent { value })
}
