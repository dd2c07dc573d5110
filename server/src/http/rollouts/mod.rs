//! Rollouts over HTTP: lists and pages, what people and programs ask of them ([`act`]), starting
//! one ([`start`]), why one was taken back ([`reason`]) and the versions in quarantine
//! ([`quarantine`]).
//!
//! Must not: decide. What may be done, and what would happen, comes from core and control.

mod act;
mod load;
mod quarantine;
mod reason;
pub(super) mod refused;
mod start;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use mainstay_app::pages::rollout::{self as page, condition, metric, step};
use mainstay_app::pages::rollouts::{self, Filter, Status};
use mainstay_app::pages::service::Back;
use mainstay_app::paths;
use mainstay_control::access::random;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::id::ServiceId;
use mainstay_core::planned::EventId;
use mainstay_core::rollout::{RolloutId, roll_back_target, rollback_evidence};
use mainstay_store::rollout as stored;
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use crate::policy::{BODY_MAX, Routes};
use load::{Loaded, load, load_step};

pub(super) use act::may;
pub(crate) use act::{Ask, Asked};
pub(crate) use quarantine::LiftAsk;
pub(crate) use reason::Why;
pub(crate) use refused::Refused;
pub(crate) use start::{Planned, StartAsk};

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::ROLLOUTS, list)
        .get(read, "/api/v1/rollouts", list)
        .get(read, "/rollouts/{id}", show)
        .get(read, "/api/v1/rollouts/{id}", show)
        .get(read, "/rollouts/{id}/steps/{number}", one_step)
        .get(read, "/api/v1/rollouts/{id}/steps/{number}", one_step)
        .get(read, "/rollouts/{id}/analysis/{metric}", one_metric)
        .get(read, "/api/v1/rollouts/{id}/analysis/{metric}", one_metric)
        .get(read, "/rollouts/{id}/conditions/{number}", one_condition)
        .get(read, "/api/v1/rollouts/{id}/conditions/{number}", one_condition)
        .get(read, "/services/{service}/rollout", newest)
        .merge(act::routes())
        .merge(reason::routes())
        .merge(starting())
}

fn starting() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let (begin, lift) = (Action::RolloutStart, Action::QuarantineLift);
    Routes::new()
        .get(read, paths::ROLLOUTS_START, start::choose)
        .get(read, "/services/{service}/do/start-rollout", start::form)
        .post(act, begin, "/services/{service}/do/start-rollout", start::sent)
        .ask(read, "/api/v1/services/{service}/rollout/preview", BODY_MAX, start::preview)
        .post(act, begin, "/api/v1/services/{service}/do/start-rollout", start::asked)
        .get(read, paths::QUARANTINE, quarantine::list)
        .get(read, "/api/v1/rollouts/quarantine", quarantine::list)
        .get(read, paths::QUARANTINE_LIFT, quarantine::review)
        .post(act, lift, paths::QUARANTINE_LIFT, quarantine::sent)
        .post(act, lift, "/api/v1/rollouts/quarantine/do/lift", quarantine::asked)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        list,
        show,
        one_step,
        one_metric,
        one_condition,
        act::asked_doc,
        act::asked_of_service,
        reason::asked,
        start::preview,
        start::asked,
        quarantine::list,
        quarantine::asked,
    ),
    components(schemas(Ask, Asked, Why, StartAsk, Planned, Refused, LiftAsk))
)]
struct Description;

/// The description of what is under `/api/v1/rollouts`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Rollouts: those that are on, and those that are over, newest first.
#[utoipa::path(get, path = "/api/v1/rollouts", tag = "rollouts",
    params(
        ("service" = Option<String>, Query),
        ("status" = Option<String>, Query, description = "`running` or `over`"),
        ("after" = Option<String>, Query, description = "continue after this one"),
    ),
    responses((status = 200, body = rollouts::Data)))]
async fn list(context: Context) -> Response {
    let (filter, dropped) = Filter::read(&context.query());
    let wanted =
        stored::Filter { service: filter.service.clone(), over: Some(true), before: filter.after };
    let limit = rollouts::PAGE as i64 + 1;
    let over = match filter.status {
        Some(Status::Running) => Ok(Vec::new()),
        Some(Status::Over) | None => context.state.control.rollouts(&wanted, limit).await,
    };
    let over = match over {
        Ok(over) => over,
        Err(error) => return store_failed(&context, &error),
    };
    let reader = context.reader();
    let data = rollouts::build(&context.snapshot.estate, &over, filter, dropped);
    let frame = Frame::new(rollouts::title(), vec!["estate".to_owned()]);
    context.page(frame, &data, || rollouts::view(&data, &reader))
}

/// A rollout.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}", tag = "rollouts",
    params(("id" = String, Path, description = "`ro-12`")),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn show(context: Context, Path(id): Path<String>) -> Response {
    match load(&context, &id).await {
        Ok(loaded) => {
            let event = context.state.control.event_of_rollout(loaded.rollout.id).await;
            // The rollout is shown without it where the store is away.
            answer(&context, &loaded, event.ok().flatten())
        }
        Err(response) => *response,
    }
}

fn answer(context: &Context, loaded: &Loaded, event: Option<EventId>) -> Response {
    let (mut data, reader) = (page::build(loaded.input()), context.reader());
    data.event = event;
    data.still = context.query().get("still").is_some();
    let frame = Frame::new(page::title(&data), page::topics());
    context.page(frame, &data, || page::view(&data, &reader))
}

/// A step of a rollout, with its verdicts.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/steps/{number}", tag = "rollouts",
    params(("id" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = step::Data), (status = 404)))]
async fn one_step(context: Context, Path((id, number)): Path<(String, String)>) -> Response {
    let Ok(number) = number.parse() else { return not_found(&context) };
    let loaded = match load_step(&context, &id, Some(number)).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let Some(data) = step::build(loaded.input(), number) else { return not_found(&context) };
    let frame = Frame::new(step::title(&data), page::topics());
    context.page(frame, &data, || step::view(&data))
}

/// A metric of a rollout: every verdict with its numbers, and the values of both versions.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/analysis/{metric}", tag = "rollouts",
    params(("id" = String, Path), ("metric" = String, Path, description = "`errors` or `p95`")),
    responses((status = 200, body = metric::Data), (status = 404)))]
async fn one_metric(context: Context, Path((id, slug)): Path<(String, String)>) -> Response {
    let loaded = match load(&context, &id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let Some(data) = metric::build(loaded.input(), &slug) else { return not_found(&context) };
    let frame = Frame::new(metric::title(&data), page::topics());
    context.page(frame, &data, || metric::view(&data))
}

/// A condition of a rollout's plan: what is asked, and what came of it.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/conditions/{number}", tag = "rollouts",
    params(("id" = String, Path), ("number" = usize, Path)),
    responses((status = 200, body = condition::Data), (status = 404)))]
async fn one_condition(context: Context, Path((id, number)): Path<(String, String)>) -> Response {
    let Ok(number) = number.parse() else { return not_found(&context) };
    let loaded = match load(&context, &id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let Some(data) = condition::build(loaded.input(), number) else { return not_found(&context) };
    let frame = Frame::new(condition::title(&data), page::topics());
    context.page(frame, &data, || condition::view(&data))
}

/// The rollout of a service that is on, or its last one.
async fn newest(context: Context, Path(service): Path<String>) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    if let Some(rollout) = context.snapshot.estate.releases.rollouts.get(&service) {
        return found(rollout.id);
    }
    let filter = stored::Filter { service: Some(service.clone()), over: None, before: None };
    match context.state.control.rollouts(&filter, 1).await {
        Ok(rollouts) => match rollouts.first() {
            Some(rollout) => found(rollout.id),
            None => {
                let list = paths::with_query(paths::ROLLOUTS, &[("service", service.as_str())]);
                to(&list)
            }
        },
        Err(error) => store_failed(&context, &error),
    }
}

fn found(id: RolloutId) -> Response {
    to(&paths::rollout(id))
}

/// 302: another one may be the newest tomorrow.
fn to(path: &str) -> Response {
    let mut response = Redirect::temporary(path).into_response();
    *response.status_mut() = http::StatusCode::FOUND;
    response
}

/// A service that the fleet declares.
fn known(context: &Context, service: &str) -> Option<ServiceId> {
    let id = ServiceId::new(service).ok()?;
    context.snapshot.estate.fleet.services.contains_key(&id).then_some(id)
}

/// The way back of a service, with its evidence; `None`: there is none, or it is not known now.
pub(super) async fn way_back(context: &Context, service: &ServiceId) -> Option<Back> {
    let estate = &context.snapshot.estate;
    let target = roll_back_target(&estate.fleet, &estate.releases, service).ok()?;
    let control = &context.state.control;
    let rollout = control.rollout(target.rollout).await.ok()??;
    let gathered = control.gather(&rollout).await.ok()?;
    let evidence = rollback_evidence(&rollout, &gathered.facts());
    Back::of(&rollout, &evidence, estate.at, random())
}
