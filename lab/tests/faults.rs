//! A lab with real agents and services against a server of the protocol: every fault does what it
//! says, shows in the reports, and heals.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../agent/tests/common/mod.rs"]
#[allow(dead_code, reason = "the agent's tests use the rest")]
mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::{Link, TestServer};
use mainstay_agent::AgentArgs;
use mainstay_agent::driver::process;
use mainstay_core::deployment::{Command, Spec};
use mainstay_core::estate::{Cause, Instance, InstanceState};
use mainstay_lab::LabArgs;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_millis(200);

const FLEET: &str = r#"
name = "test"

[[region]]
id = "here"
name = "Here"
time_zone = "UTC"

[[datacenter]]
id = "dc1"
name = "One"
region = "here"
vendor = "on-premises"

[[datacenter]]
id = "dc2"
name = "Two"
region = "here"
vendor = "cloud:northwind"

[[group]]
id = "store"
name = "Store"
priority = 1

[[service]]
id = "cart"
group = "store"
nodes = 2
version = "1"
placement = "distributed"
"#;

/// Reads command lines as `mainstay` does.
#[derive(Parser)]
enum Mainstay {
    Agent(AgentArgs),
    Lab(LabArgs),
}

/// Not a test: the agent process. The lab's agent program is a script that comes here.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    let Ok(line) = std::env::var("TEST_COMMAND_LINE") else { return };
    let arguments = ["mainstay"].into_iter().chain(line.split(' '));
    let Mainstay::Agent(args) = Mainstay::parse_from(arguments) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = args.try_into().unwrap();
    runtime.block_on(mainstay_agent::run(config, CancellationToken::new())).unwrap();
}

fn agent_program(dir: &Path) -> PathBuf {
    let program = dir.join("mainstay");
    let this = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\nexport TEST_COMMAND_LINE=\"$*\"\nexec {} --ignored \
         --exact agent_process --nocapture\n",
        this.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

async fn lab(line: &[&str], stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let Mainstay::Lab(args) = Mainstay::parse_from([&["mainstay", "lab"], line].concat()) else {
        panic!("another command");
    };
    mainstay_lab::run(args, stop).await
}

/// A running lab, and what the server knows of its two data centres.
struct Test {
    server: TestServer,
    dir: tempfile::TempDir,
    stop: CancellationToken,
    lab: JoinHandle<anyhow::Result<ExitCode>>,
    sites: BTreeMap<String, Site>,
}

struct Site {
    link: Link,
    instances: BTreeMap<String, Instance>,
}

impl Site {
    async fn until(&mut self, what: impl Fn(&BTreeMap<String, Instance>) -> bool) {
        while !what(&self.instances) {
            let report = self.link.report().await;
            if report.full {
                self.instances.clear();
            }
            for id in report.gone_instances {
                self.instances.remove(id.as_str());
            }
            let named = report.instances.into_iter().map(|i| (i.id.to_string(), i));
            self.instances.extend(named);
        }
    }

    async fn until_serving(&mut self) {
        let serves = |i: &Instance| i.state == InstanceState::Serving;
        self.until(|all| all.len() == 2 && all.values().all(serves)).await;
    }
}

impl Test {
    async fn start() -> Self {
        let server = TestServer::start_with(2, 3600).await;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("fleet.toml"), FLEET).unwrap();
        let token = server.token.to_string();
        let tokens = serde_json::json!({ "dc1": token, "dc2": token });
        std::fs::write(path("tokens.json"), tokens.to_string()).unwrap();
        let program = agent_program(dir.path()).to_string_lossy().into_owned();
        let stop = CancellationToken::new();
        let line = [
            ["--fleet".to_owned(), path("fleet.toml")],
            ["--server".to_owned(), server.address.to_string()],
            ["--join-tokens".to_owned(), path("tokens.json")],
            ["--data-dir".to_owned(), path("lab")],
            ["--agent-program".to_owned(), program],
            ["--service-program".to_owned(), env!("CARGO_BIN_EXE_mainstay-lab-service").to_owned()],
        ]
        .concat();
        let stopped = stop.clone();
        let lab = tokio::spawn(async move {
            let line: Vec<&str> = line.iter().map(String::as_str).collect();
            lab(&line, stopped).await
        });
        let mut test = Self { server, dir, stop, lab, sites: BTreeMap::new() };
        for seq in 1..=2 {
            let id = test.next_site().await;
            let spec = Spec {
                version: "1".to_owned(),
                nodes: 2,
                command: vec![],
                health_path: "/health".to_owned(),
            };
            let deploy = Command::Deploy { service: "cart".parse().unwrap(), spec };
            test.site(&id).link.command("c1", seq, deploy).await;
        }
        for site in test.sites.values_mut() {
            site.until_serving().await;
        }
        test
    }

    /// Takes the next agent that links; returns its data centre.
    async fn next_site(&mut self) -> String {
        let (link, hello) = self.server.welcome(PERIOD).await;
        let id = hello.datacenter.to_string();
        self.sites.insert(id.clone(), Site { link, instances: BTreeMap::new() });
        id
    }

    fn site(&mut self, id: &str) -> &mut Site {
        self.sites.get_mut(id).unwrap()
    }

    /// `mainstay lab fault …`; whether the lab accepted it.
    async fn fault(&self, line: &[&str]) -> bool {
        let folder = self.dir.path().join("lab");
        let start = ["fault", "--json", "--data-dir", folder.to_str().unwrap()];
        let code = lab(&[&start, line].concat(), CancellationToken::new()).await.unwrap();
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    fn processes(&self, id: &str) -> usize {
        let dir = self.agent_dir(id);
        let mark = format!("{}={}", process::ENV_AGENT_DIR, dir.display());
        std::fs::read_dir("/proc")
            .unwrap()
            .filter(|entry| {
                let file = entry.as_ref().unwrap().path().join("environ");
                let environ = std::fs::read(file).unwrap_or_default();
                environ.split(|b| *b == 0).any(|variable| variable == mark.as_bytes())
            })
            .count()
    }

    fn agent_dir(&self, id: &str) -> PathBuf {
        std::fs::canonicalize(self.dir.path().join("lab/agents").join(id)).unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(common::PATIENCE, self.lab).await;
        ended.unwrap().unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_on_instances_show_and_heal() {
    let mut test = Test::start().await;
    let endpoint = test.site("dc1").instances["cart-dc1-1"].endpoint.clone().unwrap();
    let other = test.site("dc2").instances["cart-dc2-1"].endpoint.clone().unwrap();
    let ip = |endpoint: &str| endpoint.split(':').next().unwrap().to_owned();
    assert!(endpoint.starts_with("127.") && ip(&endpoint) != ip(&other));

    assert!(test.fault(&["kill", "cart-dc1-1"]).await);
    let killed = Cause::Killed { signal: 9 };
    test.site("dc1").until(|all| all["cart-dc1-1"].state.cause() == Some(&killed)).await;
    test.site("dc1").until_serving().await;
    assert_eq!(test.site("dc1").instances["cart-dc1-1"].restarts, 1);

    assert!(test.fault(&["stop", "cart@dc1"]).await);
    let stopped = Cause::Exited { code: mainstay_lab::effect::STOPPED_EXIT_CODE };
    let dead = |i: &Instance| i.state.cause() == Some(&stopped) && i.restarts > 1;
    test.site("dc1").until(|all| all.values().all(dead)).await;
    assert!(test.fault(&["heal", "cart@dc1"]).await);
    test.site("dc1").until_serving().await;

    assert!(test.fault(&["fail", "cart-dc1-2", "--rate", "1"]).await);
    let failing = Cause::HealthStatus { code: 500 };
    test.site("dc1").until(|all| all["cart-dc1-2"].state.cause() == Some(&failing)).await;
    assert_eq!(test.site("dc1").instances["cart-dc1-1"].state, InstanceState::Serving);
    assert!(test.fault(&["slow", "dc1", "--ms", "3000"]).await);
    let late = |i: &Instance| matches!(i.state.cause(), Some(Cause::HealthTimeout { .. }));
    test.site("dc1").until(|all| all.values().all(late)).await;
    assert!(test.fault(&["list"]).await);
    assert!(test.fault(&["heal"]).await);
    test.site("dc1").until_serving().await;

    for refused in [
        &["kill", "cart-dc1-9"][..],
        &["kill", "dc1"],
        &["stop", "cart@nowhere"],
        &["slow", "dc1", "--ms", "0"],
        &["heal", "dc1"],
    ] {
        assert!(!test.fault(refused).await, "{refused:?}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_centre_is_cut_off_and_lost_and_comes_back() {
    let mut test = Test::start().await;
    let pids = |site: &Site| -> Vec<_> {
        site.instances.values().map(|i| i.handle.clone().unwrap()).collect()
    };
    let before = pids(test.site("dc2"));
    assert!(test.fault(&["cut", "dc2"]).await);
    assert_eq!(test.processes("dc2"), 2, "services go on");
    assert!(test.fault(&["heal", "dc2"]).await);
    assert_eq!(test.next_site().await, "dc2");
    test.site("dc2").until_serving().await;
    assert_eq!(pids(test.site("dc2")), before);

    assert!(test.fault(&["lose", "dc2"]).await);
    while test.processes("dc2") > 0 {
        tokio::task::yield_now().await;
    }
    assert!(test.fault(&["heal", "dc2"]).await);
    assert_eq!(test.next_site().await, "dc2");
    test.site("dc2").until_serving().await;
    assert_eq!(test.processes("dc2"), 2);
    test.site("dc1").until_serving().await;

    let dirs = ["dc1", "dc2"].map(|id| test.agent_dir(id));
    assert_eq!(dirs.len(), 2);
    let (sites, stop, lab) = (std::mem::take(&mut test.sites), test.stop.clone(), test.lab);
    drop(sites);
    stop.cancel();
    tokio::time::timeout(common::PATIENCE, lab).await.unwrap().unwrap().unwrap();
    for dir in dirs {
        assert!(process::recorded(&dir).unwrap().is_empty(), "everything was stopped");
    }
}
