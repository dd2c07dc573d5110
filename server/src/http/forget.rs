//! Forgetting a data centre: the review, the form and the same for programs.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::forget::{self as page, Data, Typed};
use mainstay_app::paths;
use mainstay_control::act::REASON_MAX_CHARS;
use mainstay_control::fleet::REASON_MIN_CHARS;
use mainstay_control::forget::ForgetError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::id::DatacenterId;
use mainstay_store::StoreError;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

/// Fewest and most characters of a reason.
const REASON: (usize, usize) = (REASON_MIN_CHARS, REASON_MAX_CHARS);

pub fn routes() -> Routes {
    let (read, manage) = (Permission::ReadEstate, Permission::ManageFleet);
    let forget = Action::DatacenterForget;
    Routes::new()
        .get(read, "/dc/{datacenter}/do/forget", review)
        .post(manage, forget, "/dc/{datacenter}/do/forget", sent)
        .post(manage, forget, "/api/v1/datacenters/{datacenter}/do/forget", asked)
}

#[derive(OpenApi)]
#[openapi(paths(asked), components(schemas(Forget)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What is typed to forget a data centre.
#[derive(Debug, Deserialize, ToSchema)]
struct Forget {
    /// The data centre's id once more.
    #[serde(default)]
    name: String,
    /// Why, for the audit log: 10 to 500 characters.
    #[serde(default)]
    reason: String,
}

async fn review(context: Context, Path(id): Path<String>) -> Response {
    match data(&context, &id, Typed::default()) {
        Some(data) => answer(&context, StatusCode::OK, &data),
        None => not_found(&context),
    }
}

async fn sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Form(typed): Form<Forget>,
) -> Response {
    match forget(&context, &viewer, &id, typed).await {
        Ok(id) => Redirect::to(&paths::datacenter(&id)).into_response(),
        Err(Stop::NotFound) => not_found(&context),
        Err(Stop::Refused(reason)) => failed(&context, &Failure::Refused { reason }),
        Err(Stop::Mistakes(data)) => answer(&context, StatusCode::UNPROCESSABLE_ENTITY, &data),
        Err(Stop::Conflict(detail)) => failed(&context, &Failure::Conflict { detail }),
        Err(Stop::Store(error)) => store_failed(&context, &error),
    }
}

/// Forgets a data centre that is gone for good: retired in the fleet, and silent for 15 minutes.
#[utoipa::path(post, path = "/api/v1/datacenters/{datacenter}/do/forget", tag = "estate",
    params(("datacenter" = String, Path)),
    request_body = Forget,
    responses((status = 204), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
async fn asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(typed): Sent<Forget>,
) -> Response {
    let (status, detail) = match forget(&context, &viewer, &id, typed).await {
        Ok(_) => return StatusCode::NO_CONTENT.into_response(),
        Err(Stop::NotFound) => return not_found(&context),
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

/// Why nothing was forgotten, in words.
enum Stop {
    NotFound,
    Refused(String),
    /// The form as it was typed, with what is wrong.
    Mistakes(Box<Data>),
    Conflict(String),
    Store(StoreError),
}

async fn forget(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    Forget { name, reason }: Forget,
) -> Result<DatacenterId, Stop> {
    let mut data = data(context, id, Typed { name, reason }).ok_or(Stop::NotFound)?;
    if let Some(reason) = page::refusal(&data.datacenter, &context.reader()) {
        return Err(Stop::Refused(reason));
    }
    data.mistakes = page::mistakes(&data, REASON);
    if !data.mistakes.is_empty() {
        return Err(Stop::Mistakes(Box::new(data)));
    }
    let (by, reason) = (context.by(viewer), data.typed.reason.trim());
    let forgotten = context.state.control.forget_datacenter(&by, &data.datacenter, reason).await;
    match forgotten {
        Ok(()) => Ok(data.datacenter),
        Err(ForgetError::NotFound) => Err(Stop::NotFound),
        Err(ForgetError::Kept(kept)) => Err(Stop::Conflict(page::sentence(kept, data.at))),
        Err(ForgetError::Changed) => Err(Stop::Conflict(page::changed())),
        Err(ForgetError::Store(error)) => Err(Stop::Store(error)),
    }
}

fn data(context: &Context, id: &str, typed: Typed) -> Option<Data> {
    let id: DatacenterId = id.parse().ok()?;
    page::build(&context.snapshot.estate, &id, typed)
}

fn answer(context: &Context, status: StatusCode, data: &Data) -> Response {
    let (frame, reader) = (Frame::new(page::title(data), Vec::new()), context.reader());
    context.page_as(status, frame, data, || page::view(data, &reader))
}
