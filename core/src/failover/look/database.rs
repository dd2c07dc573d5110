//! How the steps of a database are seen to go: what is asked of its agents, and what they tell.

use sha2::{Digest, Sha256};

use super::{ENDLESS, Look, Seen, unsure};
use crate::backup::work::{Done, WorkState};
use crate::cluster::decide::{Reason, Verdict, may_fail_over, may_switch};
use crate::cluster::job::{
    ANY_LOSS, ClusterDone, ClusterJob, FailoverJob, RejoinJob, SwitchoverJob,
};
use crate::cluster::{MemberReport, Role, State};
use crate::estate::Contact;
use crate::failover::decide::{Facts, Order, Running};
use crate::failover::target::lag_max_bytes;
use crate::failover::{Act, Mode, RunId, Step, StepState};
use crate::id::{DatabaseId, DatacenterId};

/// The first member that is to lead again and does not follow; `None`: all do, or they are not
/// heard.
pub(super) fn rejoin(step: &Running<'_>, facts: &Facts<'_>) -> Option<Seen> {
    step.group.steps.iter().find_map(|other| {
        let (Act::Promote(id), Some(to)) = (&other.act, &other.to) else { return None };
        let report = member(facts, id, to)?;
        let follows = report.role == Role::Leader || report.state == State::Streaming;
        if follows {
            return None;
        }
        let what = format!("{}/rejoin/{id}", step.step.id);
        let job_id = key(step.run.id, &what, step.attempt);
        let known = facts.estate.datacenters.get(to).and_then(|it| it.work(&job_id));
        if let Some(why) = known.and_then(|report| refused(&report.state)) {
            return Some((Look::Failed(format!("{id} in {to}: {why}")), None));
        }
        let job = ClusterJob::Rejoin(RejoinJob { id: job_id, database: id.clone() });
        let seen = format!("{id} in {to} joins its cluster again");
        Some((Look::Waits(seen), Some(Order { datacenter: to.clone(), job })))
    })
}

/// Whether a reason is one that waiting helps against. What is not waited for in a forced run is a
/// standby that is being created: the leader that it would be made from may be gone.
pub(super) const fn passes_by_itself(reason: &Reason, mode: Mode) -> bool {
    match reason {
        Reason::ComingUp { .. } => matches!(mode, Mode::Graceful),
        Reason::LagUnknown
        | Reason::LagTooLarge { .. }
        | Reason::NotStreaming { .. }
        | Reason::TimelineUnknown
        | Reason::SynchronousUnknown
        | Reason::NotInSync => true,
        Reason::NoTarget { .. }
        | Reason::NotTheLeader { .. }
        | Reason::LeaderAway
        | Reason::LeaderRuns { .. }
        | Reason::NotRunning { .. }
        | Reason::TimelinesDiffer { .. }
        | Reason::LossUnknown { .. }
        | Reason::LossTooLarge { .. } => false,
    }
}

/// Whether a leader can move, in the way of the run.
pub(super) fn ready(
    step: &Running<'_>,
    facts: &Facts<'_>,
    id: &DatabaseId,
    (from, to): (&DatacenterId, &DatacenterId),
) -> Result<(), Reason> {
    let (old, new) = (member(facts, id, from), member(facts, id, to));
    let most = lag_max_bytes(&facts.estate.fleet, id);
    let switch = may_switch((from, old), (to, new), most).map(drop);
    match step.run.mode {
        Mode::Graceful => switch,
        Mode::Forced => switch.or_else(|_| may_fail_over((to, new), old, Some(ANY_LOSS)).map(drop)),
    }
}

/// What a member's agent tells, if it is heard.
fn member<'a>(facts: &Facts<'a>, id: &DatabaseId, at: &DatacenterId) -> Option<&'a MemberReport> {
    let heard = facts.estate.contact(at) == Contact::Reporting;
    facts.estate.datacenters.get(at).filter(|_| heard)?.member(id)
}

/// What the lost leader's agent told last, heard or not.
fn last_of<'a>(facts: &Facts<'a>, id: &DatabaseId, at: &DatacenterId) -> Option<&'a MemberReport> {
    facts.estate.datacenters.get(at)?.member(id)
}

/// Where a database moves from and to by this step.
fn ends<'a>(step: &Running<'a>) -> Option<(&'a DatacenterId, &'a DatacenterId)> {
    Some((step.step.from.as_ref()?, step.step.to.as_ref()?))
}

/// The leader hands over, where it can: it stops taking writes, and its standby gets the last of
/// them. One that is lost cannot be told.
pub(super) fn stop_writes(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Seen {
    let Some((from, to)) = ends(step) else { return (Look::Failed(ENDLESS.into()), None) };
    if leads(facts, id, to) {
        return (Look::Done(format!("{to} leads")), None);
    }
    let most = lag_max_bytes(&facts.estate.fleet, id);
    let (old, new) = (member(facts, id, from), member(facts, id, to));
    let job_id = job_id(step);
    let known = facts.estate.datacenters.get(to).and_then(|it| it.work(&job_id));
    if let Some(failure) = known.and_then(|report| refused(&report.state)) {
        return (Look::Failed(failure), None);
    }
    if let (None, Some(unsure)) = (known, unsure(facts, [from, to].into_iter())) {
        return (unsure, None);
    }
    let switch = may_switch((from, old), (to, new), most);
    match (switch, step.run.mode) {
        (Err(reason), Mode::Forced) if known.is_none() => {
            (Look::Done(format!("{from} cannot be told: {reason}")), None)
        }
        (Err(reason), Mode::Graceful)
            if known.is_none() && !passes_by_itself(&reason, Mode::Graceful) =>
        {
            (Look::Failed(reason.to_string()), None)
        }
        (Err(reason), Mode::Graceful) if known.is_none() => (Look::Waits(reason.to_string()), None),
        (Ok(_) | Err(_), _) => {
            // Once it hands over, the old leader is seen to take no writes any more.
            let stopped = known.is_some() && old.is_some_and(|it| !leads_by(it));
            let order = Order {
                datacenter: to.clone(),
                job: ClusterJob::Switchover(SwitchoverJob {
                    id: job_id,
                    database: id.clone(),
                    from: from.clone(),
                    to: to.clone(),
                    lag_max_bytes: most,
                }),
            };
            match stopped {
                true => (Look::Done(format!("{from} takes no writes")), None),
                false => (Look::Waits(format!("{from} hands over to {to}")), Some(order)),
            }
        }
    }
}

/// Why work was not done; `None`: it is on its way, or done.
fn refused(state: &WorkState) -> Option<String> {
    match state {
        WorkState::Failed { failure } => Some(failure.to_string()),
        WorkState::Done { done: Done::Cluster(ClusterDone::Refused { reason }) } => {
            Some(reason.to_string())
        }
        WorkState::Waiting | WorkState::Running { .. } | WorkState::Done { .. } => None,
    }
}

pub(super) fn leads_by(member: &MemberReport) -> bool {
    member.role == Role::Leader && member.state.runs()
}

pub(super) fn leads(facts: &Facts<'_>, id: &DatabaseId, at: &DatacenterId) -> bool {
    member(facts, id, at).is_some_and(leads_by)
}

/// The standby has everything that the old leader is known to have written; forced: what it has.
pub(super) fn wait(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Look {
    let Some((from, to)) = ends(step) else { return Look::Failed(ENDLESS.into()) };
    if leads(facts, id, to) {
        return Look::Done(format!("{to} leads"));
    }
    match step.run.mode {
        Mode::Forced => Look::Done("not waited for: forced".into()),
        Mode::Graceful => {
            // The tool that hands over waits for it; here it is seen by positions.
            let written = last_of(facts, id, from).and_then(|it| it.lsn);
            let received = member(facts, id, to).and_then(|it| it.lsn);
            match (written, received) {
                (Some(written), Some(received)) if received >= written => {
                    Look::Done(format!("{to} has everything that {from} wrote"))
                }
                (Some(written), Some(received)) => {
                    Look::Waits(format!("{to} is {} bytes behind", written - received))
                }
                (None, _) | (_, None) => Look::Waits("the positions are not known".into()),
            }
        }
    }
}

/// The standby leads; a leader that is lost is replaced now.
pub(super) fn promote(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Seen {
    let Some((from, to)) = ends(step) else { return (Look::Failed(ENDLESS.into()), None) };
    if leads(facts, id, to) {
        return (Look::Done(format!("{to} leads")), None);
    }
    // What hands over was asked of the same agent before.
    let handing = sibling_job(step, "stop-writes", id);
    let handing = handing.and_then(|job| facts.estate.datacenters.get(to)?.work(&job));
    match (handing.map(|report| &report.state), step.run.mode) {
        (Some(WorkState::Waiting | WorkState::Running { .. }), _) => {
            return (Look::Waits(format!("{to} takes over")), None);
        }
        (Some(state), Mode::Graceful) => {
            return match refused(state) {
                Some(why) => (Look::Failed(why), None),
                None => (Look::Waits(format!("{to} is not seen leading yet")), None),
            };
        }
        (None, Mode::Graceful) => {
            return (Look::Failed("nothing was handed over; force it, or try again".into()), None);
        }
        (Some(_) | None, Mode::Forced) => {}
    }
    let job_id = job_id(step);
    let known = facts.estate.datacenters.get(to).and_then(|it| it.work(&job_id));
    if let Some(why) = known.and_then(|report| refused(&report.state)) {
        return (Look::Failed(why), None);
    }
    if known.is_none() {
        if let Some(unsure) = unsure(facts, std::iter::once(to)) {
            return (unsure, None);
        }
        let verdict =
            may_fail_over((to, member(facts, id, to)), last_of(facts, id, from), Some(ANY_LOSS));
        match verdict {
            Ok(Verdict::Already | Verdict::Act(_)) => {}
            Err(
                reason @ (Reason::LeaderRuns { .. }
                | Reason::NotRunning { .. }
                | Reason::ComingUp { .. }),
            ) => {
                return (Look::Waits(reason.to_string()), None);
            }
            Err(reason) => return (Look::Failed(reason.to_string()), None),
        }
    }
    let job = ClusterJob::Failover(FailoverJob {
        id: job_id,
        database: id.clone(),
        to: to.clone(),
        accept_loss_bytes: Some(ANY_LOSS),
    });
    (Look::Waits(format!("{to} takes over")), Some(Order { datacenter: to.clone(), job }))
}

/// The new leader is seen to lead, on a timeline of its own.
pub(super) fn verify(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Look {
    let Some((_, to)) = ends(step) else { return Look::Failed(ENDLESS.into()) };
    match member(facts, id, to) {
        Some(it) if leads_by(it) => match it.timeline {
            Some(timeline) => Look::Done(format!("{to} leads on timeline {timeline}")),
            None => Look::Waits("its timeline is not known".into()),
        },
        Some(it) => Look::Waits(format!("{to} is {}", it.role)),
        None => Look::Waits(format!("nothing is heard of {id} in {to}")),
    }
}

/// Idempotency key of what an agent is asked for by a step.
fn job_id(step: &Running<'_>) -> String {
    key(step.run.id, &step.step.id.0, step.attempt)
}

/// Short, whatever the names of group and database: agents take keys of 64 bytes at most.
fn key(run: RunId, what: &str, attempt: u16) -> String {
    let digest = Sha256::digest(what.as_bytes());
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{run}-{short}-{attempt}")
}

/// The key of what a step of the same group asked for about the same database.
fn sibling_job(step: &Running<'_>, kind: &str, id: &DatabaseId) -> Option<String> {
    let same = |it: &&Step| it.act.name() == kind && it.act.subject() == id.as_str();
    let sibling = step.group.steps.iter().find(same)?;
    let attempt = match step.run.steps.get(&sibling.id)? {
        StepState::Running { attempt, .. } | StepState::Failed { attempt, .. } => *attempt,
        StepState::Done { .. } | StepState::Skipped { .. } => 1,
    };
    Some(key(step.run.id, &sibling.id.0, attempt))
}
