//! Requests of a run that stands: allow, refuse, pause, resume, retry, skip, stop, force.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Event};
use mainstay_core::failover::request::{Request, request};
use mainstay_core::failover::{Run, RunId};
use mainstay_store::{StoreError, Tx, failover as stored, release};
use serde_json::json;

use super::write::{Cause, carry_out};
use super::{FailoverError, REASON_MAX_CHARS, person, refuse};
use crate::Control;
use crate::access::By;
use crate::once::Once;

impl Control {
    /// Asks something of a run; returns it as it stands then. `revision`: of the run that was
    /// shown; what only stops, pauses or refuses is done whatever happened meanwhile.
    pub async fn ask_failover(
        &self,
        by: &By,
        id: RunId,
        request: &Request,
        revision: Option<i64>,
        key: &str,
    ) -> Result<Run, FailoverError> {
        if reason(request).is_some_and(|it| it.chars().count() > REASON_MAX_CHARS) {
            let words = format!("write a reason of at most {REASON_MAX_CHARS} characters");
            return Err(FailoverError::Form(vec![words]));
        }
        let once = &Once::new(key, by, &(id, request))?;
        let now = Utc::now().trunc_subsecs(6);
        let asked = &Asked { by, id, request, revision, once, now };
        let answer =
            self.store.read_committed(|tx| Box::pin(async move { asked.answer(tx).await })).await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }
}

struct Asked<'a> {
    by: &'a By,
    id: RunId,
    request: &'a Request,
    revision: Option<i64>,
    once: &'a Once<'a>,
    now: DateTime<Utc>,
}

impl Asked<'_> {
    async fn answer(&self, tx: &mut Tx<'_>) -> Result<Result<Run, FailoverError>, StoreError> {
        let releases = release::lock(tx).await?;
        if let Some(answer) = self.once.recall(tx).await? {
            return Ok(answer);
        }
        let Some(run) = stored::get_in(tx, self.id).await? else {
            return Ok(Err(FailoverError::NotFound));
        };
        if self.is_stale(&run) {
            let words = format!(
                "it changed meanwhile: {} is {} since {}",
                run.id,
                run.state.name(),
                run.changed_at.format("%H:%M:%S UTC")
            );
            refuse(tx, self.event(), &words).await?;
            return Ok(Err(FailoverError::Changed(words)));
        }
        let name = person(&self.by.actor);
        let next = match request(&run, self.request, name, self.now) {
            Ok(next) if next == run => {
                self.once.remember(tx, &run, self.now).await?;
                return Ok(Ok(run));
            }
            Ok(next) => next,
            Err(refusal) if refusal.is_repeat() => {
                self.once.remember(tx, &run, self.now).await?;
                return Ok(Ok(run));
            }
            Err(refusal) => {
                refuse(tx, self.event(), &refusal.to_string()).await?;
                return Ok(Err(FailoverError::Refused(refusal)));
            }
        };
        let cause = Cause {
            actor: self.by.actor.clone(),
            request: self.by.request.clone(),
            action: action(self.request),
            reason: reason(self.request).map(str::to_owned),
            why: Some(json!({ "request": self.request })),
        };
        let after = carry_out(tx, &releases, &run, &next, &cause, self.now).await?;
        self.once.remember(tx, &after, self.now).await?;
        Ok(Ok(after))
    }

    fn is_stale(&self, run: &Run) -> bool {
        let holds = match self.request {
            Request::Pause | Request::Stop { .. } | Request::Refuse { .. } => true,
            Request::Allow
            | Request::Resume
            | Request::Retry { .. }
            | Request::Skip { .. }
            | Request::Force { .. } => false,
        };
        self.revision.is_some_and(|shown| shown != run.revision) && !holds
    }

    fn event(&self) -> Event {
        let path = format!("/failover/runs/{}", self.id);
        let mut event = self.by.event(action(self.request), path, self.now);
        event.reason = reason(self.request).map(str::to_owned);
        event
    }
}

const fn action(request: &Request) -> Action {
    match request {
        Request::Allow => Action::FailoverAllow,
        Request::Refuse { .. } => Action::FailoverRefuse,
        Request::Pause => Action::FailoverPause,
        Request::Resume => Action::FailoverResume,
        Request::Retry { .. } => Action::FailoverRetry,
        Request::Skip { .. } => Action::FailoverSkip,
        Request::Stop { .. } => Action::FailoverStop,
        Request::Force { .. } => Action::FailoverForce,
    }
}

fn reason(request: &Request) -> Option<&str> {
    match request {
        Request::Refuse { why } => Some(why),
        Request::Skip { reason, .. } | Request::Stop { reason } | Request::Force { reason } => {
            Some(reason)
        }
        Request::Allow | Request::Pause | Request::Resume | Request::Retry { .. } => None,
    }
}
