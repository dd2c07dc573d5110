//! Links to actions: `action:roll-back feed-api`. They lead to the page that shows what would
//! happen; nothing is ever done by following one.

use std::fmt;

use super::resolve::Subject;
use super::value::{Mistake, Name, SUBJECT};
use crate::access::Permission;
use crate::fleet::Fleet;
use crate::fleet::read::nearest;
use crate::id::{DatabaseId, DatacenterId, GroupId, IdError, InstanceId, ServiceId};

/// How a link to an action begins.
pub const SCHEME: &str = "action:";
/// Every action: how it is written, and where its page says more.
pub const KNOWN: [(&str, &str); 7] = [
    ("roll-back SERVICE", "takes the last rollout back"),
    ("start-rollout SERVICE", "starts a rollout"),
    ("run-bench SERVICE", "tests a version on staging"),
    ("fail-over PLACE", "moves what runs in a region or data centre elsewhere"),
    ("back-up DATABASE", "makes a copy now"),
    ("replace INSTANCE", "replaces an instance by a fresh one"),
    ("forget DATACENTER", "forgets what a data centre reported"),
];
/// The same word, as some write it.
const SAME: [(&str, &str); 4] = [
    ("rollback", "roll-back"),
    ("failover", "fail-over"),
    ("backup", "back-up"),
    ("rollout", "start-rollout"),
];

/// An action on something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    RollBack(Name<ServiceId>),
    StartRollout(Name<ServiceId>),
    RunBench(Name<ServiceId>),
    FailOver(Name<String>),
    BackUp(Name<DatabaseId>),
    Replace(InstanceId),
    Forget(Name<DatacenterId>),
}

/// Reads what follows [`SCHEME`].
pub fn parse(text: &str) -> Result<Action, Mistake> {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let verb = SAME.iter().find(|(same, _)| *same == verb).map_or(verb, |(_, known)| known);
    let Some((form, _)) = KNOWN.iter().find(|(form, _)| form.split(' ').next() == Some(verb))
    else {
        let verbs = KNOWN.iter().filter_map(|(form, _)| form.split(' ').next());
        let instead = match nearest(verb, verbs.clone()) {
            Some(nearest) => format!("write `{SCHEME}{nearest} ...`"),
            None => format!("the actions are {}", verbs.collect::<Vec<_>>().join(", ")),
        };
        return Err(Mistake { reason: "there is none of this name".to_owned(), instead });
    };
    let instead = format!("write `{SCHEME}{form}`");
    let (Some(object), None) = (words.next(), words.next()) else {
        return Err(Mistake { reason: "it takes one name".to_owned(), instead });
    };
    action(verb, object).map_err(|error| Mistake { reason: error.to_string(), instead })
}

fn action(verb: &str, object: &str) -> Result<Action, IdError> {
    fn name<T>(text: &str, of: impl Fn(&str) -> Result<T, IdError>) -> Result<Name<T>, IdError> {
        if text == SUBJECT { Ok(Name::Subject) } else { of(text).map(Name::Given) }
    }
    let places = |text: &str| {
        let ids = text.split(',').map(crate::id::check_form);
        ids.collect::<Result<Vec<_>, _>>().map(|_| text.to_owned())
    };
    Ok(match verb {
        "roll-back" => Action::RollBack(name(object, ServiceId::new)?),
        "start-rollout" => Action::StartRollout(name(object, ServiceId::new)?),
        "run-bench" => Action::RunBench(name(object, ServiceId::new)?),
        "fail-over" => Action::FailOver(name(object, places)?),
        "back-up" => Action::BackUp(name(object, DatabaseId::new)?),
        "replace" => Action::Replace(InstanceId::new(object)?),
        // Only names of the table come here.
        _ => Action::Forget(name(object, DatacenterId::new)?),
    })
}

impl Action {
    /// Address of the page that shows what it would do; `None`: it is about what the problem is
    /// about, and no problem says what that is.
    pub fn page(&self, subject: Option<&Subject>) -> Option<String> {
        let service = |name: &Name<ServiceId>, verb: &str| {
            let id = given(name, subject.and_then(|it| it.service.as_ref()))?;
            Some(format!("/services/{id}/do/{verb}"))
        };
        match self {
            Self::RollBack(name) => service(name, "roll-back"),
            Self::StartRollout(name) => service(name, "start-rollout"),
            Self::RunBench(name) => service(name, "run-bench"),
            Self::FailOver(Name::Given(places)) => Some(failover(places)),
            Self::FailOver(Name::Subject) => Some(failover(subject?.datacenter.as_ref()?.as_str())),
            Self::BackUp(name) => {
                let id = given(name, subject.and_then(|it| it.database.as_ref()))?;
                Some(format!("/backups/sets/{id}/do/run-now"))
            }
            Self::Replace(id) => Some(format!("/instances/{id}/do/replace")),
            Self::Forget(name) => {
                let id = given(name, subject.and_then(|it| it.datacenter.as_ref()))?;
                Some(format!("/dc/{id}/do/forget"))
            }
        }
    }

    /// What doing it needs.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::RollBack(_)
            | Self::StartRollout(_)
            | Self::RunBench(_)
            | Self::FailOver(_)
            | Self::BackUp(_)
            | Self::Replace(_) => Permission::Operate,
            Self::Forget(_) => Permission::ManageFleet,
        }
    }

    /// The group it touches, where it touches one.
    pub fn group<'f>(&self, fleet: &'f Fleet, subject: Option<&Subject>) -> Option<&'f GroupId> {
        match self {
            Self::RollBack(name) | Self::StartRollout(name) | Self::RunBench(name) => {
                let id = given(name, subject.and_then(|it| it.service.as_ref()))?;
                fleet.services.get(id).map(|service| &service.group)
            }
            Self::BackUp(name) => {
                let id = given(name, subject.and_then(|it| it.database.as_ref()))?;
                fleet.databases.get(id).map(|database| &database.group)
            }
            Self::FailOver(_) | Self::Replace(_) | Self::Forget(_) => None,
        }
    }
}

fn given<'a, T>(name: &'a Name<T>, subject: Option<&'a T>) -> Option<&'a T> {
    match name {
        Name::Given(id) => Some(id),
        Name::Subject => subject,
    }
}

fn failover(places: &str) -> String {
    format!("/failover/plans/{places}/do/start")
}

/// As it is written after [`SCHEME`].
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RollBack(name) => write!(f, "roll-back {name}"),
            Self::StartRollout(name) => write!(f, "start-rollout {name}"),
            Self::RunBench(name) => write!(f, "run-bench {name}"),
            Self::FailOver(name) => write!(f, "fail-over {name}"),
            Self::BackUp(name) => write!(f, "back-up {name}"),
            Self::Replace(id) => write!(f, "replace {id}"),
            Self::Forget(name) => write!(f, "forget {name}"),
        }
    }
}
