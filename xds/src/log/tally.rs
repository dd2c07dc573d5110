//! Counts by second and series, and the seconds in which each edge was heard.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use chrono::{DateTime, Utc};
use mainstay_core::id::{EdgeId, ServiceId};
use mainstay_core::routing::Routing;
use mainstay_core::traffic::{Counts, Series};

use super::addresses::{self, Addresses};

/// Counts that wait to be taken: seconds times series. Each is about half a kilobyte.
const ENTRIES_MAX: usize = 131_072;
/// The same of one edge, so that no edge can take the room of the others.
const ENTRIES_OF_EDGE_MAX: usize = ENTRIES_MAX / 8;
/// Spans of contact with one edge that wait to be taken.
const SPANS_MAX: usize = 1_024;

/// What the edges' logs told and nobody has taken yet.
#[derive(Default)]
pub struct Traffic {
    state: Mutex<State>,
    addresses: RwLock<Arc<Addresses>>,
}

#[derive(Default)]
struct State {
    counts: BTreeMap<i64, HashMap<Arc<Series>, Counts>>,
    limited: BTreeMap<(i64, EdgeId, ServiceId), u64>,
    entries: usize,
    by_edge: BTreeMap<EdgeId, usize>,
    lost: u64,
    presence: BTreeMap<EdgeId, Presence>,
}

/// What an edge keeps open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Of the discovery service; `fresh`: the edge has just been started and has nothing yet.
    Discovery { fresh: bool },
    /// Of its access log. An edge opens it with the first request that it has to tell of.
    Log,
}

/// The whole seconds in which an edge was heard: it has a log, or is connected and has had nothing
/// to log so far. One whose log broke off is not heard until it logs again, whatever else stands.
#[derive(Default)]
struct Presence {
    discovery: usize,
    logs: usize,
    broken: bool,
    /// The first whole second of the present contact; counts only while it is heard.
    since: i64,
    past: Vec<Range<i64>>,
}

/// What was counted. All seconds are Unix seconds, by the clocks of the edges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// Second, series and what happened in it. A second that was taken before can come again with
    /// what arrived late: add.
    pub counts: Vec<(i64, Arc<Series>, Counts)>,
    /// Identical requests that edges answered 429: second, edge, service, requests. They reached
    /// no version and are not among the counts.
    pub limited: Vec<(i64, EdgeId, ServiceId, u64)>,
    /// The seconds of each edge that were heard from beginning to end; all others are unknown, and
    /// of a heard one a series without counts had no requests.
    pub heard: BTreeMap<EdgeId, Vec<Range<i64>>>,
    /// Requests that were told but not counted, for there were too many series.
    pub lost: u64,
}

impl Traffic {
    /// Takes all that is counted of seconds before `before`; and the seconds heard since the last
    /// time.
    pub fn take(&self, before: i64) -> Taken {
        let mut state = self.state();
        let later = state.counts.split_off(&before);
        let counts = std::mem::replace(&mut state.counts, later);
        let limited: Vec<_> = state
            .limited
            .extract_if(.., |(second, _, _), _| *second < before)
            .map(|((second, edge, service), count)| (second, edge, service, count))
            .collect();
        let counts: Vec<_> = counts
            .into_iter()
            .flat_map(|(second, series)| {
                series.into_iter().map(move |(series, counts)| (second, series, counts))
            })
            .collect();
        state.entries -= counts.len() + limited.len();
        let edges = counts.iter().map(|(_, series, _)| &series.edge);
        for edge in edges.chain(limited.iter().map(|(_, edge, ..)| edge)) {
            if let Some(entries) = state.by_edge.get_mut(edge) {
                *entries -= 1;
            }
        }
        state.by_edge.retain(|_, entries| *entries > 0);
        let heard = state
            .presence
            .iter_mut()
            .map(|(edge, presence)| (edge.clone(), presence.take(before)))
            .filter(|(_, spans)| !spans.is_empty())
            .collect();
        state.presence.retain(|_, presence| !presence.is_over());
        Taken { counts, limited, heard, lost: std::mem::take(&mut state.lost) }
    }

    /// Counts one request.
    pub(super) fn add(&self, second: i64, series: &Arc<Series>, error: bool, latency_ms: f64) {
        let mut state = self.state();
        let state = &mut *state;
        let of_second = state.counts.entry(second).or_default();
        if let Some(counts) = of_second.get_mut(series) {
            counts.record(error, latency_ms);
        } else if has_room(&mut state.entries, &mut state.by_edge, &series.edge) {
            of_second.entry(series.clone()).or_default().record(error, latency_ms);
        } else {
            state.lost += 1;
        }
    }

    /// Counts one request that is too old to be told.
    pub(super) fn add_lost(&self) {
        self.state().lost += 1;
    }

    /// Counts one request that was answered 429.
    pub(super) fn add_limited(&self, second: i64, edge: &EdgeId, service: &ServiceId) {
        let mut state = self.state();
        let state = &mut *state;
        let key = (second, edge.clone(), service.clone());
        if let Some(count) = state.limited.get_mut(&key) {
            *count += 1;
        } else if has_room(&mut state.entries, &mut state.by_edge, edge) {
            state.limited.insert(key, 1);
        } else {
            state.lost += 1;
        }
    }

    /// Takes in where instances are.
    pub(crate) fn learn(&self, old: Option<&Routing>, new: &Routing, now: Instant) {
        if old.is_none_or(|old| addresses::differ(old, new)) {
            let mut addresses = self.addresses.write().unwrap_or_else(PoisonError::into_inner);
            Arc::make_mut(&mut addresses).learn(new, now);
        }
    }

    pub(super) fn addresses(&self) -> Arc<Addresses> {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A stream of an edge began.
    pub(crate) fn appeared(&self, edge: &EdgeId, stream: Stream, now: DateTime<Utc>) {
        let mut state = self.state();
        let presence = state.presence.entry(edge.clone()).or_default();
        presence.change(now, |presence| match stream {
            Stream::Discovery { fresh } => {
                presence.discovery += 1;
                presence.broken &= !fresh;
            }
            Stream::Log => {
                presence.logs += 1;
                presence.broken = false;
            }
        });
    }

    /// A stream of an edge ended.
    pub(crate) fn left(&self, edge: &EdgeId, stream: Stream, now: DateTime<Utc>) {
        let mut state = self.state();
        let Some(presence) = state.presence.get_mut(edge) else { return };
        presence.change(now, |presence| match stream {
            Stream::Discovery { .. } => presence.discovery = presence.discovery.saturating_sub(1),
            Stream::Log => {
                presence.logs = presence.logs.saturating_sub(1);
                presence.broken = presence.logs == 0;
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one place, if there is one left, for an edge and for all.
fn has_room(all: &mut usize, by_edge: &mut BTreeMap<EdgeId, usize>, edge: &EdgeId) -> bool {
    let own = by_edge.get(edge).copied().unwrap_or(0);
    let has_room = *all < ENTRIES_MAX && own < ENTRIES_OF_EDGE_MAX;
    if has_room {
        *all += 1;
        by_edge.insert(edge.clone(), own + 1);
    }
    has_room
}

impl Presence {
    const fn is_heard(&self) -> bool {
        self.logs > 0 || (self.discovery > 0 && !self.broken)
    }

    /// Whether nothing of it is worth remembering.
    fn is_over(&self) -> bool {
        self.discovery == 0 && self.logs == 0 && !self.broken && self.past.is_empty()
    }

    fn change(&mut self, now: DateTime<Utc>, change: impl FnOnce(&mut Self)) {
        let was_heard = self.is_heard();
        change(self);
        if !was_heard && self.is_heard() {
            // The second that is running was not heard from its beginning.
            self.since = now.timestamp() + 1;
        }
        let span = self.since..now.timestamp();
        let ended = was_heard && !self.is_heard();
        if ended && !span.is_empty() && self.past.len() < SPANS_MAX {
            self.past.push(span);
        }
    }

    fn take(&mut self, before: i64) -> Vec<Range<i64>> {
        let mut taken = Vec::new();
        for span in std::mem::take(&mut self.past) {
            let (now, later) = (span.start..span.end.min(before), span.start.max(before)..span.end);
            taken.extend((!now.is_empty()).then_some(now));
            self.past.extend((!later.is_empty()).then_some(later));
        }
        if self.is_heard() && self.since < before {
            taken.push(self.since..before);
            self.since = before;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use mainstay_core::id::DatacenterId;

    fn series(version: usize) -> Arc<Series> {
        Arc::new(Series {
            service: ServiceId::new("feed").unwrap(),
            version: version.to_string(),
            datacenter: DatacenterId::new("fra1").ok(),
            edge: EdgeId::new("edge").unwrap(),
        })
    }

    #[test]
    fn counts_are_taken_once_and_late_ones_come_again() {
        let traffic = Traffic::default();
        let (one, edge) = (series(1), series(1).edge.clone());
        traffic.add(10, &one, false, 5.0);
        traffic.add(10, &one, true, 7.0);
        traffic.add(12, &one, false, 5.0);
        traffic.add_limited(10, &edge, &one.service);
        let taken = traffic.take(12);
        assert_eq!(taken.counts.len(), 1);
        let (second, _, counts) = &taken.counts[0];
        assert_eq!((*second, counts.requests, counts.errors), (10, 2, 1));
        assert_eq!(taken.limited, [(10, edge, one.service.clone(), 1)]);
        traffic.add(10, &one, false, 5.0);
        let seconds: Vec<i64> = traffic.take(13).counts.iter().map(|(at, ..)| *at).collect();
        assert_eq!(seconds, [10, 12]);
        assert_eq!(traffic.take(i64::MAX), Taken::default());
    }

    #[test]
    fn what_does_not_fit_is_counted_as_lost() {
        let traffic = Traffic::default();
        for version in 0..ENTRIES_OF_EDGE_MAX + 2 {
            traffic.add(1, &series(version), false, 1.0);
        }
        traffic.add(1, &series(0), false, 1.0);
        // Another edge has room of its own.
        let edge = EdgeId::new("another").unwrap();
        traffic.add(1, &Arc::new(Series { edge, ..(*series(0)).clone() }), false, 1.0);
        let taken = traffic.take(2);
        assert_eq!((taken.counts.len(), taken.lost), (ENTRIES_OF_EDGE_MAX + 1, 2));
        traffic.add(2, &series(0), false, 1.0);
        assert_eq!(traffic.take(3).counts.len(), 1, "what was taken leaves room");
    }

    #[test]
    fn only_whole_seconds_of_contact_are_heard() {
        let traffic = Traffic::default();
        let edge = EdgeId::new("edge").unwrap();
        let at = |ms: i64| Utc.timestamp_millis_opt(ms).unwrap();
        let heard = |before| {
            let spans = traffic.take(before).heard.remove(&edge).unwrap_or_default();
            spans.into_iter().map(|span| (span.start, span.end)).collect::<Vec<_>>()
        };
        let discovery = Stream::Discovery { fresh: false };
        traffic.appeared(&edge, discovery, at(1_200));
        assert_eq!(heard(3), [(2, 3)], "it had nothing to log yet");
        traffic.appeared(&edge, Stream::Log, at(3_300));
        assert_eq!(heard(5), [(3, 5)]);
        traffic.left(&edge, discovery, at(5_100));
        assert_eq!(heard(6), [(5, 6)], "its log stands");
        traffic.left(&edge, Stream::Log, at(8_900));
        traffic.appeared(&edge, Stream::Log, at(8_950));
        assert_eq!(heard(7), [(6, 7)]);
        assert_eq!(heard(11), [(7, 8), (9, 11)], "the second of the change was not whole");
        traffic.left(&edge, Stream::Log, at(11_000));
        assert_eq!(heard(20), []);
    }

    #[test]
    fn an_edge_whose_log_broke_off_is_not_heard_until_it_logs_again() {
        let traffic = Traffic::default();
        let edge = EdgeId::new("edge").unwrap();
        let at = |second: i64| Utc.timestamp_opt(second, 0).unwrap();
        let heard = |before| {
            let spans = traffic.take(before).heard.remove(&edge).unwrap_or_default();
            spans.into_iter().map(|span| (span.start, span.end)).collect::<Vec<_>>()
        };
        let again = Stream::Discovery { fresh: false };
        traffic.appeared(&edge, again, at(0));
        traffic.appeared(&edge, Stream::Log, at(0));
        traffic.left(&edge, Stream::Log, at(10));
        assert_eq!(heard(20), [(1, 10)]);
        // Connecting anew mends nothing; a request that is logged, or a new start, does.
        traffic.left(&edge, again, at(21));
        traffic.appeared(&edge, again, at(22));
        assert_eq!(heard(30), []);
        traffic.appeared(&edge, Stream::Log, at(30));
        assert_eq!(heard(35), [(31, 35)]);
        traffic.left(&edge, Stream::Log, at(40));
        traffic.left(&edge, again, at(41));
        traffic.appeared(&edge, Stream::Discovery { fresh: true }, at(50));
        assert_eq!(heard(60), [(35, 40), (51, 60)]);
    }
}
