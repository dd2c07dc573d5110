//! A problem as it is kept: its times, its owner, whether it is left alone or comes and goes; and
//! where it is.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FLAPS, Problem};
use crate::access::{Grant, Permission, Refusal, Target, decide};
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

/// Where a problem is; a set is empty where it belongs to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub groups: BTreeSet<GroupId>,
    pub datacenters: BTreeSet<DatacenterId>,
}

impl Places {
    /// Whether the holder of `grants` may take it, give it back or leave it alone: who operates
    /// one of its places. What is nowhere belongs to all operators.
    pub fn operated_by(&self, grants: &[Grant]) -> Result<(), Refusal> {
        // No group, or no data centre, is one that every scope covers.
        let groups = self.groups.iter().map(Some).chain(self.groups.is_empty().then_some(None));
        let mut refusal = None;
        for group in groups {
            let any = self.datacenters.is_empty().then_some(None);
            for datacenter in self.datacenters.iter().map(Some).chain(any) {
                let target = Target { group, datacenter };
                match decide(Some(grants), Permission::Operate, target) {
                    Ok(()) => return Ok(()),
                    Err(why) => refusal = Some(why),
                }
            }
        }
        refusal.map_or(Ok(()), Err)
    }
}

impl Problem {
    /// The groups and data centres where it is.
    pub fn places(&self, fleet: &Fleet) -> Places {
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
        if let Some(database) = database {
            groups.insert(database.group.clone());
            if datacenters.is_empty() {
                datacenters.extend(database.datacenters.iter().cloned());
            }
        }
        Places { groups, datacenters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Role, Scope};

    #[test]
    fn who_operates_one_of_its_places_may_take_it() {
        let group = |id: &str| id.parse::<GroupId>().expect("an id");
        let place = |id: &str| id.parse::<DatacenterId>().expect("an id");
        let grant = |role, groups: &[&str], places: &[&str]| Grant {
            role,
            scope: Scope {
                groups: groups.iter().map(|id| group(id)).collect(),
                datacenters: places.iter().map(|id| place(id)).collect(),
            },
        };
        let places = |groups: &[&str], places: &[&str]| Places {
            groups: groups.iter().map(|id| group(id)).collect(),
            datacenters: places.iter().map(|id| place(id)).collect(),
        };
        let store = grant(Role::Operator, &["store"], &[]);
        let fra1 = grant(Role::Operator, &[], &["fra1"]);
        let both = grant(Role::Operator, &["store"], &["fra1"]);
        let reader = grant(Role::Viewer, &[], &[]);
        for (about, grants, may) in [
            (places(&["store"], &["fra1"]), vec![store.clone()], true),
            (places(&["store"], &["fra1"]), vec![both.clone()], true),
            (places(&["store"], &["fra2", "fra1"]), vec![both.clone()], true),
            (places(&["store"], &["fra2"]), vec![both.clone()], false),
            (places(&["social"], &["fra1"]), vec![store.clone(), both.clone()], false),
            // No two grants add up to one that covers it.
            (places(&["social"], &["fra2"]), vec![store.clone(), fra1.clone()], false),
            (places(&[], &["fra1"]), vec![store.clone()], true),
            (places(&[], &["fra2"]), vec![fra1], false),
            (places(&[], &[]), vec![both], true),
            (places(&[], &[]), vec![reader.clone()], false),
            (places(&["store"], &[]), vec![reader, store], true),
        ] {
            assert_eq!(about.operated_by(&grants).is_ok(), may, "{about:?} {grants:?}");
        }
    }
}
