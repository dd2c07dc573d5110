//! Live values: what may stand between `{{` and `}}`, read into a typed question.
//!
//! A new one is a variant of [`Query`], a line in [`KNOWN`], an arm in [`parse`] and an answer in
//! [`super::resolve`].

use std::fmt;

use crate::fleet::Fleet;
use crate::fleet::read::nearest;
use crate::id::{DatabaseId, DatacenterId, IdError, RegionId, ServiceId};

/// The word that stands for what the problem is about.
pub const SUBJECT: &str = "subject";
/// Longest text between the braces, in bytes.
const TEXT_MAX_BYTES: usize = 200;

/// Every live value: how it is written, and what it says.
pub const KNOWN: [(&str, &str); 11] = [
    ("subject", "what the problem is about"),
    ("healthy SERVICE [DATACENTER]", "how many of its instances are healthy"),
    ("version SERVICE [DATACENTER]", "which versions run"),
    ("stable SERVICE", "the version that new instances get"),
    ("rollout SERVICE", "the rollout that is on"),
    ("problems NAME", "how many open problems are about it"),
    ("heard DATACENTER", "whether its agent is heard"),
    ("readiness PLACE", "whether a region or data centre could go away now"),
    ("lag DATABASE", "how far its standbys are behind, and the limit"),
    ("leader DATABASE", "where it takes writes"),
    ("backup-age DATABASE", "how old its newest usable copy is"),
];

/// An object that is named, or the one that the problem is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name<T> {
    Given(T),
    Subject,
}

/// A question that a live value answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    Subject,
    Healthy { service: Name<ServiceId>, datacenter: Option<DatacenterId> },
    Version { service: Name<ServiceId>, datacenter: Option<DatacenterId> },
    Stable { service: Name<ServiceId> },
    Rollout { service: Name<ServiceId> },
    Problems { about: Name<String> },
    Heard { datacenter: Name<DatacenterId> },
    Readiness { place: Name<String> },
    Lag { database: Name<DatabaseId> },
    Leader { database: Name<DatabaseId> },
    BackupAge { database: Name<DatabaseId> },
}

/// Why a text is no live value, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub reason: String,
    pub instead: String,
}

/// Reads what stands between the braces.
pub fn parse(text: &str) -> Result<Query, Mistake> {
    let mut words = text.split_whitespace();
    let verb = words.next().filter(|_| text.len() <= TEXT_MAX_BYTES).unwrap_or_default();
    let Some((form, _)) = KNOWN.iter().find(|(form, _)| verb_of(form) == verb) else {
        let nearest = nearest(verb, KNOWN.iter().map(|(form, _)| verb_of(form)));
        let instead = match nearest {
            Some(nearest) => format!("write `{{{{{nearest} ...}}}}`"),
            None => {
                let verbs: Vec<_> = KNOWN.iter().map(|(form, _)| verb_of(form)).collect();
                format!("the live values are {}", verbs.join(", "))
            }
        };
        return Err(Mistake { reason: "there is none of this name".to_owned(), instead });
    };
    let instead = || format!("write `{{{{{form}}}}}`");
    let args: Vec<&str> = words.collect();
    let asked = form.split_whitespace().skip(1);
    let most = asked.clone().count();
    let least = asked.filter(|arg| !arg.starts_with('[')).count();
    if !(least..=most).contains(&args.len()) {
        let reason = format!("it takes {}", counted(least, most));
        return Err(Mistake { reason, instead: instead() });
    }
    query(verb, &args).map_err(|error| Mistake { reason: error.to_string(), instead: instead() })
}

fn query(verb: &str, args: &[&str]) -> Result<Query, IdError> {
    let first = args.first().copied().unwrap_or_default();
    let service = || name(first, ServiceId::new);
    let database = || name(first, DatabaseId::new);
    let datacenter = || args.get(1).map(|id| DatacenterId::new(id)).transpose();
    let plain = || name(first, |text| crate::id::check_form(text).map(|()| text.to_owned()));
    Ok(match verb {
        "healthy" => Query::Healthy { service: service()?, datacenter: datacenter()? },
        "version" => Query::Version { service: service()?, datacenter: datacenter()? },
        "stable" => Query::Stable { service: service()? },
        "rollout" => Query::Rollout { service: service()? },
        "problems" => Query::Problems { about: plain()? },
        "heard" => Query::Heard { datacenter: name(first, DatacenterId::new)? },
        "readiness" => Query::Readiness { place: plain()? },
        "lag" => Query::Lag { database: database()? },
        "leader" => Query::Leader { database: database()? },
        "backup-age" => Query::BackupAge { database: database()? },
        // Only names of the table come here.
        _ => Query::Subject,
    })
}

fn name<T>(text: &str, parse: impl Fn(&str) -> Result<T, IdError>) -> Result<Name<T>, IdError> {
    if text == SUBJECT { Ok(Name::Subject) } else { parse(text).map(Name::Given) }
}

fn verb_of(form: &str) -> &str {
    form.split(' ').next().unwrap_or(form)
}

fn counted(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "no name".to_owned(),
        (1, 1) => "one name".to_owned(),
        (least, most) => format!("{least} or {most} names"),
    }
}

impl Query {
    /// Objects that it names and the fleet does not have: what they are, their ids, and the
    /// nearest that there is.
    pub fn unknown(&self, fleet: &Fleet) -> Vec<(&'static str, String, Option<String>)> {
        let mut found = Vec::new();
        let mut ask = |what, id: &str, names: Vec<&str>| {
            if !names.contains(&id) {
                found.push((what, id.to_owned(), nearest(id, names.into_iter())));
            }
        };
        let services = || fleet.services.keys().map(ServiceId::as_str).collect();
        let datacenters = || fleet.datacenters.keys().map(DatacenterId::as_str).collect();
        let databases = || fleet.databases.keys().map(DatabaseId::as_str).collect();
        match self {
            Self::Healthy { service, datacenter } | Self::Version { service, datacenter } => {
                if let Name::Given(service) = service {
                    ask("service", service.as_str(), services());
                }
                if let Some(datacenter) = datacenter {
                    ask("data centre", datacenter.as_str(), datacenters());
                }
            }
            Self::Stable { service: Name::Given(service) }
            | Self::Rollout { service: Name::Given(service) } => {
                ask("service", service.as_str(), services());
            }
            Self::Heard { datacenter: Name::Given(datacenter) } => {
                ask("data centre", datacenter.as_str(), datacenters());
            }
            Self::Readiness { place: Name::Given(place) } => {
                let regions = fleet.regions.keys().map(RegionId::as_str);
                let datacenters: Vec<_> = datacenters();
                ask("place", place, regions.chain(datacenters).collect());
            }
            Self::Lag { database: Name::Given(database) }
            | Self::Leader { database: Name::Given(database) }
            | Self::BackupAge { database: Name::Given(database) } => {
                ask("database", database.as_str(), databases());
            }
            Self::Subject
            | Self::Problems { .. }
            | Self::Stable { service: Name::Subject }
            | Self::Rollout { service: Name::Subject }
            | Self::Heard { datacenter: Name::Subject }
            | Self::Readiness { place: Name::Subject }
            | Self::Lag { database: Name::Subject }
            | Self::Leader { database: Name::Subject }
            | Self::BackupAge { database: Name::Subject } => {}
        }
        found
    }
}

impl<T: fmt::Display> fmt::Display for Name<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(id) => id.fmt(f),
            Self::Subject => f.write_str(SUBJECT),
        }
    }
}

/// As it is written between the braces.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_place = |f: &mut fmt::Formatter<'_>, datacenter: &Option<DatacenterId>| {
            datacenter.as_ref().map_or(Ok(()), |datacenter| write!(f, " {datacenter}"))
        };
        match self {
            Self::Subject => f.write_str(SUBJECT),
            Self::Healthy { service, datacenter } => {
                write!(f, "healthy {service}")?;
                in_place(f, datacenter)
            }
            Self::Version { service, datacenter } => {
                write!(f, "version {service}")?;
                in_place(f, datacenter)
            }
            Self::Stable { service } => write!(f, "stable {service}"),
            Self::Rollout { service } => write!(f, "rollout {service}"),
            Self::Problems { about } => write!(f, "problems {about}"),
            Self::Heard { datacenter } => write!(f, "heard {datacenter}"),
            Self::Readiness { place } => write!(f, "readiness {place}"),
            Self::Lag { database } => write!(f, "lag {database}"),
            Self::Leader { database } => write!(f, "leader {database}"),
            Self::BackupAge { database } => write!(f, "backup-age {database}"),
        }
    }
}
