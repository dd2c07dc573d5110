//! The colours of both themes, read from the token file: text and marks are readable (WCAG 2.2),
//! and the dense marks stay apart for readers who see red and green alike.

use std::collections::BTreeMap;

const TOKENS: &str = include_str!("../../style/tokens.css");
const THEMES: [&str; 2] = ["light", "dark"];
const SURFACES: [&str; 5] = ["canvas", "surface", "raised", "sunken", "hover"];
/// Dense marks stand in tables and cards only.
const UNDER_DOTS: [&str; 2] = ["surface", "raised"];
const STATUSES: [&str; 6] = ["ok", "warn", "crit", "prog", "unk", "plan"];
/// Contrast of text, and of marks and controls.
const TEXT: f64 = 4.5;
const MARK: f64 = 3.0;
/// Distance of dense marks in OKLab.
const APART: f64 = 0.10;

/// Protanopia and deuteranopia in linear RGB (Machado, Oliveira, Fernandes, "A
/// physiologically-based model for simulation of color vision deficiency", 2009).
const SIMULATIONS: [(&str, [[f64; 3]; 3]); 2] = [
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
];

/// Marks that must not be taken for one another.
const MARKS: [(&str, &str); 3] =
    [("ok-dot", "warn-dot"), ("ok-dot", "crit-dot"), ("warn-dot", "crit-dot")];

type Colour = [f64; 3];

/// Linear RGB of every colour token, in both themes.
fn tokens() -> BTreeMap<&'static str, [Colour; 2]> {
    let lines = TOKENS.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
    let tokens = lines.filter_map(|(name, value)| {
        let pair = value.trim().strip_prefix("light-dark(")?.split_once(')')?.0;
        let (light, dark) = pair.split_once(", ")?;
        Some((name, [linear(light), linear(dark)]))
    });
    tokens.collect()
}

fn linear(hex: &str) -> Colour {
    let channel = |at: usize| {
        let part = hex.get(at..at + 2).unwrap_or_else(|| panic!("{hex} is no colour"));
        let value = f64::from(u8::from_str_radix(part, 16).expect("hexadecimal digits")) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    [channel(1), channel(3), channel(5)]
}

/// WCAG's contrast ratio.
fn contrast(a: Colour, b: Colour) -> f64 {
    let luminance = |[r, g, b]: Colour| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

/// Björn Ottosson's OKLab.
fn oklab([r, g, b]: Colour) -> Colour {
    let (r, g, b) = (r.max(0.0), g.max(0.0), b.max(0.0));
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

fn seen(matrix: &[[f64; 3]; 3], colour: Colour) -> Colour {
    matrix.map(|row| row.iter().zip(colour).map(|(part, channel)| part * channel).sum())
}

#[test]
fn text_and_marks_are_readable_on_every_surface() {
    let tokens = tokens();
    let mut faults = Vec::new();
    let mut check = |front: &str, back: &str, least: f64| {
        for (theme, name) in THEMES.iter().enumerate() {
            let found = contrast(tokens[front][theme], tokens[back][theme]);
            if found < least {
                faults.push(format!("{name}: {front} on {back} is {found:.2}, under {least}"));
            }
        }
    };
    for surface in SURFACES {
        for text in ["text", "text-2", "text-3", "link"] {
            check(text, surface, TEXT);
        }
        for control in ["line-control", "focus"] {
            check(control, surface, MARK);
        }
        for status in STATUSES {
            check(&format!("{status}-fg"), surface, TEXT);
            check(&format!("{status}-solid"), surface, MARK);
        }
    }
    for status in STATUSES {
        check(&format!("{status}-fg"), &format!("{status}-tint"), TEXT);
        for surface in UNDER_DOTS {
            check(&format!("{status}-dot"), surface, MARK);
        }
    }
    check("on-primary", "primary", TEXT);
    check("on-primary", "primary-hover", TEXT);
    check("on-crit", "crit-solid", TEXT);
    check("on-crit", "crit-solid-hover", TEXT);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn dense_marks_stay_apart_without_red_and_green() {
    let tokens = tokens();
    for (deficiency, matrix) in &SIMULATIONS {
        for (theme, name) in THEMES.iter().enumerate() {
            for (a, b) in MARKS {
                let of = |token: &str| oklab(seen(matrix, tokens[token][theme]));
                let squares = of(a).into_iter().zip(of(b)).map(|(x, y)| (x - y).powi(2));
                let apart = squares.sum::<f64>().sqrt();
                assert!(apart >= APART, "{name}, {deficiency}: {a} and {b} are {apart:.3} apart");
            }
        }
    }
}
