//! The difference between two fleets, and which removals must wait.
//!
//! Owns what an operator is shown before a fleet is applied. Nothing that still runs may lose its
//! entry, for then nobody could say what it is; so a thing leaves in two steps: `retired = true`
//! drains it everywhere, and once nothing of it runs its entry may be removed.

mod policies;
mod rollouts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::EntryKind;
use super::{
    Database, Datacenter, Dependencies, Edge, Fleet, Group, LocalNeed, Placement, Recovery, Region,
    Service, Vendor,
};
use crate::id::{DatabaseId, DatacenterId, ServiceId};
use crate::status::{Status, Tally};

/// What differs for one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub subject: Subject,
    pub action: Action,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Subject {
    /// The fleet itself: its name, and the order of its data centres.
    Fleet,
    Entry {
        entry: EntryKind,
        id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Action {
    Added { fields: Vec<Field> },
    Removed,
    Changed { fields: Vec<FieldChange> },
}

/// A key and its value as TOML writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub key: String,
    pub value: String,
}

/// A key whose value differs; `None`: not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub key: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// A removal that is refused because something still runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// [`EntryKind::Service`] or [`EntryKind::Datacenter`].
    pub entry: EntryKind,
    pub id: String,
    pub instances: u32,
    /// How many of them are unknown, because the agent that last reported them is silent.
    pub unknown: u32,
    /// The other side: the data centres of a service, the services of a data centre.
    pub places: Vec<String>,
}

/// Every change from one fleet to another: the fleet's own first, then by kind and id.
pub fn diff(old: &Fleet, new: &Fleet) -> Vec<Change> {
    let mut changes = Vec::new();
    let name = |fleet: &Fleet| vec![("name", text(&fleet.name))];
    let mut fields = changed(&name(old), &name(new));
    fields.extend(policies::order(old, new));
    if !fields.is_empty() {
        changes.push(Change { subject: Subject::Fleet, action: Action::Changed { fields } });
    }
    let mut add = |kind, mut old_entries: Entries, mut new_entries: Entries| {
        former(old, kind, &mut old_entries);
        former(new, kind, &mut new_entries);
        entries(kind, &old_entries, &new_entries, &mut changes);
    };
    for kind in EntryKind::ALL {
        match kind {
            EntryKind::Region => add(kind, of(&old.regions, region), of(&new.regions, region)),
            EntryKind::Datacenter => {
                add(kind, of(&old.datacenters, datacenter), of(&new.datacenters, datacenter))
            }
            EntryKind::Group => add(kind, of(&old.groups, group), of(&new.groups, group)),
            EntryKind::Service => {
                add(kind, of(&old.services, service), of(&new.services, service));
            }
            EntryKind::Database => {
                add(kind, of(&old.databases, database), of(&new.databases, database))
            }
            EntryKind::BackupPolicy => add(
                kind,
                of(&old.backup_policies, policies::policy),
                of(&new.backup_policies, policies::policy),
            ),
            EntryKind::Edge => add(kind, of(&old.edges, edge), of(&new.edges, edge)),
            EntryKind::Bench => {
                add(kind, of(&old.benches, rollouts::bench), of(&new.benches, rollouts::bench))
            }
            EntryKind::RolloutPlan => add(
                kind,
                of(&old.rollout_plans, rollouts::plan),
                of(&new.rollout_plans, rollouts::plan),
            ),
            EntryKind::Drill => {
                add(kind, of(&old.drills, policies::drill), of(&new.drills, policies::drill))
            }
        }
    }
    changes
}

/// The removals that must wait: services and data centres that the new fleet drops while something
/// of them still runs, or was running when its agent was last heard. Empty: none.
pub fn blocked(
    old: &Fleet,
    new: &Fleet,
    running: &BTreeMap<(ServiceId, DatacenterId), Tally>,
) -> Vec<Blocked> {
    let mut found: BTreeMap<(EntryKind, String), (Tally, BTreeSet<String>)> = BTreeMap::new();
    for ((service, datacenter), tally) in running.iter().filter(|(_, tally)| tally.total() > 0) {
        let mut add = |entry, id: String, place: String| {
            let (sum, places) = found.entry((entry, id)).or_default();
            sum.merge(tally);
            places.insert(place);
        };
        if old.services.contains_key(service) && !new.services.contains_key(service) {
            add(EntryKind::Service, service.to_string(), datacenter.to_string());
        }
        if old.datacenters.contains_key(datacenter) && !new.datacenters.contains_key(datacenter) {
            add(EntryKind::Datacenter, datacenter.to_string(), service.to_string());
        }
    }
    found
        .into_iter()
        .map(|((entry, id), (sum, places))| Blocked {
            entry,
            id,
            instances: sum.total(),
            unknown: sum.get(Status::Unknown),
            places: places.into_iter().collect(),
        })
        .collect()
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, id, instances, unknown, places } = self;
        let noun = if *instances == 1 { "instance" } else { "instances" };
        let places = places.join(", ");
        let place = match entry {
            EntryKind::Service => format!("in {places}"),
            EntryKind::Datacenter
            | EntryKind::Region
            | EntryKind::Group
            | EntryKind::Database
            | EntryKind::BackupPolicy
            | EntryKind::Edge
            | EntryKind::Bench
            | EntryKind::RolloutPlan
            | EntryKind::Drill => format!("of {places}"),
        };
        write!(
            f,
            "the {entry} `{id}` cannot be removed yet: {instances} {noun} {place} still run"
        )?;
        if *instances == 1 {
            f.write_str("s")?;
        }
        if *unknown > 0 {
            write!(f, " ({unknown} unknown, as last reported by a silent agent)")?;
        }
        f.write_str("; write `retired = true` in its entry, apply, and remove it once none runs")
    }
}

type Fields = Vec<(&'static str, String)>;
type Entries = BTreeMap<String, Fields>;

fn of<K: fmt::Display, V>(map: &BTreeMap<K, V>, fields: fn(&V) -> Fields) -> Entries {
    let entries = map.iter();
    entries.map(|(id, it)| (id.to_string(), fields(it))).collect()
}

/// Adds what entries were called before, where they say so.
fn former(fleet: &Fleet, kind: EntryKind, entries: &mut Entries) {
    for (id, fields) in entries {
        let former = fleet.former_ids(kind, id);
        if !former.is_empty() {
            fields.push((super::former::KEY, list(former)));
        }
    }
}

fn entries(kind: EntryKind, old: &Entries, new: &Entries, changes: &mut Vec<Change>) {
    let ids: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for id in ids {
        let action = match (old.get(id), new.get(id)) {
            (None, Some(fields)) => Action::Added { fields: fields.iter().map(field).collect() },
            (Some(_), None) => Action::Removed,
            (Some(old), Some(new)) => Action::Changed { fields: changed(old, new) },
            (None, None) => continue,
        };
        let unchanged = matches!(&action, Action::Changed { fields } if fields.is_empty());
        if !unchanged {
            let (entry, id) = (kind, id.clone());
            let subject = Subject::Entry { entry, id };
            changes.push(Change { subject, action });
        }
    }
}

fn field((key, value): &(&'static str, String)) -> Field {
    Field { key: (*key).to_owned(), value: value.clone() }
}

/// Keys with different values, in the order of the old fields, then those only the new ones have.
fn changed(old: &Fields, new: &Fields) -> Vec<FieldChange> {
    let value = |fields: &Fields, key| {
        let found = fields.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.clone())
    };
    let known = |key| old.iter().any(|(name, _)| *name == key);
    let keys = old.iter().map(|(key, _)| *key);
    let added = new.iter().map(|(key, _)| *key).filter(|key| !known(*key));
    keys.chain(added)
        .map(|key| FieldChange { key: key.to_owned(), old: value(old, key), new: value(new, key) })
        .filter(|change| change.old != change.new)
        .collect()
}

fn region(region: &Region) -> Fields {
    let Region { name, time_zone, has } = region;
    let mut fields = vec![("name", text(name)), ("time_zone", text(time_zone.name()))];
    let needs = LocalNeed::ALL.into_iter();
    fields.extend(needs.map(|need| (need.key(), has.contains(&need).to_string())));
    fields
}

fn datacenter(datacenter: &Datacenter) -> Fields {
    // Its place shows in the order of all.
    let Datacenter { name, region, vendor, position: _, retired } = datacenter;
    let vendor = match vendor {
        Vendor::OnPremises => "on-premises",
        Vendor::Cloud(name) => name,
    };
    vec![
        ("name", text(name)),
        ("region", text(region.as_str())),
        ("vendor", text(vendor)),
        ("retired", retired.to_string()),
    ]
}

fn group(group: &Group) -> Fields {
    let Group { name, priority, recovery, orchestrator, .. } = group;
    let Group { availability_target, automatic_drills, .. } = group;
    let Recovery { rto_minutes, rpo_seconds, serving_least } = recovery;
    let mut fields = vec![
        ("name", text(name)),
        ("priority", priority.to_string()),
        ("rto_minutes", rto_minutes.to_string()),
        ("rpo_seconds", rpo_seconds.to_string()),
        ("serving_least", serving_least.to_string()),
        ("orchestrator", text(orchestrator.key())),
    ];
    fields.extend(availability_target.map(|it| ("availability_target", it.to_string())));
    fields.extend(automatic_drills.then(|| ("automatic_drills", true.to_string())));
    fields
}

fn service(service: &Service) -> Fields {
    let Service {
        group,
        placement,
        nodes,
        version,
        front,
        command,
        health_path,
        retired,
        strategy,
        bench,
        rollout_plan,
        limits,
        depends_on,
        node_requests_per_second,
        availability_target,
        requires_checks,
    } = service;
    let mut fields = vec![("group", text(group.as_str()))];
    match placement {
        Placement::Distributed { datacenters } => {
            fields.push(("placement", text("distributed")));
            fields.push(("datacenters", list(datacenters)));
        }
        Placement::Local { needs, regions } => {
            fields.push(("placement", text("local")));
            fields.push(("needs", text(needs.key())));
            fields.push(("regions", list(regions)));
        }
    }
    fields.extend([
        ("nodes", nodes.to_string()),
        ("version", text(version)),
        ("front", front.to_string()),
        ("command", list(command)),
        ("health_path", text(health_path)),
        ("retired", retired.to_string()),
        ("strategy", text(strategy.key())),
        ("identical_per_second", limits.identical_per_second.to_string()),
        ("in_flight", limits.in_flight.to_string()),
    ]);
    fields.extend(bench.as_ref().map(|bench| ("bench", text(bench.as_str()))));
    fields.extend(rollout_plan.as_ref().map(|plan| ("rollout_plan", text(plan.as_str()))));
    let Dependencies { services, databases } = depends_on;
    let needed = services.iter().map(ServiceId::as_str);
    let needed: BTreeSet<_> = needed.chain(databases.iter().map(DatabaseId::as_str)).collect();
    if !needed.is_empty() {
        fields.push(("depends_on", list(needed)));
    }
    let rate = node_requests_per_second.map(|rate| rate.to_string());
    fields.extend(rate.map(|rate| ("node_requests_per_second", rate)));
    fields.extend(availability_target.map(|it| ("availability_target", it.to_string())));
    if !requires_checks.is_empty() {
        fields.push(("requires_checks", list(requires_checks.iter().map(|check| check.name()))));
    }
    fields
}

fn database(database: &Database) -> Fields {
    let Database { group, datacenters, policy, cluster, proof_checks } = database;
    let mut fields = vec![("group", text(group.as_str())), ("datacenters", list(datacenters))];
    fields.extend(policy.as_ref().map(|policy| ("policy", text(policy.as_str()))));
    if let Some(cluster) = cluster {
        fields.push(("cluster", text(cluster.key())));
        fields.push(("lag_max_bytes", cluster.lag_max_bytes().to_string()));
    }
    if !proof_checks.is_empty() {
        fields.push(("proof_checks", policies::checks(proof_checks)));
    }
    fields
}

fn edge(edge: &Edge) -> Fields {
    let Edge { region, datacenter } = edge;
    vec![("region", text(region.as_str())), ("datacenter", text(datacenter.as_str()))]
}

fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| text(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::read::read;

    const ENTERPRISE: &str = include_str!("../../../fleets/enterprise.toml");

    fn fleet(text: &str) -> Fleet {
        read(text).expect("a fleet without mistakes")
    }

    /// Replaces the first `from` of the enterprise and compares the differences, a line each.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &[&str]) {
        assert!(ENTERPRISE.contains(from), "the enterprise has no {from:?}");
        let new = ENTERPRISE.replacen(from, to, 1);
        let changes = diff(&fleet(ENTERPRISE), &fleet(&new));
        assert_eq!(changes.iter().flat_map(shown).collect::<Vec<_>>(), expected, "{from:?}");
    }

    fn shown(change: &Change) -> Vec<String> {
        let subject = match &change.subject {
            Subject::Fleet => "fleet".to_owned(),
            Subject::Entry { entry, id } => format!("{entry} {id}"),
        };
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        match &change.action {
            Action::Added { fields } => vec![format!("+ {subject}, {} fields", fields.len())],
            Action::Removed => vec![format!("- {subject}")],
            Action::Changed { fields } => {
                let change = |f: &FieldChange| {
                    format!("~ {subject} {}: {} -> {}", f.key, value(&f.old), value(&f.new))
                };
                fields.iter().map(change).collect()
            }
        }
    }

    #[test]
    fn shows_every_kind_of_change() {
        let edge = "[[edge]]\nid = \"edge-eu-west\"\nregion = \"eu-west\"\ndatacenter = \"lon1\"\n";
        for (from, to, expected) in [
            ("# The fleet", "# A fleet", &[][..]),
            ("\"production\"", "\"staging\"", &[r#"~ fleet name: "production" -> "staging""#]),
            ("couriers = true\n", "", &["~ region eu-central couriers: true -> false"]),
            ("\"3.8.1\"", "\"3.9.0\"", &[r#"~ service social-web version: "3.8.1" -> "3.9.0""#]),
            (edge, "", &["- edge edge-eu-west"]),
            ("edge-eu-west", "west", &["- edge edge-eu-west", "+ edge west, 2 fields"]),
            (
                "full_every_days = 2",
                "full_on = [\"monday\"]",
                &[
                    "~ backup policy alternate full_every_days: 2 -> -",
                    r#"~ backup policy alternate full_on: - -> ["monday"]"#,
                ],
            ),
            (
                "placement = \"local\"\nneeds = \"couriers\"",
                "placement = \"distributed\"\ndatacenters = [\"fra1\", \"nyc1\"]",
                &[
                    r#"~ service courier-app placement: "local" -> "distributed""#,
                    r#"~ service courier-app needs: "couriers" -> -"#,
                    r#"~ service courier-app regions: [] -> -"#,
                    r#"~ service courier-app datacenters: - -> ["fra1", "nyc1"]"#,
                ],
            ),
        ] {
            check(from, to, expected);
        }
    }

    #[test]
    fn a_first_fleet_is_all_additions_in_the_order_of_a_file() {
        let all = fleet(ENTERPRISE);
        let changes = diff(&Fleet::default(), &all);
        assert!(matches!(changes[0].subject, Subject::Fleet));
        let kinds = changes.iter().filter_map(|change| match &change.subject {
            Subject::Fleet => None,
            Subject::Entry { entry, .. } => EntryKind::ALL.iter().position(|kind| kind == entry),
        });
        let kinds: Vec<_> = kinds.collect();
        assert!(kinds.is_sorted() && kinds.len() == changes.len() - 1);
        assert!(diff(&all, &all).is_empty());
        let json = serde_json::to_string(&changes).expect("it serialises");
        assert_eq!(serde_json::from_str::<Vec<Change>>(&json).ok(), Some(changes));
    }

    #[test]
    fn what_still_runs_keeps_its_entry() {
        let old = fleet(ENTERPRISE);
        let (chat, fra1) = (ServiceId::new("chat"), DatacenterId::new("fra1"));
        let (chat, fra1) = (chat.expect("an id"), fra1.expect("an id"));
        let running = |statuses: &[Status]| {
            let tally: Tally = statuses.iter().copied().collect();
            BTreeMap::from([((chat.clone(), fra1.clone()), tally)])
        };
        let both = running(&[Status::Healthy, Status::Unknown]);
        let (mut no_chat, mut no_fra1) = (old.clone(), old.clone());
        no_chat.services.remove(&chat);
        no_fra1.datacenters.remove(&fra1);
        let mut retired = old.clone();
        retired.services.get_mut(&chat).expect("it is there").retired = true;
        let said = |new: &Fleet, running: &BTreeMap<_, _>| {
            let found = blocked(&old, new, running);
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let advice = "write `retired = true` in its entry, apply, and remove it once none runs";
        assert_eq!(
            said(&no_chat, &both),
            [format!(
                "the service `chat` cannot be removed yet: 2 instances in fra1 still run \
                 (1 unknown, as last reported by a silent agent); {advice}"
            )]
        );
        assert_eq!(
            said(&no_fra1, &running(&[Status::Failing])),
            [format!(
                "the data centre `fra1` cannot be removed yet: 1 instance of chat still runs; \
                 {advice}"
            )]
        );
        for allowed in [&old, &retired] {
            assert!(said(allowed, &both).is_empty());
        }
        assert!(said(&no_chat, &running(&[])).is_empty(), "it has drained");
        assert!(said(&no_chat, &BTreeMap::new()).is_empty());
    }
}
