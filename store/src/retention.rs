//! Deleting what is no longer needed, a little at a time.
//!
//! Everything that grows has its time here or in its own module; a sweep deletes in batches, each
//! in its own short transaction, so that it never holds up the work of the day. The audit log is
//! never deleted.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Result, Store};

/// How long a finished command is kept.
pub const COMMANDS_KEPT: TimeDelta = TimeDelta::days(30);
/// Rows deleted at once.
pub const BATCH: i64 = 500;
/// Batches of one sweep; what is left waits for the next one.
pub const BATCHES_MAX: u32 = 200;

/// Deletes finished commands older than [`COMMANDS_KEPT`]; returns how many.
///
/// The newest command of each service in a data centre stays for ever: its token is what an
/// agent's journal is compared with.
pub async fn commands(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    let before = now - COMMANDS_KEPT;
    in_batches(|| async move {
        let deleted = sqlx::query!(
            "DELETE FROM command WHERE id IN (
                 SELECT id FROM command AS old
                 WHERE finished_at < $1 AND EXISTS (
                     SELECT FROM command AS newer
                     WHERE newer.datacenter = old.datacenter AND newer.service = old.service
                       AND (newer.timeline, newer.epoch, newer.seq)
                         > (old.timeline, old.epoch, old.seq))
                 ORDER BY finished_at LIMIT $2)",
            before,
            BATCH
        )
        .execute(store.acts())
        .await?;
        Ok(deleted.rows_affected())
    })
    .await
}

/// Calls `delete`, which deletes up to [`BATCH`] rows and returns how many, until it finds fewer
/// or [`BATCHES_MAX`] is reached; returns the sum.
pub async fn in_batches<F: Future<Output = Result<u64>>>(delete: impl Fn() -> F) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..BATCHES_MAX {
        let deleted = delete().await?;
        sum += deleted;
        if deleted < BATCH as u64 {
            break;
        }
    }
    Ok(sum)
}
