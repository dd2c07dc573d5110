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
//! `body` is the exact text whose hash is the Merkle leaf. The leaf hashes of the tree stand apart
//! from the entries so that a changed entry can be named and not only noticed; they come first, so
//! that a file cut short still tells what is missing. A verifier key that
//! came in the file proves nothing by itself: take it from where you trust it.
//!
//! [`Reader`] takes lines one by one and passes what they say to a [`Verifier`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::merkle::Hash;
use super::note::{NoteError, VerifierKey};
use super::record::Record;
use super::verify::{Verification, Verifier};

/// The version of this format.
pub const VERSION: u8 = 1;
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
    },
    Entry(Record),
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
            Line::Entry(_) => self.entries += 1,
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
    #[error("the first line must be of kind \"export\" and version {VERSION}")]
    Header,
    #[error("line {line}: the key in the file is not one")]
    Key { line: u64, source: NoteError },
    #[error("line {line}: nothing may follow the line of kind \"end\"")]
    AfterEnd { line: u64 },
}

/// Reads an export line by line into a verification.
#[derive(Debug)]
pub struct Reader {
    key: Option<VerifierKey>,
    verifier: Option<Verifier>,
    /// Whether the key came from the file itself.
    own_key: bool,
    line: u64,
    found: Counts,
    ended: bool,
}

impl Reader {
    /// `key`: the verifier key from where it is trusted; without it the file's own is used.
    pub fn new(key: Option<VerifierKey>) -> Self {
        let found = Counts::default();
        Self { own_key: key.is_none(), key, verifier: None, line: 0, found, ended: false }
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
        let Some(verifier) = &mut self.verifier else {
            let Line::Export { v: VERSION, verifier } = line else {
                return Err(ExportError::Header);
            };
            return self.begin(verifier.as_deref());
        };
        match line {
            Line::Export { .. } => return Err(ExportError::Header),
            Line::Entry(record) => verifier.entry(&record),
            Line::Tree { first, leaves } => verifier.tree(first, &leaves),
            Line::Checkpoint { note } => verifier.checkpoint(&note),
            Line::End(said) => {
                self.ended = true;
                if said != self.found {
                    verifier
                        .damaged(&format!("its last line counts {said}, it has {}", self.found));
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, own: Option<&str>) -> Result<(), ExportError> {
        let line = self.line;
        let own = || own.map(str::parse::<VerifierKey>).transpose();
        let key = match self.key.take() {
            Some(key) => Some(key),
            None => own().map_err(|source| ExportError::Key { line, source })?,
        };
        self.verifier = Some(Verifier::new(key));
        Ok(())
    }

    /// Adds a checkpoint that was kept elsewhere: the log must contain it.
    pub fn witness(&mut self, note: &str) -> Result<(), ExportError> {
        self.verifier.as_mut().ok_or(ExportError::Header)?.checkpoint(note);
        Ok(())
    }

    /// Whether the key came from the file itself.
    pub const fn used_own_key(&self) -> bool {
        self.own_key
    }

    /// The verdict, after the last line.
    pub fn finish(self) -> Result<Verification, ExportError> {
        let mut verifier = self.verifier.ok_or(ExportError::Header)?;
        if !self.ended {
            verifier.damaged("its end is missing");
        }
        Ok(verifier.finish())
    }
}
