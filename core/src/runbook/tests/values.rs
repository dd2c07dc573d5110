//! Live values: their answers, and what is said where there is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::FLEET;
use crate::cluster::{MemberReport, Role, State};
use crate::estate::{Contact, DatacenterState, Estate, Fact, Instance, InstanceState};
use crate::failover::preview::Verdict;
use crate::fleet::read;
use crate::id::{DatabaseId, DatacenterId, InstanceId, ServiceId};
use crate::problem::{Problem, Record};
use crate::runbook::resolve::{Answer, Facts, Reading, Ready, Subject, Why, resolve};
use crate::runbook::value::{KNOWN, parse};
use crate::status::Status;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().expect("a time")
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

fn instance(number: u32, state: InstanceState) -> (InstanceId, Arc<Instance>) {
    let name: InstanceId = id(&format!("shop-fra1-{number}"));
    let instance = Instance {
        id: name.clone(),
        service: id("shop"),
        version: format!("1.0.{number}"),
        state,
        since: now(),
        restarts: 0,
        cpu_millicores: None,
        memory_bytes: None,
        endpoint: None,
        handle: None,
    };
    (name, Arc::new(instance))
}

fn member(role: Role, lag_bytes: Option<u64>) -> Fact {
    let seen_at = now() - TimeDelta::seconds(2);
    let report = MemberReport::unknown(id("store-db"), seen_at, "");
    Fact::Member(MemberReport { role, state: State::Streaming, lag_bytes, ..report })
}

/// fra1 is heard and has two instances and the leader; osl1 is heard and has a standby.
fn estate() -> Estate {
    let state = |fact: Fact| DatacenterState {
        last_seen: Some(now() - TimeDelta::seconds(1)),
        connected: true,
        facts: [(fact.key(), Arc::new(fact))].into(),
        ..Default::default()
    };
    let mut fra1 = state(member(Role::Leader, None));
    fra1.instances =
        [instance(1, InstanceState::Serving), instance(2, InstanceState::Starting)].into();
    let osl1 = state(member(Role::Replica, Some(500)));
    Estate {
        fleet: Arc::new(read::read(FLEET).expect("a good fleet")),
        fleet_revision: 1,
        datacenters: [(id("fra1"), Arc::new(fra1)), (id("osl1"), Arc::new(osl1))].into(),
        at: now(),
        ..Estate::default()
    }
}

fn reading(text: &str, estate: &Estate, problem: Option<&Problem>) -> Reading {
    let subject = problem.map(Subject::of);
    let ready = Ready { verdict: Verdict::Ready, cause: None, at: now() };
    let readiness = BTreeMap::from([("fra1".to_owned(), ready)]);
    let record = |problem: &Problem| Record::new(1, problem.clone(), now());
    let problems: Vec<_> = problem.map(record).into_iter().collect();
    let facts = Facts {
        estate,
        policy: estate,
        problems: &problems,
        readiness: &readiness,
        subject: subject.as_ref(),
    };
    resolve(&parse(text).expect("a live value"), &facts)
}

fn answer(text: &str) -> Answer {
    reading(text, &estate(), None).answer
}

fn shop_in_fra1() -> Problem {
    let (service, datacenter): (ServiceId, DatacenterId) = (id("shop"), id("fra1"));
    Problem::TooFewNodes { service, datacenter, serving: 1, wanted: 2 }
}

#[test]
fn what_is_known_is_answered_with_when_it_was_seen() {
    let Answer::Healthy(tally) = answer("healthy shop fra1") else { panic!("it is known") };
    assert_eq!((tally.get(Status::Healthy), tally.total()), (1, 2));
    let versions = vec![("1.0.1".to_owned(), 1), ("1.0.2".to_owned(), 1)];
    assert_eq!(answer("version shop"), Answer::Versions(versions));
    assert_eq!(answer("stable shop"), Answer::Stable("1.0.0".into()));
    assert_eq!(answer("rollout shop"), Answer::Rollout(None));
    assert_eq!(answer("heard fra1"), Answer::Heard(Contact::Reporting));
    assert_eq!(answer("problems shop"), Answer::Problems(0));
    let lag = Answer::Lag { datacenter: id("osl1"), bytes: 500, limit: 1_000 };
    assert_eq!(answer("lag store-db"), lag);
    assert_eq!(answer("leader store-db"), Answer::Leader(id("fra1")));
    assert!(matches!(answer("readiness fra1"), Answer::Ready(_)));
    let seen = reading("healthy shop fra1", &estate(), None).at;
    assert_eq!(seen, now() - TimeDelta::seconds(1));
}

#[test]
fn what_is_not_known_says_why() {
    let unknown = |text: &str, why: Why| {
        assert_eq!(answer(text), Answer::Unknown(why), "{text}");
    };
    for text in ["healthy cart", "version cart", "stable cart", "rollout cart"] {
        unknown(text, Why::NotThere { id: "cart".into() });
    }
    unknown("healthy shop ams1", Why::NotThere { id: "ams1".into() });
    unknown("heard ams1", Why::NotThere { id: "ams1".into() });
    unknown("readiness ams1", Why::NotThere { id: "ams1".into() });
    unknown("readiness osl1", Why::NoData);
    unknown("lag plain-db", Why::NoCluster);
    unknown("lag nothing", Why::NotThere { id: "nothing".into() });
    unknown("leader plain-db", Why::NoData);
    unknown("backup-age plain-db", Why::NoData);
    for (form, _) in KNOWN.iter().filter(|(form, _)| form.contains(' ')) {
        let verb = form.split(' ').next().unwrap_or_default();
        unknown(&format!("{verb} subject"), Why::NoSubject);
    }
    unknown("subject", Why::NoSubject);
}

#[test]
fn a_silent_place_is_unknown_and_not_what_it_was() {
    let mut estate = estate();
    estate.at += TimeDelta::minutes(1);
    let why = Why::Silent { datacenter: id("fra1") };
    assert_eq!(reading("healthy shop fra1", &estate, None).answer, Answer::Unknown(why));
    let Answer::Healthy(tally) = reading("healthy shop", &estate, None).answer else {
        panic!("the whole is told")
    };
    assert_eq!((tally.get(Status::Healthy), tally.get(Status::Unknown)), (0, 2));
    assert_eq!(reading("version shop", &estate, None).answer, Answer::Versions(vec![]));
    assert_eq!(reading("lag store-db", &estate, None).answer, Answer::Unknown(Why::NoData));
    assert_eq!(reading("leader store-db", &estate, None).answer, Answer::Unknown(Why::NoData));
}

#[test]
fn the_subject_is_what_the_problem_is_about() {
    let problem = shop_in_fra1();
    let of = |text: &str| reading(text, &estate(), Some(&problem)).answer;
    assert_eq!(of("subject"), Answer::Subject("shop in fra1".into()));
    assert!(matches!(of("healthy subject"), Answer::Healthy(tally) if tally.total() == 2));
    assert_eq!(of("heard subject"), Answer::Heard(Contact::Reporting));
    assert_eq!(of("problems subject"), Answer::Problems(1));
    assert_eq!(of("lag subject"), Answer::Unknown(Why::NoSubject));
    let database: DatabaseId = id("store-db");
    let standby = Problem::Backup { database, trouble: crate::problem::Trouble::None };
    let of = |text: &str| reading(text, &estate(), Some(&standby)).answer;
    assert_eq!(of("subject"), Answer::Subject("store-db".into()));
    assert!(matches!(of("lag subject"), Answer::Lag { .. }));
}

#[test]
fn every_form_reads_as_it_says() {
    for (form, _) in KNOWN {
        let text = form.replace(" [DATACENTER]", " fra1");
        let text = text.split(' ').map(|word| match word {
            "SERVICE" => "shop",
            "DATABASE" => "store-db",
            "NAME" | "PLACE" | "DATACENTER" => "fra1",
            word => word,
        });
        let text = text.collect::<Vec<_>>().join(" ");
        assert_eq!(parse(&text).map(|query| query.to_string()), Ok(text.clone()));
        assert!(parse(&format!("{text} more more")).is_err(), "{text}");
    }
    for bad in ["", "nothing", "healthy", "healthy SHOP", "subject x", "lag a b", "heard fra1 x"] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
}
