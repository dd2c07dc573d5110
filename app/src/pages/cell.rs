//! `/services/{service}/in/{dc}`: one cell of the matrix, with its instances. Also the inspector.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatacenterId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::placement::absent;
use crate::pages::query::Query;
use crate::pages::rows::{InstancePage, ProblemRow, instance_page, problems_where};
use crate::pages::survey::{Cell, Survey};
use crate::pages::{Counts, Reader, parts, region};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{live_state, verdict_badge};
use crate::ui::block::{callout, empty};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub service: ServiceId,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    /// Absent: the service neither runs nor belongs here.
    #[schema(value_type = Option<String>)]
    pub status: Option<Status>,
    pub counts: Counts,
    pub wanted: Option<u16>,
    /// Why it is rightly not here.
    pub absent: Option<String>,
    /// The version the fleet asks for.
    pub version: Option<String>,
    /// Versions that run, newest first.
    pub versions: Vec<String>,
    pub load_percent: Option<u32>,
    pub contact: String,
    pub heard: bool,
    pub last_seen: Option<DateTime<Utc>>,
    pub instances: InstancePage,
    pub paged: bool,
    pub problems: Vec<ProblemRow>,
}

/// `None`: no such data centre, or no such service anywhere.
pub fn build(
    estate: &Estate,
    records: &[Record],
    service: &ServiceId,
    datacenter: &DatacenterId,
    query: &Query,
) -> Option<Data> {
    let survey = Survey::of(estate);
    let declared = estate.fleet.services.get(service);
    if declared.is_none() && !survey.services.contains_key(service) {
        return None;
    }
    let region = &estate.fleet.datacenters.get(datacenter)?.region;
    let blank = Cell::default();
    let cell = survey.cell(service, datacenter).unwrap_or(&blank);
    let contact = survey.contact(datacenter);
    let after = query.get("after");
    let found = estate.cell(service, datacenter).map(|(i, s)| (datacenter, &**i, s));
    let mut versions: Vec<_> = cell.versions.keys().cloned().collect();
    versions.sort_by(|a, b| crate::pages::survey::version_order(b, a));
    Some(Data {
        at: estate.at,
        service: service.clone(),
        datacenter: datacenter.clone(),
        status: cell.status(contact),
        counts: cell.tally.into(),
        wanted: cell.wanted,
        absent: absent(estate, region)
            .into_iter()
            .find(|item| item.service == *service)
            .map(|item| item.reason),
        version: declared.map(|s| s.version.clone()),
        versions,
        load_percent: cell.load_percent(),
        contact: text::contact(contact, estate.at),
        heard: contact == Contact::Reporting,
        last_seen: estate.datacenters.get(datacenter).and_then(|dc| dc.last_seen),
        instances: instance_page(found, after, estate.at),
        paged: after.is_some(),
        problems: problems_where(records, estate, |p| {
            p.about() == (Some(service), Some(datacenter))
        }),
    })
}

pub fn name(data: &Data) -> String {
    t!("in-place", service = data.service.as_str(), dc = data.datacenter.as_str())
}

pub fn title(data: &Data) -> String {
    match data.status {
        Some(status) => format!("{}, {}", name(data), text::status(status).to_lowercase()),
        None => name(data),
    }
}

pub fn topics(data: &Data) -> Vec<String> {
    vec!["estate".to_owned(), format!("service:{}", data.service)]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let key = format!("cell/{}/{}", data.service, data.datacenter);
    let word = |status: Status| verdict_badge(key, status, text::status(status));
    let head = page_head(PageHead {
        title: name(data),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(paths::service(&data.service), data.service.to_string()),
        ],
        badge: data.status.map(word),
        note: None,
        actions: None,
    });
    if data.status.is_none() {
        let reason = data.absent.clone().unwrap_or_else(|| t!("not-placed"));
        let body = empty(t!("cell-absent"), reason, None);
        return view! { {head}<section class="card">{body}</section> }.into_any();
    }
    let total = text::number(data.instances.total as u64);
    let address = paths::cell(&data.service, &data.datacenter);
    let href = |cursor: &str| paths::with_query(&address, &[("after", cursor)]);
    let here = parts::Without { service: true, datacenter: true };
    let list = if data.instances.total == 0 {
        let wanted = t!("cell-empty-detail", wanted = parts::wanted(data.wanted));
        empty(t!("cell-empty"), wanted, None)
    } else {
        parts::instances(&data.instances, here, data.paged, href, data.at)
    };
    let main = view! {
        {old(data)}
        {region::problems(&data.problems, reader, data.at)}
        {card(Head::new(t!("instances")).note(total).right(t!("instances-order")), list)}
    };
    let key = format!("cell/{}/{}", data.service, data.datacenter);
    let side = padded(Head::new(t!("facts")), view! { <div data-k=key>{facts(data)}</div> });
    view! { {head}{columns(main, side)} }.into_any()
}

fn old(data: &Data) -> Option<AnyView> {
    (!data.heard).then(|| {
        let detail = match data.last_seen {
            Some(at) => t!("dc-silent-detail", at = text::moment(at, data.at)),
            None => t!("dc-never-detail"),
        };
        let strong = t!("cell-unheard", dc = data.datacenter.as_str());
        callout(Tone::Unk, strong, detail, None)
    })
}

fn facts(data: &Data) -> AnyView {
    let dc = paths::datacenter(&data.datacenter);
    let dc_name = data.datacenter.to_string();
    let status = data.status.unwrap_or(Status::Unknown);
    let versions = text::list(&data.versions);
    let mut facts = vec![
        (t!("col-state"), parts::health(status, data.counts)),
        (t!("col-healthy"), parts::healthy_of(data.counts)),
        (t!("col-nodes"), parts::wanted(data.wanted).into_any()),
        (t!("service-running"), view! { <span data-f="version">{versions}</span> }.into_any()),
    ];
    if let Some(version) = &data.version {
        facts.push((t!("service-version"), version.clone().into_any()));
    }
    let load = parts::load(data.load_percent);
    facts.extend([
        (t!("col-load"), view! { <span data-f="load">{load}</span> }.into_any()),
        (t!("col-dc"), view! { <a href=dc>{dc_name}</a> }.into_any()),
        (t!("col-contact"), data.contact.clone().into_any()),
    ]);
    key_values(facts)
}

/// The inspector of the topology page: the same, short.
pub fn inspector(data: &Data, close: String) -> AnyView {
    let href = paths::cell(&data.service, &data.datacenter);
    let key = format!("cell/{}/{}", data.service, data.datacenter);
    let status = data.status.unwrap_or(Status::Unknown);
    let problem = data.problems.first();
    let sentence = match (problem, data.heard) {
        (Some(problem), _) => problem.detail.clone(),
        (None, false) => data.contact.clone(),
        (None, true) => text::tally(&data.counts.into()),
    };
    let items = data
        .instances
        .rows
        .iter()
        .take(24)
        .map(|row| {
            view! {
                <li data-k=format!("instance/{}", row.id)>
                    <a class="quiet" href=paths::instance(&row.id)>{row.id.to_string()}</a>
                    {live_state(row.status, text::status(row.status))}
                </li>
            }
        })
        .collect_view();
    let since = data.instances.rows.first().map(|row| {
        view! { <p class="muted">{t!("since-word")}" "{time(row.since, data.at)}</p> }
    });
    let label = t!("inspector-label", name = name(data));
    view! {
        <aside class="card insp" aria-label=label id="inspector">
            <header>
                <h2>{name(data)}</h2>
                <span class="r">
                    <a href=href>{t!("open")}</a>
                    <a href=close id="inspector-close">{t!("keys-close")}</a>
                </span>
            </header>
            <div class="pad">
                {verdict_badge(key.clone(), status, text::status(status))}
                <p class="second">{sentence}</p>
                {since}
            </div>
            <div class="pad" data-k=key>{facts(data)}</div>
            <ul class="ilist">{items}</ul>
        </aside>
    }
    .into_any()
}
