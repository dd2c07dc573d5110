//! One data centre of the lab: its agent process, kept running, and what faults do to it.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mainstay_agent::driver::process;
use mainstay_core::id::DatacenterId;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::effect::{self, Effect, Scope};
use crate::http;
use crate::proxy::Proxy;

/// Pause before an agent that ended by itself is started again: first and longest.
const RESTART_MIN: Duration = Duration::from_millis(500);
const RESTART_MAX: Duration = Duration::from_secs(10);
/// Time for an agent to stop its services before it is ended by force.
const STOP_GRACE: Duration = Duration::from_secs(8);
/// Time for its services to finish, shorter than the above.
const DRAIN_GRACE_SECONDS: &str = "3";

/// What is needed to run a data centre's agent.
#[derive(Clone, Debug)]
pub struct AgentPlan {
    pub datacenter: DatacenterId,
    /// Program with an `agent` command.
    pub program: PathBuf,
    pub service_program: PathBuf,
    /// Address of this data centre.
    pub ip: IpAddr,
    pub data_dir: PathBuf,
    pub log: PathBuf,
    pub join_token: Option<String>,
    /// What it is to know of databases.
    pub databases: Option<PathBuf>,
}

/// What the agent is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run,
    /// Be gone at once, with all services.
    Lose,
    /// Stop properly.
    Stop,
}

/// A data centre that runs.
#[derive(Debug)]
pub struct Datacenter {
    plan: AgentPlan,
    proxy: Proxy,
    wish: watch::Sender<Wish>,
    keeper: JoinHandle<()>,
}

impl Datacenter {
    /// Starts the agent, and from then on keeps it running.
    pub async fn start(plan: AgentPlan, server: &str) -> io::Result<Self> {
        fs::create_dir_all(effect::folder(&plan.data_dir))?;
        let proxy = Proxy::start(plan.ip, server).await?;
        let (wish, wishes) = watch::channel(Wish::Run);
        let keeper = tokio::spawn(keep(plan.clone(), proxy.address(), wishes));
        Ok(Self { plan, proxy, wish, keeper })
    }

    pub const fn ip(&self) -> IpAddr {
        self.plan.ip
    }

    /// Where what stands in this data centre reaches the server.
    pub const fn line(&self) -> SocketAddr {
        self.proxy.address()
    }

    pub fn data_dir(&self) -> &Path {
        &self.plan.data_dir
    }

    /// Ends the process of one instance; whether there was one.
    pub fn kill(&self, instance: &str) -> io::Result<bool> {
        let records = process::recorded(&self.plan.data_dir)?;
        let record = records.get(instance).and_then(|record| record.process);
        Ok(record.is_some_and(process::kill))
    }

    /// Brings the data centre in line with the faults on it.
    pub async fn apply(
        &self,
        lost: bool,
        cut: bool,
        effects: &BTreeMap<Scope, Effect>,
    ) -> io::Result<()> {
        self.proxy.set_cut(cut);
        self.write(effects)?;
        let wish = if lost { Wish::Lose } else { Wish::Run };
        self.wish.send_if_modified(|known| std::mem::replace(known, wish) != wish);
        if !lost {
            self.tell().await?;
        }
        Ok(())
    }

    /// Stops the agent and all its services.
    pub async fn stop(self) {
        self.wish.send_replace(Wish::Stop);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "an agent's keeper broke off");
        }
    }

    /// The files that services read when they start.
    fn write(&self, effects: &BTreeMap<Scope, Effect>) -> io::Result<()> {
        for entry in fs::read_dir(effect::folder(&self.plan.data_dir))? {
            fs::remove_file(entry?.path())?;
        }
        for (scope, effect) in effects {
            let content = serde_json::to_vec(effect)?;
            let file = effect::file(&self.plan.data_dir, scope);
            let draft = file.with_extension("next");
            fs::write(&draft, content)?;
            fs::rename(draft, file)?;
        }
        Ok(())
    }

    /// Tells running services. One that does not answer has just ended or reads the files.
    async fn tell(&self) -> io::Result<()> {
        let records = process::recorded(&self.plan.data_dir)?;
        let dir = &self.plan.data_dir;
        let told = records.iter().map(|(id, record)| {
            let effect = effect::read(dir, &record.service, &record.spec.version, id);
            let address = SocketAddr::new(self.plan.ip, record.port);
            async move {
                if let Err(error) = http::tell(address, effect).await {
                    tracing::debug!(%error, %id, "a service was not told of its fault");
                }
            }
        });
        futures::future::join_all(told).await;
        Ok(())
    }
}

/// Keeps the agent process as the wish says, until it is to stop.
async fn keep(plan: AgentPlan, server: SocketAddr, mut wishes: watch::Receiver<Wish>) {
    let mut pause = RESTART_MIN;
    loop {
        let wish = *wishes.borrow_and_update();
        match wish {
            Wish::Stop => return,
            Wish::Lose => {
                if let Err(error) = process::kill_all(&plan.data_dir) {
                    tracing::error!(%error, datacenter = %plan.datacenter, "not all is lost");
                }
                // An error means that the lab is gone.
                if wishes.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Wish::Run => {}
        }
        let ended = match spawn(&plan, server) {
            Ok(mut agent) => tokio::select! {
                status = agent.child.wait() => status,
                changed = wishes.changed() => {
                    let wish = *wishes.borrow();
                    match wish {
                        Wish::Lose if changed.is_ok() => lose(&mut agent).await,
                        Wish::Lose | Wish::Run | Wish::Stop => stop(&mut agent).await,
                    }
                    if changed.is_err() {
                        return;
                    }
                    pause = RESTART_MIN;
                    continue;
                }
            },
            Err(error) => Err(error),
        };
        complain(&plan, ended);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = wishes.changed() => if changed.is_err() { return },
        }
        pause = (pause * 2).min(RESTART_MAX);
    }
}

fn complain(plan: &AgentPlan, ended: io::Result<ExitStatus>) {
    let (datacenter, log) = (&plan.datacenter, plan.log.display());
    match ended {
        Ok(status) => tracing::error!(%datacenter, %status, %log, "an agent ended by itself"),
        Err(error) => tracing::error!(%datacenter, %error, "an agent cannot be run"),
    }
}

/// An agent process. Its input is kept apart, because waiting for a child closes it.
struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// In a process group of its own, so that Ctrl-C reaches the lab alone; it ends with its standard
/// input, so that no agent is left if the lab is killed.
fn spawn(plan: &AgentPlan, server: SocketAddr) -> io::Result<Agent> {
    let log = OpenOptions::new().create(true).append(true).open(&plan.log)?;
    let mut command = Command::new(&plan.program);
    command
        .arg("agent")
        .args(["--server", &server.to_string()])
        .args(["--datacenter", plan.datacenter.as_str()])
        .arg("--data-dir")
        .arg(&plan.data_dir)
        .args(["--bind-address", &plan.ip.to_string()])
        .args(["--drain-grace-seconds", DRAIN_GRACE_SECONDS])
        .args(["--stop-children", "--until-stdin-closes"])
        .env_remove("MAINSTAY_JOIN_TOKEN")
        .env_remove("MAINSTAY_DATABASES")
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0);
    if let Some(databases) = &plan.databases {
        command.arg("--databases").arg(databases);
    }
    // Takes all arguments that follow.
    command.arg("--default-program").arg(&plan.service_program);
    if let Some(token) = &plan.join_token {
        command.env("MAINSTAY_JOIN_TOKEN", token);
    }
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    Ok(Agent { child, stdin })
}

/// The whole data centre goes at once: the agent first, so that it restarts nothing.
async fn lose(agent: &mut Agent) {
    if let Err(error) = agent.child.kill().await {
        tracing::error!(%error, "an agent cannot be killed");
    }
}

async fn stop(agent: &mut Agent) {
    // Closing its standard input asks it to stop.
    drop(agent.stdin.take());
    if tokio::time::timeout(STOP_GRACE, agent.child.wait()).await.is_err() {
        tracing::warn!("an agent does not stop and is ended");
        lose(agent).await;
    }
}
