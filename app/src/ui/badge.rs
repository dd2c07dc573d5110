//! A state as shape, word and colour: framed ([`badge`]) or in running text ([`state`]).

use leptos::prelude::*;

use crate::ui::glyph::glyph;
use crate::ui::tone::Tone;

/// A framed state for page heads.
pub fn badge(tone: impl Into<Tone>, word: impl Into<String>) -> AnyView {
    let tone = tone.into();
    let word = word.into();
    view! { <span class=format!("badge {}", tone.class())>{glyph(tone)}{word}</span> }.into_any()
}

/// As [`badge`], updated in place: the glyph is the live field `s`, the word the field `word`.
pub fn live_badge(tone: impl Into<Tone>, word: impl Into<String>) -> AnyView {
    let tone = tone.into();
    let word = word.into();
    view! {
        <span class=format!("badge {}", tone.class()) data-f="s">
            {glyph(tone)}
            <span data-f="word">{word}</span>
        </span>
    }
    .into_any()
}

/// The verdict beside a title: as [`badge`], updated in place from the object `key` of the live
/// values, whose field `status` is the word.
pub fn verdict_badge(key: String, tone: impl Into<Tone>, word: impl Into<String>) -> AnyView {
    let tone = tone.into();
    let word = word.into();
    view! {
        <span class=format!("badge {}", tone.class()) data-k=key data-f="s">
            {glyph(tone)}
            <span data-f="status">{word}</span>
        </span>
    }
    .into_any()
}

/// A state in a table or a sentence.
pub fn state(tone: impl Into<Tone>, word: impl Into<String>) -> AnyView {
    let tone = tone.into();
    let word = word.into();
    view! { <span class=format!("st {}", tone.class())>{glyph(tone)}<span>{word}</span></span> }
        .into_any()
}

/// As [`state`], updated in place: the glyph is the live field `s`, the word the field `word`.
pub fn live_state(tone: impl Into<Tone>, word: impl Into<String>) -> AnyView {
    let tone = tone.into();
    let word = word.into();
    view! {
        <span class=format!("st {}", tone.class()) data-f="s">
            {glyph(tone)}
            <span data-f="word">{word}</span>
        </span>
    }
    .into_any()
}
