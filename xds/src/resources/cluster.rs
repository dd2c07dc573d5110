//! A cluster for each version of a service: what protects its instances and finds the bad ones.
//!
//! A cluster that changes is warmed up anew; so it holds only what seldom changes.

use std::collections::HashMap;
use std::time::Duration;

use envoy_types::util::pack_any;
use mainstay_core::id::ServiceId;
use mainstay_core::routing::{Limits, ServiceRouting};

use super::{ads, flag, number, percent, time};
use crate::pb::cluster::circuit_breakers::{Thresholds, thresholds::RetryBudget};
use crate::pb::cluster::cluster::{
    ClusterDiscoveryType, CommonLbConfig, DiscoveryType, EdsClusterConfig, LbPolicy,
};
use crate::pb::cluster::{CircuitBreakers, Cluster, OutlierDetection};
use crate::pb::core::RoutingPriority;
use crate::pb::core::health_check::{HealthChecker, HttpHealthCheck};
use crate::pb::upstream::http_protocol_options::{
    ExplicitHttpConfig, UpstreamProtocolOptions, explicit_http_config::ProtocolConfig,
};
use crate::pb::{Any, core, upstream};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A check each so often, with traffic or without; and how long an answer may take.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);
const CHECK_JITTER_PERCENT: u32 = 10;
/// Failed checks in a row that take an instance out, good ones that bring it back.
const CHECKS_DOWN: u32 = 2;
const CHECKS_UP: u32 = 1;
/// Failures of requests in a row that eject an instance: any 5xx, 502 to 504, and no answer.
const FAILURES_5XX: u32 = 10;
const FAILURES_GATEWAY: u32 = 5;
const FAILURES_CONNECTION: u32 = 3;
const EJECTION_INTERVAL: Duration = Duration::from_secs(1);
const EJECTION_BASE: Duration = Duration::from_secs(5);
const EJECTION_MAX: Duration = Duration::from_secs(60);
/// More is not ejected: if most fail, it is the service and not its instances.
const EJECTED_MAX_PERCENT: u32 = 60;
/// Retries at once: a share of the requests in flight, but never fewer than so many, or one
/// instance that dies in a quiet hour costs requests.
const RETRY_BUDGET_PERCENT: f64 = 20.0;
const RETRIES_MIN: u32 = 20;
/// The part of what may be in flight that is for newcomers, requests without a session: one in so
/// many. The rest is kept for users who are at it.
const NEWCOMERS_PART: u32 = 4;
/// Idle connections to instances are closed after so long, before most servers close theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

pub(super) fn cluster(name: &str, id: &ServiceId, service: &ServiceRouting) -> Cluster {
    Cluster {
        name: name.to_owned(),
        cluster_discovery_type: Some(ClusterDiscoveryType::Type(DiscoveryType::Eds.into())),
        eds_cluster_config: Some(EdsClusterConfig {
            eds_config: Some(ads()),
            ..Default::default()
        }),
        connect_timeout: time(CONNECT_TIMEOUT),
        lb_policy: LbPolicy::LeastRequest.into(),
        common_lb_config: Some(CommonLbConfig {
            // No panic: what is unhealthy gets nothing; other data centres are there for that.
            healthy_panic_threshold: percent(0.0),
            update_merge_window: time(Duration::ZERO),
            // Else an instance that was just added counts as lost until its first check.
            ignore_new_hosts_until_first_hc: true,
            ..Default::default()
        }),
        // Else what was removed serves on for as long as its checks pass.
        ignore_health_on_host_removal: true,
        health_checks: health_check(id, &service.health_path).into_iter().collect(),
        outlier_detection: Some(outliers()),
        circuit_breakers: Some(breakers(service.limits)),
        typed_extension_protocol_options: HashMap::from([(HTTP_OPTIONS.to_owned(), options())]),
        ..Default::default()
    }
}

/// A service without a path of health is judged by its requests alone.
fn health_check(id: &ServiceId, path: &str) -> Option<core::HealthCheck> {
    let check =
        HttpHealthCheck { host: id.to_string(), path: path.to_owned(), ..Default::default() };
    (!path.is_empty()).then(|| core::HealthCheck {
        timeout: time(CHECK_TIMEOUT),
        interval: time(CHECK_INTERVAL),
        // A version that waits for its first request is checked as often as a busy one.
        no_traffic_interval: time(CHECK_INTERVAL),
        interval_jitter_percent: CHECK_JITTER_PERCENT,
        unhealthy_threshold: number(CHECKS_DOWN),
        healthy_threshold: number(CHECKS_UP),
        health_checker: Some(HealthChecker::HttpHealthCheck(check)),
        ..Default::default()
    })
}

fn outliers() -> OutlierDetection {
    OutlierDetection {
        consecutive_5xx: number(FAILURES_5XX),
        enforcing_consecutive_5xx: number(100),
        consecutive_gateway_failure: number(FAILURES_GATEWAY),
        enforcing_consecutive_gateway_failure: number(100),
        split_external_local_origin_errors: true,
        consecutive_local_origin_failure: number(FAILURES_CONNECTION),
        enforcing_consecutive_local_origin_failure: number(100),
        // Comparing success rates ejects good instances for one error among many.
        enforcing_success_rate: number(0),
        enforcing_local_origin_success_rate: number(0),
        interval: time(EJECTION_INTERVAL),
        base_ejection_time: time(EJECTION_BASE),
        max_ejection_time: time(EJECTION_MAX),
        max_ejection_percent: number(EJECTED_MAX_PERCENT),
        // In a brown-out checks pass and requests fail; a passed check must not end an ejection.
        successful_active_health_check_uneject_host: flag(false),
        ..Default::default()
    }
}

/// Users in a session come with high priority and have limits of their own, so that newcomers are
/// the first to be turned away. Together they are the limit.
fn breakers(limits: Limits) -> CircuitBreakers {
    let newcomers = (limits.in_flight / NEWCOMERS_PART).max(1);
    let sessions = limits.in_flight.saturating_sub(newcomers).max(1);
    CircuitBreakers {
        thresholds: vec![
            thresholds(RoutingPriority::Default, newcomers),
            thresholds(RoutingPriority::High, sessions),
        ],
        ..Default::default()
    }
}

fn thresholds(priority: RoutingPriority, in_flight: u32) -> Thresholds {
    Thresholds {
        priority: priority.into(),
        max_requests: number(in_flight),
        max_pending_requests: number(in_flight),
        // Above the requests: else what is in excess would wait for a connection, not be answered.
        max_connections: number(in_flight.saturating_mul(2)),
        retry_budget: Some(RetryBudget {
            budget_percent: percent(RETRY_BUDGET_PERCENT),
            min_retry_concurrency: number(RETRIES_MIN),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn options() -> Any {
    pack_any(upstream::HttpProtocolOptions {
        common_http_protocol_options: Some(core::HttpProtocolOptions {
            idle_timeout: time(IDLE_TIMEOUT),
            ..Default::default()
        }),
        upstream_protocol_options: Some(UpstreamProtocolOptions::ExplicitHttpConfig(
            ExplicitHttpConfig {
                protocol_config: Some(ProtocolConfig::HttpProtocolOptions(
                    core::Http1ProtocolOptions::default(),
                )),
            },
        )),
        ..Default::default()
    })
}
