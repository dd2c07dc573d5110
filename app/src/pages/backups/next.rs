//! Backups on the overview: how they went, what needs a look, and what the next 24 hours bring.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::{Kind, Schedule};
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::mark::{Look, Seen, drawing, seen};
use super::picture::{Known, Picture};
use super::{AllKnown, Answer, answer};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::card::{Head, card};
use crate::ui::glyph::glyph;
use crate::ui::time::time;

/// Rows that the card shows.
const SHOWN: usize = 4;
/// How far ahead it looks.
const AHEAD: TimeDelta = TimeDelta::hours(24);

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Next {
    pub at: DateTime<Utc>,
    pub answer: Answer,
    /// Late, missed, failing and running ones first, then by time.
    pub rows: Vec<Row>,
    /// Rows beyond those.
    pub more: usize,
}

/// A run or window.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    pub database: String,
    pub look: Look,
    #[schema(value_type = String)]
    pub kind: Kind,
    pub window_start: DateTime<Utc>,
    pub datacenter: String,
    pub href: String,
}

impl Row {
    fn of(seen: &Seen<'_>) -> Self {
        Self {
            database: seen.planned.database.to_string(),
            look: seen.look,
            kind: seen.kind,
            window_start: seen.planned.window_start,
            datacenter: seen.datacenter().to_string(),
            href: seen.href(),
        }
    }
}

/// `None`: no database of the fleet has a policy.
pub fn build(estate: &Estate, known: &AllKnown) -> Option<Next> {
    let (none, now) = (Known::default(), estate.at);
    let pictures: Vec<Picture<'_>> = Schedule::all(&estate.fleet)
        .map(|schedule| {
            let known = known.get(&schedule.database).unwrap_or(&none);
            Picture::with(estate, schedule, known)
        })
        .collect();
    if pictures.is_empty() {
        return None;
    }
    let mut all: Vec<Seen<'_>> = Vec::new();
    for picture in &pictures {
        let around = seen(picture, now - TimeDelta::days(2), now + AHEAD).into_iter();
        all.extend(around.filter(|seen| match seen.look {
            Look::Late | Look::Failing | Look::Stuck | Look::Running | Look::Planned => true,
            Look::Missed => now - seen.planned.window_end < AHEAD,
            Look::Unknown | Look::DoneLate | Look::Done => false,
        }));
    }
    all.sort_by(|a, b| {
        let key = |seen: &Seen<'_>| (seen.look, seen.planned.window_start);
        let then = || a.planned.database.cmp(&b.planned.database);
        key(a).cmp(&key(b)).then_with(then)
    });
    let more = all.len().saturating_sub(SHOWN);
    let rows = all.iter().take(SHOWN).map(Row::of).collect();
    Some(Next { at: now, answer: answer(&pictures, now), rows, more })
}

pub fn view(next: &Next) -> AnyView {
    let Answer { tone, sentence, rest } = &next.answer;
    let (sentence, rest) = (sentence.clone(), rest.join(" "));
    let items = next
        .rows
        .iter()
        .map(|row| {
            let what =
                t!("next-what", kind = text::backup::kind(row.kind), dc = row.datacenter.as_str());
            view! {
                <li>
                    {drawing(row.look, row.kind)}
                    <a class="quiet" href=row.href.clone()>{row.database.clone()}</a>
                    <span class="muted">{what}", "{row.look.word().to_lowercase()}</span>
                    <span class="when">{time(row.window_start, next.at)}</span>
                </li>
            }
        })
        .collect_view();
    let more = (next.more > 0).then(|| {
        let count = text::number(next.more as u64);
        view! { <p class="muted small pad">{t!("next-more", n = next.more, count = count)}</p> }
    });
    let right = view! { <a href=paths::BACKUPS>{t!("backups-calendar")}</a> };
    let body = view! {
        <p class="answer pad">{glyph(*tone)}<span><b>{sentence}</b>" "{rest}</span></p>
        <ul class="nexts">{items}</ul>
        {more}
    };
    card(Head::new(t!("next-title")).note(t!("next-note")).right(right), body)
}
