//! Backups: when copies are made and where, what exists, how long it stays, and what it proves.
//!
//! Owns the plan ([`plan()`], [`Schedule`]), what repositories hold ([`mod@copy`]), what test
//! restores showed ([`proof`]) and which of them stay ([`kept`]), what may go ([`retention`]), what
//! is short ([`mod@coverage`]), what a loss leaves ([`survives`]), what the write-ahead log bridges
//! ([`wal`]) and how fast the days of policies pass ([`clock`]). Decides from snapshots only: a
//! repository that was not read is unknown, and counts neither for a copy nor against one.

mod calendar;
mod chain;
pub mod chores;
pub mod clock;
pub mod copy;
pub mod coverage;
pub mod job;
pub mod kept;
pub(crate) mod local;
mod parent;
pub mod proof;
pub mod restore;
pub mod retention;
pub mod run;
mod schedule;
mod survive;
#[cfg(test)]
mod tests;
pub mod wal;
pub mod work;

pub use calendar::Steady;
pub use copy::{Catalogue, Copy, Kind, Label};
pub use schedule::{Planned, Schedule, Window, plan, planned_most};
pub use survive::{Held, Survivors, survives, usable};
