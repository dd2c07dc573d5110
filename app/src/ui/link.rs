//! Links that choose: segments, filter chips, pages of a list.

use leptos::prelude::*;

/// One of several views of the same thing.
pub struct Segment {
    pub href: String,
    pub label: String,
    pub current: bool,
}

/// Segmented links; `label` names the choice for assistive technology.
pub fn segments(label: impl Into<String>, segments: Vec<Segment>) -> AnyView {
    let label = label.into();
    view! {
        <nav class="seg" aria-label=label>
            {segments
                .into_iter()
                .map(|s| (s.href, s.label, s.current.then_some("true")))
                .map(|(href, label, current)| {
                    view! { <a href=href aria-current=current>{label}</a> }
                })
                .collect_view()}
        </nav>
    }
    .into_any()
}

/// A filter that a link turns on and off.
pub struct Chip {
    pub href: String,
    /// A mark or glyph before the words.
    pub mark: Option<AnyView>,
    /// The number in bold, ready made.
    pub count: Option<String>,
    pub label: String,
    pub on: bool,
    /// Key and field of the live value behind `count`.
    pub live: Option<(&'static str, &'static str)>,
}

/// Filter chips; `label` names the filter.
pub fn chips(label: impl Into<String>, chips: Vec<Chip>) -> AnyView {
    let label = label.into();
    view! {
        <div class="chips" role="group" aria-label=label>
            {chips
                .into_iter()
                .map(|c| {
                    let (key, field) = c.live.unzip();
                    view! {
                        <a class="chip" href=c.href aria-current=c.on.then_some("true") data-k=key>
                            {c.mark}
                            {c.count.map(|n| view! { <b data-f=field>{n}</b> })}
                            {" "}
                            {c.label}
                        </a>
                    }
                })
                .collect_view()}
        </div>
    }
    .into_any()
}

/// First page and next page of a list read by a cursor; nothing when it fits one page.
pub fn pager(first: Option<String>, next: Option<(String, String)>) -> Option<AnyView> {
    (first.is_some() || next.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label=crate::t!("pager-label")>
                {first.map(|href| {
                    view! { <a class="btn" href=href>{crate::t!("pager-first")}</a> }
                })}
                {next.map(|(href, label)| {
                    view! { <a class="btn" rel="next" href=href>{label}</a> }
                })}
            </nav>
        }
        .into_any()
    })
}
