//! What delivery pipelines send: taken if it is signed by a source that is known here.
//!
//! Must not: say which part of a message that is not a source's is wrong, nor whether there is such
//! a source.

use std::net::SocketAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use mainstay_control::pipelines::{HookError, Message, Taken};
use mainstay_core::audit::Action;
use mainstay_core::pipeline::{BODY_MAX_BYTES, Report, Verdict};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::page::Context;
use super::pages::store_failed;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sign_in::client;

pub fn routes() -> Routes {
    let hook = "/hooks/pipelines/{source}";
    Routes::new().hook(Action::PipelineReport, hook, BODY_MAX_BYTES, taken)
}

#[derive(OpenApi)]
#[openapi(paths(taken), components(schemas(Answer)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PipelineAnswer)]
struct Answer {
    /// `taken`, `known`, `already taken` or `left`.
    result: &'static str,
    /// Why it was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<Report>,
}

impl Answer {
    const fn bare(result: &'static str) -> Self {
        Self { result, why: None, report: None }
    }
}

/// Report a run of a pipeline: as GitHub, as GitLab, or signed as Standard Webhooks say.
#[utoipa::path(post, path = "/hooks/pipelines/{source}", tag = "pipelines",
    params(("source" = String, Path, description = "`ps-3`")),
    request_body(content = Object, description = "of a generic source: repository, commit, status \
        (passed, failed, running), finished_at, and as far as there are any pipeline, branch, url, \
        service, version"),
    responses((status = 200, body = Answer), (status = 202, body = Answer), (status = 401),
        (status = 413), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn taken(
    context: Context,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let from = client(peer.ip(), &headers, context.state.web.secure);
    let request = context.request.as_ref().map(ToString::to_string);
    let message = message(&headers, &body);
    let control = &context.state.control;
    match control.take_pipeline_message(source.parse().ok(), &message, from, request).await {
        Ok(Taken::Already) => Json(Answer::bare("already taken")).into_response(),
        Ok(Taken::Now(verdict)) => told(verdict),
        Err(error @ (HookError::NotSigned | HookError::Stale)) => {
            Problem::new(StatusCode::UNAUTHORIZED, mainstay_app::text::sentence(&error))
                .into_response()
        }
        Err(HookError::Wait(seconds)) => {
            Problem::wait(seconds, "Too many messages.").into_response()
        }
        Err(HookError::Store(error)) => store_failed(&context, &error),
    }
}

fn message(headers: &HeaderMap, body: &Bytes) -> Message {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let event = header("x-github-event").or_else(|| header("x-gitlab-event"));
    Message {
        event: event.unwrap_or_default(),
        delivery: header("x-github-delivery")
            .or_else(|| header("idempotency-key"))
            .or_else(|| header("x-gitlab-event-uuid")),
        hub_signature: header("x-hub-signature-256"),
        token: header("x-gitlab-token"),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: body.to_vec(),
    }
}

fn told(verdict: Verdict) -> Response {
    match verdict {
        Verdict::Taken { report } => {
            Json(Answer { report: Some(report), ..Answer::bare("taken") }).into_response()
        }
        Verdict::Known { report } => {
            Json(Answer { report: Some(report), ..Answer::bare("known") }).into_response()
        }
        Verdict::Left { why } => {
            let answer = Answer { why: Some(why), ..Answer::bare("left") };
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Verdict::Refused { why, .. } => {
            let detail = mainstay_app::text::sentence(&why);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response()
        }
    }
}
