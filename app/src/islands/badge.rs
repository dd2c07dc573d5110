//! What the page says of its connection: the badge and clock of the top bar, and a note over the
//! page, so that nothing under it moves.

use web_sys::Element;

use crate::islands::dom::{by_id, document, draw, first, on, set_text};

/// Tells the style how the page is connected: `on` or `old`.
pub(crate) fn mark(state: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-live", state);
    }
}

/// The day and the time of the top bar; the time is the last two words.
pub(crate) fn show_clock(words: &str) {
    let at = words.rmatch_indices(' ').nth(1).map_or(0, |(at, _)| at);
    for (selector, text) in [("#clock .day", &words[..at]), ("#clock .day + span", &words[at..])] {
        if let Some(part) = first(selector) {
            set_text(&part, text.trim_start());
        }
    }
    if let Some(local) = first("[data-offset]") {
        show_local(&local, words[at..].trim_start());
    }
}

/// The viewer's own time, from `03:12 UTC` and what it is ahead of that.
fn show_local(local: &Element, utc: &str) {
    let attribute = |name: &str| local.get_attribute(name).unwrap_or_default();
    let offset: i32 = attribute("data-offset").parse().unwrap_or_default();
    let clock = utc.get(..5).and_then(|clock| clock.split_once(':'));
    let Some((Ok(h), Ok(m))) = clock.map(|(h, m)| (h.parse::<i32>(), m.parse::<i32>())) else {
        return;
    };
    let minutes = (h * 60 + m + offset).rem_euclid(24 * 60);
    let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    set_text(local, &attribute("data-words").replace("{time}", &time));
}

/// The connection badge of the top bar: tone, word and the time of what is shown.
pub(crate) fn badge(tone: &str, word: &str, at: &str) {
    let Some(badge) = by_id("live") else { return };
    let part = |selector: &str| badge.query_selector(selector).ok().flatten();
    if part(".lt").is_none() {
        badge.set_text_content(None);
        draw(&badge, r##"<svg class="g" aria-hidden="true"><use href="#g-ok"/></svg>"##);
        child(&badge, "span", "lw");
        child(&badge, "span", "muted lt");
    }
    if let Some(glyph) = part("use") {
        let _ = glyph.set_attribute("href", &format!("#g-{tone}"));
    }
    if let Some(element) = part(".lw") {
        set_text(&element, word);
    }
    if let Some(element) = part(".lt") {
        set_text(&element, at);
    }
}

/// Shows a note with one button.
pub(crate) fn note(strong: &str, detail: &str, label: &str, mut act: impl FnMut() + 'static) {
    remove_note();
    let Some(app) = by_id("app") else { return };
    let Some(note) = child(&app, "div", "callout unk note") else { return };
    note.set_id("live-note");
    draw(&note, r##"<svg class="g" aria-hidden="true"><use href="#g-unk"/></svg>"##);
    if let Some(words) = child(&note, "div", "") {
        let said = [("b", "", strong), ("span", "second", detail)];
        for (tag, class, text) in said {
            if let Some(part) = child(&words, tag, class) {
                part.set_text_content(Some(&format!("{text} ")));
            }
        }
    }
    if let Some(button) = child(&note, "button", "btn sm") {
        button.set_text_content(Some(label));
        on(&button, "click", move |_| act());
    }
}

pub(crate) fn remove_note() {
    if let Some(note) = by_id("live-note") {
        note.remove();
    }
}

fn child(parent: &Element, tag: &str, class: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    element.set_class_name(class);
    parent.append_child(&element).ok()?;
    Some(element)
}
