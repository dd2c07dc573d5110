//! Runbooks and short links on real servers: each server shows the same set, and a dead link that
//! is used becomes a problem until it leads somewhere again.

#![allow(clippy::unwrap_used, reason = "a test")]

mod town;

use std::collections::BTreeMap;

use mainstay_control::access::By;
use mainstay_control::follow::Follower;
use mainstay_control::runbook::{RunbookError, SetChange};
use mainstay_core::problem::Problem;
use mainstay_core::runbook::alias::Wanted;
use town::Town;

const OWN: &str = "+++\ntitle = \"Ours\"\nowner = \"store team\"\nreviewed = 2026-11-20\n\
    alerts = [\"service-down\"]\n+++\n1. Ask Kim\n";

fn by() -> By {
    By::system("test")
}

#[tokio::test]
async fn every_server_shows_the_set_that_was_applied_last() {
    let town = Town::new().await;
    let (one, other) = (town.server(false), town.server(false));
    let put = |source: &str| SetChange::Put { slug: "ours".into(), source: source.into() };
    let (first, _) = one.control.apply_runbooks(&by(), &put(OWN), None, None).await.unwrap();
    let slug = "ours".parse().unwrap();
    let title = |server: &town::Server| {
        let shelf = server.control.snapshot().shelf;
        shelf.get(&slug).map(|book| book.title.clone())
    };
    assert_eq!(title(&one).as_deref(), Some("Ours"));
    assert_eq!(title(&other), None, "it has not looked yet");
    let control = &other.control;
    let (store, ingest) = (control.store.clone(), control.ingest.clone());
    let mut follower = Follower::new(store, control.estate.clone(), ingest);
    follower.read().await.unwrap();
    assert_eq!(title(&other).as_deref(), Some("Ours"));
    // Who looked at what was before changes nothing; the same again is no change.
    let newer = OWN.replace("Ours", "Theirs");
    other.control.apply_runbooks(&by(), &put(&newer), Some(first), None).await.unwrap();
    let stale = one.control.apply_runbooks(&by(), &put(OWN), Some(first), None).await;
    assert!(matches!(stale, Err(RunbookError::Changed { revision }) if revision > first));
    let same = one.control.apply_runbooks(&by(), &put(&newer), None, None).await;
    assert!(matches!(same, Err(RunbookError::Same)));
    let none = SetChange::All(BTreeMap::new());
    other.control.apply_runbooks(&by(), &none, None, None).await.unwrap();
    assert_eq!(title(&other), None);
}

#[tokio::test]
async fn a_dead_short_link_that_is_used_needs_a_person() {
    let town = Town::new().await;
    let server = town.settled().await;
    let control = &server.control;
    let link = |target: &str| Wanted {
        id: "lag".into(),
        target: target.into(),
        owner: "store team".into(),
        note: String::new(),
    };
    let id = control.make_alias(&by(), &link("/services/shop")).await.unwrap();
    control.alias_used(&id);
    control.write_alias_uses().await.unwrap();
    control.change_alias(&by(), &link("/services/cart"), Some(1)).await.unwrap();
    let dead = server
        .until("the dead link is a problem", |control| {
            let problems = control.snapshot().problems;
            let dead = |problem: &Problem| matches!(problem, Problem::AliasDead { .. });
            let found = problems.iter().find(|record| dead(&record.problem));
            found.filter(|record| record.closed_at.is_none()).map(|record| record.id)
        })
        .await;
    control.change_alias(&by(), &link("/services/stock"), None).await.unwrap();
    server
        .until("the problem has ended", |control| {
            let problems = control.snapshot().problems;
            let record = problems.iter().find(|record| record.id == dead)?;
            record.closed_at.map(drop)
        })
        .await;
}
