//! The fleets that were applied; the newest revision is in force.

use chrono::{DateTime, Utc};
use mainstay_core::fleet::Fleet;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// A fleet as it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    pub revision: i64,
    /// The file's own text, comments and all.
    pub source: String,
    pub fleet: Fleet,
    pub applied_at: DateTime<Utc>,
    pub applied_by: String,
    pub reason: Option<String>,
}

/// The revision in force; 0 when none was applied yet.
pub async fn revision(pool: &PgPool) -> Result<i64, StoreError> {
    revision_in(&mut *pool.acquire().await?).await
}

/// The revision in force, inside a transaction.
pub async fn revision_in(db: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT coalesce(max(revision), 0) AS "revision!" FROM fleet"#)
        .fetch_one(db)
        .await?)
}

/// The fleet in force.
pub async fn current(pool: &PgPool) -> Result<Option<Applied>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT revision, source, fleet AS "fleet: Json<Fleet>", applied_at, applied_by, reason
           FROM fleet ORDER BY revision DESC LIMIT 1"#
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Applied {
        revision: row.revision,
        source: row.source,
        fleet: row.fleet.0,
        applied_at: row.applied_at,
        applied_by: row.applied_by,
        reason: row.reason,
    }))
}

/// The fleet that was in force at a moment, with its revision.
pub async fn at(pool: &PgPool, at: DateTime<Utc>) -> Result<Option<(i64, Fleet)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT revision, fleet AS "fleet: Json<Fleet>" FROM fleet
           WHERE applied_at <= $1 ORDER BY revision DESC LIMIT 1"#,
        at
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (row.revision, row.fleet.0)))
}

/// What is needed to apply a fleet.
#[derive(Clone, Copy, Debug)]
pub struct NewFleet<'a> {
    pub source: &'a str,
    pub fleet: &'a Fleet,
    pub applied_at: DateTime<Utc>,
    pub applied_by: &'a str,
    pub reason: Option<&'a str>,
}

/// Puts a fleet in force on top of revision `expected`. Returns the new revision, or `None` when
/// another one is in force by now (nothing was written).
pub async fn apply(
    db: &mut PgConnection,
    expected: i64,
    new: NewFleet<'_>,
) -> Result<Option<i64>, StoreError> {
    // Readers go on; a second writer waits here and then sees the first one's revision.
    sqlx::query!("LOCK TABLE fleet IN SHARE ROW EXCLUSIVE MODE").execute(&mut *db).await?;
    let revision = sqlx::query_scalar!(
        "INSERT INTO fleet (source, fleet, applied_at, applied_by, reason)
         SELECT $2, $3, $4, $5, $6
         WHERE (SELECT coalesce(max(revision), 0) FROM fleet) = $1
         RETURNING revision",
        expected,
        new.source,
        Json(new.fleet) as _,
        new.applied_at,
        new.applied_by,
        new.reason
    )
    .fetch_optional(db)
    .await?;
    Ok(revision)
}
