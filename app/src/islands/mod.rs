//! Islands: the few parts that run in the browser. All of them are optional: a page without its
//! script reads and acts the same.
//!
//! Their words come as properties, so the browser's program carries no language files.

mod keys;
mod live;
mod palette;

pub use keys::{KeyWords, Keys};
pub use live::{LiveApplier, LiveWords};
pub use palette::{Palette, PaletteWords};
