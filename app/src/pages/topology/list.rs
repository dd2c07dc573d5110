//! The topology as a plain sortable table: for screen readers, phones and print.

use leptos::prelude::*;
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Filter, Sort};
use crate::pages::parts;
use crate::pages::rows::{CellRow, PAGE_ROWS, cell_rows};
use crate::pages::survey::{Survey, version_order};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};

/// One page of cells.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CellPage {
    pub rows: Vec<CellRow>,
    pub total: usize,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// Sorts, filters and cuts the page that the filter asks for.
pub fn page(estate: &Estate, survey: &Survey, filter: &Filter) -> CellPage {
    let mut rows = cell_rows(estate, survey, |service, dc| {
        let group = estate.fleet.services.get(service).map(|s| &s.group);
        let place = estate.fleet.datacenters.get(dc);
        filter.keeps_service(service, group)
            && place.is_some_and(|place| filter.keeps_datacenter(dc, &place.region))
    });
    rows.retain(|row| filter.status.is_empty() || filter.status.contains(&row.status));
    rows.sort_by(|a, b| {
        let order = match filter.sort {
            Sort::State => a.status.cmp(&b.status),
            Sort::Service => a.service.cmp(&b.service),
            Sort::Datacenter => a.datacenter.cmp(&b.datacenter),
            Sort::Group => a.group.cmp(&b.group),
            Sort::Version => version_order(first(a), first(b)),
            Sort::Load => a.load_percent.cmp(&b.load_percent),
            Sort::Instances => a.counts.total.cmp(&b.counts.total),
        };
        let order = if filter.descending { order.reverse() } else { order };
        order.then_with(|| (&a.service, &a.datacenter).cmp(&(&b.service, &b.datacenter)))
    });
    let total = rows.len();
    // The cursor names the last row that was shown; when it is gone the list starts again.
    let start = filter
        .after
        .as_deref()
        .and_then(|after| rows.iter().position(|row| cursor(row) == after).map(|at| at + 1));
    let start = start.unwrap_or(0);
    let rows: Vec<_> = rows.into_iter().skip(start).take(PAGE_ROWS).collect();
    let more = start + rows.len() < total;
    let next = rows.last().filter(|_| more).map(cursor);
    CellPage { rows, total, next }
}

fn first(row: &CellRow) -> &str {
    row.versions.first().map_or("", String::as_str)
}

fn cursor(row: &CellRow) -> String {
    format!("{}@{}", row.service, row.datacenter)
}

/// The table with its filter form.
pub fn view(data: &Data) -> AnyView {
    let filter = &data.filter;
    let columns = [
        (Sort::Service, Column::new(t!("col-service"))),
        (Sort::Group, Column::new(t!("col-group"))),
        (Sort::Datacenter, Column::new(t!("col-dc"))),
        (Sort::State, Column::new(t!("col-state"))),
        (Sort::Instances, Column::number(t!("col-healthy"))),
        (Sort::Version, Column::new(t!("col-version"))),
        (Sort::Load, Column::number(t!("col-load"))),
    ]
    .map(|(sort, column)| {
        let (href, sorted) = filter.sorted_by(sort);
        column.sort(href, sorted)
    });
    let rows = data.list.rows.iter().map(row).collect_view();
    let body = if data.list.rows.is_empty() {
        let clear = Filter { view: filter.view, ..Filter::default() }.href();
        let action =
            filter.narrows().then(|| link_button(Weight::Plain, clear, t!("filter-clear")));
        empty(t!("topology-nothing"), t!("topology-nothing-detail"), action)
    } else {
        table(t!("nav-topology"), columns.into(), rows)
    };
    let next = data.list.next.clone().map(|cursor| {
        let href = filter.with(|f| f.after = Some(cursor)).href();
        (href, t!("pager-next", count = text::number(PAGE_ROWS as u64)))
    });
    let start = filter.after.is_some().then(|| filter.with(|_| {}).href());
    let count = text::number(data.list.total as u64);
    card(
        Head::new(t!("topology-list")).note(count),
        view! { {form(data)}{body}{pager(start, next)} },
    )
}

/// Filters as a form that works by itself.
fn form(data: &Data) -> AnyView {
    let filter = &data.filter;
    let statuses = filter
        .status
        .iter()
        .map(|status| view! { <input type="hidden" name="status" value=status.name()/> })
        .collect_view();
    let regions = data.regions.iter().map(|r| (r.region.to_string(), r.name.clone()));
    let chosen = filter.region.as_ref().map(ToString::to_string).unwrap_or_default();
    let options = std::iter::once((String::new(), t!("filter-all")))
        .chain(regions)
        .map(|(value, name)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{name}</option> }
        })
        .collect_view();
    let group = filter.group.as_ref().map(|id| {
        view! { <input type="hidden" name="group" value=id.to_string()/> }
    });
    let q = filter.q.clone();
    view! {
        <form class="filter" action=paths::TOPOLOGY id="filter">
            <input type="hidden" name="view" value="list"/>
            {statuses}
            {group}
            <label>{t!("filter-name")}<input type="search" name="q" value=q/></label>
            <label>{t!("col-region")}<select name="region">{options}</select></label>
            <button class="btn">{t!("filter-do")}</button>
        </form>
    }
    .into_any()
}

fn row(row: &CellRow) -> AnyView {
    let href = paths::cell(&row.service, &row.datacenter);
    view! {
        <tr data-k=format!("cell/{}/{}", row.service, row.datacenter)>
            <th scope="row"><a class="quiet" href=href>{row.service.to_string()}</a></th>
            <td data-l=t!("col-group")>{row.group.clone()}</td>
            <td data-l=t!("col-dc")>{row.datacenter.to_string()}</td>
            <td>{parts::health(row.status, row.counts)}</td>
            <td class="num" data-l=t!("col-healthy")>{parts::healthy_of(row.counts)}</td>
            <td data-l=t!("col-version") data-f="version">{text::list(&row.versions)}</td>
            <td class="num" data-l=t!("col-load") data-f="load">{parts::load(row.load_percent)}</td>
        </tr>
    }
    .into_any()
}
