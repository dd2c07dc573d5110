//! Actions on what runs and on problems: plain forms, answered with 303 to the result.

use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::replace::NotDone;
use mainstay_app::pages::rows::ProblemRow;
use mainstay_app::pages::{instance, replace};
use mainstay_app::paths;
use mainstay_control::access::{By, random};
use mainstay_control::act::{ActError, REASON_MAX_CHARS, Replace, SNOOZE_MAX_MINUTES};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::id::InstanceId;
use mainstay_store::problem as problems;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;

pub fn routes() -> Routes {
    let act = Permission::Operate;
    Routes::new()
        .post(act, Action::InstanceReplace, "/instances/{instance}/do/replace", replace_instance)
        .post(act, Action::ProblemTake, "/attention/{id}/do/take", take)
        .post(act, Action::ProblemRelease, "/attention/{id}/do/release", release)
        .post(act, Action::ProblemSnooze, "/attention/{id}/do/snooze", snooze)
        .post(act, Action::ProblemTake, "/api/v1/attention/{id}/do/take", take_asked)
        .post(act, Action::ProblemRelease, "/api/v1/attention/{id}/do/release", release_asked)
        .post(act, Action::ProblemSnooze, "/api/v1/attention/{id}/do/snooze", snooze_asked)
}

#[derive(OpenApi)]
#[openapi(
    paths(take_asked, release_asked, snooze_asked),
    components(schemas(Snooze, ProblemAsked))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// For how long nobody wants to hear of a problem.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snooze {
    /// From 1 to 10,080, a week; 0: it is not left alone any longer.
    pub minutes: i64,
}

/// The problem as it stands after a request.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemAsked {
    problem: ProblemRow,
}

/// Identifies one review of a replacement and the process that was seen: `random.handle`.
pub fn review_key(handle: Option<&str>) -> String {
    format!("{}.{}", random(), handle.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
struct ReplaceForm {
    key: String,
    #[serde(default)]
    reason: String,
}

async fn replace_instance(
    context: Context,
    Path(id): Path<String>,
    Form(form): Form<ReplaceForm>,
) -> Response {
    let Ok(id) = id.parse::<InstanceId>() else { return not_found(&context) };
    let estate = &context.snapshot.estate;
    let reader = context.reader();
    let Some(mut data) = replace::build(estate, &id, form.key.clone()) else {
        return not_found(&context);
    };
    if let Some(reason) = instance::refusal(&data.instance, &reader) {
        return failed(&context, &Failure::Refused { reason });
    }
    let Some((key, handle)) = form.key.split_once('.').filter(|_| form.key.is_ascii()) else {
        return failed(&context, &Failure::Conflict { detail: NotDone::OldForm.sentence() });
    };
    let reason = form.reason.trim();
    if reason.chars().count() > REASON_MAX_CHARS {
        data.mistakes = vec![replace::reason_too_long(REASON_MAX_CHARS)];
        data.reason = form.reason.clone();
        let frame = Frame::new(replace::title(&data), Vec::new());
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return context.page_as(status, frame, &data, || replace::view(&data, &reader));
    }
    let replace = Replace {
        instance: id.clone(),
        handle: (!handle.is_empty()).then(|| handle.to_owned()),
        key: key.chars().take(64).collect(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    };
    match context.state.control.replace(&by(&context), &replace).await {
        Ok(_) => Redirect::to(&paths::instance(&id)).into_response(),
        Err(error) => refused(&context, error),
    }
}

async fn take(context: Context, Path(slug): Path<String>) -> Response {
    let name = context.viewer.as_ref().map(|viewer| viewer.user.name.to_string());
    own(&context, &slug, name.as_deref()).await
}

async fn release(context: Context, Path(slug): Path<String>) -> Response {
    own(&context, &slug, None).await
}

async fn snooze(context: Context, Path(slug): Path<String>, body: Bytes) -> Response {
    let Some(id) = paths::problem_id(&slug) else { return not_found(&context) };
    let minutes = Fields::parse(&body).number("minutes").unwrap_or(-1);
    match context.state.control.snooze_problem(&by(&context), id, minutes).await {
        Ok(()) => Redirect::to(&paths::problem(id)).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// Take a problem: its owner is whoever asks.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/take", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")),
    responses((status = 200, body = ProblemAsked), (status = 404)))]
async fn take_asked(context: Context, Path(slug): Path<String>) -> Response {
    let name = context.viewer.as_ref().map(|viewer| viewer.user.name.to_string());
    let Some(id) = paths::problem_id(&slug) else { return not_found(&context) };
    let done = context.state.control.own_problem(&by(&context), id, name.as_deref()).await;
    asked(&context, id, done).await
}

/// Give a problem back: it has no owner.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/release", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")),
    responses((status = 200, body = ProblemAsked), (status = 404)))]
async fn release_asked(context: Context, Path(slug): Path<String>) -> Response {
    let Some(id) = paths::problem_id(&slug) else { return not_found(&context) };
    let done = context.state.control.own_problem(&by(&context), id, None).await;
    asked(&context, id, done).await
}

/// Leave a problem alone for a while.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/snooze", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")), request_body = Snooze,
    responses((status = 200, body = ProblemAsked), (status = 404),
        (status = 422, body = Problem)))]
async fn snooze_asked(
    context: Context,
    Path(slug): Path<String>,
    Sent(asked_for): Sent<Snooze>,
) -> Response {
    let Some(id) = paths::problem_id(&slug) else { return not_found(&context) };
    let control = &context.state.control;
    let done = control.snooze_problem(&by(&context), id, asked_for.minutes).await;
    asked(&context, id, done).await
}

async fn asked(context: &Context, id: i64, done: Result<(), ActError>) -> Response {
    if let Err(error) = done {
        return refused(context, error);
    }
    let now = context.state.control.snapshot().estate.at;
    match problems::get(context.state.control.store.acts(), id).await {
        Ok(Some(record)) => {
            Json(ProblemAsked { problem: ProblemRow::of(&record, now) }).into_response()
        }
        Ok(None) => not_found(context),
        Err(error) => store_failed(context, &error),
    }
}

async fn own(context: &Context, slug: &str, owner: Option<&str>) -> Response {
    let Some(id) = paths::problem_id(slug) else { return not_found(context) };
    match context.state.control.own_problem(&by(context), id, owner).await {
        Ok(()) => Redirect::to(&paths::problem(id)).into_response(),
        Err(error) => refused(context, error),
    }
}

/// On whose behalf; the guard let nobody in without a viewer.
fn by(context: &Context) -> By {
    context.viewer.as_ref().map_or_else(|| By::system("unknown"), |viewer| context.by(viewer))
}

fn refused(context: &Context, error: ActError) -> Response {
    match error {
        ActError::NotFound => not_found(context),
        ActError::NotHeard { datacenter } => {
            failed(context, &Failure::Conflict { detail: replace::unheard(&datacenter) })
        }
        ActError::Changed => {
            failed(context, &Failure::Conflict { detail: NotDone::Changed.sentence() })
        }
        ActError::Minutes => {
            let detail = format!("Write minutes from 0 to {SNOOZE_MAX_MINUTES}.");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response()
        }
        ActError::Store(error) => store_failed(context, &error),
    }
}
