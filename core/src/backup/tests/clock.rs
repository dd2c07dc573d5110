//! The clock of the policies: both times belong together whatever its legs are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::generated::Lcg;
use super::kept::kept;
use super::*;
use crate::backup::clock::{LEGS_MAX, Leg, Pace, PaceError, PolicyClock, TurnError};
use crate::backup::job::{ProofJob, Target};
use crate::backup::kept::Hours;
use crate::backup::work::{DatabaseReport, Work, WorkReport, WorkState};
use crate::estate::{Contact, DatacenterState, Estate, Fact};

const BEGUN: &str = "2026-03-10T12:00:00Z";

fn pace(day_seconds: u32) -> Pace {
    Pace::new(day_seconds).expect("a pace")
}

fn seconds(seconds: i64) -> DateTime<Utc> {
    at(BEGUN) + TimeDelta::seconds(seconds)
}

/// A clock that was turned to each pace at so many seconds.
fn turned(turns: &[(i64, u32)]) -> PolicyClock {
    let mut legs: Vec<Leg> = Vec::new();
    for (at, day_seconds) in turns {
        let clock = PolicyClock::new(legs.clone());
        legs.extend(clock.turn(pace(*day_seconds), seconds(*at), false).expect("it turns"));
    }
    PolicyClock::new(legs)
}

#[test]
fn a_day_is_read_and_shown() {
    for (text, expected) in [
        ("60s", Ok("60 s")),
        ("90s", Ok("90 s")),
        ("10s", Ok("10 s")),
        ("5m", Ok("5 min")),
        ("2h", Ok("2 h")),
        ("24h", Ok("24 h")),
        ("1d", Ok("24 h")),
        ("0s", Err(PaceError::Range)),
        ("9s", Err(PaceError::Range)),
        ("30h", Err(PaceError::Range)),
        ("4000000000d", Err(PaceError::Range)),
        ("60", Err(PaceError::Form("60".into()))),
        ("-60s", Err(PaceError::Form("-60s".into()))),
        ("", Err(PaceError::Form(String::new()))),
    ] {
        let read = text.parse::<Pace>().map(|pace| pace.to_string());
        assert_eq!(read, expected.map(str::to_owned), "{text}");
    }
}

#[test]
fn without_a_leg_both_times_are_one_to_the_nanosecond() {
    let clock = PolicyClock::default();
    let odd = at("2026-03-10T12:00:00.123456789Z");
    assert!(clock.is_real() && clock.pace(odd).is_real());
    assert_eq!((clock.to_policy(odd), clock.to_real(odd)), (odd, odd));
    assert_eq!(Pace::REAL.stretch(TimeDelta::nanoseconds(7)), TimeDelta::nanoseconds(7));
    let real = pace(86_400);
    assert_eq!(clock.turn(real, odd, true), Ok(None));
}

#[test]
fn a_day_passes_in_a_minute_and_the_time_before_stays() {
    let clock = turned(&[(0, 60)]);
    assert_eq!(clock.to_policy(seconds(-30)), seconds(-30));
    assert_eq!(clock.to_policy(seconds(0)), seconds(0));
    assert_eq!(clock.to_policy(seconds(60)), at("2026-03-11T12:00:00Z"));
    assert_eq!(clock.to_policy(seconds(7 * 60)), at("2026-03-17T12:00:00Z"));
    assert_eq!(clock.to_real(at("2026-03-17T12:00:00Z")), seconds(7 * 60));
    assert_eq!(pace(60).stretch(TimeDelta::minutes(5)), TimeDelta::days(5));
}

#[test]
fn a_change_of_the_pace_goes_on_where_the_time_was() {
    let clock = turned(&[(0, 60), (120, 600), (720, 86_400)]);
    for (real, policy) in [
        (119, "2026-03-12T11:36:00Z"),
        (120, "2026-03-12T12:00:00Z"),
        (720, "2026-03-13T12:00:00Z"),
        (780, "2026-03-13T12:01:00Z"),
    ] {
        assert_eq!(clock.to_policy(seconds(real)), at(policy), "{real}");
        assert_eq!(clock.to_real(at(policy)), seconds(real), "{real}");
    }
    assert!(clock.pace(seconds(720)).is_real() && !clock.is_real());
    // A server's clock that was set back.
    let leg = clock.turn(pace(60), seconds(0), true).expect("it turns").expect("another pace");
    assert_eq!(leg.since, seconds(720) + TimeDelta::microseconds(1));
}

#[test]
fn backups_that_were_made_in_real_days_keep_them() {
    let real = PolicyClock::default();
    assert_eq!(real.turn(pace(60), seconds(0), true), Err(TurnError::RealBackups));
    assert!(real.turn(pace(60), seconds(0), false).expect("it turns").is_some());
    let fast = turned(&[(0, 60)]);
    assert_eq!(fast.turn(pace(60), seconds(9), true), Ok(None));
    assert!(fast.turn(Pace::REAL, seconds(9), true).expect("it turns").is_some());
    let often: Vec<_> = (0..LEGS_MAX as i64).map(|n| (n, 60 + u32::from(n % 2 == 0))).collect();
    assert_eq!(turned(&often).turn(pace(99), seconds(999), true), Err(TurnError::TooOften));
}

#[test]
fn times_come_back_go_on_and_never_jump_whatever_the_legs() {
    for seed in 0..2_000 {
        let mut random = Lcg(seed);
        let mut since = 0;
        let turns: Vec<(i64, u32)> = (0..random.below(5))
            .map(|_| {
                since += 1 + random.below(3_000) as i64;
                (since, 10 + random.below(86_391) as u32)
            })
            .collect();
        let clock = turned(&turns);
        let mut micros = -1_000_000_i64;
        let mut last = None;
        for _ in 0..50 {
            micros += random.below(400_000_000) as i64;
            let real = seconds(0) + TimeDelta::microseconds(micros);
            let policy = clock.to_policy(real);
            assert_eq!(clock.to_real(policy), real, "seed {seed}");
            assert!(last.is_none_or(|last| last <= policy), "seed {seed}");
            assert!(clock.to_policy(clock.to_real(policy)) == policy, "seed {seed}");
            // The next instant is no further than the fastest day.
            let next = clock.to_policy(real + TimeDelta::microseconds(1));
            assert!(next > policy, "seed {seed}");
            assert!(next - policy <= TimeDelta::microseconds(86_400 / 10), "seed {seed}");
            last = Some(policy);
        }
    }
}

#[test]
fn what_agents_tell_is_in_the_policies_time_and_contact_is_real() {
    let db = DatabaseId::new("db").expect("an id");
    // The engine tells whole seconds, and began within the one that it names.
    let copy = Copy { started: seconds(60), ..full("F1", seconds(64)) };
    let report = DatabaseReport {
        database: db.clone(),
        read_at: seconds(66),
        hosts: true,
        prepared: None,
        catalogue: catalogue(&[("d1", &[copy])]),
        wal: BTreeMap::new(),
        set_aside: Vec::new(),
        kept: vec![kept(seconds(60), Target::Moment { at: seconds(0) })],
        log_moments: Vec::new(),
        archiver: None,
        histories: BTreeMap::new(),
    };
    let fact = Fact::Database(report);
    let seen = |ago| DatacenterState {
        last_seen: Some(seconds(70) - TimeDelta::seconds(ago)),
        facts: [(fact.key(), Arc::new(fact.clone()))].into(),
        ..DatacenterState::default()
    };
    let clock = turned(&[(0, 60)]);
    let real = Estate {
        fleet: Arc::new(fleet("UTC", 2, DAILY)),
        datacenters: [(dc("d1"), Arc::new(seen(2))), (dc("d2"), Arc::new(seen(20)))].into(),
        at: seconds(70),
        pace: clock.pace(seconds(70)),
        clock: Arc::new(clock),
        ..Estate::default()
    };
    let policy = real.in_policy_time();
    assert_eq!((policy.at, policy.pace), (at("2026-03-11T16:00:00Z"), pace(60)));
    let (_, report) = policy.database(&db).expect("it is told of");
    assert_eq!(report.read_at, at("2026-03-11T14:24:00Z"));
    let held = report.catalogue[&dc("d1")].as_ref().expect("it was read");
    assert_eq!(held[0].started, at("2026-03-11T12:24:00Z"));
    assert_eq!(held[0].finished, at("2026-03-11T14:00:00Z"));
    // It stays for a real day, which is as many days of the policies as it has minutes.
    let day = TimeDelta::days(24 * 60);
    let (since, until) = (at("2026-03-11T12:00:00Z"), at("2026-03-11T12:00:00Z") + day);
    assert_eq!((report.kept[0].since, report.kept[0].until), (since, until));
    assert_eq!(report.kept[0].target, Target::Moment { at: seconds(0) });
    assert_eq!(policy.contact(&dc("d1")), Contact::Reporting);
    assert!(matches!(policy.contact(&dc("d2")), Contact::Silent { .. }));
    assert_eq!(policy.in_policy_time().at, policy.at);
}

#[test]
fn a_restore_is_given_the_real_moment() {
    let clock = turned(&[(0, 60)]);
    let work = |at| {
        Work::Prove(ProofJob {
            id: "dw-1".into(),
            database: DatabaseId::new("db").expect("an id"),
            datacenter: dc("d1"),
            label: Label("F1".into()),
            target: Target::Moment { at },
            checks: Vec::new(),
            keep: Some(Hours::DEFAULT),
        })
    };
    let asked = work(at("2026-03-12T12:00:00Z"));
    let given = clock.given(&asked);
    assert_eq!(given, work(seconds(120)));
    let state = WorkState::Waiting;
    let told = WorkReport { work: given, state, started_at: Some(seconds(60)), ended_at: None };
    let Some(Fact::Work(told)) = clock.told(&Fact::Work(told)) else { panic!("it is work") };
    assert_eq!((told.work, told.started_at), (asked, Some(at("2026-03-11T12:00:00Z"))));
}
