//! One user: roles, whether they may sign in, a new password.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::factor::Factors;
use mainstay_core::access::identity::Linked;
use mainstay_core::access::{FieldMistake, Refusal, User};
use mainstay_core::approval::ApprovalId;
use serde::Serialize;
use utoipa::ToSchema;

use super::grants::{self, GrantRow, editor};
use super::users::{factors_in_words, standing};
use super::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, link_button, post, submit};
use crate::ui::card::{Head, columns, key_values, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/users/{name}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserData {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub user: User,
    /// Where more roles wait for another admin.
    #[schema(value_type = Option<String>)]
    pub waits: Option<ApprovalId>,
    #[schema(value_type = Object)]
    pub factors: Factors,
    /// Identities at a provider that sign in to the account.
    #[schema(value_type = Vec<Object>)]
    pub identities: Vec<Linked>,
    /// Why the reader may not change users.
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    /// The roles as typed.
    #[serde(skip)]
    pub grants: Vec<GrantRow>,
    #[serde(skip)]
    pub mistakes: Vec<FieldMistake>,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub password_min: usize,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// The page.
pub fn view(data: &UserData) -> AnyView {
    let mistakes = in_words(&data.mistakes);
    let (tone, word) = standing(&data.user);
    let head = PageHead {
        title: data.user.name.to_string(),
        crumbs: vec![Crumb::new(paths::SETTINGS_USERS, t!("settings-users"))],
        badge: Some(badge(tone, word)),
        note: Some(data.user.display_name.clone().into_any()),
        ..PageHead::default()
    };
    let main = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {data.waits.map(waits)}
        {padded(Head::new(t!("user-roles")), roles(data, &mistakes))}
    };
    let may = data.refusal.is_none();
    let side = view! {
        {padded(Head::new(t!("facts")), facts(data))}
        {may.then(|| padded(Head::new(t!("user-state")), toggle(data)))}
        {may.then(|| padded(Head::new(t!("user-reset")), reset(data, &mistakes)))}
        {(may && data.factors.any())
            .then(|| padded(Head::new(t!("user-factors")), reset_factors(data)))}
    };
    view! { {page_head(head)} {sections(Section::Users)} {columns(main, side)} }.into_any()
}

/// More roles are asked for already.
fn waits(approval: ApprovalId) -> AnyView {
    let open = link_button(Weight::Plain, paths::approval(approval), t!("user-waits-open"));
    callout(Tone::Pause, t!("user-waits"), approval.to_string(), Some(open))
}

fn action(data: &UserData, verb: &str) -> String {
    paths::action(&paths::user(&data.user.name), verb)
}

fn roles(data: &UserData, mistakes: &[Mistake]) -> AnyView {
    if let Some(refusal) = &data.refusal {
        let held = grants::in_words(&data.user.grants);
        return view! {
            <p>{held}</p>
            {no_permission(text::refusal(refusal), t!("user-save-roles"))}
        }
        .into_any();
    }
    let reason = Field {
        name: "reason",
        label: t!("user-reason"),
        hint: Some(t!("user-reason-hint")),
        ..Field::default()
    };
    let body = view! {
        <input type="hidden" name="revision" value=data.user.revision.to_string()/>
        {editor(data.grants.clone(), mistakes)}
        {field(reason, mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("user-save-roles"))}</p>
    };
    form(action(data, "change-roles"), &data.csrf, body)
}

fn facts(data: &UserData) -> AnyView {
    let user = &data.user;
    let last = match user.last_sign_in_at {
        Some(at) => time(at, data.now),
        None => t!("user-never").into_any(),
    };
    let passkeys = u32::try_from(data.factors.passkeys.len()).unwrap_or(u32::MAX);
    let factors = factors_in_words((data.factors.app.is_some(), passkeys));
    let mut facts = vec![
        (t!("user-last"), last),
        (t!("user-factors"), factors.into_any()),
        (t!("agents-join-at"), time_full(user.created_at)),
    ];
    if !data.identities.is_empty() {
        let named = |linked: &Linked| {
            t!("user-identity", name = linked.shown.as_str(), issuer = linked.issuer.as_str())
        };
        let all = text::list(data.identities.iter().map(named));
        facts.push((t!("identities-caption"), all.into_any()));
    }
    if let Some(at) = user.disabled_at {
        facts.push((t!("user-disabled"), time_full(at)));
    }
    key_values(facts)
}

fn toggle(data: &UserData) -> AnyView {
    let name = data.user.name.as_str();
    let revision = vec![("revision", data.user.revision.to_string())];
    match data.user.disabled_at {
        None => view! {
            <p class="second">{t!("user-disable-text", name = name)}</p>
            <p class="acts">
                {post(
                    Weight::Danger,
                    action(data, "disable"),
                    &data.csrf,
                    revision,
                    t!("user-disable", name = name),
                )}
            </p>
        }
        .into_any(),
        Some(at) => view! {
            <p class="second">{t!("user-disabled-since", at = text::moment(at, data.now))}</p>
            <p class="acts">
                {post(
                    Weight::Plain,
                    action(data, "enable"),
                    &data.csrf,
                    revision,
                    t!("user-enable", name = name),
                )}
            </p>
        }
        .into_any(),
    }
}

fn reset(data: &UserData, mistakes: &[Mistake]) -> AnyView {
    let password = Field {
        name: "password",
        label: t!("profile-new-password"),
        hint: Some(t!("user-password-hint", n = text::number(data.password_min as u64))),
        kind: Kind::Password,
        autocomplete: Some("new-password"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {field(password, mistakes)}
        <p class="acts">{submit(Weight::Plain, t!("user-reset-button"))}</p>
    };
    form(action(data, "set-password"), &data.csrf, body)
}

fn reset_factors(data: &UserData) -> AnyView {
    let name = data.user.name.as_str();
    view! {
        <p class="second">{t!("user-factors-reset-text", name = name)}</p>
        <p class="acts">
            {post(
                Weight::Danger,
                action(data, "reset-factors"),
                &data.csrf,
                Vec::new(),
                t!("user-factors-reset"),
            )}
        </p>
    }
    .into_any()
}
