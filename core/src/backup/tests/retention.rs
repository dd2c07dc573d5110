//! What must hold whatever happened, over generated histories; and single cases with their words.

use std::collections::{BTreeMap, BTreeSet};

use super::generated::History;
use super::*;
use crate::backup::proof::{Outcome, Proof};
use crate::backup::retention::{Decision, Keep, Verdict, decide};

const HISTORIES: u64 = 1_500;

fn proof(datacenter: &str, label: &str, at: &str, outcome: Outcome) -> Proof {
    Proof { datacenter: dc(datacenter), label: Label(label.into()), at: super::at(at), outcome }
}

/// Whether nothing speaks against a copy, found without the code under test.
fn good(history: &History, datacenter: &DatacenterId, copy: &Copy) -> bool {
    let Some(Ok(held)) = history.catalogue.get(datacenter) else { return false };
    let sound = |label: &Label| {
        let mine = |it: &&Proof| it.datacenter == *datacenter && it.label == *label;
        let proofs = history.proofs.iter().filter(mine);
        let last = proofs.max_by_key(|it| (it.at, it.outcome == Outcome::Failed));
        let failed = last.is_some_and(|it| it.outcome == Outcome::Failed);
        held.iter().any(|it| it.label == *label && !it.bad_pages) && !failed
    };
    sound(&copy.label) && copy.full.as_ref().is_none_or(sound)
}

/// Every copy that was read, with its place.
fn held(history: &History) -> Vec<(&DatacenterId, &Copy)> {
    let read = history.catalogue.iter().filter_map(|(id, held)| Some((id, held.as_ref().ok()?)));
    read.flat_map(|(id, held)| held.iter().map(move |copy| (id, copy))).collect()
}

fn gone(decisions: &[Decision]) -> Vec<(DatacenterId, Label)> {
    let expired = decisions.iter().filter(|it| it.expires());
    let labels = expired
        .flat_map(|it| it.labels.iter().map(move |label| (it.datacenter.clone(), label.clone())));
    labels.collect()
}

#[test]
fn whatever_happened_the_rules_hold() {
    let (mut expired, mut reasons) = (0, BTreeMap::new());
    for seed in 0..HISTORIES {
        let history = History::generate(seed);
        let History { schedule, catalogue, proofs, now, .. } = &history;
        let decisions = decide(schedule, catalogue, proofs, *now);
        let gone = gone(&decisions);
        expired += gone.len();
        for decision in &decisions {
            if let Verdict::Keep { reason } = &decision.verdict {
                let word = format!("{reason:?}");
                let word = word.split([' ', '{']).next().unwrap_or_default().to_owned();
                *reasons.entry(word).or_insert(0) += 1;
            }
        }
        every_copy_is_decided_once(seed, &history, &decisions);
        nothing_goes_on_missing_or_late_data(seed, &history, &gone);
        what_must_stay_stays(seed, &history, &gone);
        nothing_stays_without_a_reason(seed, &history, &decisions);
        let again = decide(schedule, &history.without(&gone), proofs, *now);
        assert!(again.iter().all(|it| !it.expires()), "seed {seed}: it decides the same again");
    }
    assert!(expired > 500, "{expired}");
    let met: BTreeSet<_> = reasons.keys().map(String::as_str).collect();
    // That nothing newer exists does not occur with a policy that a file may have: see below.
    let all = ["LastProven", "Late", "NotAsked", "NotDue", "NotRead", "TooFewLeft"];
    assert_eq!(met, BTreeSet::from(all), "every other reason occurs: {reasons:?}");
}

fn every_copy_is_decided_once(seed: u64, history: &History, decisions: &[Decision]) {
    let mut decided: Vec<_> = decisions
        .iter()
        .flat_map(|it| it.labels.iter().map(move |label| (&it.datacenter, label)))
        .collect();
    decided.sort();
    let mut all: Vec<_> = held(history).into_iter().map(|(id, copy)| (id, &copy.label)).collect();
    all.sort();
    assert_eq!(decided, all, "seed {seed}");
    assert!(decisions.is_sorted_by_key(|it| it.due_at), "seed {seed}");
}

fn nothing_goes_on_missing_or_late_data(
    seed: u64,
    history: &History,
    gone: &[(DatacenterId, Label)],
) {
    let turn = history.schedule.turn.iter();
    let missing = turn.filter(|id| !matches!(history.catalogue.get(*id), Some(Ok(_)))).count();
    let begun = history.now - TimeDelta::days(1) - TimeDelta::minutes(30);
    let copies = held(history);
    let fresh = copies.iter().any(|(id, copy)| copy.started >= begun && good(history, id, copy));
    if missing > 0 || !fresh {
        assert!(gone.is_empty(), "seed {seed}");
    }
}

fn what_must_stay_stays(seed: u64, history: &History, gone: &[(DatacenterId, Label)]) {
    let goes = |id: &DatacenterId, label: &Label| {
        gone.iter().any(|(at, which)| at == id && which == label)
    };
    let copies = held(history);
    // Never a full that a kept differential needs.
    for (id, copy) in &copies {
        if let Some(full) = copy.full.as_ref().filter(|_| !goes(id, &copy.label)) {
            assert!(!goes(id, full), "seed {seed}: {} stands on {full}", copy.label);
        }
    }
    // Never the last one that was proven; never the newest that nothing speaks against.
    let usable = || copies.iter().filter(|(id, copy)| good(history, id, copy));
    let proven = usable().filter(|(id, copy)| {
        let mine = |it: &&Proof| it.datacenter == **id && it.label == copy.label;
        history.proofs.iter().any(|it| mine(&it))
    });
    let mut still = proven.clone();
    assert!(
        proven.clone().count() == 0 || still.any(|(id, copy)| !goes(id, &copy.label)),
        "seed {seed}: a proven copy is left"
    );
    let last = proven.map(|(_, copy)| copy.finished).max();
    let lasts = usable().filter(|(_, copy)| Some(copy.finished) == last);
    assert!(
        last.is_none() || lasts.clone().any(|(id, copy)| !goes(id, &copy.label)),
        "seed {seed}: the one proven last is left"
    );
    let newest = usable().map(|(_, copy)| copy.finished).max();
    for (id, copy) in usable().filter(|(_, copy)| Some(copy.finished) == newest) {
        assert!(!goes(id, &copy.label), "seed {seed}: the newest stays");
    }
    // Never less than is asked for, by what is left.
    if !gone.is_empty() {
        let left = usable().filter(|(id, copy)| !goes(id, &copy.label));
        let labels: BTreeSet<_> = left.clone().map(|(_, copy)| &copy.label).collect();
        let places: BTreeSet<_> = left.map(|(id, _)| id).collect();
        let good_ones_went = usable().any(|(id, copy)| goes(id, &copy.label));
        let policy = &history.schedule.policy;
        assert!(!good_ones_went || labels.len() >= usize::from(policy.copies), "seed {seed}");
        assert!(!good_ones_went || places.len() >= usize::from(policy.copies_in), "seed {seed}");
    }
}

fn nothing_stays_without_a_reason(seed: u64, history: &History, decisions: &[Decision]) {
    for decision in decisions {
        let due = decision.due_at;
        // A copy of the chain may be where nothing was read.
        let turn = history.schedule.turn.iter();
        if turn.clone().all(|id| matches!(history.catalogue.get(id), Some(Ok(_)))) {
            assert_eq!(due, history.due[&decision.chain], "seed {seed}: {decision}");
        }
        let not_due = matches!(decision.verdict, Verdict::Keep { reason: Keep::NotDue { .. } });
        assert_eq!(not_due, history.now < due, "seed {seed}: {decision}");
    }
}

/// A year without trouble, in the zone of the enterprise: what is held is what was planned to be.
#[test]
fn a_quiet_year_keeps_what_was_planned_and_no_more() {
    for (policy, most) in [(DAILY, 8), (TWICE_WEEKLY, 18)] {
        let schedule = schedule_of(&fleet("Europe/Berlin", 10, policy));
        let turn = schedule.turn.iter().cloned();
        let mut catalogue: Catalogue = turn.map(|id| (id, Ok(Vec::new()))).collect();
        let mut proofs = Vec::new();
        let year = schedule.between(at("2026-01-05T00:00:00Z"), at("2027-01-05T00:00:00Z"));
        for (day, planned) in year.iter().enumerate() {
            let label = match planned.kind {
                Kind::Full => full(&planned.chain, planned.window_end),
                Kind::Differential => differential(
                    &format!("{}_{day}", planned.chain),
                    &planned.chain,
                    planned.window_end,
                ),
            };
            let proven = Label(label.label.0.clone());
            catalogue
                .get_mut(&planned.datacenter)
                .expect("asked")
                .as_mut()
                .expect("read")
                .push(label);
            // A test restore every other day, so that what is proven last is never the oldest.
            if day % 2 == 0 {
                let (datacenter, at) = (planned.datacenter.clone(), planned.window_end);
                proofs.push(Proof { datacenter, label: proven, at, outcome: Outcome::Passed });
            }
            let now = planned.window_end;
            for decision in
                decide(&schedule, &catalogue, &proofs, now).iter().filter(|it| it.expires())
            {
                let held = catalogue.get_mut(&decision.datacenter).expect("asked");
                held.as_mut().expect("read").retain(|copy| !decision.labels.contains(&copy.label));
            }
            let planned = year[..=day].iter().filter(|it| it.expires_at > now).count();
            let held = catalogue.values().flatten().flatten().count();
            assert_eq!(held, planned, "{now}");
            assert!(held <= most, "{held} at {now}");
        }
    }
}

/// Four daily fulls of a database over three data centres, long past retention but the last two.
fn shelf() -> Catalogue {
    let made = |label: &str, day: &str| full(label, at(&format!("{day}T00:10:00Z")));
    catalogue(&[
        ("a1", &[made("F1", "2026-03-01"), made("F4", "2026-03-11")]),
        ("b1", &[made("F2", "2026-03-02")]),
        ("c1", &[made("F3", "2026-03-10")]),
    ])
}

/// What is said of every chain at noon on 11 March.
#[track_caller]
fn check(catalogue: &Catalogue, proofs: &[Proof], expected: &[&str]) {
    let now = at("2026-03-11T12:00:00Z");
    let decisions = decide(&schedule(), catalogue, proofs, now);
    let said: Vec<_> = decisions.iter().map(ToString::to_string).collect();
    assert_eq!(said, expected);
}

const F3_STAYS: &str = "F3 in c1 goes at 2026-03-17 00:30:00 UTC at the earliest";
const F4_STAYS: &str = "F4 in a1 goes at 2026-03-18 00:30:00 UTC at the earliest";

#[test]
fn what_goes_and_why() {
    let goes = [
        "F1 in a1 goes: due since 2026-03-08 00:30:00 UTC, and F4 in a1 is newer",
        "F2 in b1 goes: due since 2026-03-09 00:30:00 UTC, and F4 in a1 is newer",
        F3_STAYS,
        F4_STAYS,
    ];
    check(&shelf(), &[], &goes);
    let passed = [proof("a1", "F1", "2026-03-01T06:00:00Z", Outcome::Passed)];
    let kept = "F1 in a1 was due at 2026-03-08 00:30:00 UTC and stays: it has the copy F1, the \
                last one that passed a test restore, at 2026-03-01 06:00:00 UTC";
    check(&shelf(), &passed, &[kept, goes[1], F3_STAYS, F4_STAYS]);
    let mut newer = passed.to_vec();
    newer.push(proof("c1", "F3", "2026-03-11T06:00:00Z", Outcome::Passed));
    check(&shelf(), &newer, &goes);
    // It passed once, and failed since.
    let mut failed = passed.to_vec();
    failed.push(proof("a1", "F1", "2026-03-02T06:00:00Z", Outcome::Failed));
    check(&shelf(), &failed, &goes);
}

#[test]
fn nothing_goes_while_something_is_not_known() {
    let due = |chain: &str, day: &str, why: &str| {
        format!("{chain} was due at 2026-03-{day} 00:30:00 UTC and stays: {why}")
    };
    let kept = |catalogue: &Catalogue, why: &str| {
        let both = [due("F1 in a1", "08", why), due("F2 in b1", "09", why)];
        let rest = catalogue.values().flatten().flatten().filter(|it| it.label.0 > "F2".into());
        let rest: Vec<_> = rest.map(|it| it.label.0.clone()).collect();
        let mut said: Vec<_> = both.iter().map(String::as_str).collect();
        said.extend(rest.contains(&"F3".to_owned()).then_some(F3_STAYS));
        said.extend(rest.contains(&"F4".to_owned()).then_some(F4_STAYS));
        check(catalogue, &[], &said);
    };
    let mut broken = shelf();
    broken.insert(dc("c1"), Err("no route to host".to_owned()));
    kept(&broken, "the repository in c1 could not be read: no route to host");
    let mut silent = shelf();
    silent.remove(&dc("c1"));
    kept(&silent, "the repository in c1 was not asked");
    let mut retired = shelf();
    retired.insert(dc("old1"), Err("gone".to_owned()));
    kept(&retired, "the repository in old1 could not be read: gone");
    let mut late = shelf();
    if let Some(Ok(held)) = late.get_mut(&dc("a1")) {
        held.pop();
    }
    kept(&late, "no copy was made since the window at 2026-03-11 00:00:00 UTC began");
}

#[test]
fn damage_and_too_few_copies_keep_what_is_old() {
    let due = |chain: &str, day: &str, why: &str| {
        format!("{chain} was due at 2026-03-{day} 00:30:00 UTC and stays: {why}")
    };
    let mut damaged = shelf();
    for held in damaged.values_mut().flatten() {
        held.iter_mut().filter(|copy| copy.label.0 == "F3").for_each(|copy| copy.bad_pages = true);
    }
    // With F3 of no use, F4 alone is too few; F1 is worth keeping no more than F2, which is newer.
    let few = "without it 1 copies in 1 data centres would be left, too few";
    let goes = "F1 in a1 goes: due since 2026-03-08 00:30:00 UTC, and F4 in a1 is newer";
    check(&damaged, &[], &[goes, &due("F2 in b1", "09", few), F3_STAYS, F4_STAYS]);
    // A damaged one goes, for it counts for nothing.
    let failed = [proof("b1", "F2", "2026-03-03T00:00:00Z", Outcome::Failed)];
    let worthless = "F2 in b1 goes: due since 2026-03-09 00:30:00 UTC, and F4 in a1 is newer";
    let few = due("F1 in a1", "08", few);
    check(&damaged, &failed, &[&few, worthless, F3_STAYS, F4_STAYS]);
}

/// No fleet file may keep copies for less time than until the next one; a rule is no worse for it.
#[test]
fn the_only_copy_stays_even_where_retention_is_shorter_than_the_schedule() {
    let mut schedule = schedule();
    schedule.policy.full = crate::fleet::FullSchedule::EveryDays(30);
    let only = full("F1", at("2026-01-31T00:10:00Z"));
    let only = catalogue(&[("a1", &[only]), ("b1", &[]), ("c1", &[])]);
    let said = decide(&schedule, &only, &[], at("2026-02-20T00:00:00Z"));
    assert_eq!(
        said[0].to_string(),
        "F1 in a1 was due at 2026-02-07 00:30:00 UTC and stays: there is no newer copy without \
         damage"
    );
}

#[test]
fn a_full_that_stands_in_two_repositories_stays_as_long_in_both() {
    let text = format!("{TWICE_WEEKLY}rotation = \"literal\"\n");
    let schedule = schedule_of(&fleet("UTC", 2, &text));
    let old = full("F1", at("2026-03-03T00:10:00Z"));
    let copied = old.clone();
    let on_it = differential("F1_D1", "F1", at("2026-03-05T00:10:00Z"));
    let new = full("F2", at("2026-03-20T00:10:00Z"));
    let newer = differential("F2_D1", "F2", at("2026-03-21T00:10:00Z"));
    let held = catalogue(&[("d1", &[old, new.clone()]), ("d2", &[copied, on_it, new, newer])]);
    let verdicts = |now: &str| {
        let decisions = decide(&schedule, &held, &[], at(now));
        let shown = decisions.into_iter().map(|it| {
            let labels: Vec<_> = it.labels.iter().map(|label| label.0.as_str()).collect();
            format!("{} {} {}", it.datacenter, labels.join(" "), it.expires())
        });
        shown.collect::<Vec<_>>()
    };
    let late = "2026-03-21T00:30:00Z";
    assert_eq!(
        verdicts(late),
        ["d1 F1 true", "d2 F1_D1 F1 true", "d1 F2 false", "d2 F2_D1 F2 false"]
    );
    let early = at("2026-03-19T00:29:00Z");
    let decisions = decide(&schedule, &held, &[], early);
    let until = at("2026-03-19T00:30:00Z");
    let not_due = Verdict::Keep { reason: Keep::NotDue { until } };
    assert!(decisions[..2].iter().all(|it| it.verdict == not_due), "{decisions:?}");
}
