//! Which requests go where: a virtual host for each service, and an answer for all others.
//!
//! Four routes a service, because two things depend on the request: whether it belongs to a
//! session (priority, see the breakers of clusters) and whether it may be sent twice (retries).

use std::time::Duration;

use envoy_types::util::pack_any;
use mainstay_core::id::ServiceId;
use mainstay_core::routing::{Limits, Weight};

use super::{CONTROL_PLANE, ads, cluster_name, flag, number, text, time};
use crate::pb::core::{RoutingPriority, RuntimeFractionalPercent};
use crate::pb::descriptor::{LocalRateLimitDescriptor, rate_limit_descriptor::Entry};
use crate::pb::kinds::fractional_percent::DenominatorType;
use crate::pb::matcher::{StringMatcher, string_matcher::MatchPattern};
use crate::pb::rate_limit::LocalRateLimit;
use crate::pb::retry::host::previous_hosts::v3::PreviousHostsPredicate;
use crate::pb::retry::priority::previous_priorities::v3::PreviousPrioritiesConfig;
use crate::pb::route::header_matcher::HeaderMatchSpecifier;
use crate::pb::route::rate_limit::action::{ActionSpecifier, RemoteAddress, RequestHeaders};
use crate::pb::route::retry_policy::{
    RetryHostPredicate, RetryPriority, retry_host_predicate, retry_priority,
};
use crate::pb::route::route::Action;
use crate::pb::route::route_action::ClusterSpecifier;
use crate::pb::route::route_match::PathSpecifier;
use crate::pb::route::weighted_cluster::ClusterWeight;
use crate::pb::route::{
    DirectResponseAction, HeaderMatcher, RateLimit, RetryPolicy, Route, RouteAction,
    RouteConfiguration, RouteMatch, Vhds, VirtualHost, WeightedCluster, rate_limit,
};
use crate::pb::{Any, kinds};

/// The one route configuration of every edge; virtual hosts are named below it.
pub(crate) const ROUTES: &str = CONTROL_PLANE;
/// The name of the filter that counts identical requests.
pub(super) const RATE_LIMIT_FILTER: &str = "envoy.filters.http.local_ratelimit";
/// What the cookies of a user in a session have and those of a newcomer do not. No pattern is
/// used in routes: an edge compiles all of them anew with each change of any virtual host.
const SESSION_COOKIE: &str = "session=";
/// Longest answer of a service, from the end of the request to the end of the response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const RETRIES: u32 = 3;
/// How often another instance is looked for when one was tried already.
const RETRY_HOST_ATTEMPTS: i64 = 5;
/// What may be tried again although the request has a body or an effect: it never arrived.
const RETRY_UNSENT: &str = "connect-failure,refused-stream,reset-before-request";
/// The same for requests without effect: also when the answer broke off.
const RETRY_SAFE: &str = "connect-failure,refused-stream,reset";
const SAFE_METHOD: &str = "GET";
/// Different requests that are remembered at once; the least recent goes first.
const IDENTICAL_REMEMBERED: u32 = 50_000;
/// What the limit of identical requests tells them apart by.
const IDENTICAL: [(&str, Option<&str>); 4] = [
    ("remote_address", None),
    ("method", Some(":method")),
    ("host", Some(":authority")),
    ("path", Some(":path")),
];

/// The route configuration: everything in it is told apart from it, but for unknown hosts.
pub(crate) fn routes() -> RouteConfiguration {
    let sentence = "No service has this host name here. Send the name of a service as the host.\n";
    RouteConfiguration {
        name: ROUTES.to_owned(),
        virtual_hosts: vec![VirtualHost {
            name: "unknown".to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![answer(404, sentence.to_owned())],
            ..Default::default()
        }],
        vhds: Some(Vhds { config_source: Some(ads()) }),
        // An edge must take routes whose cluster it lost, or it keeps those it has.
        validate_clusters: flag(false),
        ..Default::default()
    }
}

/// The virtual host of a service, and its limit of identical requests.
pub(super) fn virtual_host(id: &ServiceId, weights: &[Weight], limits: Limits) -> VirtualHost {
    let clusters: Vec<ClusterWeight> = clusters(id, weights)
        .map(|(name, weight)| ClusterWeight { name, weight: number(weight), ..Default::default() })
        .collect();
    let routes = if clusters.is_empty() {
        vec![answer(503, format!("Nothing of {id} is running that may be reached.\n"))]
    } else {
        let weighted = WeightedCluster { clusters, ..Default::default() };
        [(true, true), (true, false), (false, true), (false, false)]
            .into_iter()
            .map(|(session, safe)| route(id, session, safe, &weighted))
            .collect()
    };
    VirtualHost {
        // Envoy removes a virtual host by this name and not by that of the resource.
        name: super::host_name(id),
        domains: vec![id.to_string(), format!("{id}.*")],
        routes,
        typed_per_filter_config: own_limit(limits).into_iter().collect(),
        ..Default::default()
    }
}

/// The clusters that have a share, with their weights.
pub(super) fn clusters(id: &ServiceId, weights: &[Weight]) -> impl Iterator<Item = (String, u32)> {
    let shares = weights.iter().filter(|weight| weight.weight > 0);
    shares.map(|weight| (cluster_name(id, &weight.version), weight.weight.into()))
}

fn answer(status: u32, sentence: String) -> Route {
    Route {
        r#match: Some(all()),
        action: Some(Action::DirectResponse(DirectResponseAction {
            status,
            body: Some(text(sentence)),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn all() -> RouteMatch {
    RouteMatch { path_specifier: Some(PathSpecifier::Prefix("/".to_owned())), ..Default::default() }
}

fn route(id: &ServiceId, session: bool, safe: bool, clusters: &WeightedCluster) -> Route {
    let cookie = header("cookie", MatchPattern::Contains(SESSION_COOKIE.to_owned()));
    let method = header(":method", MatchPattern::Exact(SAFE_METHOD.to_owned()));
    let conditions = [session.then_some(cookie), safe.then_some(method)];
    let priority = if session { RoutingPriority::High } else { RoutingPriority::Default };
    Route {
        // What was limited is logged with its route only.
        name: id.to_string(),
        r#match: Some(RouteMatch { headers: conditions.into_iter().flatten().collect(), ..all() }),
        action: Some(Action::Route(RouteAction {
            cluster_specifier: Some(ClusterSpecifier::WeightedClusters(clusters.clone())),
            priority: priority.into(),
            timeout: time(REQUEST_TIMEOUT),
            retry_policy: Some(retries(if safe { RETRY_SAFE } else { RETRY_UNSENT })),
            ..Default::default()
        })),
        ..Default::default()
    }
}

/// Another instance each time, and another data centre when all of one were tried.
fn retries(on: &str) -> RetryPolicy {
    RetryPolicy {
        retry_on: on.to_owned(),
        num_retries: number(RETRIES),
        retry_host_predicate: vec![RetryHostPredicate {
            name: "envoy.retry_host_predicates.previous_hosts".to_owned(),
            config_type: Some(retry_host_predicate::ConfigType::TypedConfig(pack_any(
                PreviousHostsPredicate::default(),
            ))),
        }],
        host_selection_retry_max_attempts: RETRY_HOST_ATTEMPTS,
        retry_priority: Some(RetryPriority {
            name: "envoy.retry_priorities.previous_priorities".to_owned(),
            config_type: Some(retry_priority::ConfigType::TypedConfig(pack_any(
                PreviousPrioritiesConfig { update_frequency: 2 },
            ))),
        }),
        ..Default::default()
    }
}

/// The limit of a service that does not have the one of the listener: an edge makes all of them
/// anew with each change of any virtual host, so most should have none.
fn own_limit(limits: Limits) -> Option<(String, Any)> {
    (limits.identical_per_second != Limits::default().identical_per_second)
        .then(|| (RATE_LIMIT_FILTER.to_owned(), pack_any(identical(limits))))
}

/// A bucket for each client address, method, host and path.
pub(super) fn identical(limits: Limits) -> LocalRateLimit {
    let entries = IDENTICAL.map(|(key, _)| Entry { key: key.to_owned(), value: String::new() });
    let actions = IDENTICAL.map(|(key, header)| rate_limit::Action {
        action_specifier: Some(match header {
            None => ActionSpecifier::RemoteAddress(RemoteAddress::default()),
            Some(header) => ActionSpecifier::RequestHeaders(RequestHeaders {
                header_name: header.to_owned(),
                descriptor_key: key.to_owned(),
                ..Default::default()
            }),
        }),
    });
    LocalRateLimit {
        stat_prefix: "identical".to_owned(),
        // Envoy wants one for all; it is never empty, and not used where a bucket below is.
        token_bucket: bucket(u32::MAX),
        always_consume_default_token_bucket: flag(false),
        filter_enabled: Some(always()),
        filter_enforced: Some(always()),
        descriptors: vec![LocalRateLimitDescriptor {
            entries: entries.to_vec(),
            token_bucket: bucket(limits.identical_per_second.max(1)),
            ..Default::default()
        }],
        rate_limits: vec![RateLimit { actions: actions.to_vec(), ..Default::default() }],
        max_dynamic_descriptors: number(IDENTICAL_REMEMBERED),
        enable_retry_after_header: true,
        ..Default::default()
    }
}

fn bucket(a_second: u32) -> Option<kinds::TokenBucket> {
    Some(kinds::TokenBucket {
        max_tokens: a_second,
        tokens_per_fill: number(a_second),
        fill_interval: time(Duration::from_secs(1)),
    })
}

fn always() -> RuntimeFractionalPercent {
    RuntimeFractionalPercent {
        default_value: Some(kinds::FractionalPercent {
            numerator: 100,
            denominator: DenominatorType::Hundred.into(),
        }),
        ..Default::default()
    }
}

fn header(name: &str, pattern: MatchPattern) -> HeaderMatcher {
    HeaderMatcher {
        name: name.to_owned(),
        header_match_specifier: Some(HeaderMatchSpecifier::StringMatch(StringMatcher {
            match_pattern: Some(pattern),
            ..Default::default()
        })),
        ..Default::default()
    }
}
