//! `/settings/pipelines`: every source and how it does, and the form that makes one.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::{FieldMistake, Refusal};
use mainstay_core::pipeline::{Draft, Format, Source};
use serde::Serialize;
use utoipa::ToSchema;

use super::{below, format, last_accepted, last_refused, standing};
use crate::pages::settings::{Section, in_words, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{empty, no_permission};
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/pipelines`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PipelinesData)]
pub struct Data {
    /// By name.
    pub sources: Vec<Row>,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub draft: Draft,
    #[serde(skip)]
    pub mistakes: Vec<FieldMistake>,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A source as it is listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PipelineSourceRow)]
pub struct Row {
    /// With all that is known of it; its secrets are not.
    #[schema(value_type = Object)]
    pub source: Source,
    pub href: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    /// How it does, in words.
    pub word: String,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Row {
    pub fn of(source: Source, now: DateTime<Utc>) -> Self {
        let (tone, word) = standing(&source);
        Self { href: paths::pipeline_source(source.id), tone, word, source, now }
    }
}

pub fn view(data: &Data) -> AnyView {
    let head = PageHead {
        title: t!("settings-pipelines"),
        note: Some(t!("pipelines-note").into_any()),
        ..PageHead::default()
    };
    let list = match data.sources.as_slice() {
        [] => empty(t!("pipelines-empty"), t!("pipelines-empty-context"), None),
        some => rows(some),
    };
    let main = card(Head::new(t!("pipelines-caption")), list);
    let side = match &data.refusal {
        Some(refusal) => no_permission(text::refusal(refusal), t!("pipeline-create")),
        None => new(data),
    };
    let side = padded(Head::new(t!("pipeline-new")), side);
    view! { {page_head(head)} {sections(Section::Pipelines)} {columns(main, side)} }.into_any()
}

fn rows(rows: &[Row]) -> AnyView {
    let columns = vec![
        Column::new(t!("pipeline-source")),
        Column::new(t!("pipeline-format")),
        Column::new(t!("pipeline-below")),
        Column::new(t!("pipeline-state")),
        Column::new(t!("pipeline-accepted")),
        Column::new(t!("pipeline-refused")),
    ];
    let body = rows.iter().map(|row| {
        let (source, now) = (&row.source, row.now);
        view! {
            <tr id=source.id.to_string()>
                <th scope="row"><a href=row.href.clone()>{source.name.clone()}</a></th>
                <td data-l=t!("pipeline-format")>{format(source.format)}</td>
                <td data-l=t!("pipeline-below")>{below(source)}</td>
                <td data-l=t!("pipeline-state")>{state(row.tone, row.word.clone())}</td>
                <td data-l=t!("pipeline-accepted")>{last_accepted(source, now)}</td>
                <td data-l=t!("pipeline-refused")>{last_refused(source, now)}</td>
            </tr>
        }
    });
    table(t!("pipelines-caption"), columns, body.collect_view())
}

fn new(data: &Data) -> AnyView {
    let mistakes = in_words(&data.mistakes);
    let name = Field {
        name: "name",
        label: t!("pipeline-source"),
        value: data.draft.name.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let choices = Format::ALL.map(|it| (it.name().to_owned(), format(it)));
    let kind = Field {
        name: "format",
        label: t!("pipeline-format"),
        kind: Kind::Select(choices.to_vec()),
        value: data.draft.format.clone(),
        ..Field::default()
    };
    let below = Field {
        name: "below",
        label: t!("pipeline-below"),
        hint: Some(t!("pipeline-below-hint")),
        value: data.draft.below.clone(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let body = view! {
        {error_summary(mistakes_title(&mistakes), &mistakes)}
        {field(name, &mistakes)}
        {field(kind, &mistakes)}
        {field(below, &mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("pipeline-create"))}</p>
    };
    form(paths::SETTINGS_PIPELINES, &data.csrf, body)
}
