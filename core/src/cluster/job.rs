//! What an agent is asked to do with the cluster of a database, and what came of it.
//!
//! Invariant: each states the end, not the step, so that the same again is done at once.

use serde::{Deserialize, Serialize};

use super::decide::Reason;
use crate::id::{DatabaseId, DatacenterId};

/// As [`FailoverJob::accept_loss_bytes`]: whatever is lost, also where nobody can say how much.
pub const ANY_LOSS: u64 = u64::MAX;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum ClusterJob {
    /// The leader hands over to a standby; nothing is lost. Given to the agent of `to`.
    Switchover(SwitchoverJob),
    /// A standby takes the place of a leader that is lost. Given to the agent of `to`.
    Failover(FailoverJob),
    /// A member follows the leader again, its own past cut off where it differs. Given to the
    /// agent of that member.
    Rejoin(RejoinJob),
    /// The cluster does nothing by itself any more. Given to any of its agents.
    Pause(PauseJob),
    /// The cluster replaces a lost leader by itself. Given to any of its agents.
    Resume(PauseJob),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchoverJob {
    pub id: String,
    pub database: DatabaseId,
    pub from: DatacenterId,
    pub to: DatacenterId,
    /// How far behind the standby may be when it is asked.
    pub lag_max_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailoverJob {
    pub id: String,
    pub database: DatabaseId,
    pub to: DatacenterId,
    /// How much may be lost, as somebody or the policy accepted it; `None`: nothing. What cannot
    /// be said is more than anything but [`ANY_LOSS`].
    pub accept_loss_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejoinJob {
    pub id: String,
    pub database: DatabaseId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseJob {
    pub id: String,
    pub database: DatabaseId,
}

impl ClusterJob {
    pub fn id(&self) -> &str {
        match self {
            Self::Switchover(job) => &job.id,
            Self::Failover(job) => &job.id,
            Self::Rejoin(job) => &job.id,
            Self::Pause(job) | Self::Resume(job) => &job.id,
        }
    }

    pub const fn database(&self) -> &DatabaseId {
        match self {
            Self::Switchover(job) => &job.database,
            Self::Failover(job) => &job.database,
            Self::Rejoin(job) => &job.database,
            Self::Pause(job) | Self::Resume(job) => &job.database,
        }
    }

    /// By its name in files and answers.
    pub const fn task(&self) -> &'static str {
        match self {
            Self::Switchover(_) => "switchover",
            Self::Failover(_) => "failover",
            Self::Rejoin(_) => "rejoin",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
        }
    }
}

/// What came of it, as it was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "came")]
pub enum ClusterDone {
    /// Another member leads.
    Moved(Moved),
    /// The member follows its leader, on the same timeline.
    Rejoined {
        leader: DatacenterId,
        timeline: u32,
    },
    Paused,
    Resumed,
    /// Nothing was changed.
    Refused {
        reason: Reason,
    },
}

/// A change of leaders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Who led before, where that is known.
    pub from: Option<DatacenterId>,
    pub to: DatacenterId,
    /// It led already when it was asked; then nothing below was measured.
    pub already: bool,
    pub old_timeline: Option<u32>,
    pub new_timeline: Option<u32>,
    /// How far the new leader was behind what was known of the old one when it was asked. After a
    /// failover that is what was lost at least; a switchover waits for it.
    pub behind_bytes: Option<u64>,
    /// From the last moment at which the old leader was seen taking writes, or the order where it
    /// was not, to the first at which the new one was.
    pub without_writes_ms: Option<u64>,
}

impl ClusterDone {
    /// Whether what was asked for is so.
    pub const fn succeeded(&self) -> bool {
        match self {
            Self::Moved(_) | Self::Rejoined { .. } | Self::Paused | Self::Resumed => true,
            Self::Refused { .. } => false,
        }
    }
}
