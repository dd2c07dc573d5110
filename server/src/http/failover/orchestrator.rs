//! How the orchestrator sees the traffic, and what it decided.

use axum::response::Response;
use mainstay_app::pages::failover::orchestrator::{self as page, Decided, Looked};
use mainstay_app::paths;
use mainstay_core::access::Permission;
use mainstay_store::{StoreError, orchestrator as stored};

use super::super::page::{Context, Frame};
use super::super::pages::store_failed;
use crate::policy::Routes;

/// Decisions on one page.
const PAGE: i64 = 20;

pub(super) fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new().get(read, paths::FAILOVER_ORCHESTRATOR, show).get(
        read,
        "/api/v1/failover/orchestrator",
        show,
    )
}

/// How the traffic of each group stands in each data centre, and what was decided about drops.
#[utoipa::path(get, path = "/api/v1/failover/orchestrator", tag = "failover",
    params(("before" = Option<i64>, Query, description = "decisions older than this one")),
    responses((status = 200, body = page::Data)))]
pub(super) async fn show(context: Context) -> Response {
    let data = match load(&context).await {
        Ok(data) => data,
        Err(error) => return store_failed(&context, &error),
    };
    let reader = context.reader();
    let frame = Frame::new(page::title(), page::topics());
    context.page(frame, &data, || page::view(&data, &reader))
}

async fn load(context: &Context) -> Result<page::Data, StoreError> {
    let pool = context.state.control.store.reads();
    let before = context.query().get("before").and_then(|id| id.parse().ok());
    let looked = stored::look(pool).await?.map(|(at, rows)| {
        // What another version wrote is not understood, and is not shown.
        let rows: Vec<Looked> = serde_json::from_value(rows).unwrap_or_default();
        (at, rows)
    });
    let mut decided = stored::decisions(pool, before, PAGE + 1).await?;
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = decided.len() > page;
    decided.truncate(page);
    let next = decided.last().filter(|_| more).map(|last| {
        paths::with_query(paths::FAILOVER_ORCHESTRATOR, &[("before", &last.id.to_string())])
    });
    let decided = decided.into_iter().map(|it| Decided {
        id: it.id,
        at: it.at,
        datacenter: it.place.0.to_string(),
        group: it.place.1.to_string(),
        mode: it.mode,
        decision: it.decision,
        run: it.run.map(|id| id.to_string()),
    });
    let estate = &context.snapshot.estate;
    let decided: Vec<_> = decided.collect();
    Ok(page::build(&estate.fleet, looked, &decided, next, estate.at))
}
