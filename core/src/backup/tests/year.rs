//! A year of plans against the reference, in zones whose clocks change in different ways.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::{Clock, Rules};
use super::*;

/// Half an hour at midnight, a quarter past two, over midnight, where Lord Howe's clock repeats.
const WINDOWS: [(i64, i64); 4] = [(0, 30), (135, 30), (1_410, 60), (100, 45)];

/// Clocks that change at one, two or three in the morning; at midnight; by half an hour; never.
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Africa/Cairo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
];

fn schedules(window: (i64, i64)) -> Vec<Rules> {
    let rules = |full, differential, retention_days| Rules {
        full,
        differential,
        literal: false,
        window,
        retention_days,
        origin: "2026-01-01",
        datacenters: 10,
    };
    let weekly = rules(Err(vec![1, 4]), true, 14);
    vec![
        rules(Ok(1), false, 7),
        rules(Ok(2), false, 14),
        weekly.clone(),
        Rules { literal: true, datacenters: 3, origin: "2025-12-30", ..weekly },
        rules(Ok(5), true, 9),
    ]
}

#[test]
fn a_year_is_planned_as_the_reference_works_it_out() {
    let date = |text: &str| text.parse().expect("a date");
    for zone in ZONES {
        let parsed = zone.parse().expect("a zone");
        let clock = Clock::new(parsed, date("2025-12-01"), date("2027-03-15"));
        for window in WINDOWS {
            for rules in schedules(window) {
                let expected = rules.plan(&clock, date("2027-02-01"));
                let fleet = fleet(zone, rules.datacenters, &rules.toml());
                let (from, until) = (at("2026-01-03T00:00:00Z"), at("2027-01-10T00:00:00Z"));
                let inside = |it: &&Planned| from <= it.window_start && it.window_start < until;
                // What stands on a full before the origin is not in the reference.
                let known = |it: &&Planned| it.chain >= expected[0].chain;
                let expected: Vec<_> = expected.iter().filter(inside).collect();
                let found = plan(&fleet, None, from, until);
                let found: Vec<_> = found.iter().filter(known).collect();
                assert_eq!(found.len(), expected.len(), "{rules:?}");
                for (found, expected) in found.iter().zip(&expected) {
                    assert_eq!(found, expected, "{rules:?}");
                }
                assert!(found.len() > 70, "{rules:?}");
                let most = planned_most(&fleet, None, from, until);
                assert!(most >= found.len() as u64 && most <= found.len() as u64 + 8);
            }
        }
    }
}

#[test]
fn ranges_that_meet_plan_each_copy_once() {
    let fleet = fleet("Europe/Berlin", 4, TWICE_WEEKLY);
    let whole = plan(&fleet, None, at("2026-03-01T00:00:00Z"), at("2026-05-01T00:00:00Z"));
    let mut pieces = Vec::new();
    let mut from = at("2026-03-01T00:00:00Z");
    while from < at("2026-05-01T00:00:00Z") {
        let until = from + TimeDelta::hours(7);
        pieces.extend(plan(&fleet, None, from, until.min(at("2026-05-01T00:00:00Z"))));
        from = until;
    }
    assert_eq!(pieces, whole);
    assert!(plan(&fleet, None, from, from).is_empty());
    assert!(plan(&fleet, None, from, from - TimeDelta::days(9)).is_empty());
}

/// R20 to R23 on the enterprise's own fleet, in the words of the requirements.
#[test]
fn the_enterprise_is_planned_as_its_requirements_say() {
    let fleet = read::read(ENTERPRISE).expect("the enterprise");
    let (from, until) = (at("2026-06-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
    let all = plan(&fleet, None, from, until);
    let order: Vec<_> = fleet.turn().into_iter().cloned().collect();
    let mut by_database: BTreeMap<&str, Vec<&Planned>> = BTreeMap::new();
    for planned in &all {
        by_database.entry(planned.database.as_str()).or_default().push(planned);
    }
    assert_eq!(by_database.len(), 5);
    let fulls = |id: &str| {
        let all = by_database[id].iter().copied();
        all.filter(|it| it.kind == Kind::Full).collect::<Vec<_>>()
    };
    for (id, hours, days) in
        [("social-db", 24, 7), ("chat-db", 24, 7), ("telemetry-db", 24, 7), ("store-db", 48, 14)]
    {
        let fulls = fulls(id);
        assert_eq!(fulls.len(), by_database[id].len(), "{id} has fulls only");
        for pair in fulls.windows(2) {
            let apart = (pair[1].window_start - pair[0].window_start).num_hours();
            assert!((apart - hours).abs() <= 1, "{id}: an hour more or less where clocks change");
        }
        for full in &fulls {
            assert_eq!((full.window_end - full.window_start).num_minutes(), 30);
            let kept = full.expires_at - full.window_end;
            assert!((kept.num_hours() - days * 24).abs() <= 1, "{id}");
        }
        for (at, full) in fulls.iter().enumerate() {
            let first = order.iter().position(|dc| *dc == fulls[0].datacenter).expect("a place");
            assert_eq!(full.datacenter, order[(first + at) % 10], "{id}: in turn");
        }
        assert_eq!(fulls[0].datacenter, fulls[10].datacenter, "the 11th where the 1st is");
    }
    let logistics = &by_database["logistics-db"];
    assert_eq!(logistics.len(), 183, "every day has one copy, a full or a differential");
    for full in fulls("logistics-db") {
        let chain: Vec<_> = logistics.iter().filter(|it| it.chain == full.chain).collect();
        let together: BTreeSet<_> =
            chain.iter().map(|it| (&it.datacenter, it.expires_at)).collect();
        assert_eq!(together.len(), 1, "a chain stays together and goes together");
    }
}
