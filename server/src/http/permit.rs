//! Whether a viewer may do something to a thing. The guard knows addresses only; what is behind
//! one, and whose it is, is known here.
//!
//! Invariant: a refusal is written down before it is answered.

use axum::response::{IntoResponse, Response};
use mainstay_app::pages::error::Failure;
use mainstay_app::text;
use mainstay_core::access::Refusal;
use mainstay_core::audit::Action;

use super::page::Context;
use super::pages::{failed, store_failed};
use crate::problem::Problem;
use crate::viewer::Viewer;

/// The answer to a viewer who may not; what [`Viewer::may`] or [`Viewer::may_all`] decided.
pub(super) async fn permit(
    context: &Context,
    viewer: &Viewer,
    decided: Result<(), Refusal>,
    (action, object): (Action, String),
) -> Result<(), Box<Response>> {
    let Err(refusal) = decided else { return Ok(()) };
    let (by, access) = (context.by(viewer), &context.state.control.access);
    if let Err(error) = access.refused(&by, action, object, &refusal).await {
        return Err(Box::new(store_failed(context, &error)));
    }
    if context.wants_json() {
        return Err(Box::new(Problem::refused(refusal).into_response()));
    }
    let reason = text::refusal(&refusal);
    Err(Box::new(failed(context, &Failure::Refused { reason })))
}
