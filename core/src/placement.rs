//! Where services belong, by the fleet's own words (R1, R2, R3).

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{Fleet, Placement, Service};
use crate::id::{DatacenterId, RegionId, ServiceId};

/// The data centres in which a service is to run.
///
/// A local service runs in every data centre of each region that has what it needs; a region
/// without it is left out, which is not a mistake (R1). A retired service runs nowhere, and
/// nothing runs in a retired data centre: both drain before their entries are removed.
pub fn datacenters(fleet: &Fleet, service: &Service) -> BTreeSet<DatacenterId> {
    if service.retired {
        return BTreeSet::new();
    }
    let belongs = |id: &DatacenterId, region: &RegionId| match &service.placement {
        Placement::Distributed { datacenters } => datacenters.contains(id),
        Placement::Local { needs, regions } => {
            let named = regions.is_empty() || regions.contains(region);
            let has = |region| fleet.regions.get(region).map(|region| &region.has);
            named && has(region).is_some_and(|has| has.contains(needs))
        }
    };
    fleet
        .datacenters
        .iter()
        .filter(|(id, datacenter)| !datacenter.retired && belongs(id, &datacenter.region))
        .map(|(id, _)| id.clone())
        .collect()
}

/// Every (data centre, service) pair the fleet asks for.
pub fn wanted(fleet: &Fleet) -> BTreeMap<DatacenterId, BTreeMap<ServiceId, &Service>> {
    let mut wanted: BTreeMap<DatacenterId, BTreeMap<ServiceId, &Service>> = BTreeMap::new();
    for (id, service) in &fleet.services {
        for datacenter in datacenters(fleet, service) {
            wanted.entry(datacenter).or_default().insert(id.clone(), service);
        }
    }
    wanted
}
