//! The audit log over HTTP: list, entry with what belongs to it ([`trail`]), how to verify, the
//! export of what a filter finds ([`export`]), and packs of evidence ([`evidence`]).

mod evidence;
mod export;
mod trail;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mainstay_app::pages::audit::evidence as pack;
use mainstay_app::pages::audit::filter::Filter;
use mainstay_app::pages::audit::{
    self as page, Checked, Checkpoint, Found, Matches, PAGE_ROWS, entry, trail as story, verify,
};
use mainstay_app::pages::query::Dropped;
use mainstay_app::paths;
use mainstay_core::access::Permission;
use mainstay_store::{Store, StoreError, audit};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;

pub(crate) use evidence::Ask;

/// Data of these pages, for programs.
#[derive(OpenApi)]
#[openapi(
    paths(
        api_list,
        api_entry,
        checkpoint,
        evidence::api_show,
        evidence::api_make,
        export::api_export
    ),
    components(schemas(
        page::Data,
        page::Row,
        Checkpoint,
        Checked,
        Matches,
        story::Data,
        story::StepRow,
        story::Evidence,
        pack::Data,
        pack::PartRow,
        pack::PackRow,
        evidence::Ask,
        export::Ask,
        Filter,
        Dropped,
        entry::Data,
        entry::Inclusion,
    ))
)]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

pub fn routes() -> Routes {
    let read = Permission::ReadAudit;
    Routes::new()
        .get(read, paths::AUDIT, list)
        .get(read, paths::AUDIT_VERIFY, how_to_verify)
        .get(read, "/audit/{seq}", one)
        .get(read, "/api/v1/audit", api_list)
        .get(read, "/api/v1/audit/checkpoint", checkpoint)
        .get(read, "/api/v1/audit/{seq}", api_entry)
        .merge(export::routes())
        .merge(evidence::routes())
}

async fn list(context: Context) -> Response {
    let now = context.snapshot.estate.at;
    let (filter, after, dropped) = page::asked(&context.query(), now);
    let found = match found(&context.state.control.store, &filter, after).await {
        Ok(found) => found,
        Err(error) => return store_failed(&context, &error),
    };
    let data = page::build(found, filter, dropped, after.is_some(), now);
    let reader = context.reader();
    context.page(Frame::new(page::title(), Vec::new()), &data, || page::view(&data, &reader))
}

/// Entries of the audit log that match, newest first; `after` of the answer's `next` goes on.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(
        ("who" = Option<String>, Query, description = "name of whoever did it"),
        ("action" = Option<String>, Query, description = "`fleet-apply`"),
        ("object" = Option<String>, Query, description = "`/services/feed-api`, and below"),
        ("outcome" = Option<String>, Query, description = "`done`, `refused` or `failed`"),
        ("from" = Option<String>, Query, description = "RFC 3339, or `-6h`"),
        ("to" = Option<String>, Query, description = "RFC 3339, or `-6h`"),
        ("q" = Option<String>, Query,
            description = "words that all occur, each with its beginning: `store-web refused`"),
        ("after" = Option<i64>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, body = page::Data),
        (status = 422, body = Problem, description = "a value of the filter means nothing"),
    ))]
async fn api_list(context: Context) -> Response {
    let (.., dropped) = page::asked(&context.query(), context.snapshot.estate.at);
    // A program that asked for less must not take everything for it.
    if !dropped.is_empty() {
        return unusable(&dropped).into_response();
    }
    list(context).await
}

async fn one(context: Context, Path(seq): Path<String>) -> Response {
    let Ok(seq) = seq.parse::<u64>() else { return not_found(&context) };
    let store = &context.state.control.store;
    let read = async {
        let Some(entry) = audit::get(store, seq).await? else { return Ok(None) };
        let newest = audit::latest_checkpoint(store).await?;
        let proof = match &newest {
            Some(newest) => audit::inclusion(store, seq, newest.size).await?,
            None => None,
        };
        let trail = trail::load(&context, &entry).await?;
        Ok::<_, StoreError>(Some((entry, newest.map(shown), proof, trail)))
    };
    let (found, checkpoint, proof, trail) = match read.await {
        Ok(Some(found)) => found,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let data = entry::build(found, checkpoint, proof, trail, context.snapshot.estate.at);
    context.page(Frame::new(entry::title(&data), Vec::new()), &data, || entry::view(&data))
}

/// One entry by its position, with the proof that the newest checkpoint contains it.
#[utoipa::path(get, path = "/api/v1/audit/{seq}", tag = "audit",
    params(("seq" = u64, Path)),
    responses((status = 200, body = entry::Data), (status = 404)))]
async fn api_entry(context: Context, seq: Path<String>) -> Response {
    one(context, seq).await
}

async fn how_to_verify(context: Context) -> Response {
    let newest = match audit::latest_checkpoint(&context.state.control.store).await {
        Ok(newest) => newest,
        Err(error) => return store_failed(&context, &error),
    };
    let data = verify::build(newest.map(shown), context.snapshot.estate.at);
    context.page(Frame::new(verify::title(), Vec::new()), &data, || verify::view(&data))
}

/// The newest signed checkpoint. Keep it elsewhere: it is what an older log is held to.
#[utoipa::path(get, path = "/api/v1/audit/checkpoint", tag = "audit",
    responses((status = 200, body = Checkpoint), (status = 404)))]
async fn checkpoint(context: Context) -> Response {
    match audit::latest_checkpoint(&context.state.control.store).await {
        Ok(Some(newest)) => Json(shown(newest)).into_response(),
        Ok(None) => not_found(&context),
        Err(error) => store_failed(&context, &error),
    }
}

async fn found(store: &Store, filter: &Filter, after: Option<i64>) -> Result<Found, StoreError> {
    let wanted = PAGE_ROWS as i64 + 1;
    let filter = stored(filter);
    let (found, checkpoint, check) = tokio::try_join!(
        audit::search(store, &filter, after, wanted),
        audit::latest_checkpoint(store),
        audit::check::read(store),
    )?;
    let matches = match found.matches {
        audit::Matches::Exactly(count) => Some(Matches { count, exact: true }),
        audit::Matches::AtLeast(count) => Some(Matches { count, exact: false }),
        audit::Matches::Unknown => None,
    };
    Ok(Found {
        entries: found.entries,
        checkpoint: checkpoint.map(shown),
        checked: Checked::of(check),
        matches,
        cut: found.cut,
    })
}

fn stored(filter: &Filter) -> audit::Filter {
    audit::Filter {
        actor: filter.who.clone(),
        action: filter.action,
        object: filter.object.clone(),
        outcome: filter.outcome,
        from: filter.from,
        until: filter.to,
        words: filter.words(),
    }
}

fn shown(checkpoint: audit::Checkpoint) -> Checkpoint {
    let audit::Checkpoint { size, at, note, verifier } = checkpoint;
    Checkpoint { entries: size, at, note, verifier }
}

fn unusable(dropped: &[Dropped]) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, sentence(dropped))
}

/// What of a filter means nothing.
fn sentence(dropped: &[Dropped]) -> String {
    let names = dropped.iter().map(|d| format!("`{}` cannot be `{}`", d.name, d.value));
    let names: Vec<_> = names.collect();
    format!("{}. Correct it or leave it out.", names.join("; "))
}
