//! Short links: the list, one of them, making, changing and removing; and following one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mainstay_app::pages::runbook::alias as page;
use mainstay_app::paths;
use mainstay_app::text;
use mainstay_app::ui::form::Mistake;
use mainstay_control::runbook::RunbookError;
use mainstay_core::access::Permission;
use mainstay_core::address;
use mainstay_core::audit::Action;
use mainstay_core::id::AliasId;
use mainstay_core::runbook::alias::{Wanted, target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::lasting;
use super::super::page::{Context, Frame};
use super::super::pages::not_found;
use super::{may, refused};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::settings::form::Fields;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, act) = (Permission::ReadEstate, Permission::Operate);
    let (change, remove) = (Action::AliasChange, Action::AliasRemove);
    let api = "/api/v1/runbooks/aliases";
    Routes::new()
        .get(read, "/go/{alias}", follow)
        .get(read, paths::ALIASES, list)
        .get(read, api, list)
        .post(act, Action::AliasCreate, paths::ALIASES, make_sent)
        .post(act, Action::AliasCreate, api, make_asked)
        .get(read, "/runbooks/aliases/{alias}", show)
        .get(read, "/api/v1/runbooks/aliases/{alias}", show)
        .post(act, change, "/runbooks/aliases/{alias}/do/change", change_sent)
        .post(act, change, "/api/v1/runbooks/aliases/{alias}/do/change", change_asked)
        .post(act, remove, "/runbooks/aliases/{alias}/do/remove", remove_sent)
        .post(act, remove, "/api/v1/runbooks/aliases/{alias}/do/remove", remove_asked)
}

/// A short link to make or change.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = AliasWanted)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasAsk {
    /// Its name; of one that is there it stands in the address.
    #[serde(default)]
    alias: String,
    /// Path, query and fragment of a page of this console.
    target: String,
    owner: String,
    #[serde(default)]
    note: String,
    /// The revision that was looked at.
    #[serde(default)]
    expected_revision: Option<i64>,
}

impl AliasAsk {
    fn wanted(self) -> Wanted {
        Wanted { id: self.alias, target: self.target, owner: self.owner, note: self.note }
    }
}

/// Follows a short link: 302 to a page of this console, never elsewhere.
async fn follow(context: Context, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<AliasId>() else { return not_found(&context) };
    let Some(alias) = context.snapshot.aliases.get(&id) else { return not_found(&context) };
    // Whatever is in the store: nothing but an own address is ever followed.
    if target(&alias.target).is_err() {
        return not_found(&context);
    }
    context.state.control.alias_used(&id);
    let moved = address::moved(&alias.target, &context.snapshot.estate.fleet);
    lasting::found(moved.as_deref().unwrap_or(&alias.target))
}

/// Every short link: dead ones first, then those to review.
#[utoipa::path(get, path = "/api/v1/runbooks/aliases", tag = "runbooks",
    responses((status = 200, body = page::Data)))]
pub(super) async fn list(context: Context) -> Response {
    let data = list_data(&context);
    show_list(&context, StatusCode::OK, &data)
}

fn list_data(context: &Context) -> page::Data {
    let snapshot = &context.snapshot;
    page::build(&snapshot.estate, &snapshot.shelf, &snapshot.aliases, &context.query())
}

fn show_list(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), Vec::new());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

/// One short link.
#[utoipa::path(get, path = "/api/v1/runbooks/aliases/{alias}", tag = "runbooks",
    params(("alias" = String, Path)),
    responses((status = 200, body = page::OneData), (status = 404)))]
pub(super) async fn show(context: Context, Path(id): Path<String>) -> Response {
    match one(&context, &id) {
        Some(data) => show_one(&context, StatusCode::OK, &data),
        None => not_found(&context),
    }
}

fn one(context: &Context, id: &str) -> Option<page::OneData> {
    let snapshot = &context.snapshot;
    let alias = snapshot.aliases.get(&id.parse::<AliasId>().ok()?)?;
    let (estate, shelf) = (&snapshot.estate, &snapshot.shelf);
    let row = page::Row::of(alias, estate, shelf, &snapshot.aliases);
    Some(page::build_one(row, estate.at))
}

fn show_one(context: &Context, status: StatusCode, data: &page::OneData) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::one_title(data), Vec::new());
    context.page_as(status, frame, data, || page::one_view(data, &reader))
}

fn typed(fields: &Fields, id: &str) -> Wanted {
    Wanted {
        id: id.to_owned(),
        target: fields.text("target").to_owned(),
        owner: fields.text("owner").to_owned(),
        note: fields.text("note").to_owned(),
    }
}

/// The mistakes of a form, where the error is one of what was typed.
fn mistakes(error: &RunbookError) -> Option<Vec<Mistake>> {
    match error {
        RunbookError::Alias(found) => {
            let words = found.iter().map(|it| Mistake::new(it.field(), text::sentence(it)));
            Some(words.collect())
        }
        RunbookError::Taken => Some(vec![Mistake::new("alias", text::sentence(error))]),
        RunbookError::NotFound
        | RunbookError::Set(_)
        | RunbookError::Changed { .. }
        | RunbookError::Same
        | RunbookError::Run(_)
        | RunbookError::TooManyAliases
        | RunbookError::Stale
        | RunbookError::Form(_)
        | RunbookError::Store(_) => None,
    }
}

async fn make_sent(context: Context, viewer: Viewer, body: Bytes) -> Response {
    let fields = Fields::parse(&body);
    let typed = typed(&fields, fields.text("alias"));
    match make(&context, &viewer, &typed).await {
        Ok(Ok(_)) => Redirect::to(paths::ALIASES).into_response(),
        Ok(Err(error)) => match mistakes(&error) {
            Some(mistakes) => {
                let data = page::Data { typed, mistakes, ..list_data(&context) };
                show_list(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
            }
            None => refused(&context, error),
        },
        Err(response) => *response,
    }
}

/// Makes a short link.
#[utoipa::path(post, path = "/api/v1/runbooks/aliases", tag = "runbooks",
    request_body = AliasAsk,
    responses((status = 201), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn make_asked(
    context: Context,
    viewer: Viewer,
    Sent(ask): Sent<AliasAsk>,
) -> Response {
    match make(&context, &viewer, &ask.wanted()).await {
        Ok(Ok(id)) => {
            let href = paths::go(&id);
            let made = serde_json::json!({ "alias": id, "href": href });
            (StatusCode::CREATED, Json(made)).into_response()
        }
        Ok(Err(error)) => refused(&context, error),
        Err(response) => *response,
    }
}

async fn make(
    context: &Context,
    viewer: &Viewer,
    wanted: &Wanted,
) -> Result<Result<AliasId, RunbookError>, Box<Response>> {
    let object = paths::ALIASES.to_owned();
    may(context, viewer, Permission::Operate, (Action::AliasCreate, object)).await?;
    Ok(context.state.control.make_alias(&context.by(viewer), wanted).await)
}

async fn change_sent(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let fields = Fields::parse(&body);
    let (typed, expected) = (typed(&fields, &id), fields.number("expected"));
    match change(&context, &viewer, &typed, expected).await {
        Ok(Ok(id)) => Redirect::to(&paths::alias(id)).into_response(),
        Ok(Err(error)) => match (mistakes(&error), one(&context, &id)) {
            (Some(mistakes), Some(data)) => {
                let data = page::OneData { typed, mistakes, ..data };
                show_one(&context, StatusCode::UNPROCESSABLE_ENTITY, &data)
            }
            _ => refused(&context, error),
        },
        Err(response) => *response,
    }
}

/// Changes a short link, and says that it was reviewed today.
#[utoipa::path(post, path = "/api/v1/runbooks/aliases/{alias}/do/change", tag = "runbooks",
    params(("alias" = String, Path)), request_body = AliasAsk,
    responses((status = 204), (status = 404), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn change_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
    Sent(ask): Sent<AliasAsk>,
) -> Response {
    let expected = ask.expected_revision;
    let wanted = Wanted { id, ..ask.wanted() };
    match change(&context, &viewer, &wanted, expected).await {
        Ok(Ok(_)) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(error)) => refused(&context, error),
        Err(response) => *response,
    }
}

async fn change(
    context: &Context,
    viewer: &Viewer,
    wanted: &Wanted,
    expected: Option<i64>,
) -> Result<Result<AliasId, RunbookError>, Box<Response>> {
    let object = paths::go(&wanted.id);
    may(context, viewer, Permission::Operate, (Action::AliasChange, object)).await?;
    Ok(context.state.control.change_alias(&context.by(viewer), wanted, expected).await)
}

async fn remove_sent(context: Context, viewer: Viewer, Path(id): Path<String>) -> Response {
    match remove(&context, &viewer, &id).await {
        Ok(()) => Redirect::to(paths::ALIASES).into_response(),
        Err(response) => *response,
    }
}

/// Removes a short link; its address says from then on that it is gone.
#[utoipa::path(post, path = "/api/v1/runbooks/aliases/{alias}/do/remove", tag = "runbooks",
    params(("alias" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn remove_asked(
    context: Context,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Response {
    match remove(&context, &viewer, &id).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(response) => *response,
    }
}

async fn remove(context: &Context, viewer: &Viewer, id: &str) -> Result<(), Box<Response>> {
    let Ok(id) = id.parse::<AliasId>() else { return Err(Box::new(not_found(context))) };
    let action = (Action::AliasRemove, paths::go(&id));
    may(context, viewer, Permission::Operate, action).await?;
    let removed = context.state.control.remove_alias(&context.by(viewer), &id).await;
    removed.map_err(|error| Box::new(refused(context, error)))
}
