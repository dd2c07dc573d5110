//! Sums of minutes by state, and of requests: of one cell or of many, over any period.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::{Minute, State};

/// Minutes of cells by their state, and the requests in them. Of several cells it is the sum, so a
/// minute in which one of ten services was down counts a tenth of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub up: u64,
    pub degraded: u64,
    /// Down without a plan, those that a person excluded among them.
    pub down: u64,
    /// Of `down`: what a person excluded from net, with a reason.
    pub excluded: u64,
    pub planned: u64,
    pub unmeasured: u64,
    pub requests: u64,
    /// Of these, answered with a 5xx status or not at all.
    pub errors: u64,
}

/// A part of a whole, with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub good: u64,
    pub total: u64,
}

impl Share {
    /// From 0 to 1; `None`: of nothing.
    pub fn value(self) -> Option<f64> {
        (self.total > 0).then(|| self.good as f64 / self.total as f64)
    }
}

impl Tally {
    pub const fn of(state: State, requests: u64, errors: u64) -> Self {
        let mut tally = Self {
            up: 0,
            degraded: 0,
            down: 0,
            excluded: 0,
            planned: 0,
            unmeasured: 0,
            requests,
            errors,
        };
        match state {
            State::Up => tally.up = 1,
            State::Degraded => tally.degraded = 1,
            State::Down => tally.down = 1,
            State::Planned => tally.planned = 1,
            State::Unmeasured => tally.unmeasured = 1,
        }
        tally
    }

    /// All minutes, whatever they were.
    pub const fn minutes(&self) -> u64 {
        self.measured() + self.unmeasured
    }

    /// Minutes of which it is known what they were.
    pub const fn measured(&self) -> u64 {
        self.up + self.degraded + self.down + self.planned
    }

    /// Downtime, planned or not.
    pub const fn gross_down(&self) -> u64 {
        self.down + self.planned
    }

    /// Downtime that was neither planned nor excluded by a person.
    pub const fn net_down(&self) -> u64 {
        self.down.saturating_sub(self.excluded)
    }

    /// The part of the measured minutes that was up or degraded; planned work counts as downtime.
    pub const fn gross(&self) -> Share {
        let total = self.measured();
        Share { good: total - self.gross_down(), total }
    }

    /// The same where planned work, and what was excluded, costs nothing.
    pub const fn net(&self) -> Share {
        let total = self.measured();
        Share { good: total - self.net_down(), total }
    }

    /// As [`gross`](Self::gross), had every minute that nobody measured been down.
    pub const fn at_worst(&self) -> Share {
        Share { good: self.up + self.degraded, total: self.minutes() }
    }

    /// Requests that were answered.
    pub const fn answered(&self) -> Share {
        Share { good: self.requests.saturating_sub(self.errors), total: self.requests }
    }

    /// The worst state in it, unless it is empty.
    pub fn worst(&self) -> Option<State> {
        let count = |state| match state {
            State::Down => self.down,
            State::Degraded => self.degraded,
            State::Unmeasured => self.unmeasured,
            State::Planned => self.planned,
            State::Up => self.up,
        };
        State::ALL.into_iter().find(|state| count(*state) > 0)
    }

    /// Minutes of cells as minutes of the clock: `span` minutes passed, and all cells together had
    /// [`minutes`](Self::minutes).
    pub fn on_the_clock(&self, minutes: u64, span: u64) -> f64 {
        match self.minutes() {
            0 => 0.0,
            all => minutes as f64 * span as f64 / all as f64,
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            up: self.up + other.up,
            degraded: self.degraded + other.degraded,
            down: self.down + other.down,
            excluded: self.excluded + other.excluded,
            planned: self.planned + other.planned,
            unmeasured: self.unmeasured + other.unmeasured,
            requests: self.requests + other.requests,
            errors: self.errors + other.errors,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Self::add)
    }
}

impl From<&Minute> for Tally {
    fn from(minute: &Minute) -> Self {
        Self::of(minute.state, minute.requests, minute.errors)
    }
}
