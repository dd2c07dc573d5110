//! The staging bench over HTTP: its results, and running it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::bench as page;
use mainstay_app::pages::error::Failure;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::rollouts::RolloutError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::bench::BenchResult;
use mainstay_core::id::ServiceId;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use super::rollouts::{Refused, may, refused};
use crate::policy::Routes;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Versions that the page lists.
const RESULTS_MAX: i64 = 50;

pub fn routes() -> Routes {
    let (read, act, run) = (Permission::ReadEstate, Permission::Operate, Action::BenchRun);
    Routes::new()
        .get(read, "/services/{service}/bench", show)
        .get(read, "/api/v1/services/{service}/bench", show)
        .get(read, "/services/{service}/do/run-bench", again)
        .post(act, run, "/services/{service}/do/run-bench", sent)
        .post(act, run, "/api/v1/services/{service}/do/run-bench", asked)
}

#[derive(OpenApi)]
#[openapi(paths(show, asked), components(schemas(BenchAsk, BenchOrdered)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Which version is tested.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BenchAsk {
    pub version: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// The bench as it stands; its result comes with the agent's reports.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BenchOrdered {
    #[schema(value_type = Object)]
    pub bench: BenchResult,
}

fn known(context: &Context, service: &str) -> Option<ServiceId> {
    let id = ServiceId::new(service).ok()?;
    context.snapshot.estate.fleet.services.contains_key(&id).then_some(id)
}

/// What versions of a service passed on staging.
#[utoipa::path(get, path = "/api/v1/services/{service}/bench", tag = "rollouts",
    params(("service" = String, Path)),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn show(context: Context, Path(service): Path<String>) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    match data(&context, &service).await {
        Ok(data) => answer(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

/// Reached by reloading a refused form.
async fn again(Path(service): Path<String>) -> Response {
    Redirect::to(&paths::service_bench(&service)).into_response()
}

async fn data(context: &Context, service: &ServiceId) -> Result<page::Data, Box<Response>> {
    let results = context.state.control.benches(Some(service), RESULTS_MAX).await;
    let results = results.map_err(|error| Box::new(store_failed(context, &error)))?;
    page::build(&context.snapshot.estate, service, &results, random())
        .ok_or_else(|| Box::new(not_found(context)))
}

fn answer(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), page::topics());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

async fn sent(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    body: Bytes,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (run, object) = (Action::BenchRun, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, run, object).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let (version, key) = (fields.text("version"), fields.text("key"));
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.order_bench(&by, &service, version, key).await {
        Ok(_) => Redirect::to(&paths::service_bench(&service)).into_response(),
        Err(error) if context.wants_json() => refused::answer(&context, error),
        Err(RolloutError::Store(error)) => store_failed(&context, &error),
        Err(RolloutError::NotFound) => not_found(&context),
        Err(RolloutError::Form(words)) => match data(&context, &service).await {
            Ok(mut data) => {
                data.version = version.to_owned();
                data.mistakes = vec![page::mistake(text::sentence(&words))];
                answer(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
            }
            Err(response) => *response,
        },
        Err(error) => failed(&context, &Failure::Conflict { detail: refused::sentences(&error) }),
    }
}

/// Tests a version on staging.
#[utoipa::path(post, path = "/api/v1/services/{service}/do/run-bench", tag = "rollouts",
    params(("service" = String, Path)),
    request_body = BenchAsk,
    responses((status = 200, body = BenchOrdered), (status = 404),
        (status = 409, body = Refused), (status = 422, body = Refused)))]
async fn asked(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    Sent(ask): Sent<BenchAsk>,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (run, object) = (Action::BenchRun, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, run, object).await {
        return *response;
    }
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.order_bench(&by, &service, &ask.version, &key).await {
        Ok(bench) => Json(BenchOrdered { bench }).into_response(),
        Err(error) => refused::answer(&context, error),
    }
}
