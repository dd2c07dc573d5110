//! Plain limits: what must hold of canary by itself, and what a metric system outside answers.
//!
//! Invariant: no data and no answer are never a pass. A limit is compared with what was measured
//! and promises nothing about chance; the comparison with stable does ([`super::judge`]).

use serde::{Deserialize, Serialize};

use super::latency::Latencies;
use super::{Trace, Verdict};

/// A limit on canary's own numbers over the latest seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    #[serde(flatten)]
    pub quantity: Quantity,
    /// How long the window is, in seconds; at least 1.
    pub window_seconds: u32,
    /// Requests in the window below which nothing is said; at least 1.
    pub requests_min: u64,
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "quantity", rename_all = "snake_case")]
pub enum Quantity {
    /// At most this proportion of requests fails: 0.02 is two percent.
    Errors { most: f64 },
    /// The quantile is at most so long.
    Latency { quantile: f64, most_ms: f64 },
}

/// What a limit says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitJudgement {
    /// Never [`Verdict::Undecided`].
    pub verdict: Verdict,
    /// A proportion or milliseconds; `None`: nothing was measured.
    pub value: Option<f64>,
    /// Requests in the window.
    pub requests: u64,
}

/// Why a limit or condition cannot be used; a sentence that says what to write.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LimitError {
    #[error("a limit of {0} on the error rate means nothing; write a number from 0 to below 1")]
    Errors(f64),
    #[error("a limit of {0} ms means nothing; write a number above 0")]
    Latency(f64),
    #[error("the quantile is {0}; write a number above 0 and below 1, such as 0.95")]
    Quantile(f64),
    #[error("{0} is 0; write 1 or more, for no data never counts as good")]
    Zero(&'static str),
    #[error("the bound of a condition is not a number; write one")]
    Bound,
}

impl Limit {
    /// The first mistake, if any.
    pub fn validate(&self) -> Result<(), LimitError> {
        match self.quantity {
            Quantity::Errors { most } if !(0.0..1.0).contains(&most) => {
                return Err(LimitError::Errors(most));
            }
            Quantity::Latency { quantile, .. } if !(quantile > 0.0 && quantile < 1.0) => {
                return Err(LimitError::Quantile(quantile));
            }
            Quantity::Latency { most_ms, .. } if !(most_ms > 0.0 && most_ms.is_finite()) => {
                return Err(LimitError::Latency(most_ms));
            }
            Quantity::Errors { .. } | Quantity::Latency { .. } => {}
        }
        if self.window_seconds == 0 {
            return Err(LimitError::Zero("window_seconds"));
        }
        if self.requests_min == 0 {
            return Err(LimitError::Zero("requests_min"));
        }
        Ok(())
    }

    /// Judges the window that ends with `until`, that second included.
    pub fn judge(&self, canary: &Trace, until: i64) -> LimitJudgement {
        let from = until.saturating_sub(i64::from(self.window_seconds)).saturating_add(1);
        let (mut requests, mut errors) = (0, 0);
        let mut latencies = Latencies::new(&canary.bounds_ms);
        // A window of no second at all has no range.
        for second in canary.seconds.range(from.min(until)..=until).map(|(_, second)| second) {
            requests += second.requests;
            errors += second.errors;
            latencies.add(&second.buckets);
        }
        let measured = requests > 0;
        let (value, most) = match self.quantity {
            Quantity::Errors { most } => (measured.then(|| errors as f64 / requests as f64), most),
            Quantity::Latency { quantile, most_ms } => (latencies.quantile(quantile), most_ms),
        };
        let verdict = match value {
            _ if requests < self.requests_min => Verdict::NoData,
            None => Verdict::NotMeasured,
            Some(value) if value > most => Verdict::Fail,
            Some(_) => Verdict::Pass,
        };
        LimitJudgement { verdict, value, requests }
    }
}

/// What must hold of a value that a metric system outside (Prometheus) answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub comparison: Comparison,
    pub bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    AtMost,
    AtLeast,
}

/// What the metric system answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    Value(f64),
    /// It answered, and had no sample.
    Empty,
    /// It did not answer, or not with one number.
    Failed,
}

impl Condition {
    /// Whether the condition means anything.
    pub fn validate(&self) -> Result<(), LimitError> {
        if self.bound.is_finite() { Ok(()) } else { Err(LimitError::Bound) }
    }

    /// Not a number is what a query answers that divides nothing by nothing: no data.
    pub fn judge(&self, reading: Reading) -> Verdict {
        let value = match reading {
            Reading::Value(value) if value.is_nan() => return Verdict::NoData,
            Reading::Value(value) => value,
            Reading::Empty => return Verdict::NoData,
            Reading::Failed => return Verdict::NotMeasured,
        };
        let holds = match self.comparison {
            Comparison::AtMost => value <= self.bound,
            Comparison::AtLeast => value >= self.bound,
        };
        if holds { Verdict::Pass } else { Verdict::Fail }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Second;
    use super::*;

    fn trace(seconds: &[(i64, u64, u64, u64)]) -> Trace {
        let second = |&(at, requests, errors, slow): &(i64, u64, u64, u64)| {
            (at, Second { requests, errors, buckets: vec![requests - slow, slow] })
        };
        Trace { bounds_ms: vec![100.0, 400.0], seconds: seconds.iter().map(second).collect() }
    }

    #[test]
    fn a_limit_is_judged_over_its_window_only() {
        let canary = trace(&[(1, 100, 90, 0), (2, 100, 1, 0), (4, 100, 3, 20)]);
        let check = |quantity, window_seconds, until, expected| {
            let limit = Limit { quantity, window_seconds, requests_min: 100 };
            assert_eq!(limit.validate(), Ok(()));
            let judged = limit.judge(&canary, until);
            assert_eq!((judged.verdict, judged.requests), expected, "{limit:?} {judged:?}");
        };
        let errors = Quantity::Errors { most: 0.02 };
        check(errors, 3, 4, (Verdict::Pass, 200));
        check(errors, 4, 4, (Verdict::Fail, 300));
        check(errors, 1, 3, (Verdict::NoData, 0));
        check(errors, 1, i64::MIN, (Verdict::NoData, 0));
        let latency = |most_ms| Quantity::Latency { quantile: 0.95, most_ms };
        check(latency(300.0), 1, 4, (Verdict::Fail, 100));
        check(latency(300.0), 3, 4, (Verdict::Pass, 200));
        let bare = Trace { bounds_ms: Vec::new(), ..canary.clone() };
        let limit = Limit { quantity: latency(300.0), window_seconds: 1, requests_min: 1 };
        assert_eq!(limit.judge(&bare, 4).verdict, Verdict::NotMeasured);
    }

    #[test]
    fn a_limit_that_means_nothing_is_refused() {
        let of = |quantity| Limit { quantity, window_seconds: 1, requests_min: 1 }.validate();
        assert_eq!(of(Quantity::Errors { most: 2.0 }), Err(LimitError::Errors(2.0)));
        assert!(of(Quantity::Errors { most: f64::NAN }).is_err());
        assert!(of(Quantity::Latency { quantile: 95.0, most_ms: 1.0 }).is_err());
        assert!(of(Quantity::Latency { quantile: 0.5, most_ms: 0.0 }).is_err());
        let errors = Quantity::Errors { most: 0.0 };
        for (window_seconds, requests_min) in [(0, 1), (1, 0)] {
            assert!(Limit { quantity: errors, window_seconds, requests_min }.validate().is_err());
        }
    }

    #[test]
    fn no_answer_is_never_a_pass() {
        let most = Condition { comparison: Comparison::AtMost, bound: 2.0 };
        let least = Condition { comparison: Comparison::AtLeast, bound: 2.0 };
        for (reading, at_most, at_least) in [
            (Reading::Value(1.0), Verdict::Pass, Verdict::Fail),
            (Reading::Value(2.0), Verdict::Pass, Verdict::Pass),
            (Reading::Value(f64::INFINITY), Verdict::Fail, Verdict::Pass),
            (Reading::Value(f64::NAN), Verdict::NoData, Verdict::NoData),
            (Reading::Empty, Verdict::NoData, Verdict::NoData),
            (Reading::Failed, Verdict::NotMeasured, Verdict::NotMeasured),
        ] {
            assert_eq!((most.judge(reading), least.judge(reading)), (at_most, at_least));
        }
        assert!(Condition { bound: f64::NAN, ..most }.validate().is_err());
    }
}
