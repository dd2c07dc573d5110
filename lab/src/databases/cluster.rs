//! One database: its Postgres, alone or in each of its data centres, and who writes to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use mainstay_agent::database::account::Account;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_devdb::{Cluster, Options, Programs};
use tokio::task::JoinHandle;

use super::Ips;
use super::ground::Ground;
use super::group::{Common, Group};
use super::writes::{self, DATABASE, Door, Ledger};

/// Small, because there are several beside everything else, and with the log's archive from the
/// start. A segment of the log is sent after two minutes at the latest.
const SETTINGS: [(&str, &str); 9] = [
    ("archive_mode", "on"),
    ("archive_timeout", "120"),
    ("autovacuum_naptime", "300"),
    ("max_connections", "20"),
    ("max_wal_size", "64MB"),
    ("min_wal_size", "32MB"),
    ("shared_buffers", "16MB"),
    ("wal_level", "replica"),
    ("wal_log_hints", "on"),
];
/// The port of one that is alone; only a part of its socket's name.
const PORT: u16 = 5432;
/// How often standbys that lag are looked at.
const HOLD: Duration = Duration::from_millis(200);

/// A database that runs.
#[derive(Debug)]
pub(super) struct Database {
    /// The first is where it runs, or led first.
    datacenters: Vec<DatacenterId>,
    bin_dir: PathBuf,
    account: Account,
    engine: Engine,
    ledger: Option<Ledger>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
enum Engine {
    Alone(Alone),
    Group(Arc<Group>),
}

#[derive(Debug)]
struct Alone {
    data_dir: PathBuf,
    socket_dir: PathBuf,
    cluster: Arc<Mutex<Cluster>>,
    /// With its data centre.
    lost: AtomicBool,
}

/// Where an agent finds a database.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub data_dir: PathBuf,
    pub socket_dir: PathBuf,
    pub port: u16,
    pub patroni: Option<String>,
}

impl Database {
    /// Starts it alone in its first data centre, with what a former run left of it; the first run
    /// makes the data. `None`: it has no data centre.
    pub(super) fn start(
        id: DatabaseId,
        datacenters: Vec<DatacenterId>,
        programs: Programs,
        ground: &Ground,
        writes: f64,
    ) -> Option<impl Future<Output = anyhow::Result<Self>> + use<>> {
        datacenters.first()?;
        let (dir, account) = (ground.cluster(&id), ground.account);
        Some(async move {
            let bin_dir = programs.bin().to_owned();
            let started = tokio::task::spawn_blocking(move || start(&dir, programs)).await;
            let cluster = started.context("the start broke off")??;
            let (data_dir, socket_dir) = (cluster.data_dir().to_owned(), cluster.socket_dir());
            let socket_dir = socket_dir.to_owned();
            let (cluster, lost) = (Arc::new(Mutex::new(cluster)), AtomicBool::new(false));
            let engine = Engine::Alone(Alone { data_dir, socket_dir, cluster, lost });
            let tasks = Vec::new();
            let mut database = Self { datacenters, bin_dir, account, engine, ledger: None, tasks };
            database.write(writes);
            Ok(database)
        })
    }

    /// Starts it with a member in each data centre; returns when one leads, and the others follow.
    pub(super) async fn start_group(
        common: Common,
        datacenters: Vec<DatacenterId>,
        ips: &Ips,
        writes: f64,
    ) -> anyhow::Result<Self> {
        let (bin_dir, account, dir) = (common.bin_dir.clone(), common.account, common.dir.clone());
        let id = common.database.clone();
        let group = Arc::new(Group::start(common, &datacenters, ips).await?);
        let ledger = Ledger::open(&dir.join("writes.ledger")).context("no ledger")?;
        let engine = Engine::Group(group.clone());
        let ledger = Some(ledger);
        let tasks = Vec::new();
        let mut database = Self { datacenters, bin_dir, account, engine, ledger, tasks };
        database.fill().await?;
        database.write(writes);
        database.tasks.push(tokio::spawn(async move {
            if let Err(error) = group.complete().await {
                tracing::error!(database = %id, error = format!("{error:#}"), "not all follow");
            }
            loop {
                if group.is_lagging() {
                    group.hold();
                }
                tokio::time::sleep(HOLD).await;
            }
        }));
        Ok(database)
    }

    /// Where it takes writes, or did first.
    pub(super) fn home(&self) -> &DatacenterId {
        match &self.engine {
            Engine::Alone(_) => &self.datacenters[0],
            Engine::Group(group) => group.leader().unwrap_or(&self.datacenters[0]),
        }
    }

    pub(super) fn datacenters(&self) -> &[DatacenterId] {
        &self.datacenters
    }

    pub(super) fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    pub(super) fn place(&self, datacenter: &DatacenterId) -> Option<Place> {
        match &self.engine {
            Engine::Alone(_) if *datacenter != self.datacenters[0] => None,
            Engine::Alone(alone) => Some(Place {
                data_dir: alone.data_dir.clone(),
                socket_dir: alone.socket_dir.clone(),
                port: PORT,
                patroni: None,
            }),
            Engine::Group(group) => group.place(datacenter).map(|(data, sockets, port, rest)| {
                let (data_dir, socket_dir) = (data.to_owned(), sockets.to_owned());
                Place { data_dir, socket_dir, port, patroni: Some(format!("http://{rest}")) }
            }),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        match &self.engine {
            Engine::Alone(alone) => lock(&alone.cluster).is_running(),
            Engine::Group(group) => group.is_running(),
        }
    }

    /// Writes that were acknowledged, and how many of them are not there; `None`: nobody counts,
    /// or nobody can say.
    pub(super) async fn acknowledged(&self) -> (Option<u64>, Option<u64>) {
        match &self.ledger {
            None => (None, None),
            Some(ledger) => (Some(ledger.count()), ledger.missing(&self.door()).await.ok()),
        }
    }

    pub(super) fn set_lagging(&self, datacenter: &DatacenterId, lagging: bool) -> bool {
        match &self.engine {
            Engine::Alone(_) => false,
            Engine::Group(group) => group.set_lagging(datacenter, lagging),
        }
    }

    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        match &self.engine {
            Engine::Alone(alone) => alone.with(Cluster::stop).await,
            Engine::Group(group) => group.stop().await,
        }
    }

    /// Starts it unless it runs.
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        match &self.engine {
            Engine::Alone(alone) => alone.restart().await,
            Engine::Group(group) => group.restart().await,
        }
    }

    /// Lost with its data centre, as in a crash; or back. The same again changes nothing: one that
    /// was stopped stays so.
    pub(super) async fn set_lost(
        &self,
        datacenter: &DatacenterId,
        lost: bool,
    ) -> anyhow::Result<()> {
        match &self.engine {
            Engine::Group(group) => group.set_lost(datacenter, lost).await,
            Engine::Alone(_) if *datacenter != self.datacenters[0] => Ok(()),
            Engine::Alone(alone) if alone.lost.swap(lost, Ordering::SeqCst) == lost => Ok(()),
            Engine::Alone(alone) if lost => alone.with(Cluster::kill).await,
            Engine::Alone(alone) => alone.restart().await,
        }
    }

    /// Ends the writer, then the cluster.
    pub(super) async fn end(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Err(error) = self.stop().await {
            tracing::error!(%error, "a database is not stopped properly");
        }
    }

    fn write(&mut self, rate: f64) {
        if rate > 0.0 {
            let writing = writes::write(self.door(), rate, self.ledger.clone());
            self.tasks.push(tokio::spawn(writing));
        }
    }

    fn door(&self) -> Door {
        let (sockets, port) = match &self.engine {
            Engine::Alone(alone) => (alone.socket_dir.display().to_string(), PORT),
            Engine::Group(group) => (group.sockets(), group.port()),
        };
        Door { psql: self.bin_dir.join("psql"), sockets, port, account: self.account }
    }

    /// Makes the data of a group that has none, and what counts writes.
    async fn fill(&self) -> anyhow::Result<()> {
        let door = self.door();
        door.create().await?;
        // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
        if door.ask("SELECT to_regclass('writes') IS NOT NULL").await? != "t" {
            // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
            let writes = "CREATE TABLE writes (number bigint PRIMARY KEY)";
            door.ask(&format!("{}; {writes}", writes::schema())).await?;
        }
        Ok(())
    }
}

impl Alone {
    async fn restart(&self) -> anyhow::Result<()> {
        self.with(|cluster| if cluster.is_running() { Ok(()) } else { cluster.restart() }).await
    }

    /// Does something that blocks.
    async fn with(
        &self,
        act: impl FnOnce(&mut Cluster) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let cluster = self.cluster.clone();
        let acted = tokio::task::spawn_blocking(move || act(&mut lock(&cluster)));
        acted.await.context("it broke off")?
    }
}

fn lock(cluster: &Mutex<Cluster>) -> MutexGuard<'_, Cluster> {
    // A cluster that an action broke off on is looked at anew by the next one.
    cluster.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(dir: &Path, programs: Programs) -> anyhow::Result<Cluster> {
    let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let programs = Some(programs);
    let options = Options { programs, settings, checksums: true, ..Options::default() };
    let cluster = Cluster::start(dir, &options)?;
    cluster.create_database(DATABASE)?;
    // tidy: allow sql: asked of a database of the lab, of which the store knows nothing
    let known = cluster.query(DATABASE, "SELECT to_regclass('orders') IS NOT NULL")?;
    if known != ["t"] {
        cluster.query(DATABASE, &writes::schema())?;
    }
    Ok(cluster)
}
