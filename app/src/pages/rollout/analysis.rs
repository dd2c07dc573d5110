//! The analysis card: each metric with its verdict, its numbers and a chart of both versions.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::judge::{Judgement, Metric, MetricJudgement, Verdict};
use mainstay_core::rollout::{Condition, ConditionFact, Plan, State};
use mainstay_core::traffic::Counts;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Comparison, Data, Entry, Input, Stretch};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::card::{Head, card};
use crate::ui::chart::Point;
use crate::ui::glyph::glyph_named;
use crate::ui::plot::{self, Limit, Line, Look, Mark, Plot, Size, Unit};
use crate::ui::raw;
use crate::ui::tone::Tone;

/// Points of a line at most: about one for four pixels, so that each counts enough requests.
const POINTS_MAX: usize = 75;
/// And at least, however few requests there are.
const POINTS_MIN: u64 = 12;
/// Requests of the new version that a point should count, on average.
const REQUESTS_MIN: u64 = 10;
/// Seconds within which an edge tells of a second.
const LATE: usize = 5;
/// Lengths of a stretch that people read easily, in seconds.
const STEPS: [u32; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];

/// One metric.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MetricRow {
    /// Part of its page's address; absent where nothing is judged.
    pub slug: Option<String>,
    pub name: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    /// The new version's value and the old one's, in words.
    pub new: Option<String>,
    pub old: Option<String>,
    pub sentence: String,
    /// Requests of the new version that were judged.
    pub sample: Option<u64>,
    /// The judge's numbers.
    #[schema(value_type = Option<Object>)]
    pub judged: Option<MetricJudgement>,
    #[serde(skip)]
    pub plot: Plot,
}

/// A plain limit or an outside condition.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleRow {
    /// Part of its page's address: its place among the plan's conditions, the first is 1.
    pub number: Option<usize>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
    pub verdict: String,
    pub value: Option<String>,
}

/// What a chart shows of the counts of a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shown {
    Errors,
    Latency(f64),
    Rate,
}

impl Shown {
    pub(super) const fn of(metric: Metric) -> Self {
        match metric {
            Metric::Errors => Self::Errors,
            Metric::Latency { quantile } => Self::Latency(quantile),
        }
    }

    /// The value of a stretch, in the unit of the axis; `None`: no requests to tell from.
    fn value(self, counts: &Counts, seconds: f64) -> Option<f64> {
        match self {
            Self::Errors if counts.requests == 0 => None,
            Self::Errors => Some(counts.errors as f64 * 100.0 / counts.requests as f64),
            Self::Latency(quantile) => counts.latency.quantile(quantile),
            Self::Rate => Some(counts.requests as f64 / seconds),
        }
    }

    const fn unit(self) -> Unit {
        match self {
            Self::Errors => Unit::Percent,
            Self::Latency(_) => Unit::Milliseconds,
            Self::Rate => Unit::Number,
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Errors => text::rollout::metric(Metric::Errors),
            Self::Latency(quantile) => text::rollout::metric(Metric::Latency { quantile }),
            Self::Rate => t!("metric-rate"),
        }
    }

    fn words(self, value: f64) -> String {
        match self {
            Self::Errors => text::rollout::percent(value / 100.0),
            Self::Latency(_) => text::rollout::milliseconds(value),
            Self::Rate => t!("per-second", n = text::rollout::rate(value)),
        }
    }
}

/// The judged metrics, and beside them what helps to read them.
pub(super) fn metrics(input: &Input<'_>, judgement: Option<&Judgement>) -> Vec<MetricRow> {
    let plan = &input.rollout.plan;
    let counts = gathered(input.counts);
    let quantiles = plan.settings().quantiles;
    let judged = |metric: Metric| {
        judgement.and_then(|judgement| judgement.metrics.iter().find(|it| it.metric == metric))
    };
    let latencies = quantiles.into_iter().map(|quantile| Metric::Latency { quantile });
    let mut rows: Vec<_> = std::iter::once(Metric::Errors)
        .chain(latencies)
        .map(|metric| row(input, &counts, metric, judged(metric)))
        .collect();
    rows.extend([Shown::Latency(0.5), Shown::Rate].map(|shown| seen(input, &counts, shown)));
    rows
}

fn row(
    input: &Input<'_>,
    counts: &Comparison,
    metric: Metric,
    judged: Option<&MetricJudgement>,
) -> MetricRow {
    let plan = &input.rollout.plan;
    let shown = Shown::of(metric);
    let limit = limit(plan, metric, judged);
    let plot = plot(input, counts, shown, limit);
    let said = |value: Option<f64>| value.map(|value| value_words(metric, value));
    let (tone, verdict) = match judged {
        Some(judged) => text::rollout::verdict(judged.verdict),
        None => (Tone::Unk, t!("verdict-none")),
    };
    MetricRow {
        slug: Some(text::rollout::metric_slug(metric)),
        name: shown.name(),
        tone,
        verdict,
        new: said(judged.and_then(|judged| judged.canary)),
        old: said(judged.and_then(|judged| judged.stable)),
        sentence: judged.map_or_else(|| t!("judged-none"), |judged| sentence(plan, judged)),
        sample: judged.map(|judged| judged.canary_requests),
        judged: judged.cloned(),
        plot,
    }
}

/// Shown and not judged.
fn seen(input: &Input<'_>, counts: &Comparison, shown: Shown) -> MetricRow {
    let plot = plot(input, counts, shown, None);
    let last = |line: &Line| {
        let value = line.points.iter().rev().find_map(|point| point.value);
        value.map(|value| shown.words(value))
    };
    let (new, old) = match plot.lines.as_slice() {
        [new, old, ..] => (last(new), last(old)),
        _ => (None, None),
    };
    MetricRow {
        slug: None,
        name: shown.name(),
        tone: Tone::Plan,
        verdict: t!("verdict-not-judged"),
        new,
        old,
        sentence: t!("judged-not"),
        sample: None,
        judged: None,
        plot,
    }
}

pub(super) fn value_words(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Errors => text::rollout::percent(value),
        Metric::Latency { .. } => text::rollout::milliseconds(value),
    }
}

/// A difference of new to old: points of a percentage for errors, a percentage of time for
/// latencies.
pub(super) fn difference(metric: Metric, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    match metric {
        Metric::Errors => {
            let points = text::rollout::percent(value.abs());
            t!("difference-points", n = format!("{sign}{}", points.trim_end_matches('%')))
        }
        Metric::Latency { .. } => format!("{sign}{}", text::rollout::percent(value.abs())),
    }
}

/// What a verdict rests on.
pub(super) fn sentence(plan: &Plan, judged: &MetricJudgement) -> String {
    let metric = judged.metric;
    let tolerance = difference(metric, judged.tolerance);
    let bound = |value: Option<f64>| {
        value.map_or_else(|| t!("unknown-word"), |value| difference(metric, value))
    };
    match judged.verdict {
        Verdict::Pass => {
            t!("judged-pass", upper = bound(judged.upper), tolerance = tolerance)
        }
        Verdict::Fail => t!("judged-fail", lower = bound(judged.lower)),
        Verdict::Undecided => match judged.needed_requests {
            Some(needed) if needed > judged.canary_requests => t!(
                "judged-needs",
                lower = bound(judged.lower),
                upper = bound(judged.upper),
                needed = text::number(needed)
            ),
            Some(_) | None => {
                t!("judged-undecided", lower = bound(judged.lower), upper = bound(judged.upper))
            }
        },
        Verdict::NoData => {
            let fewer = judged.canary_requests.min(judged.stable_requests);
            let has = judged.compared_requests.unwrap_or(fewer);
            t!(
                "judged-no-data",
                needed = text::number(plan.analysis.min_requests),
                has = text::number(has)
            )
        }
        Verdict::NotMeasured => t!("judged-not-measured"),
    }
}

/// The line that must not be crossed: a plain limit if the plan has one, else what is tolerated
/// above the old version.
fn limit(plan: &Plan, metric: Metric, judged: Option<&MetricJudgement>) -> Option<Limit> {
    let plain = plan.analysis.conditions.iter().find_map(|condition| match (condition, metric) {
        (Condition::ErrorsBelow { bp }, Metric::Errors) => Some(f64::from(*bp) / 100.0),
        (Condition::P95Below { ms }, Metric::Latency { quantile: 0.95 }) => Some(f64::from(*ms)),
        (
            Condition::ErrorsBelow { .. }
            | Condition::P95Below { .. }
            | Condition::PromqlBelow { .. }
            | Condition::PromqlAbove { .. },
            Metric::Errors | Metric::Latency { .. },
        ) => None,
    });
    let tolerated = judged.and_then(|judged| {
        let stable = judged.stable?;
        Some(match metric {
            Metric::Errors => (stable + judged.tolerance) * 100.0,
            Metric::Latency { .. } => stable * (1.0 + judged.tolerance),
        })
    });
    match (plain, tolerated) {
        (Some(value), _) => Some(Limit { value, label: t!("chart-limit", n = short(value)) }),
        (None, Some(value)) => {
            Some(Limit { value, label: t!("chart-tolerated", n = short(value)) })
        }
        (None, None) => None,
    }
}

fn short(value: f64) -> String {
    text::trimmed(value, if value >= 10.0 { 0 } else { 2 })
}

/// Longer stretches, so that each point counts enough requests of the new version to tell
/// something, and there are not more points than pixels. The newest seconds that the edges have
/// not told of yet are no gap and are left out.
pub(super) fn gathered(counts: &Comparison) -> Comparison {
    let heard = |stretch: &Stretch| stretch.stable.is_some() || stretch.canary.is_some();
    let told = counts.stretches.iter().rposition(heard);
    let late = told.map_or(0, |last| counts.stretches.len() - 1 - last);
    if (1..=LATE).contains(&late) && counts.step_seconds == 1 {
        let kept = counts.stretches[..counts.stretches.len() - late].to_vec();
        return gathered(&Comparison { stretches: kept, ..*counts });
    }
    let seconds = counts.stretches.len() as u64 * u64::from(counts.step_seconds);
    let canary = counts.stretches.iter().filter_map(|stretch| stretch.canary.as_ref());
    let requests: u64 = canary.map(|counts| counts.requests).sum();
    let by_requests = (seconds * REQUESTS_MIN).div_ceil(requests.max(1));
    let by_points = seconds.div_ceil(POINTS_MAX as u64);
    let needed = by_points.max(by_requests.min(seconds / POINTS_MIN));
    let step = STEPS.into_iter().find(|step| u64::from(*step) >= needed);
    let step = step.unwrap_or(STEPS[STEPS.len() - 1]).max(counts.step_seconds);
    let by = (step / counts.step_seconds.max(1)).max(1) as usize;
    let add = |sum: &mut Option<Counts>, more: &Option<Counts>| {
        if let Some(more) = more {
            sum.get_or_insert_default().add(more);
        }
    };
    let stretches = counts.stretches.chunks(by).map(|chunk| {
        let mut sum = Stretch { at: chunk[0].at, stable: None, canary: None };
        for stretch in chunk {
            add(&mut sum.stable, &stretch.stable);
            add(&mut sum.canary, &stretch.canary);
        }
        sum
    });
    Comparison { step_seconds: by as u32 * counts.step_seconds, stretches: stretches.collect() }
}

pub(super) fn plot(
    input: &Input<'_>,
    counts: &Comparison,
    shown: Shown,
    limit: Option<Limit>,
) -> Plot {
    let plan = &input.rollout.plan;
    let step = TimeDelta::seconds(i64::from(counts.step_seconds));
    let from = counts.stretches.first().map_or(input.rollout.started_at, |first| first.at);
    let to = counts.stretches.last().map_or(input.estate.at, |last| last.at + step);
    let line = |label: &str, look, side: fn(&Stretch) -> Option<&Counts>| Line {
        label: label.to_owned(),
        look,
        points: points(counts, shown, side),
    };
    Plot {
        from,
        to,
        step_seconds: counts.step_seconds,
        lines: vec![
            line(&plan.to, Look::First, |stretch| stretch.canary.as_ref()),
            line(&plan.from, Look::Second, |stretch| stretch.stable.as_ref()),
        ],
        limit,
        marks: marks(plan, input.entries, from, to),
        gaps: plot::gaps(
            counts.stretches.iter().map(|it| (it.at, it.stable.is_some() || it.canary.is_some())),
            counts.step_seconds,
        ),
        unit: shown.unit(),
    }
}

fn points(counts: &Comparison, shown: Shown, side: fn(&Stretch) -> Option<&Counts>) -> Vec<Point> {
    let seconds = f64::from(counts.step_seconds);
    let of = |stretch: &Stretch| side(stretch).and_then(|counts| shown.value(counts, seconds));
    counts.stretches.iter().map(|stretch| Point { at: stretch.at, value: of(stretch) }).collect()
}

/// Where the new version's share changed.
fn marks(plan: &Plan, entries: &[Entry], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Mark> {
    let marks = entries.iter().filter_map(|entry| {
        let label = match &entry.state {
            State::Shifting { at, .. } if !plan.steps.is_empty() => {
                text::rollout::weight(plan.share(at.step))
            }
            State::RollingBack { .. } => t!("chart-back"),
            State::Shifting { .. }
            | State::Preparing { .. }
            | State::Testing { .. }
            | State::Watching { .. }
            | State::Paused { .. }
            | State::Promoted { .. }
            | State::RolledBack { .. }
            | State::Ended { .. } => return None,
        };
        (from <= entry.at && entry.at <= to).then_some(Mark { at: entry.at, label })
    });
    marks.collect()
}

pub(super) fn rules(input: &Input<'_>) -> Vec<RuleRow> {
    let conditions = &input.rollout.plan.analysis.conditions;
    let row = |fact: &ConditionFact| {
        let (tone, verdict) = text::rollout::verdict(fact.verdict);
        let place = conditions.iter().position(|condition| *condition == fact.condition);
        RuleRow {
            number: place.map(|place| place + 1),
            tone,
            words: text::rollout::condition(&fact.condition),
            verdict,
            value: fact.value.map(|value| text::rollout::condition_value(&fact.condition, value)),
        }
    };
    input.conditions.iter().map(row).collect()
}

pub(super) fn view(data: &Data) -> AnyView {
    let figures = data.metrics.iter().map(|metric| figure(data, metric, plot::SMALL));
    let rules = (!data.rules.is_empty()).then(|| rules_view(data));
    let plan = &data.rollout.plan;
    let note = t!("analysis-note", new = plan.to.as_str(), old = plan.from.as_str());
    let step = data.metrics.first().map(|metric| i64::from(metric.plot.step_seconds));
    let step = step
        .filter(|step| *step > 0)
        .map(|step| t!("chart-resolution", step = text::duration(TimeDelta::seconds(step))));
    let note = view! { <span class="wide-only">{note}</span> };
    let body = view! {
        <div class="m2" data-swap="analysis">{figures.collect_view()}</div>
        <div data-swap="rules">{rules}</div>
    };
    card(Head::new(t!("analysis")).note(note).right(step.unwrap_or_default()), body)
}

/// One metric as a figure: verdict, values, sentence, chart; its table is one link away.
pub(super) fn figure(data: &Data, metric: &MetricRow, size: Size) -> AnyView {
    let class =
        if metric.judged.is_some() { format!("v {}", metric.tone.class()) } else { "v".to_owned() };
    let new = metric.new.clone().unwrap_or_else(|| "–".to_owned());
    let old = metric.old.clone().map(|old| t!("versus", old = old));
    let sample = metric.sample.map(|n| t!("sample", n = text::number(n)));
    let mark = (metric.slug.is_some()).then(|| glyph_named(metric.tone, &metric.verdict));
    let name = match &metric.slug {
        Some(slug) => {
            let href = paths::rollout_metric(data.rollout.id, slug);
            view! { <a class="quiet" href=href>{metric.name.clone()}</a> }.into_any()
        }
        None => metric.name.clone().into_any(),
    };
    view! {
        <figure>
            <figcaption>
                {mark}
                <span class="strong">{name}</span>
                <span class=class>{new}" "<span class="muted">{old}</span></span>
                <span class="sub">
                    <span>{metric.sentence.clone()}</span>
                    <span class="muted nowrap">{sample}</span>
                </span>
            </figcaption>
            {raw(plot::svg(&metric.plot, size))}
        </figure>
    }
    .into_any()
}

fn rules_view(data: &Data) -> AnyView {
    let items = data
        .rules
        .iter()
        .map(|rule| {
            let value = rule.value.clone().unwrap_or_else(|| rule.verdict.clone());
            let words = match rule.number {
                Some(number) => {
                    let href = paths::rollout_condition(data.rollout.id, number);
                    view! { <a class="quiet" href=href>{rule.words.clone()}</a> }.into_any()
                }
                None => rule.words.clone().into_any(),
            };
            view! {
                <li>
                    {glyph_named(rule.tone, &rule.verdict)}
                    <span>{words}</span>
                    <b class="num">{value}</b>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="checks rules pad">{items}</ul> }.into_any()
}
