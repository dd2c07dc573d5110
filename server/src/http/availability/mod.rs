//! How available services were, over HTTP: the answer of a period with its ledger, one outage and
//! what people say of it ([`act`]), and the report of a month.
//!
//! Must not: decide. What minutes were, and what may be said of them, comes from core and control.

mod act;

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;
use mainstay_app::pages::availability::list::{self, Input};
use mainstay_app::pages::availability::outage as page;
use mainstay_app::pages::availability::report::{self, Month, OUTAGES_MAX};
use mainstay_app::pages::availability::{Card, Known, Scope, Window};
use mainstay_app::paths;
use mainstay_control::access::random;
use mainstay_core::access::Permission;
use mainstay_core::availability::burn::Lately;
use mainstay_core::availability::outage::{OutageId, Told};
use mainstay_core::id::ServiceId;
use mainstay_store::StoreError;
use mainstay_store::availability::read::{By, Filter, Grain};
use utoipa::OpenApi;

use super::page::{Context, Frame};
use super::pages::{not_found, store_failed};
use crate::policy::Routes;

pub(crate) use act::{Corrected, Correction};

/// Outages on one page of the ledger.
const PAGE: i64 = 20;
/// Sums of days, and nothing over time.
const SUMS: (Grain, Option<(Grain, By)>) = (Grain::Day, None);

pub fn routes() -> Routes {
    let read = Permission::ReadEstate;
    Routes::new()
        .get(read, paths::AVAILABILITY, show)
        .get(read, "/api/v1/availability", show)
        .get(read, "/availability/outages/{id}", outage)
        .get(read, "/api/v1/availability/outages/{id}", outage)
        .get(read, "/availability/reports/{month}", month)
        .get(read, "/api/v1/availability/reports/{month}", month)
        .merge(act::routes())
}

#[derive(OpenApi)]
#[openapi(paths(show, outage, month, act::corrected), components(schemas(Correction, Corrected)))]
struct Description;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// How available services were up to now, what is left of the budget, and the ledger.
#[utoipa::path(get, path = "/api/v1/availability", tag = "availability",
    params(
        ("window" = Option<String>, Query, description = "`24h`, `7d`, `30d`, `90d` or `365d`"),
        ("region" = Option<String>, Query),
        ("group" = Option<String>, Query),
        ("service" = Option<String>, Query),
        ("before" = Option<String>, Query, description = "outages found before `ou-12`"),
    ),
    responses((status = 200, body = list::Data)))]
async fn show(context: Context) -> Response {
    let query = context.query();
    let (scope, mut dropped) = Scope::read(&query, &context.snapshot.estate.fleet);
    let before = query.read("before", &mut dropped, |id| id.parse::<OutageId>().ok());
    let input = match load(&context, &scope, before).await {
        Ok(loaded) => loaded,
        Err(error) => return store_failed(&context, &error),
    };
    let data = list::build(Input {
        estate: &context.snapshot.estate,
        scope: scope.clone(),
        dropped,
        known: input.known,
        year: input.year,
        lately: input.lately,
        outages: &input.outages,
        next: input.next.map(|last| {
            let sign = if scope.href().contains('?') { '&' } else { '?' };
            format!("{}{sign}before={last}", scope.href())
        }),
    });
    let frame = Frame::new(list::title(&data), list::topics());
    context.page(frame, &data, || list::view(&data))
}

struct Loaded {
    known: Known,
    year: Known,
    lately: Vec<(ServiceId, Lately)>,
    outages: Vec<Told>,
    /// The last outage of this page, if there are more.
    next: Option<OutageId>,
}

async fn load(
    context: &Context,
    scope: &Scope,
    before: Option<OutageId>,
) -> Result<Loaded, StoreError> {
    let (control, now) = (&context.state.control, context.snapshot.estate.at);
    let filter = filter(scope);
    let period = scope.window.period(now);
    let grain = |fine| if fine { Grain::Hour } else { Grain::Day };
    let grains = (grain(scope.window.is_fine()), grain(scope.window.draws_hours()));
    let known = known(context, &filter, period, (grains.0, Some((grains.1, by(scope))))).await?;
    let year = Window::Year.period(now);
    let year = match scope.window == Window::Year {
        true => known.clone(),
        false => self::known(context, &filter, year, SUMS).await?,
    };
    let lately = control.availability_lately().await?;
    let mut outages = control.outages(&filter, period, before, PAGE + 1).await?;
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = outages.len() > page;
    outages.truncate(page);
    let next = outages.last().filter(|_| more).map(|told| told.id);
    Ok(Loaded { known, year, lately, outages, next })
}

fn filter(scope: &Scope) -> Filter {
    Filter {
        region: scope.region.clone(),
        group: scope.group.clone(),
        service: scope.service.clone(),
    }
}

/// What the rows over time are told apart by: what is within the scope.
const fn by(scope: &Scope) -> By {
    match (&scope.region, &scope.group, &scope.service) {
        (_, _, Some(_)) | (None, _, None) => By::Region,
        (Some(_), None, None) => By::Group,
        (Some(_), Some(_), None) => By::Service,
    }
}

/// All that is known of a period.
async fn known(
    context: &Context,
    filter: &Filter,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    grains: (Grain, Option<(Grain, By)>),
) -> Result<Known, StoreError> {
    let control = &context.state.control;
    let bucket = grains.1.map_or(grains.0, |(line, _)| line).length().num_seconds();
    let picture = control.availability(filter, (from, until), grains).await?;
    Ok(Known {
        from,
        until,
        decided: picture.known,
        totals: picture.totals,
        buckets: picture.buckets,
        bucket_seconds: u32::try_from(bucket).unwrap_or(u32::MAX),
        excluded: picture.excluded,
    })
}

/// The budgets for the overview; `None`: they are not known now.
pub(super) async fn card(context: &Context) -> Option<Card> {
    if context.snapshot.store_away_since().is_some() {
        return None;
    }
    let period = Window::Month.period(context.snapshot.estate.at);
    let known = known(context, &Filter::default(), period, SUMS).await.ok()?;
    Some(Card::of(&context.snapshot.estate, &known))
}

/// One outage, or a gap in measuring.
#[utoipa::path(get, path = "/api/v1/availability/outages/{id}", tag = "availability",
    params(("id" = String, Path, description = "`ou-12`")),
    responses((status = 200, body = page::Data), (status = 404)))]
async fn outage(context: Context, Path(id): Path<String>) -> Response {
    match load_outage(&context, &id).await {
        Ok(data) => show_outage(&context, StatusCode::OK, &data),
        Err(response) => *response,
    }
}

fn show_outage(context: &Context, status: StatusCode, data: &page::Data) -> Response {
    let reader = context.reader();
    let frame = Frame::new(page::title(data), page::topics());
    context.page_as(status, frame, data, || page::view(data, &reader))
}

async fn load_outage(context: &Context, id: &str) -> Result<page::Data, Box<Response>> {
    let Ok(id) = id.parse::<OutageId>() else { return Err(Box::new(not_found(context))) };
    let detail = context.state.control.outage(id, page::around).await;
    let detail = detail.map_err(|error| Box::new(store_failed(context, &error)))?;
    let detail = detail.ok_or_else(|| Box::new(not_found(context)))?;
    Ok(page::build(page::Input {
        at: context.snapshot.estate.at,
        told: detail.told,
        corrections: detail.corrections,
        minutes: detail.minutes,
        problems: detail.problems,
        key: random(),
    }))
}

/// The report of a month.
#[utoipa::path(get, path = "/api/v1/availability/reports/{month}", tag = "availability",
    params(("month" = String, Path, description = "`2026-10`")),
    responses((status = 200, body = report::Data), (status = 404)))]
async fn month(context: Context, Path(month): Path<String>) -> Response {
    let Some(month) = Month::read(&month) else { return not_found(&context) };
    match load_month(&context, month).await {
        Ok(data) => {
            let frame = Frame::new(report::title(&data), list::topics());
            context.page(frame, &data, || report::view(&data))
        }
        Err(error) => store_failed(&context, &error),
    }
}

async fn load_month(context: &Context, month: Month) -> Result<report::Data, StoreError> {
    let all = Filter::default();
    let known = known(context, &all, month.period(), SUMS).await?;
    let year = self::known(context, &all, month.year(), SUMS).await?;
    let control = &context.state.control;
    let mut outages = control.outages(&all, month.period(), None, OUTAGES_MAX).await?;
    let most = usize::try_from(OUTAGES_MAX).unwrap_or(usize::MAX);
    let more = outages.len() >= most;
    outages.sort_by_key(|told| std::cmp::Reverse(told.outage.started_at));
    Ok(report::build(&context.snapshot.estate, month, &known, &year, &outages, more))
}
