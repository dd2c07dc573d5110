//! The button of a form that only waits for somebody to go on: a script presses it at once.

use leptos::prelude::*;

#[island]
pub fn GoOn(label: String) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    leptos::prelude::set_timeout(send, std::time::Duration::ZERO);
    view! { <p class="acts"><button class="btn pri" id="go-on">{label}</button></p> }
}

/// Sends the form, once.
#[cfg(feature = "hydrate")]
fn send() {
    use leptos::wasm_bindgen::JsCast;

    let button = crate::islands::dom::by_id("go-on").and_then(|button| button.dyn_into().ok());
    let Some(button): Option<web_sys::HtmlButtonElement> = button else { return };
    let Some(form) = button.form() else { return };
    button.set_disabled(true);
    // Nothing else is to be done: the page stays, with its button, if the form cannot be sent.
    if form.submit().is_err() {
        button.set_disabled(false);
    }
}
