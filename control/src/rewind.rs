//! A state store that went back in time: found when an agent connects, and what a person lets
//! happen then. [`mainstay_core::rewind`] says what is lost.
//!
//! Invariant: what is found is written down before anything else is decided: with it the lease is
//! raised above every token that agents accepted, so whoever led is deposed, and no token is given
//! until it is settled ([`mainstay_store::rewind`]).

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::{Action, Actor, Event};
use mainstay_core::fence::{Subject, Token};
use mainstay_core::id::DatacenterId;
use mainstay_core::rewind::is_lost;
use mainstay_store::{StoreError, audit, lease, rewind};
use serde_json::json;

use crate::Control;
use crate::access::By;
use crate::leader::LEASE;

/// The address of what is said about it.
const OBJECT: &str = "/settings/store";

/// Why decisions do not go on.
#[derive(Debug, thiserror::Error)]
pub enum GoOnError {
    /// There is nothing to settle, or somebody was first.
    #[error("the store is not known to have gone back in time")]
    Nothing,
    /// More was found since the page was drawn.
    #[error("more was found meanwhile")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Compares what an agent accepted with what the store knows; how many decisions are newly
    /// found lost.
    pub async fn compare(
        &self,
        datacenter: &DatacenterId,
        accepted: &BTreeMap<Subject, Token>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let around = rewind::around(self.store.acts(), datacenter, accepted).await?;
        let lost = around.into_iter().filter(|(.., around)| is_lost(*around));
        let lost: Vec<(Subject, Token)> =
            lost.map(|(subject, token, _)| (subject, token)).collect();
        let Some(above) = lost.iter().map(|(_, token)| *token).max() else { return Ok(0) };
        let (lost, now) = (&lost, now.trunc_subsecs(6));
        let subjects: Vec<_> = lost
            .iter()
            .map(|(subject, token)| json!({ "subject": subject, "accepted": token }))
            .collect();
        let event = &Event {
            after: Some(json!({ "datacenter": datacenter, "lost": subjects })),
            ..Event::new(
                now,
                Actor::System("store".to_owned()),
                Action::StoreRewound,
                OBJECT.to_owned(),
            )
        };
        let found = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let found = rewind::insert(tx, datacenter, lost, now).await?;
                    if found > 0 {
                        lease::raise(tx, LEASE, above).await?;
                        audit::append(tx, event).await?;
                    }
                    Ok(found)
                })
            })
            .await?;
        if found > 0 {
            tracing::error!(%datacenter, found, "the state store went back in time");
            self.refresh().await;
        }
        Ok(found)
    }

    /// Lets decisions go on from what the store knows, as a person saw it. `found_until`: the
    /// newest find that was shown.
    pub async fn go_on(
        &self,
        by: &By,
        reason: &str,
        found_until: DateTime<Utc>,
    ) -> Result<u64, GoOnError> {
        let lost = rewind::open(self.store.acts()).await?;
        if lost.is_empty() {
            return Err(GoOnError::Nothing);
        }
        if lost.iter().any(|lost| lost.found_at > found_until) {
            return Err(GoOnError::Changed);
        }
        let now = Utc::now().trunc_subsecs(6);
        let event = &Event {
            reason: Some(reason.to_owned()),
            before: Some(json!({ "lost": lost })),
            ..by.event(Action::StoreGoOn, OBJECT.to_owned(), now)
        };
        let person = by.person();
        let settled = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    let settled = rewind::settle(tx, person, found_until, now).await?;
                    if settled > 0 {
                        audit::append(tx, event).await?;
                    }
                    Ok(settled)
                })
            })
            .await?;
        self.refresh().await;
        if settled == 0 { Err(GoOnError::Nothing) } else { Ok(settled) }
    }
}
