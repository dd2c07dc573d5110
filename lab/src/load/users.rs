//! The users of one entrance: their sessions, their connections, and what they wrote down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mainstay_core::id::{EdgeId, ServiceId};
use rand::Rng;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::mix::Wish;
use super::{Counters, Entrance};
use crate::ledger::{Entry, Ledger};

/// How long a user waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Requests of a session, at most; drawn evenly from 1.
const SESSION_REQUESTS: u32 = 20;
/// Longest pause between two requests of a session; drawn evenly.
const THINK: Duration = Duration::from_secs(8);
/// Sessions that think at once; more begin only when these have ended.
const THINKING_MAX: usize = 20_000;
/// Connections that are kept open for each client address, and how long.
const IDLE_MAX: usize = 32;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const BODY_MAX_BYTES: usize = 1024 * 1024;
const COOKIE: &str = "session";

type Http = Client<HttpConnector, Full<Bytes>>;

/// The users of one entrance.
pub(super) struct Users {
    entrance: Entrance,
    thinking: Arc<Mutex<BinaryHeap<Reverse<Session>>>>,
    begun: u64,
    ledger: Ledger,
    counters: Arc<Counters>,
}

/// One client address with its connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sender {
    http: Http,
    /// The region's own, then those of others: as a browser does with several addresses of one
    /// name, the next is tried where nothing listens.
    edges: Arc<[(EdgeId, SocketAddr)]>,
}

/// Why a request was not answered.
struct Unanswered {
    /// Nothing was sent: nobody listens there.
    unsent: bool,
    why: String,
}

/// A user who comes back until nothing is left to ask. Ordered by when.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Session {
    back_at: Instant,
    id: u64,
    /// Requests left.
    left: u32,
    client: usize,
    /// `None`: a newcomer, who has not been answered yet.
    cookie: Option<String>,
}

/// What came of a request.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: u64,
}

impl Users {
    pub(super) fn new(entrance: &Entrance, ledger: Ledger, counters: Arc<Counters>) -> Self {
        let thinking = Arc::default();
        // Numbers of sessions differ between the entrances of one lab.
        let begun = rand::rng().random::<u32>();
        Self {
            entrance: entrance.clone(),
            thinking,
            begun: u64::from(begun) << 24,
            ledger,
            counters,
        }
    }

    /// Lets somebody make a request: a user who has thought long enough, else a new one.
    pub(super) fn send(&mut self, senders: &[Sender], wish: Wish, place: OwnedSemaphorePermit) {
        let mut session = self.next();
        let Some(sender) = senders.get(session.client % senders.len().max(1)).cloned() else {
            return;
        };
        let (thinking, ledger) = (self.thinking.clone(), self.ledger.clone());
        let counters = self.counters.clone();
        tokio::spawn(async move {
            counters.in_flight.fetch_add(1, Ordering::Relaxed);
            let entry = sender.make(wish, &mut session).await;
            drop(place);
            counters.in_flight.fetch_sub(1, Ordering::Relaxed);
            counters.made.fetch_add(1, Ordering::Relaxed);
            counters.failed.fetch_add(u64::from(entry.failed()), Ordering::Relaxed);
            ledger.write(entry).await;
            session.left = session.left.saturating_sub(1);
            session.back_at = Instant::now() + THINK.mul_f64(rand::rng().random());
            let mut thinking = thinking.lock().unwrap_or_else(PoisonError::into_inner);
            if session.left > 0 && thinking.len() < THINKING_MAX {
                thinking.push(Reverse(session));
            }
        });
    }

    fn next(&mut self) -> Session {
        let mut thinking = self.thinking.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if thinking.peek().is_some_and(|first| first.0.back_at <= now)
            && let Some(Reverse(session)) = thinking.pop()
        {
            return session;
        }
        self.begun += 1;
        let mut rng = rand::rng();
        Session {
            back_at: now,
            id: self.begun,
            left: rng.random_range(1..=SESSION_REQUESTS),
            client: rng.random_range(0..self.entrance.clients.len().max(1)),
            cookie: None,
        }
    }
}

impl Sender {
    /// One for each address of the users.
    pub(super) fn all(users: &Users) -> Vec<Self> {
        let entrance = &users.entrance;
        let own = (entrance.edge.clone(), entrance.address);
        let edges: Arc<[_]> = std::iter::once(own).chain(entrance.others.clone()).collect();
        let sender = |address| {
            let mut connector = HttpConnector::new();
            connector.set_local_address(Some(address));
            connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
            connector.set_nodelay(true);
            let http = Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(IDLE_MAX)
                .build(connector);
            Self { http, edges: edges.clone() }
        };
        entrance.clients.iter().copied().map(sender).collect()
    }

    /// Whether a service is reached through the edge. Asked by nobody: it is in no ledger.
    pub(super) async fn reaches(&self, service: &ServiceId) -> bool {
        let (service, path) = (service.clone(), "/".to_owned());
        let wish = Wish { service, method: Method::GET, path };
        let Some((_, own)) = self.edges.first() else { return false };
        let answer = tokio::time::timeout(CONNECT_TIMEOUT, self.ask(*own, &wish, None)).await;
        answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status.is_success()))
    }

    /// Asks the own edge, and where nobody listens the next; says which one answered or failed.
    async fn enter(
        &self,
        wish: &Wish,
        cookie: Option<&str>,
    ) -> (Option<EdgeId>, Result<Answer, String>) {
        let mut last = (None, Err("there is no edge".to_owned()));
        for (edge, address) in self.edges.iter() {
            let asked = self.ask(*address, wish, cookie).await;
            let unsent = asked.as_ref().is_err_and(|unanswered| unanswered.unsent);
            last = (Some(edge.clone()), asked.map_err(|unanswered| unanswered.why));
            if !unsent {
                break;
            }
        }
        last
    }

    async fn make(&self, wish: Wish, session: &mut Session) -> Entry {
        let (at, begun) = (Utc::now(), Instant::now());
        let own = self.edges.first().map(|(edge, _)| edge.clone());
        let asked = self.enter(&wish, session.cookie.as_deref());
        let late = || (own.clone(), Err(format!("no answer in {} s", PATIENCE.as_secs())));
        let answered = tokio::time::timeout(PATIENCE, asked).await;
        let (edge, answer) = answered.unwrap_or_else(|_| late());
        let edge = edge.or(own).expect("users enter by an edge");
        let mut entry = Entry {
            at,
            latency_ms: begun.elapsed().as_secs_f64() * 1_000.0,
            edge,
            service: wish.service,
            version: None,
            datacenter: None,
            status: None,
            bytes: 0,
            session: session.id,
            method: wish.method.to_string(),
            path: wish.path,
            error: None,
        };
        match answer {
            Ok(answer) => {
                entry.status = Some(answer.status.as_u16());
                entry.bytes = answer.bytes;
                let text = |name: &str| answer.headers.get(name)?.to_str().ok();
                entry.version = text("x-version").map(str::to_owned);
                entry.datacenter = text("x-datacenter").and_then(|id| id.parse().ok());
                if let Some(cookie) = text(header::SET_COOKIE.as_str()).and_then(session_of) {
                    session.cookie = Some(cookie.to_owned());
                }
            }
            Err(error) => entry.error = Some(error),
        }
        entry
    }

    async fn ask(
        &self,
        address: SocketAddr,
        wish: &Wish,
        cookie: Option<&str>,
    ) -> Result<Answer, Unanswered> {
        let sent = |why: String| Unanswered { unsent: false, why };
        let mut request = Request::builder()
            .method(&wish.method)
            .uri(format!("http://{address}{}", wish.path))
            .header(header::HOST, wish.service.as_str())
            .header(header::USER_AGENT, "mainstay-lab");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, format!("{COOKIE}={cookie}"));
        }
        let body = match wish.method == Method::POST {
            true => Bytes::from_static(b"{\"quantity\":1}"),
            false => Bytes::new(),
        };
        let request = request.body(Full::new(body)).map_err(|error| sent(error.to_string()))?;
        let answer = self
            .http
            .request(request)
            .await
            .map_err(|error| Unanswered { unsent: error.is_connect(), why: reason(&error) })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, BODY_MAX_BYTES).collect().await;
        let body = body.map_err(|error| sent(format!("{}, then {error}", head.status)))?;
        let body = body.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, bytes: body.len() as u64 })
    }
}

/// The value of the session's cookie in a `set-cookie` header.
fn session_of(header: &str) -> Option<&str> {
    let (name, rest) = header.split_once('=')?;
    let value = rest.split(';').next()?.trim();
    (name.trim() == COOKIE && !value.is_empty()).then_some(value)
}

/// The innermost cause, which says more than "client error".
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_by_its_cookie() {
        for (header, value) in [
            ("session=abc; Path=/; HttpOnly", Some("abc")),
            ("session=abc", Some("abc")),
            ("other=abc", None),
            ("session=; Path=/", None),
            ("session", None),
        ] {
            assert_eq!(session_of(header), value, "{header}");
        }
    }
}
