//! Doing one piece of work.

use std::path::Path;
use std::time::Duration;

use mainstay_core::backup::job::{Cause, Damage, Failure, Phase, Place, Progress, Wrong};
use mainstay_core::backup::work::{Done, ExpireJob, Leftover, VerifyJob, Work};
use mainstay_core::id::DatabaseId;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::database::{Engine, Reporter, live, proof};

/// How often progress is told.
const PROGRESS_PERIOD: Duration = Duration::from_millis(500);
/// Damages that are told of one repository, and of the name of each file, characters: the report
/// must fit into a message. Where more is damaged, more than one place is to be repaired anyway.
const DAMAGES_MAX: usize = 1_000;
const FILE_MAX_CHARS: usize = 300;

/// Does it to its end, and says from time to time how far it is.
pub(super) async fn make(
    engine: &dyn Engine,
    work: &Work,
    tell: impl Fn(Progress),
) -> Result<Done, Failure> {
    let report = Reporter::default();
    let progress = report.progress();
    let made = perform(engine, work, &report);
    tokio::pin!(made);
    let mut period = tokio::time::interval(PROGRESS_PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            made = &mut made => return made,
            _ = period.tick() => tell(*progress.borrow()),
        }
    }
}

async fn perform(engine: &dyn Engine, work: &Work, report: &Reporter) -> Result<Done, Failure> {
    // Nobody cancels work. When the agent ends, the future is dropped: a backup goes on by itself,
    // everything else ends.
    let stop = CancellationToken::new();
    match work {
        Work::Backup(job) => engine.backup(job, report, &stop).await.map(Done::Backup),
        Work::Verify(VerifyJob { database, datacenter, .. }) => {
            report.phase(Phase::Checking);
            let damages = engine.verify(database, datacenter, &stop).await?;
            Ok(Done::Verify { damages: bounded(damages) })
        }
        Work::Expire(ExpireJob { database, datacenter, chain, wal_from, .. }) => {
            report.phase(Phase::CleaningUp);
            engine.expire(database, datacenter, chain, &stop).await?;
            if let Some(first) = wal_from {
                expire_wal(engine, database, first, &stop).await?;
            }
            Ok(Done::Expire)
        }
        Work::Prove(job) => Ok(Done::Prove(proof::prove(engine, job, report, &stop).await)),
        Work::Restore(job) => {
            Ok(Done::Restore(live::restore_over(engine, job, report, &stop).await))
        }
        Work::LetGo(job) => {
            let (database, _) = engine.base(&job.database)?;
            let path = Path::new(&job.path);
            match job.leftover {
                Leftover::SetAside => live::let_go(database, path)?,
                Leftover::Kept => engine.keeper().let_go(&job.database, path).await?,
            }
            Ok(Done::LetGo)
        }
        Work::Stay(job) => {
            let path = Path::new(&job.path);
            engine.keeper().stay(&job.database, path, job.until).await?;
            Ok(Done::Stay)
        }
        Work::Cluster(job) => {
            // Whoever calls this knows the members.
            let words = format!("{}: {} is no member of a cluster", job.task(), job.database());
            Err(Failure::new(Cause::Setup, words))
        }
    }
}

/// Removes the log that no copy needs any more, wherever it is archived. A repository that cannot
/// be read keeps it until the next time.
async fn expire_wal(
    engine: &dyn Engine,
    database: &DatabaseId,
    first: &str,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let readable = engine.catalogue(database, stop).await?;
    let readable = readable.into_iter().filter(|(_, held)| held.is_ok());
    for (datacenter, _) in readable {
        let removed = engine.expire_wal(database, &datacenter, first, stop).await?;
        tracing::info!(%database, %datacenter, first, removed, "the log before is removed");
    }
    Ok(())
}

fn bounded(mut damages: Vec<Damage>) -> Vec<Damage> {
    let more = damages.len().saturating_sub(DAMAGES_MAX);
    damages.truncate(DAMAGES_MAX);
    for damage in &mut damages {
        if let Some((at, _)) = damage.file.char_indices().nth(FILE_MAX_CHARS) {
            damage.file.truncate(at);
        }
    }
    if more > 0 {
        let file = format!("{more} more are not named");
        damages.push(Damage { place: Place::Repository, file, what: Wrong::Other });
    }
    damages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_in_ruins_fits_into_a_message() {
        let damage = Damage {
            place: Place::Wal { segment: "000000010000000000000001".to_owned() },
            file: "ä".repeat(5_000),
            what: Wrong::Missing,
        };
        let told = bounded(vec![damage; 5_000]);
        assert_eq!(told.len(), DAMAGES_MAX + 1);
        assert_eq!(told.last().map(|it| it.file.as_str()), Some("4000 more are not named"));
        let bytes = serde_json::to_vec(&told).unwrap().len();
        assert!(bytes < mainstay_wire::limits::BODY_MAX_BYTES * 3 / 4, "{bytes}");
    }
}
