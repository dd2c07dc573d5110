//! To which event a rollout or a failover belongs.
//!
//! Invariant: it is written with the start, and stays as long as the event is kept.

use mainstay_core::failover::RunId;
use mainstay_core::planned::EventId;
use mainstay_core::rollout::RolloutId;
use sqlx::PgPool;

use crate::{Result, Tx};

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
