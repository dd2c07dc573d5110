//! The fleet for programs; `mainstay fleet apply` is one of them.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mainstay_app::pages::settings::fleet::{BlockedRow, Check, FindingRow, InForce, Summary};
use mainstay_control::act::REASON_MAX_CHARS;
use mainstay_control::fleet::{ApplyError, REASON_MIN_CHARS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::super::page::Context;
use super::super::pages::store_failed;
use super::judge;
use crate::policy::FLEET_BODY_MAX;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::viewer::Viewer;

const MISTAKES: &str = "The file has mistakes; nothing was applied.";

#[derive(OpenApi)]
#[openapi(
    paths(in_force, check, apply),
    components(schemas(
        InForce, Summary, Check, FindingRow, BlockedRow, CheckFleet, ApplyFleet, Answer, Refused,
    ))
)]
struct Description;

/// The description of what is under `/api/v1/fleet`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// A fleet file to judge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckFleet {
    /// The file's text, at most 1 MiB.
    source: String,
}

/// A fleet file to apply.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyFleet {
    /// The file's text, at most 1 MiB.
    pub source: String,
    /// The revision that the difference was shown against; without it, the one in force.
    #[serde(default)]
    pub expected_revision: Option<i64>,
    /// Why, for the audit log: 10 to 500 characters. Not needed for a dry run.
    #[serde(default)]
    pub reason: String,
    /// Only answer what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was applied, or would be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetApplied)]
pub(crate) struct Answer {
    /// False: a dry run, or nothing would change.
    pub applied: bool,
    /// The revision in force after this.
    pub revision: i64,
    pub check: Check,
}

/// Why nothing was applied, with what is in the way.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FleetRefused)]
pub(crate) struct Refused {
    pub status: u16,
    pub title: String,
    pub detail: String,
    #[serde(default)]
    pub check: Option<Check>,
}

/// The fleet in force.
#[utoipa::path(get, path = "/api/v1/fleet", tag = "fleet",
    responses(
        (status = 200, body = InForce),
        (status = 404, body = Problem, description = "no fleet was applied yet"),
    ))]
pub(super) async fn in_force(context: Context) -> Response {
    match super::in_force(&context.state.control).await {
        Ok(Some(in_force)) => Json(in_force).into_response(),
        Ok(None) => {
            let detail = "No fleet was applied yet. Apply one with POST /api/v1/fleet/apply.";
            Problem::new(StatusCode::NOT_FOUND, detail).into_response()
        }
        Err(error) => store_failed(&context, &error),
    }
}

/// Judges a fleet file and says what it would change; changes nothing.
#[utoipa::path(post, path = "/api/v1/fleet/check", tag = "fleet",
    request_body = CheckFleet,
    responses((status = 200, body = Check), (status = 400, body = Problem)))]
pub(super) async fn check(context: Context, body: Body) -> Response {
    match read::<CheckFleet>(body).await {
        Ok(sent) => Json(judge(&context.state.control, &sent.source)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Applies a fleet file, in one audited transaction.
#[utoipa::path(post, path = "/api/v1/fleet/apply", tag = "fleet",
    request_body = ApplyFleet,
    responses(
        (status = 200, body = Answer),
        (status = 400, body = Problem),
        (status = 409, body = Refused, description = "another revision is in force by now, or a \
            removal must wait"),
        (status = 422, body = Refused, description = "the file has mistakes, or there is no \
            reason"),
    ))]
pub(super) async fn apply(context: Context, viewer: Viewer, body: Body) -> Response {
    let sent = match read::<ApplyFleet>(body).await {
        Ok(sent) => sent,
        Err(problem) => return problem.into_response(),
    };
    let control = &context.state.control;
    let check = judge(control, &sent.source);
    let revision = check.revision;
    let reason = sent.reason.trim();
    let length = reason.chars().count();
    // A file with mistakes goes on unless it is a dry run: the refusal is to be audited.
    if sent.dry_run && !check.findings.is_empty() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, MISTAKES, check);
    } else if sent.dry_run || check.is_same() {
        return Json(Answer { applied: false, revision, check }).into_response();
    } else if check.findings.is_empty() && !(REASON_MIN_CHARS..=REASON_MAX_CHARS).contains(&length)
    {
        let detail = format!(
            "Write the `reason`, {REASON_MIN_CHARS} to {REASON_MAX_CHARS} characters; nothing \
             was applied."
        );
        return refused(StatusCode::UNPROCESSABLE_ENTITY, detail, check);
    }
    let reason: String = reason.chars().take(REASON_MAX_CHARS).collect();
    let expected = sent.expected_revision.unwrap_or(revision);
    let by = context.by(&viewer);
    match control.apply_fleet(&by, &sent.source, expected, Some(&reason)).await {
        Ok(revision) => Json(Answer { applied: true, revision, check }).into_response(),
        Err(ApplyError::Same) => Json(Answer { applied: false, revision, check }).into_response(),
        Err(
            error @ (ApplyError::Changed { .. } | ApplyError::Blocked(_) | ApplyError::Moved(_)),
        ) => {
            let detail = format!("Nothing was applied: {error}.");
            refused(StatusCode::CONFLICT, detail, check)
        }
        Err(ApplyError::Findings(_)) => refused(StatusCode::UNPROCESSABLE_ENTITY, MISTAKES, check),
        Err(ApplyError::Store(error)) => store_failed(&context, &error),
    }
}

/// The JSON of a body up to the size of a fleet file; extractors stop at less.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = to_bytes(body, FLEET_BODY_MAX).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than a fleet file may be.")
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("{error}. Send JSON as /api/v1/openapi.json says.");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

fn refused(status: StatusCode, detail: impl Into<String>, check: Check) -> Response {
    let refused = Refused {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        detail: detail.into(),
        check: Some(check),
    };
    let mut response = (status, Json(refused)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}
