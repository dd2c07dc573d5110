//! What users' requests did, and how the edges stand, over HTTP.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use mainstay_app::pages::query::Dropped;
use mainstay_app::pages::topology;
use mainstay_app::pages::traffic::edges::{Refused, Stand};
use mainstay_app::pages::traffic::{self as page, Moment, Moments, Range, edge, edges};
use mainstay_control::Control;
use mainstay_control::edges::EdgeState;
use mainstay_control::traffic::{Of, Point};
use mainstay_core::access::Permission;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, EdgeId, ServiceId};
use mainstay_core::traffic::{Counts, Series};
use mainstay_store::StoreError;
use mainstay_store::traffic::{self as stored, Filter, Resolution, TOTALS_MAX};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use crate::policy::Routes;

/// Minutes that the list of edges counts.
const LATELY_MINUTES: i64 = 5;

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, "/services/{service}/traffic", of_service)
        .get(read, "/api/v1/services/{service}/traffic", of_service)
        .get(read, mainstay_app::paths::EDGES, list)
        .get(read, "/api/v1/edges", list)
        .get(read, "/edges/{edge}", of_edge)
        .get(read, "/api/v1/edges/{edge}", of_edge)
}

#[derive(OpenApi)]
#[openapi(paths(of_service, list, of_edge))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What users' requests to a service did: by second for the last hour, by minute for a month.
#[utoipa::path(get, path = "/api/v1/services/{service}/traffic", tag = "traffic",
    params(
        ("service" = String, Path),
        ("from" = Option<String>, Query, description = "RFC 3339, or `-6h`"),
        ("to" = Option<String>, Query),
    ),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn of_service(context: Context, Path(service): Path<String>) -> Response {
    let estate = &context.snapshot.estate;
    let service = ServiceId::new(&service).ok();
    let service = service.filter(|id| estate.fleet.services.contains_key(id));
    let Some(service) = service else { return not_found(&context) };
    let (range, dropped) = Range::read(&context.query(), estate.at);
    let of = Of::Service(service.clone());
    let read = read(&context, &of, range, |(_, version)| version.clone()).await;
    let (moments, totals) = match read {
        Ok(read) => read,
        Err(error) => return store_failed(&context, &error),
    };
    let built = page::build(estate, &service, range, dropped, &moments, &totals);
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(page::title(&data), page::topics());
    context.page(frame, &data, || page::view(&data))
}

/// The counts over time by part, and the totals of every series.
async fn read(
    context: &Context,
    of: &Of,
    range: Range,
    part: impl Fn(&(ServiceId, String)) -> String,
) -> Result<(Moments, Vec<(Series, Counts)>), StoreError> {
    let resolution = if range.by_second { Resolution::Second } else { Resolution::Minute };
    let control = &context.state.control;
    let points = control.traffic.series(of, (range.from, range.to), resolution).await?;
    let (service, edges) = match of {
        Of::Service(service) => (Some(service.clone()), None),
        Of::Edge(edge) => (None, Some(vec![edge.clone()])),
        Of::At(service, edges) => (Some(service.clone()), Some(edges.clone())),
    };
    let filter = Filter { service, edges, from: range.from, until: range.to };
    let totals = stored::totals(control.store.reads(), resolution, &filter, TOTALS_MAX).await?;
    let moment = |point: Point| Moment {
        at: point.at,
        counts: point.counts.map(|counts| {
            let mut parts: BTreeMap<String, Counts> = BTreeMap::new();
            for (key, counts) in &counts {
                parts.entry(part(key)).or_default().add(counts);
            }
            parts
        }),
    };
    let moments = points.into_iter().map(moment).collect();
    Ok((Moments { step_seconds: range.step_seconds(), moments }, totals))
}

/// Where users' requests enter, and what each edge carries out.
#[utoipa::path(get, path = "/api/v1/edges", tag = "traffic",
    params(("q" = Option<String>, Query), ("page" = Option<usize>, Query)),
    responses((status = 200, body = edges::Data)))]
async fn list(context: Context) -> Response {
    let (control, estate) = (&context.state.control, &context.snapshot.estate);
    let (stands, lately) = (stands(control, estate.at), lately(control, estate.at));
    let filter = edges::Filter::read(&context.query());
    let data = edges::build(estate, &stands, &lately, LATELY_MINUTES, filter);
    let frame = Frame::new(edges::title(), page::topics());
    context.page(frame, &data, || edges::view(&data))
}

/// The topology with the shares of requests.
pub(super) fn entering(control: &Control, estate: &Estate, data: topology::Data) -> topology::Data {
    if estate.fleet.edges.is_empty() {
        return data;
    }
    let since = estate.at - TimeDelta::minutes(LATELY_MINUTES);
    let answered = control.traffic.recent(|seconds| {
        let mut sums: BTreeMap<DatacenterId, u64> = BTreeMap::new();
        for second in seconds.iter().filter(|second| second.at >= since) {
            for (series, counts) in &second.counts {
                if let Some(datacenter) = &series.datacenter {
                    *sums.entry(datacenter.clone()).or_default() += counts.requests;
                }
            }
        }
        sums
    });
    let (stands, lately) = (stands(control, estate.at), lately(control, estate.at));
    topology::with_traffic(data, &answered, &edges::all(estate, &stands, &lately))
}

/// The counts of each edge in the last minutes, and the seconds in which it was heard.
fn lately(control: &Control, now: DateTime<Utc>) -> BTreeMap<EdgeId, (Counts, u64)> {
    let since = now - TimeDelta::minutes(LATELY_MINUTES);
    control.traffic.recent(|seconds| {
        let mut sums: BTreeMap<EdgeId, (Counts, u64)> = BTreeMap::new();
        for second in seconds.iter().filter(|second| second.at >= since) {
            for edge in &second.heard {
                sums.entry(edge.clone()).or_default().1 += 1;
            }
            for (series, counts) in &second.counts {
                if second.heard.contains(&series.edge) {
                    sums.entry(series.edge.clone()).or_default().0.add(counts);
                }
            }
        }
        sums
    })
}

fn stands(control: &Control, now: DateTime<Utc>) -> BTreeMap<EdgeId, Stand> {
    let known = control.edges.all(now);
    known.into_iter().map(|(id, state)| (id, stand(state))).collect()
}

fn stand(state: EdgeState) -> Stand {
    Stand {
        connected: state.connected,
        since: state.since,
        proxy: state.proxy,
        published_revision: state.published_revision,
        acknowledged_revision: state.acknowledged_revision,
        acknowledged_at: state.acknowledged_at,
        refused: state.nacks.into_iter().max_by_key(|nack| nack.at).map(|nack| Refused {
            kind: nack.kind,
            names: nack.names,
            revision: nack.revision,
            message: nack.message,
            at: nack.at,
        }),
    }
}

/// One edge: what it was told, what it says of that, and the requests through it.
#[utoipa::path(get, path = "/api/v1/edges/{edge}", tag = "traffic",
    params(
        ("edge" = String, Path),
        ("from" = Option<String>, Query, description = "RFC 3339, or `-6h`"),
        ("to" = Option<String>, Query),
    ),
    responses((status = 200, body = edge::Data), (status = 404)))]
async fn of_edge(context: Context, Path(id): Path<String>) -> Response {
    let estate = &context.snapshot.estate;
    let id = EdgeId::new(&id).ok().filter(|id| estate.fleet.edges.contains_key(id));
    let Some(id) = id else { return not_found(&context) };
    let ranged: (Range, Vec<Dropped>) = Range::read(&context.query(), estate.at);
    let of = Of::Edge(id.clone());
    let read = read(&context, &of, ranged.0, |(service, _)| service.to_string()).await;
    let (moments, totals) = match read {
        Ok(read) => read,
        Err(error) => return store_failed(&context, &error),
    };
    let stands = stands(&context.state.control, estate.at);
    let built = edge::build(estate, &id, stands.get(&id), ranged, &moments, &totals);
    let Some(data) = built else { return not_found(&context) };
    let frame = Frame::new(edge::title(&data), page::topics());
    context.page(frame, &data, || edge::view(&data))
}
