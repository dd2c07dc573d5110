//! Chores: what is done about copies between backups. Chains that may go are removed, copies are
//! proven by restoring them, and repositories are read through for damage.
//!
//! Invariant: one chore at a time for each database, and none while a backup is due; what was read
//! of the repositories must be newer than the last work that changed them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::job::{ProofJob, SqlCheck, Target};
use super::proof::{Latest, Outcome, Proof};
use super::work::{DatabaseReport, ExpireJob, VerifyJob, Work};
use super::{Copy, Label, Schedule, retention};
use crate::id::DatacenterId;

/// A repository is read through this often.
pub const VERIFY_EVERY: TimeDelta = TimeDelta::days(1);
/// Beside each new copy, one at random of those that are older than this is proven this often:
/// what was good when it was made may have rotted since.
pub const PROVE_EVERY: TimeDelta = TimeDelta::days(1);
/// Digits of a segment's name before its place in the log.
const TIMELINE_DIGITS: usize = 8;
/// Wait after a proof or a reading that could not be made.
pub const AGAIN: TimeDelta = TimeDelta::hours(1);

/// What the next chore follows from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub now: DateTime<Utc>,
    pub schedule: &'a Schedule,
    /// What the agent sees where the database runs.
    pub report: &'a DatabaseReport,
    /// When the last work that may have changed a repository ended.
    pub changed_at: Option<DateTime<Utc>>,
    /// Every proof that is known.
    pub proofs: &'a [Proof],
    /// When a proof was ordered last.
    pub proof_ordered_at: Option<DateTime<Utc>>,
    /// When each repository was last ordered to be read through.
    pub verified_at: &'a BTreeMap<DatacenterId, DateTime<Utc>>,
    /// Data centres that are heard and whose agents can restore this database beside it.
    pub provers: &'a [DatacenterId],
    /// What a proof asks the restored database.
    pub checks: &'a [SqlCheck],
}

/// A chore, for the agent of a data centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chore {
    pub agent: DatacenterId,
    pub work: Work,
}

/// The next chore; `None`: nothing is due. `id`: what its work is to be called.
pub fn next(facts: &Facts<'_>, id: &str) -> Option<Chore> {
    let Facts { report, schedule, .. } = facts;
    if facts.changed_at.is_some_and(|changed| report.read_at <= changed) {
        return None;
    }
    let here = |work: Work, host: &DatacenterId| Chore { agent: host.clone(), work };
    let host = facts.host();
    let expired = retention::decide(schedule, &report.catalogue, facts.proofs, facts.now);
    if let Some(expired) = expired.iter().find(|decision| decision.expires()) {
        let job = ExpireJob {
            id: id.to_owned(),
            database: schedule.database.clone(),
            datacenter: expired.datacenter.clone(),
            chain: expired.chain.clone(),
            wal_from: wal_from(report, (&expired.datacenter, &expired.labels)),
        };
        return host.map(|host| here(Work::Expire(job), host));
    }
    if let Some(chore) = prove(facts, id) {
        return Some(chore);
    }
    let held =
        report.catalogue.iter().filter(|(_, copies)| copies.as_ref().is_ok_and(|c| !c.is_empty()));
    let verified = |datacenter: &DatacenterId| facts.verified_at.get(datacenter).copied();
    let due = held.map(|(datacenter, _)| (verified(datacenter), datacenter)).min()?;
    let (at, datacenter) = due;
    if at.is_some_and(|at| facts.now - at < VERIFY_EVERY) {
        return None;
    }
    let job = VerifyJob {
        id: id.to_owned(),
        database: schedule.database.clone(),
        datacenter: datacenter.clone(),
    };
    host.map(|host| here(Work::Verify(job), host))
}

impl<'a> Facts<'a> {
    /// Where the database runs: the first place of it that is heard and says so is told by the
    /// caller as the first prover.
    fn host(&self) -> Option<&'a DatacenterId> {
        self.provers.first()
    }
}

fn prove(facts: &Facts<'_>, id: &str) -> Option<Chore> {
    if facts.proof_ordered_at.is_some_and(|at| facts.now - at < AGAIN) {
        return None;
    }
    let copies: Vec<(&DatacenterId, &Copy)> = facts
        .report
        .catalogue
        .iter()
        .filter_map(|(datacenter, copies)| Some((datacenter, copies.as_ref().ok()?)))
        .flat_map(|(datacenter, copies)| copies.iter().map(move |copy| (datacenter, copy)))
        .collect();
    let there = copies.iter().filter(|(_, copy)| !copy.gone);
    let newest = there.max_by_key(|(_, copy)| copy.finished)?;
    let (datacenter, copy) =
        if proofs_of(facts, *newest).next().is_none() { *newest } else { older(facts, &copies)? };
    // Elsewhere than where the copy is, if there is such a place: it must be readable from there.
    let elsewhere = facts.provers.iter().rev().find(|agent| *agent != datacenter);
    let agent = elsewhere.or(facts.provers.first())?.clone();
    let job = ProofJob {
        id: id.to_owned(),
        database: facts.schedule.database.clone(),
        datacenter: datacenter.clone(),
        label: copy.label.clone(),
        target: Target::EndOfCopy,
        checks: facts.checks.to_vec(),
        keep: None,
    };
    Some(Chore { agent, work: Work::Prove(job) })
}

/// An older copy whose turn it is: no older one was proven lately. A copy that a reading found
/// damaged needs no restore to show it.
fn older<'a>(
    facts: &Facts<'_>,
    copies: &[(&'a DatacenterId, &'a Copy)],
) -> Option<(&'a DatacenterId, &'a Copy)> {
    let aged = |copy: &Copy, at: DateTime<Utc>| at - copy.finished >= PROVE_EVERY;
    let lately = copies.iter().any(|held| {
        let mut when = proofs_of(facts, *held).map(|proof| proof.at);
        when.any(|at| aged(held.1, at) && facts.now - at < PROVE_EVERY)
    });
    if lately {
        return None;
    }
    let latest = Latest::of(facts.proofs);
    let whole = |(datacenter, copy): &(&DatacenterId, &Copy)| {
        !copy.gone && latest.outcome(datacenter, &copy.label) != Some(Outcome::Failed)
    };
    let old: Vec<_> =
        copies.iter().copied().filter(|held| aged(held.1, facts.now) && whole(held)).collect();
    pick(&old, facts.now).copied()
}

/// What is known of one copy.
fn proofs_of<'a>(
    facts: &Facts<'a>,
    (datacenter, copy): (&DatacenterId, &Copy),
) -> impl Iterator<Item = &'a Proof> {
    let of = |proof: &&Proof| proof.datacenter == *datacenter && proof.label == copy.label;
    facts.proofs.iter().filter(of)
}

/// One at random, the same for everybody who decides on the same hour.
fn pick<T>(from: &[T], now: DateTime<Utc>) -> Option<&T> {
    let hash = Sha256::digest((now.timestamp() / 3_600).to_be_bytes());
    let number = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let at = number.checked_rem(from.len() as u64)?;
    from.get(usize::try_from(at).ok()?)
}

/// The first segment that copies need which stay in a repository after a chain is gone; `None`: not
/// known, so that the log stays.
fn wal_from(report: &DatabaseReport, gone: (&DatacenterId, &[Label])) -> Option<String> {
    let mut first: Option<&str> = None;
    for (datacenter, copies) in &report.catalogue {
        for copy in copies.as_ref().ok()? {
            if datacenter == gone.0 && gone.1.contains(&copy.label) {
                continue;
            }
            let (from, _) = copy.wal.as_ref()?;
            let from = from.as_str();
            // By the place in the log, on whatever timeline: after a restore to an earlier moment
            // a newer timeline has segments that lie before the newest ones of the older.
            let before = |other: &str| from.get(TIMELINE_DIGITS..) < other.get(TIMELINE_DIGITS..);
            first = Some(first.filter(|first| !before(first)).unwrap_or(from));
        }
    }
    first.map(str::to_owned)
}
