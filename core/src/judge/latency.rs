//! Latencies in buckets: quantiles, and what a change of the share of slow requests means in
//! milliseconds.
//!
//! Must not: decide anything; that is [`super::Evidence`]'s matter.

use serde::{Deserialize, Serialize};

use super::evidence::halve;

/// A ratio of latencies beyond this, or below its inverse, is told as "no bound".
const RATIO_MAX: f64 = 16.0;

/// How many requests took how long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Upper bounds of the buckets in milliseconds, rising, each included.
    pub bounds_ms: Vec<f64>,
    /// Requests in each bucket, not cumulative, the last one above all bounds; trailing zeros may
    /// be left out.
    pub counts: Vec<u64>,
}

impl Latencies {
    pub(super) fn new(bounds_ms: &[f64]) -> Self {
        Self { bounds_ms: bounds_ms.to_vec(), counts: vec![0; bounds_ms.len() + 1] }
    }

    pub(super) fn add(&mut self, counts: &[u64]) {
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The latency in milliseconds that a share `q` of requests does not exceed, interpolated
    /// inside its bucket; above the last bound it is the last bound; `None`: nothing was counted,
    /// or there are no bounds.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let total = self.total();
        if total == 0 || self.bounds_ms.is_empty() {
            return None;
        }
        let rank = (q * total as f64).max(1.0);
        let mut below = 0.0;
        for (bucket, count) in self.counts.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && below + count >= rank {
                let from = bucket.checked_sub(1).map_or(0.0, |before| self.bounds_ms[before]);
                let to = self.bounds_ms.get(bucket).copied().unwrap_or(from);
                return Some(from + (to - from) * (rank - below) / count);
            }
            below += count;
        }
        self.bounds_ms.last().copied()
    }

    /// The bound that a share nearest to `1 - q` of requests exceeds.
    pub(super) fn threshold(&self, q: f64) -> Option<usize> {
        let total = self.total() as f64;
        let mut above = total;
        let mut best = None;
        for (bound, count) in self.counts.iter().enumerate().take(self.bounds_ms.len()) {
            above -= *count as f64;
            let off = (above / total - (1.0 - q)).abs();
            if best.is_none_or(|(least, _)| off < least) {
                best = Some((off, bound));
            }
        }
        best.map(|(_, bound)| bound)
    }

    /// The share of requests above so many milliseconds. Inside a bucket its logarithm falls in
    /// proportion to that of the latency, as tails do; towards none and from zero on it falls
    /// straight. What is above the last bound is taken to be far above.
    pub(super) fn share_above(&self, ms: f64) -> f64 {
        let bucket = self.bounds_ms.partition_point(|bound| *bound < ms);
        let total = (self.total() as f64).max(1.0);
        let above = |bucket: usize| {
            let counts = self.counts.iter().skip(bucket);
            counts.sum::<u64>() as f64 / total
        };
        let (high, low) = (above(bucket), above(bucket + 1));
        match (bucket.checked_sub(1), self.bounds_ms.get(bucket)) {
            (_, None) => high,
            (None, Some(to)) => low + (high - low) * (1.0 - ms / to),
            (Some(before), Some(to)) => {
                let left = (to / ms).ln() / (to / self.bounds_ms[before]).ln();
                if low > 0.0 { low * (high / low).powf(left) } else { high * left }
            }
        }
    }

    /// By how much the share of requests above a bound grows if each takes `ratio` times as long.
    pub(super) fn surplus(&self, bound: usize, ratio: f64) -> f64 {
        let at = self.bounds_ms[bound];
        self.share_above(at / ratio) - self.share_above(at)
    }
}

/// The relative change of latency (0.1: a tenth longer) at which `surplus_at(ratio)` is `surplus`;
/// `None`: none in reach.
pub(super) fn change(surplus: f64, surplus_at: impl Fn(f64) -> f64) -> Option<f64> {
    let end = RATIO_MAX.ln();
    let (low, high) = halve(-end, end, |log_ratio| surplus_at(log_ratio.exp()) < surplus);
    // On an end, no ratio in reach turned the answer.
    (low < high).then(|| high.exp() - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surplus_and_a_change_are_each_others_inverse() {
        let bounds: Vec<f64> = (0..40).map(|step| 1.16_f64.powi(step)).collect();
        let counts = (0..40).map(|step: i32| 1000 / (1 + (step - 20).pow(2) as u64)).collect();
        let latencies = Latencies { bounds_ms: bounds, counts };
        let bound = latencies.threshold(0.95).expect("there are bounds");
        for ratio in [0.7, 0.9, 1.0, 1.05, 1.2, 2.0] {
            let surplus = latencies.surplus(bound, ratio);
            let found = change(surplus, |ratio| latencies.surplus(bound, ratio));
            assert!((found.expect("in reach") + 1.0 - ratio).abs() < 1e-6, "{ratio}: {found:?}");
        }
        assert_eq!(change(2.0, |ratio| latencies.surplus(bound, ratio)), None);
        assert_eq!(change(-2.0, |ratio| latencies.surplus(bound, ratio)), None);
    }

    #[test]
    fn the_threshold_is_the_bound_nearest_to_the_quantile() {
        let bounds_ms = vec![5.0, 10.0, 20.0];
        for (counts, q, expected) in [
            (vec![50, 44, 5, 1], 0.95, 1),
            (vec![50, 44, 5, 1], 0.5, 0),
            (vec![0, 100], 0.95, 1),
            (vec![0, 0, 0, 100], 0.95, 0),
        ] {
            let latencies = Latencies { bounds_ms: bounds_ms.clone(), counts };
            assert_eq!(latencies.threshold(q), Some(expected), "{latencies:?}");
        }
        assert_eq!(Latencies::default().threshold(0.5), None);
    }
}
