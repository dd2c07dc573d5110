//! `/backups/restores/{id}`: one restore over a live database: what is replaced by what, what it
//! goes by, how far it is.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::job::RestoreResult;
use mainstay_core::backup::restore::{Restore, State};
use mainstay_core::backup::work::{DatabaseReport, Done, WorkReport, WorkState};
use mainstay_core::estate::Estate;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::ask::{Line, what_happens};
use super::super::picture::Told;
use super::super::set::{Part, check, parts, step};
use super::{Row, consequences, estimate, is_of, may_allow, may_refuse, proof, reached, report};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::callout;
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::raw;
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RestoreData)]
pub struct Data {
    pub at: DateTime<Utc>,
    pub restore: Row,
    /// What allowing it does; empty once it is over.
    pub lines: Vec<Line>,
    /// The test restore that it goes by, or that it goes without.
    pub proof: Line,
    /// Until when somebody may allow it.
    pub allow_until: Option<DateTime<Utc>>,
    /// Where it runs.
    pub agent: Option<String>,
    pub allowed_at: Option<DateTime<Utc>>,
    /// Stop, restore and start.
    pub steps: Vec<Part>,
    /// What the database answered to its own checks when it was up again.
    pub checks: Vec<Part>,
    /// Hundredths of a percent of the phase it is in, where that is told.
    pub done_bp: Option<u16>,
    /// How far recovery came.
    pub reached: Option<String>,
    /// Where the data directory is that was there before.
    pub set_aside: Option<String>,
    /// Whether it is there still; absent: nobody tells.
    pub kept: Option<bool>,
    /// How long it takes, from what was.
    pub estimate: Option<String>,
    pub revision: u64,
}

/// `work`: of its database, the newest first.
pub fn build(estate: &Estate, restore: &Restore, work: &[Told]) -> Data {
    let (request, now) = (&restore.request, estate.at);
    let id = restore.id.to_string();
    let told = work.iter().find(|told| is_of(told, &id));
    let known = told.and_then(|told| told.report.as_ref()).or(report(estate, restore));
    let result = match &restore.state {
        State::Done { result, .. } => Some(result),
        State::Failed { result, .. } => result.as_ref(),
        State::Requested | State::Refused { .. } | State::Ordered { .. } => known.and_then(made),
    };
    // What it went by is what stood when it was allowed, or when nobody did.
    let judged_at = match &restore.state {
        State::Requested => now,
        State::Refused { at, .. } | State::Ordered { at, .. } => *at,
        State::Done { at, .. } | State::Failed { at, .. } => told.map_or(*at, |it| it.ordered_at),
    };
    let set_aside = result.and_then(|result| result.set_aside.clone());
    let seen = estate.database(&request.database).map(|(_, report)| report);
    let ended_at = known.and_then(|report| report.ended_at);
    let kept = set_aside.as_ref().and_then(|path| is_kept(path, ended_at, seen?));
    let waits = restore.state == State::Requested;
    Data {
        at: now,
        restore: Row::of(estate, restore),
        lines: if waits { consequences(estate, request, work) } else { Vec::new() },
        proof: proof(estate, request, work, judged_at),
        allow_until: waits.then(|| request.valid_until(estate.pace)),
        agent: told.map(|told| told.agent.to_string()),
        allowed_at: told.map(|told| told.ordered_at),
        steps: result.map(steps).unwrap_or_default(),
        checks: result.map(|it| it.checks.iter().map(check).collect()).unwrap_or_default(),
        done_bp: match known.map(|report| &report.state) {
            Some(WorkState::Running { progress }) => progress.done_bp,
            Some(WorkState::Waiting | WorkState::Done { .. } | WorkState::Failed { .. }) | None => {
                None
            }
        },
        reached: result.and_then(|result| reached(result.reached.as_ref(), now)),
        set_aside,
        kept,
        estimate: estimate(work),
        revision: restore.revision,
    }
}

/// Whether a data directory is there still; `None`: the agent does not see it and has not looked
/// since the restore ended, so that it may not have been there yet.
fn is_kept(path: &String, ended_at: Option<DateTime<Utc>>, seen: &DatabaseReport) -> Option<bool> {
    let there = seen.set_aside.contains(path);
    // Both by the agent's clock.
    (there || ended_at.is_some_and(|ended| ended < seen.read_at)).then_some(there)
}

fn made(report: &WorkReport) -> Option<&RestoreResult> {
    match &report.state {
        WorkState::Done { done: Done::Restore(result) } => Some(result),
        WorkState::Done { .. }
        | WorkState::Waiting
        | WorkState::Running { .. }
        | WorkState::Failed { .. } => None,
    }
}

fn steps(result: &RestoreResult) -> Vec<Part> {
    vec![
        step(t!("part-stop"), &result.stop),
        step(t!("part-restore"), &result.restore),
        step(t!("part-start"), &result.start),
    ]
}

pub fn title(data: &Data) -> String {
    let row = &data.restore;
    let word = row.word.to_lowercase();
    t!("restore-title", id = row.id.as_str(), db = row.database.as_str(), state = word)
}

pub(super) fn crumbs(row: &Row) -> Vec<Crumb> {
    vec![
        Crumb::new(paths::BACKUPS, t!("nav-backups")),
        Crumb::new(paths::backup_set(&row.database), row.database.clone()),
    ]
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.restore;
    let head = page_head_of(
        row.id.clone(),
        PageHead {
            title: t!("restore-head", db = row.database.as_str()),
            crumbs: crumbs(row),
            badge: Some(badge(row.tone, row.word.clone())),
            note: Some(
                t!("restore-asked", by = row.by.as_str(), reason = row.reason.as_str()).into_any(),
            ),
            actions: row.waits().then(|| actions(row, reader)),
        },
    );
    let lines = (!data.lines.is_empty()).then(|| what_happens(&data.lines));
    let main = view! {
        <div class="stack" data-swap="restore-main">
            {state_card(data)}
            {proof_line(row, &data.proof)}
            {course(data)}
            {answers(data)}
            {kept(data, reader)}
            {lines}
        </div>
    };
    let side = padded(Head::new(t!("facts")), facts(data));
    view! { {head}{columns(main, side)} }.into_any()
}

/// Two equal buttons for a second person.
fn actions(row: &Row, reader: &Reader) -> AnyView {
    let button = |verb: &str, label: String, may: Result<(), String>| match may {
        Ok(()) => link_button(Weight::Plain, paths::action(&row.href, verb), label),
        Err(why) => disabled(label, why),
    };
    let allow = button("allow", t!("restore-allow"), may_allow(row, reader));
    let refuse = button("refuse", t!("restore-refuse"), may_refuse(row, reader));
    view! { {allow}{refuse} }.into_any()
}

fn state_card(data: &Data) -> AnyView {
    let bar = data.done_bp.map(|done| {
        let width = f64::from(done.min(10_000)) / 100.0;
        raw(format!(
            "<svg class='pbar' viewBox='0 0 100 4' preserveAspectRatio='none' aria-hidden='true'>\
             <rect class='f-none' width='100' height='4'/>\
             <rect class='f-prog' width='{width:.1}' height='4'/></svg>"
        ))
    });
    let row = &data.restore;
    let line = callout(row.tone, row.word.clone(), row.detail.clone(), None);
    view! { {line}{bar} }.into_any()
}

/// What it goes by; loud where it goes without.
pub(super) fn proof_line(row: &Row, proof: &Line) -> AnyView {
    let prove = (proof.tone != Tone::Ok && row.waits()).then(|| {
        link_button(Weight::Plain, paths::action(&row.copy_href(), "prove"), t!("prove-now"))
    });
    let strong = match (proof.tone, row.unproven) {
        (Tone::Ok, _) => t!("restore-proof"),
        (_, true) => t!("restore-goes-without"),
        (_, false) => t!("restore-no-proof"),
    };
    callout(proof.tone, strong, proof.words.clone(), prove)
}

/// The steps, each with its own result.
fn course(data: &Data) -> Option<AnyView> {
    (!data.steps.is_empty()).then(|| {
        let reached = data.reached.clone().map(|words| view! { <p class="second">{words}</p> });
        padded(Head::new(t!("restore-steps")), view! { {parts(&data.steps)}{reached} })
    })
}

/// What the database answered afterwards: it is up whatever that is, so this is loud.
fn answers(data: &Data) -> Option<AnyView> {
    (!data.checks.is_empty()).then(|| padded(Head::new(t!("restore-checks")), parts(&data.checks)))
}

/// Where what was there before is.
fn kept(data: &Data, reader: &Reader) -> Option<AnyView> {
    let path = data.set_aside.as_ref()?;
    let row = &data.restore;
    let words = match data.kept {
        Some(true) => t!("restore-kept"),
        Some(false) => t!("restore-let-go"),
        None => t!("restore-kept-unknown"),
    };
    let go = (data.kept == Some(true)).then(|| {
        super::let_go::button(&row.database, path, reader.may_operate(row.target_of()).err())
    });
    let body = view! {
        <p class="second">{words}</p>
        <p class="mono wrap">{path.clone()}</p>
        {go}
    };
    Some(padded(Head::new(t!("restore-before")), body))
}

fn facts(data: &Data) -> AnyView {
    let row = &data.restore;
    let (set, copy) = (paths::backup_set(&row.database), row.copy_href());
    let (database, label) = (row.database.clone(), row.label.clone());
    let mut facts = vec![
        (t!("col-database"), view! { <a href=set>{database}</a> }.into_any()),
        (t!("col-copy"), view! { <a class="mono" href=copy>{label}</a> }.into_any()),
        (t!("col-dc"), row.datacenter.clone().into_any()),
        (t!("col-target"), row.target.clone().into_any()),
        (t!("col-asked"), view! { {row.by.clone()}" "{time_full(row.asked_at)} }.into_any()),
    ];
    let until = data.allow_until.map(|at| (t!("restore-until"), time_full(at)));
    let allowed = row.allowed_by.clone().map(|by| {
        let at = data.allowed_at.map(time_full);
        (t!("col-allowed"), view! { {by}" "{at} }.into_any())
    });
    let agent = data.agent.clone().map(|dc| (t!("col-agent"), dc.into_any()));
    let ended = row.ended_at.map(|at| (t!("ended"), time_full(at)));
    let estimate = data.estimate.clone().map(|words| (t!("restore-estimate"), words.into_any()));
    facts.extend([until, allowed, agent, ended, estimate].into_iter().flatten());
    facts.push((t!("run-revision"), text::number(data.revision).into_any()));
    key_values(facts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mainstay_core::id::DatabaseId;

    use super::*;

    #[test]
    fn what_was_set_aside_is_gone_only_where_somebody_looked_since() {
        let at = |second| DateTime::from_timestamp(second, 0).expect("a time");
        let path = "/data/orders.before-1".to_owned();
        let kept = |read_at, set_aside: &[&String]| {
            let seen = DatabaseReport {
                database: DatabaseId::new("orders").expect("an id"),
                read_at: at(read_at),
                hosts: true,
                prepared: None,
                catalogue: BTreeMap::new(),
                wal: BTreeMap::new(),
                set_aside: set_aside.iter().map(|path| (*path).clone()).collect(),
                kept: Vec::new(),
                log_moments: Vec::new(),
                archiver: None,
                histories: BTreeMap::new(),
            };
            is_kept(&path, Some(at(10)), &seen)
        };
        assert_eq!(kept(9, &[]), None, "it was not there yet");
        assert_eq!(kept(11, &[&path]), Some(true));
        assert_eq!(kept(11, &[]), Some(false), "somebody let it go");
    }
}
