//! Approvals over HTTP: what waits for a second person, one of them, and the answers.
//!
//! Must not: decide. Who may answer is in core, what follows in control.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::approvals::{self, list, one};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::approvals::ApprovalError;
use mainstay_core::access::{Permission, Target};
use mainstay_core::approval::{Answer, Approval, ApprovalId, Kind, Refusal, Subject};
use mainstay_core::audit::Action;
use mainstay_core::failover::State as RunState;
use mainstay_store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use super::permit::permit;
use crate::confirm::require_fresh;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Answered ones on one page.
const PAGE: i64 = 20;

/// What may be said, by the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Approve,
    Refuse,
    Withdraw,
}

macro_rules! verbs {
    ($routes:expr, $($verb:ident $permission:ident $action:ident $name:literal;)*) => {
        $routes$(
            .post(
                Permission::$permission,
                Action::$action,
                concat!("/approvals/{id}/do/", $name),
                async |context: Context, viewer: Viewer, Path(id): Path<String>, body: Bytes| {
                    sent(context, viewer, id, Verb::$verb, body).await
                },
            )
            .post(
                Permission::$permission,
                Action::$action,
                concat!("/api/v1/approvals/{id}/do/", $name),
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

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    let routes = Routes::new()
        .get(read, paths::APPROVALS, show_list)
        .get(read, "/api/v1/approvals", show_list)
        .get(read, "/approvals/{id}", show)
        .get(read, "/api/v1/approvals/{id}", show);
    verbs!(routes,
        Approve Approve ApprovalGive "approve";
        Refuse Refuse ApprovalRefuse "refuse";
        Withdraw Refuse ApprovalWithdraw "withdraw";
    )
}

#[derive(OpenApi)]
#[openapi(paths(show_list, show, asked_doc), components(schemas(Ask, Asked)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What a program answers; to approve it needs a session, a token is no person.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ApprovalAsk)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ask {
    /// New for each request: the same again gives the first answer. Without it, one is made.
    pub key: Option<String>,
    /// Fingerprint of what was shown; another one is a conflict.
    pub hash: Option<String>,
    /// Of a refusal: why, at least 10 characters.
    pub reason: Option<String>,
}

/// The approval as it stands after an answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ApprovalAsked)]
pub(crate) struct Asked {
    #[schema(value_type = Object)]
    pub approval: Approval,
}

/// What waits for a second person, and what became of the rest.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals",
    params(("before" = Option<String>, Query, description = "answered ones older than `ap-12`")),
    responses((status = 200, body = list::Data)))]
async fn show_list(context: Context) -> Response {
    let before = context.query().get("before").and_then(|id| id.parse::<ApprovalId>().ok());
    let control = &context.state.control;
    let read = async {
        let open = control.open_approvals().await?;
        Ok::<_, StoreError>((open, control.past_approvals(before, PAGE + 1).await?))
    };
    let (open, mut over) = match read.await {
        Ok(read) => read,
        Err(error) => return store_failed(&context, &error),
    };
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = over.len() > page;
    over.truncate(page);
    let next = over.last().filter(|_| more);
    let next =
        next.map(|last| paths::with_query(paths::APPROVALS, &[("before", &last.id.to_string())]));
    let data = list::build(&open, &over, next, context.snapshot.estate.at);
    context.page_as(StatusCode::OK, Frame::new(list::title(&data), Vec::new()), &data, || {
        list::view(&data)
    })
}

/// One approval: what it is bound to, how it stands, and what has changed since it was asked for.
#[utoipa::path(get, path = "/api/v1/approvals/{id}", tag = "approvals",
    params(("id" = String, Path, description = "`ap-12`")),
    responses((status = 200, body = one::Data), (status = 404)))]
async fn show(context: Context, Path(id): Path<String>) -> Response {
    match load(&context, &id).await {
        Ok(data) => show_one(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

async fn load(context: &Context, id: &str) -> Result<one::Data, Box<Response>> {
    let approval = find(context, id).await?;
    let stored = |error: StoreError| Box::new(store_failed(context, &error));
    let control = &context.state.control;
    let run = match &approval.subject {
        Subject::Failover { run, .. } | Subject::Override { run, .. } => {
            control.failover(*run).await.map_err(stored)?
        }
        Subject::Force { .. }
        | Subject::Restore { .. }
        | Subject::RollBack { .. }
        | Subject::Grants { .. }
        | Subject::Waiver { .. } => None,
    };
    let restore = match &approval.subject {
        Subject::Restore { restore, .. } => control.restore(*restore).await.map_err(stored)?,
        Subject::Failover { .. }
        | Subject::Force { .. }
        | Subject::Override { .. }
        | Subject::RollBack { .. }
        | Subject::Grants { .. }
        | Subject::Waiver { .. } => None,
    };
    let at = context.snapshot.estate.at;
    let waits = approval.state.is_waiting() && approval.kind == Kind::Permission;
    let changed = match &run {
        // What cannot be planned now is said by the answer.
        Some(run) if waits && matches!(run.state, RunState::Requested { .. }) => {
            control.drifted(run.id).await.ok().flatten()
        }
        None if waits => control.waiver_changed(&approval.subject).await.map_err(stored)?,
        Some(_) | None => None,
    };
    let viewer = context.viewer.as_ref();
    Ok(one::Data {
        at,
        row: approvals::Row::of(&approval, at),
        lines: one::lines(&approval, run.as_ref(), restore.as_ref()),
        changed,
        confirmed: viewer.is_some_and(|viewer| viewer.fresh(control.access.now())),
        key: random(),
        reason: String::new(),
        mistakes: Vec::new(),
        approval,
    })
}

async fn find(context: &Context, id: &str) -> Result<Approval, Box<Response>> {
    let Ok(id) = id.parse::<ApprovalId>() else { return Err(Box::new(not_found(context))) };
    match context.state.control.approval(id).await {
        Ok(Some(approval)) => Ok(approval),
        Ok(None) => Err(Box::new(not_found(context))),
        Err(error) => Err(Box::new(store_failed(context, &error))),
    }
}

fn show_one(context: &Context, status: StatusCode, data: &one::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(one::title(data), Vec::new());
    context.page_as(status, frame, data, || one::view(data, &reader))
}

/// The approval, if the viewer may say this to it. A refusal is written down and answered.
/// Whoever asked may always take it back.
async fn permitted(
    context: &Context,
    viewer: &Viewer,
    id: &str,
    verb: Verb,
) -> Result<Approval, Box<Response>> {
    let approval = find(context, id).await?;
    let own = approval.by == viewer.user.name.as_str();
    if own && verb != Verb::Approve {
        return Ok(approval);
    }
    let needs = approval.subject.needs();
    let groups = approval.reach.groups.iter();
    let groups = groups.map(|group| Target { group: Some(group), datacenter: None });
    let targets = std::iter::once(Target::default()).chain(groups);
    let what = (action(verb), approval.path());
    permit(context, viewer, viewer.may_all(needs, targets), what).await?;
    Ok(approval)
}

const fn action(verb: Verb) -> Action {
    match verb {
        Verb::Approve => Action::ApprovalGive,
        Verb::Refuse => Action::ApprovalRefuse,
        Verb::Withdraw => Action::ApprovalWithdraw,
    }
}

fn answer(verb: Verb, reason: &str) -> Answer {
    match verb {
        Verb::Approve => Answer::Approve,
        Verb::Refuse => Answer::Refuse { why: reason.trim().to_owned() },
        Verb::Withdraw => Answer::Withdraw,
    }
}

/// Whether this answer counts only from somebody who has just proved who they are.
fn needs_proof(approval: &Approval, verb: Verb) -> bool {
    let judges = approval.kind == Kind::Review && verb == Verb::Refuse;
    approval.state.is_waiting() && (verb == Verb::Approve || judges)
}

async fn sent(context: Context, viewer: Viewer, id: String, verb: Verb, body: Bytes) -> Response {
    let approval = match permitted(&context, &viewer, &id, verb).await {
        Ok(approval) => approval,
        Err(response) => return *response,
    };
    if needs_proof(&approval, verb)
        && let Err(response) = require_fresh(&context, &viewer)
    {
        return *response;
    }
    let fields = Fields::parse(&body);
    let (reason, shown) = (fields.text("reason"), fields.text("hash"));
    let by = context.by(&viewer);
    let answered = match (!shown.is_empty()).then_some(shown) {
        Some(shown) if shown != approval.hash => Err(other_hash(&approval)),
        Some(_) | None => {
            let control = &context.state.control;
            let key = fields.text("key");
            control.answer_approval(&by, approval.id, &answer(verb, reason), key).await
        }
    };
    match answered {
        Ok(approval) => Redirect::to(&approval.path()).into_response(),
        Err(ApprovalError::NotFound) => not_found(&context),
        Err(ApprovalError::Store(error)) => store_failed(&context, &error),
        Err(error) => {
            let mut data = match load(&context, &id).await {
                Ok(data) => data,
                Err(response) => return *response,
            };
            reason.clone_into(&mut data.reason);
            let (status, words) = said(&error);
            data.mistakes = vec![Mistake::new("reason", words)];
            show_one(&context, status, &data)
        }
    }
}

fn other_hash(approval: &Approval) -> ApprovalError {
    let why = format!("{} is bound to {}", approval.id, approval.hash);
    ApprovalError::Refused(Refusal::Void { why })
}

/// The status and the words of an error that is no fault of the store's.
fn said(error: &ApprovalError) -> (StatusCode, String) {
    let status = match error {
        ApprovalError::Form(_) | ApprovalError::Refused(Refusal::NoReason) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ApprovalError::Refused(
            Refusal::NotConfirmed
            | Refusal::SamePerson { .. }
            | Refusal::Puppet { .. }
            | Refusal::NotYours { .. },
        ) => StatusCode::FORBIDDEN,
        ApprovalError::NotFound => StatusCode::NOT_FOUND,
        ApprovalError::Refused(
            Refusal::Over { .. }
            | Refusal::Expired { .. }
            | Refusal::NoWithdrawal
            | Refusal::Void { .. },
        )
        | ApprovalError::Cannot(_) => StatusCode::CONFLICT,
        ApprovalError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, text::sentence(error))
}

/// Answers an approval: `approve`, `refuse` or `withdraw`.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/do/{verb}", tag = "approvals",
    params(("id" = String, Path), ("verb" = String, Path)),
    request_body = Ask,
    responses((status = 200, body = Asked), (status = 403, body = Problem), (status = 404),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
#[expect(dead_code, reason = "the description of several routes at once")]
pub(super) async fn asked_doc() {}

async fn asked(context: Context, viewer: Viewer, id: String, verb: Verb, ask: Ask) -> Response {
    let approval = match permitted(&context, &viewer, &id, verb).await {
        Ok(approval) => approval,
        Err(response) => return *response,
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    let answered = match ask.hash {
        Some(shown) if shown != approval.hash => Err(other_hash(&approval)),
        Some(_) | None => {
            let key = ask.key.unwrap_or_else(random);
            let answer = answer(verb, ask.reason.as_deref().unwrap_or_default());
            control.answer_approval(&by, approval.id, &answer, &key).await
        }
    };
    match answered {
        Ok(approval) => Json(Asked { approval }).into_response(),
        Err(ApprovalError::NotFound) => not_found(&context),
        Err(ApprovalError::Store(error)) => store_failed(&context, &error),
        Err(error) => {
            let (status, detail) = said(&error);
            Problem::new(status, detail).into_response()
        }
    }
}
