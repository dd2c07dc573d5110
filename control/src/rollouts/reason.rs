//! A reason that is told after the click: what was done stands in the log as it was, and the reason
//! beside it as an entry of its own.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::rollout::{self, RolloutId};
use mainstay_store::audit::Filter;
use mainstay_store::{StoreError, audit, rollout as stored};

use super::{RolloutError, check_reason, event, name_of, refuse};
use crate::Control;
use crate::access::By;
use crate::once::Once;

/// Reasons of one rollout that are read.
const REASONS_MAX: i64 = 20;

/// A reason that somebody told afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: String,
}

impl Control {
    /// Writes down why a version was taken back.
    pub async fn explain_rollout(
        &self,
        by: &By,
        id: RolloutId,
        reason: &str,
        key: &str,
    ) -> Result<(), RolloutError> {
        let reason = reason.trim();
        check_reason(Some(reason))?;
        if reason.chars().count() < crate::fleet::REASON_MIN_CHARS {
            return Err(RolloutError::Form("write a reason of at least 10 characters"));
        }
        let once = &Once::new(key, by, &("reason", id, reason))?;
        let now = Utc::now().trunc_subsecs(6);
        let mut event = event(by, Action::RolloutReason, format!("/rollouts/{id}"), now);
        event.reason = Some(reason.to_owned());
        let event = &event;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<(), _>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(rollout) = stored::get_in(tx, id).await? else {
                        return Ok(Err(RolloutError::NotFound));
                    };
                    if let Err(refusal) = rollout::explainable(&rollout, now) {
                        refuse(tx, event.clone(), &refusal.to_string()).await?;
                        return Ok(Err(RolloutError::Refused(refusal)));
                    }
                    audit::append(tx, event).await?;
                    once.remember(tx, &(), now).await?;
                    Ok(Ok(()))
                })
            })
            .await?
    }

    /// Reasons that were told of a rollout afterwards, oldest first.
    pub async fn rollout_reasons(&self, id: RolloutId) -> Result<Vec<Told>, StoreError> {
        let filter = Filter {
            action: Some(Action::RolloutReason),
            object: Some(format!("/rollouts/{id}")),
            outcome: Some(mainstay_core::audit::Outcome::Done),
            ..Filter::default()
        };
        let found = audit::list(&self.store, &filter, None, REASONS_MAX).await?;
        let told = found.into_iter().rev().filter_map(|entry| {
            let by = name_of(&entry.event.actor).to_owned();
            Some(Told { at: entry.event.at, by, reason: entry.event.reason? })
        });
        Ok(told.collect())
    }
}
