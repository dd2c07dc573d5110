//! One pass over the estate: what runs in each cell, and the sums that pages show.
//!
//! Invariant: a service that is placed in a data centre and has no instance there is failing when
//! the data centre is heard and unknown when it is not; it is never blank and never healthy.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::{DatacenterId, GroupId, RegionId, ServiceId};
use mainstay_core::placement;
use mainstay_core::status::{Status, Tally};

/// A service in a data centre.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub tally: Tally,
    /// Nodes the fleet asks for; `None`: the service is not placed here.
    pub wanted: Option<u16>,
    /// Instances by version.
    pub versions: BTreeMap<String, u32>,
    /// Sum over the measured instances, and how many those are.
    pub cpu_millicores: u64,
    pub measured: u32,
    pub restarts: u64,
}

impl Cell {
    /// How the cell is; `None`: the service neither runs nor belongs here.
    pub fn status(&self, contact: Contact) -> Option<Status> {
        match (self.tally.worst(), self.wanted, contact) {
            (Some(worst), _, _) => Some(worst),
            (None, None, _) => None,
            (None, Some(_), Contact::Reporting) => Some(Status::Failing),
            (None, Some(_), Contact::Never | Contact::Silent { .. }) => Some(Status::Unknown),
        }
    }

    /// The version most instances run.
    pub fn version(&self) -> Option<&str> {
        let most = self.versions.iter().max_by_key(|(_, n)| **n)?;
        Some(most.0)
    }

    /// Mean processor use in percent of a core; `None`: not measured.
    pub fn load_percent(&self) -> Option<u32> {
        (self.measured > 0).then(|| (self.cpu_millicores / u64::from(self.measured) / 10) as u32)
    }
}

/// The whole estate, counted.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub cells: BTreeMap<(ServiceId, DatacenterId), Cell>,
    pub contacts: BTreeMap<DatacenterId, Contact>,
    pub total: Tally,
    pub datacenters: BTreeMap<DatacenterId, Tally>,
    pub services: BTreeMap<ServiceId, Tally>,
    pub groups: BTreeMap<GroupId, Tally>,
    pub regions: BTreeMap<RegionId, Tally>,
}

impl Survey {
    /// Counts the estate.
    pub fn of(estate: &Estate) -> Self {
        let mut survey = Self::default();
        for (id, service) in &estate.fleet.services {
            for datacenter in placement::datacenters(&estate.fleet, service) {
                survey.cells.entry((id.clone(), datacenter)).or_default().wanted =
                    Some(service.nodes);
            }
        }
        for id in estate.fleet.datacenters.keys().chain(estate.datacenters.keys()) {
            survey.contacts.entry(id.clone()).or_insert_with(|| estate.contact(id));
        }
        for (datacenter, instance, status) in estate.instances() {
            let key = (instance.service.clone(), datacenter.clone());
            let cell = survey.cells.entry(key).or_default();
            cell.tally.add(status);
            match cell.versions.get_mut(&instance.version) {
                Some(n) => *n += 1,
                None => {
                    cell.versions.insert(instance.version.clone(), 1);
                }
            }
            if let Some(cpu) = instance.cpu_millicores {
                cell.cpu_millicores += u64::from(cpu);
                cell.measured += 1;
            }
            cell.restarts += u64::from(instance.restarts);
        }
        survey.sum(estate);
        survey
    }

    fn sum(&mut self, estate: &Estate) {
        for ((service, datacenter), cell) in &self.cells {
            let tally = &cell.tally;
            self.total.merge(tally);
            self.datacenters.entry(datacenter.clone()).or_default().merge(tally);
            self.services.entry(service.clone()).or_default().merge(tally);
            if let Some(service) = estate.fleet.services.get(service) {
                self.groups.entry(service.group.clone()).or_default().merge(tally);
            }
            if let Some(datacenter) = estate.fleet.datacenters.get(datacenter) {
                self.regions.entry(datacenter.region.clone()).or_default().merge(tally);
            }
        }
    }

    pub fn contact(&self, datacenter: &DatacenterId) -> Contact {
        self.contacts.get(datacenter).copied().unwrap_or(Contact::Never)
    }

    pub fn cell(&self, service: &ServiceId, datacenter: &DatacenterId) -> Option<&Cell> {
        self.cells.get(&(service.clone(), datacenter.clone()))
    }

    /// How a data centre is: unknown when it is not heard, else its worst cell.
    pub fn datacenter_status(&self, id: &DatacenterId) -> Status {
        let contact = self.contact(id);
        if contact != Contact::Reporting {
            return Status::Unknown;
        }
        self.worst(|(_, datacenter)| datacenter == id)
    }

    /// The worst status of the cells that `belongs` picks; healthy when there are none.
    pub fn worst(&self, belongs: impl Fn(&(ServiceId, DatacenterId)) -> bool) -> Status {
        self.cells
            .iter()
            .filter(|(key, _)| belongs(key))
            .filter_map(|(key, cell)| cell.status(self.contact(&key.1)))
            .min()
            .unwrap_or(Status::Healthy)
    }

    /// Data centres heard, of those declared.
    pub fn reporting(&self, estate: &Estate) -> (usize, usize) {
        let declared = estate.fleet.datacenters.keys();
        let heard = declared.filter(|id| self.contact(id) == Contact::Reporting).count();
        (heard, estate.fleet.datacenters.len())
    }

    /// Services that run and that no fleet declares.
    pub fn undeclared(&self, estate: &Estate) -> BTreeSet<&ServiceId> {
        let seen = self.services.keys();
        seen.filter(|id| !estate.fleet.services.contains_key(*id)).collect()
    }

    /// The newest version seen of a service anywhere.
    pub fn versions(&self, service: &ServiceId) -> BTreeMap<&str, u32> {
        let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
        let first = (service.clone(), lowest());
        for ((id, _), cell) in self.cells.range(first..) {
            if id != service {
                break;
            }
            for (version, n) in &cell.versions {
                *versions.entry(version).or_default() += n;
            }
        }
        versions
    }
}

/// The data centre id that sorts first of all.
fn lowest() -> DatacenterId {
    DatacenterId::new("a").expect("a single letter is an id")
}

/// Orders versions as people do: numbers by value, other parts as text.
pub fn version_order(a: &str, b: &str) -> std::cmp::Ordering {
    let parts = |v: &str| -> Vec<(u64, String)> {
        v.split(['.', '-', '+'])
            .map(|part| (part.parse().unwrap_or(0), part.to_owned()))
            .map(|(n, text)| match text.parse::<u64>() {
                Ok(_) => (n, String::new()),
                Err(_) => (n, text),
            })
            .collect()
    };
    parts(a).cmp(&parts(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn versions_order_by_number() {
        assert_eq!(version_order("4.9.0", "4.18.2"), Ordering::Less);
        assert_eq!(version_order("4.18.2", "4.18.2"), Ordering::Equal);
        assert_eq!(version_order("5.0.0", "4.18.2"), Ordering::Greater);
    }

    #[test]
    fn a_placed_service_without_instances_is_never_blank() {
        let placed = Cell { wanted: Some(2), ..Cell::default() };
        let silent = Contact::Silent { since: chrono::DateTime::UNIX_EPOCH };
        assert_eq!(placed.status(Contact::Reporting), Some(Status::Failing));
        assert_eq!(placed.status(Contact::Never), Some(Status::Unknown));
        assert_eq!(placed.status(silent), Some(Status::Unknown));
        assert_eq!(Cell::default().status(Contact::Reporting), None);
    }
}
