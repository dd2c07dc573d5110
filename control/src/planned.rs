//! Planned events: what people plan and ask of them, and the facts that their checks rest on.
//!
//! A request carries a one-time key and names the revision that was shown. All of it is one
//! transaction that holds the lock of [`mainstay_store::release::lock`], so no failover begins
//! between the checks of a start and the start; the audit entry (also of a refusal) stands with it.
//!
//! Must not: decide. The rules are in [`mainstay_core::planned`].

mod ask;
mod facts;
mod gate;

use chrono::{DateTime, Utc};
use mainstay_core::approval::{Approval, Subject};
use mainstay_core::failover::{Run, RunId};
use mainstay_core::planned::request::Refusal;
use mainstay_core::planned::{EventId, Mistake, PlannedEvent, State};
use mainstay_core::rollout::{Rollout, RolloutId};
use mainstay_store::planned::{self as stored, Logged};
use mainstay_store::{StoreError, Tx, approval, failover, rollout};

use crate::Control;
use crate::once::Form;

pub use ask::Request;
pub(crate) use facts::Known;
pub(crate) use gate::owner;

/// Longest reason or note, in characters.
pub const REASON_MAX_CHARS: usize = 500;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum PlannedError {
    #[error("there is no such object")]
    NotFound,
    /// What is wrong with what was written; each a sentence that says what to write.
    #[error("{}", sentences(.0))]
    Mistakes(Vec<Mistake>),
    #[error("{0}")]
    Form(String),
    /// The rules forbid it; written down in the audit log.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is not what was shown any more; written down in the audit log.
    #[error("{0}")]
    Changed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for PlannedError {
    fn from(form: Form) -> Self {
        Self::Form(form.0.to_owned())
    }
}

fn sentences(mistakes: &[Mistake]) -> String {
    let all = mistakes.iter().map(|it| format!("{}: {it}", it.field()));
    all.collect::<Vec<_>>().join("; ")
}

/// Why a waiver that waits is not what was asked for any more, if it is one and is not.
pub(crate) async fn changed(
    tx: &mut Tx<'_>,
    subject: &Subject,
) -> Result<Option<String>, StoreError> {
    let Subject::Waiver { event, content, .. } = subject else { return Ok(None) };
    let event = stored::get(tx, *event).await?;
    Ok(event.and_then(|event| differs(&event, content)))
}

fn differs(event: &PlannedEvent, content: &str) -> Option<String> {
    let (id, state) = (event.id, event.state.name());
    match &event.state {
        // Rollouts of an event that runs are judged by its checks too.
        State::Planned | State::Running { .. } if event.content.hash() == content => None,
        State::Planned | State::Running { .. } => Some(format!("{id} was changed since")),
        State::Done { .. } | State::Cancelled { .. } => Some(format!("{id} is {state}")),
    }
}

impl Control {
    /// One event.
    pub async fn planned_event(&self, id: EventId) -> Result<Option<PlannedEvent>, StoreError> {
        stored::get(&mut *self.store.reads().acquire().await?, id).await
    }

    /// Every event that is planned or runs, in the order of their time.
    pub async fn open_events(&self) -> Result<Vec<PlannedEvent>, StoreError> {
        stored::open(&mut *self.store.reads().acquire().await?).await
    }

    /// Events that are over, newest first; `before`: the last one of the page before.
    pub async fn past_events(
        &self,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Vec<PlannedEvent>, StoreError> {
        stored::over(self.store.reads(), before, limit).await
    }

    /// Events of any state in a time.
    pub async fn events_between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<PlannedEvent>, StoreError> {
        stored::between(self.store.reads(), from, until).await
    }

    /// What happened to an event, newest first.
    pub async fn event_log(&self, id: EventId) -> Result<Vec<Logged>, StoreError> {
        stored::log(self.store.reads(), id).await
    }

    /// What was asked about going without checks of an event, newest first.
    pub async fn event_waivers(&self, id: EventId) -> Result<Vec<Approval>, StoreError> {
        approval::waivers(&mut *self.store.reads().acquire().await?, id).await
    }

    /// The rollouts, and the failovers and drills, that belong to an event, newest first.
    pub async fn owned_by(
        &self,
        id: EventId,
        limit: i64,
    ) -> Result<(Vec<Rollout>, Vec<Run>), StoreError> {
        let pool = self.store.reads();
        let rollouts = rollout::of_event(pool, id, limit).await?;
        Ok((rollouts, failover::of_event(pool, id, limit).await?))
    }

    /// The event that a rollout belongs to.
    pub async fn event_of_rollout(&self, id: RolloutId) -> Result<Option<EventId>, StoreError> {
        stored::owned::of_rollout(self.store.reads(), id).await
    }

    /// The event that a failover belongs to.
    pub async fn event_of_run(&self, id: RunId) -> Result<Option<EventId>, StoreError> {
        stored::owned::of_run(self.store.reads(), id).await
    }

    /// Why a waiver is not what was asked for any more, if it is not.
    pub async fn waiver_changed(&self, subject: &Subject) -> Result<Option<String>, StoreError> {
        let Subject::Waiver { event, content, .. } = subject else { return Ok(None) };
        let event = self.planned_event(*event).await?;
        Ok(event.and_then(|event| differs(&event, content)))
    }
}
