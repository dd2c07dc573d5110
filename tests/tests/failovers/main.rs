//! Failovers on real traffic: real agents, services and Envoys, and users whose ledger is the
//! independent witness of what they saw.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod database;
mod orchestrator;
mod store;
mod town;

use chrono::Utc;
use mainstay_core::failover::{Run, State};
use mainstay_lab::ledger::Entry;
use mainstay_tests::until;
use reqwest::StatusCode;
use serde_json::json;
use town::{MANY, REASON, STEP, Town, WHOLE, check_the_books, ended, in_order};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_centre_is_drained_in_order_and_comes_back_without_a_failed_user() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let start = "/api/v1/failover/plans/north/do/start";

    // What is missing is said all at once, and nothing begins.
    let bad = json!({ "reason": "so", "confirm": "south", "key": town.key() });
    let (status, answer) = town.post(start, &bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let words = answer["detail"].as_str().unwrap();
    assert!(words.contains("reason") && words.contains("type north"), "{words}");

    let id = town.start(start, "north", &[]).await;
    let again = json!({ "reason": REASON, "confirm": "north", "key": town.key() });
    let (status, answer) = town.post(start, &again).await;
    assert_eq!(status, StatusCode::CONFLICT, "one at a time: {answer}");
    // The server dies while nodes come up, and while the second group is at it.
    town.crash().await;
    let second = |run: &Run| run.steps.keys().any(|step| step.0.starts_with("store/"));
    town.until(&id, "the second group begins", WHOLE, second).await;
    town.crash().await;
    let run = town.done(&id).await;
    in_order(&run);
    let groups: Vec<_> = run.plan.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(groups, ["social", "store", "logistics"]);
    let depot = run.plan.steps().find(|(_, step)| step.act.subject() == "depot").unwrap().1;
    assert_eq!(depot.to.as_ref().unwrap().as_str(), "centre", "where the warehouses are");

    // All requests are answered elsewhere.
    let moved = town.since(ended(&run), "users come", STEP, |all| all.len() >= MANY).await;
    let there = |entry: &&Entry| entry.datacenter.as_ref().is_some_and(|it| it.as_str() == "north");
    let stayed: Vec<_> = moved.iter().filter(there).collect();
    assert!(stayed.is_empty(), "answered in north: {stayed:?}");
    check_the_books(&town, &id).await;

    // And back, as a run of its own; gates hold a second start back for some minutes.
    let path = format!("/api/v1/failover/runs/{id}/do/fail-back");
    let body = json!({ "reason": REASON, "confirm": "north", "key": town.key() });
    let (status, answer) = town.post(&path, &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("wait"), "{answer}");
    let back = town.start(&path, "north", &["wait"]).await;
    town.crash().await;
    let run = town.done(&back).await;
    let home = |all: &[Entry]| all.iter().any(|entry| there(&entry));
    town.since(ended(&run), "north is asked again", STEP, home).await;
    town.nobody_failed(begun);
    check_the_books(&town, &back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_data_centre_is_left_and_its_users_are_served_elsewhere() {
    let mut town = Town::new().await;
    town.world.lab_fault(&["lose", "north"]).unwrap();
    until("north is not heard", STEP, async || {
        let data = town.visitor.json("/api/v1/failover/plans/south").await.ok()?;
        let findings = data["findings"].as_array()?;
        findings.iter().any(|it| it["kind"] == "unheard" && it["subject"] == "north").then_some(())
    })
    .await
    .unwrap();

    // Both of a region: local services stay down, and it is said why.
    let plan = town.visitor.json("/api/v1/failover/plans/middle").await.unwrap();
    let groups = plan["plan"]["groups"].as_array().unwrap();
    let last = groups.last().unwrap();
    assert_eq!(last["stays_down"][0]["service"], "depot", "{plan}");

    let id = town.start("/api/v1/failover/plans/north/do/start", "north", &[]).await;
    // Two operators at once: one pauses, the other goes on.
    let (_, answer) = town.post(&format!("/api/v1/failover/runs/{id}/do/pause"), &json!({})).await;
    assert_eq!(answer["run"]["state"]["kind"], "pausing", "{answer}");
    let paused = |run: &Run| matches!(run.state, State::Paused { .. });
    town.until(&id, "it is paused", STEP, paused).await;
    let page = format!("/failover/runs/{id}");
    town.hold(&[&page, "/failover", "/failover/plans/south", "/failover/plans/middle"]).await;
    let (_, answer) = town.post(&format!("/api/v1/failover/runs/{id}/do/resume"), &json!({})).await;
    assert_eq!(answer["run"]["state"]["kind"], "running", "{answer}");
    let run = town.done(&id).await;
    in_order(&run);
    town.since(ended(&run), "users come", STEP, |all| all.len() >= MANY).await;
    town.nobody_failed(ended(&run));
    check_the_books(&town, &id).await;
    town.hold(&[&page, &format!("{page}/do/fail-back"), "/attention"]).await;
}
