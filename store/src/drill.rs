//! Drills that are planned for a time, and what became of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use mainstay_core::failover::Scope;
use mainstay_core::failover::drill::{Drill, DrillId, State};
use mainstay_core::id::{DatacenterId, RoutineId};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::{Result, Tx};

/// Most of one page.
pub const PAGE_MAX: i64 = 50;
/// Most that are planned at a time.
pub const PLANNED_MAX: i64 = 100;

/// Writes a new one; its `id` is not read. `None`: there are [`PLANNED_MAX`] already, or this
/// window of its routine was planned before.
pub async fn insert(tx: &mut Tx<'_>, drill: &Drill) -> Result<Option<DrillId>> {
    let id = sqlx::query_scalar!(
        "INSERT INTO failover_drill (lose, scope, at, reason, by_whom, asked_at, state, status,
             routine, until)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $10, $11
         WHERE (SELECT count(*) FROM failover_drill WHERE status = 'planned') < $9
         ON CONFLICT (routine, at) WHERE routine IS NOT NULL DO NOTHING
         RETURNING id",
        Json(&drill.lose) as _,
        Json(&drill.scope) as _,
        drill.at,
        drill.reason,
        drill.by,
        drill.asked_at,
        Json(&drill.state) as _,
        drill.state.name(),
        PLANNED_MAX,
        drill.routine.as_ref().map(RoutineId::as_str),
        drill.until
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(DrillId))
}

/// One of them.
pub async fn get(pool: &PgPool, id: DrillId) -> Result<Option<Drill>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, lose AS "lose: Json<BTreeSet<DatacenterId>>", scope AS "scope: Json<Scope>",
               at, reason, by_whom, asked_at, state AS "state: Json<State>", routine, until
           FROM failover_drill WHERE id = $1"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(Drill::from))
}

/// One, which nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx<'_>, id: DrillId) -> Result<Option<Drill>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, lose AS "lose: Json<BTreeSet<DatacenterId>>", scope AS "scope: Json<Scope>",
               at, reason, by_whom, asked_at, state AS "state: Json<State>", routine, until
           FROM failover_drill WHERE id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Drill::from))
}

/// Whether a window of one that repeats was planned, whatever became of it.
pub async fn has_window(pool: &PgPool, routine: &RoutineId, at: DateTime<Utc>) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM failover_drill WHERE routine = $1 AND at = $2) AS "there!""#,
        routine.as_str(),
        at
    );
    Ok(found.fetch_one(pool).await?)
}

/// Writes what became of one that is planned. `false`: it is not planned any more.
pub async fn settle(tx: &mut Tx<'_>, id: DrillId, state: &State) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE failover_drill SET state = $2, status = $3 WHERE id = $1 AND status = 'planned'",
        id.0,
        Json(state) as _,
        state.name()
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those whose time has come, the oldest first.
pub async fn due(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Drill>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, lose AS "lose: Json<BTreeSet<DatacenterId>>", scope AS "scope: Json<Scope>",
               at, reason, by_whom, asked_at, state AS "state: Json<State>", routine, until
           FROM failover_drill WHERE status = 'planned' AND at <= $1 ORDER BY at LIMIT $2"#,
        now,
        PLANNED_MAX
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Drill::from).collect())
}

/// Planned ones, the next first; then those that are over, the newest first: [`PAGE_MAX`] in all.
pub async fn list(pool: &PgPool) -> Result<Vec<Drill>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, lose AS "lose: Json<BTreeSet<DatacenterId>>", scope AS "scope: Json<Scope>",
               at, reason, by_whom, asked_at, state AS "state: Json<State>", routine, until
           FROM failover_drill
           ORDER BY status <> 'planned', CASE WHEN status = 'planned' THEN at END, at DESC, id DESC
           LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Drill::from).collect())
}

struct Row {
    id: i64,
    lose: Json<BTreeSet<DatacenterId>>,
    scope: Json<Scope>,
    at: DateTime<Utc>,
    reason: String,
    by_whom: String,
    asked_at: DateTime<Utc>,
    state: Json<State>,
    routine: Option<String>,
    until: Option<DateTime<Utc>>,
}

impl From<Row> for Drill {
    fn from(row: Row) -> Self {
        Self {
            id: DrillId(row.id),
            lose: row.lose.0,
            scope: row.scope.0,
            at: row.at,
            reason: row.reason,
            by: row.by_whom,
            asked_at: row.asked_at,
            state: row.state.0,
            routine: row.routine.and_then(|id| RoutineId::new(&id).ok()),
            until: row.until,
        }
    }
}
