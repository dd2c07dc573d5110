//! Where a version runs, in the order of preference of an edge: its own data centre, then those of
//! its region, then the rest, which share what comes to them; last, those that users were moved
//! away from. Moving is a change of priorities: requests in flight are finished where they are.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_core::id::DatacenterId;
use mainstay_core::routing::{EdgePlace, Routing};

use super::{number, socket};
use crate::pb::core::Locality;
use crate::pb::endpoint::cluster_load_assignment::Policy;
use crate::pb::endpoint::lb_endpoint::HostIdentifier;
use crate::pb::endpoint::{ClusterLoadAssignment, Endpoint, LbEndpoint, LocalityLbEndpoints};

/// No more is expected of what is left than its own share: in percent.
const OVERPROVISIONING: u32 = 100;

/// How near a data centre is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    Here,
    InRegion,
    Elsewhere,
    /// Its users were moved away: it is asked when nobody else answers.
    Away,
}

pub(super) fn assignment(
    name: &str,
    endpoints: Option<&BTreeMap<DatacenterId, Vec<String>>>,
    away: &BTreeSet<DatacenterId>,
    place: &EdgePlace,
    routing: &Routing,
) -> ClusterLoadAssignment {
    let filled = || endpoints.into_iter().flatten().filter(|(_, all)| !all.is_empty());
    let distance = |datacenter: &DatacenterId| match away.contains(datacenter) {
        true => Distance::Away,
        false => distance(datacenter, place, routing),
    };
    // Envoy wants priorities from 0 without a gap.
    let distances: BTreeSet<Distance> =
        filled().map(|(datacenter, _)| distance(datacenter)).collect();
    let localities = filled().map(|(datacenter, addresses)| {
        let nearer = distances.range(..distance(datacenter)).count();
        LocalityLbEndpoints {
            locality: Some(Locality {
                region: routing
                    .regions
                    .get(datacenter)
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                zone: datacenter.to_string(),
                ..Default::default()
            }),
            lb_endpoints: addresses.iter().map(|address| endpoint(address)).collect(),
            priority: u32::try_from(nearer).unwrap_or_default(),
            ..Default::default()
        }
    });
    ClusterLoadAssignment {
        cluster_name: name.to_owned(),
        endpoints: localities.collect(),
        policy: Some(Policy {
            overprovisioning_factor: number(OVERPROVISIONING),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn distance(datacenter: &DatacenterId, place: &EdgePlace, routing: &Routing) -> Distance {
    if *datacenter == place.datacenter {
        Distance::Here
    } else if routing.regions.get(datacenter) == Some(&place.region) {
        Distance::InRegion
    } else {
        Distance::Elsewhere
    }
}

/// What is no address is told as it is: the edge refuses it in its own words, which are shown.
fn endpoint(address: &str) -> LbEndpoint {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    LbEndpoint {
        host_identifier: Some(HostIdentifier::Endpoint(Endpoint {
            address: Some(socket(host, port.parse().unwrap_or_default())),
            ..Default::default()
        })),
        ..Default::default()
    }
}
