//! Runbooks and short links: what is in force on this server, applying a fleet's own, runs, links.
//!
//! Invariant: every server shows the same set: it is in the store, and each follows its revision.

mod alias;
mod run;

use std::collections::BTreeSet;

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::runbook::alias::{ALIASES_MAX, Mistake};
use mainstay_core::runbook::run::Refusal;
use mainstay_core::runbook::shelf::{Files, SetError, Shelf, check};
use mainstay_store::{Store, StoreError, alias as links, audit, runbook as stored};
use serde_json::json;

pub use alias::Uses;

use crate::Control;
use crate::access::By;
use crate::estate::LiveEstate;
use crate::once::Form;

/// Where the audit log finds changes of the set.
const OBJECT: &str = "/runbooks";

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum RunbookError {
    #[error("there is no such object")]
    NotFound,
    #[error(transparent)]
    Set(#[from] SetError),
    /// Another set was applied after this one was compared.
    #[error("revision {revision} of the runbooks is in force by now")]
    Changed { revision: i64 },
    /// It is what is in force already.
    #[error("nothing would change")]
    Same,
    #[error(transparent)]
    Run(#[from] Refusal),
    #[error("the short link is not usable: {}", words(.0))]
    Alias(Vec<Mistake>),
    #[error("there is a short link of this name already; choose another, or change that one")]
    Taken,
    #[error("there are {ALIASES_MAX} short links, the most there may be; remove one first")]
    TooManyAliases,
    #[error("somebody changed it since you opened the page; look at it again")]
    Stale,
    #[error("{0}")]
    Form(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Form> for RunbookError {
    fn from(form: Form) -> Self {
        Self::Form(form.0)
    }
}

fn words(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A change of the fleet's own runbooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetChange {
    /// These and no others.
    All(Files),
    /// One, new or changed.
    Put { slug: String, source: String },
    /// One goes; the program's own of that name is in force again, where there is one.
    Remove { slug: String },
}

impl SetChange {
    fn on(&self, files: &Files) -> Files {
        match self {
            Self::All(all) => all.clone(),
            Self::Put { slug, source } => {
                let mut files = files.clone();
                files.insert(slug.clone(), source.clone());
                files
            }
            Self::Remove { slug } => {
                let mut files = files.clone();
                files.remove(slug);
                files
            }
        }
    }
}

/// What of a set differs, slug by slug.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

impl Difference {
    pub fn of(old: &Files, new: &Files) -> Self {
        let slugs: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let mut found = Self::default();
        for slug in slugs {
            match (old.get(slug), new.get(slug)) {
                (None, Some(_)) => found.added.push(slug.clone()),
                (Some(_), None) => found.removed.push(slug.clone()),
                (Some(before), Some(after)) if before != after => found.changed.push(slug.clone()),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        found
    }

    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Control {
    /// The fleet's own runbooks as they were applied, and their revision.
    pub async fn runbook_files(&self) -> Result<(i64, Files), StoreError> {
        let set = stored::current(self.store.reads()).await?;
        Ok(set.map_or_else(|| (0, Files::new()), |set| (set.revision, set.files)))
    }

    /// Changes the fleet's own runbooks, with the audit entry, in one transaction; returns the new
    /// revision and what differs. `expected`: the revision that was looked at.
    pub async fn apply_runbooks(
        &self,
        by: &By,
        change: &SetChange,
        expected: Option<i64>,
        reason: Option<&str>,
    ) -> Result<(i64, Difference), RunbookError> {
        let estate = self.snapshot().estate;
        let fleet = (estate.fleet_revision > 0).then_some(&*estate.fleet);
        let now = Utc::now().trunc_subsecs(6);
        let name = by.actor.name();
        let applied = self
            .store
            .read_committed(|tx| {
                Box::pin(async move {
                    stored::lock(tx).await?;
                    let before = stored::current_in(tx).await?;
                    let revision = before.as_ref().map_or(0, |set| set.revision);
                    if expected.is_some_and(|expected| expected != revision) {
                        return Ok(Err(RunbookError::Changed { revision }));
                    }
                    let old = before.map(|set| set.files).unwrap_or_default();
                    let new = change.on(&old);
                    let difference = Difference::of(&old, &new);
                    if difference.is_none() {
                        return Ok(Err(RunbookError::Same));
                    }
                    if let Err(error) = check(&new, fleet) {
                        return Ok(Err(error.into()));
                    }
                    let applied = stored::apply(tx, &new, now, name, reason).await?;
                    let mut event = by.event(Action::RunbookApply, OBJECT.to_owned(), now);
                    event.reason = reason.map(str::to_owned);
                    event.before = Some(json!({ "revision": revision }));
                    let Difference { added, changed, removed } = &difference;
                    event.after = Some(json!({
                        "revision": applied, "added": added, "changed": changed, "removed": removed,
                    }));
                    audit::append(tx, &event).await?;
                    Ok(Ok((applied, difference)))
                })
            })
            .await??;
        self.refresh_runbooks().await;
        Ok(applied)
    }

    /// Reads what was just written, so that the answer to it shows it; the follower finds it too.
    async fn refresh_runbooks(&self) {
        if let Err(error) = refresh(&self.store, &self.estate).await {
            tracing::debug!(%error, "runbooks are read later");
        }
    }
}

/// Reads runbooks and short links where they are newer than known.
pub async fn refresh(store: &Store, estate: &LiveEstate) -> Result<(), StoreError> {
    let pool = store.reads();
    if stored::revision(pool).await? > estate.runbooks_revision()
        && let Some(set) = stored::current(pool).await?
    {
        let (shelf, left_out) = Shelf::of(set.revision, &set.files);
        if !left_out.is_empty() {
            let slugs = left_out.join(", ");
            tracing::warn!(%slugs, "runbooks that cannot be read any more are left out");
        }
        estate.set_shelf(shelf);
    }
    let revision = links::revision(pool).await?;
    if estate.aliases_are_old(revision, Utc::now()) {
        estate.set_aliases(revision, links::all(pool).await?, Utc::now());
    }
    Ok(())
}
