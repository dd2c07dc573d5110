//! What a start would do: the plan, the checks, and how small a regression each step detects.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::judge::Detectable;
use mainstay_core::rollout::{Plan, Preview, StepPreview};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, confirm};
use crate::pages::Reader;
use crate::t;
use crate::text;
use crate::ui::card::{Head, card, key_values, stack};
use crate::ui::glyph::glyph_named;
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// Steps that the page lists; a rolling update has as many as nodes.
const STEPS_MAX: usize = 40;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewData {
    /// What the start confirms.
    pub hash: String,
    pub from: String,
    pub to: String,
    #[schema(value_type = Object)]
    pub plan: Plan,
    /// The shortest time it can take.
    pub watch_seconds: u64,
    pub checks: Vec<CheckRow>,
    pub steps: Vec<StepRow>,
    /// Steps beyond those that are listed.
    pub more: usize,
}

/// One check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckRow {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub answer: String,
    pub words: String,
}

/// One step, and what it can see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepRow {
    pub number: usize,
    pub regions: String,
    /// Absent: one node.
    pub share: Option<String>,
    pub watch_seconds: u32,
    /// A person has to go on after it.
    pub pause: bool,
    /// Requests a second on the new version; absent: not measured.
    pub canary_per_second: Option<f64>,
    #[schema(value_type = Option<Object>)]
    pub detectable: Option<Detectable>,
}

impl PreviewData {
    pub(super) fn of(plan: &Plan, preview: &Preview, now: DateTime<Utc>) -> Self {
        let check = |check: &mainstay_core::rollout::Check| CheckRow {
            tone: text::check::level(check.level),
            answer: text::check::level_word(check.level),
            words: text::check::line(&check.line, &plan.to, now),
        };
        let step = |(at, step): (usize, &StepPreview)| StepRow {
            number: at + 1,
            regions: text::list(step.regions.iter().map(|region| region.as_str())),
            share: step.weight.map(text::rollout::weight),
            watch_seconds: step.watch_seconds,
            pause: step.pause,
            canary_per_second: step.canary_per_second,
            detectable: step.detectable.clone(),
        };
        Self {
            hash: preview.hash.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            plan: plan.clone(),
            watch_seconds: preview.watch_seconds,
            checks: preview.checks.iter().map(check).collect(),
            steps: preview.steps.iter().enumerate().take(STEPS_MAX).map(step).collect(),
            more: preview.steps.len().saturating_sub(STEPS_MAX),
        }
    }
}

pub(super) fn view(data: &Data, preview: &PreviewData, reader: &Reader) -> AnyView {
    let items = preview
        .checks
        .iter()
        .map(|row| {
            let words = row.words.clone();
            view! { <li>{glyph_named(row.tone, &row.answer)}<span>{words}</span></li> }
        })
        .collect_view();
    let title = format!("{} → {}", preview.from, preview.to);
    let checks = view! {
        <div class="pad"><ul class="checks">{items}</ul></div>
        <div class="pad">{facts(preview)}</div>
        {confirm(data, preview, reader)}
    };
    let more = (preview.more > 0).then(|| {
        let n = text::number(preview.more as u64);
        view! { <p class="pad second">{t!("start-more-steps", n = n)}</p> }
    });
    let steps = view! { {steps(preview)}{more} };
    let body = view! {
        {card(Head::new(t!("start-preview")).note(title), checks)}
        {card(Head::new(t!("start-detects")).right(t!("start-detects-note")), steps)}
    };
    stack(body)
}

fn facts(preview: &PreviewData) -> AnyView {
    let plan = &preview.plan;
    let watch = i64::try_from(preview.watch_seconds).unwrap_or(i64::MAX / 1_000);
    let waves = plan.waves.iter().map(|wave| {
        let regions: Vec<_> = wave.regions.iter().map(|region| region.as_str()).collect();
        regions.join(" + ")
    });
    let analysis = &plan.analysis;
    let alpha = f64::from(analysis.alpha_per_million) / 1e6;
    let hash = preview.hash.clone();
    key_values(vec![
        (t!("start-strategy"), strategy(plan).into_any()),
        (t!("waves"), waves.collect::<Vec<_>>().join(", ").into_any()),
        (t!("start-shortest"), text::duration(TimeDelta::seconds(watch)).into_any()),
        (
            t!("start-tolerates"),
            t!(
                "start-tolerance",
                errors = text::rollout::weight(analysis.error_tolerance_bp),
                latency = text::number(analysis.latency_tolerance_percent)
            )
            .into_any(),
        ),
        (t!("start-alpha"), text::rollout::percent(alpha).into_any()),
        (t!("start-hash"), view! { <code>{hash}</code> }.into_any()),
    ])
}

fn strategy(plan: &Plan) -> String {
    match plan.strategy {
        mainstay_core::fleet::Strategy::Canary => t!("strategy-canary"),
        mainstay_core::fleet::Strategy::Rolling => t!("strategy-rolling"),
    }
}

fn steps(preview: &PreviewData) -> AnyView {
    let columns = vec![
        Column::number(t!("verdict-step")),
        Column::new(t!("col-region")),
        Column::number(t!("fact-share")),
        Column::number(t!("step-watched")),
        Column::number(t!("start-new-rate")),
        Column::number(t!("start-error-from")),
        Column::number(t!("start-latency-from")),
        Column::number(t!("start-needs")),
    ];
    let body = preview.steps.iter().map(step).collect_view();
    table(t!("start-detects"), columns, body)
}

fn step(row: &StepRow) -> AnyView {
    let unknown = || t!("unknown-word");
    let seen = row.detectable.as_ref();
    let watch = text::duration(TimeDelta::seconds(i64::from(row.watch_seconds)));
    let watch = if row.pause { t!("start-then-pause", time = watch) } else { watch };
    let rate = row.canary_per_second.map_or_else(unknown, text::rollout::rate);
    let errors = match seen {
        None => unknown(),
        Some(seen) => seen.error_rate.map_or_else(|| t!("start-none"), text::rollout::percent),
    };
    let latency = match seen.and_then(|seen| seen.latencies.first()) {
        None => unknown(),
        Some(latency) => latency.growth.map_or_else(
            || t!("start-none"),
            |growth| format!("+{}", text::rollout::percent(growth)),
        ),
    };
    let needs = seen.and_then(|seen| seen.requests_to_pass);
    let needs = needs.map_or_else(unknown, text::number);
    let share = row.share.clone().unwrap_or_else(|| t!("start-one-node"));
    view! {
        <tr>
            <th scope="row" class="num">{text::number(row.number as u64)}</th>
            <td data-l=t!("col-region")>{row.regions.clone()}</td>
            <td class="num" data-l=t!("fact-share")>{share}</td>
            <td class="num" data-l=t!("step-watched")>{watch}</td>
            <td class="num" data-l=t!("start-new-rate")>{rate}</td>
            <td class="num" data-l=t!("start-error-from")>{errors}</td>
            <td class="num" data-l=t!("start-latency-from")>{latency}</td>
            <td class="num" data-l=t!("start-needs")>{needs}</td>
        </tr>
    }
    .into_any()
}
