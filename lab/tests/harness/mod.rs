//! A lab of two data centres with real agents and services, against a server of the protocol.

#[path = "../../../agent/tests/common/mod.rs"]
pub mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use common::{Link, TestServer};
use mainstay_agent::AgentArgs;
use mainstay_agent::driver::process;
use mainstay_core::deployment::{Command, Spec, Track};
use mainstay_core::estate::{Instance, InstanceState};
use mainstay_lab::LabArgs;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_millis(200);

pub const FLEET: &str = r#"
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

/// Plays the process of an agent, or of a command to the lab, which the lab's agent program comes
/// to.
pub fn agent_process() {
    let Ok(line) = std::env::var("TEST_COMMAND_LINE") else { return };
    let arguments = ["mainstay"].into_iter().chain(line.split(' '));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stop = CancellationToken::new();
    match Mainstay::parse_from(arguments) {
        Mainstay::Agent(args) => {
            runtime.block_on(mainstay_agent::run(args.try_into().unwrap(), stop)).unwrap();
        }
        Mainstay::Lab(args) => {
            let code = runtime.block_on(mainstay_lab::run(args, stop)).unwrap();
            assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
        }
    }
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

pub async fn lab(line: &[&str], stop: CancellationToken) -> anyhow::Result<ExitCode> {
    let Mainstay::Lab(args) = Mainstay::parse_from([&["mainstay", "lab"], line].concat()) else {
        panic!("another command");
    };
    mainstay_lab::run(args, stop).await
}

/// A running lab, and what the server knows of its two data centres.
pub struct Test {
    pub server: TestServer,
    pub dir: tempfile::TempDir,
    pub stop: CancellationToken,
    pub lab: JoinHandle<anyhow::Result<ExitCode>>,
    pub sites: BTreeMap<String, Site>,
}

pub struct Site {
    pub link: Link,
    pub instances: BTreeMap<String, Instance>,
}

impl Site {
    pub async fn until(&mut self, what: impl Fn(&BTreeMap<String, Instance>) -> bool) {
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

    pub async fn until_serving(&mut self) {
        self.until_serving_all(2).await;
    }

    /// Waits until there are so many instances and all of them serve.
    pub async fn until_serving_all(&mut self, count: usize) {
        let serves = |i: &Instance| i.state == InstanceState::Serving;
        self.until(|all| all.len() == count && all.values().all(serves)).await;
    }
}

impl Test {
    pub async fn start() -> Self {
        Self::start_with(TestServer::start_with(2, 3600).await, FLEET, &[]).await
    }

    /// With a fleet of the same two data centres, and more options for the lab.
    pub async fn start_with(server: TestServer, fleet: &str, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The account of databases must be able to enter.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).unwrap();
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("fleet.toml"), fleet).unwrap();
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
        .concat()
        .into_iter()
        .chain(options.iter().map(|option| (*option).to_owned()))
        .collect::<Vec<_>>();
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
            let deploy =
                Command::Deploy { service: "cart".parse().unwrap(), track: Track::Blue, spec };
            test.site(&id).link.command("c1", seq, deploy).await;
        }
        for site in test.sites.values_mut() {
            site.until_serving().await;
        }
        test
    }

    /// Takes the next agent that links; returns its data centre.
    pub async fn next_site(&mut self) -> String {
        let (link, hello) = self.server.welcome(PERIOD).await;
        let id = hello.datacenter.to_string();
        self.sites.insert(id.clone(), Site { link, instances: BTreeMap::new() });
        id
    }

    pub fn site(&mut self, id: &str) -> &mut Site {
        self.sites.get_mut(id).unwrap()
    }

    /// `mainstay lab fault …`; whether the lab accepted it.
    pub async fn fault(&self, line: &[&str]) -> bool {
        let folder = self.dir.path().join("lab");
        let start = ["fault", "--json", "--data-dir", folder.to_str().unwrap()];
        let code = lab(&[&start, line].concat(), CancellationToken::new()).await.unwrap();
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    pub fn processes(&self, id: &str) -> usize {
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

    pub fn agent_dir(&self, id: &str) -> PathBuf {
        std::fs::canonicalize(self.dir.path().join("lab/agents").join(id)).unwrap()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(common::PATIENCE, self.lab).await;
        ended.unwrap().unwrap().unwrap();
    }
}
