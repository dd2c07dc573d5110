//! What the checks of an event rest on, as it is known on this server.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::estate::Estate;
use mainstay_core::planned::PlannedEvent;
use mainstay_core::planned::check::{Facts, Judged, judge};
use mainstay_core::problem::Proofs;
use mainstay_core::release::Releases;
use mainstay_store::{
    PgConnection, StoreError, bench, failover, pipeline, planned as stored, repository,
};

use crate::Control;

/// What is in memory of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub estate: Estate,
    proofs: Proofs,
}

impl Known {
    /// The same with what stands now about versions and places.
    pub fn with_releases(&self, releases: Releases) -> Self {
        let mut known = self.clone();
        known.estate.releases = Arc::new(releases);
        known
    }

    /// Every check of an event, with what the store has of it now.
    pub async fn judge(
        &self,
        db: &mut PgConnection,
        event: &PlannedEvent,
        now: DateTime<Utc>,
    ) -> Result<Vec<Judged>, StoreError> {
        let mut benches = Vec::new();
        for (service, version) in event.content.releases() {
            benches.extend(bench::get(db, service, version).await?);
        }
        let commit = event.content.whole_commit();
        let reports = match &commit {
            Some(commit) => pipeline::reports(db, commit).await?,
            None => Vec::new(),
        };
        let look = match event.content.asks() {
            Some((address, commit)) => repository::get(db, &address, &commit).await?,
            None => None,
        };
        let (gates, others) = (failover::gates(db).await?, stored::open(db).await?);
        let facts = Facts {
            now,
            estate: &self.estate,
            proofs: &self.proofs,
            benches: &benches,
            reports: &reports,
            look: look.as_ref(),
            gates: &gates,
            others: &others,
        };
        Ok(judge(event, &facts))
    }
}

impl Control {
    pub(crate) async fn known(&self) -> Result<Known, StoreError> {
        let history = self.backup_history().await?;
        let estate = self.snapshot().estate;
        let databases = estate.fleet.databases.keys();
        let proofs = databases.map(|id| (id.clone(), history.shown(id))).collect();
        Ok(Known { estate, proofs })
    }

    /// How each check of an event stands now.
    pub async fn event_checks(&self, event: &PlannedEvent) -> Result<Vec<Judged>, StoreError> {
        let known = self.known().await?;
        let now = Utc::now().trunc_subsecs(6);
        known.judge(&mut *self.store.reads().acquire().await?, event, now).await
    }
}
