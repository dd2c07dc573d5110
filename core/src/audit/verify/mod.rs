//! Finding out whether the audit log was tampered with, and naming the entry.
//!
//! What is compared: each entry's text with its leaf hash and its columns; the texts with the
//! leaf hashes that the tree keeps apart; both with the roots that were signed. A root alone only
//! tells that something before it changed; the tree's own leaves, once a signed root confirms
//! them, tell which entry and how: edited, deleted, inserted, moved, or cut off at the end.
//!
//! What it cannot find: a log cut back to an earlier state *together with* its later checkpoints.
//! That needs a witness: a checkpoint kept elsewhere, which is passed in like the others.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::audit::merkle::{Frontier, Hash, leaf_hash};
use crate::audit::note::{Checkpoint, Note, NoteError, VerifierKey};
use crate::audit::record::{Columns, Record};

/// Most findings that are listed; more are only counted.
pub const TAMPERINGS_MAX: usize = 1_000;

/// The verdict on a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The position of the first entry; above 0 where only a part of the log is there.
    #[serde(default)]
    pub first: u64,
    /// Entries with a position.
    pub entries: u64,
    /// Entries not placed yet; nothing protects their order and number so far.
    pub unplaced: u64,
    /// Checkpoints, forged ones included.
    pub checkpoints: u64,
    /// Of these, signed ones that speak of more or less than the part that is there.
    #[serde(default)]
    pub outside: u64,
    /// The newest checkpoint whose signature holds; `None`: there is none.
    pub signed: Option<Signed>,
    /// What was found, by position; at most [`TAMPERINGS_MAX`].
    pub tamperings: Vec<Tampering>,
    /// Findings beyond those listed.
    pub more: u64,
}

impl Verification {
    /// Whether nothing was found.
    pub fn is_intact(&self) -> bool {
        self.tamperings.is_empty()
    }
}

/// A checkpoint as a person writes it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// Collects a log and gives the verdict. Entries, tree and checkpoints may come in any order.
#[derive(Debug)]
pub struct Verifier {
    key: Option<VerifierKey>,
    /// What comes before; empty where all of the log is there.
    base: Frontier,
    /// Where the part ends; `None`: with the log.
    end: Option<u64>,
    outside: u64,
    /// By position: the hash of the text as it is, and the id.
    entries: BTreeMap<u64, (Hash, i64)>,
    unplaced: u64,
    tree: Vec<Hash>,
    /// Position from which the tree's leaves did not follow one another.
    tree_broken: bool,
    /// Roots that were signed, by size.
    signed: BTreeMap<u64, Checkpoint>,
    checkpoints: u64,
    edited: BTreeMap<i64, (Option<u64>, BTreeSet<Part>)>,
    found: BTreeSet<Tampering>,
}

/// What of an entry contradicts its text, whose hash this is.
fn differing(record: &Record, hash: Hash) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    if hash != record.leaf {
        parts.insert(Part::Leaf);
    }
    match record.entry() {
        Ok(entry) => {
            let columns = Columns::of(&entry.event).differing(&record.columns);
            parts.extend(columns.into_iter().map(|name| Part::Column(name.to_owned())));
        }
        Err(_) => {
            parts.insert(Part::Form);
        }
    }
    parts
}

impl Verifier {
    /// `None`: there is no key, so every checkpoint counts as forged.
    pub fn new(key: Option<VerifierKey>) -> Self {
        Self::between(key, Frontier::default(), None)
    }

    /// Of a part of the log, from where `base` ends up to the checkpoint of `end` entries. That
    /// nothing before it changed follows from that checkpoint's root as well.
    pub fn part(key: Option<VerifierKey>, base: Frontier, end: u64) -> Self {
        Self::between(key, base, Some(end))
    }

    fn between(key: Option<VerifierKey>, base: Frontier, end: Option<u64>) -> Self {
        Self {
            key,
            base,
            end,
            outside: 0,
            entries: BTreeMap::new(),
            unplaced: 0,
            tree: Vec::new(),
            tree_broken: false,
            signed: BTreeMap::new(),
            checkpoints: 0,
            edited: BTreeMap::new(),
            found: BTreeSet::new(),
        }
    }

    /// Takes an entry as it is stored.
    pub fn entry(&mut self, record: &Record) {
        let hash = leaf_hash(record.body.as_bytes());
        let parts = differing(record, hash);
        if !parts.is_empty() {
            self.edited.insert(record.id, (record.seq, parts));
        }
        let Some(seq) = record.seq else {
            self.unplaced += 1;
            return;
        };
        match self.entries.entry(seq) {
            Slot::Occupied(_) => {
                self.found.insert(Tampering::Inserted { seq, id: record.id });
            }
            Slot::Vacant(slot) => {
                slot.insert((hash, record.id));
            }
        }
    }

    /// Takes leaf hashes that the tree keeps, from position `first` on.
    pub fn tree(&mut self, first: u64, leaves: &[Hash]) {
        if self.tree_broken || first != self.tree_end() {
            self.tree_broken = true;
            return;
        }
        self.tree.extend_from_slice(leaves);
    }

    /// The position after the last leaf that the tree gave.
    fn tree_end(&self) -> u64 {
        self.base.size() + self.tree.len() as u64
    }

    /// Takes a checkpoint of the log, or one that was kept elsewhere.
    pub fn checkpoint(&mut self, note: &str) {
        self.checkpoints += 1;
        let place = self.checkpoints;
        match self.open(note) {
            Ok(checkpoint)
                if checkpoint.size < self.base.size()
                    || self.end.is_some_and(|end| checkpoint.size > end) =>
            {
                self.outside += 1;
            }
            Ok(checkpoint) => {
                let size = checkpoint.size;
                let root = checkpoint.root;
                let first = self.signed.entry(size).or_insert(checkpoint);
                if first.root != root {
                    self.found.insert(Tampering::Contradiction { size });
                }
            }
            Err(error) => {
                self.found.insert(Tampering::Forged { place, why: error.to_string() });
            }
        }
    }

    /// Notes that the file which the log is read from is not as it was written.
    pub fn damaged(&mut self, how: &str) {
        self.found.insert(Tampering::Damaged { how: how.to_owned() });
    }

    fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let note = Note::parse(note)?;
        let key = self.key.as_ref().ok_or_else(|| NoteError::Unsigned("any known key".into()))?;
        note.verify(key)
    }

    pub fn finish(mut self) -> Verification {
        let last = self.signed.values().next_back().cloned();
        match &last {
            Some(last) => self.judge(last.size),
            None if self.entries.is_empty() => {}
            None => {
                let entries = self.entries.len() as u64;
                self.found.insert(Tampering::Unsigned { entries });
            }
        }
        if let Some(end) = self.end.filter(|end| last.as_ref().is_none_or(|last| last.size < *end))
        {
            self.damaged(&format!("its checkpoint of {end} entries is missing"));
        }
        let edited = std::mem::take(&mut self.edited);
        self.found.extend(edited.into_iter().map(|(id, (seq, parts))| Tampering::Edited {
            seq,
            id,
            parts,
        }));
        let mut tamperings: Vec<_> = self.found.into_iter().collect();
        tamperings.sort_by_key(Tampering::position);
        let more = tamperings.len().saturating_sub(TAMPERINGS_MAX) as u64;
        tamperings.truncate(TAMPERINGS_MAX);
        Verification {
            first: self.base.size(),
            entries: self.entries.len() as u64,
            unplaced: self.unplaced,
            checkpoints: self.checkpoints,
            outside: self.outside,
            signed: last.map(|c| Signed { origin: c.origin, size: c.size, root: c.root }),
            tamperings,
            more,
        }
    }

    /// Compares the entries with what was signed up to `size`.
    fn judge(&mut self, size: u64) {
        let base = self.base.size();
        let inside = || self.entries.range(base..);
        let contiguous = inside().zip(base..).take_while(|((seq, _), n)| *seq == n).count();
        let texts = inside().take(contiguous).map(|(_, (hash, _))| *hash);
        let intact = self.confirmed(texts);
        let confirmed = self.confirmed(self.tree.iter().copied());
        let before = self.entries.range(..base);
        let before = before.map(|(seq, (_, id))| Tampering::Inserted { seq: *seq, id: *id });
        self.found.extend(before);
        if confirmed < size || self.tree_end() > size || self.tree_broken {
            self.found.insert(Tampering::Tree { first: confirmed });
        }
        if intact == size {
            let beyond = self.entries.range(size..);
            let beyond = beyond.map(|(seq, (_, id))| Tampering::Inserted { seq: *seq, id: *id });
            self.found.extend(beyond);
            return;
        }
        self.compare(confirmed, size);
        self.windows(intact.max(confirmed), size, base + contiguous as u64);
    }

    /// The largest signed size whose root is that of `leaves`.
    fn confirmed(&self, leaves: impl Iterator<Item = Hash>) -> u64 {
        let mut frontier = self.base.clone();
        let mut confirmed = frontier.size();
        let mut leaves = leaves.fuse();
        for (size, checkpoint) in &self.signed {
            while frontier.size() < *size
                && let Some(leaf) = leaves.next()
            {
                frontier.push(leaf, |_, _| {});
            }
            if frontier.size() == *size && frontier.root() == checkpoint.root {
                confirmed = *size;
            }
        }
        confirmed
    }

    /// Names what differs from the leaves that a signature confirms, `tree[..confirmed]`.
    fn compare(&mut self, confirmed: u64, size: u64) {
        let base = self.base.size();
        let tree = &self.tree[..usize::try_from(confirmed - base).expect("a Vec has fewer")];
        let same = |seq: u64, hash: &Hash| tree.get((seq - base) as usize) == Some(hash);
        // Where signed leaves are missing, and which entries are not where they were signed.
        let mut homes: HashMap<Hash, Vec<u64>> = HashMap::new();
        for (seq, leaf) in tree.iter().enumerate().rev() {
            let seq = base + seq as u64;
            if self.entries.get(&seq).is_none_or(|(hash, _)| hash != leaf) {
                homes.entry(*leaf).or_default().push(seq);
            }
        }
        let (mut moved, mut unknown) = (Vec::new(), Vec::new());
        for (seq, (hash, id)) in self.entries.range(base..) {
            if same(*seq, hash) {
                continue;
            }
            match homes.get_mut(hash).and_then(Vec::pop) {
                Some(home) => moved.push((*seq, *id, home)),
                None if *seq < confirmed || *seq >= size => unknown.push((*seq, *id)),
                None => {}
            }
        }
        let mut missing: BTreeSet<u64> = homes.into_values().flatten().collect();
        for (seq, id) in unknown {
            if missing.remove(&seq) {
                let edit = self.edited.entry(id).or_insert((Some(seq), BTreeSet::new()));
                edit.1.insert(Part::Text);
            } else {
                self.found.insert(Tampering::Inserted { seq, id });
            }
        }
        self.report_moved(&moved);
        self.report_missing(&missing, size, confirmed);
    }

    /// Entries that only slid because others went or came keep their order and are not reported.
    fn report_moved(&mut self, moved: &[(u64, i64, u64)]) {
        let mut homes: Vec<_> = moved.iter().map(|(_, _, home)| *home).collect();
        homes.sort_unstable();
        for (&(seq, id, belongs), in_order) in moved.iter().zip(homes) {
            if belongs != in_order {
                self.found.insert(Tampering::Reordered { seq, id, belongs });
            }
        }
    }

    fn report_missing(&mut self, missing: &BTreeSet<u64>, size: u64, confirmed: u64) {
        // What is missing without a gap up to the end was cut off.
        let mut cut = size;
        if confirmed == size {
            while cut > self.base.size() && missing.contains(&(cut - 1)) {
                cut -= 1;
            }
        }
        if cut < size {
            self.found.insert(Tampering::Truncated { first: cut, last: size - 1 });
        }
        let deleted = missing.range(..cut).map(|seq| Tampering::Deleted { seq: *seq });
        self.found.extend(deleted);
    }

    /// Beyond what the tree confirms only positions and signed roots speak: what is missing at
    /// the end was cut off, what is missing before was deleted, and if all are there and the root
    /// differs, one of them changed. `contiguous`: up to where none is missing.
    fn windows(&mut self, known: u64, size: u64, contiguous: u64) {
        if known >= size {
            return;
        }
        let present: BTreeSet<u64> = self.entries.range(known..size).map(|(seq, _)| *seq).collect();
        let cut = present.last().map_or(known, |last| last + 1);
        if cut < size {
            self.found.insert(Tampering::Truncated { first: cut, last: size - 1 });
        }
        let gaps = (known..cut).filter(|seq| !present.contains(seq));
        self.found.extend(gaps.map(|seq| Tampering::Deleted { seq }));
        // The first signed root beyond what is known is the first that does not hold.
        let next = self.signed.range(known + 1..).next().map(|(size, _)| *size);
        if let Some(next) = next.filter(|next| *next <= contiguous) {
            self.found.insert(Tampering::ChangedBetween { first: known, last: next - 1 });
        }
    }
}

mod selection;
mod tampering;

pub use selection::Selection;
pub use tampering::{Part, Tampering};

#[cfg(test)]
mod tests;
