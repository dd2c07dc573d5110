//! Deployments for tests: processes of their own beside the supervised ones.
//!
//! Invariants: they have names, ports and a log of their own and no record, so that they are never
//! taken for nodes, and what a dead agent left of them is ended as a stranger at its next start.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all, try_join_all};
use mainstay_core::deployment::Spec;
use mainstay_core::estate::Cause;
use mainstay_core::id::{IdError, InstanceId, ServiceId};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::child::{self, Handle};
use super::node::{NodeSpec, START_DEADLINE};
use super::{NAMES_TOO_LONG, NO_PROGRAM, ProcessConfig, health};
use crate::driver::{Stage, Stager};

/// Most nodes of a staging deployment, however many are asked for.
const NODES_MAX: u16 = 8;
/// Names are told apart by a number that starts again here.
const NUMBERS: u32 = 10_000;
/// Pause between two looks at a node that is not healthy yet.
const LOOK: Duration = Duration::from_millis(100);

/// Starts staging deployments.
#[derive(Debug)]
pub(super) struct ProcessStager {
    config: ProcessConfig,
    started: AtomicU32,
}

/// One node. Dropping it ends its process.
#[derive(Debug)]
struct Node {
    id: InstanceId,
    address: SocketAddr,
    handle: Handle,
    ended: JoinHandle<Cause>,
}

impl Drop for Node {
    fn drop(&mut self) {
        // Does nothing if the process has ended.
        self.handle.kill();
    }
}

impl ProcessStager {
    pub(super) fn new(config: ProcessConfig) -> Self {
        Self { config, started: AtomicU32::new(0) }
    }

    /// Refuses what could not be started here, with the reason.
    pub(super) fn precheck(&self, service: &ServiceId, spec: &Spec) -> Result<(), String> {
        self.name(service, NUMBERS - 1).map_err(|_| NAMES_TOO_LONG.to_owned())?;
        match spec.command.is_empty() && self.config.default_program.is_empty() {
            true => Err(NO_PROGRAM.to_owned()),
            false => Ok(()),
        }
    }

    fn name(&self, service: &ServiceId, number: u32) -> Result<InstanceId, IdError> {
        InstanceId::new(&format!("{service}-{}-staging-{number}", self.config.datacenter))
    }

    fn start(&self, service: &ServiceId, spec: &Spec) -> Result<Node, String> {
        let number = self.started.fetch_add(1, Ordering::Relaxed) % NUMBERS;
        let id = self.name(service, number).map_err(|_| NAMES_TOO_LONG.to_owned())?;
        let failed = |error: io::Error| format!("{id} could not be started: {error}");
        let port = child::free_port(self.config.bind_address, None).map_err(failed)?;
        let logs = self.config.data_dir.join("logs");
        let log = logs.join(format!("{service}-{}-staging.log", self.config.datacenter));
        child::bound_log(&log).map_err(failed)?;
        let spawned = self.config.spawn(&id, service, &NodeSpec::from(spec), port, &log);
        let process = spawned.map_err(failed)?;
        let handle = process.handle.clone();
        tracing::info!(%id, pid = handle.id.pid, version = spec.version, "started for a test");
        let data_dir: Arc<Path> = self.config.data_dir.as_path().into();
        let ended = tokio::spawn(process.ended(data_dir));
        let address = SocketAddr::new(self.config.bind_address, port);
        Ok(Node { id, address, handle, ended })
    }
}

impl Stager for ProcessStager {
    fn stage(
        self: Arc<Self>,
        service: ServiceId,
        spec: Spec,
    ) -> BoxFuture<'static, Result<Stage, String>> {
        async move {
            let wanted = spec.nodes.clamp(1, NODES_MAX);
            let nodes: Result<Vec<_>, _> =
                (0..wanted).map(|_| self.start(&service, &spec)).collect();
            let mut nodes = nodes?;
            let deadline = Instant::now() + START_DEADLINE;
            let path = spec.health_path.as_str();
            try_join_all(nodes.iter_mut().map(|node| node.healthy(path, deadline))).await?;
            let stop = CancellationToken::new();
            let endpoints = nodes.iter().map(|node| node.address).collect();
            let holder = tokio::spawn(hold(nodes, stop.clone(), self.config.drain_grace));
            Ok(Stage::new(endpoints, stop.drop_guard(), holder))
        }
        .boxed()
    }
}

impl Node {
    async fn healthy(&mut self, path: &str, deadline: Instant) -> Result<(), String> {
        loop {
            let cause = match health::check(self.address, path).await {
                Ok(()) => return Ok(()),
                Err(cause) => cause,
            };
            if Instant::now() >= deadline {
                let seconds = START_DEADLINE.as_secs();
                return Err(format!(
                    "{} is not healthy after {seconds} s: {}",
                    self.id,
                    said(&cause)
                ));
            }
            tokio::select! {
                ended = &mut self.ended => {
                    let why = said(&ended.unwrap_or(Cause::Vanished));
                    return Err(format!("{} ended before it was healthy: {why}", self.id));
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// Keeps nodes until `stop`, then drains them; what is left after the grace is ended.
async fn hold(mut nodes: Vec<Node>, stop: CancellationToken, grace: Duration) {
    stop.cancelled().await;
    for node in &nodes {
        node.handle.terminate();
    }
    let ends = join_all(nodes.iter_mut().map(|node| &mut node.ended));
    if tokio::time::timeout(grace, ends).await.is_err() {
        tracing::warn!("a staging deployment does not stop and is ended");
    }
}

fn said(cause: &Cause) -> String {
    match cause {
        Cause::Exited { code } => format!("exit code {code}"),
        Cause::Killed { signal } => format!("signal {signal}"),
        Cause::Vanished => "nobody saw how".to_owned(),
        Cause::NotStarted { message } => message.clone(),
        Cause::HealthStatus { code } => format!("its health check answers {code}"),
        Cause::HealthTimeout { after_ms } => {
            format!("its health check does not answer in {after_ms} ms")
        }
        Cause::HealthRefused { message } => format!("its health check fails: {message}"),
    }
}
