//! Steps that run longer than steps of their kind ever did: called stuck, so that a person looks.
//!
//! A step is never given up for being slow; it is only said. Invariants: how long a step ran is
//! counted on a clock that does not jump, by whoever leads; a new leader goes on with what was
//! said, and counts the rest from its own beginning, so that a step is called stuck late rather
//! than wrongly.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Act, Outcome, Run, RunId, State, StepId, StepState};

/// A step may take so many times as long as the longest of its kind did.
const SLACK: u32 = 2;
/// No step is called stuck before this time, whatever was measured.
const LEAST: Duration = Duration::from_secs(15);
/// A run in which a kind took for ever does not hide the next one: at most so many times the time
/// that the kind has by default.
const MOST: u32 = 10;

/// How long steps of each kind took at most, by [`Act::name`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<&'static str, Duration>);

/// A step that runs past its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    pub step: StepId,
    /// When it was first called so.
    pub since: DateTime<Utc>,
    /// After how long it is.
    pub limit_seconds: u64,
    /// Whether that is what was measured before; else the default of its kind.
    pub measured: bool,
    /// What it waits for.
    pub waits_for: String,
}

/// What was measured of earlier runs and drills that were carried out to their end.
pub fn times<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Times {
    let mut times = BTreeMap::new();
    let done = |run: &&Run| matches!(&run.state, State::Ended { outcome: Outcome::Done, .. });
    for run in runs.into_iter().filter(done) {
        for (_, step) in run.plan.steps() {
            let Some(StepState::Done { since, at, .. }) = run.steps.get(&step.id) else { continue };
            // A clock that was set back in between measured nothing.
            let Ok(took) = (*at - *since).to_std() else { continue };
            let longest: &mut Duration = times.entry(step.act.name()).or_default();
            *longest = took.max(*longest);
        }
    }
    Times(times)
}

impl Times {
    /// After how long a step of this kind is stuck, and whether that was measured.
    pub fn limit(&self, act: &Act) -> (Duration, bool) {
        let default = default(act);
        match self.0.get(act.name()) {
            Some(longest) => ((*longest * SLACK).clamp(LEAST, default * MOST), true),
            None => (default, false),
        }
    }
}

/// The time that a kind has while none of it was measured.
const fn default(act: &Act) -> Duration {
    match act {
        Act::Precheck(_) | Act::StopWrites(_) | Act::Verify(_) => Duration::from_secs(60),
        Act::ShiftTraffic(_) | Act::ReturnTraffic(_) | Act::Observe(_) => Duration::from_secs(60),
        Act::WaitForReplica(_) | Act::Promote(_) => Duration::from_secs(120),
        Act::Scale(_) | Act::Start(_) | Act::Release(_) => Duration::from_secs(300),
    }
}

/// The leader's memory of how long the steps of a run have run.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    run: Option<RunId>,
    steps: BTreeMap<(StepId, u16), Ran>,
}

#[derive(Clone, Debug, Default)]
struct Ran {
    passed: Duration,
    stuck_since: Option<DateTime<Utc>>,
}

impl Patience {
    /// Steps that are stuck, in the order of the plan. `passed`: since the look before, on a clock
    /// that does not jump. `known`: what was said of this run, by this leader or the one before.
    pub fn look(
        &mut self,
        run: &Run,
        times: &Times,
        known: &[Stuck],
        (passed, now): (Duration, DateTime<Utc>),
    ) -> Vec<Stuck> {
        if self.run != Some(run.id) {
            *self = Self { run: Some(run.id), steps: BTreeMap::new() };
        }
        let mut before = std::mem::take(&mut self.steps);
        let mut stuck = Vec::new();
        for (_, step) in run.plan.steps() {
            let Some(StepState::Running { seen, attempt, .. }) = run.steps.get(&step.id) else {
                continue;
            };
            let key = (step.id.clone(), *attempt);
            let mut ran = match before.remove(&key) {
                Some(ran) => Ran { passed: ran.passed + passed, ..ran },
                None => {
                    let said = known.iter().find(|it| it.step == step.id);
                    Ran { passed: Duration::ZERO, stuck_since: said.map(|it| it.since) }
                }
            };
            let (limit, measured) = times.limit(&step.act);
            if ran.passed > limit {
                ran.stuck_since.get_or_insert(now);
            }
            if let Some(since) = ran.stuck_since {
                stuck.push(Stuck {
                    step: step.id.clone(),
                    since,
                    limit_seconds: limit.as_secs(),
                    measured,
                    waits_for: seen.clone(),
                });
            }
            self.steps.insert(key, ran);
        }
        stuck
    }
}
