//! Writing a change of a rollout with all that follows from it, inside the caller's transaction.

use chrono::{DateTime, Utc};
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_core::release::Releases;
use mainstay_core::rollout::{self, Change, Rollout};
use mainstay_store::{StoreError, Tx, audit, fleet, release, rollout as stored};
use serde_json::{Value, json};

/// On whose behalf, and why.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub actor: Actor,
    pub request: Option<String>,
    pub action: Action,
    /// What a person wrote.
    pub reason: Option<String>,
    /// For the rollout's own log.
    pub why: Option<Value>,
}

/// Carries a change out on what stands, which the caller locked and gives as `releases`: the
/// rollout, the release, the quarantine, the revision, the events.
pub(crate) async fn carry_out(
    tx: &mut Tx<'_>,
    releases: &mut Releases,
    before: &Rollout,
    change: &Change,
    cause: &Cause,
    now: DateTime<Utc>,
) -> Result<Rollout, StoreError> {
    let fleet_revision = fleet::revision_in(tx).await?;
    let rollout = rollout::apply(releases, before, change, fleet_revision, now);
    let (service, version) = (&rollout.plan.service, &rollout.plan.to);
    if !stored::update(tx, &rollout).await? {
        return Err(StoreError::corrupt("a rollout", "it changed under its lock"));
    }
    if let Some(stable) = &change.release {
        release::set_stable(tx, service, stable).await?;
    }
    if change.lifts {
        release::lift(tx, service, version).await?;
    }
    if let Some(quarantine) = &change.quarantine {
        release::quarantine(tx, quarantine).await?;
    }
    let revision = release::raise(tx).await?;
    assert_eq!(revision, releases.revision, "nobody else raises it under the lock");
    stored::append(tx, &rollout, &cause.actor, cause.why.as_ref()).await?;
    audit::append(tx, &entry(before, &rollout, change, cause)).await?;
    Ok(rollout)
}

fn entry(before: &Rollout, rollout: &Rollout, change: &Change, cause: &Cause) -> Event {
    Event {
        v: 1,
        at: rollout.changed_at,
        actor: cause.actor.clone(),
        action: cause.action,
        object: rollout.path(),
        outcome: Outcome::Done,
        reason: cause.reason.clone(),
        before: Some(json!({ "state": before.state, "revision": before.revision })),
        after: Some(json!({
            "service": rollout.plan.service,
            "version": rollout.plan.to,
            "state": rollout.state,
            "revision": rollout.revision,
            "routing_revision": rollout.routing_revision,
            "release": change.release,
            "quarantine": change.quarantine,
            "quarantine_lifted": change.lifts,
        })),
        request: cause.request.clone(),
    }
}
