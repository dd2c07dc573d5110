//! Which entries the reader looks for: read from the address and written back into links.
//!
//! Invariant: what is written by [`Filter::pairs`] reads back as the same filter.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use mainstay_core::audit::{Action, Outcome, search};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::text;

/// Longest name or address that is looked for, in bytes.
const TEXT_MAX_BYTES: usize = 300;

/// A search in the audit log; `None` means any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditFilter)]
pub struct Filter {
    /// Name of whoever did it.
    pub who: Option<String>,
    #[schema(value_type = Option<String>)]
    pub action: Option<Action>,
    /// Address of what was acted on; what lies below it is found too.
    pub object: Option<String>,
    #[schema(value_type = Option<String>)]
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Words that all have to occur, each with its beginning.
    pub q: Option<String>,
}

/// Which side of a span a time without its hour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
}

impl Filter {
    /// Reads `who`, `action`, `object`, `outcome`, `from`, `to` and `q`; what cannot be used is
    /// left out and named.
    pub fn read(query: &Query, now: DateTime<Utc>) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let filter = Self {
            who: query.read("who", &mut dropped, plain),
            action: query.read("action", &mut dropped, Action::from_name),
            object: query.read("object", &mut dropped, address),
            outcome: query.read("outcome", &mut dropped, Outcome::from_name),
            from: query.read("from", &mut dropped, |text| moment(text, Side::From, now)),
            to: query.read("to", &mut dropped, |text| moment(text, Side::To, now)),
            q: query.read("q", &mut dropped, |text| {
                plain(text).filter(|text| search::words(text).is_some())
            }),
        };
        (filter, dropped)
    }

    /// Names and values, for links and hidden fields; an empty value means any.
    pub fn pairs(&self) -> [(&'static str, String); 7] {
        [
            ("who", self.who.clone().unwrap_or_default()),
            ("action", self.action.map(Action::name).unwrap_or_default()),
            ("object", self.object.clone().unwrap_or_default()),
            ("outcome", self.outcome.map(Outcome::name).unwrap_or_default()),
            ("from", self.from.map(text::iso).unwrap_or_default()),
            ("to", self.to.map(text::iso).unwrap_or_default()),
            ("q", self.q.clone().unwrap_or_default()),
        ]
    }

    /// The words of [`Self::q`].
    pub fn words(&self) -> Vec<String> {
        self.q.as_deref().and_then(search::words).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The list of what matches; `after`: the id of the last entry of the page before.
    pub fn href(&self, after: Option<i64>) -> String {
        let pairs = self.pairs();
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let mut query: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("after", &after));
        paths::with_query(paths::AUDIT, &query)
    }
}

/// The cursor of a list: the id of the last entry of the page before.
pub fn cursor(query: &Query, dropped: &mut Vec<Dropped>) -> Option<i64> {
    query.read("after", dropped, |text| text.parse().ok().filter(|id| *id > 0))
}

fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let usable = !text.is_empty() && text.len() <= TEXT_MAX_BYTES;
    (usable && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// The address of an object's page, which begins with a slash.
fn address(text: &str) -> Option<String> {
    let text = plain(text)?;
    let trimmed = text.trim_end_matches('/');
    (trimmed.len() > 1 && trimmed.starts_with('/')).then(|| trimmed.to_owned())
}

/// Reads `2026-11-20T03:12:07Z`, `2026-11-20 03:12`, `2026-11-20`, `03:12` (today) and `-6h`. A
/// day without its time counts whole.
pub(super) fn moment(text: &str, side: Side, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(ago) = text.strip_prefix('-') {
        return now.checked_sub_signed(length(ago)?);
    }
    // A plus sign of a zone arrives as a blank when it was not encoded.
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Some(at.to_utc());
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let full = formats.iter().find_map(|f| NaiveDateTime::parse_from_str(bare, f).ok());
    if let Some(at) = full {
        return Some(at.and_utc());
    }
    if let Ok(day) = NaiveDate::parse_from_str(bare, "%Y-%m-%d") {
        let day = match side {
            Side::From => day,
            Side::To => day.checked_add_days(Days::new(1))?,
        };
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    let time = NaiveTime::parse_from_str(bare, "%H:%M").ok()?;
    Some(now.date_naive().and_time(time).and_utc())
}

/// `30min`, `6h`, `7d`.
fn length(text: &str) -> Option<TimeDelta> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let n: i64 = number.parse().ok()?;
    match unit.trim() {
        "s" => TimeDelta::try_seconds(n),
        "m" | "min" => TimeDelta::try_minutes(n),
        "h" => TimeDelta::try_hours(n),
        "d" => TimeDelta::try_days(n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T03:12:07Z".parse().expect("a time")
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, from, to) in [
            ("2026-11-19T16:40:00Z", "2026-11-19T16:40:00Z", "2026-11-19T16:40:00Z"),
            ("2026-11-19T16:40:00+01:00", "2026-11-19T15:40:00Z", "2026-11-19T15:40:00Z"),
            ("2026-11-19 16:40Z", "2026-11-19T16:40:00Z", "2026-11-19T16:40:00Z"),
            ("2026-11-19T16:40", "2026-11-19T16:40:00Z", "2026-11-19T16:40:00Z"),
            ("2026-11-19", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z"),
            ("02:30", "2026-11-20T02:30:00Z", "2026-11-20T02:30:00Z"),
            ("-6h", "2026-11-19T21:12:07Z", "2026-11-19T21:12:07Z"),
            ("-30min", "2026-11-20T02:42:07Z", "2026-11-20T02:42:07Z"),
        ] {
            let read = |side| moment(text, side, now()).map(text::iso);
            assert_eq!(read(Side::From).as_deref(), Some(from), "{text}");
            assert_eq!(read(Side::To).as_deref(), Some(to), "{text}");
        }
        for bad in ["", "yesterday", "-", "-6", "-6y", "-99999999999999d", "25:00", "2026-13-01"] {
            assert_eq!(moment(bad, Side::From, now()), None, "{bad}");
        }
    }

    #[test]
    fn a_filter_reads_back_and_bad_values_are_named() {
        let query = Query::parse(
            "who=ann&action=fleet-apply&object=%2Fservices%2Ffeed-api%2F&outcome=refused\
             &from=2026-11-01&to=02:30&q=store-web+2.14&after=71",
        );
        let (filter, dropped) = Filter::read(&query, now());
        assert_eq!(dropped, []);
        assert_eq!(filter.object.as_deref(), Some("/services/feed-api"));
        assert_eq!(filter.words(), ["store-web", "2.14"]);
        assert_eq!(cursor(&query, &mut Vec::new()), Some(71));
        let again = Query::parse(filter.href(None).split_once('?').expect("a query").1);
        assert_eq!(Filter::read(&again, now()), (filter, Vec::new()));
        let query = Query::parse(
            "who=%07&action=explode&object=feed-api&outcome=maybe&from=then&to=&q=%26+!&after=-1",
        );
        let (filter, mut dropped) = Filter::read(&query, now());
        assert!(filter.is_empty());
        assert_eq!(cursor(&query, &mut dropped), None);
        let names: Vec<_> = dropped.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["who", "action", "object", "outcome", "from", "q", "after"]);
    }
}
