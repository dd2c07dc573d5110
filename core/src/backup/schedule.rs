//! The schedule of a database: its windows as instants, its places, and when its copies go.
//!
//! Everything follows from the fleet and the calendar; see [`super::calendar`] for the days and
//! [`super::local`] for the clocks. Knows nothing of what ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::calendar::plus;
use super::{Kind, local};
use crate::fleet::{BackupPolicy, Fleet, FullSchedule, Rotation};
use crate::id::{DatabaseId, DatacenterId, PolicyId};

/// A copy that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    pub database: DatabaseId,
    pub kind: Kind,
    pub window_start: DateTime<Utc>,
    pub window_end: DateTime<Utc>,
    /// Whose repository takes it.
    pub datacenter: DatacenterId,
    /// Name of its chain: the database and the local date of the full, `store-db-2026-03-03`.
    pub chain: String,
    /// When its retention ends: for all of a chain when that of the youngest does.
    pub expires_at: DateTime<Utc>,
}

/// One window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The local day that it belongs to.
    pub day: NaiveDate,
    pub kind: Kind,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// A copy that is to be made, of whichever database.
struct Slot {
    window: Window,
    /// The day of the full that it stands on, and that as text.
    full: NaiveDate,
    full_name: String,
    turn: i64,
    expires_at: DateTime<Utc>,
}

/// When and where the copies of one database are made.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub database: DatabaseId,
    pub policy: BackupPolicy,
    /// Zone of the region of the database's first data centre.
    pub zone: Tz,
    /// Data centres in the order of their turns; never empty.
    pub turn: Arc<[DatacenterId]>,
}

impl Schedule {
    /// Of one database; `None` if it is not in the fleet or has no policy.
    pub fn of(fleet: &Fleet, database: &DatabaseId) -> Option<Self> {
        Self::with(fleet, database, turn(fleet))
    }

    /// Of every database with a policy, by id.
    pub fn all(fleet: &Fleet) -> impl Iterator<Item = Self> {
        let turn = turn(fleet);
        let ids = fleet.databases.keys();
        ids.filter_map(move |database| Self::with(fleet, database, Arc::clone(&turn)))
    }

    fn with(fleet: &Fleet, id: &DatabaseId, turn: Arc<[DatacenterId]>) -> Option<Self> {
        let database = fleet.databases.get(id)?;
        let policy = fleet.backup_policies.get(database.policy.as_ref()?)?;
        let first = fleet.datacenters.get(database.datacenters.first()?)?;
        let zone = fleet.regions.get(&first.region)?.time_zone;
        let (database, policy) = (id.clone(), policy.clone());
        (!turn.is_empty()).then_some(Self { database, policy, zone, turn })
    }

    /// Copies whose window begins at `from` or later and before `until`, in order.
    pub fn between(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Planned> {
        self.slots(from, until).iter().map(|slot| self.planned(slot)).collect()
    }

    /// The same without the database: those with one policy in one zone share it.
    fn slots(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        for window in self.windows(from, until) {
            let full = self.full_of(window.day);
            // Chain after chain: the end is worked out once for each.
            let expires_at = match slots.last().filter(|last| last.full == full) {
                Some(last) => last.expires_at,
                None => self.chain_expires_at(full, window),
            };
            let turn = self.policy.turn_on(window.day);
            slots.push(Slot { window, full, full_name: full.to_string(), turn, expires_at });
        }
        slots
    }

    fn planned(&self, slot: &Slot) -> Planned {
        Planned {
            database: self.database.clone(),
            kind: slot.window.kind,
            window_start: slot.window.start,
            window_end: slot.window.end,
            datacenter: self.place(slot.turn).clone(),
            chain: self.chain_name(&slot.full_name),
            expires_at: slot.expires_at,
        }
    }

    /// Windows that begin at `from` or later and before `until`, in order.
    pub fn windows(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = Window> {
        // A gap may move a beginning past midnight, by a day at most.
        let first = plus(local::day(self.zone, from), -2);
        let last = plus(local::day(self.zone, until), 1);
        let days = first.iter_days().take_while(move |day| *day <= last);
        let windows = days.filter_map(|day| self.window(day));
        windows.filter(move |window| from <= window.start && window.start < until)
    }

    /// The window of a local day; `None` if it has none.
    pub fn window(&self, day: NaiveDate) -> Option<Window> {
        self.policy.kind_on(day)?;
        let (from, to) = self.policy.window_minutes;
        let start = local::instant(self.zone, day, from)?;
        let end = start + TimeDelta::minutes(i64::from(to.saturating_sub(from)));
        let kind = if self.full_of(day) == day { Kind::Full } else { Kind::Differential };
        Some(Window { day, kind, start, end })
    }

    /// The last window that had begun at an instant.
    pub fn begun(&self, at: DateTime<Utc>) -> Option<Window> {
        self.latest(at, |window| window.start <= at)
    }

    /// The last window that was over at an instant.
    pub fn over(&self, at: DateTime<Utc>) -> Option<Window> {
        self.latest(at, |window| window.end <= at)
    }

    /// The last window for a full that was over at an instant.
    pub fn full_over(&self, at: DateTime<Utc>) -> Option<Window> {
        self.latest(at, |window| window.kind == Kind::Full && window.end <= at)
    }

    /// When retention ends for a copy that was complete at an instant: so many days of the local
    /// calendar later.
    pub fn kept_until(&self, complete: DateTime<Utc>) -> DateTime<Utc> {
        local::days_later(self.zone, complete, self.policy.retention_days)
    }

    /// What is made instead while data centres are not available: the next in turn takes the copy.
    /// A differential by `chain` has no full there and becomes one, a chain of its own. As it was,
    /// if its data centre is available; `None` if none is.
    pub fn elsewhere(
        &self,
        planned: &Planned,
        unavailable: &BTreeSet<DatacenterId>,
    ) -> Option<Planned> {
        let at = self.turn.iter().position(|id| *id == planned.datacenter).unwrap_or(0);
        let datacenter = self.next_in_turn(at as i64, unavailable)?;
        let mut planned = planned.clone();
        if *datacenter == planned.datacenter {
            return Some(planned);
        }
        planned.datacenter = datacenter.clone();
        if planned.kind == Kind::Differential && self.policy.rotation == Rotation::Chain {
            let day = self.begun(planned.window_start).map(|window| window.day);
            planned.kind = Kind::Full;
            planned.chain = self.chain_name(&day?.to_string());
            planned.expires_at = self.kept_until(planned.window_end);
        }
        Some(planned)
    }

    /// The data centre of a turn, or the next one after it that is available.
    pub fn next_in_turn(
        &self,
        turn: i64,
        unavailable: &BTreeSet<DatacenterId>,
    ) -> Option<&DatacenterId> {
        let ahead = 0..self.turn.len() as i64;
        let places = ahead.map(|ahead| self.place(turn.saturating_add(ahead)));
        places.into_iter().find(|id| !unavailable.contains(*id))
    }

    fn place(&self, turn: i64) -> &DatacenterId {
        let at = turn.rem_euclid(self.turn.len() as i64);
        &self.turn[at as usize]
    }

    /// The day of the full that a day's copy stands on: the scheduled one, or the first day of the
    /// chain after it that the zone did not leave out.
    fn full_of(&self, day: NaiveDate) -> NaiveDate {
        let mut full = self.policy.full_on_or_before(day);
        let from = self.policy.window_minutes.0;
        while full < day && local::instant(self.zone, full, from).is_none() {
            full = plus(full, 1);
        }
        full
    }

    fn chain_name(&self, full: &str) -> String {
        [self.database.as_str(), full].join("-")
    }

    /// When the youngest copy of a chain is past retention. `window`: any of the chain's.
    fn chain_expires_at(&self, full: NaiveDate, window: Window) -> DateTime<Utc> {
        let last = self.policy.last_of_chain(self.policy.full_on_or_before(full));
        let youngest = last.iter_days().rev().take_while(|day| *day >= full);
        let youngest = youngest.filter_map(|day| self.window(day)).next();
        self.kept_until(youngest.unwrap_or(window).end)
    }

    fn latest(&self, at: DateTime<Utc>, wanted: impl Fn(&Window) -> bool) -> Option<Window> {
        let gap = match &self.policy.full {
            FullSchedule::EveryDays(every) => i64::from(*every),
            FullSchedule::Weekdays(_) => 7,
        };
        let today = plus(local::day(self.zone, at), 1);
        // The days before a whole round and a day that was left out.
        let days = today.iter_days().rev().take(gap as usize + 4);
        days.filter_map(|day| self.window(day)).find(wanted)
    }
}

/// Every copy of a database, or of all, whose window begins at `from` or later and before `until`,
/// by window and database. One that is not in the fleet or has no policy has none.
pub fn plan(
    fleet: &Fleet,
    database: Option<&DatabaseId>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut shared: BTreeMap<(&PolicyId, &'static str), Vec<Slot>> = BTreeMap::new();
    let wanted = |schedule: &Schedule| database.is_none_or(|only| *only == schedule.database);
    for schedule in Schedule::all(fleet).filter(wanted) {
        let policy = fleet.databases.get(&schedule.database).and_then(|it| it.policy.as_ref());
        let Some(policy) = policy else { continue };
        let slots = shared.entry((policy, schedule.zone.name()));
        let slots = slots.or_insert_with(|| schedule.slots(from, until));
        planned.extend(slots.iter().map(|slot| schedule.planned(slot)));
    }
    planned.sort_by(|a, b| (a.window_start, &a.database).cmp(&(b.window_start, &b.database)));
    planned
}

/// A number that [`plan`] does not exceed with these arguments, found without planning.
pub fn planned_most(
    fleet: &Fleet,
    database: Option<&DatabaseId>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> u64 {
    let wanted = fleet.databases.keys().filter(|id| database.is_none_or(|only| only == *id));
    let schedules = wanted.filter_map(|id| {
        let policy = fleet.databases.get(id)?.policy.as_ref()?;
        fleet.backup_policies.get(policy)
    });
    // Local days reach beyond those of UTC.
    let (first, last) = (plus(from.date_naive(), -2), plus(until.date_naive(), 2));
    if until <= from {
        return 0;
    }
    schedules.map(|policy| policy.copies_on(first..=last)).sum()
}

fn turn(fleet: &Fleet) -> Arc<[DatacenterId]> {
    fleet.turn().into_iter().cloned().collect()
}
