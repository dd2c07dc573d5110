//! The linter of plans: what is wrong with what is declared or known, apart from the planner.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::target::{Ground, fails_over};
use super::{Heard, Observed, Plan, Scope, Standing};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId, ServiceId};

/// One thing that is wrong, or that the plan takes for granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    DependencyCycle,
    DependsOnLaterGroup,
    /// A database leads in a lost data centre, and nobody can take over.
    DatabaseWithoutTarget,
    LeaderUnknown,
    /// A data centre that is not lost is not heard: nothing moves there.
    Unheard,
    EdgeLost,
    NothingToMove,
    /// Every data centre goes away.
    NothingLeft,
}

/// Everything that is wrong, by kind.
pub fn lint(
    fleet: &Fleet,
    observed: &Observed,
    lose: &BTreeSet<DatacenterId>,
    plan: &Plan,
) -> Vec<Finding> {
    let mut found = dependencies(fleet, &plan.scope);
    found.extend(databases(fleet, observed, lose, &plan.scope));
    found.extend(places(fleet, observed, lose));
    if plan.is_empty() {
        let sentence = "nothing that runs there can move, or nothing runs there".to_owned();
        found.push(Finding { kind: Kind::NothingToMove, subject: plan.name(), sentence });
    }
    found.sort();
    found
}

/// The names of data centres, or of regions for all of theirs.
///
/// # Errors
/// A sentence for each name that is neither, or one if there is no name.
pub fn lost<'a>(
    fleet: &Fleet,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeSet<DatacenterId>, Vec<String>> {
    let (mut lose, mut bad) = (BTreeSet::new(), Vec::new());
    for name in names {
        let region = fleet.regions.keys().find(|id| id.as_str() == name);
        match (fleet.datacenters.get_key_value(name), region) {
            (Some((id, _)), _) => drop(lose.insert(id.clone())),
            (None, Some(region)) => {
                lose.extend(fleet.datacenters_of(region).map(|(id, _)| id.clone()));
            }
            (None, None) => {
                let known: Vec<_> = fleet.datacenters.keys().map(DatacenterId::as_str).collect();
                bad.push(format!(
                    "there is no data centre or region {name:?}; write one of {}",
                    known.join(", ")
                ));
            }
        }
    }
    if bad.is_empty() && lose.is_empty() {
        bad.push("name the data centre that goes away".to_owned());
    }
    if bad.is_empty() { Ok(lose) } else { Err(bad) }
}

/// Dependencies between services of one group, without those that go in a circle: they would wait
/// for each other for ever.
pub fn acyclic(fleet: &Fleet) -> BTreeMap<ServiceId, BTreeSet<ServiceId>> {
    let circles = circles(fleet);
    let of = |(id, service): (&ServiceId, &crate::fleet::Service)| {
        let same = |needed: &&ServiceId| {
            let other = fleet.services.get(*needed);
            other.is_some_and(|other| other.group == service.group)
                && !circles.iter().any(|circle| circle.contains(id) && circle.contains(*needed))
        };
        (id.clone(), service.depends_on.services.iter().filter(same).cloned().collect())
    };
    fleet.services.iter().map(of).collect()
}

/// Services that depend on each other in a circle: strongly connected components of more than one
/// (Tarjan 1972), found by who reaches whom.
fn circles(fleet: &Fleet) -> Vec<BTreeSet<ServiceId>> {
    let mut left: BTreeSet<&ServiceId> = fleet
        .services
        .iter()
        .filter(|(_, it)| !it.depends_on.services.is_empty())
        .map(|it| it.0)
        .collect();
    let mut circles = Vec::new();
    while let Some(id) = left.first().copied() {
        let ahead = reach(fleet, id);
        let circle: BTreeSet<_> =
            ahead.iter().filter(|other| reach(fleet, other).contains(id)).cloned().collect();
        left.remove(id);
        left.retain(|other| !circle.contains(*other));
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

/// All that a service depends on, directly or not.
fn reach(fleet: &Fleet, id: &ServiceId) -> BTreeSet<ServiceId> {
    let mut reached = BTreeSet::new();
    let mut open = vec![id.clone()];
    while let Some(next) = open.pop() {
        let needs = fleet.services.get(&next).map(|it| &it.depends_on.services);
        for needed in needs.into_iter().flatten() {
            if reached.insert(needed.clone()) {
                open.push(needed.clone());
            }
        }
    }
    reached
}

fn dependencies(fleet: &Fleet, scope: &Scope) -> Vec<Finding> {
    let priority = |group: &GroupId| fleet.groups.get(group).map_or(u16::MAX, |it| it.priority);
    let mut found = Vec::new();
    for circle in circles(fleet) {
        let names: Vec<_> = circle.iter().map(ServiceId::as_str).collect();
        let sentence = format!(
            "{} depend on each other in a circle: none of them waits for another of these",
            names.join(", ")
        );
        found.push(Finding { kind: Kind::DependencyCycle, subject: names.join(","), sentence });
    }
    for (id, service) in &fleet.services {
        let concerned = match scope {
            Scope::All => true,
            Scope::Group { group } => *group == service.group,
            Scope::Service { service } => service == id,
        };
        let services = service.depends_on.services.iter();
        let services =
            services.filter_map(|it| Some((it.as_str(), &fleet.services.get(it)?.group)));
        let databases = service.depends_on.databases.iter();
        let databases =
            databases.filter_map(|it| Some((it.as_str(), &fleet.databases.get(it)?.group)));
        for (needed, group) in services.chain(databases) {
            if concerned && priority(group) > priority(&service.group) {
                let (own, kind) = (&service.group, Kind::DependsOnLaterGroup);
                let sentence = format!(
                    "{id} of {own} depends on {needed} of {group}, which recovers after it: it \
                     is not waited for"
                );
                found.push(Finding { kind, subject: id.to_string(), sentence });
            }
        }
    }
    found
}

fn databases(
    fleet: &Fleet,
    observed: &Observed,
    lose: &BTreeSet<DatacenterId>,
    scope: &Scope,
) -> Vec<Finding> {
    let ground = Ground { fleet, observed, standing: &Standing::default(), lose };
    let concerned = |group: &GroupId| match scope {
        Scope::All => true,
        Scope::Group { group: only } => only == group,
        Scope::Service { .. } => false,
    };
    let mut found = Vec::new();
    for (id, database) in fleet.databases.iter().filter(|(_, it)| concerned(&it.group)) {
        let known = observed.databases.get(id).and_then(|it| it.leader.as_ref());
        let Some(leader) = ground.leader(id, database) else { continue };
        let mut push = |kind, sentence| {
            found.push(Finding { kind, subject: id.to_string(), sentence });
        };
        if known.is_none() && fails_over(database) {
            let words = format!("nobody tells where {id} leads: {leader} is taken for granted");
            push(Kind::LeaderUnknown, words);
        }
        if !lose.contains(&leader) {
            continue;
        }
        if !fails_over(database) {
            let words = format!(
                "{id} runs in {leader} and has no standby: it comes back by a restore of a copy"
            );
            push(Kind::DatabaseWithoutTarget, words);
        } else if ground.standby(database).is_none() {
            let words = format!(
                "no standby of {id} is in a data centre that stays and is heard: it stays down"
            );
            push(Kind::DatabaseWithoutTarget, words);
        }
    }
    found
}

fn places(fleet: &Fleet, observed: &Observed, lose: &BTreeSet<DatacenterId>) -> Vec<Finding> {
    let mut found = Vec::new();
    let stays = |id: &&DatacenterId| !lose.contains(*id) && !fleet.datacenters[*id].retired;
    for id in fleet.datacenters.keys().filter(stays) {
        let heard = observed.datacenters.get(id).map(|place| place.contact);
        let words = match heard {
            Some(Heard::Reporting) => continue,
            Some(Heard::Silent) => "is silent",
            Some(Heard::Never) => "was never heard",
            None => "is not known",
        };
        let sentence = format!("{id} {words}: nothing moves there");
        found.push(Finding { kind: Kind::Unheard, subject: id.to_string(), sentence });
    }
    for (id, edge) in fleet.edges.iter().filter(|(_, edge)| lose.contains(&edge.datacenter)) {
        let (place, region) = (&edge.datacenter, &edge.region);
        let sentence = format!(
            "{id} stands in {place}: if {place} is lost, users of {region} come in elsewhere only \
             if they are steered there"
        );
        found.push(Finding { kind: Kind::EdgeLost, subject: id.to_string(), sentence });
    }
    if !fleet.datacenters.keys().any(|id| stays(&id)) {
        let sentence = "every data centre goes away: nothing can move".to_owned();
        found.push(Finding { kind: Kind::NothingLeft, subject: "fleet".to_owned(), sentence });
    }
    found
}
