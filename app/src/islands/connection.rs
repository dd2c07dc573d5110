//! How this page hears the stream: opens it or hears it from the tab that leads, watches its
//! heartbeat, builds it anew when the browser gave up, and rests while nobody looks.
//!
//! Invariants: nothing is missed. Whoever hears the stream of another tab compares the newest
//! event of both and fetches its values when they differ; a stream that is opened again names the
//! last event heard. A tab with a stream of its own passes each event on before it uses it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{set_interval, set_timeout};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, MessageEvent, RequestInit, Response};

use crate::islands::LiveWords;
use crate::islands::badge::{note, show_clock};
use crate::islands::dom::{announce, by_id, document, on, visible, window};
use crate::islands::link::{Link, Phase, Role, Wanted, now_ms};
use crate::islands::tabs::{Message, Tabs};
use crate::live::{Beat, CONTENT_TYPE, Change, LANGUAGE_HEADER, OLD_SECONDS, ZONE_HEADER};

/// Seconds before the next try; the last repeats for ever.
const BACKOFF_SECONDS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 15.0];
/// Part of the wait that is random, so that browsers do not return together.
const JITTER: f64 = 0.3;
/// A hidden page rests after this long.
const HIDDEN_SECONDS: u64 = 60;
/// Changes are applied at most this often.
const FLUSH_MS: f64 = 500.0;
/// A new leader waits so long for what the other tabs want.
const GATHER_MS: u64 = 50;

type Shared = Rc<RefCell<Link>>;

/// Starts the connection of this page.
pub(crate) fn start(wanted: Wanted, words: LiveWords) {
    let shown = by_id("live").and_then(|e| e.get_attribute("data-at")).unwrap_or_default();
    let name = wanted.shared_name();
    let link = Link::new(wanted, words, shown);
    let shared: Shared = Rc::new(RefCell::new(link));
    let (heard, elected) = (Rc::clone(&shared), Rc::clone(&shared));
    let tabs = Tabs::join(name, move |message| told(&heard, message), move || lead(&elected));
    watch(&shared);
    match tabs {
        None => open(&shared),
        Some(tabs) => shared.borrow_mut().join(tabs),
    }
}

/// This tab has the lock: it asks the others what they want and opens a stream for all.
fn lead(shared: &Shared) {
    let gather = {
        let mut link = shared.borrow_mut();
        let Some(tabs) = link.tabs.clone() else { return };
        if link.phase == Phase::SignedOut {
            tabs.step_down();
            return;
        }
        // One that was only hidden for a moment still has its stream.
        if !matches!(link.role, Role::Leads(_)) {
            link.role = Role::Leads(BTreeMap::new());
        }
        tabs.say(&Message::Lead);
        link.source.is_none()
    };
    if gather {
        open_soon(shared);
    }
}

/// Another tab said something.
fn told(shared: &Shared, message: Message) {
    let mine = shared.borrow().tabs.as_ref().map(|tabs| tabs.id.clone()).unwrap_or_default();
    let follows = matches!(shared.borrow().role, Role::Follows);
    match message {
        Message::Lead => shared.borrow_mut().follow(),
        Message::Want { tab, topics } => {
            if shared.borrow_mut().admit(tab, topics) {
                open_soon(shared);
            }
        }
        Message::Bye { tab } => {
            if let Role::Leads(others) = &mut shared.borrow_mut().role {
                others.remove(&tab);
            }
        }
        Message::After { tab, id } if tab == mine && follows => {
            if shared.borrow().last_id != id || id.is_empty() {
                catch_up(shared, false);
            }
        }
        Message::Full { tab } if tab == mine && follows => {
            shared.borrow_mut().part();
            open(shared);
        }
        Message::Event { name, id, data } if follows => heard(shared, &name, id, &data),
        Message::Lost if follows => shared.borrow_mut().falter(),
        Message::SignedOut => shared.borrow_mut().sign_out(),
        Message::After { .. } | Message::Full { .. } | Message::Event { .. } | Message::Lost => {}
    }
}

/// Opens the stream once all tabs have had time to say what they want.
fn open_soon(shared: &Shared) {
    if std::mem::replace(&mut shared.borrow_mut().gathering, true) {
        return;
    }
    let shared = Rc::clone(shared);
    set_timeout(
        move || {
            shared.borrow_mut().gathering = false;
            if matches!(shared.borrow().role, Role::Leads(_)) {
                reopen_now(&shared);
            }
        },
        Duration::from_millis(GATHER_MS),
    );
}

fn open(shared: &Shared) {
    let address = {
        let mut link = shared.borrow_mut();
        if link.phase == Phase::SignedOut {
            return;
        }
        link.address()
    };
    let Ok(source) = EventSource::new(&address) else { return };
    for name in ["beat", "batch", "reset"] {
        let shared = Rc::clone(shared);
        on(&source, name, move |event| {
            if let Some(event) = event.dyn_ref::<MessageEvent>() {
                let data = event.data().as_string().unwrap_or_default();
                let id = event.last_event_id();
                shared.borrow().pass_on(name, &id, &data);
                heard(&shared, name, id, &data);
            }
        });
    }
    let again = Rc::clone(shared);
    on(&source, "error", move |_| lost(&again));
    shared.borrow_mut().source = Some(source);
}

/// An event of the stream came, from wherever.
fn heard(shared: &Shared, name: &str, id: String, data: &str) {
    let before = std::mem::replace(&mut shared.borrow_mut().last_id, id);
    if before.is_empty() && name != "reset" {
        catch_up(shared, false);
    }
    match name {
        "beat" => {
            if let Ok(beat) = serde_json::from_str::<Beat>(data) {
                shared.borrow_mut().beat = data.to_owned();
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
            let mut link = shared.borrow_mut();
            link.pending.clear();
            link.page.forget_revisions();
            drop(link);
            catch_up(shared, false);
        }
    }
}

fn beat_came(shared: &Shared, beat: Beat) {
    let mut link = shared.borrow_mut();
    link.beat_at = beat.at;
    link.beat_ms = now_ms();
    link.tries = 0;
    show_clock(&beat.clock);
    let was = link.phase;
    link.enter(Phase::Live);
    if was == Phase::Old {
        announce(&link.words.back);
    }
    if beat.build != link.wanted.build && !link.outdated {
        link.outdated = true;
        let (strong, label) = (link.words.outdated.clone(), link.words.reload.clone());
        note(&strong, "", &label, || {
            let _ = window().location().reload();
        });
    }
}

/// Keeps changes and applies them at once, or when the last application is long enough ago.
fn queue(shared: &Shared, changes: Vec<Change>) {
    let wait = {
        let mut link = shared.borrow_mut();
        link.pending.extend(changes);
        if link.flush_waits {
            return;
        }
        let wait = FLUSH_MS - (now_ms() - link.flushed_ms);
        link.flush_waits = wait > 0.0;
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
    let mut link = shared.borrow_mut();
    link.flush_waits = false;
    link.flushed_ms = now_ms();
    let changes = std::mem::take(&mut link.pending);
    link.page.apply(changes);
}

/// The browser lost the stream. It tries again by itself unless it gave up; then we do.
fn lost(shared: &Shared) {
    let gave_up = {
        let mut link = shared.borrow_mut();
        link.falter();
        if let (Role::Leads(_), Some(tabs)) = (&link.role, &link.tabs) {
            tabs.say(&Message::Lost);
        }
        let source = link.source.as_ref();
        source.is_none_or(|source| source.ready_state() == EventSource::CLOSED)
    };
    if gave_up {
        retry_later(shared);
    }
}

fn retry_later(shared: &Shared) {
    let wait = {
        let mut link = shared.borrow_mut();
        if link.waiting || link.phase == Phase::SignedOut {
            return;
        }
        link.waiting = true;
        let at = link.tries.min(BACKOFF_SECONDS.len() - 1);
        link.tries += 1;
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

/// Fetches every current value of the page, then opens the stream again when `reopen` and it is
/// this tab's.
fn catch_up(shared: &Shared, reopen: bool) {
    let shared = Rc::clone(shared);
    let zone = shared.borrow().wanted.zone.clone();
    let language = shared.borrow().wanted.language.clone();
    spawn_local(async move {
        match fetch_values(&zone, &language).await {
            Ok(Some(changes)) => {
                queue(&shared, changes);
                let streams = !matches!(shared.borrow().role, Role::Follows);
                if reopen && streams {
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
async fn fetch_values(zone: &str, language: &str) -> Result<Option<Vec<Change>>, JsValue> {
    let init = RequestInit::new();
    let headers = web_sys::Headers::new()?;
    headers.set("accept", CONTENT_TYPE)?;
    headers.set(ZONE_HEADER, zone)?;
    headers.set(LANGUAGE_HEADER, language)?;
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
    on(&window(), "online", move |_| {
        let streams = !matches!(online.borrow().role, Role::Follows);
        if streams {
            try_now(&online);
        }
    });
    let leaving = Rc::clone(shared);
    on(&window(), "pagehide", move |_| leaving.borrow_mut().rest());
    let seen = Rc::clone(shared);
    on(&document(), "visibilitychange", move |_| {
        if visible() {
            shown(&seen);
        } else {
            hidden(&seen);
        }
    });
}

fn shown(shared: &Shared) {
    let broken = {
        let mut link = shared.borrow_mut();
        if std::mem::take(&mut link.resting) {
            // Whatever comes next says how old the page is.
            link.beat_ms = now_ms();
            link.falter();
        }
        link.ask();
        link.source.is_none() || link.phase != Phase::Live
    };
    let streams = !matches!(shared.borrow().role, Role::Follows);
    if streams && broken {
        try_now(shared);
    }
}

/// Others may lead at once; the stream ends when they do, or after a while.
fn hidden(shared: &Shared) {
    let hide = {
        let mut link = shared.borrow_mut();
        if let Some(tabs) = &link.tabs {
            tabs.step_down();
        }
        link.hides += 1;
        link.hides
    };
    let shared = Rc::clone(shared);
    set_timeout(
        move || {
            if !visible() && shared.borrow().hides == hide {
                shared.borrow_mut().rest();
            }
        },
        Duration::from_secs(HIDDEN_SECONDS),
    );
}

/// Tries to connect at once. A tab that follows takes the lead: the leader does not answer.
fn try_now(shared: &Shared) {
    shared.borrow_mut().waiting = false;
    let follows = matches!(shared.borrow().role, Role::Follows);
    if let Some(tabs) = shared.borrow().tabs.as_ref().filter(|_| follows) {
        tabs.seize();
    }
    catch_up(shared, !follows);
}

fn tick(shared: &Shared) {
    let age = {
        let link = shared.borrow();
        let asleep = matches!(link.phase, Phase::SignedOut | Phase::Connecting);
        if link.resting || asleep {
            return;
        }
        ((now_ms() - link.beat_ms) / 1000.0) as u64
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
