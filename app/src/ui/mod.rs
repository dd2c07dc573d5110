//! Components: how things look. They know statuses and words handed to them, and no domain.
//!
//! Everything here is plain HTML made on the server, except [`tone`] and [`marks`], which the live
//! values in the browser use as well. Components are functions that take values and give a view.
//! No colour, size or font is named here: classes only, and never a `style` attribute (the page's
//! security policy forbids it).

pub mod marks;
pub mod tone;

#[cfg(feature = "ssr")]
pub mod badge;
#[cfg(feature = "ssr")]
pub mod bands;
#[cfg(feature = "ssr")]
pub mod block;
#[cfg(feature = "ssr")]
pub mod button;
#[cfg(feature = "ssr")]
pub mod card;
#[cfg(feature = "ssr")]
pub mod chart;
#[cfg(feature = "ssr")]
pub mod diff;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod glyph;
#[cfg(feature = "ssr")]
pub mod head;
#[cfg(feature = "ssr")]
pub mod link;
#[cfg(feature = "ssr")]
pub mod log;
#[cfg(feature = "ssr")]
pub mod plot;
#[cfg(feature = "ssr")]
pub mod qr;
#[cfg(feature = "ssr")]
pub mod shares;
#[cfg(feature = "ssr")]
pub mod table;
#[cfg(feature = "ssr")]
pub mod time;
#[cfg(feature = "ssr")]
pub mod track;

#[cfg(feature = "ssr")]
pub use html::{escape, raw};

#[cfg(feature = "ssr")]
mod html {
    use std::borrow::Cow;

    use leptos::prelude::*;
    use leptos::tachys::html::InertElement;

    /// HTML made as a string, put in as it is. The caller has escaped what came from outside.
    pub fn raw(html: impl Into<Cow<'static, str>>) -> AnyView {
        InertElement::new(html).into_any()
    }

    /// Text made safe for element content and for quoted attributes.
    pub fn escape(text: &str) -> Cow<'_, str> {
        if !text.contains(['&', '<', '>', '"', '\'']) {
            return Cow::Borrowed(text);
        }
        let mut safe = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match c {
                '&' => safe.push_str("&amp;"),
                '<' => safe.push_str("&lt;"),
                '>' => safe.push_str("&gt;"),
                '"' => safe.push_str("&quot;"),
                '\'' => safe.push_str("&#39;"),
                _ => safe.push(c),
            }
        }
        Cow::Owned(safe)
    }
}
