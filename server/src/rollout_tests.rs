//! Rollouts over HTTP on a real Postgres: every refusal says what to do and does nothing, what is
//! sent twice is done once, and a stale page is told who did what.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::access::By;
use mainstay_core::access::{Grant, Role, Scope};
use mainstay_core::approval::Kind;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::bench::{Bench, BenchResult, CheckResult, TestReport, TestState};
use mainstay_core::id::{GroupId, ServiceId};
use mainstay_core::rollout::State;
use mainstay_store::{StoreError, bench};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const FLEET: &str = include_str!("../../tests/fleets/small.toml");
const SERVICE: &str = "feed";
const START: &str = "/services/feed/do/start-rollout";
/// A start of 2.15.0 that nothing speaks against.
const WHOLE: &str = "version=2.15.0&config=yes&schema=none";

/// A fleet in force, and a version of `feed` that passed its bench.
async fn rig() -> Rig {
    let rig = Rig::new(false).await;
    let control = &rig.state.control;
    control.apply_fleet(&By::system("test"), FLEET, 0, Some("for the tests")).await.unwrap();
    passed(&rig, "2.15.0").await;
    rig
}

async fn passed(rig: &Rig, version: &str) {
    let now = Utc::now();
    let service = ServiceId::new(SERVICE).unwrap();
    let result = BenchResult {
        service: service.clone(),
        version: version.to_owned(),
        datacenter: "fra1".parse().unwrap(),
        report: TestReport {
            id: format!("bench-{version}"),
            service,
            version: version.to_owned(),
            state: TestState::Running,
            started_at: now,
            ended_at: None,
            results: Vec::new(),
        },
        asked_by: "test".to_owned(),
        asked_at: now,
        expires_at: None,
    };
    let fleet = rig.state.control.estate.snapshot(now).estate.fleet;
    let passed = |check| CheckResult { check, passed: true, seen: "200 after 2 ms".to_owned() };
    let results = Bench::of(&fleet, &result.service).checks.into_iter().map(passed).collect();
    let report = TestReport { state: TestState::Passed, results, ..result.report.clone() };
    let (result, report, until) = (&result, &report, Some(now + TimeDelta::hours(1)));
    let store = &rig.db.store;
    store
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

/// Somebody in a browser.
struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
}

impl<'a> Person<'a> {
    async fn new(rig: &'a Rig, name: &str, grants: Vec<Grant>) -> Self {
        rig.user(name, grants).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        Self { rig, cookie, csrf }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.rig.get(path, &self.cookie).await;
        (response.status(), text(response).await)
    }

    async fn post(&self, path: &str, fields: &str) -> Response {
        let form = format!("csrf={}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let (_, after) = page.split_once(&format!(r#"name="{name}" value=""#)).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// Starts a rollout as a person does: asks, sees, confirms. Its page's address.
async fn started(person: &Person<'_>) -> String {
    started_as(person, WHOLE).await
}

async fn started_as(person: &Person<'_>, whole: &str) -> String {
    let (status, page) = person.get(&format!("{START}?{whole}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let (hash, key) = (field(&page, "hash"), field(&page, "key"));
    let done = person.post(START, &format!("{whole}&hash={hash}&key={key}")).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let again = person.post(START, &format!("{whole}&hash={hash}&key={key}")).await;
    assert_eq!(location(&again), location(&done), "sent twice, started once");
    location(&done).to_owned()
}

#[tokio::test]
async fn a_start_is_seen_confirmed_and_done_once() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let (_, form) = ann.get(START).await;
    assert!(form.contains("Passed the staging bench: 2.15.0."), "{form}");
    let (_, page) = ann.get(&format!("{START}?{WHOLE}")).await;
    for words in ["2.14.0 → 2.15.0", "Smallest regression that each step detects"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let rollout = started(&ann).await;
    let (status, page) = ann.get(&rollout).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("If you roll back") && page.contains("Started"), "{page}");
    for path in ["/steps/1", "/analysis/errors", "/do/roll-back", "/do/pause"] {
        let (status, _) = ann.get(&format!("{rollout}{path}")).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    for path in ["/steps/99", "/analysis/p42", "/conditions/9", "/conditions/0", "/do/explode"] {
        let (status, _) = ann.get(&format!("{rollout}{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let newest = rig.get("/services/feed/rollout", &ann.cookie).await;
    assert_eq!((newest.status(), location(&newest)), (StatusCode::FOUND, rollout.as_str()));
    let (_, list) = ann.get("/rollouts").await;
    assert!(list.contains(rollout.trim_start_matches("/rollouts/")), "{list}");
}

/// What a rollout is in, by its page's address.
async fn state_of(rig: &Rig, rollout: &str) -> State {
    let id = rollout.rsplit('/').next().unwrap().parse().unwrap();
    rig.state.control.rollout(id).await.unwrap().unwrap().state
}

/// Fields of the review of going back, as whoever read it sends them.
async fn review(person: &Person<'_>, rollout: &str) -> (String, String) {
    let path = format!("{rollout}/do/roll-back");
    let (status, page) = person.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let hidden = ["key", "plan", "revision"].map(|name| format!("{name}={}", field(&page, name)));
    let typed = "confirm=feed&reason=the+new+version+is+wrong";
    (page, format!("{}&{typed}", hidden.join("&")))
}

#[tokio::test]
async fn going_back_past_a_schema_that_cannot_be_read_needs_a_second_person() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator), grant(Role::Approver)]).await;
    let ben = Person::new(&rig, "ben", vec![grant(Role::Approver)]).await;
    let whole = "version=2.15.0&config=yes&schema=irreversible";
    let rollout = started_as(&ann, whole).await;
    let (page, form) = review(&ann, &rollout).await;
    for words in ["a second person is asked", "name=\"emergency\""] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let path = format!("{rollout}/do/roll-back");
    let answer = ann.post(&path, &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(answer).await);
    let approval = location(&answer).to_owned();
    assert!(approval.starts_with("/approvals/"), "{approval}");
    assert!(!matches!(state_of(&rig, &rollout).await, State::RollingBack { .. }));
    // Whoever asked is no second person, with the role or without.
    let approve = format!("{approval}/do/approve");
    let own = ann.post(&approve, "key=own").await;
    assert_eq!(own.status(), StatusCode::FORBIDDEN);
    let (status, shown) = ben.get(&approval).await;
    assert_eq!(status, StatusCode::OK);
    assert!(shown.contains("2.14.0") && shown.contains("2.15.0"), "{shown}");
    for _ in 0..2 {
        let answer = ben.post(&approve, "key=yes").await;
        assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, &*approval));
    }
    assert!(matches!(state_of(&rig, &rollout).await, State::RollingBack { .. }));
}

#[tokio::test]
async fn an_emergency_goes_back_alone_and_is_reviewed() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let rollout = started_as(&ann, "version=2.15.0&config=yes&schema=irreversible").await;
    let (_, form) = review(&ann, &rollout).await;
    let answer = ann.post(&format!("{rollout}/do/abort"), &format!("{form}&emergency=yes")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(answer).await);
    assert!(matches!(state_of(&rig, &rollout).await, State::RollingBack { .. }));
    let id = rollout.rsplit('/').next().unwrap();
    let about = rig.state.control.approvals_about(id).await.unwrap();
    assert!(matches!(about.as_slice(), [it] if it.kind == Kind::Review), "{about:?}");
}

#[tokio::test]
async fn a_review_of_what_loses_nothing_asks_nobody() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    // The configuration does not fit: it is looked at twice, and nothing is lost.
    let rollout = started_as(&ann, "version=2.15.0&config=no&schema=reversible").await;
    let (page, form) = review(&ann, &rollout).await;
    assert!(!page.contains("a second person is asked"), "{page}");
    assert!(!page.contains("name=\"emergency\""), "{page}");
    let answer = ann.post(&format!("{rollout}/do/roll-back"), &form).await;
    assert!(location(&answer).starts_with(&rollout), "{}", location(&answer));
    assert!(matches!(state_of(&rig, &rollout).await, State::RollingBack { .. }));
}

#[tokio::test]
async fn a_start_that_cannot_be_says_what_to_write_and_keeps_what_was_typed() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    for (typed, sentence) in [
        ("version=9.9.9&config=yes", "no bench has tested it; run its bench first"),
        ("version=2.14.0&config=yes", "is the stable version of feed already; write another"),
        ("version=2.15.0&config=yes&steps=25%25+5+min,+5%25+5+min", "write growing weights"),
        ("version=2.15.0&config=yes&steps=25%25+0+min", "The watch time of step 1 is 0 s"),
        ("version=2.15.0&config=yes&steps=150%25+5+min", "write more than 0 and at most 100"),
        ("version=2.15.0&config=yes&steps=soon", "is no step. Write a share and a watch time"),
        ("version=2.15.0&config=yes&waves=atlantis", "There is no region `atlantis`"),
        ("version=2.15.0&config=yes&plan=nope", "There is no rollout plan `nope`"),
    ] {
        let (status, page) = ann.get(&format!("{START}?{typed}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(page.contains("<title>Error: "), "{typed}");
        assert!(page.contains(sentence), "{typed}: {page}");
        assert!(
            page.contains(r#"value="2.15.0""#)
                || typed.contains("9.9.9")
                || typed.contains("2.14.0")
        );
    }
    let (status, _) = ann.get("/services/nothing/do/start-rollout").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let done = ann.post(START, &format!("{WHOLE}&hash=000000000000&key=k1")).await;
    assert_eq!(done.status(), StatusCode::CONFLICT, "another plan than was shown");
    assert!(text(done).await.contains("The plan is another one by now."));
    let (_, list) = ann.get("/rollouts").await;
    assert!(list.contains("No rollouts are running."), "nothing has started");
}

#[tokio::test]
async fn one_click_rolls_back_once_and_undo_stands_in_its_place() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let rollout = started(&ann).await;
    let (_, review) = ann.get(&format!("{rollout}/do/roll-back")).await;
    let fields = ["revision", "plan", "key"].map(|name| format!("{name}={}", field(&review, name)));
    let fields = format!("{}&confirm=feed&reason=users+see+errors", fields.join("&"));
    let back = format!("{rollout}/do/roll-back");
    let done = ann.post(&back, &fields).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&done), format!("{rollout}#slot-action"));
    let (id, action, outcome) = rig.latest().await.unwrap();
    assert_eq!((action, outcome), (Action::RolloutRollBack, Outcome::Done));
    let again = ann.post(&back, &fields).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "a repeat is harmless");
    assert_eq!(rig.latest().await.unwrap().0, id, "and does nothing");
    let (_, page) = ann.get(&rollout).await;
    assert!(page.contains("Rolling back to 2.14.0"), "{page}");
    let from_runbook = rig.get("/services/feed/do/roll-back", &ann.cookie).await;
    assert_eq!(location(&from_runbook), format!("{rollout}#slot-action"));
    let (_, held) = ann.get("/rollouts/quarantine").await;
    assert!(held.contains("users see errors"), "the reason stands: {held}");
}

#[tokio::test]
async fn a_stale_page_is_told_who_did_what() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let bob = Person::new(&rig, "bob", vec![grant(Role::Operator)]).await;
    let rollout = started(&ann).await;
    let (_, page) = ann.get(&rollout).await;
    let (revision, plan) = (field(&page, "revision"), field(&page, "plan"));
    let pause = format!("{rollout}/do/pause");
    let done = bob.post(&pause, "revision=1&key=b1").await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let resume = format!("{rollout}/do/resume");
    let stale = ann.post(&resume, &format!("revision={revision}&plan={plan}&key=a1")).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let page = text(stale).await;
    assert!(page.contains("Nothing was done.") && page.contains("bob"), "{page}");
    assert!(page.contains("Paused"), "the page shows what stands now: {page}");
    let other = ann.post(&resume, "revision=2&plan=000000000000&key=a2").await;
    assert_eq!(other.status(), StatusCode::CONFLICT, "another plan");
    let full = format!("{rollout}/do/promote-fully");
    let short = ann.post(&full, "revision=2&key=a3&confirm=feed&reason=go").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(short).await;
    assert!(page.contains("Write the reason, at least 10 characters."), "{page}");
    assert!(page.contains(r#"value="feed""#), "what was typed stays: {page}");
    let undo = ann.post(&format!("{rollout}/do/undo"), "key=a4").await;
    assert_eq!(undo.status(), StatusCode::CONFLICT);
    assert!(text(undo).await.contains("there is nothing to undo"));
}

#[tokio::test]
async fn only_operators_of_the_group_act_and_every_refusal_is_written_down() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let vic = Person::new(&rig, "vic", vec![grant(Role::Viewer)]).await;
    let groups = [GroupId::new("telemetry").unwrap()].into();
    let scope = Scope { groups, ..Scope::default() };
    let narrow = Grant { role: Role::Operator, scope };
    let tom = Person::new(&rig, "tom", vec![narrow]).await;
    let rollout = started(&ann).await;
    let (_, page) = vic.get(&rollout).await;
    assert!(page.contains("This needs the role operator or admin."), "{page}");
    for person in [&vic, &tom] {
        for path in [format!("{rollout}/do/roll-back"), format!("{rollout}/do/pause")] {
            let refused = person.post(&path, "key=x1&confirm=feed&reason=a+good+reason").await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
            let (_, _, outcome) = rig.latest().await.unwrap();
            assert_eq!(outcome, Outcome::Refused, "{path}");
        }
        let refused = person.post(START, "version=2.15.0&hash=x&key=x2").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let refused = person.post("/services/feed/do/run-bench", "version=2.16.0&key=x3").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}

/// A program with a token.
async fn call(rig: &Rig, token: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = rig.send(request).await;
    let status = response.status();
    (status, serde_json::from_str(&text(response).await).unwrap_or_default())
}

#[tokio::test]
async fn programs_start_ask_and_hear_why_not() {
    let rig = rig().await;
    let ann = rig.user("ann", vec![grant(Role::Operator)]).await;
    let token = rig.token(&ann).await;
    let request = json!({ "version": "2.15.0", "configuration_compatible": true });
    let preview = "/api/v1/services/feed/rollout/preview";
    let (status, planned) = call(&rig, &token, preview, request.clone()).await;
    assert_eq!(status, StatusCode::OK, "{planned}");
    assert!(planned["preview"]["checks"].as_array().unwrap().len() > 4, "{planned}");
    let bad = json!({ "version": "9.9.9", "waves": [["atlantis"]] });
    let (status, refused) = call(&rig, &token, preview, bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["findings"].as_array().unwrap().len(), 2, "{refused}");
    let start = "/api/v1/services/feed/do/start-rollout";
    let ask = json!({ "request": request, "key": "k-1" });
    let (status, asked) = call(&rig, &token, start, ask.clone()).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    let id = asked["rollout"]["id"].as_str().unwrap().to_owned();
    let (status, again) = call(&rig, &token, start, ask).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY || again["rollout"]["id"] == id.as_str());
    let path = |verb: &str| format!("/api/v1/rollouts/{id}/do/{verb}");
    let (status, refused) = call(&rig, &token, &path("resume"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(refused["detail"].as_str().unwrap().contains("only a paused one can go on"));
    let (status, paused) = call(&rig, &token, &path("pause"), json!({ "key": "k-2" })).await;
    assert_eq!((status, &paused["rollout"]["state"]["kind"]), (StatusCode::OK, &json!("paused")));
    let back = "/api/v1/services/feed/do/roll-back";
    let (status, gone) = call(&rig, &token, back, json!({ "key": "k-3" })).await;
    assert_eq!(status, StatusCode::OK, "{gone}");
    assert_eq!(gone["rollout"]["state"]["kind"], "rolling-back");
    let (status, _) = call(&rig, &token, "/api/v1/rollouts/ro-99/do/pause", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let lift = "/api/v1/rollouts/quarantine/do/lift";
    let short = json!({ "service": "feed", "version": "2.15.0", "reason": "go" });
    assert_eq!(call(&rig, &token, lift, short).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let whole = json!({ "service": "feed", "version": "2.15.0", "reason": "mended and tested" });
    assert_eq!(call(&rig, &token, lift, whole.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&rig, &token, lift, whole).await.0, StatusCode::NOT_FOUND, "it is out");
}

#[tokio::test]
async fn benches_and_traffic_answer_for_what_there_is() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", vec![grant(Role::Operator)]).await;
    let (_, page) = ann.get("/services/feed/bench").await;
    assert!(page.contains("2.15.0") && page.contains("Passed"), "{page}");
    // No agent is heard, so nobody can make a bench.
    let run = ann.post("/services/feed/do/run-bench", "version=2.16.0&key=r1").await;
    assert_eq!(run.status(), StatusCode::CONFLICT);
    let run = ann.post("/services/feed/do/run-bench", "version=two+words&key=r2").await;
    assert_eq!(run.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(run).await;
    assert!(page.contains("Write a version of 1 to 64") && page.contains("two words"), "{page}");
    for (path, status) in [
        ("/services/feed/traffic", StatusCode::OK),
        ("/services/feed/traffic?from=-7d", StatusCode::OK),
        ("/services/nothing/traffic", StatusCode::NOT_FOUND),
        ("/edges", StatusCode::OK),
        ("/edges/nothing", StatusCode::NOT_FOUND),
        ("/rollouts/quarantine", StatusCode::OK),
        ("/rollouts/ro-1", StatusCode::NOT_FOUND),
        ("/rollouts/x", StatusCode::NOT_FOUND),
        ("/services/nothing/bench", StatusCode::NOT_FOUND),
    ] {
        let (found, page) = ann.get(path).await;
        assert_eq!(found, status, "{path}: {page}");
    }
    let (_, page) = ann.get("/services/feed/traffic").await;
    assert!(page.contains("Nobody has measured this yet."), "a gap is no zero: {page}");
    let none = ann.post("/services/feed/do/roll-back", "key=n1").await;
    assert_eq!(none.status(), StatusCode::CONFLICT);
    assert!(text(none).await.contains("has no version before its stable one"));
}
