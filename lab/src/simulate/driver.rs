//! A driver without processes: what it is told to run, it says it runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use mainstay_agent::driver::process::plan::slot;
use mainstay_agent::driver::{Driver, Observed, Stage, Stager};
use mainstay_agent::journal::{Target, Targets};
use mainstay_core::deployment::{Command, Slot, Spec};
use mainstay_core::estate::{Cause, Instance, InstanceState};
use mainstay_core::id::{DatacenterId, InstanceId, ServiceId};
use tokio::sync::{Notify, watch};

/// All simulated data centres.
#[derive(Clone, Debug, Default)]
pub struct World(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    datacenters: Mutex<Vec<watch::Sender<Observed>>>,
    changed: Notify,
}

impl World {
    /// Instances that are there.
    pub fn serving(&self) -> usize {
        self.datacenters().iter().map(|dc| dc.borrow().instances.len()).sum()
    }

    /// Waits for a change in the number of instances.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Makes one instance unhealthy that serves, or the other way round; `choice` says which.
    pub fn change_one(&self, choice: u64) {
        let datacenters = self.datacenters();
        let Some(dc) = pick(&datacenters, choice) else { return };
        dc.send_modify(|observed| {
            let count = observed.instances.len().max(1);
            let nth = (choice / datacenters.len() as u64) as usize % count;
            if let Some(instance) = observed.instances.values_mut().nth(nth) {
                let instance = Arc::make_mut(instance);
                instance.state = match instance.state {
                    InstanceState::Serving => {
                        InstanceState::Unhealthy { cause: Cause::HealthStatus { code: 503 } }
                    }
                    InstanceState::Starting
                    | InstanceState::Unhealthy { .. }
                    | InstanceState::Waiting { .. }
                    | InstanceState::Draining => InstanceState::Serving,
                };
                instance.since = Utc::now();
                observed.state_revision += 1;
            }
        });
    }

    fn datacenters(&self) -> std::sync::MutexGuard<'_, Vec<watch::Sender<Observed>>> {
        // Nothing under the lock can panic half way.
        self.0.datacenters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pick<T>(all: &[T], choice: u64) -> Option<&T> {
    all.get((choice % all.len().max(1) as u64) as usize)
}

/// One simulated data centre.
#[derive(Debug)]
pub struct SimulatedDriver {
    datacenter: DatacenterId,
    world: World,
    observed: watch::Sender<Observed>,
}

impl SimulatedDriver {
    pub fn new(datacenter: DatacenterId, world: &World) -> Self {
        let observed = watch::Sender::new(Observed::default());
        world.datacenters().push(observed.clone());
        Self { datacenter, world: world.clone(), observed }
    }

    fn instance(
        &self,
        place: &Slot,
        target: &Target,
        n: u16,
        since: DateTime<Utc>,
    ) -> Option<Instance> {
        Some(Instance {
            id: slot(place, &self.datacenter, n).ok()?,
            service: place.0.clone(),
            version: target.spec.version.clone(),
            state: InstanceState::Serving,
            since,
            restarts: 0,
            cpu_millicores: Some(5),
            memory_bytes: Some(16 * 1024 * 1024),
            endpoint: None,
            handle: Some("simulated".to_owned()),
        })
    }
}

impl Driver for SimulatedDriver {
    fn precheck(&self, _: &Command) -> Result<(), String> {
        Ok(())
    }

    fn retarget(&mut self, targets: &Targets) {
        let (now, driver) = (Utc::now(), &*self);
        let wanted = targets.iter().flat_map(|(place, target)| {
            (1..=target.spec.nodes).filter_map(move |n| driver.instance(place, target, n, now))
        });
        let wanted: Vec<Instance> = wanted.collect();
        self.observed.send_modify(|observed| {
            let mut before = std::mem::take(&mut observed.instances);
            let kept = |new: Instance, before: &mut BTreeMap<InstanceId, Arc<Instance>>| {
                let old = before.remove(&new.id).filter(|old| old.version == new.version);
                (new.id.clone(), old.unwrap_or_else(|| Arc::new(new)))
            };
            observed.instances = wanted.into_iter().map(|new| kept(new, &mut before)).collect();
            observed.state_revision += 1;
        });
        self.world.0.changed.notify_one();
    }

    fn observe(&self) -> watch::Receiver<Observed> {
        self.observed.subscribe()
    }

    fn stager(&self) -> Arc<dyn Stager> {
        Arc::new(NoStages)
    }
}

/// Nothing runs, so nothing can be tested: tests are not made, rather than made up.
struct NoStages;

impl Stager for NoStages {
    fn stage(self: Arc<Self>, _: ServiceId, _: Spec) -> BoxFuture<'static, Result<Stage, String>> {
        async { Err("a simulated agent runs nothing that could be tested".to_owned()) }.boxed()
    }
}
