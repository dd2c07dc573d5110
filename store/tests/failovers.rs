//! What is kept of failovers beside the runs: planned drills and how ready places were, and for how
//! long, on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_core::failover::drill::{Drill, DrillId, State};
use mainstay_core::failover::preview::Verdict;
use mainstay_core::failover::readiness::{Away, KEPT, Minutes, over_time};
use mainstay_core::failover::{Mode, Outcome, Plan, Run, RunId, Scope, State as RunState};
use mainstay_core::traffic::decision::{Decision, Mode as Orchestrator, Outcome as Decided};
use mainstay_store::retention::{self, FAILOVERS_KEPT, RECORDS_KEPT};
use mainstay_store::{Store, drill, failover, orchestrator, readiness};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_006_400, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn planned(minutes: i64) -> Drill {
    Drill {
        id: DrillId(0),
        lose: ["fra1".parse().unwrap()].into(),
        scope: Scope::All,
        at: at(minutes),
        reason: "a test of the whole".to_owned(),
        by: "anna".to_owned(),
        asked_at: at(0),
        state: State::Planned,
        routine: None,
        until: None,
    }
}

async fn plan(store: &Store, minutes: i64) -> DrillId {
    let new = &planned(minutes);
    let written = store.read_committed(|tx| Box::pin(async move { drill::insert(tx, new).await }));
    written.await.unwrap().unwrap()
}

async fn settle(store: &Store, id: DrillId, state: &State) -> bool {
    let done =
        store.read_committed(|tx| Box::pin(async move { drill::settle(tx, id, state).await }));
    done.await.unwrap()
}

#[tokio::test]
async fn a_planned_drill_is_settled_once_and_kept_for_its_time() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let (later, sooner) = (plan(store, 90).await, plan(store, 60).await);
    let due = async |minute| drill::due(store.reads(), at(minute)).await.unwrap();
    assert_eq!(due(59).await, []);
    assert_eq!(due(60).await, [Drill { id: sooner, ..planned(60) }]);
    assert_eq!(due(99).await.len(), 2);
    let missed = State::Missed { why: "a freeze".to_owned(), at: at(75) };
    assert!(settle(store, sooner, &missed).await);
    let again = State::Started { run: RunId(1), at: at(76) };
    assert!(!settle(store, sooner, &again).await, "what is over stays as it is");
    let all = drill::list(store.reads()).await.unwrap();
    let ids: Vec<_> = all.iter().map(|it| (it.id, it.state.name())).collect();
    assert_eq!(ids, [(later, "planned"), (sooner, "missed")]);
    assert_eq!(retention::failovers(store, at(60) + RECORDS_KEPT).await.unwrap(), 0);
    assert_eq!(retention::failovers(store, at(99) + RECORDS_KEPT).await.unwrap(), 1);
    assert_eq!(drill::list(store.reads()).await.unwrap().len(), 1, "the planned one stays");
}

#[tokio::test]
async fn a_minute_of_readiness_counts_once_and_what_nobody_judged_is_told() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let fra1 = Away::Datacenter("fra1".parse().unwrap());
    let north = Away::Region("north".parse().unwrap());
    let add = async |minute: i64, verdict| {
        let judged = &[(fra1.clone(), verdict), (north.clone(), Verdict::Ready)];
        let added = store.read_committed(|tx| {
            Box::pin(async move { readiness::add(tx, at(minute), judged).await })
        });
        added.await.unwrap();
    };
    for (minute, verdict) in [
        (20, Verdict::Ready),
        (21, Verdict::NotReady),
        (21, Verdict::NotReady),
        (20, Verdict::NotReady),
        (25, Verdict::Warnings),
        (70, Verdict::Unknown),
    ] {
        add(minute, verdict).await;
    }
    let kept = readiness::over_time(store.reads(), at(0), 1).await.unwrap();
    let (stretches, sum) = over_time(&kept[&fra1], TimeDelta::hours(1), at(80));
    assert_eq!(stretches.len(), 2);
    assert_eq!((stretches[0].from, stretches[1].to), (at(20), at(80)));
    let expected = Minutes { ready: 1, warnings: 1, unknown: 1, not_ready: 1, unjudged: 56 };
    assert_eq!(sum, expected);
    assert_eq!(over_time(&kept[&north], TimeDelta::hours(1), at(80)).1.ready, 4);
    let day = readiness::over_time(store.reads(), at(0), 24).await.unwrap();
    assert_eq!(day[&fra1].stretches.len(), 1);
    assert_eq!(retention::failovers(store, at(0) + KEPT).await.unwrap(), 0);
    assert_eq!(retention::failovers(store, at(1) + KEPT).await.unwrap(), 2);
    assert_eq!(retention::failovers(store, at(61) + KEPT).await.unwrap(), 2);
    assert_eq!(readiness::over_time(store.reads(), at(0), 1).await.unwrap().len(), 0);
}

/// A run that is over; `closed`: nothing of it stands.
async fn run(store: &Store, closed: bool) -> RunId {
    let outcome = Outcome::Stopped { by: "anna".to_owned(), reason: "a test of it".to_owned() };
    let lose = ["fra1".parse().unwrap()].into();
    let begun = &Run {
        id: RunId(0),
        plan: Plan { lose, scope: Scope::All, back: None, groups: Vec::new() },
        mode: Mode::Graceful,
        drill: false,
        state: RunState::Running,
        steps: Default::default(),
        reason: "a test of the whole".to_owned(),
        overridden: [].into(),
        emergency: false,
        started_at: at(0),
        started_by: "anna".to_owned(),
        allowed_by: None,
        revision: 1,
        routing_revision: 0,
        changed_at: at(0),
    };
    let outcome = &outcome;
    let written = store.read_committed(|tx| {
        Box::pin(async move {
            let run = failover::insert(tx, begun).await?.unwrap();
            let state = RunState::Ended { outcome: outcome.clone(), at: at(1) };
            let ended = Run { state, revision: 2, changed_at: at(1), ..run };
            failover::append(tx, &ended, &Default::default(), &actor(), None).await?;
            assert!(failover::update(tx, &ended, closed).await?);
            Ok::<_, mainstay_store::StoreError>(ended.id)
        })
    });
    written.await.unwrap()
}

fn actor() -> mainstay_core::audit::Actor {
    mainstay_core::audit::Actor::System("test".to_owned())
}

#[tokio::test]
async fn runs_go_when_nothing_of_them_stands_or_is_told_of_and_decisions_before_them() {
    let db = TestDatabase::new().await;
    let store = &db.store;
    let (stands, closed) = (run(store, false).await, run(store, true).await);
    let place = &("fra1".parse().unwrap(), "store".parse().unwrap());
    let decision = &Decision { outcome: Decided::Switch, reasons: Vec::new() };
    let written = store.read_committed(|tx| {
        Box::pin(async move {
            let mode = Orchestrator::Automatic;
            orchestrator::append(tx, place, mode, decision, Some(closed), at(0)).await
        })
    });
    written.await.unwrap();
    let ids = async || {
        let runs = failover::list(store.reads(), None, 9).await.unwrap();
        runs.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(retention::failovers(store, at(0) + RECORDS_KEPT).await.unwrap(), 0);
    assert_eq!(retention::failovers(store, at(1) + RECORDS_KEPT).await.unwrap(), 1);
    assert_eq!(orchestrator::decisions(store.reads(), None, 9).await.unwrap(), []);
    assert_eq!(ids().await, [closed, stands]);
    assert_eq!(retention::failovers(store, at(1) + FAILOVERS_KEPT).await.unwrap(), 0);
    assert_eq!(retention::failovers(store, at(2) + FAILOVERS_KEPT).await.unwrap(), 1);
    assert_eq!(ids().await, [stands], "what stands is never forgotten");
    assert_eq!(failover::events(store.reads(), closed, 9).await.unwrap(), []);
    assert_eq!(failover::events(store.reads(), stands, 9).await.unwrap().len(), 1);
}
