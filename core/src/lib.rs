//! The vocabulary of Mainstay and every decision it takes.
//!
//! Owns: the fleet as declared, the estate as observed, and the pure functions from one to the
//! other: placement, problems, what to command, who may do what, and what an auditor can verify.
//!
//! Must not: do I/O, read a clock, draw randomness or be async. `now` and seeds are arguments, so
//! the same input gives the same decision on the server, in the browser and in a test.

pub mod access;
pub mod address;
pub mod approval;
pub mod audit;
pub mod availability;
pub mod backup;
pub mod bench;
pub mod cluster;
pub mod deployment;
pub mod estate;
pub mod evidence;
pub mod failover;
pub mod fence;
pub mod fleet;
pub mod forget;
pub mod id;
pub mod judge;
pub mod lease;
pub mod moment;
pub mod notify;
pub mod pipeline;
pub mod placement;
pub mod planned;
pub mod problem;
pub mod release;
pub mod rewind;
pub mod rollout;
pub mod routing;
pub mod runbook;
pub mod status;
pub mod traffic;
