//! What an engine of backups is asked to do, and what came of it.
//!
//! Owns the words in which the server asks and an agent answers. Invariants: what was made stands
//! beside what was asked for, because an engine may make something else; restoring, validating and
//! cleaning up are told apart, because each can fail alone.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::copy::{Copy, Kind, Label};
use super::kept::{Hours, Kept};
use crate::id::{DatabaseId, DatacenterId};

/// Most checks of one proof.
pub const CHECKS_MAX: usize = 64;
/// Longest statement of a check.
const STATEMENT_MAX_BYTES: usize = 2_000;

/// Make a copy of a database in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupJob {
    /// The same id again is the same backup.
    pub id: String,
    pub database: DatabaseId,
    /// Whose repository takes it.
    pub datacenter: DatacenterId,
    pub kind: Kind,
    /// Counts for a differential only.
    pub without_full: WithoutFull,
    /// The full copy that a differential is to stand on, where the repository need not hold it:
    /// it is copied along first.
    #[serde(default)]
    pub parent: Option<Parent>,
}

/// A full copy, and a repository that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    pub datacenter: DatacenterId,
    pub label: Label,
}

/// What to do about a differential where no full copy is that it could stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutFull {
    Refuse,
    MakeFull,
}

/// A copy that was made. Whether it is what was asked for: compare `asked` with `copy.kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupDone {
    pub asked: Kind,
    pub copy: Copy,
    /// It went on with what a backup that broke off had copied already.
    pub resumed: bool,
}

/// Up to where a restored database is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    /// The first consistent state after the copy, from its own repository alone.
    EndOfCopy,
    /// The last transaction that was committed at this moment. Fails where the log ends before.
    Moment { at: DateTime<Utc> },
    /// As far as the log goes without a gap. A gap is not an error to the database: what it
    /// reached is told, and has to be compared.
    Latest,
}

/// Restore a copy beside the database, start it, look into it, and remove it or keep it running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofJob {
    pub id: String,
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    pub label: Label,
    pub target: Target,
    /// The database's own; at most [`CHECKS_MAX`].
    pub checks: Vec<SqlCheck>,
    /// How long it stays afterwards, of real time from when it was looked into; `None`: it is
    /// removed at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Hours>,
}

/// A query that must answer with one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlCheck {
    /// For people: `orders are there`.
    pub name: String,
    /// The database of the cluster in which it is asked.
    pub database: String,
    pub statement: String,
    pub expect: Expect,
}

impl SqlCheck {
    /// Why a statement cannot be a check, in words that follow "it". A check is one query: what
    /// would run as a command of the client, or after the query, is none.
    pub fn fault(statement: &str) -> Option<&'static str> {
        let statement = statement.trim();
        let word = statement.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let is_query = ["select", "with", "values", "table"]
            .into_iter()
            .any(|known| word.eq_ignore_ascii_case(known));
        if !is_query {
            Some("does not begin with SELECT, WITH, VALUES or TABLE")
        } else if statement.contains(';') {
            Some("has a `;`; a check is one query")
        } else if statement.len() > STATEMENT_MAX_BYTES {
            Some("is longer than 2,000 bytes")
        } else if statement.contains('\0') {
            Some("has a byte that is zero")
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Expect {
    True,
    Exactly { count: u64 },
    AtLeast { count: u64 },
}

impl Expect {
    /// Whether an answer, as Postgres prints it, is what is expected.
    pub fn holds(self, answer: &str) -> bool {
        match self {
            Self::True => answer == "t",
            Self::Exactly { count } => answer.parse() == Ok(count),
            Self::AtLeast { count } => answer.parse().is_ok_and(|seen: u64| seen >= count),
        }
    }
}

/// What one check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlResult {
    pub check: SqlCheck,
    pub passed: bool,
    /// The answer, or why there is none.
    pub seen: String,
}

/// How one part of a job went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Step {
    Passed,
    Failed {
        failure: Failure,
    },
    /// Not a pass.
    NotRun {
        why: String,
    },
}

impl Step {
    pub fn not_run(why: impl Into<String>) -> Self {
        Self::NotRun { why: why.into() }
    }

    pub fn passed(&self) -> bool {
        match self {
            Self::Passed => true,
            Self::Failed { .. } | Self::NotRun { .. } => false,
        }
    }
}

impl From<Result<(), Failure>> for Step {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(failure) => Self::Failed { failure },
        }
    }
}

/// What a proof showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofResult {
    pub started: DateTime<Utc>,
    pub ended: DateTime<Utc>,
    /// Whether the files came back.
    pub restore: Step,
    /// Whether the database came up and is whole.
    pub validation: Validation,
    /// Whether nothing of it is left on the machine; not run where it is kept. Says nothing about
    /// the copy.
    pub clean_up: Step,
    /// What stays, and where; `None`: nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Box<Kept>>,
}

impl ProofResult {
    /// Whether the copy is proved. What is left on the machine does not count.
    pub fn proved(&self) -> bool {
        self.restore.passed() && self.validation.passed()
    }
}

/// The parts of a validation, in the order in which they are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// The server started and ended its recovery.
    pub recovery: Step,
    /// How far the recovery came.
    pub reached: Option<Reached>,
    /// Tables and indexes agree with each other and with their own form.
    pub structure: Step,
    pub checks: Vec<SqlResult>,
    /// Every page has the checksum it was written with; not run where the cluster has none.
    pub pages: Step,
}

impl Validation {
    /// None of it was made.
    pub fn not_run(why: &str) -> Self {
        Self {
            recovery: Step::not_run(why),
            reached: None,
            structure: Step::not_run(why),
            checks: Vec::new(),
            pages: Step::not_run(why),
        }
    }

    /// A cluster that keeps no page checksums can pass without them; nothing else may be missing.
    pub fn passed(&self) -> bool {
        let pages = match &self.pages {
            Step::Passed | Step::NotRun { .. } => true,
            Step::Failed { .. } => false,
        };
        let checks = self.checks.iter().all(|result| result.passed);
        self.recovery.passed() && self.structure.passed() && checks && pages
    }
}

/// How far a recovery came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Position in the write-ahead log, as Postgres writes it: `0/3000148`.
    pub position: Option<String>,
    /// Commit time of the last transaction that came from the log; `None`: none did.
    pub last_commit: Option<DateTime<Utc>>,
}

/// Restore a copy in the place of the database itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreJob {
    pub id: String,
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    pub label: Label,
    pub target: Target,
    /// The database's own, asked when it is up again; at most [`CHECKS_MAX`].
    #[serde(default)]
    pub checks: Vec<SqlCheck>,
}

/// What came of a restore in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreResult {
    /// Where the data directory is kept that was there before; until somebody lets it go.
    pub set_aside: Option<String>,
    pub stop: Step,
    pub restore: Step,
    /// The server started and ended its recovery.
    pub start: Step,
    pub reached: Option<Reached>,
    /// What the database answered afterwards. It is up whatever that is.
    #[serde(default)]
    pub checks: Vec<SqlResult>,
}

/// Something wrong in a repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Damage {
    pub place: Place,
    /// Path in the repository, below the copies or the log; empty where no file is to blame.
    pub file: String,
    pub what: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Place {
    /// A copy. Damage of a full one is damage of every differential on it, and is told once.
    Copy { label: Label },
    /// A segment of the write-ahead log.
    Wal { segment: String },
    /// The repository's own bookkeeping.
    Repository,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    Checksum,
    Missing,
    Size,
    /// It cannot be unpacked or read; a flipped byte in a compressed file often shows so.
    Other,
}

/// One archived segment of the write-ahead log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WalSegment {
    /// Timeline, log and segment, 24 hexadecimal digits.
    pub name: String,
    /// When its file was written in the repository.
    pub stored_at: DateTime<Utc>,
    pub stored_bytes: u64,
}

/// What stands in the way of backups, and what does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    pub repositories: BTreeMap<DatacenterId, Result<(), Failure>>,
    pub archiving: Archiving,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Archiving {
    InForce,
    /// Written into the settings; only a restart of the database lets them count.
    NeedsRestart {
        settings: Vec<String>,
    },
    Failed {
        failure: Failure,
    },
}

/// Where a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub phase: Phase,
    /// Hundredths of a percent of the phase, where they are known.
    pub done_bp: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    #[default]
    Preparing,
    Copying,
    Restoring,
    Recovering,
    Checking,
    CleaningUp,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub cause: Cause,
    /// What the engine or the database said, in its own words; may be empty.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cause {
    RepositoryUnreachable,
    DiskFull,
    /// Another backup or expiry of the same database is at work.
    LockHeld,
    ArchiveTimeout,
    /// A file does not have the checksum it was written with, or a structure contradicts itself.
    Damaged,
    MissingFile,
    /// Somebody told the engine to stop.
    Stopped,
    DatabaseAway,
    /// A differential was asked for and there is no full copy that it could stand on.
    NoFull,
    /// The recovery ended before it was where it should go, or the server died.
    NotRecovered,
    /// Asked to end.
    Cancelled,
    /// Longer than anything of its kind may take.
    TimedOut {
        seconds: u64,
    },
    /// Its process was killed, or ended without a word.
    BrokenOff,
    /// Not possible as the agent is set up.
    Setup,
    /// The engine's own code; `None`: it never ran.
    Other {
        code: Option<i32>,
    },
}

impl Failure {
    pub fn new(cause: Cause, words: impl Into<String>) -> Self {
        Self { cause, words: words.into() }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.words.as_str()) {
            (Cause::Setup | Cause::Other { code: None }, words) if !words.is_empty() => {
                f.write_str(words)
            }
            (cause, "") => write!(f, "{cause}"),
            (cause, words) => write!(f, "{cause}: {words}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RepositoryUnreachable => "the repository cannot be reached",
            Self::DiskFull => "the disk is full",
            Self::LockHeld => "another backup or expiry of this database is at work",
            Self::ArchiveTimeout => "the write-ahead log did not arrive in the repository in time",
            Self::Damaged => "something is damaged",
            Self::MissingFile => "a file is missing",
            Self::Stopped => "the engine was told to stop",
            Self::DatabaseAway => "the database does not answer",
            Self::NoFull => "there is no full copy here that a differential could stand on",
            Self::NotRecovered => "the restored database did not come up",
            Self::Cancelled => "it was cancelled",
            Self::TimedOut { seconds } => {
                return write!(f, "it was ended because it took more than {seconds} s");
            }
            Self::BrokenOff => "its process ended before it was done",
            Self::Setup => "the agent is not set up for it",
            Self::Other { code: Some(code) } => {
                return write!(f, "the engine ended with code {code}");
            }
            Self::Other { code: None } => "the engine did not run",
        })
    }
}
