//! Glyphs and icons: drawn once in a hidden sprite at the top of the document, used by reference.

use leptos::prelude::*;

use crate::ui::tone::Tone;
use crate::ui::{escape, raw};

/// Line icons of the navigation and of buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Overview,
    Topology,
    Rollouts,
    Failover,
    Events,
    Edges,
    Backups,
    Availability,
    Runbooks,
    Attention,
    Audit,
    Settings,
    Find,
    Link,
    Undo,
    More,
}

impl Icon {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Overview => "i-over",
            Self::Topology => "i-topo",
            Self::Rollouts => "i-roll",
            Self::Failover => "i-fail",
            Self::Events => "i-event",
            Self::Edges => "i-edge",
            Self::Backups => "i-back",
            Self::Availability => "i-avail",
            Self::Runbooks => "i-book",
            Self::Attention => "i-att",
            Self::Audit => "i-audit",
            Self::Settings => "i-set",
            Self::Find => "i-find",
            Self::Link => "i-link",
            Self::Undo => "i-undo",
            Self::More => "i-more",
        }
    }
}

/// With a size of their own, so that a page whose style did not arrive can still be read.
const GLYPH: &str = r#"<svg class="g" width="14" height="14""#;
const ICON: &str = r#"<svg class="i" width="16" height="16""#;

/// A 14 px glyph beside its word: hidden from assistive technology.
pub fn glyph(tone: impl Into<Tone>) -> AnyView {
    raw(glyph_html(tone.into()))
}

/// As [`glyph`], as a string.
pub fn glyph_html(tone: Tone) -> String {
    let symbol = tone.class();
    format!(r##"{GLYPH} aria-hidden="true"><use href="#g-{symbol}"/></svg>"##)
}

/// A glyph that stands alone and says its name.
pub fn glyph_named(tone: impl Into<Tone>, label: &str) -> AnyView {
    let (symbol, label) = (tone.into().class(), escape(label));
    raw(format!(r##"{GLYPH} role="img" aria-label="{label}"><use href="#g-{symbol}"/></svg>"##))
}

/// A 16 px line icon, hidden from assistive technology.
pub fn icon(icon: Icon) -> AnyView {
    let symbol = icon.symbol();
    raw(format!(r##"{ICON} aria-hidden="true"><use href="#{symbol}"/></svg>"##))
}

/// The product's mark.
pub fn logo() -> AnyView {
    raw(concat!(
        r#"<svg class="i logo" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">"#,
        r#"<path d="M2 5.5 8 2l6 3.5L8 9zM2 8.5 8 12l6-3.5M2 11.3 8 14.8l6-3.5"/></svg>"#,
    ))
}

/// The symbols; once in each document, before anything that uses them.
pub const SPRITE: &str = include_str!("sprite.svg");
