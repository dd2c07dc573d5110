//! What the judge can see in the time it has, reckoned beforehand.
//!
//! Owns the preview's numbers. They follow from the bets of the test itself: a bet's gain over the
//! watch time is about normal with the mean and variance of its events, and the power is the
//! chance that the best bet reaches what decides. The tests hold it against simulated rollouts.

use serde::{Deserialize, Serialize};

use super::evidence::{BETS, LOG_RATIOS, Odds, SECONDS_MIN, halve};
use super::latency::{Latencies, change};
use super::metric::WARM_UP_REQUESTS;
use super::{Metric, Settings};

/// The quantile of the normal distribution at a power of 80 %.
const POWER_Z: f64 = 0.841_621;

/// The traffic that a step will have.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    pub stable_per_second: f64,
    pub canary_per_second: f64,
    /// Stable's proportion of errors.
    pub error_rate: f64,
    /// Stable's latencies of late; `None`: not measured.
    pub latencies: Option<Latencies>,
    pub watch_seconds: u32,
}

/// The smallest regressions that a step detects with a power of 80 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detectable {
    /// Canary's proportion of errors; `None`: not even if all fail.
    pub error_rate: Option<f64>,
    /// For each quantile of the settings, none if latencies are not measured.
    pub latencies: Vec<DetectableLatency>,
    /// About how many requests canary needs to pass if it is as good as stable; `None`: unknown.
    pub requests_to_pass: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectableLatency {
    #[serde(flatten)]
    pub metric: Metric,
    /// Relative growth: 0.1 is a tenth longer; `None`: none up to sixteen times as long.
    pub growth: Option<f64>,
}

/// Reckons the smallest regressions that a step with this traffic detects.
pub fn detectable(settings: &Settings, expected: &Expected) -> Detectable {
    let quantiles = expected.latencies.as_ref().map_or(&[][..], |_| &settings.quantiles);
    let Expected { stable_per_second: stable, canary_per_second: canary, .. } = *expected;
    let watch = Watch {
        stable,
        canary,
        seconds: f64::from(expected.watch_seconds),
        decides: ((1 + quantiles.len()) as f64 / settings.alpha).ln(),
    };
    let base = expected.error_rate.clamp(0.0, 1.0);
    let errors = watch.smallest(base).map(|found| found.max(base + settings.error_floor).min(1.0));
    let share = canary / (canary + stable);
    let latencies = expected.latencies.iter().flat_map(|latencies| {
        quantiles.iter().map(|quantile| DetectableLatency {
            metric: Metric::Latency { quantile: *quantile },
            growth: watch
                .smallest_growth(latencies, *quantile)
                .map(|growth| growth.max(settings.latency_floor)),
        })
    });
    Detectable {
        error_rate: errors,
        latencies: latencies.collect(),
        requests_to_pass: requests_to_pass(settings.beta, base, share, settings.error_tolerance)
            .map(|needed| needed.max(settings.requests_min)),
    }
}

/// About how many requests a canary that is as good as stable needs until its surplus is
/// certainly below `surplus`: the bets' stakes by the mean growth of the best. `None`: no bet
/// grows, or there is no traffic.
pub(super) fn requests_to_pass(
    beta: f64,
    proportion: f64,
    share: f64,
    surplus: f64,
) -> Option<u64> {
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let growth = |log_ratio: &f64| {
        let odds = Odds::new((-log_ratio).exp(), share);
        proportion * (odds.log_ratio - odds.log_scale / share) - odds.bet * (1.0 - share) * surplus
    };
    let best = LOG_RATIOS.iter().map(growth).fold(0.0, f64::max);
    let needed = (BETS as f64 / beta).ln() / best;
    (best > 0.0 && needed < 1e15).then_some(needed.ceil() as u64)
}

/// A step's watch, for one metric.
struct Watch {
    stable: f64,
    canary: f64,
    seconds: f64,
    /// Logarithm of the gain that decides.
    decides: f64,
}

impl Watch {
    /// The smallest proportion of events on canary that is detected if stable's is `base`.
    fn smallest(&self, base: f64) -> Option<f64> {
        let usable = self.stable > 0.0 && self.canary > 0.0 && self.seconds >= SECONDS_MIN;
        let (low, high) = halve(base, 1.0, |canary| !self.detects(base, canary));
        (usable && low < high).then_some(high)
    }

    fn smallest_growth(&self, latencies: &Latencies, quantile: f64) -> Option<f64> {
        let bound = latencies.threshold(quantile)?;
        let base = latencies.share_above(*latencies.bounds_ms.get(bound)?);
        let warm_up = (WARM_UP_REQUESTS as f64 / self.stable).ceil();
        let rest = Self { seconds: self.seconds - warm_up, ..*self };
        let found = rest.smallest(base)?;
        change(found - base, |ratio| latencies.surplus(bound, ratio))
    }

    fn detects(&self, base: f64, proportion: f64) -> bool {
        let share = self.canary / (self.canary + self.stable);
        let most = self.decides / (SECONDS_MIN - 1.0);
        // Neighbours of the best bet grow nearly as fast, which saves about half of its price.
        let needed = self.decides + (BETS as f64).ln() / 2.0;
        LOG_RATIOS.iter().any(|log_ratio| {
            let odds = Odds::new(log_ratio.exp(), share);
            let (on_canary, on_stable) = (odds.log_ratio - odds.log_scale, -odds.log_scale);
            let (canary, stable) = (self.canary * proportion, self.stable * base);
            let mean = on_canary * canary + on_stable * stable;
            let variance = on_canary.powi(2) * canary + on_stable.powi(2) * stable;
            let gain = mean.min(most) * self.seconds - POWER_Z * (variance * self.seconds).sqrt();
            gain >= needed
        })
    }
}
