//! The second step of a sign-in, and what the pages that ask for a second factor share.

use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::sign_in::Trouble;
use crate::islands::{PasskeyButton, PasskeyWords};
use crate::paths;
use crate::t;
use crate::ui::button::{Weight, submit};
use crate::ui::form::{Field, Mistake, error_summary, field, mistakes_title};

/// What the page says.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SecondData {
    /// Path and query where it goes on.
    pub next: String,
    /// Whether there is a passkey to use.
    pub passkey: bool,
    pub trouble: Option<Trouble>,
}

/// The page's title.
pub fn title(data: &SecondData) -> String {
    let title = t!("second-title");
    match data.trouble {
        Some(_) => t!("error-title", title = title),
        None => title,
    }
}

/// The page: the form goes to the page's own address, as that of the first step does.
pub fn view(data: &SecondData) -> AnyView {
    let mistakes: Vec<_> = data.trouble.into_iter().map(mistake).collect();
    view! {
        <div class="signin card pad">
            <h1>{t!("second-title")}</h1>
            {error_summary(mistakes_title(&mistakes), &mistakes)}
            <form method="post" class="form" novalidate>
                {code(&mistakes)}
                <p class="acts">{submit(Weight::Primary, t!("sign-in"))}</p>
                {data.passkey.then(|| {
                    let ask = paths::action(paths::SIGN_IN_SECOND, "ask-passkey");
                    passkey(ask, "", t!("passkey-use"))
                })}
            </form>
            <p class="second"><a href=paths::sign_in(&data.next)>{t!("second-again")}</a></p>
        </div>
    }
    .into_any()
}

/// The field of a code.
pub(super) fn code(mistakes: &[Mistake]) -> AnyView {
    let code = Field {
        name: "code",
        label: t!("second-code"),
        hint: Some(t!("second-code-hint")),
        autocomplete: Some("one-time-code"),
        ..Field::default()
    };
    field(code, mistakes)
}

/// The button of a passkey that is to be used, with the field of its answer.
pub(super) fn passkey(ask: String, csrf: &str, label: String) -> AnyView {
    let csrf = csrf.to_owned();
    let words = words(label);
    view! { <PasskeyButton words=words ask=ask csrf=csrf make=false/> }.into_any()
}

pub(super) fn words(label: String) -> PasskeyWords {
    PasskeyWords {
        label,
        needs_script: t!("passkey-needs-script"),
        unsupported: t!("passkey-unsupported"),
        waiting: t!("passkey-waiting"),
        failed: t!("passkey-failed"),
    }
}

fn mistake(trouble: Trouble) -> Mistake {
    let message = match trouble {
        Trouble::Wrong => t!("second-wrong"),
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
    Mistake::new("code", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fragment;

    #[test]
    fn offers_a_passkey_only_where_there_is_one_and_says_what_it_needs() {
        let with = SecondData { passkey: true, ..SecondData::default() };
        let html = fragment(move || view(&with));
        assert!(html.contains("passkey-button") && html.contains("needs JavaScript"), "{html}");
        let without = SecondData { trouble: Some(Trouble::Wrong), ..SecondData::default() };
        assert!(title(&without).starts_with("Error: "));
        let html = fragment(move || view(&without));
        assert!(!html.contains("passkey-button") && html.contains("one-time-code"), "{html}");
    }
}
