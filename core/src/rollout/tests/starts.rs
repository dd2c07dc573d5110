//! What a rollout may be started with, and every mistake in it.

use super::*;
use crate::bench::{Bench, BenchResult, CheckResult};
use crate::release::Quarantine;

/// The result of a bench that a version passed an hour ago.
pub(super) fn passed(service: &str, version: &str) -> BenchResult {
    let service = ServiceId::new(service).unwrap_or_else(|_| id("nobody"));
    let checks = Bench::of(&fleet(), &service).checks;
    let passed = |check| CheckResult { check, passed: true, seen: "200 after 2 ms".into() };
    BenchResult {
        service: service.clone(),
        version: version.into(),
        datacenter: id("a1"),
        report: TestReport {
            id: "b-1".into(),
            service,
            version: version.into(),
            state: TestState::Passed,
            started_at: at(-3_600),
            ended_at: Some(at(-3_590)),
            results: checks.into_iter().map(passed).collect(),
        },
        asked_by: "operator-1".into(),
        asked_at: at(-3_600),
        expires_at: Some(at(3_600)),
    }
}

fn good() -> StartRequest {
    StartRequest {
        service: "shop".into(),
        version: "2.0.0".into(),
        configuration_compatible: true,
        ..Default::default()
    }
}

/// Starts with one thing changed, and compares what is said.
#[track_caller]
fn check(change: impl FnOnce(&mut StartRequest), expected: &[&str]) {
    let mut request = good();
    change(&mut request);
    let bench = passed(&request.service, &request.version);
    let found = start(&fleet(), &Releases::default(), &request, Some(&bench), at(0));
    let found: Vec<_> = found.err().unwrap_or_default().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

fn step(weight: f64, watch_seconds: u32) -> StepRequest {
    StepRequest { weight, watch_seconds, pause: false }
}

#[test]
fn a_good_start_is_a_whole_plan() {
    let plan = plan_of(&fleet(), "shop");
    assert_eq!((plan.from.as_str(), plan.to.as_str()), ("1.0.0", "2.0.0"));
    let weights: Vec<_> = plan.steps.iter().map(|step| step.weight).collect();
    assert_eq!(weights, [1_000, 5_000, 10_000]);
    let waves: Vec<_> = plan.waves.iter().map(|wave| wave.datacenters.len()).collect();
    assert_eq!(waves, [2, 1]);
    assert_eq!(plan.hash(), plan_of(&fleet(), "shop").hash());
    assert_eq!(plan.settings().alpha, 0.01 / 6.0, "split over two regions of three steps");
    assert!(plan.settings().validate().is_ok());
}

#[test]
fn a_hotfix_is_watched_for_less_and_skips_nothing() {
    let request = StartRequest { hotfix: true, ..good() };
    let bench = passed("shop", "2.0.0");
    let hotfix = start(&fleet(), &Releases::default(), &request, Some(&bench), at(0));
    let (hotfix, plan) = (hotfix.expect("a good start"), plan_of(&fleet(), "shop"));
    assert_eq!(hotfix.steps.len(), plan.steps.len());
    assert_eq!(hotfix.analysis, plan.analysis);
    for (fast, slow) in hotfix.steps.iter().zip(&plan.steps) {
        assert_eq!((fast.weight, fast.watch_seconds), (slow.weight, slow.watch_seconds / 4));
    }
    let none = start(&fleet(), &Releases::default(), &request, None, at(0));
    assert!(none.is_err(), "no bench, no hotfix (R13)");
}

#[test]
fn mistakes_in_what_is_asked() {
    check(|_| {}, &[]);
    check(
        |it| it.service = "shpo".into(),
        &["there is no service `shpo`; write the id of one of the fleet"],
    );
    check(|it| it.version = " ".into(), &["write the version that shop is to go to"]);
    check(
        |it| it.version = "1.0.0".into(),
        &["1.0.0 is the stable version of shop already; write another"],
    );
    check(
        |it| it.plan = Some("slow".into()),
        &["there is no rollout plan `slow`; write one of: quick"],
    );
    check(
        |it| it.steps = Some(Vec::new()),
        &["a canary needs at least one step; write a weight and a watch time"],
    );
    check(
        |it| it.steps = Some(vec![step(50.0, 9), step(10.0, 0), step(101.0, 9), step(0.001, 9)]),
        &[
            "the weight of step 2 is 10 %, not more than the 50 % before it; write growing weights",
            "the watch time of step 2 is 0 s; write from 1 to 86400",
            "the weight of step 3 is 101 %; write more than 0 and at most 100",
            "the weight of step 4 is 0.001 %; write more than 0 and at most 100",
        ],
    );
    check(
        |it| it.steps = Some(vec![step(f64::NAN, 9)]),
        &["the weight of step 1 is NaN %; write more than 0 and at most 100"],
    );
    let waves = |waves: &[&[&str]]| {
        let waves = waves.iter().map(|wave| wave.iter().map(|it| (*it).to_owned()).collect());
        Some(waves.collect::<Vec<Vec<String>>>())
    };
    check(
        |it| it.waves = waves(&[&["b", "mars"], &[], &["b"]]),
        &[
            "there is no region `mars`; write the id of one of the fleet",
            "wave 2 names no region; leave it out",
            "the waves name b twice; name it once",
        ],
    );
    check(
        |it| it.change = Some("C".repeat(61)),
        &["the change's reference is longer than 60 characters; shorten it"],
    );
    check(
        |it| {
            it.service = "feed".into();
            it.steps = Some(vec![step(5.0, 9)]);
        },
        &["feed is updated node by node and has no steps; leave them out"],
    );
}

#[test]
fn a_region_where_the_service_does_not_run() {
    let mut fleet = fleet();
    let shop = fleet.services.get_mut(&id::<ServiceId>("shop")).expect("it");
    shop.placement =
        crate::fleet::Placement::Distributed { datacenters: [id("a1"), id("a2")].into() };
    let request = StartRequest { waves: Some(vec![vec!["b".into()]]), ..good() };
    let bench = passed("shop", "2.0.0");
    let found = start(&fleet, &Releases::default(), &request, Some(&bench), at(0));
    let found = found.expect_err("it does not run there");
    assert_eq!(found[0].to_string(), "shop does not run in b; leave that region out");
    shop_retired(&mut fleet);
    let found = start(&fleet, &Releases::default(), &good(), Some(&bench), at(0));
    let found = found.expect_err("it is retired");
    assert_eq!(found[0].to_string(), "shop is retired; nothing new is rolled out to it");
}

fn shop_retired(fleet: &mut Fleet) {
    fleet.services.get_mut(&id::<ServiceId>("shop")).expect("it").retired = true;
}

#[test]
fn the_bench_gates_production() {
    let seen = "503 after 12 ms".to_owned();
    let check = Bench::default().checks.remove(0);
    let result = CheckResult { check, passed: false, seen };
    for (state, now, expected) in [
        (TestState::Passed, 0, None),
        (
            TestState::Passed,
            3_600,
            Some("the bench result of 2.0.0 has expired; run the bench again"),
        ),
        (TestState::Running, 0, Some("the bench of 2.0.0 is not over; wait for its result")),
        (
            TestState::Failed,
            0,
            Some("2.0.0 did not pass its bench: 503 after 12 ms; mend it, or run the bench again"),
        ),
        (
            TestState::NotMade { message: "it was lost".into() },
            0,
            Some("the bench of 2.0.0 could not be made (it was lost); run it again"),
        ),
    ] {
        let mut bench = passed("shop", "2.0.0");
        bench.report.state = state.clone();
        if state != TestState::Passed {
            bench.report.results = vec![result.clone()];
        }
        let found = start(&fleet(), &Releases::default(), &good(), Some(&bench), at(now));
        let found = found.err().map(|found| found[0].to_string());
        assert_eq!(found.as_deref(), expected, "{state:?}");
    }
    let mut fewer = passed("shop", "2.0.0");
    fewer.report.results.truncate(1);
    let found = start(&fleet(), &Releases::default(), &good(), Some(&fewer), at(0));
    let changed = "the checks of shop's bench changed since 2.0.0 passed it; run the bench again";
    assert_eq!(found.expect_err("other checks")[0].to_string(), changed);
    let unknown = "2.0.0 of shop is not known: no bench has tested it; run its bench first";
    for bench in [None, Some(passed("shop", "2.0.1")), Some(passed("feed", "2.0.0"))] {
        let found = start(&fleet(), &Releases::default(), &good(), bench.as_ref(), at(0));
        assert_eq!(found.expect_err("another version")[0].to_string(), unknown);
    }
}

#[test]
fn two_rollouts_of_one_service_exclude_each_other() {
    let world = World::new("shop");
    let bench = passed("shop", "3.0.0");
    let request = StartRequest { version: "3.0.0".into(), ..good() };
    let releases = &world.estate.releases;
    let found = start(&world.estate.fleet, releases, &request, Some(&bench), at(0));
    assert_eq!(
        found.expect_err("one is on")[0].to_string(),
        "the rollout ro-1 of shop to 2.0.0 is preparing; wait for its end, or end it first"
    );
}

#[test]
fn a_version_in_quarantine_waits_for_a_person() {
    let quarantine = Quarantine {
        service: id("shop"),
        version: "2.0.0".into(),
        reason: "it lost orders".into(),
        rollout: None,
        since: at(0),
    };
    let releases = Releases { quarantined: vec![quarantine], ..Default::default() };
    let bench = passed("shop", "2.0.0");
    let found = start(&fleet(), &releases, &good(), Some(&bench), at(0));
    assert_eq!(
        found.expect_err("it is bad")[0].to_string(),
        "2.0.0 is in quarantine since 1970-01-12 13:46:40 UTC (it lost orders); lift it first, or \
         write another"
    );
}

#[test]
fn versions_of_a_fleet_in_force_move_by_rollouts() {
    let (old, mut new) = (fleet(), fleet());
    let mut releases = Releases::default();
    assert_eq!(releases.moved(&old, &new), []);
    let shop = new.services.get_mut(&id::<ServiceId>("shop")).expect("it");
    shop.version = "2.0.0".into();
    let moved = releases.moved(&old, &new);
    assert_eq!(
        moved[0].to_string(),
        "the version of shop is 1.0.0 and moves by rollouts only: start one to 2.0.0 (`mainstay \
         rollout start`), or write `version = \"1.0.0\"`"
    );
    let service = &old.services[&id::<ServiceId>("shop")];
    let release = crate::release::Release {
        version: "2.0.0".into(),
        ..crate::release::Release::declared(service)
    };
    releases.stable.insert(id("shop"), release);
    assert_eq!(releases.moved(&old, &new), [], "it catches up with what was rolled out");
    assert_eq!(releases.moved(&Fleet::default(), &new), [], "a first version is declared");
}
