//! The databases of the lab: for each of the fleet a real Postgres with data and a writer, in its
//! first data centre, or with Patroni in each of them; in every data centre a repository of copies;
//! and an etcd in three of them, by which the members of clusters agree.
//!
//! Owns the clusters while the lab runs, the files in which agents are told of them, and what
//! faults do to them and to the repositories. Invariants: nothing of it outlives the lab; data and
//! copies do, and the next run finds them.

mod cluster;
pub mod command;
mod config;
mod daemon;
mod damage;
mod full;
mod ground;
mod group;
mod rest;
mod store;
mod told;
mod writes;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use mainstay_agent::database::scratch;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_devdb::Programs;
use serde::{Deserialize, Serialize};

use crate::fault::Refusal;
use cluster::Database;
use damage::Damages;
pub use damage::{CopyTarget, Damage};
use ground::Ground;
use group::Common;
use store::Store;

/// The engine of copies that agents use goes up to this version.
const POSTGRES: u32 = 15;
/// Transactions a second of each writer, unless it is told otherwise, and most of them.
pub const WRITES_DEFAULT: f64 = 1.0;
pub const WRITES_MAX: f64 = 1_000.0;

/// Names the program of Patroni.
const PATRONI: &str = "MAINSTAY_PATRONI";

/// Addresses of the data centres.
pub type Ips = BTreeMap<DatacenterId, IpAddr>;

/// All databases of a lab.
#[derive(Debug)]
pub struct Databases {
    ground: Ground,
    databases: BTreeMap<DatabaseId, Database>,
    datacenters: Vec<DatacenterId>,
    damages: Damages,
    /// `None`: no database is a cluster.
    store: Option<Store>,
}

/// What is to be done with the Postgres of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Stop,
    Start,
}

/// A database, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    pub running: bool,
    /// For `psql -h` and `-p`.
    pub socket_dir: PathBuf,
    pub port: u16,
    /// Writes that were acknowledged, of a cluster, and how many of them are not there; `None`:
    /// nobody can say.
    pub acknowledged: Option<u64>,
    pub missing: Option<u64>,
}

impl Databases {
    /// Starts every database of the fleet, and makes the repositories; the error is a sentence that
    /// says why the lab runs without.
    pub async fn start(fleet: &Fleet, lab: &Path, ips: &Ips, writes: f64) -> Result<Self, String> {
        let programs = programs()?;
        let longest = fleet.datacenters.keys().map(|id| id.as_str().len()).max();
        let ground = Ground::make(lab, longest.unwrap_or_default());
        let ground = ground.map_err(|error| format!("{error:#}"))?;
        let mut datacenters: Vec<_> = fleet.datacenters.iter().collect();
        datacenters.sort_by_key(|(id, datacenter)| (datacenter.position, (*id).clone()));
        let datacenters: Vec<_> = datacenters.into_iter().map(|(id, _)| id.clone()).collect();
        let unusable = |error: io::Error| format!("a repository cannot be used: {error}");
        for datacenter in &datacenters {
            full::end(&ground, datacenter).map_err(unusable)?;
            ground.set_reachable(datacenter, true).map_err(unusable)?;
        }
        let clusters = start_store(fleet, lab, &ground, ips).await;
        let starts = fleet.databases.iter().zip(0..).filter_map(|((id, entry), nth)| {
            let (datacenters, programs) = (entry.datacenters.clone(), programs.clone());
            let started = match (&clusters, entry.cluster) {
                (Some((store, patroni)), Some(_)) => {
                    let common = Common {
                        database: id.clone(),
                        nth,
                        patroni: patroni.clone(),
                        bin_dir: programs.bin().to_owned(),
                        account: ground.account,
                        store: store.hosts(),
                        dir: ground.group(id),
                        logs: lab.join("logs"),
                    };
                    let group = Database::start_group(common, datacenters, ips, writes);
                    futures::future::Either::Left(group)
                }
                (None, _) | (_, None) => futures::future::Either::Right(Database::start(
                    id.clone(),
                    datacenters,
                    programs,
                    &ground,
                    writes,
                )?),
            };
            Some(async move { (id.clone(), started.await) })
        });
        let mut databases = BTreeMap::new();
        for (id, started) in futures::future::join_all(starts).await {
            match started {
                Ok(database) => drop(databases.insert(id, database)),
                Err(error) => println!("The database {id} is left out: {error:#}."),
            }
        }
        if databases.is_empty() {
            return Err("none of them could be started".to_owned());
        }
        let (damages, store) = (Damages::default(), clusters.map(|(store, _)| store));
        Ok(Self { ground, databases, datacenters, damages, store })
    }

    /// Writes the file that tells the agent of a data centre of all databases. `control`: program
    /// and arguments of a command that stops and starts them.
    pub fn tell(
        &self,
        datacenter: &DatacenterId,
        agent_dir: &Path,
        control: &[String],
    ) -> io::Result<PathBuf> {
        let dir = self.ground.agent(datacenter, agent_dir)?;
        let path = dir.join("databases.toml");
        std::fs::write(&path, self.file(datacenter, control))?;
        Ok(path)
    }

    pub async fn status(&self) -> Vec<Status> {
        let all = self.databases.iter().map(async |(id, database)| {
            let datacenter = database.home().clone();
            let place = database.place(&datacenter)?;
            let (acknowledged, missing) = database.acknowledged().await;
            Some(Status {
                database: id.clone(),
                datacenter,
                running: database.is_running(),
                socket_dir: place.socket_dir,
                port: place.port,
                acknowledged,
                missing,
            })
        });
        futures::future::join_all(all).await.into_iter().flatten().collect()
    }

    /// How many there are, and where the store of their clusters is.
    pub fn count(&self) -> (usize, Vec<DatacenterId>) {
        let places = self.store.iter().flat_map(Store::places).cloned().collect();
        (self.databases.len(), places)
    }

    /// Lets the standbys of a data centre lag, or no more; whether there are any.
    pub fn set_lagging(&self, datacenter: &DatacenterId, lagging: bool) -> bool {
        let lag = |database: &&Database| database.set_lagging(datacenter, lagging);
        // All of them, not up to the first.
        self.databases.values().filter(lag).count() > 0
    }

    /// Stops or starts the Postgres of a database; what is so already is no error.
    pub async fn act(&self, id: &DatabaseId, action: Action) -> Result<(), Refusal> {
        let database = self.get(id)?;
        let acted = match action {
            Action::Stop => database.stop().await,
            Action::Start => database.restart().await,
        };
        acted.map_err(|error| Refusal::Failed(format!("{error:#}")))
    }

    /// Brings the databases and the repository of a data centre in line with the faults on it.
    pub async fn apply(
        &self,
        datacenter: &DatacenterId,
        lost: bool,
        away: bool,
        full: bool,
    ) -> anyhow::Result<()> {
        if !full {
            full::end(&self.ground, datacenter)?;
        }
        self.ground.set_reachable(datacenter, !away && !lost)?;
        if let Some(store) = &self.store {
            store.set_lost(datacenter, lost)?;
        }
        let hosted = self.databases.iter().filter(|(_, it)| it.place(datacenter).is_some());
        for (id, database) in hosted {
            if lost {
                damage::kill_backup(&self.ground, datacenter, id)?;
            }
            database.set_lost(datacenter, lost).await?;
        }
        Ok(())
    }

    /// Leaves no room in the repository of a data centre.
    pub async fn fill(&self, datacenter: &DatacenterId) -> Result<(), Refusal> {
        let (ground, datacenter) = (self.ground.clone(), datacenter.clone());
        let filled = tokio::task::spawn_blocking(move || full::begin(&ground, &datacenter)).await;
        filled.map_err(|error| Refusal::Failed(error.to_string()))?.map_err(Refusal::Failed)
    }

    /// Does damage to copies, or to a backup at work; says what was hit.
    pub fn damage(&self, damage: Damage, text: &str) -> Result<CopyTarget, Refusal> {
        let target = self.target(text)?;
        match damage {
            Damage::Break => {
                let database = self.get(&target.database)?;
                match damage::kill_backup(&self.ground, database.home(), &target.database) {
                    Ok(true) => Ok(target),
                    Ok(false) => Err(Refusal::NoBackup(target.database.to_string())),
                    Err(error) => Err(Refusal::Failed(error.to_string())),
                }
            }
            Damage::Flip | Damage::Remove | Damage::Gap => {
                self.damages.inject(&self.ground, damage, &target)
            }
        }
    }

    /// Undoes the damage that was done to a target.
    pub fn mend(&self, damage: Damage, target: &str) -> Result<(), Refusal> {
        self.damages.heal(damage, target).map_err(|error| Refusal::Failed(error.to_string()))
    }

    /// `DATABASE`, `DATABASE@DATACENTER` or `DATABASE@DATACENTER/NAME`.
    pub fn target(&self, text: &str) -> Result<CopyTarget, Refusal> {
        CopyTarget::parse(text, self.databases.keys(), &self.datacenters)
    }

    /// Ends backups at work, restored copies that stay, the writers and all clusters.
    pub async fn stop(self) {
        for datacenter in &self.datacenters {
            if let Err(error) = scratch::remove_kept(&self.ground.scratch(datacenter)).await {
                tracing::error!(%error, %datacenter, "a restored copy is not ended");
            }
        }
        for (id, database) in &self.databases {
            if let Err(error) = damage::kill_backup(&self.ground, database.home(), id) {
                tracing::error!(%error, database = %id, "a backup is not ended");
            }
        }
        let ends = self.databases.into_values().map(Database::end);
        futures::future::join_all(ends).await;
        if let Some(store) = self.store {
            store.stop();
        }
    }

    fn get(&self, id: &DatabaseId) -> Result<&Database, Refusal> {
        let known = || self.databases.keys().map(DatabaseId::as_str).collect::<Vec<_>>().join(", ");
        self.databases.get(id).ok_or_else(|| Refusal::NoDatabase(id.to_string(), known()))
    }
}

/// The store by which clusters agree, and the program of Patroni; none, and a line that says why,
/// where they cannot be: then each database runs alone.
async fn start_store(
    fleet: &Fleet,
    lab: &Path,
    ground: &Ground,
    ips: &Ips,
) -> Option<(Store, PathBuf)> {
    if !fleet.databases.values().any(|database| database.cluster.is_some()) {
        return None;
    }
    let started = match (store::program(), patroni()) {
        (None, _) => Err("the package etcd-server is missing".to_owned()),
        (_, None) => Err(format!("there is no Patroni; name its program with {PATRONI}")),
        (Some(etcd), Some(patroni)) => {
            match Store::start(fleet, &etcd, ips, ground, &lab.join("logs")).await {
                Ok(store) => Ok((store, patroni)),
                Err(error) => Err(format!("{error:#}")),
            }
        }
    };
    match started {
        Ok(started) => Some(started),
        Err(why) => {
            println!("Databases run alone and do not fail over: {why}.");
            None
        }
    }
}

/// The program that the environment names, else the one that is installed.
fn patroni() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|dir| dir.join("patroni"));
    let named = std::env::var_os(PATRONI).map(PathBuf::from);
    named.into_iter().chain(installed).find(|file| file.is_file())
}

/// What must be installed; the error says which package is missing.
fn programs() -> Result<Programs, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    if !folders.any(|folder| folder.join("pgbackrest").is_file()) {
        return Err("the package pgbackrest is missing".to_owned());
    }
    let missing = || format!("the package postgresql-{POSTGRES} is missing");
    Programs::find_major(POSTGRES).ok_or_else(missing)
}
