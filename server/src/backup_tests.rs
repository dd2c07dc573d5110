//! The pages of backups, a backup now and a test restore now: by a form and by a program, once
//! each, with their entries, and refused to those who may not.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use axum::body::Body;
use chrono::{SubsecRound, TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_control::access::By;
use mainstay_control::leader::LEASE;
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::backup::clock::Pace;
use mainstay_core::backup::kept::Kept;
use mainstay_core::backup::work::{DatabaseReport, Work};
use mainstay_core::backup::{Catalogue, Copy, Kind, Label, job};
use mainstay_core::deployment::Command;
use mainstay_core::estate::Fact;
use mainstay_core::id::DatacenterId;
use mainstay_store::{lease, outbox};
use serde_json::{Value, json};

use crate::rig_tests::{Rig, grant, location, text};

const FLEET: &str = r#"
name = "test"
[[region]]
id = "north"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "x"
[[datacenter]]
id = "osl2"
region = "north"
vendor = "x"
[[group]]
id = "store"
priority = 1
[[backup_policy]]
id = "daily"
full_every_days = 1
window = "00:00-00:30"
retention_days = 7
[[database]]
id = "store-db"
group = "store"
datacenters = ["osl1", "osl2"]
policy = "daily"
"#;
pub const LABEL: &str = "20261120-000003F";
pub const SET: &str = "/backups/sets/store-db";
pub const COPY: &str = "/backups/sets/store-db/copies/osl1/20261120-000003F";

/// A database that an agent sees, with one copy in one repository and another that is not read.
async fn rig() -> Rig {
    rig_with(Vec::new()).await
}

/// The same with restored copies that stay.
pub async fn rig_with(kept: Vec<Kept>) -> Rig {
    let rig = Rig::new(false).await;
    let (control, now) = (&rig.state.control, Utc::now());
    control.apply_fleet(&By::system("test"), FLEET, 0, Some("for the tests")).await.unwrap();
    let started = now - TimeDelta::hours(3);
    let copy = Copy {
        label: Label(LABEL.to_owned()),
        kind: Kind::Full,
        full: None,
        started,
        finished: started + TimeDelta::minutes(5),
        database_bytes: 2_000_000,
        stored_bytes: 1_000_000,
        wal: None,
        bad_pages: false,
        gone: false,
    };
    let osl1: DatacenterId = "osl1".parse().unwrap();
    let unread = Err("the repository did not answer".to_owned());
    let catalogue =
        Catalogue::from([(osl1.clone(), Ok(vec![copy])), ("osl2".parse().unwrap(), unread)]);
    let report = DatabaseReport {
        database: "store-db".parse().unwrap(),
        read_at: now,
        hosts: true,
        prepared: None,
        catalogue,
        wal: BTreeMap::new(),
        set_aside: Vec::new(),
        kept,
        log_moments: Vec::new(),
        archiver: None,
        histories: BTreeMap::new(),
    };
    let link = control.ingest.open(&osl1, "0.1.0", now);
    let facts = vec![Fact::Database(report)];
    let report =
        mainstay_wire::Report { seq: 1, full: true, facts, ..mainstay_wire::Report::default() };
    control.ingest.report(&link, report, now).unwrap();
    std::mem::forget(link);
    // Orders are numbered by whoever leads.
    lease::create(&rig.db.store, LEASE, "test").await.unwrap().unwrap();
    rig
}

pub async fn call(rig: &Rig, token: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(format!("/api/v1{path}"))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json");
    let answer = rig.send(request.body(Body::from(body.to_string())).unwrap()).await;
    let status = answer.status();
    (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
}

async fn left(rig: &Rig) -> (i64, Action, Outcome) {
    rig.latest().await.unwrap()
}

#[tokio::test]
async fn pages_tell_what_is_there_and_name_what_is_not_known() {
    let rig = rig().await;
    rig.user("vera", vec![grant(Role::Viewer)]).await;
    let cookie = rig.sign_in("vera", "").await;
    for (path, words) in [
        ("/backups", "store-db"),
        ("/backups?span=month", "store-db"),
        ("/backups?view=sets", "(not read: osl2)"),
        ("/backups?view=copies", "One repository could not be read"),
        ("/backups?view=copies&lost=osl1", "May be in osl2, not read."),
        ("/backups?view=nothing", "nothing"),
        (SET, "This needs the role operator or admin."),
        (COPY, "No test restore of this copy was made."),
        ("/backups/sets/store-db/do/run-now", "This needs the role operator or admin."),
        (
            "/backups/sets/store-db/copies/osl1/20261120-000003F/do/prove",
            "This needs the role operator or admin.",
        ),
        ("/", "Backups"),
    ] {
        let answer = rig.get(path, &cookie).await;
        let status = answer.status();
        let page = text(answer).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(page.contains(words), "{path}: {page}");
    }
    for path in [
        "/backups/sets/no-db",
        "/backups/sets/store-db/copies/osl1/nothing",
        "/backups/runs/bk-404",
        "/backups/runs/404",
    ] {
        assert_eq!(rig.get(path, &cookie).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_form_asks_once_and_keeps_what_was_typed() {
    let rig = rig().await;
    rig.user("olga", vec![grant(Role::Operator)]).await;
    let cookie = rig.sign_in("olga", "").await;
    let token = rig.form_token(&cookie).await;
    for (object, verb, action, more) in [
        (SET, "run-now", Action::BackupAsk, "kind=full"),
        (COPY, "prove", Action::DatabaseWork, "target=end"),
    ] {
        let path = format!("{object}/do/{verb}");
        let page = text(rig.get(&path, &cookie).await).await;
        let (_, after) = page.split_once(r#"name="key" value=""#).unwrap();
        let key = after.split('"').next().unwrap();
        let send = async |reason: &str, more: &str| {
            let form = format!("csrf={token}&key={key}&reason={reason}&{more}");
            rig.post(&path, &cookie, "same-origin", &form).await
        };
        let before = left(&rig).await.0;
        let answer = send("", more).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(answer).await.contains("Write why, in a few words."));
        let wrong = send("a+look+at+it", "kind=none&target=moment&moment=soon").await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(wrong).await.contains("a look at it</textarea>"));
        assert_eq!(left(&rig).await.0, before, "nothing was done");
        let first = send("a+look+at+it", more).await;
        assert_eq!(first.status(), StatusCode::SEE_OTHER, "{}", text(first).await);
        let there = location(&first).to_owned();
        let entry = left(&rig).await;
        assert_eq!((entry.1, entry.2), (action, Outcome::Done));
        let second = send("a+look+at+it", more).await;
        assert_eq!((second.status(), location(&second)), (StatusCode::SEE_OTHER, &*there));
        assert_eq!(left(&rig).await, entry, "done once");
        assert_eq!(rig.get(&there, &cookie).await.status(), StatusCode::OK, "{there}");
    }
}

#[tokio::test]
async fn programs_ask_and_hear_why_not() {
    let rig = rig().await;
    let olga = rig.user("olga", vec![grant(Role::Operator)]).await;
    let vera = rig.user("vera", vec![grant(Role::Viewer)]).await;
    let (olga, vera) = (rig.token(&olga).await, rig.token(&vera).await);
    let run = format!("{SET}/do/run-now");
    let prove = format!("{COPY}/do/prove");
    let ask = json!({ "kind": "differential", "reason": "before the migration", "key": "k-1" });
    let (status, _) = call(&rig, &vera, &run, &ask).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let refused = left(&rig).await;
    assert_eq!((refused.1, refused.2), (Action::BackupAsk, Outcome::Refused));
    let (status, first) = call(&rig, &olga, &run, &ask).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    assert_eq!(left(&rig).await.0, refused.0 + 1, "one entry");
    let (_, again) = call(&rig, &olga, &run, &ask).await;
    assert_eq!(first, again);
    let proven = json!({ "reason": "before the migration" });
    let (status, work) = call(&rig, &olga, &prove, &proven).await;
    assert_eq!(status, StatusCode::OK, "{work}");
    assert_eq!(left(&rig).await.1, Action::DatabaseWork);
    for (path, body, expected) in [
        (&run, json!({ "kind": "full", "reason": " " }), StatusCode::UNPROCESSABLE_ENTITY),
        (&run, json!({ "kind": "half", "reason": "x" }), StatusCode::UNPROCESSABLE_ENTITY),
        (&"/backups/sets/no-db/do/run-now".to_owned(), ask.clone(), StatusCode::NOT_FOUND),
        (&format!("{SET}/copies/osl2/{LABEL}/do/prove"), proven.clone(), StatusCode::NOT_FOUND),
    ] {
        let (status, answer) = call(&rig, &olga, path, &body).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
}

#[tokio::test]
async fn where_days_pass_faster_pages_say_so_and_agents_are_given_real_moments() {
    let rig = rig().await;
    let (control, minute) = (&rig.state.control, Pace::new(60).unwrap());
    control.set_pace(&By::system("test"), minute).await.unwrap();
    let olga = rig.user("olga", vec![grant(Role::Operator)]).await;
    let (cookie, token) = (rig.sign_in("olga", "").await, rig.token(&olga).await);
    let words = "A day of the backup policies passes in 60 s here.";
    for path in ["/backups", SET, COPY, "/"] {
        let page = text(rig.get(path, &cookie).await).await;
        assert!(page.contains(words), "{path}: {page}");
    }
    let page = text(rig.get("/settings/profile", &cookie).await).await;
    assert!(!page.contains(words), "{page}");
    let data = text(rig.get("/api/v1/backups?view=sets", &cookie).await).await;
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["day_seconds"], 60);
    // A moment of the policies, written down as it was asked for and given as it is.
    let clock = control.snapshot().estate.clock;
    let real = Utc::now().trunc_subsecs(3) + TimeDelta::minutes(7);
    let target = job::Target::Moment { at: clock.to_policy(real) };
    let body = json!({ "target": target, "reason": "to see it" });
    let (status, answer) = call(&rig, &token, &format!("{COPY}/do/prove"), &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let id = answer["work"].as_str().unwrap();
    let target_of = |work: &Work| {
        let Work::Prove(job) = work else { panic!("{work:?}") };
        job.target
    };
    let asked = control.database_work_of(id).await.unwrap().unwrap();
    assert_eq!(target_of(&asked.work), target);
    assert!(clock.to_real(asked.ordered_at) <= Utc::now());
    let command = outbox::get(&rig.db.store, id).await.unwrap().unwrap().command;
    let Command::Work { work } = command.action else { panic!("it is work") };
    assert_eq!(target_of(&work), job::Target::Moment { at: real });
}
