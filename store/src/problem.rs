//! Problems with their beginning, end and owner.

use chrono::{DateTime, Utc};
use mainstay_core::problem::{FLAP_WINDOW, Problem, Record, Snooze};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::StoreError;

/// Most problems read at once.
pub const PAGE: i64 = 200;

/// Ended problems that [`recent`] gives.
pub const RECENT: i64 = 20;

/// Every open problem, oldest first.
pub async fn open(pool: &PgPool) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before
           FROM problem WHERE closed_at IS NULL ORDER BY opened_at, id"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Every open problem and the [`RECENT`] that ended last, oldest first.
pub async fn recent(pool: &PgPool) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id!", problem AS "problem!: Json<Problem>", opened_at AS "opened_at!",
               closed_at, owner, snoozed_until, snoozed_by, before AS "before!"
           FROM (SELECT * FROM problem WHERE closed_at IS NULL
                 UNION ALL
                 (SELECT * FROM problem WHERE closed_at IS NOT NULL
                  ORDER BY closed_at DESC LIMIT $1)) AS both_kinds
           ORDER BY opened_at, id"#,
        RECENT
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Problems that ended, newest first; `before` is the id of the last one of the page before.
pub async fn closed(pool: &PgPool, before: Option<i64>) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before
           FROM problem WHERE closed_at IS NOT NULL AND ($1::bigint IS NULL OR id < $1)
           ORDER BY id DESC LIMIT $2"#,
        before,
        PAGE
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Problems that were open at some time from `from` on and before `until`, oldest first, at most
/// [`PAGE`].
pub async fn during(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before
           FROM problem WHERE opened_at < $2 AND (closed_at IS NULL OR closed_at >= $1)
           ORDER BY opened_at, id LIMIT $3"#,
        from,
        until,
        PAGE
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One problem by id.
pub async fn get(pool: &PgPool, id: i64) -> Result<Option<Record>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before
           FROM problem WHERE id = $1"#,
        id
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(Into::into))
}

/// Opens a problem. Returns its record, or `None` when one with this key is open already.
pub async fn insert(
    db: &mut PgConnection,
    problem: &Problem,
    opened_at: DateTime<Utc>,
) -> Result<Option<Record>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO problem (key, problem, opened_at, before)
           SELECT $1::text, $2::jsonb, $3::timestamptz, (
               SELECT count(*)::int FROM problem WHERE key = $1 AND opened_at > $4)
           ON CONFLICT (key) WHERE closed_at IS NULL DO NOTHING
           RETURNING id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before"#,
        problem.key(),
        Json(problem) as _,
        opened_at,
        opened_at - FLAP_WINDOW
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Into::into))
}

/// Takes over new numbers of an open problem.
pub async fn update(db: &mut PgConnection, id: i64, problem: &Problem) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE problem SET problem = $2 WHERE id = $1 AND closed_at IS NULL",
        id,
        Json(problem) as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a problem. Returns whether it was open.
pub async fn close(
    db: &mut PgConnection,
    id: i64,
    closed_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE problem SET closed_at = greatest($2, opened_at)
         WHERE id = $1 AND closed_at IS NULL",
        id,
        closed_at
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an open problem an owner, or none. Returns the owner before, or `None` when the problem
/// is not open.
pub async fn set_owner(
    db: &mut PgConnection,
    id: i64,
    owner: Option<&str>,
) -> Result<Option<Option<String>>, StoreError> {
    let before = sqlx::query_scalar!(
        "UPDATE problem AS new SET owner = $2
         FROM (SELECT id, owner FROM problem WHERE id = $1 AND closed_at IS NULL FOR UPDATE) AS old
         WHERE new.id = old.id
         RETURNING old.owner",
        id,
        owner
    )
    .fetch_optional(db)
    .await?;
    Ok(before)
}

/// Leaves an open problem alone for a while, or with `None` no longer. Returns what stood before,
/// or `None` when the problem is not open.
pub async fn set_snooze(
    db: &mut PgConnection,
    id: i64,
    snooze: Option<&Snooze>,
) -> Result<Option<Option<Snooze>>, StoreError> {
    let row = sqlx::query!(
        "UPDATE problem AS new SET snoozed_until = $2, snoozed_by = $3
         FROM (SELECT id, snoozed_until, snoozed_by FROM problem
               WHERE id = $1 AND closed_at IS NULL FOR UPDATE) AS old
         WHERE new.id = old.id
         RETURNING old.snoozed_until, old.snoozed_by",
        id,
        snooze.map(|snooze| snooze.until),
        snooze.map(|snooze| snooze.by.as_str())
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| snoozed(row.snoozed_until, row.snoozed_by)))
}

/// These problems, whatever became of them; those that are no more are not there.
pub async fn these(db: &mut PgConnection, ids: &[i64]) -> Result<Vec<Record>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, problem AS "problem: Json<Problem>", opened_at, closed_at, owner,
               snoozed_until, snoozed_by, before
           FROM problem WHERE id = ANY($1) ORDER BY id"#,
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

fn snoozed(until: Option<DateTime<Utc>>, by: Option<String>) -> Option<Snooze> {
    let (until, by) = until.zip(by)?;
    Some(Snooze { until, by })
}

struct Row {
    id: i64,
    problem: Json<Problem>,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    owner: Option<String>,
    snoozed_until: Option<DateTime<Utc>>,
    snoozed_by: Option<String>,
    before: i32,
}

impl From<Row> for Record {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            problem: row.problem.0,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            owner: row.owner,
            snooze: snoozed(row.snoozed_until, row.snoozed_by),
            before: row.before.try_into().unwrap_or(0),
        }
    }
}
