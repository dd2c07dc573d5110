//! What is expected of a series at a moment, from what came before it.
//!
//! Owns the levels (slow, local), whether the shape of days and weeks is trusted, and how much
//! the series varies. All in square roots of values: the variance of a count is then about the
//! same at every height (Anscombe, 1948), and a burst weighs less than a drop.
//!
//! Invariant: nothing is learned from a value before something was expected of it.

use serde::{Deserialize, Serialize};

use super::profile::{Profile, Shape};
use super::scale::Spread;

const DAY_SECONDS: f64 = 86_400.0;
/// How long the local level remembers: seconds, and values at least.
const LOCAL_SECONDS: f64 = 1_800.0;
const LOCAL_MIN: f64 = 12.0;
/// Values after a silence before the local level is known again.
const FRESH_MIN: f64 = 8.0;
/// A burst is not a level: what was reached only lately is not expected to stay.
const MEDIUM_TIMES: f64 = 6.0;
/// How long the level of a shape remembers, in days.
const LEVEL_DAYS: f64 = 1.5;
/// Fewest values that a slow level is the mean of.
const SLOW_MIN: f64 = 48.0;
/// Values further out move the local level no more, in spreads.
const CLIP_SPREADS: f64 = 2.5;
/// A value moves the level of a shape as if it were off by this share at most.
const CLIP_LEVEL: f64 = 0.1;
/// Above the shape by this share for so many days, and the series has a new level.
const ABOVE: f64 = 1.12;
const ABOVE_DAYS: f64 = 1.5;
/// The shape is trusted while its errors are below this share of those without one.
const TRUST_BELOW: f64 = 0.75;
const DISTRUST_ABOVE: f64 = 0.95;
/// Periods that a moment was seen in before the shape is used.
const PERIODS_MIN: usize = 2;
/// A drop that lasts so long may be a shape, in seconds.
const SHAPE_SECONDS: f64 = 10_800.0;
/// A height below this share of the level is nothing that could drop; a square root.
const NOTHING: f64 = 0.02;
/// Spreads below this share of what is expected are taken as this.
const SPREAD_MIN: f64 = 0.015;
/// Values that the spread is learned from: a week's, within bounds.
const MEMORY_DAYS: f64 = 7.0;
const MEMORY: [f64; 2] = [500.0, 50_000.0];

/// The state of what is expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Baseline {
    interval_seconds: f64,
    profile: Profile,
    /// What the shape is multiplied with.
    level: f64,
    /// The slow mean without a shape.
    plain: f64,
    /// The local level, as a share of the base; how it moves; and the slower one.
    local: f64,
    trend: f64,
    medium: f64,
    /// Values in a row for which the local level was far above.
    above: f64,
    spread: Spread,
    errors: Errors,
    trusted: bool,
    seen: f64,
    /// Values since the local level was last unknown.
    fresh: f64,
}

/// Mean errors without a shape, with the shape in use, with the day's and with the week's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Errors {
    flat: f64,
    shape: f64,
    day: f64,
    week: f64,
    scored: f64,
    scored_weeks: f64,
}

/// What is expected of one value; square roots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expected {
    /// What the shape and its level, or the slow level, say.
    pub(super) base: f64,
    /// What the next value must be well below to be part of a step.
    pub(super) step: f64,
    /// The same without regard to users who come earlier or later.
    pub(super) usual: f64,
    /// What a slide is measured against.
    pub(super) slide: f64,
    /// Of the values around what was expected of them.
    pub(super) spread: f64,
    /// How often almost nothing comes at this height.
    pub(super) low_share: f64,
    /// Weeks that this moment was seen in; none: this may be the first weekend. `None`: no shape.
    pub(super) weeks: Option<usize>,
}

impl Expected {
    /// The value that is usual here, not the lowest that is: a mean is its root's, squared, and
    /// the variance of the root.
    pub(super) fn usual(&self) -> f64 {
        self.usual * self.usual + self.spread * self.spread
    }
}

impl Baseline {
    pub(super) fn new(interval_seconds: f64) -> Self {
        Self {
            interval_seconds,
            profile: Profile::new(interval_seconds),
            level: 1.0,
            plain: 0.0,
            local: 1.0,
            trend: 0.0,
            medium: 1.0,
            above: 0.0,
            spread: Spread::default(),
            errors: Errors::default(),
            trusted: false,
            seen: 0.0,
            fresh: 0.0,
        }
    }

    /// Whether the shape of days and weeks is in use.
    pub(super) fn is_seasonal(&self) -> bool {
        self.trusted
    }

    /// Values it has learned from.
    pub(super) fn seen(&self) -> f64 {
        self.seen
    }

    /// `None`: nothing can be expected, or almost nothing, so that nothing could be missing.
    pub(super) fn expect(&mut self, at_ms: i64) -> Option<Expected> {
        let shape = self.shape(at_ms);
        let is_new = self.trusted && is_new(shape);
        if (!self.trusted || is_new) && self.fresh < FRESH_MIN {
            return None;
        }
        let (base, usual, step, slide) = match shape.filter(|_| self.trusted) {
            Some(shape) => {
                let of = |value: f64| value * self.level;
                let local = self.local.min(1.0);
                let base = of(shape.value);
                (base, base * local, of(shape.low_step) * local, of(shape.low_slide))
            }
            None => {
                let lag = self.trend.min(0.0) * self.local_memory();
                let local = (self.local + lag).min(self.medium).max(0.0);
                (self.plain, self.plain * local, self.plain * local, self.plain)
            }
        };
        let spread = self.spread.at(base * base)? * base;
        let expected = Expected {
            base,
            step,
            usual,
            slide,
            spread: spread.max(SPREAD_MIN * base),
            low_share: self.spread.low_share(base * base),
            weeks: shape.filter(|_| self.trusted).map(|shape| shape.weeks),
        };
        (step > NOTHING * self.plain && step > 0.0).then_some(expected)
    }

    /// Takes in a value during a drop, as a square root: while no shape is trusted, it may be one,
    /// and what was never seen, or lasts for hours, may be the first weekend; a collapse only
    /// then.
    pub(super) fn learn_shape(
        &mut self,
        at_ms: i64,
        root: f64,
        lasted_seconds: f64,
        nothing: bool,
    ) {
        let shape = self.shape(at_ms);
        if !self.trusted {
            self.score(shape, root);
        } else if (nothing || !is_new(shape)) && lasted_seconds < SHAPE_SECONDS {
            return;
        }
        self.profile.learn(at_ms, root / self.level);
    }

    /// What came lately is part of a drop: it is no shape to go by.
    pub(super) fn doubt_shape(&mut self, at_ms: i64, nothing: bool) {
        let shape = self.shape(at_ms);
        if self.trusted && (nothing || !is_new(shape)) {
            self.profile.doubt();
        }
    }

    /// Takes in a value, as a square root, that is part of no drop. `suspicion`: how near a drop
    /// is, from 0 to 1; what may be missing is not followed.
    pub(super) fn learn(&mut self, at_ms: i64, root: f64, suspicion: f64) {
        let shape = self.shape(at_ms);
        self.score(shape, root);
        let usable = shape.is_some_and(|shape| shape.periods >= PERIODS_MIN);
        let base = self.base(shape);
        self.trust(usable);
        self.rescale(base, self.base(shape));
        // In a first weekend there is nothing but the local level to go by.
        let suspicion = if self.trusted && !is_new(shape) { suspicion } else { 0.0 };
        self.learn_local(self.base(shape), root, suspicion);
        if let Some(shape) = shape.filter(|shape| shape.value > 0.0) {
            let off = (root / (shape.value * self.level) - 1.0).clamp(-CLIP_LEVEL, CLIP_LEVEL);
            let memory = (LEVEL_DAYS * DAY_SECONDS / self.interval_seconds).max(SLOW_MIN);
            self.level *= 1.0 + off / memory;
            self.rise();
        }
        self.learn_plain(root);
        self.profile.learn(at_ms, root / self.level);
        self.seen += 1.0;
        self.fresh += 1.0;
    }

    /// What is expected comes from elsewhere now, and so does how far off it is.
    pub(super) fn relearn_spread(&mut self) {
        self.spread.relearn();
    }

    /// The series has a new level for good: `share` of what was expected of it, in square roots.
    pub(super) fn rebase(&mut self, share: f64) {
        if self.trusted {
            self.level *= share;
        }
        self.plain *= share;
        (self.local, self.medium, self.trend) = (1.0, 1.0, 0.0);
    }

    /// After so long a silence the local level is not known; it matters where there is no shape,
    /// or that of other days.
    pub(super) fn forget_local(&mut self, at_ms: i64) {
        let shape = self.shape(at_ms);
        if !self.trusted || is_new(shape) {
            self.fresh = 0.0;
        }
    }

    /// The local level as it was followed elsewhere.
    pub(super) fn set_local(&mut self, share: f64) {
        (self.local, self.medium, self.trend) = (share, share, 0.0);
    }

    fn shape(&mut self, at_ms: i64) -> Option<Shape> {
        let sure = self.errors.scored_weeks > 0.0 && self.errors.week < 0.95 * self.errors.day;
        self.profile.at(at_ms, sure)
    }

    fn base(&self, shape: Option<Shape>) -> f64 {
        match shape.filter(|_| self.trusted) {
            Some(shape) => shape.value * self.level,
            None => self.plain,
        }
    }

    fn score(&mut self, shape: Option<Shape>, root: f64) {
        let Some(shape) = shape else { return };
        let day_values = DAY_SECONDS / self.interval_seconds;
        let memory = |seen: f64| seen.min((1.5 * day_values).max(SLOW_MIN));
        let most = self.plain.max(root);
        let off = |value: f64| (root - value * self.level).abs().min(most);
        let errors = &mut self.errors;
        errors.scored += 1.0;
        let share = 1.0 / memory(errors.scored);
        errors.flat += share * ((root - self.plain).abs().min(most) - errors.flat);
        errors.shape += share * (off(shape.value) - errors.shape);
        if let (Some(day), Some(week)) = (shape.day, shape.week) {
            errors.scored_weeks += 1.0;
            let share = 1.0 / errors.scored_weeks.min((7.0 * day_values).max(SLOW_MIN));
            errors.day += share * (off(day) - errors.day);
            errors.week += share * (off(week) - errors.week);
        }
    }

    fn trust(&mut self, usable: bool) {
        let day_values = DAY_SECONDS / self.interval_seconds;
        let Errors { flat, shape, scored, .. } = self.errors;
        let most = if self.trusted { DISTRUST_ABOVE } else { TRUST_BELOW };
        let enough = scored >= (0.5 * day_values).max(SLOW_MIN);
        self.trusted = enough && shape < most * flat && (self.trusted || usable);
    }

    /// Keeps the local level where it is, though its base is another one.
    fn rescale(&mut self, before: f64, after: f64) {
        if before != after && after > 0.0 {
            let times = (before / after).clamp(0.1, 10.0);
            self.local *= times;
            self.medium *= times;
            self.trend = 0.0;
        }
    }

    fn learn_local(&mut self, base: f64, root: f64, suspicion: f64) {
        if base <= 0.0 {
            return;
        }
        let share = root / base;
        let off = share - self.local;
        let height = base * base;
        let memory = MEMORY_DAYS * DAY_SECONDS / self.interval_seconds;
        let is_low = share * share < super::ALMOST_NOTHING * self.local * self.local;
        self.spread.learn(height, off, is_low, memory.clamp(MEMORY[0], MEMORY[1]));
        let most = self
            .spread
            .at(height)
            .map_or(f64::INFINITY, |spread| CLIP_SPREADS * spread.max(SPREAD_MIN));
        let memory = self.local_memory().min(self.fresh + 1.0);
        let follow = if off < 0.0 { (1.0 - suspicion).powi(2) } else { 1.0 };
        let step = follow * off.clamp(-most, 2.0 * most) / memory;
        self.local += step;
        self.trend += (step - self.trend) / memory;
        let memory = (MEDIUM_TIMES * self.local_memory()).min(self.fresh + 1.0);
        self.medium += (share - self.medium).clamp(-2.0 * most, 2.0 * most) / memory;
    }

    /// What stays far above for days is no burst.
    fn rise(&mut self) {
        self.above = if self.trusted && self.local > ABOVE { self.above + 1.0 } else { 0.0 };
        let days = self.above * self.interval_seconds / DAY_SECONDS;
        if days >= ABOVE_DAYS && self.above >= SLOW_MIN {
            let share = self.local.min(self.medium).max(1.0);
            self.level *= share;
            self.local /= share;
            self.medium /= share;
            self.above = 0.0;
        }
    }

    fn learn_plain(&mut self, root: f64) {
        let memory = (DAY_SECONDS / self.interval_seconds).max(SLOW_MIN).min(self.seen + 1.0);
        let before = self.plain;
        self.plain += (root - self.plain) / memory;
        if !self.trusted {
            self.rescale_smoothly(before);
        }
    }

    fn rescale_smoothly(&mut self, before: f64) {
        if before > 0.0 && self.plain > 0.0 {
            let times = (before / self.plain).clamp(0.1, 10.0);
            self.local *= times;
            self.medium *= times;
        }
    }

    fn local_memory(&self) -> f64 {
        (LOCAL_SECONDS / self.interval_seconds).max(LOCAL_MIN)
    }
}

/// Whether a moment was never seen on this day of the week.
fn is_new(shape: Option<Shape>) -> bool {
    shape.is_none_or(|shape| shape.weeks == 0)
}
