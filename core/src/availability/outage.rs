//! Outages and gaps: stretches of bad minutes, what each is put down to, and corrections of that.
//!
//! Owns how minutes become outages ([`advance`]) and what may be told of one ([`correct`]).
//!
//! Invariants: an outage is made of its minutes, in whatever portions they come; what is told of it
//! by a person is a new entry on top of what was found, which is never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::{Minute, State};
use crate::audit::Actor;
use crate::failover::RunId;
use crate::id::{DatacenterId, GroupId, RegionId, ServiceId};
use crate::rollout::RolloutId;

/// An outage that is interrupted for less than this is one outage.
pub const JOIN: TimeDelta = TimeDelta::minutes(5);
/// Shortest and longest reason of a correction, in characters.
pub const REASON_MIN_CHARS: usize = 10;
pub const REASON_MAX_CHARS: usize = 500;

/// Written `ou-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutageId(pub i64);

impl fmt::Display for OutageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ou-{}", self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an outage is written ou-12")]
pub struct OutageIdError;

impl FromStr for OutageId {
    type Err = OutageIdError;

    fn from_str(text: &str) -> Result<Self, OutageIdError> {
        let number = text.strip_prefix("ou-").and_then(|number| number.parse().ok());
        number.filter(|number| *number > 0).map(Self).ok_or(OutageIdError)
    }
}

impl TryFrom<String> for OutageId {
    type Error = OutageIdError;

    fn try_from(text: String) -> Result<Self, OutageIdError> {
        text.parse()
    }
}

impl From<OutageId> for String {
    fn from(id: OutageId) -> Self {
        id.to_string()
    }
}

/// What kind of bad minutes it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One service was down in one region, as planned or not.
    Down,
    /// Services of a region were not measured.
    Gap,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Gap => "gap",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Down, Self::Gap].into_iter().find(|kind| kind.name() == name)
    }
}

/// A stretch of bad minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// `None`: not kept yet.
    pub id: Option<OutageId>,
    pub kind: Kind,
    pub region: RegionId,
    /// The one that was down, or all that were not measured.
    pub services: BTreeSet<ServiceId>,
    pub groups: BTreeSet<GroupId>,
    /// Where requests or instances failed.
    pub datacenters: BTreeSet<DatacenterId>,
    pub started_at: DateTime<Utc>,
    /// The end of its last bad minute so far.
    pub last_at: DateTime<Utc>,
    /// Nothing bad came for [`JOIN`] after that.
    pub ended: bool,
    /// Bad minutes: of a gap, of all services together.
    pub down: u64,
    pub planned: u64,
    pub unmeasured: u64,
    /// Requests in its bad minutes, and how many of them failed.
    pub requests: u64,
    pub errors: u64,
    /// Minutes that were down and not planned, by the hour in which they were.
    pub down_by_hour: BTreeMap<DateTime<Utc>, u32>,
}

impl Outage {
    fn new(kind: Kind, minute: &Minute) -> Self {
        Self {
            id: None,
            kind,
            region: minute.cell.region.clone(),
            services: BTreeSet::new(),
            groups: BTreeSet::new(),
            datacenters: BTreeSet::new(),
            started_at: minute.at,
            last_at: minute.at,
            ended: false,
            down: 0,
            planned: 0,
            unmeasured: 0,
            requests: 0,
            errors: 0,
            down_by_hour: BTreeMap::new(),
        }
    }

    fn add(&mut self, minute: &Minute) {
        self.last_at = minute.at + TimeDelta::minutes(1);
        self.services.insert(minute.cell.service.clone());
        self.groups.insert(minute.group.clone());
        self.datacenters.extend(minute.datacenters.iter().cloned());
        self.requests += minute.requests;
        self.errors += minute.errors;
        match minute.state {
            State::Down => {
                self.down += 1;
                let hour = minute.at.duration_trunc(TimeDelta::hours(1)).unwrap_or(minute.at);
                *self.down_by_hour.entry(hour).or_default() += 1;
            }
            State::Planned => self.planned += 1,
            State::Unmeasured => self.unmeasured += 1,
            State::Up | State::Degraded => {}
        }
    }

    /// From its first bad minute to the end of its last.
    pub fn length(&self) -> TimeDelta {
        self.last_at - self.started_at
    }

    /// Minutes that were down and not planned, from `from` on and before `until` (whole hours).
    pub fn down_within(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
        self.down_by_hour.range(from..until.max(from)).map(|(_, n)| u64::from(*n)).sum()
    }

    fn key(&self) -> Key {
        let service = match self.kind {
            Kind::Down => self.services.first().cloned(),
            Kind::Gap => None,
        };
        (self.kind, self.region.clone(), service)
    }
}

/// What goes on as one: a service in a region, or what is not measured of a region.
type Key = (Kind, RegionId, Option<ServiceId>);

/// Goes on with the outages that had not ended, given the minutes up to `until`, oldest first.
/// Returns all of them as they stand now, and those that are new.
pub fn advance(open: Vec<Outage>, minutes: &[Minute], until: DateTime<Utc>) -> Vec<Outage> {
    let mut current: BTreeMap<Key, Outage> =
        open.into_iter().map(|outage| (outage.key(), outage)).collect();
    let mut over = Vec::new();
    for minute in minutes {
        let (kind, service) = match minute.state {
            State::Down | State::Planned => (Kind::Down, Some(minute.cell.service.clone())),
            State::Unmeasured => (Kind::Gap, None),
            State::Up | State::Degraded => continue,
        };
        let key = (kind, minute.cell.region.clone(), service);
        if let Some(before) = current.get(&key).filter(|it| minute.at - it.last_at >= JOIN) {
            over.push(Outage { ended: true, ..before.clone() });
            current.remove(&key);
        }
        current.entry(key).or_insert_with(|| Outage::new(kind, minute)).add(minute);
    }
    let rest = current
        .into_values()
        .map(|outage| Outage { ended: until - outage.last_at >= JOIN, ..outage });
    over.extend(rest);
    over
}

/// What an outage is put down to, and whether it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// `None`: not told yet.
    pub cause: Option<Cause>,
    /// Whether its minutes count in what is net of planned work. Only a person excludes one.
    pub counted: bool,
    /// The number of the problem of the same trouble, `12` for `at-12`.
    pub problem: Option<i64>,
    pub rollout: Option<RolloutId>,
    pub run: Option<RunId>,
}

impl Default for Account {
    fn default() -> Self {
        Self { cause: None, counted: true, problem: None, rollout: None, run: None }
    }
}

/// An outage with what stands of it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub id: OutageId,
    pub outage: Outage,
    /// As it was found, or as the last correction says.
    pub account: Account,
    /// How often a person corrected it.
    pub corrections: u32,
}

/// A correction: a new entry on top of what was found or told before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub reason: String,
    pub old: Account,
    pub new: Account,
}

/// Why a correction is not made; each a sentence that says what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("write the reason, at least {REASON_MIN_CHARS} characters")]
    NoReason,
    #[error("write a shorter reason, at most {REASON_MAX_CHARS} characters")]
    LongReason,
    #[error("a gap counts neither as up nor as down: leave it counted, and tell its cause")]
    GapCounts,
    #[error(
        "nothing differs from what is told already: change the cause, a link or whether it counts"
    )]
    Same,
}

/// Whether an account may take the place of the one before.
pub fn correct(kind: Kind, old: &Account, new: &Account, reason: &str) -> Result<(), Refused> {
    let length = reason.trim().chars().count();
    if length < REASON_MIN_CHARS {
        return Err(Refused::NoReason);
    }
    if length > REASON_MAX_CHARS {
        return Err(Refused::LongReason);
    }
    if kind == Kind::Gap && !new.counted {
        return Err(Refused::GapCounts);
    }
    if old == new { Err(Refused::Same) } else { Ok(()) }
}
