//! `/backups`: the copies of every database, as a calendar, as sets, and by place.

pub mod ask;
mod calendar;
mod copies;
pub mod copy;
mod mark;
pub mod next;
mod picture;
pub mod restore;
pub mod run;
pub mod set;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Schedule;
use mainstay_core::backup::clock::Pace;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::Serialize;
use utoipa::ToSchema;

pub use calendar::Calendar;
pub use copies::Copies;
pub use mark::{Look, Mark};
pub use picture::{Known, Picture, Told};
pub use sets::SetRow;

use crate::pages::parts;
use crate::pages::query::{Dropped, Query};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, stack};
use crate::ui::glyph::glyph;
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Segment, segments};
use crate::ui::tone::Tone;

/// The answer at the top is about so long.
const LATELY: TimeDelta = TimeDelta::hours(24);
/// Names that the answer says; more are counted.
const NAMED: usize = 3;

/// What every database's pages are made from.
pub type AllKnown = BTreeMap<DatabaseId, Known>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    #[default]
    Calendar,
    Sets,
    Copies,
    Restores,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    #[default]
    Week,
    Month,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filter {
    pub view: View,
    pub span: Span,
    /// First day of the calendar, UTC: a Monday, or the first of a month.
    pub first: NaiveDate,
    /// The data centre whose loss is imagined.
    #[schema(value_type = Option<String>)]
    pub lost: Option<DatacenterId>,
}

impl View {
    const ALL: [Self; 4] = [Self::Calendar, Self::Sets, Self::Copies, Self::Restores];

    const fn name(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Sets => "sets",
            Self::Copies => "copies",
            Self::Restores => "restores",
        }
    }

    fn label(self) -> String {
        match self {
            Self::Calendar => t!("backups-calendar"),
            Self::Sets => t!("backups-sets"),
            Self::Copies => t!("backups-copies"),
            Self::Restores => t!("restores"),
        }
    }
}

impl Span {
    const ALL: [Self; 2] = [Self::Week, Self::Month];

    const fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn label(self) -> String {
        match self {
            Self::Week => t!("backups-week"),
            Self::Month => t!("backups-month"),
        }
    }

    /// The first day of the span that has a day.
    fn first(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Week => day.week(chrono::Weekday::Mon).first_day(),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// The first day of the next one.
    fn next(self, first: NaiveDate) -> NaiveDate {
        let days = match self {
            Self::Week => 7,
            Self::Month => 31,
        };
        self.first(first.checked_add_days(Days::new(days)).unwrap_or(first))
    }

    fn previous(self, first: NaiveDate) -> NaiveDate {
        self.first(first.pred_opt().unwrap_or(first))
    }
}

impl Filter {
    /// Reads the query; what it cannot use is named.
    pub fn read(query: &Query, estate: &Estate) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let named = |view: &View, name: &str| view.name() == name;
        let view = query.read("view", &mut dropped, |name| {
            View::ALL.into_iter().find(|view| named(view, name))
        });
        let span = query.read("span", &mut dropped, |name| {
            Span::ALL.into_iter().find(|span| span.name() == name)
        });
        let day = query.read("from", &mut dropped, |day| day.parse::<NaiveDate>().ok());
        // Far enough for every calendar, and no arithmetic goes over the end.
        let day = day.filter(|day| (1_970..=2_199).contains(&day.year()));
        let lost = query.read("lost", &mut dropped, |id| {
            let id = DatacenterId::new(id).ok()?;
            estate.fleet.datacenters.contains_key(&id).then_some(id)
        });
        let span = span.unwrap_or_default();
        let first = span.first(day.unwrap_or_else(|| estate.at.date_naive()));
        (Self { view: view.unwrap_or_default(), span, first, lost }, dropped)
    }

    fn days(&self) -> Vec<NaiveDate> {
        let end = self.span.next(self.first);
        self.first.iter_days().take_while(|day| *day < end).collect()
    }

    /// The time that runs must be known of: that of the calendar, and what the answer says.
    pub fn time(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let (from, until) = (start(self.first), start(self.span.next(self.first)));
        match self.view {
            View::Calendar => (from.min(now - TimeDelta::days(8)), until.max(now)),
            View::Sets | View::Copies | View::Restores => (now - TimeDelta::days(8), now),
        }
    }

    fn href(&self, view: View, span: Span, first: Option<NaiveDate>) -> String {
        let from = first.map(|day| day.to_string()).unwrap_or_default();
        let view_name = if view == View::default() { "" } else { view.name() };
        let span = if span == Span::default() || view != View::Calendar { "" } else { span.name() };
        paths::with_query(paths::BACKUPS, &[("view", view_name), ("span", span), ("from", &from)])
    }
}

/// How backups went lately, in words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Answer {
    #[schema(value_type = String)]
    pub tone: Tone,
    /// `12 of 13 backups on time in 24 h.`
    pub sentence: String,
    /// `1 late: store-db, 41 min.`
    pub rest: Vec<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Seconds in which a day of the policies passes, where it is not a day: every time here is
    /// the policies'.
    #[serde(skip_serializing_if = "Pace::is_real")]
    #[schema(value_type = Option<u32>)]
    pub day_seconds: Pace,
    pub filter: Filter,
    pub dropped: Vec<Dropped>,
    pub answer: Answer,
    /// Every database with a policy, by id.
    pub sets: Vec<SetRow>,
    pub calendar: Option<Calendar>,
    pub copies: Option<Copies>,
    /// Restores over live databases, where they are looked at.
    pub restores: Option<restore::list::List>,
    /// Databases of the fleet without a policy.
    #[schema(value_type = Vec<String>)]
    pub without: Vec<DatabaseId>,
}

pub fn build(estate: &Estate, known: &AllKnown, filter: Filter, dropped: Vec<Dropped>) -> Data {
    let none = Known::default();
    let schedules = Schedule::all(&estate.fleet);
    let pictures: Vec<Picture<'_>> = schedules
        .map(|schedule| {
            let known = known.get(&schedule.database).unwrap_or(&none);
            Picture::with(estate, schedule, known)
        })
        .collect();
    let with: BTreeSet<&DatabaseId> = pictures.iter().map(Picture::database).collect();
    let without = estate.fleet.databases.keys().filter(|id| !with.contains(id));
    Data {
        at: estate.at,
        day_seconds: estate.pace,
        answer: answer(&pictures, estate.at),
        sets: pictures.iter().map(SetRow::of).collect(),
        calendar: (filter.view == View::Calendar).then(|| calendar::build(&pictures, &filter)),
        copies: (filter.view == View::Copies)
            .then(|| copies::build(&pictures, filter.lost.as_ref())),
        restores: None,
        without: without.cloned().collect(),
        filter,
        dropped,
    }
}

/// What became of the windows that ended lately, and of what is open.
pub fn answer(pictures: &[Picture<'_>], now: DateTime<Utc>) -> Answer {
    let from = now - LATELY;
    let (mut all, mut on_time, mut unknown) = (0_u64, 0_u64, 0_u64);
    let (mut late, mut missed, mut stuck, mut failing) = (vec![], vec![], vec![], vec![]);
    for picture in pictures {
        let db = picture.database().as_str();
        for mark in mark::marks(picture, from - TimeDelta::days(1), now) {
            let ended = from < mark.window_end && mark.window_end <= now && !mark.asked;
            all += u64::from(ended);
            let by = text::minutes(now - mark.window_end);
            match mark.look {
                Look::Done => on_time += u64::from(ended),
                Look::Late => late.push(t!("answer-late-of", db = db, time = by)),
                Look::Missed if ended => missed.push(db.to_owned()),
                Look::Stuck => stuck.push(db.to_owned()),
                Look::Failing => failing.push(db.to_owned()),
                Look::Unknown => unknown += u64::from(ended),
                Look::Missed | Look::Running | Look::Planned | Look::DoneLate => {}
            }
        }
    }
    let count = |n: usize| text::number(n as u64);
    let mut rest = Vec::new();
    let mut tone = Tone::Ok;
    let mut say = |words: String, look: Tone| {
        tone = if look.status() < tone.status() { look } else { tone };
        rest.push(words);
    };
    if !missed.is_empty() {
        say(t!("answer-missed", count = count(missed.len()), names = some(&missed)), Tone::Crit);
    }
    if !late.is_empty() {
        say(t!("answer-late", count = count(late.len()), names = some(&late)), Tone::Warn);
    }
    if !failing.is_empty() {
        let (n, names) = (count(failing.len()), some(&failing));
        say(t!("answer-failing", count = n, names = names), Tone::Warn);
    }
    if !stuck.is_empty() {
        say(t!("answer-stuck", count = count(stuck.len()), names = some(&stuck)), Tone::Unk);
    }
    if unknown > 0 {
        say(t!("answer-unknown", n = unknown, count = text::number(unknown)), Tone::Unk);
    }
    let sentence = match all {
        0 => t!("answer-none"),
        all => t!("answer", n = text::number(on_time), all = text::number(all)),
    };
    Answer { tone, sentence, rest }
}

/// The first names, and how many more.
fn some(names: &[String]) -> String {
    let said = text::list(names.iter().take(NAMED));
    match names.len().saturating_sub(NAMED) {
        0 => said,
        more => t!("answer-more", names = said, more = text::number(more as u64)),
    }
}

pub fn title() -> String {
    t!("nav-backups")
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data) -> AnyView {
    let filter = &data.filter;
    let tabs = View::ALL.into_iter().map(|view| Segment {
        href: filter.href(view, filter.span, None),
        label: view.label(),
        current: view == filter.view,
    });
    let tabs = segments(t!("backups-views"), tabs.collect());
    let head = page_head(PageHead { title: title(), actions: Some(tabs), ..PageHead::default() });
    if data.sets.is_empty() {
        let body = empty(t!("backups-none"), t!("backups-none-detail"), None);
        let body = card(Head::new(t!("nav-backups")), body);
        return view! { {head}{stack(body)} }.into_any();
    }
    let body = match filter.view {
        View::Calendar => data.calendar.as_ref().map(|it| calendar::view(data, it)),
        View::Sets => Some(sets::view(data)),
        View::Copies => data.copies.as_ref().map(|it| copies::view(data, it)),
        View::Restores => data.restores.as_ref().map(restore::list::view),
    };
    let without = (!data.without.is_empty()).then(|| {
        let names = text::list(data.without.iter().map(|id| id.as_str()));
        let words = t!("backups-without", n = data.without.len(), names = names);
        view! { <p class="second">{words}</p> }
    });
    view! {
        {head}
        {parts::dropped(&data.dropped)}
        <div class="stack" data-swap="backups">
            {top(&data.answer)}
            {body}
            {without}
        </div>
    }
    .into_any()
}

/// The answer, before everything else.
fn top(answer: &Answer) -> AnyView {
    let (sentence, rest) = (answer.sentence.clone(), answer.rest.join(" "));
    view! {
        <p class="answer">
            {glyph(answer.tone)}
            <span><b>{sentence}</b>" "{rest}</span>
        </p>
    }
    .into_any()
}
