//! How fast the days of the backup policies pass: a matter of a lab, and of whoever starts its
//! server.
//!
//! Invariants: a store whose backups were made in real days keeps these; a change goes on from the
//! moment that it is for the policies, and leaves an entry like every other.

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Outcome};
use mainstay_core::backup::clock::{Pace, TurnError};
use mainstay_store::{StoreError, audit, clock};
use serde_json::json;

use crate::access::By;
use crate::{Control, follow};

/// Why the days go on as they did.
#[derive(Debug, thiserror::Error)]
pub enum DaysError {
    #[error(transparent)]
    Refused(#[from] TurnError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Control {
    /// Lets a day of the policies pass in this time from now on.
    pub async fn set_pace(&self, by: &By, pace: Pace) -> Result<(), DaysError> {
        let now = Utc::now().trunc_subsecs(6);
        let event = &by.event(Action::BackupDays, "/backups".to_owned(), now);
        let turned = self.store.read_committed(|tx| {
            Box::pin(async move {
                let known = clock::lock(tx).await?;
                let turn = known.turn(pace, now, clock::has_backups(tx).await?);
                let mut event = event.clone();
                match &turn {
                    Ok(None) => return Ok(Ok(())),
                    Ok(Some(leg)) => {
                        clock::turn(tx, leg).await?;
                        event.after =
                            Some(json!({ "day": pace.to_string(), "policy_at": leg.policy_at }));
                    }
                    Err(error) => {
                        event.outcome = Outcome::Refused;
                        event.after = Some(json!({ "refused": error.to_string() }));
                    }
                }
                audit::append(tx, &event).await?;
                Ok::<_, StoreError>(turn.map(drop))
            })
        });
        turned.await??;
        Ok(follow::refresh(&self.store, &self.estate).await?)
    }
}
