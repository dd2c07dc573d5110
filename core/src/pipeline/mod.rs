//! What delivery pipelines report of commits (R15, R16): who may report, and what is taken of it.
//!
//! Owns sources and what is typed of one ([`Draft`]), what a report says ([`Report`]), which
//! repository an address means ([`repository`]), what one answers ([`look`]), the reading of what
//! GitHub, GitLab and others send ([`read`]) and how often something may be sent ([`pace`]).
//! Invariants: a report never makes known what is older than what is known; a run that tested
//! nothing says nothing; no message is read before its signature was checked.
//!
//! Must not: know keys. Signatures are checked where the secrets are.

pub mod look;
pub mod pace;
pub mod read;
pub mod repository;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use self::repository::Repository;
use crate::access::{FieldMistake, Mistake};

/// Most sources of an installation.
pub const SOURCES_MAX: usize = 50;
/// Longest name of a source, in characters.
pub const NAME_MAX_CHARS: usize = 80;
/// Largest message, in bytes.
pub const BODY_MAX_BYTES: usize = 256 * 1_024;
/// How long the secret before a new one still counts beside it.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);
/// A message whose time is further away than this is refused.
pub const STALE_AFTER: TimeDelta = TimeDelta::minutes(5);
/// A pipeline that runs and says nothing more for so long is not said to run any more.
pub const RUNNING_COUNTS: TimeDelta = TimeDelta::hours(24);

/// `ps-3`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pipeline source's id is written ps- and a number, as in ps-3")]
pub struct SourceIdError;

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ps-{}", self.0)
    }
}

impl FromStr for SourceId {
    type Err = SourceIdError;

    fn from_str(text: &str) -> Result<Self, SourceIdError> {
        let number = text.strip_prefix("ps-").ok_or(SourceIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| plain && !number.starts_with('0'));
        number.map(Self).ok_or(SourceIdError)
    }
}

impl TryFrom<String> for SourceId {
    type Error = SourceIdError;

    fn try_from(text: String) -> Result<Self, SourceIdError> {
        text.parse()
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.to_string()
    }
}

/// How a source speaks. The name is permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Github,
    Gitlab,
    Generic,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Github, Self::Gitlab, Self::Generic];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Generic => "generic",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Who may report, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub id: SourceId,
    pub name: String,
    pub format: Format,
    /// The repositories that it may speak of: this one and those below it; `None`: all.
    pub below: Option<Repository>,
    /// When a message of it was taken last.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When one was refused last, and why.
    pub refused_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
    /// Until when the secret before the present one counts as well.
    pub overlap_until: Option<DateTime<Utc>>,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// Rises by one with each change of a person's.
    pub revision: i64,
}

impl Source {
    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/settings/pipelines/{}", self.id)
    }

    /// Where it sends what it has to say.
    pub fn hook(&self) -> String {
        format!("/hooks/pipelines/{}", self.id)
    }

    /// Whether it may speak of a repository.
    pub fn speaks_of(&self, repository: &Repository) -> bool {
        self.below.as_ref().is_none_or(|below| repository.is_below(below))
    }
}

/// Why a message was not taken. The name is permanent: metrics and JSON use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// Its signature or token is missing or not right.
    Signature,
    /// It is signed, and too old or of the future.
    Stale,
    /// It is signed and cannot be read.
    Malformed,
    /// It is signed, and of a repository that the source may not speak of.
    Elsewhere,
    TooMany,
}

impl Refused {
    pub const ALL: [Self; 5] =
        [Self::Signature, Self::Stale, Self::Malformed, Self::Elsewhere, Self::TooMany];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Stale => "stale",
            Self::Malformed => "malformed",
            Self::Elsewhere => "elsewhere",
            Self::TooMany => "too-many",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refused| refused.name() == name)
    }
}

/// How a run of a pipeline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Running,
    Passed,
    Failed,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Running, Self::Passed, Self::Failed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A commit by its whole name: 40 or 64 hexadecimal digits, small.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the whole name of the commit, 40 or 64 hexadecimal digits")]
pub struct CommitError;

impl Commit {
    pub fn new(text: &str) -> Result<Self, CommitError> {
        let long = matches!(text.len(), 40 | 64);
        let plain = long && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        // What a branch that is gone is told as: no commit at all.
        let some = text.bytes().any(|byte| byte != b'0');
        if plain && some { Ok(Self(text.to_ascii_lowercase())) } else { Err(CommitError) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Commit {
    type Error = CommitError;

    fn try_from(text: String) -> Result<Self, CommitError> {
        Self::new(&text)
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

/// What a pipeline says of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub repository: Repository,
    pub commit: Commit,
    /// Which of the repository's pipelines; empty: it has one.
    pub pipeline: String,
    pub status: Status,
    pub branch: Option<String>,
    /// Its page, `https://…`.
    pub url: Option<String>,
    /// When it came to this, by the clock of the pipeline.
    pub at: DateTime<Utc>,
    pub service: Option<String>,
    pub version: Option<String>,
}

impl Report {
    /// Whether it says more than what is known of the same pipeline and commit. Messages overtake
    /// each other: of two of the same time, the one that is over came later.
    pub fn replaces(&self, known: &Self) -> bool {
        let over = |report: &Self| report.status != Status::Running;
        match self.at.cmp(&known.at) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => over(self) && !over(known),
            std::cmp::Ordering::Less => false,
        }
    }
}

/// What became of a message that was signed well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It says something new.
    Taken { report: Report },
    /// It says nothing that was not known.
    Known { report: Report },
    /// It is of a kind that says nothing of a pipeline.
    Left { why: String },
    /// It cannot be read, or is not the source's to say.
    Refused { refused: Refused, why: String },
}

impl Verdict {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::Known { .. } => "known",
            Self::Left { .. } => "left",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A message as it is kept: for its source's page, and so that it is taken once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub at: DateTime<Utc>,
    /// As the sender names it.
    pub key: String,
    /// What kind of message, as the sender names it.
    pub event: String,
    pub verdict: Verdict,
}

/// A source as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    pub name: String,
    /// `github`, `gitlab` or `generic`.
    pub format: String,
    /// The repositories that it may speak of: an address, or where all of them begin; empty: all.
    pub below: String,
}

/// A source as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    pub name: String,
    pub format: Format,
    pub below: Option<Repository>,
}

impl Draft {
    /// An error: everything that is not accepted, in the order of the fields.
    pub fn read(&self) -> Result<Drafted, Vec<FieldMistake>> {
        let mut mistakes = Vec::new();
        let name = self.name.trim();
        let mistake = if name.is_empty() {
            Some(Mistake::Missing)
        } else if name.chars().count() > NAME_MAX_CHARS {
            Some(Mistake::TooLong { most: NAME_MAX_CHARS })
        } else if name.chars().any(char::is_control) {
            Some(Mistake::Form)
        } else {
            None
        };
        mistakes.extend(mistake.map(|mistake| FieldMistake::new("name", mistake)));
        let format = Format::from_name(self.format.trim());
        if format.is_none() {
            mistakes.push(FieldMistake::new("format", Mistake::UnknownChoice));
        }
        let typed = self.below.trim();
        let below = (!typed.is_empty()).then(|| Repository::named(typed));
        if matches!(below, Some(None)) {
            mistakes.push(FieldMistake::new("below", Mistake::Repository));
        }
        match format {
            Some(format) if mistakes.is_empty() => {
                Ok(Drafted { name: name.to_owned(), format, below: below.flatten() })
            }
            Some(_) | None => Err(mistakes),
        }
    }
}
