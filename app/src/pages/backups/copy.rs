//! `/backups/sets/{database}/copies/{datacenter}/{label}`: one copy, and what restoring it showed.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::backup::job::{Place, ProofResult};
use mainstay_core::backup::work::{Done, Work, WorkReport, WorkState};
use mainstay_core::backup::{Copy, Label};
use mainstay_core::id::{DatabaseId, DatacenterId, GroupId};
use serde::Serialize;
use utoipa::ToSchema;

use super::picture::{Picture, Told};
use super::set::{CopyRow, Part, check, clean_up, parts, result, step};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::{callout, empty};
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    #[schema(value_type = String)]
    pub database: DatabaseId,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub label: String,
    /// Absent: it is not there any more, or its repository could not be read.
    pub copy: Option<CopyRow>,
    /// Why its repository could not be read.
    pub unread: Option<String>,
    /// First and last segment of the log that it needs.
    pub wal: Option<(String, String)>,
    pub bad_pages: bool,
    /// It is listed, and its files are not there.
    pub gone: bool,
    /// When it goes, and why it stays.
    pub goes: Option<String>,
    /// What readings found wrong with it.
    pub damages: Vec<String>,
    /// Test restores, the newest first.
    pub proofs: Vec<ProofRow>,
}

/// One test restore.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProofRow {
    pub id: String,
    pub target: String,
    pub agent: String,
    pub asked_by: Option<String>,
    pub reason: Option<String>,
    pub ordered_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// Every step and check, in order.
    pub steps: Vec<Part>,
    /// How far recovery came.
    pub reached: Option<String>,
    /// Until when what was restored stays; absent: it does not, or not any more.
    pub stays_until: Option<DateTime<Utc>>,
}

/// `None`: nothing is known of such a copy.
pub fn build(picture: &Picture<'_>, datacenter: &DatacenterId, label: &Label) -> Option<Data> {
    let now = picture.now();
    let held = picture.report.and_then(|report| report.catalogue.get(datacenter));
    let found = held.and_then(|held| held.as_ref().ok());
    let found = found.and_then(|held| held.iter().find(|copy| copy.label == *label));
    let unread = held.and_then(|held| held.as_ref().err()).cloned();
    let works = picture.known.work.iter();
    let proofs: Vec<_> = works
        .filter(|told| is_about(&told.work, datacenter, label))
        .map(|told| proof(picture, told, now))
        .collect();
    if found.is_none() && unread.is_none() && proofs.is_empty() {
        return None;
    }
    let database = picture.database().clone();
    let declared = picture.estate.fleet.databases.get(&database);
    Some(Data {
        at: now,
        group: declared.map(|it| it.group.clone()),
        database,
        datacenter: datacenter.clone(),
        label: label.to_string(),
        copy: found.map(|copy| CopyRow::of(picture, datacenter, copy)),
        unread,
        wal: found.and_then(|copy| copy.wal.clone()),
        bad_pages: found.is_some_and(|copy| copy.bad_pages),
        gone: found.is_some_and(|copy| copy.gone),
        goes: found.and_then(|copy| goes(picture, datacenter, copy)),
        damages: damages(picture, datacenter, label),
        proofs,
    })
}

fn is_about(work: &Work, datacenter: &DatacenterId, label: &Label) -> bool {
    match work {
        Work::Prove(job) => job.datacenter == *datacenter && job.label == *label,
        Work::Backup(_)
        | Work::Verify(_)
        | Work::Expire(_)
        | Work::Restore(_)
        | Work::LetGo(_)
        | Work::Stay(_)
        | Work::Cluster(_) => false,
    }
}

fn goes(picture: &Picture<'_>, datacenter: &DatacenterId, copy: &Copy) -> Option<String> {
    let rows = super::set::goes(picture);
    let chain = copy.chain().to_string();
    let mine = rows.into_iter().find(|row| row.datacenter == *datacenter && row.chain == chain);
    mine.map(|row| row.words)
}

fn damages(picture: &Picture<'_>, datacenter: &DatacenterId, label: &Label) -> Vec<String> {
    let reports = picture.known.work.iter().filter_map(|told| told.report.as_ref());
    // The last reading of its repository.
    let found = reports.filter_map(|report| match (&report.work, &report.state) {
        (Work::Verify(job), WorkState::Done { done: Done::Verify { damages } })
            if job.datacenter == *datacenter =>
        {
            Some(damages)
        }
        _ => None,
    });
    let Some(last) = found.take(1).next() else { return Vec::new() };
    let mine = last.iter().filter(|it| matches!(&it.place, Place::Copy { label: l } if l == label));
    mine.map(text::backup::damage).collect()
}

fn proof(picture: &Picture<'_>, told: &Told, now: DateTime<Utc>) -> ProofRow {
    let target = match &told.work {
        Work::Prove(job) => text::backup::target(job.target, now),
        Work::Backup(_)
        | Work::Verify(_)
        | Work::Expire(_)
        | Work::Restore(_)
        | Work::LetGo(_)
        | Work::Stay(_)
        | Work::Cluster(_) => String::new(),
    };
    let live = picture.work(&told.agent, told.work.id());
    let report = told.report.as_ref().or(live);
    let done = report.and_then(proved);
    let (tone, word) = match (&done, report.map(|report| &report.state)) {
        (Some(result), _) if result.proved() => (Tone::Ok, t!("proof-passed")),
        (Some(_), _) => (Tone::Crit, t!("proof-failed")),
        (None, Some(WorkState::Failed { .. })) => (Tone::Warn, t!("proof-not-made")),
        (None, Some(WorkState::Running { .. })) => (Tone::Prog, t!("look-running")),
        (None, _) => (Tone::Plan, t!("proof-waits")),
    };
    let reached =
        done.and_then(|result| result.validation.reached.as_ref()).map(|reached| {
            match (reached.last_commit, &reached.position) {
                (Some(at), _) => t!("proof-reached", at = text::moment(at, now)),
                (None, Some(position)) => t!("proof-position", position = position.as_str()),
                (None, None) => t!("unknown-word"),
            }
        });
    ProofRow {
        id: told.work.id().to_owned(),
        target,
        agent: told.agent.to_string(),
        asked_by: told.asked_by.clone(),
        reason: told.reason.clone(),
        ordered_at: told.ordered_at,
        ended_at: told.ended_at,
        tone,
        word,
        steps: done.map_or_else(|| result(report), steps),
        reached,
        stays_until: stays_until(picture, told.work.id()),
    }
}

fn stays_until(picture: &Picture<'_>, work: &str) -> Option<DateTime<Utc>> {
    let mut kept = picture.estate.kept(picture.database());
    kept.find(|(_, kept)| kept.work == work).map(|(_, kept)| kept.until)
}

fn proved(report: &WorkReport) -> Option<&ProofResult> {
    match &report.state {
        WorkState::Done { done: Done::Prove(result) } => Some(result),
        WorkState::Done { .. }
        | WorkState::Waiting
        | WorkState::Running { .. }
        | WorkState::Failed { .. } => None,
    }
}

/// Every step and check.
fn steps(result: &ProofResult) -> Vec<Part> {
    let validation = &result.validation;
    let checks = validation.checks.iter().map(check);
    let mut steps = vec![
        step(t!("part-restore"), &result.restore),
        step(t!("part-recovery"), &validation.recovery),
        step(t!("part-structure"), &validation.structure),
    ];
    steps.extend(checks);
    steps.push(step(t!("part-pages"), &validation.pages));
    steps.push(clean_up(result));
    steps
}

pub fn title(data: &Data) -> String {
    t!("copy-title", label = data.label.as_str(), db = data.database.as_str())
}

pub fn target(data: &Data) -> Target<'_> {
    Target { group: data.group.as_ref(), datacenter: None }
}

/// The address of its page.
pub fn address(data: &Data) -> String {
    paths::backup_copy(&data.database, &data.datacenter, &data.label)
}

/// The form of a test restore that stays.
fn beside(copy: &str) -> String {
    paths::with_query(&paths::action(copy, "prove"), &[("keep", "yes")])
}

pub(super) fn crumbs(data: &Data) -> Vec<Crumb> {
    vec![
        Crumb::new(paths::BACKUPS, t!("nav-backups")),
        Crumb::new(paths::backup_set(&data.database), data.database.to_string()),
    ]
}

/// Look and word of the copy.
pub(super) fn standing(data: &Data) -> (Tone, String) {
    match (&data.copy, &data.unread) {
        (Some(copy), _) => (copy.tone, copy.word.clone()),
        (None, Some(_)) => (Tone::Unk, t!("cell-unread")),
        (None, None) => (Tone::Unk, t!("copy-gone")),
    }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let (tone, word) = standing(data);
    let kind = data.copy.as_ref().map(|copy| text::backup::kind(copy.kind));
    let kind = kind.unwrap_or_else(|| t!("copy-word"));
    let (dc, db) = (data.datacenter.as_str(), data.database.as_str());
    let head = page_head(PageHead {
        title: data.label.clone(),
        crumbs: crumbs(data),
        badge: Some(badge(tone, word)),
        note: Some(t!("copy-note", kind = kind, db = db, dc = dc).into_any()),
        actions: data.copy.is_some().then(|| actions(data, reader)),
    });
    let gone = data.copy.is_none().then(|| match &data.unread {
        Some(why) => callout(Tone::Unk, t!("copy-unread"), why.clone(), None),
        None => callout(Tone::Unk, t!("copy-gone-title"), t!("copy-gone-detail"), None),
    });
    let damage = wrong(data);
    let main = view! {
        <div class="stack" data-swap="copy-main">
            {gone}
            {damage}
            {proofs(data)}
        </div>
    };
    let side = data.copy.as_ref().map(|copy| padded(Head::new(t!("facts")), facts(data, copy)));
    view! { {head}{columns(main, side)} }.into_any()
}

fn actions(data: &Data, reader: &Reader) -> AnyView {
    let button = |weight, verb, label: String| match reader.may_operate(target(data)) {
        Ok(()) => link_button(weight, paths::action(&address(data), verb), label),
        Err(refusal) => disabled(label, text::refusal(&refusal)),
    };
    let restore = button(Weight::Plain, "restore", t!("restore-over"));
    let beside = match reader.may_operate(target(data)) {
        Ok(()) => link_button(Weight::Plain, beside(&address(data)), t!("restore-beside-link")),
        Err(refusal) => disabled(t!("restore-beside-link"), text::refusal(&refusal)),
    };
    view! { {restore}{beside}{button(Weight::Primary, "prove", t!("prove-now"))} }.into_any()
}

fn wrong(data: &Data) -> Option<AnyView> {
    let mut lines = data.damages.clone();
    if data.gone {
        lines.push(t!("copy-vanished-detail"));
    }
    if data.bad_pages {
        lines.push(t!("copy-bad-pages"));
    }
    (!lines.is_empty()).then(|| callout(Tone::Crit, t!("copy-damage-title"), lines.join(" "), None))
}

fn facts(data: &Data, copy: &CopyRow) -> AnyView {
    let took = text::duration(copy.finished_at - copy.started_at);
    let chain = if copy.chain == copy.label {
        t!("chain-own").into_any()
    } else {
        let href = paths::backup_copy(&data.database, &data.datacenter, &copy.chain);
        view! { <a class="mono" href=href>{copy.chain.clone()}</a> }.into_any()
    };
    let wal = match &data.wal {
        Some((first, last)) => view! {
            <span class="mono">{first.clone()}<br/>{last.clone()}</span>
        }
        .into_any(),
        None => t!("unknown-word").into_any(),
    };
    let goes = data.goes.clone().unwrap_or_else(|| t!("unknown-word"));
    let dc = paths::datacenter(&data.datacenter);
    let name = data.datacenter.to_string();
    key_values(vec![
        (t!("col-kind"), text::backup::kind(copy.kind).into_any()),
        (t!("col-dc"), view! { <a href=dc>{name}</a> }.into_any()),
        (t!("col-started"), time_full(copy.started_at)),
        (t!("col-finished"), time_full(copy.finished_at)),
        (t!("fact-took"), took.into_any()),
        (t!("col-size"), text::bytes(copy.database_bytes).into_any()),
        (t!("col-stored"), text::bytes(copy.stored_bytes).into_any()),
        (t!("col-chain"), chain),
        (t!("fact-wal"), wal),
        (t!("fact-goes"), goes.into_any()),
    ])
}

fn proofs(data: &Data) -> AnyView {
    if data.proofs.is_empty() {
        let detail = t!("proofs-none-detail");
        return card(Head::new(t!("proofs")), empty(t!("proofs-none"), detail, None));
    }
    data.proofs.iter().map(|row| one(data, row)).collect_view().into_any()
}

fn one(data: &Data, row: &ProofRow) -> AnyView {
    let by = row.asked_by.as_ref().map(|by| {
        let reason = row.reason.clone().unwrap_or_default();
        t!("proof-asked", by = by.as_str(), reason = reason)
    });
    let by = by.unwrap_or_else(|| t!("proof-due"));
    let how = t!("proof-how", dc = row.agent.as_str(), target = row.target.as_str());
    let reached = row.reached.clone().map(|words| view! { <p class="second">{words}</p> });
    let stays = row.stays_until.map(|until| {
        let (href, words) = (paths::backup_set(&data.database), t!("proof-stays-how"));
        let until = t!("proof-stays", at = text::moment(until, data.at));
        view! { <p class="second">{until}" "<a href=href>{words}</a></p> }
    });
    let ended = row.ended_at.map(|at| view! { {t!("ended")}" "{time(at, data.at)} });
    let body = view! {
        <p class="second">{how}" "{by}</p>
        {parts(&row.steps)}
        {reached}
        {stays}
    };
    let note = crate::ui::badge::state(row.tone, row.word.clone());
    let title = t!("proof-title", at = text::moment(row.ordered_at, data.at));
    padded(Head::new(title).note(note).right(ended), body)
}
