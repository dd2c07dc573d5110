//! Answers to live values, from a snapshot. What is not known is an answer too, with why: a text
//! never has a hole.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::value::{Name, Query};
use crate::backup::usable;
use crate::cluster::Role;
use crate::estate::{Contact, Estate};
use crate::failover::preview::Verdict;
use crate::fleet::Cluster;
use crate::id::{DatabaseId, DatacenterId, EdgeId, GroupId, ServiceId};
use crate::problem::{Problem, Record};
use crate::rollout::RolloutId;
use crate::status::{Status, Tally};

/// What a problem is about: what `subject` stands for, by what is asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// In words: `feed-api in fra1`.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacenter: Option<DatacenterId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeId>,
}

impl Subject {
    pub fn of(problem: &Problem) -> Self {
        let (service, datacenter) = problem.about();
        let (service, datacenter) = (service.cloned(), datacenter.cloned());
        let plain = Self { service, datacenter, ..Self::default() };
        let plain = match problem {
            Problem::Backup { database, .. } | Problem::StandbyNotReady { database, .. } => {
                Self { database: Some(database.clone()), ..plain }
            }
            Problem::TrafficDropped { group, .. } => Self { group: Some(group.clone()), ..plain },
            Problem::EdgeRefuses { edge, .. } | Problem::EdgeGone { edge, .. } => {
                Self { edge: Some(edge.clone()), ..plain }
            }
            Problem::AuditConflict { datacenter, .. } => {
                Self { datacenter: Some(datacenter.clone()), ..plain }
            }
            Problem::FailoverWaits { run, lose, .. } | Problem::FailoverStuck { run, lose, .. } => {
                return Self { name: format!("{run} ({lose})"), ..plain };
            }
            Problem::ApprovalWaits { approval, subject, .. }
            | Problem::ReviewWaits { approval, subject, .. } => {
                return Self { name: format!("{approval} ({})", subject.name()), ..plain };
            }
            Problem::AuditBroken { .. } => {
                return Self { name: "the audit log".to_owned(), ..plain };
            }
            Problem::StoreRewound { .. } => {
                return Self { name: "the state store".to_owned(), ..plain };
            }
            Problem::NotificationsFail { channel, name, .. } => {
                return Self { name: format!("{channel} ({name})"), ..plain };
            }
            Problem::AliasDead { alias, .. } => {
                return Self { name: format!("/go/{alias}"), ..plain };
            }
            Problem::DatacenterSilent { .. }
            | Problem::DatacenterNeverSeen { .. }
            | Problem::InstancesFailing { .. }
            | Problem::TooFewNodes { .. }
            | Problem::Misplaced { .. }
            | Problem::OneDatacenterLeft { .. }
            | Problem::ServiceDown { .. }
            | Problem::BudgetBurns { .. }
            | Problem::MixedVersions { .. }
            | Problem::RolloutPaused { .. }
            | Problem::RollbackStuck { .. }
            | Problem::RolledBack { .. } => plain,
        };
        Self { name: plain.named(), ..plain }
    }

    fn named(&self) -> String {
        let what = [
            self.service.as_ref().map(ServiceId::as_str),
            self.database.as_ref().map(DatabaseId::as_str),
            self.group.as_ref().map(GroupId::as_str),
            self.edge.as_ref().map(EdgeId::as_str),
        ];
        let place = self.datacenter.as_ref().map(DatacenterId::as_str);
        match (what.into_iter().flatten().next(), place) {
            (Some(what), Some(place)) => format!("{what} in {place}"),
            (Some(only), None) | (None, Some(only)) => only.to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// Whether a place could go away, as a preview says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    pub verdict: Verdict,
    /// The worst check that does not pass.
    pub cause: Option<String>,
    pub at: DateTime<Utc>,
}

/// Everything that answers are made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub estate: &'a Estate,
    /// The same in the time of the backup policies.
    pub policy: &'a Estate,
    pub problems: &'a [Record],
    /// By region and data centre; one that is missing is not known.
    pub readiness: &'a BTreeMap<String, Ready>,
    pub subject: Option<&'a Subject>,
}

/// An answer, and when what it rests on was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub answer: Answer,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Subject(String),
    /// Instances by status.
    Healthy(Tally),
    /// Each with its instances; empty: none runs.
    Versions(Vec<(String, u32)>),
    Stable(String),
    /// `None`: none is on.
    Rollout(Option<(RolloutId, String)>),
    Problems(usize),
    Heard(Contact),
    Ready(Ready),
    /// Of the standby that is most behind; the limit in bytes.
    Lag {
        datacenter: DatacenterId,
        bytes: u64,
        limit: u64,
    },
    Leader(DatacenterId),
    BackupAge {
        age: TimeDelta,
        datacenter: DatacenterId,
    },
    Unknown(Why),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is about what the problem is about, and the page was opened without one, or with one
    /// that is about something else.
    NoSubject,
    /// The fleet does not have it.
    NotThere { id: String },
    /// Nothing was heard from there lately.
    Silent { datacenter: DatacenterId },
    /// Nobody told it yet.
    NoData,
    /// It is no cluster.
    NoCluster,
    /// There is no copy that could be restored.
    NoCopy,
}

/// Answers a live value.
pub fn resolve(query: &Query, facts: &Facts<'_>) -> Reading {
    let mut at = facts.estate.at;
    let answer = answer(query, facts, &mut at).unwrap_or_else(Answer::Unknown);
    Reading { answer, at }
}

fn answer(query: &Query, facts: &Facts<'_>, at: &mut DateTime<Utc>) -> Result<Answer, Why> {
    let (estate, subject) = (facts.estate, facts.subject);
    let service = |name| named(name, subject.and_then(|it| it.service.as_ref()));
    let database = |name| named(name, subject.and_then(|it| it.database.as_ref()));
    match query {
        Query::Subject => subject.map(|it| Answer::Subject(it.name.clone())).ok_or(Why::NoSubject),
        Query::Healthy { service: name, datacenter } => {
            let place = in_place(name, datacenter.as_ref(), subject);
            healthy(estate, service(name)?, place, at)
        }
        Query::Version { service: name, datacenter } => {
            let place = in_place(name, datacenter.as_ref(), subject);
            versions(estate, service(name)?, place, at)
        }
        Query::Stable { service: name } => {
            let id = service(name)?;
            let stable = estate.releases.stable(&estate.fleet, id);
            stable.map(|it| Answer::Stable(it.version)).ok_or_else(|| not_there(id))
        }
        Query::Rollout { service: name } => {
            let id = service(name)?;
            known_service(estate, id)?;
            let mut newest_first = estate.releases.rollouts.values().rev();
            let on = newest_first.find(|it| it.plan.service == *id && !it.is_over());
            Ok(Answer::Rollout(on.map(|it| (it.id, it.plan.to.clone()))))
        }
        Query::Problems { about } => problems(facts, about),
        Query::Heard { datacenter } => {
            let id = named(datacenter, subject.and_then(|it| it.datacenter.as_ref()))?;
            known_datacenter(estate, id)?;
            Ok(Answer::Heard(estate.contact(id)))
        }
        Query::Readiness { place } => {
            let place = match place {
                Name::Given(place) => place.as_str(),
                Name::Subject => {
                    subject.and_then(|it| it.datacenter.as_ref()).ok_or(Why::NoSubject)?.as_str()
                }
            };
            let declared = estate.fleet.datacenters.contains_key(place)
                || estate.fleet.regions.contains_key(place);
            if !declared {
                return Err(not_there(place));
            }
            let ready = facts.readiness.get(place).ok_or(Why::NoData)?;
            *at = ready.at;
            Ok(Answer::Ready(ready.clone()))
        }
        Query::Lag { database: name } => lag(estate, database(name)?, at),
        Query::Leader { database: name } => leader(estate, database(name)?, at),
        Query::BackupAge { database: name } => backup_age(facts.policy, database(name)?),
    }
}

fn named<'a, T>(name: &'a Name<T>, subject: Option<&'a T>) -> Result<&'a T, Why> {
    match name {
        Name::Given(id) => Ok(id),
        Name::Subject => subject.ok_or(Why::NoSubject),
    }
}

/// The place of a question: as written, else where the problem is.
fn in_place<'a>(
    name: &Name<ServiceId>,
    written: Option<&'a DatacenterId>,
    subject: Option<&'a Subject>,
) -> Option<&'a DatacenterId> {
    match (written, name) {
        (Some(datacenter), _) => Some(datacenter),
        (None, Name::Subject) => subject.and_then(|it| it.datacenter.as_ref()),
        (None, Name::Given(_)) => None,
    }
}

fn not_there(id: impl ToString) -> Why {
    Why::NotThere { id: id.to_string() }
}

fn known_service(estate: &Estate, id: &ServiceId) -> Result<(), Why> {
    if estate.fleet.services.contains_key(id) { Ok(()) } else { Err(not_there(id)) }
}

fn known_datacenter(estate: &Estate, id: &DatacenterId) -> Result<(), Why> {
    if estate.fleet.datacenters.contains_key(id) { Ok(()) } else { Err(not_there(id)) }
}

/// Sets `at` to the oldest of the last reports of places that are heard.
fn seen(estate: &Estate, places: &BTreeSet<&DatacenterId>, at: &mut DateTime<Utc>) {
    let heard = places.iter().filter(|id| estate.contact(id) == Contact::Reporting);
    let times = heard.filter_map(|id| estate.datacenters.get(*id)?.last_seen);
    *at = times.min().map_or(*at, |oldest| oldest.min(*at));
}

fn healthy(
    estate: &Estate,
    service: &ServiceId,
    place: Option<&DatacenterId>,
    at: &mut DateTime<Utc>,
) -> Result<Answer, Why> {
    known_service(estate, service)?;
    if let Some(place) = place {
        known_datacenter(estate, place)?;
    }
    let mut tally = Tally::default();
    let mut places = BTreeSet::new();
    let found = estate.instances().filter(|(datacenter, instance, _)| {
        instance.service == *service && place.is_none_or(|place| place == *datacenter)
    });
    for (datacenter, _, status) in found {
        tally.add(status);
        places.insert(datacenter);
    }
    silent(estate, place)?;
    seen(estate, &places, at);
    Ok(Answer::Healthy(tally))
}

/// A place that is asked about and not heard: what runs there is not known.
fn silent(estate: &Estate, place: Option<&DatacenterId>) -> Result<(), Why> {
    match place.map(|place| (place, estate.contact(place))) {
        None | Some((_, Contact::Reporting)) => Ok(()),
        Some((place, Contact::Silent { .. })) => Err(Why::Silent { datacenter: place.clone() }),
        Some((_, Contact::Never)) => Err(Why::NoData),
    }
}

fn versions(
    estate: &Estate,
    service: &ServiceId,
    place: Option<&DatacenterId>,
    at: &mut DateTime<Utc>,
) -> Result<Answer, Why> {
    known_service(estate, service)?;
    if let Some(place) = place {
        known_datacenter(estate, place)?;
    }
    silent(estate, place)?;
    let mut found: BTreeMap<&str, u32> = BTreeMap::new();
    let mut places = BTreeSet::new();
    for (datacenter, instance, status) in estate.instances() {
        let here = place.is_none_or(|place| place == datacenter);
        // What a silent place ran last is no version that runs.
        if instance.service == *service && here && status != Status::Unknown {
            *found.entry(&instance.version).or_default() += 1;
            places.insert(datacenter);
        }
    }
    seen(estate, &places, at);
    Ok(Answer::Versions(found.into_iter().map(|(it, n)| (it.to_owned(), n)).collect()))
}

fn problems(facts: &Facts<'_>, about: &Name<String>) -> Result<Answer, Why> {
    let given = |id: &str| -> Vec<String> { vec![id.to_owned()] };
    let names = match about {
        Name::Given(id) => given(id),
        Name::Subject => {
            let subject = facts.subject.ok_or(Why::NoSubject)?;
            let ids = [
                subject.service.as_ref().map(ToString::to_string),
                subject.database.as_ref().map(ToString::to_string),
                subject.datacenter.as_ref().map(ToString::to_string),
            ];
            vec![ids.into_iter().flatten().next().ok_or(Why::NoSubject)?]
        }
    };
    let open = facts.problems.iter().filter(|record| record.closed_at.is_none());
    let count = open.filter(|record| {
        let subject = Subject::of(&record.problem);
        let ids = [
            subject.service.map(|id| id.to_string()),
            subject.datacenter.map(|id| id.to_string()),
            subject.database.map(|id| id.to_string()),
            subject.group.map(|id| id.to_string()),
            subject.edge.map(|id| id.to_string()),
        ];
        ids.into_iter().flatten().any(|id| names.contains(&id))
    });
    Ok(Answer::Problems(count.count()))
}

fn lag(estate: &Estate, id: &DatabaseId, at: &mut DateTime<Utc>) -> Result<Answer, Why> {
    let declared = estate.fleet.databases.get(id).ok_or_else(|| not_there(id))?;
    let limit = declared.cluster.map(Cluster::lag_max_bytes).ok_or(Why::NoCluster)?;
    let standbys = declared.datacenters.iter().filter_map(|place| {
        let heard = estate.contact(place) == Contact::Reporting;
        let member = estate.datacenters.get(place).filter(|_| heard)?.member(id)?;
        let behind = member.role != Role::Leader;
        Some((place, member.lag_bytes.filter(|_| behind)?, member.seen_at))
    });
    let worst = standbys.max_by_key(|(_, bytes, _)| *bytes);
    let (datacenter, bytes, seen_at) = worst.ok_or(Why::NoData)?;
    *at = seen_at.min(*at);
    Ok(Answer::Lag { datacenter: datacenter.clone(), bytes, limit })
}

fn leader(estate: &Estate, id: &DatabaseId, at: &mut DateTime<Utc>) -> Result<Answer, Why> {
    let declared = estate.fleet.databases.get(id).ok_or_else(|| not_there(id))?;
    let leads = |place: &&DatacenterId| {
        let heard = estate.contact(place) == Contact::Reporting;
        let state = estate.datacenters.get(*place).filter(|_| heard);
        let leads = |state: &crate::estate::DatacenterState| match state.member(id) {
            Some(member) => member.role == Role::Leader,
            None => state.database(id).is_some_and(|report| report.hosts),
        };
        state.is_some_and(|state| leads(state))
    };
    let place = declared.datacenters.iter().find(leads).ok_or(Why::NoData)?;
    seen(estate, &BTreeSet::from([place]), at);
    Ok(Answer::Leader(place.clone()))
}

/// In the time of the policies: the age is what they judge.
fn backup_age(policy: &Estate, id: &DatabaseId) -> Result<Answer, Why> {
    if !policy.fleet.databases.contains_key(id) {
        return Err(not_there(id));
    }
    let (host, report) = policy.database(id).ok_or(Why::NoData)?;
    if policy.contact(host) != Contact::Reporting {
        return Err(Why::Silent { datacenter: host.clone() });
    }
    let copies = usable(&report.catalogue, &[]);
    let newest = copies.first().ok_or(Why::NoCopy)?;
    let age = policy.at - newest.copy.finished;
    Ok(Answer::BackupAge { age, datacenter: newest.datacenter.clone() })
}
