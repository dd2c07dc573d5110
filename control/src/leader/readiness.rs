//! How ready places are, written down each minute.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use mainstay_core::failover::preview::Verdict;
use mainstay_core::failover::readiness::Away;
use mainstay_store::lease::{self, Term};
use mainstay_store::{StoreError, readiness as stored};

use super::Leader;
use crate::estate::Snapshot;
use crate::failover::{FailoverError, Ready};

/// What is remembered for pacing; losing it is harmless: a minute counts once.
#[derive(Default)]
pub(super) struct Readiness {
    minute: Option<DateTime<Utc>>,
}

impl Readiness {
    pub(super) async fn step(
        &mut self,
        leader: &Leader,
        term: &Term,
        snapshot: &Snapshot,
    ) -> Result<(), StoreError> {
        let now = snapshot.estate.at;
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        if self.minute == Some(minute) || snapshot.estate.fleet_revision == 0 {
            return Ok(());
        }
        let judged = match leader.sources.judge().await {
            Ok(judged) => judged,
            Err(FailoverError::Store(error)) => return Err(error),
            Err(error) => return Err(StoreError::corrupt("readiness", error.to_string())),
        };
        let regions = judged
            .regions
            .iter()
            .filter_map(|it| Some((Away::Region(it.id.parse().ok()?), verdict(it)?)));
        let datacenters = judged
            .datacenters
            .iter()
            .filter_map(|it| Some((Away::Datacenter(it.id.parse().ok()?), verdict(it)?)));
        let judged: &Vec<_> = &regions.chain(datacenters).collect();
        leader
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    lease::step(tx, term, 0).await?;
                    stored::add(tx, minute, judged).await
                })
            })
            .await?;
        self.minute = Some(minute);
        Ok(())
    }
}

/// `None`: nothing is there that could move.
fn verdict(ready: &Ready) -> Option<Verdict> {
    (!ready.preview.groups.is_empty()).then_some(ready.preview.verdict)
}
