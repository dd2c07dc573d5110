//! What the pages of backups are made of, read for one request.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::response::Response;
use chrono::TimeDelta;
use mainstay_app::pages::backups::{AllKnown, Filter, Known, Picture, Told, set};
use mainstay_control::backups::WORK_MAX;
use mainstay_control::backups::history::{History, Past};
use mainstay_core::backup::Schedule;
use mainstay_core::id::DatabaseId;
use mainstay_store::StoreError;
use mainstay_store::backup::Ordered;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};

/// What is known of every database, and runs of those of the page whose windows begin in the time
/// that it shows.
pub(super) async fn all(context: &Context, filter: &Filter) -> Result<AllKnown, StoreError> {
    let estate = &context.snapshot.estate;
    let control = &context.state.control;
    let mut known = known(&*control.backup_history().await?);
    let Some((from, until)) = filter.calendar() else { return Ok(known) };
    let all: Vec<DatabaseId> = Schedule::all(&estate.fleet).map(|it| it.database).collect();
    let page = filter.list(all.iter()).databases;
    for run in control.backup_runs(&page, from, until).await? {
        let runs = &mut known.entry(run.planned.database.clone()).or_default().runs;
        if runs.iter().all(|it| it.id != run.id) {
            runs.push(Arc::new(run));
        }
    }
    for id in &page {
        if let Some(known) = known.get_mut(id) {
            known.runs.sort_by_key(|run| Reverse((run.planned.window_start, run.id)));
        }
    }
    Ok(known)
}

/// Runs of the last days, for pages that say how backups went; `None`: not known now.
pub async fn lately(context: &Context) -> Option<AllKnown> {
    let estate = &context.snapshot.estate;
    let away = context.snapshot.store_away_since().is_some();
    if away || estate.fleet.databases.is_empty() {
        return None;
    }
    match context.state.control.backup_history().await {
        Ok(history) => Some(known(&history)),
        Err(error) => {
            tracing::debug!(%error, "the overview leaves backups out");
            None
        }
    }
}

fn known(history: &History) -> AllKnown {
    let known = |past: &Past| Known {
        runs: past.runs.clone(),
        work: Vec::new(),
        proofs: past.proofs.clone(),
        damaged_log: past.damaged_log.clone(),
    };
    history.iter().map(|(database, past)| (database.clone(), known(past))).collect()
}

/// Answers from everything that is known of one database: not found where it has no policy.
pub(super) async fn with_set(
    context: &Context,
    database: &str,
    answer: impl AsyncFnOnce(&Picture<'_>) -> Response,
) -> Response {
    let estate = &*context.policy();
    let id = DatabaseId::new(database).ok();
    let id = id.filter(|id| Schedule::of(&estate.fleet, id).is_some());
    let Some(id) = id else { return not_found(context) };
    let known = match one(context, &id).await {
        Ok(known) => known,
        Err(error) => return store_failed(context, &error),
    };
    match Picture::of(estate, &id, &known) {
        Some(picture) => answer(&picture).await,
        None => not_found(context),
    }
}

async fn one(context: &Context, database: &DatabaseId) -> Result<Known, StoreError> {
    let (control, now) = (&context.state.control, context.policy().at);
    let (from, until) = (now - set::RUNS, now + TimeDelta::days(1));
    let runs = control.backup_runs(std::slice::from_ref(database), from, until).await?;
    let runs = runs.into_iter().map(Arc::new).collect();
    let work = work(context, database).await?;
    let proofs = Arc::new(control.proofs(database).await?);
    let damaged_log = control.backup_history().await?.shown(database).damaged_log;
    Ok(Known { runs, work, proofs, damaged_log })
}

/// Work on one database, the newest first. Where there is much of it, test restores are read
/// further back: a restore goes by one.
pub(super) async fn work(
    context: &Context,
    database: &DatabaseId,
) -> Result<Vec<Told>, StoreError> {
    let control = &context.state.control;
    let mut work = control.database_work(Some(database), None).await?;
    let last = work.last().map(|it| it.ordered_at);
    if let Some(last) = last.filter(|_| i64::try_from(work.len()).is_ok_and(|n| n >= WORK_MAX)) {
        let proofs = control.database_work(Some(database), Some("prove")).await?;
        work.extend(proofs.into_iter().filter(|it| it.ordered_at < last));
    }
    Ok(work.into_iter().map(told).collect())
}

fn told(ordered: Ordered) -> Told {
    let Ordered { work, agent, asked_by, reason, ordered_at, report, ended_at } = ordered;
    Told { work, agent, asked_by, reason, ordered_at, report, ended_at }
}
