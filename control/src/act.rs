//! What a person does to what runs and to problems: checked against the current state, written
//! with its audit entry, carried out by an agent.
//!
//! A person's command takes its token from the lease's own row, so it is ordered with the
//! leader's decisions whichever server the person is talking to.

use chrono::{SubsecRound, TimeDelta, Utc};
use mainstay_core::audit::Action;
use mainstay_core::deployment::Command;
use mainstay_core::estate::Contact;
use mainstay_core::id::{DatacenterId, InstanceId};
use mainstay_core::problem::Snooze;
use mainstay_store::{StoreError, audit, lease, outbox, problem};

use crate::Control;
use crate::access::By;
use crate::leader::LEASE;

/// Longest reason, in characters.
pub const REASON_MAX_CHARS: usize = 500;

/// Longest time for which a problem may be left alone.
pub const SNOOZE_MAX_MINUTES: i64 = 7 * 24 * 60;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("there is no such object")]
    NotFound,
    /// The data centre is not heard, so nobody is there to act.
    #[error("the agent of {datacenter} is not heard")]
    NotHeard { datacenter: DatacenterId },
    /// What was shown is not so any more.
    #[error("it changed meanwhile")]
    Changed,
    #[error("write minutes from 0 to {SNOOZE_MAX_MINUTES}")]
    Minutes,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a replacement was asked on.
#[derive(Clone, Debug)]
pub struct Replace {
    pub instance: InstanceId,
    /// The process the person saw; another one by now means that it was replaced already.
    pub handle: Option<String>,
    /// New for each review: the same one again gives the first result.
    pub key: String,
    pub reason: Option<String>,
}

impl Control {
    /// Replaces one instance: a fresh one in its place, the old one drained first. Returns the id
    /// of the command.
    pub async fn replace(&self, by: &By, replace: &Replace) -> Result<String, ActError> {
        let snapshot = self.snapshot();
        let (datacenter, instance, _) =
            snapshot.estate.instance(&replace.instance).ok_or(ActError::NotFound)?;
        if snapshot.estate.contact(datacenter) != Contact::Reporting {
            return Err(ActError::NotHeard { datacenter: datacenter.clone() });
        }
        if instance.handle != replace.handle {
            return Err(ActError::Changed);
        }
        let now = Utc::now().trunc_subsecs(6);
        let action = &Command::Replace {
            service: instance.service.clone(),
            instance: replace.instance.clone(),
        };
        let id = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let token = lease::token(tx, LEASE).await?;
                    let id = format!("u-{}", replace.key);
                    let command = outbox::Command {
                        id: id.clone(),
                        datacenter: datacenter.clone(),
                        token,
                        action: action.clone(),
                    };
                    if !outbox::insert(tx, &command, now).await? {
                        return Ok(id);
                    }
                    let object = format!("/instances/{}", replace.instance);
                    let mut event = by.event(Action::InstanceReplace, object, now);
                    event.reason.clone_from(&replace.reason);
                    event.after = Some(serde_json::json!({ "command": id }));
                    audit::append(tx, &event).await?;
                    Ok(id)
                })
            })
            .await?;
        self.commands.send_modify(|version| *version += 1);
        Ok(id)
    }

    /// Leaves an open problem alone for so long: nobody is told of it again, unless it becomes
    /// worse. 0 minutes: no longer.
    pub async fn snooze_problem(&self, by: &By, id: i64, minutes: i64) -> Result<(), ActError> {
        if !(0..=SNOOZE_MAX_MINUTES).contains(&minutes) {
            return Err(ActError::Minutes);
        }
        let now = Utc::now().trunc_subsecs(6);
        let until = now + TimeDelta::minutes(minutes);
        let snooze = (minutes > 0).then(|| Snooze { until, by: by.person().to_owned() });
        let snooze = snooze.as_ref();
        let found = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(before) = problem::set_snooze(tx, id, snooze).await? else {
                        return Ok(false);
                    };
                    let object = format!("/attention/at-{id}");
                    let mut event = by.event(Action::ProblemSnooze, object, now);
                    event.before = Some(serde_json::json!({ "snooze": before }));
                    event.after = Some(serde_json::json!({ "snooze": snooze }));
                    audit::append(tx, &event).await?;
                    Ok(true)
                })
            })
            .await?;
        if !found {
            return Err(ActError::NotFound);
        }
        self.estate.set_problems(problem::recent(self.store.acts()).await?);
        Ok(())
    }

    /// Gives an open problem an owner, or with `None` gives it back.
    pub async fn own_problem(&self, by: &By, id: i64, owner: Option<&str>) -> Result<(), ActError> {
        let now = Utc::now().trunc_subsecs(6);
        let action = if owner.is_some() { Action::ProblemTake } else { Action::ProblemRelease };
        let found = self
            .store
            .transaction(|tx| {
                Box::pin(async move {
                    let Some(before) = problem::set_owner(tx, id, owner).await? else {
                        return Ok(false);
                    };
                    let mut event = by.event(action, format!("/attention/at-{id}"), now);
                    event.before = Some(serde_json::json!({ "owner": before }));
                    event.after = Some(serde_json::json!({ "owner": owner }));
                    audit::append(tx, &event).await?;
                    Ok(true)
                })
            })
            .await?;
        if !found {
            return Err(ActError::NotFound);
        }
        self.estate.set_problems(problem::recent(self.store.acts()).await?);
        Ok(())
    }
}
