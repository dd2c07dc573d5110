//! What a page wants to hear about.

use std::collections::BTreeSet;

use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};

use super::{Change, TOPICS_MAX};

/// Topics of one or more pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Everything but instances.
    pub estate: bool,
    /// The instances in these data centres.
    pub datacenters: BTreeSet<DatacenterId>,
    /// The instances of these services.
    pub services: BTreeSet<ServiceId>,
    /// These instances.
    pub instances: BTreeSet<InstanceId>,
}

/// The place of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub datacenter: DatacenterId,
    pub service: ServiceId,
    pub instance: InstanceId,
}

impl Topics {
    /// Reads `estate,dc:fra1,service:feed-api`. What is no topic is an error naming it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut topics = Self::default();
        let parts: Vec<_> = text.split(',').filter(|part| !part.is_empty()).collect();
        if parts.len() > TOPICS_MAX {
            return Err(format!("more than {TOPICS_MAX} topics"));
        }
        for part in parts {
            let known = match part.split_once(':') {
                None if part == "estate" => {
                    topics.estate = true;
                    true
                }
                Some(("dc", id)) => {
                    DatacenterId::new(id).map(|id| topics.datacenters.insert(id)).is_ok()
                }
                Some(("service", id)) => {
                    ServiceId::new(id).map(|id| topics.services.insert(id)).is_ok()
                }
                Some(("instance", id)) => {
                    InstanceId::new(id).map(|id| topics.instances.insert(id)).is_ok()
                }
                None | Some(_) => false,
            };
            if !known {
                return Err(format!("{part:?} is not a topic"));
            }
        }
        Ok(topics)
    }

    /// Adds what `other` wants.
    pub fn merge(&mut self, other: &Self) {
        self.estate |= other.estate;
        self.datacenters.extend(other.datacenters.iter().cloned());
        self.services.extend(other.services.iter().cloned());
        self.instances.extend(other.instances.iter().cloned());
    }

    /// The instances among these topics that `other` does not ask for in the same words.
    #[must_use]
    pub fn instances_beyond(&self, other: &Self) -> Self {
        Self {
            estate: false,
            datacenters: self.datacenters.difference(&other.datacenters).cloned().collect(),
            services: self.services.difference(&other.services).cloned().collect(),
            instances: self.instances.difference(&other.instances).cloned().collect(),
        }
    }

    /// Whether an instance is asked for.
    pub fn wants_instance(
        &self,
        datacenter: &DatacenterId,
        service: &ServiceId,
        instance: &InstanceId,
    ) -> bool {
        self.datacenters.contains(datacenter)
            || self.services.contains(service)
            || self.instances.contains(instance)
    }

    /// Whether a change is asked for.
    pub fn wants(&self, change: &Change) -> bool {
        match &change.place {
            None => self.estate,
            Some(Place { datacenter, service, instance }) => {
                self.wants_instance(datacenter, service, instance)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_topics_and_names_what_is_none() {
        let topics = Topics::parse("estate,dc:fra1,service:feed-api").expect("topics");
        assert!(topics.estate && topics.datacenters.contains("fra1"));
        assert_eq!(Topics::parse(""), Ok(Topics::default()));
        for bad in ["all", "dc:FRA1", "rack:r1"] {
            assert!(Topics::parse(bad).is_err(), "{bad}");
        }
    }
}
