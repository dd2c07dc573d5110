//! Notifications by a real server to real receivers: what arrives, how it is signed, what is tried
//! again, what a killed server leaves, and what nobody is ever shown.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod alertmanager;
mod killed;
mod mail;
mod receiver;
mod smtp;
mod webhook;

use std::time::Duration;

use mainstay_tests::{Program, Setup, Visitor, World, until};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

/// What is due has arrived within this time, on a busy machine too.
const SOON: Duration = Duration::from_secs(60);
const LIST: &str = "/api/v1/notifications";

/// A server whose two data centres never reported: each is a problem after five seconds.
struct Town {
    world: World,
    admin: Visitor,
    program: Program,
    pool: PgPool,
}

impl Town {
    async fn new() -> Self {
        let serve = ["--notify-allow", "127.0.0.0/8", "--public-url", "http://localhost:4711"];
        let serve = serve.map(str::to_owned).to_vec();
        let setup = Setup { fleet: "pair.toml", serve, ..Setup::default() };
        let world = World::start_with(setup).await.unwrap();
        let admin = world.sign_in("admin").await.unwrap();
        let program = Program::of(&admin, "admin").await.unwrap();
        let pool = PgPool::connect(world.database_url()).await.unwrap();
        Self { world, admin, program, pool }
    }

    /// Makes a channel; its id and the secret, if one is told.
    async fn channel(&self, fields: Value) -> (String, Option<String>) {
        let mut draft = json!({ "least": "warning" });
        let all = draft.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        let response = self.program.post(LIST, &draft).await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert_eq!(status, StatusCode::CREATED, "{text}");
        let made: Value = serde_json::from_str(&text).unwrap();
        let id = made["channel"]["id"].as_str().unwrap().to_owned();
        (id, made["secret"].as_str().map(str::to_owned))
    }

    async fn webhook(&self, name: &str, url: &str) -> (String, String) {
        let fields = json!({ "name": name, "way": "webhook", "url": url });
        let (id, secret) = self.channel(fields).await;
        (id, secret.unwrap())
    }

    /// A channel as the API tells it, with its deliveries.
    async fn told(&self, id: &str) -> Value {
        self.admin.json(&format!("{LIST}/{id}")).await.unwrap()
    }

    /// Deliveries of problems, oldest first: state and tries.
    async fn deliveries(&self, id: &str) -> Vec<(String, u64)> {
        let told = self.told(id).await;
        let rows = told["deliveries"].as_array().unwrap().iter().rev();
        let of = |row: &Value| {
            let delivery = &row["delivery"];
            let state = delivery["state"]["state"].as_str().unwrap().to_owned();
            (state, delivery["tries"].as_u64().unwrap())
        };
        rows.map(of).collect()
    }

    /// Lets time pass for what waits for its next try.
    async fn hurry(&self) {
        sqlx::query("UPDATE notify_delivery SET due_at = now() WHERE state = 'waiting'")
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Looks until something is so; what waits for a next try need not wait meanwhile.
    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let looked = until(what, SOON, async || {
            self.hurry().await;
            look().await
        });
        looked.await.unwrap_or_else(|error| panic!("{error}\n{}", self.world.server_log()))
    }

    /// Sends a form of a channel's page; the page it leads to.
    async fn press(&self, id: &str, verb: &str) -> String {
        let page = format!("/settings/notifications/{id}");
        let action = format!("{page}/do/{verb}");
        let response = self.admin.submit(&page, &action, &[]).await.unwrap();
        let status = response.status();
        if status != StatusCode::SEE_OTHER {
            assert!(status.is_success(), "{verb}: {status}");
            return response.text().await.unwrap();
        }
        let to = response.headers()["location"].to_str().unwrap().to_owned();
        self.admin.page(&to).await.unwrap()
    }

    /// Everything that the audit log has, as it is written.
    async fn audit(&self) -> String {
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM audit_entry ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .unwrap();
        bodies.join("\n")
    }
}
