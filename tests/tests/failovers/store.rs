//! The state store is gone for a minute in the middle of a run: nothing is decided meanwhile, users
//! notice nothing, and the run goes on where it was.

use chrono::{TimeDelta, Utc};
use mainstay_core::failover::{Run, State};
use mainstay_tests::Setup;
use reqwest::StatusCode;
use serde_json::json;

use crate::town::{MANY, REASON, STEP, Town, WHOLE, check_the_books, in_order};

/// How long the store is away.
const AWAY: TimeDelta = TimeDelta::seconds(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_outlives_its_store() {
    let setup = Setup { own_database: true, ..Setup::default() };
    let mut town = Town::with(setup, str::to_owned).await;
    let begun = Utc::now();
    let id = town.start("/api/v1/failover/plans/north/do/start", "north", &[]).await;
    let moving = |run: &Run| run.steps.keys().any(|step| step.0.contains("/scale/"));
    let before = town.until(&id, "nodes come up", WHOLE, moving).await;
    assert_eq!(before.state, State::Running);
    let gone = Utc::now();
    town.world.database().cluster().unwrap().stop().unwrap();

    // Nothing is taken that cannot be written down.
    let asked = json!({ "reason": REASON, "key": "away" });
    let (status, answer) = town.post(&format!("/api/v1/failover/runs/{id}/do/stop"), &asked).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    // For a minute users are served by what edges and agents know.
    let patience = AWAY.to_std().unwrap() + STEP;
    let until = gone + AWAY;
    let served = town.since(until, "a minute passes", patience, |all| !all.is_empty()).await;
    assert!(served.iter().all(|entry| entry.at >= until));
    town.nobody_failed(begun);

    let back = Utc::now();
    town.world.database().cluster().unwrap().restart().unwrap();
    let run = town.done(&id).await;
    in_order(&run);
    // What was over before the store went is as it was.
    for (step, state) in before.steps.iter().filter(|(_, state)| state.is_past()) {
        assert_eq!(run.steps.get(step), Some(state), "{step}");
    }
    let taken = |at| gone + TimeDelta::seconds(1) < at && at < back;
    let meanwhile = run.steps.iter().filter(|(_, state)| state.ended().is_some_and(taken));
    assert_eq!(meanwhile.count(), 0, "decided without a store: {run:#?}");
    town.since(Utc::now(), "users come", STEP, |all| all.len() >= MANY).await;
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}
