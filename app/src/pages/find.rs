//! `/find?q=`: search results as a page, and the index of names that the palette searches.

use leptos::prelude::*;
use mainstay_core::availability::outage::OutageId;
use mainstay_core::estate::Estate;
use mainstay_core::id::InstanceId;
use mainstay_core::runbook::alias::Aliases;
use mainstay_core::runbook::run::RunId;
use mainstay_core::runbook::shelf::Shelf;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};

/// Instances listed at most; the index of the palette has none.
const INSTANCES_MAX: usize = 50;

/// One thing with an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hit {
    pub name: String,
    /// What it is, in a word.
    pub kind: String,
    pub href: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub q: String,
    pub pages: Vec<Hit>,
    pub objects: Vec<Hit>,
    /// Runbooks and short links.
    pub runbooks: Vec<Hit>,
    pub instances: Vec<Hit>,
    /// More instances matched than are listed.
    pub more_instances: bool,
    /// The one object whose name is exactly this: the caller may go there at once.
    pub exact: Option<String>,
}

/// Searches names; an empty `q` finds nothing.
pub fn build(estate: &Estate, shelf: &Shelf, aliases: &Aliases, q: &str) -> Data {
    let q = q.trim();
    let needle = q.to_lowercase();
    let keep = |hits: Vec<Hit>| -> Vec<Hit> {
        let matches = |hit: &Hit| !needle.is_empty() && hit.name.to_lowercase().contains(&needle);
        hits.into_iter().filter(matches).collect()
    };
    let objects = keep(objects(estate));
    let runbooks = keep(runbooks(shelf, aliases));
    let mut instances: Vec<Hit> = Vec::new();
    let found = estate
        .instances()
        .filter(|(_, i, _)| !needle.is_empty() && i.id.as_str().contains(&needle));
    for (_, instance, _) in found.take(INSTANCES_MAX + 1) {
        instances.push(instance_hit(&instance.id));
    }
    let more_instances = instances.len() > INSTANCES_MAX;
    instances.truncate(INSTANCES_MAX);
    let exact = objects
        .iter()
        .chain(&instances)
        .find(|hit| hit.name == q)
        .map(|hit| hit.href.clone())
        .or_else(|| paths::problem_id(q).map(paths::problem))
        .or_else(|| q.parse::<OutageId>().ok().map(paths::availability_outage))
        .or_else(|| q.parse::<RunId>().ok().map(paths::runbook_run));
    let (q, pages) = (q.to_owned(), keep(pages()));
    Data { q, pages, objects, runbooks, instances, more_instances, exact }
}

/// What the palette searches by itself: pages, then places, groups and services, then runbooks, and
/// last what can be done. Choosing an action leads to its review; nothing is done by it.
pub fn index(estate: &Estate, shelf: &Shelf, aliases: &Aliases) -> Vec<Vec<Hit>> {
    vec![pages(), objects(estate), runbooks(shelf, aliases), actions(estate)]
}

fn actions(estate: &Estate) -> Vec<Hit> {
    let fleet = &estate.fleet;
    let of = |name: String, href: String| hit(&name, String::new(), href);
    let services = fleet.services.keys().flat_map(|id| {
        let (name, page) = (id.as_str(), paths::service(id));
        [
            of(t!("find-roll-back", name = name), paths::action(&page, "roll-back")),
            of(t!("find-start-rollout", name = name), paths::action(&page, "start-rollout")),
            of(t!("find-run-bench", name = name), paths::service_bench(id)),
        ]
    });
    let places = fleet.datacenters.keys().map(|id| {
        let plan = paths::failover_plan(id);
        of(t!("find-fail-over", name = id.as_str()), paths::action(&plan, "start"))
    });
    let databases = fleet.databases.keys().map(|id| {
        let set = paths::backup_set(id);
        of(t!("find-back-up", name = id.as_str()), paths::action(&set, "run-now"))
    });
    services.chain(places).chain(databases).collect()
}

fn runbooks(shelf: &Shelf, aliases: &Aliases) -> Vec<Hit> {
    let books = shelf.all();
    let books = books.map(|book| hit(&book.title, t!("kind-runbook"), paths::runbook(&book.slug)));
    let links = aliases.keys();
    let links = links.map(|id| hit(&paths::go(id), t!("kind-alias"), paths::go(id)));
    books.chain(links).collect()
}

fn instance_hit(id: &InstanceId) -> Hit {
    hit(id.as_str(), t!("col-instance"), paths::instance(id))
}

fn hit(name: &str, kind: String, href: String) -> Hit {
    Hit { name: name.to_owned(), kind, href }
}

fn pages() -> Vec<Hit> {
    let page = || t!("kind-page");
    [
        (t!("nav-overview"), paths::OVERVIEW),
        (t!("nav-attention"), paths::ATTENTION),
        (t!("nav-topology"), paths::TOPOLOGY),
        (t!("nav-rollouts"), paths::ROLLOUTS),
        (t!("nav-quarantine"), paths::QUARANTINE),
        (t!("nav-failover"), paths::FAILOVER),
        (t!("nav-edges"), paths::EDGES),
        (t!("nav-backups"), paths::BACKUPS),
        (t!("nav-availability"), paths::AVAILABILITY),
        (t!("nav-runbooks"), paths::RUNBOOKS),
        (t!("runs-title"), paths::RUNBOOK_RUNS),
        (t!("aliases-title"), paths::ALIASES),
        (t!("nav-audit"), paths::AUDIT),
        (t!("nav-settings"), paths::SETTINGS),
    ]
    .into_iter()
    .map(|(name, href)| hit(&name, page(), href.to_owned()))
    .collect()
}

fn objects(estate: &Estate) -> Vec<Hit> {
    let fleet = &estate.fleet;
    let services = fleet.services.keys();
    let services = services.map(|id| hit(id.as_str(), t!("col-service"), paths::service(id)));
    let datacenters = fleet.datacenters.keys();
    let datacenters = datacenters.map(|id| hit(id.as_str(), t!("col-dc"), paths::datacenter(id)));
    let regions = fleet.regions.iter();
    let regions = regions.map(|(id, r)| hit(&r.name, t!("col-region"), paths::region(id)));
    let groups = fleet.groups_by_priority().into_iter();
    let groups = groups.map(|(id, g)| hit(&g.name, t!("col-group"), paths::group(id)));
    services.chain(datacenters).chain(regions).chain(groups).collect()
}

pub fn title(data: &Data) -> String {
    if data.q.is_empty() { t!("find-label") } else { t!("find-title", q = data.q.as_str()) }
}

pub fn view(data: &Data) -> AnyView {
    let head = page_head(PageHead { title: title(data), ..PageHead::default() });
    let groups = [&data.pages, &data.objects, &data.runbooks, &data.instances];
    let none = groups.into_iter().all(Vec::is_empty);
    let results = if none {
        let (fact, context) = if data.q.is_empty() {
            (t!("find-what"), t!("find-what-detail"))
        } else {
            (t!("find-none", q = data.q.as_str()), t!("find-none-detail"))
        };
        view! { <section class="card">{empty(fact, context, None)}</section> }.into_any()
    } else {
        view! {
            {section(t!("palette-go"), &data.pages, false)}
            {section(t!("palette-objects"), &data.objects, false)}
            {section(t!("nav-runbooks"), &data.runbooks, false)}
            {section(t!("instances"), &data.instances, data.more_instances)}
        }
        .into_any()
    };
    let q = data.q.clone();
    view! {
        {head}
        <div class="stack">
            <form class="chips" action=paths::FIND role="search">
                <span class="filter-find">
                    <input type="search" name="q" value=q aria-label=t!("find-hint")/>
                </span>
                <button class="btn">{t!("find-label")}</button>
            </form>
            {results}
        </div>
    }
    .into_any()
}

fn section(title: String, hits: &[Hit], more: bool) -> Option<AnyView> {
    if hits.is_empty() {
        return None;
    }
    let items = hits
        .iter()
        .map(|hit| {
            let (href, name, kind) = (hit.href.clone(), hit.name.clone(), hit.kind.clone());
            view! { <li><a href=href>{name}</a><span class="muted">{kind}</span></li> }
        })
        .collect_view();
    let note = if more {
        t!("find-more", count = text::number(hits.len() as u64))
    } else {
        text::number(hits.len() as u64)
    };
    Some(card(Head::new(title).note(note), view! { <ul class="ilist">{items}</ul> }))
}
