//! Planned drills over HTTP on a real Postgres: who may plan and cancel one, what is said of what
//! was typed wrongly, and what it leaves. No leader runs here: nothing begins.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use axum::response::Response;
use chrono::{DurationRound as _, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::failover::preview::Verdict;
use mainstay_core::failover::readiness::Away;
use mainstay_core::fleet::read;
use mainstay_store::readiness;
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
const PLAN: &str = "/failover/do/plan-drill";
const CANCEL: &str = "/failover/do/cancel-drill";

struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

async fn town() -> Rig {
    let rig = Rig::new(false).await;
    let control = &rig.state.control;
    control.estate.set_fleet(1, read::read(FLEET).unwrap());
    for id in ["fra1", "osl1"] {
        let datacenter = id.parse().unwrap();
        let link = control.ingest.open(&datacenter, "0.1.0", Utc::now());
        let full = mainstay_wire::Report { seq: 1, full: true, ..Default::default() };
        control.ingest.report(&link, full, Utc::now() + TimeDelta::minutes(5)).unwrap();
    }
    rig
}

async fn person<'a>(rig: &'a Rig, name: &str, grants: Vec<Grant>) -> Person<'a> {
    let user = rig.user(name, grants).await;
    let cookie = rig.sign_in(name, "").await;
    let csrf = rig.form_token(&cookie).await;
    let bearer = format!("Bearer {}", rig.token(&user).await);
    Person { rig, cookie, csrf, bearer }
}

impl Person<'_> {
    async fn post(&self, path: &str, fields: &str) -> Response {
        let key = mainstay_control::access::random();
        let form = format!("csrf={}&key={key}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    async fn api(&self, path: &str, sent: Value) -> (StatusCode, Value) {
        let request = Request::post(format!("/api/v1{path}")).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = self.rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        let status = answer.status();
        (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
    }

    async fn list(&self) -> Value {
        let request = Request::get("/api/v1/failover").header(AUTHORIZATION, &self.bearer);
        let answer = self.rig.send(request.body(Body::empty()).unwrap()).await;
        serde_json::from_str(&text(answer).await).unwrap()
    }
}

async fn last(rig: &Rig) -> Option<(Action, Outcome)> {
    rig.latest().await.map(|(_, action, outcome)| (action, outcome))
}

#[tokio::test]
async fn a_drill_is_planned_and_cancelled_each_way_and_leaves_an_entry() {
    let rig = town().await;
    let ann = person(&rig, "ann", vec![grant(Role::Operator)]).await;
    let good = "drill-what=fra1&drill-at=2027-06-01+03:00&drill-reason=the+drill+of+the+quarter";
    let day = (Utc::now() + TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    let good = good.replace("2027-06-01", &day);
    for (fields, words) in [
        (good.replace("fra1", "mars1"), "mars1"),
        (good.replace(&day, "soon"), "2026-12-24 18:00"),
        (good.replace(&day, "2020-01-01"), "in the future"),
        (good.replace("the+drill+of+the+quarter", "no"), "at least 10"),
    ] {
        let answer = ann.post(PLAN, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
        let page = text(answer).await;
        assert!(page.contains(words), "{fields}: {page}");
    }
    assert_eq!(ann.list().await["drills"], json!([]));
    let answer = ann.post(PLAN, &good).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/failover"));
    assert_eq!(last(&rig).await, Some((Action::FailoverDrillPlan, Outcome::Done)));
    let at = Utc::now() + TimeDelta::days(1);
    let sent = json!({ "what": "north", "at": at, "reason": "a test of the whole", "key": "k" });
    for _ in 0..2 {
        let (status, said) = ann.api(PLAN, sent.clone()).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        assert_eq!((&said["drill"]["id"], &said["drill"]["by"]), (&json!("dr-2"), &json!("ann")));
    }
    let told = ann.list().await;
    let ids: Vec<_> = told["drills"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["dr-2", "dr-1"], "the next first");
    assert_eq!(told["drills"][0]["what"], "fra1,osl1");
    let page = text(rig.get("/failover", &ann.cookie).await).await;
    assert!(page.contains("the drill of the quarter") && page.contains("Cancel dr-1"), "{page}");

    let answer = ann.post(CANCEL, "drill=dr-1").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::FailoverDrillCancel, Outcome::Done)));
    let (status, _) = ann.api(CANCEL, json!({ "drill": "dr-2" })).await;
    assert_eq!(status, StatusCode::OK);
    let (status, said) = ann.api(CANCEL, json!({ "drill": "dr-2" })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    assert_eq!(last(&rig).await, Some((Action::FailoverDrillCancel, Outcome::Refused)));
    assert_eq!(ann.api(CANCEL, json!({ "drill": "dr-9" })).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ann.post(CANCEL, "drill=nonsense").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ann.list().await["drills"][0]["state"], "cancelled");
}

#[tokio::test]
async fn whoever_may_not_move_a_group_plans_no_drill_of_it_and_cancels_none() {
    let rig = town().await;
    let ann = person(&rig, "ann", vec![grant(Role::Operator)]).await;
    let scope = Scope { groups: ["social".parse().unwrap()].into(), ..Scope::default() };
    let otto = person(&rig, "otto", vec![Grant { role: Role::Operator, scope }]).await;
    let vic = person(&rig, "vic", vec![grant(Role::Viewer)]).await;
    let at = Utc::now() + TimeDelta::days(1);
    let sent = json!({ "what": "fra1", "at": at, "reason": "a test of the whole" });
    assert_eq!(ann.api(PLAN, sent.clone()).await.0, StatusCode::OK);
    for other in [&otto, &vic] {
        assert_eq!(other.api(PLAN, sent.clone()).await.0, StatusCode::FORBIDDEN);
        assert_eq!(last(&rig).await, Some((Action::FailoverDrillPlan, Outcome::Refused)));
        let cancel = json!({ "drill": "dr-1" });
        assert_eq!(other.api(CANCEL, cancel).await.0, StatusCode::FORBIDDEN);
        assert_eq!(last(&rig).await, Some((Action::FailoverDrillCancel, Outcome::Refused)));
    }
    assert_eq!(ann.list().await["drills"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn readiness_over_time_stands_on_the_page_and_in_its_json() {
    let rig = town().await;
    let ann = person(&rig, "ann", vec![grant(Role::Viewer)]).await;
    assert_eq!(ann.list().await["readiness"], json!([]));
    let away = |text: &str| text.parse::<Away>().unwrap();
    let begun = (Utc::now() - TimeDelta::hours(3)).duration_trunc(TimeDelta::hours(1)).unwrap();
    for minute in 0..40 {
        let bad = if minute < 10 { Verdict::NotReady } else { Verdict::Warnings };
        let judged = &[
            (away("region/north"), Verdict::Ready),
            (away("dc/fra1"), bad),
            (away("dc/gone"), Verdict::Ready),
        ];
        let at = begun + TimeDelta::minutes(minute);
        let added = rig
            .db
            .store
            .read_committed(|tx| Box::pin(async move { readiness::add(tx, at, judged).await }));
        added.await.unwrap();
    }
    let told = ann.list().await;
    let rows = told["readiness"].as_array().unwrap();
    let places: Vec<_> = rows.iter().map(|row| &row["place"]).collect();
    assert_eq!(places, ["region/north", "dc/fra1"], "what is gone is not told of");
    let minutes = &rows[1]["minutes"];
    assert_eq!((&minutes["not_ready"], &minutes["warnings"]), (&json!(10), &json!(30)));
    assert!(minutes["unjudged"].as_u64().unwrap() >= 120, "{minutes}");
    assert!(rows[1]["score_percent"].as_f64().unwrap() < 20.0, "{rows:?}");
    let page = text(rig.get("/failover", &ann.cookie).await).await;
    assert!(page.contains("Readiness over 30 days") && page.contains("b-crit"), "{page}");
}

#[tokio::test]
async fn what_repeats_is_listed_with_when_it_is_due_and_who_answers_for_it() {
    let rig = town().await;
    let drill = "[[drill]]\nid = \"monthly\"\ndatacenters = [\"fra1\"]\ngroup = \"store\"\n\
                 every_days = 28\non = [\"tuesday\"]\nwindow = \"02:00-04:00\"\n\
                 owner = \"platform\"\n";
    let fleet = read::read(&format!("{FLEET}{drill}")).unwrap();
    rig.state.control.estate.set_fleet(2, fleet);
    let ann = person(&rig, "ann", vec![grant(Role::Operator)]).await;
    let page = text(rig.get("/failover", &ann.cookie).await).await;
    for shown in [
        "Drills that repeat",
        "Overdue",
        "every 28 days, on Tuesday, 02:00 to 04:00 there",
        "platform",
        "never carried out",
        "Somebody starts it from its plan.",
        "/failover/plans/fra1?group=store",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let data = text(rig.get("/api/v1/failover", &ann.cookie).await).await;
    let data: Value = serde_json::from_str(&data).unwrap();
    let row = &data["routines"][0];
    assert_eq!((&row["id"], &row["state"]), (&json!("monthly"), &json!("overdue")));
    assert_eq!((&row["owner"], &row["by_itself"]), (&json!("platform"), &json!(false)));
}
