//! What a rollout is held up by: each gate says go, wait for something, or why not.
//!
//! Invariant: a gate that lacks what it needs to know never says go.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Condition, ConditionFact, EdgeFact, Facts, PauseReason, Plan, Position, Rollout, State,
    StopReason, Wait, nodes,
};
use crate::estate::{Contact, Instance, InstanceState};
use crate::fleet::Strategy;
use crate::id::{DatacenterId, EdgeId, InstanceId};
use crate::judge::{Judgement, Metric, MetricJudgement, Verdict};
use crate::placement;

/// An instance of the new version that has not served for so long while it is watched is dead.
pub(super) const DEAD_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Deaths of one instance that make it dead however soon it is started again.
const DEATHS: u32 = 2;
/// How long an agent may be silent in the middle of a step.
pub(super) const AGENT_LOST_AFTER: TimeDelta = TimeDelta::seconds(60);
/// How long instances may take to come up.
pub const READY_WITHIN: TimeDelta = TimeDelta::seconds(120);
/// How long an instance must have served before requests are moved to it: edges were told of it
/// and have checked its health by then, or their users would be told that nothing is there.
pub(super) const SETTLED_AFTER: TimeDelta = TimeDelta::seconds(2);
/// How long an edge that is connected may take to acknowledge.
pub(super) const ACKNOWLEDGED_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// How late the edges' logs of a second may come: a watch that is undecided goes on for as long
/// again, and at least for so long.
pub(super) const LOGS_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// A watch passes when its edges were heard in so much of it, in percent.
const HEARD_LEAST_PERCENT: u64 = 90;

/// What a gate says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gate {
    Go,
    Wait(Wait),
    Pause(PauseReason),
}

/// Whatever stops a rollout at once. `watched`: instances are expected to serve.
pub(super) fn alarm(rollout: &Rollout, facts: &Facts<'_>, watched: bool) -> Option<StopReason> {
    dead(rollout, facts, watched)
        .or_else(|| refused(rollout, facts))
        .or_else(|| facts.judgement.and_then(failed))
        .or_else(|| broken(&rollout.plan, facts))
}

/// Instances of a version in a data centre, without those on their way out.
fn instances<'a>(
    facts: &'a Facts<'_>,
    rollout: &'a Rollout,
    version: &'a str,
    datacenter: &DatacenterId,
) -> impl Iterator<Item = &'a Instance> {
    let state = facts.estate.datacenters.get(datacenter);
    let all = state.into_iter().flat_map(|state| state.instances.values());
    all.map(AsRef::as_ref).filter(move |instance| {
        let leaving = matches!(instance.state, InstanceState::Draining);
        instance.service == rollout.plan.service && instance.version == version && !leaving
    })
}

/// An instance of the new version that died twice or, while it is watched, does not serve. What a
/// silent data centre said last counts for nothing.
fn dead(rollout: &Rollout, facts: &Facts<'_>, watched: bool) -> Option<StopReason> {
    let since = rollout.state.since();
    let is_dead = |instance: &&Instance| {
        let down = match &instance.state {
            InstanceState::Unhealthy { .. } | InstanceState::Waiting { .. } => true,
            InstanceState::Starting => instance.restarts > 0,
            InstanceState::Serving | InstanceState::Draining => false,
        };
        // A death before this state, that a person has seen and gone on, is not counted again.
        let anew = instance.since >= since - DEAD_AFTER;
        let died = instance.restarts >= DEATHS && (down || anew);
        died || (watched && down && facts.now - instance.since >= DEAD_AFTER)
    };
    facts.estate.datacenters.keys().find_map(|datacenter| {
        if facts.estate.contact(datacenter) != Contact::Reporting {
            return None;
        }
        let dead = instances(facts, rollout, &rollout.plan.to, datacenter).find(is_dead)?;
        let (datacenter, instance) = (datacenter.clone(), dead.id.clone());
        Some(StopReason::Dead { datacenter, instance })
    })
}

/// An edge's refusal of this service's configuration, as this rollout made it.
fn refused(rollout: &Rollout, facts: &Facts<'_>) -> Option<StopReason> {
    let (service, version) = (&rollout.plan.service, &rollout.plan.to);
    edges(facts).find_map(|(edge, fact)| {
        let fact = fact?;
        let nack = fact.refusal(service, rollout.routing_revision);
        let nack = nack.or_else(|| fact.refusal_of(service, version, rollout.started_at))?;
        Some(StopReason::Refused { edge: edge.clone(), message: nack.message.clone() })
    })
}

fn failed(judgement: &Judgement) -> Option<StopReason> {
    if judgement.verdict != Verdict::Fail {
        return None;
    }
    let of = judgement.metrics.iter().find(|metric| metric.verdict == Verdict::Fail);
    Some(match of {
        Some(metric) => StopReason::Analysis { metric: name(metric.metric), words: words(metric) },
        None => StopReason::Analysis { metric: "all".to_owned(), words: "it failed".to_owned() },
    })
}

/// `errors`, `p95`.
fn name(metric: Metric) -> String {
    match metric {
        Metric::Errors => "errors".to_owned(),
        Metric::Latency { quantile } => format!("p{}", quantile * 100.0),
    }
}

fn words(judged: &MetricJudgement) -> String {
    let number = |value: Option<f64>, scale: f64| {
        value.map_or_else(|| "unknown".to_owned(), |value| format!("{:.2}", value * scale))
    };
    let (new, old) = (judged.canary_requests, judged.stable_requests);
    match judged.metric {
        Metric::Errors => format!(
            "{} % of {new} requests fail, of the old version {} % of {old}; at least {} percentage \
             points more",
            number(judged.canary, 100.0),
            number(judged.stable, 100.0),
            number(judged.lower, 100.0)
        ),
        Metric::Latency { .. } => format!(
            "{} ms over {new} requests, of the old version {} ms over {old}; at least {} % slower",
            number(judged.canary, 1.0),
            number(judged.stable, 1.0),
            number(judged.lower, 100.0)
        ),
    }
}

fn broken(plan: &Plan, facts: &Facts<'_>) -> Option<StopReason> {
    let known = plan.analysis.conditions.iter().filter_map(|it| fact(facts, it));
    let mut broken = known.filter(|fact| fact.verdict == Verdict::Fail);
    broken.next().map(|fact| {
        let words = match (fact.value, &fact.condition) {
            (None, _) => "no value".to_owned(),
            (Some(value), Condition::ErrorsBelow { .. }) => format!("{:.2} %", value * 100.0),
            (Some(value), Condition::P95Below { .. }) => format!("{value:.0} ms"),
            (Some(value), Condition::PromqlBelow { .. } | Condition::PromqlAbove { .. }) => {
                format!("{value}")
            }
        };
        StopReason::Limit { condition: fact.condition.clone(), words }
    })
}

fn fact<'a>(facts: &Facts<'a>, condition: &Condition) -> Option<&'a ConditionFact> {
    facts.conditions.iter().find(|fact| fact.condition == *condition)
}

/// The data centres of a position are heard. One that falls silent is waited for, since nobody
/// knows what is there, and after a while a person is asked.
pub(super) fn heard(rollout: &Rollout, at: Position, facts: &Facts<'_>) -> Gate {
    let began = rollout.state.since();
    let mut waits = None;
    let placed = placed(rollout, facts);
    for id in rollout.plan.datacenters(at).into_iter().filter(|id| placed.contains(*id)) {
        let since = match facts.estate.contact(id) {
            Contact::Reporting => continue,
            Contact::Never => began,
            Contact::Silent { since } => since.max(began),
        };
        let datacenter = id.clone();
        if facts.now - since >= AGENT_LOST_AFTER {
            return Gate::Pause(PauseReason::AgentLost { datacenter });
        }
        let until = since + AGENT_LOST_AFTER;
        waits.get_or_insert(Gate::Wait(Wait::Agent { datacenter, until }));
    }
    waits.unwrap_or(Gate::Go)
}

/// Where the fleet places the service now; it may have changed since the plan was made.
pub(super) fn placed(rollout: &Rollout, facts: &Facts<'_>) -> BTreeSet<DatacenterId> {
    let fleet = &facts.estate.fleet;
    let service = fleet.services.get(&rollout.plan.service);
    service.map_or_else(BTreeSet::new, |service| placement::datacenters(fleet, service))
}

/// What a data centre still lacks of a version.
pub(super) struct Lack {
    pub datacenter: DatacenterId,
    pub serving: u16,
    pub wanted: u16,
    /// One that does not come up but dies.
    pub crashing: Option<InstanceId>,
}

/// Every heard data centre that has fewer nodes of a version serving than are wanted, and how
/// many serve of how many wanted in all of them. One that began a moment ago does not count.
pub(super) fn lacks(rollout: &Rollout, facts: &Facts<'_>, old: bool) -> (Vec<Lack>, u32, u32) {
    let plan = &rollout.plan;
    let version = if old { &plan.from } else { &plan.to };
    let (mut lacks, mut all_serving, mut all_wanted) = (Vec::new(), 0, 0);
    let Some(service) = facts.estate.fleet.services.get(&plan.service) else {
        return (lacks, 0, 0);
    };
    for datacenter in placed(rollout, facts) {
        let nodes = nodes(rollout, &datacenter, service.nodes);
        let wanted = if old { nodes.old } else { nodes.new };
        if facts.estate.contact(&datacenter) != Contact::Reporting {
            continue;
        }
        let found: Vec<_> = instances(facts, rollout, version, &datacenter).collect();
        let serves = |it: &&&Instance| {
            let settled = facts.now - it.since >= SETTLED_AFTER;
            settled && matches!(it.state, InstanceState::Serving)
        };
        let serving = found.iter().filter(serves).count().min(usize::from(wanted)) as u16;
        all_serving += u32::from(serving);
        all_wanted += u32::from(wanted);
        if serving < wanted {
            let crashing = found.iter().find(|it| match &it.state {
                InstanceState::Waiting { .. } => true,
                InstanceState::Starting | InstanceState::Unhealthy { .. } => it.restarts > 0,
                InstanceState::Serving | InstanceState::Draining => false,
            });
            let crashing = crashing.map(|it| it.id.clone());
            lacks.push(Lack { datacenter, serving, wanted, crashing });
        }
    }
    (lacks, all_serving, all_wanted)
}

/// The node that a rolling update added last: the last slot of its data centre.
pub(super) fn newest(
    rollout: &Rollout,
    at: Position,
    facts: &Facts<'_>,
) -> Option<(DatacenterId, InstanceId)> {
    let datacenter = rollout.plan.datacenters(at).into_iter().next()?;
    let all = instances(facts, rollout, &rollout.plan.to, datacenter);
    let serving = all.filter(|it| matches!(it.state, InstanceState::Serving));
    let last = serving.max_by_key(|it| (it.id.as_str().len(), it.id.clone()))?;
    Some((datacenter.clone(), last.id.clone()))
}

/// The edges of the fleet with what is known of them.
pub(super) fn edges<'a>(
    facts: &Facts<'a>,
) -> impl Iterator<Item = (&'a EdgeId, Option<&'a EdgeFact>)> {
    let Facts { estate, edges, .. } = *facts;
    estate.fleet.edges.keys().map(move |id| (id, edges.get(id)))
}

/// Every connected edge has acknowledged the rollout's weights.
pub(super) fn acknowledged(rollout: &Rollout, facts: &Facts<'_>) -> Gate {
    let began = rollout.state.since();
    let mut waits = None;
    for (edge, fact) in edges(facts) {
        let Some(fact) = fact.filter(|fact| fact.connected) else { continue };
        if fact.carries(&rollout.plan.service, rollout.routing_revision) {
            continue;
        }
        let (edge, until) = (edge.clone(), fact.since.max(began) + ACKNOWLEDGED_WITHIN);
        if facts.now >= until {
            return Gate::Pause(PauseReason::NotAcknowledged { edge });
        }
        waits.get_or_insert(Gate::Wait(Wait::Acknowledgement { edge, until }));
    }
    waits.unwrap_or(Gate::Go)
}

/// As [`acknowledged`]; and in a rolling update, where each step takes an old node away, no edge
/// is away that still sends requests there. With a canary the old version stays until the end.
pub(super) fn settled(rollout: &Rollout, facts: &Facts<'_>) -> Gate {
    let left = match rollout.plan.strategy {
        Strategy::Canary => None,
        Strategy::Rolling => behind(rollout, facts).next(),
    };
    let Some(edge) = left else { return acknowledged(rollout, facts) };
    if facts.now - rollout.state.since() >= AGENT_LOST_AFTER {
        return Gate::Pause(PauseReason::EdgeAway { edge });
    }
    Gate::Wait(Wait::Behind { edge })
}

/// Edges that are away and were told of weights before, but not of the rollout's present ones:
/// they go on with those.
pub(super) fn behind<'a>(
    rollout: &'a Rollout,
    facts: &'a Facts<'a>,
) -> impl Iterator<Item = EdgeId> + 'a {
    let (service, revision) = (&rollout.plan.service, rollout.routing_revision);
    let promoted = matches!(rollout.state, State::Promoted { .. });
    let left = if promoted { &rollout.plan.from } else { &rollout.plan.to };
    let is_behind = move |fact: &EdgeFact| {
        let told = fact.acknowledged_revision > 0;
        !fact.connected && told && !fact.but(service, left).carries(service, revision)
    };
    edges(facts).filter(move |(_, fact)| fact.is_some_and(is_behind)).map(|(id, _)| id.clone())
}

/// Edges that are away: they hold no weights up and are named.
pub(super) fn away(facts: &Facts<'_>) -> impl Iterator<Item = Wait> {
    let away = edges(facts).filter(|(_, fact)| !fact.is_some_and(|fact| fact.connected));
    away.map(|(edge, _)| Wait::Away { edge: edge.clone() })
}

/// The watch of a position is over, and what was seen in it passes.
pub(super) fn watched(
    rollout: &Rollout,
    at: Position,
    since: DateTime<Utc>,
    facts: &Facts<'_>,
) -> Gate {
    let plan = &rollout.plan;
    let watch = TimeDelta::seconds(i64::from(plan.watch_seconds(at)));
    let (end, last) = (since + watch, since + watch + watch.max(LOGS_WITHIN));
    if facts.now < end {
        return Gate::Wait(Wait::Watch { until: end });
    }
    let longer = |reason: PauseReason| {
        if facts.now < last {
            Gate::Wait(Wait::Analysis { until: last })
        } else {
            Gate::Pause(reason)
        }
    };
    // Logs come a little late: while they do not reach the end of the watch, more may come.
    let behind = facts.heard_until.is_some_and(|heard| heard < end);
    let compared = match plan.strategy {
        Strategy::Canary => facts.judgement.map(|judgement| judgement.verdict),
        Strategy::Rolling => None,
    };
    for condition in &plan.analysis.conditions {
        let what = condition.to_string();
        match fact(facts, condition).map(|fact| fact.verdict) {
            Some(Verdict::Pass) => {}
            // Too few requests for a limit are too few to compare, and that says how many.
            Some(Verdict::NoData) if compared == Some(Verdict::NoData) => {}
            Some(Verdict::NoData) if behind => {
                return longer(PauseReason::NotMeasured { what });
            }
            None | Some(Verdict::Undecided) => return longer(PauseReason::NotMeasured { what }),
            // A broken one has stopped the rollout before it came here.
            Some(Verdict::NoData | Verdict::NotMeasured | Verdict::Fail) => {
                return Gate::Pause(PauseReason::NotMeasured { what });
            }
        }
    }
    match plan.strategy {
        // The node's test is the measurement; a comparison can only stop it.
        Strategy::Rolling => Gate::Go,
        Strategy::Canary => match facts.judgement {
            None => longer(PauseReason::NotMeasured { what: "the comparison".to_owned() }),
            Some(judgement) => match judgement.verdict {
                Verdict::Pass => match unheard(plan.watch_seconds(at), end, facts) {
                    None => Gate::Go,
                    Some(what) => longer(PauseReason::NotMeasured { what }),
                },
                Verdict::Undecided => longer(PauseReason::Undecided),
                Verdict::NoData if behind => longer(no_data(plan, judgement)),
                Verdict::NoData => Gate::Pause(no_data(plan, judgement)),
                Verdict::NotMeasured | Verdict::Fail => {
                    let not = |m: &&MetricJudgement| m.verdict == Verdict::NotMeasured;
                    let of = judgement.metrics.iter().find(not);
                    let what = of.map_or_else(|| "the comparison".into(), |m| name(m.metric));
                    Gate::Pause(PauseReason::NotMeasured { what })
                }
            },
        },
    }
}

/// What a watch lacks of the edges' logs, in words. What was seen before they fell silent may be a
/// pass, and says nothing about the rest.
fn unheard(watch: u32, end: DateTime<Utc>, facts: &Facts<'_>) -> Option<String> {
    let heard = u64::from(facts.heard_seconds);
    let enough = heard * 100 >= u64::from(watch) * HEARD_LEAST_PERCENT;
    let complete = facts.heard_until.is_some_and(|heard| heard >= end);
    (!enough || !complete).then(|| {
        let heard = heard.min(u64::from(watch));
        format!("the rest of the watch (edges were heard in {heard} s of {watch} s)")
    })
}

fn no_data(plan: &Plan, judgement: &Judgement) -> PauseReason {
    let fewest = |metric: &MetricJudgement| metric.canary_requests.min(metric.stable_requests);
    let requests = judgement.metrics.iter().map(fewest).min().unwrap_or(0);
    PauseReason::NoData { requests, needed: plan.analysis.min_requests }
}
