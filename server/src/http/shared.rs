//! Pages that say the same to everybody: drawn and compressed once for all who ask within a moment.
//!
//! Owns the memory of such pages ([`SharedPages`]). Invariants: what draws one is a plain function
//! of the estate, the address and the language, so it cannot know its reader; the shell around it,
//! which names the reader and carries the nonce and the form token, is made for each request; a
//! page is at most [`FRESH`] old and none is older than the last change made through this server;
//! the memory is bounded by [`PAGES_MAX`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use leptos::prelude::AnyView;
use mainstay_app::pages::query::Query;
use mainstay_app::render;
use mainstay_control::Control;
use mainstay_control::estate::Snapshot;
use serde::Serialize;
use tokio::sync::OnceCell;

use super::coding;
use super::page::Frame;

/// For so long a page is given out. What changes meanwhile reaches it live: it carries the id of
/// the newest live event before its own snapshot.
const FRESH: Duration = Duration::from_millis(200);
/// Pages remembered at most; about 200 kB each at 2,000 instances.
const PAGES_MAX: usize = 64;

/// How a page that is the same for everybody is made. Functions, not closures: nothing of the
/// request can come in but its query.
pub struct Page<T> {
    pub build: fn(&Control, &Snapshot, &Query) -> T,
    pub frame: fn(&T) -> Frame,
    pub view: fn(&T) -> AnyView,
}

/// A page as it was drawn, and of which moment.
#[derive(Debug)]
pub struct Drawn {
    pub snapshot: Snapshot,
    /// The newest live event before the snapshot was taken.
    pub live_id: String,
    pub frame: Frame,
    pub html: String,
    /// `html` as a piece of a Brotli stream.
    pub brotli: Bytes,
}

impl Drawn {
    /// Draws a page; takes the milliseconds that the pages of this memory save.
    pub fn new<T: Serialize>(
        page: &Page<T>,
        control: &Control,
        snapshot: Snapshot,
        live_id: String,
        query: &Query,
    ) -> Self {
        let data = (page.build)(control, &snapshot, query);
        let html = render::fragment(|| (page.view)(&data));
        let brotli = coding::shared_piece(&html).into();
        Self { frame: (page.frame)(&data), snapshot, live_id, html, brotli }
    }
}

/// The pages drawn lately, by language, path and query.
#[derive(Debug, Default)]
pub struct SharedPages(Mutex<HashMap<String, Slot>>);

#[derive(Clone, Debug)]
struct Slot {
    /// Before the snapshot of its page was taken.
    begun: Instant,
    page: Arc<OnceCell<Arc<Drawn>>>,
}

impl SharedPages {
    /// The page of this address, drawn by the first who asks; others who ask meanwhile wait for it.
    pub async fn get(&self, key: &str, now: Instant, draw: impl FnOnce() -> Drawn) -> Arc<Drawn> {
        let page = self.slot(key, now).page;
        page.get_or_init(|| async { Arc::new(draw()) }).await.clone()
    }

    /// Something was changed through this server: whoever asks from now on sees it.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn slot(&self, key: &str, now: Instant) -> Slot {
        let fresh = |slot: &Slot| now.saturating_duration_since(slot.begun) < FRESH;
        let mut slots = self.lock();
        if let Some(slot) = slots.get(key).filter(|slot| fresh(slot)) {
            return slot.clone();
        }
        slots.retain(|_, slot| fresh(slot));
        let slot = Slot { begun: now, page: Arc::default() };
        // With so many addresses at once this one is drawn for its reader alone.
        if slots.len() < PAGES_MAX {
            slots.insert(key.to_owned(), slot.clone());
        }
        slot
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        // A panic while holding the lock leaves whole values behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use mainstay_control::estate::LiveEstate;

    use super::*;

    #[derive(Default)]
    struct Counted {
        pages: SharedPages,
        drawn: AtomicUsize,
    }

    impl Counted {
        async fn get(&self, key: &str, now: Instant) -> Arc<Drawn> {
            let draw = || {
                let number = self.drawn.fetch_add(1, Ordering::Relaxed);
                Drawn {
                    snapshot: LiveEstate::default().snapshot(chrono::Utc::now()),
                    live_id: String::new(),
                    frame: Frame::default(),
                    html: number.to_string(),
                    brotli: Bytes::new(),
                }
            };
            self.pages.get(key, now, draw).await
        }
    }

    #[tokio::test]
    async fn a_page_is_drawn_once_for_all_who_ask_within_a_moment() {
        let (counted, now) = (Counted::default(), Instant::now());
        let both = tokio::join!(counted.get("/a", now), counted.get("/a", now));
        assert!(Arc::ptr_eq(&both.0, &both.1));
        assert_eq!(counted.get("/a", now + FRESH / 2).await.html, "0");
        assert_eq!(counted.get("/a?by=load", now).await.html, "1", "another address");
        assert_eq!(counted.get("/a", now + FRESH).await.html, "2", "too old");
    }

    #[tokio::test]
    async fn nothing_is_older_than_the_last_change_made_here() {
        let (counted, now) = (Counted::default(), Instant::now());
        assert_eq!(counted.get("/a", now).await.html, "0");
        counted.pages.forget();
        assert_eq!(counted.get("/a", now).await.html, "1");
    }

    #[tokio::test]
    async fn remembers_a_bounded_number() {
        let (counted, now) = (Counted::default(), Instant::now());
        for number in 0..2 * PAGES_MAX {
            counted.get(&format!("/{number}"), now).await;
        }
        assert_eq!(counted.pages.lock().len(), PAGES_MAX);
        let last = format!("/{}", 2 * PAGES_MAX);
        assert_eq!(counted.get(&last, now).await.html, (2 * PAGES_MAX).to_string());
        counted.get(&last, now + FRESH).await;
        assert_eq!(counted.pages.lock().len(), 1, "what is too old goes");
    }
}
