//! Times on the page: absolute, machine-readable, with their age in the title where it helps. In
//! UTC, or in the reader's zone where the page was asked for that: then each names its zone.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::text;

/// `03:12` or `20 Nov 03:12`, as a `<time>`.
pub fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> AnyView {
    let words = match text::list_zone() {
        None => text::clock(at, now),
        Some(zone) => text::clock_in(zone, at, now),
    };
    element(at, now, words)
}

/// As [`time`], to the second, for logs.
pub fn time_seconds(at: DateTime<Utc>, now: DateTime<Utc>) -> AnyView {
    let words = match text::list_zone() {
        None => text::clock_seconds(at, now),
        Some(zone) => text::clock_seconds_in(zone, at, now),
    };
    element(at, now, words)
}

fn element(at: DateTime<Utc>, now: DateTime<Utc>, words: String) -> AnyView {
    let title = text::duration(now - at);
    view! { <time datetime=text::iso(at) title=title>{words}</time> }.into_any()
}

/// `20 Nov 2026 03:12:07 UTC`, for what outlives the day.
pub fn time_full(at: DateTime<Utc>) -> AnyView {
    let words = crate::t!("utc", time = text::full(at));
    view! { <time datetime=text::iso(at)>{words}</time> }.into_any()
}
