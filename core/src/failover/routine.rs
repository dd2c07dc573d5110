//! Drills that repeat: when the next one is due, from what is declared, the calendar, and when the
//! same was last carried out.
//!
//! Invariants: a drill stays due until it, or a failover of the same, was carried out to its end;
//! days are those of the first data centre that goes away. One begins by itself only where every
//! group that may move is declared to allow it, and only inside of its window; what is in the way
//! then puts it off to the next day that it may be on.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::drill::{Drill, State as Became};
use crate::backup::local;
use crate::fleet::{Fleet, Weekday};
use crate::id::{DatacenterId, GroupId, RoutineId};
use crate::problem::Record;
use crate::status::Status;

/// So long after its day one that nobody carried out is overdue.
pub const OVERDUE_AFTER: TimeDelta = TimeDelta::days(7);
/// Most days between two.
pub const EVERY_DAYS_MAX: u16 = 366;

/// A drill that repeats, as the fleet file declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    /// What goes away; the days are those of the first.
    pub datacenters: Vec<DatacenterId>,
    /// Only this group of it.
    pub group: Option<GroupId>,
    /// So many days after the last one it is due again.
    pub every_days: u16,
    /// Days that it may be on; none: any.
    pub on: Vec<Weekday>,
    /// Minutes of the local day; a beginning and an end.
    pub window_minutes: (u16, u16),
    /// Not due before this day.
    pub origin: NaiveDate,
    /// Who answers for it.
    pub owner: String,
}

/// A time in which one may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

/// How one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    pub is: Is,
    /// When it is, or became, due.
    pub due: DateTime<Utc>,
    /// The next time in which it may begin; it may have begun.
    pub next: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// Its day is still to come.
    Later,
    Due,
    /// It has been due for [`OVERDUE_AFTER`].
    Overdue,
}

impl Is {
    /// Its permanent name, as its serialised form has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Later => "later",
            Self::Due => "due",
            Self::Overdue => "overdue",
        }
    }
}

impl Routine {
    pub fn lose(&self) -> BTreeSet<DatacenterId> {
        self.datacenters.iter().cloned().collect()
    }

    pub fn scope(&self) -> Scope {
        match &self.group {
            None => Scope::All,
            Some(group) => Scope::Group { group: group.clone() },
        }
    }

    /// How it stands; `last`: when the same was last carried out to its end. `None`: its data
    /// centre is not declared, or the calendar is over.
    pub fn stand(
        &self,
        fleet: &Fleet,
        last: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<Stand> {
        let zone = self.zone(fleet)?;
        let again = last.and_then(|last| {
            let day = local::day(zone, last);
            day.checked_add_days(chrono::Days::new(self.every_days.into()))
        });
        let from = again.map_or(self.origin, |day| day.max(self.origin));
        let due = self.windows(zone, from).next()?.start;
        // The window of yesterday may go on over midnight.
        let today = local::day(zone, now).pred_opt()?.max(from);
        let next = self.windows(zone, today).find(|window| now < window.end)?;
        let is = match now - due {
            since if since < TimeDelta::zero() => Is::Later,
            since if since < OVERDUE_AFTER => Is::Due,
            _ => Is::Overdue,
        };
        Some(Stand { is, due, next })
    }

    /// Whether it may be carried out with nobody there: each group that may move is declared to
    /// allow it.
    pub fn begins_by_itself(&self, fleet: &Fleet) -> bool {
        let mut groups = fleet.groups.iter().filter(|(id, _)| match &self.group {
            Some(only) => only == *id,
            None => true,
        });
        !fleet.groups.is_empty() && groups.all(|(_, group)| group.automatic_drills)
    }

    fn zone(&self, fleet: &Fleet) -> Option<Tz> {
        let region = &fleet.datacenters.get(self.datacenters.first()?)?.region;
        Some(fleet.regions.get(region)?.time_zone)
    }

    /// Its windows from a day on; of any two weeks each day that it may be on comes twice.
    fn windows(&self, zone: Tz, from: NaiveDate) -> impl Iterator<Item = Window> {
        let (start, end) = self.window_minutes;
        let length = TimeDelta::minutes(end.saturating_sub(start).into());
        let days = from.iter_days().take(15).filter(|day| {
            let weekday = Weekday::ALL[day.weekday().num_days_from_monday() as usize];
            self.on.is_empty() || self.on.contains(&weekday)
        });
        days.filter_map(move |day| local::instant(zone, day, start))
            .map(move |start| Window { start, end: start + length })
    }
}

impl Window {
    pub fn has_begun(&self, now: DateTime<Utc>) -> bool {
        self.start <= now && now < self.end
    }
}

/// A problem that nobody drills beside: something fails already.
pub fn trouble<'a>(mut open: impl Iterator<Item = &'a Record>) -> Option<String> {
    let found = open.find(|record| record.problem.status() == Status::Failing)?;
    Some(format!("at-{} is open: {}", found.id, found.problem.kind().name()))
}

/// Why one was put off since it is due: what was in the way of the newest that did not begin.
pub fn put_off<'a>(
    id: &RoutineId,
    stand: &Stand,
    drills: impl IntoIterator<Item = &'a Drill>,
) -> Option<&'a str> {
    let mine = |it: &&Drill| it.routine.as_ref() == Some(id) && it.at >= stand.due;
    let newest = drills.into_iter().filter(mine).max_by_key(|it| it.at)?;
    match &newest.state {
        Became::Missed { why, .. } => Some(why),
        Became::Planned | Became::Started { .. } | Became::Cancelled { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failover::drill::DrillId;
    use crate::fleet::read::read;

    fn fleet(automatic: bool) -> Fleet {
        let text = format!(
            "name = \"test\"\n[[region]]\nid = \"north\"\ntime_zone = \"Europe/Berlin\"\n\
             [[datacenter]]\nid = \"a\"\nregion = \"north\"\nvendor = \"X\"\n\
             [[group]]\nid = \"g\"\npriority = 1\nautomatic_drills = {automatic}\n\
             [[group]]\nid = \"h\"\npriority = 2\n"
        );
        read(&text).expect("no mistake")
    }

    /// Every four weeks, from the 2nd of March 2026 on, a Monday.
    fn routine(on: &[Weekday], window_minutes: (u16, u16)) -> Routine {
        Routine {
            datacenters: vec!["a".parse().expect("an id")],
            group: Some("g".parse().expect("an id")),
            every_days: 28,
            on: on.to_vec(),
            window_minutes,
            origin: "2026-03-02".parse().expect("a date"),
            owner: "platform".to_owned(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn one_is_due_on_its_day_and_until_it_was_carried_out() {
        let fleet = fleet(true);
        let night = routine(&[], (120, 240));
        let tuesday = routine(&[Weekday::Tuesday, Weekday::Friday], (120, 240));
        let midnight = routine(&[], (1_410, 1_470));
        for (routine, last, now, is, due, next) in [
            (&night, None, "2026-02-20T00:00:00Z", Is::Later, "2026-03-02T01:00:00Z", None),
            (&night, None, "2026-03-02T00:59:59Z", Is::Later, "2026-03-02T01:00:00Z", None),
            (&night, None, "2026-03-02T01:00:00Z", Is::Due, "2026-03-02T01:00:00Z", None),
            (&night, None, "2026-03-02T02:59:59Z", Is::Due, "2026-03-02T01:00:00Z", None),
            // Its window is over: the next day.
            (
                &night,
                None,
                "2026-03-02T03:00:00Z",
                Is::Due,
                "2026-03-02T01:00:00Z",
                Some("2026-03-03T01:00:00Z"),
            ),
            (
                &night,
                None,
                "2026-03-09T01:00:00Z",
                Is::Overdue,
                "2026-03-02T01:00:00Z",
                Some("2026-03-09T01:00:00Z"),
            ),
            // In summer the same local time is an hour earlier.
            (
                &night,
                Some("2026-03-04T12:00:00Z"),
                "2026-03-09T01:00:00Z",
                Is::Later,
                "2026-04-01T00:00:00Z",
                None,
            ),
            (&tuesday, None, "2026-03-02T12:00:00Z", Is::Later, "2026-03-03T01:00:00Z", None),
            (
                &tuesday,
                None,
                "2026-03-03T03:00:00Z",
                Is::Due,
                "2026-03-03T01:00:00Z",
                Some("2026-03-06T01:00:00Z"),
            ),
            // Over midnight: the window of yesterday goes on.
            (&midnight, None, "2026-03-02T23:10:00Z", Is::Due, "2026-03-02T22:30:00Z", None),
        ] {
            let stand = routine.stand(&fleet, last.map(at), at(now)).expect("it has days");
            assert_eq!((stand.is, stand.due), (is, at(due)), "{now}");
            assert_eq!(stand.next.start, at(next.unwrap_or(due)), "{now}");
        }
    }

    #[test]
    fn one_begins_by_itself_where_all_that_may_move_allows_it() {
        let whole = Routine { group: None, ..routine(&[], (0, 60)) };
        for (automatic, of_group) in [(true, true), (false, false)] {
            let fleet = fleet(automatic);
            assert_eq!(routine(&[], (0, 60)).begins_by_itself(&fleet), of_group);
            // The other group does not allow it.
            assert!(!whole.begins_by_itself(&fleet));
        }
    }

    #[test]
    fn what_was_in_the_way_is_told_until_the_next_is_due() {
        let id: RoutineId = "monthly".parse().expect("an id");
        let stand = routine(&[], (120, 240)).stand(&fleet(true), None, at("2026-03-03T12:00:00Z"));
        let stand = stand.expect("it has days");
        let missed = |day: &str, why: &str| Drill {
            id: DrillId(1),
            lose: BTreeSet::new(),
            scope: Scope::All,
            at: at(day),
            reason: "the drill of the month".to_owned(),
            by: "platform".to_owned(),
            asked_at: at(day),
            state: Became::Missed { why: why.to_owned(), at: at(day) },
            routine: Some(id.clone()),
            until: None,
        };
        let old = missed("2026-02-02T01:00:00Z", "a freeze");
        let (first, newest) =
            (missed("2026-03-02T01:00:00Z", "a lock"), missed("2026-03-03T01:00:00Z", "a run"));
        assert_eq!(put_off(&id, &stand, [&old]), None);
        assert_eq!(put_off(&id, &stand, [&newest, &first, &old]), Some("a run"));
        let other: RoutineId = "other".parse().expect("an id");
        assert_eq!(put_off(&other, &stand, [&newest]), None);
    }
}
