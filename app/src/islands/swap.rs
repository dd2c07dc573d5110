//! Keeps drawn parts of a page fresh: charts, steps, logs. The page is asked for again at most
//! every few seconds, and at once when the live stream tells a new revision; what differs takes
//! the place of what was there.
//!
//! Invariants: nothing is swapped under the focus, nor an action under the pointer; while the
//! stream is down or the page hidden nothing is fetched, and the badge says how old the page is.
//! The answer is parsed by the browser into a document of its own, in which no script runs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::set_interval;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Document, Element, XmlHttpRequest, XmlHttpRequestResponseType};

use crate::islands::dom::{all, document, first, on, visible, window};
use crate::islands::slot;

/// Milliseconds between two fetches of a page whose revision stays.
const PERIOD_MS: f64 = 5_000.0;
/// How often is looked.
const LOOK: Duration = Duration::from_millis(500);
/// Parts that act: they wait until pointer and focus have left.
const ACTING: [&str; 2] = ["slot", "actions"];

#[derive(Debug, Default)]
struct State {
    fetched_ms: f64,
    fetching: bool,
    /// The revision that the page was fetched with.
    revision: String,
}

/// Attaches to a page that has parts to keep fresh.
pub(crate) fn start() {
    if first("[data-swap]").is_none() {
        return;
    }
    let state = State { fetched_ms: now_ms(), revision: revision(), ..State::default() };
    let state = Rc::new(RefCell::new(state));
    set_interval(move || look(&state), LOOK);
}

/// Fetches the page at once, whatever the revision.
pub(crate) fn fetch_now() {
    fetch(&Rc::new(RefCell::new(State::default())));
}

fn look(state: &Rc<RefCell<State>>) {
    let live = document().document_element().and_then(|root| root.get_attribute("data-live"));
    if live.as_deref() != Some("on") || !visible() || state.borrow().fetching {
        return;
    }
    let due = {
        let state = state.borrow();
        now_ms() - state.fetched_ms >= PERIOD_MS || state.revision != revision()
    };
    if due {
        fetch(state);
    }
}

fn fetch(state: &Rc<RefCell<State>>) {
    let Ok(request) = XmlHttpRequest::new() else { return };
    let Ok(address) = window().location().href() else { return };
    let address = address.split('#').next().unwrap_or_default();
    if request.open_with_async("GET", address, true).is_err() {
        return;
    }
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let _ = request.set_request_header("accept", "text/html");
    {
        let mut state = state.borrow_mut();
        state.fetching = true;
        state.revision = revision();
    }
    let (answered, done) = (request.clone(), Rc::clone(state));
    on(&request, "loadend", move |_| {
        let mut state = done.borrow_mut();
        state.fetching = false;
        state.fetched_ms = now_ms();
        drop(state);
        let body = answered.response().ok().and_then(|body| body.dyn_into::<Document>().ok());
        if let (Some(body), Ok(200)) = (body, answered.status()) {
            swap(&body);
        }
    });
    let _ = request.send();
}

/// Puts what differs into the page.
fn swap(fresh: &Document) {
    let mut seen = BTreeSet::new();
    for part in all("[data-swap]") {
        let Some(name) = part.get_attribute("data-swap").filter(|name| seen.insert(name.clone()))
        else {
            continue;
        };
        let selector = format!("[data-swap=\"{name}\"]");
        let Ok(Some(new)) = fresh.query_selector(&selector) else { continue };
        if same(&part, &new) || busy(&part, &name) {
            continue;
        }
        let offered = slot::offered();
        replace(&part, &new);
        if ACTING.contains(&name.as_str()) {
            slot::attach(&offered);
        }
    }
    let title = fresh.title();
    if !title.is_empty() && title != document().title() {
        document().set_title(&title);
    }
}

/// One-time keys differ in every page and mean nothing to the eye.
fn same(part: &Element, new: &Element) -> bool {
    let (old, new) = (part.inner_html(), new.inner_html());
    old == new || without_keys(&old) == without_keys(&new)
}

fn without_keys(html: &str) -> String {
    let mut rest = html;
    let mut kept = String::with_capacity(html.len());
    while let Some(at) = rest.find("name=\"key\" value=\"") {
        let (before, after) = rest.split_at(at + "name=\"key\" value=\"".len());
        kept.push_str(before);
        rest = after.split_once('"').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// Whether somebody is at it: the focus is inside, or the pointer is on something that acts.
fn busy(part: &Element, name: &str) -> bool {
    let focus = document().active_element();
    let focused = focus.is_some_and(|focus| part.contains(Some(&focus)) && focus != *part);
    let acting = ACTING.contains(&name);
    let hovered = acting && part.matches(":hover").unwrap_or_default();
    let open = part.query_selector("details[open]").ok().flatten().is_some();
    focused || hovered || open
}

fn replace(part: &Element, new: &Element) {
    part.set_text_content(None);
    while let Some(child) = new.first_child() {
        let Ok(child) = document().adopt_node(&child) else { return };
        if part.append_child(&child).is_err() {
            return;
        }
    }
}

fn revision() -> String {
    first("[data-f=rev]").and_then(|element| element.text_content()).unwrap_or_default()
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
