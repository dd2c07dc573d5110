//! Taking in what agents report: into memory at once, into the store in batches.
//!
//! Invariants: memory never waits for the database; what is not written yet is bounded by the
//! size of the estate, because only names are remembered and values are read when written; one
//! server writes a data centre, the one that holds its newest link; a link that ended is forgotten
//! only when the last that it told is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mainstay_core::audit::Conflict;
use mainstay_core::deployment::Slot;
use mainstay_core::estate::{Fact, FactKey};
use mainstay_core::id::{DatacenterId, InstanceId};
use mainstay_store::estate::{self as stored, Batch};
use mainstay_store::{Store, StoreError};
use mainstay_wire::Report;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::estate::LiveEstate;

/// How often changes are written.
pub const FLUSH_PERIOD: Duration = Duration::from_millis(250);
/// How often a data centre without changes is noted as heard: every so many flushes.
const HEARD_EVERY: u32 = 4;

/// How many links of each data centre this server has opened so far.
pub type Opened = BTreeMap<DatacenterId, u64>;

/// The open links of this server.
#[derive(Debug)]
pub struct Ingest {
    store: Store,
    estate: Arc<LiveEstate>,
    links: Mutex<BTreeMap<DatacenterId, Pending>>,
    opened: Mutex<Opened>,
    /// Held while writing: what was read from memory first is written first.
    writing: tokio::sync::Mutex<()>,
}

/// One agent's connection; what it reports counts until a newer one takes its place.
#[derive(Debug)]
pub struct Link {
    pub datacenter: DatacenterId,
    local: u64,
    seq: Mutex<u64>,
    superseded: watch::Receiver<bool>,
}

impl Link {
    /// Waits until a newer link of the data centre exists, here or at another server.
    pub async fn superseded(&self) {
        let mut superseded = self.superseded.clone();
        // The sender is gone only with its entry, which a newer link replaced.
        let _ = superseded.wait_for(|done| *done).await;
    }
}

/// A report does not follow the one before: ask for a full one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("report {got} came where {want} was due")]
pub struct Gap {
    pub want: u64,
    pub got: u64,
}

#[derive(Debug)]
struct Pending {
    /// Tells this process's links of one data centre apart.
    local: u64,
    agent_version: String,
    /// The link's number in the store, once it is registered there.
    link: Option<i64>,
    last_seen: DateTime<Utc>,
    heard: bool,
    dirty: Dirty,
    superseded: watch::Sender<bool>,
    /// The link has ended; the entry stays until all of it is written.
    closed: bool,
}

/// Names of what changed since the last write.
#[derive(Clone, Debug, Default)]
struct Dirty {
    full: bool,
    instances: BTreeSet<InstanceId>,
    deployments: BTreeSet<Slot>,
    facts: BTreeSet<FactKey>,
}

impl Dirty {
    fn is_empty(&self) -> bool {
        !self.full
            && self.instances.is_empty()
            && self.deployments.is_empty()
            && self.facts.is_empty()
    }

    fn merge(&mut self, other: Self) {
        self.full |= other.full;
        self.instances.extend(other.instances);
        self.deployments.extend(other.deployments);
        self.facts.extend(other.facts);
    }
}

impl Ingest {
    pub fn new(store: Store, estate: Arc<LiveEstate>) -> Self {
        Self {
            store,
            estate,
            links: Mutex::default(),
            opened: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Opens a link; an older one of the same data centre is superseded.
    pub fn open(&self, datacenter: &DatacenterId, agent_version: &str, now: DateTime<Utc>) -> Link {
        let mut links = lock(&self.links);
        let local = {
            let mut opened = lock(&self.opened);
            let count = opened.entry(datacenter.clone()).or_default();
            *count += 1;
            *count
        };
        let (sender, superseded) = watch::channel(false);
        let pending = Pending {
            local,
            agent_version: agent_version.to_owned(),
            link: None,
            last_seen: now,
            heard: true,
            dirty: Dirty::default(),
            superseded: sender,
            closed: false,
        };
        if let Some(older) = links.insert(datacenter.clone(), pending) {
            older.superseded.send_replace(true);
        }
        drop(links);
        self.estate.set_connected(datacenter, Some(agent_version), true);
        Link { datacenter: datacenter.clone(), local, seq: Mutex::new(0), superseded }
    }

    /// Takes over a report. After a gap everything but a full report is refused.
    pub fn report(&self, link: &Link, report: Report, now: DateTime<Utc>) -> Result<(), Gap> {
        let mut seq = lock(&link.seq);
        let want = *seq + 1;
        if report.seq != want && !report.full {
            return Err(Gap { want, got: report.seq });
        }
        let mut links = lock(&self.links);
        let Some(pending) = links.get_mut(&link.datacenter).filter(|p| p.local == link.local)
        else {
            // Superseded between two reports: the newer link is the one that counts.
            return Ok(());
        };
        *seq = report.seq;
        pending.last_seen = now;
        pending.heard = true;
        pending.dirty.full |= report.full;
        pending.dirty.instances.extend(report.instances.iter().map(|i| i.id.clone()));
        pending.dirty.instances.extend(report.gone_instances.iter().cloned());
        let slots = report.deployments.iter().map(|d| (d.service.clone(), d.track));
        pending.dirty.deployments.extend(slots);
        pending.dirty.deployments.extend(report.gone_deployments.iter().cloned());
        pending.dirty.facts.extend(report.facts.iter().map(Fact::key));
        self.estate.apply_report(&link.datacenter, report, now);
        Ok(())
    }

    /// Takes over what an agent says as a witness of the audit log; `None`: the log is as it was.
    /// Written with the next of its observations.
    pub fn witnessed(&self, link: &Link, conflict: Option<Conflict>) {
        let links = lock(&self.links);
        if links.get(&link.datacenter).is_some_and(|pending| pending.local == link.local) {
            self.estate.set_conflict(&link.datacenter, conflict);
        }
    }

    /// Ends a link, and has its last observations written: now, or when the database is back.
    pub async fn close(&self, link: Link) {
        {
            let mut links = lock(&self.links);
            match links.get_mut(&link.datacenter) {
                Some(pending) if pending.local == link.local => pending.closed = true,
                Some(_) | None => return,
            }
            self.estate.set_connected(&link.datacenter, None, false);
        }
        self.flush(false).await;
    }

    /// Whether memory holds newer observations of a data centre than the store: from an agent
    /// connected to this server, or not written yet.
    pub fn holds(&self, datacenter: &DatacenterId) -> bool {
        lock(&self.links).contains_key(datacenter)
    }

    /// The links that were opened so far: for [`unless_held`](Self::unless_held), to be asked
    /// before anything is read.
    pub fn opened(&self) -> Opened {
        lock(&self.opened).clone()
    }

    /// Does something with what was read, unless this server [`holds`](Self::holds) the data centre
    /// or a link of it was opened since: that may be closed again, and told something newer.
    /// Returns whether it was done.
    pub fn unless_held(
        &self,
        datacenter: &DatacenterId,
        since: &Opened,
        act: impl FnOnce(),
    ) -> bool {
        let links = lock(&self.links);
        let same = lock(&self.opened).get(datacenter) == since.get(datacenter);
        let free = same && !links.contains_key(datacenter);
        if free {
            act();
        }
        free
    }

    /// Writes changes until told to stop, then once more.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(FLUSH_PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut round = 0_u32;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = ticks.tick() => {}
            }
            round = round.wrapping_add(1);
            self.flush(round.is_multiple_of(HEARD_EVERY)).await;
        }
        self.flush(true).await;
    }

    async fn flush(&self, with_heard: bool) {
        let _in_order = self.writing.lock().await;
        let due = self.take_due(with_heard);
        if due.is_empty() {
            return;
        }
        let started = std::time::Instant::now();
        match self.write(&due).await {
            Ok(numbers) => {
                metrics::histogram!("mainstay_ingest_write_seconds").record(started.elapsed());
                self.written(&due, numbers);
            }
            Err(error) => {
                metrics::counter!("mainstay_ingest_write_failures_total").increment(1);
                tracing::warn!(%error, "observations stay in memory: they could not be written");
                self.put_back(due);
            }
        }
    }

    fn take_due(&self, with_heard: bool) -> Vec<Due> {
        let mut links = lock(&self.links);
        let due = links.iter_mut().filter(|(_, p)| {
            !p.dirty.is_empty() || p.link.is_none() || p.closed || (with_heard && p.heard)
        });
        due.map(|(datacenter, pending)| {
            pending.heard = false;
            let dirty = std::mem::take(&mut pending.dirty);
            Due {
                datacenter: datacenter.clone(),
                local: pending.local,
                link: pending.link,
                agent_version: pending.agent_version.clone(),
                last_seen: pending.last_seen,
                closed: pending.closed,
                batch: self.batch(datacenter, &dirty),
                dirty,
            }
        })
        .collect()
    }

    /// Reads the values behind the names, as they are now.
    fn batch(&self, datacenter: &DatacenterId, dirty: &Dirty) -> Batch {
        let Some(dc) = self.estate.datacenter(datacenter) else { return Batch::default() };
        if dirty.full {
            return Batch {
                full: true,
                instances: dc.instances.values().map(|i| (**i).clone()).collect(),
                deployments: dc.deployments.values().cloned().collect(),
                facts: dc.facts.values().map(|fact| (**fact).clone()).collect(),
                conflict: dc.conflict.clone(),
                ..Batch::default()
            };
        }
        let mut batch = Batch { conflict: dc.conflict.clone(), ..Batch::default() };
        for id in &dirty.instances {
            match dc.instances.get(id) {
                Some(instance) => batch.instances.push((**instance).clone()),
                None => batch.gone_instances.push(id.clone()),
            }
        }
        for slot in &dirty.deployments {
            match dc.deployments.get(slot) {
                Some(deployment) => batch.deployments.push(deployment.clone()),
                None => batch.gone_deployments.push(slot.clone()),
            }
        }
        let facts = dirty.facts.iter().filter_map(|key| dc.facts.get(key));
        batch.facts.extend(facts.map(|fact| (**fact).clone()));
        batch
    }

    /// One transaction for all data centres. Returns each one's link number; `None`: superseded.
    async fn write(&self, due: &[Due]) -> Result<Vec<Option<i64>>, StoreError> {
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let mut numbers = Vec::with_capacity(due.len());
                    for one in due {
                        let link = match one.link {
                            Some(link) => link,
                            None => {
                                let (dc, version) = (&one.datacenter, &one.agent_version);
                                stored::open_link(tx, dc, version, one.last_seen).await?.link
                            }
                        };
                        let seq =
                            stored::write(tx, &one.datacenter, link, one.last_seen, &one.batch)
                                .await?;
                        if one.closed {
                            stored::close_link(tx, &one.datacenter, link).await?;
                        }
                        numbers.push(seq.map(|_| link));
                    }
                    Ok(numbers)
                })
            })
            .await
    }

    fn written(&self, due: &[Due], numbers: Vec<Option<i64>>) {
        let mut links = lock(&self.links);
        for (Due { datacenter, local, closed, .. }, number) in due.iter().zip(numbers) {
            let Some(pending) = links.get_mut(datacenter).filter(|p| p.local == *local) else {
                continue;
            };
            match number {
                Some(_) if *closed => {
                    links.remove(datacenter);
                }
                Some(_) => pending.link = number,
                None => {
                    tracing::info!(%datacenter, "another server holds a newer link");
                    pending.superseded.send_replace(true);
                    links.remove(datacenter);
                }
            }
        }
    }

    fn put_back(&self, due: Vec<Due>) {
        let mut links = lock(&self.links);
        for one in due {
            if let Some(pending) = links.get_mut(&one.datacenter).filter(|p| p.local == one.local) {
                pending.dirty.merge(one.dirty);
                pending.heard = true;
            }
        }
    }
}

struct Due {
    datacenter: DatacenterId,
    local: u64,
    link: Option<i64>,
    agent_version: String,
    last_seen: DateTime<Utc>,
    closed: bool,
    batch: Batch,
    dirty: Dirty,
}

// A panic while holding the lock leaves whole values behind, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
