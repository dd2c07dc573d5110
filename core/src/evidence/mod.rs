//! A pack of evidence: what auditors take with them of a period, made from what is stored.
//!
//! Owns what is in it and how it reads ([`html`]). Invariants: equal data make an equal pack, byte
//! for byte, so nothing in it tells when or by whom it was made; what was not measured, and what
//! was left out because there was too much of it, is said.
//!
//! Must not: read. What it is made from comes in [`Input`].

mod build;
pub mod html;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval;
use crate::audit::Entry;
use crate::availability::Total;
use crate::backup::restore::Restore as Restored;
use crate::backup::run::Run as BackupRun;
use crate::backup::work::WorkReport;
use crate::failover::Run;
use crate::fleet::Fleet;
use crate::problem::Record;

pub use build::{ACTIONS, build};

/// The version of the form of a pack.
pub const VERSION: u8 = 1;
/// Most rows of one kind; how many were left out is told.
pub const ROWS_MAX: usize = 1_000;
/// Longest period, in days.
pub const DAYS_MAX: i64 = 400;

/// Files of the archive, in the order in which they are in it.
pub const INDEX: &str = "index.html";
pub const DATA: &str = "evidence.json";
pub const LOG: &str = "audit.jsonl";
pub const SUMS: &str = "SHA256SUMS";

/// Why there is no pack of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("the end is not after the beginning")]
    Order,
    #[error("a pack is of {DAYS_MAX} days at most")]
    Long,
    #[error("the period has not begun yet")]
    Future,
}

/// A period of which a pack can be made: what of it is not over yet is left out.
pub fn period(
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), PeriodError> {
    if until <= from {
        return Err(PeriodError::Order);
    }
    if from >= now {
        return Err(PeriodError::Future);
    }
    let until = until.min(now);
    if until - from > TimeDelta::days(DAYS_MAX) {
        return Err(PeriodError::Long);
    }
    Ok((from, until))
}

/// What a pack is made from: everything that touches the period, as it is stored.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub fleet: &'a Fleet,
    pub fleet_revision: i64,
    /// Positions of the log that the pack has with it, from the first to before the second.
    pub log: Option<(u64, u64)>,
    pub runs: &'a [Run],
    pub backups: &'a [BackupRun],
    /// Test restores that ended, with when that was told.
    pub proofs: &'a [(WorkReport, DateTime<Utc>)],
    pub restores: &'a [Restored],
    pub approvals: &'a [approval::Approval],
    /// Entries about the fleet, policies and access.
    pub entries: &'a [Entry],
    /// Problems that were open at the end.
    pub problems: &'a [Record],
    /// From when on and up to when minutes are decided.
    pub decided: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub totals: &'a [Total],
    /// What could not be read whole: there was more than is read at a time.
    pub cut: &'a [&'static str],
}

/// What is in a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pack {
    pub v: u8,
    pub fleet: String,
    pub fleet_revision: i64,
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
    pub log: Option<Log>,
    pub failovers: Vec<Failover>,
    pub databases: Vec<Database>,
    pub proofs: Vec<Proof>,
    pub restores: Vec<Restore>,
    pub approvals: Vec<Approval>,
    pub waivers: Vec<Waiver>,
    /// The fleet as it was changed, or was tried to.
    pub fleet_changes: Vec<Change>,
    /// Other rules that people changed: runbooks, gates, quarantines, exclusions of outages.
    pub policy_changes: Vec<Change>,
    /// Accounts, roles, tokens and agents.
    pub access_changes: Vec<Change>,
    pub findings: Vec<Finding>,
    /// From when on and up to when availability is known; absent: it is not.
    pub measured_from: Option<DateTime<Utc>>,
    pub measured_until: Option<DateTime<Utc>>,
    pub availability: Vec<Availability>,
    /// What was not measured, is missing, or was left out: sentences.
    pub missing: Vec<String>,
}

/// The part of the audit log that is in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub first: u64,
    /// Before this position.
    pub end: u64,
}

/// A failover, a drill, or a way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failover {
    pub run: String,
    pub drill: bool,
    /// Of the way back: of which run.
    pub back: Option<String>,
    /// Data centres that were left.
    pub lose: String,
    pub mode: String,
    pub emergency: bool,
    pub reason: String,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    pub allowed_by: Option<String>,
    pub state: String,
    pub outcome: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
    pub groups: Vec<Recovery>,
}

/// How a group recovered, beside what is asked of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    pub group: String,
    /// Absent: the group is not in the fleet any more.
    pub rto_asked_seconds: Option<u64>,
    /// From its first step to its last; absent: it did not end.
    pub rto_reached_seconds: Option<u64>,
    pub rto_held: Option<bool>,
    pub rpo_asked_seconds: Option<u64>,
    /// Seconds of writes that were lost at most; absent: not known, or it has no database.
    pub rpo_reached_seconds: Option<u64>,
    /// What its databases' steps told.
    pub writes: Vec<String>,
    /// Steps that were skipped or failed.
    pub not_done: Vec<String>,
}

/// Copies of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub database: String,
    /// Copies that were planned, and what became of them.
    pub planned: u64,
    pub made: u64,
    pub missed: u64,
    pub open: u64,
    /// Copies that a person asked for, and that were made.
    pub asked: u64,
    pub tries_failed: u64,
    pub proofs_passed: u64,
    pub proofs_failed: u64,
    /// Of test restores that passed in the period, the first and the last.
    pub first_proof: Option<DateTime<Utc>>,
    pub last_proof: Option<DateTime<Utc>>,
}

/// A test restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub database: String,
    pub datacenter: String,
    pub copy: String,
    pub target: String,
    pub told_at: DateTime<Utc>,
    /// `passed`, `failed`, or `not made`.
    pub outcome: String,
    pub seconds: Option<u64>,
    pub why: Option<String>,
}

/// A restore over a live database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    pub restore: String,
    pub database: String,
    pub copy: String,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    /// Without the test restore that it needs.
    pub unproven: bool,
    pub state: String,
    pub second: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// What waited for a second person, or was looked at afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub approval: String,
    /// `permission`, or `review` of what was done in an emergency.
    pub kind: String,
    pub subject: String,
    pub about: String,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    pub state: String,
    pub answered_by: Option<String>,
    pub answered_at: Option<DateTime<Utc>>,
    pub why: Option<String>,
}

/// A check that an event went without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    pub approval: String,
    pub event: String,
    pub check: String,
    pub until: DateTime<Utc>,
    pub by: String,
    pub reason: String,
    pub state: String,
    pub answered_by: Option<String>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its position; absent: not signed yet.
    pub entry: Option<u64>,
    pub at: DateTime<Utc>,
    pub by: String,
    pub action: String,
    pub object: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// A problem that was open at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub problem: String,
    pub kind: String,
    pub about: String,
    pub status: String,
    pub opened_at: DateTime<Utc>,
    pub owner: Option<String>,
    pub detail: Value,
}

/// How available a service was for the users of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Availability {
    pub service: String,
    pub region: String,
    pub group: String,
    pub target_percent: f64,
    /// Absent: nothing was measured.
    pub gross_percent: Option<f64>,
    pub net_percent: Option<f64>,
    pub measured_minutes: u64,
    pub down_minutes: u64,
    pub planned_minutes: u64,
    pub excluded_minutes: u64,
    pub unmeasured_minutes: u64,
    pub requests: u64,
    pub errors: u64,
}

impl Pack {
    /// The pack as JSON, as it is in the archive.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("a pack has only string keys");
        json + "\n"
    }

    /// How many rows of each kind, by the kind's name.
    pub fn counts(&self) -> [(&'static str, usize); 11] {
        [
            ("failovers", self.failovers.len()),
            ("databases", self.databases.len()),
            ("proofs", self.proofs.len()),
            ("restores", self.restores.len()),
            ("approvals", self.approvals.len()),
            ("waivers", self.waivers.len()),
            ("fleet_changes", self.fleet_changes.len()),
            ("policy_changes", self.policy_changes.len()),
            ("access_changes", self.access_changes.len()),
            ("findings", self.findings.len()),
            ("availability", self.availability.len()),
        ]
    }
}

#[cfg(test)]
mod tests;
