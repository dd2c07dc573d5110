//! The range of time that a page of traffic shows, from its address.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::link::{Segment, segments};

/// Seconds are kept for so long; before that there are minutes.
const BY_SECOND: TimeDelta = TimeDelta::hours(1);
/// Minutes are kept for so long.
const KEPT: TimeDelta = TimeDelta::days(31);
/// Shortest range that is shown.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);
/// Ranges that are offered, as they stand in the address.
const OFFERED: [(&str, TimeDelta); 6] = [
    ("-15min", TimeDelta::minutes(15)),
    ("-1h", TimeDelta::hours(1)),
    ("-6h", TimeDelta::hours(6)),
    ("-1d", TimeDelta::days(1)),
    ("-7d", TimeDelta::days(7)),
    ("-30d", TimeDelta::days(30)),
];

/// A range with its resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Range {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Whether there is a value for each second; else for each minute.
    pub by_second: bool,
}

impl Range {
    /// Reads `from` and `to`: RFC 3339, or `-6h` before now. What cannot be used is named; the
    /// default is the last hour.
    pub fn read(query: &Query, now: DateTime<Utc>) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let to = query.read("to", &mut dropped, |text| moment(text, now)).unwrap_or(now).min(now);
        let from = query.read("from", &mut dropped, |text| {
            moment(text, now).filter(|from| *from <= to - SHORTEST)
        });
        let from = from.unwrap_or(to - TimeDelta::hours(1)).max(now - KEPT);
        let to = to.max(from + SHORTEST);
        (Self { from, to, by_second: from >= now - BY_SECOND }, dropped)
    }

    /// Seconds between two values as they are kept.
    pub const fn step_seconds(self) -> u32 {
        if self.by_second { 1 } else { 60 }
    }
}

/// A time, or a length of time before now.
fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let text = text.strip_prefix('-')?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let n: i64 = digits.parse().ok().filter(|n| (1..=100_000).contains(n))?;
    let length = match &text[digits.len()..] {
        "s" => TimeDelta::seconds(n),
        "min" | "m" => TimeDelta::minutes(n),
        "h" => TimeDelta::hours(n),
        "d" => TimeDelta::days(n),
        _ => return None,
    };
    Some(now - length)
}

/// Links to the ranges that are offered.
pub(super) fn links(path: &str, range: Range) -> AnyView {
    let length = range.to - range.from;
    let items = OFFERED.iter().map(|(name, offered)| Segment {
        href: paths::with_query(path, &[("from", name)]),
        label: text::duration(*offered),
        current: (length - *offered).abs() < TimeDelta::seconds(30),
    });
    segments(t!("range-label"), items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_lengths_and_names_what_is_neither() {
        let now: DateTime<Utc> = "2026-11-20T03:12:07Z".parse().expect("a time");
        for (query, seconds, by_second, dropped) in [
            ("", 3_600, true, 0),
            ("from=-15min", 900, true, 0),
            ("from=-6h", 21_600, false, 0),
            ("from=2026-11-20T03:00:00Z&to=2026-11-20T03:10:00Z", 600, true, 0),
            ("from=yesterday", 3_600, true, 1),
            ("from=-6h&to=-9h", 3_600, false, 1),
            ("from=-99999d", 31 * 86_400, false, 0),
            ("from=-0h", 3_600, true, 1),
        ] {
            let (range, named) = Range::read(&Query::parse(query), now);
            assert_eq!((range.to - range.from).num_seconds(), seconds, "{query}");
            assert_eq!((range.by_second, named.len()), (by_second, dropped), "{query}");
        }
    }
}
