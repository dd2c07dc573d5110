//! What is left of a database's copies when data centres are lost.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::chain::chains;
use super::proof::{Latest, Proof};
use super::{Catalogue, Copy};
use crate::id::DatacenterId;

/// A copy and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    pub datacenter: &'a DatacenterId,
    pub copy: &'a Copy,
}

/// What a loss leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survivors<'a> {
    /// Copies that can be restored, as far as their listings say: with their full beside them and
    /// without bad pages. The newest first.
    pub copies: Vec<Held<'a>>,
    /// Data centres that are not lost and whose repository could not be read: they may hold more.
    pub unread: Vec<&'a DatacenterId>,
}

impl<'a> Survivors<'a> {
    pub fn newest(&self) -> Option<Held<'a>> {
        self.copies.first().copied()
    }
}

/// The copies of a database that are in none of the lost data centres. A data centre that was never
/// asked is not in the catalogue, and holds nothing as far as is known.
pub fn survives<'a>(catalogue: &'a Catalogue, lost: &BTreeSet<DatacenterId>) -> Survivors<'a> {
    let unproven = Latest::of(&[]);
    let mut copies = Vec::new();
    for chain in chains(catalogue).iter().filter(|chain| !lost.contains(chain.datacenter)) {
        let datacenter = chain.datacenter;
        let whole = chain.undamaged(&unproven).into_iter();
        copies.extend(whole.map(|copy| Held { datacenter, copy }));
    }
    copies.sort_by(|a, b| newest_first(*a, *b));
    let unread = catalogue.iter().filter(|(id, held)| held.is_err() && !lost.contains(*id));
    Survivors { copies, unread: unread.map(|(id, _)| id).collect() }
}

/// The copies that can be used now, the newest first: with their full beside them, without bad
/// pages, and not failed in their last test restore.
pub fn usable<'a>(catalogue: &'a Catalogue, proofs: &[Proof]) -> Vec<Held<'a>> {
    let latest = Latest::of(proofs);
    let mut copies = Vec::new();
    for chain in chains(catalogue) {
        let datacenter = chain.datacenter;
        let good = chain.undamaged(&latest).into_iter();
        copies.extend(good.map(|copy| Held { datacenter, copy }));
    }
    copies.sort_by(|a, b| newest_first(*a, *b));
    copies
}

fn newest_first(a: Held<'_>, b: Held<'_>) -> Ordering {
    let place = (a.datacenter, &a.copy.label).cmp(&(b.datacenter, &b.copy.label));
    b.copy.finished.cmp(&a.copy.finished).then(place)
}
