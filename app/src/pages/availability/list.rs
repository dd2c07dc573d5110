//! `/availability`: the answer, states over time, the budget, services, and the ledger.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::availability::burn::Lately;
use mainstay_core::availability::outage::Told;
use mainstay_core::availability::{Target, Total};
use mainstay_core::estate::Estate;
use mainstay_core::id::ServiceId;
use serde::Serialize;
use utoipa::ToSchema;

use super::charts::{self, BudgetPoint, Stretch, ratio};
use super::scope::{Rows, windows};
use super::{BurnRow, Figures, Known, OutageRow, Scope, burning, ledger};
use crate::pages::parts;
use crate::pages::query::Dropped;
use crate::paths;
use crate::t;
use crate::text;
use crate::text::availability as words;
use crate::ui::block::{self, empty};
use crate::ui::card::{Head, card, stack};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, bullet, table};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Availability)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub scope: Scope,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// From when on minutes are decided, and up to when; absent: none is yet.
    pub measured_from: Option<DateTime<Utc>>,
    pub decided_until: Option<DateTime<Utc>>,
    pub figures: Figures,
    /// By region, and within them by group.
    pub rows: Vec<ScopeRow>,
    pub services: Vec<ScopeRow>,
    pub line: Vec<Stretch>,
    pub line_step_seconds: u32,
    pub budget: Vec<BudgetPoint>,
    pub burns: Vec<BurnRow>,
    /// The last 365 days.
    pub year: Figures,
    pub outages: Vec<OutageRow>,
    /// Address of the next page of outages.
    pub next: Option<String>,
    pub dropped: Vec<Dropped>,
    #[serde(skip)]
    known: Known,
}

/// A part of the scope with its figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AvailabilityRow)]
pub struct ScopeRow {
    pub name: String,
    pub href: String,
    pub figures: Figures,
    /// Groups of a region.
    #[schema(no_recursion)]
    pub within: Vec<ScopeRow>,
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub estate: &'a Estate,
    pub scope: Scope,
    pub dropped: Vec<Dropped>,
    pub known: Known,
    /// Of the last 365 days.
    pub year: Known,
    pub lately: Vec<(ServiceId, Lately)>,
    pub outages: &'a [Told],
    pub next: Option<String>,
}

pub fn build(input: Input<'_>) -> Data {
    let (fleet, known) = (&input.estate.fleet, input.known);
    let figures = |known: &Known, totals: &[Total]| {
        Figures::of(fleet, totals, known.minutes(), known.span_minutes())
    };
    let all = figures(&known, &known.totals);
    let scope = &input.scope;
    let rows = grouped(&known.totals, |total| total.cell.region.to_string());
    let rows = rows.into_iter().map(|(region, totals)| {
        let of = Scope { region: region.parse().ok(), ..scope.clone() };
        let within = grouped(&totals, |total| total.group.to_string());
        let within = within.into_iter().map(|(group, totals)| ScopeRow {
            href: Scope { group: group.parse().ok(), ..of.clone() }.href(),
            name: group,
            figures: figures(&known, &totals),
            within: Vec::new(),
        });
        ScopeRow {
            within: within.collect(),
            href: of.href(),
            name: region,
            figures: figures(&known, &totals),
        }
    });
    let services = grouped(&known.totals, |total| total.cell.service.to_string());
    let services = services.into_iter().map(|(service, totals)| ScopeRow {
        href: Scope { service: service.parse().ok(), ..scope.clone() }.href(),
        name: service,
        figures: figures(&known, &totals),
        within: Vec::new(),
    });
    let (line, line_step_seconds) = charts::stretches(&known);
    let in_scope = |id: &ServiceId| known.totals.iter().any(|total| total.cell.service == *id);
    let lately = input.lately.iter().filter(|(service, _)| in_scope(service));
    Data {
        at: input.estate.at,
        scope: input.scope.clone(),
        from: known.from,
        until: known.until,
        measured_from: known.decided.map(|(began, _)| began),
        decided_until: known.decided.map(|(_, until)| until),
        rows: rows.collect(),
        services: services.collect(),
        line,
        line_step_seconds,
        budget: charts::budget(&known, &all),
        burns: lately.map(|(service, lately)| BurnRow::of(input.estate, service, lately)).collect(),
        year: figures(&input.year, &input.year.totals),
        figures: all,
        outages: input.outages.iter().map(OutageRow::of).collect(),
        next: input.next,
        dropped: input.dropped,
        known,
    }
}

/// Sums by a name.
pub(super) fn grouped(
    totals: &[Total],
    name: impl Fn(&Total) -> String,
) -> BTreeMap<String, Vec<Total>> {
    let mut groups: BTreeMap<String, Vec<Total>> = BTreeMap::new();
    for total in totals {
        groups.entry(name(total)).or_default().push(total.clone());
    }
    groups
}

pub fn title(data: &Data) -> String {
    match data.scope.name() {
        None => t!("availability-title"),
        Some(name) => t!("availability-title-of", name = name),
    }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data) -> AnyView {
    let crumbs = match data.scope.name() {
        None => Vec::new(),
        Some(_) => vec![Crumb::new(
            Scope { window: data.scope.window, ..Scope::default() }.href(),
            t!("availability-title"),
        )],
    };
    let head = page_head(PageHead {
        title: title(data),
        crumbs,
        note: Some(t!("availability-note").into_any()),
        actions: Some(windows(&data.scope)),
        ..PageHead::default()
    });
    let body = view! {
        <section class="card">{answer(data)}</section>
        {timeline(data)}
        {budget(data)}
        {by_region(data)}
        {by_service(data)}
        {outages(data)}
    };
    view! { {head}{parts::dropped(&data.dropped)}{stack(body)} }.into_any()
}

/// `99.987% in the last 30 days. 5.6 of 21.6 minutes used.`, and what stands behind it.
fn answer(data: &Data) -> AnyView {
    let figures = &data.figures;
    let question = t!("availability-question");
    if !figures.is_measured() {
        let (answer, cause) = (t!("availability-unknown"), t!("availability-unknown-detail"));
        return block::verdict(Tone::Unk, question, answer.into_any(), cause.into_any(), None);
    }
    let tone = match (figures.is_spent(), data.burns.iter().any(BurnRow::fires)) {
        (true, _) => Tone::Crit,
        (false, true) => Tone::Warn,
        (false, false) => Tone::Ok,
    };
    let answer = t!(
        "availability-answer",
        percent = figures.net.words(),
        window = data.scope.window.words(),
        used = words::minutes(figures.used_net_minutes),
        allowed = words::minutes(figures.allowed_minutes)
    );
    let cause = t!(
        "availability-gross",
        percent = figures.gross.words(),
        used = words::minutes(figures.used_gross_minutes),
        target = figures.target()
    );
    let measured = match figures.tally.unmeasured {
        0 => t!("availability-all-measured"),
        _ => t!(
            "availability-not-measured",
            minutes = words::minutes(figures.unmeasured_minutes),
            worst = figures.at_worst.words()
        ),
    };
    let since = data.measured_from.filter(|began| *began > data.from).map(|began| {
        let at = text::moment(began, data.at);
        t!("availability-since", at = at)
    });
    let until = data.decided_until.map(|until| {
        let at = text::moment(until, data.at);
        t!("availability-until", at = at)
    });
    let cause = view! {
        {cause}" "{measured}" "{since}" "{until}
    };
    view! {
        {block::verdict(tone, question, answer.into_any(), cause.into_any(), None)}
        {facts(data)}
    }
    .into_any()
}

/// The numbers behind the answer, with what they are a part of.
fn facts(data: &Data) -> AnyView {
    let (figures, year) = (&data.figures, &data.year);
    let fact = |name: String, ratio: super::Ratio| {
        view! {
            <span class="fact">
                <b>{ratio.words()}</b>" "{name}" "
                <span class="muted">{ratio.fraction()}</span>
            </span>
        }
    };
    let target = Target::new((year.target_percent * 1_000.0).round() as u32).unwrap_or_default();
    let meaning = t!("availability-year-means", target = year.target(), time = words::year(target));
    let used = t!(
        "availability-year",
        net = year.net.words(),
        gross = year.gross.words(),
        used = words::minutes(year.used_net_minutes),
        used_gross = words::minutes(year.used_gross_minutes)
    );
    view! {
        <div class="facts">
            {fact(t!("availability-net"), figures.net)}
            {fact(t!("availability-gross-word"), figures.gross)}
            {fact(t!("availability-requests"), figures.requests)}
        </div>
        <p class="pad second">{used}" "{meaning}</p>
    }
    .into_any()
}

fn timeline(data: &Data) -> AnyView {
    let head = Head::new(t!("availability-line"));
    if data.line.is_empty() {
        return card(head, empty(t!("chart-empty"), t!("availability-unknown-detail"), None));
    }
    let link = |of: &str| match (data.scope.rows(), &data.scope.service) {
        (Rows::Regions, Some(_)) if data.scope.region.is_some() => None,
        (Rows::Regions | Rows::Groups | Rows::Services, _) => Some(data.scope.inside(of).href()),
    };
    card(head, charts::timeline(&data.known, &data.line, data.line_step_seconds, link))
}

fn budget(data: &Data) -> AnyView {
    let figures = &data.figures;
    let note = t!("budget-note", target = figures.target());
    let head = Head::new(t!("budget-title")).note(note);
    if !figures.is_measured() {
        return card(head, empty(t!("chart-empty"), t!("availability-unknown-detail"), None));
    }
    let chart = charts::burn_chart(&data.known, &data.budget, figures);
    let requests = (figures.requests.total > 0).then(|| {
        let words = t!(
            "budget-requests",
            errors = text::number(figures.tally.errors),
            allowed = text::number(figures.allowed_errors.floor() as u64),
            requests = text::number(figures.tally.requests)
        );
        view! { <p class="pad second">{words}</p> }
    });
    card(head, view! { {chart}{requests}{burning::view(&data.burns)} })
}

fn by_region(data: &Data) -> AnyView {
    let head = Head::new(t!("availability-by-region"));
    if data.rows.is_empty() {
        return card(head, empty(t!("chart-empty"), t!("availability-unknown-detail"), None));
    }
    let body = view! {
        {scope_table(t!("availability-by-region"), t!("col-region"), &data.rows)}
        {data
            .rows
            .iter()
            .filter(|row| row.within.len() > 1)
            .map(|row| {
                let title = t!("availability-groups-of", name = row.name.as_str());
                view! {
                    <details>
                        <summary class="pad">{title.clone()}</summary>
                        {scope_table(title, t!("col-group"), &row.within)}
                    </details>
                }
            })
            .collect_view()}
    };
    card(head, body)
}

fn by_service(data: &Data) -> AnyView {
    let head = Head::new(t!("availability-by-service"));
    if data.services.is_empty() {
        return card(head, empty(t!("chart-empty"), t!("availability-unknown-detail"), None));
    }
    card(head, scope_table(t!("availability-by-service"), t!("col-service"), &data.services))
}

/// Rows with their figures: net and gross beside each other, each with its numbers.
pub(super) fn scope_table(title: String, first: String, rows: &[ScopeRow]) -> AnyView {
    let columns = vec![
        Column::new(first),
        Column::number(t!("availability-net")),
        Column::number(t!("availability-gross-word")),
        Column::number(t!("availability-target")),
        Column::number(t!("availability-col-used")),
        Column::number(t!("availability-unmeasured")),
        Column::number(t!("availability-requests")),
    ];
    let body = rows.iter().map(scope_row).collect_view();
    table(title, columns, body)
}

fn scope_row(row: &ScopeRow) -> AnyView {
    let figures = &row.figures;
    let (net, gross) = (words::minutes(figures.used_net_minutes), figures.used_gross_minutes);
    let (gross, allowed) = (words::minutes(gross), words::minutes(figures.allowed_minutes));
    let unmeasured = words::minutes(figures.unmeasured_minutes);
    view! {
        <tr>
            <th scope="row"><a href=row.href.clone()>{row.name.clone()}</a></th>
            <td class="num" data-l=t!("availability-net")>{ratio(figures.net)}</td>
            <td class="num" data-l=t!("availability-gross-word")>{ratio(figures.gross)}</td>
            <td class="num" data-l=t!("availability-target")>{figures.target()}</td>
            <td class="num" data-l=t!("availability-col-used")>
                <span>
                    {budget_bar(figures)}" "
                    {t!("availability-used", net = net, gross = gross, allowed = allowed)}
                </span>
            </td>
            <td class="num" data-l=t!("availability-unmeasured")>
                {t!("minutes-short", n = unmeasured)}
            </td>
            <td class="num" data-l=t!("availability-requests")>{ratio(figures.requests)}</td>
        </tr>
    }
    .into_any()
}

/// What is used of the budget, against it.
pub(super) fn budget_bar(figures: &Figures) -> AnyView {
    let tone = match (figures.is_measured(), figures.is_spent()) {
        (false, _) => Tone::Unk,
        (true, true) => Tone::Crit,
        (true, false) => Tone::Ok,
    };
    bullet(tone, figures.used_net_minutes, figures.allowed_minutes)
}

fn outages(data: &Data) -> AnyView {
    let month = paths::availability_report(words::month_address(data.at));
    let right = view! { <a href=month>{t!("report-open")}</a> };
    let head = Head::new(t!("outage-ledger")).note(t!("outage-ledger-note")).right(right);
    if data.outages.is_empty() {
        return card(head, empty(t!("outage-none"), t!("outage-none-detail"), None));
    }
    let more = data.next.clone().map(|href| {
        view! { <p class="pad"><a href=href>{t!("outage-older")}</a></p> }
    });
    let rows = ledger::view(&data.outages, data.at);
    card(head, view! { <div>{rows}{more}</div> })
}
