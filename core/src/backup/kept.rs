//! Restored copies that stay: a test restore whose server goes on beside the database, for whoever
//! looks something up in it or takes lost rows out of it.
//!
//! Owns how long one may stay, how many a database may have, and how people come in. Invariant: all
//! of them end, by themselves if nobody ends them. Their time is real, because people work in them;
//! it is counted from when they can be used, because nobody knows before how long a restore takes.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::copy::Label;
use super::job::Target;
use crate::id::{DatabaseId, DatacenterId};

/// Most of one database at a time: each takes as much room as the database.
pub const KEPT_MAX: usize = 2;
/// Longest that one stays, however often its time is made longer.
pub const STAY_MAX: TimeDelta = TimeDelta::days(7);
/// Names of databases that are told of one.
pub const NAMES_MAX: usize = 20;

/// How long one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Hours(u16);

/// Why a time is none that one can stay; says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a restored copy stays from {} to {} hours; write it like 24h",
    Hours::RANGE.start(),
    Hours::RANGE.end()
)]
pub struct HoursError;

impl Hours {
    pub const RANGE: RangeInclusive<u16> = 1..=72;
    /// What forms begin with.
    pub const DEFAULT: Self = Self(24);

    pub fn new(hours: u16) -> Result<Self, HoursError> {
        Self::RANGE.contains(&hours).then_some(Self(hours)).ok_or(HoursError)
    }

    pub const fn get(self) -> u16 {
        self.0
    }

    pub fn time(self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.0))
    }
}

impl TryFrom<u16> for Hours {
    type Error = HoursError;

    fn try_from(hours: u16) -> Result<Self, HoursError> {
        Self::new(hours)
    }
}

impl From<Hours> for u16 {
    fn from(hours: Hours) -> Self {
        hours.0
    }
}

/// `24`, `24h`, `2d`.
impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let text = text.trim();
        let (number, times) = match (text.strip_suffix('h'), text.strip_suffix('d')) {
            (Some(hours), _) => (hours, 1),
            (None, Some(days)) => (days, 24),
            (None, None) => (text, 1),
        };
        let number: u16 = number.trim_end().parse().map_err(|_| HoursError)?;
        Self::new(number.checked_mul(times).ok_or(HoursError)?)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} h", self.0)
    }
}

/// One of them, as its agent tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Id of the work that made it.
    pub work: String,
    /// Whose repository holds the copy.
    pub datacenter: DatacenterId,
    pub label: Label,
    pub target: Target,
    /// The folder in which everything of it lies; its name, too.
    pub path: String,
    /// Folder of the socket, the only one it listens on.
    pub socket: String,
    pub port: u16,
    /// A superuser of the restored database.
    pub user: String,
    /// The account of the machine that can reach the socket.
    pub account: String,
    /// Databases that can be connected to, at most [`NAMES_MAX`]; empty: not known.
    pub names: Vec<String>,
    pub since: DateTime<Utc>,
    /// When it ends and is removed.
    pub until: DateTime<Utc>,
    /// What it took when it was made; `None`: not known.
    pub bytes: Option<u64>,
    pub server: Server,
}

/// Whether its server can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Server {
    Running,
    /// Not now; the agent goes on to try.
    Down {
        why: String,
    },
}

impl Kept {
    /// What is typed on the machine to look into it.
    pub fn psql(&self) -> String {
        self.client("psql")
    }

    /// What is typed there to take a table out of it.
    pub fn pg_dump(&self) -> String {
        format!("{} -t TABLE", self.client("pg_dump"))
    }

    fn client(&self, program: &str) -> String {
        let Self { account, socket, port, user, names, .. } = self;
        // Databases of users before the one that every cluster has.
        let own = names.iter().find(|name| *name != "postgres");
        let name = own.map_or("postgres", |name| name);
        format!(
            "sudo -u {} {program} -h {} -p {port} -U {} -d {}",
            word(account),
            word(socket),
            word(user),
            word(name)
        )
    }
}

/// A text as one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '@');
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Why the time of one is not made longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLonger {
    #[error("its time is over, and it is removed")]
    Over,
    #[error(
        "a restored copy stays at most {} days in all, this one until {}; write fewer hours, or \
         restore it anew",
        STAY_MAX.num_days(),
        latest.format("%Y-%m-%d %H:%M UTC")
    )]
    TooLong { latest: DateTime<Utc> },
}

/// Until when one stays that is to stay so many hours longer; all of it in real time.
pub fn longer(
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    hours: Hours,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, NotLonger> {
    let (latest, wanted) = (since + STAY_MAX, until + hours.time());
    if until <= now {
        return Err(NotLonger::Over);
    }
    if wanted > latest { Err(NotLonger::TooLong { latest }) } else { Ok(wanted) }
}

/// Why no more are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{KEPT_MAX} restored copies of {database} stay already, or are about to; let one go first, or \
     make a test restore that does not stay"
)]
pub struct NoRoom {
    pub database: DatabaseId,
}

/// Whether one more of a database may stay. `works`: ids of the work that made those that are told
/// of, and of the work that is to make more.
pub fn room(database: &DatabaseId, works: &BTreeSet<&str>) -> Result<(), NoRoom> {
    match works.len() < KEPT_MAX {
        true => Ok(()),
        false => Err(NoRoom { database: database.clone() }),
    }
}
