//! What people ask of rollouts, quarantines and benches, on any server; and reading them.
//!
//! A request carries a one-time key: the same request under the same key gives the first answer.
//! It names what the person saw ([`Seen`]); what would now mean something else is refused with
//! who changed what. All of it is one transaction that holds the lock of
//! [`mainstay_store::release::lock`], so every rule is judged on what really stands, and the audit
//! entry (also of a refusal) stands with it. After the commit this server's picture is fresh and
//! its edges are told at once.
//!
//! Must not: decide. The rules are in [`mainstay_core::rollout`].

mod ask;
mod bench;
mod facts;
mod reason;
mod start;
pub(crate) mod write;

use mainstay_core::approval::{self, ApprovalId};
use mainstay_core::audit::{Action, Event, Outcome};
use mainstay_core::bench::BenchResult;
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::rollout::{Refusal, Rollout, RolloutId, StartFinding};
use mainstay_store::rollout::{self as stored, Filter};
use mainstay_store::{StoreError, Tx, audit, bench as benches};

use crate::Control;
use crate::access::By;
use crate::once::Form;

pub(crate) use bench::{command, command_id};
pub(crate) use facts::{Sources, watch as watched};

pub use facts::{Analysed, Gathered};
pub use reason::Told;
pub use start::Planned;

/// Longest reason, in characters.
pub const REASON_MAX_CHARS: usize = 500;
/// Longest version, in bytes, as agents accept it.
pub const VERSION_MAX_BYTES: usize = 64;

impl From<Form> for RolloutError {
    fn from(form: Form) -> Self {
        Self::Form(form.0)
    }
}

/// What a person saw when asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The revision of the rollout that was shown. What only stops or takes back (pause, abort,
    /// roll back) is done whatever happened meanwhile; all else only on what was shown. `None`:
    /// nothing particular was shown.
    pub revision: Option<i64>,
    /// [`mainstay_core::rollout::Plan::hash`] of the plan that was shown.
    pub plan_hash: Option<String>,
    /// The version that was said to come back.
    pub target: Option<String>,
    pub loss: Loss,
}

/// What was said to data that is lost on the way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: it was not shown.
    #[default]
    Unconfirmed,
    /// It was shown and confirmed; a second person has to allow it.
    Confirmed,
    /// It was shown and confirmed, and nobody else can be reached: somebody looks at it afterwards.
    Emergency,
    /// The second person allows what was asked for.
    Approved,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    #[error("there is no such object")]
    NotFound,
    /// The rules forbid it; written down in the audit log.
    #[error(transparent)]
    Refused(Refusal),
    /// A rollout cannot be started; written down in the audit log.
    #[error("{}", sentences(.0))]
    Findings(Vec<StartFinding>),
    /// It is not what was shown any more.
    #[error("it changed meanwhile: {}", .0.words())]
    Changed(Box<Conflict>),
    /// The form is malformed; each a sentence that says what to write.
    #[error("{0}")]
    Form(&'static str),
    /// Data would be lost: a second person was asked to allow it.
    #[error("it loses data: a second person has to allow it at /approvals/{approval}")]
    Waits { approval: ApprovalId },
    /// It waits for a second person, and this is none; written down in the audit log.
    #[error(transparent)]
    Approval(#[from] approval::Refusal),
    #[error("the agent of {datacenter} is not heard; a bench needs it")]
    NotHeard { datacenter: DatacenterId },
    #[error("{service} runs in no data centre that is heard; a bench needs one")]
    NowhereHeard { service: ServiceId },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What stands instead of what was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// As it is now; `None`: a rollout that was to be started is planned otherwise by now.
    pub rollout: Option<Rollout>,
    /// Who or what changed it last, and to what.
    pub last: Option<stored::Event>,
}

impl Conflict {
    fn words(&self) -> String {
        match (&self.rollout, &self.last) {
            (Some(rollout), Some(last)) => format!(
                "{} is {} since {} ({})",
                rollout.id,
                rollout.state.name(),
                last.at.format("%H:%M:%S UTC"),
                name_of(&last.actor)
            ),
            (Some(rollout), None) => format!("{} is {} now", rollout.id, rollout.state.name()),
            (None, _) => "its plan is another one by now; look at it again".to_owned(),
        }
    }
}

fn sentences(findings: &[StartFinding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn name_of(actor: &mainstay_core::audit::Actor) -> &str {
    use mainstay_core::audit::Actor;
    match actor {
        Actor::User(name)
        | Actor::Token(name)
        | Actor::Agent(name)
        | Actor::System(name)
        | Actor::Anonymous(name) => name,
    }
}

impl Control {
    /// One rollout.
    pub async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>, StoreError> {
        stored::get(self.store.reads(), id).await
    }

    /// Rollouts, newest first.
    pub async fn rollouts(&self, filter: &Filter, limit: i64) -> Result<Vec<Rollout>, StoreError> {
        stored::list(self.store.reads(), filter, limit).await
    }

    /// What happened to a rollout, newest first; `before`: the last one of the page before.
    pub async fn rollout_events(
        &self,
        id: RolloutId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<stored::Event>, StoreError> {
        stored::events(self.store.reads(), id, before, limit).await
    }

    /// Verdicts on a rollout, newest first; see [`Analysed`] for what is in them.
    pub async fn verdicts(
        &self,
        id: RolloutId,
        position: Option<mainstay_core::rollout::Position>,
        limit: i64,
    ) -> Result<Vec<stored::Verdict>, StoreError> {
        stored::verdicts(self.store.reads(), id, position, limit).await
    }

    /// The newest bench of a version; `None`: none was ever ordered.
    pub async fn bench(
        &self,
        service: &ServiceId,
        version: &str,
    ) -> Result<Option<BenchResult>, StoreError> {
        let mut connection = self.store.reads().acquire().await?;
        benches::get(&mut connection, service, version).await
    }

    /// Benches of one service or of all, newest first.
    pub async fn benches(
        &self,
        service: Option<&ServiceId>,
        limit: i64,
    ) -> Result<Vec<BenchResult>, StoreError> {
        benches::list(self.store.reads(), service, limit).await
    }

    /// Brings this server's picture up to what was just written; the edges' task wakes by it.
    pub(crate) async fn refresh(&self) {
        let store = self.store.for_background();
        if let Err(error) = crate::follow::refresh(&store, &self.estate).await {
            tracing::warn!(%error, "a decision stands and is read later");
        }
    }
}

/// An entry for what a person asked; the outcome is done until it is said otherwise.
fn event(by: &By, action: Action, object: String, now: chrono::DateTime<chrono::Utc>) -> Event {
    Event {
        v: 1,
        at: now,
        actor: by.actor.clone(),
        action,
        object,
        outcome: Outcome::Done,
        reason: None,
        before: None,
        after: None,
        request: by.request.clone(),
    }
}

/// Writes that something was refused, in the words that the person gets.
async fn refuse(tx: &mut Tx<'_>, mut event: Event, words: &str) -> Result<(), StoreError> {
    event.outcome = Outcome::Refused;
    event.after = Some(serde_json::json!({ "refused": words }));
    audit::append(tx, &event).await.map(drop)
}

fn check_reason(reason: Option<&str>) -> Result<(), RolloutError> {
    match reason {
        Some(reason) if reason.chars().count() > REASON_MAX_CHARS => {
            Err(RolloutError::Form("write a reason of at most 500 characters"))
        }
        Some(_) | None => Ok(()),
    }
}
