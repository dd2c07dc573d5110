//! `/rollouts`: what is being rolled out, and what was.

pub mod quarantine;
mod row;
pub mod start;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::ServiceId;
use mainstay_core::rollout::{Rollout, RolloutId};
use serde::Serialize;
use utoipa::ToSchema;

pub use row::{RunRow, run_list};

use crate::pages::query::{Dropped, Query};
use crate::pages::{Reader, parts};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::live_state;
use crate::ui::block::empty;
use crate::ui::button::{Weight, disabled, link_button, submit};
use crate::ui::card::{Head, card, stack};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::pager;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::track;

/// Ended rollouts that a page lists.
pub const PAGE: usize = 50;

/// Which rollouts are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filter {
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceId>,
    /// Only those that run, or only those that are over.
    pub status: Option<Status>,
    /// Older than this one.
    #[schema(value_type = Option<String>)]
    pub after: Option<RolloutId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Running,
    Over,
}

impl Status {
    const ALL: [Self; 2] = [Self::Running, Self::Over];

    const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Over => "over",
        }
    }

    fn label(self) -> String {
        match self {
            Self::Running => t!("rollouts-running"),
            Self::Over => t!("rollouts-over"),
        }
    }
}

impl Filter {
    /// Reads the query; what it cannot use is named.
    pub fn read(query: &Query) -> (Self, Vec<Dropped>) {
        let mut dropped = Vec::new();
        let filter = Self {
            service: query.read("service", &mut dropped, |id| ServiceId::new(id).ok()),
            status: query.read("status", &mut dropped, |name| {
                Status::ALL.into_iter().find(|status| status.name() == name)
            }),
            after: query.read("after", &mut dropped, |id| id.parse().ok()),
        };
        (filter, dropped)
    }

    fn narrows(&self) -> bool {
        self.service.is_some() || self.status.is_some()
    }

    fn href(&self, after: Option<RolloutId>) -> String {
        let service = self.service.as_ref().map(ServiceId::as_str).unwrap_or_default();
        let status = self.status.map_or("", Status::name);
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        paths::with_query(
            paths::ROLLOUTS,
            &[("service", service), ("status", status), ("after", &after)],
        )
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub filter: Filter,
    pub dropped: Vec<Dropped>,
    /// Those that bind their service, oldest first; on the first page only.
    pub running: Vec<RunRow>,
    /// Those that are over, newest first.
    pub over: Vec<RunRow>,
    /// Continue with `?after=` this id.
    #[schema(value_type = Option<String>)]
    pub next: Option<RolloutId>,
    /// Versions in quarantine.
    pub quarantined: usize,
    /// Services of the fleet, for choosing one.
    #[serde(skip)]
    pub services: Vec<ServiceId>,
}

/// `over`: ended rollouts that the filter picks, newest first, at most one more than [`PAGE`].
pub fn build(estate: &Estate, over: &[Rollout], filter: Filter, dropped: Vec<Dropped>) -> Data {
    let wanted = |service: &ServiceId| filter.service.as_ref().is_none_or(|it| it == service);
    let first = filter.after.is_none() && filter.status != Some(Status::Over);
    let running = running(estate, |service| first && wanted(service));
    let shown = &over[..over.len().min(PAGE)];
    Data {
        at: estate.at,
        running,
        over: shown.iter().map(|rollout| RunRow::of(rollout, estate.at)).collect(),
        next: (over.len() > PAGE).then(|| shown.last().map(|rollout| rollout.id)).flatten(),
        quarantined: estate.releases.quarantined.len(),
        services: estate.fleet.services.keys().cloned().collect(),
        filter,
        dropped,
    }
}

/// Rollouts that bind their service, oldest first, of the services that `wanted` picks.
pub fn running(estate: &Estate, wanted: impl Fn(&ServiceId) -> bool) -> Vec<RunRow> {
    let on = estate.releases.rollouts.iter();
    let on = on.filter(|(service, rollout)| !rollout.is_over() && wanted(service));
    let mut rows: Vec<_> = on.map(|(_, rollout)| RunRow::of(rollout, estate.at)).collect();
    rows.sort_by_key(|row| row.started_at);
    rows
}

pub fn title() -> String {
    t!("nav-rollouts")
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let note = t!(
        "rollouts-note",
        n = data.running.len(),
        count = text::number(data.running.len() as u64)
    );
    let quarantine = t!("rollouts-quarantine", count = text::number(data.quarantined as u64));
    let actions = view! {
        {link_button(Weight::Plain, paths::QUARANTINE, quarantine)}
        {start_button(reader)}
    };
    let head = page_head(PageHead {
        title: title(),
        note: Some(note.into_any()),
        actions: Some(actions.into_any()),
        ..PageHead::default()
    });
    let running = (data.filter.status != Some(Status::Over) && data.filter.after.is_none())
        .then(|| running_card(data));
    let over = (data.filter.status != Some(Status::Running)).then(|| over(data));
    let body = view! { {filter(data)}{running}{over} };
    view! { {head}{parts::dropped(&data.dropped)}{stack(body)} }.into_any()
}

fn start_button(reader: &Reader) -> AnyView {
    match reader.may_operate(Default::default()) {
        Ok(()) => link_button(Weight::Primary, paths::ROLLOUTS_START, t!("rollouts-start")),
        // A scope may still hold somewhere; the form says where it does not.
        Err(mainstay_core::access::Refusal::Scope { .. }) => {
            link_button(Weight::Primary, paths::ROLLOUTS_START, t!("rollouts-start"))
        }
        Err(refusal) => disabled(t!("rollouts-start"), text::refusal(&refusal)),
    }
}

fn filter(data: &Data) -> AnyView {
    let service = data.filter.service.as_ref().map(ToString::to_string).unwrap_or_default();
    let options = data
        .services
        .iter()
        .map(|id| {
            let (value, selected) = (id.to_string(), id.as_str() == service);
            let label = value.clone();
            view! { <option value=value selected=selected>{label}</option> }
        })
        .collect_view();
    let states = Status::ALL
        .into_iter()
        .map(|status| {
            let selected = data.filter.status == Some(status);
            view! { <option value=status.name() selected=selected>{status.label()}</option> }
        })
        .collect_view();
    view! {
        <section class="card">
            <form class="filter" id="filter" action=paths::ROLLOUTS>
                <label>
                    {t!("col-service")}
                    <select name="service">
                        <option value="">{t!("filter-all")}</option>
                        {options}
                    </select>
                </label>
                <label>
                    {t!("col-state")}
                    <select name="status">
                        <option value="">{t!("filter-all")}</option>
                        {states}
                    </select>
                </label>
                {submit(Weight::Plain, t!("filter-apply"))}
                {data.filter.narrows().then(|| {
                    link_button(Weight::Plain, paths::ROLLOUTS, t!("filter-clear"))
                })}
            </form>
        </section>
    }
    .into_any()
}

fn running_card(data: &Data) -> AnyView {
    let count = text::number(data.running.len() as u64);
    let body = if data.running.is_empty() {
        let context = match data.over.first() {
            Some(last) => t!(
                "rollouts-last",
                name = last.name.as_str(),
                at = text::moment(last.changed_at, data.at)
            ),
            None => t!("rollouts-never"),
        };
        empty(t!("rollouts-none"), context, None)
    } else {
        rows(t!("rollouts-running"), &data.running, data.at)
    };
    card(Head::new(t!("rollouts-running")).note(count), body)
}

fn over(data: &Data) -> AnyView {
    let body = if data.over.is_empty() {
        let context = if data.filter.narrows() {
            t!("rollouts-over-filtered")
        } else {
            t!("rollouts-over-context")
        };
        empty(t!("rollouts-over-none"), context, None)
    } else {
        rows(t!("rollouts-over"), &data.over, data.at)
    };
    let first = data.filter.after.map(|_| data.filter.href(None));
    let next = data.next.map(|id| (data.filter.href(Some(id)), t!("pager-older")));
    let body = view! { {body}{pager(first, next)} };
    card(Head::new(t!("rollouts-over")).right(t!("newest-first")), body)
}

fn rows(caption: String, rows: &[RunRow], now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("col-rollout")),
        Column::new(t!("col-service")),
        Column::new(t!("col-versions")),
        Column::new(t!("col-state")),
        Column::new(t!("rollout-steps")),
        Column::new(t!("wave")),
        Column::new(t!("col-by")),
        Column::new(t!("col-started")),
    ];
    let body = rows.iter().map(|row| item(row, now)).collect_view();
    table(caption, columns, body)
}

fn item(row: &RunRow, now: DateTime<Utc>) -> AnyView {
    let versions = format!("{} → {}", row.from, row.to);
    let service = paths::service(&row.service);
    let bar = track::bar(&row.progress, &row.places);
    view! {
        <tr data-k=format!("rollout/{}", row.id)>
            <th scope="row"><a class="quiet" href=row.href.clone()>{row.id.to_string()}</a></th>
            <td data-l=t!("col-service")><a href=service>{row.service.to_string()}</a></td>
            <td data-l=t!("col-versions")>{versions}</td>
            <td data-l=t!("col-state")>{live_state(row.tone, row.word.clone())}</td>
            <td data-l=t!("rollout-steps") class="sbar-cell" data-swap=format!("{}-steps", row.id)>
                {bar}
            </td>
            <td data-l=t!("wave") data-swap=format!("{}-wave", row.id)>{row.wave.clone()}</td>
            <td data-l=t!("col-by")>{row.started_by.clone()}</td>
            <td data-l=t!("col-started")>{time(row.started_at, now)}</td>
        </tr>
    }
    .into_any()
}
