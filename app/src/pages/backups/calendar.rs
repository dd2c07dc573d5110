//! The calendar: a row for each database, a column for each day, a mark for each run or window.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use mainstay_core::id::DatabaseId;
use serde::Serialize;
use utoipa::ToSchema;

use super::mark::{Look, Mark, drawing, marks};
use super::picture::Picture;
use super::sets::SetRow;
use super::{Data, Filter, Span};
use crate::t;
use crate::text;
use crate::ui::card::{Head, card};
use crate::ui::glyph::glyph_named;
use crate::ui::link::{Segment, segments};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Calendar {
    /// The days, UTC.
    pub days: Vec<NaiveDate>,
    pub rows: Vec<Row>,
    /// `Week 47, 16 to 22 Nov 2026`.
    pub name: String,
}

/// The marks of one database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    #[schema(value_type = String)]
    pub database: DatabaseId,
    /// By window.
    pub marks: Vec<Mark>,
}

pub(super) fn build(pictures: &[&Picture<'_>], filter: &Filter) -> Calendar {
    let days = filter.days();
    let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let (from, until) = (start(filter.first), start(filter.span.next(filter.first)));
    let row = |picture: &Picture<'_>| Row {
        database: picture.database().clone(),
        marks: marks(picture, from, until),
    };
    let name = name(filter, &days);
    Calendar { rows: pictures.iter().copied().map(row).collect(), days, name }
}

fn name(filter: &Filter, days: &[NaiveDate]) -> String {
    let (first, last) = (filter.first, days.last().copied().unwrap_or(filter.first));
    match filter.span {
        Span::Week => t!(
            "calendar-week",
            week = first.iso_week().week().to_string(),
            from = text::day(first),
            to = text::day(last),
            year = last.year().to_string()
        ),
        Span::Month => {
            t!("calendar-month", month = text::month_name(first), year = first.year().to_string())
        }
    }
}

pub(super) fn view(data: &Data, calendar: &Calendar) -> AnyView {
    let week = data.filter.span == Span::Week;
    let today = data.at.date_naive();
    let heads = calendar.days.iter().map(|day| day_head(*day, today, week)).collect_view();
    let rows = calendar.rows.iter().zip(&data.sets).map(|(row, set)| {
        let days = calendar.days.iter().map(|day| day_cell(row, *day, today, week)).collect_view();
        line(set, days.into_any(), week, data.at)
    });
    let class = if week { "cal week" } else { "cal month" };
    let caption = t!("calendar-caption", name = calendar.name.as_str());
    let label = caption.clone();
    let body = view! {
        <div class="scroll" tabindex="0" role="group" aria-label=label>
            <table class=class>
                <caption class="vh">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!("col-database")}</th>
                        {heads}
                        <th scope="col">{t!("col-newest")}</th>
                        {week.then(|| view! {
                            <th scope="col">{t!("col-kept")}</th>
                            <th scope="col">{t!("col-places")}</th>
                            <th scope="col">{t!("col-recoverable")}</th>
                        })}
                        <th scope="col">{t!("col-proven")}</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
        {legend()}
    };
    card(Head::new(calendar.name.clone()).right(ways(data)), body)
}

/// To the time before and after, to today, and to the other span.
fn ways(data: &Data) -> AnyView {
    let filter = &data.filter;
    let (view, span) = (filter.view, filter.span);
    let to = |first: NaiveDate| filter.href(view, span, Some(first));
    let spans = Span::ALL.into_iter().map(|other| Segment {
        href: filter.href(view, other, None),
        label: other.label(),
        current: other == span,
    });
    view! {
        <a href=to(span.previous(filter.first))>{t!("calendar-earlier")}</a>
        <a href=filter.href(view, span, None)>{t!("calendar-now")}</a>
        <a href=to(span.next(filter.first))>{t!("calendar-later")}</a>
        {segments(t!("calendar-span"), spans.collect())}
    }
    .into_any()
}

fn day_head(day: NaiveDate, today: NaiveDate, week: bool) -> AnyView {
    let words = if week { text::weekday_day(day) } else { day.day().to_string() };
    let said = (!week).then(|| text::weekday_day(day));
    let class = (day == today).then_some("today");
    view! { <th scope="col" class=class title=said>{words}</th> }.into_any()
}

fn day_cell(row: &Row, day: NaiveDate, today: NaiveDate, week: bool) -> AnyView {
    let marks = row.marks.iter().filter(|mark| mark.window_start.date_naive() == day);
    let marks = marks.map(|mark| one(mark, week)).collect_view();
    let class = if day == today { "day today" } else { "day" };
    view! { <td class=class data-d=text::weekday_day(day)>{marks}</td> }.into_any()
}

fn one(mark: &Mark, week: bool) -> AnyView {
    let (href, words) = (mark.href.clone(), mark.words.clone());
    let title = words.clone();
    let clock = week.then(|| {
        let clock = text::clock(mark.window_start, mark.window_start);
        view! { <span aria-hidden="true">{clock}</span> }
    });
    let class = if mark.asked { "mark asked" } else { "mark" };
    view! {
        <a class=class href=href title=title>
            {drawing(mark.look, mark.kind)}
            {clock}
            <span class="vh">{words}</span>
        </a>
    }
    .into_any()
}

fn line(set: &SetRow, days: AnyView, week: bool, now: DateTime<Utc>) -> AnyView {
    let old = (!set.heard).then_some("old");
    let kept = t!("days-short", days = text::number(set.retention_days));
    view! {
        <tr class=old>
            <th scope="row">
                {glyph_named(set.tone, &set.word)}
                <a class="quiet" href=set.href.clone() title=set.word.clone()>
                    {set.database.to_string()}
                </a>
            </th>
            {days}
            <td data-l=t!("col-newest")>{set.newest(now)}</td>
            {week.then(|| view! {
                <td data-l=t!("col-kept") class="nowrap">{kept}</td>
                <td data-l=t!("col-places")>{set.places()}</td>
                <td data-l=t!("col-recoverable")>{set.recoverable(now)}</td>
            })}
            <td data-l=t!("col-proven")>{set.proven(now)}</td>
        </tr>
    }
    .into_any()
}

fn legend() -> AnyView {
    use mainstay_core::backup::Kind;
    let looks = Look::ALL
        .into_iter()
        .map(|look| {
            view! { <span>{drawing(look, Kind::Differential)}{look.word()}</span> }
        })
        .collect_view();
    view! {
        <div class="legend pad">
            {looks}
            <span>{drawing(Look::Done, Kind::Full)}{t!("legend-full")}</span>
            <span>{t!("legend-utc")}</span>
        </div>
    }
    .into_any()
}
