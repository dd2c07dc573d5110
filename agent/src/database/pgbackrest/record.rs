//! What is remembered of the newest backup of a database, so that it is found again: its job, and
//! what came of it.
//!
//! Its process is not written down. It carries marks in its environment, so that neither a reused
//! pid nor a crash between starting and writing leads to a second one.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use mainstay_core::backup::job::{BackupDone, BackupJob, Failure};
use mainstay_core::id::DatacenterId;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Base;
use crate::driver::process::{ProcessId, proc};

/// Marks a backup's processes with the folder of its database.
pub(super) const ENV_DIR: &str = "MAINSTAY_BACKUP_DIR";
/// Marks them with the id of its job.
pub(super) const ENV_JOB: &str = "MAINSTAY_BACKUP_JOB";

/// Longest wait for killed processes to be gone, and how often they are looked for.
const LEFTOVERS_DEADLINE: Duration = Duration::from_secs(30);
const LEFTOVERS_POLL: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub job: BackupJob,
    /// `None`: it is under way, or its agent did not live to see the end.
    pub outcome: Option<Result<BackupDone, Failure>>,
}

impl Record {
    pub(super) fn unfinished(self) -> Option<BackupJob> {
        self.outcome.is_none().then_some(self.job)
    }

    /// Where the log must go for its sake.
    pub(super) fn target(self) -> Option<DatacenterId> {
        self.unfinished().map(|job| job.datacenter)
    }
}

impl Base {
    pub(super) fn record(&self) -> Option<Record> {
        let path = self.record_path();
        let content = std::fs::read(&path).ok()?;
        match serde_json::from_slice(&content) {
            Ok(record) => Some(record),
            Err(error) => {
                // Written at once, so this is another version's: the backup's marks still tell.
                tracing::warn!(%error, path = %path.display(), "a record cannot be read");
                None
            }
        }
    }

    pub(super) fn keep(&self, record: &Record) -> io::Result<()> {
        let text = serde_json::to_string(record).map_err(io::Error::other)?;
        self.account.replace(&self.record_path(), &text)
    }

    fn record_path(&self) -> PathBuf {
        self.layout.dir.join("backup.json")
    }

    /// Where the backup's process writes what it does.
    pub(super) fn backup_log(&self) -> PathBuf {
        self.layout.log().join("backup.log")
    }

    /// The backup at work, with the id of its job.
    pub(super) fn running(&self) -> io::Result<Option<(String, ProcessId)>> {
        let leader = self.processes()?.into_iter().find(|(pid, stat)| stat.process_group == *pid);
        Ok(leader.and_then(|(pid, stat)| {
            let environment = proc::Environment::of(pid)?;
            let job = std::str::from_utf8(environment.value(ENV_JOB)?).ok()?.to_owned();
            Some((job, ProcessId { pid, started_ticks: stat.started_ticks }))
        }))
    }

    /// Ends what a backup left whose first process is gone: it would keep the lock. Returns when
    /// all of it is gone.
    pub(super) async fn end_leftovers(&self) -> io::Result<()> {
        let deadline = Instant::now() + LEFTOVERS_DEADLINE;
        loop {
            let left = self.processes()?;
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(io::Error::other("processes of a backup cannot be ended"));
            }
            for pid in left.into_iter().filter_map(|(pid, _)| Pid::from_raw(pid)) {
                let _ = kill_process(pid, Signal::KILL);
            }
            tokio::time::sleep(LEFTOVERS_POLL).await;
        }
    }

    fn processes(&self) -> io::Result<Vec<(i32, proc::Stat)>> {
        let dir = self.layout.dir.as_os_str().as_encoded_bytes();
        proc::all(|pid| {
            let environment = proc::Environment::of(pid);
            environment.is_some_and(|variables| variables.value(ENV_DIR) == Some(dir))
        })
    }
}
