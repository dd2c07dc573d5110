//! Requests of a run that stands: allow, refuse, pause, resume, retry, skip, stop, force.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{
    ACT_VALID, ApprovalId, Kind, REVIEW_WITHIN, Reach, Refusal as NoSecond, State as Settled,
    Subject, Wish,
};
use mainstay_core::audit::{Action, Event};
use mainstay_core::failover::preview::force_loses;
use mainstay_core::failover::request::{Request, request};
use mainstay_core::failover::{Outcome, Run, RunId, State};
use mainstay_core::release::Releases;
use mainstay_store::{StoreError, Tx, audit, failover as stored, release};
use serde_json::json;

use super::start::Wanted;
use super::write::{Cause, carry_out};
use super::{FailoverError, REASON_MAX_CHARS, refuse};
use crate::Control;
use crate::access::By;
use crate::approvals::{self, allow, said_no, settle};
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
        self.ask_of(by, (id, revision), request, Agreed::Alone, key).await
    }

    /// Asks of a run, to which a second person, who is `by`, says yes: to force it, or to override
    /// what it asks about.
    pub(crate) async fn ask_approved(
        &self,
        by: &By,
        id: RunId,
        request: &Request,
        key: &str,
    ) -> Result<Run, FailoverError> {
        self.ask_of(by, (id, None), request, Agreed::Second, key).await
    }

    async fn ask_of(
        &self,
        by: &By,
        (id, revision): (RunId, Option<i64>),
        request: &Request,
        agreed: Agreed,
        key: &str,
    ) -> Result<Run, FailoverError> {
        let once = &Once::new(key, by, &(id, request))?;
        let drifted = match request {
            Request::Allow => self.drifted(id).await?,
            Request::Refuse { .. }
            | Request::Pause
            | Request::Resume
            | Request::Retry { .. }
            | Request::Skip { .. }
            | Request::Stop { .. }
            | Request::Override { .. }
            | Request::Force { .. } => None,
        };
        let now = Utc::now().trunc_subsecs(6);
        // Asked for alone, it waits for somebody else where it may lose data.
        let loses = matches!(request, Request::Force { .. })
            && match self.failover(id).await? {
                Some(run) => force_loses(&run, &self.observed()),
                None => false,
            };
        let asked = &Asked { by, id, request, revision, once, drifted, loses, agreed, now };
        let answer =
            self.store.read_committed(|tx| Box::pin(async move { asked.answer(tx).await })).await?;
        if matches!(answer, Ok(_) | Err(FailoverError::Waits { .. })) {
            self.refresh().await;
        }
        answer
    }

    /// Why a run that waits is not what its plan would be now, if it is not.
    pub async fn drifted(&self, id: RunId) -> Result<Option<String>, FailoverError> {
        self.refresh().await;
        let run = self.failover(id).await?.ok_or(FailoverError::NotFound)?;
        let plan = &run.plan;
        let wanted = match plan.back {
            Some(run) => Wanted::Back { run },
            None => Wanted::Away { lose: plan.lose.clone(), scope: plan.scope.clone() },
        };
        let now = self.plan_failover(&wanted).await?.hash;
        let (was, is) = (plan.hash(), now);
        Ok((was != is).then(|| format!("the plan was {was} and is {is} now; ask again with it")))
    }
}

/// By whom something that may lose data, or overrides a rule, is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreed {
    /// By whoever asks.
    Alone,
    /// By whoever answers: the open request is theirs to allow.
    Second,
}

struct Asked<'a> {
    by: &'a By,
    id: RunId,
    request: &'a Request,
    revision: Option<i64>,
    once: &'a Once<'a>,
    /// Of what is to be allowed: why it is not what was asked for any more.
    drifted: Option<String>,
    /// Whether to force it now may lose data.
    loses: bool,
    agreed: Agreed,
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
        let name = self.by.person();
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
        if let Some(refusal) = self.second_person(tx, &releases, &run).await? {
            return Ok(Err(FailoverError::Approval(refusal)));
        }
        let next = match self.agreed(tx, &run, next).await? {
            Ok(next) => next,
            Err(error) => return Ok(Err(error)),
        };
        let cause = Cause {
            actor: self.by.actor.clone(),
            request: self.by.request.clone(),
            action: action(self.request),
            reason: reason(self.request).map(str::to_owned),
            why: Some(json!({ "request": self.request })),
        };
        let after = carry_out(tx, &releases, &run, &next, &cause, self.now).await?;
        if let (State::Requested { .. }, State::Ended { .. }) = (&run.state, &after.state) {
            let why = reason(self.request).unwrap_or_default();
            let state = said_no(&run.started_by, name, why, self.now);
            settle(tx, &run.id.to_string(), &state).await?;
        }
        self.once.remember(tx, &after, self.now).await?;
        Ok(Ok(after))
    }

    /// Why whoever allows this is no second person to it, or it is not what was asked for any
    /// more: then it ends.
    async fn second_person(
        &self,
        tx: &mut Tx<'_>,
        releases: &Releases,
        run: &Run,
    ) -> Result<Option<NoSecond>, StoreError> {
        if *self.request != Request::Allow {
            return Ok(None);
        }
        let key = run.id.to_string();
        if let Some(why) = &self.drifted {
            let (why, at) = (why.clone(), self.now);
            settle(tx, &key, &Settled::Void { why: why.clone(), at }).await?;
            let outcome = Outcome::Refused { by: None, why: why.clone() };
            let ended = Run { state: State::Ended { outcome, at }, ..run.clone() };
            let cause = Cause {
                actor: self.by.actor.clone(),
                request: self.by.request.clone(),
                action: Action::ApprovalLapse,
                reason: Some(why.clone()),
                why: None,
            };
            carry_out(tx, releases, run, &ended, &cause, at).await?;
            return Ok(Some(NoSecond::Void { why }));
        }
        match allow(tx, &key, self.by, self.now).await? {
            Ok(_) => Ok(None),
            Err(refusal) => {
                refuse(tx, self.event(), &refusal.to_string()).await?;
                Ok(Some(refusal))
            }
        }
    }

    /// The run as it is to be, where that may be: a loss, or a rule that is overridden, is agreed
    /// on by two, or it is an emergency.
    async fn agreed(
        &self,
        tx: &mut Tx<'_>,
        run: &Run,
        next: Run,
    ) -> Result<Result<Run, FailoverError>, StoreError> {
        let Some((subject, takes_two)) = self.subject(run) else { return Ok(Ok(next)) };
        match (self.agreed, takes_two, self.emergency()) {
            (Agreed::Second, ..) => match allow(tx, &subject.key(), self.by, self.now).await? {
                Ok(_) => Ok(Ok(Run { allowed_by: Some(self.by.person().into()), ..next })),
                Err(refusal) => {
                    refuse(tx, self.event(), &refusal.to_string()).await?;
                    Ok(Err(FailoverError::Approval(refusal)))
                }
            },
            (Agreed::Alone, false, _) => {
                self.overtaken(tx, &subject).await?;
                Ok(Ok(next))
            }
            (Agreed::Alone, true, true) => {
                self.overtaken(tx, &subject).await?;
                self.ask_second(tx, run, (subject, Kind::Review)).await?;
                Ok(Ok(Run { emergency: true, ..next }))
            }
            (Agreed::Alone, true, false) => {
                let approval = self.ask_second(tx, run, (subject, Kind::Permission)).await?;
                Ok(Err(FailoverError::Waits { approval }))
            }
        }
    }

    /// Who was asked before has nothing to answer any more.
    async fn overtaken(&self, tx: &mut Tx<'_>, subject: &Subject) -> Result<(), StoreError> {
        let why = "it was done without waiting for an answer".to_owned();
        let state = Settled::Void { why, at: self.now };
        settle(tx, &subject.key(), &state).await.map(drop)
    }

    /// What a second person would be asked about, and whether one has to be.
    fn subject(&self, run: &Run) -> Option<(Subject, bool)> {
        let lose = run.plan.name();
        match self.request {
            Request::Force { .. } => Some((Subject::Force { run: run.id, lose }, self.loses)),
            Request::Override { rules, .. } => {
                let rules = rules.clone();
                Some((Subject::Override { run: run.id, lose, rules }, true))
            }
            Request::Allow
            | Request::Refuse { .. }
            | Request::Pause
            | Request::Resume
            | Request::Retry { .. }
            | Request::Skip { .. }
            | Request::Stop { .. } => None,
        }
    }

    const fn emergency(&self) -> bool {
        match self.request {
            Request::Force { emergency, .. } | Request::Override { emergency, .. } => *emergency,
            Request::Allow
            | Request::Refuse { .. }
            | Request::Pause
            | Request::Resume
            | Request::Retry { .. }
            | Request::Skip { .. }
            | Request::Stop { .. } => false,
        }
    }

    /// Asks for a second person, before or after; the audit entry says what is asked for.
    async fn ask_second(
        &self,
        tx: &mut Tx<'_>,
        run: &Run,
        (subject, kind): (Subject, Kind),
    ) -> Result<ApprovalId, StoreError> {
        let within = match kind {
            Kind::Permission => ACT_VALID,
            Kind::Review => REVIEW_WITHIN,
        };
        let groups = run.plan.groups.iter().map(|group| group.id.clone());
        let wish = &Wish {
            kind,
            subject,
            hash: run.plan.hash(),
            reach: Reach { groups: groups.collect(), ..Reach::default() },
            by: self.by.person().to_owned(),
            reason: reason(self.request).unwrap_or_default().trim().to_owned(),
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

    fn is_stale(&self, run: &Run) -> bool {
        let holds = match self.request {
            Request::Pause | Request::Stop { .. } | Request::Refuse { .. } => true,
            Request::Allow
            | Request::Resume
            | Request::Retry { .. }
            | Request::Skip { .. }
            | Request::Override { .. }
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
        Request::Override { .. } => Action::FailoverOverride,
        Request::Force { .. } => Action::FailoverForce,
    }
}

fn reason(request: &Request) -> Option<&str> {
    match request {
        Request::Refuse { why } => Some(why),
        Request::Skip { reason, .. }
        | Request::Stop { reason }
        | Request::Override { reason, .. }
        | Request::Force { reason, .. } => Some(reason),
        Request::Allow | Request::Pause | Request::Resume | Request::Retry { .. } => None,
    }
}
