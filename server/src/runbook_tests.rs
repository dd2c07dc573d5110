//! Runbooks and addresses over HTTP on a real Postgres: the runbook of every kind of problem, runs,
//! the fleet's own, short links, landing after sign-in, and addresses of what moved or is gone.

#![allow(clippy::unwrap_used, reason = "a test")]

mod addresses;
mod samples;

use axum::body::Body;
use axum::response::Response;
use chrono::Utc;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::access::By;
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::fleet::read;
use mainstay_core::problem::{Kind, Problem, Record};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

pub(super) const FLEET: &str = r#"name = "test"
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
[[service]]
id = "shop"
group = "store"
placement = "distributed"
nodes = 2
version = "1.0.0"
"#;

/// Somebody signed in, who also holds a token.
pub(super) struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl<'a> Person<'a> {
    pub async fn new(rig: &'a Rig, name: &str, role: Role) -> Self {
        let user = rig.user(name, vec![grant(role)]).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Self { rig, cookie, csrf, bearer }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.rig.get(path, &self.cookie).await
    }

    /// The text of a page that is there.
    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        text(response).await
    }

    pub async fn post(&self, path: &str, fields: &str) -> Response {
        let form = format!("csrf={}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    pub async fn api(&self, path: &str, sent: Value) -> (StatusCode, Value) {
        let request = Request::post(path).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = self.rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        let status = answer.status();
        (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
    }

    pub async fn json(&self, path: &str) -> Value {
        let request = Request::get(path).header(AUTHORIZATION, &self.bearer);
        let answer = self.rig.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        serde_json::from_str(&text(answer).await).unwrap()
    }
}

pub(super) async fn rig() -> Rig {
    let rig = Rig::new(false).await;
    apply(&rig, FLEET, "the first fleet of the test").await;
    rig
}

pub(super) async fn apply(rig: &Rig, fleet: &str, reason: &str) {
    assert!(read::read(fleet).is_ok(), "{:?}", read::read(fleet));
    let control = &rig.state.control;
    let revision = control.snapshot().estate.fleet_revision;
    control.apply_fleet(&By::system("test"), fleet, revision, Some(reason)).await.unwrap();
}

fn record(id: i64, problem: Problem) -> Record {
    Record::new(id, problem, Utc::now())
}

async fn last(rig: &Rig) -> Option<(Action, Outcome)> {
    rig.latest().await.map(|(_, action, outcome)| (action, outcome))
}

#[tokio::test]
async fn every_kind_of_problem_leads_to_its_runbook() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    let problems = samples::one_of_each();
    let kinds: Vec<Kind> = problems.iter().map(Problem::kind).collect();
    for kind in Kind::ALL {
        assert!(kinds.contains(&kind), "no sample of {kind}");
    }
    let numbered = problems.into_iter().zip(2_001..);
    let records: Vec<_> = numbered.map(|(problem, id)| record(id, problem)).collect();
    rig.state.control.estate.set_problems(records.clone());
    let list = ann.page("/attention").await;
    for record in &records {
        let link = format!("/attention/at-{}/runbook", record.id);
        assert!(list.contains(&format!("href=\"{link}\"")), "{link} stands in the list");
        let answer = ann.get(&link).await;
        assert_eq!(answer.status(), StatusCode::FOUND, "{link}");
        let kind = record.problem.kind();
        let expected = format!("/runbooks/{kind}?problem=at-{}", record.id);
        assert_eq!(location(&answer), expected);
        let page = ann.page(&expected).await;
        let text = page.split_once("<article").unwrap().1.split_once("</article>").unwrap().0;
        for wrong in ["{{", "}}", "open this page from a problem", "action:", "page:subject"] {
            assert!(!text.contains(wrong), "{kind}: {wrong}");
        }
        assert!(page.contains("Start a run") && page.contains("id=\"step-1\""), "{kind}");
        let problem = ann.page(&format!("/attention/at-{}", record.id)).await;
        assert!(problem.contains(&link), "{kind}");
    }
}

#[tokio::test]
async fn live_values_speak_and_actions_only_lead() {
    let rig = rig().await;
    let (ann, eve) = (
        Person::new(&rig, "ann", Role::Operator).await,
        Person::new(&rig, "eve", Role::Viewer).await,
    );
    rig.state.control.estate.set_problems(vec![record(7, samples::down("shop"))]);
    let path = "/runbooks/service-down?problem=at-7";
    let page = ann.page(path).await;
    assert!(page.contains("href=\"/services/shop/do/roll-back\""), "{page}");
    assert!(page.contains("no instance runs") && page.contains("no rollout is on"), "{page}");
    // Without the right: the words, and who may.
    let page = eve.page(path).await;
    assert!(!page.contains("/services/shop/do/roll-back"), "{page}");
    assert!(page.contains("operator or admin may do it"), "{page}");
    // Without a problem: no hole, and no link to nowhere.
    let page = ann.page("/runbooks/service-down").await;
    assert!(page.contains("not known: open this page from a problem"), "{page}");
    assert!(page.contains("opens from a problem") && !page.contains("{{"), "{page}");
    let data = ann.json("/api/v1/runbooks/service-down?problem=at-7").await;
    let healthy =
        &data["values"].as_array().unwrap().iter().find(|it| it["query"] == "healthy subject");
    assert_eq!(healthy.unwrap()["words"], "no instance runs");
    // A problem that is not there is no reason to show nothing.
    ann.page("/runbooks/service-down?problem=at-99").await;
    ann.page("/runbooks/service-down?problem=nonsense").await;
    assert_eq!(ann.get("/runbooks/nothing").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_run_is_a_record_from_its_start_to_its_end() {
    let rig = rig().await;
    let (ann, eve) = (
        Person::new(&rig, "ann", Role::Operator).await,
        Person::new(&rig, "eve", Role::Viewer).await,
    );
    rig.state.control.estate.set_problems(vec![record(7, samples::down("shop"))]);
    let start = "/runbooks/service-down/do/start";
    assert_eq!(eve.post(start, "key=k0").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(last(&rig).await, Some((Action::RunbookStart, Outcome::Refused)));
    let answer = ann.post(start, "key=k1&problem=at-7").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::RunbookStart, Outcome::Done)));
    let run = location(&answer).to_owned();
    assert_eq!(run, "/runbooks/runs/rb-1");
    // Sent twice, begun once.
    assert_eq!(location(&ann.post(start, "key=k1&problem=at-7").await), run);
    let tick = format!("{run}/steps/2/do/tick");
    let answer = ann.post(&tick, "key=k2&done=yes&note=It+was+the+%3Cb%3Edisk").await;
    assert_eq!(location(&answer), "/runbooks/runs/rb-1#step-2");
    assert_eq!(last(&rig).await, Some((Action::RunbookStep, Outcome::Done)));
    let page = ann.page(&run).await;
    assert!(page.contains("Done by ann") && page.contains("It was the &lt;b&gt;disk"), "{page}");
    assert!(page.contains("1 of 7 steps done"), "{page}");
    assert!(!eve.page(&run).await.contains("/do/tick"), "a viewer gets no forms");
    let wrong = ann.post(&format!("{run}/steps/99/do/tick"), "key=k3&done=yes").await;
    assert_eq!(wrong.status(), StatusCode::CONFLICT);
    // The problem links its runs, the list names it.
    assert!(ann.page("/attention/at-7").await.contains(&format!("href=\"{run}\"")));
    assert!(ann.page("/runbooks/runs").await.contains(&format!("href=\"{run}\"")));
    let finish = format!("{run}/do/finish");
    let unfit = ann.post(&finish, "key=k4&outcome=&note=kept").await;
    assert_eq!(unfit.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(unfit).await;
    assert!(page.contains("Choose whether it helped") && page.contains("kept"), "{page}");
    let answer = ann.post(&finish, "key=k5&outcome=partly&note=half").await;
    assert_eq!(location(&answer), run);
    assert_eq!(last(&rig).await, Some((Action::RunbookEnd, Outcome::Done)));
    // Over is over: nothing is offered and nothing is taken.
    let page = ann.page(&run).await;
    assert!(page.contains("It worked in part") && !page.contains("/do/tick"), "{page}");
    let late = ann.post(&tick, "key=k6&done=no").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let (status, said) = ann.api(&format!("/api/v1{finish}"), json!({ "outcome": "worked" })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    let index = ann.json("/api/v1/runbooks?q=service-down").await;
    let row = &index["rows"][0];
    assert_eq!((&row["run"], &row["outcome"]), (&json!("rb-1"), &json!("partly")));
}

#[tokio::test]
async fn runs_through_the_api_leave_the_same_entries() {
    let rig = rig().await;
    let ann = Person::new(&rig, "ann", Role::Operator).await;
    let (status, said) = ann.api("/api/v1/runbooks/edge-gone/do/start", json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    assert_eq!(last(&rig).await, Some((Action::RunbookStart, Outcome::Done)));
    let path = format!("/api/v1/runbooks/runs/{}", said["run"].as_str().unwrap());
    let tick = format!("{path}/steps/1/do/tick");
    let (status, said) = ann.api(&tick, json!({ "done": true, "note": "seen" })).await;
    assert_eq!((status, &said["steps"]["1"]["notes"][0]["text"]), (StatusCode::OK, &json!("seen")));
    assert_eq!(last(&rig).await, Some((Action::RunbookStep, Outcome::Done)));
    let (status, _) = ann.api(&format!("{path}/do/finish"), json!({ "outcome": "worked" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(last(&rig).await, Some((Action::RunbookEnd, Outcome::Done)));
    let bad = json!({ "problem": "seven" });
    let (status, said) = ann.api("/api/v1/runbooks/edge-gone/do/start", bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    let (status, _) = ann.api("/api/v1/runbooks/nothing/do/start", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

const OWN: &str = "+++\ntitle = \"Our own way\"\nowner = \"store team\"\nreviewed = 2026-01-01\n\
    services = [\"shop\"]\nalerts = [\"service-down\"]\n+++\n1. Ask Kim about {{healthy shop}}\n";

#[tokio::test]
async fn a_fleets_own_runbooks_are_one_set_with_revisions() {
    let rig = rig().await;
    let (ann, kim) = (
        Person::new(&rig, "ann", Role::Operator).await,
        Person::new(&rig, "kim", Role::Admin).await,
    );
    let set = "/api/v1/runbooks/set";
    let files = |text: &str| json!({ "files": { "shop-down": text } });
    assert_eq!(ann.api(set, files(OWN)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(last(&rig).await, Some((Action::RunbookApply, Outcome::Refused)));
    let (status, said) = kim.api(set, files(&OWN.replace("shop\"]", "shpo\"]"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let finding = &said["findings"]["shop-down"][0];
    assert_eq!((&finding["line"], &finding["help"]), (&json!(5), &json!("write `shop`")));
    let (_, said) = kim.api(set, json!({ "files": { "shop-down": OWN }, "dry_run": true })).await;
    assert_eq!((&said["applied"], &said["added"]), (&json!(false), &json!(["shop-down"])));
    let (status, said) = kim.api(set, files(OWN)).await;
    assert_eq!((status, &said["revision"]), (StatusCode::OK, &json!(1)), "{said}");
    assert_eq!(last(&rig).await, Some((Action::RunbookApply, Outcome::Done)));
    assert_eq!(kim.api(set, files(OWN)).await.1["applied"], false, "nothing would change");
    // It comes before the program's own for its service, and its page and the service's name it.
    rig.state.control.estate.set_problems(vec![record(7, samples::down("shop"))]);
    let answer = ann.get("/attention/at-7/runbook").await;
    assert_eq!(location(&answer), "/runbooks/shop-down?problem=at-7");
    let page = ann.page("/runbooks/shop-down").await;
    assert!(page.contains("Not reviewed for") && page.contains("Ask Kim"), "{page}");
    assert!(ann.page("/services/shop").await.contains("Our own way"));
    assert!(ann.page("/find?q=our+own").await.contains("/runbooks/shop-down"));
    let list = ann.page("/runbooks?by=service").await;
    assert!(list.contains("Our own way") && list.contains("1 to review"), "{list}");
}

#[tokio::test]
async fn a_runbook_is_written_and_removed_on_pages() {
    let rig = rig().await;
    let (ann, kim) = (
        Person::new(&rig, "ann", Role::Operator).await,
        Person::new(&rig, "kim", Role::Admin).await,
    );
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    assert!(ann.page("/runbooks/do/write").await.contains("This needs the role admin"));
    kim.page("/runbooks/do/write").await;
    let write =
        |slug: &str, source: &str| format!("expected=0&slug={slug}&source={}", encoded(source));
    let bad = kim.post("/runbooks/do/write", &write("Shop Down", "# no")).await;
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(bad).await;
    assert!(page.contains("Line 1:") && page.contains("no name for a runbook"), "{page}");
    // The program's own, changed: the fleet's own is in force from then on.
    let edit = "/runbooks/service-down/do/edit";
    assert!(kim.page(edit).await.contains("A service serves nowhere"));
    let sent = format!("expected=0&source={}", encoded(&OWN.replace('\n', "\r\n")));
    let answer = kim.post(edit, &sent).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(answer).await);
    assert!(kim.page(&format!("{edit}?done=saved")).await.contains("Revision 1 is in force"));
    assert!(ann.page("/runbooks/service-down").await.contains("Ask Kim"));
    // Somebody who looked at what was before does not overwrite it unseen.
    let stale = kim.post(edit, &sent.replace("Kim", "Bob")).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let remove = "/runbooks/service-down/do/remove";
    assert_eq!(kim.post(remove, "expected=1").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(last(&rig).await, Some((Action::RunbookApply, Outcome::Done)));
    assert!(ann.page("/runbooks/service-down").await.contains("A service serves nowhere"));
}
