//! Plans worked out anew, day by day and minute by minute, by other means than the plan's own.
//!
//! Local time is found by reading the wall clock at every minute of UTC; days, turns and chains by
//! counting from the origin. Only the zone's offset at an instant is taken from the same tables.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::*;

/// Seconds.
const MINUTE: i64 = 60;
const DAY_MINUTES: i64 = 1_440;

/// What the wall clock shows at every minute of a stretch of UTC.
pub(super) struct Clock {
    /// First minute of UTC, counted from 1970.
    first: i64,
    /// Minutes of the wall clock, counted from its 1970.
    shown: Vec<i64>,
}

impl Clock {
    pub fn new(zone: Tz, from: NaiveDate, to: NaiveDate) -> Self {
        let minute = |day: NaiveDate| midnight(day) / MINUTE;
        let (first, last) = (minute(from), minute(to));
        let shown = (first..last).map(|minute| {
            let utc = DateTime::from_timestamp(minute * MINUTE, 0).expect("an instant");
            zone.from_utc_datetime(&utc.naive_utc()).naive_local().and_utc().timestamp() / MINUTE
        });
        Self { first, shown: shown.collect() }
    }

    /// The first minute of UTC at which the clock shows this or more.
    fn reaches(&self, shown: i64) -> i64 {
        // No clock is more than a day from UTC.
        let start = usize::try_from(shown - DAY_MINUTES - self.first).expect("inside the stretch");
        let ahead = self.shown[start..].iter().position(|at| *at >= shown);
        self.first + (start + ahead.expect("inside the stretch")) as i64
    }

    fn shows(&self, utc: i64) -> i64 {
        self.shown[usize::try_from(utc - self.first).expect("inside the stretch")]
    }

    /// Whether there is any minute of this date.
    fn has(&self, day: NaiveDate) -> bool {
        let start = midnight(day) / MINUTE;
        let reached = self.reaches(start);
        self.shows(reached) < start + DAY_MINUTES
    }
}

fn midnight(day: NaiveDate) -> i64 {
    let at: NaiveDateTime = day.and_hms_opt(0, 0, 0).expect("a time");
    at.and_utc().timestamp()
}

fn instant(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * MINUTE, 0).expect("an instant")
}

/// What a policy says, without its type.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Every so many days; or the days of the week, Monday 0.
    pub full: Result<i64, Vec<i64>>,
    pub differential: bool,
    pub literal: bool,
    /// Minutes after midnight, and length.
    pub window: (i64, i64),
    pub retention_days: i64,
    pub origin: &'static str,
    pub datacenters: usize,
}

impl Rules {
    pub fn toml(&self) -> String {
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let full = match &self.full {
            Ok(days) => format!("full_every_days = {days}"),
            Err(days) => {
                let days: Vec<_> = days.iter().map(|at| names[*at as usize]).collect();
                format!("full_on = {days:?}")
            }
        };
        let time = |at: i64| format!("{:02}:{:02}", at / 60 % 24, at % 60);
        let (from, length) = self.window;
        let rotation = if self.literal { "literal" } else { "chain" };
        format!(
            "{full}\ndifferential = {}\nwindow = \"{}-{}\"\nretention_days = {}\n\
             rotation = \"{rotation}\"\norigin = \"{}\"\n",
            self.differential,
            time(from),
            time(from + length),
            self.retention_days,
            self.origin,
        )
    }

    /// Every copy of the days from the origin to before `until`, as [`Planned`].
    pub fn plan(&self, clock: &Clock, until: NaiveDate) -> Vec<Planned> {
        let origin: NaiveDate = self.origin.parse().expect("a date");
        // 1 January 1970 was a Thursday.
        let weekday = |day: NaiveDate| (midnight(day) / (DAY_MINUTES * MINUTE) + 3).rem_euclid(7);
        let is_full = |day: NaiveDate| match &self.full {
            Ok(every) => day.signed_duration_since(origin).num_days() % every == 0,
            Err(days) => days.contains(&weekday(day)),
        };
        let (mut planned, mut copies, mut fulls) = (Vec::new(), 0, 0);
        let mut day = origin;
        let mut full: Option<NaiveDate> = None;
        let mut place = 0;
        while day < until {
            let kind = if is_full(day) {
                (full, place) = (Some(day), fulls);
                fulls += 1;
                Some(Kind::Full)
            } else {
                self.differential.then_some(Kind::Differential)
            };
            if let Some(kind) = kind {
                let turn = if self.literal { copies } else { place };
                copies += 1;
                // Before the first full after the origin stand differentials of an earlier one.
                if let Some(full) = full.filter(|_| clock.has(day)) {
                    let mut last = full;
                    while self.differential && !is_full(last + Duration::days(1)) {
                        last += Duration::days(1);
                    }
                    planned.push(self.copy(clock, kind, day, full, last, turn));
                }
            }
            day += Duration::days(1);
        }
        planned
    }

    fn copy(
        &self,
        clock: &Clock,
        kind: Kind,
        day: NaiveDate,
        full: NaiveDate,
        last: NaiveDate,
        turn: usize,
    ) -> Planned {
        let window = |day: NaiveDate| {
            let start = clock.reaches(midnight(day) / MINUTE + self.window.0);
            (start, start + self.window.1)
        };
        let (start, end) = window(day);
        let shown = clock.shows(window(last).1);
        let expires = clock.reaches(shown + self.retention_days * DAY_MINUTES);
        Planned {
            database: DatabaseId::new("db").expect("an id"),
            kind,
            window_start: instant(start),
            window_end: instant(end),
            datacenter: dc(&format!("d{}", turn % self.datacenters + 1)),
            chain: format!("db-{}", full.format("%Y-%m-%d")),
            expires_at: instant(expires),
        }
    }
}
