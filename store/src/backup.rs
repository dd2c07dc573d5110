//! Runs of backups, and the work on databases that agents were given with what came of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::backup::Planned;
use mainstay_core::backup::run::{New, Origin, Run, RunId, State, Try};
use mainstay_core::backup::work::{Work, WorkReport};
use mainstay_core::id::{DatabaseId, DatacenterId};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::estate::parse;
use crate::lease::{natural, signed};
use crate::{Result, StoreError, Tx};

/// Most rows of one answer.
pub const PAGE_MAX: i64 = 1_000;
/// Most runs of one answer: a month of a page's databases, with what people asked for beside.
pub const RUNS_MAX: i64 = 5_000;

/// Work that an agent was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    pub work: Work,
    pub agent: DatacenterId,
    /// Who asked for it and why; `None`: it was due.
    pub asked_by: Option<String>,
    pub reason: Option<String>,
    pub ordered_at: DateTime<Utc>,
    /// The last that the agent told.
    pub report: Option<WorkReport>,
    /// When it was over, by the server's clock.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Writes a new run; `None`: its window has one already.
pub async fn insert_run(tx: &mut Tx<'_>, new: &New, now: DateTime<Utc>) -> Result<Option<RunId>> {
    let tries: Vec<Try> = Vec::new();
    let id = sqlx::query_scalar!(
        "INSERT INTO backup_run (database, window_start, by_plan, origin, planned, tries, state,
             kind, revision, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)
         ON CONFLICT (database, window_start) WHERE by_plan DO NOTHING RETURNING id",
        new.planned.database.as_str(),
        new.planned.window_start,
        new.origin == Origin::Plan,
        Json(&new.origin) as _,
        Json(&new.planned) as _,
        Json(&tries) as _,
        Json(&new.state) as _,
        new.state.name(),
        now
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(RunId))
}

/// Writes the next revision of a run; `false`: it is not the one after what is written.
pub async fn update_run(tx: &mut Tx<'_>, run: &Run, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE backup_run SET tries = $3, state = $4, kind = $5, revision = $2, changed_at = $6
         WHERE id = $1 AND revision + 1 = $2",
        run.id.0,
        signed(run.revision)?,
        Json(&run.tries) as _,
        Json(&run.state) as _,
        run.state.name(),
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Runs that are not over, the oldest first, at most [`PAGE_MAX`].
pub async fn open_runs(pool: &PgPool) -> Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        RunRow,
        r#"SELECT id, origin AS "origin: Json<Origin>", planned AS "planned: Json<Planned>",
               tries AS "tries: Json<Vec<Try>>", state AS "state: Json<State>", revision
           FROM backup_run WHERE kind IN ('waiting', 'ordered') ORDER BY id LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Runs of windows that begin in a time, of these databases, the newest first, at most
/// [`RUNS_MAX`].
pub async fn runs(
    pool: &PgPool,
    databases: &[DatabaseId],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Run>> {
    let databases: Vec<String> = databases.iter().map(ToString::to_string).collect();
    let rows = sqlx::query_as!(
        RunRow,
        r#"SELECT id, origin AS "origin: Json<Origin>", planned AS "planned: Json<Planned>",
               tries AS "tries: Json<Vec<Try>>", state AS "state: Json<State>", revision
           FROM backup_run
           WHERE window_start >= $1 AND window_start < $2 AND database = ANY($3)
           ORDER BY window_start DESC, id DESC LIMIT $4"#,
        from,
        until,
        &databases,
        RUNS_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// One run.
pub async fn run(pool: &PgPool, id: RunId) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        RunRow,
        r#"SELECT id, origin AS "origin: Json<Origin>", planned AS "planned: Json<Planned>",
               tries AS "tries: Json<Vec<Try>>", state AS "state: Json<State>", revision
           FROM backup_run WHERE id = $1"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    row.map(Run::try_from).transpose()
}

/// The beginning of the newest window of each database that has a run by the plan.
pub async fn newest_windows(pool: &PgPool) -> Result<BTreeMap<DatabaseId, DateTime<Utc>>> {
    let rows = sqlx::query!(
        r#"SELECT database, max(window_start) AS "window_start!" FROM backup_run
           WHERE by_plan GROUP BY database"#
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| Ok((parse(&row.database)?, row.window_start))).collect()
}

/// Writes that work was given to an agent; a known id changes nothing.
pub async fn order(tx: &mut Tx<'_>, ordered: &Ordered) -> Result<()> {
    let Ordered { work, agent, asked_by, reason, ordered_at, .. } = ordered;
    sqlx::query!(
        "INSERT INTO database_work
             (id, database, task, agent, work, asked_by, reason, ordered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        work.id(),
        work.database().as_str(),
        work.task(),
        agent.as_str(),
        Json(work) as _,
        asked_by.as_deref(),
        reason.as_deref(),
        ordered_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes how work ended; `false`: it is over already.
pub async fn end_work(
    tx: &mut Tx<'_>,
    report: &WorkReport,
    ended_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE database_work SET report = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL",
        report.work.id(),
        Json(report) as _,
        ended_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Work that is not over, the oldest first, at most [`PAGE_MAX`].
pub async fn open_work(pool: &PgPool) -> Result<Vec<Ordered>> {
    let rows = sqlx::query_as!(
        WorkRow,
        r#"SELECT agent, work AS "work: Json<Work>", asked_by, reason, ordered_at,
               report AS "report: Json<WorkReport>", ended_at
           FROM database_work WHERE ended_at IS NULL ORDER BY ordered_at LIMIT $1"#,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Ordered::try_from).collect()
}

/// Work of one task or of all, on one database or on all, the newest first, at most `limit` (and
/// [`PAGE_MAX`]).
pub async fn work(
    pool: &PgPool,
    database: Option<&DatabaseId>,
    task: Option<&str>,
    limit: i64,
) -> Result<Vec<Ordered>> {
    let rows = sqlx::query_as!(
        WorkRow,
        r#"SELECT agent, work AS "work: Json<Work>", asked_by, reason, ordered_at,
               report AS "report: Json<WorkReport>", ended_at
           FROM database_work
           WHERE ($1::text IS NULL OR database = $1) AND ($2::text IS NULL OR task = $2)
           ORDER BY ordered_at DESC, id DESC LIMIT $3"#,
        database.map(DatabaseId::as_str),
        task,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Ordered::try_from).collect()
}

/// Work of one task that ended in a time, the newest first, at most `limit`.
pub async fn ended_work(
    pool: &PgPool,
    task: &str,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<Ordered>> {
    let rows = sqlx::query_as!(
        WorkRow,
        r#"SELECT agent, work AS "work: Json<Work>", asked_by, reason, ordered_at,
               report AS "report: Json<WorkReport>", ended_at
           FROM database_work WHERE task = $1 AND ended_at >= $2 AND ended_at < $3
           ORDER BY ended_at DESC, id DESC LIMIT $4"#,
        task,
        from,
        until,
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Ordered::try_from).collect()
}

/// One piece of work.
pub async fn get_work(pool: &PgPool, id: &str) -> Result<Option<Ordered>> {
    let row = sqlx::query_as!(
        WorkRow,
        r#"SELECT agent, work AS "work: Json<Work>", asked_by, reason, ordered_at,
               report AS "report: Json<WorkReport>", ended_at
           FROM database_work WHERE id = $1"#,
        id
    )
    .fetch_optional(pool)
    .await?;
    row.map(Ordered::try_from).transpose()
}

/// A number for work that has no run to be named after: unique for ever.
pub async fn next_number(tx: &mut Tx<'_>) -> Result<i64> {
    let number = sqlx::query_scalar!(r#"SELECT nextval('database_work_number') AS "number!""#)
        .fetch_one(&mut **tx)
        .await?;
    Ok(number)
}

pub(crate) struct RunRow {
    pub id: i64,
    pub origin: Json<Origin>,
    pub planned: Json<Planned>,
    pub tries: Json<Vec<Try>>,
    pub state: Json<State>,
    pub revision: i64,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self> {
        Ok(Self {
            id: RunId(row.id),
            origin: row.origin.0,
            planned: row.planned.0,
            tries: row.tries.0,
            state: row.state.0,
            revision: natural(row.revision)?,
        })
    }
}

pub(crate) struct WorkRow {
    pub agent: String,
    pub work: Json<Work>,
    pub asked_by: Option<String>,
    pub reason: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub report: Option<Json<WorkReport>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<WorkRow> for Ordered {
    type Error = StoreError;

    fn try_from(row: WorkRow) -> Result<Self> {
        Ok(Self {
            work: row.work.0,
            agent: parse(&row.agent)?,
            asked_by: row.asked_by,
            reason: row.reason,
            ordered_at: row.ordered_at,
            report: row.report.map(|report| report.0),
            ended_at: row.ended_at,
        })
    }
}
