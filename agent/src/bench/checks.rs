//! Making one check: requests to a deployment, and what was seen of the answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mainstay_core::bench::Check;
use mainstay_core::traffic::Counts;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

/// Time for an answer, as the check is defined.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Requests of a load that wait for their answers at once; the next waits for one of them, and
/// its latency counts from when it was due.
const IN_FLIGHT_MAX: usize = 1_024;

type Http = Client<HttpConnector, Empty<Bytes>>;

/// What came of a check.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) passed: bool,
    pub(super) words: String,
}

/// Makes a check on all nodes of a deployment: each is asked once, or they share a load.
pub(super) async fn make(check: &Check, endpoints: &[SocketAddr]) -> Seen {
    let client = Client::builder(TokioExecutor::new()).build_http();
    match check {
        Check::Http { path, status, contains } => {
            let mut worst: Option<Seen> = None;
            for address in endpoints {
                let seen = ask(&client, *address, path, *status, contains.as_deref()).await;
                if worst.as_ref().is_none_or(|worst| worst.passed) {
                    worst = Some(seen);
                }
            }
            worst.unwrap_or_else(|| Seen { passed: false, words: "there is no node".to_owned() })
        }
        Check::Load { path, requests_per_second, seconds, error_max_bp, p95_max_ms } => {
            let rate = (*requests_per_second).max(1);
            let load = put(&client, endpoints, path, rate, *seconds).await;
            load.judge(*error_max_bp, *p95_max_ms)
        }
    }
}

async fn ask(
    client: &Http,
    address: SocketAddr,
    path: &str,
    status: u16,
    contains: Option<&str>,
) -> Seen {
    let begun = Instant::now();
    let (answered, body) = match get(client, address, path).await {
        Ok(answer) => answer,
        Err(words) => return Seen { passed: false, words },
    };
    let mut words = format!("{} after {} ms", answered.as_u16(), begun.elapsed().as_millis());
    let found = contains.is_none_or(|text| {
        let body = String::from_utf8_lossy(&body);
        let found = body.contains(text);
        if !found {
            words.push_str(&format!(", without {text:?}"));
        }
        found
    });
    Seen { passed: answered.as_u16() == status && found, words }
}

/// A GET; the error says in words why there was no whole answer.
async fn get(
    client: &Http,
    address: SocketAddr,
    path: &str,
) -> Result<(StatusCode, Bytes), String> {
    let uri =
        format!("http://{address}{path}").parse().map_err(|_| format!("{path} is no path"))?;
    let answered = async {
        let answer = client.get(uri).await.map_err(|error| reason(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_MAX_BYTES).collect().await;
        let body = body.map_err(|error| format!("{status}, then {error}"))?;
        Ok((status, body.to_bytes()))
    };
    let no_answer = |_| format!("no answer in {} s", ANSWER_TIMEOUT.as_secs());
    tokio::time::timeout(ANSWER_TIMEOUT, answered).await.map_err(no_answer)?
}

/// The innermost cause, which says more than "client error".
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What a load has seen so far.
#[derive(Default)]
struct Load {
    counts: Counts,
    /// The first failure, in words.
    first: Option<String>,
}

/// Puts a load on the nodes in turn, open-loop: requests are due at fixed moments, whether or not
/// answers come, and latencies count from these moments.
async fn put(client: &Http, endpoints: &[SocketAddr], path: &str, rate: u32, seconds: u16) -> Load {
    let total = u64::from(rate) * u64::from(seconds);
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(seconds.into()) + ANSWER_TIMEOUT;
    let room = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut answers = JoinSet::new();
    let mut load = Load::default();
    for (n, address) in (0..total).zip(endpoints.iter().copied().cycle()) {
        let due = begun + Duration::from_secs_f64(n as f64 / f64::from(rate));
        tokio::time::sleep_until(due).await;
        while let Some(answer) = answers.try_join_next() {
            load.take(answer);
        }
        let Ok(Ok(place)) = tokio::time::timeout_at(deadline, room.clone().acquire_owned()).await
        else {
            for _ in n..total {
                load.fail("no room to send it in time".to_owned(), due.elapsed());
            }
            break;
        };
        let (client, path) = (client.clone(), path.to_owned());
        answers.spawn(async move {
            let answer = get(&client, address, &path).await;
            drop(place);
            (answer, due.elapsed())
        });
    }
    while let Some(answer) = answers.join_next().await {
        load.take(answer);
    }
    load
}

type Answer = (Result<(StatusCode, Bytes), String>, Duration);

impl Load {
    fn take(&mut self, answer: Result<Answer, JoinError>) {
        match answer {
            Ok((Ok((status, _)), took)) if status.is_success() || status.is_redirection() => {
                self.counts.record(false, milliseconds(took));
            }
            Ok((Ok((status, _)), took)) => self.fail(status.as_u16().to_string(), took),
            Ok((Err(words), took)) => self.fail(words, took),
            Err(error) => self.fail(error.to_string(), ANSWER_TIMEOUT),
        }
    }

    fn fail(&mut self, words: String, took: Duration) {
        self.counts.record(true, milliseconds(took));
        self.first.get_or_insert(words);
    }

    fn judge(self, error_max_bp: u16, p95_max_ms: u32) -> Seen {
        let Counts { requests, errors, latency } = self.counts;
        let Some(p95) = latency.quantile(0.95) else {
            return Seen { passed: false, words: "no request was made".to_owned() };
        };
        let few = errors * 10_000 <= u64::from(error_max_bp) * requests;
        let mut words = format!("{errors} of {requests} failed, p95 {p95:.0} ms");
        if let Some(first) = self.first {
            words.push_str(&format!("; the first: {first}"));
        }
        Seen { passed: few && p95 <= f64::from(p95_max_ms), words }
    }
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
