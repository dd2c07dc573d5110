//! Planned events, and what happened to each.
//!
//! Invariant: a row is changed only by a transaction that holds the lock of
//! [`crate::release::lock`], on top of the revision before.

pub mod owned;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::planned::check::{Check, Tick};
use mainstay_core::planned::{Content, EventId, PlannedEvent, State};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, Tx};

/// Most events that are planned or run at a time, and most of one page.
pub const PAGE_MAX: i64 = 200;

type Ticks = BTreeMap<Check, Tick>;

/// Writes a new event.
pub async fn insert(
    tx: &mut Tx<'_>,
    content: &Content,
    by: &str,
    now: DateTime<Utc>,
) -> Result<PlannedEvent> {
    let state = State::Planned;
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO planned_event (content, begins, ends, state, status, ticks, planned_by,
               planned_at, revision, changed_at)
           VALUES ($1, $2, $3, $4, $5, '{}', $6, $7, 1, $7)
           RETURNING id, content AS "content: Json<Content>", state AS "state: Json<State>",
               ticks AS "ticks: Json<Ticks>", planned_by, planned_at, revision, changed_at"#,
        Json(content) as _,
        content.from,
        content.until,
        Json(&state) as _,
        state.name(),
        by,
        now
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.into())
}

/// Writes an event on top of the revision before. `false`: it is not at that revision, and nothing
/// was written.
pub async fn update(tx: &mut Tx<'_>, event: &PlannedEvent) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE planned_event SET content = $2, begins = $3, ends = $4, state = $5, status = $6,
             ticks = $7, revision = $8, changed_at = $9
         WHERE id = $1 AND revision + 1 = $8",
        event.id.0,
        Json(&event.content) as _,
        event.content.from,
        event.content.until,
        Json(&event.state) as _,
        event.state.name(),
        Json(&event.ticks) as _,
        event.revision,
        event.changed_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One event.
pub async fn get(db: &mut PgConnection, id: EventId) -> Result<Option<PlannedEvent>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, content AS "content: Json<Content>", state AS "state: Json<State>",
               ticks AS "ticks: Json<Ticks>", planned_by, planned_at, revision, changed_at
           FROM planned_event WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(PlannedEvent::from))
}

/// Every event that is planned or runs, in the order of their time, at most [`PAGE_MAX`].
pub async fn open(db: &mut PgConnection) -> Result<Vec<PlannedEvent>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, content AS "content: Json<Content>", state AS "state: Json<State>",
               ticks AS "ticks: Json<Ticks>", planned_by, planned_at, revision, changed_at
           FROM planned_event WHERE status IN ('planned', 'running')
           ORDER BY begins, id LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(PlannedEvent::from).collect())
}

/// Events that are over, newest first, at most `limit` (and [`PAGE_MAX`]); `before`: the last one
/// of the page before.
pub async fn over(pool: &PgPool, before: Option<EventId>, limit: i64) -> Result<Vec<PlannedEvent>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, content AS "content: Json<Content>", state AS "state: Json<State>",
               ticks AS "ticks: Json<Ticks>", planned_by, planned_at, revision, changed_at
           FROM planned_event
           WHERE status IN ('done', 'cancelled') AND ($1::bigint IS NULL OR id < $1)
           ORDER BY id DESC LIMIT $2"#,
        before.map(|id| id.0),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(PlannedEvent::from).collect())
}

/// Events of any state that lie in a time, in its order, at most [`PAGE_MAX`].
pub async fn between(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<PlannedEvent>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, content AS "content: Json<Content>", state AS "state: Json<State>",
               ticks AS "ticks: Json<Ticks>", planned_by, planned_at, revision, changed_at
           FROM planned_event WHERE begins < $2 AND ends > $1 ORDER BY begins, id LIMIT $3"#,
        from,
        until,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(PlannedEvent::from).collect())
}

/// One thing that happened to an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub action: Action,
    /// What was written with it.
    pub note: String,
}

/// Writes what happened beside the change.
pub async fn append(tx: &mut Tx<'_>, id: EventId, logged: &Logged) -> Result<()> {
    sqlx::query!(
        "INSERT INTO planned_event_log (event, at, actor, action, note)
         VALUES ($1, $2, $3, $4, $5)",
        id.0,
        logged.at,
        Json(&logged.actor) as _,
        Json(&logged.action) as _,
        logged.note
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What happened to an event, newest first, at most [`PAGE_MAX`].
pub async fn log(pool: &PgPool, id: EventId) -> Result<Vec<Logged>> {
    let rows = sqlx::query!(
        r#"SELECT at, actor AS "actor: Json<Actor>", action AS "action: Json<Action>", note
           FROM planned_event_log WHERE event = $1 ORDER BY id DESC LIMIT $2"#,
        id.0,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    let logged = rows.into_iter().map(|row| Logged {
        at: row.at,
        actor: row.actor.0,
        action: row.action.0,
        note: row.note,
    });
    Ok(logged.collect())
}

struct Row {
    id: i64,
    content: Json<Content>,
    state: Json<State>,
    ticks: Json<Ticks>,
    planned_by: String,
    planned_at: DateTime<Utc>,
    revision: i64,
    changed_at: DateTime<Utc>,
}

impl From<Row> for PlannedEvent {
    fn from(row: Row) -> Self {
        Self {
            id: EventId(row.id),
            content: row.content.0,
            state: row.state.0,
            ticks: row.ticks.0,
            planned_by: row.planned_by,
            planned_at: row.planned_at,
            revision: row.revision,
            changed_at: row.changed_at,
        }
    }
}
