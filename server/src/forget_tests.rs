//! Forgetting a data centre through its page and its API.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use chrono::{TimeDelta, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::fleet::read;
use mainstay_core::forget::FORGET_AFTER;
use mainstay_core::id::DatacenterId;

use crate::rig_tests::{Rig, grant, location, text};

const PAGE: &str = "/dc/osl1/do/forget";
const API: &str = "/api/v1/datacenters/osl1/do/forget";

/// `osl1` as the fleet has it, last heard a minute more than long enough ago.
async fn rig(retired: bool) -> Rig {
    let rig = Rig::new(false).await;
    let fleet = format!(
        r#"name = "test"
        [[region]]
        id = "north"
        name = "North"
        time_zone = "Europe/Oslo"
        [[datacenter]]
        id = "osl1"
        name = "Oslo"
        region = "north"
        vendor = "on-premises"
        retired = {retired}
        "#
    );
    let control = &rig.state.control;
    control.estate.set_fleet(1, read::read(&fleet).unwrap());
    let heard = Utc::now() - FORGET_AFTER - TimeDelta::minutes(1);
    let link = control.ingest.open(&osl1(), "0.1.0", heard);
    let report = mainstay_wire::Report { seq: 1, full: true, ..mainstay_wire::Report::default() };
    control.ingest.report(&link, report, heard).unwrap();
    control.ingest.close(link).await;
    rig
}

fn osl1() -> DatacenterId {
    DatacenterId::new("osl1").unwrap()
}

#[tokio::test]
async fn the_page_asks_for_the_name_and_the_reason() {
    let rig = rig(true).await;
    rig.user("ann", vec![grant(Role::Admin)]).await;
    let cookie = rig.sign_in("ann", "").await;
    let token = rig.form_token(&cookie).await;
    let page = text(rig.get("/dc/osl1", &cookie).await).await;
    assert!(page.contains(PAGE), "{page}");
    assert!(text(rig.get(PAGE, &cookie).await).await.contains("Forget the data centre"));
    let send = async |name: &str, reason: &str| {
        let form = format!("csrf={token}&name={name}&reason={reason}");
        rig.post(PAGE, &cookie, "same-origin", &form).await
    };
    for (name, reason, mistake) in [
        ("osl2", "the+hall+burnt+down", "Write the name of the data centre: osl1."),
        ("osl1", "fire", "Write the reason, 10 to 500 characters."),
    ] {
        let answer = send(name, reason).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(answer).await.contains(mistake), "{mistake}");
        assert!(rig.state.control.estate.datacenter(&osl1()).is_some());
    }
    let answer = send("+OSL1+", "the+hall+burnt+down").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/dc/osl1"));
    let left = rig.latest().await.map(|(_, action, outcome)| (action, outcome));
    assert_eq!(left, Some((Action::DatacenterForget, Outcome::Done)));
    let page = text(rig.get("/dc/osl1", &cookie).await).await;
    assert!(page.contains("A fleet file may leave it out."), "{page}");
}

#[tokio::test]
async fn programs_are_told_why_not() {
    for (retired, name, status) in [
        (false, "osl1", StatusCode::CONFLICT),
        (true, "osl2", StatusCode::UNPROCESSABLE_ENTITY),
        (true, "osl1", StatusCode::NO_CONTENT),
    ] {
        let rig = rig(retired).await;
        let ann = rig.user("ann", vec![grant(Role::Admin)]).await;
        let bearer = format!("Bearer {}", rig.token(&ann).await);
        let sent = serde_json::json!({ "name": name, "reason": "the hall burnt down" });
        let request = Request::post(API).header(AUTHORIZATION, bearer);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = rig.send(request.body(Body::from(sent.to_string())).unwrap()).await;
        assert_eq!(answer.status(), status, "{retired} {name}: {}", text(answer).await);
        let left = rig.latest().await.map(|(_, action, outcome)| (action, outcome));
        let done = status == StatusCode::NO_CONTENT;
        assert_eq!(left == Some((Action::DatacenterForget, Outcome::Done)), done, "{left:?}");
    }
}
