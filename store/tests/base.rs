//! Pools, transactions and their errors on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::sync::atomic::{AtomicU32, Ordering};

use common::TestDatabase;
use mainstay_store::{Options, Store, StoreError};
use sqlx::Executor;

#[tokio::test]
async fn concurrent_transactions_behave_as_if_one_came_after_another() {
    let db = TestDatabase::new().await;
    let table = "CREATE TABLE counter AS SELECT 0 AS n";
    db.store.acts().execute(table).await.unwrap();
    let increments = (0..8).map(|_| {
        let store = db.store.clone();
        tokio::spawn(async move {
            store
                .transaction(|tx| {
                    Box::pin(async move {
                        let n: i32 = sqlx::query_scalar("SELECT n FROM counter")
                            .fetch_one(&mut **tx)
                            .await?;
                        tx.execute(sqlx::query("UPDATE counter SET n = $1").bind(n + 1)).await?;
                        Ok(())
                    })
                })
                .await
        })
    });
    let mut done = 0;
    for task in increments.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => done += 1,
            Err(StoreError::Conflict(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let n: i32 =
        sqlx::query_scalar("SELECT n FROM counter").fetch_one(db.store.reads()).await.unwrap();
    assert!(n > 0);
    assert_eq!(n, done);
}

#[tokio::test]
async fn what_a_failed_transaction_wrote_is_gone_and_borrowed_values_come_back() {
    let db = TestDatabase::new().await;
    db.store.acts().execute("CREATE TABLE t (x text UNIQUE)").await.unwrap();
    let (text, attempts) = (String::from("once"), AtomicU32::new(0));
    let insert = async || {
        let (text, attempts) = (&text, &attempts);
        db.store
            .transaction(|tx| {
                Box::pin(async move {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    let insert = sqlx::query("INSERT INTO t VALUES ($1)").bind(text);
                    tx.execute(insert).await?;
                    Ok(text.len())
                })
            })
            .await
    };
    assert_eq!(insert().await.unwrap(), 4);
    match insert().await {
        Err(StoreError::Duplicate { constraint, .. }) => assert_eq!(constraint, "t_x_key"),
        other => panic!("{other:?}"),
    }
    assert_eq!(attempts.into_inner(), 2, "a duplicate is not tried again");
}

#[tokio::test]
async fn a_connection_to_a_server_that_became_read_only_is_dropped() {
    let db = TestDatabase::new().await;
    let one = Options { reads: 1, acts: 1, background: 1 };
    let store = Store::connect(&db.url, one).await.unwrap();
    let pid = async || {
        sqlx::query_scalar::<_, i32>("SELECT pg_backend_pid()")
            .fetch_one(store.reads())
            .await
            .unwrap()
    };
    let before = pid().await;
    assert_eq!(before, pid().await);
    // What a session on a demoted primary sees.
    store.reads().execute("SET default_transaction_read_only = on").await.unwrap();
    assert_ne!(before, pid().await);
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable_and_migrations_run_once() {
    let nowhere = "postgres://nobody@localhost/none?host=/nonexistent";
    let error = Store::connect(nowhere, Options::default()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    let db = TestDatabase::new().await;
    let (a, b) = tokio::join!(db.store.migrate(), db.store.migrate());
    a.unwrap();
    b.unwrap();
}
