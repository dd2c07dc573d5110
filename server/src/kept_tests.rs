//! Restored copies that stay, over HTTP: asked for with a time that may be, told with the way into
//! them, let go with a reason, and no more of them than there may be.

#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use http::StatusCode;
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::backup::Label;
use mainstay_core::backup::job::Target;
use mainstay_core::backup::kept::{Hours, Kept, Server};
use mainstay_core::backup::work::{Leftover, Work};
use mainstay_core::deployment::Command;
use mainstay_store::audit::Filter;
use mainstay_store::{audit, outbox};
use serde_json::{Value, json};

use crate::backup_tests::{COPY, LABEL, SET, call, rig_with};
use crate::rig_tests::{Rig, grant, location, text};

const PATH: &str = "/scratch/kept/0000002a";

fn kept(server: Server) -> Kept {
    let since = Utc::now().trunc_subsecs(6) - TimeDelta::minutes(90);
    Kept {
        work: "dw-900".to_owned(),
        datacenter: "osl1".parse().unwrap(),
        label: Label(LABEL.to_owned()),
        target: Target::EndOfCopy,
        path: PATH.to_owned(),
        socket: format!("{PATH}/socket"),
        port: 5432,
        user: "postgres".to_owned(),
        account: "postgres".to_owned(),
        names: vec!["app".to_owned(), "postgres".to_owned()],
        since,
        until: since + Hours::DEFAULT.time(),
        bytes: Some(3_000_000),
        server,
    }
}

/// The one-time key of a form.
async fn form_key(rig: &Rig, path: &str, cookie: &str) -> String {
    let page = text(rig.get(path, cookie).await).await;
    let (_, after) = page.split_once(r#"name="key" value=""#).unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn given(rig: &Rig, id: &str) -> Work {
    let command = outbox::get(&rig.db.store, id).await.unwrap().unwrap().command;
    let Command::Work { work } = command.action else { panic!("{command:?}") };
    work
}

#[tokio::test]
async fn a_restored_copy_stays_for_a_time_that_may_be_and_no_more_than_two_do() {
    let rig = rig_with(vec![kept(Server::Running)]).await;
    let olga = rig.user("olga", vec![grant(Role::Operator)]).await;
    let (cookie, api) = (rig.sign_in("olga", "").await, rig.token(&olga).await);
    let token = rig.form_token(&cookie).await;
    let prove = format!("{COPY}/do/prove");
    let page = text(rig.get(&format!("{prove}?keep=yes"), &cookie).await).await;
    assert!(page.contains("Keep it running afterwards"), "{page}");
    let ticked = page.split_once(r#"name="keep""#).unwrap().1.split('>').next().unwrap();
    assert!(ticked.contains("checked"), "{ticked}");
    let copy = text(rig.get(COPY, &cookie).await).await;
    assert!(copy.contains("do/prove?keep=yes"), "{copy}");
    let over = text(rig.get(&format!("{COPY}/do/restore"), &cookie).await).await;
    assert!(over.contains("Are only some rows lost?"), "{over}");

    let key = form_key(&rig, &prove, &cookie).await;
    let send = async |more: &str| {
        let form = format!("csrf={token}&key={key}&reason=rows+are+gone&target=end&keep=yes{more}");
        rig.post(&prove, &cookie, "same-origin", &form).await
    };
    let before = rig.latest().await;
    for wrong in ["&hours=73", "&hours=0", "&hours=soon", ""] {
        let answer = send(wrong).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(text(answer).await.contains("Write for how many hours it stays, 1 to 72."));
    }
    let (status, answer) =
        call(&rig, &api, &prove, &json!({ "reason": "x", "keep_hours": 100 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let words = "a restored copy stays from 1 to 72 hours";
    assert!(answer["detail"].as_str().unwrap().contains(words), "{answer}");
    assert_eq!(rig.latest().await, before, "nothing was done");

    let asked = send("&hours=12").await;
    assert_eq!((asked.status(), location(&asked)), (StatusCode::SEE_OTHER, COPY));
    let entry = audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap();
    let event = &entry[0].event;
    assert_eq!((event.action, event.outcome), (Action::DatabaseWork, Outcome::Done));
    let work = &event.after.as_ref().unwrap()["work"];
    assert_eq!(work["keep"], 12, "{work}");
    let Work::Prove(job) = given(&rig, work["id"].as_str().unwrap()).await else { panic!() };
    assert_eq!(job.keep.map(Hours::get), Some(12));

    // One stays, one is to come.
    let full = "2 restored copies of store-db stay already";
    let (status, answer) =
        call(&rig, &api, &prove, &json!({ "reason": "x", "keep_hours": 24 })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains(full), "{answer}");
    let last = rig.latest().await.unwrap();
    assert_eq!((last.1, last.2), (Action::DatabaseWork, Outcome::Refused));
    let other = form_key(&rig, &prove, &cookie).await;
    let form = format!("csrf={token}&key={other}&reason=again&target=end&keep=yes&hours=2");
    let answer = rig.post(&prove, &cookie, "same-origin", &form).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let page = text(answer).await;
    assert!(page.contains(full) && page.contains("again</textarea>"), "{page}");
    let (status, _) = call(&rig, &api, &prove, &json!({ "reason": "it does not stay" })).await;
    assert_eq!(status, StatusCode::OK);
    for (on, expected) in [("osl1", StatusCode::OK), ("osl2", StatusCode::CONFLICT)] {
        let (status, answer) = call(&rig, &api, &prove, &json!({ "reason": "x", "on": on })).await;
        assert_eq!(status, expected, "{on}: {answer}");
    }
}

#[tokio::test]
async fn a_set_says_how_to_come_in_and_a_reason_lets_it_go() {
    let why = "the disk is full".to_owned();
    for (server, words) in [
        (Server::Running, "Running"),
        (Server::Down { why }, "The disk is full. The agent goes on trying."),
    ] {
        let rig = rig_with(vec![kept(server)]).await;
        let olga = rig.user("olga", vec![grant(Role::Operator)]).await;
        let (cookie, api) = (rig.sign_in("olga", "").await, rig.token(&olga).await);
        let page = text(rig.get(SET, &cookie).await).await;
        let way = format!("sudo -u postgres psql -h {PATH}/socket -p 5432 -U postgres -d app");
        for shown in [words, &*way, "Restored copy in osl1", "do/let-go?path="] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        let data = text(rig.get(&format!("/api/v1{SET}"), &cookie).await).await;
        let data: Value = serde_json::from_str(&data).unwrap();
        let row = &data["kept"][0];
        assert_eq!((&row["psql"], &row["path"]), (&json!(way), &json!(PATH)));
        assert_eq!(row["pg_dump"], way.replace("psql", "pg_dump") + " -t TABLE");

        longer(&rig, (&cookie, &api)).await;

        let go = format!("{SET}/do/let-go");
        let review = format!("{go}?path={}", PATH.replace('/', "%2F"));
        let shown = text(rig.get(&review, &cookie).await).await;
        assert!(shown.contains("Let a restored copy of store-db go"), "{shown}");
        assert!(!shown.contains("Type the name"), "{shown}");
        let token = rig.form_token(&cookie).await;
        let key = form_key(&rig, &review, &cookie).await;
        let form = format!("csrf={token}&key={key}&path={PATH}&reason=");
        let mute = rig.post(&go, &cookie, "same-origin", &form).await;
        assert_eq!(mute.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(mute).await.contains("Write why, in a few words."));
        let (status, answer) = call(&rig, &api, &go, &json!({ "path": PATH })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        let gone = rig.post(&go, &cookie, "same-origin", &format!("{form}rows+are+back")).await;
        assert_eq!((gone.status(), location(&gone)), (StatusCode::SEE_OTHER, SET));
        let entry = audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap();
        let event = &entry[0].event;
        assert_eq!((event.action, event.outcome), (Action::RestoreLetGo, Outcome::Done));
        assert_eq!(event.reason.as_deref(), Some("rows are back"));
        let after = event.after.as_ref().unwrap();
        assert_eq!((&after["path"], &after["leftover"]), (&json!(PATH), &json!("kept")));
        let Work::LetGo(job) = given(&rig, after["work"].as_str().unwrap()).await else {
            panic!("{after}")
        };
        assert_eq!((job.path.as_str(), job.leftover), (PATH, Leftover::Kept));
        let (status, answer) =
            call(&rig, &api, &go, &json!({ "path": PATH, "reason": "once more" })).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let elsewhere = json!({ "path": "/scratch/kept/1", "confirm": "store-db" });
        assert_eq!(call(&rig, &api, &go, &elsewhere).await.0, StatusCode::NOT_FOUND);
    }
}

/// It stays longer by a form and through the API, with a reason and a week in all at most.
async fn longer(rig: &Rig, (cookie, api): (&str, &str)) {
    let longer = format!("{SET}/do/keep-longer");
    let token = rig.form_token(cookie).await;
    let send = async |fields: &str| {
        let form = format!("csrf={token}&path={PATH}&{fields}");
        rig.post(&longer, cookie, "same-origin", &form).await
    };
    let last = async || rig.latest().await.map(|(_, action, outcome)| (action, outcome));
    for (fields, expected) in [
        ("key=k1&hours=24&reason=", "Write why, in a few words"),
        ("key=k2&hours=100&reason=x", "Write the hours from 1 to 72"),
        ("key=k3&hours=soon&reason=x", "Write the hours from 1 to 72"),
    ] {
        let answer = send(fields).await;
        assert!(answer.status().is_client_error(), "{fields}");
        let page = text(answer).await;
        assert!(page.contains(expected), "{fields}: {page}");
    }
    let answer = send("key=k4&hours=24&reason=still+looking").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, SET));
    assert_eq!(last().await, Some((Action::RestoreKeepLonger, Outcome::Done)));
    let entry = audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap();
    let event = &entry[0].event;
    assert_eq!(event.reason.as_deref(), Some("still looking"));
    let (before, after) = (event.before.as_ref().unwrap(), event.after.as_ref().unwrap());
    let until = |of: &Value| of["until"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(until(after) - until(before), Hours::DEFAULT.time());
    let Work::Stay(job) = given(rig, after["work"].as_str().unwrap()).await else {
        panic!("{after}")
    };
    assert_eq!((job.path.as_str(), job.until), (PATH, until(after)));
    // The same once more is done once.
    let again = send("key=k4&hours=24&reason=still+looking").await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER);
    let sent = json!({ "path": PATH, "hours": 72, "reason": "once more" });
    let (status, answer) = call(rig, api, &longer, &sent).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let elsewhere = json!({ "path": "/scratch/kept/1", "hours": 1, "reason": "x" });
    assert_eq!(call(rig, api, &longer, &elsewhere).await.0, StatusCode::NOT_FOUND);
    let no = json!({ "path": PATH, "hours": 73, "reason": "x" });
    assert_eq!(call(rig, api, &longer, &no).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}
