//! Requests of a rollout that stands: pause, resume, promote, abort, roll back, undo, retry, end;
//! and lifting a quarantine.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{ACT_VALID, ApprovalId, Kind, REVIEW_WITHIN, Reach, Subject, Wish};
use mainstay_core::audit::{Action, Event};
use mainstay_core::id::ServiceId;
use mainstay_core::rollout::{
    self, Change, Plan, Refusal, Request, RollBackTarget, Rollout, RolloutId, SchemaChange,
};
use mainstay_store::{StoreError, Tx, audit, release, rollout as stored};
use serde_json::json;

use super::write::{Cause, carry_out};
use super::{Conflict, Gathered, Loss, RolloutError, Seen, check_reason, event, name_of, refuse};
use crate::Control;
use crate::access::By;
use crate::approvals;
use crate::once::Once;

/// What a transaction came to.
type Answer<T> = Result<T, RolloutError>;

impl Control {
    /// Asks something of a rollout; returns it as it stands then. What is on its way already is
    /// no mistake: the answer is the rollout as it is.
    pub async fn ask_rollout(
        &self,
        by: &By,
        id: RolloutId,
        request: &Request,
        seen: &Seen,
        key: &str,
    ) -> Result<Rollout, RolloutError> {
        check_reason(reason(request))?;
        let once = Once::new(key, by, &(id, request))?;
        let known = self.rollout(id).await?.ok_or(RolloutError::NotFound)?;
        let gathered = self.gather(&known).await?;
        let now = Utc::now().trunc_subsecs(6);
        let (once, gathered) = (&once, &gathered);
        let answer = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let asked = Asked { by, id, request, seen, once, gathered, now };
                    asked.answer(tx).await
                })
            })
            .await?;
        if answer.is_ok() {
            self.refresh().await;
        }
        answer
    }

    /// Rolls a service back, whatever runs: the rollout that is on, or the one that made its
    /// stable version.
    pub async fn roll_back_service(
        &self,
        by: &By,
        service: &ServiceId,
        why: Option<&str>,
        seen: &Seen,
        key: &str,
    ) -> Result<Rollout, RolloutError> {
        self.refresh().await;
        let estate = self.snapshot().estate;
        let target = rollout::roll_back_target(&estate.fleet, &estate.releases, service);
        let target = target.and_then(|target| match &seen.target {
            Some(shown) if *shown != target.to => {
                let RollBackTarget { from, to, .. } = target;
                Err(Refusal::OtherTarget { service: service.clone(), from, to })
            }
            Some(_) | None => Ok(target),
        });
        let id = match target {
            Ok(target) => target.rollout,
            // It is on its way: the same answer as the first click had.
            Err(Refusal::Already { rollout, .. }) => rollout,
            Err(refusal) => {
                let object = format!("/services/{service}");
                let now = Utc::now().trunc_subsecs(6);
                let event = event(by, Action::RolloutRollBack, object, now);
                let (event, words) = (&event, &refusal.to_string());
                self.store.read_committed(|tx| Box::pin(refuse(tx, event.clone(), words))).await?;
                return Err(RolloutError::Refused(refusal));
            }
        };
        let request = Request::RollBack { reason: why.map(str::to_owned) };
        self.ask_rollout(by, id, &request, seen, key).await
    }

    /// Lets a version that was rolled back come again.
    pub async fn lift_quarantine(
        &self,
        by: &By,
        service: &ServiceId,
        version: &str,
        why: Option<&str>,
        key: &str,
    ) -> Result<(), RolloutError> {
        check_reason(why)?;
        let once = &Once::new(key, by, &("lift", service, version))?;
        let now = Utc::now().trunc_subsecs(6);
        let mut event = event(by, Action::QuarantineLift, format!("/services/{service}"), now);
        event.reason = why.map(str::to_owned);
        event.after = Some(json!({ "service": service, "version": version }));
        let event = &event;
        let answer = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let releases = release::lock(tx).await?;
                    if let Some(answer) = once.recall::<(), _>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(quarantine) = releases.quarantine(service, version) else {
                        return Ok(Err(RolloutError::NotFound));
                    };
                    let mut event = event.clone();
                    event.before = Some(json!(quarantine));
                    release::lift(tx, service, version).await?;
                    release::raise(tx).await?;
                    audit::append(tx, &event).await?;
                    once.remember(tx, &(), now).await?;
                    Ok(Ok(()))
                })
            })
            .await?;
        self.refresh().await;
        answer
    }
}

/// A request with all that it is judged by.
struct Asked<'a> {
    by: &'a By,
    id: RolloutId,
    request: &'a Request,
    seen: &'a Seen,
    once: &'a Once<'a>,
    gathered: &'a Gathered,
    now: DateTime<Utc>,
}

impl Asked<'_> {
    async fn answer(&self, tx: &mut Tx<'_>) -> Result<Answer<Rollout>, StoreError> {
        let mut releases = release::lock(tx).await?;
        if let Some(answer) = self.once.recall(tx).await? {
            return Ok(answer);
        }
        let Some(rollout) = stored::get_in(tx, self.id).await? else {
            return Ok(Err(RolloutError::NotFound));
        };
        if self.is_stale(&rollout) {
            let last = stored::last_event(tx, self.id).await?;
            let conflict = Conflict { rollout: Some(rollout), last };
            let error = RolloutError::Changed(Box::new(conflict));
            refuse(tx, self.event(), &error.to_string()).await?;
            return Ok(Err(error));
        }
        let gathered = self.gathered.with_releases(&releases);
        let name = name_of(&self.by.actor);
        let asked = rollout::request(&rollout, self.request, name, &gathered.facts());
        let change = match asked.and_then(|change| self.confirmed(&rollout, change)) {
            Ok(change) => change,
            Err(Refusal::LosesData { .. }) if self.seen.loss == Loss::Confirmed => {
                let approval = self.ask_second(tx, &rollout, Kind::Permission).await?;
                return Ok(Err(RolloutError::Waits { approval }));
            }
            // Its answer is remembered too: the same sent again later must not mean another time.
            Err(refusal) if refusal.is_repeat() => {
                self.once.remember(tx, &rollout, self.now).await?;
                return Ok(Ok(rollout));
            }
            Err(refusal) => {
                refuse(tx, self.event(), &refusal.to_string()).await?;
                return Ok(Err(RolloutError::Refused(refusal)));
            }
        };
        let key = self.id.to_string();
        match self.seen.loss {
            Loss::Approved => {
                let allowed = approvals::allow(tx, &key, self.by, self.now).await?;
                if let Err(refusal) = allowed {
                    approvals::refuse(tx, self.event(), &refusal).await?;
                    return Ok(Err(RolloutError::Approval(refusal)));
                }
            }
            Loss::Emergency if self.loses(&rollout) => {
                self.ask_second(tx, &rollout, Kind::Review).await?;
            }
            Loss::Unconfirmed | Loss::Confirmed | Loss::Emergency => {}
        }
        let cause = Cause {
            actor: self.by.actor.clone(),
            request: self.by.request.clone(),
            action: action(self.request),
            reason: reason(self.request).map(str::to_owned),
            why: Some(json!({ "request": self.request })),
        };
        let after = carry_out(tx, &mut releases, &rollout, &change, &cause, self.now).await?;
        self.once.remember(tx, &after, self.now).await?;
        Ok(Ok(after))
    }

    /// Whether what is asked goes back to a version that cannot read what the newer one wrote.
    fn loses(&self, rollout: &Rollout) -> bool {
        let backs = matches!(self.request, Request::RollBack { .. } | Request::Abort { .. });
        backs && rollout.plan.schema == SchemaChange::Irreversible
    }

    /// Asks for a second person, before or after; the audit entry says what is asked for.
    async fn ask_second(
        &self,
        tx: &mut Tx<'_>,
        rollout: &Rollout,
        kind: Kind,
    ) -> Result<ApprovalId, StoreError> {
        let Plan { service, from, to, .. } = rollout.plan.clone();
        let subject =
            Subject::RollBack { rollout: rollout.id, service: service.clone(), from: to, to: from };
        let within = match kind {
            Kind::Permission => ACT_VALID,
            Kind::Review => REVIEW_WITHIN,
        };
        let declared = self.gathered.estate.fleet.services.get(&service);
        let group = declared.map(|service| service.group.clone());
        let wish = &Wish {
            kind,
            subject,
            hash: rollout.plan.hash(),
            reach: Reach { groups: group.into_iter().collect(), ..Reach::default() },
            by: self.by.person().to_owned(),
            reason: reason(self.request).unwrap_or_default().to_owned(),
            at: self.now,
            until: self.now + within,
        };
        let approval = approvals::ask(tx, wish).await?;
        let mut event = self.by.event(Action::ApprovalAsk, approval.path(), self.now);
        event.reason = Some(wish.reason.clone());
        event.after = Some(json!(approval));
        audit::append(tx, &event).await?;
        Ok(approval.id)
    }

    /// Data is lost only by a person who was told so, and not by one alone.
    fn confirmed(&self, rollout: &Rollout, change: Change) -> Result<Change, Refusal> {
        let agreed = match self.seen.loss {
            Loss::Emergency | Loss::Approved => true,
            Loss::Unconfirmed | Loss::Confirmed => false,
        };
        if agreed || !self.loses(rollout) {
            return Ok(change);
        }
        let Plan { service, from, to, .. } = rollout.plan.clone();
        Err(Refusal::LosesData { service, from: to, to: from })
    }

    /// Whether the rollout is not what was shown, in a way that matters for what is asked.
    fn is_stale(&self, rollout: &Rollout) -> bool {
        let plan = self.seen.plan_hash.as_ref();
        let stops = match self.request {
            Request::Pause | Request::Abort { .. } | Request::RollBack { .. } => true,
            Request::Resume
            | Request::Promote { .. }
            | Request::PromoteFully { .. }
            | Request::Undo
            | Request::Retry
            | Request::End => false,
        };
        let moved = self.seen.revision.is_some_and(|revision| revision != rollout.revision);
        plan.is_some_and(|hash| *hash != rollout.plan.hash()) || (moved && !stops)
    }

    fn event(&self) -> Event {
        let object = format!("/rollouts/{}", self.id);
        let mut event = event(self.by, action(self.request), object, self.now);
        event.reason = reason(self.request).map(str::to_owned);
        event
    }
}

/// What the audit log calls it.
const fn action(request: &Request) -> Action {
    match request {
        Request::Pause => Action::RolloutPause,
        Request::Resume => Action::RolloutResume,
        Request::Promote { .. } | Request::PromoteFully { .. } => Action::RolloutPromote,
        Request::Abort { .. } => Action::RolloutAbort,
        Request::RollBack { .. } => Action::RolloutRollBack,
        Request::Undo => Action::RolloutUndo,
        Request::Retry => Action::RolloutRetry,
        Request::End => Action::RolloutEnd,
    }
}

fn reason(request: &Request) -> Option<&str> {
    match request {
        Request::Promote { reason } | Request::Abort { reason } | Request::RollBack { reason } => {
            reason.as_deref()
        }
        Request::PromoteFully { reason } => Some(reason),
        Request::Pause | Request::Resume | Request::Undo | Request::Retry | Request::End => None,
    }
}
