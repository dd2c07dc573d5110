//! The entries of places and what stands in them: regions, data centres and edges; and the groups,
//! in whose order all of it recovers (R4, R5, R8).

use std::collections::{BTreeMap, BTreeSet};

use super::entries::Reader;
use super::fields::Fields;
use super::nearest::{nearest, time_zone};
use super::source::{Entry, Located};
use crate::availability::Target;
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::{Rule, Value, quote};
use crate::fleet::{Datacenter, Edge, Group, LocalNeed, Recovery, Region, Vendor};
use crate::id::{DatacenterId, RegionId};
use crate::traffic::decision::Mode;

/// The last priority a group may have.
const PRIORITY_MAX: u16 = 1_000;
/// The longest recovery that may be asked for: a day; and the most writes that may be lost.
const RTO_MAX_MINUTES: u16 = 1_440;
const RPO_MAX_SECONDS: u16 = 3_600;
/// Most data centres that a group may have to be served in.
const SERVING_MAX: u16 = 256;
/// What a file writes for a data centre without a vendor.
const ON_PREMISES: &str = "on-premises";

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn region(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Region> {
        let mut fields = self.fields(entry);
        let name = fields.label("name").unwrap_or_else(|| id.to_owned());
        let needs = LocalNeed::ALL.into_iter();
        let has = needs.filter(|need| fields.flag(need.key())).collect();
        let zone = fields.required_text("time_zone")?;
        let known = zone.value.parse().ok();
        if known.is_none() {
            let unknown =
                Value::UnknownTimeZone { zone: quote(zone.value), nearest: time_zone(zone.value) };
            self.findings.push(zone.at, unknown);
        }
        Some(Region { name, time_zone: known?, has })
    }

    pub(super) fn group(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Group> {
        let mut fields = self.fields(entry);
        let name = fields.label("name").unwrap_or_else(|| id.to_owned());
        if fields.pair("priority").is_none() {
            fields.missing("priority");
        }
        let priority = fields.within("priority", 1, PRIORITY_MAX).map(|found| found.value);
        let recovery = recovery(&mut fields);
        let orchestrator = match fields.pair("orchestrator") {
            None => Some(Mode::default()),
            Some(_) => fields.text("orchestrator").and_then(|text| {
                fields.one_of("orchestrator", text, &Mode::ALL.map(|mode| (mode.key(), mode)))
            }),
        };
        let availability_target = availability_target(&mut fields);
        let automatic_drills = fields.flag("automatic_drills");
        Some(Group {
            name,
            priority: priority?,
            recovery: recovery?,
            orchestrator: orchestrator?,
            availability_target: availability_target?,
            automatic_drills,
        })
    }

    /// Each group has its own priority: the order of recovery is never a matter of chance (R5).
    pub(super) fn priorities(&mut self) {
        let mut first_with: BTreeMap<u16, &'a str> = BTreeMap::new();
        for entry in self.entries(EntryKind::Group) {
            let Some(id) = entry.pairs.get("id").and_then(|id| id.value.value.as_str()) else {
                continue;
            };
            let own = self.declared.get(&(EntryKind::Group, id)) == Some(&entry.at);
            let Some(priority) = self.fleet.groups.get(id).map(|group| group.priority) else {
                continue;
            };
            if !own {
                continue;
            }
            let Some(first) = first_with.get(&priority) else {
                first_with.insert(priority, id);
                continue;
            };
            let at = entry.pairs.get("priority").map_or(entry.at, |p| p.value.at);
            let first_at = self.declared.get(&(EntryKind::Group, *first));
            let duplicate = Rule::DuplicatePriority {
                priority,
                first: (*first).to_owned(),
                second: id.to_owned(),
                first_line: self.findings.line(first_at.copied().unwrap_or(0)),
            };
            self.findings.push(at, duplicate);
        }
    }

    pub(super) fn datacenter(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Datacenter> {
        let mut fields = self.fields(entry);
        let name = fields.label("name").unwrap_or_else(|| id.to_owned());
        let retired = fields.flag("retired");
        if fields.pair("vendor").is_none() {
            fields.missing("vendor");
        }
        let vendor = fields.label("vendor");
        let vendor_at = fields.pair("vendor").map_or(0, |pair| pair.value.at);
        let vendor = match vendor.as_deref() {
            Some(ON_PREMISES) => Some(Vendor::OnPremises),
            // A cloud may have any name; one that is almost this word is a slip.
            Some(text) if nearest(text, [ON_PREMISES].into_iter()).is_some() => {
                let slip = Located { at: vendor_at, value: text };
                fields.one_of("vendor", slip, &[(ON_PREMISES, ())]);
                None
            }
            Some(text) => Some(Vendor::Cloud(text.to_owned())),
            None => None,
        };
        let region = self.required_reference(entry, "region", EntryKind::Region, RegionId::new);
        // Entries are read in the order of the file; their number is bounded by their kind.
        let position = self.fleet.datacenters.len() as u16;
        Some(Datacenter { name, region: region?, vendor: vendor?, position, retired })
    }

    pub(super) fn regions_without_datacenter(&mut self) {
        let datacenters = self.entries(EntryKind::Datacenter);
        let written = datacenters.filter_map(|entry| entry.pairs.get("region"));
        let used: BTreeSet<&str> = written.filter_map(|pair| pair.value.value.as_str()).collect();
        // A data centre whose region is not certain may be the one.
        let uncertain = self.document.lost
            || self.entries(EntryKind::Datacenter).any(|entry| {
                let region = entry.pairs.get("region");
                let region = region.and_then(|pair| pair.value.value.as_str());
                region.is_none_or(|id| !self.declared.contains_key(&(EntryKind::Region, id)))
            });
        if uncertain {
            return;
        }
        let declared = self.declared.range((EntryKind::Region, "")..);
        let declared = declared.take_while(|((kind, _), _)| *kind == EntryKind::Region);
        for ((_, id), at) in declared.filter(|((_, id), _)| !used.contains(id)) {
            let region = quote(id);
            self.findings.push(*at, Rule::RegionWithoutDatacenter { region });
        }
    }

    pub(super) fn edge(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<Edge> {
        let region = self.required_reference(entry, "region", EntryKind::Region, RegionId::new);
        let kind = EntryKind::Datacenter;
        let datacenter = self.required_reference(entry, "datacenter", kind, DatacenterId::new);
        let (region, datacenter) = (region?, datacenter?);
        let at = entry.pairs.get("datacenter").map_or(entry.at, |pair| pair.value.at);
        self.not_retired(entry, id, at, &datacenter);
        let stands = self.fleet.datacenters.get(&datacenter).map(|there| &there.region);
        if let Some(actual) = stands.filter(|stands| **stands != region) {
            let outside = Rule::EdgeOutsideRegion {
                edge: id.to_owned(),
                region: region.to_string(),
                actual: actual.to_string(),
            };
            self.findings.push(at, outside);
        }
        Some(Edge { region, datacenter })
    }

    pub(super) fn not_retired(
        &mut self,
        entry: &Entry<'i>,
        id: &str,
        at: usize,
        datacenter: &DatacenterId,
    ) {
        let there = self.fleet.datacenters.get(datacenter);
        if there.is_some_and(|datacenter| datacenter.retired) {
            let retired = Rule::RetiredDatacenter {
                entry: entry.kind,
                id: id.to_owned(),
                datacenter: datacenter.to_string(),
            };
            self.findings.push(at, retired);
        }
    }
}

/// `Some(None)`: none is written.
pub(super) fn availability_target(fields: &mut Fields<'_, '_, '_>) -> Option<Option<Target>> {
    let key = "availability_target";
    if fields.pair(key).is_none() {
        return Some(None);
    }
    let parts = fields.parts(key, Target::PARTS_OF_PERCENT, Target::LEAST, Target::MOST)?;
    Target::new(parts.value).map(Some)
}

/// What is not written is as asked by default.
fn recovery(fields: &mut Fields<'_, '_, '_>) -> Option<Recovery> {
    let defaults = Recovery::default();
    let mut within = |key, least, most, default| match fields.pair(key) {
        None => Some(default),
        Some(_) => fields.within(key, least, most).map(|found| found.value),
    };
    let rto_minutes = within("rto_minutes", 1, RTO_MAX_MINUTES, defaults.rto_minutes);
    let rpo_seconds = within("rpo_seconds", 0, RPO_MAX_SECONDS, defaults.rpo_seconds);
    let serving_least = within("serving_least", 1, SERVING_MAX, defaults.serving_least);
    Some(Recovery {
        rto_minutes: rto_minutes?,
        rpo_seconds: rpo_seconds?,
        serving_least: serving_least?,
    })
}
