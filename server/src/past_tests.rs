//! Pages as of a moment of the past, over HTTP on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test")]

use axum::body::Body;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Request, StatusCode};
use mainstay_core::access::Role;
use mainstay_core::estate::{Contact, Instance, InstanceState};
use mainstay_core::fleet::read;
use mainstay_core::moment::Entry;
use mainstay_store::fleet::{NewFleet, apply};
use mainstay_store::moment;
use serde_json::Value;

use crate::rig_tests::{Rig, grant, text};

const FLEET: &str = r#"name = "test"
[[region]]
id = "north"
time_zone = "Europe/Oslo"
[[datacenter]]
id = "osl1"
region = "north"
vendor = "on-premises"
[[datacenter]]
id = "osl2"
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
version = "2.0.0"
"#;

fn named(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A console in which the shop ran as 1.0.0 ten minutes ago, for one minute; now nothing runs.
async fn town() -> (Rig, DateTime<Utc>, String) {
    let rig = Rig::new(false).await;
    let control = &rig.state.control;
    let fleet = read::read(FLEET).unwrap();
    let then = Utc::now() - TimeDelta::minutes(10);
    let instance = Instance {
        id: "shop-osl1-1".parse().unwrap(),
        service: "shop".parse().unwrap(),
        version: "1.0.0".to_owned(),
        state: InstanceState::Serving,
        since: then - TimeDelta::hours(1),
        restarts: 3,
        cpu_millicores: None,
        memory_bytes: None,
        endpoint: None,
        handle: None,
    };
    let contact = Contact::Reporting;
    let entry = Entry {
        whole: true,
        contact,
        agent_version: None,
        instances: vec![instance],
        gone: vec![],
    };
    let mut db = control.store.acts().begin().await.unwrap();
    let new = NewFleet {
        source: FLEET,
        fleet: &fleet,
        applied_at: then - TimeDelta::hours(2),
        applied_by: "ann",
        reason: None,
    };
    apply(&mut db, 0, new).await.unwrap().unwrap();
    let span = moment::open(&mut db, then).await.unwrap();
    moment::write(&mut db, span, then, &[("osl1".parse().unwrap(), entry)]).await.unwrap();
    moment::extend(&mut db, span, then + TimeDelta::minutes(1)).await.unwrap();
    db.commit().await.unwrap();
    control.estate.set_fleet(1, fleet);
    rig.user("ann", vec![grant(Role::Admin)]).await;
    let cookie = rig.sign_in("ann", "").await;
    (rig, then, cookie)
}

async fn asked(rig: &Rig, path: &str, cookie: &str) -> (StatusCode, String) {
    let answer = rig.get(path, cookie).await;
    (answer.status(), text(answer).await)
}

#[tokio::test]
async fn the_past_is_shown_read_only_and_its_links_stay_in_it() {
    let (rig, then, cookie) = town().await;
    let at = named(then + TimeDelta::seconds(30));
    let now = asked(&rig, "/services/shop", &cookie).await.1;
    assert!(!now.contains("Snapshot") && !now.contains("shop-osl1-1"), "nothing runs now");

    let past = asked(&rig, &format!("/services/shop?at={at}"), &cookie).await.1;
    for words in ["Snapshot", "Go live", "1.0.0", "shop-osl1-1", "1 min earlier", "1 min later"] {
        assert!(past.contains(words), "{words:?} in {past}");
    }
    assert!(past.contains(&format!("href=\"/instances/shop-osl1-1?at={at}\"")), "{past}");
    let (_, page) = past.split_once("<main").unwrap();
    assert!(!page.contains("method=\"post\""), "nothing can be done in the past: {page}");

    let path = format!("/api/v1/instances/shop-osl1-1?at={at}");
    let request =
        Request::get(&path).header("cookie", &cookie).header("accept", "application/json");
    let answer = rig.send(request.body(Body::empty()).unwrap()).await;
    let data: Value = serde_json::from_str(&text(answer).await).unwrap();
    assert_eq!((&data["instance"]["version"], &data["heard"]), (&"1.0.0".into(), &true.into()));
    for path in
        ["/topology", "/regions/north", "/dc/osl1", "/groups/store", "/services/shop/in/osl1"]
    {
        let past = asked(&rig, &format!("{path}?at={at}"), &cookie).await.1;
        assert!(past.contains("Snapshot"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_never_filled_with_now() {
    let (rig, then, cookie) = town().await;
    let gap = named(then + TimeDelta::minutes(5));
    let (status, page) = asked(&rig, &format!("/dc/osl1?at={gap}"), &cookie).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let last = named(then + TimeDelta::minutes(1));
    assert!(page.contains("Nothing is known of that moment"), "{page}");
    assert!(page.contains(&format!("href=\"/dc/osl1?at={last}\"")), "{page}");
    for (at, words) in [
        ("yesterday", "Write it like"),
        ("%3Cscript%3E", "is no moment"),
        ("2099-01-01T00:00:00Z", "has not come yet"),
    ] {
        let (status, page) = asked(&rig, &format!("/topology?at={at}"), &cookie).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{at}");
        assert!(page.contains(words) && !page.contains("<script>"), "{at}: {page}");
    }
    // Nothing named is now.
    let (status, page) = asked(&rig, "/topology?at=", &cookie).await;
    assert!(status.is_success() && !page.contains("Snapshot"));
}
