//! The edges of the lab: one real Envoy for each edge of the fleet, kept running.
//!
//! An edge stands in a data centre: it listens on that data centre's address, shows its
//! certificate, reaches the server over its line, and is lost with it. What it routes it is told
//! by the server; the lab writes nothing but the file it starts with.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use mainstay_agent::identity::{self, Found, Identity, IdentityError};
use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_xds::bootstrap::{self, Pem, Tls};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where users enter, if nobody has the port.
pub const PORT: u16 = 8000;
/// Users' connections to one edge at once.
const CONNECTIONS_MAX: u32 = 10_000;
/// How often the data centre's certificate is looked for, and looked at again.
const CERTIFICATE_FIRST: Duration = Duration::from_millis(300);
const CERTIFICATE_AGAIN: Duration = Duration::from_secs(5);
/// Pause before an Envoy that ended by itself is started again: first and longest.
const RESTART_MIN: Duration = Duration::from_millis(300);
const RESTART_MAX: Duration = Duration::from_secs(10);
/// Time for an Envoy to stop.
const STOP_GRACE: Duration = Duration::from_secs(3);
/// What its log may grow to; it is emptied then.
const LOG_MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Runs the program that follows and ends it when standard input ends, so that no Envoy is left if
/// the lab is killed.
const LEASH: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & envoy=$!; \
    { cat <&3 >/dev/null; kill -TERM $envoy 2>/dev/null; } & exec 3<&-; wait $envoy";

/// What is needed to run an edge.
#[derive(Clone, Debug)]
pub struct EdgePlan {
    pub id: EdgeId,
    pub region: RegionId,
    pub datacenter: DatacenterId,
    /// The Envoy.
    pub program: PathBuf,
    /// Where users enter.
    pub listen: SocketAddr,
    /// The line to the server.
    pub server: SocketAddr,
    /// Data folder of the data centre's agent, whose certificate the edge shows.
    pub agent_dir: PathBuf,
    /// Folder of the edge's own.
    pub dir: PathBuf,
    pub log: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Run,
    /// Be gone at once.
    Lose,
    Stop,
}

/// An edge that runs.
#[derive(Debug)]
pub struct Edge {
    plan: EdgePlan,
    wish: watch::Sender<Wish>,
    keeper: JoinHandle<()>,
}

impl Edge {
    /// Starts it as soon as the data centre has a certificate, and from then on keeps it running.
    pub fn start(plan: EdgePlan) -> anyhow::Result<Self> {
        let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(&plan.dir);
        folder.with_context(|| format!("cannot make {}", plan.dir.display()))?;
        let (wish, wishes) = watch::channel(Wish::Run);
        let keeper = tokio::spawn(keep(plan.clone(), wishes));
        Ok(Self { plan, wish, keeper })
    }

    pub const fn plan(&self) -> &EdgePlan {
        &self.plan
    }

    /// Lost with its data centre, or back.
    pub fn set_lost(&self, lost: bool) {
        let wish = if lost { Wish::Lose } else { Wish::Run };
        self.wish.send_if_modified(|known| std::mem::replace(known, wish) != wish);
    }

    pub async fn stop(self) {
        self.wish.send_replace(Wish::Stop);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "an edge's keeper broke off");
        }
    }
}

/// The Envoy to run: the one that is named, else one beside the program's own folder
/// (`target/tools/envoy`), else the search path's. The error says why edges are left out.
pub fn find(given: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(program) = given {
        let shown = program.display().to_string();
        return fs::canonicalize(program).map_err(|error| format!("{shown}: {error}"));
    }
    let own = std::env::current_exe().ok();
    let beside = own.iter().flat_map(|own| own.ancestors().skip(1).take(3));
    let tools = beside.map(|folder| folder.join("tools").join("envoy"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let searched = std::env::split_paths(&path).map(|folder| folder.join("envoy"));
    let found = tools.chain(searched).find(|program| program.is_file());
    found.ok_or_else(|| {
        "no Envoy was found; `cargo xtask up` installs one, --envoy names another".to_owned()
    })
}

/// The address on which users enter: the usual port if it is free.
pub fn listen_address(ip: IpAddr) -> io::Result<SocketAddr> {
    let usual = TcpListener::bind((ip, PORT)).and_then(|listener| listener.local_addr());
    usual.or_else(|_| free_address(ip))
}

/// An address with any free port.
pub fn free_address(ip: IpAddr) -> io::Result<SocketAddr> {
    TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr())
}

/// Keeps the Envoy as the wish says, until it is to stop.
async fn keep(plan: EdgePlan, mut wishes: watch::Receiver<Wish>) {
    let mut pause = RESTART_MIN;
    loop {
        let wish = *wishes.borrow_and_update();
        match wish {
            Wish::Stop => return,
            Wish::Lose => match wishes.changed().await {
                Ok(()) => continue,
                Err(_) => return,
            },
            Wish::Run => {}
        }
        let identity = tokio::select! {
            identity = certificate(&plan) => identity,
            changed = wishes.changed() => if changed.is_err() { return } else { continue },
        };
        match prepare(&plan, &identity).and_then(|bootstrap| spawn(&plan, &bootstrap)) {
            Ok(mut envoy) => match run(&plan, &mut envoy, identity, &mut wishes).await {
                Ended::ByItself(status) => {
                    let (edge, log) = (&plan.id, plan.log.display());
                    tracing::error!(%edge, status, %log, "an Envoy ended by itself");
                }
                Ended::Asked => {
                    pause = RESTART_MIN;
                    continue;
                }
            },
            Err(error) => tracing::error!(%error, edge = %plan.id, "an Envoy cannot be run"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = wishes.changed() => if changed.is_err() { return },
        }
        pause = (pause * 2).min(RESTART_MAX);
    }
}

/// Waits until the data centre's agent has joined.
async fn certificate(plan: &EdgePlan) -> Identity {
    let mut complained = false;
    loop {
        match identity::find(&plan.agent_dir, &plan.datacenter, None) {
            Ok(Found::Identity(identity)) => return *identity,
            Ok(Found::MustJoin { .. }) | Err(IdentityError::NoToken) => {}
            Err(error) => {
                if !complained {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, edge = %plan.id, "no certificate for an edge");
                }
                complained = true;
            }
        }
        tokio::time::sleep(CERTIFICATE_FIRST).await;
    }
}

/// Writes everything the Envoy starts with.
fn prepare(plan: &EdgePlan, identity: &Identity) -> io::Result<PathBuf> {
    let edge = bootstrap::Edge {
        id: plan.id.clone(),
        region: plan.region.clone(),
        datacenter: plan.datacenter.clone(),
        listen: plan.listen,
        servers: vec![(plan.server.ip().to_string(), plan.server.port())],
        admin: None,
        connections_max: CONNECTIONS_MAX,
        tls: Some(tls(plan)),
    };
    tls(plan).write(pem(identity))?;
    bootstrap::write(&edge, &plan.dir)
}

fn tls(plan: &EdgePlan) -> Tls {
    Tls::in_folder(&plan.dir, mainstay_wire::SERVER_NAME)
}

fn pem(identity: &Identity) -> Pem<'_> {
    Pem {
        certificate: identity.certificate_pem(),
        key: identity.key_pem(),
        authority: identity.ca_pem(),
    }
}

/// An Envoy on its leash. The leash is kept apart, because waiting for a child closes it.
struct Envoy {
    child: Child,
    leash: Option<ChildStdin>,
}

fn spawn(plan: &EdgePlan, bootstrap: &Path) -> io::Result<Envoy> {
    let log = OpenOptions::new().create(true).append(true).open(&plan.log)?;
    let mut child = Command::new("/bin/sh")
        .args(["-c", LEASH, "edge"])
        .arg(&plan.program)
        .arg("--config-path")
        .arg(bootstrap)
        .args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"])
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()?;
    let leash = child.stdin.take();
    Ok(Envoy { child, leash })
}

enum Ended {
    ByItself(String),
    Asked,
}

async fn run(
    plan: &EdgePlan,
    envoy: &mut Envoy,
    mut identity: Identity,
    wishes: &mut watch::Receiver<Wish>,
) -> Ended {
    let group = envoy.child.id();
    let mut again = tokio::time::interval(CERTIFICATE_AGAIN);
    let ended = loop {
        tokio::select! {
            status = envoy.child.wait() => {
                break Ended::ByItself(status.map_or_else(|e| e.to_string(), |s| s.to_string()));
            }
            changed = wishes.changed() => {
                let wish = *wishes.borrow();
                match wish {
                    Wish::Lose if changed.is_ok() => {}
                    Wish::Lose | Wish::Run | Wish::Stop => {
                        // It goes properly: users' requests on their way are answered.
                        drop(envoy.leash.take());
                        let _ = tokio::time::timeout(STOP_GRACE, envoy.child.wait()).await;
                    }
                }
                break Ended::Asked;
            }
            _ = again.tick() => {
                renew(plan, &mut identity);
                bound(&plan.log);
            }
        }
    };
    // Whatever is left of its group, in every case.
    drop(envoy.leash.take());
    if let Some(group) = group.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = envoy.child.wait().await;
    ended
}

/// Hands a renewed certificate on.
fn renew(plan: &EdgePlan, known: &mut Identity) {
    if let Ok(Found::Identity(identity)) = identity::find(&plan.agent_dir, &plan.datacenter, None)
        && identity.certificate_pem() != known.certificate_pem()
    {
        match tls(plan).write(pem(&identity)) {
            Ok(()) => *known = *identity,
            Err(error) => {
                tracing::error!(%error, edge = %plan.id, "a renewed certificate is not handed on");
            }
        }
    }
}

fn bound(log: &Path) {
    let long = fs::metadata(log).is_ok_and(|metadata| metadata.len() > LOG_MAX_BYTES);
    if long && let Err(error) = OpenOptions::new().write(true).open(log).and_then(|f| f.set_len(0))
    {
        tracing::warn!(%error, log = %log.display(), "a log cannot be cut");
    }
}
