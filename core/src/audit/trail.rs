//! What belongs to an entry: what was asked, who allowed it, what was done, what came of it.
//!
//! Entries belong together if they are of one request, or of one thing: a failover, a rollout, a
//! restore, an event, an approval and what it is about. A service or a data centre is no such
//! thing: all that ever happened to it belongs to nothing in particular.
//!
//! Must not: read. The caller finds candidates by [`Thread::things`] and the request; here is
//! decided which of them belong, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Entry, Event, Outcome};
use crate::approval::Subject;

/// Most entries of one trail; those nearest to the entry stay.
pub const STEPS_MAX: usize = 100;
/// Most things of one entry.
const THINGS_MAX: usize = 8;

/// Beginnings of addresses of things, each followed by an id.
const KINDS: [(&str, &str); 7] = [
    ("fo-", "/failover/runs/"),
    ("ro-", "/rollouts/"),
    ("rs-", "/backups/restores/"),
    ("bk-", "/backups/runs/"),
    ("ev-", "/events/"),
    ("ap-", "/approvals/"),
    ("at-", "/attention/"),
];

/// Names under which an entry's values name things.
const NAMES: [&str; 8] =
    ["run", "restore", "rollout", "event", "approval", "problem", "id", "back"];

/// Where in the story an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Somebody or something asked for it, or why there was something to do.
    Request,
    /// A second person said yes or no, or nobody did.
    Approval,
    /// It was ordered or done.
    Action,
    /// What came of it.
    Effect,
    /// What shows that it holds.
    Evidence,
}

impl Stage {
    pub const ALL: [Self; 5] =
        [Self::Request, Self::Approval, Self::Action, Self::Effect, Self::Evidence];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Approval => "approval",
            Self::Action => "action",
            Self::Effect => "effect",
            Self::Evidence => "evidence",
        }
    }

    /// Of an event.
    // tidy: allow length: a table, a line for each action
    pub const fn of(action: Action) -> Self {
        match action {
            Action::ProblemOpen
            | Action::BackupAsk
            | Action::RestoreAsk
            | Action::ApprovalAsk
            | Action::EventPlan
            | Action::FailoverDrillPlan
            | Action::EventWaive
            | Action::RolloutReason
            | Action::StoreRewound
            | Action::OutageFound => Self::Request,
            Action::RestoreAllow
            | Action::RestoreRefuse
            | Action::FailoverAllow
            | Action::FailoverRefuse
            | Action::ApprovalGive
            | Action::ApprovalRefuse
            | Action::ApprovalWithdraw
            | Action::ApprovalLapse => Self::Approval,
            Action::SignIn
            | Action::SignOut
            | Action::Confirm
            | Action::FactorAdd
            | Action::FactorRemove
            | Action::FactorReset
            | Action::RecoveryCodes
            | Action::IdentityLink
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
            | Action::FleetApply
            | Action::DatacenterForget
            | Action::StoreGoOn
            | Action::Deploy
            | Action::Remove
            | Action::InstanceReplace
            | Action::ProblemTake
            | Action::ProblemRelease
            | Action::ProblemSnooze
            | Action::RolloutStart
            | Action::RolloutPause
            | Action::RolloutResume
            | Action::RolloutPromote
            | Action::RolloutAbort
            | Action::RolloutRollBack
            | Action::RolloutUndo
            | Action::RolloutRetry
            | Action::QuarantineLift
            | Action::BenchRun
            | Action::NodeTest
            | Action::BackupDays
            | Action::DatabaseWork
            | Action::RestoreLetGo
            | Action::RestoreKeepLonger
            | Action::FailoverStart
            | Action::FailoverPause
            | Action::FailoverResume
            | Action::FailoverRetry
            | Action::FailoverSkip
            | Action::FailoverStop
            | Action::FailoverOverride
            | Action::FailoverForce
            | Action::FailoverGate
            | Action::FailoverDrillCancel
            | Action::OutageCorrect
            | Action::RunbookApply
            | Action::RunbookStart
            | Action::RunbookStep
            | Action::AliasCreate
            | Action::AliasChange
            | Action::AliasRemove
            | Action::EventChange
            | Action::EventStart
            | Action::EventCancel
            | Action::ChannelCreate
            | Action::ChannelChange
            | Action::ChannelPause
            | Action::ChannelResume
            | Action::ChannelRemove
            | Action::ChannelRotate
            | Action::ChannelTest
            | Action::PipelineSourceCreate
            | Action::PipelineSourceRotate
            | Action::PipelineSourceRemove
            | Action::AuditExport => Self::Action,
            Action::CommandResult
            | Action::ProblemClose
            | Action::RolloutStep
            | Action::RolloutEnd
            | Action::BackupStep
            | Action::RestoreStep
            | Action::FailoverStep
            | Action::FailoverDrillMiss
            | Action::RunbookEnd
            | Action::EventEnd
            | Action::ChannelStop
            | Action::DeliveryGiveUp => Self::Effect,
            Action::BenchResult
            | Action::DatabaseResult
            | Action::EventTick
            | Action::PipelineReport
            | Action::EvidencePack => Self::Evidence,
        }
    }
}

/// What holds the entries of a trail together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Addresses of things, as `/failover/runs/fo-3`.
    pub things: BTreeSet<String>,
    pub request: Option<String>,
}

impl Thread {
    /// What an event names.
    pub fn of(event: &Event) -> Self {
        let mut things = BTreeSet::new();
        things.extend(thing_of(&event.object));
        for value in [&event.before, &event.after].into_iter().flatten() {
            name(value, &mut things);
            subject(value, &mut things);
        }
        let things = things.into_iter().take(THINGS_MAX).collect();
        Self { things, request: event.request.clone() }
    }

    pub fn is_empty(&self) -> bool {
        self.things.is_empty() && self.request.is_none()
    }

    /// The last parts of the addresses: what a search for words finds the things by.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.things.iter().filter_map(|thing| thing.rsplit('/').next())
    }

    fn holds(&self, event: &Event) -> bool {
        let same = self.request.is_some() && self.request == event.request;
        same || Self::of(event).things.iter().any(|thing| self.things.contains(thing))
    }
}

/// The thing of an address, if it is one or lies below one.
fn thing_of(address: &str) -> Option<String> {
    let (prefix, kind, rest) = KINDS.iter().find_map(|(prefix, kind)| {
        let rest = address.strip_prefix(kind)?;
        Some((prefix, kind, rest))
    })?;
    let id = rest.split(['/', '?', '#']).next().unwrap_or_default();
    is_id(id, prefix).then(|| format!("{kind}{id}"))
}

fn is_id(text: &str, prefix: &str) -> bool {
    let number = text.strip_prefix(prefix).unwrap_or_default();
    !number.is_empty() && number.len() <= 19 && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ids under the names that entries use.
fn name(value: &Value, things: &mut BTreeSet<String>) {
    for under in NAMES {
        let Some(text) = value.get(under).and_then(Value::as_str) else { continue };
        let kind = KINDS.iter().find(|(prefix, _)| is_id(text, prefix));
        things.extend(kind.map(|(_, kind)| format!("{kind}{text}")));
    }
}

/// What an approval is about.
fn subject(value: &Value, things: &mut BTreeSet<String>) {
    let Some(subject) = value.get("subject") else { return };
    if let Ok(subject) = serde_json::from_value::<Subject>(subject.clone()) {
        things.insert(subject.path());
    }
}

/// One entry of a trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub stage: Stage,
    pub entry: Entry,
}

/// What belongs to an entry, itself among it, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail {
    pub steps: Vec<Step>,
    /// Everything that the entries name, the entry's own things first.
    pub things: Vec<String>,
    /// There are more entries than are told.
    pub cut: bool,
}

/// What of the candidates belongs to an entry.
pub fn trail(of: &Entry, candidates: Vec<Entry>) -> Trail {
    let thread = Thread::of(&of.event);
    let mut steps: BTreeMap<i64, Entry> = BTreeMap::new();
    steps.insert(of.id, of.clone());
    for entry in candidates {
        if thread.holds(&entry.event) {
            steps.entry(entry.id).or_insert(entry);
        }
    }
    let mut things: Vec<_> = thread.things.iter().cloned().collect();
    for entry in steps.values() {
        let more = Thread::of(&entry.event).things;
        for thing in more {
            if !things.contains(&thing) && things.len() < THINGS_MAX {
                things.push(thing);
            }
        }
    }
    let cut = steps.len() > STEPS_MAX;
    let mut steps: Vec<_> = steps.into_values().collect();
    if cut {
        let far = |entry: &Entry| (entry.id - of.id).unsigned_abs();
        steps.sort_by_key(far);
        steps.truncate(STEPS_MAX);
        steps.sort_by_key(|entry| entry.id);
    }
    let steps = steps.into_iter().map(|entry| Step { stage: stage(&entry.event), entry });
    Trail { steps: steps.collect(), things, cut }
}

/// What was refused or failed is an effect, whatever it was to be; an answer stays an answer.
fn stage(event: &Event) -> Stage {
    match (Stage::of(event.action), event.outcome) {
        (Stage::Action, Outcome::Failed) => Stage::Effect,
        (stage, Outcome::Done | Outcome::Refused | Outcome::Failed) => stage,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::json;

    use super::*;
    use crate::audit::Actor;

    fn entry(id: i64, action: Action, object: &str, after: Value) -> Entry {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(id);
        let event = Event::new(at, Actor::User("ann".into()), action, object.to_owned());
        Entry {
            id,
            seq: Some(id),
            event: Event { after: Some(after), ..event },
            leaf: String::new(),
        }
    }

    fn with_request(entry: Entry, request: &str) -> Entry {
        Entry { event: Event { request: Some(request.into()), ..entry.event }, ..entry }
    }

    /// A restore from its request to its end, with what else happened meanwhile.
    fn story() -> Vec<Entry> {
        let approval = json!({
            "id": "ap-3",
            "subject": { "kind": "restore", "restore": "rs-7", "database": "store-db" },
        });
        vec![
            entry(
                1,
                Action::RestoreAsk,
                "/backups/sets/store-db",
                json!({ "restore": "rs-7", "approval": "ap-3" }),
            ),
            entry(2, Action::Deploy, "/services/shop", json!({})),
            entry(3, Action::ApprovalGive, "/approvals/ap-3", approval),
            entry(4, Action::RestoreAllow, "/backups/sets/store-db", json!({ "restore": "rs-7" })),
            entry(5, Action::RestoreAsk, "/backups/sets/store-db", json!({ "restore": "rs-70" })),
            entry(6, Action::RestoreStep, "/backups/restores/rs-7", json!({})),
        ]
    }

    #[test]
    fn a_restore_is_told_from_its_request_to_its_end_from_any_of_its_entries() {
        use Stage::{Approval, Effect, Request};
        let all = story();
        for of in [0, 2, 3, 5] {
            let trail = trail(&all[of], all.clone());
            let told: Vec<_> = trail.steps.iter().map(|it| (it.entry.id, it.stage)).collect();
            let whole = [(1, Request), (3, Approval), (4, Approval), (6, Effect)];
            assert_eq!(told, whole, "from entry {}", all[of].id);
            assert!(trail.things.contains(&"/backups/restores/rs-7".to_owned()));
            assert!(!trail.cut);
        }
        let other = trail(&all[4], all.clone());
        assert_eq!(other.steps.len(), 1, "rs-70 is not rs-7");
    }

    #[test]
    fn one_request_holds_together_and_a_service_does_not() {
        let all = [
            with_request(entry(1, Action::Deploy, "/services/shop", json!({})), "a-1"),
            entry(2, Action::Deploy, "/services/shop", json!({})),
            with_request(entry(3, Action::FleetApply, "/settings/fleet", json!({})), "a-1"),
        ];
        let told = |of: usize| -> Vec<i64> {
            trail(&all[of], all.to_vec()).steps.iter().map(|step| step.entry.id).collect()
        };
        assert_eq!(told(0), [1, 3]);
        assert_eq!(told(1), [2]);
        assert!(Thread::of(&all[1].event).is_empty());
    }

    #[test]
    fn a_long_story_keeps_what_is_nearest() {
        let object = "/failover/runs/fo-1";
        let all: Vec<_> =
            (0..400).map(|id| entry(id, Action::FailoverStep, object, json!({}))).collect();
        let trail = trail(&all[200], all.clone());
        assert!(trail.cut);
        let ids: Vec<_> = trail.steps.iter().map(|step| step.entry.id).collect();
        assert_eq!(ids.len(), STEPS_MAX);
        assert!(ids.contains(&200) && ids.is_sorted() && ids[0] > 100 && ids[99] < 300);
    }

    #[test]
    fn what_only_looks_like_a_thing_is_none() {
        for (address, thing) in [
            ("/failover/runs/fo-3/do/pause", Some("/failover/runs/fo-3")),
            ("/failover/runs/current", None),
            ("/events/ev-", None),
            ("/rollouts/ro-1x", None),
            ("/services/fo-3", None),
        ] {
            assert_eq!(thing_of(address).as_deref(), thing, "{address}");
        }
        let odd = json!({ "run": 3, "event": "ev-x", "subject": { "kind": "odd" }, "id": [] });
        let event = entry(1, Action::Deploy, "/", odd).event;
        assert!(Thread::of(&event).things.is_empty());
    }
}
