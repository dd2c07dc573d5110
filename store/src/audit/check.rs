//! How far the leader has read the log to verify it.

use mainstay_core::audit::check::{Broken, Check, Done};
use mainstay_core::audit::merkle::Frontier;
use sqlx::types::Json;

use super::hash;
use crate::lease::{natural, signed};
use crate::{Result, Store, StoreError, Tx};

/// As it was written last; `None`: the log was never read.
pub async fn read(store: &Store) -> Result<Option<Check>> {
    let row = sqlx::query!(
        r#"SELECT began, size, hashes, done_at, done_size, done_root,
               broken AS "broken: Json<Broken>"
           FROM audit_check"#
    )
    .fetch_optional(store.reads())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let hashes = row.hashes.iter().map(|bytes| hash(bytes)).collect::<Result<_>>()?;
    let read = Frontier::from_parts(natural(row.size)?, hashes)
        .ok_or_else(|| StoreError::corrupt("the check of the audit log", "its size is wrong"))?;
    let done = match (row.done_at, row.done_size, row.done_root) {
        (Some(at), Some(size), Some(root)) => {
            Some(Done { at, size: natural(size)?, root: hash(&root)? })
        }
        (_, _, _) => None,
    };
    Ok(Some(Check { began: row.began, read, done, broken: row.broken.map(|it| it.0) }))
}

/// Writes how far it is read now.
pub async fn write(tx: &mut Tx<'_>, check: &Check) -> Result<()> {
    let hashes: Vec<Vec<u8>> = check.read.hashes().iter().map(|hash| hash.0.to_vec()).collect();
    let done = check.done.as_ref();
    sqlx::query!(
        "INSERT INTO audit_check (began, size, hashes, done_at, done_size, done_root, broken)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (only_row) DO UPDATE SET began = excluded.began, size = excluded.size,
             hashes = excluded.hashes, done_at = excluded.done_at,
             done_size = excluded.done_size, done_root = excluded.done_root,
             broken = excluded.broken",
        check.began,
        signed(check.read.size())?,
        &hashes,
        done.map(|done| done.at),
        done.map(|done| signed(done.size)).transpose()?,
        done.map(|done| done.root.0.to_vec()),
        check.broken.as_ref().map(Json) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
