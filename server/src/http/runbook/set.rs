//! The fleet's own runbooks: the set in force, one changed on a page, all of them by a program.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::runbook::edit::{self as page, FindingRow};
use mainstay_app::ui::form::Mistake;
use mainstay_app::{paths, text};
use mainstay_control::runbook::{Difference, RunbookError, SetChange};
use mainstay_core::access::{Permission, Target};
use mainstay_core::audit::Action;
use mainstay_core::id::RunbookId;
use mainstay_core::runbook::finding::{Finding, Kind};
use mainstay_core::runbook::shelf::{Files, SetError, check};
use mainstay_core::runbook::{Origin, SET_MAX_BYTES};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, not_found, store_failed};
use super::{may, refused};
use crate::policy::{BODY_MAX, Routes};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::settings::form::Fields;
use crate::viewer::Viewer;

/// Largest body that brings a set: its texts as JSON writes them.
const SET_BODY_MAX: usize = 2 * SET_MAX_BYTES + BODY_MAX;
/// Largest body of a form with one text, percent-encoded.
const TEXT_BODY_MAX: usize = 3 * mainstay_core::runbook::RUNBOOK_MAX_BYTES + BODY_MAX;

pub(super) fn routes() -> Routes {
    let (read, manage) = (Permission::ReadEstate, Permission::ManageFleet);
    let apply = Action::RunbookApply;
    Routes::new()
        .get(read, paths::RUNBOOK_WRITE, write)
        .post_large(manage, apply, paths::RUNBOOK_WRITE, TEXT_BODY_MAX, write_sent)
        .get(read, "/runbooks/{slug}/do/edit", edit)
        .post_large(manage, apply, "/runbooks/{slug}/do/edit", TEXT_BODY_MAX, edit_sent)
        .post(manage, apply, "/runbooks/{slug}/do/remove", remove_sent)
        .get(read, "/api/v1/runbooks/set", in_force)
        .post_large(manage, apply, "/api/v1/runbooks/set", SET_BODY_MAX, apply_asked)
}

/// The fleet's own runbooks, all of them.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookSet)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAsk {
    /// Text by name (the last part of its address).
    #[schema(value_type = Object)]
    pub files: Files,
    /// The revision that was looked at; without it, whichever is in force.
    #[serde(default)]
    pub expected_revision: Option<i64>,
    /// Why, for the audit log.
    #[serde(default)]
    pub reason: Option<String>,
    /// Only answer what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was applied, or would be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookSetApplied)]
pub(crate) struct SetAnswer {
    /// False: a dry run, or nothing would change.
    pub applied: bool,
    /// The revision in force after this.
    pub revision: i64,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

/// Why nothing was applied.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunbookSetRefused)]
pub(super) struct SetRefused {
    pub status: u16,
    pub title: String,
    pub detail: String,
    /// Mistakes by name.
    #[serde(default)]
    pub findings: BTreeMap<String, Vec<FindingRow>>,
}

/// The fleet's own runbooks as they were applied.
#[utoipa::path(get, path = "/api/v1/runbooks/set", tag = "runbooks",
    responses((status = 200)))]
pub(super) async fn in_force(context: Context) -> Response {
    match context.state.control.runbook_files().await {
        Ok((revision, files)) => {
            Json(serde_json::json!({ "revision": revision, "files": files })).into_response()
        }
        Err(error) => store_failed(&context, &error),
    }
}

/// Applies the fleet's own runbooks: these and no others, in one audited transaction.
#[utoipa::path(post, path = "/api/v1/runbooks/set", tag = "runbooks", request_body = SetAsk,
    responses(
        (status = 200, body = SetAnswer),
        (status = 409, body = SetRefused, description = "another revision is in force by now"),
        (status = 422, body = SetRefused, description = "some of them have mistakes"),
    ))]
pub(super) async fn apply_asked(context: Context, viewer: Viewer, body: Body) -> Response {
    // The guard has read the body within the route's bound already.
    let Ok(bytes) = to_bytes(body, SET_BODY_MAX).await else {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The set is too large.")
            .into_response();
    };
    let ask: SetAsk = match serde_json::from_slice(&bytes) {
        Ok(ask) => ask,
        Err(error) => {
            let detail = format!("{error}. Send JSON as /api/v1/openapi.json says.");
            return Problem::new(StatusCode::BAD_REQUEST, detail).into_response();
        }
    };
    let action = (Action::RunbookApply, paths::RUNBOOKS.to_owned());
    if let Err(response) = may(&context, &viewer, Permission::ManageFleet, action).await {
        return *response;
    }
    let (by, control) = (context.by(&viewer), &context.state.control);
    let SetAsk { files, expected_revision, reason, dry_run } = ask;
    let (revision, old) = match control.runbook_files().await {
        Ok(current) => current,
        Err(error) => return store_failed(&context, &error),
    };
    let difference = Difference::of(&old, &files);
    let estate = &context.snapshot.estate;
    let fleet = (estate.fleet_revision > 0).then_some(&*estate.fleet);
    if let Err(error) = check(&files, fleet) {
        return set_refused(StatusCode::UNPROCESSABLE_ENTITY, error.into());
    }
    if dry_run || difference.is_none() {
        return Json(set_answer(false, revision, difference)).into_response();
    }
    let change = SetChange::All(files);
    match control.apply_runbooks(&by, &change, expected_revision, reason.as_deref()).await {
        Ok((revision, difference)) => Json(set_answer(true, revision, difference)).into_response(),
        Err(RunbookError::Same) => {
            Json(set_answer(false, revision, Difference::default())).into_response()
        }
        Err(RunbookError::Store(error)) => store_failed(&context, &error),
        Err(error @ RunbookError::Set(_)) => set_refused(StatusCode::UNPROCESSABLE_ENTITY, error),
        Err(error) => set_refused(StatusCode::CONFLICT, error),
    }
}

fn set_answer(applied: bool, revision: i64, difference: Difference) -> SetAnswer {
    let Difference { added, changed, removed } = difference;
    SetAnswer { applied, revision, added, changed, removed }
}

fn set_refused(status: StatusCode, error: RunbookError) -> Response {
    let detail = format!("Nothing was applied: {error}.");
    let findings = if let RunbookError::Set(SetError::Findings(found)) = error {
        found
    } else {
        BTreeMap::new()
    };
    let rows = |found: Vec<Finding>| found.iter().map(FindingRow::of).collect();
    let refused = SetRefused {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or("Error").to_owned(),
        detail,
        findings: findings.into_iter().map(|(slug, found)| (slug, rows(found))).collect(),
    };
    let mut response = (status, Json(refused)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}

async fn write(context: Context) -> Response {
    match context.state.control.runbook_files().await {
        Ok((revision, _)) => show(&context, StatusCode::OK, &page::Data::new(revision)),
        Err(error) => store_failed(&context, &error),
    }
}

async fn edit(context: Context, Path(slug): Path<String>) -> Response {
    match loaded(&context, &slug).await {
        Ok(data) => show(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

async fn loaded(context: &Context, slug: &str) -> Result<page::Data, Box<Response>> {
    let id = slug.parse::<RunbookId>().ok();
    let book = id.and_then(|id| context.snapshot.shelf.get(&id).cloned());
    let Some(book) = book else { return Err(Box::new(not_found(context))) };
    let (revision, files) = match context.state.control.runbook_files().await {
        Ok(current) => current,
        Err(error) => return Err(Box::new(store_failed(context, &error))),
    };
    let source = files.get(slug).unwrap_or(&book.source);
    let own = files.contains_key(slug) || book.origin == Origin::Fleet;
    Ok(page::Data::of(slug, source, own, revision))
}

fn show(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let refusal = reader.may(Permission::ManageFleet, Target::default()).err();
    let refusal = refusal.map(|refusal| text::refusal(&refusal));
    let mut frame = Frame::new(page::title(data), Vec::new());
    if context.query().get("done") == Some("saved") && status == StatusCode::OK {
        frame.message = Some(page::saved(data.revision));
    }
    context.page_as(status, frame, data, || page::view(data, &reader, refusal))
}

async fn write_sent(context: Context, viewer: Viewer, body: Body) -> Response {
    save(&context, &viewer, None, body).await
}

async fn edit_sent(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    body: Body,
) -> Response {
    save(&context, &viewer, Some(slug), body).await
}

/// Saves one; with mistakes the form comes back with them.
async fn save(context: &Context, viewer: &Viewer, slug: Option<String>, body: Body) -> Response {
    let action = (Action::RunbookApply, paths::RUNBOOKS.to_owned());
    if let Err(response) = may(context, viewer, Permission::ManageFleet, action).await {
        return *response;
    }
    let Ok(bytes) = to_bytes(body, TEXT_BODY_MAX).await else {
        return failed(context, &Failure::TooLarge { limit: text::bytes(TEXT_BODY_MAX as u64) });
    };
    let fields = Fields::parse(&bytes);
    // A browser ends the lines of a text field with both characters; a file has one.
    let source = fields.text("source").replace("\r\n", "\n");
    let expected = fields.number("expected").unwrap_or_default();
    let mut data = page::Data {
        slug: slug.clone(),
        source: source.clone(),
        typed_slug: fields.text("slug").trim().to_owned(),
        reason: fields.text("reason").trim().to_owned(),
        ..page::Data::new(expected)
    };
    let name = slug.unwrap_or_else(|| data.typed_slug.clone());
    let reason = Some(data.reason.as_str()).filter(|reason| !reason.is_empty());
    let change = SetChange::Put { slug: name.clone(), source };
    let (by, control) = (context.by(viewer), &context.state.control);
    match control.apply_runbooks(&by, &change, Some(expected), reason).await {
        Ok(_) => {
            let page = paths::action(&paths::runbook(&name), "edit");
            Redirect::to(&paths::with_query(&page, &[("done", "saved")])).into_response()
        }
        Err(RunbookError::Set(SetError::Findings(mut found))) => {
            let found = found.remove(&name).unwrap_or_default();
            mistakes(&mut data, &found);
            show(context, StatusCode::UNPROCESSABLE_ENTITY, &data)
        }
        Err(RunbookError::Same) => {
            data.refused = Some(page::same());
            show(context, StatusCode::OK, &data)
        }
        Err(error @ (RunbookError::Changed { .. } | RunbookError::Set(_))) => {
            data.refused = Some(text::sentence(&error));
            show(context, StatusCode::CONFLICT, &data)
        }
        Err(error) => refused(context, error),
    }
}

/// Findings of the text, and of its name.
fn mistakes(data: &mut page::Data, found: &[Finding]) {
    let of_name = |finding: &&Finding| {
        matches!(finding.kind, Kind::BadSlug { .. } | Kind::ReservedSlug { .. })
    };
    let names = found.iter().filter(of_name);
    data.mistakes = names.map(|it| Mistake::new("slug", text::sentence(it))).collect();
    let texts: Vec<_> = found.iter().filter(|it| !of_name(it)).map(FindingRow::of).collect();
    let count = texts.len();
    if count > 0 {
        data.mistakes.push(page::summed(count));
    }
    data.findings = texts;
}

async fn remove_sent(
    context: Context,
    viewer: Viewer,
    Path(slug): Path<String>,
    body: axum::body::Bytes,
) -> Response {
    let action = (Action::RunbookApply, paths::RUNBOOKS.to_owned());
    if let Err(response) = may(&context, &viewer, Permission::ManageFleet, action).await {
        return *response;
    }
    let expected = Fields::parse(&body).number("expected");
    let (by, control) = (context.by(&viewer), &context.state.control);
    match control.apply_runbooks(&by, &SetChange::Remove { slug }, expected, None).await {
        Ok(_) => Redirect::to(paths::RUNBOOKS).into_response(),
        Err(RunbookError::Same) => not_found(&context),
        Err(error) => refused(&context, error),
    }
}
