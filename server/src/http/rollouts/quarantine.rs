//! Versions in quarantine, and letting one out.

use axum::body::Bytes;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::rollouts::quarantine as page;
use mainstay_app::paths;
use mainstay_control::access::random;
use mainstay_control::rollouts::RolloutError;
use mainstay_core::audit::Action;
use mainstay_core::id::ServiceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, not_found};
use super::act::{REASON, may};
use super::refused;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Which version is let out, and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftAsk {
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub version: String,
    /// For the audit log: 10 to 500 characters.
    pub reason: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// Versions that must not come back by themselves.
#[utoipa::path(get, path = "/api/v1/rollouts/quarantine", tag = "rollouts",
    responses((status = 200, body = page::Data)))]
pub(super) async fn list(context: Context) -> Response {
    let data = page::build(&context.snapshot.estate);
    show(&context, StatusCode::OK, &data)
}

fn show(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), vec!["estate".to_owned()]);
    context.page_as(status, frame, data, || page::view(data, &reader))
}

/// The list with the review of one of them.
pub(super) async fn review(context: Context) -> Response {
    let query = context.query();
    let (service, version) = (query.get("service"), query.get("version").unwrap_or_default());
    let service = service.and_then(|id| ServiceId::new(id).ok());
    let data = page::build(&context.snapshot.estate);
    let reviewed = service.and_then(|service| page::review(data, &service, version, random()));
    match reviewed {
        Some(data) => show(&context, StatusCode::OK, &data),
        None => Redirect::to(paths::QUARANTINE).into_response(),
    }
}

pub(super) async fn sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let Ok(service) = ServiceId::new(fields.text("service")) else { return not_found(&context) };
    let (lift, object) = (Action::QuarantineLift, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, lift, object).await {
        return *response;
    }
    let (version, key) = (fields.text("version"), fields.text("key").to_owned());
    let data = page::build(&context.snapshot.estate);
    let Some(mut data) = page::review(data, &service, version, key.clone()) else {
        // It is out already, by this form or another.
        return Redirect::to(paths::QUARANTINE).into_response();
    };
    if let Some(lift) = &mut data.lift {
        lift.reason = fields.text("reason").to_owned();
        lift.confirm = fields.text("confirm").to_owned();
        lift.mistakes = page::mistakes(lift, REASON);
        if !lift.mistakes.is_empty() {
            return show(&context, StatusCode::UNPROCESSABLE_ENTITY, &data);
        }
    }
    let reason = Some(fields.text("reason").trim());
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.lift_quarantine(&by, &service, version, reason, &key).await {
        Ok(()) | Err(RolloutError::NotFound) => Redirect::to(paths::QUARANTINE).into_response(),
        Err(error) if context.wants_json() => refused::answer(&context, error),
        Err(RolloutError::Store(error)) => super::store_failed(&context, &error),
        Err(error) => {
            let detail = refused::sentences(&error);
            failed(&context, &mainstay_app::pages::error::Failure::Conflict { detail })
        }
    }
}

/// Lets a version out of quarantine.
#[utoipa::path(post, path = "/api/v1/rollouts/quarantine/do/lift", tag = "rollouts",
    request_body = LiftAsk,
    responses((status = 204), (status = 404), (status = 422, body = super::Refused)))]
pub(super) async fn asked(context: Context, viewer: Viewer, Sent(ask): Sent<LiftAsk>) -> Response {
    let (lift, object) = (Action::QuarantineLift, paths::service(&ask.service));
    if let Err(response) = may(&context, &viewer, &ask.service, lift, object).await {
        return *response;
    }
    let reason = ask.reason.trim();
    if !(REASON.0..=REASON.1).contains(&reason.chars().count()) {
        let detail = format!("Write the `reason`, {} to {} characters.", REASON.0, REASON.1);
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    }
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.lift_quarantine(&by, &ask.service, &ask.version, Some(reason), &key).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused::answer(&context, error),
    }
}
