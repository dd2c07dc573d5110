//! Local times as instants, also where clocks change.
//!
//! One rule for all: a local time that does not exist is the first instant after the gap, one that
//! comes twice is the earlier. Zones come from the IANA database that is compiled in.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono::{TimeZone as _, Utc};
use chrono_tz::{GapInfo, Tz};

/// The instant so many minutes after a day's midnight by the wall clock; `None` if the zone left
/// the whole day out.
pub(crate) fn instant(zone: Tz, day: NaiveDate, minutes: u16) -> Option<DateTime<Utc>> {
    let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes));
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Some(at.to_utc()),
        MappedLocalTime::None => {
            let gap = GapInfo::new(&local, &zone)?;
            let end = gap.end?;
            let (midnight, next) = (day.and_time(NaiveTime::MIN), day.succ_opt()?);
            let left_out =
                gap.begin.is_none_or(|(begin, _)| begin <= midnight) && end.date_naive() >= next;
            (!left_out).then(|| end.to_utc())
        }
    }
}

/// The same local time so many days of the calendar later.
pub(super) fn days_later(zone: Tz, at: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    let local = at.with_timezone(&zone).naive_local();
    let local = local.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDateTime::MAX);
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.to_utc(),
        MappedLocalTime::None => {
            let gap = GapInfo::new(&local, &zone).and_then(|gap| gap.end);
            gap.map_or_else(|| local.and_utc(), |end| end.to_utc())
        }
    }
}

/// The date on the wall at an instant.
pub(crate) fn day(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_repeated_times() {
        for (zone, day, minutes, expected) in [
            ("Europe/Berlin", "2026-03-29", 135, "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25", 135, "2026-10-25T00:15:00Z"),
            ("Africa/Cairo", "2026-04-24", 0, "2026-04-23T22:00:00Z"),
            ("America/Havana", "2026-03-08", 0, "2026-03-08T05:00:00Z"),
            ("America/Havana", "2026-11-01", 0, "2026-11-01T04:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-04", 135, "2026-10-03T15:30:00Z"),
            ("Australia/Lord_Howe", "2026-04-05", 105, "2026-04-04T14:45:00Z"),
            ("Pacific/Apia", "2011-12-31", 0, "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-30", 0, "none"),
            ("Pacific/Apia", "2011-12-30", 1_439, "none"),
            ("Pacific/Apia", "2011-12-29", 1_439, "2011-12-30T09:59:00Z"),
        ] {
            let date = day.parse().expect("a date");
            let found = instant(zone.parse().expect("a zone"), date, minutes);
            let found = found.map_or("none".to_owned(), |at| {
                at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            });
            assert_eq!(found, expected, "{zone} {day} {minutes}");
        }
    }
}
