//! The action slot: one click that counts once, and says honestly what became of it.
//!
//! Invariants: a click within half a second after the slot came to mean something else or the
//! window came to the front does nothing and says so, and `data-settling` shows for how long; a
//! slot that offers the same as before, of a newer state, takes the click at once; a held key
//! counts once; what was sent is never offered again before its outcome is known. Asking again with
//! the same key is how the outcome is asked for: the server gives the first answer. A form that
//! this does not reach works as plain HTML.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::set_timeout;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlFormElement, HtmlInputElement, KeyboardEvent, RequestInit, Response};

use crate::islands::dom::{all, all_in, announce, go, on, set_text, window};
use crate::islands::swap;

/// Clicks are ignored for so long after a change.
const GUARD: Duration = Duration::from_millis(500);
/// Without an answer for so long, the slot says that it is not confirmed.
const UNSURE: Duration = Duration::from_secs(3);
/// Pause before the outcome is asked for again.
const AGAIN: Duration = Duration::from_secs(2);

thread_local! {
    /// When the slot got another meaning or the window came to the front, by the page's own clock.
    static CHANGED_MS: Cell<f64> = const { Cell::new(f64::NEG_INFINITY) };
}

/// Attaches to the page's slot.
pub(crate) fn start() {
    guard();
    on(&window(), "focus", |_| settle());
}

/// Attaches to a slot that is new on the page, where this was offered before.
pub(crate) fn attach(before: &[String]) {
    guard();
    if offered() != before {
        settle();
    }
}

/// What each button of the slot says and does.
pub(crate) fn offered() -> Vec<String> {
    let buttons = all("[data-slot-button]");
    let of = |button: &Element| {
        let form = button.closest("form").ok().flatten();
        let does = form.and_then(|form| form.get_attribute("action"));
        let does = does.or_else(|| button.get_attribute("href")).unwrap_or_default();
        format!("{} {does}", button.text_content().unwrap_or_default().trim())
    };
    buttons.iter().map(of).collect()
}

/// Does nothing with clicks until what changed could be seen.
fn settle() {
    CHANGED_MS.set(now_ms());
    for button in all("[data-slot-button]") {
        let _ = button.set_attribute("data-settling", "");
    }
    // A later change prolongs it.
    let over = || {
        if !settling() {
            for button in all("[data-settling]") {
                let _ = button.remove_attribute("data-settling");
            }
        }
    };
    set_timeout(over, GUARD + Duration::from_millis(1));
}

fn settling() -> bool {
    now_ms() - CHANGED_MS.get() < GUARD.as_secs_f64() * 1_000.0
}

fn guard() {
    for button in all("[data-slot-button]:not([data-guarded])") {
        let _ = button.set_attribute("data-guarded", "");
        let own = button.clone();
        on(&button, "click", move |event| {
            if settling() {
                event.prevent_default();
                event.stop_immediate_propagation();
                too_early(&own);
            }
        });
        on(&button, "keydown", |event| {
            if event.dyn_ref::<KeyboardEvent>().is_some_and(KeyboardEvent::repeat) {
                event.prevent_default();
            }
        });
    }
    for form in all("form[data-once]:not([data-guarded])") {
        let _ = form.set_attribute("data-guarded", "");
        let sent = Rc::new(Cell::new(false));
        let own = form.clone();
        on(&form, "submit", move |event| {
            event.prevent_default();
            if !sent.replace(true) {
                send(&own);
            }
        });
    }
}

/// Says that a click did nothing.
fn too_early(button: &Element) {
    let Ok(Some(form)) = button.closest("form") else { return };
    let early = form.get_attribute("data-early").unwrap_or_default();
    if let Some(note) = form.next_element_sibling() {
        set_text(&note, &early);
    }
    announce(&early);
}

/// Sends the form and shows what goes on in its place; the focus stays on the button.
fn send(form: &Element) {
    let attribute = |name: &str| form.get_attribute(name).unwrap_or_default();
    let (sending, unsure) = (attribute("data-sending"), attribute("data-unsure"));
    if let Ok(Some(button)) = form.query_selector("[data-slot-button]") {
        set_text(&button, &sending);
        let _ = button.set_attribute("aria-disabled", "true");
    }
    announce(&sending);
    let (answered, note) = (Rc::new(Cell::new(false)), form.next_element_sibling());
    let waits = Rc::clone(&answered);
    set_timeout(
        move || {
            if !waits.get() {
                if let Some(note) = &note {
                    set_text(note, &unsure);
                }
                announce(&unsure);
            }
        },
        UNSURE,
    );
    ask(form.clone(), answered);
}

/// Asks until the server answers; the same key gives the same answer.
fn ask(form: Element, answered: Rc<Cell<bool>>) {
    let (action, body) = (form.get_attribute("action").unwrap_or_default(), body(&form));
    spawn_local(async move {
        match post(&action, &body).await {
            // Away or not able to tell: the outcome is not known.
            None => {
                set_timeout(move || ask(form, answered), AGAIN);
            }
            Some(response) if response.status() >= 500 => {
                set_timeout(move || ask(form, answered), AGAIN);
            }
            Some(response) => {
                answered.set(true);
                finish(&form, &response);
            }
        }
    });
}

/// Shows the outcome: the page itself if it stands here, else where the answer led.
fn finish(form: &Element, response: &Response) {
    if !response.ok() {
        // The refusal has a page of its own; the same key gives it again.
        if let Some(form) = form.dyn_ref::<HtmlFormElement>() {
            let _ = form.submit();
        }
        return;
    }
    let here = window().location().pathname().unwrap_or_default();
    let there = response.url();
    let path = there.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let path = path.map_or("", |(_, path)| path);
    let same = path.split(['?', '#']).next() == Some(here.trim_start_matches('/'));
    if same {
        // The slot changes under the focus only because it was pressed.
        if let Ok(Some(slot)) = form.closest("[data-swap]") {
            let _ = slot.set_attribute("tabindex", "-1");
            crate::islands::dom::focus(&slot);
        }
        swap::fetch_now();
    } else {
        go(&there);
    }
}

async fn post(action: &str, body: &str) -> Option<Response> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&body.into());
    let headers = web_sys::Headers::new().ok()?;
    headers.set("content-type", "application/x-www-form-urlencoded").ok()?;
    headers.set("accept", "text/html").ok()?;
    init.set_headers(&headers);
    let answer = JsFuture::from(window().fetch_with_str_and_init(action, &init)).await.ok()?;
    answer.dyn_into().ok()
}

/// The form's fields as a browser would send them.
fn body(form: &Element) -> String {
    let pairs = all_in(form, "input").into_iter().filter_map(|input| {
        let input = input.dyn_into::<HtmlInputElement>().ok()?;
        let encode = |text: &str| String::from(js_sys::encode_uri_component(text));
        Some(format!("{}={}", encode(&input.name()), encode(&input.value())))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
