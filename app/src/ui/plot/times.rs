//! Times under a chart's axis.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Anchor, Frame, LEFT, Plot};
use crate::text;

/// Width of a character of the times under the axis, and what stays free between two of them.
const TICK_CHAR: f64 = 6.9;
const TICK_GAP: f64 = 6.0;
/// Times under the axis: both ends, and between them the changes or even parts.
pub(super) fn times(plot: &Plot, frame: &Frame) -> Vec<(f64, Anchor, String)> {
    let span = plot.to - plot.from;
    let say = |at: DateTime<Utc>| {
        if span < TimeDelta::minutes(10) {
            text::clock_seconds(at, plot.to)
        } else {
            text::clock(at, plot.to)
        }
    };
    let inner: Vec<_> = if plot.marks.iter().any(|mark| mark.at > plot.from) {
        plot.marks.iter().map(|mark| mark.at).collect()
    } else {
        (1..3).map(|part| plot.from + span * part / 3).collect()
    };
    let (left, right) = (f64::from(LEFT), f64::from(LEFT + frame.width()));
    let width = |label: &str| label.chars().count() as f64 * TICK_CHAR + TICK_GAP;
    let (first, last) = (say(plot.from), say(plot.to));
    let (mut free, end) = (left + width(&first), right - width(&last));
    let mut ticks = vec![(left, Anchor::Start, first)];
    for at in inner {
        let (x, label) = (frame.x(at), say(at));
        let half = width(&label) / 2.0;
        if x - half >= free && x + half <= end {
            ticks.push((x, Anchor::Middle, label));
            free = x + half;
        }
    }
    ticks.push((right, Anchor::End, last));
    ticks
}

#[cfg(test)]
mod tests {
    use super::super::{Mark, SMALL, Unit};
    use super::*;

    fn empty() -> Plot {
        Plot {
            from: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH,
            step_seconds: 1,
            lines: Vec::new(),
            limit: None,
            marks: Vec::new(),
            gaps: Vec::new(),
            unit: Unit::Percent,
        }
    }

    #[test]
    fn times_under_the_axis_stand_apart_or_are_left_out() {
        let marks = |seconds: &[i64]| {
            let at = |it: &i64| DateTime::UNIX_EPOCH + TimeDelta::seconds(*it);
            let mark = |it| Mark { at: at(it), label: String::new() };
            let marks = seconds.iter().map(mark).collect();
            let plot = Plot { to: at(&60), marks, ..empty() };
            times(&plot, &Frame::of(&plot, SMALL)).len()
        };
        assert_eq!(marks(&[3]), 2, "too near to the beginning");
        assert_eq!(marks(&[57]), 2, "too near to the end");
        assert_eq!(marks(&[30, 33]), 3, "too near to each other");
    }
}
