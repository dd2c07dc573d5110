//! Which chore comes next: what goes, what is proven where, what is read through.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::backup::chores::{Chore, Facts, next};
use crate::backup::proof::{Outcome, Proof};
use crate::backup::work::{DatabaseReport, Work};

/// A database with copies in a1 and b1, and what is known of them.
struct Town {
    schedule: Schedule,
    report: DatabaseReport,
    proofs: Vec<Proof>,
    proof_ordered_at: Option<DateTime<Utc>>,
    verified_at: BTreeMap<DatacenterId, DateTime<Utc>>,
}

impl Town {
    fn new(held: &[(&str, &[Copy])]) -> Self {
        let schedule = schedule();
        let report = DatabaseReport {
            database: schedule.database.clone(),
            read_at: at("2026-01-01T00:00:00Z"),
            hosts: true,
            prepared: None,
            catalogue: catalogue(held),
            wal: BTreeMap::new(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: BTreeMap::new(),
        };
        let verified_at = BTreeMap::new();
        Self { schedule, report, proofs: Vec::new(), proof_ordered_at: None, verified_at }
    }

    fn next(&self, now: DateTime<Utc>) -> Option<Chore> {
        let provers = ["a1", "b1", "c1"].map(dc);
        let facts = Facts {
            now,
            schedule: &self.schedule,
            report: &self.report,
            changed_at: None,
            proofs: &self.proofs,
            proof_ordered_at: self.proof_ordered_at,
            verified_at: &self.verified_at,
            provers: &provers,
            checks: &[],
        };
        next(&facts, "dw-1")
    }

    fn hold(&mut self, datacenter: &str, copy: Copy) {
        let held = self.report.catalogue.entry(dc(datacenter)).or_insert_with(|| Ok(Vec::new()));
        held.as_mut().expect("it was read").push(copy);
    }

    /// Does at once what is ordered; what was proven, if it is that.
    fn obey(&mut self, chore: Chore, now: DateTime<Utc>) -> Option<(DatacenterId, Label)> {
        match chore.work {
            Work::Prove(job) => {
                self.proof_ordered_at = Some(now);
                let (datacenter, label) = (job.datacenter, job.label);
                assert_ne!(chore.agent, datacenter, "elsewhere than the copy is");
                self.proofs.push(Proof {
                    datacenter: datacenter.clone(),
                    label: label.clone(),
                    at: now + TimeDelta::minutes(10),
                    outcome: Outcome::Passed,
                });
                Some((datacenter, label))
            }
            Work::Expire(job) => {
                let held = self.report.catalogue.get_mut(&job.datacenter).expect("it is there");
                held.as_mut().expect("it was read").retain(|copy| *copy.chain() != job.chain);
                None
            }
            Work::Verify(job) => {
                self.verified_at.insert(job.datacenter, now);
                None
            }
            other @ (Work::Backup(_)
            | Work::Restore(_)
            | Work::LetGo(_)
            | Work::Stay(_)
            | Work::Cluster(_)) => {
                panic!("no chore: {other:?}")
            }
        }
    }
}

#[test]
fn each_new_copy_is_proven_and_each_day_an_older_one() {
    const DAYS: i64 = 30;
    let mut town = Town::new(&[("a1", &[]), ("b1", &[]), ("c1", &[])]);
    let begun = at("2026-01-01T00:20:00Z");
    let (mut newest, mut older) = (0, Vec::new());
    for hour in 0..DAYS * 24 {
        let now = begun + TimeDelta::hours(hour);
        if hour % 24 == 0 {
            let place = ["a1", "b1"][usize::from(hour / 24 % 2 == 1)];
            town.hold(place, full(&format!("day-{}", hour / 24), now));
        }
        let today = Label(format!("day-{}", hour / 24));
        // One thing at a time; more of them in an hour only makes it sooner.
        while let Some(chore) = town.next(now) {
            match town.obey(chore, now) {
                Some((_, label)) if label == today => newest += 1,
                Some((_, label)) => older.push(label),
                None => {}
            }
        }
    }
    assert_eq!(newest, DAYS, "each copy once, on its day");
    let rounds = older.len() as i64;
    assert!((DAYS - 4..DAYS).contains(&rounds), "about one a day: {rounds}");
    let different: BTreeSet<_> = older.iter().collect();
    assert!(different.len() > 10, "at random over what is kept: {different:?}");
}

#[test]
fn a_copy_known_to_be_bad_is_not_chosen_and_a_lone_good_one_is_proven_again() {
    let now = at("2026-01-10T00:00:00Z");
    let (old, new) = (full("old", now - TimeDelta::days(5)), full("new", now - TimeDelta::days(2)));
    let mut town = Town::new(&[("a1", &[old]), ("b1", &[new])]);
    let proof = |datacenter, label: &str, outcome| Proof {
        datacenter: dc(datacenter),
        label: Label(label.into()),
        at: now - TimeDelta::days(2),
        outcome,
    };
    town.proofs = vec![proof("a1", "old", Outcome::Failed), proof("b1", "new", Outcome::Passed)];
    let chore = town.next(now).expect("a chore");
    let Work::Prove(job) = &chore.work else { panic!("{chore:?}") };
    assert_eq!((job.datacenter.as_str(), job.label.0.as_str()), ("b1", "new"));
    town.obey(chore, now);
    let then = town.next(now + TimeDelta::hours(2));
    assert!(!matches!(then, Some(Chore { work: Work::Prove(_), .. })), "{then:?}");
}

#[test]
fn the_log_that_goes_lies_before_every_copy_that_stays_on_any_timeline() {
    let now = at("2026-03-01T12:00:00Z");
    let with = |label: &str, hours: i64, segment: &str| Copy {
        wal: Some((segment.to_owned(), segment.to_owned())),
        ..full(label, now - TimeDelta::hours(hours))
    };
    // The second timeline began with a restore to a moment before the newest copy of the first.
    let copies = [
        with("gone", 60 * 24, "000000010000000000000002"),
        with("one", 35, "000000010000000000000014"),
        with("two", 11, "00000002000000000000000F"),
    ];
    let [gone, one, two] = copies;
    let mut town = Town::new(&[("a1", &[gone, one]), ("b1", &[two]), ("c1", &[])]);
    town.report.read_at = now;
    let passed = |datacenter: &str, label: &str| Proof {
        datacenter: dc(datacenter),
        label: Label(label.into()),
        at: now - TimeDelta::hours(1),
        outcome: Outcome::Passed,
    };
    town.proofs = vec![passed("a1", "one"), passed("b1", "two")];
    let chore = town.next(now).expect("a chore");
    let Work::Expire(job) = &chore.work else { panic!("{chore:?}") };
    assert_eq!(job.wal_from.as_deref(), Some("00000002000000000000000F"));
}
