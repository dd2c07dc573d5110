//! What a repository holds of a database, as its engine lists it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::DatacenterId;

/// Which copy a backup makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Everything.
    Full,
    /// What changed since the full copy that it stands on.
    Differential,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Full, Self::Differential];

    /// Its name in files, answers and commands.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Differential => "differential",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// The engine's own name of a copy, unique in its repository: `20261120-000003F`, or
/// `20261120-000003F_20261121-000002D` for a differential on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(pub String);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One copy in the repository of one data centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    pub label: Label,
    /// What was really made, which need not be what was asked for.
    pub kind: Kind,
    /// The full copy that a differential stands on; `None` for a full one.
    pub full: Option<Label>,
    pub started: DateTime<Utc>,
    pub finished: DateTime<Utc>,
    /// Size of the database, bytes.
    pub database_bytes: u64,
    /// What it takes in its repository beyond the copies it stands on, bytes.
    pub stored_bytes: u64,
    /// First and last segment of the write-ahead log that it needs to be consistent.
    pub wal: Option<(String, String)>,
    /// Whether the database had pages with wrong checksums when it was copied.
    pub bad_pages: bool,
    /// The repository lists it, and its files are not there: somebody or something took them away.
    #[serde(default)]
    pub gone: bool,
}

impl Copy {
    /// The full copy of its chain: its own label where it is one.
    pub fn chain(&self) -> &Label {
        self.full.as_ref().unwrap_or(&self.label)
    }
}

/// What the repositories hold of one database, data centre by data centre. One that is missing was
/// not asked; one that could not be read says why: neither is a repository that holds nothing.
pub type Catalogue = BTreeMap<DatacenterId, Result<Vec<Copy>, String>>;
