//! What people and programs ask: a copy now, a test restore of one.
//!
//! Invariant: a form carries a key of its own; what was sent twice is done once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::backups::ask::{self, Typed};
use mainstay_app::pages::backups::{Picture, copy};
use mainstay_app::pages::error::Failure;
use mainstay_app::{paths, text};
use mainstay_control::access::random;
use mainstay_control::backups::{BackupError, CopyAt, ProofWish};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::backup::kept::Hours;
use mainstay_core::backup::run::RunId;
use mainstay_core::backup::{Kind, Label, job};
use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, not_found, store_failed};
use super::super::permit::permit;
use super::load::with_set;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let (run, work) = (Action::BackupAsk, Action::DatabaseWork);
    let prove = "/backups/sets/{database}/copies/{datacenter}/{label}/do/prove";
    let prove_api = "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/prove";
    Routes::new()
        .get(read, "/backups/sets/{database}/do/run-now", run_review)
        .post(act, run, "/backups/sets/{database}/do/run-now", run_sent)
        .post(act, run, "/api/v1/backups/sets/{database}/do/run-now", run_asked)
        .get(read, prove, prove_review)
        .post(act, work, prove, prove_sent)
        .post(act, work, prove_api, prove_asked)
}

/// A copy beside the plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BackupAsk)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunAsk {
    /// `full` or `differential`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// For the audit log: at most 500 characters.
    pub reason: String,
    /// New for each request: the same again is done once. Without it, one is made.
    #[serde(default)]
    pub key: Option<String>,
}

/// The run that makes it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BackupOrdered)]
pub(crate) struct RunOrdered {
    #[schema(value_type = String)]
    pub run: RunId,
}

/// A test restore of a copy.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProveAsk {
    /// `{"kind":"end-of-copy"}`, `{"kind":"moment","at":…}` or `{"kind":"latest"}`.
    #[serde(default = "end_of_copy")]
    #[schema(value_type = Object)]
    pub target: job::Target,
    /// Hours, 1 to 72, for which what is restored stays and can be connected to; without it, it is
    /// removed as soon as it was looked into.
    #[serde(default)]
    #[schema(value_type = Option<u16>)]
    pub keep_hours: Option<Hours>,
    /// The data centre whose agent makes it; without it, one that is elsewhere than the copy.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub on: Option<DatacenterId>,
    /// For the audit log: at most 500 characters.
    pub reason: String,
    #[serde(default)]
    pub key: Option<String>,
}

/// The work that makes it; what it showed stands with the copy.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProveOrdered {
    pub work: String,
}

pub(super) const fn end_of_copy() -> job::Target {
    job::Target::EndOfCopy
}

/// Whether the viewer may act on this database. A refusal is written down and answered.
pub(super) async fn may(
    context: &Context,
    viewer: &Viewer,
    database: &DatabaseId,
    action: Action,
    object: String,
) -> Result<(), Box<Response>> {
    permitted(context, viewer, (Permission::Operate, database), action, object).await
}

/// As [`may`] with another permission.
pub(super) async fn permitted(
    context: &Context,
    viewer: &Viewer,
    (permission, database): (Permission, &DatabaseId),
    action: Action,
    object: String,
) -> Result<(), Box<Response>> {
    let declared = context.snapshot.estate.fleet.databases.get(database);
    let target = Target { group: declared.map(|it| &it.group), datacenter: None };
    permit(context, viewer, viewer.may(permission, target), (action, object)).await
}

/// The answer where nothing was done.
pub(super) fn refused(context: &Context, error: BackupError) -> Response {
    let (status, detail) = match error {
        BackupError::NotFound => return not_found(context),
        BackupError::Store(error) => return store_failed(context, &error),
        BackupError::Form(words) => (StatusCode::UNPROCESSABLE_ENTITY, text::sentence(&words)),
        BackupError::Approval(refusal) => (StatusCode::CONFLICT, text::sentence(&refusal)),
        BackupError::Refused(words) => (StatusCode::CONFLICT, text::sentence(&words)),
    };
    if context.wants_json() {
        return Problem::new(status, detail).into_response();
    }
    failed(
        context,
        &match status {
            StatusCode::CONFLICT => Failure::Conflict { detail },
            _ => Failure::Unfit { detail },
        },
    )
}

pub(super) fn typed(body: &[u8]) -> Typed {
    let fields = Fields::parse(body);
    let text = |name| fields.text(name).to_owned();
    Typed {
        kind: text("kind"),
        target: text("target"),
        moment: text("moment"),
        reason: text("reason"),
        confirm: text("confirm"),
        keep: text("keep"),
        hours: text("hours"),
        on: text("on"),
        key: text("key"),
    }
}

fn answer_run(context: &Context, status: StatusCode, data: &ask::RunNow) -> Response {
    let reader = context.reader();
    let frame = Frame::new(ask::run_now_title(data), Vec::new());
    context.page_as(status, frame, data, || ask::run_now_view(data, &reader))
}

/// What a backup now would do.
async fn run_review(context: Context, Path(database): Path<String>) -> Response {
    let kind = context.query().get("kind").unwrap_or("full").to_owned();
    let typed = Typed { kind, key: random(), ..Typed::default() };
    let answer = with_set(&context, &database, async |picture: &Picture<'_>| {
        answer_run(&context, StatusCode::OK, &ask::run_now(picture, typed))
    });
    answer.await
}

async fn run_sent(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    body: Bytes,
) -> Response {
    let Ok(id) = DatabaseId::new(&database) else { return not_found(&context) };
    let (run, object) = (Action::BackupAsk, paths::backup_set(&id));
    if let Err(response) = may(&context, &viewer, &id, run, object).await {
        return *response;
    }
    let typed = typed(&body);
    let kind = match ask::read_run_now(&typed) {
        Ok(kind) => kind,
        Err(mistakes) => {
            let answer = with_set(&context, &database, async |picture: &Picture<'_>| {
                let mut data = ask::run_now(picture, typed);
                data.mistakes = mistakes;
                answer_run(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
            });
            return answer.await;
        }
    };
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.ask_backup(&by, &id, kind, &typed.reason, &typed.key).await {
        Ok(run) => Redirect::to(&paths::backup_run(run)).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// Makes a copy of a database beside the plan.
#[utoipa::path(post, path = "/api/v1/backups/sets/{database}/do/run-now", tag = "backups",
    params(("database" = String, Path)),
    request_body = RunAsk,
    responses((status = 200, body = RunOrdered), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn run_asked(
    context: Context,
    viewer: Viewer,
    Path(database): Path<String>,
    Sent(ask): Sent<RunAsk>,
) -> Response {
    let Ok(id) = DatabaseId::new(&database) else { return not_found(&context) };
    let (run, object) = (Action::BackupAsk, paths::backup_set(&id));
    if let Err(response) = may(&context, &viewer, &id, run, object).await {
        return *response;
    }
    let key = ask.key.unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.ask_backup(&by, &id, ask.kind, &ask.reason, &key).await {
        Ok(run) => Json(RunOrdered { run }).into_response(),
        Err(error) => refused(&context, error),
    }
}

/// A copy by the parts of its address.
pub(super) type At = (String, String, String);

pub(super) fn copy_at((database, datacenter, label): &At) -> Option<CopyAt> {
    Some(CopyAt {
        database: DatabaseId::new(database).ok()?,
        datacenter: DatacenterId::new(datacenter).ok()?,
        label: Label(label.clone()),
    })
}

/// The review of a test restore; `None`: there is no such copy.
fn review(picture: &Picture<'_>, at: &CopyAt, typed: Typed) -> Option<ask::Prove> {
    let data = copy::build(picture, &at.datacenter, &at.label)?;
    ask::prove(picture, data, typed)
}

fn answer_prove(context: &Context, status: StatusCode, data: Option<&ask::Prove>) -> Response {
    let Some(data) = data else { return not_found(context) };
    let reader = context.reader();
    let frame = Frame::new(ask::prove_title(data), Vec::new());
    context.page_as(status, frame, data, || ask::prove_view(data, &reader))
}

/// An empty form with the target that the address names.
pub(super) fn looked_at(context: &Context) -> Typed {
    let query = context.query();
    let text = |name, default: &str| query.get(name).unwrap_or(default).to_owned();
    let (target, moment) = (text("target", "end"), text("moment", ""));
    let (keep, hours) = (text("keep", ""), text("hours", &Hours::DEFAULT.get().to_string()));
    Typed { target, moment, keep, hours, key: random(), ..Typed::default() }
}

/// What a test restore now would do.
async fn prove_review(context: Context, Path(at): Path<At>) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let typed = looked_at(&context);
    let answer = with_set(&context, &at.0, async |picture: &Picture<'_>| {
        answer_prove(&context, StatusCode::OK, review(picture, &copy, typed).as_ref())
    });
    answer.await
}

async fn prove_sent(context: Context, viewer: Viewer, Path(at): Path<At>, body: Bytes) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let (work, object) = (Action::DatabaseWork, copy.address());
    if let Err(response) = may(&context, &viewer, &copy.database, work, object).await {
        return *response;
    }
    let typed = typed(&body);
    let (status, mistakes) = match ask::read_prove(&typed, context.policy().at) {
        Err(mistakes) => (StatusCode::UNPROCESSABLE_ENTITY, mistakes),
        Ok(ask::Wanted { target, keep, on }) => {
            let (on, reason) = (on.as_ref(), typed.reason.as_str());
            let wish = ProofWish { copy: &copy, target, keep, on, reason };
            let (by, control) = (context.by(&viewer), &context.state.control);
            match control.ask_proof(&by, &wish, &typed.key).await {
                Ok(_) => return Redirect::to(&copy.address()).into_response(),
                Err(BackupError::Refused(words)) => {
                    (StatusCode::CONFLICT, vec![ask::not_made(&words)])
                }
                Err(error) => return refused(&context, error),
            }
        }
    };
    let answer = with_set(&context, &at.0, async |picture: &Picture<'_>| {
        let data = review(picture, &copy, typed);
        let data = data.map(|data| ask::Prove { mistakes, ..data });
        answer_prove(&context, status, data.as_ref())
    });
    answer.await
}

/// Restores a copy beside its database, and looks into it.
#[utoipa::path(post,
    path = "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}/do/prove",
    tag = "backups",
    params(("database" = String, Path), ("datacenter" = String, Path), ("label" = String, Path)),
    request_body = ProveAsk,
    responses((status = 200, body = ProveOrdered), (status = 404),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn prove_asked(
    context: Context,
    viewer: Viewer,
    Path(at): Path<At>,
    Sent(ask): Sent<ProveAsk>,
) -> Response {
    let Some(copy) = copy_at(&at) else { return not_found(&context) };
    let (work, object) = (Action::DatabaseWork, copy.address());
    if let Err(response) = may(&context, &viewer, &copy.database, work, object).await {
        return *response;
    }
    let key = ask.key.clone().unwrap_or_else(random);
    let (by, control) = (context.by(&viewer), &context.state.control);
    let ProveAsk { target, keep_hours: keep, on, reason, .. } = &ask;
    let wish = ProofWish { copy: &copy, target: *target, keep: *keep, on: on.as_ref(), reason };
    match control.ask_proof(&by, &wish, &key).await {
        Ok(work) => Json(ProveOrdered { work }).into_response(),
        Err(error) => refused(&context, error),
    }
}
