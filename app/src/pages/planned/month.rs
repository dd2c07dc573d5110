//! A month of events: a row for each week, a cell for each day, in UTC.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use mainstay_core::planned::PlannedEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::card::{Head, card};
use crate::ui::glyph::glyph_named;

/// Events that one day shows.
const SHOWN: usize = 4;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventMonth)]
pub struct Month {
    /// `Dec 2026`.
    pub name: String,
    pub first: NaiveDate,
    /// Addresses of the months before and after.
    pub earlier: String,
    pub later: String,
    /// From Monday to Sunday.
    pub weeks: Vec<Vec<Day>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventDay)]
pub struct Day {
    pub day: NaiveDate,
    /// Of the month before or after.
    pub outside: bool,
    pub events: Vec<Row>,
}

/// The month that an address names, as in `2026-12`; else that of `now`.
pub fn first(asked: Option<&str>, now: DateTime<Utc>) -> NaiveDate {
    let asked = asked.map(|text| format!("{text}-01"));
    let asked = asked.and_then(|text| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok());
    // Years beyond these have no month before or after.
    let asked = asked.filter(|day| (1970..=9999).contains(&day.year()));
    asked.or_else(|| now.date_naive().with_day(1)).unwrap_or_default()
}

/// The days that the grid of a month shows: the first, and the one after the last.
pub fn span(first: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let (from, until) = days(first);
    let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    (start(from), start(until))
}

fn days(first: NaiveDate) -> (NaiveDate, NaiveDate) {
    let before = u64::from(first.weekday().num_days_from_monday());
    let next = first + Months::new(1);
    let after = (7 - u64::from(next.weekday().num_days_from_monday())) % 7;
    (first - Days::new(before), next + Days::new(after))
}

/// `events`: all that lie in [`span`].
pub fn build(first: NaiveDate, events: &[PlannedEvent], now: DateTime<Utc>) -> Month {
    let (from, until) = days(first);
    let days: Vec<_> = from.iter_days().take_while(|day| *day < until).collect();
    let day = |day: &NaiveDate| {
        let on = |event: &&PlannedEvent| {
            let start = day.and_time(NaiveTime::MIN).and_utc();
            let next = start + Days::new(1);
            event.content.from < next && start < event.content.until
        };
        let events = events.iter().filter(on).map(|event| Row::of(event, now)).collect();
        Day { day: *day, outside: day.month() != first.month(), events }
    };
    let to = |first: NaiveDate| {
        paths::with_query(paths::EVENTS, &[("month", &first.format("%Y-%m").to_string())])
    };
    Month {
        name: name(first),
        first,
        earlier: to(first - Months::new(1)),
        later: to(first + Months::new(1)),
        weeks: days.chunks(7).map(|week| week.iter().map(day).collect()).collect(),
    }
}

fn name(first: NaiveDate) -> String {
    t!("calendar-month", month = text::month_name(first), year = first.year().to_string())
}

pub(super) fn view(month: &Month, now: DateTime<Utc>) -> AnyView {
    let weekdays = month.weeks.first().map(Vec::as_slice).unwrap_or_default().iter();
    let heads = weekdays
        .map(|day| {
            let words = text::weekday_day(day.day);
            let word = words.split(' ').next().unwrap_or_default().to_owned();
            view! { <th scope="col">{word}</th> }
        })
        .collect_view();
    let weeks = month.weeks.iter().map(|week| {
        let days = week.iter().map(|day| cell(day, now)).collect_view();
        view! { <tr>{days}</tr> }
    });
    let caption = t!("events-month", name = month.name.as_str());
    let label = caption.clone();
    let body = view! {
        <div class="scroll" tabindex="0" role="group" aria-label=label>
            <table class="days">
                <caption class="vh">{caption}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{weeks.collect_view()}</tbody>
            </table>
        </div>
    };
    let ways = view! {
        <a href=month.earlier.clone()>{t!("calendar-earlier")}</a>
        <a href=paths::EVENTS>{t!("calendar-now")}</a>
        <a href=month.later.clone()>{t!("calendar-later")}</a>
    };
    card(Head::new(month.name.clone()).note(t!("events-utc")).right(ways), body)
}

fn cell(day: &Day, now: DateTime<Utc>) -> AnyView {
    let class = match (day.day == now.date_naive(), day.outside) {
        (true, _) => "today",
        (false, true) => "outside",
        (false, false) => "",
    };
    let events = day.events.iter().take(SHOWN).map(|row| {
        let (href, id, title) = (row.href.clone(), row.id.clone(), row.title.clone());
        let said = t!("event-named", id = id.as_str(), title = row.title.as_str());
        view! {
            <li>
                {glyph_named(row.tone, &row.word)}
                <a class="quiet" href=href title=said>{title}</a>
            </li>
        }
    });
    let more = day.events.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| view! { <li class="muted">{t!("events-more", n = more)}</li> });
    view! {
        <td class=class>
            <span class="muted">{day.day.day().to_string()}</span>
            <ul class="plain">{events.collect_view()}{more}</ul>
        </td>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn a_month_is_whole_weeks() {
        let now: DateTime<Utc> = "2026-11-20T03:12:07Z".parse().expect("a time");
        assert_eq!(first(Some("2026-12"), now), day("2026-12-01"));
        for other in [None, Some("2026-13"), Some("next"), Some("-0001-01"), Some("262142-12")] {
            assert_eq!(first(other, now), day("2026-11-01"), "{other:?}");
        }
        for (month, from, until) in [
            ("2026-11-01", "2026-10-26", "2026-12-07"),
            ("2027-02-01", "2027-02-01", "2027-03-01"),
            ("2026-12-01", "2026-11-30", "2027-01-04"),
        ] {
            assert_eq!(days(day(month)), (day(from), day(until)), "{month}");
            let built = build(day(month), &[], now);
            assert!(built.weeks.iter().all(|week| week.len() == 7), "{month}");
        }
        assert_eq!(build(day("2026-12-01"), &[], now).later, "/events?month=2027-01");
    }
}
