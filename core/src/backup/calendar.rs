//! The days of a policy: which has a copy, of which kind, in which turn.
//!
//! Pure arithmetic on local dates, counted from the policy's origin. Nothing here knows what ran: a
//! day that was missed, or a server that was away, shifts neither the fulls nor the turns.

use std::ops::RangeInclusive;

use chrono::{Datelike, Days, NaiveDate};

use super::Kind;
use crate::fleet::{BackupPolicy, FullSchedule, Rotation, Weekday};

const WEEK: i64 = 7;

/// What exists at the least at any time, if no copy was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steady {
    pub copies: u16,
    pub datacenters: u16,
}

impl BackupPolicy {
    /// The copy that a local day has; a day with a full has no differential (R22).
    pub fn kind_on(&self, day: NaiveDate) -> Option<Kind> {
        if self.full_on_or_before(day) == day {
            Some(Kind::Full)
        } else {
            self.differential.then_some(Kind::Differential)
        }
    }

    /// The day of the full that a day's differential stands on; the day itself if it has a full.
    pub fn full_on_or_before(&self, day: NaiveDate) -> NaiveDate {
        let back = match &self.full {
            FullSchedule::EveryDays(every) => {
                self.days_since_origin(day).rem_euclid(i64::from(*every).max(1))
            }
            FullSchedule::Weekdays(days) => {
                (0..WEEK).find(|back| contains(days, plus(day, -*back))).unwrap_or(0)
            }
        };
        plus(day, -back)
    }

    /// The last day whose copy stands on the full of this day.
    pub fn last_of_chain(&self, full: NaiveDate) -> NaiveDate {
        if !self.differential {
            return full;
        }
        let ahead = match &self.full {
            FullSchedule::EveryDays(every) => i64::from(*every).max(1),
            FullSchedule::Weekdays(days) => {
                (1..=WEEK).find(|ahead| contains(days, plus(full, *ahead))).unwrap_or(WEEK)
            }
        };
        plus(full, ahead - 1)
    }

    /// Which turn of the rotation a day's copy has: 0 is the first on or after the origin, what
    /// came before has negative ones. By `chain` fulls are counted, and a differential has the turn
    /// of its full; by `literal` every copy is (R23).
    pub fn turn_on(&self, day: NaiveDate) -> i64 {
        match self.rotation {
            Rotation::Literal if self.differential => self.days_since_origin(day),
            Rotation::Literal | Rotation::Chain => self.fulls_before(self.full_on_or_before(day)),
        }
    }

    /// How many copies the days have.
    pub fn copies_on(&self, days: RangeInclusive<NaiveDate>) -> u64 {
        let (first, after) = (*days.start(), plus(*days.end(), 1));
        let copies = if self.differential {
            self.days_since_origin(after) - self.days_since_origin(first)
        } else {
            self.fulls_before(after) - self.fulls_before(first)
        };
        u64::try_from(copies).unwrap_or(0)
    }

    /// The fewest copies, and the fewest data centres that have one, at any time after the first
    /// round: a copy goes with its chain, once the youngest of it is past retention.
    pub fn steady(&self, datacenters: usize) -> Steady {
        let period = match &self.full {
            FullSchedule::EveryDays(every) => i64::from(*every).max(1),
            FullSchedule::Weekdays(_) => WEEK,
        };
        let (mut copies, mut places) = (u64::MAX, u64::MAX);
        for day in (0..period).map(|day| plus(self.origin, day)) {
            let kept_since = plus(day, 1 - i64::from(self.retention_days));
            let first =
                if self.differential { self.full_on_or_before(kept_since) } else { kept_since };
            let there = self.copies_on(first..=day);
            let chains = self.fulls_before(plus(day, 1)) - self.fulls_before(first);
            let rotated = match self.rotation {
                Rotation::Chain => u64::try_from(chains).unwrap_or(0),
                Rotation::Literal => there,
            };
            copies = copies.min(there);
            places = places.min(rotated.min(datacenters as u64));
        }
        let small = |count: u64| u16::try_from(count).unwrap_or(u16::MAX);
        Steady { copies: small(copies), datacenters: small(places) }
    }

    /// Days with a full from the origin up to this day, which is not counted; negative before it.
    fn fulls_before(&self, day: NaiveDate) -> i64 {
        let days = self.days_since_origin(day);
        match &self.full {
            FullSchedule::EveryDays(every) => -(-days).div_euclid(i64::from(*every).max(1)),
            FullSchedule::Weekdays(on) => {
                let rest = 0..days.rem_euclid(WEEK);
                let rest = rest.filter(|ahead| contains(on, plus(self.origin, *ahead))).count();
                days.div_euclid(WEEK) * on.len() as i64 + rest as i64
            }
        }
    }

    fn days_since_origin(&self, day: NaiveDate) -> i64 {
        day.signed_duration_since(self.origin).num_days()
    }
}

fn contains(days: &[Weekday], day: NaiveDate) -> bool {
    let at = day.weekday().num_days_from_monday() as usize;
    days.iter().any(|on| *on as usize == at)
}

/// So many days on, or back; the ends of time stay where they are.
pub(super) fn plus(day: NaiveDate, days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    if days < 0 {
        day.checked_sub_days(by).unwrap_or(NaiveDate::MIN)
    } else {
        day.checked_add_days(by).unwrap_or(NaiveDate::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(full: FullSchedule, differential: bool, rotation: Rotation) -> BackupPolicy {
        BackupPolicy {
            full,
            differential,
            window_minutes: (0, 30),
            retention_days: 14,
            rotation,
            origin: BackupPolicy::origin_default(),
            proof_max_age_days: 7,
            copies: 2,
            copies_in: 2,
        }
    }

    fn twice_weekly() -> FullSchedule {
        FullSchedule::Weekdays(vec![Weekday::Tuesday, Weekday::Friday])
    }

    /// Fulls and turns counted day by day, on both sides of the origin.
    #[test]
    fn closed_forms_agree_with_counting() {
        let mut schedules: Vec<_> = (1..=9).map(FullSchedule::EveryDays).collect();
        schedules.extend([twice_weekly(), FullSchedule::Weekdays(Weekday::ALL.to_vec())]);
        schedules.extend(Weekday::ALL.map(|day| FullSchedule::Weekdays(vec![day])));
        for full in schedules {
            for (differential, rotation) in [
                (false, Rotation::Chain),
                (false, Rotation::Literal),
                (true, Rotation::Chain),
                (true, Rotation::Literal),
            ] {
                let policy = policy(full.clone(), differential, rotation);
                let mut fulls = 0;
                let mut copies = 0;
                for ahead in 0..60 {
                    let day = plus(policy.origin, ahead);
                    let kind = policy.kind_on(day);
                    assert_eq!(policy.fulls_before(day), fulls, "{policy:?} {day}");
                    if kind == Some(Kind::Full) {
                        let expected = if rotation == Rotation::Literal { copies } else { fulls };
                        assert_eq!(policy.turn_on(day), expected, "{policy:?} {day}");
                        fulls += 1;
                    }
                    copies += i64::from(kind.is_some());
                    assert_eq!(policy.copies_on(policy.origin..=day), copies as u64);
                }
                let mut fulls = 0;
                for back in 1..60 {
                    let day = plus(policy.origin, -back);
                    fulls -= i64::from(policy.kind_on(day) == Some(Kind::Full));
                    assert_eq!(policy.fulls_before(day), fulls, "{policy:?} {day}");
                }
            }
        }
    }

    #[test]
    fn a_chain_ends_on_the_day_before_the_next_full() {
        let policy = policy(twice_weekly(), true, Rotation::Chain);
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        for (at, full, last) in [
            ("2026-03-03", "2026-03-03", "2026-03-05"),
            ("2026-03-05", "2026-03-03", "2026-03-05"),
            ("2026-03-06", "2026-03-06", "2026-03-09"),
            ("2026-03-09", "2026-03-06", "2026-03-09"),
        ] {
            assert_eq!(policy.full_on_or_before(day(at)), day(full), "{at}");
            assert_eq!(policy.last_of_chain(day(full)), day(last), "{at}");
        }
    }

    #[test]
    fn knows_what_exists_at_the_least() {
        let steady = |full, differential, rotation, retention_days, datacenters| {
            let policy = BackupPolicy { retention_days, ..policy(full, differential, rotation) };
            let Steady { copies, datacenters } = policy.steady(datacenters);
            (copies, datacenters)
        };
        let (chain, literal) = (Rotation::Chain, Rotation::Literal);
        assert_eq!(steady(FullSchedule::EveryDays(1), false, chain, 7, 10), (7, 7));
        assert_eq!(steady(FullSchedule::EveryDays(1), false, literal, 7, 3), (7, 3));
        assert_eq!(steady(FullSchedule::EveryDays(2), false, chain, 14, 10), (7, 7));
        assert_eq!(steady(FullSchedule::EveryDays(2), false, chain, 3, 10), (1, 1));
        assert_eq!(steady(FullSchedule::EveryDays(30), false, chain, 30, 10), (1, 1));
        assert_eq!(steady(twice_weekly(), true, chain, 14, 10), (14, 4));
        assert_eq!(steady(twice_weekly(), true, literal, 14, 10), (14, 10));
        assert_eq!(steady(twice_weekly(), false, chain, 4, 10), (1, 1));
    }
}
