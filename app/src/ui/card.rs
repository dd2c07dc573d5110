//! Cards: the frame around a list, a table or a paragraph.

use leptos::prelude::*;

/// The head of a card: its title, a short note, and links at the right.
#[derive(Default)]
pub struct Head {
    title: String,
    note: Option<AnyView>,
    right: Option<AnyView>,
}

impl Head {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// A muted word or number after the title.
    pub fn note(self, note: impl IntoView + 'static) -> Self {
        Self { note: Some(note.into_any()), ..self }
    }

    /// Links or a hint at the right end.
    pub fn right(self, right: impl IntoView + 'static) -> Self {
        Self { right: Some(right.into_any()), ..self }
    }
}

/// A card whose body brings its own padding (tables and lists reach the edges).
pub fn card(head: Head, body: impl IntoView + 'static) -> AnyView {
    let Head { title, note, right } = head;
    view! {
        <section class="card">
            <header>
                <h2>{title}</h2>
                {note.map(|note| view! { <span class="muted">{note}</span> })}
                {right.map(|right| view! { <span class="r">{right}</span> })}
            </header>
            {body.into_any()}
        </section>
    }
    .into_any()
}

/// A card with padding around its body.
pub fn padded(head: Head, body: impl IntoView + 'static) -> AnyView {
    card(head, view! { <div class="pad">{body.into_any()}</div> })
}

/// Two columns: the answer at the left, context at the right (under it on narrow screens).
pub fn columns(main: impl IntoView + 'static, side: impl IntoView + 'static) -> AnyView {
    view! {
        <div class="cols">
            <div class="stack">{main.into_any()}</div>
            <div class="stack">{side.into_any()}</div>
        </div>
    }
    .into_any()
}

/// Cards one under the other.
pub fn stack(body: impl IntoView + 'static) -> AnyView {
    view! { <div class="stack">{body.into_any()}</div> }.into_any()
}

/// Names with their values.
pub fn key_values(pairs: Vec<(String, AnyView)>) -> AnyView {
    view! {
        <dl class="kv">
            {pairs
                .into_iter()
                .map(|(key, value)| view! { <div><dt>{key}</dt><dd>{value}</dd></div> })
                .collect_view()}
        </dl>
    }
    .into_any()
}
