//! The checks of events against a real repository and signed messages.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::Command;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::access::By;
use mainstay_core::access::Role;
use mainstay_core::bench::{Bench, BenchResult, CheckResult, TestReport, TestState};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_store::{StoreError, bench};
use ring::hmac;
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, text};

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
name = "North"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "fra1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
priority = 1
[[service]]
id = "shop"
group = "store"
placement = "distributed"
version = "1.0.0"
"#;

struct Town {
    rig: Rig,
    bearer: String,
    cookie: String,
    source: String,
    secret: String,
    repository: tempfile::TempDir,
    sent: std::cell::Cell<u32>,
}

/// Real git, with nobody's configuration.
fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=ann", "-c", "user.email=ann@example.org"])
        .args(["-c", "commit.gpgSign=false"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    let done = git.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Town {
    async fn new(fleet: &str) -> Self {
        let rig = Rig::new(false).await;
        let control = &rig.state.control;
        control.apply_fleet(&By::system("test"), fleet, 0, Some("for the tests")).await.unwrap();
        for id in ["fra1", "osl1"] {
            let datacenter: DatacenterId = id.parse().unwrap();
            let link = control.ingest.open(&datacenter, "0.1.0", Utc::now());
            let full = mainstay_wire::Report { seq: 1, full: true, ..Default::default() };
            // Heard for as long as the test takes.
            control.ingest.report(&link, full, Utc::now() + TimeDelta::minutes(5)).unwrap();
        }
        let user = rig.user("ann", vec![grant(Role::Admin), grant(Role::Operator)]).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        let cookie = rig.sign_in("ann", "").await;
        let repository = tempfile::tempdir().unwrap();
        git(repository.path(), &["init", "--quiet", "--initial-branch=main"]);
        let (source, secret) = (String::new(), String::new());
        let sent = std::cell::Cell::new(0);
        let mut town = Self { rig, bearer, cookie, source, secret, repository, sent };
        let asked = json!({ "name": "builds", "format": "generic" });
        let (status, made) = town.api("/api/v1/pipelines", asked).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        town.source = made["source"]["id"].as_str().unwrap().to_owned();
        town.secret = made["secret"].as_str().unwrap().to_owned();
        town
    }

    fn address(&self) -> String {
        format!("file://{}", self.repository.path().display())
    }

    fn commit(&self) -> String {
        let dir = self.repository.path();
        git(dir, &["commit", "--quiet", "--allow-empty", "-m", "a change"]);
        git(dir, &["rev-parse", "HEAD"])
    }

    async fn api(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.rig.send(request).await;
        let (status, said) = (response.status(), text(response).await);
        (status, serde_json::from_str(&said).unwrap_or(Value::String(said)))
    }

    async fn json(&self, path: &str) -> Value {
        let request = Request::get(path).header(AUTHORIZATION, &self.bearer);
        let response = self.rig.send(request.body(Body::empty()).unwrap()).await;
        serde_json::from_str(&text(response).await).unwrap()
    }

    /// What the pipeline says of a commit, signed.
    async fn says(&self, commit: &str, status: &str) {
        let n = self.sent.replace(self.sent.get() + 1);
        let at = Utc::now();
        let body = json!({ "repository": self.address(), "commit": commit, "status": status,
            "finished_at": at, "url": "https://ci.example.org/7" })
        .to_string();
        let (id, seconds) = (format!("m-{n}"), at.timestamp());
        let key = STANDARD.decode(self.secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
        let request = Request::post(format!("/hooks/pipelines/{}", self.source))
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", format!("v1,{}", STANDARD.encode(tag)))
            .body(Body::from(body))
            .unwrap();
        let response = self.rig.send(request).await;
        assert_eq!(response.status(), StatusCode::OK);
    }

    /// Plans an event in a few minutes, with version 2.0.0 of `shop`; its id.
    async fn plan(&self, commit: &str) -> String {
        let from = Utc::now() + TimeDelta::minutes(5);
        let event = json!({
            "title": "Shop 2", "what": "The new shop", "kind": "new-feature", "from": from,
            "until": from + TimeDelta::hours(2), "datacenters": ["fra1", "osl1"],
            "services": { "shop": "2.0.0" }, "compatible": true, "way_back": "Roll back",
            "commit": commit, "repository": self.address(),
        });
        let (status, said) = self.api("/api/v1/events", json!({ "event": event })).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said["event"]["id"].as_str().unwrap().to_owned()
    }

    /// How a check stands: its answer and its sentence.
    async fn check(&self, event: &str, name: &str) -> (String, String) {
        let told = self.json(&format!("/api/v1/events/{event}")).await;
        let checks = told["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        let own = |field: &str| check[field].as_str().unwrap().to_owned();
        (own("answer"), own("sentence"))
    }

    /// Tries to start an event that has open checks; which.
    async fn start(&self, event: &str) -> String {
        let (status, said) = self.api(&format!("/api/v1/events/{event}/do/start"), json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{said}");
        said["detail"].as_str().unwrap().to_owned()
    }

    /// As if its repository had been asked a while ago.
    async fn while_ago(&self) {
        sqlx::query("UPDATE repository_look SET at = at - interval '2 minutes'")
            .execute(self.rig.db.store.acts())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_real_repository_is_asked_for_the_commit() {
    let town = Town::new(FLEET).await;
    let commit = town.commit();
    let event = town.plan(&commit).await;
    let (answer, words) = town.check(&event, "configuration").await;
    assert_eq!(answer, "unknown", "{words}");
    assert!(words.contains("was not asked for"), "{words}");
    // The start asks, whatever else is open.
    assert!(!town.start(&event).await.contains("configuration"));
    let (answer, words) = town.check(&event, "configuration").await;
    assert_eq!(answer, "pass", "{words}");
    assert!(words.to_lowercase().contains("branch main of"), "{words}");
    let page = text(town.rig.get(&format!("/events/{event}"), &town.cookie).await).await;
    assert!(page.contains(&town.address()), "{page}");
    // The branch goes on without a tag: nothing ends at the commit any more.
    town.commit();
    assert!(!town.start(&event).await.contains("configuration"), "it was asked just now");
    town.while_ago().await;
    assert!(town.start(&event).await.contains("configuration"));
    let (answer, words) = town.check(&event, "configuration").await;
    assert_eq!(answer, "fail", "{words}");
    git(town.repository.path(), &["tag", "v2", &commit]);
    town.while_ago().await;
    assert!(!town.start(&event).await.contains("configuration"));
    assert!(town.check(&event, "configuration").await.1.to_lowercase().starts_with("tag v2 of"));
    // What is gone is not known, and a person may say so.
    let away = town.repository.path().with_extension("away");
    std::fs::rename(town.repository.path(), &away).unwrap();
    town.while_ago().await;
    assert!(town.start(&event).await.contains("configuration"));
    assert_eq!(town.check(&event, "configuration").await.0, "unknown");
    let tick = json!({ "check": "configuration", "note": "it is in the mirror, I looked" });
    let (status, said) = town.api(&format!("/api/v1/events/{event}/do/tick"), tick).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let (answer, words) = town.check(&event, "configuration").await;
    assert_eq!(answer, "pass", "{words}");
    assert!(words.to_lowercase().starts_with("said by ann"), "{words}");
    std::fs::rename(&away, town.repository.path()).unwrap();
}

#[tokio::test]
async fn a_pipeline_is_heard_and_not_talked_over() {
    let town = Town::new(FLEET).await;
    let commit = town.commit();
    let event = town.plan(&commit).await;
    assert_eq!(town.check(&event, "pipeline").await.0, "unknown");
    let tick = json!({ "check": "pipeline", "note": "it was green, I looked at it" });
    let (status, said) = town.api(&format!("/api/v1/events/{event}/do/tick"), tick).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(town.check(&event, "pipeline").await.0, "pass");
    for (status, answer) in [("running", "unknown"), ("failed", "fail"), ("passed", "pass")] {
        town.says(&commit, status).await;
        let (is, words) = town.check(&event, "pipeline").await;
        assert_eq!(is, answer, "{words}");
    }
    // A pipeline that ran on it had it.
    assert_eq!(town.check(&event, "configuration").await.0, "pass");
    let told = town.json(&format!("/api/v1/events/{event}")).await;
    let checks = told["checks"].as_array().unwrap();
    let pipeline = checks.iter().find(|check| check["name"] == "pipeline").unwrap();
    assert_eq!(pipeline["fix"], "https://ci.example.org/7");
    assert!(pipeline["seen"].is_string(), "{pipeline}");
    town.says(&commit, "failed").await;
    assert!(town.start(&event).await.contains("pipeline"));
}

/// A result of the bench of version 2.0.0 that counts.
async fn passed(town: &Town) {
    let (now, service) = (Utc::now(), ServiceId::new("shop").unwrap());
    let fleet = town.rig.state.control.estate.snapshot(now).estate.fleet;
    let passed = |check| CheckResult { check, passed: true, seen: String::new() };
    let results = Bench::of(&fleet, &service).checks.into_iter().map(passed).collect();
    let report = TestReport {
        id: "bench-2".to_owned(),
        service: service.clone(),
        version: "2.0.0".to_owned(),
        state: TestState::Passed,
        started_at: now,
        ended_at: Some(now),
        results,
    };
    let result = &BenchResult {
        service,
        version: "2.0.0".to_owned(),
        datacenter: "fra1".parse().unwrap(),
        report: TestReport {
            state: TestState::Running,
            ended_at: None,
            results: Vec::new(),
            ..report.clone()
        },
        asked_by: "test".to_owned(),
        asked_at: now,
        expires_at: None,
    };
    let (report, until) = (&report, Some(now + TimeDelta::hours(1)));
    town.rig
        .db
        .store
        .read_committed(|tx| {
            Box::pin(async move {
                bench::order(tx, result).await?;
                bench::report(tx, report, until).await?;
                Ok::<_, StoreError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_rollout_waits_for_the_checks_that_its_service_asks_for() {
    let fleet = format!("{FLEET}requires_checks = [\"pipeline\", \"bench\", \"configuration\"]\n");
    let town = Town::new(&fleet).await;
    passed(&town).await;
    let path = "/api/v1/services/shop/do/start-rollout";
    let ask = |event: Option<&str>| {
        let request = json!({ "version": "2.0.0", "configuration_compatible": true,
            "event": event });
        json!({ "request": request })
    };
    let (status, said) = town.api(path, ask(None)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    let words = said.to_string();
    assert!(words.contains("asks for the checks bench, configuration, pipeline"), "{words}");
    let commit = town.commit();
    let event = town.plan(&commit).await;
    // The form that asks shows each with where it is mended.
    let form = format!(
        "/services/shop/do/start-rollout?version=2.0.0&config=yes&schema=none&event={event}"
    );
    let page = text(town.rig.get(&form, &town.cookie).await).await;
    assert!(page.contains("What holds it back"), "{page}");
    let (status, said) = town.api(path, ask(Some(&event))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    let words = said.to_string();
    assert!(words.contains("pipeline: no pipeline has reported"), "{words}");
    assert!(!words.contains("configuration:"), "its repository was asked: {words}");
    let (status, said) = town.api(path, ask(Some("ev-99"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    town.says(&commit, "passed").await;
    let (status, said) = town.api(path, ask(Some(&event))).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let rollout = said["rollout"]["id"].as_str().unwrap();
    let told = town.json(&format!("/api/v1/events/{event}")).await;
    assert_eq!(told["owned"][0]["id"], rollout, "{told}");
    let shown = text(town.rig.get(&format!("/events/{event}"), &town.cookie).await).await;
    assert!(shown.contains(&format!("href=\"/rollouts/{rollout}\"")), "{shown}");
    let shown = text(town.rig.get(&format!("/rollouts/{rollout}"), &town.cookie).await).await;
    assert!(shown.contains(&format!("href=\"/events/{event}\"")), "{shown}");
}

#[tokio::test]
async fn a_drill_belongs_to_an_event_that_is_open() {
    let town = Town::new(FLEET).await;
    let event = town.plan(&town.commit()).await;
    let path = "/api/v1/failover/plans/fra1/do/start";
    let ask = |event: &str| {
        json!({ "drill": true, "reason": "a test of the whole", "confirm": "fra1", "event": event,
            "overridden": ["wait"] })
    };
    let (status, said) = town.api(path, ask("ev-99")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    assert!(said["detail"].as_str().unwrap().contains("no planned event ev-99"), "{said}");
    // The form offers it, and has chosen it where one comes from its page.
    let form = format!("/failover/plans/fra1/do/start?event={event}");
    let page = text(town.rig.get(&form, &town.cookie).await).await;
    let chosen = format!("<option value=\"{event}\" selected");
    assert!(page.contains(&chosen), "{page}");
    let (status, said) = town.api(path, ask(&event)).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let run = said["run"]["id"].as_str().unwrap();
    let told = town.json(&format!("/api/v1/events/{event}")).await;
    assert_eq!(
        (&told["owned"][0]["id"], told["owned"].as_array().unwrap().len()),
        (&json!(run), 1)
    );
    let shown = text(town.rig.get(&format!("/failover/runs/{run}"), &town.cookie).await).await;
    assert!(shown.contains(&format!("href=\"/events/{event}\"")), "{shown}");
    let shown = text(town.rig.get(&format!("/events/{event}"), &town.cookie).await).await;
    assert!(shown.contains(&format!("href=\"/failover/runs/{run}\"")), "{shown}");
    let why = json!({ "reason": "it is not needed any more" });
    let (status, _) = town.api(&format!("/api/v1/events/{event}/do/cancel"), why).await;
    assert_eq!(status, StatusCode::OK);
}
