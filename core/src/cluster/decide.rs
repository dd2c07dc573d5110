//! Whether a database may move to another member, and what that would cost.
//!
//! A control plane decides by the newest reports of two agents, an agent by what it sees itself;
//! both by the same functions. What is not known passes no check.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{MemberReport, Role, State, Synchronous};
use crate::id::DatacenterId;

/// A change of leaders that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// The target leads already.
    Already,
    Act(T),
}

/// What a failover would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What the lost leader had written, as far as anybody saw, and the target had not received.
    /// It may have written more since. `None`: nobody can say.
    pub bytes: Option<u64>,
    /// When the lost leader was seen last.
    pub as_of: Option<DateTime<Utc>>,
}

/// Why a database stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// The cluster has no such member, or nothing is heard of it.
    NoTarget {
        target: DatacenterId,
    },
    /// Another member leads than the one that should hand over.
    NotTheLeader {
        asked: DatacenterId,
        leader: Option<DatacenterId>,
    },
    /// The leader does not run, so it can hand nothing over.
    LeaderAway,
    /// A leader runs: it can hand over without a loss.
    LeaderRuns {
        leader: DatacenterId,
    },
    /// The target does not get what the leader writes.
    NotStreaming {
        state: String,
    },
    /// The target's Postgres does not run.
    NotRunning {
        state: String,
    },
    /// The target's Postgres does not run yet: it is being created, or starts.
    ComingUp {
        state: String,
    },
    LagUnknown,
    LagTooLarge {
        lag_bytes: u64,
        lag_max_bytes: u64,
    },
    TimelineUnknown,
    TimelinesDiffer {
        leader: u32,
        target: u32,
    },
    SynchronousUnknown,
    /// Commits wait for standbys, and the target is none of them.
    NotInSync,
    LossUnknown {
        accepted_bytes: u64,
    },
    LossTooLarge {
        loss_bytes: u64,
        accepted_bytes: u64,
    },
}

/// Whether a leader may hand over to a standby without a loss and within the policy.
///
/// `from` and `to` are the members as their own agents tell; the caller has made sure that both
/// are heard. A switchover works in a paused cluster.
pub fn may_switch(
    (from_id, from): (&DatacenterId, Option<&MemberReport>),
    (to_id, to): (&DatacenterId, Option<&MemberReport>),
    lag_max_bytes: u64,
) -> Result<Verdict<()>, Reason> {
    let to = to.ok_or_else(|| Reason::NoTarget { target: to_id.clone() })?;
    match to.role {
        Role::Leader if to.state.runs() => return Ok(Verdict::Already),
        Role::Leader | Role::Replica => {}
        Role::Stopped => return Err(not_running(&to.state)),
        Role::Unknown => return Err(Reason::NoTarget { target: to_id.clone() }),
    }
    let leads = from.filter(|it| it.role == Role::Leader);
    let Some(from) = leads else {
        let leader = to.sees_leader().cloned().filter(|leader| leader != from_id);
        return Err(match leader {
            Some(_) => Reason::NotTheLeader { asked: from_id.clone(), leader },
            None => Reason::LeaderAway,
        });
    };
    if !from.state.runs() {
        return Err(Reason::LeaderAway);
    }
    if to.state != State::Streaming {
        return Err(Reason::NotStreaming { state: to.state.to_string() });
    }
    same_timeline(from.timeline, to.timeline)?;
    in_sync(to.synchronous)?;
    match lag(from.lsn, to) {
        None => Err(Reason::LagUnknown),
        Some(lag_bytes) if lag_bytes > lag_max_bytes => {
            Err(Reason::LagTooLarge { lag_bytes, lag_max_bytes })
        }
        Some(_) => Ok(Verdict::Act(())),
    }
}

/// Whether a standby may take the place of a leader that is lost, and what is lost with it.
///
/// `to` is the standby as its own agent tells. `lost` is the newest report of the lost leader's
/// agent, if there ever was one; what other members knew of the leader is in `to`. `accept`: see
/// [`FailoverJob`](super::job::FailoverJob). That the leader is lost is the caller's to know; one
/// from which `to` still gets what it writes is refused. It works in a paused cluster.
pub fn may_fail_over(
    (to_id, to): (&DatacenterId, Option<&MemberReport>),
    lost: Option<&MemberReport>,
    accept: Option<u64>,
) -> Result<Verdict<Loss>, Reason> {
    let to = to.ok_or_else(|| Reason::NoTarget { target: to_id.clone() })?;
    match to.role {
        Role::Leader if to.state.runs() => return Ok(Verdict::Already),
        Role::Leader | Role::Replica => {}
        Role::Stopped => return Err(not_running(&to.state)),
        Role::Unknown => return Err(Reason::NoTarget { target: to_id.clone() }),
    }
    if let (State::Streaming, Some(leader)) = (&to.state, to.sees_leader()) {
        return Err(Reason::LeaderRuns { leader: leader.clone() });
    }
    if !to.state.runs() {
        return Err(not_running(&to.state));
    }
    let accepted_bytes = accept.unwrap_or(0);
    let any = accepted_bytes == super::job::ANY_LOSS;
    match same_timeline(last_timeline(to, lost), to.timeline) {
        Err(Reason::TimelineUnknown) if any => {}
        other => other?,
    }
    match in_sync(to.synchronous) {
        Err(_) if any => {}
        other => other?,
    }
    let loss = loss(to, lost);
    match loss.bytes {
        None if !any => Err(Reason::LossUnknown { accepted_bytes }),
        Some(loss_bytes) if loss_bytes > accepted_bytes => {
            Err(Reason::LossTooLarge { loss_bytes, accepted_bytes })
        }
        None | Some(_) => Ok(Verdict::Act(loss)),
    }
}

/// What would be lost if `to` took the place of a leader that is lost.
pub fn loss(to: &MemberReport, lost: Option<&MemberReport>) -> Loss {
    // Positions of a timeline that is left behind say nothing about the newest.
    let newest = last_timeline(to, lost);
    let own = lost.filter(|it| it.role == Role::Leader);
    let own = own.map(|it| (it.timeline, it.lsn, it.seen_at));
    let seen = to.leader.as_ref().map(|it| (it.timeline, it.lsn, it.seen_at));
    let known: Vec<_> = own
        .into_iter()
        .chain(seen)
        .filter(|(timeline, ..)| *timeline == newest)
        .filter_map(|(_, lsn, at)| Some((lsn?, at)))
        .collect();
    let written = known.iter().map(|(lsn, _)| *lsn).max();
    let between = written.zip(to.lsn).map(|(written, received)| written.saturating_sub(received));
    // What the standby itself says counts as well, where it is more.
    let bytes = between.max(to.lag_bytes);
    Loss { bytes, as_of: known.iter().map(|(_, at)| *at).max() }
}

/// A standby that comes up by itself is told from one that stays down.
fn not_running(state: &State) -> Reason {
    match state.comes_up() {
        true => Reason::ComingUp { state: state.to_string() },
        false => Reason::NotRunning { state: state.to_string() },
    }
}

fn last_timeline(to: &MemberReport, lost: Option<&MemberReport>) -> Option<u32> {
    let own = lost.filter(|it| it.role == Role::Leader).and_then(|it| it.timeline);
    // A leader that came after the one that was reported has a higher one.
    own.max(to.leader.as_ref().and_then(|it| it.timeline))
}

fn same_timeline(leader: Option<u32>, target: Option<u32>) -> Result<(), Reason> {
    match (leader, target) {
        (Some(leader), Some(target)) if leader == target => Ok(()),
        (Some(leader), Some(target)) => Err(Reason::TimelinesDiffer { leader, target }),
        (None, _) | (_, None) => Err(Reason::TimelineUnknown),
    }
}

fn in_sync(synchronous: Option<Synchronous>) -> Result<(), Reason> {
    match synchronous {
        Some(Synchronous::Off | Synchronous::InSync) => Ok(()),
        Some(Synchronous::NotInSync) => Err(Reason::NotInSync),
        None => Err(Reason::SynchronousUnknown),
    }
}

/// How far a standby is behind: by its own word and by its leader's, whichever is more. Two
/// reports are never of the same moment, and neither may hide what the other shows.
fn lag(leader: Option<u64>, to: &MemberReport) -> Option<u64> {
    let between = leader.zip(to.lsn).map(|(written, received)| written.saturating_sub(received));
    to.lag_bytes.max(between)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget { target } => write!(f, "nothing is heard of a member in {target}"),
            Self::NotTheLeader { asked, leader: Some(leader) } => {
                write!(f, "{leader} leads, not {asked}")
            }
            Self::NotTheLeader { asked, leader: None } => write!(f, "{asked} does not lead"),
            Self::LeaderAway => f.write_str("the leader does not run and can hand nothing over"),
            Self::LeaderRuns { leader } => {
                write!(f, "the leader in {leader} runs and can hand over without a loss")
            }
            Self::NotStreaming { state } => {
                write!(f, "the standby does not get what the leader writes: it is {state}")
            }
            Self::NotRunning { state } => write!(f, "the standby does not run: it is {state}"),
            Self::ComingUp { state } => write!(f, "the standby does not run yet: it is {state}"),
            Self::LagUnknown => f.write_str("how far the standby is behind is not known"),
            Self::LagTooLarge { lag_bytes, lag_max_bytes } => {
                write!(f, "the standby is {lag_bytes} bytes behind; {lag_max_bytes} may be")
            }
            Self::TimelineUnknown => {
                f.write_str("whether the standby is on the leader's timeline is not known")
            }
            Self::TimelinesDiffer { leader, target } => {
                write!(f, "the leader is on timeline {leader}, the standby on {target}")
            }
            Self::SynchronousUnknown => {
                f.write_str("whether commits wait for the standby is not known")
            }
            Self::NotInSync => f.write_str("commits wait for standbys, and not for this one"),
            Self::LossUnknown { accepted_bytes } => {
                write!(f, "nobody can say what would be lost; {accepted_bytes} bytes may be")
            }
            Self::LossTooLarge { loss_bytes, accepted_bytes } => {
                write!(f, "{loss_bytes} bytes would be lost; {accepted_bytes} may be")
            }
        }
    }
}
