//! Starting a rollout: the form, what it would do, and doing exactly that.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::rollouts::start::{self as page, Typed};
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::rollouts::RolloutError;
use mainstay_core::audit::Action;
use mainstay_core::id::ServiceId;
use mainstay_core::rollout::{Plan, Preview, StartRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{not_found, store_failed};
use super::act::may;
use super::{Asked, known, refused};
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Benches that are read for the versions that may be started.
const BENCHES_MAX: i64 = 20;

/// What a program asks to start.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartAsk {
    /// Version, plan, change, schema and whether one configuration works with both; `service` is
    /// the address's.
    #[schema(value_type = Object)]
    pub request: StartRequest,
    /// The plan that was shown, by its hash; without it, whatever the request means now.
    #[serde(default)]
    pub plan_hash: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    /// New for each start: the same again gives the first answer. Without it, one is made.
    #[serde(default)]
    pub key: Option<String>,
}

/// What a start would do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RolloutPlanned)]
pub(crate) struct Planned {
    #[schema(value_type = Object)]
    pub plan: Plan,
    #[schema(value_type = Object)]
    pub preview: Preview,
}

/// `/rollouts/do/start`: which service.
pub(super) async fn choose(context: Context) -> Response {
    let query = context.query();
    if let Some(service) = query.get("service").and_then(|id| known(&context, id)) {
        let form = paths::action(&paths::service(&service), "start-rollout");
        return Redirect::to(&form).into_response();
    }
    let services: Vec<_> = context.snapshot.estate.fleet.services.keys().cloned().collect();
    let frame = Frame::new(page::choose_title(), Vec::new());
    context.page(frame, &services, || page::choose(&services))
}

/// The form; with a version in its address, also what a start would do.
pub(super) async fn form(context: Context, Path(service): Path<String>) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let query = context.query();
    let asked = query.get("version").is_some() || query.get("steps").is_some();
    let typed = Typed::read(|name| query.get(name).unwrap_or_default());
    let data = match data(&context, &service, typed).await {
        Ok(data) => data,
        Err(response) => return *response,
    };
    if !asked {
        return show(&context, StatusCode::OK, &data);
    }
    match planned(&context, &service, data).await {
        Ok((status, data)) => show(&context, status, &data),
        Err(response) => *response,
    }
}

async fn data(
    context: &Context,
    service: &ServiceId,
    typed: Typed,
) -> Result<page::Data, Box<Response>> {
    let benches = context.state.control.benches(Some(service), BENCHES_MAX).await;
    let benches = benches.map_err(|error| Box::new(store_failed(context, &error)))?;
    let events = context.state.control.open_events().await;
    let events = events.map_err(|error| Box::new(store_failed(context, &error)))?;
    let estate = &context.snapshot.estate;
    let chosen = events.iter().find(|event| event.id.to_string() == typed.event);
    let coming = chosen.and_then(|event| event.content.services.get(service)?.clone());
    let version = if typed.version.is_empty() { coming.unwrap_or_default() } else { typed.version };
    let typed = Typed { version, ..typed };
    let data = page::build(estate, service, &benches, typed, random())
        .ok_or_else(|| Box::new(not_found(context)))?;
    Ok(page::Data { events: page::choices(&events, &estate.fleet, service), ..data })
}

/// The page with its preview, or with what is wrong.
async fn planned(
    context: &Context,
    service: &ServiceId,
    mut data: page::Data,
) -> Result<(StatusCode, page::Data), Box<Response>> {
    let request = match data.typed.request(service.as_str()) {
        Ok(request) => request,
        Err(mistakes) => {
            data.mistakes = mistakes;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, data));
        }
    };
    match context.state.control.plan_rollout(&request).await {
        Ok(planned) => Ok((StatusCode::OK, page::previewed(data, &planned.plan, &planned.preview))),
        Err(error) => wrong(context, data, error),
    }
}

/// The form again with what is wrong; all that was typed stays.
fn wrong(
    context: &Context,
    mut data: page::Data,
    error: RolloutError,
) -> Result<(StatusCode, page::Data), Box<Response>> {
    let status = refused::status(&error);
    match error {
        RolloutError::Findings(findings) => {
            data.mistakes = findings.iter().map(page::mistake).collect();
            data.fixes = page::fixes(&findings);
            Ok((status, data))
        }
        RolloutError::Store(error) => Err(Box::new(store_failed(context, &error))),
        RolloutError::NotFound => Err(Box::new(not_found(context))),
        RolloutError::Changed(_)
        | RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Waits { .. }
        | RolloutError::Form(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. } => {
            data.mistakes = vec![page::general(text::sentence(&error))];
            Ok((status, data))
        }
    }
}

fn show(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), Vec::new());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

/// The second half of the form: starts exactly what was shown.
pub(super) async fn sent(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    body: Bytes,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (begin, object) = (Action::RolloutStart, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, begin, object).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let typed = Typed::read(|name| fields.text(name));
    let data = match data(&context, &service, typed).await {
        Ok(data) => data,
        Err(response) => return *response,
    };
    let request = match data.typed.request(service.as_str()) {
        Ok(request) => request,
        Err(mistakes) => {
            let data = page::Data { mistakes, ..data };
            return show(&context, StatusCode::UNPROCESSABLE_ENTITY, &data);
        }
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let (hash, key) = (fields.text("hash"), fields.text("key"));
    match control.start_rollout(&by, &request, hash, None, key).await {
        Ok(rollout) => Redirect::to(&paths::rollout(rollout.id)).into_response(),
        // It is planned otherwise by now: the new plan is shown, and nothing has started.
        Err(RolloutError::Changed(_)) => match planned(&context, &service, data).await {
            Ok((_, mut data)) => {
                data.mistakes.push(page::replanned());
                show(&context, StatusCode::CONFLICT, &data)
            }
            Err(response) => *response,
        },
        Err(error) => match wrong(&context, data, error) {
            Ok((status, data)) => show(&context, status, &data),
            Err(response) => *response,
        },
    }
}

/// What a start would do; nothing is done.
#[utoipa::path(post, path = "/api/v1/services/{service}/rollout/preview", tag = "rollouts",
    params(("service" = String, Path)),
    request_body = Object,
    responses((status = 200, body = Planned), (status = 404),
        (status = 422, body = super::Refused)))]
pub(super) async fn preview(
    context: Context,
    Path(service): Path<String>,
    Sent(sent): Sent<StartRequest>,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let request = StartRequest { service: service.to_string(), ..sent };
    match context.state.control.plan_rollout(&request).await {
        Ok(planned) => {
            Json(Planned { plan: planned.plan, preview: planned.preview }).into_response()
        }
        Err(error) => refused::answer(&context, error),
    }
}

/// Starts a rollout.
#[utoipa::path(post, path = "/api/v1/services/{service}/do/start-rollout", tag = "rollouts",
    params(("service" = String, Path)),
    request_body = StartAsk,
    responses((status = 200, body = Asked), (status = 404),
        (status = 409, body = super::Refused), (status = 422, body = super::Refused)))]
pub(super) async fn asked(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    Sent(ask): Sent<StartAsk>,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (begin, object) = (Action::RolloutStart, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, begin, object).await {
        return *response;
    }
    let request = StartRequest { service: service.to_string(), ..ask.request };
    let control = &context.state.control;
    if let Err(error) = control.look_for(&request).await {
        return store_failed(&context, &error);
    }
    let hash = match ask.plan_hash {
        Some(hash) => hash,
        None => match control.plan_rollout(&request).await {
            Ok(planned) => planned.plan.hash(),
            Err(error) => return refused::answer(&context, error),
        },
    };
    let (by, key) = (context.by(&viewer), ask.key.unwrap_or_else(random));
    match control.start_rollout(&by, &request, &hash, ask.reason.as_deref(), &key).await {
        Ok(rollout) => Json(Asked { rollout }).into_response(),
        Err(error) => refused::answer(&context, error),
    }
}
