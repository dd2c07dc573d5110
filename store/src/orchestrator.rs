//! What the orchestrator learned, sees and decided.

use chrono::{DateTime, Utc};
use mainstay_core::failover::RunId;
use mainstay_core::failover::watch::Place;
use mainstay_core::traffic::decision::{Decision, Mode};
use mainstay_core::traffic::drop::Detector;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;

use crate::estate::parse;
use crate::{Result, Tx};

/// Decisions that are kept; older ones go.
pub const KEPT: i64 = 10_000;
/// Most decisions of one page.
pub const PAGE_MAX: i64 = 200;

/// Every detector as it was written down last.
pub async fn detectors(pool: &PgPool) -> Result<Vec<(Place, Detector)>> {
    let rows = sqlx::query!(
        r#"SELECT datacenter, service_group, state AS "state: Json<Value>" FROM traffic_detector"#
    )
    .fetch_all(pool)
    .await?;
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        // One of another version is learned anew.
        if let Ok(detector) = serde_json::from_value(row.state.0) {
            known.push(((parse(&row.datacenter)?, parse(&row.service_group)?), detector));
        }
    }
    Ok(known)
}

/// Writes detectors down in place of those that were.
pub async fn keep_detectors<'a>(
    tx: &mut Tx<'_>,
    detectors: impl Iterator<Item = (&'a Place, &'a Detector)>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("DELETE FROM traffic_detector").execute(&mut **tx).await?;
    for ((datacenter, group), detector) in detectors {
        sqlx::query!(
            "INSERT INTO traffic_detector (datacenter, service_group, state, at)
             VALUES ($1, $2, $3, $4)",
            datacenter.as_str(),
            group.as_str(),
            Json(detector) as _,
            at
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Writes down how every watched place stands.
pub async fn keep_look(tx: &mut Tx<'_>, watched: &Value, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO orchestrator_look (at, watched) VALUES ($1, $2)
         ON CONFLICT (only_row) DO UPDATE SET at = $1, watched = $2",
        at,
        watched
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How every watched place stood, and when; `None`: nobody ever looked.
pub async fn look(pool: &PgPool) -> Result<Option<(DateTime<Utc>, Value)>> {
    let row =
        sqlx::query!("SELECT at, watched FROM orchestrator_look").fetch_optional(pool).await?;
    Ok(row.map(|row| (row.at, row.watched)))
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub place: Place,
    /// `off`, `advise` or `automatic`.
    pub mode: String,
    pub decision: Decision,
    /// The run that it started.
    pub run: Option<RunId>,
}

/// Writes a decision down.
pub async fn append(
    tx: &mut Tx<'_>,
    (datacenter, group): &Place,
    mode: Mode,
    decision: &Decision,
    run: Option<RunId>,
    at: DateTime<Utc>,
) -> Result<()> {
    let id = sqlx::query_scalar!(
        "INSERT INTO orchestrator_decision
             (at, datacenter, service_group, mode, outcome, decision, run)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        at,
        datacenter.as_str(),
        group.as_str(),
        mode.key(),
        decision.outcome.as_str(),
        Json(decision) as _,
        run.map(|id| id.0)
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM orchestrator_decision WHERE id <= $1", id - KEPT)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Decisions, newest first; `before`: the last one of the page before.
pub async fn decisions(pool: &PgPool, before: Option<i64>, limit: i64) -> Result<Vec<Decided>> {
    let rows = sqlx::query!(
        r#"SELECT id, at, datacenter, service_group, mode,
               decision AS "decision: Json<Decision>", run
           FROM orchestrator_decision WHERE $1::bigint IS NULL OR id < $1
           ORDER BY id DESC LIMIT $2"#,
        before,
        limit.clamp(0, PAGE_MAX)
    )
    .fetch_all(pool)
    .await?;
    let decided = rows.into_iter().map(|row| {
        Ok(Decided {
            id: row.id,
            at: row.at,
            place: (parse(&row.datacenter)?, parse(&row.service_group)?),
            mode: row.mode,
            decision: row.decision.0,
            run: row.run.map(RunId),
        })
    });
    decided.collect()
}
