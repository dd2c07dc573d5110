//! A QR code as a drawing: dark squares on white in both themes, because cameras want it so.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcode::{Color, QrCode};

/// White squares around the code that readers need to find it.
const QUIET: usize = 4;

/// The code of `text`, named `label` for those who do not see it; nothing when `text` is too long
/// for one.
pub fn qr(text: &str, label: String) -> Option<AnyView> {
    let code = QrCode::new(text).ok()?;
    let side = code.width() + 2 * QUIET;
    let path = dark(&code);
    let view_box = format!("0 0 {side} {side}");
    Some(
        view! {
            <svg class="qr" role="img" aria-label=label viewBox=view_box
                shape-rendering="crispEdges">
                <rect width=side height=side fill="#fff"></rect>
                <path d=path fill="#000"></path>
            </svg>
        }
        .into_any(),
    )
}

/// The dark squares, runs of a row in one.
fn dark(code: &QrCode) -> String {
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (x, y, n) = (x + QUIET, y + QUIET, run.len());
                let _ = write!(path, "M{x} {y}h{n}v1h-{n}z");
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_square_is_drawn_once() {
        let code = QrCode::new("otpauth://totp/Mainstay:ann?secret=GEZDGNBV").expect("it fits");
        let drawn: usize = dark(&code)
            .split('h')
            .skip(1)
            .step_by(2)
            .filter_map(|run| run.split('v').next()?.parse::<usize>().ok())
            .sum();
        let wanted = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        assert_eq!(drawn, wanted);
        let html = crate::render::fragment(|| qr("text", "A code".to_owned()).expect("fits"));
        assert!(html.contains("role=\"img\"") && html.contains("viewBox=\"0 0 29 29\""), "{html}");
        assert!(qr(&"x".repeat(5_000), String::new()).is_none());
    }
}
