//! What really runs on this machine, beside what the console says of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::visitor::Visitor;
use crate::wait::until;
use crate::world::World;

/// A process of a service, as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Running {
    pub instance: String,
    pub pid: u32,
    pub version: String,
}

/// An instance as the console shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub id: String,
    pub status: String,
    pub version: String,
    pub cause: Option<String>,
    pub restarts: u64,
    /// Process id.
    pub handle: Option<String>,
}

/// What is asked of one data centre: `(service, version, nodes)`.
pub type Wanted<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str, u16)>>;

impl World {
    /// The folder of a data centre's agent.
    #[must_use]
    pub fn agent_dir(&self, datacenter: &str) -> PathBuf {
        let dir = self.lab_dir().join("agents").join(datacenter);
        fs::canonicalize(&dir).unwrap_or(dir)
    }

    /// Every process that belongs to the agent of a data centre, by the marks it was started
    /// with: also one that the agent has forgotten.
    ///
    /// # Errors
    /// When the system cannot be looked at.
    pub fn running(&self, datacenter: &str) -> Result<Vec<Running>> {
        let mark = format!("MAINSTAY_AGENT_DIR={}", self.agent_dir(datacenter).display());
        let mut running = Vec::new();
        for (pid, environment) in processes("environ")? {
            if !environment.contains(&mark) {
                continue;
            }
            let value = |name: &str| {
                let found = environment.iter().find_map(|variable| variable.strip_prefix(name));
                found.unwrap_or_default().to_owned()
            };
            let (instance, version) = (value("MAINSTAY_INSTANCE="), value("MAINSTAY_VERSION="));
            running.push(Running { instance, pid, version });
        }
        running.sort();
        Ok(running)
    }

    /// The process of a data centre's agent.
    ///
    /// # Errors
    /// When there is none.
    pub fn agent_pid(&self, datacenter: &str) -> Result<u32> {
        let dir = self.agent_dir(datacenter).display().to_string();
        let of_agent = |line: &[String]| {
            line.get(1).is_some_and(|word| word == "agent") && line.contains(&dir)
        };
        let found = processes("cmdline")?.into_iter().find(|(_, line)| of_agent(line));
        found.map(|(pid, _)| pid).with_context(|| format!("no agent of {datacenter} runs"))
    }

    /// Waits until each data centre runs what is asked, each slot by exactly one process and
    /// nothing else beside, and the console shows just that, healthy. Returns what runs.
    ///
    /// # Errors
    /// When it is not so in time; with what differed last.
    pub async fn settled(
        &self,
        visitor: &Visitor,
        wanted: &Wanted<'_>,
        patience: Duration,
    ) -> Result<BTreeMap<String, Vec<Running>>> {
        let mut last = String::new();
        let found = until("everything runs as asked and is shown", patience, async || {
            match self.agrees(visitor, wanted).await {
                Ok(running) => Some(running),
                Err(error) => {
                    last = format!("{error:#}");
                    None
                }
            }
        });
        let found = found.await;
        found.with_context(|| format!("the last difference: {last}"))
    }

    async fn agrees(
        &self,
        visitor: &Visitor,
        wanted: &Wanted<'_>,
    ) -> Result<BTreeMap<String, Vec<Running>>> {
        let mut all = BTreeMap::new();
        for (datacenter, services) in wanted {
            let running = self.running(datacenter)?;
            let have: Vec<_> =
                running.iter().map(|r| (r.instance.clone(), r.version.clone())).collect();
            let mut due: Vec<(String, String)> = Vec::new();
            for (service, version, nodes) in services {
                let slots = (1..=*nodes).map(|n| format!("{service}-{datacenter}-{n}"));
                due.extend(slots.map(|slot| (slot, (*version).to_owned())));
            }
            due.sort();
            if have != due {
                bail!("{datacenter} runs {running:?}, not {due:?}");
            }
            let shown = visitor.instances(datacenter).await?;
            let healthy = running.iter().all(|process| {
                shown.iter().any(|s| {
                    s.id == process.instance
                        && s.status == "healthy"
                        && s.version == process.version
                        && s.handle == Some(process.pid.to_string())
                })
            });
            if !healthy || shown.len() != running.len() {
                bail!("{datacenter} runs {running:?} and the console shows {shown:?}");
            }
            all.insert((*datacenter).to_owned(), running);
        }
        Ok(all)
    }
}

impl Visitor {
    /// The instances of a data centre, as the console shows them.
    ///
    /// # Errors
    /// When the page is not there.
    pub async fn instances(&self, datacenter: &str) -> Result<Vec<Shown>> {
        let data = self.json(&format!("/api/v1/datacenters/{datacenter}")).await?;
        let rows = data["instances"]["rows"].as_array().context("the data has no instances")?;
        let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
        let shown = |row: &Value| Shown {
            id: text(row, "id").unwrap_or_default(),
            status: text(row, "status").unwrap_or_default(),
            version: text(row, "version").unwrap_or_default(),
            cause: text(row, "cause"),
            restarts: row["restarts"].as_u64().unwrap_or_default(),
            handle: text(row, "handle"),
        };
        Ok(rows.iter().map(shown).collect())
    }

    /// One instance, as the console shows it; `None`: it shows none of this name.
    ///
    /// # Errors
    /// As [`Visitor::instances`].
    pub async fn instance(&self, datacenter: &str, id: &str) -> Result<Option<Shown>> {
        Ok(self.instances(datacenter).await?.into_iter().find(|shown| shown.id == id))
    }
}

/// Each process with the words of one of its files. One that ends meanwhile is left out.
fn processes(file: &str) -> Result<Vec<(u32, Vec<String>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("looking at the processes")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(pid) = name.and_then(|name| name.parse().ok()) else { continue };
        let bytes = fs::read(path.join(file)).unwrap_or_default();
        let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        found.push((pid, words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()));
    }
    Ok(found)
}
