//! `/topology`: the whole estate, as a matrix, by regions or as a list.

mod filter;
mod list;
mod matrix;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, EdgeId, GroupId, RegionId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::status::{Status, Tally};
use serde::Serialize;
use utoipa::ToSchema;

pub use filter::{By, Filter, Sort, View};
pub(crate) use matrix::load_step;

use crate::pages::query::{Dropped, Query};
use crate::pages::rows::{CellRow, StripRow, region_strips};
use crate::pages::survey::{Cell, Survey, version_order};
use crate::pages::traffic::edges;
use crate::pages::{Counts, cell, parts, region};
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Chip, Segment, chips, segments};
use crate::ui::tone::Tone;
use crate::ui::{marks, raw};

/// Edges that the page names: those that do not follow, and those with most requests.
const EDGES_MAX: usize = 24;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub filter: Filter,
    pub dropped: Vec<Dropped>,
    pub counts: Counts,
    /// Columns of the matrix: regions with their data centres.
    pub regions: Vec<RegionColumns>,
    /// Rows of the matrix: groups with their services.
    pub groups: Vec<GroupRows>,
    /// The list view, one page; empty in the other views.
    pub list: list::CellPage,
    /// The regions view; empty in the other views.
    pub tree: Vec<RegionTree>,
    /// The selected cell.
    pub selected: Option<cell::Data>,
    /// Where users' requests enter; see [`with_traffic`].
    pub edges: Vec<EdgeShare>,
    /// Edges that are left out there; `/edges` has all.
    pub edges_more: usize,
}

/// An edge with its share of requests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeShare {
    #[schema(value_type = String)]
    pub edge: EdgeId,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// Of the requests of the last minutes, in percent; absent: none were heard.
    pub percent: Option<u32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionColumns {
    #[schema(value_type = String)]
    pub region: RegionId,
    pub name: String,
    pub datacenters: Vec<Column>,
}

/// A data centre as the head of a column.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Column {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    #[schema(value_type = String)]
    pub status: Status,
    pub vendor: String,
    /// Not heard: its cells show the last known state.
    pub old: bool,
    pub contact: String,
    /// Of the requests of the last minutes, in percent; absent: none were heard.
    pub percent: Option<u32>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupRows {
    /// Absent for services that the fleet does not declare.
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    pub name: String,
    pub services: Vec<ServiceCells>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceCells {
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The version most of its instances run.
    pub version: String,
    /// Other versions that run too.
    pub other_versions: usize,
    /// The newest version and the one before, over all data centres.
    #[serde(skip)]
    pub newest: Vec<String>,
    /// One for each column; absent where it neither runs nor belongs.
    pub cells: Vec<Option<MatrixCell>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MatrixCell {
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub wanted: Option<u16>,
    /// The newest version that runs here.
    pub version: Option<String>,
    /// Other versions that run here beside it.
    pub other_versions: usize,
    pub load_percent: Option<u32>,
}

/// A region with what runs in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegionTree {
    #[schema(value_type = String)]
    pub region: RegionId,
    pub name: String,
    pub branches: Vec<region::Branch>,
}

/// Builds the page for a query.
pub fn build(estate: &Estate, records: &[Record], query: &Query) -> Data {
    let (filter, dropped) = Filter::read(query, &estate.fleet);
    let survey = Survey::of(estate);
    let regions = columns(estate, &survey, &filter);
    let mut data = Data {
        at: estate.at,
        dropped,
        counts: survey.total.into(),
        groups: Vec::new(),
        list: list::CellPage::default(),
        tree: Vec::new(),
        selected: None,
        edges: Vec::new(),
        edges_more: 0,
        regions,
        filter,
    };
    match data.filter.view {
        View::Matrix => {
            data.groups = rows(estate, &survey, &data.regions, &data.filter);
            data.selected = data.filter.sel.as_ref().and_then(|(service, dc)| {
                cell::build(estate, records, service, dc, &Query::default())
            });
        }
        View::Regions => data.tree = tree(estate, &survey, &data.filter),
        View::List => data.list = list::page(estate, &survey, &data.filter),
    }
    data
}

/// The page with the shares of requests: where they are answered, and where they enter.
/// `answered`: requests of the last minutes by data centre.
pub fn with_traffic(
    mut data: Data,
    answered: &BTreeMap<DatacenterId, u64>,
    edges: &[edges::Row],
) -> Data {
    let all: u64 = answered.values().sum();
    for column in data.regions.iter_mut().flat_map(|region| &mut region.datacenters) {
        let own = answered.get(&column.datacenter).copied().unwrap_or(0);
        column.percent = percent(own, all);
    }
    let requests = |row: &edges::Row| row.traffic.as_ref().map_or(0, |it| it.requests);
    let entered: u64 = edges.iter().map(requests).sum();
    let share = |row: &edges::Row| EdgeShare {
        edge: row.edge.clone(),
        tone: row.tone,
        word: row.word.clone(),
        percent: row.traffic.as_ref().and_then(|it| percent(it.requests, entered)),
    };
    // One that never connected has no users to lose: it hides none of those that have.
    let mut named: Vec<_> = edges.iter().collect();
    let never = |row: &edges::Row| row.since.is_none();
    named.sort_by_key(|row| (never(row), row.tone == Tone::Ok, Reverse(requests(row))));
    data.edges = named.into_iter().map(share).collect();
    data.edges_more = data.edges.len().saturating_sub(EDGES_MAX);
    data.edges.truncate(EDGES_MAX);
    data.edges.sort_by(|a, b| a.edge.cmp(&b.edge));
    data
}

fn percent(part: u64, all: u64) -> Option<u32> {
    (all > 0).then(|| u32::try_from((part * 100 + all / 2) / all).unwrap_or(100))
}

fn columns(estate: &Estate, survey: &Survey, filter: &Filter) -> Vec<RegionColumns> {
    let regions = estate.fleet.regions.iter();
    regions
        .map(|(id, declared)| RegionColumns {
            region: id.clone(),
            name: declared.name.clone(),
            datacenters: estate
                .fleet
                .datacenters_of(id)
                .filter(|(dc, _)| filter.keeps_datacenter(dc, id))
                .map(|(dc, place)| {
                    let contact = survey.contact(dc);
                    Column {
                        datacenter: dc.clone(),
                        status: survey.datacenter_status(dc),
                        vendor: text::vendor(&place.vendor),
                        old: contact != mainstay_core::estate::Contact::Reporting,
                        contact: text::contact(contact, estate.at),
                        percent: None,
                    }
                })
                .collect(),
        })
        .filter(|region| !region.datacenters.is_empty())
        .collect()
}

fn rows(
    estate: &Estate,
    survey: &Survey,
    regions: &[RegionColumns],
    filter: &Filter,
) -> Vec<GroupRows> {
    let columns: Vec<_> =
        regions.iter().flat_map(|r| &r.datacenters).map(|c| &c.datacenter).collect();
    let mut groups: Vec<_> = estate
        .fleet
        .groups_by_priority()
        .into_iter()
        .map(|(id, group)| GroupRows {
            group: Some(id.clone()),
            name: group.name.clone(),
            services: estate
                .fleet
                .services_of(id)
                .filter(|(service, _)| filter.keeps_service(service, Some(id)))
                .map(|(service, _)| service_cells(survey, service, &columns))
                .collect(),
        })
        .collect();
    groups.push(GroupRows {
        group: None,
        name: t!("not-in-fleet"),
        services: survey
            .undeclared(estate)
            .into_iter()
            .filter(|service| filter.keeps_service(service, None))
            .map(|service| service_cells(survey, service, &columns))
            .collect(),
    });
    groups.retain(|group| !group.services.is_empty());
    if filter.problems_first {
        groups.sort_by_key(|group| {
            let cells = group.services.iter().flat_map(|s| s.cells.iter().flatten());
            cells.map(|cell| cell.status).min().unwrap_or(Status::Healthy)
        });
    }
    groups
}

fn service_cells(survey: &Survey, service: &ServiceId, columns: &[&DatacenterId]) -> ServiceCells {
    let versions = survey.versions(service);
    let most = versions.iter().max_by_key(|(_, n)| **n).map(|(v, _)| (*v).to_owned());
    let mut newest: Vec<_> = versions.keys().map(|v| (*v).to_owned()).collect();
    newest.sort_by(|a, b| version_order(b, a));
    ServiceCells {
        service: service.clone(),
        version: most.unwrap_or_default(),
        other_versions: versions.len().saturating_sub(1),
        newest,
        cells: columns
            .iter()
            .map(|dc| {
                let cell = survey.cell(service, dc)?;
                Some(MatrixCell {
                    status: cell.status(survey.contact(dc))?,
                    counts: cell.tally.into(),
                    wanted: cell.wanted,
                    version: newest_of(cell).map(str::to_owned),
                    other_versions: cell.versions.len().saturating_sub(1),
                    load_percent: cell.load_percent(),
                })
            })
            .collect(),
    }
}

/// The newest version of a cell; while one is rolled out there are two.
fn newest_of(cell: &Cell) -> Option<&str> {
    let versions = cell.versions.keys();
    versions.max_by(|a, b| version_order(a, b)).map(String::as_str)
}

fn tree(estate: &Estate, survey: &Survey, filter: &Filter) -> Vec<RegionTree> {
    let keeps = |row: &CellRow| {
        let group = estate.fleet.services.get(&row.service).map(|s| &s.group);
        filter.keeps_service(&row.service, group)
            && (filter.status.is_empty() || filter.status.contains(&row.status))
    };
    let branch = |row: StripRow| {
        let mut branch = region::branch(estate, survey, row);
        for twig in &mut branch.groups {
            twig.cells.retain(keeps);
        }
        branch.groups.retain(|twig| !twig.cells.is_empty());
        branch
    };
    let regions = estate.fleet.regions.iter();
    regions
        .map(|(id, declared)| RegionTree {
            region: id.clone(),
            name: declared.name.clone(),
            branches: region_strips(estate, survey, id)
                .into_iter()
                .filter(|row| filter.keeps_datacenter(&row.datacenter, id))
                .map(branch)
                .collect(),
        })
        .filter(|region| !region.branches.is_empty())
        .collect()
}

pub fn title() -> String {
    t!("nav-topology")
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

/// Says the same to every reader, so that many share one drawing of it.
pub fn view(data: &Data) -> AnyView {
    let filter = &data.filter;
    let bar = view! { {views(filter)}{by(filter)}{states(data)} };
    let first = filter.with(|f| f.problems_first = !filter.problems_first).href();
    let label = if filter.problems_first { t!("topology-order") } else { t!("topology-first") };
    let actions = (filter.view == View::Matrix).then(|| {
        let button = link_button(Weight::Plain, first, label);
        view! { <span class="wide-only">{button}</span> }.into_any()
    });
    let head = page_head(PageHead {
        title: t!("nav-topology"),
        badge: Some(bar.into_any()),
        actions,
        ..PageHead::default()
    });
    let body = match filter.view {
        View::Matrix if data.groups.is_empty() || data.regions.is_empty() => nothing(filter),
        View::Matrix => matrix::view(data),
        View::Regions if data.tree.is_empty() => nothing(filter),
        View::Regions => regions_view(data),
        View::List => list::view(data),
    };
    view! { {head}{parts::dropped(&data.dropped)}{body}{edges_view(data)} }.into_any()
}

/// Where users' requests enter, under the rest.
fn edges_view(data: &Data) -> Option<AnyView> {
    if data.edges.is_empty() {
        return None;
    }
    let items = data.edges.iter().map(|edge| Chip {
        href: crate::paths::edge(&edge.edge),
        mark: Some(crate::ui::glyph::glyph_named(edge.tone, &edge.word)),
        count: edge.percent.map(|percent| t!("percent", n = i64::from(percent))),
        label: edge.edge.to_string(),
        on: false,
        live: None,
    });
    let items = chips(t!("nav-edges"), items.collect());
    let label = t!("edges-share");
    let more = text::number(data.edges_more as u64);
    let more = (data.edges_more > 0)
        .then(|| view! { <a href=crate::paths::EDGES>{t!("edges-more", count = more)}</a> });
    let edges = view! {
        <div class="enters"><span class="muted">{label}</span>{items}{more}</div>
    };
    Some(edges.into_any())
}

fn nothing(filter: &Filter) -> AnyView {
    let clear = Filter { view: filter.view, ..Filter::default() }.href();
    let body = if filter.narrows() {
        let action = link_button(Weight::Plain, clear, t!("filter-clear"));
        empty(t!("topology-nothing"), t!("topology-nothing-detail"), Some(action))
    } else {
        empty(t!("overview-bare"), t!("overview-bare-detail"), None)
    };
    view! { <section class="card">{body}</section> }.into_any()
}

fn views(filter: &Filter) -> AnyView {
    let label = |view: View| match view {
        View::Matrix => t!("view-matrix"),
        View::Regions => t!("view-regions"),
        View::List => t!("view-list"),
    };
    let items = View::ALL.iter().map(|choice| Segment {
        href: filter.with(|f| f.view = *choice).href(),
        label: label(*choice),
        current: filter.view == *choice,
    });
    segments(t!("view-label"), items.collect())
}

fn by(filter: &Filter) -> Option<AnyView> {
    let label = |by: By| match by {
        By::Health => t!("by-health"),
        By::Version => t!("by-version"),
        By::Load => t!("by-load"),
    };
    (filter.view == View::Matrix).then(|| {
        let items = By::ALL.iter().map(|choice| Segment {
            href: filter.with(|f| f.by = *choice).href(),
            label: label(*choice),
            current: filter.by == *choice,
        });
        view! { <span class="wide-only">{segments(t!("by-label"), items.collect())}</span> }
            .into_any()
    })
}

/// The filter by state: each chip counts the whole estate and keeps its number alive.
fn states(data: &Data) -> AnyView {
    let tally = Tally::from(data.counts);
    let items = Status::ALL
        .into_iter()
        .map(|status| Chip {
            href: data.filter.toggled(status).href(),
            mark: Some(raw(marks::one_mark(status))),
            count: Some(text::number(tally.get(status))),
            label: match status {
                Status::Planned => t!("draining-word"),
                Status::Failing
                | Status::Degraded
                | Status::Unknown
                | Status::Updating
                | Status::Healthy => text::status(status).to_lowercase(),
            },
            on: data.filter.status.contains(&status),
            live: Some(("total", status.name())),
        })
        .collect();
    // Instances change their state: any count may become that of all.
    let digits = text::number(tally.total()).len();
    let bar = chips(t!("filter-status"), items);
    view! { <div class=format!("digits{}", digits.clamp(2, 6))>{bar}</div> }.into_any()
}

fn regions_view(data: &Data) -> AnyView {
    let cards = data
        .tree
        .iter()
        .map(|tree| {
            let right = view! { <a href=crate::paths::region(&tree.region)>{t!("open")}</a> };
            card(Head::new(tree.name.clone()).right(right), region::tree_of(&tree.branches))
        })
        .collect_view();
    view! { <div class="stack">{cards}</div> }.into_any()
}
