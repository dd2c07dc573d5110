//! `/settings/notifications`: every channel and how it does.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Refusal;
use mainstay_core::notify::Way;
use serde::Serialize;
use utoipa::ToSchema;

use super::ChannelRow;
use crate::pages::settings::{Section, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{callout, empty, no_permission};
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, padded, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/notifications`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationsData)]
pub struct Data {
    /// By name.
    pub channels: Vec<ChannelRow>,
    /// Networks that are not public and may be told.
    pub networks: Vec<String>,
    /// Whether messages carry links to the console.
    pub links: bool,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

pub fn view(data: &Data) -> AnyView {
    let head = PageHead {
        title: t!("settings-notifications"),
        note: Some(t!("notify-note").into_any()),
        actions: data.refusal.is_none().then(new),
        ..PageHead::default()
    };
    let list = if data.channels.is_empty() {
        empty(t!("notify-empty"), t!("notify-empty-context"), None)
    } else {
        channels(data)
    };
    let no_links = (!data.links)
        .then(|| callout(Tone::Warn, t!("notify-no-url"), t!("notify-no-url-detail"), None));
    let refused = data
        .refusal
        .as_ref()
        .map(|refusal| no_permission(text::refusal(refusal), t!("notify-new-webhook")));
    let networks = match data.networks.as_slice() {
        [] => t!("notify-networks-none"),
        some => text::list(some.iter().map(String::as_str)),
    };
    let body = view! {
        {no_links}
        {card(Head::new(t!("notify-caption")), list)}
        {refused}
        {padded(Head::new(t!("notify-networks")), view! { <p class="prose">{networks}</p> })}
    };
    view! { {page_head(head)} {sections(Section::Notifications)} {stack(body)} }.into_any()
}

fn new() -> AnyView {
    let link = |way: Way, label: String| {
        let query = [("way", way.name())];
        let href = paths::with_query(paths::SETTINGS_NOTIFY_CREATE, &query);
        link_button(Weight::Plain, href, label)
    };
    view! {
        {link(Way::Webhook, t!("notify-new-webhook"))}
        {link(Way::Email, t!("notify-new-email"))}
        {link(Way::Alertmanager, t!("notify-new-alertmanager"))}
    }
    .into_any()
}

fn channels(data: &Data) -> AnyView {
    let now = data.now;
    let columns = vec![
        Column::new(t!("notify-channel")),
        Column::new(t!("notify-way")),
        Column::new(t!("notify-to")),
        Column::new(t!("notify-state")),
        Column::new(t!("notify-last")),
        Column::new(t!("notify-next")),
        Column::new(t!("notify-answer")),
    ];
    let moment = |at: Option<DateTime<Utc>>, none: String| match at {
        Some(at) => time(at, now),
        None => none.into_any(),
    };
    let body = data.channels.iter().map(|row| {
        let channel = &row.channel;
        let (tone, word) = text::notify::channel(channel, now);
        let sent = moment(channel.health.sent_at, t!("notify-never"));
        let answer = row.answer.clone().unwrap_or_else(|| t!("notify-no-answer"));
        view! {
            <tr id=format!("channel-{}", channel.id)>
                <th scope="row">
                    <a href=paths::notify_channel(channel.id)>{channel.name.clone()}</a>
                </th>
                <td data-l=t!("notify-way")>{text::notify::way(channel.target.way())}</td>
                <td data-l=t!("notify-to")>{row.to.clone()}</td>
                <td data-l=t!("notify-state")>{state(tone, word)}</td>
                <td data-l=t!("notify-last")>{sent}</td>
                <td data-l=t!("notify-next")>{moment(row.next_try_at, String::new())}</td>
                <td data-l=t!("notify-answer")>{answer}</td>
            </tr>
        }
    });
    table(t!("notify-caption"), columns, body.collect_view())
}
