//! What single keys do.

use std::cell::Cell;
use std::rc::Rc;

use leptos::wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlDocument, KeyboardEvent};

use crate::islands::dom::{
    all, announce, by_id, click, document, first, focus, go, latin_key, on, on_key, typing, window,
};
use crate::{past, paths};

/// Milliseconds in which the second key of `g o` must follow.
const CHORD_MS: f64 = 1500.0;
/// The switch of the times in lists; only where the viewer's zone is not UTC.
const TIMES: &str = "[data-times]";
/// How long the browser keeps a choice, in seconds.
const YEAR_SECONDS: u32 = 31_536_000;

/// Attaches the keys, unless they are turned `off`; buttons that mirror a key work either way.
pub(crate) fn start(copied: String, off: bool) {
    for button in all("[data-newer] button") {
        on(&button, "click", |_| {
            let _ = window().location().reload();
        });
    }
    if let Some(switch) = first(TIMES) {
        on(&switch, "click", |event| {
            event.prevent_default();
            switch_times();
        });
    }
    if off {
        return;
    }
    let went = Rc::new(Cell::new(f64::NEG_INFINITY));
    on_key(&document(), move |event| {
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if modified || typing() || event.default_prevented() || dialog_open() {
            return;
        }
        let now = event.time_stamp();
        let key = latin_key(&event);
        if now - went.get() < CHORD_MS {
            went.set(f64::NEG_INFINITY);
            if let Some(href) = section(&key) {
                event.prevent_default();
                go(href);
                return;
            }
        }
        if key == "g" {
            went.set(now);
        } else {
            press(&key, &event, &copied);
        }
    });
}

fn dialog_open() -> bool {
    first("dialog[open]").is_some()
}

const fn section(key: &str) -> Option<&'static str> {
    match key.as_bytes() {
        b"o" => Some(paths::OVERVIEW),
        b"a" => Some(paths::ATTENTION),
        b"t" => Some(paths::TOPOLOGY),
        b"r" => Some(paths::ROLLOUTS),
        b"f" => Some(paths::FAILOVER),
        b"b" => Some(paths::BACKUPS),
        b"k" => Some(paths::RUNBOOKS),
        b"e" => Some(paths::EVENTS),
        b"u" => Some(paths::AUDIT),
        b"s" => Some(paths::SETTINGS),
        _ => None,
    }
}

fn press(key: &str, event: &KeyboardEvent, copied: &str) {
    match key {
        "?" => sheet(),
        "j" => step(1),
        "k" => step(-1),
        "[" => toggle_navigation(),
        "y" => copy_link(copied),
        "Y" => copy_moment(copied),
        "t" => switch_times(),
        "." => {
            if let Some(button) = first("[data-newer]:not([hidden]) button") {
                click(&button);
            }
        }
        "f" => {
            if let Some(field) = first("#filter input:not([type=hidden]), .chips a") {
                event.prevent_default();
                focus(&field);
            }
        }
        // Focus only: what acts is Enter on the button.
        "R" => {
            if let Some(button) = first("[data-slot-button]") {
                event.prevent_default();
                focus(&button);
            }
        }
        "P" => {
            if let Some(button) = first(".others button") {
                event.prevent_default();
                focus(&button);
            }
        }
        "Escape" => {
            if let Some(close) = by_id("inspector-close") {
                click(&close);
            }
        }
        _ => {}
    }
}

fn sheet() {
    let dialog = by_id("key-sheet").and_then(|e| e.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog {
        let _ = dialog.show_modal();
    }
}

/// Moves the focus to the next or previous row's link.
fn step(by: i32) {
    let rows = all("main .att li > div > .h a, main .rows tbody th a, main .ilist li > a");
    let here = document().active_element();
    let at = here.and_then(|here| rows.iter().position(|row| *row == here));
    let next = match (at, by > 0) {
        (None, _) => 0,
        (Some(at), true) => (at + 1).min(rows.len().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(row) = rows.get(next) {
        focus(row);
    }
}

/// Collapses the navigation and remembers it for the server's next page.
fn toggle_navigation() {
    let Some(app) = by_id("app") else { return };
    let slim = app.class_list().toggle("slim").unwrap_or_default();
    let value = if slim { "slim" } else { "wide" };
    remember("nav", value);
}

/// Shows the times of lists in the other zone, from now on.
fn switch_times() {
    let Some(other) = first(TIMES).and_then(|switch| switch.get_attribute("data-times")) else {
        return;
    };
    remember("times", &other);
    let location = window().location();
    let query = location.search().unwrap_or_default();
    let query = query.trim_start_matches('?');
    // An address that names a zone would keep it.
    let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("tz=")).collect();
    let plain = kept.join("&");
    if plain == query {
        let _ = location.reload();
    } else {
        let mark = if plain.is_empty() { "" } else { "?" };
        go(&format!("{}{mark}{plain}", location.pathname().unwrap_or_default()));
    }
}

fn remember(name: &str, value: &str) {
    if let Ok(document) = document().dyn_into::<HtmlDocument>() {
        let cookie = format!("{name}={value}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Lax");
        let _ = document.set_cookie(&cookie);
    }
}

fn copy_link(copied: &str) {
    if let Ok(address) = window().location().href() {
        let _ = window().navigator().clipboard().write_text(&address);
        announce(copied);
    }
}

/// Copies a link that will show the page as it is now; of a page without a past, the plain one.
fn copy_moment(copied: &str) {
    let location = window().location();
    let (Ok(origin), Ok(href)) = (location.origin(), location.href()) else { return };
    let address = href.strip_prefix(&origin).unwrap_or_default();
    // One that names a moment already is of that moment.
    if !past::has_past(address) || address.contains("at=") {
        return copy_link(copied);
    }
    let now = String::from(js_sys::Date::new_0().to_iso_string());
    let second = now.split('.').next().unwrap_or_default();
    let past = past::as_of(address, Some(&format!("{second}Z")));
    let _ = window().navigator().clipboard().write_text(&format!("{origin}{past}"));
    announce(copied);
}
