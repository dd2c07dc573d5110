//! `/edges`: where users' requests enter, and what each edge carries out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_core::traffic::Counts;
use serde::Serialize;
use utoipa::ToSchema;

use super::PartRow;
use crate::pages::parts::dropped;
use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// Edges that a page shows at once.
pub const PAGE: usize = 100;

/// Which edges are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filter {
    /// Only edges whose name, region or data centre contains this.
    pub q: String,
    /// The page of them; the first is 1, and 0 is the first too.
    pub page: usize,
}

impl Filter {
    /// Reads the query; what it cannot use is named.
    pub fn read(query: &Query) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let page = query.read("page", &mut dropped, |page| page.parse().ok());
        let q = query.get("q").unwrap_or_default().to_owned();
        (Self { q, page: page.unwrap_or_default() }, dropped)
    }

    fn names(&self, row: &Row) -> bool {
        let places = [row.edge.as_str(), row.region.as_str(), row.datacenter.as_str()];
        places.iter().any(|name| name.contains(&self.q))
    }

    fn href(&self, page: usize) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        paths::with_query(paths::EDGES, &[("q", &self.q), ("page", &page)])
    }
}

/// How an edge stands, as it is known on any server.
#[derive(Clone, Debug)]
pub struct Stand {
    pub connected: bool,
    /// Since when it is connected or not.
    pub since: DateTime<Utc>,
    /// The proxy's program and version.
    pub proxy: Option<String>,
    pub published_revision: u64,
    pub acknowledged_revision: u64,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
}

/// What an edge refuses, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    pub kind: String,
    pub names: Vec<String>,
    pub revision: u64,
    pub message: String,
    pub at: DateTime<Utc>,
}

/// One edge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    #[schema(value_type = String)]
    pub edge: EdgeId,
    #[schema(value_type = String)]
    pub region: RegionId,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub connected: bool,
    pub since: Option<DateTime<Utc>>,
    pub proxy: Option<String>,
    pub published_revision: u64,
    pub acknowledged_revision: u64,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
    /// Lately; absent: not heard.
    pub traffic: Option<PartRow>,
}

impl Row {
    /// `None`: the fleet has no such edge. `lately`: its counts and the seconds in which it was
    /// heard.
    pub(super) fn of(
        estate: &Estate,
        id: &EdgeId,
        stand: Option<&Stand>,
        lately: Option<&(Counts, u64)>,
    ) -> Option<Self> {
        let place = estate.fleet.edges.get(id)?;
        let refused = stand.and_then(|stand| stand.refused.clone());
        let (tone, word) = match stand {
            None => (Tone::Unk, t!("edge-never")),
            Some(_) if refused.is_some() => (Tone::Crit, t!("edge-refused")),
            Some(stand) if !stand.connected => {
                (Tone::Unk, t!("edge-away", since = text::clock(stand.since, estate.at)))
            }
            Some(stand) if stand.acknowledged_revision < stand.published_revision => {
                (Tone::Prog, t!("edge-behind"))
            }
            Some(_) => (Tone::Ok, t!("edge-connected")),
        };
        Some(Self {
            edge: id.clone(),
            region: place.region.clone(),
            datacenter: place.datacenter.clone(),
            tone,
            word,
            connected: stand.is_some_and(|stand| stand.connected),
            since: stand.map(|stand| stand.since),
            proxy: stand.and_then(|stand| stand.proxy.clone()),
            published_revision: stand.map_or(0, |stand| stand.published_revision),
            acknowledged_revision: stand.map_or(0, |stand| stand.acknowledged_revision),
            acknowledged_at: stand.and_then(|stand| stand.acknowledged_at),
            refused,
            traffic: lately.filter(|(_, seconds)| *seconds > 0).map(|(counts, seconds)| {
                PartRow::of(id.to_string(), None, counts, *seconds as f64)
            }),
        })
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub filter: Filter,
    /// Of the page; refusing ones first, then those that are away, then those behind, then by id.
    pub edges: Vec<Row>,
    /// How many the filter names.
    pub total: usize,
    /// How many there are.
    pub all: usize,
    /// How many of all are connected.
    pub connected: usize,
    /// How many of all do not carry out the newest routing, or are away.
    pub behind: usize,
    /// The minutes that the numbers are of.
    pub minutes: i64,
    pub dropped: Vec<Dropped>,
}

/// Every edge of the fleet, by id.
pub fn all(
    estate: &Estate,
    stands: &BTreeMap<EdgeId, Stand>,
    lately: &BTreeMap<EdgeId, (Counts, u64)>,
) -> Vec<Row> {
    let ids = estate.fleet.edges.keys();
    ids.filter_map(|id| Row::of(estate, id, stands.get(id), lately.get(id))).collect()
}

pub fn build(
    estate: &Estate,
    stands: &BTreeMap<EdgeId, Stand>,
    lately: &BTreeMap<EdgeId, (Counts, u64)>,
    minutes: i64,
    (filter, dropped): (Filter, Vec<Dropped>),
) -> Data {
    let mut edges = all(estate, stands, lately);
    let all = edges.len();
    let connected = edges.iter().filter(|row| row.connected).count();
    let behind = edges.iter().filter(|row| row.tone != Tone::Ok).count();
    edges.retain(|row| filter.names(row));
    edges.sort_by_key(|row| (row.refused.is_none(), row.connected, row.tone == Tone::Ok));
    let (total, skip) = (edges.len(), filter.page.saturating_sub(1).saturating_mul(PAGE));
    let edges = edges.into_iter().skip(skip).take(PAGE).collect();
    Data { at: estate.at, filter, edges, total, all, connected, behind, minutes, dropped }
}

pub fn title() -> String {
    t!("nav-edges")
}

pub fn view(data: &Data) -> AnyView {
    let connected = text::number(data.connected as u64);
    let mut note = t!("edges-note", connected = connected, all = text::number(data.all as u64));
    if data.behind > 0 {
        note = format!(
            "{note} {}",
            t!("edges-behind", n = data.behind, count = text::number(data.behind as u64))
        );
    }
    let note = view! { <span data-swap="note">{note}</span> };
    let head =
        page_head(PageHead { title: title(), note: Some(note.into_any()), ..PageHead::default() });
    let body = if data.all == 0 {
        empty(t!("edges-none"), t!("edges-none-detail"), None)
    } else if data.edges.is_empty() {
        let all = link_button(Weight::Plain, paths::EDGES.to_owned(), t!("filter-clear"));
        empty(t!("edges-no-such"), t!("edges-no-such-detail"), Some(all))
    } else {
        rows(data)
    };
    let right = t!("edges-lately", minutes = data.minutes);
    let list = card(Head::new(t!("nav-edges")).right(right), body);
    let parts = view! {
        {dropped(&data.dropped)}
        {form(data)}
        <div data-swap="edges">{list}{pages(data)}</div>
    };
    view! { {head}{stack(parts)} }.into_any()
}

/// The filter by name, where there is more than one page.
fn form(data: &Data) -> Option<AnyView> {
    let narrow = !data.filter.q.is_empty();
    if data.all <= PAGE && !narrow {
        return None;
    }
    let all = paths::EDGES.to_owned();
    let clear = narrow.then(|| link_button(Weight::Plain, all, t!("filter-clear")));
    let form = view! {
        <section class="card">
            <form class="filter" id="filter" action=paths::EDGES>
                <label>
                    {t!("filter-name")}
                    <input type="search" name="q" value=data.filter.q.clone()/>
                </label>
                {submit(Weight::Plain, t!("filter-do"))}
                {clear}
            </form>
        </section>
    };
    Some(form.into_any())
}

fn pages(data: &Data) -> Option<AnyView> {
    let page = data.filter.page.max(1);
    let seen = page.saturating_mul(PAGE);
    let first = (page > 1).then(|| data.filter.href(1));
    let next = (seen < data.total).then(|| {
        let left = (data.total - seen).min(PAGE);
        (data.filter.href(page + 1), t!("pager-next", count = text::number(left as u64)))
    });
    pager(first, next)
}

fn rows(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("col-edge")),
        Column::new(t!("col-region")),
        Column::new(t!("col-dc")),
        Column::new(t!("col-state")),
        Column::number(t!("edge-revision")),
        Column::number(t!("col-rate")),
        Column::number(t!("metric-errors")),
        Column::number("p95"),
    ];
    let body = data.edges.iter().map(row).collect_view();
    table(t!("nav-edges"), columns, body)
}

fn row(row: &Row) -> AnyView {
    let traffic = row.traffic.as_ref();
    let none = || t!("chart-no-data");
    let rate = traffic.map_or_else(none, |it| text::rollout::rate(it.per_second));
    let errors = traffic.and_then(|it| it.error_rate);
    let errors = errors.map_or_else(none, text::rollout::percent);
    let p95 = traffic.and_then(|it| it.p95).map_or_else(none, text::rollout::milliseconds);
    let refused = row.refused.as_ref().map(|refused| {
        view! { <code class="block">{refused.message.clone()}</code> }
    });
    let href = paths::edge(&row.edge);
    let revision = revision(row);
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=href>{row.edge.to_string()}</a></th>
            <td data-l=t!("col-region")>
                <a class="quiet" href=paths::region(&row.region)>{row.region.to_string()}</a>
            </td>
            <td data-l=t!("col-dc")>
                <a class="quiet" href=paths::datacenter(&row.datacenter)>
                    {row.datacenter.to_string()}
                </a>
            </td>
            <td data-l=t!("col-state")>{state(row.tone, row.word.clone())}{refused}</td>
            <td class="num" data-l=t!("edge-revision")>{revision}</td>
            <td class="num" data-l=t!("col-rate")>{rate}</td>
            <td class="num" data-l=t!("metric-errors")>{errors}</td>
            <td class="num" data-l="p95">{p95}</td>
        </tr>
    }
    .into_any()
}

/// `7 of 7`, or that nothing was acknowledged.
pub(super) fn revision(row: &Row) -> String {
    if row.published_revision == 0 && row.acknowledged_revision == 0 {
        return t!("unknown-word");
    }
    t!(
        "edge-revision-of",
        n = text::number(row.acknowledged_revision),
        of = text::number(row.published_revision.max(row.acknowledged_revision))
    )
}
