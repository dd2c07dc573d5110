//! What can be done, in the order in which the filter offers it.

use mainstay_core::audit::Action;

/// Every action, for choosing one.
pub const ACTIONS: [Action; 109] = [
    Action::SignIn,
    Action::SignOut,
    Action::Confirm,
    Action::FactorAdd,
    Action::FactorRemove,
    Action::FactorReset,
    Action::RecoveryCodes,
    Action::IdentityLink,
    Action::IdentityUnlink,
    Action::UserCreate,
    Action::UserChange,
    Action::UserDisable,
    Action::PasswordChange,
    Action::ProfileChange,
    Action::TokenCreate,
    Action::TokenRevoke,
    Action::JoinTokenCreate,
    Action::AgentJoin,
    Action::AgentRevoke,
    Action::FleetApply,
    Action::DatacenterForget,
    Action::StoreRewound,
    Action::StoreGoOn,
    Action::Deploy,
    Action::Remove,
    Action::InstanceReplace,
    Action::CommandResult,
    Action::ProblemOpen,
    Action::ProblemClose,
    Action::ProblemTake,
    Action::ProblemRelease,
    Action::ProblemSnooze,
    Action::RolloutStart,
    Action::RolloutPause,
    Action::RolloutResume,
    Action::RolloutPromote,
    Action::RolloutAbort,
    Action::RolloutRollBack,
    Action::RolloutUndo,
    Action::RolloutRetry,
    Action::RolloutEnd,
    Action::RolloutReason,
    Action::RolloutStep,
    Action::QuarantineLift,
    Action::BenchRun,
    Action::BenchResult,
    Action::NodeTest,
    Action::BackupAsk,
    Action::BackupStep,
    Action::BackupDays,
    Action::DatabaseWork,
    Action::DatabaseResult,
    Action::RestoreAsk,
    Action::RestoreAllow,
    Action::RestoreRefuse,
    Action::RestoreStep,
    Action::RestoreLetGo,
    Action::RestoreKeepLonger,
    Action::FailoverStart,
    Action::FailoverAllow,
    Action::FailoverRefuse,
    Action::FailoverPause,
    Action::FailoverResume,
    Action::FailoverRetry,
    Action::FailoverSkip,
    Action::FailoverStop,
    Action::FailoverOverride,
    Action::FailoverForce,
    Action::FailoverGate,
    Action::FailoverDrillPlan,
    Action::FailoverDrillCancel,
    Action::FailoverDrillMiss,
    Action::ApprovalAsk,
    Action::ApprovalGive,
    Action::ApprovalRefuse,
    Action::ApprovalWithdraw,
    Action::ApprovalLapse,
    Action::FailoverStep,
    Action::OutageFound,
    Action::OutageCorrect,
    Action::RunbookApply,
    Action::RunbookStart,
    Action::RunbookStep,
    Action::RunbookEnd,
    Action::AliasCreate,
    Action::AliasChange,
    Action::AliasRemove,
    Action::EventPlan,
    Action::EventChange,
    Action::EventStart,
    Action::EventEnd,
    Action::EventCancel,
    Action::EventWaive,
    Action::EventTick,
    Action::ChannelCreate,
    Action::ChannelChange,
    Action::ChannelPause,
    Action::ChannelResume,
    Action::ChannelRemove,
    Action::ChannelRotate,
    Action::ChannelTest,
    Action::ChannelStop,
    Action::DeliveryGiveUp,
    Action::PipelineSourceCreate,
    Action::PipelineSourceRotate,
    Action::PipelineSourceRemove,
    Action::PipelineReport,
    Action::AuditExport,
    Action::EvidencePack,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mainstay_core::audit::Outcome;

    use super::*;
    use crate::pages::audit::words::action;

    #[test]
    fn every_action_can_be_chosen_once() {
        let mut sorted = ACTIONS.to_vec();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), ACTIONS.len());
        let labels: BTreeSet<_> = ACTIONS.iter().map(|a| action(*a, Outcome::Done)).collect();
        assert_eq!(labels.len(), ACTIONS.len(), "two actions read alike");
    }
}
