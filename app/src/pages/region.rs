//! `/regions/{region}`: what runs in a place, on whose infrastructure, and what is rightly absent.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, GroupId, RegionId};
use mainstay_core::problem::Record;
use mainstay_core::status::{Status, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::placement::{Absent, absent};
use crate::pages::rows::{CellRow, ProblemRow, StripRow, cell_rows, problems_where, region_strips};
use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::verdict_badge;
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub region: RegionId,
    pub name: String,
    pub time_zone: String,
    /// The hour at the place now.
    pub local_time: String,
    /// What the business has here, in words.
    pub has: Vec<String>,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub datacenters: Vec<StripRow>,
    /// What runs: data centre, group, service, in that order.
    pub tree: Vec<Branch>,
    pub absent: Vec<Absent>,
    pub problems: Vec<ProblemRow>,
}

/// A data centre with its groups.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Branch {
    pub strip: StripRow,
    pub groups: Vec<Twig>,
}

/// A group in a data centre with its services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Twig {
    /// Absent for services that the fleet does not declare.
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    pub name: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub cells: Vec<CellRow>,
}

/// `None`: the fleet has no such region.
pub fn build(estate: &Estate, records: &[Record], id: &RegionId) -> Option<Data> {
    let region = estate.fleet.regions.get(id)?;
    let survey = Survey::of(estate);
    let here = |dc: &DatacenterId| {
        estate.fleet.datacenters.get(dc).is_some_and(|declared| declared.region == *id)
    };
    let datacenters = region_strips(estate, &survey, id);
    let status = datacenters.iter().map(|row| row.status).min().unwrap_or(Status::Unknown);
    let tree = datacenters.iter().map(|row| branch(estate, &survey, row.clone())).collect();
    Some(Data {
        at: estate.at,
        region: id.clone(),
        name: region.name.clone(),
        time_zone: region.time_zone.name().to_owned(),
        local_time: text::local_clock(estate.at, region.time_zone),
        has: region.has.iter().map(|need| text::need(*need)).collect(),
        status,
        counts: survey.regions.get(id).copied().unwrap_or_default().into(),
        datacenters,
        tree,
        absent: absent(estate, id),
        problems: problems_where(records, estate, |p| p.about().1.is_some_and(here)),
    })
}

/// What runs in one data centre, by group in order of recovery.
pub fn branch(estate: &Estate, survey: &Survey, strip: StripRow) -> Branch {
    let datacenter = &strip.datacenter;
    let mut groups: Vec<_> = estate
        .fleet
        .groups_by_priority()
        .into_iter()
        .map(|(id, group)| (Some(id.clone()), group.name.clone()))
        .collect();
    groups.push((None, t!("not-in-fleet")));
    let twigs = groups.into_iter().filter_map(|(group, name)| {
        let cells = cell_rows(estate, survey, |service, dc| {
            let declared = estate.fleet.services.get(service).map(|s| &s.group);
            dc == datacenter && declared == group.as_ref()
        });
        let status = cells.iter().map(|cell| cell.status).min()?;
        let mut tally = Tally::default();
        for cell in &cells {
            tally.merge(&Tally::from(cell.counts));
        }
        Some(Twig { group, name, status, counts: tally.into(), cells })
    });
    let groups = twigs.collect();
    Branch { strip, groups }
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.name, text::status(data.status).to_lowercase())
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: data.name.clone(),
        crumbs: vec![Crumb::new(paths::TOPOLOGY, t!("nav-topology"))],
        badge: Some(verdict_badge(
            format!("region/{}", data.region),
            data.status,
            text::status(data.status),
        )),
        note: Some(note(data)),
        actions: None,
    });
    let main = view! {
        {problems(&data.problems, reader, data.at)}
        {card(Head::new(t!("region-tree")), tree_of(&data.tree))}
    };
    let side = view! {
        {card(Head::new(t!("region-datacenters")), parts::strips(&data.datacenters))}
        {vendors(&data.datacenters)}
        {absences(&data.absent)}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn note(data: &Data) -> AnyView {
    let has = if data.has.is_empty() { t!("region-has-none") } else { text::list(&data.has) };
    t!("region-note", local = data.local_time.as_str(), zone = data.time_zone.as_str(), has = has)
        .into_any()
}

/// The problems of an object; nothing when there are none.
pub fn problems(rows: &[ProblemRow], reader: &Reader, now: DateTime<Utc>) -> Option<AnyView> {
    let known: Vec<_> = rows.iter().map(|row| row.id).collect();
    (!rows.is_empty()).then(|| {
        let count = text::number(rows.len() as u64);
        let head = Head::new(t!("nav-attention")).note(count);
        card(head, parts::attention_list(rows, &known, reader, now))
    })
}

/// The nested table: data centre, group, service.
pub fn tree_of(branches: &[Branch]) -> AnyView {
    let columns = vec![
        Column::new(t!("region-place")),
        Column::new(t!("col-instances")),
        Column::new(t!("col-state")),
        Column::number(t!("col-healthy")),
        Column::new(t!("col-version")),
    ];
    let rows = branches
        .iter()
        .map(|branch| {
            view! {
                {datacenter_row(&branch.strip)}
                {branch.groups.iter().map(twig_rows).collect_view()}
            }
        })
        .collect_view();
    table(t!("region-tree"), columns, rows)
}

fn datacenter_row(row: &StripRow) -> AnyView {
    let href = paths::datacenter(&row.datacenter);
    view! {
        <tr class="lv1" data-k=format!("dc/{}", row.datacenter)>
            <th scope="row">
                <a class="quiet" href=href>{row.datacenter.to_string()}</a>
            </th>
            <td class="second">{row.vendor.clone()}</td>
            <td>{parts::health(row.status, row.counts)}</td>
            <td class="num">{parts::healthy_of(row.counts)}</td>
            <td></td>
        </tr>
    }
    .into_any()
}

fn twig_rows(twig: &Twig) -> AnyView {
    let name = match &twig.group {
        Some(id) => {
            view! { <a class="quiet" href=paths::group(id)>{twig.name.clone()}</a> }.into_any()
        }
        None => twig.name.clone().into_any(),
    };
    let rows = twig.cells.iter().map(service_row).collect_view();
    view! {
        <tr class="lv2">
            <th scope="row">{name}</th>
            <td></td>
            <td></td>
            <td></td>
            <td></td>
        </tr>
        {rows}
    }
    .into_any()
}

fn service_row(row: &CellRow) -> AnyView {
    let href = paths::cell(&row.service, &row.datacenter);
    view! {
        <tr class="lv3" data-k=format!("cell/{}/{}", row.service, row.datacenter)>
            <th scope="row"><a class="quiet" href=href>{row.service.to_string()}</a></th>
            <td class="marks">{parts::marks(row.counts)}</td>
            <td>{parts::health(row.status, row.counts)}</td>
            <td class="num">{parts::healthy_of(row.counts)}</td>
            <td data-f="version">{text::list(&row.versions)}</td>
        </tr>
    }
    .into_any()
}

/// Whose infrastructure the data centres stand on (R4).
fn vendors(rows: &[StripRow]) -> AnyView {
    let pairs = rows
        .iter()
        .map(|row| (row.datacenter.to_string(), row.vendor.clone().into_any()))
        .collect();
    padded(Head::new(t!("region-vendors")), key_values(pairs))
}

fn absences(absent: &[Absent]) -> Option<AnyView> {
    (!absent.is_empty()).then(|| {
        let items = absent
            .iter()
            .map(|item| {
                let href = paths::service(&item.service);
                view! {
                    <li>
                        <span aria-hidden="true">"–"</span>
                        <span>
                            <a href=href>{item.service.to_string()}</a>
                            ": "
                            {item.reason.clone()}
                        </span>
                    </li>
                }
            })
            .collect_view();
        padded(Head::new(t!("region-absent")), view! { <ul class="checks">{items}</ul> })
    })
}
