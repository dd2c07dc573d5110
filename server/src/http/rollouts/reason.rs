//! Why a version was taken back, told after the click.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::rollout as page;
use mainstay_app::paths;
use mainstay_control::access::random;
use mainstay_control::rollouts::RolloutError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::rollout::RolloutId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, not_found, store_failed};
use super::act::{REASON, may};
use super::load::load;
use super::refused;
use crate::policy::Routes;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act, why) = (Permission::ReadEstate, Permission::Operate, Action::RolloutReason);
    Routes::new()
        .get(read, "/rollouts/{id}/do/add-reason", again)
        .post(act, why, "/rollouts/{id}/do/add-reason", sent)
        .post(act, why, "/api/v1/rollouts/{id}/do/add-reason", asked)
}

/// Why a version was taken back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// 10 to 500 characters.
    pub reason: String,
    /// New for each request: the same again is done once. Without it, one is made.
    #[serde(default)]
    pub key: Option<String>,
}

/// The form stands on the rollout's page.
async fn again(Path(id): Path<String>) -> Response {
    match id.parse::<RolloutId>() {
        Ok(id) => here(id),
        Err(_) => Redirect::to(paths::ROLLOUTS).into_response(),
    }
}

fn here(id: RolloutId) -> Response {
    Redirect::to(&format!("{}#reasons", paths::rollout(id))).into_response()
}

async fn sent(context: Context, viewer: Viewer, Path(id): Path<String>, body: Bytes) -> Response {
    let loaded = match load(&context, &id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let id = loaded.rollout.id;
    let service = &loaded.rollout.plan.service;
    let why = Action::RolloutReason;
    if let Err(response) = may(&context, &viewer, service, why, paths::rollout(id)).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let (reason, key) = (fields.text("reason"), fields.text("key"));
    let control = &context.state.control;
    match control.explain_rollout(&context.by(&viewer), id, reason, key).await {
        Ok(()) => here(id),
        Err(error) if context.wants_json() => refused::answer(&context, error),
        Err(RolloutError::Store(error)) => store_failed(&context, &error),
        Err(RolloutError::NotFound) => not_found(&context),
        // What was typed stays in the form.
        Err(RolloutError::Form(_)) => {
            let mut data = page::build(loaded.input());
            data.explain = page::Explain::typed(reason, REASON);
            let frame = Frame::new(page::mistaken_title(&data), page::topics());
            let reader = context.reader();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            context.page_as(status, frame, &data, || page::view(&data, &reader))
        }
        Err(error) => failed(&context, &Failure::Conflict { detail: refused::sentences(&error) }),
    }
}

/// Writes down why a version was taken back, for a day after it was.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/do/add-reason", tag = "rollouts",
    params(("id" = String, Path)),
    request_body = Why,
    responses((status = 204), (status = 404), (status = 409, body = super::Refused),
        (status = 422, body = super::Refused)))]
pub(super) async fn asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(why): Sent<Why>,
) -> Response {
    let Ok(id) = id.parse::<RolloutId>() else { return not_found(&context) };
    let control = &context.state.control;
    let rollout = match control.rollout(id).await {
        Ok(Some(rollout)) => rollout,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let (service, action) = (&rollout.plan.service, Action::RolloutReason);
    if let Err(response) = may(&context, &viewer, service, action, paths::rollout(id)).await {
        return *response;
    }
    let key = why.key.unwrap_or_else(random);
    match control.explain_rollout(&context.by(&viewer), id, &why.reason, &key).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused::answer(&context, error),
    }
}
