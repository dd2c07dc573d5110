//! The leader: the one server that decides, while the lease says so.
//!
//! Invariants: every decision, its commands and its audit entry are one transaction that also
//! raises the lease's beat; if the lease is lost, that transaction writes nothing. Nothing here
//! keeps state that matters: a new leader looks at the same estate and decides the same. While the
//! store is known to have gone back in time, only what is observed is written down.

mod approvals;
mod audited;
mod availability;
mod backups;
mod benches;
mod deploy;
mod drills;
mod failovers;
mod moments;
mod notify;
mod orchestrator;
mod pipelines;
mod problems;
mod readiness;
mod rollouts;
mod upkeep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use mainstay_core::audit::note::VerifierKey;
use mainstay_core::lease::{BEAT_PERIOD, Verdict, Watch};
use mainstay_store::lease::Term;
use mainstay_store::{Store, StoreError, lease};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::estate::LiveEstate;
use crate::failover::{FailoverError, Planned, Wanted};
use crate::notify::Notifier;
use crate::pipelines::Repositories;
use crate::rollouts::Sources;

pub use rollouts::Prometheus;

/// The name of the lease.
pub const LEASE: &str = "control";
/// Changes are gathered for so long before they are looked at.
const GATHER: Duration = Duration::from_millis(100);

/// Whom it asks that is no part of this.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Answers the questions of plans; `None`: nothing was configured.
    pub prometheus: Option<Arc<dyn Prometheus>>,
    /// Knows of commits; `None`: nothing was configured.
    pub repositories: Option<Arc<dyn Repositories>>,
}

/// What the leader works with.
#[derive(Clone, Debug)]
pub struct Leader {
    store: Store,
    estate: Arc<LiveEstate>,
    sources: Sources,
    /// Answers the questions of plans; `None`: nothing was configured.
    prometheus: Option<Arc<dyn Prometheus>>,
    /// Asked for the commits of events; `None`: nothing was configured.
    repositories: Option<Arc<dyn Repositories>>,
    /// Raised when commands were written.
    commands: watch::Sender<u64>,
    /// Unlike any other server's, also on the same host.
    holder: String,
    /// What the orchestrator wants a person to know.
    advice: orchestrator::Advice,
    /// Budgets that burn.
    burning: availability::Burning,
    /// Whether the audit log was found broken.
    audited: audited::Found,
    /// The key that checkpoints of the audit log are signed with.
    verifier: VerifierKey,
    /// Sends notifications; `None`: nobody does.
    notifier: Option<Notifier>,
    /// Channels whose deliveries do not arrive.
    failing: notify::Failing,
}

impl Leader {
    pub(crate) fn new(
        sources: Sources,
        asked: Asked,
        notifier: Option<Notifier>,
        commands: watch::Sender<u64>,
        holder: String,
        verifier: VerifierKey,
    ) -> Self {
        let (store, estate) = (sources.store.clone(), sources.estate.clone());
        let advice = orchestrator::Advice::default();
        let burning = availability::Burning::default();
        let failing = notify::Failing::default();
        Self {
            store,
            estate,
            sources,
            prometheus: asked.prometheus,
            repositories: asked.repositories,
            commands,
            holder,
            advice,
            burning,
            audited: audited::Found::default(),
            verifier,
            notifier,
            failing,
        }
    }

    /// Contends for the lease and leads, until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let Some(term) = self.contend(&shutdown).await else { return };
            tracing::info!(epoch = term.epoch, timeline = term.timeline, "leading");
            metrics::gauge!("mainstay_leader").set(1.0);
            // Whichever notices first that the lease is lost ends all.
            tokio::select! {
                () = self.lead(&term, &shutdown) => {}
                () = rollouts::run(&self, &term, &shutdown) => {}
                () = failovers::run(&self, &term, &shutdown) => {}
                () = orchestrator::run(&self, &term, &shutdown) => {}
                () = notify::run(&self, &term, &shutdown) => {}
                () = pipelines::run(&self, &shutdown) => {}
            }
            metrics::gauge!("mainstay_leader").set(0.0);
            if shutdown.is_cancelled()
                && let Err(error) = lease::release(&self.store, &term).await
            {
                tracing::warn!(%error, "the lease could not be given back; it expires");
            }
        }
    }

    /// Looks at the lease until it is ours; `None` when told to stop.
    async fn contend(&self, shutdown: &CancellationToken) -> Option<Term> {
        let (start, mut watch) = (Instant::now(), Watch::default());
        let mut ticks = tokio::time::interval(BEAT_PERIOD);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return None,
                _ = ticks.tick() => {}
            }
            let asked_at = start.elapsed();
            let Ok(found) = lease::read(&self.store, LEASE).await else { continue };
            let taken = match watch.look(found.as_ref(), asked_at, start.elapsed()) {
                Verdict::Wait => continue,
                Verdict::Create => lease::create(&self.store, LEASE, &self.holder).await,
                Verdict::TakeOver { epoch, beat } => {
                    lease::take_over(&self.store, LEASE, &self.holder, (epoch, beat)).await
                }
            };
            match taken {
                Ok(Some(term)) => return Some(term),
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the lease could not be taken"),
            }
        }
    }

    /// Decides until deposed or told to stop.
    async fn lead(&self, term: &Term, shutdown: &CancellationToken) {
        let mut work = Work::default();
        let mut changed = self.estate.subscribe();
        let mut beat = tokio::time::interval(BEAT_PERIOD);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reported = false;
        loop {
            let due = tokio::select! {
                () = shutdown.cancelled() => return,
                _ = beat.tick() => true,
                _ = changed.changed() => {
                    tokio::time::sleep(GATHER).await;
                    changed.mark_unchanged();
                    false
                }
            };
            match self.look(term, &mut work, due).await {
                Ok(()) => reported = false,
                Err(StoreError::NotLeader) => {
                    tracing::warn!(epoch = term.epoch, "another server leads now");
                    return;
                }
                Err(error) if !reported => {
                    reported = true;
                    tracing::warn!(%error, "a step was not taken; it is tried again");
                }
                Err(_) => {}
            }
        }
    }

    /// Makes a plan of a failover and looks at it.
    async fn plan(&self, wanted: &Wanted) -> Result<Planned, StoreError> {
        self.sources.plan(wanted).await.map_err(|error| match error {
            FailoverError::Store(error) => error,
            error @ (FailoverError::NotFound
            | FailoverError::Form(_)
            | FailoverError::Refused(_)
            | FailoverError::Rules(_)
            | FailoverError::Changed(_)
            | FailoverError::Approval(_)
            | FailoverError::Waits { .. }
            | FailoverError::Other { .. }) => StoreError::corrupt("a plan", error.to_string()),
        })
    }

    /// One look at everything. `due`: a beat must be raised even if nothing is decided.
    async fn look(&self, term: &Term, work: &mut Work, due: bool) -> Result<(), StoreError> {
        let snapshot = self.estate.snapshot(Utc::now());
        if due {
            lease::beat(&self.store, term).await?;
        }
        work.audited.step(self, term).await?;
        if snapshot.estate.rewound.is_empty() {
            deploy::step(self, term, &snapshot).await?;
            benches::step(self, term, &snapshot).await?;
            work.backups.step(self, term, &snapshot).await?;
            approvals::step(self, term, &snapshot).await?;
            work.drills.step(self, term, &snapshot).await?;
        }
        work.problems.step(self, term, &snapshot).await?;
        work.readiness.step(self, term, &snapshot).await?;
        work.moments.step(&self.store, term, &snapshot).await?;
        work.upkeep.step(&self.store, term, &snapshot).await?;
        work.availability.step(self, term, &snapshot).await
    }
}

/// What the reconcilers remember for pacing; losing it is harmless.
#[derive(Default)]
struct Work {
    audited: audited::Audited,
    availability: availability::Availability,
    backups: backups::Backups,
    drills: drills::Drills,
    moments: moments::Moments,
    problems: problems::Problems,
    readiness: readiness::Readiness,
    upkeep: upkeep::Upkeep,
}
