//! A run: one plan, carried out step by step, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rules::Rule;
use super::{Plan, RunId, StepId};

/// A request for a run that nobody allowed is void after this time.
pub const REQUEST_VALID_MINUTES: i64 = 15;

/// A failover, a drill, or a way back, as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// Pinned: what changes meanwhile is shown, and changes nothing.
    pub plan: Plan,
    pub mode: Mode,
    /// Done to try it out; it is carried out all the same.
    pub drill: bool,
    pub state: State,
    /// What became of each step; one that is not here waits.
    pub steps: BTreeMap<StepId, StepState>,
    pub reason: String,
    /// Safety rules that somebody overrode by their names, at the start or since.
    #[serde(default)]
    pub overridden: BTreeSet<Rule>,
    /// Started alone because nobody could be reached; somebody else has to look at it after.
    pub emergency: bool,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    /// The second person, where one was needed.
    pub allowed_by: Option<String>,
    /// Rises with every change.
    pub revision: i64,
    /// What edges have to acknowledge to carry out all that was decided up to now.
    pub routing_revision: u64,
    pub changed_at: DateTime<Utc>,
}

/// Whether data is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A standby leads when it has everything: nothing is lost.
    Graceful,
    /// A standby leads with what it has: what it lacks is lost.
    Forced,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// A second person has to allow it.
    Requested {
        why: String,
    },
    Running,
    /// Steps that run are finished, no other begins.
    Pausing {
        by: String,
    },
    Paused {
        by: String,
        since: DateTime<Utc>,
    },
    /// A step failed or may not begin: nothing begins until a person says what is to be done.
    Asking {
        step: StepId,
        why: String,
        /// Safety rules that forbid the step; none: it failed, or could not begin.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        rules: BTreeSet<Rule>,
        since: DateTime<Utc>,
    },
    Ended {
        outcome: Outcome,
        at: DateTime<Utc>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outcome {
    /// Every step is done or was skipped.
    Done,
    /// A person stopped it; what moved stays.
    Stopped { by: String, reason: String },
    /// Nobody allowed it, or somebody refused.
    Refused { by: Option<String>, why: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StepState {
    Running {
        since: DateTime<Utc>,
        /// What it waits for.
        seen: String,
        /// From 1; a person's retry raises it.
        attempt: u16,
    },
    Done {
        since: DateTime<Utc>,
        at: DateTime<Utc>,
        seen: String,
    },
    Failed {
        since: DateTime<Utc>,
        at: DateTime<Utc>,
        why: String,
        attempt: u16,
    },
    Skipped {
        by: String,
        reason: String,
        at: DateTime<Utc>,
        /// It had begun: what it changed stays changed.
        begun: bool,
    },
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Forced => "forced",
        }
    }
}

impl State {
    /// Its permanent name, as its serialised form has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Running => "running",
            Self::Pausing { .. } => "pausing",
            Self::Paused { .. } => "paused",
            Self::Asking { .. } => "asking",
            Self::Ended { .. } => "ended",
        }
    }

    pub const fn is_over(&self) -> bool {
        match self {
            Self::Requested { .. }
            | Self::Running
            | Self::Pausing { .. }
            | Self::Paused { .. }
            | Self::Asking { .. } => false,
            Self::Ended { .. } => true,
        }
    }
}

impl StepState {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// Whether what comes after it may begin.
    pub const fn is_past(&self) -> bool {
        match self {
            Self::Done { .. } | Self::Skipped { .. } => true,
            Self::Running { .. } | Self::Failed { .. } => false,
        }
    }

    /// When it began; `None`: it never did.
    pub const fn since(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Running { since, .. } | Self::Done { since, .. } | Self::Failed { since, .. } => {
                Some(*since)
            }
            Self::Skipped { .. } => None,
        }
    }

    /// When it was over.
    pub const fn ended(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Running { .. } => None,
            Self::Done { at, .. } | Self::Failed { at, .. } | Self::Skipped { at, .. } => Some(*at),
        }
    }
}

impl Run {
    pub const fn is_over(&self) -> bool {
        self.state.is_over()
    }

    /// Safety rules that it asks about.
    pub fn asked_rules(&self) -> BTreeSet<Rule> {
        match &self.state {
            State::Asking { rules, .. } => rules.clone(),
            State::Requested { .. }
            | State::Running
            | State::Pausing { .. }
            | State::Paused { .. }
            | State::Ended { .. } => BTreeSet::new(),
        }
    }

    /// Whether a step has changed something that nobody took back within this run.
    pub fn stands(&self, step: &StepId) -> bool {
        match self.steps.get(step) {
            None => false,
            Some(StepState::Running { .. } | StepState::Done { .. } | StepState::Failed { .. }) => {
                true
            }
            Some(StepState::Skipped { begun, .. }) => *begun,
        }
    }

    /// Whether it changed anything at all.
    pub fn began(&self) -> bool {
        self.plan.steps().any(|(_, step)| step.act.changes() && self.stands(&step.id))
    }

    pub fn path(&self) -> String {
        format!("/failover/runs/{}", self.id)
    }

    /// Steps that are past, and all of them.
    pub fn progress(&self) -> (usize, usize) {
        let past = self.steps.values().filter(|state| state.is_past()).count();
        (past, self.plan.steps().count())
    }

    /// How a group stands: from its first step's beginning to its last one's end.
    pub fn group_times(
        &self,
        group: &super::GroupPlan,
    ) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let states = || group.steps.iter().filter_map(|step| self.steps.get(&step.id));
        let since = states().filter_map(StepState::since).min();
        let all =
            group.steps.iter().all(|step| self.steps.get(&step.id).is_some_and(StepState::is_past));
        let ended = states().filter_map(StepState::ended).max();
        (since, ended.filter(|_| all))
    }
}
