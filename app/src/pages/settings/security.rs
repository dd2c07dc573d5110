//! One's own second factors: an authenticator app, passkeys, recovery codes; and the identities at
//! a provider that one linked.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::FieldMistake;
use mainstay_core::access::factor::{Factors, PASSKEYS_MAX, Passkey};
use mainstay_core::access::identity::Linked;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::second::words;
use super::{Section, in_words, sections};
use crate::islands::PasskeyButton;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::callout;
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{Field, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::qr::qr;
use crate::ui::table::{Column, table};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

/// What the page says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SecurityData {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub factors: Factors,
    /// Whether the reader has to enrol a second factor before anything else.
    pub must_enrol: bool,
    /// Whether passkeys can be used: the server knows its public address.
    pub passkeys_on: bool,
    /// Identities that sign in to this account.
    #[schema(value_type = Vec<Object>)]
    pub identities: Vec<Linked>,
    /// What people call the identity provider, if there is one.
    pub provider: Option<String>,
    /// Whether there is no link with this provider yet.
    pub may_link: bool,
    /// An app that is being enrolled.
    #[serde(skip)]
    pub offer: Option<Offer>,
    /// Recovery codes, shown this once.
    #[serde(skip)]
    pub codes: Vec<String>,
    /// What stands in the field of a new passkey's name.
    #[serde(skip)]
    pub passkey_name: String,
    #[serde(skip)]
    pub mistakes: Vec<FieldMistake>,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// The secret of an app that is being enrolled.
#[derive(Clone, Debug)]
pub struct Offer {
    /// `otpauth://…`.
    pub uri: String,
    /// Base32 in groups of four.
    pub secret: String,
}

/// The page.
pub fn view(data: &SecurityData) -> AnyView {
    let mistakes = in_words(&data.mistakes);
    let head = PageHead {
        title: t!("settings-security"),
        note: Some(t!("security-note").into_any()),
        ..PageHead::default()
    };
    let main = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {(data.must_enrol && data.codes.is_empty()).then(|| {
            callout(Tone::Warn, t!("security-must"), t!("security-must-detail"), None)
        })}
        {(!data.codes.is_empty()).then(|| codes(&data.codes))}
        {padded(Head::new(t!("security-app")), app(data, &mistakes))}
        {passkeys(data, &mistakes)}
        {(!data.identities.is_empty()).then(|| card(
            Head::new(t!("identities-caption")),
            identities(data),
        ))}
        {data.provider.as_deref().filter(|_| data.may_link).map(|name| padded(
            Head::new(t!("sign-in-provider", name = name)),
            link(data, name),
        ))}
    };
    let side = padded(Head::new(t!("security-recovery")), recovery(data));
    view! { {page_head(head)} {sections(Section::Security)} {columns(main, side)} }.into_any()
}

fn act(verb: &str) -> String {
    paths::action(paths::SETTINGS_SECURITY, verb)
}

fn codes(codes: &[String]) -> AnyView {
    let items = codes.iter().map(|code| view! { <li><code>{code.clone()}</code></li> });
    let list = view! { <ul class="plain codes">{items.collect_view()}</ul> };
    view! {
        {callout(Tone::Ok, t!("security-codes"), t!("security-codes-detail"), None)}
        {padded(Head::new(t!("security-codes-list")), list)}
    }
    .into_any()
}

fn app(data: &SecurityData, mistakes: &[Mistake]) -> AnyView {
    if let Some(offer) = &data.offer {
        return enrol(data, offer, mistakes);
    }
    let Some(app) = &data.factors.app else {
        return view! {
            <p class="second">{t!("security-app-none")}</p>
            <p class="acts">
                {post(
                    Weight::Primary,
                    act("begin-app"),
                    &data.csrf,
                    Vec::new(),
                    t!("security-app-add"),
                )}
            </p>
        }
        .into_any();
    };
    let used = match app.last_used_at {
        Some(at) => time(at, data.now),
        None => t!("user-never").into_any(),
    };
    view! {
        {key_values(vec![
            (t!("security-since"), time_full(app.enrolled_at)),
            (t!("security-used"), used),
        ])}
        <p class="acts">
            {post(
                Weight::Danger,
                act("remove-app"),
                &data.csrf,
                Vec::new(),
                t!("security-app-remove"),
            )}
        </p>
    }
    .into_any()
}

fn enrol(data: &SecurityData, offer: &Offer, mistakes: &[Mistake]) -> AnyView {
    let code = Field {
        name: "code",
        label: t!("security-app-code"),
        hint: Some(t!("security-app-code-hint")),
        autocomplete: Some("one-time-code"),
        required: true,
        ..Field::default()
    };
    let body = view! {
        {field(code, mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("security-app-finish"))}</p>
    };
    view! {
        <p>{t!("security-app-scan")}</p>
        {qr(&offer.uri, t!("security-app-qr"))}
        {super::tokens::secret(t!("security-app-secret"), &offer.secret)}
        {form(act("add-app"), &data.csrf, body)}
    }
    .into_any()
}

fn passkeys(data: &SecurityData, mistakes: &[Mistake]) -> AnyView {
    let keys = &data.factors.passkeys;
    let list = (!keys.is_empty()).then(|| list(data));
    let new = if !data.passkeys_on {
        view! { <p class="second">{t!("passkeys-off")}</p> }.into_any()
    } else if keys.len() >= PASSKEYS_MAX {
        let most = text::number(PASSKEYS_MAX as u64);
        view! { <p class="second">{t!("passkeys-full", n = most)}</p> }.into_any()
    } else {
        new_passkey(data, mistakes)
    };
    view! {
        {list.map(|list| card(Head::new(t!("passkeys-caption")), list))}
        {padded(Head::new(t!("passkey-new")), new)}
    }
    .into_any()
}

fn list(data: &SecurityData) -> AnyView {
    let columns = vec![
        Column::new(t!("passkey-name")),
        Column::new(t!("security-since")),
        Column::new(t!("security-used")),
        Column::hidden(t!("passkey-remove-column")),
    ];
    let row = |key: &Passkey| {
        let used = match key.last_used_at {
            Some(at) => time(at, data.now),
            None => t!("user-never").into_any(),
        };
        let label = t!("passkey-remove", name = key.name.as_str());
        let path = paths::passkey_remove(key.id);
        view! {
            <tr>
                <th scope="row">{key.name.clone()}</th>
                <td data-l=t!("security-since")>{time(key.enrolled_at, data.now)}</td>
                <td data-l=t!("security-used")>{used}</td>
                <td>{post(Weight::Danger, path, &data.csrf, Vec::new(), label)}</td>
            </tr>
        }
    };
    let rows = data.factors.passkeys.iter().map(row).collect_view();
    table(t!("passkeys-caption"), columns, rows)
}

fn new_passkey(data: &SecurityData, mistakes: &[Mistake]) -> AnyView {
    let name = Field {
        name: "passkey_name",
        label: t!("passkey-name"),
        hint: Some(t!("passkey-name-hint")),
        value: data.passkey_name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let (ask, csrf) = (act("ask-passkey"), data.csrf.clone());
    let words = words(t!("passkey-add"));
    let body = view! {
        <p class="second">{t!("passkey-what")}</p>
        {field(name, mistakes)}
        <PasskeyButton words=words ask=ask csrf=csrf make=true/>
    };
    form(act("add-passkey"), &data.csrf, body)
}

fn identities(data: &SecurityData) -> AnyView {
    let columns = vec![
        Column::new(t!("identity-shown")),
        Column::new(t!("identity-issuer")),
        Column::new(t!("security-since")),
        Column::new(t!("security-used")),
        Column::hidden(t!("identity-remove-column")),
    ];
    let row = |linked: &Linked| {
        let used = match linked.last_used_at {
            Some(at) => time(at, data.now),
            None => t!("user-never").into_any(),
        };
        let label = t!("identity-remove", name = linked.shown.as_str());
        let path = paths::identity_remove(linked.id);
        view! {
            <tr>
                <th scope="row">{linked.shown.clone()}</th>
                <td data-l=t!("identity-issuer")>{linked.issuer.clone()}</td>
                <td data-l=t!("security-since")>{time(linked.linked_at, data.now)}</td>
                <td data-l=t!("security-used")>{used}</td>
                <td>{post(Weight::Danger, path, &data.csrf, Vec::new(), label)}</td>
            </tr>
        }
    };
    let rows = data.identities.iter().map(row).collect_view();
    table(t!("identities-caption"), columns, rows)
}

fn link(data: &SecurityData, name: &str) -> AnyView {
    let label = t!("identity-link", name = name);
    view! {
        <p class="second" id="identity">{t!("identity-what", name = name)}</p>
        <p class="acts">
            {post(Weight::Plain, act("ask-identity"), &data.csrf, Vec::new(), label)}
        </p>
    }
    .into_any()
}

fn recovery(data: &SecurityData) -> AnyView {
    if !data.factors.any() {
        return view! { <p class="second">{t!("security-recovery-none")}</p> }.into_any();
    }
    let left = u64::from(data.factors.recovery_left);
    view! {
        <p>{t!("security-recovery-left", n = left, count = text::number(left))}</p>
        <p class="second">{t!("security-recovery-new-detail")}</p>
        <p class="acts">
            {post(
                Weight::Plain,
                act("new-codes"),
                &data.csrf,
                Vec::new(),
                t!("security-recovery-new"),
            )}
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fragment;

    fn data() -> SecurityData {
        SecurityData {
            factors: Factors::default(),
            must_enrol: false,
            passkeys_on: false,
            identities: Vec::new(),
            provider: None,
            may_link: false,
            offer: None,
            codes: Vec::new(),
            passkey_name: String::new(),
            mistakes: Vec::new(),
            csrf: "token".to_owned(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn says_why_there_are_no_passkeys_and_shows_an_offer_as_picture_and_text() {
        let html = fragment(|| view(&data()));
        assert!(html.contains("Passkeys are off") && !html.contains("passkey-button"), "{html}");
        let offer = Offer { uri: "otpauth://totp/x".to_owned(), secret: "GEZD GNBV".to_owned() };
        let html = fragment(|| view(&SecurityData { offer: Some(offer), ..data() }));
        for part in ["<svg", "GEZD GNBV", "do/add-app", "one-time-code"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn offers_a_link_with_a_provider_and_lists_what_is_linked() {
        let html = fragment(|| view(&data()));
        assert!(!html.contains("identity") && !html.contains("Company"), "{html}");
        let with = SecurityData { provider: Some("Company".to_owned()), may_link: true, ..data() };
        let html = fragment(|| view(&with));
        assert!(html.contains("do/ask-identity") && html.contains("Link with Company"), "{html}");
        let linked = Linked {
            id: 7,
            issuer: "https://id.example".to_owned(),
            shown: "ann@example".to_owned(),
            linked_at: DateTime::UNIX_EPOCH,
            last_used_at: None,
        };
        let html = fragment(|| {
            view(&SecurityData { identities: vec![linked], may_link: false, ..with.clone() })
        });
        for part in ["identities/7/do/remove", "Remove the link with ann@example", "id.example"] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("do/ask-identity"), "{html}");
    }

    #[test]
    fn codes_are_on_the_page_and_never_in_the_data() {
        let shown = SecurityData { codes: vec!["aaaa-bbbb".to_owned()], ..data() };
        let json = serde_json::to_string(&shown).expect("it serialises");
        assert!(!json.contains("aaaa"), "{json}");
        assert!(fragment(|| view(&shown)).contains("aaaa-bbbb"));
    }
}
