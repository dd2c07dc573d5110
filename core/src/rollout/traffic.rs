//! Where requests go: shares of both versions as a rollout's state says, and where they answer.

use std::collections::BTreeMap;

use super::{Back, Ending, Plan, Position, Rollout, State};
use crate::estate::{Contact, Estate, InstanceState};
use crate::fleet::{Fleet, Service, Strategy};
use crate::id::{DatacenterId, RegionId, ServiceId};
use crate::placement;
use crate::routing::{EdgePlace, Routing, ServiceRouting, WEIGHT_TOTAL, Weight};

/// The revision of what edges are told now: it rises with every decision about versions and with
/// every fleet that is applied.
pub fn routing_revision(estate: &Estate) -> u64 {
    estate.releases.revision + u64::try_from(estate.fleet_revision).unwrap_or(0)
}

/// Everything the edges are to be told.
///
/// An instance is reached while its agent reports it as serving; when the agent is silent, those
/// that served when it was last heard stay, for the edges' own health checks know better.
pub fn routing(estate: &Estate) -> Routing {
    let fleet = &estate.fleet;
    let mut answering = answering(estate);
    let services = fleet.services.iter().filter_map(|(id, service)| {
        let versions = answering.remove(id).unwrap_or_default();
        Some((id.clone(), service_routing(estate, id, service, versions)?))
    });
    let edges = fleet.edges.iter().map(|(id, edge)| {
        let (region, datacenter) = (edge.region.clone(), edge.datacenter.clone());
        (id.clone(), EdgePlace { region, datacenter })
    });
    let regions = fleet.datacenters.iter().map(|(id, it)| (id.clone(), it.region.clone()));
    Routing {
        revision: routing_revision(estate),
        services: services.collect(),
        edges: edges.collect(),
        regions: regions.collect(),
    }
}

/// The new version's share of requests, out of [`WEIGHT_TOTAL`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shares {
    by_region: BTreeMap<RegionId, u16>,
    default: u16,
}

/// The new version's share of requests at edges of a region, out of [`WEIGHT_TOTAL`], as the
/// state asks for it. In a region where the service does not run the last wave's holds (rolling:
/// the share of nodes in all).
pub fn new_share(fleet: &Fleet, rollout: &Rollout, region: &RegionId) -> u16 {
    let shares = shares(fleet, rollout);
    shares.by_region.get(region).copied().unwrap_or(shares.default)
}

type Versions = BTreeMap<String, BTreeMap<DatacenterId, Vec<String>>>;

/// Where every version of every service answers.
fn answering(estate: &Estate) -> BTreeMap<ServiceId, Versions> {
    let mut found: BTreeMap<ServiceId, Versions> = BTreeMap::new();
    for (datacenter, state) in &estate.datacenters {
        if state.contact(estate.at) == Contact::Never {
            continue;
        }
        for instance in state.instances.values() {
            if let (InstanceState::Serving, Some(endpoint)) = (&instance.state, &instance.endpoint)
            {
                let versions = found.entry(instance.service.clone()).or_default();
                let places = versions.entry(instance.version.clone()).or_default();
                places.entry(datacenter.clone()).or_default().push(endpoint.clone());
            }
        }
    }
    found
}

/// How a service is reached; `None`: it is placed nowhere (any more).
fn service_routing(
    estate: &Estate,
    id: &ServiceId,
    service: &Service,
    mut answering: Versions,
) -> Option<ServiceRouting> {
    let fleet = &estate.fleet;
    if placement::datacenters(fleet, service).is_empty() {
        return None;
    }
    let mut routing = ServiceRouting {
        health_path: service.health_path.clone(),
        limits: service.limits,
        away: estate.releases.standing.away(id),
        ..Default::default()
    };
    let mut keep = |version: &str| {
        let endpoints = answering.remove(version).unwrap_or_default();
        let answers = !endpoints.is_empty();
        routing.versions.insert(version.to_owned(), endpoints);
        answers
    };
    let Some(rollout) = estate.releases.rollouts.get(id).filter(|it| !it.is_over()) else {
        let stable = estate.releases.stable(fleet, id)?.version;
        keep(&stable);
        routing.default = vec![Weight { version: stable, weight: WEIGHT_TOTAL }];
        return Some(routing);
    };
    let plan = &rollout.plan;
    let (old_answers, new_answers) = (keep(&plan.from), keep(&plan.to));
    let mut shares = shares(fleet, rollout);
    let banned = estate.releases.quarantine(id, &plan.to).is_some() && !is_leaving(&rollout.state);
    if banned || (!new_answers && old_answers) {
        shares = Shares::default();
    } else if !old_answers && new_answers {
        shares = Shares { by_region: BTreeMap::new(), default: WEIGHT_TOTAL };
    }
    routing.default = weights(plan, shares.default);
    let own = shares.by_region.into_iter().filter(|(_, share)| *share != shares.default);
    routing.by_region = own.map(|(region, share)| (region, weights(plan, share))).collect();
    Some(routing)
}

/// Whether requests stay on a version that was taken back until the old one's instances are up.
const fn is_leaving(state: &State) -> bool {
    matches!(state, State::RollingBack { stage: Back::Starting, .. })
}

fn weights(plan: &Plan, new: u16) -> Vec<Weight> {
    let both = [(&plan.from, WEIGHT_TOTAL - new), (&plan.to, new)];
    let some = both.into_iter().filter(|(_, weight)| *weight > 0);
    some.map(|(version, weight)| Weight { version: version.clone(), weight }).collect()
}

/// Which position's weights hold.
enum Holds {
    None,
    Of(Position),
    All,
}

fn shares(fleet: &Fleet, rollout: &Rollout) -> Shares {
    let plan = &rollout.plan;
    match holds(plan, &rollout.state) {
        Holds::None => Shares::default(),
        Holds::All => Shares { by_region: BTreeMap::new(), default: WEIGHT_TOTAL },
        Holds::Of(at) => match plan.strategy {
            Strategy::Canary => canary(plan, at),
            Strategy::Rolling => rolling(fleet, plan, at),
        },
    }
}

fn holds(plan: &Plan, state: &State) -> Holds {
    let of = |at: Option<Position>| at.map_or(Holds::None, Holds::Of);
    match state {
        State::Preparing { held: Some(held), .. } => Holds::Of(*held),
        State::Preparing { at, held: None, .. }
        | State::Testing { at, .. }
        | State::Paused { at, weighed: false, .. } => of(plan.previous(*at)),
        State::Shifting { at, .. }
        | State::Watching { at, .. }
        | State::Paused { at, weighed: true, .. } => Holds::Of(*at),
        State::Promoted { .. } | State::Ended { outcome: Ending::Promoted, .. } => Holds::All,
        // The node that failed leaves at once; the rest when the old version's nodes are back.
        State::RollingBack { stage: Back::Starting, was, .. } => match was {
            None => Holds::All,
            Some(at) => of(plan.previous(*at)),
        },
        State::RollingBack { stage: Back::Shifting, .. }
        | State::RolledBack { .. }
        | State::Ended { outcome: Ending::RolledBack { .. }, .. } => Holds::None,
    }
}

/// All of it in the regions of finished waves, the step's weight in the wave's, none in others.
fn canary(plan: &Plan, at: Position) -> Shares {
    let share = |wave: usize| match wave.cmp(&usize::from(at.wave)) {
        std::cmp::Ordering::Less => WEIGHT_TOTAL,
        std::cmp::Ordering::Equal => plan.share(at.step),
        std::cmp::Ordering::Greater => 0,
    };
    let everywhere = at.step >= plan.positions(at.wave);
    let waves = plan
        .waves
        .iter()
        .enumerate()
        .map(|(index, wave)| (wave, if everywhere { WEIGHT_TOTAL } else { share(index) }));
    let mut shares = Shares::default();
    for (wave, share) in waves {
        shares.by_region.extend(wave.regions.iter().map(|region| (region.clone(), share)));
        shares.default = share;
    }
    shares
}

/// Each region's share of nodes that passed their tests, up to this position.
fn rolling(fleet: &Fleet, plan: &Plan, at: Position) -> Shares {
    let mut sums: BTreeMap<&RegionId, (u32, u32)> = BTreeMap::new();
    let (mut all_done, mut all) = (0, 0);
    for (index, wave) in plan.waves.iter().enumerate() {
        let mut before = 0;
        for (id, nodes) in &wave.datacenters {
            let reached = match index.cmp(&usize::from(at.wave)) {
                std::cmp::Ordering::Less => u16::MAX,
                std::cmp::Ordering::Equal => at.step + 1,
                std::cmp::Ordering::Greater => 0,
            };
            let done = u32::from(reached.saturating_sub(before).min(*nodes));
            before += nodes;
            all_done += done;
            all += u32::from(*nodes);
            if let Some(datacenter) = fleet.datacenters.get(id) {
                let (sum, of) = sums.entry(&datacenter.region).or_default();
                *sum += done;
                *of += u32::from(*nodes);
            }
        }
    }
    let share = |done: u32, of: u32| {
        let total = u32::from(WEIGHT_TOTAL);
        (done * total + of / 2).checked_div(of).unwrap_or(0) as u16
    };
    let by_region = sums.into_iter().map(|(id, (done, of))| (id.clone(), share(done, of)));
    Shares { by_region: by_region.collect(), default: share(all_done, all) }
}
