//! All users, and the form that makes one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{FieldMistake, Refusal, User};
use mainstay_core::id::UserName;
use serde::Serialize;
use utoipa::ToSchema;

use super::grants::{self, GrantRow, editor, rows};
use super::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/users`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsersData {
    #[schema(value_type = Vec<Object>)]
    pub users: Vec<User>,
    /// Second factors of those who have any: whether an app, and how many passkeys.
    #[schema(value_type = Object)]
    pub factors: BTreeMap<UserName, (bool, u32)>,
    /// Continue with `?after=` this name.
    pub next: Option<String>,
    #[serde(skip)]
    pub after: Option<String>,
    /// Why the reader may not make users.
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub form: UserForm,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub password_min: usize,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// What stands in the fields of the form for a new user; the password is never sent back.
#[derive(Clone, Debug)]
pub struct UserForm {
    pub name: String,
    pub display_name: String,
    pub grants: Vec<GrantRow>,
    pub mistakes: Vec<FieldMistake>,
}

impl Default for UserForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            display_name: String::new(),
            grants: rows(&[]),
            mistakes: Vec::new(),
        }
    }
}

/// The page.
pub fn view(data: &UsersData) -> AnyView {
    let n = data.users.len();
    let whole = data.next.is_none() && data.after.is_none();
    let note = whole.then(|| t!("users-note", n = n, count = text::number(n as u64)).into_any());
    let head = PageHead { title: t!("settings-users"), note, ..PageHead::default() };
    let main = card(Head::new(t!("settings-users")), view! { {list(data)}{pages(data)} });
    let side = padded(Head::new(t!("user-new")), new_user(data));
    view! { {page_head(head)} {sections(Section::Users)} {columns(main, side)} }.into_any()
}

fn list(data: &UsersData) -> AnyView {
    let now = data.now;
    let columns = vec![
        Column::new(t!("user-name")),
        Column::new(t!("user-display-name")),
        Column::new(t!("user-roles")),
        Column::new(t!("user-factors")),
        Column::new(t!("user-last")),
        Column::new(t!("user-state")),
    ];
    let body = data.users.iter().map(|user| {
        let factors = data.factors.get(&user.name).copied().unwrap_or_default();
        let (tone, word) = standing(user);
        let last = match user.last_sign_in_at {
            Some(at) => time(at, now),
            None => t!("user-never").into_any(),
        };
        view! {
            <tr>
                <th scope="row"><a href=paths::user(&user.name)>{user.name.to_string()}</a></th>
                <td data-l=t!("user-display-name")>{user.display_name.clone()}</td>
                <td data-l=t!("user-roles")>{grants::in_words(&user.grants)}</td>
                <td data-l=t!("user-factors")>{factors_in_words(factors)}</td>
                <td data-l=t!("user-last")>{last}</td>
                <td data-l=t!("user-state")>{state(tone, word)}</td>
            </tr>
        }
    });
    table(t!("settings-users"), columns, body.collect_view())
}

/// Whether a user may sign in: a look and a word.
pub fn standing(user: &User) -> (Tone, String) {
    match user.disabled_at {
        None => (Tone::Ok, t!("user-enabled")),
        Some(_) => (Tone::Pause, t!("user-disabled")),
    }
}

/// What a user has beside the password: an app, and a number of passkeys.
pub fn factors_in_words((app, passkeys): (bool, u32)) -> String {
    let app = app.then(|| t!("user-factors-app"));
    let passkeys = (passkeys > 0)
        .then(|| t!("user-factors-passkeys", n = passkeys, count = text::number(passkeys)));
    match (app, passkeys) {
        (None, None) => t!("user-factors-none"),
        (app, passkeys) => text::list(app.into_iter().chain(passkeys)),
    }
}

fn pages(data: &UsersData) -> Option<AnyView> {
    let first = data.after.as_ref().map(|_| paths::SETTINGS_USERS.to_owned());
    let next = data.next.as_deref().map(|after| {
        let count = text::number(data.users.len() as u64);
        (
            paths::with_query(paths::SETTINGS_USERS, &[("after", after)]),
            t!("pager-next", count = count),
        )
    });
    pager(first, next)
}

fn new_user(data: &UsersData) -> AnyView {
    if let Some(refusal) = &data.refusal {
        return no_permission(text::refusal(refusal), t!("user-create"));
    }
    let mistakes = in_words(&data.form.mistakes);
    let name = Field {
        name: "user",
        label: t!("user-name"),
        hint: Some(t!("user-name-hint")),
        value: data.form.name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let display_name = Field {
        name: "display_name",
        label: t!("user-display-name"),
        value: data.form.display_name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let password = Field {
        name: "password",
        label: t!("sign-in-password"),
        hint: Some(t!("user-password-hint", n = text::number(data.password_min as u64))),
        kind: Kind::Password,
        autocomplete: Some("new-password"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {field(name, &mistakes)}
        {field(display_name, &mistakes)}
        {field(password, &mistakes)}
        {editor(data.form.grants.clone(), &mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("user-create"))}</p>
    };
    form(paths::SETTINGS_USERS, &data.csrf, body)
}
