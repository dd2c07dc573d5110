//! Coverage and survivors: what passes, what falls short, and what is not known.

use std::collections::BTreeSet;

use super::*;
use crate::backup::coverage::{Standing, coverage};
use crate::backup::proof::{Outcome, Proof};

const NOON: &str = "2026-03-11T12:00:00Z";

fn made(label: &str, day: &str) -> Copy {
    full(label, at(&format!("{day}T00:10:00Z")))
}

fn good() -> Catalogue {
    catalogue(&[
        ("a1", &[made("F1", "2026-03-09")]),
        ("b1", &[made("F2", "2026-03-10")]),
        ("c1", &[made("F3", "2026-03-11")]),
    ])
}

fn proven(label: &str, day: &str, outcome: Outcome) -> Proof {
    let at = at(&format!("{day}T06:00:00Z"));
    Proof { datacenter: dc("b1"), label: Label(label.to_owned()), at, outcome }
}

fn passed() -> Vec<Proof> {
    vec![proven("F2", "2026-03-10", Outcome::Passed)]
}

#[track_caller]
fn check(
    catalogue: &Catalogue,
    proofs: &[Proof],
    now: &str,
    standing: Standing,
    expected: &[&str],
) {
    let found = coverage(&schedule(), catalogue, proofs, at(now));
    let said: Vec<_> = found.shortfalls.iter().map(ToString::to_string).collect();
    assert_eq!(
        (said.iter().map(String::as_str).collect::<Vec<_>>(), found.standing()),
        (expected.to_vec(), standing)
    );
}

#[test]
fn what_is_asked_for_is_met() {
    check(&good(), &passed(), NOON, Standing::Met, &[]);
    // The window of the 12th is not over: its copy may still come.
    check(&good(), &passed(), "2026-03-12T00:29:00Z", Standing::Met, &[]);
    // What was read is enough, whatever the rest holds.
    let mut partly = good();
    partly.insert(dc("a1"), Err("no route to host".to_owned()));
    check(&partly, &passed(), NOON, Standing::Met, &[]);
    let found = coverage(&schedule(), &partly, &passed(), at(NOON));
    assert_eq!((found.copies, found.datacenters), (2, 2));
    assert_eq!(found.unread[&dc("a1")].as_deref(), Some("no route to host"));
}

#[test]
fn what_is_late_or_missed_is_told_apart() {
    check(
        &good(),
        &passed(),
        "2026-03-12T00:30:00Z",
        Standing::Short,
        &["no copy was made since the window at 2026-03-12 00:00:00 UTC began"],
    );
    check(
        &good(),
        &passed(),
        "2026-03-13T01:00:00Z",
        Standing::Short,
        &["2 windows passed without a copy, the first at 2026-03-12 00:00:00 UTC"],
    );
    let none = catalogue(&[("a1", &[]), ("b1", &[]), ("c1", &[])]);
    check(
        &none,
        &[],
        NOON,
        Standing::Short,
        &["there is no copy that can be used", "no copy ever passed a test restore"],
    );
}

#[test]
fn an_old_full_under_new_differentials_is_late() {
    let schedule = schedule_of(&fleet("UTC", 3, TWICE_WEEKLY));
    let on = |label: &str, day: &str| differential(label, "F1", at(&format!("{day}T00:10:00Z")));
    // Friday the 6th should have had a full.
    let held = [made("F1", "2026-03-03"), on("D1", "2026-03-06"), on("D2", "2026-03-07")];
    let held = catalogue(&[("d1", &held), ("d2", &[made("F0", "2026-02-27")]), ("d3", &[])]);
    let found = coverage(&schedule, &held, &passed(), at("2026-03-07T12:00:00Z"));
    let said: Vec<_> = found.shortfalls.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["no full copy was made since the window at 2026-03-06 00:00:00 UTC began"]);
}

#[test]
fn too_few_is_a_fact_only_if_everything_was_read() {
    let one = [
        "there are 1 copies, and 2 are asked for",
        "there are copies in 1 data centres, and 2 are asked for",
    ];
    let mut few = good();
    for id in ["a1", "b1"] {
        few.insert(dc(id), Ok(Vec::new()));
    }
    check(&few, &passed(), NOON, Standing::Short, &one);
    few.remove(&dc("b1"));
    check(&few, &passed(), NOON, Standing::Unknown, &one);
    // The same full in two places is one copy in two data centres.
    let twice = [made("F3", "2026-03-11")];
    let twice = catalogue(&[("a1", &twice), ("b1", &twice), ("c1", &[])]);
    check(&twice, &passed(), NOON, Standing::Short, &one[..1]);
}

#[test]
fn proofs_grow_old_and_fail() {
    check(&good(), &[], NOON, Standing::Short, &["no copy ever passed a test restore"]);
    // Of a copy that is gone by now: it still showed that restoring works.
    let old = [proven("F0", "2026-03-04", Outcome::Passed)];
    check(
        &good(),
        &old,
        NOON,
        Standing::Short,
        &["the last test restore passed at 2026-03-04 06:00:00 UTC, and may be 7 days old"],
    );
    check(&good(), &[proven("F0", "2026-03-05", Outcome::Passed)], NOON, Standing::Met, &[]);
    let mut failed = old.to_vec();
    failed.push(proven("F2", "2026-03-11", Outcome::Failed));
    failed.push(proven("F9", "2026-03-11", Outcome::Passed));
    check(
        &good(),
        &failed,
        NOON,
        Standing::Short,
        &["the copy F2 in b1 failed its test restore at 2026-03-11 06:00:00 UTC"],
    );
    let mut unread = good();
    unread.remove(&dc("a1"));
    check(&unread, &[], NOON, Standing::Short, &["no copy ever passed a test restore"]);
}

#[test]
fn damage_is_told_and_counts_for_nothing() {
    let mut bad = good();
    let broken = Copy { bad_pages: true, ..made("F2", "2026-03-10") };
    bad.insert(dc("b1"), Ok(vec![broken]));
    bad.insert(dc("a1"), Ok(vec![differential("D1", "F9", at("2026-03-09T00:10:00Z"))]));
    check(
        &bad,
        &[proven("F0", "2026-03-10", Outcome::Passed)],
        NOON,
        Standing::Short,
        &[
            "there are 1 copies, and 2 are asked for",
            "there are copies in 1 data centres, and 2 are asked for",
            "the copy D1 in a1 stands on a full that is not there",
            "the copy F2 in b1 has pages with wrong checksums",
        ],
    );
}

#[test]
fn a_loss_leaves_what_is_whole_elsewhere() {
    let mut held = good();
    let broken = Copy { bad_pages: true, ..made("F2", "2026-03-10") };
    held.insert(dc("b1"), Ok(vec![broken, made("F0", "2026-03-08")]));
    let left = |catalogue: &Catalogue, lost: &[&str]| {
        let lost: BTreeSet<_> = lost.iter().map(|id| dc(id)).collect();
        let left = survives(catalogue, &lost);
        let labels: Vec<_> = left.copies.iter().map(|it| it.copy.label.0.clone()).collect();
        let newest = left.newest().map(|it| it.copy.label.0.clone());
        assert_eq!(newest.as_ref(), labels.first());
        (labels.join(" "), left.unread.len())
    };
    assert_eq!(left(&held, &[]), ("F3 F1 F0".to_owned(), 0));
    assert_eq!(left(&held, &["c1"]), ("F1 F0".to_owned(), 0));
    assert_eq!(left(&held, &["a1", "b1", "c1"]), (String::new(), 0));
    held.insert(dc("c1"), Err("no route to host".to_owned()));
    assert_eq!(left(&held, &["a1"]), ("F0".to_owned(), 1));
    assert_eq!(left(&held, &["a1", "c1"]), ("F0".to_owned(), 0), "it was lost, not unread");
}
