//! The matrix: services by data centres, a cell one link, drawn as strings because there are many.
//!
//! A cell's `href` also names its live object, so that a cell costs no attribute for it.

use std::fmt::Write;

use leptos::prelude::*;
use mainstay_core::status::{Status, Tally};

use super::{By, Data, Filter, GroupRows, MatrixCell, RegionColumns, ServiceCells};
use crate::pages::cell;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::glyph::glyph_html;
use crate::ui::marks::marks_svg;
use crate::ui::tone::Tone;
use crate::ui::{escape, raw};

/// Rows up to which one panel is enough.
const ONE_PANEL_ROWS: usize = 24;
/// Steps of the load scale, in percent of a core.
const LOAD_STEPS: [u32; 4] = [20, 40, 60, 80];

/// The words of a status, fetched once for hundreds of cells.
struct Words {
    /// `{} failing` and so on, split around the number.
    counts: Vec<(Status, String, String)>,
    none: String,
    /// `{service} in {dc}`, split around both.
    place: [String; 3],
}

/// Draws the matrix, and the inspector of the selected cell.
pub fn view(data: &Data) -> AnyView {
    let words = Words::fetch();
    let rows: usize = data.groups.iter().map(|group| group.services.len()).sum();
    let panels = if rows <= ONE_PANEL_ROWS { 1 } else { 2 };
    let mut html = String::with_capacity(rows * data.regions.len() * 400);
    let by = data.filter.by.name();
    let two = if panels == 2 { " two" } else { "" };
    let _ = write!(html, r#"<div class="topo{two} wide-only" data-matrix="{by}">"#);
    for panel in split(&data.groups, rows.div_ceil(panels)) {
        table(&mut html, data, &panel, &words);
    }
    html.push_str("</div>");
    let matrix = raw(html);
    let legend = legend(data.filter.by);
    match &data.selected {
        Some(selected) => {
            let close = data.filter.with(|filter| filter.sel = None).href();
            view! {
                <div class="withinsp">
                    <div class="mxwrap">{matrix}{legend}{worst_first(data)}</div>
                    {cell::inspector(selected, close)}
                </div>
            }
            .into_any()
        }
        None => view! { <div class="mxwrap">{matrix}{legend}{worst_first(data)}</div> }.into_any(),
    }
}

impl Words {
    fn fetch() -> Self {
        let mark = "\u{1}";
        let counts = Status::ALL.into_iter().map(|status| {
            let said = text::status_count(status, 0);
            let (before, after) = said.split_once('0').unwrap_or(("", &said));
            (status, before.to_owned(), after.to_owned())
        });
        let place = t!("in-place", service = mark, dc = mark);
        let mut parts = place.splitn(3, mark).map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        Self { counts: counts.collect(), none: t!("no-instances"), place: [part(), part(), part()] }
    }

    /// `edge-proxy in sin2: 3 failing, 14 healthy`.
    fn label(&self, html: &mut String, service: &str, dc: &str, tally: &Tally) {
        let [before, between, after] = &self.place;
        let _ = write!(html, "{before}{service}{between}{dc}{after}: ");
        if tally.total() == 0 {
            html.push_str(&self.none);
            return;
        }
        let mut first = true;
        for (status, before, after) in &self.counts {
            let n = tally.get(*status);
            if n > 0 {
                let comma = if first { "" } else { ", " };
                let _ = write!(html, "{comma}{before}{n}{after}");
                first = false;
            }
        }
    }
}

/// A stretch of a group in one panel.
struct Stretch<'a> {
    group: &'a GroupRows,
    services: &'a [ServiceCells],
}

/// Cuts the groups into panels of at most `rows` rows; a group may go on in the next panel.
fn split(groups: &[GroupRows], rows: usize) -> Vec<Vec<Stretch<'_>>> {
    let mut panels: Vec<Vec<Stretch<'_>>> = vec![Vec::new()];
    let mut used = 0;
    for group in groups {
        let mut services = group.services.as_slice();
        while !services.is_empty() {
            if used == rows {
                panels.push(Vec::new());
                used = 0;
            }
            let (here, later) = services.split_at(services.len().min(rows - used));
            if let Some(panel) = panels.last_mut() {
                panel.push(Stretch { group, services: here });
            }
            used += here.len();
            services = later;
        }
    }
    panels
}

fn table(html: &mut String, data: &Data, panel: &[Stretch<'_>], words: &Words) {
    let columns: usize = data.regions.iter().map(|r| r.datacenters.len()).sum();
    let caption = t!("nav-topology");
    let _ = write!(
        html,
        "<table class='mx'><caption class='vh'>{caption}</caption><colgroup><col class='gb'>\
         <col class='nm'><col span='{columns}'><col class='v'></colgroup><thead>\
         <tr class='rg'><td colspan='2'></td>"
    );
    for region in &data.regions {
        let (span, href) = (region.datacenters.len(), paths::region(&region.region));
        let name = escape(&region.name);
        let _ = write!(
            html,
            "<th scope='colgroup' colspan='{span}'>\
             <a class='quiet' href='{href}' title='{name}'>{name}</a></th>"
        );
    }
    let service = t!("col-service");
    let _ =
        write!(html, r#"<td></td></tr><tr class="dc"><th scope="col" colspan="2">{service}</th>"#);
    for (column, edge) in data.regions.iter().flat_map(edges) {
        let class = if edge { r#" class="e""# } else { "" };
        let (href, id) = (paths::datacenter(&column.datacenter), &column.datacenter);
        let title = escape(&column.contact);
        let glyph = match column.status {
            Status::Failing | Status::Degraded | Status::Unknown => {
                glyph_html(Tone::from(column.status))
            }
            Status::Planned | Status::Updating | Status::Healthy => String::new(),
        };
        let vendor = escape(&column.vendor);
        let word = text::status(column.status);
        let share = match column.percent {
            Some(percent) => format!("<span class='sh'>{percent}%</span>"),
            None => String::new(),
        };
        let _ = write!(
            html,
            "<th scope='col'{class}><a class='quiet' href='{href}' title='{vendor}. {title}' \
             data-k='dc/{id}'>{id}<span data-f='s' data-m='worse'>{glyph}</span>\
             <span class='vh'>, {word}</span>{share}</a></th>"
        );
    }
    let version = t!("col-version");
    let _ = write!(html, r#"<th scope="col">{version}</th></tr></thead><tbody>"#);
    for stretch in panel {
        for (at, service) in stretch.services.iter().enumerate() {
            row(html, data, stretch, at, service, words);
        }
    }
    html.push_str("</tbody></table>");
}

/// Columns with whether they begin a region.
fn edges(region: &RegionColumns) -> impl Iterator<Item = (&super::Column, bool)> {
    region.datacenters.iter().enumerate().map(|(at, column)| (column, at == 0))
}

fn row(
    html: &mut String,
    data: &Data,
    stretch: &Stretch<'_>,
    at: usize,
    service: &ServiceCells,
    words: &Words,
) {
    html.push_str(if at == 0 { r#"<tr class="first">"# } else { "<tr>" });
    if at == 0 {
        let span = stretch.services.len();
        let name = escape(&stretch.group.name);
        // One row is too low for a word on its side.
        let (class, words) = if span > 1 {
            ("gp", name.to_string())
        } else {
            let short = initials(&stretch.group.name);
            let short = escape(&short);
            let words = format!("<i aria-hidden='true'>{short}</i><i class='vh'>{name}</i>");
            ("gp one", words)
        };
        let _ = write!(html, r#"<th scope="rowgroup" rowspan="{span}" class="{class}">"#);
        let _ = match &stretch.group.group {
            Some(id) => {
                let href = paths::group(id);
                write!(html, r#"<a class="quiet" href="{href}" title="{name}">{words}</a>"#)
            }
            None => write!(html, r#"<span title="{name}">{words}</span>"#),
        };
        html.push_str("</th>");
    }
    let (id, href) = (&service.service, paths::service(&service.service));
    let _ = write!(html, r#"<th scope="row"><a class="quiet" href="{href}">{id}</a></th>"#);
    let columns = data.regions.iter().flat_map(edges);
    for ((column, edge), cell) in columns.zip(&service.cells) {
        match cell {
            None => html.push_str(if edge { r#"<td class="e"></td>"# } else { "<td></td>" }),
            Some(cell) => draw_cell(html, &data.filter, service, column, edge, cell, words),
        }
    }
    let version = escape(&service.version);
    let other = match service.other_versions {
        0 => String::new(),
        n => format!(r#"<span class="prog">+{n}</span> "#),
    };
    let _ = write!(html, r#"<td class="v">{other}{version}</td></tr>"#);
}

/// Two letters for a group: of its first and last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let (first, last) = (words.next(), words.next_back());
    let letters = [first, last].into_iter().flatten().filter_map(|word| word.chars().next());
    letters.flat_map(char::to_uppercase).collect()
}

fn draw_cell(
    html: &mut String,
    filter: &Filter,
    service: &ServiceCells,
    column: &super::Column,
    edge: bool,
    cell: &MatrixCell,
    words: &Words,
) {
    let (id, dc) = (service.service.as_str(), column.datacenter.as_str());
    let tally = Tally::from(cell.counts);
    let selected =
        filter.sel.as_ref().is_some_and(|(s, d)| *s == service.service && *d == column.datacenter);
    let faded = !filter.status.is_empty()
        && !tally.present().any(|(status, _)| filter.status.contains(&status))
        && !filter.status.contains(&cell.status);
    let tint = match (filter.by, cell.status) {
        (By::Load, _) => load_class(cell.load_percent),
        (_, Status::Healthy) => "",
        (_, Status::Failing) => "t-crit",
        (_, Status::Degraded) => "t-warn",
        (_, Status::Unknown) => "t-unk",
        (_, Status::Planned) => "t-plan",
        (_, Status::Updating) => "t-prog",
    };
    html.push_str("<td");
    let classes = [
        if edge { "e" } else { "" },
        tint,
        if column.old { "old" } else { "" },
        if selected { "sel" } else { "" },
        if faded { "fade" } else { "" },
    ];
    let mut open = false;
    for class in classes.into_iter().filter(|class| !class.is_empty()) {
        html.push_str(if open { " " } else { r#" class=""# });
        html.push_str(class);
        open = true;
    }
    html.push_str(if open { r#"">"# } else { ">" });
    let _ = write!(html, r#"<a href="/services/{id}/in/{dc}" aria-label=""#);
    words.label(html, id, dc, &tally);
    html.push_str(r#"">"#);
    match filter.by {
        By::Health if tally.total() == 0 => {
            let wanted = cell.wanted.unwrap_or(0);
            let _ = write!(html, "0 / {wanted}");
        }
        By::Health => html.push_str(&marks_svg(&tally)),
        By::Version => version(html, service, cell),
        By::Load => load(html, cell),
    }
    html.push_str("</a></td>");
}

/// Newest filled, the one before outlined, older with a triangle.
fn version(html: &mut String, service: &ServiceCells, cell: &MatrixCell) {
    let Some(version) = &cell.version else {
        html.push('–');
        return;
    };
    let age = service.newest.iter().position(|v| v == version);
    let (class, glyph) = match age {
        Some(0) if service.newest.len() > 1 => ("ver new", String::new()),
        Some(0) | None => ("ver", String::new()),
        Some(1) => ("ver prev", String::new()),
        Some(_) => ("ver", glyph_html(Tone::Warn)),
    };
    let version = escape(version);
    let _ = write!(html, r#"{glyph}<span class="{class}">{version}</span>"#);
    let more = match cell.other_versions {
        0 => String::new(),
        n => format!("+{n}"),
    };
    let _ = write!(html, r#"<span class="prog">{more}</span>"#);
}

fn load(html: &mut String, cell: &MatrixCell) {
    let _ = match cell.load_percent {
        Some(percent) => write!(html, "{percent}%"),
        None => write!(html, "–"),
    };
}

/// Five steps of one hue, 1 to 5; 0: not measured.
pub(crate) fn load_step(percent: Option<u32>) -> usize {
    percent.map_or(0, |percent| 1 + LOAD_STEPS.iter().filter(|step| percent >= **step).count())
}

fn load_class(percent: Option<u32>) -> &'static str {
    ["", "load1", "load2", "load3", "load4", "load5"][load_step(percent)]
}

/// On a phone the matrix is a list of services, worst first.
fn worst_first(data: &Data) -> AnyView {
    let mut rows: Vec<_> = data
        .groups
        .iter()
        .flat_map(|group| &group.services)
        .map(|service| {
            let cells = service.cells.iter().flatten();
            let status = cells.clone().map(|cell| cell.status).min().unwrap_or(Status::Healthy);
            let mut tally = Tally::default();
            for cell in cells {
                tally.merge(&Tally::from(cell.counts));
            }
            (status, service, tally)
        })
        .collect();
    rows.sort_by(|a, b| (a.0, &a.1.service).cmp(&(b.0, &b.1.service)));
    let mut html = String::with_capacity(rows.len() * 200);
    for (status, service, tally) in rows {
        let (id, href) = (&service.service, paths::service(&service.service));
        let (glyph, word) = (glyph_html(Tone::from(status)), text::status(status));
        let (healthy, total) = (tally.get(Status::Healthy), tally.total());
        let version = escape(&service.version);
        let _ = write!(
            html,
            "<a href='{href}' data-k='service/{id}'><span data-f='s'>{glyph}</span>\
             <span class='vh'>{word}</span><b>{id}</b><span class='muted'>{version}</span>\
             <span class='num'><span data-f='healthy'>{healthy}</span> / \
             <span data-f='total'>{total}</span></span></a>"
        );
    }
    raw(format!(r#"<div class="card tiles narrow-only">{html}</div>"#))
}

/// What the cells mean, where it is not states.
fn legend(by: By) -> Option<AnyView> {
    let words = match by {
        By::Health => return None,
        By::Version => t!("legend-version"),
        By::Load => t!("legend-load"),
    };
    Some(view! { <p class="legend">{words}</p> }.into_any())
}
