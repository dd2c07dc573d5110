//! `/events`: what is planned or runs, the month, and what is over.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::planned::PlannedEvent;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use super::month::{self, Month};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Events)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// What is planned or runs, in the order of its time.
    pub open: Vec<Row>,
    pub month: Month,
    /// What is over, newest first.
    pub past: Vec<Row>,
    /// The address of older ones.
    pub older: Option<String>,
}

pub fn build(
    open: &[PlannedEvent],
    past: &[PlannedEvent],
    older: Option<String>,
    month: Month,
    at: DateTime<Utc>,
) -> Data {
    let rows = |of: &[PlannedEvent]| of.iter().map(|event| Row::of(event, at)).collect();
    Data { at, open: rows(open), month, past: rows(past), older }
}

pub fn title() -> String {
    t!("nav-events")
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let plan = match reader.may_operate(Target::default()) {
        Ok(()) => link_button(Weight::Primary, paths::EVENTS_PLAN, t!("event-plan")),
        Err(refusal) => disabled(t!("event-plan"), text::refusal(&refusal)),
    };
    let head = page_head(PageHead {
        title: title(),
        note: Some(t!("events-note").into_any()),
        actions: Some(plan),
        ..PageHead::default()
    });
    let open = if data.open.is_empty() {
        empty(t!("events-none"), t!("events-none-context"), None)
    } else {
        rows(t!("events-next"), &data.open, data.at)
    };
    let past = (!data.past.is_empty()).then(|| {
        let older = data.older.clone().map(|href| {
            view! { <p class="pad"><a href=href rel="next">{t!("pager-older")}</a></p> }
        });
        let table = rows(t!("events-past"), &data.past, data.at);
        card(Head::new(t!("events-past")), view! { {table}{older} })
    });
    let count = text::number(data.open.len() as u64);
    view! {
        {head}
        <div class="stack">
            {card(Head::new(t!("events-next")).note(count), open)}
            {month::view(&data.month, data.at)}
            {past}
        </div>
    }
    .into_any()
}

fn rows(caption: String, rows: &[Row], now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("event-col-what")),
        Column::new(t!("event-col-state")),
        Column::new(t!("event-col-when")),
        Column::new(t!("event-col-where")),
        Column::new(t!("event-col-kind")),
        Column::new(t!("event-col-by")),
    ];
    let body = rows
        .iter()
        .map(|row| {
            let (href, title, id) = (row.href.clone(), row.title.clone(), row.id.clone());
            let (places, by) = (row.datacenters.join(", "), row.by.clone());
            view! {
                <tr>
                    <th scope="row">
                        <a href=href>{title}</a>" "<span class="muted">{id}</span>
                    </th>
                    <td data-l=t!("event-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td data-l=t!("event-col-when")>{row.time(now)}</td>
                    <td data-l=t!("event-col-where")>{places}</td>
                    <td data-l=t!("event-col-kind")>{text::planned::kind(row.kind)}</td>
                    <td data-l=t!("event-col-by")>{by}</td>
                </tr>
            }
        })
        .collect_view();
    table(caption, columns, body)
}
