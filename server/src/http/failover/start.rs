//! Plans, and starting them.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::failover::plan::{self as page, Again, Typed};
use mainstay_app::paths;
use mainstay_app::ui::form::Mistake;
use mainstay_control::access::random;
use mainstay_control::failover::{FailoverError, Planned, Start, Wanted};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::failover::lint;
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::{Mode, Plan, RunId, Scope};
use mainstay_core::id::{GroupId, ServiceId};
use mainstay_core::planned::{EventId, PlannedEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::not_found;
use super::{Asked, look, may, refused, said};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let begin = Action::FailoverStart;
    Routes::new()
        .get(read, "/failover/plans/{what}", plan_page)
        .get(read, "/api/v1/failover/plans/{what}", plan_page)
        .get(read, "/failover/plans/{what}/do/start", plan_page)
        .post(act, begin, "/failover/plans/{what}/do/start", sent)
        .post(act, begin, "/api/v1/failover/plans/{what}/do/start", asked)
        .get(read, "/failover/runs/{id}/do/fail-back", back_page)
        .post(act, begin, "/failover/runs/{id}/do/fail-back", back_sent)
        .get(read, "/api/v1/failover/runs/{id}/do/fail-back", back_page)
        .post(act, begin, "/api/v1/failover/runs/{id}/do/fail-back", back_asked)
}

/// What a program starts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FailoverStart)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartAsk {
    /// `graceful` (waits for data) or `forced`.
    #[serde(default = "graceful")]
    #[schema(value_type = String)]
    pub mode: Mode,
    #[serde(default)]
    pub drill: bool,
    /// For the audit log: 10 to 500 characters.
    pub reason: String,
    /// What goes away once more, as in `fra1`.
    pub confirm: String,
    /// Nobody else can be reached.
    #[serde(default)]
    pub emergency: bool,
    /// Rules that are overridden, each by its name.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub overridden: BTreeSet<Rule>,
    /// Only this plan, by its hash.
    #[serde(default)]
    pub plan: Option<String>,
    /// When that was looked at: `at` of its answer. Longer than 5 minutes ago is refused.
    #[serde(default)]
    pub looked_at: Option<DateTime<Utc>>,
    /// Only this group of it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    /// Only this service of it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    /// The planned event that it belongs to, `ev-12`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    #[serde(default)]
    pub key: Option<String>,
}

const fn graceful() -> Mode {
    Mode::Graceful
}

/// A plan as the API tells it.
pub(crate) type PlanAnswer = page::Data;

/// Which plan an address means; an error: what is wrong with it.
pub(super) fn wanted(context: &Context, what: &str, scope: Scope) -> Result<Wanted, Vec<String>> {
    let fleet = &context.snapshot.estate.fleet;
    let lose = lint::lost(fleet, what.split(',').filter(|name| !name.is_empty()))?;
    let known = match &scope {
        Scope::All => true,
        Scope::Group { group } => fleet.groups.contains_key(group),
        Scope::Service { service } => fleet.services.contains_key(service),
    };
    match known {
        true => Ok(Wanted::Away { lose, scope }),
        false => Err(vec!["there is no such group or service in the fleet".to_owned()]),
    }
}

/// The part of the estate that the query names.
fn scope(context: &Context) -> Result<Scope, Vec<String>> {
    let query = context.query();
    let bad = |_| vec!["write the id of a group or a service".to_owned()];
    match (query.get("group"), query.get("service")) {
        (Some(group), _) => Ok(Scope::Group { group: GroupId::new(group).map_err(bad)? }),
        (None, Some(service)) => {
            Ok(Scope::Service { service: ServiceId::new(service).map_err(bad)? })
        }
        (None, None) => Ok(Scope::All),
    }
}

/// What happens when data centres go away: the groups in order, what stands in the way, what is at
/// risk.
#[utoipa::path(get, path = "/api/v1/failover/plans/{what}", tag = "failover",
    params(
        ("what" = String, Path, description = "data centres or regions, with commas: `fra1,fra2`"),
        ("group" = Option<String>, Query, description = "only this group"),
        ("service" = Option<String>, Query, description = "only this service"),
    ),
    responses((status = 200, body = PlanAnswer), (status = 404)))]
pub(super) async fn plan_page(context: Context, Path(what): Path<String>) -> Response {
    let wanted = match scope(&context).and_then(|scope| wanted(&context, &what, scope)) {
        Ok(wanted) => wanted,
        Err(words) => return nothing(&context, words),
    };
    show(&context, &wanted, action_of(&context, &what), Refused::default()).await
}

fn action_of(context: &Context, what: &str) -> String {
    let action = paths::action(&paths::failover_plan(what), "start");
    let query = context.query();
    let pairs = ["group", "service"].map(|name| (name, query.get(name)));
    let pairs: Vec<_> = pairs.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
    if pairs.is_empty() { action } else { paths::with_query(&action, &pairs) }
}

/// An address that names nothing.
fn nothing(context: &Context, words: Vec<String>) -> Response {
    if context.wants_json() {
        return Problem::new(StatusCode::NOT_FOUND, words.join("; ")).into_response();
    }
    not_found(context)
}

/// A form that was refused, as it is shown again.
#[derive(Default)]
struct Refused {
    typed: Typed,
    mistakes: Vec<Mistake>,
    /// Why it has to be looked at again, with the plan that was shown, if that is known.
    again: Option<(String, Option<Plan>)>,
}

/// The page of a plan with its form, as it was typed.
async fn show(context: &Context, wanted: &Wanted, action: String, refused: Refused) -> Response {
    let planned = match context.state.control.plan_failover(wanted).await {
        Ok(planned) => planned,
        Err(error) => return super::refused(context, error),
    };
    let Refused { typed, mistakes, again } = refused;
    let status = match (&again, mistakes.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let key = if typed.key.is_empty() { random() } else { typed.key.clone() };
    let from_event = context.query().get("event").unwrap_or_default().to_owned();
    let event = if typed.event.is_empty() { from_event } else { typed.event.clone() };
    let other = context.snapshot.estate.releases.failover().map(|run| run.id.to_string());
    let Planned { plan, preview, findings, at, hash, last } = &planned;
    let session = context.viewer.as_ref().map(Viewer::form_token).unwrap_or_default();
    let (looked, shown) = (look::seal(session, hash, *at), look::pack(plan));
    let data = page::build(page::Input {
        at: *at,
        plan,
        preview,
        findings,
        other,
        last: last.as_ref(),
        action,
        typed: Typed { key, looked, shown, event, ..typed },
    });
    let again = again.map(|(why, before)| Again::of(why, before.as_ref(), plan));
    // Not to know of events holds no failover back.
    let events = context.state.control.open_events().await.unwrap_or_default();
    let choice = |it: &PlannedEvent| (it.id.to_string(), format!("{} {}", it.id, it.content.title));
    let events = events.iter().map(choice).collect();
    let data = page::Data { mistakes, again, events, ..data };
    let reader = context.reader();
    let frame = Frame::new(page::title(&data), Vec::new());
    context.page_as(status, frame, &data, || page::view(&data, &reader))
}

fn typed(body: &[u8]) -> (Typed, String) {
    let fields = Fields::parse(body);
    let overridden = form_urlencoded::parse(body)
        .filter(|(name, _)| name == "override")
        .map(|(_, value)| value.into_owned());
    let typed = Typed {
        mode: fields.text("mode").to_owned(),
        drill: fields.ticked("drill"),
        reason: fields.text("reason").to_owned(),
        confirm: fields.text("confirm").to_owned(),
        emergency: fields.ticked("emergency"),
        overridden: overridden.collect(),
        key: fields.text("key").to_owned(),
        looked: fields.text("looked").to_owned(),
        shown: fields.text("shown").to_owned(),
        event: fields.text("event").to_owned(),
    };
    (typed, fields.text("plan").to_owned())
}

async fn sent(context: Context, viewer: Viewer, Path(what): Path<String>, body: Bytes) -> Response {
    let wanted = match scope(&context).and_then(|scope| wanted(&context, &what, scope)) {
        Ok(wanted) => wanted,
        Err(words) => return nothing(&context, words),
    };
    let action = action_of(&context, &what);
    start_typed(&context, &viewer, wanted, action, &body).await
}

async fn start_typed(
    context: &Context,
    viewer: &Viewer,
    wanted: Wanted,
    action: String,
    body: &[u8],
) -> Response {
    let (typed, hash) = typed(body);
    // A form that does not say when it was shown was shown too long ago.
    let looked_at = look::unseal(viewer.form_token(), &hash, &typed.looked);
    let looked_at = Some(looked_at.unwrap_or(DateTime::UNIX_EPOCH));
    let mode = match typed.mode.as_str() {
        "forced" => Mode::Forced,
        _ => Mode::Graceful,
    };
    let event = match chosen(&typed.event) {
        Ok(event) => event,
        Err(mistake) => {
            let refused = Refused { typed, mistakes: vec![mistake], again: None };
            return show(context, &wanted, action, refused).await;
        }
    };
    let start = Start {
        wanted: wanted.clone(),
        mode,
        drill: typed.drill,
        typed: typed.confirm.clone(),
        reason: typed.reason.clone(),
        emergency: typed.emergency,
        overridden: typed.overridden.iter().filter_map(|name| Rule::from_name(name)).collect(),
        hash: Some(hash.clone()),
        looked_at,
        event,
    };
    let key = typed.key.clone();
    match begin(context, viewer, &start, &key).await {
        Ok(run) => Redirect::to(&paths::failover_run(run.id)).into_response(),
        Err(Begin::Answered(response)) => *response,
        Err(Begin::Not(FailoverError::Form(words))) => {
            let mistakes = words.iter().map(|words| mistake(words)).collect();
            show(context, &wanted, action, Refused { typed, mistakes, again: None }).await
        }
        Err(Begin::Not(error @ FailoverError::Rules(_))) => {
            let mistakes = vec![Mistake::new("mode", said(&error).1)];
            show(context, &wanted, action, Refused { typed, mistakes, again: None }).await
        }
        Err(Begin::Not(error @ FailoverError::Changed(_))) => {
            let again = Some((said(&error).1, look::unpack(&typed.shown, &hash)));
            show(context, &wanted, action, Refused { typed, mistakes: Vec::new(), again }).await
        }
        Err(Begin::Not(error)) => refused(context, error),
    }
}

/// The event that was chosen; `None`: none was.
fn chosen(typed: &str) -> Result<Option<EventId>, Mistake> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let wrong = |error| Mistake::new("event", mainstay_app::text::sentence(&error));
    typed.parse().map(Some).map_err(wrong)
}

/// The field that a sentence is about.
fn mistake(words: &str) -> Mistake {
    let field = match words {
        words if words.contains("reason") => "reason",
        words if words.starts_with("type ") => "confirm",
        words if words.contains("event") => "event",
        _ => "mode",
    };
    Mistake::new(field, mainstay_app::text::sentence(&words))
}

/// Why nothing began.
enum Begin {
    Answered(Box<Response>),
    Not(FailoverError),
}

async fn begin(
    context: &Context,
    viewer: &Viewer,
    start: &Start,
    key: &str,
) -> Result<mainstay_core::failover::Run, Begin> {
    let control = &context.state.control;
    let planned = control.plan_failover(&start.wanted).await.map_err(Begin::Not)?;
    let object = paths::failover_plan(planned.plan.name());
    let asked = (Action::FailoverStart, object);
    may(context, viewer, Permission::Operate, &planned.plan, asked)
        .await
        .map_err(Begin::Answered)?;
    control.start_failover(&context.by(viewer), start, key).await.map_err(Begin::Not)
}

/// Starts a failover or a drill. Where data may be lost, or rules are overridden, a second person
/// has to allow it, but in an emergency.
#[utoipa::path(post, path = "/api/v1/failover/plans/{what}/do/start", tag = "failover",
    params(("what" = String, Path)),
    request_body = StartAsk,
    responses((status = 200, body = Asked), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn asked(
    context: Context,
    viewer: Viewer,
    Path(what): Path<String>,
    Sent(ask): Sent<StartAsk>,
) -> Response {
    let scope = match (&ask.group, &ask.service) {
        (Some(group), _) => Scope::Group { group: group.clone() },
        (None, Some(service)) => Scope::Service { service: service.clone() },
        (None, None) => Scope::All,
    };
    match wanted(&context, &what, scope) {
        Ok(wanted) => start_asked(&context, &viewer, wanted, ask).await,
        Err(words) => nothing(&context, words),
    }
}

async fn start_asked(
    context: &Context,
    viewer: &Viewer,
    wanted: Wanted,
    ask: StartAsk,
) -> Response {
    let key = ask.key.unwrap_or_else(random);
    let start = Start {
        wanted,
        mode: ask.mode,
        drill: ask.drill,
        typed: ask.confirm,
        reason: ask.reason,
        emergency: ask.emergency,
        overridden: ask.overridden,
        hash: ask.plan,
        looked_at: ask.looked_at,
        event: ask.event,
    };
    match begin(context, viewer, &start, &key).await {
        Ok(run) => Json(Asked { run }).into_response(),
        Err(Begin::Answered(response)) => *response,
        Err(Begin::Not(FailoverError::NotFound)) => not_found(context),
        Err(Begin::Not(error @ FailoverError::Store(_))) => refused(context, error),
        Err(Begin::Not(error)) => {
            let (status, detail) = said(&error);
            Problem::new(status, detail).into_response()
        }
    }
}

fn back(context: &Context, id: &str) -> Result<Wanted, Box<Response>> {
    let run = id.parse::<RunId>().map_err(|_| Box::new(not_found(context)))?;
    Ok(Wanted::Back { run })
}

/// What going back would do.
async fn back_page(context: Context, Path(id): Path<String>) -> Response {
    let wanted = match back(&context, &id) {
        Ok(wanted) => wanted,
        Err(response) => return *response,
    };
    let action = paths::action(&paths::failover_run(&id), "fail-back");
    show(&context, &wanted, action, Refused::default()).await
}

async fn back_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let wanted = match back(&context, &id) {
        Ok(wanted) => wanted,
        Err(response) => return *response,
    };
    let action = paths::action(&paths::failover_run(&id), "fail-back");
    start_typed(&context, &viewer, wanted, action, &body).await
}

/// Takes back what a run moved and still stands: a run of its own, with its own checks.
#[utoipa::path(post, path = "/api/v1/failover/runs/{id}/do/fail-back", tag = "failover",
    params(("id" = String, Path)),
    request_body = StartAsk,
    responses((status = 200, body = Asked), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn back_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<StartAsk>,
) -> Response {
    match back(&context, &id) {
        Ok(wanted) => start_asked(&context, &viewer, wanted, ask).await,
        Err(response) => *response,
    }
}
