//! A witness of the audit log: remembers the newest checkpoint and demands a proof that the next
//! one continues it. A server that rewrote its past cannot give one, and what it signed before is
//! here, in every data centre.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;
use mainstay_core::audit::merkle::{Hash, ProofError, verify_consistency};
use mainstay_core::audit::note::{self, Note, NoteError};
use mainstay_wire as wire;

use crate::durable::{self, Lasting};

/// The newest checkpoint this data centre witnessed.
#[derive(Debug)]
pub struct Witness {
    data_dir: PathBuf,
    newest: Option<(String, note::Checkpoint)>,
}

#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the checkpoint is malformed")]
    Note(#[from] NoteError),
    #[error("the proof starts at {offered} entries, {witnessed} were witnessed")]
    OtherStart { offered: u64, witnessed: u64 },
    #[error("the log is called {offered}, the one witnessed {witnessed}")]
    OtherLog { offered: String, witnessed: String },
    #[error("the log does not continue the one that was witnessed")]
    Inconsistent(#[from] ProofError),
    #[error("the checkpoint cannot be stored")]
    Io(#[from] io::Error),
}

impl Witness {
    /// Reads what was witnessed before. What cannot be read is an error: forgetting is what a
    /// witness must not do silently.
    pub fn open(data_dir: &Path) -> Result<Self, WitnessError> {
        let newest = match fs::read_to_string(path(data_dir)) {
            Ok(text) => {
                let checkpoint = Note::parse(&text)?.checkpoint()?;
                Some((text, checkpoint))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        let data_dir = data_dir.to_owned();
        Ok(Self { data_dir, newest })
    }

    /// Entries in the log at the newest checkpoint.
    pub fn size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |(_, newest)| newest.size)
    }

    /// Takes a checkpoint over if it continues the one before; keeps both as evidence and says so
    /// in the log if it does not.
    pub fn take(&mut self, offered: &wire::Checkpoint) {
        let Err(error) = self.check(offered) else {
            return;
        };
        let conflict = matches!(error, WitnessError::Inconsistent(_));
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, conflict, "a checkpoint of the audit log is not accepted");
        if conflict && let Err(error) = self.keep_evidence(offered) {
            tracing::error!(%error, note = offered.note, "the evidence cannot be stored");
        }
    }

    fn check(&mut self, offered: &wire::Checkpoint) -> Result<(), WitnessError> {
        let next = Note::parse(&offered.note)?.checkpoint()?;
        if let Some((_, newest)) = &self.newest {
            if offered.from_size != newest.size {
                return Err(WitnessError::OtherStart {
                    offered: offered.from_size,
                    witnessed: newest.size,
                });
            }
            if next.origin != newest.origin {
                return Err(WitnessError::OtherLog {
                    offered: next.origin,
                    witnessed: newest.origin.clone(),
                });
            }
            let proof: Vec<_> = offered.consistency.iter().copied().map(Hash).collect();
            let (old, new) = ((newest.size, newest.root), (next.size, next.root));
            verify_consistency(old, new, &proof)?;
        }
        let text = offered.note.as_bytes();
        durable::replace(&path(&self.data_dir), text, Lasting::Power)?;
        self.newest = Some((offered.note.clone(), next));
        Ok(())
    }

    fn keep_evidence(&self, offered: &wire::Checkpoint) -> io::Result<()> {
        let witnessed = self.newest.as_ref().map_or("", |(text, _)| text);
        let content = format!("{witnessed}\n{}", offered.note);
        let name = format!("witness-conflict-{}.txt", Utc::now().timestamp());
        durable::replace(&self.data_dir.join(name), content.as_bytes(), Lasting::Power)
    }
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("witness.txt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::audit::merkle::{Frontier, leaf_hash};
    use mainstay_core::audit::note::SignerKey;

    /// A checkpoint over the first `size` of the leaves `word0`, `word1`, …; provable only where
    /// the proof is empty or given.
    fn checkpoint(word: &str, size: u64, from_size: u64, proof: &[Hash]) -> wire::Checkpoint {
        let signer = SignerKey::from_seed("test/audit", &[1; 32]).unwrap();
        let mut tree = Frontier::default();
        for at in 0..size {
            tree.push(leaf_hash(format!("{word}{at}").as_bytes()), |_, _| {});
        }
        wire::Checkpoint {
            note: signer.sign(size, tree.root()),
            consistency: proof.iter().map(|hash| hash.0).collect(),
            from_size,
        }
    }

    #[test]
    fn a_witness_follows_a_log_that_grows_and_keeps_evidence_of_one_that_was_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut witness = Witness::open(folder.path()).unwrap();
        witness.take(&checkpoint("a", 1, 0, &[]));
        assert_eq!(witness.size(), 1);
        // From one leaf to two: the proof is the second leaf.
        witness.take(&checkpoint("a", 2, 1, &[leaf_hash(b"a1")]));
        assert_eq!(Witness::open(folder.path()).unwrap().size(), 2);

        for refused in
            [checkpoint("b", 2, 2, &[]), checkpoint("a", 3, 1, &[]), checkpoint("a", 1, 2, &[])]
        {
            witness.take(&refused);
            assert_eq!(witness.size(), 2);
        }
        let names = fs::read_dir(folder.path()).unwrap();
        let conflicts = names
            .filter(|n| n.as_ref().unwrap().file_name().to_string_lossy().contains("conflict"))
            .count();
        assert!(conflicts >= 1);
    }
}
