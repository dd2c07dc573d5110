//! A lab with real Envoys: users enter through them, what they saw is in the ledger, a fault hits
//! one version, and an edge goes and comes back with its data centre.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod harness;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use harness::common::TestServer;
use harness::{FLEET, Test, lab};
use mainstay_core::deployment::{Command, Spec, Track};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::routing::{EdgePlace, Routing, ServiceRouting, WEIGHT_TOTAL, Weight};
use mainstay_lab::ledger::{Entry, read};
use mainstay_lab::load;
use mainstay_xds::{Gate, Xds};
use tokio_util::sync::CancellationToken;
use tonic::Status;

const EDGE: &str = r#"
[[edge]]
id = "edge-here"
region = "here"
datacenter = "dc1"
"#;

/// Not a test: the agent process. The lab's agent program is a script that comes here.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    harness::agent_process();
}

/// The only edge stands in dc1.
struct Dc1;

#[tonic::async_trait]
impl Gate for Dc1 {
    async fn datacenter(&self, certificate: Option<&[u8]>) -> Result<DatacenterId, Status> {
        certificate.ok_or_else(|| Status::unauthenticated("no certificate"))?;
        Ok("dc1".parse().unwrap())
    }
}

fn cart() -> ServiceId {
    "cart".parse().unwrap()
}

/// Where what serves is reached, with so much of all on version 2.
fn routing(test: &Test, revision: u64, green: u16) -> Routing {
    let mut versions: BTreeMap<String, BTreeMap<DatacenterId, Vec<String>>> = BTreeMap::new();
    for (id, site) in &test.sites {
        for instance in site.instances.values() {
            let places = versions.entry(instance.version.clone()).or_default();
            places.entry(id.parse().unwrap()).or_default().extend(instance.endpoint.clone());
        }
    }
    let weight = |version: &str, weight| Weight { version: version.to_owned(), weight };
    let default = vec![weight("1", WEIGHT_TOTAL - green), weight("2", green)];
    let service = ServiceRouting {
        health_path: "/health".to_owned(),
        versions,
        default,
        ..Default::default()
    };
    let here = || "here".parse().unwrap();
    let place = EdgePlace { region: here(), datacenter: "dc1".parse().unwrap() };
    Routing {
        revision,
        services: [(cart(), service)].into(),
        edges: [("edge-here".parse().unwrap(), place)].into(),
        regions: test.sites.keys().map(|id| (id.parse().unwrap(), here())).collect(),
    }
}

/// What users saw, as soon as they saw enough of it.
async fn seen(test: &Test, what: impl Fn(&[Entry]) -> bool) -> Vec<Entry> {
    let folder = load::ledger_folder(&test.dir.path().join("lab"));
    let from = Utc::now();
    let seen = async {
        let mut again = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            again.tick().await;
            let entries = read::all(&folder, Some(from)).unwrap();
            if what(&entries) {
                return entries;
            }
        }
    };
    let patience = harness::common::PATIENCE * 3;
    tokio::time::timeout(patience, seen).await.unwrap_or_else(|_| {
        let entries = read::all(&folder, Some(from)).unwrap();
        panic!(
            "{} of {} requests failed: {:?}",
            entries.iter().filter(|e| e.failed()).count(),
            entries.len(),
            entries.last()
        )
    })
}

fn of_version(entries: &[Entry], version: &str) -> usize {
    entries.iter().filter(|entry| entry.version.as_deref() == Some(version)).count()
}

async fn acknowledged(xds: &Xds, revision: u64) {
    let mut edges = xds.edges();
    let acknowledged = edges.wait_for(|edges| {
        edges.values().any(|edge| edge.is_connected() && edge.acknowledged_revision >= revision)
    });
    let waited = tokio::time::timeout(harness::common::PATIENCE, acknowledged).await.is_ok();
    assert!(waited, "{:?}", xds.edges().borrow());
}

async fn run(test: &Test, line: &[&str]) {
    let folder = test.dir.path().join("lab");
    let line = [line, &["--data-dir", folder.to_str().unwrap()]].concat();
    lab(&line, CancellationToken::new()).await.unwrap();
}

/// The load obeys; the commands answer.
async fn commands_answer(test: &Test) {
    run(test, &["load", "--rate", "0"]).await;
    run(test, &["load", "status"]).await;
    run(test, &["ledger", "summary", "--since", "10m"]).await;
    run(test, &["ledger", "failed"]).await;
    run(test, &["load", "--rate", "100", "--day", "10m"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_enter_through_a_real_edge_and_the_ledger_tells_what_they_saw() {
    let xds = Xds::new();
    let services = xds.services(Arc::new(Dc1));
    let server = TestServer::start_beside(2, 3600, |agents| {
        agents.add_service(services.discovery).add_service(services.logs)
    });
    let fleet = format!("{FLEET}{EDGE}");
    let envoy = envoy().to_string_lossy().into_owned();
    let options = ["--envoy", &envoy, "--load-rate", "100"];
    let mut test = Test::start_with(server.await, &fleet, &options).await;
    let _log = Log(test.dir.path().join("lab/logs/edge-edge-here.log"));
    let (version, health_path) = ("2".to_owned(), "/health".to_owned());
    let spec = Spec { version, nodes: 1, command: vec![], health_path };
    let green = Command::Deploy { service: cart(), track: Track::Green, spec };
    test.site("dc1").link.command("c2", 3, green).await;
    test.site("dc1").until_serving_all(3).await;

    xds.publish(Arc::new(routing(&test, 1, WEIGHT_TOTAL / 2)));
    acknowledged(&xds, 1).await;
    let whole = |entries: &[Entry]| {
        let last = &entries[entries.len().saturating_sub(100)..];
        last.len() == 100 && !last.iter().any(Entry::failed)
    };
    let entries = seen(&test, whole).await;
    let last = &entries[entries.len() - 100..];
    let both = (of_version(last, "1"), of_version(last, "2"));
    assert!(both.0 > 20 && both.1 > 20 && both.0 + both.1 == 100, "{both:?}");
    let one = &last[0];
    assert_eq!(one.edge.as_str(), "edge-here");
    assert!(one.datacenter.is_some() && one.bytes > 0 && one.latency_ms > 0.0);
    // Users come back, and think in between.
    let sessions: std::collections::BTreeSet<_> = entries.iter().map(|e| e.session).collect();
    assert!(sessions.len() < entries.len());

    // A mistake in version 2 alone: its health check does not notice, its users do.
    let bad = ["errors", "--service", "cart", "--version", "2", "--share", "100%"];
    assert!(test.fault(&bad).await);
    let entries = seen(&test, |all| of_version(all, "2") > 20 && of_version(all, "1") > 20).await;
    let late = entries.iter().skip(entries.len() / 2);
    for entry in late {
        assert_eq!(entry.failed(), entry.version.as_deref() == Some("2"), "{entry:?}");
    }
    xds.publish(Arc::new(routing(&test, 2, 0)));
    acknowledged(&xds, 2).await;
    let back = Utc::now();
    seen(&test, |all| all.len() > 100).await;
    let folder = load::ledger_folder(&test.dir.path().join("lab"));
    let last = read::last_seen(&folder, &cart(), "2", None).unwrap().unwrap();
    assert!(last < back + chrono::TimeDelta::seconds(2), "{last} is long after {back}");

    commands_answer(&test).await;

    // An edge is lost with its data centre and comes back with it.
    assert!(test.fault(&["lose", "dc1"]).await);
    let down =
        |all: &[Entry]| all.iter().rev().take(20).filter(|e| e.status.is_none()).count() == 20;
    seen(&test, down).await;
    assert!(test.fault(&["heal"]).await);
    assert_eq!(test.next_site().await, "dc1");
    test.site("dc1").until_serving_all(3).await;
    acknowledged(&xds, 2).await;
    xds.publish(Arc::new(routing(&test, 3, 0)));
    acknowledged(&xds, 3).await;
    seen(&test, whole).await;
    test.stop().await;
    assert_eq!(envoys(&folder), 0, "no Envoy is left");
}

/// What the edge complained about is seen when a test fails.
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        let log = std::fs::read_to_string(&self.0).unwrap_or_default();
        eprintln!("the edge's log:\n{log}");
    }
}

/// Envoys that run with a file of this lab.
fn envoys(ledger: &std::path::Path) -> usize {
    let lab = ledger.parent().unwrap().to_string_lossy().into_owned();
    let of_lab = |line: Vec<u8>| {
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("--config-path") && line.contains(&lab)
    };
    let processes = std::fs::read_dir("/proc").unwrap();
    let lines = processes.filter_map(|e| std::fs::read(e.unwrap().path().join("cmdline")).ok());
    lines.filter(|line| of_lab(line.clone())).count()
}

fn envoy() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let program = std::env::var_os("MAINSTAY_ENVOY").map(PathBuf::from);
    let program = program.unwrap_or_else(|| root.join(target).join("tools/envoy"));
    assert!(program.is_file(), "no Envoy: `cargo xtask test` installs it");
    program
}
