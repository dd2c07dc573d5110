//! Buttons: links that open, forms that act. A label with three dots opens a page; one without
//! acts.

use leptos::prelude::*;

/// How much a button asks for attention. At most one [`Weight::Primary`] on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Plain,
    Primary,
    Danger,
}

impl Weight {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "btn",
            Self::Primary => "btn pri",
            Self::Danger => "btn crit",
        }
    }
}

/// A link that looks like a button.
pub fn link_button(weight: Weight, href: impl Into<String>, label: impl Into<String>) -> AnyView {
    let (href, label) = (href.into(), label.into());
    view! { <a class=weight.class() href=href>{label}</a> }.into_any()
}

/// The button of a form.
pub fn submit(weight: Weight, label: impl Into<String>) -> AnyView {
    let label = label.into();
    view! { <button class=weight.class()>{label}</button> }.into_any()
}

/// A button that cannot be used now, with the reason beside it.
pub fn disabled(label: impl Into<String>, reason: impl Into<String>) -> AnyView {
    let (label, reason) = (label.into(), reason.into());
    view! {
        <span class="refused">
            <button class="btn" disabled>{label}</button>
            <span class="why">{reason}</span>
        </span>
    }
    .into_any()
}

/// A form of one button that posts to `action`; `hidden` are its fields.
pub fn post(
    weight: Weight,
    action: impl Into<String>,
    csrf: &str,
    hidden: Vec<(&'static str, String)>,
    label: impl Into<String>,
) -> AnyView {
    let (action, csrf) = (action.into(), csrf.to_owned());
    view! {
        <form method="post" action=action class="inline">
            <input type="hidden" name="csrf" value=csrf/>
            {hidden
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                .collect_view()}
            {submit(weight, label)}
        </form>
    }
    .into_any()
}
