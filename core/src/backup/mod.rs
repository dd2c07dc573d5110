//! Backups: when copies are made and where, what exists, how long it stays, and what it proves.
//!
//! Owns the plan ([`plan`], [`Schedule`]) and what repositories hold ([`copy`]).

mod calendar;
pub mod copy;
pub mod job;
pub mod work;
mod local;
mod schedule;
#[cfg(test)]
mod tests;

pub use calendar::Steady;
pub use copy::{Catalogue, Copy, Kind, Label};
pub use schedule::{Planned, Schedule, Window, plan, planned_most};
