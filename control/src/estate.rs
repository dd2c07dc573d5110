//! The estate in memory: what pages are drawn from and decisions are taken on.
//!
//! Invariants: it always answers, with the database away too; a snapshot is one consistent
//! moment; every change raises the version, which is all that a waiter is told.
//!
//! Must not: touch the database; what fills it are `ingest` (agents of this server), `follow`
//! (other servers' agents and what was known before a restart) and `fleet`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::approval::Approval;
use mainstay_core::audit::Conflict;
use mainstay_core::backup::clock::PolicyClock;
use mainstay_core::estate::{DatacenterState, Estate};
use mainstay_core::failover::RunId;
use mainstay_core::failover::stuck::Stuck;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::problem::{Problem, Record};
use mainstay_core::release::Releases;
use mainstay_core::rewind::Lost;
use mainstay_core::runbook::alias::Aliases;
use mainstay_core::runbook::shelf::Shelf;
use mainstay_store::estate::{Changes, Head};
use mainstay_wire::Report;
use tokio::sync::watch;

use crate::clock::Clock;

/// The store counts as away when nothing was read from it for so long.
pub const STORE_AWAY_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Short links are read anew after this time even if none was changed: when each was used.
const ALIASES_PERIOD: TimeDelta = TimeDelta::seconds(30);

/// The estate as this server knows it; shared by everything in the process.
#[derive(Debug)]
pub struct LiveEstate {
    state: RwLock<State>,
    version: watch::Sender<u64>,
    started_at: DateTime<Utc>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct State {
    fleet: Arc<Fleet>,
    fleet_revision: i64,
    releases: Arc<Releases>,
    clock: Arc<PolicyClock>,
    datacenters: BTreeMap<DatacenterId, Arc<DatacenterState>>,
    problems: Arc<[Record]>,
    approvals: Arc<[Approval]>,
    shelf: Arc<Shelf>,
    aliases: Arc<Aliases>,
    /// Of what is in `aliases`, and when it was read.
    aliases_read: Option<(i64, DateTime<Utc>)>,
    store_read_at: Option<DateTime<Utc>>,
    rewound: Arc<[Lost]>,
}

/// Everything a page needs of one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub estate: Estate,
    /// It is of the past, as it was written down: nobody can act in it.
    pub is_past: bool,
    /// Open problems and the last few that ended, oldest first.
    pub problems: Arc<[Record]>,
    /// What waits for a second person, oldest first.
    pub approvals: Arc<[Approval]>,
    /// The runbooks in force.
    pub shelf: Arc<Shelf>,
    /// Short links.
    pub aliases: Arc<Aliases>,
    /// When the database last answered; `None`: never since this server started.
    pub store_read_at: Option<DateTime<Utc>>,
    /// When this server started.
    pub started_at: DateTime<Utc>,
}

impl Snapshot {
    /// Problems that are open.
    pub fn open_problems(&self) -> impl Iterator<Item = &Record> {
        self.problems.iter().filter(|record| record.closed_at.is_none())
    }

    /// Steps of a failover of which the leader says that they are stuck.
    pub fn stuck(&self, id: RunId) -> &[Stuck] {
        let steps = self.open_problems().find_map(|record| {
            let Problem::FailoverStuck { run, steps, .. } = &record.problem else { return None };
            (*run == id).then_some(steps.as_slice())
        });
        steps.unwrap_or_default()
    }

    /// Since when the database does not answer, if it does not. What is shown then still comes
    /// live from the agents of this server; what needs the database is as of this time.
    pub fn store_away_since(&self) -> Option<DateTime<Utc>> {
        away_since(self.store_read_at.unwrap_or(self.started_at), self.estate.at)
    }
}

fn away_since(read_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (now - read_at > STORE_AWAY_AFTER).then_some(read_at)
}

impl Default for LiveEstate {
    fn default() -> Self {
        let started_at = Utc::now();
        let (state, version) = (RwLock::default(), watch::Sender::new(0));
        Self { state, version, started_at, clock: Clock::default() }
    }
}

impl LiveEstate {
    /// The estate as of `now`.
    pub fn snapshot(&self, now: DateTime<Utc>) -> Snapshot {
        let state = self.read();
        Snapshot {
            estate: Estate {
                fleet: state.fleet.clone(),
                fleet_revision: state.fleet_revision,
                releases: state.releases.clone(),
                datacenters: state.datacenters.clone(),
                at: now,
                pace: state.clock.pace(now),
                clock: state.clock.clone(),
                rewound: state.rewound.clone(),
            },
            is_past: false,
            problems: state.problems.clone(),
            approvals: state.approvals.clone(),
            shelf: state.shelf.clone(),
            aliases: state.aliases.clone(),
            store_read_at: state.store_read_at,
            started_at: self.started_at,
        }
    }

    /// Whether this server's clock ran evenly in the last seconds, as far as this was asked.
    pub(crate) fn is_clock_even(&self, now: DateTime<Utc>) -> bool {
        self.clock.is_even(now, Instant::now())
    }

    /// What one data centre told so far.
    pub fn datacenter(&self, id: &DatacenterId) -> Option<Arc<DatacenterState>> {
        self.read().datacenters.get(id).cloned()
    }

    /// Wakes whenever anything changed.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// An agent of this server opened or lost its link.
    pub fn set_connected(&self, id: &DatacenterId, agent_version: Option<&str>, connected: bool) {
        self.change(|state| {
            let dc = Arc::make_mut(state.datacenters.entry(id.clone()).or_default());
            dc.connected = connected;
            if let Some(version) = agent_version {
                dc.agent_version = Some(version.to_owned());
            }
        });
    }

    /// Whether the audit log is the one that the agent of a data centre witnessed.
    pub fn set_conflict(&self, id: &DatacenterId, conflict: Option<Conflict>) {
        self.change(|state| {
            let dc = state.datacenters.entry(id.clone()).or_default();
            Arc::make_mut(dc).conflict = conflict;
        });
    }

    /// Takes over what an agent of this server reported.
    pub fn apply_report(&self, id: &DatacenterId, report: Report, now: DateTime<Utc>) {
        self.change(|state| {
            let dc = Arc::make_mut(state.datacenters.entry(id.clone()).or_default());
            dc.last_seen = Some(now);
            dc.connected = true;
            if report.full {
                dc.instances.clear();
                dc.deployments.clear();
                dc.facts.clear();
            }
            for instance in report.instances {
                dc.instances.insert(instance.id.clone(), Arc::new(instance));
            }
            for gone in report.gone_instances {
                dc.instances.remove(&gone);
            }
            for deployment in report.deployments {
                let slot = (deployment.service.clone(), deployment.track);
                dc.deployments.insert(slot, deployment);
            }
            for gone in report.gone_deployments {
                dc.deployments.remove(&gone);
            }
            dc.facts.extend(report.facts.into_iter().map(|fact| (fact.key(), Arc::new(fact))));
        });
    }

    /// Takes over what another server wrote, or what was written before this one started.
    pub fn apply_stored(&self, head: &Head, changes: Changes) {
        self.change(|state| {
            let dc = Arc::make_mut(state.datacenters.entry(head.datacenter.clone()).or_default());
            dc.last_seen = Some(head.last_seen);
            dc.connected = head.connected;
            dc.agent_version.clone_from(&head.agent_version);
            dc.conflict.clone_from(&head.conflict);
            for (id, instance) in changes.instances {
                match instance {
                    Some(instance) => dc.instances.insert(id, Arc::new(instance)),
                    None => dc.instances.remove(&id),
                };
            }
            for (slot, deployment) in changes.deployments {
                match deployment {
                    Some(deployment) => dc.deployments.insert(slot, deployment),
                    None => dc.deployments.remove(&slot),
                };
            }
            for (key, fact) in changes.facts {
                match fact {
                    Some(fact) => dc.facts.insert(key, Arc::new(fact)),
                    None => dc.facts.remove(&key),
                };
            }
        });
    }

    /// Takes over the fleet in force and what was decided about versions; an older revision than
    /// the one known is ignored. Releases are read after the fleet they come with: so whoever
    /// knows a fleet knows every decision before it, and the sum of both revisions says how much
    /// is known.
    pub fn set_decided(&self, fleet: Option<(i64, Fleet)>, releases: Option<Releases>) {
        let mut changed = false;
        let mut state = self.write();
        if let Some(releases) = releases.filter(|new| new.revision > state.releases.revision) {
            state.releases = Arc::new(releases);
            changed = true;
        }
        if let Some((revision, fleet)) = fleet.filter(|new| new.0 > state.fleet_revision) {
            state.fleet = Arc::new(fleet);
            state.fleet_revision = revision;
            changed = true;
        }
        drop(state);
        if changed {
            self.version.send_modify(|version| *version += 1);
        }
    }

    /// Takes over the clock of the backup policies; whether it is another than the one known. It is
    /// read before the first fleet is, so that no backup is decided on without it.
    pub fn set_clock(&self, clock: PolicyClock) -> bool {
        let is_new = *self.read().clock != clock;
        if is_new {
            self.change(|state| state.clock = Arc::new(clock));
        }
        is_new
    }

    /// What agents carried out and the store does not know.
    pub fn set_rewound(&self, lost: Vec<Lost>) {
        if *self.read().rewound != *lost {
            self.change(|state| state.rewound = lost.into());
        }
    }

    /// Whether nothing may be decided because the store went back in time.
    pub fn is_rewound(&self) -> bool {
        !self.read().rewound.is_empty()
    }

    /// Every data centre of which something is known here.
    pub fn datacenters(&self) -> Vec<DatacenterId> {
        self.read().datacenters.keys().cloned().collect()
    }

    /// Forgets what a data centre reported.
    pub fn forget(&self, id: &DatacenterId) {
        self.change(|state| drop(state.datacenters.remove(id)));
    }

    /// Puts a fleet in force; an older revision than the one known is ignored.
    pub fn set_fleet(&self, revision: i64, fleet: Fleet) {
        self.set_decided(Some((revision, fleet)), None);
    }

    /// Revision of the fleet known here; 0: none.
    pub fn fleet_revision(&self) -> i64 {
        self.read().fleet_revision
    }

    /// Revision of the releases known here; 0: nothing was ever decided.
    pub fn releases_revision(&self) -> u64 {
        self.read().releases.revision
    }

    /// The revision of everything decided that is known here, as edges are told it; see
    /// [`mainstay_core::rollout::routing_revision`].
    pub fn decided_revision(&self) -> u64 {
        let state = self.read();
        state.releases.revision + u64::try_from(state.fleet_revision).unwrap_or(0)
    }

    /// Replaces the list of what waits for a second person, if it differs.
    pub fn set_approvals(&self, approvals: Vec<Approval>) {
        if *self.read().approvals != approvals {
            self.change(|state| state.approvals = approvals.into());
        }
    }

    /// Replaces the list of problems, if it differs.
    pub fn set_problems(&self, problems: Vec<Record>) {
        if *self.read().problems != problems {
            self.change(|state| state.problems = problems.into());
        }
    }

    /// Revision of the fleet's own runbooks known here; 0: none.
    pub fn runbooks_revision(&self) -> i64 {
        self.read().shelf.revision
    }

    /// Puts runbooks in force; an older revision than the one known is ignored.
    pub fn set_shelf(&self, shelf: Shelf) {
        if shelf.revision > self.runbooks_revision() {
            self.change(|state| state.shelf = Arc::new(shelf));
        }
    }

    /// Whether short links have to be read anew, given their revision in the store.
    pub fn aliases_are_old(&self, revision: i64, now: DateTime<Utc>) -> bool {
        let read = self.read().aliases_read;
        read.is_none_or(|(known, at)| known < revision || now - at >= ALIASES_PERIOD)
    }

    /// Takes over short links as they were read; older ones than known are ignored.
    pub fn set_aliases(&self, revision: i64, aliases: Aliases, now: DateTime<Utc>) {
        let mut state = self.write();
        if state.aliases_read.is_none_or(|(known, _)| known <= revision) {
            state.aliases = Arc::new(aliases);
            state.aliases_read = Some((revision, now));
        }
    }

    /// Since when the database does not answer, if it does not; see
    /// [`Snapshot::store_away_since`].
    pub fn store_away_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        away_since(self.read().store_read_at.unwrap_or(self.started_at), now)
    }

    /// Notes that the database answered.
    pub fn store_answered(&self, now: DateTime<Utc>) {
        self.write().store_read_at = Some(now);
    }

    /// How many instances of a service a data centre reported last.
    pub fn running(&self, service: &ServiceId, datacenter: &DatacenterId) -> u32 {
        let state = self.read();
        let instances = state.datacenters.get(datacenter).map(|dc| dc.instances.values());
        let count = instances.into_iter().flatten().filter(|i| i.service == *service).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.write());
        self.version.send_modify(|version| *version += 1);
    }

    // A panic while holding the lock leaves whole values behind, so a poisoned lock is usable.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
