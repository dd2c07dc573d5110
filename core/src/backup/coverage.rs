//! Coverage: whether a database has the copies that its policy asks for.
//!
//! Counts what was read and can be used. Each check asks for so much at least, so what was read may
//! pass it; where it does not and something was not read, the answer is unknown.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::chain::{Chain, chains, counts, unread};
use super::proof::{Latest, Outcome, Proof};
use super::{Catalogue, Copy, Kind, Label, Schedule};
use crate::id::DatacenterId;

/// Windows that are counted as missed; more is not told apart.
const MISSED_MAX: usize = 1_000;

/// What the copies of a database are worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Different copies that can be used, and data centres that have one.
    pub copies: usize,
    pub datacenters: usize,
    /// When the newest of them was begun.
    pub newest_started: Option<DateTime<Utc>>,
    /// The last test restore that passed, of any copy.
    pub proven_at: Option<DateTime<Utc>>,
    pub shortfalls: Vec<Shortfall>,
    /// Data centres that were not asked, or why their repository could not be read.
    pub unread: BTreeMap<DatacenterId, Option<String>>,
}

/// A coverage in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Everything asked for is there.
    Met,
    /// Something is short, for certain.
    Short,
    /// Something would be short, but what was not read may make up for it.
    Unknown,
}

/// Something that is less than asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "shortfall")]
pub enum Shortfall {
    #[error("there is no copy that can be used")]
    NoCopy,
    #[error("there are {found} copies, and {asked} are asked for")]
    TooFewCopies { found: usize, asked: u16 },
    #[error("there are copies in {found} data centres, and {asked} are asked for")]
    TooFewDatacenters { found: usize, asked: u16 },
    /// The last window passed without a copy.
    #[error("no copy was made since the window at {window_start} began")]
    Late { window_start: DateTime<Utc> },
    /// Several windows did.
    #[error("{windows} windows passed without a copy, the first at {since}")]
    Missed { windows: usize, since: DateTime<Utc> },
    /// There are newer copies, all on an old full.
    #[error("no full copy was made since the window at {window_start} began")]
    FullLate { window_start: DateTime<Utc> },
    #[error("no copy ever passed a test restore")]
    NeverProven,
    #[error("the last test restore passed at {at}, and may be {max_age_days} days old")]
    ProofTooOld { at: DateTime<Utc>, max_age_days: u16 },
    #[error("the copy {label} in {datacenter} failed its test restore at {at}")]
    ProofFailed { datacenter: DatacenterId, label: Label, at: DateTime<Utc> },
    #[error("the copy {label} in {datacenter} has pages with wrong checksums")]
    BadPages { datacenter: DatacenterId, label: Label },
    #[error("the files of the copy {label} in {datacenter} are gone from its repository")]
    Gone { datacenter: DatacenterId, label: Label },
    #[error("the copy {label} in {datacenter} stands on a full that is not there")]
    FullMissing { datacenter: DatacenterId, label: Label },
}

impl Shortfall {
    /// Whether what was not read could make up for it.
    pub const fn may_be_elsewhere(&self) -> bool {
        match self {
            Self::NoCopy
            | Self::TooFewCopies { .. }
            | Self::TooFewDatacenters { .. }
            | Self::Late { .. }
            | Self::Missed { .. }
            | Self::FullLate { .. } => true,
            Self::NeverProven
            | Self::ProofTooOld { .. }
            | Self::ProofFailed { .. }
            | Self::BadPages { .. }
            | Self::Gone { .. }
            | Self::FullMissing { .. } => false,
        }
    }
}

impl Coverage {
    pub fn standing(&self) -> Standing {
        if self.shortfalls.is_empty() {
            return Standing::Met;
        }
        let open = |shortfall: &Shortfall| shortfall.may_be_elsewhere() && !self.unread.is_empty();
        if self.shortfalls.iter().all(open) { Standing::Unknown } else { Standing::Short }
    }
}

/// Compares what a database has with its policy.
///
/// `proofs`: every test restore known of this database, also of copies that are gone.
pub fn coverage(
    schedule: &Schedule,
    catalogue: &Catalogue,
    proofs: &[Proof],
    now: DateTime<Utc>,
) -> Coverage {
    let latest = Latest::of(proofs);
    let chains = chains(catalogue);
    let usable: Vec<_> = chains
        .iter()
        .flat_map(|chain| chain.undamaged(&latest).into_iter().map(|it| (chain.datacenter, it)))
        .collect();
    let (copies, datacenters) = counts(usable.iter().copied());
    let passed = latest.all().filter(|proof| proof.outcome == Outcome::Passed);
    let unread = unread(catalogue, &schedule.turn).into_iter();
    let mut coverage = Coverage {
        copies,
        datacenters,
        newest_started: usable.iter().map(|(_, copy)| copy.started).max(),
        proven_at: passed.map(|proof| proof.at).max(),
        shortfalls: Vec::new(),
        unread: unread.map(|(id, why)| (id.clone(), why.map(str::to_owned))).collect(),
    };
    let fulls = usable.iter().filter(|(_, copy)| copy.kind == Kind::Full);
    let newest_full = fulls.map(|(_, copy)| copy.started).max();
    coverage.amount(schedule);
    coverage.age(schedule, newest_full, now);
    coverage.proof(schedule, now);
    for chain in &chains {
        coverage.damage(chain, &latest);
    }
    coverage
}

impl Coverage {
    fn amount(&mut self, schedule: &Schedule) {
        let (asked, asked_in) = (schedule.policy.copies, schedule.policy.copies_in);
        let (found, found_in) = (self.copies, self.datacenters);
        if found == 0 {
            self.shortfalls.push(Shortfall::NoCopy);
            return;
        }
        if found < usize::from(asked) {
            self.shortfalls.push(Shortfall::TooFewCopies { found, asked });
        }
        if found_in < usize::from(asked_in) {
            let short = Shortfall::TooFewDatacenters { found: found_in, asked: asked_in };
            self.shortfalls.push(short);
        }
    }

    fn age(&mut self, schedule: &Schedule, newest_full: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let (Some(newest), Some(last)) = (self.newest_started, schedule.over(now)) else { return };
        if last.start <= newest {
            let full = schedule.full_over(now).map(|window| window.start);
            let late = full.filter(|full| newest_full.is_none_or(|newest| newest < *full));
            self.shortfalls.extend(late.map(|window_start| Shortfall::FullLate { window_start }));
            return;
        }
        let after = newest + TimeDelta::nanoseconds(1);
        let missed = schedule.windows(after, now).filter(|window| window.end <= now);
        let mut missed = missed.take(MISSED_MAX);
        let since = missed.next().map_or(last.start, |window| window.start);
        let windows = 1 + missed.count();
        self.shortfalls.push(if windows > 1 {
            Shortfall::Missed { windows, since }
        } else {
            Shortfall::Late { window_start: since }
        });
    }

    fn proof(&mut self, schedule: &Schedule, now: DateTime<Utc>) {
        let max_age_days = schedule.policy.proof_max_age_days;
        match self.proven_at {
            None => self.shortfalls.push(Shortfall::NeverProven),
            Some(at) if now - at > TimeDelta::days(i64::from(max_age_days)) => {
                self.shortfalls.push(Shortfall::ProofTooOld { at, max_age_days });
            }
            Some(_) => {}
        }
    }

    fn damage(&mut self, chain: &Chain<'_>, latest: &Latest<'_>) {
        let whole = chain.full_copy().is_some();
        for Copy { label, bad_pages, gone, .. } in chain.copies.iter().copied() {
            let datacenter = || chain.datacenter.clone();
            let proof = latest.get(chain.datacenter, label);
            if let Some(proof) = proof.filter(|proof| proof.outcome == Outcome::Failed) {
                let (datacenter, label, at) = (datacenter(), label.clone(), proof.at);
                self.shortfalls.push(Shortfall::ProofFailed { datacenter, label, at });
            }
            if *bad_pages {
                let (datacenter, label) = (datacenter(), label.clone());
                self.shortfalls.push(Shortfall::BadPages { datacenter, label });
            }
            if *gone {
                let (datacenter, label) = (datacenter(), label.clone());
                self.shortfalls.push(Shortfall::Gone { datacenter, label });
            }
            if !whole {
                let (datacenter, label) = (datacenter(), label.clone());
                self.shortfalls.push(Shortfall::FullMissing { datacenter, label });
            }
        }
    }
}
