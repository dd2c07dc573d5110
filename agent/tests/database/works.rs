//! Work on databases as an agent does it: the queue over the real engine, at the host of the
//! database and at an agent of another data centre.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_agent::database::Engine;
use mainstay_agent::database::config::Settings;
use mainstay_agent::database::pgbackrest::PgBackRest;
use mainstay_agent::work::Works;
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{Archiving, BackupDone, Target};
use mainstay_core::backup::work::{
    DatabaseReport, Done, ExpireJob, VerifyJob, Work, WorkReport, WorkState,
};
use mainstay_core::estate::{Fact, FactKey};

use crate::cluster::{Cluster, ORDERS, PATIENCE, count, datacenter, job, orders, proof};
use crate::crashes::{SLOW, copies, lock};

/// Looks come when they are asked for only.
const SELDOM: Duration = Duration::from_secs(3_600);

/// The agent that hosts the database.
pub async fn host(cluster: &Cluster) -> Works {
    works(&cluster.agent(), cluster.settings()).await
}

/// An agent that knows the repositories only.
async fn other(cluster: &Cluster) -> Works {
    let mut text = format!(
        "scratch_dir = {:?}\n[[database]]\nid = \"orders\"\nhosts = false\n",
        cluster.scratch()
    );
    for name in ["fra1", "ams1", "nyc1"] {
        let path = cluster.repository(name);
        text += &format!("[[repository]]\ndatacenter = {name:?}\npath = {path:?}\n");
    }
    works(&cluster.path("other"), Settings::parse(&text).unwrap()).await
}

async fn works(dir: &Path, settings: Settings) -> Works {
    let engine = PgBackRest::open(settings, dir).await.unwrap();
    let works = Works::open(dir, Some(Arc::new(engine) as Arc<dyn Engine>)).unwrap();
    let works = works.reading_every(SELDOM);
    works.resume();
    works
}

/// Waits until something is told.
pub async fn told<T>(works: &Works, what: impl Fn(&Works) -> Option<T>) -> T {
    let mut revision = works.revision();
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(told) = what(works) {
                return told;
            }
            revision.changed().await.unwrap();
        }
    });
    waited.await.expect("it is told in time")
}

fn report(works: &Works, id: &str) -> Option<WorkReport> {
    match works.facts().get(&FactKey::Work(id.to_owned()))?.as_ref() {
        Fact::Work(report) => Some(report.clone()),
        Fact::Test(_) | Fact::Database(_) | Fact::Member(_) => None,
    }
}

pub fn seen(works: &Works) -> Option<DatabaseReport> {
    match works.facts().get(&FactKey::Database(orders()))?.as_ref() {
        Fact::Database(report) => Some(report.clone()),
        Fact::Test(_) | Fact::Work(_) | Fact::Member(_) => None,
    }
}

/// Has work done, and says what came of it.
pub async fn done(works: &Works, work: Work) -> Done {
    assert_eq!(works.check(&work), Ok(()));
    works.take(&work).unwrap();
    end(works, work.id()).await
}

async fn end(works: &Works, id: &str) -> Done {
    let over = |works: &Works| report(works, id).filter(|report| report.state.is_over());
    let state = told(works, over).await.state;
    let WorkState::Done { done } = state else { panic!("{id}: {state:?}") };
    done
}

async fn backup(works: &Works, id: &str, name: &str, kind: Kind) -> BackupDone {
    let done = done(works, Work::Backup(job(id, name, kind))).await;
    let Done::Backup(made) = done else { panic!("{done:?}") };
    made
}

fn verify(id: &str, name: &str) -> Work {
    Work::Verify(VerifyJob { id: id.to_owned(), database: orders(), datacenter: datacenter(name) })
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_made_by_the_host_and_proved_elsewhere() {
    let cluster = Cluster::start();
    let host = host(&cluster).await;
    let first = told(&host, seen).await;
    let prepared = first.prepared.expect("the database runs here");
    assert_eq!(prepared.archiving, Archiving::InForce);
    assert!(prepared.repositories.values().all(Result::is_ok));

    let full = backup(&host, "b1", "nyc1", Kind::Full).await.copy;
    cluster.sql("DELETE FROM orders WHERE id <= 10");
    let differential = backup(&host, "b2", "nyc1", Kind::Differential).await.copy;
    assert_eq!(differential.full, Some(full.label.clone()));
    let newer = backup(&host, "b3", "nyc1", Kind::Full).await.copy;
    let three = |works: &Works| {
        let report = seen(works)?;
        let held = report.catalogue[&datacenter("nyc1")].as_ref().ok()?.len() == 3;
        held.then_some(report)
    };
    let report = told(&host, three).await;
    // The homes of the log have it without a gap.
    assert_eq!(report.wal[&datacenter("fra1")].len(), 1, "{:?}", report.wal);
    let Done::Verify { damages } = done(&host, verify("v1", "nyc1")).await else { panic!() };
    assert_eq!(damages, []);

    let other = other(&cluster).await;
    let known = told(&other, seen).await;
    assert!(!known.hosts && known.prepared.is_none());
    assert_eq!(known.catalogue, report.catalogue);
    let refused = other.check(&Work::Backup(job("b4", "nyc1", Kind::Full))).unwrap_err();
    assert!(refused.contains("orders does not run in this data centre"), "{refused}");
    let checks = vec![count(ORDERS - 10)];
    for (id, target) in [("p1", Target::EndOfCopy), ("p2", Target::Latest)] {
        let mut job = proof("nyc1", &differential, target, checks.clone());
        job.id = id.to_owned();
        let Done::Prove(proved) = done(&other, Work::Prove(job)).await else { panic!() };
        assert!(proved.proved() && proved.clean_up.passed(), "{proved:?}");
    }
    let Done::Verify { damages } = done(&other, verify("v2", "nyc1")).await else { panic!() };
    assert_eq!(damages, []);

    let (first, _) = newer.wal.clone().unwrap();
    let expire = Work::Expire(ExpireJob {
        id: "e1".to_owned(),
        database: orders(),
        datacenter: datacenter("nyc1"),
        chain: full.label,
        wal_from: Some(first.clone()),
    });
    assert_eq!(done(&host, expire).await, Done::Expire);
    let one = |works: &Works| {
        let report = seen(works)?;
        let copies = report.catalogue[&datacenter("nyc1")].as_ref().ok()?;
        (copies.len() == 1 && copies[0].label == newer.label).then_some(report.wal)
    };
    let wal = told(&host, one).await;
    assert_eq!(wal[&datacenter("nyc1")][0].first, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_on_when_its_agent_is_restarted() {
    let cluster = Cluster::start_with(SLOW);
    cluster.sql(
        "CREATE TABLE noise AS SELECT g, gen_random_uuid() AS a, gen_random_uuid() AS b \
         FROM generate_series(1, 250000) g",
    );
    let lock: PathBuf = lock(&cluster);
    let works = host(&cluster).await;
    told(&works, seen).await;
    works.take(&Work::Backup(job("b1", "fra1", Kind::Full))).unwrap();
    works.take(&verify("v1", "fra1")).unwrap();
    crate::cluster::until("files are copied", || copies(&lock)).await;
    let started = report(&works, "b1").unwrap().started_at;
    assert!(started.is_some());
    drop(works);

    let works = host(&cluster).await;
    let running = |works: &Works| {
        let is_running = |it: &WorkReport| matches!(it.state, WorkState::Running { .. });
        report(works, "b1").filter(is_running)
    };
    assert_eq!(told(&works, running).await.started_at, started);
    let Done::Backup(made) = end(&works, "b1").await else { panic!() };
    assert!(!made.resumed, "it never ceased to run");
    assert_eq!(end(&works, "v1").await, Done::Verify { damages: vec![] });
}
