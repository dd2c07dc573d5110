//! Upkeep: the counts of each minute, and the end of what was kept long enough.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::id::DatacenterId;
use mainstay_core::status::Tally;
use mainstay_store::{Store, StoreError, estate, retention};

use crate::estate::Snapshot;

/// How long gone instances stay as tombstones for servers that follow.
const TOMBSTONES: TimeDelta = TimeDelta::hours(1);
/// How long the counts of minutes are kept.
pub const TALLIES: TimeDelta = TimeDelta::days(31);
/// How often the end of things is looked for.
const EXPIRE_PERIOD: Duration = Duration::from_secs(60);
/// Rows that go at once.
const EXPIRE_ROWS: i64 = 5_000;

#[derive(Default)]
pub(super) struct Upkeep {
    minute: Option<DateTime<Utc>>,
    expired_at: Option<Instant>,
}

impl Upkeep {
    pub(super) async fn step(
        &mut self,
        store: &Store,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let now = snapshot.estate.at;
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        if self.minute != Some(minute) && snapshot.estate.fleet_revision > 0 {
            let tallies = &tallies(snapshot);
            store.read_committed(|tx| Box::pin(estate::write_tallies(tx, minute, tallies))).await?;
            self.minute = Some(minute);
        }
        if self.expired_at.is_none_or(|at| at.elapsed() >= EXPIRE_PERIOD) {
            self.expired_at = Some(Instant::now());
            estate::expire(store.acts(), now - TOMBSTONES, now - TALLIES, EXPIRE_ROWS).await?;
            retention::commands(store, now).await?;
        }
        Ok(())
    }
}

/// Counts of each data centre that ever reported; one that is silent counts as unknown.
fn tallies(snapshot: &Snapshot) -> Vec<(DatacenterId, Tally)> {
    let mut tallies: BTreeMap<DatacenterId, Tally> = BTreeMap::new();
    for (datacenter, _, status) in snapshot.estate.instances() {
        tallies.entry(datacenter.clone()).or_default().add(status);
    }
    tallies.into_iter().collect()
}
