//! Planned events in words: kinds, how they stand, checks.

use mainstay_core::audit::Action;
use mainstay_core::planned::check::{Answer, Check};
use mainstay_core::planned::{Kind, Standing};

use crate::t;
use crate::ui::tone::Tone;

pub fn kind(kind: Kind) -> String {
    match kind {
        Kind::PlatformUpdate => t!("event-kind-platform"),
        Kind::InfrastructureUpdate => t!("event-kind-infrastructure"),
        Kind::NewFeature => t!("event-kind-feature"),
        Kind::UrgentHotfix => t!("event-kind-hotfix"),
    }
}

/// How an event stands: its look and its word.
pub fn standing(standing: Standing) -> (Tone, String) {
    match standing {
        Standing::Planned => (Tone::Plan, t!("event-planned")),
        Standing::Running => (Tone::Prog, t!("event-running")),
        Standing::Done => (Tone::Ok, t!("event-done")),
        Standing::Cancelled => (Tone::Unk, t!("event-cancelled")),
        Standing::NeverStarted => (Tone::Warn, t!("event-never-started")),
        Standing::Overrun => (Tone::Warn, t!("event-overrun")),
    }
}

pub fn check(check: Check) -> String {
    match check {
        Check::BackupsFresh => t!("event-check-backups-fresh"),
        Check::BackupsProven => t!("event-check-backups-proven"),
        Check::Bench => t!("event-check-bench"),
        Check::Configuration => t!("event-check-configuration"),
        Check::Pipeline => t!("event-check-pipeline"),
        Check::Nodes => t!("event-check-nodes"),
        Check::Consumers => t!("event-check-consumers"),
        Check::PreProduction => t!("event-check-pre-production"),
        Check::WayBack => t!("event-check-way-back"),
        Check::NoFailover => t!("event-check-no-failover"),
        Check::Gates => t!("event-check-gates"),
        Check::Collisions => t!("event-check-collisions"),
    }
}

pub fn answer(answer: Answer) -> (Tone, String) {
    match answer {
        Answer::Pass => (Tone::Ok, t!("event-check-passes")),
        Answer::Fail => (Tone::Crit, t!("event-check-fails")),
        Answer::Unknown => (Tone::Unk, t!("event-check-unknown")),
    }
}

/// What was done to an event, for its log.
pub fn done(action: Action) -> String {
    crate::pages::audit::words::action(action, mainstay_core::audit::Outcome::Done)
}
