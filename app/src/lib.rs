//! The console: pages, their components and the islands that keep them alive.
//!
//! Owns: addresses ([`paths`]), words ([`text`]), components that know no domain ([`ui`]), pages
//! as pure rooms ([`pages`]: `build` makes the data from core types, `view` makes the HTML), the
//! document around them ([`render`]) and the live values ([`live`]).
//!
//! Built twice: with `ssr` for the server, where every page becomes whole HTML, and with `hydrate`
//! for the browser, where only the [`islands`] exist.
//!
//! Must not: know SQL, HTTP or how data is loaded. A page without its script still reads and acts.

pub mod islands;
pub mod live;
pub mod past;
pub mod paths;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod render;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod text;

/// Called once by the page's script, before it wakes the islands.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
