//! What people and programs ask of a run that stands.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::failover::run::Typed;
use mainstay_app::paths;
use mainstay_app::ui::form::Mistake;
use mainstay_control::access::random;
use mainstay_control::failover::FailoverError;
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::failover::request::{Refusal, Request};
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Run, RunId, StepId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};
use super::{Asked, load, may, refused, said, show_run};
use crate::confirm::require_fresh;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// What may be asked, by the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Allow,
    Refuse,
    Pause,
    Resume,
    Retry,
    Skip,
    Stop,
    Override,
    Force,
}

macro_rules! verbs {
    ($routes:expr, $($verb:ident $permission:ident $action:ident $name:literal;)*) => {
        $routes$(
            .post(
                Permission::$permission,
                Action::$action,
                concat!("/failover/runs/{id}/do/", $name),
                async |context: Context, viewer: Viewer, Path(id): Path<String>, body: Bytes| {
                    sent(context, viewer, id, Verb::$verb, body).await
                },
            )
            .post(
                Permission::$permission,
                Action::$action,
                concat!("/api/v1/failover/runs/{id}/do/", $name),
                async |
                    context: Context,
                    viewer: Viewer,
                    Path(id): Path<String>,
                    Sent(ask): Sent<Ask>,
                | {
                    asked(context, viewer, id, Verb::$verb, ask).await
                },
            )
        )*
    };
}

pub(super) fn routes() -> Routes {
    verbs!(Routes::new(),
        Allow Approve FailoverAllow "allow";
        Refuse Refuse FailoverRefuse "refuse";
        Pause Operate FailoverPause "pause";
        Resume Operate FailoverResume "resume";
        Retry Operate FailoverRetry "retry";
        Skip Operate FailoverSkip "skip";
        Stop Operate FailoverStop "stop";
        Override Operate FailoverOverride "override";
        Force Operate FailoverForce "force";
    )
}

/// What a program asks of a run.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = FailoverAsk)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ask {
    /// New for each request: the same again gives the first answer. Without it, one is made.
    pub key: Option<String>,
    /// The revision that was seen; what goes on is refused when it is another one by now.
    pub revision: Option<i64>,
    /// Of a retry or a skip: the step, as in `social/scale/feed-api/fra2`.
    pub step: Option<String>,
    /// Of a skip, a stop, an override, a force and a refusal: why, at least 10 characters.
    pub reason: Option<String>,
    /// Of an override: every safety rule that the run asks about, by its name.
    #[schema(value_type = Vec<String>)]
    pub rules: BTreeSet<Rule>,
    /// Of an override, and of a force that may lose data: nobody else can be reached. It is done
    /// alone, and somebody looks at it afterwards.
    pub emergency: bool,
}

fn request(verb: Verb, ask: &Ask) -> Request {
    let step = StepId(ask.step.clone().unwrap_or_default());
    let reason = ask.reason.as_deref().unwrap_or_default().trim().to_owned();
    let (rules, emergency) = (ask.rules.clone(), ask.emergency);
    match verb {
        Verb::Allow => Request::Allow,
        Verb::Refuse => Request::Refuse { why: reason },
        Verb::Pause => Request::Pause,
        Verb::Resume => Request::Resume,
        Verb::Retry => Request::Retry { step },
        Verb::Skip => Request::Skip { step, reason },
        Verb::Stop => Request::Stop { reason },
        Verb::Override => Request::Override { rules, reason, emergency },
        Verb::Force => Request::Force { reason, emergency },
    }
}

const fn action(verb: Verb) -> Action {
    match verb {
        Verb::Allow => Action::FailoverAllow,
        Verb::Refuse => Action::FailoverRefuse,
        Verb::Pause => Action::FailoverPause,
        Verb::Resume => Action::FailoverResume,
        Verb::Retry => Action::FailoverRetry,
        Verb::Skip => Action::FailoverSkip,
        Verb::Stop => Action::FailoverStop,
        Verb::Override => Action::FailoverOverride,
        Verb::Force => Action::FailoverForce,
    }
}

/// The run, if the viewer may do this to it. Who asked for a run may also take that back.
async fn permitted(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    verb: Verb,
) -> Result<Run, Box<Response>> {
    let Ok(id) = id.parse::<RunId>() else { return Err(Box::new(not_found(context))) };
    let run = match context.state.control.failover(id).await {
        Ok(Some(run)) => run,
        Ok(None) => return Err(Box::new(not_found(context))),
        Err(error) => return Err(Box::new(store_failed(context, &error))),
    };
    let permission = match verb {
        Verb::Allow => Permission::Approve,
        Verb::Refuse if run.started_by == viewer.user.name.as_str() => Permission::Refuse,
        Verb::Refuse => Permission::Approve,
        Verb::Pause
        | Verb::Resume
        | Verb::Retry
        | Verb::Skip
        | Verb::Stop
        | Verb::Override
        | Verb::Force => Permission::Operate,
    };
    let asked = (action(verb), paths::failover_run(id));
    may(context, viewer, permission, &run.plan, asked).await?;
    Ok(run)
}

async fn sent(context: Context, viewer: Viewer, id: String, verb: Verb, body: Bytes) -> Response {
    let run = match permitted(&context, &viewer, &id, verb).await {
        Ok(run) => run,
        Err(response) => return *response,
    };
    if verb == Verb::Allow
        && let Err(response) = require_fresh(&context, &viewer)
    {
        return *response;
    }
    let fields = Fields::parse(&body);
    let ask = Ask {
        step: Some(fields.text("step").to_owned()),
        reason: Some(fields.text("reason").to_owned()),
        rules: fields.all("override").filter_map(Rule::from_name).collect(),
        emergency: fields.ticked("emergency"),
        ..Ask::default()
    };
    let request = request(verb, &ask);
    let (by, control) = (context.by(&viewer), &context.state.control);
    let (revision, key) = (fields.number("revision"), fields.text("key"));
    match control.ask_failover(&by, run.id, &request, revision, key).await {
        Ok(run) => Redirect::to(&paths::failover_run(run.id)).into_response(),
        Err(FailoverError::Waits { approval }) => {
            Redirect::to(&paths::approval(approval)).into_response()
        }
        Err(error @ (FailoverError::NotFound | FailoverError::Store(_))) => {
            refused(&context, error)
        }
        Err(error) => {
            let mut data = match load(&context, &id).await {
                Ok(data) => data,
                Err(response) => return *response,
            };
            let (status, words) = said(&error);
            let reasonless = matches!(&error, FailoverError::Refused(Refusal::NoReason));
            let status = if reasonless { StatusCode::UNPROCESSABLE_ENTITY } else { status };
            let Ask { step, reason, rules, emergency, .. } = ask;
            let text = Option::unwrap_or_default;
            data.typed = Typed { reason: text(reason), step: text(step), rules, emergency };
            data.mistakes = vec![Mistake::new("reason", words)];
            show_run(&context, status, &data)
        }
    }
}

/// Asks something of a run: `allow`, `refuse`, `pause`, `resume`, `retry`, `skip`, `stop`,
/// `override` or `force`.
#[utoipa::path(post, path = "/api/v1/failover/runs/{id}/do/{verb}", tag = "failover",
    params(("id" = String, Path), ("verb" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Asked), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
#[expect(dead_code, reason = "the description of several routes at once")]
pub(super) async fn asked_doc() {}

async fn asked(context: Context, viewer: Viewer, id: String, verb: Verb, ask: Ask) -> Response {
    let run = match permitted(&context, &viewer, &id, verb).await {
        Ok(run) => run,
        Err(response) => return *response,
    };
    let request = request(verb, &ask);
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.ask_failover(&by, run.id, &request, ask.revision, &key).await {
        Ok(run) => Json(Asked { run }).into_response(),
        Err(FailoverError::NotFound) => not_found(&context),
        Err(FailoverError::Store(error)) => store_failed(&context, &error),
        Err(error) => {
            let (status, detail) = said(&error);
            Problem::new(status, detail).into_response()
        }
    }
}
