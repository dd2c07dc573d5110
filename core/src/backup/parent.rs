//! Which full copy a differential stands on where every copy goes on to the next data centre: it
//! needs that beside it, so it is copied along.

use super::job::Parent;
use super::proof::Proof;
use super::{Catalogue, Kind, usable};
use crate::id::DatacenterId;

/// What is to be made in a data centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// A full copy: there is none that can be used, or the one that is there is bad and lies where
    /// the good one would.
    None,
    /// The differential stands on what the repository has.
    There,
    /// The full copy is brought from elsewhere first.
    Along(Parent),
}

/// On what a differential stands that is to be made in `datacenter`: the newest full copy that can
/// be used, wherever it is.
pub(super) fn base(catalogue: &Catalogue, proofs: &[Proof], datacenter: &DatacenterId) -> Base {
    let usable = usable(catalogue, proofs);
    let full = |held: &&super::Held<'_>| held.copy.kind == Kind::Full;
    let Some(newest) = usable.iter().find(full) else { return Base::None };
    let label = &newest.copy.label;
    if usable.iter().any(|held| held.datacenter == datacenter && held.copy.label == *label) {
        return Base::There;
    }
    let held = catalogue.get(datacenter).and_then(|held| held.as_ref().ok());
    if held.into_iter().flatten().any(|copy| copy.label == *label) {
        return Base::None;
    }
    Base::Along(Parent { datacenter: newest.datacenter.clone(), label: label.clone() })
}
