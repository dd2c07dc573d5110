//! Tests of tests: against small HTTP servers in this program, over restarts of the memory.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use mainstay_core::bench::Check;
use mainstay_core::deployment::Spec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

/// Stages what its version says: `good`, `bad` (answers 503), `slow`, `never` (stays starting) or
/// anything else (does not start).
#[derive(Default)]
struct Stages {
    /// Deployments that stand now, and the most that ever did.
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Stager for Stages {
    fn stage(
        self: Arc<Self>,
        _: ServiceId,
        spec: Spec,
    ) -> BoxFuture<'static, Result<Stage, String>> {
        async move {
            let (status, pause) = match spec.version.as_str() {
                "good" => (200, 0),
                "bad" => (503, 0),
                "slow" => (200, 30),
                "never" => std::future::pending().await,
                _ => return Err("exit code 3".to_owned()),
            };
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let stop = CancellationToken::new();
            let stopped = stop.clone();
            let holder = tokio::spawn(async move {
                tokio::select! {
                    () = answer(listener, status, Duration::from_millis(pause)) => {}
                    () = stopped.cancelled() => {}
                }
                self.now.fetch_sub(1, Ordering::SeqCst);
            });
            Ok(Stage::new(vec![address, address], stop.drop_guard(), holder))
        }
        .boxed()
    }
}

async fn answer(listener: TcpListener, status: u16, pause: Duration) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let _ = stream.read(&mut [0; 4096]).await;
            // Not waiting for something: this is what a slow service does.
            let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
            let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 5\r\n");
            let _ = stream.write_all(format!("{head}\r\nhello").as_bytes()).await;
        });
    }
}

fn ground(stages: &Arc<Stages>) -> Ground {
    let (_, observed) = watch::channel(Observed::default());
    Ground { stager: stages.clone(), observed }
}

fn http(status: u16, contains: &str) -> Check {
    Check::Http { path: "/".to_owned(), status, contains: Some(contains.to_owned()) }
}

fn load(error_max_bp: u16, p95_max_ms: u32) -> Check {
    let (path, requests_per_second, seconds) = ("/".to_owned(), 100, 1);
    Check::Load { path, requests_per_second, seconds, error_max_bp, p95_max_ms }
}

fn staging(id: &str, version: &str, checks: Vec<Check>) -> Test {
    let spec = Spec {
        version: version.to_owned(),
        nodes: 2,
        command: vec![],
        health_path: "/".to_owned(),
    };
    Test { id: id.to_owned(), on: On::Staging { spec }, checks }
}

fn feed() -> ServiceId {
    "feed".parse().unwrap()
}

/// Waits until a test is over.
async fn over(tests: &Tests, id: &str) -> TestReport {
    let mut revision = tests.revision();
    let over = async {
        loop {
            if let Some(report) = tests.reports().remove(id)
                && report.ended_at.is_some()
            {
                return report;
            }
            revision.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, over).await.unwrap()
}

async fn made(version: &str, checks: Vec<Check>) -> (TestState, Vec<(bool, String)>) {
    let folder = tempfile::tempdir().unwrap();
    let (tests, stages) = (Tests::open(folder.path()).unwrap(), Arc::default());
    tests.take(&feed(), &staging("t", version, checks), &ground(&stages)).unwrap();
    let report = over(&tests, "t").await;
    assert_eq!((report.version.as_str(), stages.now.load(Ordering::SeqCst)), (version, 0));
    let seen = report.results.into_iter().map(|result| (result.passed, result.seen));
    (report.state, seen.collect())
}

#[tokio::test]
async fn passes_what_holds_and_fails_what_does_not_and_says_what_was_seen() {
    let (state, seen) = made("good", vec![http(200, "hell"), load(0, 5_000)]).await;
    assert_eq!(state, TestState::Passed, "{seen:?}");
    assert!(seen[1].1.starts_with("0 of 100 failed, p95 "), "{seen:?}");

    let (state, seen) =
        made("good", vec![http(200, "bye"), http(204, "hello"), load(0, 5_000)]).await;
    assert_eq!(state, TestState::Failed);
    assert_eq!(seen.iter().map(|seen| seen.0).collect::<Vec<_>>(), [false, false, true]);
    assert!(seen[0].1.ends_with("without \"bye\""), "{seen:?}");

    let (state, seen) = made("bad", vec![http(503, "hello"), load(9_999, 5_000)]).await;
    assert_eq!(state, TestState::Failed);
    assert!(seen[0].0 && seen[1].1.starts_with("100 of 100 failed"), "{seen:?}");
    assert!(seen[1].1.ends_with("the first: 503"), "{seen:?}");

    let (state, seen) = made("slow", vec![load(0, 20), load(0, 5_000)]).await;
    assert_eq!(state, TestState::Failed);
    assert_eq!(seen.iter().map(|seen| seen.0).collect::<Vec<_>>(), [false, true], "{seen:?}");
}

#[tokio::test]
async fn what_cannot_be_made_neither_passes_nor_fails() {
    let message = "exit code 3".to_owned();
    assert_eq!(made("broken", vec![http(200, "x")]).await.0, TestState::NotMade { message });

    let folder = tempfile::tempdir().unwrap();
    let tests = Tests::open(folder.path()).unwrap();
    let on = On::Instance { instance: "feed-fra1-1".parse().unwrap() };
    let test = Test { id: "t".to_owned(), on, checks: vec![http(200, "x")] };
    tests.take(&feed(), &test, &ground(&Arc::default())).unwrap();
    let message = "feed-fra1-1 does not run here".to_owned();
    assert_eq!(over(&tests, "t").await.state, TestState::NotMade { message });
}

#[tokio::test]
async fn a_node_is_tested_where_it_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap();
    tokio::spawn(answer(listener, 200, Duration::ZERO));
    let id: InstanceId = "feed-fra1-g1".parse().unwrap();
    let instance = Instance {
        id: id.clone(),
        service: feed(),
        version: "2".to_owned(),
        state: InstanceState::Serving,
        since: Utc::now(),
        restarts: 0,
        cpu_millicores: None,
        memory_bytes: None,
        endpoint: Some(endpoint.to_string()),
        handle: None,
    };
    let instances = [(id.clone(), Arc::new(instance))].into();
    let (_sender, observed) = watch::channel(Observed { instances, state_revision: 1 });
    let folder = tempfile::tempdir().unwrap();
    let tests = Tests::open(folder.path()).unwrap();
    let on = On::Instance { instance: id };
    let test = Test { id: "t".to_owned(), on, checks: vec![http(200, "hello")] };
    let ground = Ground { stager: Arc::new(Stages::default()), observed };
    tests.take(&feed(), &test, &ground).unwrap();
    let report = over(&tests, "t").await;
    assert_eq!((report.version.as_str(), report.state), ("2", TestState::Passed));
}

#[tokio::test]
async fn after_a_restart_what_was_over_is_the_same_and_what_was_begun_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let (tests, stages) = (Tests::open(folder.path()).unwrap(), Arc::default());
    let ground = ground(&stages);
    let good = staging("good", "good", vec![http(200, "hello")]);
    tests.take(&feed(), &good, &ground).unwrap();
    let passed = over(&tests, "good").await;
    let mut revision = tests.revision();
    for id in ["a", "b"] {
        tests.take(&feed(), &staging(id, "never", vec![http(200, "hello")]), &ground).unwrap();
    }
    while tests.reports().len() < 3 {
        revision.changed().await.unwrap();
    }
    // Both places are taken: this one waits.
    tests.take(&feed(), &staging("c", "good", vec![http(200, "hello")]), &ground).unwrap();
    drop(tests);

    let tests = Tests::open(folder.path()).unwrap();
    let broken = TestState::NotMade { message: BROKEN_OFF.to_owned() };
    let reports = tests.reports();
    assert_eq!(reports["good"], passed);
    assert_eq!((&reports["a"].state, &reports["b"].state), (&broken, &broken));
    assert!(!reports.contains_key("c") && tests.knows("c"));
    tests.resume(&ground);
    assert_eq!(over(&tests, "c").await.state, TestState::Passed);
    // The same id again is the same test.
    tests.take(&feed(), &staging("a", "good", vec![http(200, "hello")]), &ground).unwrap();
    assert_eq!(tests.reports()["a"].state, broken);
}

#[tokio::test]
async fn few_are_made_at_once_few_wait_and_the_newest_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let (tests, stages) = (Tests::open(folder.path()).unwrap(), Arc::default());
    let ground = ground(&stages);
    let test = |n: usize| staging(&format!("t{n}"), "good", vec![http(200, "hello")]);
    for n in 0..WAITING_MAX {
        tests.check_room().unwrap();
        tests.take(&feed(), &test(n), &ground).unwrap();
    }
    assert!(tests.check_room().unwrap_err().contains("64 tests wait"));
    for n in 0..WAITING_MAX {
        over(&tests, &format!("t{n}")).await;
    }
    assert_eq!(stages.most.load(Ordering::SeqCst), MADE_AT_ONCE);
    for n in WAITING_MAX..WAITING_MAX + 3 {
        tests.take(&feed(), &test(n), &ground).unwrap();
        over(&tests, &format!("t{n}")).await;
    }
    drop(tests);
    let reports = Tests::open(folder.path()).unwrap().reports();
    assert_eq!(reports.len(), KEPT);
    assert!(!reports.contains_key("t0") && reports.contains_key("t66"));
}

#[tokio::test]
async fn a_damaged_memory_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "[{").unwrap();
    assert!(Tests::open(folder.path()).unwrap().reports().is_empty());
    assert!(folder.path().join("tests.damaged").exists());
}
