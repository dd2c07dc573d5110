//! Moments of the past on a real Postgres: what is read back of them, what is not known, what goes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::estate::{Contact, Instance, InstanceState};
use mainstay_core::id::DatacenterId;
use mainstay_core::moment::Entry;
use mainstay_store::Store;
use mainstay_store::moment::{Found, expire, extend, open, read, write};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn dc(name: &str) -> DatacenterId {
    name.parse().unwrap()
}

fn entry(whole: bool, version: &str) -> Entry {
    let instance = Instance {
        id: "shop-a-1".parse().unwrap(),
        service: "shop".parse().unwrap(),
        version: version.to_owned(),
        state: InstanceState::Serving,
        since: at(0),
        restarts: 0,
        cpu_millicores: None,
        memory_bytes: None,
        endpoint: None,
        handle: None,
    };
    let contact = Contact::Reporting;
    Entry { whole, contact, agent_version: None, instances: vec![instance], gone: Vec::new() }
}

/// Opens a span and writes into it; its id.
async fn span(store: &Store, since: i64, until: i64, entries: &[(i64, &str, Entry)]) -> i64 {
    let mut db = store.acts().acquire().await.unwrap();
    let id = open(&mut db, at(since)).await.unwrap();
    for (seconds, name, entry) in entries {
        write(&mut db, id, at(*seconds), &[(dc(name), entry.clone())]).await.unwrap();
    }
    assert!(extend(&mut db, id, at(until)).await.unwrap());
    id
}

/// Versions told of a data centre at a moment, in order; `None`: the moment is not known.
async fn versions(store: &Store, seconds: i64, name: &str) -> Option<Vec<String>> {
    match read(store.reads(), at(seconds)).await.unwrap() {
        Found::Entries(mut entries) => {
            let told = entries.remove(&dc(name)).unwrap_or_default();
            Some(told.iter().map(|entry| entry.instances[0].version.clone()).collect())
        }
        Found::Nothing { .. } => None,
    }
}

fn some(versions: &[&str]) -> Option<Vec<String>> {
    Some(versions.iter().map(|it| (*it).to_owned()).collect())
}

#[tokio::test]
async fn a_moment_is_told_from_the_last_whole_entry_of_its_own_span() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let first = [
        (0, "a", entry(true, "1")),
        (10, "a", entry(false, "2")),
        (20, "a", entry(true, "3")),
        (30, "a", entry(false, "4")),
        (0, "b", entry(true, "9")),
    ];
    span(store, 0, 40, &first).await;
    // Another leader's clock is behind: its entries lie among those of the first one.
    span(store, 35, 100, &[(35, "a", entry(true, "5"))]).await;
    for (seconds, expected) in [
        (-1, None),
        (0, some(&["1"])),
        (9, some(&["1"])),
        (10, some(&["1", "2"])),
        (25, some(&["3"])),
        (34, some(&["3", "4"])),
        (36, some(&["5"])),
        (100, some(&["5"])),
        (109, some(&["5"])),
        (111, None),
    ] {
        assert_eq!(versions(store, seconds, "a").await, expected, "at {seconds}");
    }
    assert_eq!(versions(store, 25, "b").await, some(&["9"]));
    assert_eq!(versions(store, 36, "b").await, some(&[]), "the second one never saw it");
}

#[tokio::test]
async fn what_nobody_wrote_names_the_nearest_that_is_known() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let unknown = read(store.reads(), at(0)).await.unwrap();
    assert_eq!(unknown, Found::Nothing { before: None, after: None });
    span(store, 0, 10, &[(0, "a", entry(true, "1"))]).await;
    span(store, 100, 110, &[(100, "a", entry(true, "2"))]).await;
    let gap = read(store.reads(), at(60)).await.unwrap();
    assert_eq!(gap, Found::Nothing { before: Some(at(10)), after: Some(at(100)) });
    let mut db = store.acts().acquire().await.unwrap();
    assert!(!extend(&mut db, 4711, at(200)).await.unwrap(), "there is no such span");
}

#[tokio::test]
async fn what_is_kept_can_be_told_after_the_rest_went() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let old = [(0, "a", entry(true, "1")), (5, "a", entry(true, "2"))];
    span(store, 0, 8, &old).await;
    let long = [
        (20, "a", entry(true, "3")),
        (30, "a", entry(false, "4")),
        (20, "b", entry(true, "7")),
        (40, "a", entry(true, "5")),
        (60, "a", entry(false, "6")),
    ];
    span(store, 20, 100, &long).await;
    let cut = at(50);
    // A little at a time.
    assert_eq!(expire(store.acts(), cut, 1).await.unwrap(), 1);
    assert_eq!(expire(store.acts(), cut, 100).await.unwrap(), 3);
    assert_eq!(expire(store.acts(), cut, 100).await.unwrap(), 0);
    assert_eq!(versions(store, 45, "a").await, None, "it is over");
    assert_eq!(versions(store, 50, "a").await, some(&["5"]));
    assert_eq!(versions(store, 61, "a").await, some(&["5", "6"]));
    assert_eq!(versions(store, 61, "b").await, some(&["7"]));
    let unknown = read(store.reads(), at(10)).await.unwrap();
    let after = Some(cut);
    assert_eq!(unknown, Found::Nothing { before: None, after });
    assert_eq!(expire(store.acts(), cut + TimeDelta::days(1), 100).await.unwrap(), 3);
    let gone = read(store.reads(), at(100)).await.unwrap();
    assert_eq!(gone, Found::Nothing { before: None, after: None });
}
