//! Retention: which chains may go, and why the others stay.
//!
//! Owns the one decision that destroys copies. A chain goes whole, and only if its youngest copy is
//! past retention, everything was read, backups are on time, and what stays is newer, undamaged,
//! enough, and has the copy that was proven last. Deciding again on what is left decides the same.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chain::{Chain, chains, counts, unread};
use super::proof::{Latest, Outcome, Proof};
use super::{Catalogue, Copy, Label, Schedule};
use crate::id::DatacenterId;

/// What becomes of one chain in one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub datacenter: DatacenterId,
    /// Label of its full.
    pub chain: Label,
    /// All of it, the youngest first: the order in which it is taken away.
    pub labels: Vec<Label>,
    /// What it takes in its repository, bytes.
    pub stored_bytes: u64,
    /// When its retention ends; copies that still come to stand on it make that later.
    pub due_at: DateTime<Utc>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    Keep {
        reason: Keep,
    },
    /// It may go: this newer copy stays.
    Expire {
        newer: Label,
        newer_in: DatacenterId,
    },
}

/// Why a chain stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum Keep {
    #[error("its retention lasts until {until}")]
    NotDue { until: DateTime<Utc> },
    #[error("the repository in {datacenter} was not asked")]
    NotAsked { datacenter: DatacenterId },
    #[error("the repository in {datacenter} could not be read: {why}")]
    NotRead { datacenter: DatacenterId, why: String },
    #[error("no copy was made since the window at {window_start} began")]
    Late { window_start: DateTime<Utc> },
    #[error("it has the copy {label}, the last one that passed a test restore, at {at}")]
    LastProven { label: Label, at: DateTime<Utc> },
    #[error("there is no newer copy without damage")]
    NoneNewer,
    #[error("without it {copies} copies in {datacenters} data centres would be left, too few")]
    TooFewLeft { copies: usize, datacenters: usize },
}

impl Decision {
    pub const fn expires(&self) -> bool {
        match self.verdict {
            Verdict::Keep { .. } => false,
            Verdict::Expire { .. } => true,
        }
    }
}

/// A line of the preview: what goes when, and why.
impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { datacenter, chain, due_at, verdict, .. } = self;
        match verdict {
            Verdict::Keep { reason: Keep::NotDue { until } } => {
                write!(f, "{chain} in {datacenter} goes at {until} at the earliest")
            }
            Verdict::Keep { reason } => {
                write!(f, "{chain} in {datacenter} was due at {due_at} and stays: {reason}")
            }
            Verdict::Expire { newer, newer_in } => write!(
                f,
                "{chain} in {datacenter} goes: due since {due_at}, and {newer} in {newer_in} is \
                 newer"
            ),
        }
    }
}

/// Decides on every chain of the repositories that could be read. The order is that in which they
/// are due, so that the answer is the preview as well.
///
/// `proofs`: every test restore known of this database.
pub fn decide(
    schedule: &Schedule,
    catalogue: &Catalogue,
    proofs: &[Proof],
    now: DateTime<Utc>,
) -> Vec<Decision> {
    let shelf = Shelf::new(schedule, catalogue, proofs, now);
    let mut order: Vec<usize> = (0..shelf.chains.len()).collect();
    // The oldest first, so that what makes one go is newer and is judged after it.
    order.sort_by_key(|at| {
        let chain = &shelf.chains[*at];
        (chain.youngest().map(|copy| copy.finished), chain.datacenter, chain.full)
    });
    let mut left = vec![true; shelf.chains.len()];
    let mut decisions = Vec::with_capacity(order.len());
    for at in order {
        let verdict = shelf.judge(at, &left);
        left[at] = matches!(verdict, Verdict::Keep { .. });
        let chain = &shelf.chains[at];
        decisions.push(Decision {
            datacenter: chain.datacenter.clone(),
            chain: chain.full.clone(),
            labels: youngest_first(chain),
            stored_bytes: chain.copies.iter().map(|copy| copy.stored_bytes).sum(),
            due_at: shelf.due_at(chain),
            verdict,
        });
    }
    decisions.sort_by(|a, b| {
        (a.due_at, &a.datacenter, &a.chain).cmp(&(b.due_at, &b.datacenter, &b.chain))
    });
    decisions
}

fn youngest_first(chain: &Chain<'_>) -> Vec<Label> {
    let is_full = |copy: &&Copy| copy.label == *chain.full;
    let differentials = chain.copies.iter().rev().copied().filter(|copy| !is_full(copy));
    // The full last, whatever the clocks say: the others stand on it.
    let full = chain.copies.iter().copied().filter(is_full);
    differentials.chain(full).map(|copy| copy.label.clone()).collect()
}

/// What a decision is taken from.
struct Shelf<'a> {
    schedule: &'a Schedule,
    now: DateTime<Utc>,
    chains: Vec<Chain<'a>>,
    /// Copies of each chain that nothing speaks against.
    undamaged: Vec<Vec<&'a Copy>>,
    /// When the retention of a full's copies ends, in whatever repositories they are.
    due: BTreeMap<&'a Label, DateTime<Utc>>,
    /// Why nothing at all goes.
    halted: Option<Keep>,
    /// The chain with the copy that was proven last, and its proof.
    proven: Option<(usize, &'a Proof)>,
}

impl<'a> Shelf<'a> {
    fn new(
        schedule: &'a Schedule,
        catalogue: &'a Catalogue,
        proofs: &'a [Proof],
        now: DateTime<Utc>,
    ) -> Self {
        let latest = Latest::of(proofs);
        let chains = chains(catalogue);
        let undamaged: Vec<_> = chains.iter().map(|chain| chain.undamaged(&latest)).collect();
        let mut due = BTreeMap::new();
        for copy in chains.iter().flat_map(|chain| &chain.copies) {
            let until = schedule.kept_until(complete(schedule, copy));
            let last = due.entry(copy.chain()).or_insert(until);
            *last = until.max(*last);
        }
        let mut proven: Option<(DateTime<Utc>, usize, &Proof)> = None;
        for (at, (chain, copies)) in chains.iter().zip(&undamaged).enumerate() {
            for copy in copies {
                let proof = latest.get(chain.datacenter, &copy.label);
                let passed = proof.filter(|proof| proof.outcome == Outcome::Passed);
                if let Some(proof) = passed
                    && proven.is_none_or(|(last, _, _)| last < copy.finished)
                {
                    proven = Some((copy.finished, at, proof));
                }
            }
        }
        let proven = proven.map(|(_, at, proof)| (at, proof));
        let halted = missing(schedule, catalogue).or_else(|| late(schedule, &undamaged, now));
        Self { schedule, now, chains, undamaged, due, halted, proven }
    }

    fn due_at(&self, chain: &Chain<'_>) -> DateTime<Utc> {
        self.due.get(chain.full).copied().unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn judge(&self, at: usize, left: &[bool]) -> Verdict {
        let chain = &self.chains[at];
        let until = self.due_at(chain);
        if self.now < until {
            return keep(Keep::NotDue { until });
        }
        if let Some(reason) = &self.halted {
            return keep(reason.clone());
        }
        if let Some((proven, proof)) = self.proven
            && proven == at
        {
            return keep(Keep::LastProven { label: proof.label.clone(), at: proof.at });
        }
        let others = || {
            let others = (0..self.chains.len()).filter(|other| *other != at && left[*other]);
            others.flat_map(|other| {
                let datacenter = self.chains[other].datacenter;
                self.undamaged[other].iter().map(move |copy| (datacenter, *copy))
            })
        };
        let newest = others().max_by_key(|(_, copy)| copy.finished);
        let ours = chain.youngest().map(|copy| copy.finished);
        let Some((newer_in, newer)) = newest.filter(|(_, copy)| Some(copy.finished) > ours) else {
            return keep(Keep::NoneNewer);
        };
        let (copies, datacenters) = counts(others());
        let policy = &self.schedule.policy;
        let enough =
            copies >= usize::from(policy.copies) && datacenters >= usize::from(policy.copies_in);
        // What counts for nothing is no loss.
        if !enough && !self.undamaged[at].is_empty() {
            return keep(Keep::TooFewLeft { copies, datacenters });
        }
        Verdict::Expire { newer: newer.label.clone(), newer_in: newer_in.clone() }
    }
}

const fn keep(reason: Keep) -> Verdict {
    Verdict::Keep { reason }
}

/// When a copy counts as complete for its retention: at the end of the window in which it began, or
/// later if it took longer.
fn complete(schedule: &Schedule, copy: &Copy) -> DateTime<Utc> {
    let window = schedule.begun(copy.started);
    let window = window.filter(|window| copy.started <= window.end);
    window.map_or(copy.finished, |window| copy.finished.max(window.end))
}

/// The first repository that is not known.
fn missing(schedule: &Schedule, catalogue: &Catalogue) -> Option<Keep> {
    let unread = unread(catalogue, &schedule.turn);
    let (datacenter, why) = unread.into_iter().next()?;
    let datacenter = datacenter.clone();
    Some(match why {
        None => Keep::NotAsked { datacenter },
        Some(why) => Keep::NotRead { datacenter, why: why.to_owned() },
    })
}

/// Whether the last window passed without a copy that can be used.
fn late(schedule: &Schedule, undamaged: &[Vec<&Copy>], now: DateTime<Utc>) -> Option<Keep> {
    let window_start = schedule.over(now)?.start;
    let newest = undamaged.iter().flatten().map(|copy| copy.started).max();
    newest.is_none_or(|newest| newest < window_start).then_some(Keep::Late { window_start })
}
