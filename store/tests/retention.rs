//! What is deleted once it was kept long enough, and what stays, on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_store::Store;
use mainstay_store::retention::{PROOFS_KEPT, RECORDS_KEPT, answers, proofs};
use sqlx::{AssertSqlSafe, Executor};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Runs SQL in which `:old` is a time before what is kept, and `:new` one just within.
async fn run(store: &Store, kept: TimeDelta, sql: &str) {
    let day = TimeDelta::days(1);
    let named = |at: DateTime<Utc>| format!("'{}'::timestamptz", at.to_rfc3339());
    let (old, new) = (named(now() - kept - day), named(now() - kept + day));
    let sql = sql.replace(":old", &old).replace(":new", &new);
    store.acts().execute(AssertSqlSafe(sql)).await.unwrap();
}

async fn left(store: &Store, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(store.reads()).await.unwrap()
}

#[tokio::test]
async fn proofs_outlive_copies_and_the_newest_of_each_kind_stays() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let runs = "INSERT INTO backup_run (database, window_start, by_plan, origin, planned, tries,
                    state, kind, revision, created_at, changed_at)
                SELECT name, :old + number * interval '1 minute', true, '{}', '{}', '[]',
                    jsonb_build_object('n', name || number), kind, 1, :old, changed
                FROM (VALUES ('a', 1, 'done', :old), ('a', 2, 'failed', :old),
                    ('a', 3, 'waiting', :old), ('a', 4, 'done', :new),
                    ('b', 1, 'done', :old)) AS given (name, number, kind, changed)";
    run(store, PROOFS_KEPT, runs).await;
    let work = "INSERT INTO database_work (id, database, task, agent, work, ordered_at, ended_at)
                VALUES ('old-proof', 'a', 'restore', 'osl1', '{}', :old, :old),
                    ('new-proof', 'a', 'restore', 'osl1', '{}', :old, :new),
                    ('only-audit', 'a', 'audit', 'osl1', '{}', :old, :old),
                    ('goes-on', 'a', 'restore', 'osl1', '{}', :old, NULL)";
    run(store, PROOFS_KEPT, work).await;
    let restores = "INSERT INTO database_restore (database, request, state, kind, revision,
                        changed_at)
                    VALUES ('a', '{}', '{}', 'done', 1, :old), ('a', '{}', '{}', 'failed', 1, :old),
                        ('b', '{}', '{}', 'done', 1, :old)";
    run(store, PROOFS_KEPT, restores).await;
    let events = "INSERT INTO planned_event (content, begins, ends, state, status, ticks,
                      planned_by, planned_at, revision, changed_at)
                  SELECT jsonb_build_object('n', name), ends - interval '1 hour', ends, '{}',
                      status, '{}', 'ann', :old, 1, ends
                  FROM (VALUES ('done', 'done', :old), ('cancelled', 'cancelled', :old),
                      ('late', 'running', :old), ('young', 'done', :new))
                      AS given (name, status, ends);
                  INSERT INTO planned_event_log (event, at, actor, action, note)
                  SELECT id, :old, '{}', '{}', '' FROM planned_event";
    run(store, PROOFS_KEPT, events).await;

    assert_eq!(proofs(store, now()).await.unwrap(), 2 + 1 + 1 + 2);
    assert_eq!(proofs(store, now()).await.unwrap(), 0, "what is left stays");
    let runs = "SELECT state ->> 'n' FROM backup_run ORDER BY 1";
    assert_eq!(left(store, runs).await, ["a3", "a4", "b1"]);
    let work = "SELECT id FROM database_work ORDER BY 1";
    assert_eq!(left(store, work).await, ["goes-on", "new-proof", "only-audit"]);
    let restores = "SELECT database || kind FROM database_restore ORDER BY 1";
    assert_eq!(left(store, restores).await, ["afailed", "bdone"]);
    let events = "SELECT content ->> 'n' FROM planned_event ORDER BY 1";
    assert_eq!(left(store, events).await, ["late", "young"]);
}

#[tokio::test]
async fn what_waits_for_an_answer_stays_however_old() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let approvals = "INSERT INTO approval (kind, subject, key, hash, reach, by_whom, reason, at,
                         until, state, status)
                     SELECT 'permission', '{}', name, '', '{}', 'ann', '', :old, until, '{}', status
                     FROM (VALUES ('old', 'approved', :old), ('waits', 'waiting', :old),
                         ('young', 'expired', :new)) AS given (name, status, until)";
    run(store, RECORDS_KEPT, approvals).await;
    let sets = "INSERT INTO runbook_set (files, applied_at, applied_by)
                VALUES ('{\"n\": \"first\"}', :old, 'ann'), ('{\"n\": \"second\"}', :old, 'ann'),
                    ('{\"n\": \"third\"}', :new, 'ann')";
    run(store, RECORDS_KEPT, sets).await;
    assert_eq!(answers(store, now()).await.unwrap(), 2);
    assert_eq!(answers(store, now()).await.unwrap(), 0);
    assert_eq!(left(store, "SELECT key FROM approval ORDER BY 1").await, ["waits", "young"]);
    // The second one was in force until the third came.
    let sets = "SELECT files ->> 'n' FROM runbook_set ORDER BY revision";
    assert_eq!(left(store, sets).await, ["second", "third"]);
}
