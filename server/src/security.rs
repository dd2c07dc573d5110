//! What surrounds every request: its id, its limits, the headers of its answer.
//!
//! Owns the order of the layers ([`surround`]), the content security policy, and the judgement of
//! where an unsafe request comes from ([`same_origin`]).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use mainstay_app::pages::error::Failure;
use rand::Rng as _;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::guard::wants_json;
use crate::problem::Problem;
use crate::state::AppState;
use crate::viewer::Viewer;

/// Requests that are worked on at the same time; streams count until their answer begins.
const CONCURRENT_MAX: usize = 512;
/// Longest until an answer begins, the wait for a turn included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The header that carries the request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: in its answer, in the log, in the audit entry, on an error page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// `7f3a-19c2-55e0`: 48 random bits, short enough to read out on the phone.
    fn random() -> Self {
        let [a, b, c]: [u16; 3] = rand::rng().random();
        Self(format!("{a:04x}-{b:04x}-{c:04x}").into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The nonce of a page's script; new for each request.
#[derive(Clone, Debug)]
pub struct Nonce(Arc<str>);

impl Nonce {
    fn random() -> Self {
        let bits: u128 = rand::rng().random();
        Self(format!("{bits:032x}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a problem is shown to people.
pub type ProblemPage = fn(&AppState, &Parts, Option<Viewer>, &Problem) -> Response;

/// What the outermost layer needs to answer people with a page.
#[derive(Clone)]
pub struct Front {
    pub state: AppState,
    pub page: ProblemPage,
}

/// Puts the outer layers around the whole service, outermost first: headers and log, panics, time,
/// number.
pub fn surround(router: Router, front: Front) -> Router {
    // The limit is one for all connections: `ConcurrencyLimitLayer` would count each apart.
    router
        .layer(GlobalConcurrencyLimitLayer::new(CONCURRENT_MAX))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(front, outermost))
}

async fn outermost(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let (id, nonce) = (RequestId::random(), Nonce::random());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(nonce.clone());
    let span = tracing::info_span!(
        "request",
        id = %id,
        method = %request.method(),
        path = request.uri().path(),
    );
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let person = is_person(&parts).then(|| parts.clone());
    let request = Request::from_parts(parts, body);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(parts) = person {
        response = for_people(&front, &parts, response);
    }
    set_headers(response.headers_mut(), &id, &nonce);
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let group = match status / 100 {
        5 => "5xx",
        4 => "4xx",
        3 => "3xx",
        _ => "2xx",
    };
    metrics::counter!("mainstay_requests_total", "status" => group).increment(1);
    metrics::histogram!("mainstay_request_seconds").record(began.elapsed().as_secs_f64());
    // Who knocks without being let in is in the log without its being asked for; what they sent
    // is not.
    span.in_scope(|| match status {
        401 | 403 | 408 | 413 | 429 | 431 => tracing::info!(status, took_ms, "refused"),
        _ => tracing::debug!(status, took_ms, "answered"),
    });
    response
}

/// Whether a page is understood: a browser that goes somewhere says so.
fn is_person(parts: &Parts) -> bool {
    let accept = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let html = accept.is_some_and(|accept| accept.contains("text/html"));
    html && !wants_json(parts.uri.path(), &parts.headers)
}

/// A problem becomes a page; its other headers stay.
fn for_people(front: &Front, parts: &Parts, mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let viewer = response.extensions_mut().remove::<Viewer>();
    let mut page = (front.page)(&front.state, parts, viewer, &problem);
    for (name, value) in response.headers() {
        if !matches!(*name, CONTENT_TYPE | CONTENT_LENGTH | WWW_AUTHENTICATE) {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("no answer in time");
            let detail = "The server did not answer in time. A change that was asked for may or \
                          may not have been made: look before trying again.";
            Problem::of(Failure::Late, detail).into_response()
        }
    }
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "a request panicked");
    let detail = "This is a mistake in the program; the log has it under the request's id.";
    Problem::of(Failure::Broken, detail).into_response()
}

/// The policy of every answer. Scripts run by nonce only; what they load runs with them. No text
/// becomes elements or script (Trusted Types) but through `mainstay`, the policy of the islands,
/// which lets nothing through but drawings: see `is_drawing` of the console.
fn content_security_policy(nonce: &Nonce) -> String {
    let nonce = nonce.as_str();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types mainstay"
    )
}

fn set_headers(headers: &mut HeaderMap, id: &RequestId, nonce: &Nonce) {
    let made = [
        (REQUEST_ID, id.to_string()),
        (http::header::CONTENT_SECURITY_POLICY, content_security_policy(nonce)),
    ];
    for (name, value) in made {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let fixed = [
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), \
             payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether a request that may change something was sent by a page of this site.
///
/// `Sec-Fetch-Site` decides where the browser sends it; otherwise `Origin` has to name the host
/// that was asked. A request with neither does not come from a browser of today.
pub fn same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let host = match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    match (origin.and_then(|origin| origin.split_once("://")), host) {
        (Some(("http" | "https", origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// Compares without telling by the time it takes how much is right.
pub fn equal(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_this_site_may_change_something() {
        let uri: Uri = "/sign-out".parse().expect("a uri");
        let host = ("host", "console.example:8443");
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("https://evil.example"), true),
            (Some("same-site"), Some("https://console.example:8443"), false),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (Some(""), None, false),
            (None, Some("https://console.example:8443"), true),
            (None, Some("http://CONSOLE.example:8443"), true),
            (None, Some("https://console.example"), false),
            (None, Some("https://evil.example"), false),
            (None, Some("https://console.example:8443.evil.example"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            let mut all = vec![host];
            all.extend(site.map(|site| ("sec-fetch-site", site)));
            all.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(same_origin(&headers(&all), &uri), expected, "{all:?}");
        }
    }

    #[test]
    fn compares_texts() {
        assert!(equal("abc", "abc"));
        for (a, b) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("ab", "abc")] {
            assert!(!equal(a, b), "{a} {b}");
        }
    }

    #[test]
    fn each_request_has_its_own_id_and_nonce() {
        assert_ne!(RequestId::random(), RequestId::random());
        assert_eq!(RequestId::random().to_string().len(), 14);
        let (id, nonce) = (RequestId::random(), Nonce::random());
        let mut headers = HeaderMap::new();
        set_headers(&mut headers, &id, &nonce);
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains(&format!("script-src 'nonce-{}'", nonce.as_str())));
        assert!(policy.ends_with("require-trusted-types-for 'script'; trusted-types mainstay"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-request-id"].len(), 14);
    }
}
