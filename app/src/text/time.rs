//! Times and durations. UTC first, 24 hours, never a bare age. Formatted by hand: the general
//! formatter is a tenth of the cost of a long page.

use std::fmt::Write;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use leptos::prelude::use_context;

use crate::t;
use crate::text::language::{PerLanguage, speak};

static MONTHS: LazyLock<PerLanguage<Vec<String>>> = LazyLock::new(|| names(|| t!("months")));
static WEEKDAYS: LazyLock<PerLanguage<Vec<String>>> = LazyLock::new(|| names(|| t!("weekdays")));

/// The names in a line of them, in each language.
fn names(line: impl Fn() -> String) -> PerLanguage<Vec<String>> {
    PerLanguage::of(|language| {
        speak(language, &line).split_whitespace().map(str::to_owned).collect()
    })
}

/// The zone in which the lists of the page that is drawn say their times, instead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListZone(pub Tz);

/// The zone of the lists on the page that is drawn; `None`: UTC.
pub fn list_zone() -> Option<Tz> {
    use_context::<ListZone>().map(|zone| zone.0)
}

/// `03:12` on the day of `now`, `20 Nov 03:12` on another, with the year when it is another.
pub fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let mut text = day_prefix(at, now);
    let _ = write!(text, "{:02}:{:02}", at.hour(), at.minute());
    text
}

/// [`clock`] in a zone, which it names: `04:12 Berlin`.
pub fn clock_in(zone: Tz, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let time = format!("{}{:02}:{:02}", day_prefix(at, now), at.hour(), at.minute());
    t!("clock-local", time = time, city = zone_city(zone))
}

/// [`clock_seconds`] in a zone, which it names: `04:12:07 Berlin`.
pub fn clock_seconds_in(zone: Tz, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let (h, m, s) = (at.hour(), at.minute(), at.second());
    let time = format!("{}{h:02}:{m:02}:{s:02}", day_prefix(at, now));
    t!("clock-local", time = time, city = zone_city(zone))
}

/// As [`clock`], to the second: `03:12:07`.
pub fn clock_seconds(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let mut text = day_prefix(at, now);
    let _ = write!(text, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    text
}

/// `Fri 20 Nov 03:12`, for the top bar.
pub fn date_clock(at: DateTime<Utc>) -> String {
    format!("{} {:02}:{:02}", date(at), at.hour(), at.minute())
}

/// `20 Nov`.
pub fn day(day: NaiveDate) -> String {
    format!("{} {}", day.day(), month(day.month0()))
}

/// `Fri 20`.
pub fn weekday_day(day: NaiveDate) -> String {
    format!("{} {}", weekday(day), day.day())
}

/// `Nov`.
pub fn month_name(day: NaiveDate) -> &'static str {
    month(day.month0())
}

/// `20 Nov 2026 03:12:07`, for print and tables that outlive the day.
pub fn full(at: DateTime<Utc>) -> String {
    format!(
        "{} {} {} {:02}:{:02}:{:02}",
        at.day(),
        month(at.month0()),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// `04:12 Berlin`: the time of day alone.
pub fn local_clock(at: DateTime<Utc>, zone: Tz) -> String {
    clock_in(zone, at, at)
}

/// The city of a zone: `Berlin` of `Europe/Berlin`.
pub fn zone_city(zone: Tz) -> String {
    let name = zone.name();
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// RFC 3339 to the second, for `<time datetime>`.
pub fn iso(at: DateTime<Utc>) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// [`clock`] with its zone: `03:12 UTC`.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    t!("utc", time = clock(at, now))
}

/// Reads a moment as it is typed: `2026-12-24 18:00`, in UTC, or RFC 3339.
pub fn read_moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").map(|it| it.and_utc());
    plain.ok().or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()))
}

/// A length of time, two units at most: `6 min 12 s`, `2 h 41 min`, `12 d`. Negative counts as 0.
pub fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (d, h, m, s) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let parts = match (d, h, m) {
        (0, 0, 0) if seconds == 0 && length.num_milliseconds() > 0 => {
            return t!("duration-ms", n = length.num_milliseconds());
        }
        (0, 0, 0) => return t!("duration-s", n = s),
        (0, 0, _) => [t!("duration-min", n = m), unless_zero(s, || t!("duration-s", n = s))],
        (0, _, _) => [t!("duration-h", n = h), unless_zero(m, || t!("duration-min", n = m))],
        (1, _, _) => [t!("duration-d", n = d), unless_zero(h, || t!("duration-h", n = h))],
        _ => return t!("duration-d", n = d),
    };
    parts.join(" ").trim_end().to_owned()
}

/// [`duration`] without its seconds, for what is told in minutes.
pub fn minutes(length: TimeDelta) -> String {
    let minutes = length.num_minutes().max(0);
    if minutes == 0 { t!("duration-min", n = 0) } else { duration(TimeDelta::minutes(minutes)) }
}

fn unless_zero(n: i64, say: impl Fn() -> String) -> String {
    if n == 0 { String::new() } else { say() }
}

fn day_prefix<Z: TimeZone>(at: DateTime<Z>, now: DateTime<Z>) -> String {
    if at.date_naive() == now.date_naive() {
        String::with_capacity(8)
    } else if at.year() == now.year() {
        format!("{} {} ", at.day(), month(at.month0()))
    } else {
        format!("{} {} {} ", at.day(), month(at.month0()), at.year())
    }
}

fn date(at: DateTime<Utc>) -> String {
    format!("{} {} {}", weekday(at.date_naive()), at.day(), month(at.month0()))
}

fn weekday(day: NaiveDate) -> &'static str {
    let at = day.weekday().num_days_from_monday() as usize;
    WEEKDAYS.spoken().get(at).map_or("", String::as_str)
}

fn month(month0: u32) -> &'static str {
    MONTHS.spoken().get(month0 as usize).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use mainstay_core::access::Language;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn times_say_what_differs_from_now() {
        let now = at("2026-11-20T03:12:07Z");
        for (then, text) in [
            ("2026-11-20T03:02:00Z", "03:02"),
            ("2026-11-19T16:40:00Z", "19 Nov 16:40"),
            ("2025-12-31T23:59:59Z", "31 Dec 2025 23:59"),
        ] {
            assert_eq!(clock(at(then), now), text);
        }
        assert_eq!(clock_seconds(now, now), "03:12:07");
        assert_eq!(date_clock(now), "Fri 20 Nov 03:12");
        assert_eq!(local_clock(now, chrono_tz::Europe::Berlin), "04:12 Berlin");
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(clock_in(berlin, at("2026-11-19T22:59:00Z"), now), "19 Nov 23:59 Berlin");
        assert_eq!(clock_in(berlin, at("2026-11-19T23:00:00Z"), now), "00:00 Berlin");
        assert_eq!(clock_in(berlin, at("2026-07-01T12:00:00Z"), now), "1 Jul 14:00 Berlin");
        assert_eq!(clock_seconds_in(berlin, now, now), "04:12:07 Berlin");
        assert_eq!(iso(now), "2026-11-20T03:12:07Z");
        assert_eq!(full(now), "20 Nov 2026 03:12:07");
    }

    #[test]
    fn days_have_their_names_in_each_language() {
        let (now, later) = (at("2026-11-20T03:12:07Z"), at("2027-01-01T00:00:00Z"));
        for (language, top, long, other) in [
            (Language::English, "Fri 20 Nov 03:12", "20 Nov 2026 03:12:07", "20 Nov 2026 03:12"),
            (Language::Italian, "ven 20 nov 03:12", "20 nov 2026 03:12:07", "20 nov 2026 03:12"),
            (
                Language::Russian,
                "пт 20 нояб. 03:12",
                "20 нояб. 2026 03:12:07",
                "20 нояб. 2026 03:12",
            ),
        ] {
            speak(language, || {
                assert_eq!(date_clock(now), top);
                assert_eq!(full(now), long);
                assert_eq!(clock(now, later), other);
                // The top bar takes the last two words apart.
                assert_eq!(moment(now, now), "03:12 UTC");
                let names = (MONTHS.spoken().len(), WEEKDAYS.spoken().len());
                assert_eq!(names, (12, 7), "{language:?}");
            });
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (372, "6 min 12 s"),
            (120, "2 min"),
            (9660, "2 h 41 min"),
            (100_000, "1 d 3 h"),
            (1_036_800, "12 d"),
        ] {
            assert_eq!(duration(TimeDelta::seconds(seconds)), text);
        }
        assert_eq!(duration(TimeDelta::milliseconds(250)), "250 ms");
    }
}
