//! One node of a service: what it was started as, how it is, and how that changes. Pure: time is
//! an argument, as the duration since the driver started.

use std::time::Duration;

use mainstay_core::deployment::{Slot, Spec};
use mainstay_core::estate::Cause;
use serde::{Deserialize, Serialize};

/// First and longest pause before a dead node is started again; it doubles in between.
pub const RESTART_PAUSE_MIN: Duration = Duration::from_millis(200);
pub const RESTART_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Time of health after which a death counts as the first again.
pub const HEALTH_FORGIVES: Duration = Duration::from_secs(60);
/// Time for a started node to become healthy before it is called unhealthy.
pub const START_DEADLINE: Duration = Duration::from_secs(30);
/// Failed checks in a row before a serving node is called unhealthy: one alone is noise.
const MISSES_MAX: u32 = 2;

/// What a process is started as; a change of it needs a new process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    pub version: String,
    /// Program and arguments; empty: the agent's default program.
    pub command: Vec<String>,
    pub health_path: String,
}

impl From<&Spec> for NodeSpec {
    fn from(spec: &Spec) -> Self {
        Self {
            version: spec.version.clone(),
            command: spec.command.clone(),
            health_path: spec.health_path.clone(),
        }
    }
}

/// A node, as the plan sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub place: Slot,
    pub spec: NodeSpec,
    /// The count of wishes to start it afresh that this process answers.
    pub afresh: u64,
    /// Times it was started again after dying.
    pub restarts: u32,
    /// Deaths without [`HEALTH_FORGIVES`] of health in between.
    pub failures: u32,
    pub phase: Phase,
    /// Failed health checks in a row.
    misses: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Runs, not yet healthy for the first time.
    Starting {
        deadline: Duration,
    },
    Serving {
        since: Duration,
    },
    Unhealthy {
        cause: Cause,
    },
    /// Dead, to be started again.
    Waiting {
        cause: Cause,
        retry_at: Duration,
    },
    /// Asked to stop. `kill_at`: when it is ended by force; `None`: that was done.
    Draining {
        purpose: Purpose,
        kill_at: Option<Duration>,
    },
    /// Stopped after draining.
    Stopped {
        purpose: Purpose,
    },
}

/// Why a node is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is not wanted any more.
    Remove,
    /// It is its turn to become what the target says.
    Update,
    /// Somebody asked for a new process in its place.
    Afresh,
}

impl Node {
    /// A node whose process was just started.
    pub fn started(place: Slot, spec: NodeSpec, afresh: u64, now: Duration) -> Self {
        Self {
            place,
            spec,
            afresh,
            restarts: 0,
            failures: 0,
            phase: Phase::Starting { deadline: now + START_DEADLINE },
            misses: 0,
        }
    }

    /// The same node with a new process after a death.
    pub fn restarted(mut self, now: Duration) -> Self {
        self.restarts = self.restarts.saturating_add(1);
        self.misses = 0;
        self.phase = Phase::Starting { deadline: now + START_DEADLINE };
        self
    }

    /// The process is gone. One that was asked to stop has stopped, however it ended.
    pub fn died(&mut self, cause: Cause, now: Duration) {
        match &self.phase {
            Phase::Draining { purpose, .. } => {
                self.phase = Phase::Stopped { purpose: *purpose };
                return;
            }
            Phase::Serving { since } if now.saturating_sub(*since) >= HEALTH_FORGIVES => {
                self.failures = 0;
            }
            Phase::Starting { .. }
            | Phase::Serving { .. }
            | Phase::Unhealthy { .. }
            | Phase::Waiting { .. }
            | Phase::Stopped { .. } => {}
        }
        let retry_at = now + restart_pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting { cause, retry_at };
    }

    /// A health check ended; whether the phase changed.
    pub fn checked(&mut self, result: Result<(), Cause>, now: Duration) -> bool {
        match (&mut self.phase, result) {
            (Phase::Starting { .. } | Phase::Unhealthy { .. }, Ok(())) => {
                self.misses = 0;
                self.phase = Phase::Serving { since: now };
                true
            }
            (Phase::Serving { .. }, Ok(())) => {
                self.misses = 0;
                false
            }
            (Phase::Starting { deadline }, Err(cause)) => {
                let late = now >= *deadline;
                if late {
                    self.phase = Phase::Unhealthy { cause };
                }
                late
            }
            (Phase::Serving { .. }, Err(cause)) => {
                self.misses += 1;
                let unhealthy = self.misses >= MISSES_MAX;
                if unhealthy {
                    self.phase = Phase::Unhealthy { cause };
                }
                unhealthy
            }
            (Phase::Unhealthy { cause: known }, Err(cause)) => {
                let changed = *known != cause;
                *known = cause;
                changed
            }
            (Phase::Waiting { .. } | Phase::Draining { .. } | Phase::Stopped { .. }, _) => false,
        }
    }

    /// Whether a process of it exists.
    pub const fn runs(&self) -> bool {
        match self.phase {
            Phase::Starting { .. }
            | Phase::Serving { .. }
            | Phase::Unhealthy { .. }
            | Phase::Draining { .. } => true,
            Phase::Waiting { .. } | Phase::Stopped { .. } => false,
        }
    }
}

/// The pause before the start after so many failures in a row.
pub fn restart_pause(failures: u32) -> Duration {
    RESTART_PAUSE_MIN.saturating_mul(1 << failures.min(16)).min(RESTART_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_core::deployment::Track;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn node() -> Node {
        let spec =
            NodeSpec { version: "1".to_owned(), command: vec![], health_path: "/".to_owned() };
        Node::started(("feed".parse().unwrap(), Track::Blue), spec, 0, Duration::ZERO)
    }

    #[test]
    fn pauses_double_from_a_fifth_of_a_second_to_half_a_minute() {
        let table = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
        for (failures, ms) in table.into_iter().enumerate() {
            assert_eq!(restart_pause(failures as u32), Duration::from_millis(ms));
        }
        assert_eq!(restart_pause(u32::MAX), RESTART_PAUSE_MAX);
    }

    #[test]
    fn a_minute_of_health_forgives_and_less_does_not() {
        for (died_at, failures) in [(59, 4), (60, 1), (600, 1)] {
            let mut node = node();
            node.failures = 3;
            assert!(node.checked(Ok(()), Duration::ZERO));
            node.died(Cause::Vanished, secs(died_at));
            assert_eq!(node.failures, failures, "died at {died_at}");
        }
    }

    #[test]
    fn one_missed_check_is_noise_and_a_late_start_is_not() {
        let refused = || Err(Cause::HealthStatus { code: 503 });
        let mut node = node();
        assert!(!node.checked(refused(), secs(29)));
        assert!(node.checked(refused(), secs(30)), "the start took too long");
        assert!(!node.checked(refused(), secs(31)), "nothing new");
        assert!(node.checked(Ok(()), secs(32)));
        assert!(!node.checked(refused(), secs(33)));
        assert!(!node.checked(Ok(()), secs(34)));
        assert!(!node.checked(refused(), secs(35)));
        assert!(node.checked(refused(), secs(36)));
    }

    #[test]
    fn one_that_drains_stops_and_does_not_wait() {
        let mut node = node();
        node.phase = Phase::Draining { purpose: Purpose::Update, kill_at: None };
        assert!(!node.checked(Ok(()), secs(1)));
        node.died(Cause::Killed { signal: 9 }, secs(1));
        let purpose = Purpose::Update;
        assert_eq!(node.phase, Phase::Stopped { purpose });
    }
}
