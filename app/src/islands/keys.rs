//! Keys: single keys that move or open, and never act. Off while a field has the focus.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KeyWords {
    pub title: String,
    pub close: String,
    pub copied: String,
    /// Keys, and what they do.
    pub rows: Vec<(String, String)>,
    /// The viewer turned single keys off.
    pub off: bool,
}

#[island]
pub fn Keys(words: KeyWords) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        crate::islands::shortcuts::start(words.copied.clone(), words.off);
        crate::islands::matrix::start();
        crate::islands::slot::start();
    }
    let rows = words
        .rows
        .into_iter()
        .map(|(keys, does)| view! { <dt><kbd>{keys}</kbd></dt><dd>{does}</dd> })
        .collect_view();
    view! {
        <dialog class="sheet" id="key-sheet" aria-labelledby="keys-title">
            <header>
                <h2 id="keys-title">{words.title}</h2>
                <form method="dialog"><button class="btn sm">{words.close}</button></form>
            </header>
            <dl class="keys">{rows}</dl>
        </dialog>
    }
}
