//! How fast the budget of each service burns.

use chrono::TimeDelta;
use leptos::prelude::*;
use mainstay_core::availability::Target;
use mainstay_core::availability::burn::{Burn, Lately, Speed, alert, burns};
use mainstay_core::estate::Estate;
use mainstay_core::id::ServiceId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::badge::state;
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// How fast the budget of a service burns.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AvailabilityBurn)]
pub struct BurnRow {
    pub service: String,
    #[schema(value_type = String)]
    pub target: Target,
    #[schema(value_type = Vec<Object>)]
    pub windows: Vec<Burn>,
}

impl BurnRow {
    pub(super) fn of(estate: &Estate, service: &ServiceId, lately: &Lately) -> Self {
        let target = estate.fleet.availability_target(service);
        let windows = burns(lately, target).to_vec();
        Self { service: service.to_string(), target, windows }
    }

    /// Whether a person is to be told.
    pub(super) fn fires(&self) -> bool {
        alert(&self.windows).is_some()
    }
}

/// How fast it burns, service by service: those that need a person first.
pub(super) fn view(burns: &[BurnRow]) -> Option<AnyView> {
    if burns.is_empty() {
        return None;
    }
    let mut rows: Vec<_> = burns.iter().collect();
    rows.sort_by_key(|row| alert(&row.windows).map_or(2, |burn| burn.speed as u8));
    let mut columns = vec![Column::new(t!("col-service")), Column::new(t!("burn-col-state"))];
    let length = |minutes: u32| text::duration(TimeDelta::minutes(i64::from(minutes)));
    let first = &burns[0].windows;
    columns.extend(first.iter().map(|it| Column::number(length(it.long_minutes))));
    let body = rows.into_iter().map(burn_view).collect_view();
    let limits: Vec<_> = first
        .iter()
        .map(|it| {
            let (long, short) = (length(it.long_minutes), length(it.short_minutes));
            t!("burn-limit", long = long, short = short, limit = words::minutes(it.limit))
        })
        .collect();
    let limits = t!("burn-note", limits = text::list(limits));
    Some(
        view! {
            <details open=burns.iter().any(BurnRow::fires)>
                <summary class="pad">{t!("burn-title")}</summary>
                {table(t!("burn-title"), columns, body)}
                <p class="pad second">{limits}</p>
            </details>
        }
        .into_any(),
    )
}

fn burn_view(row: &BurnRow) -> AnyView {
    let (tone, word) = match alert(&row.windows).map(|burn| burn.speed) {
        Some(Speed::Page) => (Tone::Crit, t!("burn-page")),
        Some(Speed::Ticket) => (Tone::Warn, t!("burn-ticket")),
        None if row.windows.iter().all(|it| it.long.is_none()) => {
            (Tone::Unk, t!("availability-none"))
        }
        None => (Tone::Ok, t!("burn-calm")),
    };
    let rate = |value: Option<f64>| value.map_or_else(|| t!("availability-none"), words::minutes);
    let cells = row.windows.iter().map(|it| {
        let label = text::duration(TimeDelta::minutes(i64::from(it.long_minutes)));
        let (long, short) = (rate(it.long), format!("({})", rate(it.short)));
        view! {
            <td class="num" data-l=label>
                <span>{long}" "<span class="muted">{short}</span></span>
            </td>
        }
    });
    let cells: Vec<_> = cells.collect();
    let href = paths::with_query(paths::AVAILABILITY, &[("service", &row.service)]);
    view! {
        <tr>
            <th scope="row"><a href=href>{row.service.clone()}</a></th>
            <td data-l=t!("burn-col-state")>{state(tone, word)}</td>
            {cells}
        </tr>
    }
    .into_any()
}
