//! What the driver remembers of each node over its own restart: a small file for each.
//!
//! Written before a process is started (so that a process without a finished record is still
//! expected) and again when its pid is known. Not synced to disk: processes do not outlive the
//! machine's boot either, which the record names.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use mainstay_core::deployment::Track;
use mainstay_core::id::{InstanceId, ServiceId};
use serde::{Deserialize, Serialize};

use super::node::NodeSpec;
use crate::durable::{self, Lasting};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub service: ServiceId,
    /// Absent in records of an agent that knew no tracks.
    #[serde(default)]
    pub track: Track,
    pub spec: NodeSpec,
    pub afresh: u64,
    pub restarts: u32,
    pub failures: u32,
    pub port: u16,
    /// The boot of the machine in which it was started.
    pub boot_id: String,
    /// `None`: it was about to be started.
    pub process: Option<ProcessId>,
    /// Since when it serves without a break.
    pub serving_since: Option<DateTime<Utc>>,
}

/// A process of one boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    pub pid: i32,
    pub started_ticks: u64,
}

/// The records of one agent.
#[derive(Clone, Debug)]
pub struct Records {
    folder: PathBuf,
}

impl Records {
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("instances");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// All of them. A damaged one is set aside with a warning: its process, if there is one, is
    /// then not expected and will be ended.
    pub fn read(&self) -> io::Result<BTreeMap<InstanceId, Record>> {
        let mut records = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let id = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(|stem| stem.parse::<InstanceId>().ok());
            let record = serde_json::from_slice(&fs::read(&path)?).ok();
            match (id, record) {
                (Some(id), Some(record)) => {
                    records.insert(id, record);
                }
                (None, _) | (_, None) => {
                    tracing::warn!(path = %path.display(), "a damaged record is set aside");
                    fs::rename(&path, path.with_extension("damaged"))?;
                }
            }
        }
        Ok(records)
    }

    pub fn write(&self, id: &InstanceId, record: &Record) -> io::Result<()> {
        let content = serde_json::to_vec(record).expect("a record has string keys only");
        durable::replace(&self.path(id), &content, Lasting::Process)
    }

    pub fn remove(&self, id: &InstanceId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn path(&self, id: &InstanceId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}
