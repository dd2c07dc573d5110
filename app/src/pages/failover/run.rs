//! `/failover/runs/{id}`: how a run goes, step by step, and what may be asked of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::approval::ApprovalId;
use mainstay_core::failover::rules::Rule;
use mainstay_core::failover::stuck::Stuck;
use mainstay_core::failover::{Mode, Outcome, Run, State, StepState};
use mainstay_core::planned::EventId;
use serde::Serialize;
use utoipa::ToSchema;

use super::ask;
use super::log::log;
pub use super::log::{LogRow, Told};
use super::steps::{self, StepRow};
use super::stuck::{self, StuckRow};
use super::{RunRow, run_title, seconds, step_state};
use crate::pages::Reader;
use crate::pages::planned::of_event;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::callout;
use crate::ui::button::{Weight, link_button, post};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::form::{Mistake, error_summary, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::log::lines;
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// A page without script loads itself again after so many seconds while the run goes on.
const REFRESH_SECONDS: &str = "5";

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRunPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub row: RunRow,
    #[schema(value_type = Object)]
    pub run: Run,
    pub hash: String,
    pub groups: Vec<GroupRow>,
    pub log: Vec<LogRow>,
    /// What failed and waits for a person.
    pub failed: Option<FailedRow>,
    /// Steps that take longer than steps of their kind ever did.
    pub stuck: Vec<StuckRow>,
    /// Whether something that it moved can come back.
    pub can_go_back: bool,
    /// Where it waits for a second person, or somebody looks at it afterwards.
    #[schema(value_type = Option<String>)]
    pub approval: Option<ApprovalId>,
    /// The planned event that it belongs to.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    #[serde(skip)]
    pub key: String,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// The form for what needs a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub reason: String,
    pub step: String,
    /// Rules to override.
    pub rules: BTreeSet<Rule>,
    pub emergency: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRunGroup)]
pub struct GroupRow {
    pub id: String,
    pub priority: u16,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub since: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub steps_past: usize,
    pub limit_seconds: Option<u64>,
    pub stays_down: Vec<String>,
    pub steps: Vec<StepRow>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverFailedRow)]
pub struct FailedRow {
    pub step: String,
    pub words: String,
    pub why: String,
    /// Safety rules that forbid it; none: it failed, or could not begin.
    pub rules: Vec<AskedRule>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverAskedRule)]
pub struct AskedRule {
    #[schema(value_type = String)]
    pub rule: Rule,
    pub words: String,
}

/// Everything the page is made of.
pub struct Input<'a> {
    pub at: DateTime<Utc>,
    pub run: &'a Run,
    /// Newest first.
    pub events: &'a [Told],
    pub stuck: &'a [Stuck],
    /// Within how many seconds a group is to be served again, by its id.
    pub limits: &'a dyn Fn(&str) -> Option<u64>,
    pub can_go_back: bool,
    pub key: String,
}

pub fn build(input: Input<'_>) -> Data {
    let Input { at, run, events, limits, can_go_back, key, .. } = input;
    let groups = run.plan.groups.iter().map(|group| {
        let (since, ended_at) = run.group_times(group);
        let states = || group.steps.iter().map(|step| run.steps.get(&step.id));
        let tone = match (since, ended_at) {
            _ if states().any(|it| matches!(it, Some(StepState::Failed { .. }))) => step_state(
                states().find(|it| matches!(it, Some(StepState::Failed { .. }))).flatten(),
            ),
            (_, Some(_)) => (Tone::Ok, t!("failover-step-done")),
            (Some(_), None) => (Tone::Prog, t!("failover-step-running")),
            (None, None) => (Tone::Plan, t!("failover-step-waiting")),
        };
        GroupRow {
            id: group.id.to_string(),
            priority: group.priority,
            tone: tone.0,
            word: tone.1,
            since,
            ended_at,
            steps_past: states().filter(|it| it.is_some_and(StepState::is_past)).count(),
            limit_seconds: limits(group.id.as_str()),
            stays_down: group
                .stays_down
                .iter()
                .map(|down| format!("{}: {}", down.service, down.reason))
                .collect(),
            steps: steps::rows(group, Some(run)),
        }
    });
    let failed = match &run.state {
        State::Asking { step, why, rules, .. } => Some(FailedRow {
            step: step.to_string(),
            words: run.plan.step(step).map(super::step_words).unwrap_or_default(),
            why: text::sentence(why),
            rules: rules
                .iter()
                .map(|rule| AskedRule { rule: *rule, words: super::rule(*rule) })
                .collect(),
        }),
        State::Requested { .. }
        | State::Running
        | State::Pausing { .. }
        | State::Paused { .. }
        | State::Ended { .. } => None,
    };
    Data {
        at,
        row: RunRow::of(run),
        run: run.clone(),
        hash: run.plan.hash(),
        groups: groups.collect(),
        log: each_with_before(events).flat_map(|(event, before)| log(run, event, before)).collect(),
        failed,
        stuck: stuck::rows(run, input.stuck),
        can_go_back,
        approval: None,
        event: None,
        key,
        typed: Typed::default(),
        mistakes: Vec::new(),
    }
}

/// Each event, newest first, with the state before it.
fn each_with_before(events: &[Told]) -> impl Iterator<Item = (&Told, Option<&State>)> {
    let before = events.iter().skip(1).map(|event| Some(&event.state)).chain([None]);
    events.iter().zip(before)
}

pub fn title(data: &Data) -> String {
    let title = format!("{}: {}", data.row.title, data.row.word);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let run = &data.run;
    let note = view! {
        {t!("failover-started", by = run.started_by.as_str())}" "
        {time_seconds(run.started_at, data.at)}
        {run.allowed_by.clone().map(|by| t!("failover-allowed", by = by))}
        {data.event.map(of_event)}
    };
    let head = page_head(PageHead {
        title: run_title(run),
        crumbs: vec![Crumb::new(paths::FAILOVER, t!("nav-failover"))],
        badge: Some(
            view! {
                <span data-swap="badge">{badge(data.row.tone, data.row.word.clone())}</span>
            }
            .into_any(),
        ),
        note: Some(note.into_any()),
        actions: Some(
            view! { <div data-swap="actions" class="others">{actions(data, reader)}</div> }
                .into_any(),
        ),
    });
    let main = view! {
        <div class="stack">
            {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
            <div data-swap="failover-callout">{message(data)}</div>
            <div data-swap="failover-stuck" class="stack">{stuck::view(&data.stuck, data.at)}</div>
            <div data-swap="failover-groups">{groups(data)}</div>
            <div data-swap="failover-steps" class="stack">{each(data)}</div>
        </div>
    };
    let side = view! {
        <div class="stack">
            <div data-swap="failover-facts">{facts(data)}</div>
            <div data-swap="failover-forms" class="stack">{ask::forms(data, reader)}</div>
            <div data-swap="failover-log">{log_card(data)}</div>
        </div>
    };
    let key = format!("failover/{}", run.id);
    view! {
        <div data-k=key data-swaps>
            <span data-f="rev" hidden>{run.revision.to_string()}</span>
            {refresh(data)}
            {head}
            {columns(main, side)}
        </div>
    }
    .into_any()
}

fn refresh(data: &Data) -> Option<AnyView> {
    (!data.run.is_over() && data.mistakes.is_empty()).then(|| {
        view! {
            <noscript><meta http-equiv="refresh" content=REFRESH_SECONDS/></noscript>
        }
        .into_any()
    })
}

/// What can be done at once.
fn actions(data: &Data, reader: &Reader) -> AnyView {
    let run = &data.run;
    if reader.may_operate(Target::default()).is_err() {
        return ().into_any();
    }
    let ask = |weight, verb: &'static str, label: String| {
        let fields =
            vec![("key", format!("{}-{verb}", data.key)), ("revision", run.revision.to_string())];
        post(weight, paths::action(&data.row.href, verb), &reader.csrf, fields, label)
    };
    let back = data.can_go_back.then(|| {
        let href = paths::action(&data.row.href, "fail-back");
        let label = if run.is_over() { t!("failover-fail-back") } else { t!("failover-go-back") };
        link_button(Weight::Plain, href, label)
    });
    match &run.state {
        State::Running => {
            view! { {ask(Weight::Primary, "pause", t!("failover-pause"))}{back} }.into_any()
        }
        State::Pausing { .. } | State::Paused { .. } => {
            view! { {ask(Weight::Primary, "resume", t!("failover-resume"))}{back} }.into_any()
        }
        State::Asking { .. } => back.into_any(),
        State::Requested { .. } => ().into_any(),
        State::Ended { .. } => back.into_any(),
    }
}

/// What a reader has to know first.
fn message(data: &Data) -> Option<AnyView> {
    let run = &data.run;
    match &run.state {
        State::Requested { why } => {
            let why = text::sentence(why);
            Some(callout(Tone::Pause, t!("failover-needs-second"), why, None))
        }
        State::Asking { .. } => {
            let failed = data.failed.as_ref()?;
            let what = failed.words.as_str();
            let (head, detail) = match failed.rules.is_empty() {
                true => (t!("failover-failed", what = what), t!("failover-asking-detail")),
                false => {
                    (t!("failover-rule-stops", what = what), t!("failover-rule-asking-detail"))
                }
            };
            Some(callout(Tone::Crit, head, format!("{} {detail}", failed.why), None))
        }
        State::Ended { outcome: Outcome::Stopped { by, reason }, .. } => {
            let words = t!("failover-stopped-by", by = by.as_str(), reason = reason.as_str());
            Some(callout(Tone::Warn, t!("failover-stopped-what"), words, None))
        }
        State::Ended { outcome: Outcome::Refused { by, why }, .. } => {
            let by = by.clone().unwrap_or_default();
            let words = format!("{by} {}", text::sentence(why));
            Some(callout(Tone::Unk, t!("failover-refused-what"), words, None))
        }
        State::Ended { outcome: Outcome::Done, .. } if data.can_go_back => {
            let words = t!("failover-stands-detail");
            Some(callout(Tone::Plan, t!("failover-stands"), words, None))
        }
        State::Ended { outcome: Outcome::Done, .. } | State::Running => None,
        State::Pausing { by } | State::Paused { by, .. } => {
            Some(callout(Tone::Pause, t!("failover-paused-by", by = by.as_str()), "", None))
        }
    }
}

fn groups(data: &Data) -> AnyView {
    let columns = vec![
        Column::number("#"),
        Column::new(t!("failover-col-group")),
        Column::new(t!("failover-col-state")),
        Column::number(t!("failover-col-took")),
        Column::number(t!("failover-col-limit")),
        Column::number(t!("failover-col-steps")),
    ];
    let body = data
        .groups
        .iter()
        .map(|row| {
            let took =
                row.since.map(|since| text::duration(row.ended_at.unwrap_or(data.at) - since));
            let took = took.unwrap_or_else(|| "–".to_owned());
            let limit = row.limit_seconds.map_or_else(|| "–".to_owned(), seconds);
            let steps = format!("{} / {}", row.steps_past, row.steps.len());
            view! {
                <tr>
                    <td class="num">{text::number(row.priority)}</td>
                    <th scope="row"><a href=paths::group(&row.id)>{row.id.clone()}</a></th>
                    <td data-l=t!("failover-col-state")>{state(row.tone, row.word.clone())}</td>
                    <td class="num" data-l=t!("failover-col-took")>{took}</td>
                    <td class="num" data-l=t!("failover-col-limit")>{limit}</td>
                    <td class="num" data-l=t!("failover-col-steps")>{steps}</td>
                </tr>
            }
        })
        .collect_view();
    card(Head::new(t!("failover-groups")), table(t!("failover-groups"), columns, body))
}

/// The steps of every group that has begun, and of the next.
fn each(data: &Data) -> Vec<AnyView> {
    let card_of = |row: &GroupRow| {
        let down = row
            .stays_down
            .iter()
            .map(|words| {
                let words = t!("failover-stays-down", what = words.as_str());
                view! { <p class="muted">{words}</p> }
            })
            .collect_view();
        let body = view! { {steps::view(&row.steps, data.at)}{down} };
        padded(Head::new(row.id.clone()).note(state(row.tone, row.word.clone())), body)
    };
    data.groups.iter().map(card_of).collect()
}

fn facts(data: &Data) -> AnyView {
    let run = &data.run;
    let mode = match run.mode {
        Mode::Graceful => t!("failover-mode-graceful"),
        Mode::Forced => t!("failover-mode-forced"),
    };
    let hash = data.hash.clone();
    let took = text::duration(data.row.ended_at.unwrap_or(data.at) - run.started_at);
    let mut pairs = vec![
        (t!("failover-mode"), mode.into_any()),
        (t!("failover-reason-word"), run.reason.clone().into_any()),
        (t!("failover-col-took"), took.into_any()),
        (t!("failover-plan-hash"), view! { <code>{hash}</code> }.into_any()),
    ];
    if !run.overridden.is_empty() {
        let rules: Vec<_> = run.overridden.iter().map(|rule| super::rule(*rule)).collect();
        let rules = state(Tone::Warn, rules.join(", "));
        pairs.push((t!("failover-overridden"), rules));
    }
    if run.emergency {
        pairs.push((t!("failover-emergency-word"), t!("failover-emergency-said").into_any()));
    }
    if let Some(id) = data.approval {
        let link = view! { <a href=paths::approval(id)>{id.to_string()}</a> };
        pairs.push((t!("failover-approval"), link.into_any()));
    }
    if let Some(back) = run.plan.back {
        let href = paths::failover_run(back);
        let link = view! { <a href=href>{back.to_string()}</a> }.into_any();
        pairs.push((t!("failover-takes-back"), link));
    }
    padded(Head::new(t!("facts")), key_values(pairs))
}

fn log_card(data: &Data) -> AnyView {
    let rows = data.log.iter().map(|row| (row.at, row.tone, row.words.clone()));
    padded(Head::new(t!("failover-log")), lines(rows.collect(), data.at))
}
