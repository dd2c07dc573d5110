//! `/edges`: where users' requests enter, and what each edge carries out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, EdgeId, RegionId};
use mainstay_core::traffic::Counts;
use serde::Serialize;
use utoipa::ToSchema;

use super::PartRow;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// How an edge stands, as it is known on any server.
#[derive(Clone, Debug)]
pub struct Stand {
    pub connected: bool,
    /// Since when it is connected or not.
    pub since: DateTime<Utc>,
    /// The proxy's program and version.
    pub proxy: Option<String>,
    pub published_revision: u64,
    pub acknowledged_revision: u64,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
}

/// What an edge refuses, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    pub kind: String,
    pub names: Vec<String>,
    pub revision: u64,
    pub message: String,
    pub at: DateTime<Utc>,
}

/// One edge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    #[schema(value_type = String)]
    pub edge: EdgeId,
    #[schema(value_type = String)]
    pub region: RegionId,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub connected: bool,
    pub since: Option<DateTime<Utc>>,
    pub proxy: Option<String>,
    pub published_revision: u64,
    pub acknowledged_revision: u64,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub refused: Option<Refused>,
    /// Lately; absent: not heard.
    pub traffic: Option<PartRow>,
}

impl Row {
    /// `None`: the fleet has no such edge. `lately`: its counts and the seconds in which it was
    /// heard.
    pub(super) fn of(
        estate: &Estate,
        id: &EdgeId,
        stand: Option<&Stand>,
        lately: Option<&(Counts, u64)>,
    ) -> Option<Self> {
        let place = estate.fleet.edges.get(id)?;
        let refused = stand.and_then(|stand| stand.refused.clone());
        let (tone, word) = match stand {
            None => (Tone::Unk, t!("edge-never")),
            Some(_) if refused.is_some() => (Tone::Crit, t!("edge-refused")),
            Some(stand) if !stand.connected => {
                (Tone::Unk, t!("edge-away", since = text::clock(stand.since, estate.at)))
            }
            Some(stand) if stand.acknowledged_revision < stand.published_revision => {
                (Tone::Prog, t!("edge-behind"))
            }
            Some(_) => (Tone::Ok, t!("edge-connected")),
        };
        Some(Self {
            edge: id.clone(),
            region: place.region.clone(),
            datacenter: place.datacenter.clone(),
            tone,
            word,
            connected: stand.is_some_and(|stand| stand.connected),
            since: stand.map(|stand| stand.since),
            proxy: stand.and_then(|stand| stand.proxy.clone()),
            published_revision: stand.map_or(0, |stand| stand.published_revision),
            acknowledged_revision: stand.map_or(0, |stand| stand.acknowledged_revision),
            acknowledged_at: stand.and_then(|stand| stand.acknowledged_at),
            refused,
            traffic: lately.filter(|(_, seconds)| *seconds > 0).map(|(counts, seconds)| {
                PartRow::of(id.to_string(), None, counts, *seconds as f64)
            }),
        })
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Refusing ones first, then by id.
    pub edges: Vec<Row>,
    pub connected: usize,
    /// The minutes that the numbers are of.
    pub minutes: i64,
}

pub fn build(
    estate: &Estate,
    stands: &BTreeMap<EdgeId, Stand>,
    lately: &BTreeMap<EdgeId, (Counts, u64)>,
    minutes: i64,
) -> Data {
    let ids = estate.fleet.edges.keys();
    let row = |id| Row::of(estate, id, stands.get(id), lately.get(id));
    let mut edges: Vec<_> = ids.filter_map(row).collect();
    edges.sort_by_key(|row| row.refused.is_none());
    let connected = edges.iter().filter(|row| row.connected).count();
    Data { at: estate.at, edges, connected, minutes }
}

pub fn title() -> String {
    t!("nav-edges")
}

pub fn view(data: &Data) -> AnyView {
    let note = t!(
        "edges-note",
        connected = text::number(data.connected as u64),
        all = text::number(data.edges.len() as u64)
    );
    let head =
        page_head(PageHead { title: title(), note: Some(note.into_any()), ..PageHead::default() });
    let body = if data.edges.is_empty() {
        empty(t!("edges-none"), t!("edges-none-detail"), None)
    } else {
        rows(data)
    };
    let right = t!("edges-lately", minutes = data.minutes);
    let list = card(Head::new(t!("nav-edges")).right(right), body);
    view! { {head}{stack(view! { <div data-swap="edges">{list}</div> })} }.into_any()
}

fn rows(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("col-edge")),
        Column::new(t!("col-region")),
        Column::new(t!("col-dc")),
        Column::new(t!("col-state")),
        Column::number(t!("edge-revision")),
        Column::number(t!("col-rate")),
        Column::number(t!("metric-errors")),
        Column::number("p95"),
    ];
    let body = data.edges.iter().map(row).collect_view();
    table(t!("nav-edges"), columns, body)
}

fn row(row: &Row) -> AnyView {
    let traffic = row.traffic.as_ref();
    let none = || t!("chart-no-data");
    let rate = traffic.map_or_else(none, |it| text::rollout::rate(it.per_second));
    let errors = traffic.and_then(|it| it.error_rate);
    let errors = errors.map_or_else(none, text::rollout::percent);
    let p95 = traffic.and_then(|it| it.p95).map_or_else(none, text::rollout::milliseconds);
    let refused = row.refused.as_ref().map(|refused| {
        view! { <code class="block">{refused.message.clone()}</code> }
    });
    let href = paths::edge(&row.edge);
    let revision = revision(row);
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=href>{row.edge.to_string()}</a></th>
            <td data-l=t!("col-region")>
                <a class="quiet" href=paths::region(&row.region)>{row.region.to_string()}</a>
            </td>
            <td data-l=t!("col-dc")>
                <a class="quiet" href=paths::datacenter(&row.datacenter)>
                    {row.datacenter.to_string()}
                </a>
            </td>
            <td data-l=t!("col-state")>{state(row.tone, row.word.clone())}{refused}</td>
            <td class="num" data-l=t!("edge-revision")>{revision}</td>
            <td class="num" data-l=t!("col-rate")>{rate}</td>
            <td class="num" data-l=t!("metric-errors")>{errors}</td>
            <td class="num" data-l="p95">{p95}</td>
        </tr>
    }
    .into_any()
}

/// `7 of 7`, or that nothing was acknowledged.
pub(super) fn revision(row: &Row) -> String {
    if row.published_revision == 0 && row.acknowledged_revision == 0 {
        return t!("unknown-word");
    }
    t!(
        "edge-revision-of",
        n = text::number(row.acknowledged_revision),
        of = text::number(row.published_revision.max(row.acknowledged_revision))
    )
}
