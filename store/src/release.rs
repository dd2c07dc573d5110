//! Which versions are stable, which are on their way, which must not come back; and what failovers
//! moved.
//!
//! Invariant: whoever changes any of it calls [`lock`] first and [`raise`] with the change. So
//! all such changes, also those of fleets, happen one after another, each on what the one before
//! left, and the revision rises with each.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_core::id::ServiceId;
use mainstay_core::release::{Quarantine, Release, Releases};
use mainstay_core::rollout::RolloutId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

use crate::estate::{parse, track};
use crate::lease::natural;
use crate::{ACQUIRE_TIMEOUT, Result, Store, Tx, failover, rollout};

/// Where a change is announced; the poll of the revision finds what an announcement missed.
const CHANNEL: &str = "mainstay_releases";
/// A lost connection for announcements is opened again after so long.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The revision that stands; 0: nothing was ever decided.
pub async fn revision(pool: &PgPool) -> Result<u64> {
    let revision = sqlx::query_scalar!("SELECT revision FROM release_head").fetch_one(pool).await?;
    natural(revision)
}

/// The revision that stands, inside a transaction.
pub async fn revision_in(tx: &mut Tx<'_>) -> Result<u64> {
    let revision =
        sqlx::query_scalar!("SELECT revision FROM release_head").fetch_one(&mut **tx).await?;
    natural(revision)
}

/// Everything that stands, of one moment.
pub async fn read(store: &Store) -> Result<Releases> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut snapshot = store.reads().begin_with(begin).await?;
    let revision =
        sqlx::query_scalar!("SELECT revision FROM release_head").fetch_one(&mut *snapshot).await?;
    load(&mut snapshot, natural(revision)?).await
}

/// Everything that stands, kept from changing until the transaction ends. The transaction is
/// READ COMMITTED and takes this lock before any other.
pub async fn lock(tx: &mut Tx<'_>) -> Result<Releases> {
    let revision = sqlx::query_scalar!("SELECT revision FROM release_head FOR UPDATE")
        .fetch_one(&mut **tx)
        .await?;
    load(tx, natural(revision)?).await
}

/// Gives a change its revision, and announces it when it is committed.
pub async fn raise(tx: &mut Tx<'_>) -> Result<u64> {
    let revision =
        sqlx::query_scalar!("UPDATE release_head SET revision = revision + 1 RETURNING revision")
            .fetch_one(&mut **tx)
            .await?;
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, revision.to_string())
        .execute(&mut **tx)
        .await?;
    natural(revision)
}

async fn load(db: &mut PgConnection, revision: u64) -> Result<Releases> {
    let rows =
        sqlx::query!("SELECT service, version, track, since, rollout, previous FROM release")
            .fetch_all(&mut *db)
            .await?;
    let stable = rows.into_iter().map(|row| {
        let release = Release {
            version: row.version,
            track: track(&row.track)?,
            since: row.since,
            rollout: row.rollout.map(RolloutId),
            previous: row.previous,
        };
        Ok((parse::<ServiceId>(&row.service)?, release))
    });
    let stable = stable.collect::<Result<BTreeMap<_, _>>>()?;
    let active = rollout::active(&mut *db).await?;
    let rollouts = active.into_iter().map(|rollout| (rollout.plan.service.clone(), rollout));
    let rollouts = rollouts.collect();
    let failovers = failover::open(&mut *db).await?;
    let standing = mainstay_core::failover::standing(&failovers);
    let quarantined = quarantined(db).await?;
    Ok(Releases { revision, stable, rollouts, quarantined, failovers, standing })
}

async fn quarantined(db: &mut PgConnection) -> Result<Vec<Quarantine>> {
    let rows = sqlx::query!(
        "SELECT service, version, reason, rollout, since FROM quarantine
         ORDER BY since DESC, service, version"
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Quarantine {
                service: parse(&row.service)?,
                version: row.version,
                reason: row.reason,
                rollout: row.rollout.map(RolloutId),
                since: row.since,
            })
        })
        .collect()
}

/// Makes a version the stable one.
pub async fn set_stable(tx: &mut Tx<'_>, service: &ServiceId, release: &Release) -> Result<()> {
    sqlx::query!(
        "INSERT INTO release (service, version, track, since, rollout, previous)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (service) DO UPDATE SET version = $2, track = $3, since = $4, rollout = $5,
             previous = $6",
        service.as_str(),
        release.version,
        release.track.name(),
        release.since,
        release.rollout.map(|id| id.0),
        release.previous
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts a version in quarantine; the newest reason stands.
pub async fn quarantine(tx: &mut Tx<'_>, quarantine: &Quarantine) -> Result<()> {
    sqlx::query!(
        "INSERT INTO quarantine (service, version, reason, rollout, since)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (service, version) DO UPDATE SET reason = $3, rollout = $4, since = $5",
        quarantine.service.as_str(),
        quarantine.version,
        quarantine.reason,
        quarantine.rollout.map(|id| id.0),
        quarantine.since
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends the quarantine of a version. Returns whether there was one.
pub async fn lift(tx: &mut Tx<'_>, service: &ServiceId, version: &str) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM quarantine WHERE service = $1 AND version = $2",
        service.as_str(),
        version
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Hears announcements of changes. They are hints: one may be lost with its connection, hence
/// whoever waits for them polls as well.
#[derive(Debug)]
pub struct Announcements {
    store: Store,
    listener: Option<PgListener>,
}

impl Announcements {
    pub fn new(store: Store) -> Self {
        Self { store, listener: None }
    }

    /// Waits for the next announcement, or for the connection to stand again after it was lost:
    /// both mean that something may have changed.
    pub async fn next(&mut self) {
        loop {
            if let Some(listener) = &mut self.listener {
                // Lost or not: what was missed meanwhile is to be looked for.
                if listener.try_recv().await.is_ok_and(|heard| heard.is_some()) {
                    return;
                }
                self.listener = None;
            }
            match self.listen().await {
                Ok(listener) => {
                    self.listener = Some(listener);
                    return;
                }
                Err(_) => tokio::time::sleep(LISTEN_AGAIN).await,
            }
        }
    }

    async fn listen(&self) -> Result<PgListener> {
        let alone = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(self.store.address().clone());
        let mut listener = PgListener::connect_with(&alone).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
