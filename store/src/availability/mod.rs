//! Availability: minutes by hour and day ([`roll`], [`read`]), and outages with what was said of
//! them ([`outage`]).
//!
//! Invariants: minutes, their sums, the outages made of them and the moment up to which this was
//! done change in one transaction, so each minute counts once, whoever decides and whenever it is
//! killed; a correction is a row of its own, and no row of an outage's account is changed.

pub mod outage;
pub mod read;
pub mod roll;
