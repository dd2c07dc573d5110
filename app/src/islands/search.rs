//! How the palette finds: over a local index of names, fetched when it first opens, over what can
//! be done on the page, and over where this tab has been.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDialogElement, HtmlElement, HtmlInputElement, KeyboardEvent, Response};

use crate::islands::PaletteWords;
use crate::islands::dom::{
    all, all_in, by_id, click, document, first, focus, go, latin_key, on, on_key, typing, window,
};
use crate::paths;

/// Groups of the index that are names; the others are of what can be done.
const NAMES: usize = 3;
/// Hits of one group at most.
const HITS_MAX: usize = 8;
/// What acts on the page: buttons, and links to what is asked before something is done.
const ACTIONS: &str = "main button.btn, main a[href*='/do/']";
/// Where the tab keeps the pages it has shown: it ends with the tab.
const RECENT: &str = "mainstay-recent";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hit {
    name: String,
    kind: String,
    href: String,
    /// A button of this page, which gets the focus: what acts is Enter on it.
    #[serde(skip)]
    button: Option<Element>,
}

struct Search {
    words: PaletteWords,
    /// Groups of hits: empty until fetched.
    index: Vec<Vec<Hit>>,
    /// More groups, of this page and this tab, as they were when the palette opened.
    here: [Vec<Hit>; 2],
    selected: usize,
}

type Shared = Rc<RefCell<Search>>;

/// Attaches the palette to its dialog, to the search of the top bar and to Ctrl K.
pub(crate) fn start(words: PaletteWords) {
    let recent = visited();
    let search = Search { words, index: Vec::new(), here: Default::default(), selected: 0 };
    let shared: Shared = Rc::new(RefCell::new(search));
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
    let open = move || {
        opened.borrow_mut().here = [actions(), recent.clone()];
        open(&opened);
    };
    let keys_off = shared.borrow().words.keys_off;
    on_key(&document(), move |event| {
        let chord = (event.ctrl_key() || event.meta_key()) && latin_key(&event) == "k";
        let slash = event.key() == "/" && !event.ctrl_key() && !keys_off && !typing();
        if chord || slash {
            event.prevent_default();
            open();
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

/// What can be done on this page now.
fn actions() -> Vec<Hit> {
    let offered = all(ACTIONS).into_iter().filter(|element| {
        let shown = element.dyn_ref::<HtmlElement>().is_some_and(|it| it.offset_height() > 0);
        shown && !element.has_attribute("disabled")
    });
    let hits = offered.filter_map(|element| {
        let name = element.text_content()?.split_whitespace().collect::<Vec<_>>().join(" ");
        let href = element.get_attribute("href").unwrap_or_default();
        let button = href.is_empty().then_some(element);
        (!name.is_empty()).then(|| Hit { name, kind: String::new(), href, button })
    });
    hits.collect()
}

/// Pages that this tab showed before, the last one first; this one is written down for the next.
fn visited() -> Vec<Hit> {
    let storage = window().session_storage().ok().flatten();
    let Some(storage) = storage else { return Vec::new() };
    let kept = storage.get_item(RECENT).ok().flatten();
    let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
    let mut pages: Vec<Hit> = kept.unwrap_or_default();
    let location = window().location();
    let (Ok(path), Ok(search)) = (location.pathname(), location.search()) else { return pages };
    let href = format!("{path}{search}");
    pages.retain(|page| page.href != href);
    let before = pages.clone();
    if let Some(name) = first("main h1").and_then(|head| head.text_content()) {
        pages.insert(0, Hit { name: name.trim().to_owned(), kind: path, href, button: None });
        pages.truncate(HITS_MAX + 1);
        let _ = serde_json::to_string(&pages).map(|pages| storage.set_item(RECENT, &pages));
    }
    before
}

fn query() -> String {
    by_id("palette-input")
        .and_then(|e| e.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value().trim().to_lowercase())
        .unwrap_or_default()
}

/// Names that begin with what was typed, then those that contain each word of it.
fn matches<'a>(hits: &'a [Hit], q: &str) -> Vec<&'a Hit> {
    let has = |hit: &&Hit| {
        let name = hit.name.to_lowercase();
        q.split_whitespace().all(|word| name.contains(word))
    };
    let mut found: Vec<_> = hits.iter().filter(has).collect();
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
    let [actions, recent] = &search.here;
    let [actions_title, recent_title] = &search.words.here;
    // What can be done elsewhere is long: it comes when it is asked for.
    let elsewhere = search.index.get(NAMES..).filter(|_| !q.is_empty()).unwrap_or_default();
    let titles = &search.words.groups;
    let groups = titles
        .iter()
        .zip(search.index.iter().take(NAMES))
        .chain([(actions_title, actions)])
        .chain(titles.iter().skip(NAMES).zip(elsewhere))
        .chain([(recent_title, recent)]);
    for (title, hits) in groups {
        let found = matches(hits, &q);
        if found.is_empty() {
            continue;
        }
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
    if hit.button.is_none() {
        let _ = option.set_attribute("data-href", &hit.href);
    }
    child(&option, "span", &hit.name);
    if !hit.kind.is_empty()
        && let Some(kind) = child(&option, "span", &hit.kind)
    {
        kind.set_class_name("muted");
    }
    let (href, button) = (hit.href.clone(), hit.button.clone());
    on(&option, "click", move |_| match &button {
        Some(button) => {
            // Closing gives the focus back to whoever had it.
            close();
            focus(button);
        }
        None => go(&href),
    });
}

fn close() {
    if let Some(dialog) = by_id("palette").and_then(|it| it.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
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
