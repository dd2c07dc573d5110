//! `/instances/{instance}`: one instance, its state and what can be done about it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{GroupId, InstanceId};
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::rows::InstanceRow;
use crate::pages::{Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::live_badge;
use crate::ui::block::callout;
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub instance: InstanceRow,
    /// Group of its service; absent when the fleet does not declare the service.
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    /// The version the fleet asks for.
    pub wanted_version: Option<String>,
    pub contact: String,
    pub heard: bool,
    pub last_seen: Option<DateTime<Utc>>,
}

/// `None`: no agent reports such an instance (any more).
pub fn build(estate: &Estate, id: &InstanceId) -> Option<Data> {
    let (datacenter, instance, status) = estate.instance(id)?;
    let contact = estate.contact(datacenter);
    let declared = estate.fleet.services.get(&instance.service);
    Some(Data {
        at: estate.at,
        instance: InstanceRow::of(datacenter, instance, status, estate.at),
        group: declared.map(|s| s.group.clone()),
        wanted_version: declared.map(|s| s.version.clone()),
        contact: text::contact(contact, estate.at),
        heard: contact == Contact::Reporting,
        last_seen: estate.datacenters.get(datacenter).and_then(|dc| dc.last_seen),
    })
}

/// What an action on the instance touches.
pub fn target(data: &Data) -> Target<'_> {
    Target { group: data.group.as_ref(), datacenter: Some(&data.instance.datacenter) }
}

pub fn title(data: &Data) -> String {
    let status = text::status(data.instance.status).to_lowercase();
    format!("{}, {status}", data.instance.id)
}

pub fn topics(data: &Data) -> Vec<String> {
    vec!["estate".to_owned(), format!("instance:{}", data.instance.id)]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.instance;
    let key = format!("instance/{}", row.id);
    let status = live_badge(row.status, text::status(row.status));
    let cell = t!("in-place", service = row.service.as_str(), dc = row.datacenter.as_str());
    let head = page_head(PageHead {
        title: row.id.to_string(),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(paths::service(&row.service), row.service.to_string()),
            Crumb::new(paths::cell(&row.service, &row.datacenter), cell),
        ],
        badge: Some(status),
        note: Some(sentence(data)),
        actions: Some(actions(data, reader)),
    });
    let old = (!data.heard).then(|| {
        let detail = match data.last_seen {
            Some(at) => t!("dc-silent-detail", at = text::moment(at, data.at)),
            None => t!("dc-never-detail"),
        };
        callout(Tone::Unk, data.contact.clone(), detail, None)
    });
    let history = paths::with_query(paths::AUDIT, &[("object", &paths::instance(&row.id))]);
    let history = view! { <a href=history>{t!("problem-history-link")}</a> };
    let main = view! {
        {old}
        {padded(Head::new(t!("instance-now")), now(data))}
    };
    let side = view! {
        {padded(Head::new(t!("facts")), facts(data))}
        {padded(Head::new(t!("problem-history")), history)}
    };
    view! { <div data-k=key>{head}{columns(main, side)}</div> }.into_any()
}

fn sentence(data: &Data) -> AnyView {
    let row = &data.instance;
    let cause = row.cause.clone();
    view! {
        <span data-f="state">{row.state.clone()}</span>
        <span class="cause" data-f="cause">{cause}</span>
    }
    .into_any()
}

fn now(data: &Data) -> AnyView {
    let row = &data.instance;
    let since = view! { <span data-f="since">{time(row.since, data.at)}</span> };
    key_values(vec![
        (t!("col-since"), since.into_any()),
        (t!("col-restarts"), live("restarts", text::number(row.restarts))),
        (t!("col-cpu"), live("cpu", parts::cpu(row.cpu_millicores))),
        (t!("col-memory"), live("memory", parts::memory(row.memory_bytes))),
    ])
}

fn live(field: &'static str, value: String) -> AnyView {
    view! { <span data-f=field>{value}</span> }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let row = &data.instance;
    let known = |field: &'static str, value: &Option<String>| {
        let value = text::known(value.as_deref());
        view! { <code data-f=field>{value}</code> }.into_any()
    };
    let (dc, dc_name) = (paths::datacenter(&row.datacenter), row.datacenter.to_string());
    let mut facts = vec![(t!("col-version"), live("version", row.version.clone()))];
    match &data.wanted_version {
        Some(wanted) if *wanted != row.version => {
            facts.push((t!("service-version"), wanted.clone().into_any()));
        }
        Some(_) | None => {}
    }
    facts.extend([
        (t!("col-dc"), view! { <a href=dc>{dc_name}</a> }.into_any()),
        (t!("instance-endpoint"), known("endpoint", &row.endpoint)),
        (t!("instance-handle"), known("handle", &row.handle)),
        (t!("col-contact"), data.contact.clone().into_any()),
    ]);
    if let Some(seen) = data.last_seen {
        facts.push((t!("instance-heard"), time_full(seen)));
    }
    key_values(facts)
}

/// Replace opens its review page; disabled with the reason where it is not possible.
fn actions(data: &Data, reader: &Reader) -> AnyView {
    let label = t!("replace");
    match refusal(data, reader) {
        Some(reason) => disabled(label, reason),
        None => {
            let href = paths::action(&paths::instance(&data.instance.id), "replace");
            link_button(Weight::Plain, href, label)
        }
    }
}

/// Why the instance cannot be replaced now; `None`: it can.
pub fn refusal(data: &Data, reader: &Reader) -> Option<String> {
    if let Err(refusal) = reader.may_operate(target(data)) {
        return Some(text::refusal(&refusal));
    }
    if !data.heard {
        return Some(t!("replace-unheard", dc = data.instance.datacenter.as_str()));
    }
    match data.instance.status {
        Status::Planned => Some(t!("replace-draining")),
        Status::Failing
        | Status::Degraded
        | Status::Unknown
        | Status::Updating
        | Status::Healthy => None,
    }
}
