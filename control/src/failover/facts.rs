//! What plans and runs are looked at with.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::estate::Estate;
use mainstay_core::failover::decide::{Answered, Facts};
use mainstay_core::failover::look::OBSERVE;
use mainstay_core::failover::preview::Past;
use mainstay_core::failover::rules::Gates;
use mainstay_core::failover::{Observed, Outcome, Run, State};
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use mainstay_core::rollout::EdgeFact;
use mainstay_store::{Store, StoreError, failover as stored};

use super::PAST;
use crate::Control;
use crate::rollouts::Sources;
use crate::traffic::Second;

/// The load of now is of so many seconds.
const LOAD: TimeDelta = TimeDelta::seconds(60);

/// The facts about a run; [`Looked::facts`] lends them to the rules.
#[derive(Clone, Debug)]
pub struct Looked {
    pub estate: Estate,
    pub now: DateTime<Utc>,
    /// Whether this server's clock ran evenly in the last seconds.
    pub clock_even: bool,
    pub edges: BTreeMap<EdgeId, EdgeFact>,
    pub answered: Option<Answered>,
}

impl Looked {
    /// `observed` and `gates`: what safety rules are judged on while a run goes.
    pub fn facts<'a>(&'a self, observed: &'a Observed, gates: &'a Gates) -> Facts<'a> {
        Facts {
            estate: &self.estate,
            now: self.now,
            clock_even: self.clock_even,
            edges: &self.edges,
            answered: self.answered.as_ref(),
            observed,
            gates,
        }
    }
}

impl Sources {
    /// What is known now.
    pub(crate) fn look(&self) -> Looked {
        let now = Utc::now();
        let clock_even = self.estate.is_clock_even(now);
        let estate = self.estate.snapshot(now).estate;
        let edges = self.edges.facts(now);
        let connected = |id: &&EdgeId| edges.get(*id).is_some_and(|fact| fact.connected);
        let until = self.traffic.heard_until(estate.fleet.edges.keys().filter(connected));
        let answered = until.map(|until| {
            let from = until - OBSERVE;
            self.traffic.recent(|recent| answered(recent, from, until))
        });
        Looked { estate, now, clock_even, edges, answered }
    }
}

/// Where requests were answered in these seconds.
pub fn answered(recent: &VecDeque<Second>, from: DateTime<Utc>, until: DateTime<Utc>) -> Answered {
    let mut counts: BTreeMap<ServiceId, BTreeMap<Option<DatacenterId>, (u64, u64)>> =
        BTreeMap::new();
    for second in recent.iter().filter(|second| second.at >= from && second.at < until) {
        for (series, counted) in &second.counts {
            let places = counts.entry(series.service.clone()).or_default();
            let (requests, errors) = places.entry(series.datacenter.clone()).or_default();
            *requests += counted.requests;
            *errors += counted.errors;
        }
    }
    Answered { from, until, counts }
}

/// The estate with the load of now.
pub fn observed(estate: &Estate, recent: &VecDeque<Second>) -> Observed {
    let mut observed = Observed::of(estate);
    let Some(until) = recent.back().map(|second| second.at) else { return observed };
    let from = (until - LOAD).max(recent.front().map_or(until, |second| second.at));
    let seconds = (until - from).num_seconds();
    if seconds < 1 {
        return observed;
    }
    for (service, places) in answered(recent, from, until).counts {
        for (datacenter, (requests, _)) in places {
            let Some(datacenter) = datacenter else { continue };
            let cells = observed.services.entry(service.clone()).or_default();
            let cell = cells.entry(datacenter).or_default();
            cell.requests_per_second = Some(requests as f64 / seconds as f64);
        }
    }
    observed
}

/// How long each group took when it was moved last: by runs that were carried out to their end.
pub(super) fn past(runs: &[Run]) -> Past {
    let mut past = Past::new();
    let done = |run: &&Run| {
        run.plan.back.is_none() && matches!(&run.state, State::Ended { outcome: Outcome::Done, .. })
    };
    // The newest first: what is known of a group already is newer.
    for run in runs.iter().filter(done) {
        for group in &run.plan.groups {
            if let (Some(since), Some(ended)) = run.group_times(group) {
                let seconds = u64::try_from((ended - since).num_seconds()).unwrap_or_default();
                past.entry(group.id.clone()).or_insert((seconds, ended));
            }
        }
    }
    past
}

impl Control {
    /// What is known of the estate for a plan, with the load of now.
    pub fn observed(&self) -> Observed {
        let estate = self.snapshot().estate;
        self.traffic.recent(|recent| observed(&estate, recent))
    }

    /// How long groups took, and the gates.
    pub async fn failover_past(&self) -> Result<(Past, Gates), StoreError> {
        past_and_gates(&self.store).await
    }
}

/// How long groups took, and the gates.
pub(super) async fn past_and_gates(store: &Store) -> Result<(Past, Gates), StoreError> {
    let pool = store.reads();
    let runs = stored::list(pool, None, PAST).await?;
    let mut connection = pool.acquire().await?;
    Ok((past(&runs), stored::gates(&mut connection).await?))
}
