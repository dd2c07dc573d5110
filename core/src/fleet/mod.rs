//! The fleet: what the enterprise declares to run, where, and in which order it recovers.
//!
//! Owns the model ([`Fleet`]), reading it from TOML ([`read`]) with every mistake found at once
//! ([`finding`]), and the difference between two fleets ([`diff`]). A [`Fleet`] in hand is valid:
//! its references resolve, its ids are unique, its services can be placed.

pub mod diff;
pub mod entry;
pub mod finding;
pub mod former;
pub mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::availability::Target;
use crate::backup::job::SqlCheck;
use crate::bench::Bench;
use crate::failover::routine::Routine;
use crate::id::{
    BenchId, DatabaseId, DatacenterId, EdgeId, GroupId, PlanId, PolicyId, RegionId, RoutineId,
    ServiceId,
};
use crate::planned::check::Check;
use crate::rollout::PlanTemplate;
use crate::routing::Limits;
use crate::traffic::decision::Mode;

/// Largest fleet file that is read, in bytes.
pub const FILE_MAX_BYTES: usize = 1024 * 1024;
/// Fewest nodes a service may declare (R3).
pub const NODES_MIN: u16 = 2;
/// Most nodes a service may declare for one data centre.
pub const NODES_MAX: u16 = 1_000;
/// Most instances a fleet may ask for, over all services and data centres.
pub const INSTANCES_MAX: u64 = 200_000;
/// Fewest data centres of a distributed service and of a database (R2, R8).
pub const DATACENTERS_MIN: usize = 2;

/// A valid fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// What the estate is called in the console's top bar, for example `production`.
    pub name: String,
    pub regions: BTreeMap<RegionId, Region>,
    pub datacenters: BTreeMap<DatacenterId, Datacenter>,
    pub groups: BTreeMap<GroupId, Group>,
    pub services: BTreeMap<ServiceId, Service>,
    pub databases: BTreeMap<DatabaseId, Database>,
    pub backup_policies: BTreeMap<PolicyId, BackupPolicy>,
    pub edges: BTreeMap<EdgeId, Edge>,
    #[serde(default)]
    pub benches: BTreeMap<BenchId, Bench>,
    #[serde(default)]
    pub rollout_plans: BTreeMap<PlanId, PlanTemplate>,
    /// Failovers that are tried out again and again.
    #[serde(default)]
    pub drills: BTreeMap<RoutineId, Routine>,
    /// What entries were called before.
    #[serde(default)]
    pub former: former::Former,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    pub name: String,
    /// IANA zone of the region's operating day.
    pub time_zone: chrono_tz::Tz,
    /// What the business has here; local services need it (R1).
    pub has: BTreeSet<LocalNeed>,
}

/// A thing of the physical business that a local service serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalNeed {
    Warehouses,
    Couriers,
}

impl LocalNeed {
    pub const ALL: [Self; 2] = [Self::Warehouses, Self::Couriers];

    /// Its key in a region's table, and its value in a service's.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Warehouses => "warehouses",
            Self::Couriers => "couriers",
        }
    }
}

impl fmt::Display for LocalNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datacenter {
    pub name: String,
    pub region: RegionId,
    pub vendor: Vendor,
    /// Its place in the file, 0 first: backups go over the data centres in this order (R23). A
    /// fleet stored before places were kept has 0 everywhere, and goes by id.
    #[serde(default)]
    pub position: u16,
    /// On its way out: nothing is placed here any more, so that what runs here drains; once it is
    /// empty its entry may be removed.
    #[serde(default)]
    pub retired: bool,
}

/// Whose infrastructure a data centre stands on (R4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    OnPremises,
    /// A cloud, by the vendor's name.
    Cloud(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    /// Order of recovery, 1 first (R5). Unique in a fleet.
    pub priority: u16,
    #[serde(default)]
    pub recovery: Recovery,
    /// What is done about a drop of its traffic in one data centre (R6).
    #[serde(default)]
    pub orchestrator: Mode,
    /// How available each of its services is to be; `None`: [`Target::default`].
    #[serde(default)]
    pub availability_target: Option<Target>,
    /// Whether a drill that repeats may move it with nobody there.
    #[serde(default)]
    pub automatic_drills: bool,
}

/// What is asked of the recovery of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Within how many minutes it is to be served again (RTO).
    pub rto_minutes: u16,
    /// How many seconds of writes may be lost at most (RPO).
    pub rpo_seconds: u16,
    /// Fewest data centres that are to serve each of its distributed services, also while another
    /// one is away.
    pub serving_least: u16,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { rto_minutes: 15, rpo_seconds: 30, serving_least: 1 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub group: GroupId,
    pub placement: Placement,
    /// Instances in each data centre where the service is placed; at least [`NODES_MIN`].
    pub nodes: u16,
    /// The version that should run.
    pub version: String,
    /// Whether users reach it directly (R2, R9).
    pub front: bool,
    /// Program and arguments for the `process` driver; empty: the agent's default program.
    pub command: Vec<String>,
    /// Path of the HTTP health check.
    pub health_path: String,
    /// On its way out: placed nowhere any more, so that every instance drains; once none runs its
    /// entry may be removed.
    #[serde(default)]
    pub retired: bool,
    /// How a new version of it comes.
    #[serde(default)]
    pub strategy: Strategy,
    /// The staging bench that a version must have passed; `None`: the default one
    /// ([`crate::bench::Bench::default`]).
    #[serde(default)]
    pub bench: Option<BenchId>,
    /// The plan of its rollouts; `None`: the default one of its strategy.
    #[serde(default)]
    pub rollout_plan: Option<PlanId>,
    /// What the edges let through to it.
    #[serde(default)]
    pub limits: Limits,
    /// What has to be there before it can serve.
    #[serde(default)]
    pub depends_on: Dependencies,
    /// Requests that one node can take in a second; `None`: nobody said.
    #[serde(default)]
    pub node_requests_per_second: Option<u16>,
    /// How available it is to be; `None`: as its group.
    #[serde(default)]
    pub availability_target: Option<Target>,
    /// Checks of a planned event that its rollouts belong to and wait for; empty: they need none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub requires_checks: BTreeSet<Check>,
}

/// What a service needs of others. An id that is a service's and a database's means both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependencies {
    pub services: BTreeSet<ServiceId>,
    pub databases: BTreeSet<DatabaseId>,
}

/// How a new version of a service comes (R9, R11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// With a growing share of real requests, compared with the old version.
    Canary,
    /// One node at a time, each tested before the next.
    #[default]
    Rolling,
}

/// Where a service runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Placement {
    /// In these data centres, at least two of which are not retired (R2). A file that names none
    /// means all; reading it puts them all here.
    Distributed { datacenters: BTreeSet<DatacenterId> },
    /// In the data centres of every region that has the need (R1), or of the named regions, each
    /// of which must have it.
    Local { needs: LocalNeed, regions: BTreeSet<RegionId> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub group: GroupId,
    /// Data centre of the primary, then of the standbys in order of preference.
    pub datacenters: Vec<DatacenterId>,
    pub policy: Option<PolicyId>,
    /// What lets it fail over; `None`: it runs in its first data centre alone.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// What a test restore asks the restored database.
    #[serde(default)]
    pub proof_checks: Vec<SqlCheck>,
}

/// A member in each data centre of a database, one of which leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cluster {
    Patroni {
        /// How far behind its leader a standby may be for a change of leaders about which nobody
        /// is asked.
        lag_max_bytes: u64,
    },
}

impl Cluster {
    /// One segment of the write-ahead log.
    pub const LAG_MAX_BYTES_DEFAULT: u64 = 16 * 1024 * 1024;

    /// Its value in a fleet file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Patroni { .. } => "patroni",
        }
    }

    pub const fn lag_max_bytes(self) -> u64 {
        match self {
            Self::Patroni { lag_max_bytes } => lag_max_bytes,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupPolicy {
    pub full: FullSchedule,
    /// Whether a differential is made on the days without a full.
    pub differential: bool,
    /// Local time of the database's region, minutes after midnight of the day on which the window
    /// begins: from, to. A window over midnight ends after minute 1,440.
    pub window_minutes: (u16, u16),
    pub retention_days: u16,
    pub rotation: Rotation,
    /// The local date from which "every N days" and the turns of the rotation are counted.
    #[serde(default = "BackupPolicy::origin_default")]
    pub origin: NaiveDate,
    /// How old a passed test restore may be, days.
    #[serde(default = "BackupPolicy::proof_max_age_days_default")]
    pub proof_max_age_days: u16,
    /// How many copies are to exist at any time, at least.
    #[serde(default = "BackupPolicy::copies_default")]
    pub copies: u16,
    /// In how many data centres they are to be, at least.
    #[serde(default = "BackupPolicy::copies_default")]
    pub copies_in: u16,
}

impl BackupPolicy {
    /// 1 January 2026. Fixed, so that a restart or a missed day never shifts a schedule.
    pub const fn origin_default() -> NaiveDate {
        const ORIGIN: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 1).expect("it is a date");
        ORIGIN
    }

    /// A week: within the retention that is usual, so that what was proven last still exists.
    pub const fn proof_max_age_days_default() -> u16 {
        7
    }

    /// Two copies, in two data centres: losing one loses no more than one.
    pub const fn copies_default() -> u16 {
        2
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FullSchedule {
    EveryDays(u16),
    Weekdays(Vec<Weekday>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// How copies go over the data centres in turn (R23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// A full and its differentials stay together; each full takes the next data centre.
    Chain,
    /// Every copy takes the next data centre.
    Literal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    pub region: RegionId,
    pub datacenter: DatacenterId,
}

impl Weekday {
    /// In the order of the week.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The day's name in a fleet file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl Strategy {
    pub const ALL: [Self; 2] = [Self::Canary, Self::Rolling];

    /// Its value in a fleet file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Rolling => "rolling",
        }
    }
}

impl Rotation {
    pub const ALL: [Self; 2] = [Self::Chain, Self::Literal];

    /// Its value in a fleet file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Literal => "literal",
        }
    }
}

impl FullSchedule {
    /// The longest time between two full copies, in days.
    pub fn longest_gap_days(&self) -> u16 {
        match self {
            Self::EveryDays(days) => *days,
            Self::Weekdays(days) => {
                let mut at: Vec<u16> = days.iter().map(|day| *day as u16).collect();
                at.sort_unstable();
                let next = at.iter().skip(1).copied();
                let wrapped = at.first().map(|first| first + 7);
                let ends = next.chain(wrapped);
                at.iter().zip(ends).map(|(from, to)| to - from).max().unwrap_or(0)
            }
        }
    }
}

impl Fleet {
    /// Data centres of a region, by id.
    pub fn datacenters_of<'a>(
        &'a self,
        region: &'a RegionId,
    ) -> impl Iterator<Item = (&'a DatacenterId, &'a Datacenter)> {
        self.datacenters.iter().filter(move |(_, dc)| dc.region == *region)
    }

    /// Data centres that take part in rotation, in the order of the file: all that are not retired
    /// (R23).
    pub fn turn(&self) -> Vec<&DatacenterId> {
        let mut turn: Vec<_> = self.datacenters.iter().filter(|(_, dc)| !dc.retired).collect();
        // By id where places are equal: the map is sorted and the sort is stable.
        turn.sort_by_key(|(_, datacenter)| datacenter.position);
        turn.into_iter().map(|(id, _)| id).collect()
    }

    /// How available a service is to be: as it says, else as its group.
    pub fn availability_target(&self, service: &ServiceId) -> Target {
        let service = self.services.get(service);
        let group = service.and_then(|service| self.groups.get(&service.group));
        let own = service.and_then(|service| service.availability_target);
        own.or_else(|| group?.availability_target).unwrap_or_default()
    }

    /// Services of a group, by id.
    pub fn services_of<'a>(
        &'a self,
        group: &'a GroupId,
    ) -> impl Iterator<Item = (&'a ServiceId, &'a Service)> {
        self.services.iter().filter(move |(_, service)| service.group == *group)
    }

    /// Groups in the order in which they recover (R5).
    pub fn groups_by_priority(&self) -> Vec<(&GroupId, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(id, group)| (group.priority, (*id).clone()));
        groups
    }
}
