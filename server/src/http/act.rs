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
use mainstay_control::access::random;
use mainstay_control::act::{ActError, REASON_MAX_CHARS, Replace, SNOOZE_MAX_MINUTES};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::id::InstanceId;
use mainstay_store::problem as problems;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{failed, find_problem, not_found, store_failed};
use super::permit::permit;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Longest key of a request.
const KEY_MAX_BYTES: usize = 64;

pub fn routes() -> Routes {
    let act = Permission::Operate;
    Routes::new()
        .post(act, Action::InstanceReplace, "/instances/{instance}/do/replace", replace_instance)
        .post(
            act,
            Action::InstanceReplace,
            "/api/v1/instances/{instance}/do/replace",
            replace_asked,
        )
        .post(act, Action::ProblemTake, "/attention/{id}/do/take", take)
        .post(act, Action::ProblemRelease, "/attention/{id}/do/release", release)
        .post(act, Action::ProblemSnooze, "/attention/{id}/do/snooze", snooze)
        .post(act, Action::ProblemTake, "/api/v1/attention/{id}/do/take", take_asked)
        .post(act, Action::ProblemRelease, "/api/v1/attention/{id}/do/release", release_asked)
        .post(act, Action::ProblemSnooze, "/api/v1/attention/{id}/do/snooze", snooze_asked)
}

#[derive(OpenApi)]
#[openapi(
    paths(replace_asked, take_asked, release_asked, snooze_asked),
    components(schemas(ReplaceAsk, Replaced, Snooze, ProblemAsked))
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

/// An instance to replace.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceAsk {
    /// The process that is meant, as `handle` of the instance says it; absent: whichever runs. If
    /// another one runs by now, nothing is done.
    #[serde(default)]
    pub handle: Option<String>,
    /// For the audit log.
    #[serde(default)]
    pub reason: Option<String>,
    /// The same key twice is one replacement.
    #[serde(default)]
    pub key: Option<String>,
}

/// A replacement on its way to the agent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Replaced {
    /// Id of the command, as the audit log's entry of its result names it.
    pub command: String,
}

async fn replace_instance(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Form(form): Form<ReplaceForm>,
) -> Response {
    let Ok(id) = id.parse::<InstanceId>() else { return not_found(&context) };
    let estate = &context.snapshot.estate;
    let reader = context.reader();
    let Some(mut data) = replace::build(estate, &id, form.key.clone()) else {
        return not_found(&context);
    };
    if let Err(response) = may_replace(&context, &viewer, &data.instance).await {
        return *response;
    }
    if let Some(reason) = instance::refusal(&data.instance, &reader) {
        return failed(&context, &Failure::Conflict { detail: reason });
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
        key: key.chars().take(KEY_MAX_BYTES).collect(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    };
    match context.state.control.replace(&context.by(&viewer), &replace).await {
        Ok(_) => Redirect::to(&paths::instance(&id)).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// Replace an instance: its agent stops it and starts another in its place.
#[utoipa::path(post, path = "/api/v1/instances/{instance}/do/replace", tag = "estate",
    params(("instance" = String, Path)), request_body = ReplaceAsk,
    responses((status = 200, body = Replaced), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn replace_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(asked_for): Sent<ReplaceAsk>,
) -> Response {
    let Ok(id) = id.parse::<InstanceId>() else { return not_found(&context) };
    let Some(data) = instance::build(&context.snapshot.estate, &id) else {
        return not_found(&context);
    };
    if let Err(response) = may_replace(&context, &viewer, &data).await {
        return *response;
    }
    if let Some(reason) = instance::refusal(&data, &context.reader()) {
        return failed(&context, &Failure::Conflict { detail: reason });
    }
    let unfit = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let key = asked_for.key.unwrap_or_else(random);
    if key.is_empty() || !key.is_ascii() || key.len() > KEY_MAX_BYTES {
        let detail = format!("Write a key of 1 to {KEY_MAX_BYTES} ASCII characters, or none.");
        return unfit(detail).into_response();
    }
    let reason = asked_for.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > REASON_MAX_CHARS) {
        return unfit(replace::reason_too_long(REASON_MAX_CHARS).message).into_response();
    }
    let handle = asked_for.handle.or(data.instance.handle);
    let replace = Replace { instance: id, handle, key, reason: reason.map(str::to_owned) };
    match context.state.control.replace(&context.by(&viewer), &replace).await {
        Ok(command) => Json(Replaced { command }).into_response(),
        Err(error) => refused(&context, error),
    }
}

async fn may_replace(
    context: &Context,
    viewer: &Viewer,
    data: &instance::Data,
) -> Result<(), Box<Response>> {
    let what = (Action::InstanceReplace, paths::instance(&data.instance.id));
    let decided = viewer.may(Permission::Operate, instance::target(data));
    permit(context, viewer, decided, what).await
}

async fn take(context: Context, viewer: Viewer, Path(slug): Path<String>) -> Response {
    let done = own(&context, &viewer, &slug, Some(viewer.user.name.as_str())).await;
    shown(done)
}

async fn release(context: Context, viewer: Viewer, Path(slug): Path<String>) -> Response {
    shown(own(&context, &viewer, &slug, None).await)
}

async fn snooze(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response {
    let minutes = Fields::parse(&body).number("minutes").unwrap_or(-1);
    shown(leave(&context, &viewer, &slug, minutes).await)
}

/// A person goes to the problem's page.
fn shown(done: Result<i64, Box<Response>>) -> Response {
    match done {
        Ok(id) => Redirect::to(&paths::problem(id)).into_response(),
        Err(response) => *response,
    }
}

/// Take a problem: its owner is whoever asks.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/take", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")),
    responses((status = 200, body = ProblemAsked), (status = 404)))]
async fn take_asked(context: Context, viewer: Viewer, Path(slug): Path<String>) -> Response {
    let done = own(&context, &viewer, &slug, Some(viewer.user.name.as_str())).await;
    asked(&context, done).await
}

/// Give a problem back: it has no owner.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/release", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")),
    responses((status = 200, body = ProblemAsked), (status = 404)))]
async fn release_asked(context: Context, viewer: Viewer, Path(slug): Path<String>) -> Response {
    let done = own(&context, &viewer, &slug, None).await;
    asked(&context, done).await
}

/// Leave a problem alone for a while.
#[utoipa::path(post, path = "/api/v1/attention/{id}/do/snooze", tag = "estate",
    params(("id" = String, Path, description = "`at-1042`")), request_body = Snooze,
    responses((status = 200, body = ProblemAsked), (status = 404),
        (status = 422, body = Problem)))]
async fn snooze_asked(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    Sent(asked_for): Sent<Snooze>,
) -> Response {
    let done = leave(&context, &viewer, &slug, asked_for.minutes).await;
    asked(&context, done).await
}

/// A program is told the problem as it stands now.
async fn asked(context: &Context, done: Result<i64, Box<Response>>) -> Response {
    let id = match done {
        Ok(id) => id,
        Err(response) => return *response,
    };
    match problems::get(context.state.control.store.acts(), id).await {
        Ok(Some(record)) => {
            let problem = ProblemRow::of(&record, &context.state.control.snapshot().estate);
            Json(ProblemAsked { problem }).into_response()
        }
        Ok(None) => not_found(context),
        Err(error) => store_failed(context, &error),
    }
}

/// Gives a problem an owner, or with `None` gives it back; its id.
async fn own(
    context: &Context,
    viewer: &Viewer,
    slug: &str,
    owner: Option<&str>,
) -> Result<i64, Box<Response>> {
    let action = if owner.is_some() { Action::ProblemTake } else { Action::ProblemRelease };
    let id = may_own(context, viewer, slug, action).await?;
    let done = context.state.control.own_problem(&context.by(viewer), id, owner).await;
    done.map(|()| id).map_err(|error| Box::new(refused(context, error)))
}

async fn leave(
    context: &Context,
    viewer: &Viewer,
    slug: &str,
    minutes: i64,
) -> Result<i64, Box<Response>> {
    let id = may_own(context, viewer, slug, Action::ProblemSnooze).await?;
    let done = context.state.control.snooze_problem(&context.by(viewer), id, minutes).await;
    done.map(|()| id).map_err(|error| Box::new(refused(context, error)))
}

/// The id of a problem that is the viewer's to say something about.
async fn may_own(
    context: &Context,
    viewer: &Viewer,
    slug: &str,
    action: Action,
) -> Result<i64, Box<Response>> {
    let record = find_problem(context, slug).await?;
    let places = record.problem.places(&context.snapshot.estate.fleet);
    let decided = places.operated_by(&viewer.grants);
    permit(context, viewer, decided, (action, paths::problem(record.id))).await?;
    Ok(record.id)
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
