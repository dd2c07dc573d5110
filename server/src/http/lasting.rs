//! Addresses that last: what was renamed leads on (301), what is gone says what it was (410).
//!
//! Stands behind the guard and looks only at what a route did not find, for somebody who may read.
//! Must not: answer anything that a handler can.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use mainstay_app::pages::tombstone::{self, Successor, page_of};
use mainstay_app::paths;
use mainstay_core::access::{Permission, Target};
use mainstay_core::address::{self, Standing};
use mainstay_store::{StoreError, tombstone as stored};

use super::page::{Context, Frame};
use crate::state::AppState;
use crate::viewer::Viewer;

/// Looks again at an address that nothing was found at.
pub async fn look_again(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asks = matches!(parts.method, Method::GET | Method::HEAD);
    let kept = asks.then(|| parts.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(parts) = kept.filter(|_| response.status() == StatusCode::NOT_FOUND) else {
        return response;
    };
    let Some(viewer) = parts.extensions.get::<Viewer>().cloned() else { return response };
    if viewer.may(Permission::ReadEstate, Target::default()).is_err() {
        return response;
    }
    let context = Context::new(&state, Some(viewer), &parts);
    if let Some(address) = address::moved(context.path(), &context.snapshot.estate.fleet) {
        return redirect(StatusCode::MOVED_PERMANENTLY, &address).unwrap_or(response);
    }
    match gone(&context).await {
        Ok(Some(data)) => {
            let frame = Frame::new(tombstone::title(&data), Vec::new());
            context.page_as(StatusCode::GONE, frame, &data, || tombstone::view(&data))
        }
        Ok(None) => response,
        // What it was is not known now; that it is not there is.
        Err(error) => {
            tracing::debug!(%error, "a tombstone could not be read");
            response
        }
    }
}

/// A redirect that may be another one tomorrow.
pub fn found(address: &str) -> Response {
    let answer = redirect(StatusCode::FOUND, address);
    answer.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// `None`: it is no address that a header can carry.
fn redirect(status: StatusCode, address: &str) -> Option<Response> {
    let location = HeaderValue::from_str(address).ok()?;
    Some((status, [(LOCATION, location)]).into_response())
}

/// What is known of the end of what an address names; `None`: it never was.
async fn gone(context: &Context) -> Result<Option<tombstone::Data>, StoreError> {
    let store = &context.state.control.store;
    let fleet = &context.snapshot.estate.fleet;
    let path = context.path();
    for (kind, id) in address::missing(path, fleet) {
        let Some(ended) = stored::entry(store.reads(), kind, &id).await? else { continue };
        let Some((ended_at, ended_by, reason)) = ended.end else { continue };
        let successors = fleet.successors(kind, &id).into_iter().map(|successor| Successor {
            name: successor.to_owned(),
            href: page_of(kind, successor),
        });
        return Ok(Some(tombstone::Data {
            what: tombstone::what(kind, &id),
            was: tombstone::was(kind, &id, &ended.last),
            ended_at,
            ended_by,
            reason,
            successors: successors.collect(),
            history: paths::with_query(paths::AUDIT, &[("object", &page_of(kind, &id))]),
        }));
    }
    record(context).await
}

/// The same of what only the store and the audit log know: records, runbooks, short links.
async fn record(context: &Context) -> Result<Option<tombstone::Data>, StoreError> {
    let store = &context.state.control.store;
    let snapshot = &context.snapshot;
    let object = address::object(context.path());
    let names = address::parse(&object).map(|parsed| parsed.names).unwrap_or_default();
    // Sections are no objects; what is below one is.
    let Some((name, value)) = names.last().copied() else { return Ok(None) };
    match address::look(&object, &snapshot.estate, &snapshot.shelf, &snapshot.aliases) {
        Standing::Dead { name: "slug", .. } => {
            return runbook(context, value, object.clone()).await;
        }
        Standing::Dead { .. } => {}
        Standing::There if name == "id" && !stored::is_there(store.reads(), value).await? => {}
        // It is there; what was asked for below it is not.
        Standing::There | Standing::Moved(_) | Standing::Nowhere => return Ok(None),
    }
    let Some(entry) = stored::last_entry(store, &object).await? else { return Ok(None) };
    let said = mainstay_app::pages::audit::words::sentence(&entry.event);
    Ok(Some(tombstone::Data {
        what: object.trim_start_matches('/').to_owned(),
        was: vec![tombstone::last_entry(&said)],
        ended_at: entry.event.at,
        ended_by: mainstay_app::pages::audit::words::who(&entry.event.actor),
        reason: entry.event.reason,
        successors: Vec::new(),
        history: paths::with_query(paths::AUDIT, &[("object", &object)]),
    }))
}

/// The end of a runbook of the fleet's own.
async fn runbook(
    context: &Context,
    slug: &str,
    object: String,
) -> Result<Option<tombstone::Data>, StoreError> {
    let end = stored::runbook(context.state.control.store.reads(), slug).await?;
    Ok(end.map(|(ended_at, ended_by, reason)| tombstone::Data {
        what: tombstone::runbook(slug),
        was: vec![object],
        ended_at,
        ended_by,
        reason,
        successors: Vec::new(),
        history: paths::with_query(paths::AUDIT, &[("object", paths::RUNBOOKS)]),
    }))
}
