//! What people and programs say of an outage.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::availability::outage::{self as page, Typed, Unreadable};
use mainstay_app::pages::error::Failure;
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::availability::{AvailabilityError, Correct};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{self as core, OutageId, Refused};
use mainstay_core::failover::RunId;
use mainstay_core::rollout::RolloutId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::{failed, not_found, store_failed};
use super::super::permit::permit;
use super::{load_outage, show_outage};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (act, action) = (Permission::Operate, Action::OutageCorrect);
    Routes::new().post(act, action, "/availability/outages/{id}/do/correct", sent).post(
        act,
        action,
        "/api/v1/availability/outages/{id}/do/correct",
        corrected,
    )
}

/// What an outage was. What is left out is told of it no more.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OutageCorrection)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    /// As R25 tells them apart, `infrastructure-down`; absent: not told.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub cause: Option<Cause>,
    /// Whether it counts in what is net of planned work.
    #[serde(default = "counts")]
    pub counted: bool,
    /// `12` for `at-12`.
    #[serde(default)]
    pub problem: Option<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub rollout: Option<RolloutId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// For auditors: at least 10 characters.
    pub reason: String,
    /// How many corrections there were when this was written.
    #[serde(default)]
    pub corrections: u32,
    /// One-time key: the same under the same key is done once.
    #[serde(default)]
    pub key: Option<String>,
}

const fn counts() -> bool {
    true
}

/// The correction as it stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = OutageCorrected)]
pub(crate) struct Corrected {
    #[schema(value_type = String)]
    pub outage: OutageId,
    #[schema(value_type = Object)]
    pub correction: core::Correction,
}

/// Whether the viewer may: at every group that the outage hit. A refusal is written down.
async fn may(context: &Context, viewer: &Viewer, data: &page::Data) -> Result<(), Box<Response>> {
    let groups = data.groups().iter();
    let targets = groups.map(|id| Target { group: Some(id), datacenter: None });
    let what = (Action::OutageCorrect, data.outage.href.clone());
    permit(context, viewer, viewer.may_all(Permission::Operate, targets), what).await
}

async fn sent(context: Context, viewer: Viewer, Path(slug): Path<String>, body: Bytes) -> Response {
    let mut data = match load_outage(&context, &slug).await {
        Ok(data) => data,
        Err(response) => return *response,
    };
    if let Err(response) = may(&context, &viewer, &data).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let typed = Typed {
        cause: fields.text("cause").to_owned(),
        excluded: fields.text("excluded").to_owned(),
        problem: fields.text("problem").trim().to_owned(),
        rollout: fields.text("rollout").trim().to_owned(),
        run: fields.text("run").trim().to_owned(),
        reason: fields.text("reason").to_owned(),
        corrections: fields.text("corrections").parse().unwrap_or_default(),
    };
    let mistakes = match read(&typed) {
        Err(mistakes) => mistakes,
        Ok(correct) => {
            let (by, control) = (context.by(&viewer), &context.state.control);
            let id = data.id();
            match control.correct_outage(&by, id, &correct, fields.text("key")).await {
                Ok(_) => return Redirect::to(&paths::availability_outage(id)).into_response(),
                Err(error @ (AvailabilityError::Refused(_) | AvailabilityError::Form(_))) => {
                    vec![mistake(&error)]
                }
                Err(error) => return refused(&context, &error),
            }
        }
    };
    data.typed = typed;
    data.mistakes = mistakes;
    show_outage(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
}

/// What was typed, or all that is wrong with it.
fn read(typed: &Typed) -> Result<Correct, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let cause = Cause::from_name(&typed.cause);
    if cause.is_none() && !typed.cause.is_empty() {
        mistakes.push(Unreadable::Cause.mistake());
    }
    let problem = paths::problem_id(&typed.problem);
    if problem.is_none() && !typed.problem.is_empty() {
        mistakes.push(Unreadable::Problem.mistake());
    }
    let rollout = typed.rollout.parse::<RolloutId>().ok();
    if rollout.is_none() && !typed.rollout.is_empty() {
        mistakes.push(Unreadable::Rollout.mistake());
    }
    let run = typed.run.parse::<RunId>().ok();
    if run.is_none() && !typed.run.is_empty() {
        mistakes.push(Unreadable::Run.mistake());
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Correct {
        cause,
        counted: typed.excluded.is_empty(),
        problem,
        rollout,
        run,
        reason: typed.reason.clone(),
        corrections: typed.corrections,
    })
}

/// The field that an error is about.
fn mistake(error: &AvailabilityError) -> Mistake {
    let words = error.to_string();
    let field = match error {
        AvailabilityError::Refused(Refused::NoReason | Refused::LongReason) => "reason",
        AvailabilityError::Refused(Refused::GapCounts) => "excluded",
        AvailabilityError::Form(_) if words.contains("rollout") => "rollout",
        AvailabilityError::Form(_) if words.contains("failover") => "run",
        AvailabilityError::Form(_) => "problem",
        AvailabilityError::Refused(Refused::Same)
        | AvailabilityError::NotFound
        | AvailabilityError::Changed
        | AvailabilityError::Store(_) => "cause",
    };
    Mistake::new(field, text::sentence(&words))
}

/// Says what an outage was: a new entry on top of what stands.
#[utoipa::path(post, path = "/api/v1/availability/outages/{id}/do/correct", tag = "availability",
    params(("id" = String, Path, description = "`ou-12`")), request_body = Correction,
    responses((status = 200, body = Corrected), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn corrected(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    Sent(ask): Sent<Correction>,
) -> Response {
    let data = match load_outage(&context, &slug).await {
        Ok(data) => data,
        Err(response) => return *response,
    };
    if let Err(response) = may(&context, &viewer, &data).await {
        return *response;
    }
    let correct = Correct {
        cause: ask.cause,
        counted: ask.counted,
        problem: ask.problem,
        rollout: ask.rollout,
        run: ask.run,
        reason: ask.reason,
        corrections: ask.corrections,
    };
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.correct_outage(&by, data.id(), &correct, &key).await {
        Ok(correction) => Json(Corrected { outage: data.id(), correction }).into_response(),
        Err(error) => refused(&context, &error),
    }
}

/// The answer where nothing was said.
fn refused(context: &Context, error: &AvailabilityError) -> Response {
    let status = match error {
        AvailabilityError::Store(error) => return store_failed(context, error),
        AvailabilityError::NotFound => return not_found(context),
        AvailabilityError::Refused(_) | AvailabilityError::Form(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        AvailabilityError::Changed => StatusCode::CONFLICT,
    };
    let detail = text::sentence(error);
    if context.wants_json() {
        return Problem::new(status, detail).into_response();
    }
    failed(context, &Failure::Conflict { detail })
}
