//! What is known of the estate when a plan is made: who is heard, what runs where, who leads.
//!
//! Also the form of `--state FILE` (JSON). Invariant: what is not there is not known; nothing
//! stands for zero or for healthy.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cluster::{MemberReport, Role, State, decide};
use crate::estate::{Contact, Estate};
use crate::fleet::Fleet;
use crate::id::{DatabaseId, DatacenterId, ServiceId};
use crate::status::Status;

/// The estate as far as a failover asks. The file's tables may all be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// A data centre that is not named is unknown.
    #[serde(default)]
    pub datacenters: BTreeMap<DatacenterId, Place>,
    #[serde(default)]
    pub services: BTreeMap<ServiceId, BTreeMap<DatacenterId, Cell>>,
    #[serde(default)]
    pub databases: BTreeMap<DatabaseId, DatabaseState>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub contact: Heard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    Reporting,
    Silent,
    Never,
}

/// A service in a data centre.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Instances that answer; `None`: not known.
    #[serde(default)]
    pub serving: Option<u16>,
    /// Requests answered there in a second, lately.
    #[serde(default)]
    pub requests_per_second: Option<f64>,
}

/// A database that can fail over, as its members are seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseState {
    /// Where the leader is; `None`: not known.
    #[serde(default)]
    pub leader: Option<DatacenterId>,
    #[serde(default)]
    pub members: BTreeMap<DatacenterId, Member>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Whether it follows the leader without a break; `None`: not known.
    #[serde(default)]
    pub streaming: Option<bool>,
    #[serde(default)]
    pub timeline: Option<u32>,
    #[serde(default)]
    pub lag_bytes: Option<u64>,
    #[serde(default)]
    pub lag_seconds: Option<f64>,
}

impl Observed {
    /// As if everything were as the fleet declares it: what a plan is made on when nothing was
    /// looked at.
    pub fn as_declared(fleet: &Fleet) -> Self {
        let place = |id: &DatacenterId| (id.clone(), Place { contact: Heard::Reporting });
        let databases = fleet.databases.iter().map(|(id, database)| {
            let leader = database.datacenters.first().cloned();
            (id.clone(), DatabaseState { leader, members: BTreeMap::new() })
        });
        Self {
            at: None,
            datacenters: fleet.datacenters.keys().map(place).collect(),
            services: BTreeMap::new(),
            databases: databases.collect(),
        }
    }

    /// As agents report it.
    pub fn of(estate: &Estate) -> Self {
        let datacenters = estate.fleet.datacenters.keys().map(|id| {
            let contact = match estate.contact(id) {
                Contact::Reporting => Heard::Reporting,
                Contact::Silent { .. } => Heard::Silent,
                Contact::Never => Heard::Never,
            };
            (id.clone(), Place { contact })
        });
        let mut services: BTreeMap<ServiceId, BTreeMap<DatacenterId, Cell>> = BTreeMap::new();
        for ((service, datacenter), tally) in estate.tallies() {
            let known = estate.contact(&datacenter) == Contact::Reporting;
            let serving = u16::try_from(tally.get(Status::Healthy)).unwrap_or(u16::MAX);
            let cell = Cell { serving: known.then_some(serving), requests_per_second: None };
            services.entry(service).or_default().insert(datacenter, cell);
        }
        Self {
            at: Some(estate.at),
            datacenters: datacenters.collect(),
            services,
            databases: estate.fleet.databases.keys().map(|id| databases(estate, id)).collect(),
        }
    }

    pub fn is_heard(&self, datacenter: &DatacenterId) -> bool {
        let place = self.datacenters.get(datacenter);
        place.is_some_and(|place| place.contact == Heard::Reporting)
    }

    pub fn cell(&self, service: &ServiceId, datacenter: &DatacenterId) -> Option<&Cell> {
        self.services.get(service)?.get(datacenter)
    }
}

/// A database as its members' agents tell. A leader that is not heard any more is the last one
/// that was.
fn databases(estate: &Estate, id: &DatabaseId) -> (DatabaseId, DatabaseState) {
    let declared = estate.fleet.databases.get(id);
    let places = declared.into_iter().flat_map(|it| &it.datacenters);
    let reports = || {
        places.clone().filter_map(|place| Some((place, estate.datacenters.get(place)?.member(id)?)))
    };
    let heard = |place: &DatacenterId| estate.contact(place) == Contact::Reporting;
    let leads = |(place, report): &(&DatacenterId, &MemberReport)| {
        (report.role == Role::Leader).then_some((heard(place), report.timeline))
    };
    let leader = reports().filter(|it| leads(it).is_some()).max_by_key(leads);
    let members = reports().filter(|(place, _)| heard(place)).map(|(place, report)| {
        let loss = decide::loss(report, leader.map(|(_, report)| report));
        let member = Member {
            streaming: match report.role {
                Role::Unknown => None,
                Role::Leader => Some(true),
                Role::Replica | Role::Stopped => Some(report.state == State::Streaming),
            },
            timeline: report.timeline,
            lag_bytes: report.lag_bytes.max(loss.bytes),
            lag_seconds: report.lag_ms.map(|ms| ms as f64 / 1_000.0),
        };
        (place.clone(), member)
    });
    let members = members.collect();
    let leader = leader.map(|(place, _)| place.clone());
    (id.clone(), DatabaseState { leader, members })
}
