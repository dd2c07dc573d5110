//! Keeps the values on the page alive: connects to the stream, applies changes in place, and says
//! plainly when it is not connected.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the island says. `{at}`, `{n}` and `{count}` stand for values.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LiveWords {
    pub live: String,
    pub reconnecting: String,
    pub old: String,
    pub old_title: String,
    pub old_detail: String,
    pub try_now: String,
    pub back: String,
    pub signed_out: String,
    pub sign_in: String,
    pub newer: String,
    pub new_problems: String,
    pub failing: String,
    pub seconds: String,
    pub outdated: String,
    pub reload: String,
}

/// Connects the page to its live values. `after` is the id of the newest live event whose
/// values the page shows, empty when it is not known; `release` is the version that made it;
/// `zone` is that of its lists' times, empty for UTC; `language` is the tag of its words'.
/// Draws nothing itself.
#[island]
pub fn LiveApplier(
    topics: String,
    after: String,
    release: String,
    zone: String,
    language: String,
    words: LiveWords,
) -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        let wanted = crate::islands::link::Wanted { topics, after, build: release, zone, language };
        crate::islands::connection::start(wanted, words);
        crate::islands::swap::start();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (topics, after, release, zone, language, words);
}
