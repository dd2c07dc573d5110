//! Planning a drill for a time, and cancelling one.

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::failover::list::{self, AT, REASON, TypedDrill, WHAT};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::failover::{FailoverError, Wanted};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::failover::Scope;
use mainstay_core::failover::drill::{Drill, DrillId};
use mainstay_core::id::{GroupId, ServiceId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::start::wanted;
use super::{list_data, may, refused, said, show_list};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let act = Permission::Operate;
    let (plan, cancel) = (Action::FailoverDrillPlan, Action::FailoverDrillCancel);
    Routes::new()
        .post(act, plan, "/failover/do/plan-drill", plan_sent)
        .post(act, plan, "/api/v1/failover/do/plan-drill", plan_asked)
        .post(act, cancel, "/failover/do/cancel-drill", cancel_sent)
        .post(act, cancel, "/api/v1/failover/do/cancel-drill", cancel_asked)
}

/// A drill to plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillPlan)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanAsk {
    /// What goes away: data centres or regions, with commas.
    pub what: String,
    pub at: DateTime<Utc>,
    /// For the audit log: at least 10 characters.
    pub reason: String,
    /// Only this group of it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    /// Only this service of it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    #[serde(default)]
    pub key: Option<String>,
}

/// A drill to cancel.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillCancel)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelAsk {
    /// `dr-12`.
    #[schema(value_type = String)]
    pub drill: DrillId,
    #[serde(default)]
    pub key: Option<String>,
}

/// The drill as it stands then.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillAsked)]
pub(crate) struct DrillAsked {
    #[schema(value_type = Object)]
    pub drill: Drill,
}

/// Why nothing was done.
enum Not {
    Answered(Box<Response>),
    Error(FailoverError),
}

/// Plans it, if the viewer may do that to every group that would move now.
async fn plan(context: &Context, viewer: &Viewer, ask: PlanAsk) -> Result<Drill, Not> {
    let scope = match (ask.group, ask.service) {
        (Some(group), _) => Scope::Group { group },
        (None, Some(service)) => Scope::Service { service },
        (None, None) => Scope::All,
    };
    let wanted = wanted(context, ask.what.trim(), scope);
    let wanted = wanted.map_err(|words| Not::Error(FailoverError::Form(words)))?;
    let control = &context.state.control;
    let planned = control.plan_failover(&wanted).await.map_err(Not::Error)?;
    let what = (Action::FailoverDrillPlan, paths::FAILOVER.to_owned());
    let permitted = may(context, viewer, Permission::Operate, &planned.plan, what).await;
    permitted.map_err(Not::Answered)?;
    let Wanted::Away { lose, scope } = &wanted else {
        return Err(Not::Error(FailoverError::NotFound));
    };
    let key = ask.key.unwrap_or_else(random);
    let by = context.by(viewer);
    control.plan_drill(&by, (lose, scope), ask.at, &ask.reason, &key).await.map_err(Not::Error)
}

async fn plan_sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let field = |name: &str| fields.text(name).to_owned();
    let mut typed = TypedDrill {
        what: field(WHAT),
        at: field(AT),
        reason: field(REASON),
        mistakes: Vec::new(),
    };
    let Some(at) = text::read_moment(&typed.at) else {
        let words = "Write the time like 2026-12-24 18:00, in UTC".to_owned();
        typed.mistakes = vec![Mistake::new(AT, words)];
        return again(&context, typed).await;
    };
    let ask = PlanAsk {
        what: typed.what.clone(),
        at,
        reason: typed.reason.clone(),
        group: None,
        service: None,
        key: Some(field("key")),
    };
    match plan(&context, &viewer, ask).await {
        Ok(_) => Redirect::to(paths::FAILOVER).into_response(),
        Err(Not::Answered(response)) => *response,
        Err(Not::Error(FailoverError::Form(words))) => {
            typed.mistakes = words.iter().map(|it| mistake(it)).collect();
            again(&context, typed).await
        }
        Err(Not::Error(error)) => refused(&context, error),
    }
}

/// The page with what was typed, and what is wrong with it.
async fn again(context: &Context, typed_drill: TypedDrill) -> Response {
    match list_data(context).await {
        Ok(data) => {
            let data = list::Data { typed_drill, ..data };
            show_list(context, StatusCode::UNPROCESSABLE_ENTITY, &data)
        }
        Err(error) => refused(context, error),
    }
}

/// The field that a sentence is about.
fn mistake(words: &str) -> Mistake {
    let field = match words {
        words if words.contains("reason") => REASON,
        words if words.contains("time") => AT,
        _ => WHAT,
    };
    Mistake::new(field, text::sentence(&words))
}

/// Plans a drill for a time; the leader starts it then, if nothing forbids it.
#[utoipa::path(post, path = "/api/v1/failover/do/plan-drill", tag = "failover",
    request_body = PlanAsk,
    responses((status = 200, body = DrillAsked), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn plan_asked(
    context: Context,
    viewer: Viewer,
    Sent(ask): Sent<PlanAsk>,
) -> Response {
    answer(&context, plan(&context, &viewer, ask).await)
}

/// Cancels it, if the viewer may do that to every group that would move now.
async fn cancel(context: &Context, viewer: &Viewer, id: DrillId, key: &str) -> Result<Drill, Not> {
    let control = &context.state.control;
    let store = |error| Not::Error(FailoverError::Store(error));
    let drill = control.drill(id).await.map_err(store)?;
    let Drill { lose, scope, .. } = drill.ok_or(Not::Error(FailoverError::NotFound))?;
    let wanted = Wanted::Away { lose, scope };
    let planned = control.plan_failover(&wanted).await.map_err(Not::Error)?;
    let what = (Action::FailoverDrillCancel, paths::FAILOVER.to_owned());
    let permitted = may(context, viewer, Permission::Operate, &planned.plan, what).await;
    permitted.map_err(Not::Answered)?;
    control.cancel_drill(&context.by(viewer), id, key).await.map_err(Not::Error)
}

async fn cancel_sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let Ok(id) = fields.text("drill").parse::<DrillId>() else {
        return refused(&context, FailoverError::NotFound);
    };
    match cancel(&context, &viewer, id, fields.text("key")).await {
        Ok(_) => Redirect::to(paths::FAILOVER).into_response(),
        Err(Not::Answered(response)) => *response,
        Err(Not::Error(error)) => refused(&context, error),
    }
}

/// Cancels a planned drill.
#[utoipa::path(post, path = "/api/v1/failover/do/cancel-drill", tag = "failover",
    request_body = CancelAsk,
    responses((status = 200, body = DrillAsked), (status = 404), (status = 409, body = Problem)))]
pub(super) async fn cancel_asked(
    context: Context,
    viewer: Viewer,
    Sent(ask): Sent<CancelAsk>,
) -> Response {
    let key = ask.key.unwrap_or_else(random);
    answer(&context, cancel(&context, &viewer, ask.drill, &key).await)
}

fn answer(context: &Context, done: Result<Drill, Not>) -> Response {
    match done {
        Ok(drill) => Json(DrillAsked { drill }).into_response(),
        Err(Not::Answered(response)) => *response,
        Err(Not::Error(error @ (FailoverError::NotFound | FailoverError::Store(_)))) => {
            refused(context, error)
        }
        Err(Not::Error(error)) => {
            let (status, detail) = said(&error);
            Problem::new(status, detail).into_response()
        }
    }
}
