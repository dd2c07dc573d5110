//! How a step that has begun is seen to go, by its kind.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::decide::{Facts, Order, Running};
use super::target::lag_max_bytes;
use super::{Act, Mode, RunId};
use crate::backup::work::{Done, WorkState};
use crate::cluster::decide::{Reason, Verdict, may_fail_over, may_switch};
use crate::cluster::job::{
    ANY_LOSS, ClusterDone, ClusterJob, FailoverJob, RejoinJob, SwitchoverJob,
};
use crate::cluster::{MemberReport, Role, State};
use crate::estate::Contact;
use crate::id::{DatabaseId, DatacenterId, ServiceId};
use crate::placement;
use crate::status::Status;

/// So long a group is watched before it counts as recovered.
pub const OBSERVE: TimeDelta = TimeDelta::seconds(5);
/// With more failing requests than this it does not, in percent of at least [`REQUESTS_MIN`].
pub const ERRORS_MOST_PERCENT: u64 = 5;
pub const REQUESTS_MIN: u64 = 20;

/// What is seen of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Not yet; what it waits for.
    Waits(String),
    Done(String),
    Failed(String),
}

type Seen = (Look, Option<Order>);

pub(super) fn look(step: &Running<'_>, facts: &Facts<'_>) -> Seen {
    let bare = |look| (look, None);
    match &step.step.act {
        Act::Precheck(_) => precheck(step, facts),
        Act::Scale(id) | Act::Start(id) => bare(nodes(step, facts, id)),
        Act::StopWrites(id) => stop_writes(step, facts, id),
        Act::WaitForReplica(id) => bare(wait(step, facts, id)),
        Act::Promote(id) => promote(step, facts, id),
        Act::Verify(id) => bare(verify(step, facts, id)),
        Act::ShiftTraffic(id) | Act::ReturnTraffic(id) => bare(edges(step, facts, id)),
        Act::Observe(_) => bare(observe(step, facts)),
        Act::Release(id) => bare(released(step, facts, id)),
    }
}

/// Targets are heard; of what returns, the nodes are up; leaders can hand over. A member that was
/// left follows its leader again before it can lead: it is asked to.
fn precheck(step: &Running<'_>, facts: &Facts<'_>) -> Seen {
    let rejoin = match step.run.plan.back {
        Some(_) => rejoin(step, facts),
        None => None,
    };
    match rejoin {
        Some(seen) => seen,
        None => (checked(step, facts), None),
    }
}

/// The first member that is to lead again and does not follow; `None`: all do, or they are not
/// heard.
fn rejoin(step: &Running<'_>, facts: &Facts<'_>) -> Option<Seen> {
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

fn checked(step: &Running<'_>, facts: &Facts<'_>) -> Look {
    let estate = facts.estate;
    let targets: BTreeSet<_> = step.group.steps.iter().filter_map(|it| it.to.as_ref()).collect();
    let unheard = |id: &&&DatacenterId| estate.contact(id) != Contact::Reporting;
    if let Some(id) = targets.iter().find(unheard) {
        return Look::Failed(format!("{id} is not heard: nothing moves there"));
    }
    let mut waits = Vec::new();
    for other in &step.group.steps {
        let (Some(from), Some(to)) = (&other.from, &other.to) else { continue };
        match &other.act {
            Act::ReturnTraffic(id) => {
                let (serving, wanted) = (serving(facts, id, to), wanted(facts, id, to));
                if serving < wanted {
                    waits.push(format!("{serving} of {wanted} nodes of {id} serve in {to}"));
                }
            }
            Act::Promote(id) => match ready(step, facts, id, (from, to)) {
                Ok(()) => {}
                Err(reason) if passes_by_itself(&reason) => waits.push(format!("{id}: {reason}")),
                Err(reason) => return Look::Failed(format!("{id}: {reason}")),
            },
            Act::Precheck(_)
            | Act::Scale(_)
            | Act::Start(_)
            | Act::StopWrites(_)
            | Act::WaitForReplica(_)
            | Act::Verify(_)
            | Act::ShiftTraffic(_)
            | Act::Observe(_)
            | Act::Release(_) => {}
        }
    }
    match waits.is_empty() {
        true => Look::Done(format!("{} heard", names(&targets))),
        false => Look::Waits(waits.join("; ")),
    }
}

/// Whether a reason is one that waiting helps against.
const fn passes_by_itself(reason: &Reason) -> bool {
    match reason {
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
fn ready(
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
fn stop_writes(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Seen {
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
    let switch = may_switch((from, old), (to, new), most);
    match (switch, step.run.mode) {
        (Err(reason), Mode::Forced) if known.is_none() => {
            (Look::Done(format!("{from} cannot be told: {reason}")), None)
        }
        (Err(reason), Mode::Graceful) if known.is_none() && !passes_by_itself(&reason) => {
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

const ENDLESS: &str = "the plan does not say from where and to where";

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

fn leads_by(member: &MemberReport) -> bool {
    member.role == Role::Leader && member.state.runs()
}

fn leads(facts: &Facts<'_>, id: &DatabaseId, at: &DatacenterId) -> bool {
    member(facts, id, at).is_some_and(leads_by)
}

/// The standby has everything that the old leader is known to have written; forced: what it has.
fn wait(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Look {
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
fn promote(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Seen {
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
        let verdict =
            may_fail_over((to, member(facts, id, to)), last_of(facts, id, from), Some(ANY_LOSS));
        match verdict {
            Ok(Verdict::Already | Verdict::Act(_)) => {}
            Err(reason @ (Reason::LeaderRuns { .. } | Reason::NotRunning { .. })) => {
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
fn verify(step: &Running<'_>, facts: &Facts<'_>, id: &DatabaseId) -> Look {
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
    let same = |it: &&super::Step| it.act.name() == kind && it.act.subject() == id.as_str();
    let sibling = step.group.steps.iter().find(same)?;
    let attempt = match step.run.steps.get(&sibling.id)? {
        super::StepState::Running { attempt, .. } | super::StepState::Failed { attempt, .. } => {
            *attempt
        }
        super::StepState::Done { .. } | super::StepState::Skipped { .. } => 1,
    };
    Some(key(step.run.id, &sibling.id.0, attempt))
}

fn serving(facts: &Facts<'_>, id: &ServiceId, at: &DatacenterId) -> usize {
    facts.estate.cell(id, at).filter(|(_, status)| *status == Status::Healthy).count()
}

/// Nodes that are to run there, those that stand in included.
fn wanted(facts: &Facts<'_>, id: &ServiceId, at: &DatacenterId) -> usize {
    let fleet = &facts.estate.fleet;
    let Some(service) = fleet.services.get(id) else { return 0 };
    let placed = placement::datacenters(fleet, service).contains(at);
    let declared = if placed { usize::from(service.nodes) } else { 0 };
    declared + usize::from(facts.estate.releases.standing.extra(id, at))
}

fn nodes(step: &Running<'_>, facts: &Facts<'_>, id: &ServiceId) -> Look {
    let Some(to) = &step.step.to else { return Look::Failed(ENDLESS.into()) };
    if facts.estate.contact(to) != Contact::Reporting {
        return Look::Waits(format!("{to} is not heard"));
    }
    let (serving, wanted) = (serving(facts, id, to), wanted(facts, id, to));
    let seen = format!("{serving} of {wanted} nodes serve in {to}");
    if serving >= wanted { Look::Done(seen) } else { Look::Waits(seen) }
}

/// Nodes that stood in are gone.
fn released(step: &Running<'_>, facts: &Facts<'_>, id: &ServiceId) -> Look {
    let Some(from) = &step.step.from else { return Look::Failed(ENDLESS.into()) };
    let there = facts.estate.cell(id, from).count();
    let wanted = wanted(facts, id, from);
    let seen = format!("{there} nodes in {from}, {wanted} are to stay");
    if there <= wanted { Look::Done(seen) } else { Look::Waits(seen) }
}

/// Every connected edge carries out what this run decided.
fn edges(step: &Running<'_>, facts: &Facts<'_>, id: &ServiceId) -> Look {
    let edges = &facts.estate.fleet.edges;
    if edges.is_empty() {
        return Look::Done("there are no edges".into());
    }
    let connected = edges.keys().filter_map(|edge| {
        let fact = facts.edges.get(edge)?;
        fact.connected.then_some((edge, fact))
    });
    let (mut carrying, mut of, mut missing) = (0, 0, Vec::new());
    for (edge, fact) in connected {
        of += 1;
        if fact.carries(id, step.run.routing_revision) {
            carrying += 1;
        } else {
            missing.push(edge.to_string());
        }
    }
    let away = edges.len() - of;
    match (of, missing.is_empty()) {
        (0, _) => Look::Waits("no edge is connected: they keep what they were told last".into()),
        (_, true) if away == 0 => Look::Done(format!("all {carrying} edges carry it out")),
        (_, true) => Look::Done(format!("{carrying} edges carry it out, {away} are not connected")),
        (_, false) => Look::Waits(format!("{} to acknowledge", missing.join(", "))),
    }
}

/// The group is served: its nodes are healthy where they are to be, and users' requests are
/// answered, elsewhere than where they were.
fn observe(step: &Running<'_>, facts: &Facts<'_>) -> Look {
    let mut waits = Vec::new();
    let mut requests = 0;
    let heard = facts.answered.filter(|it| it.from >= step.since && it.until - it.from >= OBSERVE);
    for other in &step.group.steps {
        let (Some(from), Some(to)) = (&other.from, &other.to) else { continue };
        match &other.act {
            Act::Scale(id) | Act::Start(id) if step.run.stands(&other.id) => {
                let (serving, wanted) = (serving(facts, id, to), wanted(facts, id, to));
                if serving < wanted {
                    waits.push(format!("{serving} of {wanted} nodes of {id} serve in {to}"));
                }
            }
            Act::ShiftTraffic(id) if step.run.stands(&other.id) => {
                let Some(answered) = heard else { continue };
                let (sum, problem) = traffic(answered, id, Some(from));
                requests += sum;
                waits.extend(problem);
            }
            Act::ReturnTraffic(id) if step.run.stands(&other.id) => {
                let Some(answered) = heard else { continue };
                let (sum, problem) = traffic(answered, id, None);
                requests += sum;
                waits.extend(problem);
            }
            Act::Promote(id) if step.run.stands(&other.id) && !leads(facts, id, to) => {
                waits.push(format!("{id} does not lead in {to}"));
            }
            Act::Precheck(_)
            | Act::Scale(_)
            | Act::Start(_)
            | Act::StopWrites(_)
            | Act::WaitForReplica(_)
            | Act::Promote(_)
            | Act::Verify(_)
            | Act::ShiftTraffic(_)
            | Act::Observe(_)
            | Act::ReturnTraffic(_)
            | Act::Release(_) => {}
        }
    }
    if !waits.is_empty() {
        return Look::Waits(waits.join("; "));
    }
    let none = facts.estate.fleet.edges.is_empty();
    match (heard, none) {
        (Some(_), _) if requests == 0 => Look::Done("healthy; no user asked for it".into()),
        (Some(_), _) => Look::Done(format!("healthy; {requests} requests answered elsewhere")),
        (None, true) if facts.now - step.since >= OBSERVE => Look::Done("healthy".into()),
        (None, true) => Look::Waits("watched for some seconds".into()),
        (None, false) => Look::Waits("what users' requests did is not known yet".into()),
    }
}

/// Requests of a service in the seconds that were watched, and what is wrong with them.
fn traffic(
    answered: &super::decide::Answered,
    id: &ServiceId,
    left: Option<&DatacenterId>,
) -> (u64, Option<String>) {
    let Some(counts) = answered.counts.get(id) else { return (0, None) };
    let requests: u64 = counts.values().map(|(requests, _)| requests).sum();
    let errors: u64 = counts.values().map(|(_, errors)| errors).sum();
    let still = left.and_then(|left| counts.get(&Some(left.clone())));
    let problem = match still {
        Some((some, _)) if *some > 0 && *some < requests => {
            let place = left.map(ToString::to_string).unwrap_or_default();
            Some(format!("{some} requests to {id} were answered in {place}"))
        }
        _ if requests >= REQUESTS_MIN && errors * 100 > requests * ERRORS_MOST_PERCENT => {
            Some(format!("{errors} of {requests} requests to {id} failed"))
        }
        _ => None,
    };
    (requests, problem)
}

fn names(targets: &BTreeSet<&DatacenterId>) -> String {
    let names: Vec<_> = targets.iter().map(|id| id.as_str()).collect();
    if names.is_empty() { "nothing to be".into() } else { names.join(", ") }
}
