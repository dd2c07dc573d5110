//! Sends what a filter finds as a file, page by page: never more than one page is in memory.
//!
//! JSON lines can be verified far from here: the whole log where nothing is filtered, else each
//! entry with its proof. CSV is for reading.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use mainstay_app::pages::audit::export::Format;
use mainstay_app::pages::audit::filter::Filter;
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::query::Query;
use mainstay_app::paths;
use mainstay_control::audit::{Selected, Stretch, note_export};
use mainstay_core::access::Permission;
use mainstay_core::audit::{Action, Entry};
use mainstay_store::{Store, StoreError, audit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::page::Context;
use super::super::pages::{failed, store_failed};
use super::{sentence, stored};
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

pub(super) fn routes() -> Routes {
    let (read, action) = (Permission::ReadAudit, Action::AuditExport);
    Routes::new().post(read, action, paths::AUDIT_EXPORT, sent).post(
        read,
        action,
        "/api/v1/audit/export",
        api_export,
    )
}

async fn sent(context: Context, viewer: Viewer, body: String) -> Response {
    let query = Query::parse(&body);
    let format = query.get("format").unwrap_or_default();
    export(context, viewer, &query, format).await
}

/// What of the audit log is exported.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditExportAsk)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// `jsonl`, which can be verified, or `csv`, for reading.
    pub format: String,
    /// The filter, as the query of `/api/v1/audit` writes it: `who=ann&from=-2d`; absent or empty:
    /// the whole log.
    #[serde(default)]
    pub filter: String,
}

/// Exports the audit log, or what a filter finds of it; the export is in the log itself.
#[utoipa::path(post, path = "/api/v1/audit/export", tag = "audit",
    request_body = Ask,
    responses(
        (status = 200, description = "the entries, oldest first in JSON lines of the whole log",
            content_type = "application/jsonl"),
        (status = 422, body = Problem, description = "no such filter, or no such format"),
    ))]
pub(super) async fn api_export(context: Context, viewer: Viewer, Sent(ask): Sent<Ask>) -> Response {
    export(context, viewer, &Query::parse(&ask.filter), &ask.format).await
}

async fn export(context: Context, viewer: Viewer, query: &Query, format: &str) -> Response {
    let now = context.snapshot.estate.at;
    let (filter, dropped) = Filter::read(query, now);
    if !dropped.is_empty() {
        return failed(&context, &Failure::Unfit { detail: sentence(&dropped) });
    }
    let Some(format) = Format::from_name(format) else {
        let detail = "An export is csv or jsonl.".to_owned();
        return failed(&context, &Failure::Unfit { detail });
    };
    let what = serde_json::json!({ "format": format.name(), "filter": filter });
    let begun = async {
        // What is exported is older than the entry about the export.
        let store = &context.state.control.store;
        let before = note_export(store, &context.by(&viewer), what).await?;
        let mut pages = Pages::new(store, &filter, format, before).await?;
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
    file(format.media_type(), &name)
}

/// Headers of a file that a browser keeps instead of showing it.
pub(super) fn file(media_type: &'static str, name: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    headers
}

/// An export on its way.
enum Pages {
    Table(Box<Table>),
    Whole(Box<Stretch>),
    Selection(Box<Selected>),
}

/// For reading; entries below `before` are still to come.
struct Table {
    store: Store,
    filter: audit::Filter,
    before: i64,
}

impl Pages {
    async fn new(
        store: &Store,
        filter: &Filter,
        format: Format,
        before: i64,
    ) -> Result<Self, StoreError> {
        Ok(match format {
            Format::Csv => {
                let (store, filter) = (store.clone(), stored(filter));
                Self::Table(Box::new(Table { store, filter, before }))
            }
            Format::JsonLines if filter.is_empty() => {
                Self::Whole(Box::new(Stretch::whole(store).await?))
            }
            Format::JsonLines => {
                let named = serde_json::json!(filter);
                let selected = Selected::new(store, stored(filter), named, before).await?;
                Self::Selection(Box::new(selected))
            }
        })
    }

    /// The next page as text; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Table { store, filter, before } = match self {
            Self::Whole(stretch) => return Ok(stretch.next().await?.map(Bytes::from)),
            Self::Selection(selected) => return Ok(selected.next().await?.map(Bytes::from)),
            Self::Table(table) => &mut **table,
        };
        let entries: Vec<Entry> =
            audit::list(store, filter, Some(*before), audit::PAGE_MAX).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        *before = last.id;
        let mut text = String::new();
        entries.iter().for_each(|entry| Format::Csv.write(entry, &mut text));
        Ok(Some(text.into()))
    }
}
