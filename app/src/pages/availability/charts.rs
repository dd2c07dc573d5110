//! States over time, and what is left of the budget: drawings, and the tables behind them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::availability::Tally;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Figures, Known, Ratio};
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::badge::state;
use crate::ui::bands::{self, BANDS_MAX, Bands, Piece, Row};
use crate::ui::chart::Point;
use crate::ui::plot::{self, Line, Look, Plot, Unit};
use crate::ui::raw;
use crate::ui::table::{Column, table};

/// Rows of a table behind a chart at most: the newest.
const TABLE_ROWS: usize = 100;

/// One row of the timeline for a while.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AvailabilityStretch)]
pub struct Stretch {
    /// A region, a group or a service.
    pub of: String,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// The worst state in it: `down`, `degraded`, `unmeasured`, `planned`, `up`.
    pub worst: String,
    /// Minutes of services in it, by what they were.
    #[schema(value_type = Object)]
    pub tally: Tally,
}

/// What was left of the budget at the end of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AvailabilityBudgetPoint)]
pub struct BudgetPoint {
    pub at: DateTime<Utc>,
    /// Absent: nobody measured then.
    pub remaining_minutes: Option<f64>,
    /// What would be left if the budget were used evenly.
    pub pace_minutes: f64,
}

/// Gathers buckets so that all rows together have no more than a drawing has room for.
pub(super) fn stretches(known: &Known) -> (Vec<Stretch>, u32) {
    let mut rows: BTreeMap<&str, BTreeMap<DateTime<Utc>, Tally>> = BTreeMap::new();
    for (at, of, tally) in &known.buckets {
        *rows.entry(of).or_default().entry(*at).or_default() += *tally;
    }
    let bucket = i64::from(known.bucket_seconds.max(1));
    let all = (known.until - known.from).num_seconds() / bucket;
    let room = i64::try_from(BANDS_MAX / rows.len().max(1)).unwrap_or(1).max(1);
    let step = bucket * (all.max(1) + room - 1).div_euclid(room);
    let (_, end) = known.span();
    let mut stretches = Vec::new();
    for (of, tallies) in rows {
        let mut gathered: BTreeMap<i64, Tally> = BTreeMap::new();
        for (at, tally) in tallies {
            *gathered.entry((at - known.from).num_seconds().div_euclid(step)).or_default() += tally;
        }
        for (index, tally) in gathered {
            let Some(worst) = tally.worst() else { continue };
            let from = known.from + TimeDelta::seconds(index * step);
            let to = (from + TimeDelta::seconds(step)).min(end.max(from));
            stretches.push(Stretch {
                of: of.to_owned(),
                from,
                to,
                worst: worst.name().to_owned(),
                tally,
            });
        }
    }
    (stretches, u32::try_from(step).unwrap_or(u32::MAX))
}

/// The timeline, with `link`s of its rows under it.
pub(super) fn timeline(
    known: &Known,
    stretches: &[Stretch],
    step_seconds: u32,
    link: impl Fn(&str) -> Option<String>,
) -> AnyView {
    let mut rows: Vec<Row> = Vec::new();
    for stretch in stretches {
        if rows.last().is_none_or(|row| row.label != stretch.of) {
            rows.push(Row { label: stretch.of.clone(), pieces: Vec::new() });
        }
        let tone = stretch.tally.worst().map(words::tone);
        if let (Some(row), Some(tone)) = (rows.last_mut(), tone) {
            row.pieces.push(Piece { from: stretch.from, to: stretch.to, tone });
        }
    }
    let links = rows.iter().filter_map(|row| Some((row.label.clone(), link(&row.label)?)));
    let links = links.map(|(label, href)| view! { <a class="chip" href=href>{label}</a> });
    let links: Vec<_> = links.collect();
    for row in &mut rows {
        row.pieces = bands::join(row.pieces.drain(..));
    }
    let drawing =
        bands::svg_for_all(&Bands { from: known.from, to: known.until, rows }, bands::PAGE);
    let legend = legend();
    let step = text::duration(TimeDelta::seconds(i64::from(step_seconds)));
    let inside = (!links.is_empty()).then(|| {
        view! {
            <div class="chips" role="group" aria-label=t!("availability-inside")>
                <span class="muted">{t!("availability-inside")}</span>
                {links}
            </div>
        }
    });
    view! {
        <figure class="chart pad">
            {raw(drawing)}
            <p class="second">{legend}" "{t!("availability-resolution", step = step)}</p>
            {inside}
            {behind(stretches, known)}
        </figure>
    }
    .into_any()
}

fn legend() -> AnyView {
    mainstay_core::availability::State::ALL
        .into_iter()
        .map(|it| view! { {state(words::tone(it), words::state(it))}" " })
        .collect_view()
        .into_any()
}

/// The same as a table: what was not all up, newest first.
fn behind(stretches: &[Stretch], known: &Known) -> AnyView {
    let mut bad: Vec<_> = stretches.iter().filter(|it| it.tally.up < it.tally.minutes()).collect();
    bad.sort_by_key(|it| std::cmp::Reverse(it.from));
    let (shown, all) = (bad.len().min(TABLE_ROWS), bad.len());
    let columns = vec![
        Column::new(t!("availability-col-of")),
        Column::new(t!("availability-col-from")),
        Column::new(t!("availability-col-worst")),
        Column::number(t!("availability-down")),
        Column::number(t!("availability-planned")),
        Column::number(t!("availability-unmeasured")),
        Column::number(t!("availability-col-minutes")),
    ];
    let rows = bad
        .into_iter()
        .take(TABLE_ROWS)
        .map(|it| {
            let worst =
                it.tally.worst().map(|worst| state(words::tone(worst), words::state(worst)));
            let tally = it.tally;
            view! {
                <tr>
                    <th scope="row">{it.of.clone()}</th>
                    <td data-l=t!("availability-col-from")>
                        {text::clock(it.from, known.until)}" – "{text::clock(it.to, known.until)}
                    </td>
                    <td data-l=t!("availability-col-worst")>{worst}</td>
                    <td class="num" data-l=t!("availability-down")>{text::number(tally.down)}</td>
                    <td class="num" data-l=t!("availability-planned")>
                        {text::number(tally.planned)}
                    </td>
                    <td class="num" data-l=t!("availability-unmeasured")>
                        {text::number(tally.unmeasured)}
                    </td>
                    <td class="num" data-l=t!("availability-col-minutes")>
                        {text::number(tally.minutes())}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let (shown, all) = (text::number(shown as u64), text::number(all as u64));
    let more = (shown != all).then(|| t!("availability-shown", shown = shown, all = all));
    view! {
        <details>
            <summary>{t!("chart-table")}</summary>
            {table(t!("availability-line"), columns, rows)}
            <p class="second">{t!("availability-table-note")}" "{more}</p>
        </details>
    }
    .into_any()
}

/// What was left over time, net of planned work.
pub(super) fn budget(known: &Known, figures: &Figures) -> Vec<BudgetPoint> {
    let mut buckets: BTreeMap<DateTime<Utc>, Tally> = BTreeMap::new();
    for (at, _, tally) in &known.buckets {
        *buckets.entry(*at).or_default() += *tally;
    }
    let step = TimeDelta::seconds(i64::from(known.bucket_seconds));
    let sum = known.sum();
    let span = known.span_minutes();
    let whole = (known.until - known.from).num_seconds().max(1) as f64;
    let (_, end) = known.span();
    let gone = |at: DateTime<Utc>| (at - known.from).num_seconds() as f64 / whole;
    let pace = |at| figures.allowed_minutes * (1.0 - gone(at));
    let (begun, _) = known.span();
    let first = (!buckets.is_empty()).then(|| BudgetPoint {
        at: begun,
        remaining_minutes: Some(figures.allowed_minutes),
        pace_minutes: pace(begun),
    });
    let mut used = 0;
    let points = buckets.into_iter().map(|(at, tally)| {
        let excluded: u64 =
            known.excluded.iter().map(|told| told.outage.down_within(at, at + step)).sum();
        used += tally.down.saturating_sub(excluded);
        let to = (at + step).min(end.max(at));
        let left = figures.allowed_minutes - sum.on_the_clock(used, span);
        BudgetPoint {
            at: to,
            remaining_minutes: (tally.measured() > 0).then_some(left),
            pace_minutes: pace(to),
        }
    });
    first.into_iter().chain(points).collect()
}

/// The chart of it; nothing while nothing was measured.
pub(super) fn burn_chart(known: &Known, points: &[BudgetPoint], figures: &Figures) -> AnyView {
    let line = |label, look, value: &dyn Fn(&BudgetPoint) -> Option<f64>| Line {
        label,
        look,
        points: points.iter().map(|it| Point { at: it.at, value: value(it) }).collect(),
    };
    let pace = vec![
        Point { at: known.from, value: Some(figures.allowed_minutes) },
        Point { at: known.until, value: Some(0.0) },
    ];
    let step = known.bucket_seconds;
    let plot = Plot {
        from: known.from,
        to: known.until,
        step_seconds: step,
        lines: vec![
            line(t!("budget-left"), Look::First, &|it| it.remaining_minutes.map(|it| it.max(0.0))),
            Line { label: t!("budget-pace"), look: Look::Second, points: pace },
        ],
        limit: None,
        marks: Vec::new(),
        gaps: plot::gaps(
            points.iter().map(|it| {
                (it.at - TimeDelta::seconds(i64::from(step)), it.remaining_minutes.is_some())
            }),
            step,
        ),
        unit: Unit::Number,
    };
    let left = figures.allowed_minutes - figures.used_net_minutes;
    let rows = points
        .iter()
        .rev()
        .take(TABLE_ROWS)
        .map(|it| {
            let left = it.remaining_minutes.map_or_else(|| t!("chart-no-data"), words::minutes);
            view! {
                <tr>
                    <th scope="row">{text::clock(it.at, known.until)}</th>
                    <td class="num" data-l=t!("budget-left")>{left}</td>
                    <td class="num" data-l=t!("budget-pace")>{words::minutes(it.pace_minutes)}</td>
                </tr>
            }
        })
        .collect_view();
    let columns = vec![
        Column::new(t!("chart-time")),
        Column::number(t!("budget-left")),
        Column::number(t!("budget-pace")),
    ];
    let sentence = match figures.is_spent() {
        true => t!("budget-over", minutes = words::minutes(-left)),
        false => t!(
            "budget-sentence",
            left = words::minutes(left),
            allowed = words::minutes(figures.allowed_minutes)
        ),
    };
    view! {
        <figure class="chart pad">
            <figcaption><span class="second">{sentence}</span></figcaption>
            {raw(plot::svg_for_all(&plot, plot::WIDE))}
            <details>
                <summary>{t!("chart-table")}</summary>
                {table(t!("budget-title"), columns, rows)}
            </details>
        </figure>
    }
    .into_any()
}

/// A share with its numbers under it.
pub(super) fn ratio(ratio: Ratio) -> AnyView {
    view! { <span>{ratio.words()}<br/><span class="muted">{ratio.fraction()}</span></span> }
        .into_any()
}
