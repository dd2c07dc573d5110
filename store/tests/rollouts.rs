//! Versions, rollouts, benches and one-time keys on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::audit::Actor;
use mainstay_core::bench::{Bench, BenchResult, TestReport, TestState};
use mainstay_core::deployment::Track;
use mainstay_core::fleet::Strategy;
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::release::{Quarantine, Release};
use mainstay_core::rollout::{
    Analysis, Ending, Plan, PlanTemplate, Position, Rollout, SchemaChange, State,
};
use mainstay_store::request::Known;
use mainstay_store::rollout::{self as rollouts, Filter, Verdict};
use mainstay_store::{Result, Store, StoreError, bench, release, request, retention};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

fn plan(to: &str) -> Plan {
    Plan {
        service: shop(),
        from: "1.0.0".into(),
        from_track: Track::Blue,
        to: to.into(),
        strategy: Strategy::Canary,
        steps: PlanTemplate::default().steps,
        node_watch_seconds: 1,
        waves: Vec::new(),
        analysis: Analysis::default(),
        hotfix: false,
        change: None,
        schema: SchemaChange::None,
        configuration_compatible: true,
    }
}

fn preparing() -> State {
    State::Preparing { at: Position::default(), since: at(0), held: None }
}

async fn insert(store: &Store, to: &str) -> Option<Rollout> {
    let plan = &plan(to);
    let inserted = store.read_committed(|tx| {
        Box::pin(async move {
            release::lock(tx).await?;
            let revision = release::raise(tx).await?;
            rollouts::insert(tx, plan, &preparing(), revision, ("ann", at(0))).await
        })
    });
    inserted.await.unwrap()
}

async fn update(store: &Store, rollout: &Rollout) -> bool {
    let updated = store.read_committed(|tx| {
        Box::pin(async move {
            rollouts::append(tx, rollout, &Actor::System("test".into()), None).await?;
            rollouts::update(tx, rollout).await
        })
    });
    updated.await.unwrap()
}

#[tokio::test]
async fn one_rollout_of_a_service_at_a_time_and_each_revision_once() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let first = insert(store, "2.0.0").await.unwrap();
    assert_eq!((first.revision, first.routing_revision), (1, 1));
    assert_eq!(insert(store, "3.0.0").await, None, "another one is not over");
    let mut next = first.clone();
    next.revision = 2;
    next.state = State::Shifting { at: Position::default(), since: at(1) };
    assert!(update(store, &next).await);
    assert!(!update(store, &next).await, "it is there already");
    let known = rollouts::get(store.reads(), first.id).await.unwrap().unwrap();
    assert_eq!(known, next);
    next.revision = 3;
    next.state = State::Ended { at: at(2), outcome: Ending::Promoted };
    assert!(update(store, &next).await);
    let second = insert(store, "3.0.0").await.unwrap();
    let list = async |over| {
        let filter = Filter { service: Some(shop()), over, before: None };
        let found = rollouts::list(store.reads(), &filter, 10).await.unwrap();
        found.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, [second.id, first.id]);
    assert_eq!(list(Some(true)).await, [first.id]);
    assert_eq!(list(Some(false)).await, [second.id]);
    let events = rollouts::events(store.reads(), first.id, None, 10).await.unwrap();
    let states: Vec<_> = events.iter().map(|event| event.state.name()).collect();
    assert_eq!(states, ["over", "shifting", "shifting"], "newest first");
}

#[tokio::test]
async fn decisions_come_one_after_another_and_half_of_one_never_stands() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let service = &shop();
    let release = &Release {
        version: "2.0.0".into(),
        track: Track::Green,
        since: Some(at(1)),
        rollout: None,
        previous: Some("1.0.0".into()),
    };
    let quarantine = &Quarantine {
        service: shop(),
        version: "3.0.0".into(),
        reason: "errors".into(),
        rollout: None,
        since: at(1),
    };
    // A crash before the commit leaves nothing behind.
    let crashed: Result<()> = store
        .read_committed(|tx| {
            Box::pin(async move {
                release::lock(tx).await?;
                release::set_stable(tx, service, release).await?;
                release::quarantine(tx, quarantine).await?;
                release::raise(tx).await?;
                Err(StoreError::NotLeader)
            })
        })
        .await;
    assert!(matches!(crashed, Err(StoreError::NotLeader)));
    assert_eq!(release::read(store).await.unwrap(), Default::default());

    let mut announcements = release::Announcements::new(store.clone());
    announcements.next().await;
    let decide = async || {
        let decided = store.read_committed(|tx| {
            Box::pin(async move {
                let before = release::lock(tx).await?.revision;
                release::set_stable(tx, service, release).await?;
                release::quarantine(tx, quarantine).await?;
                Ok((before, release::raise(tx).await?))
            })
        });
        decided.await.unwrap()
    };
    let (a, b, c) = tokio::join!(decide(), decide(), decide());
    let mut decided = [a, b, c];
    decided.sort_unstable();
    assert_eq!(decided, [(0, 1), (1, 2), (2, 3)]);
    let heard = tokio::time::timeout(Duration::from_secs(10), announcements.next()).await;
    assert!(heard.is_ok(), "it was announced");
    let read = release::read(store).await.unwrap();
    assert_eq!((read.revision, &read.stable[service]), (3, release));
    assert_eq!(read.quarantined, std::slice::from_ref(quarantine));
    let lifted = store
        .read_committed(|tx| Box::pin(async move { release::lift(tx, service, "3.0.0").await }));
    assert!(lifted.await.unwrap());
}

#[tokio::test]
async fn every_change_of_a_verdict_is_kept_and_little_else() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let id = insert(store, "2.0.0").await.unwrap().id;
    let keep = async |seconds, verdict: &str| {
        let verdict = &Verdict {
            position: Position { wave: 0, step: 1 },
            at: at(seconds),
            verdict: verdict.into(),
            judgement: serde_json::json!({ "second": seconds }),
        };
        store
            .read_committed(|tx| {
                Box::pin(async move { rollouts::keep_verdict(tx, id, verdict).await })
            })
            .await
            .unwrap();
    };
    for (second, verdict) in
        [(0, "no_data"), (1, "no_data"), (2, "undecided"), (9, "undecided"), (70, "undecided")]
    {
        keep(second, verdict).await;
    }
    keep(71, "pass").await;
    keep(3, "undecided").await;
    let at = Position { wave: 0, step: 1 };
    let kept = rollouts::verdicts(store.reads(), id, Some(at), 10).await.unwrap();
    let kept: Vec<_> =
        kept.iter().map(|it| (it.judgement["second"].as_i64().unwrap(), &*it.verdict)).collect();
    let expected = [(71, "pass"), (70, "undecided"), (9, "undecided"), (1, "no_data")];
    assert_eq!(kept, expected, "the newest of each kind and minute");
}

#[tokio::test]
async fn a_bench_has_one_result_and_a_newer_order_replaces_it() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let report = |id: &str, state| TestReport {
        id: id.into(),
        service: shop(),
        version: "2.0.0".into(),
        state,
        started_at: at(0),
        ended_at: None,
        results: Vec::new(),
    };
    let order = async |id: &str, seconds| {
        let result = &BenchResult {
            service: shop(),
            version: "2.0.0".into(),
            datacenter: DatacenterId::new("osl1").unwrap(),
            report: report(id, TestState::Running),
            asked_by: "ann".into(),
            asked_at: at(seconds),
            expires_at: None,
        };
        store
            .read_committed(|tx| Box::pin(async move { bench::order(tx, result).await }))
            .await
            .unwrap();
    };
    let tell = async |id: &str, state| {
        let report = &report(id, state);
        let told = store.read_committed(|tx| {
            Box::pin(async move { bench::report(tx, report, Some(at(100))).await })
        });
        told.await.unwrap()
    };
    order("t-1", 1).await;
    assert!(!tell("t-1", TestState::Running).await, "nothing new");
    assert!(tell("t-1", TestState::Passed).await);
    assert!(!tell("t-1", TestState::Failed).await, "the first result stands");
    let known = bench::list(store.reads(), Some(&shop()), 5).await.unwrap();
    let checks = Bench {
        checks: known[0].report.results.iter().map(|it| it.check.clone()).collect(),
        ..Bench::default()
    };
    let counts = |now| known[0].counts(&checks, at(now));
    assert!(counts(99) && !counts(100), "until it expires");
    order("t-2", 2).await;
    assert!(!tell("t-1", TestState::Failed).await, "it is of an older order");
    let open = bench::open(store.reads()).await.unwrap();
    assert_eq!(open.iter().map(|it| it.report.id.as_str()).collect::<Vec<_>>(), ["t-2"]);
}

#[tokio::test]
async fn a_one_time_key_is_answered_once_and_old_things_go() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let ask = async |asked: &'static str| {
        let answered = store.read_committed(|tx| {
            Box::pin(async move {
                release::lock(tx).await?;
                let known = request::recall(tx, "key", asked).await?;
                if known == Known::New {
                    let answer = serde_json::json!(7);
                    request::remember(tx, "key", asked, &answer, at(0)).await?;
                }
                Ok(known)
            })
        });
        answered.await.unwrap()
    };
    assert_eq!(ask("a").await, Known::New);
    assert_eq!(ask("a").await, Known::Answered(serde_json::json!(7)));
    assert_eq!(ask("b").await, Known::Other);
    let mut old = insert(store, "2.0.0").await.unwrap();
    old.revision = 2;
    old.changed_at = at(0);
    old.state = State::Ended { at: at(0), outcome: Ending::Promoted };
    update(store, &old).await;
    let kept = async |now| retention::releases(store, now).await.unwrap();
    assert_eq!(kept(at(0) + retention::KEYS_KEPT).await, 0);
    assert_eq!(kept(at(1) + retention::KEYS_KEPT).await, 1);
    let expired = at(1) + retention::ROLLOUTS_KEPT;
    assert_eq!(kept(expired + TimeDelta::seconds(1)).await, 1);
    assert_eq!(rollouts::get(store.reads(), old.id).await.unwrap(), None);
}
