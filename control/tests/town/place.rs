//! What one agent did and runs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mainstay_core::bench::{CheckResult, On, Test, TestReport, TestState};
use mainstay_core::deployment::{Command, Slot, Spec};
use mainstay_core::estate::{Deployment, Fact, Instance, InstanceState};
use mainstay_core::fence::{Outcome, Subject, Token};
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use mainstay_wire::Report;

use super::Nature;

/// What one agent did and runs.
#[derive(Debug, Default)]
pub struct Place {
    /// Every command ever carried out.
    pub journal: BTreeMap<String, u32>,
    accepted: BTreeMap<Subject, Token>,
    /// What is deployed, and since when its instances serve.
    pub slots: BTreeMap<Slot, (Spec, Token, DateTime<Utc>)>,
    tests: BTreeMap<String, TestReport>,
}

impl Place {
    /// Carries a command out, once.
    pub fn carry_out(
        &mut self,
        id: &str,
        token: Token,
        action: &Command,
        nature: &Nature,
    ) -> Outcome {
        if self.journal.contains_key(id) {
            return Outcome::Done;
        }
        let newest = self.accepted.entry(action.subject()).or_default();
        if token <= *newest {
            return Outcome::Stale { newest: *newest };
        }
        *newest = token;
        *self.journal.entry(id.to_owned()).or_default() += 1;
        match action {
            Command::Deploy { service, track, spec } => {
                let deployed = (spec.clone(), token, Utc::now());
                self.slots.insert((service.clone(), *track), deployed);
            }
            Command::Remove { service, track } => {
                self.slots.remove(&(service.clone(), *track));
            }
            Command::Replace { .. } | Command::Work { .. } => {}
            Command::Test { service, test } => self.test(service, test, nature),
        }
        Outcome::Done
    }

    fn test(&mut self, service: &ServiceId, test: &Test, nature: &Nature) {
        let version = match &test.on {
            On::Staging { spec } => spec.version.clone(),
            On::Instance { instance } => {
                let found = self.instances(&DatacenterId::new("any").unwrap());
                let tail = |id: &InstanceId| id.as_str().split('-').skip(2).collect::<String>();
                let of = found
                    .into_iter()
                    .find(|it| it.service == *service && tail(&it.id) == tail(instance));
                of.unwrap().version
            }
        };
        let passed = !nature.untested.contains(&version);
        let results = test.checks.iter().map(|check| CheckResult {
            check: check.clone(),
            passed,
            seen: if passed { "200 after 3 ms" } else { "503 after 3 ms" }.to_owned(),
        });
        let report = TestReport {
            id: test.id.clone(),
            service: service.clone(),
            version,
            state: if passed { TestState::Passed } else { TestState::Failed },
            started_at: Utc::now(),
            ended_at: Some(Utc::now()),
            results: results.collect(),
        };
        self.tests.insert(test.id.clone(), report);
    }

    fn instances(&self, datacenter: &DatacenterId) -> Vec<Instance> {
        let instances = self.slots.iter().flat_map(|((service, track), (spec, _, since))| {
            (1..=spec.nodes).map(move |n| Instance {
                id: InstanceId::new(&format!("{service}-{datacenter}-{}{n}", track.name()))
                    .unwrap(),
                service: service.clone(),
                version: spec.version.clone(),
                state: InstanceState::Serving,
                since: *since,
                restarts: 0,
                cpu_millicores: None,
                memory_bytes: None,
                endpoint: Some(format!("10.0.0.{n}:80")),
                handle: None,
            })
        });
        instances.collect()
    }

    /// Everything there is.
    pub fn report(&mut self, datacenter: &DatacenterId, seq: u64) -> Report {
        let deployments =
            self.slots.iter().map(|((service, track), (spec, token, _))| Deployment {
                service: service.clone(),
                track: *track,
                version: spec.version.clone(),
                nodes: spec.nodes,
                template: spec.template(),
                token: *token,
            });
        Report {
            seq,
            full: true,
            instances: self.instances(datacenter),
            deployments: deployments.collect(),
            facts: self.tests.values().cloned().map(Fact::Test).collect(),
            ..Report::default()
        }
    }
}
