//! `/failover`: can we fail over right now, what runs, what was done, and the gates.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::failover::Run;
use mainstay_core::failover::preview::{Preview, Verdict};
use mainstay_core::failover::rules::{Gate, Gates, Rule};
use serde::Serialize;
use utoipa::ToSchema;

use super::{RunRow, seconds, verdict};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{self, callout, empty, no_permission};
use crate::ui::button::{Weight, link_button, post, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{PageHead, page_head};
use crate::ui::table::{Column, bullet, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverList)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub tone: Tone,
    /// The answer in one sentence.
    pub answer: String,
    /// The worst blocker; empty: there is none.
    pub cause: String,
    /// Regions, then data centres: what if this goes away.
    pub regions: Vec<ReadyRow>,
    pub datacenters: Vec<ReadyRow>,
    pub runs: Vec<RunRow>,
    pub gates: Vec<GateRow>,
    /// Address of the next page of runs.
    pub next: Option<String>,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub typed: TypedGate,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// The answer alone, for the overview.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverReadiness)]
pub struct Card {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub answer: String,
    pub cause: String,
    pub regions: Vec<ReadyRow>,
    /// The run that is not over.
    pub running: Option<RunRow>,
}

impl Card {
    /// `None`: what has to be known cannot be read now.
    pub fn of(regions: Option<&[Looked]>, running: Option<&Run>) -> Self {
        let looked = regions.unwrap_or_default();
        let (tone, answer, cause) = answer(looked);
        let cause = if regions.is_some() { cause } else { t!("failover-no-data") };
        let regions = looked.iter().map(row).collect();
        Self { tone, answer, cause, regions, running: running.map(RunRow::of) }
    }

    pub fn view(&self, now: DateTime<Utc>) -> AnyView {
        let plans = link_button(Weight::Plain, paths::FAILOVER, t!("failover-open"));
        let verdict = block::verdict(
            self.tone,
            t!("failover-question"),
            self.answer.clone().into_any(),
            self.cause.clone().into_any(),
            Some(plans),
        );
        let running = self.running.as_ref().map(on);
        let rows = (!self.regions.is_empty())
            .then(|| ready_table(t!("failover-if-region"), &self.regions, now, false));
        view! {
            <section class="card" data-swap="failover-card">{verdict}{running}{rows}</section>
        }
        .into_any()
    }
}

/// A gate's form as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedGate {
    pub gate: String,
    pub reason: String,
    pub until: String,
}

/// One place that may go away.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverReadyRow)]
pub struct ReadyRow {
    pub id: String,
    pub href: String,
    pub to: Vec<String>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    /// The worst check in words; empty: everything passes.
    pub cause: String,
    /// Where the worst blocker is fixed.
    pub fix: Option<String>,
    pub groups: usize,
    /// Of the database that is most behind; absent: none moves, or it is not known.
    pub lag_bytes: Option<u64>,
    /// Databases whose leader would move.
    pub databases: usize,
    /// As the last runs took; absent: some group was never moved.
    pub seconds: Option<u64>,
    pub limit_seconds: u64,
    pub load_after_percent: Option<u64>,
    pub last_drill: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverGateRow)]
pub struct GateRow {
    #[schema(value_type = String)]
    pub rule: Rule,
    #[schema(value_type = Option<Object>)]
    pub closed: Option<Gate>,
}

/// One plan with its preview.
#[derive(Clone, Debug)]
pub struct Looked {
    pub id: String,
    pub preview: Preview,
    /// When the last drill or run of exactly this was over.
    pub last_drill: Option<DateTime<Utc>>,
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub at: DateTime<Utc>,
    pub regions: &'a [Looked],
    pub datacenters: &'a [Looked],
    pub runs: &'a [Run],
    pub gates: &'a Gates,
    pub next: Option<String>,
    pub key: String,
}

pub fn build(input: Input<'_>) -> Data {
    let regions: Vec<_> = input.regions.iter().map(row).collect();
    let datacenters: Vec<_> = input.datacenters.iter().map(row).collect();
    let (tone, answer, cause) = answer(input.regions);
    let gate = |rule, gate: &Option<Gate>| {
        let open = |gate: &&Gate| gate.until.is_none_or(|until| until > input.at);
        GateRow { rule, closed: gate.as_ref().filter(open).cloned() }
    };
    Data {
        at: input.at,
        tone,
        answer,
        cause,
        regions,
        datacenters,
        runs: input.runs.iter().map(RunRow::of).collect(),
        gates: vec![gate(Rule::Lock, &input.gates.lock), gate(Rule::Freeze, &input.gates.freeze)],
        next: input.next,
        key: input.key,
        typed: TypedGate::default(),
        mistakes: Vec::new(),
    }
}

fn row(looked: &Looked) -> ReadyRow {
    let preview = &looked.preview;
    let (tone, word) = match preview.groups.is_empty() {
        true => (Tone::Plan, t!("failover-empty")),
        false => verdict(preview.verdict),
    };
    let worst = worst(preview);
    let times = preview.groups.iter().map(|group| group.seconds);
    let to: std::collections::BTreeSet<_> =
        preview.groups.iter().flat_map(|group| &group.targets).map(ToString::to_string).collect();
    ReadyRow {
        id: looked.id.clone(),
        href: paths::failover_plan(&looked.id),
        to: to.into_iter().collect(),
        tone,
        verdict: word,
        cause: worst.map(|check| text::sentence(&check.sentence)).unwrap_or_default(),
        fix: worst.and_then(|check| check.link.clone()),
        groups: preview.groups.len(),
        lag_bytes: preview.at_risk.iter().map(|risk| risk.lag_bytes).max().flatten(),
        databases: preview.at_risk.len(),
        seconds: times.sum::<Option<u64>>().filter(|_| !preview.groups.is_empty()),
        limit_seconds: preview.groups.iter().map(|group| group.limit_seconds).sum(),
        load_after_percent: preview.groups.iter().filter_map(|it| it.load_after_percent).max(),
        last_drill: looked.last_drill,
    }
}

fn worst(preview: &Preview) -> Option<&mainstay_core::failover::preview::Check> {
    let bad = preview.checks.iter().filter(|check| check.verdict != Verdict::Ready);
    // The first of the worst: groups stand in the order of recovery.
    bad.fold(None, |worst, check| match worst {
        Some(known) if check.verdict <= known.verdict => worst,
        Some(_) | None => Some(check),
    })
}

/// The verdict in one sentence, and the worst blocker.
pub fn answer(regions: &[Looked]) -> (Tone, String, String) {
    let all = regions.len();
    let of = |wanted: Verdict| regions.iter().filter(move |it| it.preview.verdict == wanted);
    let able = of(Verdict::Ready).count() + of(Verdict::Warnings).count();
    let blocked: Vec<_> =
        of(Verdict::NotReady).chain(of(Verdict::Unknown)).map(|it| it.id.as_str()).collect();
    let cause = of(Verdict::NotReady)
        .chain(of(Verdict::Unknown))
        .chain(of(Verdict::Warnings))
        .find_map(|it| worst(&it.preview))
        .map(|check| text::sentence(&check.sentence))
        .unwrap_or_default();
    let unknown = of(Verdict::Unknown).count();
    let warnings = of(Verdict::Warnings).count();
    let number = |n: usize| text::number(n as u64);
    if all == 0 || unknown == all {
        return (Tone::Unk, t!("failover-answer-unknown"), cause);
    }
    if able == 0 {
        return (Tone::Crit, t!("failover-answer-no"), cause);
    }
    if able < all {
        let tone = if of(Verdict::NotReady).count() > 0 { Tone::Crit } else { Tone::Unk };
        let names = text::list(blocked);
        let words = match of(Verdict::NotReady).count() {
            0 => t!(
                "failover-answer-not-known",
                able = number(able),
                all = number(all),
                names = names
            ),
            _ => t!("failover-answer-some", able = number(able), all = number(all), names = names),
        };
        return (tone, words, cause);
    }
    match warnings {
        0 => (Tone::Ok, t!("failover-answer-yes"), cause),
        n => {
            let words = t!("failover-answer-warnings", n = n, count = number(n));
            (Tone::Warn, words, cause)
        }
    }
}

pub fn title(data: &Data) -> String {
    let title = t!("failover-title");
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: t!("failover-title"),
        note: Some(t!("failover-note").into_any()),
        actions: Some(link_button(
            Weight::Plain,
            paths::FAILOVER_ORCHESTRATOR,
            t!("orchestrator-open"),
        )),
        ..PageHead::default()
    });
    let cause = data.cause.clone();
    let verdict = block::verdict(
        data.tone,
        t!("failover-question"),
        data.answer.clone().into_any(),
        cause.into_any(),
        None,
    );
    let runs = runs(data);
    let main = view! {
        <div class="stack">
            <section class="card" data-swap="failover-verdict">{verdict}</section>
            {running(data)}
            <div data-swap="failover-ready" class="stack">
                {ready(t!("failover-if-region"), &data.regions, data.at)}
                {ready(t!("failover-if-datacenter"), &data.datacenters, data.at)}
            </div>
            <div data-swap="failover-runs">{runs}</div>
        </div>
    };
    view! { {head}{columns(main, gates(data, reader))} }.into_any()
}

/// What goes on, or stands until somebody fails back.
fn running(data: &Data) -> AnyView {
    let items: Vec<_> = data.runs.iter().filter(|row| row.ended_at.is_none()).map(on).collect();
    view! { <div data-swap="failover-on" class="stack">{items}</div> }.into_any()
}

fn on(row: &RunRow) -> AnyView {
    let open = link_button(Weight::Plain, row.href.clone(), t!("open"));
    let (past, all) = (text::number(row.steps_past as u64), text::number(row.steps as u64));
    let words = t!("failover-progress", past = past, all = all);
    callout(row.tone, format!("{}: {}.", row.title, row.word), words, Some(open))
}

fn ready(title: String, rows: &[ReadyRow], now: DateTime<Utc>) -> AnyView {
    card(Head::new(title.clone()), ready_table(title, rows, now, true))
}

/// `causes`: with why a place is not ready.
fn ready_table(title: String, rows: &[ReadyRow], now: DateTime<Utc>, causes: bool) -> AnyView {
    let columns = vec![
        Column::new(t!("failover-col-away")),
        Column::new(t!("failover-col-verdict")),
        Column::new(t!("failover-col-to")),
        Column::number(t!("failover-col-lag")),
        Column::number(t!("failover-col-time")),
        Column::number(t!("failover-col-load")),
        Column::number(t!("failover-col-drill")),
        Column::hidden(t!("failover-col-plan")),
    ];
    let body = rows.iter().map(|row| ready_row(row, now, causes)).collect_view();
    table(title, columns, body)
}

fn ready_row(row: &ReadyRow, now: DateTime<Utc>, causes: bool) -> AnyView {
    let unknown = || t!("unknown-word");
    let none = "–".to_owned();
    let lag = match (row.databases, row.lag_bytes) {
        (0, _) => none.clone(),
        (_, None) => unknown(),
        (_, Some(bytes)) => text::bytes(bytes),
    };
    let limit = seconds(row.limit_seconds);
    let time_needed = match row.seconds {
        None => view! { {unknown()}" / "{limit} }.into_any(),
        Some(took) => {
            let tone = if took > row.limit_seconds { Tone::Crit } else { Tone::Ok };
            let bar = bullet(tone, took as f64, row.limit_seconds as f64);
            view! { {bar}" "{seconds(took)}" / "{limit} }.into_any()
        }
    };
    let load = row.load_after_percent.map_or_else(|| none.clone(), |it| format!("{it} %"));
    let drill = match row.last_drill {
        None => t!("failover-never").into_any(),
        Some(at) => time(at, now),
    };
    let cause = (causes && !row.cause.is_empty()).then(|| {
        let words = row.cause.clone();
        let words = match &row.fix {
            Some(href) => view! { <a href=href.clone()>{words}</a> }.into_any(),
            None => words.into_any(),
        };
        view! { <br/><span class="muted">{words}</span> }
    });
    view! {
        <tr>
            <th scope="row"><a href=row.href.clone()>{row.id.clone()}</a></th>
            <td data-l=t!("failover-col-verdict")>{state(row.tone, row.verdict.clone())}{cause}</td>
            <td data-l=t!("failover-col-to")>{text::list(&row.to)}</td>
            <td class="num" data-l=t!("failover-col-lag")>{lag}</td>
            <td class="num" data-l=t!("failover-col-time")>{time_needed}</td>
            <td class="num" data-l=t!("failover-col-load")>{load}</td>
            <td class="num" data-l=t!("failover-col-drill")>{drill}</td>
            <td><a class="btn sm" href=row.href.clone()>{t!("failover-plan-open")}</a></td>
        </tr>
    }
    .into_any()
}

fn runs(data: &Data) -> AnyView {
    let head = Head::new(t!("failover-runs"));
    if data.runs.is_empty() {
        return card(head, empty(t!("failover-no-runs"), t!("failover-no-runs-detail"), None));
    }
    let columns = vec![
        Column::new(t!("failover-col-run")),
        Column::new(t!("failover-col-what")),
        Column::new(t!("failover-col-state")),
        Column::number(t!("failover-col-steps")),
        Column::number(t!("failover-col-took")),
        Column::new(t!("failover-col-started")),
    ];
    let body = data
        .runs
        .iter()
        .map(|row| {
            let took = text::duration(row.ended_at.unwrap_or(data.at) - row.started_at);
            let steps = format!("{} / {}", row.steps_past, row.steps);
            view! {
                <tr>
                    <th scope="row"><a href=row.href.clone()>{row.id.clone()}</a></th>
                    <td data-l=t!("failover-col-what")>{row.title.clone()}</td>
                    <td data-l=t!("failover-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td class="num" data-l=t!("failover-col-steps")>{steps}</td>
                    <td class="num" data-l=t!("failover-col-took")>{took}</td>
                    <td data-l=t!("failover-col-started")>
                        {time(row.started_at, data.at)}", "{row.started_by.clone()}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let more = data.next.clone().map(|href| {
        view! { <p class="pad"><a href=href>{t!("failover-older")}</a></p> }
    });
    card(head, view! { {table(t!("failover-runs"), columns, body)}{more} })
}

/// The gates: closed ones with their reasons, and a form that closes one.
fn gates(data: &Data, reader: &Reader) -> AnyView {
    let may = reader.may_operate(Target::default());
    let closed = data.gates.iter().filter_map(|row| {
        let gate = row.closed.as_ref()?;
        let until = gate.until.map(|until| text::moment(until, data.at));
        let until = until.map(|at| t!("failover-gate-until", at = at)).unwrap_or_default();
        let words = format!("{}: {} {until}", gate.by, gate.reason);
        let open = may.is_ok().then(|| {
            let action = paths::action(paths::FAILOVER, "open-gate");
            let fields = vec![
                ("gate", row.rule.name().to_owned()),
                ("key", format!("{}-{}", data.key, row.rule.name())),
            ];
            post(Weight::Plain, action, &reader.csrf, fields, t!("failover-gate-open"))
        });
        Some(callout(Tone::Warn, format!("{}.", super::rule(row.rule)), words, open))
    });
    let closed: Vec<_> = closed.collect();
    let head = Head::new(t!("failover-gates"));
    let form = match may {
        Err(refusal) => no_permission(text::refusal(&refusal), t!("failover-gate-close")),
        Ok(()) => gate_form(data, reader),
    };
    let none =
        closed.is_empty().then(|| view! { <p class="second">{t!("failover-gates-none")}</p> });
    padded(head, view! { {none}{closed}{form} })
}

fn gate_form(data: &Data, reader: &Reader) -> AnyView {
    let choices =
        [Rule::Lock, Rule::Freeze].map(|rule| (rule.name().to_owned(), super::rule(rule))).to_vec();
    let gate = Field {
        name: "gate",
        label: t!("failover-gate"),
        kind: Kind::Select(choices),
        value: data.typed.gate.clone(),
        ..Field::default()
    };
    let reason = Field {
        name: "reason",
        label: t!("failover-reason"),
        value: data.typed.reason.clone(),
        ..Field::default()
    };
    let until = Field {
        name: "until",
        label: t!("failover-until"),
        hint: Some(t!("failover-until-hint")),
        value: data.typed.until.clone(),
        ..Field::default()
    };
    let mistakes = &data.mistakes;
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=data.key.clone()/>
        {field(gate, mistakes)}
        {field(reason, mistakes)}
        {field(until, mistakes)}
        {submit(Weight::Plain, t!("failover-gate-close"))}
    };
    form(paths::action(paths::FAILOVER, "close-gate"), &reader.csrf, body)
}
