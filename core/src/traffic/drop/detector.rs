//! The detector itself: one value after another, is traffic missing.
//!
//! Owns the three tests, the threshold that follows the series, and the life of an alarm: raised,
//! resumed, ended or settled.

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, Expected};
use super::excursion::{Excursion, Latest};
use super::gather::Gather;
use super::trail::Trail;
use super::window::Window;
use super::{ALMOST_NOTHING, Alarm, Event, Kind, Settings, State};

const DAY_SECONDS: f64 = 86_400.0;
/// A cumulative sum of independent values would pass its threshold by chance once in ten years
/// (Lorden, 1971: the mean time to that is at least the exponential of the threshold).
const CHANCE_SECONDS: f64 = 10.0 * 365.25 * DAY_SECONDS;
/// Values that are seen before anything is an alarm.
const WARM_UP: f64 = 30.0;
/// Intervals without a value that are a gap.
const GAP_INTERVALS: f64 = 3.5;
/// After a silence of so many seconds and intervals the local level is not known; it matters
/// where there is no shape.
const FORGET_SECONDS: f64 = 3_600.0;
const FORGET_INTERVALS: f64 = 12.0;
/// Values are less independent of each other than the spread says.
const DEPENDENCE: f64 = 1.2;
/// The drop that the cumulative sum is made for, in spreads, within these.
const SHIFT: [f64; 2] = [0.5, 6.0];
/// Evidence that went away by itself is no drop, nor is a little more; to so many thresholds.
const PEAK_TIMES: f64 = 1.3;
const PEAK_MOST: f64 = 4.0;
/// After each alarm more is asked for, so that a series unlike any traffic does not cry all day.
const FATIGUE_TIMES: f64 = 1.25;
const FATIGUE_MOST: f64 = 2.5;
/// Least distance of all values of a drop together, in spreads, as the threshold stands.
const STRENGTH_MIN: f64 = 1.5;
/// The least loss that is told of a day of the week that was seen in no week before, for it may be
/// a weekend, or in one, which may have been odd.
const SIZE_MIN_NEW: [f64; 2] = [0.4, 0.25];
/// Fewest values that a change is measured by.
const CHANGE_VALUES: f64 = 2.0;
/// What was found sooner than this after its begin came at once.
const GRADUAL_MS: i64 = 900_000;
/// Lengths of the windows in seconds, and in values at least.
const WINDOWS: [(f64, f64); 3] = [(900.0, 4.0), (3_600.0, 8.0), (14_400.0, 16.0)];
/// Days that are seen before windows count: a whole week where there is a shape, for weekends.
const WINDOW_DAYS_SEASONAL: f64 = 8.0;
const WINDOW_DAYS: f64 = 3.0;
/// A drop that lasted so long is the new level; in seconds, with and without a shape.
const SETTLE_SECONDS_SEASONAL: f64 = 172_800.0;
const SETTLE_SECONDS: f64 = 43_200.0;
const SETTLE_VALUES: f64 = 72.0;
/// A level that lasts is one where what came of late is so near to what came for longer.
const SETTLE_OFF: f64 = 0.1;
/// A drop so soon after another ended is the same one.
const RESUME_SECONDS: f64 = 900.0;
const RESUME_VALUES: f64 = 6.0;
/// Traffic is back when it stays for so long.
const BACK_SECONDS: f64 = 300.0;
const BACK_VALUES: [f64; 2] = [3.0, 12.0];
/// Values that say what comes during a drop.
const RECENT_VALUES: f64 = 4.0;

/// The detector of one series, with all that it learned: what is written down and read again goes
/// on as if nothing had been. Its size is bounded; as JSON, 323 kB were
/// measured (see [`super::drop`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    settings: Settings,
    /// Of the values that are tested; longer than that of the series if those are gathered.
    interval_seconds: f64,
    gather: Gather,
    /// The usual time between values of late, in seconds.
    pace: f64,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
    baseline: Baseline,
    /// Whether windows and threshold were learned against a shape.
    seasonal: bool,
    /// The cumulative sum, its latest values, and the values in a row that were almost nothing.
    sum: Excursion,
    latest: Latest,
    low: Excursion,
    windows: [Window; WINDOWS.len()],
    trail: Trail,
    /// The highest evidence that went away by itself, slowly forgotten.
    peak: f64,
    fatigue: f64,
    open: Option<Open>,
    ended: Option<(i64, Alarm)>,
}

/// A drop that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    alarm: Alarm,
    /// What is expected while it lasts, as a share of the baseline's square root.
    share: f64,
    /// What comes, as a share of that: of late, and over longer.
    recent: f64,
    slow: f64,
    values: f64,
    /// Values in a row with traffic back, and since when.
    back: f64,
    back_ms: i64,
}

impl Detector {
    /// `interval_seconds`: the usual time between two values, above zero.
    pub fn new(interval_seconds: f64, settings: Settings) -> Self {
        let gather = Gather::new(interval_seconds);
        let interval_seconds = gather.interval_seconds(interval_seconds);
        Self {
            settings,
            interval_seconds,
            gather,
            pace: interval_seconds,
            first_ms: None,
            last_ms: None,
            baseline: Baseline::new(interval_seconds),
            seasonal: false,
            sum: Excursion::default(),
            latest: Latest::default(),
            low: Excursion::default(),
            windows: WINDOWS
                .map(|(seconds, least)| Window::new((seconds / interval_seconds).max(least))),
            trail: Trail::new(interval_seconds),
            peak: 0.0,
            fatigue: 1.0,
            open: None,
            ended: None,
        }
    }

    /// Whether a daily or weekly shape is in use.
    pub fn is_seasonal(&self) -> bool {
        self.baseline.is_seasonal()
    }

    /// Whether so many milliseconds without a value are a gap: no data.
    pub fn is_gap(&self, silent_ms: i64) -> bool {
        silent_ms as f64 / 1_000.0 > GAP_INTERVALS * self.pace.max(self.interval_seconds)
    }

    /// How the series stands at a moment, which is not before its last value.
    pub fn state(&self, now_ms: i64) -> State {
        match (self.last_ms, &self.open) {
            (None, _) => State::Learning,
            (Some(last), _) if self.is_gap(now_ms - last) => State::NoData { since_ms: last },
            (Some(_), Some(open)) => State::Dropped {
                alarm: open.alarm,
                size_now: (1.0 - open.recent * open.recent).clamp(0.0, 1.0),
            },
            (Some(_), None) if self.baseline.seen() < WARM_UP => State::Learning,
            (Some(_), None) => State::Normal,
        }
    }

    /// Takes in the next value. A moment without data is not told, least of all as zero. What is
    /// no traffic (negative, not finite) or not later than the value before is passed over.
    pub fn observe(&mut self, at_ms: i64, value: f64) -> [Option<Event>; 2] {
        if !value.is_finite() || value < 0.0 || self.last_ms.is_some_and(|last| at_ms <= last) {
            return [None, None];
        }
        let blocks = self.gather.push(at_ms, value);
        blocks.map(|block| block.and_then(|(at_ms, value)| self.take(at_ms, value)))
    }

    fn take(&mut self, at_ms: i64, value: f64) -> Option<Event> {
        let root = value.sqrt();
        self.step_over_gap(at_ms);
        self.first_ms.get_or_insert(at_ms);
        self.last_ms = Some(at_ms);
        let memory = (7.0 * DAY_SECONDS / self.interval_seconds).max(2_000.0);
        self.fatigue += (1.0 - self.fatigue) / memory;
        self.peak -= self.peak / (2.0 * memory);
        let expected = self.baseline.expect(at_ms);
        if let Some(open) = self.open {
            let lasted_seconds = open.values * self.interval_seconds;
            let nothing = open.alarm.kind == Kind::Collapse;
            self.baseline.learn_shape(at_ms, root, lasted_seconds, nothing);
            return self.follow(open, at_ms, root / (expected?.base * open.share));
        }
        if let Some(expected) = expected {
            self.add(at_ms, value, &expected);
            self.add_low(at_ms, value, &expected);
            self.add_windows(at_ms, value, &expected);
            if let Some((kind, from, share)) = self.verdict(at_ms, &expected) {
                return Some(self.raise(at_ms, kind, &from, share));
            }
        }
        let suspicion = (self.sum.evidence / self.threshold()).clamp(0.0, 1.0);
        self.baseline.learn(at_ms, root, suspicion);
        if self.seasonal != self.baseline.is_seasonal() {
            self.seasonal = self.baseline.is_seasonal();
            self.baseline.relearn_spread();
            self.windows.iter_mut().for_each(Window::restart);
            self.peak = 0.0;
        }
        None
    }

    /// What lies on the two sides of a gap is no run.
    fn step_over_gap(&mut self, at_ms: i64) {
        let Some(last_ms) = self.last_ms else { return };
        let silent = (at_ms - last_ms) as f64 / 1_000.0;
        let is_gap = self.is_gap(at_ms - last_ms);
        self.pace += (silent.min(10.0 * self.pace) - self.pace) / 16.0;
        if !is_gap {
            return;
        }
        self.clear_sum();
        self.low = Excursion::default();
        let forgets = silent > FORGET_SECONDS.max(FORGET_INTERVALS * self.interval_seconds);
        // A drop that goes on is measured against the level before it.
        if forgets && self.open.is_none() {
            self.baseline.forget_local(at_ms);
            self.windows.iter_mut().for_each(Window::clear);
            self.trail.clear();
        }
    }

    /// The threshold for a series that never taught otherwise.
    fn plain_threshold(&self) -> f64 {
        (CHANCE_SECONDS / self.interval_seconds).ln().max(6.0) / self.settings.sensitivity
    }

    fn threshold(&self) -> f64 {
        let seen = self.baseline.seen();
        let base = self.plain_threshold() * (1.0 + 15.0 / seen.max(15.0));
        base.max((PEAK_TIMES * self.peak).min(PEAK_MOST * base)) * self.fatigue
    }

    /// The cumulative sum of log-likelihood ratios for a drop of the smallest size, each cut so
    /// that no single value decides.
    fn add(&mut self, at_ms: i64, value: f64, expected: &Expected) {
        let threshold = self.threshold();
        let spread = DEPENDENCE * expected.spread;
        let score = (value.sqrt() - expected.step) / spread;
        let shift = (self.least() * expected.step / spread).clamp(SHIFT[0], SHIFT[1]);
        let values = if self.interval_seconds >= 600.0 { 2.0 } else { 3.0 };
        let gain = (shift * (-score - shift / 2.0)).min(threshold / values);
        // Evidence of a drop too small to be told must not grow without end.
        let gain = gain.min(1.5 * threshold - self.sum.evidence);
        if self.sum.evidence + gain > 0.0 {
            self.sum.push(at_ms, gain, score, [value, expected.usual()]);
            self.latest.push(at_ms, score, [value, expected.usual()]);
        } else {
            self.peak = self.peak.max(self.sum.peak.min(3.0 * threshold));
            self.clear_sum();
        }
    }

    fn clear_sum(&mut self) {
        self.sum = Excursion::default();
        self.latest.clear();
    }

    /// Values in a row that are almost nothing, each with how rare it is by itself.
    fn add_low(&mut self, at_ms: i64, value: f64, expected: &Expected) {
        if value <= ALMOST_NOTHING * expected.usual() {
            let score = (value.sqrt() - expected.step) / (DEPENDENCE * expected.spread);
            self.low.push(at_ms, -expected.low_share.ln(), score, [value, expected.usual()]);
        } else {
            self.low = Excursion::default();
        }
    }

    fn add_windows(&mut self, at_ms: i64, value: f64, expected: &Expected) {
        let Expected { base, slide, spread, .. } = *expected;
        // Between the two, users come earlier or later than usual: neither less nor more.
        let root = value.sqrt();
        let off = if root < slide { root - slide } else { (root - base).max(0.0) };
        for window in &mut self.windows {
            window.push(at_ms, off / spread, [value, slide * slide + spread * spread]);
        }
        self.trail.push(value, base * base + spread * spread);
    }

    /// What kind of drop there is, its evidence, and what is expected as a share of the base.
    fn verdict(&self, at_ms: i64, expected: &Expected) -> Option<(Kind, Excursion, f64)> {
        if self.baseline.seen() < WARM_UP {
            return None;
        }
        let threshold = self.threshold();
        let size_min = self.settings.size_min;
        let weeks = expected.weeks.and_then(|weeks| SIZE_MIN_NEW.get(weeks));
        let size_min = weeks.map_or(size_min, |least| size_min.max(*least));
        let change = self.latest.of_change(&self.sum, CHANGE_VALUES);
        let (step, slide) = (expected.step / expected.base, expected.slide / expected.base);
        let rare = self.low.values >= 2.0 && self.low.evidence >= threshold;
        let sum = self.sum.evidence >= threshold && change.size() >= size_min;
        let (from, share) = if rare && self.strength(&self.low) >= STRENGTH_MIN {
            (self.low, step)
        } else if sum && self.strength(&change) >= STRENGTH_MIN {
            (change, step)
        } else {
            // A mean lags behind; where the sum is under way too, it measures better.
            let window = self.window()?.excursion(at_ms);
            let is_abrupt = self.sum.evidence > 0.3 * threshold && change.size() > window.size();
            if is_abrupt { (change, step) } else { (window, slide) }
        };
        // What is left now says more than a mean with values from before.
        let from = if self.low.values >= 2.0 { self.low } else { from };
        let kind = if from.size() >= 1.0 - ALMOST_NOTHING {
            Kind::Collapse
        } else if at_ms - from.began_ms >= GRADUAL_MS && self.trail.is_gradual() {
            Kind::Slide
        } else {
            Kind::Step
        };
        Some((kind, from, share))
    }

    /// The first window that is further below the shape than it ever is by itself.
    fn window(&self) -> Option<&Window> {
        let days = (self.last_ms? - self.first_ms?) as f64 / (1_000.0 * DAY_SECONDS);
        let least = if self.seasonal { WINDOW_DAYS_SEASONAL } else { WINDOW_DAYS };
        if days < least {
            return None;
        }
        self.windows.iter().find(|window| {
            let far = self.fatigue / self.settings.sensitivity.sqrt();
            window.evidence().is_some_and(|evidence| evidence >= far)
                && window.size() >= self.settings.size_min
        })
    }

    /// How far out an excursion is, less where the series asked for a higher threshold.
    fn strength(&self, from: &Excursion) -> f64 {
        from.strength() * (self.plain_threshold() / self.threshold()).min(1.0)
    }

    fn raise(&mut self, at_ms: i64, kind: Kind, from: &Excursion, share: f64) -> Event {
        let seen = self.baseline.seen();
        let sure = 1.0 - (-self.strength(from) / 3.0).exp();
        let alarm = Alarm {
            at_ms,
            began_ms: from.began_ms,
            kind,
            size: from.size().min(1.0),
            confidence: sure * seen / (seen + 20.0),
            expected: from.expected / from.values,
            observed: from.observed / from.values,
        };
        let resume = RESUME_SECONDS.max(RESUME_VALUES * self.interval_seconds);
        let before =
            self.ended.take().filter(|(ended_ms, _)| (at_ms - ended_ms) as f64 <= 1_000.0 * resume);
        let left = (1.0 - alarm.size).sqrt();
        self.baseline.doubt_shape(at_ms, kind == Kind::Collapse);
        self.open = Some(Open {
            alarm: before.map_or(alarm, |(_, before)| before),
            share,
            recent: left,
            slow: left,
            values: 0.0,
            back: 0.0,
            back_ms: at_ms,
        });
        self.clear_sum();
        self.low = Excursion::default();
        if before.is_some() { Event::Resumed { at_ms } } else { Event::Raised(alarm) }
    }

    /// Goes with an open drop to its end; `share`: of what is expected, as a square root.
    fn follow(&mut self, mut open: Open, at_ms: i64, share: f64) -> Option<Event> {
        let settle = if self.seasonal { SETTLE_SECONDS_SEASONAL } else { SETTLE_SECONDS };
        let settle = (settle / self.interval_seconds).max(SETTLE_VALUES);
        let back = (BACK_SECONDS / self.interval_seconds).clamp(BACK_VALUES[0], BACK_VALUES[1]);
        open.values += 1.0;
        open.recent += (share.min(2.0) - open.recent) / RECENT_VALUES;
        open.slow += (share - open.slow) / open.values.min(settle / 3.0);
        let missing = (0.75 * self.settings.size_min).min(0.5 * open.alarm.size);
        if open.recent >= (1.0 - missing).sqrt() {
            open.back_ms = if open.back == 0.0 { at_ms } else { open.back_ms };
            open.back += 1.0;
        } else {
            open.back = 0.0;
        }
        self.open = Some(open);
        if open.back >= back {
            self.close(&open);
            self.ended = Some((at_ms, open.alarm));
            return Some(Event::Ended { at_ms: open.back_ms });
        }
        let lasts = (open.recent - open.slow).abs() <= SETTLE_OFF;
        if open.values >= settle && lasts && open.slow * open.slow > ALMOST_NOTHING {
            self.close(&open);
            self.baseline.rebase(open.slow * open.share);
            return Some(Event::Settled { at_ms });
        }
        None
    }

    fn close(&mut self, open: &Open) {
        self.open = None;
        self.fatigue = (self.fatigue * FATIGUE_TIMES).min(FATIGUE_MOST);
        self.windows.iter_mut().for_each(Window::clear);
        self.trail.clear();
        if !self.is_seasonal() {
            self.baseline.set_local(open.share * open.recent);
        }
    }

    /// The smallest drop that is told, as a share of a square root.
    fn least(&self) -> f64 {
        1.0 - (1.0 - self.settings.size_min).sqrt()
    }
}
