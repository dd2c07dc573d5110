//! The databases of the lab: for each of the fleet a real Postgres in its first data centre, with
//! data and a writer, and in every data centre a repository of copies.
//!
//! Owns the clusters while the lab runs, the files in which agents are told of them, and what
//! faults do to them and to the repositories. Invariants: nothing of it outlives the lab; data and
//! copies do, and the next run finds them. Standbys are not run.

mod cluster;
pub mod command;
mod damage;
mod full;
mod ground;
mod told;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatabaseId, DatacenterId};
use mainstay_devdb::Programs;
use serde::{Deserialize, Serialize};

use crate::fault::Refusal;
use cluster::Database;
use damage::Damages;
pub use damage::{CopyTarget, Damage};
use ground::Ground;

/// The engine of copies that agents use goes up to this version.
const POSTGRES: u32 = 15;
/// Transactions a second of each writer, unless it is told otherwise, and most of them.
pub const WRITES_DEFAULT: f64 = 1.0;
pub const WRITES_MAX: f64 = 1_000.0;

/// All databases of a lab.
#[derive(Debug)]
pub struct Databases {
    ground: Ground,
    databases: BTreeMap<DatabaseId, Database>,
    datacenters: Vec<DatacenterId>,
    damages: Damages,
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
    /// For `psql -h`.
    pub socket_dir: PathBuf,
}

impl Databases {
    /// Starts every database of the fleet, and makes the repositories; the error is a sentence that
    /// says why the lab runs without.
    pub async fn start(fleet: &Fleet, lab: &Path, writes: f64) -> Result<Self, String> {
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
        let starts = fleet.databases.iter().filter_map(|(id, entry)| {
            let (datacenters, programs) = (entry.datacenters.clone(), programs.clone());
            let started = Database::start(id.clone(), datacenters, programs, &ground, writes)?;
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
        Ok(Self { ground, databases, datacenters, damages: Damages::default() })
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

    pub fn status(&self) -> Vec<Status> {
        let all = self.databases.iter().map(|(id, database)| Status {
            database: id.clone(),
            datacenter: database.home().clone(),
            running: database.is_running(),
            socket_dir: database.socket_dir().to_owned(),
        });
        all.collect()
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
        let hosted = self.databases.iter().filter(|(_, database)| database.home() == datacenter);
        for (id, database) in hosted {
            if lost {
                damage::kill_backup(&self.ground, datacenter, id)?;
            }
            database.set_lost(lost).await?;
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

    /// Ends backups at work, the writers and all clusters.
    pub async fn stop(self) {
        for (id, database) in &self.databases {
            if let Err(error) = damage::kill_backup(&self.ground, database.home(), id) {
                tracing::error!(%error, database = %id, "a backup is not ended");
            }
        }
        let ends = self.databases.into_values().map(Database::end);
        futures::future::join_all(ends).await;
    }

    fn get(&self, id: &DatabaseId) -> Result<&Database, Refusal> {
        let known = || self.databases.keys().map(DatabaseId::as_str).collect::<Vec<_>>().join(", ");
        self.databases.get(id).ok_or_else(|| Refusal::NoDatabase(id.to_string(), known()))
    }
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
