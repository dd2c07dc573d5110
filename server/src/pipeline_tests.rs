//! Pipelines over HTTP on a real Postgres: messages as GitHub, GitLab and others send them, those
//! that are not taken, and the entry that each change leaves.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{Request, StatusCode};
use mainstay_control::pipelines::{MESSAGES_A_MINUTE, WRONG_A_MINUTE};
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::pipeline::{BODY_MAX_BYTES, Commit, SECRET_OVERLAP, Status};
use mainstay_store::pipeline as stored;
use mainstay_store::retention::{self, MESSAGES_KEPT, REPORTS_KEPT};
use ring::hmac;
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const LIST: &str = "/settings/pipelines";
const API: &str = "/api/v1/pipelines";
const COMMIT: &str = "4f2c0a5e9b1d3c7f8a6e5d4c3b2a190817263544";

struct Town {
    rig: Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

/// A source and its secret.
struct Source {
    id: String,
    secret: String,
}

impl Town {
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        let user = rig.user("ann", vec![grant(Role::Admin)]).await;
        let cookie = rig.sign_in("ann", "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Self { rig, cookie, csrf, bearer }
    }

    async fn form(&self, path: &str, fields: &str) -> Response {
        let form = format!("csrf={}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    async fn api(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(AUTHORIZATION, &self.bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        read(self.rig.send(request).await).await
    }

    async fn page(&self, path: &str) -> String {
        text(self.rig.get(path, &self.cookie).await).await
    }

    async fn left(&self, action: Action, outcome: Outcome) {
        let (_, is, how) = self.rig.latest().await.unwrap();
        assert_eq!((is, how), (action, outcome));
    }

    async fn source(&self, format: &str) -> Source {
        let fields = json!({ "name": format, "format": format, "below": "" });
        let (status, made) = self.api(API, fields).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Source { id: text(&made["source"]["id"]), secret: text(&made["secret"]) }
    }

    async fn send(&self, id: &str, headers: &[(&str, &str)], body: &str) -> (StatusCode, Value) {
        let mut request = Request::post(format!("/hooks/pipelines/{id}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.rig.send(request.body(Body::from(body.to_owned())).unwrap()).await).await
    }

    /// As GitHub sends it.
    async fn github(&self, source: &Source, delivery: &str, body: &str) -> (StatusCode, Value) {
        let tag = hub(&source.secret, body);
        let headers = [
            ("x-github-event", "workflow_run"),
            ("x-github-delivery", delivery),
            ("x-hub-signature-256", &tag),
            ("content-type", "application/json"),
        ];
        self.send(&source.id, &headers, body).await
    }

    /// As Standard Webhooks say.
    async fn standard(
        &self,
        source: &Source,
        (id, ago): (&str, TimeDelta),
        body: &str,
    ) -> (StatusCode, Value) {
        let at = (Utc::now() - ago).timestamp().to_string();
        let key = STANDARD.decode(source.secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let tag = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(tag));
        let headers =
            [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)];
        self.send(&source.id, &headers, body).await
    }

    async fn known(&self) -> Vec<Status> {
        let mut db = self.rig.db.store.acts().acquire().await.unwrap();
        let reports = stored::reports(&mut db, &Commit::new(COMMIT).unwrap()).await.unwrap();
        reports.into_iter().map(|report| report.status).collect()
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let (status, said) = (response.status(), text(response).await);
    (status, serde_json::from_str(&said).unwrap_or(Value::String(said)))
}

fn hub(secret: &str, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    let mut text = "sha256=".to_owned();
    for byte in tag.as_ref() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// A run as GitHub tells of it, so many seconds ago.
fn workflow(conclusion: Option<&str>, ago: i64) -> String {
    let status = if conclusion.is_some() { "completed" } else { "in_progress" };
    json!({
        "action": status,
        "workflow_run": {
            "id": 7, "name": "Build", "head_branch": "main", "head_sha": COMMIT, "status": status,
            "conclusion": conclusion, "html_url": "https://github.com/acme/shop/actions/runs/7",
            "updated_at": Utc::now() - TimeDelta::seconds(ago),
            "head_repository": { "full_name": "acme/shop" },
        },
        "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop" },
        "sender": { "login": "octocat" },
    })
    .to_string()
}

fn generic(status: &str, ago: i64) -> String {
    let at = Utc::now() - TimeDelta::seconds(ago);
    json!({ "repository": "https://git.example.org/shop", "commit": COMMIT, "status": status,
        "finished_at": at })
    .to_string()
}

const NOW: TimeDelta = TimeDelta::zero();

#[tokio::test]
async fn each_way_of_changing_a_source_leaves_its_entry() {
    let town = Town::new().await;
    let fields = "name=builds&format=github&below=github.com/acme";
    let made = town.form(LIST, fields).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let shown = text(made).await;
    assert!(shown.contains("whsec_") && shown.contains("/hooks/pipelines/ps-1"), "shown once");
    town.left(Action::PipelineSourceCreate, Outcome::Done).await;
    let page = format!("{LIST}/ps-1");
    assert!(!town.page(&page).await.contains("whsec_"), "and never again");
    let again = town.form(LIST, fields).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY, "its name is taken");
    town.left(Action::PipelineSourceCreate, Outcome::Refused).await;
    let wrong = town.form(LIST, "name=x&format=github&below=https://ann:x@host/a").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(wrong).await.contains(r##"href="#below""##));
    let rotated = town.form(&format!("{page}/do/rotate"), "").await;
    assert_eq!(rotated.status(), StatusCode::CREATED);
    assert!(text(rotated).await.contains("whsec_"));
    town.left(Action::PipelineSourceRotate, Outcome::Done).await;
    let removed = town.form(&format!("{page}/do/remove"), "").await;
    assert_eq!(location(&removed), format!("{LIST}?done=pipeline-removed"));
    town.left(Action::PipelineSourceRemove, Outcome::Done).await;
    let (status, _) = town.api(&format!("{API}/ps-1/do/remove"), json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // Its name is free again.
    let source = town.source("github").await;
    let (status, told) = town.api(&format!("{API}/{}/do/remove", source.id), json!({})).await;
    assert_eq!((status, &told["source"]["name"]), (StatusCode::OK, &json!("github")));
}

#[tokio::test]
async fn github_is_heard() {
    let town = Town::new().await;
    let source = town.source("github").await;
    let ping = r#"{"zen": "Keep it logically awesome."}"#;
    let tag = hub(&source.secret, ping);
    let headers = [("x-github-event", "ping"), ("x-hub-signature-256", &tag)];
    let (status, told) = town.send(&source.id, &headers, ping).await;
    assert_eq!((status, &told["why"]), (StatusCode::ACCEPTED, &json!("ping")));
    assert_eq!(town.known().await, []);

    let (status, told) = town.github(&source, "d-1", &workflow(None, 60)).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("taken")), "{told}");
    assert_eq!(town.known().await, [Status::Running]);
    let passed = workflow(Some("success"), 10);
    let (status, told) = town.github(&source, "d-2", &passed).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("taken")), "{told}");
    town.left(Action::PipelineReport, Outcome::Done).await;
    assert_eq!(town.known().await, [Status::Passed]);
    let before = town.rig.latest().await;
    // The same again; the same under another name, which is not signed; and one that was overtaken.
    for (delivery, body, result) in [
        ("d-2", passed.clone(), "already taken"),
        ("d-3", passed, "already taken"),
        ("d-4", workflow(Some("failure"), 30), "known"),
    ] {
        let (status, told) = town.github(&source, delivery, &body).await;
        assert_eq!((status, &told["result"]), (StatusCode::OK, &json!(result)), "{delivery}");
    }
    assert_eq!((town.known().await, town.rig.latest().await), (vec![Status::Passed], before));
    let page = town.page(&format!("{LIST}/{}", source.id)).await;
    assert!(page.contains("github.com/acme/shop 4f2c0a5e9b1d: passed (Build)"), "{page}");
    assert!(page.contains("Known before"));
}

#[tokio::test]
async fn gitlab_is_heard_by_its_token_or_its_signature() {
    let town = Town::new().await;
    let source = town.source("gitlab").await;
    let body = |status: &str, ago: i64| {
        json!({
            "object_kind": "pipeline",
            "object_attributes": { "id": 31, "ref": "main", "sha": COMMIT, "status": status,
                "created_at": Utc::now() - TimeDelta::minutes(5),
                "finished_at": Utc::now() - TimeDelta::seconds(ago) },
            "project": { "web_url": "https://gitlab.example.org/acme/shop" },
        })
        .to_string()
    };
    let failed = body("failed", 60);
    let headers = [
        ("x-gitlab-event", "Pipeline Hook"),
        ("x-gitlab-event-uuid", "13792a34-cac6-4fda-95a8-c58e00a3954e"),
        ("x-gitlab-token", source.secret.as_str()),
    ];
    let (status, told) = town.send(&source.id, &headers, &failed).await;
    assert_eq!((status, &told["report"]["status"]), (StatusCode::OK, &json!("failed")), "{told}");
    let (status, told) = town.send(&source.id, &headers, &failed).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("already taken")));
    let wrong = headers.map(|(name, value)| match name {
        "x-gitlab-token" => (name, "whsec_wrong"),
        _ => (name, value),
    });
    assert_eq!(town.send(&source.id, &wrong, &failed).await.0, StatusCode::UNAUTHORIZED);
    // A signature without a kind says nothing of a pipeline.
    let (status, told) = town.standard(&source, ("m-1", NOW), &body("success", 1)).await;
    assert_eq!((status, &told["result"]), (StatusCode::ACCEPTED, &json!("left")));
    assert_eq!(town.known().await, [Status::Failed]);
}

#[tokio::test]
async fn anybody_else_signs_and_is_heard_once_and_in_time() {
    let town = Town::new().await;
    let source = town.source("generic").await;
    let passed = generic("passed", 10);
    let (status, told) = town.standard(&source, ("m-1", NOW), &passed).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("taken")), "{told}");
    // Sent again by its sender: the same name at another time.
    let (status, told) = town.standard(&source, ("m-1", TimeDelta::seconds(-3)), &passed).await;
    assert_eq!((status, &told["result"]), (StatusCode::OK, &json!("already taken")));
    for ago in [TimeDelta::minutes(6), TimeDelta::minutes(-6)] {
        let (status, told) = town.standard(&source, ("m-2", ago), &generic("failed", 1)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(told["detail"].as_str().unwrap().contains("5 minutes away"), "{told}");
    }
    assert_eq!(town.known().await, [Status::Passed]);
    let page = town.page(LIST).await;
    assert!(page.contains("it was too old"), "a refusal shows on the page: {page}");
    let (status, told) = town.standard(&source, ("m-3", NOW), r#"{"commit": 1}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    assert!(town.page(LIST).await.contains("it could not be read"));
}

#[tokio::test]
async fn what_is_not_signed_is_told_nothing() {
    let town = Town::new().await;
    let source = town.source("generic").await;
    let other = town.source("gitlab").await;
    let body = generic("passed", 10);
    let before = town.rig.latest().await;
    let stranger = Source { id: source.id.clone(), secret: other.secret.clone() };
    let nowhere = Source { id: "ps-4711".to_owned(), secret: source.secret.clone() };
    let malformed = Source { id: "x".to_owned(), secret: source.secret.clone() };
    let mut answers = Vec::new();
    for source in [&stranger, &nowhere, &malformed] {
        answers.push(town.standard(source, ("m-1", NOW), &body).await);
    }
    answers.push(town.send(&source.id, &[], &body).await);
    answers.push(town.send("ps-4711", &[], "").await);
    for answer in &answers {
        assert_eq!(answer, &answers[0], "all are told the same");
    }
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    assert_eq!((town.known().await, town.rig.latest().await), (vec![], before));
    assert!(town.page(LIST).await.contains("the signature was wrong"));
    // Neither a session nor a token is a signature.
    let hook = format!("/hooks/pipelines/{}", source.id);
    assert_eq!(town.form(&hook, "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(town.api(&hook, json!({})).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_message_has_its_size_and_its_pace() {
    let town = Town::new().await;
    let source = town.source("generic").await;
    let long = "x".repeat(BODY_MAX_BYTES + 1);
    let (status, _) = town.standard(&source, ("m-1", NOW), &long).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let fits = "x".repeat(BODY_MAX_BYTES);
    let (status, _) = town.standard(&source, ("m-2", NOW), &fits).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "it is read, and is no JSON");
    for n in 1..MESSAGES_A_MINUTE {
        let (status, told) =
            town.standard(&source, (&format!("n-{n}"), NOW), &generic("running", 1)).await;
        assert!(status.is_success(), "{n}: {told}");
    }
    let (status, told) = town.standard(&source, ("n-0", NOW), &generic("running", 0)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(told["retry_after"].as_i64().unwrap() >= 1, "{told}");
    // Others are heard meanwhile, and whoever signs wrongly too often is not looked at.
    let other = town.source("gitlab").await;
    let wrong = Source { secret: source.secret.clone(), ..other };
    for _ in 0..WRONG_A_MINUTE {
        let (status, _) = town.standard(&wrong, ("m", NOW), "{}").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let request = Request::post("/hooks/pipelines/ps-9").body(Body::empty()).unwrap();
    let answer = town.rig.send(request).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(RETRY_AFTER));
}

#[tokio::test]
async fn a_secret_that_was_replaced_counts_for_a_day() {
    let town = Town::new().await;
    let old = town.source("generic").await;
    let path = format!("{LIST}/{}", old.id);
    let page = text(town.form(&format!("{path}/do/rotate"), "").await).await;
    let secret = page[page.find("whsec_").unwrap()..].split('"').next().unwrap().to_owned();
    let new = Source { id: old.id.clone(), secret };
    assert_ne!(new.secret, old.secret);
    for (source, id) in [(&old, "m-1"), (&new, "m-2")] {
        let (status, told) = town.standard(source, (id, NOW), &generic("running", 1)).await;
        assert_eq!(status, StatusCode::OK, "{told}");
    }
    let ahead = SECRET_OVERLAP.num_seconds() + 60;
    town.rig.ahead.store(ahead, std::sync::atomic::Ordering::Relaxed);
    let later = -TimeDelta::seconds(ahead);
    let (status, _) = town.standard(&old, ("m-3", later), &generic("failed", 1)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, told) = town.standard(&new, ("m-4", later), &generic("failed", 1)).await;
    assert_eq!(status, StatusCode::OK, "{told}");
}

#[tokio::test]
async fn a_source_speaks_of_its_repositories_and_of_nothing_once_it_is_removed() {
    let town = Town::new().await;
    let fields = json!({ "name": "shop", "format": "generic", "below": "git.example.org/shop" });
    let (_, made) = town.api(API, fields).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let source = Source { id: text(&made["source"]["id"]), secret: text(&made["secret"]) };
    let (status, _) = town.standard(&source, ("m-1", NOW), &generic("passed", 9)).await;
    assert_eq!((status, town.known().await), (StatusCode::OK, vec![Status::Passed]));
    let elsewhere = generic("failed", 1).replace("/shop", "/shop-2");
    let (status, told) = town.standard(&source, ("m-2", NOW), &elsewhere).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
    assert_eq!(town.known().await, [Status::Passed]);
    town.form(&format!("{LIST}/{}/do/remove", source.id), "").await;
    assert_eq!(town.known().await, []);
    let (status, _) = town.standard(&source, ("m-3", NOW), &generic("passed", 1)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_was_kept_long_enough_goes() {
    let town = Town::new().await;
    let source = town.source("generic").await;
    let (status, _) = town.standard(&source, ("m-1", NOW), &generic("passed", 9)).await;
    assert_eq!(status, StatusCode::OK);
    let store = &town.rig.db.store;
    let gone =
        async |after: TimeDelta| retention::pipelines(store, Utc::now() + after).await.unwrap();
    assert_eq!(gone(MESSAGES_KEPT - TimeDelta::hours(1)).await, 0);
    assert_eq!(gone(MESSAGES_KEPT + TimeDelta::hours(1)).await, 1, "the message");
    assert_eq!(town.known().await, [Status::Passed]);
    town.form(&format!("{LIST}/{}/do/remove", source.id), "").await;
    assert_eq!(gone(TimeDelta::zero()).await, 1, "the source, of which nothing is left");
    let other = town.source("github").await;
    let (status, _) = town.github(&other, "d-1", &workflow(Some("success"), 9)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(gone(REPORTS_KEPT + TimeDelta::hours(1)).await, 2, "the message and the report");
    assert_eq!(town.known().await, []);
    let page = town.page(&format!("{LIST}/{}", other.id)).await;
    assert!(page.contains("No message was signed by it yet."), "it stands: {page}");
}
