//! Backups: when copies are made and where, what exists, how long it stays, and what it proves.

mod calendar;
pub mod copy;
pub mod job;
pub mod work;

pub use copy::{Catalogue, Copy, Kind, Label};
