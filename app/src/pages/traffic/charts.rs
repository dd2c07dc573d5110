//! Charts of requests: how many, how many failed, how long they took; by part and in all.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::traffic::Counts;
use serde::Serialize;
use utoipa::ToSchema;

use super::Range;
use crate::t;
use crate::text;
use crate::ui::chart::Point;
use crate::ui::plot::{self, LINES_MAX, Line, Look, Plot, Size, Unit};
use crate::ui::raw;

/// Points of a line at most.
const POINTS_MAX: usize = 120;
/// Lengths of a stretch that people read easily, in seconds.
const STEPS: [u32; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];
/// Seconds within which an edge tells of a second.
const LATE: usize = 5;
/// The quantiles that are drawn of all requests.
const QUANTILES: [(f64, &str); 3] = [(0.99, "p99"), (0.95, "p95"), (0.5, "p50")];

/// Counts over time, by part (a version, or a service).
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// Seconds of each moment.
    pub step_seconds: u32,
    /// Oldest first, none left out.
    pub moments: Vec<Moment>,
}

/// One stretch of time; `None`: nobody heard the edges.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at: DateTime<Utc>,
    pub counts: Option<BTreeMap<String, Counts>>,
}

impl Moments {
    pub(super) fn seconds(&self) -> u64 {
        self.moments.len() as u64 * u64::from(self.step_seconds)
    }

    /// Seconds in which the edges were heard.
    pub(super) fn heard_seconds(&self) -> u64 {
        let heard = self.moments.iter().filter(|moment| moment.counts.is_some()).count();
        heard as u64 * u64::from(self.step_seconds)
    }
}

/// The values of a chart's point for one part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChartPoint {
    pub at: DateTime<Utc>,
    pub part: String,
    /// Absent: nobody heard the edges.
    pub requests: Option<u64>,
    pub errors: Option<u64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// Longer stretches, each with every request in it. The newest seconds that the edges have not
/// told of yet are no gap and are left out.
pub(super) fn gathered(moments: &Moments) -> Moments {
    let told = moments.moments.iter().rposition(|moment| moment.counts.is_some());
    let late = told.map_or(0, |last| moments.moments.len() - 1 - last);
    if (1..=LATE).contains(&late) && moments.step_seconds == 1 {
        let kept = moments.moments[..moments.moments.len() - late].to_vec();
        return gathered(&Moments { moments: kept, ..*moments });
    }
    let needed = moments.seconds().div_ceil(POINTS_MAX as u64);
    let step = STEPS.into_iter().find(|step| u64::from(*step) >= needed);
    let step = step.unwrap_or(STEPS[STEPS.len() - 1]).max(moments.step_seconds);
    let by = (step / moments.step_seconds.max(1)).max(1) as usize;
    let gather = |chunk: &[Moment]| {
        let mut sum: Option<BTreeMap<String, Counts>> = None;
        for parts in chunk.iter().filter_map(|moment| moment.counts.as_ref()) {
            let sum = sum.get_or_insert_default();
            for (part, counts) in parts {
                sum.entry(part.clone()).or_default().add(counts);
            }
        }
        Moment { at: chunk[0].at, counts: sum }
    };
    Moments {
        step_seconds: by as u32 * moments.step_seconds,
        moments: moments.moments.chunks(by).map(gather).collect(),
    }
}

/// The parts with the most requests, as many as a chart has lines.
fn largest(moments: &Moments) -> Vec<String> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (part, counts) in moments.moments.iter().filter_map(|it| it.counts.as_ref()).flatten() {
        *sums.entry(part).or_default() += counts.requests;
    }
    let mut parts: Vec<_> = sums.into_iter().collect();
    parts.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
    parts.into_iter().take(LINES_MAX).map(|(part, _)| part.to_owned()).collect()
}

pub(super) fn points(moments: &Moments) -> Vec<ChartPoint> {
    let parts = largest(moments);
    let point = |moment: &Moment, part: &str| {
        let heard = moment.counts.as_ref();
        let counts = heard.map(|counts| counts.get(part).cloned().unwrap_or_default());
        let quantile = |q| counts.as_ref().and_then(|counts: &Counts| counts.latency.quantile(q));
        ChartPoint {
            at: moment.at,
            part: part.to_owned(),
            requests: counts.as_ref().map(|counts| counts.requests),
            errors: counts.as_ref().map(|counts| counts.errors),
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
        }
    };
    let all = moments.moments.iter();
    all.flat_map(|moment| parts.iter().map(move |part| point(moment, part))).collect()
}

/// The four charts; none when nobody heard anything.
pub(super) fn by_part(moments: &Moments, range: Range) -> Vec<(String, Plot)> {
    let parts = largest(moments);
    if parts.is_empty() {
        return Vec::new();
    }
    let seconds = f64::from(moments.step_seconds);
    let rate = |counts: &Counts| Some(counts.requests as f64 / seconds);
    let errors = |counts: &Counts| {
        (counts.requests > 0).then(|| counts.errors as f64 * 100.0 / counts.requests as f64)
    };
    let p95 = |counts: &Counts| counts.latency.quantile(0.95);
    let lines = |value: &dyn Fn(&Counts) -> Option<f64>| -> Vec<Line> {
        let line = |(part, look): (&String, Look)| line(moments, part, look, value);
        parts.iter().zip(Look::ALL).map(line).collect()
    };
    vec![
        (t!("chart-rate"), plot(moments, range, lines(&rate), Unit::Number)),
        (t!("chart-errors"), plot(moments, range, lines(&errors), Unit::Percent)),
        (t!("chart-p95"), plot(moments, range, lines(&p95), Unit::Milliseconds)),
        (t!("chart-latency"), plot(moments, range, quantiles(moments), Unit::Milliseconds)),
    ]
}

fn plot(moments: &Moments, range: Range, lines: Vec<Line>, unit: Unit) -> Plot {
    let step = TimeDelta::seconds(i64::from(moments.step_seconds));
    let from = moments.moments.first().map_or(range.from, |first| first.at);
    let to = moments.moments.last().map_or(range.to, |last| last.at + step);
    Plot {
        from,
        to,
        step_seconds: moments.step_seconds,
        lines,
        limit: None,
        marks: Vec::new(),
        gaps: plot::gaps(
            moments.moments.iter().map(|moment| (moment.at, moment.counts.is_some())),
            moments.step_seconds,
        ),
        unit,
    }
}

fn line(moments: &Moments, part: &str, look: Look, value: &dyn Fn(&Counts) -> Option<f64>) -> Line {
    let none = Counts::default();
    let point = |moment: &Moment| {
        let counts = moment.counts.as_ref().map(|counts| counts.get(part).unwrap_or(&none));
        Point { at: moment.at, value: counts.and_then(value) }
    };
    let points = moments.moments.iter().map(point).collect();
    Line { label: part.to_owned(), look, points }
}

/// Quantiles of all requests, whichever part.
fn quantiles(moments: &Moments) -> Vec<Line> {
    let all: Vec<_> = moments
        .moments
        .iter()
        .map(|moment| {
            let mut sum = Counts::default();
            for counts in moment.counts.iter().flat_map(BTreeMap::values) {
                sum.add(counts);
            }
            (moment.at, sum)
        })
        .collect();
    let line = |((q, label), look): (&(f64, &str), Look)| Line {
        label: (*label).to_owned(),
        look,
        points: all
            .iter()
            .map(|(at, counts)| Point { at: *at, value: counts.latency.quantile(*q) })
            .collect(),
    };
    QUANTILES.iter().zip(Look::ALL).map(line).collect()
}

/// A chart with its newest values; the same values stand in the tables of the page.
pub(super) fn figure(title: &str, plot: &Plot, size: Size) -> AnyView {
    let newest = |line: &Line| line.points.iter().rev().find_map(|point| point.value);
    let now = plot.lines.first().and_then(newest).map(|value| said(plot.unit, value));
    let highest = plot.lines.iter().flat_map(|line| &line.points).filter_map(|p| p.value);
    let highest = highest.fold(f64::NEG_INFINITY, f64::max);
    let highest = highest.is_finite().then(|| t!("chart-highest", n = said(plot.unit, highest)));
    let title = title.to_owned();
    let label = plot.lines.first().map(|line| line.label.clone()).unwrap_or_default();
    view! {
        <figure>
            <figcaption>
                <span class="strong">{title}</span>
                <span class="v">{now.unwrap_or_else(|| t!("chart-no-data"))}</span>
                <span class="sub">
                    <span>{highest}</span>
                    <span class="muted nowrap">{label}</span>
                </span>
            </figcaption>
            {raw(plot::svg_for_all(plot, size))}
        </figure>
    }
    .into_any()
}

fn said(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => text::rollout::percent(value / 100.0),
        Unit::Milliseconds => text::rollout::milliseconds(value),
        Unit::Number => t!("per-second", n = text::rollout::rate(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering_loses_no_request_and_fills_no_gap() {
        let start = DateTime::UNIX_EPOCH;
        let moments = (0..3_600).map(|second| {
            let mut counts = Counts::default();
            counts.record(second % 100 == 0, 20.0);
            let unheard = (600..1_200).contains(&second);
            let parts = (!unheard).then(|| BTreeMap::from([("1.0.0".to_owned(), counts)]));
            Moment { at: start + TimeDelta::seconds(second), counts: parts }
        });
        let moments = Moments { step_seconds: 1, moments: moments.collect() };
        let gathered = gathered(&moments);
        assert_eq!((gathered.step_seconds, gathered.moments.len()), (30, 120));
        let all: u64 = gathered
            .moments
            .iter()
            .flat_map(|moment| moment.counts.iter().flat_map(BTreeMap::values))
            .map(|counts| counts.requests)
            .sum();
        assert_eq!(all, 3_000);
        assert_eq!(gathered.moments.iter().filter(|moment| moment.counts.is_none()).count(), 20);
        assert_eq!((moments.seconds(), moments.heard_seconds()), (3_600, 3_000));
    }
}
