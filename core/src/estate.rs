//! The estate: what agents observed, and what it means.
//!
//! Invariant: unknown is a state. An instance of a data centre that has fallen silent is unknown,
//! whatever it was when last heard of; it is never shown healthy and never counted as dead.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::audit::Conflict;
use crate::backup::clock::{Pace, PolicyClock};
use crate::backup::kept::Kept;
use crate::backup::work::{DatabaseReport, WorkReport};
use crate::bench::TestReport;
use crate::cluster::MemberReport;
use crate::deployment::{Slot, Track};
use crate::fence::Token;
use crate::fleet::Fleet;
use crate::id::{DatabaseId, DatacenterId, InstanceId, ServiceId};
use crate::release::Releases;
use crate::rewind::Lost;
use crate::status::{Status, Tally};

/// How often an agent reports when nothing changed; changes are sent at once, batched over at
/// most a fifth of this.
pub const REPORT_PERIOD: TimeDelta = TimeDelta::seconds(1);
/// Reports missed before a data centre counts as silent.
pub const MISSED_REPORTS: i32 = 3;

/// One instance as its agent last saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    pub service: ServiceId,
    pub version: String,
    pub state: InstanceState,
    /// When it entered `state`, by the agent's clock.
    pub since: DateTime<Utc>,
    /// Times it was started again after dying, since it was created.
    pub restarts: u32,
    /// Thousandths of one core, over the last report period; `None`: not measured yet.
    pub cpu_millicores: Option<u32>,
    /// Resident memory; `None`: not measured yet.
    pub memory_bytes: Option<u64>,
    /// Where it answers, `address:port`, once known.
    pub endpoint: Option<String>,
    /// Process id, container id or Pod uid in the driver's own terms.
    pub handle: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum InstanceState {
    /// Started, and not yet healthy for the first time.
    Starting,
    /// Answers its health check.
    Serving,
    /// Runs, and does not answer its health check as it should.
    Unhealthy { cause: Cause },
    /// Died; it is started again at the given time.
    Waiting { cause: Cause, retry_at: DateTime<Utc> },
    /// Asked to stop; finishing its requests.
    Draining,
}

/// Why an instance does not serve.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cause {
    /// The process ended with this exit code.
    Exited { code: i32 },
    /// The process was ended by this signal number.
    Killed { signal: i32 },
    /// The process is gone and nobody saw how (it died while no agent was there to watch).
    Vanished,
    /// The program could not be started.
    NotStarted { message: String },
    /// The health check answered with this HTTP status.
    HealthStatus { code: u16 },
    /// The health check did not answer in this time.
    HealthTimeout { after_ms: u32 },
    /// The connection for the health check failed.
    HealthRefused { message: String },
}

impl InstanceState {
    /// What the state means while its agent is heard.
    pub const fn status(&self) -> Status {
        match self {
            Self::Starting => Status::Updating,
            Self::Serving => Status::Healthy,
            Self::Unhealthy { .. } | Self::Waiting { .. } => Status::Failing,
            Self::Draining => Status::Planned,
        }
    }

    /// The cause, where the state has one.
    pub const fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Unhealthy { cause } | Self::Waiting { cause, .. } => Some(cause),
            Self::Starting | Self::Serving | Self::Draining => None,
        }
    }
}

/// What an agent was last told to run of one service, as it acknowledged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub service: ServiceId,
    #[serde(default)]
    pub track: Track,
    pub version: String,
    pub nodes: u16,
    /// Program, arguments and health path, as one fingerprint.
    pub template: String,
    /// The decision the agent accepted last for this service.
    pub token: Token,
}

/// Everything known about one data centre.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatacenterState {
    /// When its agent was last heard, by the server's clock; `None`: never.
    pub last_seen: Option<DateTime<Utc>>,
    /// Whether an agent's stream is open right now at some server.
    pub connected: bool,
    /// Version of the agent program.
    pub agent_version: Option<String>,
    /// The audit log is not the one that this agent witnessed.
    pub conflict: Option<Conflict>,
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    pub deployments: BTreeMap<Slot, Deployment>,
    pub facts: BTreeMap<FactKey, Arc<Fact>>,
}

impl DatacenterState {
    /// A test that was asked for here, and how it went.
    pub fn test(&self, id: &str) -> Option<&TestReport> {
        match self.facts.get(&FactKey::Test(id.to_owned()))?.as_ref() {
            Fact::Test(report) => Some(report),
            Fact::Work(_) | Fact::Database(_) | Fact::Member(_) => None,
        }
    }

    /// Work on a database that was asked for here, and how it goes.
    pub fn work(&self, id: &str) -> Option<&WorkReport> {
        match self.facts.get(&FactKey::Work(id.to_owned()))?.as_ref() {
            Fact::Work(report) => Some(report),
            Fact::Test(_) | Fact::Database(_) | Fact::Member(_) => None,
        }
    }

    /// What the agent here sees of a database.
    pub fn database(&self, id: &DatabaseId) -> Option<&DatabaseReport> {
        match self.facts.get(&FactKey::Database(id.clone()))?.as_ref() {
            Fact::Database(report) => Some(report),
            Fact::Test(_) | Fact::Work(_) | Fact::Member(_) => None,
        }
    }

    /// The member of a database's cluster here, as its agent sees it.
    pub fn member(&self, id: &DatabaseId) -> Option<&MemberReport> {
        match self.facts.get(&FactKey::Member(id.clone()))?.as_ref() {
            Fact::Member(report) => Some(report),
            Fact::Test(_) | Fact::Work(_) | Fact::Database(_) => None,
        }
    }
}

/// What an agent tells beside what it runs, each under a key that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[allow(clippy::large_enum_variant, reason = "each is kept behind a pointer of its own")]
pub enum Fact {
    Test(TestReport),
    Work(WorkReport),
    Database(DatabaseReport),
    Member(MemberReport),
}

impl Fact {
    pub fn key(&self) -> FactKey {
        match self {
            Self::Test(report) => FactKey::Test(report.id.clone()),
            Self::Work(report) => FactKey::Work(report.work.id().to_owned()),
            Self::Database(report) => FactKey::Database(report.database.clone()),
            Self::Member(report) => FactKey::Member(report.database.clone()),
        }
    }
}

/// Written `test/ID`, `work/ID`, `database/ID`, `member/ID`; the last two by database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKey {
    Test(String),
    Work(String),
    Database(DatabaseId),
    Member(DatabaseId),
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(id) => write!(f, "test/{id}"),
            Self::Work(id) => write!(f, "work/{id}"),
            Self::Database(id) => write!(f, "database/{id}"),
            Self::Member(id) => write!(f, "member/{id}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fact's key is written test/ID, work/ID, database/ID or member/ID")]
pub struct FactKeyError;

impl FromStr for FactKey {
    type Err = FactKeyError;

    fn from_str(text: &str) -> Result<Self, FactKeyError> {
        let (kind, id) = text.split_once('/').ok_or(FactKeyError)?;
        match kind {
            "test" => Ok(Self::Test(id.to_owned())),
            "work" => Ok(Self::Work(id.to_owned())),
            "database" => id.parse().map(Self::Database).map_err(|_| FactKeyError),
            "member" => id.parse().map(Self::Member).map_err(|_| FactKeyError),
            _ => Err(FactKeyError),
        }
    }
}

/// Whether what we know of a data centre is fresh enough to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Contact {
    /// No agent ever reported from there.
    Never,
    /// Reports arrive.
    Reporting,
    /// Reports stopped; everything there is unknown since.
    Silent { since: DateTime<Utc> },
}

impl DatacenterState {
    /// Judges the age of the last report. A report from the future (clock stepped back) is fresh.
    pub fn contact(&self, now: DateTime<Utc>) -> Contact {
        match self.last_seen {
            None => Contact::Never,
            Some(seen) if now - seen > REPORT_PERIOD * MISSED_REPORTS => {
                Contact::Silent { since: seen }
            }
            Some(_) => Contact::Reporting,
        }
    }
}

impl Contact {
    /// The status of an instance there, given its own state.
    pub const fn status_of(self, state: &InstanceState) -> Status {
        match self {
            Self::Reporting => state.status(),
            Self::Never | Self::Silent { .. } => Status::Unknown,
        }
    }
}

/// The whole estate at one moment; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    pub fleet: Arc<Fleet>,
    /// Revision of the fleet in the store; 0: none applied yet.
    pub fleet_revision: i64,
    /// Which version of each service is stable, and the rollouts that are not over.
    pub releases: Arc<Releases>,
    pub datacenters: BTreeMap<DatacenterId, Arc<DatacenterState>>,
    /// When this picture was taken; ages and contact are judged against it.
    pub at: DateTime<Utc>,
    /// How `at` maps to the time of the backup policies.
    pub clock: Arc<PolicyClock>,
    /// How fast the days of the policies pass now.
    pub pace: Pace,
    /// What agents carried out and the store does not know; while there is any, nothing is decided.
    pub rewound: Arc<[Lost]>,
}

impl Estate {
    /// Whether and since when the data centre is heard.
    pub fn contact(&self, datacenter: &DatacenterId) -> Contact {
        self.datacenters.get(datacenter).map_or(Contact::Never, |dc| dc.contact(self.at))
    }

    /// Where a database runs as an agent says, and what that agent sees of it: of several the one
    /// that is heard, then the first in the order of the fleet. A leader that was lost says for
    /// ever that it runs. It may be an old picture: see [`Self::contact`].
    pub fn database(&self, id: &DatabaseId) -> Option<(&DatacenterId, &DatabaseReport)> {
        let declared = self.fleet.databases.get(id)?;
        let hosts = declared.datacenters.iter().filter_map(|datacenter| {
            let report = self.datacenters.get(datacenter)?.database(id)?;
            report.hosts.then_some((datacenter, report))
        });
        hosts.min_by_key(|(datacenter, _)| match self.contact(datacenter) {
            Contact::Reporting => 0,
            Contact::Silent { .. } | Contact::Never => 1,
        })
    }

    /// Restored copies of a database that stay, with where that is, by data centre.
    pub fn kept<'a>(
        &'a self,
        id: &'a DatabaseId,
    ) -> impl Iterator<Item = (&'a DatacenterId, &'a Kept)> {
        let told = self.datacenters.iter();
        let told = told.filter_map(|(datacenter, state)| Some((datacenter, state.database(id)?)));
        told.flat_map(|(datacenter, report)| report.kept.iter().map(move |it| (datacenter, it)))
    }

    /// The same in the time of the backup policies: `at` and what agents tell of databases. All
    /// that is decided and shown of backups is decided and shown of this. Contact is as it was;
    /// instances keep real time and do not belong here.
    pub fn in_policy_time(&self) -> Cow<'_, Self> {
        if self.clock.is_real() {
            return Cow::Borrowed(self);
        }
        let at = self.clock.to_policy(self.at);
        let state = |(id, state): (&DatacenterId, &Arc<DatacenterState>)| {
            let mut state = DatacenterState::clone(state);
            // The age of a report is real: it says whether its agent is heard.
            state.last_seen = state.last_seen.map(|seen| at - (self.at - seen));
            for fact in state.facts.values_mut() {
                if let Some(told) = self.clock.told(fact) {
                    *fact = Arc::new(told);
                }
            }
            (id.clone(), Arc::new(state))
        };
        let datacenters = self.datacenters.iter().map(state).collect();
        Cow::Owned(Self { at, clock: Arc::default(), datacenters, ..self.clone() })
    }

    /// Every instance with its data centre and effective status.
    pub fn instances(&self) -> impl Iterator<Item = (&DatacenterId, &Arc<Instance>, Status)> {
        self.datacenters.iter().flat_map(|(dc, state)| {
            let contact = state.contact(self.at);
            state.instances.values().map(move |i| (dc, i, contact.status_of(&i.state)))
        })
    }

    /// One instance by id, with its data centre and effective status.
    pub fn instance(&self, id: &InstanceId) -> Option<(&DatacenterId, &Arc<Instance>, Status)> {
        self.datacenters.iter().find_map(|(dc, state)| {
            let instance = state.instances.get(id)?;
            Some((dc, instance, state.contact(self.at).status_of(&instance.state)))
        })
    }

    /// Instances of one service in one data centre, by id, with their effective status.
    pub fn cell<'a>(
        &'a self,
        service: &'a ServiceId,
        datacenter: &DatacenterId,
    ) -> impl Iterator<Item = (&'a Arc<Instance>, Status)> {
        let state = self.datacenters.get(datacenter);
        let contact = state.map_or(Contact::Never, |dc| dc.contact(self.at));
        state
            .into_iter()
            .flat_map(|dc| dc.instances.values())
            .filter(move |instance| instance.service == *service)
            .map(move |instance| (instance, contact.status_of(&instance.state)))
    }

    /// Counts of every (service, data centre) pair that has instances: one pass over the estate.
    pub fn tallies(&self) -> BTreeMap<(ServiceId, DatacenterId), Tally> {
        let mut cells: BTreeMap<(ServiceId, DatacenterId), Tally> = BTreeMap::new();
        for (dc, instance, status) in self.instances() {
            cells.entry((instance.service.clone(), dc.clone())).or_default().add(status);
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
    }

    #[test]
    fn silence_is_unknown_and_only_after_three_missed_reports() {
        let heard = DatacenterState { last_seen: Some(at(100)), ..Default::default() };
        for (now, contact) in [
            (99, Contact::Reporting),
            (103, Contact::Reporting),
            (104, Contact::Silent { since: at(100) }),
        ] {
            assert_eq!(heard.contact(at(now)), contact, "at {now}");
        }
        assert_eq!(DatacenterState::default().contact(at(0)), Contact::Never);
    }

    #[test]
    fn a_silent_data_centre_makes_even_a_dead_instance_unknown() {
        let dead = InstanceState::Waiting { cause: Cause::Vanished, retry_at: at(0) };
        for state in [InstanceState::Serving, dead] {
            assert_eq!(Contact::Silent { since: at(0) }.status_of(&state), Status::Unknown);
            assert_eq!(Contact::Never.status_of(&state), Status::Unknown);
            assert_eq!(Contact::Reporting.status_of(&state), state.status());
        }
    }
}
