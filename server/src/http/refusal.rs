//! Problems as pages for people: what a program would be told, in the shell of whoever asked.

use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use mainstay_app::pages::error::{self, Failure};
use mainstay_app::text::{self, speak};

use super::page::{Context, Frame};
use crate::language;
use crate::problem::Problem;
use crate::state::AppState;
use crate::viewer::Viewer;

/// The page of a problem.
pub fn problem(
    state: &AppState,
    parts: &Parts,
    viewer: Option<Viewer>,
    problem: &Problem,
) -> Response {
    let language = language::of(viewer.as_ref(), parts.uri.path(), &parts.headers);
    speak(language, || page(&Context::new(state, viewer, parts), problem))
}

fn page(context: &Context, problem: &Problem) -> Response {
    let failure = failure(context, problem);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reference = context.request.as_ref().map(ToString::to_string);
    let frame = Frame::new(error::title(&failure), Vec::new());
    context.html(status, frame, || error::view(&failure, reference.as_deref()))
}

fn failure(context: &Context, problem: &Problem) -> Failure {
    if let Some(failure) = &problem.failure {
        return failure.clone();
    }
    let detail = problem.detail.clone().unwrap_or_default();
    match (problem.status, &problem.refusal) {
        (401, _) => Failure::SignIn { next: context.path().to_owned() },
        (_, Some(refusal)) => Failure::Refused { reason: text::refusal(refusal) },
        (404, None) => Failure::NotFound { path: context.uri.path().to_owned() },
        (409, None) => Failure::Conflict { detail },
        (422, None) => Failure::Unfit { detail },
        (429, None) => Failure::TooMany,
        (500, None) => Failure::Broken,
        (503, None) => Failure::StoreAway,
        (status, None) => Failure::Other { status, detail },
    }
}
