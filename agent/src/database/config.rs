//! What an agent is told about the databases it hosts and the repositories it can reach: one TOML
//! file, read once.
//!
//! ```toml
//! [[database]]
//! id = "orders"
//! data_dir = "/var/lib/postgresql/15/main"
//! socket_dir = "/var/run/postgresql"          # this is the default
//! port = 5432                                 # this too
//! user = "postgres"                           # a superuser of the database; the default
//! bin_dir = "/usr/lib/postgresql/15/bin"      # the default
//! stanza = "orders"                           # the engine's name of it; the id is the default
//! wal = ["fra1", "ams1"]                      # where its log always goes; the first two below
//! stop = ["systemctl", "stop", "postgresql@15-main"]      # for a restore in its place
//! start = ["systemctl", "start", "postgresql@15-main"]
//!
//! [database.patroni]                          # its member of a Patroni cluster, if it is one
//! url = "http://127.0.0.1:8008"               # of the member's REST API
//! members = { pg-1 = "fra1", pg-2 = "ams1" }  # their data centres, where names do not say them
//! user = "mainstay"                           # only if the REST API asks for a login
//! password_file = "/etc/mainstay/patroni"
//! keep_running = true                         # start its Postgres again where it ended while the
//!                                             # cluster is paused; the default
//!
//! [[database]]                                # runs in another data centre; here its repositories
//! id = "billing"                              # are read, its copies proved
//! hosts = false
//! user_account = "postgres"                   # of this machine: works on restored copies; the
//!                                             # default, or the agent's own if it is not root
//!
//! [[repository]]
//! datacenter = "fra1"
//! path = "/backup/fra1"
//!
//! [[repository]]
//! datacenter = "ams1"
//! type = "s3"                                 # any option of the engine for a repository
//! s3-bucket = "backup-ams1"
//!
//! [pgbackrest]
//! program = "pgbackrest"
//! options = { process-max = 4 }
//! ```
//!
//! Must not: touch what it names. Whether a directory is there shows when it is used.

mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use mainstay_core::backup::job::{Cause, Failure};
use mainstay_core::id::{DatabaseId, DatacenterId};

/// Most databases and most repositories of one agent.
pub const ENTRIES_MAX: usize = 64;
/// Longest path of the folder for restored databases, so that a socket fits below it.
pub const SCRATCH_DIR_MAX_BYTES: usize = 64;

/// The file, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub databases: BTreeMap<DatabaseId, Database>,
    /// In the order of the file; at least one.
    pub repositories: Vec<Repository>,
    /// Where copies are restored to be proved; `None`: below the agent's data folder.
    pub scratch_dir: Option<PathBuf>,
    pub pgbackrest: PgBackRestSettings,
}

/// A Postgres cluster. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    pub id: DatabaseId,
    pub home: Home,
    /// A superuser of the database.
    pub user: String,
    pub bin_dir: PathBuf,
    pub stanza: String,
    /// Data centres that get its log at all times, in the order of the file; at least one.
    pub wal: Vec<DatacenterId>,
}

/// Where a database runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// On this machine.
    Here(Hosted),
    /// Elsewhere: it cannot be copied from here, nor restored in its place. `account`: who works on
    /// restored copies; `None`: whoever Postgres usually runs as.
    Elsewhere { account: Option<String> },
}

/// A cluster on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    pub data_dir: PathBuf,
    pub socket_dir: PathBuf,
    pub port: u16,
    /// Programs with their arguments; empty: it cannot be restored in its place.
    pub stop: Vec<String>,
    pub start: Vec<String>,
    /// `None`: it does not fail over.
    pub patroni: Option<Patroni>,
}

/// A member of a Patroni cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patroni {
    /// Of its REST API, with `http://`.
    pub url: String,
    /// Data centres of members whose names do not say them.
    pub members: BTreeMap<String, DatacenterId>,
    pub login: Option<Login>,
    pub keep_running: bool,
}

/// For what changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password_file: PathBuf,
}

impl Patroni {
    pub fn datacenter_of(&self, member: &str) -> Option<DatacenterId> {
        self.members.get(member).cloned().or_else(|| DatacenterId::new(member).ok())
    }
}

impl Database {
    /// Its member of a cluster here.
    ///
    /// # Errors
    /// There is none.
    pub fn member(&self) -> Result<&Patroni, Failure> {
        self.hosted()?.patroni.as_ref().ok_or_else(|| {
            let words = format!("{} is no member of a cluster here", self.id);
            Failure::new(Cause::Setup, words)
        })
    }

    /// The cluster itself.
    ///
    /// # Errors
    /// It does not run on this machine.
    pub fn hosted(&self) -> Result<&Hosted, Failure> {
        match &self.home {
            Home::Here(hosted) => Ok(hosted),
            Home::Elsewhere { .. } => {
                let words = format!("{} does not run in this data centre", self.id);
                Err(Failure::new(Cause::Setup, words))
            }
        }
    }
}

/// Where copies are kept in one data centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    pub datacenter: DatacenterId,
    /// Options of the engine, without the prefix `repoN-`.
    pub options: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgBackRestSettings {
    pub program: String,
    pub options: BTreeMap<String, String>,
}

/// Everything that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    pub findings: Vec<Finding>,
}

/// One mistake: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// From 1.
    pub line: usize,
    pub sentence: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, finding) in self.findings.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}line {}: {}", finding.line, finding.sentence)?;
        }
        Ok(())
    }
}

impl Settings {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// All mistakes at once, in the order of the lines.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        read::parse(text)
    }
}

/// Whether a path cannot stand between quotes in a command of Postgres' settings.
pub fn has_quote(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'%' | b'\\' | b'\n'))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
