//! What users ask for: which services of their region, and what of them.

use std::collections::BTreeSet;

use http::Method;
use mainstay_core::fleet::Fleet;
use mainstay_core::id::{RegionId, ServiceId};
use mainstay_core::{fleet::Placement, placement};
use rand::Rng;

/// How much more often a front is asked than a service behind an API.
const FRONT_WEIGHT: u32 = 4;
/// Share of requests to APIs that change something.
const WRITES: f64 = 0.1;
/// Things that paths name, so that few requests are identical.
const THINGS: u32 = 5_000;

/// One request that a user wants to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) service: ServiceId,
    pub(super) method: Method,
    pub(super) path: String,
}

/// The services that users of a region ask, each with its weight.
#[derive(Clone, Debug, Default)]
pub(super) struct Mix {
    services: Vec<(ServiceId, bool)>,
    total: u32,
}

impl Mix {
    /// Services that run in the region, and those that are distributed, which every region
    /// reaches.
    pub(super) fn of(fleet: &Fleet, region: &RegionId) -> Self {
        let here: BTreeSet<_> = fleet
            .datacenters
            .iter()
            .filter(|(_, dc)| dc.region == *region)
            .map(|(id, _)| id)
            .collect();
        let mut mix = Self::default();
        for (id, service) in &fleet.services {
            let placed = placement::datacenters(fleet, service);
            let reached = match service.placement {
                Placement::Distributed { .. } => !placed.is_empty(),
                Placement::Local { .. } => placed.iter().any(|dc| here.contains(dc)),
            };
            if reached {
                mix.services.push((id.clone(), service.front));
                mix.total += weight(service.front);
            }
        }
        mix
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &ServiceId> {
        self.services.iter().map(|(id, _)| id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// A random wish. The mix must not be empty.
    pub(super) fn draw(&self) -> Wish {
        let mut rng = rand::rng();
        let mut left = rng.random_range(0..self.total.max(1));
        let mut chosen = &self.services[0];
        for service in &self.services {
            chosen = service;
            match left.checked_sub(weight(service.1)) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        let (service, front) = chosen;
        let thing = rng.random_range(0..THINGS);
        let write = !front && rng.random_bool(WRITES);
        let path = match (front, rng.random_range(0..10)) {
            (true, 0..3) => format!("/?from={thing}"),
            (true, 3..8) => format!("/item/{thing}"),
            (true, _) => format!("/search?q={thing}"),
            (false, 0..8) => format!("/api/v1/items/{thing}"),
            (false, _) => format!("/api/v1/items?after={thing}"),
        };
        let method = if write { Method::POST } else { Method::GET };
        Wish { service: service.clone(), method, path }
    }
}

fn weight(front: bool) -> u32 {
    if front { FRONT_WEIGHT } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::fleet::read::read;
    use std::collections::BTreeMap;

    #[test]
    fn users_ask_what_their_region_has_and_fronts_most() {
        let text = include_str!("../../../fleets/enterprise.toml");
        let fleet = read(text).expect("the fleet file of the repository is whole");
        let couriers = |region: &str| {
            let mix = Mix::of(&fleet, &region.parse().unwrap());
            mix.services.iter().any(|(id, _)| id.as_str() == "courier-app")
        };
        assert!(couriers("eu-central") && !couriers("ap-south"));
        let mix = Mix::of(&fleet, &"us-east".parse().unwrap());
        let mut asked: BTreeMap<ServiceId, u32> = BTreeMap::new();
        let mut writes = 0;
        for _ in 0..20_000 {
            let wish = mix.draw();
            assert!(wish.path.starts_with('/'));
            writes += u32::from(wish.method == Method::POST);
            *asked.entry(wish.service).or_default() += 1;
        }
        assert_eq!(asked.len(), mix.services.len());
        assert!(writes > 100);
        for (id, front) in &mix.services {
            let expected = 20_000 * weight(*front) / mix.total;
            assert!(asked[id].abs_diff(expected) < expected / 2, "{id}: {}", asked[id]);
        }
    }
}
