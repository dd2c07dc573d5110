//! The audit log on a real Postgres: what the triggers and the server's role refuse, and lists.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_store::audit::{self, Filter};
use mainstay_store::{Options, Store, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap() + TimeDelta::minutes(minutes)
}

fn event(n: i64) -> Event {
    let (actor, action, outcome) = if n % 2 == 0 {
        (Actor::User("operator-1".into()), Action::Deploy, Outcome::Done)
    } else {
        (Actor::System("deployer".into()), Action::FleetApply, Outcome::Refused)
    };
    let object = if n == 0 { "/services/s".into() } else { format!("/services/s/{n}") };
    Event {
        v: 1,
        // Finer than what is kept.
        at: at(n) + TimeDelta::nanoseconds(789),
        actor,
        action,
        object,
        outcome,
        reason: None,
        before: None,
        after: None,
        request: None,
    }
}

async fn fill(store: &Store, count: i64) {
    for n in 0..count {
        let event = &event(n);
        store.transaction(|tx| Box::pin(audit::append(tx, event))).await.unwrap();
    }
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_newest_first() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    fill(store, 6).await;
    let check = async |filter: Filter, expected: &[i64]| {
        let found = audit::list(store, &filter, None, 10).await.unwrap();
        let ids: Vec<_> = found.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, expected, "{filter:?}");
    };
    let any = Filter::default;
    check(any(), &[6, 5, 4, 3, 2, 1]).await;
    check(Filter { actor: Some("deployer".into()), ..any() }, &[6, 4, 2]).await;
    check(Filter { action: Some(Action::Deploy), ..any() }, &[5, 3, 1]).await;
    check(Filter { outcome: Some(Outcome::Failed), ..any() }, &[]).await;
    check(Filter { object: Some("/services/s".into()), ..any() }, &[6, 5, 4, 3, 2, 1]).await;
    check(Filter { object: Some("/services/s/3".into()), ..any() }, &[4]).await;
    check(Filter { object: Some("/services/s/%".into()), ..any() }, &[]).await;
    check(Filter { from: Some(at(1)), until: Some(at(3)), ..any() }, &[3, 2]).await;
    let page = audit::list(store, &any(), Some(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.id).collect::<Vec<_>>(), [3, 2]);
    let entry = audit::get_by_id(store, 1).await.unwrap().unwrap();
    assert_eq!(entry.event.at.timestamp_subsec_nanos(), 123_456_000);
    assert_eq!((entry.seq, entry.event.object.as_str()), (None, "/services/s"));
    assert_eq!(audit::get(store, 0).await.unwrap(), None);
}

/// What the sequencer does, for the first entry.
const PLACE_FIRST: &str = "UPDATE audit_entry SET seq = 0 WHERE id = 1;
    INSERT INTO audit_checkpoint VALUES (1, now(), 'n', 'v');
    UPDATE audit_head SET size = 1, hashes = ARRAY['x'::bytea]";

/// Statements that would change the log, on a log of two entries of which one is placed.
const CHANGES: [&str; 11] = [
    "UPDATE audit_entry SET body = 'x' WHERE id = 1",
    "UPDATE audit_entry SET seq = 7 WHERE id = 1",
    "UPDATE audit_entry SET seq = NULL WHERE id = 1",
    "UPDATE audit_entry SET seq = 1, object = 'x' WHERE id = 2",
    "DELETE FROM audit_entry WHERE id = 2",
    "TRUNCATE audit_entry CASCADE",
    "UPDATE audit_head SET size = 0",
    "DELETE FROM audit_head",
    "DELETE FROM audit_node",
    "TRUNCATE audit_checkpoint",
    "UPDATE audit_checkpoint SET note = 'x'",
];

#[tokio::test]
async fn nothing_of_the_log_is_changed_or_deleted_even_by_its_owner() {
    let db = TestDatabase::new().await;
    fill(&db.store, 2).await;
    db.store.acts().execute(PLACE_FIRST).await.unwrap();
    for change in CHANGES {
        let refused = db.store.acts().execute(change).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
        assert_eq!(code.as_deref(), Some("23001"), "{change}: {refused}");
    }
}

#[tokio::test]
async fn the_server_role_works_with_the_store_and_may_not_touch_the_log() {
    let db = TestDatabase::new().await;
    let owner = db.store.acts();
    let login = format!("mainstay_login_{:016x}", rand::random::<u64>());
    let create = format!("CREATE ROLE {login} LOGIN IN ROLE mainstay_app");
    owner.execute(AssertSqlSafe(create)).await.unwrap();
    let url: PgConnectOptions = db.url.parse().unwrap();
    let url = url.username(&login).to_url_lossy();
    let result = try_as_server(url.as_str()).await;
    owner.execute(AssertSqlSafe(format!("DROP ROLE {login}"))).await.unwrap();
    assert_eq!(result.unwrap(), [] as [&str; 0]);
}

/// Works as the server does; returns the statements that should have been denied.
async fn try_as_server(url: &str) -> Result<Vec<&'static str>, StoreError> {
    let two = Options { reads: 2, acts: 2, background: 2 };
    let store = Store::connect(url, two).await?;
    store.migrate().await?;
    fill(&store, 2).await;
    store.acts().execute(PLACE_FIRST).await?;
    let more = [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE audit_entry",
        "SET session_replication_role = replica",
    ];
    let mut done = Vec::new();
    for change in CHANGES.into_iter().chain(more) {
        if store.acts().execute(change).await.is_ok() {
            done.push(change);
        }
    }
    store.close().await;
    Ok(done)
}
