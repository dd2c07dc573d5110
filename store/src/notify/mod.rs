//! Notifications: channels with their sealed secrets ([`channel`]), and what becomes of each
//! delivery ([`delivery`]).
//!
//! Invariant: no secret is read but by [`channel::secrets`], and none is in the clear here.

pub mod channel;
pub mod delivery;
