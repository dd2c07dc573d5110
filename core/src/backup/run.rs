//! A run: what becomes of one planned backup, or of one that a person asked for.
//!
//! Owns the states of a run and what comes next. A run is tried in the data centre whose turn it
//! is, then in the next; it goes on past its window, late, until the next window begins: then it is
//! missed. What it made is what the agent read from the repository, never what was asked for.
//!
//! Invariant: one piece of work at a time, and its id follows from the run and the number of the
//! try; so a decision that is taken again after a crash orders the same work, not another.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::clock::Pace;
use super::job::{BackupDone, BackupJob, Cause, Failure, Parent, WithoutFull};
use super::parent::{self, Base};
use super::proof::Proof;
use super::work::{Done, Work, WorkReport, WorkState};
use super::{Catalogue, Kind, Planned, Schedule, Window};
use crate::fence::Outcome;
use crate::fleet::Rotation;
use crate::id::DatacenterId;

/// Wait after a try that failed; doubles with each.
const AGAIN_FIRST: TimeDelta = TimeDelta::minutes(1);
/// Longest wait between two tries.
const AGAIN_MAX: TimeDelta = TimeDelta::minutes(30);
/// Tries in one data centre before the next one has its turn, where the place may be to blame.
const TRIES_IN_PLACE: usize = 2;
/// Most tries of a run.
pub const TRIES_MAX: usize = 48;
/// A backup that a person asked for is given up after this time.
pub const ASKED_PATIENCE: TimeDelta = TimeDelta::hours(12);
/// Work that an agent took over and then says nothing of counts as broken off after this time; a
/// real one, as fast as the policies' days may pass.
pub const SILENCE: TimeDelta = TimeDelta::minutes(5);
/// Windows that passed without anybody deciding, of which a run is written.
const MISSED_MAX: usize = 31;

/// `bk-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a backup run's id is written bk- and a number, as in bk-12")]
pub struct RunIdError;

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bk-{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let number = text.strip_prefix("bk-").ok_or(RunIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(RunIdError)
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

/// A run as it stands. All times are those of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub origin: Origin,
    /// What is to be made; of one that was asked for, the window is the time it is given.
    pub planned: Planned,
    /// Tries that failed, the oldest first.
    pub tries: Vec<Try>,
    pub state: State,
    /// Rises with every change.
    pub revision: u64,
}

/// Why there is a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    Plan,
    Person { by: String, reason: String },
}

/// A data centre that was nearer in turn and got no try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    pub datacenter: DatacenterId,
    /// Why its repository could not be read.
    pub why: String,
}

/// A try that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    pub datacenter: DatacenterId,
    pub work: String,
    pub ordered_at: DateTime<Utc>,
    pub failed_at: DateTime<Utc>,
    pub failure: Failure,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// It begins, or is tried again, when its time has come and nothing stands in the way.
    Waiting { not_before: DateTime<Utc>, because: Option<Obstacle> },
    /// An agent has it; how far it is comes with the agent's reports.
    Ordered {
        agent: DatacenterId,
        datacenter: DatacenterId,
        /// In the order of their turns.
        #[serde(default)]
        passed_over: Vec<PassedOver>,
        work: String,
        at: DateTime<Utc>,
    },
    Done {
        datacenter: DatacenterId,
        /// By the try that made it.
        #[serde(default)]
        passed_over: Vec<PassedOver>,
        done: BackupDone,
        at: DateTime<Utc>,
    },
    /// The next window came, or its time was over.
    Missed { at: DateTime<Utc>, because: Obstacle },
}

/// What stands in the way of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Obstacle {
    #[error("no agent says that the database runs there")]
    NoAgent,
    #[error("the agent of {datacenter}, where the database runs, is silent")]
    AgentSilent { datacenter: DatacenterId },
    #[error("the database has other work at the moment")]
    Busy,
    #[error("no data centre can take a copy")]
    NoPlace,
    #[error("{failure}")]
    Failed { failure: Failure },
    #[error("no server was there to decide")]
    NobodyDecided,
    #[error("the fleet has no policy for it any more")]
    NoPolicy,
}

impl State {
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Ordered { .. } => false,
            Self::Done { .. } | Self::Missed { .. } => true,
        }
    }

    /// Its name in files and answers.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Ordered { .. } => "ordered",
            Self::Done { .. } => "done",
            Self::Missed { .. } => "missed",
        }
    }
}

impl Run {
    /// Whether its window is over and it is not done.
    pub fn is_late(&self, now: DateTime<Utc>) -> bool {
        !self.state.is_over() && self.planned.window_end <= now && self.origin == Origin::Plan
    }

    /// A new one.
    pub fn begin(id: RunId, new: New) -> Self {
        let New { origin, planned, state } = new;
        Self { id, origin, planned, tries: Vec::new(), state, revision: 1 }
    }

    fn next_work(&self) -> String {
        format!("{}-{}", self.id, self.tries.len() + 1)
    }
}

/// A run that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    pub origin: Origin,
    pub planned: Planned,
    pub state: State,
}

/// The runs that a schedule asks for now. `newest`: the beginning of the newest window of which
/// there is a run; `None`: there is none, and only a window that is on begins one. Of windows that
/// passed unseen the last is caught up with, and the others are missed.
pub fn due(schedule: &Schedule, newest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<New> {
    let Some(current) = schedule.begun(now) else { return Vec::new() };
    let from = match newest {
        Some(newest) => newest + TimeDelta::milliseconds(1),
        None if now < current.end => current.start,
        None => return Vec::new(),
    };
    let planned = schedule.between(from, now + TimeDelta::milliseconds(1));
    let passed = planned.len().saturating_sub(1);
    let planned = planned.into_iter().enumerate().skip(passed.saturating_sub(MISSED_MAX));
    let new = planned.map(|(at, planned)| New {
        origin: Origin::Plan,
        state: if at < passed {
            State::Missed { at: now, because: Obstacle::NobodyDecided }
        } else {
            State::Waiting { not_before: begins(&planned), because: None }
        },
        planned,
    });
    new.collect()
}

/// When a planned backup begins: databases are spread over the first half of their window, each
/// always at the same place in it.
pub fn begins(planned: &Planned) -> DateTime<Utc> {
    let name = planned.database.as_str().bytes();
    // FNV-1a: any spread will do, as long as it is the same everywhere.
    let hash = name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let half = (planned.window_end - planned.window_start).num_seconds() / 2;
    let offset = u64::try_from(half).ok().filter(|half| *half > 0).map_or(0, |half| hash % half);
    planned.window_start + TimeDelta::seconds(i64::try_from(offset).unwrap_or(0))
}

/// A run that a person asks for: in the data centre whose turn the last window is.
pub fn asked(
    schedule: &Schedule,
    kind: Kind,
    (by, reason): (String, String),
    now: DateTime<Utc>,
) -> Option<New> {
    let Window { start, .. } = schedule.begun(now)?;
    let last = schedule.between(start, start + TimeDelta::milliseconds(1)).pop()?;
    let planned = Planned { kind, window_start: now, window_end: now + ASKED_PATIENCE, ..last };
    let state = State::Waiting { not_before: now, because: None };
    Some(New { origin: Origin::Person { by, reason }, planned, state })
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub now: DateTime<Utc>,
    pub pace: Pace,
    /// `None`: the fleet has no policy for the database any more.
    pub schedule: Option<&'a Schedule>,
    /// The data centre whose agent says that the database runs there.
    pub host: Option<&'a DatacenterId>,
    /// Whether that agent is heard.
    pub heard: bool,
    /// What the repositories hold, as far as it is known.
    pub catalogue: Option<&'a Catalogue>,
    /// What was shown of copies; counts where a full copy is to be brought along
    /// ([`brings_along`]).
    pub proofs: &'a [Proof],
    /// What is told of the work of [`State::Ordered`].
    pub work: Option<&'a WorkReport>,
    /// How the command with it ended; `None`: it is on its way.
    pub command: Option<&'a Outcome>,
    /// Whether the database has other work.
    pub busy: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub run: Run,
    /// To be given to the agent of this data centre.
    pub order: Option<(DatacenterId, Work)>,
}

/// Decides; `None`: nothing changes.
pub fn decide(run: &Run, facts: &Facts<'_>) -> Option<Change> {
    let next = match &run.state {
        State::Waiting { not_before, because } => waiting(run, *not_before, because, facts),
        State::Ordered { .. } => ordered(run, facts),
        State::Done { .. } | State::Missed { .. } => None,
    };
    next.map(|mut change| {
        change.run.revision += 1;
        change
    })
}

fn waiting(
    run: &Run,
    not_before: DateTime<Utc>,
    because: &Option<Obstacle>,
    facts: &Facts<'_>,
) -> Option<Change> {
    let Some(schedule) = facts.schedule else { return missed(run, Obstacle::NoPolicy, facts.now) };
    if gives_up(run, schedule, facts.now) {
        let last = run.tries.last().map(|it| Obstacle::Failed { failure: it.failure.clone() });
        let why = because.clone().or(last).unwrap_or(Obstacle::NobodyDecided);
        return missed(run, why, facts.now);
    }
    if facts.now < not_before {
        return None;
    }
    let stands = |obstacle: Obstacle| {
        let changed = because.as_ref() != Some(&obstacle);
        changed.then(|| with(run, State::Waiting { not_before, because: Some(obstacle) }))
    };
    let Some(host) = facts.host else { return stands(Obstacle::NoAgent) };
    if !facts.heard {
        return stands(Obstacle::AgentSilent { datacenter: host.clone() });
    }
    if facts.busy {
        return stands(Obstacle::Busy);
    }
    let unread = unread(facts);
    let avoided = &unread | &failed_places(run);
    // Where all failed, they are all tried again.
    let place = schedule.elsewhere(&run.planned, &avoided);
    let place = place.or_else(|| schedule.elsewhere(&run.planned, &unread));
    let Some(place) = place else { return stands(Obstacle::NoPlace) };
    let work = run.next_work();
    let (kind, parent) = stands_on(run, schedule, &place, facts);
    let job = BackupJob {
        id: work.clone(),
        database: run.planned.database.clone(),
        datacenter: place.datacenter.clone(),
        kind,
        without_full: WithoutFull::MakeFull,
        parent,
    };
    let passed_over = passed_over(run, schedule, &place.datacenter, facts);
    let (agent, datacenter) = (host.clone(), place.datacenter);
    let state =
        State::Ordered { agent: agent.clone(), datacenter, passed_over, work, at: facts.now };
    Some(Change { order: Some((agent, Work::Backup(job))), ..with(run, state) })
}

/// Whether the full copy of a run may have to be brought along with it.
pub fn brings_along(run: &Run, schedule: &Schedule) -> bool {
    run.planned.kind == Kind::Differential && schedule.policy.rotation == Rotation::Literal
}

/// What is made in a place, and the full copy that is brought along.
fn stands_on(
    run: &Run,
    schedule: &Schedule,
    place: &Planned,
    facts: &Facts<'_>,
) -> (Kind, Option<Parent>) {
    match facts.catalogue.filter(|_| brings_along(run, schedule)) {
        None => (place.kind, None),
        Some(catalogue) => match parent::base(catalogue, facts.proofs, &place.datacenter) {
            Base::None => (Kind::Full, None),
            Base::There => (place.kind, None),
            Base::Along(parent) => (place.kind, Some(parent)),
        },
    }
}

fn ordered(run: &Run, facts: &Facts<'_>) -> Option<Change> {
    let State::Ordered { datacenter, passed_over, at, work, .. } = &run.state else { return None };
    let failed = |failure: Failure| {
        let mut next = run.clone();
        next.tries.push(Try {
            datacenter: datacenter.clone(),
            work: work.clone(),
            ordered_at: *at,
            failed_at: facts.now,
            failure: failure.clone(),
        });
        let doubled = 1 << (next.tries.len() - 1).min(8);
        let not_before = facts.now + (AGAIN_FIRST * doubled).min(AGAIN_MAX);
        next.state = State::Waiting { not_before, because: Some(Obstacle::Failed { failure }) };
        Some(Change { run: next, order: None })
    };
    let other = |words: &str| failed(Failure::new(Cause::Other { code: None }, words));
    match (facts.work.map(|report| &report.state), facts.command) {
        (Some(WorkState::Done { done: Done::Backup(done) }), _) => {
            let (datacenter, passed_over) = (datacenter.clone(), passed_over.clone());
            let state = State::Done { datacenter, passed_over, done: done.clone(), at: facts.now };
            Some(with(run, state))
        }
        (Some(WorkState::Done { .. }), _) => other("the agent tells of other work under its id"),
        (Some(WorkState::Failed { failure }), _) => failed(failure.clone()),
        (Some(WorkState::Waiting | WorkState::Running { .. }), _) => None,
        (None, Some(Outcome::Failed { message })) => other(message),
        (None, Some(Outcome::Stale { .. })) => other("a newer decision came before it"),
        (None, Some(Outcome::Done)) if facts.heard && is_silent(*at, facts) => {
            failed(Failure::new(Cause::BrokenOff, "the agent says nothing of it"))
        }
        (None, Some(Outcome::Done) | None) => None,
    }
}

fn is_silent(ordered_at: DateTime<Utc>, facts: &Facts<'_>) -> bool {
    facts.now - ordered_at >= facts.pace.stretch(SILENCE)
}

/// Whether nothing more is tried: the next window is on, or the time that was given is over.
fn gives_up(run: &Run, schedule: &Schedule, now: DateTime<Utc>) -> bool {
    let over = match run.origin {
        Origin::Plan => {
            schedule.begun(now).is_some_and(|window| window.start > run.planned.window_start)
        }
        Origin::Person { .. } => now >= run.planned.window_end,
    };
    over || run.tries.len() >= TRIES_MAX
}

/// Places whose repository cannot be read.
fn unread(facts: &Facts<'_>) -> BTreeSet<DatacenterId> {
    let held = facts.catalogue.into_iter().flatten();
    held.filter(|(_, held)| held.is_err()).map(|(id, _)| id.clone()).collect()
}

/// Places nearer in turn than `place` whose repository cannot be read. Where a try failed, that one
/// says why the run went on.
fn passed_over(
    run: &Run,
    schedule: &Schedule,
    place: &DatacenterId,
    facts: &Facts<'_>,
) -> Vec<PassedOver> {
    let turn = &schedule.turn;
    let first = turn.iter().position(|id| *id == run.planned.datacenter).unwrap_or(0);
    let nearer = turn.iter().cycle().skip(first).take(turn.len()).take_while(|id| *id != place);
    let untried = nearer.filter(|id| !run.tries.iter().any(|it| it.datacenter == **id));
    let passed = untried.filter_map(|id| {
        let why = facts.catalogue?.get(id)?.as_ref().err()?;
        Some(PassedOver { datacenter: id.clone(), why: why.clone() })
    });
    passed.collect()
}

/// Places where a try failed in a way that the next one need not.
fn failed_places(run: &Run) -> BTreeSet<DatacenterId> {
    let failed = run.tries.iter().filter(|it| blames_place(&it.failure.cause, run, it));
    failed.map(|it| it.datacenter.clone()).collect()
}

fn blames_place(cause: &Cause, run: &Run, failed: &Try) -> bool {
    let times = run.tries.iter().filter(|it| it.datacenter == failed.datacenter).count();
    match cause {
        Cause::RepositoryUnreachable | Cause::DiskFull | Cause::MissingFile | Cause::Damaged => {
            true
        }
        Cause::ArchiveTimeout
        | Cause::NoFull
        | Cause::TimedOut { .. }
        | Cause::Other { .. }
        | Cause::BrokenOff => times >= TRIES_IN_PLACE,
        // The database or its agent is to blame, wherever the copy goes.
        Cause::LockHeld
        | Cause::Stopped
        | Cause::DatabaseAway
        | Cause::NotRecovered
        | Cause::Cancelled
        | Cause::Setup => false,
    }
}

fn missed(run: &Run, because: Obstacle, at: DateTime<Utc>) -> Option<Change> {
    Some(with(run, State::Missed { at, because }))
}

fn with(run: &Run, state: State) -> Change {
    Change { run: Run { state, ..run.clone() }, order: None }
}
