//! From entries to a fleet: ids, references, and what holds between entries.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::Findings;
use super::fields::{Fields, label, wrong_type};
use super::nearest::{as_id, nearest};
use super::source::{Document, Entry, Located};
use crate::fleet::entry::{EntryKind, example};
use crate::fleet::finding::{Form, Rule, Value, quote};
use crate::fleet::{Fleet, INSTANCES_MAX, LocalNeed};
use crate::id::{
    BenchId, DatabaseId, DatacenterId, EdgeId, GroupId, IdError, PlanId, PolicyId, RegionId,
    RoutineId, ServiceId, check_form,
};
use crate::placement;

/// Reads the entries of a document. The fleet is whole only if nothing was found.
pub(super) fn read<'i>(document: &Document<'i>, findings: &mut Findings<'i>) -> Fleet {
    let mut reader = Reader {
        document,
        findings,
        declared: BTreeMap::new(),
        incomplete: BTreeSet::new(),
        fleet: Fleet::default(),
    };
    reader.top();
    reader.declare();
    // Each kind after those it refers to, so that what they are can be asked.
    reader.collect(EntryKind::Region, Reader::region, |fleet, id, region| {
        insert(&mut fleet.regions, RegionId::new(id), region);
    });
    reader.collect(EntryKind::Group, Reader::group, |fleet, id, group| {
        insert(&mut fleet.groups, GroupId::new(id), group);
    });
    reader.priorities();
    reader.collect(EntryKind::Datacenter, Reader::datacenter, |fleet, id, it| {
        insert(&mut fleet.datacenters, DatacenterId::new(id), it);
    });
    reader.regions_without_datacenter();
    reader.collect(EntryKind::BackupPolicy, Reader::policy, |fleet, id, it| {
        insert(&mut fleet.backup_policies, PolicyId::new(id), it);
    });
    reader.collect(EntryKind::Bench, Reader::bench, |fleet, id, it| {
        insert(&mut fleet.benches, BenchId::new(id), it);
    });
    reader.collect(EntryKind::RolloutPlan, Reader::rollout_plan, |fleet, id, it| {
        insert(&mut fleet.rollout_plans, PlanId::new(id), it);
    });
    reader.collect(EntryKind::Service, Reader::service, |fleet, id, service| {
        insert(&mut fleet.services, ServiceId::new(id), service);
    });
    reader.collect(EntryKind::Database, Reader::database, |fleet, id, it| {
        insert(&mut fleet.databases, DatabaseId::new(id), it);
    });
    reader.collect(EntryKind::Edge, Reader::edge, |fleet, id, edge| {
        insert(&mut fleet.edges, EdgeId::new(id), edge);
    });
    reader.collect(EntryKind::Drill, Reader::drill, |fleet, id, it| {
        insert(&mut fleet.drills, RoutineId::new(id), it);
    });
    reader.former();
    reader.instances();
    reader.fleet
}

fn insert<K: Ord, V>(map: &mut BTreeMap<K, V>, id: Result<K, IdError>, value: V) {
    // A bad id was reported where it is declared.
    if let Ok(id) = id {
        map.insert(id, value);
    }
}

pub(super) struct Reader<'a, 'i> {
    pub document: &'a Document<'i>,
    pub findings: &'a mut Findings<'i>,
    /// Offset of the entry that declares an id first.
    pub declared: BTreeMap<(EntryKind, &'a str), usize>,
    /// Kinds of which an entry's id was lost to bad syntax.
    incomplete: BTreeSet<EntryKind>,
    pub fleet: Fleet,
}

impl<'a, 'i> Reader<'a, 'i> {
    pub fn fields<'f>(&'f mut self, entry: &'a Entry<'i>) -> Fields<'a, 'i, 'f> {
        Fields { entry, findings: self.findings }
    }

    /// What stands before the tables.
    fn top(&mut self) {
        for (key, pair) in &self.document.top {
            if key != "name" {
                let candidates = ["name"].into_iter();
                let tables = EntryKind::ALL.iter().map(|kind| kind.table());
                let unknown = Form::UnknownKey {
                    entry: None,
                    key: quote(key),
                    nearest: nearest(key, candidates.chain(tables)),
                };
                self.findings.push(pair.key_at, unknown);
            }
        }
        if self.document.entries.iter().all(|entry| entry.kind != EntryKind::Region)
            && !self.document.lost
        {
            self.findings.push(0, Form::EmptyFleet);
        }
        let Some(pair) = self.document.top.get("name") else {
            if !self.document.top_damaged {
                let (key, example) = ("name".to_owned(), example("name").to_owned());
                self.findings.push(0, Form::MissingKey { key, example });
            }
            return;
        };
        let at = pair.value.at;
        let found = &pair.value.value;
        match found.as_str() {
            Some(value) => {
                let text = Located { at, value };
                self.fleet.name = label(self.findings, "name", text).unwrap_or_default();
            }
            None => wrong_type(self.findings, "name", at, "a text", found),
        }
    }

    /// The entries of a kind, as many as are read.
    pub fn entries(&self, kind: EntryKind) -> impl Iterator<Item = &'a Entry<'i>> + use<'a, 'i> {
        let of_kind = self.document.entries.iter();
        of_kind.filter(move |entry| entry.kind == kind).take(kind.most())
    }

    /// Judges keys and ids of every entry, and remembers what is declared.
    fn declare(&mut self) {
        for kind in EntryKind::ALL {
            let all = self.document.entries.iter();
            let mut beyond = all.filter(|entry| entry.kind == kind).skip(kind.most());
            if let Some(first) = beyond.next() {
                let (most, count) = (kind.most(), kind.most() + 1 + beyond.count());
                let table = kind.table().to_owned();
                self.findings.push(first.at, Form::TooManyEntries { table, count, most });
            }
            for entry in self.entries(kind) {
                self.known_keys(entry);
                self.declare_id(entry);
            }
        }
    }

    fn known_keys(&mut self, entry: &'a Entry<'i>) {
        let known = entry.kind.keys();
        for (key, pair) in &entry.pairs {
            if !known.contains(&key.as_ref()) {
                let unwritten = known.iter().copied();
                let unwritten = unwritten.filter(|known| !entry.pairs.contains_key(*known));
                let nearest = if self.findings.is_full() { None } else { nearest(key, unwritten) };
                let unknown =
                    Form::UnknownKey { entry: Some(entry.kind), key: quote(key), nearest };
                self.findings.push(pair.key_at, unknown);
            }
        }
    }

    fn declare_id(&mut self, entry: &'a Entry<'i>) {
        let Some(id) = self.fields(entry).required_text("id") else {
            if entry.damaged {
                self.incomplete.insert(entry.kind);
            }
            return;
        };
        if let Err(error) = check_form(id.value) {
            let bad = Value::BadId {
                id: quote(id.value),
                reason: error.to_string(),
                nearest: as_id(id.value),
            };
            self.findings.push(id.at, bad);
        }
        match self.declared.get(&(entry.kind, id.value)) {
            Some(first) => {
                let duplicate = Value::DuplicateId {
                    entry: entry.kind,
                    id: quote(id.value),
                    first_line: self.findings.line(*first),
                };
                self.findings.push(id.at, duplicate);
            }
            None => {
                self.declared.insert((entry.kind, id.value), entry.at);
            }
        }
    }

    /// Reads every entry of a kind and keeps those that are whole; of two with one id the first.
    fn collect<T>(
        &mut self,
        kind: EntryKind,
        read: fn(&mut Self, &'a Entry<'i>, &str) -> Option<T>,
        keep: fn(&mut Fleet, &str, T),
    ) {
        for entry in self.entries(kind) {
            let id = entry.pairs.get("id").and_then(|pair| pair.value.value.as_str());
            let shown = id.map_or_else(|| "?".to_owned(), quote);
            let whole = read(self, entry, &shown);
            let first = id.is_some_and(|id| self.declared.get(&(kind, id)) == Some(&entry.at));
            if let (Some(id), Some(whole), true) = (id, whole, first) {
                keep(&mut self.fleet, id, whole);
            }
        }
    }

    /// Whether every id of a kind is known, none lost to bad syntax.
    pub fn is_complete(&self, kind: EntryKind) -> bool {
        !self.document.lost && !self.incomplete.contains(&kind)
    }

    /// How many different ids of a kind are declared.
    pub fn declared_count(&self, kind: EntryKind) -> usize {
        let declared = self.declared.range((kind, "")..);
        declared.take_while(|((of, _), _)| *of == kind).count()
    }

    /// Whether a region has what a local service needs, or may have once its mistakes are gone.
    pub fn some_region_has(&self, need: LocalNeed) -> bool {
        self.document.lost
            || self.entries(EntryKind::Region).any(|entry| {
                let flag = entry.pairs.get(need.key()).map(|pair| &pair.value.value);
                entry.damaged || !matches!(flag, None | Some(DeValue::Boolean(false)))
            })
    }

    /// An id of another entry, if it is declared.
    pub fn reference<T>(
        &mut self,
        key: &str,
        kind: EntryKind,
        id: Located<&str>,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        if !self.declared.contains_key(&(kind, id.value)) {
            if self.is_complete(kind) {
                let declared = self.declared.range((kind, "")..);
                let declared = declared.take_while(|((of, _), _)| *of == kind);
                let ids = declared.map(|((_, id), _)| *id);
                let nearest = if self.findings.is_full() { None } else { nearest(id.value, ids) };
                let unknown = Value::UnknownReference {
                    key: key.to_owned(),
                    entry: kind,
                    id: quote(id.value),
                    nearest,
                };
                self.findings.push(id.at, unknown);
            }
            return None;
        }
        parse(id.value).ok()
    }

    pub fn required_reference<T>(
        &mut self,
        entry: &'a Entry<'i>,
        key: &str,
        kind: EntryKind,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Option<T> {
        let id = self.fields(entry).required_text(key)?;
        self.reference(key, kind, id, parse)
    }

    /// The ids of a list, each once; `None` if the list is missing or any of them is not declared.
    pub fn references<T>(
        &mut self,
        entry: &'a Entry<'i>,
        key: &str,
        kind: EntryKind,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Option<Vec<T>> {
        let ids = self.fields(entry).set(key, kind.most())?;
        let found: Vec<_> =
            ids.into_iter().map(|id| self.reference(key, kind, id, parse)).collect();
        found.into_iter().collect()
    }

    /// How much the whole fleet asks for; judged only when every service could be read.
    fn instances(&mut self) {
        if !self.findings.found.is_empty() {
            return;
        }
        let services = self.fleet.services.values();
        let counts = services.map(|service| {
            let placed = placement::datacenters(&self.fleet, service).len() as u64;
            placed * u64::from(service.nodes)
        });
        let (count, most) = (counts.sum(), INSTANCES_MAX);
        if count > most {
            let first = self.entries(EntryKind::Service).next();
            let at = first.map_or(0, |entry| entry.at);
            self.findings.push(at, Rule::TooManyInstances { count, most });
        }
    }
}
