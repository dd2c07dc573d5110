//! Reading the log again and again to verify it, in pieces: what the leader does by the clock.
//!
//! A round goes from the first entry to the newest checkpoint. Owns how far it came, what is read
//! next, and the verdict. Invariants: nothing counts as checked that was not read in this round; a
//! round that found something does not count; what one round proved, the next one has to prove
//! again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::merkle::{Frontier, Hash};
use super::note::VerifierKey;
use super::record::Record;
use super::verify::{Tampering, Verifier};

/// Least time from the beginning of one round to that of the next.
pub const ROUND_PERIOD: TimeDelta = TimeDelta::minutes(15);
/// A round of any log takes about so many pieces.
const PIECES: u64 = 2_000;
/// Fewest and most entries of one piece; a checkpoint covers no more than the fewest at a time.
pub const PIECE_MIN: u64 = 1_000;
pub const PIECE_MAX: u64 = 10_000;

/// How far the log is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// When this round began.
    pub began: DateTime<Utc>,
    /// The tree over the texts that were read in this round.
    pub read: Frontier,
    pub done: Option<Done>,
    pub broken: Option<Broken>,
}

/// A round that came to its end and found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    pub at: DateTime<Utc>,
    /// Entries that the log had.
    pub size: u64,
    pub root: Hash,
}

/// What a round found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    pub at: DateTime<Utc>,
    /// The position of the first entry that is not what was signed, if it can be told.
    pub entry: Option<u64>,
    /// What was done to the log, as `mainstay audit verify` says it.
    pub what: String,
    /// Findings beyond it, in the same piece.
    pub more: u64,
}

/// A piece of the log as it is stored: from where the last one ended to before `end`.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    pub end: u64,
    pub records: Vec<Record>,
    /// The tree's own leaf hashes.
    pub leaves: Vec<(u64, Hash)>,
    /// The signed notes in it, the last one of `end` entries.
    pub notes: Vec<String>,
}

impl Check {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { began: now, read: Frontier::default(), done: None, broken: None }
    }

    /// Whether a piece is to be read now: a round goes on without a pause, and begins again when
    /// the last one began long enough ago.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        let first = self.done.is_none() && self.broken.is_none();
        first || self.read.size() > 0 || now - self.began >= ROUND_PERIOD
    }

    /// Most entries of the next piece of a log of so many.
    pub fn reach(size: u64) -> u64 {
        (size / PIECES).clamp(PIECE_MIN, PIECE_MAX)
    }

    /// Where the next piece ends: at the last of these checkpoints that is within reach. `sizes`:
    /// those after what was read, in order. What was proven last is where a piece ends, too.
    pub fn end(&self, sizes: &[u64], reach: u64) -> Option<u64> {
        let read = self.read.size();
        let known = self.done.map(|done| done.size).filter(|size| *size > read);
        let most = known.unwrap_or(u64::MAX).min(read.saturating_add(reach));
        let within = sizes.iter().copied().filter(|size| *size > read && *size <= most).max();
        within.or_else(|| sizes.iter().copied().find(|size| *size > read))
    }

    /// Takes the next piece of a log whose newest checkpoint is of `newest` entries.
    #[must_use]
    pub fn take(
        mut self,
        piece: &Piece,
        newest: u64,
        key: Option<VerifierKey>,
        now: DateTime<Utc>,
    ) -> Self {
        if self.read.size() == 0 {
            self.began = now;
        }
        if let Some(broken) = self.judge(piece, newest, key, now) {
            return self.found(broken);
        }
        piece.records.iter().for_each(|record| self.read.push(record.leaf, |_, _| {}));
        let (size, root) = (self.read.size(), self.read.root());
        if self.done.is_some_and(|done| done.size == size && done.root != root) {
            let what = Tampering::Contradiction { size }.to_string();
            return self.found(Broken { at: now, entry: None, what, more: 0 });
        }
        if size == newest {
            self.done = Some(Done { at: now, size, root });
            self.broken = None;
            self.read = Frontier::default();
        }
        self
    }

    /// Takes that the log has nothing after what was read, though it should.
    #[must_use]
    pub fn ended_early(self, newest: u64, now: DateTime<Utc>) -> Self {
        match self.shrunk(newest, now) {
            Some(broken) => self.found(broken),
            None => self,
        }
    }

    fn judge(
        &self,
        piece: &Piece,
        newest: u64,
        key: Option<VerifierKey>,
        now: DateTime<Utc>,
    ) -> Option<Broken> {
        if let Some(broken) = self.shrunk(newest, now) {
            return Some(broken);
        }
        let mut verifier = Verifier::part(key, self.read.clone(), piece.end);
        piece.records.iter().for_each(|record| verifier.entry(record));
        piece.leaves.iter().for_each(|(index, leaf)| verifier.tree(*index, &[*leaf]));
        piece.notes.iter().for_each(|note| verifier.checkpoint(note));
        let verdict = verifier.finish();
        let first = verdict.tamperings.first()?;
        Some(Broken {
            at: now,
            entry: first.entry(),
            what: first.to_string(),
            more: verdict.tamperings.len() as u64 - 1 + verdict.more,
        })
    }

    /// A log that is shorter than it was, whatever else it says.
    fn shrunk(&self, newest: u64, now: DateTime<Utc>) -> Option<Broken> {
        let done = self.done.filter(|done| done.size > newest)?;
        let what = Tampering::Truncated { first: newest, last: done.size - 1 }.to_string();
        Some(Broken { at: now, entry: Some(newest), what, more: 0 })
    }

    /// The round ends here; what a round before found first stays the time when it was found.
    fn found(mut self, broken: Broken) -> Self {
        let at = match &self.broken {
            Some(known) if known.what == broken.what => known.at,
            Some(_) | None => broken.at,
        };
        self.broken = Some(Broken { at, ..broken });
        self.read = Frontier::default();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::note::SignerKey;
    use crate::audit::record::Draft;
    use crate::audit::{Action, Actor, Event};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    fn signer() -> SignerKey {
        SignerKey::from_seed("test", &[1; 32]).expect("a name")
    }

    /// Entries, and checkpoints after each third.
    #[derive(Clone)]
    struct Log {
        records: Vec<Record>,
        leaves: Vec<(u64, Hash)>,
        notes: Vec<(u64, String)>,
    }

    impl Log {
        fn new(count: u64) -> Self {
            let (mut records, mut leaves, mut notes) = (Vec::new(), Vec::new(), Vec::new());
            let mut tree = Frontier::default();
            for seq in 0..count {
                let actor = Actor::User("ann".into());
                let event = Event::new(at(1), actor, Action::Deploy, format!("/services/s-{seq}"));
                let Draft { columns, body, leaf } = Draft::new(&event);
                let id = i64::try_from(seq).expect("small") + 1;
                records.push(Record { id, seq: Some(seq), columns, body, leaf });
                leaves.push((seq, leaf));
                tree.push(leaf, |_, _| {});
                if tree.size().is_multiple_of(3) || tree.size() == count {
                    notes.push((tree.size(), signer().sign(tree.size(), tree.root())));
                }
            }
            Self { records, leaves, notes }
        }

        /// One look, as the leader does it; reads as far as `reach`.
        fn look(&self, check: Check, reach: u64, now: DateTime<Utc>) -> Check {
            let newest = self.notes.last().map_or(0, |(size, _)| *size);
            let read = check.read.size();
            let sizes: Vec<_> = self.notes.iter().map(|(size, _)| *size).collect();
            let sizes: Vec<_> = sizes.into_iter().filter(|size| *size > read).collect();
            let Some(end) = check.end(&sizes, reach) else {
                return check.ended_early(newest, now);
            };
            let inside = |seq: u64| seq >= read && seq < end;
            let records = self.records.iter().filter(|it| it.seq.is_some_and(inside));
            let leaves = self.leaves.iter().filter(|(seq, _)| inside(*seq));
            let notes = self.notes.iter().filter(|(size, _)| *size > read && *size <= end);
            let piece = Piece {
                end,
                records: records.cloned().collect(),
                leaves: leaves.copied().collect(),
                notes: notes.map(|(_, note)| note.clone()).collect(),
            };
            check.take(&piece, newest, Some(signer().verifier()), now)
        }
    }

    #[test]
    fn a_round_goes_from_the_first_entry_to_the_newest_checkpoint() {
        let log = Log::new(10);
        let mut check = Check::new(at(0));
        let mut ends = Vec::new();
        for second in 1..=3 {
            assert!(check.is_due(at(second)));
            check = log.look(check, 3, at(second));
            ends.push(check.read.size());
        }
        assert_eq!(ends, [3, 6, 9]);
        assert_eq!(check.done, None);
        check = log.look(check, 3, at(4));
        let done = check.done.expect("done");
        assert_eq!((done.size, done.at, &check.broken), (10, at(4), &None));
        assert!(!check.is_due(at(5)), "it began a moment ago");
        assert!(check.is_due(at(1) + ROUND_PERIOD));
    }

    #[test]
    fn what_a_round_finds_stands_until_a_round_finds_nothing() {
        let good = Log::new(10);
        let mut bad = good.clone();
        bad.records[7].body = bad.records[7].body.replace("s-7", "s-8");
        let round = |log: &Log, mut check: Check, from: i64| {
            for second in from..from + 4 {
                check = log.look(check, 3, at(second));
            }
            check
        };
        let check = round(&good, Check::new(at(0)), 1);
        let check = round(&bad, check, 100);
        let broken = check.broken.clone().expect("found");
        assert_eq!((broken.entry, broken.at), (Some(7), at(102)));
        assert!(broken.what.starts_with("entry 7 (id 8) was edited"), "{}", broken.what);
        assert_eq!(check.done.map(|done| done.at), Some(at(4)), "what was proven was proven");
        let again = round(&bad, Check { read: Frontier::default(), ..check }, 200);
        assert_eq!(again.broken.as_ref().map(|it| it.at), Some(at(102)), "it was found then");
        let mended = round(&good, Check { read: Frontier::default(), ..again }, 300);
        assert_eq!(mended.broken, None);
    }

    #[test]
    fn a_log_that_was_cut_or_written_anew_is_found_without_its_old_checkpoints() {
        let check = |log: &Log, check: Check| {
            (0..4).fold(check, |check, second| log.look(check, 3, at(second)))
        };
        let known = check(&Log::new(10), Check::new(at(0)));
        let cut = check(&Log::new(9), known.clone());
        let broken = cut.broken.expect("found");
        assert_eq!(broken.what, "the last entry, 9, was cut off");
        let empty = Log { records: Vec::new(), leaves: Vec::new(), notes: Vec::new() };
        assert!(check(&empty, known.clone()).broken.is_some());
        // The same number of entries, signed by the same key, and others.
        let mut other = Log::new(11);
        other.records.remove(0);
        for (seq, record) in (0..).zip(&mut other.records) {
            record.seq = Some(seq);
        }
        other.leaves = other.records.iter().map(|it| (it.seq.unwrap_or(0), it.leaf)).collect();
        let mut tree = Frontier::default();
        other.notes.clear();
        for (seq, leaf) in &other.leaves {
            tree.push(*leaf, |_, _| {});
            if (seq + 1) % 3 == 0 || *seq == 9 {
                other.notes.push((tree.size(), signer().sign(tree.size(), tree.root())));
            }
        }
        let rewritten = check(&other, known).broken.expect("found");
        assert!(rewritten.what.contains("contradict"), "{}", rewritten.what);
    }

    #[test]
    fn an_empty_log_is_no_broken_one() {
        let log = Log { records: Vec::new(), leaves: Vec::new(), notes: Vec::new() };
        let check = log.look(Check::new(at(0)), 4, at(1));
        assert_eq!(check, Check::new(at(0)));
    }
}
