//! Work on databases that agents are given, and what they tell of it and of the databases.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::copy::{Catalogue, Label};
use super::job::{
    BackupDone, BackupJob, Damage, Failure, Prepared, Progress, ProofJob, ProofResult, RestoreJob,
    RestoreResult,
};
use super::kept::Kept;
use crate::cluster::{ClusterDone, ClusterJob};
use crate::id::{DatabaseId, DatacenterId};

/// One piece of work. Its id is an idempotency key: the same id again is the same work, and has
/// one result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "task")]
pub enum Work {
    /// Make a copy.
    Backup(BackupJob),
    /// Read every file that a repository holds of a database.
    Verify(VerifyJob),
    /// Remove a full copy with all that stand on it.
    Expire(ExpireJob),
    /// Restore a copy beside the database, and look into it.
    Prove(ProofJob),
    /// Restore a copy in the place of the database.
    Restore(RestoreJob),
    /// Remove a data directory that a restore set aside, or a restored copy that stayed.
    LetGo(LetGoJob),
    /// Let a restored copy that stays beside its database stay longer.
    Stay(StayJob),
    /// Move the database to another member of its cluster, or what belongs to that.
    Cluster(ClusterJob),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyJob {
    pub id: String,
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireJob {
    pub id: String,
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    /// Of the full copy.
    pub chain: Label,
    /// The first segment of the write-ahead log that copies which stay need; `None`: the log stays
    /// as it is.
    pub wal_from: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGoJob {
    pub id: String,
    pub database: DatabaseId,
    /// As [`DatabaseReport`] names it.
    pub path: String,
    #[serde(default)]
    pub leftover: Leftover,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StayJob {
    pub id: String,
    pub database: DatabaseId,
    /// As [`DatabaseReport`] names it.
    pub path: String,
    /// It stays to this moment at least.
    pub until: DateTime<Utc>,
}

/// What stays until somebody lets it go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leftover {
    /// A data directory that a restore moved aside.
    #[default]
    SetAside,
    /// A restored copy that stayed beside its database.
    Kept,
}

impl Work {
    pub fn id(&self) -> &str {
        match self {
            Self::Backup(job) => &job.id,
            Self::Verify(job) => &job.id,
            Self::Expire(job) => &job.id,
            Self::Prove(job) => &job.id,
            Self::Restore(job) => &job.id,
            Self::LetGo(job) => &job.id,
            Self::Stay(job) => &job.id,
            Self::Cluster(job) => job.id(),
        }
    }

    /// What kind of work, by its name in files and answers.
    pub const fn task(&self) -> &'static str {
        match self {
            Self::Backup(_) => "backup",
            Self::Verify(_) => "verify",
            Self::Expire(_) => "expire",
            Self::Prove(_) => "prove",
            Self::Restore(_) => "restore",
            Self::LetGo(_) => "let-go",
            Self::Stay(_) => "stay",
            Self::Cluster(job) => job.task(),
        }
    }

    pub fn database(&self) -> &DatabaseId {
        match self {
            Self::Backup(job) => &job.database,
            Self::Verify(job) => &job.database,
            Self::Expire(job) => &job.database,
            Self::Prove(job) => &job.database,
            Self::Restore(job) => &job.database,
            Self::LetGo(job) => &job.database,
            Self::Stay(job) => &job.database,
            Self::Cluster(job) => job.database(),
        }
    }
}

/// How a piece of work stands, as its agent tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkReport {
    pub work: Work,
    pub state: WorkState,
    /// By the agent's clock; `None`: it waits for its turn.
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[allow(clippy::large_enum_variant, reason = "there are hundreds at most, and most are over")]
pub enum WorkState {
    /// Other work on the same database comes first.
    Waiting,
    Running {
        progress: Progress,
    },
    Done {
        done: Done,
    },
    Failed {
        failure: Failure,
    },
}

impl WorkState {
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Waiting | Self::Running { .. } => false,
            Self::Done { .. } | Self::Failed { .. } => true,
        }
    }
}

/// What came of work that could be done. A proof that did not hold is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Done {
    Backup(BackupDone),
    Verify { damages: Vec<Damage> },
    Expire,
    Prove(ProofResult),
    Restore(RestoreResult),
    LetGo,
    Stay,
    Cluster(ClusterDone),
}

/// What an agent sees of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseReport {
    pub database: DatabaseId,
    /// When the repositories were read, by the agent's clock.
    pub read_at: DateTime<Utc>,
    /// Whether the database itself runs here, and takes writes; another agent only reads its
    /// repositories.
    pub hosts: bool,
    /// What stands in the way of backups; `None`: it was not looked at, or not here.
    pub prepared: Option<Prepared>,
    pub catalogue: Catalogue,
    /// The write-ahead log in each repository that could be read.
    pub wal: BTreeMap<DatacenterId, Vec<WalRun>>,
    /// Data directories that restores set aside and nobody let go, the oldest first.
    #[serde(default)]
    pub set_aside: Vec<String>,
    /// Restored copies of it that stay here, the oldest first.
    #[serde(default)]
    pub kept: Vec<Kept>,
    /// Where the log was at moments, the oldest first: told where the database takes writes.
    #[serde(default)]
    pub log_moments: Vec<LogMoment>,
    /// What Postgres tells of its archiving, where it takes writes.
    #[serde(default)]
    pub archiver: Option<Archiver>,
    /// Histories of its timelines, as their files have them.
    #[serde(default)]
    pub histories: BTreeMap<u32, String>,
}

/// What Postgres tells of its archiving since its counters were reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archiver {
    /// Tries that failed, and the last of them.
    pub failed: u64,
    pub last_failed: Option<Archived>,
    pub last_archived: Option<Archived>,
}

/// A file of the log, and when it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Name of the segment, or of a history file.
    pub file: String,
    pub at: DateTime<Utc>,
}

impl Archiver {
    /// The file that cannot be archived: its last try failed, and nothing was archived since.
    pub fn stuck(&self) -> Option<&Archived> {
        let last = self.last_archived.as_ref().map(|it| it.at);
        self.last_failed.as_ref().filter(|failed| last.is_none_or(|last| last < failed.at))
    }
}

/// Where the log was at a moment: what was committed before it lies in this segment or before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMoment {
    /// Name of the segment.
    pub segment: String,
    pub at: DateTime<Utc>,
}

/// Segments of the write-ahead log that follow each other without a gap, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalRun {
    pub first: String,
    pub last: String,
    /// When the last one was stored.
    pub last_at: DateTime<Utc>,
}
