//! Envoy's side of routing: core's [`Routing`](mainstay_core::routing::Routing) told to any number
//! of Envoys over xDS, and their access logs counted.
//!
//! Owns the translation into Envoy's resources (pure), the aggregated discovery service with what
//! each edge acknowledged or refused, the sink of the access logs, and the file an edge starts
//! with. Knows no SQL and decides nothing: what edges are told comes from core.
//!
//! Invariants: an edge that refuses something keeps what it had, and only the refused part waits;
//! nothing is told that points at what the edge does not have yet, and nothing is taken away that
//! is still pointed at; an edge is known by the certificate of its data centre.

mod ads;
pub mod bootstrap;
mod gate;
mod log;
mod pb;
mod resources;

pub use ads::{Contact, EdgeState, Nack, Xds};
pub use gate::{Gate, Services};
pub use log::{Taken, Traffic};
pub use resources::Kind;
