//! The service entries: what runs, how many of it and where (R1, R2, R3).

use std::collections::BTreeSet;

use super::entries::Reader;
use super::places::availability_target;
use super::source::{Entry, Located};
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::Rule;
use crate::fleet::{
    DATACENTERS_MIN, Dependencies, LocalNeed, NODES_MAX, NODES_MIN, Placement, Service, Strategy,
};
use crate::id::{BenchId, DatabaseId, DatacenterId, GroupId, IdError, PlanId, RegionId, ServiceId};
use crate::planned::check::Check;
use crate::routing::Limits;

/// Most parts of a command, the program included.
const COMMAND_MAX_PARTS: usize = 64;
/// Longest part of a command, in bytes.
const COMMAND_PART_MAX_BYTES: usize = 1_024;
const HEALTH_PATH_DEFAULT: &str = "/health";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Distributed,
    Local,
}

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn service(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Service> {
        let retired = self.fields(entry).flag("retired");
        let group = self.required_reference(entry, "group", EntryKind::Group, GroupId::new);
        let placement = self.placement(entry, id, retired);
        let nodes = self.nodes(entry, id);
        let version = self.version(entry);
        let command = self.command(entry);
        let health_path = self.health_path(entry);
        let front = self.fields(entry).flag("front");
        let strategy = self.strategy(entry, front);
        let bench = self.named(entry, "bench", EntryKind::Bench, BenchId::new);
        let plan = self.named(entry, "rollout_plan", EntryKind::RolloutPlan, PlanId::new);
        let limits = self.limits(entry);
        let depends_on = self.dependencies(entry, id);
        let rate = self.rate(entry);
        let target = availability_target(&mut self.fields(entry));
        let requires = self.requires_checks(entry);
        Some(Service {
            group: group?,
            placement: placement?,
            nodes: nodes?,
            version: version?,
            front,
            command: command?,
            health_path: health_path?,
            retired,
            strategy: strategy?,
            bench: bench?,
            rollout_plan: plan?,
            limits: limits?,
            depends_on: depends_on?,
            node_requests_per_second: rate?,
            availability_target: target?,
            requires_checks: requires?,
        })
    }

    /// Services and databases by their ids.
    fn dependencies(&mut self, entry: &'a Entry<'i>, own: &str) -> Option<Dependencies> {
        let key = "depends_on";
        if self.fields(entry).pair(key).is_none() {
            return Some(Dependencies::default());
        }
        let ids = self.fields(entry).set(key, EntryKind::Service.most())?;
        let (mut found, mut bad) = (Dependencies::default(), false);
        for id in ids {
            if id.value == own {
                let reason = "a service does not depend on itself: leave it out";
                self.fields(entry).bad_text(key, id.at, reason);
                bad = true;
                continue;
            }
            if self.declared.contains_key(&(EntryKind::Database, id.value)) {
                let database = DatabaseId::new(id.value).ok();
                bad |= database.is_none();
                found.databases.extend(database);
                if !self.declared.contains_key(&(EntryKind::Service, id.value)) {
                    continue;
                }
            }
            let service = self.reference(key, EntryKind::Service, id, ServiceId::new);
            bad |= service.is_none();
            found.services.extend(service);
        }
        (!bad).then_some(found)
    }

    /// Checks of planned events, by their names.
    fn requires_checks(&mut self, entry: &'a Entry<'i>) -> Option<BTreeSet<Check>> {
        let (mut fields, key) = (self.fields(entry), "requires_checks");
        if fields.pair(key).is_none() {
            return Some(BTreeSet::new());
        }
        let named = fields.set(key, Check::ALL.len())?;
        let known = Check::ALL.map(|check| (check.name(), check));
        // Each that is none is said.
        let found: Vec<_> =
            named.into_iter().map(|name| fields.one_of(key, name, &known)).collect();
        found.into_iter().collect()
    }

    fn rate(&mut self, entry: &'a Entry<'i>) -> Option<Option<u16>> {
        let (mut fields, key) = (self.fields(entry), "node_requests_per_second");
        if fields.pair(key).is_none() {
            return Some(None);
        }
        fields.within(key, 1, u16::MAX).map(|found| Some(found.value))
    }

    /// What customers reach directly comes by canary unless it is written otherwise (R9).
    fn strategy(&mut self, entry: &'a Entry<'i>, front: bool) -> Option<Strategy> {
        let mut fields = self.fields(entry);
        if fields.pair("strategy").is_none() {
            return Some(if front { Strategy::Canary } else { Strategy::Rolling });
        }
        let text = fields.text("strategy")?;
        let known = Strategy::ALL.map(|strategy| (strategy.key(), strategy));
        fields.one_of("strategy", text, &known)
    }

    /// Another entry that may be named: `Some(None)` if none is.
    pub(super) fn named<T>(
        &mut self,
        entry: &'a Entry<'i>,
        key: &str,
        kind: EntryKind,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Option<Option<T>> {
        if self.fields(entry).pair(key).is_none() {
            return Some(None);
        }
        let id = self.fields(entry).text(key)?;
        self.reference(key, kind, id, parse).map(Some)
    }

    fn placement(&mut self, entry: &'a Entry<'i>, id: &str, retired: bool) -> Option<Placement> {
        let mut fields = self.fields(entry);
        let text = fields.required_text("placement")?;
        let known = [("distributed", Kind::Distributed), ("local", Kind::Local)];
        match fields.one_of("placement", text, &known)? {
            Kind::Distributed => {
                fields.forbid("needs", r#"placement = "distributed""#);
                fields.forbid("regions", r#"placement = "distributed""#);
                self.distributed(entry, id, retired)
            }
            Kind::Local => {
                fields.forbid("datacenters", r#"placement = "local""#);
                self.local(entry, id)
            }
        }
    }

    fn distributed(&mut self, entry: &'a Entry<'i>, id: &str, retired: bool) -> Option<Placement> {
        let kind = EntryKind::Datacenter;
        let retired_ones = self.fleet.datacenters.iter().filter(|(_, it)| it.retired);
        let retired_ones: BTreeSet<_> = retired_ones.map(|(id, _)| id.clone()).collect();
        let (at, datacenters, count) = match entry.pairs.get("datacenters") {
            None => {
                let all: BTreeSet<_> = self.fleet.datacenters.keys().cloned().collect();
                // What is declared and could not be read counts: its mistakes are reported there.
                (entry.at, all, self.declared_count(kind) - retired_ones.len())
            }
            Some(pair) => {
                let named = self.references(entry, "datacenters", kind, DatacenterId::new)?;
                let named: BTreeSet<_> = named.into_iter().collect();
                let count = named.difference(&retired_ones).count();
                (pair.value.at, named, count)
            }
        };
        let certain = entry.pairs.contains_key("datacenters") || self.is_complete(kind);
        if !retired && certain && !entry.damaged {
            self.enough_datacenters(entry, id, at, count);
        }
        Some(Placement::Distributed { datacenters })
    }

    /// Two data centres at least, so that the loss of one is not felt (R2).
    pub(super) fn enough_datacenters(
        &mut self,
        entry: &Entry<'i>,
        id: &str,
        at: usize,
        count: usize,
    ) {
        if count < DATACENTERS_MIN {
            let few = Rule::TooFewDatacenters { entry: entry.kind, id: id.to_owned(), count };
            self.findings.push(at, few);
        }
    }

    fn local(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Placement> {
        let mut fields = self.fields(entry);
        let text = fields.required_text("needs");
        let known = LocalNeed::ALL.map(|need| (need.key(), need));
        let needs = text.and_then(|text| fields.one_of("needs", text, &known));
        let named = fields.set("regions", EntryKind::Region.most());
        let mut regions = BTreeSet::new();
        for region in named.unwrap_or_default() {
            let found = self.reference("regions", EntryKind::Region, region, RegionId::new);
            if let (Some(needs), Some(found)) = (needs, &found) {
                self.has_need(id, region, found, needs);
            }
            regions.extend(found);
        }
        let needs = needs?;
        let anywhere = !regions.is_empty() || entry.damaged || self.some_region_has(needs);
        if !anywhere {
            let nowhere = Rule::NoRegionHasNeed { service: id.to_owned(), need: needs };
            let at = text.map_or(entry.at, |text| text.at);
            self.findings.push(at, nowhere);
        }
        Some(Placement::Local { needs, regions })
    }

    fn has_need(&mut self, id: &str, named: Located<&str>, region: &RegionId, need: LocalNeed) {
        let found = self.fleet.regions.get(region);
        if found.is_some_and(|region| !region.has.contains(&need)) {
            let lacks =
                Rule::RegionLacksNeed { service: id.to_owned(), region: region.to_string(), need };
            self.findings.push(named.at, lacks);
        }
    }

    fn nodes(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<u16> {
        let mut fields = self.fields(entry);
        if fields.pair("nodes").is_none() {
            return Some(NODES_MIN);
        }
        let (least, most) = (i64::from(NODES_MIN), i64::from(NODES_MAX));
        let nodes = fields.whole("nodes", least, most)?;
        if (0..least).contains(&nodes.value) {
            let few = Rule::TooFewNodes { service: id.to_owned(), nodes: nodes.value };
            self.findings.push(nodes.at, few);
            return None;
        }
        fields.within("nodes", NODES_MIN, NODES_MAX).map(|nodes| nodes.value)
    }

    fn version(&mut self, entry: &'a Entry<'i>) -> Option<String> {
        let mut fields = self.fields(entry);
        if fields.pair("version").is_none() {
            fields.missing("version");
        }
        let version = fields.label("version")?;
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
        if !version.chars().all(usable) {
            let at = fields.pair("version").map_or(entry.at, |pair| pair.value.at);
            fields.bad_text("version", at, "it has other characters than letters, digits and .-+_");
            return None;
        }
        Some(version)
    }

    fn command(&mut self, entry: &'a Entry<'i>) -> Option<Vec<String>> {
        let mut fields = self.fields(entry);
        if fields.pair("command").is_none() {
            return Some(Vec::new());
        }
        let parts = fields.list("command", COMMAND_MAX_PARTS)?;
        for (index, part) in parts.iter().enumerate() {
            let reason = if index == 0 && part.value.trim().is_empty() {
                "the program's name is empty".to_owned()
            } else if part.value.len() > COMMAND_PART_MAX_BYTES {
                format!("a part is longer than {COMMAND_PART_MAX_BYTES} bytes")
            } else if part.value.contains('\0') {
                "a part has a NUL character".to_owned()
            } else {
                continue;
            };
            fields.bad_text("command", part.at, reason);
        }
        Some(parts.into_iter().map(|part| part.value.to_owned()).collect())
    }

    fn limits(&mut self, entry: &'a Entry<'i>) -> Option<Limits> {
        let defaults = Limits::default();
        let mut fields = self.fields(entry);
        let mut limit = |key, default| match fields.pair(key) {
            None => Some(default),
            Some(_) => fields.within(key, 1, u16::MAX).map(|found| u32::from(found.value)),
        };
        let identical_per_second = limit("identical_per_second", defaults.identical_per_second);
        let in_flight = limit("in_flight", defaults.in_flight);
        Some(Limits { identical_per_second: identical_per_second?, in_flight: in_flight? })
    }

    fn health_path(&mut self, entry: &'a Entry<'i>) -> Option<String> {
        let mut fields = self.fields(entry);
        if fields.pair("health_path").is_none() {
            return Some(HEALTH_PATH_DEFAULT.to_owned());
        }
        fields.path("health_path")
    }
}
