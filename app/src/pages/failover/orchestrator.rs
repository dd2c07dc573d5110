//! `/failover/orchestrator`: how the traffic of each group stands in each data centre, and what was
//! decided about drops, with every question and its answer.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::fleet::Fleet;
use mainstay_core::traffic::decision::{Answer, Decision, Outcome, Question, Reason};
use mainstay_core::traffic::drop::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::{callout, empty};
use crate::ui::card::{Head, card, stack};
use crate::ui::glyph::glyph_named;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::time::time_seconds;
use crate::ui::tone::Tone;

/// What was seen longer ago says nothing of now.
const OLD: TimeDelta = TimeDelta::seconds(15);

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrchestratorPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// When the leader looked last; absent: never.
    pub looked_at: Option<DateTime<Utc>>,
    /// Whether that is too long ago to say anything of now.
    pub old: bool,
    pub places: Vec<PlaceRow>,
    pub decisions: Vec<DecisionRow>,
    /// Address of the next page of decisions.
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrchestratorPlace)]
pub struct PlaceRow {
    pub datacenter: String,
    pub group: String,
    /// `off`, `advise` or `automatic`.
    pub mode: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub detail: String,
    pub seasonal: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrchestratorDecision)]
pub struct DecisionRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub datacenter: String,
    pub group: String,
    pub mode: String,
    pub outcome: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    pub reasons: Vec<ReasonRow>,
    pub run: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrchestratorReason)]
pub struct ReasonRow {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub answer: String,
    pub words: String,
}

/// A place as the leader wrote it down.
#[derive(Clone, Debug, Deserialize)]
pub struct Looked {
    pub datacenter: String,
    pub group: String,
    pub state: State,
    pub seasonal: bool,
}

/// A decision as it is kept.
#[derive(Clone, Debug)]
pub struct Decided {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub datacenter: String,
    pub group: String,
    pub mode: String,
    pub decision: Decision,
    pub run: Option<String>,
}

pub fn build(
    fleet: &Fleet,
    looked: Option<(DateTime<Utc>, Vec<Looked>)>,
    decisions: &[Decided],
    next: Option<String>,
    at: DateTime<Utc>,
) -> Data {
    let (looked_at, looked) = match looked {
        Some((at, looked)) => (Some(at), looked),
        None => (None, Vec::new()),
    };
    let old = looked_at.is_none_or(|looked| at - looked > OLD);
    let place = |it: &Looked| {
        let mode = fleet.groups.get(it.group.as_str()).map(|group| group.orchestrator.key());
        let (tone, word, detail) = match (old, &it.state) {
            (true, _) => (Tone::Unk, t!("unknown-word"), String::new()),
            (false, state) => place_state(state),
        };
        PlaceRow {
            datacenter: it.datacenter.clone(),
            group: it.group.clone(),
            mode: mode.unwrap_or_default().to_owned(),
            tone,
            word,
            detail,
            seasonal: it.seasonal,
        }
    };
    let mut places: Vec<_> = looked.iter().map(place).collect();
    places.sort_by_key(|row| (row.tone.status(), row.datacenter.clone(), row.group.clone()));
    Data { at, looked_at, old, places, decisions: decisions.iter().map(decision).collect(), next }
}

fn place_state(state: &State) -> (Tone, String, String) {
    match state {
        State::Learning => (Tone::Plan, t!("orchestrator-learning"), String::new()),
        State::Normal => (Tone::Ok, t!("orchestrator-normal"), String::new()),
        State::NoData { .. } => (Tone::Unk, t!("orchestrator-no-data"), String::new()),
        State::Dropped { alarm, size_now } => {
            let percent = text::rollout::percent(*size_now);
            let detail = t!(
                "orchestrator-dropped-detail",
                percent = percent,
                expected = text::rollout::rate(alarm.expected),
                observed = text::rollout::rate(alarm.observed)
            );
            (Tone::Crit, t!("orchestrator-dropped"), detail)
        }
    }
}

fn decision(decided: &Decided) -> DecisionRow {
    let (tone, word) = match decided.decision.outcome {
        Outcome::Nothing => (Tone::Ok, t!("orchestrator-nothing")),
        Outcome::Watch => (Tone::Unk, t!("orchestrator-watch")),
        Outcome::Advise => (Tone::Warn, t!("orchestrator-advise")),
        Outcome::Switch => (Tone::Crit, t!("orchestrator-switch")),
    };
    DecisionRow {
        id: decided.id,
        at: decided.at,
        datacenter: decided.datacenter.clone(),
        group: decided.group.clone(),
        mode: decided.mode.clone(),
        outcome: decided.decision.outcome.as_str().to_owned(),
        tone,
        word,
        reasons: decided.decision.reasons.iter().map(reason).collect(),
        run: decided.run.clone(),
    }
}

fn reason(reason: &Reason) -> ReasonRow {
    let (tone, answer) = match reason.answer {
        Answer::Yes => (Tone::Ok, t!("answer-yes")),
        Answer::No => (Tone::Crit, t!("answer-no")),
        Answer::Unknown => (Tone::Unk, t!("answer-not-known")),
    };
    ReasonRow { tone, answer, words: question(&reason.question) }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| t!("unknown-word"), text::rollout::percent)
}

fn rate(value: Option<f64>) -> String {
    value.map_or_else(|| t!("unknown-word"), text::rollout::rate)
}

fn length(value: Option<f64>) -> String {
    value.map_or_else(|| t!("unknown-word"), |it| t!("duration-s", n = text::decimal(it, 0)))
}

/// A question with its numbers.
fn question(question: &Question) -> String {
    match question {
        Question::Fresh { age_seconds, most_seconds } => {
            t!("question-fresh", age = length(*age_seconds), most = length(Some(*most_seconds)))
        }
        Question::Dropped { size, confidence, size_min, confidence_min } => t!(
            "question-dropped",
            size = percent(*size),
            sure = percent(*confidence),
            least = percent(Some(*size_min)),
            surely = percent(Some(*confidence_min))
        ),
        Question::OthersSteady { steady, dropped, unknown } => t!(
            "question-others",
            steady = text::number(steady.len() as u64),
            dropped = text::number(dropped.len() as u64),
            unknown = text::number(unknown.len() as u64)
        ),
        Question::SecondSignal { serving_share, agent_silent_seconds, error_share } => t!(
            "question-second",
            serving = percent(*serving_share),
            silent = length(*agent_silent_seconds),
            errors = percent(*error_share)
        ),
        Question::TargetHealthy { serving_share, least } => {
            t!("question-healthy", serving = percent(*serving_share), least = percent(Some(*least)))
        }
        Question::TargetCapable { spare_rate, needed_rate, .. } => {
            t!("question-capable", spare = rate(*spare_rate), needed = rate(*needed_rate))
        }
        Question::TargetNear { extra_ms, most_ms } => {
            let length = |ms: f64| t!("duration-ms", n = text::decimal(ms, 0));
            let extra = extra_ms.map_or_else(|| t!("unknown-word"), length);
            t!("question-near", extra = extra, most = length(*most_ms))
        }
        Question::CoolDownOver { since_seconds, least_seconds } => {
            let since = since_seconds.map_or_else(|| t!("failover-never"), |it| length(Some(it)));
            t!("question-cool", since = since, least = length(Some(*least_seconds)))
        }
        Question::NothingForbids { forbidden_by } => match forbidden_by.is_empty() {
            true => t!("question-free"),
            false => t!("question-forbidden", rules = text::list(forbidden_by)),
        },
    }
}

pub fn title() -> String {
    t!("orchestrator-title")
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn view(data: &Data, _: &Reader) -> AnyView {
    let head = page_head(PageHead {
        title: title(),
        crumbs: vec![Crumb::new(paths::FAILOVER, t!("nav-failover"))],
        note: Some(t!("orchestrator-note").into_any()),
        ..PageHead::default()
    });
    let old = data.old.then(|| {
        let detail = match data.looked_at {
            Some(at) => t!("orchestrator-old-since", at = text::moment(at, data.at)),
            None => t!("orchestrator-never"),
        };
        callout(Tone::Unk, t!("orchestrator-old"), detail, None)
    });
    let body = view! {
        <div data-swap="orchestrator-old">{old}</div>
        <div data-swap="orchestrator-places">{places(data)}</div>
        <div data-swap="orchestrator-decisions">{decisions(data)}</div>
    };
    view! { {head}{stack(body)} }.into_any()
}

fn places(data: &Data) -> AnyView {
    let head = Head::new(t!("orchestrator-places"));
    if data.places.is_empty() {
        return card(head, empty(t!("orchestrator-none"), t!("orchestrator-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("orchestrator-col-datacenter")),
        Column::new(t!("failover-col-group")),
        Column::new(t!("orchestrator-col-mode")),
        Column::new(t!("orchestrator-col-traffic")),
    ];
    let body = data
        .places
        .iter()
        .map(|row| {
            let detail = (!row.detail.is_empty())
                .then(|| view! { " "<span class="muted">{row.detail.clone()}</span> });
            view! {
                <tr>
                    <th scope="row">
                        <a href=paths::datacenter(&row.datacenter)>{row.datacenter.clone()}</a>
                    </th>
                    <td data-l=t!("failover-col-group")>
                        <a href=paths::group(&row.group)>{row.group.clone()}</a>
                    </td>
                    <td data-l=t!("orchestrator-col-mode")>{row.mode.clone()}</td>
                    <td data-l=t!("orchestrator-col-traffic")>
                        {state(row.tone, row.word.clone())}{detail}
                    </td>
                </tr>
            }
        })
        .collect_view();
    card(head, table(t!("orchestrator-places"), columns, body))
}

fn decisions(data: &Data) -> AnyView {
    let head = Head::new(t!("orchestrator-decisions"));
    if data.decisions.is_empty() {
        let words = t!("orchestrator-quiet-detail");
        return card(head, empty(t!("orchestrator-quiet"), words, None));
    }
    let items = data
        .decisions
        .iter()
        .map(|row| {
            let reasons = row
                .reasons
                .iter()
                .map(|reason| {
                    let words = reason.words.clone();
                    let mark = glyph_named(reason.tone, &reason.answer);
                    view! { <li>{mark}<span>{words}</span></li> }
                })
                .collect_view();
            let run = row.run.clone().map(|run| {
                let href = paths::failover_run(&run);
                view! { " "<a href=href>{run}</a> }
            });
            let plan = paths::failover_plan(&row.datacenter);
            let plan = paths::with_query(&plan, &[("group", &row.group)]);
            let place = format!("{}, {}", row.group, row.datacenter);
            view! {
                <div class="pad">
                    <p>
                        {time_seconds(row.at, data.at)}" "<b>{place}</b>" "
                        {state(row.tone, row.word.clone())}{run}" "
                        <a class="btn sm" href=plan>{t!("failover-plan-open")}</a>
                    </p>
                    <ul class="checks">{reasons}</ul>
                </div>
            }
        })
        .collect_view();
    let more = data.next.clone().map(|href| {
        view! { <p class="pad"><a href=href>{t!("orchestrator-older")}</a></p> }
    });
    card(head, view! { {items}{more} })
}
