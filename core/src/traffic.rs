//! What users' requests did, as the edges' own logs tell it: counts and latencies for each second.
//!
//! Invariant: a second in which an edge was not heard is missing, not zero. `Counts` of zero are
//! only ever made for a second in which the edge's log stream stood.

pub mod decision;
pub mod drop;

use serde::{Deserialize, Serialize};

use crate::id::{DatacenterId, EdgeId, ServiceId};

/// Upper bounds of the latency buckets, in milliseconds, each included; a last bucket holds what
/// is above. Steps of about a sixth: a quantile read from them is off by 8 % at most.
pub const LATENCY_BOUNDS_MS: [f64; 60] = [
    1.0, 1.2, 1.4, 1.6, 1.9, 2.2, 2.5, 2.9, 3.4, 4.0, 4.6, 5.4, 6.3, 7.3, 8.5, 10.0, 11.5, 13.5,
    15.5, 18.0, 21.0, 25.0, 29.0, 34.0, 39.0, 46.0, 53.0, 62.0, 72.0, 84.0, 98.0, 115.0, 135.0,
    155.0, 180.0, 210.0, 250.0, 290.0, 340.0, 390.0, 460.0, 530.0, 620.0, 720.0, 840.0, 980.0,
    1150.0, 1350.0, 1550.0, 1800.0, 2100.0, 2500.0, 2900.0, 3400.0, 3900.0, 4600.0, 5300.0, 6200.0,
    7200.0, 10000.0,
];
/// Buckets of a [`Histogram`]: one for each bound and one above.
pub const BUCKETS: usize = LATENCY_BOUNDS_MS.len() + 1;

/// What requests are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Series {
    pub service: ServiceId,
    /// The version that was chosen for the request, also when no instance could answer.
    pub version: String,
    /// Where it was answered; `None`: no instance was reached.
    pub datacenter: Option<DatacenterId>,
    pub edge: EdgeId,
}

/// What happened in one second (or one minute) of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub requests: u64,
    /// Of these, answered with a 5xx status or not at all.
    pub errors: u64,
    pub latency: Histogram,
}

/// Requests by latency; not cumulative. `counts[i]` is of bucket `i`, trailing zeros left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Counts {
    /// One request that took so long, from its first byte in to its last byte out.
    pub fn record(&mut self, error: bool, latency_ms: f64) {
        self.requests += 1;
        self.errors += u64::from(error);
        self.latency.record(latency_ms);
    }

    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.latency.add(&other.latency);
    }
}

impl Histogram {
    /// From counts of each bucket, at most [`BUCKETS`]; `None`: there are more.
    pub fn new(mut counts: Vec<u64>) -> Option<Self> {
        while counts.last() == Some(&0) {
            counts.pop();
        }
        (counts.len() <= BUCKETS).then_some(Self { counts })
    }

    pub fn record(&mut self, latency_ms: f64) {
        let bucket = LATENCY_BOUNDS_MS.partition_point(|bound| *bound < latency_ms);
        self.bump(bucket, 1);
    }

    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in other.counts.iter().enumerate() {
            self.bump(bucket, *count);
        }
    }

    /// Counts of each bucket, trailing zeros left out.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The latency in milliseconds that a share `q` (0 to 1) of requests does not exceed,
    /// interpolated inside its bucket; `None`: nothing was counted. Above the last bound it is
    /// the last bound.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * total as f64).max(1.0);
        let mut below = 0.0;
        for (bucket, count) in self.counts.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && below + count >= rank {
                let from = bucket.checked_sub(1).map_or(0.0, |i| LATENCY_BOUNDS_MS[i]);
                let to = LATENCY_BOUNDS_MS.get(bucket).copied().unwrap_or(from);
                return Some(from + (to - from) * (rank - below) / count);
            }
            below += count;
        }
        LATENCY_BOUNDS_MS.last().copied()
    }

    fn bump(&mut self, bucket: usize, by: u64) {
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_in_the_bucket_that_holds_it() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.95), None);
        for ms in 1..=100 {
            histogram.record(f64::from(ms));
        }
        assert_eq!(histogram.total(), 100);
        for (q, from, to) in [(0.5, 46.0, 53.0), (0.95, 84.0, 98.0), (1.0, 98.0, 115.0)] {
            let found = histogram.quantile(q).expect("something was counted");
            assert!((from..=to).contains(&found), "{q}: {found}");
        }
        histogram.record(60_000.0);
        assert_eq!(histogram.quantile(1.0), Some(10_000.0), "above the ladder is its end");
        assert!(Histogram::new(vec![1; BUCKETS]).is_some());
        assert!(Histogram::new(vec![1; BUCKETS + 1]).is_none());
    }
}
