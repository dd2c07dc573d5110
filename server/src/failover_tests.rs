//! Failovers over HTTP on a real Postgres: what each way of asking leaves, who may, and what is
//! refused. No leader runs here: what a run has done is written as one would write it.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use axum::response::Response;
use chrono::{SubsecRound, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::approval::Kind;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::failover::{self as core, Run, RunId, State, StepId, StepState};
use mainstay_core::fleet::read;
use mainstay_core::id::DatacenterId;
use mainstay_store::{StoreError, failover as stored, release};
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
pub(crate) const PLAN: &str = "/failover/plans/fra1/do/start";
pub(crate) const WORDS: &str = "reason=a+test+of+the+whole";

pub(crate) struct Town {
    pub(crate) rig: Rig,
}

pub(crate) struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Town {
    pub(crate) async fn new() -> Self {
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

    pub(crate) async fn person(&self, name: &str, role: Role) -> Person<'_> {
        let rig = &self.rig;
        let user = rig.user(name, vec![grant(role)]).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Person { rig, cookie, csrf, bearer }
    }

    pub(crate) async fn last(&self) -> Option<(Action, Outcome)> {
        self.rig.latest().await.map(|(_, action, outcome)| (action, outcome))
    }

    pub(crate) async fn run(&self, id: &str) -> Run {
        let id: RunId = id.parse().unwrap();
        self.rig.state.control.failover(id).await.unwrap().unwrap()
    }

    /// Puts a step of a run into a state, as the leader would.
    async fn put(&self, id: &str, step: &str, state: StepState) {
        let mut run = self.run(id).await;
        run.steps.insert(StepId(step.to_owned()), state.clone());
        if let StepState::Failed { why, .. } = state {
            let step = StepId(step.to_owned());
            let rules = [].into();
            run.state = State::Asking { step, why, rules, since: Utc::now() };
        }
        self.write(&run).await;
    }

    /// Writes a run as the leader would.
    pub(crate) async fn write(&self, run: &Run) {
        let (revision, changed_at) = (run.revision + 1, Utc::now().trunc_subsecs(6));
        let run = &Run { revision, changed_at, ..run.clone() };
        let written = self.rig.db.store.read_committed(|tx| {
            Box::pin(async move {
                release::lock(tx).await?;
                assert!(stored::update(tx, run, run.is_over()).await?);
                release::raise(tx).await?;
                Ok::<_, StoreError>(())
            })
        });
        written.await.unwrap();
    }

    /// The same way of asking by a form and through the API, each leaving one entry.
    pub(crate) async fn both(
        &self,
        who: &Person<'_>,
        id: &str,
        verb: &str,
        action: Action,
        fields: [&str; 2],
    ) {
        let path = format!("/failover/runs/{id}/do/{verb}");
        let answer = who.post(&path, fields[0]).await;
        let status = answer.status();
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {}", text(answer).await);
        assert_eq!(self.last().await, Some((action, Outcome::Done)), "{path}");
        if !fields[1].is_empty() {
            let sent = serde_json::from_str(fields[1]).unwrap();
            let (status, said) = who.api(&format!("/api/v1{path}"), sent).await;
            assert_eq!(status, StatusCode::OK, "{path}: {said}");
            assert_eq!(self.last().await, Some((action, Outcome::Done)), "{path}");
        }
    }
}

impl Person<'_> {
    pub(crate) async fn get(&self, path: &str) -> String {
        let response = self.rig.get(path, &self.cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        text(response).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &str) -> Response {
        let key = mainstay_control::access::random();
        let shown = self.rig.shown(path, &self.cookie).await;
        let form = format!("csrf={}&key={key}{shown}&{fields}", self.csrf);
        self.rig.post(path, &self.cookie, "same-origin", &form).await
    }

    pub(crate) async fn api(&self, path: &str, sent: Value) -> (StatusCode, Value) {
        let request = Request::post(path).header(AUTHORIZATION, &self.bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = self.rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        let status = answer.status();
        (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
    }

    /// Starts a run through the API; its id.
    pub(crate) async fn start(&self, path: &str, emergency: bool) -> String {
        let sent = json!({
            "reason": "a test of the whole", "confirm": "fra1", "overridden": ["wait"],
            "emergency": emergency,
        });
        let (status, said) = self.api(&format!("/api/v1{path}"), sent).await;
        assert_eq!(status, StatusCode::OK, "{path}: {said}");
        said["run"]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_way_to_steer_a_run_leaves_one_entry() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    // By the form; what is missing is said at its field, and what was typed stays.
    let bad = ann.post(PLAN, "reason=no&confirm=osl1").await;
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(bad).await;
    assert!(page.contains("Type fra1 to confirm") && page.contains("at least 10"), "{page}");
    let answer = ann.post(PLAN, &format!("{WORDS}&confirm=FRA1&mode=graceful")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::FailoverStart, Outcome::Done)));
    let path = location(&answer).to_owned();
    let id = path.rsplit('/').next().unwrap().to_owned();
    // One at a time.
    let other = ann.post(PLAN, &format!("{WORDS}&confirm=fra1")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert_eq!(town.last().await, Some((Action::FailoverStart, Outcome::Refused)));

    town.both(&ann, &id, "pause", Action::FailoverPause, ["", ""]).await;
    town.both(&ann, &id, "resume", Action::FailoverResume, ["", ""]).await;
    let (status, _) = ann.api(&format!("/api/v1{path}/do/pause"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(town.last().await, Some((Action::FailoverPause, Outcome::Done)));
    let (status, _) = ann.api(&format!("/api/v1{path}/do/resume"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(town.last().await, Some((Action::FailoverResume, Outcome::Done)));

    let failed = || {
        let at = Utc::now();
        StepState::Failed { since: at, at, why: "osl1 is not heard".to_owned(), attempt: 1 }
    };
    town.put(&id, "store/precheck", failed()).await;
    let shown = ann.get(&path).await;
    assert!(shown.contains("A step failed") && shown.contains("osl1 is not heard"), "{shown}");
    town.both(&ann, &id, "retry", Action::FailoverRetry, ["step=store/precheck", ""]).await;
    town.put(&id, "store/precheck", failed()).await;
    let (status, said) =
        ann.api(&format!("/api/v1{path}/do/retry"), json!({ "step": "store/precheck" })).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let skip = [
        "step=store/precheck&reason=a+test+of+it",
        r#"{"step": "store/observe", "reason": "a test of it"}"#,
    ];
    town.both(&ann, &id, "skip", Action::FailoverSkip, skip).await;
    let short = ann.post(&format!("{path}/do/force"), "reason=no").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(town.last().await, Some((Action::FailoverForce, Outcome::Refused)));
    town.both(&ann, &id, "force", Action::FailoverForce, [WORDS, ""]).await;
    town.both(&ann, &id, "stop", Action::FailoverStop, [WORDS, ""]).await;
}

/// Through the API what the form did above, and the way back by both.
#[tokio::test]
async fn every_way_back_leaves_one_entry() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let id = ann.start(PLAN, true).await;
    let path = format!("/api/v1/failover/runs/{id}/do");
    let reason = json!({ "reason": "a test of the whole" });
    let (status, said) = ann.api(&format!("{path}/force"), reason.clone()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(town.last().await, Some((Action::FailoverForce, Outcome::Done)));
    let done = StepState::Done { since: Utc::now(), at: Utc::now(), seen: String::new() };
    town.put(&id, "store/shift-traffic/shop/fra1", done).await;
    let (status, said) = ann.api(&format!("{path}/stop"), reason.clone()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(town.last().await, Some((Action::FailoverStop, Outcome::Done)));
    let back = format!("/failover/runs/{id}/do/fail-back");
    assert!(ann.get(&back).await.contains("Go back to fra1"));
    let first = ann.start(&back, true).await;
    assert_eq!(town.last().await, Some((Action::FailoverStart, Outcome::Done)));
    let stop = format!("/api/v1/failover/runs/{first}/do/stop");
    assert_eq!(ann.api(&stop, reason).await.0, StatusCode::OK);
    let form = format!("{WORDS}&confirm=fra1&override=wait&emergency=yes");
    let answer = ann.post(&back, &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::FailoverStart, Outcome::Done)));
}

#[tokio::test]
async fn a_second_person_allows_and_never_the_first_not_even_by_a_token() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Admin).await;
    let ben = town.person("ben", Role::Approver).await;
    let gate = json!({ "gate": "lock", "reason": "a test of the lock" });
    let (status, said) = ann.api("/api/v1/failover/do/close-gate", gate).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
    assert_eq!(town.last().await, Some((Action::FailoverGate, Outcome::Done)));
    // The rule is named, or nothing begins.
    let answer = ann.post(PLAN, &format!("{WORDS}&confirm=fra1")).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(answer).await.contains("a test of the lock"));
    let ask = async || {
        let form = format!("{WORDS}&confirm=fra1&override=lock&override=wait");
        let answer = ann.post(PLAN, &form).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        location(&answer).to_owned()
    };
    let path = ask().await;
    let own = ann.post(&format!("{path}/do/allow"), "").await;
    assert_eq!(own.status(), StatusCode::CONFLICT);
    let (status, said) = ann.api(&format!("/api/v1{path}/do/allow"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "her own token is no second person: {said}");
    assert_eq!(town.last().await, Some((Action::FailoverAllow, Outcome::Refused)));
    assert!(ben.get(&path).await.contains("/approvals/ap-"));
    // Refused by both who may, each way; then allowed each way.
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    town.both(&ben, &id(&path), "refuse", Action::FailoverRefuse, [WORDS, ""]).await;
    let path = ask().await;
    let reason = json!({ "reason": "a test of the whole" });
    let (status, said) = ann.api(&format!("/api/v1{path}/do/refuse"), reason.clone()).await;
    assert_eq!(status, StatusCode::OK, "who asked may take it back: {said}");
    assert_eq!(town.last().await, Some((Action::FailoverRefuse, Outcome::Done)));
    let path = ask().await;
    town.both(&ben, &id(&path), "allow", Action::FailoverAllow, ["", ""]).await;
    assert_eq!(town.run(&id(&path)).await.allowed_by.as_deref(), Some("ben"));
    let (status, _) = ann.api(&format!("/api/v1{path}/do/stop"), reason).await;
    assert_eq!(status, StatusCode::OK);
    let path = ask().await;
    let (status, said) = ben.api(&format!("/api/v1{path}/do/allow"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "a token is no person: {said}");
    assert_eq!(town.last().await, Some((Action::FailoverAllow, Outcome::Refused)));
    town.both(&ben, &id(&path), "refuse", Action::FailoverRefuse, [WORDS, ""]).await;
    // The gates by form, and opened.
    let (status, _) = ann.api("/api/v1/failover/do/open-gate", json!({ "gate": "lock" })).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let past = "gate=freeze&reason=a+test+of+it&until=2020-01-01+00:00";
    let answer = ann.post("/failover/do/close-gate", past).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    for (verb, fields) in [
        ("close-gate", "gate=freeze&reason=a+test+of+it&until=2099-01-01+00:00"),
        ("open-gate", "gate=freeze"),
    ] {
        let answer = ann.post(&format!("/failover/do/{verb}"), fields).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{verb}");
        assert_eq!(town.last().await, Some((Action::FailoverGate, Outcome::Done)), "{verb}");
    }
}

/// Nothing of it starts: the answer says so, with the plan as it is now.
async fn looks_again(town: &Town, ann: &Person<'_>, fields: &str, words: [&str; 2]) {
    let form = format!("csrf={}&key=again&{WORDS}&confirm=fra1{fields}", ann.csrf);
    let answer = ann.rig.post(PLAN, &ann.cookie, "same-origin", &form).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT, "{fields}");
    let page = text(answer).await;
    for words in words {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("a test of the whole"), "what was typed stays: {page}");
    assert_eq!(town.last().await, Some((Action::FailoverStart, Outcome::Refused)));
    assert_eq!(town.rig.state.control.failovers(None, 1).await.unwrap(), []);
}

#[tokio::test]
async fn a_plan_is_looked_at_again_when_the_look_is_old_or_the_plan_another() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let shown = ann.rig.shown(PLAN, &ann.cookie).await;
    let field = |name: &str| {
        let fields = shown.split('&').find_map(|it| it.strip_prefix(&format!("{name}=")));
        fields.unwrap().to_owned()
    };
    let (hash, plan, looked) = (field("plan"), field("shown"), field("looked"));
    let at = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    let sealed =
        |session: &str, minutes| crate::http::failover::look::seal(session, &hash, at(minutes));
    let old = "more than 5 minutes ago";
    let again = async |looked: &str, shown: &str, words| {
        let fields = format!("&plan={hash}&looked={looked}&shown={shown}");
        looks_again(&town, &ann, &fields, [old, words]).await;
    };
    again(&sealed(&ann.csrf, 6), &plan, "nothing in the plan changed").await;
    again(&sealed(&ann.csrf, 6), "other", "is not known any more").await;
    again(&sealed("somebody else", 1), &plan, "nothing in the plan changed").await;
    again("", &plan, "nothing in the plan changed").await;
    let sent = json!({
        "reason": "a test of the whole", "confirm": "fra1", "plan": hash, "looked_at": at(6),
    });
    let (status, said) = ann.api(&format!("/api/v1{PLAN}"), sent).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");

    // Another one by now: what differs is said, and the next press is of what is shown then.
    let more = FLEET.replace("nodes = 2", "nodes = 3");
    town.rig.state.control.estate.set_fleet(2, read::read(&more).unwrap());
    let fields = format!("&plan={hash}&looked={looked}&shown={plan}");
    let words = ["another one by now", "3 nodes of shop come up or go, not 2"];
    looks_again(&town, &ann, &fields, words).await;
    let answer = ann.post(PLAN, &format!("{WORDS}&confirm=fra1")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

/// A run whose leader has still to move, to a standby of which nothing is known.
async fn with_a_database(town: &Town) -> String {
    let database = "[[database]]\nid = \"store-db\"\ngroup = \"store\"\n\
        datacenters = [\"fra1\", \"osl1\"]\ncluster = \"patroni\"\n";
    let fleet = read::read(&format!("{FLEET}{database}")).unwrap();
    let observed = core::Observed::as_declared(&fleet);
    let lose = ["fra1".parse().unwrap()].into();
    let none = core::Standing::default();
    let plan = core::plan(&fleet, &observed, &none, &lose, &core::Scope::All);
    assert_eq!(plan.promotions().count(), 1);
    town.rig.state.control.estate.set_fleet(2, fleet);
    let now = Utc::now().trunc_subsecs(6);
    let run = &Run {
        id: RunId(0),
        plan,
        mode: core::Mode::Graceful,
        drill: false,
        state: State::Running,
        steps: Default::default(),
        reason: "a test of the whole".to_owned(),
        overridden: [].into(),
        emergency: false,
        started_at: now,
        started_by: "ann".to_owned(),
        allowed_by: None,
        revision: 1,
        routing_revision: 0,
        changed_at: now,
    };
    let begun = town.rig.db.store.read_committed(|tx| {
        Box::pin(async move {
            release::lock(tx).await?;
            let run = stored::insert(tx, run).await?;
            release::raise(tx).await?;
            Ok::<_, StoreError>(run.unwrap())
        })
    });
    begun.await.unwrap().id.to_string()
}

#[tokio::test]
async fn to_lose_data_in_the_middle_of_a_run_takes_two_people_or_a_review() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Admin).await;
    let ben = town.person("ben", Role::Approver).await;
    let id = with_a_database(&town).await;
    let path = format!("/failover/runs/{id}");
    let mode = async || town.run(&id).await.mode;
    let waits = async || {
        let answer = ann.post(&format!("{path}/do/force"), WORDS).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(town.last().await, Some((Action::ApprovalAsk, Outcome::Done)));
        assert_eq!(mode().await, core::Mode::Graceful, "it waits on for data");
        location(&answer).to_owned()
    };
    let approval = waits().await;
    assert!(ben.get(&approval).await.contains("what a standby lacks"));
    assert!(ben.get(&path).await.contains(&approval), "the run leads to it");
    let sent = json!({ "reason": "a test of the whole" });
    let (status, said) = ann.api(&format!("/api/v1{path}/do/force"), sent.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{said}");
    assert_eq!(waits().await, approval, "asked again it is the same request");
    let own = ann.post(&format!("{approval}/do/approve"), "").await;
    assert_eq!(own.status(), StatusCode::FORBIDDEN);
    let (status, said) = ben.api(&format!("/api/v1{approval}/do/approve"), json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a token is no person: {said}");
    let no = ben.post(&format!("{approval}/do/refuse"), WORDS).await;
    assert_eq!(no.status(), StatusCode::SEE_OTHER);
    assert_eq!(mode().await, core::Mode::Graceful);
    let approval = waits().await;
    let yes = ben.post(&format!("{approval}/do/approve"), "").await;
    assert_eq!(yes.status(), StatusCode::SEE_OTHER, "{}", text(yes).await);
    assert_eq!(town.last().await, Some((Action::FailoverForce, Outcome::Done)));
    let forced = town.run(&id).await;
    assert_eq!((forced.mode, forced.allowed_by.as_deref()), (core::Mode::Forced, Some("ben")));
    let (status, said) = ann.api(&format!("/api/v1{path}/do/stop"), sent.clone()).await;
    assert_eq!(status, StatusCode::OK, "{said}");

    // What waits when the run is over has nothing to allow any more.
    let id = with_a_database(&town).await;
    let path = format!("/failover/runs/{id}");
    let answer = ann.post(&format!("{path}/do/force"), WORDS).await;
    let approval = location(&answer).to_owned();
    assert_eq!(ann.api(&format!("/api/v1{path}/do/stop"), sent).await.0, StatusCode::OK);
    assert!(ben.get(&approval).await.contains(&format!("{id} is over")));

    // Alone, in an emergency: it is done, and somebody has to look at it.
    let id = with_a_database(&town).await;
    let path = format!("/failover/runs/{id}");
    town.both(&ann, &id, "force", Action::FailoverForce, [&format!("{WORDS}&emergency=yes"), ""])
        .await;
    let forced = town.run(&id).await;
    assert_eq!((forced.mode, forced.emergency), (core::Mode::Forced, true));
    let open = town.rig.state.control.open_approvals().await.unwrap();
    let review = open.iter().find(|it| it.kind == Kind::Review).unwrap();
    assert_eq!(review.subject.path(), path);
}

#[tokio::test]
async fn readiness_outlives_the_store_and_a_plan_says_what_drifted() {
    let town = Town::new().await;
    let ann = town.person("ann", Role::Operator).await;
    let path = "/failover/plans/fra1";
    assert!(ann.get(path).await.contains("It was never carried out to its end"));
    let untried = async || ann.get("/failover").await.matches("never tried").count();
    let before = untried().await;
    assert!(before > 0);
    let id = ann.start(PLAN, true).await;
    let mut run = town.run(&id).await;
    let (at, seen) = (Utc::now(), String::new);
    for (_, step) in run.plan.clone().steps() {
        let done = StepState::Done { since: at, at, seen: seen() };
        run.steps.insert(step.id.clone(), done);
    }
    run.state = State::Ended { outcome: mainstay_core::failover::Outcome::Done, at };
    town.write(&run).await;
    let page = ann.get(path).await;
    assert!(page.contains("Nothing in the plan differs") && page.contains(&id), "{page}");
    let more = FLEET.replace("nodes = 2", "nodes = 3");
    town.rig.state.control.estate.set_fleet(2, read::read(&more).unwrap());
    let page = ann.get(path).await;
    assert!(page.contains("3 nodes of shop come up or go, not 2"), "{page}");
    assert!(untried().await < before);

    let control = &town.rig.state.control;
    let judged = control.readiness().await.unwrap();
    control.store.reads().close().await;
    assert_eq!(control.readiness().await.unwrap().at, judged.at, "as it was judged last");
}
