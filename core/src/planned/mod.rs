//! Planned events: what will be changed, where and when, and the checks before it may begin (R10,
//! R13 to R19).
//!
//! Owns what an event says ([`Content`]) and what is accepted of it, its states, its checklist
//! ([`check`]), collisions with others ([`collision`]), what may be asked of it ([`request`]) and
//! what rollouts that belong to it wait for ([`gate`]).
//! Invariants: an urgent fix has the very checks of any other release; what is not known is no
//! pass; what was ticked or waived counts for what the event said then, and not for ever.

pub mod check;
pub mod collision;
pub mod gate;
pub mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::check::{Check, Tick};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId, ServiceId};
use crate::pipeline::repository::Address;
use crate::placement;

/// Longest title, in characters.
pub const TITLE_MAX_CHARS: usize = 120;
/// Longest of the other texts, in characters.
pub const TEXT_MAX_CHARS: usize = 2_000;
/// Longest version and commit, in characters.
pub const VERSION_MAX_CHARS: usize = 100;
/// Most services that one event names.
pub const SERVICES_MAX: usize = 100;
/// An event begins within this time.
pub const AHEAD_MOST: TimeDelta = TimeDelta::days(90);
/// And is over within this time after it began.
pub const LENGTH_MOST: TimeDelta = TimeDelta::days(7);

/// `ev-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event's id is written ev- and a number, as in ev-12")]
pub struct EventIdError;

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ev-{}", self.0)
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let number = text.strip_prefix("ev-").ok_or(EventIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(EventIdError)
    }
}

impl TryFrom<String> for EventId {
    type Error = EventIdError;

    fn try_from(text: String) -> Result<Self, EventIdError> {
        text.parse()
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

/// What is changed, which is also the planned cause of what it leads to (R25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    PlatformUpdate,
    InfrastructureUpdate,
    NewFeature,
    UrgentHotfix,
}

impl Kind {
    pub const ALL: [Self; 4] =
        [Self::PlatformUpdate, Self::InfrastructureUpdate, Self::NewFeature, Self::UrgentHotfix];

    /// Its permanent name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformUpdate => "platform-update",
            Self::InfrastructureUpdate => "infrastructure-update",
            Self::NewFeature => "new-feature",
            Self::UrgentHotfix => "urgent-hotfix",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub title: String,
    pub what: String,
    pub kind: Kind,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub datacenters: BTreeSet<DatacenterId>,
    /// With the version that comes, where it is a release.
    #[serde(default)]
    pub services: BTreeMap<ServiceId, Option<String>>,
    /// Whether its data centres serve no users meanwhile.
    #[serde(default)]
    pub out_of_traffic: bool,
    /// Whether what uses the services works on unchanged (R18).
    #[serde(default)]
    pub compatible: bool,
    /// What users and other services are expected to notice.
    #[serde(default)]
    pub effect: String,
    /// How it is taken back.
    #[serde(default)]
    pub way_back: String,
    /// Where all of its configuration is, in a repository (R15).
    #[serde(default)]
    pub commit: Option<String>,
    /// The address of that repository, which is asked for the commit.
    // Left out where there is none: what was waived before there were any stays bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// A mistake in what was written; a sentence that says what to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Mistake {
    #[error("write a title")]
    NoTitle,
    #[error("write what is done")]
    NoWhat,
    #[error("write at most {most} characters")]
    TooLong { field: String, most: usize },
    #[error("write a begin that is in the future")]
    Past,
    #[error("write a begin within the next {} days", AHEAD_MOST.num_days())]
    TooFarAhead,
    #[error("write an end after the begin")]
    EndsFirst,
    #[error("write an end at most {} days after the begin", LENGTH_MOST.num_days())]
    TooLongTime,
    #[error("choose at least one data centre")]
    Nowhere,
    #[error("{datacenter} is no data centre of the fleet")]
    NoDatacenter { datacenter: DatacenterId },
    #[error("{service} is no service of the fleet")]
    NoService { service: ServiceId },
    #[error("{service} is not placed in any of these data centres")]
    NotPlaced { service: ServiceId },
    #[error("write at most {SERVICES_MAX} services")]
    TooManyServices,
    #[error("write how an infrastructure update is taken back")]
    NoWayBack,
    #[error(
        "write the address of the repository, as in https://git.example.org/shop, without a \
         password"
    )]
    NoRepository,
    #[error("write all 40 or 64 digits of the commit, so that its repository can be asked for it")]
    ShortCommit,
}

impl Mistake {
    /// The field in which it was made.
    pub fn field(&self) -> &str {
        match self {
            Self::NoTitle => "title",
            Self::NoWhat => "what",
            Self::TooLong { field, .. } => field,
            Self::Past | Self::TooFarAhead => "from",
            Self::EndsFirst | Self::TooLongTime => "until",
            Self::Nowhere | Self::NoDatacenter { .. } => "datacenters",
            Self::NoService { .. } | Self::NotPlaced { .. } | Self::TooManyServices => "services",
            Self::NoWayBack => "way_back",
            Self::NoRepository => "repository",
            Self::ShortCommit => "commit",
        }
    }
}

impl Content {
    /// Every mistake in it; empty: it may be planned.
    pub fn mistakes(&self, fleet: &Fleet, now: DateTime<Utc>) -> Vec<Mistake> {
        let mut found = Vec::new();
        found.extend(self.title.trim().is_empty().then_some(Mistake::NoTitle));
        found.extend(self.what.trim().is_empty().then_some(Mistake::NoWhat));
        let commit = self.commit.as_deref().unwrap_or_default();
        let texts = [
            ("title", self.title.as_str(), TITLE_MAX_CHARS),
            ("what", &self.what, TEXT_MAX_CHARS),
            ("effect", &self.effect, TEXT_MAX_CHARS),
            ("way_back", &self.way_back, TEXT_MAX_CHARS),
            ("commit", commit, VERSION_MAX_CHARS),
        ];
        let versions = self.services.values().flatten();
        let versions = versions.map(|version| ("services", version.as_str(), VERSION_MAX_CHARS));
        let long = texts.into_iter().chain(versions);
        let long = long.filter(|(_, text, most)| text.chars().count() > *most);
        found.extend(long.map(|(field, _, most)| Mistake::TooLong { field: field.into(), most }));
        self.time(now, &mut found);
        self.places(fleet, &mut found);
        let needs = self.kind == Kind::InfrastructureUpdate && self.way_back.trim().is_empty();
        found.extend(needs.then_some(Mistake::NoWayBack));
        if let Some(repository) = &self.repository {
            let wrong = Address::read(repository.trim()).is_none();
            found.extend(wrong.then_some(Mistake::NoRepository));
            let short = self.commit.is_some() && self.whole_commit().is_none();
            found.extend(short.then_some(Mistake::ShortCommit));
        }
        found
    }

    fn time(&self, now: DateTime<Utc>, found: &mut Vec<Mistake>) {
        if self.from <= now {
            found.push(Mistake::Past);
        } else if self.from - now > AHEAD_MOST {
            found.push(Mistake::TooFarAhead);
        }
        if self.until <= self.from {
            found.push(Mistake::EndsFirst);
        } else if self.until - self.from > LENGTH_MOST {
            found.push(Mistake::TooLongTime);
        }
    }

    fn places(&self, fleet: &Fleet, found: &mut Vec<Mistake>) {
        found.extend(self.datacenters.is_empty().then_some(Mistake::Nowhere));
        let unknown = self.datacenters.iter().filter(|id| !fleet.datacenters.contains_key(*id));
        found.extend(unknown.map(|id| Mistake::NoDatacenter { datacenter: id.clone() }));
        if self.services.len() > SERVICES_MAX {
            found.push(Mistake::TooManyServices);
        }
        for id in self.services.keys().take(SERVICES_MAX) {
            let service = id.clone();
            match fleet.services.get(id) {
                None => found.push(Mistake::NoService { service }),
                Some(declared) => {
                    let placed = placement::datacenters(fleet, declared);
                    if placed.is_disjoint(&self.datacenters) {
                        found.push(Mistake::NotPlaced { service });
                    }
                }
            }
        }
    }

    /// Without white space around texts; what is empty is not there.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let text = |text: String| text.trim().to_owned();
        let some = |it: Option<String>| it.map(text).filter(|text| !text.is_empty());
        Self {
            title: text(self.title),
            what: text(self.what),
            effect: text(self.effect),
            way_back: text(self.way_back),
            commit: some(self.commit),
            repository: some(self.repository),
            services: self.services.into_iter().map(|(id, version)| (id, some(version))).collect(),
            ..self
        }
    }

    /// Fingerprint: what is ticked and waived is bound to it.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a content has only string keys");
        let digest = Sha256::digest(json);
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Versions that come.
    pub fn releases(&self) -> impl Iterator<Item = (&ServiceId, &str)> {
        self.services.iter().filter_map(|(id, version)| Some((id, version.as_deref()?)))
    }

    /// The services that it touches: those it names, or all in its data centres.
    pub fn touched(&self, fleet: &Fleet) -> BTreeSet<ServiceId> {
        if !self.services.is_empty() {
            return self.services.keys().cloned().collect();
        }
        let here = fleet.services.iter().filter(|(_, service)| {
            !placement::datacenters(fleet, service).is_disjoint(&self.datacenters)
        });
        here.map(|(id, _)| id.clone()).collect()
    }

    /// The groups of the services that it touches.
    pub fn groups(&self, fleet: &Fleet) -> BTreeSet<GroupId> {
        let touched = self.touched(fleet);
        let declared = touched.iter().filter_map(|id| fleet.services.get(id));
        declared.map(|service| service.group.clone()).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    Planned,
    Running {
        by: String,
        at: DateTime<Utc>,
        /// Checks that were open, and waived.
        waived: BTreeSet<Check>,
    },
    Done {
        by: String,
        began: DateTime<Utc>,
        at: DateTime<Utc>,
        note: String,
    },
    Cancelled {
        by: String,
        why: String,
        at: DateTime<Utc>,
    },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running { .. } => "running",
            Self::Done { .. } => "done",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Cancelled { .. })
    }
}

/// How an event stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Planned,
    Running,
    Done,
    Cancelled,
    /// Its time passed, and nobody started it.
    NeverStarted,
    /// Its time passed, and nobody ended it.
    Overrun,
}

/// A planned event as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedEvent {
    pub id: EventId,
    pub content: Content,
    pub state: State,
    /// What people said of checks that nobody else can see.
    pub ticks: BTreeMap<Check, Tick>,
    /// The user, also where a token of theirs asked.
    pub planned_by: String,
    pub planned_at: DateTime<Utc>,
    /// Rises by one with each change.
    pub revision: i64,
    pub changed_at: DateTime<Utc>,
}

impl PlannedEvent {
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
        let passed = now >= self.content.until;
        match &self.state {
            State::Planned if passed => Standing::NeverStarted,
            State::Planned => Standing::Planned,
            State::Running { .. } if passed => Standing::Overrun,
            State::Running { .. } => Standing::Running,
            State::Done { .. } => Standing::Done,
            State::Cancelled { .. } => Standing::Cancelled,
        }
    }

    pub fn path(&self) -> String {
        format!("/events/{}", self.id)
    }
}
