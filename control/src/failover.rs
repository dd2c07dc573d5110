//! Failovers: plans with what stands in their way, what people ask of runs, and the gates before a
//! start.
//!
//! A request carries a one-time key: the same under the same key gives the first answer. It names
//! the hash of the plan, or the revision of the run, that was shown. All of it is one transaction
//! that holds the lock of [`mainstay_store::release::lock`], and the audit entry (also of a
//! refusal) stands with it.
//!
//! Must not: decide. The rules are in [`mainstay_core::failover`].

mod ask;
pub(crate) mod drill;
mod facts;
mod gate;
pub(crate) mod start;
pub(crate) mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::approval::{self, ApprovalId};
use mainstay_core::failover::readiness::{Away, Kept};
use mainstay_core::failover::request::Refusal;
use mainstay_core::failover::rules::Judged;
use mainstay_core::failover::{Run, RunId};
use mainstay_store::failover::{self as stored, Event};
use mainstay_store::{StoreError, Tx, audit, readiness};

use crate::Control;
use crate::once::Form;

pub use drill::Repeats;
pub use facts::{Looked, answered, observed};
pub use start::{Planned, Readiness, Ready, Start, Wanted};

/// Longest reason, in characters.
pub const REASON_MAX_CHARS: usize = 500;
/// Runs whose times are estimates for the next.
pub(crate) const PAST: i64 = 50;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum FailoverError {
    #[error("there is no such object")]
    NotFound,
    /// What is wrong with what was written; each a sentence that says what to write.
    #[error("{}", .0.join("; "))]
    Form(Vec<String>),
    /// The rules forbid it; written down in the audit log.
    #[error(transparent)]
    Refused(Refusal),
    /// Safety rules do not hold and were not named; written down in the audit log.
    #[error("{}", sentences(.0))]
    Rules(Vec<Judged>),
    /// It is not what was shown any more.
    #[error("{0}")]
    Changed(String),
    /// It waits for a second person, and this is none; written down in the audit log.
    #[error(transparent)]
    Approval(#[from] approval::Refusal),
    /// It may lose data: a second person is asked now.
    #[error("what standbys lack would be lost; {approval} waits for a second person")]
    Waits { approval: ApprovalId },
    #[error("{run} is not over: one failover at a time, in one order")]
    Other { run: RunId },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for FailoverError {
    fn from(form: Form) -> Self {
        Self::Form(vec![form.0.to_owned()])
    }
}

fn sentences(rules: &[Judged]) -> String {
    let all = rules.iter().map(|it| format!("{}: {}", it.rule.name(), it.sentence));
    all.collect::<Vec<_>>().join("; ")
}

/// Writes that something was refused, in the words that the person gets.
async fn refuse(
    tx: &mut Tx<'_>,
    mut event: mainstay_core::audit::Event,
    words: &str,
) -> Result<(), StoreError> {
    event.outcome = mainstay_core::audit::Outcome::Refused;
    event.after = Some(serde_json::json!({ "refused": words }));
    audit::append(tx, &event).await.map(drop)
}

impl Control {
    /// One run.
    pub async fn failover(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        stored::get(self.store.reads(), id).await
    }

    /// How ready each region and data centre was, in stretches of so many hours.
    pub async fn readiness_over_time(
        &self,
        from: DateTime<Utc>,
        hours: i32,
    ) -> Result<BTreeMap<Away, Kept>, StoreError> {
        readiness::over_time(self.store.reads(), from, hours).await
    }

    /// Runs, newest first; `before`: the last one of the page before.
    pub async fn failovers(
        &self,
        before: Option<RunId>,
        limit: i64,
    ) -> Result<Vec<Run>, StoreError> {
        stored::list(self.store.reads(), before, limit).await
    }

    /// What happened to a run, newest first.
    pub async fn failover_events(&self, id: RunId, limit: i64) -> Result<Vec<Event>, StoreError> {
        stored::events(self.store.reads(), id, limit).await
    }
}
