//! Rollouts on a real Postgres with real servers: from the bench to promoted, back by a click and
//! by themselves, and through the death of every server on the way.

#![allow(clippy::unwrap_used, reason = "a test")]

mod town;

use std::collections::BTreeMap;

use mainstay_control::rollouts::{RolloutError, Seen};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::bench::TestState;
use mainstay_core::id::ServiceId;
use mainstay_core::judge::limit::Reading;
use mainstay_core::rollout::{
    PauseReason, Position, Refusal, Request, StartFinding, StartRequest, State, StopReason,
};
use mainstay_store::audit::{self, Filter};
use town::{Server, Town, ann, start};

const TWO: &str = "2.0.0";

fn shop() -> ServiceId {
    ServiceId::new("shop").unwrap()
}

fn is_promoted(state: &State) -> bool {
    matches!(state, State::Promoted { .. })
}

fn is_rolled_back(state: &State) -> bool {
    matches!(state, State::RolledBack { .. })
}

/// Entries of an action, oldest first, by outcome.
async fn entries(town: &Town, action: Action) -> Vec<Outcome> {
    let filter = Filter { action: Some(action), ..Filter::default() };
    let found = audit::list(&town.db.store, &filter, None, 100).await.unwrap();
    found.into_iter().rev().map(|entry| entry.event.outcome).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_passes_its_bench_is_watched_and_promoted() {
    let town = Town::new().await;
    let server = town.settled().await;
    let control = &server.control;
    // Without a bench it goes nowhere, and the log keeps that it was tried.
    let request = start("shop", TWO);
    let refused = control.start_rollout(&ann(), &request, "", None, "early").await;
    let Err(RolloutError::Findings(findings)) = refused else { panic!("{refused:?}") };
    assert!(matches!(findings[..], [StartFinding::UnknownVersion { .. }]), "{findings:?}");
    assert_eq!(entries(&town, Action::RolloutStart).await, [Outcome::Refused]);

    let rollout = server.start("shop", TWO).await;
    // The same request under the same key is the same rollout; another one is refused.
    let hash = rollout.plan.hash();
    let key = format!("start-shop-{TWO}");
    let again = control.start_rollout(&ann(), &request, &hash, None, &key).await.unwrap();
    assert_eq!(again.id, rollout.id);
    let other = control.start_rollout(&ann(), &request, &hash, None, "other").await;
    assert!(matches!(other, Err(RolloutError::Findings(_))), "{other:?}");

    let watching = |step| {
        let wanted = Position { wave: 0, step };
        move |state: &State| matches!(state, State::Watching { at, .. } if *at == wanted)
    };
    server.state("shop", watching(0)).await;
    assert_eq!(
        town.shares("edge-1", "shop"),
        BTreeMap::from([("1.0.0".to_owned(), 5_000), (TWO.to_owned(), 5_000)])
    );
    assert_eq!(town.running("shop").len(), 2, "both versions stand");
    server.state("shop", watching(1)).await;
    let verdicts = control.verdicts(rollout.id, None, 50).await.unwrap();
    assert!(verdicts.iter().any(|it| it.verdict == "pass" && it.position.step == 0));
    let promoted = server.state("shop", is_promoted).await;
    let release = control.snapshot().estate.releases.stable[&shop()].clone();
    assert_eq!((release.version.as_str(), release.rollout), (TWO, Some(promoted.id)));
    assert_eq!(release.previous.as_deref(), Some("1.0.0"));

    // The old one is warm for a while; a person ends that, and its instances go.
    let (revision, plan_hash) = (Some(promoted.revision), Some(hash));
    let seen = Seen { revision, plan_hash, ..Seen::default() };
    server
        .until("edges acknowledged", |control| {
            let facts = control.edges.facts(chrono::Utc::now());
            facts
                .values()
                .all(|it| it.acknowledged_revision >= promoted.routing_revision)
                .then_some(())
        })
        .await;
    let all = BTreeMap::from([(TWO.to_owned(), 10_000)]);
    assert_eq!(town.shares("edge-2", "shop"), all, "nothing is held back any more");
    control.ask_rollout(&ann(), promoted.id, &Request::End, &seen, "end").await.unwrap();
    server.until("one version runs", |_| (town.running("shop").len() == 1).then_some(())).await;
    assert!(server.rollout(promoted.id).await.is_over());

    // Still one click away, whatever is warm.
    let shown = |target: &str| Seen { target: Some(target.to_owned()), ..Seen::default() };
    let ask = async |seen: &Seen, key| {
        control.roll_back_service(&ann(), &shop(), Some("slow at night"), seen, key).await
    };
    let other = ask(&shown("0.9.0"), "a").await;
    let is_other = matches!(other, Err(RolloutError::Refused(Refusal::OtherTarget { .. })));
    assert!(is_other, "an old page does not do what it did not say: {other:?}");
    assert_eq!(ask(&shown("1.0.0"), "b").await.unwrap().id, promoted.id);
    server.state("shop", is_rolled_back).await;
    assert_eq!(town.shares("edge-1", "shop"), BTreeMap::from([("1.0.0".to_owned(), 10_000)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_takes_a_version_back_and_another_one_brings_it_again() {
    let town = Town::new().await;
    let server = town.settled().await;
    let control = &server.control;
    let rollout = server.start("shop", TWO).await;
    let watched = server.state("shop", |state| matches!(state, State::Watching { .. })).await;
    // What was shown is old: only what stops is done.
    let (revision, plan_hash) = (Some(rollout.revision), Some(rollout.plan.hash()));
    let old = Seen { revision, plan_hash, ..Seen::default() };
    let promote = Request::Promote { reason: Some("it looks very good".to_owned()) };
    let refused = control.ask_rollout(&ann(), rollout.id, &promote, &old, "p").await;
    let Err(RolloutError::Changed(conflict)) = refused else { panic!("{refused:?}") };
    assert!(conflict.rollout.unwrap().revision >= watched.revision);
    assert!(conflict.last.is_some(), "it says who changed it");
    assert_eq!(entries(&town, Action::RolloutPromote).await, [Outcome::Refused]);

    let request = Request::RollBack { reason: Some("customers complain".to_owned()) };
    let ask = async |key| control.ask_rollout(&ann(), rollout.id, &request, &old, key).await;
    let whatever = Seen::default();
    let first = ask("click").await.unwrap();
    assert!(matches!(first.state, State::RollingBack { .. }), "{first:?}");
    assert_eq!(ask("click").await.unwrap(), first, "the same click has the same answer");
    let another = ask("another click").await;
    assert!(another.is_ok(), "it is on its way");
    assert_eq!(entries(&town, Action::RolloutRollBack).await, [Outcome::Done]);
    let is_back = |_: &_| {
        let back = BTreeMap::from([("1.0.0".to_owned(), 10_000)]);
        ["edge-1", "edge-2"].iter().all(|it| town.shares(it, "shop") == back).then_some(())
    };
    server.until("both edges are back", is_back).await;
    let back = server.state("shop", is_rolled_back).await;
    assert!(matches!(&back.state, State::RolledBack { why: StopReason::Asked { .. }, .. }));
    let releases = control.snapshot().estate.releases;
    assert_eq!(releases.quarantine(&shop(), TWO).unwrap().rollout, Some(rollout.id));

    // Neither a new start nor a retry brings it back; a person who undoes does.
    let by = ann();
    let refused = control.ask_rollout(&by, rollout.id, &Request::Retry, &whatever, "r").await;
    let is_quarantined = matches!(refused, Err(RolloutError::Refused(Refusal::Quarantined { .. })));
    assert!(is_quarantined, "{refused:?}");
    let undone = control.ask_rollout(&by, rollout.id, &Request::Undo, &whatever, "u").await;
    assert!(matches!(undone.unwrap().state, State::Preparing { .. }));
    assert!(control.snapshot().estate.releases.quarantined.is_empty());
    // A click that was sent again means what it meant, and not another time.
    assert_eq!(ask("another click").await.unwrap(), another.unwrap());
    server.state("shop", is_promoted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_version_is_taken_back_with_its_reason() {
    let town = Town::new().await;
    let server = town.settled().await;
    town.nature(|nature| {
        nature.failing.insert("2.0.0".to_owned());
        nature.untested.insert("3.0.0".to_owned());
        nature.refused.insert("4.0.0".to_owned());
    });
    // Half of its requests fail.
    server.start("shop", "2.0.0").await;
    let back = server.state("shop", is_rolled_back).await;
    let State::RolledBack { why, .. } = &back.state else { unreachable!() };
    assert!(matches!(why, StopReason::Analysis { metric, .. } if metric == "errors"), "{why:?}");
    let quarantine = server.control.snapshot().estate.releases.quarantined[0].clone();
    assert!(quarantine.reason.contains("50.0"), "it has the numbers: {}", quarantine.reason);
    let end = Request::End;
    server.control.ask_rollout(&ann(), back.id, &end, &Seen::default(), "end").await.unwrap();

    // It does not pass its bench.
    assert_eq!(server.bench("shop", "3.0.0").await, TestState::Failed);
    let request = start("shop", "3.0.0");
    let refused = server.control.plan_rollout(&request).await;
    let Err(RolloutError::Findings(findings)) = refused else { panic!("{refused:?}") };
    assert!(matches!(findings[..], [StartFinding::BenchFailed { .. }]), "{findings:?}");

    // Edges refuse what it needs.
    server.start("shop", "4.0.0").await;
    let why = server
        .until("it is taken back", |control| {
            let releases = control.snapshot().estate.releases;
            let state = releases.rollouts.get(&shop())?.state.clone();
            let (State::RollingBack { why, .. } | State::RolledBack { why, .. }) = state else {
                return None;
            };
            Some(why)
        })
        .await;
    let words = "no such certificate";
    assert!(matches!(&why, StopReason::Refused { message, .. } if message == words), "{why:?}");
}

/// Benches a version of the shop and starts it by the plan that asks the metric system.
async fn start_ordered(server: &Server, version: &str) {
    assert_eq!(server.bench("shop", version).await, TestState::Passed);
    let request = StartRequest { plan: Some("ordered".to_owned()), ..start("shop", version) };
    let hash = server.control.plan_rollout(&request).await.unwrap().plan.hash();
    server.control.start_rollout(&ann(), &request, &hash, None, version).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metric_system_that_does_not_answer_lets_nothing_pass_and_a_bad_answer_takes_back() {
    let town = Town::new().await;
    let server = town.settled().await;
    start_ordered(&server, TWO).await;
    let paused = server.state("shop", |state| matches!(state, State::Paused { .. })).await;
    let State::Paused { why, .. } = &paused.state else { unreachable!() };
    let asked = "orders{of='shop',in='2.0.0',not='1.0.0'}";
    assert!(matches!(why, PauseReason::NotMeasured { what } if what.contains("orders")), "{why:?}");
    town.nature(|nature| {
        assert_eq!(nature.asked, [asked.to_owned()].into(), "the names are put in");
        nature.orders = Some(Reading::Value(10.0));
    });
    let (resume, seen) = (Request::Resume, Seen::default());
    server.control.ask_rollout(&ann(), paused.id, &resume, &seen, "resume").await.unwrap();
    let promoted = server.state("shop", is_promoted).await;
    let end = Request::End;
    server.control.ask_rollout(&ann(), promoted.id, &end, &seen, "end").await.unwrap();

    town.nature(|nature| nature.orders = Some(Reading::Value(9.5)));
    start_ordered(&server, "3.0.0").await;
    let back = server.state("shop", is_rolled_back).await;
    let State::RolledBack { why, .. } = &back.state else { unreachable!() };
    assert!(matches!(why, StopReason::Limit { words, .. } if words.contains("9.5")), "{why:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_update_goes_node_by_node_and_a_bad_node_goes_back() {
    let town = Town::new().await;
    let server = town.settled().await;
    let rollout = server.start("stock", TWO).await;
    server.state("stock", is_promoted).await;
    server.until("one version runs", |_| (town.running("stock").len() == 1).then_some(())).await;
    assert!(town.running("stock").contains(TWO));
    let tests = entries(&town, Action::NodeTest).await;
    assert_eq!(tests, [Outcome::Done; 4], "each node was tested, once");
    server
        .until("it is over", |control| {
            (!control.snapshot().estate.releases.rollouts.contains_key(&rollout.plan.service))
                .then_some(())
        })
        .await;
    // The next one passes the bench and fails on its first node.
    let three = server.bench("stock", "3.0.0").await;
    assert_eq!(three, TestState::Passed);
    town.nature(|nature| _ = nature.untested.insert("3.0.0".to_owned()));
    server.start("stock", "3.0.0").await;
    let back = server.state("stock", is_rolled_back).await;
    let State::RolledBack { why, .. } = &back.state else { unreachable!() };
    assert!(matches!(why, StopReason::NodeTest { .. }), "{why:?}");
    server.until("its node is gone", |_| (town.running("stock").len() == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_goes_on_wherever_its_server_dies() {
    let town = Town::new().await;
    let mut server = town.settled().await;
    let rollout = server.start("shop", TWO).await;
    let mut seen = rollout.revision;
    // Each change of state is the last thing a server does; the next one takes over.
    loop {
        let now = server.state("shop", |_| true).await;
        if is_promoted(&now.state) {
            break;
        }
        town.kill(server).await;
        server = town.server(true);
        let newer = |control: &mainstay_control::Control| {
            let now = control.snapshot().estate.releases.rollouts.get(&shop())?.clone();
            (now.revision > seen).then_some(now)
        };
        let now = server.until("the next server goes on", newer).await;
        assert!(!matches!(now.state, State::Paused { .. }), "{now:?}");
        seen = now.revision;
    }
    // And so does the way back.
    let request = Request::RollBack { reason: None };
    let seen = Seen::default();
    server.control.ask_rollout(&ann(), rollout.id, &request, &seen, "back").await.unwrap();
    town.kill(server).await;
    server = town.server(true);
    server.state("shop", is_rolled_back).await;

    // Nothing was done twice.
    let events = server.control.rollout_events(rollout.id, None, 100).await.unwrap();
    let mut steps: Vec<_> = events
        .iter()
        .map(|event| format!("{:?} {}", event.state.name(), position(&event.state)))
        .collect();
    let all = steps.len();
    steps.sort();
    steps.dedup();
    assert_eq!(steps.len(), all, "a state was entered twice: {steps:?}");
    let last = server.rollout(rollout.id).await;
    assert_eq!(last.revision as usize, all, "each revision has its event");
    assert!(town.executions().values().all(|times| *times == 1));
    let steps = entries(&town, Action::RolloutStep).await;
    assert_eq!(steps.len() + 2, all, "each step has its entry, beside the start and the click");
}

fn position(state: &State) -> String {
    match state {
        State::Preparing { at, .. }
        | State::Testing { at, .. }
        | State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, .. } => format!("{}.{}", at.wave, at.step),
        State::Promoted { .. } | State::RolledBack { .. } | State::Ended { .. } => String::new(),
        State::RollingBack { stage, .. } => format!("{stage:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_file_moves_no_version_that_rollouts_move() {
    use mainstay_control::fleet::ApplyError;
    let town = Town::new().await;
    let server = town.settled().await;
    let by = mainstay_control::access::By::system("test");
    let moved = town::FLEET.replacen("version = \"1.0.0\"", "version = \"9.0.0\"", 1);
    let refused = server.control.apply_fleet(&by, &moved, 1, None).await;
    assert!(matches!(refused, Err(ApplyError::Moved(_))), "{refused:?}");
    assert_eq!(entries(&town, Action::FleetApply).await, [Outcome::Done, Outcome::Refused]);
}
