//! `/backups`: the copies of every database, as a calendar, as sets, and by place.

pub mod ask;
mod calendar;
mod copies;
pub mod copy;
mod filter;
mod mark;
pub mod next;
mod picture;
pub mod restore;
pub mod run;
pub mod set;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Schedule;
use mainstay_core::backup::clock::Pace;
use mainstay_core::estate::Estate;
use mainstay_core::id::DatabaseId;
use serde::Serialize;
use utoipa::ToSchema;

pub use calendar::Calendar;
pub use copies::Copies;
pub use filter::{Filter, Listed, PAGE, Span, View};
pub use mark::{Look, Mark};
pub use picture::{Known, Picture, Told};
pub use sets::SetRow;

use crate::pages::parts;
use crate::pages::query::Dropped;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, stack};
use crate::ui::glyph::glyph;
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Segment, pager, segments};
use crate::ui::tone::Tone;

/// The answer at the top is about so long.
const LATELY: TimeDelta = TimeDelta::hours(24);
/// Names that the answer says; more are counted.
const NAMED: usize = 3;

/// What every database's pages are made from.
pub type AllKnown = BTreeMap<DatabaseId, Known>;

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
    /// Databases with a policy that the filter names, by id: a page of them.
    pub sets: Vec<SetRow>,
    /// How many it names.
    pub total: usize,
    /// Continue with `?after=` this id.
    #[schema(value_type = Option<String>)]
    pub next: Option<DatabaseId>,
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
    let without = estate.fleet.databases.keys().filter(|id| !with.contains(id)).cloned().collect();
    let listed = filter.list(pictures.iter().map(Picture::database));
    let shown = |picture: &&Picture<'_>| listed.databases.binary_search(picture.database()).is_ok();
    let page: Vec<&Picture<'_>> = pictures.iter().filter(shown).collect();
    let lost = filter.lost.as_ref();
    let loss = lost.map(|lost| copies::loss(&pictures, &listed.databases, lost));
    Data {
        at: estate.at,
        day_seconds: estate.pace,
        answer: answer(&pictures, estate.at),
        sets: page.iter().map(|picture| SetRow::of(picture)).collect(),
        total: listed.total,
        next: listed.databases.last().filter(|_| listed.more).cloned(),
        calendar: (filter.view == View::Calendar).then(|| calendar::build(&page, &filter)),
        copies: (filter.view == View::Copies).then(|| copies::build(&page, loss)),
        restores: None,
        without,
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
        for seen in mark::seen(picture, from - TimeDelta::days(1), now) {
            let end = seen.planned.window_end;
            let ended = from < end && end <= now && !seen.asked;
            all += u64::from(ended);
            match seen.look {
                Look::Done => on_time += u64::from(ended),
                Look::Late => {
                    let by = text::minutes(now - end);
                    late.push(t!("answer-late-of", db = db, time = by));
                }
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
    if data.total == 0 && filter.q.is_empty() {
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
    let list = filter.view != View::Restores;
    let form = list.then(|| filter.form(data.total)).flatten();
    let nothing = (list && data.sets.is_empty()).then(|| {
        let body = empty(t!("backups-nothing"), t!("backups-nothing-detail"), None);
        card(Head::new(t!("nav-backups")), body)
    });
    let body = if nothing.is_some() { nothing } else { body };
    view! {
        {head}
        {parts::dropped(&data.dropped)}
        <div class="stack" data-swap="backups">
            {top(&data.answer)}
            {form}
            {body}
            {list.then(|| pages(data)).flatten()}
            {without}
        </div>
    }
    .into_any()
}

/// The first page of databases, and the next one.
fn pages(data: &Data) -> Option<AnyView> {
    let filter = &data.filter;
    let first = filter.after.is_some().then(|| filter.page(None));
    let next = data
        .next
        .as_ref()
        .map(|last| (filter.page(Some(last)), t!("pager-next", count = text::number(PAGE as u64))));
    pager(first, next)
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
