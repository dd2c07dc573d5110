//! The orchestrator's eyes: the traffic of each group in each data centre, and what speaks for or
//! against a switch when it drops (R6).
//!
//! Invariants: a second in which an edge was not heard is no data, and no data is no drop; what is
//! not known is `None`; a place that a failover left is not watched, for its traffic was moved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::decide::Answered;
use super::preview::Preview;
use super::rules::Holds;
use super::{Act, Observed, Outcome, Plan, Run, State};
use crate::estate::{Contact, Estate};
use crate::fleet::Fleet;
use crate::id::{DatacenterId, GroupId, ServiceId};
use crate::placement;
use crate::traffic::decision::{Evidence, LastSwitch, Mode, Series, Signals, Target};
use crate::traffic::drop::{Detector, Settings, State as Traffic};

/// Seconds between two values.
const INTERVAL_SECONDS: f64 = 1.0;

/// A group in a data centre.
pub type Place = (DatacenterId, GroupId);

/// Everything that is learned of the traffic.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    detectors: BTreeMap<Place, Detector>,
    heard: Option<DateTime<Utc>>,
}

/// How a group's traffic in a data centre stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    pub place: Place,
    pub state: Traffic,
    /// A daily or weekly shape is in use.
    pub seasonal: bool,
}

impl Watcher {
    /// Goes on with what was written down.
    pub fn resume(known: impl IntoIterator<Item = (Place, Detector)>) -> Self {
        Self { detectors: known.into_iter().collect(), heard: None }
    }

    pub fn detectors(&self) -> impl Iterator<Item = (&Place, &Detector)> {
        self.detectors.iter()
    }

    /// The last second that was taken in.
    pub const fn heard(&self) -> Option<DateTime<Utc>> {
        self.heard
    }

    /// Takes in a second in which every connected edge was heard: requests that were answered in
    /// each place. A place without any had none.
    pub fn observe(
        &mut self,
        at: DateTime<Utc>,
        places: &BTreeSet<Place>,
        requests: &BTreeMap<Place, u64>,
    ) {
        if self.heard.is_some_and(|heard| at <= heard) {
            return;
        }
        self.heard = Some(at);
        // Traffic that was moved away, or comes back, is learned anew.
        self.detectors.retain(|place, _| places.contains(place));
        for place in places {
            let new = || Detector::new(INTERVAL_SECONDS, Settings::default());
            let detector = self.detectors.entry(place.clone()).or_insert_with(new);
            let value = requests.get(place).copied().unwrap_or_default();
            detector.observe(at.timestamp_millis(), value as f64);
        }
    }

    pub fn watched(&self, now: DateTime<Utc>) -> Vec<Watched> {
        let watched = self.detectors.iter().map(|(place, detector)| Watched {
            place: place.clone(),
            state: detector.state(now.timestamp_millis()),
            seasonal: detector.is_seasonal(),
        });
        watched.collect()
    }
}

/// Where traffic is watched: each group in each data centre where one of its services runs and
/// gets requests.
pub fn places(estate: &Estate) -> BTreeSet<Place> {
    let fleet = &estate.fleet;
    let mut places = BTreeSet::new();
    for (id, service) in &fleet.services {
        if fleet.groups.get(&service.group).is_none_or(|it| it.orchestrator == Mode::Off) {
            continue;
        }
        for datacenter in placement::datacenters(fleet, service) {
            if !estate.releases.standing.is_away(id, &datacenter) {
                places.insert((datacenter, service.group.clone()));
            }
        }
    }
    places
}

/// Requests by place in a second.
pub fn requests(fleet: &Fleet, answered: &Answered) -> BTreeMap<Place, u64> {
    let mut requests = BTreeMap::new();
    for (service, counts) in &answered.counts {
        let Some(declared) = fleet.services.get(service) else { continue };
        for (datacenter, (count, _)) in counts {
            if let Some(datacenter) = datacenter {
                *requests.entry((datacenter.clone(), declared.group.clone())).or_default() += count;
            }
        }
    }
    requests
}

/// What the evidence is made from.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub estate: &'a Estate,
    pub observed: &'a Observed,
    pub watched: &'a [Watched],
    /// Requests of the last seconds.
    pub answered: Option<&'a Answered>,
    /// The group's plan without the data centre, and its preview.
    pub plan: &'a Plan,
    pub preview: &'a Preview,
    /// Runs that were not refused, newest first; `None`: they could not be read.
    pub runs: Option<&'a [Run]>,
    /// Until when edges were heard.
    pub heard: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// All that is known about a group in a data centre.
pub fn evidence(place: &Place, given: &Given<'_>) -> Evidence {
    let (datacenter, group) = place;
    let estate = given.estate;
    let mode = estate.fleet.groups.get(group).map(|it| it.orchestrator).unwrap_or_default();
    let of_group = given.watched.iter().filter(|it| it.place.1 == *group);
    let series = of_group.map(|it| Series {
        datacenter: it.place.0.clone(),
        heard_ms: given.heard.map(|at| at.timestamp_millis()),
        state: it.state,
    });
    let broken = given.preview.rules.iter().filter(|judged| judged.holds != Holds::Yes);
    Evidence {
        now_ms: given.now.timestamp_millis(),
        group: group.clone(),
        datacenter: datacenter.clone(),
        mode,
        series: series.collect(),
        signals: signals(place, given),
        target: target(place, given),
        last_switch: last_switch(group, given),
        forbidden_by: Some(broken.map(|judged| judged.rule.name().to_owned()).collect()),
    }
}

fn services<'a>(estate: &'a Estate, group: &'a GroupId) -> impl Iterator<Item = &'a ServiceId> {
    estate.fleet.services_of(group).filter(|(_, it)| !it.retired).map(|(id, _)| id)
}

/// The share of declared nodes of the group that serve there; `None`: nobody tells.
fn serving_share(given: &Given<'_>, group: &GroupId, datacenter: &DatacenterId) -> Option<f64> {
    let estate = given.estate;
    if estate.contact(datacenter) != Contact::Reporting {
        return None;
    }
    let (mut serving, mut wanted) = (0.0, 0.0);
    for id in services(estate, group) {
        let service = estate.fleet.services.get(id)?;
        if placement::datacenters(&estate.fleet, service).contains(datacenter) {
            wanted += f64::from(service.nodes);
            let cell = given.observed.cell(id, datacenter).and_then(|cell| cell.serving);
            serving += f64::from(cell.unwrap_or_default().min(service.nodes));
        }
    }
    (wanted > 0.0).then(|| serving / wanted)
}

fn signals((datacenter, group): &Place, given: &Given<'_>) -> Signals {
    let silent = match given.estate.contact(datacenter) {
        Contact::Reporting => Some(TimeDelta::zero()),
        Contact::Silent { since } => Some(given.now - since),
        Contact::Never => None,
    };
    let errors = given.answered.and_then(|answered| {
        let counts = services(given.estate, group)
            .filter_map(|id| answered.counts.get(id)?.get(&Some(datacenter.clone())));
        let (requests, errors) =
            counts.fold((0, 0), |sum, (requests, errors)| (sum.0 + requests, sum.1 + errors));
        (requests > 0).then(|| errors as f64 / requests as f64)
    });
    Signals {
        serving_share: serving_share(given, group, datacenter),
        agent_silent_seconds: silent.map(|it| it.as_seconds_f64()),
        error_share: errors,
    }
}

/// Where most of the plan's requests go.
fn target((datacenter, group): &Place, given: &Given<'_>) -> Option<Target> {
    let fleet = &given.estate.fleet;
    let mut votes: BTreeMap<&DatacenterId, usize> = BTreeMap::new();
    for (_, step) in given.plan.steps() {
        if let (Act::ShiftTraffic(_), Some(to)) = (&step.act, &step.to) {
            *votes.entry(to).or_default() += 1;
        }
    }
    let (target, _) = votes.into_iter().max_by_key(|(id, count)| (*count, (*id).clone()))?;
    let region = |id: &DatacenterId| fleet.datacenters.get(id).map(|it| &it.region);
    // What a switch within a region costs is below what is measured; between regions it is not
    // measured here.
    let extra_ms = (region(target) == region(datacenter)).then_some(0.0);
    let needed = given.watched.iter().find_map(|it| match it.state {
        Traffic::Dropped { alarm, .. } if it.place == (datacenter.clone(), group.clone()) => {
            Some(alarm.expected)
        }
        Traffic::Dropped { .. } | Traffic::Learning | Traffic::Normal | Traffic::NoData { .. } => {
            None
        }
    });
    Some(Target {
        datacenter: target.clone(),
        serving_share: serving_share(given, group, target),
        spare_rate: spare_rate(given, group, target),
        needed_rate: needed,
        extra_ms,
    })
}

/// What the group's nodes there could take on top of what they get, with those that come up for
/// it; `None`: of one of them nobody declared what it can take.
fn spare_rate(given: &Given<'_>, group: &GroupId, target: &DatacenterId) -> Option<f64> {
    let estate = given.estate;
    let mut spare = 0.0;
    for (_, step) in given.plan.steps() {
        let (Act::ShiftTraffic(id), Some(to)) = (&step.act, &step.to) else { continue };
        if to != target {
            continue;
        }
        let service = estate.fleet.services.get(id).filter(|it| it.group == *group)?;
        let rate = f64::from(service.node_requests_per_second?);
        let coming = given.plan.steps().filter(|(_, other)| {
            matches!(&other.act, Act::Scale(it) | Act::Start(it) if it == id)
                && other.to.as_ref() == Some(target)
        });
        let coming: u16 = coming.map(|(_, step)| step.nodes).sum();
        let nodes = f64::from(service.nodes) + f64::from(coming);
        let load = given.observed.cell(id, target).and_then(|cell| cell.requests_per_second);
        spare += (rate * nodes - load.unwrap_or_default()).max(0.0);
    }
    Some(spare)
}

fn last_switch(group: &GroupId, given: &Given<'_>) -> LastSwitch {
    let Some(runs) = given.runs else { return LastSwitch::Unknown };
    let moved = |run: &&Run| {
        let refused = matches!(
            &run.state,
            State::Ended { outcome: Outcome::Refused { .. }, .. } | State::Requested { .. }
        );
        !refused && run.plan.groups.iter().any(|it| it.id == *group)
    };
    match runs.iter().find(moved) {
        Some(run) => LastSwitch::At { at_ms: run.changed_at.timestamp_millis() },
        None => LastSwitch::Never,
    }
}
