//! `/services/{service}/traffic`: what users' requests to a service did, as the edges' logs tell.

mod charts;
pub mod edge;
pub mod edges;
mod range;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::ServiceId;
use mainstay_core::traffic::{Counts, Series};
use serde::Serialize;
use utoipa::ToSchema;

pub use charts::{ChartPoint, Moment, Moments};
pub use range::Range;

use crate::pages::parts;
use crate::pages::query::Dropped;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, stack};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::plot::{self, Plot, Size};
use crate::ui::table::{Column, table};

/// What a part of the requests did over the whole range.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartRow {
    /// A version, a data centre, an edge or a service.
    pub name: String,
    pub href: Option<String>,
    pub requests: u64,
    pub errors: u64,
    pub per_second: f64,
    /// Proportion; absent without requests.
    pub error_rate: Option<f64>,
    /// Milliseconds.
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

impl PartRow {
    fn of(name: String, href: Option<String>, counts: &Counts, seconds: f64) -> Self {
        let requests = counts.requests;
        Self {
            name,
            href,
            requests,
            errors: counts.errors,
            per_second: if seconds > 0.0 { requests as f64 / seconds } else { 0.0 },
            error_rate: (requests > 0).then(|| counts.errors as f64 / requests as f64),
            p50: counts.latency.quantile(0.5),
            p95: counts.latency.quantile(0.95),
            p99: counts.latency.quantile(0.99),
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub range: Range,
    pub dropped: Vec<Dropped>,
    /// Seconds of a point of the charts.
    pub step_seconds: u32,
    /// Seconds of the range in which nobody heard the edges.
    pub unheard_seconds: u64,
    pub versions: Vec<PartRow>,
    pub datacenters: Vec<PartRow>,
    pub edges: Vec<PartRow>,
    /// By version.
    pub points: Vec<ChartPoint>,
    #[serde(skip)]
    pub plots: Vec<(String, Plot)>,
}

/// `None`: the fleet has no such service. `moments`: by version, without holes; `totals`: of the
/// same range.
pub fn build(
    estate: &Estate,
    service: &ServiceId,
    range: Range,
    dropped: Vec<Dropped>,
    moments: &Moments,
    totals: &[(Series, Counts)],
) -> Option<Data> {
    estate.fleet.services.get(service)?;
    let gathered = charts::gathered(moments);
    let seconds = moments.heard_seconds() as f64;
    let part = |key: fn(&Series) -> Option<String>, href: fn(&str) -> Option<String>| {
        parts_of(totals, seconds, key, href)
    };
    Some(Data {
        at: estate.at,
        service: service.clone(),
        range,
        dropped,
        step_seconds: gathered.step_seconds,
        unheard_seconds: moments.seconds() - moments.heard_seconds(),
        versions: part(|series| Some(series.version.clone()), |_| None),
        datacenters: part(
            |series| series.datacenter.as_ref().map(ToString::to_string),
            |name| Some(paths::datacenter(name)),
        ),
        edges: part(|series| Some(series.edge.to_string()), |name| Some(paths::edge(name))),
        points: charts::points(&gathered),
        plots: charts::by_part(&gathered, range),
    })
}

/// Totals by what `key` says of a series, most requests first. What has none (requests that
/// reached no instance have no data centre) is said as such.
fn parts_of(
    totals: &[(Series, Counts)],
    seconds: f64,
    key: impl Fn(&Series) -> Option<String>,
    href: impl Fn(&str) -> Option<String>,
) -> Vec<PartRow> {
    let mut sums: std::collections::BTreeMap<Option<String>, Counts> = Default::default();
    for (series, counts) in totals {
        sums.entry(key(series)).or_default().add(counts);
    }
    let mut rows: Vec<_> = sums
        .into_iter()
        .map(|(name, counts)| match name {
            Some(name) => PartRow::of(name.clone(), href(&name), &counts, seconds),
            None => PartRow::of(t!("traffic-nowhere"), None, &counts, seconds),
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.requests));
    rows
}

pub fn title(data: &Data) -> String {
    t!("traffic-title", name = data.service.as_str())
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead {
        title: title(data),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(paths::service(&data.service), data.service.to_string()),
        ],
        note: Some(t!("traffic-note").into_any()),
        actions: Some(range::links(&paths::service_traffic(&data.service), data.range)),
        ..PageHead::default()
    });
    let body = view! {
        {figures(&data.plots, plot::HALF, data.step_seconds, data.unheard_seconds)}
        {part_card("versions", t!("traffic-versions"), t!("col-version"), &data.versions)}
        {part_card("datacenters", t!("traffic-datacenters"), t!("col-dc"), &data.datacenters)}
        {part_card("edges", t!("nav-edges"), t!("col-edge"), &data.edges)}
    };
    view! { {head}{parts::dropped(&data.dropped)}{stack(body)} }.into_any()
}

/// The charts in a card, or that there is nothing to draw.
fn figures(
    plots: &[(String, Plot)],
    size: Size,
    step_seconds: u32,
    unheard_seconds: u64,
) -> AnyView {
    let step = chrono::TimeDelta::seconds(i64::from(step_seconds));
    let step = t!("chart-resolution", step = text::duration(step));
    let unheard = i64::try_from(unheard_seconds).unwrap_or(i64::MAX);
    let unheard = (unheard > 0).then(|| {
        let time = text::duration(chrono::TimeDelta::seconds(unheard));
        t!("traffic-unheard", time = time)
    });
    let head = Head::new(t!("nav-traffic")).note(unheard.unwrap_or_default()).right(step);
    let body = if plots.is_empty() {
        empty(t!("chart-empty"), t!("chart-empty-traffic"), None)
    } else {
        let figures =
            plots.iter().map(|(title, plot)| charts::figure(title, plot, size)).collect_view();
        view! { <div class="m2 half">{figures}</div> }.into_any()
    };
    view! { <div data-swap="charts">{card(head, body)}</div> }.into_any()
}

/// Counts by part; `name`: its own on the page, by which it is kept fresh.
fn part_card(name: &'static str, title: String, first: String, rows: &[PartRow]) -> AnyView {
    let body = if rows.is_empty() {
        card(Head::new(title), empty(t!("traffic-none"), t!("traffic-none-detail"), None))
    } else {
        card(Head::new(title.clone()), part_table(title, first, rows))
    };
    view! { <div data-swap=name>{body}</div> }.into_any()
}

fn part_table(title: String, first: String, rows: &[PartRow]) -> AnyView {
    let columns = vec![
        Column::new(first),
        Column::number(t!("col-requests")),
        Column::number(t!("col-rate")),
        Column::number(t!("col-errors")),
        Column::number(t!("metric-errors")),
        Column::number("p50"),
        Column::number("p95"),
        Column::number("p99"),
    ];
    table(title, columns, rows.iter().map(part_row).collect_view())
}

fn part_row(row: &PartRow) -> AnyView {
    let name = match row.href.clone() {
        Some(href) => view! { <a class="quiet" href=href>{row.name.clone()}</a> }.into_any(),
        None => row.name.clone().into_any(),
    };
    let ms =
        |value: Option<f64>| value.map_or_else(|| t!("chart-no-data"), text::rollout::milliseconds);
    let rate = row.error_rate.map_or_else(|| t!("chart-no-data"), text::rollout::percent);
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="num" data-l=t!("col-requests")>{text::number(row.requests)}</td>
            <td class="num" data-l=t!("col-rate")>{text::rollout::rate(row.per_second)}</td>
            <td class="num" data-l=t!("col-errors")>{text::number(row.errors)}</td>
            <td class="num" data-l=t!("metric-errors")>{rate}</td>
            <td class="num" data-l="p50">{ms(row.p50)}</td>
            <td class="num" data-l="p95">{ms(row.p95)}</td>
            <td class="num" data-l="p99">{ms(row.p99)}</td>
        </tr>
    }
    .into_any()
}
