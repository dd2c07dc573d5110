//! What faults do to one instance, as the lab tells the service program.
//!
//! The lab leaves it in files beside the agent's state, which the program reads when it starts (so
//! that a fault outlives a restart of what it hit), and sends it to running ones.

use std::path::{Path, PathBuf};

use mainstay_core::id::{InstanceId, ServiceId};
use serde::{Deserialize, Serialize};

/// Exit code of a service that a fault has stopped.
pub const STOPPED_EXIT_CODE: i32 = 75;
/// Longest delay of an answer, milliseconds.
pub const SLOW_MAX_MS: u32 = 60_000;
/// Path on which the service program takes an effect, from loopback addresses only.
pub const FAULT_PATH: &str = "/_fault";

/// The sum of all faults on an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// It ends, and ends again whenever it is started.
    pub stop: bool,
    /// Delay of every answer.
    pub slow_ms: u32,
    /// Share of answers that are errors, 0 to 1.
    pub fail_rate: f64,
}

impl Effect {
    /// Both at once.
    pub fn and(self, other: Self) -> Self {
        Self {
            stop: self.stop || other.stop,
            slow_ms: self.slow_ms.max(other.slow_ms),
            fail_rate: self.fail_rate.max(other.fail_rate),
        }
    }
}

/// How far an effect reaches in a data centre.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Datacenter,
    Service(ServiceId),
    Instance(InstanceId),
}

/// The folder of effects beside an agent's state.
pub fn folder(agent_dir: &Path) -> PathBuf {
    agent_dir.join("faults")
}

/// The file of one scope's effect.
pub fn file(agent_dir: &Path, scope: &Scope) -> PathBuf {
    folder(agent_dir).join(match scope {
        Scope::Datacenter => "datacenter.json".to_owned(),
        Scope::Service(service) => format!("service.{service}.json"),
        Scope::Instance(instance) => format!("instance.{instance}.json"),
    })
}

/// What the files say about one instance. A file that is missing or damaged says nothing.
pub fn read(agent_dir: &Path, service: &ServiceId, instance: &InstanceId) -> Effect {
    let (service, instance) = (service.clone(), instance.clone());
    let scopes = [Scope::Datacenter, Scope::Service(service), Scope::Instance(instance)];
    scopes
        .iter()
        .filter_map(|scope| std::fs::read(file(agent_dir, scope)).ok())
        .filter_map(|content| serde_json::from_slice(&content).ok())
        .fold(Effect::default(), Effect::and)
}
