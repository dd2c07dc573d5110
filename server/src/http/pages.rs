//! The pages of the estate: each handler takes the snapshot, lets the page build its data, and
//! answers with HTML, or with that data as JSON at the same address and under `/api/v1`.

use std::str::FromStr;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DurationRound, TimeDelta};
use http::StatusCode;
use http::request::Parts;
use mainstay_app::pages::error::{self, Failure};
use mainstay_app::pages::runbook::BookRow;
use mainstay_app::pages::settings::store;
use mainstay_app::pages::{
    attention, cell, components, datacenter, find, group, instance, overview, problem, region,
    replace, service, topology,
};
use mainstay_app::ui::chart::{Point, Series};
use mainstay_app::{paths, text};
use mainstay_core::access::{Permission, Refusal};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::rollout::StartFinding;
use mainstay_core::status::Status;
use mainstay_store::runbook::Filter;
use mainstay_store::{StoreError, estate, problem as problems, runbook as runs};

use super::page::{Context, Frame};
use super::past::At;
use super::runbook::RUNS_SHOWN;
use super::shared::Page;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::state::AppState;
use crate::viewer::Viewer;

/// How far back the chart of a data centre goes.
const CHART: TimeDelta = TimeDelta::hours(1);
/// What a command line takes instead of a name: the page's own id prefix.
const NO_STORE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Each page and its data under `/api/v1`.
pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::OVERVIEW, overview)
        .get(read, "/api/v1/overview", overview)
        .get(read, paths::ATTENTION, attention)
        .get(read, "/api/v1/attention", attention)
        .get(read, "/attention/{id}", problem)
        .get(read, "/api/v1/attention/{id}", problem)
        .get(read, paths::TOPOLOGY, topology)
        .get(read, "/api/v1/topology", topology)
        .get(read, "/regions/{region}", region)
        .get(read, "/api/v1/regions/{region}", region)
        .get(read, "/dc/{datacenter}", datacenter)
        .get(read, "/api/v1/datacenters/{datacenter}", datacenter)
        .get(read, "/groups/{group}", group)
        .get(read, "/api/v1/groups/{group}", group)
        .get(read, "/services/{service}", service)
        .get(read, "/api/v1/services/{service}", service)
        .get(read, "/services/{service}/in/{datacenter}", cell)
        .get(read, "/api/v1/services/{service}/in/{datacenter}", cell)
        .get(read, "/instances/{instance}", instance)
        .get(read, "/api/v1/instances/{instance}", instance)
        .get(read, "/instances/{instance}/do/replace", replace)
        .get(read, paths::FIND, find)
        .get(read, "/api/v1/find", find)
        .get(read, paths::FIND_INDEX, find_index)
        .get(read, paths::DEV_COMPONENTS, components)
}

/// How the estate stands.
#[utoipa::path(get, path = "/api/v1/overview", tag = "estate",
    responses((status = 200, body = overview::Data)))]
pub async fn overview(context: Context) -> Response {
    let known = super::backups::lately(&context).await;
    let (snapshot, reader) = (&context.snapshot, context.reader());
    let mut data = overview::build(&snapshot.estate, &snapshot.problems, known.as_ref());
    data.failover = Some(super::failover::card(&context).await);
    data.availability = super::availability::card(&context).await;
    data.events = super::planned::card(&context).await;
    let frame = Frame::new(overview::title(), overview::topics());
    context.page(frame, &data, || overview::view(&data, &reader))
}

/// Problems, open and lately ended.
#[utoipa::path(get, path = "/api/v1/attention", tag = "estate",
    responses((status = 200, body = attention::Data)))]
pub async fn attention(context: Context) -> Response {
    let (snapshot, reader) = (&context.snapshot, context.reader());
    let data = attention::build(&snapshot.problems, &snapshot.estate, &context.query());
    let frame = Frame::new(attention::title(&data), vec!["estate".to_owned()]);
    context.page(frame, &data, || attention::view(&data, &reader))
}

/// One problem, open or ended.
#[utoipa::path(get, path = "/api/v1/attention/{id}", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")),
    responses((status = 200, body = problem::Data), (status = 404)))]
pub async fn problem(context: Context, Path(slug): Path<String>) -> Response {
    let record = match find_problem(&context, &slug).await {
        Ok(record) => record,
        Err(response) => return *response,
    };
    let (id, reader) = (record.id, context.reader());
    let filter = Filter { problem: Some(id), ..Filter::default() };
    let runs = runs::runs(context.state.control.store.reads(), &filter, RUNS_SHOWN).await;
    // The problem matters more than who worked on it before.
    let runs = runs.unwrap_or_default();
    let now = context.snapshot.estate.at;
    let told = context.state.control.told_of(id).await.ok().map(|told| {
        let row = |(name, it): (String, _)| problem::ToldRow::of(name, &it, now);
        told.into_iter().map(row).collect()
    });
    let data = problem::build(&record, &runs, told, &context.snapshot.estate);
    let frame = Frame::new(problem::title(&data), problem::topics());
    context.page(frame, &data, || problem::view(&data, &reader))
}

/// The problem of an address, open or ended, or the answer where there is none.
pub(super) async fn find_problem(context: &Context, slug: &str) -> Result<Record, Box<Response>> {
    let Some(id) = paths::problem_id(slug) else { return Err(Box::new(not_found(context))) };
    let known = context.snapshot.problems.iter().find(|record| record.id == id);
    if let Some(record) = known {
        return Ok(record.clone());
    }
    match problems::get(context.state.control.store.reads(), id).await {
        Ok(Some(record)) => Ok(record),
        Ok(None) => Err(Box::new(not_found(context))),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

/// What runs where.
#[utoipa::path(get, path = "/api/v1/topology", tag = "estate",
    responses((status = 200, body = topology::Data)))]
pub async fn topology(At(context): At) -> Response {
    let page = Page {
        build: |control, snapshot, query| {
            let data = topology::build(&snapshot.estate, &snapshot.problems, query);
            match snapshot.is_past {
                true => data,
                false => super::traffic::entering(control, &snapshot.estate, data),
            }
        },
        frame: |_| Frame::new(topology::title(), topology::topics()),
        view: topology::view,
    };
    context.shared(page).await
}

/// A region.
#[utoipa::path(get, path = "/api/v1/regions/{region}", tag = "estate",
    params(("region" = String, Path)),
    responses((status = 200, body = region::Data), (status = 404)))]
pub async fn region(At(context): At, Path(id): Path<String>) -> Response {
    let (snapshot, reader) = (&context.snapshot, context.reader());
    let built = parse(&id).and_then(|id| region::build(&snapshot.estate, &snapshot.problems, &id));
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(region::title(&data), region::topics());
    context.page(frame, &data, || region::view(&data, &reader))
}

/// A data centre.
#[utoipa::path(get, path = "/api/v1/datacenters/{datacenter}", tag = "estate",
    params(("datacenter" = String, Path)),
    responses((status = 200, body = datacenter::Data), (status = 404)))]
pub async fn datacenter(At(context): At, Path(id): Path<String>) -> Response {
    let (snapshot, reader) = (&context.snapshot, context.reader());
    let Some(id) = parse::<DatacenterId>(&id) else { return not_found(&context) };
    let healthy = healthy_minutes(&context, &id).await;
    let query = context.query();
    let built = datacenter::build(&snapshot.estate, &snapshot.problems, &id, &query, healthy);
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(datacenter::title(&data), datacenter::topics(&data));
    context.page(frame, &data, || datacenter::view(&data, &reader))
}

/// A service group.
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "estate",
    params(("group" = String, Path)),
    responses((status = 200, body = group::Data), (status = 404)))]
pub async fn group(At(context): At, Path(id): Path<String>) -> Response {
    let (snapshot, reader) = (&context.snapshot, context.reader());
    let built = parse(&id).and_then(|id| group::build(&snapshot.estate, &snapshot.problems, &id));
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(group::title(&data), group::topics());
    context.page(frame, &data, || group::view(&data, &reader))
}

/// A service.
#[utoipa::path(get, path = "/api/v1/services/{service}", tag = "estate",
    params(("service" = String, Path)),
    responses((status = 200, body = service::Data), (status = 404)))]
pub async fn service(At(context): At, Path(id): Path<String>) -> Response {
    let (snapshot, reader, query) = (&context.snapshot, context.reader(), context.query());
    let Some(id) = parse(&id) else { return not_found(&context) };
    let back = match snapshot.is_past {
        true => None,
        false => super::rollouts::way_back(&context, &id).await,
    };
    let built = service::build(&snapshot.estate, &snapshot.problems, &id, &query, back);
    let Some(mut data) = built else { return not_found(&context) };
    let books = snapshot.shelf.of_service(&data.service);
    data.runbooks = books.map(|book| BookRow::of(book, snapshot.estate.at)).collect();
    let frame = Frame::new(service::title(&data), service::topics(&data));
    context.page(frame, &data, || service::view(&data, &reader))
}

/// A service in a data centre, with its instances.
#[utoipa::path(get, path = "/api/v1/services/{service}/in/{datacenter}", tag = "estate",
    params(("service" = String, Path), ("datacenter" = String, Path)),
    responses((status = 200, body = cell::Data), (status = 404)))]
pub async fn cell(At(context): At, Path((service, dc)): Path<(String, String)>) -> Response {
    let (snapshot, reader, query) = (&context.snapshot, context.reader(), context.query());
    let built = parse(&service).zip(parse(&dc)).and_then(|(service, dc)| {
        cell::build(&snapshot.estate, &snapshot.problems, &service, &dc, &query)
    });
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(cell::title(&data), cell::topics(&data));
    context.page(frame, &data, || cell::view(&data, &reader))
}

/// An instance.
#[utoipa::path(get, path = "/api/v1/instances/{instance}", tag = "estate",
    params(("instance" = String, Path)),
    responses((status = 200, body = instance::Data), (status = 404)))]
pub async fn instance(At(context): At, Path(id): Path<String>) -> Response {
    let reader = context.reader();
    let built = parse(&id).and_then(|id| instance::build(&context.snapshot.estate, &id));
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(instance::title(&data), instance::topics(&data));
    context.page(frame, &data, || instance::view(&data, &reader))
}

/// What replacing an instance would do.
async fn replace(context: Context, Path(id): Path<String>) -> Response {
    let reader = context.reader();
    let built = parse(&id).and_then(|id| {
        let handle = context.snapshot.estate.instance(&id)?.1.handle.clone();
        replace::build(&context.snapshot.estate, &id, super::act::review_key(handle.as_deref()))
    });
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(replace::title(&data), Vec::new());
    context.page(frame, &data, || replace::view(&data, &reader))
}

/// Search by name.
#[utoipa::path(get, path = "/api/v1/find", tag = "estate",
    params(("q" = Option<String>, Query, description = "part of a name")),
    responses((status = 200, body = find::Data)))]
pub async fn find(context: Context) -> Response {
    let (snapshot, query) = (&context.snapshot, context.query());
    let q = query.get("q").unwrap_or_default();
    let data = find::build(&snapshot.estate, &snapshot.shelf, &snapshot.aliases, q);
    match &data.exact {
        Some(exact) if !context.wants_json() => Redirect::to(exact).into_response(),
        Some(_) | None => {
            context.page(Frame::new(find::title(&data), Vec::new()), &data, || find::view(&data))
        }
    }
}

/// Names for the palette.
async fn find_index(context: Context) -> Response {
    let snapshot = &context.snapshot;
    let index = find::index(&snapshot.estate, &snapshot.shelf, &snapshot.aliases);
    axum::Json(index).into_response()
}

/// Every component in every state.
async fn components(context: Context) -> Response {
    let frame = Frame::new(String::new(), Vec::new());
    context.html(StatusCode::OK, frame, components::view)
}

/// Healthy instances of each minute; minutes nobody wrote are gaps. `None`: not known now.
async fn healthy_minutes(context: &Context, id: &DatacenterId) -> Option<Series> {
    if context.snapshot.store_away_since().is_some() {
        return None;
    }
    let to = context.snapshot.estate.at.duration_trunc(TimeDelta::minutes(1)).ok()?;
    let from = to - CHART;
    let rows = estate::tallies(context.state.control.store.reads(), id, from).await.ok()?;
    let minutes = (0..=CHART.num_minutes()).map(|minute| {
        let at = from + TimeDelta::minutes(minute);
        let tally = rows.iter().find(|(row, _)| *row == at).map(|(_, tally)| tally);
        Point { at, value: tally.map(|tally| f64::from(tally.get(Status::Healthy))) }
    });
    Some(Series { points: minutes.collect(), step_seconds: 60 })
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub fn not_found(context: &Context) -> Response {
    let path = context.uri.path();
    if let Some(unknown) = unknown_service(context, path).filter(|_| context.wants_json()) {
        return Problem::new(StatusCode::NOT_FOUND, text::sentence(&unknown)).into_response();
    }
    failed(context, &Failure::NotFound { path: path.to_owned() })
}

/// The service that a path names and the fleet does not have: the usual mistake of a program.
fn unknown_service(context: &Context, path: &str) -> Option<StartFinding> {
    let name = path.split("/services/").nth(1)?.split('/').next()?;
    let declared = &context.snapshot.estate.fleet.services;
    let known = ServiceId::new(name).is_ok_and(|id| declared.contains_key(&id));
    (!known).then(|| StartFinding::UnknownService { service: name.to_owned() })
}

/// The answer to a request that the store failed.
pub fn store_failed(context: &Context, error: &mainstay_store::StoreError) -> Response {
    if error.is_unavailable() {
        return failed(context, &Failure::StoreAway);
    }
    if matches!(error, StoreError::Rewound) {
        return failed(context, &Failure::Conflict { detail: store::frozen() });
    }
    tracing::error!(%error, path = context.uri.path(), "a page failed");
    failed(context, &Failure::Broken)
}

/// Answers with a failure, as a page or as problem details.
pub fn failed(context: &Context, failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status_code()).unwrap_or(NO_STORE);
    if context.wants_json() {
        return Problem::new(status, error::title(failure)).into_response();
    }
    let reference = context.request.as_ref().map(ToString::to_string);
    let frame = Frame::new(error::title(failure), Vec::new());
    context.html(status, frame, || error::view(failure, reference.as_deref()))
}

/// The page for people whose request went no further than the guard.
pub fn error(
    state: &AppState,
    parts: &Parts,
    status: StatusCode,
    refusal: Option<&Refusal>,
) -> Response {
    let viewer = parts.extensions.get::<Viewer>().cloned();
    let context = Context::new(state, viewer, parts);
    let failure = match (status, refusal) {
        (_, Some(Refusal::SignIn)) => Failure::SignIn { next: context.path().to_owned() },
        (_, Some(refusal)) => Failure::Refused { reason: text::refusal(refusal) },
        (StatusCode::NOT_FOUND, None) => Failure::NotFound { path: parts.uri.path().to_owned() },
        (StatusCode::FORBIDDEN, None) => Failure::Forgery,
        (StatusCode::TOO_MANY_REQUESTS, None) => Failure::TooMany,
        (StatusCode::SERVICE_UNAVAILABLE, None) => Failure::StoreAway,
        (_, None) => Failure::Broken,
    };
    failed(&context, &failure)
}
