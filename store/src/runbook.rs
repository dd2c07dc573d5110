//! Runbooks of the fleet's own by revision, and the runs of all of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::id::RunbookId;
use mainstay_core::runbook::resolve::Subject;
use mainstay_core::runbook::run::{End, Outcome, Run, RunId, Step};
use mainstay_core::runbook::shelf::Files;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError};

/// Most runs read at once.
pub const PAGE_MAX: i64 = 101;

/// A set as it was applied.
#[derive(Clone, Debug)]
pub struct Set {
    pub revision: i64,
    pub files: Files,
    pub applied_at: DateTime<Utc>,
    pub applied_by: String,
}

/// The revision in force; 0: the fleet has none of its own.
pub async fn revision(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT coalesce(max(revision), 0) AS "revision!" FROM runbook_set"#)
        .fetch_one(pool)
        .await?)
}

/// The set in force.
pub async fn current(pool: &PgPool) -> Result<Option<Set>> {
    current_in(&mut *pool.acquire().await?).await
}

/// The set in force, inside a transaction.
pub async fn current_in(db: &mut PgConnection) -> Result<Option<Set>> {
    let row = sqlx::query!(
        r#"SELECT revision, files AS "files: Json<Files>", applied_at, applied_by
           FROM runbook_set ORDER BY revision DESC LIMIT 1"#
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Set {
        revision: row.revision,
        files: row.files.0,
        applied_at: row.applied_at,
        applied_by: row.applied_by,
    }))
}

/// Makes others who would change the set wait until this transaction is over.
pub async fn lock(db: &mut PgConnection) -> Result<()> {
    sqlx::query!("LOCK TABLE runbook_set IN SHARE ROW EXCLUSIVE MODE").execute(db).await?;
    Ok(())
}

/// Puts a set in force; returns its revision. The set must be [locked](lock).
pub async fn apply(
    db: &mut PgConnection,
    files: &Files,
    at: DateTime<Utc>,
    by: &str,
    reason: Option<&str>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO runbook_set (files, applied_at, applied_by, reason)
         VALUES ($1, $2, $3, $4) RETURNING revision",
        Json(files) as _,
        at,
        by,
        reason
    )
    .fetch_one(db)
    .await?)
}

/// Writes a new run; its id in `run` counts for nothing. Returns the id it got.
pub async fn start(db: &mut PgConnection, run: &Run) -> Result<RunId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO runbook_run (runbook, title, source, step_count, problem, subject,
             started_at, started_by, steps, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        run.runbook.as_str(),
        run.title,
        run.source,
        steps(run.step_count)?,
        run.problem,
        run.subject.as_ref().map(Json) as _,
        run.started_at,
        run.started_by,
        Json(&run.steps) as _,
        run.revision
    )
    .fetch_one(db)
    .await?;
    Ok(RunId(id))
}

/// Writes what a run became, if it is still what it was one revision before. Returns whether.
pub async fn update(db: &mut PgConnection, run: &Run) -> Result<bool> {
    let end = run.ended.as_ref();
    let done = sqlx::query!(
        "UPDATE runbook_run
         SET steps = $2, ended_at = $3, ended_by = $4, outcome = $5, note = $6, \
             revision = $7::bigint
         WHERE id = $1 AND revision = $7::bigint - 1 AND ended_at IS NULL",
        run.id.0,
        Json(&run.steps) as _,
        end.map(|end| end.at),
        end.map(|end| end.by.as_str()),
        end.map(|end| end.outcome.name()),
        end.map_or("", |end| end.note.as_str()),
        run.revision
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One run, inside a transaction; nobody else changes it until that is over.
pub async fn lock_run(db: &mut PgConnection, id: RunId) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, runbook, title, source, step_count, problem,
               subject AS "subject: Json<Subject>", started_at, started_by,
               steps AS "steps: Json<BTreeMap<u32, Step>>", ended_at, ended_by, outcome, note,
               revision
           FROM runbook_run WHERE id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Row::run).transpose()
}

/// One run.
pub async fn run(pool: &PgPool, id: RunId) -> Result<Option<Run>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, runbook, title, source, step_count, problem,
               subject AS "subject: Json<Subject>", started_at, started_by,
               steps AS "steps: Json<BTreeMap<u32, Step>>", ended_at, ended_by, outcome, note,
               revision
           FROM runbook_run WHERE id = $1"#,
        id.0
    )
    .fetch_optional(pool)
    .await?;
    row.map(Row::run).transpose()
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub runbook: Option<RunbookId>,
    pub problem: Option<i64>,
    /// Older than this one.
    pub before: Option<RunId>,
}

/// Runs that match, newest first, at most `limit` (and [`PAGE_MAX`]).
pub async fn runs(pool: &PgPool, filter: &Filter, limit: i64) -> Result<Vec<Run>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, runbook, title, source, step_count, problem,
               subject AS "subject: Json<Subject>", started_at, started_by,
               steps AS "steps: Json<BTreeMap<u32, Step>>", ended_at, ended_by, outcome, note,
               revision
           FROM runbook_run
           WHERE ($1::text IS NULL OR runbook = $1)
             AND ($2::bigint IS NULL OR problem = $2)
             AND ($3::bigint IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        filter.runbook.as_ref().map(RunbookId::as_str),
        filter.problem,
        filter.before.map(|id| id.0),
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Row::run).collect()
}

/// The last use of a runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    pub run: RunId,
    pub at: DateTime<Utc>,
    /// `None`: it is not over.
    pub outcome: Option<Outcome>,
}

/// The last run of each runbook that was ever used.
pub async fn last_uses(pool: &PgPool) -> Result<BTreeMap<RunbookId, LastUse>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (runbook) runbook, id, started_at, outcome
         FROM runbook_run ORDER BY runbook, id DESC"
    )
    .fetch_all(pool)
    .await?;
    let uses = rows.into_iter().map(|row| {
        let runbook = RunbookId::new(&row.runbook)
            .map_err(|error| StoreError::corrupt("the name of a runbook", error))?;
        let outcome = row.outcome.as_deref().map(read_outcome).transpose()?;
        Ok((runbook, LastUse { run: RunId(row.id), at: row.started_at, outcome }))
    });
    uses.collect()
}

struct Row {
    id: i64,
    runbook: String,
    title: String,
    source: String,
    step_count: i32,
    problem: Option<i64>,
    subject: Option<Json<Subject>>,
    started_at: DateTime<Utc>,
    started_by: String,
    steps: Json<BTreeMap<u32, Step>>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<String>,
    outcome: Option<String>,
    note: String,
    revision: i64,
}

impl Row {
    fn run(self) -> Result<Run> {
        let ended = match (self.ended_at, self.ended_by, self.outcome) {
            (Some(at), Some(by), Some(outcome)) => {
                Some(End { at, by, outcome: read_outcome(&outcome)?, note: self.note })
            }
            // All three or none: the table says so.
            _ => None,
        };
        Ok(Run {
            id: RunId(self.id),
            runbook: RunbookId::new(&self.runbook)
                .map_err(|error| StoreError::corrupt("the name of a runbook", error))?,
            title: self.title,
            source: self.source,
            step_count: u32::try_from(self.step_count)
                .map_err(|error| StoreError::corrupt("a number of steps", error))?,
            problem: self.problem,
            subject: self.subject.map(|subject| subject.0),
            started_at: self.started_at,
            started_by: self.started_by,
            steps: self.steps.0,
            ended,
            revision: self.revision,
        })
    }
}

fn read_outcome(name: &str) -> Result<Outcome> {
    Outcome::from_name(name)
        .ok_or_else(|| StoreError::corrupt("the outcome of a run", "it is not known"))
}

fn steps(count: u32) -> Result<i32> {
    i32::try_from(count).map_err(|error| StoreError::corrupt("a number of steps", error))
}
