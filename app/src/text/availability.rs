//! Availability in words: shares that never round up to more than there was, minutes, causes.

use chrono::{DateTime, TimeDelta, Utc};
use mainstay_core::availability::cause::Cause;
use mainstay_core::availability::outage::{Kind, Outage};
use mainstay_core::availability::{Share, State, Target};

use crate::t;
use crate::text::{duration, list, marked, number, trimmed};
use crate::ui::tone::Tone;

/// Days of the year that a target is measured against.
const YEAR: f64 = 365.0;
const DAY_MINUTES: f64 = 1_440.0;
/// With more minutes than this, their fraction is left out.
const WHOLE_MINUTES: f64 = 1_000.0;

/// `99.987%`: three decimals at most, never rounded up; `None`: not measured.
pub fn percent(share: Share) -> String {
    let Some(value) = share.value() else { return t!("availability-none") };
    // Whole numbers, so that 99.95 % does not become 99.949 %.
    let parts = if share.good == share.total {
        100_000
    } else {
        let parts = u128::from(share.good) * 100_000 / u128::from(share.total);
        debug_assert!((parts as f64 - value * 100_000.0).abs() <= 1.0);
        u64::try_from(parts).unwrap_or(0)
    };
    let (whole, rest) = (parts / 1_000, parts % 1_000);
    if rest == 0 {
        return t!("weight", n = whole.to_string());
    }
    let rest = format!("{rest:03}");
    t!("weight", n = marked(&format!("{whole}.{}", rest.trim_end_matches('0'))))
}

/// `43,194 of 43,200`.
pub fn fraction(share: Share) -> String {
    t!("availability-fraction", good = number(share.good), total = number(share.total))
}

/// `5.6`, `1,204`.
pub fn minutes(minutes: f64) -> String {
    if minutes.abs() >= WHOLE_MINUTES {
        return number(minutes.max(0.0).round() as u64);
    }
    trimmed(minutes, 1)
}

/// What a target leaves of a year: `4 h 23 min`.
pub fn year(target: Target) -> String {
    let minutes = (target.budget() * YEAR * DAY_MINUTES).round() as i64;
    duration(TimeDelta::minutes(minutes))
}

pub const fn tone(state: State) -> Tone {
    match state {
        State::Down => Tone::Crit,
        State::Degraded => Tone::Warn,
        State::Unmeasured => Tone::Unk,
        State::Planned => Tone::Plan,
        State::Up => Tone::Ok,
    }
}

pub fn state(state: State) -> String {
    match state {
        State::Down => t!("availability-down"),
        State::Degraded => t!("availability-degraded"),
        State::Unmeasured => t!("availability-unmeasured"),
        State::Planned => t!("availability-planned"),
        State::Up => t!("availability-up"),
    }
}

/// `None`: not told yet.
pub fn cause(cause: Option<Cause>) -> String {
    match cause {
        None => t!("cause-not-told"),
        Some(Cause::PlatformUpdate) => t!("cause-platform-update"),
        Some(Cause::InfrastructureUpdate) => t!("cause-infrastructure-update"),
        Some(Cause::NewFeature) => t!("cause-new-feature"),
        Some(Cause::InfrastructureDown) => t!("cause-infrastructure-down"),
        Some(Cause::Attack) => t!("cause-attack"),
        Some(Cause::NaturalDisaster) => t!("cause-natural-disaster"),
        Some(Cause::UrgentHotfix) => t!("cause-urgent-hotfix"),
        Some(Cause::Overload) => t!("cause-overload"),
        Some(Cause::HumanError) => t!("cause-human-error"),
    }
}

/// Services that are named; of more the number is said.
const NAMED: usize = 3;

/// What was hit: `feed-api in eu-west`, `12 services in eu-west`.
pub fn scope(outage: &Outage) -> String {
    let what = match outage.services.len() {
        0..=NAMED => list(outage.services.iter().map(|id| id.as_str())),
        n => t!("availability-services", n = n, count = number(n as u64)),
    };
    t!("availability-scope", what = what, region = outage.region.as_str())
}

/// How long it was, or has been up to now.
pub fn length(outage: &Outage) -> String {
    duration(outage.length())
}

/// `feed-api in eu-west was down`, `eu-west was not measured`.
pub fn outage_title(outage: &Outage) -> String {
    let what = scope(outage);
    match outage.kind {
        Kind::Down if outage.down == 0 => t!("outage-title-planned", what = what),
        Kind::Down => t!("outage-title-down", what = what),
        Kind::Gap => t!("outage-title-gap", what = what),
    }
}

/// The month of a report, as its address writes it: `2026-10`.
pub fn month_address(at: DateTime<Utc>) -> String {
    at.format("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_rounds_up() {
        for (good, total, text) in [
            (43_194, 43_200, "99.986%"),
            (9_995, 10_000, "99.95%"),
            (99_999_999, 100_000_000, "99.999%"),
            (10, 10, "100%"),
            (0, 10, "0%"),
            (9, 10, "90%"),
        ] {
            assert_eq!(percent(Share { good, total }), text);
        }
        assert_eq!(percent(Share { good: 0, total: 0 }), t!("availability-none"));
    }

    #[test]
    fn a_target_is_told_in_what_it_leaves_of_a_year() {
        let target = Target::new(99_950).expect("within bounds");
        assert_eq!(year(target), "4 h 23 min");
        for (value, text) in [(5.6, "5.6"), (21.0, "21"), (0.04, "0"), (1_204.4, "1,204")] {
            assert_eq!(minutes(value), text);
        }
    }
}
