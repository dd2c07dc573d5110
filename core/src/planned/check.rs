//! The checklist of an event (R10, R14 to R19): what is seen by itself, and what a person ticks.
//!
//! Invariant: what is not known is unknown, which is no pass. Each answer has a sentence, how old
//! it is and where it is mended.

mod evidence;
mod judge;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Content, Kind, PlannedEvent};
use crate::bench::BenchResult;
use crate::estate::Estate;
use crate::failover::rules::Gates;
use crate::pipeline::Report;
use crate::pipeline::look::Look;
use crate::problem::Proofs;

pub use judge::judge;

/// What a person ticked counts for so long.
pub const TICK_COUNTS: TimeDelta = TimeDelta::days(7);
/// Fewest nodes of a service that serve in each of its data centres (R17).
pub const SERVING_LEAST: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// R14: the newest copies are as new as their policies ask for.
    BackupsFresh,
    /// R14: a copy passed a test restore lately.
    BackupsProven,
    /// R10, R15: every version that comes passed its bench.
    Bench,
    /// R15: all configuration is in a repository.
    Configuration,
    /// R16: the delivery pipeline is current and has no errors.
    Pipeline,
    /// R17: at least two nodes serve wherever a service is placed.
    Nodes,
    /// R18: what uses the services was tested, where the update is not compatible.
    Consumers,
    /// R19: an infrastructure update was made in pre-production first.
    PreProduction,
    WayBack,
    NoFailover,
    /// Neither a lock nor a freeze is on.
    Gates,
    Collisions,
}

impl Check {
    pub const ALL: [Self; 12] = [
        Self::BackupsFresh,
        Self::BackupsProven,
        Self::Bench,
        Self::Configuration,
        Self::Pipeline,
        Self::Nodes,
        Self::Consumers,
        Self::PreProduction,
        Self::WayBack,
        Self::NoFailover,
        Self::Gates,
        Self::Collisions,
    ];

    /// Its permanent name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BackupsFresh => "backups-fresh",
            Self::BackupsProven => "backups-proven",
            Self::Bench => "bench",
            Self::Configuration => "configuration",
            Self::Pipeline => "pipeline",
            Self::Nodes => "nodes",
            Self::Consumers => "consumers",
            Self::PreProduction => "pre-production",
            Self::WayBack => "way-back",
            Self::NoFailover => "no-failover",
            Self::Gates => "gates",
            Self::Collisions => "collisions",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// Whether a person may answer it: always, or where nothing is seen of it.
    pub const fn is_manual(self) -> bool {
        match self {
            Self::Configuration | Self::Pipeline | Self::Consumers | Self::PreProduction => true,
            Self::BackupsFresh
            | Self::BackupsProven
            | Self::Bench
            | Self::Nodes
            | Self::WayBack
            | Self::NoFailover
            | Self::Gates
            | Self::Collisions => false,
        }
    }

    /// Whether it is asked of an event; an urgent fix is asked what any release is.
    pub fn is_asked(self, content: &Content) -> bool {
        match self {
            Self::Bench | Self::Configuration | Self::Pipeline => {
                content.kind != Kind::InfrastructureUpdate || content.releases().next().is_some()
            }
            Self::PreProduction => content.kind == Kind::InfrastructureUpdate,
            Self::BackupsFresh
            | Self::BackupsProven
            | Self::Nodes
            | Self::Consumers
            | Self::WayBack
            | Self::NoFailover
            | Self::Gates
            | Self::Collisions => true,
        }
    }
}

/// What a person looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Fail,
    Unknown,
    Pass,
}

/// How a check stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub check: Check,
    pub answer: Answer,
    pub sentence: String,
    /// How old what it rests on is: the oldest of it; `None`: it is of now, or there is nothing.
    pub seen: Option<DateTime<Utc>>,
    /// Where it is mended.
    pub fix: String,
}

/// What the checks of an event rest on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub now: DateTime<Utc>,
    pub estate: &'a Estate,
    pub proofs: &'a Proofs,
    /// The newest result of each version that comes, as far as there is one.
    pub benches: &'a [BenchResult],
    /// What pipelines report of the commit that it names.
    pub reports: &'a [Report],
    /// What the repository that it names answered last; `None`: it was not asked.
    pub look: Option<&'a Look>,
    pub gates: &'a Gates,
    /// Every event that is planned or runs.
    pub others: &'a [PlannedEvent],
}

/// Checks by what they say, for a count.
pub fn counts(judged: &[Judged]) -> BTreeMap<Answer, usize> {
    let mut counts = BTreeMap::new();
    for it in judged {
        *counts.entry(it.answer).or_default() += 1;
    }
    counts
}
