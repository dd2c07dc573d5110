//! The head of a page: where it stands, what it is, how it is, what can be done.

use leptos::prelude::*;

/// One step of the way here.
pub struct Crumb {
    pub href: String,
    pub label: String,
}

impl Crumb {
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self { href: href.into(), label: label.into() }
    }
}

/// The one `<h1>` of a page with what belongs beside it.
#[derive(Default)]
pub struct PageHead {
    pub title: String,
    /// The way here; the page itself is not in it.
    pub crumbs: Vec<Crumb>,
    /// State badge beside the title.
    pub badge: Option<AnyView>,
    /// A muted line: beside the title, or under it where there are crumbs.
    pub note: Option<AnyView>,
    /// Buttons at the right.
    pub actions: Option<AnyView>,
}

/// Draws the head: a single line for sections, a block with crumbs for objects.
pub fn page_head(head: PageHead) -> AnyView {
    drawn(head, None)
}

/// As [`page_head`], for an object whose id is not its title: `here` ends the way.
pub fn page_head_of(here: impl Into<String>, head: PageHead) -> AnyView {
    drawn(head, Some(here.into()))
}

fn drawn(head: PageHead, here: Option<String>) -> AnyView {
    let PageHead { title, crumbs, badge, note, actions } = head;
    if crumbs.is_empty() {
        return view! {
            <div class="page">
                <h1>{title}</h1>
                {badge}
                {note.map(|note| view! { <span class="muted note">{note}</span> })}
                {actions.map(|actions| view! { <div class="r">{actions}</div> })}
            </div>
        }
        .into_any();
    }
    let last = here.unwrap_or_else(|| title.clone());
    view! {
        <div class="hero">
            <div>
                <nav class="crumb" aria-label=crate::t!("crumbs-label")>
                    {crumbs
                        .into_iter()
                        .map(|crumb| view! {
                            <a href=crumb.href>{crumb.label}</a>
                            <span aria-hidden="true">" / "</span>
                        })
                        .collect_view()}
                    <span aria-current="page">{last}</span>
                </nav>
                <h1>{title}{badge}</h1>
                {note.map(|note| view! { <p class="meta">{note}</p> })}
            </div>
            {actions.map(|actions| view! { <div class="acts">{actions}</div> })}
        </div>
    }
    .into_any()
}
