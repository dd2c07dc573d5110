//! What a person is told before a rollout starts: can it be taken back, what will it show, what
//! else is going on.
//!
//! Invariant: what is not known is said to be unknown, never taken for good.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Plan, Position, RolloutId, SchemaChange};
use crate::bench::{Bench, BenchResult};
use crate::estate::{Contact, Estate};
use crate::fleet::Strategy;
use crate::id::{DatacenterId, EdgeId, RegionId, ServiceId};
use crate::judge::{Detectable, Expected, Latencies, detectable};
use crate::placement;
use crate::problem::Record;
use crate::routing::WEIGHT_TOTAL;

/// The traffic of a service lately, as the edges' logs tell it.
#[derive(Clone, Debug, Default)]
pub struct Today<'a> {
    /// Requests a second at the edges of each region; a region that is absent is not measured.
    pub per_second: BTreeMap<RegionId, f64>,
    /// Proportion that failed; `None`: not measured.
    pub error_rate: Option<f64>,
    /// `None`: not measured.
    pub latencies: Option<Latencies>,
    /// Problems that are open now, of any service.
    pub problems: &'a [Record],
    /// The result that the version is let in on.
    pub bench: Option<&'a BenchResult>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// What the start confirms ([`Plan::hash`]).
    pub hash: String,
    pub checks: Vec<Check>,
    /// Every position that is watched, in order.
    pub steps: Vec<StepPreview>,
    /// The shortest time it can take: all watches, without instances coming up.
    pub watch_seconds: u64,
}

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub level: Level,
    pub line: Line,
}

/// How good a line is. Only what [`super::start`] refuses blocks: a service that is down can be
/// mended by a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Ok,
    Unknown,
    Warn,
    Block,
}

/// What a line says, with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Line {
    /// The version that one goes back to serves with so many of its nodes; `unheard`: where nobody
    /// knows.
    OldServes {
        version: String,
        serving: u32,
        wanted: u32,
        unheard: Vec<DatacenterId>,
    },
    /// It is gone, and its instances would have to come up first.
    OldComesUpFirst {
        version: String,
        nodes: u32,
    },
    Schema {
        change: SchemaChange,
    },
    /// Whether one configuration works with both versions, as declared.
    Configuration {
        compatible: bool,
    },
    /// Until when the bench that the version passed counts; `None`: it does not.
    Bench {
        expires_at: Option<DateTime<Utc>>,
    },
    /// Requests a second to the service; `None`: not measured in all its regions.
    Traffic {
        per_second: Option<f64>,
    },
    OtherRollouts {
        rollouts: Vec<RolloutId>,
    },
    /// Open problems of the service and of the data centres it runs in.
    Problems {
        ids: Vec<i64>,
    },
    /// Instances that run beside those declared, at most at once, and the memory they take by what
    /// the old version's use now. Whether hosts have that much to spare is not known here.
    Extra {
        instances: u32,
        memory_bytes: Option<u64>,
    },
    /// The new version's share of all requests now, by region where it has any.
    Share {
        by_region: BTreeMap<RegionId, u16>,
    },
    /// Edges that would acknowledge at once, and those that are away and follow when they return.
    Edges {
        connected: u32,
        away: Vec<EdgeId>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepPreview {
    pub at: Position,
    pub regions: Vec<RegionId>,
    /// Of a canary; `None`: a rolling update's node.
    pub weight: Option<u16>,
    pub watch_seconds: u32,
    /// A person has to go on after it.
    pub pause: bool,
    /// Requests a second that the new version is to get; `None`: not measured.
    pub canary_per_second: Option<f64>,
    /// The smallest regressions that are detected; `None`: not measured, or nothing to compare.
    pub detectable: Option<Detectable>,
}

/// What to show before a start.
pub fn preview(plan: &Plan, estate: &Estate, today: &Today<'_>) -> Preview {
    let steps = steps(plan, today);
    let watch_seconds = steps.iter().map(|step| u64::from(step.watch_seconds)).sum();
    let mut checks = vec![old_serves(estate, plan)];
    checks.extend(declared(plan));
    checks.extend([
        bench(plan, estate, today.bench),
        traffic(plan, today),
        other_rollouts(estate, &plan.service),
        problems(plan, estate, today.problems),
        extra(plan, estate),
    ]);
    Preview { hash: plan.hash(), checks, steps, watch_seconds }
}

/// Whether the version that one goes back to stands.
pub(super) fn old_serves(estate: &Estate, plan: &Plan) -> Check {
    let (mut serving, mut wanted, mut unheard) = (0, 0, Vec::new());
    let service = estate.fleet.services.get(&plan.service);
    if let Some(service) = service {
        for datacenter in placement::datacenters(&estate.fleet, service) {
            let nodes = u32::from(service.nodes);
            if estate.contact(&datacenter) != Contact::Reporting {
                unheard.push(datacenter);
                continue;
            }
            wanted += nodes;
            let cell = estate.cell(&plan.service, &datacenter);
            let up = cell.filter(|(it, status)| it.version == plan.from && status.is_available());
            serving += u32::try_from(up.count()).unwrap_or(u32::MAX).min(nodes);
        }
    }
    let level = if !unheard.is_empty() {
        Level::Unknown
    } else if serving < wanted {
        Level::Warn
    } else {
        Level::Ok
    };
    Check { level, line: Line::OldServes { version: plan.from.clone(), serving, wanted, unheard } }
}

/// What was declared of the change.
pub(super) fn declared(plan: &Plan) -> [Check; 2] {
    let schema = match plan.schema {
        SchemaChange::None | SchemaChange::Reversible => Level::Ok,
        SchemaChange::Irreversible => Level::Warn,
    };
    let compatible = plan.configuration_compatible;
    let configuration = if compatible { Level::Ok } else { Level::Warn };
    [
        Check { level: schema, line: Line::Schema { change: plan.schema } },
        Check { level: configuration, line: Line::Configuration { compatible } },
    ]
}

fn bench(plan: &Plan, estate: &Estate, result: Option<&BenchResult>) -> Check {
    let checks = Bench::of(&estate.fleet, &plan.service);
    let counting = result.filter(|result| result.counts(&checks, estate.at));
    let level = if counting.is_some() { Level::Ok } else { Level::Block };
    let expires_at = counting.and_then(|result| result.expires_at);
    Check { level, line: Line::Bench { expires_at } }
}

fn traffic(plan: &Plan, today: &Today<'_>) -> Check {
    let regions = plan.waves.iter().flat_map(|wave| &wave.regions);
    let rates: Option<Vec<f64>> = regions.map(|it| today.per_second.get(it).copied()).collect();
    let per_second = rates.map(|rates| rates.iter().sum::<f64>());
    let level = match per_second {
        None => Level::Unknown,
        Some(rate) if rate > 0.0 => Level::Ok,
        Some(_) => Level::Warn,
    };
    Check { level, line: Line::Traffic { per_second } }
}

/// Another rollout of this service blocks; those of others are only to be known.
fn other_rollouts(estate: &Estate, service: &ServiceId) -> Check {
    let others = estate.releases.rollouts.iter().filter(|(_, rollout)| !rollout.is_over());
    let blocked = others.clone().any(|(id, _)| id == service);
    let rollouts: Vec<_> = others.map(|(_, rollout)| rollout.id).collect();
    let level = match (blocked, rollouts.is_empty()) {
        (true, _) => Level::Block,
        (false, true) => Level::Ok,
        (false, false) => Level::Warn,
    };
    Check { level, line: Line::OtherRollouts { rollouts } }
}

fn problems(plan: &Plan, estate: &Estate, open: &[Record]) -> Check {
    let waves = plan.waves.iter().flat_map(|wave| &wave.datacenters);
    let places: BTreeSet<_> = waves.map(|(id, _)| id).collect();
    let concerns = |record: &&Record| {
        let (service, datacenter) = record.problem.about();
        let place = datacenter.is_some_and(|id| places.contains(id));
        record.closed_at.is_none()
            && service.map_or(place, |service| *service == plan.service)
            && service.is_none_or(|service| estate.fleet.services.contains_key(service))
    };
    let found: Vec<_> = open.iter().filter(concerns).collect();
    let level = if found.is_empty() { Level::Ok } else { Level::Warn };
    Check { level, line: Line::Problems { ids: found.iter().map(|record| record.id).collect() } }
}

fn extra(plan: &Plan, estate: &Estate) -> Check {
    let all = plan.waves.iter().flat_map(|wave| &wave.datacenters);
    let instances = match plan.strategy {
        Strategy::Canary => all.map(|(_, nodes)| u32::from(*nodes)).sum(),
        Strategy::Rolling => 1,
    };
    let own = estate.instances().filter(|(_, it, _)| it.service == plan.service);
    let used: Vec<u64> = own.filter_map(|(_, it, _)| it.memory_bytes).collect();
    let mean = used.iter().sum::<u64>().checked_div(used.len() as u64);
    let memory_bytes = mean.map(|mean| mean * u64::from(instances));
    Check { level: Level::Unknown, line: Line::Extra { instances, memory_bytes } }
}

fn steps(plan: &Plan, today: &Today<'_>) -> Vec<StepPreview> {
    let mut at = Some(Position::default());
    let positions = std::iter::from_fn(|| {
        let now = at?;
        at = plan.next(now);
        Some(now)
    });
    positions.map(|at| step(plan, at, today)).collect()
}

fn step(plan: &Plan, at: Position, today: &Today<'_>) -> StepPreview {
    let regions = plan.waves.get(usize::from(at.wave)).map(|wave| wave.regions.clone());
    let regions = regions.unwrap_or_default();
    let share = match plan.strategy {
        Strategy::Canary => plan.share(at.step),
        Strategy::Rolling => {
            let all = f64::from(plan.positions(at.wave).max(1));
            (f64::from(at.step + 1) / all * f64::from(WEIGHT_TOTAL)).round() as u16
        }
    };
    let rates: Option<Vec<f64>> =
        regions.iter().map(|region| today.per_second.get(region).copied()).collect();
    let rate = rates.map(|rates| rates.iter().sum::<f64>());
    let part = f64::from(share) / f64::from(WEIGHT_TOTAL);
    let canary_per_second = rate.map(|rate| rate * part);
    let watch_seconds = plan.watch_seconds(at);
    let detectable = match (rate, today.error_rate) {
        (Some(rate), Some(error_rate)) if rate > 0.0 => {
            let stable_per_second = rate * (1.0 - part);
            let expected = Expected {
                stable_per_second,
                canary_per_second: rate * part,
                error_rate,
                latencies: today.latencies.clone(),
                watch_seconds,
            };
            (stable_per_second > 0.0).then(|| detectable(&plan.settings(), &expected))
        }
        (Some(_) | None, _) => None,
    };
    let weight = (plan.strategy == Strategy::Canary).then_some(share);
    let pause = plan.pauses(at);
    StepPreview { at, regions, weight, watch_seconds, pause, canary_per_second, detectable }
}
