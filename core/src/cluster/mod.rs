//! The cluster of a database: the members in its data centres, and who leads them.
//!
//! Owns the words in which an agent tells of its member ([`MemberReport`]), what it is asked to do
//! ([`job`]) and whether that may be done ([`decide`]). Invariants: what is not known is `None`,
//! never 0, and passes no check; a position is bytes of the write-ahead log since its beginning,
//! on a timeline; every refusal is a [`Reason`](decide::Reason), which has words.
//!
//! Must not: decide when a database moves, nor in which order databases do.

pub mod decide;
pub mod job;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{Loss, Reason, may_fail_over, may_switch};
pub use job::{ClusterDone, ClusterJob};

use crate::id::{DatabaseId, DatacenterId};

/// Most members that a report names.
pub const MEMBERS_MAX: usize = 16;

/// What Patroni says of a member that is on its way up.
const COMING_UP: [&str; 5] = [
    "creating replica",
    "starting",
    "restarting",
    "initializing new cluster",
    "running custom bootstrap script",
];

/// A member as the agent of its data centre sees it. Told again when it changes; until then it
/// stands as long as its data centre is heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReport {
    pub database: DatabaseId,
    /// By the agent's clock, when it saw what it tells.
    pub seen_at: DateTime<Utc>,
    pub role: Role,
    pub state: State,
    pub timeline: Option<u32>,
    /// A leader: up to where it has written. Any other: up to where it has received.
    pub lsn: Option<u64>,
    /// Up to where it has replayed; `None` also for a leader, which replays nothing.
    pub replayed_lsn: Option<u64>,
    /// How far what it received is behind what is known of its leader.
    pub lag_bytes: Option<u64>,
    /// The age of the last transaction that it replayed, while it is behind with replaying; 0
    /// while it has replayed all there is. Two machines' clocks are in it.
    pub lag_ms: Option<u64>,
    /// Whether its cluster does nothing by itself.
    pub paused: Option<bool>,
    pub synchronous: Option<Synchronous>,
    /// The last leader that this member knew, kept when that is gone.
    pub leader: Option<LeaderView>,
    /// The cluster as this member sees it, a few seconds old at times. Empty: it cannot be seen,
    /// because what the cluster agrees by does not answer.
    pub members: Vec<MemberView>,
}

/// What a member is in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes writes.
    Leader,
    Replica,
    /// Its Postgres does not run; what watches over it does.
    Stopped,
    /// Nothing answers for it.
    Unknown,
}

/// How its Postgres does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// Runs. A replica in this state gets nothing from a leader.
    Running,
    /// Runs, and gets what its leader writes.
    Streaming,
    /// Runs, and reads what is left in the archive of the log.
    ArchiveRecovery,
    /// In the words of what watches over it, or why that is not known.
    Other { words: String },
}

/// Its part in commits that wait for standbys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Synchronous {
    /// No commit waits for any standby.
    Off,
    /// Commits wait for this one; or it is the leader.
    InSync,
    /// Commits wait for others.
    NotInSync,
}

/// A leader as another member knew it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderView {
    pub datacenter: DatacenterId,
    pub timeline: Option<u32>,
    /// Up to where it had written; it may have written more since.
    pub lsn: Option<u64>,
    pub seen_at: DateTime<Utc>,
}

/// A member as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub datacenter: DatacenterId,
    pub role: Role,
    pub state: State,
    pub timeline: Option<u32>,
    pub lag_bytes: Option<u64>,
}

impl MemberReport {
    /// One of which nothing is known, and why.
    pub fn unknown(database: DatabaseId, seen_at: DateTime<Utc>, words: impl Into<String>) -> Self {
        Self {
            database,
            seen_at,
            role: Role::Unknown,
            state: State::Other { words: words.into() },
            timeline: None,
            lsn: None,
            replayed_lsn: None,
            lag_bytes: None,
            lag_ms: None,
            paused: None,
            synchronous: None,
            leader: None,
            members: Vec::new(),
        }
    }

    /// Whether more than positions in the log, and moments, are others than before.
    pub fn is_news_to(&self, before: &Self) -> bool {
        let still = |report: &Self| {
            let leader = report.leader.as_ref();
            let members = report.members.iter().cloned();
            Self {
                seen_at: before.seen_at,
                lsn: None,
                replayed_lsn: None,
                lag_bytes: None,
                lag_ms: None,
                leader: leader.map(|it| LeaderView {
                    lsn: None,
                    seen_at: before.seen_at,
                    ..it.clone()
                }),
                members: members.map(|it| MemberView { lag_bytes: None, ..it }).collect(),
                ..report.clone()
            }
        };
        still(self) != still(before)
    }

    /// The leader that this member sees now. [`Self::leader`] may be one that is gone.
    pub fn sees_leader(&self) -> Option<&DatacenterId> {
        let leads = |member: &&MemberView| member.role == Role::Leader && member.state.runs();
        self.members.iter().find(leads).map(|member| &member.datacenter)
    }
}

impl State {
    /// Whether its Postgres answers.
    pub const fn runs(&self) -> bool {
        match self {
            Self::Running | Self::Streaming | Self::ArchiveRecovery => true,
            Self::Other { .. } => false,
        }
    }

    /// Whether it does not run yet, and comes up by itself.
    pub fn comes_up(&self) -> bool {
        match self {
            Self::Running | Self::Streaming | Self::ArchiveRecovery => false,
            Self::Other { words } => COMING_UP.contains(&words.as_str()),
        }
    }
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Replica => "replica",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Streaming => "streaming",
            Self::ArchiveRecovery => "in archive recovery",
            Self::Other { words } => words,
        })
    }
}

#[cfg(test)]
mod tests;
