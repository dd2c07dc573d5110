//! Backups of real clusters of Postgres 15 with the real pgBackRest: each test has a cluster,
//! repositories and an agent's folder of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod copies;
mod crashes;
mod damage;
mod kept;
mod outages;
mod proofs;
mod works;
