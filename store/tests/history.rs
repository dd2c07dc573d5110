//! What changed of backups since a reader looked last, on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::backup::run::{New, Origin, Run, State};
use mainstay_core::backup::work::{VerifyJob, Work};
use mainstay_core::backup::{Kind, Planned};
use mainstay_store::Store;
use mainstay_store::backup::{Ordered, insert_run, order, update_run};
use mainstay_store::history::{Horizon, horizon, runs_since, work_since};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn new(days_ago: i64) -> New {
    let window_start = now() - TimeDelta::days(days_ago);
    let planned = Planned {
        database: "orders".parse().unwrap(),
        kind: Kind::Full,
        window_start,
        window_end: window_start + TimeDelta::hours(1),
        datacenter: "osl1".parse().unwrap(),
        chain: format!("orders-{days_ago}"),
        expires_at: now(),
    };
    let state = State::Waiting { not_before: window_start, because: None };
    New { origin: Origin::Plan, planned, state }
}

async fn insert(store: &Store, new: &New) -> Run {
    let id = store.read_committed(|tx| Box::pin(async move { insert_run(tx, new, now()).await }));
    Run::begin(id.await.unwrap().unwrap(), new.clone())
}

fn ordered(id: &str) -> Ordered {
    let (database, datacenter) = ("orders".parse().unwrap(), "osl1".parse().unwrap());
    Ordered {
        work: Work::Verify(VerifyJob { id: id.to_owned(), database, datacenter }),
        agent: "osl1".parse().unwrap(),
        asked_by: None,
        reason: None,
        ordered_at: now(),
        report: None,
        ended_at: None,
    }
}

async fn runs(store: &Store, since: Horizon) -> Vec<(i64, u64)> {
    let mut told = Vec::new();
    let from = now() - TimeDelta::days(3);
    runs_since(store.reads(), since, from, |run| told.push((run.id.0, run.revision)))
        .await
        .unwrap();
    told
}

async fn work(store: &Store, since: Horizon) -> Vec<String> {
    let mut told = Vec::new();
    let tell = |ordered: Ordered| told.push(ordered.work.id().to_owned());
    work_since(store.reads(), since, tell).await.unwrap();
    told.sort();
    told
}

#[tokio::test]
async fn runs_are_told_once_they_change_and_while_they_are_young_or_open() {
    let db = TestDatabase::new().await;
    let (young, open) = (insert(&db.store, &new(1)).await, insert(&db.store, &new(9)).await);
    assert_eq!(runs(&db.store, Horizon::START).await, [(young.id.0, 1), (open.id.0, 1)]);
    let since = horizon(db.store.reads()).await.unwrap();
    let because = mainstay_core::backup::run::Obstacle::Failed {
        failure: mainstay_core::backup::job::Failure::new(
            mainstay_core::backup::job::Cause::DiskFull,
            "",
        ),
    };
    let over = &Run { state: State::Missed { at: now(), because }, revision: 2, ..open };
    let update =
        db.store.read_committed(|tx| Box::pin(async move { update_run(tx, over, now()).await }));
    assert!(update.await.unwrap());
    assert_eq!(runs(&db.store, Horizon::START).await, [(young.id.0, 1)], "the old one is over");
    let again = &Run { revision: 2, ..young };
    let update =
        db.store.read_committed(|tx| Box::pin(async move { update_run(tx, again, now()).await }));
    assert!(update.await.unwrap());
    assert!(runs(&db.store, since).await.contains(&(again.id.0, 2)));
}

#[tokio::test]
async fn what_is_committed_late_is_not_missed() {
    let db = TestDatabase::new().await;
    let (store, early, late) = (&db.store, &ordered("early"), &ordered("late"));
    let since = store.read_committed(|tx| {
        Box::pin(async move {
            order(tx, early).await?;
            let late = store.read_committed(|tx| Box::pin(async move { order(tx, late).await }));
            late.await?;
            assert_eq!(work(store, Horizon::START).await, ["late"]);
            horizon(store.reads()).await
        })
    });
    let since = since.await.unwrap();
    assert!(since > Horizon::START);
    assert_eq!(work(store, since).await, ["early", "late"], "what was open, and what came after");
}
