//! What a watch has seen so far: both versions over the same seconds, at the same edges.
//!
//! Invariants: a second counts when it is complete: heard by every connected edge of the wave, or
//! so old that waiting for more would help nobody; a second in which no edge was heard is left out
//! of both; what arrives late is taken in as long as it is likely to come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::EdgeId;
use mainstay_core::judge::{self, Trace};
use mainstay_core::release::Releases;
use mainstay_core::rollout::{self, Plan, Position, Rollout};
use mainstay_core::traffic::Counts;
use mainstay_store::rollout as events;
use mainstay_store::traffic::{self as stored, Filter, Resolution};
use mainstay_store::{Store, StoreError};

use super::ById;
use super::conditions::{Conditions, Seen};
use crate::rollouts::{Analysed, Sources};

/// A second that is older than this is taken as it is.
const COMPLETE_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Seconds that are read again, for what arrived late.
const LATE_SECONDS: i64 = 5;
/// A judgement takes at most this part of the leader's time.
const PACE: u32 = 10;
/// Shortest time between two judgements: there is something new each second.
const PACE_MIN: Duration = Duration::from_millis(900);
/// Longest time between two judgements.
const PACE_MAX: Duration = Duration::from_secs(30);

/// The watches that are on.
#[derive(Debug, Default)]
pub(super) struct Watches(ById<Watch>);

#[derive(Debug)]
struct Watch {
    position: Position,
    since: DateTime<Utc>,
    /// Edges of the wave's regions.
    edges: Vec<EdgeId>,
    /// By Unix second: what the old and the new version did. Heard seconds only.
    seconds: BTreeMap<i64, (Counts, Counts)>,
    /// Seconds before this one are read.
    read_to: i64,
    /// The new version's at all edges, where waves before this one have it too.
    everywhere: BTreeMap<i64, Counts>,
    judged_at: Option<Instant>,
    /// What [`Self::read_to`] was then.
    judged_to: i64,
    pace: Duration,
    analysed: Option<Analysed>,
}

/// The analysis of a watch.
#[derive(Debug)]
pub(super) struct Looked {
    pub analysed: Analysed,
    /// Whether it is newer than the one told before.
    pub fresh: bool,
}

impl Watches {
    /// Forgets those of rollouts that are over.
    pub(super) fn keep(&mut self, releases: &Releases) {
        let active: BTreeSet<_> = releases.rollouts.values().map(|rollout| rollout.id).collect();
        self.0.retain(|id, _| active.contains(id));
    }

    /// Reads what is new and judges; `None`: there is nothing to judge yet.
    pub(super) async fn analyse(
        &mut self,
        sources: &Sources,
        rollout: &Rollout,
        (position, since): (Position, DateTime<Utc>),
        conditions: &mut Conditions,
    ) -> Result<Option<Looked>, StoreError> {
        let same = |watch: &&mut Watch| (watch.position, watch.since) == (position, since);
        let known = self.0.get_mut(&rollout.id).filter(same).is_some();
        if !known {
            let watch = Watch::begin(sources, &rollout.plan, position, since);
            self.0.insert(rollout.id, watch);
        }
        let watch = self.0.get_mut(&rollout.id).expect("it was just put there");
        watch.look(sources, rollout, conditions).await
    }

    /// The watch that goes on while a rollout prepares its next position or stands still before
    /// it: the one of the position whose weights hold, since it began. `None`: there is none.
    pub(super) async fn held(
        &self,
        store: &Store,
        rollout: &Rollout,
    ) -> Result<Option<(Position, DateTime<Utc>)>, StoreError> {
        let Some(position) = rollout.held() else { return Ok(None) };
        let known = self.0.get(&rollout.id).filter(|watch| watch.position == position);
        if let Some(watch) = known {
            return Ok(Some((position, watch.since)));
        }
        let events = events::events(store.reads(), rollout.id, None, events::PAGE_MAX).await?;
        let began = rollout::watched_since(events.iter().map(|event| &event.state), position);
        Ok(began.map(|since| (position, since)))
    }
}

impl Watch {
    fn begin(sources: &Sources, plan: &Plan, position: Position, since: DateTime<Utc>) -> Self {
        let fleet = sources.estate.snapshot(since).estate.fleet;
        let wave = plan.waves.get(usize::from(position.wave));
        let regions = wave.map(|wave| wave.regions.as_slice()).unwrap_or_default();
        let edges = fleet.edges.iter().filter(|(_, edge)| regions.contains(&edge.region));
        let first = since.timestamp() + 1;
        Self {
            position,
            since,
            edges: edges.map(|(id, _)| id.clone()).collect(),
            seconds: BTreeMap::new(),
            everywhere: BTreeMap::new(),
            read_to: first,
            judged_at: None,
            judged_to: first,
            pace: PACE_MIN,
            analysed: None,
        }
    }

    async fn look(
        &mut self,
        sources: &Sources,
        rollout: &Rollout,
        conditions: &mut Conditions,
    ) -> Result<Option<Looked>, StoreError> {
        let plan = &rollout.plan;
        let now = Utc::now();
        let facts = sources.edges.facts(now);
        let connected = |id: &&EdgeId| facts.get(*id).is_some_and(|fact| fact.connected);
        let oldest = now - COMPLETE_AFTER;
        let heard = sources.traffic.heard_until(self.edges.iter().filter(connected));
        let until = heard.unwrap_or(oldest).max(oldest).min(now).timestamp();
        let first = self.since.timestamp() + 1;
        if until > self.read_to || self.seconds.is_empty() {
            let from = (self.read_to - LATE_SECONDS).max(first);
            let new = self.read(&sources.store, plan, (from, until)).await?;
            self.seconds.retain(|at, _| *at < from);
            self.seconds.extend(new);
            if self.position.wave > 0 {
                let new = self.read_everywhere(&sources.store, plan, (from, until)).await?;
                self.everywhere.retain(|at, _| *at < from);
                self.everywhere.extend(new);
            }
            self.read_to = self.read_to.max(until);
        }
        // The end of the watch is not judged by what was known before it, whatever the pace.
        let end = self.since + TimeDelta::seconds(i64::from(plan.watch_seconds(self.position)));
        let complete = end.timestamp() + 1;
        let ends = self.judged_to < complete && complete <= self.read_to;
        let due = ends || self.judged_at.is_none_or(|at| at.elapsed() >= self.pace);
        if due {
            self.judge(plan, heard, conditions).await;
        }
        Ok(self.analysed.clone().map(|analysed| Looked { analysed, fresh: due }))
    }

    /// `heard`: until when the logs of the connected edges are complete.
    async fn judge(
        &mut self,
        plan: &Plan,
        heard: Option<DateTime<Utc>>,
        conditions: &mut Conditions,
    ) {
        let (stable, canary) = self.traces();
        let settings = plan.settings();
        let started = Instant::now();
        let judge = move || {
            let judgement =
                (!canary.seconds.is_empty()).then(|| judge::judge(&stable, &canary, &settings));
            (judgement, canary)
        };
        // It is arithmetic over up to a day of seconds.
        let Ok((judgement, canary)) = tokio::task::spawn_blocking(judge).await else { return };
        self.pace = (started.elapsed() * PACE).clamp(PACE_MIN, PACE_MAX);
        self.judged_at = Some(Instant::now());
        self.judged_to = self.read_to;
        // A plain limit holds wherever the new version is; waves before this one compare no more.
        let everywhere: Trace = self.everywhere.iter().map(|(at, it)| (*at, it.clone())).collect();
        let canary = if self.position.wave > 0 { &everywhere } else { &canary };
        let seen = Seen { plan, since: self.since, canary, until: self.read_to - 1 };
        let conditions = conditions.measure(&seen);
        let judged_to = DateTime::from_timestamp(self.judged_to, 0);
        let until = judged_to.zip(heard).map(|(judged_to, heard)| judged_to.min(heard));
        let heard_seconds = u32::try_from(self.seconds.len()).unwrap_or(u32::MAX);
        let since = self.since;
        self.analysed = Some(Analysed { since, until, heard_seconds, judgement, conditions });
    }

    fn traces(&self) -> (Trace, Trace) {
        let old = self.seconds.iter().map(|(at, (old, _))| (*at, old.clone()));
        let new = self.seconds.iter().map(|(at, (_, new))| (*at, new.clone()));
        (old.collect(), new.collect())
    }

    /// What the new version did at all edges, in seconds of a range with requests on it.
    async fn read_everywhere(
        &self,
        store: &Store,
        plan: &Plan,
        (from, until): (i64, i64),
    ) -> Result<BTreeMap<i64, Counts>, StoreError> {
        let range = DateTime::from_timestamp(from, 0).zip(DateTime::from_timestamp(until, 0));
        let Some((from, until)) = range.filter(|(from, until)| from < until) else {
            return Ok(BTreeMap::new());
        };
        let filter = Filter { service: Some(plan.service.clone()), edges: None, from, until };
        let mut seconds: BTreeMap<i64, Counts> = BTreeMap::new();
        for row in stored::by_version(store.reads(), Resolution::Second, &filter).await? {
            if row.version == plan.to {
                seconds.entry(row.at.timestamp()).or_default().add(&row.counts);
            }
        }
        Ok(seconds)
    }

    /// Seconds of a range in which one of the edges was heard or had requests.
    async fn read(
        &self,
        store: &Store,
        plan: &Plan,
        (from, until): (i64, i64),
    ) -> Result<BTreeMap<i64, (Counts, Counts)>, StoreError> {
        let range = DateTime::from_timestamp(from, 0).zip(DateTime::from_timestamp(until, 0));
        let Some((from, until)) = range.filter(|(from, until)| from < until) else {
            return Ok(BTreeMap::new());
        };
        let pool = store.reads();
        let heard = stored::heard(pool, Resolution::Second, (from, until)).await?;
        let mut seconds: BTreeMap<i64, (Counts, Counts)> = BTreeMap::new();
        for (at, edge, _) in heard {
            if self.edges.contains(&edge) {
                seconds.entry(at.timestamp()).or_default();
            }
        }
        let service = Some(plan.service.clone());
        let filter = Filter { service, edges: Some(self.edges.clone()), from, until };
        for row in stored::by_version(pool, Resolution::Second, &filter).await? {
            let (old, new) = seconds.entry(row.at.timestamp()).or_default();
            if row.version == plan.from {
                old.add(&row.counts);
            } else if row.version == plan.to {
                new.add(&row.counts);
            }
        }
        Ok(seconds)
    }
}
