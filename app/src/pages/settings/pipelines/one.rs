//! `/settings/pipelines/{id}`: one source, its newest messages, and how to set it up.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Refusal;
use mainstay_core::pipeline::{Delivery, Format, Report, SECRET_OVERLAP, Source, Status, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::{below, format, last_accepted, last_refused, refused, standing};
use crate::pages::settings::tokens::secret;
use crate::pages::settings::{Section, sections};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::{callout, empty};
use crate::ui::button::{Weight, post};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// What the page says, and `GET /api/v1/pipelines/{id}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PipelineSourceData)]
pub struct Data {
    #[schema(value_type = Object)]
    pub source: Source,
    /// Where it sends to.
    pub hook: String,
    /// Newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// A secret that was made just now, shown this once.
    #[serde(skip)]
    pub made: Option<String>,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
    #[serde(skip)]
    pub csrf: String,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A message, said.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PipelineDeliveryRow)]
pub struct DeliveryRow {
    #[schema(value_type = Object)]
    pub delivery: Delivery,
    #[schema(value_type = String)]
    pub tone: Tone,
    /// What became of it.
    pub word: String,
    /// What it says, or why it was not taken.
    pub said: String,
}

impl DeliveryRow {
    pub fn of(delivery: Delivery) -> Self {
        let (tone, word, said) = match &delivery.verdict {
            Verdict::Taken { report } => (Tone::Ok, t!("pipeline-taken"), told(report)),
            Verdict::Known { report } => (Tone::Unk, t!("pipeline-known"), told(report)),
            Verdict::Left { why } => (Tone::Unk, t!("pipeline-left"), text::sentence(why)),
            Verdict::Refused { refused: kind, why } => {
                (Tone::Warn, refused(*kind), text::sentence(why))
            }
        };
        Self { delivery, tone, word, said }
    }
}

/// `github.com/acme/shop 4f2c0a5e: passed (Build)`.
fn told(report: &Report) -> String {
    let commit: String = report.commit.as_str().chars().take(12).collect();
    let status = match report.status {
        Status::Running => t!("pipeline-running"),
        Status::Passed => t!("pipeline-passed"),
        Status::Failed => t!("pipeline-failed"),
    };
    let which = match report.pipeline.as_str() {
        "" => String::new(),
        pipeline => format!(" ({pipeline})"),
    };
    format!("{} {commit}: {status}{which}", report.repository)
}

pub fn view(data: &Data) -> AnyView {
    let source = &data.source;
    let (tone, word) = standing(source);
    let head = PageHead {
        title: source.name.clone(),
        crumbs: vec![Crumb::new(paths::SETTINGS_PIPELINES, t!("settings-pipelines"))],
        badge: Some(badge(tone, word)),
        note: Some(format(source.format).into_any()),
        ..PageHead::default()
    };
    let main = view! {
        {data.made.as_deref().map(|made| shown(source, made))}
        {padded(Head::new(t!("pipeline-setup")), setup(data))}
        {card(Head::new(t!("pipeline-messages")), deliveries(data))}
    };
    let may = data.refusal.is_none();
    let side = view! {
        {padded(Head::new(t!("facts")), key_values(facts(data)))}
        {may.then(|| padded(Head::new(t!("pipeline-rotate-title")), rotate(data)))}
        {may.then(|| padded(Head::new(t!("pipeline-remove-title")), remove(data)))}
    };
    let here = source.id.to_string();
    view! {
        {page_head_of(here, head)}
        {sections(Section::Pipelines)}
        {columns(main, side)}
    }
    .into_any()
}

fn shown(source: &Source, made: &str) -> AnyView {
    let strong = t!("pipeline-secret-shown", name = source.name.as_str());
    view! {
        {callout(Tone::Ok, strong, t!("pipeline-secret-detail"), None)}
        {secret(t!("pipeline-secret-label"), made)}
    }
    .into_any()
}

fn setup(data: &Data) -> AnyView {
    let steps = match data.source.format {
        Format::Github => t!("pipeline-setup-github"),
        Format::Gitlab => t!("pipeline-setup-gitlab"),
        Format::Generic => t!("pipeline-setup-generic"),
    };
    let address = data.hook.clone();
    let command = matches!(data.source.format, Format::Generic).then(|| {
        view! { <pre class="file wrap"><code>{command(&data.hook)}</code></pre> }
    });
    view! {
        <p class="prose">{steps}</p>
        <pre class="file wrap"><code>{address}</code></pre>
        {command}
    }
    .into_any()
}

/// Signs and sends one report with tools that every pipeline has.
fn command(hook: &str) -> String {
    format!(
        r#"body='{{"repository": "https://git.example.org/shop",
  "commit": "'$(git rev-parse HEAD)'",
  "status": "passed", "finished_at": "'$(date -u +%FT%TZ)'"}}'
id=$(cat /proc/sys/kernel/random/uuid); at=$(date +%s)
key=$(printf %s "${{MAINSTAY_SECRET#whsec_}}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$at.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl --fail --silent --show-error --data "$body" \
  --header "webhook-id: $id" --header "webhook-timestamp: $at" \
  --header "webhook-signature: v1,$signature" \
  {hook}"#
    )
}

fn deliveries(data: &Data) -> AnyView {
    if data.deliveries.is_empty() {
        let context = t!("pipeline-messages-empty-context");
        return empty(t!("pipeline-messages-empty"), context, None);
    }
    let now = data.now;
    let columns = vec![
        Column::new(t!("pipeline-when")),
        Column::new(t!("pipeline-event")),
        Column::new(t!("pipeline-verdict")),
        Column::new(t!("pipeline-said")),
    ];
    let body = data.deliveries.iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{time(row.delivery.at, now)}</th>
                <td data-l=t!("pipeline-event")>{row.delivery.event.clone()}</td>
                <td data-l=t!("pipeline-verdict")>{state(row.tone, row.word.clone())}</td>
                <td class="wrap" data-l=t!("pipeline-said")>{row.said.clone()}</td>
            </tr>
        }
    });
    table(t!("pipeline-messages"), columns, body.collect_view())
}

fn facts(data: &Data) -> Vec<(String, AnyView)> {
    let (source, now) = (&data.source, data.now);
    let made = format!("{}, {}", source.made_by, text::moment(source.made_at, now));
    let mut facts = vec![
        (t!("pipeline-below"), below(source).into_any()),
        (t!("pipeline-accepted"), last_accepted(source, now)),
        (t!("pipeline-refused"), last_refused(source, now)),
        (t!("pipeline-made"), made.into_any()),
    ];
    if let Some(until) = source.overlap_until.filter(|until| *until > now) {
        facts.push((t!("pipeline-overlap"), time(until, now)));
    }
    facts
}

fn button(data: &Data, weight: Weight, verb: &str, label: String) -> AnyView {
    let action = paths::action(&paths::pipeline_source(data.source.id), verb);
    post(weight, action, &data.csrf, Vec::new(), label)
}

fn rotate(data: &Data) -> AnyView {
    let hours = text::number(SECRET_OVERLAP.num_hours().unsigned_abs());
    view! {
        <p class="second">{t!("pipeline-rotate-text", hours = hours)}</p>
        <p class="acts">{button(data, Weight::Plain, "rotate", t!("pipeline-rotate"))}</p>
    }
    .into_any()
}

fn remove(data: &Data) -> AnyView {
    let label = t!("pipeline-remove", name = data.source.name.as_str());
    view! {
        <p class="second">{t!("pipeline-remove-text")}</p>
        <p class="acts">{button(data, Weight::Danger, "remove", label)}</p>
    }
    .into_any()
}
