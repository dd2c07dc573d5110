//! Backups: when copies are made and where, what exists, how long it stays, and what it proves.

pub mod copy;

pub use copy::{Catalogue, Copy, Kind, Label};
