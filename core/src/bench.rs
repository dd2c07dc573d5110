//! The staging bench: what a version must pass before production (R10), and the tests that one
//! node must pass before the next is updated (R11).
//!
//! Owns what is tested and what came of it. The agent of a data centre runs a [`Test`] and reports
//! a [`TestReport`]; a bench result is kept with the version and expires.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::deployment::Spec;
use crate::fleet::Fleet;
use crate::id::{DatacenterId, InstanceId, ServiceId};

/// Most checks of one bench.
pub const CHECKS_MAX: usize = 32;
/// How long a result counts where the bench does not say.
pub const VALID_DEFAULT: TimeDelta = TimeDelta::hours(72);

/// What a version of a service is tested with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bench {
    /// Where the staging deployment comes up; `None`: in the first data centre by id where the
    /// service is placed and that is heard.
    pub datacenter: Option<DatacenterId>,
    /// A result counts for so long.
    pub valid_hours: u16,
    pub checks: Vec<Check>,
}

impl Bench {
    /// What a service's versions are tested with: the bench it names, or the default one on its
    /// own health path.
    pub fn of(fleet: &Fleet, service: &ServiceId) -> Self {
        let declared = fleet.services.get(service);
        let named = declared.and_then(|it| fleet.benches.get(it.bench.as_ref()?));
        named.cloned().unwrap_or_else(|| match declared {
            Some(service) => Self::on(&service.health_path),
            None => Self::default(),
        })
    }

    /// It answers at a path, and a short load on it stays whole and quick.
    fn on(path: &str) -> Self {
        let path = path.to_owned();
        let load = Check::Load {
            path: path.clone(),
            requests_per_second: 50,
            seconds: 5,
            error_max_bp: 0,
            p95_max_ms: 500,
        };
        Self {
            datacenter: None,
            valid_hours: VALID_DEFAULT.num_hours() as u16,
            checks: vec![Check::Http { path, status: 200, contains: None }, load],
        }
    }
}

/// One thing that must be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Check {
    /// A GET of the path is answered with this status, and this text is in the body.
    Http { path: String, status: u16, contains: Option<String> },
    /// So many requests a second for so long; of all, at most this share fails and the p95
    /// latency stays within the limit. An answer that is not 2xx or 3xx, or none in 5 s, fails.
    Load {
        path: String,
        requests_per_second: u32,
        seconds: u16,
        /// Hundredths of a percent.
        error_max_bp: u16,
        p95_max_ms: u32,
    },
}

impl Default for Bench {
    /// Its health check answers, and a short load on it stays whole and quick.
    fn default() -> Self {
        Self::on("/health")
    }
}

/// An order to test, carried out by one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Idempotency key: the same id again is the same test and gives the same report.
    pub id: String,
    pub on: On,
    pub checks: Vec<Check>,
}

/// What a test is made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum On {
    /// A deployment of its own that no user reaches; started for the test, stopped after it, and
    /// never among the reported instances.
    Staging { spec: Spec },
    /// A node that runs.
    Instance { instance: InstanceId },
}

/// How a test stands, as its agent tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    pub id: String,
    pub service: ServiceId,
    pub version: String,
    pub state: TestState,
    /// By the agent's clock.
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// In the order of the checks; as many as were finished.
    pub results: Vec<CheckResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TestState {
    Running,
    Passed,
    /// A check did not hold; which and why is in the results.
    Failed,
    /// It could not be made (the version did not start, the node was gone, the agent was
    /// restarted in the middle): says nothing about passing.
    NotMade {
        message: String,
    },
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    pub check: Check,
    pub passed: bool,
    /// What was seen, in words with numbers: `503 after 12 ms`, `0 of 250 failed, p95 8 ms`.
    pub seen: String,
}

/// The newest bench result of a version, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchResult {
    pub service: ServiceId,
    pub version: String,
    pub datacenter: DatacenterId,
    pub report: TestReport,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    /// When it stops counting; `None`: it did not pass or is not over.
    pub expires_at: Option<DateTime<Utc>>,
}

impl BenchResult {
    /// Whether the version may go to production on this. `bench`: what the service's versions must
    /// pass now.
    pub fn counts(&self, bench: &Bench, now: DateTime<Utc>) -> bool {
        self.report.state == TestState::Passed
            && self.expires_at.is_some_and(|end| now < end)
            && self.covers(bench)
    }

    /// Whether it was made with the checks that this bench has now.
    pub fn covers(&self, bench: &Bench) -> bool {
        self.report.results.iter().map(|result| &result.check).eq(&bench.checks)
    }
}
