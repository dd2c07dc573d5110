//! What people may ask of an event: change, tick, start, end, cancel, and a waiver of a check.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::check::{Answer, Check, Judged, Tick};
use super::{Content, EventId, PlannedEvent, State};
use crate::approval::{Approval, ApprovalId, Kind, State as Settled, Subject};

/// Shortest reason and note, in characters.
pub const REASON_MIN_CHARS: usize = 10;
/// An event is started no earlier than this before its time.
pub const EARLY: TimeDelta = TimeDelta::minutes(15);
/// A waiver ends within this time.
pub const WAIVER_MOST: TimeDelta = TimeDelta::days(7);
/// A waiver is allowed within this time, or asked for anew.
pub const WAIVER_WAITS: TimeDelta = TimeDelta::hours(24);

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    #[error("{id} is {state}; only what is planned is {verb}")]
    NotPlanned { id: EventId, state: String, verb: String },
    #[error("{id} is {state}; only what runs is ended")]
    NotRunning { id: EventId, state: String },
    #[error("{id} is {state}; there is nothing to waive any more")]
    Over { id: EventId, state: String },
    #[error(
        "it begins at {} UTC; start it then, at most {} minutes early, or change its time",
        from.format("%d %b %H:%M"), EARLY.num_minutes()
    )]
    TooEarly { from: DateTime<Utc> },
    #[error("its time passed at {} UTC; change its time first", until.format("%d %b %H:%M"))]
    TooLate { until: DateTime<Utc> },
    #[error("open checks: {}; mend them, or ask for a waiver of each", names(checks))]
    Open { checks: Vec<Check> },
    #[error("write the reason, at least {REASON_MIN_CHARS} characters")]
    NoReason,
    #[error("write what was looked at, at least {REASON_MIN_CHARS} characters")]
    NoNote,
    #[error("{} is answered by what is seen; nobody ticks it", check.name())]
    NotManual { check: Check },
    #[error("{} is not a check of this event", check.name())]
    NotAsked { check: Check },
    #[error("{} passes; there is nothing to waive", check.name())]
    Passes { check: Check },
    #[error("write an end of the waiver that is in the future, at most {} days ahead",
        WAIVER_MOST.num_days())]
    WaiverEnd,
}

fn names(checks: &[Check]) -> String {
    checks.iter().map(|check| check.name()).collect::<Vec<_>>().join(", ")
}

impl Refusal {
    /// The field of the form in which it is mended, if it is one of what was written.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NoReason => Some("reason"),
            Self::NoNote => Some("note"),
            Self::WaiverEnd => Some("until"),
            Self::NotPlanned { .. }
            | Self::NotRunning { .. }
            | Self::Over { .. }
            | Self::TooEarly { .. }
            | Self::TooLate { .. }
            | Self::Open { .. }
            | Self::NotManual { .. }
            | Self::NotAsked { .. }
            | Self::Passes { .. } => None,
        }
    }
}

/// A check that a second person agreed to go without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    pub approval: ApprovalId,
    pub event: EventId,
    pub check: Check,
    /// [`Content::hash`] of what the event said then.
    pub content: String,
    pub until: DateTime<Utc>,
    pub by: String,
    pub allowed_by: String,
    pub reason: String,
}

impl Waiver {
    /// The waiver that an approval gave; `None`: it gave none.
    pub fn of(approval: &Approval) -> Option<Self> {
        let Subject::Waiver { event, check, content, until } = &approval.subject else {
            return None;
        };
        let Settled::Approved { by: allowed_by, .. } = &approval.state else { return None };
        let permits = approval.kind == Kind::Permission && *allowed_by != approval.by;
        permits.then(|| Self {
            approval: approval.id,
            event: *event,
            check: *check,
            content: content.clone(),
            until: *until,
            by: approval.by.clone(),
            allowed_by: allowed_by.clone(),
            reason: approval.reason.clone(),
        })
    }

    /// Whether it counts for a check of an event as it is now.
    pub fn counts(&self, event: &PlannedEvent, check: Check, now: DateTime<Utc>) -> bool {
        self.event == event.id
            && self.check == check
            && self.content == event.content.hash()
            && now < self.until
    }
}

fn planned(event: &PlannedEvent, verb: &str) -> Result<(), Refusal> {
    match &event.state {
        State::Planned => Ok(()),
        State::Running { .. } | State::Done { .. } | State::Cancelled { .. } => {
            let state = event.state.name().to_owned();
            Err(Refusal::NotPlanned { id: event.id, state, verb: verb.to_owned() })
        }
    }
}

fn long(text: &str) -> bool {
    text.trim().chars().count() >= REASON_MIN_CHARS
}

/// The event with other words, which the caller found without mistakes. What was ticked of the
/// old ones is ticked again.
pub fn change(event: &PlannedEvent, content: &Content) -> Result<PlannedEvent, Refusal> {
    planned(event, "changed")?;
    if event.content == *content {
        return Ok(event.clone());
    }
    let ticks = Default::default();
    Ok(PlannedEvent { content: content.clone(), ticks, ..event.clone() })
}

/// The event with a check that a person looked into.
pub fn tick(
    event: &PlannedEvent,
    check: Check,
    by: &str,
    note: &str,
    now: DateTime<Utc>,
) -> Result<PlannedEvent, Refusal> {
    planned(event, "ticked")?;
    if !check.is_manual() {
        return Err(Refusal::NotManual { check });
    }
    if !check.is_asked(&event.content) {
        return Err(Refusal::NotAsked { check });
    }
    if !long(note) {
        return Err(Refusal::NoNote);
    }
    let mut next = event.clone();
    let tick = Tick { by: by.to_owned(), at: now, note: note.trim().to_owned() };
    next.ticks.insert(check, tick);
    Ok(next)
}

/// What a second person is asked about to go without a check.
pub fn waive(
    event: &PlannedEvent,
    judged: &[Judged],
    check: Check,
    (reason, until): (&str, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Subject, Refusal> {
    if event.state.is_over() {
        let state = event.state.name().to_owned();
        return Err(Refusal::Over { id: event.id, state });
    }
    let stands = judged.iter().find(|it| it.check == check);
    match stands.map(|it| it.answer) {
        None => return Err(Refusal::NotAsked { check }),
        Some(Answer::Pass) => return Err(Refusal::Passes { check }),
        Some(Answer::Fail | Answer::Unknown) => {}
    }
    if !long(reason) {
        return Err(Refusal::NoReason);
    }
    if until <= now || until - now > WAIVER_MOST {
        return Err(Refusal::WaiverEnd);
    }
    let content = event.content.hash();
    Ok(Subject::Waiver { event: event.id, check, content, until })
}

/// Checks that neither pass nor are waived.
pub fn open(
    event: &PlannedEvent,
    judged: &[Judged],
    waivers: &[Waiver],
    now: DateTime<Utc>,
) -> Vec<Check> {
    let waived = |check| waivers.iter().any(|waiver| waiver.counts(event, check, now));
    let open = judged.iter().filter(|it| it.answer != Answer::Pass && !waived(it.check));
    open.map(|it| it.check).collect()
}

/// The event begun; `judged`: all of its checks, now.
pub fn start(
    event: &PlannedEvent,
    judged: &[Judged],
    waivers: &[Waiver],
    by: &str,
    now: DateTime<Utc>,
) -> Result<PlannedEvent, Refusal> {
    planned(event, "started")?;
    let Content { from, until, .. } = event.content;
    if now < from - EARLY {
        return Err(Refusal::TooEarly { from });
    }
    if now >= until {
        return Err(Refusal::TooLate { until });
    }
    let mut checks = open(event, judged, waivers, now);
    // A check that nobody judged is not known.
    let asked = Check::ALL.into_iter().filter(|check| check.is_asked(&event.content));
    checks.extend(asked.filter(|check| judged.iter().all(|it| it.check != *check)));
    if !checks.is_empty() {
        return Err(Refusal::Open { checks });
    }
    let waived = judged.iter().filter(|it| it.answer != Answer::Pass).map(|it| it.check);
    let state = State::Running { by: by.to_owned(), at: now, waived: waived.collect() };
    Ok(PlannedEvent { state, ..event.clone() })
}

/// The event over; `note` may be empty.
pub fn end(
    event: &PlannedEvent,
    by: &str,
    note: &str,
    now: DateTime<Utc>,
) -> Result<PlannedEvent, Refusal> {
    match &event.state {
        State::Running { at: began, .. } => {
            let note = note.trim().to_owned();
            let state = State::Done { by: by.to_owned(), began: *began, at: now, note };
            Ok(PlannedEvent { state, ..event.clone() })
        }
        State::Planned | State::Done { .. } | State::Cancelled { .. } => {
            let state = event.state.name().to_owned();
            Err(Refusal::NotRunning { id: event.id, state })
        }
    }
}

/// The event called off before it began.
pub fn cancel(
    event: &PlannedEvent,
    by: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Result<PlannedEvent, Refusal> {
    planned(event, "cancelled")?;
    if !long(why) {
        return Err(Refusal::NoReason);
    }
    let state = State::Cancelled { by: by.to_owned(), why: why.trim().to_owned(), at: now };
    Ok(PlannedEvent { state, ..event.clone() })
}
