//! `/rollouts/{id}/analysis/{metric}`: every verdict on one metric with its numbers, and the chart.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::judge::{Metric, MetricJudgement, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::analysis::{self, Shown, difference, gathered, value_words};
use super::{Input, Judged, MetricRow, RolloutHead, number, swapped_badge};
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, stack};
use crate::ui::chart::Point;
use crate::ui::head::{PageHead, page_head};
use crate::ui::plot::{self, Plot};
use crate::ui::raw;
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// Verdicts that the page lists; older ones are in the JSON of each step.
const VERDICTS_MAX: usize = 200;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub rollout: RolloutHead,
    pub metric: MetricRow,
    /// The values of the chart: errors in percent, latencies in milliseconds.
    pub points: Vec<Pair>,
    pub step_seconds: u32,
    /// Newest first.
    pub verdicts: Vec<VerdictRow>,
    #[serde(skip)]
    pub plot: Plot,
}

/// Both versions over one stretch of time; absent: nobody measured, or no requests.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Pair {
    pub at: DateTime<Utc>,
    pub new: Option<f64>,
    pub old: Option<f64>,
}

/// One verdict on one metric.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictRow {
    pub at: DateTime<Utc>,
    pub step: u32,
    pub name: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    #[schema(value_type = Object)]
    pub judged: MetricJudgement,
}

/// `None`: the rollout is not judged by such a metric.
pub fn build(input: Input<'_>, slug: &str) -> Option<Data> {
    let metric = metric_of(&input, slug)?;
    let rows = analysis::metrics(&input, super::current(&input));
    let row = rows.into_iter().find(|row| row.slug.as_deref() == Some(slug))?;
    let plot = row.plot.clone();
    let counts = gathered(input.counts);
    Some(Data {
        at: input.estate.at,
        rollout: RolloutHead::of(input.rollout),
        points: pairs(&plot),
        step_seconds: counts.step_seconds,
        verdicts: verdict_rows(&input, |_| true, Some(metric)),
        metric: row,
        plot,
    })
}

fn metric_of(input: &Input<'_>, slug: &str) -> Option<Metric> {
    let quantiles = input.rollout.plan.settings().quantiles;
    let latencies = quantiles.into_iter().map(|quantile| Metric::Latency { quantile });
    let mut all = std::iter::once(Metric::Errors).chain(latencies);
    all.find(|metric| text::rollout::metric_slug(*metric) == slug)
}

fn pairs(plot: &Plot) -> Vec<Pair> {
    let [new, old] = plot.lines.as_slice() else { return Vec::new() };
    let both = new.points.iter().zip(&old.points);
    both.map(|(new, old): (&Point, &Point)| Pair { at: new.at, new: new.value, old: old.value })
        .collect()
}

/// The verdicts that `belongs` picks, newest first; `only`: on this metric.
pub(super) fn verdict_rows(
    input: &Input<'_>,
    belongs: impl Fn(&Judged) -> bool,
    only: Option<Metric>,
) -> Vec<VerdictRow> {
    let plan = &input.rollout.plan;
    let kept = input.verdicts.iter().rev().filter(|judged| belongs(judged));
    kept.flat_map(|judged| {
        let metrics = judged.judgement.iter().flat_map(|judgement| &judgement.metrics);
        let wanted = metrics.filter(|metric| only.is_none_or(|only| metric.metric == only));
        wanted.map(|metric| {
            let (tone, word) = text::rollout::verdict(metric.verdict);
            VerdictRow {
                at: judged.at,
                step: number(plan, judged.position),
                name: Shown::of(metric.metric).name(),
                tone,
                word,
                judged: metric.clone(),
            }
        })
    })
    .take(VERDICTS_MAX)
    .collect()
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.metric.name, data.rollout.name)
}

pub fn view(data: &Data) -> AnyView {
    let metric = &data.metric;
    let note = format!("{}. {}", data.rollout.name, metric.sentence);
    let head = page_head(PageHead {
        title: metric.name.clone(),
        crumbs: data.rollout.crumbs(),
        badge: Some(swapped_badge(metric.tone, &metric.verdict)),
        note: Some(view! { <span data-swap="note">{note}</span> }.into_any()),
        actions: None,
    });
    let seconds = chrono::TimeDelta::seconds(i64::from(data.step_seconds));
    let step = t!("chart-resolution", step = text::duration(seconds));
    let measured = data.points.iter().any(|pair| pair.new.is_some() || pair.old.is_some());
    let chart = if measured {
        let svg = plot::svg_for_all(&data.plot, plot::WIDE);
        view! { <div class="pad">{raw(svg)}{values(data)}</div> }.into_any()
    } else {
        empty(t!("chart-empty"), t!("chart-empty-traffic"), None)
    };
    let table = if data.verdicts.is_empty() {
        empty(t!("verdicts-none"), t!("verdicts-none-detail"), None)
    } else {
        verdict_table(&data.verdicts, data.at)
    };
    let body = view! {
        <div data-swap="chart">{card(Head::new(t!("chart-both")).right(step), chart)}</div>
        <div data-swap="verdicts">
            {card(Head::new(t!("verdicts")).right(t!("verdicts-note")), table)}
        </div>
    };
    view! { {head}{stack(body)} }.into_any()
}

/// The same values as a table.
fn values(data: &Data) -> AnyView {
    let rows = data
        .points
        .iter()
        .rev()
        .map(|pair| {
            let said = |value: Option<f64>| {
                value.map_or_else(|| t!("chart-no-data"), |value| text::decimal(value, 2))
            };
            view! {
                <tr>
                    <th scope="row">{text::clock_seconds(pair.at, data.at)}</th>
                    <td class="num">{said(pair.new)}</td>
                    <td class="num">{said(pair.old)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="values">
            <summary>{t!("chart-table")}</summary>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{t!("chart-time")}</th>
                        <th scope="col" class="num">{data.rollout.to.clone()}</th>
                        <th scope="col" class="num">{data.rollout.from.clone()}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}

/// Verdicts with their numbers.
pub(super) fn verdict_table(rows: &[VerdictRow], now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("verdict-at")),
        Column::number(t!("verdict-step")),
        Column::new(t!("verdict-metric")),
        Column::new(t!("verdict")),
        Column::number(t!("verdict-new")),
        Column::number(t!("verdict-old")),
        Column::number(t!("verdict-difference")),
        Column::number(t!("verdict-tolerance")),
        Column::number(t!("verdict-requests")),
        Column::number(t!("verdict-events")),
        Column::number(t!("verdict-needed")),
    ];
    let body = rows.iter().map(|row| verdict_row(row, now)).collect_view();
    table(t!("verdicts"), columns, body)
}

fn verdict_row(row: &VerdictRow, now: DateTime<Utc>) -> AnyView {
    let judged = &row.judged;
    let metric = judged.metric;
    let value = |value: Option<f64>| {
        value.map_or_else(|| t!("unknown-word"), |value| value_words(metric, value))
    };
    let bound = |value: Option<f64>| {
        value.map_or_else(|| "…".to_owned(), |value| difference(metric, value))
    };
    let between = t!("verdict-between", lower = bound(judged.lower), upper = bound(judged.upper));
    let pair = |new: u64, old: u64| format!("{} / {}", text::number(new), text::number(old));
    let needed = match (judged.verdict, judged.needed_requests) {
        (Verdict::Pass | Verdict::Fail, _) | (_, None) => "–".to_owned(),
        (Verdict::Undecided | Verdict::NoData | Verdict::NotMeasured, Some(needed)) => {
            text::number(needed)
        }
    };
    view! {
        <tr>
            <th scope="row">{time_seconds(row.at, now)}</th>
            <td class="num" data-l=t!("verdict-step")>{text::number(row.step)}</td>
            <td data-l=t!("verdict-metric")>{row.name.clone()}</td>
            <td data-l=t!("verdict")>{state(row.tone, row.word.clone())}</td>
            <td class="num" data-l=t!("verdict-new")>{value(judged.canary)}</td>
            <td class="num" data-l=t!("verdict-old")>{value(judged.stable)}</td>
            <td class="num" data-l=t!("verdict-difference")>{between}</td>
            <td class="num" data-l=t!("verdict-tolerance")>
                {difference(metric, judged.tolerance)}
            </td>
            <td class="num" data-l=t!("verdict-requests")>
                {pair(judged.canary_requests, judged.stable_requests)}
            </td>
            <td class="num" data-l=t!("verdict-events")>
                {pair(judged.canary_events, judged.stable_events)}
            </td>
            <td class="num" data-l=t!("verdict-needed")>{needed}</td>
        </tr>
    }
    .into_any()
}
