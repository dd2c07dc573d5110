//! Availability: what each minute of a service in a region was, what that makes over a period, the
//! outages it consists of, and how fast the budget of an objective is used up (R25, R26).
//!
//! Owns the verdict on a minute ([`minute`]), sums of minutes and requests ([`Tally`]), objectives
//! ([`Target`]), what probes say ([`probe`]), outages with their accounts ([`outage`], [`cause`])
//! and burn rates ([`burn`]).
//!
//! Invariants: each minute has exactly one state, so states add up to the period; a minute that
//! nobody measured is neither up nor down; what is net of planned work is never less than gross.
//! Sums do not depend on the order or the portions in which minutes are added.
//!
//! Must not: know where minutes are kept.

pub mod burn;
pub mod cause;
pub mod outage;
pub mod probe;
mod tally;
mod target;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use tally::{Share, Tally};
pub use target::Target;

use crate::fleet::{Fleet, Service};
use crate::id::{DatacenterId, GroupId, RegionId, ServiceId};
use crate::placement;
use outage::Told;
use probe::{Counted, Served};

/// Seconds of a minute in which an edge must have been heard for its requests to speak.
pub const HEARD_SECONDS_MIN: u16 = 30;
/// With fewer requests in a minute, probes decide where there are any.
pub const REQUESTS_MIN: u64 = 10;
/// From so many percent of failed requests on, a minute is down.
pub const DOWN_PERCENT: u64 = 10;
/// From so many percent on it is degraded.
pub const DEGRADED_PERCENT: u64 = 1;
/// Minutes of an hour.
pub const HOUR_MINUTES: usize = 60;

/// What a minute of a service in a region was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Down,
    Degraded,
    /// Nobody measured: no edge was heard, and no agent told of instances.
    Unmeasured,
    /// Down, and it was meant to be.
    Planned,
    Up,
}

impl State {
    /// The worst first: of stretches with several states the first is shown.
    pub const ALL: [Self; 5] =
        [Self::Down, Self::Degraded, Self::Unmeasured, Self::Planned, Self::Up];

    /// Its name in JSON and style sheets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Unmeasured => "unmeasured",
            Self::Planned => "planned",
            Self::Up => "up",
        }
    }

    /// The letter under which it is kept; [`ABSENT`] is none.
    pub const fn letter(self) -> char {
        match self {
            Self::Down => 'd',
            Self::Degraded => 'g',
            Self::Unmeasured => 'x',
            Self::Planned => 'p',
            Self::Up => 'u',
        }
    }

    /// The state with this [`letter`](Self::letter).
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.letter() == letter)
    }
}

/// The letter of a minute in which a service was not in a region, or nothing was kept yet.
pub const ABSENT: char = '-';

/// A service as the users of a region have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    pub service: ServiceId,
    pub region: RegionId,
}

/// What the edges of a region told of a minute of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub requests: u64,
    /// Of these, answered with a 5xx status or not at all.
    pub errors: u64,
    /// Seconds in which the edge that was heard longest was heard; 0 to 60.
    pub heard_seconds: u16,
    /// Where requests failed; those that reached no instance are not among them.
    pub failed_in: BTreeSet<DatacenterId>,
}

/// What a minute was. Requests speak first: they are what users saw. Where the edges were not
/// heard, or had too few, probes do; where there are none either, a minute is unmeasured.
/// `planned`: the service was taken out here on purpose.
pub fn minute(seen: &Seen, probe: Option<Served>, planned: bool) -> State {
    let heard = seen.heard_seconds >= HEARD_SECONDS_MIN;
    let state = match probe {
        _ if heard && seen.requests >= REQUESTS_MIN => by_requests(seen),
        Some(Served::Full) => State::Up,
        Some(Served::Some) => State::Degraded,
        Some(Served::None) => State::Down,
        None if heard && seen.requests > 0 => by_requests(seen),
        None => State::Unmeasured,
    };
    if planned && state == State::Down { State::Planned } else { state }
}

fn by_requests(seen: &Seen) -> State {
    let percent = u128::from(seen.errors) * 100;
    let reaches = |limit: u64| percent >= u128::from(seen.requests) * u128::from(limit);
    match seen.errors {
        0 => State::Up,
        _ if reaches(DOWN_PERCENT) => State::Down,
        _ if reaches(DEGRADED_PERCENT) => State::Degraded,
        _ => State::Up,
    }
}

/// The sum of one service in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    pub cell: Cell,
    /// The group it was in last.
    pub group: GroupId,
    pub tally: Tally,
}

/// Takes what people excluded out of what is net, of sums from `from` on and before `until`.
pub fn exclude(totals: &mut [Total], excluded: &[Told], from: DateTime<Utc>, until: DateTime<Utc>) {
    for told in excluded.iter().filter(|told| !told.account.counted) {
        let outage = &told.outage;
        let of = |total: &&mut Total| {
            total.cell.region == outage.region && outage.services.contains(&total.cell.service)
        };
        if let Some(total) = totals.iter_mut().find(of) {
            let more = total.tally.excluded + outage.down_within(from, until);
            total.tally.excluded = more.min(total.tally.down);
        }
    }
}

/// One minute of a cell, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minute {
    /// When it began.
    pub at: DateTime<Utc>,
    pub cell: Cell,
    pub group: GroupId,
    pub state: State,
    pub requests: u64,
    pub errors: u64,
    /// Where requests failed, or instances did.
    pub datacenters: BTreeSet<DatacenterId>,
}

/// All that was kept of some minutes, by the minute's beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub seen: BTreeMap<(DateTime<Utc>, Cell), Seen>,
    /// Regions with the seconds in which one of their edges was heard.
    pub heard: BTreeMap<(DateTime<Utc>, RegionId), u16>,
    pub probes: BTreeMap<DateTime<Utc>, Counted>,
}

/// Decides every minute from `from` on and before `until` (both whole minutes): each cell of the
/// fleet, oldest first.
pub fn decide(
    fleet: &Fleet,
    kept: &Kept,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<Minute> {
    let places = places(fleet, kept);
    let mut minutes = Vec::new();
    let none = Counted::default();
    let mut at = from;
    while at < until {
        let probes = kept.probes.get(&at).unwrap_or(&none);
        for (cell, (group, datacenters)) in &places {
            let key = (at, cell.clone());
            let mut seen = kept.seen.get(&key).cloned().unwrap_or_default();
            let heard = kept.heard.get(&(at, cell.region.clone()));
            seen.heard_seconds = heard.copied().unwrap_or_default();
            let probed = probes.of(&cell.service, datacenters);
            let state = minute(&seen, probed.served, probed.planned);
            let bad = matches!(state, State::Down | State::Planned);
            let places = seen.failed_in.into_iter().chain(probed.failing);
            minutes.push(Minute {
                at,
                cell: cell.clone(),
                group: group.clone(),
                state,
                requests: seen.requests,
                errors: seen.errors,
                datacenters: if bad { places.collect() } else { BTreeSet::new() },
            });
        }
        at += TimeDelta::minutes(1);
    }
    minutes
}

type Places = BTreeMap<Cell, (GroupId, BTreeSet<DatacenterId>)>;

/// Every cell: a service in the regions where it is placed, and in those whose users asked for it.
fn places(fleet: &Fleet, kept: &Kept) -> Places {
    let mut places = Places::new();
    let runs = |(_, service): &(&ServiceId, &Service)| !service.retired;
    for (id, service) in fleet.services.iter().filter(runs) {
        for datacenter in placement::datacenters(fleet, service) {
            let Some(declared) = fleet.datacenters.get(&datacenter) else { continue };
            let cell = Cell { service: id.clone(), region: declared.region.clone() };
            let new = || (service.group.clone(), BTreeSet::new());
            places.entry(cell).or_insert_with(new).1.insert(datacenter);
        }
    }
    for (_, cell) in kept.seen.keys() {
        let declared = fleet.services.get_key_value(&cell.service).filter(runs);
        let Some((_, service)) = declared else { continue };
        if fleet.regions.contains_key(&cell.region) && !places.contains_key(cell) {
            places.insert(cell.clone(), (service.group.clone(), BTreeSet::new()));
        }
    }
    places
}
