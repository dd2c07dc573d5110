//! Users' requests: from the edges' logs into the store, and out of it for pages and judges.
//!
//! A driver hands over each second what its edges told ([`Traffic::take_in`]). Every server
//! writes what its own edges told, and reads back the last seconds of all of them for what is
//! shown live ([`Traffic::recent`]); longer ranges come from the store ([`Traffic::series`]).
//!
//! Invariants: a batch is added once, however often its writing is tried; memory is bounded, and
//! what does not fit is counted as lost; a second or minute in which no edge was heard is a gap,
//! never zero.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::traffic::{Counts, LATENCY_BOUNDS_MS, Series};
use mainstay_store::traffic::{self as stored, Batch, Filter, Resolution, Row};
use mainstay_store::{Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A second is complete when it has been over for so long; what comes later is added.
pub const GRACE_SECONDS: i64 = 1;
/// How long the last seconds of all edges are kept in memory.
pub const RECENT: TimeDelta = TimeDelta::minutes(5);
/// Counts in memory at most; with more, fewer seconds are kept.
const RECENT_MAX: usize = 120_000;
/// Seconds and series that wait to be written at most.
const WAITING_MAX: usize = 200_000;
/// Seconds that an edge may be behind when it is heard again.
const HEARD_MAX: i64 = 3_600;
/// Seconds that are read again, for what arrived late.
const LATE: TimeDelta = TimeDelta::seconds(4);
/// Series with their versions that Prometheus can read; of more, only services and places.
const EXPORTED_MAX: usize = 10_000;
/// What Prometheus reads of a latency above the last bound.
const ABOVE_MS: f64 = 15_000.0;
/// How often is written and read.
const PERIOD: Duration = Duration::from_millis(500);
/// Before the last writing so long is waited.
const LAST: Duration = Duration::from_millis(200);
/// Most points of one series.
pub const POINTS_MAX: usize = 50_000;

/// What a driver tells; seconds are Unix seconds.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What happened in a second of a series. A second may come again: it is added.
    pub counts: Vec<(i64, Arc<Series>, Counts)>,
    /// Identical requests that were answered 429.
    pub limited: Vec<(i64, EdgeId, ServiceId, u64)>,
    /// Seconds in which an edge was heard from beginning to end.
    pub heard: BTreeMap<EdgeId, Vec<Range<i64>>>,
    /// Requests that were not counted for want of room.
    pub lost: u64,
}

/// Which requests a series is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Service(ServiceId),
    Edge(EdgeId),
    /// Of a service at these edges.
    At(ServiceId, Vec<EdgeId>),
}

/// One second or minute; `None`: not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub at: DateTime<Utc>,
    /// By version (of a service) or by service and version (of an edge).
    pub counts: Option<BTreeMap<(ServiceId, String), Counts>>,
}

/// What this process knows of requests.
#[derive(Debug)]
pub struct Traffic {
    store: Store,
    waiting: Mutex<Waiting>,
    recent: Mutex<VecDeque<Second>>,
    /// Series that Prometheus can read.
    exported: Mutex<BTreeSet<Arc<Series>>>,
    changed: watch::Sender<u64>,
}

/// One second of all edges.
#[derive(Clone, Debug)]
pub struct Second {
    pub at: DateTime<Utc>,
    pub counts: BTreeMap<Series, Counts>,
    /// Edges that were heard; of others nothing is known.
    pub heard: BTreeSet<EdgeId>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: Batch,
    /// What is being written, with its number: tried again as it is until it stands.
    writing: Option<(i64, Arc<Batch>)>,
    written: i64,
}

impl Traffic {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            waiting: Mutex::default(),
            recent: Mutex::default(),
            exported: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    /// Takes in what edges of this server told.
    pub fn take_in(&self, told: Told) {
        let mut lost = told.lost;
        for (_, edge, service, requests) in told.limited {
            let labels = [("edge", edge.to_string()), ("service", service.to_string())];
            metrics::counter!("mainstay_edge_requests_limited_total", &labels).increment(requests);
        }
        let mut waiting = lock(&self.waiting);
        for (second, series, counts) in told.counts {
            self.export(&series, &counts);
            let Some(at) = DateTime::from_timestamp(second, 0) else { continue };
            let (next, key) = (&mut waiting.next.counts, (at, (*series).clone()));
            if next.len() >= WAITING_MAX && !next.contains_key(&key) {
                lost += counts.requests;
            } else {
                next.entry(key).or_default().add(&counts);
            }
        }
        for (edge, ranges) in told.heard {
            for range in ranges {
                let from = range.start.max(range.end - HEARD_MAX);
                let seconds = (from..range.end).filter_map(|at| DateTime::from_timestamp(at, 0));
                waiting.next.heard.extend(seconds.map(|at| (edge.clone(), at)));
            }
        }
        if waiting.next.heard.len() > WAITING_MAX {
            let excess = waiting.next.heard.len() - WAITING_MAX;
            waiting.next.heard.drain(..excess);
        }
        if lost > 0 {
            metrics::counter!("mainstay_edge_requests_lost_total").increment(lost);
        }
    }

    /// The same for Prometheus: by service, version, data centre and edge, latencies by service and
    /// version, each rounded up to the bound of its bucket. A process never forgets a series, hence
    /// their number is bounded.
    fn export(&self, series: &Arc<Series>, counts: &Counts) {
        let mut exported = lock(&self.exported);
        if exported.len() < EXPORTED_MAX && !exported.contains(series) {
            exported.insert(series.clone());
        }
        let version = if exported.contains(series) { &series.version } else { "other" };
        drop(exported);
        let datacenter = series.datacenter.as_ref().map_or_else(String::new, ToString::to_string);
        let labels = [
            ("service", series.service.to_string()),
            ("version", version.to_owned()),
            ("datacenter", datacenter),
            ("edge", series.edge.to_string()),
        ];
        metrics::counter!("mainstay_edge_requests_total", &labels).increment(counts.requests);
        metrics::counter!("mainstay_edge_request_errors_total", &labels).increment(counts.errors);
        let [service, version, ..] = labels;
        let latency = metrics::histogram!("mainstay_edge_request_seconds", &[service, version]);
        for (bucket, requests) in counts.latency.counts().iter().enumerate() {
            let bound = LATENCY_BOUNDS_MS.get(bucket).copied().unwrap_or(ABOVE_MS);
            latency.record_many(bound / 1_000.0, usize::try_from(*requests).unwrap_or(usize::MAX));
        }
    }

    /// Wakes whenever another second is known.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The last seconds of all edges, oldest first; at most [`RECENT`]. The newest may still
    /// grow a little.
    pub fn recent<T>(&self, read: impl FnOnce(&VecDeque<Second>) -> T) -> T {
        read(&lock(&self.recent))
    }

    /// Until when the logs of all these edges are complete; `None`: one of them is not heard, or
    /// there is none.
    pub fn heard_until<'a>(
        &self,
        mut edges: impl Iterator<Item = &'a EdgeId>,
    ) -> Option<DateTime<Utc>> {
        let recent = lock(&self.recent);
        let last = |edge: &EdgeId| recent.iter().rev().find(|it| it.heard.contains(edge));
        let first = last(edges.next()?)?.at;
        let oldest = edges.try_fold(first, |oldest, edge| Some(last(edge)?.at.min(oldest)))?;
        Some(oldest + TimeDelta::seconds(1))
    }

    /// A range by second (kept for an hour) or minute (for a month), oldest first, without holes:
    /// what was not measured is a point without counts. At most [`POINTS_MAX`] points.
    pub async fn series(
        &self,
        of: &Of,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        resolution: Resolution,
    ) -> Result<Vec<Point>, StoreError> {
        let pool = self.store.reads();
        let (service, edges) = match of {
            Of::Service(service) => (Some(service.clone()), None),
            Of::Edge(edge) => (None, Some(vec![edge.clone()])),
            Of::At(service, edges) => (Some(service.clone()), Some(edges.clone())),
        };
        let heard = stored::heard(pool, resolution, (from, until)).await?;
        let counts_here = |edge: &EdgeId| edges.as_ref().is_none_or(|edges| edges.contains(edge));
        let heard: BTreeSet<DateTime<Utc>> =
            heard.into_iter().filter(|(_, edge, _)| counts_here(edge)).map(|(at, ..)| at).collect();
        let filter = Filter { service, edges: edges.clone(), from, until };
        let rows = stored::by_version(pool, resolution, &filter).await?;
        Ok(points(rows, &heard, (from, until), resolution))
    }

    /// Writes what was told and reads what all told, until told to stop, then writes once more.
    /// `writer` names this process.
    pub async fn run(&self, writer: String, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut away = false;
        while !shutdown.is_cancelled() {
            tokio::select! {
                // What drivers counted up to now is handed over in this time.
                () = shutdown.cancelled() => tokio::time::sleep(LAST).await,
                _ = ticks.tick() => {}
            }
            let done = match self.write(&writer).await {
                Ok(()) => self.read(Utc::now()).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => away = false,
                Err(error) if !std::mem::replace(&mut away, true) => {
                    tracing::warn!(%error, "requests stay in memory: they could not be written");
                }
                Err(_) => {}
            }
        }
    }

    /// Writes what waits.
    pub async fn write(&self, writer: &str) -> Result<(), StoreError> {
        let (number, batch) = {
            let mut waiting = lock(&self.waiting);
            let Waiting { next, writing, written } = &mut *waiting;
            if writing.is_none() {
                if next.counts.is_empty() && next.heard.is_empty() {
                    return Ok(());
                }
                *writing = Some((*written + 1, Arc::new(std::mem::take(next))));
            }
            writing.clone().expect("it was just put there")
        };
        let started = std::time::Instant::now();
        let written = &batch;
        self.store
            .read_committed(|tx| {
                Box::pin(async move { stored::add(tx, writer, number, written).await })
            })
            .await?;
        metrics::histogram!("mainstay_traffic_write_seconds").record(started.elapsed());
        let mut waiting = lock(&self.waiting);
        waiting.written = number;
        waiting.writing = None;
        Ok(())
    }

    /// Reads the last seconds of all edges.
    pub async fn read(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let newest = lock(&self.recent).back().map(|second| second.at);
        let oldest = now - RECENT;
        let from = newest.map_or(oldest, |at| (at - LATE).max(oldest));
        let pool = self.store.reads();
        let heard = stored::heard(pool, Resolution::Second, (from, now)).await?;
        let counts = stored::seconds(pool, from, now, RECENT_MAX as i64).await?;
        let seconds = seconds(heard, counts);
        let mut recent = lock(&self.recent);
        let before = recent.back().map(|second| second.at);
        while recent.back().is_some_and(|second| second.at >= from) {
            recent.pop_back();
        }
        recent.extend(seconds.into_values());
        let mut entries: usize = recent.iter().map(|second| second.counts.len()).sum();
        while recent.front().is_some_and(|it| it.at < oldest || entries > RECENT_MAX) {
            entries -= recent.pop_front().map_or(0, |second| second.counts.len());
        }
        let after = recent.back().map(|second| second.at);
        drop(recent);
        if before != after {
            self.changed.send_modify(|version| *version += 1);
        }
        Ok(())
    }
}

fn seconds(
    heard: Vec<(DateTime<Utc>, EdgeId, u16)>,
    counts: Vec<(DateTime<Utc>, Series, Counts)>,
) -> BTreeMap<DateTime<Utc>, Second> {
    let new = |at| Second { at, counts: BTreeMap::new(), heard: BTreeSet::new() };
    let mut seconds: BTreeMap<DateTime<Utc>, Second> = BTreeMap::new();
    for (at, edge, _) in heard {
        seconds.entry(at).or_insert_with(|| new(at)).heard.insert(edge);
    }
    for (at, series, counts) in counts {
        seconds.entry(at).or_insert_with(|| new(at)).counts.insert(series, counts);
    }
    seconds
}

/// Lays rows out over a range without holes.
fn points(
    rows: Vec<Row>,
    heard: &BTreeSet<DateTime<Utc>>,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    resolution: Resolution,
) -> Vec<Point> {
    let step = match resolution {
        Resolution::Second => 1,
        Resolution::Minute => 60,
    };
    let mut by_time: BTreeMap<DateTime<Utc>, BTreeMap<_, Counts>> = BTreeMap::new();
    for row in rows {
        let of = by_time.entry(row.at).or_default();
        of.entry((row.service, row.version)).or_default().add(&row.counts);
    }
    let first = from.timestamp().div_euclid(step) * step;
    let first = if first < from.timestamp() { first + step } else { first };
    let ats = (first..until.timestamp()).step_by(step as usize).take(POINTS_MAX);
    ats.filter_map(|at| DateTime::from_timestamp(at, 0))
        .map(|at| {
            let counts = by_time.remove(&at);
            // Requests that are known are known, even if the edge was not heard all the second.
            let counts = counts.or_else(|| heard.contains(&at).then(BTreeMap::new));
            Point { at, counts }
        })
        .collect()
}

// A panic while holding the lock leaves whole values behind, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
    }

    #[test]
    fn a_second_without_an_edge_is_a_gap_and_a_quiet_one_is_zero() {
        let service = ServiceId::new("shop").expect("an id");
        let mut counts = Counts::default();
        counts.record(false, 5.0);
        let row = Row { at: at(11), service: service.clone(), version: "1".into(), counts };
        let heard = BTreeSet::from([at(11), at(12)]);
        let points = points(vec![row], &heard, (at(10), at(14)), Resolution::Second);
        let seen: Vec<_> = points
            .iter()
            .map(|p| p.counts.as_ref().map(|by| by.values().map(|c| c.requests).sum::<u64>()))
            .collect();
        assert_eq!(seen, [None, Some(1), Some(0), None]);
        let minutes =
            super::points(Vec::new(), &BTreeSet::new(), (at(61), at(300)), Resolution::Minute);
        let ats: Vec<_> = minutes.iter().map(|p| p.at.timestamp()).collect();
        assert_eq!(ats, [120, 180, 240]);
    }
}
