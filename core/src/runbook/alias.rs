//! Short links: `/go/lag` leads to a page of the console. Never anywhere else.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::is_overdue;
use super::shelf::Shelf;
use crate::address::{self, ADDRESS_MAX_BYTES, Standing};
use crate::estate::Estate;
use crate::id::{AliasId, IdError};
use crate::problem::Problem;

/// Most short links.
pub const ALIASES_MAX: usize = 500;
/// A dead link that was used within this time needs a person.
pub const USED_LATELY: TimeDelta = TimeDelta::days(30);
/// Longest owner and note, in characters.
pub const OWNER_MAX_CHARS: usize = 60;
pub const NOTE_MAX_CHARS: usize = 200;
/// Where short links begin.
pub const PREFIX: &str = "/go/";
/// Pages that a short link may not lead to: they lead on by themselves.
const NEVER: [&str; 4] = [PREFIX, "/confirm", "/sign-in", "/sign-out"];

/// A short link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub id: AliasId,
    /// Path, query and fragment of a page of the console.
    pub target: String,
    /// The team or user whose it is.
    pub owner: String,
    pub note: String,
    /// When somebody last looked whether it leads where it should.
    pub reviewed: NaiveDate,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
    /// `None`: never, as far as is known.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revision: i64,
}

/// Every short link.
pub type Aliases = BTreeMap<AliasId, Alias>;

/// What somebody writes for a short link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    pub id: String,
    pub target: String,
    pub owner: String,
    #[serde(default)]
    pub note: String,
}

/// What is wrong with it, field by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Mistake {
    #[error("{reason}; write for example `lag`")]
    Id { reason: String },
    #[error(
        "only pages of this console; write what follows the host in the page's address, for \
         example `/runbooks/standby-not-ready#step-2`"
    )]
    Foreign,
    #[error("no page has this address; open the page and copy what follows the host")]
    NoPage,
    #[error("a short link leads to a page itself, not to another link or to sign-in")]
    LeadsOn,
    #[error("write who looks after it, 1 to {OWNER_MAX_CHARS} characters")]
    Owner,
    #[error("write at most {NOTE_MAX_CHARS} characters")]
    Note,
}

impl Mistake {
    /// The field that it is in.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Id { .. } => "alias",
            Self::Foreign | Self::NoPage | Self::LeadsOn => "target",
            Self::Owner => "owner",
            Self::Note => "note",
        }
    }
}

impl Wanted {
    /// Its id, and the rest trimmed.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(&self) -> Result<(AliasId, Self), Vec<Mistake>> {
        let text = Self {
            id: self.id.trim().to_owned(),
            target: self.target.trim().to_owned(),
            owner: self.owner.trim().to_owned(),
            note: self.note.trim().to_owned(),
        };
        let mut mistakes = Vec::new();
        let id = AliasId::new(&text.id);
        if let Err(error) = &id {
            mistakes.push(Mistake::Id { reason: reason(error) });
        }
        mistakes.extend(target(&text.target).err());
        let printable = |text: &str| !text.chars().any(char::is_control);
        let length = text.owner.chars().count();
        if !(1..=OWNER_MAX_CHARS).contains(&length) || !printable(&text.owner) {
            mistakes.push(Mistake::Owner);
        }
        if text.note.chars().count() > NOTE_MAX_CHARS || !printable(&text.note) {
            mistakes.push(Mistake::Note);
        }
        match (id, mistakes.is_empty()) {
            (Ok(id), true) => Ok((id, text)),
            _ => Err(mistakes),
        }
    }
}

fn reason(error: &IdError) -> String {
    error.to_string()
}

/// Whether a text may be the target of a short link.
pub fn target(text: &str) -> Result<(), Mistake> {
    if text.len() > ADDRESS_MAX_BYTES || !address::is_plain(text) {
        return Err(Mistake::Foreign);
    }
    if NEVER.iter().any(|never| text.starts_with(never)) {
        return Err(Mistake::LeadsOn);
    }
    address::parse(text).map(drop).ok_or(Mistake::NoPage)
}

/// How a short link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It leads nowhere.
    Dead,
    /// Nobody looked at it for long.
    Overdue,
    /// What it leads to has another name; it still arrives.
    Moved,
    Good,
}

impl Alias {
    pub fn health(&self, estate: &Estate, shelf: &Shelf, aliases: &Aliases) -> Health {
        match address::look(&self.target, estate, shelf, aliases) {
            Standing::Dead { .. } | Standing::Nowhere => Health::Dead,
            Standing::There | Standing::Moved(_)
                if is_overdue(self.reviewed, estate.at.date_naive()) =>
            {
                Health::Overdue
            }
            Standing::Moved(_) => Health::Moved,
            Standing::There => Health::Good,
        }
    }
}

/// Short links that need a person: dead ones that were used lately. Instances come and go; a link
/// to one that is gone is shown, and is no problem of its own.
pub fn problems(aliases: &Aliases, estate: &Estate, shelf: &Shelf) -> Vec<Problem> {
    let used = |alias: &&Alias| {
        let used = alias.last_used_at;
        used.is_some_and(|at| estate.at - at <= USED_LATELY)
    };
    let instance = |alias: &Alias| alias.target.starts_with("/instances/");
    let dead = aliases
        .values()
        .filter(used)
        .filter(|alias| alias.health(estate, shelf, aliases) == Health::Dead && !instance(alias));
    dead.map(|alias| Problem::AliasDead { alias: alias.id.clone(), target: alias.target.clone() })
        .collect()
}
