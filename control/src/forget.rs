//! Forgetting a data centre that is gone for good; [`mainstay_core::forget`] says when.
//!
//! What was observed goes with its audit entry, in one transaction; every server's memory follows
//! the store ([`crate::follow`]).

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Event};
use mainstay_core::forget::{self, FORGET_AFTER, Kept};
use mainstay_core::id::DatacenterId;
use mainstay_store::{StoreError, audit, estate};

use crate::Control;
use crate::access::By;

/// Why nothing was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    #[error("there is no such data centre")]
    NotFound,
    #[error("what is known of the data centre is kept: {0:?}")]
    Kept(Kept),
    /// Another server heard it meanwhile, or somebody was first.
    #[error("it changed meanwhile")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Forgets everything a data centre reported, so that the next fleet may drop it.
    pub async fn forget_datacenter(
        &self,
        by: &By,
        id: &DatacenterId,
        reason: &str,
    ) -> Result<(), ForgetError> {
        let estate = self.snapshot().estate;
        if !estate.fleet.datacenters.contains_key(id) {
            return Err(ForgetError::NotFound);
        }
        let silent_since = forget::check(&estate, id).map_err(ForgetError::Kept)?;
        let now = Utc::now().trunc_subsecs(6);
        let known = estate.datacenters.get(id);
        let event = &Event {
            reason: Some(reason.to_owned()),
            before: Some(serde_json::json!({
                "last_seen": silent_since,
                "instances": known.map_or(0, |known| known.instances.len()),
                "deployments": known.map_or(0, |known| known.deployments.len()),
            })),
            ..by.event(Action::DatacenterForget, format!("/dc/{id}"), now)
        };
        let opened = &self.ingest.opened();
        let forgotten = self.store.transaction(|tx| {
            Box::pin(async move {
                let forgotten = estate::forget(tx, id, now - FORGET_AFTER).await?;
                if forgotten {
                    audit::append(tx, event).await?;
                }
                Ok(forgotten)
            })
        });
        if !forgotten.await? {
            return Err(ForgetError::Changed);
        }
        self.ingest.unless_held(id, opened, || self.estate.forget(id));
        Ok(())
    }
}
