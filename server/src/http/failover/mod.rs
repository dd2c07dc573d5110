//! Failover over HTTP: whether it can be done now, plans and their start ([`start`]), runs and what
//! people ask of them ([`act`]), planned drills ([`drill`]), the gates ([`gate`]) and the
//! orchestrator.
//!
//! Must not: decide. What may be done, and what would happen, comes from core and control.

mod act;
mod drill;
mod gate;
pub(crate) mod look;
mod orchestrator;
mod start;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::failover::list::{self, Looked};
use mainstay_app::pages::failover::run::{self as page, Told};
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::failover::{FailoverError, Ready, Repeats};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::failover::{self as core, Observed, Plan, Run, RunId};
use mainstay_store::StoreError;
use mainstay_store::failover::{Event, PAGE_MAX};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use super::permit::permit;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::viewer::Viewer;

pub(crate) use act::Ask;
pub(crate) use drill::{CancelAsk, DrillAsked, PlanAsk};
pub(crate) use gate::{CloseAsk, OpenAsk};
pub(crate) use start::{PlanAnswer, StartAsk};

/// Runs on one page of the list.
const PAGE: i64 = 20;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::FAILOVER, list)
        .get(read, "/api/v1/failover", list)
        .get(read, paths::FAILOVER_CURRENT, current)
        .get(read, "/failover/runs/{id}", show)
        .get(read, "/api/v1/failover/runs/{id}", show)
        .merge(start::routes())
        .merge(act::routes())
        .merge(drill::routes())
        .merge(gate::routes())
        .merge(orchestrator::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        show,
        start::plan_page,
        start::asked,
        start::back_asked,
        act::asked_doc,
        drill::plan_asked,
        drill::cancel_asked,
        gate::close_asked,
        gate::open_asked,
        orchestrator::show
    ),
    components(schemas(
        Ask, Asked, StartAsk, PlanAnswer, CloseAsk, OpenAsk, PlanAsk, CancelAsk, DrillAsked
    ))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The run as it stands after a request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FailoverAsked)]
pub(crate) struct Asked {
    #[schema(value_type = Object)]
    pub run: Run,
}

/// Whether places could go away now, what runs, what was done, and the gates.
#[utoipa::path(get, path = "/api/v1/failover", tag = "failover",
    params(("before" = Option<String>, Query, description = "runs older than `fo-12`")),
    responses((status = 200, body = list::Data)))]
async fn list(context: Context) -> Response {
    match list_data(&context).await {
        Ok(data) => show_list(&context, StatusCode::OK, &data),
        Err(error) => refused(&context, error),
    }
}

async fn list_data(context: &Context) -> Result<list::Data, FailoverError> {
    let control = &context.state.control;
    let before = context.query().get("before").and_then(|id| id.parse::<RunId>().ok());
    let readiness = control.readiness().await?;
    let mut runs = control.failovers(before, PAGE + 1).await?;
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = runs.len() > page;
    runs.truncate(page);
    let next = runs
        .last()
        .filter(|_| more)
        .map(|last| paths::with_query(paths::FAILOVER, &[("before", &last.id.to_string())]));
    let at = context.snapshot.estate.at;
    let hours = list::hours(readiness.regions.len() + readiness.datacenters.len());
    let kept = control.readiness_over_time(list::since(at), hours).await?;
    let drills = control.drills().await?;
    let routines = control.routines(&context.snapshot.estate.fleet).await?;
    let routines: Vec<_> = routines.into_iter().map(repeats).collect();
    Ok(list::build(list::Input {
        at,
        judged_at: readiness.at,
        regions: &looked(readiness.regions),
        datacenters: &looked(readiness.datacenters),
        runs: &runs,
        gates: &readiness.gates,
        drills: &drills,
        routines: &routines,
        readiness: (&kept, hours),
        next,
        key: random(),
    }))
}

fn repeats(it: Repeats) -> list::Repeats {
    let Repeats { id, routine, last, stand, by_itself } = it;
    list::Repeats { id, routine, last, stand, by_itself }
}

fn looked(ready: Vec<Ready>) -> Vec<Looked> {
    let looked = |it: Ready| Looked { id: it.id, preview: it.preview, last_drill: it.last };
    ready.into_iter().map(looked).collect()
}

/// The answer for the overview.
pub(super) async fn card(context: &Context) -> list::Card {
    let estate = &context.snapshot.estate;
    let running = estate.releases.failover();
    let readiness = context.state.control.readiness().await.ok();
    let judged = readiness.map(|it| (looked(it.regions), it.at));
    let judged = judged.as_ref().map(|(regions, at)| (regions.as_slice(), *at));
    list::Card::of(judged, running, estate.at)
}

fn show_list(context: &Context, status: StatusCode, data: &list::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(list::title(data), list::topics());
    context.page_as(status, frame, data, || list::view(data, &reader))
}

/// The run that is not over, else the newest.
async fn current(context: Context) -> Response {
    let newest = match context.snapshot.estate.releases.failover() {
        Some(run) => Some(run.id),
        None => match context.state.control.failovers(None, 1).await {
            Ok(runs) => runs.first().map(|run| run.id),
            Err(error) => return store_failed(&context, &error),
        },
    };
    let address = newest.map_or_else(|| paths::FAILOVER.to_owned(), paths::failover_run);
    Redirect::to(&address).into_response()
}

/// One run, step by step.
#[utoipa::path(get, path = "/api/v1/failover/runs/{id}", tag = "failover",
    params(("id" = String, Path, description = "`fo-12`")),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn show(context: Context, Path(id): Path<String>) -> Response {
    match load(&context, &id).await {
        Ok(data) => show_run(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

fn show_run(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), page::topics());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

/// Everything that the page of a run is made of.
async fn load(context: &Context, id: &str) -> Result<page::Data, Box<Response>> {
    let Ok(id) = id.parse::<RunId>() else { return Err(Box::new(not_found(context))) };
    let stored = |error: StoreError| Box::new(store_failed(context, &error));
    let control = &context.state.control;
    let run = control.failover(id).await.map_err(stored)?;
    let run = run.ok_or_else(|| Box::new(not_found(context)))?;
    let events = control.failover_events(id, PAGE_MAX).await.map_err(stored)?;
    let events: Vec<_> = events.into_iter().map(told).collect();
    let estate = &context.snapshot.estate;
    let limits = |group: &str| {
        let group = estate.fleet.groups.get(group)?;
        Some(u64::from(group.recovery.rto_minutes) * 60)
    };
    let observed = Observed::of(estate);
    let back = core::fail_back(&run, &observed, &estate.releases.standing);
    let can_go_back = run.plan.back.is_none() && !back.is_empty();
    let about = control.approvals_of_run(id).await.map_err(stored)?;
    let data = page::build(page::Input {
        at: estate.at,
        run: &run,
        events: &events,
        stuck: context.snapshot.stuck(run.id),
        limits: &limits,
        can_go_back,
        key: random(),
    });
    let event = control.event_of_run(id).await.map_err(stored)?;
    Ok(page::Data { approval: about.first().map(|approval| approval.id), event, ..data })
}

fn told(event: Event) -> Told {
    let steps = event.steps.into_iter().map(|(id, state)| (id.to_string(), state));
    Told { at: event.at, actor: event.actor, state: event.state, steps: steps.collect() }
}

/// Whether the viewer may do this to every group of a plan. A refusal is written down and
/// answered.
async fn may(
    context: &Context,
    viewer: &Viewer,
    permission: Permission,
    plan: &Plan,
    what: (Action, String),
) -> Result<(), Box<Response>> {
    let targets =
        plan.groups.iter().map(|group| Target { group: Some(&group.id), datacenter: None });
    permit(context, viewer, viewer.may_all(permission, targets), what).await
}

/// The status and the words of an error that is no fault of the store's.
fn said(error: &FailoverError) -> (StatusCode, String) {
    let status = match error {
        FailoverError::Form(_) => StatusCode::UNPROCESSABLE_ENTITY,
        FailoverError::NotFound => StatusCode::NOT_FOUND,
        FailoverError::Refused(_)
        | FailoverError::Rules(_)
        | FailoverError::Changed(_)
        | FailoverError::Approval(_)
        | FailoverError::Waits { .. }
        | FailoverError::Other { .. } => StatusCode::CONFLICT,
        FailoverError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, text::sentence(error))
}

/// The answer where nothing was done.
fn refused(context: &Context, error: FailoverError) -> Response {
    let (status, detail) = said(&error);
    if let FailoverError::Store(error) = &error {
        return store_failed(context, error);
    }
    if status == StatusCode::NOT_FOUND {
        return not_found(context);
    }
    if context.wants_json() {
        return Problem::new(status, detail).into_response();
    }
    failed(context, &Failure::Conflict { detail })
}
