//! Runbooks over HTTP: the index, one to read, runs of them, the fleet's own, short links.

mod alias;
mod run;
mod set;

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::runbook::page::Input;
use mainstay_app::pages::runbook::{list, page};
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::runbook::RunbookError;
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::estate::Estate;
use mainstay_core::failover::preview::{Preview, Verdict};
use mainstay_core::id::RunbookId;
use mainstay_core::problem::Record;
use mainstay_core::runbook::block::{Block, queries};
use mainstay_core::runbook::resolve::{Facts, Ready, Subject};
use mainstay_core::runbook::value::Query as Live;
use mainstay_store::runbook::{self as stored, Filter};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use super::permit::permit;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::viewer::Viewer;

/// Runs shown under a runbook and on the page of a problem.
pub(super) const RUNS_SHOWN: i64 = 10;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::RUNBOOKS, list)
        .get(read, "/api/v1/runbooks", list)
        .get(read, "/runbooks/{slug}", show)
        .get(read, "/api/v1/runbooks/{slug}", show)
        .get(read, "/attention/{id}/runbook", of_problem)
        .merge(run::routes())
        .merge(set::routes())
        .merge(alias::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        show,
        run::runs,
        run::show,
        run::start_asked,
        run::tick_asked,
        run::finish_asked,
        set::in_force,
        set::apply_asked,
        alias::list,
        alias::show,
        alias::make_asked,
        alias::change_asked,
        alias::remove_asked
    ),
    components(schemas(
        run::StartAsk,
        run::Started,
        run::TickAsk,
        run::FinishAsk,
        set::SetAsk,
        set::SetAnswer,
        set::SetRefused,
        alias::AliasAsk
    ))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

pub(crate) use set::{SetAnswer, SetAsk};

/// Every runbook, with its owner, its last review and its last use.
#[utoipa::path(get, path = "/api/v1/runbooks", tag = "runbooks",
    params(("q" = Option<String>, Query), ("by" = Option<String>, Query,
        description = "`name`, `service`, `alert`")),
    responses((status = 200, body = list::Data)))]
async fn list(context: Context) -> Response {
    let uses = stored::last_uses(context.state.control.store.reads()).await;
    // Reading goes on while the database is away; when each was used is not known then.
    let uses = uses.ok().map(|uses| {
        let uses = uses.into_iter().map(|(slug, last)| {
            (slug, list::Use { run: last.run, at: last.at, outcome: last.outcome })
        });
        uses.collect::<list::Uses>()
    });
    let snapshot = &context.snapshot;
    let (shelf, query) = (&snapshot.shelf, context.query());
    let data = list::build(shelf, uses.as_ref(), snapshot.estate.at, &query);
    let reader = context.reader();
    let frame = Frame::new(list::title(), Vec::new());
    context.page(frame, &data, || list::view(&data, &reader))
}

/// One runbook, with what its live values say now.
#[utoipa::path(get, path = "/api/v1/runbooks/{slug}", tag = "runbooks",
    params(("slug" = String, Path),
        ("problem" = Option<String>, Query, description = "`at-1042`: fills `subject`")),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn show(context: Context, Path(slug): Path<String>) -> Response {
    let slug = slug.parse::<RunbookId>().ok();
    let book = slug.and_then(|slug| context.snapshot.shelf.get(&slug).cloned());
    let Some(book) = book else { return not_found(&context) };
    let problem = match asked_problem(&context).await {
        Ok(problem) => problem,
        Err(response) => return *response,
    };
    let filter = Filter { runbook: Some(book.slug.clone()), ..Filter::default() };
    let runs = stored::runs(context.state.control.store.reads(), &filter, RUNS_SHOWN).await;
    // The text matters more than who read it before.
    let runs = runs.unwrap_or_default();
    let subject = problem.as_ref().map(|record| Subject::of(&record.problem));
    let gathered = Gathered::of(&context, &book.body).await;
    let reader = context.reader();
    let facts = gathered.facts(&context, subject.as_ref());
    let (facts, problem) = (&facts, problem.as_ref());
    let input = Input { book: &book, facts, reader: &reader, problem, runs: &runs };
    let data = page::build(input, random());
    let frame = Frame::new(page::title(&data), Vec::new());
    context.page(frame, &data, || page::view(&data, &reader))
}

/// Leads on to the runbook that fits a problem best, with it as the subject.
async fn of_problem(context: Context, Path(slug): Path<String>) -> Response {
    let Some(id) = paths::problem_id(&slug) else { return not_found(&context) };
    let record = match context.state.control.problem_record(id).await {
        Ok(Some(record)) => record,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let Some(book) = context.snapshot.shelf.for_problem(&record.problem) else {
        return Redirect::to(paths::RUNBOOKS).into_response();
    };
    let address = paths::runbook(&book.slug);
    let problem = format!("at-{id}");
    super::lasting::found(&paths::with_query(&address, &[("problem", &problem)]))
}

/// The problem that the address names; one that is not there is no reason to show nothing.
async fn asked_problem(context: &Context) -> Result<Option<Record>, Box<Response>> {
    let query = context.query();
    let Some(id) = query.get("problem").and_then(paths::problem_id) else { return Ok(None) };
    match context.state.control.problem_record(id).await {
        Ok(record) => Ok(record),
        Err(error) if error.is_unavailable() => Ok(None),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

/// What live values need beyond the snapshot.
struct Gathered {
    readiness: BTreeMap<String, Ready>,
    policy: Estate,
}

impl Gathered {
    /// Looks into readiness only for a text that asks for it.
    async fn of(context: &Context, body: &[Block]) -> Self {
        let asks = queries(body).iter().any(|query| matches!(query, Live::Readiness { .. }));
        let mut readiness = BTreeMap::new();
        if asks && let Ok(found) = context.state.control.readiness().await {
            let (at, all) = (found.at, found.regions.into_iter().chain(found.datacenters));
            readiness = all.map(|it| (it.id, ready(&it.preview, at))).collect();
        }
        Self { readiness, policy: context.policy().into_owned() }
    }

    fn facts<'a>(&'a self, context: &'a Context, subject: Option<&'a Subject>) -> Facts<'a> {
        let estate = &context.snapshot.estate;
        Facts {
            estate,
            policy: &self.policy,
            problems: &context.snapshot.problems,
            readiness: &self.readiness,
            subject,
        }
    }
}

fn ready(preview: &Preview, at: chrono::DateTime<chrono::Utc>) -> Ready {
    let bad = preview.checks.iter().filter(|check| check.verdict != Verdict::Ready);
    let worst = bad.max_by_key(|check| check.verdict);
    Ready { verdict: preview.verdict, cause: worst.map(|check| check.sentence.to_string()), at }
}

/// Whether the viewer may; runbooks and short links are of the whole fleet. A refusal is written
/// down and answered.
async fn may(
    context: &Context,
    viewer: &Viewer,
    permission: Permission,
    what: (Action, String),
) -> Result<(), Box<Response>> {
    permit(context, viewer, viewer.may(permission, Target::default()), what).await
}

/// The answer where nothing was done.
fn refused(context: &Context, error: RunbookError) -> Response {
    let status = match &error {
        RunbookError::Store(error) => return store_failed(context, error),
        RunbookError::NotFound => return not_found(context),
        RunbookError::Set(_) | RunbookError::Alias(_) | RunbookError::Form(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        RunbookError::Changed { .. }
        | RunbookError::Same
        | RunbookError::Run(_)
        | RunbookError::Taken
        | RunbookError::TooManyAliases
        | RunbookError::Stale => StatusCode::CONFLICT,
    };
    let detail = text::sentence(&error);
    if context.wants_json() {
        return Problem::new(status, detail).into_response();
    }
    match status {
        StatusCode::CONFLICT => failed(context, &Failure::Conflict { detail }),
        _ => failed(context, &Failure::Unfit { detail }),
    }
}
