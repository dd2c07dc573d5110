//! A problem as it is kept: its times, its owner, whether it is left alone or comes and goes; and
//! where it is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FLAPS, Problem};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId};

/// A problem as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Typeable id, `at-1042`; permanent.
    pub id: i64,
    pub problem: Problem,
    pub opened_at: DateTime<Utc>,
    /// When it ended; `None`: it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who took it.
    pub owner: Option<String>,
    /// Somebody wants to hear no more of it for a while.
    #[serde(default)]
    pub snooze: Option<Snooze>,
    /// How often the same problem had been opened within [`super::FLAP_WINDOW`] before this time.
    #[serde(default)]
    pub before: u32,
}

/// Until when a problem is left alone, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    pub until: DateTime<Utc>,
    pub by: String,
}

impl Record {
    /// One that was opened just now, for the first time.
    pub fn new(id: i64, problem: Problem, opened_at: DateTime<Utc>) -> Self {
        Self { id, problem, opened_at, closed_at: None, owner: None, snooze: None, before: 0 }
    }

    pub fn is_snoozed(&self, now: DateTime<Utc>) -> bool {
        let until = self.snooze.as_ref().filter(|_| self.closed_at.is_none());
        until.is_some_and(|snooze| now < snooze.until)
    }

    /// Whether it comes and goes.
    pub const fn flaps(&self) -> bool {
        self.before >= FLAPS
    }
}

impl Problem {
    /// The groups and data centres where it is; a set is empty where it belongs to none.
    pub fn places(&self, fleet: &Fleet) -> (BTreeSet<GroupId>, BTreeSet<DatacenterId>) {
        let (service, datacenter) = self.about();
        let group = service.and_then(|id| fleet.services.get(id)).map(|it| it.group.clone());
        let mut groups: BTreeSet<GroupId> = group.into_iter().collect();
        let mut datacenters: BTreeSet<DatacenterId> = datacenter.cloned().into_iter().collect();
        if let Self::TrafficDropped { group, .. } = self {
            groups.insert(group.clone());
        }
        if let Self::AuditConflict { datacenter, .. } = self {
            datacenters.insert(datacenter.clone());
        }
        let database = self.about_database().and_then(|id| fleet.databases.get(id));
        if let Some(database) = database.filter(|_| datacenters.is_empty()) {
            datacenters.extend(database.datacenters.iter().cloned());
        }
        (groups, datacenters)
    }
}
