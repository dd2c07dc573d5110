//! Plans against a reference that shares nothing with them, retention and coverage over generated
//! histories, and what the rest of the tests are built from.

mod chores;
mod clock;
mod coverage;
mod generated;
mod jobs;
mod kept;
mod plans;
mod reference;
mod restores;
mod retention;
mod runs;
mod year;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::fleet::{Fleet, read};
use crate::id::{DatabaseId, DatacenterId};

pub(super) const ENTERPRISE: &str = include_str!("../../../../fleets/enterprise.toml");

/// Keys of a policy with a full a day, kept a week.
pub(super) const DAILY: &str =
    "full_every_days = 1\nwindow = \"00:00-00:30\"\nretention_days = 7\n";
/// Keys of a policy with fulls on Tuesday and Friday and differentials between, kept two weeks.
pub(super) const TWICE_WEEKLY: &str = "full_on = [\"tuesday\", \"friday\"]\n\
     differential = true\nwindow = \"00:00-00:30\"\nretention_days = 14\n";

pub(super) fn dc(id: &str) -> DatacenterId {
    DatacenterId::new(id).expect("an id")
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// A fleet of so many data centres `d1`, `d2`, … in one zone, with one database `db`.
pub(super) fn fleet(zone: &str, datacenters: usize, policy: &str) -> Fleet {
    let mut text = format!("name = \"test\"\n[[region]]\nid = \"r\"\ntime_zone = \"{zone}\"\n");
    for n in 1..=datacenters {
        text += &format!("[[datacenter]]\nid = \"d{n}\"\nregion = \"r\"\nvendor = \"x\"\n");
    }
    text += &format!(
        "[[group]]\nid = \"g\"\npriority = 1\n[[backup_policy]]\nid = \"p\"\n{policy}\
         [[database]]\nid = \"db\"\ngroup = \"g\"\ndatacenters = [\"d1\", \"d2\"]\npolicy = \"p\"\n"
    );
    read::read(&text).expect("a fleet without mistakes")
}

pub(super) fn schedule_of(fleet: &Fleet) -> Schedule {
    Schedule::of(fleet, &DatabaseId::new("db").expect("an id")).expect("it has a policy")
}

/// Daily fulls over `a1`, `b1` and `c1`, in UTC.
pub(super) fn schedule() -> Schedule {
    let turn = ["a1", "b1", "c1"].map(dc).into();
    Schedule { turn, ..schedule_of(&fleet("UTC", 3, DAILY)) }
}

/// A full that took five minutes and was complete at this instant.
pub(super) fn full(label: &str, finished: DateTime<Utc>) -> Copy {
    Copy {
        label: Label(label.to_owned()),
        kind: Kind::Full,
        full: None,
        started: finished - TimeDelta::minutes(5),
        finished,
        database_bytes: 1_000,
        stored_bytes: 400,
        wal: None,
        bad_pages: false,
        gone: false,
    }
}

pub(super) fn differential(label: &str, of: &str, finished: DateTime<Utc>) -> Copy {
    let (kind, of) = (Kind::Differential, Some(Label(of.to_owned())));
    Copy { kind, full: of, stored_bytes: 40, ..full(label, finished) }
}

pub(super) fn catalogue(held: &[(&str, &[Copy])]) -> Catalogue {
    held.iter().map(|(id, copies)| (dc(id), Ok(copies.to_vec()))).collect()
}
