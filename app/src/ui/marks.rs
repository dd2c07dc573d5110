//! Dense marks: many instances in few pixels, worst first, one path for each state.
//!
//! Healthy marks are the many, so they are one dashed line with round ends each row: their size in
//! bytes does not grow with their number. The rarer states are shapes that differ without colour.
//! The same functions draw on the server and in the browser.

use std::fmt::Write;

use mainstay_core::status::{Status, Tally};

use crate::ui::tone::Tone;

/// How marks are laid out: by count, so that a cell keeps its size.
#[derive(Clone, Copy)]
struct Layout {
    columns: u32,
    pitch: f32,
    radius: f32,
    /// Suffix of the class that sets the dash of healthy marks.
    class: char,
}

const LAYOUTS: [(u32, Layout); 4] = [
    (4, Layout { columns: 4, pitch: 8.0, radius: 3.0, class: 'a' }),
    (10, Layout { columns: 5, pitch: 7.6, radius: 2.8, class: 'b' }),
    (18, Layout { columns: 6, pitch: 6.2, radius: 2.4, class: 'c' }),
    (24, Layout { columns: 8, pitch: 5.0, radius: 1.9, class: 'd' }),
];
/// Most marks of a single row, and how they are laid out.
const ROW: (u32, Layout) = (24, Layout { columns: 24, pitch: 8.0, radius: 3.0, class: 'a' });
/// Width of a cell's drawing, in pixels.
const WIDTH: u32 = 40;
/// Rows of a fleet strip, columns at most, distance and radius of its marks: by the largest data
/// centre, so that the strips of one page compare.
const STRIPS: [(u32, u32, f32, f32); 3] = [(2, 28, 9.0, 3.0), (3, 40, 6.4, 2.4), (5, 64, 4.0, 1.5)];
/// Width of a strip's drawing.
const STRIP_WIDTH: u32 = 256;

/// The marks of one cell as an `<svg>`; empty when nothing is counted. Above 24 it is a bar of
/// shares with the number beside it.
pub fn marks_svg(tally: &Tally) -> String {
    let total = tally.total();
    if total == 0 {
        return String::new();
    }
    match LAYOUTS.iter().find(|(most, _)| total <= *most) {
        Some((_, layout)) => dots(tally, *layout, WIDTH),
        None => bar(tally),
    }
}

/// One mark, for legends and filter chips.
pub fn one_mark(status: Status) -> String {
    marks_svg(&std::iter::once(status).collect())
}

/// Marks in a single row, worst first; above 24 a bar of shares with the number beside it.
pub fn row_svg(tally: &Tally) -> String {
    let total = tally.total();
    let (most, layout) = ROW;
    match total {
        0 => String::new(),
        _ if total <= most => dots(tally, layout, total * 8 - 2),
        _ => bar(tally),
    }
}

/// Which strip fits a page whose largest data centre has `most` instances.
pub fn strip_size(most: u32) -> usize {
    STRIPS.iter().position(|(rows, columns, ..)| most <= rows * columns).unwrap_or(STRIPS.len() - 1)
}

/// The strip of a whole data centre: rows filled by column, worst from the left. Over what fits,
/// one mark stands for several, and no state that is present loses its last mark.
pub fn strip_svg(tally: &Tally, size: usize) -> String {
    let (rows, columns, pitch, radius) = STRIPS[size.min(STRIPS.len() - 1)];
    let total = tally.total();
    let capacity = rows * columns;
    let share = |n: u32| {
        if total <= capacity { n } else { (n * capacity).div_ceil(total).max(1) }
    };
    let mut svg = String::with_capacity(256);
    // From the left edge, also where the strip is wider or lower than its drawing.
    let _ = write!(
        svg,
        "<svg class=\"m s s{size}\" viewBox=\"0 0 {STRIP_WIDTH} 20\" \
         preserveAspectRatio=\"xMinYMid\" aria-hidden=\"true\">"
    );
    let mut at = 0;
    for (status, n) in tally.present() {
        let n = share(n).min(capacity - at.min(capacity));
        let mut path = String::new();
        if status == Status::Healthy {
            path = healthy_strip(at, n, rows, pitch, radius);
        } else {
            // Column by column, so that the worst stand at the left edge.
            for index in at..at + n {
                let (x, y) = ((index / rows) as f32 * pitch, (index % rows) as f32 * pitch);
                shape(&mut path, status, x, y, radius);
            }
        }
        push_path(&mut svg, status, &path);
        at += n;
    }
    svg.push_str("</svg>");
    svg
}

/// Whether markup is nothing but drawing: marks as made here, or a glyph. It can run nothing and
/// load nothing.
pub fn is_drawing(html: &str) -> bool {
    const TAGS: [&str; 8] =
        ["svg ", "path ", "rect ", "text ", "use href=\"#g-", "/svg>", "/text>", "/use>"];
    let mut tags = html.split('<').skip(1);
    let tags_known = tags.all(|rest| TAGS.iter().any(|tag| rest.starts_with(tag)));
    let starts = html.is_empty() || html.starts_with('<');
    tags_known && starts && !html.contains(" on") && !html.contains("script")
}

fn dots(tally: &Tally, layout: Layout, width: u32) -> String {
    let total = tally.total();
    let rows = total.div_ceil(layout.columns);
    let height = (rows - 1) as f32 * layout.pitch + 2.0 * layout.radius;
    let mut svg = String::with_capacity(128);
    let (class, height) = (layout.class, Short(height));
    let _ = write!(
        svg,
        r#"<svg class="m {class}" width="{width}" height="{height}" aria-hidden="true">"#
    );
    let mut at = 0;
    for (status, n) in tally.present() {
        let mut path = String::new();
        if status == Status::Healthy {
            healthy_rows(&mut path, at, n, layout);
        } else {
            for index in at..at + n {
                let x = (index % layout.columns) as f32 * layout.pitch;
                let y = (index / layout.columns) as f32 * layout.pitch;
                shape(&mut path, status, x, y, layout.radius);
            }
        }
        push_path(&mut svg, status, &path);
        at += n;
    }
    svg.push_str("</svg>");
    svg
}

/// A line for each row of healthy marks; the dash pattern of the class draws the circles.
fn healthy_rows(path: &mut String, from: u32, n: u32, layout: Layout) {
    let (mut index, end) = (from, from + n);
    while index < end {
        let column = index % layout.columns;
        let count = (layout.columns - column).min(end - index);
        let x = column as f32 * layout.pitch + layout.radius;
        let y = (index / layout.columns) as f32 * layout.pitch + layout.radius;
        // A little past the last centre, so that rounding never drops the last circle.
        let length = (count - 1) as f32 * layout.pitch + 0.2;
        let _ = write!(path, "M{} {}h{}", Short(x), Short(y), Short(length));
        index += count;
    }
}

/// Healthy marks of a strip: one line for each row. The first column may be begun by worse ones.
fn healthy_strip(from: u32, n: u32, rows: u32, pitch: f32, radius: f32) -> String {
    let mut path = String::new();
    let end = from + n;
    for row in 0..rows {
        let first = from + (row + rows - from % rows) % rows;
        if first >= end {
            continue;
        }
        let count = (end - 1 - first) / rows + 1;
        let x = (first / rows) as f32 * pitch + radius;
        let y = row as f32 * pitch + radius;
        let length = (count - 1) as f32 * pitch + 0.2;
        let _ = write!(path, "M{} {}h{}", Short(x), Short(y), Short(length));
    }
    path
}

fn push_path(svg: &mut String, status: Status, path: &str) {
    if !path.is_empty() {
        let _ = write!(svg, r#"<path class="d-{}" d="{path}"/>"#, Tone::from(status).class());
    }
}

/// One mark with its left top corner at `x`, `y`.
fn shape(path: &mut String, status: Status, x: f32, y: f32, r: f32) {
    let d = 2.0 * r;
    let (cx, cy) = (x + r, y + r);
    let _ = match status {
        // A square, larger than the others.
        Status::Failing => {
            let side = Short(d + 1.0);
            let (x, y) = (Short((x - 0.5).max(0.0)), Short((y - 0.5).max(0.0)));
            write!(path, "M{x} {y}h{side}v{side}h-{side}z")
        }
        // A triangle, point up.
        Status::Degraded => {
            let (half, high) = (Short(r + 0.6), Short(d + 0.4));
            let base = Short(d + 1.2);
            let (x, y) = (Short(cx), Short((y - 0.4).max(0.0)));
            write!(path, "M{x} {y}l{half} {high}h-{base}z")
        }
        // A hollow circle; the stroke stays inside the mark.
        Status::Unknown => {
            let (left, ring, back) = (Short(x + 0.5), Short(r - 0.5), Short(d - 1.0));
            let cy = Short(cy);
            write!(path, "M{left} {cy}a{ring} {ring} 0 1 1 {back} 0a{ring} {ring} 0 1 1-{back} 0")
        }
        // A diamond outline.
        Status::Planned => {
            let side = Short(r);
            write!(path, "M{} {}l{side} {side}-{side} {side}-{side}-{side}z", Short(cx), Short(y))
        }
        // The right half of a circle with a bar before it.
        Status::Updating => {
            let (cx, y, r, d) = (Short(cx), Short(y), Short(r), Short(d));
            let bar = Short(x + r.0 - 0.9);
            write!(path, "M{cx} {y}a{r} {r} 0 0 1 0 {d}zM{bar} {y}v{d}h-.9v-{d}z")
        }
        Status::Healthy => {
            let (x, cy, r, d) = (Short(x), Short(cy), Short(r), Short(d));
            write!(path, "M{x} {cy}h{d}a{r} {r} 0 1 0-{d} 0z")
        }
    };
}

/// Shares of a total above 24, with the number.
fn bar(tally: &Tally) -> String {
    let total = tally.total();
    let mut svg = String::from(r#"<svg class="m n" width="40" height="14" aria-hidden="true">"#);
    let mut x = 0.0;
    for (status, n) in tally.present() {
        // At least a pixel, so that a single failure among thousands is seen.
        let width = (n as f32 / total as f32 * WIDTH as f32).max(1.0).min(WIDTH as f32 - x);
        let _ = write!(
            svg,
            r#"<rect class="f-{}" x="{}" width="{}" height="4"/>"#,
            Tone::from(status).class(),
            Short(x),
            Short(width)
        );
        x += width;
    }
    let _ = write!(svg, r#"<text y="13.5">{total}</text></svg>"#);
    svg
}

/// A number with at most one decimal and no trailing zero.
#[derive(Clone, Copy)]
struct Short(f32);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() as i32;
        if tenths % 10 == 0 {
            write!(f, "{}", tenths / 10)
        } else if tenths.abs() < 10 {
            write!(f, "{}.{}", if tenths < 0 { "-" } else { "" }, tenths.abs())
        } else {
            write!(f, "{}.{}", tenths / 10, tenths.abs() % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: [u32; 6]) -> Tally {
        Tally(counts)
    }

    #[test]
    fn healthy_marks_cost_a_line_a_row() {
        assert_eq!(
            marks_svg(&tally([0, 0, 0, 0, 0, 3])),
            concat!(
                r#"<svg class="m a" width="40" height="6" aria-hidden="true">"#,
                r#"<path class="d-ok" d="M3 3h16.2"/></svg>"#
            )
        );
        let many = marks_svg(&tally([0, 0, 0, 0, 0, 17]));
        assert!(many.contains(r#"d="M2.4 2.4h31.2M2.4 8.6h31.2M2.4 14.8h25""#), "{many}");
    }

    #[test]
    fn the_worst_come_first_and_none_is_lost() {
        let svg = marks_svg(&tally([1, 0, 0, 0, 0, 1]));
        let (failing, healthy) = (svg.find("d-crit"), svg.find(r#"d="M11 3h.2""#));
        assert!(failing.is_some() && failing < healthy, "{svg}");
        let strip = strip_svg(&tally([1, 0, 0, 0, 0, 5000]), 2);
        assert!(strip.contains("d-crit") && strip.contains("d-ok"), "{strip}");
        assert!(marks_svg(&tally([1, 0, 0, 0, 0, 999])).contains(">1000</text>"));
        assert_eq!(marks_svg(&Tally::default()), "");
    }

    #[test]
    fn only_drawings_are_drawings() {
        let mixed = tally([1, 2, 3, 4, 5, 9]);
        let glyph = r##"<svg class="g" aria-hidden="true"><use href="#g-unk"/></svg>"##;
        for drawn in [&marks_svg(&mixed), &strip_svg(&mixed, 1), &marks_svg(&tally([0; 6])), glyph]
        {
            assert!(is_drawing(drawn), "{drawn}");
        }
        for other in [
            "<img src=x>",
            "words",
            "<svg onload=run()></svg>",
            "<svg ><a href=x></a></svg>",
            "<svg ><use href=\"/evil.svg#x\"/></svg>",
            "<svg ><script>run()</script></svg>",
        ] {
            assert!(!is_drawing(other), "{other}");
        }
    }

    #[test]
    fn a_strip_begins_where_the_worse_marks_end() {
        let strip = strip_svg(&tally([0, 2, 0, 0, 0, 8]), 2);
        // Rows 0 and 1 start in the second column, rows 2 to 4 in the first.
        assert!(strip.contains(r#"d="M5.5 1.5h.2M5.5 5.5h.2M1.5 9.5h4.2M1.5"#), "{strip}");
    }
}
