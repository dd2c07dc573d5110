//! Failovers, what happened to each, and the gates before a start.
//!
//! Invariant: at most one run is not over; a row is changed only by a transaction that holds the
//! lock of [`crate::release::lock`].

use chrono::{DateTime, Utc};
use mainstay_core::audit::Actor;
use mainstay_core::failover::rules::{Gate, Gates, Rule};
use mainstay_core::failover::{Mode, Plan, Run, RunId, Scope, State, StepId, StepState};
use mainstay_core::id::DatacenterId;
use mainstay_core::planned::EventId;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use std::collections::{BTreeMap, BTreeSet};

use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most runs or events of one page.
pub const PAGE_MAX: i64 = 200;
/// Most plans of which it is told when they were tried.
pub const TRIED_MAX: i64 = 1_000;

type Steps = BTreeMap<StepId, StepState>;

/// Writes a new run; its `id` is not read. `None`: another one is not over.
pub async fn insert(tx: &mut Tx<'_>, run: &Run) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"INSERT INTO failover_run (plan, plan_hash, mode, drill, state, kind, steps, reason,
               emergency, started_at, started_by, allowed_by, revision, routing_revision,
               changed_at, closed, overridden)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $10, false, $14)
           ON CONFLICT ((true)) WHERE kind <> 'ended' DO NOTHING
           RETURNING id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>""#,
        Json(&run.plan) as _,
        run.plan.hash(),
        run.mode.name(),
        run.drill,
        Json(&run.state) as _,
        run.state.name(),
        Json(&run.steps) as _,
        run.reason,
        run.emergency,
        run.started_at,
        run.started_by,
        run.allowed_by,
        signed(run.routing_revision)?,
        Json(&run.overridden) as _
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Run::try_from).transpose()
}

/// Writes a run on top of the revision before; the plan stays as it is. `closed`: nothing that it
/// changed stands any more. `false`: it is not at that revision, and nothing was written.
pub async fn update(tx: &mut Tx<'_>, run: &Run, closed: bool) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE failover_run SET mode = $2, state = $3, kind = $4, steps = $5, allowed_by = $6,
             revision = $7, routing_revision = $8, changed_at = $9, closed = $10, emergency = $11,
             overridden = $12
         WHERE id = $1 AND revision + 1 = $7",
        run.id.0,
        run.mode.name(),
        Json(&run.state) as _,
        run.state.name(),
        Json(&run.steps) as _,
        run.allowed_by,
        run.revision,
        signed(run.routing_revision)?,
        run.changed_at,
        closed,
        run.emergency,
        Json(&run.overridden) as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Nothing that a run changed stands any more: another one took it back.
pub async fn close(tx: &mut Tx<'_>, id: RunId) -> Result<()> {
    sqlx::query!("UPDATE failover_run SET closed = true WHERE id = $1", id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Every run that is not over or whose effects stand, the oldest first.
pub async fn open(db: &mut PgConnection) -> Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>"
           FROM failover_run WHERE NOT closed ORDER BY id"#
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// One run.
pub async fn get(pool: &PgPool, id: RunId) -> Result<Option<Run>> {
    get_in(&mut *pool.acquire().await?, id).await
}

/// One run, inside a transaction.
pub async fn get_in(db: &mut PgConnection, id: RunId) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>"
           FROM failover_run WHERE id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Run::try_from).transpose()
}

/// Runs, newest first, at most `limit` (and [`PAGE_MAX`]); `before`: the last one of the page
/// before.
pub async fn list(pool: &PgPool, before: Option<RunId>, limit: i64) -> Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>"
           FROM failover_run WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"#,
        before.map(|id| id.0),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// The failovers and drills of an event, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn of_event(pool: &PgPool, event: EventId, limit: i64) -> Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>"
           FROM failover_run WHERE event = $1 ORDER BY id DESC LIMIT $2"#,
        event.0,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// The last run or drill of this plan's data centres and scope that was carried out to its end.
pub async fn last_done(
    pool: &PgPool,
    lose: &BTreeSet<DatacenterId>,
    scope: &Scope,
) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, plan AS "plan: Json<Plan>", mode, drill, state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", reason, emergency, started_at, started_by,
               allowed_by, revision, routing_revision, changed_at,
               overridden AS "overridden: Json<BTreeSet<Rule>>"
           FROM failover_run
           WHERE kind = 'ended' AND state->'outcome'->>'kind' = 'done'
             AND NOT jsonb_exists(plan, 'back') AND plan->'lose' = $1 AND plan->'scope' = $2
           ORDER BY id DESC LIMIT 1"#,
        Json(lose) as _,
        Json(scope) as _
    )
    .fetch_optional(pool)
    .await?;
    row.map(Run::try_from).transpose()
}

/// When each plan of all groups was last carried out to its end, by the data centres that it was
/// without; the [`TRIED_MAX`] that were tried last.
pub async fn tried(pool: &PgPool) -> Result<BTreeMap<BTreeSet<DatacenterId>, DateTime<Utc>>> {
    let rows = sqlx::query!(
        r#"SELECT plan->'lose' AS "lose!: Json<BTreeSet<DatacenterId>>",
               max(changed_at) AS "at!"
           FROM failover_run
           WHERE kind = 'ended' AND state->'outcome'->>'kind' = 'done'
             AND NOT jsonb_exists(plan, 'back') AND plan->'scope'->>'kind' = 'all'
           GROUP BY plan->'lose' ORDER BY max(changed_at) DESC LIMIT $1"#,
        TRIED_MAX
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.lose.0, row.at)).collect())
}

/// What was carried out to its end, and when last.
#[derive(Clone, Debug, PartialEq)]
pub struct CarriedOut {
    pub lose: BTreeSet<DatacenterId>,
    pub scope: Scope,
    pub at: DateTime<Utc>,
}

/// When each plan was last carried out to its end, whatever it was of; the [`TRIED_MAX`] that were
/// tried last.
pub async fn carried_out(pool: &PgPool) -> Result<Vec<CarriedOut>> {
    let rows = sqlx::query!(
        r#"SELECT plan->'lose' AS "lose!: Json<BTreeSet<DatacenterId>>",
               plan->'scope' AS "scope!: Json<Scope>", max(changed_at) AS "at!"
           FROM failover_run
           WHERE kind = 'ended' AND state->'outcome'->>'kind' = 'done'
             AND NOT jsonb_exists(plan, 'back')
           GROUP BY plan->'lose', plan->'scope' ORDER BY max(changed_at) DESC LIMIT $1"#,
        TRIED_MAX
    )
    .fetch_all(pool)
    .await?;
    let carried =
        |(lose, scope, at): (Json<_>, Json<_>, _)| CarriedOut { lose: lose.0, scope: scope.0, at };
    Ok(rows.into_iter().map(|row| carried((row.lose, row.scope, row.at))).collect())
}

/// One thing that happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub state: State,
    /// Steps that changed with it.
    pub steps: Steps,
    pub why: Option<Value>,
}

/// Writes an event beside the change that it tells of.
pub async fn append(
    tx: &mut Tx<'_>,
    run: &Run,
    steps: &Steps,
    actor: &Actor,
    why: Option<&Value>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO failover_event (run, at, actor, state, steps, why)
         VALUES ($1, $2, $3, $4, $5, $6)",
        run.id.0,
        run.changed_at,
        Json(actor) as _,
        Json(&run.state) as _,
        Json(steps) as _,
        why
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Events of a run, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn events(pool: &PgPool, id: RunId, limit: i64) -> Result<Vec<Event>> {
    let rows = sqlx::query!(
        r#"SELECT id, at, actor AS "actor: Json<Actor>", state AS "state: Json<State>",
               steps AS "steps: Json<Steps>", why
           FROM failover_event WHERE run = $1 ORDER BY id DESC LIMIT $2"#,
        id.0,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    let events = rows.into_iter().map(|row| Event {
        id: row.id,
        at: row.at,
        actor: row.actor.0,
        state: row.state.0,
        steps: row.steps.0,
        why: row.why,
    });
    Ok(events.collect())
}

/// Gates that are closed, and when the last run was over.
pub async fn gates(db: &mut PgConnection) -> Result<Gates> {
    let rows = sqlx::query!("SELECT name, by_whom, reason, since, until FROM failover_gate")
        .fetch_all(&mut *db)
        .await?;
    let mut gates = Gates {
        last_ended: sqlx::query_scalar!(
            "SELECT max(changed_at) FROM failover_run
             WHERE kind = 'ended' AND state->'outcome'->>'kind' <> 'refused'"
        )
        .fetch_one(db)
        .await?,
        ..Gates::default()
    };
    for row in rows {
        let gate = Gate { by: row.by_whom, reason: row.reason, since: row.since, until: row.until };
        match Rule::from_name(&row.name) {
            Some(Rule::Lock) => gates.lock = Some(gate),
            Some(Rule::Freeze) => gates.freeze = Some(gate),
            Some(Rule::ServingLeast | Rule::Capacity | Rule::Wait) | None => {}
        }
    }
    Ok(gates)
}

/// Closes a gate, or changes why it is closed.
pub async fn close_gate(tx: &mut Tx<'_>, rule: Rule, gate: &Gate) -> Result<()> {
    sqlx::query!(
        "INSERT INTO failover_gate (name, by_whom, reason, since, until)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE SET by_whom = $2, reason = $3, since = $4, until = $5",
        rule.name(),
        gate.by,
        gate.reason,
        gate.since,
        gate.until
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Opens a gate. Returns whether it was closed.
pub async fn open_gate(tx: &mut Tx<'_>, rule: Rule) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM failover_gate WHERE name = $1", rule.name())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

struct Row {
    id: i64,
    plan: Json<Plan>,
    mode: String,
    drill: bool,
    state: Json<State>,
    steps: Json<Steps>,
    reason: String,
    emergency: bool,
    started_at: DateTime<Utc>,
    started_by: String,
    allowed_by: Option<String>,
    revision: i64,
    routing_revision: i64,
    changed_at: DateTime<Utc>,
    overridden: Json<BTreeSet<Rule>>,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let mode = match row.mode.as_str() {
            "graceful" => Mode::Graceful,
            "forced" => Mode::Forced,
            other => return Err(StoreError::corrupt("the mode of a failover", other.to_owned())),
        };
        Ok(Self {
            id: RunId(row.id),
            plan: row.plan.0,
            mode,
            drill: row.drill,
            state: row.state.0,
            steps: row.steps.0,
            reason: row.reason,
            overridden: row.overridden.0,
            emergency: row.emergency,
            started_at: row.started_at,
            started_by: row.started_by,
            allowed_by: row.allowed_by,
            revision: row.revision,
            routing_revision: natural(row.routing_revision)?,
            changed_at: row.changed_at,
        })
    }
}
