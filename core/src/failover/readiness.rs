//! How ready places were to go away, over time.
//!
//! Invariant: a minute that nobody judged counts as unknown, and unknown is not ready.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::preview::Verdict;
use crate::id::{DatacenterId, IdError, RegionId};

/// How far back it is told, and kept.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// What goes away at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Away {
    Region(RegionId),
    Datacenter(DatacenterId),
}

impl Away {
    pub fn id(&self) -> &str {
        match self {
            Self::Region(id) => id.as_str(),
            Self::Datacenter(id) => id.as_str(),
        }
    }
}

/// `region/eu-west`, `dc/fra1`: as it is kept.
impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(id) => write!(f, "region/{id}"),
            Self::Datacenter(id) => write!(f, "dc/{id}"),
        }
    }
}

impl FromStr for Away {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once('/') {
            Some(("region", id)) => RegionId::new(id).map(Self::Region),
            Some((_, id)) => DatacenterId::new(id).map(Self::Datacenter),
            None => DatacenterId::new(text).map(Self::Datacenter),
        }
    }
}

/// Minutes by their verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minutes {
    pub ready: u32,
    pub warnings: u32,
    pub unknown: u32,
    pub not_ready: u32,
    /// Nobody judged them.
    pub unjudged: u32,
}

impl Minutes {
    pub const fn all(&self) -> u32 {
        self.ready + self.warnings + self.unknown + self.not_ready + self.unjudged
    }

    /// Those in which it could go away.
    pub const fn able(&self) -> u32 {
        self.ready + self.warnings
    }

    /// The share of them, in percent; `None`: of nothing.
    pub fn score(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| f64::from(self.able()) / f64::from(all) * 100.0)
    }

    /// The worst verdict in it; `None`: it is empty.
    pub const fn worst(&self) -> Option<Verdict> {
        if self.not_ready > 0 {
            Some(Verdict::NotReady)
        } else if self.unknown + self.unjudged > 0 {
            Some(Verdict::Unknown)
        } else if self.warnings > 0 {
            Some(Verdict::Warnings)
        } else if self.ready > 0 {
            Some(Verdict::Ready)
        } else {
            None
        }
    }

    fn add(&mut self, other: &Self) {
        self.ready += other.ready;
        self.warnings += other.warnings;
        self.unknown += other.unknown;
        self.not_ready += other.not_ready;
        self.unjudged += other.unjudged;
    }
}

/// What was kept of a place: by the beginning of each stretch, minutes that were judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its first minute.
    pub since: DateTime<Utc>,
    pub stretches: BTreeMap<DateTime<Utc>, Minutes>,
}

/// A while with its minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub minutes: Minutes,
}

/// Every stretch of `step` up to `until` (whole minutes), also those in which nobody judged; and
/// their sum.
pub fn over_time(kept: &Kept, step: TimeDelta, until: DateTime<Utc>) -> (Vec<Stretch>, Minutes) {
    let (mut stretches, mut sum) = (Vec::new(), Minutes::default());
    let Some((first, _)) = kept.stretches.first_key_value() else { return (stretches, sum) };
    let step = step.max(TimeDelta::minutes(1));
    let mut begin = *first;
    while begin < until {
        let (from, to) = (begin.max(kept.since), (begin + step).min(until));
        let mut minutes = kept.stretches.get(&begin).copied().unwrap_or_default();
        let passed = u32::try_from((to - from).num_minutes()).unwrap_or(0);
        minutes.unjudged = passed.saturating_sub(minutes.all());
        sum.add(&minutes);
        if from < to {
            stretches.push(Stretch { from, to, minutes });
        }
        begin += step;
    }
    (stretches, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn minutes_that_nobody_judged_are_unknown_and_those_before_the_first_are_none() {
        let ready = Minutes { ready: 50, ..Minutes::default() };
        let bad = Minutes { ready: 55, warnings: 4, not_ready: 1, ..Minutes::default() };
        let kept = Kept { since: at(10), stretches: [(at(0), ready), (at(120), bad)].into() };
        let (stretches, sum) = over_time(&kept, TimeDelta::hours(1), at(190));
        let told: Vec<_> = stretches.iter().map(|it| (it.minutes.worst(), it.from)).collect();
        assert_eq!(
            told,
            [
                (Some(Verdict::Ready), at(10)),
                (Some(Verdict::Unknown), at(60)),
                (Some(Verdict::NotReady), at(120)),
                (Some(Verdict::Unknown), at(180)),
            ]
        );
        assert_eq!((sum.all(), sum.able(), sum.unjudged), (180, 109, 70));
        assert_eq!(sum.score().map(f64::round), Some(61.0));
        assert_eq!(over_time(&Kept::default(), TimeDelta::hours(1), at(9)).1.score(), None);
    }

    #[test]
    fn places_are_read_as_they_are_kept() {
        for text in ["region/eu-west", "dc/fra1"] {
            assert_eq!(text.parse::<Away>().map(|it| it.to_string()).as_deref(), Ok(text));
        }
        assert!("region/".parse::<Away>().is_err());
    }
}
