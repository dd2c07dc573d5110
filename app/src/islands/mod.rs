//! Islands: the few parts that run in the browser. All of them are optional: a page without its
//! script reads and acts the same.
//!
//! Their words come as properties, so the browser's program carries no language files. Each island
//! draws static HTML on the server and only attaches behaviour in the browser.

mod go_on;
mod keys;
mod live;
mod palette;
mod passkey;

#[cfg(feature = "hydrate")]
mod apply;
#[cfg(feature = "hydrate")]
mod badge;
#[cfg(feature = "hydrate")]
mod connection;
#[cfg(feature = "hydrate")]
mod device;
#[cfg(feature = "hydrate")]
mod dom;
#[cfg(feature = "hydrate")]
mod link;
#[cfg(feature = "hydrate")]
mod matrix;
#[cfg(feature = "hydrate")]
mod search;
#[cfg(feature = "hydrate")]
mod shortcuts;
#[cfg(feature = "hydrate")]
mod slot;
#[cfg(feature = "hydrate")]
mod swap;
#[cfg(feature = "hydrate")]
mod tabs;

pub use go_on::GoOn;
pub use keys::{KeyWords, Keys};
pub use live::{LiveApplier, LiveWords};
pub use palette::{Palette, PaletteWords};
pub use passkey::{PasskeyButton, PasskeyWords};
