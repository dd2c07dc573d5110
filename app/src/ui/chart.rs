//! Charts: SVG drawn on the server, coloured by the page's own tokens, with the same values in a
//! table.
//!
//! Method: plotters draws in sentinel colours, which are then replaced by `var(--…)`, so themes
//! and print work and the policy against inline style holds.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use plotters::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::t;
use crate::text;
use crate::ui::raw;

/// A quantity over time, at a steady step; a gap is a point without a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Series {
    pub points: Vec<Point>,
    /// Seconds between points.
    pub step_seconds: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Point {
    pub at: DateTime<Utc>,
    /// Absent: nobody measured.
    pub value: Option<f64>,
}

const WIDTH: u32 = 340;
const HEIGHT: u32 = 110;
const LEFT: i32 = 34;
const BOTTOM: i32 = 18;
const TOP: i32 = 8;
const RIGHT: i32 = 10;
/// Colours that stand for tokens until the drawing is done.
const LINE: RGBColor = RGBColor(1, 2, 3);
const GRID: RGBColor = RGBColor(4, 5, 6);
const LABEL: RGBColor = RGBColor(7, 8, 9);
const GAP: RGBColor = RGBColor(10, 11, 12);

/// A line from zero, with gaps left open and said; under it the values as a table.
pub fn line(title: impl Into<String>, series: &Series) -> AnyView {
    let title = title.into();
    let last = series.points.iter().rev().find_map(|p| p.value.map(|v| (p.at, v)));
    let Some((last_at, last_value)) = last else {
        return view! { <p class="second">{t!("chart-empty")}</p> }.into_any();
    };
    let measured = series.points.iter().filter_map(|p| p.value);
    let low = measured.clone().fold(f64::INFINITY, f64::min);
    let high = measured.fold(0.0, f64::max);
    let now = series.points.last().map_or(last_at, |p| p.at);
    let sentence = t!(
        "chart-sentence",
        value = value_text(last_value),
        at = text::clock(last_at, now),
        low = value_text(low),
        high = value_text(high)
    );
    let drawing = draw(series, high).unwrap_or_default();
    let rows = series
        .points
        .iter()
        .map(|point| {
            let value = point.value.map_or_else(|| t!("chart-no-data"), value_text);
            view! {
                <tr>
                    <th scope="row">{text::clock(point.at, now)}</th>
                    <td class="num">{value}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <figure class="chart">
            <figcaption>
                <span class="second">{sentence}</span>
                <b>{value_text(last_value)}</b>
            </figcaption>
            {raw(drawing)}
            <details>
                <summary>{t!("chart-table")}</summary>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{t!("chart-time")}</th>
                            <th scope="col" class="num">{title}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </figure>
    }
    .into_any()
}

fn value_text(value: f64) -> String {
    if value.fract() == 0.0 { text::number(value as u64) } else { text::decimal(value, 1) }
}

/// The drawing; `None` when the backend fails, which leaves the sentence and the table.
fn draw(series: &Series, high: f64) -> Option<String> {
    let (first, last) = (series.points.first()?.at, series.points.last()?.at);
    let span = (last - first).max(TimeDelta::seconds(1)).num_milliseconds() as f64;
    let top = nice_top(high);
    let (width, height) = (WIDTH as i32 - LEFT - RIGHT, HEIGHT as i32 - TOP - BOTTOM);
    let x = |at: DateTime<Utc>| {
        LEFT + ((at - first).num_milliseconds() as f64 / span * f64::from(width)) as i32
    };
    let y = |value: f64| TOP + height - (value / top * f64::from(height)) as i32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        for (start, end) in gaps(series) {
            let band = Rectangle::new([(x(start), TOP), (x(end), TOP + height)], GAP.filled());
            area.draw(&band).ok()?;
        }
        for part in [0.0, 0.5, 1.0] {
            let at = y(top * part);
            let rule = PathElement::new(vec![(LEFT, at), (LEFT + width, at)], GRID);
            area.draw(&rule).ok()?;
            let style = TextStyle::from(("sans-serif", 11).into_font()).color(&LABEL);
            area.draw(&Text::new(value_text(top * part), (2, at - 5), style)).ok()?;
        }
        for part in 0..=2 {
            let at = first + (last - first) * part / 2;
            let style = TextStyle::from(("sans-serif", 11).into_font()).color(&LABEL);
            let shift = part * 14;
            let label = Text::new(text::clock(at, at), (x(at) - shift, HEIGHT as i32 - 13), style);
            area.draw(&label).ok()?;
        }
        for run in runs(series) {
            let points: Vec<_> = run.iter().map(|(at, value)| (x(*at), y(*value))).collect();
            let path = PathElement::new(points, LINE.stroke_width(2));
            area.draw(&path).ok()?;
        }
        area.present().ok()?;
    }
    Some(themed(&svg))
}

/// Replaces the sentinels, and the fixed size by the class that scales the drawing as a whole.
fn themed(svg: &str) -> String {
    let hex = |RGBColor(r, g, b): RGBColor| format!("#{r:02X}{g:02X}{b:02X}");
    svg.replace(&hex(LINE), "var(--c1)")
        .replace(&hex(GRID), "var(--grid)")
        .replace(&hex(LABEL), "var(--text-3)")
        .replace(&hex(GAP), "var(--sunken)")
        .replacen(
            &format!(r#"<svg width="{WIDTH}" height="{HEIGHT}""#),
            r#"<svg class="ch" aria-hidden="true""#,
            1,
        )
}

/// Stretches with values.
fn runs(series: &Series) -> Vec<Vec<(DateTime<Utc>, f64)>> {
    let mut runs: Vec<Vec<_>> = Vec::new();
    let mut open = false;
    for point in &series.points {
        match (point.value, open, runs.last_mut()) {
            (Some(value), true, Some(run)) => run.push((point.at, value)),
            (Some(value), _, _) => runs.push(vec![(point.at, value)]),
            (None, _, _) => {}
        }
        open = point.value.is_some();
    }
    runs
}

/// Stretches without values, from the last known point to the next.
fn gaps(series: &Series) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let mut gaps: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    let step = TimeDelta::seconds(i64::from(series.step_seconds));
    for point in series.points.iter().filter(|p| p.value.is_none()) {
        match gaps.last_mut() {
            Some((_, end)) if *end >= point.at => *end = point.at + step,
            _ => gaps.push((point.at, point.at + step)),
        }
    }
    let Some(last) = series.points.last() else { return gaps };
    for gap in &mut gaps {
        gap.1 = gap.1.min(last.at);
    }
    gaps
}

/// The next of 1, 2, 5, 10, … that is not below `high`.
fn nice_top(high: f64) -> f64 {
    let power = 10f64.powf(high.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= high).unwrap_or(10.0 * power).max(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[Option<f64>]) -> Series {
        let start = DateTime::UNIX_EPOCH;
        let points = values
            .iter()
            .enumerate()
            .map(|(at, value)| Point { at: start + TimeDelta::minutes(at as i64), value: *value });
        Series { points: points.collect(), step_seconds: 60 }
    }

    #[test]
    fn gaps_stay_gaps_and_colours_are_tokens() {
        let with_gap = series(&[Some(4.0), Some(5.0), None, None, Some(3.0), Some(3.0)]);
        assert_eq!(runs(&with_gap).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(gaps(&with_gap).len(), 1);
        let svg = draw(&with_gap, 5.0).expect("a drawing");
        assert!(!svg.contains('#') && !svg.contains("style="), "{svg}");
        assert!(svg.contains("var(--c1)") && svg.contains("var(--sunken)"), "{svg}");
        assert!(svg.starts_with(r#"<svg class="ch""#), "{svg}");
    }

    #[test]
    fn tops_are_round() {
        for (high, top) in [(0.0, 2.0), (3.0, 4.0), (220.0, 400.0), (1000.0, 1000.0)] {
            assert_eq!(nice_top(high), top, "{high}");
        }
    }
}
