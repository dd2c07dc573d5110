//! The fleet that simulated agents belong to.

use mainstay_core::fleet::NODES_MIN;
use mainstay_core::id::DatacenterId;

/// Regions the data centres are spread over, with their time zones.
const REGIONS: [(&str, &str); 5] = [
    ("europe", "Europe/Berlin"),
    ("america", "America/New_York"),
    ("asia", "Asia/Singapore"),
    ("africa", "Africa/Nairobi"),
    ("oceania", "Australia/Sydney"),
];
/// Groups the services are spread over, in order of recovery.
const GROUPS: [&str; 4] = ["social", "telemetry", "store", "logistics"];
const VENDORS: [&str; 3] = ["on-premises", "cloud:northwind", "cloud:alpine"];

/// How many of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    agents: u16,
    services: u16,
    nodes: u16,
}

impl Shape {
    /// Every service runs in every data centre with as many nodes as make up `instances`.
    pub fn new(agents: u16, services: u16, instances: u32) -> Self {
        let cells = u32::from(agents) * u32::from(services);
        let nodes = instances.div_ceil(cells.max(1));
        let nodes = u16::try_from(nodes).unwrap_or(u16::MAX).max(NODES_MIN);
        Self { agents, services, nodes }
    }

    pub fn instances(&self) -> usize {
        usize::from(self.agents) * usize::from(self.services) * usize::from(self.nodes)
    }

    pub fn datacenters(&self) -> impl Iterator<Item = DatacenterId> + use<> {
        (1..=self.agents).map(|number| {
            DatacenterId::new(&format!("sim-{number}")).expect("a short name in small letters")
        })
    }

    /// The fleet file.
    pub fn toml(&self) -> String {
        let mut text = String::from("name = \"simulation\"\n");
        let regions = REGIONS.iter().take(usize::from(self.agents));
        for (id, zone) in regions.clone() {
            text +=
                &format!("\n[[region]]\nid = \"{id}\"\nname = \"{id}\"\ntime_zone = \"{zone}\"\n");
        }
        for (at, id) in self.datacenters().enumerate() {
            let (region, _) = REGIONS[at % regions.len()];
            let vendor = VENDORS[at % VENDORS.len()];
            text += &format!(
                "\n[[datacenter]]\nid = \"{id}\"\nname = \"{id}\"\nregion = \"{region}\"\n\
                 vendor = \"{vendor}\"\n"
            );
        }
        for (priority, id) in (1..).zip(GROUPS) {
            text +=
                &format!("\n[[group]]\nid = \"{id}\"\nname = \"{id}\"\npriority = {priority}\n");
        }
        for number in 1..=self.services {
            let group = GROUPS[usize::from(number) % GROUPS.len()];
            let nodes = self.nodes;
            text += &format!(
                "\n[[service]]\nid = \"{group}-{number}\"\ngroup = \"{group}\"\nnodes = {nodes}\n\
                 version = \"1.0.0\"\nplacement = \"distributed\"\n"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_is_valid_and_asks_for_the_instances() {
        for (agents, services, instances, made) in
            [(10, 60, 2_000, 2_400), (100, 20, 20_000, 20_000), (2, 1, 1, 4)]
        {
            let shape = Shape::new(agents, services, instances);
            assert_eq!(shape.instances(), made);
            let fleet = mainstay_core::fleet::read::read(&shape.toml());
            let fleet = fleet.unwrap_or_else(|findings| panic!("{findings:?}"));
            let wanted = mainstay_core::placement::wanted(&fleet);
            let nodes: usize = wanted
                .values()
                .flat_map(|services| services.values())
                .map(|service| usize::from(service.nodes))
                .sum();
            assert_eq!(nodes, made);
        }
    }
}
