//! Packs of evidence over HTTP: what one would hold, and the archive itself.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SubsecRound, Utc};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, StatusCode};
use mainstay_app::pages::audit::evidence::{self as page, Asked, PackRow};
use mainstay_app::pages::error::Failure;
use mainstay_app::pages::query::Query;
use mainstay_app::{paths, text};
use mainstay_core::access::Permission;
use mainstay_core::audit::Action;
use mainstay_core::evidence::period;
use mainstay_store::StoreError;
use mainstay_store::evidence::{Known, Made};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use super::super::page::{Context, Frame};
use super::super::pages::{failed, store_failed};
use super::export::file;
use crate::evidence::archive;
use crate::policy::Routes;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::viewer::Viewer;

/// Packs that are made at the same time; whoever wants another one asks again a little later.
static MAKING: Semaphore = Semaphore::const_new(2);

pub(super) fn routes() -> Routes {
    let (read, action) = (Permission::ReadAudit, Action::EvidencePack);
    Routes::new()
        .get(read, paths::AUDIT_EVIDENCE, show)
        .get(read, "/api/v1/audit/evidence", api_show)
        .post(read, action, paths::AUDIT_EVIDENCE_MAKE, sent)
        .post(read, action, "/api/v1/audit/evidence", api_make)
}

async fn show(context: Context) -> Response {
    let asked = page::asked(&context.query(), context.snapshot.estate.at);
    let read = async {
        let control = &context.state.control;
        let (pack, _) = control.evidence((asked.from, asked.until)).await?;
        Ok::<_, StoreError>((pack, control.evidence_packs().await?))
    };
    let (pack, packs) = match read.await {
        Ok(read) => read,
        Err(error) => return store_failed(&context, &error),
    };
    let packs = packs.into_iter().map(row).collect();
    let data = page::build(asked, &pack, packs, context.snapshot.estate.at);
    let reader = context.reader();
    context.page(Frame::new(page::title(), Vec::new()), &data, || page::view(&data, &reader))
}

/// What a pack of evidence of a period would hold, and the packs that were made.
#[utoipa::path(get, path = "/api/v1/audit/evidence", tag = "audit",
    params(
        ("month" = Option<String>, Query, description = "`2026-10`; without anything, the last"),
        ("from" = Option<String>, Query, description = "RFC 3339"),
        ("to" = Option<String>, Query, description = "RFC 3339; before this moment"),
    ),
    responses((status = 200, body = page::Data)))]
pub(super) async fn api_show(context: Context) -> Response {
    show(context).await
}

fn row(known: Known) -> PackRow {
    let Known { made, seq, .. } = known;
    PackRow {
        from: made.from,
        until: made.until,
        at: made.at,
        by: made.by,
        sha256: made.sha256.to_string(),
        bytes: made.bytes,
        entry: seq,
    }
}

async fn sent(context: Context, viewer: Viewer, body: String) -> Response {
    let asked = page::asked(&Query::parse(&body), context.snapshot.estate.at);
    let Asked { from, until, dropped, mistake } = asked;
    if let Some(detail) = mistake {
        return failed(&context, &Failure::Unfit { detail });
    }
    if !dropped.is_empty() {
        return failed(&context, &Failure::Unfit { detail: super::sentence(&dropped) });
    }
    make(&context, &viewer, (from, until)).await
}

/// The period of a pack.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EvidenceAsk)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    pub from: DateTime<Utc>,
    /// Before this moment; what is not over yet is left out.
    pub until: DateTime<Utc>,
}

/// Makes a pack of evidence: a zip archive with a page to print, the same as JSON, the part of the
/// audit log and the checksums of all of them. Its own checksum goes into the audit log first.
#[utoipa::path(post, path = "/api/v1/audit/evidence", tag = "audit",
    request_body = Ask,
    responses(
        (status = 200, description = "the archive", content_type = "application/zip"),
        (status = 422, body = Problem, description = "there is no pack of such a period"),
        (status = 503, body = Problem, description = "others are being made"),
    ))]
pub(super) async fn api_make(context: Context, viewer: Viewer, Sent(ask): Sent<Ask>) -> Response {
    match period(ask.from, ask.until, context.snapshot.estate.at) {
        Ok(period) => make(&context, &viewer, period).await,
        Err(error) => {
            let detail = text::sentence(&error);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).into_response()
        }
    }
}

async fn make(
    context: &Context,
    viewer: &Viewer,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Response {
    let Ok(_making) = MAKING.try_acquire() else {
        let detail = "Other packs are being made; ask again in a minute.".to_owned();
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    };
    let control = &context.state.control;
    let (pack, log) = match control.evidence((from, until)).await {
        Ok(read) => read,
        Err(error) => return store_failed(context, &error),
    };
    let archive = match archive(&pack, log).await {
        Ok(archive) => archive,
        Err(error) => {
            tracing::error!(%error, "a pack of evidence was not made");
            let detail = "The archive could not be written; the server's log says why.".to_owned();
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response();
        }
    };
    let (sha256, bytes) = (archive.sha256, archive.bytes);
    let by = context.by(viewer);
    let at = Utc::now().trunc_subsecs(6);
    let made = Made { from, until, at, by: by.actor.name().to_owned(), sha256, bytes };
    if let Err(error) = control.note_evidence(&by, &made).await {
        return store_failed(context, &error);
    }
    let (first, last) = (from.format("%Y%m%d"), until.format("%Y%m%d"));
    let mut headers = file("application/zip", &format!("evidence-{first}-{last}.zip"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    // RFC 9530.
    let digest = format!("sha-256=:{}:", BASE64.encode(sha256.0));
    if let Ok(digest) = HeaderValue::from_str(&digest) {
        headers.insert("content-digest", digest);
    }
    let stream = ReaderStream::new(tokio::fs::File::from_std(archive.file));
    (headers, Body::from_stream(stream)).into_response()
}
