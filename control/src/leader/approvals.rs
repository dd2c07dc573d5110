//! Requests that nobody answered in time: they end, and what waited for them with them.

use chrono::{DateTime, Utc};
use mainstay_core::approval::{Approval, State, Subject};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::failover::{Outcome, Run, State as RunState};
use mainstay_store::lease::{self, Term};
use mainstay_store::{StoreError, Tx, approval as stored, audit, failover, release};
use serde_json::json;

use super::Leader;
use crate::estate::Snapshot;
use crate::failover::write::{Cause, carry_out};

/// The part of the server that decides; its name in the audit log.
const NAME: &str = "approvals";

/// Ends what is over. Restores go by the time of the backup policies and end with those.
pub(super) async fn step(
    leader: &Leader,
    term: &Term,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    let now = snapshot.estate.at;
    let over = snapshot.approvals.iter().filter(|it| it.expired(now).is_some());
    for approval in over.filter(|it| !matches!(it.subject, Subject::Restore { .. })) {
        leader
            .store
            .read_committed(|tx| Box::pin(async move { end(tx, term, approval, now).await }))
            .await?;
        leader.estate.set_approvals(stored::open(leader.store.reads()).await?);
    }
    Ok(())
}

/// Ends one, with the run that waits for it.
async fn end(
    tx: &mut Tx<'_>,
    term: &Term,
    approval: &Approval,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    lease::step(tx, term, 0).await?;
    // The same order of locks as whoever answers: first of decisions, then of the approval.
    let releases = match approval.subject {
        Subject::Failover { .. } => Some(release::lock(tx).await?),
        Subject::Force { .. }
        | Subject::Override { .. }
        | Subject::Restore { .. }
        | Subject::RollBack { .. }
        | Subject::Grants { .. }
        | Subject::Waiver { .. } => None,
    };
    let Some(approval) = stored::lock(tx, approval.id).await? else { return Ok(()) };
    let Some(state) = approval.expired(now) else { return Ok(()) };
    stored::settle(tx, approval.id, &state).await?;
    if let (Subject::Failover { run, .. }, Some(releases)) = (&approval.subject, releases)
        && let Some(run) = failover::get_in(tx, *run).await?
        && matches!(run.state, RunState::Requested { .. })
    {
        let why = format!("nobody allowed it by {}", approval.until.format("%H:%M UTC"));
        let outcome = Outcome::Refused { by: None, why };
        let ended = Run { state: RunState::Ended { outcome, at: now }, ..run.clone() };
        carry_out(tx, &releases, &run, &ended, &cause(), now).await?;
    }
    audit::append(tx, &entry(&approval, &state, now)).await.map(drop)
}

fn cause() -> Cause {
    Cause {
        actor: Actor::System(NAME.to_owned()),
        request: None,
        action: Action::FailoverRefuse,
        reason: None,
        why: None,
    }
}

fn entry(approval: &Approval, state: &State, now: DateTime<Utc>) -> Event {
    let actor = Actor::System(NAME.to_owned());
    let after = Some(json!({ "subject": approval.subject, "state": state }));
    Event { after, ..Event::new(now, actor, Action::ApprovalLapse, approval.path()) }
}
