//! A log: time, look and sentence, newest first.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::ui::glyph::glyph;
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// Lines of a log with the moment they are read at.
pub fn lines(lines: Vec<(DateTime<Utc>, Tone, String)>, now: DateTime<Utc>) -> AnyView {
    let items = lines
        .into_iter()
        .map(|(at, tone, words)| {
            view! { <li>{time_seconds(at, now)}{glyph(tone)}<span>{words}</span></li> }
        })
        .collect_view();
    view! { <ul class="log">{items}</ul> }.into_any()
}
