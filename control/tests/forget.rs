//! Forgetting a data centre on a real Postgres, seen by a second server too.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::TestDatabase;
use mainstay_control::Control;
use mainstay_control::access::By;
use mainstay_control::authority::Authority;
use mainstay_control::fleet::ApplyError;
use mainstay_control::follow::Follower;
use mainstay_control::forget::ForgetError;
use mainstay_core::audit::Action;
use mainstay_core::estate::{Instance, InstanceState};
use mainstay_core::forget::{FORGET_AFTER, Kept};
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use mainstay_store::audit::{self, Filter};
use mainstay_store::estate;
use mainstay_wire::Report;

const WHY: &str = "the hall burnt down";

/// Two servers on one store.
struct Rig {
    db: TestDatabase,
    one: Control,
    two: Control,
    follower: Follower,
}

impl Rig {
    async fn new() -> Self {
        let db = TestDatabase::new().await;
        let dir = tempfile::tempdir().unwrap();
        let server = || {
            let authority = Authority::open(dir.path(), Utc::now()).unwrap();
            Control::new(db.store.clone(), authority)
        };
        let (one, two) = (server(), server());
        let follower = Follower::new(db.store.clone(), two.estate.clone(), two.ingest.clone());
        Self { db, one, two, follower }
    }

    /// The agent of `osl1` reports to the first server that one instance runs, and leaves.
    async fn hear(&self, instance: &str, at: DateTime<Utc>) {
        let link = self.one.ingest.open(&osl1(), "0.1.0", at);
        let instance = Instance {
            id: InstanceId::new(instance).unwrap(),
            service: ServiceId::new("cart-api").unwrap(),
            version: "1.0.0".to_owned(),
            state: InstanceState::Serving,
            since: at,
            restarts: 0,
            cpu_millicores: None,
            memory_bytes: None,
            endpoint: None,
            handle: None,
        };
        let report = Report { seq: 1, full: true, instances: vec![instance], ..Report::default() };
        self.one.ingest.report(&link, report, at).unwrap();
        self.one.ingest.close(link).await;
    }

    /// What the second server knows of `osl1`.
    async fn followed(&mut self) -> Option<Vec<String>> {
        self.follower.read().await.unwrap();
        let known = self.two.estate.datacenter(&osl1())?;
        Some(known.instances.keys().map(ToString::to_string).collect())
    }

    async fn apply(&self, fleet: &str) -> Result<i64, ApplyError> {
        let expected = self.one.estate.fleet_revision();
        self.one.apply_fleet(&By::system("test"), fleet, expected, Some(WHY)).await
    }

    async fn forget(&self) -> Result<(), ForgetError> {
        self.one.forget_datacenter(&By::system("test"), &osl1(), WHY).await
    }
}

fn osl1() -> DatacenterId {
    DatacenterId::new("osl1").unwrap()
}

/// A fleet with `osl1` in service or retired, or without it.
fn fleet(osl1: Option<bool>) -> String {
    let region = r#"
        name = "test"
        [[region]]
        id = "north"
        name = "North"
        time_zone = "Europe/Oslo"
        "#;
    let datacenter = |id: &str, retired: bool| {
        format!(
            r#"
        [[datacenter]]
        id = "{id}"
        name = "{id}"
        region = "north"
        vendor = "on-premises"
        retired = {retired}
        "#
        )
    };
    let osl1 = osl1.map(|retired| datacenter("osl1", retired)).unwrap_or_default();
    [region, &datacenter("osl2", false), &osl1].concat()
}

#[tokio::test]
async fn a_data_centre_that_is_gone_is_forgotten_everywhere() {
    let mut rig = Rig::new().await;
    rig.apply(&fleet(Some(false))).await.unwrap();
    let long_ago = Utc::now() - FORGET_AFTER - TimeDelta::minutes(1);
    rig.hear("cart-api-osl1-1", long_ago).await;
    assert_eq!(rig.followed().await.unwrap(), ["cart-api-osl1-1"]);

    assert!(matches!(rig.forget().await, Err(ForgetError::Kept(Kept::InService))));
    rig.apply(&fleet(Some(true))).await.unwrap();
    assert!(matches!(rig.apply(&fleet(None)).await, Err(ApplyError::Blocked(_))));

    rig.forget().await.unwrap();
    assert!(rig.one.estate.datacenter(&osl1()).is_none());
    assert_eq!(rig.followed().await, None);
    assert!(estate::heads(rig.db.store.reads()).await.unwrap().is_empty());
    let entries = audit::list(&rig.db.store, &Filter::default(), None, 1).await.unwrap();
    let event = &entries[0].event;
    assert_eq!((event.action, event.object.as_str()), (Action::DatacenterForget, "/dc/osl1"));
    assert_eq!(event.before.as_ref().unwrap()["instances"], 1);
    assert!(matches!(rig.forget().await, Err(ForgetError::Kept(Kept::Nothing))));

    // It was alive after all: it begins anew, also where it was read further before.
    rig.hear("cart-api-osl1-2", Utc::now()).await;
    assert_eq!(rig.followed().await.unwrap(), ["cart-api-osl1-2"]);
    assert!(matches!(rig.forget().await, Err(ForgetError::Kept(Kept::Reporting))));
    assert!(matches!(rig.apply(&fleet(None)).await, Err(ApplyError::Blocked(_))));
}

#[tokio::test]
async fn one_that_comes_back_before_others_look_begins_anew_there_too() {
    let mut rig = Rig::new().await;
    rig.apply(&fleet(Some(true))).await.unwrap();
    let long_ago = Utc::now() - FORGET_AFTER - TimeDelta::minutes(1);
    for instance in ["cart-api-osl1-1", "cart-api-osl1-2"] {
        rig.hear(instance, long_ago).await;
        assert_eq!(rig.followed().await.unwrap(), [instance]);
    }
    rig.forget().await.unwrap();
    rig.hear("cart-api-osl1-3", Utc::now()).await;
    assert_eq!(rig.followed().await.unwrap(), ["cart-api-osl1-3"]);
}

#[tokio::test]
async fn what_another_server_hears_is_not_forgotten() {
    let mut rig = Rig::new().await;
    rig.apply(&fleet(Some(true))).await.unwrap();
    let long_ago = Utc::now() - FORGET_AFTER - TimeDelta::minutes(1);
    rig.hear("cart-api-osl1-1", long_ago).await;
    rig.followed().await;
    // The second server's memory is old by now.
    rig.hear("cart-api-osl1-1", Utc::now()).await;
    let by = By::system("test");
    let tried = rig.two.forget_datacenter(&by, &osl1(), WHY).await;
    assert!(matches!(tried, Err(ForgetError::Changed)), "{tried:?}");
    assert_eq!(rig.followed().await.unwrap(), ["cart-api-osl1-1"]);
}

#[tokio::test]
async fn what_was_read_before_an_agent_came_and_went_is_not_taken_for_new() {
    let rig = Rig::new().await;
    let before = rig.one.ingest.opened();
    assert!(rig.one.ingest.unless_held(&osl1(), &before, || {}));
    rig.hear("cart-1", Utc::now()).await;
    assert!(!rig.one.ingest.holds(&osl1()), "all of it is written");
    assert!(!rig.one.ingest.unless_held(&osl1(), &before, || panic!("this is older")));
    assert!(rig.one.ingest.unless_held(&osl1(), &rig.one.ingest.opened(), || {}));
}
