//! Evidence that piles up while values stay low.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Values of an excursion that are kept one by one.
const LATEST: usize = 32;

/// Values since the evidence was last nothing: in a cumulative sum (Page, 1954) its last zero is
/// the maximum-likelihood estimate of when the change came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Excursion {
    pub(super) evidence: f64,
    /// The highest that the evidence was.
    pub(super) peak: f64,
    pub(super) began_ms: i64,
    pub(super) values: f64,
    /// Sums over the values: distances from what was expected, in spreads; the values; and what
    /// was expected.
    pub(super) scores: f64,
    pub(super) observed: f64,
    pub(super) expected: f64,
}

impl Excursion {
    pub(super) fn push(&mut self, at_ms: i64, gain: f64, score: f64, [value, usual]: [f64; 2]) {
        if self.values == 0.0 {
            self.began_ms = at_ms;
        }
        self.evidence += gain;
        self.peak = self.peak.max(self.evidence);
        self.values += 1.0;
        self.scores += score;
        self.observed += value;
        self.expected += usual;
    }

    /// The share of what was expected that is missing.
    pub(super) fn size(&self) -> f64 {
        if self.expected > 0.0 { (1.0 - self.observed / self.expected).max(0.0) } else { 0.0 }
    }

    /// All values as one, in spreads of it (Stouffer's sum); positive below.
    pub(super) fn strength(&self) -> f64 {
        if self.values > 0.0 { (-self.scores / self.values.sqrt()).max(0.0) } else { 0.0 }
    }
}

/// The latest values of an excursion, to tell which of them are of the change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Latest {
    values: VecDeque<(i64, f64, [f64; 2])>,
}

impl Latest {
    pub(super) fn push(&mut self, at_ms: i64, score: f64, value: [f64; 2]) {
        if self.values.len() >= LATEST {
            self.values.pop_front();
        }
        self.values.push_back((at_ms, score, value));
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// The last values of the excursion that together are furthest out, at least `least` of them:
    /// where the shift is not known beforehand, the change came before these (the generalised
    /// likelihood ratio; Siegmund and Venkatraman, 1995).
    pub(super) fn of_change(&self, whole: &Excursion, least: f64) -> Excursion {
        let mut best = *whole;
        let mut part = Excursion::default();
        for (at_ms, score, value) in self.values.iter().rev() {
            part.push(*at_ms, 0.0, *score, *value);
            part.began_ms = *at_ms;
            if part.values >= least && part.strength() > best.strength() {
                best = Excursion { evidence: whole.evidence, peak: whole.peak, ..part };
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_measured_from_where_it_came() {
        let (mut whole, mut latest) = (Excursion::default(), Latest::default());
        for at in 0..100 {
            let (score, value) = if at < 97 { (-0.2, 95.0) } else { (-10.0, 20.0) };
            whole.push(at, 1.0, score, [value, 100.0]);
            latest.push(at, score, [value, 100.0]);
        }
        let change = latest.of_change(&whole, 2.0);
        assert_eq!((change.began_ms, change.values, change.evidence), (97, 3.0, 100.0));
        assert!((change.size() - 0.8).abs() < 1e-9 && whole.size() < 0.1);
        assert_eq!(latest.values.len(), LATEST);
        latest.clear();
        assert_eq!(latest.of_change(&whole, 2.0), whole);
    }
}
