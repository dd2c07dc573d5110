//! Where services belong, by the fleet's own words (R1, R2, R3).

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{Fleet, Placement, Service};
use crate::id::{DatacenterId, ServiceId};

/// The data centres in which a service is to run.
///
/// A local service runs in every data centre of each region that has what it needs; a region
/// without it is left out, which is not a mistake (R1).
pub fn datacenters(fleet: &Fleet, service: &Service) -> BTreeSet<DatacenterId> {
    match &service.placement {
        Placement::Distributed { datacenters } => datacenters.clone(),
        Placement::Local { needs, regions } => fleet
            .datacenters
            .iter()
            .filter(|(_, dc)| {
                let named = regions.is_empty() || regions.contains(&dc.region);
                named
                    && fleet
                        .regions
                        .get(&dc.region)
                        .is_some_and(|r| r.has.contains(needs))
            })
            .map(|(id, _)| id.clone())
            .collect(),
    }
}

/// Every (data centre, service) pair the fleet asks for.
pub fn wanted(fleet: &Fleet) -> BTreeMap<DatacenterId, BTreeMap<ServiceId, &Service>> {
    let mut wanted: BTreeMap<DatacenterId, BTreeMap<ServiceId, &Service>> = BTreeMap::new();
    for (id, service) in &fleet.services {
        for datacenter in datacenters(fleet, service) {
            wanted
                .entry(datacenter)
                .or_default()
                .insert(id.clone(), service);
        }
    }
    wanted
}
