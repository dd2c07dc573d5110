//! How a rollout stands, in sentences for a terminal.

use chrono::{DateTime, Utc};
use mainstay_core::fleet::Strategy;
use mainstay_core::rollout::{Back, Ending, Plan, Position, Rollout, State, Wait};

/// The state with where, why, and until when.
pub(super) fn state(rollout: &Rollout) -> String {
    let plan = &rollout.plan;
    match &rollout.state {
        State::Preparing { at, .. } => {
            format!("instances of {} come up for {}", plan.to, position(plan, *at))
        }
        State::Testing { at, instance, .. } => {
            format!("{instance} is being tested for {}", position(plan, *at))
        }
        State::Shifting { at, .. } => format!("edges are told of {}", position(plan, *at)),
        State::Watching { at, .. } => format!("watching {}", position(plan, *at)),
        State::Paused { at, why, .. } => format!("paused at {}: {why}", position(plan, *at)),
        State::Promoted { warm_until, .. } => {
            format!("promoted; {} is kept warm until {}", plan.from, time(*warm_until))
        }
        State::RollingBack { stage: Back::Starting, why, .. } => {
            format!("rolling back, {} comes up again: {why}", plan.from)
        }
        State::RollingBack { stage: Back::Shifting, why, .. } => {
            format!("rolling back, requests go to {}: {why}", plan.from)
        }
        State::RolledBack { undo_until, why, .. } => {
            format!("rolled back, undo is possible until {}: {why}", time(*undo_until))
        }
        State::Ended { outcome: Ending::Promoted, .. } => format!("over, {} is stable", plan.to),
        State::Ended { outcome: Ending::RolledBack { why }, .. } => {
            format!("over, rolled back: {why}")
        }
    }
}

fn position(plan: &Plan, at: Position) -> String {
    let step = match (plan.strategy, plan.steps.get(usize::from(at.step))) {
        (Strategy::Rolling, _) => format!("node {}", at.step + 1),
        (Strategy::Canary, None) => "all requests at once".to_owned(),
        (Strategy::Canary, Some(step)) => {
            let (number, steps) = (at.step + 1, plan.steps.len());
            format!("step {number} of {steps} ({} %)", f64::from(step.weight) / 100.0)
        }
    };
    let regions = plan.waves.get(usize::from(at.wave)).map(|wave| {
        let regions: Vec<_> = wave.regions.iter().map(|region| region.as_str()).collect();
        format!(" ({})", regions.join(", "))
    });
    let (wave, waves) = (at.wave + 1, plan.waves.len());
    format!("{step} in wave {wave} of {waves}{}", regions.unwrap_or_default())
}

/// What is waited for.
pub(super) fn wait(wait: &Wait) -> String {
    match wait {
        Wait::Instances { datacenter, serving, wanted } => {
            format!("instances in {datacenter}: {serving} of {wanted} serve")
        }
        Wait::Agent { datacenter, until } => {
            format!("the agent of {datacenter}, which is not heard, until {}", time(*until))
        }
        Wait::Test { instance, .. } => format!("the test of {instance}"),
        Wait::Acknowledgement { edge, until } => {
            format!("{edge} to acknowledge, until {}", time(*until))
        }
        Wait::Refused { edge, message } => format!("{edge}, which refuses the way back: {message}"),
        Wait::Away { edge } => format!("{edge} is not connected; it holds nothing up"),
        Wait::Behind { edge } => {
            format!("{edge}, which is away and still sends requests to what would be taken away")
        }
        Wait::NoEdge => "an edge: none is connected".to_owned(),
        Wait::Watch { until } => format!("the watch to end at {}", time(*until)),
        Wait::Analysis { until } => {
            format!("the analysis, undecided so far, until {}", time(*until))
        }
        Wait::Logs { last_request: None, .. } => "the edges' logs to be complete".to_owned(),
        Wait::Logs { last_request: Some(at), .. } => {
            format!("the edges' logs: the last request on the new version was at {}", time(*at))
        }
        Wait::Warm { until } => format!("nothing; both versions are kept until {}", time(*until)),
        Wait::Person => "a person".to_owned(),
    }
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S UTC").to_string()
}
