//! Live values: what the stream carries, and how the server finds what changed.
//!
//! A change names an object (`k`), its revision (`r`) and its new values by field. An element of a
//! page carries the same name in `data-k` and the field in `data-f`, so the browser writes values
//! in place and needs to know nothing else.
//!
//! | key | fields |
//! |---|---|
//! | `total` | `n`, `healthy`, `total`, and a number for each status name |
//! | `problems` | `s`, `open`, `open_words`, `need`, `cause`, `failing`, `reporting`, `ids` |
//! | `topology`, `rollouts`, `backups` | `s`, `open`, `open_words` |
//! | `rollout/ID` | `s`, `word`, `rev` (the revision) |
//! | `problem/ID` | `s`, `status`, `word`, `clock`, `detail` |
//! | `dc/D` | `n`, `s`, `status`, `healthy`, `total`, `word`, `contact`, `old` |
//! | `region/R`, `group/G`, `service/S` | `n`, `s`, `status`, `healthy`, `total`, `word` |
//! | `cell/S/D` | `n`, `s`, `status`, `healthy`, `total`, `word`, `label`, `version`, |
//! |  | `first_version`, `more_versions`, `load`, `step`, `old` |
//! | `instance/I` | `s`, `word`, `state`, `cause`, `since`, `version`, `endpoint`, `handle`, |
//! |  | `restarts`, `cpu`, `memory` |
//!
//! `n` is the six counts from worst to best, `s` a status name, `status` its word, `old` whether
//! the data centre is not heard, `step` the tint of a load; everything else is ready text.
//! `NAME_at` gives the moment (seconds since 1970) that the text `NAME` says: see [`told_in`].

#[cfg(feature = "ssr")]
mod model;
#[cfg(feature = "ssr")]
mod topics;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "ssr")]
pub use model::{View, changed, told_in};
#[cfg(feature = "ssr")]
pub use topics::{Place, Topics};

/// Values by field.
pub type Fields = BTreeMap<String, Value>;

/// `Accept` of the request for every current value of a page's topics, after a `reset`.
pub const CONTENT_TYPE: &str = "application/vnd.mainstay.live+json";
/// Header of that request: the zone of the page's times; empty or missing: UTC.
pub const ZONE_HEADER: &str = "x-zone";
/// Header of that request: the tag of the page's language.
pub const LANGUAGE_HEADER: &str = "x-language";
/// Topics of one stream at most.
pub const TOPICS_MAX: usize = 64;
/// Seconds between two `beat` events.
pub const BEAT_SECONDS: u32 = 10;
/// Seconds without a beat after which the page calls its data old.
pub const OLD_SECONDS: u32 = 20;

/// New values of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The object.
    pub k: String,
    /// Rises with each change; a browser ignores one it has.
    pub r: u64,
    #[serde(flatten)]
    pub fields: Fields,
    /// Where it belongs, for choosing who hears it; stays on the server.
    #[cfg(feature = "ssr")]
    #[serde(skip)]
    pub place: Option<Place>,
}

/// What a `beat` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// The server's clock: `03:12:07`.
    pub at: String,
    /// `Fri 20 Nov 03:12 UTC`, for the top bar.
    pub clock: String,
    /// The newest revision.
    pub seq: u64,
    /// Version of the server; a page of another version offers to reload.
    pub build: String,
}
