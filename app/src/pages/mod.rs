//! Pages, a room each: `Data` (what the page says, also the JSON of its API), `build` (pure, from
//! core types) and `view` (its HTML).
//!
//! Must not: load anything, read a clock, or decide what a person may do other than by asking
//! [`mainstay_core::access`].

pub mod approvals;
pub mod attention;
pub mod audit;
pub mod availability;
pub mod backups;
pub mod bench;
pub mod cell;
pub mod components;
pub mod confirm;
pub mod datacenter;
pub mod error;
pub mod failover;
pub mod find;
pub mod forget;
pub mod group;
pub mod instance;
pub mod overview;
pub mod parts;
pub mod placement;
pub mod planned;
pub mod problem;
pub mod provider;
pub mod query;
pub mod region;
pub mod replace;
pub mod rollout;
pub mod rollouts;
pub mod rows;
pub mod runbook;
pub mod second;
pub mod service;
pub mod settings;
pub mod sign_in;
pub mod survey;
pub mod tombstone;
pub mod topology;
pub mod traffic;

use mainstay_core::access::{Grant, Permission, Refusal, Target, decide};
use mainstay_core::status::{Status, Tally};
use serde::Serialize;
use utoipa::ToSchema;

/// Who reads the page, as far as its actions care.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Sign-in name.
    pub name: String,
    /// What the reader holds; a page is only drawn for someone signed in.
    pub grants: Vec<Grant>,
    /// Token that every form carries.
    pub csrf: String,
    /// The page is of the past: nothing can be done on it.
    pub is_past: bool,
}

impl Reader {
    /// Whether the reader may act on instances and services at `target`, and if not why.
    pub fn may_operate(&self, target: Target<'_>) -> Result<(), Refusal> {
        self.may(Permission::Operate, target)
    }

    /// Whether the reader may do `permission` at `target`, and if not why.
    pub fn may(&self, permission: Permission, target: Target<'_>) -> Result<(), Refusal> {
        if self.is_past {
            return Err(Refusal::Past);
        }
        decide(Some(&self.grants), permission, target)
    }
}

/// Instances by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    pub failing: u32,
    pub degraded: u32,
    pub unknown: u32,
    pub planned: u32,
    pub updating: u32,
    pub healthy: u32,
    pub total: u32,
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Self {
        Self {
            failing: tally.get(Status::Failing),
            degraded: tally.get(Status::Degraded),
            unknown: tally.get(Status::Unknown),
            planned: tally.get(Status::Planned),
            updating: tally.get(Status::Updating),
            healthy: tally.get(Status::Healthy),
            total: tally.total(),
        }
    }
}

impl From<Counts> for Tally {
    fn from(counts: Counts) -> Self {
        let mut tally = Self::default();
        tally.0[Status::Failing as usize] = counts.failing;
        tally.0[Status::Degraded as usize] = counts.degraded;
        tally.0[Status::Unknown as usize] = counts.unknown;
        tally.0[Status::Planned as usize] = counts.planned;
        tally.0[Status::Updating as usize] = counts.updating;
        tally.0[Status::Healthy as usize] = counts.healthy;
        tally
    }
}
