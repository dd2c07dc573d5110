//! `/`: how the estate stands, what needs attention, what runs where.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::problem::Record;
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::availability;
use crate::pages::backups::{AllKnown, next};
use crate::pages::failover::list;
use crate::pages::placement::{self, PlacementSummary};
use crate::pages::planned::soon;
use crate::pages::rollouts::{self, RunRow, run_list};
use crate::pages::rows::{ProblemRow, RegionStrips, ended_problems, open_problems, strips};
use crate::pages::survey::Survey;
use crate::pages::{Counts, Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{empty, verdict};
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns};
use crate::ui::head::{PageHead, page_head};

/// Problems shown here; the rest are one link away.
const SHOWN: usize = 6;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Worst of the open problems; healthy when there are none.
    #[schema(value_type = String)]
    pub status: Status,
    pub regions: usize,
    pub datacenters: usize,
    pub reporting: usize,
    pub services: usize,
    pub counts: Counts,
    /// Open problems, worst first, then oldest.
    pub problems: Vec<ProblemRow>,
    /// When the last problem ended, if any did.
    pub last_ended_at: Option<DateTime<Utc>>,
    /// The problems that ended last, newest first; only while none is open.
    pub ended: Vec<ProblemRow>,
    /// Rollouts that are on, oldest first.
    pub rollouts: Vec<RunRow>,
    pub fleet: Vec<RegionStrips>,
    pub placement: PlacementSummary,
    /// How backups went and what comes; absent: no database has a policy, or it is not known now.
    pub backups: Option<next::Next>,
    /// Whether a region could go away now; absent: not asked.
    pub failover: Option<list::Card>,
    /// What was used of the budgets of 30 days; absent: it is not known now.
    pub availability: Option<availability::Card>,
    /// Events of the next day, and those that run; absent: none, or not asked.
    pub events: Option<soon::Soon>,
    /// No fleet was ever applied.
    pub bare: bool,
}

/// `known`: runs of backups of the last days; `None`: not known now.
pub fn build(estate: &Estate, records: &[Record], known: Option<&AllKnown>) -> Data {
    let survey = Survey::of(estate);
    let problems = open_problems(records, estate);
    let mut ended = match problems.is_empty() {
        true => ended_problems(records, estate),
        false => Vec::new(),
    };
    ended.truncate(SHOWN);
    let (reporting, datacenters) = survey.reporting(estate);
    Data {
        at: estate.at,
        status: problems.first().map_or(Status::Healthy, |p| p.status),
        regions: estate.fleet.regions.len(),
        datacenters,
        reporting,
        services: estate.fleet.services.len(),
        counts: survey.total.into(),
        problems,
        last_ended_at: records.iter().filter_map(|r| r.closed_at).max(),
        ended,
        rollouts: rollouts::running(estate, |_| true),
        fleet: strips(estate, &survey),
        placement: placement::summary(estate, &survey),
        backups: known.and_then(|known| next::build(&estate.in_policy_time(), known)),
        failover: None,
        availability: None,
        events: None,
        bare: estate.fleet.datacenters.is_empty(),
    }
}

pub fn title() -> String {
    t!("nav-overview")
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let note = t!(
        "overview-note",
        regions = text::number(data.regions as u64),
        datacenters = text::number(data.datacenters as u64),
        services = text::number(data.services as u64),
        instances = text::number(data.counts.total)
    );
    let head =
        page_head(PageHead { title: title(), note: Some(note.into_any()), ..PageHead::default() });
    if data.bare {
        let label = t!("overview-bare-action");
        let action = link_button(Weight::Primary, paths::SETTINGS_FLEET, label);
        let body = empty(t!("overview-bare"), t!("overview-bare-detail"), Some(action));
        return view! { {head}<section class="card">{body}</section> }.into_any();
    }
    let main = view! {
        {answer(data)}
        {data.failover.as_ref().map(|card| card.view(data.at))}
        {attention(data, reader)}
        {progress(data)}
        {data.events.as_ref().map(soon::view)}
        {data.backups.as_ref().map(next::view)}
    };
    let right = view! { <a href=paths::TOPOLOGY>{t!("nav-topology")}</a> };
    let side = view! {
        {card(Head::new(t!("fleet")).right(right), parts::fleet(&data.fleet))}
        {data.availability.as_ref().map(availability::Card::view)}
        {placement::view(&data.placement)}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

/// What goes on; nothing where nothing does.
fn progress(data: &Data) -> Option<AnyView> {
    (!data.rollouts.is_empty()).then(|| {
        let count = text::number(data.rollouts.len() as u64);
        let right = view! { <a href=paths::ROLLOUTS>{t!("nav-rollouts")}</a> };
        let head = Head::new(t!("in-progress")).note(count).right(right);
        card(head, run_list(&data.rollouts))
    })
}

/// The answer first: who reports, and how much needs a person.
fn answer(data: &Data) -> AnyView {
    let first = data.problems.first();
    let cause = view! { <span data-f="cause">{cause(first, data.counts.healthy)}</span> };
    let action = first.map(|problem| {
        let label = t!("open-subject", name = problem.subject_name.as_str());
        link_button(Weight::Primary, problem.subject.clone(), label)
    });
    let answer = view! {
        <span data-f="reporting">{reporting(data.reporting, data.datacenters)}</span>
        " "
        <span data-f="need">{need(data.problems.len())}</span>
    };
    let body =
        verdict(data.status, t!("overview-question"), answer.into_any(), cause.into_any(), action);
    let counts = Status::ALL
        .into_iter()
        .map(|status| (status, mainstay_core::status::Tally::from(data.counts).get(status)))
        .filter(|(status, n)| *n > 0 || *status == Status::Healthy)
        .map(|(status, n)| {
            let mark = crate::ui::raw(crate::ui::marks::one_mark(status));
            view! {
                <span class="fact">
                    {mark}
                    <b data-f=status.name()>{text::number(n)}</b>
                    " "
                    {text::status(status).to_lowercase()}
                </span>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <div data-k="problems">{body}</div>
            <div class="facts" data-k="total">{counts}</div>
        </section>
    }
    .into_any()
}

/// Why: the worst problem, or how much is well.
pub fn cause(worst: Option<&ProblemRow>, healthy: u32) -> String {
    match worst {
        Some(problem) => format!("{}. {}", problem.title, problem.detail),
        None => t!("overview-calm", instances = text::number(healthy)),
    }
}

/// `All 10 data centres report.`
pub fn reporting(heard: usize, declared: usize) -> String {
    let (n, total) = (text::number(heard as u64), text::number(declared as u64));
    if heard == declared {
        t!("reporting-all", n = declared, total = total)
    } else {
        t!("reporting-some", n = n, total = total)
    }
}

/// `3 problems need attention.`
pub fn need(problems: usize) -> String {
    if problems == 0 {
        t!("need-none")
    } else {
        t!("need-some", n = problems, count = text::number(problems as u64))
    }
}

fn attention(data: &Data, reader: &Reader) -> AnyView {
    let count = data.problems.len();
    let known: Vec<_> = data.problems.iter().map(|p| p.id).collect();
    let shown = &data.problems[..count.min(SHOWN)];
    let number = text::number(count as u64);
    let number = view! { <span data-k="problems"><span data-f="open">{number}</span></span> };
    let head = Head::new(t!("nav-attention")).note(number).right(view! {
        {parts::newer()}
        <span class="wide-only">{t!("attention-order")}</span>
        <a href=paths::ATTENTION>{t!("attention-all")}</a>
    });
    if count == 0 {
        let context = match data.last_ended_at {
            Some(at) => t!("attention-last", at = text::moment(at, data.at)),
            None => t!("attention-never"),
        };
        let list = parts::attention_list(&[], &known, reader, data.at);
        let calm = card(head, view! { {empty(t!("need-none"), context, None)}{list} });
        let ended = (!data.ended.is_empty()).then(|| {
            let list = parts::attention_list(&data.ended, &[], reader, data.at);
            card(Head::new(t!("attention-ended")), list)
        });
        return view! { {calm}{ended} }.into_any();
    }
    card(head, parts::attention_list(shown, &known, reader, data.at))
}
