//! `/services/{service}/bench`: what versions passed on staging, and the form that runs it again.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::bench::{Bench, BenchResult, Check, CheckResult, TestState};
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, GroupId, ServiceId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{empty, no_permission};
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// The version that serves now.
    pub stable: String,
    /// What a version is tested with, in words.
    pub checks: Vec<String>,
    pub valid_hours: u16,
    /// Newest first.
    pub results: Vec<ResultRow>,
    #[serde(skip)]
    pub group: Option<GroupId>,
    #[serde(skip)]
    pub version: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
    #[serde(skip)]
    pub key: String,
}

/// The newest bench of a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResultRow {
    pub version: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// Whether the version may go to production on it now.
    pub counts: bool,
    pub expires_at: Option<DateTime<Utc>>,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub asked_by: String,
    pub asked_at: DateTime<Utc>,
    pub checks: Vec<CheckRow>,
    /// Why it could not be made.
    pub message: Option<String>,
}

/// One check, and what was seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckRow {
    pub words: String,
    /// Absent: not finished.
    pub passed: Option<bool>,
    pub seen: String,
}

/// `None`: the fleet has no such service.
pub fn build(
    estate: &Estate,
    service: &ServiceId,
    results: &[BenchResult],
    key: String,
) -> Option<Data> {
    let declared = estate.fleet.services.get(service)?;
    let stable = estate.releases.stable(&estate.fleet, service)?;
    let bench = Bench::of(&estate.fleet, service);
    Some(Data {
        at: estate.at,
        service: service.clone(),
        stable: stable.version,
        checks: bench.checks.iter().map(words).collect(),
        valid_hours: bench.valid_hours,
        results: results.iter().map(|result| row(result, &bench, estate.at)).collect(),
        group: Some(declared.group.clone()),
        version: String::new(),
        mistakes: Vec::new(),
        key,
    })
}

fn row(result: &BenchResult, bench: &Bench, now: DateTime<Utc>) -> ResultRow {
    let counts = result.counts(bench, now);
    let (tone, word) = match &result.report.state {
        TestState::Running => (Tone::Prog, t!("bench-running")),
        TestState::Passed if counts => (Tone::Ok, t!("bench-passed")),
        TestState::Passed if !result.covers(bench) => (Tone::Unk, t!("bench-other-checks")),
        TestState::Passed => (Tone::Unk, t!("bench-expired")),
        TestState::Failed => (Tone::Crit, t!("bench-failed")),
        TestState::NotMade { .. } => (Tone::Unk, t!("bench-not-made")),
    };
    let message = match &result.report.state {
        TestState::NotMade { message } => Some(message.clone()),
        TestState::Running | TestState::Passed | TestState::Failed => None,
    };
    let done = result.report.results.iter().map(|done: &CheckResult| CheckRow {
        words: words(&done.check),
        passed: Some(done.passed),
        seen: done.seen.clone(),
    });
    let running = result.report.state == TestState::Running;
    let left = bench.checks.iter().skip(result.report.results.len()).filter(|_| running);
    let left =
        left.map(|check| CheckRow { words: words(check), passed: None, seen: t!("step-waiting") });
    ResultRow {
        version: result.version.clone(),
        tone,
        word,
        counts,
        expires_at: result.expires_at,
        datacenter: result.datacenter.clone(),
        asked_by: result.asked_by.clone(),
        asked_at: result.asked_at,
        checks: done.chain(left).collect(),
        message,
    }
}

/// A check in words: `GET /health answers 200`.
fn words(check: &Check) -> String {
    match check {
        Check::Http { path, status, contains: None } => {
            t!("check-http", path = path.as_str(), status = status.to_string())
        }
        Check::Http { path, status, contains: Some(contains) } => t!(
            "check-http-contains",
            path = path.as_str(),
            status = status.to_string(),
            contains = contains.as_str()
        ),
        Check::Load { path, requests_per_second, seconds, error_max_bp, p95_max_ms } => t!(
            "check-load",
            path = path.as_str(),
            rate = text::number(*requests_per_second),
            seconds = text::number(*seconds),
            errors = text::rollout::weight(*error_max_bp),
            p95 = text::number(*p95_max_ms)
        ),
    }
}

/// What is wrong with the version that was typed.
pub fn mistake(sentence: String) -> Mistake {
    Mistake::new("version", sentence)
}

pub fn title(data: &Data) -> String {
    let title = t!("bench-title", name = data.service.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: t!("bench-title", name = data.service.as_str()),
        crumbs: vec![
            Crumb::new(paths::TOPOLOGY, t!("nav-topology")),
            Crumb::new(paths::service(&data.service), data.service.to_string()),
        ],
        note: Some(t!("bench-note").into_any()),
        ..PageHead::default()
    });
    let none = data.results.is_empty().then(|| {
        let none = empty(t!("bench-none"), t!("bench-none-detail"), None);
        card(Head::new(t!("bench-results")), none)
    });
    let cards = data.results.iter().map(|row| result(data, row)).collect_view();
    let main = view! { <div class="stack" data-swap="results">{none}{cards}</div> };
    let checks = data.checks.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view();
    let valid = t!("bench-valid", hours = text::number(data.valid_hours));
    let side = view! {
        {run(data, reader)}
        {padded(Head::new(t!("bench-checks")), view! {
            <ul class="plain">{checks}</ul>
            <p class="muted small">{valid}</p>
        })}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn result(data: &Data, row: &ResultRow) -> AnyView {
    let items = row
        .checks
        .iter()
        .map(|check| {
            let tone = match check.passed {
                Some(true) => Tone::Ok,
                Some(false) => Tone::Crit,
                None => Tone::Plan,
            };
            view! {
                <li>
                    {glyph(tone)}
                    <span>
                        {check.words.clone()}<br/>
                        <span class="muted">{check.seen.clone()}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    let when = view! {
        {t!("bench-by", dc = row.datacenter.as_str(), by = row.asked_by.as_str())}
        " "
        {time(row.asked_at, data.at)}
    };
    let until = row.expires_at.filter(|_| row.counts).map(|at| {
        let until = t!("bench-until", at = text::moment(at, data.at));
        view! { <p class="muted small">{until}</p> }
    });
    let message = row.message.clone().map(|message| view! { <p class="second">{message}</p> });
    let start = row.counts.then(|| {
        let start = paths::action(&paths::service(&data.service), "start-rollout");
        let href = paths::with_query(&start, &[("version", &row.version)]);
        view! { <p class="acts"><a class="btn" href=href>{t!("rollouts-start")}</a></p> }
    });
    let start = start.filter(|_| row.version != data.stable);
    let body = view! {
        {message}
        <ul class="checks">{items}</ul>
        {until}
        {start}
    };
    let note = state(row.tone, row.word.clone());
    padded(Head::new(row.version.clone()).note(note).right(when), body)
}

fn run(data: &Data, reader: &Reader) -> AnyView {
    let target = Target { group: data.group.as_ref(), datacenter: None };
    let head = Head::new(t!("bench-run"));
    if let Err(refusal) = reader.may_operate(target) {
        return card(head, no_permission(text::refusal(&refusal), t!("bench-run-do")));
    }
    let version = Field {
        name: "version",
        label: t!("start-version"),
        hint: Some(t!("bench-version-hint")),
        value: data.version.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
    };
    let key = data.key.clone();
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        <input type="hidden" name="key" value=key/>
        {field(version, &data.mistakes)}
        <p class="acts">{submit(Weight::Primary, t!("bench-run-do"))}</p>
    };
    let address = paths::action(&paths::service(&data.service), "run-bench");
    padded(head, form(address, &reader.csrf, body))
}
