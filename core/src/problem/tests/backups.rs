//! Problems of copies from small catalogues: one that passes, one that refuses, one unknown.

use super::*;
use crate::backup::proof::{Outcome, Proof};
use crate::backup::wal::Damaged;
use crate::backup::work::{Archived, Archiver, DatabaseReport, LogMoment, WalRun};
use crate::backup::{Catalogue, Copy, Kind, Label};
use crate::estate::Fact;
use crate::fleet::read;
use crate::id::DatabaseId;

const FLEET: &str = "name = \"test\"\n[[region]]\nid = \"r\"\ntime_zone = \"UTC\"\n\
    [[datacenter]]\nid = \"d1\"\nregion = \"r\"\nvendor = \"x\"\n\
    [[datacenter]]\nid = \"d2\"\nregion = \"r\"\nvendor = \"x\"\n\
    [[group]]\nid = \"g\"\npriority = 1\n\
    [[backup_policy]]\nid = \"p\"\nfull_every_days = 1\nwindow = \"00:00-01:00\"\n\
    retention_days = 7\n\
    [[database]]\nid = \"db\"\ngroup = \"g\"\ndatacenters = [\"d1\", \"d2\"]\npolicy = \"p\"\n";

fn now() -> DateTime<Utc> {
    "2026-03-10T12:00:00Z".parse().expect("an instant")
}

/// A full copy that was begun so many hours ago.
fn copy(hours: i64) -> Copy {
    let started = now() - TimeDelta::hours(hours);
    Copy {
        label: Label(format!("full-{hours}")),
        kind: Kind::Full,
        full: None,
        started,
        finished: started + TimeDelta::minutes(5),
        database_bytes: 1,
        stored_bytes: 1,
        wal: None,
        bad_pages: false,
        gone: false,
    }
}

fn keys(held: [Result<Vec<Copy>, String>; 2], proven: Option<i64>, heard: bool) -> Vec<String> {
    keys_of(report(held), proven, heard)
}

fn report(held: [Result<Vec<Copy>, String>; 2]) -> DatabaseReport {
    let [one, two] = held;
    let catalogue = Catalogue::from([(id("d1"), one), (id("d2"), two)]);
    DatabaseReport {
        database: id("db"),
        read_at: now(),
        hosts: true,
        prepared: None,
        catalogue,
        wal: BTreeMap::new(),
        set_aside: Vec::new(),
        kept: Vec::new(),
        log_moments: Vec::new(),
        archiver: None,
        histories: BTreeMap::new(),
    }
}

fn keys_of(report: DatabaseReport, proven: Option<i64>, heard: bool) -> Vec<String> {
    keys_with(report, Damaged::new(), proven, heard)
}

fn keys_with(
    report: DatabaseReport,
    damaged: Damaged,
    proven: Option<i64>,
    heard: bool,
) -> Vec<String> {
    found_with(report, damaged, proven, heard).iter().map(Problem::key).collect()
}

fn troubles_of(report: DatabaseReport, proven: Option<i64>, heard: bool) -> Vec<Trouble> {
    let found = found_with(report, Damaged::new(), proven, heard).into_iter();
    let trouble = |problem| {
        if let Problem::Backup { trouble, .. } = problem { Some(trouble) } else { None }
    };
    found.filter_map(trouble).collect()
}

fn found_with(
    report: DatabaseReport,
    damaged: Damaged,
    proven: Option<i64>,
    heard: bool,
) -> Vec<Problem> {
    let database: DatabaseId = id("db");
    let fact = Fact::Database(report);
    let seen = if heard { now() } else { now() - TimeDelta::hours(1) };
    let state = DatacenterState {
        last_seen: Some(seen),
        facts: [(fact.key(), Arc::new(fact))].into(),
        ..Default::default()
    };
    let fleet = read::read(FLEET).expect("a fleet without mistakes");
    let estate = Estate {
        fleet: Arc::new(fleet),
        fleet_revision: 1,
        datacenters: [(id("d1"), Arc::new(state))].into(),
        at: now(),
        ..Default::default()
    };
    let passed = proven.map(|hours| Proof {
        datacenter: id("d1"),
        label: Label(format!("full-{hours}")),
        at: now() - TimeDelta::hours(hours),
        outcome: Outcome::Passed,
    });
    let proofs = Arc::new(passed.into_iter().collect());
    let shown = Shown { proofs, damaged_log: Arc::new(damaged) };
    let proofs = Proofs::from([(database, shown)]);
    let found = find(&estate, &BTreeMap::new(), &proofs);
    found.into_iter().filter(|problem| problem.about_database().is_some()).collect()
}

#[test]
fn copies_that_are_there_on_time_and_proven_are_no_problem() {
    assert!(keys([Ok(vec![copy(12)]), Ok(vec![copy(36)])], Some(12), true).is_empty());
}

#[test]
fn what_is_short_is_a_problem_once() {
    let none = || Ok(Vec::new());
    assert_eq!(keys([none(), none()], None, true), ["backup-none-db"]);
    let late = keys([Ok(vec![copy(36)]), Ok(vec![copy(60)])], Some(36), true);
    assert_eq!(late, ["backup-late-db"]);
    let missed = keys([Ok(vec![copy(84)]), Ok(vec![copy(108)])], Some(84), true);
    assert_eq!(missed, ["backup-late-db"]);
    let alone = keys([Ok(vec![copy(12)]), none()], Some(12), true);
    assert_eq!(alone, ["backups-short-db"]);
    let unproven = keys([Ok(vec![copy(12)]), Ok(vec![copy(36)])], None, true);
    assert_eq!(unproven, ["backup-unproven-db"]);
}

#[test]
fn what_is_not_read_or_not_heard_accuses_nobody() {
    let unread = || Err("it does not answer".to_owned());
    let seen = keys([unread(), unread()], None, true);
    assert_eq!(seen, ["repository-unread-db-in-d1", "repository-unread-db-in-d2"]);
    assert!(keys([Ok(Vec::new()), Ok(Vec::new())], None, false).is_empty());
}

#[test]
fn a_log_that_is_not_archived_or_has_a_hole_is_a_problem_and_an_idle_start_is_none() {
    let name = |number: u32| format!("0000000100000000{number:08X}");
    let run =
        |first: u32, last: u32| WalRun { first: name(first), last: name(last), last_at: now() };
    let moment = |number: u32, minutes: i64| LogMoment {
        segment: name(number),
        at: now() - TimeDelta::minutes(minutes),
    };
    let keys = |runs: &[WalRun], moments: &[LogMoment]| {
        let with = |hours, number| Copy { wal: Some((name(number), name(number))), ..copy(hours) };
        let held = [Ok(vec![with(12, 20)]), Ok(vec![with(36, 5)])];
        let wal = [(id("d1"), runs.to_vec())].into();
        keys_of(
            DatabaseReport { wal, log_moments: moments.to_vec(), ..report(held) },
            Some(12),
            true,
        )
    };
    // Ten minutes ago it was in 30, which is archived.
    assert!(keys(&[run(5, 30)], &[moment(25, 90), moment(30, 10), moment(31, 1)]).is_empty());
    // An hour and a half ago it was in 25, which is not.
    let stuck = keys(&[run(5, 24)], &[moment(20, 300), moment(25, 90), moment(31, 1)]);
    assert_eq!(stuck, ["log-behind-db"]);
    // Where Postgres says which file cannot go, the problem names it.
    let archived = |number: u32, minutes: i64| Archived {
        file: name(number),
        at: now() - TimeDelta::minutes(minutes),
    };
    for (failed, last, expected) in [
        (Some(archived(25, 2)), Some(archived(24, 90)), Some(name(25))),
        (Some(archived(25, 2)), None, Some(name(25))),
        (Some(archived(24, 95)), Some(archived(24, 90)), None),
        (None, Some(archived(24, 90)), None),
    ] {
        let with = |hours, number| Copy { wal: Some((name(number), name(number))), ..copy(hours) };
        let held = [Ok(vec![with(12, 20)]), Ok(vec![with(36, 5)])];
        let wal = [(id("d1"), vec![run(5, 24)])].into();
        let log_moments = vec![moment(20, 300), moment(25, 90), moment(31, 1)];
        let archiver = Archiver { failed: 3, last_failed: failed, last_archived: last };
        let archiver = Some(archiver);
        let report = DatabaseReport { wal, log_moments, archiver, ..report(held) };
        let found = troubles_of(report, Some(12), true);
        let [Trouble::LogBehind { stuck, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*stuck, expected);
    }
    // An agent that was started anew knows of nothing so old.
    assert!(keys(&[run(5, 24)], &[moment(25, 50), moment(31, 1)]).is_empty());
    // A hole behind the newest copy loses what is committed now; one before it does not.
    assert_eq!(keys(&[run(5, 24), run(26, 31)], &[moment(31, 1)]), ["log-behind-db"]);
    assert!(keys(&[run(5, 7), run(9, 31)], &[moment(31, 1)]).is_empty());
    // A damaged segment is a hole that the listing does not show.
    let damaged = |number: u32| {
        let with = |hours, number| Copy { wal: Some((name(number), name(number))), ..copy(hours) };
        let wal = [(id("d1"), vec![run(5, 31)])].into();
        let held = [Ok(vec![with(12, 20)]), Ok(vec![with(36, 5)])];
        let report = DatabaseReport { wal, log_moments: vec![moment(31, 1)], ..report(held) };
        let damaged = [(id("d1"), [name(number)].into())].into();
        keys_with(report, damaged, Some(12), true)
    };
    assert_eq!(damaged(25), ["log-behind-db"]);
    assert!(damaged(8).is_empty());
}
