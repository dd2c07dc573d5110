//! `/dc/{dc}`: one data centre, what runs there and whether it is heard.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatacenterId, RegionId};
use mainstay_core::problem::Record;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::Query;
use crate::pages::rows::{
    CellRow, InstancePage, ProblemRow, cell_rows, instance_page, problems_where,
};
use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader, forget, parts, region};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::verdict_badge;
use crate::ui::block::callout;
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::chart::{self, Series};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub name: String,
    #[schema(value_type = String)]
    pub region: RegionId,
    pub region_name: String,
    pub vendor: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    /// Whether and since when it is heard, in words.
    pub contact: String,
    /// When its agent was last heard.
    pub last_seen: Option<DateTime<Utc>>,
    pub heard: bool,
    pub agent_version: Option<String>,
    /// The fleet is about to drop it.
    pub retired: bool,
    /// Why what is known of it cannot be forgotten now.
    #[serde(skip)]
    pub kept: Option<String>,
    pub cells: Vec<CellRow>,
    pub instances: InstancePage,
    /// Not the first page of instances.
    pub paged: bool,
    /// Healthy instances over the last hour.
    pub healthy: Option<Series>,
    pub problems: Vec<ProblemRow>,
}

/// `None`: the fleet has no such data centre. `healthy` is the series of healthy instances, where
/// it is kept.
pub fn build(
    estate: &Estate,
    records: &[Record],
    id: &DatacenterId,
    query: &Query,
    healthy: Option<Series>,
) -> Option<Data> {
    let declared = estate.fleet.datacenters.get(id)?;
    let region = estate.fleet.regions.get(&declared.region);
    let survey = Survey::of(estate);
    let contact = survey.contact(id);
    let state = estate.datacenters.get(id);
    let after = query.get("after");
    let found = estate.instances().filter(|(dc, ..)| *dc == id);
    Some(Data {
        at: estate.at,
        datacenter: id.clone(),
        name: declared.name.clone(),
        region: declared.region.clone(),
        region_name: region.map(|r| r.name.clone()).unwrap_or_default(),
        vendor: text::vendor(&declared.vendor),
        status: survey.datacenter_status(id),
        counts: survey.datacenters.get(id).copied().unwrap_or_default().into(),
        contact: text::contact(contact, estate.at),
        last_seen: state.and_then(|s| s.last_seen),
        heard: contact == Contact::Reporting,
        agent_version: state.and_then(|s| s.agent_version.clone()),
        retired: declared.retired,
        kept: forget::kept(estate, id),
        cells: cell_rows(estate, &survey, |_, dc| dc == id),
        instances: instance_page(found.map(|(dc, i, s)| (dc, &**i, s)), after, estate.at),
        paged: after.is_some(),
        healthy,
        problems: problems_where(records, estate, |p| p.about().1 == Some(id)),
    })
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.datacenter, text::status(data.status).to_lowercase())
}

pub fn topics(data: &Data) -> Vec<String> {
    vec!["estate".to_owned(), format!("dc:{}", data.datacenter)]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: data.datacenter.to_string(),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(paths::region(&data.region), data.region_name.clone()),
        ],
        badge: Some(verdict_badge(
            format!("dc/{}", data.datacenter),
            data.status,
            text::status(data.status),
        )),
        note: Some(format!("{}, {}. {}.", data.name, data.vendor, data.contact).into_any()),
        actions: data.retired.then(|| forget::action(&data.datacenter, data.kept.clone(), reader)),
    });
    let silent = (!data.heard).then(|| {
        let detail = match data.last_seen {
            Some(at) => t!("dc-silent-detail", at = text::moment(at, data.at)),
            None => t!("dc-never-detail"),
        };
        callout(Tone::Unk, data.contact.clone(), detail, None)
    });
    let total = text::number(data.instances.total as u64);
    let address = paths::datacenter(&data.datacenter);
    let href = |cursor: &str| paths::with_query(&address, &[("after", cursor)]);
    let without = parts::Without { datacenter: true, ..parts::Without::default() };
    let main = view! {
        {silent}
        {region::problems(&data.problems, reader, data.at)}
        {card(
            Head::new(t!("dc-services")).note(text::number(data.cells.len() as u64)),
            parts::cells(t!("dc-services"), &data.cells, without),
        )}
        {card(
            Head::new(t!("instances")).note(total).right(t!("instances-order")),
            parts::instances(&data.instances, without, data.paged, href, data.at),
        )}
    };
    let old = (!data.heard).then_some("old");
    let key = format!("dc/{}", data.datacenter);
    let side = view! {
        <div class=old>
            {padded(Head::new(t!("facts")), view! { <div data-k=key>{facts(data)}</div> })}
        </div>
        {data.healthy.as_ref().map(|series| {
            padded(Head::new(t!("dc-healthy")), chart::line(t!("dc-healthy"), series))
        })}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let region = paths::region(&data.region);
    let region_name = data.region_name.clone();
    let contact = view! { <span data-f="contact">{data.contact.clone()}</span> };
    let agent = data.agent_version.clone().unwrap_or_else(|| t!("unknown-word"));
    let loss = [("view", "copies"), ("lost", data.datacenter.as_str())];
    let loss = paths::with_query(paths::BACKUPS, &loss);
    let loss = view! { <a href=loss>{t!("dc-loss-link")}</a> };
    key_values(vec![
        (t!("col-healthy"), parts::healthy_of(data.counts)),
        (t!("col-region"), view! { <a href=region>{region_name}</a> }.into_any()),
        (t!("col-vendor"), data.vendor.clone().into_any()),
        (t!("dc-agent"), agent.into_any()),
        (t!("col-contact"), contact.into_any()),
        (t!("dc-loss"), loss.into_any()),
    ])
}
