//! The audit log's sequencer, verification and export.
//!
//! Owns the key that signs checkpoints ([`Signer`]), giving entries their positions
//! ([`Sequencer`]), the proofs for witnesses ([`witness`]), and reading the whole log to verify
//! ([`verify`], piece by piece: [`piece`]) or export it ([`export`], [`Stretch`], [`Selected`]).
//!
//! Invariants: one server extends the tree at a time, under the lock of its head; each batch is
//! signed in the transaction that places it, so no position is ever unsigned; nothing is signed
//! over a head that is not the one that was signed last.

mod export;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs, io};

use chrono::Utc;
use mainstay_core::audit::check::{Check, Piece};
use mainstay_core::audit::merkle::{Frontier, Hash};
use mainstay_core::audit::note::{Note, NoteError, SignerKey, VerifierKey};
use mainstay_core::audit::verify::{Verification, Verifier};
use mainstay_store::audit::{self, Batch, Checkpoint, Snapshot};
use mainstay_store::{Result, Store, StoreError, Tx};
use rand::RngCore;
use tokio_util::sync::CancellationToken;

pub use export::{ExportError, Selected, Stretch, export, note_export};

/// How often the sequencer looks for new entries: the longest that one waits for its position.
pub const SEQUENCE_PERIOD: Duration = Duration::from_millis(500);
/// The same after a failure.
const RETRY_PERIOD: Duration = Duration::from_secs(5);
/// Most entries that are placed in one transaction.
pub const BATCH_MAX: i64 = 1_000;
/// The secret key, in the data directory.
const KEY_FILE: &str = "audit.key";
/// The public key beside it, for handing to auditors.
const VERIFIER_FILE: &str = "audit.pub";

/// Signs checkpoints.
#[derive(Clone)]
pub struct Signer {
    key: SignerKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key.verifier())
    }
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    #[error("{path} could not be read or written")]
    File { path: PathBuf, source: io::Error },
    #[error("{path} is not a key")]
    Key { path: PathBuf, source: NoteError },
    #[error("{0} may be read by others than its owner; run chmod 600 on it, or make a new key")]
    Readable(PathBuf),
}

impl Signer {
    /// Opens the key in the data directory, which all servers of one installation share, and
    /// makes it first if there is none.
    pub fn open(dir: &Path) -> Result<Self, SignerError> {
        let path = dir.join(KEY_FILE);
        let key = match read_key(&path)? {
            Some(key) => key,
            None => {
                create_key(&path)?;
                let missing = || io::Error::from(io::ErrorKind::NotFound);
                read_key(&path)?
                    .ok_or_else(|| SignerError::File { path: path.clone(), source: missing() })?
            }
        };
        let public = dir.join(VERIFIER_FILE);
        fs::write(&public, format!("{}\n", key.verifier()))
            .map_err(|source| SignerError::File { path: public, source })?;
        Ok(Self { key })
    }

    /// The public key.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }
}

fn read_key(path: &Path) -> Result<Option<SignerKey>, SignerError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| SignerError::File { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(SignerError::Readable(path.to_owned()));
    }
    let key = text.trim_end().parse();
    key.map(Some).map_err(|source| SignerError::Key { path: path.to_owned(), source })
}

/// Writes a new key whole or not at all; one that another server just made stays.
fn create_key(path: &Path) -> Result<(), SignerError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut random = [0; 36];
    rand::rng().fill_bytes(&mut random);
    let (seed, tag) = random.split_first_chunk::<32>().expect("36 bytes are more than 32");
    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = SignerKey::from_seed(&format!("mainstay/audit/{tag}"), seed)
        .map_err(|source| SignerError::Key { path: path.to_owned(), source })?;
    let write = || {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let draft = path.with_extension(format!("{tag}.new"));
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", key.to_secret_text())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    };
    write().map_err(|source| SignerError::File { path: path.to_owned(), source })
}

/// Gives entries their positions and signs the tree over them.
#[derive(Debug)]
pub struct Sequencer {
    store: Store,
    signer: Signer,
}

impl Sequencer {
    pub fn new(store: Store, signer: Signer) -> Self {
        Self { store, signer }
    }

    /// Places what is new, at least every [`SEQUENCE_PERIOD`], until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut failing = false;
        loop {
            let pause = match self.step().await {
                Ok(placed) => {
                    failing = false;
                    if placed == BATCH_MAX as usize { Duration::ZERO } else { SEQUENCE_PERIOD }
                }
                Err(error) => {
                    // Said once for a time of trouble: the database may be away for long.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "audit entries are not placed");
                    }
                    metrics::counter!("mainstay_audit_sequencer_failures_total").increment(1);
                    RETRY_PERIOD
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Places one batch; returns how many entries. 0: there is nothing new, or another server is
    /// at it.
    pub async fn step(&self) -> Result<usize> {
        let work = self.store.read_committed(|tx| Box::pin(self.batch(tx)));
        let placed = work.await?;
        metrics::counter!("mainstay_audit_entries_placed_total").increment(placed as u64);
        Ok(placed)
    }

    async fn batch(&self, tx: &mut Tx<'_>) -> Result<usize> {
        let Some(mut head) = audit::lock_head(tx).await? else { return Ok(0) };
        let entries = audit::unplaced(tx, BATCH_MAX).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        signed_last(audit::newest(tx).await?.as_ref(), &head)?;
        let first = head.size();
        let mut nodes = Vec::with_capacity(2 * entries.len());
        for (_, leaf) in &entries {
            head.push(*leaf, |node, hash| nodes.push((node, hash)));
        }
        let checkpoint = Checkpoint {
            size: head.size(),
            at: Utc::now(),
            note: self.signer.key.sign(head.size(), head.root()),
            verifier: self.signer.verifier().to_string(),
        };
        let ids: Vec<_> = entries.iter().map(|(id, _)| *id).collect();
        let batch = Batch { ids: &ids, first, nodes: &nodes, head: &head, checkpoint: &checkpoint };
        audit::place(tx, &batch).await?;
        Ok(ids.len())
    }
}

/// Refuses a head that is not what the newest checkpoint says: signing on would make a rewritten
/// log look right.
fn signed_last(checkpoint: Option<&Checkpoint>, head: &Frontier) -> Result<()> {
    let corrupt = |why: &str| Err(StoreError::corrupt("the audit log", why));
    let Some(checkpoint) = checkpoint else {
        return match head.size() {
            0 => Ok(()),
            1.. => corrupt("it has entries with a position, and its checkpoints are gone"),
        };
    };
    let signed = Note::parse(&checkpoint.note).and_then(|note| note.checkpoint());
    match signed {
        Ok(signed) if (signed.size, signed.root) == (head.size(), head.root()) => Ok(()),
        Ok(_) => corrupt("its head is not the one that was signed last; run mainstay audit verify"),
        Err(error) => Err(StoreError::corrupt("a checkpoint of the audit log", error)),
    }
}

/// What a witness is given: the newest checkpoint and the proof that it continues the one the
/// witness has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub note: String,
    pub size: u64,
    pub from_size: u64,
    pub consistency: Vec<Hash>,
}

/// The newest checkpoint for a witness that last saw one of `witnessed` entries (0: none).
/// `None`: there is nothing newer.
pub async fn witness(store: &Store, witnessed: u64) -> Result<Option<Witness>> {
    let Some(Checkpoint { size, note, .. }) = audit::latest_checkpoint(store).await? else {
        return Ok(None);
    };
    if size == witnessed {
        return Ok(None);
    }
    // A log that is shorter than what was witnessed proves nothing; the witness must see that.
    let consistency = audit::consistency(store, witnessed, size).await?.unwrap_or_default();
    Ok(Some(Witness { note, size, from_size: witnessed, consistency }))
}

/// The verdict on the log in the database.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub verification: Verification,
    /// The key that was used came from the log itself: whoever could rewrite the log could have
    /// signed it anew.
    pub used_own_key: bool,
}

/// Reads the whole log and compares everything with everything. `witnesses`: checkpoints that
/// were kept elsewhere.
///
/// Without `key`, the one that the newest checkpoint names is used.
pub async fn verify(
    store: &Store,
    key: Option<VerifierKey>,
    witnesses: &[String],
) -> Result<Verdict> {
    let mut log = Snapshot::open(store).await?;
    let used_own_key = key.is_none();
    let key = match key {
        Some(key) => Some(key),
        None => log.newest().await?.and_then(|newest| newest.verifier.parse().ok()),
    };
    let mut verifier = Verifier::new(key);
    let mut next = 0;
    while let Some(page) = page(log.placed(next).await?) {
        page.iter().for_each(|record| verifier.entry(record));
        next = page.last().and_then(|record| record.seq).map_or(0, |seq| seq + 1);
    }
    let mut after = 0;
    while let Some(page) = page(log.unplaced(after).await?) {
        page.iter().for_each(|record| verifier.entry(record));
        after = page.last().map_or(0, |record| record.id);
    }
    next = 0;
    while let Some(page) = page(log.leaves(next).await?) {
        page.iter().for_each(|(index, leaf)| verifier.tree(*index, &[*leaf]));
        next = page.last().map_or(0, |(index, _)| index + 1);
    }
    let mut above = 0;
    while let Some(page) = page(log.checkpoints(above).await?) {
        page.iter().for_each(|checkpoint| verifier.checkpoint(&checkpoint.note));
        above = page.last().map_or(0, |checkpoint| checkpoint.size);
    }
    witnesses.iter().for_each(|note| verifier.checkpoint(note));
    Ok(Verdict { verification: verifier.finish(), used_own_key })
}

/// A page that has something.
fn page<T>(page: Vec<T>) -> Option<Vec<T>> {
    (!page.is_empty()).then_some(page)
}

/// The next piece of the log to verify, and how many entries the newest checkpoint is of. `None`:
/// nothing follows what was read.
pub async fn piece(store: &Store, check: &Check) -> Result<(Option<Piece>, u64)> {
    let mut log = Snapshot::open(store).await?;
    let newest = log.newest().await?.map_or(0, |newest| newest.size);
    let (read, reach) = (check.read.size(), Check::reach(newest));
    let mut signed: Vec<Checkpoint> = Vec::new();
    let far = |signed: &[Checkpoint]| signed.last().map_or(read, |last| last.size);
    while far(&signed) < read.saturating_add(reach)
        && let Some(page) = page(log.checkpoints(far(&signed)).await?)
    {
        signed.extend(page);
    }
    let sizes: Vec<_> = signed.iter().map(|checkpoint| checkpoint.size).collect();
    let Some(end) = check.end(&sizes, reach) else { return Ok((None, newest)) };
    let notes = signed.into_iter().filter(|it| it.size <= end).map(|it| it.note);
    let mut piece = Piece { end, notes: notes.collect(), ..Piece::default() };
    let mut next = read;
    while next < end
        && let Some(page) = page(log.placed(next).await?)
    {
        next = page.last().and_then(|record| record.seq).map_or(end, |seq| seq + 1);
        piece.records.extend(page.into_iter().filter(|it| it.seq.is_some_and(|seq| seq < end)));
    }
    next = read;
    while next < end
        && let Some(page) = page(log.leaves(next).await?)
    {
        next = page.last().map_or(end, |(index, _)| index + 1);
        piece.leaves.extend(page.into_iter().filter(|(index, _)| *index < end));
    }
    Ok((Some(piece), newest))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_kept_secret_and_refused_when_others_may_read_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let first = Signer::open(&data).expect("makes a key");
        let path = data.join(KEY_FILE);
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(Signer::open(&data).expect("opens it").verifier(), first.verifier());
        let public = fs::read_to_string(data.join(VERIFIER_FILE)).expect("is there");
        assert_eq!(public.trim().parse(), Ok(first.verifier()));
        assert_eq!(fs::read_dir(&data).expect("reads").count(), 2, "no drafts are left");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(Signer::open(&data), Err(SignerError::Readable(_))));
        fs::write(&path, "nonsense").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        assert!(matches!(Signer::open(&data), Err(SignerError::Key { .. })));
    }

    #[test]
    fn nothing_is_signed_over_a_head_that_was_not_signed() {
        let key = SignerKey::from_seed("test", &[3; 32]).expect("a name");
        let mut head = Frontier::default();
        let checkpoint = |head: &Frontier| Checkpoint {
            size: head.size(),
            at: Utc::now(),
            note: key.sign(head.size(), head.root()),
            verifier: key.verifier().to_string(),
        };
        assert!(signed_last(None, &head).is_ok());
        head.push(mainstay_core::audit::merkle::leaf_hash(b"a"), |_, _| {});
        let signed = checkpoint(&head);
        assert!(signed_last(Some(&signed), &head).is_ok());
        assert!(signed_last(None, &head).is_err());
        head.push(mainstay_core::audit::merkle::leaf_hash(b"b"), |_, _| {});
        assert!(signed_last(Some(&signed), &head).is_err());
    }
}
