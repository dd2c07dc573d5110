//! Closing and opening the gates before a start.

use axum::body::Bytes;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::failover::list::{self, TypedGate};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::failover::FailoverError;
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::failover::rules::Rule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::permit::permit;
use super::{list_data, refused, said, show_list};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (act, gate) = (Permission::Operate, Action::FailoverGate);
    Routes::new()
        .post(act, gate, "/failover/do/close-gate", close_sent)
        .post(act, gate, "/api/v1/failover/do/close-gate", close_asked)
        .post(act, gate, "/failover/do/open-gate", open_sent)
        .post(act, gate, "/api/v1/failover/do/open-gate", open_asked)
}

/// A gate to close.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GateClose)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseAsk {
    /// `lock` or `freeze`.
    #[schema(value_type = String)]
    pub gate: Rule,
    /// For the audit log: at least 10 characters.
    pub reason: String,
    /// Of a freeze: when it ends.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    #[serde(default)]
    pub key: Option<String>,
}

/// A gate to open.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GateOpen)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenAsk {
    #[schema(value_type = String)]
    pub gate: Rule,
    #[serde(default)]
    pub key: Option<String>,
}

/// Whether the viewer may; gates are of the whole fleet.
async fn may(context: &Context, viewer: &Viewer) -> Result<(), Box<Response>> {
    let what = (Action::FailoverGate, paths::FAILOVER.to_owned());
    permit(context, viewer, viewer.may(Permission::Operate, Target::default()), what).await
}

/// `2026-12-24 18:00` or RFC 3339; empty: none.
fn moment(typed: &str) -> Result<Option<DateTime<Utc>>, Mistake> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let wrong = || Mistake::new("until", "Write the end like 2026-12-24 18:00, in UTC".to_owned());
    text::read_moment(typed).map(Some).ok_or_else(wrong)
}

async fn close_sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    if let Err(response) = may(&context, &viewer).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let typed = TypedGate {
        gate: fields.text("gate").to_owned(),
        reason: fields.text("reason").to_owned(),
        until: fields.text("until").to_owned(),
    };
    let rule = Rule::from_name(&typed.gate);
    let mistakes = match (rule, moment(&typed.until)) {
        (None, _) => vec![Mistake::new("gate", "Choose lock or freeze".to_owned())],
        (Some(_), Err(mistake)) => vec![mistake],
        (Some(rule), Ok(until)) => {
            let (by, control) = (context.by(&viewer), &context.state.control);
            let key = fields.text("key");
            match control.close_gate(&by, rule, &typed.reason, until, key).await {
                Ok(()) => return Redirect::to(paths::FAILOVER).into_response(),
                Err(FailoverError::Form(words)) => words.iter().map(|it| mistake(it)).collect(),
                Err(error) => return refused(&context, error),
            }
        }
    };
    match list_data(&context).await {
        Ok(data) => {
            let data = list::Data { typed, mistakes, ..data };
            show_list(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
        }
        Err(error) => refused(&context, error),
    }
}

fn mistake(words: &str) -> Mistake {
    let field = if words.contains("freeze") { "until" } else { "reason" };
    Mistake::new(field, text::sentence(&words))
}

/// Closes a gate: no failover starts without naming it.
#[utoipa::path(post, path = "/api/v1/failover/do/close-gate", tag = "failover",
    request_body = CloseAsk,
    responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn close_asked(
    context: Context,
    viewer: Viewer,
    Sent(ask): Sent<CloseAsk>,
) -> Response {
    if let Err(response) = may(&context, &viewer).await {
        return *response;
    }
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    answer(&context, control.close_gate(&by, ask.gate, &ask.reason, ask.until, &key).await)
}

async fn open_sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    if let Err(response) = may(&context, &viewer).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let Some(rule) = Rule::from_name(fields.text("gate")) else {
        return refused(&context, FailoverError::Form(vec!["write lock or freeze".to_owned()]));
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.open_gate(&by, rule, fields.text("key")).await {
        // Somebody was faster.
        Ok(()) | Err(FailoverError::NotFound) => Redirect::to(paths::FAILOVER).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// Opens a gate.
#[utoipa::path(post, path = "/api/v1/failover/do/open-gate", tag = "failover",
    request_body = OpenAsk,
    responses((status = 204), (status = 404)))]
pub(super) async fn open_asked(
    context: Context,
    viewer: Viewer,
    Sent(ask): Sent<OpenAsk>,
) -> Response {
    if let Err(response) = may(&context, &viewer).await {
        return *response;
    }
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    answer(&context, control.open_gate(&by, ask.gate, &key).await)
}

fn answer(context: &Context, done: Result<(), FailoverError>) -> Response {
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error @ (FailoverError::NotFound | FailoverError::Store(_))) => refused(context, error),
        Err(error) => {
            let (status, detail) = said(&error);
            Problem::new(status, detail).into_response()
        }
    }
}
