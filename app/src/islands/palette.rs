//! The palette: jump to a service, place or page by typing a part of its name. It never acts.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PaletteWords {
    pub title: String,
    pub label: String,
    pub empty: String,
    pub close: String,
    /// Heads of the groups, in order.
    pub groups: Vec<String>,
}

#[island]
pub fn Palette(words: PaletteWords) -> impl IntoView {
    let _ = words;
}
