//! Fencing: which of two commands is the newer decision.
//!
//! A token orders decisions by the history of the store that took them. The agent keeps the
//! largest token it acted on and refuses anything not above it; so a command that lingered in a
//! queue, or one from a server that lost its lease, does nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{DatabaseId, IdError, ServiceId};

/// What has a history of decisions in a data centre; each history is ordered by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// What of it runs where, and tests of it. Written as its id.
    Service(ServiceId),
    /// Its backups and restores. Written `database/store-db`.
    Database(DatabaseId),
}

const DATABASE: &str = "database/";

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => write!(f, "{service}"),
            Self::Database(database) => write!(f, "{DATABASE}{database}"),
        }
    }
}

impl FromStr for Subject {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix(DATABASE) {
            Some(database) => database.parse().map(Self::Database),
            None => text.parse().map(Self::Service),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// `(timeline, epoch, seq)`, compared in this order.
///
/// * `timeline`: of the Postgres cluster; rises with every promotion of a standby.
/// * `epoch`: of the leader's lease; rises with every takeover.
/// * `seq`: of the decision inside that epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Token {
    pub timeline: u32,
    pub epoch: u64,
    pub seq: u64,
}

/// What an agent does with a command, given what its journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<R> {
    /// Above everything seen for its object: journal it, then act.
    Act,
    /// The same command was finished before: answer the stored result, do nothing.
    Repeat(R),
    /// The same command was started and its end is not known: look at the world before acting.
    Probe,
    /// A newer decision was seen: refuse, naming it.
    Stale { newest: Token },
}

/// How a command ended at the agent; the answer to a repeated command is the first one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outcome {
    /// Taken over, durably: it is what the agent works towards from now on. Whether it got there
    /// is in the reports.
    Done,
    /// Not done: a newer decision was accepted before.
    Stale { newest: Token },
    /// Not done, and why.
    Failed { message: String },
}

/// Judges a command against the journal's memory of its object.
///
/// `known` is what the journal holds for this very command id: `None` never seen, `Some(None)`
/// started, `Some(Some(result))` finished. `newest` is the largest token accepted for the object.
pub fn judge<R>(token: Token, known: Option<Option<R>>, newest: Option<Token>) -> Verdict<R> {
    match (known, newest) {
        (Some(Some(result)), _) => Verdict::Repeat(result),
        (Some(None), Some(newest)) if newest > token => Verdict::Stale { newest },
        (Some(None), _) => Verdict::Probe,
        (None, Some(newest)) if newest >= token => Verdict::Stale { newest },
        (None, _) => Verdict::Act,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn token(timeline: u32, epoch: u64, seq: u64) -> Token {
        Token { timeline, epoch, seq }
    }

    #[test]
    fn a_promotion_outranks_an_epoch_and_an_epoch_outranks_a_sequence() {
        assert!(token(2, 1, 1) > token(1, 9, 9));
        assert!(token(1, 2, 1) > token(1, 1, 9));
        assert!(token(1, 1, 2) > token(1, 1, 1));
    }

    #[test]
    fn a_subject_is_read_back_from_what_is_written() {
        for text in ["feed-api", "database/store-db"] {
            assert_eq!(text.parse::<Subject>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
        assert_ne!("store-db".parse::<Subject>(), "database/store-db".parse());
        for bad in ["", "database/", "database/a/b", "other/a"] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }

    #[test]
    fn judges_every_case() {
        let new = token(1, 1, 5);
        assert_eq!(judge::<u8>(new, None, None), Verdict::Act);
        assert_eq!(judge::<u8>(new, None, Some(token(1, 1, 4))), Verdict::Act);
        let stale = Verdict::Stale { newest: new };
        assert_eq!(judge::<u8>(new, None, Some(new)), stale);
        assert_eq!(judge::<u8>(token(1, 1, 4), None, Some(new)), stale);
        assert_eq!(judge(new, Some(Some(7)), Some(token(9, 9, 9))), Verdict::Repeat(7));
        assert_eq!(judge::<u8>(new, Some(None), Some(new)), Verdict::Probe);
        assert_eq!(judge::<u8>(token(1, 1, 4), Some(None), Some(new)), stale);
    }
}
