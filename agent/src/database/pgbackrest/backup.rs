//! Making a copy.
//!
//! The engine's process leads a group of its own and writes into a file, so it goes on when the
//! agent is gone. The next run finds it by its marks and watches it; or finds that it ended and
//! reads its end from the file; or finds that it broke off and starts it again, and the engine goes
//! on with what was copied.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::backup::job::{BackupDone, BackupJob, Cause, Failure, Phase, WithoutFull};
use mainstay_core::backup::{Kind, Label};
use mainstay_core::estate::Cause as End;
use mainstay_core::id::DatacenterId;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::record::{ENV_DIR, ENV_JOB, Record};
use super::{Base, FILES_DEADLINE, PgBackRest, failure, wal};
use crate::database::Reporter;
use crate::database::run::not_run;
use crate::database::sql::Session;
use crate::driver::process::child::{self, Order, Unwatched};

/// Longest time for one backup.
const BACKUP_DEADLINE: Duration = Duration::from_secs(24 * 3_600);
/// How often the engine's progress is read.
const PROGRESS_PERIOD: Duration = Duration::from_millis(500);
/// How often a segment of the log is sent ahead of a backup, how long each may take to arrive, and
/// how often it is looked for.
const SENT_AHEAD_MAX: u32 = 3;
const ARRIVAL_DEADLINE: Duration = Duration::from_secs(20);
const ARRIVAL_POLL: Duration = Duration::from_millis(200);

const COMPLETED: &str = "backup command end: completed successfully";
const ABORTED: &str = "backup command end: aborted with exception [";
const LABEL: &str = "new backup label = ";
const RESUMED: &str = "resumable backup ";

impl PgBackRest {
    pub(super) async fn make(
        &self,
        base: &Base,
        job: &BackupJob,
        report: &Reporter,
        stop: &CancellationToken,
    ) -> Result<BackupDone, Failure> {
        let unusable = |error: io::Error| unusable(base, &error);
        let before = base.record().filter(|record| record.job.id == job.id);
        if let Some(Record { outcome: Some(outcome), .. }) = before {
            return outcome;
        }
        let outcome = match (base.running().map_err(unusable)?, before) {
            (Some((id, _)), _) if id != job.id => {
                return Err(Failure::new(Cause::LockHeld, format!("backup {id} is at work")));
            }
            (Some((_, process)), _) => match child::adopt(process) {
                Some(process) => self.watch(base, job, process, report, stop).await,
                None => self.conclude(base, job, None, stop).await,
            },
            (None, Some(_)) if end(&base.backup_text()).is_some() => {
                self.conclude(base, job, None, stop).await
            }
            (None, _) => match self.start(base, job, report, stop).await {
                Ok(process) => self.watch(base, job, process, report, stop).await,
                Err(failure) => Err(failure),
            },
        };
        base.end_leftovers().await.map_err(unusable)?;
        let record = Record { job: job.clone(), outcome: Some(outcome.clone()) };
        base.keep(&record).map_err(unusable)?;
        self.write_archive(base, None).map_err(unusable)?;
        outcome
    }

    async fn start(
        &self,
        base: &Base,
        job: &BackupJob,
        report: &Reporter,
        stop: &CancellationToken,
    ) -> Result<Unwatched, Failure> {
        report.phase(Phase::Preparing);
        let unusable = |error: io::Error| unusable(base, &error);
        base.end_leftovers().await.map_err(unusable)?;
        let held = self.held(base, &job.datacenter, stop).await?;
        let parent = job.parent.as_ref().filter(|_| job.kind == Kind::Differential);
        let parent = parent.filter(|it| held.copies.iter().all(|copy| copy.label != it.label));
        let along = match parent {
            Some(parent) => self.bring_along(base, parent, &job.datacenter, stop).await?,
            None => false,
        };
        let full = along || held.copies.iter().any(|copy| copy.kind == Kind::Full);
        if job.kind == Kind::Differential && job.without_full == WithoutFull::Refuse && !full {
            return Err(Failure::new(Cause::NoFull, ""));
        }
        let log = base.backup_log();
        // The end of another backup must not be taken for the end of this one.
        remove(&log).map_err(unusable)?;
        base.keep(&Record { job: job.clone(), outcome: None }).map_err(unusable)?;
        self.write_archive(base, Some(&job.datacenter)).map_err(unusable)?;
        self.send_ahead(base, &job.datacenter, stop).await?;
        let mut arguments = base.arguments(&self.conf_of(base, &job.datacenter)?);
        let kind = match job.kind {
            Kind::Full => "full",
            Kind::Differential => "diff",
        };
        arguments.push("backup".to_owned());
        arguments.push(format!("--type={kind}"));
        // With the log that it needs inside, a copy can be restored from its repository alone.
        let more = ["--archive-copy", "--log-level-console=info", "--log-level-stderr=off"];
        arguments.extend(more.map(str::to_owned));
        let program = &self.settings.pgbackrest.program;
        let order = Order {
            program,
            arguments: &arguments,
            environment: &[
                (ENV_DIR, base.layout.dir.display().to_string()),
                (ENV_JOB, job.id.clone()),
            ],
            account: base.account.to_become(),
            log: &log,
        };
        child::start(&order).map_err(|error| not_run(Path::new(program), &error))
    }

    /// Ends a segment of the log and waits until it is in the repository.
    ///
    /// A backup waits for the segment before its first one. Where that was sent before the
    /// repository was among those that get the log, it would wait in vain; and so it would where
    /// the log does not flow at all, which shows here, sooner.
    async fn send_ahead(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let session = base.session()?;
        let mut first: Option<String> = None;
        // Without a record in it, a segment does not end. Each in a transaction of its own.
        // tidy: allow sql: asked of the protected database, of which the store knows nothing
        let write = "SELECT pg_logical_emit_message(false, 'mainstay', 'backup')";
        // tidy: allow sql: asked of the protected database, of which the store knows nothing
        let switch = "SELECT pg_walfile_name(pg_switch_wal())";
        let mut segment = String::new();
        // Again, because the first may go with what was read of the settings before.
        for _ in 0..SENT_AHEAD_MAX {
            session.ask(write, stop).await?;
            segment = session.ask(switch, stop).await?;
            let sent = (first.get_or_insert_with(|| segment.clone()).clone(), segment.clone());
            let deadline = Instant::now() + ARRIVAL_DEADLINE;
            while Instant::now() < deadline {
                let held = self.held(base, datacenter, stop).await?;
                if held.newest_wal.is_some_and(|newest| newest >= segment) {
                    return Ok(());
                }
                self.check_sending(base, datacenter, (&session, &sent), stop).await?;
                tokio::select! {
                    () = tokio::time::sleep(ARRIVAL_POLL) => {}
                    () = stop.cancelled() => return Err(Failure::new(Cause::Cancelled, "")),
                }
            }
        }
        let words = format!("segment {segment} did not arrive: see the log of the database");
        Err(Failure::new(Cause::ArchiveTimeout, words))
    }

    /// Finds out why the database cannot send its log, where the target is to blame: its archiver
    /// tells that a segment failed, and not why. So the same is sent to the target alone.
    /// `sent`: the first segment that was sent ahead, and the last.
    async fn check_sending(
        &self,
        base: &Base,
        datacenter: &DatacenterId,
        (session, sent): (&Session<'_>, &(String, String)),
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        // tidy: allow sql: asked of the protected database, of which the store knows nothing
        let asked = "SELECT coalesce(last_failed_wal, '') FROM pg_stat_archiver";
        let failed = session.ask(asked, stop).await?;
        if !wal::is_segment(&failed) || failed < sent.0 || failed > sent.1 {
            return Ok(());
        }
        let path = base.database.hosted()?.data_dir.join("pg_wal").join(&failed);
        let conf = self.conf_of(base, datacenter)?;
        let path = path.display().to_string();
        let arguments = ["archive-push", "--no-archive-async", &path];
        let said = self.command(base, &conf, &arguments, FILES_DEADLINE, stop).await?;
        let told = failure::of(&said);
        match (said.code, told.cause) {
            (Some(code), Cause::DiskFull | Cause::RepositoryUnreachable) if code != 0 => Err(told),
            // It got there, or the reason may pass: then it arrives, or the wait ends.
            (Some(_) | None, _) => Ok(()),
        }
    }

    async fn watch(
        &self,
        base: &Base,
        job: &BackupJob,
        process: Unwatched,
        report: &Reporter,
        stop: &CancellationToken,
    ) -> Result<BackupDone, Failure> {
        report.phase(Phase::Copying);
        let lock = base.layout.lock().join(format!("{}-backup.lock", base.database.stanza));
        let handle = process.handle.clone();
        let ended = process.ended(Arc::from(base.layout.dir.as_path()));
        tokio::pin!(ended);
        let deadline = Instant::now() + BACKUP_DEADLINE;
        let mut period = tokio::time::interval(PROGRESS_PERIOD);
        let cause = loop {
            tokio::select! {
                end = &mut ended => return self.conclude(base, job, Some(end), stop).await,
                _ = period.tick() => report.done_bp(progress(&lock)),
                () = stop.cancelled() => break Cause::Cancelled,
                () = tokio::time::sleep_until(deadline) => {
                    break Cause::TimedOut { seconds: BACKUP_DEADLINE.as_secs() };
                }
            }
        };
        handle.kill();
        ended.await;
        Err(Failure::new(cause, ""))
    }

    /// What came of a backup whose process ended.
    async fn conclude(
        &self,
        base: &Base,
        job: &BackupJob,
        end_of_process: Option<End>,
        stop: &CancellationToken,
    ) -> Result<BackupDone, Failure> {
        let text = base.backup_text();
        let label = match end(&text) {
            Some(Ok(label)) => label,
            Some(Err(code)) => return Err(failure::classify(Some(code), &text)),
            None => {
                let code = match end_of_process {
                    Some(End::Exited { code }) => Some(code),
                    Some(_) | None => failure::first_error(&text).map(|(code, _)| code),
                };
                return Err(match code {
                    Some(code) => failure::classify(Some(code), &text),
                    None => Failure::new(Cause::BrokenOff, ""),
                });
            }
        };
        let held = self.held(base, &job.datacenter, stop).await?;
        match held.copies.into_iter().find(|copy| copy.label == label) {
            Some(copy) => Ok(BackupDone { asked: job.kind, copy, resumed: text.contains(RESUMED) }),
            None => {
                let words = format!("{label} was made and is not in the repository");
                Err(Failure::new(Cause::MissingFile, words))
            }
        }
    }
}

impl Base {
    fn backup_text(&self) -> String {
        let content = std::fs::read(self.backup_log()).unwrap_or_default();
        String::from_utf8_lossy(&content).into_owned()
    }
}

/// The end of a backup as it told it: the label of what it made, or a code; `None`: no end.
fn end(text: &str) -> Option<Result<Label, i32>> {
    if text.contains(COMPLETED) {
        let (_, after) = text.split_once(LABEL)?;
        return Some(Ok(Label(after.split_whitespace().next()?.to_owned())));
    }
    let (_, after) = text.split_once(ABORTED)?;
    Some(Err(after.split(']').next()?.parse().ok()?))
}

/// Hundredths of a percent, from the file that the engine locks.
fn progress(lock: &Path) -> Option<u16> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Lock {
        pct_cplt: Option<u16>,
    }
    serde_json::from_slice::<Lock>(&std::fs::read(lock).ok()?).ok()?.pct_cplt
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn unusable(base: &Base, error: &io::Error) -> Failure {
    let dir = base.layout.dir.display();
    Failure::new(Cause::Setup, format!("{dir} cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_read_from_what_it_wrote() {
        let done = "P00   INFO: new backup label = 20261129-224202F\n\
            P00   INFO: full backup size = 41.4MB, file total = 968\n\
            P00   INFO: backup command end: completed successfully (4923ms)\n\
            P00  ERROR: [041]: the expiry failed\n";
        assert_eq!(end(done), Some(Ok(Label("20261129-224202F".to_owned()))));
        let failed = "P00   INFO: backup command end: aborted with exception [082]\n";
        assert_eq!(end(failed), Some(Err(82)));
        assert_eq!(end("P00   INFO: backup command begin 2.45\n"), None);
    }

    #[test]
    fn progress_is_known_when_files_are_copied() {
        let dir = tempfile::tempdir().unwrap();
        let lock = dir.path().join("main-backup.lock");
        assert_eq!(progress(&lock), None);
        std::fs::write(&lock, r#"{"execId":"1-2","pid":28461}"#).unwrap();
        assert_eq!(progress(&lock), None);
        std::fs::write(&lock, r#"{"execId":"1-2","pctCplt":4285,"pid":28461}"#).unwrap();
        assert_eq!(progress(&lock), Some(4285));
    }
}
