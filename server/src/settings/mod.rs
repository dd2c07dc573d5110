//! Settings: plain forms and their pages, and the same as JSON under `/api/v1`.
//!
//! Every change is made by `mainstay_control::access`, which writes its audit entry; the rooms
//! here read forms and answer: 303 to the result, 422 with everything typed kept, 409 when
//! somebody else was first.

mod agents;
mod api;
pub mod form;
mod identities;
mod notifications;
mod pipelines;
mod profile;
mod security;
pub mod store;
mod tokens;
mod users;

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode};
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::settings::{self, NotDone};
use mainstay_app::shell::Message;
use mainstay_app::ui::tone::Tone;
use mainstay_app::{paths, text};
use mainstay_control::access::AccessError;
use mainstay_core::access::{FieldMistake, Permission};

pub use api::openapi;
pub use notifications::openapi as notifications_openapi;
pub use pipelines::openapi as pipelines_openapi;

use crate::http::page::Context;
use crate::http::pages::{failed, not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;

/// Rows of one page of a list.
const PAGE: usize = 100;

pub fn routes() -> Routes {
    Routes::new()
        .get(Permission::OwnAccount, paths::SETTINGS, async || {
            Redirect::to(paths::SETTINGS_PROFILE)
        })
        .merge(profile::routes())
        .merge(security::routes())
        .merge(identities::routes())
        .merge(users::routes())
        .merge(tokens::routes())
        .merge(agents::routes())
        .merge(store::routes())
        .merge(notifications::routes())
        .merge(pipelines::routes())
        .merge(api::routes())
}

/// A form that was not accepted: what to show on its page again.
struct Refused {
    status: StatusCode,
    mistakes: Vec<FieldMistake>,
    message: Option<Message>,
}

impl Refused {
    fn not_done(status: StatusCode, why: NotDone<'_>) -> Self {
        let (strong, detail) = why.words();
        let message = Message { tone: Tone::Warn, strong, detail };
        Self { status, mistakes: Vec::new(), message: Some(message) }
    }

    /// `name` is the object's. An error: there is nothing left to show the form on.
    fn from_error(
        context: &Context,
        error: AccessError,
        name: &str,
    ) -> Result<Self, Box<Response>> {
        Ok(match error {
            AccessError::Mistakes(mistakes) => {
                Self { status: StatusCode::UNPROCESSABLE_ENTITY, mistakes, message: None }
            }
            AccessError::Changed { .. } => {
                Self::not_done(StatusCode::CONFLICT, NotDone::Changed { name })
            }
            AccessError::LastAdmin => {
                Self::not_done(StatusCode::CONFLICT, NotDone::LastAdmin { name })
            }
            AccessError::Approval(refusal) => {
                let detail = text::sentence(&refusal);
                let conflict = Failure::Conflict { detail };
                return Err(Box::new(failed(context, &conflict)));
            }
            AccessError::Wait(wait) => {
                let seconds = u32::try_from(wait.seconds).unwrap_or(u32::MAX);
                Self::not_done(StatusCode::TOO_MANY_REQUESTS, NotDone::Wait { seconds })
            }
            AccessError::Busy(_) => Self::not_done(StatusCode::TOO_MANY_REQUESTS, NotDone::Busy),
            AccessError::NotFound => return Err(Box::new(not_found(context))),
            AccessError::Store(error) => return Err(Box::new(store_failed(context, &error))),
        })
    }

    /// Nothing was refused: the page as it is, perhaps with the result of the form before.
    fn nothing(context: &Context) -> Self {
        Self { status: StatusCode::OK, mistakes: Vec::new(), message: result(context) }
    }

    /// The title, which says when something was refused.
    fn titled(&self, title: String) -> String {
        settings::titled(title, &self.mistakes)
    }
}

/// 303 to a page that says what was done; `done` is one of the words of [`result`].
fn done(path: &str, done: &str) -> Response {
    Redirect::to(&paths::with_query(path, &[("done", done)])).into_response()
}

/// What the form before this page did.
fn result(context: &Context) -> Option<Message> {
    let strong = settings::done(context.query().get("done")?)?;
    Some(Message { tone: Tone::Ok, strong, detail: String::new() })
}

/// A refusal for a program.
fn problem(context: &Context, error: AccessError) -> Response {
    match error {
        AccessError::Mistakes(mistakes) => Problem::mistakes(mistakes).into_response(),
        AccessError::Changed { revision } => {
            let detail = format!(
                "It was changed meanwhile and is at revision {revision} now; read it again."
            );
            let mut response = Problem::new(StatusCode::CONFLICT, detail).into_response();
            if let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
                response.headers_mut().insert(http::header::ETAG, etag);
            }
            response
        }
        AccessError::LastAdmin => {
            let detail = "Nobody who may manage access would be left. Make another admin for \
                          everywhere first.";
            Problem::new(StatusCode::CONFLICT, detail).into_response()
        }
        AccessError::Approval(refusal) => {
            Problem::new(StatusCode::CONFLICT, text::sentence(&refusal)).into_response()
        }
        AccessError::Busy(_) => Problem::wait(3, "Too many passwords at once.").into_response(),
        AccessError::Wait(wait) => Problem::wait(wait.seconds, "Too many tries.").into_response(),
        AccessError::NotFound => not_found(context),
        AccessError::Store(error) => store_failed(context, &error),
    }
}
