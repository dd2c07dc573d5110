//! Shares of a whole as one stacked bar, with their words above it.

use std::fmt::Write as _;

use leptos::prelude::*;

use crate::ui::raw;

/// Two shares: what was there first, and what comes. `percent` is the second one's, out of 100.
pub fn shares(first: impl Into<String>, second: impl Into<String>, percent: f64) -> AnyView {
    let (first, second) = (first.into(), second.into());
    let rest = (100.0 - percent).clamp(0.0, 100.0);
    let mut svg = String::from(r#"<svg class="wbar" aria-hidden="true">"#);
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        r#"<rect class="a" width="100%" height="100%"/>{}</svg>"#,
        format_args!(
            r#"<rect class="b" x="{rest:.2}%" width="{:.2}%" height="100%"/>"#,
            100.0 - rest
        )
    );
    view! {
        <div class="shares">
            <p><span>{first}</span><b>{second}</b></p>
            {raw(svg)}
        </div>
    }
    .into_any()
}
