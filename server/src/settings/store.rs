//! The state store: whether it knows what agents carried out, and letting decisions go on.

use axum::Form;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::settings::store::{self as page, Data};
use mainstay_app::paths;
use mainstay_control::act::REASON_MAX_CHARS;
use mainstay_control::fleet::REASON_MIN_CHARS;
use mainstay_control::rewind::GoOnError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::done;
use crate::http::page::{Context, Frame};
use crate::http::pages::{failed, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

/// Fewest and most characters of a reason.
const REASON: (usize, usize) = (REASON_MIN_CHARS, REASON_MAX_CHARS);

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadEstate, Permission::ManageFleet);
    Routes::new()
        .get(read, paths::SETTINGS_STORE, show)
        .get(read, "/api/v1/store", show)
        .post(manage, Action::StoreGoOn, paths::SETTINGS_STORE_GO_ON, sent)
        .post(manage, Action::StoreGoOn, "/api/v1/store/do/go-on", asked)
}

#[derive(OpenApi)]
#[openapi(paths(show, asked), components(schemas(Data, page::Next, GoOn)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What lets decisions go on from what the store knows.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct GoOn {
    /// `found_until` as it was shown: what is found after it is not settled.
    #[serde(default)]
    pub found_until: String,
    /// Why, for the audit log: 10 to 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Decisions that agents carried out and the store does not know, and what would follow.
#[utoipa::path(get, path = "/api/v1/store", tag = "estate",
    responses((status = 200, body = page::Data)))]
async fn show(context: Context) -> Response {
    answer(&context, StatusCode::OK, &page::build(&context.snapshot.estate))
}

fn answer(context: &Context, status: StatusCode, data: &Data) -> Response {
    let (mut frame, reader) = (Frame::new(page::title(data), Vec::new()), context.reader());
    frame.message = super::result(context);
    context.page_as(status, frame, data, || page::view(data, &reader))
}

async fn sent(context: Context, viewer: Viewer, Form(typed): Form<GoOn>) -> Response {
    match go_on(&context, &viewer, &typed).await {
        Ok(_) => done(paths::SETTINGS_STORE, "going-on"),
        Err(Stop::Refused(reason)) => failed(&context, &Failure::Refused { reason }),
        Err(Stop::Mistakes(data)) => answer(&context, StatusCode::UNPROCESSABLE_ENTITY, &data),
        Err(Stop::Conflict(detail)) => failed(&context, &Failure::Conflict { detail }),
        Err(Stop::Store(error)) => store_failed(&context, &error),
    }
}

/// Lets decisions go on from what the store knows.
#[utoipa::path(post, path = "/api/v1/store/do/go-on", tag = "estate",
    request_body = GoOn,
    responses((status = 204), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn asked(context: Context, viewer: Viewer, Sent(typed): Sent<GoOn>) -> Response {
    let (status, detail) = match go_on(&context, &viewer, &typed).await {
        Ok(_) => return StatusCode::NO_CONTENT.into_response(),
        Err(Stop::Store(error)) => return store_failed(&context, &error),
        Err(Stop::Refused(reason)) => (StatusCode::FORBIDDEN, reason),
        Err(Stop::Conflict(detail)) => (StatusCode::CONFLICT, detail),
        Err(Stop::Mistakes(data)) => {
            let sentences: Vec<_> = data.mistakes.iter().map(|m| m.message.as_str()).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, sentences.join(" "))
        }
    };
    Problem::new(status, detail).into_response()
}

/// Why nothing was done, in words.
enum Stop {
    Refused(String),
    /// The form as it was typed, with what is wrong.
    Mistakes(Box<Data>),
    Conflict(String),
    Store(mainstay_store::StoreError),
}

async fn go_on(context: &Context, viewer: &Viewer, typed: &GoOn) -> Result<u64, Stop> {
    if let Some(reason) = page::refusal(&context.reader()) {
        return Err(Stop::Refused(reason));
    }
    let mut data = page::build(&context.snapshot.estate);
    data.mistakes = page::mistakes(&typed.reason, REASON);
    if !data.mistakes.is_empty() {
        data.reason.clone_from(&typed.reason);
        return Err(Stop::Mistakes(Box::new(data)));
    }
    // A moment that cannot be read is none that was shown.
    let Ok(until) = typed.found_until.parse::<DateTime<Utc>>() else {
        return Err(Stop::Conflict(page::conflict(true)));
    };
    let (by, reason) = (context.by(viewer), typed.reason.trim());
    match context.state.control.go_on(&by, reason, until).await {
        Ok(settled) => Ok(settled),
        Err(GoOnError::Nothing) => Err(Stop::Conflict(page::conflict(false))),
        Err(GoOnError::Changed) => Err(Stop::Conflict(page::conflict(true))),
        Err(GoOnError::Store(error)) => Err(Stop::Store(error)),
    }
}
