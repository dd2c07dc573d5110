//! Pipeline sources: the list with the form that makes one, one of them with its messages, the
//! buttons; and the same for programs.
//!
//! Invariant: a secret is shown once, to whoever made it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::HOST;
use mainstay_app::pages::settings::pipelines::{list, one};
use mainstay_app::pages::settings::{Section, title};
use mainstay_app::paths;
use mainstay_control::access::AccessError;
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::pipeline::{Draft, Source, SourceId};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::form::Fields;
use super::{Refused, done, problem};
use crate::confirm::require_fresh;
use crate::http::page::{Context, Frame};
use crate::http::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

/// Messages that the page of a source shows.
const DELIVERIES: i64 = 50;

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadAccess, Permission::ManageAccess);
    let api = "/api/v1/pipelines";
    Routes::new()
        .get(read, paths::SETTINGS_PIPELINES, show_list)
        .get(read, api, show_list)
        .post(manage, Action::PipelineSourceCreate, paths::SETTINGS_PIPELINES, make)
        .post(manage, Action::PipelineSourceCreate, api, make_asked)
        .get(read, "/settings/pipelines/{id}", show)
        .get(read, "/api/v1/pipelines/{id}", show)
        .post(manage, Action::PipelineSourceRotate, "/settings/pipelines/{id}/do/rotate", rotate)
        .post(manage, Action::PipelineSourceRemove, "/settings/pipelines/{id}/do/remove", remove)
        .post(
            manage,
            Action::PipelineSourceRemove,
            "/api/v1/pipelines/{id}/do/remove",
            remove_asked,
        )
}

/// The description of sources and what programs ask of them.
#[derive(OpenApi)]
#[openapi(
    paths(show_list, show, make_asked, remove_asked),
    components(schemas(list::Data, one::Data, Made, Stands))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A source that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PipelineSourceMade)]
struct Made {
    #[schema(value_type = Object)]
    source: Source,
    /// To sign with, told this once.
    secret: String,
}

/// A source as it stood.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PipelineSourceStands)]
struct Stands {
    #[schema(value_type = Object)]
    source: Source,
}

/// Who may report of pipelines, by name.
#[utoipa::path(get, path = "/api/v1/pipelines", tag = "pipelines",
    responses((status = 200, body = list::Data), (status = 403)))]
async fn show_list(context: Context, viewer: Viewer) -> Response {
    let refused = Refused::nothing(&context);
    let draft = Draft { format: "github".to_owned(), ..Draft::default() };
    listed(&context, &viewer, refused, draft).await
}

async fn listed(context: &Context, viewer: &Viewer, refused: Refused, draft: Draft) -> Response {
    let sources = match context.state.control.pipeline_sources().await {
        Ok(sources) => sources,
        Err(error) => return store_failed(context, &error),
    };
    let now = context.snapshot.estate.at;
    let data = list::Data {
        sources: sources.into_iter().map(|it| list::Row::of(it, now)).collect(),
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        draft,
        mistakes: refused.mistakes.clone(),
        csrf: viewer.form_token().to_owned(),
        now,
    };
    let mut frame = Frame::new(refused.titled(title(Section::Pipelines)), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || list::view(&data))
}

/// A source with its newest messages and how to set it up.
#[utoipa::path(get, path = "/api/v1/pipelines/{id}", tag = "pipelines",
    params(("id" = String, Path, description = "`ps-3`")),
    responses((status = 200, body = one::Data), (status = 403), (status = 404)))]
async fn show(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<SourceId>() else { return not_found(&context) };
    match context.state.control.pipeline_source(id).await {
        Ok(Some(source)) => {
            show_one(&context, &viewer, Refused::nothing(&context), source, None).await
        }
        Ok(None) => not_found(&context),
        Err(error) => store_failed(&context, &error),
    }
}

async fn show_one(
    context: &Context,
    viewer: &Viewer,
    refused: Refused,
    source: Source,
    made: Option<String>,
) -> Response {
    let control = &context.state.control;
    let deliveries = match control.pipeline_deliveries(source.id, DELIVERIES).await {
        Ok(deliveries) => deliveries,
        Err(error) => return store_failed(context, &error),
    };
    let data = one::Data {
        hook: hook(context, &source),
        source,
        deliveries: deliveries.into_iter().map(one::DeliveryRow::of).collect(),
        made,
        refusal: viewer.may(Permission::ManageAccess, Target::default()).err(),
        csrf: viewer.form_token().to_owned(),
        now: context.snapshot.estate.at,
    };
    let mut frame = Frame::new(refused.titled(data.source.name.clone()), Vec::new());
    frame.message = refused.message;
    context.page_as(refused.status, frame, &data, || one::view(&data))
}

/// The whole address, as whoever reads the page reaches this console.
fn hook(context: &Context, source: &Source) -> String {
    let scheme = if context.state.web.secure { "https" } else { "http" };
    let host = context.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = context.uri.authority().map(http::uri::Authority::as_str).or(host);
    match host {
        Some(host) => format!("{scheme}://{host}{}", source.hook()),
        None => source.hook(),
    }
}

/// The answer shows the secret, so it is the page itself and not a redirect.
async fn make(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let own = |name: &str| fields.text(name).to_owned();
    let draft = Draft { name: own("name"), format: own("format"), below: own("below") };
    let control = &context.state.control;
    match control.make_pipeline_source(&context.by(&viewer), &draft).await {
        Ok(made) => shown(&context, &viewer, made).await,
        Err(error) => {
            let name = draft.name.clone();
            match Refused::from_error(&context, error, &name) {
                Ok(refused) => listed(&context, &viewer, refused, draft).await,
                Err(response) => *response,
            }
        }
    }
}

async fn shown(
    context: &Context,
    viewer: &Viewer,
    made: mainstay_control::pipelines::Made,
) -> Response {
    let mut shown = Refused::nothing(context);
    shown.status = StatusCode::CREATED;
    show_one(context, viewer, shown, made.source, Some(made.secret)).await
}

/// Make a source; its secret is told in the answer and never again.
#[utoipa::path(post, path = "/api/v1/pipelines", tag = "pipelines",
    request_body(content = Object, description = "name, format (github, gitlab, generic) and \
        below: the repositories that it may speak of, empty for all"),
    responses((status = 201, body = Made), (status = 422, body = Problem)))]
async fn make_asked(context: Context, viewer: Viewer, Sent(draft): Sent<Draft>) -> Response {
    match context.state.control.make_pipeline_source(&context.by(&viewer), &draft).await {
        Ok(made) => {
            let made = Made { source: made.source, secret: made.secret };
            (StatusCode::CREATED, Json(made)).into_response()
        }
        Err(error) => problem(&context, error),
    }
}

/// Whoever has the secret can say that a pipeline passed.
async fn rotate(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    if let Err(response) = require_fresh(&context, &viewer) {
        return *response;
    }
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.rotate_pipeline_source(&context.by(&viewer), id).await {
        Ok(made) => shown(&context, &viewer, made).await,
        Err(error) => failed(&context, &error),
    }
}

async fn remove(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.remove_pipeline_source(&context.by(&viewer), id).await {
        Ok(_) => done(paths::SETTINGS_PIPELINES, "pipeline-removed"),
        Err(error) => failed(&context, &error),
    }
}

/// Remove a source with its secrets; what it said counts no more. The answer is how it stood.
#[utoipa::path(post, path = "/api/v1/pipelines/{id}/do/remove", tag = "pipelines",
    params(("id" = String, Path)),
    responses((status = 200, body = Stands), (status = 404)))]
async fn remove_asked(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.remove_pipeline_source(&context.by(&viewer), id).await {
        Ok(source) => Json(Stands { source }).into_response(),
        Err(error) => problem(&context, error),
    }
}

/// Of a button: there is no form to show again.
fn failed(context: &Context, error: &AccessError) -> Response {
    match error {
        AccessError::Store(error) => store_failed(context, error),
        AccessError::Mistakes(_)
        | AccessError::NotFound
        | AccessError::Changed { .. }
        | AccessError::LastAdmin
        | AccessError::Approval(_)
        | AccessError::Busy(_)
        | AccessError::Wait(_) => not_found(context),
    }
}
