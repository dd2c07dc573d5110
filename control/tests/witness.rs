//! What a witness of the audit log finds becomes a problem, on every server, until it is resolved.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../store/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use common::TestDatabase;
use mainstay_control::Control;
use mainstay_control::authority::Authority;
use mainstay_control::follow::Follower;
use mainstay_core::audit::Conflict;
use mainstay_core::id::DatacenterId;
use mainstay_core::problem::{self, Problem};
use mainstay_core::status::Status;
use mainstay_wire::Report;

/// One link of the agent of `osl1`, which says this as a witness.
async fn link(control: &Control, conflict: Option<Conflict>) {
    let now = Utc::now();
    let link = control.ingest.open(&osl1(), "0.1.0", now);
    control.ingest.witnessed(&link, conflict);
    let report = Report { seq: 1, full: true, ..Report::default() };
    control.ingest.report(&link, report, now).unwrap();
    control.ingest.close(link).await;
}

fn osl1() -> DatacenterId {
    DatacenterId::new("osl1").unwrap()
}

#[tokio::test]
async fn a_conflict_is_a_problem_until_the_witness_takes_it_back() {
    let db = TestDatabase::new().await;
    let dir = tempfile::tempdir().unwrap();
    let server = || {
        let authority = Authority::open(dir.path(), Utc::now()).unwrap();
        Control::new(db.store.clone(), authority)
    };
    let (one, two) = (server(), server());
    let mut follower = Follower::new(db.store.clone(), two.estate.clone(), two.ingest.clone());
    let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let conflict = Conflict { at, witnessed: 40, offered: 41 };
    let problem = Problem::AuditConflict { datacenter: osl1(), conflict: conflict.clone() };
    assert_eq!(problem.status(), Status::Failing);
    for (said, found) in [(Some(conflict), vec![problem]), (None, vec![])] {
        link(&one, said).await;
        follower.read().await.unwrap();
        for server in [&one, &two] {
            assert_eq!(
                problem::find(&server.snapshot().estate, &BTreeMap::new(), &BTreeMap::new()),
                found
            );
        }
        // A server that starts knows it from the store.
        let three = server();
        let mut follower =
            Follower::new(db.store.clone(), three.estate.clone(), three.ingest.clone());
        follower.read().await.unwrap();
        assert_eq!(
            problem::find(&three.snapshot().estate, &BTreeMap::new(), &BTreeMap::new()),
            found
        );
    }
}
