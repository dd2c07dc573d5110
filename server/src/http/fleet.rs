//! The fleet over HTTP: what is in force, what a file would change, and applying it; as a page
//! with a plain form and as JSON.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::settings::fleet::{self as page, Check, Draft, InForce, Notice, Summary};
use mainstay_app::paths;
use mainstay_control::Control;
use mainstay_control::act::REASON_MAX_CHARS;
use mainstay_control::fleet::{ApplyError, REASON_MIN_CHARS};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_store::{StoreError, fleet as stored};
use sha2::{Digest, Sha256};

use super::page::{Context, Frame};
use super::pages::{failed, store_failed};
use crate::policy::{FLEET_BODY_MAX, Routes};
use crate::settings::form::Fields;
use crate::viewer::Viewer;

mod api;

pub use api::openapi;
pub(crate) use api::{Answer, ApplyFleet, Refused};

/// Fewest and most characters of a reason.
const REASON: (usize, usize) = (REASON_MIN_CHARS, REASON_MAX_CHARS);

pub fn routes() -> Routes {
    let (read, manage) = (Permission::ReadEstate, Permission::ManageFleet);
    let apply = Action::FleetApply;
    Routes::new()
        .get(read, paths::SETTINGS_FLEET, show)
        // Reached by reloading a refused form.
        .get(read, paths::SETTINGS_FLEET_APPLY, async || Redirect::to(paths::SETTINGS_FLEET))
        .post_large(manage, apply, paths::SETTINGS_FLEET_APPLY, FLEET_BODY_MAX, sent)
        .get(read, "/api/v1/fleet", api::in_force)
        .ask(read, "/api/v1/fleet/check", FLEET_BODY_MAX, api::check)
        .post_large(manage, apply, "/api/v1/fleet/apply", FLEET_BODY_MAX, api::apply)
}

async fn show(context: Context) -> Response {
    let in_force = match in_force(&context.state.control).await {
        Ok(in_force) => in_force,
        Err(error) => return store_failed(&context, &error),
    };
    let done = context.query().get("done") == Some("applied");
    let message = in_force.as_ref().filter(|_| done).map(|now| page::applied(now.revision));
    answer(&context, StatusCode::OK, in_force, None, message)
}

/// The form was sent: `step` says whether to check or to apply.
async fn sent(context: Context, viewer: Viewer, body: Body) -> Response {
    // The guard has read the body within the route's bound already.
    let Ok(bytes) = to_bytes(body, FLEET_BODY_MAX).await else {
        return failed(&context, &Failure::TooLarge { limit: FLEET_BODY_MAX.to_string() });
    };
    let fields = Fields::parse(&bytes);
    let source = lines(fields.text("source"));
    let check = judge(&context.state.control, &source);
    let before = fields.text("checked").to_owned();
    let draft = Draft {
        reason: fields.text("reason").to_owned(),
        checked: fingerprint(&source),
        notice: Some(Notice::Checked),
        check: Some(check),
        source,
        ..Draft::default()
    };
    let expected = fields.number("expected").unwrap_or_default();
    let refused = match fields.text("step") {
        "apply" => match apply(&context, &viewer, draft, &before, expected).await {
            Ok(response) => return response,
            Err(refused) => refused,
        },
        _ => {
            let mistakes = page::mistakes(&draft, None);
            let good = mistakes.is_empty();
            let status = if good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            (status, Draft { mistakes, ..draft })
        }
    };
    let (status, draft) = refused;
    match in_force(&context.state.control).await {
        Ok(in_force) => answer(&context, status, in_force, Some(draft), None),
        Err(error) => store_failed(&context, &error),
    }
}

/// Applies the draft on top of `expected`. An error: the form again, with what is in the way.
async fn apply(
    context: &Context,
    viewer: &Viewer,
    mut draft: Draft,
    before: &str,
    expected: i64,
) -> Result<Response, (StatusCode, Draft)> {
    draft.mistakes = page::mistakes(&draft, Some(REASON));
    let typed = draft.mistakes.iter().any(|mistake| mistake.field == "reason");
    if typed || draft.source.trim().is_empty() {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, draft));
    }
    // Sent twice, or by two people: it is in force, and once is enough.
    if draft.check.as_ref().is_some_and(Check::is_same) {
        return Err((StatusCode::OK, draft));
    }
    if !before.is_empty() && before != draft.checked {
        draft.notice = Some(Notice::Unseen);
        return Err((StatusCode::CONFLICT, draft));
    }
    let (control, by) = (&context.state.control, context.by(viewer));
    let reason = Some(draft.reason.trim());
    match control.apply_fleet(&by, &draft.source, expected, reason).await {
        Ok(_) => {
            let done = paths::with_query(paths::SETTINGS_FLEET, &[("done", "applied")]);
            Ok(Redirect::to(&done).into_response())
        }
        Err(ApplyError::Same) => Err((StatusCode::OK, draft)),
        Err(ApplyError::Changed { revision }) => {
            draft.notice = Some(Notice::Conflict { revision });
            Err((StatusCode::CONFLICT, draft))
        }
        Err(ApplyError::Blocked(_)) => Err((StatusCode::CONFLICT, draft)),
        Err(error @ ApplyError::Moved(_)) => {
            Ok(failed(context, &Failure::Conflict { detail: error.to_string() }))
        }
        // The draft has them already.
        Err(ApplyError::Findings(_)) => Err((StatusCode::UNPROCESSABLE_ENTITY, draft)),
        Err(ApplyError::Store(error)) => Ok(store_failed(context, &error)),
    }
}

fn answer(
    context: &Context,
    status: StatusCode,
    in_force: Option<InForce>,
    draft: Option<Draft>,
    message: Option<mainstay_app::shell::Message>,
) -> Response {
    let data = page::build(in_force, draft, context.snapshot.estate.at);
    let reader = context.reader();
    let frame = Frame { message, ..Frame::new(page::title(&data), Vec::new()) };
    context.page_as(status, frame, &data, || page::view(&data, &reader, REASON))
}

async fn in_force(control: &Control) -> Result<Option<InForce>, StoreError> {
    let applied = stored::current(control.store.reads()).await?;
    Ok(applied.map(|applied| InForce {
        revision: applied.revision,
        applied_at: applied.applied_at,
        applied_by: applied.applied_by,
        reason: applied.reason,
        summary: Summary::of(&applied.fleet),
        source: applied.source,
        fleet: applied.fleet,
    }))
}

/// What a file would do now.
fn judge(control: &Control, source: &str) -> Check {
    match control.preview_fleet(source) {
        Ok(preview) => {
            Check::good(&preview.fleet, preview.revision, preview.changes, &preview.blocked)
        }
        Err(findings) => Check::findings(&findings, control.snapshot().estate.fleet_revision),
    }
}

/// A browser ends the lines of a text field with both characters; a file has one.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Tells whether a text is the one that was checked.
fn fingerprint(source: &str) -> String {
    Sha256::digest(source).iter().map(|byte| format!("{byte:02x}")).collect()
}
