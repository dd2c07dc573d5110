//! Restored copies that stay longer than was asked for at first.

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::{Action, Event, Outcome};
use mainstay_core::backup::kept::{Hours, longer};
use mainstay_core::backup::work::{StayJob, Work};
use mainstay_core::id::DatabaseId;
use mainstay_store::backup::{self as work, Ordered};
use mainstay_store::{audit, lease};
use serde_json::json;

use super::{BackupError, checked, give, name_of};
use crate::Control;
use crate::access::By;
use crate::leader::LEASE;
use crate::once::Once;

impl Control {
    /// Lets a restored copy of a database, by its path, stay so many hours longer. The answer is
    /// the id of the work.
    pub async fn keep_longer(
        &self,
        by: &By,
        (database, path): (&DatabaseId, &str),
        hours: Hours,
        reason: &str,
        key: &str,
    ) -> Result<String, BackupError> {
        let reason = checked(reason)?;
        let estate = &self.snapshot().estate;
        let (now, clock) = (Utc::now().trunc_subsecs(6), &estate.clock);
        let found = estate.kept(database).find(|(_, kept)| kept.path == path);
        let (agent, kept) = found.ok_or(BackupError::NotFound)?;
        // People work in it: its time is real, whatever days the policies have.
        let times = (clock.to_real(kept.since), clock.to_real(kept.until));
        let until = longer(times, hours, now).map(|until| clock.to_policy(until));
        let once = &Once::new(key, by, &("keep-longer", database, path, hours, reason))?;
        let mut event =
            by.event(Action::RestoreKeepLonger, format!("/backups/sets/{database}"), now);
        event.reason = Some(reason.to_owned());
        event.before = Some(json!({ "path": path, "until": times.1 }));
        let (event, until, asked_by) = (&event, &until, &name_of(&by.actor));
        let id = self.store.transaction(|tx| {
            Box::pin(async move {
                if let Some(answer) = once.recall::<String, BackupError>(tx).await? {
                    return Ok(answer);
                }
                let until = match until {
                    Ok(until) => *until,
                    Err(refusal) => {
                        let words = refusal.to_string();
                        let after = Some(json!({ "refused": words }));
                        let event = Event { outcome: Outcome::Refused, after, ..event.clone() };
                        audit::append(tx, &event).await?;
                        return Ok(Err(BackupError::Refused(words)));
                    }
                };
                let token = lease::token(tx, LEASE).await?;
                let id = format!("dw-{}", work::next_number(tx).await?);
                let (database, path) = (database.clone(), path.to_owned());
                let after = json!({ "path": path, "until": clock.to_real(until), "work": id });
                let after = Some(after);
                let work = Work::Stay(StayJob { id: id.clone(), database, path, until });
                let ordered = Ordered {
                    work,
                    agent: agent.clone(),
                    asked_by: Some(asked_by.clone()),
                    reason: Some(reason.to_owned()),
                    ordered_at: clock.to_policy(now),
                    report: None,
                    ended_at: None,
                };
                give(tx, token, &ordered, estate).await?;
                audit::append(tx, &Event { after, ..event.clone() }).await?;
                once.remember(tx, &id, now).await?;
                Ok(Ok(id))
            })
        });
        let id = id.await??;
        self.commands.send_modify(|version| *version += 1);
        Ok(id)
    }
}
