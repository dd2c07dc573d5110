//! An objective: which share of a period, or of requests, is to be good.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Parts of a whole: an objective is a whole number of these.
const PARTS: u32 = 100_000;

/// An objective, in hundred-thousandths: 99.95 % is 99,950.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Target(u32);

impl Target {
    /// The lowest and the highest that may be asked for: 90 % and 99.999 %. With all, there would
    /// be no budget.
    pub const LEAST: u32 = 90_000;
    pub const MOST: u32 = 99_999;
    /// Parts of one percent.
    pub const PARTS_OF_PERCENT: u32 = PARTS / 100;

    /// `None`: beyond what may be asked for.
    pub const fn new(parts: u32) -> Option<Self> {
        if parts >= Self::LEAST && parts <= Self::MOST { Some(Self(parts)) } else { None }
    }

    /// From 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(PARTS)
    }

    /// The share that may be bad, from 0 to 1.
    pub fn budget(self) -> f64 {
        f64::from(PARTS - self.0) / f64::from(PARTS)
    }
}

/// 99.9 %: what holds where a fleet says nothing.
impl Default for Target {
    fn default() -> Self {
        Self(99_900)
    }
}

/// In percent, as a fleet file writes it: `99.95`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / Self::PARTS_OF_PERCENT, self.0 % Self::PARTS_OF_PERCENT);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let rest = format!("{rest:03}");
        write!(f, "{whole}.{}", rest.trim_end_matches('0'))
    }
}

/// An objective that cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an objective is from 90 to 99.999 %")]
pub struct TargetError;

impl TryFrom<u32> for Target {
    type Error = TargetError;

    fn try_from(parts: u32) -> Result<Self, TargetError> {
        Self::new(parts).ok_or(TargetError)
    }
}

impl From<Target> for u32 {
    fn from(target: Target) -> Self {
        target.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_percent_without_needless_digits() {
        for (parts, text) in
            [(99_950, "99.95"), (99_000, "99"), (99_999, "99.999"), (99_900, "99.9")]
        {
            let target = Target::new(parts).expect("within bounds");
            assert_eq!(target.to_string(), text);
            assert!((target.share() + target.budget() - 1.0).abs() < 1e-12);
        }
        assert_eq!(Target::new(100_000), None);
        assert_eq!(Target::new(89_999), None);
    }
}
