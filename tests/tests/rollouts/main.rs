//! Rollouts on real traffic: real agents, services and Envoys, and users whose ledger is the
//! independent witness of what they saw.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod prometheus;
mod refused;
mod town;

use chrono::Utc;
use reqwest::StatusCode;
use serde_json::{Value, json};
use town::{STEP, Town, WHOLE, check_the_books, kind, moment};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_version_is_benched_rolled_out_taken_back_and_undone_without_a_failed_user() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let (status, answer) = town.start("shop", "1.1.0", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("run its bench first"), "{answer}");
    let id = town.started("shop", "1.1.0", None).await;
    let (status, answer) = town.start("shop", "1.1.0", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(answer["findings"][0]["kind"], "busy", "two exclude each other: {answer}");

    // One click in the middle, and the same click again.
    town.until_kind(&id, "watching", STEP).await;
    let click = json!({ "key": "one-click" });
    let (status, first) = town.post("/api/v1/services/shop/do/roll-back", &click).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!(first["rollout"]["state"]["kind"], "rolling-back", "{first}");
    let (status, second) = town.post("/api/v1/services/shop/do/roll-back", &click).await;
    assert_eq!((status, &second), (StatusCode::OK, &first), "the first answer");
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    let done = moment(&standing["rollout"]["state"]["at"]);
    town.all_by("1.0.0", done).await;

    // Undone, it goes on where it was, and all the way.
    let (status, answer) = town.ask(&id, "undo").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let everywhere = town.promoted(&id).await;
    town.all_by("1.1.0", everywhere).await;

    // And back again after it was promoted.
    let (status, answer) =
        town.post("/api/v1/services/shop/do/roll-back", &json!({ "key": "again" })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    town.all_by("1.0.0", moment(&standing["rollout"]["state"]["at"])).await;
    town.nobody_failed(begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_version_is_taken_back_by_itself_and_stays_out() {
    let mut town = Town::new().await;
    town.bench("shop", "1.2.0").await;
    // A mistake that only users meet, and the bench did not.
    let bad = ["errors", "--service", "shop", "--version", "1.2.0", "--share", "50%"];
    town.world.lab_fault(&bad).unwrap();
    let (status, answer) = town.start("shop", "1.2.0", None).await;
    assert!(status.is_success(), "{answer}");
    let id = answer["rollout"]["id"].as_str().unwrap().to_owned();
    let standing = town.until_kind(&id, "rolled-back", WHOLE).await;
    let state = &standing["rollout"]["state"];
    assert_eq!(
        (&state["why"]["kind"], &state["why"]["metric"]),
        (&json!("analysis"), &json!("errors"))
    );
    town.all_by("1.0.0", moment(&state["at"])).await;
    let detected = |event: &&Value| event["state"]["kind"] == "rolling-back";
    let events = standing["events"].as_array().unwrap();
    println!("taken back at {} ({})", events.iter().find(detected).unwrap()["at"], state["why"]);

    let data = town.visitor.json("/api/v1/rollouts/quarantine").await.unwrap();
    assert_eq!(data["rows"][0]["version"], "1.2.0", "{data}");
    let (status, answer) = town.ask(&id, "end").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, answer) = town.start("shop", "1.2.0", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    assert_eq!(answer["findings"][0]["kind"], "quarantined", "{answer}");
    check_the_books(&town, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_any_state_goes_on_and_takes_no_step_twice() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let steps = json!([
        { "weight": 50, "watch_seconds": 15, "pause": true },
        { "weight": 100, "watch_seconds": 40 },
    ]);
    let id = town.started("shop", "1.3.0", Some(steps)).await;
    let crash = async |town: &mut Town| {
        town.world.kill_server().unwrap();
        town.world.start_server().await.unwrap();
    };
    // While instances come up, while the first step is watched, and the second.
    crash(&mut town).await;
    town.until_kind(&id, "watching", STEP).await;
    crash(&mut town).await;
    // A person goes on after the first.
    let paused = town.until_kind(&id, "paused", STEP).await;
    assert_eq!(paused["rollout"]["state"]["why"]["kind"], "planned", "{paused}");
    crash(&mut town).await;
    let (status, answer) = town.ask(&id, "resume").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let second = |it: &Value| kind(it) == "watching" && it["rollout"]["state"]["at"]["step"] == 1;
    town.until(&id, "the second step is watched", WHOLE, second).await;
    crash(&mut town).await;
    let other = |it: &Value| it["rollout"]["state"]["at"]["wave"] == 1;
    town.until(&id, "the second wave begins", WHOLE, other).await;
    // And on the way back.
    let (status, answer) = town.ask(&id, "roll-back").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    crash(&mut town).await;
    let standing = town.until_kind(&id, "rolled-back", STEP).await;
    town.all_by("1.0.0", moment(&standing["rollout"]["state"]["at"])).await;
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_data_centre_is_waited_for_and_a_rolling_update_goes_node_by_node() {
    let mut town = Town::new().await;
    let begun = Utc::now();
    let id = town.started("shop", "1.4.0", None).await;
    town.until_kind(&id, "watching", STEP).await;
    town.world.lab_fault(&["cut", "south"]).unwrap();
    let waits = |standing: &Value| {
        let waits = standing["waits"].as_array().into_iter().flatten();
        waits.into_iter().any(|wait| wait["kind"] == "agent" && wait["datacenter"] == "south")
    };
    let standing = town.until(&id, "the agent is waited for", STEP, waits).await;
    assert_eq!(standing["rollout"]["state"]["at"]["wave"], 0, "{standing:#}");
    town.world.lab_fault(&["heal", "south"]).unwrap();
    let goes_on = |it: &Value| it["rollout"]["state"]["at"]["wave"] == 1;
    town.until(&id, "it goes on by itself", WHOLE, goes_on).await;
    check_the_books(&town, &id).await;

    let id = town.started("depot", "5.1.0", None).await;
    // Without requests to shift back nothing is kept warm: it is over as soon as it is promoted.
    let done = |it: &Value| ["promoted", "ended"].contains(&kind(it));
    let standing = town.until(&id, "each node is new", WHOLE, done).await;
    let outcome = &standing["rollout"]["state"]["outcome"];
    assert!(outcome.is_null() || outcome["kind"] == "promoted", "{outcome}");
    let tested = standing["events"].as_array().unwrap().iter();
    let tested: Vec<_> = tested.filter(|event| event["state"]["kind"] == "testing").collect();
    assert_eq!(tested.len(), 2, "each node was tested: {tested:?}");
    town.nobody_failed(begun);
    check_the_books(&town, &id).await;
}
