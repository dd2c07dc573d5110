//! A small service: answers with its name, counts, and fails or waits when it is told to.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::SeqCst};

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub struct Upstream {
    pub address: String,
    pub told: Arc<Told>,
    server: tokio::task::JoinHandle<()>,
}

/// What the service is told, and what it saw.
pub struct Told {
    name: String,
    pub requests: AtomicU64,
    pub checks: AtomicU64,
    pub healthy: AtomicBool,
    pub status: AtomicU16,
    /// Each request to `/wait` takes one away; none left: it waits.
    pub may_answer: Semaphore,
    pub waiting: AtomicU64,
}

impl Upstream {
    pub async fn start(name: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let told = Arc::new(Told {
            name: name.to_owned(),
            requests: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            healthy: AtomicBool::new(true),
            status: AtomicU16::new(200),
            may_answer: Semaphore::new(0),
            waiting: AtomicU64::new(0),
        });
        let server = tokio::spawn(serve(listener, told.clone()));
        Ok(Self { address, told, server })
    }

    pub fn requests(&self) -> u64 {
        self.told.requests.load(SeqCst)
    }

    /// Ends with all its connections.
    pub async fn kill(self) {
        self.server.abort();
        let _ = self.server.await;
    }
}

async fn serve(listener: TcpListener, told: Arc<Told>) {
    // Connections end with the task that holds this.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let told = told.clone();
        let service = service_fn(move |request| answer(told.clone(), request));
        connections.spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    told: Arc<Told>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let status = if path == "/health" {
        told.checks.fetch_add(1, SeqCst);
        if told.healthy.load(SeqCst) { 200 } else { 503 }
    } else {
        told.requests.fetch_add(1, SeqCst);
        if path == "/wait" {
            told.waiting.fetch_add(1, SeqCst);
            told.may_answer.acquire().await.expect("never closed").forget();
            told.waiting.fetch_sub(1, SeqCst);
        }
        told.status.load(SeqCst)
    };
    let body = Full::new(Bytes::from(told.name.clone()));
    Ok(Response::builder().status(status).body(body).expect("a response"))
}
