//! The backup policy entries: when copies are made and how long they are kept (R20 to R23).

use super::entries::Reader;
use super::source::{Entry, Located};
use crate::fleet::finding::{Rule, Value, quote};
use crate::fleet::{BackupPolicy, FullSchedule, Rotation, Weekday};

/// Most days between two full copies.
const FULL_EVERY_DAYS_MAX: u16 = 366;
/// Longest retention: ten years.
const RETENTION_DAYS_MAX: u16 = 3_660;
const MINUTES_PER_DAY: u16 = 24 * 60;

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn policy(&mut self, entry: &'a Entry<'i>, id: &str) -> Option<BackupPolicy> {
        let full = self.full_schedule(entry);
        let differential = self.differential(entry, id, full.as_ref());
        let window_minutes = self.window(entry);
        let retention_days = self.retention(entry, id, full.as_ref());
        let rotation = self.rotation(entry);
        Some(BackupPolicy {
            full: full?,
            differential,
            window_minutes: window_minutes?,
            retention_days: retention_days?,
            rotation: rotation?,
        })
    }

    fn full_schedule(&mut self, entry: &'a Entry<'i>) -> Option<FullSchedule> {
        let mut fields = self.fields(entry);
        if fields.pair("full_every_days").is_some() {
            fields.forbid("full_on", "full_every_days");
            let days = fields.within("full_every_days", 1, FULL_EVERY_DAYS_MAX)?;
            return Some(FullSchedule::EveryDays(days.value));
        }
        let Some(pair) = fields.pair("full_on") else {
            fields.missing("full_every_days");
            return None;
        };
        let names = fields.set("full_on", Weekday::ALL.len())?;
        let known = Weekday::ALL.map(|day| (day.key(), day));
        let named = names.len();
        let mut days: Vec<_> =
            names.into_iter().filter_map(|name| fields.one_of("full_on", name, &known)).collect();
        days.sort_unstable();
        if named == 0 {
            fields.bad_text("full_on", pair.value.at, "it names no day");
        }
        (!days.is_empty() && days.len() == named).then_some(FullSchedule::Weekdays(days))
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

    fn window(&mut self, entry: &'a Entry<'i>) -> Option<(u16, u16)> {
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

/// Parses `HH:MM-HH:MM`, both of one day; `24:00` is its end.
fn window(text: &str) -> Result<(u16, u16), &'static str> {
    let (from, to) = text.split_once('-').ok_or("there is no hyphen in it")?;
    let from = minutes(from).ok_or("it does not begin with a time from 00:00 to 24:00")?;
    let to = minutes(to).ok_or("it does not end with a time from 00:00 to 24:00")?;
    if from < to { Ok((from, to)) } else { Err("it ends before it begins") }
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
