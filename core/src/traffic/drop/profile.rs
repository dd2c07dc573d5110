//! The daily and weekly shape of a series.
//!
//! Owns what was seen at each time of the day and of the week, and what that says of a moment.
//! Values are square roots, relative to the level when they were seen.
//!
//! Invariants: memory is bounded; a value says nothing of the hours it belongs to, only of later
//! periods, or a drop would be the measure of itself; of two answers the lower one holds until a
//! shape was seen often enough.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::scale::median;

const DAY_SECONDS: i64 = 86_400;
const WEEK_DAYS: i64 = 7;
/// What one piece of the day may span, in seconds; all divide a day.
const PIECES: [i64; 11] =
    [300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 86_400];
/// Days and weeks that are remembered of each piece.
const DAYS: usize = 7;
const WEEKS: usize = 5;
/// Weeks of a piece from which its weekly shape alone may hold.
const WEEKS_SURE: usize = 3;
/// By how much users may come earlier or later than usual, in seconds, before a step is seen in it.
const JITTER_SECONDS: i64 = 1_200;
/// The same for a slide: clocks are put forward and back.
const SHIFT_SECONDS: i64 = 3_600;

/// What was seen, piece by piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    piece_seconds: i64,
    /// Whether a piece holds several values, so that there is something between two pieces.
    is_curve: bool,
    /// Empty: the interval is too long for the shape of a day, or of a week.
    day: Vec<Piece>,
    week: Vec<Piece>,
    /// The piece that is being gathered: its number since the epoch, sum and count.
    open: Option<(i64, f64, f64)>,
    /// Pieces too near to say anything yet: number and mean.
    recent: VecDeque<(i64, f64)>,
    /// What the pieces around the open one say; made anew when a piece begins.
    near: Option<Near>,
}

/// One piece of the day or week, the newest value last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Piece {
    values: Vec<f64>,
    middle: f64,
}

/// The shape around one piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Near {
    number: i64,
    /// Of the piece before, this one, and the next.
    centre: [f64; 3],
    day: Option<f64>,
    week: Option<f64>,
    low_step: f64,
    low_slide: f64,
    periods: usize,
    weeks: usize,
}

/// What the shape says of a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) value: f64,
    /// The lowest that the moments next to it say, for steps and for slides.
    pub(super) low_step: f64,
    pub(super) low_slide: f64,
    /// Of the daily and of the weekly shape alone.
    pub(super) day: Option<f64>,
    pub(super) week: Option<f64>,
    /// Periods that this moment was seen in, days or weeks, and weeks alone.
    pub(super) periods: usize,
    pub(super) weeks: usize,
}

impl Profile {
    pub(super) fn new(interval_seconds: f64) -> Self {
        let fits = |piece: &&i64| **piece as f64 >= interval_seconds;
        let piece_seconds = PIECES.iter().find(fits).copied().unwrap_or(0);
        let pieces = if piece_seconds > 0 { DAY_SECONDS / piece_seconds } else { 0 };
        let of = |count: i64| vec![Piece::default(); count as usize];
        let day = of(if pieces >= 4 { pieces } else { 0 });
        let is_curve = 2.0 * interval_seconds <= piece_seconds as f64;
        Self {
            piece_seconds,
            is_curve,
            day,
            week: of(pieces * WEEK_DAYS),
            open: None,
            recent: VecDeque::new(),
            near: None,
        }
    }

    /// What is known of a moment from the periods before it; `None`: nothing.
    pub(super) fn at(&mut self, at_ms: i64, weekly_is_better: bool) -> Option<Shape> {
        if self.week.is_empty() {
            return None;
        }
        let number = at_ms.div_euclid(1_000 * self.piece_seconds);
        if self.near.as_ref().is_none_or(|near| near.number != number) {
            self.near = self.look(number, weekly_is_better);
        }
        let near = self.near.as_ref()?;
        let inside = at_ms.rem_euclid(1_000 * self.piece_seconds) as f64;
        let off = inside / (1_000 * self.piece_seconds) as f64 - 0.5;
        let off = if self.is_curve { off } else { 0.0 };
        let other = near.centre[if off < 0.0 { 0 } else { 2 }];
        let value = near.centre[1] + off.abs() * (other - near.centre[1]);
        Some(Shape {
            value,
            low_step: near.low_step.min(value),
            low_slide: near.low_slide.min(value),
            day: near.day,
            week: near.week,
            periods: near.periods,
            weeks: near.weeks,
        })
    }

    /// Takes in a value that was not part of a drop.
    pub(super) fn learn(&mut self, at_ms: i64, value: f64) {
        if self.week.is_empty() {
            return;
        }
        let number = at_ms.div_euclid(1_000 * self.piece_seconds);
        match &mut self.open {
            Some((open, sum, count)) if *open == number => {
                *sum += value;
                *count += 1.0;
            }
            Some(_) | None => {
                self.close();
                self.open = Some((number, value, 1.0));
            }
        }
    }

    /// What came in the last hours is not to be learned.
    pub(super) fn doubt(&mut self) {
        (self.open, self.near) = (None, None);
        self.recent.clear();
    }

    fn close(&mut self) {
        let Some((number, sum, count)) = self.open.take() else { return };
        self.recent.push_back((number, sum / count));
        // No neighbour of a moment may be of its own period.
        let reach = SHIFT_SECONDS / self.piece_seconds + 1;
        while let Some((old, mean)) =
            self.recent.front().copied().filter(|(old, _)| number - old > reach)
        {
            self.recent.pop_front();
            for (pieces, most) in [(&mut self.day, DAYS), (&mut self.week, WEEKS)] {
                if !pieces.is_empty() {
                    let place = old.rem_euclid(pieces.len() as i64) as usize;
                    pieces[place].push(mean, most);
                }
            }
        }
        self.near = None;
    }

    fn look(&self, number: i64, weekly_is_better: bool) -> Option<Near> {
        let at = |number: i64| self.combined(number, weekly_is_better);
        let this = at(number)?;
        let low = |seconds: i64| {
            let reach = seconds / self.piece_seconds;
            (number - reach..=number + reach).filter_map(at).fold(this, f64::min)
        };
        let (day, week) = (smooth(&self.day, number), smooth(&self.week, number));
        let seen = |pieces: &[Piece]| of(pieces, number).map_or(0, |piece| piece.values.len());
        Some(Near {
            number,
            centre: [at(number - 1).unwrap_or(this), this, at(number + 1).unwrap_or(this)],
            day,
            week,
            low_step: low(JITTER_SECONDS),
            low_slide: low(SHIFT_SECONDS),
            periods: seen(&self.day).max(seen(&self.week)),
            weeks: seen(&self.week),
        })
    }

    fn combined(&self, number: i64, weekly_is_better: bool) -> Option<f64> {
        let (day, week) = (smooth(&self.day, number), smooth(&self.week, number));
        let weeks = of(&self.week, number).map_or(0, |piece| piece.values.len());
        match (day, week) {
            (Some(_), Some(week)) if weeks >= WEEKS_SURE && weekly_is_better => Some(week),
            (Some(day), Some(week)) => Some(day.min(week)),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        }
    }
}

impl Piece {
    fn push(&mut self, value: f64, most: usize) {
        if self.values.len() >= most {
            self.values.remove(0);
        }
        self.values.push(value);
        self.middle = median(&self.values);
    }
}

fn of(pieces: &[Piece], number: i64) -> Option<&Piece> {
    pieces.get(number.checked_rem_euclid(pieces.len() as i64)? as usize)
}

/// The middle of a piece and its neighbours, one to two to one.
fn smooth(pieces: &[Piece], number: i64) -> Option<f64> {
    let middle = |number: i64| {
        of(pieces, number).filter(|piece| !piece.values.is_empty()).map(|piece| piece.middle)
    };
    let this = middle(number)?;
    // Few pieces are steps of their own, not points of a curve.
    if pieces.len() < 48 {
        return Some(this);
    }
    let (before, after) = (middle(number - 1).unwrap_or(this), middle(number + 1).unwrap_or(this));
    Some(0.25 * before + 0.5 * this + 0.25 * after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn a_shape_is_known_after_a_period_and_holds_still_for_one_odd_day() {
        let mut profile = Profile::new(3_600.0);
        let value = |hour: i64| if (8..20).contains(&(hour % 24)) { 10.0 } else { 2.0 };
        for hour in 0..6 * 24 {
            let known = profile.at(hour * HOUR_MS, false);
            assert_eq!(known.is_some(), hour >= 24, "hour {hour}");
            let odd = (72..96).contains(&hour);
            profile.learn(hour * HOUR_MS, if odd { 50.0 } else { value(hour) });
        }
        for hour in [3, 12, 22] {
            let shape = profile.at((6 * 24 + hour) * HOUR_MS + HOUR_MS / 2, false);
            let shape = shape.expect("five days were seen");
            assert_eq!(shape.value, value(hour));
            assert!(shape.periods >= 5, "{}", shape.periods);
        }
        let edge = profile.at((6 * 24 + 8) * HOUR_MS + HOUR_MS / 2, false).unwrap();
        assert_eq!((edge.low_step, edge.low_slide), (10.0, 2.0));
    }

    #[test]
    fn the_week_holds_where_it_is_lower_and_where_it_is_sure() {
        let mut profile = Profile::new(21_600.0);
        let value = |day: i64| if day % 7 >= 5 { 4.0 } else { 10.0 };
        for piece in 0..28 * 4 {
            profile.learn(piece * 6 * HOUR_MS, value(piece / 4));
        }
        let mut at =
            |day: i64, sure| profile.at(((28 + day) * 24 + 3) * HOUR_MS, sure).unwrap().value;
        assert_eq!([at(2, false), at(5, false), at(2, true), at(6, true)], [10.0, 4.0, 10.0, 4.0]);
    }

    #[test]
    fn an_interval_beyond_a_day_has_no_shape() {
        let mut profile = Profile::new(90_000.0);
        profile.learn(0, 1.0);
        assert_eq!(profile.at(7 * 86_400_000, false), None);
        assert_eq!(Profile::new(1.0).week.len(), 2_016);
        assert!(Profile::new(86_400.0).day.is_empty());
    }
}
