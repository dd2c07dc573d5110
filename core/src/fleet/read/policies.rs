//! The backup policy entries: when copies are made and how long they are kept (R20 to R23).

use chrono::{Datelike, NaiveDate};

use super::entries::Reader;
use super::source::{Entry, Located};
use crate::fleet::entry::EntryKind;
use crate::fleet::finding::{Rule, Value, quote};
use crate::fleet::{BackupPolicy, FullSchedule, Rotation, Weekday};

/// Most days between two full copies.
const FULL_EVERY_DAYS_MAX: u16 = 366;
/// Longest retention: ten years.
const RETENTION_DAYS_MAX: u16 = 3_660;
/// Oldest test restore that may still count: a year.
const PROOF_MAX_AGE_DAYS_MAX: u16 = 366;
/// Years in which an origin may lie.
const ORIGIN_YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;
const MINUTES_PER_DAY: u16 = 24 * 60;
/// Longest window over midnight, minutes; more is taken for two times in the wrong order.
const OVER_MIDNIGHT_MINUTES_MAX: u16 = 12 * 60;

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn policy(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<BackupPolicy> {
        let full = self.full_schedule(entry);
        let differential = self.differential(entry, id, full.as_ref());
        let window_minutes = self.window(entry);
        let retention_days = self.retention(entry, id, full.as_ref());
        let rotation = self.rotation(entry);
        let origin = self.origin(entry);
        let age = self.optional(entry, "proof_max_age_days", PROOF_MAX_AGE_DAYS_MAX);
        let copies = self.optional(entry, "copies", u16::MAX);
        let copies_in = self.optional(entry, "copies_in", u16::MAX);
        let mut policy = BackupPolicy {
            full: full?,
            differential,
            window_minutes: window_minutes?,
            retention_days: retention_days?,
            rotation: rotation?,
            origin: origin?,
            proof_max_age_days: age
                .map_or(BackupPolicy::proof_max_age_days_default(), |age| age.value),
            copies: 0,
            copies_in: 0,
        };
        (policy.copies, policy.copies_in) = self.copies(id, &policy, copies, copies_in);
        Some(policy)
    }

    fn optional(&mut self, entry: &'a Entry<'i>, key: &str, most: u16) -> Option<Located<u16>> {
        self.fields(entry).within(key, 1, most)
    }

    /// How many copies are asked for and in how many data centres; what is not written is the
    /// usual, or less where schedule and retention yield less.
    fn copies(
        &mut self,
        id: &str,
        policy: &BackupPolicy,
        copies: Option<Located<u16>>,
        copies_in: Option<Located<u16>>,
    ) -> (u16, u16) {
        let retired = self.fleet.datacenters.values().filter(|dc| dc.retired).count();
        let count = self.declared_count(EntryKind::Datacenter).saturating_sub(retired);
        let steady = policy.steady(count);
        let short = policy.retention_days < policy.full.longest_gap_days();
        let usual = |most: u16| BackupPolicy::copies_default().min(most.max(1));
        let wanted = copies.map_or(usual(steady.copies), |copies| copies.value);
        let wanted_in =
            copies_in.map_or(usual(steady.datacenters).min(wanted), |places| places.value);
        let policy = || id.to_owned();
        if let Some(Located { at, value: copies }) = copies
            && copies > steady.copies
            && !short
        {
            let most = steady.copies;
            self.findings.push(at, Rule::TooManyCopies { policy: policy(), copies, most });
        }
        let Some(Located { at, value: copies_in }) = copies_in else { return (wanted, wanted_in) };
        if copies_in > wanted {
            let rule = Rule::CopiesInMoreThanCopies { policy: policy(), copies_in, copies: wanted };
            self.findings.push(at, rule);
        } else if self.is_complete(EntryKind::Datacenter) && usize::from(copies_in) > count {
            let rule = Rule::CopiesInMoreThanDatacenters { policy: policy(), copies_in, count };
            self.findings.push(at, rule);
        } else if self.is_complete(EntryKind::Datacenter) && !short {
            let most = steady.datacenters;
            if copies_in > most {
                let rule = Rule::CopiesInMoreThanRotated { policy: policy(), copies_in, most };
                self.findings.push(at, rule);
            }
        }
        (wanted, wanted_in)
    }

    pub(super) fn origin(&mut self, entry: &'a Entry<'i>) -> Option<NaiveDate> {
        let mut fields = self.fields(entry);
        if fields.pair("origin").is_none() {
            return Some(BackupPolicy::origin_default());
        }
        let text = fields.text("origin")?;
        let date = date(text.value);
        if date.is_none() {
            let (from, to) = (ORIGIN_YEARS.start(), ORIGIN_YEARS.end());
            let reason = format!("it is not a date of the years {from} to {to}");
            fields.bad_text("origin", text.at, reason);
        }
        date
    }

    fn full_schedule(&mut self, entry: &'a Entry<'i>) -> Option<FullSchedule> {
        let mut fields = self.fields(entry);
        if fields.pair("full_every_days").is_some() {
            fields.forbid("full_on", "full_every_days");
            let days = fields.within("full_every_days", 1, FULL_EVERY_DAYS_MAX)?;
            return Some(FullSchedule::EveryDays(days.value));
        }
        if fields.pair("full_on").is_none() {
            fields.missing("full_every_days");
            return None;
        }
        self.weekdays(entry, "full_on").map(FullSchedule::Weekdays)
    }

    /// Days of the week, one at least.
    pub(super) fn weekdays(&mut self, entry: &'a Entry<'i>, key: &str) -> Option<Vec<Weekday>> {
        let mut fields = self.fields(entry);
        let at = fields.pair(key)?.value.at;
        let names = fields.set(key, Weekday::ALL.len())?;
        let known = Weekday::ALL.map(|day| (day.key(), day));
        let named = names.len();
        let mut days: Vec<_> =
            names.into_iter().filter_map(|name| fields.one_of(key, name, &known)).collect();
        days.sort_unstable();
        if named == 0 {
            fields.bad_text(key, at, "it names no day");
        }
        (!days.is_empty() && days.len() == named).then_some(days)
    }

    fn differential(
        &mut self,
        entry: &'a Entry<'i>,
        id: &str,
        full: Option<&FullSchedule>,
    ) -> bool {
        let differential = self.fields(entry).flag("differential");
        let daily = full.is_some_and(|full| full.longest_gap_days() == 1);
        if let (true, true, Some(pair)) = (differential, daily, entry.pairs.get("differential")) {
            let policy = id.to_owned();
            self.findings.push(pair.value.at, Rule::NoDayForDifferential { policy });
        }
        differential
    }

    pub(super) fn window(&mut self, entry: &'a Entry<'i>) -> Option<(u16, u16)> {
        let text = self.fields(entry).required_text("window")?;
        match window(text.value) {
            Ok(window) => Some(window),
            Err(reason) => {
                let (window, reason) = (quote(text.value), reason.to_owned());
                self.findings.push(text.at, Value::BadWindow { window, reason });
                None
            }
        }
    }

    fn retention(
        &mut self,
        entry: &'a Entry<'i>,
        id: &str,
        full: Option<&FullSchedule>,
    ) -> Option<u16> {
        let mut fields = self.fields(entry);
        if fields.pair("retention_days").is_none() {
            fields.missing("retention_days");
        }
        let Located { at, value: days } = fields.within("retention_days", 1, RETENTION_DAYS_MAX)?;
        let interval = full.map_or(0, FullSchedule::longest_gap_days);
        if days < interval {
            let policy = id.to_owned();
            let short = Rule::RetentionTooShort { policy, days, interval };
            self.findings.push(at, short);
        }
        Some(days)
    }

    fn rotation(&mut self, entry: &'a Entry<'i>) -> Option<Rotation> {
        let mut fields = self.fields(entry);
        if fields.pair("rotation").is_none() {
            return Some(Rotation::Chain);
        }
        let text = fields.text("rotation")?;
        let known = Rotation::ALL.map(|rotation| (rotation.key(), rotation));
        fields.one_of("rotation", text, &known)
    }
}

/// Parses `YYYY-MM-DD`, every digit written.
fn date(text: &str) -> Option<NaiveDate> {
    let date = text.parse::<NaiveDate>().ok()?;
    // Parsing forgives spaces and missing noughts.
    (ORIGIN_YEARS.contains(&date.year()) && date.to_string() == text).then_some(date)
}

/// Parses `HH:MM-HH:MM`; `24:00` is the end of the day. A window that ends before it begins goes
/// over midnight, unless it would be too long to be meant.
fn window(text: &str) -> Result<(u16, u16), &'static str> {
    let (from, to) = text.split_once('-').ok_or("there is no hyphen in it")?;
    let from = minutes(from).ok_or("it does not begin with a time from 00:00 to 24:00")?;
    let to = minutes(to).ok_or("it does not end with a time from 00:00 to 24:00")?;
    if from == MINUTES_PER_DAY {
        return Err("it begins at the end of a day, which is 00:00 of the next");
    }
    if from < to {
        return Ok((from, to));
    }
    let over_midnight = to + MINUTES_PER_DAY;
    if from == to {
        Err("it ends when it begins")
    } else if over_midnight - from > OVER_MIDNIGHT_MINUTES_MAX {
        Err("it ends before it begins")
    } else {
        Ok((from, over_midnight))
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        two_digits.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let at = hours * 60 + minutes;
    (minutes < 60 && at <= MINUTES_PER_DAY).then_some(at)
}
