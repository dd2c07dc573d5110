//! `/dc/{dc}/do/forget`: what forgetting a data centre would do, and the form that does it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Permission, Target, decide};
use mainstay_core::estate::Estate;
use mainstay_core::forget::{self, Kept};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, disabled, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub last_seen: Option<DateTime<Utc>>,
    /// Instances it reported last.
    pub instances: u32,
    /// Why what is known of it is kept, in words; absent: it may be forgotten.
    pub kept: Option<String>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// What stands in the form.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub name: String,
    pub reason: String,
}

/// `None`: the fleet has no such data centre.
pub fn build(estate: &Estate, id: &DatacenterId, typed: Typed) -> Option<Data> {
    estate.fleet.datacenters.get(id)?;
    let known = estate.datacenters.get(id);
    Some(Data {
        at: estate.at,
        datacenter: id.clone(),
        last_seen: known.and_then(|known| known.last_seen),
        instances: known.map_or(0, |known| known.instances.len() as u32),
        kept: kept(estate, id),
        typed,
        mistakes: Vec::new(),
    })
}

/// Why what is known of a data centre is kept; `None`: it may be forgotten.
pub fn kept(estate: &Estate, id: &DatacenterId) -> Option<String> {
    forget::check(estate, id).err().map(|kept| sentence(kept, estate.at))
}

pub fn sentence(kept: Kept, now: DateTime<Utc>) -> String {
    match kept {
        Kept::Nothing => t!("forget-kept-nothing"),
        Kept::InService => t!("forget-kept-service"),
        Kept::Reporting => t!("forget-kept-reporting"),
        Kept::Lately { until } => t!("forget-kept-lately", at = text::moment(until, now)),
    }
}

/// What is wrong with what was typed. `reason`: fewest and most characters of it.
pub fn mistakes(data: &Data, (least, most): (usize, usize)) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let dc = data.datacenter.as_str();
    if !data.typed.name.trim().eq_ignore_ascii_case(dc) {
        mistakes.push(Mistake::new("name", t!("forget-mistake-name", dc = dc)));
    }
    if !(least..=most).contains(&data.typed.reason.trim().chars().count()) {
        let (least, most) = (text::number(least as u64), text::number(most as u64));
        let words = t!("forget-mistake-reason", least = least, most = most);
        mistakes.push(Mistake::new("reason", words));
    }
    mistakes
}

/// Why the reader may not; `None`: they may.
pub fn refusal(datacenter: &DatacenterId, reader: &Reader) -> Option<String> {
    let target = Target { group: None, datacenter: Some(datacenter) };
    let refused = decide(Some(&reader.grants), Permission::ManageFleet, target).err()?;
    Some(text::refusal(&refused))
}

/// The way to the review on the page of a retired data centre.
pub fn action(datacenter: &DatacenterId, kept: Option<String>, reader: &Reader) -> AnyView {
    match refusal(datacenter, reader).or(kept) {
        Some(reason) => disabled(t!("forget"), reason),
        None => {
            let href = paths::action(&paths::datacenter(datacenter), "forget");
            link_button(Weight::Plain, href, t!("forget"))
        }
    }
}

/// What somebody else changed meanwhile.
pub fn changed() -> String {
    t!("forget-changed")
}

pub fn title(data: &Data) -> String {
    let title = t!("forget-title", dc = data.datacenter.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let object = paths::datacenter(&data.datacenter);
    let head = page_head(PageHead {
        title: t!("forget-title", dc = data.datacenter.as_str()),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(object.clone(), data.datacenter.to_string()),
        ],
        note: Some(t!("forget-note").into_any()),
        ..PageHead::default()
    });
    let refused = refusal(&data.datacenter, reader).or_else(|| data.kept.clone());
    let side = match refused {
        Some(reason) => card(Head::new(t!("forget-head")), no_permission(reason, t!("forget-do"))),
        None => padded(Head::new(t!("forget-head")), form_view(data, reader, &object)),
    };
    view! { {head}{columns(padded(Head::new(t!("what-happens")), steps(data)), side)} }.into_any()
}

fn steps(data: &Data) -> AnyView {
    let line = |tone: Tone, words: String| view! { <li>{glyph(tone)}<span>{words}</span></li> };
    let last = data.last_seen.map(|seen| {
        let (at, n) = (text::moment(seen, data.at), data.instances);
        line(Tone::Unk, t!("forget-last", at = at, n = n, count = text::number(n)))
    });
    view! {
        <ul class="checks">
            {last}
            {line(Tone::Warn, t!("forget-state"))}
            {line(Tone::Plan, t!("forget-fleet"))}
            {line(Tone::Ok, t!("forget-back"))}
        </ul>
    }
    .into_any()
}

fn form_view(data: &Data, reader: &Reader, object: &str) -> AnyView {
    let dc = data.datacenter.as_str();
    let name = Field {
        name: "name",
        label: t!("forget-name"),
        hint: Some(t!("forget-name-hint", dc = dc)),
        value: data.typed.name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        kind: Kind::Area(2),
        value: data.typed.reason.clone(),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {error_summary(t!("forget-failed"), &data.mistakes)}
        {field(name, &data.mistakes)}
        {field(reason, &data.mistakes)}
        <div class="chips">
            {submit(Weight::Danger, t!("forget-do"))}
            {link_button(Weight::Plain, object.to_owned(), t!("forget-keep"))}
        </div>
    };
    form(paths::action(object, "forget"), &reader.csrf, body)
}
