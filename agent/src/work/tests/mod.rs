//! Works with an engine that does nothing but what the test lets it: turns, restarts, refusals.

mod fake;

use std::path::Path;

use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{BackupJob, ProofJob, RestoreJob, Target, WithoutFull};
use mainstay_core::backup::work::{DatabaseReport, ExpireJob, VerifyJob};
use tokio::time::timeout;

use super::*;
use fake::{Fake, label};

/// Longest wait for anything; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Looks at databases come only when they are asked for.
const SELDOM: Duration = Duration::from_secs(3_600);

fn backup(id: &str) -> Work {
    Work::Backup(BackupJob {
        id: id.to_owned(),
        database: fake::here(),
        datacenter: fake::fra1(),
        kind: Kind::Full,
        without_full: WithoutFull::Refuse,
        parent: None,
    })
}

fn verify(id: &str) -> Work {
    Work::Verify(VerifyJob { id: id.to_owned(), database: fake::here(), datacenter: fake::fra1() })
}

fn expire(id: &str, wal_from: Option<&str>) -> Work {
    Work::Expire(ExpireJob {
        id: id.to_owned(),
        database: fake::here(),
        datacenter: fake::fra1(),
        chain: label(),
        wal_from: wal_from.map(str::to_owned),
    })
}

fn prove(id: &str, database: DatabaseId) -> Work {
    Work::Prove(ProofJob {
        id: id.to_owned(),
        database,
        datacenter: fake::fra1(),
        label: label(),
        target: Target::EndOfCopy,
        checks: Vec::new(),
        keep: None,
    })
}

fn restore(id: &str) -> Work {
    Work::Restore(RestoreJob {
        id: id.to_owned(),
        database: fake::here(),
        datacenter: fake::fra1(),
        label: label(),
        target: Target::EndOfCopy,
        checks: Vec::new(),
    })
}

fn open(dir: &Path, engine: &Arc<Fake>) -> Works {
    let engine: Arc<dyn Engine> = engine.clone();
    let works = Works::open(dir, Some(engine)).unwrap().reading_every(SELDOM);
    works.resume();
    works
}

fn report(works: &Works, id: &str) -> WorkReport {
    match works.facts()[&FactKey::Work(id.to_owned())].as_ref() {
        Fact::Work(report) => report.clone(),
        Fact::Test(_) | Fact::Database(_) | Fact::Member(_) => panic!("{id} is no work"),
    }
}

fn seen(works: &Works, database: &DatabaseId) -> Option<DatabaseReport> {
    match works.facts().get(&FactKey::Database(database.clone()))?.as_ref() {
        Fact::Database(report) => Some(report.clone()),
        Fact::Test(_) | Fact::Work(_) | Fact::Member(_) => None,
    }
}

/// Waits until something is told.
async fn until(works: &Works, what: impl Fn(&Works) -> bool) {
    let mut revision = works.revision();
    let waited = timeout(PATIENCE, async {
        while !what(works) {
            revision.changed().await.unwrap();
        }
    });
    waited.await.expect("it is told in time");
}

async fn until_over(works: &Works, id: &str) -> WorkState {
    until(works, |works| report(works, id).state.is_over()).await;
    report(works, id).state
}

fn is_running(works: &Works, id: &str) -> bool {
    matches!(report(works, id).state, WorkState::Running { .. })
}

#[tokio::test]
async fn work_on_a_database_is_done_in_turn_and_a_proof_beside_it() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    let works = open(dir.path(), &engine);
    works.take(&backup("b")).unwrap();
    works.take(&verify("v")).unwrap();
    works.take(&expire("e", Some("000000010000000000000002"))).unwrap();
    works.take(&prove("p1", fake::here())).unwrap();
    works.take(&prove("p2", fake::elsewhere())).unwrap();
    let begun = |works: &Works| is_running(works, "b") && is_running(works, "p1");
    until(&works, begun).await;
    for waiting in ["v", "e", "p2"] {
        assert_eq!(report(&works, waiting), super::waiting(report(&works, waiting).work));
    }
    // The same id again is the same work, even if it says something else.
    works.take(&verify("b")).unwrap();
    engine.release();
    for id in ["b", "v", "e", "p1", "p2"] {
        let state = until_over(&works, id).await;
        assert!(matches!(state, WorkState::Done { .. }), "{id}: {state:?}");
    }
    let expected =
        ["backup b", "verify fra1", "expire 20261120-000003F", "log to 000000010000000000000002"];
    let done = engine.done();
    let mine: Vec<_> = done.iter().filter(|what| !what.starts_with("restore")).collect();
    assert_eq!(mine, expected.iter().collect::<Vec<_>>());
    assert_eq!(done.len() - mine.len(), 2, "{done:?}");
    let backup = report(&works, "b");
    assert!(backup.started_at.is_some() && backup.ended_at >= backup.started_at);
}

#[tokio::test]
async fn after_a_restart_of_the_agent_all_goes_on_but_a_restore() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    let works = open(dir.path(), &engine);
    works.take(&backup("b")).unwrap();
    works.take(&verify("v")).unwrap();
    until(&works, |works| is_running(works, "b")).await;
    let started = report(&works, "b").started_at;
    drop(works);

    // The backup is asked for again under its id; the verification still waits.
    let works = open(dir.path(), &engine);
    until(&works, |works| is_running(works, "b")).await;
    assert_eq!(report(&works, "b").started_at, started);
    assert_eq!(report(&works, "v").state, WorkState::Waiting);
    engine.release();
    until_over(&works, "v").await;
    assert_eq!(engine.done(), ["backup b", "verify fra1"]);
    engine.hold();

    works.take(&verify("w")).unwrap();
    until(&works, |works| is_running(works, "w")).await;
    let started = report(&works, "w").started_at;
    drop(works);
    let works = open(dir.path(), &engine);
    until(&works, |works| is_running(works, "w")).await;
    assert!(report(&works, "w").started_at > started, "begun anew");
    engine.release();
    until_over(&works, "w").await;

    engine.let_the_restore_hang();
    works.take(&restore("r")).unwrap();
    until(&works, |works| is_running(works, "r")).await;
    drop(works);
    let works = open(dir.path(), &engine);
    let failure = Failure::new(Cause::BrokenOff, BROKEN_OFF);
    assert_eq!(report(&works, "r").state, WorkState::Failed { failure });
    // It is taken over under the same id never again, and what comes after it is done.
    works.take(&restore("r")).unwrap();
    works.take(&verify("x")).unwrap();
    until_over(&works, "x").await;
    drop(works);
    let works = open(dir.path(), &engine);
    assert!(matches!(report(&works, "r").state, WorkState::Failed { .. }));
    assert!(matches!(report(&works, "x").state, WorkState::Done { .. }));
}

#[tokio::test]
async fn a_backup_that_nobody_remembers_is_found() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    std::fs::write(dir.path().join(FILE), "what").unwrap();
    let Work::Backup(job) = backup("old") else { panic!("no backup") };
    engine.leave_over(job);
    engine.release();
    let works = open(dir.path(), &engine);
    until_over(&works, "old").await;
    assert_eq!(engine.done(), ["backup old"]);
    assert!(dir.path().join("works.damaged").exists());
}

#[tokio::test]
async fn what_cannot_be_done_here_is_refused_with_a_sentence() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    let works = open(dir.path(), &engine);
    let Work::Backup(job) = backup("b") else { panic!("no backup") };
    let of =
        |name: &str| Work::Backup(BackupJob { database: name.parse().unwrap(), ..job.clone() });
    assert_eq!(works.check(&backup("b")), Ok(()));
    assert_eq!(works.check(&prove("p", fake::elsewhere())), Ok(()));
    for (work, words) in [
        (of("nothing"), "knows no database nothing"),
        (of("billing"), "billing does not run in this data centre: ask the agent that hosts it"),
    ] {
        let refused = works.check(&work).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    let mut large = prove("p", fake::here());
    if let Work::Prove(job) = &mut large {
        job.id = "x".repeat(WORK_MAX_BYTES);
    }
    assert!(works.check(&large).unwrap_err().contains("at most 262144 bytes"));
    for n in 0..OPEN_MAX {
        works.take(&verify(&format!("v{n}"))).unwrap();
    }
    assert!(works.check(&verify("one-more")).unwrap_err().contains("ask again later"));
    drop(works);

    // Set up without databases from now on: what waited is not done, and says so.
    let works = Works::open(dir.path(), None).unwrap();
    works.resume();
    assert_eq!(works.check(&verify("v")), Err(NO_ENGINE.to_owned()));
    let failure = Failure::new(Cause::Setup, NO_ENGINE);
    assert_eq!(report(&works, "v63").state, WorkState::Failed { failure });
}

#[tokio::test]
async fn the_newest_that_are_over_are_remembered() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    engine.release();
    let works = open(dir.path(), &engine);
    for n in 0..=KEPT {
        let id = format!("v{n}");
        works.take(&verify(&id)).unwrap();
        until_over(&works, &id).await;
    }
    assert!(!works.knows("v0") && works.knows("v1"));
    let told = works.facts().into_keys().filter(|key| matches!(key, FactKey::Work(_)));
    assert_eq!(told.count(), KEPT);
}

#[tokio::test]
async fn databases_are_looked_at_at_the_start_and_after_work() {
    let (dir, engine) = (tempfile::tempdir().unwrap(), Fake::new());
    engine.release();
    let works = open(dir.path(), &engine);
    let both = |works: &Works| {
        seen(works, &fake::here()).is_some() && seen(works, &fake::elsewhere()).is_some()
    };
    until(&works, both).await;
    let (here, elsewhere) =
        (seen(&works, &fake::here()).unwrap(), seen(&works, &fake::elsewhere()).unwrap());
    assert!(here.hosts && !elsewhere.hosts);
    assert_eq!((here.prepared.is_some(), elsewhere.prepared), (true, None));
    assert_eq!(here.catalogue[&fake::fra1()], Ok(Vec::new()));
    assert_eq!(here.wal.keys().collect::<Vec<_>>(), [&fake::fra1()], "ams1 cannot be read");
    assert_eq!(engine.prepared(), 1);

    works.take(&backup("b")).unwrap();
    let newer = |works: &Works| seen(works, &fake::here()).unwrap().read_at > here.read_at;
    until(&works, newer).await;
    assert_eq!(engine.prepared(), 2, "as long as a repository cannot be read");
    assert_eq!(
        seen(&works, &fake::here()).unwrap().catalogue[&fake::fra1()].as_ref().unwrap().len(),
        1
    );
    engine.bring_back();
    for (id, times) in [("c", 3), ("d", 3)] {
        let before = seen(&works, &fake::here()).unwrap().read_at;
        works.take(&backup(id)).unwrap();
        until(&works, |works| seen(works, &fake::here()).unwrap().read_at > before).await;
        assert_eq!(engine.prepared(), times, "{id}");
    }
}
