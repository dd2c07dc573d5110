//! `/runbooks/{slug}`: one runbook, with what its live values say now.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{Permission, Target};
use mainstay_core::problem::Record;
use mainstay_core::runbook::resolve::Facts;
use mainstay_core::runbook::run::Run;
use mainstay_core::runbook::{Origin, Runbook};
use serde::Serialize;
use utoipa::ToSchema;

use super::render::{Ink, Piece, Value, pieces, values};
use super::{BookRow, RunRow, reviewed, runs_table};
use crate::pages::Reader;
use crate::pages::rows::subject;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::callout;
use crate::ui::button::{Weight, disabled, link_button, post};
use crate::ui::card::{Head, card};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;
use crate::ui::{link, raw};

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub runbook: BookRow,
    /// The problem that fills `subject`.
    pub problem: Option<ProblemRef>,
    /// Its text, as it was written.
    pub source: String,
    /// Its live values, in order.
    pub values: Vec<Value>,
    /// The last runs, newest first.
    pub runs: Vec<RunRow>,
    #[serde(skip)]
    pub pieces: Vec<Piece>,
    #[serde(skip)]
    pub key: String,
}

/// The problem that a page was opened from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookProblem)]
pub struct ProblemRef {
    pub id: i64,
    pub title: String,
    pub href: String,
    pub open: bool,
}

impl ProblemRef {
    pub fn of(record: &Record) -> Self {
        Self {
            id: record.id,
            title: text::problem_title(&record.problem),
            href: paths::problem(record.id),
            open: record.closed_at.is_none(),
        }
    }
}

/// Everything the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub book: &'a Runbook,
    pub facts: &'a Facts<'a>,
    pub reader: &'a Reader,
    pub problem: Option<&'a Record>,
    /// The last runs, newest first.
    pub runs: &'a [Run],
}

/// `key`: new for each page, so that what is sent twice is begun once.
pub fn build(input: Input<'_>, key: String) -> Data {
    let Input { book, facts, reader, problem, runs } = input;
    let now = facts.estate.at;
    let page = problem.map(|record| subject(&record.problem).0);
    let ink = Ink {
        fleet: &facts.estate.fleet,
        reader,
        subject: facts.subject,
        subject_page: page.as_deref(),
        now,
    };
    let values = values(&book.body, facts);
    Data {
        at: now,
        runbook: BookRow::of(book, now),
        problem: problem.map(ProblemRef::of),
        source: book.source.clone(),
        pieces: pieces(&book.body, &values, &ink),
        values,
        runs: runs.iter().map(RunRow::of).collect(),
        key,
    }
}

pub fn title(data: &Data) -> String {
    data.runbook.title.clone()
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let book = &data.runbook;
    let head = page_head(PageHead {
        title: book.title.clone(),
        crumbs: vec![Crumb::new(paths::RUNBOOKS, t!("nav-runbooks"))],
        note: Some(note(data)),
        actions: Some(actions(data, reader)),
        ..PageHead::default()
    });
    let about = data.problem.as_ref().map(about);
    let runs = (!data.runs.is_empty()).then(|| {
        let filter = [("runbook", book.slug.as_str())];
        let all = paths::with_query(paths::RUNBOOK_RUNS, &filter);
        let right = view! { <a href=all>{t!("runs-all")}</a> };
        card(Head::new(t!("runs-title")).right(right), runs_table(&data.runs, data.at))
    });
    view! {
        {head}
        <div class="stack">
            {about}
            <article class="card pad prose rb">{body(&data.pieces)}</article>
            {runs}
        </div>
    }
    .into_any()
}

/// The text, its steps in one list of their own for each run of them.
pub fn body(pieces: &[Piece]) -> AnyView {
    with_steps(pieces, |_| ().into_any())
}

/// As [`body`], with something after each step.
pub fn with_steps(pieces: &[Piece], after: impl Fn(u32) -> AnyView) -> AnyView {
    let parts = pieces.chunk_by(|a, b| matches!((a, b), (Piece::Step { .. }, Piece::Step { .. })));
    let parts = parts.map(|part| match part {
        [Piece::Html(html)] => raw(html.clone()),
        steps => {
            let items = steps.iter().map(|piece| step(piece, &after)).collect_view();
            view! { <ol class="steps">{items}</ol> }.into_any()
        }
    });
    parts.collect_view().into_any()
}

fn step(piece: &Piece, after: &impl Fn(u32) -> AnyView) -> AnyView {
    let (number, html) = match piece {
        Piece::Step { number, html } => (*number, html.clone()),
        // Only steps come here.
        Piece::Html(html) => (0, html.clone()),
    };
    let (id, href) = (format!("step-{number}"), format!("#step-{number}"));
    let label = t!("rb-step", number = text::number(number));
    view! {
        <li id=id tabindex="-1">
            <a class="n" href=href aria-label=label>{text::number(number)}</a>
            <div>{raw(html)}{after(number)}</div>
        </li>
    }
    .into_any()
}

fn about(problem: &ProblemRef) -> AnyView {
    let (href, title) = (problem.href.clone(), problem.title.clone());
    let link = view! { <a href=href>{title}</a> };
    let tone = if problem.open { Tone::Crit } else { Tone::Ok };
    let words = if problem.open { t!("rb-for") } else { t!("rb-for-ended") };
    callout(tone, words, link, None)
}

/// Whose it is, when it was reviewed, what it is about, when its values were read.
fn note(data: &Data) -> AnyView {
    let book = &data.runbook;
    let origin = match book.origin {
        Origin::Library => t!("runbook-library"),
        Origin::Fleet => t!("runbook-own"),
    };
    let services = book
        .services
        .iter()
        .map(|id| (paths::service(id), id.clone()))
        .map(|(href, id)| view! { " "<a href=href>{id}</a> })
        .collect_view();
    let services =
        (!book.services.is_empty()).then(|| view! { " "{t!("runbook-services")}{services}"." });
    let read = (!data.values.is_empty()).then(|| {
        let at = text::clock_seconds(data.at, data.at);
        view! { " "{t!("rb-values-read", at = at)} }
    });
    view! {
        {t!("runbook-owned", owner = book.owner.as_str())}
        " "
        {t!("runbook-reviewed")}
        " "
        {reviewed(book.reviewed, book.overdue, data.at)}
        ". "
        {origin}
        {services}
        {read}
    }
    .into_any()
}

fn actions(data: &Data, reader: &Reader) -> AnyView {
    let slug = &data.runbook.slug;
    let object = paths::runbook(slug);
    let edit = reader
        .may(Permission::ManageFleet, Target::default())
        .is_ok()
        .then(|| link_button(Weight::Plain, paths::action(&object, "edit"), t!("runbook-edit")));
    let start = match reader.may_operate(Target::default()) {
        Ok(()) => {
            let mut hidden = vec![("key", data.key.clone())];
            if let Some(problem) = &data.problem {
                hidden.push(("problem", format!("at-{}", problem.id)));
            }
            let action = paths::action(&object, "start");
            post(Weight::Primary, action, &reader.csrf, hidden, t!("run-start"))
        }
        Err(refusal) => disabled(t!("run-start"), text::refusal(&refusal)),
    };
    view! { {edit}{start} }.into_any()
}

/// `/runbooks/runs`: every run, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookRuns)]
pub struct RunsData {
    pub at: DateTime<Utc>,
    pub rows: Vec<RunRow>,
    /// Address of the next page.
    pub next: Option<String>,
    #[serde(skip)]
    pub paged: bool,
}

pub fn runs_title() -> String {
    t!("runs-title")
}

pub fn runs_view(data: &RunsData) -> AnyView {
    let head = page_head(PageHead {
        title: t!("runs-title"),
        crumbs: vec![Crumb::new(paths::RUNBOOKS, t!("nav-runbooks"))],
        note: Some(t!("runs-note").into_any()),
        ..PageHead::default()
    });
    let list = if data.rows.is_empty() {
        crate::ui::block::empty(t!("runs-empty"), t!("runs-empty-context"), None)
    } else {
        runs_table(&data.rows, data.at)
    };
    let next = data.next.clone().map(|href| (href, t!("rb-runs-older")));
    let first = data.paged.then(|| paths::RUNBOOK_RUNS.to_owned());
    view! {
        {head}
        {card(Head::new(t!("runs-title")), view! { {list}{link::pager(first, next)} })}
    }
    .into_any()
}
