//! What people and programs ask of an event that stands.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::planned::one::Typed;
use mainstay_app::text;
use mainstay_app::ui::form::Mistake;
use mainstay_control::access::random;
use mainstay_control::planned::{PlannedError, Request};
use mainstay_core::access::Permission;
use mainstay_core::approval::Approval;
use mainstay_core::audit::Action;
use mainstay_core::planned::PlannedEvent;
use mainstay_core::planned::check::Check;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::{not_found, store_failed};
use super::{Asked, Reach, find, load, may, refused, said, show_one};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// What may be asked, by the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Tick,
    Start,
    End,
    Cancel,
}

macro_rules! verbs {
    ($routes:expr, $($verb:ident $action:ident $name:literal;)*) => {
        $routes$(
            .post(
                Permission::Operate,
                Action::$action,
                concat!("/events/{id}/do/", $name),
                async |context: Context, viewer: Viewer, Path(id): Path<String>, body: Bytes| {
                    sent(context, viewer, id, Verb::$verb, body).await
                },
            )
            .post(
                Permission::Operate,
                Action::$action,
                concat!("/api/v1/events/{id}/do/", $name),
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
    let (act, waive) = (Permission::Operate, Action::EventWaive);
    let routes = Routes::new().post(act, waive, "/events/{id}/do/waive", waive_sent).post(
        act,
        waive,
        "/api/v1/events/{id}/do/waive",
        waive_asked,
    );
    verbs!(routes,
        Tick EventTick "tick";
        Start EventStart "start";
        End EventEnd "end";
        Cancel EventCancel "cancel";
    )
}

/// What a program asks of an event.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = EventAsk)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ask {
    /// New for each request: the same again gives the first answer. Without it, one is made.
    pub key: Option<String>,
    /// The revision that was seen; refused when it is another one by now.
    pub revision: Option<i64>,
    /// Of a tick and a waiver: the check, by its name.
    #[schema(value_type = Option<String>)]
    pub check: Option<Check>,
    /// Of a tick: what was looked at; of an end: how it went.
    pub note: Option<String>,
    /// Of a cancellation and a waiver: why, at least 10 characters.
    pub reason: Option<String>,
    /// Of a waiver: until when it counts, at most 7 days ahead.
    pub until: Option<DateTime<Utc>>,
}

/// What waits for a second person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EventWaived)]
pub(crate) struct Waived {
    #[schema(value_type = Object)]
    pub approval: Approval,
}

const fn action(verb: Verb) -> Action {
    match verb {
        Verb::Tick => Action::EventTick,
        Verb::Start => Action::EventStart,
        Verb::End => Action::EventEnd,
        Verb::Cancel => Action::EventCancel,
    }
}

/// What is asked for; `None`: a tick of no check.
fn request(verb: Verb, check: Option<Check>, words: &str) -> Option<Request> {
    let words = words.to_owned();
    Some(match verb {
        Verb::Tick => Request::Tick { check: check?, note: words },
        Verb::Start => Request::Start,
        Verb::End => Request::End { note: words },
        Verb::Cancel => Request::Cancel { why: words },
    })
}

/// The event, if the viewer may do this to it.
async fn permitted(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    action: Action,
) -> Result<PlannedEvent, Box<Response>> {
    let event = find(context, id).await?;
    let reach = Reach::of(context, &event.content);
    may(context, viewer, &reach, (action, event.path())).await?;
    Ok(event)
}

fn no_check() -> PlannedError {
    let names: Vec<_> = Check::ALL.iter().map(|check| check.name()).collect();
    PlannedError::Form(format!("write a check: {}", names.join(", ")))
}

fn typed(fields: &Fields) -> Typed {
    let own = |name: &str| fields.text(name).to_owned();
    Typed {
        check: own("check"),
        note: own("note"),
        waive: own("waive"),
        reason: own("reason"),
        until: own("until"),
        why: own("why"),
        said: own("said"),
    }
}

async fn sent(context: Context, viewer: Viewer, id: String, verb: Verb, body: Bytes) -> Response {
    let event = match permitted(&context, &viewer, &id, action(verb)).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    let fields = Fields::parse(&body);
    let field = match verb {
        Verb::Tick => "note",
        Verb::Cancel => "why",
        Verb::Start | Verb::End => "said",
    };
    let words = if verb == Verb::Start { "" } else { fields.text(field) };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let answer = match request(verb, Check::from_name(fields.text("check")), words) {
        Some(request) => {
            let (revision, key) = (fields.number("revision"), fields.text("key"));
            control.ask_event(&by, event.id, request, revision, key).await
        }
        None => Err(no_check()),
    };
    match answer {
        Ok(event) => Redirect::to(&event.path()).into_response(),
        Err(error) => again(&context, &id, typed(&fields), field, &error).await,
    }
}

/// The page again with what is wrong; all that was typed stays.
async fn again(
    context: &Context,
    id: &str,
    typed: Typed,
    field: &str,
    error: &PlannedError,
) -> Response {
    match error {
        PlannedError::Store(error) => return store_failed(context, error),
        PlannedError::NotFound => return not_found(context),
        PlannedError::Mistakes(_)
        | PlannedError::Form(_)
        | PlannedError::Refused(_)
        | PlannedError::Changed(_) => {}
    }
    let mut data = match load(context, id).await {
        Ok(data) => data,
        Err(response) => return *response,
    };
    let (status, words) = said(error);
    data.typed = typed;
    data.mistakes = vec![Mistake::new(field, words)];
    show_one(context, status, &data)
}

/// Asks something of an event: `tick`, `start`, `end` or `cancel`.
#[utoipa::path(post, path = "/api/v1/events/{id}/do/{verb}", tag = "events",
    params(("id" = String, Path), ("verb" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Asked), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
#[expect(dead_code, reason = "the description of several routes at once")]
pub(super) async fn asked_doc() {}

async fn asked(context: Context, viewer: Viewer, id: String, verb: Verb, ask: Ask) -> Response {
    let event = match permitted(&context, &viewer, &id, action(verb)).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    let words = if verb == Verb::Cancel { ask.reason } else { ask.note }.unwrap_or_default();
    let Some(request) = request(verb, ask.check, &words) else {
        return refused(&context, &no_check());
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let key = ask.key.unwrap_or_else(random);
    match control.ask_event(&by, event.id, request, ask.revision, &key).await {
        Ok(event) => Json(Asked { event }).into_response(),
        Err(error) => refused(&context, &error),
    }
}

async fn waive_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let event = match permitted(&context, &viewer, &id, Action::EventWaive).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    let fields = Fields::parse(&body);
    let Some(until) = text::read_moment(fields.text("until")) else {
        let error = PlannedError::Form("write the end like 2026-12-24 18:00, in UTC".to_owned());
        return again(&context, &id, typed(&fields), "until", &error).await;
    };
    let Some(check) = Check::from_name(fields.text("waive")) else {
        return again(&context, &id, typed(&fields), "waive", &no_check()).await;
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let asked = (check, fields.text("reason"), until);
    match control.waive_check(&by, event.id, asked, fields.text("key")).await {
        Ok(approval) => Redirect::to(&approval.path()).into_response(),
        Err(error) => {
            let field = match &error {
                PlannedError::Refused(refusal) => refusal.field().unwrap_or("waive"),
                PlannedError::Form(_)
                | PlannedError::Mistakes(_)
                | PlannedError::NotFound
                | PlannedError::Changed(_)
                | PlannedError::Store(_) => "reason",
            };
            again(&context, &id, typed(&fields), field, &error).await
        }
    }
}

/// Asks a second person to let an event go without a check.
#[utoipa::path(post, path = "/api/v1/events/{id}/do/waive", tag = "events",
    params(("id" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Waived), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn waive_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<Ask>,
) -> Response {
    let event = match permitted(&context, &viewer, &id, Action::EventWaive).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    let (Some(check), Some(until)) = (ask.check, ask.until) else {
        let detail = "Write the check and the end of its waiver.".to_owned();
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let asked = (check, ask.reason.as_deref().unwrap_or_default(), until);
    match control.waive_check(&by, event.id, asked, &ask.key.unwrap_or_else(random)).await {
        Ok(approval) => Json(Waived { approval }).into_response(),
        Err(error) => refused(&context, &error),
    }
}
