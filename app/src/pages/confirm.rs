//! The proof that somebody signed in is who they are, asked for before what can do much harm.

use leptos::prelude::*;
use mainstay_core::access::FRESH_MINUTES;
use serde::Serialize;
use utoipa::ToSchema;

use super::second::{code, passkey};
use super::sign_in::Trouble;
use crate::paths;
use crate::t;
use crate::ui::button::{Weight, submit};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, mistakes_title};

/// What the page says.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ConfirmData {
    /// Path and query where it goes on.
    pub next: String,
    /// Who is signed in.
    pub name: String,
    pub trouble: Option<Trouble>,
    /// Whether a code is asked for beside the password.
    pub code: bool,
    /// Whether a passkey can prove it.
    pub passkey: bool,
    #[serde(skip)]
    pub csrf: String,
}

/// The page's title.
pub fn title(data: &ConfirmData) -> String {
    let title = t!("confirm-title");
    match data.trouble {
        Some(_) => t!("error-title", title = title),
        None => title,
    }
}

/// Why a program was told no, with what a person does instead; `next` is where they do it.
pub fn needed(next: &str, token: bool) -> String {
    if token {
        return t!("confirm-token");
    }
    t!("confirm-needed", minutes = FRESH_MINUTES.to_string(), path = next)
}

/// The form posts to the page's own address, which says where it goes on.
pub fn view(data: &ConfirmData) -> AnyView {
    let mistakes: Vec<_> = data.trouble.map(|trouble| mistake(trouble, data)).into_iter().collect();
    let password = Field {
        name: "password",
        label: t!("sign-in-password"),
        kind: Kind::Password,
        autocomplete: Some("current-password"),
        required: true,
        ..Field::default()
    };
    let onward = !matches!(data.next.as_str(), "" | "/");
    let onward = onward.then(|| t!("sign-in-next", path = data.next.as_str()));
    let (csrf, label) = (data.csrf.clone(), t!("confirm-do", name = data.name.as_str()));
    view! {
        <div class="signin card pad">
            <h1>{t!("confirm-title")}</h1>
            {error_summary(mistakes_title(&mistakes), &mistakes)}
            <p>{t!("confirm-why", minutes = FRESH_MINUTES.to_string())}</p>
            {onward.map(|onward| view! { <p class="second">{onward}</p> })}
            <form method="post" class="form" novalidate>
                <input type="hidden" name="csrf" value=csrf/>
                {field(password, &mistakes)}
                {data.code.then(|| code(&mistakes))}
                <p class="acts">{submit(Weight::Primary, label)}</p>
                {data.passkey.then(|| {
                    let ask = paths::action(paths::CONFIRM, "ask-passkey");
                    passkey(ask, &data.csrf, t!("passkey-use"))
                })}
            </form>
        </div>
    }
    .into_any()
}

fn mistake(trouble: Trouble, data: &ConfirmData) -> Mistake {
    let message = match trouble {
        Trouble::Wrong if data.code => t!("confirm-wrong-code", name = data.name.as_str()),
        Trouble::Wrong => t!("confirm-wrong", name = data.name.as_str()),
        Trouble::Passkey
        | Trouble::Used
        | Trouble::Over
        | Trouble::Wait { .. }
        | Trouble::Busy
        | Trouble::Away
        | Trouble::ProviderAway
        | Trouble::ProviderRefused
        | Trouble::Stranger => trouble.words(),
    };
    Mistake::new("password", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fragment;

    #[test]
    fn says_why_it_asks_and_where_it_goes_on() {
        let data = ConfirmData {
            next: "/failover?to=<b>".into(),
            name: "ann".into(),
            trouble: Some(Trouble::Wrong),
            code: false,
            passkey: false,
            csrf: "token".into(),
        };
        let html = fragment(|| view(&data));
        for part in ["for 5 minutes", "not the password of", "&lt;b&gt;", "value=\"token\""] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("action=") && title(&data).starts_with("Error: "));
        assert!(needed("/failover", false).contains("open /failover"));
    }
}
