//! What test restores showed (R24).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Label;
use super::job::{Cause, Place, ProofResult, Step, Target, Validation};
use super::work::{Done, Work, WorkReport, WorkState};
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

impl Proof {
    /// What a piece of work showed of copies: a test restore of the one it was about, a reading of
    /// a repository of those that it found damaged. `told_at`: when that was told.
    pub fn all_of(report: &WorkReport, told_at: DateTime<Utc>) -> Vec<Self> {
        match (&report.work, &report.state) {
            (Work::Prove(job), WorkState::Done { done: Done::Prove(result) }) => {
                let outcome = if result.proved() {
                    Some(Outcome::Passed)
                } else {
                    blames_copy(job.target, result).then_some(Outcome::Failed)
                };
                let (datacenter, label) = (&job.datacenter, &job.label);
                outcome.map(|it| Self::new(datacenter, label, told_at, it)).into_iter().collect()
            }
            (Work::Verify(job), WorkState::Done { done: Done::Verify { damages } }) => {
                let labels = damages.iter().filter_map(|damage| match &damage.place {
                    Place::Copy { label } => Some(label),
                    Place::Wal { .. } | Place::Repository => None,
                });
                let labels: BTreeSet<&Label> = labels.collect();
                let failed = |label| Self::new(&job.datacenter, label, told_at, Outcome::Failed);
                labels.into_iter().map(failed).collect()
            }
            (_, _) => Vec::new(),
        }
    }

    fn new(datacenter: &DatacenterId, label: &Label, at: DateTime<Utc>, outcome: Outcome) -> Self {
        Self { datacenter: datacenter.clone(), label: label.clone(), at, outcome }
    }
}

/// Whether a proof that did not hold says something of the copy, and not only of where it was made.
fn blames_copy(target: Target, result: &ProofResult) -> bool {
    let Validation { recovery, structure, checks, pages, .. } = &result.validation;
    let steps = [&result.restore, recovery, structure, pages];
    let blames = |step: &Step| match step {
        Step::Failed { failure } => match failure.cause {
            Cause::Damaged | Cause::MissingFile => true,
            // The log may end before a moment that somebody wrote; that says nothing of the copy.
            Cause::NotRecovered => !matches!(target, Target::Moment { .. }),
            Cause::RepositoryUnreachable
            | Cause::DiskFull
            | Cause::LockHeld
            | Cause::ArchiveTimeout
            | Cause::Stopped
            | Cause::DatabaseAway
            | Cause::NoFull
            | Cause::Cancelled
            | Cause::TimedOut { .. }
            | Cause::BrokenOff
            | Cause::Setup
            | Cause::Other { .. } => false,
        },
        Step::Passed | Step::NotRun { .. } => false,
    };
    steps.into_iter().any(blames) || checks.iter().any(|check| !check.passed)
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
