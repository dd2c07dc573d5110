//! Drivers: how a data centre runs services. The agent keeps the journal and the link; a driver
//! works towards the targets and says what is there.

pub mod process;

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_core::deployment::Command;
use mainstay_core::estate::Instance;
use mainstay_core::id::InstanceId;
use tokio::sync::watch;

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
}

/// What a driver sees.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    /// Rises with every change that people wait for: of a state, an endpoint, a version; not with
    /// a new measurement of use.
    pub state_revision: u64,
}
