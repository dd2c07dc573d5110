//! The questions that make a switch safe, each answered by itself.
//!
//! Invariant: what is not known is `Unknown`, never yes and never no.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, LastSwitch, Limits, Series};
use crate::id::DatacenterId;
use crate::traffic::drop::{Alarm, State};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    No,
    Unknown,
}

/// A question with its answer and the numbers it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub answer: Answer,
    #[serde(flatten)]
    pub question: Question,
}

/// In the order in which they are asked. Numbers are `None` where they are not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Is the data fresh? No data is not a drop.
    Fresh {
        age_seconds: Option<f64>,
        most_seconds: f64,
    },
    /// Did this data centre's traffic drop, by enough and surely enough?
    Dropped {
        size: Option<f64>,
        confidence: Option<f64>,
        size_min: f64,
        confidence_min: f64,
    },
    /// Did the others not? A drop everywhere is not a data centre's failure.
    OthersSteady {
        steady: Vec<DatacenterId>,
        dropped: Vec<DatacenterId>,
        unknown: Vec<DatacenterId>,
    },
    /// Does a second signal agree: health, the agent's silence, or errors?
    SecondSignal {
        serving_share: Option<f64>,
        agent_silent_seconds: Option<f64>,
        error_share: Option<f64>,
    },
    TargetHealthy {
        serving_share: Option<f64>,
        least: f64,
    },
    TargetCapable {
        spare_rate: Option<f64>,
        needed_rate: Option<f64>,
        times: f64,
    },
    TargetNear {
        extra_ms: Option<f64>,
        most_ms: f64,
    },
    CoolDownOver {
        since_seconds: Option<f64>,
        least_seconds: f64,
    },
    NothingForbids {
        forbidden_by: Vec<String>,
    },
}

/// All questions, in order.
pub(super) fn ask(evidence: &Evidence, limits: &Limits) -> Vec<Reason> {
    let own = evidence.series.iter().find(|series| series.datacenter == evidence.datacenter);
    vec![
        fresh(own, evidence.now_ms, limits),
        dropped(own, evidence.now_ms, limits),
        others_steady(evidence, limits),
        second_signal(evidence, limits),
        target_healthy(evidence, limits),
        target_capable(evidence, limits),
        target_near(evidence, limits),
        cool_down_over(evidence, limits),
        nothing_forbids(evidence),
    ]
}

fn fresh(own: Option<&Series>, now_ms: i64, limits: &Limits) -> Reason {
    let age_seconds = own.and_then(|own| age_seconds(own, now_ms));
    let answer = own.map_or(Answer::Unknown, |own| match own.state {
        State::NoData { .. } => Answer::No,
        State::Learning | State::Normal | State::Dropped { .. } => {
            known(age_seconds, |age| age <= limits.fresh_seconds)
        }
    });
    Reason { answer, question: Question::Fresh { age_seconds, most_seconds: limits.fresh_seconds } }
}

fn dropped(own: Option<&Series>, now_ms: i64, limits: &Limits) -> Reason {
    let mut numbers = None;
    let answer = match own.filter(|own| is_fresh(own, now_ms, limits)).map(|own| own.state) {
        None | Some(State::Learning | State::NoData { .. }) => Answer::Unknown,
        Some(State::Normal) => Answer::No,
        Some(State::Dropped { alarm, size_now }) => {
            let Alarm { confidence, .. } = alarm;
            numbers = Some((size_now, confidence));
            yes(size_now >= limits.size_min && confidence >= limits.confidence_min)
        }
    };
    let question = Question::Dropped {
        size: numbers.map(|numbers| numbers.0),
        confidence: numbers.map(|numbers| numbers.1),
        size_min: limits.size_min,
        confidence_min: limits.confidence_min,
    };
    Reason { answer, question }
}

/// No if at least half of those that are known dropped as well; yes only if more are steady than
/// unknown.
fn others_steady(evidence: &Evidence, limits: &Limits) -> Reason {
    let (mut steady, mut dropped, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    let others = evidence.series.iter().filter(|other| other.datacenter != evidence.datacenter);
    for other in others {
        let list = match other.state {
            _ if !is_fresh(other, evidence.now_ms, limits) => &mut unknown,
            State::Learning | State::NoData { .. } => &mut unknown,
            State::Normal => &mut steady,
            State::Dropped { .. } => &mut dropped,
        };
        list.push(other.datacenter.clone());
    }
    let answer = if !dropped.is_empty() && dropped.len() >= steady.len() {
        Answer::No
    } else {
        if steady.len() > unknown.len() { Answer::Yes } else { Answer::Unknown }
    };
    Reason { answer, question: Question::OthersSteady { steady, dropped, unknown } }
}

/// Yes if one of them agrees; no only if all are known.
fn second_signal(evidence: &Evidence, limits: &Limits) -> Reason {
    let signals = evidence.signals;
    let agree = [
        known(signals.serving_share, |share| share < limits.failing_share),
        known(signals.agent_silent_seconds, |silent| silent >= limits.silent_seconds),
        known(signals.error_share, |share| share >= limits.error_share),
    ];
    let answer = if agree.contains(&Answer::Yes) {
        Answer::Yes
    } else if agree.contains(&Answer::Unknown) {
        Answer::Unknown
    } else {
        Answer::No
    };
    let question = Question::SecondSignal {
        serving_share: signals.serving_share,
        agent_silent_seconds: signals.agent_silent_seconds,
        error_share: signals.error_share,
    };
    Reason { answer, question }
}

fn target_healthy(evidence: &Evidence, limits: &Limits) -> Reason {
    let least = limits.healthy_share;
    let serving_share = evidence.target.as_ref().and_then(|target| target.serving_share);
    let answer = known(serving_share, |share| share >= least);
    Reason { answer, question: Question::TargetHealthy { serving_share, least } }
}

fn target_capable(evidence: &Evidence, limits: &Limits) -> Reason {
    let times = limits.spare_times;
    let spare_rate = evidence.target.as_ref().and_then(|target| target.spare_rate);
    let needed_rate = evidence.target.as_ref().and_then(|target| target.needed_rate);
    let answer = known(spare_rate.zip(needed_rate), |(spare, needed)| spare >= times * needed);
    Reason { answer, question: Question::TargetCapable { spare_rate, needed_rate, times } }
}

fn target_near(evidence: &Evidence, limits: &Limits) -> Reason {
    let most_ms = limits.extra_ms;
    let extra_ms = evidence.target.as_ref().and_then(|target| target.extra_ms);
    let answer = known(extra_ms, |extra| extra <= most_ms);
    Reason { answer, question: Question::TargetNear { extra_ms, most_ms } }
}

fn cool_down_over(evidence: &Evidence, limits: &Limits) -> Reason {
    let least_seconds = limits.cool_down_seconds;
    let (answer, since_seconds) = match evidence.last_switch {
        LastSwitch::Never => (Answer::Yes, None),
        LastSwitch::Unknown => (Answer::Unknown, None),
        LastSwitch::At { at_ms } => {
            let since = (evidence.now_ms - at_ms) as f64 / 1_000.0;
            (yes(since >= least_seconds), Some(since))
        }
    };
    Reason { answer, question: Question::CoolDownOver { since_seconds, least_seconds } }
}

fn nothing_forbids(evidence: &Evidence) -> Reason {
    let answer = known(evidence.forbidden_by.as_ref(), |names| names.is_empty());
    let forbidden_by = evidence.forbidden_by.clone().unwrap_or_default();
    Reason { answer, question: Question::NothingForbids { forbidden_by } }
}

fn is_fresh(series: &Series, now_ms: i64, limits: &Limits) -> bool {
    age_seconds(series, now_ms).is_some_and(|age| age <= limits.fresh_seconds)
}

fn age_seconds(series: &Series, now_ms: i64) -> Option<f64> {
    series.heard_ms.map(|heard| (now_ms - heard) as f64 / 1_000.0)
}

fn known<T>(value: Option<T>, holds: impl FnOnce(T) -> bool) -> Answer {
    value.map_or(Answer::Unknown, |value| yes(holds(value)))
}

const fn yes(holds: bool) -> Answer {
    if holds { Answer::Yes } else { Answer::No }
}
