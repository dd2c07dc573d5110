//! What to tell an agent: the difference between what the fleet asks of a data centre and what
//! its agent says it was told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::estate::Deployment;
use crate::fleet::Service;
use crate::id::{InstanceId, ServiceId};

/// A change an agent can make. Idempotent: it states the end, not the step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Command {
    /// Run exactly this of the service, replacing one node at a time what runs otherwise.
    Deploy { service: ServiceId, spec: Spec },
    /// Run nothing of the service any more.
    Remove { service: ServiceId },
    /// Start one instance afresh: a new process in its place, the old one drained first.
    Replace {
        service: ServiceId,
        instance: InstanceId,
    },
}

impl Command {
    /// The object whose decisions are ordered by the token: one history for each service in a
    /// data centre.
    pub const fn service(&self) -> &ServiceId {
        match self {
            Self::Deploy { service, .. }
            | Self::Remove { service }
            | Self::Replace { service, .. } => service,
        }
    }
}

/// What runs of a service in a data centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub version: String,
    pub nodes: u16,
    /// Program and arguments; empty: the agent's default program.
    pub command: Vec<String>,
    pub health_path: String,
}

impl Spec {
    /// The part that a running instance cannot change without being replaced, as a short
    /// fingerprint (the version is compared apart, so that people can read it).
    pub fn template(&self) -> String {
        let mut hash = Sha256::new();
        for part in self.command.iter().chain([&self.health_path]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl From<&Service> for Spec {
    fn from(service: &Service) -> Self {
        Self {
            version: service.version.clone(),
            nodes: service.nodes,
            command: service.command.clone(),
            health_path: service.health_path.clone(),
        }
    }
}

/// The commands that bring one data centre from what its agent acknowledged to what is wanted.
///
/// In the order of service ids; the same input gives the same commands. Nothing is decided for a
/// data centre that is not heard: the caller passes only what a live agent reported.
pub fn decide(
    wanted: &BTreeMap<ServiceId, &Service>,
    told: &BTreeMap<ServiceId, Deployment>,
) -> Vec<Command> {
    let mut commands = Vec::new();
    for (id, service) in wanted {
        let spec = Spec::from(*service);
        let done = told.get(id).is_some_and(|have| {
            have.version == spec.version
                && have.nodes == spec.nodes
                && have.template == spec.template()
        });
        if !done {
            commands.push(Command::Deploy {
                service: id.clone(),
                spec,
            });
        }
    }
    for id in told.keys().filter(|id| !wanted.contains_key(*id)) {
        commands.push(Command::Remove {
            service: id.clone(),
        });
    }
    commands
}
