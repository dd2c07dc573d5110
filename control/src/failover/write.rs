//! Writing a change of a run with all that follows from it, inside the caller's transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::approval::{State as Settled, Subject};
use mainstay_core::audit::{Action, Actor, Event, Outcome as Ended};
use mainstay_core::failover::{Outcome, Run, State, StepId, StepState, standing};
use mainstay_core::release::Releases;
use mainstay_store::{StoreError, Tx, audit, failover as stored, fleet, release};
use serde_json::{Value, json};

use crate::approvals::settle;

/// On whose behalf, and why.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub actor: Actor,
    pub request: Option<String>,
    pub action: Action,
    /// What a person wrote.
    pub reason: Option<String>,
    /// For the run's own log.
    pub why: Option<Value>,
}

/// Writes `next` on top of `before`, which the caller read under the lock with `releases`.
pub(crate) async fn carry_out(
    tx: &mut Tx<'_>,
    releases: &Releases,
    before: &Run,
    next: &Run,
    cause: &Cause,
    now: DateTime<Utc>,
) -> Result<Run, StoreError> {
    let mut run = Run { revision: before.revision + 1, changed_at: now, ..next.clone() };
    let revision = release::raise(tx).await?;
    let others =
        releases.failovers.iter().map(|other| if other.id == run.id { &run } else { other });
    let moves = standing(others) != releases.standing;
    if moves {
        let fleet = u64::try_from(fleet::revision_in(tx).await?).unwrap_or_default();
        run.routing_revision = revision + fleet;
    }
    let closed = closes(&run);
    if !stored::update(tx, &run, closed).await? {
        return Err(StoreError::corrupt("a failover", "it changed under its lock"));
    }
    if run.is_over() && !before.is_over() {
        let why = format!("{} is over", run.id);
        settle(tx, &Subject::of_force(run.id), &Settled::Void { why, at: now }).await?;
    }
    let asked = before.asked_rules();
    if !asked.is_empty() && asked != run.asked_rules() {
        let why = format!("{} does not ask about it any more", run.id);
        let about = Subject::of_override(run.id, &asked);
        settle(tx, &about, &Settled::Void { why, at: now }).await?;
    }
    if let (true, Some(back)) = (closed && is_done(&run), run.plan.back) {
        stored::close(tx, back).await?;
    }
    let steps = changed(before, &run);
    stored::append(tx, &run, &steps, &cause.actor, cause.why.as_ref()).await?;
    audit::append(tx, &entry(before, &run, &steps, cause)).await?;
    Ok(run)
}

fn is_done(run: &Run) -> bool {
    matches!(&run.state, State::Ended { outcome: Outcome::Done, .. })
}

/// Whether nothing of it stands: it never began, or went all the way back.
fn closes(run: &Run) -> bool {
    run.is_over() && (!run.began() || (run.plan.back.is_some() && is_done(run)))
}

/// Steps that are not as they were.
fn changed(before: &Run, after: &Run) -> BTreeMap<StepId, StepState> {
    let differs = |(id, state): &(&StepId, &StepState)| before.steps.get(*id) != Some(*state);
    let steps = after.steps.iter().filter(differs);
    steps.map(|(id, state)| (id.clone(), state.clone())).collect()
}

fn entry(before: &Run, run: &Run, steps: &BTreeMap<StepId, StepState>, cause: &Cause) -> Event {
    Event {
        v: 1,
        at: run.changed_at,
        actor: cause.actor.clone(),
        action: cause.action,
        object: run.path(),
        outcome: Ended::Done,
        reason: cause.reason.clone(),
        before: Some(json!({ "state": before.state, "revision": before.revision })),
        after: Some(json!({
            "plan": run.plan.hash(),
            "mode": run.mode,
            "state": run.state,
            "revision": run.revision,
            "steps": steps,
        })),
        request: cause.request.clone(),
    }
}
