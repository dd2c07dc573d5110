//! Runs of runbooks: begun, written into, ended; each with its audit entry.

use chrono::{SubsecRound, Utc};
use mainstay_core::audit::Action;
use mainstay_core::id::RunbookId;
use mainstay_core::problem::Record;
use mainstay_core::runbook::resolve::Subject;
use mainstay_core::runbook::run::{Entry, Run, RunId};
use mainstay_store::{StoreError, audit, problem, runbook as stored};
use serde_json::json;

use super::RunbookError;
use crate::Control;
use crate::access::By;
use crate::once::Once;

impl Control {
    /// Begins a run; returns its id. `problem`: what it is opened from. The same `key` again gives
    /// the same run.
    pub async fn start_run(
        &self,
        by: &By,
        slug: &RunbookId,
        problem: Option<i64>,
        key: &str,
    ) -> Result<RunId, RunbookError> {
        let snapshot = self.snapshot();
        let book = snapshot.shelf.get(slug).ok_or(RunbookError::NotFound)?;
        let subject = match problem {
            None => None,
            Some(id) => {
                let record = self.problem_record(id).await?.ok_or(RunbookError::NotFound)?;
                Some(Subject::of(&record.problem))
            }
        };
        let now = Utc::now().trunc_subsecs(6);
        let run = &Run {
            id: RunId(0),
            runbook: slug.clone(),
            title: book.title.clone(),
            source: book.source.clone(),
            step_count: book.steps,
            problem,
            subject,
            started_at: now,
            started_by: by.actor.name().to_owned(),
            steps: std::collections::BTreeMap::new(),
            ended: None,
            revision: 1,
        };
        let once = &Once::new(key, by, &("start-run", slug, problem))?;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<RunId, RunbookError>(tx).await? {
                        return Ok(answer);
                    }
                    let id = stored::start(tx, run).await?;
                    let mut event = by.event(Action::RunbookStart, object(id), now);
                    event.after = Some(json!({
                        "runbook": run.runbook,
                        "problem": run.problem.map(|id| format!("at-{id}")),
                        "subject": run.subject.as_ref().map(|subject| &subject.name),
                    }));
                    audit::append(tx, &event).await?;
                    once.remember(tx, &id, now).await?;
                    Ok(Ok(id))
                })
            })
            .await?
    }

    /// Writes an entry into a run; the run as it is then.
    pub async fn write_run(
        &self,
        by: &By,
        id: RunId,
        entry: &Entry,
        key: &str,
    ) -> Result<Run, RunbookError> {
        let now = Utc::now().trunc_subsecs(6);
        let action = match entry {
            Entry::Step { .. } => Action::RunbookStep,
            Entry::End { .. } => Action::RunbookEnd,
        };
        let once = &Once::new(key, by, &("write-run", id, entry))?;
        self.store
            .read_committed(|tx| {
                Box::pin(async move {
                    if let Some(answer) = once.recall::<Run, RunbookError>(tx).await? {
                        return Ok(answer);
                    }
                    let Some(before) = stored::lock_run(tx, id).await? else {
                        return Ok(Err(RunbookError::NotFound));
                    };
                    let run = match before.with(entry, by.actor.name(), now) {
                        Ok(run) => run,
                        Err(refusal) => return Ok(Err(refusal.into())),
                    };
                    if !stored::update(tx, &run).await? {
                        return Ok(Err(RunbookError::Stale));
                    }
                    let mut event = by.event(action, object(id), now);
                    event.after = Some(json!(entry));
                    audit::append(tx, &event).await?;
                    once.remember(tx, &run, now).await?;
                    Ok(Ok(run))
                })
            })
            .await?
    }

    /// A problem by its id: one that is known here, else one that the store keeps.
    pub async fn problem_record(&self, id: i64) -> Result<Option<Record>, StoreError> {
        let known = self.snapshot().problems.iter().find(|record| record.id == id).cloned();
        match known {
            Some(record) => Ok(Some(record)),
            None => problem::get(self.store.reads(), id).await,
        }
    }
}

fn object(id: RunId) -> String {
    format!("/runbooks/runs/{id}")
}
