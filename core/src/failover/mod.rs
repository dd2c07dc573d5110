//! Failover: what moves where when data centres are lost, in the order of recovery priority, and
//! the run that carries it out.
//!
//! Owns the plan ([`plan`]) with its linter ([`lint`]), what stands in its way ([`preview`],
//! [`rules`] with the [`moments`] that they are judged on) and what changed in it ([`drift`]), the
//! run ([`run`], [`decide`], [`request`]) whose rules are judged [`anew`] as it goes, with what of
//! it takes too long ([`stuck`]), drills that are planned ([`drill`]) or repeat ([`routine`]), how
//! ready places were over time ([`readiness`]), and what runs leave standing ([`standing`]): where
//! requests do not go any more, and which nodes stand in for others.
//!
//! Invariants: a plan is immutable and hashed, and follows from what is declared, who is heard and
//! who leads alone; no step of a group begins before the group above is recovered, or a person
//! skipped it; no group begins and no request is moved against a safety rule that nobody overrode
//! by its name; nothing moves to a data centre that is lost or unknown; a group counts as recovered
//! by what is observed.

mod anew;
pub mod decide;
pub mod drift;
pub mod drill;
pub mod lint;
pub mod look;
pub mod moments;
mod observed;
mod plan;
pub mod preview;
pub mod readiness;
pub mod request;
pub mod routine;
pub mod rules;
mod run;
mod standing;
pub mod stuck;
mod target;
#[cfg(test)]
mod tests;
pub mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{DatabaseId, DatacenterId, GroupId, ServiceId};

pub use observed::{Cell, DatabaseState, Heard, Member, Observed, Place};
pub use plan::{fail_back, plan};
pub use run::{Mode, Outcome, Run, State, StepState};
pub use standing::{Standing, standing};

/// Which part of the estate a plan is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Scope {
    /// Every group, in the order of recovery priority.
    #[default]
    All,
    Group {
        group: GroupId,
    },
    Service {
        service: ServiceId,
    },
}

/// What is to be done, all of it: whoever carries it out has no choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Data centres that go away; of a plan that goes back, those that are returned to.
    pub lose: BTreeSet<DatacenterId>,
    pub scope: Scope,
    /// The run that this plan takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<RunId>,
    /// In the order of recovery priority; those with nothing to move are left out.
    pub groups: Vec<GroupPlan>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPlan {
    pub id: GroupId,
    pub priority: u16,
    /// Each after those that it names.
    pub steps: Vec<Step>,
    pub stays_down: Vec<StaysDown>,
}

/// One step. What it is done to follows from its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    #[serde(flatten)]
    pub act: Act,
    /// The data centre that is left.
    pub from: Option<DatacenterId>,
    /// The data centre that takes over, the preferred one if there are several.
    pub to: Option<DatacenterId>,
    /// Of a scale or a start: nodes on top of those that are declared there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nodes: u16,
    pub after: Vec<StepId>,
}

/// What a step does, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "subject")]
pub enum Act {
    /// Targets are heard, and standbys near enough.
    Precheck(GroupId),
    /// More nodes where the service runs already.
    Scale(ServiceId),
    /// Nodes where it does not run yet.
    Start(ServiceId),
    /// The leader takes no writes any more.
    StopWrites(DatabaseId),
    /// The standby has everything that was written.
    WaitForReplica(DatabaseId),
    /// The standby leads.
    Promote(DatabaseId),
    /// The new leader takes writes on a new timeline.
    Verify(DatabaseId),
    /// The edges send requests elsewhere.
    ShiftTraffic(ServiceId),
    /// The group is served: by its instances' health and by what the edges' logs tell.
    Observe(GroupId),
    /// The edges send requests to it again.
    ReturnTraffic(ServiceId),
    /// Nodes that stood in go.
    Release(ServiceId),
}

/// What nobody can serve as long as the data centres are away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaysDown {
    pub service: ServiceId,
    pub reason: String,
}

/// `social/scale/feed-api/fra2`: unique in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

/// `fo-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a failover's id is written fo- and a number, as in fo-12")]
pub struct RunIdError;

impl Plan {
    /// Short fingerprint: what a person confirms is this.
    ///
    /// # Panics
    /// Never: a plan is serialisable.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a plan has only string keys");
        Sha256::digest(json).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every step with its group, in the order of the plan.
    pub fn steps(&self) -> impl Iterator<Item = (&GroupPlan, &Step)> {
        self.groups.iter().flat_map(|group| group.steps.iter().map(move |step| (group, step)))
    }

    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps().map(|(_, step)| step).find(|step| step.id == *id)
    }

    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.steps.is_empty())
    }

    /// Databases whose leader moves, with where it comes from and goes to.
    pub fn promotions(&self) -> impl Iterator<Item = (&DatabaseId, &Step)> {
        self.steps().filter_map(|(_, step)| match &step.act {
            Act::Promote(database) => Some((database, step)),
            Act::Precheck(_)
            | Act::Scale(_)
            | Act::Start(_)
            | Act::StopWrites(_)
            | Act::WaitForReplica(_)
            | Act::Verify(_)
            | Act::ShiftTraffic(_)
            | Act::Observe(_)
            | Act::ReturnTraffic(_)
            | Act::Release(_) => None,
        })
    }

    /// What a person types to start it: the data centre, or several with commas.
    pub fn name(&self) -> String {
        let names: Vec<_> = self.lose.iter().map(DatacenterId::as_str).collect();
        names.join(",")
    }
}

impl Act {
    /// Its permanent name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Precheck(_) => "precheck",
            Self::Scale(_) => "scale",
            Self::Start(_) => "start",
            Self::StopWrites(_) => "stop-writes",
            Self::WaitForReplica(_) => "wait-for-replica",
            Self::Promote(_) => "promote",
            Self::Verify(_) => "verify",
            Self::ShiftTraffic(_) => "shift-traffic",
            Self::Observe(_) => "observe",
            Self::ReturnTraffic(_) => "return-traffic",
            Self::Release(_) => "release",
        }
    }

    /// Whether it changes something that lasts, rather than look.
    pub const fn changes(&self) -> bool {
        match self {
            Self::Scale(_)
            | Self::Start(_)
            | Self::Promote(_)
            | Self::ShiftTraffic(_)
            | Self::ReturnTraffic(_)
            | Self::Release(_) => true,
            Self::Precheck(_)
            | Self::StopWrites(_)
            | Self::WaitForReplica(_)
            | Self::Verify(_)
            | Self::Observe(_) => false,
        }
    }

    pub fn subject(&self) -> &str {
        match self {
            Self::Precheck(group) | Self::Observe(group) => group.as_str(),
            Self::Scale(service)
            | Self::Start(service)
            | Self::ShiftTraffic(service)
            | Self::ReturnTraffic(service)
            | Self::Release(service) => service.as_str(),
            Self::StopWrites(database)
            | Self::WaitForReplica(database)
            | Self::Promote(database)
            | Self::Verify(database) => database.as_str(),
        }
    }
}

const fn is_zero(nodes: &u16) -> bool {
    *nodes == 0
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fo-{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let number = text.strip_prefix("fo-").ok_or(RunIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(RunIdError)
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}
