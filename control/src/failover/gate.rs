//! The gates before a start: a lock that holds until a person opens it, a freeze that ends by
//! itself.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Event};
use mainstay_core::failover::request::REASON_MIN_CHARS;
use mainstay_core::failover::rules::{Gate, Rule};
use mainstay_store::{audit, failover as stored, release};
use serde_json::json;

use super::FailoverError;
use crate::Control;
use crate::access::By;
use crate::once::Once;

impl Control {
    /// Closes a gate: no failover starts without naming it. A freeze needs its end.
    pub async fn close_gate(
        &self,
        by: &By,
        rule: Rule,
        reason: &str,
        until: Option<DateTime<Utc>>,
        key: &str,
    ) -> Result<(), FailoverError> {
        let reason = reason.trim();
        let now = Utc::now().trunc_subsecs(6);
        let mut bad = Vec::new();
        if reason.chars().count() < REASON_MIN_CHARS {
            bad.push(format!("write the reason, at least {REASON_MIN_CHARS} characters"));
        }
        match (rule, until) {
            (Rule::Freeze, None) => bad.push("write when the freeze ends".to_owned()),
            (Rule::Freeze, Some(until)) if until <= now => {
                bad.push("write an end of the freeze that is in the future".to_owned());
            }
            (Rule::Lock | Rule::Freeze, _) => {}
            (Rule::ServingLeast | Rule::Capacity | Rule::Wait, _) => {
                bad.push("write lock or freeze".to_owned());
            }
        }
        if !bad.is_empty() {
            return Err(FailoverError::Form(bad));
        }
        let once = &Once::new(key, by, &("close-gate", rule, reason, until))?;
        let by_name = by.person().to_owned();
        let gate = &Gate { by: by_name, reason: reason.to_owned(), since: now, until };
        let mut event = by.event(Action::FailoverGate, "/failover".to_owned(), now);
        event.reason = Some(reason.to_owned());
        event.after = Some(json!({ "gate": rule, "closed": gate }));
        let event = &event;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    release::lock(tx).await?;
                    if let Some(answer) = once.recall::<(), FailoverError>(tx).await? {
                        return Ok(answer);
                    }
                    stored::close_gate(tx, rule, gate).await?;
                    audit::append(tx, event).await?;
                    once.remember(tx, &(), now).await?;
                    Ok(Ok(()))
                })
            })
            .await?
    }

    /// Opens a gate.
    pub async fn open_gate(&self, by: &By, rule: Rule, key: &str) -> Result<(), FailoverError> {
        let once = &Once::new(key, by, &("open-gate", rule))?;
        let now = Utc::now().trunc_subsecs(6);
        let mut event = by.event(Action::FailoverGate, "/failover".to_owned(), now);
        let event: &mut Event = &mut event;
        event.after = Some(json!({ "gate": rule, "closed": null }));
        let event = &*event;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    release::lock(tx).await?;
                    if let Some(answer) = once.recall::<(), FailoverError>(tx).await? {
                        return Ok(answer);
                    }
                    if !stored::open_gate(tx, rule).await? {
                        return Ok(Err(FailoverError::NotFound));
                    }
                    audit::append(tx, event).await?;
                    once.remember(tx, &(), now).await?;
                    Ok(Ok(()))
                })
            })
            .await?
    }
}
