//! Restores over the live database: asked for by one person, allowed by another, and only after a
//! test restore of the same copy to the same target (R24).
//!
//! Owns what a request goes through and what it needs. Invariant: nothing is restored on what has
//! changed since it was asked for; whoever asks never allows it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::clock::Pace;
use super::job::{Failure, RestoreJob, RestoreResult, SqlCheck, Target};
use super::work::{Done, Work, WorkReport, WorkState};
use super::{Catalogue, Label};
use crate::fence::Outcome;
use crate::id::{DatabaseId, DatacenterId};

/// A request that nobody allowed is void after this time; a real one, as fast as the policies'
/// days may pass.
pub const REQUEST_VALID: TimeDelta = TimeDelta::hours(4);

/// `rs-12`: short, typeable, permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RestoreId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a restore's id is written rs- and a number, as in rs-12")]
pub struct RestoreIdError;

impl fmt::Display for RestoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rs-{}", self.0)
    }
}

impl FromStr for RestoreId {
    type Err = RestoreIdError;

    fn from_str(text: &str) -> Result<Self, RestoreIdError> {
        let number = text.strip_prefix("rs-").ok_or(RestoreIdError)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Self).ok_or(RestoreIdError)
    }
}

impl TryFrom<String> for RestoreId {
    type Error = RestoreIdError;

    fn try_from(text: String) -> Result<Self, RestoreIdError> {
        text.parse()
    }
}

impl From<RestoreId> for String {
    fn from(id: RestoreId) -> Self {
        id.to_string()
    }
}

/// What is restored, and why. Unchangeable: what a second person allows is this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub database: DatabaseId,
    pub datacenter: DatacenterId,
    pub label: Label,
    pub target: Target,
    /// The user, also where a token of theirs asked.
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
    /// Without the test restore that it needs, because somebody says so.
    pub unproven: bool,
}

impl Request {
    /// Until when somebody may allow it.
    pub fn valid_until(&self, pace: Pace) -> DateTime<Utc> {
        self.at + pace.stretch(REQUEST_VALID)
    }

    pub fn is_void(&self, now: DateTime<Utc>, pace: Pace) -> bool {
        now > self.valid_until(pace)
    }
}

/// A restore as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    pub id: RestoreId,
    pub request: Request,
    pub state: State,
    /// Rises with every change.
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// A second person has to allow it.
    Requested,
    /// Nobody did in time, or somebody refused.
    Refused { by: Option<String>, why: String, at: DateTime<Utc> },
    /// Allowed; an agent has it.
    Ordered { allowed_by: String, agent: DatacenterId, work: String, at: DateTime<Utc> },
    /// The database is what it was restored to; what was there before is kept.
    Done { allowed_by: String, result: RestoreResult, at: DateTime<Utc> },
    /// It broke off: the result says where, if the agent told any.
    Failed {
        allowed_by: String,
        result: Option<RestoreResult>,
        failure: Option<Failure>,
        at: DateTime<Utc>,
    },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Refused { .. } => "refused",
            Self::Ordered { .. } => "ordered",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
        }
    }

    pub const fn is_over(&self) -> bool {
        match self {
            Self::Requested | Self::Ordered { .. } => false,
            Self::Refused { .. } | Self::Done { .. } | Self::Failed { .. } => true,
        }
    }
}

/// Why a restore may not be asked for or allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Refusal {
    #[error("there is no copy {label} in {datacenter} any more; choose another")]
    NoCopy { datacenter: DatacenterId, label: Label },
    #[error(
        "no test restore of this copy to this target has passed; make one first, or override with \
         the name of the database"
    )]
    NeverProven,
    #[error(
        "the last test restore of this copy to this target passed at {at}, more than \
         {max_age_days} days ago; make another, or override with the name of the database"
    )]
    ProofTooOld { at: DateTime<Utc>, max_age_days: u16 },
    #[error(
        "the last test restore of this copy to this target failed at {at}; choose another copy"
    )]
    ProofFailed { at: DateTime<Utc> },
    #[error("{by} asked for it; a second person has to allow it")]
    SamePerson { by: String },
    #[error("it is {state} already")]
    Over { state: String },
    #[error("nobody allowed it within {} hours; ask again", REQUEST_VALID.num_hours())]
    Expired,
    #[error("the restore {id} of this database is not over")]
    Other { id: RestoreId },
    #[error("the agent where the database runs is not heard")]
    NotHeard,
}

/// The test restore that a restore goes by (R24): of the same copy, to the same target, passed and
/// young enough. `work`: reports of work on the database, with when each was taken in.
pub fn proven<'a>(
    request: &Request,
    work: impl IntoIterator<Item = (&'a WorkReport, DateTime<Utc>)>,
    max_age_days: u16,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Refusal> {
    let of_it = work.into_iter().filter_map(|(report, at)| match (&report.work, &report.state) {
        (Work::Prove(job), WorkState::Done { done: Done::Prove(result) })
            if job.datacenter == request.datacenter
                && job.label == request.label
                && job.target == request.target =>
        {
            Some((at, result.proved()))
        }
        (_, _) => None,
    });
    let Some((at, passed)) = of_it.max_by_key(|(at, passed)| (*at, !*passed)) else {
        return Err(Refusal::NeverProven);
    };
    if !passed {
        return Err(Refusal::ProofFailed { at });
    }
    if now - at > TimeDelta::days(i64::from(max_age_days)) {
        return Err(Refusal::ProofTooOld { at, max_age_days });
    }
    Ok(at)
}

/// Whether the copy that is asked for is there.
pub fn there(request: &Request, catalogue: &Catalogue) -> Result<(), Refusal> {
    let held = catalogue.get(&request.datacenter).and_then(|held| held.as_ref().ok());
    match held.into_iter().flatten().any(|copy| copy.label == request.label) {
        true => Ok(()),
        false => {
            let (datacenter, label) = (request.datacenter.clone(), request.label.clone());
            Err(Refusal::NoCopy { datacenter, label })
        }
    }
}

/// What a second person allows with is judged again: `checked` is what [`there`] and [`proven`]
/// say now, the latter left out where the request goes without it; then what the database is asked
/// once it is up.
pub fn allow(
    restore: &Restore,
    by: &str,
    agent: Option<&DatacenterId>,
    checked: Result<Vec<SqlCheck>, Refusal>,
    (now, pace): (DateTime<Utc>, Pace),
) -> Result<(Restore, Work), Refusal> {
    open(restore, now, pace)?;
    if restore.request.by == by {
        return Err(Refusal::SamePerson { by: by.to_owned() });
    }
    let checks = checked?;
    let agent = agent.ok_or(Refusal::NotHeard)?.clone();
    let Request { database, datacenter, label, target, .. } = restore.request.clone();
    let id = restore.id.to_string();
    let job = RestoreJob { id: id.clone(), database, datacenter, label, target, checks };
    let state = State::Ordered { allowed_by: by.to_owned(), agent, work: id, at: now };
    Ok((next(restore, state), Work::Restore(job)))
}

/// Somebody says no, which whoever asked may as well.
pub fn refuse(
    restore: &Restore,
    by: &str,
    why: &str,
    (now, pace): (DateTime<Utc>, Pace),
) -> Result<Restore, Refusal> {
    open(restore, now, pace)?;
    let state = State::Refused { by: Some(by.to_owned()), why: why.to_owned(), at: now };
    Ok(next(restore, state))
}

fn open(restore: &Restore, now: DateTime<Utc>, pace: Pace) -> Result<(), Refusal> {
    match restore.state {
        State::Requested if restore.request.is_void(now, pace) => Err(Refusal::Expired),
        State::Requested => Ok(()),
        State::Refused { .. }
        | State::Ordered { .. }
        | State::Done { .. }
        | State::Failed { .. } => Err(Refusal::Over { state: restore.state.name().to_owned() }),
    }
}

/// What comes next by itself; `None`: nothing changes. `work` and `command`: what is told of the
/// ordered work, and how the command with it ended.
pub fn decide(
    restore: &Restore,
    work: Option<&WorkReport>,
    command: Option<&Outcome>,
    (now, pace): (DateTime<Utc>, Pace),
) -> Option<Restore> {
    let failed = |allowed_by: &str, result, failure| State::Failed {
        allowed_by: allowed_by.to_owned(),
        result,
        failure,
        at: now,
    };
    let other = |words: &str| Some(Failure::new(super::job::Cause::Other { code: None }, words));
    let state = match (&restore.state, work.map(|report| &report.state), command) {
        (State::Requested, _, _) if restore.request.is_void(now, pace) => {
            State::Refused { by: None, why: Refusal::Expired.to_string(), at: now }
        }
        (
            State::Ordered { allowed_by, .. },
            Some(WorkState::Done { done: Done::Restore(result) }),
            _,
        ) => {
            let (allowed_by, result) = (allowed_by.clone(), result.clone());
            match result.restore.passed() && result.start.passed() {
                true => State::Done { allowed_by, result, at: now },
                false => failed(&allowed_by, Some(result), None),
            }
        }
        (State::Ordered { allowed_by, .. }, Some(WorkState::Failed { failure }), _) => {
            failed(allowed_by, None, Some(failure.clone()))
        }
        (State::Ordered { allowed_by, .. }, None, Some(Outcome::Failed { message })) => {
            failed(allowed_by, None, other(message))
        }
        (State::Ordered { allowed_by, .. }, None, Some(Outcome::Stale { .. })) => {
            failed(allowed_by, None, other("a newer decision came before it"))
        }
        (
            State::Requested
            | State::Refused { .. }
            | State::Ordered { .. }
            | State::Done { .. }
            | State::Failed { .. },
            _,
            _,
        ) => return None,
    };
    Some(next(restore, state))
}

fn next(restore: &Restore, state: State) -> Restore {
    Restore { state, revision: restore.revision + 1, ..restore.clone() }
}
