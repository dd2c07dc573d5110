//! How fast the budget of an objective is used up, and when a person has to be told.
//!
//! Method: multiwindow, multi-burn-rate alerts (Beyer et al., "The Site Reliability Workbook",
//! 2018, chapter 5). A rate of 1 uses exactly the budget of the period up; a long window says that
//! enough was lost to matter, a short one that it still goes on.

use serde::{Deserialize, Serialize};

use super::{Share, Target};

/// Requests in the long window without which minutes are asked instead.
pub const REQUESTS_MIN: u64 = 1_000;
/// Bad requests in the long window without which nobody is woken.
pub const ERRORS_MIN: u64 = 10;
/// Bad minutes in the long window without which nobody is woken: of a month at three nines one is
/// more than 2 %.
pub const MINUTES_MIN: u64 = 3;

/// How quickly a person is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speed {
    /// Now: at this rate the budget of a month lasts hours or a few days.
    Page,
    /// On a working day.
    Ticket,
}

/// A pair of windows and the rate above which both have to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    pub long_minutes: u32,
    pub short_minutes: u32,
    pub rate: f64,
    pub speed: Speed,
}

/// Over a month: 2 % of its budget in an hour, 5 % in six, 10 % in three days.
pub const WINDOWS: [Windows; 3] = [
    Windows { long_minutes: 60, short_minutes: 5, rate: 14.4, speed: Speed::Page },
    Windows { long_minutes: 360, short_minutes: 30, rate: 6.0, speed: Speed::Page },
    Windows { long_minutes: 4_320, short_minutes: 360, rate: 1.0, speed: Speed::Ticket },
];
/// Every length of a window, in minutes, the shortest first.
pub const LENGTHS: [u32; 5] = [5, 30, 60, 360, 4_320];

/// What was good of each length of time up to now, in the order of [`LENGTHS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lately {
    pub requests: [Share; LENGTHS.len()],
    pub minutes: [Share; LENGTHS.len()],
}

impl Default for Lately {
    fn default() -> Self {
        let none = [Share { good: 0, total: 0 }; LENGTHS.len()];
        Self { requests: none, minutes: none }
    }
}

/// How fast a budget burns in one pair of windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    pub long_minutes: u32,
    pub short_minutes: u32,
    /// Over the whole window, of which a part may not be measured; `None`: nothing was.
    pub long: Option<f64>,
    pub short: Option<f64>,
    /// Above this both are told of.
    pub limit: f64,
    pub speed: Speed,
    /// Whether requests were asked, and not minutes.
    pub by_requests: bool,
    /// Both are above the limit.
    pub fires: bool,
}

/// How fast the budget burns in each pair of windows, in the order of [`WINDOWS`].
pub fn burns(lately: &Lately, target: Target) -> [Burn; WINDOWS.len()] {
    WINDOWS.map(|windows| burn(lately, target, windows))
}

/// The first pair of windows that a person has to be told of: pages before tickets.
pub fn alert(burns: &[Burn]) -> Option<&Burn> {
    burns.iter().find(|burn| burn.fires)
}

/// A rate in steps, so that the same trouble stays the same while its numbers move a little.
pub fn step(rate: f64) -> u32 {
    const STEPS: [u32; 12] = [1, 2, 5, 10, 14, 20, 50, 100, 200, 500, 1_000, 10_000];
    let below = STEPS.into_iter().rev().find(|step| f64::from(*step) <= rate);
    below.unwrap_or(STEPS[0])
}

fn burn(lately: &Lately, target: Target, windows: Windows) -> Burn {
    let at = |minutes: u32| LENGTHS.iter().position(|length| *length == minutes).unwrap_or(0);
    let (long, short) = (at(windows.long_minutes), at(windows.short_minutes));
    let by_requests = lately.requests[long].total >= REQUESTS_MIN;
    let shares = if by_requests { &lately.requests } else { &lately.minutes };
    let rate = |share: Share| share.value().map(|good| (1.0 - good) / target.budget());
    let bad = shares[long].total - shares[long].good.min(shares[long].total);
    let enough = bad >= if by_requests { ERRORS_MIN } else { MINUTES_MIN };
    // What was not measured of the long window used nothing up that is known: two bad minutes after
    // a first start are not six hours of them.
    let measured = lately.minutes[long].total as f64 / f64::from(windows.long_minutes);
    let long = rate(shares[long]).map(|rate| rate * measured.min(1.0));
    let short = rate(shares[short]);
    let above = |rate: Option<f64>| rate.is_some_and(|rate| rate >= windows.rate);
    Burn {
        long_minutes: windows.long_minutes,
        short_minutes: windows.short_minutes,
        long,
        short,
        limit: windows.rate,
        speed: windows.speed,
        by_requests,
        fires: enough && above(long) && above(short),
    }
}
