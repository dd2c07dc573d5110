//! The service program of the lab: answers HTTP with who and where it is, in its body and its
//! headers, and obeys faults.
//!
//! Everything it knows is in its environment, as the `process` driver sets it. On SIGTERM it takes
//! no new connection, finishes the requests it has, and ends.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use mainstay_core::id::{InstanceId, ServiceId};
use mainstay_lab::effect::{self, Effect, FAULT_PATH, STOPPED_EXIT_CODE};
use rand::Rng;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Time to finish requests after SIGTERM.
const DRAIN: Duration = Duration::from_secs(8);
/// Time for a client to send its next request's head. Longer than edges keep connections that are
/// idle (30 s), or one is closed just as a request goes out on it, and a user is failed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Pause after a connection that could not be taken.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// What a fault says to a user.
const FAULT: &str = "a fault of the lab";
/// Largest body of a request.
const BODY_MAX_BYTES: usize = 1024;

/// Who this is.
#[derive(serde::Serialize)]
struct Service {
    service: ServiceId,
    version: String,
    datacenter: String,
    instance: InstanceId,
    pid: u32,
    #[serde(skip)]
    effect: Cell<Effect>,
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run())
}

async fn run() -> anyhow::Result<()> {
    let service = Service {
        service: variable("MAINSTAY_SERVICE")?.parse()?,
        version: variable("MAINSTAY_VERSION")?,
        datacenter: variable("MAINSTAY_DATACENTER")?,
        instance: variable("MAINSTAY_INSTANCE")?.parse()?,
        pid: std::process::id(),
        effect: Cell::default(),
    };
    if let Ok(agent_dir) = variable("MAINSTAY_AGENT_DIR") {
        let dir = PathBuf::from(agent_dir);
        let Service { service: id, version, instance, .. } = &service;
        service.obey(effect::read(&dir, id, version, instance));
    }
    let host: IpAddr = variable("HOST")?.parse().context("HOST is not an address")?;
    let port: u16 = variable("PORT")?.parse().context("PORT is not a port")?;
    let listener = TcpListener::bind((host, port)).await.context("the port cannot be had")?;
    println!("{} {} listens on {host}:{port}", service.instance, service.version);
    serve(listener, Rc::new(service)).await
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

async fn serve(listener: TcpListener, service: Rc<Service>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminate.recv() => break,
        };
        let Ok((stream, peer)) = accepted else {
            // No descriptor left, or a client that went away at once.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let service = service.clone();
        let answer = service_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, Infallible>(service.answer(peer, request).await) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let connection = builder.serve_connection(TokioIo::new(stream), answer);
        let watched = graceful.watch(connection);
        tokio::task::spawn_local(async move {
            // A client that goes away is its own business.
            let _ = watched.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    Ok(())
}

impl Service {
    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == FAULT_PATH {
            return self.fault(peer, request).await;
        }
        let effect = self.effect.get();
        if effect.slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(effect.slow_ms.into())).await;
        }
        if effect.fail_rate > 0.0 && rand::rng().random::<f64>() < effect.fail_rate {
            return text(StatusCode::INTERNAL_SERVER_ERROR, FAULT);
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/health") => text(StatusCode::OK, "ok"),
            (&Method::GET | &Method::HEAD | &Method::POST, _) => self.user(request).await,
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET and POST only"),
        }
    }

    /// Answers a user: who answers, and a session for one who has none.
    async fn user(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let users = self.effect.get().users;
        let cookies = request.headers().get_all(COOKIE);
        let known = cookies.iter().any(|cookie| {
            cookie.to_str().is_ok_and(|c| c.split(';').any(|c| c.trim().starts_with("session=")))
        });
        // What was sent is taken in whole, as a service would.
        let body = Limited::new(request.into_body(), BODY_MAX_BYTES).collect().await;
        if body.is_err() {
            return text(StatusCode::PAYLOAD_TOO_LARGE, "too long");
        }
        let delay = users.delay(1.0 - rand::rng().random::<f64>());
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let fails = users.error_share > 0.0 && rand::rng().random::<f64>() < users.error_share;
        let mut response = match (fails, serde_json::to_vec(self)) {
            (false, Ok(body)) => Response::new(Full::new(Bytes::from(body))),
            (true, _) => text(StatusCode::INTERNAL_SERVER_ERROR, FAULT),
            (false, Err(_)) => text(StatusCode::INTERNAL_SERVER_ERROR, "no answer"),
        };
        let headers = response.headers_mut();
        if !fails {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in [
            ("x-service", self.service.as_str()),
            ("x-version", &self.version),
            ("x-datacenter", &self.datacenter),
            ("x-instance", self.instance.as_str()),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        if !known {
            let session: u64 = rand::rng().random();
            let cookie = format!("session={session:016x}; Path=/; HttpOnly; SameSite=Lax");
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                headers.insert(SET_COOKIE, cookie);
            }
        }
        response
    }

    /// Takes a new effect; only from this machine.
    async fn fault(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !peer.ip().is_loopback() {
            return text(StatusCode::FORBIDDEN, "from loopback addresses only");
        }
        if request.method() != Method::POST {
            return text(StatusCode::METHOD_NOT_ALLOWED, "POST only");
        }
        let body = Limited::new(request.into_body(), BODY_MAX_BYTES).collect().await;
        let effect = match body {
            Ok(body) => serde_json::from_slice::<Effect>(&body.to_bytes()),
            Err(_) => return text(StatusCode::PAYLOAD_TOO_LARGE, "too long"),
        };
        match effect {
            Ok(effect) => {
                self.obey(effect);
                text(StatusCode::OK, "ok")
            }
            Err(error) => text(StatusCode::BAD_REQUEST, &error.to_string()),
        }
    }

    /// Takes an effect up; one that stops it ends the process here.
    fn obey(&self, effect: Effect) {
        if effect.stop {
            println!("{} is stopped by a fault of the lab", self.instance);
            std::process::exit(STOPPED_EXIT_CODE);
        }
        self.effect.set(effect);
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(text.to_owned()));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
