//! The runs and drills that were, newest first.

use leptos::prelude::*;

use super::list::Data;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time;

pub(super) fn view(data: &Data) -> AnyView {
    let head = Head::new(t!("failover-runs"));
    if data.runs.is_empty() {
        return card(head, empty(t!("failover-no-runs"), t!("failover-no-runs-detail"), None));
    }
    let columns = vec![
        Column::new(t!("failover-col-run")),
        Column::new(t!("failover-col-what")),
        Column::new(t!("failover-col-state")),
        Column::number(t!("failover-col-steps")),
        Column::number(t!("failover-col-took")),
        Column::new(t!("failover-col-started")),
    ];
    let body = data
        .runs
        .iter()
        .map(|row| {
            let took = text::duration(row.ended_at.unwrap_or(data.at) - row.started_at);
            let steps = format!("{} / {}", row.steps_past, row.steps);
            view! {
                <tr>
                    <th scope="row"><a href=row.href.clone()>{row.id.clone()}</a></th>
                    <td data-l=t!("failover-col-what")>{row.title.clone()}</td>
                    <td data-l=t!("failover-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td class="num" data-l=t!("failover-col-steps")>{steps}</td>
                    <td class="num" data-l=t!("failover-col-took")>{took}</td>
                    <td data-l=t!("failover-col-started")>
                        {time(row.started_at, data.at)}", "{row.started_by.clone()}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let more = data.next.clone().map(|href| {
        view! { <p class="pad"><a href=href>{t!("failover-older")}</a></p> }
    });
    card(head, view! { {table(t!("failover-runs"), columns, body)}{more} })
}
