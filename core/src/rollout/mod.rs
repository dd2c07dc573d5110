//! Rollouts: from the stable version to a new one, by a plan, and back with one click.
//!
//! Owns the plan ([`Plan`]) and its check against the fleet ([`plan`]), the states ([`State`]),
//! what happens next ([`decide`]), what a person may ask ([`request`]), and what follows from a
//! state: what is to run where ([`wanted`]) and where requests go ([`routing`]).
//!
//! Invariants: only a pass promotes; unknown waits. Traffic leaves a version before its instances
//! do. Beside a canary the stable version keeps its full capacity until the rollout is over; a
//! rolling one replaces node for node and never has fewer in all than are declared. Weights and
//! instances are functions of the state, so that one written state is the whole decision.
//!
//! Must not: restart a version that was taken back. Only a person does, by lifting its quarantine.

mod change;
mod decide;
mod evidence;
mod facts;
mod gates;
pub mod plan;
mod position;
mod preview;
mod request;
#[cfg(test)]
mod tests;
mod traffic;
mod wanted;
mod words;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::deployment::Track;
use crate::fleet::Strategy;
use crate::id::{DatacenterId, EdgeId, InstanceId, RegionId, ServiceId};

pub use change::{Change, apply};
pub use decide::{Decision, Wait, decide};
pub use evidence::{Ease, Evidence, rollback_evidence};
pub use facts::{ConditionFact, EdgeFact, Facts, Nack, watched_since};
pub use gates::READY_WITHIN;
pub use plan::{StartFinding, StartRequest, StepRequest, start};
pub use position::HOLD_BACK;
pub use preview::{Check, Level, Line, Preview, StepPreview, Today, preview};
pub use request::{Refusal, Request, RollBackTarget, explainable, request, roll_back_target};
pub use traffic::{new_share, routing, routing_revision};
pub use wanted::{Nodes, nodes, wanted};

/// How long the version that was left stays warm: so long, going back is instant.
pub const WARM: TimeDelta = TimeDelta::minutes(15);

/// `ro-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RolloutId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rollout's id is written ro- and a number, as in ro-12")]
pub struct RolloutIdError;

/// How versions of a service are rolled out, as the fleet file declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTemplate {
    /// For `canary`: growing weights; the last is always all of it. For `rolling`: none.
    pub steps: Vec<Step>,
    /// For `rolling`: how long each new node is watched.
    pub node_watch_seconds: u32,
    /// Regions that go together, in order; regions that are not named follow, one by one by id.
    pub waves: Vec<Vec<RegionId>>,
    pub analysis: Analysis,
}

/// A share of requests, and how long it is watched before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Out of [`crate::routing::WEIGHT_TOTAL`].
    pub weight: u16,
    pub watch_seconds: u32,
    /// When its watch has passed, the rollout stands still until a person goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pause: bool,
}

/// What a version is judged by while it is watched. Whole numbers, so that a plan has one hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// The chance of stopping a version that is as good as the old one, over the whole rollout,
    /// in millionths.
    pub alpha_per_million: u32,
    /// How much larger the error rate may be, in hundredths of a percent of requests.
    pub error_tolerance_bp: u16,
    /// How much slower the p95 may be, in percent.
    pub latency_tolerance_percent: u16,
    /// Fewest requests of each version before anything passes.
    pub min_requests: u64,
    pub conditions: Vec<Condition>,
}

/// A plain limit that holds beside the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Condition {
    /// Error rate of the new version, in hundredths of a percent.
    ErrorsBelow {
        bp: u16,
    },
    /// p95 latency of the new version.
    P95Below {
        ms: u32,
    },
    /// The one value of a PromQL query, in thousandths. `$service`, `$version` and `$stable` are
    /// replaced.
    PromqlBelow {
        query: String,
        milli: i64,
    },
    PromqlAbove {
        query: String,
        milli: i64,
    },
}

/// What is to be done, whole and unchangeable; its hash is what a click confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub service: ServiceId,
    /// The stable version at the start, and where it stands; the new one goes to the other track.
    pub from: String,
    pub from_track: Track,
    pub to: String,
    pub strategy: Strategy,
    /// As in the template; for a hotfix with shorter watch times and no step less (R13).
    pub steps: Vec<Step>,
    pub node_watch_seconds: u32,
    pub waves: Vec<Wave>,
    pub analysis: Analysis,
    pub hotfix: bool,
    /// The change's reference in the enterprise's own register.
    pub change: Option<String>,
    pub schema: SchemaChange,
    /// Whether one configuration works with both versions, as declared at the start.
    pub configuration_compatible: bool,
}

/// Regions that go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    pub regions: Vec<RegionId>,
    /// Where the service runs in these regions, and with how many nodes.
    pub datacenters: Vec<(DatacenterId, u16)>,
}

/// What the new version does to the database's schema, as declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaChange {
    #[default]
    None,
    /// The old version works with the new schema.
    Reversible,
    /// It does not: going back loses data or needs a restore.
    Irreversible,
}

/// Where a rollout is. For `canary`, `step` counts the plan's steps inside a wave; for `rolling`
/// it counts the wave's nodes, data centre by data centre. A step past a canary's last means all
/// at once and without a watch: promoted fully.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub wave: u16,
    pub step: u16,
}

/// A rollout as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    pub id: RolloutId,
    pub plan: Plan,
    pub state: State,
    /// Rises with each change; what was shown is confirmed by it.
    pub revision: i64,
    /// What every edge must have acknowledged for the state's weights to hold.
    pub routing_revision: u64,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    pub changed_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// Instances of the new version come up for this position. Until they serve, weights are those
    /// of `held`, or of the position before this one.
    Preparing {
        at: Position,
        since: DateTime<Utc>,
        #[serde(default)]
        held: Option<Position>,
    },
    /// Rolling only: the new node is being tested, before it gets requests.
    Testing { at: Position, since: DateTime<Utc>, instance: InstanceId, test: String },
    /// The position's weights are given; edges acknowledge.
    Shifting { at: Position, since: DateTime<Utc> },
    /// The new version is watched and judged over the seconds since.
    Watching { at: Position, since: DateTime<Utc> },
    /// Stands still until a person says what next: with the weights of its position, or, not being
    /// weighed yet, with those before it.
    Paused { at: Position, since: DateTime<Utc>, why: PauseReason, weighed: bool },
    /// All requests are on the new version, which is stable now. The old one is kept warm.
    Promoted { at: DateTime<Utc>, warm_until: DateTime<Utc> },
    /// On the way back; `was` is the position it came from, `None`: it had been promoted.
    RollingBack { stage: Back, since: DateTime<Utc>, why: StopReason, was: Option<Position> },
    /// No request goes to the new version. It stays warm for undo, then its instances go.
    RolledBack {
        at: DateTime<Utc>,
        undo_until: DateTime<Utc>,
        why: StopReason,
        was: Option<Position>,
    },
    /// Over: only one version runs.
    Ended { at: DateTime<Utc>, outcome: Ending },
}

/// The two halves of a way back: traffic first, then instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Back {
    /// The old version was gone; its instances come up at full capacity.
    Starting,
    /// Weights are all on the old version; edges acknowledge, and their logs are watched until
    /// no request is seen on the new one.
    Shifting,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Ending {
    Promoted,
    RolledBack { why: StopReason },
}

/// Why a rollout stands still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PauseReason {
    /// A person asked.
    Asked { by: String },
    /// The step passed, and the plan has a person say that it goes on.
    Planned,
    /// The watch time is over, and again as long, and the analysis has neither passed nor failed.
    Undecided,
    /// There were too few requests to tell.
    NoData { requests: u64, needed: u64 },
    /// A value could not be measured.
    NotMeasured { what: String },
    /// Instances of the new version do not all come up in time.
    NotReady { datacenter: DatacenterId, serving: u16, wanted: u16 },
    /// An edge that is connected does not acknowledge in time.
    NotAcknowledged { edge: EdgeId },
    /// The agent of a data centre of this wave is not heard.
    AgentLost { datacenter: DatacenterId },
    /// An edge is away and still sends requests to the node that would be taken away.
    EdgeAway { edge: EdgeId },
}

/// Why a version is taken back: which rule, which values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StopReason {
    /// A person asked.
    Asked { by: String },
    /// The comparison with the old version failed; `words` has its numbers.
    Analysis { metric: String, words: String },
    /// A plain limit was broken.
    Limit { condition: Condition, words: String },
    /// The new version's instances died or do not serve.
    Dead { datacenter: DatacenterId, instance: InstanceId },
    /// A node did not pass its test.
    NodeTest { instance: InstanceId, words: String },
    /// An edge refused its configuration; `message` is its own words.
    Refused { edge: EdgeId, message: String },
}

impl State {
    /// When it was entered.
    pub const fn since(&self) -> DateTime<Utc> {
        match self {
            Self::Preparing { since, .. }
            | Self::Testing { since, .. }
            | Self::Shifting { since, .. }
            | Self::Watching { since, .. }
            | Self::Paused { since, .. }
            | Self::RollingBack { since, .. }
            | Self::Promoted { at: since, .. }
            | Self::RolledBack { at: since, .. }
            | Self::Ended { at: since, .. } => *since,
        }
    }
}

impl Rollout {
    /// The position whose weights hold while the next one comes up or stands still, and that is
    /// watched on; `None`: the present position is watched itself, or nothing is.
    pub fn held(&self) -> Option<Position> {
        match &self.state {
            State::Preparing { held: Some(held), .. } => Some(*held),
            State::Preparing { at, held: None, .. }
            | State::Testing { at, .. }
            | State::Paused { at, weighed: false, .. } => self.plan.previous(*at),
            State::Shifting { .. }
            | State::Watching { .. }
            | State::Paused { weighed: true, .. }
            | State::Promoted { .. }
            | State::RollingBack { .. }
            | State::RolledBack { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Whether it binds nothing any more: another one may start.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    /// The permanent address of its page.
    pub fn path(&self) -> String {
        format!("/rollouts/{}", self.id)
    }
}

impl Plan {
    /// What a click confirms: 12 hexadecimal digits of SHA-256 over the plan's JSON.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a plan has only string keys");
        Sha256::digest(json).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ro-{}", self.0)
    }
}

impl FromStr for RolloutId {
    type Err = RolloutIdError;

    fn from_str(text: &str) -> Result<Self, RolloutIdError> {
        let number = text.strip_prefix("ro-").and_then(|digits| digits.parse().ok());
        number.filter(|number| *number > 0).map(Self).ok_or(RolloutIdError)
    }
}

impl TryFrom<String> for RolloutId {
    type Error = RolloutIdError;

    fn try_from(text: String) -> Result<Self, RolloutIdError> {
        text.parse()
    }
}

impl From<RolloutId> for String {
    fn from(id: RolloutId) -> Self {
        id.to_string()
    }
}
