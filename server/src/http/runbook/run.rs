//! Runs: begun, ticked, ended; plain forms answered with 303, and the same through the API.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::runbook::page::{RunsData, runs_title, runs_view};
use mainstay_app::pages::runbook::{RunRow, run as page};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::runbook::RunbookError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::id::RunbookId;
use mainstay_core::runbook::run::{Entry, Outcome, Refusal, Run, RunId};
use mainstay_core::runbook::{Origin, read};
use mainstay_store::runbook::{self as stored, Filter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{not_found, store_failed};
use super::{Gathered, may, refused};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Runs of one page.
const PAGE: usize = 50;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let (start, step, end) = (Action::RunbookStart, Action::RunbookStep, Action::RunbookEnd);
    let api = "/api/v1/runbooks/runs/{id}";
    Routes::new()
        .get(read, paths::RUNBOOK_RUNS, runs)
        .get(read, "/api/v1/runbooks/runs", runs)
        .get(read, "/runbooks/runs/{id}", show)
        .get(read, api, show)
        .post(act, start, "/runbooks/{slug}/do/start", start_sent)
        .post(act, start, "/api/v1/runbooks/{slug}/do/start", start_asked)
        .post(act, step, "/runbooks/runs/{id}/steps/{number}/do/tick", tick_sent)
        .post(act, step, "/api/v1/runbooks/runs/{id}/steps/{number}/do/tick", tick_asked)
        .post(act, end, "/runbooks/runs/{id}/do/finish", finish_sent)
        .post(act, end, "/api/v1/runbooks/runs/{id}/do/finish", finish_asked)
}

/// A run to begin.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookStart)]
#[serde(deny_unknown_fields)]
pub(super) struct StartAsk {
    /// The problem that it is about: `at-1042`.
    #[serde(default)]
    problem: Option<String>,
    #[serde(default)]
    key: Option<String>,
}

/// The run that began.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookStarted)]
pub(super) struct Started {
    #[schema(value_type = String)]
    run: RunId,
    href: String,
}

/// What became of a step.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookTick)]
#[serde(deny_unknown_fields)]
pub(super) struct TickAsk {
    done: bool,
    #[serde(default)]
    note: String,
    #[serde(default)]
    key: Option<String>,
}

/// The end of a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookFinish)]
#[serde(deny_unknown_fields)]
pub(super) struct FinishAsk {
    /// `worked`, `partly`, `did-not`.
    #[schema(value_type = String)]
    outcome: Outcome,
    #[serde(default)]
    note: String,
    #[serde(default)]
    key: Option<String>,
}

/// Runs of runbooks, newest first.
#[utoipa::path(get, path = "/api/v1/runbooks/runs", tag = "runbooks",
    params(("runbook" = Option<String>, Query), ("problem" = Option<String>, Query),
        ("before" = Option<String>, Query, description = "older than `rb-12`")),
    responses((status = 200, body = RunsData)))]
pub(super) async fn runs(context: Context) -> Response {
    let query = context.query();
    let filter = Filter {
        runbook: query.get("runbook").and_then(|slug| slug.parse().ok()),
        problem: query.get("problem").and_then(paths::problem_id),
        before: query.get("before").and_then(|id| id.parse().ok()),
    };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let found = stored::runs(context.state.control.store.reads(), &filter, limit).await;
    let mut found = match found {
        Ok(found) => found,
        Err(error) => return store_failed(&context, &error),
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let problem = filter.problem.map(|id| format!("at-{id}")).unwrap_or_default();
    let next = found.last().filter(|_| more).map(|last| {
        let pairs = [
            ("runbook", query.get("runbook").unwrap_or_default()),
            ("problem", problem.as_str()),
            ("before", &last.id.to_string()),
        ];
        paths::with_query(paths::RUNBOOK_RUNS, &pairs)
    });
    let rows = found.iter().map(RunRow::of).collect();
    let paged = filter.before.is_some();
    let data = RunsData { at: context.snapshot.estate.at, rows, next, paged };
    context.page(Frame::new(runs_title(), Vec::new()), &data, || runs_view(&data))
}

/// One run, step by step.
#[utoipa::path(get, path = "/api/v1/runbooks/runs/{id}", tag = "runbooks",
    params(("id" = String, Path, description = "`rb-12`")),
    responses((status = 200, body = page::Data), (status = 404)))]
pub(super) async fn show(context: Context, Path(id): Path<String>) -> Response {
    match load(&context, &id).await {
        Ok(data) => answer(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

fn answer(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), Vec::new());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

async fn load(context: &Context, id: &str) -> Result<page::Data, Box<Response>> {
    let Ok(id) = id.parse::<RunId>() else { return Err(Box::new(not_found(context))) };
    let control = &context.state.control;
    let stored = |error| Box::new(store_failed(context, &error));
    let run = stored::run(control.store.reads(), id).await.map_err(stored)?;
    let run = run.ok_or_else(|| Box::new(not_found(context)))?;
    let problem = match run.problem {
        Some(id) => control.problem_record(id).await.map_err(stored)?,
        None => None,
    };
    // As it was read then, whatever it says now.
    let book = read(run.runbook.as_str(), &run.source, Origin::Fleet, None).ok();
    let body = book.as_ref().map_or(&[][..], |book| &book.body);
    let gathered = Gathered::of(context, body).await;
    let facts = gathered.facts(context, run.subject.as_ref());
    let reader = context.reader();
    Ok(page::build(&run, book.as_ref(), problem.as_ref(), &facts, (&reader, random())))
}

async fn start_sent(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let ask = StartAsk {
        problem: Some(fields.text("problem").to_owned()).filter(|it| !it.is_empty()),
        key: Some(fields.text("key").to_owned()),
    };
    match start(&context, &viewer, &slug, ask).await {
        Ok(id) => Redirect::to(&paths::runbook_run(id)).into_response(),
        Err(response) => *response,
    }
}

/// Begins a run of a runbook.
#[utoipa::path(post, path = "/api/v1/runbooks/{slug}/do/start", tag = "runbooks",
    params(("slug" = String, Path)), request_body = StartAsk,
    responses((status = 201, body = Started), (status = 404)))]
pub(super) async fn start_asked(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    Sent(ask): Sent<StartAsk>,
) -> Response {
    match start(&context, &viewer, &slug, ask).await {
        Ok(run) => {
            let started = Started { run, href: paths::runbook_run(run) };
            (StatusCode::CREATED, axum::Json(started)).into_response()
        }
        Err(response) => *response,
    }
}

async fn start(
    context: &Context,
    viewer: &Viewer,
    slug: &str,
    ask: StartAsk,
) -> Result<RunId, Box<Response>> {
    let object = paths::runbook(slug);
    may(context, viewer, Permission::Operate, (Action::RunbookStart, object)).await?;
    let Ok(slug) = slug.parse::<RunbookId>() else { return Err(Box::new(not_found(context))) };
    let problem = match ask.problem.as_deref().map(paths::problem_id) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => {
            let form = RunbookError::Form("write the problem like at-1042, or none");
            return Err(Box::new(refused(context, form)));
        }
    };
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(viewer), &context.state.control);
    let started = control.start_run(&by, &slug, problem, &key).await;
    started.map_err(|error| Box::new(refused(context, error)))
}

async fn tick_sent(
    context: Context,
    viewer: Viewer,
    Path((id, number)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let ask = TickAsk {
        done: fields.text("done") == "yes",
        note: fields.text("note").to_owned(),
        key: Some(fields.text("key").to_owned()),
    };
    match tick(&context, &viewer, (&id, &number), ask).await {
        Ok((run, number)) => Redirect::to(&paths::runbook_step(run.id, number)).into_response(),
        Err(response) => *response,
    }
}

/// Says of a step that it is done, or is not, with a note or without.
#[utoipa::path(post, path = "/api/v1/runbooks/runs/{id}/steps/{number}/do/tick",
    tag = "runbooks", params(("id" = String, Path), ("number" = u32, Path)),
    request_body = TickAsk,
    responses((status = 200), (status = 409, body = Problem)))]
pub(super) async fn tick_asked(
    context: Context,
    viewer: Viewer,
    Path((id, number)): Path<(String, String)>,
    Sent(ask): Sent<TickAsk>,
) -> Response {
    match tick(&context, &viewer, (&id, &number), ask).await {
        Ok((run, _)) => axum::Json(run).into_response(),
        Err(response) => *response,
    }
}

async fn tick(
    context: &Context,
    viewer: &Viewer,
    (id, number): (&str, &str),
    ask: TickAsk,
) -> Result<(Run, u32), Box<Response>> {
    let Ok(number) = number.parse::<u32>() else { return Err(Box::new(not_found(context))) };
    let entry = Entry::Step { number, done: ask.done, note: ask.note };
    let run = write(context, viewer, id, &entry, ask.key).await?;
    Ok((run.map_err(|error| Box::new(refused(context, error)))?, number))
}

async fn finish_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let typed = page::Typed {
        outcome: fields.text("outcome").to_owned(),
        note: fields.text("note").to_owned(),
    };
    let mistake = match Outcome::from_name(&typed.outcome) {
        None => page::no_outcome(),
        Some(outcome) => {
            let entry = Entry::End { outcome, note: typed.note.clone() };
            let key = Some(fields.text("key").to_owned());
            match write(&context, &viewer, &id, &entry, key).await {
                Err(response) => return *response,
                Ok(Ok(run)) => return Redirect::to(&paths::runbook_run(run.id)).into_response(),
                Ok(Err(RunbookError::Run(why @ Refusal::NoteTooLong))) => {
                    Mistake::new("note", text::sentence(&why))
                }
                Ok(Err(error)) => return refused(&context, error),
            }
        }
    };
    match load(&context, &id).await {
        Ok(data) => {
            let data = page::Data { typed, mistakes: vec![mistake], ..data };
            answer(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
        }
        Err(response) => *response,
    }
}

/// Ends a run; nothing of it is changed afterwards.
#[utoipa::path(post, path = "/api/v1/runbooks/runs/{id}/do/finish", tag = "runbooks",
    params(("id" = String, Path)), request_body = FinishAsk,
    responses((status = 200), (status = 409, body = Problem)))]
pub(super) async fn finish_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<FinishAsk>,
) -> Response {
    let entry = Entry::End { outcome: ask.outcome, note: ask.note };
    match write(&context, &viewer, &id, &entry, ask.key).await {
        Ok(Ok(run)) => axum::Json(run).into_response(),
        Ok(Err(error)) => refused(&context, error),
        Err(response) => *response,
    }
}

async fn write(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    entry: &Entry,
    key: Option<String>,
) -> Result<Result<Run, RunbookError>, Box<Response>> {
    let action = match entry {
        Entry::Step { .. } => Action::RunbookStep,
        Entry::End { .. } => Action::RunbookEnd,
    };
    let Ok(id) = id.parse::<RunId>() else { return Err(Box::new(not_found(context))) };
    let object = paths::runbook_run(id);
    may(context, viewer, Permission::Operate, (action, object)).await?;
    let key = key.unwrap_or_else(random);
    let (by, control) = (context.by(viewer), &context.state.control);
    Ok(control.write_run(&by, id, entry, &key).await)
}
