//! Following the store: what other servers' agents observed, the fleet in force, the problems.
//!
//! Runs in every server, first at start (everything that was known before), then at a steady
//! pace. Invariant: a data centre whose agent is connected here, or whose last report is not
//! written yet, is never overwritten from the store, where the same is only older. How far it was
//! read stands still meanwhile: another server may write it before this one learns of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use mainstay_core::id::DatacenterId;
use mainstay_store::estate::{self, Head};
use mainstay_store::{Store, StoreError, approval, clock, fleet, problem, release, rewind};
use tokio_util::sync::CancellationToken;

use crate::estate::LiveEstate;
use crate::ingest::{Ingest, Opened};
use crate::runbook;

/// How often the store is read.
pub const PERIOD: Duration = Duration::from_millis(500);

/// Reads what changed in the store.
#[derive(Debug)]
pub struct Follower {
    pub store: Store,
    pub estate: Arc<LiveEstate>,
    pub ingest: Arc<Ingest>,
    /// How far each data centre was read: its link, and the place in its order of writing.
    known: BTreeMap<DatacenterId, (i64, i64)>,
}

impl Follower {
    pub fn new(store: Store, estate: Arc<LiveEstate>, ingest: Arc<Ingest>) -> Self {
        Self { store, estate, ingest, known: BTreeMap::new() }
    }

    /// Reads until told to stop. The database being away is noted and waited out.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut away = false;
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            match self.read().await {
                Ok(()) if away => {
                    away = false;
                    tracing::info!("the database answers again");
                }
                Ok(()) => {}
                Err(error) if !away => {
                    away = true;
                    tracing::warn!(%error, "the database does not answer");
                }
                Err(_) => {}
            }
        }
    }

    /// Reads once what is newer than known.
    pub async fn read(&mut self) -> Result<(), StoreError> {
        refresh(&self.store, &self.estate).await?;
        let store = self.store.clone();
        let pool = store.reads();
        let opened = self.ingest.opened();
        let heads = estate::heads(pool).await?;
        self.forget(&heads, &opened);
        for head in heads {
            let known = self.known.get(&head.datacenter).map_or(0, |(_, seq)| *seq);
            if head.seq <= known || self.ingest.holds(&head.datacenter) {
                continue;
            }
            let changes = estate::changes_since(pool, &head.datacenter, known).await?;
            // Its agent may have come, and even gone again, while that was read.
            let apply = || self.estate.apply_stored(&head, changes);
            if self.ingest.unless_held(&head.datacenter, &opened, apply) {
                self.known.insert(head.datacenter.clone(), (head.link, head.seq));
            }
        }
        self.estate.set_problems(problem::recent(pool).await?);
        self.estate.set_approvals(approval::open(pool).await?);
        runbook::refresh(&store, &self.estate).await?;
        self.estate.store_answered(Utc::now());
        Ok(())
    }

    /// Forgets data centres that the store does not know any more. One that came back since then
    /// counts from the beginning again: its link or its writes are fewer than were read.
    fn forget(&mut self, heads: &[Head], opened: &Opened) {
        let heads: BTreeMap<_, _> =
            heads.iter().map(|head| (&head.datacenter, (head.link, head.seq))).collect();
        for id in self.estate.datacenters() {
            let read = self.known.get(&id).copied().unwrap_or_default();
            let goes_on = heads.get(&id).is_some_and(|head| head.0 >= read.0 && head.1 >= read.1);
            let forget = || self.estate.forget(&id);
            if !goes_on && self.ingest.unless_held(&id, opened, forget) {
                self.known.remove(&id);
            }
        }
    }
}

/// Reads the clock of the backup policies, whether the store went back in time, the fleet in force
/// and what was decided about versions, where they are newer than known.
pub async fn refresh(store: &Store, estate: &LiveEstate) -> Result<(), StoreError> {
    let pool = store.reads();
    if estate.set_clock(clock::read(pool).await?) {
        let day = estate.snapshot(Utc::now()).estate.pace;
        tracing::warn!(%day, "the backup policies have days of their own in this store");
    }
    estate.set_rewound(rewind::open(pool).await?);
    let fleet = if fleet::revision(pool).await? > estate.fleet_revision() {
        fleet::current(pool).await?.map(|applied| (applied.revision, applied.fleet))
    } else {
        None
    };
    // After the fleet: see `LiveEstate::set_decided`.
    let releases = if release::revision(pool).await? > estate.releases_revision() {
        Some(release::read(store).await?)
    } else {
        None
    };
    estate.set_decided(fleet, releases);
    Ok(())
}

/// Reads decisions of other servers as soon as they are announced; the follower finds the rest.
pub async fn listen(store: Store, estate: Arc<LiveEstate>, shutdown: CancellationToken) {
    let mut announcements = release::Announcements::new(store.clone());
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = announcements.next() => {}
        }
        if let Err(error) = refresh(&store, &estate).await {
            tracing::debug!(%error, "a decision is read later");
        }
    }
}
