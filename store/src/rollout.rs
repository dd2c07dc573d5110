//! Rollouts, what happened to each, and the verdicts on them.
//!
//! Invariant: at most one rollout of a service is not over; its row is changed only by a
//! transaction that holds the lock of [`crate::release::lock`].

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::id::ServiceId;
use mainstay_core::planned::EventId;
use mainstay_core::rollout::{Plan, Position, Rollout, RolloutId, State};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most rollouts, events or verdicts of one page.
pub const PAGE_MAX: i64 = 200;

/// Writes a new rollout. `None`: another one of the service is not over.
pub async fn insert(
    tx: &mut Tx<'_>,
    plan: &Plan,
    state: &State,
    routing_revision: u64,
    (by, now): (&str, DateTime<Utc>),
) -> Result<Option<Rollout>> {
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO rollout (service, version, plan, plan_hash, state, kind, revision,
               routing_revision, started_at, started_by, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $8)
           ON CONFLICT (service) WHERE kind <> 'ended' DO NOTHING
           RETURNING id, plan AS "plan: Json<Plan>", state AS "state: Json<State>", revision,
               routing_revision, started_at, started_by, changed_at"#,
        plan.service.as_str(),
        plan.to,
        Json(plan) as _,
        plan.hash(),
        Json(state) as _,
        kind(state),
        signed(routing_revision)?,
        now,
        by
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Rollout::try_from).transpose()
}

/// Writes the state of a rollout on top of the revision before; the plan stays as it is.
/// `false`: it is not at that revision, and nothing was written.
pub async fn update(tx: &mut Tx<'_>, rollout: &Rollout) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE rollout SET state = $2, kind = $3, revision = $4, routing_revision = $5,
             changed_at = $6
         WHERE id = $1 AND revision + 1 = $4",
        rollout.id.0,
        Json(&rollout.state) as _,
        kind(&rollout.state),
        rollout.revision,
        signed(rollout.routing_revision)?,
        rollout.changed_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every rollout that is not over, by service.
pub async fn active(db: &mut PgConnection) -> Result<Vec<Rollout>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", state AS "state: Json<State>", revision,
               routing_revision, started_at, started_by, changed_at
           FROM rollout WHERE kind <> 'ended' ORDER BY service"#
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Rollout::try_from).collect()
}

/// One rollout.
pub async fn get(pool: &PgPool, id: RolloutId) -> Result<Option<Rollout>> {
    get_in(&mut *pool.acquire().await?, id).await
}

/// One rollout, inside a transaction.
pub async fn get_in(db: &mut PgConnection, id: RolloutId) -> Result<Option<Rollout>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", state AS "state: Json<State>", revision,
               routing_revision, started_at, started_by, changed_at
           FROM rollout WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Rollout::try_from).transpose()
}

/// The rollouts of an event, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn of_event(pool: &PgPool, event: EventId, limit: i64) -> Result<Vec<Rollout>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", state AS "state: Json<State>", revision,
               routing_revision, started_at, started_by, changed_at
           FROM rollout WHERE event = $1 ORDER BY id DESC LIMIT $2"#,
        event.0,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Rollout::try_from).collect()
}

/// What a list shows; `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub service: Option<ServiceId>,
    /// Whether it is over.
    pub over: Option<bool>,
    /// Older than this one: the last of the page before.
    pub before: Option<RolloutId>,
}

/// Rollouts, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn list(pool: &PgPool, filter: &Filter, limit: i64) -> Result<Vec<Rollout>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", state AS "state: Json<State>", revision,
               routing_revision, started_at, started_by, changed_at
           FROM rollout
           WHERE ($1::text IS NULL OR service = $1)
             AND ($2::boolean IS NULL OR (kind = 'ended') = $2)
             AND ($3::bigint IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        filter.service.as_ref().map(ServiceId::as_str),
        filter.over,
        filter.before.map(|id| id.0),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Rollout::try_from).collect()
}

/// One thing that happened to a rollout: the state it entered, by whom, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub state: State,
    /// What the decision gave as its reason, or what the person asked for; its shape is the
    /// decider's.
    pub why: Option<Value>,
}

/// Writes an event beside the change that it tells of.
pub async fn append(
    tx: &mut Tx<'_>,
    rollout: &Rollout,
    actor: &Actor,
    why: Option<&Value>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO rollout_event (rollout, at, actor, state, why) VALUES ($1, $2, $3, $4, $5)",
        rollout.id.0,
        rollout.changed_at,
        Json(actor) as _,
        Json(&rollout.state) as _,
        why
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Events of a rollout, newest first, at most `limit` (and [`PAGE_MAX`]); `before`: the id of the
/// last one of the page before.
pub async fn events(
    pool: &PgPool,
    id: RolloutId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Event>> {
    let rows = sqlx::query!(
        r#"SELECT id, at, actor AS "actor: Json<Actor>", state AS "state: Json<State>", why
           FROM rollout_event WHERE rollout = $1 AND ($2::bigint IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3"#,
        id.0,
        before,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    let events = rows.into_iter().map(|row| Event {
        id: row.id,
        at: row.at,
        actor: row.actor.0,
        state: row.state.0,
        why: row.why,
    });
    Ok(events.collect())
}

/// What happened to a rollout last, inside a transaction.
pub async fn last_event(tx: &mut Tx<'_>, id: RolloutId) -> Result<Option<Event>> {
    let row = sqlx::query!(
        r#"SELECT id, at, actor AS "actor: Json<Actor>", state AS "state: Json<State>", why
           FROM rollout_event WHERE rollout = $1 ORDER BY id DESC LIMIT 1"#,
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Event {
        id: row.id,
        at: row.at,
        actor: row.actor.0,
        state: row.state.0,
        why: row.why,
    }))
}

/// A verdict with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub position: Position,
    pub at: DateTime<Utc>,
    /// Its permanent name: `pass`, `fail`, `undecided`, `no-data`, `could-not-measure`.
    pub verdict: String,
    /// As the judge gave it.
    pub judgement: Value,
}

/// Keeps a verdict: of each minute the newest of each kind, hence every change and the last one
/// of each step. Writing the same again changes nothing.
pub async fn keep_verdict(tx: &mut Tx<'_>, id: RolloutId, verdict: &Verdict) -> Result<()> {
    let minute = verdict.at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(verdict.at);
    let Position { wave, step } = verdict.position;
    sqlx::query!(
        "INSERT INTO verdict (rollout, wave, step, minute, verdict, at, judgement)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (rollout, wave, step, minute, verdict)
         DO UPDATE SET at = $6, judgement = $7 WHERE verdict.at <= $6",
        id.0,
        small(wave)?,
        small(step)?,
        minute,
        verdict.verdict,
        verdict.at,
        verdict.judgement
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Verdicts on a rollout, newest first, at most `limit` (and [`PAGE_MAX`]); of one position, or
/// of all.
pub async fn verdicts(
    pool: &PgPool,
    id: RolloutId,
    position: Option<Position>,
    limit: i64,
) -> Result<Vec<Verdict>> {
    let rows = sqlx::query!(
        "SELECT wave, step, at, verdict, judgement FROM verdict
         WHERE rollout = $1 AND ($2::smallint IS NULL OR (wave = $2 AND step = $3))
         ORDER BY at DESC LIMIT $4",
        id.0,
        position.map(|position| small(position.wave)).transpose()?,
        position.map(|position| small(position.step)).transpose()?,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    let verdicts = rows.into_iter().map(|row| {
        let position = Position { wave: large(row.wave)?, step: large(row.step)? };
        let (at, judgement) = (row.at, row.judgement);
        Ok(Verdict { position, at, verdict: row.verdict, judgement })
    });
    verdicts.collect()
}

fn small(number: u16) -> Result<i16> {
    i16::try_from(number).map_err(|error| StoreError::corrupt("a step", error))
}

fn large(number: i16) -> Result<u16> {
    u16::try_from(number).map_err(|error| StoreError::corrupt("a step", error))
}

/// The state's permanent name, as its serialised form has it.
const fn kind(state: &State) -> &'static str {
    match state {
        State::Preparing { .. } => "preparing",
        State::Testing { .. } => "testing",
        State::Shifting { .. } => "shifting",
        State::Watching { .. } => "watching",
        State::Paused { .. } => "paused",
        State::Promoted { .. } => "promoted",
        State::RollingBack { .. } => "rolling-back",
        State::RolledBack { .. } => "rolled-back",
        State::Ended { .. } => "ended",
    }
}

struct Row {
    id: i64,
    plan: Json<Plan>,
    state: Json<State>,
    revision: i64,
    routing_revision: i64,
    started_at: DateTime<Utc>,
    started_by: String,
    changed_at: DateTime<Utc>,
}

impl TryFrom<Row> for Rollout {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: RolloutId(row.id),
            plan: row.plan.0,
            state: row.state.0,
            revision: row.revision,
            routing_revision: natural(row.routing_revision)?,
            started_at: row.started_at,
            started_by: row.started_by,
            changed_at: row.changed_at,
        })
    }
}
