//! Restores over live databases: asked for, allowed by somebody else, refused; and what they set
//! aside let go.
//!
//! Invariant: whatever is asked or allowed is judged on what stands in the same transaction, and a
//! refusal is written down like a deed.

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::approval::{self, Kind, Reach, Subject};
use mainstay_core::audit::{Action, Event, Outcome};
use mainstay_core::backup::job::Target;
use mainstay_core::backup::restore::{self, REQUEST_VALID, Refusal, Request, Restore, RestoreId};
use mainstay_core::backup::work::{Leftover, LetGoJob, Work};
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatabaseId, DatacenterId, GroupId};
use mainstay_store::backup::{self as work, Ordered};
use mainstay_store::{StoreError, Tx, audit, lease, restore as stored};
use serde_json::json;

use super::{BackupError, CopyAt, checked, give, hears, host, name_of};
use crate::Control;
use crate::access::By;
use crate::approvals;
use crate::leader::LEASE;
use crate::once::Once;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish<'a> {
    pub copy: &'a CopyAt,
    pub target: Target,
    pub reason: &'a str,
    /// The name of the database, typed by whoever wants it without the test restore that it
    /// needs; `None`: it goes by the rule.
    pub unproven: Option<&'a str>,
}

impl Control {
    /// Asks for a restore over a live database. It waits for a second person.
    pub async fn ask_restore(
        &self,
        by: &By,
        wish: &Wish<'_>,
        key: &str,
    ) -> Result<RestoreId, BackupError> {
        let reason = checked(wish.reason)?;
        let CopyAt { database, datacenter, label } = wish.copy;
        if wish.unproven.is_some_and(|typed| typed.trim() != database.as_str()) {
            return Err(BackupError::Form(
                "to restore without a test restore, write the name of the database",
            ));
        }
        let unproven = wish.unproven.is_some();
        let asked = ("restore", database, datacenter, label, wish.target, reason, unproven);
        let once = &Once::new(key, by, &asked)?;
        let estate = self.snapshot().estate;
        let group = match estate.fleet.databases.get(database) {
            Some(declared) => &declared.group,
            None => return Err(BackupError::NotFound),
        };
        let now = Utc::now().trunc_subsecs(6);
        let at = estate.clock.to_policy(now);
        let request = &Request {
            database: database.clone(),
            datacenter: datacenter.clone(),
            label: label.clone(),
            target: wish.target,
            by: by.person().to_owned(),
            reason: reason.to_owned(),
            at,
            unproven,
        };
        let mut event = by.event(Action::RestoreAsk, object(database), now);
        event.reason = Some(reason.to_owned());
        let checked = self.judged(&estate, request, at).await?;
        let (event, checked) = (&event, &checked);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<RestoreId, _>(tx).await? {
                        return Ok(answer);
                    }
                    if let Err(refusal) = checked {
                        return refused(tx, event, refusal).await;
                    }
                    let restore = match stored::insert(tx, request, at).await? {
                        Ok(restore) => restore,
                        Err(id) => return refused(tx, event, &Refusal::Other { id }).await,
                    };
                    let approval = approvals::ask(tx, &second(&restore, group, now)).await?.id;
                    let (id, after) = (restore.id, json!(request));
                    let after = json!({ "restore": id, "approval": approval, "request": after });
                    audit::append(tx, &Event { after: Some(after), ..event.clone() }).await?;
                    once.remember(tx, &restore.id, now).await?;
                    Ok(Ok(restore.id))
                })
            })
            .await?
    }

    /// A second person allows a restore: it begins.
    pub async fn allow_restore(
        &self,
        by: &By,
        id: RestoreId,
        key: &str,
    ) -> Result<Restore, BackupError> {
        let once = &Once::new(key, by, &("allow", id))?;
        let estate = self.snapshot().estate;
        let now = Utc::now().trunc_subsecs(6);
        let (at, pace) = (estate.clock.to_policy(now), estate.pace);
        let restore = self.restore(id).await?.ok_or(BackupError::NotFound)?;
        let request = &restore.request;
        let checked = self.judged(&estate, request, at).await?;
        let agent = host(&estate, &request.database).filter(|agent| hears(&estate, agent));
        let event = by.event(Action::RestoreAllow, object(&request.database), now);
        let (event, checked) = (&event, &checked);
        let declared = estate.fleet.databases.get(&request.database);
        let checks = &declared.map(|it| it.proof_checks.clone()).unwrap_or_default();
        let (agent, estate) = (&agent, &estate);
        let allowed = self.store.transaction(|tx| {
            Box::pin(async move {
                if let Some(answer) = once.recall::<Restore, _>(tx).await? {
                    return Ok(answer);
                }
                let Some(restore) = stored::get(tx, id).await? else {
                    return Ok(Err(BackupError::NotFound));
                };
                let allowed = restore::allow(
                    &restore,
                    by.person(),
                    agent.as_ref(),
                    checked.clone().map(|()| checks.clone()),
                    (at, pace),
                );
                let (restore, work, agent) = match (allowed, agent) {
                    (Ok((restore, work)), Some(agent)) => (restore, work, agent.clone()),
                    (Ok(_), None) => return refused(tx, event, &Refusal::NotHeard).await,
                    (Err(refusal), _) => return refused(tx, event, &refusal).await,
                };
                if let Err(refusal) = approvals::allow(tx, &id.to_string(), by, now).await? {
                    approvals::refuse(tx, event.clone(), &refusal).await?;
                    return Ok(Err(BackupError::Approval(refusal)));
                }
                if !stored::update(tx, &restore, at).await? {
                    return Err(StoreError::corrupt("a restore", "it changed under the lock"));
                }
                let token = lease::token(tx, LEASE).await?;
                let ordered = Ordered {
                    work,
                    agent,
                    asked_by: Some(restore.request.by.clone()),
                    reason: Some(restore.request.reason.clone()),
                    ordered_at: at,
                    report: None,
                    ended_at: None,
                };
                give(tx, token, &ordered, estate).await?;
                let after = json!({ "restore": restore.id, "request": restore.request });
                audit::append(tx, &Event { after: Some(after), ..event.clone() }).await?;
                once.remember(tx, &restore, now).await?;
                Ok(Ok(restore))
            })
        });
        let restore = allowed.await??;
        self.commands.send_modify(|version| *version += 1);
        Ok(restore)
    }

    /// Somebody says no to a restore that waits.
    pub async fn refuse_restore(
        &self,
        by: &By,
        id: RestoreId,
        why: &str,
        key: &str,
    ) -> Result<Restore, BackupError> {
        let why = checked(why)?;
        let once = &Once::new(key, by, &("refuse", id, why))?;
        let (estate, now) = (self.snapshot().estate, Utc::now().trunc_subsecs(6));
        let (at, pace) = (estate.clock.to_policy(now), estate.pace);
        let known = self.restore(id).await?.ok_or(BackupError::NotFound)?;
        let mut event = by.event(Action::RestoreRefuse, object(&known.request.database), now);
        event.reason = Some(why.to_owned());
        let (event, person) = (&event, by.person());
        self.store
            .transaction(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<Restore, _>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(restore) = stored::get(tx, id).await? else {
                        return Ok(Err(BackupError::NotFound));
                    };
                    let restore = match restore::refuse(&restore, person, why, (at, pace)) {
                        Ok(restore) => restore,
                        Err(refusal) => return refused(tx, event, &refusal).await,
                    };
                    let state = approvals::said_no(&restore.request.by, person, why, now);
                    approvals::settle(tx, &id.to_string(), &state).await?;
                    if !stored::update(tx, &restore, at).await? {
                        return Err(StoreError::corrupt("a restore", "it changed under the lock"));
                    }
                    let after = Some(json!({ "restore": restore.id }));
                    audit::append(tx, &Event { after, ..event.clone() }).await?;
                    once.remember(tx, &restore, now).await?;
                    Ok(Ok(restore))
                })
            })
            .await?
    }

    /// Lets go what stays of a database at a path: a data directory that a restore set aside, or a
    /// restored copy, for which there must be a reason. The answer is the id of the work.
    pub async fn let_go(
        &self,
        by: &By,
        (database, path): (&DatabaseId, &str),
        reason: &str,
        key: &str,
    ) -> Result<String, BackupError> {
        let estate = self.snapshot().estate;
        let now = Utc::now().trunc_subsecs(6);
        let found = leftover(&estate, database, path);
        let (agent, leftover) = found.ok_or(BackupError::NotFound)?;
        let reason = &match leftover {
            Leftover::SetAside if reason.trim().is_empty() => None,
            Leftover::SetAside | Leftover::Kept => Some(checked(reason)?.to_owned()),
        };
        let once = &Once::new(key, by, &("let-go", database, path, reason))?;
        let mut event = by.event(Action::RestoreLetGo, object(database), now);
        event.reason.clone_from(reason);
        let (event, agent, asked_by, estate) = (&event, &agent, &name_of(&by.actor), &estate);
        let id = self.store.transaction(|tx| {
            Box::pin(async move {
                if let Some(answer) = once.recall::<String, BackupError>(tx).await? {
                    return Ok(answer);
                }
                let token = lease::token(tx, LEASE).await?;
                let id = format!("dw-{}", work::next_number(tx).await?);
                let (database, path) = (database.clone(), path.to_owned());
                let after = json!({ "path": path, "leftover": leftover, "work": id });
                let after = Some(after);
                let work = Work::LetGo(LetGoJob { id: id.clone(), database, path, leftover });
                let ordered = Ordered {
                    work,
                    agent: agent.clone(),
                    asked_by: Some(asked_by.clone()),
                    reason: reason.clone(),
                    ordered_at: estate.clock.to_policy(now),
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

    /// One restore.
    pub async fn restore(&self, id: RestoreId) -> Result<Option<Restore>, StoreError> {
        let mut connection = self.store.reads().acquire().await?;
        stored::get(&mut connection, id).await
    }

    /// Restores of a database or of all, the newest first.
    pub async fn restores(
        &self,
        database: Option<&DatabaseId>,
    ) -> Result<Vec<Restore>, StoreError> {
        stored::list(self.store.reads(), database).await
    }

    /// Whether a request could be carried out now, by everything but who allows it: for the pages
    /// that show it before anybody asks. `now`: the policies'.
    pub async fn judged(
        &self,
        estate: &Estate,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let database = &request.database;
        let host = host(estate, database);
        let state = host.as_ref().and_then(|host| estate.datacenters.get(host));
        let Some(seen) = state.and_then(|state| state.database(database)) else {
            return Ok(Err(Refusal::NotHeard));
        };
        if let Err(refusal) = restore::there(request, &seen.catalogue) {
            return Ok(Err(refusal));
        }
        if request.unproven {
            return Ok(Ok(()));
        }
        let declared = estate.fleet.databases.get(database);
        let policy = declared.and_then(|it| estate.fleet.backup_policies.get(it.policy.as_ref()?));
        let max_age_days = policy.map_or(0, |policy| policy.proof_max_age_days);
        let pool = self.store.reads();
        let proofs = work::work(pool, Some(database), Some("prove"), work::PAGE_MAX).await?;
        let told = proofs.iter().filter_map(|it| Some((it.report.as_ref()?, it.ended_at?)));
        Ok(restore::proven(request, told, max_age_days, now).map(drop))
    }
}

/// What stays of a database at a path, and with which agent.
fn leftover(
    estate: &Estate,
    database: &DatabaseId,
    path: &str,
) -> Option<(DatacenterId, Leftover)> {
    if let Some((agent, _)) = estate.kept(database).find(|(_, kept)| kept.path == path) {
        return Some((agent.clone(), Leftover::Kept));
    }
    let agent = host(estate, database)?;
    let seen = estate.datacenters.get(&agent)?.database(database)?;
    seen.set_aside.iter().any(|kept| kept == path).then_some((agent, Leftover::SetAside))
}

/// Writes that something was refused, in the words that the person gets.
async fn refused<T>(
    tx: &mut Tx<'_>,
    event: &Event,
    refusal: &Refusal,
) -> Result<Result<T, BackupError>, StoreError> {
    let words = refusal.to_string();
    let after = Some(json!({ "refused": words }));
    let event = Event { outcome: Outcome::Refused, after, ..event.clone() };
    audit::append(tx, &event).await?;
    Ok(Err(BackupError::Refused(words)))
}

fn object(database: &DatabaseId) -> String {
    format!("/backups/sets/{database}")
}

/// What a second person is asked for.
fn second(restore: &Restore, group: &GroupId, now: DateTime<Utc>) -> approval::Wish {
    let Request { database, by, reason, .. } = restore.request.clone();
    let subject = Subject::Restore { restore: restore.id, database };
    approval::Wish {
        kind: Kind::Permission,
        hash: subject.hash(),
        subject,
        reach: Reach { groups: [group.clone()].into(), ..Reach::default() },
        by,
        reason,
        at: now,
        until: now + REQUEST_VALID,
    }
}
