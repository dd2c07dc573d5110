//! Availability over HTTP on a real Postgres: what pages and programs get, who may say what an
//! outage was, and what is refused. No leader runs here: minutes are decided as one would.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::availability::outage::{Account, OutageId, advance};
use mainstay_core::availability::{Cell, Minute, State};
use mainstay_core::fleet::read;
use mainstay_store::availability::{outage, roll};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
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
availability_target = 99.95
[[group]]
id = "social"
priority = 2
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
"#;
const WORDS: &str = "reason=a+test+of+the+whole";

struct Town {
    rig: Rig,
    id: OutageId,
}

struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Town {
    /// A hundred minutes, ten of them down and five not measured.
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        rig.state.control.estate.set_fleet(1, read::read(FLEET).unwrap());
        let until = Utc::now().duration_trunc(TimeDelta::minutes(1)).unwrap();
        let from = until - TimeDelta::minutes(100);
        let minutes: Vec<_> = (0..100).map(|n| minute(from, n)).collect();
        let minutes = &minutes;
        let id = rig.db.store.read_committed(|tx| {
            Box::pin(async move {
                roll::lock(tx, from).await?;
                roll::add(tx, minutes).await?;
                let mut first = None;
                for it in advance(Vec::new(), minutes, until) {
                    let id = outage::insert(tx, &it, &Account::default()).await?;
                    if it.down > 0 {
                        first = Some(id);
                    }
                }
                roll::move_on(tx, until).await?;
                Ok(first.unwrap())
            })
        });
        let id = id.await.unwrap();
        Self { rig, id }
    }

    async fn person(&self, name: &str, grants: Vec<Grant>) -> Person<'_> {
        let rig = &self.rig;
        let user = rig.user(name, grants).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Person { rig, cookie, csrf, bearer }
    }

    async fn last(&self) -> Option<(Action, Outcome)> {
        self.rig.latest().await.map(|(_, action, outcome)| (action, outcome))
    }

    fn path(&self) -> String {
        format!("/availability/outages/{}", self.id)
    }
}

fn minute(from: DateTime<Utc>, n: i64) -> Minute {
    let state = match n {
        20..30 => State::Down,
        50..55 => State::Unmeasured,
        60..62 => State::Planned,
        _ => State::Up,
    };
    Minute {
        at: from + TimeDelta::minutes(n),
        cell: Cell { service: "shop".parse().unwrap(), region: "north".parse().unwrap() },
        group: "store".parse().unwrap(),
        state,
        requests: 100,
        errors: if state == State::Down { 50 } else { 0 },
        datacenters: ["fra1".parse().unwrap()].into(),
    }
}

impl Person<'_> {
    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.rig.get(path, &self.cookie).await;
        (response.status(), text(response).await)
    }

    async fn json(&self, path: &str) -> Value {
        let request = Request::get(path).header(AUTHORIZATION, &self.bearer);
        let answer = self.rig.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_str(&text(answer).await).unwrap()
    }

    async fn post(&self, path: &str, fields: &str) -> axum::response::Response {
        let key = mainstay_control::access::random();
        let form = format!("csrf={}&key={key}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    async fn api(&self, path: &str, sent: Value) -> (StatusCode, Value) {
        let request = Request::post(path).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = self.rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        let status = answer.status();
        (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
    }
}

#[tokio::test]
async fn pages_and_programs_get_the_same_numbers() {
    let town = Town::new().await;
    let ann = town.person("ann", vec![grant(Role::Viewer)]).await;
    let told = ann.json("/api/v1/availability?window=24h").await;
    let figures = &told["figures"];
    assert_eq!((&figures["net"]["good"], &figures["net"]["total"]), (&json!(85), &json!(95)));
    assert_eq!((&figures["gross"]["good"], &figures["gross"]["total"]), (&json!(83), &json!(95)));
    assert_eq!(figures["tally"]["unmeasured"], 5);
    assert_eq!(figures["at_worst"]["total"], 100);
    assert_eq!(figures["requests"], json!({ "good": 9_500, "total": 10_000, "percent": 95.0 }));
    assert_eq!(figures["used_net_minutes"], 10.0);
    assert_eq!(figures["used_gross_minutes"], 12.0);
    assert_eq!(told["outages"].as_array().unwrap().len(), 3);
    assert_eq!(told["burns"][0]["windows"][0]["by_requests"], false);
    let (status, page) = ann.get("/availability?window=7d").await;
    assert_eq!(status, StatusCode::OK);
    for words in ["89.473%", "87.368%", "10 of 5 minutes used", "ou-1"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let (status, page) = ann.get("/availability?region=nowhere&window=5y").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("nowhere") && page.contains("5y"), "what is dropped is named");
    for path in ["/availability?region=north", "/availability?region=north&group=store"] {
        assert_eq!(ann.get(path).await.0, StatusCode::OK, "{path}");
    }
    let quiet = ann.json("/api/v1/availability?group=social").await;
    assert_eq!(
        (&quiet["figures"]["net"]["percent"], &quiet["outages"]),
        (&Value::Null, &json!([]))
    );
    let (status, page) = ann.get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Error budget 30 d"), "{page}");
    let (_, page) = ann.get("/find?q=availab").await;
    assert!(page.contains("/availability"), "{page}");
}

#[tokio::test]
async fn a_report_is_of_a_month_that_exists() {
    let town = Town::new().await;
    let ann = town.person("ann", vec![grant(Role::Auditor)]).await;
    let month = Utc::now().format("%Y-%m").to_string();
    let (status, page) = ann.get(&format!("/availability/reports/{month}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(&format!("Availability in {month}")) && page.contains("Not told yet"));
    let told = ann.json(&format!("/api/v1/availability/reports/{month}")).await;
    assert_eq!(told["month"], month);
    let before = ann.json("/api/v1/availability/reports/2020-01").await;
    assert_eq!(before["figures"]["net"]["percent"], Value::Null);
    for bad in ["2026-13", "last", "2026-1"] {
        let path = format!("/availability/reports/{bad}");
        assert_eq!(ann.get(&path).await.0, StatusCode::NOT_FOUND, "{bad}");
    }
}

#[tokio::test]
async fn a_correction_needs_a_role_and_a_reason_and_leaves_an_entry() {
    let town = Town::new().await;
    let path = town.path();
    let correct = format!("{path}/do/correct");
    let viewer = town.person("vic", vec![grant(Role::Viewer)]).await;
    let (status, page) = viewer.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("shop in north was down") && page.contains("Not told yet"), "{page}");
    let answer = viewer.post(&correct, &format!("cause=attack&{WORDS}")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(town.last().await, Some((Action::OutageCorrect, Outcome::Refused)));
    // An operator of another group.
    let scope = Scope { groups: ["social".parse().unwrap()].into(), ..Scope::default() };
    let other = town.person("otto", vec![Grant { role: Role::Operator, scope }]).await;
    let answer = other.post(&correct, &format!("cause=attack&{WORDS}")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(town.last().await, Some((Action::OutageCorrect, Outcome::Refused)));

    let ann = town.person("ann", vec![grant(Role::Operator)]).await;
    let before = town.rig.latest().await;
    for (fields, words) in [
        ("cause=attack&excluded=yes", "at least 10 characters"),
        ("cause=attack&reason=short", "at least 10 characters"),
        (&*format!("cause=bad+luck&{WORDS}"), "Choose one of the causes"),
        (&*format!("problem=12&{WORDS}"), "Write a problem like at-12"),
        (&*format!("problem=at-12&{WORDS}"), "no problem at-12"),
        (&*format!("rollout=ro-12&{WORDS}"), "no rollout ro-12"),
        (&*format!("run=fo-12&{WORDS}"), "no failover fo-12"),
        (WORDS, "othing differs"),
    ] {
        let answer = ann.post(&correct, fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
        let page = text(answer).await;
        assert!(page.contains(words), "{fields}: {page}");
    }
    assert_eq!(town.rig.latest().await, before, "nothing was changed");

    let answer = ann.post(&correct, &format!("cause=attack&excluded=yes&{WORDS}")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&answer), path);
    assert_eq!(town.last().await, Some((Action::OutageCorrect, Outcome::Done)));
    let told = ann.json("/api/v1/availability?window=24h").await;
    assert_eq!(told["figures"]["net"]["good"], 95, "it counts in gross only");
    assert_eq!(told["figures"]["gross"]["good"], 83);
    let (_, page) = ann.get(&path).await;
    assert!(page.contains("Attack") && page.contains("excluded from net"), "{page}");

    // Somebody else was faster.
    let late = json!({ "cause": "overload", "reason": "a test of the whole" });
    let (status, said) = ann.api(&format!("/api/v1{correct}"), late).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    let again = json!({
        "cause": "overload", "reason": "a test of the whole", "corrections": 1, "key": "once",
    });
    for _ in 0..2 {
        let (status, said) = ann.api(&format!("/api/v1{correct}"), again.clone()).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        assert_eq!(said["correction"]["old"]["cause"], "attack");
    }
    let shown = ann.json(&format!("/api/v1{path}")).await;
    assert_eq!(shown["corrections"].as_array().unwrap().len(), 2, "the same key does it once");
    assert_eq!(shown["account"]["cause"], "overload");
    assert_eq!(ann.get("/availability/outages/ou-999").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ann.get("/availability/outages/nonsense").await.0, StatusCode::NOT_FOUND);
}
