//! Damping: how long a problem stands before it is opened, and is gone before it is closed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Problem, Record};

/// How long a problem must stand before it is opened; shorter troubles are mended by themselves
/// (an instance that dies is started again in less) and would only make noise.
pub const OPEN_AFTER: TimeDelta = TimeDelta::seconds(2);
/// The same for a data centre that is not heard: agents reconnect after a server restart.
pub const OPEN_SILENT_AFTER: TimeDelta = TimeDelta::seconds(5);
/// The same for an edge: proxies reconnect with growing pauses after a server restart.
pub const OPEN_GONE_AFTER: TimeDelta = TimeDelta::seconds(15);
/// The same for an edge that was not seen yet: the fleet may have been applied just now.
pub const OPEN_UNSEEN_AFTER: TimeDelta = TimeDelta::minutes(1);
/// The same for a standby: one that catches up does so in less.
pub const OPEN_STANDBY_AFTER: TimeDelta = TimeDelta::seconds(30);
/// The same for copies: repositories are read from time to time.
pub const OPEN_BACKUP_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How long a problem must be absent before it is closed, so that one that comes and goes stays
/// one problem.
pub const CLOSE_AFTER: TimeDelta = TimeDelta::seconds(5);

/// A problem that was opened this often within [`FLAP_WINDOW`] before comes and goes: it stays one
/// problem until it was absent for [`CLOSE_FLAPPING_AFTER`].
pub const FLAPS: u32 = 3;
pub const FLAP_WINDOW: TimeDelta = TimeDelta::minutes(30);
pub const CLOSE_FLAPPING_AFTER: TimeDelta = TimeDelta::minutes(5);

/// What to do to the list of open problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Open(Problem),
    /// The same problem with other numbers.
    Update(i64, Problem),
    Close(i64),
}

/// Compares what is found with what is open, damped at both ends.
///
/// Its memory is only about damping; losing it (a restart) delays a step and never repeats one.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    found_since: BTreeMap<String, DateTime<Utc>>,
    absent_since: BTreeMap<i64, DateTime<Utc>>,
}

impl Tracker {
    /// The steps due at `now`, given every problem found now and every open record.
    pub fn step(&mut self, found: &[Problem], open: &[Record], now: DateTime<Utc>) -> Vec<Step> {
        let found: BTreeMap<String, &Problem> = found.iter().map(|p| (p.key(), p)).collect();
        let open: BTreeMap<String, &Record> = open.iter().map(|r| (r.problem.key(), r)).collect();
        self.found_since.retain(|key, _| found.contains_key(key) && !open.contains_key(key));
        self.absent_since
            .retain(|id, _| open.iter().any(|(key, r)| r.id == *id && !found.contains_key(key)));
        let mut steps = Vec::new();
        for (key, problem) in &found {
            match open.get(key) {
                Some(record) if record.problem != **problem => {
                    steps.push(Step::Update(record.id, (*problem).clone()));
                }
                Some(_) => {}
                None => {
                    let since = *self.found_since.entry(key.clone()).or_insert(now);
                    if now - since >= problem.open_after() {
                        steps.push(Step::Open((*problem).clone()));
                    }
                }
            }
        }
        for record in open.iter().filter(|(key, _)| !found.contains_key(*key)).map(|(_, r)| r) {
            let since = *self.absent_since.entry(record.id).or_insert(now);
            let patience = if record.flaps() { CLOSE_FLAPPING_AFTER } else { CLOSE_AFTER };
            if now - since >= patience {
                steps.push(Step::Close(record.id));
            }
        }
        steps
    }
}

impl Problem {
    const fn open_after(&self) -> TimeDelta {
        match self {
            Self::DatacenterSilent { .. } | Self::DatacenterNeverSeen { .. } => OPEN_SILENT_AFTER,
            Self::EdgeGone { since: Some(_), .. } => OPEN_GONE_AFTER,
            Self::EdgeGone { since: None, .. } => OPEN_UNSEEN_AFTER,
            Self::Backup { .. } => OPEN_BACKUP_AFTER,
            Self::StandbyNotReady { .. } => OPEN_STANDBY_AFTER,
            Self::InstancesFailing { .. }
            | Self::TooFewNodes { .. }
            | Self::Misplaced { .. }
            | Self::OneDatacenterLeft { .. }
            | Self::ServiceDown { .. }
            | Self::MixedVersions { .. }
            | Self::AuditConflict { .. }
            | Self::AuditBroken { .. }
            | Self::StoreRewound { .. }
            | Self::RolloutPaused { .. }
            | Self::RolledBack { .. }
            | Self::RollbackStuck { .. }
            | Self::FailoverWaits { .. }
            | Self::FailoverStuck { .. }
            | Self::ApprovalWaits { .. }
            | Self::ReviewWaits { .. }
            | Self::TrafficDropped { .. }
            | Self::BudgetBurns { .. }
            | Self::AliasDead { .. }
            | Self::NotificationsFail { .. }
            | Self::EdgeRefuses { .. } => OPEN_AFTER,
        }
    }
}
