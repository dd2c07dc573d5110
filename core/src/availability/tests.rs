//! Minutes, sums, outages, causes and burn rates.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::burn::{LENGTHS, Lately, Speed, alert, burns};
use super::cause::{Cause, Going, found};
use super::outage::{Account, Kind, Outage, Refused, advance, correct};
use super::probe::{Counted, Looks, Probed, Served};
use super::*;
use crate::estate::Estate;
use crate::problem::{Problem, Record};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_002_800 + minute * 60, 0).expect("a small timestamp")
}

fn seen(requests: u64, errors: u64, heard_seconds: u16) -> Seen {
    Seen { requests, errors, heard_seconds, failed_in: BTreeSet::new() }
}

fn cell(service: &str) -> Cell {
    let service = ServiceId::new(service).expect("an id");
    Cell { service, region: RegionId::new("north").expect("an id") }
}

fn of(minute: i64, service: &str, state: State) -> Minute {
    Minute {
        at: at(minute),
        cell: cell(service),
        group: GroupId::new("store").expect("an id"),
        state,
        requests: 100,
        errors: if state == State::Down { 40 } else { 0 },
        datacenters: BTreeSet::new(),
    }
}

/// A reproducible series of states: each stands for some minutes.
fn series(seed: u64, minutes: i64) -> Vec<Minute> {
    let mut random = seed;
    let mut next = || {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize
    };
    let services = ["shop", "feed", "depot"];
    let mut states = [State::Up; 3];
    let mut all = Vec::new();
    for minute in 0..minutes {
        for (index, service) in services.iter().enumerate() {
            if next() % 4 == 0 {
                states[index] = State::ALL[next() % State::ALL.len()];
            }
            all.push(of(minute, service, states[index]));
        }
    }
    all
}

#[test]
fn requests_speak_first_then_probes_and_silence_is_neither() {
    let full = Some(Served::Full);
    for (seen, probe, planned, state) in [
        (seen(1_000, 0, 60), None, false, State::Up),
        (seen(1_000, 9, 60), None, false, State::Up),
        (seen(1_000, 10, 60), None, false, State::Degraded),
        (seen(1_000, 99, 60), full, false, State::Degraded),
        // What users saw outweighs what probes say, both ways.
        (seen(1_000, 100, 60), full, false, State::Down),
        (seen(1_000, 0, 60), Some(Served::None), false, State::Up),
        (seen(1_000, 100, 60), full, true, State::Planned),
        // Planned work during which users noticed nothing is no downtime.
        (seen(1_000, 0, 60), None, true, State::Up),
        // Too few requests: probes decide, or, without any, the few.
        (seen(9, 9, 60), full, false, State::Up),
        (seen(9, 9, 60), None, false, State::Down),
        // Hardly heard: what was told is a part of it at most.
        (seen(1_000, 1_000, 29), full, false, State::Up),
        (seen(1_000, 1_000, 29), None, false, State::Unmeasured),
        (seen(0, 0, 60), Some(Served::Some), false, State::Degraded),
        (seen(0, 0, 60), Some(Served::None), false, State::Down),
        (seen(0, 0, 60), Some(Served::None), true, State::Planned),
        (seen(0, 0, 60), None, false, State::Unmeasured),
        (seen(0, 0, 0), None, true, State::Unmeasured),
    ] {
        assert_eq!(minute(&seen, probe, planned), state, "{seen:?} {probe:?} {planned}");
    }
    // No product of these overflows.
    assert_eq!(minute(&seen(u64::MAX, u64::MAX, 60), None, false), State::Down);
}

#[test]
fn a_region_is_down_only_where_all_of_it_is_known_to_be() {
    let shop = ServiceId::new("shop").expect("an id");
    let id = |id: &str| DatacenterId::new(id).expect("an id");
    let both = BTreeSet::from([id("fra1"), id("ams1")]);
    let looks = |full, some, none, unknown| Looks { full, some, none, unknown, planned: 0 };
    let of = |here: Looks, there: Looks| {
        let counted = [(id("fra1"), here), (id("ams1"), there)].into();
        Counted([(shop.clone(), counted)].into()).of(&shop, &both)
    };
    let (up, down, silent) = (looks(6, 0, 0, 0), looks(0, 0, 6, 0), looks(0, 0, 0, 6));
    assert_eq!(of(up, down).served, Some(Served::Full), "it is as good as where it is best");
    assert_eq!(of(up, down).failing, BTreeSet::from([id("ams1")]));
    assert_eq!(of(down, down).served, Some(Served::None));
    assert_eq!(of(down, silent).served, None, "silence is no death");
    assert_eq!(of(silent, silent).served, None);
    assert_eq!(of(up, silent).served, Some(Served::Full));
    assert_eq!(of(looks(2, 4, 0, 0), down).served, Some(Served::Some));
    assert_eq!(of(looks(2, 0, 0, 0), silent).served, None, "too few looks");
    assert_eq!(Counted::default().of(&shop, &both), Probed::default());
    let mut sum = Counted::default();
    sum.merge(Counted([(shop.clone(), [(id("fra1"), looks(2, 0, 0, 0))].into())].into()));
    sum.merge(Counted([(shop.clone(), [(id("fra1"), looks(2, 0, 0, 0))].into())].into()));
    assert_eq!(sum.of(&shop, &BTreeSet::from([id("fra1")])).served, Some(Served::Full));
}

#[test]
fn sums_hold_whatever_the_minutes_are() {
    for seed in 0..200 {
        let minutes = series(seed, 90);
        let tally: Tally = minutes.iter().map(Tally::from).sum();
        assert_eq!(tally.minutes(), minutes.len() as u64, "states add up to the period");
        let parts: Tally =
            minutes.chunks(7).rev().map(|part| part.iter().map(Tally::from).sum()).sum();
        assert_eq!(parts, tally, "order and portions do not matter");
        let unmeasured = minutes.iter().filter(|it| it.state == State::Unmeasured).count();
        assert_eq!(tally.gross().total + unmeasured as u64, tally.minutes());
        let (gross, net) = (tally.gross().value(), tally.net().value());
        assert!(net >= gross && gross >= tally.at_worst().value(), "seed {seed}");
        let excluded = Tally { excluded: tally.down / 2, ..tally };
        assert!(excluded.net().value() >= net && excluded.gross() == tally.gross());
    }
    let gap = Tally::of(State::Unmeasured, 0, 0);
    assert_eq!((gap.gross().value(), gap.at_worst().value()), (None, Some(0.0)));
    assert_eq!(Tally::default().worst(), None);
    let two = Tally::of(State::Down, 0, 0) + Tally::of(State::Up, 0, 0);
    assert!((two.on_the_clock(two.down, 60) - 30.0).abs() < 1e-9);
}

#[test]
fn outages_do_not_depend_on_the_portions_in_which_minutes_come() {
    for seed in 0..200 {
        let minutes = series(seed, 120);
        let whole = sorted(advance(Vec::new(), &minutes, at(120)));
        for portion in [1, 3, 10, 60] {
            let (mut open, mut over) = (Vec::new(), Vec::new());
            for begun in (0..120).step_by(portion) {
                let until = begun + portion as i64;
                let part: Vec<_> = minutes
                    .iter()
                    .filter(|minute| minute.at >= at(begun) && minute.at < at(until))
                    .cloned()
                    .collect();
                let stand = advance(open, &part, at(until));
                (over, open) = {
                    let (ended, open): (Vec<_>, Vec<_>) =
                        stand.into_iter().partition(|outage| outage.ended);
                    (over.into_iter().chain(ended).collect(), open)
                };
            }
            over.extend(open);
            assert_eq!(sorted(over), whole, "seed {seed}, portions of {portion}");
        }
        let bad = |state| minutes.iter().filter(|it| it.state == state).count() as u64;
        assert_eq!(whole.iter().map(|it| it.down).sum::<u64>(), bad(State::Down));
        assert_eq!(whole.iter().map(|it| it.planned).sum::<u64>(), bad(State::Planned));
        assert_eq!(whole.iter().map(|it| it.unmeasured).sum::<u64>(), bad(State::Unmeasured));
        let by_hour: u64 = whole.iter().map(|it| it.down_within(at(-60), at(240))).sum();
        assert_eq!(by_hour, bad(State::Down));
    }
}

fn sorted(mut outages: Vec<Outage>) -> Vec<Outage> {
    outages.sort_by_key(|it| (it.started_at, it.kind, it.services.clone()));
    outages
}

#[test]
fn a_short_relief_is_no_end() {
    let down = |minutes: &[i64]| -> Vec<Minute> {
        minutes.iter().map(|minute| of(*minute, "shop", State::Down)).collect()
    };
    let stand = |minutes: &[i64], until| -> Vec<(i64, u64, bool)> {
        let length = |it: &Outage| it.length().num_minutes();
        let outages = advance(Vec::new(), &down(minutes), at(until));
        sorted(outages).iter().map(|it| (length(it), it.down, it.ended)).collect()
    };
    assert_eq!(stand(&[0, 1, 5], 7), [(6, 3, false)]);
    assert_eq!(stand(&[0, 1, 5], 11), [(6, 3, true)]);
    assert_eq!(stand(&[0, 1, 7], 8), [(2, 2, true), (1, 1, false)]);
}

#[test]
fn what_was_going_on_tells_the_cause_and_nothing_is_guessed() {
    let shop = || ServiceId::new("shop").expect("an id");
    let outage = advance(Vec::new(), &[of(0, "shop", State::Down)], at(1)).remove(0);
    let estate = Estate::default();
    let record = |id, problem, opened: i64, closed: Option<i64>| Record {
        closed_at: closed.map(at),
        ..Record::new(id, problem, at(opened))
    };
    let account =
        |problems: &[Record]| found(&outage, &Going { estate: &estate, problems, runs: &[] });
    assert_eq!(account(&[]), Account::default(), "not told yet, and counted");
    let down = Problem::ServiceDown { service: shop() };
    let gone = |connected| Problem::EdgeGone {
        edge: crate::id::EdgeId::new("west").expect("an id"),
        region: outage.region.clone(),
        since: None,
        connected,
    };
    let told = account(&[record(7, down.clone(), 0, None)]);
    assert_eq!((told.cause, told.problem), (None, Some(7)));
    let told = account(&[record(8, gone(0), 0, None), record(9, down.clone(), 1, None)]);
    assert_eq!((told.cause, told.problem), (Some(Cause::InfrastructureDown), Some(9)));
    assert_eq!(account(&[record(8, gone(1), 0, None)]).cause, None, "another edge serves");
    assert_eq!(account(&[record(7, down.clone(), -90, Some(-60))]), Account::default());
    assert_eq!(account(&[record(7, down, 60, None)]), Account::default());
    let gap = advance(Vec::new(), &[of(0, "shop", State::Unmeasured)], at(1)).remove(0);
    let problems = [record(7, Problem::ServiceDown { service: shop() }, 0, None)];
    let going = Going { estate: &estate, problems: &problems, runs: &[] };
    assert_eq!(found(&gap, &going), Account::default(), "what failed is no reason for a gap");
    let elsewhere = Problem::ServiceDown { service: ServiceId::new("feed").expect("an id") };
    assert_eq!(account(&[record(7, elsewhere, 0, None)]), Account::default());
}

#[test]
fn a_correction_says_why_and_changes_something() {
    let old = Account::default();
    let told = Account { cause: Some(Cause::Overload), ..old.clone() };
    let out = Account { counted: false, ..told.clone() };
    let why = "the load test of the partner";
    for (kind, new, reason, answer) in [
        (Kind::Down, &told, why, Ok(())),
        (Kind::Down, &out, why, Ok(())),
        (Kind::Down, &out, " short   ", Err(Refused::NoReason)),
        (Kind::Down, &old, why, Err(Refused::Same)),
        (Kind::Gap, &told, why, Ok(())),
        (Kind::Gap, &out, why, Err(Refused::GapCounts)),
    ] {
        assert_eq!(correct(kind, &old, new, reason), answer, "{kind:?} {new:?} {reason}");
    }
    let long = "x".repeat(501);
    assert_eq!(correct(Kind::Down, &old, &told, &long), Err(Refused::LongReason));
    for cause in Cause::ALL {
        assert_eq!(Cause::from_name(cause.name()), Some(cause));
    }
    assert_eq!(Cause::ALL.iter().filter(|cause| cause.is_planned()).count(), 3);
}

#[test]
fn a_budget_that_burns_is_told_while_it_burns() {
    let target = Target::new(99_900).expect("within bounds");
    let share = |bad: u64, total: u64| Share { good: total - bad, total };
    let by_requests = |bad: [u64; 5]| Lately {
        requests: [10_000, 60_000, 120_000, 720_000, 8_640_000]
            .into_iter()
            .zip(bad)
            .map(|(total, bad)| share(bad, total))
            .collect::<Vec<_>>()
            .try_into()
            .expect("five"),
        minutes: LENGTHS.map(|minutes| share(0, u64::from(minutes))),
    };
    let speed =
        |lately: &Lately| alert(&burns(lately, target)).map(|it| (it.long_minutes, it.speed));
    assert_eq!(speed(&by_requests([0; 5])), None);
    // 1.5 % for an hour, and still: 15 times the rate.
    assert_eq!(speed(&by_requests([150, 900, 1_800, 1_800, 1_800])), Some((60, Speed::Page)));
    // It is over.
    assert_eq!(speed(&by_requests([0, 0, 1_800, 1_800, 1_800])), None);
    assert_eq!(speed(&by_requests([70, 420, 800, 4_500, 4_500])), Some((360, Speed::Page)));
    assert_eq!(speed(&by_requests([11, 66, 130, 800, 8_700])), Some((4_320, Speed::Ticket)));
    // A handful of bad requests wakes nobody, and nothing is known of nothing.
    let few = Lately {
        requests: [share(5, 100), share(5, 500), share(9, 1_000), share(9, 1_000), share(9, 1_000)],
        ..Lately::default()
    };
    assert_eq!(speed(&few), None);
    assert_eq!(speed(&Lately::default()), None);
    // Without traffic minutes speak: some of the last hour, one of them just now.
    let of = |bad: u64| {
        let minutes = [1, bad, bad, bad, bad].into_iter().zip(LENGTHS);
        let minutes: Vec<_> = minutes.map(|(bad, all)| share(bad, u64::from(all))).collect();
        Lately { minutes: minutes.try_into().expect("five"), ..Lately::default() }
    };
    assert_eq!(speed(&of(3)), Some((60, Speed::Page)));
    assert_eq!(speed(&of(2)), None, "two minutes wake nobody");
    // Six bad minutes in the first ten ever are what they are in an hour, and not six hours of it.
    let first = Lately { minutes: [share(6, 10); 5], ..Lately::default() };
    let burns = burns(&first, target);
    assert_eq!(burns[0].long.map(f64::round), Some(100.0), "6 of 60 minutes");
    assert_eq!(burns[1].long.map(f64::round), Some(17.0), "6 of 360");
}

#[test]
fn every_cell_of_the_fleet_has_each_minute_once() {
    let fleet = include_str!("../../../fleets/enterprise.toml");
    let fleet = crate::fleet::read::read(fleet).expect("no mistakes");
    let minutes = decide(&fleet, &Kept::default(), (at(0), at(3)));
    let keys: BTreeSet<_> = minutes.iter().map(|it| (it.at, it.cell.clone())).collect();
    assert_eq!(keys.len(), minutes.len());
    assert!(minutes.len() >= 3 * fleet.services.len());
    assert!(minutes.iter().all(|minute| minute.state == State::Unmeasured));
    // Users of a region where a service has no nodes have it all the same.
    let (service, _) = fleet.services.iter().next().expect("services");
    let mut kept = Kept::default();
    for region in fleet.regions.keys() {
        let cell = Cell { service: service.clone(), region: region.clone() };
        kept.seen.insert((at(0), cell), seen(100, 100, 0));
        kept.heard.insert((at(0), region.clone()), 60);
    }
    let minutes = decide(&fleet, &kept, (at(0), at(1)));
    let down = minutes.iter().filter(|minute| minute.state == State::Down).count();
    assert_eq!(down, fleet.regions.len());
}
