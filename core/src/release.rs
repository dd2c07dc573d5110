//! Which version of each service is stable, and what is on its way.
//!
//! The fleet file declares a service's first version; from then on rollouts move it. What is to
//! run where, and where requests go, follows from the releases and the rollouts alone
//! ([`crate::rollout::wanted`], [`crate::rollout::routing`]).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::Track;
use crate::fleet::Fleet;
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

/// A version of a service that must not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    pub service: ServiceId,
    pub version: String,
    pub reason: String,
    pub rollout: Option<RolloutId>,
    pub since: DateTime<Utc>,
}

/// Everything that people and rollouts decided about versions.
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
}

impl Releases {
    /// The stable version of a service; `None`: the fleet has no such service.
    pub fn stable(&self, fleet: &Fleet, service: &ServiceId) -> Option<Release> {
        let declared = fleet.services.get(service)?;
        Some(self.stable.get(service).cloned().unwrap_or_else(|| Release {
            version: declared.version.clone(),
            track: Track::Blue,
            since: None,
            rollout: None,
            previous: None,
        }))
    }

    /// Why a version may not run, if it may not.
    pub fn quarantine(&self, service: &ServiceId, version: &str) -> Option<&Quarantine> {
        self.quarantined.iter().find(|q| q.service == *service && q.version == version)
    }
}
