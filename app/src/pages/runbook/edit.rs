//! `/runbooks/{slug}/do/edit` and `/runbooks/do/write`: the fleet's own runbooks, one at a time.

use leptos::prelude::*;
use mainstay_core::runbook::finding::Finding;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::paths;
use crate::shell::Message;
use crate::t;
use crate::text;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, post, submit};
use crate::ui::card::{Head, padded, stack};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

/// What a new one begins with.
const TEMPLATE: &str = "+++\ntitle = \"\"\nowner = \"\"\nreviewed = 2026-01-01\nservices = []\n\
    alerts = []\n+++\n\nWhat it means.\n\n## What to do\n\n1. First\n\n\
    ## How to know that it is over\n\n## Whom it concerns\n";

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RunbookEdit)]
pub struct Data {
    /// Absent: a new one.
    pub slug: Option<String>,
    pub source: String,
    /// Revision of the set that it is a part of.
    pub revision: i64,
    /// It is the fleet's own; else the program's, which this replaces.
    pub own: bool,
    pub findings: Vec<FindingRow>,
    #[serde(skip)]
    pub typed_slug: String,
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
    /// Why nothing was done.
    #[serde(skip)]
    pub refused: Option<String>,
}

/// A mistake of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = RunbookFinding)]
pub struct FindingRow {
    pub line: u32,
    /// Stable name of the kind.
    pub code: String,
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl FindingRow {
    pub fn of(finding: &Finding) -> Self {
        Self {
            line: finding.line,
            code: finding.code().to_owned(),
            message: finding.message(),
            help: finding.help(),
        }
    }
}

impl Data {
    /// A new one.
    pub fn new(revision: i64) -> Self {
        Self {
            slug: None,
            source: TEMPLATE.to_owned(),
            revision,
            own: false,
            findings: Vec::new(),
            typed_slug: String::new(),
            reason: String::new(),
            mistakes: Vec::new(),
            refused: None,
        }
    }

    /// One that is there.
    pub fn of(slug: &str, source: &str, own: bool, revision: i64) -> Self {
        let (slug, source) = (Some(slug.to_owned()), source.to_owned());
        Self { slug, source, own, ..Self::new(revision) }
    }
}

/// What was done.
pub fn saved(revision: i64) -> Message {
    Message {
        tone: Tone::Ok,
        strong: t!("runbook-saved"),
        detail: t!("runbook-saved-detail", revision = revision.to_string()),
    }
}

/// Why nothing was done: it is what is in force.
pub fn same() -> String {
    t!("runbook-same")
}

/// The mistakes of a text in sum, at its field.
pub fn summed(count: usize) -> Mistake {
    let words = text::number(count as u64);
    Mistake::new("source", t!("runbook-mistakes", n = count, count = words))
}

pub fn title(data: &Data) -> String {
    let title = match &data.slug {
        Some(slug) => t!("runbook-edit-title", slug = slug.as_str()),
        None => t!("runbook-new"),
    };
    let refused = !data.mistakes.is_empty() || !data.findings.is_empty();
    if refused { t!("error-title", title = title) } else { title }
}

/// `refusal`: why the reader may not.
pub fn view(data: &Data, reader: &Reader, refusal: Option<String>) -> AnyView {
    let title = match &data.slug {
        Some(slug) => t!("runbook-edit-title", slug = slug.as_str()),
        None => t!("runbook-new"),
    };
    let head = page_head(PageHead {
        title,
        crumbs: vec![Crumb::new(paths::RUNBOOKS, t!("nav-runbooks"))],
        note: Some(t!("runbook-edit-note").into_any()),
        ..PageHead::default()
    });
    if let Some(why) = refusal {
        let body = no_permission(why, t!("runbook-save"));
        return view! { {head}<section class="card">{body}</section> }.into_any();
    }
    let refused = data.refused.clone().map(|why| callout(Tone::Warn, t!("error-409"), why, None));
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        {refused}
        {findings(&data.findings)}
        {editor(data, reader)}
        {removal(data, reader)}
    };
    view! { {head}{stack(body)} }.into_any()
}

fn editor(data: &Data, reader: &Reader) -> AnyView {
    let action = match &data.slug {
        Some(slug) => paths::action(&paths::runbook(slug), "edit"),
        None => paths::RUNBOOK_WRITE.to_owned(),
    };
    let slug = Field {
        name: "slug",
        label: t!("runbook-slug"),
        hint: Some(t!("runbook-slug-hint")),
        value: data.typed_slug.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let source = Field {
        name: "source",
        label: t!("runbook-source"),
        hint: Some(t!("runbook-source-hint")),
        kind: Kind::Area(30),
        value: data.source.clone(),
        required: true,
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("runbook-reason"),
        value: data.reason.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let revision = data.revision.to_string();
    let body = view! {
        <input type="hidden" name="expected" value=revision/>
        {data.slug.is_none().then(|| field(slug, &data.mistakes))}
        {field(source, &data.mistakes)}
        {field(reason, &data.mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("runbook-save"))}</p>
    };
    padded(Head::new(t!("runbook-text")), form(action, &reader.csrf, body))
}

fn findings(findings: &[FindingRow]) -> Option<AnyView> {
    (!findings.is_empty()).then(|| {
        let items = findings
            .iter()
            .map(|finding| {
                let line = t!("runbook-line", line = text::number(finding.line));
                let (message, help) = (finding.message.clone(), finding.help.clone());
                view! { <li><b>{line}</b>" "{message}"; "{help}"."</li> }
            })
            .collect_view();
        padded(Head::new(t!("runbook-findings")), view! { <ul class="notes">{items}</ul> })
    })
}

/// Takes the fleet's own away.
fn removal(data: &Data, reader: &Reader) -> Option<AnyView> {
    let slug = data.slug.as_ref().filter(|_| data.own)?;
    let action = paths::action(&paths::runbook(slug), "remove");
    let hidden = vec![("expected", data.revision.to_string())];
    let button = post(Weight::Danger, action, &reader.csrf, hidden, t!("runbook-remove"));
    let note = t!("runbook-remove-note");
    let body = view! { <p class="second">{note}</p><p class="acts">{button}</p> };
    Some(padded(Head::new(t!("runbook-remove-head")), body))
}
