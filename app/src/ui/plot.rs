//! Charts of a few series over time, compared: direct labels at the line ends, a limit, step
//! changes, gaps hatched. SVG drawn on the server, coloured by the page's own tokens.
//!
//! Method: plotters draws in sentinel colours at four times the size, for whole numbers are all
//! it knows; the sentinels then become classes of the style sheet, and the text is added as the
//! page's own.

mod times;

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use plotters::prelude::*;

use self::times::times;
use crate::t;
use crate::text;
use crate::ui::chart::Point;
use crate::ui::escape;

/// Most series of one chart; more become several charts.
pub const LINES_MAX: usize = 4;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Plot {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Seconds between points.
    pub step_seconds: u32,
    /// At most [`LINES_MAX`]; the first is the one that matters.
    pub lines: Vec<Line>,
    pub limit: Option<Limit>,
    /// Vertical lines where something was changed.
    pub marks: Vec<Mark>,
    /// Stretches in which nobody measured, from and to; a line may be open elsewhere too, where
    /// there was nothing to measure.
    pub gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    pub unit: Unit,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub label: String,
    pub look: Look,
    /// At a steady step; a point without a value is a gap.
    pub points: Vec<Point>,
}

/// How a line looks: its own colour and its own dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What is watched: solid.
    First,
    /// What it is compared with: dashed.
    Second,
    Third,
    Fourth,
}

impl Look {
    pub const ALL: [Self; LINES_MAX] = [Self::First, Self::Second, Self::Third, Self::Fourth];

    const fn class(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::Second => "2",
            Self::Third => "3",
            Self::Fourth => "4",
        }
    }

    const fn sentinel(self) -> RGBColor {
        match self {
            Self::First => RGBColor(1, 2, 3),
            Self::Second => RGBColor(4, 5, 6),
            Self::Third => RGBColor(7, 8, 9),
            Self::Fourth => RGBColor(10, 11, 12),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Limit {
    pub value: f64,
    /// `limit 0.5`.
    pub label: String,
}

#[derive(Clone, Debug)]
pub struct Mark {
    pub at: DateTime<Utc>,
    pub label: String,
}

/// What the values are; sets the least height of the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Percent,
    Milliseconds,
    Number,
}

/// The size of a drawing, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    width: i32,
    height: i32,
}

/// Half a column.
pub const SMALL: Size = Size { width: 376, height: 108 };
/// Half of a page.
pub const HALF: Size = Size { width: 560, height: 130 };
/// A whole page.
pub const WIDE: Size = Size { width: 1_140, height: 220 };

pub(super) const SCALE: i32 = 4;
const LEFT: i32 = 32;
const RIGHT: i32 = 66;
const TOP: i32 = 12;
const BOTTOM: i32 = 17;
/// Least distance of two labels at the line ends.
const LABEL_STEP: i32 = 11;
/// Least distance of two times without seconds under an axis.
pub(super) const TICK_STEP: i32 = 46;
const MARK_STEP: i32 = 26;
/// Least width of a hatched band that says what it is.
const BAND_WORDS: i32 = 46;

const GRID: RGBColor = RGBColor(20, 21, 22);
const MARK: RGBColor = RGBColor(23, 24, 25);
const LIMIT: RGBColor = RGBColor(26, 27, 28);
const GAP: RGBColor = RGBColor(29, 30, 31);

/// The drawing; empty when there is nothing to draw.
pub fn svg(plot: &Plot, size: Size) -> String {
    let frame = Frame::of(plot, size);
    draw(plot, &frame).unwrap_or_default()
}

/// As [`svg`] on screens that have the room, and small on those that have not, so that the text
/// keeps its size.
pub fn svg_for_all(plot: &Plot, size: Size) -> String {
    let (wide, small) = (svg(plot, size), svg(plot, SMALL));
    format!(r#"<div class="wide-only">{wide}</div><div class="narrow-only">{small}</div>"#)
}

/// The gaps of [`Plot`]: `measured` says of each stretch of `step_seconds` whether anybody did.
pub fn gaps(
    measured: impl IntoIterator<Item = (DateTime<Utc>, bool)>,
    step_seconds: u32,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let step = TimeDelta::seconds(i64::from(step_seconds));
    let mut gaps: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    for (at, _) in measured.into_iter().filter(|(_, measured)| !measured) {
        match gaps.last_mut() {
            Some((_, end)) if *end >= at => *end = at + step,
            Some(_) | None => gaps.push((at, at + step)),
        }
    }
    gaps
}

/// Where values lie in the drawing, in its pixels.
struct Frame {
    size: Size,
    from: DateTime<Utc>,
    span_ms: f64,
    top: f64,
}

impl Frame {
    fn of(plot: &Plot, size: Size) -> Self {
        let values = plot.lines.iter().flat_map(|line| &line.points).filter_map(|p| p.value);
        let limit = plot.limit.iter().map(|limit| limit.value);
        let high = values.chain(limit).fold(0.0, f64::max);
        let least = match plot.unit {
            Unit::Percent => 0.1,
            Unit::Milliseconds => 10.0,
            Unit::Number => 2.0,
        };
        let span = (plot.to - plot.from).max(TimeDelta::seconds(1));
        Self {
            size,
            from: plot.from,
            span_ms: span.num_milliseconds() as f64,
            top: nice_top(high.max(least)),
        }
    }

    const fn width(&self) -> i32 {
        self.size.width - LEFT - RIGHT
    }

    const fn height(&self) -> i32 {
        self.size.height - TOP - BOTTOM
    }

    fn x(&self, at: DateTime<Utc>) -> f64 {
        let part = (at - self.from).num_milliseconds() as f64 / self.span_ms;
        f64::from(LEFT) + part.clamp(0.0, 1.0) * f64::from(self.width())
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value / self.top).clamp(0.0, 1.0);
        f64::from(TOP) + (1.0 - part) * f64::from(self.height())
    }
}

/// Into the backend's own units.
pub(super) fn fine(pixels: f64) -> i32 {
    (pixels * f64::from(SCALE)).round() as i32
}

fn draw(plot: &Plot, frame: &Frame) -> Option<String> {
    let Size { width, height } = frame.size;
    let size = ((width * SCALE) as u32, (height * SCALE) as u32);
    let bottom = frame.y(0.0);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for &(start, end) in &plot.gaps {
            let corner = |at, y| (fine(frame.x(at)), fine(y));
            let band = [corner(start, f64::from(TOP)), corner(end, bottom)];
            area.draw(&Rectangle::new(band, GAP.filled())).ok()?;
        }
        let (left, right) = (f64::from(LEFT), f64::from(LEFT + frame.width()));
        let path = |points: Vec<(f64, f64)>, colour: RGBColor| {
            let points: Vec<_> = points.into_iter().map(|(x, y)| (fine(x), fine(y))).collect();
            PathElement::new(points, colour)
        };
        for part in [0.0, 0.5, 1.0] {
            let y = frame.y(frame.top * part);
            area.draw(&path(vec![(left, y), (right, y)], GRID)).ok()?;
        }
        for mark in &plot.marks {
            let x = frame.x(mark.at);
            area.draw(&path(vec![(x, 2.0), (x, bottom)], MARK)).ok()?;
        }
        if let Some(limit) = &plot.limit {
            let y = frame.y(limit.value);
            area.draw(&path(vec![(left, y), (right, y)], LIMIT)).ok()?;
        }
        // The first line last, above the others.
        for line in plot.lines.iter().take(LINES_MAX).rev() {
            let colour = line.look.sentinel();
            for run in runs(&line.points) {
                let points: Vec<_> =
                    run.iter().map(|(at, value)| (frame.x(*at), frame.y(*value))).collect();
                match points.as_slice() {
                    [(x, y)] => {
                        let dot = Circle::new((fine(*x), fine(*y)), 6, colour.filled());
                        area.draw(&dot).ok()?;
                    }
                    _ => area.draw(&path(points, colour)).ok()?,
                }
            }
        }
        area.present().ok()?;
    }
    Some(dressed(&svg, plot, frame))
}

/// Replaces the sentinels by classes and adds the text.
fn dressed(svg: &str, plot: &Plot, frame: &Frame) -> String {
    let hex = |RGBColor(r, g, b): RGBColor| format!("#{r:02X}{g:02X}{b:02X}");
    let stroke = |colour| format!(r#"opacity="1" stroke="{}" stroke-width="1""#, hex(colour));
    let fill = |colour| format!(r#"opacity="1" fill="{}" stroke="none""#, hex(colour));
    let mut svg = svg
        .replace(&stroke(GRID), r#"class="gr""#)
        .replace(&stroke(MARK), r#"class="sp""#)
        .replace(&stroke(LIMIT), r#"class="th""#)
        .replace(&fill(GAP), r#"class="gap""#)
        .replace("fill=\"none\" ", "")
        .replace('\n', "");
    for look in Look::ALL {
        let class = look.class();
        svg = svg
            .replace(&stroke(look.sentinel()), &format!(r#"class="l{class}""#))
            .replace(&fill(look.sentinel()), &format!(r#"class="p{class}""#))
            .replace(r#" stroke-width="1"/>"#, "/>");
    }
    let Size { width, height } = frame.size;
    let head = format!(r#"<svg width="{}" height="{}""#, width * SCALE, height * SCALE);
    svg = svg.replacen(&head, r#"<svg class="ch x4" aria-hidden="true""#, 1);
    svg = svg.replacen(r#" xmlns="http://www.w3.org/2000/svg""#, "", 1);
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg.truncate(end);
    words(&mut svg, plot, frame);
    svg.push_str("</svg>");
    svg
}

fn words(svg: &mut String, plot: &Plot, frame: &Frame) {
    for part in [0.0, 0.5, 1.0] {
        let value = frame.top * part;
        word(svg, "", Anchor::End, f64::from(LEFT - 5), frame.y(value) + 3.5, &tick(value));
    }
    for (x, anchor, label) in times(plot, frame) {
        word(svg, "", anchor, x, f64::from(frame.size.height) - 3.0, &label);
    }
    // Right of the edge stand the names of the lines and of the limit.
    let (mut last, step) = (f64::NEG_INFINITY, f64::from(MARK_STEP));
    for mark in &plot.marks {
        let x = frame.x(mark.at);
        if x - last >= step {
            let near = x + step > f64::from(LEFT + frame.width());
            let (anchor, by) = if near { (Anchor::End, -3.0) } else { (Anchor::Start, 3.0) };
            word(svg, "", anchor, x + by, 9.0, &mark.label);
            last = x;
        }
    }
    for &(start, end) in &plot.gaps {
        let (left, right) = (frame.x(start), frame.x(end));
        if right - left >= f64::from(BAND_WORDS) {
            let (x, y) = (f64::midpoint(left, right), f64::from(TOP) + 12.0);
            word(svg, "", Anchor::Middle, x, y, &t!("chart-no-data"));
        }
    }
    let x = f64::from(LEFT + frame.width() + 6);
    for (y, class, label) in ends(plot, frame) {
        word(svg, class, Anchor::Start, x, y + 3.5, &label);
    }
}

#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

pub(super) fn word(svg: &mut String, class: &str, anchor: Anchor, x: f64, y: f64, text: &str) {
    let (x, y, text) = (fine(x), fine(y), escape(text));
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::End => r#" text-anchor="end""#,
    };
    let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
    // Writing to a string cannot fail.
    let _ = write!(svg, r#"<text{class} x="{x}" y="{y}"{anchor}>{text}</text>"#);
}

/// Labels at the line ends, moved apart.
fn ends(plot: &Plot, frame: &Frame) -> Vec<(f64, &'static str, String)> {
    let mut ends: Vec<(f64, &'static str, String)> = Vec::new();
    for line in plot.lines.iter().take(LINES_MAX) {
        let Some(value) = line.points.iter().rev().find_map(|point| point.value) else { continue };
        let class = match line.look {
            Look::First => "lb1",
            Look::Second => "lb2",
            Look::Third => "lb3",
            Look::Fourth => "lb4",
        };
        ends.push((frame.y(value), class, line.label.clone()));
    }
    if let Some(limit) = &plot.limit {
        ends.push((frame.y(limit.value), "tl", limit.label.clone()));
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let step = f64::from(LABEL_STEP);
    for at in 1..ends.len() {
        ends[at].0 = ends[at].0.max(ends[at - 1].0 + step);
    }
    // What was pushed below the axis pushes back up.
    let mut lowest = frame.y(0.0);
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(lowest);
        lowest = end.0 - step;
    }
    ends
}

/// A value of the axis, without needless digits.
fn tick(value: f64) -> String {
    if value >= 1000.0 && value.fract() == 0.0 {
        return text::number(value as u64);
    }
    text::trimmed(value, 2)
}

/// Stretches with values.
fn runs(points: &[Point]) -> Vec<Vec<(DateTime<Utc>, f64)>> {
    let mut runs: Vec<Vec<_>> = Vec::new();
    let mut open = false;
    for point in points {
        match (point.value, open, runs.last_mut()) {
            (Some(value), true, Some(run)) => run.push((point.at, value)),
            (Some(value), _, _) => runs.push(vec![(point.at, value)]),
            (None, _, _) => {}
        }
        open = point.value.is_some();
    }
    runs
}

/// The next of 1, 2, 5, 10, … times a power of ten that is not below `high`.
fn nice_top(high: f64) -> f64 {
    let power = 10f64.powf(high.log10().floor());
    let steps = [1.0, 2.0, 3.0, 5.0, 10.0].map(|step| step * power);
    // A hair of room, for a power of ten is not exact.
    steps.into_iter().find(|step| *step >= high * 0.999_999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(look: Look, values: &[Option<f64>]) -> Line {
        let points = values
            .iter()
            .enumerate()
            .map(|(at, value)| Point { at: minute(at as i64), value: *value });
        Line { label: format!("v<{}", look.class()), look, points: points.collect() }
    }

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    fn plot(lines: Vec<Line>) -> Plot {
        Plot {
            from: DateTime::UNIX_EPOCH,
            to: minute(30),
            step_seconds: 60,
            lines,
            limit: Some(Limit { value: 0.5, label: "limit 0.5".to_owned() }),
            marks: vec![Mark { at: DateTime::UNIX_EPOCH, label: "1%".to_owned() }],
            gaps: vec![(minute(2), minute(4))],
            unit: Unit::Percent,
        }
    }

    #[test]
    fn colours_are_classes_and_text_is_escaped() {
        let new = line(Look::First, &[Some(1.0), Some(1.9), None, None, Some(1.8), None]);
        let old = line(Look::Second, &[Some(0.2), None, Some(0.2), None, None, None]);
        let svg = svg(&plot(vec![new, old]), SMALL);
        assert!(!svg.contains('#') && !svg.contains("style="), "{svg}");
        for class in ["l1", "p2", "gap", "th", "gr", "sp", "lb1", "lb2", "tl"] {
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class} in {svg}");
        }
        assert!(svg.contains("v&lt;1") && !svg.contains("v<1"), "{svg}");
        assert!(svg.starts_with(r#"<svg class="ch x4" aria-hidden="true" viewBox="0 0 1504 432""#));
    }

    #[test]
    fn neighbouring_gaps_are_one() {
        let measured = (0..).map(minute).zip([true, false, false, true, false]);
        assert_eq!(gaps(measured, 60), [(minute(1), minute(3)), (minute(4), minute(5))]);
    }

    #[test]
    fn labels_never_cover_each_other() {
        let plot = plot(Look::ALL.map(|look| line(look, &[Some(0.01), Some(0.01)])).to_vec());
        let ends = ends(&plot, &Frame::of(&plot, SMALL));
        assert_eq!(ends.len(), 5);
        assert!(ends.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 10.9), "{ends:?}");
    }

    #[test]
    fn tops_and_ticks_are_round() {
        for (high, top) in [(0.1, 0.1), (0.12, 0.2), (1.9, 2.0), (247.0, 300.0), (1000.0, 1000.0)] {
            let found = nice_top(high);
            assert!((found - top).abs() < 1e-9, "{high}: {found}");
        }
        for (value, text) in [(0.0, "0"), (0.25, "0.25"), (1.5, "1.5"), (2000.0, "2,000")] {
            assert_eq!(tick(value), text);
        }
    }
}
