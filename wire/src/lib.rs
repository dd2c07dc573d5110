//! The agent protocol and its conversion to the core's types.
//!
//! Invariant: what comes out of this crate is valid; a malformed message is an error here, once,
//! and never reaches a decision. Reading is `TryFrom` a message of [`proto`] (with [`WireError`]
//! naming the field), writing is `From` our own type.
//!
//! Must not: decide, or know how messages travel.

mod bench;
mod command;
mod error;
mod estate;
mod join;
pub mod limits;
mod message;

pub use command::{Command, CommandId, CommandResult};
pub use error::{Problem, WireError};
pub use join::{
    AGENT_DOMAIN, JoinReply, JoinRequest, JoinToken, RenewRequest, SERVER_NAME, agent_name,
};
pub use mainstay_core::fence::Outcome;
pub use message::{Checkpoint, FromAgent, Hello, Report, ToAgent, Welcome};

/// The generated protocol types.
pub mod proto {
    #![allow(clippy::all, clippy::wildcard_enum_match_arm, reason = "generated code")]
    tonic::include_proto!("mainstay.agent.v1");
}
