//! Restored copies that stay: they answer after the proof, survive their agent, come up again when
//! they are killed, and go when they are to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use mainstay_agent::database::pgbackrest::PgBackRest;
use mainstay_agent::database::{Engine, Reporter, proof, scratch};
use mainstay_core::backup::job::{Cause, Failure, ProofJob, ProofResult, Step, Target};
use mainstay_core::backup::kept::{Hours, Kept, Server};
use mainstay_core::backup::work::{Done, Leftover, LetGoJob, Work};
use mainstay_core::backup::{Copy, Kind};
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::{
    BIN, Cluster, ORDERS, PATIENCE, count, full, make, never, orders, proof as proof_of,
};
use crate::works::{done, host, seen, told};

fn job(id: &str, copy: &Copy, target: Target) -> ProofJob {
    let checks = vec![count(ORDERS)];
    let keep = Some(Hours::new(1).unwrap());
    ProofJob { id: id.to_owned(), keep, ..proof_of("fra1", copy, target, checks) }
}

async fn prove(engine: &PgBackRest, job: &ProofJob) -> ProofResult {
    proof::prove(engine, job, &Reporter::default(), &never()).await
}

/// What the restored database answers.
fn ask(cluster: &Cluster, kept: &Kept, statement: &str) -> String {
    let port = kept.port.to_string();
    let way = ["-h", &kept.socket, "-p", &port, "-U", &kept.user, "-d", "postgres"];
    let flags = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement];
    cluster.run(&format!("{BIN}/psql"), &[&way[..], &flags[..]].concat()).trim().to_owned()
}

fn postmaster(kept: &Kept) -> i32 {
    let lock = fs::read_to_string(Path::new(&kept.path).join("data/postmaster.pid")).unwrap();
    lock.lines().next().unwrap().trim().parse().unwrap()
}

fn the_only(engine: &PgBackRest) -> Kept {
    let kept = engine.keeper().of(&orders());
    assert_eq!(kept.len(), 1, "{kept:?}");
    kept[0].clone()
}

/// Nothing of restored databases is there, and nothing works on any.
fn nothing_left(cluster: &Cluster) {
    let kept = scratch::kept_root(&cluster.scratch());
    let left: Vec<_> = fs::read_dir(&kept).into_iter().flatten().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let working = scratch::working_below(&cluster.scratch(), &BTreeSet::new()).unwrap();
    assert!(working.is_empty(), "{working:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_stays_when_its_agent_ends_and_comes_up_again_when_it_is_killed() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    let moment = cluster.sql("SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint");
    let at = chrono::DateTime::from_timestamp_micros(moment.parse().unwrap()).unwrap();
    cluster.sql("DELETE FROM orders");
    // The log up to there is archived with it.
    make(&engine, "fra1", Kind::Differential).await.unwrap();
    let result = prove(&engine, &job("p1", &copy, Target::Moment { at })).await;
    assert!(result.proved(), "{result:?}");
    assert!(matches!(result.clean_up, Step::NotRun { .. }), "{result:?}");
    let kept = the_only(&engine);
    assert_eq!(result.kept.as_deref(), Some(&kept));
    assert_eq!(kept.server, Server::Running);
    assert_eq!(kept.until - kept.since, TimeDelta::hours(1));
    assert_eq!(kept.names, ["postgres"]);
    assert!(kept.bytes.is_some_and(|bytes| bytes > 1 << 20), "{kept:?}");
    assert_eq!(cluster.sql("SELECT count(*) FROM orders"), "0");
    assert_eq!(ask(&cluster, &kept, "SELECT count(*) FROM orders"), ORDERS.to_string());
    assert_eq!(ask(&cluster, &kept, "SHOW archive_mode"), "off");
    assert_eq!(ask(&cluster, &kept, "SHOW fsync"), "on");
    // Whoever is let in may be a superuser: what would write into a repository is not there.
    assert!(!Path::new(&kept.path).join("pgbackrest.conf").exists());

    let pid = postmaster(&kept);
    assert_eq!(engine.keeper().tend(&engine, Utc::now()).await, BTreeSet::new());
    drop(engine);
    let engine = cluster.engine().await;
    assert_eq!(the_only(&engine), kept, "a new agent knows it");
    assert_eq!(engine.keeper().tend(&engine, Utc::now()).await, BTreeSet::new());
    assert_eq!(postmaster(&kept), pid, "and leaves it alone");

    ask(&cluster, &kept, "CREATE TABLE found AS SELECT 1 AS a");
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    until_up_after(&engine, pid).await;
    assert_eq!(ask(&cluster, &kept, "SELECT a FROM found"), "1");

    let path = PathBuf::from(&kept.path);
    let other = engine.keeper().let_go(&orders(), &cluster.data()).await.unwrap_err();
    assert_eq!(other.cause, Cause::Setup, "{other}");
    for _ in 0..2 {
        engine.keeper().let_go(&orders(), &path).await.unwrap();
        assert!(engine.keeper().of(&orders()).is_empty());
        nothing_left(&cluster);
    }
    assert_eq!(cluster.sql("SELECT count(*) FROM orders"), "0", "the live one goes on");
}

/// Waits until a killed server was told to be down, or is up again already, and then up.
async fn until_up_after(engine: &PgBackRest, pid: i32) {
    let deadline = Instant::now() + PATIENCE;
    let mut period = tokio::time::interval(Duration::from_millis(200));
    loop {
        engine.keeper().tend(engine, Utc::now()).await;
        let kept = the_only(engine);
        match &kept.server {
            Server::Running if postmaster(&kept) != pid => return,
            Server::Running => panic!("a dead server is told to run"),
            Server::Down { why } => assert!(!why.is_empty()),
        }
        assert!(Instant::now() < deadline, "{kept:?}");
        period.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_stay_than_there_may_and_none_stays_that_did_not_come_up() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    let later = Target::Moment { at: Utc::now() + TimeDelta::days(1) };
    let result = prove(&engine, &job("p0", &copy, later)).await;
    assert!(!result.validation.recovery.passed(), "{result:?}");
    assert_eq!((result.clean_up, result.kept), (Step::Passed, None));
    nothing_left(&cluster);
    // A check that does not hold is no reason: it may be why somebody wants to look.
    let mut wrong = job("p1", &copy, Target::EndOfCopy);
    wrong.checks = vec![count(1)];
    let result = prove(&engine, &wrong).await;
    assert!(!result.proved() && result.kept.is_some(), "{result:?}");
    let first = result.kept.unwrap();
    let second = prove(&engine, &job("p2", &copy, Target::EndOfCopy)).await.kept.unwrap();
    let third = prove(&engine, &job("p3", &copy, Target::EndOfCopy)).await;
    let Step::Failed { failure: Failure { cause, words } } = &third.restore else {
        panic!("{third:?}")
    };
    assert_eq!(*cause, Cause::Setup);
    assert!(words.contains("2 restored copies of orders stay already"), "{words}");
    assert_eq!(third.kept, None);
    // The same work anew, because nobody was told of it: it has one place.
    let again = prove(&engine, &job("p2", &copy, Target::EndOfCopy)).await.kept.unwrap();
    assert!(!Path::new(&second.path).exists() && again.path != second.path);
    let paths = |engine: &PgBackRest| -> Vec<String> {
        engine.keeper().of(&orders()).into_iter().map(|kept| kept.path).collect()
    };
    assert_eq!(paths(&engine), [first.path, again.path]);
    let before = Utc::now() + TimeDelta::minutes(30);
    assert_eq!(engine.keeper().tend(&engine, before).await, BTreeSet::new());
    let after = Utc::now() + TimeDelta::minutes(61);
    assert_eq!(engine.keeper().tend(&engine, after).await, BTreeSet::from([orders()]));
    assert_eq!(paths(&engine), [] as [String; 0]);
    nothing_left(&cluster);
    drop(engine);
    assert!(cluster.engine().await.keeper().folders().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_told_until_it_is_let_go() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    drop(engine);
    let works = host(&cluster).await;
    let made = done(&works, Work::Prove(job("dw-1", &copy, Target::EndOfCopy))).await;
    let Done::Prove(ProofResult { kept: Some(kept), .. }) = made else { panic!("{made:?}") };
    let mine = |report: &[Kept]| report.first().filter(|it| it.path == kept.path).cloned();
    told(&works, |works| mine(&seen(works)?.kept)).await;
    drop(works);
    let works = host(&cluster).await;
    assert_eq!(told(&works, |works| mine(&seen(works)?.kept)).await, *kept);
    let go = LetGoJob {
        id: "dw-2".to_owned(),
        database: orders(),
        path: kept.path.clone(),
        leftover: Leftover::Kept,
    };
    assert_eq!(done(&works, Work::LetGo(go)).await, Done::LetGo);
    told(&works, |works| seen(works)?.kept.is_empty().then_some(())).await;
    nothing_left(&cluster);
}
