//! Restores over live databases over HTTP on a real Postgres: what they need, who decides, and
//! what each way of asking leaves.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::cell::Cell;
use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::ingest::Link;
use mainstay_control::leader::LEASE;
use mainstay_core::access::Role;
use mainstay_core::approval::{Kind as ApprovalKind, Reach, Subject, Wish};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::backup::job::{
    Cause, Failure, ProofJob, ProofResult, Reached, RestoreResult, Step, Target, Validation,
};
use mainstay_core::backup::restore::{self, REQUEST_VALID, Restore, State};
use mainstay_core::backup::work::{DatabaseReport, Done, Work, WorkReport, WorkState};
use mainstay_core::backup::{Copy, Kind, Label};
use mainstay_core::estate::Fact;
use mainstay_core::fleet::read;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_store::audit::Filter;
use mainstay_store::backup::{self, Ordered};
use mainstay_store::{StoreError, approval, audit, lease, restore as stored};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const LABEL: &str = "20261120-021500F";
const ASK: &str = "/backups/sets/store-db/copies/fra1/20261120-021500F/do/restore";
const KEPT: &str = "/data/store-db.before-1";
const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
name = "North"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "fra1"
name = "Frankfurt"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl1"
name = "Oslo"
region = "north"
vendor = "on-premises"
[[group]]
id = "store"
name = "Store"
priority = 1
[[backup_policy]]
id = "daily"
full_every_days = 1
window = "00:00-00:30"
retention_days = 7
rotation = "literal"
[[database]]
id = "store-db"
group = "store"
datacenters = ["fra1", "osl1"]
policy = "daily"
[[database]]
id = "stock-db"
group = "store"
datacenters = ["fra1", "osl1"]
policy = "daily"
"#;

/// Two databases in `fra1`, each with a copy, as an agent that is heard tells.
struct Town {
    rig: Rig,
    link: Link,
    seq: Cell<u64>,
}

impl Town {
    async fn new() -> Self {
        let rig = Rig::new(false).await;
        let control = &rig.state.control;
        control.estate.set_fleet(1, read::read(FLEET).unwrap());
        lease::create(&rig.db.store, LEASE, "test").await.unwrap();
        let link = control.ingest.open(&fra1(), "0.1.0", Utc::now());
        let town = Self { rig, link, seq: Cell::new(0) };
        town.hear();
        town
    }

    /// The agent reports: it is heard for a while.
    fn hear(&self) {
        let (now, seq) = (Utc::now(), self.seq.get() + 1);
        self.seq.set(seq);
        let facts = ["store-db", "stock-db"].map(|id| Fact::Database(seen(id, now))).into();
        let full = mainstay_wire::Report { seq, full: true, facts, ..Default::default() };
        self.rig.state.control.ingest.report(&self.link, full, now).unwrap();
    }

    /// A test restore of a copy up to its end, that passed.
    async fn proven(&self, database: &str) {
        let (store, now) = (&self.rig.db.store, Utc::now().trunc_subsecs(6));
        let job = ProofJob {
            id: format!("dw-{database}"),
            database: DatabaseId::new(database).unwrap(),
            datacenter: fra1(),
            label: Label(LABEL.to_owned()),
            target: Target::EndOfCopy,
            checks: Vec::new(),
            keep: None,
        };
        let validation = Validation {
            recovery: Step::Passed,
            reached: None,
            structure: Step::Passed,
            checks: Vec::new(),
            pages: Step::Passed,
        };
        let (restore, clean_up) = (Step::Passed, Step::Passed);
        let started = now - TimeDelta::minutes(4);
        let (ended, kept) = (now, None);
        let result = ProofResult { started, ended, restore, validation, clean_up, kept };
        let state = WorkState::Done { done: Done::Prove(result) };
        let (started_at, ended_at) = (Some(started), Some(now));
        let work = Work::Prove(job);
        let report = &WorkReport { work: work.clone(), state, started_at, ended_at };
        let ordered = &Ordered {
            work,
            agent: fra1(),
            asked_by: None,
            reason: None,
            ordered_at: started,
            report: None,
            ended_at: None,
        };
        let written = store.read_committed(|tx| {
            Box::pin(async move {
                backup::order(tx, ordered).await?;
                backup::end_work(tx, report, now).await?;
                Ok::<_, StoreError>(())
            })
        });
        written.await.unwrap();
    }

    /// A restore that `ann` asked for.
    async fn requested(&self, at: DateTime<Utc>) -> Restore {
        let at = at.trunc_subsecs(6);
        let request = &restore::Request {
            database: DatabaseId::new("store-db").unwrap(),
            datacenter: fra1(),
            label: Label(LABEL.to_owned()),
            target: Target::EndOfCopy,
            by: "ann".to_owned(),
            reason: "orders are gone".to_owned(),
            at,
            unproven: false,
        };
        let store = &self.rig.db.store;
        let written = store
            .read_committed(|tx| Box::pin(async move { stored::insert(tx, request, at).await }));
        let restore = written.await.unwrap().unwrap();
        let subject = Subject::Restore { restore: restore.id, database: request.database.clone() };
        let wish = &Wish {
            kind: ApprovalKind::Permission,
            hash: subject.hash(),
            subject,
            reach: Reach::default(),
            by: request.by.clone(),
            reason: request.reason.clone(),
            at,
            until: at + REQUEST_VALID,
        };
        let asked =
            store.read_committed(|tx| Box::pin(async move { approval::insert(tx, wish).await }));
        asked.await.unwrap().unwrap();
        restore
    }

    async fn person(&self, name: &str, roles: &[Role]) -> Person<'_> {
        let rig = &self.rig;
        let user = rig.user(name, roles.iter().copied().map(grant).collect()).await;
        let cookie = rig.sign_in(name, "").await;
        let csrf = rig.form_token(&cookie).await;
        let bearer = format!("Bearer {}", rig.token(&user).await);
        Person { rig, cookie, csrf, bearer }
    }

    async fn last(&self) -> Option<(Action, Outcome)> {
        self.rig.latest().await.map(|(_, action, outcome)| (action, outcome))
    }
}

fn fra1() -> DatacenterId {
    DatacenterId::new("fra1").unwrap()
}

fn seen(database: &str, now: DateTime<Utc>) -> DatabaseReport {
    let copy = Copy {
        label: Label(LABEL.to_owned()),
        kind: Kind::Full,
        full: None,
        started: now - TimeDelta::minutes(70),
        finished: now - TimeDelta::minutes(60),
        database_bytes: 1 << 30,
        stored_bytes: 1 << 28,
        wal: None,
        bad_pages: false,
        gone: false,
    };
    DatabaseReport {
        database: DatabaseId::new(database).unwrap(),
        read_at: now,
        hosts: true,
        prepared: None,
        catalogue: BTreeMap::from([(fra1(), Ok(vec![copy]))]),
        wal: BTreeMap::new(),
        set_aside: vec![KEPT.to_owned()],
        kept: Vec::new(),
        log_moments: Vec::new(),
        archiver: None,
        histories: BTreeMap::new(),
    }
}

struct Person<'a> {
    rig: &'a Rig,
    cookie: String,
    csrf: String,
    bearer: String,
}

impl Person<'_> {
    async fn get(&self, path: &str) -> String {
        let response = self.rig.get(path, &self.cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        text(response).await
    }

    async fn post(&self, path: &str, fields: &str) -> Response {
        let form = format!("csrf={}&key={}&{fields}", self.csrf, key());
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

fn key() -> String {
    mainstay_control::access::random()
}

#[tokio::test]
async fn it_needs_a_test_restore_or_the_name_typed() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    assert!(ann.get(ASK).await.contains("It needs a test restore."));
    let refused = ann.post(ASK, "target=end&reason=orders+are+gone").await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let page = text(refused).await;
    assert!(page.contains("orders are gone") && page.contains("No test restore"), "{page}");
    assert_eq!(town.last().await, Some((Action::RestoreAsk, Outcome::Refused)));
    for (fields, words) in [
        ("target=end&reason=orders+are+gone&confirm=stock-db", "Type store-db, the name"),
        ("target=end&reason=&confirm=store-db", "Write why"),
        ("target=moment&moment=soon&reason=why&confirm=store-db", "Write a moment"),
    ] {
        let answer = ann.post(ASK, fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{fields}");
        assert!(text(answer).await.contains(words), "{words}");
    }
    let named = ann.post(ASK, "target=end&reason=orders+are+gone&confirm=store-db").await;
    assert_eq!(named.status(), StatusCode::SEE_OTHER);
    assert_eq!(town.last().await, Some((Action::RestoreAsk, Outcome::Done)));
    let page = ann.get(location(&named)).await;
    assert!(page.contains("It goes WITHOUT a test restore."), "{page}");
    // One at a time.
    let other = ann.post(ASK, "target=end&reason=again&confirm=store-db").await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert!(ann.get("/backups?view=restores").await.contains("without a test restore"));
}

#[tokio::test]
async fn a_test_restore_to_another_target_does_not_count() {
    let town = Town::new().await;
    town.proven("store-db").await;
    let ann = town.person("ann", &[Role::Operator]).await;
    assert!(ann.get(ASK).await.contains("A test restore passed."));
    assert!(ann.get(&format!("{ASK}?target=latest")).await.contains("It needs a test restore."));
    let latest = ann.post(ASK, "target=latest&reason=orders+are+gone").await;
    assert_eq!(latest.status(), StatusCode::CONFLICT);
    let end = ann.post(ASK, "target=end&reason=orders+are+gone").await;
    assert_eq!(end.status(), StatusCode::SEE_OTHER);
    let page = ann.get(location(&end)).await;
    assert!(page.contains("Test restores") || page.contains("A test restore of"), "{page}");
}

#[tokio::test]
async fn whoever_asked_never_allows() {
    let town = Town::new().await;
    town.proven("store-db").await;
    let ann = town.person("ann", &[Role::Operator, Role::Approver]).await;
    let asked = ann.post(ASK, "target=end&reason=orders+are+gone").await;
    let page = location(&asked).to_owned();
    let allow = format!("{page}/do/allow");
    let words = "ann asked for it; a second person has to allow it.";
    assert!(ann.get(&page).await.contains(words));
    assert!(!ann.get(&allow).await.contains("name=\"key\""));
    let own = ann.post(&allow, "").await;
    assert_eq!(own.status(), StatusCode::CONFLICT);
    assert_eq!(town.last().await, Some((Action::RestoreAllow, Outcome::Refused)));
    // Nor with a token of hers.
    let (status, _) = ann.api(&format!("/api/v1{allow}"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    // An operator is not a second person, and says no to what is not theirs in vain.
    let tom = town.person("tom", &[Role::Operator]).await;
    assert!(tom.get(&page).await.contains("approver"));
    assert_eq!(tom.post(&allow, "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(town.last().await, Some((Action::RestoreAllow, Outcome::Refused)));
    let no = tom.post(&format!("{page}/do/refuse"), "reason=no").await;
    assert_eq!(no.status(), StatusCode::FORBIDDEN);
    let ben = town.person("ben", &[Role::Approver]).await;
    town.hear();
    assert!(ben.get(&allow).await.contains("Allow and begin"));
    town.hear();
    let done = ben.post(&allow, "").await;
    assert_eq!((done.status(), location(&done)), (StatusCode::SEE_OTHER, page.as_str()));
    assert_eq!(town.last().await, Some((Action::RestoreAllow, Outcome::Done)));
    let shown = ann.get(&page).await;
    assert!(shown.contains("ben") && !shown.contains("Refuse…"), "{shown}");
    let late = ben.post(&format!("{page}/do/refuse"), "reason=no").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_nobody_allowed_in_time_is_void() {
    let town = Town::new().await;
    town.proven("store-db").await;
    let at = Utc::now() - REQUEST_VALID - TimeDelta::minutes(1);
    let page = format!("/backups/restores/{}", town.requested(at).await.id);
    let ben = town.person("ben", &[Role::Approver]).await;
    assert!(ben.get(&page).await.contains("Void"));
    let late = ben.post(&format!("{page}/do/allow"), "").await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(text(late).await.contains("obody allowed it within 4 hours"));
    assert_eq!(town.last().await, Some((Action::RestoreAllow, Outcome::Refused)));
}

#[tokio::test]
async fn each_step_and_the_data_before_are_told() {
    let town = Town::new().await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let tom = town.person("tom", &[Role::Viewer]).await;
    let restore = town.requested(Utc::now() - TimeDelta::hours(1)).await;
    let page = format!("/backups/restores/{}", restore.id);
    let failure = Failure::new(Cause::DiskFull, "no space");
    let position = Some("0/3000148".to_owned());
    let result = |start| RestoreResult {
        set_aside: Some(KEPT.to_owned()),
        stop: Step::Passed,
        restore: Step::Passed,
        start,
        reached: Some(Reached { position: position.clone(), last_commit: None }),
        checks: Vec::new(),
    };
    let (at, allowed_by) = (Utc::now().trunc_subsecs(6), "ben".to_owned());
    let bad = Some(result(Step::Failed { failure }));
    for (revision, state, words) in [
        (
            2,
            State::Done { allowed_by: allowed_by.clone(), result: result(Step::Passed), at },
            ["Restored", "Stop passed", "Start passed", "0/3000148"],
        ),
        (
            3,
            State::Failed { allowed_by, result: bad, failure: None, at },
            ["Failed", "Restore passed", "Start failed", "no space"],
        ),
    ] {
        let next = &Restore { state, revision, ..restore.clone() };
        let written = town
            .rig
            .db
            .store
            .read_committed(|tx| Box::pin(async move { stored::update(tx, next, at).await }));
        assert!(written.await.unwrap());
        let shown = ann.get(&page).await;
        for words in words.iter().chain(&["ben", KEPT, "do/let-go?path="]) {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains("do/allow"), "{shown}");
        assert!(!tom.get(&page).await.contains("do/let-go"));
    }
    let list = tom.get("/backups?view=restores").await;
    assert!(list.contains("rs-") && list.contains("Start failed"), "{list}");
}

/// What the walk along all routes of the console leaves to this one.
#[tokio::test]
async fn every_way_to_decide_leaves_one_entry() {
    let town = Town::new().await;
    town.proven("store-db").await;
    town.proven("stock-db").await;
    let ann = town.person("ann", &[Role::Operator]).await;
    let ben = town.person("ben", &[Role::Approver]).await;
    let count = async || {
        let all = audit::list(&town.rig.db.store, &Filter::default(), None, 200).await.unwrap();
        all.len()
    };
    let reason = json!({ "reason": "orders are gone" });
    let (stock, fields) = (ASK.replace("store-db", "stock-db"), "target=end&reason=gone");
    let (mut before, mut restore) = (count().await, String::new());
    let go = "/backups/sets/store-db/do/let-go";
    let form = format!("path={KEPT}&confirm=store-db");
    for (who, api, path, action) in [
        (&ann, false, ASK, Action::RestoreAsk),
        (&ann, false, "refuse", Action::RestoreRefuse),
        (&ann, true, ASK, Action::RestoreAsk),
        (&ben, true, "refuse", Action::RestoreRefuse),
        (&ann, true, ASK, Action::RestoreAsk),
        (&ben, false, "allow", Action::RestoreAllow),
        (&ann, false, &stock, Action::RestoreAsk),
        (&ben, false, "allow", Action::RestoreAllow),
        (&ann, false, go, Action::RestoreLetGo),
        (&ann, true, go, Action::RestoreLetGo),
    ] {
        town.hear();
        let asks = action == Action::RestoreAsk;
        let path =
            if path.starts_with('/') { path.to_owned() } else { format!("{restore}/do/{path}") };
        if api {
            let sent = if action == Action::RestoreLetGo {
                json!({ "path": KEPT, "confirm": "store-db" })
            } else {
                reason.clone()
            };
            let (status, said) = who.api(&format!("/api/v1{path}"), sent).await;
            assert_eq!(status, StatusCode::OK, "{path}: {said}");
            if asks {
                restore = format!("/backups/restores/{}", said["restore"].as_str().unwrap());
            }
        } else {
            let sent = if action == Action::RestoreLetGo { &*form } else { fields };
            let answer = who.post(&path, sent).await;
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
            if asks {
                location(&answer).clone_into(&mut restore);
            }
        }
        assert_eq!(town.last().await, Some((action, Outcome::Done)), "{path}");
        let after = count().await;
        assert_eq!(after, before + 1, "{path}");
        before = after;
    }
    let list = text(town.rig.get("/api/v1/backups/restores", &ann.cookie).await).await;
    let list: Value = serde_json::from_str(&list).unwrap();
    let states = list["restores"].as_array().unwrap().iter().map(|row| &row["state"]);
    assert_eq!(states.collect::<Vec<_>>(), ["ordered", "ordered", "refused", "refused"]);
    let review = ann.get(&format!("{go}?path=%2Fdata%2Fstore-db.before-1")).await;
    assert!(review.contains("Let it go"), "{review}");
    let wrong = ann.post(go, &format!("path={KEPT}&confirm=stock-db")).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(ann.get("/backups/sets/store-db").await.contains(KEPT));
}
