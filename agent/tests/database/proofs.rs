//! Proofs of copies that are good and of copies that are not, and a restore in place.

use std::collections::BTreeSet;
use std::fs;

use mainstay_agent::database::{Engine, Reporter, live, proof, scratch};
use mainstay_core::backup::job::{
    Cause, Expect, ProofJob, ProofResult, RestoreJob, SqlCheck, Step, Target,
};
use mainstay_core::backup::{Copy, Kind, Label};
use tokio_util::sync::CancellationToken;

use crate::cluster::{
    Cluster, ORDERS, count, datacenter, files, flip, full, make, never, orders, proof as proof_of,
    until,
};

/// Makes a proof; whatever came of it, nothing may be left.
async fn prove(cluster: &Cluster, engine: &dyn Engine, job: &ProofJob) -> ProofResult {
    let result = proof::prove(engine, job, &Reporter::default(), &never()).await;
    assert_eq!(result.clean_up, Step::Passed);
    nothing_left(cluster);
    result
}

fn nothing_left(cluster: &Cluster) {
    let left: Vec<_> = fs::read_dir(cluster.scratch()).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let working = scratch::working_below(&cluster.scratch(), &BTreeSet::new()).unwrap();
    assert!(working.is_empty(), "{working:?}");
}

fn cause(step: &Step) -> Cause {
    match step {
        Step::Failed { failure } => failure.cause,
        Step::Passed | Step::NotRun { .. } => panic!("{step:?} did not fail"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_copy_is_proved_from_its_own_repository() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    full(&engine, "nyc1").await;
    cluster.sql("DELETE FROM orders WHERE id <= 10");
    let copy = make(&engine, "nyc1", Kind::Differential).await.unwrap().copy;
    // Its repository alone must do.
    for other in ["fra1", "ams1"] {
        fs::rename(cluster.repository(other), cluster.path(other)).unwrap();
    }
    let mut checks = vec![count(ORDERS - 10)];
    checks.push(SqlCheck {
        name: "the index is used".to_owned(),
        statement: "SELECT count(*) = 1 FROM orders WHERE words = md5('11')".to_owned(),
        expect: Expect::True,
        ..count(0)
    });
    let result =
        prove(&cluster, &engine, &proof_of("nyc1", &copy, Target::EndOfCopy, checks)).await;
    assert!(result.proved(), "{result:?}");
    assert_eq!(result.validation.pages, Step::Passed);
    assert!(result.validation.reached.unwrap().position.is_some());
    assert_eq!(result.validation.checks[0].seen, (ORDERS - 10).to_string());
    let of = |statement: &str| SqlCheck { statement: statement.to_owned(), ..count(0) };
    let delete = "WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone";
    let checks = vec![
        count(1),
        of(delete),
        of("SELECT length(pg_read_file('PG_VERSION'))"),
        of("\\! true"),
        of("SELECT 1; DELETE FROM orders"),
    ];
    let result =
        prove(&cluster, &engine, &proof_of("nyc1", &copy, Target::EndOfCopy, checks)).await;
    assert!(!result.proved() && result.restore.passed() && result.validation.recovery.passed());
    let seen: Vec<_> = result.validation.checks.iter().map(|it| it.seen.as_str()).collect();
    assert_eq!(seen[0], (ORDERS - 10).to_string());
    assert!(seen[1].contains("read-only"), "{}", seen[1]);
    assert!(seen[2].contains("permission denied"), "{}", seen[2]);
    assert!(seen[3].contains("does not begin with SELECT"), "{}", seen[3]);
    assert!(seen[4].contains("is one query"), "{}", seen[4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_brought_to_a_moment_or_says_that_it_cannot() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    cluster.sql("DELETE FROM orders WHERE id <= 10");
    let moment = cluster.sql("SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint");
    let at = chrono::DateTime::from_timestamp_micros(moment.parse().unwrap()).unwrap();
    cluster.sql("DELETE FROM orders WHERE id <= 20");
    // The log up to there lies in both homes; one of them is away.
    make(&engine, "fra1", Kind::Differential).await.unwrap();
    fs::rename(cluster.repository("ams1"), cluster.path("away")).unwrap();
    let target = Target::Moment { at };
    let to_moment = proof_of("fra1", &copy, target, vec![count(ORDERS - 10)]);
    let result = prove(&cluster, &engine, &to_moment).await;
    assert!(result.proved(), "{result:?}");
    assert!(result.validation.reached.unwrap().last_commit.unwrap() <= at);
    let latest = proof_of("fra1", &copy, Target::Latest, vec![count(ORDERS - 20)]);
    let result = prove(&cluster, &engine, &latest).await;
    assert!(result.proved(), "{result:?}");
    let later = Target::Moment { at: at + chrono::TimeDelta::days(1) };
    let result = prove(&cluster, &engine, &proof_of("fra1", &copy, later, vec![])).await;
    assert!(result.restore.passed());
    assert_eq!(cause(&result.validation.recovery), Cause::NotRecovered);
    let words = format!("{:?}", result.validation.recovery);
    assert!(words.contains("recovery ended before configured recovery target"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_fails_the_restore_and_a_damaged_page_the_validation() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    // A page that was wrong already when it was copied.
    let path = cluster.data().join(cluster.sql("SELECT pg_relation_filepath('orders')"));
    cluster.down();
    flip(&path);
    cluster.up();
    let second = full(&engine, "ams1").await;
    assert!(second.bad_pages);
    let stored = cluster.repository("fra1").join("backup/orders").join(&copy.label.0);
    flip(&files(&stored.join("pg_data/base/1"))[0]);
    let (first, second) = (
        proof_of("fra1", &copy, Target::EndOfCopy, vec![count(ORDERS)]),
        proof_of("ams1", &second, Target::EndOfCopy, vec![]),
    );
    let result = prove(&cluster, &engine, &first).await;
    assert_eq!(cause(&result.restore), Cause::Damaged, "{result:?}");
    assert!(matches!(result.validation.recovery, Step::NotRun { .. }));
    assert!(!result.proved());
    let result = prove(&cluster, &engine, &second).await;
    assert_eq!((&result.restore, &result.validation.recovery), (&Step::Passed, &Step::Passed));
    assert_eq!(cause(&result.validation.structure), Cause::Damaged, "{result:?}");
    assert_eq!(cause(&result.validation.pages), Cause::Damaged, "{result:?}");
    assert!(!result.proved());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_or_dropped_proof_leaves_nothing() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    let wait = SqlCheck { statement: "SELECT pg_sleep(300)".to_owned(), ..count(1) };
    let job = proof_of("fra1", &copy, Target::EndOfCopy, vec![wait]);
    let up = || {
        let places = fs::read_dir(cluster.scratch()).into_iter().flatten();
        places.flatten().any(|place| place.path().join("socket/.s.PGSQL.5432").exists())
    };
    let (report, stop) = (Reporter::default(), CancellationToken::new());
    let cancelling = async {
        until("the restored server is up", up).await;
        stop.cancel();
    };
    let (result, ()) = tokio::join!(proof::prove(&engine, &job, &report, &stop), cancelling);
    assert!(!result.proved());
    assert_eq!(result.clean_up, Step::Passed);
    nothing_left(&cluster);
    let stop = never();
    tokio::select! {
        _ = proof::prove(&engine, &job, &report, &stop) => panic!("it ended too early"),
        () = until("the restored server is up", up) => {}
    }
    let places = || fs::read_dir(cluster.scratch()).unwrap().count();
    until("nothing is left of it", || places() == 0).await;
    let missing = Copy { label: Label("no".to_owned()), ..copy };
    let result =
        prove(&cluster, &engine, &proof_of("fra1", &missing, Target::Latest, vec![])).await;
    assert_eq!(cause(&result.restore), Cause::MissingFile);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_takes_the_place_of_the_database_and_the_old_one_is_kept() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    cluster.sql("DELETE FROM orders");
    let (database, _) = engine.base(&orders()).unwrap();
    let job = RestoreJob {
        id: "r-1".to_owned(),
        database: orders(),
        datacenter: datacenter("fra1"),
        label: copy.label,
        target: Target::EndOfCopy,
        checks: [ORDERS, 1].map(count).to_vec(),
    };
    let unknown = RestoreJob { label: Label("no".to_owned()), ..job.clone() };
    let refused = live::restore_over(&engine, &unknown, &Reporter::default(), &never()).await;
    assert_eq!(cause(&refused.stop), Cause::MissingFile);
    assert_eq!(cluster.sql("SELECT count(*) FROM orders"), "0", "it was not stopped");
    let result = live::restore_over(&engine, &job, &Reporter::default(), &never()).await;
    let steps = [&result.stop, &result.restore, &result.start];
    assert!(steps.iter().all(|step| step.passed()), "{result:?}");
    assert_eq!(cluster.sql("SELECT count(*) FROM orders"), ORDERS.to_string());
    let answers: Vec<_> = result.checks.iter().map(|it| (it.passed, it.seen.clone())).collect();
    assert_eq!(answers, [(true, ORDERS.to_string()), (false, ORDERS.to_string())]);
    let kept = live::set_aside(database);
    assert_eq!(kept.len(), 1);
    assert_eq!(result.set_aside, Some(kept[0].display().to_string()));
    assert!(kept[0].join("PG_VERSION").exists());
    full(&engine, "ams1").await;
    assert!(live::let_go(database, &cluster.data()).is_err(), "the live one is never let go");
    live::let_go(database, &kept[0]).unwrap();
    assert!(live::set_aside(database).is_empty());
}
