//! Drops of traffic: is something missing in a series of request rates, asked at every value.
//!
//! Owns what is expected of a series ([`Detector`] holds it), the tests, the life of an alarm, a
//! recorded series as a file ([`read`]) and the detector over it ([`replay`]).
//!
//! Invariants: an alarm depends on nothing later than its `at_ms`; the same values give the same
//! alarms, also if the detector was written down and read again in between; no data is not a
//! drop; memory is bounded, however long it runs.
//!
//! Must not: know why traffic is missing, or what follows from it ([`super::decision`] does).
//!
//! # What is expected
//! All is done in square roots of values: the variance of a count is then nearly the same at every
//! height (Anscombe, "The transformation of Poisson, binomial and negative-binomial data", 1948),
//! and bursts weigh less than drops. A day is cut into pieces of five minutes, or of the interval
//! if that is longer, and of each piece the median of the last seven days and of the last five
//! weeks is kept, the neighbours smoothed in; medians, for a shape must not learn from one odd day
//! (as in S-H-ESD: Hochenbaum, Vallis and Kejariwal, "Automatic anomaly detection in the cloud via
//! statistical learning", 2017). Until a weekly shape was seen three times, the lower of both
//! holds. A slow level multiplies it. The shape is used only where its errors are a quarter below
//! those of a plain mean, and where a moment was seen in two periods; times are UTC, and a slide is
//! measured against the lowest of the hours around, so that no clock needs to be put right. A local
//! level of half an hour, never above the shape, follows what users do today. Without a shape there
//! is the local level, its way down, and a slower level that knows no bursts: the end of a
//! promotion is not a drop.
//!
//! # Three tests
//! - A **cumulative sum** (Page, "Continuous inspection schemes", 1954) of log-likelihood ratios
//!   for a loss of `size_min` against the local level, in spreads that are learned for each height
//!   of the expected value by an M-estimate. Its threshold `h` is such that independent values
//!   would pass it once in ten years: the mean time to a false alarm is at least `exp(h)` values
//!   (Lorden, "Procedures for reacting to a change in distribution", 1971). Each value's part is
//!   cut, so that no single one decides. Real values depend on each other; so evidence that rose
//!   and went away by itself raises the threshold above itself, and is slowly forgotten, and each
//!   alarm raises it for some days.
//! - **Almost nothing**, some values in a row: how many depends on how rare one is at that height.
//! - **Windows** of a quarter of an hour, one hour and four (exponentially weighted means, Roberts,
//!   "Control chart tests based on geometric moving averages", 1959) against the shape itself,
//!   which find what is too slow or too small for the sum. How far each usually strays is learned
//!   from itself, so that slow noise needs no model. They wait for eight days where there is a
//!   shape, for three where there is none.
//!
//! See Tartakovsky, Nikiforov and Basseville, "Sequential analysis" (2014), for such tests in
//! general. An alarm also needs a loss of `size_min` as measured: of the sum's values since it was
//! last zero, those at the end count that together are furthest out, for the change came before
//! them (a generalised likelihood ratio: Siegmund and Venkatraman, "Using the generalized
//! likelihood ratio statistic for sequential detection of a change-point", 1995). One drop is one
//! alarm: it ends when most of the loss is back and stays, goes on if it returns soon, and settles
//! at a level that lasts: after half a day, or two days where there is a shape, and 72 values.
//!
//! # The first weeks
//! A day of the week that no week before had may be a weekend. There the local level follows
//! whatever comes, and less than 40 % missing is not told; where one week had it, less than 25 %.
//! A weekend that comes at once with more than that missing is told, once: what was never seen is
//! learned during a drop too, a collapse from its third hour on.
//!
//! # Confidence
//! `(1 - exp(-D / 3)) · n / (n + 20)`: `D` is how far all values of the drop together lie below
//! what was expected, in spreads (Stouffer's sum), divided by how many times its usual height the
//! threshold has, and `n` is how many values were seen. Three is 0.63, nine is 0.95. It orders
//! alarms; it is no probability.
//!
//! # Bounds
//! No alarm comes in the first thirty values. Intervals below five seconds are gathered to blocks
//! of five. In a series with a daily shape, the first two days have none to go by: a fall at once
//! in its evening is told as a step. The state as JSON was 323 kB at most, at intervals of one and
//! five minutes (211 kB after two weeks at a second, 33 kB at an hour).
//!
//! # Measured
//! On simulated months by minute (two humps a day, weekends at 65 % and later, slow noise of 4 %,
//! bursts, promotions, growth; `tests/src/bin/bench/detector/town.rs`), towns 9,000 and on, which
//! nothing was tuned on. Delays are to the end of the minute that told.
//!
//! - False alarms from the third week on, in 40 times 7 weeks without a failure: none a year at 60
//!   requests a minute at noon, 0.4 at 1,000 and 0.4 at 20,000 (two alarms each). In the first two
//!   weeks: none in 120.
//! - Sixty failures each, at 60, 1,000 and 20,000 a minute. Collapse: all found, half of them
//!   within 3, 3 and 2 minutes. Half lost: 58, 60 and 60 found, within 32, 4 and 3. 30 % lost: 22,
//!   60 and 60 found, within 38, 10 and 5. 20 % lost: 4, 29 and 40 found, within 76, 21 and 10. A
//!   slide by 60 % in four hours: 50, 60 and 60 found, within 231, 187 and 180.
//! - In the first week, from its sixth hour on (towns 5,000 and on, which were looked at): all of
//!   180 collapses found, half within 3 minutes; of 60 losses of half for an hour 17, 52 and 53.
//! - By the second, at 50 a second with 5 % slow and 10 % quick noise, after 10 minutes to 2 hours:
//!   all of 100 total losses found, the last after 17 s; no false alarm in 111 hours.

mod baseline;
mod detector;
mod excursion;
mod gather;
mod profile;
pub mod read;
mod replay;
mod scale;
mod stamp;
#[cfg(test)]
mod tests;
mod trail;
mod window;

use serde::{Deserialize, Serialize};

pub use detector::Detector;
pub use replay::{GAPS_MAX, Gap, GapKind, Raised, Replay, Series, replay};
pub use stamp::{Form, Stamp};

/// A share of what is expected that counts as almost nothing.
const ALMOST_NOTHING: f64 = 0.1;

/// How the detector looks. [`Settings::validate`] before use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Smallest share of the expected traffic whose lack is told; from 0.05 to 0.9.
    pub size_min: f64,
    /// How little evidence is enough: 2 asks for half of the usual, 0.5 for twice as much; from
    /// 0.2 to 5. Each step that makes it quicker makes false alarms more frequent.
    pub sensitivity: f64,
}

/// Bounds of the settings.
const SIZE_MIN: [f64; 2] = [0.05, 0.9];
const SENSITIVITY: [f64; 2] = [0.2, 5.0];

impl Default for Settings {
    fn default() -> Self {
        Self { size_min: 0.15, sensitivity: 1.0 }
    }
}

/// Why settings cannot be used; a sentence that says what to write.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}; write a number from {} to {}", bounds[0], bounds[1])]
pub struct SettingsError {
    name: &'static str,
    value: f64,
    bounds: [f64; 2],
}

impl Settings {
    /// The first setting that cannot be used, if any.
    pub fn validate(&self) -> Result<(), SettingsError> {
        for (name, value, bounds) in
            [("size_min", self.size_min, SIZE_MIN), ("sensitivity", self.sensitivity, SENSITIVITY)]
        {
            if !(bounds[0]..=bounds[1]).contains(&value) {
                return Err(SettingsError { name, value, bounds });
            }
        }
        Ok(())
    }
}

/// What kind of drop it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Almost nothing is left: at most a tenth.
    Collapse,
    /// A part went missing at once.
    Step,
    /// A part went missing little by little.
    Slide,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collapse => "collapse",
            Self::Step => "step",
            Self::Slide => "slide",
        }
    }
}

/// Traffic is missing: what was known of it when it was told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// When it was told, and when it probably began, in milliseconds since the epoch.
    pub at_ms: i64,
    pub began_ms: i64,
    pub kind: Kind,
    /// The share of the expected traffic that is missing, from 0 to 1.
    pub size: f64,
    /// From 0 to 1; see the module.
    pub confidence: f64,
    /// Means of what was expected and of what came, from `began_ms` to `at_ms` or, of what was
    /// found over a longer time, weighted to its end.
    pub expected: f64,
    pub observed: f64,
}

/// What a value brought about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    Raised(Alarm),
    /// What had just ended goes on: the same drop, not another one.
    Resumed {
        at_ms: i64,
    },
    /// Traffic was back at `at_ms`, and stayed.
    Ended {
        at_ms: i64,
    },
    /// It lasted so long that this is what is expected from now on.
    Settled {
        at_ms: i64,
    },
}

/// How a series stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Too little was seen to expect anything.
    Learning,
    Normal,
    /// `size_now`: the share that is missing by now.
    Dropped {
        alarm: Alarm,
        size_now: f64,
    },
    /// Nothing is known since the last value: neither a drop nor none.
    NoData {
        since_ms: i64,
    },
}
