//! `/failover/plans/{what}` and `…/do/start`: what would happen, what stands in the way, and the
//! form that starts it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::failover::lint::Finding;
use mainstay_core::failover::preview::{AtRisk, GroupPreview, Preview};
use mainstay_core::failover::rules::{Holds, Rule};
use mainstay_core::failover::{Mode, Plan, Run};
use serde::Serialize;
use utoipa::ToSchema;

pub use super::changes::{Again, Drift};
use super::changes::{since_last, since_look};
pub use super::start::Typed;
use super::steps::{self, StepRow};
use super::{CheckRow, seconds, start, verdict};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::{badge, state};
use crate::ui::block::empty;
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::Mistake;
use crate::ui::glyph::{glyph, glyph_named};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::table::{Column, table};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverPlanPage)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// What a start confirms.
    pub hash: String,
    /// What is typed to confirm.
    pub name: String,
    #[schema(value_type = Object)]
    pub plan: Plan,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    pub groups: Vec<GroupRow>,
    pub checks: Vec<CheckRow>,
    pub rules: Vec<RuleRow>,
    pub at_risk: Vec<RiskRow>,
    #[schema(value_type = Vec<Object>)]
    pub findings: Vec<Finding>,
    /// The run that is not over: nothing else can start.
    pub other: Option<String>,
    /// What differs since the last drill or run of the same; absent: there was none.
    pub drift: Option<Drift>,
    /// Why a start was refused, and what differs since the plan was looked at.
    pub again: Option<Again>,
    /// Whether a start now, without waiting for data, may lose some.
    pub forced_loses: bool,
    /// Events that it may belong to: the id, and how it is chosen.
    #[serde(skip)]
    pub events: Vec<(String, String)>,
    #[serde(skip)]
    pub action: String,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverGroupRow)]
pub struct GroupRow {
    pub id: String,
    pub priority: u16,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub verdict: String,
    pub services: usize,
    pub databases: usize,
    pub nodes: u32,
    pub targets: Vec<String>,
    pub load_after_percent: Option<u64>,
    pub requests_per_second: Option<f64>,
    pub seconds: Option<u64>,
    pub limit_seconds: u64,
    pub stays_down: Vec<String>,
    pub steps: Vec<StepRow>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRuleRow)]
pub struct RuleRow {
    #[schema(value_type = String)]
    pub rule: Rule,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRiskRow)]
pub struct RiskRow {
    pub database: String,
    pub from: String,
    pub to: String,
    pub lag_bytes: Option<u64>,
    pub lag_seconds: Option<f64>,
}

/// Everything the page is made of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub at: DateTime<Utc>,
    pub plan: &'a Plan,
    pub preview: &'a Preview,
    pub findings: &'a [Finding],
    pub other: Option<String>,
    /// The last drill or run of the same that was carried out to its end.
    pub last: Option<&'a Run>,
    pub action: String,
    pub typed: Typed,
}

pub fn build(input: Input<'_>) -> Data {
    let (plan, preview) = (input.plan, input.preview);
    let (tone, word) = verdict(preview.verdict);
    let groups = plan.groups.iter().zip(&preview.groups).map(|(group, seen)| {
        let GroupPreview { verdict: own, services, databases, nodes, targets, .. } = seen;
        let (tone, verdict) = verdict(*own);
        GroupRow {
            id: group.id.to_string(),
            priority: group.priority,
            tone,
            verdict,
            services: *services,
            databases: *databases,
            nodes: *nodes,
            targets: targets.iter().map(ToString::to_string).collect(),
            load_after_percent: seen.load_after_percent,
            requests_per_second: seen.requests_per_second,
            seconds: seen.seconds,
            limit_seconds: seen.limit_seconds,
            stays_down: group
                .stays_down
                .iter()
                .map(|down| format!("{}: {}", down.service, down.reason))
                .collect(),
            steps: steps::rows(group, None),
        }
    });
    let rule = |judged: &mainstay_core::failover::rules::Judged| RuleRow {
        rule: judged.rule,
        tone: match judged.holds {
            Holds::Yes => Tone::Ok,
            Holds::No => Tone::Crit,
            Holds::Unknown => Tone::Unk,
        },
        words: text::sentence(&judged.sentence),
    };
    let risk = |risk: &AtRisk| RiskRow {
        database: risk.database.to_string(),
        from: risk.from.to_string(),
        to: risk.to.to_string(),
        lag_bytes: risk.lag_bytes,
        lag_seconds: risk.lag_seconds,
    };
    Data {
        at: input.at,
        hash: plan.hash(),
        name: plan.name(),
        plan: plan.clone(),
        tone,
        verdict: word,
        groups: groups.collect(),
        checks: preview.checks.iter().map(CheckRow::of).collect(),
        rules: preview.rules.iter().map(rule).collect(),
        at_risk: preview.at_risk.iter().map(risk).collect(),
        findings: input.findings.to_vec(),
        other: input.other,
        drift: input.last.map(|last| Drift::of(last, plan)),
        again: None,
        forced_loses: preview.loses(Mode::Forced),
        action: input.action,
        typed: input.typed,
        events: Vec::new(),
        mistakes: Vec::new(),
    }
}

fn heading(data: &Data) -> String {
    let name = data.name.replace(',', ", ");
    match data.plan.back {
        Some(_) => t!("failover-plan-back", name = name),
        None => t!("failover-plan-title", name = name),
    }
}

pub fn title(data: &Data) -> String {
    let title = heading(data);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let checked = text::clock_seconds(data.at, data.at);
    let note = t!("failover-plan-note", hash = data.hash.as_str(), at = checked);
    let mut crumbs = vec![Crumb::new(paths::FAILOVER, t!("nav-failover"))];
    if let Some(run) = data.plan.back {
        crumbs.push(Crumb::new(paths::failover_run(run), run.to_string()));
    }
    let head = page_head(PageHead {
        title: heading(data),
        crumbs,
        badge: Some(badge(data.tone, data.verdict.clone())),
        note: Some(note.into_any()),
        actions: None,
    });
    let forth = data.plan.back.is_none() && !data.plan.is_empty();
    let drifted = forth.then(|| since_last(data.drift.as_ref(), data.at));
    let main = view! {
        <div class="stack">
            {data.again.as_ref().map(since_look)}
            {what(data)}
            {checks(data)}
            {drifted}
            {risks(data)}
            {findings(data)}
            {each(data)}
        </div>
    };
    view! { {head}{columns(main, start::view(data, reader))} }.into_any()
}

fn what(data: &Data) -> AnyView {
    let head = Head::new(t!("failover-what"));
    if data.groups.is_empty() {
        return card(head, empty(t!("failover-nothing"), t!("failover-nothing-detail"), None));
    }
    let columns = vec![
        Column::number("#"),
        Column::new(t!("failover-col-group")),
        Column::new(t!("failover-col-moves")),
        Column::new(t!("failover-col-to")),
        Column::number(t!("failover-col-time")),
        Column::number(t!("failover-col-load")),
        Column::new(t!("failover-col-now")),
    ];
    let body = data.groups.iter().map(group).collect_view();
    card(head, table(t!("failover-what"), columns, body))
}

fn group(row: &GroupRow) -> AnyView {
    let count = |n: usize| text::number(n as u64);
    let moves = [
        t!("failover-moves-services", n = row.services, count = count(row.services)),
        t!("failover-moves-databases", n = row.databases, count = count(row.databases)),
        t!("failover-moves-nodes", n = row.nodes, count = text::number(row.nodes)),
    ];
    let counts = [row.services, row.databases, row.nodes as usize];
    let moves = text::list(moves.iter().zip(counts).filter(|(_, n)| *n > 0).map(|(it, _)| it));
    let needed = row.seconds.map_or_else(|| t!("unknown-word"), seconds);
    let needed = format!("{needed} / {}", seconds(row.limit_seconds));
    let load = row.load_after_percent.map_or_else(|| "–".to_owned(), |it| format!("{it} %"));
    let down = row
        .stays_down
        .iter()
        .map(|words| {
            let words = t!("failover-stays-down", what = words.as_str());
            view! { <br/><span class="muted">{words}</span> }
        })
        .collect_view();
    view! {
        <tr>
            <td class="num">{text::number(row.priority)}</td>
            <th scope="row"><a href=paths::group(&row.id)>{row.id.clone()}</a></th>
            <td data-l=t!("failover-col-moves")>{moves}{down}</td>
            <td data-l=t!("failover-col-to")>{text::list(&row.targets)}</td>
            <td class="num" data-l=t!("failover-col-time")>{needed}</td>
            <td class="num" data-l=t!("failover-col-load")>{load}</td>
            <td data-l=t!("failover-col-now")>{state(row.tone, row.verdict.clone())}</td>
        </tr>
    }
    .into_any()
}

fn checks(data: &Data) -> AnyView {
    let rules = data.rules.iter().map(|row| {
        let words = row.words.clone();
        let name = super::rule(row.rule);
        let holds = match row.tone == Tone::Ok {
            true => t!("failover-rule-holds"),
            false => t!("failover-rule-broken"),
        };
        view! { <li>{glyph_named(row.tone, &holds)}<span><b>{name}"."</b>" "{words}</span></li> }
            .into_any()
    });
    let checks = data.checks.iter().filter(|row| {
        // Rules stand above by their names.
        !data.rules.iter().any(|rule| rule.words == row.words)
    });
    let checks = checks.map(|row| {
        let words = match &row.href {
            Some(href) => view! { <a href=href.clone()>{row.words.clone()}</a> }.into_any(),
            None => row.words.clone().into_any(),
        };
        view! { <li>{glyph_named(row.tone, &row.answer)}<span>{words}</span></li> }.into_any()
    });
    let items: Vec<_> = checks.chain(rules).collect();
    let body = view! { <ul class="checks">{items}</ul> };
    padded(Head::new(t!("failover-checks")), body)
}

fn risks(data: &Data) -> Option<AnyView> {
    if data.at_risk.is_empty() {
        return None;
    }
    let columns = vec![
        Column::new(t!("failover-col-database")),
        Column::new(t!("failover-col-leads")),
        Column::new(t!("failover-col-takes-over")),
        Column::number(t!("failover-col-behind")),
        Column::number(t!("failover-col-behind-time")),
    ];
    let body = data
        .at_risk
        .iter()
        .map(|row| {
            let unknown = || t!("unknown-word");
            let behind = row.lag_bytes.map_or_else(unknown, text::bytes);
            let time = row
                .lag_seconds
                .map_or_else(unknown, |it| t!("duration-s", n = text::decimal(it, 1)));
            let set = format!("/backups/sets/{}", row.database);
            view! {
                <tr>
                    <th scope="row"><a href=set>{row.database.clone()}</a></th>
                    <td data-l=t!("failover-col-leads")>{row.from.clone()}</td>
                    <td data-l=t!("failover-col-takes-over")>{row.to.clone()}</td>
                    <td class="num" data-l=t!("failover-col-behind")>{behind}</td>
                    <td class="num" data-l=t!("failover-col-behind-time")>{time}</td>
                </tr>
            }
        })
        .collect_view();
    Some(card(Head::new(t!("failover-at-risk")), table(t!("failover-at-risk"), columns, body)))
}

fn findings(data: &Data) -> Option<AnyView> {
    if data.findings.is_empty() {
        return None;
    }
    let items = data
        .findings
        .iter()
        .map(|finding| {
            let words = text::sentence(&finding.sentence);
            view! { <li>{glyph(Tone::Warn)}<span>{words}</span></li> }
        })
        .collect_view();
    Some(padded(Head::new(t!("failover-findings")), view! { <ul class="checks">{items}</ul> }))
}

/// Every step, group by group, folded.
fn each(data: &Data) -> AnyView {
    let groups = data
        .groups
        .iter()
        .filter(|row| !row.steps.is_empty())
        .map(|row| {
            let n = row.steps.len();
            let title = t!(
                "failover-steps-of",
                name = row.id.as_str(),
                n = n,
                count = text::number(n as u64)
            );
            view! {
                <details>
                    <summary>{title}</summary>
                    {steps::view(&row.steps, data.at)}
                </details>
            }
        })
        .collect_view();
    padded(Head::new(t!("failover-steps")), groups)
}
