//! Real agents with real children, killed and started again: nothing is lost, nothing is doubled.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use common::{Link, TestServer, tests_of};
use mainstay_agent::driver::process::{self, ENV_AGENT_DIR, ENV_INSTANCE};
use mainstay_agent::{AgentConfig, work};
use mainstay_core::bench::{Check, On, Test, TestReport, TestState};
use mainstay_core::deployment::{Command, Spec, Track};
use mainstay_core::estate::{Cause, Instance, InstanceState};
use mainstay_wire::Outcome;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_millis(200);
/// Set for the process that plays the agent.
const ENV_PLAY: &str = "TEST_AGENT";

/// Not a test: the agent process, started by the tests from this very program.
#[test]
#[ignore = "played by a process of its own"]
fn agent_process() {
    let Ok(play) = std::env::var(ENV_PLAY) else { return };
    let (server, token) = play.split_once(' ').unwrap();
    let config = AgentConfig {
        server: server.to_owned(),
        datacenter: "fra1".parse().unwrap(),
        data_dir: std::env::var("TEST_DIR").unwrap().into(),
        join_token: Some(token.parse().unwrap()),
        bind_address: [127, 0, 0, 1].into(),
        default_program: play_arguments("service_process"),
        drain_grace: Duration::from_secs(2),
        databases: None,
        databases_read_every: work::READ_EVERY,
        stop_children: false,
        until_stdin_closes: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(mainstay_agent::run(config, CancellationToken::new())).unwrap();
}

/// Not a test: a service that answers 200 to everything.
#[test]
#[ignore = "played by a process of its own"]
fn service_process() {
    if std::env::var(ENV_INSTANCE).is_err() {
        return;
    }
    let variable = |name| std::env::var(name).unwrap();
    let address = format!("{}:{}", variable("HOST"), variable("PORT"));
    let listener = std::net::TcpListener::bind(address).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

fn play_arguments(role: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let rest = ["--ignored", "--exact", role, "--nocapture"].map(str::to_owned);
    [vec![program], rest.to_vec()].concat()
}

/// A data centre under test; whatever is left of it ends with it.
struct Site {
    server: TestServer,
    dir: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Site {
    fn drop(&mut self) {
        process::kill_all(&self.dir).unwrap();
    }
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = std::fs::canonicalize(folder.path()).unwrap();
        Self { server: TestServer::start().await, dir, _folder: folder }
    }

    /// Starts the agent and returns its process and its link.
    async fn agent(&mut self) -> (Agent, Link) {
        let arguments = play_arguments("agent_process");
        let child = Process::new(&arguments[0])
            .args(&arguments[1..])
            .env(ENV_PLAY, format!("{} {}", self.server.address, self.server.token))
            .env("TEST_DIR", &self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (link, _) = self.server.welcome(PERIOD).await;
        (Agent(child), link)
    }

    fn pids(&self) -> Vec<i32> {
        marked(&self.dir)
    }
}

/// Killed without warning when dropped.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Leaders of process groups that carry the folder's mark.
fn marked(dir: &Path) -> Vec<i32> {
    let mark = format!("{ENV_AGENT_DIR}={}", dir.display());
    let mut pids: Vec<i32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|b| *b == 0).any(|variable| variable == mark.as_bytes())
        })
        .collect();
    pids.sort_unstable();
    pids
}

/// The picture a server has of the site, kept from its reports.
#[derive(Default)]
struct Picture(BTreeMap<String, Instance>);

impl Picture {
    async fn until(&mut self, link: &mut Link, what: impl Fn(&Self) -> bool) {
        while !what(self) {
            let report = link.report().await;
            if report.full {
                self.0.clear();
            }
            for id in report.gone_instances {
                self.0.remove(id.as_str());
            }
            for instance in report.instances {
                self.0.insert(instance.id.to_string(), instance);
            }
        }
    }

    async fn until_serving(&mut self, link: &mut Link, nodes: usize) {
        let serves = |i: &Instance| i.state == InstanceState::Serving;
        self.until(link, |picture| picture.0.values().filter(|i| serves(i)).count() == nodes).await;
    }

    fn pid(&self, n: usize) -> i32 {
        self.node(n).handle.as_ref().unwrap().parse().unwrap()
    }

    fn pids(&self) -> Vec<i32> {
        let mut pids: Vec<i32> = (1..=self.0.len()).map(|n| self.pid(n)).collect();
        pids.sort_unstable();
        pids
    }

    fn node(&self, n: usize) -> &Instance {
        &self.0[&format!("feed-fra1-{n}")]
    }
}

fn deploy(version: &str, nodes: u16) -> Command {
    let spec = Spec {
        version: version.to_owned(),
        nodes,
        command: vec![],
        health_path: "/health".to_owned(),
    };
    Command::Deploy { service: "feed".parse().unwrap(), track: Track::Blue, spec }
}

fn remove(track: Track) -> Command {
    Command::Remove { service: "feed".parse().unwrap(), track }
}

/// A test of a version in a deployment of its own.
fn test(id: &str, checks: Vec<Check>) -> Command {
    let Command::Deploy { service, spec, .. } = deploy("2", 2) else { unreachable!() };
    Command::Test { service, test: Test { id: id.to_owned(), on: On::Staging { spec }, checks } }
}

/// What came of a test, as soon as it is over; no instance may be told of meanwhile.
async fn tested(link: &mut Link, id: &str) -> TestReport {
    loop {
        let report = link.report().await;
        assert!(report.instances.iter().all(|i| i.version == "1"), "{:?}", report.instances);
        let over = |test: &TestReport| test.id == id && test.state != TestState::Running;
        if let Some(test) = tests_of(&report).into_iter().find(over) {
            return test;
        }
    }
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn children_survive_their_agent_and_are_adopted() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    link.command("c1", 1, deploy("1", 3)).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    let mut before = Picture::default();
    before.until_serving(&mut link, 3).await;
    assert_eq!(site.pids(), before.pids());

    drop(agent);
    assert_eq!(site.pids(), before.pids(), "they run without an agent");
    let (agent, mut link) = site.agent().await;
    let mut after = Picture::default();
    after.until_serving(&mut link, 3).await;
    assert_eq!(after.pids(), before.pids(), "the very same processes");
    assert_eq!(after.node(1).restarts, 0);
    assert_eq!(after.node(1).since, before.node(1).since);

    // The end of an adopted one is noticed, and answered.
    kill(after.pid(2));
    let waiting =
        |i: &Instance| matches!(i.state, InstanceState::Waiting { cause: Cause::Vanished, .. });
    after.until(&mut link, |picture| waiting(picture.node(2))).await;
    after.until_serving(&mut link, 3).await;
    assert_eq!(after.node(2).restarts, 1);
    // Of one of its own children the agent knows how it ended.
    kill(after.pid(2));
    let killed = |i: &Instance| {
        let cause = Cause::Killed { signal: 9 };
        matches!(&i.state, InstanceState::Waiting { cause: known, .. } if *known == cause)
    };
    after.until(&mut link, |picture| killed(picture.node(2))).await;
    after.until_serving(&mut link, 3).await;
    assert_eq!(site.pids(), after.pids());
    drop(agent);
}

#[tokio::test]
async fn after_a_crash_at_any_point_of_a_start_there_is_one_process_for_each_node() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    link.command("c1", 1, deploy("1", 4)).await;
    let mut before = Picture::default();
    before.until_serving(&mut link, 4).await;
    drop(agent);
    let record = |n: usize| site.dir.join(format!("instances/feed-fra1-{n}.json"));
    // Node 1: the agent died after starting and before recording the process.
    let mut intent: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record(1)).unwrap()).unwrap();
    intent["process"] = serde_json::Value::Null;
    std::fs::write(record(1), intent.to_string()).unwrap();
    // Node 2: it died after recording the intent and before starting.
    intent["port"] = 1.into();
    std::fs::write(record(2), intent.to_string()).unwrap();
    kill(before.pid(2));
    // Node 3: the record is torn. Node 4: its process died meanwhile.
    std::fs::write(record(3), b"{").unwrap();
    kill(before.pid(4));

    let (agent, mut link) = site.agent().await;
    let mut after = Picture::default();
    after.until_serving(&mut link, 4).await;
    assert_eq!(after.pid(1), before.pid(1), "found by its mark");
    for n in 2..=4 {
        assert_ne!(after.pid(n), before.pid(n), "node {n}");
    }
    assert_eq!(site.pids(), after.pids(), "and no other process");
    drop(agent);
}

#[tokio::test]
async fn an_update_replaces_every_process_and_a_removal_ends_them() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    link.command("c1", 1, deploy("1", 2)).await;
    let mut picture = Picture::default();
    picture.until_serving(&mut link, 2).await;
    let before = picture.pids();
    link.command("c2", 2, deploy("2", 2)).await;
    let mut fewest = 2;
    let updated = |p: &Picture| p.0.values().all(|i| i.version == "2" && p.0.len() == 2);
    while !updated(&picture) {
        let serving = picture.0.values().filter(|i| i.state == InstanceState::Serving).count();
        fewest = fewest.min(serving);
        let seen = picture.0.clone();
        picture.until(&mut link, |now| now.0 != seen).await;
    }
    assert_eq!(fewest, 1, "one node at a time");
    picture.until_serving(&mut link, 2).await;
    assert!(picture.pids().iter().all(|pid| !before.contains(pid)));

    let instance = "feed-fra1-1".parse().unwrap();
    let old = picture.pid(1);
    link.command("c3", 3, Command::Replace { service: "feed".parse().unwrap(), instance }).await;
    picture.until(&mut link, |p| p.node(1).handle.as_ref() != Some(&old.to_string())).await;
    picture.until_serving(&mut link, 2).await;
    assert_eq!(site.pids(), picture.pids());

    link.command("c4", 4, remove(Track::Blue)).await;
    picture.until(&mut link, |p| p.0.is_empty()).await;
    assert!(site.pids().is_empty());
    assert_eq!(std::fs::read_dir(site.dir.join("instances")).unwrap().count(), 0);
    drop(agent);
}

#[tokio::test]
async fn both_tracks_run_at_once_and_one_is_removed_without_the_other() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    link.command("c1", 1, deploy("1", 2)).await;
    let Command::Deploy { service, spec, .. } = deploy("2", 1) else { unreachable!() };
    link.command("c2", 2, Command::Deploy { service, track: Track::Green, spec }).await;
    let mut picture = Picture::default();
    picture.until_serving(&mut link, 3).await;
    let green = picture.0["feed-fra1-g1"].clone();
    assert_eq!((green.version.as_str(), picture.node(2).version.as_str()), ("2", "1"));
    // Adopted, each is of its own track again.
    drop(agent);
    let (agent, mut link) = site.agent().await;
    let mut after = Picture::default();
    after.until_serving(&mut link, 3).await;
    assert_eq!(after.0["feed-fra1-g1"].handle, green.handle);
    let blue = (after.pid(1), after.pid(2));
    link.command("c3", 3, remove(Track::Green)).await;
    after.until(&mut link, |p| p.0.len() == 2).await;
    assert_eq!((after.pid(1), after.pid(2)), blue);
    assert_eq!(site.pids(), after.pids());
    drop(agent);
}

#[tokio::test]
async fn a_version_is_tested_apart_from_what_users_reach_and_leaves_nothing_behind() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    link.command("c1", 1, deploy("1", 1)).await;
    let mut picture = Picture::default();
    picture.until_serving(&mut link, 1).await;
    let http = |status| Check::Http { path: "/health".to_owned(), status, contains: None };
    link.command("c2", 2, test("bench-1", vec![http(200)])).await;
    assert_eq!(link.result().await.outcome, Outcome::Done);
    let passed = tested(&mut link, "bench-1").await;
    assert_eq!((&passed.state, passed.version.as_str()), (&TestState::Passed, "2"));
    assert_eq!(site.pids(), picture.pids(), "what was started for it is gone");
    link.command("c3", 3, test("bench-2", vec![http(204)])).await;
    assert_eq!(tested(&mut link, "bench-2").await.state, TestState::Failed);

    // The agent dies in the middle of a long one.
    let load = Check::Load {
        path: "/health".to_owned(),
        requests_per_second: 10,
        seconds: 600,
        error_max_bp: 0,
        p95_max_ms: 1_000,
    };
    link.command("c4", 4, test("bench-3", vec![load])).await;
    while site.pids().len() < 3 {
        link.report().await;
    }
    drop(agent);
    let (agent, mut link) = site.agent().await;
    let report = link.report().await;
    let tests = tests_of(&report);
    assert!(report.full && tests.contains(&passed));
    let broken = tests.iter().find(|test| test.id == "bench-3").unwrap();
    assert!(matches!(broken.state, TestState::NotMade { .. }), "{broken:?}");
    assert_eq!(site.pids(), picture.pids(), "the leftover deployment is ended");
    drop(agent);
}

#[tokio::test]
async fn a_program_that_cannot_start_says_why_and_is_tried_again() {
    let mut site = Site::start().await;
    let (agent, mut link) = site.agent().await;
    let Command::Deploy { service, track, mut spec } = deploy("1", 2) else { unreachable!() };
    spec.command = vec!["/does/not/exist".to_owned()];
    link.command("c1", 1, Command::Deploy { service, track, spec }).await;
    let mut picture = Picture::default();
    picture.until(&mut link, |p| p.0.len() == 2 && p.node(1).restarts >= 2).await;
    let Some(Cause::NotStarted { message }) = picture.node(1).state.cause() else {
        panic!("{:?}", picture.node(1));
    };
    assert!(message.starts_with("/does/not/exist: No such file"), "{message}");
    // Put right, it comes up; the second agent of the folder is kept out meanwhile.
    link.command("c2", 2, deploy("1", 2)).await;
    picture.until_serving(&mut link, 2).await;
    let second = Process::new(std::env::current_exe().unwrap())
        .args(&play_arguments("agent_process")[1..])
        .env(ENV_PLAY, format!("{} {}", site.server.address, site.server.token))
        .env("TEST_DIR", &site.dir)
        .output()
        .unwrap();
    assert!(!second.status.success());
    drop(agent);
}
