//! Moments as people write them: ISO 8601, or seconds since the epoch.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// How the moments of a series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// With or without a zone; without one it is taken as UTC.
    Iso,
    /// Since the epoch, or since any other instant.
    Seconds,
    Milliseconds,
}

/// A moment in the form of its series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stamp {
    Whole(i64),
    Number(f64),
    Text(String),
}

/// Numbers from this size are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;
/// Largest number that is a moment: beyond the year 100,000 in milliseconds.
const NUMBER_MAX: f64 = 4e15;
const FORMS: [&str; 8] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y%m%dT%H%M%S%.f",
    "%Y-%m-%dT%H",
];
const ZONED: [&str; 3] =
    ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"];

impl Form {
    /// How a text is written; `None`: it is no moment.
    pub fn of(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<f64>() {
            let is_large = number.abs() >= MILLISECONDS_FROM;
            let fits = number.abs() <= NUMBER_MAX;
            return fits.then_some(if is_large { Self::Milliseconds } else { Self::Seconds });
        }
        iso(text).map(|_| Self::Iso)
    }

    /// The moment that a text of this form says, in milliseconds since the epoch.
    pub fn parse(self, text: &str) -> Option<i64> {
        let times = match self {
            Self::Iso => return iso(text),
            Self::Seconds => 1_000.0,
            Self::Milliseconds => 1.0,
        };
        let number = text.parse::<f64>().ok()? * times;
        (number.abs() <= NUMBER_MAX).then_some(number.round() as i64)
    }

    pub fn stamp(self, at_ms: i64) -> Stamp {
        match self {
            Self::Iso => Stamp::Text(DateTime::<Utc>::from_timestamp_millis(at_ms).map_or_else(
                || at_ms.to_string(),
                |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            )),
            Self::Seconds if at_ms % 1_000 != 0 => Stamp::Number(at_ms as f64 / 1_000.0),
            Self::Seconds => Stamp::Whole(at_ms / 1_000),
            Self::Milliseconds => Stamp::Whole(at_ms),
        }
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

fn iso(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let naive = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    if let Some(at) = naive.or_else(day) {
        return Some(at.and_utc().timestamp_millis());
    }
    let zoned = ZONED.iter().find_map(|form| DateTime::parse_from_str(text, form).ok());
    Some(zoned?.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_usual_form_and_written_in_their_own() {
        for (text, form, ms, written) in [
            ("2014-04-10 00:04:00", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014-04-10T00:04", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014-04-10T00:04:00.250Z", Form::Iso, 1_397_088_240_250, "2014-04-10T00:04:00.250Z"),
            ("2014-04-10 02:04:00+02:00", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014-04-10 02:04:00+0200", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014-04-10 02:04:00+02", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014/04/10 00:04:00", Form::Iso, 1_397_088_240_000, "2014-04-10T00:04:00Z"),
            ("2014-04-10", Form::Iso, 1_397_088_000_000, "2014-04-10T00:00:00Z"),
            ("1397088240", Form::Seconds, 1_397_088_240_000, "1397088240"),
            ("1397088240.0", Form::Seconds, 1_397_088_240_000, "1397088240"),
            ("7.5", Form::Seconds, 7_500, "7.5"),
            ("-3", Form::Seconds, -3_000, "-3"),
            ("1397088240000", Form::Milliseconds, 1_397_088_240_000, "1397088240000"),
        ] {
            assert_eq!(Form::of(text), Some(form), "{text}");
            assert_eq!(form.parse(text), Some(ms), "{text}");
            assert_eq!(form.stamp(ms).to_string(), written, "{text}");
        }
        for text in ["", "yesterday", "NaN", "inf", "1e300", "10/04/2014", "2014-13-01", "00:04"] {
            assert_eq!(Form::of(text), None, "{text}");
        }
    }
}
