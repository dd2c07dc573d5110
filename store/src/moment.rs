//! Moments of the past: spans in which somebody wrote, and what data centres were like in them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::DatacenterId;
use mainstay_core::moment::{Entry, PERIOD};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError};

/// What was written of a moment, or when something was.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Entries of each data centre, from its last whole one on, in their order.
    Entries(BTreeMap<DatacenterId, Vec<Entry>>),
    /// Nobody wrote then: the last moment before that is known, and the first after.
    Nothing { before: Option<DateTime<Utc>>, after: Option<DateTime<Utc>> },
}

/// Opens a span.
pub async fn open(db: &mut PgConnection, at: DateTime<Utc>) -> Result<i64> {
    let id = sqlx::query_scalar!(
        "INSERT INTO moment_span (since, until) VALUES ($1, $1) RETURNING id",
        at
    );
    Ok(id.fetch_one(db).await?)
}

/// Lets a span reach until a moment. False: it is not there (any more).
pub async fn extend(db: &mut PgConnection, span: i64, at: DateTime<Utc>) -> Result<bool> {
    let done =
        sqlx::query!("UPDATE moment_span SET until = greatest(until, $2) WHERE id = $1", span, at);
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Writes what data centres are like at a moment.
pub async fn write(
    db: &mut PgConnection,
    span: i64,
    at: DateTime<Utc>,
    entries: &[(DatacenterId, Entry)],
) -> Result<()> {
    for (datacenter, entry) in entries {
        sqlx::query!(
            "INSERT INTO moment_entry (span, datacenter, at, whole, body)
             VALUES ($1, $2, $3, $4, $5)",
            span,
            datacenter.as_str(),
            at,
            entry.whole,
            Json(entry) as _
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// What is known of a moment.
pub async fn read(pool: &PgPool, at: DateTime<Utc>) -> Result<Found> {
    // The newest entry may be a period old, and one more where the writer was busy.
    let written = at - TimeDelta::from_std(PERIOD * 2).unwrap_or_default();
    let span = sqlx::query_scalar!(
        "SELECT id FROM moment_span WHERE since <= $1 AND until >= $2 ORDER BY id DESC LIMIT 1",
        at,
        written
    );
    let Some(span) = span.fetch_optional(pool).await? else { return nearest(pool, at).await };
    let rows = sqlx::query!(
        r#"SELECT entry.datacenter, entry.body AS "body: Json<Entry>"
           FROM (SELECT datacenter, max(at) AS at FROM moment_entry
                 WHERE span = $1 AND whole AND at <= $2 GROUP BY datacenter) AS base
           JOIN moment_entry AS entry
             ON entry.span = $1 AND entry.datacenter = base.datacenter
               AND entry.at BETWEEN base.at AND $2
           ORDER BY entry.datacenter, entry.at"#,
        span,
        at
    )
    .fetch_all(pool)
    .await?;
    let mut found: BTreeMap<DatacenterId, Vec<Entry>> = BTreeMap::new();
    for row in rows {
        let id = row.datacenter.parse();
        let id = id.map_err(|error| StoreError::corrupt("a data centre's id", error))?;
        found.entry(id).or_default().push(row.body.0);
    }
    Ok(Found::Entries(found))
}

async fn nearest(pool: &PgPool, at: DateTime<Utc>) -> Result<Found> {
    let row = sqlx::query!(
        "SELECT (SELECT max(until) FROM moment_span WHERE until < $1) AS before,
                (SELECT min(since) FROM moment_span WHERE since > $1) AS after",
        at
    );
    let row = row.fetch_one(pool).await?;
    Ok(Found::Nothing { before: row.before, after: row.after })
}

/// Removes what no moment from `before` on needs, at most `limit` entries. Returns how many went.
pub async fn expire(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let entries = sqlx::query!(
        "DELETE FROM moment_entry WHERE ctid = ANY(ARRAY(
             SELECT old.ctid FROM moment_entry AS old
             WHERE old.at < $1 AND (
                 EXISTS (SELECT FROM moment_span AS span
                         WHERE span.id = old.span AND span.until < $1)
                 OR EXISTS (SELECT FROM moment_entry AS newer
                            WHERE newer.span = old.span AND newer.datacenter = old.datacenter
                              AND newer.whole AND newer.at > old.at AND newer.at <= $1))
             LIMIT $2))",
        before,
        limit
    );
    let entries = entries.execute(pool).await?.rows_affected();
    // What is left of a span begins with what is left to play.
    sqlx::query!(
        "DELETE FROM moment_span AS span WHERE until < $1
           AND NOT EXISTS (SELECT FROM moment_entry WHERE moment_entry.span = span.id)",
        before
    )
    .execute(pool)
    .await?;
    sqlx::query!("UPDATE moment_span SET since = $1 WHERE since < $1 AND until >= $1", before)
        .execute(pool)
        .await?;
    Ok(entries)
}
