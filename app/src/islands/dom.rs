//! Short ways to the browser's document. Nothing here knows the console.

use js_sys::{Function, Object, Reflect};
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, Event, EventTarget, HtmlElement, KeyboardEvent, VisibilityState, Window,
};

use crate::ui::marks::is_drawing;

pub(crate) fn window() -> Window {
    web_sys::window().expect("islands run in a window")
}

pub(crate) fn document() -> Document {
    window().document().expect("a window has a document")
}

pub(crate) fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

pub(crate) fn first(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// The elements under `root` that match, in document order.
pub(crate) fn all_in(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length())
        .filter_map(|at| found.item(at))
        .filter_map(|node| node.dyn_into().ok())
        .collect()
}

pub(crate) fn all(selector: &str) -> Vec<Element> {
    document().document_element().map(|root| all_in(&root, selector)).unwrap_or_default()
}

/// Listens for as long as the page lives.
pub(crate) fn on(target: &EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler);
    let _ = target.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// Listens for keys for as long as the page lives.
pub(crate) fn on_key(target: &EventTarget, mut handler: impl FnMut(KeyboardEvent) + 'static) {
    on(target, "keydown", move |event| {
        if let Ok(event) = event.dyn_into() {
            handler(event);
        }
    });
}

/// The key as a Latin layout names it: on a Cyrillic one the same key gives another letter.
pub(crate) fn latin_key(event: &KeyboardEvent) -> String {
    let key = event.key();
    if key.is_ascii() {
        return key;
    }
    match event.code().as_str() {
        "BracketLeft" => "[".to_owned(),
        "Period" => ".".to_owned(),
        code => match code.strip_prefix("Key") {
            Some(letter) if event.shift_key() => letter.to_owned(),
            Some(letter) => letter.to_ascii_lowercase(),
            None => key,
        },
    }
}

pub(crate) fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

pub(crate) fn click(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        element.click();
    }
}

/// Sets the text only when it differs, so that nothing is laid out for nothing.
pub(crate) fn set_text(element: &Element, text: &str) -> bool {
    let differs = element.text_content().as_deref() != Some(text);
    if differs {
        element.set_text_content(Some(text));
    }
    differs
}

/// Draws marks or a glyph in an element, unless it has them; whether it had not.
///
/// The page's policy lets nothing but [`is_drawing`] become elements: where the browser enforces
/// it (Trusted Types), text goes through the policy `mainstay`, the only one there may be.
pub(crate) fn draw(element: &Element, svg: &str) -> bool {
    if element.inner_html() == svg {
        return false;
    }
    let drawn = POLICY.with(|policy| match policy {
        None => Ok(JsValue::from_str(svg)),
        Some((policy, create)) => create.call1(policy, &svg.into()),
    });
    drawn.and_then(|drawn| Reflect::set(element, &"innerHTML".into(), &drawn)).is_ok()
}

thread_local! {
    /// The policy and its function; `None` where the browser knows none.
    static POLICY: Option<(JsValue, Function)> = policy();
}

fn policy() -> Option<(JsValue, Function)> {
    let factory = Reflect::get(&window(), &"trustedTypes".into()).ok()?;
    let make: Function = Reflect::get(&factory, &"createPolicy".into()).ok()?.dyn_into().ok()?;
    let check = Closure::<dyn Fn(String) -> JsValue>::new(|html: String| {
        if is_drawing(&html) { JsValue::from(html) } else { JsValue::NULL }
    });
    let rules = Object::new();
    Reflect::set(&rules, &"createHTML".into(), &check.into_js_value()).ok()?;
    let policy = make.call2(&factory, &"mainstay".into(), &rules).ok()?;
    let create = Reflect::get(&policy, &"createHTML".into()).ok()?.dyn_into().ok()?;
    Some((policy, create))
}

/// Whether somebody looks at the page.
pub(crate) fn visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

pub(crate) fn go(href: &str) {
    let _ = window().location().set_href(href);
}

/// Whether the focus is in something that takes typing.
pub(crate) fn typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.has_attribute("contenteditable")
    })
}

/// Says a sentence to assistive technology, politely.
pub(crate) fn announce(text: &str) {
    if let Some(region) = by_id("polite") {
        region.set_text_content(Some(text));
    }
}
