//! Planned events over HTTP on a real Postgres: what each way of asking leaves, who may, what holds
//! a start back, and waivers by a second person.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::approval::ApprovalId;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::fleet::read;
use mainstay_core::id::DatacenterId;
use mainstay_core::planned::{EventId, PlannedEvent, State};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

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
nodes = 2
version = "1.0.0"
"#;
const WHY: &str = "a reason that says enough";
const LIST: &str = "/api/v1/events";

struct Town {
    rig: Rig,
}

struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Town {
    /// Two data centres that are heard and run nothing: the nodes of `shop` are an open check.
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        let control = &rig.state.control;
        control.estate.set_fleet(1, read::read(FLEET).unwrap());
        for id in ["fra1", "osl1"] {
            let datacenter: DatacenterId = id.parse().unwrap();
            let link = control.ingest.open(&datacenter, "0.1.0", Utc::now());
            let full = mainstay_wire::Report { seq: 1, full: true, ..Default::default() };
            // Heard for as long as the test takes.
            control.ingest.report(&link, full, Utc::now() + TimeDelta::minutes(5)).unwrap();
        }
        Self { rig }
    }

    async fn person(&self, name: &str, role: Role) -> Person<'_> {
        let rig = &self.rig;
        let user = rig.user(name, vec![grant(role)]).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Person { rig, cookie, csrf, bearer }
    }

    async fn last(&self) -> Option<(Action, Outcome)> {
        self.rig.latest().await.map(|(_, action, outcome)| (action, outcome))
    }

    /// One entry more than `before`, of this action.
    async fn left(&self, before: &mut i64, action: Action, outcome: Outcome) {
        let (id, is, how) = self.rig.latest().await.unwrap();
        assert_eq!((is, how), (action, outcome));
        assert_eq!(id, *before + 1, "{action:?} leaves one entry");
        *before = id;
    }

    async fn event(&self, id: &str) -> PlannedEvent {
        let id: EventId = id.parse().unwrap();
        self.rig.state.control.planned_event(id).await.unwrap().unwrap()
    }

    async fn newest(&self) -> i64 {
        self.rig.latest().await.map_or(0, |(id, ..)| id)
    }
}

impl Person<'_> {
    async fn get(&self, path: &str) -> String {
        let response = self.rig.get(path, &self.cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        text(response).await
    }

    async fn post(&self, path: &str, fields: &str) -> Response {
        let key = mainstay_control::access::random();
        let form = format!("csrf={}&key={key}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
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

    /// Plans an event; its id.
    async fn plan(&self, content: Value) -> String {
        let (status, said) = self.api(LIST, json!({ "event": content })).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        said["event"]["id"].as_str().unwrap().to_owned()
    }
}

/// A work on the network in some minutes; everything is written that has to be.
fn content(minutes: i64) -> Value {
    let from = Utc::now() + TimeDelta::minutes(minutes);
    json!({
        "title": "New switches",
        "what": "The switches of one rack are replaced",
        "kind": "infrastructure-update",
        "from": from,
        "until": from + TimeDelta::hours(2),
        "datacenters": ["fra1"],
        "out_of_traffic": true,
        "compatible": true,
        "way_back": "The old ones are put back",
    })
}

fn form(from: &str, until: &str) -> String {
    let fields = [
        ("title", "New switches"),
        ("what", "One rack <script>"),
        ("kind", "infrastructure-update"),
        ("from", from),
        ("until", until),
        ("datacenters", "fra1"),
        ("way_back", "The old ones are put back"),
        ("compatible", "yes"),
    ];
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn typed(minutes: i64) -> String {
    let moment = |minutes| Utc::now() + TimeDelta::minutes(minutes);
    let write = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    form(&write(moment(minutes)), &write(moment(minutes + 60)))
}

#[tokio::test]
async fn each_way_of_asking_leaves_one_entry() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let mut newest = town.newest().await;
    let (done, refused) = (Outcome::Done, Outcome::Refused);
    let planned = ann.post("/events/do/plan", &typed(30)).await;
    assert_eq!(planned.status(), StatusCode::SEE_OTHER, "{}", text(planned).await);
    let page = location(&planned).to_owned();
    town.left(&mut newest, Action::EventPlan, done).await;
    let id = ann.plan(content(10)).await;
    town.left(&mut newest, Action::EventPlan, done).await;
    let api = format!("{LIST}/{id}/do");
    assert_eq!(ann.post(&format!("{page}/do/change"), &typed(40)).await.status(), 303);
    town.left(&mut newest, Action::EventChange, done).await;
    let mut other = content(10);
    other["title"] = "Newer switches".into();
    let (status, said) = ann.api(&format!("{api}/change"), json!({ "event": other })).await;
    assert_eq!((status, &said["event"]["revision"]), (StatusCode::OK, &json!(2)));
    town.left(&mut newest, Action::EventChange, done).await;
    let tick = "check=pre-production&note=it+ran+there+for+a+week";
    assert_eq!(ann.post(&format!("{page}/do/tick"), tick).await.status(), 303);
    town.left(&mut newest, Action::EventTick, done).await;
    let tick = json!({ "check": "pre-production", "note": WHY });
    assert_eq!(ann.api(&format!("{api}/tick"), tick).await.0, StatusCode::OK);
    town.left(&mut newest, Action::EventTick, done).await;
    // The nodes do not serve: no start, by either way.
    let refusal = ann.post(&format!("{page}/do/start"), "").await;
    assert_eq!(refusal.status(), StatusCode::CONFLICT);
    town.left(&mut newest, Action::EventStart, refused).await;
    let (status, said) = ann.api(&format!("{api}/start"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(said["detail"].as_str().unwrap().contains("nodes"), "{said}");
    town.left(&mut newest, Action::EventStart, refused).await;
    let until = Utc::now() + TimeDelta::hours(1);
    let waive = json!({ "check": "nodes", "reason": WHY, "until": until });
    assert_eq!(ann.api(&format!("{api}/waive"), waive).await.0, StatusCode::OK);
    town.left(&mut newest, Action::EventWaive, done).await;
    let until = until.format("%Y-%m-%d+%H:%M");
    let waive = format!("waive=nodes&reason=nobody+is+there+yet&until={until}");
    let asked = ann.post(&format!("{page}/do/waive"), &waive).await;
    assert_eq!(asked.status(), StatusCode::SEE_OTHER, "{}", text(asked).await);
    town.left(&mut newest, Action::EventWaive, done).await;
    for (verb, action) in [("end", Action::EventEnd), ("cancel", Action::EventCancel)] {
        let outcome = if verb == "end" { refused } else { done };
        ann.post(&format!("{page}/do/{verb}"), "why=it+is+not+needed").await;
        town.left(&mut newest, action, outcome).await;
        ann.api(&format!("{api}/{verb}"), json!({ "reason": WHY })).await;
        town.left(&mut newest, action, outcome).await;
    }
    let shown = ann.get(&page).await;
    for words in ["Cancelled", "One rack &lt;script&gt;", "Oslo", "Ticked a check of an event"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let list = ann.get("/events").await;
    assert!(list.contains("Newer switches") && list.contains("Nothing is planned."), "{list}");
}

#[tokio::test]
async fn a_waiver_counts_once_a_second_person_agreed() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Admin).await;
    let ben = town.person("ben", Role::Approver).await;
    let id = ann.plan(content(5)).await;
    let path = format!("/events/{id}");
    let tick = "check=pre-production&note=it+ran+there+for+a+week";
    assert_eq!(ann.post(&format!("{path}/do/tick"), tick).await.status(), 303);
    let until = (Utc::now() + TimeDelta::hours(1)).format("%Y-%m-%d+%H:%M").to_string();
    let waive = format!("waive=nodes&reason=nobody+is+there+yet&until={until}");
    let asked = ann.post(&format!("{path}/do/waive"), &waive).await;
    let approval = location(&asked).to_owned();
    assert!(approval.starts_with("/approvals/ap-"), "{approval}");
    let start = format!("{path}/do/start");
    let names = text(ann.post(&start, "").await).await;
    assert!(names.contains("Open checks: nodes;"), "{names}");
    // Not by whoever asked, and not by a program.
    let approve = format!("{approval}/do/approve");
    assert_eq!(ann.post(&approve, "").await.status(), StatusCode::FORBIDDEN);
    let (status, _) = ben.api(&format!("/api/v1{approve}"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(ann.post(&start, "").await.status(), StatusCode::CONFLICT);
    let shown = ben.get(&approval).await;
    assert!(shown.contains("may start although"), "{shown}");
    assert_eq!(ben.post(&approve, "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Done)));
    assert!(ann.get(&path).await.contains("Waived until"));
    let begun = ann.post(&start, "").await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER, "{}", text(begun).await);
    let State::Running { by, waived, .. } = town.event(&id).await.state else { panic!("it runs") };
    assert_eq!((&*by, waived.len()), ("ann", 1));
    let said = ann.post(&format!("{path}/do/end"), "said=all+went+well").await;
    assert_eq!(said.status(), StatusCode::SEE_OTHER);
    assert!(ann.get(&path).await.contains("all went well"));
}

#[tokio::test]
async fn a_change_voids_what_was_asked_for_and_ticked() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let ben = town.person("ben", Role::Approver).await;
    let id = ann.plan(content(5)).await;
    let api = format!("{LIST}/{id}/do");
    let tick = json!({ "check": "pre-production", "note": WHY });
    assert_eq!(ann.api(&format!("{api}/tick"), tick).await.0, StatusCode::OK);
    let until = Utc::now() + TimeDelta::hours(1);
    let waive = json!({ "check": "nodes", "reason": WHY, "until": until });
    let (_, said) = ann.api(&format!("{api}/waive"), waive).await;
    let approval: ApprovalId = said["approval"]["id"].as_str().unwrap().parse().unwrap();
    let change = json!({ "event": content(6), "revision": 2 });
    let (status, said) = ann.api(&format!("{api}/change"), change).await;
    assert_eq!((status, &said["event"]["ticks"]), (StatusCode::OK, &json!({})));
    let path = format!("/approvals/{approval}");
    assert!(ben.get(&path).await.contains("was changed since"));
    let answer = ben.post(&format!("{path}/do/approve"), "").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Refused)));
    let settled = town.rig.state.control.approval(approval).await.unwrap().unwrap();
    assert_eq!(settled.state.name(), "void");
    // Whoever saw the older one is told.
    let stale = json!({ "event": content(7), "revision": 2 });
    let (status, said) = ann.api(&format!("{api}/change"), stale).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(said["detail"].as_str().unwrap().contains("changed meanwhile"), "{said}");
}

#[tokio::test]
async fn only_who_operates_all_of_it_may() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let id = ann.plan(content(5)).await;
    let path = format!("/events/{id}");
    for (name, role) in [("val", Role::Viewer), ("ben", Role::Approver)] {
        let other = town.person(name, role).await;
        assert!(other.get(&path).await.contains("disabled"));
        assert!(!other.get(&path).await.contains("do/tick"));
        let (status, _) = other.api(LIST, json!({ "event": content(5) })).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
        for verb in ["change", "tick", "start", "end", "cancel", "waive"] {
            let answer = other.post(&format!("{path}/do/{verb}"), &typed(30)).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name} {verb}");
        }
    }
    assert_eq!(town.event(&id).await.revision, 1);
}

#[tokio::test]
async fn what_is_wrong_stays_as_it_was_typed() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    for (from, until, words) in [
        ("2020-01-01 10:00", "2020-01-01 12:00", "Write a begin that is in the future."),
        ("soon", "later", "Write a time like 2026-12-24 18:00, in UTC."),
    ] {
        let wrong = ann.post("/events/do/plan", &form(from, until)).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let shown = text(wrong).await;
        for words in [words, from, until, "One rack &lt;script&gt;"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
    let mut long = content(5);
    long["until"] = json!(Utc::now() + TimeDelta::days(30));
    long["services"] = json!({ "nobody": null });
    let (status, said) = ann.api(LIST, json!({ "event": long })).await;
    let detail = said["detail"].as_str().unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail.contains("7 days") && detail.contains("nobody is no service"), "{detail}");
    let id = ann.plan(content(5)).await;
    let short = ann.post(&format!("/events/{id}/do/cancel"), "why=no").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(short).await.contains(r#"value="no""#));
}

#[tokio::test]
async fn the_same_sent_twice_is_one_and_a_collision_is_named() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let ask = json!({ "event": content(5), "key": "the-same" });
    let (_, first) = ann.api(LIST, ask.clone()).await;
    let (status, again) = ann.api(LIST, ask).await;
    assert_eq!((status, &first), (StatusCode::OK, &again));
    let mut other = content(30);
    other["datacenters"] = json!(["osl1"]);
    let second = ann.plan(other).await;
    let first = first["event"]["id"].as_str().unwrap();
    let shown = ann.get(&format!("/events/{second}")).await;
    let words = format!("overlaps {first}; together they leave no data centre for store");
    assert!(shown.to_lowercase().contains(&words), "{shown}");
    assert!(ann.get("/").await.contains("Next 24 hours"));
    assert!(ann.get("/events?month=2026-12").await.contains("Dec 2026"));
}
