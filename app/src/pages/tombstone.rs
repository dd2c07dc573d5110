//! The page of what is gone: what it was, when it ended, by whom, and what took its place (410).

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::fleet::Fleet;
use mainstay_core::fleet::entry::EntryKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::ui::block::callout;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, key_values, padded, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Data {
    /// What it was, in words: `The service cart`.
    pub what: String,
    /// What is known of it: its name, its group, its last version.
    pub was: Vec<String>,
    pub ended_at: DateTime<Utc>,
    pub ended_by: String,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// What took its place.
    pub successors: Vec<Successor>,
    /// Where the log tells more.
    pub history: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Successor {
    pub name: String,
    pub href: String,
}

pub fn title(data: &Data) -> String {
    t!("gone-title", what = data.what.as_str())
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead { title: title(data), ..PageHead::default() });
    let mut facts = vec![
        (t!("gone-ended"), time_full(data.ended_at)),
        (t!("gone-by"), data.ended_by.clone().into_any()),
    ];
    facts.extend(data.reason.clone().map(|reason| (t!("gone-why"), reason.into_any())));
    let was = data.was.iter().map(|line| view! { <p>{line.clone()}</p> }).collect_view();
    let links = data
        .successors
        .iter()
        .map(|it| (it.href.clone(), it.name.clone()))
        .map(|(href, name)| view! { <a href=href>{name}</a> })
        .collect_view();
    let successors = if data.successors.is_empty() {
        view! { <p class="second">{t!("gone-no-successor")}</p> }.into_any()
    } else {
        view! { <div class="links">{links}</div> }.into_any()
    };
    let history = data.history.clone();
    let body = view! {
        {callout(Tone::Unk, t!("gone-fact"), t!("gone-detail"), None)}
        {padded(Head::new(t!("gone-was")), view! { <div class="prose">{was}</div> })}
        {padded(Head::new(t!("gone-end")), key_values(facts))}
        {padded(Head::new(t!("gone-successors")), successors)}
        <p class="acts">
            {link_button(Weight::Plain, history, t!("problem-history-link"))}
            {link_button(Weight::Plain, paths::FIND, t!("find-label"))}
            {link_button(Weight::Plain, paths::OVERVIEW, t!("nav-overview"))}
        </p>
    };
    view! { {head}{stack(body)} }.into_any()
}

/// A runbook of the fleet's own, in words.
pub fn runbook(slug: &str) -> String {
    t!("gone-runbook", slug = slug)
}

/// What the last entry about a record says.
pub fn last_entry(said: &str) -> String {
    t!("gone-last-entry", what = said)
}

/// An entry of the fleet, in words.
pub fn what(kind: EntryKind, id: &str) -> String {
    match kind {
        EntryKind::Region => t!("gone-region", id = id),
        EntryKind::Datacenter => t!("gone-datacenter", id = id),
        EntryKind::Group => t!("gone-group", id = id),
        EntryKind::Service => t!("gone-service", id = id),
        EntryKind::Database => t!("gone-database", id = id),
        EntryKind::Edge => t!("gone-edge", id = id),
        EntryKind::BackupPolicy | EntryKind::Bench | EntryKind::RolloutPlan | EntryKind::Drill => {
            id.to_owned()
        }
    }
}

/// The page of an entry of the fleet.
pub fn page_of(kind: EntryKind, id: &str) -> String {
    match kind {
        EntryKind::Region => paths::region(id),
        EntryKind::Datacenter => paths::datacenter(id),
        EntryKind::Group => paths::group(id),
        EntryKind::Service => paths::service(id),
        EntryKind::Database => paths::backup_set(id),
        EntryKind::Edge => paths::edge(id),
        EntryKind::BackupPolicy | EntryKind::Bench | EntryKind::RolloutPlan => {
            paths::SETTINGS_FLEET.to_owned()
        }
        EntryKind::Drill => paths::FAILOVER.to_owned(),
    }
}

/// What the last fleet that had it said of it.
pub fn was(kind: EntryKind, id: &str, last: &Fleet) -> Vec<String> {
    let name = |name: &str| t!("gone-name", name = name);
    let in_group = |group: &str| t!("gone-in-group", group = group);
    let in_region = |region: &str| t!("gone-in-region", region = region);
    match kind {
        EntryKind::Region => last.regions.get(id).map(|it| vec![name(&it.name)]),
        EntryKind::Datacenter => {
            let found = last.datacenters.get(id);
            found.map(|it| vec![name(&it.name), in_region(it.region.as_str())])
        }
        EntryKind::Group => last.groups.get(id).map(|it| vec![name(&it.name)]),
        EntryKind::Service => last.services.get(id).map(|it| {
            let version = t!("gone-version", version = it.version.as_str());
            vec![in_group(it.group.as_str()), version]
        }),
        EntryKind::Database => last.databases.get(id).map(|it| vec![in_group(it.group.as_str())]),
        EntryKind::Edge => last.edges.get(id).map(|it| vec![in_region(it.region.as_str())]),
        EntryKind::BackupPolicy | EntryKind::Bench | EntryKind::RolloutPlan | EntryKind::Drill => {
            None
        }
    }
    .unwrap_or_default()
}
