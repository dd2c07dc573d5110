//! Backups and proofs whose process, or whose agent, is killed in the middle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mainstay_agent::database::{Engine, Reporter, proof, scratch};
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::{Cause, Target};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, full, job, labels, never, proof as proof_of, until};

/// Slow enough to be caught in the middle.
pub const SLOW: &str = ", compress-type = \"bz2\", process-max = 1";
/// Set for the process that plays an agent with a proof: folder of the cluster, and a label.
const ENV_PLAY: &str = "TEST_PROOF";

fn slow_cluster() -> Cluster {
    let cluster = Cluster::start_with(SLOW);
    cluster.sql(
        "CREATE TABLE noise AS SELECT g, gen_random_uuid() AS a, gen_random_uuid() AS b \
         FROM generate_series(1, 250000) g",
    );
    cluster
}

pub fn lock(cluster: &Cluster) -> PathBuf {
    cluster.agent().join("databases/orders/lock/orders-backup.lock")
}

/// Whether the backup copies files.
pub fn copies(lock: &Path) -> bool {
    fs::read_to_string(lock).is_ok_and(|text| text.contains("pctCplt"))
}

fn pid(lock: &Path) -> Option<Pid> {
    let content: serde_json::Value = serde_json::from_slice(&fs::read(lock).ok()?).ok()?;
    Pid::from_raw(i32::try_from(content["pid"].as_i64()?).ok()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backup_is_told_and_the_next_goes_on_with_it() {
    let cluster = slow_cluster();
    let engine = cluster.ready().await;
    let (asked, report, stop) = (job("b-1", "fra1", Kind::Full), Reporter::default(), never());
    let lock = lock(&cluster);
    let killing = async {
        until("files are copied", || copies(&lock)).await;
        kill_process_group(pid(&lock).unwrap(), Signal::KILL).unwrap();
    };
    let (killed, ()) = tokio::join!(engine.backup(&asked, &report, &stop), killing);
    assert_eq!(killed.unwrap_err().cause, Cause::BrokenOff);
    assert!(labels(&engine, "fra1").await.is_empty());
    let next = job("b-2", "fra1", Kind::Full);
    let next = engine.backup(&next, &report, &stop).await.unwrap();
    assert!(next.resumed);
    assert_eq!(labels(&engine, "fra1").await, [next.copy.label]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_survives_its_agent_and_is_found_again() {
    let cluster = slow_cluster();
    let engine = cluster.ready().await;
    let (asked, report, stop) = (job("b-1", "nyc1", Kind::Full), Reporter::default(), never());
    let lock = lock(&cluster);
    tokio::select! {
        _ = engine.backup(&asked, &report, &stop) => panic!("it ended too early"),
        () = until("files are copied", || copies(&lock)) => {}
    }
    let process = pid(&lock).unwrap();
    drop(engine);
    let engine = cluster.engine().await;
    assert_eq!(engine.left_over(), std::slice::from_ref(&asked));
    let archive = fs::read_to_string(cluster.agent().join("databases/orders/archive.conf"));
    assert!(archive.unwrap().contains("repo3-path"), "its log still goes there");
    let other = job("b-2", "fra1", Kind::Full);
    let busy = engine.backup(&other, &report, &stop).await.unwrap_err();
    assert_eq!(busy.cause, Cause::LockHeld, "{busy}");
    assert_eq!(pid(&lock), Some(process), "it is still the same one");
    let done = engine.backup(&asked, &report, &stop).await.unwrap();
    assert!(!done.resumed);
    assert_eq!(labels(&engine, "nyc1").await, [done.copy.label]);
    assert_eq!(engine.left_over(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_ended_without_its_agent_is_told() {
    let cluster = slow_cluster();
    let engine = cluster.ready().await;
    let (asked, report, stop) = (job("b-1", "fra1", Kind::Full), Reporter::default(), never());
    let lock = lock(&cluster);
    tokio::select! {
        _ = engine.backup(&asked, &report, &stop) => panic!("it ended too early"),
        () = until("files are copied", || copies(&lock)) => {}
    }
    until("the backup ends", || !lock.exists()).await;
    let engine = cluster.engine().await;
    let done = engine.backup(&asked, &report, &stop).await.unwrap();
    assert_eq!(labels(&engine, "fra1").await, [done.copy.label]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_backup_leaves_no_process() {
    let cluster = slow_cluster();
    let engine = cluster.ready().await;
    let (asked, report) = (job("b-1", "fra1", Kind::Full), Reporter::default());
    let stop = CancellationToken::new();
    let lock = lock(&cluster);
    let cancelling = async {
        until("files are copied", || copies(&lock)).await;
        stop.cancel();
    };
    let (cancelled, ()) = tokio::join!(engine.backup(&asked, &report, &stop), cancelling);
    assert_eq!(cancelled.unwrap_err().cause, Cause::Cancelled);
    let mark =
        format!("MAINSTAY_BACKUP_DIR={}", cluster.agent().join("databases/orders").display());
    let left = fs::read_dir("/proc").unwrap().filter(|entry| {
        let environment = fs::read(entry.as_ref().unwrap().path().join("environ"));
        environment.is_ok_and(|it| it.split(|byte| *byte == 0).any(|it| it == mark.as_bytes()))
    });
    assert_eq!(left.count(), 0);
    let archive = cluster.agent().join("databases/orders/archive.conf");
    assert!(!fs::read_to_string(archive).unwrap().contains("repo3-path"));
}

/// Not a test: an agent in the middle of a proof, started by the test from this very program.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    let Ok(play) = std::env::var(ENV_PLAY) else { return };
    let settings = fs::read_to_string(format!("{play}/settings.toml")).unwrap();
    let settings = mainstay_agent::database::config::Settings::parse(&settings).unwrap();
    let job = serde_json::from_slice(&fs::read(format!("{play}/job.json")).unwrap()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let dir = Path::new(&play).join("second-agent");
        let engine = mainstay_agent::database::pgbackrest::PgBackRest::open(settings, &dir);
        let engine = engine.await.unwrap();
        proof::prove(&engine, &job, &Reporter::default(), &never()).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_goes_with_a_killed_agent() {
    let cluster = Cluster::start();
    let engine = cluster.ready().await;
    let copy = full(&engine, "fra1").await;
    // It keeps the server busy until everything is killed.
    let mut check = crate::cluster::count(1);
    check.statement = "SELECT pg_sleep(300)".to_owned();
    let job = proof_of("fra1", &copy, Target::EndOfCopy, vec![check]);
    fs::write(cluster.path("job.json"), serde_json::to_vec(&job).unwrap()).unwrap();
    fs::write(cluster.path("settings.toml"), cluster.settings_text()).unwrap();
    let mut agent = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crashes::agent_process"])
        .env(ENV_PLAY, cluster.path(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let socket = |dir: &PathBuf| dir.join("socket/.s.PGSQL.5432").exists();
    let places = || -> Vec<PathBuf> {
        let entries = fs::read_dir(cluster.scratch()).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    until("the restored server is up", || places().iter().any(socket)).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    until("nothing is left of it", || places().is_empty()).await;
    let left = || scratch::working_below(&cluster.scratch(), &Default::default()).unwrap();
    until("nobody works there", || left().is_empty()).await;
}
