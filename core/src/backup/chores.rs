//! Chores: what is done about copies between backups. Chains that may go are removed, copies are
//! proven by restoring them, and repositories are read through for damage.
//!
//! Invariant: one chore at a time for each database, and none while a backup is due; what was read
//! of the repositories must be newer than the last work that changed them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::job::{ProofJob, SqlCheck, Target};
use super::proof::Proof;
use super::work::{DatabaseReport, ExpireJob, VerifyJob, Work};
use super::{Copy, Label, Schedule, retention};
use crate::id::DatacenterId;

/// A repository is read through this often.
pub const VERIFY_EVERY: TimeDelta = TimeDelta::days(1);
/// A copy is proven this often: the newest if it is not, else one at random.
pub const PROVE_EVERY: TimeDelta = TimeDelta::days(1);
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
    let proven = |datacenter: &DatacenterId, label: &Label| {
        let of = |proof: &&Proof| proof.datacenter == *datacenter && proof.label == *label;
        facts.proofs.iter().any(|proof| of(&proof))
    };
    let copies: Vec<(&DatacenterId, &Copy)> = facts
        .report
        .catalogue
        .iter()
        .filter_map(|(datacenter, copies)| Some((datacenter, copies.as_ref().ok()?)))
        .flat_map(|(datacenter, copies)| copies.iter().map(move |copy| (datacenter, copy)))
        .collect();
    let newest = copies.iter().max_by_key(|(_, copy)| copy.finished)?;
    let fresh = !proven(newest.0, &newest.1.label);
    let last = facts.proofs.iter().map(|proof| proof.at).max();
    let ordered = facts.proof_ordered_at;
    if ordered.is_some_and(|at| facts.now - at < AGAIN) {
        return None;
    }
    let due = last.is_none_or(|at| facts.now - at >= PROVE_EVERY);
    if !fresh && !due {
        return None;
    }
    let (datacenter, copy) = if fresh { *newest } else { *pick(&copies, facts.now)? };
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
    };
    Some(Chore { agent, work: Work::Prove(job) })
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
            first = Some(first.map_or(from.as_str(), |first| first.min(from.as_str())));
        }
    }
    first.map(str::to_owned)
}
