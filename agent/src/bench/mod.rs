//! Tests of versions and of nodes: taken over, made one after the other, remembered.
//!
//! Owns the tests that were asked for here and what came of them, in a file that is replaced as a
//! whole with every step that must last. Invariants: a test that was taken over is made once, or
//! is reported as not made; the same id again is the same test; one that was being made when the
//! agent ended is never made again by itself.

mod checks;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use mainstay_core::bench::{CheckResult, On, Test, TestReport, TestState};
use mainstay_core::estate::{Instance, InstanceState};
use mainstay_core::id::{InstanceId, ServiceId};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::driver::{Observed, Stage, Stager};
use crate::durable::{self, Lasting};

/// Tests made at once; others wait.
pub const MADE_AT_ONCE: usize = 2;
/// Tests that wait; more are refused.
pub const WAITING_MAX: usize = 64;
/// Tests that are over and remembered, the newest.
pub const KEPT: usize = 64;
/// Name of the file in the agent's data folder.
pub const FILE: &str = "tests.json";
/// What is told of a test that its agent did not live to end.
const BROKEN_OFF: &str = "the agent was restarted in the middle";

#[derive(Debug, thiserror::Error)]
#[error("the memory of tests {path} cannot be {action}")]
pub struct TestsError {
    path: PathBuf,
    action: &'static str,
    #[source]
    source: io::Error,
}

/// What tests are made on.
#[derive(Clone)]
pub struct Ground {
    pub stager: Arc<dyn Stager>,
    pub observed: watch::Receiver<Observed>,
}

/// The tests of a data centre.
pub struct Tests {
    shared: Arc<Shared>,
    /// Ended when this is dropped.
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    path: PathBuf,
    /// In the order in which they were taken over.
    kept: Mutex<Vec<Kept>>,
    /// Rises with every change that is to be told.
    revision: watch::Sender<u64>,
    places: Semaphore,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Kept {
    Waiting { service: ServiceId, test: Test },
    Begun { report: TestReport },
}

impl Kept {
    fn id(&self) -> &str {
        match self {
            Self::Waiting { test, .. } => &test.id,
            Self::Begun { report } => &report.id,
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Waiting { .. } => false,
            Self::Begun { report } => report.state != TestState::Running,
        }
    }
}

impl Tests {
    /// Reads back what is remembered. A damaged file is set aside: the server asks again for what
    /// it does not hear of.
    pub fn open(data_dir: &Path) -> Result<Self, TestsError> {
        let path = data_dir.join(FILE);
        let failed = |action, source| TestsError { path: path.clone(), action, source };
        let kept = match std::fs::read(&path) {
            Ok(content) => match serde_json::from_slice(&content) {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::error!(%error, path = %path.display(), "a damaged file is set aside");
                    std::fs::rename(&path, path.with_extension("damaged"))
                        .map_err(|e| failed("set aside", e))?;
                    Vec::new()
                }
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(failed("read", e)),
        };
        let shared = Shared {
            path,
            kept: Mutex::new(kept),
            revision: watch::Sender::new(0),
            places: Semaphore::new(MADE_AT_ONCE),
        };
        shared.change(|kept| {
            for one in kept {
                if let Kept::Begun { report } = one
                    && report.state == TestState::Running
                {
                    report.state = TestState::NotMade { message: BROKEN_OFF.to_owned() };
                    report.ended_at = Some(Utc::now());
                }
            }
        })?;
        Ok(Self { shared: Arc::new(shared), tasks: Mutex::default() })
    }

    /// Goes on with the tests that waited when the agent ended.
    pub fn resume(&self, ground: &Ground) {
        let waiting: Vec<_> = {
            let kept = self.shared.kept();
            let waits = |one: &&Kept| matches!(one, Kept::Waiting { .. });
            kept.iter().filter(waits).map(|one| one.id().to_owned()).collect()
        };
        for id in waiting {
            self.start(id, ground.clone());
        }
    }

    /// Whether a test with this id was taken over and is remembered.
    pub fn knows(&self, id: &str) -> bool {
        self.shared.kept().iter().any(|one| one.id() == id)
    }

    /// Refuses one test more than may wait.
    pub fn check_room(&self) -> Result<(), String> {
        let kept = self.shared.kept();
        match kept.iter().filter(|one| matches!(one, Kept::Waiting { .. })).count() {
            0..WAITING_MAX => Ok(()),
            _ => Err(format!("{WAITING_MAX} tests wait here already; ask again later")),
        }
    }

    /// Takes a test over, durably when it returns, and makes it when its turn comes. A known id
    /// changes nothing. Must be called inside the runtime.
    pub fn take(
        &self,
        service: &ServiceId,
        test: &Test,
        ground: &Ground,
    ) -> Result<(), TestsError> {
        if self.knows(&test.id) {
            return Ok(());
        }
        let waiting = Kept::Waiting { service: service.clone(), test: test.clone() };
        let taken = self.shared.change(|kept| kept.push(waiting));
        if taken.is_err() {
            self.shared.kept().retain(|one| one.id() != test.id);
        } else {
            self.start(test.id.clone(), ground.clone());
        }
        taken
    }

    /// Every test that has begun, by id.
    pub fn reports(&self) -> BTreeMap<String, TestReport> {
        let kept = self.shared.kept();
        let begun = kept.iter().filter_map(|one| match one {
            Kept::Waiting { .. } => None,
            Kept::Begun { report } => Some((report.id.clone(), report.clone())),
        });
        begun.collect()
    }

    /// A number that rises whenever [`reports`](Self::reports) changes.
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.shared.revision.subscribe()
    }

    fn start(&self, id: String, ground: Ground) {
        let shared = self.shared.clone();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move { shared.make(&id, &ground).await });
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing under the lock can panic half way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the memory, forgets what is over and too old, and makes that last.
    fn change(&self, change: impl FnOnce(&mut Vec<Kept>)) -> Result<(), TestsError> {
        let mut kept = self.kept();
        change(&mut kept);
        let mut surplus = kept.iter().filter(|one| one.is_over()).count().saturating_sub(KEPT);
        kept.retain(|one| {
            let forgotten = surplus > 0 && one.is_over();
            surplus -= usize::from(forgotten);
            !forgotten
        });
        self.revision.send_modify(|revision| *revision += 1);
        let content = serde_json::to_vec(&*kept).expect("tests have string keys only");
        let failed = |source| TestsError { path: self.path.clone(), action: "written", source };
        durable::replace(&self.path, &content, Lasting::Power).map_err(failed)
    }

    /// Changes the report of a test that has begun; makes it last if it is over.
    fn update(&self, id: &str, change: impl FnOnce(&mut TestReport)) {
        let report_of = |kept: &mut Vec<Kept>| {
            for one in kept {
                if let Kept::Begun { report } = one
                    && report.id == id
                {
                    change(report);
                    return report.state != TestState::Running;
                }
            }
            false
        };
        let over = report_of(&mut self.kept());
        self.revision.send_modify(|revision| *revision += 1);
        if over && let Err(error) = self.change(|_| {}) {
            // It is told all the same; after a restart of the agent it would be not made.
            tracing::error!(error = &error as &dyn std::error::Error, id, "a test is not kept");
        }
    }

    /// Makes one test when its turn comes.
    async fn make(&self, id: &str, ground: &Ground) {
        let Ok(_place) = self.places.acquire().await else { return };
        let waiting = self.kept().iter().find(|one| one.id() == id).cloned();
        let Some(Kept::Waiting { service, test }) = waiting else { return };
        let node = match &test.on {
            On::Staging { .. } => None,
            On::Instance { instance } => node(instance, &ground.observed),
        };
        let version = match (&test.on, &node) {
            (On::Staging { spec }, _) => spec.version.clone(),
            (On::Instance { .. }, Some(node)) => node.version.clone(),
            (On::Instance { .. }, None) => "unknown".to_owned(),
        };
        let report = TestReport {
            id: id.to_owned(),
            service: service.clone(),
            version,
            state: TestState::Running,
            started_at: Utc::now(),
            ended_at: None,
            results: Vec::new(),
        };
        let begun = self.change(|kept| {
            if let Some(one) = kept.iter_mut().find(|one| one.id() == id) {
                *one = Kept::Begun { report };
            }
        });
        let state = match begun {
            Ok(()) => self.judge(&service, &test, node, ground).await,
            // Not known to last, so it could be made twice.
            Err(error) => TestState::NotMade { message: error.to_string() },
        };
        tracing::info!(id, %service, ?state, "tested");
        self.update(id, |report| {
            report.state = state;
            report.ended_at = Some(Utc::now());
        });
    }

    async fn judge(
        &self,
        service: &ServiceId,
        test: &Test,
        node: Option<Arc<Instance>>,
        ground: &Ground,
    ) -> TestState {
        match &test.on {
            On::Staging { spec } => {
                let staged = ground.stager.clone().stage(service.clone(), spec.clone()).await;
                match staged {
                    Ok(stage) => {
                        let state = self.check(test, &stage.endpoints).await;
                        Stage::stop(stage).await;
                        state
                    }
                    Err(message) => TestState::NotMade { message },
                }
            }
            On::Instance { instance } => match node.as_deref().and_then(endpoint) {
                Some(endpoint) => self.check(test, &[endpoint]).await,
                None => TestState::NotMade { message: format!("{instance} does not run here") },
            },
        }
    }

    /// Makes every check, also after one that did not hold: all that is wrong shows at once.
    async fn check(&self, test: &Test, endpoints: &[SocketAddr]) -> TestState {
        let mut passed = !test.checks.is_empty();
        for check in &test.checks {
            let seen = checks::make(check, endpoints).await;
            passed &= seen.passed;
            let result =
                CheckResult { check: check.clone(), passed: seen.passed, seen: seen.words };
            self.update(&test.id, |report| report.results.push(result));
        }
        if passed { TestState::Passed } else { TestState::Failed }
    }
}

fn node(id: &InstanceId, observed: &watch::Receiver<Observed>) -> Option<Arc<Instance>> {
    observed.borrow().instances.get(id).cloned()
}

/// Where an instance answers, if it is one that may be tested.
fn endpoint(instance: &Instance) -> Option<SocketAddr> {
    match instance.state {
        InstanceState::Starting | InstanceState::Serving | InstanceState::Unhealthy { .. } => {
            instance.endpoint.as_deref()?.parse().ok()
        }
        InstanceState::Waiting { .. } | InstanceState::Draining => None,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
