//! `/edges/{edge}`: one edge: what it was told, what it says of that, and the requests through it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::EdgeId;
use mainstay_core::traffic::{Counts, Series};
use serde::Serialize;
use utoipa::ToSchema;

use super::edges::{Row, Stand, revision};
use super::{ChartPoint, Moments, PartRow, Range, charts, figures, part_card, parts_of, range};
use crate::pages::parts;
use crate::pages::query::Dropped;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::callout;
use crate::ui::card::{Head, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::plot::{self, Plot};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub edge: Row,
    pub range: Range,
    pub dropped: Vec<Dropped>,
    pub step_seconds: u32,
    pub unheard_seconds: u64,
    /// By service and version.
    pub services: Vec<PartRow>,
    pub datacenters: Vec<PartRow>,
    /// By service.
    pub points: Vec<ChartPoint>,
    #[serde(skip)]
    pub plots: Vec<(String, Plot)>,
}

/// `None`: the fleet has no such edge. `moments`: by service, without holes.
pub fn build(
    estate: &Estate,
    id: &EdgeId,
    stand: Option<&Stand>,
    (range, dropped): (Range, Vec<Dropped>),
    moments: &Moments,
    totals: &[(Series, Counts)],
) -> Option<Data> {
    let edge = Row::of(estate, id, stand, None)?;
    let gathered = charts::gathered(moments);
    let seconds = moments.heard_seconds() as f64;
    let version = |series: &Series| Some(format!("{} {}", series.service, series.version));
    let service = |name: &str| name.split(' ').next().map(paths::service_traffic);
    let datacenter = |series: &Series| series.datacenter.as_ref().map(ToString::to_string);
    Some(Data {
        at: estate.at,
        edge,
        range,
        dropped,
        step_seconds: gathered.step_seconds,
        unheard_seconds: moments.seconds() - moments.heard_seconds(),
        services: parts_of(totals, seconds, version, service),
        datacenters: parts_of(totals, seconds, datacenter, |name| Some(paths::datacenter(name))),
        points: charts::points(&gathered),
        plots: charts::by_part(&gathered, range),
    })
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.edge.edge, data.edge.word.to_lowercase())
}

pub fn view(data: &Data) -> AnyView {
    let edge = &data.edge;
    let place = t!("edge-place", dc = edge.datacenter.as_str(), region = edge.region.as_str());
    let head = page_head(PageHead {
        title: edge.edge.to_string(),
        crumbs: vec![Crumb::new(paths::EDGES, t!("nav-edges"))],
        badge: Some(
            view! { <span data-swap="badge">{badge(edge.tone, edge.word.clone())}</span> }
                .into_any(),
        ),
        note: Some(place.into_any()),
        actions: Some(range::links(&paths::edge(&edge.edge), data.range)),
    });
    let main = view! {
        {figures(&data.plots, plot::SMALL, data.step_seconds, data.unheard_seconds)}
        {part_card("services", t!("edge-services"), t!("col-service"), &data.services)}
        {part_card("datacenters", t!("traffic-datacenters"), t!("col-dc"), &data.datacenters)}
    };
    let side = padded(Head::new(t!("facts")), facts(edge));
    view! {
        {head}
        {parts::dropped(&data.dropped)}
        <div class="stack">
            <div data-swap="refused">{refused(edge)}</div>
            {columns(main, side)}
        </div>
    }
    .into_any()
}

/// What the edge refuses, with its own words.
fn refused(edge: &Row) -> Option<AnyView> {
    let refused = edge.refused.as_ref()?;
    let names = text::list(&refused.names);
    let strong = t!("edge-refuses", kind = refused.kind.as_str(), names = names);
    let kept = t!("edge-kept", revision = text::number(edge.acknowledged_revision));
    let words = refused.message.clone();
    let detail = view! { {kept}<code class="block">{words}</code> };
    Some(callout(Tone::Crit, strong, detail, None))
}

fn facts(edge: &Row) -> AnyView {
    let (dc, region) = (paths::datacenter(&edge.datacenter), paths::region(&edge.region));
    let (dc_name, region_name) = (edge.datacenter.to_string(), edge.region.to_string());
    let mut facts = vec![
        (t!("edge-revision"), revision(edge).into_any()),
        (t!("col-dc"), view! { <a href=dc>{dc_name}</a> }.into_any()),
        (t!("col-region"), view! { <a href=region>{region_name}</a> }.into_any()),
        (t!("edge-proxy"), text::known(edge.proxy.as_deref()).into_any()),
    ];
    if let Some(at) = edge.acknowledged_at {
        facts.push((t!("edge-acknowledged-at"), time_full(at)));
    }
    if let Some(at) = edge.since {
        let name = if edge.connected { t!("edge-since") } else { t!("edge-away-since") };
        facts.push((name, time_full(at)));
    }
    view! { <div data-swap="facts">{key_values(facts)}</div> }.into_any()
}
