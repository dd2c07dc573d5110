//! Blocks that say how things stand: callouts, and the states every list must have.

use leptos::prelude::*;

use crate::ui::glyph::glyph;
use crate::ui::tone::Tone;

/// A tinted line: one sentence in bold, one of context, at most one thing to do.
pub fn callout(
    tone: impl Into<Tone>,
    strong: impl Into<String>,
    detail: impl IntoView + 'static,
    action: Option<AnyView>,
) -> AnyView {
    let tone = tone.into();
    let strong = strong.into();
    view! {
        <div class=format!("callout {}", tone.class())>
            {glyph(tone)}
            <div><b>{strong}</b>" "<span class="second">{detail.into_any()}</span></div>
            {action}
        </div>
    }
    .into_any()
}

/// Nothing to show: the fact, the context, at most one action.
pub fn empty(
    fact: impl Into<String>,
    context: impl Into<String>,
    action: Option<AnyView>,
) -> AnyView {
    let (fact, context) = (fact.into(), context.into());
    view! {
        <div class="pad block">
            <p class="strong">{fact}</p>
            <p class="second">{context}</p>
            {action.map(|action| view! { <p class="acts">{action}</p> })}
        </div>
    }
    .into_any()
}

/// A part failed: what, what still works and what to do, and the reference to quote.
pub fn failed(
    what: impl Into<String>,
    detail: impl Into<String>,
    reference: Option<&str>,
    action: Option<AnyView>,
) -> AnyView {
    let (what, detail) = (what.into(), detail.into());
    let reference = reference.map(|r| crate::t!("error-reference", reference = r));
    view! {
        <div class="pad block">
            <p class="st crit">{glyph(Tone::Crit)}<span>{what}</span></p>
            <p class="second">{detail}{reference.map(|r| format!(" {r}"))}</p>
            {action.map(|action| view! { <p class="acts">{action}</p> })}
        </div>
    }
    .into_any()
}

/// The page is shown, the action is not possible: why, and the button it would be.
pub fn no_permission(reason: impl Into<String>, label: impl Into<String>) -> AnyView {
    let (reason, label) = (reason.into(), label.into());
    view! {
        <div class="pad block">
            <p class="strong">{crate::t!("no-permission")}</p>
            <p class="second">{reason}</p>
            <p class="acts"><button class="btn" disabled>{label}</button></p>
        </div>
    }
    .into_any()
}

/// The verdict of a page: the question, the answer in one sentence, one sentence of cause.
pub fn verdict(
    tone: impl Into<Tone>,
    question: impl Into<String>,
    answer: AnyView,
    cause: AnyView,
    actions: Option<AnyView>,
) -> AnyView {
    let tone = tone.into();
    let question = question.into();
    view! {
        <div class="verdict">
            <h2 class="q">{question}</h2>
            <span data-f="s">{glyph(tone)}</span>
            <p class="a">{answer}</p>
            <p class="c">{cause}</p>
            {actions.map(|actions| view! { <div class="acts">{actions}</div> })}
        </div>
    }
    .into_any()
}
