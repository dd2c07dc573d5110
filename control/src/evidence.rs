//! Packs of evidence: reading everything that belongs to a period, and writing down that a pack was
//! made of it.
//!
//! Invariant: what is remembered of a pack and the audit entry with its checksum are one
//! transaction, before anybody gets the archive.
//!
//! Must not: decide what is in a pack, or how it reads; that is [`mainstay_core::evidence`].

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Entry};
use mainstay_core::evidence::{ACTIONS, Input, Pack, ROWS_MAX, build};
use mainstay_core::failover::Run;
use mainstay_core::id::DatabaseId;
use mainstay_store::audit::{self, Filter};
use mainstay_store::availability::read::{self, Filter as Scope, Grain};
use mainstay_store::evidence::{self, Known, Made};
use mainstay_store::{Store, StoreError, approval, backup, failover, problem, restore};
use serde_json::json;

use crate::Control;
use crate::access::By;
use crate::audit::Stretch;

/// Most rows that are read of one kind: one more than a pack has, so that it can say so.
const READ_MAX: usize = ROWS_MAX + 1;

type Period = (DateTime<Utc>, DateTime<Utc>);

impl Control {
    /// The pack of a period, and the part of the audit log that goes with it; `None`: none of it is
    /// signed.
    pub async fn evidence(&self, period: Period) -> Result<(Pack, Option<Stretch>), StoreError> {
        let (from, until) = period;
        let snapshot = self.snapshot();
        let (store, pool) = (&self.store, self.store.reads());
        let mut cut = Vec::new();
        let log = match audit::positions(store, from, until).await? {
            Some((first, last)) => Stretch::part(store, first, last).await?,
            None => None,
        };
        let fleet = &snapshot.estate.fleet;
        let kept: Vec<DatabaseId> = fleet.databases.keys().cloned().collect();
        let backups = backup::runs(pool, &kept, from, until).await?;
        if backups.len() as i64 >= backup::RUNS_MAX {
            cut.push("backup runs");
        }
        let proofs = backup::ended_work(pool, "prove", period, READ_MAX as i64).await?;
        let proofs: Vec<_> =
            proofs.into_iter().filter_map(|it| Some((it.report?, it.ended_at?))).collect();
        let mut restores = restore::list(pool, None).await?;
        let oldest = restores.last().map(|restore| restore.request.at);
        if restores.len() as i64 >= restore::PAGE_MAX && oldest.is_some_and(|at| at >= from) {
            cut.push("restores");
        }
        restores.retain(|restore| restore.request.at >= from && restore.request.at < until);
        let problems = problem::during(pool, until, until).await?;
        if problems.len() as i64 >= problem::PAGE {
            cut.push("open problems");
        }
        let scope = Scope::default();
        let picture = self.availability(&scope, period, (Grain::Day, None));
        let input = Input {
            from,
            until,
            fleet,
            fleet_revision: snapshot.estate.fleet_revision,
            log: log.as_ref().map(Stretch::positions),
            runs: &runs(store, period).await?,
            backups: &backups,
            proofs: &proofs,
            restores: &restores,
            approvals: &approval::between(pool, from, until, READ_MAX as i64).await?,
            entries: &entries(store, period, &mut cut).await?,
            problems: &problems,
            decided: read::known(pool).await?,
            totals: &picture.await?.totals,
            cut: &cut,
        };
        Ok((build(&input), log))
    }

    /// Writes down that a pack was made; the position comes later.
    pub async fn note_evidence(&self, by: &By, made: &Made) -> Result<i64, StoreError> {
        let mut event =
            by.event(Action::EvidencePack, "/audit/evidence".to_owned(), made.at.trunc_subsecs(6));
        event.after = Some(json!({
            "from": made.from,
            "until": made.until,
            "sha256": made.sha256,
            "bytes": made.bytes,
        }));
        let event = &event;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let entry = audit::append(tx, event).await?;
                    evidence::insert(tx, made, entry).await
                })
            })
            .await
    }

    /// Packs that were made, the newest first.
    pub async fn evidence_packs(&self) -> Result<Vec<Known>, StoreError> {
        evidence::list(self.store.reads()).await
    }
}

/// Failovers that were asked for in the period.
async fn runs(store: &Store, (from, until): Period) -> Result<Vec<Run>, StoreError> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = failover::list(store.reads(), before, failover::PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(found) };
        before = Some(last.id);
        let over = last.started_at < from;
        found.extend(page.into_iter().filter(|it| it.started_at >= from && it.started_at < until));
        if over || found.len() >= READ_MAX {
            return Ok(found);
        }
    }
}

/// Entries about the fleet, policies and access.
async fn entries(
    store: &Store,
    (from, until): Period,
    cut: &mut Vec<&'static str>,
) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    for action in ACTIONS {
        let filter = Filter {
            action: Some(action),
            from: Some(from),
            until: Some(until),
            ..Filter::default()
        };
        let (mut before, begin) = (None, found.len());
        loop {
            let page = audit::list(store, &filter, before, audit::PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            found.extend(page);
            if found.len() - begin >= READ_MAX {
                cut.push("changes");
                break;
            }
        }
    }
    cut.dedup();
    Ok(found)
}
