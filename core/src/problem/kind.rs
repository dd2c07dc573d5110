//! Kinds of problems: what a runbook can be about, whatever place or object it hits.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Problem, Trouble};

/// A kind of problem. Its name is permanent: runbooks name it, and it is an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    DatacenterSilent,
    DatacenterNeverSeen,
    InstancesFailing,
    TooFewNodes,
    Misplaced,
    OneDatacenterLeft,
    ServiceDown,
    MixedVersions,
    AuditConflict,
    AuditBroken,
    StoreRewound,
    RolloutPaused,
    RollbackStuck,
    RolledBack,
    EdgeRefuses,
    EdgeGone,
    FailoverWaits,
    FailoverStuck,
    BudgetBurns,
    ApprovalWaits,
    ReviewWaits,
    TrafficDropped,
    StandbyNotReady,
    AliasDead,
    NotificationsFail,
    BackupNone,
    BackupLate,
    BackupShort,
    RepositoryUnread,
    CopyDamaged,
    LogBehind,
    BackupUnproven,
}

impl Kind {
    pub const ALL: [Self; 32] = [
        Self::DatacenterSilent,
        Self::DatacenterNeverSeen,
        Self::InstancesFailing,
        Self::TooFewNodes,
        Self::Misplaced,
        Self::OneDatacenterLeft,
        Self::ServiceDown,
        Self::MixedVersions,
        Self::AuditConflict,
        Self::AuditBroken,
        Self::StoreRewound,
        Self::RolloutPaused,
        Self::RollbackStuck,
        Self::RolledBack,
        Self::EdgeRefuses,
        Self::EdgeGone,
        Self::FailoverWaits,
        Self::FailoverStuck,
        Self::BudgetBurns,
        Self::ApprovalWaits,
        Self::ReviewWaits,
        Self::TrafficDropped,
        Self::StandbyNotReady,
        Self::AliasDead,
        Self::NotificationsFail,
        Self::BackupNone,
        Self::BackupLate,
        Self::BackupShort,
        Self::RepositoryUnread,
        Self::CopyDamaged,
        Self::LogBehind,
        Self::BackupUnproven,
    ];

    /// The permanent name: `datacenter-silent`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DatacenterSilent => "datacenter-silent",
            Self::DatacenterNeverSeen => "datacenter-never-seen",
            Self::InstancesFailing => "instances-failing",
            Self::TooFewNodes => "too-few-nodes",
            Self::Misplaced => "misplaced",
            Self::OneDatacenterLeft => "one-datacenter-left",
            Self::ServiceDown => "service-down",
            Self::MixedVersions => "mixed-versions",
            Self::AuditConflict => "audit-conflict",
            Self::AuditBroken => "audit-broken",
            Self::StoreRewound => "store-rewound",
            Self::RolloutPaused => "rollout-paused",
            Self::RollbackStuck => "rollback-stuck",
            Self::RolledBack => "rolled-back",
            Self::EdgeRefuses => "edge-refuses",
            Self::EdgeGone => "edge-gone",
            Self::FailoverWaits => "failover-waits",
            Self::FailoverStuck => "failover-stuck",
            Self::BudgetBurns => "budget-burns",
            Self::ApprovalWaits => "approval-waits",
            Self::ReviewWaits => "review-waits",
            Self::TrafficDropped => "traffic-dropped",
            Self::StandbyNotReady => "standby-not-ready",
            Self::AliasDead => "alias-dead",
            Self::NotificationsFail => "notifications-fail",
            Self::BackupNone => "backup-none",
            Self::BackupLate => "backup-late",
            Self::BackupShort => "backup-short",
            Self::RepositoryUnread => "repository-unread",
            Self::CopyDamaged => "copy-damaged",
            Self::LogBehind => "log-behind",
            Self::BackupUnproven => "backup-unproven",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Problem {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::DatacenterSilent { .. } => Kind::DatacenterSilent,
            Self::DatacenterNeverSeen { .. } => Kind::DatacenterNeverSeen,
            Self::InstancesFailing { .. } => Kind::InstancesFailing,
            Self::TooFewNodes { .. } => Kind::TooFewNodes,
            Self::Misplaced { .. } => Kind::Misplaced,
            Self::OneDatacenterLeft { .. } => Kind::OneDatacenterLeft,
            Self::ServiceDown { .. } => Kind::ServiceDown,
            Self::MixedVersions { .. } => Kind::MixedVersions,
            Self::AuditConflict { .. } => Kind::AuditConflict,
            Self::AuditBroken { .. } => Kind::AuditBroken,
            Self::StoreRewound { .. } => Kind::StoreRewound,
            Self::RolloutPaused { .. } => Kind::RolloutPaused,
            Self::RollbackStuck { .. } => Kind::RollbackStuck,
            Self::RolledBack { .. } => Kind::RolledBack,
            Self::EdgeRefuses { .. } => Kind::EdgeRefuses,
            Self::EdgeGone { .. } => Kind::EdgeGone,
            Self::FailoverWaits { .. } => Kind::FailoverWaits,
            Self::FailoverStuck { .. } => Kind::FailoverStuck,
            Self::BudgetBurns { .. } => Kind::BudgetBurns,
            Self::ApprovalWaits { .. } => Kind::ApprovalWaits,
            Self::ReviewWaits { .. } => Kind::ReviewWaits,
            Self::TrafficDropped { .. } => Kind::TrafficDropped,
            Self::StandbyNotReady { .. } => Kind::StandbyNotReady,
            Self::AliasDead { .. } => Kind::AliasDead,
            Self::NotificationsFail { .. } => Kind::NotificationsFail,
            Self::Backup { trouble, .. } => match trouble {
                Trouble::None => Kind::BackupNone,
                Trouble::Late { .. } => Kind::BackupLate,
                Trouble::Short { .. } => Kind::BackupShort,
                Trouble::Unread { .. } => Kind::RepositoryUnread,
                Trouble::Damaged { .. } => Kind::CopyDamaged,
                Trouble::LogBehind { .. } => Kind::LogBehind,
                Trouble::Unproven { .. } => Kind::BackupUnproven,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_those_of_serde() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.name());
        }
        assert_eq!(Kind::from_name("nonsense"), None);
    }
}
