//! The budgets of the regions, for the overview.

use leptos::prelude::*;
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{ScopeRow, budget_bar, grouped};
use super::{Figures, Known, Scope};
use crate::paths;
use crate::t;
use crate::text::availability as words;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};

/// What each region used of the budget of 30 days.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AvailabilityCard)]
pub struct Card {
    pub rows: Vec<ScopeRow>,
}

impl Card {
    pub fn of(estate: &Estate, known: &Known) -> Self {
        let rows = grouped(&known.totals, |total| total.cell.region.to_string());
        let rows = rows.into_iter().map(|(region, totals)| ScopeRow {
            href: Scope { region: region.parse().ok(), ..Scope::default() }.href(),
            name: region,
            figures: Figures::of(&estate.fleet, &totals, known.minutes(), known.span_minutes()),
            within: Vec::new(),
        });
        Self { rows: rows.collect() }
    }

    pub fn view(&self) -> AnyView {
        let right = view! { <a href=paths::AVAILABILITY>{t!("outage-ledger")}</a> };
        let head = Head::new(t!("budget-card")).right(right);
        if self.rows.is_empty() {
            return card(head, empty(t!("availability-unknown"), t!("budget-card-none"), None));
        }
        let columns = vec![
            Column::new(t!("col-region")),
            Column::number(t!("availability-net")),
            Column::number(t!("availability-gross-word")),
            Column::number(t!("availability-col-used")),
        ];
        let body = self
            .rows
            .iter()
            .map(|row| {
                let figures = &row.figures;
                let used = t!(
                    "budget-card-used",
                    used = words::minutes(figures.used_net_minutes),
                    allowed = words::minutes(figures.allowed_minutes)
                );
                view! {
                    <tr>
                        <th scope="row"><a href=row.href.clone()>{row.name.clone()}</a></th>
                        <td class="num" data-l=t!("availability-net")
                            title=figures.net.fraction()>{figures.net.words()}</td>
                        <td class="num" data-l=t!("availability-gross-word")
                            title=figures.gross.fraction()>{figures.gross.words()}</td>
                        <td class="num" data-l=t!("availability-col-used")>
                            <span class="budget-used">
                                {budget_bar(figures)}
                                <span>{used}</span>
                            </span>
                        </td>
                    </tr>
                }
            })
            .collect_view();
        let rows = table(t!("budget-card"), columns, body);
        card(head, view! { <div data-swap="budget-card">{rows}</div> })
    }
}
