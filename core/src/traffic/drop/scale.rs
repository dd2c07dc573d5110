//! How much a series varies around what is expected of it, learned as it goes.
//!
//! Owns the running estimate of one spread ([`Scale`]) and of a spread for each height of the
//! expected value ([`Spread`]). Both hold still for outliers: one value moves them by a bounded
//! step, however wild it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Residuals that are kept before the estimate begins: their median starts it.
const START: usize = 16;
/// Fewest residuals that tell anything.
const START_MIN: usize = 6;
/// What is to be learned anew counts as so many residuals.
const RELEARN: f64 = 24.0;
/// Squares are cut here, in spreads: what is further out counts no more.
const CUT: f64 = 4.0;
/// Mean of the cut square of a standard normal number: 0.9545 - 4 φ(2) + 4 · 0.0455.
const CUT_MEAN: f64 = 0.9205;
/// How the mean of cut squares answers to the logarithm of the spread: 2 E(Z²; |Z| < 2).
const CUT_SLOPE: f64 = 1.477;
/// A standard normal number is below this in size as often as above.
const NORMAL_MEDIAN: f64 = 0.6745;
/// Most heights that are told apart; octaves of the expected value.
const BANDS_MAX: usize = 24;
/// The whole counts as so many residuals of each height.
const BAND_PRIOR: f64 = 60.0;

/// A robust standard deviation: an M-estimate of scale with cut squares (Huber, "Robust
/// Statistics", 1981, chapter 5), followed by stochastic approximation (Robbins and Monro, 1951).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    start: Vec<f64>,
    spread: f64,
    seen: f64,
}

impl Scale {
    /// `memory`: of how many residuals it is the spread.
    pub(super) fn learn(&mut self, residual: f64, memory: f64) {
        self.seen += 1.0;
        if self.start.len() < START {
            self.start.push(residual.abs());
            self.spread = median(&self.start) / NORMAL_MEDIAN;
            return;
        }
        // A spread of zero would never grow again.
        let spread = self.spread.max(1e-6);
        let square = (residual / spread).powi(2).min(CUT);
        let step = 1.0 / self.seen.min(memory);
        self.spread = spread * (step * (square - CUT_MEAN) / CUT_SLOPE).exp();
    }

    /// What was learned holds no longer: it may change quickly.
    fn relearn(&mut self) {
        self.seen = self.seen.min(RELEARN);
    }

    /// `None`: too little was seen.
    pub(super) fn get(&self) -> Option<f64> {
        (self.start.len() >= START_MIN).then_some(self.spread)
    }
}

/// A spread for each height of the expected value, for nights are noisier than days, and how often
/// almost nothing came at that height.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    whole: Scale,
    bands: BTreeMap<i32, Band>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Band {
    scale: Scale,
    /// Values of late, and those among them that were almost nothing.
    seen: f64,
    low: f64,
}

impl Spread {
    /// Takes in a relative residual at a height of the expected value.
    pub(super) fn learn(&mut self, expected: f64, residual: f64, is_low: bool, memory: f64) {
        self.whole.learn(residual, memory);
        let at = octave(expected);
        if !self.bands.contains_key(&at) && self.bands.len() >= BANDS_MAX {
            let least = self.bands.iter().min_by(|a, b| a.1.seen.total_cmp(&b.1.seen));
            if let Some(least) = least.map(|(at, _)| *at) {
                self.bands.remove(&least);
            }
        }
        let band = self.bands.entry(at).or_default();
        band.scale.learn(residual, memory);
        let keep = 1.0 - 1.0 / memory;
        band.seen = band.seen * keep + 1.0;
        band.low = band.low * keep + f64::from(u8::from(is_low));
    }

    /// What was learned was against something else.
    pub(super) fn relearn(&mut self) {
        self.whole.relearn();
        self.bands.values_mut().for_each(|band| band.scale.relearn());
    }

    /// The relative spread at a height of the expected value.
    pub(super) fn at(&self, expected: f64) -> Option<f64> {
        let whole = self.whole.get()?;
        let Some(band) = self.bands.get(&octave(expected)) else { return Some(whole) };
        let own = band.scale.get().unwrap_or(whole);
        let weight = band.seen / (band.seen + BAND_PRIOR);
        Some((weight * own * own + (1.0 - weight) * whole * whole).sqrt())
    }

    /// How often almost nothing comes at this height, never zero: what was not yet seen may come.
    pub(super) fn low_share(&self, expected: f64) -> f64 {
        let (mut seen, mut low) = (0.0, 0.0);
        let at = octave(expected);
        for (_, band) in self.bands.range(at - 1..=at + 1) {
            seen += band.seen;
            low += band.low;
        }
        (low + 1.0) / (seen + 2.0)
    }
}

fn octave(expected: f64) -> i32 {
    expected.max(1e-12).log2().floor() as i32
}

/// The middle of values, the lower of two; zero of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_found_and_outliers_hardly_move_it() {
        // Quantiles of the normal distribution in a scattered order.
        let normal = [-1.28, 0.25, 0.84, -0.25, 1.28, -0.52, 0.0, 0.52, -0.84, 2.0, -2.0];
        let mut scale = Scale::default();
        for round in 0..200 {
            for value in normal {
                let outlier = round % 5 == 0 && value == 0.0;
                scale.learn(if outlier { -1e9 } else { 3.0 * value }, 1_000.0);
            }
        }
        let spread = scale.get().expect("enough was seen");
        assert!((2.7..3.8).contains(&spread), "{spread}");
    }

    #[test]
    fn a_spread_of_nothing_can_grow() {
        let mut scale = Scale::default();
        (0..100).for_each(|_| scale.learn(0.0, 200.0));
        assert!(scale.get().expect("enough was seen") < 1e-5);
        (0..2_000).for_each(|at| scale.learn(if at % 2 == 0 { 1.0 } else { -1.0 }, 200.0));
        assert!(scale.get().expect("enough was seen") > 0.5);
    }

    #[test]
    fn heights_are_told_apart_within_bounds() {
        let mut spread = Spread::default();
        assert_eq!(spread.at(1.0), None);
        for at in 0..4_000 {
            let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
            spread.learn(1.5, sign * 0.5, at % 10 == 0, 2_000.0);
            spread.learn(1_000.0, sign * 0.05, false, 2_000.0);
        }
        let (night, day) = (spread.at(1.5).unwrap(), spread.at(1_000.0).unwrap());
        assert!(night > 3.0 * day, "{night} {day}");
        assert!((0.09..0.11).contains(&spread.low_share(1.5)));
        assert!(spread.low_share(1_000.0) < 0.001);
        (0..40).for_each(|power| spread.learn(2.0_f64.powi(power), 0.1, false, 100.0));
        assert!(spread.bands.len() <= BANDS_MAX);
    }
}
