//! How rollouts are said: shares, odds, states, reasons and verdicts.

use chrono::{DateTime, Utc};
use mainstay_core::fleet::Strategy;
use mainstay_core::judge::{Metric, Verdict};
use mainstay_core::rollout::{
    Back, Condition, Ending, PauseReason, Plan, Position, State, StopReason,
};

use crate::t;
use crate::text::{number, sentence, trimmed};
use crate::ui::tone::Tone;

/// Hundredths of a percent as a percentage: `25%`, `0.5%`, `12.25%`.
pub fn weight(weight: u16) -> String {
    t!("weight", n = trimmed(f64::from(weight) / 100.0, 2))
}

/// A proportion as a percentage of three digits at most: `1.9%`, `0.02%`.
pub fn percent(proportion: f64) -> String {
    let value = proportion * 100.0;
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 0.1 || v == 0.0 => 2,
        _ => 3,
    };
    t!("weight", n = trimmed(value, digits))
}

/// Requests a second: whole from ten on.
pub fn rate(value: f64) -> String {
    if value >= 1000.0 {
        number(value.round() as u64)
    } else {
        trimmed(value, usize::from(value < 10.0))
    }
}

/// Milliseconds, whole from ten on.
pub fn milliseconds(value: f64) -> String {
    let digits = usize::from(value < 10.0);
    t!("duration-ms", n = trimmed(value, digits))
}

/// Errors as odds people can picture: `4.19.0 fails 1 request in 53`.
pub fn odds(version: &str, errors: u64, requests: u64) -> String {
    match (errors, requests) {
        (_, 0) => t!("odds-unknown", version = version),
        (0, _) => t!("odds-none", version = version, n = number(requests)),
        (errors, requests) if errors >= requests => t!("odds-all", version = version),
        (errors, requests) => {
            let one_in = (requests as f64 / errors as f64).round() as u64;
            t!("odds", version = version, n = number(one_in.max(2)))
        }
    }
}

/// The look and the word of a state, for badges and lists.
pub fn rollout_state(plan: &Plan, state: &State) -> (Tone, String) {
    let share = |at: &Position| weight(plan.share(at.step));
    let rolling = plan.strategy == Strategy::Rolling;
    match state {
        State::Preparing { .. } => {
            (Tone::Prog, t!("rollout-preparing", version = plan.to.as_str()))
        }
        State::Testing { instance, .. } => {
            (Tone::Prog, t!("rollout-testing", instance = instance.as_str()))
        }
        State::Shifting { .. } if rolling => (Tone::Prog, t!("rollout-joining")),
        State::Shifting { at, .. } => (Tone::Prog, t!("rollout-shifting", share = share(at))),
        State::Watching { .. } if rolling => (Tone::Prog, t!("rollout-watching-node")),
        State::Watching { at, .. } => (Tone::Prog, t!("rollout-watching", share = share(at))),
        State::Paused { at, why, .. } => (Tone::Pause, paused(plan, *at, why)),
        State::Promoted { .. } => (Tone::Ok, t!("rollout-promoted")),
        State::RollingBack { .. } => {
            (Tone::Warn, t!("rollout-rolling-back", version = plan.from.as_str()))
        }
        State::RolledBack { .. } => (Tone::Warn, t!("rollout-rolled-back")),
        State::Ended { outcome, .. } => match outcome {
            Ending::Promoted => (Tone::Ok, t!("rollout-promoted")),
            Ending::RolledBack { .. } => (Tone::Warn, t!("rollout-rolled-back")),
        },
    }
}

fn paused(plan: &Plan, at: Position, why: &PauseReason) -> String {
    let share = weight(plan.share(at.step));
    match why {
        _ if plan.strategy == Strategy::Rolling => t!("rollout-paused"),
        PauseReason::Undecided | PauseReason::NoData { .. } | PauseReason::NotMeasured { .. } => {
            t!("rollout-paused-analysis", share = share)
        }
        PauseReason::Planned => t!("rollout-paused-planned", share = share),
        PauseReason::Asked { .. }
        | PauseReason::NotReady { .. }
        | PauseReason::NotAcknowledged { .. }
        | PauseReason::AgentLost { .. }
        | PauseReason::EdgeAway { .. } => t!("rollout-paused-at", share = share),
    }
}

/// Why it stands still: the rule and the values.
pub fn pause_reason(why: &PauseReason) -> String {
    match why {
        PauseReason::Asked { by } => t!("pause-asked", by = by.as_str()),
        PauseReason::Planned => t!("pause-planned"),
        PauseReason::Undecided => t!("pause-undecided"),
        PauseReason::NoData { requests, needed } => {
            t!("pause-no-data", requests = number(*requests), needed = number(*needed))
        }
        PauseReason::NotMeasured { what } => {
            sentence(&t!("pause-not-measured", what = what.as_str()))
        }
        PauseReason::NotReady { datacenter, serving, wanted } => t!(
            "pause-not-ready",
            dc = datacenter.as_str(),
            serving = number(*serving),
            wanted = number(*wanted)
        ),
        PauseReason::NotAcknowledged { edge } => {
            t!("pause-not-acknowledged", edge = edge.as_str())
        }
        PauseReason::AgentLost { datacenter } => t!("pause-agent-lost", dc = datacenter.as_str()),
        PauseReason::EdgeAway { edge } => t!("pause-edge-away", edge = edge.as_str()),
    }
}

/// What a person can do about it.
pub fn pause_next(why: &PauseReason) -> String {
    match why {
        PauseReason::Asked { .. } => t!("pause-next-asked"),
        PauseReason::Planned => t!("pause-next-planned"),
        PauseReason::Undecided | PauseReason::NoData { .. } => t!("pause-next-undecided"),
        PauseReason::NotMeasured { .. } => t!("pause-next-not-measured"),
        PauseReason::NotReady { .. } => t!("pause-next-not-ready"),
        PauseReason::NotAcknowledged { .. } => t!("pause-next-not-acknowledged"),
        PauseReason::AgentLost { .. } => t!("pause-next-agent-lost"),
        PauseReason::EdgeAway { .. } => t!("pause-next-edge-away"),
    }
}

/// Why a version was taken back: the rule and the values.
pub fn stop_reason(why: &StopReason) -> String {
    match why {
        StopReason::Asked { by } => t!("stop-asked", by = by.as_str()),
        StopReason::Analysis { metric, words } => {
            t!("stop-analysis", metric = metric.as_str(), words = words.as_str())
        }
        StopReason::Limit { condition: rule, words } => {
            t!("stop-limit", rule = condition(rule), words = words.as_str())
        }
        StopReason::Dead { datacenter, instance } => {
            t!("stop-dead", instance = instance.as_str(), dc = datacenter.as_str())
        }
        StopReason::NodeTest { instance, words } => {
            t!("stop-node-test", instance = instance.as_str(), words = words.as_str())
        }
        StopReason::Refused { edge, message } => {
            t!("stop-refused", edge = edge.as_str(), message = message.as_str())
        }
    }
}

/// A plain limit: `errors below 0.5%`.
pub fn condition(condition: &Condition) -> String {
    let milli = |n: i64| trimmed(n as f64 / 1000.0, 3);
    match condition {
        Condition::ErrorsBelow { bp } => t!("condition-errors", limit = weight(*bp)),
        Condition::P95Below { ms } => {
            t!("condition-p95", limit = milliseconds(f64::from(*ms)))
        }
        Condition::PromqlBelow { query, milli: limit } => {
            t!("condition-below", query = query.as_str(), limit = milli(*limit))
        }
        Condition::PromqlAbove { query, milli: limit } => {
            t!("condition-above", query = query.as_str(), limit = milli(*limit))
        }
    }
}

/// What a condition's value is held against.
pub fn condition_bound(condition: &Condition) -> String {
    condition_value(condition, condition.bound())
}

/// What was measured for a condition, in its unit.
pub fn condition_value(condition: &Condition, value: f64) -> String {
    match condition {
        Condition::ErrorsBelow { .. } => percent(value),
        Condition::P95Below { .. } => milliseconds(value),
        Condition::PromqlBelow { .. } | Condition::PromqlAbove { .. } => trimmed(value, 3),
    }
}

/// The first line of a rollout's log.
pub fn log_start(plan: &Plan, by: &str) -> Option<(Tone, String)> {
    let line = match plan.change.as_deref() {
        Some(change) => t!("log-started-change", by = by, change = change),
        None => t!("log-started", by = by),
    };
    Some((Tone::Prog, line))
}

/// A line of the rollout's log, with its look; `None`: nothing that a person needs to read.
pub fn log_line(plan: &Plan, state: &State) -> Option<(Tone, String)> {
    let share = |at: &Position| weight(plan.share(at.step));
    let step = |at: &Position| number(at.step + 1);
    let wave = |at: &Position| number(at.wave + 1);
    let rolling = plan.strategy == Strategy::Rolling;
    Some(match state {
        State::Preparing { at, .. } if *at == Position::default() => (Tone::Prog, t!("log-again")),
        State::Preparing { at, .. } if at.step == 0 => {
            (Tone::Prog, t!("log-wave", wave = wave(at)))
        }
        State::Preparing { .. } => return None,
        State::Testing { instance, .. } => {
            (Tone::Prog, t!("log-testing", instance = instance.as_str()))
        }
        State::Shifting { .. } if rolling => return None,
        State::Shifting { at, .. } => {
            let version = plan.to.as_str();
            (Tone::Prog, t!("log-shifting", version = version, share = share(at)))
        }
        State::Watching { .. } if rolling => return None,
        State::Watching { at, .. } => (Tone::Ok, t!("log-watching", step = step(at))),
        State::Paused { why, .. } => (Tone::Pause, pause_reason(why)),
        State::Promoted { .. } => (Tone::Ok, t!("log-promoted", version = plan.to.as_str())),
        State::RollingBack { stage: Back::Starting, .. } => {
            (Tone::Warn, t!("log-back-starting", version = plan.from.as_str()))
        }
        State::RollingBack { stage: Back::Shifting, why, .. } => {
            (Tone::Warn, t!("log-back", version = plan.from.as_str(), why = stop_reason(why)))
        }
        State::RolledBack { .. } => (Tone::Ok, t!("log-rolled-back", version = plan.from.as_str())),
        State::Ended { outcome: Ending::Promoted, .. } => {
            (Tone::Ok, t!("log-ended", version = plan.from.as_str()))
        }
        State::Ended { outcome: Ending::RolledBack { .. }, .. } => {
            (Tone::Ok, t!("log-ended", version = plan.to.as_str()))
        }
    })
}

/// What of a version is watched or stands still, and since when.
pub const fn since(state: &State) -> DateTime<Utc> {
    match state {
        State::Preparing { since, .. }
        | State::Testing { since, .. }
        | State::Shifting { since, .. }
        | State::Watching { since, .. }
        | State::Paused { since, .. }
        | State::RollingBack { since, .. } => *since,
        State::Promoted { at, .. } | State::RolledBack { at, .. } | State::Ended { at, .. } => *at,
    }
}

/// What is compared: `Error rate`, `Latency p95`.
pub fn metric(metric: Metric) -> String {
    match metric {
        Metric::Errors => t!("metric-errors"),
        Metric::Latency { quantile } => {
            t!("metric-latency", n = trimmed(quantile * 100.0, 1))
        }
    }
}

/// The address part of a metric: `errors`, `p95`.
pub fn metric_slug(metric: Metric) -> String {
    match metric {
        Metric::Errors => "errors".to_owned(),
        Metric::Latency { quantile } => {
            format!("p{}", trimmed(quantile * 100.0, 1).replace('.', "-"))
        }
    }
}

/// The look and word of a verdict; too little data is unknown, never passed.
pub fn verdict(verdict: Verdict) -> (Tone, String) {
    match verdict {
        Verdict::Pass => (Tone::Ok, t!("verdict-pass")),
        Verdict::Fail => (Tone::Crit, t!("verdict-fail")),
        Verdict::Undecided => (Tone::Unk, t!("verdict-undecided")),
        Verdict::NoData => (Tone::Unk, t!("verdict-no-data")),
        Verdict::NotMeasured => (Tone::Unk, t!("verdict-not-measured")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_odds_are_what_people_picture() {
        for (n, text) in [(2500, "25%"), (50, "0.5%"), (1225, "12.25%"), (10_000, "100%")] {
            assert_eq!(weight(n), text);
        }
        for (p, text) in [(0.0189, "1.89%"), (0.0002, "0.02%"), (0.2471, "24.7%"), (0.0, "0%")] {
            assert_eq!(percent(p), text);
        }
        assert_eq!(milliseconds(247.3), "247 ms");
        assert_eq!(milliseconds(8.46), "8.5 ms");
        for (errors, requests, text) in [
            (348, 18_402, "4.19.0 fails 1 request in 53"),
            (0, 5_117, "4.19.0 failed none of 5,117 requests"),
            (7, 7, "4.19.0 fails every request"),
            (9, 10, "4.19.0 fails 1 request in 2"),
            (0, 0, "4.19.0 has had no requests"),
        ] {
            assert_eq!(odds("4.19.0", errors, requests), text);
        }
    }

    #[test]
    fn metrics_have_addresses() {
        assert_eq!(metric_slug(Metric::Errors), "errors");
        assert_eq!(metric_slug(Metric::Latency { quantile: 0.95 }), "p95");
        assert_eq!(metric_slug(Metric::Latency { quantile: 0.999 }), "p99-9");
    }
}
