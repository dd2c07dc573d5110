//! The plain limits of a plan: on what was counted here, and on what an outside metric system
//! answers.
//!
//! Invariants: a question that is not answered in time is could-not-measure, never a pass; asking
//! holds up nothing; each question is asked at most once a period.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::judge::limit::{Comparison, Condition as Bound, Limit, Quantity, Reading};
use mainstay_core::judge::{Trace, Verdict};
use mainstay_core::rollout::{Condition, ConditionFact, Plan};

/// How often the same is asked.
const PERIOD: TimeDelta = TimeDelta::seconds(5);
/// An answer is awaited for so long.
const TIMEOUT: Duration = Duration::from_secs(4);
/// An answer counts for so long.
const VALID: TimeDelta = TimeDelta::seconds(15);

/// A metric system that answers PromQL.
pub trait Prometheus: Debug + Send + Sync {
    /// The one value of a query now; [`Reading::Failed`] if it has not one.
    fn ask(&self, query: String) -> Pin<Box<dyn Future<Output = Reading> + Send + '_>>;
}

/// What was asked, and answered last.
#[derive(Debug)]
pub(super) struct Conditions {
    prometheus: Option<Arc<dyn Prometheus>>,
    asked: Arc<Mutex<BTreeMap<String, Asked>>>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: DateTime<Utc>,
    answer: Option<(DateTime<Utc>, Reading)>,
}

/// What conditions are held against.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub plan: &'a Plan,
    pub since: DateTime<Utc>,
    pub canary: &'a Trace,
    /// The newest second that counts.
    pub until: i64,
}

impl Conditions {
    pub(super) fn new(prometheus: Option<Arc<dyn Prometheus>>) -> Self {
        Self { prometheus, asked: Arc::default() }
    }

    /// Every condition of the plan, in its order.
    pub(super) fn measure(&mut self, seen: &Seen<'_>) -> Vec<ConditionFact> {
        let now = Utc::now();
        lock(&self.asked).retain(|_, asked| now - asked.at < VALID * 2);
        let conditions = &seen.plan.analysis.conditions;
        conditions.iter().map(|condition| self.one(condition, seen, now)).collect()
    }

    fn one(&self, condition: &Condition, seen: &Seen<'_>, now: DateTime<Utc>) -> ConditionFact {
        let (verdict, value) = match condition {
            Condition::ErrorsBelow { .. } => {
                limit(Quantity::Errors { most: condition.bound() }, seen)
            }
            Condition::P95Below { .. } => {
                limit(Quantity::Latency { quantile: 0.95, most_ms: condition.bound() }, seen)
            }
            Condition::PromqlBelow { .. } => self.answer(condition, Comparison::AtMost, seen, now),
            Condition::PromqlAbove { .. } => self.answer(condition, Comparison::AtLeast, seen, now),
        };
        ConditionFact { condition: condition.clone(), verdict, value }
    }

    /// What was answered last, within its time and the watch; asks again when it is due.
    fn answer(
        &self,
        condition: &Condition,
        comparison: Comparison,
        seen: &Seen<'_>,
        now: DateTime<Utc>,
    ) -> (Verdict, Option<f64>) {
        let (Some(prometheus), Some(query)) = (&self.prometheus, condition.query_for(seen.plan))
        else {
            return (Verdict::NotMeasured, None);
        };
        let known = lock(&self.asked).get(&query).copied();
        if known.is_none_or(|asked| now - asked.at >= PERIOD) {
            let answer = known.and_then(|asked| asked.answer);
            lock(&self.asked).insert(query.clone(), Asked { at: now, answer });
            let (prometheus, asked) = (prometheus.clone(), self.asked.clone());
            tokio::spawn(async move {
                let answer = tokio::time::timeout(TIMEOUT, prometheus.ask(query.clone())).await;
                let answer = Some((Utc::now(), answer.unwrap_or(Reading::Failed)));
                if let Some(asked) = lock(&asked).get_mut(&query) {
                    asked.answer = answer;
                }
            });
        }
        let answer = known.and_then(|asked| asked.answer);
        let Some((at, reading)) = answer.filter(|(at, _)| *at >= seen.since) else {
            return (Verdict::Undecided, None);
        };
        if now - at >= VALID {
            return (Verdict::NotMeasured, None);
        }
        let value = match reading {
            Reading::Value(value) => Some(value),
            Reading::Empty | Reading::Failed => None,
        };
        (Bound { comparison, bound: condition.bound() }.judge(reading), value)
    }
}

fn limit(quantity: Quantity, seen: &Seen<'_>) -> (Verdict, Option<f64>) {
    let window = (seen.until - seen.since.timestamp()).max(1);
    let limit = Limit {
        quantity,
        window_seconds: u32::try_from(window).unwrap_or(u32::MAX),
        requests_min: seen.plan.analysis.min_requests.max(1),
    };
    let judged = limit.judge(seen.canary, seen.until);
    (judged.verdict, judged.value)
}

// A panic while holding the lock leaves whole values behind, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
