//! API tokens, and the form that makes one.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{ApiToken, FieldMistake};
use mainstay_core::id::UserName;
use serde::Serialize;
use utoipa::ToSchema;

use super::grants::{self, GrantRow, editor};
use super::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{callout, empty};
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/tokens`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokensData {
    /// Newest first.
    #[schema(value_type = Vec<Object>)]
    pub tokens: Vec<ApiToken>,
    /// Continue with `?before=` this id.
    pub next: Option<i64>,
    #[serde(skip)]
    pub before: Option<i64>,
    /// The reader, who may revoke their own.
    #[serde(skip)]
    pub reader: UserName,
    /// The reader may revoke anybody's.
    #[serde(skip)]
    pub manages: bool,
    /// One just made, shown this once.
    #[serde(skip)]
    pub made: Option<Made>,
    #[serde(skip)]
    pub form: TokenForm,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub days_max: i64,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A token and its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Made {
    #[schema(value_type = Object)]
    pub token: ApiToken,
    /// Shown this once.
    pub secret: String,
}

/// What stands in the fields of the form for a new token.
#[derive(Clone, Debug)]
pub struct TokenForm {
    pub name: String,
    pub days: String,
    pub grants: Vec<GrantRow>,
    pub mistakes: Vec<FieldMistake>,
}

/// The page.
pub fn view(data: &TokensData) -> AnyView {
    let head = PageHead {
        title: t!("settings-tokens"),
        note: Some(t!("tokens-note").into_any()),
        ..PageHead::default()
    };
    let list = if data.tokens.is_empty() {
        empty(t!("tokens-empty"), t!("tokens-empty-context"), None)
    } else {
        view! { {list(data)}{pages(data)} }.into_any()
    };
    let main = view! {
        {data.made.as_ref().map(|made| shown(made, data.now))}
        {card(Head::new(t!("tokens-caption")), list)}
    };
    let side = padded(Head::new(t!("token-new")), new_token(data));
    view! { {page_head(head)} {sections(Section::Tokens)} {columns(main, side)} }.into_any()
}

fn shown(made: &Made, now: DateTime<Utc>) -> AnyView {
    let until = text::moment(made.token.expires_at, now);
    view! {
        {callout(
            Tone::Ok,
            t!("token-shown", name = made.token.name.as_str()),
            t!("token-shown-detail", at = until),
            None,
        )}
        {secret(t!("token-label"), &made.secret)}
    }
    .into_any()
}

/// A secret that is shown once, in a field that is easy to select and copy.
pub fn secret(label: String, text: &str) -> AnyView {
    let text = text.to_owned();
    view! {
        <p class="fld secret">
            <label for="secret">{label}</label>
            <input class="mono" id="secret" readonly autocomplete="off" value=text/>
        </p>
    }
    .into_any()
}

fn list(data: &TokensData) -> AnyView {
    let now = data.now;
    let columns = vec![
        Column::new(t!("token-name")),
        Column::new(t!("token-owner")),
        Column::new(t!("user-roles")),
        Column::new(t!("token-expires")),
        Column::new(t!("token-used")),
        Column::new(t!("user-state")),
        Column::hidden(t!("token-state-revoked")),
    ];
    let body = data.tokens.iter().map(|token| {
        let used = match token.last_used_at {
            Some(at) => time(at, now),
            None => t!("token-never").into_any(),
        };
        view! {
            <tr id=format!("token-{}", token.id)>
                <th scope="row">{token.name.clone()}</th>
                <td data-l=t!("token-owner")>{token.owner.to_string()}</td>
                <td data-l=t!("user-roles")>{grants::in_words(&token.grants)}</td>
                <td data-l=t!("token-expires")>{time(token.expires_at, now)}</td>
                <td data-l=t!("token-used")>{used}</td>
                <td data-l=t!("user-state")>{standing(token, now)}</td>
                <td>{revoke(data, token)}</td>
            </tr>
        }
    });
    table(t!("tokens-caption"), columns, body.collect_view())
}

fn standing(token: &ApiToken, now: DateTime<Utc>) -> AnyView {
    if token.revoked_at.is_some() {
        state(Tone::Pause, t!("token-state-revoked"))
    } else if token.expires_at <= now {
        state(Tone::Pause, t!("token-state-expired"))
    } else {
        state(Tone::Ok, t!("token-state-active"))
    }
}

fn revoke(data: &TokensData, token: &ApiToken) -> Option<AnyView> {
    let own = data.manages || token.owner == data.reader;
    if !own || token.revoked_at.is_some() {
        return None;
    }
    let path = paths::action(&format!("{}/{}", paths::SETTINGS_TOKENS, token.id), "revoke");
    let label = t!("token-revoke", name = token.name.as_str());
    Some(post(Weight::Plain, path, &data.csrf, Vec::new(), label))
}

fn pages(data: &TokensData) -> Option<AnyView> {
    let first = data.before.map(|_| paths::SETTINGS_TOKENS.to_owned());
    let next = data.next.map(|before| {
        let href = paths::with_query(paths::SETTINGS_TOKENS, &[("before", &before.to_string())]);
        (href, t!("pager-next", count = text::number(data.tokens.len() as u64)))
    });
    pager(first, next)
}

fn new_token(data: &TokensData) -> AnyView {
    let mistakes = in_words(&data.form.mistakes);
    let name = Field {
        name: "name",
        label: t!("token-name"),
        value: data.form.name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let days = Field {
        name: "days",
        label: t!("token-days"),
        hint: Some(t!("token-days-hint", most = data.days_max.to_string())),
        value: data.form.days.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {field(name, &mistakes)}
        {field(days, &mistakes)}
        {editor(data.form.grants.clone(), &mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("token-create"))}</p>
    };
    form(paths::SETTINGS_TOKENS, &data.csrf, body)
}
