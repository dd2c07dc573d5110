//! Approvals over HTTP on a real Postgres: who may answer, what an answer does, and every way to
//! get around a second person.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::Response;
use chrono::{SubsecRound, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::{FRESH_MINUTES, Grant, Role};
use mainstay_core::approval::{ACT_VALID, Approval, ApprovalId, Kind, Reach, State, Subject, Wish};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::failover::{Run, RunId, State as RunState};
use mainstay_core::fleet::read;
use mainstay_core::id::{DatacenterId, UserName};
use mainstay_store::{access, approval as stored};
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
const PLAN: &str = "/failover/plans/fra1/do/start";
const OVERRIDES: &str = "reason=a+test+of+the+whole&confirm=fra1&override=lock&override=wait";
const WHY: &str = "reason=the+standby+is+behind";

struct Town {
    rig: Rig,
}

struct Person<'a> {
    rig: &'a Rig,
    name: UserName,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Town {
    /// Two data centres that are heard, and failovers locked: to start one overrides a rule.
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

    async fn person(&self, name: &str, roles: &[Role]) -> Person<'_> {
        let rig = &self.rig;
        let user = rig.user(name, roles.iter().copied().map(grant).collect()).await;
        self.session(name, &user).await
    }

    async fn session(&self, name: &str, user: &mainstay_core::access::User) -> Person<'_> {
        let rig = &self.rig;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(user).await);
        Person { rig, name: user.name.clone(), cookie, csrf, bearer }
    }

    async fn lock(&self, ann: &Person<'_>) {
        let gate = json!({ "gate": "lock", "reason": "a test of the lock" });
        let (status, said) = ann.api("/api/v1/failover/do/close-gate", gate).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
    }

    async fn approval(&self, path: &str) -> Approval {
        let id: ApprovalId = path.rsplit('/').next().unwrap().parse().unwrap();
        self.rig.state.control.approval(id).await.unwrap().unwrap()
    }

    async fn run(&self, approval: &Approval) -> Run {
        let Subject::Failover { run, .. } = approval.subject else { panic!("of a failover") };
        self.rig.state.control.failover(run).await.unwrap().unwrap()
    }

    async fn last(&self) -> Option<(Action, Outcome)> {
        self.rig.latest().await.map(|(_, action, outcome)| (action, outcome))
    }

    async fn grants(&self, name: &UserName) -> Vec<Grant> {
        let mut connection = self.rig.db.store.reads().acquire().await.unwrap();
        access::account(&mut connection, name).await.unwrap().unwrap().user.grants
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
        let shown = self.rig.shown(path, &self.cookie).await;
        let form = format!("csrf={}&key={key}{shown}&{fields}", self.csrf);
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

    /// Starts what overrides a rule; the page of its approval.
    async fn ask(&self) -> String {
        let answer = self.post(PLAN, OVERRIDES).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(answer).await);
        let run: RunId = location(&answer).rsplit('/').next().unwrap().parse().unwrap();
        let about = self.rig.state.control.approvals_about(&run.to_string()).await.unwrap();
        about.first().unwrap().path()
    }
}

#[tokio::test]
async fn a_yes_starts_what_was_asked_for_once() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    town.lock(&ann).await;
    let page = ann.ask().await;
    assert!(ben.get("/approvals").await.contains("Failover of fra1"));
    let shown = ben.get(&page).await;
    for words in ["a test of the whole", "Approve and start", "Bound to", "store: "] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let approve = format!("{page}/do/approve");
    // What is bound to something else is not approved.
    let other = ben.post(&approve, "hash=0000").await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert!(town.approval(&page).await.state.is_waiting());
    for _ in 0..2 {
        let answer = ben.post(&approve, "").await;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, &*page));
    }
    assert_eq!(town.last().await, Some((Action::FailoverAllow, Outcome::Done)));
    let approval = town.approval(&page).await;
    assert!(matches!(&approval.state, State::Approved { by, .. } if by == "ben"));
    let run = town.run(&approval).await;
    assert_eq!((run.state, run.allowed_by.as_deref()), (RunState::Running, Some("ben")));
    // It is over: nobody says anything to it any more.
    let cat = town.person("cat", &[Role::Approver]).await;
    for verb in ["approve", "refuse"] {
        let late = cat.post(&format!("{page}/do/{verb}"), WHY).await;
        assert_eq!(late.status(), StatusCode::CONFLICT, "{verb}");
    }
    assert!(cat.get("/approvals").await.contains("Answered or over"));
}

#[tokio::test]
async fn nobody_is_a_second_person_to_themselves() {
    let town = Town::new().await;
    // Ann may do everything, and is alone with that: whom she makes is hers.
    let ann = town.person("ann", &[Role::Admin]).await;
    town.lock(&ann).await;
    let page = ann.ask().await;
    let approve = format!("{page}/do/approve");
    assert!(!ann.get(&page).await.contains("do/approve"));
    assert_eq!(ann.post(&approve, "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(town.last().await, Some((Action::FailoverAllow, Outcome::Refused)));
    let (status, said) = ann.api(&format!("/api/v1{approve}"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
    // A second account of hers.
    let eve = json!({
        "name": "eve", "display_name": "Eve", "password": crate::rig_tests::PASSWORD,
        "grants": [{ "role": "approver" }],
    });
    let (status, said) = ann.api("/api/v1/users", eve).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let user = serde_json::from_value(said).unwrap();
    let eve = town.session("eve", &user).await;
    let puppet = eve.post(&approve, "").await;
    assert_eq!(puppet.status(), StatusCode::FORBIDDEN);
    assert!(text(puppet).await.contains("made your account"));
    // Somebody else's, whose password she set.
    let ben = town.person("ben", &[Role::Approver]).await;
    let set = format!("password={}", crate::rig_tests::PASSWORD.replace(' ', "+"));
    let reset = ann.post("/settings/users/ben/do/set-password", &set).await;
    assert_eq!(reset.status(), StatusCode::SEE_OTHER);
    let cookie = town.rig.sign_in("ben", "").await;
    let csrf = town.rig.form_token(&cookie).await;
    let taken = Person { cookie, csrf, ..ben };
    assert_eq!(taken.post(&approve, "").await.status(), StatusCode::FORBIDDEN);
    // Who holds no role for it, and who is only read to.
    let tom = town.person("tom", &[Role::Operator]).await;
    assert_eq!(tom.post(&approve, "").await.status(), StatusCode::FORBIDDEN);
    assert!(town.approval(&page).await.state.is_waiting());
    // To say no is nobody's privilege but theirs who may say yes.
    assert_eq!(tom.post(&format!("{page}/do/refuse"), WHY).await.status(), StatusCode::FORBIDDEN);
    let cat = town.person("cat", &[Role::Approver]).await;
    assert_eq!(cat.post(&approve, "").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_yes_needs_a_fresh_proof_and_a_token_has_none() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    town.lock(&ann).await;
    let page = ann.ask().await;
    let approve = format!("{page}/do/approve");
    let (status, said) = ben.api(&format!("/api/v1{approve}"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
    assert_eq!(town.last().await, Some((Action::FailoverAllow, Outcome::Refused)));
    let later = FRESH_MINUTES * 60 + 1;
    town.rig.ahead.store(later, Ordering::Relaxed);
    // Nobody follows the store here: it counts as read at that time.
    town.rig.state.control.estate.store_answered(Utc::now() + TimeDelta::seconds(later));
    let stale = ben.post(&approve, "").await;
    assert_eq!(stale.status(), StatusCode::SEE_OTHER);
    assert!(location(&stale).starts_with("/confirm?next="), "{}", location(&stale));
    assert!(town.approval(&page).await.state.is_waiting());
    assert!(ben.get(&page).await.contains("confirm that it is you"));
    // To stop something is not made harder.
    let no = ben.post(&format!("{page}/do/refuse"), WHY).await;
    assert_eq!(no.status(), StatusCode::SEE_OTHER);
    let approval = town.approval(&page).await;
    assert!(matches!(&approval.state, State::Refused { by, .. } if by == "ben"));
    assert!(town.run(&approval).await.is_over());
}

#[tokio::test]
async fn what_changed_since_is_void_and_what_is_late_is_over() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    town.lock(&ann).await;
    let page = ann.ask().await;
    let more =
        FLEET.replace("\"shop\"", "\"till\"").split_once("[[service]]").unwrap().1.to_owned();
    let fleet = read::read(&format!("{FLEET}[[service]]{more}")).unwrap();
    town.rig.state.control.estate.set_fleet(2, fleet);
    assert!(ben.get(&page).await.contains("not what was asked for any more"));
    let answer = ben.post(&format!("{page}/do/approve"), "").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(text(answer).await.contains("ask again"));
    let approval = town.approval(&page).await;
    assert!(matches!(approval.state, State::Void { .. }), "{:?}", approval.state);
    assert!(town.run(&approval).await.is_over());
    // Late by a minute.
    let at = Utc::now().trunc_subsecs(6) - ACT_VALID - TimeDelta::minutes(1);
    let subject = Subject::Grants {
        user: ann.name.clone(),
        revision: 1,
        before: Vec::new(),
        after: vec![grant(Role::Admin)],
    };
    let wish = &Wish {
        kind: Kind::Permission,
        hash: subject.hash(),
        subject,
        reach: Reach::default(),
        by: "cat".to_owned(),
        reason: String::new(),
        at,
        until: at + ACT_VALID,
    };
    let asked = town
        .rig
        .db
        .store
        .read_committed(|tx| Box::pin(async move { stored::insert(tx, wish).await }));
    let late = asked.await.unwrap().unwrap().path();
    let dan = town.person("dan", &[Role::Admin]).await;
    let shown = dan.get(&late).await;
    assert!(shown.contains("Expired") && !shown.contains("do/approve"), "{shown}");
    let answer = dan.post(&format!("{late}/do/approve"), "").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Refused)));
    assert_eq!(town.grants(&ann.name).await, [grant(Role::Operator)]);
}

#[tokio::test]
async fn whoever_asked_takes_it_back_and_nobody_else() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    town.lock(&ann).await;
    let page = ann.ask().await;
    let withdraw = format!("{page}/do/withdraw");
    assert_eq!(ben.post(&withdraw, "").await.status(), StatusCode::FORBIDDEN);
    let short = ben.post(&format!("{page}/do/refuse"), "reason=no").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(ann.get(&page).await.contains("Take it back"));
    assert_eq!(ann.post(&withdraw, "").await.status(), StatusCode::SEE_OTHER);
    let approval = town.approval(&page).await;
    assert!(matches!(&approval.state, State::Withdrawn { by, .. } if by == "ann"));
    assert!(town.run(&approval).await.is_over());
    let late = ben.post(&format!("{page}/do/approve"), "").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    // By a program too.
    let page = ann.ask().await;
    let (status, said) = ann.api(&format!("/api/v1{page}/do/withdraw"), json!({})).await;
    assert_eq!((status, &said["approval"]["state"]["kind"]), (StatusCode::OK, &json!("withdrawn")));
}

#[tokio::test]
async fn an_emergency_is_looked_at_afterwards_by_somebody_else() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Admin]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    town.lock(&ann).await;
    let answer = ann.post(PLAN, &format!("{OVERRIDES}&emergency=yes")).await;
    let run = location(&answer).rsplit('/').next().unwrap().to_owned();
    let about = town.rig.state.control.approvals_about(&run).await.unwrap();
    let review = about.first().unwrap();
    assert_eq!(review.kind, Kind::Review);
    assert_eq!(town.run(review).await.state, RunState::Running);
    let (page, approve) = (review.path(), format!("{}/do/approve", review.path()));
    assert_eq!(ann.post(&approve, "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Refused)));
    let shown = ben.get(&page).await;
    assert!(shown.contains("in an emergency") && shown.contains("It was not right"), "{shown}");
    assert_eq!(ben.post(&approve, "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Done)));
    assert!(ann.get(&page).await.contains("ben looked at it and found it right"));
}

#[tokio::test]
async fn rights_are_given_by_two_and_taken_by_one() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Admin]).await;
    let ben = town.person("ben", &[Role::Admin]).await;
    let tom = town.person("tom", &[Role::Viewer]).await;
    let viewer = grant(Role::Viewer);
    let operator = grant(Role::Operator);
    let ask = async |revision: i64| {
        let change = json!({ "revision": revision, "grants": [viewer, operator] });
        let (status, said) = ann.api("/api/v1/users/tom/do/change-roles", change).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        (format!("/approvals/{}", said["approval"].as_str().unwrap()), said)
    };
    let (page, said) = ask(1).await;
    assert_eq!(said["grants"].as_array().unwrap().len(), 1, "nothing yet: {said}");
    assert!(ann.get("/settings/users/tom").await.contains("wait for a second admin"));
    assert!(ben.get(&page).await.contains("operator everywhere"));
    assert_eq!(ann.post(&format!("{page}/do/approve"), "").await.status(), StatusCode::FORBIDDEN);
    // Asked for again with something else: only that counts.
    let (newer, _) = ask(said["revision"].as_i64().unwrap()).await;
    assert!(matches!(town.approval(&page).await.state, State::Void { .. }), "{page} {newer}");
    let late = ben.post(&format!("{page}/do/approve"), "").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    // Both say yes at once: it is done once.
    let dan = town.person("dan", &[Role::Admin]).await;
    let approve = format!("{newer}/do/approve");
    let (first, second) = tokio::join!(ben.post(&approve, ""), dan.post(&approve, ""));
    let mut answers = [first.status(), second.status()];
    answers.sort();
    assert_eq!(answers, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    assert_eq!(town.grants(&tom.name).await, [viewer.clone(), operator.clone()]);
    // Fewer rights count at once.
    let user = ann.get("/settings/users/tom").await;
    let (_, after) = user.split_once(r#"name="revision" value=""#).unwrap();
    let revision: i64 = after.split('"').next().unwrap().parse().unwrap();
    let less = json!({ "revision": revision, "grants": [viewer] });
    let (status, said) = ann.api("/api/v1/users/tom/do/change-roles", less).await;
    assert_eq!((status, said.get("approval")), (StatusCode::OK, None), "{said}");
    assert_eq!(town.grants(&tom.name).await, std::slice::from_ref(&viewer));
    // What was changed in between is not given.
    let (page, said) = ask(said["revision"].as_i64().unwrap()).await;
    let revision = said["revision"].as_i64().unwrap();
    let off = json!({ "revision": revision });
    let (status, _) = ben.api("/api/v1/users/tom/do/disable", off).await;
    assert_eq!(status, StatusCode::OK);
    let answer = ben.post(&format!("{page}/do/approve"), "").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(matches!(town.approval(&page).await.state, State::Void { .. }));
    assert_eq!(town.grants(&tom.name).await, [viewer]);
}

#[tokio::test]
async fn a_new_account_gets_its_rights_from_two() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Admin]).await;
    let ben = town.person("ben", &[Role::Admin]).await;
    let new = json!({
        "name": "eve", "display_name": "Eve", "password": crate::rig_tests::PASSWORD,
        "grants": [{ "role": "viewer" }, { "role": "admin" }],
    });
    let (status, said) = ann.api("/api/v1/users", new).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let eve = UserName::new("eve").unwrap();
    assert_eq!(town.grants(&eve).await, [grant(Role::Viewer)]);
    let page = format!("/approvals/{}", said["approval"].as_str().unwrap());
    let answer = ben.post(&format!("{page}/do/approve"), "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::ApprovalGive, Outcome::Done)));
    assert_eq!(town.grants(&eve).await, [grant(Role::Viewer), grant(Role::Admin)]);
}

#[tokio::test]
async fn addresses_of_nothing_are_not_found() {
    let town = Town::new().await;
    let ben = town.person("ben", &[Role::Approver]).await;
    for path in ["/approvals/ap-9", "/approvals/9", "/approvals/ap-x"] {
        assert_eq!(town.rig.get(path, &ben.cookie).await.status(), StatusCode::NOT_FOUND, "{path}");
        let answer = ben.post(&format!("{path}/do/approve"), "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(ben.get("/approvals").await.contains("Nothing waits for a second person."));
}
