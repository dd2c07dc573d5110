//! Reasons in words, for the command line, JSON and the audit log; pages have their own.

use std::fmt;

use super::{Condition, PauseReason, Plan, SchemaChange, StopReason};

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { by } => write!(f, "{by} asked for it"),
            Self::Analysis { metric, words } => {
                write!(f, "the analysis of {metric} failed: {words}")
            }
            Self::Limit { condition, words } => write!(f, "{condition} does not hold: {words}"),
            Self::Dead { datacenter, instance } => {
                write!(f, "{instance} in {datacenter} died or does not serve")
            }
            Self::NodeTest { instance, words } => {
                write!(f, "{instance} did not pass its test: {words}")
            }
            Self::Refused { edge, message } => {
                write!(f, "the edge {edge} refused its configuration: {message}")
            }
        }
    }
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { by } => write!(f, "{by} asked for it"),
            Self::Planned => f.write_str("the plan has a person go on"),
            Self::Undecided => {
                f.write_str("the analysis has neither passed nor failed in twice the watch time")
            }
            Self::NoData { requests, needed } => write!(
                f,
                "too few requests to tell: each version needs {needed}, and one had {requests}"
            ),
            Self::NotMeasured { what } => write!(f, "{what} could not be measured"),
            Self::NotReady { datacenter, serving, wanted } => {
                write!(f, "in {datacenter} {serving} of {wanted} instances came up in time")
            }
            Self::NotAcknowledged { edge } => {
                write!(f, "the edge {edge} is connected and does not acknowledge")
            }
            Self::AgentLost { datacenter } => write!(f, "the agent of {datacenter} is not heard"),
            Self::EdgeAway { edge } => {
                write!(f, "the edge {edge} is away and still sends requests to the old nodes")
            }
        }
    }
}

impl Condition {
    /// What the value is held against: a proportion, milliseconds, or as the query's answer.
    pub fn bound(&self) -> f64 {
        match self {
            Self::ErrorsBelow { bp } => f64::from(*bp) / 10_000.0,
            Self::P95Below { ms } => f64::from(*ms),
            Self::PromqlBelow { milli, .. } | Self::PromqlAbove { milli, .. } => {
                *milli as f64 / 1_000.0
            }
        }
    }

    /// What a metric system is asked for this plan; `None`: it is measured here.
    pub fn query_for(&self, plan: &Plan) -> Option<String> {
        match self {
            Self::ErrorsBelow { .. } | Self::P95Below { .. } => None,
            Self::PromqlBelow { query, .. } | Self::PromqlAbove { query, .. } => {
                let query = query.replace("$service", plan.service.as_str());
                Some(query.replace("$version", &plan.to).replace("$stable", &plan.from))
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = |milli: &i64| *milli as f64 / 1_000.0;
        match self {
            Self::ErrorsBelow { bp } => {
                write!(f, "at most {} % of requests fail", f64::from(*bp) / 100.0)
            }
            Self::P95Below { ms } => write!(f, "p95 of at most {ms} ms"),
            Self::PromqlBelow { query, milli: bound } => {
                write!(f, "`{query}` at most {}", milli(bound))
            }
            Self::PromqlAbove { query, milli: bound } => {
                write!(f, "`{query}` at least {}", milli(bound))
            }
        }
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Reversible => "reversible",
            Self::Irreversible => "irreversible",
        })
    }
}
