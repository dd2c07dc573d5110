//! The same changes of channels for programs.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mainstay_app::pages::settings::notifications::one::DeliveryRow;
use mainstay_app::pages::settings::notifications::{list, one};
use mainstay_control::access::AccessError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::notify::draft::Draft;
use mainstay_core::notify::{Channel, ChannelId};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::super::problem;
use super::revision_missing;
use crate::http::page::Context;
use crate::http::pages::not_found;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let manage = Permission::ManageAccess;
    Routes::new()
        .post(manage, Action::ChannelCreate, "/api/v1/notifications", make)
        .post(manage, Action::ChannelChange, "/api/v1/notifications/{id}/do/change", change)
        .post(manage, Action::ChannelPause, "/api/v1/notifications/{id}/do/pause", pause)
        .post(manage, Action::ChannelResume, "/api/v1/notifications/{id}/do/resume", resume)
        .post(manage, Action::ChannelRemove, "/api/v1/notifications/{id}/do/remove", remove)
        .post(manage, Action::ChannelTest, "/api/v1/notifications/{id}/do/test", test)
}

/// The description of channels and what programs ask of them.
#[derive(OpenApi)]
#[openapi(
    paths(super::show_list, super::show, make, change, pause, resume, remove, test),
    components(schemas(list::Data, one::Data, Made, Stands, ChangeAsk, DeliveryRow))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A channel that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationChannelMade)]
struct Made {
    #[schema(value_type = Object)]
    channel: Channel,
    /// Of a webhook: the secret to check signatures with, told this once.
    secret: Option<String>,
}

/// A channel as it stands after a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationChannelStands)]
struct Stands {
    #[schema(value_type = Object)]
    channel: Channel,
}

/// A channel as it is to be from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NotificationChannelChange)]
#[serde(deny_unknown_fields)]
struct ChangeAsk {
    /// The revision that was read.
    revision: Option<i64>,
    /// All of its fields; an empty secret keeps the one that it has.
    #[schema(value_type = Object)]
    channel: Draft,
}

/// Make a channel. Fields that its way does not have are left out.
#[utoipa::path(post, path = "/api/v1/notifications", tag = "notifications",
    request_body(content = Object, description = "the fields of the form: name, way (webhook, \
        email, alertmanager), url, host, port, security (start-tls, tls, none), user, from, to, \
        least (critical, warning), groups, datacenters, kinds, repeat_minutes, secret; all texts"),
    responses((status = 201, body = Made), (status = 422, body = Problem)))]
async fn make(context: Context, viewer: Viewer, Sent(draft): Sent<Draft>) -> Response {
    match context.state.control.make_channel(&context.by(&viewer), &draft).await {
        Ok(made) => {
            let made = Made { channel: made.channel, secret: made.secret };
            (StatusCode::CREATED, Json(made)).into_response()
        }
        Err(error) => problem(&context, error),
    }
}

/// Change a channel.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/do/change", tag = "notifications",
    params(("id" = String, Path)), request_body = ChangeAsk,
    responses((status = 200, body = Stands), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn change(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<ChangeAsk>,
) -> Response {
    let Ok(id) = id.parse::<ChannelId>() else { return not_found(&context) };
    let Some(revision) = ask.revision else { return problem(&context, revision_missing()) };
    let by = context.by(&viewer);
    let done = context.state.control.change_channel(&by, id, revision, &ask.channel).await;
    stands(&context, done)
}

/// Send nothing over a channel until it is resumed.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/do/pause", tag = "notifications",
    params(("id" = String, Path)),
    responses((status = 200, body = Stands), (status = 404)))]
async fn pause(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    stands(&context, context.state.control.pause_channel(&context.by(&viewer), id).await)
}

/// Let a channel send again.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/do/resume", tag = "notifications",
    params(("id" = String, Path)),
    responses((status = 200, body = Stands), (status = 404)))]
async fn resume(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    stands(&context, context.state.control.resume_channel(&context.by(&viewer), id).await)
}

/// Remove a channel with its secrets; the answer is how it stood.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/do/remove", tag = "notifications",
    params(("id" = String, Path)),
    responses((status = 200, body = Stands), (status = 404)))]
async fn remove(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    stands(&context, context.state.control.remove_channel(&context.by(&viewer), id).await)
}

/// Send a test over a channel; the answer says what was answered to it.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/do/test", tag = "notifications",
    params(("id" = String, Path)),
    responses((status = 200, body = DeliveryRow), (status = 404)))]
async fn test(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    match context.state.control.test_channel(&context.by(&viewer), id).await {
        Ok(delivery) => Json(DeliveryRow::of(delivery, context.snapshot.estate.at)).into_response(),
        Err(error) => problem(&context, error),
    }
}

fn stands(context: &Context, done: Result<Channel, AccessError>) -> Response {
    match done {
        Ok(channel) => Json(Stands { channel }).into_response(),
        Err(error) => problem(context, error),
    }
}
