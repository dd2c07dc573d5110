//! From an empty database to pages that answer: what `cargo xtask up` relies on.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

use std::time::Duration;

use mainstay_tests::{Setup, World, until};
use reqwest::StatusCode;

const PAGES: [&str; 8] = [
    "/",
    "/attention",
    "/topology",
    "/regions/eu-central",
    "/dc/fra1",
    "/groups/social",
    "/services/feed",
    "/services/feed/in/fra1",
];
const ROLES: [&str; 5] = ["viewer", "operator", "approver", "auditor", "admin"];
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn health_and_version_answer_without_a_sign_in() {
    let world = World::start().await.unwrap();
    let visitor = world.visitor().unwrap();
    for path in ["/health/live", "/health/ready", "/version"] {
        assert_eq!(visitor.get(path).await.unwrap().status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn pages_ask_for_a_sign_in_and_lead_back() {
    let world = World::start().await.unwrap();
    let visitor = world.visitor().unwrap();
    for path in PAGES {
        let response = visitor.get(path).await.unwrap();
        assert!(response.status().is_redirection(), "{path}: {}", response.status());
        let target = response.headers()["location"].to_str().unwrap();
        assert!(target.starts_with("/sign-in"), "{path} leads to {target}");
    }
    let refused = visitor.sign_in("admin", "not the password").await.unwrap_err();
    assert!(refused.to_string().contains("signing in as admin"), "{refused:#}");
    assert!(visitor.get("/").await.unwrap().status().is_redirection());
}

#[tokio::test]
async fn every_role_reads_the_estate() {
    let world = World::start().await.unwrap();
    for role in ROLES {
        let visitor = world.sign_in(role).await.unwrap();
        for path in PAGES {
            visitor.page(path).await.unwrap_or_else(|error| panic!("{role}: {error:#}"));
        }
    }
}

#[tokio::test]
async fn a_sign_in_survives_a_restart_and_a_crash_of_the_server() {
    let mut world = World::start().await.unwrap();
    let visitor = world.sign_in("viewer").await.unwrap();
    world.stop_server().await.unwrap();
    world.start_server().await.unwrap();
    visitor.page("/").await.unwrap();
    world.kill_server().unwrap();
    world.start_server().await.unwrap();
    visitor.page("/").await.unwrap();
}

#[tokio::test]
async fn pages_outlive_the_database_and_recover_without_a_restart() {
    let setup = Setup { own_database: true, ..Setup::default() };
    let mut world = World::start_with(setup).await.unwrap();
    let visitor = world.sign_in("viewer").await.unwrap();
    visitor.page("/topology").await.unwrap();
    world.database().cluster().unwrap().kill().unwrap();
    let ready = async || Some(visitor.get("/health/ready").await.ok()?.status());
    until("the server sees that the database is gone", PATIENCE, async || {
        (ready().await? == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    })
    .await
    .unwrap();
    visitor.page("/topology").await.unwrap();
    world.database().cluster().unwrap().restart().unwrap();
    until("the server is ready again", PATIENCE, async || {
        (ready().await? == StatusCode::OK).then_some(())
    })
    .await
    .unwrap();
    visitor.page("/topology").await.unwrap();
}

#[tokio::test]
async fn a_second_setup_changes_nothing() {
    let world = World::start().await.unwrap();
    let fleet = world.fleet().display().to_string();
    let again = world.mainstay(&["setup", "--fleet", &fleet]).unwrap();
    let made: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(made["users"].as_array().map(Vec::len), Some(0), "{again}");
    world.sign_in("admin").await.unwrap();
}
