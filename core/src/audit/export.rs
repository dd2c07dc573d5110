//! The offline form of the audit log: JSON lines, one object each, told apart by `kind`.
//!
//! ```text
//! {"kind":"export","v":1,"verifier":"<verifier key>"}            first line
//! {"kind":"checkpoint","note":"…"}                               each checkpoint, by size
//! {"kind":"tree","first":0,"leaves":["…",…]}                     the tree's own leaf hashes
//! {"kind":"entry","id":…,"seq":0,"at":…,…,"body":"…","leaf":"…"} each entry, by position
//! {"kind":"end","entries":…,"leaves":…,"checkpoints":…}          last line
//! ```
//!
//! What is not the whole log says so in its first line, which has version 2:
//!
//! ```text
//! {"kind":"export","v":2,"verifier":…,"of":{"part":{"first":…,"end":…,"left":["…",…]}}}
//! {"kind":"export","v":2,"verifier":…,"of":{"selection":{"filter":{…}}}}
//! {"kind":"proven","n":1,"id":…,…,"leaf":"…","proof":["…",…]}    each entry of a selection
//! {"kind":"waiting","n":2,"id":…,…,"leaf":"…"}                   one that was not signed yet
//! ```
//!
//! A part is every entry from position `first` to before `end`, with the checkpoints in it, the
//! last of `end` entries; `left` is the edge of the tree before it. A selection is what a filter
//! found, newest first, each entry with the proof that the checkpoint of the file contains it.
//!
//! `body` is the exact text whose hash is the Merkle leaf. The leaf hashes of the tree stand apart
//! from the entries so that a changed entry can be named and not only noticed; they come first, so
//! that a file cut short still tells what is missing. A verifier key that
//! came in the file proves nothing by itself: take it from where you trust it.
//!
//! [`Reader`] takes lines one by one and passes what they say to a [`Verifier`].

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::merkle::{Frontier, Hash};
use super::note::{NoteError, VerifierKey};
use super::record::Record;
use super::verify::{Selection, Verification, Verifier};

/// The version of the form of a whole log.
pub const VERSION: u8 = 1;
/// The version of the form of less than that.
pub const VERSION_OF_SOME: u8 = 2;
/// Most leaf hashes on one line.
pub const LEAVES_PER_LINE: usize = 256;
/// Longest line that is read, in bytes: an entry with large values before and after.
pub const LINE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Line {
    /// The beginning; `verifier` is absent if the log has no checkpoint yet.
    Export {
        v: u8,
        verifier: Option<String>,
        /// `None`: the whole log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Extent>,
    },
    Entry(Record),
    /// The entry number `n` of a selection, from 1, with its proof.
    Proven {
        n: u64,
        #[serde(flatten)]
        record: Record,
        proof: Vec<Hash>,
    },
    /// The entry number `n` of a selection that no checkpoint covers yet.
    Waiting {
        n: u64,
        #[serde(flatten)]
        record: Record,
    },
    /// Leaf hashes of the tree from position `first` on.
    Tree {
        first: u64,
        leaves: Vec<Hash>,
    },
    /// A signed note.
    Checkpoint {
        note: String,
    },
    /// The end, with how many of each came before.
    End(Counts),
}

/// What of the log a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Every entry from position `first` to before `end`; `left`: the perfect subtrees before it.
    Part { first: u64, end: u64, left: Vec<Hash> },
    /// What a filter found.
    Selection { filter: Value },
}

/// How much a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub entries: u64,
    pub leaves: u64,
    pub checkpoints: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, leaves, checkpoints } = self;
        write!(f, "{entries} entries, {leaves} leaves and {checkpoints} checkpoints")
    }
}

impl Counts {
    /// Counts a line that is about to be written, or was read.
    pub fn add(&mut self, line: &Line) {
        match line {
            Line::Entry(_) | Line::Proven { .. } | Line::Waiting { .. } => self.entries += 1,
            Line::Tree { leaves, .. } => self.leaves += leaves.len() as u64,
            Line::Checkpoint { .. } => self.checkpoints += 1,
            Line::Export { .. } | Line::End(_) => {}
        }
    }
}

impl Line {
    /// The text of the line, its newline included.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a line has only string keys");
        text.push('\n');
        text
    }
}

/// Why a file is not an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("line {line} is not a line of an export")]
    Json { line: u64, source: serde_json::Error },
    #[error("the first line must be of kind \"export\" and version {VERSION} or {VERSION_OF_SOME}")]
    Header,
    #[error("line {line}: the key in the file is not one")]
    Key { line: u64, source: NoteError },
    #[error("line {line}: the edge of the tree has the wrong number of hashes")]
    Edge { line: u64 },
    #[error("line {line} does not belong into this kind of export")]
    Foreign { line: u64 },
    #[error("line {line}: nothing may follow the line of kind \"end\"")]
    AfterEnd { line: u64 },
}

/// Reads an export line by line into a verification.
#[derive(Debug)]
pub struct Reader {
    key: Option<VerifierKey>,
    log: Option<Log>,
    /// Whether the key came from the file itself.
    own_key: bool,
    line: u64,
    /// The line of each entry, by its id.
    lines: HashMap<i64, u64>,
    found: Counts,
    ended: bool,
}

/// What the file holds.
#[derive(Debug)]
enum Log {
    /// All, or a part.
    Stretch(Box<Verifier>),
    Selection(Box<Selection>),
}

impl Log {
    fn checkpoint(&mut self, note: &str) {
        match self {
            Self::Stretch(verifier) => verifier.checkpoint(note),
            Self::Selection(selection) => selection.checkpoint(note),
        }
    }

    fn damaged(&mut self, how: &str) {
        match self {
            Self::Stretch(verifier) => verifier.damaged(how),
            Self::Selection(selection) => selection.damaged(how),
        }
    }
}

/// The verdict on a file.
#[derive(Clone, Debug)]
pub struct Read {
    pub verification: Verification,
    /// Whether it holds single entries: what is not there cannot be told.
    pub selection: bool,
    /// The line of each entry, by its id.
    pub lines: HashMap<i64, u64>,
}

impl Reader {
    /// `key`: the verifier key from where it is trusted; without it the file's own is used.
    pub fn new(key: Option<VerifierKey>) -> Self {
        let (found, lines) = (Counts::default(), HashMap::new());
        Self { own_key: key.is_none(), key, log: None, line: 0, lines, found, ended: false }
    }

    /// Takes the next line.
    pub fn line(&mut self, text: &str) -> Result<(), ExportError> {
        self.line += 1;
        let number = self.line;
        if self.ended {
            return Err(ExportError::AfterEnd { line: number });
        }
        let line: Line = serde_json::from_str(text)
            .map_err(|source| ExportError::Json { line: number, source })?;
        self.found.add(&line);
        let Some(log) = &mut self.log else { return self.begin(line) };
        match (line, log) {
            (Line::Export { .. }, _) => return Err(ExportError::Header),
            (Line::Entry(record), Log::Stretch(verifier)) => {
                self.lines.entry(record.id).or_insert(number);
                verifier.entry(&record);
            }
            (Line::Proven { n, record, proof }, Log::Selection(selection)) => {
                self.lines.entry(record.id).or_insert(number);
                selection.entry(n, &record, Some(&proof));
            }
            (Line::Waiting { n, record }, Log::Selection(selection)) => {
                self.lines.entry(record.id).or_insert(number);
                selection.entry(n, &record, None);
            }
            (Line::Tree { first, leaves }, Log::Stretch(verifier)) => {
                verifier.tree(first, &leaves);
            }
            (Line::Entry(_) | Line::Tree { .. }, Log::Selection(_))
            | (Line::Proven { .. } | Line::Waiting { .. }, Log::Stretch(_)) => {
                return Err(ExportError::Foreign { line: number });
            }
            (Line::Checkpoint { note }, log) => log.checkpoint(&note),
            (Line::End(said), log) => {
                self.ended = true;
                if said != self.found {
                    log.damaged(&format!("its last line counts {said}, it has {}", self.found));
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, line: Line) -> Result<(), ExportError> {
        let number = self.line;
        let Line::Export { v, verifier, of } = line else { return Err(ExportError::Header) };
        let key = match self.key.take() {
            Some(key) => Some(key),
            None => verifier
                .map(|own| own.parse())
                .transpose()
                .map_err(|source| ExportError::Key { line: number, source })?,
        };
        self.log = Some(match (v, of) {
            (VERSION, None) => Log::Stretch(Box::new(Verifier::new(key))),
            (VERSION_OF_SOME, Some(Extent::Part { first, end, left })) => {
                let base = Frontier::from_parts(first, left);
                let base = base.ok_or(ExportError::Edge { line: number })?;
                Log::Stretch(Box::new(Verifier::part(key, base, end)))
            }
            (VERSION_OF_SOME, Some(Extent::Selection { .. })) => {
                Log::Selection(Box::new(Selection::new(key)))
            }
            (_, _) => return Err(ExportError::Header),
        });
        Ok(())
    }

    /// Adds a checkpoint that was kept elsewhere: the log must contain it.
    pub fn witness(&mut self, note: &str) -> Result<(), ExportError> {
        self.log.as_mut().ok_or(ExportError::Header)?.checkpoint(note);
        Ok(())
    }

    /// Whether the key came from the file itself.
    pub const fn used_own_key(&self) -> bool {
        self.own_key
    }

    /// The verdict, after the last line.
    pub fn finish(self) -> Result<Read, ExportError> {
        let mut log = self.log.ok_or(ExportError::Header)?;
        if !self.ended {
            log.damaged("its end is missing");
        }
        let lines = self.lines;
        Ok(match log {
            Log::Stretch(verifier) => {
                Read { verification: verifier.finish(), selection: false, lines }
            }
            Log::Selection(selection) => {
                Read { verification: selection.finish(), selection: true, lines }
            }
        })
    }
}
