//! The connection to the stream: opens it, watches its heartbeat, builds it anew when the browser
//! gave up, and closes it while nobody looks.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{set_interval, set_timeout};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, MessageEvent, RequestInit, Response, VisibilityState};

use crate::islands::LiveWords;
use crate::islands::apply::Page;
use crate::islands::dom::{announce, by_id, document, first, on, set_text, window};
use crate::live::{Beat, CONTENT_TYPE, Change, OLD_SECONDS};
use crate::paths;

/// Seconds before the next try; the last repeats for ever.
const BACKOFF_SECONDS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 15.0];
/// Part of the wait that is random, so that browsers do not return together.
const JITTER: f64 = 0.3;
/// A hidden page closes its stream after this long.
const HIDDEN_SECONDS: u64 = 60;
/// Changes are applied at most this often.
const FLUSH_MS: f64 = 500.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Live,
    Reconnecting,
    Old,
    SignedOut,
}

struct Connection {
    topics: String,
    build: String,
    words: LiveWords,
    page: Page,
    source: Option<EventSource>,
    phase: Phase,
    /// Id of the newest event heard; empty: none, and the page's age is not known.
    last_id: String,
    /// The server's clock at the last beat, and when it came by this page's own clock.
    beat_at: String,
    beat_ms: f64,
    tries: usize,
    /// A rebuild is waiting.
    waiting: bool,
    pending: Vec<Change>,
    flushed_ms: f64,
    flush_waits: bool,
}

type Shared = Rc<RefCell<Connection>>;

/// Starts the connection of this page.
pub(crate) fn start(topics: String, after: String, build: String, words: LiveWords) {
    let shown = by_id("live").and_then(|e| e.get_attribute("data-at")).unwrap_or_default();
    let page = Page::read(words.newer.clone());
    let connection: Shared = Rc::new(RefCell::new(Connection {
        topics,
        build,
        words,
        page,
        source: None,
        phase: Phase::Connecting,
        last_id: after,
        beat_at: shown,
        beat_ms: now_ms(),
        tries: 0,
        waiting: false,
        pending: Vec::new(),
        flushed_ms: f64::NEG_INFINITY,
        flush_waits: false,
    }));
    open(&connection);
    watch(&connection);
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

fn open(shared: &Shared) {
    let (address, phase) = {
        let connection = shared.borrow();
        let topics = js_sys::encode_uri_component(&connection.topics);
        let after = js_sys::encode_uri_component(&connection.last_id);
        (format!("{}?topics={topics}&after={after}", paths::LIVE), connection.phase)
    };
    if phase == Phase::SignedOut {
        return;
    }
    let Ok(source) = EventSource::new(&address) else { return };
    for name in ["beat", "batch", "reset"] {
        let shared = Rc::clone(shared);
        on(&source, name, move |event| {
            if let Some(event) = event.dyn_ref::<MessageEvent>() {
                let data = event.data().as_string().unwrap_or_default();
                let id = event.last_event_id();
                let begins = {
                    let mut connection = shared.borrow_mut();
                    let begins = connection.last_id.is_empty();
                    connection.last_id = id;
                    begins
                };
                if begins && name != "reset" {
                    catch_up(&shared, false);
                }
                received(&shared, name, &data);
            }
        });
    }
    let again = Rc::clone(shared);
    on(&source, "error", move |_| lost(&again));
    shared.borrow_mut().source = Some(source);
}

fn received(shared: &Shared, name: &str, data: &str) {
    match name {
        "beat" => {
            if let Ok(beat) = serde_json::from_str::<Beat>(data) {
                beat_came(shared, beat);
            }
        }
        "batch" => {
            if let Ok(changes) = serde_json::from_str::<Vec<Change>>(data) {
                queue(shared, changes);
            }
        }
        _ => {
            // Another process counts its revisions anew.
            let mut connection = shared.borrow_mut();
            connection.pending.clear();
            connection.page.forget_revisions();
            drop(connection);
            catch_up(shared, false);
        }
    }
}

fn beat_came(shared: &Shared, beat: Beat) {
    let mut connection = shared.borrow_mut();
    connection.beat_at = beat.at;
    connection.beat_ms = now_ms();
    connection.tries = 0;
    show_clock(&beat.clock);
    let was = connection.phase;
    connection.enter(Phase::Live);
    if was == Phase::Old {
        announce(&connection.words.back);
    }
    if beat.build != connection.build {
        let (strong, label) = (connection.words.outdated.clone(), connection.words.reload.clone());
        note(&strong, "", &label, || {
            let _ = window().location().reload();
        });
    }
}

/// Keeps changes and applies them at once, or when the last application is long enough ago.
fn queue(shared: &Shared, changes: Vec<Change>) {
    let wait = {
        let mut connection = shared.borrow_mut();
        connection.pending.extend(changes);
        if connection.flush_waits {
            return;
        }
        let wait = FLUSH_MS - (now_ms() - connection.flushed_ms);
        connection.flush_waits = wait > 0.0;
        wait
    };
    if wait <= 0.0 {
        flush(shared);
    } else {
        let shared = Rc::clone(shared);
        set_timeout(move || flush(&shared), Duration::from_millis(wait as u64));
    }
}

fn flush(shared: &Shared) {
    let mut connection = shared.borrow_mut();
    connection.flush_waits = false;
    connection.flushed_ms = now_ms();
    let changes = std::mem::take(&mut connection.pending);
    connection.page.apply(changes);
}

/// The browser lost the stream. It tries again by itself unless it gave up; then we do.
fn lost(shared: &Shared) {
    let gave_up = {
        let mut connection = shared.borrow_mut();
        let closed = connection
            .source
            .as_ref()
            .is_none_or(|source| source.ready_state() == EventSource::CLOSED);
        if connection.phase == Phase::Live {
            connection.enter(Phase::Reconnecting);
        }
        closed
    };
    if gave_up {
        retry_later(shared);
    }
}

fn retry_later(shared: &Shared) {
    let wait = {
        let mut connection = shared.borrow_mut();
        if connection.waiting || connection.phase == Phase::SignedOut {
            return;
        }
        connection.waiting = true;
        let at = connection.tries.min(BACKOFF_SECONDS.len() - 1);
        connection.tries += 1;
        BACKOFF_SECONDS[at] * (1.0 + JITTER * (js_sys::Math::random() - 0.5) * 2.0)
    };
    let shared = Rc::clone(shared);
    let wait = Duration::from_millis((wait * 1000.0) as u64);
    set_timeout(
        move || {
            let due = std::mem::take(&mut shared.borrow_mut().waiting);
            if due {
                catch_up(&shared, true);
            }
        },
        wait,
    );
}

/// Fetches every current value of the page, then opens the stream again when `reopen`.
fn catch_up(shared: &Shared, reopen: bool) {
    let shared = Rc::clone(shared);
    spawn_local(async move {
        match fetch_values().await {
            Ok(Some(changes)) => {
                queue(&shared, changes);
                if reopen {
                    reopen_now(&shared);
                }
            }
            // The session has ended: nothing more will come.
            Ok(None) => shared.borrow_mut().sign_out(),
            Err(_) => retry_later(&shared),
        }
    });
}

fn reopen_now(shared: &Shared) {
    if let Some(source) = shared.borrow_mut().source.take() {
        source.close();
    }
    open(shared);
}

/// The values of this page; `None` when signed out.
async fn fetch_values() -> Result<Option<Vec<Change>>, JsValue> {
    let init = RequestInit::new();
    let headers = web_sys::Headers::new()?;
    headers.set("accept", CONTENT_TYPE)?;
    init.set_headers(&headers);
    let address = window().location().href()?;
    let answer = JsFuture::from(window().fetch_with_str_and_init(&address, &init)).await?;
    let answer: Response = answer.dyn_into()?;
    if answer.status() == 401 {
        return Ok(None);
    }
    if !answer.ok() {
        return Err(JsValue::NULL);
    }
    let text = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    serde_json::from_str(&text).map(Some).map_err(|_| JsValue::NULL)
}

/// Watches age, visibility and the network.
fn watch(shared: &Shared) {
    let ticking = Rc::clone(shared);
    set_interval(move || tick(&ticking), Duration::from_secs(1));
    let online = Rc::clone(shared);
    on(&window(), "online", move |_| try_now(&online));
    let seen = Rc::clone(shared);
    on(&document(), "visibilitychange", move |_| {
        if document().visibility_state() == VisibilityState::Visible {
            if seen.borrow().source.is_none() || seen.borrow().phase != Phase::Live {
                try_now(&seen);
            }
        } else {
            let hidden = Rc::clone(&seen);
            set_timeout(move || rest(&hidden), Duration::from_secs(HIDDEN_SECONDS));
        }
    });
}

/// Closes the stream of a page that nobody looks at.
fn rest(shared: &Shared) {
    if document().visibility_state() == VisibilityState::Hidden
        && let Some(source) = shared.borrow_mut().source.take()
    {
        source.close();
    }
}

fn try_now(shared: &Shared) {
    shared.borrow_mut().waiting = false;
    catch_up(shared, true);
}

fn tick(shared: &Shared) {
    let age = {
        let connection = shared.borrow();
        let resting = connection.source.is_none() && !connection.waiting;
        if resting || matches!(connection.phase, Phase::SignedOut | Phase::Connecting) {
            return;
        }
        ((now_ms() - connection.beat_ms) / 1000.0) as u64
    };
    if age < u64::from(OLD_SECONDS) {
        return;
    }
    let turned = shared.borrow_mut().grow_old(age);
    if turned {
        let words = shared.borrow().words.clone();
        let at = shared.borrow().beat_at.clone();
        let again = Rc::clone(shared);
        note(&words.old_title, &words.old_detail.replace("{at}", &at), &words.try_now, move || {
            try_now(&again);
        });
        announce(&words.old_title);
    }
}

impl Connection {
    /// Changes the phase and what the top bar says of it.
    fn enter(&mut self, phase: Phase) {
        let turned = self.phase != phase;
        self.phase = phase;
        let at = self.beat_at.as_str();
        match phase {
            Phase::Live => {
                badge("ok", &self.words.live, at);
                mark("on");
                if turned {
                    remove_note();
                }
            }
            Phase::Reconnecting => badge("prog", &self.words.reconnecting, at),
            Phase::Connecting | Phase::Old | Phase::SignedOut => {}
        }
    }

    /// Shows the age of the data; whether it has just become old.
    fn grow_old(&mut self, age: u64) -> bool {
        let turned = self.phase != Phase::Old;
        self.phase = Phase::Old;
        let seconds = self.words.seconds.replace("{n}", &age.to_string());
        badge("unk", &format!("{}: {seconds}", self.words.old), "");
        mark("old");
        turned
    }

    fn sign_out(&mut self) {
        self.phase = Phase::SignedOut;
        if let Some(source) = self.source.take() {
            source.close();
        }
        badge("unk", &self.words.signed_out, &self.beat_at);
        mark("old");
        let (title, label) = (self.words.signed_out.clone(), self.words.sign_in.clone());
        note(&title, "", &label, || {
            let location = window().location();
            let (path, query) = (location.pathname(), location.search());
            let here = format!("{}{}", path.unwrap_or_default(), query.unwrap_or_default());
            let next = js_sys::encode_uri_component(&here);
            crate::islands::dom::go(&format!("{}?next={next}", crate::paths::SIGN_IN));
        });
    }
}

fn mark(state: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-live", state);
    }
}

/// The day and the time of the top bar; the time is the last two words.
fn show_clock(words: &str) {
    let at = words.rmatch_indices(' ').nth(1).map_or(0, |(at, _)| at);
    for (selector, text) in [("#clock .day", &words[..at]), ("#clock .day + span", &words[at..])] {
        if let Some(part) = first(selector) {
            set_text(&part, text.trim_start());
        }
    }
}

/// The connection badge of the top bar.
fn badge(tone: &str, word: &str, at: &str) {
    let Some(badge) = by_id("live") else { return };
    if badge.query_selector(".lt").ok().flatten().is_none() {
        badge.set_inner_html(concat!(
            r#"<svg class="g" aria-hidden="true"><use/></svg>"#,
            r#"<span class="lw"></span><span class="muted lt"></span>"#
        ));
    }
    let part = |selector: &str| badge.query_selector(selector).ok().flatten();
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

/// A note over the page, so that nothing under it moves.
fn note(strong: &str, detail: &str, label: &str, act: impl FnMut() + 'static) {
    remove_note();
    let Ok(note) = document().create_element("div") else { return };
    note.set_id("live-note");
    note.set_class_name("callout unk note");
    note.set_inner_html(concat!(
        r##"<svg class="g" aria-hidden="true"><use href="#g-unk"/></svg>"##,
        r#"<div><b></b> <span class="second"></span></div><button class="btn sm"></button>"#
    ));
    for (selector, text) in [("b", strong), (".second", detail), ("button", label)] {
        if let Ok(Some(part)) = note.query_selector(selector) {
            part.set_text_content(Some(text));
        }
    }
    if let Ok(Some(button)) = note.query_selector("button") {
        let mut act = act;
        on(&button, "click", move |_| act());
    }
    if let Some(app) = by_id("app") {
        let _ = app.append_child(&note);
    }
}

fn remove_note() {
    if let Some(note) = by_id("live-note") {
        note.remove();
    }
}
