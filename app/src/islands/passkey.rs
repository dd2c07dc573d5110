//! The button of a passkey: asks the server for a question, the browser for an answer, and sends it
//! with the form that the button stands in. Without script the button says what it needs.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Field of the form that takes the answer.
pub const ANSWER_FIELD: &str = "passkey";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PasskeyWords {
    pub label: String,
    /// Shown while no script runs.
    pub needs_script: String,
    /// Shown where the browser knows no passkeys.
    pub unsupported: String,
    pub waiting: String,
    /// The person went back, or the device said no.
    pub failed: String,
}

/// `ask`: the address of the question. `make`: a new key, not the use of one.
#[island]
pub fn PasskeyButton(words: PasskeyWords, ask: String, csrf: String, make: bool) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        // After the island woke: it may not find other text than it drew.
        let words = words.clone();
        let start = move || crate::islands::device::start(words, ask, csrf, make);
        leptos::prelude::set_timeout(start, std::time::Duration::ZERO);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (ask, csrf, make);
    view! {
        <input type="hidden" name=ANSWER_FIELD id="passkey"/>
        <p class="acts">
            <button type="button" class="btn" id="passkey-button" disabled
                aria-describedby="passkey-note">{words.label}</button>
        </p>
        <p class="second" id="passkey-note" role="status">{words.needs_script}</p>
    }
}
