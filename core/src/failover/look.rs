//! How a step that has begun is seen to go, by its kind.

mod database;

use std::collections::BTreeSet;

use chrono::TimeDelta;

use self::database::{leads, passes_by_itself, promote, ready, rejoin, stop_writes, verify, wait};
use super::decide::{Answered, Facts, Order, Running};
use super::{Act, GroupPlan, Step};
use crate::estate::Contact;
use crate::id::{DatacenterId, ServiceId};
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

/// Whether users would be answered where a step sends them, before it sends any: one of the places
/// that the plan makes ready for them is enough.
pub(super) fn arrives(group: &GroupPlan, step: &Step, facts: &Facts<'_>) -> Look {
    let (Act::ShiftTraffic(id) | Act::ReturnTraffic(id)) = &step.act else {
        return Look::Done(String::new());
    };
    let ready = group
        .steps
        .iter()
        .filter(|other| matches!(&other.act, Act::Scale(it) | Act::Start(it) if it == id));
    let places: BTreeSet<_> = ready.chain([step]).filter_map(|it| it.to.as_ref()).collect();
    let heard = |place: &&&DatacenterId| facts.estate.contact(place) == Contact::Reporting;
    let nodes: usize = places.iter().filter(heard).map(|place| serving(facts, id, place)).sum();
    if nodes > 0 {
        return Look::Done(String::new());
    }
    unsure(facts, places.iter().copied()).unwrap_or_else(|| {
        let places = names(&places);
        Look::Failed(format!("no node of {id} is seen to serve in {places}: no user is sent there"))
    })
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

fn checked(step: &Running<'_>, facts: &Facts<'_>) -> Look {
    let estate = facts.estate;
    let targets: BTreeSet<_> = step.group.steps.iter().filter_map(|it| it.to.as_ref()).collect();
    if let Some(unsure) = unsure(facts, targets.iter().copied()) {
        return unsure;
    }
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
                Err(reason) if passes_by_itself(&reason, step.run.mode) => {
                    waits.push(format!("{id}: {reason}"));
                }
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

/// Right after the server's clock was set, all seem silent: until agents have told again, that
/// says nothing of any of them.
fn unsure<'a>(
    facts: &Facts<'_>,
    mut asked: impl Iterator<Item = &'a DatacenterId>,
) -> Option<Look> {
    let silent = asked.find(|id| facts.estate.contact(id) != Contact::Reporting)?;
    let words =
        || format!("whether {silent} is heard is not known yet: the server's clock was set");
    (!facts.clock_even).then(|| Look::Waits(words()))
}

const ENDLESS: &str = "the plan does not say from where and to where";

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
    answered: &Answered,
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
