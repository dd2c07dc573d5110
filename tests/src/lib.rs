//! What the integration and browser tests stand on: a whole Mainstay of one's own for each test.
//!
//! Invariants: tests share nothing but the Postgres programs and one cluster for each test program;
//! everything that is started ends with the test, or with the test program when that is killed;
//! waiting is for a condition, with a deadline.
//!
//! Must not: know pages. A test says what it looks for.

pub mod agent;
pub mod browser;
pub mod database;
pub mod estate;
pub mod html;
pub mod oidc;
pub mod owed;
pub mod ports;
pub mod process;
pub mod program;
pub mod programs;
pub mod visitor;
pub mod wait;
mod webdriver;
pub mod world;

pub use browser::{Browser, Look, Medium};
pub use oidc::IdentityProvider;
pub use program::Program;
pub use visitor::Visitor;
pub use wait::until;
pub use world::{Setup, World};
