//! Where a service or a database goes when its data centre is lost.

use std::collections::{BTreeMap, BTreeSet};

use super::{Observed, Standing};
use crate::fleet::{Cluster, Database, Fleet, Placement, Service};
use crate::id::{DatabaseId, DatacenterId, RegionId, ServiceId};
use crate::placement;

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub fleet: &'a Fleet,
    pub observed: &'a Observed,
    pub standing: &'a Standing,
    pub lose: &'a BTreeSet<DatacenterId>,
}

/// What becomes of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Data centres that are left, each with those that take over, the preferred one first.
    pub shifts: Vec<(DatacenterId, Vec<DatacenterId>)>,
    /// Nodes that stand in: how many where, on top of what is there, and from where.
    pub nodes: BTreeMap<DatacenterId, (u16, DatacenterId)>,
    /// Regions in which nothing can take over, with the reason.
    pub down: Vec<(RegionId, String)>,
}

impl Ground<'_> {
    /// Whether something may move there: it stays, is heard, and is not on its way out.
    pub fn takes(&self, datacenter: &DatacenterId) -> bool {
        let declared = self.fleet.datacenters.get(datacenter);
        declared.is_some_and(|it| !it.retired)
            && !self.lose.contains(datacenter)
            && self.observed.is_heard(datacenter)
    }

    fn region(&self, datacenter: &DatacenterId) -> Option<&RegionId> {
        self.fleet.datacenters.get(datacenter).map(|it| &it.region)
    }

    /// In the order of the file.
    fn in_order(&self, mut datacenters: Vec<DatacenterId>) -> Vec<DatacenterId> {
        let position = |id: &DatacenterId| self.fleet.datacenters.get(id).map(|it| it.position);
        datacenters.sort_by_key(|id| (position(id), id.clone()));
        datacenters
    }

    /// Nodes that are wanted of a service in a data centre now.
    pub fn nodes(&self, id: &ServiceId, service: &Service, datacenter: &DatacenterId) -> u16 {
        let placed = placement::datacenters(self.fleet, service).contains(datacenter);
        let declared = if placed { service.nodes } else { 0 };
        declared.saturating_add(self.standing.extra(id, datacenter))
    }

    /// What is to move of a service.
    pub fn moves(&self, id: &ServiceId, service: &Service) -> Moves {
        let placed = placement::datacenters(self.fleet, service);
        let stands_in = self.standing.places(id);
        let here: BTreeSet<_> = placed.union(&stands_in).cloned().collect();
        let mut moves = Moves::default();
        for lost in self.in_order(here.intersection(self.lose).cloned().collect()) {
            if self.standing.is_away(id, &lost) && !stands_in.contains(&lost) {
                continue;
            }
            let targets = self.targets(service, &here, &lost);
            if targets.is_empty() {
                moves.down.extend(self.region(&lost).map(|it| (it.clone(), self.why(service, it))));
                continue;
            }
            self.spread(self.nodes(id, service, &lost), &lost, &targets, &mut moves);
            moves.shifts.push((lost, targets));
        }
        moves.down.dedup();
        moves
    }

    /// Where a service can go from a data centre: in its region first; a local one only there.
    fn targets(
        &self,
        service: &Service,
        here: &BTreeSet<DatacenterId>,
        lost: &DatacenterId,
    ) -> Vec<DatacenterId> {
        let region = self.region(lost);
        let taking = |id: &&DatacenterId| self.takes(id);
        let beside = |id: &&DatacenterId| self.region(id) == region;
        let running: Vec<_> = here.iter().filter(taking).cloned().collect();
        let near: Vec<_> = running.iter().filter(beside).cloned().collect();
        if !near.is_empty() {
            return self.in_order(near);
        }
        match service.placement {
            Placement::Local { .. } => Vec::new(),
            Placement::Distributed { .. } if !running.is_empty() => self.in_order(running),
            // It runs nowhere else: it is started in one place, in its region if that stands.
            Placement::Distributed { .. } => {
                let all = self.fleet.datacenters.keys().filter(taking).cloned().collect();
                let all = self.in_order(all);
                let near = all.iter().find(beside);
                near.or(all.first()).cloned().into_iter().collect()
            }
        }
    }

    /// Nodes that are lost come up again, as evenly as they can.
    fn spread(&self, nodes: u16, lost: &DatacenterId, targets: &[DatacenterId], moves: &mut Moves) {
        let count = u16::try_from(targets.len()).unwrap_or(u16::MAX).max(1);
        for (at, target) in targets.iter().enumerate() {
            let one_more = at < usize::from(nodes % count);
            let share = nodes / count + u16::from(one_more);
            if share > 0 {
                let (sum, _) =
                    moves.nodes.entry(target.clone()).or_insert_with(|| (0, lost.clone()));
                *sum = sum.saturating_add(share);
            }
        }
    }

    fn why(&self, service: &Service, region: &RegionId) -> String {
        match &service.placement {
            Placement::Local { needs, .. } => {
                format!("it serves the {needs} of {region}, and no data centre of {region} is left")
            }
            Placement::Distributed { .. } => "no data centre is left to take it".to_owned(),
        }
    }

    /// Who leads a database now, as far as anybody knows; else where it is declared to.
    pub fn leader(&self, id: &DatabaseId, database: &Database) -> Option<DatacenterId> {
        let seen = self.observed.databases.get(id).and_then(|it| it.leader.clone());
        seen.or_else(|| database.datacenters.first().cloned())
    }

    /// The standby that is to lead; `None`: there is none that could.
    pub fn standby(&self, database: &Database) -> Option<DatacenterId> {
        if !fails_over(database) {
            return None;
        }
        database.datacenters.iter().find(|id| self.takes(id)).cloned()
    }
}

/// Whether standbys of it are run, so that one of them can lead.
pub(super) fn fails_over(database: &Database) -> bool {
    database.cluster.is_some() && database.datacenters.len() > 1
}

/// How far a standby may be behind to lead without asking.
pub(super) fn lag_max_bytes(fleet: &Fleet, id: &DatabaseId) -> u64 {
    fleet.databases.get(id).and_then(|it| it.cluster).map_or(0, Cluster::lag_max_bytes)
}
