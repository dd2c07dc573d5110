//! `/settings/notifications/{id}`: one channel, what was sent over it and what was answered.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{FieldMistake, Refusal};
use mainstay_core::notify::{
    Channel, Content, Delivery, DeliveryId, SECRET_OVERLAP, Standing, Target, Way,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::ChannelRow;
use crate::pages::settings::tokens::secret;
use crate::pages::settings::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::{callout, empty};
use crate::ui::button::{Weight, link_button, post};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{error_summary, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/notifications/{id}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationChannelData)]
pub struct Data {
    #[serde(flatten)]
    pub row: ChannelRow,
    /// Newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// Continue with `?before=` this id.
    #[schema(value_type = Option<String>)]
    pub next: Option<DeliveryId>,
    #[serde(skip)]
    pub before: Option<DeliveryId>,
    /// The test that was sent just now.
    #[serde(skip)]
    pub tested: Option<DeliveryId>,
    /// A signing secret that was made just now, shown this once.
    #[serde(skip)]
    pub made: Option<String>,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub mistakes: Vec<FieldMistake>,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A delivery, said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryRow {
    #[schema(value_type = Object)]
    pub delivery: Delivery,
    /// What it is about.
    pub about: String,
    /// Where it stands.
    pub word: String,
    /// The last answer in words.
    pub said: Option<String>,
}

impl DeliveryRow {
    pub fn of(delivery: Delivery, now: DateTime<Utc>) -> Self {
        let about = text::notify::content(&delivery);
        let (_, word) = text::notify::delivery(&delivery.state, now);
        let said = delivery.answer.as_ref().map(text::notify::answer);
        Self { about, word, said, delivery }
    }

    /// The problem, where it is about one.
    fn href(&self) -> Option<String> {
        match &self.delivery.content {
            Content::Problems { items, .. } => match items.as_slice() {
                [one] => Some(paths::problem(one.id)),
                _ => None,
            },
            Content::Test { .. } => None,
        }
    }
}

pub fn view(data: &Data) -> AnyView {
    let channel = &data.row.channel;
    let (tone, word) = text::notify::channel(channel, data.now);
    let mistakes = in_words(&data.mistakes);
    let way = text::notify::way(channel.target.way());
    let head = PageHead {
        title: channel.name.clone(),
        crumbs: vec![Crumb::new(paths::SETTINGS_NOTIFY, t!("settings-notifications"))],
        badge: Some(badge(tone, word)),
        note: Some(format!("{way}, {}", data.row.to).into_any()),
        actions: data.refusal.is_none().then(|| actions(data)),
    };
    let main = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {data.made.as_deref().map(|made| shown(channel, made))}
        {tested(data)}
        {warning(data)}
        {card(Head::new(t!("notify-deliveries")), deliveries(data))}
    };
    let may = data.refusal.is_none();
    let signs = channel.target.way() == Way::Webhook;
    let side = view! {
        {padded(Head::new(t!("facts")), key_values(facts(data)))}
        {(may && signs).then(|| padded(Head::new(t!("notify-rotate-title")), rotate(data)))}
        {may.then(|| padded(Head::new(t!("notify-remove-title")), remove(data)))}
    };
    let here = channel.id.to_string();
    view! {
        {page_head_of(here, head)}
        {sections(Section::Notifications)}
        {columns(main, side)}
    }
    .into_any()
}

fn action(data: &Data, verb: &str) -> String {
    paths::action(&paths::notify_channel(data.row.channel.id), verb)
}

fn button(data: &Data, weight: Weight, verb: &str, label: String) -> AnyView {
    post(weight, action(data, verb), &data.csrf, Vec::new(), label)
}

fn actions(data: &Data) -> AnyView {
    let turn = match data.row.channel.standing {
        Standing::Active => button(data, Weight::Plain, "pause", t!("notify-pause")),
        Standing::Paused { .. } | Standing::Stopped { .. } => {
            button(data, Weight::Plain, "resume", t!("notify-resume"))
        }
    };
    view! {
        {link_button(Weight::Plain, action(data, "change"), t!("notify-change"))}
        {turn}
        {button(data, Weight::Primary, "test", t!("notify-test"))}
    }
    .into_any()
}

fn shown(channel: &Channel, made: &str) -> AnyView {
    view! {
        {callout(
            Tone::Ok,
            t!("notify-secret-shown", name = channel.name.as_str()),
            t!("notify-secret-shown-detail"),
            None,
        )}
        {secret(t!("notify-secret-label"), made)}
    }
    .into_any()
}

/// What was really answered to the test that was sent just now.
fn tested(data: &Data) -> Option<AnyView> {
    let id = data.tested?;
    let row = data.deliveries.iter().find(|row| row.delivery.id == id)?;
    let answer = row.delivery.answer.as_ref()?;
    let (tone, strong) = match answer.is_sent() {
        true => (Tone::Ok, t!("notify-tested-sent")),
        false => (Tone::Crit, t!("notify-tested-failed")),
    };
    Some(callout(tone, strong, text::notify::answer(answer), None))
}

fn warning(data: &Data) -> Option<AnyView> {
    let channel = &data.row.channel;
    let (_, word) = text::notify::channel(channel, data.now);
    match channel.standing {
        Standing::Paused { .. } => None,
        Standing::Stopped { .. } => {
            Some(callout(Tone::Crit, word, t!("notify-stopped-detail"), None))
        }
        Standing::Active => {
            channel.health.failing_since?;
            let next = match data.row.next_try_at {
                Some(at) => t!("notify-fails-next", at = text::moment(at, data.now)),
                None => t!("notify-fails-none"),
            };
            let answer = data.row.answer.clone().unwrap_or_else(|| t!("notify-no-answer"));
            let detail = t!("notify-fails-detail", next = next, answer = answer);
            Some(callout(Tone::Crit, word, detail, None))
        }
    }
}

fn deliveries(data: &Data) -> AnyView {
    if data.deliveries.is_empty() {
        return empty(t!("notify-deliveries-empty"), t!("notify-deliveries-empty-context"), None);
    }
    let now = data.now;
    let columns = vec![
        Column::new(t!("notify-delivery")),
        Column::new(t!("notify-what")),
        Column::new(t!("notify-planned")),
        Column::new(t!("notify-state")),
        Column::number(t!("notify-tries")),
        Column::new(t!("notify-answer")),
    ];
    let body = data.deliveries.iter().map(|row| {
        let (tone, word) = text::notify::delivery(&row.delivery.state, now);
        let about = match row.href() {
            Some(href) => view! { <a href=href>{row.about.clone()}</a> }.into_any(),
            None => row.about.clone().into_any(),
        };
        let said = row.said.clone().unwrap_or_else(|| t!("notify-no-answer"));
        view! {
            <tr id=row.delivery.id.to_string()>
                <th scope="row">{row.delivery.id.to_string()}</th>
                <td data-l=t!("notify-what")>{about}</td>
                <td data-l=t!("notify-planned")>{time(row.delivery.planned_at, now)}</td>
                <td data-l=t!("notify-state")>{state(tone, word)}</td>
                <td class="num" data-l=t!("notify-tries")>{text::number(row.delivery.tries)}</td>
                <td data-l=t!("notify-answer")>{said}</td>
            </tr>
        }
    });
    let rows = table(t!("notify-deliveries"), columns, body.collect_view());
    let page = paths::notify_channel(data.row.channel.id);
    let first = data.before.map(|_| page.clone());
    let next = data.next.map(|before| {
        let href = paths::with_query(&page, &[("before", &before.to_string())]);
        (href, t!("pager-next", count = text::number(data.deliveries.len() as u64)))
    });
    view! { {rows}{pager(first, next)} }.into_any()
}

fn facts(data: &Data) -> Vec<(String, AnyView)> {
    let (channel, now) = (&data.row.channel, data.now);
    let word = |text: String| text.into_any();
    let mut facts = vec![(t!("notify-way"), word(text::notify::way(channel.target.way())))];
    match &channel.target {
        Target::Webhook { url } | Target::Alertmanager { url } => {
            facts.push((t!("notify-field-url"), word(url.clone())));
        }
        Target::Email(mail) => {
            facts.push((t!("notify-field-host"), word(channel.target.server())));
            facts.push((t!("notify-field-security"), word(text::notify::security(mail.security))));
            facts.push((t!("notify-field-from"), word(mail.from.clone())));
            facts.push((t!("notify-to"), word(data.row.to.clone())));
        }
    }
    let kept = if channel.has_secret { t!("notify-secret-has") } else { t!("notify-secret-none") };
    facts.push((t!("notify-secret-fact"), word(kept)));
    facts.push((t!("notify-hears"), word(text::notify::severity(channel.hears.least))));
    let ids = |ids: Vec<String>| match ids.is_empty() {
        true => t!("notify-all"),
        false => text::list(ids.iter().map(String::as_str)),
    };
    let hears = &channel.hears;
    let kinds = ids(hears.kinds.iter().map(ToString::to_string).collect());
    facts.push((t!("notify-hears-kinds"), word(kinds)));
    let groups = ids(hears.groups.iter().map(ToString::to_string).collect());
    facts.push((t!("notify-hears-groups"), word(groups)));
    let places = ids(hears.datacenters.iter().map(ToString::to_string).collect());
    facts.push((t!("notify-hears-datacenters"), word(places)));
    facts.push((t!("notify-repeats"), word(text::notify::repeats(channel.repeat_minutes))));
    let sent = match channel.health.sent_at {
        Some(at) => time(at, now),
        None => t!("notify-never").into_any(),
    };
    facts.push((t!("notify-last"), sent));
    if channel.health.given_up > 0 {
        let count = text::number(channel.health.given_up);
        facts.push((t!("notify-given-up-count"), word(count)));
    }
    if let Standing::Paused { by, at } = &channel.standing {
        let who = format!("{by}, {}", text::moment(*at, now));
        facts.push((t!("notify-paused"), word(who)));
    }
    let made = format!("{}, {}", channel.made_by, text::moment(channel.made_at, now));
    facts.push((t!("notify-made"), word(made)));
    facts
}

fn rotate(data: &Data) -> AnyView {
    let hours = text::number(SECRET_OVERLAP.num_hours().unsigned_abs());
    view! {
        <p class="second">{t!("notify-rotate-text", hours = hours)}</p>
        <p class="acts">{button(data, Weight::Plain, "rotate", t!("notify-rotate"))}</p>
    }
    .into_any()
}

fn remove(data: &Data) -> AnyView {
    let label = t!("notify-remove", name = data.row.channel.name.as_str());
    view! {
        <p class="second">{t!("notify-remove-text")}</p>
        <p class="acts">{button(data, Weight::Danger, "remove", label)}</p>
    }
    .into_any()
}
