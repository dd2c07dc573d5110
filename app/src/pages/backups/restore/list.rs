//! `/backups?view=restores`: every restore over a live database, the newest first.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::clock::Pace;
use mainstay_core::backup::restore::Restore;
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::Row;
use crate::paths;
use crate::t;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Restores)]
pub struct List {
    pub at: DateTime<Utc>,
    /// Seconds in which a day of the policies passes, where it is not a day: every time here is
    /// the policies'.
    #[serde(skip_serializing_if = "Pace::is_real")]
    #[schema(value_type = Option<u32>)]
    pub day_seconds: Pace,
    /// The newest first.
    pub restores: Vec<Row>,
}

pub fn build(estate: &Estate, restores: &[Restore]) -> List {
    let rows = restores.iter().map(|restore| Row::of(estate, restore)).collect();
    List { at: estate.at, day_seconds: estate.pace, restores: rows }
}

pub fn view(data: &List) -> AnyView {
    let head = Head::new(t!("restores")).right(t!("newest-first"));
    if data.restores.is_empty() {
        return card(head, empty(t!("restores-none"), t!("restores-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("col-restore")),
        Column::new(t!("col-state")),
        Column::new(t!("col-database")),
        Column::new(t!("col-copy")),
        Column::new(t!("col-target")),
        Column::new(t!("col-asked")),
        Column::new(t!("col-allowed")),
        Column::new(t!("col-result")),
    ];
    let rows = data.restores.iter().map(|row| line(data, row)).collect_view();
    card(head, table(t!("restores"), columns, rows))
}

fn line(data: &List, row: &Row) -> AnyView {
    let set = paths::backup_set(&row.database);
    let copy = format!("{}, {}", row.label, row.datacenter);
    let without = row.unproven.then(|| {
        view! { <br/><span class="muted">{t!("restore-unproven")}</span> }
    });
    let allowed = row.allowed_by.clone().unwrap_or_else(|| t!("restore-nobody"));
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=row.href.clone()>{row.id.clone()}</a></th>
            <td data-l=t!("col-state")>{state(row.tone, row.word.clone())}{without}</td>
            <td data-l=t!("col-database")><a href=set>{row.database.clone()}</a></td>
            <td data-l=t!("col-copy")><a class="mono" href=row.copy_href()>{copy}</a></td>
            <td data-l=t!("col-target")>{row.target.clone()}</td>
            <td data-l=t!("col-asked")>{row.by.clone()}" "{time(row.asked_at, data.at)}</td>
            <td data-l=t!("col-allowed")>{allowed}</td>
            <td data-l=t!("col-result") class="wrap">{row.detail.clone()}</td>
        </tr>
    }
    .into_any()
}
