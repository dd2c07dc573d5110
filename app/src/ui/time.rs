//! Times on the page: absolute, machine-readable, with their age in the title where it helps.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::text;

/// `03:12` or `20 Nov 03:12`, as a `<time>`.
pub fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> AnyView {
    let title = text::duration(now - at);
    view! { <time datetime=text::iso(at) title=title>{text::clock(at, now)}</time> }.into_any()
}

/// As [`time`], to the second, for logs.
pub fn time_seconds(at: DateTime<Utc>, now: DateTime<Utc>) -> AnyView {
    let title = text::duration(now - at);
    view! { <time datetime=text::iso(at) title=title>{text::clock_seconds(at, now)}</time> }
        .into_any()
}

/// `20 Nov 2026 03:12:07 UTC`, for what outlives the day.
pub fn time_full(at: DateTime<Utc>) -> AnyView {
    let words = crate::t!("utc", time = text::full(at));
    view! { <time datetime=text::iso(at)>{words}</time> }.into_any()
}
