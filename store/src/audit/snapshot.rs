//! The whole log as it is at one moment, page by page: for verification and export.

use mainstay_core::audit::merkle::Hash;
use mainstay_core::audit::record::Record;
use sqlx::{PgConnection, Postgres, Transaction};

use super::{Checkpoint, Row, hash, newest};
use crate::lease::{natural, signed};
use crate::{Result, Store};

/// Rows of one page.
const PAGE: i64 = 1_000;

/// A read-only view in one transaction: what is written meanwhile is not in it.
#[derive(Debug)]
pub struct Snapshot(Transaction<'static, Postgres>);

impl Snapshot {
    pub async fn open(store: &Store) -> Result<Self> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Self(store.reads().begin_with(begin).await?))
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Placed entries from position `from` on, in order; empty at the end.
    pub async fn placed(&mut self, from: u64) -> Result<Vec<Record>> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
             FROM audit_entry WHERE seq >= $1 ORDER BY seq LIMIT $2",
            signed(from)?,
            PAGE
        )
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(Row::record).collect()
    }

    /// Entries without a position with an id above `after`, in order; empty at the end.
    pub async fn unplaced(&mut self, after: i64) -> Result<Vec<Record>> {
        let rows = sqlx::query_as!(
            Row,
            "SELECT id, at, actor_kind, actor_name, action, object, outcome, body, leaf, seq
             FROM audit_entry WHERE seq IS NULL AND id > $1 ORDER BY id LIMIT $2",
            after,
            PAGE
        )
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(Row::record).collect()
    }

    /// The tree's leaf hashes with their positions, from `from` on; empty at the end.
    pub async fn leaves(&mut self, from: u64) -> Result<Vec<(u64, Hash)>> {
        let rows = sqlx::query!(
            "SELECT index, hash FROM audit_node WHERE level = 0 AND index >= $1
             ORDER BY index LIMIT $2",
            signed(from)?,
            PAGE
        )
        .fetch_all(self.connection())
        .await?;
        rows.into_iter().map(|row| Ok((natural(row.index)?, hash(&row.hash)?))).collect()
    }

    /// Checkpoints of more than `above` entries, by size; empty at the end.
    pub async fn checkpoints(&mut self, above: u64) -> Result<Vec<Checkpoint>> {
        let rows = sqlx::query!(
            "SELECT size, at, note, verifier FROM audit_checkpoint WHERE size > $1
             ORDER BY size LIMIT $2",
            signed(above)?,
            PAGE
        )
        .fetch_all(self.connection())
        .await?;
        rows.into_iter()
            .map(|row| {
                let size = natural(row.size)?;
                Ok(Checkpoint { size, at: row.at, note: row.note, verifier: row.verifier })
            })
            .collect()
    }

    /// The newest checkpoint.
    pub async fn newest(&mut self) -> Result<Option<Checkpoint>> {
        newest(self.connection()).await
    }
}
