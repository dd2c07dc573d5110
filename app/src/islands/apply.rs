//! Writes new values into the page, in place. Never adds, removes or reorders rows, and never
//! changes the height of anything.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use js_sys::Date;
use leptos::prelude::set_timeout;
use mainstay_core::status::{Status, Tally};
use serde_json::Value;
use web_sys::{DomTokenList, Element};

use crate::islands::LiveWords;
use crate::islands::dom::{all, all_in, announce, document, draw, set_text};
use crate::islands::link::now_ms;
use crate::live::{Change, Fields};
use crate::ui::marks::{marks_svg, strip_svg};
use crate::ui::tone::Tone;

/// How long a changed value is marked.
const MARKED: Duration = Duration::from_secs(3);
/// Time between two sentences about new problems.
const TELL_MS: f64 = 10_000.0;
/// Tints of a cell that shows its load.
const LOAD_STEPS: u64 = 5;
/// What such a cell says without a value.
const NOT_MEASURED: &str = "–";

/// The live elements of the page by the object they show.
pub(crate) struct Page {
    objects: HashMap<String, Vec<Element>>,
    revisions: HashMap<String, u64>,
    words: LiveWords,
    /// Open problems that the reader was told of; `None`: those of the page itself.
    told: Option<BTreeSet<i64>>,
    told_ms: f64,
    /// The title without the number of failures.
    title: String,
}

impl Page {
    /// Finds the live elements. Rows are never added, so once is enough.
    pub(crate) fn read(words: &LiveWords) -> Self {
        let mut objects: HashMap<String, Vec<Element>> = HashMap::new();
        for element in all("[data-k]") {
            if let Some(key) = element.get_attribute("data-k") {
                objects.entry(key).or_default().push(element);
            }
        }
        for cell in all("[data-matrix] td > a") {
            let key = cell.get_attribute("href").as_deref().and_then(cell_key);
            if let Some(key) = key {
                objects.entry(key).or_default().push(cell);
            }
        }
        Self {
            objects,
            revisions: HashMap::new(),
            words: words.clone(),
            told: None,
            told_ms: f64::NEG_INFINITY,
            title: document().title(),
        }
    }

    /// Takes whatever comes next as newer than what the page has.
    pub(crate) fn forget_revisions(&mut self) {
        self.revisions.clear();
    }

    /// Applies changes; a revision that the page has is ignored.
    pub(crate) fn apply(&mut self, changes: Vec<Change>) {
        let mut touched = Vec::new();
        for change in changes {
            let known = self.revisions.get(&change.k).copied().unwrap_or(0);
            let shown = self.objects.contains_key(&change.k);
            // What other tabs asked for comes as well.
            if change.r < known || !shown && change.k != "problems" {
                continue;
            }
            self.revisions.insert(change.k.clone(), change.r);
            if change.k == "problems" {
                self.count_newer(&change.fields);
                self.tell_problems(&change.fields);
            }
            for element in self.objects.get(&change.k).into_iter().flatten() {
                write(element, &change, &mut touched);
            }
        }
        mark(touched);
    }

    /// Says how much fails in the title, and that something new does in a sentence. What comes
    /// too soon after the last sentence is said with the next.
    fn tell_problems(&mut self, fields: &Fields) {
        let failing = fields.get("failing").and_then(Value::as_u64).unwrap_or(0);
        let title = match failing {
            0 => self.title.clone(),
            n => {
                let words = self.words.failing.replace("{failing}", &n.to_string());
                format!("({words}) {}", self.title)
            }
        };
        if document().title() != title {
            document().set_title(&title);
        }
        let Some(ids) = fields.get("ids").and_then(Value::as_array) else { return };
        let open: BTreeSet<i64> = ids.iter().filter_map(Value::as_i64).collect();
        let Some(told) = &self.told else {
            self.told = Some(open);
            return;
        };
        let count = open.difference(told).count();
        if count == 0 {
            self.told = Some(open);
        } else if now_ms() - self.told_ms >= TELL_MS {
            let words = self.words.new_problems.replace("{count}", &count.to_string());
            announce(&words.replace("{failing}", &failing.to_string()));
            self.told_ms = now_ms();
            self.told = Some(open);
        }
    }

    /// Problems that the lists of the page do not have yet are counted, not shown.
    fn count_newer(&self, fields: &Fields) {
        let Some(ids) = fields.get("ids").and_then(Value::as_array) else { return };
        for list in all("[data-list=problems]") {
            let known = list.get_attribute("data-known").unwrap_or_default();
            let known: BTreeSet<i64> = known.split(',').filter_map(|id| id.parse().ok()).collect();
            let newer = ids.iter().filter_map(Value::as_i64).filter(|id| !known.contains(id));
            let count = newer.count();
            let card = list.closest(".card").ok().flatten();
            let notice = card.and_then(|c| c.query_selector("[data-newer]").ok().flatten());
            let Some(notice) = notice else { continue };
            let _ = notice.toggle_attribute_with_force("hidden", count == 0);
            if let Ok(Some(text)) = notice.query_selector("span") {
                set_text(&text, &self.words.newer.replace("{count}", &count.to_string()));
            }
        }
    }
}

/// `/services/S/in/D` names the cell `cell/S/D`.
fn cell_key(href: &str) -> Option<String> {
    let (service, datacenter) = href.strip_prefix("/services/")?.split_once("/in/")?;
    Some(format!("cell/{service}/{datacenter}"))
}

fn write(object: &Element, change: &Change, touched: &mut Vec<Element>) {
    if change.k.starts_with("cell/") && object.tag_name() == "A" {
        matrix_cell(object, &change.fields, touched);
        return;
    }
    let old = change.fields.get("old").and_then(Value::as_bool);
    if let Some(old) = old.filter(|_| object.class_list().contains("fl")) {
        let _ = object.class_list().toggle_with_force("old", old);
    }
    if object.has_attribute("data-f") {
        field(object, &change.fields, touched);
    }
    for element in all_in(object, "[data-f]") {
        let owner = element.parent_element().and_then(|p| p.closest("[data-k]").ok().flatten());
        if owner.as_ref() == Some(object) {
            field(&element, &change.fields, touched);
        }
    }
}

fn field(element: &Element, fields: &Fields, touched: &mut Vec<Element>) {
    let name = element.get_attribute("data-f").unwrap_or_default();
    let Some(value) = fields.get(&name) else { return };
    match name.as_str() {
        "n" => {
            if let Some(tally) = tally(value) {
                let strip = element.get_attribute("data-m");
                let size = strip.as_deref().and_then(|m| m.strip_prefix("strip")?.parse().ok());
                let svg = match size {
                    Some(size) => strip_svg(&tally, size),
                    None => marks_svg(&tally),
                };
                draw(element, &svg);
            }
        }
        "s" => {
            if let Some(status) = value.as_str().and_then(Status::from_name) {
                tone(element, status);
            }
        }
        _ => {
            let text = value.as_str().unwrap_or_default();
            let time = element.query_selector("time").ok().flatten();
            if let (Some(time), Some(at)) = (&time, fields.get(&format!("{name}_at"))) {
                let at = Date::new(&(at.as_f64().unwrap_or_default() * 1000.0).into());
                let iso = String::from(at.to_iso_string());
                let _ = time.set_attribute("datetime", &iso);
                let _ = time.remove_attribute("title");
            }
            if set_text(time.as_ref().unwrap_or(element), text) {
                touched.push(element.clone());
            }
            if name == "open"
                && let Ok(Some(count)) = element.closest(".n")
            {
                let _ = count.toggle_attribute_with_force("hidden", text == "0");
            }
        }
    }
}

fn tally(value: &Value) -> Option<Tally> {
    let counts = value.as_array()?;
    let mut tally = Tally::default();
    for (mine, theirs) in tally.0.iter_mut().zip(counts) {
        *mine = theirs.as_u64()? as u32;
    }
    Some(tally)
}

/// Changes the glyph, and the colour where the element has one.
fn tone(element: &Element, status: Status) {
    let now = Tone::from(status);
    if element.get_attribute("data-m").as_deref() == Some("worse") {
        let worse = status <= Status::Unknown;
        let glyph = format!(
            r##"<svg class="g" aria-hidden="true"><use href="#g-{}"/></svg>"##,
            now.class()
        );
        draw(element, if worse { &glyph } else { "" });
        return;
    }
    if let Ok(Some(glyph)) = element.query_selector("svg.g use") {
        let _ = glyph.set_attribute("href", &format!("#g-{}", now.class()));
    }
    let classes = element.class_list();
    let coloured = Tone::ALL.iter().any(|tone| classes.contains(tone.class()));
    if coloured && !classes.contains(now.class()) {
        for tone in Tone::ALL {
            let _ = classes.remove_1(tone.class());
        }
        let _ = classes.add_1(now.class());
    }
}

/// A cell of the matrix: its marks, its tint and its name.
fn matrix_cell(cell: &Element, fields: &Fields, touched: &mut Vec<Element>) {
    let by = cell.closest("[data-matrix]").ok().flatten();
    let by = by.and_then(|m| m.get_attribute("data-matrix")).unwrap_or_default();
    if let Some(label) = fields.get("label").and_then(Value::as_str) {
        let _ = cell.set_attribute("aria-label", label);
    }
    let Some(td) = cell.parent_element() else { return };
    let classes = td.class_list();
    if let Some(old) = fields.get("old").and_then(Value::as_bool) {
        let _ = classes.toggle_with_force("old", old);
    }
    if by == "load" {
        load(cell, &classes, fields, touched);
        return;
    }
    if by == "version" {
        version(cell, fields, touched);
    }
    let counted = fields.get("n").and_then(tally).filter(|_| by == "health");
    if counted.is_some_and(|tally| draw(cell, &marks_svg(&tally))) {
        touched.push(cell.clone());
    }
    let status = fields.get("s").and_then(Value::as_str).and_then(Status::from_name);
    let Some(status) = status else { return };
    for tone in Tone::ALL {
        let tint = tone == Tone::from(status) && tone != Tone::Ok;
        let _ = classes.toggle_with_force(&format!("t-{}", tone.class()), tint);
    }
}

/// A cell that shows its version, and whether others run beside it.
fn version(cell: &Element, fields: &Fields, touched: &mut Vec<Element>) {
    let Some(first) = fields.get("first_version").and_then(Value::as_str) else { return };
    let more = fields.get("more_versions").and_then(Value::as_u64).unwrap_or(0);
    let more = if more > 0 { format!("+{more}") } else { String::new() };
    for (selector, text) in [(".ver", first), (".prog", &*more)] {
        if let Ok(Some(part)) = cell.query_selector(selector)
            && set_text(&part, text)
        {
            touched.push(part);
        }
    }
}

/// A cell that shows its load: the number, and the tint of its step (0: not measured).
fn load(cell: &Element, tints: &DomTokenList, fields: &Fields, touched: &mut Vec<Element>) {
    let Some(now) = fields.get("step").and_then(Value::as_u64) else { return };
    let text = fields.get("load").and_then(Value::as_str).filter(|_| now > 0);
    if set_text(cell, text.unwrap_or(NOT_MEASURED)) {
        touched.push(cell.clone());
    }
    for step in 1..=LOAD_STEPS {
        let _ = tints.toggle_with_force(&format!("load{step}"), step == now);
    }
}

/// Marks what changed, for a while.
fn mark(touched: Vec<Element>) {
    if touched.is_empty() {
        return;
    }
    for element in &touched {
        let _ = element.class_list().add_1("changed");
    }
    set_timeout(
        move || {
            for element in &touched {
                let _ = element.class_list().remove_1("changed");
            }
        },
        MARKED,
    );
}
