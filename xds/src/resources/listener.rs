//! The listener of an edge: where users' requests enter, and how they are logged.
//!
//! Invariant: it depends on nothing that changes while the edge runs.

use std::net::SocketAddr;
use std::time::Duration;

use envoy_types::util::pack_any;
use mainstay_core::id::EdgeId;
use mainstay_core::routing::Limits;

use super::route::{RATE_LIMIT_FILTER, ROUTES, identical};
use super::{CONTROL_PLANE, ads, flag, number, socket, time};
use crate::pb::access_log::{AccessLog, access_log};
use crate::pb::core::grpc_service::{EnvoyGrpc, TargetSpecifier};
use crate::pb::core::http_protocol_options::HeadersWithUnderscoresAction;
use crate::pb::core::{GrpcService, Http2ProtocolOptions, HttpProtocolOptions};
use crate::pb::grpc_log::{CommonGrpcAccessLogConfig, HttpGrpcAccessLogConfig};
use crate::pb::http::http_connection_manager::{
    InternalAddressConfig, PathWithEscapedSlashesAction, RouteSpecifier, StripPortMode,
};
use crate::pb::http::{HttpConnectionManager, HttpFilter, Rds, http_filter};
use crate::pb::listener::{Filter, FilterChain, Listener, filter};
use crate::pb::router::Router;
use crate::pb::tracing::{CustomTag, custom_tag};
use crate::pb::{Any, core};

/// The tag of a log entry that holds the cluster chosen for the request.
pub(crate) const CLUSTER_TAG: &str = "c";
const NAME: &str = "users";
/// Log entries wait at most so long, and so many bytes, before they are sent.
const LOG_FLUSH: Duration = Duration::from_millis(200);
const LOG_BUFFER_BYTES: u32 = 16 * 1024;
/// Bounds of what one client can hold, as Envoy's guide for proxies at the edge advises.
const CONNECTION_BUFFER_BYTES: u32 = 32 * 1024;
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
const STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const STREAMS_MAX: u32 = 100;
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// The listener of an edge at the address that its bootstrap names.
pub(crate) fn listener(edge: &EdgeId, address: SocketAddr) -> Listener {
    Listener {
        name: NAME.to_owned(),
        address: Some(socket(&address.ip().to_string(), address.port())),
        per_connection_buffer_limit_bytes: number(CONNECTION_BUFFER_BYTES),
        filter_chains: vec![FilterChain {
            filters: vec![Filter {
                name: "envoy.filters.network.http_connection_manager".to_owned(),
                config_type: Some(filter::ConfigType::TypedConfig(pack_any(http(edge)))),
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

pub(super) fn http(edge: &EdgeId) -> HttpConnectionManager {
    HttpConnectionManager {
        stat_prefix: NAME.to_owned(),
        route_specifier: Some(RouteSpecifier::Rds(Rds {
            config_source: Some(ads()),
            route_config_name: ROUTES.to_owned(),
        })),
        http_filters: filters(),
        access_log: vec![log(edge)],
        // Users connect to the edge itself: their address is the peer's, and none is internal.
        use_remote_address: flag(true),
        internal_address_config: Some(InternalAddressConfig::default()),
        strip_port_mode: Some(StripPortMode::StripAnyHostPort(true)),
        normalize_path: flag(true),
        merge_slashes: true,
        path_with_escaped_slashes_action: PathWithEscapedSlashesAction::UnescapeAndRedirect.into(),
        common_http_protocol_options: Some(HttpProtocolOptions {
            idle_timeout: time(IDLE_TIMEOUT),
            headers_with_underscores_action: HeadersWithUnderscoresAction::RejectRequest.into(),
            ..Default::default()
        }),
        http2_protocol_options: Some(Http2ProtocolOptions {
            max_concurrent_streams: number(STREAMS_MAX),
            initial_stream_window_size: number(STREAM_WINDOW_BYTES),
            initial_connection_window_size: number(CONNECTION_WINDOW_BYTES),
            ..Default::default()
        }),
        stream_idle_timeout: time(STREAM_IDLE_TIMEOUT),
        request_headers_timeout: time(HEADERS_TIMEOUT),
        request_timeout: time(REQUEST_TIMEOUT),
        ..Default::default()
    }
}

/// The limit of identical requests, which a virtual host may replace, then the router.
fn filters() -> Vec<HttpFilter> {
    let limit = identical(Limits::default());
    let router = Router { suppress_envoy_headers: true, ..Default::default() };
    let filter = |name: &str, config: Any| HttpFilter {
        name: name.to_owned(),
        config_type: Some(http_filter::ConfigType::TypedConfig(config)),
        ..Default::default()
    };
    vec![
        filter(RATE_LIMIT_FILTER, pack_any(limit)),
        filter("envoy.filters.http.router", pack_any(router)),
    ]
}

/// Every request is told to the server; nothing of its headers but what Envoy always tells.
fn log(edge: &EdgeId) -> AccessLog {
    let common = CommonGrpcAccessLogConfig {
        log_name: edge.to_string(),
        grpc_service: Some(GrpcService {
            target_specifier: Some(TargetSpecifier::EnvoyGrpc(EnvoyGrpc {
                cluster_name: CONTROL_PLANE.to_owned(),
                ..Default::default()
            })),
            ..Default::default()
        }),
        transport_api_version: core::ApiVersion::V3.into(),
        buffer_flush_interval: time(LOG_FLUSH),
        buffer_size_bytes: number(LOG_BUFFER_BYTES),
        // Envoy itself tells the cluster only of requests that reached an instance.
        custom_tags: vec![CustomTag {
            tag: CLUSTER_TAG.to_owned(),
            r#type: Some(custom_tag::Type::Value("%UPSTREAM_CLUSTER_RAW%".to_owned())),
        }],
        ..Default::default()
    };
    AccessLog {
        name: "envoy.access_loggers.http_grpc".to_owned(),
        config_type: Some(access_log::ConfigType::TypedConfig(pack_any(HttpGrpcAccessLogConfig {
            common_config: Some(common),
            ..Default::default()
        }))),
        ..Default::default()
    }
}
