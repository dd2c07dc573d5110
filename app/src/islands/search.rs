//! How the palette finds: over a local index of names, fetched when it first opens.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use serde::Deserialize;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDialogElement, HtmlInputElement, KeyboardEvent, Response};

use crate::islands::PaletteWords;
use crate::islands::dom::{
    all_in, by_id, click, document, go, latin_key, on, on_key, typing, window,
};
use crate::paths;

/// Hits of one group at most.
const HITS_MAX: usize = 8;

#[derive(Clone, Debug, Deserialize)]
struct Hit {
    name: String,
    kind: String,
    href: String,
}

struct Search {
    words: PaletteWords,
    /// Groups of hits; empty until fetched.
    index: Vec<Vec<Hit>>,
    selected: usize,
}

type Shared = Rc<RefCell<Search>>;

/// Attaches the palette to its dialog, to the search of the top bar and to Ctrl K.
pub(crate) fn start(words: PaletteWords) {
    let shared: Shared = Rc::new(RefCell::new(Search { words, index: Vec::new(), selected: 0 }));
    let (Some(dialog), Some(input)) = (by_id("palette"), by_id("palette-input")) else { return };
    let typed = Rc::clone(&shared);
    on(&input, "input", move |_| draw(&typed));
    let keyed = Rc::clone(&shared);
    on_key(&input, move |event| key(&keyed, &event));
    on(&dialog, "click", |event| {
        // A press beside the sheet is a press on the dialog itself.
        let target = event.target().and_then(|t| t.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = target {
            dialog.close();
        }
    });
    let opened = Rc::clone(&shared);
    let keys_off = shared.borrow().words.keys_off;
    on_key(&document(), move |event| {
        let chord = (event.ctrl_key() || event.meta_key()) && latin_key(&event) == "k";
        let slash = event.key() == "/" && !event.ctrl_key() && !keys_off && !typing();
        if chord || slash {
            event.prevent_default();
            open(&opened);
        }
    });
}

fn open(shared: &Shared) {
    let dialog = by_id("palette").and_then(|e| e.dyn_into::<HtmlDialogElement>().ok());
    let input = by_id("palette-input").and_then(|e| e.dyn_into::<HtmlInputElement>().ok());
    let (Some(dialog), Some(input)) = (dialog, input) else { return };
    if !dialog.open() {
        let _ = dialog.show_modal();
    }
    input.set_value("");
    let _ = input.focus();
    draw(shared);
    if shared.borrow().index.is_empty() {
        let shared = Rc::clone(shared);
        spawn_local(async move {
            if let Some(index) = fetch_index().await {
                shared.borrow_mut().index = index;
                draw(&shared);
            }
        });
    }
}

async fn fetch_index() -> Option<Vec<Vec<Hit>>> {
    let answer = JsFuture::from(window().fetch_with_str(paths::FIND_INDEX)).await.ok()?;
    let answer: Response = answer.dyn_into().ok()?;
    let text = JsFuture::from(answer.text().ok()?).await.ok()?.as_string()?;
    serde_json::from_str(&text).ok()
}

fn query() -> String {
    by_id("palette-input")
        .and_then(|e| e.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value().trim().to_lowercase())
        .unwrap_or_default()
}

/// Names that begin with what was typed, then those that contain it.
fn matches<'a>(hits: &'a [Hit], q: &str) -> Vec<&'a Hit> {
    let mut found: Vec<_> = hits.iter().filter(|h| h.name.to_lowercase().contains(q)).collect();
    found.sort_by_key(|hit| !hit.name.to_lowercase().starts_with(q));
    found.truncate(HITS_MAX);
    found
}

fn draw(shared: &Shared) {
    shared.borrow_mut().selected = 0;
    let search = shared.borrow();
    let Some(list) = by_id("palette-hits") else { return };
    list.set_text_content(None);
    let q = query();
    let mut count = 0;
    for (group, hits) in search.index.iter().enumerate() {
        let found = matches(hits, &q);
        if found.is_empty() {
            continue;
        }
        let title = search.words.groups.get(group).map_or("", String::as_str);
        let Some(section) = child(&list, "div", "") else { continue };
        let _ = section.set_attribute("role", "group");
        let _ = section.set_attribute("aria-label", title);
        if let Some(head) = child(&section, "h3", title) {
            let _ = head.set_attribute("aria-hidden", "true");
        }
        for hit in found {
            option(&section, hit, count);
            count += 1;
        }
    }
    if count == 0
        && !search.index.is_empty()
        && let Some(empty) = child(&list, "p", &search.words.empty)
    {
        empty.set_class_name("pad second");
    }
    drop(search);
    select(shared, 0);
}

fn child(parent: &Element, tag: &str, text: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    element.set_text_content(Some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}

fn option(section: &Element, hit: &Hit, at: usize) {
    let Some(option) = child(section, "div", "") else { return };
    option.set_id(&format!("palette-{at}"));
    let _ = option.set_attribute("role", "option");
    let _ = option.set_attribute("data-href", &hit.href);
    child(&option, "span", &hit.name);
    if let Some(kind) = child(&option, "span", &hit.kind) {
        kind.set_class_name("muted");
    }
    let href = hit.href.clone();
    on(&option, "click", move |_| go(&href));
}

fn key(shared: &Shared, event: &KeyboardEvent) {
    let (at, count) = (shared.borrow().selected, options().len());
    match event.key().as_str() {
        "ArrowDown" if count > 0 => select(shared, (at + 1) % count),
        "ArrowUp" if count > 0 => select(shared, (at + count - 1) % count),
        "Enter" => match options().get(at) {
            Some(option) => click(option),
            None => go(&format!("{}?q={}", paths::FIND, js_sys::encode_uri_component(&query()))),
        },
        _ => return,
    }
    event.prevent_default();
}

fn options() -> Vec<Element> {
    by_id("palette-hits").map(|list| all_in(&list, "[role=option]")).unwrap_or_default()
}

fn select(shared: &Shared, at: usize) {
    shared.borrow_mut().selected = at;
    let mut active = String::new();
    for (index, option) in options().iter().enumerate() {
        let _ = option.set_attribute("aria-selected", if index == at { "true" } else { "false" });
        if index == at {
            option.scroll_into_view_with_bool(false);
            active = option.id();
        }
    }
    if let Some(input) = by_id("palette-input") {
        let _ = input.set_attribute("aria-activedescendant", &active);
    }
}
