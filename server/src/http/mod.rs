//! The console and the API over HTTP: the listener, and which room answers which address.
//!
//! Invariants: an address that is not in the table of routes does not exist, and each one names
//! the permission it needs; a slow or silent peer is let go.

pub mod act;
pub mod api;
pub mod approvals;
pub mod assets;
pub mod audit;
pub mod availability;
pub mod backups;
pub mod bench;
mod coding;
pub mod failover;
pub mod fleet;
pub mod forget;
pub mod health;
pub mod lasting;
pub mod live;
pub mod page;
pub mod pages;
mod past;
mod permit;
pub mod pipelines;
pub mod planned;
pub mod refusal;
pub mod rollouts;
pub mod runbook;
pub mod shared;
pub mod standing;
pub mod traffic;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::state::AppState;

/// Connections at once; more wait in the listener's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// A request's head arrives within this time; the same bounds an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests in progress may take so long at shutdown.
const DRAIN: Duration = Duration::from_secs(3);

/// Serves until told to stop, then lets requests in progress finish.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let router = crate::router::router(state);
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Out of descriptors, or the peer left already: the next one may fare better.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::task::yield_now().await;
                    continue;
                }
            },
        };
        let connection = connection(router.clone(), stream, peer);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop(slot);
        });
    }
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in progress at the end");
    }
    Ok(())
}

fn connection(
    router: axum::Router,
    stream: TcpStream,
    peer: SocketAddr,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    // Small answers go at once; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            let answer: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
            answer
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
}
