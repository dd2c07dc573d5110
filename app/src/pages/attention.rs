//! `/attention`: every open problem, and those that ended lately.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::problem::Record;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::{Dropped, Query};
use crate::pages::rows::{PAGE_ROWS, ProblemRow, ended_problems, open_problems};
use crate::pages::{Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Chip, chips};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Open problems that the filter keeps, worst first, then oldest.
    pub open: Vec<ProblemRow>,
    /// Those that are left alone for a while.
    pub snoozed: Vec<ProblemRow>,
    /// How many are open in all.
    pub open_total: usize,
    /// Ended problems, newest first.
    pub ended: Vec<ProblemRow>,
    /// Statuses of the filter.
    #[schema(value_type = Vec<String>)]
    pub filter: Vec<Status>,
    /// Open problems of each status.
    #[schema(value_type = Vec<Object>)]
    pub by_status: Vec<(Status, usize)>,
    pub dropped: Vec<Dropped>,
}

/// `records` are the open problems and as many ended ones as the caller wants shown.
pub fn build(records: &[Record], estate: &Estate, query: &Query) -> Data {
    let mut dropped = Vec::new();
    let filter = query.read_all("status", &mut dropped, Status::from_name);
    let mut open = open_problems(records, estate);
    let open_total = open.len();
    let by_status = Status::ALL
        .into_iter()
        .map(|status| (status, open.iter().filter(|row| row.status == status).count()))
        .filter(|(_, n)| *n > 0)
        .collect();
    open.retain(|row| filter.is_empty() || filter.contains(&row.status));
    let (snoozed, open) = open.into_iter().partition(|row| row.snooze.is_some());
    let mut ended = ended_problems(records, estate);
    ended.truncate(PAGE_ROWS);
    Data { at: estate.at, open, snoozed, open_total, ended, filter, by_status, dropped }
}

pub fn title(data: &Data) -> String {
    format!("{} ({})", t!("nav-attention"), text::number(data.open_total as u64))
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let known: Vec<_> = data.open.iter().chain(&data.snoozed).map(|row| row.id).collect();
    let head = page_head(PageHead {
        title: t!("nav-attention"),
        badge: Some(filter(data)),
        note: Some(t!("attention-order").into_any()),
        actions: Some(link_button(Weight::Plain, paths::APPROVALS, t!("approvals"))),
        ..PageHead::default()
    });
    let count = text::number(data.open.len() as u64);
    let alone = !data.snoozed.is_empty();
    let snoozed = parts::attention_list(&data.snoozed, &[], reader, data.at);
    let open = if data.open.is_empty() && data.filter.is_empty() {
        empty(t!("need-none"), t!("attention-open-context"), None)
    } else if data.open.is_empty() {
        let words = text::list(data.filter.iter().map(|s| text::status(*s).to_lowercase()));
        let clear = view! { <a class="btn" href=paths::ATTENTION>{t!("filter-clear")}</a> };
        empty(t!("attention-filtered", status = words), "", Some(clear.into_any()))
    } else {
        ().into_any()
    };
    let list = parts::attention_list(&data.open, &known, reader, data.at);
    let ended = parts::attention_list(&data.ended, &[], reader, data.at);
    view! {
        {head}
        {parts::dropped(&data.dropped)}
        <div class="stack">
            {card(
                Head::new(t!("attention-open")).note(count).right(parts::newer()),
                view! { {open}{list} },
            )}
            {alone.then(|| card(Head::new(t!("attention-snoozed")), snoozed))}
            {(!data.ended.is_empty()).then(|| card(Head::new(t!("attention-ended")), ended))}
        </div>
    }
    .into_any()
}

fn filter(data: &Data) -> AnyView {
    let items = data
        .by_status
        .iter()
        .map(|(status, n)| {
            let on = data.filter.contains(status);
            let href = if on {
                paths::ATTENTION.to_owned()
            } else {
                paths::with_query(paths::ATTENTION, &[("status", status.name())])
            };
            Chip {
                href,
                mark: Some(crate::ui::glyph::glyph(*status)),
                count: Some(text::number(*n as u64)),
                label: text::status(*status).to_lowercase(),
                on,
                live: None,
            }
        })
        .collect();
    chips(t!("filter-status"), items)
}
