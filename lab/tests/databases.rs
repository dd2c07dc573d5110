//! A lab with a real database: copied by the agent of its data centre, proved by the other one,
//! harmed and healed, restored in its place, and stopped with the lab.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod harness;

use std::time::Duration;

use harness::common::TestServer;
use harness::{FLEET, Test};
use mainstay_core::backup::job::{
    BackupJob, Cause, Damage, Expect, ProofJob, RestoreJob, SqlCheck, Target, WithoutFull,
};
use mainstay_core::backup::work::{DatabaseReport, Done, VerifyJob, Work, WorkState};
use mainstay_core::backup::{Copy, Kind};
use mainstay_core::deployment::Command;
use mainstay_core::estate::Fact;
use mainstay_core::id::{DatabaseId, DatacenterId};

/// Longest wait for anything of a database.
const PATIENCE: Duration = Duration::from_secs(120);

const DATABASE: &str = r#"
[[database]]
id = "orders-db"
group = "store"
datacenters = ["dc1", "dc2"]
"#;

/// Not a test: the agent process, and the command that stops and starts a database.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    harness::agent_process();
}

fn database() -> DatabaseId {
    "orders-db".parse().unwrap()
}

fn datacenter(id: &str) -> DatacenterId {
    id.parse().unwrap()
}

/// What holds whatever the writer does.
fn sum() -> SqlCheck {
    SqlCheck {
        name: "nothing is lost between accounts and orders".to_owned(),
        database: "app".to_owned(),
        statement: "SELECT (SELECT sum(balance) FROM accounts) + (SELECT sum(amount) FROM orders) \
                    = (SELECT count(*) * 1000000 FROM accounts)"
            .to_owned(),
        expect: Expect::True,
    }
}

/// Waits for a fact that an agent tells.
async fn told<T>(test: &mut Test, site: &str, what: impl Fn(&Fact) -> Option<T>) -> T {
    let link = &mut test.site(site).link;
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(told) = link.report().await.facts.iter().find_map(&what) {
                return told;
            }
        }
    });
    waited.await.expect("it is told in time")
}

async fn report(
    test: &mut Test,
    site: &str,
    what: impl Fn(&DatabaseReport) -> bool,
) -> DatabaseReport {
    let found = |fact: &Fact| match fact {
        Fact::Database(report) if what(report) => Some(report.clone()),
        Fact::Database(_) | Fact::Test(_) | Fact::Work(_) | Fact::Member(_) => None,
    };
    told(test, site, found).await
}

/// Has work done at an agent, and says how it ended.
async fn work(test: &mut Test, site: &str, seq: u64, work: Work) -> WorkState {
    let id = work.id().to_owned();
    test.site(site).link.command(&id, seq, Command::Work { work }).await;
    let over = |fact: &Fact| match fact {
        Fact::Work(report) if report.work.id() == id && report.state.is_over() => {
            Some(report.state.clone())
        }
        Fact::Work(_) | Fact::Test(_) | Fact::Database(_) | Fact::Member(_) => None,
    };
    told(test, site, over).await
}

async fn done(test: &mut Test, site: &str, seq: u64, ordered: Work) -> Done {
    let state = work(test, site, seq, ordered).await;
    let WorkState::Done { done } = state else { panic!("{state:?}") };
    done
}

fn backup(id: &str, into: &str) -> Work {
    Work::Backup(BackupJob {
        id: id.to_owned(),
        database: database(),
        datacenter: datacenter(into),
        kind: Kind::Full,
        without_full: WithoutFull::Refuse,
        parent: None,
    })
}

async fn verify(test: &mut Test, seq: u64) -> Vec<Damage> {
    let job = VerifyJob {
        id: format!("verify-{seq}"),
        database: database(),
        datacenter: datacenter("dc2"),
    };
    let done = done(test, "dc1", seq, Work::Verify(job)).await;
    let Done::Verify { damages } = done else { panic!("{done:?}") };
    damages
}

async fn prove(test: &mut Test, seq: u64, copy: &Copy) {
    let job = ProofJob {
        id: format!("proof-{seq}"),
        database: database(),
        datacenter: datacenter("dc2"),
        label: copy.label.clone(),
        target: Target::EndOfCopy,
        checks: vec![sum()],
        keep: None,
    };
    let Done::Prove(proved) = done(test, "dc1", seq, Work::Prove(job)).await else { panic!() };
    assert!(proved.proved() && proved.clean_up.passed(), "{proved:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_copied_harmed_proved_and_restored() {
    let server = TestServer::start_with(2, 3600).await;
    let fleet = format!("{FLEET}{DATABASE}");
    let mut test = Test::start_with(server, &fleet, &["--writes-per-second", "20"]).await;
    let well = |report: &DatabaseReport| report.prepared.is_some();
    let seen = report(&mut test, "dc1", well).await;
    let prepared = seen.prepared.unwrap();
    assert!(prepared.repositories.values().all(Result::is_ok), "{prepared:?}");

    let Done::Backup(made) = done(&mut test, "dc1", 10, backup("b1", "dc2")).await else {
        panic!()
    };
    assert_eq!(verify(&mut test, 11).await, []);
    prove(&mut test, 12, &made.copy).await;

    assert!(test.fault(&["flip", "orders-db@dc2"]).await);
    assert!(!test.fault(&["flip", "orders-db@dc2"]).await, "it is flipped already");
    let damages = verify(&mut test, 13).await;
    assert_eq!(damages.len(), 1, "{damages:?}");
    assert!(test.fault(&["heal", "orders-db@dc2"]).await);
    assert_eq!(verify(&mut test, 14).await, []);
    assert!(test.fault(&["away", "dc2"]).await);
    let state = work(&mut test, "dc1", 15, backup("b2", "dc2")).await;
    let WorkState::Failed { failure } = state else { panic!("{state:?}") };
    assert_eq!(failure.cause, Cause::RepositoryUnreachable, "{failure}");
    assert!(test.fault(&["heal"]).await);
    for refused in [&["flip", "other@dc2"][..], &["gap", "orders-db"], &["break", "orders-db"]] {
        assert!(!test.fault(refused).await, "{refused:?}");
    }

    let restore = RestoreJob {
        id: "r1".to_owned(),
        database: database(),
        datacenter: datacenter("dc2"),
        label: made.copy.label.clone(),
        target: Target::Latest,
        checks: vec![sum()],
    };
    let refused = Command::Work { work: Work::Restore(restore.clone()) };
    test.site("dc2").link.command("r0", 16, refused).await;
    let outcome = test.site("dc2").link.result().await.outcome;
    assert!(format!("{outcome:?}").contains("does not run in this data centre"), "{outcome:?}");
    let ordered = Work::Restore(restore);
    let Done::Restore(restored) = done(&mut test, "dc1", 17, ordered).await else { panic!() };
    assert!(restored.start.passed(), "{restored:?}");
    assert!(restored.checks[0].passed, "{restored:?}");
    let well = |report: &DatabaseReport| report.prepared.is_some();
    report(&mut test, "dc1", well).await;
    let Done::Backup(made) = done(&mut test, "dc1", 18, backup("b3", "dc2")).await else {
        panic!()
    };
    prove(&mut test, 19, &made.copy).await;

    let dir = test.dir.path().to_owned();
    let working = || {
        let mark = dir.to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
        let own = |line: &Vec<u8>| {
            let line = String::from_utf8_lossy(line).into_owned();
            line.contains(&mark) && (line.contains("postgres") || line.contains("pgbackrest"))
        };
        lines.filter(own).count()
    };
    assert!(working() > 0);
    test.stop.cancel();
    let lab = std::mem::replace(&mut test.lab, tokio::spawn(async { Ok(Default::default()) }));
    tokio::time::timeout(PATIENCE, lab).await.unwrap().unwrap().unwrap();
    assert_eq!(working(), 0, "nothing of it is left running");
}
