//! What people and programs ask of a rollout: reviews, plain forms and JSON.
//!
//! Invariant: a form says which revision and plan was seen and carries a key of its own; what was
//! sent twice is done once, and what would mean something else by now is a conflict that says who
//! did what when.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::rollout as page;
use mainstay_app::pages::rollout::act::{self as review_page, Verb};
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::fleet::REASON_MIN_CHARS;
use mainstay_control::rollouts::{Loss, REASON_MAX_CHARS, RolloutError, Seen};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::id::ServiceId;
use mainstay_core::rollout::{Refusal, Request, Rollout, RolloutId, roll_back_target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, not_found, store_failed};
use super::super::permit::permit;
use super::load::{Loaded, load};
use super::{known, refused};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Fewest and most characters of a reason, where one is needed.
pub(super) const REASON: (usize, usize) = (REASON_MIN_CHARS, REASON_MAX_CHARS);

macro_rules! verbs {
    ($routes:expr, $($verb:ident $action:ident $name:literal;)*) => {{
        let (read, act) = (Permission::ReadEstate, Permission::Operate);
        $routes
        $(
            .get(read, concat!("/rollouts/{id}/do/", $name), async |context: Context,
                Path(id): Path<String>| review(context, id, Verb::$verb).await)
            .post(act, Action::$action, concat!("/rollouts/{id}/do/", $name),
                async |context: Context, viewer: Viewer, Path(id): Path<String>, body: Bytes| {
                    sent(context, viewer, id, Verb::$verb, body).await
                })
            .post(act, Action::$action, concat!("/api/v1/rollouts/{id}/do/", $name),
                async |context: Context, viewer: Viewer, Path(id): Path<String>,
                    body: Result<Json<Ask>, JsonRejection>| {
                    asked(context, viewer, id, Verb::$verb, body).await
                })
        )*
    }};
}

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let back = Action::RolloutRollBack;
    let routes = Routes::new()
        .get(read, "/services/{service}/do/roll-back", review_of_service)
        .post(act, back, "/services/{service}/do/roll-back", sent_of_service)
        .post(act, back, "/api/v1/services/{service}/do/roll-back", asked_of_service);
    verbs!(routes,
        RollBack RolloutRollBack "roll-back";
        Pause RolloutPause "pause";
        Resume RolloutResume "resume";
        Promote RolloutPromote "promote";
        PromoteFully RolloutPromote "promote-fully";
        Abort RolloutAbort "abort";
        Undo RolloutUndo "undo";
        Retry RolloutRetry "retry";
        End RolloutEnd "end";
    )
}

/// What a program asks of a rollout.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ask {
    /// New for each request: the same again gives the first answer. Without it, one is made.
    pub key: Option<String>,
    /// The revision that was seen; what goes on is refused when it is another one by now.
    pub revision: Option<i64>,
    /// The plan that was seen, by its hash.
    pub plan: Option<String>,
    /// Why, for the audit log; needed to promote past an analysis that has not passed.
    pub reason: Option<String>,
    /// The name of the service, to go back although data is lost.
    pub confirm: Option<String>,
    /// With `confirm`: no second person can be reached; somebody looks at it afterwards.
    pub emergency: bool,
    /// Of a service: the version that was said to come back; another one is a conflict.
    pub to: Option<String>,
}

impl Ask {
    fn seen(&self, service: &ServiceId) -> Seen {
        Seen {
            revision: self.revision,
            plan_hash: self.plan.clone(),
            target: self.to.clone(),
            loss: match self.confirm.as_deref() == Some(service.as_str()) {
                true if self.emergency => Loss::Emergency,
                true => Loss::Confirmed,
                false => Loss::Unconfirmed,
            },
        }
    }
}

/// The rollout as it stands after a request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Asked {
    #[schema(value_type = Object)]
    pub rollout: Rollout,
}

fn request(verb: Verb, reason: &str) -> Request {
    let reason = reason.trim();
    let some = (!reason.is_empty()).then(|| reason.to_owned());
    match verb {
        Verb::RollBack => Request::RollBack { reason: some },
        Verb::Pause => Request::Pause,
        Verb::Resume => Request::Resume,
        Verb::Promote => Request::Promote { reason: some },
        Verb::PromoteFully => Request::PromoteFully { reason: reason.to_owned() },
        Verb::Abort => Request::Abort { reason: some },
        Verb::Undo => Request::Undo,
        Verb::Retry => Request::Retry,
        Verb::End => Request::End,
    }
}

const fn action(verb: Verb) -> Action {
    match verb {
        Verb::RollBack => Action::RolloutRollBack,
        Verb::Pause => Action::RolloutPause,
        Verb::Resume => Action::RolloutResume,
        Verb::Promote | Verb::PromoteFully => Action::RolloutPromote,
        Verb::Abort => Action::RolloutAbort,
        Verb::Undo => Action::RolloutUndo,
        Verb::Retry => Action::RolloutRetry,
        Verb::End => Action::RolloutEnd,
    }
}

/// What an action would do.
async fn review(context: Context, id: String, verb: Verb) -> Response {
    match load(&context, &id).await {
        Ok(loaded) => {
            let data = review_page::build(page::build(loaded.input()), verb);
            show_review(&context, StatusCode::OK, &data)
        }
        Err(response) => *response,
    }
}

fn show_review(context: &Context, status: StatusCode, data: &review_page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(review_page::title(data), Vec::new());
    context.page_as(status, frame, data, || review_page::view(data, &reader))
}

/// A form was sent, from the slot or from a review.
async fn sent(context: Context, viewer: Viewer, id: String, verb: Verb, body: Bytes) -> Response {
    let loaded = match load(&context, &id).await {
        Ok(loaded) => loaded,
        Err(response) => return *response,
    };
    let object = paths::rollout(loaded.rollout.id);
    let service = &loaded.rollout.plan.service;
    if let Err(response) = may(&context, &viewer, service, action(verb), object).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    let mut data = review_page::build(page::build(loaded.input()), verb);
    data.reason = fields.text("reason").to_owned();
    data.confirm = fields.text("confirm").to_owned();
    data.emergency = !fields.text("emergency").is_empty();
    data.mistakes = review_page::mistakes(&data, REASON);
    if !data.mistakes.is_empty() {
        return show_review(&context, StatusCode::UNPROCESSABLE_ENTITY, &data);
    }
    let plan = fields.text("plan");
    let seen = Seen {
        revision: fields.number("revision"),
        plan_hash: (!plan.is_empty()).then(|| plan.to_owned()),
        target: None,
        // Where data is lost the review is grave, and the name was typed.
        loss: match data.grave {
            true if data.emergency => Loss::Emergency,
            true => Loss::Confirmed,
            false => Loss::Unconfirmed,
        },
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let request = request(verb, &data.reason);
    let done =
        control.ask_rollout(&by, loaded.rollout.id, &request, &seen, fields.text("key")).await;
    match done {
        Ok(rollout) => done_at(rollout.id),
        Err(RolloutError::Waits { approval }) => {
            Redirect::to(&paths::approval(approval)).into_response()
        }
        Err(RolloutError::Refused(Refusal::ReasonNeeded)) => {
            data.grave = true;
            data.mistakes = review_page::mistakes(&data, REASON);
            show_review(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
        }
        Err(error) => not_done(&context, &loaded, error),
    }
}

/// Where the result stands, with the focus on the slot.
fn done_at(id: RolloutId) -> Response {
    Redirect::to(&format!("{}#slot-action", paths::rollout(id))).into_response()
}

/// The rollout's page with a sentence on why nothing was done.
fn not_done(context: &Context, loaded: &Loaded, error: RolloutError) -> Response {
    if context.wants_json() {
        return refused::answer(context, error);
    }
    let now = context.snapshot.estate.at;
    let message = match &error {
        RolloutError::NotFound => return not_found(context),
        RolloutError::Store(error) => return store_failed(context, error),
        RolloutError::Changed(conflict) => {
            let last = conflict.last.as_ref();
            let who = last.map(|last| (last.actor.name(), last.at));
            let rollout = conflict.rollout.as_ref().unwrap_or(&loaded.rollout);
            review_page::changed(rollout, who, now)
        }
        RolloutError::Refused(_)
        | RolloutError::Approval(_)
        | RolloutError::Waits { .. }
        | RolloutError::Findings(_)
        | RolloutError::Form(_)
        | RolloutError::NotHeard { .. }
        | RolloutError::NowhereHeard { .. } => review_page::refused(refused::sentences(&error)),
    };
    let (data, reader) = (page::build(loaded.input()), context.reader());
    let frame = Frame { message: Some(message), ..Frame::new(page::title(&data), page::topics()) };
    context.page_as(refused::status(&error), frame, &data, || page::view(&data, &reader))
}

/// Whether the viewer may act on this service. A refusal is written down and answered.
pub(in crate::http) async fn may(
    context: &Context,
    viewer: &Viewer,
    service: &ServiceId,
    action: Action,
    object: String,
) -> Result<(), Box<Response>> {
    let declared = context.snapshot.estate.fleet.services.get(service);
    let target = Target { group: declared.map(|service| &service.group), datacenter: None };
    permit(context, viewer, viewer.may(Permission::Operate, target), (action, object)).await
}

/// Asks something of a rollout: `roll-back`, `pause`, `resume`, `promote`, `promote-fully`,
/// `abort`, `undo`, `retry` or `end`. What is on its way already is answered as it stands.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/do/{verb}", tag = "rollouts",
    params(("id" = String, Path), ("verb" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Asked), (status = 404),
        (status = 409, body = super::Refused), (status = 422, body = super::Refused)))]
#[expect(dead_code, reason = "the description of several routes at once")]
pub(super) async fn asked_doc() {}

async fn asked(
    context: Context,
    viewer: Viewer,
    id: String,
    verb: Verb,
    body: Result<Json<Ask>, JsonRejection>,
) -> Response {
    let ask = match read(body) {
        Ok(ask) => ask,
        Err(problem) => return problem.into_response(),
    };
    let Ok(id) = id.parse::<RolloutId>() else { return not_found(&context) };
    let control = &context.state.control;
    let rollout = match control.rollout(id).await {
        Ok(Some(rollout)) => rollout,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let (service, object) = (&rollout.plan.service, paths::rollout(id));
    if let Err(response) = may(&context, &viewer, service, action(verb), object).await {
        return *response;
    }
    let seen = ask.seen(service);
    let request = request(verb, ask.reason.as_deref().unwrap_or_default());
    let key = ask.key.unwrap_or_else(random);
    match control.ask_rollout(&context.by(&viewer), id, &request, &seen, &key).await {
        Ok(rollout) => Json(Asked { rollout }).into_response(),
        Err(error) => refused::answer(&context, error),
    }
}

/// A body that may be left out.
fn read(body: Result<Json<Ask>, JsonRejection>) -> Result<Ask, Box<Problem>> {
    match body {
        Ok(Json(ask)) => Ok(ask),
        Err(JsonRejection::MissingJsonContentType(_)) => Ok(Ask::default()),
        Err(error) => Err(Box::new(Problem::new(error.status(), error.body_text()))),
    }
}

/// What rolling a service back would do: the review of whatever is current.
async fn review_of_service(context: Context, Path(service): Path<String>) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let estate = &context.snapshot.estate;
    match roll_back_target(&estate.fleet, &estate.releases, &service) {
        Ok(target) => {
            let verb = Verb::RollBack.name();
            let review = paths::action(&paths::rollout(target.rollout), verb);
            Redirect::to(&review).into_response()
        }
        Err(Refusal::Already { rollout, .. }) => done_at(rollout),
        Err(refusal) => failed(&context, &Failure::Conflict { detail: text::sentence(&refusal) }),
    }
}

/// One click from the service's page or a runbook.
async fn sent_of_service(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    body: Bytes,
) -> Response {
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (back, object) = (Action::RolloutRollBack, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, back, object).await {
        return *response;
    }
    let fields = Fields::parse(&body);
    // What is lost is said on the review page, and only there it can be accepted.
    if super::way_back(&context, &service).await.is_some_and(|back| !back.one_click) {
        return review_of_service(context, Path(service.to_string())).await;
    }
    let reason = fields.text("reason").trim();
    let why = (!reason.is_empty()).then_some(reason);
    let (by, control) = (context.by(&viewer), &context.state.control);
    let to = fields.text("to");
    let target = (!to.is_empty()).then(|| to.to_owned());
    let seen = Seen { target, ..Seen::default() };
    match control.roll_back_service(&by, &service, why, &seen, fields.text("key")).await {
        Ok(rollout) => done_at(rollout.id),
        Err(_) if context.wants_json() => {
            failed(&context, &Failure::Conflict { detail: String::new() })
        }
        Err(RolloutError::NotFound) => not_found(&context),
        Err(RolloutError::Store(error)) => store_failed(&context, &error),
        Err(error) => failed(&context, &Failure::Conflict { detail: refused::sentences(&error) }),
    }
}

/// Rolls a service back, whatever runs: the rollout that is on, or the one that made its stable
/// version.
#[utoipa::path(post, path = "/api/v1/services/{service}/do/roll-back", tag = "rollouts",
    params(("service" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Asked), (status = 404),
        (status = 409, body = super::Refused)))]
pub(super) async fn asked_of_service(
    context: Context,
    viewer: Viewer,
    Path(service): Path<String>,
    body: Result<Json<Ask>, JsonRejection>,
) -> Response {
    let ask = match read(body) {
        Ok(ask) => ask,
        Err(problem) => return problem.into_response(),
    };
    let Some(service) = known(&context, &service) else { return not_found(&context) };
    let (back, object) = (Action::RolloutRollBack, paths::service(&service));
    if let Err(response) = may(&context, &viewer, &service, back, object).await {
        return *response;
    }
    let seen = ask.seen(&service);
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.roll_back_service(&by, &service, ask.reason.as_deref(), &seen, &key).await {
        Ok(rollout) => Json(Asked { rollout }).into_response(),
        Err(error) => refused::answer(&context, error),
    }
}
