//! Runs: the record of a runbook that somebody works through, step by step. A run that is over is
//! never changed again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::resolve::Subject;
use crate::id::RunbookId;

/// Longest note, in characters.
pub const NOTE_MAX_CHARS: usize = 1_000;
/// Most notes of one step.
pub const NOTES_MAX: usize = 20;

/// A run's id, written `rb-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run's id is written rb-12")]
pub struct RunIdError;

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rb-{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let number = text.strip_prefix("rb-").ok_or(RunIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(RunIdError)
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub runbook: RunbookId,
    pub title: String,
    /// The runbook's text when the run began: the record stays what was read.
    pub source: String,
    /// How many steps it had.
    pub step_count: u32,
    /// The problem it was opened from.
    pub problem: Option<i64>,
    pub subject: Option<Subject>,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    /// Steps that somebody touched.
    pub steps: BTreeMap<u32, Step>,
    /// `None`: it is not over.
    pub ended: Option<End>,
    pub revision: i64,
}

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When it was done and by whom; `None`: it is not.
    pub done: Option<Mark>,
    #[serde(default)]
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub at: DateTime<Utc>,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: DateTime<Utc>,
    pub by: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub at: DateTime<Utc>,
    pub by: String,
    pub outcome: Outcome,
    pub note: String,
}

/// Whether it helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Worked,
    Partly,
    DidNot,
}

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Worked, Self::Partly, Self::DidNot];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Worked => "worked",
            Self::Partly => "partly",
            Self::DidNot => "did-not",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What somebody writes into a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Entry {
    /// A step is done, or is not after all; with a note, or without (empty).
    Step { number: u32, done: bool, note: String },
    /// It is over.
    End { outcome: Outcome, note: String },
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the run is over since {}; start another one", .at.format("%Y-%m-%d %H:%M UTC"))]
    Over { at: DateTime<Utc> },
    #[error("the runbook of this run has no step {number}; it has {count}")]
    NoStep { number: u32, count: u32 },
    #[error("a note has at most {NOTE_MAX_CHARS} characters; write a shorter one")]
    NoteTooLong,
    #[error("a step has at most {NOTES_MAX} notes; write it to another step")]
    TooManyNotes,
}

impl Run {
    /// The run with one more entry.
    pub fn with(&self, entry: &Entry, by: &str, at: DateTime<Utc>) -> Result<Self, Refusal> {
        if let Some(end) = &self.ended {
            return Err(Refusal::Over { at: end.at });
        }
        let note = match entry {
            Entry::Step { note, .. } | Entry::End { note, .. } => note.trim(),
        };
        if note.chars().count() > NOTE_MAX_CHARS {
            return Err(Refusal::NoteTooLong);
        }
        let mut run = self.clone();
        run.revision += 1;
        match entry {
            Entry::Step { number, done, .. } => {
                if !(1..=self.step_count).contains(number) {
                    let count = self.step_count;
                    return Err(Refusal::NoStep { number: *number, count });
                }
                let step = run.steps.entry(*number).or_default();
                // Who did it first did it.
                let mark = step.done.take().unwrap_or_else(|| Mark { at, by: by.to_owned() });
                step.done = done.then_some(mark);
                if !note.is_empty() {
                    if step.notes.len() >= NOTES_MAX {
                        return Err(Refusal::TooManyNotes);
                    }
                    step.notes.push(Note { at, by: by.to_owned(), text: note.to_owned() });
                }
            }
            Entry::End { outcome, .. } => {
                let (by, note) = (by.to_owned(), note.to_owned());
                run.ended = Some(End { at, by, outcome: *outcome, note });
            }
        }
        Ok(run)
    }

    /// How many steps are done.
    pub fn done(&self) -> u32 {
        let done = self.steps.values().filter(|step| step.done.is_some());
        u32::try_from(done.count()).unwrap_or(u32::MAX)
    }
}
