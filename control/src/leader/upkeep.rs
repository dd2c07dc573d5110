//! Upkeep: the counts of each minute, and the end of what was kept long enough.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::moment::KEPT;
use mainstay_core::status::Tally;
use mainstay_store::lease::Term;
use mainstay_store::{Store, StoreError, estate, lease, moment, retention, traffic};

use crate::estate::Snapshot;
use crate::rollouts::watched;

/// How long gone instances stay as tombstones for servers that follow.
const TOMBSTONES: TimeDelta = TimeDelta::hours(1);
/// How long the counts of minutes are kept.
pub const TALLIES: TimeDelta = TimeDelta::days(31);
/// A minute of requests is rolled up when it has been over for so long.
const ROLL_UP_AFTER: TimeDelta = TimeDelta::seconds(5);
/// How often the end of things is looked for.
const EXPIRE_PERIOD: Duration = Duration::from_secs(60);
/// Rows that go at once.
const EXPIRE_ROWS: i64 = 5_000;

#[derive(Default)]
pub(super) struct Upkeep {
    minute: Option<DateTime<Utc>>,
    /// Up to where requests were rolled up.
    rolled_up: Option<DateTime<Utc>>,
    expired_at: Option<Instant>,
}

impl Upkeep {
    pub(super) async fn step(
        &mut self,
        store: &Store,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let now = snapshot.estate.at;
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        if self.minute != Some(minute) && snapshot.estate.fleet_revision > 0 {
            let tallies = &tallies(snapshot);
            store.read_committed(|tx| Box::pin(estate::write_tallies(tx, minute, tallies))).await?;
            self.minute = Some(minute);
        }
        self.roll_up(store, term, now).await?;
        if self.expired_at.is_none_or(|at| at.elapsed() >= EXPIRE_PERIOD) {
            self.expired_at = Some(Instant::now());
            estate::expire(store.acts(), now - TOMBSTONES, now - TALLIES, EXPIRE_ROWS).await?;
            moment::expire(store.acts(), now - KEPT, EXPIRE_ROWS).await?;
            retention::commands(store, now).await?;
            retention::traffic(store, now, &judged(snapshot)).await?;
            retention::releases(store, now).await?;
            retention::records(store, now).await?;
            retention::answers(store, now).await?;
            retention::proofs(store, now).await?;
            retention::failovers(store, now).await?;
            retention::notifications(store, now).await?;
            retention::pipelines(store, now).await?;
            retention::availability(store, now).await?;
        }
        Ok(())
    }

    /// Makes minutes of the seconds of requests.
    async fn roll_up(
        &mut self,
        store: &Store,
        term: &Term,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let over = now - ROLL_UP_AFTER;
        let minute = over.duration_trunc(TimeDelta::minutes(1)).unwrap_or(over);
        if self.rolled_up == Some(minute) {
            return Ok(());
        }
        store
            .read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    traffic::roll_up(tx, minute).await
                })
            })
            .await?;
        self.rolled_up = Some(minute);
        Ok(())
    }
}

/// Services whose seconds a judge still needs, with the first one.
fn judged(snapshot: &Snapshot) -> Vec<(ServiceId, DateTime<Utc>)> {
    let rollouts = snapshot.estate.releases.rollouts.values();
    let judged = rollouts.filter_map(|rollout| {
        let (position, since) = watched(&rollout.state)?;
        let before = i64::from(rollout.plan.watch_seconds(position)) * 2;
        Some((rollout.plan.service.clone(), since - TimeDelta::seconds(before)))
    });
    judged.collect()
}

/// Counts of each data centre that ever reported; one that is silent counts as unknown.
fn tallies(snapshot: &Snapshot) -> Vec<(DatacenterId, Tally)> {
    let mut tallies: BTreeMap<DatacenterId, Tally> = BTreeMap::new();
    for (datacenter, _, status) in snapshot.estate.instances() {
        tallies.entry(datacenter.clone()).or_default().add(status);
    }
    tallies.into_iter().collect()
}
