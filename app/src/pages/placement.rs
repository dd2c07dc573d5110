//! The enterprise's placement rules in words: local services where the business is (R1),
//! distributed ones in several data centres (R2), every service on at least two nodes (R3).

use leptos::prelude::*;
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::fleet::{LocalNeed, Placement};
use mainstay_core::id::{DatacenterId, RegionId, ServiceId};
use mainstay_core::status::{Status, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::survey::Survey;
use crate::t;
use crate::text;
use crate::ui::card::{Head, padded};
use crate::ui::glyph::glyph;

/// One rule and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rule {
    /// Number of the requirement: `R1`.
    pub rule: String,
    #[schema(value_type = String)]
    pub status: Status,
    pub words: String,
}

/// How the placement stands.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PlacementSummary {
    pub rules: Vec<Rule>,
}

/// A local service that is not in a region, and why that is right.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Absent {
    #[schema(value_type = String)]
    pub service: ServiceId,
    pub reason: String,
}

/// Judges the three rules.
pub fn summary(estate: &Estate, survey: &Survey) -> PlacementSummary {
    let rules = [local(estate, survey), distributed(estate, survey), redundant(estate, survey)];
    PlacementSummary { rules: rules.into_iter().flatten().collect() }
}

/// `no warehouses in Nordics`; nothing when no service needs it or every region has it.
fn lacking(estate: &Estate, wanted: LocalNeed) -> Option<String> {
    let services = estate.fleet.services.values();
    let used = services
        .into_iter()
        .any(|s| matches!(&s.placement, Placement::Local { needs, .. } if *needs == wanted));
    let regions = estate.fleet.regions.values().filter(|region| !region.has.contains(&wanted));
    let names = text::list(regions.map(|region| region.name.as_str()));
    (used && !names.is_empty())
        .then(|| t!("rule-local-lacks", need = text::need(wanted), regions = names))
}

/// Services that are absent from a region by its needs, with the reason in words (R1).
pub fn absent(estate: &Estate, region: &RegionId) -> Vec<Absent> {
    let Some(declared) = estate.fleet.regions.get(region) else { return Vec::new() };
    let services = estate.fleet.services.iter();
    services
        .filter_map(|(id, service)| {
            let reason = match &service.placement {
                Placement::Local { needs, .. } if !declared.has.contains(needs) => {
                    t!("absent-need", need = text::need(*needs))
                }
                Placement::Local { regions, .. }
                    if !regions.is_empty() && !regions.contains(region) =>
                {
                    t!("absent-named", regions = text::list(regions.iter().map(|r| r.as_str())))
                }
                Placement::Local { .. } => return None,
                Placement::Distributed { datacenters } => {
                    let here = estate.fleet.datacenters_of(region);
                    if here.into_iter().any(|(dc, _)| datacenters.contains(dc)) {
                        return None;
                    }
                    let names = text::list(datacenters.iter().map(|dc| dc.as_str()));
                    t!("absent-distributed", datacenters = names)
                }
            };
            Some(Absent { service: id.clone(), reason })
        })
        .collect()
}

fn local(estate: &Estate, survey: &Survey) -> Option<Rule> {
    let is_local = |id: &ServiceId| {
        let service = estate.fleet.services.get(id);
        service.is_some_and(|s| matches!(s.placement, Placement::Local { .. }))
    };
    let count = estate.fleet.services.keys().filter(|id| is_local(id)).count();
    if count == 0 {
        return None;
    }
    let astray: Vec<_> = survey
        .cells
        .iter()
        .filter(|((service, _), cell)| {
            is_local(service) && cell.wanted.is_none() && cell.tally.total() > 0
        })
        .map(|((service, dc), _)| t!("in-place", service = service.as_str(), dc = dc.as_str()))
        .collect();
    let without: Vec<_> = [LocalNeed::Warehouses, LocalNeed::Couriers]
        .into_iter()
        .filter_map(|need| lacking(estate, need))
        .collect();
    let (status, words) = if !astray.is_empty() {
        (Status::Degraded, t!("rule-local-astray", cells = text::list(astray)))
    } else if without.is_empty() {
        let said = text::number(count as u64);
        (Status::Healthy, t!("rule-local-everywhere", n = count, count = said))
    } else {
        let lacks = text::list(without);
        (
            Status::Healthy,
            t!("rule-local", n = count, count = text::number(count as u64), lacks = lacks),
        )
    };
    Some(Rule { rule: "R1".to_owned(), status, words })
}

fn distributed(estate: &Estate, survey: &Survey) -> Option<Rule> {
    let services: Vec<_> = estate
        .fleet
        .services
        .iter()
        .filter(|(_, s)| matches!(s.placement, Placement::Distributed { .. }))
        .map(|(id, _)| id)
        .collect();
    if services.is_empty() {
        return None;
    }
    let mut narrow = Vec::new();
    let mut unknown = Vec::new();
    for id in &services {
        let (serving, unheard) = serving_in(survey, id);
        match (serving, unheard) {
            (0 | 1, 0) => narrow.push(id.as_str()),
            (0 | 1, _) => unknown.push(id.as_str()),
            _ => {}
        }
    }
    let count = text::number(services.len() as u64);
    let (status, words) = if !narrow.is_empty() {
        (Status::Failing, t!("rule-distributed-narrow", names = text::list(narrow)))
    } else if !unknown.is_empty() {
        (Status::Unknown, t!("rule-distributed-unknown", names = text::list(unknown)))
    } else {
        (Status::Healthy, t!("rule-distributed", n = services.len(), count = count))
    };
    Some(Rule { rule: "R2".to_owned(), status, words })
}

/// Data centres in which a service serves, and those of its data centres that are not heard.
fn serving_in(survey: &Survey, service: &ServiceId) -> (usize, usize) {
    let cells = survey.cells.iter().filter(|((id, _), _)| id == service);
    cells.fold((0, 0), |(serving, unheard), ((_, dc), cell)| {
        if survey.contact(dc) != Contact::Reporting {
            (serving, unheard + 1)
        } else if available(&cell.tally) > 0 {
            (serving + 1, unheard)
        } else {
            (serving, unheard)
        }
    })
}

fn redundant(estate: &Estate, survey: &Survey) -> Option<Rule> {
    let mut placed = 0;
    let (mut short, mut unknown): (Vec<(&ServiceId, &DatacenterId)>, usize) = (Vec::new(), 0);
    for ((service, dc), cell) in &survey.cells {
        let Some(wanted) = cell.wanted else { continue };
        placed += 1;
        if survey.contact(dc) != Contact::Reporting {
            unknown += 1;
        } else if available(&cell.tally) < u32::from(wanted) {
            short.push((service, dc));
        }
    }
    if estate.fleet.services.is_empty() || placed == 0 {
        return None;
    }
    let full = placed - short.len() - unknown;
    let (full, total) = (text::number(full as u64), text::number(placed as u64));
    let (status, words) = match (short.first(), unknown) {
        (Some((service, dc)), _) => {
            let first = t!("in-place", service = service.as_str(), dc = dc.as_str());
            let more = short.len() - 1;
            let words = t!(
                "rule-nodes-short",
                n = more,
                full = full,
                total = total,
                first = first,
                more = text::number(more as u64)
            );
            let rest = match unknown {
                0 => String::new(),
                n => format!(" {}", t!("rule-nodes-rest", n = n, unknown = text::number(n as u64))),
            };
            (Status::Degraded, words + &rest)
        }
        (None, 0) => (Status::Healthy, t!("rule-nodes", total = total)),
        (None, unknown) => {
            let unknown = text::number(unknown as u64);
            let words = t!("rule-nodes-unknown", full = full, total = total, unknown = unknown);
            (Status::Unknown, words)
        }
    };
    Some(Rule { rule: "R3".to_owned(), status, words })
}

fn available(tally: &Tally) -> u32 {
    tally.present().filter(|(status, _)| status.is_available()).map(|(_, n)| n).sum()
}

/// The rules as a card of checks.
pub fn view(summary: &PlacementSummary) -> AnyView {
    if summary.rules.is_empty() {
        return ().into_any();
    }
    let items = summary
        .rules
        .iter()
        .map(|rule| {
            let word = text::status(rule.status);
            view! {
                <li>
                    {glyph(rule.status)}
                    <span>
                        <span class="vh">{word}": "</span>
                        {rule.words.clone()}
                        " "
                        <span class="muted">{rule.rule.clone()}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    padded(Head::new(t!("placement")), view! { <ul class="checks">{items}</ul> })
}
