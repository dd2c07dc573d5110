//! The form that makes a channel or changes one.

use leptos::prelude::*;
use mainstay_core::access::{FieldMistake, Refusal};
use mainstay_core::notify::draft::{Draft, REPEAT_MAX_MINUTES};
use mainstay_core::notify::{Channel, Security, Severity, Way};
use serde::Serialize;

use crate::pages::settings::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, padded, stack};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head_of};

/// What stands in the fields, and of which channel.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    pub way: Way,
    /// As typed; a secret is not sent back.
    pub draft: Draft,
    /// The channel that is changed; `None`: a new one.
    #[serde(skip)]
    pub channel: Option<Channel>,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub mistakes: Vec<FieldMistake>,
    #[serde(skip)]
    pub csrf: String,
}

/// What the form for a new channel begins with.
pub fn fresh(way: Way) -> Draft {
    let plain = Draft {
        way: way.name().to_owned(),
        least: Severity::Warning.name().to_owned(),
        repeat_minutes: "0".to_owned(),
        ..Draft::default()
    };
    match way {
        Way::Webhook | Way::Alertmanager => plain,
        Way::Email => Draft {
            port: "587".to_owned(),
            security: Security::StartTls.name().to_owned(),
            repeat_minutes: "240".to_owned(),
            ..plain
        },
    }
}

pub fn title(data: &Data) -> String {
    match (&data.channel, data.way) {
        (Some(channel), _) => t!("notify-change-title", name = channel.name.as_str()),
        (None, Way::Webhook) => t!("notify-new-webhook"),
        (None, Way::Email) => t!("notify-new-email"),
        (None, Way::Alertmanager) => t!("notify-new-alertmanager"),
    }
}

pub fn view(data: &Data) -> AnyView {
    let title = title(data);
    let mut crumbs = vec![Crumb::new(paths::SETTINGS_NOTIFY, t!("settings-notifications"))];
    crumbs.extend(
        data.channel
            .as_ref()
            .map(|channel| Crumb::new(paths::notify_channel(channel.id), channel.name.clone())),
    );
    let head = PageHead { title: title.clone(), crumbs, ..PageHead::default() };
    let label = match data.channel {
        Some(_) => t!("notify-save"),
        None => t!("notify-create"),
    };
    let body = match &data.refusal {
        Some(refusal) => no_permission(text::refusal(refusal), label),
        None => fields(data, label),
    };
    let body = stack(padded(Head::new(text::notify::way(data.way)), body));
    view! { {page_head_of(title, head)} {sections(Section::Notifications)} {body} }.into_any()
}

fn fields(data: &Data, label: String) -> AnyView {
    let mistakes = in_words(&data.mistakes);
    let draft = &data.draft;
    let action = match &data.channel {
        Some(channel) => paths::action(&paths::notify_channel(channel.id), "change"),
        None => paths::SETTINGS_NOTIFY_CREATE.to_owned(),
    };
    let revision = data.channel.as_ref().map(|channel| channel.revision.to_string());
    let revision = revision.map(|it| view! { <input type="hidden" name="revision" value=it/> });
    let way = data.way.name();
    let target = match data.way {
        Way::Webhook => address(draft, t!("notify-field-url-hint"), &mistakes),
        Way::Alertmanager => view! {
            {address(draft, t!("notify-field-am-hint"), &mistakes)}
            {secret(data, t!("notify-field-token"), &mistakes)}
        }
        .into_any(),
        Way::Email => mail(data, &mistakes),
    };
    let body = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        <input type="hidden" name="way" value=way/>
        {revision}
        {text_field("name", t!("notify-field-name"), None, &draft.name, &mistakes)}
        {target}
        {hears(draft, &mistakes)}
        <p class="acts">{submit(Weight::Primary, label)}</p>
    };
    form(action, &data.csrf, body)
}

fn text_field(
    name: &'static str,
    label: String,
    hint: Option<String>,
    value: &str,
    mistakes: &[Mistake],
) -> AnyView {
    let value = value.to_owned();
    let autocomplete = Some("off");
    field(Field { name, label, hint, value, autocomplete, ..Field::default() }, mistakes)
}

fn choice(
    name: &'static str,
    label: String,
    choices: Vec<(String, String)>,
    value: &str,
    mistakes: &[Mistake],
) -> AnyView {
    let (kind, value) = (Kind::Select(choices), value.to_owned());
    field(Field { name, label, kind, value, ..Field::default() }, mistakes)
}

fn address(draft: &Draft, hint: String, mistakes: &[Mistake]) -> AnyView {
    text_field("url", t!("notify-field-url"), Some(hint), &draft.url, mistakes)
}

fn secret(data: &Data, label: String, mistakes: &[Mistake]) -> AnyView {
    let has = data.channel.as_ref().is_some_and(|channel| channel.has_secret);
    let hint = if has { t!("notify-field-secret-keep") } else { t!("notify-field-secret-hint") };
    let secret = Field {
        name: "secret",
        label,
        hint: Some(hint),
        kind: Kind::Password,
        autocomplete: Some("new-password"),
        ..Field::default()
    };
    field(secret, mistakes)
}

fn mail(data: &Data, mistakes: &[Mistake]) -> AnyView {
    let draft = &data.draft;
    let securities = Security::ALL.map(|it| (it.name().to_owned(), text::notify::security(it)));
    let securities = securities.to_vec();
    let user_hint = Some(t!("notify-field-user-hint"));
    view! {
        {text_field("host", t!("notify-field-host"), None, &draft.host, mistakes)}
        {text_field("port", t!("notify-field-port"), None, &draft.port, mistakes)}
        {choice("security", t!("notify-field-security"), securities, &draft.security, mistakes)}
        {text_field("user", t!("notify-field-user"), user_hint, &draft.user, mistakes)}
        {secret(data, t!("notify-field-password"), mistakes)}
        {text_field("from", t!("notify-field-from"), None, &draft.from, mistakes)}
        {text_field("to", t!("notify-field-to"), None, &draft.to, mistakes)}
    }
    .into_any()
}

fn hears(draft: &Draft, mistakes: &[Mistake]) -> AnyView {
    let least = Severity::ALL.map(|it| (it.name().to_owned(), text::notify::severity(it)));
    let ids = || Some(t!("notify-field-ids-hint"));
    let kinds = Some(t!("notify-field-kinds-hint"));
    let repeat = t!("notify-field-repeat-hint", most = text::number(REPEAT_MAX_MINUTES));
    let (groups, places) = (t!("notify-field-groups"), t!("notify-field-datacenters"));
    view! {
        {choice("least", t!("notify-field-least"), least.to_vec(), &draft.least, mistakes)}
        {text_field("groups", groups, ids(), &draft.groups, mistakes)}
        {text_field("datacenters", places, ids(), &draft.datacenters, mistakes)}
        {text_field("kinds", t!("notify-field-kinds"), kinds, &draft.kinds, mistakes)}
        {text_field(
            "repeat_minutes",
            t!("notify-field-repeat"),
            Some(repeat),
            &draft.repeat_minutes,
            mistakes,
        )}
    }
    .into_any()
}
