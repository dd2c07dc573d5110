//! The way to an identity provider and back: two pages that lead on, by themselves where the
//! browser can.

use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::islands::GoOn;
use crate::paths;
use crate::t;
use crate::ui::button::{Weight, link_button};

/// What the page says from which somebody leaves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoingData {
    /// What people call the provider.
    pub name: String,
    /// Where it asks them who they are.
    pub url: String,
}

/// What the page says on which somebody arrives.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct BackData {
    pub name: String,
    /// The provider vouches for nobody.
    pub denied: bool,
    /// Path and query where it goes on.
    pub next: String,
    /// Where the answer is sent.
    #[serde(skip)]
    pub action: String,
    /// Of who is signed in; empty: nobody.
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub code: String,
    #[serde(skip)]
    pub state: String,
}

pub fn going_title(data: &GoingData) -> String {
    t!("provider-going-title", name = data.name.as_str())
}

/// The way there. The browser goes by itself after reading the answer's header.
pub fn going(data: &GoingData) -> AnyView {
    let name = data.name.as_str();
    view! {
        <div class="signin card pad">
            <h1>{going_title(data)}</h1>
            <p>{t!("provider-going", name = name)}</p>
            <p class="acts">
                {link_button(
                    Weight::Primary,
                    data.url.clone(),
                    t!("provider-going-open", name = name),
                )}
            </p>
        </div>
    }
    .into_any()
}

pub fn back_title(data: &BackData) -> String {
    let name = data.name.as_str();
    if data.denied {
        t!("provider-denied-title", name = name)
    } else {
        t!("provider-back-title", name = name)
    }
}

/// The way back: a form with the provider's answer, as nothing is changed without one. A script
/// sends it at once.
pub fn back(data: &BackData) -> AnyView {
    let signed_in = !data.csrf.is_empty();
    let name = data.name.as_str();
    let body = if data.denied {
        denied(data, signed_in)
    } else {
        let why = if signed_in {
            t!("provider-back-link", name = name)
        } else {
            t!("provider-back", name = name)
        };
        let csrf = data.csrf.clone();
        view! {
            <p>{why}</p>
            <form method="post" action=data.action.clone() class="form">
                {signed_in.then(|| view! { <input type="hidden" name="csrf" value=csrf/> })}
                <input type="hidden" name="code" value=data.code.clone()/>
                <input type="hidden" name="state" value=data.state.clone()/>
                <GoOn label=t!("provider-back-do")/>
            </form>
        }
        .into_any()
    };
    view! { <div class="signin card pad"><h1>{back_title(data)}</h1>{body}</div> }.into_any()
}

fn denied(data: &BackData, signed_in: bool) -> AnyView {
    let (href, label) = if signed_in {
        (paths::SETTINGS_SECURITY.to_owned(), t!("settings-security"))
    } else {
        (paths::sign_in(&data.next), t!("second-again"))
    };
    view! {
        <p>{t!("provider-denied")}</p>
        <p class="acts">{link_button(Weight::Plain, href, label)}</p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fragment;

    fn answer() -> BackData {
        BackData {
            name: "Company".to_owned(),
            next: "/topology".to_owned(),
            action: paths::SIGN_IN_PROVIDER.to_owned(),
            code: "a\"><script>".to_owned(),
            state: "state".to_owned(),
            ..BackData::default()
        }
    }

    #[test]
    fn an_answer_is_sent_by_a_form_and_never_told_as_data() {
        let data = answer();
        let html = fragment(|| back(&data));
        for part in ["action=\"/sign-in/provider\"", "value=\"a&quot;&gt;&lt;script", "Go on"] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("name=\"csrf\"") && !html.contains("<script"), "{html}");
        let json = serde_json::to_string(&data).expect("it serialises");
        assert!(!json.contains("script") && !json.contains("state"), "{json}");
        let signed_in = BackData { csrf: "token".to_owned(), ..answer() };
        assert!(fragment(|| back(&signed_in)).contains("name=\"csrf\""));
    }

    #[test]
    fn who_was_denied_is_led_to_where_they_began() {
        let data = BackData { denied: true, ..answer() };
        assert!(back_title(&data).contains("Company did not"));
        let html = fragment(|| back(&data));
        assert!(html.contains("/sign-in?next=%2Ftopology") && !html.contains("<form"), "{html}");
    }
}
