//! `/approvals`: what waits for a second person, and what became of the rest.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::approval::Approval;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Approvals)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// What waits, the oldest first.
    pub open: Vec<Row>,
    /// What is over, newest first.
    pub over: Vec<Row>,
    /// The address of older ones.
    pub next: Option<String>,
}

pub fn build(
    open: &[Approval],
    over: &[Approval],
    next: Option<String>,
    at: DateTime<Utc>,
) -> Data {
    let rows = |of: &[Approval]| of.iter().map(|approval| Row::of(approval, at)).collect();
    Data { at, open: rows(open), over: rows(over), next }
}

pub fn title(data: &Data) -> String {
    format!("{} ({})", t!("approvals"), text::number(data.open.len() as u64))
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead {
        title: t!("approvals"),
        note: Some(t!("approvals-note").into_any()),
        ..PageHead::default()
    });
    let open = if data.open.is_empty() {
        empty(t!("approvals-none"), t!("approvals-none-context"), None)
    } else {
        rows(t!("approvals-open"), &data.open, t!("approval-col-until"), data.at)
    };
    let over = (!data.over.is_empty()).then(|| {
        let older = data.next.clone().map(|href| {
            view! { <p class="pad"><a href=href rel="next">{t!("pager-older")}</a></p> }
        });
        let table = rows(t!("approvals-over"), &data.over, t!("approval-col-answered"), data.at);
        card(Head::new(t!("approvals-over")), view! { {table}{older} })
    });
    let count = text::number(data.open.len() as u64);
    view! {
        {head}
        <div class="stack">{card(Head::new(t!("approvals-open")).note(count), open)}{over}</div>
    }
    .into_any()
}

fn rows(caption: String, rows: &[Row], last: String, now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("approval-col-what")),
        Column::new(t!("approval-col-state")),
        Column::new(t!("approval-col-by")),
        Column::new(t!("approval-col-at")),
        Column::new(last.clone()),
    ];
    let body = rows
        .iter()
        .map(|row| {
            let end = match &row.answered_by {
                Some(by) => by.clone().into_any(),
                None => time(row.until, now),
            };
            view! {
                <tr>
                    <th scope="row">
                        <a href=row.href.clone()>{row.what.clone()}</a>
                        " "<span class="muted">{row.id.clone()}</span>
                    </th>
                    <td data-l=t!("approval-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td data-l=t!("approval-col-by")>{row.by.clone()}</td>
                    <td data-l=t!("approval-col-at")>{time(row.at, now)}</td>
                    <td data-l=last.clone()>{end}</td>
                </tr>
            }
        })
        .collect_view();
    table(caption, columns, body)
}
