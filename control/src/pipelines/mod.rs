//! Delivery pipelines: who may report of them ([`change`]), taking what they report ([`hook`]) and
//! asking repositories for commits ([`look`]).
//!
//! Invariants: nothing of a message is looked at before its signature was checked ([`signature`]);
//! a message has its effect once, whatever its sender does; a secret leaves this module to whoever
//! made it, once, and is opened for one check.
//!
//! Must not: know HTTP, nor decide what a report means.

mod change;
mod hook;
mod look;
mod signature;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mainstay_core::pipeline::pace::Pace;
use mainstay_core::pipeline::{Delivery, Source, SourceId};
use mainstay_store::{StoreError, pipeline as stored};

use crate::Control;

pub use change::Made;
pub use hook::{HookError, Taken};
pub use look::Repositories;
pub(crate) use look::look_all;
pub use signature::Message;

/// Messages of one source that are taken in a minute.
pub const MESSAGES_A_MINUTE: u32 = 120;
/// Messages with a wrong signature that one address may send in a minute.
pub const WRONG_A_MINUTE: u32 = 60;

/// How often is asked.
#[derive(Debug)]
pub(crate) struct Paces {
    sources: Mutex<Pace<SourceId>>,
    wrong: Mutex<Pace<IpAddr>>,
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            sources: Mutex::new(Pace::new(MESSAGES_A_MINUTE)),
            wrong: Mutex::new(Pace::new(WRONG_A_MINUTE)),
        }
    }
}

/// Counts stay usable whatever a panicking thread did to them.
fn locked<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a secret is sealed for.
fn about(id: SourceId) -> String {
    format!("pipeline {id}")
}

impl Control {
    /// Every source, by name.
    pub async fn pipeline_sources(&self) -> Result<Vec<Source>, StoreError> {
        stored::all(self.store.reads()).await
    }

    /// One source.
    pub async fn pipeline_source(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        stored::get(self.store.reads(), id).await
    }

    /// Messages of a source, newest first.
    pub async fn pipeline_deliveries(
        &self,
        id: SourceId,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        stored::deliveries(self.store.reads(), id, limit).await
    }
}
