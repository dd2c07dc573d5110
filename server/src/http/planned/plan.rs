//! Planning an event and changing one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::planned::{Typed, plan as page};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::planned::{PlannedError, Request};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::planned::{Content, EventId, PlannedEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{not_found, store_failed};
use super::{Asked, Reach, find, may, refused, said};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    Routes::new()
        .get(read, paths::EVENTS_PLAN, form)
        .post(act, Action::EventPlan, paths::EVENTS_PLAN, sent)
        .post(act, Action::EventPlan, "/api/v1/events", asked)
        .get(read, "/events/{id}/do/change", change_form)
        .post(act, Action::EventChange, "/events/{id}/do/change", change_sent)
        .post(act, Action::EventChange, "/api/v1/events/{id}/do/change", change_asked)
}

/// An event to plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EventPlan)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanAsk {
    /// Title, what, kind, from, until, data centres, services with the version that comes, whether
    /// it is out of traffic and compatible, effect, way back and commit.
    #[schema(value_type = Object)]
    pub event: Content,
    /// New for each event: the same again gives the first answer. Without it, one is made.
    #[serde(default)]
    pub key: Option<String>,
}

/// An event with other words.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EventChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeAsk {
    /// All of it, as it shall be.
    #[schema(value_type = Object)]
    pub event: Content,
    /// The revision that was seen; refused when it is another one by now.
    #[serde(default)]
    pub revision: Option<i64>,
    #[serde(default)]
    pub key: Option<String>,
}

/// The form of a new event.
async fn form(context: Context) -> Response {
    show(&context, StatusCode::OK, None, Typed::default(), Vec::new())
}

async fn change_form(context: Context, Path(id): Path<String>) -> Response {
    match find(&context, &id).await {
        Ok(event) => {
            let typed = Typed::of(&event.content);
            show(&context, StatusCode::OK, Some((event.id, event.revision)), typed, Vec::new())
        }
        Err(response) => *response,
    }
}

fn show(
    context: &Context,
    status: StatusCode,
    event: Option<(EventId, i64)>,
    typed: Typed,
    mistakes: Vec<Mistake>,
) -> Response {
    let (fleet, reader) = (&context.snapshot.estate.fleet, context.reader());
    let data = page::build(fleet, event, typed, mistakes, random());
    let frame = Frame::new(page::title(&data), Vec::new());
    context.page_as(status, frame, &data, || page::view(&data, &reader))
}

async fn sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let typed = Typed::read(|name| fields.text(name));
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let content = match typed.content() {
        Ok(content) => content,
        Err(mistakes) => return show(&context, wrong, None, typed, mistakes),
    };
    let what = (Action::EventPlan, paths::EVENTS.to_owned());
    if let Err(response) = may(&context, &viewer, &Reach::of(&context, &content), what).await {
        return *response;
    }
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.plan_event(&by, content, fields.text("key")).await {
        Ok(event) => Redirect::to(&event.path()).into_response(),
        Err(error) => again(&context, None, typed, &error),
    }
}

async fn change_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let event = match find(&context, &id).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    let fields = Fields::parse(&body);
    let typed = Typed::read(|name| fields.text(name));
    let shown = fields.number("revision").unwrap_or(event.revision);
    let content = match typed.content() {
        Ok(content) => content,
        Err(mistakes) => {
            let wrong = StatusCode::UNPROCESSABLE_ENTITY;
            return show(&context, wrong, Some((event.id, shown)), typed, mistakes);
        }
    };
    if let Err(response) = may_change(&context, &viewer, &event, &content).await {
        return *response;
    }
    let (by, control) = (context.by(&viewer), &context.state.control);
    let request = Request::Change { content: Box::new(content) };
    match control.ask_event(&by, event.id, request, Some(shown), fields.text("key")).await {
        Ok(event) => Redirect::to(&event.path()).into_response(),
        Err(error) => again(&context, Some((event.id, shown)), typed, &error),
    }
}

/// Whether the viewer may do this to what it touches and to what it would.
async fn may_change(
    context: &Context,
    viewer: &Viewer,
    event: &PlannedEvent,
    content: &Content,
) -> Result<(), Box<Response>> {
    let reach = Reach::of(context, &event.content).and(Reach::of(context, content));
    may(context, viewer, &reach, (Action::EventChange, event.path())).await
}

/// The form again with what is wrong; all that was typed stays.
fn again(
    context: &Context,
    event: Option<(EventId, i64)>,
    typed: Typed,
    error: &PlannedError,
) -> Response {
    let (status, words) = said(error);
    let mistakes = match error {
        PlannedError::Mistakes(found) => {
            let words = found.iter().map(|it| Mistake::new(it.field(), text::sentence(it)));
            words.collect()
        }
        PlannedError::Store(error) => return store_failed(context, error),
        PlannedError::NotFound => return not_found(context),
        PlannedError::Form(_) | PlannedError::Refused(_) | PlannedError::Changed(_) => {
            vec![Mistake::new("title", words)]
        }
    };
    show(context, status, event, typed, mistakes)
}

/// Plans an event.
#[utoipa::path(post, path = "/api/v1/events", tag = "events",
    request_body = PlanAsk,
    responses((status = 200, body = Asked), (status = 422, body = Problem)))]
pub(super) async fn asked(context: Context, viewer: Viewer, Sent(ask): Sent<PlanAsk>) -> Response {
    let what = (Action::EventPlan, paths::EVENTS.to_owned());
    if let Err(response) = may(&context, &viewer, &Reach::of(&context, &ask.event), what).await {
        return *response;
    }
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.plan_event(&by, ask.event, &ask.key.unwrap_or_else(random)).await {
        Ok(event) => Json(Asked { event }).into_response(),
        Err(error) => refused(&context, &error),
    }
}

/// Changes an event that is planned; what was ticked and waived counts no more.
#[utoipa::path(post, path = "/api/v1/events/{id}/do/change", tag = "events",
    params(("id" = String, Path, description = "`ev-12`")),
    request_body = ChangeAsk,
    responses((status = 200, body = Asked), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn change_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<ChangeAsk>,
) -> Response {
    let event = match find(&context, &id).await {
        Ok(event) => event,
        Err(response) => return *response,
    };
    if let Err(response) = may_change(&context, &viewer, &event, &ask.event).await {
        return *response;
    }
    let (by, control) = (context.by(&viewer), &context.state.control);
    let request = Request::Change { content: Box::new(ask.event) };
    let key = ask.key.unwrap_or_else(random);
    match control.ask_event(&by, event.id, request, ask.revision, &key).await {
        Ok(event) => Json(Asked { event }).into_response(),
        Err(error) => refused(&context, &error),
    }
}
