//! Approvals: what waits for a second person, the answer, and reviews of what was done without.
//!
//! An approval is written, and settled, in the transaction of what it is about; so neither stands
//! without the other. Whoever answers is judged in that transaction too.
//!
//! Must not: decide. Who may answer is in [`mainstay_core::approval`].

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{
    self, Answer, Approval, ApprovalId, Kind, Person, Refusal, State, Subject, Wish,
};
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_core::failover::RunId;
use mainstay_core::failover::request::{Refusal as NotRun, Request as FailoverRequest};
use mainstay_core::id::UserName;
use mainstay_core::rollout::{Request as RolloutRequest, Rollout};
use mainstay_store::{StoreError, Tx, approval as stored, audit};
use serde_json::json;

use crate::Control;
use crate::access::{AccessError, By};
use crate::backups::BackupError;
use crate::failover::FailoverError;
use crate::once::{Form, Once};
use crate::planned;
use crate::rollouts::{Loss, RolloutError, Seen};

/// Longest reason, in characters.
pub const REASON_MAX_CHARS: usize = 500;

/// Why an answer changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    #[error("there is no such object")]
    NotFound,
    /// What is wrong with what was written.
    #[error("{0}")]
    Form(String),
    /// This person may not answer, or nobody any more; written down in the audit log.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It may be answered, and what was asked for cannot be done now; written down.
    #[error("{0}")]
    Cannot(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for ApprovalError {
    fn from(form: Form) -> Self {
        Self::Form(form.0.to_owned())
    }
}

impl From<FailoverError> for ApprovalError {
    fn from(error: FailoverError) -> Self {
        match error {
            FailoverError::NotFound => Self::NotFound,
            FailoverError::Approval(refusal) => Self::Refused(refusal),
            FailoverError::Refused(NotRun::SamePerson { by }) => {
                Self::Refused(Refusal::SamePerson { by })
            }
            FailoverError::Store(error) => Self::Store(error),
            FailoverError::Form(_)
            | FailoverError::Refused(_)
            | FailoverError::Rules(_)
            | FailoverError::Changed(_)
            | FailoverError::Waits { .. }
            | FailoverError::Other { .. } => Self::Cannot(error.to_string()),
        }
    }
}

impl From<BackupError> for ApprovalError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NotFound => Self::NotFound,
            BackupError::Approval(refusal) => Self::Refused(refusal),
            BackupError::Store(error) => Self::Store(error),
            BackupError::Form(words) => Self::Form(words.to_owned()),
            BackupError::Refused(words) => Self::Cannot(words),
        }
    }
}

impl From<RolloutError> for ApprovalError {
    fn from(error: RolloutError) -> Self {
        match error {
            RolloutError::NotFound => Self::NotFound,
            RolloutError::Approval(refusal) => Self::Refused(refusal),
            RolloutError::Store(error) => Self::Store(error),
            RolloutError::Form(words) => Self::Form(words.to_owned()),
            RolloutError::Refused(_)
            | RolloutError::Findings(_)
            | RolloutError::Changed(_)
            | RolloutError::Waits { .. }
            | RolloutError::NotHeard { .. }
            | RolloutError::NowhereHeard { .. } => Self::Cannot(error.to_string()),
        }
    }
}

impl From<AccessError> for ApprovalError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound => Self::NotFound,
            AccessError::Approval(refusal) => Self::Refused(refusal),
            AccessError::Store(error) => Self::Store(error),
            AccessError::Mistakes(_)
            | AccessError::Changed { .. }
            | AccessError::LastAdmin
            | AccessError::Busy(_)
            | AccessError::Wait(_) => Self::Cannot(error.to_string()),
        }
    }
}

/// Asks for a second person, or says that somebody has to look at it afterwards. The same asked
/// again by the same person is one request; something else about the same thing voids it.
pub(crate) async fn ask(tx: &mut Tx<'_>, wish: &Wish) -> Result<Approval, StoreError> {
    if let Some(before) = stored::lock_open(tx, wish.kind, &wish.subject.key()).await? {
        let same = before.by == wish.by && before.hash == wish.hash;
        if same && before.expired(wish.at).is_none() {
            return Ok(before);
        }
        let state = State::Void { why: "it was asked for anew".to_owned(), at: wish.at };
        stored::settle(tx, before.id, &state).await?;
    }
    let asked = stored::insert(tx, wish).await?;
    asked.ok_or_else(|| StoreError::corrupt("an approval", "it is asked for twice"))
}

/// What becomes of an approval that `by` answers, as it all stands in this transaction.
pub(crate) async fn judge(
    tx: &mut Tx<'_>,
    approval: &Approval,
    answer: &Answer,
    by: &By,
    now: DateTime<Utc>,
) -> Result<Result<State, Refusal>, StoreError> {
    let name = by.person();
    let user = match &by.actor {
        Actor::User(_) | Actor::Token(_) => UserName::new(name).ok(),
        Actor::Agent(_) | Actor::System(_) | Actor::Anonymous(_) => None,
    };
    let touched = match &user {
        Some(user) => stored::touched(tx, user).await?,
        None => None,
    };
    let confirmed = by.confirmed && matches!(by.actor, Actor::User(_));
    let person = Person { name, confirmed, touched: touched.as_ref() };
    Ok(approval::answer(approval, answer, person, now))
}

/// Says yes to the open request about something; an error: this is no second person.
pub(crate) async fn allow(
    tx: &mut Tx<'_>,
    key: &str,
    by: &By,
    now: DateTime<Utc>,
) -> Result<Result<Approval, Refusal>, StoreError> {
    let Some(open) = stored::lock_open(tx, Kind::Permission, key).await? else {
        let why = "nobody asks for it any more".to_owned();
        return Ok(Err(Refusal::Void { why }));
    };
    let state = match judge(tx, &open, &Answer::Approve, by, now).await? {
        Ok(state) => state,
        Err(refusal) => return Ok(Err(refusal)),
    };
    stored::settle(tx, open.id, &state).await?;
    Ok(Ok(Approval { state, ..open }))
}

/// Writes what became of the open request about something, if there is one.
pub(crate) async fn settle(
    tx: &mut Tx<'_>,
    key: &str,
    state: &State,
) -> Result<Option<ApprovalId>, StoreError> {
    let Some(open) = stored::lock_open(tx, Kind::Permission, key).await? else { return Ok(None) };
    stored::settle(tx, open.id, state).await?;
    Ok(Some(open.id))
}

/// How a request ended that somebody said no to.
pub(crate) fn said_no(asked_by: &str, by: &str, why: &str, at: DateTime<Utc>) -> State {
    let by = by.to_owned();
    if by == asked_by {
        State::Withdrawn { by, at }
    } else {
        State::Refused { by, why: why.to_owned(), at }
    }
}

/// What an answer asks of a failover; `None`: nothing, or it is about something else.
fn of_run(
    known: &Approval,
    answer: &Answer,
    by: &By,
) -> Result<Option<(RunId, FailoverRequest)>, ApprovalError> {
    let (reason, emergency) = (known.reason.clone(), false);
    let asked = match (&known.subject, answer) {
        (Subject::Failover { run, .. }, Answer::Approve) => (*run, FailoverRequest::Allow),
        (Subject::Failover { run, .. }, Answer::Refuse { why }) => {
            (*run, FailoverRequest::Refuse { why: why.clone() })
        }
        (Subject::Failover { run, .. }, Answer::Withdraw) => {
            (*run, FailoverRequest::Refuse { why: withdrawn(known, by)? })
        }
        (Subject::Force { run, .. }, Answer::Approve) => {
            (*run, FailoverRequest::Force { reason, emergency })
        }
        (Subject::Override { run, rules, .. }, Answer::Approve) => {
            let rules = rules.clone();
            (*run, FailoverRequest::Override { rules, reason, emergency })
        }
        (
            Subject::Force { .. }
            | Subject::Override { .. }
            | Subject::Restore { .. }
            | Subject::RollBack { .. }
            | Subject::Grants { .. }
            | Subject::Waiver { .. },
            _,
        ) => return Ok(None),
    };
    Ok(Some(asked))
}

impl Control {
    /// One approval.
    pub async fn approval(&self, id: ApprovalId) -> Result<Option<Approval>, StoreError> {
        stored::get(self.store.reads(), id).await
    }

    /// All that wait, the oldest first.
    pub async fn open_approvals(&self) -> Result<Vec<Approval>, StoreError> {
        stored::open(self.store.reads()).await
    }

    /// Those that are over, newest first; `before`: the last one of the page before.
    pub async fn past_approvals(
        &self,
        before: Option<ApprovalId>,
        limit: i64,
    ) -> Result<Vec<Approval>, StoreError> {
        stored::over(self.store.reads(), before, limit).await
    }

    /// All about one thing ([`Subject::key`]), newest first.
    pub async fn approvals_about(&self, key: &str) -> Result<Vec<Approval>, StoreError> {
        stored::about(self.store.reads(), key).await
    }

    /// All about a failover, from its start on, newest first.
    pub async fn approvals_of_run(&self, run: RunId) -> Result<Vec<Approval>, StoreError> {
        stored::of_run(self.store.reads(), run).await
    }

    /// Answers an approval; what was asked for is done in the same transaction. The same answer
    /// again by the same person changes nothing and is no mistake.
    pub async fn answer_approval(
        &self,
        by: &By,
        id: ApprovalId,
        answer: &Answer,
        key: &str,
    ) -> Result<Approval, ApprovalError> {
        if let Answer::Refuse { why } = answer
            && why.chars().count() > REASON_MAX_CHARS
        {
            let words = format!("write a reason of at most {REASON_MAX_CHARS} characters");
            return Err(ApprovalError::Form(words));
        }
        let known = self.approval(id).await?.ok_or(ApprovalError::NotFound)?;
        if let Answer::Refuse { why } = answer
            && known.by != by.person()
        {
            approval::reason(why)?;
        }
        if is_repeat(&known, answer, by.person()) {
            return Ok(known);
        }
        if known.kind == Kind::Review || !known.state.is_waiting() {
            return self.answer_alone(by, id, answer, key).await;
        }
        if let Some((run, request)) = of_run(&known, answer, by)? {
            match matches!(known.subject, Subject::Failover { .. }) {
                true => self.ask_failover(by, run, &request, None, key).await?,
                false => self.ask_approved(by, run, &request, key).await?,
            };
            return self.approval(id).await?.ok_or(ApprovalError::NotFound);
        }
        match (&known.subject, answer) {
            (Subject::Restore { restore, .. }, Answer::Approve) => {
                self.allow_restore(by, *restore, key).await?;
            }
            (Subject::Restore { restore, .. }, Answer::Refuse { why }) => {
                self.refuse_restore(by, *restore, why, key).await?;
            }
            (Subject::Restore { restore, .. }, Answer::Withdraw) => {
                let why = withdrawn(&known, by)?;
                self.refuse_restore(by, *restore, &why, key).await?;
            }
            (Subject::RollBack { .. }, Answer::Approve) => {
                self.roll_back_approved(by, &known, key).await?;
            }
            (Subject::Grants { .. }, Answer::Approve) => {
                self.access.give_grants(by, id).await?;
            }
            (
                Subject::Failover { .. }
                | Subject::Force { .. }
                | Subject::Override { .. }
                | Subject::RollBack { .. }
                | Subject::Grants { .. }
                | Subject::Waiver { .. },
                _,
            ) => {
                return self.answer_alone(by, id, answer, key).await;
            }
        }
        self.approval(id).await?.ok_or(ApprovalError::NotFound)
    }

    async fn roll_back_approved(
        &self,
        by: &By,
        approval: &Approval,
        key: &str,
    ) -> Result<Rollout, ApprovalError> {
        let Subject::RollBack { rollout, .. } = &approval.subject else {
            return Err(ApprovalError::NotFound);
        };
        let request = RolloutRequest::RollBack { reason: Some(approval.reason.clone()) };
        let seen = Seen {
            plan_hash: Some(approval.hash.clone()),
            loss: Loss::Approved,
            ..Seen::default()
        };
        Ok(self.ask_rollout(by, *rollout, &request, &seen, key).await?)
    }

    /// An answer that nothing else follows from.
    async fn answer_alone(
        &self,
        by: &By,
        id: ApprovalId,
        answer: &Answer,
        key: &str,
    ) -> Result<Approval, ApprovalError> {
        let once = &Once::new(key, by, &(id, answer))?;
        let now = Utc::now().trunc_subsecs(6);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall(tx).await? {
                        return Ok(answer);
                    }
                    let Some(approval) = stored::lock(tx, id).await? else {
                        return Ok(Err(ApprovalError::NotFound));
                    };
                    let state = match judge(tx, &approval, answer, by, now).await? {
                        Ok(state) => state,
                        Err(refusal) => {
                            refuse(tx, event(by, &approval, answer, now), &refusal).await?;
                            return Ok(Err(ApprovalError::Refused(refusal)));
                        }
                    };
                    if *answer == Answer::Approve
                        && let Some(why) = planned::changed(tx, &approval.subject).await?
                    {
                        let state = State::Void { why: why.clone(), at: now };
                        stored::settle(tx, id, &state).await?;
                        let refusal = Refusal::Void { why };
                        refuse(tx, event(by, &approval, answer, now), &refusal).await?;
                        return Ok(Err(ApprovalError::Refused(refusal)));
                    }
                    stored::settle(tx, id, &state).await?;
                    let settled = Approval { state, ..approval };
                    let event = event(by, &settled, answer, now);
                    audit::append(tx, &Event { after: Some(json!(settled)), ..event }).await?;
                    once.remember(tx, &settled, now).await?;
                    Ok(Ok(settled))
                })
            })
            .await?
    }
}

/// Whether this very answer was given by this very person.
fn is_repeat(approval: &Approval, answer: &Answer, name: &str) -> bool {
    match (&approval.state, answer) {
        (State::Approved { by, .. }, Answer::Approve)
        | (State::Refused { by, .. }, Answer::Refuse { .. })
        | (State::Withdrawn { by, .. }, Answer::Withdraw | Answer::Refuse { .. }) => by == name,
        (
            State::Waiting
            | State::Approved { .. }
            | State::Refused { .. }
            | State::Withdrawn { .. }
            | State::Expired { .. }
            | State::Void { .. },
            _,
        ) => false,
    }
}

/// What is written where whoever asked takes it back.
fn withdrawn(approval: &Approval, by: &By) -> Result<String, Refusal> {
    if approval.by == by.person() {
        Ok("taken back by whoever asked".to_owned())
    } else {
        Err(Refusal::NotYours { by: approval.by.clone() })
    }
}

/// The audit entry of an answer, without its values.
fn event(by: &By, approval: &Approval, answer: &Answer, now: DateTime<Utc>) -> Event {
    let action = match answer {
        Answer::Approve => Action::ApprovalGive,
        Answer::Refuse { .. } => Action::ApprovalRefuse,
        Answer::Withdraw => Action::ApprovalWithdraw,
    };
    let mut event = by.event(action, approval.path(), now);
    if let Answer::Refuse { why } = answer {
        event.reason = Some(why.trim().to_owned());
    }
    event
}

/// Writes that an answer was refused, in the words that the person gets.
pub(crate) async fn refuse(
    tx: &mut Tx<'_>,
    event: Event,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    let after = Some(json!({ "refused": refusal.to_string() }));
    let event = Event { outcome: Outcome::Refused, after, ..event };
    audit::append(tx, &event).await.map(drop)
}
