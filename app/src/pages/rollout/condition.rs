//! `/rollouts/{id}/conditions/{n}`: one condition of the plan: what is asked, what came of it, and
//! the values over time.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::rollout::{Condition, ConditionFact};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Input, RolloutHead, number, swapped_badge};
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, key_values, padded, stack};
use crate::ui::chart::Point;
use crate::ui::head::{PageHead, page_head};
use crate::ui::plot::{self, Limit, Line, Look, Plot, Unit};
use crate::ui::raw;
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// Values are kept once a minute at least, while something changes also in between.
const STEP_SECONDS: u32 = 60;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub rollout: RolloutHead,
    /// Its place among the plan's conditions; the first is 1.
    pub number: usize,
    #[schema(value_type = Object)]
    pub condition: Condition,
    pub words: String,
    /// What a metric system is asked; absent: it is counted at the edges.
    pub query: Option<String>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    /// Newest first.
    pub values: Vec<ValueRow>,
    #[serde(skip)]
    pub plot: Plot,
}

/// What came of it once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValueRow {
    pub at: DateTime<Utc>,
    pub step: u32,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    /// A proportion, milliseconds, or the query's answer; absent: nothing was measured.
    pub value: Option<f64>,
}

/// `None`: the plan has no such condition.
pub fn build(input: Input<'_>, number: usize) -> Option<Data> {
    let plan = &input.rollout.plan;
    let condition = plan.analysis.conditions.get(number.checked_sub(1)?)?;
    let own =
        |facts: &[ConditionFact]| facts.iter().find(|fact| fact.condition == *condition).cloned();
    let values = values(&input, &own);
    let now = own(input.conditions).map(|fact| text::rollout::verdict(fact.verdict));
    let newest = values.first().map(|row| (row.tone, row.verdict.clone()));
    let (tone, verdict) = now.or(newest).unwrap_or_else(|| (Tone::Unk, t!("verdict-none")));
    Some(Data {
        at: input.estate.at,
        rollout: RolloutHead::of(input.rollout),
        number,
        condition: condition.clone(),
        words: text::rollout::condition(condition),
        query: condition.query_for(plan),
        tone,
        verdict,
        plot: plot(&input, condition, &values),
        values,
    })
}

fn values(
    input: &Input<'_>,
    own: &dyn Fn(&[ConditionFact]) -> Option<ConditionFact>,
) -> Vec<ValueRow> {
    let kept = input.verdicts.iter().rev().filter_map(|judged| {
        let fact = own(&judged.conditions)?;
        let (tone, verdict) = text::rollout::verdict(fact.verdict);
        let step = number(&input.rollout.plan, judged.position);
        Some(ValueRow { at: judged.at, step, tone, verdict, value: fact.value })
    });
    kept.collect()
}

/// The newest value of each minute; a minute without one is a gap.
fn plot(input: &Input<'_>, condition: &Condition, values: &[ValueRow]) -> Plot {
    let minute = TimeDelta::seconds(i64::from(STEP_SECONDS));
    let of = |at: DateTime<Utc>| at.duration_trunc(minute).unwrap_or(at);
    let from = values.last().map_or(input.rollout.started_at, |row| of(row.at));
    let to = values.first().map_or(input.estate.at, |row| of(row.at) + minute);
    let mut points = Vec::new();
    let mut at = from;
    while at < to {
        let value = values.iter().find(|row| of(row.at) == at).and_then(|row| row.value);
        points.push(Point { at, value: value.map(|value| on_axis(condition, value)) });
        at += minute;
    }
    let bound = on_axis(condition, condition.bound());
    let label = t!("chart-limit", n = text::rollout::condition_bound(condition));
    Plot {
        from,
        to,
        step_seconds: STEP_SECONDS,
        gaps: plot::gaps(points.iter().map(|it| (it.at, it.value.is_some())), STEP_SECONDS),
        lines: vec![Line { label: input.rollout.plan.to.clone(), look: Look::First, points }],
        limit: Some(Limit { value: bound, label }),
        marks: Vec::new(),
        unit: match condition {
            Condition::ErrorsBelow { .. } => Unit::Percent,
            Condition::P95Below { .. } => Unit::Milliseconds,
            Condition::PromqlBelow { .. } | Condition::PromqlAbove { .. } => Unit::Number,
        },
    }
}

/// The axis of proportions is in percent.
fn on_axis(condition: &Condition, value: f64) -> f64 {
    match condition {
        Condition::ErrorsBelow { .. } => value * 100.0,
        Condition::P95Below { .. }
        | Condition::PromqlBelow { .. }
        | Condition::PromqlAbove { .. } => value,
    }
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.words, data.rollout.name)
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead {
        title: t!("condition-title", number = text::number(data.number as u64)),
        crumbs: data.rollout.crumbs(),
        badge: Some(swapped_badge(data.tone, &data.verdict)),
        note: Some(data.words.clone().into_any()),
        actions: None,
    });
    let chart = if data.values.iter().any(|row| row.value.is_some()) {
        let svg = plot::svg_for_all(&data.plot, plot::WIDE);
        view! { <div class="pad">{raw(svg)}</div> }.into_any()
    } else {
        empty(t!("chart-empty"), t!("condition-empty"), None)
    };
    let rows = if data.values.is_empty() {
        empty(t!("verdicts-none"), t!("verdicts-none-detail"), None)
    } else {
        value_table(data)
    };
    let body = view! {
        {padded(Head::new(t!("condition-asked")), asked(data))}
        <div data-swap="chart">
            {card(Head::new(t!("chart-values")).right(t!("verdicts-note")), chart)}
        </div>
        <div data-swap="verdicts">
            {card(Head::new(t!("verdicts")).right(t!("verdicts-note")), rows)}
        </div>
    };
    view! { {head}{stack(body)} }.into_any()
}

/// Where the value comes from, and what it is held against.
fn asked(data: &Data) -> AnyView {
    let source = match &data.query {
        Some(query) => view! { <code>{query.clone()}</code> }.into_any(),
        None => t!("condition-counted").into_any(),
    };
    let from = if data.query.is_some() { t!("condition-query") } else { t!("condition-from") };
    let bound = text::rollout::condition_bound(&data.condition);
    let bound = match &data.condition {
        Condition::PromqlAbove { .. } => t!("condition-least", n = bound),
        Condition::ErrorsBelow { .. }
        | Condition::P95Below { .. }
        | Condition::PromqlBelow { .. } => t!("condition-most", n = bound),
    };
    key_values(vec![
        (from, source),
        (t!("condition-bound"), bound.into_any()),
        (t!("condition-unknown"), t!("condition-unknown-detail").into_any()),
    ])
}

fn value_table(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("verdict-at")),
        Column::number(t!("verdict-step")),
        Column::new(t!("verdict")),
        Column::number(t!("condition-value")),
    ];
    let row = |row: &ValueRow| {
        let value = row.value.map_or_else(
            || t!("unknown-word"),
            |value| text::rollout::condition_value(&data.condition, value),
        );
        view! {
            <tr>
                <th scope="row">{time_seconds(row.at, data.at)}</th>
                <td class="num" data-l=t!("verdict-step")>{text::number(row.step)}</td>
                <td data-l=t!("verdict")>{state(row.tone, row.verdict.clone())}</td>
                <td class="num" data-l=t!("condition-value")>{value}</td>
            </tr>
        }
    };
    table(t!("verdicts"), columns, data.values.iter().map(row).collect_view())
}
