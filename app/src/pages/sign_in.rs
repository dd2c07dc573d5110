//! Sign-in.

use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::second::passkey;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::button::{Weight, submit};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field};

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Trouble {
    /// Name and password do not belong together.
    Wrong,
    /// No account here belongs to the passkey.
    Passkey,
    /// The code counted before.
    Used,
    /// The first step is too long ago.
    Over,
    /// Too many tries.
    Wait { seconds: u32 },
    /// Too many people at once.
    Busy,
    /// The state store is away.
    Away,
    /// The identity provider is away.
    ProviderAway,
    /// The identity provider vouches for nobody.
    ProviderRefused,
    /// No account here is linked with whom it vouches for.
    Stranger,
}

impl Trouble {
    /// What to do instead.
    pub fn words(self) -> String {
        match self {
            Self::Wrong => t!("sign-in-wrong"),
            Self::Passkey => t!("sign-in-passkey-wrong"),
            Self::Used => t!("second-used"),
            Self::Over => t!("second-over"),
            Self::Wait { seconds } => {
                t!("sign-in-wait", n = seconds, count = text::number(seconds))
            }
            Self::Busy => t!("sign-in-busy"),
            Self::Away => t!("sign-in-away"),
            Self::ProviderAway => t!("sign-in-provider-away"),
            Self::ProviderRefused => t!("sign-in-provider-refused"),
            Self::Stranger => t!("sign-in-stranger"),
        }
    }
}

/// What the page says.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SignInData {
    /// Path and query where it goes on.
    pub next: String,
    /// The name as typed before.
    pub name: String,
    pub trouble: Option<Trouble>,
    /// Whether a passkey can sign in by itself.
    pub passkeys: bool,
    /// What people call the identity provider, if there is one.
    pub provider: Option<String>,
    /// Where the form leads, if not to the page's own address.
    #[serde(skip)]
    pub action: Option<String>,
}

/// The page's title.
pub fn title(data: &SignInData) -> String {
    let title = t!("sign-in-title");
    match data.trouble {
        Some(_) => t!("error-title", title = title),
        None => title,
    }
}

fn mistakes(data: &SignInData) -> Vec<Mistake> {
    data.trouble.into_iter().map(|trouble| Mistake::new("name", trouble.words())).collect()
}

/// The form names no address to post to, but after a try at another one: it goes to the page's
/// own, so the browser keeps a
/// fragment through the redirect that follows.
pub fn view(data: &SignInData) -> AnyView {
    let mistakes = mistakes(data);
    let name = Field {
        name: "name",
        label: t!("sign-in-name"),
        value: data.name.clone(),
        autocomplete: Some("username"),
        required: true,
        ..Field::default()
    };
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
    view! {
        <div class="signin card pad">
            <h1>{t!("sign-in-title")}</h1>
            {error_summary(crate::ui::form::mistakes_title(&mistakes), &mistakes)}
            {onward.map(|onward| view! { <p class="second">{onward}</p> })}
            <form method="post" class="form" novalidate action=data.action.clone()>
                {field(name, &mistakes)}
                {field(password, &mistakes)}
                <p class="acts">{submit(Weight::Primary, t!("sign-in"))}</p>
                {data.passkeys.then(|| {
                    let ask = paths::action(paths::SIGN_IN, "ask-passkey");
                    passkey(ask, "", t!("passkey-sign-in"))
                })}
            </form>
            {data.provider.as_deref().map(|name| provider(&data.next, name))}
        </div>
    }
    .into_any()
}

/// The button that leads to the identity provider.
fn provider(next: &str, name: &str) -> AnyView {
    let ask = paths::action(paths::SIGN_IN, "ask-provider");
    let ask = paths::with_query(&ask, &[("next", next)]);
    view! {
        <form method="post" class="form" action=ask>
            <p class="acts">{submit(Weight::Plain, t!("sign-in-provider", name = name))}</p>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fragment;

    #[test]
    fn keeps_the_name_and_never_the_password() {
        let data = SignInData {
            next: "/topology?view=list".into(),
            name: "ann<script>".into(),
            trouble: Some(Trouble::Wait { seconds: 4 }),
            ..SignInData::default()
        };
        let html = fragment(|| view(&data));
        assert!(html.contains("value=\"ann&lt;script") && !html.contains("<script"), "{html}");
        assert!(html.contains("Wait 4 seconds"));
        assert!(html.contains("/topology?view=list"));
        assert!(!html.contains("action="));
        assert!(title(&data).starts_with("Error: "));
    }

    #[test]
    fn offers_a_provider_where_there_is_one_and_posts_to_the_sign_in_from_elsewhere() {
        let data = SignInData {
            next: "/topology".into(),
            provider: Some("Company".into()),
            trouble: Some(Trouble::Stranger),
            action: Some("/sign-in?next=%2Ftopology".into()),
            ..SignInData::default()
        };
        let html = fragment(|| view(&data));
        for part in [
            "action=\"/sign-in?next=%2Ftopology\"",
            "action=\"/sign-in/do/ask-provider?next=%2Ftopology\"",
            "Sign in with Company",
            "ask an admin",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
