//! The rollouts and failovers that belong to an event.
//!
//! Invariant: it is written with the start, and stays as it is.

use chrono::{DateTime, Utc};
use mainstay_core::failover::{self, RunId};
use mainstay_core::id::ServiceId;
use mainstay_core::planned::EventId;
use mainstay_core::rollout::{self, RolloutId};
use sqlx::PgPool;
use sqlx::types::Json;

use super::PAGE_MAX;
use crate::{Result, StoreError, Tx};

/// A rollout of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedRollout {
    pub id: RolloutId,
    pub service: ServiceId,
    pub version: String,
    pub state: rollout::State,
    pub started_at: DateTime<Utc>,
}

/// A failover or drill of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedRun {
    pub id: RunId,
    pub plan: failover::Plan,
    pub state: failover::State,
    pub drill: bool,
    pub started_at: DateTime<Utc>,
}

/// Says to which event a rollout belongs that was just started.
pub async fn set_rollout(tx: &mut Tx<'_>, id: RolloutId, event: EventId) -> Result<()> {
    sqlx::query!("UPDATE rollout SET event = $2 WHERE id = $1", id.0, event.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Says to which event a failover belongs that was just started.
pub async fn set_run(tx: &mut Tx<'_>, id: RunId, event: EventId) -> Result<()> {
    sqlx::query!("UPDATE failover_run SET event = $2 WHERE id = $1", id.0, event.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The event that a rollout belongs to.
pub async fn of_rollout(pool: &PgPool, id: RolloutId) -> Result<Option<EventId>> {
    let event = sqlx::query_scalar!("SELECT event FROM rollout WHERE id = $1", id.0);
    Ok(event.fetch_optional(pool).await?.flatten().map(EventId))
}

/// The event that a failover belongs to.
pub async fn of_run(pool: &PgPool, id: RunId) -> Result<Option<EventId>> {
    let event = sqlx::query_scalar!("SELECT event FROM failover_run WHERE id = $1", id.0);
    Ok(event.fetch_optional(pool).await?.flatten().map(EventId))
}

/// The rollouts of an event, newest first, at most [`PAGE_MAX`].
pub async fn rollouts(pool: &PgPool, event: EventId) -> Result<Vec<OwnedRollout>> {
    let rows = sqlx::query!(
        r#"SELECT id, service, version, state AS "state: Json<rollout::State>", started_at
           FROM rollout WHERE event = $1 ORDER BY id DESC LIMIT $2"#,
        event.0,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let service = ServiceId::new(&row.service);
            Ok(OwnedRollout {
                id: RolloutId(row.id),
                service: service.map_err(|error| StoreError::corrupt("a rollout", error))?,
                version: row.version,
                state: row.state.0,
                started_at: row.started_at,
            })
        })
        .collect()
}

/// The failovers and drills of an event, newest first, at most [`PAGE_MAX`].
pub async fn runs(pool: &PgPool, event: EventId) -> Result<Vec<OwnedRun>> {
    let rows = sqlx::query!(
        r#"SELECT id, plan AS "plan: Json<failover::Plan>", drill,
               state AS "state: Json<failover::State>", started_at
           FROM failover_run WHERE event = $1 ORDER BY id DESC LIMIT $2"#,
        event.0,
        PAGE_MAX
    )
    .fetch_all(pool)
    .await?;
    let owned = rows.into_iter().map(|row| OwnedRun {
        id: RunId(row.id),
        plan: row.plan.0,
        state: row.state.0,
        drill: row.drill,
        started_at: row.started_at,
    });
    Ok(owned.collect())
}
