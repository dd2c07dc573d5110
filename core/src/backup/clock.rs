//! The clock of the backup policies: how fast their days pass.
//!
//! Owns the map between real time and the time in which copies are planned, kept and judged. In
//! production there is one time, and the map changes nothing. A lab may let the days of its
//! policies pass faster; each change of the pace begins a [`Leg`]. Invariants: policy time goes on
//! from leg to leg without a jump, and never backwards; of the store, the same legs say the same
//! everywhere.
//!
//! Agents live in real time: what they tell is mapped when decisions are taken on it, and what they
//! are given is mapped back ([`told`]).

mod told;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

const DAY_SECONDS: u32 = 86_400;
/// The fastest day: below, a look of the leader would be hours of the policies.
const DAY_SECONDS_MIN: u32 = 10;
/// Most changes of the pace in one store.
pub const LEGS_MAX: usize = 100;
/// The end of the policies' time, 9999-12-31: every calendar gets there.
const END: DateTime<Utc> = DateTime::from_timestamp(253_402_214_400, 0).expect("a small timestamp");

/// In how much real time a day of the policies passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Pace {
    day_seconds: u32,
}

/// Why a length of a day cannot be used; says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    #[error("`{0}` is no length of a day; write a number and s, m or h, as in 60s")]
    Form(String),
    #[error("a day may take from {DAY_SECONDS_MIN} s to 24 h; write it like 60s or 5m")]
    Range,
}

impl Pace {
    /// A day takes a day.
    pub const REAL: Self = Self { day_seconds: DAY_SECONDS };

    pub const fn new(day_seconds: u32) -> Result<Self, PaceError> {
        if day_seconds < DAY_SECONDS_MIN || day_seconds > DAY_SECONDS {
            return Err(PaceError::Range);
        }
        Ok(Self { day_seconds })
    }

    pub const fn day_seconds(self) -> u32 {
        self.day_seconds
    }

    pub const fn is_real(&self) -> bool {
        self.day_seconds == DAY_SECONDS
    }

    /// How much time of the policies passes in a real time: for what takes real time whatever the
    /// days do, as an agent's silence or a person's answer.
    pub fn stretch(self, real: TimeDelta) -> TimeDelta {
        self.scaled(real, (DAY_SECONDS, self.day_seconds), i128::div_euclid)
    }

    /// The real time after which so much of the policies' has passed.
    fn shrink(self, policy: TimeDelta) -> TimeDelta {
        // Rounded up, as `stretch` is rounded down: so what was mapped comes back as it was.
        let up = |from: i128, by: i128| -(-from).div_euclid(by);
        self.scaled(policy, (self.day_seconds, DAY_SECONDS), up)
    }

    fn scaled(
        self,
        time: TimeDelta,
        (times, parts): (u32, u32),
        divide: impl Fn(i128, i128) -> i128,
    ) -> TimeDelta {
        if self.is_real() {
            return time;
        }
        let micros = time.num_microseconds().unwrap_or(i64::MAX);
        let scaled = divide(i128::from(micros) * i128::from(times), i128::from(parts));
        let bound = i128::from(i64::MAX);
        TimeDelta::microseconds(scaled.clamp(-bound, bound) as i64)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::REAL
    }
}

impl TryFrom<u32> for Pace {
    type Error = PaceError;

    fn try_from(day_seconds: u32) -> Result<Self, PaceError> {
        Self::new(day_seconds)
    }
}

impl From<Pace> for u32 {
    fn from(pace: Pace) -> Self {
        pace.day_seconds
    }
}

/// `60s`, `5m`, `1h`, `1d`.
impl FromStr for Pace {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        let units = [('s', 1_u64), ('m', 60), ('h', 3_600), ('d', u64::from(DAY_SECONDS))];
        let found = units.into_iter().find_map(|(unit, seconds)| {
            let count: u32 = text.trim().strip_suffix(unit)?.parse().ok()?;
            Some(u64::from(count) * seconds)
        });
        let seconds = found.ok_or_else(|| PaceError::Form(text.to_owned()))?;
        Self::new(u32::try_from(seconds).map_err(|_| PaceError::Range)?)
    }
}

/// The length of its day: `60 s`, `90 s`, `5 min`, `2 h`.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day_seconds {
            hours if hours % 3_600 == 0 => write!(f, "{} h", hours / 3_600),
            minutes if minutes % 60 == 0 && minutes > 60 => write!(f, "{} min", minutes / 60),
            seconds => write!(f, "{seconds} s"),
        }
    }
}

/// A time with one pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The real moment at which it began.
    pub since: DateTime<Utc>,
    /// The policies' moment then.
    pub policy_at: DateTime<Utc>,
    pub pace: Pace,
}

/// Both times of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyClock {
    /// By the moment at which they began. Before the first, and without any, both times are one.
    legs: Vec<Leg>,
}

/// Why the pace stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// Their retention would pass within minutes.
    #[error(
        "this store has backups that were made in real days, and with faster ones they would be \
         too old within minutes; leave `--day` out, or start with a store of its own"
    )]
    RealBackups,
    #[error(
        "the length of a day was changed {LEGS_MAX} times in this store; leave `--day` out, or \
         start with a store of its own"
    )]
    TooOften,
}

impl PolicyClock {
    /// Of legs by the moment at which they began.
    pub const fn new(legs: Vec<Leg>) -> Self {
        Self { legs }
    }

    /// Whether both times are one, and always were.
    pub const fn is_real(&self) -> bool {
        self.legs.is_empty()
    }

    /// How fast the days pass at a real moment.
    pub fn pace(&self, real: DateTime<Utc>) -> Pace {
        self.leg(|leg| leg.since <= real).map_or(Pace::REAL, |leg| leg.pace)
    }

    /// The policies' moment at a real one.
    pub fn to_policy(&self, real: DateTime<Utc>) -> DateTime<Utc> {
        let Some(leg) = self.leg(|leg| leg.since <= real) else { return real };
        let passed = leg.pace.stretch(real.trunc_subsecs(6) - leg.since);
        leg.policy_at.checked_add_signed(passed).map_or(END, |at| at.min(END))
    }

    /// The first real moment at which it was so late for the policies.
    pub fn to_real(&self, policy: DateTime<Utc>) -> DateTime<Utc> {
        let Some(leg) = self.leg(|leg| leg.policy_at <= policy) else { return policy };
        let passed = leg.pace.shrink(policy.trunc_subsecs(6) - leg.policy_at);
        leg.since.checked_add_signed(passed).map_or(END, |at| at.min(END))
    }

    /// The leg with which the days take another pace from now on; `None`: they have it.
    /// `has_backups`: whether the store has backups.
    pub fn turn(
        &self,
        pace: Pace,
        now: DateTime<Utc>,
        has_backups: bool,
    ) -> Result<Option<Leg>, TurnError> {
        let since = match self.legs.last() {
            // A clock that was set back does not make time go back.
            Some(last) => now.trunc_subsecs(6).max(last.since + TimeDelta::microseconds(1)),
            None => now.trunc_subsecs(6),
        };
        if self.pace(since) == pace {
            return Ok(None);
        }
        if self.is_real() && has_backups {
            return Err(TurnError::RealBackups);
        }
        if self.legs.len() >= LEGS_MAX {
            return Err(TurnError::TooOften);
        }
        Ok(Some(Leg { since, policy_at: self.to_policy(since), pace }))
    }

    fn leg(&self, begun: impl Fn(&Leg) -> bool) -> Option<&Leg> {
        self.legs.iter().rev().find(|leg| begun(leg))
    }
}
