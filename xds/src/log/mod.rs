//! What users' requests did: the edges' access logs, read as they come and counted by second.
//!
//! Invariants: memory is bounded, for each edge and for all, and what does not fit is counted as
//! lost; a second in which an edge's log stood, or in which it was connected and had nothing to
//! log yet, is told as heard, so that no requests and no news stay apart.

mod addresses;
mod sink;
mod tally;

pub(crate) mod proto {
    #![allow(clippy::all, clippy::wildcard_enum_match_arm, reason = "generated code")]
    tonic::include_proto!("envoy.service.accesslog.v3");
}

pub use sink::Sink;
pub(crate) use tally::Stream;
pub use tally::{Taken, Traffic};
