//! Notifications: which channels tell people and programs of problems, and what becomes of each
//! delivery.
//!
//! Owns channels and what they hear, the plan of what is due ([`plan`]), what an answer means and
//! when it is tried again ([`answer`]), which addresses may be asked at all ([`address`]) and what
//! is accepted of a form ([`draft`]). Invariants: a delivery keeps its id and its content over all
//! its tries; every retry, list and wait is bounded; a channel is never told of its own trouble.

pub mod address;
pub mod answer;
pub mod draft;
pub mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use self::answer::Answer;
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId};
use crate::problem::{Kind, Places, Problem};
use crate::status::Status;

/// Most channels of an installation.
pub const CHANNELS_MAX: usize = 50;
/// Longest name of a channel, in characters.
pub const NAME_MAX_CHARS: usize = 80;
/// A channel that fails for so long is a problem, also before a delivery was given up.
pub const FAILING_AFTER: TimeDelta = TimeDelta::minutes(15);
/// How long the signing secret before a new one is still used beside it.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $error:ident, $prefix:literal, $says:literal;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub i64);

        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($says)]
        pub struct $error;

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                let number = text.strip_prefix($prefix).ok_or($error)?;
                let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                let number = number.parse().ok().filter(|_| plain && !number.starts_with('0'));
                number.map(Self).ok_or($error)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    )*};
}

ids! {
    /// `nc-3`: short, typeable, permanent.
    ChannelId, ChannelIdError, "nc-", "a channel's id is written nc- and a number, as in nc-3";
    /// `nd-412`: of a delivery; receivers know it as the id of a message.
    DeliveryId, DeliveryIdError, "nd-", "a delivery's id is written nd- and a number, as in nd-412";
}

/// How a channel tells. The name is permanent: metrics and JSON use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    Webhook,
    Email,
    Alertmanager,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Webhook, Self::Email, Self::Alertmanager];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Alertmanager => "alertmanager",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// Where a channel tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "way")]
pub enum Target {
    /// JSON, signed.
    Webhook {
        url: String,
    },
    Email(Mail),
    /// The base of an Alertmanager, without `/api/v2`.
    Alertmanager {
        url: String,
    },
}

/// A mail server, and between whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Whom to sign in as; `None`: nobody.
    pub user: Option<String>,
    pub from: String,
    /// Not empty.
    pub to: Vec<String>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// From the first byte.
    Tls,
    /// Asked for before anything is said; a server that has none is told nothing.
    StartTls,
    /// Only in networks that are allowed when the server starts.
    None,
}

impl Security {
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::None];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "start-tls",
            Self::None => "none",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Target {
    pub const fn way(&self) -> Way {
        match self {
            Self::Webhook { .. } => Way::Webhook,
            Self::Email(_) => Way::Email,
            Self::Alertmanager { .. } => Way::Alertmanager,
        }
    }

    /// The server it asks, without what may be half a secret: the path of a webhook.
    pub fn server(&self) -> String {
        match self {
            Self::Webhook { url } | Self::Alertmanager { url } => {
                address::origin(url).unwrap_or_default()
            }
            Self::Email(mail) => format!("{}:{}", mail.host, mail.port),
        }
    }
}

/// How urgent a problem is for whoever is told. The first is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Users feel it, or would at the next failure; or nobody knows.
    Critical,
    Warning,
}

impl Severity {
    pub const ALL: [Self; 2] = [Self::Critical, Self::Warning];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// A data centre that fell silent is as urgent as one that is known to fail.
    pub const fn of(problem: &Problem) -> Self {
        match (problem, problem.status()) {
            (Problem::DatacenterSilent { .. }, _) | (_, Status::Failing) => Self::Critical,
            (
                _,
                Status::Degraded
                | Status::Unknown
                | Status::Planned
                | Status::Updating
                | Status::Healthy,
            ) => Self::Warning,
        }
    }
}

/// Which problems a channel hears of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hears {
    /// This severity and worse.
    pub least: Severity,
    /// Service groups; empty: all. What belongs to no group is heard everywhere.
    pub groups: BTreeSet<GroupId>,
    /// Data centres; empty: all. What belongs to none is heard everywhere.
    pub datacenters: BTreeSet<DatacenterId>,
    /// Kinds of problems; empty: all.
    pub kinds: BTreeSet<Kind>,
}

impl Hears {
    pub fn problem(&self, problem: &Problem, fleet: &Fleet) -> bool {
        let Places { groups, datacenters } = problem.places(fleet);
        let reaches = |wanted: bool, empty: bool, common: bool| wanted || empty || common;
        Severity::of(problem) <= self.least
            && (self.kinds.is_empty() || self.kinds.contains(&problem.kind()))
            && reaches(self.groups.is_empty(), groups.is_empty(), !self.groups.is_disjoint(&groups))
            && reaches(
                self.datacenters.is_empty(),
                datacenters.is_empty(),
                !self.datacenters.is_disjoint(&datacenters),
            )
    }
}

/// Whether a channel tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    Active,
    /// A person paused it.
    Paused {
        by: String,
        at: DateTime<Utc>,
    },
    /// The receiver said that it is gone (410).
    Stopped {
        at: DateTime<Utc>,
    },
}

impl Standing {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused { .. } => "paused",
            Self::Stopped { .. } => "stopped",
        }
    }
}

/// What was seen of a channel's deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub sent_at: Option<DateTime<Utc>>,
    /// Of the tries since the last that was sent; `None`: the last one was, or there was none.
    pub failing_since: Option<DateTime<Utc>>,
    /// Deliveries given up since one was sent.
    pub given_up: u32,
    pub answer: Option<Answer>,
}

/// A way to tell somebody, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub target: Target,
    pub hears: Hears,
    /// An open problem is told again after so long; 0: never.
    pub repeat_minutes: u32,
    pub standing: Standing,
    /// Whether it has a secret: to sign with, or to sign in with.
    pub has_secret: bool,
    pub health: Health,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// For optimistic changes; rises by one with each.
    pub revision: i64,
}

impl Channel {
    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/settings/notifications/{}", self.id)
    }

    /// The problem that its deliveries do not arrive, if they do not.
    pub fn trouble(&self, now: DateTime<Utc>) -> Option<Problem> {
        let stopped = match &self.standing {
            Standing::Paused { .. } => return None,
            Standing::Stopped { .. } => true,
            Standing::Active => false,
        };
        let since = self.health.failing_since?;
        let long = now - since >= FAILING_AFTER || self.health.given_up > 0;
        (stopped || long).then(|| Problem::NotificationsFail {
            channel: self.id,
            name: self.name.clone(),
            since,
            stopped,
        })
    }
}

/// What happened to a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    Opened,
    /// It is more severe than was told.
    Worse,
    /// It is open still.
    Still,
    Ended,
}

impl What {
    pub const ALL: [Self; 4] = [Self::Opened, Self::Worse, Self::Still, Self::Ended];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Worse => "worse",
            Self::Still => "still",
            Self::Ended => "ended",
        }
    }
}

/// A problem as it was when the delivery was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The number of `at-1042`.
    pub id: i64,
    pub what: What,
    pub problem: Problem,
    /// Where it is, as the fleet said then.
    pub groups: BTreeSet<GroupId>,
    pub datacenters: BTreeSet<DatacenterId>,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub owner: Option<String>,
}

/// What a delivery says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Content {
    /// One problem; or several at once, where there were too many for one message each.
    Problems {
        items: Vec<Item>,
        /// How many more there were.
        left_out: u32,
    },
    /// A person pressed the button.
    Test { by: String },
}

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum State {
    /// For its first try, or the next one.
    Waiting {
        due_at: DateTime<Utc>,
    },
    /// A server tries; if it says nothing until then, another one does.
    Trying {
        until: DateTime<Utc>,
    },
    Sent {
        at: DateTime<Utc>,
    },
    GivenUp {
        at: DateTime<Utc>,
    },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Trying { .. } => "trying",
            Self::Sent { .. } => "sent",
            Self::GivenUp { .. } => "given-up",
        }
    }
}

/// One message on its way over one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub channel: ChannelId,
    pub content: Content,
    pub planned_at: DateTime<Utc>,
    pub state: State,
    /// Tries so far, the one under way included.
    pub tries: u32,
    /// Of the last try that ended.
    pub answer: Option<Answer>,
}
