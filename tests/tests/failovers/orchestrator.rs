//! A data centre dies under traffic: the drop is seen, weighed question by question and kept; and
//! what the orchestrator may do is set by command.

use std::time::Duration;

use chrono::Utc;
use mainstay_tests::until;
use serde_json::Value;

use crate::town::{STEP, Town};

const PAGE: &str = "/api/v1/failover/orchestrator";
/// A detector has seen enough within this time: it takes 30 blocks of 5 s.
const LEARNED: Duration = Duration::from_secs(240);
/// The questions of a decision.
const QUESTIONS: usize = 9;

/// What the command says, as JSON.
fn command(town: &Town, arguments: &[&str]) -> Value {
    let (base, token) = (town.world.base(), town.program.token());
    let options = ["--server", &base, "--token", token, "--json"];
    let all: Vec<_> = ["orchestrator"].iter().chain(arguments).chain(&options).copied().collect();
    serde_json::from_str(&town.world.mainstay(&all).unwrap()).unwrap()
}

fn place<'a>(told: &'a Value, datacenter: &str, group: &str) -> Option<&'a Value> {
    let is = |row: &&Value| row["datacenter"] == datacenter && row["group"] == group;
    told["places"].as_array()?.iter().find(is)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_drop_is_weighed_and_watched_while_little_is_learned() {
    let town = Town::new().await;
    let learned = until("the traffic is learned", LEARNED, async || {
        let told = town.visitor.json(PAGE).await.ok()?;
        let normal = |datacenter| {
            place(&told, datacenter, "social").is_some_and(|row| row["word"] == "As expected")
        };
        ["north", "centre", "south"].into_iter().all(normal).then_some(())
    });
    assert!(learned.await.is_ok(), "{:#?}", town.visitor.json(PAGE).await);
    let quiet = command(&town, &["decisions"]);
    let lost_at = Utc::now();
    town.world.lab_fault(&["lose", "north"]).unwrap();

    let decided = until("it is decided", STEP, async || {
        let told = command(&town, &["decisions"]);
        let of_it = |row: &&Value| row["datacenter"] == "north" && row["group"] == "social";
        told.as_array()?.iter().find(of_it).cloned()
    });
    let decided = decided.await;
    let decided = decided.unwrap_or_else(|error| {
        panic!("{error:#}: {:#}, before {quiet:#}", command(&town, &["decisions"]))
    });
    let after = (Utc::now() - lost_at).num_seconds();
    println!("decided within {after} s: {decided:#}");
    let reasons = decided["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), QUESTIONS, "{decided:#}");
    assert_eq!(decided["mode"], "advise");
    assert_eq!(decided["run"], Value::Null);
    let answer = |words: &str| {
        let found = reasons.iter().find(|it| it["words"].as_str().unwrap().starts_with(words));
        found.unwrap_or_else(|| panic!("{words}: {decided:#}"))["answer"].clone()
    };
    let yes = answer("Fresh data");
    for question in ["The others did not", "A second signal", "The target is healthy"] {
        assert_eq!(answer(question), yes, "{question}: {decided:#}");
    }
    // What a node can take is declared of none: so it is a person's to decide.
    assert_ne!(answer("The target can take it"), yes, "{decided:#}");
    // The traffic of some minutes is too little to be sure by, so nobody is called yet.
    assert_ne!(answer("It dropped"), yes, "{decided:#}");
    assert_eq!(decided["outcome"], "watch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mode_is_set_by_command_and_stands_in_the_fleet() {
    let world = mainstay_tests::World::start().await.unwrap();
    let visitor = world.sign_in("admin").await.unwrap();
    let program = mainstay_tests::Program::of(&visitor, "admin").await.unwrap();
    let fleet = visitor.json("/api/v1/fleet").await.unwrap();
    let group = fleet["fleet"]["groups"].as_object().unwrap().keys().next().unwrap().clone();
    let (base, token) = (world.base(), program.token().to_owned());
    let set = |mode: &str| {
        let reason = "a test of the whole";
        let fixed = ["--reason", reason, "--server", &base, "--token", &token, "--json"];
        let all: Vec<_> = ["orchestrator", "mode", &group, mode].into_iter().chain(fixed).collect();
        world.mainstay(&all)
    };
    let first: Value = serde_json::from_str(&set("automatic").unwrap()).unwrap();
    assert_eq!(first["applied"], true, "{first:#}");
    let again: Value = serde_json::from_str(&set("automatic").unwrap()).unwrap();
    assert_eq!((&again["applied"], &again["revision"]), (&Value::Bool(false), &first["revision"]));
    let fleet = visitor.json("/api/v1/fleet").await.unwrap();
    assert_eq!(fleet["fleet"]["groups"][&group]["orchestrator"], "automatic");
    assert!(set("sometimes").is_err(), "there is no such mode");
}
