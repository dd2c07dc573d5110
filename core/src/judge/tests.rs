//! Simulated rollouts, with fixed seeds: how often the judge errs, and when it sees what.

use super::*;

/// A small generator of known quality (SplitMix64; Steele, Lea, Flood, 2014).
pub(super) struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Binomial, by skipping from success to success.
    fn count(&mut self, of: u64, probability: f64) -> u64 {
        if probability <= 0.0 {
            return 0;
        }
        if probability >= 1.0 {
            return of;
        }
        let (mut at, mut found) = (0.0, 0);
        loop {
            at += ((1.0 - self.roll()).ln() / (1.0 - probability).ln()).floor() + 1.0;
            if at > of as f64 {
                return found;
            }
            found += 1;
        }
    }
}

#[test]
fn five_times_the_errors_fail() {
    let mut dice = Dice(7);
    let mut stable = Trace::default();
    let mut canary = Trace::default();
    for at in 0..300 {
        for (trace, requests, p) in [(&mut stable, 90, 0.01), (&mut canary, 10, 0.05)] {
            let errors = dice.count(requests, p);
            trace.seconds.insert(at, Second { requests, errors, buckets: Vec::new() });
        }
    }
    let judged = judge(&stable, &canary, &Settings::default());
    assert_eq!(judged.verdict, Verdict::Fail);
}
