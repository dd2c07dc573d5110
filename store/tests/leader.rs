//! The lease and the outbox on a real Postgres: who may decide, and what is sent when.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::deployment::{Command as Action, Track};
use mainstay_core::fence::{Outcome, Subject, Token};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::lease::Verdict;
use mainstay_core::rewind::is_lost;
use mainstay_store::lease::{self, Term};
use mainstay_store::outbox::{self, Command, Finish};
use mainstay_store::{Result, Store, StoreError, retention, rewind};
use sqlx::Executor;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn fra1() -> DatacenterId {
    DatacenterId::new("fra1").unwrap()
}

fn service() -> ServiceId {
    ServiceId::new("feed-api").unwrap()
}

fn subject() -> Subject {
    Subject::Service(service())
}

async fn leader(store: &Store, holder: &str) -> Term {
    lease::create(store, "control", holder).await.unwrap().unwrap()
}

/// One decision as the reconcilers take it: a step of the lease and a command, together.
async fn decide(store: &Store, term: &Term, id: &str, now: DateTime<Utc>) -> Result<Command> {
    store
        .transaction(|tx| {
            Box::pin(async move {
                let token = lease::step(tx, term, 1).await?[0];
                let action = Action::Remove { service: service(), track: Track::Blue };
                let command = Command { id: id.to_owned(), datacenter: fra1(), token, action };
                assert!(outbox::insert(tx, &command, now).await?);
                Ok(command)
            })
        })
        .await
}

async fn finish(store: &Store, id: &str, outcome: &Outcome, now: DateTime<Utc>) -> Finish {
    store.transaction(|tx| Box::pin(outbox::finish(tx, id, outcome, now))).await.unwrap()
}

#[tokio::test]
async fn one_contender_takes_a_lease_that_stood_still_and_the_deposed_one_writes_nothing() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    assert_eq!(lease::read(store, "control").await.unwrap(), None);
    let old = leader(store, "a").await;
    assert!(old.timeline > 0);
    assert_eq!(lease::create(store, "control", "b").await.unwrap(), None);
    lease::beat(store, &old).await.unwrap();

    let seen = lease::read(store, "control").await.unwrap().unwrap();
    assert_eq!((seen.epoch, seen.beat), (1, 1));
    // A beat between the look and the takeover defeats it.
    lease::beat(store, &old).await.unwrap();
    assert_eq!(lease::take_over(store, "control", "b", (1, 1)).await.unwrap(), None);

    let contenders = ["b", "c", "d"];
    let tries = contenders.map(|holder| lease::take_over(store, "control", holder, (1, 2)));
    let [b, c, d] = tries;
    let (b, c, d) = tokio::join!(b, c, d);
    let won: Vec<_> = [b, c, d].into_iter().filter_map(|t| t.unwrap()).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(won[0].epoch, 2);

    assert!(matches!(lease::beat(store, &old).await, Err(StoreError::NotLeader)));
    let refused = decide(store, &old, "late", at(0)).await;
    assert!(matches!(refused, Err(StoreError::NotLeader)), "{refused:?}");
    assert_eq!(outbox::get(store, "late").await.unwrap(), None);
    decide(store, &won[0], "new", at(0)).await.unwrap();
}

#[tokio::test]
async fn a_lease_given_back_is_free_and_one_of_another_timeline_is_over() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let first = leader(store, "a").await;
    let promoted = Term { timeline: first.timeline + 1, ..first.clone() };
    assert!(matches!(lease::beat(store, &promoted).await, Err(StoreError::NotLeader)));
    lease::release(store, &first).await.unwrap();
    let found = lease::read(store, "control").await.unwrap();
    let zero = std::time::Duration::ZERO;
    let verdict = mainstay_core::lease::Watch::default().look(found.as_ref(), zero, zero);
    assert_eq!(verdict, Verdict::TakeOver { epoch: 1, beat: 0 });
    let second = lease::take_over(store, "control", "b", (1, 0)).await.unwrap().unwrap();
    // A late release of the first holder does not take it from the second.
    lease::release(store, &first).await.unwrap();
    lease::beat(store, &second).await.unwrap();
}

#[tokio::test]
async fn a_store_that_went_back_gives_no_token_until_settled_and_then_larger_ones() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let term = leader(store, "a").await;
    let known = decide(store, &term, "known", at(0)).await.unwrap().token;
    // Of another cluster, whose timeline and epoch were further.
    let accepted = Token { timeline: 7, epoch: 40, seq: 9 };
    let all = [(subject(), accepted)].into();
    let around = rewind::around(store.reads(), &fra1(), &all).await.unwrap();
    assert_eq!(around.len(), 1);
    assert!(is_lost(around[0].2), "{around:?}");
    let all = [(subject(), known)].into();
    let around = rewind::around(store.reads(), &fra1(), &all).await.unwrap();
    assert!(!is_lost(around[0].2), "{around:?}");

    let lost = &[(subject(), accepted)];
    let write = async || {
        let written = store.read_committed(|tx| {
            Box::pin(async move {
                let found = rewind::insert(tx, &fra1(), lost, at(1)).await?;
                lease::raise(tx, "control", accepted).await?;
                Ok(found)
            })
        });
        written.await.unwrap()
    };
    assert_eq!(write().await, 1);
    assert!(matches!(lease::beat(store, &term).await, Err(StoreError::NotLeader)));
    let seen = lease::read(store, "control").await.unwrap().unwrap();
    assert_eq!((seen.holder, seen.epoch), (None, 41));
    let term = lease::take_over(store, "control", "b", (41, 0)).await.unwrap().unwrap();
    let refused = decide(store, &term, "frozen", at(2)).await;
    assert!(matches!(refused, Err(StoreError::Rewound)), "{refused:?}");
    lease::beat(store, &term).await.unwrap();
    let person = store.read_committed(|tx| Box::pin(lease::token(tx, "control"))).await;
    assert!(matches!(person, Err(StoreError::Rewound)), "{person:?}");

    let settle = async |until| {
        let settled = store.read_committed(|tx| {
            Box::pin(async move { rewind::settle(tx, "ann", until, at(3)).await })
        });
        settled.await.unwrap()
    };
    assert_eq!(settle(at(0)).await, 0, "it was found later than that");
    assert_eq!(settle(at(1)).await, 1);
    assert_eq!(rewind::open(store.reads()).await.unwrap(), []);
    let token = decide(store, &term, "on", at(4)).await.unwrap().token;
    assert!(token > accepted, "{token:?}");
    assert_eq!(write().await, 0, "it is known, and settled");
}

#[tokio::test]
async fn tokens_rise_with_every_decision_and_every_takeover() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let term = leader(store, "a").await;
    let step = async |term: &Term, n| {
        store.transaction(|tx| Box::pin(lease::step(tx, term, n))).await.unwrap()
    };
    let mut tokens = step(&term, 2).await;
    assert_eq!(step(&term, 0).await, []);
    tokens.extend(step(&term, 1).await);
    let next = lease::take_over(store, "control", "b", (1, 3)).await.unwrap().unwrap();
    tokens.extend(step(&next, 1).await);
    let timeline = term.timeline;
    let expected = [(1, 1), (1, 2), (1, 3), (2, 1)];
    assert_eq!(tokens, expected.map(|(epoch, seq)| Token { timeline, epoch, seq }));
    assert!(tokens.is_sorted());
}

#[tokio::test]
async fn a_command_is_claimed_once_before_it_is_sent_and_again_after_a_reconnect() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let term = leader(store, "a").await;
    let mut commands = Vec::new();
    for id in ["c-1", "c-2", "c-3"] {
        commands.push(decide(store, &term, id, at(0)).await.unwrap());
    }
    // Two dispatchers at once share the commands and never both get one.
    let here = fra1();
    let (a, b) = tokio::join!(
        outbox::claim_unsent(store, &here, 10, at(1)),
        outbox::claim_unsent(store, &here, 10, at(1))
    );
    let mut claimed = [a.unwrap(), b.unwrap()].concat();
    claimed.sort_by_key(|command| command.token);
    assert_eq!(claimed, commands);
    // The claim stands in the database before anything leaves: a crash here loses nothing.
    let record = outbox::get(store, "c-1").await.unwrap().unwrap();
    assert_eq!((record.sent_at, record.attempts), (Some(at(1)), 1));
    assert_eq!(outbox::claim_unsent(store, &fra1(), 10, at(2)).await.unwrap(), []);

    assert_eq!(finish(store, "c-2", &Outcome::Done, at(2)).await, Finish::First);
    let again = async || outbox::claim_unfinished(store, &fra1(), at(3), at(3)).await.unwrap();
    assert_eq!(again().await, [commands[0].clone(), commands[2].clone()]);
    assert_eq!(again().await, [], "once for each reconnect");
    let other = DatacenterId::new("fra2").unwrap();
    assert_eq!(outbox::claim_unfinished(store, &other, at(9), at(9)).await.unwrap(), []);
}

#[tokio::test]
async fn the_first_outcome_stays_and_an_unknown_command_is_told_apart() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let term = leader(store, "a").await;
    let command = decide(store, &term, "c-1", at(0)).await.unwrap();
    outbox::claim_unsent(store, &fra1(), 1, at(1)).await.unwrap();
    let failed = Outcome::Failed { message: "no such program".into() };
    assert_eq!(finish(store, "c-1", &failed, at(2)).await, Finish::First);
    assert_eq!(finish(store, "c-1", &Outcome::Done, at(3)).await, Finish::Repeated);
    assert_eq!(finish(store, "c-9", &Outcome::Done, at(3)).await, Finish::Unknown);
    let record = outbox::get(store, "c-1").await.unwrap().unwrap();
    assert_eq!(record.finished, Some((at(2), failed)));
    assert_eq!(outbox::recent(store, &fra1(), &subject(), 5).await.unwrap(), [record]);
    let newest = outbox::newest_tokens(store, &fra1()).await.unwrap();
    assert_eq!(newest[&subject()], command.token);
    // The same decision written again keeps what stands.
    let term = &term;
    let repeated = store
        .transaction(|tx| {
            let command = Command { token: Token::default(), ..command.clone() };
            Box::pin(async move {
                lease::step(tx, term, 0).await?;
                outbox::insert(tx, &command, at(9)).await
            })
        })
        .await;
    assert!(!repeated.unwrap());
}

#[tokio::test]
async fn history_counts_failures_in_a_row_and_what_is_in_flight() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let term = leader(store, "a").await;
    let failed = Outcome::Failed { message: "x".into() };
    let outcomes = [&failed, &Outcome::Done, &failed, &failed];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let now = at(n as i64);
        decide(store, &term, &format!("c-{n}"), now).await.unwrap();
        finish(store, &format!("c-{n}"), outcome, now).await;
    }
    let history = async || {
        let read =
            store.transaction(|tx| Box::pin(async move { outbox::history(tx, &fra1()).await }));
        read.await.unwrap()[&subject()]
    };
    let found = history().await;
    assert_eq!((found.failures, found.last_failed_at, found.in_flight), (2, Some(at(3)), false));
    decide(store, &term, "c-9", at(9)).await.unwrap();
    let found = history().await;
    assert_eq!((found.failures, found.in_flight), (2, true));
    assert!(!found.permits(at(0) + TimeDelta::days(1)));
}

#[tokio::test]
async fn old_commands_go_in_batches_and_the_newest_of_a_service_stays() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let many = "INSERT INTO command SELECT 'c-' || n, 'fra1', 'feed-api', 1, 1, n, '{}',
            to_timestamp(1700000000), to_timestamp(1700000000), 1, to_timestamp(1700000000), '{}'
        FROM generate_series(1, 1200) AS n;
        UPDATE command SET finished_at = NULL, outcome = NULL WHERE id = 'c-7'";
    store.acts().execute(many).await.unwrap();
    let before = at(0) + retention::COMMANDS_KEPT;
    assert_eq!(retention::commands(store, before).await.unwrap(), 0);
    let after = before + TimeDelta::seconds(1);
    let sweeper = store.clone();
    let sweep = tokio::spawn(async move { retention::commands(&sweeper, after).await });
    assert_eq!(sweep.await.unwrap().unwrap(), 1198);
    let left: Vec<String> = sqlx::query_scalar("SELECT id FROM command ORDER BY seq")
        .fetch_all(store.reads())
        .await
        .unwrap();
    assert_eq!(left, ["c-7", "c-1200"], "the unfinished and the newest");
}
