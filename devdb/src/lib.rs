//! A private Postgres cluster for `cargo xtask up` and for tests.
//!
//! Owns: finding (or installing) the Postgres programs, the life of one cluster, and an
//! unprivileged account for it when the caller is root, because Postgres refuses to run as root.
//!
//! Invariants:
//! - The cluster listens on a Unix socket in a directory of its own and on no TCP port; whoever can
//!   reach the directory may sign in as `postgres` without a password.
//! - It never outlives the process that started it: a guardian process stops it when that process
//!   ends in whatever way, `kill -9` included.
//! - One process at a time uses a directory (an exclusive lock). What a killed run left behind is
//!   stopped and started anew.
//!
//! Must not: be used for production data, know the schema, or need an async runtime.

mod account;
mod cluster;
mod place;
mod programs;
mod session;

pub use cluster::{Cluster, Options};
pub use programs::{Missing, Programs, no_main_cluster};
