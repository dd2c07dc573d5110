//! What agents' health checks say of a service in a data centre, looked at some times a minute.
//!
//! Invariant: a data centre that is not heard says nothing, neither that a service is up nor that
//! it is down.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::estate::{Contact, Estate};
use crate::failover::{Mode, State};
use crate::id::{DatacenterId, ServiceId};
use crate::placement;
use crate::status::{Status, Tally};

/// Who starts failovers without being asked; what they cost was not planned.
const BY_ITSELF: &str = "orchestrator";
/// Looks in a minute without which nothing is said of it.
pub const LOOKS_MIN: u32 = 3;

/// How much of a service was seen to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// No node.
    None,
    /// Fewer nodes than declared.
    Some,
    /// As many nodes as declared, or more.
    Full,
}

/// Looks at a service in a data centre, by what was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    pub full: u32,
    pub some: u32,
    pub none: u32,
    /// The data centre was not heard.
    pub unknown: u32,
    /// Of all: the service was being taken out here on purpose.
    pub planned: u32,
}

impl Looks {
    pub const fn add(&mut self, other: Self) {
        self.full += other.full;
        self.some += other.some;
        self.none += other.none;
        self.unknown += other.unknown;
        self.planned += other.planned;
    }

    const fn known(&self) -> u32 {
        self.full + self.some + self.none
    }

    /// What most looks saw; `None`: too few, or most saw nothing.
    const fn served(&self) -> Option<Served> {
        let known = self.known();
        if known < LOOKS_MIN || self.unknown > known {
            None
        } else if self.none * 2 >= known {
            Some(Served::None)
        } else if self.full * 2 < known {
            Some(Served::Some)
        } else {
            Some(Served::Full)
        }
    }
}

/// The looks of a minute; kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counted(pub BTreeMap<ServiceId, BTreeMap<DatacenterId, Looks>>);

/// What the looks of a minute say of a service in a region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// `None`: nothing is known.
    pub served: Option<Served>,
    pub planned: bool,
    /// Data centres where nothing served.
    pub failing: BTreeSet<DatacenterId>,
}

impl Counted {
    /// Adds one look at the whole estate.
    pub fn look(&mut self, estate: &Estate) {
        let tallies = estate.tallies();
        for (id, service) in &estate.fleet.services {
            let standing = &estate.releases.standing;
            let mut of = BTreeMap::new();
            for datacenter in placement::datacenters(&estate.fleet, service) {
                let moved = standing.is_away(id, &datacenter);
                let here = BTreeSet::from([datacenter.clone()]);
                // Who was moved is served where nodes stand in, or where it serves anyway.
                let places = if moved { elsewhere(estate, id, &datacenter) } else { here };
                let key = |place: &DatacenterId| (id.clone(), place.clone());
                let looks = places.iter().map(|place| {
                    let tally = tallies.get(&key(place)).copied().unwrap_or_default();
                    seen(estate.contact(place), tally, service.nodes)
                });
                let mut look = looks.max_by_key(best).unwrap_or_default();
                let tally = tallies.get(&key(&datacenter)).copied().unwrap_or_default();
                let draining = tally.total() > 0 && tally.get(Status::Planned) == tally.total();
                look.planned = u32::from(draining || is_planned(estate, id, &datacenter));
                of.insert(datacenter, look);
            }
            let known = self.0.entry(id.clone()).or_default();
            for (datacenter, look) in of {
                known.entry(datacenter).or_default().add(look);
            }
        }
    }

    /// Adds the looks of another server that led in the same minute.
    pub fn merge(&mut self, other: Self) {
        for (service, datacenters) in other.0 {
            let known = self.0.entry(service).or_default();
            for (datacenter, looks) in datacenters {
                known.entry(datacenter).or_default().add(looks);
            }
        }
    }

    /// What they say of a service in these data centres of a region: it is as good as where it is
    /// best; that it is down needs to be known of all.
    pub fn of(&self, service: &ServiceId, datacenters: &BTreeSet<DatacenterId>) -> Probed {
        let known = self.0.get(service);
        let looks = |id: &DatacenterId| known.and_then(|known| known.get(id)).copied();
        let here: Vec<_> =
            datacenters.iter().map(|id| (id, looks(id).unwrap_or_default())).collect();
        let best = here.iter().filter_map(|(_, looks)| looks.served()).max();
        let all_known = here.iter().all(|(_, looks)| looks.served().is_some());
        let failing = here.iter().filter(|(_, looks)| looks.served() == Some(Served::None));
        let planned = here.iter().any(|(_, it)| it.planned * 2 > it.known() + it.unknown);
        Probed {
            served: best.filter(|best| *best > Served::None || all_known),
            planned,
            failing: failing.map(|(id, _)| (*id).clone()).collect(),
        }
    }
}

/// Where a service that was moved away from a data centre is served.
fn elsewhere(estate: &Estate, id: &ServiceId, from: &DatacenterId) -> BTreeSet<DatacenterId> {
    let standing = &estate.releases.standing;
    let placed = estate.fleet.services.get(id).map(|it| placement::datacenters(&estate.fleet, it));
    let placed = placed.unwrap_or_default().into_iter().chain(standing.places(id));
    placed.filter(|place| place != from && !standing.is_away(id, place)).collect()
}

/// One look at what runs in a data centre.
fn seen(contact: Contact, tally: Tally, nodes: u16) -> Looks {
    let serving: u32 =
        tally.present().filter(|(status, _)| status.is_available()).map(|(_, n)| n).sum();
    let one = |count: bool| u32::from(count);
    let heard = contact == Contact::Reporting;
    Looks {
        full: one(heard && serving >= u32::from(nodes)),
        some: one(heard && serving > 0 && serving < u32::from(nodes)),
        none: one(heard && serving == 0),
        unknown: one(!heard),
        planned: 0,
    }
}

const fn best(look: &Looks) -> (u32, u32, u32) {
    (look.full, look.some, look.none)
}

/// Whether a failover that people planned (a drill, or one that waits for its data) is moving the
/// service away from here.
fn is_planned(estate: &Estate, id: &ServiceId, datacenter: &DatacenterId) -> bool {
    let Some(run) = estate.releases.failover() else { return false };
    let underway = match run.state {
        State::Running | State::Pausing { .. } | State::Paused { .. } | State::Asking { .. } => {
            true
        }
        State::Requested { .. } | State::Ended { .. } => false,
    };
    let wanted = run.drill || (run.mode == Mode::Graceful && run.started_by != BY_ITSELF);
    let group = estate.fleet.services.get(id).map(|service| &service.group);
    let covered = run.plan.groups.iter().any(|it| Some(&it.id) == group);
    underway && wanted && covered && run.plan.lose.contains(datacenter)
}
