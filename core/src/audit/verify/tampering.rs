//! What somebody did to a log, and how that is said.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What was done to the log. Positions are those the log had when it was signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Tampering {
    /// The entry does not say what it said.
    Edited { seq: Option<u64>, id: i64, parts: BTreeSet<Part> },
    /// The entry that stood here is gone.
    Deleted { seq: u64 },
    /// An entry stands here that was never signed.
    Inserted { seq: u64, id: i64 },
    /// The entry now at `seq` was signed at `belongs`.
    Reordered { seq: u64, id: i64, belongs: u64 },
    /// Every entry from `first` to `last` is gone from the end.
    Truncated { first: u64, last: u64 },
    /// Something between these positions changed; the tree's own copy changed too, so no more
    /// can be said.
    ChangedBetween { first: u64, last: u64 },
    /// The tree's own leaf hashes from `first` on are not those that were signed.
    Tree { first: u64 },
    /// A checkpoint was not signed by the key, or does not read.
    Forged { place: u64, why: String },
    /// Two signed checkpoints contradict each other: the key signed two histories.
    Contradiction { size: u64 },
    /// The export was changed as a file.
    Damaged { how: String },
    /// There are placed entries and no checkpoint whose signature holds.
    Unsigned { entries: u64 },
}

/// What of an entry was edited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The text is not the one that was signed.
    Text,
    /// The leaf hash beside the text does not belong to it.
    Leaf,
    /// The text is not an event.
    Form,
    /// A column does not say what the text says.
    Column(String),
    /// Its proof does not lead from its text to the root that was signed.
    Proof,
}

impl Tampering {
    /// The position of the first entry that it concerns, if it concerns one.
    pub const fn entry(&self) -> Option<u64> {
        match self.position() {
            u64::MAX => None,
            seq => Some(seq),
        }
    }

    /// The id of the entry that is there and not what it was.
    pub const fn id(&self) -> Option<i64> {
        match self {
            Self::Edited { id, .. } | Self::Inserted { id, .. } | Self::Reordered { id, .. } => {
                Some(*id)
            }
            Self::Deleted { .. }
            | Self::Truncated { .. }
            | Self::ChangedBetween { .. }
            | Self::Tree { .. }
            | Self::Forged { .. }
            | Self::Contradiction { .. }
            | Self::Damaged { .. }
            | Self::Unsigned { .. } => None,
        }
    }

    /// Where in the log it is; what concerns no entry comes last.
    pub(super) const fn position(&self) -> u64 {
        match self {
            Self::Edited { seq: Some(seq), .. }
            | Self::Deleted { seq }
            | Self::Inserted { seq, .. }
            | Self::Reordered { seq, .. } => *seq,
            Self::Truncated { first, .. }
            | Self::ChangedBetween { first, .. }
            | Self::Tree { first } => *first,
            Self::Edited { seq: None, .. }
            | Self::Forged { .. }
            | Self::Contradiction { .. }
            | Self::Damaged { .. }
            | Self::Unsigned { .. } => u64::MAX,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("its text is not the one that was signed"),
            Self::Leaf => f.write_str("its hash does not belong to its text"),
            Self::Form => f.write_str("its text is not an event"),
            Self::Column(name) => write!(f, "its column {name} does not say what its text says"),
            Self::Proof => f.write_str("its proof does not lead from its text to the signed root"),
        }
    }
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { seq, id, parts } => {
                match seq {
                    Some(seq) => write!(f, "entry {seq} (id {id}) was edited: ")?,
                    None => write!(f, "the entry with id {id} was edited: ")?,
                }
                for (at, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if at > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
            Self::Deleted { seq } => write!(f, "entry {seq} was deleted"),
            Self::Inserted { seq, id } => {
                write!(f, "entry {seq} (id {id}) was inserted: it was never signed there")
            }
            Self::Reordered { seq, id, belongs } => {
                write!(f, "entry {seq} (id {id}) was moved: it was signed as entry {belongs}")
            }
            Self::Truncated { first, last } if first == last => {
                write!(f, "the last entry, {first}, was cut off")
            }
            Self::Truncated { first, last } => {
                write!(f, "the last entries, {first} to {last}, were cut off")
            }
            Self::ChangedBetween { first, last } => write!(
                f,
                "an entry from {first} to {last} was changed, and the tree's own copy with it"
            ),
            Self::Tree { first } => {
                write!(f, "the tree's own copy was changed from entry {first} on")
            }
            Self::Forged { place, why } => write!(f, "checkpoint {place} is forged: {why}"),
            Self::Contradiction { size } => {
                write!(f, "two signed checkpoints of {size} entries contradict each other")
            }
            Self::Damaged { how } => write!(f, "the export was changed: {how}"),
            Self::Unsigned { entries } => {
                write!(f, "{entries} entries have a position and no checkpoint is signed")
            }
        }
    }
}
