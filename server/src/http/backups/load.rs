//! What the pages of backups are made of, read for one request.

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use mainstay_app::pages::backups::{AllKnown, Known, Picture, Told, set};
use mainstay_control::backups::WORK_MAX;
use mainstay_core::backup::Schedule;
use mainstay_core::id::DatabaseId;
use mainstay_store::StoreError;
use mainstay_store::backup::Ordered;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};

/// How far back, and ahead, the overview looks.
const LATELY: TimeDelta = TimeDelta::days(3);

/// Runs of every database whose windows begin in a time, and what is known of its copies.
pub(super) async fn all(
    context: &Context,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<AllKnown, StoreError> {
    let mut known = runs(context, from, until).await?;
    let control = &context.state.control;
    let schedules = Schedule::all(&context.snapshot.estate.fleet);
    for database in schedules.map(|schedule| schedule.database) {
        let proofs = control.proofs(&database).await?;
        known.entry(database).or_default().proofs = proofs;
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
    let now = context.policy().at;
    match runs(context, now - LATELY, now + LATELY).await {
        Ok(known) => Some(known),
        Err(error) => {
            tracing::debug!(%error, "the overview leaves backups out");
            None
        }
    }
}

async fn runs(
    context: &Context,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<AllKnown, StoreError> {
    let mut known = AllKnown::new();
    for run in context.state.control.backup_runs(None, from, until).await? {
        known.entry(run.planned.database.clone()).or_default().runs.push(run);
    }
    Ok(known)
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
    let runs = control.backup_runs(Some(database), from, until).await?;
    let work = work(context, database).await?;
    let proofs = control.proofs(database).await?;
    Ok(Known { runs, work, proofs })
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
