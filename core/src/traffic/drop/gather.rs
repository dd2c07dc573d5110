//! Short intervals gathered to blocks: at one value a second, a single second says little.
//!
//! Invariant: a block of which less than half was seen is no data, not a small value.

use serde::{Deserialize, Serialize};

/// Intervals shorter than this, in milliseconds, are gathered to blocks of this length.
const BLOCK_MS: i64 = 5_000;

/// The block that is being gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gather {
    /// Values of a whole block; 1: values are passed on as they are.
    slots: u32,
    number: i64,
    last_ms: i64,
    sum: f64,
    count: u32,
}

impl Gather {
    pub(super) fn new(interval_seconds: f64) -> Self {
        let slots = (BLOCK_MS as f64 / (1_000.0 * interval_seconds)).floor().clamp(1.0, 5e3) as u32;
        Self { slots, number: i64::MIN, last_ms: 0, sum: 0.0, count: 0 }
    }

    /// Between values that are passed on, in seconds.
    pub(super) fn interval_seconds(&self, interval_seconds: f64) -> f64 {
        if self.slots > 1 { BLOCK_MS as f64 / 1_000.0 } else { interval_seconds }
    }

    /// Takes in a value; at most two blocks end with it, each with the time of its last value and
    /// the mean of its values.
    pub(super) fn push(&mut self, at_ms: i64, value: f64) -> [Option<(i64, f64)>; 2] {
        if self.slots <= 1 {
            return [Some((at_ms, value)), None];
        }
        let number = at_ms.div_euclid(BLOCK_MS);
        let before = if number == self.number { None } else { self.take() };
        self.number = number;
        self.last_ms = at_ms;
        self.sum += value;
        self.count += 1;
        [before, if self.count >= self.slots { self.take() } else { None }]
    }

    fn take(&mut self) -> Option<(i64, f64)> {
        let seen = 2 * self.count >= self.slots && self.count > 0;
        let block = (self.last_ms, self.sum / f64::from(self.count.max(1)));
        (self.sum, self.count) = (0.0, 0);
        seen.then_some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_blocks_and_half_of_one_is_needed() {
        let mut gather = Gather::new(1.0);
        assert_eq!(gather.interval_seconds(1.0), 5.0);
        let mut push = |second: i64, value| gather.push(second * 1_000, value);
        for second in 0..4 {
            assert_eq!(push(second, 2.0), [None, None]);
        }
        assert_eq!(push(4, 7.0), [None, Some((4_000, 3.0))]);
        // Two of five seconds are not enough, three are.
        assert_eq!(push(5, 1.0), [None, None]);
        assert_eq!(push(9, 1.0), [None, None]);
        assert_eq!(push(10, 6.0), [None, None]);
        assert_eq!(push(11, 6.0), [None, None]);
        assert_eq!(push(13, 6.0), [None, None]);
        assert_eq!(push(40, 1.0), [Some((13_000, 6.0)), None]);
    }

    #[test]
    fn longer_intervals_pass() {
        let mut gather = Gather::new(60.0);
        assert_eq!(gather.interval_seconds(60.0), 60.0);
        assert_eq!(gather.push(60_000, 3.0), [Some((60_000, 3.0)), None]);
    }
}
