//! `/runbooks`: every runbook, by name, by service or by kind of problem.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Permission, Target};
use mainstay_core::id::RunbookId;
use mainstay_core::runbook::Runbook;
use mainstay_core::runbook::run::{Outcome, RunId};
use mainstay_core::runbook::shelf::Shelf;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BookRow, reviewed};
use crate::pages::Reader;
use crate::pages::query::Query;
use crate::pages::rows::PAGE_ROWS;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card};
use crate::ui::head::{PageHead, page_head};
use crate::ui::link::{Segment, pager, segments};
use crate::ui::table::{Column, table};
use crate::ui::time::time;

/// When a runbook was used last, and whether that helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub run: RunId,
    pub at: DateTime<Utc>,
    /// `None`: it is not over.
    pub outcome: Option<Outcome>,
}

/// The last use of each runbook; `None`: it is not known now.
pub type Uses = BTreeMap<RunbookId, Use>;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookList)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub q: String,
    #[schema(value_type = String)]
    pub by: By,
    pub rows: Vec<Row>,
    /// How many rows there are in all.
    pub total: usize,
    /// How many runbooks nobody reviewed for 180 days.
    pub overdue: usize,
    /// Address of the next page.
    pub next: Option<String>,
    /// When each was used is known.
    pub uses_known: bool,
    #[serde(skip)]
    pub paged: bool,
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    #[default]
    Name,
    Service,
    Alert,
}

impl By {
    const ALL: [Self; 3] = [Self::Name, Self::Service, Self::Alert];

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Service => "service",
            Self::Alert => "alert",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == name)
    }

    fn label(self) -> String {
        match self {
            Self::Name => t!("runbooks-by-name"),
            Self::Service => t!("runbooks-by-service"),
            Self::Alert => t!("runbooks-by-alert"),
        }
    }
}

/// A line of the list; a runbook about two services has one for each where the list is by service.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookListRow)]
pub struct Row {
    /// The service or kind of problem under which it stands; empty: by name, or about none.
    pub under: String,
    pub runbook: BookRow,
    pub used_at: Option<DateTime<Utc>>,
    /// `worked`, `partly`, `did-not`; absent: not used, or not over.
    pub outcome: Option<String>,
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    #[serde(skip)]
    pub last: Option<Use>,
}

pub fn build(shelf: &Shelf, uses: Option<&Uses>, now: DateTime<Utc>, query: &Query) -> Data {
    let q = query.get("q").unwrap_or_default().trim().to_owned();
    let by = query.get("by").and_then(By::from_name).unwrap_or_default();
    let needle = q.to_lowercase();
    let fits = |book: &&std::sync::Arc<Runbook>| needle.is_empty() || matches(book, &needle);
    let mut rows = Vec::new();
    for book in shelf.all().filter(fits) {
        let last = uses.and_then(|uses| uses.get(&book.slug)).copied();
        let row = |under: String| Row {
            under,
            runbook: BookRow::of(book, now),
            used_at: last.map(|it| it.at),
            outcome: last.and_then(|it| it.outcome).map(|it| it.name().to_owned()),
            run: last.map(|it| it.run),
            last,
        };
        let under: Vec<String> = match by {
            By::Name => Vec::new(),
            By::Service => book.services.iter().map(ToString::to_string).collect(),
            By::Alert => book.alerts.iter().map(ToString::to_string).collect(),
        };
        if under.is_empty() {
            rows.push(row(String::new()));
        }
        rows.extend(under.into_iter().map(row));
    }
    // What is about nothing in particular comes last.
    rows.sort_by_key(|row| {
        (row.under.is_empty(), row.under.clone(), row.runbook.title.to_lowercase())
    });
    let overdue = shelf.all().filter(|book| book.is_overdue(now.date_naive())).count();
    let total = rows.len();
    let after = query.get("after").and_then(|after| after.parse::<usize>().ok()).unwrap_or(0);
    let rows: Vec<_> = rows.into_iter().skip(after).take(PAGE_ROWS).collect();
    let end = after + rows.len();
    let next = (end < total).then(|| address(&q, by, Some(end)));
    let (paged, uses_known) = (after > 0, uses.is_some());
    Data { at: now, q, by, rows, total, overdue, next, uses_known, paged }
}

fn matches(book: &Runbook, needle: &str) -> bool {
    let names = book.services.iter().map(ToString::to_string);
    let alerts = book.alerts.iter().map(ToString::to_string);
    let fixed = [book.title.clone(), book.slug.to_string(), book.owner.clone()];
    let mut texts = fixed.into_iter().chain(names).chain(alerts);
    texts.any(|text| text.to_lowercase().contains(needle))
}

fn address(q: &str, by: By, after: Option<usize>) -> String {
    let by = if by == By::default() { "" } else { by.name() };
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    paths::with_query(paths::RUNBOOKS, &[("q", q), ("by", by), ("after", &after)])
}

pub fn title() -> String {
    t!("nav-runbooks")
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let write = reader
        .may(Permission::ManageFleet, Target::default())
        .is_ok()
        .then(|| link_button(Weight::Plain, paths::RUNBOOK_WRITE, t!("runbook-new")));
    let actions = view! {
        {link_button(Weight::Plain, paths::ALIASES, t!("aliases-title"))}
        {link_button(Weight::Plain, paths::RUNBOOK_RUNS, t!("runs-title"))}
        {write}
    };
    let head = page_head(PageHead {
        title: title(),
        note: Some(t!("runbooks-note").into_any()),
        actions: Some(actions.into_any()),
        ..PageHead::default()
    });
    let list = if data.rows.is_empty() {
        let clear = view! { <a class="btn" href=paths::RUNBOOKS>{t!("filter-clear")}</a> };
        empty(t!("runbooks-none", q = data.q.as_str()), "", Some(clear.into_any()))
    } else {
        rows(data)
    };
    let overdue = (data.overdue > 0).then(|| {
        t!("runbooks-overdue", n = data.overdue, count = text::number(data.overdue as u64))
    });
    let note = match overdue {
        Some(overdue) => format!("{}, {overdue}", text::number(data.total as u64)),
        None => text::number(data.total as u64),
    };
    let unknown = (!data.uses_known).then(|| t!("runbooks-uses-unknown"));
    let next = data.next.clone().map(|href| (href, t!("runbooks-next")));
    let first = data.paged.then(|| address(&data.q, data.by, None));
    let head_of_card = Head::new(t!("nav-runbooks")).note(note).right(unknown);
    view! {
        {head}
        <div class="stack">
            {filter(data)}
            {card(head_of_card, view! { {list}{pager(first, next)} })}
        </div>
    }
    .into_any()
}

fn filter(data: &Data) -> AnyView {
    let choices = By::ALL.map(|by| Segment {
        href: address(&data.q, by, None),
        label: by.label(),
        current: by == data.by,
    });
    let (q, by) = (data.q.clone(), data.by.name());
    view! {
        <form class="chips" id="filter" action=paths::RUNBOOKS>
            {segments(t!("runbooks-by"), choices.into_iter().collect())}
            <span class="filter-find">
                <input type="search" name="q" value=q aria-label=t!("runbooks-filter")/>
            </span>
            <input type="hidden" name="by" value=by/>
            <button class="btn">{t!("find-label")}</button>
        </form>
    }
    .into_any()
}

fn rows(data: &Data) -> AnyView {
    let mut columns = vec![Column::new(t!("run-col-runbook"))];
    match data.by {
        By::Name => {}
        By::Service => columns.insert(0, Column::new(t!("col-service"))),
        By::Alert => columns.insert(0, Column::new(t!("runbook-alert"))),
    }
    columns.extend([
        Column::new(t!("col-owner")),
        Column::new(t!("runbook-col-reviewed")),
        Column::new(t!("runbook-col-used")),
        Column::new(t!("run-col-outcome")),
    ]);
    let body = data.rows.iter().map(|row| line(data, row)).collect_view();
    table(t!("nav-runbooks"), columns, body)
}

fn line(data: &Data, row: &Row) -> AnyView {
    let book = &row.runbook;
    let under = match data.by {
        By::Name => None,
        By::Service if row.under.is_empty() => Some(view! { <td></td> }.into_any()),
        By::Service => {
            let (href, name) = (paths::service(&row.under), row.under.clone());
            Some(view! { <td><a class="quiet" href=href>{name}</a></td> }.into_any())
        }
        By::Alert => Some(view! { <td class="mono">{row.under.clone()}</td> }.into_any()),
    };
    let used = row.last.map(|last| {
        let href = paths::runbook_run(last.run);
        view! { <a class="quiet" href=href>{time(last.at, data.at)}</a> }
    });
    let used = match (used, data.uses_known) {
        (Some(used), _) => used.into_any(),
        (None, true) => t!("runbook-never-used").into_any(),
        (None, false) => ().into_any(),
    };
    let outcome = row.last.map(|last| {
        let (tone, word) = text::runbook::outcome(last.outcome);
        state(tone, word)
    });
    let (href, title) = (book.href.clone(), book.title.clone());
    view! {
        <tr>
            {under}
            <th scope="row"><a class="quiet" href=href>{title}</a></th>
            <td data-l=t!("col-owner")>{book.owner.clone()}</td>
            <td data-l=t!("runbook-col-reviewed")>
                <span>{reviewed(book.reviewed, book.overdue, data.at)}</span>
            </td>
            <td data-l=t!("runbook-col-used")>{used}</td>
            <td data-l=t!("run-col-outcome")>{outcome}</td>
        </tr>
    }
    .into_any()
}
