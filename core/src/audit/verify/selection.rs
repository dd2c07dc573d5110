//! Single entries of the log, each with the proof that a signed checkpoint contains it.
//!
//! What is not there cannot be told from the proofs: lines are numbered, so that one that was taken
//! out is noticed unless all others are numbered anew. That every entry of a time is there, only a
//! part of the log proves ([`super::Verifier::part`]).

use super::{Part, Signed, TAMPERINGS_MAX, Tampering, Verification, differing};
use crate::audit::merkle::{Hash, leaf_hash, verify_inclusion};
use crate::audit::note::{Checkpoint, Note, NoteError, VerifierKey};
use crate::audit::record::Record;

/// Checks entries one by one against the checkpoint that came first.
#[derive(Debug)]
pub struct Selection {
    key: Option<VerifierKey>,
    checkpoint: Option<Checkpoint>,
    checkpoints: u64,
    outside: u64,
    entries: u64,
    waiting: u64,
    found: Vec<Tampering>,
    more: u64,
}

impl Selection {
    /// `None`: there is no key, so every checkpoint counts as forged.
    pub const fn new(key: Option<VerifierKey>) -> Self {
        Self {
            key,
            checkpoint: None,
            checkpoints: 0,
            outside: 0,
            entries: 0,
            waiting: 0,
            found: Vec::new(),
            more: 0,
        }
    }

    /// Takes the checkpoint that proofs lead to, or one that was kept elsewhere: it can only be
    /// compared where it is of the same number of entries.
    pub fn checkpoint(&mut self, note: &str) {
        self.checkpoints += 1;
        match (self.open(note), &self.checkpoint) {
            (Ok(checkpoint), None) => self.checkpoint = Some(checkpoint),
            (Ok(other), Some(first)) if other.size == first.size => {
                if other.root != first.root {
                    self.tell(Tampering::Contradiction { size: other.size });
                }
            }
            (Ok(_), Some(_)) => self.outside += 1,
            (Err(error), _) => {
                let place = self.checkpoints;
                self.tell(Tampering::Forged { place, why: error.to_string() });
            }
        }
    }

    fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let note = Note::parse(note)?;
        let key = self.key.as_ref().ok_or_else(|| NoteError::Unsigned("any known key".into()))?;
        note.verify(key)
    }

    /// Takes the entry number `n`, counted from 1. Without a proof it was not signed yet: then only
    /// its parts are held against each other.
    pub fn entry(&mut self, n: u64, record: &Record, proof: Option<&[Hash]>) {
        self.entries += 1;
        match n {
            _ if n == self.entries => {}
            _ if n > self.entries => {
                let gone = match n - self.entries {
                    1 => format!("its entry number {} is missing", self.entries),
                    _ => format!("its entries number {} to {} are missing", self.entries, n - 1),
                };
                self.damaged(&gone);
                self.entries = n;
            }
            _ => {
                self.damaged(&format!("its entry number {n} stands out of its place"));
                self.entries -= 1;
            }
        }
        let hash = leaf_hash(record.body.as_bytes());
        let mut parts = differing(record, hash);
        match proof {
            Some(proof) if !self.proven(hash, record, proof) => {
                parts.insert(Part::Proof);
            }
            Some(_) => {}
            None => self.waiting += 1,
        }
        if !parts.is_empty() {
            self.tell(Tampering::Edited { seq: record.seq, id: record.id, parts });
        }
    }

    fn proven(&self, hash: Hash, record: &Record, proof: &[Hash]) -> bool {
        self.checkpoint.as_ref().zip(record.seq).is_some_and(|(signed, seq)| {
            verify_inclusion(hash, seq, signed.size, proof, signed.root).is_ok()
        })
    }

    /// Notes that the file is not as it was written.
    pub fn damaged(&mut self, how: &str) {
        self.tell(Tampering::Damaged { how: how.to_owned() });
    }

    fn tell(&mut self, found: Tampering) {
        if self.found.len() < TAMPERINGS_MAX {
            self.found.push(found);
        } else {
            self.more += 1;
        }
    }

    pub fn finish(mut self) -> Verification {
        let entries = self.entries.saturating_sub(self.waiting);
        if self.checkpoint.is_none() && entries > 0 {
            self.tell(Tampering::Unsigned { entries });
        }
        Verification {
            first: 0,
            entries,
            unplaced: self.waiting,
            checkpoints: self.checkpoints,
            outside: self.outside,
            signed: self.checkpoint.map(|it| Signed {
                origin: it.origin,
                size: it.size,
                root: it.root,
            }),
            tamperings: self.found,
            more: self.more,
        }
    }
}
