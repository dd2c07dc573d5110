//! Approvals: what waits for a second person, and what became of it.
//!
//! Invariants: about one thing there is one open request of a kind; an answer is written once.

use chrono::{DateTime, Utc};
use mainstay_core::approval::{Approval, ApprovalId, Kind, Reach, State, Subject, Touched, Wish};
use mainstay_core::failover::RunId;
use mainstay_core::id::UserName;
use mainstay_core::planned::EventId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError, Tx};

/// Most approvals of one page, and most that are open at a time and looked at.
pub const PAGE_MAX: i64 = 200;

/// Writes what is asked for. `None`: the same is asked for already.
pub async fn insert(tx: &mut Tx<'_>, wish: &Wish) -> Result<Option<Approval>> {
    let state = State::Waiting;
    let id = sqlx::query_scalar!(
        "INSERT INTO approval (kind, subject, key, hash, reach, by_whom, reason, at, until, state,
             status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (kind, key) WHERE status = 'waiting' DO NOTHING RETURNING id",
        wish.kind.name(),
        Json(&wish.subject) as _,
        wish.subject.key(),
        wish.hash,
        Json(&wish.reach) as _,
        wish.by,
        wish.reason,
        wish.at,
        wish.until,
        Json(&state) as _,
        state.name()
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Wish { kind, subject, hash, reach, by, reason, at, until } = wish.clone();
    Ok(id.map(|id| Approval {
        id: ApprovalId(id),
        kind,
        subject,
        hash,
        reach,
        by,
        reason,
        at,
        until,
        state,
    }))
}

/// Writes what became of one that waits. `false`: it does not wait any more.
pub async fn settle(tx: &mut Tx<'_>, id: ApprovalId, state: &State) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE approval SET state = $2, status = $3 WHERE id = $1 AND status = 'waiting'",
        id.0,
        Json(state) as _,
        state.name()
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One approval.
pub async fn get(pool: &PgPool, id: ApprovalId) -> Result<Option<Approval>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE id = $1"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    row.map(Approval::try_from).transpose()
}

/// One approval, which nobody else answers until the transaction ends.
pub async fn lock(tx: &mut Tx<'_>, id: ApprovalId) -> Result<Option<Approval>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Approval::try_from).transpose()
}

/// The open one about something ([`Subject::key`]), which nobody else answers until the
/// transaction ends.
pub async fn lock_open(tx: &mut Tx<'_>, kind: Kind, key: &str) -> Result<Option<Approval>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE kind = $1 AND key = $2 AND status = 'waiting' FOR UPDATE"#,
        kind.name(),
        key
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Approval::try_from).transpose()
}

/// All that wait, the oldest first, at most [`PAGE_MAX`].
pub async fn open(pool: &PgPool) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE status = 'waiting' ORDER BY id LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// Those that are answered or over, the newest first, at most `limit` (and [`PAGE_MAX`]);
/// `before`: the last one of the page before.
pub async fn over(pool: &PgPool, before: Option<ApprovalId>, limit: i64) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE status <> 'waiting' AND ($1::bigint IS NULL OR id < $1)
           ORDER BY id DESC LIMIT $2"#,
        before.map(|id| id.0),
        limit.min(PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// What was asked for in a time, the newest first, at most `limit`.
pub async fn between(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE at >= $1 AND at < $2 ORDER BY id DESC LIMIT $3"#,
        from,
        until,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// All about one thing ([`Subject::key`]), the newest first, at most [`PAGE_MAX`].
pub async fn about(pool: &PgPool, key: &str) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE key = $1 ORDER BY id DESC LIMIT $2"#,
        key,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// All about a failover, the newest first: its start, and what was asked for since.
pub async fn of_run(pool: &PgPool, run: RunId) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE key = $1 OR key LIKE $1 || '/%' ORDER BY id DESC LIMIT $2"#,
        run.to_string(),
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// All waivers of checks of an event, the newest first, at most [`PAGE_MAX`].
pub async fn waivers(db: &mut PgConnection, event: EventId) -> Result<Vec<Approval>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, kind, subject AS "subject: Json<Subject>", hash,
               reach AS "reach: Json<Reach>", by_whom, reason, at, until,
               state AS "state: Json<State>"
           FROM approval WHERE key LIKE $1 || '%' ORDER BY id DESC LIMIT $2"#,
        Subject::of_event(event),
        PAGE_MAX
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Approval::try_from).collect()
}

/// Who last made the account of a user, or gave it roles or a password.
pub async fn touched(db: &mut PgConnection, name: &UserName) -> Result<Option<Touched>> {
    let row =
        sqlx::query!("SELECT touched_by, touched_at FROM users WHERE name = $1", name.as_str())
            .fetch_optional(db)
            .await?;
    Ok(row.and_then(|row| Some(Touched { by: row.touched_by?, at: row.touched_at? })))
}

/// Notes that somebody else made the account of a user, or gave it roles or a password.
pub async fn touch(db: &mut PgConnection, name: &UserName, touched: &Touched) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET touched_by = $2, touched_at = $3 WHERE name = $1",
        name.as_str(),
        touched.by,
        touched.at
    )
    .execute(db)
    .await?;
    Ok(())
}

struct Row {
    id: i64,
    kind: String,
    subject: Json<Subject>,
    hash: String,
    reach: Json<Reach>,
    by_whom: String,
    reason: String,
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    state: Json<State>,
}

impl TryFrom<Row> for Approval {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let kind = match row.kind.as_str() {
            "permission" => Kind::Permission,
            "review" => Kind::Review,
            other => return Err(StoreError::corrupt("an approval", other)),
        };
        Ok(Self {
            id: ApprovalId(row.id),
            kind,
            subject: row.subject.0,
            hash: row.hash,
            reach: row.reach.0,
            by: row.by_whom,
            reason: row.reason,
            at: row.at,
            until: row.until,
            state: row.state.0,
        })
    }
}
