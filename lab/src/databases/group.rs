//! A database with a Patroni and a Postgres in each of its data centres.
//!
//! Invariants: the one that led last is started first, and the others when it leads, so that
//! nobody else's past counts; the cluster is paused once all follow, because Mainstay decides who
//! leads; what a restore put in the place of a member becomes the leader, and the others are
//! cloned from it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use mainstay_agent::database::account::Account;
use mainstay_core::id::{DatabaseId, DatacenterId};
use rustix::process::{Pid, Signal, kill_process};

use super::config;
use super::daemon::{Daemon, Plan, postmaster};
use super::rest;

/// First port of REST APIs and of Postgres at the address of a data centre; one more for each
/// database.
const REST: u16 = 8008;
const POSTGRES: u16 = 15432;
/// Longest start of a member, with a copy of the leader's data.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(250);

/// What all members have in common.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub database: DatabaseId,
    /// Number of the database in the lab.
    pub nth: u16,
    pub patroni: PathBuf,
    pub bin_dir: PathBuf,
    pub account: Account,
    pub store: Vec<String>,
    pub dir: PathBuf,
    pub logs: PathBuf,
}

#[derive(Debug)]
pub(super) struct Group {
    common: Common,
    /// In the order of the fleet.
    members: Vec<Member>,
    /// By request, so that healing a data centre does not start it.
    stopped: AtomicBool,
}

#[derive(Debug)]
struct Member {
    datacenter: DatacenterId,
    data_dir: PathBuf,
    socket_dir: PathBuf,
    rest: SocketAddr,
    plan: Plan,
    daemon: Mutex<Option<Daemon>>,
    lost: AtomicBool,
    /// Its standby receives nothing, by request.
    lagging: AtomicBool,
}

impl Group {
    /// Starts the one that led last and waits until it leads.
    pub(super) async fn start(
        common: Common,
        datacenters: &[DatacenterId],
        ips: &BTreeMap<DatacenterId, IpAddr>,
    ) -> anyhow::Result<Self> {
        let member = |datacenter: &DatacenterId| Member::make(&common, datacenter, ips[datacenter]);
        let members = datacenters.iter().map(member).collect::<anyhow::Result<Vec<_>>>()?;
        let group = Self { common, members, stopped: AtomicBool::new(false) };
        group.lead().await?;
        Ok(group)
    }

    /// Starts the others, and pauses the cluster when they follow.
    pub(super) async fn complete(&self) -> anyhow::Result<()> {
        for member in &self.members {
            member.start()?;
        }
        for member in self.members.iter().filter(|member| !member.is_lost()) {
            member
                .until(&["\"replication_state\": \"streaming\"", "\"role\": \"primary\""])
                .await?;
        }
        let leader = self.leading().context("nobody leads")?;
        rest::patch(leader.rest, "/config", r#"{"pause": true}"#).await?;
        Ok(())
    }

    pub(super) fn leader(&self) -> Option<&DatacenterId> {
        self.leading().map(|member| &member.datacenter)
    }

    pub(super) fn is_running(&self) -> bool {
        self.leading().is_some()
    }

    /// Data directory, socket directory, port, and address of the REST API of a member.
    pub(super) fn place(
        &self,
        datacenter: &DatacenterId,
    ) -> Option<(&Path, &Path, u16, SocketAddr)> {
        let member = self.members.iter().find(|member| member.datacenter == *datacenter)?;
        let port = POSTGRES + self.common.nth;
        Some((&member.data_dir, &member.socket_dir, port, member.rest))
    }

    /// For `psql`: it finds who takes writes.
    pub(super) fn sockets(&self) -> String {
        let dirs = self.members.iter().map(|member| member.socket_dir.display().to_string());
        dirs.collect::<Vec<_>>().join(",")
    }

    pub(super) fn port(&self) -> u16 {
        POSTGRES + self.common.nth
    }

    /// Stops all members, the leader first, so that the others get all of its log.
    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        self.stopped.store(true, Ordering::SeqCst);
        let leader = self.leader().cloned();
        let mut order: Vec<&Member> = self.members.iter().collect();
        order.sort_by_key(|member| Some(&member.datacenter) != leader.as_ref());
        let daemons: Vec<_> = order.into_iter().filter_map(Member::take).collect();
        // Waited for on a thread of its own: other databases stop meanwhile.
        let stopped = tokio::task::spawn_blocking(|| daemons.into_iter().for_each(Daemon::stop));
        stopped.await.context("a member was not stopped")
    }

    /// Starts all members unless they run. What was restored becomes the leader.
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        if self.is_running() && !self.stopped.load(Ordering::SeqCst) {
            return Ok(());
        }
        let restored = |member: &&Member| member.data_dir.join("recovery.signal").exists();
        if let Some(restored) = self.members.iter().find(restored) {
            self.recover(restored).await?;
            for other in self.members.iter().filter(|it| it.datacenter != restored.datacenter) {
                // Their past is another one now.
                fs::remove_dir_all(&other.data_dir).or_else(absent)?;
            }
            self.forget()?;
        }
        self.stopped.store(false, Ordering::SeqCst);
        self.lead().await?;
        self.complete().await
    }

    pub(super) async fn set_lost(
        &self,
        datacenter: &DatacenterId,
        lost: bool,
    ) -> anyhow::Result<()> {
        let found = self.members.iter().find(|member| member.datacenter == *datacenter);
        let Some(member) = found else { return Ok(()) };
        if member.lost.swap(lost, Ordering::SeqCst) == lost {
            return Ok(());
        }
        match lost {
            true => member.kill(),
            false if self.stopped.load(Ordering::SeqCst) => {}
            false => member.start()?,
        }
        Ok(())
    }

    /// Lets the standby of a data centre receive nothing while its leader runs; or again. Whether
    /// there is such a standby.
    pub(super) fn set_lagging(&self, datacenter: &DatacenterId, lagging: bool) -> bool {
        let leader = self.leader().cloned();
        let found = self.members.iter().find(|member| member.datacenter == *datacenter);
        let Some(member) = found else { return false };
        if lagging && leader.as_ref() == Some(datacenter) {
            return false;
        }
        member.lagging.store(lagging, Ordering::SeqCst);
        self.hold();
        true
    }

    /// Holds what receives, on members that lag, as long as there is a leader; a standby that is to
    /// take its place has to be able to.
    pub(super) fn hold(&self) {
        let leads = self.leading().is_some();
        for member in &self.members {
            let lags = member.lagging.load(Ordering::SeqCst);
            let hold = leads && lags;
            for pid in member.receivers() {
                if lags && !leads {
                    // What waits for it in buffers is lost with the leader, as it would be on the
                    // way between two machines.
                    let _ = kill_process(pid, Signal::TERM);
                }
                let _ = kill_process(pid, if hold { Signal::STOP } else { Signal::CONT });
            }
        }
    }

    pub(super) fn is_lagging(&self) -> bool {
        self.members.iter().any(|member| member.lagging.load(Ordering::SeqCst))
    }

    fn leading(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.leads())
    }

    /// Starts the member that led last, else the first.
    async fn lead(&self) -> anyhow::Result<()> {
        let known = |member: &&Member| member.timeline(&self.common.bin_dir).is_some();
        let last = self
            .members
            .iter()
            .filter(known)
            .max_by_key(|member| (member.timeline(&self.common.bin_dir), !member.is_standby()));
        let first = last.or(self.members.first()).context("it has no data centre")?;
        for member in &self.members {
            member.forget_pause(self.common.account)?;
        }
        first.start()?;
        // A former pause would let nothing start. Before there are settings there is none.
        let unpause = async {
            loop {
                let _ = rest::patch(first.rest, "/config", r#"{"pause": null}"#).await;
                tokio::time::sleep(POLL * 4).await;
            }
        };
        tokio::select! {
            led = first.until(&["\"role\": \"primary\""]) => led,
            () = unpause => Ok(()),
        }
    }

    /// Lets a restored member recover by itself: Patroni would let it follow somebody instead.
    async fn recover(&self, member: &Member) -> anyhow::Result<()> {
        let plan = Plan {
            program: self.common.bin_dir.join("postgres"),
            arguments: [
                "-D",
                &member.data_dir.display().to_string(),
                "-c",
                "listen_addresses=",
                "-k",
            ]
            .into_iter()
            .map(str::to_owned)
            .chain([member.socket_dir.display().to_string()])
            .chain(["-p".to_owned(), self.port().to_string()])
            .collect(),
            postmaster: None,
            ..member.plan.clone()
        };
        let mut server = plan.start()?;
        let recovered = async {
            while member.data_dir.join("recovery.signal").exists() && server.is_running() {
                tokio::time::sleep(POLL).await;
            }
            server.is_running()
        };
        let recovered = tokio::time::timeout(PATIENCE, recovered).await;
        ensure!(recovered == Ok(true), "the restored Postgres did not recover");
        if let Some(pid) = postmaster(&member.data_dir.join("postmaster.pid")) {
            let _ = kill_process(pid, Signal::INT);
        }
        while server.is_running() {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Takes what the cluster agreed on out of its store.
    fn forget(&self) -> anyhow::Result<()> {
        let mut command = Command::new("etcdctl");
        let hosts: Vec<_> = self.common.store.iter().map(|it| format!("http://{it}")).collect();
        command.env("ETCDCTL_API", "3").args(["--endpoints", &hosts.join(","), "del", "--prefix"]);
        let key = format!("/{}/{}/", config::NAMESPACE, self.common.database);
        let done = command.arg(key).stdout(Stdio::null()).status().context("etcdctl")?;
        ensure!(done.success(), "etcdctl did not forget the cluster");
        Ok(())
    }
}

impl Member {
    fn make(common: &Common, datacenter: &DatacenterId, ip: IpAddr) -> anyhow::Result<Self> {
        let dir = common.dir.join(datacenter.as_str());
        common.account.make_dir(&dir)?;
        // A socket's path is short.
        let socket_dir = PathBuf::from(format!("/tmp/mainstay-pg-{:08x}", rand::random::<u32>()));
        common.account.make_dir(&socket_dir)?;
        let data_dir = dir.join("data");
        let place = config::Place {
            datacenter,
            data_dir: &data_dir,
            socket_dir: &socket_dir,
            rest: (ip, REST + common.nth).into(),
            postgres: (ip, POSTGRES + common.nth).into(),
        };
        let file = dir.join("patroni.yml");
        common.account.replace(&file, &config::text(common, &place))?;
        let plan = Plan {
            program: common.patroni.clone(),
            arguments: vec![file.display().to_string()],
            account: common.account,
            log: common.logs.join(format!("patroni-{}-{datacenter}.log", common.database)),
            postmaster: Some(data_dir.join("postmaster.pid")),
        };
        Ok(Self {
            datacenter: datacenter.clone(),
            rest: place.rest,
            data_dir,
            socket_dir,
            plan,
            daemon: Mutex::default(),
            lost: AtomicBool::new(false),
            lagging: AtomicBool::new(false),
        })
    }

    fn start(&self) -> anyhow::Result<()> {
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = daemon.as_mut().is_some_and(Daemon::is_running);
        if !runs && !self.is_lost() {
            *daemon = Some(self.plan.start().context("Patroni does not start")?);
        }
        Ok(())
    }

    /// A Patroni that finds its store empty takes the settings that it kept beside the data, and a
    /// cluster that was paused then starts nothing.
    fn forget_pause(&self, account: Account) -> anyhow::Result<()> {
        let file = self.data_dir.join("patroni.dynamic.json");
        let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
        let mut settings: serde_json::Value = serde_json::from_str(&text)?;
        if settings.as_object_mut().is_some_and(|it| it.remove("pause").is_some()) {
            account.replace(&file, &settings.to_string())?;
        }
        Ok(())
    }

    /// Its process, which is somebody else's to end now; what is held goes on.
    fn take(&self) -> Option<Daemon> {
        let daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.free();
        daemon
    }

    fn kill(&self) {
        self.take().into_iter().for_each(Daemon::kill);
    }

    /// A process that is held does not end.
    fn free(&self) {
        for pid in self.receivers() {
            let _ = kill_process(pid, Signal::CONT);
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    fn is_standby(&self) -> bool {
        self.data_dir.join("standby.signal").exists()
    }

    fn leads(&self) -> bool {
        !self.is_standby() && postmaster(&self.data_dir.join("postmaster.pid")).is_some()
    }

    /// Of its files, if it has any.
    fn timeline(&self, bin_dir: &Path) -> Option<u32> {
        let mut command = Command::new(bin_dir.join("pg_controldata"));
        let output = command.arg(&self.data_dir).env("LC_ALL", "C").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|it| it.strip_prefix("Latest checkpoint's TimeLineID:"));
        line?.trim().parse().ok()
    }

    /// Waits until its Patroni says one of these.
    async fn until(&self, words: &[&str]) -> anyhow::Result<()> {
        let said = async {
            loop {
                if let Ok(said) = rest::get(self.rest, "/patroni").await
                    && said.contains("\"state\": \"running\"")
                    && words.iter().any(|words| said.contains(words))
                {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let log = self.plan.log.display();
        let late = || format!("the member in {} does not come up: see {log}", self.datacenter);
        tokio::time::timeout(PATIENCE, said).await.with_context(late)
    }

    /// The processes that receive what its leader writes.
    fn receivers(&self) -> Vec<Pid> {
        let Some(postmaster) = postmaster(&self.data_dir.join("postmaster.pid")) else {
            return Vec::new();
        };
        let parent = postmaster.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok());
        let receives = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("walreceiver")
        };
        pids.filter(receives).filter_map(Pid::from_raw).collect()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.socket_dir);
    }
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
