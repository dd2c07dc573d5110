//! Means over some length of time against the shape of days and weeks, and what they usually are.
//!
//! Owns one exponentially weighted mean (Roberts, 1959) and its own history: how far it goes from
//! zero says how far it usually goes, so that slow noise, which moves many values together, is
//! known without a model of it.

use serde::{Deserialize, Serialize};

use super::excursion::Excursion;
use super::scale::Scale;

/// Standardised values further out than this count as this.
const SCORE_MAX: f64 = 6.0;
/// The alarm is so many spreads of the mean out.
const SPREADS: f64 = 5.0;
/// And by so much further out than the mean ever went and came back from by itself.
const DEEPER: f64 = 1.3;
/// Readings of the mean, two in its length, before it is known.
const READINGS_MIN: f64 = 24.0;
/// Readings that its spread is learned from.
const READINGS_MEMORY: f64 = 300.0;

/// The mean of one length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    /// In values.
    length: f64,
    mean: f64,
    observed: f64,
    expected: f64,
    seen: f64,
    readings: f64,
    scale: Scale,
    /// The furthest below that it went and came back from, slowly forgotten; and this time.
    deepest: f64,
    deep: f64,
    began_ms: Option<i64>,
}

impl Window {
    pub(super) fn new(length: f64) -> Self {
        Self {
            length: length.round(),
            mean: 0.0,
            observed: 0.0,
            expected: 0.0,
            seen: 0.0,
            readings: 0.0,
            scale: Scale::default(),
            deepest: 0.0,
            deep: 0.0,
            began_ms: None,
        }
    }

    /// Takes in a value with its distance from what was expected, in spreads.
    pub(super) fn push(&mut self, at_ms: i64, score: f64, [value, expected]: [f64; 2]) {
        self.seen += 1.0;
        let share = 1.0 / self.length.min(self.seen);
        self.mean += (score.clamp(-SCORE_MAX, SCORE_MAX) - self.mean) * share;
        self.observed += (value - self.observed) * share;
        self.expected += (expected - self.expected) * share;
        if self.seen % (self.length / 2.0).round() < 0.5 && self.seen >= self.length {
            self.scale.learn(self.mean, READINGS_MEMORY);
            self.readings += 1.0;
            self.deepest *= 1.0 - 0.25 / READINGS_MEMORY;
        }
        if self.mean < -0.5 * self.spread() {
            self.began_ms.get_or_insert(at_ms);
            self.deep = self.deep.max(-self.mean);
        } else {
            self.deepest = self.deepest.max(self.deep);
            (self.deep, self.began_ms) = (0.0, None);
        }
    }

    /// How far out the mean is, as a share of where the alarm is; `None`: that is not known.
    /// A mean of fewer values than its length varies more than was learned.
    pub(super) fn evidence(&self) -> Option<f64> {
        let limit = (SPREADS * self.spread()).max(DEEPER * self.deepest);
        let is_whole = self.seen >= self.length && self.readings >= READINGS_MIN;
        (is_whole && limit > 0.0).then(|| -self.mean / limit)
    }

    /// The share of what was expected that is missing.
    pub(super) fn size(&self) -> f64 {
        if self.expected > 0.0 { 1.0 - self.observed / self.expected } else { 0.0 }
    }

    /// The mean as if it were one value.
    pub(super) fn excursion(&self, at_ms: i64) -> Excursion {
        Excursion {
            began_ms: self.began_ms.unwrap_or(at_ms),
            values: 1.0,
            scores: self.mean / self.spread().max(0.01),
            observed: self.observed,
            expected: self.expected,
            ..Excursion::default()
        }
    }

    /// The values of a drop are no history.
    pub(super) fn clear(&mut self) {
        (self.mean, self.seen, self.deep, self.began_ms) = (0.0, 0.0, 0.0, None);
    }

    /// What was learned was against another shape.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.length);
    }

    fn spread(&self) -> f64 {
        self.scale.get().unwrap_or(1.0)
    }
}
