//! Numbers: thousands apart, three significant digits, a unit always; marks as each language
//! writes them (CLDR).

use mainstay_core::access::Language;

use crate::t;
use crate::text::language;

/// A whole number: `1,204`; `1.204` in Italian, `1 204` with a no-break space in Russian.
pub fn number(n: impl Into<u64>) -> String {
    let digits = n.into().to_string();
    let mark = match language() {
        Language::English => ',',
        Language::Italian => '.',
        Language::Russian => '\u{a0}',
    };
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// A number with so many decimals: `0.25`, `0,25`. Its thousands stay together.
pub fn decimal(value: f64, decimals: usize) -> String {
    marked(&format!("{value:.decimals$}"))
}

/// A number that was written with a point, with the mark of the language.
pub(crate) fn marked(written: &str) -> String {
    match language() {
        Language::English => written.to_owned(),
        Language::Italian | Language::Russian => written.replace('.', ","),
    }
}

/// [`decimal`] without trailing zeros.
pub(crate) fn trimmed(value: f64, decimals: usize) -> String {
    let text = decimal(value, decimals);
    if text.contains(['.', ',']) {
        text.trim_end_matches('0').trim_end_matches(['.', ',']).to_owned()
    } else {
        text
    }
}

/// Memory or size, decimal units: `48.3 MB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => t!("bytes-kb", n = significant(bytes as f64 / 1e3)),
        1_000_000..1_000_000_000 => t!("bytes-mb", n = significant(bytes as f64 / 1e6)),
        _ => t!("bytes-gb", n = significant(bytes as f64 / 1e9)),
    }
}

/// Processor use: `12% of a core`, from a core on `1.5 cores`.
pub fn cpu(millicores: u32) -> String {
    if millicores < 1000 {
        t!("cpu-percent", n = significant(f64::from(millicores) / 10.0))
    } else {
        t!("cpu-cores", n = significant(f64::from(millicores) / 1000.0))
    }
}

/// Three significant digits at most, without trailing zeros.
fn significant(value: f64) -> String {
    let decimals = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    trimmed(value, decimals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::speak;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        for (n, text) in [(0u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
        for (n, text) in [(512, "0.51 kB"), (48_300_000, "48.3 MB"), (2_000_000_000, "2 GB")] {
            assert_eq!(bytes(n), text);
        }
        for (n, text) in [(0, "0% of a core"), (124, "12.4% of a core"), (1500, "1.5 cores")] {
            assert_eq!(cpu(n), text);
        }
    }

    #[test]
    fn each_language_has_its_marks() {
        for (language, whole, part) in [
            (Language::English, "1,234,567", "48.3"),
            (Language::Italian, "1.234.567", "48,3"),
            (Language::Russian, "1\u{a0}234\u{a0}567", "48,3"),
        ] {
            speak(language, || {
                assert_eq!(number(1_234_567u64), whole);
                assert_eq!(trimmed(48.30, 2), part);
                assert_eq!(trimmed(2000.0, 1), "2000");
                assert!(bytes(48_300_000).starts_with(part), "{}", bytes(48_300_000));
            });
        }
    }
}
