//! What changed of backups since a reader looked last: runs, and work on databases.
//!
//! Invariant: whoever reads from the [`Horizon`] that was in force before the last reading misses
//! nothing, whatever the clocks of servers say; rows near it may come again.

use chrono::{DateTime, Utc};
use mainstay_core::backup::Planned;
use mainstay_core::backup::run::{Origin, Run, State, Try};
use mainstay_core::backup::work::{Work, WorkReport};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::Result;
use crate::backup::{Ordered, PAGE_MAX, RunRow, WorkRow};

/// Every transaction before this one is over: what it wrote is there to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Horizon(i64);

impl Horizon {
    /// Before everything.
    pub const START: Self = Self(0);
}

/// The horizon now.
pub async fn horizon(pool: &PgPool) -> Result<Horizon> {
    let oldest = sqlx::query_scalar!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "oldest!""#
    )
    .fetch_one(pool)
    .await?;
    Ok(Horizon(oldest))
}

/// Tells of every run that was written since, in that order, if its window begins at `from` or
/// later or it is not over.
pub async fn runs_since(
    pool: &PgPool,
    since: Horizon,
    from: DateTime<Utc>,
    mut tell: impl FnMut(Run),
) -> Result<()> {
    let mut after = (since.0, 0);
    loop {
        let rows = sqlx::query!(
            r#"SELECT id, origin AS "origin: Json<Origin>", planned AS "planned: Json<Planned>",
                   tries AS "tries: Json<Vec<Try>>", state AS "state: Json<State>", revision,
                   written
               FROM backup_run
               WHERE (written, id) > ($1, $2)
                   AND (window_start >= $3 OR kind IN ('waiting', 'ordered'))
                   -- A number from beyond is of another cluster, whose dump this database is.
                   AND ($4 OR written < pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
               ORDER BY written, id LIMIT $5"#,
            after.0,
            after.1,
            from,
            since == Horizon::START,
            PAGE_MAX
        )
        .fetch_all(pool)
        .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.written, last.id);
        for row in rows {
            let (origin, planned, tries, state) = (row.origin, row.planned, row.tries, row.state);
            let row = RunRow { id: row.id, origin, planned, tries, state, revision: row.revision };
            tell(row.try_into()?);
        }
    }
}

/// Tells of all work that was written since, in that order.
pub async fn work_since(
    pool: &PgPool,
    since: Horizon,
    mut tell: impl FnMut(Ordered),
) -> Result<()> {
    let mut after = (since.0, String::new());
    loop {
        let rows = sqlx::query!(
            r#"SELECT id, agent, work AS "work: Json<Work>", asked_by, reason, ordered_at,
                   report AS "report: Json<WorkReport>", ended_at, written
               FROM database_work
               WHERE (written, id) > ($1, $2)
                   AND ($3 OR written < pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
               ORDER BY written, id LIMIT $4"#,
            after.0,
            after.1,
            since == Horizon::START,
            PAGE_MAX
        )
        .fetch_all(pool)
        .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.written, last.id.clone());
        for row in rows {
            let row = WorkRow {
                agent: row.agent,
                work: row.work,
                asked_by: row.asked_by,
                reason: row.reason,
                ordered_at: row.ordered_at,
                report: row.report,
                ended_at: row.ended_at,
            };
            tell(row.try_into()?);
        }
    }
}
