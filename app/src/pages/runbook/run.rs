//! `/runbooks/runs/{id}`: a runbook worked through: what was done, when, by whom, and whether it
//! helped. Works without script: each step is a form.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::problem::Record;
use mainstay_core::runbook::Runbook;
use mainstay_core::runbook::resolve::Facts;
use mainstay_core::runbook::run::{Mark, NOTE_MAX_CHARS, Note, Outcome, Run, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::RunRow;
use super::page::{ProblemRef, with_steps};
use super::render::{Ink, Piece, Value, pieces, values};
use crate::pages::Reader;
use crate::pages::rows::subject;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::callout;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookRunPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub row: RunRow,
    #[schema(value_type = Object)]
    pub run: Run,
    pub problem: Option<ProblemRef>,
    pub values: Vec<Value>,
    #[serde(skip)]
    pub pieces: Vec<Piece>,
    /// New for each page; the forms make theirs from it.
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// The form at the end as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub outcome: String,
    pub note: String,
}

/// `book`: what the runbook said when the run began; `None`: it cannot be read any more.
pub fn build(
    run: &Run,
    book: Option<&Runbook>,
    problem: Option<&Record>,
    facts: &Facts<'_>,
    (reader, key): (&Reader, String),
) -> Data {
    let page = problem.map(|record| subject(&record.problem).0);
    let ink = Ink {
        fleet: &facts.estate.fleet,
        reader,
        subject: run.subject.as_ref(),
        subject_page: page.as_deref(),
        now: facts.estate.at,
    };
    let body = book.map_or(&[][..], |book| &book.body);
    // What was the case then is not known; a run that is over shows no values of now.
    let over = run.ended.is_some();
    let values = if over { Vec::new() } else { values(body, facts) };
    Data {
        at: facts.estate.at,
        row: RunRow::of(run),
        run: run.clone(),
        problem: problem.map(ProblemRef::of),
        pieces: pieces(body, &values, &ink),
        values,
        key,
        typed: Typed::default(),
        mistakes: Vec::new(),
    }
}

/// The mistake of an end without an outcome.
pub fn no_outcome() -> Mistake {
    Mistake::new("outcome", t!("run-outcome-missing"))
}

pub fn title(data: &Data) -> String {
    let title = format!("{}, {}", data.row.id, data.row.title);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let (tone, word) = data.row.look.clone();
    let head = page_head_of(
        data.row.id.to_string(),
        PageHead {
            title: data.row.title.clone(),
            crumbs: vec![
                Crumb::new(paths::RUNBOOKS, t!("nav-runbooks")),
                Crumb::new(paths::RUNBOOK_RUNS, t!("runs-title")),
            ],
            badge: Some(badge(tone, word)),
            note: Some(note(data)),
            actions: None,
        },
    );
    let open = data.run.ended.is_none();
    let may = reader.may_operate(Target::default());
    let refused = may
        .as_ref()
        .err()
        .filter(|_| open)
        .map(|refusal| callout(Tone::Unk, t!("no-permission"), text::refusal(refusal), None));
    let writes = open && may.is_ok();
    let steps = with_steps(&data.pieces, |number| step(data, reader, number, writes));
    let lost = data.pieces.is_empty().then(|| callout(Tone::Unk, t!("run-lost"), "", None));
    view! {
        {head}
        <div class="stack">
            {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
            {about(data)}
            {refused}
            {lost}
            <article class="card pad prose rb">{steps}</article>
            {writes.then(|| finish(data, reader))}
            {ended(data)}
        </div>
    }
    .into_any()
}

fn about(data: &Data) -> Option<AnyView> {
    data.problem.as_ref().map(|problem| {
        let (href, title) = (problem.href.clone(), problem.title.clone());
        let link = view! { <a href=href>{title}</a> };
        let (tone, words) = match problem.open {
            true => (Tone::Crit, t!("rb-for")),
            false => (Tone::Ok, t!("rb-for-ended")),
        };
        callout(tone, words, link, None)
    })
}

fn note(data: &Data) -> AnyView {
    let run = &data.run;
    let at = t!("utc", time = text::full(run.started_at));
    let (href, book) = (data.row.runbook.clone(), t!("run-runbook"));
    let (done, all) = (text::number(data.row.done), text::number(data.row.steps));
    let steps = t!("rb-run-progress", done = done, all = all);
    view! {
        {t!("run-started", by = run.started_by.as_str(), at = at)}
        " "
        {steps}
        " "
        <a href=href>{book}</a>
    }
    .into_any()
}

/// What became of a step, and the form that says so.
fn step(data: &Data, reader: &Reader, number: u32, writes: bool) -> AnyView {
    let known = data.run.steps.get(&number);
    let done = known.and_then(|step| step.done.as_ref());
    let told = told(known);
    if !writes {
        return told;
    }
    let object = paths::runbook_run(data.run.id);
    let action = format!("{object}/steps/{number}/do/tick");
    let (csrf, key) = (reader.csrf.clone(), format!("{}-{number}", data.key));
    let (id, label) = (format!("note-{number}"), t!("run-note", number = text::number(number)));
    let buttons = if done.is_some() {
        view! {
            <button class="btn sm" name="done" value="yes">{t!("run-add-note")}</button>
            <button class="btn sm" name="done" value="no">{t!("run-undone")}</button>
        }
        .into_any()
    } else {
        view! {
            <button class="btn sm" name="done" value="yes">{t!("run-done")}</button>
            <button class="btn sm" name="done" value="no">{t!("run-add-note")}</button>
        }
        .into_any()
    };
    view! {
        {told}
        <form method="post" action=action class="tick">
            <input type="hidden" name="csrf" value=csrf/>
            <input type="hidden" name="key" value=key/>
            <label class="vh" for=id.clone()>{label.clone()}</label>
            <input id=id name="note" autocomplete="off" placeholder=t!("run-note-hint")/>
            {buttons}
        </form>
    }
    .into_any()
}

/// Who did it and when, and the notes.
fn told(step: Option<&Step>) -> AnyView {
    let Some(step) = step else { return ().into_any() };
    let done = step.done.as_ref().map(|Mark { at, by }| {
        let by = t!("run-done-by", by = by.as_str());
        view! { <p class="done">{glyph(Tone::Ok)}{by}" "{time_full(*at)}</p> }
    });
    let notes = step
        .notes
        .iter()
        .map(|Note { at, by, text }| {
            let (by, words) = (by.clone(), text.clone());
            view! { <li><span class="muted">{time_full(*at)}", "{by}": "</span>{words}</li> }
        })
        .collect_view();
    let notes = (!step.notes.is_empty()).then(|| view! { <ul class="notes">{notes}</ul> });
    view! { {done}{notes} }.into_any()
}

/// The form that ends the run.
fn finish(data: &Data, reader: &Reader) -> AnyView {
    let action = paths::action(&paths::runbook_run(data.run.id), "finish");
    let choices = Outcome::ALL.map(|outcome| {
        let (_, word) = text::runbook::outcome(Some(outcome));
        (outcome.name().to_owned(), word)
    });
    let choices = std::iter::once((String::new(), t!("run-choose"))).chain(choices).collect();
    let outcome = Field {
        name: "outcome",
        label: t!("run-outcome"),
        kind: Kind::Select(choices),
        value: data.typed.outcome.clone(),
        required: true,
        ..Field::default()
    };
    let note = Field {
        name: "note",
        label: t!("run-end-note"),
        hint: Some(t!("run-end-hint", most = text::number(NOTE_MAX_CHARS as u64))),
        kind: Kind::Area(3),
        value: data.typed.note.clone(),
        ..Field::default()
    };
    let key = data.key.clone();
    let body = view! {
        <input type="hidden" name="key" value=key/>
        {field(outcome, &data.mistakes)}
        {field(note, &data.mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("run-finish"))}</p>
    };
    padded(Head::new(t!("run-end")), form(action, &reader.csrf, body))
}

fn ended(data: &Data) -> Option<AnyView> {
    data.run.ended.as_ref().map(|end| {
        let (tone, word) = data.row.look.clone();
        let took = text::duration(end.at - data.run.started_at);
        let words = t!("run-ended", by = end.by.as_str(), took = took);
        let note = end.note.clone();
        let body = view! {
            <p>{glyph(tone)}" "<b>{word}</b>". "{words}" "{time_full(end.at)}"."</p>
            {(!note.is_empty()).then(|| view! { <p class="second">{note}</p> })}
        };
        padded(Head::new(t!("run-end")), body)
    })
}
