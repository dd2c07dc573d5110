//! A witness of the audit log: remembers the newest checkpoint and demands a proof that the next
//! one continues it. A server that rewrote its past cannot give one, and what it signed before is
//! here, in every data centre.
//!
//! Invariant: a conflict is found once, kept with its evidence, and told on every link until a
//! person removes `witness-conflict-*.txt`, and with it `witness.txt` if the log that is offered
//! is to be witnessed from now on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Conflict;
use mainstay_core::audit::merkle::{Hash, ProofError, verify_consistency};
use mainstay_core::audit::note::{self, Note, NoteError};
use mainstay_wire as wire;

use crate::durable::{self, Lasting};

/// Beginning of the names of evidence; what follows is the conflict in numbers.
const EVIDENCE: &str = "witness-conflict-";

/// The newest checkpoint this data centre witnessed.
#[derive(Debug)]
pub struct Witness {
    data_dir: PathBuf,
    newest: Option<(String, note::Checkpoint)>,
    /// The conflict whose evidence lies in the data directory.
    conflict: Option<Conflict>,
}

#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the checkpoint is malformed")]
    Note(#[from] NoteError),
    #[error("the proof starts at {offered} entries, {witnessed} were witnessed")]
    OtherStart { offered: u64, witnessed: u64 },
    #[error("the log is called {offered}, the one witnessed {witnessed}")]
    OtherLog { offered: String, witnessed: String, size: u64 },
    #[error("the log of {offered} entries does not continue the one that was witnessed")]
    Inconsistent { offered: u64, source: ProofError },
    #[error("`{0}` is no name of evidence")]
    Name(String),
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
        let conflict = evidence(data_dir)?;
        Ok(Self { data_dir: data_dir.to_owned(), newest, conflict })
    }

    /// Entries in the log at the newest checkpoint.
    pub fn size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |(_, newest)| newest.size)
    }

    /// What was found and not resolved yet.
    pub fn conflict(&self) -> Option<&Conflict> {
        self.conflict.as_ref()
    }

    /// Takes a checkpoint over if it continues the one before. If it does not, keeps both as
    /// evidence, unless there is some already, and returns the conflict.
    pub fn take(&mut self, offered: &wire::Checkpoint) -> Option<Conflict> {
        let error = self.check(offered).err()?;
        let offers = match &error {
            WitnessError::Inconsistent { offered, .. } => Some(*offered),
            // Begun anew under another name, it is rewritten as well.
            WitnessError::OtherLog { size, .. } => Some(*size),
            WitnessError::Note(_)
            | WitnessError::OtherStart { .. }
            | WitnessError::Name(_)
            | WitnessError::Io(_) => None,
        };
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, offers, "a checkpoint of the audit log is not accepted");
        if self.conflict.is_some() {
            return None;
        }
        let at = Utc::now().trunc_subsecs(0);
        let conflict = Conflict { at, witnessed: self.size(), offered: offers? };
        if let Err(error) = self.keep_evidence(&conflict, offered) {
            tracing::error!(%error, note = offered.note, "the evidence cannot be stored");
        }
        self.conflict = Some(conflict.clone());
        Some(conflict)
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
                    size: next.size,
                });
            }
            let proof: Vec<_> = offered.consistency.iter().copied().map(Hash).collect();
            let (old, new) = ((newest.size, newest.root), (next.size, next.root));
            verify_consistency(old, new, &proof)
                .map_err(|source| WitnessError::Inconsistent { offered: next.size, source })?;
        }
        let text = offered.note.as_bytes();
        durable::replace(&path(&self.data_dir), text, Lasting::Power)?;
        self.newest = Some((offered.note.clone(), next));
        Ok(())
    }

    fn keep_evidence(&self, conflict: &Conflict, offered: &wire::Checkpoint) -> io::Result<()> {
        let witnessed = self.newest.as_ref().map_or("", |(text, _)| text);
        let content = format!("{witnessed}\n{}", offered.note);
        let Conflict { at, witnessed, offered } = conflict;
        let name = format!("{EVIDENCE}{}-{witnessed}-{offered}.txt", at.timestamp());
        durable::replace(&self.data_dir.join(name), content.as_bytes(), Lasting::Power)
    }
}

/// The oldest conflict that was found here: its file's name says when and over how many entries.
fn evidence(data_dir: &Path) -> Result<Option<Conflict>, WitnessError> {
    let mut found: Option<Conflict> = None;
    for file in fs::read_dir(data_dir)? {
        let name = file?.file_name();
        let name = name.to_string_lossy();
        let Some(numbers) = name.strip_prefix(EVIDENCE).and_then(|rest| rest.strip_suffix(".txt"))
        else {
            continue;
        };
        let conflict = named(numbers).ok_or_else(|| WitnessError::Name(name.to_string()))?;
        if found.as_ref().is_none_or(|older| conflict.at < older.at) {
            found = Some(conflict);
        }
    }
    Ok(found)
}

fn named(numbers: &str) -> Option<Conflict> {
    let mut numbers = numbers.splitn(3, '-').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (seconds, witnessed, offered) = (next()?, next()?, next()?);
    let at = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(Conflict { at, witnessed, offered })
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
        assert_eq!(witness.take(&checkpoint("a", 1, 0, &[])), None);
        assert_eq!(witness.size(), 1);
        // From one leaf to two: the proof is the second leaf.
        assert_eq!(witness.take(&checkpoint("a", 2, 1, &[leaf_hash(b"a1")])), None);
        assert_eq!(Witness::open(folder.path()).unwrap().size(), 2);

        // A proof from elsewhere is no evidence; another tree is, and it is told once.
        assert_eq!(witness.take(&checkpoint("a", 3, 1, &[])), None);
        assert_eq!(witness.conflict(), None);
        let found = witness.take(&checkpoint("b", 4, 2, &[])).unwrap();
        assert_eq!((found.witnessed, found.offered), (2, 4));
        assert_eq!(witness.take(&checkpoint("a", 1, 2, &[])), None);
        assert_eq!(witness.size(), 2);

        let again = Witness::open(folder.path()).unwrap();
        assert_eq!(again.conflict(), Some(&found), "it lasts");
        let names = fs::read_dir(folder.path()).unwrap();
        let names = names.map(|file| file.unwrap().path());
        let files: Vec<_> =
            names.filter(|file| file.to_string_lossy().contains(EVIDENCE)).collect();
        let [evidence] = files.as_slice() else { panic!("{files:?}") };
        let text = fs::read_to_string(evidence).unwrap();
        assert!(text.contains(&checkpoint("b", 4, 2, &[]).note), "{text}");

        fs::remove_file(evidence).unwrap();
        assert_eq!(Witness::open(folder.path()).unwrap().conflict(), None, "it is resolved");
    }
}
