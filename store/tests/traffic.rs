//! Requests by second and minute, and what edges acknowledge, on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use mainstay_core::traffic::{Counts, Series};
use mainstay_store::traffic::{self, Batch, Filter, Resolution};
use mainstay_store::{Store, edge, retention};

/// The start of a minute.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_040 + seconds, 0).unwrap()
}

fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

fn west() -> EdgeId {
    EdgeId::new("west").unwrap()
}

fn series(version: &str, datacenter: Option<&str>) -> Series {
    Series {
        service: shop(),
        version: version.into(),
        datacenter: datacenter.map(|id| DatacenterId::new(id).unwrap()),
        edge: west(),
    }
}

fn batch(seconds: i64, series: Series, latencies: &[f64]) -> Batch {
    let mut counts = Counts::default();
    latencies.iter().for_each(|ms| counts.record(*ms > 100.0, *ms));
    Batch { counts: [((at(seconds), series), counts)].into(), heard: vec![(west(), at(seconds))] }
}

async fn add(store: &Store, writer: &str, number: i64, batch: &Batch) -> bool {
    let added = store.read_committed(|tx| {
        Box::pin(async move { traffic::add(tx, writer, number, batch).await })
    });
    added.await.unwrap()
}

fn filter(from: i64, until: i64) -> Filter {
    Filter { service: Some(shop()), edges: None, from: at(from), until: at(until) }
}

/// Requests of each series, the largest first.
async fn totals(store: &Store, resolution: Resolution, filter: &Filter) -> Vec<u64> {
    let totals = traffic::totals(store.reads(), resolution, filter, 10).await.unwrap();
    totals.iter().map(|(_, counts)| counts.requests).collect()
}

/// Second of the minute, version, requests, errors, buckets in use.
async fn rows(store: &Store, resolution: Resolution) -> Vec<(i64, String, u64, u64, u64)> {
    let rows = traffic::by_version(store.reads(), resolution, &filter(-600, 600)).await.unwrap();
    let row = |row: traffic::Row| {
        let counts = row.counts;
        let seconds = (row.at - at(0)).num_seconds();
        (seconds, row.version, counts.requests, counts.errors, counts.latency.total())
    };
    rows.into_iter().map(row).collect()
}

#[tokio::test]
async fn a_batch_is_added_once_and_servers_add_up() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let first = batch(5, series("1", Some("osl1")), &[5.0, 9_000.0]);
    assert!(add(store, "a", 1, &first).await);
    assert!(!add(store, "a", 1, &first).await, "its commit was not confirmed, and tried again");
    assert!(add(store, "b", 1, &batch(5, series("1", None), &[700.0])).await);
    assert!(add(store, "a", 2, &batch(5, series("1", Some("osl1")), &[5.0])).await);
    assert_eq!(rows(store, Resolution::Second).await, [(5, "1".into(), 4, 2, 4)]);
    let seconds = traffic::seconds(store.reads(), at(0), at(9), 10).await.unwrap();
    let of = |datacenter: Option<&str>| {
        let wanted = series("1", datacenter);
        let (_, _, counts) = seconds.iter().find(|(_, it, _)| *it == wanted).unwrap();
        (counts.requests, counts.latency.quantile(1.0).map(f64::round))
    };
    assert_eq!(of(Some("osl1")), (3, Some(10_000.0)));
    assert_eq!(of(None), (1, Some(720.0)));
    let totals = totals(store, Resolution::Second, &filter(0, 60)).await;
    assert_eq!(totals, [3, 1], "largest first");
    let last = traffic::last_request(store.reads(), &shop(), "1").await.unwrap();
    assert_eq!(last, Some(at(5)));
    let nowhere = Filter { edges: Some(vec![EdgeId::new("east").unwrap()]), ..filter(0, 60) };
    let none = traffic::by_version(store.reads(), Resolution::Second, &nowhere).await.unwrap();
    assert_eq!(none, []);
}

#[tokio::test]
async fn minutes_are_made_of_seconds_as_often_as_one_likes() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    add(store, "a", 1, &batch(5, series("1", None), &[5.0])).await;
    add(store, "a", 2, &batch(59, series("1", None), &[5.0])).await;
    add(store, "a", 3, &batch(61, series("2", None), &[5.0])).await;
    let roll_up = async |seconds| {
        let until = at(seconds);
        let rolled =
            store.read_committed(|tx| Box::pin(async move { traffic::roll_up(tx, until).await }));
        rolled.await.unwrap()
    };
    assert!(roll_up(60).await);
    assert!(!roll_up(60).await, "that far it is done");
    assert_eq!(rows(store, Resolution::Minute).await, [(0, "1".into(), 2, 0, 2)]);
    // What comes late is in the minute when it is made anew; nothing is counted twice.
    add(store, "b", 1, &batch(30, series("1", None), &[500.0])).await;
    assert!(roll_up(120).await);
    let minutes = [(0, "1".into(), 3, 1, 3), (60, "2".into(), 1, 0, 1)];
    assert_eq!(rows(store, Resolution::Minute).await, minutes);
    assert_eq!(totals(store, Resolution::Minute, &filter(0, 600)).await, [3, 1]);
    let range = (at(0), at(600));
    let heard = traffic::heard(store.reads(), Resolution::Minute, range).await.unwrap();
    assert_eq!(heard, [(at(0), west(), 3), (at(60), west(), 1)]);
}

#[tokio::test]
async fn seconds_go_after_an_hour_unless_a_judge_needs_them() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    add(store, "a", 1, &batch(5, series("1", None), &[5.0])).await;
    add(store, "a", 2, &batch(65, series("1", None), &[5.0])).await;
    let now = at(6) + retention::SECONDS_KEPT + TimeDelta::hours(1);
    let judged = [(shop(), at(60))];
    // A second and when it was heard; later the other ones too.
    assert_eq!(retention::traffic(store, now, &judged).await.unwrap(), 2);
    assert_eq!(rows(store, Resolution::Second).await.len(), 1);
    assert_eq!(retention::traffic(store, now, &[]).await.unwrap(), 2);
}

#[tokio::test]
async fn an_edge_has_a_row_of_each_server_that_saw_it() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let write = async |server: &str, connected, acknowledged: u64, seconds| {
        let (id, now) = (&west(), at(seconds));
        let rows: &[(&EdgeId, bool, &u64)] = &[(id, connected, &acknowledged)];
        store
            .read_committed(|tx| Box::pin(async move { edge::write(tx, server, rows, now).await }))
            .await
            .unwrap();
    };
    write("a", true, 3, 1).await;
    write("b", true, 4, 2).await;
    write("a", false, 3, 3).await;
    let seen = edge::read::<u64>(store.reads()).await.unwrap();
    let seen: Vec<_> = seen.iter().map(|it| (&*it.server, it.connected, it.state)).collect();
    assert_eq!(seen, [("a", false, 3), ("b", true, 4)]);
}
