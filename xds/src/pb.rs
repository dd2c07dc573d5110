//! Envoy's words under short names.

use envoy_types::pb::envoy;

pub(crate) use envoy::config::accesslog::v3 as access_log;
pub(crate) use envoy::config::cluster::v3 as cluster;
pub(crate) use envoy::config::core::v3 as core;
pub(crate) use envoy::config::endpoint::v3 as endpoint;
pub(crate) use envoy::config::listener::v3 as listener;
pub(crate) use envoy::config::route::v3 as route;
pub(crate) use envoy::extensions::access_loggers::grpc::v3 as grpc_log;
pub(crate) use envoy::extensions::common::ratelimit::v3 as descriptor;
pub(crate) use envoy::extensions::filters::http::local_ratelimit::v3 as rate_limit;
pub(crate) use envoy::extensions::filters::http::router::v3 as router;
pub(crate) use envoy::extensions::filters::network::http_connection_manager::v3 as http;
pub(crate) use envoy::extensions::retry;
pub(crate) use envoy::extensions::upstreams::http::v3 as upstream;
pub(crate) use envoy::service::discovery::v3 as discovery;
pub(crate) use envoy::service::discovery::v3::aggregated_discovery_service_server as ads;
pub(crate) use envoy::r#type::matcher::v3 as matcher;
pub(crate) use envoy::r#type::tracing::v3 as tracing;
pub(crate) use envoy::r#type::v3 as kinds;
pub(crate) use envoy_types::pb::google::protobuf::{Any, BoolValue, Duration, UInt32Value};
