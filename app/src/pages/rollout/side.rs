//! Beside the analysis: what the edges acknowledged, the log, and where to read on.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::id::{EdgeId, RegionId};
use mainstay_core::rollout::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Input};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::card::{Head, card, padded};
use crate::ui::log::lines;
use crate::ui::tone::Tone;

/// Lines of the log that the page shows; the audit log has all.
const LINES_MAX: usize = 60;

/// Edges that the page shows, those first that do not follow; `/edges` has all.
const EDGES_MAX: usize = 12;

/// An edge, and whether it carries out what this rollout decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeRow {
    #[schema(value_type = String)]
    pub edge: EdgeId,
    #[schema(value_type = String)]
    pub region: RegionId,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub acknowledged: bool,
    pub acknowledged_revision: u64,
    /// The edge's own words, where it refused something.
    pub refused: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogRow {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

pub(super) fn edges(input: &Input<'_>) -> Vec<EdgeRow> {
    let (wanted, service) = (input.rollout.routing_revision, &input.rollout.plan.service);
    let declared = input.estate.fleet.edges.iter();
    let mut rows: Vec<_> = declared
        .map(|(id, edge)| {
            let fact = input.edges.get(id);
            let revision = fact.map_or(0, |fact| fact.acknowledged_revision);
            let refused = fact.and_then(|fact| fact.refusal(service, 0));
            let refused = refused.map(|nack| nack.message.clone());
            let carries = fact.is_some_and(|fact| fact.carries(service, wanted));
            let (tone, word) = match fact {
                None => (Tone::Unk, t!("edge-never")),
                Some(_) if refused.is_some() => (Tone::Crit, t!("edge-refused")),
                Some(fact) if !fact.connected => {
                    let since = text::clock(fact.since, input.estate.at);
                    (Tone::Unk, t!("edge-away", since = since))
                }
                Some(_) if carries => (Tone::Ok, t!("edge-acknowledged")),
                Some(_) => (Tone::Prog, t!("edge-behind")),
            };
            EdgeRow {
                edge: id.clone(),
                region: edge.region.clone(),
                tone,
                word,
                acknowledged: fact.is_some_and(|fact| fact.connected) && carries,
                acknowledged_revision: revision,
                refused,
            }
        })
        .collect();
    rows.sort_by_key(|row| (row.refused.is_none(), row.acknowledged));
    rows
}

/// What happened, newest first; the start is said by who started it.
pub(super) fn log(input: &Input<'_>) -> Vec<LogRow> {
    let rollout = input.rollout;
    let mut rows = Vec::new();
    for (n, entry) in input.entries.iter().enumerate() {
        let began = n == 0;
        let said = if began {
            text::rollout::log_start(&rollout.plan, &rollout.started_by)
        } else {
            text::rollout::log_line(&rollout.plan, &entry.state)
        };
        let Some((tone, words)) = said else { continue };
        let asked = matches!(
            entry.state,
            State::Paused { .. } | State::RollingBack { .. } | State::RolledBack { .. }
        );
        // Pauses and ways back name who asked in their reason.
        let words = match entry.by.as_deref().filter(|_| !began && !asked) {
            Some(by) => t!("log-by", by = by, words = words),
            None => words,
        };
        rows.push(LogRow { at: entry.at, tone, words });
    }
    rows.extend(input.reasons.iter().map(|told| {
        let words = t!("log-reason", by = told.by.as_str(), reason = told.reason.as_str());
        LogRow { at: told.at, tone: Tone::Plan, words }
    }));
    rows.sort_by_key(|row| row.at);
    rows.reverse();
    rows.truncate(LINES_MAX);
    rows
}

pub(super) fn edges_view(data: &Data) -> AnyView {
    let count = t!(
        "edges-acknowledged",
        done = text::number(data.acknowledged as u64),
        all = text::number(data.edges.len() as u64)
    );
    let items = data
        .edges
        .iter()
        .take(EDGES_MAX)
        .map(|edge| {
            let refused = edge.refused.clone().map(|message| {
                view! { <blockquote class="said"><code>{message}</code></blockquote> }
            });
            view! {
                <li>
                    <a class="quiet" href=paths::edge(&edge.edge)>{edge.edge.to_string()}</a>
                    {state(edge.tone, edge.word.clone())}
                    {refused}
                </li>
            }
        })
        .collect_view();
    let more = data.edges.len().saturating_sub(EDGES_MAX);
    let more = (more > 0).then(|| {
        let words = t!("edges-more", count = text::number(more as u64));
        view! { <li><a href=paths::EDGES>{words}</a></li> }
    });
    let body = view! { <ul class="ilist edges" data-swap="edges">{items}{more}</ul> };
    let right = view! { <span data-swap="edges-count">{count}</span> };
    card(Head::new(t!("nav-edges")).right(right), body)
}

pub(super) fn log_view(data: &Data) -> AnyView {
    let object = paths::rollout(data.rollout.id);
    let audit = paths::with_query(paths::AUDIT, &[("object", &object)]);
    let right = view! { <a href=audit>{t!("nav-audit")}</a> };
    let rows = data.log.iter().map(|row| (row.at, row.tone, row.words.clone())).collect();
    let body = view! { <div data-swap="log">{lines(rows, data.at)}</div> };
    card(Head::new(t!("log")).right(right), body)
}

pub(super) fn links(data: &Data) -> AnyView {
    let plan = &data.rollout.plan;
    let service = &plan.service;
    let links = [
        (paths::service_traffic(service), t!("link-traffic", service = service.as_str())),
        (paths::service_bench(service), t!("link-bench", version = plan.to.as_str())),
        (paths::service(service), t!("link-service", service = service.as_str())),
        (paths::service_rollout(service), t!("link-runbook")),
    ];
    let items =
        links.into_iter().map(|(href, label)| view! { <a href=href>{label}</a> }).collect_view();
    let hash = t!("plan-hash", hash = data.plan_hash.as_str());
    padded(
        Head::new(t!("links")),
        view! { <div class="links">{items}<span class="muted mono">{hash}</span></div> },
    )
}
