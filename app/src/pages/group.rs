//! `/groups/{group}`: a service group, its place in the order of recovery, and its services.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatabaseId, GroupId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::rows::{ProblemRow, problems_where};
use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader, parts, region};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::verdict_badge;
use crate::ui::card::{Head, card, columns};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub group: GroupId,
    pub name: String,
    /// Place in the order of recovery, 1 first (R5).
    pub priority: u16,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub services: Vec<ServiceRow>,
    /// Every group in the order of recovery.
    pub order: Vec<GroupLink>,
    pub problems: Vec<ProblemRow>,
    /// Its databases that have a backup policy.
    #[schema(value_type = Vec<String>)]
    pub databases: Vec<DatabaseId>,
}

/// A service of the group, over all data centres.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceRow {
    #[schema(value_type = String)]
    pub service: ServiceId,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    /// Data centres it is placed in.
    pub datacenters: usize,
    /// The version the fleet asks for.
    pub version: String,
    pub front: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupLink {
    #[schema(value_type = String)]
    pub group: GroupId,
    pub name: String,
    pub priority: u16,
}

/// `None`: the fleet has no such group.
pub fn build(estate: &Estate, records: &[Record], id: &GroupId) -> Option<Data> {
    let group = estate.fleet.groups.get(id)?;
    let survey = Survey::of(estate);
    let mut services: Vec<_> = estate
        .fleet
        .services_of(id)
        .map(|(service, declared)| ServiceRow {
            service: service.clone(),
            status: survey.worst(|(s, _)| s == service),
            counts: survey.services.get(service).copied().unwrap_or_default().into(),
            datacenters: mainstay_core::placement::datacenters(&estate.fleet, declared).len(),
            version: declared.version.clone(),
            front: declared.front,
        })
        .collect();
    services.sort_by(|a, b| (a.status, &a.service).cmp(&(b.status, &b.service)));
    let mine = |service: &ServiceId| {
        estate.fleet.services.get(service).is_some_and(|declared| declared.group == *id)
    };
    let owns = |database: &DatabaseId| {
        estate.fleet.databases.get(database).is_some_and(|declared| declared.group == *id)
    };
    let order = estate.fleet.groups_by_priority().into_iter().map(|(id, group)| GroupLink {
        group: id.clone(),
        name: group.name.clone(),
        priority: group.priority,
    });
    Some(Data {
        at: estate.at,
        group: id.clone(),
        name: group.name.clone(),
        priority: group.priority,
        status: services.iter().map(|row| row.status).min().unwrap_or(Status::Healthy),
        counts: survey.groups.get(id).copied().unwrap_or_default().into(),
        order: order.collect(),
        problems: problems_where(records, estate, |p| {
            p.about().0.is_some_and(mine) || p.about_database().is_some_and(owns)
        }),
        databases: estate
            .fleet
            .databases
            .iter()
            .filter(|(_, database)| database.group == *id && database.policy.is_some())
            .map(|(database, _)| database.clone())
            .collect(),
        services,
    })
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.name, text::status(data.status).to_lowercase())
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let note = t!(
        "group-note",
        priority = text::number(data.priority),
        groups = text::number(data.order.len() as u64)
    );
    let head = page_head(PageHead {
        title: data.name.clone(),
        crumbs: vec![Crumb::new(paths::TOPOLOGY, t!("nav-topology"))],
        badge: Some(verdict_badge(
            format!("group/{}", data.group),
            data.status,
            text::status(data.status),
        )),
        note: Some(note.into_any()),
        actions: None,
    });
    let heads = vec![
        Column::new(t!("col-service")),
        Column::new(t!("col-state")),
        Column::number(t!("col-healthy")),
        Column::number(t!("col-datacenters")),
        Column::new(t!("col-version")),
    ];
    let rows = data.services.iter().map(service_row).collect_view();
    let count = text::number(data.services.len() as u64);
    let label = t!("group-services");
    let main = view! {
        {region::problems(&data.problems, reader, data.at)}
        {card(Head::new(&*label).note(count), table(label.as_str(), heads, rows))}
    };
    let items = data
        .order
        .iter()
        .map(|group| {
            let current = (group.group == data.group).then_some("true");
            let href = paths::group(&group.group);
            view! {
                <li>
                    <span class="muted">{text::number(group.priority)}</span>
                    <a class="quiet" href=href aria-current=current>{group.name.clone()}</a>
                </li>
            }
        })
        .collect_view();
    let side = crate::ui::card::padded(
        Head::new(t!("group-order")),
        view! { <ol class="checks">{items}</ol> },
    );
    let side = view! { {databases(data)}{side} };
    view! { {head}{columns(main, side)} }.into_any()
}

/// The databases of the group, each with its copies.
fn databases(data: &Data) -> Option<AnyView> {
    (!data.databases.is_empty()).then(|| {
        let items = data
            .databases
            .iter()
            .map(|id| {
                let (href, name) = (paths::backup_set(id), id.to_string());
                view! { <a href=href>{name}</a> }
            })
            .collect_view();
        let right = view! { <a href=paths::BACKUPS>{t!("nav-backups")}</a> };
        let head = Head::new(t!("group-databases")).right(right);
        crate::ui::card::padded(head, view! { <div class="links">{items}</div> })
    })
}

fn service_row(row: &ServiceRow) -> AnyView {
    let front = row.front.then(|| view! { <span class="muted">" "{t!("front")}</span> });
    view! {
        <tr data-k=format!("service/{}", row.service)>
            <th scope="row">
                <a class="quiet" href=paths::service(&row.service)>{row.service.to_string()}</a>
                {front}
            </th>
            <td>{parts::health(row.status, row.counts)}</td>
            <td class="num" data-l=t!("col-healthy")>{parts::healthy_of(row.counts)}</td>
            <td class="num" data-l=t!("col-datacenters")>{text::number(row.datacenters as u64)}</td>
            <td data-l=t!("col-version")>{row.version.clone()}</td>
        </tr>
    }
    .into_any()
}
