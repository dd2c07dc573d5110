//! Views that several pages share: the attention list, fleet strips, instance and cell tables.
//!
//! Elements carry `data-k` (which object) and `data-f` (which of its values) so that the live
//! island can write new values in place; see [`crate::live`].

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::status::{Status, Tally};

use crate::pages::query::Dropped;
use crate::pages::rows::{CellRow, InstancePage, InstanceRow, ProblemRow, RegionStrips, StripRow};
use crate::pages::{Counts, Reader};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::live_state;
use crate::ui::block::callout;
use crate::ui::glyph::glyph;
use crate::ui::marks::{marks_svg, strip_size, strip_svg};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;
use crate::ui::{link, raw};

/// Problems as a list; the order stays while the page is open.
pub fn attention_list(
    rows: &[ProblemRow],
    known: &[i64],
    reader: &Reader,
    now: DateTime<Utc>,
) -> AnyView {
    let known = text::list(known.iter().map(i64::to_string)).replace(' ', "");
    let items = rows.iter().map(|row| attention_item(row, reader, now)).collect_view();
    view! { <ul class="att" data-list="problems" data-known=known>{items}</ul> }.into_any()
}

/// Says how many newer problems there are, and shows them when asked. Stands in the card's head.
pub fn newer() -> AnyView {
    view! {
        <span class="newer" data-newer hidden>
            <span></span>
            " "
            <button class="link">{t!("live-show")}</button>
        </span>
    }
    .into_any()
}

fn attention_item(row: &ProblemRow, reader: &Reader, now: DateTime<Utc>) -> AnyView {
    let may_take = row.operated_by(reader).is_ok();
    let key = format!("problem/{}", row.id);
    let ended = row.closed_at.is_some().then_some("ended");
    let open = t!("open-subject", name = row.subject_name.as_str());
    // Who has it matters while it is open; of an ended one only who had it.
    let owner = match (&row.owner, row.closed_at, may_take) {
        (Some(owner), _, _) => Some(owner.clone().into_any()),
        (None, Some(_), _) => None,
        (None, None, true) => {
            let action = paths::action(&row.href, "take");
            let (csrf, title) = (reader.csrf.clone(), row.title.clone());
            let take = view! {
                <form method="post" action=action class="inline">
                    <input type="hidden" name="csrf" value=csrf/>
                    <button class="link">{t!("take-it")}<span class="vh">": "{title}</span></button>
                </form>
            };
            Some(take.into_any())
        }
        (None, None, false) => Some(t!("nobody").into_any()),
    };
    let owner = owner.map(|owner| view! { <span class="sep">", "</span><br/>{owner} });
    let status = if row.closed_at.is_some() { Status::Healthy } else { row.status };
    view! {
        <li data-k=key class=ended>
            <span data-f="s">{glyph(status)}</span>
            <div>
                <div class="h"><a class="quiet" href=row.href.clone()>{row.title.clone()}</a></div>
                <div class="d" data-f="detail">{row.detail.clone()}</div>
            </div>
            <div class="s">
                {when(row, now)}
                {owner}
            </div>
            <div class="b">
                <a class="btn sm" href=row.runbook.clone()>
                    {t!("runbook-button")}<span class="vh">": "{row.title.clone()}</span>
                </a>
                <a class="btn sm" href=row.subject.clone()>{open}</a>
            </div>
        </li>
    }
    .into_any()
}

/// `since 02:58` or `ended 03:14`, updated in place.
fn when(row: &ProblemRow, now: DateTime<Utc>) -> AnyView {
    let (word, at) = match row.closed_at {
        Some(at) => (t!("ended"), at),
        None => (t!("since-word"), row.opened_at),
    };
    view! { <span data-f="word">{word}</span>" "<span data-f="clock">{time(at, now)}</span> }
        .into_any()
}

/// The strips of a fleet, region by region.
pub fn fleet(regions: &[RegionStrips]) -> AnyView {
    let most = regions.iter().flat_map(|region| &region.rows).map(|row| row.counts.total).max();
    let size = strip_size(most.unwrap_or(0));
    let body = regions
        .iter()
        .map(|region| {
            let vendors = vendors(&region.rows);
            view! {
                <div class="fl-r">
                    <a class="quiet" href=paths::region(&region.region)>{region.name.clone()}</a>
                    <span>{vendors}</span>
                </div>
                {region.rows.iter().map(|row| strip(row, size)).collect_view()}
            }
        })
        .collect_view();
    view! {
        <div class="fleet">
            <div class="fl fl-h" aria-hidden="true">
                <span>{t!("fleet-dc")}</span>
                <span>{t!("fleet-instances")}</span>
                <span>{t!("fleet-healthy")}</span>
            </div>
            {body}
        </div>
    }
    .into_any()
}

/// The vendors of a region's data centres, each once.
fn vendors(rows: &[StripRow]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.vendor.as_str()) {
            names.push(&row.vendor);
        }
    }
    text::list(names)
}

/// Strips without their region, of one size.
pub fn strips(rows: &[StripRow]) -> AnyView {
    let size = strip_size(rows.iter().map(|row| row.counts.total).max().unwrap_or(0));
    let rows = rows.iter().map(|row| strip(row, size)).collect_view();
    view! { <div class="fleet">{rows}</div> }.into_any()
}

/// One data centre as a strip that is one link.
fn strip(row: &StripRow, size: usize) -> AnyView {
    let tally = Tally::from(row.counts);
    let said = text::tally(&tally);
    let said = if said.is_empty() { row.contact.clone() } else { said };
    let tone = Tone::from(row.status).class();
    let class = if row.old { format!("fl old {tone}") } else { format!("fl {tone}") };
    let title = format!("{}, {}", row.vendor, row.contact);
    view! {
        <a class=class href=paths::datacenter(&row.datacenter) title=title
            data-k=format!("dc/{}", row.datacenter) data-f="s">
            <span class="dc">{row.datacenter.to_string()}</span>
            <span data-f="n" data-m=format!("strip{size}")>{raw(strip_svg(&tally, size))}</span>
            <span class="c" aria-hidden="true">
                <b data-f="healthy">{text::number(row.counts.healthy)}</b>
                " / "
                <span data-f="total">{text::number(row.counts.total)}</span>
            </span>
            <span class="vh" data-f="word">{said}</span>
        </a>
    }
    .into_any()
}

/// Marks of a cell in a table, updated in place.
pub fn marks(counts: Counts) -> AnyView {
    let svg = marks_svg(&Tally::from(counts));
    view! { <span data-f="n">{raw(svg)}</span> }.into_any()
}

/// A status of something counted: glyph, and the counts in words.
pub fn health(status: Status, counts: Counts) -> AnyView {
    let words = text::tally(&Tally::from(counts));
    let words = if words.is_empty() { t!("no-instances") } else { words };
    live_state(status, words)
}

/// `218 / 220`, updated in place.
pub fn healthy_of(counts: Counts) -> AnyView {
    view! {
        <span class="nowrap">
            <span data-f="healthy">{text::number(counts.healthy)}</span>
            <span class="muted">" / "<span data-f="total">{text::number(counts.total)}</span></span>
        </span>
    }
    .into_any()
}

/// Which columns an instance table leaves out because its page says them already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Without {
    pub service: bool,
    pub datacenter: bool,
}

/// Instances with their pager; `next` makes the address of a cursor.
pub fn instances(
    page: &InstancePage,
    without: Without,
    paged: bool,
    href: impl Fn(&str) -> String,
    now: DateTime<Utc>,
) -> AnyView {
    let mut columns = vec![Column::new(t!("col-instance"))];
    if !without.service {
        columns.push(Column::new(t!("col-service")));
    }
    if !without.datacenter {
        columns.push(Column::new(t!("col-dc")));
    }
    columns.extend([
        Column::new(t!("col-state")),
        Column::new(t!("col-version")),
        Column::new(t!("col-since")),
        Column::number(t!("col-restarts")),
        Column::number(t!("col-cpu")),
        Column::number(t!("col-memory")),
    ]);
    let rows = page.rows.iter().map(|row| instance_row(row, without, now)).collect_view();
    let next = page.next.as_deref().map(|cursor| {
        let rest = page.total.saturating_sub(page.rows.len()).min(crate::pages::rows::PAGE_ROWS);
        (href(cursor), t!("pager-next", count = text::number(rest as u64)))
    });
    view! {
        {table(t!("instances"), columns, rows)}
        {link::pager(paged.then(|| href("")), next)}
    }
    .into_any()
}

/// A cell of a table with one link.
fn linked(label: String, href: String, name: &str) -> AnyView {
    let name = name.to_owned();
    view! { <td data-l=label><a class="quiet" href=href>{name}</a></td> }.into_any()
}

fn instance_row(row: &InstanceRow, without: Without, now: DateTime<Utc>) -> AnyView {
    let service = (!without.service)
        .then(|| linked(t!("col-service"), paths::service(&row.service), row.service.as_str()));
    let datacenter = (!without.datacenter)
        .then(|| linked(t!("col-dc"), paths::datacenter(&row.datacenter), row.datacenter.as_str()));
    let href = paths::instance(&row.id);
    view! {
        <tr data-k=format!("instance/{}", row.id)>
            <th scope="row"><a class="quiet" href=href>{row.id.to_string()}</a></th>
            {service}
            {datacenter}
            <td>
                {live_state(row.status, text::status(row.status))}
                <span class="cause" data-f="cause">{row.cause.clone()}</span>
            </td>
            <td data-l=t!("col-version") data-f="version">{row.version.clone()}</td>
            <td data-l=t!("col-since") data-f="since">{time(row.since, now)}</td>
            <td class="num" data-l=t!("col-restarts") data-f="restarts">
                {text::number(row.restarts)}
            </td>
            <td class="num" data-l=t!("col-cpu") data-f="cpu">{cpu(row.cpu_millicores)}</td>
            <td class="num" data-l=t!("col-memory") data-f="memory">{memory(row.memory_bytes)}</td>
        </tr>
    }
    .into_any()
}

pub fn cpu(millicores: Option<u32>) -> String {
    millicores.map_or_else(|| t!("not-measured"), text::cpu)
}

pub fn memory(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| t!("not-measured"), text::bytes)
}

/// Cells as rows: what runs of each service in each data centre.
pub fn cells(caption: String, rows: &[CellRow], without: Without) -> AnyView {
    let mut columns = Vec::new();
    if !without.service {
        columns.push(Column::new(t!("col-service")));
    }
    if !without.datacenter {
        columns.push(Column::new(t!("col-dc")));
    }
    columns.extend([
        Column::new(t!("col-instances")),
        Column::new(t!("col-state")),
        Column::number(t!("col-nodes")),
        Column::new(t!("col-version")),
        Column::number(t!("col-load")),
    ]);
    let rows = rows.iter().map(|row| cell_row(row, without)).collect_view();
    table(caption, columns, rows)
}

fn cell_row(row: &CellRow, without: Without) -> AnyView {
    let href = paths::cell(&row.service, &row.datacenter);
    let name = if without.service { row.datacenter.to_string() } else { row.service.to_string() };
    let second = (!without.service && !without.datacenter)
        .then(|| linked(t!("col-dc"), paths::datacenter(&row.datacenter), row.datacenter.as_str()));
    let versions = text::list(&row.versions);
    view! {
        <tr data-k=format!("cell/{}/{}", row.service, row.datacenter)>
            <th scope="row"><a class="quiet" href=href>{name}</a></th>
            {second}
            <td class="marks">{marks(row.counts)}</td>
            <td>{health(row.status, row.counts)}</td>
            <td class="num" data-l=t!("col-nodes")>{wanted(row.wanted)}</td>
            <td data-l=t!("col-version") data-f="version">{versions}</td>
            <td class="num" data-l=t!("col-load") data-f="load">{load(row.load_percent)}</td>
        </tr>
    }
    .into_any()
}

/// Nodes asked for, or that none are.
pub fn wanted(nodes: Option<u16>) -> String {
    nodes.map_or_else(|| t!("not-placed"), text::number)
}

pub fn load(percent: Option<u32>) -> String {
    percent.map_or_else(|| t!("not-measured"), |p| t!("percent", n = i64::from(p)))
}

/// What was left out of the address, in the page.
pub fn dropped(dropped: &[Dropped]) -> Option<AnyView> {
    if dropped.is_empty() {
        return None;
    }
    let lines = dropped
        .iter()
        .map(|d| {
            let words = t!("dropped-filter", name = d.name.as_str(), value = d.value.as_str());
            callout(Tone::Unk, words, "", None)
        })
        .collect_view();
    Some(view! { <div class="drops">{lines}</div> }.into_any())
}
