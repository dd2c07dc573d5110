//! Drivers: how a data centre runs services. The agent keeps the journal and the link; a driver
//! works towards the targets and says what is there.

pub mod process;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use mainstay_core::deployment::{Command, Spec};
use mainstay_core::estate::Instance;
use mainstay_core::id::{InstanceId, ServiceId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use crate::journal::Targets;

/// Runs services in one data centre.
pub trait Driver: Send {
    /// Refuses a command that cannot be followed, with the reason; changes nothing.
    fn precheck(&self, command: &Command) -> Result<(), String>;
    /// Works towards these targets from now on, instead of those given before. Returns at once;
    /// the way there shows in [`observe`](Self::observe).
    fn retarget(&mut self, targets: &Targets);
    /// What is there, always up to date.
    fn observe(&self) -> watch::Receiver<Observed>;
    /// What starts deployments for tests.
    fn stager(&self) -> Arc<dyn Stager>;
}

/// Starts deployments that no user reaches and that are never among the observed instances.
pub trait Stager: Send + Sync {
    /// Starts one and waits until all its nodes are healthy; the error says why they are not.
    fn stage(
        self: Arc<Self>,
        service: ServiceId,
        spec: Spec,
    ) -> BoxFuture<'static, Result<Stage, String>>;
}

/// A deployment for a test. Dropping it ends it.
#[derive(Debug)]
pub struct Stage {
    /// Where its nodes answer; at least one.
    pub endpoints: Vec<SocketAddr>,
    guard: DropGuard,
    holder: JoinHandle<()>,
}

impl Stage {
    /// `holder` ends the deployment when `guard` is dropped, and itself after it.
    pub fn new(endpoints: Vec<SocketAddr>, guard: DropGuard, holder: JoinHandle<()>) -> Self {
        Self { endpoints, guard, holder }
    }

    /// Ends it and waits until it is gone.
    pub async fn stop(self) {
        drop(self.guard);
        if let Err(error) = self.holder.await {
            tracing::error!(%error, "a staging deployment was not ended properly");
        }
    }
}

/// What a driver sees.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    /// Rises with every change that people wait for: of a state, an endpoint, a version; not with
    /// a new measurement of use.
    pub state_revision: u64,
}
