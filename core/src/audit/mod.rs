//! The audit log: what an entry says, and how anyone can check that none was changed.
//!
//! Owns the event types, the bytes that are hashed, the Merkle tree over them ([`merkle`]) and the
//! signed checkpoints ([`note`]). Positions are given by one sequencer later than the entry is
//! written, so an entry in hand may have none yet.

pub mod check;
pub mod export;
pub mod merkle;
pub mod note;
pub mod record;
pub mod search;
pub mod trail;
pub mod verify;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happened. Written once, never changed; serialised in field order, these bytes are the
/// Merkle leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of this format; 1.
    pub v: u8,
    /// When, by the server's clock, whole microseconds.
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub action: Action,
    /// What was acted on, as the path of its page, for example `/services/feed-api`.
    pub object: String,
    pub outcome: Outcome,
    /// The reason a person gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The request that caused it; the same id stands in the log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

impl Event {
    /// Something done, without its values: what else there is to say is set on top.
    pub fn new(at: DateTime<Utc>, actor: Actor, action: Action, object: String) -> Self {
        Self {
            v: 1,
            at,
            actor,
            action,
            object,
            outcome: Outcome::Done,
            reason: None,
            before: None,
            after: None,
            request: None,
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Actor {
    /// A signed-in user.
    User(String),
    /// An API token, by its name, of the user before the slash: `operator-1/deploy-bot`.
    Token(String),
    /// An agent, by its data centre.
    Agent(String),
    /// A part of the server itself: `deployer`, `sequencer`, `setup`.
    System(String),
    /// Somebody not signed in, by network address (failed sign-ins).
    Anonymous(String),
}

impl Actor {
    /// Its name, without what kind of actor it is.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name)
            | Self::Token(name)
            | Self::Agent(name)
            | Self::System(name)
            | Self::Anonymous(name) => name,
        }
    }
}

/// What was done. The name is permanent: filters, exports and tests use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    SignIn,
    SignOut,
    Confirm,
    FactorAdd,
    FactorRemove,
    FactorReset,
    RecoveryCodes,
    IdentityLink,
    IdentityUnlink,
    UserCreate,
    UserChange,
    UserDisable,
    PasswordChange,
    ProfileChange,
    TokenCreate,
    TokenRevoke,
    JoinTokenCreate,
    AgentJoin,
    AgentRevoke,
    FleetApply,
    DatacenterForget,
    StoreRewound,
    StoreGoOn,
    Deploy,
    Remove,
    InstanceReplace,
    CommandResult,
    ProblemOpen,
    ProblemClose,
    ProblemTake,
    ProblemRelease,
    ProblemSnooze,
    RolloutStart,
    RolloutPause,
    RolloutResume,
    RolloutPromote,
    RolloutAbort,
    RolloutRollBack,
    RolloutUndo,
    RolloutRetry,
    RolloutEnd,
    RolloutReason,
    RolloutStep,
    QuarantineLift,
    BenchRun,
    BenchResult,
    NodeTest,
    BackupAsk,
    BackupStep,
    BackupDays,
    DatabaseWork,
    DatabaseResult,
    RestoreAsk,
    RestoreAllow,
    RestoreRefuse,
    RestoreStep,
    RestoreLetGo,
    RestoreKeepLonger,
    FailoverStart,
    FailoverAllow,
    FailoverRefuse,
    FailoverPause,
    FailoverResume,
    FailoverRetry,
    FailoverSkip,
    FailoverStop,
    FailoverOverride,
    FailoverForce,
    FailoverGate,
    FailoverDrillPlan,
    FailoverDrillCancel,
    FailoverDrillMiss,
    ApprovalAsk,
    ApprovalGive,
    ApprovalRefuse,
    ApprovalWithdraw,
    ApprovalLapse,
    FailoverStep,
    OutageFound,
    OutageCorrect,
    RunbookApply,
    RunbookStart,
    RunbookStep,
    RunbookEnd,
    AliasCreate,
    AliasChange,
    AliasRemove,
    EventPlan,
    EventChange,
    EventStart,
    EventEnd,
    EventCancel,
    EventWaive,
    EventTick,
    ChannelCreate,
    ChannelChange,
    ChannelPause,
    ChannelResume,
    ChannelRemove,
    ChannelRotate,
    ChannelTest,
    ChannelStop,
    DeliveryGiveUp,
    PipelineSourceCreate,
    PipelineSourceRotate,
    PipelineSourceRemove,
    PipelineReport,
    AuditExport,
    EvidencePack,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Done,
    /// Not allowed, or not possible now; nothing was changed.
    Refused,
    /// Tried and failed.
    Failed,
}

/// A signed checkpoint does not continue the one that a witness keeps: entries were changed,
/// removed or put in before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// When the witness found it, by its clock.
    pub at: DateTime<Utc>,
    /// Entries in the log at the checkpoint that was witnessed.
    pub witnessed: u64,
    /// Entries in the log at the one that does not continue it.
    pub offered: u64,
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Order of writing; unique, gaps mean nothing.
    pub id: i64,
    /// Position in the log, from 0; `None` until the sequencer has placed it. The permanent
    /// address is `/audit/{seq}`.
    pub seq: Option<i64>,
    pub event: Event,
    /// Merkle leaf hash, hexadecimal.
    pub leaf: String,
}
