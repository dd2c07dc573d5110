//! The `process` driver: services as child processes of the agent, on one machine.
//!
//! Owns processes, their ports, logs and health checks. Decisions are in [`plan`] and [`node`],
//! which are pure; [`supervisor`] carries them out. Children go on running when the agent dies,
//! and are found again by [`record`] and by marks in their environment; none is lost, none is
//! started twice.

mod adopt;
pub(crate) mod child;
mod health;
pub mod node;
pub mod plan;
pub(crate) mod proc;
mod record;
mod staging;
mod supervisor;
mod usage;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_core::bench::On;
use mainstay_core::deployment::Command;
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::child::{Order, Unwatched};
use self::node::NodeSpec;
use self::staging::ProcessStager;
use crate::driver::{Driver, Observed, Stager};
use crate::journal::Targets;
pub use record::{ProcessId, Record};

/// Marks a child with the data folder of its agent.
pub const ENV_AGENT_DIR: &str = "MAINSTAY_AGENT_DIR";
/// Marks a child with its instance id.
pub const ENV_INSTANCE: &str = "MAINSTAY_INSTANCE";
/// Failure of a Deploy whose node names would not be ids.
const NAMES_TOO_LONG: &str =
    "SERVICE-DATACENTER-NUMBER would be longer than 63 characters: shorten the service's id";

const NO_PROGRAM: &str = "the service names no command and the agent has no default program";

#[derive(Clone, Debug)]
pub struct ProcessConfig {
    pub datacenter: DatacenterId,
    /// Absolute; children carry it as a mark.
    pub data_dir: PathBuf,
    pub bind_address: IpAddr,
    /// Program and arguments for services without a command; empty: there is none.
    pub default_program: Vec<String>,
    /// Time between asking a process to stop and ending it.
    pub drain_grace: Duration,
}

/// What the supervisor is to do.
#[derive(Clone, Debug)]
enum Wish {
    /// Nobody said yet: leave everything as it is.
    Undecided,
    Run(Targets),
    StopAll,
}

/// The handle of a running supervisor.
pub struct ProcessDriver {
    datacenter: DatacenterId,
    stager: Arc<ProcessStager>,
    wish: watch::Sender<Wish>,
    observed: watch::Receiver<Observed>,
}

impl ProcessDriver {
    /// Adopts what a former run of the agent left and starts to supervise. The task ends after
    /// [`stop_children`](Self::stop_children) only; if it ends before, the driver is broken.
    pub async fn start(config: ProcessConfig) -> io::Result<(Self, JoinHandle<()>)> {
        let (wish, wishes) = watch::channel(Wish::Undecided);
        let (observations, observed) = watch::channel(Observed::default());
        let datacenter = config.datacenter.clone();
        let stager = Arc::new(ProcessStager::new(config.clone()));
        let supervisor = supervisor::Supervisor::start(config, wishes, observations).await?;
        let task = tokio::spawn(supervisor.run());
        Ok((Self { datacenter, stager, wish, observed }, task))
    }

    /// Whether the instance is here and of the service.
    fn here(&self, service: &ServiceId, instance: &InstanceId) -> Result<(), String> {
        let observed = self.observed.borrow();
        match observed.instances.get(instance) {
            Some(known) if known.service == *service => Ok(()),
            Some(known) => Err(format!("{instance} is a node of {}", known.service)),
            None => Err(format!("there is no instance {instance} here")),
        }
    }

    /// Drains every child; the supervisor's task ends when all are gone.
    pub fn stop_children(&self) {
        self.wish.send_replace(Wish::StopAll);
    }
}

impl Driver for ProcessDriver {
    fn precheck(&self, command: &Command) -> Result<(), String> {
        match command {
            Command::Deploy { service, track, spec } => {
                let named = plan::slot(&(service.clone(), *track), &self.datacenter, spec.nodes);
                named.map(|_| ()).map_err(|_| NAMES_TOO_LONG.to_owned())
            }
            // What may be done to databases does not depend on what runs here.
            Command::Remove { .. } | Command::Work { .. } => Ok(()),
            Command::Replace { service, instance } => self.here(service, instance),
            Command::Test { service, test } => match &test.on {
                On::Staging { spec } => self.stager.precheck(service, spec),
                On::Instance { instance } => self.here(service, instance),
            },
        }
    }

    fn retarget(&mut self, targets: &Targets) {
        self.wish.send_replace(Wish::Run(targets.clone()));
    }

    fn observe(&self) -> watch::Receiver<Observed> {
        self.observed.clone()
    }

    fn stager(&self) -> Arc<dyn Stager> {
        self.stager.clone()
    }
}

impl ProcessConfig {
    /// Starts the process of a node.
    fn spawn(
        &self,
        id: &InstanceId,
        service: &ServiceId,
        spec: &NodeSpec,
        port: u16,
        log: &Path,
    ) -> io::Result<Unwatched> {
        let command = match spec.command.is_empty() {
            true => &self.default_program,
            false => &spec.command,
        };
        let (program, arguments) =
            command.split_first().ok_or_else(|| io::Error::other(NO_PROGRAM))?;
        child::start(&Order {
            program,
            arguments,
            environment: &[
                ("MAINSTAY_SERVICE", service.to_string()),
                ("MAINSTAY_VERSION", spec.version.clone()),
                ("MAINSTAY_DATACENTER", self.datacenter.to_string()),
                (ENV_INSTANCE, id.to_string()),
                (ENV_AGENT_DIR, self.data_dir.to_string_lossy().into_owned()),
                ("HOST", self.bind_address.to_string()),
                ("PORT", port.to_string()),
            ],
            account: None,
            log,
        })
        .map_err(|e| io::Error::new(e.kind(), format!("{program}: {e}")))
    }
}

/// The nodes that the agent of a data folder has recorded, whether they run or not. For tools
/// beside the agent; the agent itself may be changing them.
pub fn recorded(data_dir: &Path) -> io::Result<BTreeMap<InstanceId, Record>> {
    record::Records::open(data_dir)?.read()
}

/// Ends every process that was started by the agent of a data folder, at once.
pub fn kill_all(data_dir: &Path) -> io::Result<()> {
    adopt::kill_strangers(data_dir, &[])
}

/// Ends the process of one recorded node, at once; whether there was one.
pub fn kill(process: ProcessId) -> bool {
    child::adopt(process).is_some_and(|found| {
        found.handle.kill();
        true
    })
}
