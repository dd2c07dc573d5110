//! The next day's events on the overview, with those that run and those whose time passed.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::planned::PlannedEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::card::{Head, card};
use crate::ui::glyph::glyph;

/// Rows that the card shows.
const SHOWN: usize = 4;
/// How far ahead it looks.
const AHEAD: TimeDelta = TimeDelta::hours(24);

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventsSoon)]
pub struct Soon {
    pub at: DateTime<Utc>,
    pub rows: Vec<Row>,
    /// Rows beyond those.
    pub more: usize,
}

/// `open`: what is planned or runs, in the order of its time. `None`: there is nothing to say.
pub fn build(open: &[PlannedEvent], now: DateTime<Utc>) -> Option<Soon> {
    let near: Vec<_> = open.iter().filter(|event| event.content.from < now + AHEAD).collect();
    let rows = near.iter().take(SHOWN).map(|event| Row::of(event, now)).collect();
    let more = near.len().saturating_sub(SHOWN);
    (!near.is_empty()).then_some(Soon { at: now, rows, more })
}

pub fn view(soon: &Soon) -> AnyView {
    let items = soon
        .rows
        .iter()
        .map(|row| {
            let (href, title) = (row.href.clone(), row.title.clone());
            let what = format!("{}, {}", row.datacenters.join(", "), row.word.to_lowercase());
            view! {
                <li>
                    {glyph(row.tone)}
                    <a class="quiet" href=href>{title}</a>
                    <span class="muted">{what}</span>
                    <span class="when">{row.time(soon.at)}</span>
                </li>
            }
        })
        .collect_view();
    let more = (soon.more > 0)
        .then(|| view! { <p class="pad small muted">{t!("events-more", n = soon.more)}</p> });
    let right = view! { <a href=paths::EVENTS>{t!("nav-events")}</a> };
    let count = text::number((soon.rows.len() + soon.more) as u64);
    let head = Head::new(t!("events-soon")).note(count).right(right);
    card(head, view! { <ul class="nexts plain">{items}</ul>{more} })
}
