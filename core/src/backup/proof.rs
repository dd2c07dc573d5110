//! What test restores showed (R24).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Label;
use crate::id::DatacenterId;

/// One test restore that came to an end. One that could not be made, for reasons that are not the
/// copy's, is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub datacenter: DatacenterId,
    pub label: Label,
    pub at: DateTime<Utc>,
    pub outcome: Outcome,
}

/// Whether the restored copy started and held what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Passed,
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        })
    }
}

/// The last test restore of each copy; of two at one instant the failed one.
pub(super) struct Latest<'a>(BTreeMap<(&'a DatacenterId, &'a Label), &'a Proof>);

impl<'a> Latest<'a> {
    pub fn of(proofs: &'a [Proof]) -> Self {
        let mut latest: BTreeMap<_, &Proof> = BTreeMap::new();
        for proof in proofs {
            let last = latest.entry((&proof.datacenter, &proof.label)).or_insert(proof);
            if (last.at, last.outcome) < (proof.at, proof.outcome) {
                *last = proof;
            }
        }
        Self(latest)
    }

    pub fn get(&self, datacenter: &DatacenterId, label: &Label) -> Option<&'a Proof> {
        self.0.get(&(datacenter, label)).copied()
    }

    pub fn outcome(&self, datacenter: &DatacenterId, label: &Label) -> Option<Outcome> {
        self.get(datacenter, label).map(|proof| proof.outcome)
    }

    pub fn all(&self) -> impl Iterator<Item = &'a Proof> {
        self.0.values().copied()
    }
}
