//! Why nothing was done, as an answer to a program.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mainstay_app::text;
use mainstay_control::rollouts::RolloutError;
use mainstay_core::approval::ApprovalId;
use mainstay_core::rollout::{Rollout, StartFinding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};
use crate::problem::PROBLEM_JSON;

/// Problem details, with what is in the way.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RolloutRefused)]
pub(crate) struct Refused {
    pub status: u16,
    pub title: String,
    /// Sentences that say what is wrong and what to do.
    pub detail: String,
    /// What is wrong with a start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<StartFinding>,
    /// The rollout as it stands instead of what was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rollout: Option<Rollout>,
    /// Where a second person is asked to allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub approval: Option<ApprovalId>,
}

/// The status of an error that is the asker's to mend.
pub(in crate::http) const fn status(error: &RolloutError) -> StatusCode {
    match error {
        RolloutError::NotFound => StatusCode::NOT_FOUND,
        RolloutError::Findings(_) | RolloutError::Form(_) => StatusCode::UNPROCESSABLE_ENTITY,
        RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Waits { .. }
        | RolloutError::Changed(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. } => StatusCode::CONFLICT,
        RolloutError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Sentences about an error.
pub(in crate::http) fn sentences(error: &RolloutError) -> String {
    match error {
        RolloutError::Findings(findings) => {
            findings.iter().map(text::sentence).collect::<Vec<_>>().join(" ")
        }
        RolloutError::NotFound
        | RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Waits { .. }
        | RolloutError::Changed(_)
        | RolloutError::Form(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. }
        | RolloutError::Store(_) => text::sentence(error),
    }
}

/// The answer to a program.
pub(in crate::http) fn answer(context: &Context, error: RolloutError) -> Response {
    let (status, detail) = (status(&error), sentences(&error));
    let approval = match &error {
        RolloutError::Waits { approval } => Some(*approval),
        RolloutError::NotFound
        | RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Findings(_)
        | RolloutError::Changed(_)
        | RolloutError::Form(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. }
        | RolloutError::Store(_) => None,
    };
    let (findings, rollout) = match error {
        RolloutError::NotFound => return not_found(context),
        RolloutError::Store(error) => return store_failed(context, &error),
        RolloutError::Findings(findings) => (findings, None),
        RolloutError::Changed(conflict) => (Vec::new(), conflict.rollout),
        RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Waits { .. }
        | RolloutError::Form(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. } => (Vec::new(), None),
    };
    let refused = Refused {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        detail,
        findings,
        rollout,
        approval,
    };
    let mut response = (status, axum::Json(refused)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}
