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
}

#[island]
pub fn Keys(words: KeyWords) -> impl IntoView {
    let _ = words;
}
