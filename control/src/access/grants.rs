//! Roles that wait for a second admin, and who gave what to whom.
//!
//! Invariant: nobody gives rights alone while somebody else could look at it first, nor makes a
//! second person for themselves: every account remembers who last made it, or gave it roles or a
//! password.

use chrono::{DateTime, Utc};
use mainstay_core::access::{Grant, User};
use mainstay_core::approval::{
    Answer, Approval, ApprovalId, GRANTS_VALID, Kind, Reach, Refusal, State, Subject, Touched,
    Wish, waits,
};
use mainstay_core::audit::{Action, Actor};
use mainstay_core::id::UserName;
use mainstay_store::access::{self as rows, Account};
use mainstay_store::{StoreError, Tx, approval as stored, audit};

use super::users::{Changed, manages, shown};
use super::{Access, AccessError, By, Change, Verdict, event};
use crate::approvals;

/// Rights given on somebody's behalf.
pub(super) struct Given<'a> {
    pub by: &'a By,
    pub reason: &'a str,
    pub now: DateTime<Utc>,
}

impl Given<'_> {
    /// Whether another admin has to allow these roles. The machine's own command line decides
    /// alone: whoever may run it holds the keys already.
    pub(super) async fn needs_second(
        &self,
        tx: &mut Tx<'_>,
        before: &[Grant],
        after: &[Grant],
    ) -> Result<bool, StoreError> {
        let person = matches!(self.by.actor, Actor::User(_) | Actor::Token(_));
        Ok(person && waits(before, after, others(tx, &[self.by.person()]).await?))
    }

    /// Asks another admin for these roles of a user as it stands now.
    pub(super) async fn ask(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        wanted: Vec<Grant>,
    ) -> Result<ApprovalId, StoreError> {
        let subject = Subject::Grants {
            user: user.name.clone(),
            revision: user.revision,
            before: user.grants.clone(),
            after: wanted,
        };
        let wish = &Wish {
            kind: Kind::Permission,
            hash: subject.hash(),
            subject,
            reach: Reach::default(),
            by: self.by.person().to_owned(),
            reason: self.reason.trim().to_owned(),
            at: self.now,
            until: self.now + GRANTS_VALID,
        };
        Ok(approvals::ask(tx, wish).await?.id)
    }

    /// Remembers that this account is of somebody else's making.
    pub(super) async fn touch(&self, tx: &mut Tx<'_>, name: &UserName) -> Result<(), StoreError> {
        let by = self.by.person();
        if by == name.as_str() {
            return Ok(());
        }
        stored::touch(tx, name, &Touched { by: by.to_owned(), at: self.now }).await
    }
}

/// Whether somebody besides these may manage access now.
pub(super) async fn others(tx: &mut Tx<'_>, besides: &[&str]) -> Result<bool, StoreError> {
    let admins = rows::enabled_admins(tx).await?;
    let counts = |user: &User| manages(user) && !besides.contains(&user.name.as_str());
    Ok(admins.iter().any(counts))
}

impl Access {
    /// Another admin allows roles that wait.
    pub(crate) async fn give_grants(
        &self,
        by: &By,
        id: ApprovalId,
    ) -> Result<Changed, AccessError> {
        let now = self.now();
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(approval) = stored::lock(tx, id).await? else {
                        return Ok(Err(AccessError::NotFound));
                    };
                    let verdict = give(tx, &approval, by, now).await?;
                    let event = event(by, Action::ApprovalGive, approval.path(), &verdict, now);
                    audit::append(tx, &event).await?;
                    Ok(verdict)
                })
            })
            .await?
            .map(|change| change.value)
    }
}

async fn give(
    tx: &mut Tx<'_>,
    approval: &Approval,
    by: &By,
    now: DateTime<Utc>,
) -> Result<Verdict<Changed>, StoreError> {
    let Subject::Grants { user: name, revision, after, .. } = &approval.subject else {
        return Ok(Err(AccessError::NotFound));
    };
    let state = match approvals::judge(tx, approval, &Answer::Approve, by, now).await? {
        Ok(state) => state,
        Err(refusal) => return Ok(Err(AccessError::Approval(refusal))),
    };
    let user = rows::account(tx, name).await?.map(|Account { user, .. }| user);
    let Some(user) = user.filter(|user| user.revision == *revision) else {
        let why = format!("{name} was changed meanwhile; ask again");
        let void = State::Void { why: why.clone(), at: now };
        stored::settle(tx, approval.id, &void).await?;
        return Ok(Err(AccessError::Approval(Refusal::Void { why })));
    };
    let mut changed = User { grants: after.clone(), ..user.clone() };
    if !rows::update_user(tx, &changed).await? {
        return Ok(Err(AccessError::Changed { revision: user.revision }));
    }
    changed.revision += 1;
    let touched = Touched { by: approval.by.clone(), at: now };
    stored::touch(tx, name, &touched).await?;
    stored::settle(tx, approval.id, &state).await?;
    let (before, after) = (Some(shown(&user, None)), Some(shown(&changed, Some(approval.id))));
    Ok(Ok(Change { value: Changed { user: changed, approval: None }, before, after }))
}
