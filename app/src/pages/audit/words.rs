//! What an entry of the audit log says, in a sentence.

use mainstay_core::access::Refusal;
use mainstay_core::approval::Subject;
use mainstay_core::audit::{Action, Actor, Event, Outcome};
use mainstay_core::problem::Problem;
use serde_json::Value;

use crate::t;
use crate::text;

/// Longest detail that is quoted from an entry, in characters.
const DETAIL_MAX_CHARS: usize = 200;

/// Who did it: `ann`, `ann, by the token deploy-bot`, `the agent of fra1`.
pub fn who(actor: &Actor) -> String {
    match actor {
        Actor::User(name) => name.clone(),
        Actor::Token(name) => match name.split_once('/') {
            Some((owner, token)) => t!("audit-who-token", owner = owner, token = token),
            None => name.clone(),
        },
        Actor::Agent(datacenter) => t!("audit-who-agent", dc = datacenter.as_str()),
        Actor::System(part) => t!("audit-who-system", part = part.as_str()),
        Actor::Anonymous(address) => t!("audit-who-anonymous", address = address.as_str()),
    }
}

/// The actor's name as a filter takes it.
pub fn name(actor: &Actor) -> &str {
    match actor {
        Actor::User(name)
        | Actor::Token(name)
        | Actor::Agent(name)
        | Actor::System(name)
        | Actor::Anonymous(name) => name,
    }
}

pub fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => t!("audit-done"),
        Outcome::Refused => t!("audit-refused"),
        Outcome::Failed => t!("audit-failed"),
    }
}

/// What was done, or tried.
// tidy: allow length: a table, a line for each action
pub fn action(action: Action, outcome: Outcome) -> String {
    let how = match outcome {
        Outcome::Done => "done",
        Outcome::Refused | Outcome::Failed => "tried",
    };
    match action {
        Action::SignIn => t!("audit-sign-in", how = how),
        Action::SignOut => t!("audit-sign-out", how = how),
        Action::Confirm => t!("audit-confirm", how = how),
        Action::FactorAdd => t!("audit-factor-add", how = how),
        Action::FactorRemove => t!("audit-factor-remove", how = how),
        Action::FactorReset => t!("audit-factor-reset", how = how),
        Action::RecoveryCodes => t!("audit-recovery-codes", how = how),
        Action::IdentityLink => t!("audit-identity-link", how = how),
        Action::IdentityUnlink => t!("audit-identity-unlink", how = how),
        Action::UserCreate => t!("audit-user-create", how = how),
        Action::UserChange => t!("audit-user-change", how = how),
        Action::UserDisable => t!("audit-user-disable", how = how),
        Action::PasswordChange => t!("audit-password-change", how = how),
        Action::ProfileChange => t!("audit-profile-change", how = how),
        Action::TokenCreate => t!("audit-token-create", how = how),
        Action::TokenRevoke => t!("audit-token-revoke", how = how),
        Action::JoinTokenCreate => t!("audit-join-token-create", how = how),
        Action::AgentJoin => t!("audit-agent-join", how = how),
        Action::AgentRevoke => t!("audit-agent-revoke", how = how),
        Action::FleetApply => t!("audit-fleet-apply", how = how),
        Action::DatacenterForget => t!("audit-datacenter-forget", how = how),
        Action::StoreRewound => t!("audit-store-rewound"),
        Action::StoreGoOn => t!("audit-store-go-on", how = how),
        Action::Deploy => t!("audit-deploy", how = how),
        Action::Remove => t!("audit-remove", how = how),
        Action::InstanceReplace => t!("audit-instance-replace", how = how),
        Action::CommandResult => t!("audit-command-result", how = how),
        Action::ProblemOpen => t!("audit-problem-open", how = how),
        Action::ProblemClose => t!("audit-problem-close", how = how),
        Action::ProblemTake => t!("audit-problem-take", how = how),
        Action::ProblemRelease => t!("audit-problem-release", how = how),
        Action::ProblemSnooze => t!("audit-problem-snooze", how = how),
        Action::RolloutStart => t!("audit-rollout-start", how = how),
        Action::RolloutPause => t!("audit-rollout-pause", how = how),
        Action::RolloutResume => t!("audit-rollout-resume", how = how),
        Action::RolloutPromote => t!("audit-rollout-promote", how = how),
        Action::RolloutAbort => t!("audit-rollout-abort", how = how),
        Action::RolloutRollBack => t!("audit-rollout-roll-back", how = how),
        Action::RolloutUndo => t!("audit-rollout-undo", how = how),
        Action::RolloutRetry => t!("audit-rollout-retry", how = how),
        Action::RolloutEnd => t!("audit-rollout-end", how = how),
        Action::RolloutReason => t!("audit-rollout-reason", how = how),
        Action::RolloutStep => t!("audit-rollout-step", how = how),
        Action::QuarantineLift => t!("audit-quarantine-lift", how = how),
        Action::BenchRun => t!("audit-bench-run", how = how),
        Action::BenchResult => t!("audit-bench-result", how = how),
        Action::NodeTest => t!("audit-node-test", how = how),
        Action::BackupAsk => t!("audit-backup-ask", how = how),
        Action::BackupStep => t!("audit-backup-step", how = how),
        Action::BackupDays => t!("audit-backup-days", how = how),
        Action::DatabaseWork => t!("audit-database-work", how = how),
        Action::DatabaseResult => t!("audit-database-result", how = how),
        Action::RestoreAsk => t!("audit-restore-ask", how = how),
        Action::RestoreAllow => t!("audit-restore-allow", how = how),
        Action::RestoreRefuse => t!("audit-restore-refuse", how = how),
        Action::RestoreStep => t!("audit-restore-step", how = how),
        Action::RestoreLetGo => t!("audit-restore-let-go", how = how),
        Action::RestoreKeepLonger => t!("audit-restore-keep-longer", how = how),
        Action::FailoverStart => t!("audit-failover-start", how = how),
        Action::FailoverAllow => t!("audit-failover-allow", how = how),
        Action::FailoverRefuse => t!("audit-failover-refuse", how = how),
        Action::FailoverPause => t!("audit-failover-pause", how = how),
        Action::FailoverResume => t!("audit-failover-resume", how = how),
        Action::FailoverRetry => t!("audit-failover-retry", how = how),
        Action::FailoverSkip => t!("audit-failover-skip", how = how),
        Action::FailoverStop => t!("audit-failover-stop", how = how),
        Action::FailoverOverride => t!("audit-failover-override", how = how),
        Action::FailoverForce => t!("audit-failover-force", how = how),
        Action::FailoverGate => t!("audit-failover-gate", how = how),
        Action::FailoverDrillPlan => t!("audit-failover-drill-plan", how = how),
        Action::FailoverDrillCancel => t!("audit-failover-drill-cancel", how = how),
        Action::FailoverDrillMiss => t!("audit-failover-drill-miss", how = how),
        Action::ApprovalAsk => t!("audit-approval-ask", how = how),
        Action::ApprovalGive => t!("audit-approval-give", how = how),
        Action::ApprovalRefuse => t!("audit-approval-refuse", how = how),
        Action::ApprovalWithdraw => t!("audit-approval-withdraw", how = how),
        Action::ApprovalLapse => t!("audit-approval-lapse", how = how),
        Action::FailoverStep => t!("audit-failover-step", how = how),
        Action::OutageFound => t!("audit-outage-found", how = how),
        Action::OutageCorrect => t!("audit-outage-correct", how = how),
        Action::RunbookApply => t!("audit-runbook-apply", how = how),
        Action::RunbookStart => t!("audit-runbook-start", how = how),
        Action::RunbookStep => t!("audit-runbook-step", how = how),
        Action::RunbookEnd => t!("audit-runbook-end", how = how),
        Action::AliasCreate => t!("audit-alias-create", how = how),
        Action::AliasChange => t!("audit-alias-change", how = how),
        Action::AliasRemove => t!("audit-alias-remove", how = how),
        Action::EventPlan => t!("audit-event-plan", how = how),
        Action::EventChange => t!("audit-event-change", how = how),
        Action::EventStart => t!("audit-event-start", how = how),
        Action::EventEnd => t!("audit-event-end", how = how),
        Action::EventCancel => t!("audit-event-cancel", how = how),
        Action::EventWaive => t!("audit-event-waive", how = how),
        Action::EventTick => t!("audit-event-tick", how = how),
        Action::ChannelCreate => t!("audit-channel-create", how = how),
        Action::ChannelChange => t!("audit-channel-change", how = how),
        Action::ChannelPause => t!("audit-channel-pause", how = how),
        Action::ChannelResume => t!("audit-channel-resume", how = how),
        Action::ChannelRemove => t!("audit-channel-remove", how = how),
        Action::ChannelRotate => t!("audit-channel-rotate", how = how),
        Action::ChannelTest => t!("audit-channel-test", how = how),
        Action::ChannelStop => t!("audit-channel-stop", how = how),
        Action::DeliveryGiveUp => t!("audit-delivery-give-up", how = how),
        Action::PipelineSourceCreate => t!("audit-pipeline-source-create", how = how),
        Action::PipelineSourceRotate => t!("audit-pipeline-source-rotate", how = how),
        Action::PipelineSourceRemove => t!("audit-pipeline-source-remove", how = how),
        Action::PipelineReport => t!("audit-pipeline-report", how = how),
        Action::AuditExport => t!("audit-audit-export", how = how),
        Action::EvidencePack => t!("audit-evidence-pack", how = how),
    }
}

/// What was done, and what stands out of it: `Applied a fleet file (3 changes)`.
pub fn sentence(event: &Event) -> String {
    let action = action(event.action, event.outcome);
    match detail(event) {
        Some(detail) => t!("audit-sentence", action = action, detail = detail),
        None => action,
    }
}

/// The one thing of an entry's values that a list shows.
// tidy: allow length: a table, a line for each action
fn detail(event: &Event) -> Option<String> {
    let after = event.after.as_ref()?;
    if event.outcome != Outcome::Done {
        return refusal(after);
    }
    match event.action {
        Action::FleetApply => changes(after),
        Action::ProblemOpen => {
            let problem: Problem = serde_json::from_value(after.clone()).ok()?;
            Some(text::problem_title(&problem))
        }
        Action::RolloutStart
        | Action::RolloutPromote
        | Action::RolloutRollBack
        | Action::RolloutUndo
        | Action::QuarantineLift
        | Action::BenchRun
        | Action::BenchResult
        | Action::NodeTest => quoted(after.get("version")?),
        Action::RolloutStep | Action::BackupStep | Action::RestoreStep => {
            quoted(after.get("state")?.get("kind")?)
        }
        Action::BackupAsk => quoted(after.get("kind")?),
        Action::DatabaseWork | Action::DatabaseResult => quoted(after.get("task")?),
        Action::BackupDays => quoted(after.get("day")?),
        Action::EvidencePack => period(after),
        Action::OutageFound | Action::OutageCorrect => outage(after),
        Action::AuditExport => quoted(after.get("format")?),
        Action::RestoreAsk | Action::RestoreAllow | Action::RestoreRefuse => {
            quoted(after.get("restore")?)
        }
        Action::RestoreLetGo | Action::RestoreKeepLonger => quoted(after.get("path")?),
        Action::RunbookStart => quoted(after.get("runbook")?),
        Action::RunbookEnd => quoted(after.get("outcome")?),
        Action::AliasCreate | Action::AliasChange => quoted(after.get("target")?),
        Action::ChannelCreate
        | Action::ChannelChange
        | Action::ChannelPause
        | Action::ChannelResume
        | Action::ChannelRemove
        | Action::ChannelRotate
        | Action::ChannelTest => quoted(after.get("name")?),
        Action::DeliveryGiveUp => quoted(after.get("delivery")?),
        Action::PipelineSourceCreate
        | Action::PipelineSourceRotate
        | Action::PipelineSourceRemove => quoted(after.get("name")?),
        Action::PipelineReport => quoted(after.get("status")?),
        Action::FailoverStart
        | Action::FailoverStep
        | Action::FailoverAllow
        | Action::FailoverRefuse
        | Action::FailoverPause
        | Action::FailoverResume
        | Action::FailoverRetry
        | Action::FailoverSkip
        | Action::FailoverStop
        | Action::FailoverOverride
        | Action::FailoverForce
        | Action::FailoverGate => failover(after),
        Action::FailoverDrillPlan | Action::FailoverDrillCancel | Action::FailoverDrillMiss => {
            quoted(after.get("drill")?.get("id")?)
        }
        Action::EventWaive | Action::EventTick => {
            quoted(after.get("check").or_else(|| after.get("content")?.get("title"))?)
        }
        Action::EventPlan
        | Action::EventChange
        | Action::EventStart
        | Action::EventEnd
        | Action::EventCancel => quoted(after.get("content")?.get("title")?),
        Action::ApprovalAsk
        | Action::ApprovalGive
        | Action::ApprovalRefuse
        | Action::ApprovalWithdraw
        | Action::ApprovalLapse => {
            let subject: Subject = serde_json::from_value(after.get("subject")?.clone()).ok()?;
            Some(text::approval::subject(&subject))
        }
        Action::SignIn | Action::Confirm => proof(after),
        Action::FactorAdd => factor(after.get("factor")?),
        Action::IdentityLink => quoted(after.get("identity")?.get("shown")?),
        Action::SignOut
        | Action::FactorRemove
        | Action::FactorReset
        | Action::RecoveryCodes
        | Action::IdentityUnlink
        | Action::UserCreate
        | Action::UserChange
        | Action::UserDisable
        | Action::PasswordChange
        | Action::ProfileChange
        | Action::TokenCreate
        | Action::TokenRevoke
        | Action::JoinTokenCreate
        | Action::AgentJoin
        | Action::AgentRevoke
        | Action::DatacenterForget
        | Action::StoreRewound
        | Action::StoreGoOn
        | Action::Deploy
        | Action::Remove
        | Action::InstanceReplace
        | Action::CommandResult
        | Action::ProblemClose
        | Action::ProblemTake
        | Action::ProblemRelease
        | Action::ProblemSnooze
        | Action::RolloutPause
        | Action::RolloutResume
        | Action::RolloutAbort
        | Action::RolloutRetry
        | Action::RolloutReason
        | Action::RolloutEnd
        | Action::RunbookApply
        | Action::RunbookStep
        | Action::ChannelStop
        | Action::AliasRemove => None,
    }
}

/// Of a proof of who somebody is: with what, or which of two steps it was.
fn proof(after: &Value) -> Option<String> {
    match after.get("step") {
        Some(_) => Some(t!("audit-first-step")),
        None => factor(after.get("with")?),
    }
}

fn factor(with: &Value) -> Option<String> {
    match with.as_str()? {
        "app" => Some(t!("factor-app-with")),
        "recovery" => Some(t!("factor-recovery-with")),
        "passkey" => Some(t!("factor-passkey-with")),
        "identity" => Some(t!("factor-identity-with")),
        _ => None,
    }
}

/// Of a fleet file: how much it changed.
fn changes(after: &Value) -> Option<String> {
    let n = after.get("changes")?.as_array()?.len() as u64;
    Some(t!("audit-changes", n = n, count = text::number(n)))
}

/// The days of a pack of evidence.
fn period(after: &Value) -> Option<String> {
    let day = |name: &str| Some(after.get(name)?.as_str()?.get(..10)?.to_owned());
    Some(t!("audit-period", from = day("from")?, until = day("until")?))
}

/// The region of an outage that was found, or the cause that is told of one.
fn outage(after: &Value) -> Option<String> {
    quoted(after.get("region").or_else(|| after.get("cause"))?)
}

/// Of a failover: the run that began, the gate that changed, or the state that it came to.
fn failover(after: &Value) -> Option<String> {
    let state = || after.get("state")?.get("kind");
    quoted(after.get("gate").or_else(|| after.get("run")).or_else(state)?)
}

/// Why something was not done, where the entry says it in words or as a refusal of a role.
fn refusal(after: &Value) -> Option<String> {
    let refused = after.get("refused")?;
    match serde_json::from_value(refused.clone()) {
        Ok(Refusal::SignIn) => Some(t!("audit-lacks-sign-in")),
        Ok(Refusal::Role { needs }) => Some(t!("audit-lacks-role", roles = text::roles(&needs))),
        Ok(Refusal::Scope { role, scope }) => {
            Some(t!("audit-lacks-scope", role = text::role(role), scope = text::scope(&scope)))
        }
        Ok(Refusal::Past) => Some(t!("refusal-past")),
        Err(_) => quoted(refused),
    }
}

fn quoted(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let short: String = text.chars().take(DETAIL_MAX_CHARS).collect();
    Some(if short.len() < text.len() { short + "…" } else { short })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn event(action: Action, outcome: Outcome, after: Option<Value>) -> Event {
        Event {
            v: 1,
            at: DateTime::UNIX_EPOCH,
            actor: Actor::User("ann".to_owned()),
            action,
            object: "/settings/fleet".to_owned(),
            outcome,
            reason: None,
            before: None,
            after,
            request: None,
        }
    }

    #[test]
    fn an_entry_says_what_was_done_or_tried() {
        let refused = json!({ "refused": { "kind": "role", "needs": ["admin"] } });
        for (event, words) in [
            (event(Action::SignIn, Outcome::Done, None), "Signed in"),
            (event(Action::SignIn, Outcome::Refused, None), "Tried to sign in"),
            (
                event(Action::FleetApply, Outcome::Done, Some(json!({ "changes": [1, 2, 3] }))),
                "Applied a fleet file (3 changes)",
            ),
            (
                event(Action::FleetApply, Outcome::Refused, Some(refused)),
                "Tried to apply a fleet file (needs the role admin)",
            ),
            (
                event(Action::ProblemOpen, Outcome::Done, Some(json!({ "kind": "odd" }))),
                "Found a problem",
            ),
        ] {
            assert_eq!(sentence(&event), words);
        }
        assert_eq!(who(&Actor::Token("ann/ci".into())), "ann, by the token ci");
        assert_eq!(who(&Actor::Agent("fra1".into())), "the agent of fra1");
    }
}
