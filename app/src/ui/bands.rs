//! States over time as horizontal bands, a row for each thing: equal neighbours are one band, each
//! state has a colour and a pattern of its own.
//!
//! Method: as [`super::plot`], plotters draws in sentinel colours at four times the size, which
//! become classes of the style sheet.

use chrono::{DateTime, TimeDelta, Utc};
use plotters::prelude::*;

use super::plot::{Anchor, SCALE, TICK_STEP, fine, word};
use crate::text;
use crate::ui::tone::Tone;

/// Most bands of one drawing; callers choose their step so that there are no more.
pub const BANDS_MAX: usize = 1_500;

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub struct Bands {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub rows: Vec<Row>,
}

/// One thing over time, oldest first; where nothing stands, nothing is drawn.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub label: String,
    pub pieces: Vec<Piece>,
}

/// One state for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub tone: Tone,
}

/// Joins neighbours that are the same.
pub fn join(pieces: impl IntoIterator<Item = Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if last.to >= piece.from && last.tone == piece.tone => last.to = piece.to,
            Some(_) | None => joined.push(piece),
        }
    }
    joined
}

/// Widths of drawings, in pixels: of a whole page, and of the wider one of two columns.
pub const PAGE: i32 = 1_140;
pub const COLUMN: i32 = 760;
const NARROW: i32 = 360;
const LEFT_WIDE: i32 = 150;
/// Labels stand above their bands where there is no room at the left.
const LEFT_NARROW: i32 = 0;
const BAND: i32 = 16;
const STEP_WIDE: i32 = 24;
const STEP_NARROW: i32 = 34;
const TOP: i32 = 4;
const BOTTOM: i32 = 18;

/// The tones with the colours that stand for them.
const TONES: [(Tone, RGBColor, &str); 5] = [
    (Tone::Crit, RGBColor(1, 2, 3), "b-crit"),
    (Tone::Warn, RGBColor(4, 5, 6), "b-warn"),
    (Tone::Unk, RGBColor(7, 8, 9), "gap"),
    (Tone::Plan, RGBColor(10, 11, 12), "b-plan"),
    (Tone::Ok, RGBColor(13, 14, 15), "b-ok"),
];

/// The drawing for screens that have the room, so wide, and the one for those that have not.
pub fn svg_for_all(bands: &Bands, width: i32) -> String {
    let wide = svg(bands, width, LEFT_WIDE, STEP_WIDE);
    let narrow = svg(bands, NARROW, LEFT_NARROW, STEP_NARROW);
    format!(r#"<div class="wide-only">{wide}</div><div class="narrow-only">{narrow}</div>"#)
}

fn svg(bands: &Bands, width: i32, left: i32, step: i32) -> String {
    let count = i32::try_from(bands.rows.len()).unwrap_or(0);
    let height = TOP + step * count + BOTTOM;
    let span = (bands.to - bands.from).max(TimeDelta::seconds(1)).num_seconds() as f64;
    let x = |at: DateTime<Utc>| {
        let part = (at - bands.from).num_seconds() as f64 / span;
        f64::from(left) + part.clamp(0.0, 1.0) * f64::from(width - left - 1)
    };
    // The band stands at the foot of its row.
    let top = |row: usize| f64::from(TOP + step * (i32::try_from(row).unwrap_or(0) + 1) - BAND - 4);
    let Some(mut svg) = draw(bands, (width, height), &x, &top) else { return String::new() };
    for (row, of) in bands.rows.iter().enumerate() {
        let (at, y) = match left {
            LEFT_NARROW => (0.0, top(row) - 4.0),
            _ => (0.0, top(row) + 12.0),
        };
        word(&mut svg, "", Anchor::Start, at, y, &of.label);
    }
    let foot = f64::from(height - 4);
    let parts = if (width - left) / 6 >= TICK_STEP * 2 { 6 } else { 2 };
    for part in 0..=parts {
        let at = bands.from + (bands.to - bands.from) * part / parts;
        let anchor = match part {
            0 => Anchor::Start,
            _ if part == parts => Anchor::End,
            _ => Anchor::Middle,
        };
        word(&mut svg, "", anchor, x(at), foot, &text::clock(at, bands.to));
    }
    svg.push_str("</svg>");
    svg
}

/// The bands alone, with the end of the drawing left open; `None`: the backend failed.
fn draw(
    bands: &Bands,
    (width, height): (i32, i32),
    x: &dyn Fn(DateTime<Utc>) -> f64,
    top: &dyn Fn(usize) -> f64,
) -> Option<String> {
    let size = ((width * SCALE) as u32, (height * SCALE) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (row, of) in bands.rows.iter().enumerate() {
            for piece in &of.pieces {
                let Some((_, colour, _)) = TONES.iter().find(|(tone, ..)| *tone == piece.tone)
                else {
                    continue;
                };
                let (left, right) = (fine(x(piece.from)), fine(x(piece.to)));
                // What is short is seen all the same.
                let right = right.max(left + SCALE);
                let (upper, lower) = (fine(top(row)), fine(top(row) + f64::from(BAND)));
                let band = Rectangle::new([(left, upper), (right, lower)], colour.filled());
                area.draw(&band).ok()?;
            }
        }
        area.present().ok()?;
    }
    for (_, RGBColor(r, g, b), class) in TONES {
        let fill = format!("opacity=\"1\" fill=\"#{r:02X}{g:02X}{b:02X}\" stroke=\"none\"");
        svg = svg.replace(&fill, &format!("class=\"{class}\""));
    }
    let head = format!(r#"<svg width="{}" height="{}""#, width * SCALE, height * SCALE);
    svg = svg.replacen(&head, r#"<svg class="ch x4" aria-hidden="true""#, 1);
    svg = svg.replacen(r#" xmlns="http://www.w3.org/2000/svg""#, "", 1).replace('\n', "");
    svg.truncate(svg.rfind("</svg>")?);
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(from: i64, to: i64, tone: Tone) -> Piece {
        let at = |hours| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        Piece { from: at(from), to: at(to), tone }
    }

    #[test]
    fn equal_neighbours_are_one_band_and_holes_stay() {
        let pieces = [
            piece(0, 1, Tone::Ok),
            piece(1, 2, Tone::Ok),
            piece(2, 3, Tone::Unk),
            piece(4, 5, Tone::Unk),
        ];
        let joined = join(pieces);
        assert_eq!(joined, [piece(0, 2, Tone::Ok), piece(2, 3, Tone::Unk), piece(4, 5, Tone::Unk)]);
    }

    #[test]
    fn colours_are_classes_and_text_is_escaped() {
        let pieces = TONES.iter().zip(0..).map(|((tone, ..), at)| piece(at, at + 1, *tone));
        let bands = Bands {
            from: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH + TimeDelta::hours(5),
            rows: vec![Row { label: "a<b".to_owned(), pieces: pieces.collect() }],
        };
        let svg = svg_for_all(&bands, PAGE);
        assert!(!svg.contains('#') && !svg.contains("style="), "{svg}");
        for (_, _, class) in TONES {
            assert_eq!(svg.matches(&format!("class=\"{class}\"")).count(), 2, "{class} in {svg}");
        }
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"), "{svg}");
    }
}
