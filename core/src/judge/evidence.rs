//! Evidence that two proportions differ, valid at every look.
//!
//! Owns the test processes for one metric, their inversion into bounds of the difference, and the
//! guards against bursts. The derivation stands in the [module above](super).
//!
//! Invariant: what a second adds depends on that second and those before it, never on later ones.

/// Bets on the size of a difference, as logarithms of a ratio of rates; each has the same share of
/// the stake. Each doubles the one before, so the best of them is never far from the truth: a bet
/// off by a factor of 1.4 still grows at more than four fifths of the best rate.
pub(super) const LOG_RATIOS: [f64; BETS] = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];
pub(super) const BETS: usize = 8;
/// A regression must have shown in at least so many different seconds.
pub(super) const SECONDS_MIN: f64 = 3.0;
/// How much variance, in units of one event, the guard against bursts presumes as unclustered.
const PRESUMED_VARIANCE: f64 = 10.0;
/// Halvings of an interval: enough for every digit of a double.
const HALVINGS: u32 = 60;

/// One second of both sides: how many, and of these how many with the event (an error, say).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub canary: f64,
    pub canary_events: f64,
    pub stable: f64,
    pub stable_events: f64,
}

/// What the seconds so far say of the difference of two proportions, canary minus stable.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Bets that canary has more events; they decide on failing.
    more: Bets,
    /// Bets that canary has fewer events than a given surplus would bring; they decide on passing.
    fewer: Bets,
    weighted: Weighted,
    dispersion: Dispersion,
}

/// Sums with Mantel-Haenszel weights, so that a changing share of traffic does not bias them.
#[derive(Clone, Copy, Debug, Default)]
struct Weighted {
    canary_events: f64,
    stable_events: f64,
    weight: f64,
}

impl Evidence {
    /// `alpha`: how often a canary that is no worse may fail; `beta`: how often one that is worse
    /// than tolerated may pass. Both in (0, 1).
    pub(super) fn new(alpha: f64, beta: f64) -> Self {
        Self {
            more: Bets::new(1.0, alpha),
            fewer: Bets::new(-1.0, beta),
            weighted: Weighted::default(),
            dispersion: Dispersion::default(),
        }
    }

    /// Takes in a second and answers its weight; a second in which one side was silent compares
    /// nothing and weighs nothing.
    pub(super) fn push(&mut self, cell: Cell) -> f64 {
        let total = cell.canary + cell.stable;
        if cell.canary <= 0.0 || cell.stable <= 0.0 {
            return 0.0;
        }
        let share = cell.canary / total;
        let weight = cell.canary * (1.0 - share);
        let dispersion = self.dispersion.factor();
        self.more.push(&cell, share, weight, dispersion);
        self.fewer.push(&cell, share, weight, dispersion);
        self.dispersion.push(cell, self.weighted.ratio());
        self.weighted.canary_events += cell.canary_events * (1.0 - share);
        self.weighted.stable_events += cell.stable_events * share;
        self.weighted.weight += weight;
        weight
    }

    /// Whether canary certainly has more events.
    pub(super) fn is_worse(&self) -> bool {
        self.more.reject(0.0)
    }

    /// Whether canary's proportion is certainly less than `surplus` above stable's.
    pub(super) fn is_within(&self, surplus: f64) -> bool {
        self.fewer.reject(surplus)
    }

    /// Proportion of events of stable and of canary over the same weighted seconds.
    pub(super) fn proportions(&self) -> Option<(f64, f64)> {
        let Weighted { canary_events, stable_events, weight } = self.weighted;
        (weight > 0.0).then(|| (stable_events / weight, canary_events / weight))
    }

    /// Largest difference that is certainly exceeded, in -1 to 1.
    pub(super) fn lower(&self) -> f64 {
        halve(-1.0, 1.0, |surplus| self.more.reject(surplus)).0
    }

    /// Smallest difference that is certainly not reached, in -1 to 1.
    pub(super) fn upper(&self) -> f64 {
        halve(-1.0, 1.0, |surplus| !self.fewer.reject(surplus)).1
    }
}

impl Weighted {
    /// Canary's rate of events by stable's, drawn towards one while there are few.
    fn ratio(&self) -> f64 {
        (self.canary_events + 0.5) / (self.stable_events + 0.5)
    }
}

/// A mixture of bets in one direction.
#[derive(Clone, Debug)]
struct Bets {
    ratios: [f64; BETS],
    /// Logarithm of what each bet has made of its stake, if there is no difference.
    gains: [f64; BETS],
    /// How much of its gain each bet loses for a difference of one.
    slopes: [f64; BETS],
    /// Logarithm of the gain at which the mixture decides.
    decides: f64,
    /// Most that one second adds to a gain.
    most: f64,
}

impl Bets {
    fn new(sign: f64, risk: f64) -> Self {
        let decides = -risk.ln();
        Self {
            ratios: LOG_RATIOS.map(|log_ratio| (sign * log_ratio).exp()),
            gains: [0.0; BETS],
            slopes: [0.0; BETS],
            decides,
            // A hair less, or rounding could let the last but one decide.
            most: decides / (SECONDS_MIN - 1.0) * 0.999,
        }
    }

    fn push(&mut self, cell: &Cell, share: f64, weight: f64, dispersion: f64) {
        let events = cell.canary_events + cell.stable_events;
        for (at, ratio) in self.ratios.iter().enumerate() {
            let Odds { log_ratio, log_scale, bet } = Odds::new(*ratio, share);
            let gain = cell.canary_events * log_ratio - events * log_scale;
            self.gains[at] += gain.min(self.most) / dispersion;
            self.slopes[at] += bet * weight / dispersion;
        }
    }

    /// Whether the mixture has decided against a difference of `surplus` or one on the other side
    /// of it.
    fn reject(&self, surplus: f64) -> bool {
        let gain = |at: usize| self.gains[at] - self.slopes[at] * surplus;
        let best = (0..BETS).map(gain).fold(f64::NEG_INFINITY, f64::max);
        // A mixture makes at most what its best part makes, and at least its share of that.
        if best < self.decides {
            return false;
        }
        let sum: f64 = (0..BETS).map(|at| (gain(at) - best).exp()).sum();
        best + (sum / BETS as f64).ln() >= self.decides
    }
}

/// What a bet on a ratio of rates pays for one event when canary has a share of the requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    /// An event on canary adds `log_ratio - log_scale`, one on stable takes `log_scale`.
    pub log_ratio: f64,
    pub log_scale: f64,
    /// The stake per event and unit of weight.
    pub bet: f64,
}

impl Odds {
    pub(super) fn new(ratio: f64, share: f64) -> Self {
        let scale = 1.0 + (ratio - 1.0) * share;
        Self { log_ratio: ratio.ln(), log_scale: scale.ln(), bet: (ratio - 1.0) / scale }
    }
}

/// How much more the events vary from second to second than independent ones would.
///
/// Canary's part in the events of a second is compared with that in the second before: a steady
/// regression, however large, is the same in both, and is not taken for bursts.
#[derive(Clone, Copy, Debug, Default)]
struct Dispersion {
    squares: f64,
    variance: f64,
    before: Option<Cell>,
}

impl Dispersion {
    /// At least 1.
    fn factor(self) -> f64 {
        let factor = (self.squares + PRESUMED_VARIANCE) / (self.variance + PRESUMED_VARIANCE);
        factor.max(1.0)
    }

    /// `ratio`: canary's rate of events by stable's in the seconds before.
    fn push(&mut self, cell: Cell, ratio: f64) {
        if cell.canary_events + cell.stable_events <= 0.0 {
            return;
        }
        let Some(before) = self.before.replace(cell) else { return };
        let [now, then] = [cell, before].map(|cell| Surprise::new(&cell, ratio));
        // The harmonic mean, halved, evens the pair's variance; their mean weighs the pair.
        let events = now.events + then.events;
        let weight = now.events * then.events / events * (events / 2.0);
        self.squares += weight * (now.off - then.off).powi(2);
        self.variance += weight * (now.variance + then.variance);
    }
}

/// How far canary's part in the events of a second is from what its share lets expect.
struct Surprise {
    events: f64,
    off: f64,
    /// Of `off`, if events are independent: hypergeometric.
    variance: f64,
}

impl Surprise {
    fn new(cell: &Cell, ratio: f64) -> Self {
        let (total, events) = (cell.canary + cell.stable, cell.canary_events + cell.stable_events);
        let share = cell.canary / total;
        let expected = ratio * share / (1.0 + (ratio - 1.0) * share);
        let left = if total > 1.0 { (total - events) / (total - 1.0) } else { 0.0 };
        let variance = expected * (1.0 - expected) * left / events;
        Self { events, off: cell.canary_events / events - expected, variance }
    }
}

/// The two ends of the last interval around the place where `holds` turns from true to false;
/// `low` or `high` itself if it does not turn in between.
pub(super) fn halve(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> (f64, f64) {
    if !holds(low) {
        return (low, low);
    }
    if holds(high) {
        return (high, high);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low, high)
}
