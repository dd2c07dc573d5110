//! What users' requests did: the edges' access logs, read as they come and counted by second.
//!
//! Invariants: memory is bounded, and what does not fit is counted as lost; a second in which an
//! edge's streams stood is told as heard, so that no requests and no news stay apart.

mod addresses;
mod sink;
mod tally;

pub(crate) mod proto {
    #![allow(clippy::all, clippy::wildcard_enum_match_arm, reason = "generated code")]
    tonic::include_proto!("envoy.service.accesslog.v3");
}

pub use sink::Sink;
pub use tally::{Taken, Traffic};
