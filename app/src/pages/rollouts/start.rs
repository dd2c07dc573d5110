//! `/services/{service}/do/start-rollout`: the form, and what a start would do, before it does it.
//!
//! Both halves are plain forms: the first asks (GET, nothing changes), the second starts exactly
//! what was shown, confirmed by the plan's hash.

mod preview;
mod typed;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::bench::{Bench, BenchResult};
use mainstay_core::estate::Estate;
use mainstay_core::fleet::{Fleet, Strategy};
use mainstay_core::id::{GroupId, ServiceId};
use mainstay_core::planned::PlannedEvent;
use mainstay_core::release::Release;
use mainstay_core::rollout::{Plan, Preview, StartFinding};
use serde::Serialize;
use utoipa::ToSchema;

pub use preview::{CheckRow, PreviewData, StepRow};
pub use typed::{Typed, mistake};

use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::block::{empty, no_permission};
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The version that serves now.
    pub stable: String,
    /// `canary` or `rolling`.
    #[schema(value_type = String)]
    pub strategy: Strategy,
    pub preview: Option<PreviewData>,
    /// Versions that passed their bench and may be started.
    pub passed: Vec<String>,
    /// Events that touch it and are not over: the id, and how it is chosen.
    #[serde(skip)]
    pub events: Vec<(String, String)>,
    /// Where what holds it back is mended.
    pub fixes: Vec<FixRow>,
    /// Plans of the fleet.
    #[serde(skip)]
    pub plans: Vec<String>,
    #[serde(skip)]
    pub group: Option<GroupId>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
    /// New for each page: a start that was sent twice starts once.
    #[serde(skip)]
    pub key: String,
}

/// Where something is mended that holds a start back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FixRow {
    pub words: String,
    pub href: String,
}

/// The pages on which findings are mended, where that is not the form.
pub fn fixes(findings: &[StartFinding]) -> Vec<FixRow> {
    let fix = |finding: &StartFinding| {
        let href = finding.fix()?.to_owned();
        Some(FixRow { words: text::sentence(finding), href })
    };
    findings.iter().filter_map(fix).collect()
}

/// The events that a rollout of a service may belong to.
pub fn choices(
    events: &[PlannedEvent],
    fleet: &Fleet,
    service: &ServiceId,
) -> Vec<(String, String)> {
    let touching = events.iter().filter(|it| it.content.touched(fleet).contains(service));
    let choice = |it: &PlannedEvent| (it.id.to_string(), format!("{} {}", it.id, it.content.title));
    touching.map(choice).collect()
}

/// `None`: the fleet has no such service.
pub fn build(
    estate: &Estate,
    service: &ServiceId,
    benches: &[BenchResult],
    typed: Typed,
    key: String,
) -> Option<Data> {
    let declared = estate.fleet.services.get(service)?;
    let Release { version, .. } = estate.releases.stable(&estate.fleet, service)?;
    let passed = benches.iter().filter(|bench| bench.service == *service);
    let checks = Bench::of(&estate.fleet, service);
    let passed = passed.filter(|it| it.counts(&checks, estate.at) && it.version != version);
    Some(Data {
        at: estate.at,
        service: service.clone(),
        strategy: declared.strategy,
        preview: None,
        passed: passed.map(|bench| bench.version.clone()).collect(),
        plans: estate.fleet.rollout_plans.keys().map(ToString::to_string).collect(),
        group: Some(declared.group.clone()),
        events: Vec::new(),
        fixes: Vec::new(),
        stable: version,
        typed,
        mistakes: Vec::new(),
        key,
    })
}

/// The same with what a start would do now.
pub fn previewed(data: Data, plan: &Plan, preview: &Preview) -> Data {
    let preview = PreviewData::of(plan, preview, data.at);
    Data { preview: Some(preview), ..data }
}

pub fn title(data: &Data) -> String {
    let title = t!("start-title", name = data.service.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let note = t!("start-note", version = data.stable.as_str());
    let head = page_head(PageHead {
        title: t!("start-title", name = data.service.as_str()),
        crumbs: vec![
            Crumb::new(paths::ROLLOUTS, t!("nav-rollouts")),
            Crumb::new(paths::service(&data.service), data.service.to_string()),
        ],
        note: Some(note.into_any()),
        ..PageHead::default()
    });
    let form = padded(Head::new(t!("start-form")), form(data));
    let main = match &data.preview {
        Some(preview) => preview::view(data, preview, reader),
        None => card(
            Head::new(t!("start-preview")),
            empty(t!("start-preview-none"), t!("start-preview-none-detail"), None),
        ),
    };
    let main = view! { {fixes_view(data)}{main} };
    view! { {head}{columns(main, form)} }.into_any()
}

fn form(data: &Data) -> AnyView {
    let address = paths::action(&paths::service(&data.service), "start-rollout");
    let (typed, mistakes) = (&data.typed, &data.mistakes);
    let own = |name: &'static str, label: String, hint: String, value: &str| Field {
        name,
        label,
        hint: (!hint.is_empty()).then_some(hint),
        value: value.to_owned(),
        autocomplete: Some("off"),
        ..Field::default()
    };
    let (version, hint) = version(data);
    let version = Field { required: true, ..own("version", t!("start-version"), hint, version) };
    let mut plans = vec![(String::new(), t!("start-plan-own"))];
    plans.extend(data.plans.iter().map(|plan| (plan.clone(), plan.clone())));
    let plan = Field {
        kind: Kind::Select(plans),
        ..own("plan", t!("start-plan"), String::new(), &typed.plan)
    };
    let schema = Field {
        kind: Kind::Select(vec![
            ("none".to_owned(), t!("start-schema-none")),
            ("reversible".to_owned(), t!("start-schema-reversible")),
            ("irreversible".to_owned(), t!("start-schema-irreversible")),
        ]),
        ..own("schema", t!("start-schema"), String::new(), &typed.schema)
    };
    let config = Field {
        kind: Kind::Select(vec![
            (String::new(), t!("start-config-choose")),
            ("yes".to_owned(), t!("start-config-both")),
            ("no".to_owned(), t!("start-config-new")),
        ]),
        required: true,
        ..own("config", t!("start-config"), t!("start-config-hint"), &typed.config)
    };
    let steps = (data.strategy == Strategy::Canary)
        .then(|| own("steps", t!("start-steps"), t!("start-steps-hint"), &typed.steps));
    let on = if typed.hotfix { "yes" } else { "" };
    let hotfix = Field {
        kind: Kind::Checkbox,
        ..own("hotfix", t!("start-hotfix"), t!("start-hotfix-hint"), on)
    };
    let change = own("change", t!("start-change"), t!("reason-hint"), &typed.change);
    let waves = own("waves", t!("start-waves"), t!("start-waves-hint"), &typed.waves);
    let bench = paths::service_bench(&data.service);
    let event = event(data);
    view! {
        <form action=address class="form" novalidate>
            {error_summary(mistakes_title(mistakes), mistakes)}
            {field(version, mistakes)}
            <p class="second"><a href=bench>{t!("start-bench-link")}</a></p>
            {field(change, mistakes)}
            {field(event, mistakes)}
            {field(schema, mistakes)}
            {field(config, mistakes)}
            {field(hotfix, mistakes)}
            {field(plan, mistakes)}
            {steps.map(|steps| field(steps, mistakes))}
            {field(waves, mistakes)}
            <p class="acts">{submit(Weight::Plain, t!("start-show"))}</p>
        </form>
    }
    .into_any()
}

/// The event that it belongs to; one that is over or gone stays chosen, and is refused.
fn event(data: &Data) -> Field {
    let typed = data.typed.event.trim();
    let mut choices = vec![(String::new(), t!("start-event-none"))];
    choices.extend(data.events.iter().cloned());
    if choices.iter().all(|(id, _)| id != typed) {
        choices.push((typed.to_owned(), typed.to_owned()));
    }
    Field {
        name: "event",
        label: t!("start-event"),
        hint: Some(t!("start-event-hint")),
        kind: Kind::Select(choices),
        value: typed.to_owned(),
        ..Field::default()
    }
}

/// What holds it back, each with the page on which it is mended.
fn fixes_view(data: &Data) -> Option<AnyView> {
    if data.fixes.is_empty() {
        return None;
    }
    let rows = data.fixes.iter().map(|row| {
        view! { <li><a href=row.href.clone()>{row.words.clone()}</a></li> }
    });
    let list = view! { <ul class="sentences">{rows.collect_view()}</ul> };
    Some(padded(Head::new(t!("start-fixes")), list))
}

/// The version in the form, and the hint with it. A form that nobody filled yet has the only one
/// there is.
fn version(data: &Data) -> (&str, String) {
    let (passed, typed) = (&data.passed, &data.typed.version);
    let hint = match passed.is_empty() {
        true => t!("start-version-none"),
        false => t!("start-version-hint", versions = text::list(passed)),
    };
    match passed.as_slice() {
        [only] if typed.is_empty() && data.mistakes.is_empty() => (only, hint),
        _ => (typed, hint),
    }
}

/// The second half: starts exactly what was shown.
fn confirm(data: &Data, preview: &PreviewData, reader: &Reader) -> AnyView {
    let target = Target { group: data.group.as_ref(), datacenter: None };
    let label = t!("start-do", version = preview.to.as_str());
    if let Err(refusal) = reader.may_operate(target) {
        return no_permission(text::refusal(&refusal), label);
    }
    let address = paths::action(&paths::service(&data.service), "start-rollout");
    let mut hidden = vec![
        ("csrf", reader.csrf.clone()),
        ("hash", preview.hash.clone()),
        ("key", data.key.clone()),
    ];
    hidden.extend(data.typed.pairs());
    let hidden = hidden
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    let blocked = preview.checks.iter().any(|check| check.tone == Tone::Crit);
    let warning = blocked.then(|| view! { <p class="second">{t!("start-blocked")}</p> });
    view! {
        <form method="post" action=address class="pad">
            {hidden}
            {warning}
            <div class="chips">
                {submit(Weight::Primary, label)}
                {link_button(Weight::Plain, paths::service(&data.service), t!("start-keep"))}
            </div>
        </form>
    }
    .into_any()
}

/// A mistake of no field of its own: it stands at the version.
pub fn general(sentence: String) -> Mistake {
    Mistake::new("version", sentence)
}

/// What is said when the plan is another one than was shown.
pub fn replanned() -> Mistake {
    general(t!("start-replanned"))
}

pub fn choose_title() -> String {
    t!("start-choose")
}

/// `/rollouts/do/start`: which service.
pub fn choose(services: &[ServiceId]) -> AnyView {
    let head = page_head(PageHead {
        title: choose_title(),
        crumbs: vec![Crumb::new(paths::ROLLOUTS, t!("nav-rollouts"))],
        ..PageHead::default()
    });
    let options = services.iter().map(|id| (id.to_string(), id.to_string())).collect();
    let service = Field {
        name: "service",
        label: t!("col-service"),
        kind: Kind::Select(options),
        ..Field::default()
    };
    let form = view! {
        <form action=paths::ROLLOUTS_START class="form">
            {field(service, &[])}
            <p class="acts">{submit(Weight::Primary, t!("start-choose-do"))}</p>
        </form>
    };
    view! { {head}{padded(Head::new(t!("start-form")), form)} }.into_any()
}
