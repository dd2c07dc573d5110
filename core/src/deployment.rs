//! What to tell an agent: the difference between what the fleet asks of a data centre and what
//! its agent says it was told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::backup::work::Work;
use crate::bench::Test;
use crate::estate::Deployment;
use crate::fence::Subject;
use crate::fleet::Service;
use crate::id::{InstanceId, ServiceId};

/// One of the two places that a service has in a data centre. The stable version stands in one;
/// a new version comes up in the other, beside it, and the next one in the first again.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Track {
    /// Where a service's first version comes up.
    #[default]
    Blue,
    Green,
}

impl Track {
    pub const ALL: [Self; 2] = [Self::Blue, Self::Green];

    /// Where the next version comes up.
    pub const fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    /// Its permanent name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }
}

/// The place of one version of a service in a data centre.
pub type Slot = (ServiceId, Track);

/// A change an agent can make. Idempotent: it states the end, not the step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Command {
    /// Run exactly this at the track, replacing one node at a time what runs there otherwise.
    Deploy {
        service: ServiceId,
        #[serde(default)]
        track: Track,
        spec: Spec,
    },
    /// Run nothing at the track any more.
    Remove {
        service: ServiceId,
        #[serde(default)]
        track: Track,
    },
    /// Start one instance afresh: a new process in its place, the old one drained first.
    Replace { service: ServiceId, instance: InstanceId },
    /// Test a version; the result comes with the reports.
    Test { service: ServiceId, test: Test },
    /// Work on a database; how it goes comes with the reports.
    Work { work: Work },
}

impl Command {
    /// Whose decisions are ordered by the token.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Deploy { service, .. }
            | Self::Remove { service, .. }
            | Self::Replace { service, .. }
            | Self::Test { service, .. } => Subject::Service(service.clone()),
            Self::Work { work } => Subject::Database(work.database().clone()),
        }
    }
}

/// What runs at a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub version: String,
    pub nodes: u16,
    /// Program and arguments; empty: the agent's default program.
    pub command: Vec<String>,
    pub health_path: String,
}

impl Spec {
    /// The part that a running instance cannot change without being replaced, as a short
    /// fingerprint (the version is compared apart, so that people can read it).
    pub fn template(&self) -> String {
        let mut hash = Sha256::new();
        for part in self.command.iter().chain([&self.health_path]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl From<&Service> for Spec {
    fn from(service: &Service) -> Self {
        Self {
            version: service.version.clone(),
            nodes: service.nodes,
            command: service.command.clone(),
            health_path: service.health_path.clone(),
        }
    }
}

/// What is known of the commands given about one subject in one data centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// A command was given and its result is not known yet.
    pub in_flight: bool,
    /// Commands in a row that failed.
    pub failures: u32,
    pub last_failed_at: Option<DateTime<Utc>>,
}

/// First wait after a failed command; doubles with each, up to [`RETRY_MAX`].
pub const RETRY_FIRST: TimeDelta = TimeDelta::seconds(5);
/// Longest wait between two tries.
pub const RETRY_MAX: TimeDelta = TimeDelta::seconds(300);

impl History {
    /// Whether a command may be given now.
    pub fn permits(&self, now: DateTime<Utc>) -> bool {
        let wait = RETRY_FIRST * (1 << self.failures.saturating_sub(1).min(6));
        let waited = self.last_failed_at.is_none_or(|at| now - at >= wait.min(RETRY_MAX));
        !self.in_flight && (self.failures == 0 || waited)
    }
}

/// The commands that bring one data centre from what its agent acknowledged to what is wanted.
///
/// In the order of service and track; the same input gives the same commands. Nothing is decided
/// for a data centre that is not heard: the caller passes only what a live agent reported.
pub fn decide(
    wanted: &BTreeMap<Slot, Spec>,
    told: &BTreeMap<Slot, Deployment>,
    history: &BTreeMap<Subject, History>,
    now: DateTime<Utc>,
) -> Vec<Command> {
    let permits = |id: &ServiceId| {
        let past = history.get(&Subject::Service(id.clone()));
        past.is_none_or(|past| past.permits(now))
    };
    let deploys = wanted.iter().filter_map(|(slot, spec)| {
        let (service, track) = (slot.0.clone(), slot.1);
        let done = told.get(slot).is_some_and(|have| {
            have.version == spec.version
                && have.nodes == spec.nodes
                && have.template == spec.template()
        });
        let due = !done && permits(&service);
        due.then(|| Command::Deploy { service, track, spec: spec.clone() })
    });
    let removals = told
        .keys()
        .filter(|slot| !wanted.contains_key(*slot) && permits(&slot.0))
        .map(|(service, track)| Command::Remove { service: service.clone(), track: *track });
    deploys.chain(removals).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fence::Token;
    use crate::fleet::Placement;
    use crate::id::GroupId;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a small timestamp")
    }

    fn service(version: &str) -> Service {
        Service {
            group: GroupId::new("social").expect("an id"),
            placement: Placement::Distributed { datacenters: Default::default() },
            nodes: 2,
            version: version.into(),
            front: false,
            command: Vec::new(),
            health_path: "/health".into(),
            retired: false,
            strategy: Default::default(),
            bench: None,
            rollout_plan: None,
            limits: Default::default(),
            depends_on: Default::default(),
            node_requests_per_second: None,
            availability_target: None,
            requires_checks: Default::default(),
        }
    }

    fn told(id: &ServiceId, service: &Service) -> BTreeMap<Slot, Deployment> {
        let spec = Spec::from(service);
        let deployment = Deployment {
            service: id.clone(),
            track: Track::Blue,
            version: spec.version.clone(),
            nodes: spec.nodes,
            template: spec.template(),
            token: Token::default(),
        };
        BTreeMap::from([((id.clone(), Track::Blue), deployment)])
    }

    #[test]
    fn tells_only_what_differs_and_removes_what_is_not_wanted() {
        let id = ServiceId::new("feed-api").expect("an id");
        let (old, new) = (service("1.0.0"), service("1.1.0"));
        let none = BTreeMap::new();
        let decide_for = |want: &Service, told: &BTreeMap<_, _>| {
            let wanted = BTreeMap::from([((id.clone(), Track::Blue), Spec::from(want))]);
            decide(&wanted, told, &none, at(0))
        };
        assert_eq!(decide_for(&old, &told(&id, &old)), []);
        let (service, track) = (id.clone(), Track::Blue);
        let deploy = Command::Deploy { service, track, spec: Spec::from(&new) };
        assert_eq!(decide_for(&new, &told(&id, &old)), std::slice::from_ref(&deploy));
        assert_eq!(decide_for(&new, &BTreeMap::new()), [deploy]);
        assert_eq!(
            decide(&BTreeMap::new(), &told(&id, &old), &none, at(0)),
            [Command::Remove { service: id.clone(), track: Track::Blue }]
        );
    }

    #[test]
    fn waits_for_an_answer_and_longer_after_each_failure() {
        let failed = |failures| History { in_flight: false, failures, last_failed_at: Some(at(0)) };
        assert!(!History { in_flight: true, ..Default::default() }.permits(at(1000)));
        assert!(History::default().permits(at(0)));
        for (failures, seconds) in [(1, 5), (2, 10), (3, 20), (20, 300)] {
            assert!(!failed(failures).permits(at(seconds - 1)), "{failures} failures");
            assert!(failed(failures).permits(at(seconds)), "{failures} failures");
        }
    }
}
