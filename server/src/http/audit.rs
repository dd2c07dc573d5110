//! The audit log over HTTP: list, entry, how to verify, and the export of what a filter finds.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use mainstay_app::pages::audit::export::Format;
use mainstay_app::pages::audit::filter::Filter;
use mainstay_app::pages::audit::{self as page, Checkpoint, Found, PAGE_ROWS, entry, verify};
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::query::{Dropped, Query};
use mainstay_app::paths;
use mainstay_control::audit::note_export;
use mainstay_core::access::Permission;
use mainstay_core::audit::{Action, Entry};
use mainstay_store::{Store, StoreError, audit};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{failed, not_found, store_failed};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::viewer::Viewer;

/// Data of these pages, for programs.
#[derive(OpenApi)]
#[openapi(
    paths(api_list, api_entry, checkpoint),
    components(schemas(
        page::Data,
        page::Row,
        Checkpoint,
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
        .post(read, Action::AuditExport, paths::AUDIT_EXPORT, export)
        .get(read, "/api/v1/audit", api_list)
        .get(read, "/api/v1/audit/checkpoint", checkpoint)
        .get(read, "/api/v1/audit/{seq}", api_entry)
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
        Ok::<_, StoreError>(Some((entry, newest.map(shown), proof)))
    };
    let (found, checkpoint, proof) = match read.await {
        Ok(Some(found)) => found,
        Ok(None) => return not_found(&context),
        Err(error) => return store_failed(&context, &error),
    };
    let data = entry::build(found, checkpoint, proof, context.snapshot.estate.at);
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

/// Sends what the filter finds as a file, page by page: never more than one page in memory.
async fn export(context: Context, viewer: Viewer, body: String) -> Response {
    let (query, now) = (Query::parse(&body), context.snapshot.estate.at);
    let (filter, dropped) = Filter::read(&query, now);
    if !dropped.is_empty() {
        return failed(&context, &Failure::Unfit { detail: sentence(&dropped) });
    }
    let Some(format) = query.get("format").and_then(Format::from_name) else {
        let detail = "An export is csv or jsonl.".to_owned();
        return failed(&context, &Failure::Unfit { detail });
    };
    let control = &context.state.control;
    let what = serde_json::json!({ "format": format.name(), "filter": filter });
    let begun = async {
        // What is exported is older than the entry about the export.
        let store = control.store.clone();
        let before = note_export(&store, &context.by(&viewer), what).await?;
        let mut pages = Pages { store, filter, format, before };
        Ok::<_, StoreError>((pages.next().await?, pages))
    };
    let (first, pages) = match begun.await {
        Ok(begun) => begun,
        Err(error) => return store_failed(&context, &error),
    };
    let head = Bytes::from_static(format.head().as_bytes());
    let first = Bytes::from([head, first.unwrap_or_default()].concat());
    let rest = stream::try_unfold(pages, |mut pages| async move {
        let page = pages.next().await.inspect_err(|error| {
            tracing::error!(%error, "an export of the audit log ended early");
        })?;
        Ok::<_, StoreError>(page.map(|page| (page, pages)))
    });
    let lines = stream::StreamExt::chain(stream::iter([Ok(first)]), rest);
    (attachment(format, now), Body::from_stream(lines)).into_response()
}

fn attachment(format: Format, now: DateTime<Utc>) -> HeaderMap {
    let name = format!("audit-{}.{}", now.format("%Y%m%dT%H%M%SZ"), format.name());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    headers
}

/// An export on its way.
struct Pages {
    store: Store,
    filter: Filter,
    format: Format,
    /// Entries below this id are still to come.
    before: i64,
}

impl Pages {
    /// The next page as text; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let filter = stored(&self.filter);
        let entries: Vec<Entry> =
            audit::list(&self.store, &filter, Some(self.before), audit::PAGE_MAX).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        self.before = last.id;
        let mut text = String::new();
        entries.iter().for_each(|entry| self.format.write(entry, &mut text));
        Ok(Some(text.into()))
    }
}

async fn found(store: &Store, filter: &Filter, after: Option<i64>) -> Result<Found, StoreError> {
    let wanted = PAGE_ROWS as i64 + 1;
    let entries = audit::list(store, &stored(filter), after, wanted).await?;
    let checkpoint = audit::latest_checkpoint(store).await?.map(shown);
    Ok(Found { entries, checkpoint })
}

fn stored(filter: &Filter) -> audit::Filter {
    audit::Filter {
        actor: filter.who.clone(),
        action: filter.action,
        object: filter.object.clone(),
        outcome: filter.outcome,
        from: filter.from,
        until: filter.to,
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
