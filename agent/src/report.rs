//! Reports: the difference between what the server was told and what is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use mainstay_core::deployment::Slot;
use mainstay_core::estate::{Deployment, Fact, FactKey, Instance};
use mainstay_core::id::InstanceId;
use mainstay_wire::{Report, limits};

/// What facts may take of one report, JSON, bytes; with that a report fits into a message whatever
/// else it tells. What does not fit comes with the next one: a fact that is not named is as it was.
const FACTS_MAX_BYTES: usize = limits::MESSAGE_MAX_BYTES / 2 - limits::BODY_MAX_BYTES;

/// What was told in one link so far. A new link starts with [`Told::default`].
#[derive(Debug, Default)]
pub struct Told {
    seq: u64,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    deployments: BTreeMap<Slot, Deployment>,
    facts: BTreeMap<FactKey, Arc<Fact>>,
    behind: bool,
}

impl Told {
    /// The next report, taken as told: everything if `full` or if it is the first, else what
    /// changed.
    pub fn report(
        &mut self,
        full: bool,
        instances: &BTreeMap<InstanceId, Arc<Instance>>,
        deployments: BTreeMap<Slot, Deployment>,
        facts: BTreeMap<FactKey, Arc<Fact>>,
    ) -> Report {
        self.seq += 1;
        let full = full || self.seq == 1;
        if full {
            self.instances.clear();
            self.deployments.clear();
            self.facts.clear();
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
            facts: self.facts(facts),
        };
        self.instances = instances.clone();
        self.deployments = deployments;
        report
    }

    /// Whether there was more to tell than the last report could take.
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// The facts that changed, as many as fit, what matters most first.
    fn facts(&mut self, facts: BTreeMap<FactKey, Arc<Fact>>) -> Vec<Fact> {
        // One that is forgotten here is over, and the server knows what came of it.
        self.facts.retain(|key, _| facts.contains_key(key));
        let changed = |(key, new): &(FactKey, Arc<Fact>)| {
            !self.facts.get(key).is_some_and(|old| same(old, new))
        };
        let mut changed: Vec<_> = facts.into_iter().filter(changed).collect();
        changed.sort_by_key(|(_, fact)| rank(fact));
        let (mut told, mut bytes) = (Vec::new(), 0);
        self.behind = false;
        for (key, fact) in changed {
            if bytes > FACTS_MAX_BYTES {
                self.behind = true;
                break;
            }
            bytes += serde_json::to_vec(&fact).map_or(0, |json| json.len());
            told.push(fact.as_ref().clone());
            self.facts.insert(key, fact);
        }
        told
    }
}

/// What goes on comes first: the server must not take it for unknown.
fn rank(fact: &Fact) -> u8 {
    match fact {
        Fact::Work(report) if !report.state.is_over() => 0,
        // Small, and what a failover is decided by.
        Fact::Member(_) => 1,
        Fact::Database(_) => 2,
        Fact::Test(_) | Fact::Work(_) => 3,
    }
}

fn same<T: PartialEq>(old: &Arc<T>, new: &Arc<T>) -> bool {
    Arc::ptr_eq(old, new) || old == new
}

fn gone<K: Ord + Clone, V>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Vec<K> {
    old.keys().filter(|key| !new.contains_key(key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use mainstay_core::backup::work::{DatabaseReport, VerifyJob, Work, WorkReport, WorkState};
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
    fn facts_that_do_not_fit_follow_with_the_next_reports() {
        let database = |n: usize| DatabaseReport {
            database: format!("db-{n}").parse().unwrap(),
            read_at: DateTime::UNIX_EPOCH,
            hosts: true,
            prepared: None,
            catalogue: [("fra1".parse().unwrap(), Err("x".repeat(FACTS_MAX_BYTES / 2)))].into(),
            wal: BTreeMap::new(),
            set_aside: Vec::new(),
            kept: Vec::new(),
            log_moments: Vec::new(),
            archiver: None,
            histories: BTreeMap::new(),
        };
        let work = WorkReport {
            work: Work::Verify(VerifyJob {
                id: "v1".to_owned(),
                database: "db-1".parse().unwrap(),
                datacenter: "fra1".parse().unwrap(),
            }),
            state: WorkState::Waiting,
            started_at: None,
            ended_at: None,
        };
        let facts = (0..7).map(|n| Fact::Database(database(n))).chain([Fact::Work(work)]);
        let facts: BTreeMap<_, _> = facts.map(|fact| (fact.key(), Arc::new(fact))).collect();
        let (mut told, mut keys) = (Told::default(), Vec::new());
        loop {
            let report = told.report(false, &there(&[]), BTreeMap::new(), facts.clone());
            let bytes = |fact| serde_json::to_vec(fact).unwrap().len();
            let sum: usize = report.facts.iter().map(bytes).sum();
            assert!(sum < limits::MESSAGE_MAX_BYTES / 2, "{sum}");
            keys.extend(report.facts.iter().map(Fact::key));
            if !told.is_behind() {
                break;
            }
        }
        assert_eq!(keys.first(), Some(&FactKey::Work("v1".to_owned())), "what goes on comes first");
        assert_eq!((keys.len(), told.seq), (8, 4));
        let report = told.report(false, &there(&[]), BTreeMap::new(), facts);
        assert_eq!(report.facts, [], "each is told once");
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
