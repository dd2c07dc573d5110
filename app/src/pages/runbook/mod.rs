//! Runbooks: the index, one to read, one to work through, the fleet's own to write, short links.

pub mod alias;
pub mod edit;
pub mod list;
pub mod page;
pub mod render;
pub mod run;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use leptos::prelude::*;
use mainstay_core::id::RunbookId;
use mainstay_core::runbook::run::{Run, RunId};
use mainstay_core::runbook::{Origin, Runbook};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::table::{Column, table};
use crate::ui::time::time;

/// A runbook as lists name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BookRow {
    #[schema(value_type = String)]
    pub slug: RunbookId,
    pub title: String,
    pub href: String,
    pub owner: String,
    pub reviewed: NaiveDate,
    /// Nobody reviewed it for 180 days.
    pub overdue: bool,
    pub services: Vec<String>,
    /// Kinds of problems it is about.
    pub alerts: Vec<String>,
    /// `library`: it is in the program; `fleet`: it was applied.
    #[schema(value_type = String)]
    pub origin: Origin,
}

impl BookRow {
    pub fn of(book: &Runbook, now: DateTime<Utc>) -> Self {
        Self {
            slug: book.slug.clone(),
            title: book.title.clone(),
            href: paths::runbook(&book.slug),
            owner: book.owner.clone(),
            reviewed: book.reviewed,
            overdue: book.is_overdue(now.date_naive()),
            services: book.services.iter().map(ToString::to_string).collect(),
            alerts: book.alerts.iter().map(ToString::to_string).collect(),
            origin: book.origin,
        }
    }
}

/// Runbooks as links, for the pages of what they are about.
pub fn book_links(books: &[BookRow]) -> AnyView {
    let items = books
        .iter()
        .map(|book| (book.href.clone(), book.title.clone()))
        .map(|(href, title)| view! { <a href=href>{title}</a> })
        .collect_view();
    view! { <div class="links">{items}</div> }.into_any()
}

/// A run as lists name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookRunRow)]
pub struct RunRow {
    #[schema(value_type = String)]
    pub id: RunId,
    pub href: String,
    pub title: String,
    pub runbook: String,
    /// The problem that it was opened from.
    pub problem: Option<i64>,
    pub subject: Option<String>,
    pub started_at: DateTime<Utc>,
    pub started_by: String,
    pub done: u32,
    pub steps: u32,
    pub ended_at: Option<DateTime<Utc>>,
    /// `worked`, `partly`, `did-not`; absent: it is not over.
    pub outcome: Option<String>,
    #[serde(skip)]
    pub look: (crate::ui::tone::Tone, String),
}

impl RunRow {
    pub fn of(run: &Run) -> Self {
        let outcome = run.ended.as_ref().map(|end| end.outcome);
        Self {
            id: run.id,
            href: paths::runbook_run(run.id),
            title: run.title.clone(),
            runbook: paths::runbook(&run.runbook),
            problem: run.problem,
            subject: run.subject.as_ref().map(|subject| subject.name.clone()),
            started_at: run.started_at,
            started_by: run.started_by.clone(),
            done: run.done(),
            steps: run.step_count,
            ended_at: run.ended.as_ref().map(|end| end.at),
            outcome: outcome.map(|outcome| outcome.name().to_owned()),
            look: text::runbook::outcome(outcome),
        }
    }
}

/// Runs as a table.
pub fn runs_table(rows: &[RunRow], now: DateTime<Utc>) -> AnyView {
    let columns = vec![
        Column::new(t!("run-col-run")),
        Column::new(t!("run-col-runbook")),
        Column::new(t!("run-col-about")),
        Column::new(t!("run-col-started")),
        Column::new(t!("run-col-by")),
        Column::number(t!("run-col-steps")),
        Column::new(t!("run-col-outcome")),
    ];
    let body = rows.iter().map(|row| run_row(row, now)).collect_view();
    table(t!("runs-title"), columns, body)
}

fn run_row(row: &RunRow, now: DateTime<Utc>) -> AnyView {
    let (tone, word) = row.look.clone();
    let about = row.problem.map(|id| {
        let name = row.subject.clone().unwrap_or_else(|| format!("at-{id}"));
        view! { <a class="quiet" href=paths::problem(id)>{name}</a> }
    });
    let steps = t!("run-steps-of", done = text::number(row.done), all = text::number(row.steps));
    let (href, id) = (row.href.clone(), row.id.to_string());
    let (book, title) = (row.runbook.clone(), row.title.clone());
    view! {
        <tr>
            <th scope="row"><a class="quiet" href=href>{id}</a></th>
            <td data-l=t!("run-col-runbook")><a class="quiet" href=book>{title}</a></td>
            <td data-l=t!("run-col-about")>{about}</td>
            <td data-l=t!("run-col-started")>{time(row.started_at, now)}</td>
            <td data-l=t!("run-col-by")>{row.started_by.clone()}</td>
            <td class="num" data-l=t!("run-col-steps")>{steps}</td>
            <td data-l=t!("run-col-outcome")>{state(tone, word)}</td>
        </tr>
    }
    .into_any()
}

/// `20 Nov 2026`: when something was reviewed, with how long ago where that is too long.
pub fn reviewed(date: NaiveDate, is_overdue: bool, now: DateTime<Utc>) -> AnyView {
    let words = format!("{} {}", text::day(date), date.format("%Y"));
    let age = (now.date_naive() - date).num_days();
    let overdue =
        is_overdue.then(|| state(crate::ui::tone::Tone::Warn, text::runbook::overdue(age)));
    view! {
        <time datetime=date.to_string()>{words}</time>
        {overdue.map(|overdue| view! { " "{overdue} })}
    }
    .into_any()
}
