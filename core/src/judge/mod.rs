//! The judge of rollouts: is the new version worse than the stable one, asked at every second.
//!
//! Owns the sequential test of errors and latencies ([`judge`]), what it can detect
//! ([`detectable`]), plain limits ([`limit`]) and its file format ([`read`]).
//!
//! Invariants: the same traces and settings give the same judgement; nothing that came later
//! changes when a canary failed; too little data is never a pass.
//!
//! Must not: know of weights, steps or what follows from a verdict; that is the rollout's matter.
//!
//! # Why it may look at every second
//! In a second let `n` requests go to canary and `m` to stable, and let a request have the event
//! that is counted (an error, say) with probability `p` on canary and `r` on stable; both may
//! change from second to second, as traffic does. Let `X` and `Y` be the events counted. With
//! `w = n / (n + m)` and a bet on a ratio of rates `ρ`, write `D = 1 + (ρ - 1) w`,
//! `g = (ρ - 1) / D`, `v = n m / (n + m)`. The factor of the second,
//!
//! ```text
//! F = (ρ / D)^X · (1 / D)^Y · exp(-g v δ),    note ρ / D = 1 + g (1 - w) and 1 / D = 1 - g w,
//! ```
//!
//! has a mean of at most one if `p - r <= δ` and `ρ > 1`: `E (1 + g (1 - w))^X` is
//! `(1 + g (1 - w) p)^n <= exp(g v p)`, since `(1 - w) n = v`, and in the same way
//! `E (1 - g w)^Y <= exp(-g v r)`, since `w m = v`. For `ρ < 1` it holds if `p - r >= δ`. So the
//! product of all factors is a supermartingale that begins at one, and so is a mixture of such
//! products for several `ρ`. By Ville's inequality such a process ever reaches `1 / α` with a
//! probability of at most `α`: looking every second, or stopping when one likes, costs nothing.
//! Nothing is assumed about how high `r` is or how it moves, nor that the weight stays.
//!
//! - **Fail**: the mixture over `ρ > 1` reaches `1 / α` for `δ = 0`. It is then certain that
//!   canary was worse. To tell nobody of what no user feels, the regression as measured must also
//!   have a size (`error_floor`, `latency_floor`); that only makes failing rarer.
//! - **Pass**: at the end the mixture over `ρ < 1` stands above `1 / β` for `δ` = the tolerance:
//!   whatever regression there is, it is smaller than is tolerated.
//! - The bounds of the difference are all `δ` that are not rejected so. With a steady weight the
//!   difference they bound is its average over the seconds, each weighted with `v`.
//!
//! For `δ = 0` and given `X + Y`, this is the conditional test of two Poisson processes in Lindon
//! and Malek, "Anytime-valid inference for multinomial count data" (2022), which Lindon, Sanden
//! and Shirikian, "Rapid regression detection in software deployments through sequential testing"
//! (2022), put to this use; there the prior is a Dirichlet one, here a grid of ratios whose share
//! may change from second to second. The `exp(-g v δ)`, which lets it bound an absolute
//! difference without knowing `r`, is derived above.
//!
//! **Latency** is the same test: the event is "took longer than the threshold", the threshold the
//! bucket bound next to stable's own quantile over the seconds *before*, so that it is chosen
//! without knowledge of what it is applied to. The bounds on the share of slow requests are told as
//! relative changes of latency by way of stable's histogram (how many more requests would be above
//! the threshold if each took so much longer). The test does not depend on this translation,
//! the tolerance does, by the width of a bucket. It also never lets the slow share more than
//! double.
//!
//! # What it takes for granted
//! That requests fail or are slow independently of each other, given how likely that is in their
//! second. What moves both versions alike (a slow database) is covered. What makes a burst on one
//! side only (a pause of one instance) is not: no test on counts can tell one burst from a worse
//! version. Two guards make it harmless in most cases, and both only ever lower the evidence, so
//! that the promise stands where requests are independent: one second's gain is capped, so that a
//! regression must have shown in at least three; and gains are divided by how much more events
//! varied in the seconds before than independent ones would (a power `1/φ <= 1` of a factor with
//! mean one has a mean of at most one, by Jensen's inequality).

mod detect;
mod evidence;
mod latency;
pub mod limit;
mod metric;
pub mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::traffic::{Counts, LATENCY_BOUNDS_MS};

pub use detect::{Detectable, Expected, detectable};
pub use latency::Latencies;

use metric::Judge;

/// What one side's users saw, second by second. A second that nobody observed is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Upper bounds of the latency buckets in milliseconds, rising, each included; empty: latency
    /// was not measured.
    pub bounds_ms: Vec<f64>,
    /// By Unix time, or seconds since any other instant that both sides share.
    pub seconds: BTreeMap<i64, Second>,
}

/// One second of a [`Trace`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    pub requests: u64,
    /// Of these, failed.
    pub errors: u64,
    /// Requests in each latency bucket, not cumulative; the last bucket, above all bounds, and
    /// trailing zeros may be left out.
    pub buckets: Vec<u64>,
}

impl FromIterator<(i64, Counts)> for Trace {
    /// Counts of the same second are added.
    fn from_iter<T: IntoIterator<Item = (i64, Counts)>>(counts: T) -> Self {
        let mut sums: BTreeMap<i64, Counts> = BTreeMap::new();
        for (second, more) in counts {
            sums.entry(second).or_default().add(&more);
        }
        let seconds = sums.into_iter().map(|(at, counts)| (at, Second::from(&counts))).collect();
        Self { bounds_ms: LATENCY_BOUNDS_MS.to_vec(), seconds }
    }
}

impl From<&Counts> for Second {
    fn from(counts: &Counts) -> Self {
        let Counts { requests, errors, latency } = counts;
        Self { requests: *requests, errors: *errors, buckets: latency.counts().to_vec() }
    }
}

/// How the judge judges one step. [`Settings::validate`] before use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How often a canary that is no worse may fail, over all looks and metrics; in (0, 1). A
    /// rollout of several steps gives each its part of this.
    pub alpha: f64,
    /// How often a canary that is worse than tolerated in a metric may pass; in (0, 1).
    pub beta: f64,
    /// Surplus of the error proportion below which a canary passes: 0.005 is half a percentage
    /// point; in (0, 1).
    pub error_tolerance: f64,
    /// Surplus of the error proportion below which a canary does not fail; from 0, below 1.
    pub error_floor: f64,
    /// Relative growth of a latency quantile below which a canary passes: 0.2 is a fifth longer;
    /// in (0, 10].
    pub latency_tolerance: f64,
    /// Relative growth of a latency quantile below which a canary does not fail; from 0 to 10.
    pub latency_floor: f64,
    /// Latency quantiles that are judged, each in (0, 1): 0.95 is p95; at most four.
    pub quantiles: Vec<f64>,
    /// Requests that each side needs for any verdict but fail; at least 1.
    pub requests_min: u64,
}

/// Most latency quantiles that one judgement compares.
pub const QUANTILES_MAX: usize = 4;
/// Largest tolerance and floor of a latency.
const GROWTH_MAX: f64 = 10.0;

impl Default for Settings {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            beta: 0.05,
            error_tolerance: 0.005,
            error_floor: 0.000_1,
            latency_tolerance: 0.2,
            latency_floor: 0.05,
            quantiles: vec![0.95],
            requests_min: 100,
        }
    }
}

/// Why settings cannot be used; a sentence that says what to write.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    #[error("{name} is {value}; write a number above 0 and below 1, such as {example}")]
    NotAProportion { name: &'static str, value: f64, example: f64 },
    #[error("{name} is {value}; write 0 or more, and at most {most}")]
    OutOfRange { name: &'static str, value: f64, most: f64 },
    #[error("latency_tolerance is {0}; write a number above 0 and at most {GROWTH_MAX}")]
    Tolerance(f64),
    #[error("{name} is {floor} and not below {name_above}, which is {above}; write less")]
    FloorAboveTolerance { name: &'static str, floor: f64, name_above: &'static str, above: f64 },
    #[error("{0} quantiles are given; write at most {QUANTILES_MAX}, each once")]
    Quantiles(usize),
    #[error("requests_min is 0; write 1 or more, for no data never counts as good")]
    NoMinimum,
}

impl Settings {
    /// The first setting that cannot be used, if any.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let quantiles = self.quantiles.iter().map(|quantile| ("a quantile", *quantile, 0.95));
        let proportions = [
            ("alpha", self.alpha, 0.01),
            ("beta", self.beta, 0.05),
            ("error_tolerance", self.error_tolerance, 0.005),
        ];
        for (name, value, example) in proportions.into_iter().chain(quantiles) {
            if !(value > 0.0 && value < 1.0) {
                return Err(SettingsError::NotAProportion { name, value, example });
            }
        }
        let floors = [
            ("error_floor", self.error_floor, 1.0, "error_tolerance", self.error_tolerance),
            (
                "latency_floor",
                self.latency_floor,
                GROWTH_MAX,
                "latency_tolerance",
                self.latency_tolerance,
            ),
        ];
        if !(self.latency_tolerance > 0.0 && self.latency_tolerance <= GROWTH_MAX) {
            return Err(SettingsError::Tolerance(self.latency_tolerance));
        }
        for (name, floor, most, name_above, above) in floors {
            if !(0.0..=most).contains(&floor) {
                return Err(SettingsError::OutOfRange { name, value: floor, most });
            }
            if floor >= above {
                return Err(SettingsError::FloorAboveTolerance { name, floor, name_above, above });
            }
        }
        let twice =
            (1..self.quantiles.len()).any(|at| self.quantiles[..at].contains(&self.quantiles[at]));
        if twice || self.quantiles.len() > QUANTILES_MAX {
            return Err(SettingsError::Quantiles(self.quantiles.len()));
        }
        if self.requests_min == 0 {
            return Err(SettingsError::NoMinimum);
        }
        Ok(())
    }
}

/// What the judge says. Only [`Verdict::Pass`] promotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Any regression there may be is smaller than is tolerated.
    Pass,
    /// Canary is worse.
    Fail,
    /// Neither is certain so far.
    Undecided,
    /// One side had no or hardly any requests.
    NoData,
    /// It could not be asked or compared.
    NotMeasured,
}

impl Verdict {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
            Self::NoData => "no_data",
            Self::NotMeasured => "not_measured",
        }
    }

    /// The verdict of several in sum: the one furthest from a pass; of none it is
    /// [`Verdict::NoData`].
    pub fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let gravity = |verdict: &Self| match verdict {
            Self::Pass => 0,
            Self::Undecided => 1,
            Self::NoData => 2,
            Self::NotMeasured => 3,
            Self::Fail => 4,
        };
        verdicts.into_iter().max_by_key(gravity).unwrap_or(Self::NoData)
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "metric", rename_all = "snake_case")]
pub enum Metric {
    /// The proportion of requests that failed; differences are absolute (0.01: one percentage
    /// point).
    Errors,
    /// A latency quantile in milliseconds; differences are relative (0.1: a tenth longer).
    Latency { quantile: f64 },
}

/// The verdict on a step, with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The sum of all metrics: [`Verdict::of_all`].
    pub verdict: Verdict,
    /// When it fell. A fail: the second in which it became certain, whatever came later. A pass:
    /// the second since which every metric has been within its tolerance without a break.
    /// `None`: it has not fallen.
    pub at_second: Option<i64>,
    /// The first and last second that both sides have; `None`: there is none.
    pub from_second: Option<i64>,
    pub to_second: Option<i64>,
    /// How many seconds both sides have.
    pub seconds: u64,
    pub alpha: f64,
    pub metrics: Vec<MetricJudgement>,
}

/// The verdict on one metric. Its numbers are those of the seconds that both sides have, up to the
/// second of a fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricJudgement {
    #[serde(flatten)]
    pub metric: Metric,
    pub verdict: Verdict,
    /// As in [`Judgement`].
    pub at_second: Option<i64>,
    /// Proportion of errors, weighted so that both sides' seconds count alike, or milliseconds, in
    /// seconds in which both sides had requests; `None`: there are none.
    pub stable: Option<f64>,
    pub canary: Option<f64>,
    /// Bounds of canary's difference from stable, absolute or relative as [`Metric`] says. The
    /// lower one is wrong in at most `alpha` (split over the metrics) of all cases, the upper one
    /// in `beta`, at whichever second one looks. `None`: no bound.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Difference that passes if the upper bound is below it: that of the settings, of latencies
    /// less where twice as many requests would be slow before.
    pub tolerance: f64,
    pub stable_requests: u64,
    pub canary_requests: u64,
    /// How many of the side with fewer were compared, which is held against the least number of
    /// [`Settings`]: latencies are from when stable has shown what is slow. `None`: of a time when
    /// it was not told.
    #[serde(default)]
    pub compared_requests: Option<u64>,
    /// Errors, or requests above the threshold, among those that could be compared.
    pub stable_events: u64,
    pub canary_events: u64,
    /// About how many requests canary needs in all to pass, if it is as good as stable; `None`:
    /// decided, or nothing to reckon from.
    pub needed_requests: Option<u64>,
}

/// Judges a canary by the seconds that both traces have. A second that only one has tells nothing
/// and is left out. Latency is judged if one of the traces has buckets; if they are not the same
/// buckets, it is [`Verdict::NotMeasured`].
///
/// Call it as often as you like with longer traces: a fail stays, at the same second. Do not act on
/// a pass before the step's watch time is over.
pub fn judge(stable: &Trace, canary: &Trace, settings: &Settings) -> Judgement {
    let mut judge = Judge::new(stable, canary, settings);
    let mut at = None;
    let mut seconds = 0;
    for (second, ours) in &canary.seconds {
        let Some(theirs) = stable.seconds.get(second) else { continue };
        judge.push(*second, theirs, ours);
        seconds += 1;
        at = Some((at.map_or(*second, |(from, _)| from), *second));
    }
    let metrics = judge.finish();
    let verdict = Verdict::of_all(metrics.iter().map(|metric| metric.verdict));
    let fell = metrics.iter().filter(|metric| metric.verdict == verdict);
    let fell = fell.filter_map(|metric| metric.at_second);
    let at_second = match verdict {
        Verdict::Fail => fell.min(),
        Verdict::Pass => fell.max(),
        Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured => None,
    };
    Judgement {
        verdict,
        at_second,
        from_second: at.map(|(from, _)| from),
        to_second: at.map(|(_, to)| to),
        seconds,
        alpha: settings.alpha,
        metrics,
    }
}
