//! Benches and rollout plans as a fleet file writes them.

use super::{Fields, list, text};
use crate::bench::{Bench, Check};
use crate::rollout::{Analysis, Condition, PlanTemplate, Step};

pub(super) fn bench(bench: &Bench) -> Fields {
    let Bench { datacenter, valid_hours, checks } = bench;
    let mut fields = Fields::new();
    fields.extend(datacenter.as_ref().map(|id| ("datacenter", text(id.as_str()))));
    fields.push(("valid_hours", valid_hours.to_string()));
    fields.push(("checks", tables(checks.iter().map(check))));
    fields
}

pub(super) fn plan(plan: &PlanTemplate) -> Fields {
    let PlanTemplate { steps, node_watch_seconds, waves, analysis } = plan;
    let Analysis {
        alpha_per_million,
        error_tolerance_bp,
        latency_tolerance_percent,
        min_requests,
        conditions,
    } = analysis;
    let step = |Step { weight, watch_seconds, pause }: &Step| {
        let pause = if *pause { ", pause = true" } else { "" };
        format!("weight = {}, watch_seconds = {watch_seconds}{pause}", percent(*weight))
    };
    let waves: Vec<_> =
        waves.iter().map(|wave| list(wave.iter().map(|region| region.as_str()))).collect();
    vec![
        ("steps", tables(steps.iter().map(step))),
        ("node_watch_seconds", node_watch_seconds.to_string()),
        ("waves", format!("[{}]", waves.join(", "))),
        ("alpha", (f64::from(*alpha_per_million) / 1e6).to_string()),
        ("error_tolerance", percent(*error_tolerance_bp)),
        ("latency_tolerance", latency_tolerance_percent.to_string()),
        ("min_requests", min_requests.to_string()),
        ("conditions", tables(conditions.iter().map(condition))),
    ]
}

fn check(check: &Check) -> String {
    match check {
        Check::Http { path, status, contains } => {
            let contains = contains.as_ref().map(|it| format!(", contains = {}", text(it)));
            let contains = contains.unwrap_or_default();
            format!("path = {}, status = {status}{contains}", text(path))
        }
        Check::Load { path, requests_per_second, seconds, error_max_bp, p95_max_ms } => format!(
            "path = {}, requests_per_second = {requests_per_second}, seconds = {seconds}, \
             errors_most = {}, p95_most_ms = {p95_max_ms}",
            text(path),
            percent(*error_max_bp)
        ),
    }
}

fn condition(condition: &Condition) -> String {
    let bound = |milli: &i64| *milli as f64 / 1_000.0;
    match condition {
        Condition::ErrorsBelow { bp } => format!("errors_most = {}", percent(*bp)),
        Condition::P95Below { ms } => format!("p95_most_ms = {ms}"),
        Condition::PromqlBelow { query, milli } => {
            format!("promql = {}, most = {}", text(query), bound(milli))
        }
        Condition::PromqlAbove { query, milli } => {
            format!("promql = {}, least = {}", text(query), bound(milli))
        }
    }
}

fn percent(hundredths: u16) -> String {
    (f64::from(hundredths) / 100.0).to_string()
}

pub(super) fn tables(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.map(|item| format!("{{ {item} }}")).collect();
    format!("[{}]", items.join(", "))
}
