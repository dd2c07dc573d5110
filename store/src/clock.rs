//! The clock of the backup policies, leg by leg.

use mainstay_core::backup::clock::{LEGS_MAX, Leg, Pace, PolicyClock};
use sqlx::{PgConnection, PgPool};

use crate::{Result, StoreError, Tx};

/// The clock as it is written down.
pub async fn read(pool: &PgPool) -> Result<PolicyClock> {
    read_in(&mut *pool.acquire().await?).await
}

/// The clock, inside a transaction that may go on to change it: nobody else does meanwhile.
pub async fn lock(tx: &mut Tx<'_>) -> Result<PolicyClock> {
    sqlx::query!("LOCK TABLE policy_clock IN SHARE ROW EXCLUSIVE MODE").execute(&mut **tx).await?;
    read_in(tx).await
}

async fn read_in(db: &mut PgConnection) -> Result<PolicyClock> {
    let rows = sqlx::query!(
        "SELECT since, policy_at, day_seconds FROM policy_clock ORDER BY since LIMIT $1",
        LEGS_MAX as i64
    )
    .fetch_all(db)
    .await?;
    let legs = rows.into_iter().map(|row| {
        let day_seconds = u32::try_from(row.day_seconds).unwrap_or_default();
        let pace = Pace::new(day_seconds);
        let pace = pace.map_err(|error| StoreError::corrupt("a pace of the policies", error))?;
        Ok(Leg { since: row.since, policy_at: row.policy_at, pace })
    });
    Ok(PolicyClock::new(legs.collect::<Result<_>>()?))
}

/// Lets the clock go on by another leg.
pub async fn turn(tx: &mut Tx<'_>, leg: &Leg) -> Result<()> {
    let day_seconds = i32::try_from(leg.pace.day_seconds())
        .map_err(|error| StoreError::corrupt("a pace of the policies", error))?;
    sqlx::query!(
        "INSERT INTO policy_clock (since, policy_at, day_seconds) VALUES ($1, $2, $3)",
        leg.since,
        leg.policy_at,
        day_seconds
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a backup was made, ever.
pub async fn has_backups(tx: &mut Tx<'_>) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM backup_run WHERE kind = 'done') AS "found!""#
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}
