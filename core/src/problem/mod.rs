//! Problems: what needs a person's attention, found from the fleet and the estate.
//!
//! A problem's key is made of what it is about and never of numbers, so that the same trouble is
//! the same problem from its beginning to its end.

mod approvals;
mod backups;
mod damping;
mod failover;
mod kind;
mod record;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use approvals::waiting;
pub use backups::{Proofs, Shown, Trouble};
pub use damping::{
    CLOSE_AFTER, CLOSE_FLAPPING_AFTER, FLAP_WINDOW, FLAPS, OPEN_AFTER, OPEN_BACKUP_AFTER,
    OPEN_GONE_AFTER, OPEN_SILENT_AFTER, OPEN_STANDBY_AFTER, OPEN_UNSEEN_AFTER, Step, Tracker,
};
pub use kind::Kind;
pub use record::{Places, Record, Snooze};

use crate::approval::{ApprovalId, Subject};
use crate::audit::Conflict;
use crate::audit::check::Broken;
use crate::availability::burn::Speed;
use crate::cluster::decide::Reason;
use crate::estate::{Cause, Contact, Estate};
use crate::failover::RunId;
use crate::failover::stuck::Stuck;
use crate::fleet::{Placement, Service};
use crate::id::{AliasId, DatabaseId, DatacenterId, EdgeId, GroupId, RegionId, ServiceId};
use crate::notify::ChannelId;
use crate::placement;
use crate::rollout::{EdgeFact, PauseReason, RolloutId, StopReason};
use crate::status::{Status, Tally};

/// What is wrong, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Problem {
    /// A data centre stopped reporting; what runs there is unknown.
    DatacenterSilent { datacenter: DatacenterId, since: DateTime<Utc>, instances: u32 },
    /// A data centre of the fleet has no agent yet.
    DatacenterNeverSeen { datacenter: DatacenterId },
    /// Instances of a service fail in one data centre.
    InstancesFailing {
        service: ServiceId,
        datacenter: DatacenterId,
        failing: u32,
        total: u32,
        cause: Option<Cause>,
    },
    /// A service that belongs in a data centre has fewer nodes that serve than it must (R3).
    TooFewNodes { service: ServiceId, datacenter: DatacenterId, serving: u32, wanted: u16 },
    /// A service runs where the fleet does not place it: a local service in a region that lacks
    /// what it serves (R1), or a leftover.
    Misplaced { service: ServiceId, datacenter: DatacenterId, instances: u32, local: bool },
    /// A distributed service serves from one data centre only: losing it would be felt (R2).
    OneDatacenterLeft { service: ServiceId, datacenter: DatacenterId },
    /// A service serves nowhere.
    ServiceDown { service: ServiceId },
    /// Several versions run in one data centre and no update is in progress.
    MixedVersions { service: ServiceId, datacenter: DatacenterId, versions: Vec<String> },
    /// A witness of the audit log holds a checkpoint that the log does not continue.
    AuditConflict { datacenter: DatacenterId, conflict: Conflict },
    /// The audit log is not what was signed: the leader read it and found so.
    AuditBroken { broken: Broken },
    /// A rollout stands still until a person says what next.
    RolloutPaused { service: ServiceId, rollout: RolloutId, version: String, why: PauseReason },
    /// A way back waits for the old version's instances, and users are on the version they left.
    RollbackStuck { service: ServiceId, rollout: RolloutId, from: String, to: String },
    /// A rollout takes, or took, its version back without being asked.
    RolledBack {
        service: ServiceId,
        rollout: RolloutId,
        version: String,
        why: StopReason,
        /// `None`: requests still leave the version, or wait until the old one is up.
        undo_until: Option<DateTime<Utc>>,
    },
    /// An edge does not carry out what it was told; `message` is the proxy's own words.
    EdgeRefuses { edge: EdgeId, message: String },
    /// An edge of the fleet is not connected, so that nothing it is to be told reaches it.
    EdgeGone {
        edge: EdgeId,
        region: RegionId,
        /// `None`: it never was, as far as is known.
        since: Option<DateTime<Utc>>,
        /// How many edges of its region are connected.
        connected: u32,
    },
    /// A failover stands still until a person says what next.
    FailoverWaits { run: RunId, lose: String, why: String },
    /// Something waits for a second person (see [`crate::approval`]).
    ApprovalWaits { approval: ApprovalId, subject: Subject, by: String, until: DateTime<Utc> },
    /// Something was done in an emergency, and nobody else has looked at it yet; `late`: past the
    /// time within which somebody has to.
    ReviewWaits {
        approval: ApprovalId,
        subject: Subject,
        by: String,
        until: DateTime<Utc>,
        late: bool,
    },
    /// Steps of a failover run longer than steps of their kind ever did; not empty.
    FailoverStuck { run: RunId, lose: String, steps: Vec<Stuck> },
    /// The traffic of a group dropped in one data centre and not in the others (R6).
    TrafficDropped { datacenter: DatacenterId, group: GroupId, missing_percent: u8 },
    /// A standby could not take over from its leader without a loss.
    StandbyNotReady { database: DatabaseId, datacenter: DatacenterId, reason: Reason },
    /// The error budget of a service is used up too fast: at least `rate` times as fast as it may.
    BudgetBurns { service: ServiceId, speed: Speed, window_minutes: u32, rate: u32 },
    /// A short link that was used lately leads nowhere.
    AliasDead { alias: AliasId, target: String },
    /// The state store went back in time: agents carried out what it does not know. Nothing is
    /// decided until a person says so.
    StoreRewound { datacenters: Vec<DatacenterId>, lost: u32 },
    /// What a channel is to tell does not arrive; `stopped`: its receiver is gone for good.
    NotificationsFail { channel: ChannelId, name: String, since: DateTime<Utc>, stopped: bool },
    /// The copies of a database are not what they should be.
    Backup { database: DatabaseId, trouble: Trouble },
}

impl Problem {
    /// Stable key, also the last part of its address: `failing-feed-api-in-fra1`.
    pub fn key(&self) -> String {
        match self {
            Self::DatacenterSilent { datacenter, .. } => format!("silent-{datacenter}"),
            Self::DatacenterNeverSeen { datacenter } => format!("never-seen-{datacenter}"),
            Self::InstancesFailing { service, datacenter, .. } => {
                format!("failing-{service}-in-{datacenter}")
            }
            Self::TooFewNodes { service, datacenter, .. } => {
                format!("too-few-{service}-in-{datacenter}")
            }
            Self::Misplaced { service, datacenter, .. } => {
                format!("misplaced-{service}-in-{datacenter}")
            }
            Self::OneDatacenterLeft { service, .. } => format!("one-left-{service}"),
            Self::ServiceDown { service } => format!("down-{service}"),
            Self::MixedVersions { service, datacenter, .. } => {
                format!("mixed-{service}-in-{datacenter}")
            }
            Self::AuditConflict { datacenter, .. } => format!("audit-conflict-{datacenter}"),
            Self::AuditBroken { .. } => "audit-broken".to_owned(),
            Self::RolloutPaused { rollout, .. } => format!("paused-{rollout}"),
            Self::RolledBack { rollout, .. } => format!("rolled-back-{rollout}"),
            Self::RollbackStuck { rollout, .. } => format!("rollback-stuck-{rollout}"),
            Self::EdgeRefuses { edge, .. } => format!("edge-refuses-{edge}"),
            Self::EdgeGone { edge, .. } => format!("edge-gone-{edge}"),
            Self::FailoverWaits { run, .. } => format!("failover-waits-{run}"),
            Self::ApprovalWaits { approval, .. } | Self::ReviewWaits { approval, .. } => {
                format!("waits-{approval}")
            }
            Self::FailoverStuck { run, .. } => format!("failover-stuck-{run}"),
            Self::TrafficDropped { datacenter, group, .. } => {
                format!("dropped-{group}-in-{datacenter}")
            }
            Self::StandbyNotReady { database, datacenter, .. } => {
                format!("standby-{database}-in-{datacenter}")
            }
            Self::BudgetBurns { service, .. } => format!("budget-{service}"),
            Self::AliasDead { alias, .. } => format!("alias-dead-{alias}"),
            Self::StoreRewound { .. } => "store-rewound".to_owned(),
            Self::NotificationsFail { channel, .. } => format!("notifications-{channel}"),
            Self::Backup { database, trouble } => trouble.key(database),
        }
    }

    /// Whether it is about what runs where, and not about copies or rollouts.
    pub const fn about_topology(&self) -> bool {
        self.about_database().is_none()
            && !matches!(
                self,
                Self::RolloutPaused { .. }
                    | Self::ApprovalWaits { .. }
                    | Self::ReviewWaits { .. }
                    | Self::BudgetBurns { .. }
                    | Self::AliasDead { .. }
                    | Self::AuditBroken { .. }
                    | Self::StoreRewound { .. }
                    | Self::NotificationsFail { .. }
            )
            && !self.about_failover()
    }

    /// Whether it is about failovers, or stands in the way of one.
    pub const fn about_failover(&self) -> bool {
        matches!(
            self,
            Self::FailoverWaits { .. }
                | Self::FailoverStuck { .. }
                | Self::TrafficDropped { .. }
                | Self::StandbyNotReady { .. }
        )
    }

    /// The database whose copies it is about.
    pub const fn about_database(&self) -> Option<&DatabaseId> {
        match self {
            Self::Backup { database, .. } => Some(database),
            Self::DatacenterSilent { .. }
            | Self::DatacenterNeverSeen { .. }
            | Self::InstancesFailing { .. }
            | Self::TooFewNodes { .. }
            | Self::Misplaced { .. }
            | Self::OneDatacenterLeft { .. }
            | Self::ServiceDown { .. }
            | Self::MixedVersions { .. }
            | Self::AuditConflict { .. }
            | Self::AuditBroken { .. }
            | Self::RolloutPaused { .. }
            | Self::RollbackStuck { .. }
            | Self::RolledBack { .. }
            | Self::EdgeRefuses { .. }
            | Self::EdgeGone { .. }
            | Self::FailoverWaits { .. }
            | Self::ApprovalWaits { .. }
            | Self::ReviewWaits { .. }
            | Self::FailoverStuck { .. }
            | Self::TrafficDropped { .. }
            | Self::BudgetBurns { .. }
            | Self::StandbyNotReady { .. }
            | Self::StoreRewound { .. }
            | Self::AliasDead { .. }
            | Self::NotificationsFail { .. } => None,
        }
    }

    /// The service and the data centre it is about, where it is about one.
    pub const fn about(&self) -> (Option<&ServiceId>, Option<&DatacenterId>) {
        match self {
            Self::DatacenterSilent { datacenter, .. }
            | Self::DatacenterNeverSeen { datacenter } => (None, Some(datacenter)),
            Self::InstancesFailing { service, datacenter, .. }
            | Self::TooFewNodes { service, datacenter, .. }
            | Self::Misplaced { service, datacenter, .. }
            | Self::OneDatacenterLeft { service, datacenter }
            | Self::MixedVersions { service, datacenter, .. } => (Some(service), Some(datacenter)),
            Self::ServiceDown { service }
            | Self::BudgetBurns { service, .. }
            | Self::RolloutPaused { service, .. }
            | Self::RollbackStuck { service, .. }
            | Self::RolledBack { service, .. } => (Some(service), None),
            Self::Backup { trouble, .. } => (None, trouble.datacenter()),
            Self::StandbyNotReady { datacenter, .. } | Self::TrafficDropped { datacenter, .. } => {
                (None, Some(datacenter))
            }
            Self::AuditConflict { .. }
            | Self::AuditBroken { .. }
            | Self::EdgeRefuses { .. }
            | Self::EdgeGone { .. }
            | Self::ApprovalWaits { .. }
            | Self::ReviewWaits { .. }
            | Self::FailoverWaits { .. }
            | Self::FailoverStuck { .. }
            | Self::StoreRewound { .. }
            | Self::AliasDead { .. }
            | Self::NotificationsFail { .. } => (None, None),
        }
    }

    /// How bad it is; the list is sorted by it.
    pub const fn status(&self) -> Status {
        match self {
            Self::InstancesFailing { .. }
            | Self::ServiceDown { .. }
            | Self::AuditConflict { .. }
            | Self::AuditBroken { .. }
            | Self::StoreRewound { .. }
            | Self::RollbackStuck { .. }
            | Self::EdgeRefuses { .. }
            | Self::FailoverWaits { .. }
            | Self::ApprovalWaits { subject: Subject::Failover { .. }, .. }
            | Self::ApprovalWaits { subject: Subject::Force { .. }, .. }
            | Self::ApprovalWaits { subject: Subject::Override { .. }, .. }
            | Self::ReviewWaits { late: true, .. }
            | Self::FailoverStuck { .. }
            | Self::TrafficDropped { .. }
            | Self::NotificationsFail { .. }
            | Self::BudgetBurns { speed: Speed::Page, .. }
            | Self::EdgeGone { connected: 0, .. } => Status::Failing,
            Self::TooFewNodes { .. }
            | Self::Misplaced { .. }
            | Self::OneDatacenterLeft { .. }
            | Self::ApprovalWaits { .. }
            | Self::ReviewWaits { late: false, .. }
            | Self::MixedVersions { .. }
            | Self::RolloutPaused { .. }
            | Self::RolledBack { .. }
            | Self::StandbyNotReady { .. }
            | Self::BudgetBurns { speed: Speed::Ticket, .. }
            | Self::AliasDead { .. }
            | Self::EdgeGone { .. } => Status::Degraded,
            Self::Backup { trouble, .. } => trouble.status(),
            Self::DatacenterSilent { .. } | Self::DatacenterNeverSeen { .. } => Status::Unknown,
        }
    }
}

/// Every problem of the estate, of its edges and of its copies at this moment, worst first, then by
/// key. `edges`: how they stand; one that never connected may be absent.
pub fn find(estate: &Estate, edges: &BTreeMap<EdgeId, EdgeFact>, proofs: &Proofs) -> Vec<Problem> {
    let cells = estate.tallies();
    let mut problems = datacenter_problems(estate);
    for (id, service) in &estate.fleet.services {
        service_problems(estate, &cells, id, service, &mut problems);
    }
    leftovers(estate, &cells, &mut problems);
    problems.extend(audit_conflicts(estate));
    problems.extend(rewound(estate));
    problems.extend(traffic::rollouts(estate));
    problems.extend(traffic::edges(estate, edges));
    problems.extend(failover::runs(estate));
    problems.extend(failover::standbys(estate));
    problems.extend(backups::find(&estate.in_policy_time(), proofs));
    problems.sort_by_cached_key(|problem| (problem.status(), problem.key()));
    // Two shortfalls may be one problem.
    problems.dedup_by_key(|problem| problem.key());
    problems
}

type Cells = BTreeMap<(ServiceId, DatacenterId), Tally>;

fn datacenter_problems(estate: &Estate) -> Vec<Problem> {
    let known = estate.fleet.datacenters.iter();
    known
        .filter_map(|(id, declared)| match estate.contact(id) {
            Contact::Reporting => None,
            // It was forgotten, and waits for the fleet to drop it.
            Contact::Never if declared.retired => None,
            Contact::Never => Some(Problem::DatacenterNeverSeen { datacenter: id.clone() }),
            Contact::Silent { since } => Some(Problem::DatacenterSilent {
                datacenter: id.clone(),
                since,
                instances: estate.datacenters.get(id).map_or(0, |dc| dc.instances.len() as u32),
            }),
        })
        .collect()
}

/// Problems of one service where it belongs. A data centre that is not heard gives none of its
/// own: what runs there is unknown, and its silence is a problem already.
fn service_problems(
    estate: &Estate,
    cells: &Cells,
    id: &ServiceId,
    service: &Service,
    problems: &mut Vec<Problem>,
) {
    let placed = placement::datacenters(&estate.fleet, service);
    let mut serving_in = BTreeSet::new();
    let mut unknown = false;
    for datacenter in &placed {
        if estate.contact(datacenter) != Contact::Reporting {
            unknown = true;
            continue;
        }
        let tally = cells.get(&(id.clone(), datacenter.clone())).copied().unwrap_or_default();
        let serving: u32 =
            tally.present().filter(|(status, _)| status.is_available()).map(|(_, n)| n).sum();
        if serving > 0 {
            serving_in.insert(datacenter.clone());
        }
        cell_problems(estate, id, service, datacenter, tally, serving, problems);
    }
    if placed.is_empty() || unknown {
        return;
    }
    let distributed = matches!(service.placement, Placement::Distributed { .. });
    match (serving_in.len(), serving_in.into_iter().next()) {
        (1, Some(datacenter)) if distributed => {
            problems.push(Problem::OneDatacenterLeft { service: id.clone(), datacenter });
        }
        (0, _) => problems.push(Problem::ServiceDown { service: id.clone() }),
        _ => {}
    }
}

fn cell_problems(
    estate: &Estate,
    id: &ServiceId,
    service: &Service,
    datacenter: &DatacenterId,
    tally: Tally,
    serving: u32,
    problems: &mut Vec<Problem>,
) {
    let updating = tally.get(Status::Updating) + tally.get(Status::Planned) > 0;
    let failing = tally.get(Status::Failing);
    if failing > 0 {
        let cause =
            estate.cell(id, datacenter).find_map(|(instance, _)| instance.state.cause().cloned());
        problems.push(Problem::InstancesFailing {
            service: id.clone(),
            datacenter: datacenter.clone(),
            failing,
            total: tally.total(),
            cause,
        });
    }
    if serving < u32::from(service.nodes) && failing == 0 && !updating {
        problems.push(Problem::TooFewNodes {
            service: id.clone(),
            datacenter: datacenter.clone(),
            serving,
            wanted: service.nodes,
        });
    }
    let versions: BTreeSet<_> =
        estate.cell(id, datacenter).map(|(instance, _)| instance.version.clone()).collect();
    // Both versions of a rollout may run at once.
    let rollout = estate.releases.rollouts.get(id).map(|rollout| &rollout.plan);
    let known =
        |version: &String| rollout.is_some_and(|plan| plan.from == *version || plan.to == *version);
    let mixed = versions.len() > 1 && !versions.iter().all(known);
    if mixed && !updating && failing == 0 {
        problems.push(Problem::MixedVersions {
            service: id.clone(),
            datacenter: datacenter.clone(),
            versions: versions.into_iter().collect(),
        });
    }
}

/// Instances where the fleet places none (R1 for local services).
fn leftovers(estate: &Estate, cells: &Cells, problems: &mut Vec<Problem>) {
    for ((service, datacenter), tally) in cells {
        let declared = estate.fleet.services.get(service);
        let placed =
            declared.is_some_and(|s| placement::datacenters(&estate.fleet, s).contains(datacenter));
        // Nodes that stand in for others after a failover belong there meanwhile.
        let stands_in = estate.releases.standing.extra(service, datacenter) > 0;
        if placed || stands_in || estate.contact(datacenter) != Contact::Reporting {
            continue;
        }
        // What drains on its way out is leaving as it should.
        let leaving = tally.get(Status::Planned);
        if tally.total() > leaving {
            problems.push(Problem::Misplaced {
                service: service.clone(),
                datacenter: datacenter.clone(),
                instances: tally.total() - leaving,
                local: declared.is_some_and(|s| matches!(s.placement, Placement::Local { .. })),
            });
        }
    }
}

fn rewound(estate: &Estate) -> Option<Problem> {
    let lost = &estate.rewound;
    let places: BTreeSet<_> = lost.iter().map(|lost| lost.datacenter.clone()).collect();
    let count = u32::try_from(lost.len()).unwrap_or(u32::MAX);
    let problem = Problem::StoreRewound { datacenters: places.into_iter().collect(), lost: count };
    (!lost.is_empty()).then_some(problem)
}

/// What a witness found stands while it is silent, and where the fleet no longer has its data
/// centre.
fn audit_conflicts(estate: &Estate) -> impl Iterator<Item = Problem> {
    estate.datacenters.iter().filter_map(|(datacenter, state)| {
        let (datacenter, conflict) = (datacenter.clone(), state.conflict.clone()?);
        Some(Problem::AuditConflict { datacenter, conflict })
    })
}

#[cfg(test)]
mod tests;
