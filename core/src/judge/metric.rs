//! The course of each metric through the seconds of a step.
//!
//! Owns what counts as an event of each metric, the floors and tolerances, and when a verdict
//! fell. Must not: do statistics; that is [`Evidence`]'s matter.

use super::detect::requests_to_pass;
use super::evidence::{Cell, Evidence};
use super::latency::{Latencies, change};
use super::{Metric, MetricJudgement, Second, Settings, Trace, Verdict};

/// Stable's requests from which a first threshold is taken.
pub(super) const WARM_UP_REQUESTS: u64 = 100;

/// All metrics of a step.
#[derive(Debug)]
pub(super) struct Judge {
    requests_min: u64,
    beta: f64,
    errors: Course<Errors>,
    latencies: Vec<Course<Slow>>,
    /// The latency quantiles that cannot be compared.
    not_measured: Vec<MetricJudgement>,
}

impl Judge {
    pub(super) fn new(stable: &Trace, canary: &Trace, settings: &Settings) -> Self {
        let measured = !stable.bounds_ms.is_empty() || !canary.bounds_ms.is_empty();
        let comparable = measured && stable.bounds_ms == canary.bounds_ms;
        let quantiles = if measured { settings.quantiles.as_slice() } else { &[] };
        let alpha = settings.alpha / (1 + quantiles.len()) as f64;
        let evidence = || Evidence::new(alpha, settings.beta);
        let errors = Errors { floor: settings.error_floor, tolerance: settings.error_tolerance };
        let slow = |quantile: &f64| Slow {
            quantile: *quantile,
            floor: settings.latency_floor,
            tolerance: settings.latency_tolerance,
            stable: Latencies::new(&stable.bounds_ms),
            canary: Latencies::new(&stable.bounds_ms),
            weights: vec![0.0; stable.bounds_ms.len()],
        };
        let (judged, not) = if comparable { (quantiles, &[][..]) } else { (&[][..], quantiles) };
        Self {
            requests_min: settings.requests_min,
            beta: settings.beta,
            errors: Course::new(errors, evidence()),
            latencies: judged.iter().map(|at| Course::new(slow(at), evidence())).collect(),
            not_measured: not
                .iter()
                .map(|quantile| not_measured(*quantile, settings.latency_tolerance))
                .collect(),
        }
    }

    pub(super) fn push(&mut self, at: i64, stable: &Second, canary: &Second) {
        self.errors.push(at, stable, canary);
        for latency in &mut self.latencies {
            latency.push(at, stable, canary);
        }
    }

    pub(super) fn finish(self) -> Vec<MetricJudgement> {
        let (min, beta) = (self.requests_min, self.beta);
        let latencies = self.latencies.iter().map(|latency| latency.judgement(min, beta));
        let mut all = vec![self.errors.judgement(min, beta)];
        all.extend(latencies);
        all.extend(self.not_measured);
        all
    }
}

/// What is counted of a metric. There are two: errors and slow requests.
trait Measure {
    fn metric(&self) -> Metric;
    /// The difference that passes if the upper bound is below it.
    fn tolerance(&self) -> f64;
    /// Requests and events of both sides in a second, and the bound that made them events.
    /// `None`: nothing can be counted yet.
    fn count(&self, stable: &Second, canary: &Second) -> Option<Count>;
    /// Takes in a second, also one that could not be counted.
    fn learn(&mut self, stable: &Second, canary: &Second, counted: Option<(&Count, f64)>);
    /// Whether the regression as measured is large enough to matter.
    fn matters(&self, evidence: &Evidence) -> bool;
    /// Whether the difference as measured is tolerable.
    fn tolerable(&self) -> bool;
    /// The tolerated surplus of the proportion of events.
    fn surplus(&self) -> f64;
    /// Values of stable and canary.
    fn values(&self, evidence: &Evidence) -> Option<(f64, f64)>;
    /// A difference of proportions in the metric's own terms.
    fn difference(&self, surplus: f64) -> Option<f64>;
}

struct Count {
    stable: (u64, u64),
    canary: (u64, u64),
    bound: Option<usize>,
}

/// A metric's way through the seconds.
#[derive(Debug)]
struct Course<M> {
    measure: M,
    evidence: Evidence,
    /// Of stable and canary, also while one of them was silent.
    requests: (u64, u64),
    /// Requests and events that were compared.
    stable: (u64, u64),
    canary: (u64, u64),
    failed_at: Option<i64>,
    within_since: Option<i64>,
}

impl<M: Measure> Course<M> {
    fn new(measure: M, evidence: Evidence) -> Self {
        let none = (0, 0);
        Self {
            measure,
            evidence,
            requests: none,
            stable: none,
            canary: none,
            failed_at: None,
            within_since: None,
        }
    }

    fn push(&mut self, at: i64, stable: &Second, canary: &Second) {
        if self.failed_at.is_some() {
            return;
        }
        self.requests.0 += stable.requests;
        self.requests.1 += canary.requests;
        if stable.requests == 0 || canary.requests == 0 {
            return;
        }
        let counted = self.measure.count(stable, canary);
        let weight = counted.as_ref().map(|count| self.take(count));
        self.measure.learn(stable, canary, counted.as_ref().zip(weight));
        if self.evidence.is_worse() && self.measure.matters(&self.evidence) {
            self.failed_at = Some(at);
        }
        let within = self.evidence.is_within(self.measure.surplus()) && self.measure.tolerable();
        self.within_since = within.then(|| self.within_since.unwrap_or(at));
    }

    fn take(&mut self, count: &Count) -> f64 {
        for (sum, more) in [(&mut self.stable, count.stable), (&mut self.canary, count.canary)] {
            *sum = (sum.0 + more.0, sum.1 + more.1);
        }
        self.evidence.push(Cell {
            canary: count.canary.0 as f64,
            canary_events: count.canary.1 as f64,
            stable: count.stable.0 as f64,
            stable_events: count.stable.1 as f64,
        })
    }

    fn judgement(&self, requests_min: u64, beta: f64) -> MetricJudgement {
        let fewer = self.stable.0.min(self.canary.0);
        let few = fewer < requests_min;
        let (verdict, at_second) = match (self.failed_at, few, self.within_since) {
            (Some(at), _, _) => (Verdict::Fail, Some(at)),
            (None, true, _) => (Verdict::NoData, None),
            (None, false, Some(at)) => (Verdict::Pass, Some(at)),
            (None, false, None) => (Verdict::Undecided, None),
        };
        let open = matches!(verdict, Verdict::Undecided | Verdict::NoData);
        let values = self.measure.values(&self.evidence);
        let compared = self.evidence.proportions().is_some();
        let bound = |surplus: f64| {
            let inside = compared && surplus.abs() < 1.0;
            inside.then(|| self.measure.difference(surplus)).flatten()
        };
        MetricJudgement {
            metric: self.measure.metric(),
            verdict,
            at_second,
            stable: values.map(|(stable, _)| stable),
            canary: values.map(|(_, canary)| canary),
            lower: bound(self.evidence.lower()),
            upper: bound(self.evidence.upper()),
            tolerance: self.measure.tolerance(),
            stable_requests: self.requests.0,
            canary_requests: self.requests.1,
            compared_requests: Some(fewer),
            stable_events: self.stable.1,
            canary_events: self.canary.1,
            needed_requests: open.then(|| self.needed(requests_min, beta)).flatten(),
        }
    }

    fn needed(&self, requests_min: u64, beta: f64) -> Option<u64> {
        let (stable, _) = self.evidence.proportions()?;
        let share = self.canary.0 as f64 / (self.canary.0 + self.stable.0) as f64;
        let needed = requests_to_pass(beta, stable, share, self.measure.surplus())?;
        Some(needed.max(requests_min))
    }
}

/// Requests that failed.
#[derive(Debug)]
struct Errors {
    floor: f64,
    tolerance: f64,
}

impl Measure for Errors {
    fn metric(&self) -> Metric {
        Metric::Errors
    }

    fn tolerance(&self) -> f64 {
        self.tolerance
    }

    fn count(&self, stable: &Second, canary: &Second) -> Option<Count> {
        let side = |second: &Second| (second.requests, second.errors);
        Some(Count { stable: side(stable), canary: side(canary), bound: None })
    }

    fn learn(&mut self, _: &Second, _: &Second, _: Option<(&Count, f64)>) {}

    fn matters(&self, evidence: &Evidence) -> bool {
        evidence.proportions().is_some_and(|(stable, canary)| canary - stable >= self.floor)
    }

    fn tolerable(&self) -> bool {
        true
    }

    fn surplus(&self) -> f64 {
        self.tolerance
    }

    fn values(&self, evidence: &Evidence) -> Option<(f64, f64)> {
        evidence.proportions()
    }

    fn difference(&self, surplus: f64) -> Option<f64> {
        Some(surplus)
    }
}

/// Requests slower than stable's quantile.
#[derive(Debug)]
struct Slow {
    quantile: f64,
    floor: f64,
    tolerance: f64,
    stable: Latencies,
    canary: Latencies,
    /// For each bound, the weight of the seconds of which it was the threshold.
    weights: Vec<f64>,
}

impl Slow {
    /// By how much the share of slow requests would grow if each took `ratio` times as long.
    fn surplus_at(&self, ratio: f64) -> f64 {
        let used = self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
        let (sum, weights) = used.fold((0.0, 0.0), |(sum, weights), (bound, weight)| {
            (sum + weight * self.stable.surplus(bound, ratio), weights + weight)
        });
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    fn growth(&self) -> Option<f64> {
        let at = |latencies: &Latencies| latencies.quantile(self.quantile);
        Some(at(&self.canary)? / at(&self.stable)? - 1.0)
    }
}

impl Measure for Slow {
    fn metric(&self) -> Metric {
        Metric::Latency { quantile: self.quantile }
    }

    /// What was chosen, or less: the growth at which the share of slow requests has doubled.
    fn tolerance(&self) -> f64 {
        let doubled = change(1.0 - self.quantile, |ratio| self.surplus_at(ratio));
        doubled.map_or(self.tolerance, |doubled| self.tolerance.min(doubled))
    }

    fn count(&self, stable: &Second, canary: &Second) -> Option<Count> {
        if self.stable.total() < WARM_UP_REQUESTS {
            return None;
        }
        let bound = self.stable.threshold(self.quantile)?;
        let side = |second: &Second| {
            let total = second.buckets.iter().sum();
            (total, second.buckets.iter().skip(bound + 1).sum())
        };
        Some(Count { stable: side(stable), canary: side(canary), bound: Some(bound) })
    }

    fn learn(&mut self, stable: &Second, canary: &Second, counted: Option<(&Count, f64)>) {
        self.stable.add(&stable.buckets);
        self.canary.add(&canary.buckets);
        if let Some((Count { bound: Some(bound), .. }, weight)) = counted {
            self.weights[*bound] += weight;
        }
    }

    fn matters(&self, _: &Evidence) -> bool {
        self.growth().is_some_and(|growth| growth >= self.floor)
    }

    fn tolerable(&self) -> bool {
        self.growth().is_some_and(|growth| growth <= self.tolerance)
    }

    fn surplus(&self) -> f64 {
        self.surplus_at(1.0 + self.tolerance).min(1.0 - self.quantile)
    }

    fn values(&self, _: &Evidence) -> Option<(f64, f64)> {
        self.stable.quantile(self.quantile).zip(self.canary.quantile(self.quantile))
    }

    fn difference(&self, surplus: f64) -> Option<f64> {
        change(surplus, |ratio| self.surplus_at(ratio))
    }
}

fn not_measured(quantile: f64, tolerance: f64) -> MetricJudgement {
    MetricJudgement {
        metric: Metric::Latency { quantile },
        verdict: Verdict::NotMeasured,
        at_second: None,
        stable: None,
        canary: None,
        lower: None,
        upper: None,
        tolerance,
        stable_requests: 0,
        canary_requests: 0,
        compared_requests: Some(0),
        stable_events: 0,
        canary_events: 0,
        needed_requests: None,
    }
}
