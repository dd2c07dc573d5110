//! The waves: which regions have which version, instance by instance.

use leptos::prelude::*;
use mainstay_core::estate::Instance;
use mainstay_core::id::{DatacenterId, RegionId};
use mainstay_core::rollout::{Ending, Plan, State};
use mainstay_core::status::{Status, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Data, Input, position};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::card::{Head, card};
use crate::ui::marks::{one_mark, row_svg};
use crate::ui::raw;
use crate::ui::tone::Tone;

/// Regions that go together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaveRow {
    #[schema(value_type = Vec<String>)]
    pub regions: Vec<RegionId>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// Whether it has begun.
    pub begun: bool,
    pub cells: Vec<WaveCell>,
}

/// A data centre of a wave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaveCell {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    /// Instances by state: those that serve the new version count as updating, those that serve
    /// the old one as healthy.
    #[schema(value_type = Vec<u32>)]
    pub marks: Tally,
    /// Serving instances of the new version, of the nodes that the plan counted.
    pub updated: u32,
    pub nodes: u16,
}

pub(super) fn waves(input: &Input<'_>) -> Vec<WaveRow> {
    let plan = &input.rollout.plan;
    let (tone, word) = text::rollout::rollout_state(plan, &input.rollout.state);
    let state = &input.rollout.state;
    let promoted =
        matches!(state, State::Ended { outcome: Ending::Promoted, .. } | State::Promoted { .. });
    let on = match position(state) {
        _ if promoted => plan.waves.len(),
        Some(at) => usize::from(at.wave),
        None => 0,
    };
    let over =
        matches!(input.rollout.state, State::Ended { outcome: Ending::RolledBack { .. }, .. });
    let row = |(at, wave): (usize, &mainstay_core::rollout::Wave)| {
        let (tone, word) = match at.cmp(&on) {
            std::cmp::Ordering::Less => (Tone::Ok, t!("wave-done")),
            std::cmp::Ordering::Equal if !over => (tone, word.clone()),
            std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => {
                (Tone::Plan, t!("wave-waiting"))
            }
        };
        WaveRow {
            regions: wave.regions.clone(),
            tone,
            word,
            begun: at <= on && !over,
            cells: wave.datacenters.iter().map(|(dc, nodes)| cell(input, dc, *nodes)).collect(),
        }
    };
    plan.waves.iter().enumerate().map(row).collect()
}

fn cell(input: &Input<'_>, datacenter: &DatacenterId, nodes: u16) -> WaveCell {
    let plan = &input.rollout.plan;
    let mut marks = Tally::default();
    let mut updated = 0;
    for (instance, status) in input.estate.cell(&plan.service, datacenter) {
        let status = of_version(plan, instance, status);
        updated += u32::from(status == Status::Updating);
        marks.add(status);
    }
    WaveCell { datacenter: datacenter.clone(), marks, updated, nodes }
}

/// A serving instance by its version; what does not serve keeps its own state.
pub(crate) fn of_version(plan: &Plan, instance: &Instance, status: Status) -> Status {
    match status {
        Status::Healthy if instance.version == plan.to => Status::Updating,
        // One that starts does not serve either version yet.
        Status::Updating => Status::Planned,
        Status::Failing
        | Status::Degraded
        | Status::Unknown
        | Status::Planned
        | Status::Healthy => status,
    }
}

pub(super) fn view(data: &Data) -> AnyView {
    let plan = &data.rollout.plan;
    let legend = |status, version: &str| {
        let words = t!("on-version", version = version);
        view! { <span>{raw(one_mark(status))}{words}</span> }
    };
    let right = view! {
        <span class="legend">
            {legend(Status::Updating, &plan.to)}
            {legend(Status::Healthy, &plan.from)}
        </span>
    };
    let rows = (1u64..).zip(&data.waves).map(|(n, wave)| row(data, n, wave)).collect_view();
    let table = view! {
        <div class="scroll" tabindex="0" role="group" aria-label=t!("waves") data-swap="waves">
            <table class="wv">
                <caption class="vh">{t!("waves")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!("wave-number")}</th>
                        <th scope="col">{t!("col-region")}</th>
                        <th scope="col">{t!("col-state")}</th>
                        <th scope="col">{t!("wave-datacenters")}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    };
    card(Head::new(t!("waves")).right(right), table)
}

fn row(data: &Data, n: u64, wave: &WaveRow) -> AnyView {
    let regions = wave
        .regions
        .iter()
        .map(|id| {
            view! { <a class="quiet" href=paths::region(id)>{id.to_string()}</a>" " }
        })
        .collect_view();
    let word = if wave.begun {
        state(wave.tone, wave.word.clone())
    } else {
        view! { <span class="muted">{wave.word.clone()}</span> }.into_any()
    };
    let cells = wave.cells.iter().map(|cell| cell_view(data, cell)).collect_view();
    view! {
        <tr>
            <td class="muted">{text::number(n)}</td>
            <th scope="row">{regions}</th>
            <td>{word}</td>
            <td><div class="wdc">{cells}</div></td>
        </tr>
    }
    .into_any()
}

fn cell_view(data: &Data, cell: &WaveCell) -> AnyView {
    let plan = &data.rollout.plan;
    let href = paths::cell(&plan.service, &cell.datacenter);
    let said = t!(
        "wave-cell",
        dc = cell.datacenter.as_str(),
        done = text::number(cell.updated),
        nodes = text::number(cell.nodes),
        version = plan.to.as_str()
    );
    let count = format!("{} / {}", cell.updated, cell.nodes);
    view! {
        <a class="quiet" href=href>
            <span class="muted" aria-hidden="true">{cell.datacenter.to_string()}</span>
            {raw(row_svg(&cell.marks))}
            <span class="num" aria-hidden="true">{count}</span>
            <span class="vh">{said}</span>
        </a>
    }
    .into_any()
}
