//! The last hours in a few numbers, to tell a step from a slide when it is noticed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Points that are kept, and how much time each is the mean of at least, in seconds and values.
const POINTS: usize = 64;
const POINT_SECONDS: f64 = 600.0;
const POINT_VALUES: f64 = 3.0;
/// A fall over more points than this is gradual.
const STEEP_POINTS: usize = 3;

/// Shares of what was expected, the newest last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Trail {
    length: f64,
    points: VecDeque<f64>,
    observed: f64,
    expected: f64,
    values: f64,
}

impl Trail {
    pub(super) fn new(interval_seconds: f64) -> Self {
        let length = (POINT_SECONDS / interval_seconds).round().max(POINT_VALUES);
        Self { length, points: VecDeque::new(), observed: 0.0, expected: 0.0, values: 0.0 }
    }

    pub(super) fn push(&mut self, value: f64, expected: f64) {
        self.observed += value;
        self.expected += expected;
        self.values += 1.0;
        if self.values >= self.length {
            let share = self.observed / self.expected;
            // Zero of zero is neither less nor more.
            self.points.push_back(if share.is_finite() { share } else { 1.0 });
            (self.observed, self.expected, self.values) = (0.0, 0.0, 0.0);
            while self.points.len() > POINTS {
                self.points.pop_front();
            }
        }
    }

    /// Whether the way down, from a quarter to three quarters of it, took long.
    pub(super) fn is_gradual(&self) -> bool {
        let Some(now) = self.points.iter().rev().take(2).copied().reduce(f64::min) else {
            return false;
        };
        let below = |part: f64| {
            let limit = 1.0 - part * (1.0 - now);
            self.points.iter().rev().take_while(|point| **point <= limit).count()
        };
        now < 1.0 && below(0.25).saturating_sub(below(0.75)) > STEEP_POINTS
    }

    pub(super) fn clear(&mut self) {
        self.points.clear();
        (self.observed, self.expected, self.values) = (0.0, 0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_down_is_steep_or_gradual() {
        for (shares, gradual) in [
            (&[1.0, 1.0, 1.0, 0.5, 0.5, 0.5][..], false),
            (&[1.0, 0.93, 0.86, 0.79, 0.72, 0.65, 0.58, 0.51, 0.44, 0.37], true),
            (&[1.0, 0.75, 0.5, 0.5, 0.5], false),
            (&[1.0, 1.0, 1.1], false),
            (&[], false),
        ] {
            let mut trail = Trail::new(600.0);
            for share in shares {
                (0..3).for_each(|_| trail.push(100.0 * share, 100.0));
            }
            assert_eq!(trail.is_gradual(), gradual, "{shares:?}");
        }
        let mut trail = Trail::new(60.0);
        (0..10_000).for_each(|_| trail.push(1.0, 0.0));
        assert!(trail.points.len() <= POINTS);
    }
}
