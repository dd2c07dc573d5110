//! The agent protocol and its conversion to the core's types.
//!
//! Invariant: what comes out of this crate is valid; a malformed message is an error here, once,
//! and never reaches a decision.

/// The generated protocol types.
pub mod proto {
    #![allow(clippy::all, clippy::wildcard_enum_match_arm)]
    tonic::include_proto!("mainstay.agent.v1");
}
