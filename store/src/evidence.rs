//! Packs of evidence that were made.

use chrono::{DateTime, Utc};
use mainstay_core::audit::merkle::Hash;
use sqlx::PgPool;

use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most packs of one page.
pub const PAGE_MAX: i64 = 100;

/// A pack as it is remembered: the archive itself is with whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub from: DateTime<Utc>,
    /// Before this moment.
    pub until: DateTime<Utc>,
    pub at: DateTime<Utc>,
    pub by: String,
    /// Of the archive.
    pub sha256: Hash,
    pub bytes: u64,
}

/// One that was made, with its entry in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: i64,
    pub made: Made,
    /// The position of the entry; `None`: it is being placed.
    pub seq: Option<i64>,
}

/// Writes that a pack was made. `entry`: the id of the audit entry that says so.
pub async fn insert(tx: &mut Tx<'_>, made: &Made, entry: i64) -> Result<i64> {
    let id = sqlx::query_scalar!(
        "INSERT INTO evidence_pack (begins, ends, made_at, made_by, sha256, bytes, entry)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        made.from,
        made.until,
        made.at,
        made.by,
        made.sha256.0.as_slice(),
        signed(made.bytes)?,
        entry
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Packs that were made, the newest first, at most [`PAGE_MAX`].
pub async fn list(pool: &PgPool) -> Result<Vec<Known>> {
    let rows = sqlx::query!(
        "SELECT pack.id, begins, ends, made_at, made_by, sha256, bytes, seq
         FROM evidence_pack AS pack JOIN audit_entry ON audit_entry.id = pack.entry
         ORDER BY pack.id DESC LIMIT $1",
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let sha256 = Hash::from_slice(&row.sha256)
                .ok_or_else(|| StoreError::corrupt("a checksum", "it is not 32 bytes"))?;
            let made = Made {
                from: row.begins,
                until: row.ends,
                at: row.made_at,
                by: row.made_by,
                sha256,
                bytes: natural(row.bytes)?,
            };
            Ok(Known { id: row.id, made, seq: row.seq })
        })
        .collect()
}
