//! Drills that are planned for a time.
//!
//! Invariants: a planned drill waits for data and overrides no rule, so it needs nobody beside
//! whoever planned it; it starts within [`START_WITHIN`] of its time, or in the window of its
//! routine, or never; what is over stays as it is.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::preview::{Preview, Verdict};
use super::request::REASON_MIN_CHARS;
use super::{Plan, RunId, Scope};
use crate::id::{DatacenterId, RoutineId};

/// So long what stands in its way is waited for; then it is missed.
pub const START_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// How far ahead one may be planned.
pub const AHEAD_MAX: TimeDelta = TimeDelta::days(400);

/// `dr-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DrillId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a planned drill's id is written dr- and a number, as in dr-12")]
pub struct DrillIdError;

/// A drill that is planned, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    pub id: DrillId,
    pub lose: BTreeSet<DatacenterId>,
    pub scope: Scope,
    pub at: DateTime<Utc>,
    pub reason: String,
    pub by: String,
    pub asked_at: DateTime<Utc>,
    pub state: State,
    /// The drill that repeats, of which this is one.
    #[serde(default)]
    pub routine: Option<RoutineId>,
    /// It begins before this or never; `None`: within [`START_WITHIN`].
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    Planned,
    Started { run: RunId, at: DateTime<Utc> },
    Missed { why: String, at: DateTime<Utc> },
    Cancelled { by: String, at: DateTime<Utc> },
}

impl State {
    /// Its permanent name, as its serialised form has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Started { .. } => "started",
            Self::Missed { .. } => "missed",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// Why nothing was planned, or cancelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("write a time that is in the future, at most {} days", AHEAD_MAX.num_days())]
    Time,
    #[error("write the reason, at least {REASON_MIN_CHARS} characters")]
    NoReason,
    #[error("{id} is {state} already")]
    Over { id: DrillId, state: String },
}

/// Whether a drill may be planned so.
pub fn may_plan(at: DateTime<Utc>, reason: &str, now: DateTime<Utc>) -> Vec<Refusal> {
    let mut bad = Vec::new();
    if at <= now || at - now > AHEAD_MAX {
        bad.push(Refusal::Time);
    }
    if reason.trim().chars().count() < REASON_MIN_CHARS {
        bad.push(Refusal::NoReason);
    }
    bad
}

/// What becomes of a drill that somebody cancels.
pub fn cancel(drill: &Drill, by: &str, now: DateTime<Utc>) -> Result<State, Refusal> {
    match &drill.state {
        State::Planned => Ok(State::Cancelled { by: by.to_owned(), at: now }),
        State::Started { .. } | State::Missed { .. } | State::Cancelled { .. } => {
            Err(Refusal::Over { id: drill.id, state: drill.state.name().to_owned() })
        }
    }
}

/// What is to be done about a planned drill now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Not yet, or something is in the way that may pass.
    Wait,
    Start,
    Miss(String),
}

/// Looks at a planned drill whose time has come. `obstacle`: what is in its way.
pub fn due(drill: &Drill, obstacle: Option<String>, now: DateTime<Utc>) -> Due {
    let late = now - drill.at;
    let within = drill.until.map_or(START_WITHIN, |until| until - drill.at);
    match obstacle {
        _ if late < TimeDelta::zero() => Due::Wait,
        // Nobody looked in all that time: what is in the way now says nothing of then.
        _ if late > within + START_WITHIN => {
            let minutes = within.num_minutes();
            Due::Miss(format!("no server could begin it within {minutes} minutes of its time"))
        }
        Some(why) if late >= within => Due::Miss(why),
        Some(_) => Due::Wait,
        None if late >= within => Due::Miss("its time was over".to_owned()),
        None => Due::Start,
    }
}

/// What is in the way of a drill of this plan; `running`: the run that is not over.
pub fn obstacle(plan: &Plan, preview: &Preview, running: Option<RunId>) -> Option<String> {
    if let Some(run) = running {
        return Some(format!("{run} is not over"));
    }
    if plan.is_empty() {
        return Some("there is nothing that could move".to_owned());
    }
    if let Some(judged) = preview.broken().next() {
        return Some(judged.sentence.clone());
    }
    let stops = |verdict| match verdict {
        Verdict::Ready | Verdict::Warnings => false,
        Verdict::Unknown | Verdict::NotReady => true,
    };
    let check = preview.checks.iter().find(|check| stops(check.verdict))?;
    Some(check.sentence.clone())
}

impl fmt::Display for DrillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dr-{}", self.0)
    }
}

impl FromStr for DrillId {
    type Err = DrillIdError;

    fn from_str(text: &str) -> Result<Self, DrillIdError> {
        let number = text.strip_prefix("dr-").ok_or(DrillIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(DrillIdError)
    }
}

impl TryFrom<String> for DrillId {
    type Error = DrillIdError;

    fn try_from(text: String) -> Result<Self, DrillIdError> {
        text.parse()
    }
}

impl From<DrillId> for String {
    fn from(id: DrillId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn drill() -> Drill {
        Drill {
            id: DrillId(3),
            lose: BTreeSet::new(),
            scope: Scope::All,
            at: at(60),
            reason: "the drill of the quarter".to_owned(),
            by: "anna".to_owned(),
            asked_at: at(0),
            state: State::Planned,
            routine: None,
            until: None,
        }
    }

    #[test]
    fn it_starts_at_its_time_or_is_missed_with_what_was_in_the_way() {
        let miss = |why: &str| Due::Miss(why.to_owned());
        let no_server = "no server could begin it within 15 minutes of its time";
        for (minute, obstacle, expected) in [
            (59, None, Due::Wait),
            (59, Some("a freeze"), Due::Wait),
            (60, None, Due::Start),
            (60, Some("a freeze"), Due::Wait),
            (74, Some("a freeze"), Due::Wait),
            (74, None, Due::Start),
            (75, Some("a freeze"), miss("a freeze")),
            (75, None, miss("its time was over")),
            (91, None, miss(no_server)),
            (9_000, Some("a freeze"), miss(no_server)),
        ] {
            let due = due(&drill(), obstacle.map(str::to_owned), at(minute));
            assert_eq!(due, expected, "{minute} {obstacle:?}");
        }
    }

    #[test]
    fn one_of_a_routine_waits_to_the_end_of_its_window() {
        let drill = Drill { until: Some(at(180)), ..drill() };
        for (minute, obstacle, expected) in [
            (59, None, Due::Wait),
            (60, None, Due::Start),
            (179, Some("a lock"), Due::Wait),
            (179, None, Due::Start),
            (180, Some("a lock"), Due::Miss("a lock".to_owned())),
        ] {
            let due = due(&drill, obstacle.map(str::to_owned), at(minute));
            assert_eq!(due, expected, "{minute} {obstacle:?}");
        }
    }

    #[test]
    fn one_is_planned_ahead_with_a_reason_and_cancelled_once() {
        assert_eq!(may_plan(at(1), "a good reason", at(0)), []);
        assert_eq!(may_plan(at(0), "short", at(0)), [Refusal::Time, Refusal::NoReason]);
        assert_eq!(may_plan(at(0) + AHEAD_MAX * 2, "a good reason", at(0)), [Refusal::Time]);
        let state = cancel(&drill(), "ben", at(5)).expect("it is planned");
        let again = cancel(&Drill { state, ..drill() }, "ben", at(6));
        assert_eq!(again, Err(Refusal::Over { id: DrillId(3), state: "cancelled".to_owned() }));
        assert_eq!("dr-3".parse(), Ok(DrillId(3)));
        assert_eq!("dr-+3".parse::<DrillId>(), Err(DrillIdError));
    }
}
