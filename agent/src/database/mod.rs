//! Databases of this machine: copies of them, proofs of copies, and the way back.
//!
//! Owns what an agent does about backups. An [`Engine`] makes copies, lists them, checks, removes
//! and restores them; [`proof`] starts what an engine restored and looks into it; [`live`] puts a
//! copy in the place of the database. Invariants: a job is bounded in time and can be cancelled;
//! what was made is read from the repository, never taken from the request; a failing repository
//! hides no other; a restored database listens on a socket that only its account can reach, sends
//! nothing to the log's archive, and goes with the job, or at an end that is known before
//! ([`keep`]); a backup survives its agent and is found again.
//!
//! Must not: decide when copies are made, where, or how long they stay.

pub mod account;
pub mod config;
pub mod keep;
pub mod live;
pub mod patroni;
pub mod pgbackrest;
pub mod proof;
mod run;
pub mod scratch;
mod server;
mod sql;

use std::collections::BTreeMap;
use std::path::Path;

use futures::future::BoxFuture;
use mainstay_core::backup::job::{
    BackupDone, BackupJob, Damage, Failure, Phase, Prepared, Progress, Target, WalSegment,
};
use mainstay_core::backup::work::{Archiver, LogMoment};
use mainstay_core::backup::{Catalogue, Label};
use mainstay_core::id::{DatabaseId, DatacenterId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use account::Account;
use config::Database;
use keep::Keeper;
use scratch::Scratch;

/// Makes and keeps copies of databases.
///
/// Every method ends early with [`Cause::Cancelled`](mainstay_core::backup::job::Cause) when `stop`
/// says so, and leaves no process behind when its future is dropped, [`backup`](Self::backup)
/// excepted.
pub trait Engine: Send + Sync {
    /// Names of the databases that it is set up for.
    fn databases(&self) -> Vec<DatabaseId>;

    /// The cluster of a database, and who owns it.
    fn base(&self, database: &DatabaseId) -> Result<(&Database, Account), Failure>;

    /// Where a proof may take its place.
    fn scratch_root(&self) -> &Path;

    /// What stays of proofs.
    fn keeper(&self) -> &Keeper;

    /// Makes everything ready for backups that is not yet; the same again changes nothing.
    fn prepare<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prepared, Failure>>;

    /// What each repository holds.
    fn catalogue<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Catalogue, Failure>>;

    /// Makes a copy. A job whose id was given before goes on with that backup: it watches it if it
    /// runs, tells its result if it ended, and resumes it if it broke off. Dropping the future
    /// leaves the backup running; `stop` ends it.
    fn backup<'a>(
        &'a self,
        job: &'a BackupJob,
        report: &'a Reporter,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<BackupDone, Failure>>;

    /// Backups of a former run of the agent that nobody asked about since.
    fn left_over(&self) -> Vec<BackupJob>;

    /// Reads every file of a database in a repository, and tells what is wrong with them. Damage
    /// of a full copy is damage of all that stand on it.
    fn verify<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Damage>, Failure>>;

    /// The segments of the write-ahead log in a repository, in the order of their names.
    fn wal_listing<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<WalSegment>, Failure>>;

    /// Where the log of a database that takes writes is now, and the histories of its timelines.
    fn log_position<'a>(
        &'a self,
        database: &'a DatabaseId,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<LogPosition, Failure>>;

    /// Removes a full copy with all that stand on it. One that is gone already is no error.
    fn expire<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        chain: &'a Label,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Removes the segments of the write-ahead log before `first`, on every timeline; returns how
    /// many. The caller knows what the copies in all repositories need.
    fn expire_wal<'a>(
        &'a self,
        database: &'a DatabaseId,
        datacenter: &'a DatacenterId,
        first: &'a str,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<u64, Failure>>;

    /// Refuses a restore that cannot succeed, with the reason: the copy is not there, or there is
    /// no room for it. Changes nothing.
    fn check_restore<'a>(
        &'a self,
        order: &'a RestoreOrder<'a>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Brings the files of a copy into an empty directory, ready to be started.
    fn restore<'a>(
        &'a self,
        order: &'a RestoreOrder<'a>,
        report: &'a Reporter,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPosition {
    pub moment: LogMoment,
    /// The text of each history file, by its timeline.
    pub histories: BTreeMap<u32, String>,
    /// What it tells of its archiving.
    pub archiver: Option<Archiver>,
}

/// What is restored where.
#[derive(Clone, Copy, Debug)]
pub struct RestoreOrder<'a> {
    pub database: &'a DatabaseId,
    pub datacenter: &'a DatacenterId,
    pub label: &'a Label,
    pub target: Target,
    pub into: Destination<'a>,
}

/// Where a copy is restored to.
#[derive(Clone, Copy, Debug)]
pub enum Destination<'a> {
    /// A place beside the database; the restored one sends its log nowhere.
    Scratch(&'a Scratch),
    /// The data directory of the database, which must be empty; its log goes on.
    DataDir,
}

/// Tells how far a job is.
#[derive(Debug, Default)]
pub struct Reporter(watch::Sender<Progress>);

impl Reporter {
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.subscribe()
    }

    /// The job enters a phase.
    pub(crate) fn phase(&self, phase: Phase) {
        self.0.send_replace(Progress { phase, done_bp: None });
    }

    /// How far the phase is; `None`: not known at the moment, so that what was told stands.
    fn done_bp(&self, done_bp: Option<u16>) {
        self.0.send_if_modified(|progress| {
            let before = progress.done_bp;
            progress.done_bp = done_bp.map(|done| done.min(10_000)).or(before);
            before != progress.done_bp
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_that_is_not_known_for_a_moment_does_not_fall_back() {
        let report = Reporter::default();
        report.phase(Phase::Copying);
        let told = [None, Some(4_200), None, Some(9_900), Some(20_000)].map(|done_bp| {
            report.done_bp(done_bp);
            report.progress().borrow().done_bp
        });
        assert_eq!(told, [None, Some(4_200), Some(4_200), Some(9_900), Some(10_000)]);
        report.phase(Phase::CleaningUp);
        assert_eq!(report.progress().borrow().done_bp, None, "a phase begins anew");
    }
}
