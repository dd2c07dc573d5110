//! The palette: jump to a service, place, page or button by typing a part of its name. It never
//! acts.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PaletteWords {
    pub title: String,
    pub label: String,
    pub empty: String,
    pub close: String,
    /// Heads of the groups, in the order of the index.
    pub groups: Vec<String>,
    /// Heads of what can be done on this page, and of pages that were shown before.
    pub here: [String; 2],
    /// The viewer turned single keys off; Ctrl K works all the same.
    pub keys_off: bool,
}

#[island]
pub fn Palette(words: PaletteWords) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    crate::islands::search::start(words.clone());
    view! {
        <dialog class="sheet" id="palette" aria-label=words.title>
            <input type="text" id="palette-input" role="combobox" aria-expanded="true"
                aria-controls="palette-hits" aria-autocomplete="list" autocomplete="off"
                spellcheck="false" aria-label=words.label.clone() placeholder=words.label/>
            <div class="hits" id="palette-hits" role="listbox" aria-label=words.close></div>
        </dialog>
    }
}
