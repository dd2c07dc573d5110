//! Planned events over HTTP: what comes and what was, one of them with its checklist, the form
//! that plans or changes one ([`plan`]), and what is asked of one ([`act`]).
//!
//! Must not: decide. What may be done comes from core and control.

mod act;
mod plan;

use std::collections::BTreeSet;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mainstay_app::pages::planned::one::{self, Told};
use mainstay_app::pages::planned::{list, month, soon};
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::planned::PlannedError;
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::id::{DatacenterId, GroupId};
use mainstay_core::planned::{Content, EventId, PlannedEvent, State};
use mainstay_store::StoreError;
use mainstay_store::planned::Logged;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use super::permit::permit;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::viewer::Viewer;

pub(crate) use act::{Ask, Waived};
pub(crate) use plan::{ChangeAsk, PlanAsk};

/// Past events on one page of the list.
const PAGE: i64 = 20;
/// Rollouts, and failovers, that the page of an event shows.
const OWNED: i64 = 50;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::EVENTS, show_list)
        .get(read, "/api/v1/events", show_list)
        .get(read, "/events/{id}", show)
        .get(read, "/api/v1/events/{id}", show)
        .merge(plan::routes())
        .merge(act::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(show_list, show, plan::asked, plan::change_asked, act::asked_doc, act::waive_asked),
    components(schemas(Ask, Asked, PlanAsk, ChangeAsk, Waived))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The event as it stands after a request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EventAsked)]
pub(crate) struct Asked {
    #[schema(value_type = Object)]
    pub event: PlannedEvent,
}

/// What is planned or runs, a month of events, and what is over.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(
        ("month" = Option<String>, Query, description = "`2026-12`; without it, this month"),
        ("before" = Option<String>, Query, description = "past events older than `ev-12`")
    ),
    responses((status = 200, body = list::Data)))]
async fn show_list(context: Context) -> Response {
    match list_data(&context).await {
        Ok(data) => {
            let reader = context.reader();
            context
                .page(Frame::new(list::title(), Vec::new()), &data, || list::view(&data, &reader))
        }
        Err(error) => store_failed(&context, &error),
    }
}

async fn list_data(context: &Context) -> Result<list::Data, StoreError> {
    let (control, query, at) =
        (&context.state.control, context.query(), context.snapshot.estate.at);
    let before = query.get("before").and_then(|id| id.parse::<EventId>().ok());
    let open = control.open_events().await?;
    let mut past = control.past_events(before, PAGE + 1).await?;
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = past.len() > page;
    past.truncate(page);
    let older = past.last().filter(|_| more).map(|last| last.id.to_string());
    let asked = query.get("month");
    let older = older.map(|id| {
        let month = ("month", asked.unwrap_or_default());
        paths::with_query(paths::EVENTS, &[month, ("before", &id)])
    });
    let first = month::first(asked, at);
    let (from, until) = month::span(first);
    let events = control.events_between(from, until).await?;
    Ok(list::build(&open, &past, older, month::build(first, &events, at), at))
}

/// The next day's events for the overview; `None`: none, or not known now.
pub(super) async fn card(context: &Context) -> Option<soon::Soon> {
    let open = context.state.control.open_events().await.ok()?;
    soon::build(&open, context.snapshot.estate.at)
}

/// One event with its checklist.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = String, Path, description = "`ev-12`")),
    responses((status = 200, body = one::Data), (status = 404)))]
async fn show(context: Context, Path(id): Path<String>) -> Response {
    match load(&context, &id).await {
        Ok(data) => show_one(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

fn show_one(context: &Context, status: StatusCode, data: &one::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(one::title(data), Vec::new());
    context.page_as(status, frame, data, || one::view(data, &reader))
}

async fn find(context: &Context, id: &str) -> Result<PlannedEvent, Box<Response>> {
    let Ok(id) = id.parse::<EventId>() else { return Err(Box::new(not_found(context))) };
    match context.state.control.planned_event(id).await {
        Ok(Some(event)) => Ok(event),
        Ok(None) => Err(Box::new(not_found(context))),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

/// Everything that the page of an event is made of.
async fn load(context: &Context, id: &str) -> Result<one::Data, Box<Response>> {
    let event = find(context, id).await?;
    let stored = |error: StoreError| Box::new(store_failed(context, &error));
    let control = &context.state.control;
    let judged = match &event.state {
        State::Planned | State::Running { .. } => {
            control.event_checks(&event).await.map_err(stored)?
        }
        State::Done { .. } | State::Cancelled { .. } => Vec::new(),
    };
    let asked = control.event_waivers(event.id).await.map_err(stored)?;
    let log = control.event_log(event.id).await.map_err(stored)?;
    let log: Vec<_> = log.into_iter().map(told).collect();
    let (rollouts, runs) = control.owned_by(event.id, OWNED).await.map_err(stored)?;
    let estate = &context.snapshot.estate;
    let input = one::Input {
        event: &event,
        judged: &judged,
        asked: &asked,
        log: &log,
        rollouts: &rollouts,
        runs: &runs,
        fleet: &estate.fleet,
        at: estate.at,
    };
    Ok(one::build(input, random()))
}

fn told(logged: Logged) -> Told {
    let Logged { at, actor, action, note } = logged;
    Told { at, actor, action, note }
}

/// What an event reaches: whoever acts holds the role for all of it.
struct Reach {
    groups: BTreeSet<GroupId>,
    datacenters: BTreeSet<DatacenterId>,
}

impl Reach {
    fn of(context: &Context, content: &Content) -> Self {
        let groups = content.groups(&context.snapshot.estate.fleet);
        Self { groups, datacenters: content.datacenters.clone() }
    }

    fn and(mut self, other: Self) -> Self {
        self.groups.extend(other.groups);
        self.datacenters.extend(other.datacenters);
        self
    }

    fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        let groups = self.groups.iter().map(|it| Target { group: Some(it), datacenter: None });
        let places = self.datacenters.iter();
        let places = places.map(|it| Target { group: None, datacenter: Some(it) });
        std::iter::once(Target::default()).chain(groups).chain(places)
    }
}

/// Whether the viewer may do this to all of it. A refusal is written down and answered.
async fn may(
    context: &Context,
    viewer: &Viewer,
    reach: &Reach,
    what: (Action, String),
) -> Result<(), Box<Response>> {
    let decided = viewer.may_all(Permission::Operate, reach.targets());
    permit(context, viewer, decided, what).await
}

/// The status and the words of an error that is no fault of the store's.
fn said(error: &PlannedError) -> (StatusCode, String) {
    let status = match error {
        PlannedError::Form(_) | PlannedError::Mistakes(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PlannedError::NotFound => StatusCode::NOT_FOUND,
        PlannedError::Refused(refusal) if refusal.field().is_some() => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PlannedError::Refused(_) | PlannedError::Changed(_) => StatusCode::CONFLICT,
        PlannedError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, text::sentence(error))
}

/// The answer to a program where nothing was done.
fn refused(context: &Context, error: &PlannedError) -> Response {
    let (status, detail) = said(error);
    match error {
        PlannedError::Store(error) => store_failed(context, error),
        PlannedError::NotFound => not_found(context),
        PlannedError::Form(_)
        | PlannedError::Mistakes(_)
        | PlannedError::Refused(_)
        | PlannedError::Changed(_) => Problem::new(status, detail).into_response(),
    }
}
