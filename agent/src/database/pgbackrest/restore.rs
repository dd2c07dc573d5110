//! Bringing the files of a copy back.
//!
//! Which repositories are asked for the log is decided here: for the end of a copy only its own,
//! so that a proof does not lean on others; else all that answer, so that none that is away holds
//! the recovery up. The restored server reads it from a file that stays while it recovers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Failure, Phase, Target};
use mainstay_core::id::DatacenterId;
use tokio_util::sync::CancellationToken;

use super::files::Conf;
use super::info::State;
use super::{Base, PgBackRest, failure};
use crate::database::run::{Call, Group, call_with};
use crate::database::{Destination, Reporter, RestoreOrder};

/// Longest time for bringing the files of one copy.
const RESTORE_DEADLINE: Duration = Duration::from_secs(24 * 3_600);
/// Room beside the files of a copy, for the log that is replayed.
const SPARE_BYTES: u64 = 256 << 20;

impl PgBackRest {
    /// A test must not fill the disk on which the database itself lives.
    pub(super) async fn can_bring(
        &self,
        base: &Base,
        order: &RestoreOrder<'_>,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let held = self.held(base, order.datacenter, stop).await?;
        let Some(copy) = held.copies.iter().find(|copy| &copy.label == order.label) else {
            let words = format!("there is no copy {} in {}", order.label, order.datacenter);
            return Err(Failure::new(Cause::MissingFile, words));
        };
        let place = match order.into {
            Destination::Scratch(scratch) => scratch.dir(),
            // The directory itself may be gone.
            Destination::DataDir => {
                base.database.hosted()?.data_dir.parent().unwrap_or(Path::new("/"))
            }
        };
        let disk = rustix::fs::statvfs(place).map_err(|error| {
            Failure::new(Cause::Setup, format!("{} cannot be used: {error}", place.display()))
        })?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let wanted = copy.database_bytes.saturating_add(SPARE_BYTES);
        if free >= wanted {
            return Ok(());
        }
        let words = format!("{} has {free} bytes left, {wanted} are needed", place.display());
        Err(Failure::new(Cause::DiskFull, words))
    }

    pub(super) async fn bring(
        &self,
        base: &Base,
        order: &RestoreOrder<'_>,
        report: &Reporter,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        report.phase(Phase::Restoring);
        self.can_bring(base, order, stop).await?;
        let wanted = match order.target {
            Target::EndOfCopy => BTreeSet::from([order.datacenter.clone()]),
            Target::Moment { .. } | Target::Latest => self.answering(base, stop).await,
        };
        let conf = self.write_conf(base, order, &wanted)?;
        let mut arguments = base.arguments(&conf);
        arguments.push("restore".to_owned());
        arguments.extend(self.arguments(base, order)?);
        let (environment, group) = match order.into {
            Destination::Scratch(scratch) => (vec![scratch.place().mark()], scratch.place().group),
            Destination::DataDir => (Vec::new(), Group::Own),
        };
        let call = Call {
            program: Path::new(&self.settings.pgbackrest.program),
            arguments,
            environment,
            account: base.account,
            group,
            deadline: RESTORE_DEADLINE,
        };
        let mut line = |line: &str| {
            if let Some(done_bp) = progress(line) {
                report.done_bp(Some(done_bp));
            }
        };
        let said = call_with(&call, stop, &mut line).await?;
        match said.code {
            Some(0) => Ok(()),
            Some(_) | None => Err(failure::of(&said)),
        }
    }

    /// Data centres whose repository can be read.
    async fn answering(&self, base: &Base, stop: &CancellationToken) -> BTreeSet<DatacenterId> {
        let mut answering = BTreeSet::new();
        for repository in &self.settings.repositories {
            let datacenter = &repository.datacenter;
            if let Ok(State::Holds { .. }) = self.state(base, datacenter, stop).await {
                answering.insert(datacenter.clone());
            }
        }
        answering
    }

    fn write_conf(
        &self,
        base: &Base,
        order: &RestoreOrder<'_>,
        wanted: &BTreeSet<DatacenterId>,
    ) -> Result<PathBuf, Failure> {
        let conf = Conf::new(&self.settings, &self.numbers, &base.layout);
        let (path, own) = match order.into {
            Destination::Scratch(scratch) => (
                scratch.dir().join("pgbackrest.conf"),
                // Nothing of the database itself is waited for or held up.
                Some(scratch.dir().join("lock").display().to_string()),
            ),
            Destination::DataDir => (base.layout.dir.join("restore.conf"), None),
        };
        let own: Vec<_> = own.iter().map(|lock| ("lock-path", lock.as_str())).collect();
        let text = conf.write(&base.database, |datacenter| wanted.contains(datacenter), &own);
        base.account.replace(&path, &text).map_err(|error| {
            Failure::new(Cause::Setup, format!("{} cannot be written: {error}", path.display()))
        })?;
        Ok(path)
    }

    fn arguments(&self, base: &Base, order: &RestoreOrder<'_>) -> Result<Vec<String>, Failure> {
        let mut arguments = vec![
            format!("--set={}", order.label),
            "--log-level-console=detail".to_owned(),
            "--log-level-stderr=error".to_owned(),
        ];
        let data = match order.into {
            Destination::Scratch(scratch) => {
                arguments.push("--archive-mode=off".to_owned());
                let tablespaces = scratch.dir().join("tablespaces");
                arguments.push(format!("--tablespace-map-all={}", tablespaces.display()));
                scratch.place().data()
            }
            Destination::DataDir => base.database.hosted()?.data_dir.clone(),
        };
        arguments.push(format!("--pg1-path={}", data.display()));
        arguments.extend(match order.target {
            Target::EndOfCopy => vec!["--type=immediate".to_owned()],
            Target::Moment { at } => vec![
                "--type=time".to_owned(),
                format!("--target={}", at.format("%Y-%m-%d %H:%M:%S%.6f+00")),
            ],
            Target::Latest => vec!["--type=default".to_owned()],
        });
        match order.target {
            Target::EndOfCopy | Target::Moment { .. } => {
                arguments.push("--target-action=promote".to_owned());
            }
            Target::Latest => {}
        }
        Ok(arguments)
    }
}

/// Hundredths of a percent in `restore file /data/base/1/2838 (512KB, 48.96%) checksum …`.
fn progress(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("restore file ")?;
    let (before, _) = after.rsplit_once("%)")?;
    let (_, percent) = before.rsplit_once(' ')?;
    let (whole, hundredths) = percent.split_once('.')?;
    let hundredths: u16 = hundredths.get(..2)?.parse().ok()?;
    whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(hundredths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_the_lines() {
        let line = "P01 DETAIL: restore file /data/base/5/2838 (512KB, 48.96%) checksum 0728cc5";
        assert_eq!(progress(line), Some(4896));
        assert_eq!(progress("P01 DETAIL: restore file /data/x (0B, 100.00%)"), Some(10_000));
        assert_eq!(progress("P00   INFO: restore backup set 20261129-224202F"), None);
    }
}
