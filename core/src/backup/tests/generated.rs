//! Histories of backups as they may really go: missed windows, other places, damage, copied fulls,
//! test restores of every outcome, and repositories that cannot be read.

use std::collections::BTreeMap;

use super::*;
use crate::backup::proof::{Outcome, Proof};

/// A generator good enough to vary histories: Knuth's MMIX constants.
pub(super) struct Lcg(pub u64);

impl Lcg {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// One history and what is known of it.
pub(super) struct History {
    pub schedule: Schedule,
    pub catalogue: Catalogue,
    pub proofs: Vec<Proof>,
    pub now: DateTime<Utc>,
    /// When the retention of each full's copies ends, noted as they were made.
    pub due: BTreeMap<Label, DateTime<Utc>>,
}

impl History {
    pub fn generate(seed: u64) -> Self {
        let mut random = Lcg(seed);
        let datacenters = 2 + random.below(5);
        let base = if random.once_in(2) { DAILY } else { TWICE_WEEKLY };
        let literal = if random.once_in(3) { "rotation = \"literal\"\n" } else { "" };
        let copies = ["", "copies = 3\n", "copies = 1\n"][random.below(3)];
        let fleet = fleet("UTC", datacenters, &format!("{base}{literal}{copies}"));
        let schedule = schedule_of(&fleet);
        let from = at("2026-02-01T00:00:00Z");
        let days = 1 + random.below(60) as i64;
        let now = from + TimeDelta::days(days) + TimeDelta::minutes(random.below(1_440) as i64);
        let turn = schedule.turn.iter().cloned();
        let catalogue = turn.map(|id| (id, Ok(Vec::new()))).collect();
        let (proofs, due) = (Vec::new(), BTreeMap::new());
        let mut history = Self { schedule, catalogue, proofs, now, due };
        // Most histories run smoothly but for one kind of trouble.
        let trouble = random.below(6);
        for planned in history.schedule.between(from, now - TimeDelta::minutes(40)) {
            let missed = trouble == 1 && random.once_in(3);
            if !missed {
                history.make(&planned, trouble, &mut random);
            }
        }
        history.test(trouble, &mut random);
        history.lose(trouble, &mut random);
        history
    }

    fn make(&mut self, planned: &Planned, trouble: usize, random: &mut Lcg) {
        let away = if trouble == 2 && random.once_in(3) {
            [planned.datacenter.clone()].into()
        } else {
            Default::default()
        };
        let Some(planned) = self.schedule.elsewhere(planned, &away) else { return };
        let started = planned.window_start + TimeDelta::minutes(random.below(31) as i64);
        let finished = started + TimeDelta::minutes(1 + random.below(50) as i64);
        let bad_pages = trouble == 3 && random.once_in(4);
        let full_label = Label(format!("{}F", planned.chain));
        let kept = finished.max(planned.window_end)
            + TimeDelta::days(i64::from(self.schedule.policy.retention_days));
        let existing = self.full(&full_label).cloned();
        let Some(Ok(held)) = self.catalogue.get_mut(&planned.datacenter) else { return };
        let here = held.iter().any(|copy| copy.label == full_label);
        let mut copy = full(&full_label.0, finished);
        (copy.started, copy.bad_pages) = (started, bad_pages);
        if planned.kind == Kind::Differential {
            // Without a full there is nothing to stand on; by literal it is copied along.
            let Some(existing) = existing else { return };
            if !here && random.below(12) > 0 {
                held.push(existing);
            }
            let name = format!("{}_{}D", full_label.0, finished.format("%d%H%M"));
            copy = Copy { bad_pages, started, ..differential(&name, &full_label.0, finished) };
        }
        held.push(copy);
        let due = self.due.entry(full_label).or_insert(kept);
        *due = kept.max(*due);
    }

    fn full(&self, label: &Label) -> Option<&Copy> {
        let held = self.catalogue.values().flatten().flatten();
        held.into_iter().find(|copy| copy.label == *label)
    }

    fn test(&mut self, trouble: usize, random: &mut Lcg) {
        let rarely = 1 + random.below(12);
        for (datacenter, held) in &self.catalogue {
            for copy in held.iter().flatten() {
                for _ in 0..2 {
                    if !random.once_in(rarely) {
                        continue;
                    }
                    let failed = trouble == 4 && random.once_in(3);
                    self.proofs.push(Proof {
                        datacenter: datacenter.clone(),
                        label: copy.label.clone(),
                        at: copy.finished + TimeDelta::minutes(random.below(4_000) as i64),
                        outcome: if failed { Outcome::Failed } else { Outcome::Passed },
                    });
                }
            }
        }
    }

    fn lose(&mut self, trouble: usize, random: &mut Lcg) {
        if trouble != 5 {
            return;
        }
        let turn = self.schedule.turn.clone();
        let id = &turn[random.below(turn.len())];
        if random.once_in(2) {
            self.catalogue.remove(id);
        } else {
            self.catalogue.insert(id.clone(), Err("exit code 41".to_owned()));
        }
    }

    /// The same with these copies taken away.
    pub fn without(&self, gone: &[(DatacenterId, Label)]) -> Catalogue {
        let mut left = self.catalogue.clone();
        for (datacenter, label) in gone {
            if let Some(Ok(held)) = left.get_mut(datacenter) {
                held.retain(|copy| copy.label != *label);
            }
        }
        left
    }
}
