//! Reports: the difference between what the server was told and what is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_core::bench::TestReport;
use mainstay_core::deployment::Slot;
use mainstay_core::estate::{Deployment, Instance};
use mainstay_core::id::InstanceId;
use mainstay_wire::Report;

/// What was told in one link so far. A new link starts with [`Told::default`].
#[derive(Debug, Default)]
pub struct Told {
    seq: u64,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    deployments: BTreeMap<Slot, Deployment>,
    tests: BTreeMap<String, TestReport>,
}

impl Told {
    /// The next report, taken as told: everything if `full` or if it is the first, else what
    /// changed.
    pub fn report(
        &mut self,
        full: bool,
        instances: &BTreeMap<InstanceId, Arc<Instance>>,
        deployments: BTreeMap<Slot, Deployment>,
        tests: BTreeMap<String, TestReport>,
    ) -> Report {
        self.seq += 1;
        let full = full || self.seq == 1;
        if full {
            self.instances.clear();
            self.deployments.clear();
            self.tests.clear();
        }
        let report = Report {
            seq: self.seq,
            full,
            instances: instances
                .iter()
                .filter(|(id, new)| !self.instances.get(*id).is_some_and(|old| same(old, new)))
                .map(|(_, instance)| instance.as_ref().clone())
                .collect(),
            gone_instances: gone(&self.instances, instances),
            deployments: deployments
                .iter()
                .filter(|(slot, new)| self.deployments.get(*slot) != Some(*new))
                .map(|(_, new)| new.clone())
                .collect(),
            gone_deployments: gone(&self.deployments, &deployments),
            // One that is forgotten here is over, and the server knows what came of it.
            tests: tests
                .values()
                .filter(|new| self.tests.get(&new.id) != Some(*new))
                .cloned()
                .collect(),
        };
        self.instances = instances.clone();
        self.deployments = deployments;
        self.tests = tests;
        report
    }
}

fn same(old: &Arc<Instance>, new: &Arc<Instance>) -> bool {
    Arc::ptr_eq(old, new) || old == new
}

fn gone<K: Ord + Clone, V>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Vec<K> {
    old.keys().filter(|key| !new.contains_key(key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use mainstay_core::estate::InstanceState;

    fn there(ids: &[(&str, u32)]) -> BTreeMap<InstanceId, Arc<Instance>> {
        let instance = |(id, restarts): &(&str, u32)| Instance {
            id: id.parse().unwrap(),
            service: "feed".parse().unwrap(),
            version: "1".to_owned(),
            state: InstanceState::Serving,
            since: DateTime::UNIX_EPOCH,
            restarts: *restarts,
            cpu_millicores: None,
            memory_bytes: None,
            endpoint: None,
            handle: None,
        };
        let instances = ids.iter().map(instance);
        instances.map(|i| (i.id.clone(), Arc::new(i))).collect()
    }

    #[test]
    fn the_first_report_is_full_and_the_next_says_only_what_changed() {
        let mut told = Told::default();
        let mut check = |full, ids: &[(&str, u32)], changed: &[&str], gone: &[&str]| {
            let report = told.report(full, &there(ids), BTreeMap::new(), BTreeMap::new());
            let named: Vec<_> = report.instances.iter().map(|i| i.id.as_str()).collect();
            assert_eq!(named, changed);
            let left: Vec<_> = report.gone_instances.iter().map(|i| i.as_str()).collect();
            assert_eq!(left, gone);
            (report.seq, report.full)
        };
        assert_eq!(check(false, &[("a", 0), ("b", 0)], &["a", "b"], &[]), (1, true));
        assert_eq!(check(false, &[("a", 0), ("b", 0)], &[], &[]), (2, false));
        assert_eq!(check(false, &[("a", 1), ("c", 0)], &["a", "c"], &["b"]), (3, false));
        assert_eq!(check(true, &[("a", 1), ("c", 0)], &["a", "c"], &[]), (4, true));
    }
}
