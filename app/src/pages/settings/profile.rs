//! One's own profile: how the console looks, one's password, what one may do.

use leptos::prelude::*;
use mainstay_core::access::{Density, FieldMistake, Grant, Language, Preferences, Theme, User};
use mainstay_core::id::UserName;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Section, grants, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};

/// What the page says, and `GET /api/v1/me`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProfileData {
    #[schema(value_type = String)]
    pub name: UserName,
    pub display_name: String,
    /// What counts now.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
    #[schema(value_type = Object)]
    pub preferences: Preferences,
    #[serde(skip)]
    pub form: ProfileForm,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub password_min: usize,
    #[serde(skip)]
    pub session_hours: i64,
}

/// What stands in the fields, as typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct ProfileForm {
    pub display_name: String,
    pub theme: String,
    pub density: String,
    pub language: String,
    pub time_zone: String,
    pub keys: bool,
    pub nav_collapsed: bool,
    pub mistakes: Vec<FieldMistake>,
}

impl ProfileForm {
    /// What is stored now.
    pub fn of(user: &User, preferences: &Preferences) -> Self {
        Self {
            display_name: user.display_name.clone(),
            theme: theme_key(preferences.theme).to_owned(),
            density: density_key(preferences.density).to_owned(),
            language: language_key(preferences.language).to_owned(),
            time_zone: preferences.time_zone.name().to_owned(),
            keys: preferences.keys,
            nav_collapsed: preferences.nav_collapsed,
            mistakes: Vec::new(),
        }
    }
}

/// The value of a theme's choice.
pub const fn theme_key(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => "auto",
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

/// The value of a density's choice.
pub const fn density_key(density: Density) -> &'static str {
    match density {
        Density::Compact => "compact",
        Density::Comfortable => "comfortable",
    }
}

/// The value of a language's choice.
pub const fn language_key(language: Option<Language>) -> &'static str {
    match language {
        None => "auto",
        Some(language) => language.tag(),
    }
}

/// The page.
pub fn view(data: &ProfileData) -> AnyView {
    let mistakes = in_words(&data.form.mistakes);
    let head = PageHead {
        title: t!("settings-profile"),
        note: Some(data.name.to_string().into_any()),
        ..PageHead::default()
    };
    let main = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {padded(Head::new(t!("profile-card")), looks(data, &mistakes))}
        {padded(Head::new(t!("profile-password")), password(data, &mistakes))}
    };
    let side = view! {
        {padded(Head::new(t!("profile-rights")), rights(&data.grants))}
        {padded(Head::new(t!("profile-session")), session(data))}
    };
    view! { {page_head(head)} {sections(Section::Profile)} {columns(main, side)} }.into_any()
}

fn looks(data: &ProfileData, mistakes: &[Mistake]) -> AnyView {
    let form_data = data.form.clone();
    let select = |pairs: Vec<(&str, String)>| {
        Kind::Select(pairs.into_iter().map(|(key, label)| (key.to_owned(), label)).collect())
    };
    let themes =
        vec![("auto", t!("theme-auto")), ("light", t!("theme-light")), ("dark", t!("theme-dark"))];
    let densities =
        vec![("compact", t!("density-compact")), ("comfortable", t!("density-comfortable"))];
    let flag = |on: bool| if on { "yes".to_owned() } else { String::new() };
    let fields = [
        Field {
            name: "display_name",
            label: t!("user-display-name"),
            value: form_data.display_name,
            autocomplete: Some("name"),
            required: true,
            ..Field::default()
        },
        Field {
            name: "theme",
            label: t!("profile-theme"),
            kind: select(themes),
            value: form_data.theme,
            ..Field::default()
        },
        Field {
            name: "density",
            label: t!("profile-density"),
            kind: select(densities),
            value: form_data.density,
            ..Field::default()
        },
        Field {
            name: "language",
            label: t!("profile-language"),
            hint: Some(t!("profile-language-hint")),
            kind: select(languages()),
            value: form_data.language,
            ..Field::default()
        },
        Field {
            name: "time_zone",
            label: t!("profile-zone"),
            hint: Some(t!("profile-zone-hint")),
            value: form_data.time_zone,
            ..Field::default()
        },
        Field {
            name: "keys",
            label: t!("profile-keys"),
            kind: Kind::Checkbox,
            value: flag(form_data.keys),
            ..Field::default()
        },
        Field {
            name: "nav_collapsed",
            label: t!("profile-nav"),
            kind: Kind::Checkbox,
            value: flag(form_data.nav_collapsed),
            ..Field::default()
        },
    ];
    let body = fields.into_iter().map(|f| field(f, mistakes)).collect_view();
    let button = view! { <p class="acts">{submit(Weight::Primary, t!("profile-save"))}</p> };
    form(paths::SETTINGS_PROFILE, &data.csrf, view! { {body}{button} })
}

/// The choices of a language, each by its own name.
fn languages() -> Vec<(&'static str, String)> {
    let named = |it| (language_key(Some(it)), text::language_name(it).to_owned());
    let asked = (language_key(None), t!("language-auto"));
    std::iter::once(asked).chain(Language::ALL.map(named)).collect()
}

fn password(data: &ProfileData, mistakes: &[Mistake]) -> AnyView {
    let current = Field {
        name: "current",
        label: t!("profile-current"),
        kind: Kind::Password,
        autocomplete: Some("current-password"),
        required: true,
        ..Field::default()
    };
    let new = Field {
        name: "password",
        label: t!("profile-new-password"),
        hint: Some(t!("profile-password-hint", n = text::number(data.password_min as u64))),
        kind: Kind::Password,
        autocomplete: Some("new-password"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {field(current, mistakes)}
        {field(new, mistakes)}
        <p class="acts">{submit(Weight::Plain, t!("profile-change-password"))}</p>
    };
    form(paths::SETTINGS_PASSWORD, &data.csrf, body)
}

fn rights(held: &[Grant]) -> AnyView {
    let items = held
        .iter()
        .map(|grant| view! { <li>{grants::in_words(std::slice::from_ref(grant))}</li> })
        .collect_view();
    view! { <ul class="plain">{items}</ul> }.into_any()
}

fn session(data: &ProfileData) -> AnyView {
    let hours = data.session_hours.to_string();
    view! {
        <p class="second">{t!("profile-session-text", hours = hours)}</p>
        <p class="acts">
            {post(Weight::Plain, paths::SIGN_OUT, &data.csrf, Vec::new(), t!("sign-out"))}
        </p>
    }
    .into_any()
}
