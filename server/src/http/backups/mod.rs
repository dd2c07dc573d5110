//! Backups over HTTP: the calendar, sets, copies and runs, and what people and programs ask of
//! them ([`act`]); restores over live databases ([`restore`]).
//!
//! Must not: decide. When copies are made and what they are worth comes from core and control.

mod act;
mod load;
mod restore;
mod stay;

use axum::extract::Path;
use axum::response::Response;
use mainstay_app::pages::backups::{self, Filter, Picture, copy, run, set};
use mainstay_app::paths;
use mainstay_core::access::Permission;
use mainstay_core::backup::Label;
use mainstay_core::id::{DatabaseId, DatacenterId};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use crate::policy::Routes;

pub(crate) use act::{ProveAsk, ProveOrdered, RunAsk, RunOrdered};
pub(super) use load::lately;
pub(crate) use restore::{LetGoAsk, RefuseAsk, RestoreAsk, RestoreAsked};
pub(crate) use stay::KeepLongerAsk;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::BACKUPS, list)
        .get(read, "/api/v1/backups", list)
        .get(read, "/backups/sets/{database}", show)
        .get(read, "/api/v1/backups/sets/{database}", show)
        .get(read, "/backups/sets/{database}/copies/{datacenter}/{label}", one_copy)
        .get(read, "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}", one_copy)
        .get(read, "/backups/runs/{id}", one_run)
        .get(read, "/api/v1/backups/runs/{id}", one_run)
        .merge(act::routes())
        .merge(restore::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(list, show, one_copy, one_run, act::run_asked, act::prove_asked),
    components(schemas(RunAsk, RunOrdered, ProveAsk, ProveOrdered))
)]
struct Description;

/// The description of what is under `/api/v1/backups`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(restore::openapi());
    description
}

/// Backups of every database: how they went, what exists, where.
#[utoipa::path(get, path = "/api/v1/backups", tag = "backups",
    params(
        ("view" = Option<String>, Query, description = "`calendar`, `sets`, `copies`, `restores`"),
        ("span" = Option<String>, Query, description = "of the calendar: `week` or `month`"),
        ("from" = Option<String>, Query, description = "a day of the week or month, YYYY-MM-DD"),
        ("lost" = Option<String>, Query, description = "of copies: a data centre to do without"),
        ("q" = Option<String>, Query, description = "part of a database's name"),
        ("after" = Option<String>, Query, description = "the last database of the page before"),
    ),
    responses((status = 200, body = backups::Data)))]
async fn list(context: Context) -> Response {
    let estate = &*context.policy();
    let (filter, dropped) = Filter::read(&context.query(), estate);
    let known = match load::all(&context, &filter).await {
        Ok(known) => known,
        Err(error) => return store_failed(&context, &error),
    };
    let mut data = backups::build(estate, &known, filter, dropped);
    if data.filter.view == backups::View::Restores {
        data.restores = match context.state.control.restores(None).await {
            Ok(restores) => Some(backups::restore::list::build(estate, &restores)),
            Err(error) => return store_failed(&context, &error),
        };
    }
    let frame = Frame::new(backups::title(), backups::topics());
    context.page(frame, &data, || backups::view(&data))
}

/// The copies of one database, with its policy and what is done about them.
#[utoipa::path(get, path = "/api/v1/backups/sets/{database}", tag = "backups",
    params(("database" = String, Path)),
    responses((status = 200, body = set::Data), (status = 404)))]
async fn show(context: Context, Path(database): Path<String>) -> Response {
    let reader = context.reader();
    let answer = load::with_set(&context, &database, async |picture: &Picture<'_>| {
        let data = set::build(picture);
        let frame = Frame::new(set::title(&data), set::topics());
        context.page(frame, &data, || set::view(&data, &reader))
    });
    answer.await
}

/// One copy, and what restoring it showed.
#[utoipa::path(get, path = "/api/v1/backups/sets/{database}/copies/{datacenter}/{label}",
    tag = "backups",
    params(("database" = String, Path), ("datacenter" = String, Path), ("label" = String, Path)),
    responses((status = 200, body = copy::Data), (status = 404)))]
async fn one_copy(
    context: Context,
    Path((database, datacenter, label)): Path<(String, String, String)>,
) -> Response {
    let Ok(datacenter) = DatacenterId::new(&datacenter) else { return not_found(&context) };
    let reader = context.reader();
    let answer = load::with_set(&context, &database, async |picture: &Picture<'_>| {
        let Some(data) = copy::build(picture, &datacenter, &Label(label)) else {
            return not_found(&context);
        };
        let frame = Frame::new(copy::title(&data), set::topics());
        context.page(frame, &data, || copy::view(&data, &reader))
    });
    answer.await
}

/// A run of a backup: its state, its tries, how far it is.
#[utoipa::path(get, path = "/api/v1/backups/runs/{id}", tag = "backups",
    params(("id" = String, Path, description = "`bk-12`")),
    responses((status = 200, body = run::Data), (status = 404)))]
async fn one_run(context: Context, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return not_found(&context) };
    let found = match context.state.control.backup_run(id).await {
        Ok(Some(run)) => run,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let database: DatabaseId = found.planned.database.clone();
    let answer = load::with_set(&context, database.as_str(), async |picture: &Picture<'_>| {
        let data = run::build(picture, &found);
        let frame = Frame::new(run::title(&data), set::topics());
        context.page(frame, &data, || run::view(&data))
    });
    answer.await
}
