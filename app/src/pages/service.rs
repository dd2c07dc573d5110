//! `/services/{service}`: one service everywhere it runs or should run.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::estate::Estate;
use mainstay_core::fleet::{Placement, Service};
use mainstay_core::id::{GroupId, ServiceId};
use mainstay_core::problem::Record;
use mainstay_core::release::Release;
use mainstay_core::rollout::{Ease, Evidence, Rollout, RolloutId, WARM};
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::query::Query;
use crate::pages::rollout::{EvidenceRow, evidence_list, evidence_rows};
use crate::pages::rollouts::{self, RunRow, run_list};
use crate::pages::rows::{
    CellRow, InstancePage, ProblemRow, cell_rows, instance_page, problems_where,
};
use crate::pages::runbook::{BookRow, book_links};
use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader, parts, region};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::verdict_badge;
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::glyph::{Icon, icon};
use crate::ui::head::{Crumb, PageHead, page_head};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// What the fleet says of it; absent when the fleet does not declare it.
    pub declared: Option<Declared>,
    #[schema(value_type = String)]
    pub status: Status,
    pub counts: Counts,
    pub cells: Vec<CellRow>,
    /// Versions that run, with their instances.
    #[schema(value_type = Vec<Object>)]
    pub versions: Vec<(String, u32)>,
    pub instances: InstancePage,
    pub paged: bool,
    pub problems: Vec<ProblemRow>,
    /// Its stable version; absent when the fleet does not declare it.
    #[schema(value_type = Option<Object>)]
    pub release: Option<Release>,
    /// Its rollout that is on.
    pub rollout: Option<RunRow>,
    /// The way back; absent: nothing to go back to, or on its way.
    pub roll_back: Option<Back>,
    /// Runbooks about it.
    pub runbooks: Vec<BookRow>,
}

/// Where rolling a service back leads, and what is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Back {
    #[schema(value_type = String)]
    pub rollout: RolloutId,
    pub to: String,
    /// The button acts; else it opens the review.
    pub one_click: bool,
    pub evidence: Vec<EvidenceRow>,
    /// New for each page: what was sent once is done once.
    #[serde(skip)]
    pub key: String,
}

impl Back {
    /// `None`: there is no way back now.
    pub fn of(
        rollout: &Rollout,
        evidence: &Evidence,
        now: DateTime<Utc>,
        key: String,
    ) -> Option<Self> {
        let one_click = match &evidence.ease {
            Ease::OneClick => true,
            Ease::Review | Ease::SecondPerson => false,
            Ease::Disabled { .. } => return None,
        };
        Some(Self {
            rollout: rollout.id,
            to: evidence.target.clone(),
            one_click,
            evidence: evidence_rows(evidence, &rollout.plan, now),
            key,
        })
    }
}

/// The fleet's words on a service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Declared {
    #[schema(value_type = String)]
    pub group: GroupId,
    pub group_name: String,
    /// Place in the order of recovery.
    pub priority: u16,
    /// Where it runs, in words.
    pub placement: String,
    pub nodes: u16,
    pub version: String,
    pub front: bool,
}

/// `None`: the fleet does not declare it and nothing of it runs.
pub fn build(
    estate: &Estate,
    records: &[Record],
    id: &ServiceId,
    query: &Query,
    roll_back: Option<Back>,
) -> Option<Data> {
    let survey = Survey::of(estate);
    let declared = estate.fleet.services.get(id);
    if declared.is_none() && !survey.services.contains_key(id) {
        return None;
    }
    let mut versions: Vec<_> =
        survey.versions(id).into_iter().map(|(v, n)| (v.to_owned(), n)).collect();
    versions.sort_by(|a, b| crate::pages::survey::version_order(&b.0, &a.0));
    let after = query.get("after");
    let found = estate.instances().filter(|(_, instance, _)| instance.service == *id);
    Some(Data {
        at: estate.at,
        service: id.clone(),
        declared: declared.map(|service| words(estate, service)),
        status: survey.worst(|(service, _)| service == id),
        counts: survey.services.get(id).copied().unwrap_or_default().into(),
        cells: cell_rows(estate, &survey, |service, _| service == id),
        versions,
        instances: instance_page(found.map(|(dc, i, s)| (dc, &**i, s)), after, estate.at),
        paged: after.is_some(),
        problems: problems_where(records, estate, |p| p.about().0 == Some(id)),
        release: estate.releases.stable(&estate.fleet, id),
        rollout: rollouts::running(estate, |service| service == id).into_iter().next(),
        roll_back,
        runbooks: Vec::new(),
    })
}

fn words(estate: &Estate, service: &Service) -> Declared {
    let group = estate.fleet.groups.get(&service.group);
    Declared {
        group: service.group.clone(),
        group_name: group.map(|g| g.name.clone()).unwrap_or_default(),
        priority: group.map_or(0, |g| g.priority),
        placement: placement(&service.placement, estate.fleet.datacenters.len()),
        nodes: service.nodes,
        version: service.version.clone(),
        front: service.front,
    }
}

/// Where a service runs, said.
fn placement(placement: &Placement, all: usize) -> String {
    match placement {
        Placement::Distributed { datacenters } if datacenters.len() == all => {
            t!("placement-everywhere", count = text::number(all as u64))
        }
        Placement::Distributed { datacenters } => {
            let names = text::list(datacenters.iter().map(|dc| dc.as_str()));
            t!("placement-distributed", names = names)
        }
        Placement::Local { needs, regions } if regions.is_empty() => {
            t!("placement-local", need = text::need(*needs))
        }
        Placement::Local { needs, regions } => {
            let names = text::list(regions.iter().map(|region| region.as_str()));
            t!("placement-local-named", need = text::need(*needs), names = names)
        }
    }
}

pub fn title(data: &Data) -> String {
    format!("{}, {}", data.service, text::status(data.status).to_lowercase())
}

pub fn topics(data: &Data) -> Vec<String> {
    vec!["estate".to_owned(), format!("service:{}", data.service)]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let mut crumbs = vec![Crumb::new(paths::TOPOLOGY, t!("nav-topology"))];
    if let Some(declared) = &data.declared {
        crumbs.push(Crumb::new(paths::group(&declared.group), declared.group_name.clone()));
    }
    let note = match &data.declared {
        Some(declared) => declared.placement.clone(),
        None => t!("service-undeclared"),
    };
    let head = page_head(PageHead {
        title: data.service.to_string(),
        crumbs,
        badge: Some(verdict_badge(
            format!("service/{}", data.service),
            data.status,
            text::status(data.status),
        )),
        note: Some(note.into_any()),
        actions: data.declared.as_ref().map(|declared| actions(data, declared, reader)),
    });
    let total = text::number(data.instances.total as u64);
    let address = paths::service(&data.service);
    let href = |cursor: &str| paths::with_query(&address, &[("after", cursor)]);
    let here = parts::Without { service: true, ..parts::Without::default() };
    let rollout = data
        .rollout
        .as_ref()
        .map(|row| card(Head::new(t!("in-progress")), run_list(std::slice::from_ref(row))));
    let main = view! {
        {region::problems(&data.problems, reader, data.at)}
        {rollout}
        {card(
            Head::new(t!("service-places")).note(text::number(data.cells.len() as u64)),
            parts::cells(t!("service-places"), &data.cells, here),
        )}
        {card(
            Head::new(t!("instances")).note(total).right(t!("instances-order")),
            parts::instances(&data.instances, here, data.paged, href, data.at),
        )}
    };
    let key = format!("service/{}", data.service);
    let side = padded(Head::new(t!("facts")), view! { <div data-k=key>{facts(data)}</div> });
    let links = padded(Head::new(t!("links")), links(data));
    let books = (!data.runbooks.is_empty())
        .then(|| padded(Head::new(t!("nav-runbooks")), book_links(&data.runbooks)));
    let back = data
        .roll_back
        .as_ref()
        .map(|back| padded(Head::new(t!("evidence")), evidence_list(&back.evidence, data.at)));
    let back = view! { <div data-swap="back">{back}</div> };
    view! { {head}{columns(main, view! { {back}{side}{books}{links} })} }.into_any()
}

/// Starts a rollout, and takes the last one back.
fn actions(data: &Data, declared: &Declared, reader: &Reader) -> AnyView {
    let object = paths::service(&data.service);
    let target = Target { group: Some(&declared.group), datacenter: None };
    let refusal = reader.may_operate(target).err().map(|refusal| text::refusal(&refusal));
    let back = data.roll_back.as_ref().map(|back| {
        view! { <div class="slot">{slot(&object, back, refusal.clone(), reader)}</div> }
    });
    let start = match &refusal {
        Some(why) => disabled(t!("rollouts-start"), why.clone()),
        None => {
            let href = paths::action(&object, "start-rollout");
            link_button(Weight::Plain, href, t!("rollouts-start"))
        }
    };
    view! { <div data-swap="slot">{back}</div> {start} }.into_any()
}

/// The way back: one click where that is safe, with the evidence on the same page.
fn slot(object: &str, back: &Back, refusal: Option<String>, reader: &Reader) -> AnyView {
    let action = paths::action(object, "roll-back");
    let label = t!("verb-roll-back", version = back.to.as_str());
    match (refusal, back.one_click) {
        (Some(why), _) => disabled(label, why),
        (None, false) => link_button(Weight::Danger, action, t!("opens", label = label)),
        (None, true) => {
            let (csrf, key) = (reader.csrf.clone(), back.key.clone());
            let undo = t!("slot-undo-for", time = text::duration(WARM));
            view! {
                <form
                    method="post"
                    action=action
                    class="inline"
                    data-once
                    data-sending=t!("rollout-rolling-back", version = back.to.as_str())
                    data-unsure=t!("slot-unsure")
                    data-early=t!("slot-early")
                >
                    <input type="hidden" name="csrf" value=csrf/>
                    <input type="hidden" name="key" value=key/>
                    <input type="hidden" name="to" value=back.to.clone()/>
                    <button class="btn crit lg" data-slot-button>{icon(Icon::Undo)}{label}</button>
                </form>
                <small>{t!("slot-at-once")}<br/>{undo}</small>
            }
            .into_any()
        }
    }
}

fn links(data: &Data) -> AnyView {
    let service = &data.service;
    let rollouts = paths::with_query(paths::ROLLOUTS, &[("service", service.as_str())]);
    let links = [
        (paths::service_traffic(service), t!("nav-traffic")),
        (rollouts, t!("nav-rollouts")),
        (paths::service_bench(service), t!("start-bench-link")),
        (paths::service_rollout(service), t!("link-runbook")),
    ];
    let items =
        links.into_iter().map(|(href, label)| view! { <a href=href>{label}</a> }).collect_view();
    view! { <div class="links">{items}</div> }.into_any()
}

fn facts(data: &Data) -> AnyView {
    let mut facts = vec![(t!("col-healthy"), parts::healthy_of(data.counts))];
    if let Some(declared) = &data.declared {
        let (href, name) = (paths::group(&declared.group), declared.group_name.clone());
        facts.extend([
            (t!("col-group"), view! { <a href=href>{name}</a> }.into_any()),
            (t!("service-recovery"), text::number(declared.priority).into_any()),
            (t!("service-version"), stable(data, declared)),
            (t!("service-nodes"), text::number(declared.nodes).into_any()),
        ]);
        if declared.front {
            facts.push((t!("service-front"), t!("yes").into_any()));
        }
    }
    let running = data
        .versions
        .iter()
        .map(|(version, n)| (version.as_str(), text::number(*n)))
        .map(|(version, n)| t!("version-count", version = version, count = n));
    let running = text::list(running);
    let running = if running.is_empty() { t!("no-instances") } else { running };
    facts.push((t!("service-running"), running.into_any()));
    key_values(facts)
}

/// The stable version, with the rollout that made it so.
fn stable(data: &Data, declared: &Declared) -> AnyView {
    let Some(release) = &data.release else { return declared.version.clone().into_any() };
    let version = release.version.clone();
    match release.rollout {
        Some(id) => view! { <a href=paths::rollout(id)>{version}</a> }.into_any(),
        None => version.into_any(),
    }
}
