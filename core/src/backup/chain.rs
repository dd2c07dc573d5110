//! The chains in a catalogue, repository by repository, and which of their copies can be used.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::{Latest, Outcome};
use super::{Catalogue, Copy, Kind, Label};
use crate::id::DatacenterId;

/// A full and its differentials in one repository. The same full may stand in several, each with
/// differentials of its own: these are several chains.
pub(super) struct Chain<'a> {
    pub datacenter: &'a DatacenterId,
    /// Label of its full, which need not be there.
    pub full: &'a Label,
    /// By the time they were complete, oldest first; never empty.
    pub copies: Vec<&'a Copy>,
}

/// Every chain of the repositories that could be read, by data centre and full.
pub(super) fn chains(catalogue: &Catalogue) -> Vec<Chain<'_>> {
    let mut found = Vec::new();
    for (datacenter, held) in catalogue {
        let Ok(copies) = held else { continue };
        let mut by_full: BTreeMap<&Label, Vec<&Copy>> = BTreeMap::new();
        for copy in copies {
            by_full.entry(copy.chain()).or_default().push(copy);
        }
        for (full, mut copies) in by_full {
            copies.sort_by_key(|copy| (copy.finished, &copy.label));
            found.push(Chain { datacenter, full, copies });
        }
    }
    found
}

/// Data centres of the turn that were not asked, and those whose repository could not be read, with
/// the reason.
pub(super) fn unread<'a>(
    catalogue: &'a Catalogue,
    turn: &'a [DatacenterId],
) -> BTreeMap<&'a DatacenterId, Option<&'a str>> {
    let silent = turn.iter().filter(|id| !catalogue.contains_key(*id)).map(|id| (id, None));
    let broken = catalogue.iter().filter_map(|(id, held)| {
        let why = held.as_ref().err()?;
        Some((id, Some(why.as_str())))
    });
    silent.chain(broken).collect()
}

impl<'a> Chain<'a> {
    /// When its youngest copy was complete.
    pub fn youngest(&self) -> Option<&'a Copy> {
        self.copies.last().copied()
    }

    /// Its full, if it is in this repository.
    pub fn full_copy(&self) -> Option<&'a Copy> {
        let mut copies = self.copies.iter().copied();
        copies.find(|copy| copy.kind == Kind::Full && copy.label == *self.full)
    }

    /// Copies that nothing speaks against: neither they nor their full had bad pages, are gone
    /// or failed their last test restore, and the full is in this repository.
    pub fn undamaged(&self, proofs: &Latest<'_>) -> Vec<&'a Copy> {
        let good = |copy: &Copy| {
            let failed = proofs.outcome(self.datacenter, &copy.label) == Some(Outcome::Failed);
            !copy.bad_pages && !copy.gone && !failed
        };
        if !self.full_copy().is_some_and(good) {
            return Vec::new();
        }
        self.copies.iter().copied().filter(|copy| good(copy)).collect()
    }
}

/// How many different copies, and in how many data centres; a full that was copied along with a
/// differential counts once.
pub(super) fn counts<'a>(
    copies: impl Iterator<Item = (&'a DatacenterId, &'a Copy)>,
) -> (usize, usize) {
    let (mut labels, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (datacenter, copy) in copies {
        labels.insert(&copy.label);
        places.insert(datacenter);
    }
    (labels.len(), places.len())
}
