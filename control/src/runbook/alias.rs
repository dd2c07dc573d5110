//! Short links: made, changed, removed with their audit entries; and when each was followed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::id::AliasId;
use mainstay_core::runbook::alias::{ALIASES_MAX, Alias, PREFIX, Wanted};
use mainstay_store::{Store, StoreError, alias as stored, audit};
use serde_json::json;

use super::RunbookError;
use crate::Control;
use crate::access::By;

/// When short links were followed here and nobody wrote it down yet. Bounded by the links that
/// there are: only those that lead somewhere are noted.
#[derive(Debug, Default)]
pub struct Uses(Mutex<BTreeMap<AliasId, DateTime<Utc>>>);

impl Uses {
    fn note(&self, id: &AliasId, at: DateTime<Utc>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(id.clone(), at);
    }

    /// Writes down what was noted; what could not be written is noted again.
    async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = uses.into_iter().collect();
        let written = stored::used(store.acts(), &list).await;
        if written.is_err() {
            let mut newer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in list {
                newer.entry(id).or_insert(at);
            }
        }
        written
    }
}

impl Control {
    /// Makes a short link.
    pub async fn make_alias(&self, by: &By, wanted: &Wanted) -> Result<AliasId, RunbookError> {
        let (id, wanted) = wanted.read().map_err(RunbookError::Alias)?;
        let alias = &new_alias(id, wanted, by, 1);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if stored::lock(tx, &alias.id).await?.is_some() {
                        return Ok(Err(RunbookError::Taken));
                    }
                    if stored::count(tx).await? >= i64::try_from(ALIASES_MAX).unwrap_or(i64::MAX) {
                        return Ok(Err(RunbookError::TooManyAliases));
                    }
                    stored::put(tx, alias).await?;
                    let object = object(&alias.id);
                    let mut event = by.event(Action::AliasCreate, object, alias.changed_at);
                    event.after = Some(told(alias));
                    audit::append(tx, &event).await?;
                    Ok(Ok(()))
                })
            })
            .await??;
        self.refresh_runbooks().await;
        Ok(alias.id.clone())
    }

    /// Changes a short link, or says that it was looked at and is right. `expected`: the revision
    /// that was looked at; `None`: whichever there is.
    pub async fn change_alias(
        &self,
        by: &By,
        wanted: &Wanted,
        expected: Option<i64>,
    ) -> Result<AliasId, RunbookError> {
        let (id, wanted) = wanted.read().map_err(RunbookError::Alias)?;
        let draft = &new_alias(id, wanted, by, 1);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let Some(before) = stored::lock(tx, &draft.id).await? else {
                        return Ok(Err(RunbookError::NotFound));
                    };
                    if expected.is_some_and(|expected| expected != before.revision) {
                        return Ok(Err(RunbookError::Stale));
                    }
                    let alias = Alias { revision: before.revision + 1, ..draft.clone() };
                    stored::put(tx, &alias).await?;
                    let object = object(&alias.id);
                    let mut event = by.event(Action::AliasChange, object, alias.changed_at);
                    event.before = Some(told(&before));
                    event.after = Some(told(&alias));
                    audit::append(tx, &event).await?;
                    Ok(Ok(()))
                })
            })
            .await??;
        self.refresh_runbooks().await;
        Ok(draft.id.clone())
    }

    /// Removes a short link.
    pub async fn remove_alias(&self, by: &By, id: &AliasId) -> Result<(), RunbookError> {
        let now = Utc::now().trunc_subsecs(6);
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    let Some(before) = stored::lock(tx, id).await? else {
                        return Ok(Err(RunbookError::NotFound));
                    };
                    stored::remove(tx, id).await?;
                    let mut event = by.event(Action::AliasRemove, object(id), now);
                    event.before = Some(told(&before));
                    audit::append(tx, &event).await?;
                    Ok(Ok(()))
                })
            })
            .await??;
        self.refresh_runbooks().await;
        Ok(())
    }

    /// Notes that a short link was followed; written down by and by.
    pub fn alias_used(&self, id: &AliasId) {
        self.alias_uses.note(id, Utc::now().trunc_subsecs(6));
    }

    /// Writes down which short links were followed.
    pub async fn write_alias_uses(&self) -> Result<(), StoreError> {
        self.alias_uses.write(&self.store).await
    }
}

fn new_alias(id: AliasId, wanted: Wanted, by: &By, revision: i64) -> Alias {
    let now = Utc::now().trunc_subsecs(6);
    Alias {
        id,
        target: wanted.target,
        owner: wanted.owner,
        note: wanted.note,
        reviewed: now.date_naive(),
        changed_at: now,
        changed_by: by.actor.name().to_owned(),
        last_used_at: None,
        revision,
    }
}

/// What the audit log keeps of it.
fn told(alias: &Alias) -> serde_json::Value {
    json!({
        "target": alias.target,
        "owner": alias.owner,
        "note": alias.note,
        "reviewed": alias.reviewed,
    })
}

fn object(id: &AliasId) -> String {
    format!("{PREFIX}{id}")
}
