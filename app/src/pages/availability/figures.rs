//! What minutes and requests of a scope make: availability gross and net, and what is left of the
//! budget.

use mainstay_core::availability::{Share, Tally, Target, Total};
use mainstay_core::fleet::Fleet;
use serde::Serialize;
use utoipa::ToSchema;

use crate::t;
use crate::text;
use crate::text::availability as words;

/// A part of a whole, with both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AvailabilityRatio)]
pub struct Ratio {
    pub good: u64,
    pub total: u64,
    /// In percent; absent: of nothing.
    pub percent: Option<f64>,
}

impl From<Share> for Ratio {
    fn from(share: Share) -> Self {
        let percent = share.value().map(|value| value * 100.0);
        Self { good: share.good, total: share.total, percent }
    }
}

impl Ratio {
    pub(super) fn words(self) -> String {
        words::percent(self.share())
    }

    pub(super) fn fraction(self) -> String {
        words::fraction(self.share())
    }

    const fn share(self) -> Share {
        Share { good: self.good, total: self.total }
    }
}

/// Figures of a scope over a period. Minutes of several services are summed; what is said `on the
/// clock` is divided by how many there are.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AvailabilityFigures)]
pub struct Figures {
    /// Minutes of services by what they were, and requests.
    #[schema(value_type = Object)]
    pub tally: Tally,
    /// Of the minutes that were measured; planned work counts as downtime.
    pub gross: Ratio,
    /// Planned work, and what a person excluded, costs nothing.
    pub net: Ratio,
    /// Gross, had every minute that nobody measured been down.
    pub at_worst: Ratio,
    /// Of all requests.
    pub requests: Ratio,
    /// What is asked for, in percent: of several services their mean.
    pub target_percent: f64,
    /// Minutes of the period, and of these how many have been decided.
    pub period_minutes: u64,
    pub decided_minutes: u64,
    /// Downtime that the target allows over the whole period, on the clock.
    pub allowed_minutes: f64,
    /// Downtime, on the clock.
    pub used_net_minutes: f64,
    pub used_gross_minutes: f64,
    /// On the clock.
    pub unmeasured_minutes: f64,
    /// Requests that the target allows to fail, of those that came.
    pub allowed_errors: f64,
}

impl Figures {
    /// `minutes`: of the period; `span`: of these, decided.
    pub(super) fn of(fleet: &Fleet, totals: &[Total], minutes: u64, span: u64) -> Self {
        let tally: Tally = totals.iter().map(|total| total.tally).sum();
        let budget = budget(fleet, totals);
        Self {
            gross: tally.gross().into(),
            net: tally.net().into(),
            at_worst: tally.at_worst().into(),
            requests: tally.answered().into(),
            target_percent: (1.0 - budget) * 100.0,
            period_minutes: minutes,
            decided_minutes: span,
            allowed_minutes: budget * minutes as f64,
            used_net_minutes: tally.on_the_clock(tally.net_down(), span),
            used_gross_minutes: tally.on_the_clock(tally.gross_down(), span),
            unmeasured_minutes: tally.on_the_clock(tally.unmeasured, span),
            allowed_errors: budget * tally.requests as f64,
            tally,
        }
    }

    pub(super) const fn is_measured(&self) -> bool {
        self.net.total > 0
    }

    /// Whether more was used than the target allows.
    pub(super) fn is_spent(&self) -> bool {
        self.used_net_minutes > self.allowed_minutes
    }

    /// `99.95%`, or what several come to.
    pub(super) fn target(&self) -> String {
        let parts = (self.target_percent * f64::from(Target::PARTS_OF_PERCENT)).round() as u32;
        let shown = Target::new(parts).map(|target| target.to_string());
        let shown = shown.unwrap_or_else(|| format!("{:.3}", self.target_percent));
        t!("weight", n = text::marked(&shown))
    }
}

/// The share that may be bad: of several services their mean, each weighing as its minutes.
fn budget(fleet: &Fleet, totals: &[Total]) -> f64 {
    let weights = totals.iter().map(|total| {
        let target = fleet.availability_target(&total.cell.service);
        (total.tally.minutes() as f64, target.budget())
    });
    let (minutes, sum) = weights
        .fold((0.0, 0.0), |(all, sum), (weight, budget)| (all + weight, sum + weight * budget));
    if minutes > 0.0 { sum / minutes } else { Target::default().budget() }
}
