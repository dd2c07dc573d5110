//! What differs between two plans of the same: since it was tried last, or since somebody looked.
//!
//! Invariant: plans with the same hash differ in nothing. A step is the same step if it does the
//! same to the same subject from the same place; where it leads to may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Act, Plan, Step};
use crate::id::{DatabaseId, DatacenterId, GroupId};

/// One difference. What is added or removed of a group that comes or goes is told by the group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Change {
    GroupAdded {
        group: GroupId,
    },
    GroupRemoved {
        group: GroupId,
    },
    /// Another group comes before it than did.
    OrderChanged,
    DatabaseAdded {
        database: DatabaseId,
        from: DatacenterId,
        to: DatacenterId,
    },
    DatabaseRemoved {
        database: DatabaseId,
    },
    DatabaseMoves {
        database: DatabaseId,
        before: String,
        now: String,
    },
    StepAdded {
        act: String,
        subject: String,
        to: Places,
    },
    StepRemoved {
        act: String,
        subject: String,
        to: Places,
    },
    TargetChanged {
        act: String,
        subject: String,
        before: Places,
        now: Places,
    },
    NodesChanged {
        subject: String,
        before: u32,
        now: u32,
    },
    StaysDown {
        service: String,
    },
    ComesUp {
        service: String,
    },
}

type Places = BTreeSet<DatacenterId>;

/// Everything that differs, in a fixed order. Empty: the plans do the same.
pub fn drift(before: &Plan, now: &Plan) -> Vec<Change> {
    let mut changes = groups(before, now);
    let kept = |plan: &Plan| -> BTreeSet<GroupId> {
        plan.groups.iter().map(|group| group.id.clone()).collect()
    };
    let both = &kept(before) & &kept(now);
    changes.extend(databases(before, now, &both));
    changes.extend(steps(before, now, &both));
    changes.extend(down(before, now));
    if changes.is_empty() && before.hash() != now.hash() {
        // The same steps, each after others than before.
        changes.push(Change::OrderChanged);
    }
    changes
}

fn groups(before: &Plan, now: &Plan) -> Vec<Change> {
    let has = |plan: &Plan, id: &GroupId| plan.groups.iter().any(|group| group.id == *id);
    let ids = |plan: &Plan| plan.groups.iter().map(|group| group.id.clone()).collect::<Vec<_>>();
    let added = ids(now).into_iter().filter(|id| !has(before, id));
    let removed = ids(before).into_iter().filter(|id| !has(now, id));
    let mut changes: Vec<_> = added.map(|group| Change::GroupAdded { group }).collect();
    changes.extend(removed.map(|group| Change::GroupRemoved { group }));
    let common = |plan: &Plan, other: &Plan| {
        ids(plan).into_iter().filter(|id| has(other, id)).collect::<Vec<_>>()
    };
    if common(before, now) != common(now, before) {
        changes.push(Change::OrderChanged);
    }
    changes
}

/// Of databases only that a leader moves is told, not each of the steps that make it move.
fn databases(before: &Plan, now: &Plan, groups: &BTreeSet<GroupId>) -> Vec<Change> {
    type Moves = BTreeMap<DatabaseId, (DatacenterId, DatacenterId)>;
    let moves = |plan: &Plan| -> Moves {
        let steps = plan.steps().filter(|(group, _)| groups.contains(&group.id));
        let moved = steps.filter_map(|(_, step)| {
            let Act::Promote(id) = &step.act else { return None };
            Some((id.clone(), (step.from.clone()?, step.to.clone()?)))
        });
        moved.collect()
    };
    let (before, now) = (moves(before), moves(now));
    let words = |(from, to): &(DatacenterId, DatacenterId)| format!("{from} to {to}");
    let mut changes = Vec::new();
    for (database, ends) in &now {
        let database = database.clone();
        match before.get(&database) {
            None => changes.push(Change::DatabaseAdded {
                database,
                from: ends.0.clone(),
                to: ends.1.clone(),
            }),
            Some(known) if known != ends => changes.push(Change::DatabaseMoves {
                database,
                before: words(known),
                now: words(ends),
            }),
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|database| !now.contains_key(*database));
    changes.extend(gone.map(|database| Change::DatabaseRemoved { database: database.clone() }));
    changes
}

/// What a step does, to what, and from where.
type Key = (GroupId, &'static str, String, Option<DatacenterId>);

fn steps(before: &Plan, now: &Plan, groups: &BTreeSet<GroupId>) -> Vec<Change> {
    let by_key = |plan: &Plan| {
        let mut all: BTreeMap<Key, (Places, u32)> = BTreeMap::new();
        for (group, step) in plan.steps().filter(|(group, _)| groups.contains(&group.id)) {
            if !is_of_database(step) {
                let (kind, subject) = (step.act.name(), step.act.subject().to_owned());
                let key = (group.id.clone(), kind, subject, step.from.clone());
                let (places, nodes) = all.entry(key).or_default();
                places.extend(step.to.clone());
                *nodes += u32::from(step.nodes);
            }
        }
        all
    };
    let (before, now) = (by_key(before), by_key(now));
    let mut changes = Vec::new();
    for (key, (places, nodes)) in &now {
        let (_, act, subject, _) = key;
        let (act, subject) = ((*act).to_owned(), subject.clone());
        match before.get(key) {
            None => changes.push(Change::StepAdded { act, subject, to: places.clone() }),
            Some((known, _)) if known != places => {
                let (before, now) = (known.clone(), places.clone());
                changes.push(Change::TargetChanged { act, subject, before, now });
            }
            Some((_, known)) if known != nodes => {
                changes.push(Change::NodesChanged { subject, before: *known, now: *nodes });
            }
            Some(_) => {}
        }
    }
    for (key, (places, _)) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
        let (act, subject, to) = (key.1.to_owned(), key.2.clone(), places.clone());
        changes.push(Change::StepRemoved { act, subject, to });
    }
    changes
}

const fn is_of_database(step: &Step) -> bool {
    match &step.act {
        Act::StopWrites(_) | Act::WaitForReplica(_) | Act::Promote(_) | Act::Verify(_) => true,
        Act::Precheck(_)
        | Act::Scale(_)
        | Act::Start(_)
        | Act::ShiftTraffic(_)
        | Act::Observe(_)
        | Act::ReturnTraffic(_)
        | Act::Release(_) => false,
    }
}

fn down(before: &Plan, now: &Plan) -> Vec<Change> {
    let of = |plan: &Plan| -> BTreeSet<String> {
        let all = plan.groups.iter().flat_map(|group| &group.stays_down);
        all.map(|down| down.service.to_string()).collect()
    };
    let (before, now) = (of(before), of(now));
    let worse = now.difference(&before).cloned().map(|service| Change::StaysDown { service });
    let better = before.difference(&now).cloned().map(|service| Change::ComesUp { service });
    worse.chain(better).collect()
}

fn list(places: &Places) -> String {
    let names: Vec<_> = places.iter().map(DatacenterId::as_str).collect();
    if names.is_empty() { "nowhere".to_owned() } else { names.join(", ") }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GroupAdded { group } => write!(f, "the group {group} moves too"),
            Self::GroupRemoved { group } => write!(f, "the group {group} does not move any more"),
            Self::OrderChanged => f.write_str("the order of steps is another one"),
            Self::DatabaseAdded { database, from, to } => {
                write!(f, "the leader of {database} moves too, from {from} to {to}")
            }
            Self::DatabaseRemoved { database } => {
                write!(f, "the leader of {database} does not move any more")
            }
            Self::DatabaseMoves { database, before, now } => {
                write!(f, "the leader of {database} moves from {now}, not from {before}")
            }
            Self::StepAdded { act, subject, to } if to.is_empty() => {
                write!(f, "added: {act} {subject}")
            }
            Self::StepAdded { act, subject, to } => {
                write!(f, "added: {act} {subject} to {}", list(to))
            }
            Self::StepRemoved { act, subject, to } if to.is_empty() => {
                write!(f, "removed: {act} {subject}")
            }
            Self::StepRemoved { act, subject, to } => {
                write!(f, "removed: {act} {subject} to {}", list(to))
            }
            Self::TargetChanged { act, subject, before, now } => {
                write!(f, "{act} {subject} goes to {}, not to {}", list(now), list(before))
            }
            Self::NodesChanged { subject, before, now } => {
                write!(f, "{now} nodes of {subject} come up or go, not {before}")
            }
            Self::StaysDown { service } => write!(f, "{service} stays down now"),
            Self::ComesUp { service } => write!(f, "{service} does not stay down any more"),
        }
    }
}
