//! Which data centre an address is in, from what was published: the logs do not say it.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mainstay_core::id::DatacenterId;
use mainstay_core::routing::Routing;

/// How long an address that is gone is remembered: a request to it may still be running, and its
/// log entry on the way.
const GONE_KEPT: Duration = Duration::from_secs(120);

#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    current: HashMap<SocketAddr, DatacenterId>,
    gone: HashMap<SocketAddr, (DatacenterId, Instant)>,
}

impl Addresses {
    /// Takes in what is published now.
    pub(super) fn learn(&mut self, routing: &Routing, now: Instant) {
        let mut current = HashMap::with_capacity(self.current.len());
        let versions = routing.services.values().flat_map(|service| service.versions.values());
        for (datacenter, addresses) in versions.flatten() {
            for address in addresses.iter().filter_map(|address| address.parse().ok()) {
                current.insert(address, datacenter.clone());
            }
        }
        for (address, datacenter) in std::mem::take(&mut self.current) {
            if !current.contains_key(&address) {
                self.gone.insert(address, (datacenter, now));
            }
        }
        self.gone.retain(|address, (_, since)| {
            now.duration_since(*since) < GONE_KEPT && !current.contains_key(address)
        });
        self.current = current;
    }

    pub(super) fn datacenter(&self, address: &SocketAddr) -> Option<&DatacenterId> {
        let gone = || self.gone.get(address).map(|(datacenter, _)| datacenter);
        self.current.get(address).or_else(gone)
    }
}

/// Whether two routings have different endpoints.
pub(super) fn differ(old: &Routing, new: &Routing) -> bool {
    let ids: BTreeSet<_> = old.services.keys().chain(new.services.keys()).collect();
    let versions = |routing: &Routing, id| routing.services.get(id).map(|s| s.versions.clone());
    ids.into_iter().any(|id| versions(old, id) != versions(new, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::id::ServiceId;

    #[test]
    fn an_address_that_went_is_known_for_a_while() {
        let id = |text: &str| DatacenterId::new(text).unwrap();
        let routing = |addresses: &[(&str, &str)]| {
            let mut routing = Routing::default();
            let service = routing.services.entry(ServiceId::new("feed").unwrap()).or_default();
            let version = service.versions.entry("1".to_owned()).or_default();
            for (datacenter, address) in addresses {
                version.entry(id(datacenter)).or_default().push((*address).to_owned());
            }
            routing
        };
        let (a, b) = ("10.0.0.1:80".parse().unwrap(), "[::1]:80".parse().unwrap());
        let begin = Instant::now();
        let mut addresses = Addresses::default();
        addresses.learn(&routing(&[("fra1", "10.0.0.1:80"), ("lon1", "[::1]:80")]), begin);
        assert_eq!(addresses.datacenter(&b), Some(&id("lon1")));
        addresses.learn(&routing(&[("lon1", "[::1]:80")]), begin);
        assert_eq!(addresses.datacenter(&a), Some(&id("fra1")), "gone, but known");
        addresses.learn(&routing(&[("lon1", "10.0.0.1:80")]), begin);
        assert_eq!(addresses.datacenter(&a), Some(&id("lon1")), "used again elsewhere");
        addresses.learn(&routing(&[]), begin);
        addresses.learn(&routing(&[]), begin + GONE_KEPT);
        assert_eq!(addresses.datacenter(&a), None);
    }
}
