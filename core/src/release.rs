//! Which version of each service is stable, and what is on its way.
//!
//! The fleet file declares a service's first version; from then on rollouts move it. What is to
//! run where, and where requests go, follows from the releases and the rollouts alone
//! ([`crate::rollout::wanted`], [`crate::rollout::routing`]).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::Track;
use crate::failover::{Run, Standing};
use crate::fleet::{Fleet, Service};
use crate::id::ServiceId;
use crate::rollout::{Rollout, RolloutId};

/// The version that serves when nothing is being rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    pub version: String,
    pub track: Track,
    /// When it became stable; `None`: it is the one that the fleet declares.
    pub since: Option<DateTime<Utc>>,
    /// The rollout that made it stable.
    pub rollout: Option<RolloutId>,
    /// The stable version before it.
    pub previous: Option<String>,
}

/// A version that a fleet file would change, of a service that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error(
    "the version of {service} is {stable} and moves by rollouts only: start one to {wanted} \
     (`mainstay rollout start`), or write `version = \"{stable}\"`"
)]
pub struct Moved {
    pub service: ServiceId,
    pub stable: String,
    pub wanted: String,
}

/// A version of a service that must not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    pub service: ServiceId,
    pub version: String,
    pub reason: String,
    pub rollout: Option<RolloutId>,
    pub since: DateTime<Utc>,
}

/// Everything that people, rollouts and failovers decided about versions and places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Releases {
    /// Rises with every change of what is in here.
    pub revision: u64,
    /// Services whose stable version is no more the declared one.
    pub stable: BTreeMap<ServiceId, Release>,
    /// The rollout of each service that is not over (see [`Rollout::is_over`]).
    pub rollouts: BTreeMap<ServiceId, Rollout>,
    /// Versions in quarantine.
    pub quarantined: Vec<Quarantine>,
    /// Failovers that are not over, and those whose effects stand; the oldest first.
    pub failovers: Vec<Run>,
    /// What these leave standing.
    pub standing: Standing,
}

impl Release {
    /// The version that the fleet declares: a service's first.
    pub fn declared(service: &Service) -> Self {
        Self {
            version: service.version.clone(),
            track: Track::default(),
            since: None,
            rollout: None,
            previous: None,
        }
    }
}

impl Releases {
    /// The stable version of a service; `None`: the fleet has no such service.
    pub fn stable(&self, fleet: &Fleet, service: &ServiceId) -> Option<Release> {
        let declared = fleet.services.get(service)?;
        Some(self.stable.get(service).cloned().unwrap_or_else(|| Release::declared(declared)))
    }

    /// The versions that a new fleet file would move past their rollouts, service by service.
    /// Empty: it may be applied, as far as versions go. A file that names the version that is
    /// stable only catches up with what was rolled out.
    pub fn moved(&self, old: &Fleet, new: &Fleet) -> Vec<Moved> {
        let changes = new.services.iter().filter_map(|(id, service)| {
            let before = old.services.get(id)?;
            let stable = self.stable(old, id)?.version;
            let moves = service.version != before.version && service.version != stable;
            moves.then(|| Moved { service: id.clone(), stable, wanted: service.version.clone() })
        });
        changes.collect()
    }

    /// The failover that is not over.
    pub fn failover(&self) -> Option<&Run> {
        self.failovers.iter().find(|run| !run.is_over())
    }

    /// Why a version may not run, if it may not.
    pub fn quarantine(&self, service: &ServiceId, version: &str) -> Option<&Quarantine> {
        self.quarantined.iter().find(|q| q.service == *service && q.version == version)
    }
}
