//! From one picture of the estate to the next: what changed, in the words of the page.
//!
//! Cost follows change: a data centre whose state is the same allocation and whose contact is the
//! same is not looked at again, and instances are only said when somebody listens.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use mainstay_core::estate::{Contact, DatacenterState, Estate, Instance};
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::status::{Status, Tally};
use serde_json::{Value, json};

use super::{Change, Fields, Place, Topics};
use crate::pages::parts;
use crate::pages::rows::ProblemRow;
use crate::pages::survey::{Cell, Survey, version_order};
use crate::pages::topology::load_step;
use crate::pages::{overview, rows};
use crate::shell;
use crate::t;
use crate::text;

/// Points by which the load of a cell must move before it is said again.
const LOAD_STEP: u32 = 5;

/// What the pages show now; the base of the next comparison.
#[derive(Clone, Debug, Default)]
pub struct View {
    fleet: Arc<Fleet>,
    states: BTreeMap<DatacenterId, (Arc<DatacenterState>, Contact)>,
    survey: Survey,
    /// Current values of everything but instances.
    values: BTreeMap<String, Fields>,
    loads: BTreeMap<(ServiceId, DatacenterId), Option<u32>>,
    at: DateTime<Utc>,
}

impl View {
    /// Every current value that the topics ask for, for a page that was away too long.
    pub fn values(&self, topics: &Topics, seq: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        if topics.estate {
            let values = self.values.iter();
            changes.extend(values.map(|(k, fields)| change(k.clone(), seq, fields.clone())));
        }
        for (datacenter, (state, contact)) in &self.states {
            for instance in state.instances.values() {
                if topics.wants_instance(datacenter, &instance.service, &instance.id) {
                    changes.push(instance_change(datacenter, instance, *contact, self.at, seq));
                }
            }
        }
        changes
    }
}

/// Compares the estate with the view before and gives the new view with what changed. `listeners`
/// is the union of what anybody wants; `seq` becomes the revision of every change.
pub fn changed(
    previous: &View,
    estate: &Estate,
    records: &[Record],
    listeners: &Topics,
    seq: u64,
) -> (View, Vec<Change>) {
    let mut walk = Walk { previous, estate, seq, changes: Vec::new(), values: BTreeMap::new() };
    let states = walk.states();
    let same_fleet = Arc::ptr_eq(&previous.fleet, &estate.fleet);
    let moved: Vec<_> = states
        .iter()
        .filter(|(id, now)| !same_fleet || !walk.same_state(id, now))
        .map(|(id, _)| id.clone())
        .collect();
    let survey = if moved.is_empty() && same_fleet && states.len() == previous.states.len() {
        previous.survey.clone()
    } else {
        Survey::of(estate)
    };
    let mut loads = previous.loads.clone();
    for id in &moved {
        walk.instances(id, &states, listeners);
    }
    walk.cells(&survey, &moved, &mut loads);
    walk.sums(&survey);
    walk.problems(&survey, records);
    walk.rollouts();
    walk.failover();
    let Walk { changes, values, .. } = walk;
    let fleet = Arc::clone(&estate.fleet);
    (View { fleet, states, survey, values, loads, at: estate.at }, changes)
}

/// A change with its times said in a zone, as a page whose lists show local times wants them.
pub fn told_in(zone: Tz, change: &Change, now: DateTime<Utc>) -> Change {
    let mut told = change.clone();
    for (name, value) in &change.fields {
        let moment = value.as_i64().and_then(|at| DateTime::from_timestamp(at, 0));
        if let (Some(field), Some(at)) = (name.strip_suffix("_at"), moment) {
            told.fields.insert(field.to_owned(), text::clock_in(zone, at, now).into());
        }
    }
    told
}

struct Walk<'a> {
    previous: &'a View,
    estate: &'a Estate,
    seq: u64,
    changes: Vec<Change>,
    values: BTreeMap<String, Fields>,
}

type States = BTreeMap<DatacenterId, (Arc<DatacenterState>, Contact)>;

impl Walk<'_> {
    fn states(&self) -> States {
        let states = self.estate.datacenters.iter();
        states
            .map(|(id, state)| (id.clone(), (Arc::clone(state), state.contact(self.estate.at))))
            .collect()
    }

    fn same_state(&self, id: &DatacenterId, now: &(Arc<DatacenterState>, Contact)) -> bool {
        let before = self.previous.states.get(id);
        before.is_some_and(|(state, contact)| Arc::ptr_eq(state, &now.0) && *contact == now.1)
    }

    /// Keeps the values and says them when they differ from before.
    fn say(&mut self, key: String, fields: Fields) {
        if self.previous.values.get(&key) != Some(&fields) {
            self.changes.push(change(key.clone(), self.seq, fields.clone()));
        }
        self.values.insert(key, fields);
    }

    /// Instances of a data centre that moved, those that somebody watches.
    fn instances(&mut self, id: &DatacenterId, states: &States, listeners: &Topics) {
        let Some((state, contact)) = states.get(id) else { return };
        let before = self.previous.states.get(id);
        let known = before.map(|(state, _)| &state.instances);
        let same_contact = before.is_some_and(|(_, was)| was == contact);
        for (key, instance) in &state.instances {
            let same = same_contact
                && known
                    .and_then(|known| known.get(key))
                    .is_some_and(|was| Arc::ptr_eq(was, instance) || was == instance);
            if !same && listeners.wants_instance(id, &instance.service, key) {
                let at = self.estate.at;
                self.changes.push(instance_change(id, instance, *contact, at, self.seq));
            }
        }
        for (key, instance) in known.into_iter().flatten() {
            let gone = !state.instances.contains_key(key);
            if gone && listeners.wants_instance(id, &instance.service, key) {
                self.changes.push(gone_change(id, instance, self.seq));
            }
        }
    }

    /// Cells: said again only where their data centre moved.
    fn cells(
        &mut self,
        survey: &Survey,
        moved: &[DatacenterId],
        loads: &mut BTreeMap<(ServiceId, DatacenterId), Option<u32>>,
    ) {
        for (place, cell) in &survey.cells {
            let key = format!("cell/{}/{}", place.0, place.1);
            let kept = (!moved.contains(&place.1))
                .then(|| self.previous.values.get(&key).cloned())
                .flatten();
            let fields = kept.unwrap_or_else(|| {
                let load = settled(loads.get(place).copied().flatten(), cell.load_percent());
                loads.insert(place.clone(), load);
                cell_fields(place, cell, survey.contact(&place.1), load)
            });
            self.say(key, fields);
        }
    }

    fn sums(&mut self, survey: &Survey) {
        let estate = self.estate;
        self.say("total".to_owned(), total_fields(&survey.total));
        for id in estate.fleet.datacenters.keys() {
            let tally = survey.datacenters.get(id).copied().unwrap_or_default();
            let contact = survey.contact(id);
            let mut fields = self.sum("dc", id.as_str(), tally, survey.datacenter_status(id));
            fields.insert("contact".to_owned(), text::contact(contact, estate.at).into());
            fields.insert("old".to_owned(), (contact != Contact::Reporting).into());
            self.say(format!("dc/{id}"), fields);
        }
        for id in estate.fleet.regions.keys() {
            let tally = survey.regions.get(id).copied().unwrap_or_default();
            let datacenters = estate.fleet.datacenters_of(id);
            let status = datacenters.map(|(dc, _)| survey.datacenter_status(dc)).min();
            let fields = self.sum("region", id.as_str(), tally, status.unwrap_or(Status::Unknown));
            self.say(format!("region/{id}"), fields);
        }
        let worst = worst_of_services(survey);
        for (id, status) in &worst {
            let tally = survey.services.get(id).copied().unwrap_or_default();
            let fields = self.sum("service", id.as_str(), tally, *status);
            self.say(format!("service/{id}"), fields);
        }
        for id in estate.fleet.groups.keys() {
            let tally = survey.groups.get(id).copied().unwrap_or_default();
            let services = estate.fleet.services_of(id);
            let status = services.filter_map(|(service, _)| worst.get(service).copied()).min();
            let fields = self.sum("group", id.as_str(), tally, status.unwrap_or(Status::Healthy));
            self.say(format!("group/{id}"), fields);
        }
    }

    /// Fields of a sum; words are only made again when the counts or the state moved.
    fn sum(&self, kind: &str, id: &str, tally: Tally, status: Status) -> Fields {
        let before = self.previous.values.get(&format!("{kind}/{id}"));
        let counts = json!(tally.0);
        match before {
            Some(fields)
                if fields.get("n") == Some(&counts)
                    && fields.get("s").and_then(Value::as_str) == Some(status.name()) =>
            {
                fields.clone()
            }
            Some(_) | None => counted(&tally, status),
        }
    }

    /// Rollouts that are on; one that ended is said once more.
    fn rollouts(&mut self) {
        let on = &self.estate.releases.rollouts;
        let rows: Vec<_> = on.values().filter(|rollout| !rollout.is_over()).collect();
        let mut worst = Status::Healthy;
        for rollout in &rows {
            let (tone, word) = text::rollout::rollout_state(&rollout.plan, &rollout.state);
            let status = tone.status();
            worst = worst.min(status);
            let fields = [
                ("s", status.name().into()),
                ("word", word.into()),
                ("rev", rollout.revision.to_string().into()),
            ];
            self.say(format!("rollout/{}", rollout.id), named(fields));
        }
        let n = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let fields = [
            ("s", worst.name().into()),
            ("open", text::number(n).into()),
            ("open_words", shell::rollouts_words(n).into()),
        ];
        self.say("rollouts".to_owned(), named(fields));
        let before = self.previous.values.keys();
        let gone = before.filter(|key| key.starts_with("rollout/"));
        for key in gone.filter(|key| !self.values.contains_key(*key)) {
            let over = t!("rollouts-over").into();
            let fields = named([("word", over), ("rev", "over".into())]);
            self.changes.push(change(key.clone(), self.seq, fields));
        }
    }

    /// The failover that is on; one that ended is said once more.
    fn failover(&mut self) {
        let on = self.estate.releases.failover();
        let (mut worst, mut n) = (Status::Healthy, 0u32);
        if let Some(run) = on {
            let (tone, word) = crate::pages::failover::state(run);
            (worst, n) = (tone.status(), 1);
            let fields = [
                ("s", worst.name().into()),
                ("word", word.into()),
                ("rev", run.revision.to_string().into()),
            ];
            self.say(format!("failover/{}", run.id), named(fields));
        }
        let fields = [
            ("s", worst.name().into()),
            ("open", text::number(n).into()),
            ("open_words", shell::failover_words(n).into()),
        ];
        self.say("failover".to_owned(), named(fields));
        let gone = self.previous.values.keys().filter(|key| key.starts_with("failover/"));
        for key in gone.filter(|key| !self.values.contains_key(*key)) {
            let fields = named([("rev", "over".into())]);
            self.changes.push(change(key.clone(), self.seq, fields));
        }
    }

    /// What the navigation counts beside sections.
    fn sections(&mut self, records: &[Record]) {
        let counts = rows::section_counts(records);
        let sections = [
            ("topology", counts.topology, shell::topology_words as fn(u32) -> String),
            ("backups", counts.backups, shell::backups_words),
        ];
        for (key, count, words) in sections {
            let (worst, n) = count.unwrap_or((Status::Healthy, 0));
            let fields = [
                ("s", worst.name().into()),
                ("open", text::number(n).into()),
                ("open_words", words(n).into()),
            ];
            self.say(key.to_owned(), named(fields));
        }
    }

    fn problems(&mut self, survey: &Survey, records: &[Record]) {
        let at = self.estate.at;
        let open = rows::open_problems(records, self.estate);
        let ids: Vec<_> = open.iter().map(|row| row.id).collect();
        let worst = open.first().map_or(Status::Healthy, |row| row.status);
        let (heard, declared) = survey.reporting(self.estate);
        let failing = open.iter().filter(|row| row.status == Status::Failing).count();
        let n = open.len();
        let count = text::number(n as u64);
        let fields = [
            ("s", worst.name().into()),
            ("open_words", t!("nav-count", n = n, count = count.as_str()).into()),
            ("open", count.into()),
            ("need", overview::need(n).into()),
            ("cause", overview::cause(open.first(), survey.total.get(Status::Healthy)).into()),
            ("failing", failing.into()),
            ("reporting", overview::reporting(heard, declared).into()),
            ("ids", json!(ids)),
        ];
        self.say("problems".to_owned(), named(fields));
        self.sections(records);
        for record in records {
            let row = ProblemRow::of(record, self.estate);
            let ended = row.closed_at;
            let status = if ended.is_some() { Status::Healthy } else { row.status };
            let word = ended.map_or_else(|| t!("since-word"), |_| t!("ended"));
            let when = ended.unwrap_or(row.opened_at);
            let said = ended.map_or_else(|| text::status(status), |_| t!("ended-word"));
            let fields = [
                ("s", status.name().into()),
                ("status", said.into()),
                ("word", word.into()),
                ("clock", text::clock(when, at).into()),
                ("clock_at", when.timestamp().into()),
                ("detail", row.detail.into()),
            ];
            self.say(format!("problem/{}", row.id), named(fields));
        }
    }
}

fn change(k: String, r: u64, fields: Fields) -> Change {
    Change { k, r, fields, place: None }
}

fn named<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The worst cell of each service, in one pass.
fn worst_of_services(survey: &Survey) -> BTreeMap<ServiceId, Status> {
    let mut worst: BTreeMap<ServiceId, Status> = BTreeMap::new();
    for ((service, datacenter), cell) in &survey.cells {
        let status = cell.status(survey.contact(datacenter)).unwrap_or(Status::Healthy);
        let entry = worst.entry(service.clone()).or_insert(status);
        *entry = status.min(*entry);
    }
    worst
}

fn counted(tally: &Tally, status: Status) -> Fields {
    let words = text::tally(tally);
    let words = if words.is_empty() { t!("no-instances") } else { words };
    named([
        ("n", json!(tally.0)),
        ("s", status.name().into()),
        ("status", text::status(status).into()),
        ("healthy", text::number(tally.get(Status::Healthy)).into()),
        ("total", text::number(tally.total()).into()),
        ("word", words.into()),
    ])
}

fn total_fields(tally: &Tally) -> Fields {
    let mut fields = counted(tally, tally.worst().unwrap_or(Status::Healthy));
    for status in Status::ALL {
        fields.insert(status.name().to_owned(), text::number(tally.get(status)).into());
    }
    fields
}

fn cell_fields(
    (service, datacenter): &(ServiceId, DatacenterId),
    cell: &Cell,
    contact: Contact,
    load: Option<u32>,
) -> Fields {
    let status = cell.status(contact).unwrap_or(Status::Healthy);
    let mut fields = counted(&cell.tally, status);
    let place = t!("in-place", service = service.as_str(), dc = datacenter.as_str());
    let words = fields.get("word").and_then(Value::as_str).unwrap_or_default();
    let label = format!("{place}: {words}");
    let mut versions: Vec<_> = cell.versions.keys().collect();
    versions.sort_by(|a, b| version_order(b, a));
    fields.insert("label".to_owned(), label.into());
    fields.insert("first_version".to_owned(), versions.first().map_or("", |v| v.as_str()).into());
    fields.insert("more_versions".to_owned(), versions.len().saturating_sub(1).into());
    fields.insert("version".to_owned(), text::list(versions).into());
    fields.insert("load".to_owned(), parts::load(load).into());
    fields.insert("step".to_owned(), load_step(load).into());
    fields.insert("old".to_owned(), (contact != Contact::Reporting).into());
    fields
}

/// The load to show: the one shown before unless it moved enough to matter.
fn settled(shown: Option<u32>, now: Option<u32>) -> Option<u32> {
    match (shown, now) {
        (Some(shown), Some(now)) if shown.abs_diff(now) < LOAD_STEP => Some(shown),
        (_, now) => now,
    }
}

fn instance_change(
    datacenter: &DatacenterId,
    instance: &Instance,
    contact: Contact,
    at: DateTime<Utc>,
    seq: u64,
) -> Change {
    let status = contact.status_of(&instance.state);
    let cause = instance.state.cause().map(text::cause).unwrap_or_default();
    let fields = named([
        ("s", status.name().into()),
        ("word", text::status(status).into()),
        ("state", text::state(&instance.state, at).into()),
        ("cause", cause.into()),
        ("since", text::clock(instance.since, at).into()),
        ("since_at", instance.since.timestamp().into()),
        ("version", instance.version.as_str().into()),
        ("restarts", text::number(instance.restarts).into()),
        ("cpu", parts::cpu(instance.cpu_millicores).into()),
        ("memory", parts::memory(instance.memory_bytes).into()),
        ("endpoint", text::known(instance.endpoint.as_deref()).into()),
        ("handle", text::known(instance.handle.as_deref()).into()),
    ]);
    placed(datacenter, &instance.service, &instance.id, fields, seq)
}

/// An instance that its agent reports no more.
fn gone_change(datacenter: &DatacenterId, instance: &Instance, seq: u64) -> Change {
    let fields = named([
        ("s", Status::Unknown.name().into()),
        ("word", t!("instance-gone").into()),
        ("state", t!("instance-gone").into()),
        ("cause", "".into()),
    ]);
    placed(datacenter, &instance.service, &instance.id, fields, seq)
}

fn placed(
    datacenter: &DatacenterId,
    service: &ServiceId,
    instance: &InstanceId,
    fields: Fields,
    seq: u64,
) -> Change {
    let place = Place {
        datacenter: datacenter.clone(),
        service: service.clone(),
        instance: instance.clone(),
    };
    Change { k: format!("instance/{instance}"), r: seq, fields, place: Some(place) }
}
