//! Evidence that piles up while values stay low.

use serde::{Deserialize, Serialize};

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
