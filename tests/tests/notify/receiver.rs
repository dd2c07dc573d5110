//! A receiver of webhooks and alerts: a real server that keeps what it was sent and answers as the
//! test says; and the checks of a receiver, written from the specification of Standard Webhooks and
//! not from the sender.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// With a header.
    With(u16, &'static str, String),
    /// Not before [`Receiver::release`], then with 200.
    Held,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problems it tells of: `at-1001 opened`.
    pub fn told(&self) -> Vec<String> {
        let json = self.json();
        let problems = json["data"]["problems"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        problems.iter().map(|it| format!("{} {}", text(&it["id"]), text(&it["event"]))).collect()
    }

    /// Whether a signature is one with this secret.
    pub fn is_signed(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let timestamp = &self.headers["webhook-timestamp"];
        let age = chrono::Utc::now().timestamp() - timestamp.parse::<i64>().unwrap();
        assert!(age.abs() < 300, "it is an old message");
        let mut text = format!("{}.{timestamp}.", self.id()).into_bytes();
        text.extend_from_slice(&self.body);
        let wanted = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &text)));
        self.headers["webhook-signature"].split(' ').any(|given| given == wanted)
    }
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

#[derive(Debug, Default)]
struct Kept {
    got: Vec<Got>,
    answers: VecDeque<Answer>,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    hold: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Answers with these, one after the other, and then with 200.
    pub async fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Kept { got: Vec::new(), answers: answers.iter().cloned().collect() };
        let (kept, hold) = (Arc::new(Mutex::new(kept)), Arc::new(Notify::new()));
        let serving = tokio::spawn(serve(listener, kept.clone(), hold.clone()));
        Self { address, kept, hold, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    pub fn got(&self) -> Vec<Got> {
        self.kept().got.clone()
    }

    /// Answers what is held, and from now on with 200.
    pub fn release(&self) {
        self.kept().answers.clear();
        self.hold.notify_waiters();
    }
}

async fn serve(listener: TcpListener, kept: Arc<Mutex<Kept>>, hold: Arc<Notify>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (kept, hold) = (kept.clone(), hold.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, kept.clone(), hold.clone()));
            let builder = hyper::server::conn::http1::Builder::new();
            // Whoever asked may be killed in the middle.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    kept: Arc<Mutex<Kept>>,
    hold: Arc<Notify>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    });
    let headers = headers.collect();
    let Ok(body) = request.into_body().collect().await else {
        return Ok(Response::new(Full::default()));
    };
    let released = hold.notified();
    tokio::pin!(released);
    released.as_mut().enable();
    let answer = {
        let mut kept = kept.lock().unwrap();
        kept.got.push(Got { path, headers, body: body.to_bytes().to_vec() });
        kept.answers.pop_front().unwrap_or(Answer::Status(200))
    };
    let response = Response::builder();
    let response = match answer {
        Answer::Status(status) => response.status(status),
        Answer::With(status, name, value) => response.status(status).header(name, value),
        Answer::Held => {
            released.await;
            response.status(200)
        }
    };
    Ok(response.body(Full::from("said by the receiver")).unwrap())
}
