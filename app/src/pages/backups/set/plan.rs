//! What is ahead: the next windows, what goes when, how far recovery reaches, what stands in the
//! way.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::Archiving;
use mainstay_core::backup::retention::{Verdict, decide};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::picture::Picture;
use super::Data;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card, padded};
use crate::ui::glyph::glyph;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Windows that the page lists.
const AHEAD: usize = 5;

/// A window that comes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ahead {
    #[schema(value_type = String)]
    pub kind: Kind,
    pub window_start: DateTime<Utc>,
    pub window_end: DateTime<Utc>,
    /// The same in the time of its region: `20 Nov 00:00 Berlin`.
    pub local: String,
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub expires_at: DateTime<Utc>,
}

/// A stretch of time that can be recovered to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Reach {
    pub from: DateTime<Utc>,
    /// For certain.
    pub to: DateTime<Utc>,
    /// Why no further, where it is not just all there is so far.
    pub words: Option<String>,
}

/// What becomes of a chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoesRow {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub chain: String,
    pub copies: usize,
    pub stored_bytes: u64,
    pub due_at: DateTime<Utc>,
    pub goes: bool,
    pub words: String,
    #[schema(value_type = String)]
    pub tone: Tone,
}

/// What stands in the way, or does not.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hindrance {
    #[schema(value_type = String)]
    pub tone: Tone,
    pub words: String,
}

pub(super) fn ahead(picture: &Picture<'_>) -> Vec<Ahead> {
    let (now, schedule) = (picture.now(), &picture.schedule);
    let planned = schedule.between(now, now + TimeDelta::days(60)).into_iter().take(AHEAD);
    let row = planned.map(|it| Ahead {
        kind: it.kind,
        local: text::clock_in(schedule.zone, it.window_start, now),
        window_start: it.window_start,
        window_end: it.window_end,
        datacenter: it.datacenter,
        expires_at: it.expires_at,
    });
    row.collect()
}

pub(super) fn reach(picture: &Picture<'_>) -> Vec<Reach> {
    let spans = picture.recoverable().spans.into_iter().rev();
    let row = spans.map(|span| Reach {
        from: span.from,
        to: span.at_least,
        words: text::backup::end(span.end),
    });
    row.collect()
}

pub(in crate::pages::backups) fn goes(picture: &Picture<'_>) -> Vec<GoesRow> {
    let Some(report) = picture.report else { return Vec::new() };
    let now = picture.now();
    let decisions = decide(&picture.schedule, &report.catalogue, &picture.known.proofs, now);
    let row = decisions.into_iter().map(|decision| {
        let (tone, words) = match &decision.verdict {
            Verdict::Keep { reason } if now < decision.due_at => {
                (Tone::Ok, text::backup::keep(reason, now))
            }
            Verdict::Keep { reason } => (Tone::Warn, text::backup::keep(reason, now)),
            Verdict::Expire { newer, newer_in } => {
                let at = text::moment(decision.due_at, now);
                let (newer, dc) = (newer.0.as_str(), newer_in.as_str());
                (Tone::Plan, t!("keep-goes", at = at, newer = newer, dc = dc))
            }
        };
        GoesRow {
            goes: decision.expires(),
            datacenter: decision.datacenter,
            chain: decision.chain.to_string(),
            copies: decision.labels.len(),
            stored_bytes: decision.stored_bytes,
            due_at: decision.due_at,
            words,
            tone,
        }
    });
    row.collect()
}

pub(super) fn hindrances(picture: &Picture<'_>) -> Vec<Hindrance> {
    let prepared = picture.report.and_then(|report| report.prepared.as_ref());
    let Some(prepared) = prepared else { return Vec::new() };
    let line = |tone, words| Hindrance { tone, words };
    let archiving = match &prepared.archiving {
        Archiving::InForce => line(Tone::Ok, t!("prepared-archiving")),
        Archiving::NeedsRestart { settings } => {
            line(Tone::Warn, t!("prepared-restart", settings = text::list(settings)))
        }
        Archiving::Failed { failure } => {
            let why = text::backup::failure(failure);
            line(Tone::Crit, t!("prepared-archiving-failed", why = why))
        }
    };
    let repositories = prepared.repositories.iter().map(|(id, ready)| match ready {
        Ok(()) => line(Tone::Ok, t!("prepared-repository", dc = id.as_str())),
        Err(failure) => {
            let why = text::backup::failure(failure);
            line(Tone::Warn, t!("prepared-repository-failed", dc = id.as_str(), why = why))
        }
    });
    std::iter::once(archiving).chain(repositories).collect()
}

pub(super) fn ahead_card(data: &Data) -> AnyView {
    let items = data
        .ahead
        .iter()
        .map(|it| {
            let end = text::clock(it.window_end, it.window_start);
            let what = t!(
                "ahead-what",
                kind = text::backup::kind(it.kind),
                dc = it.datacenter.as_str(),
                local = it.local.as_str()
            );
            view! {
                <li>
                    {glyph(Tone::Plan)}
                    <span>
                        <b>{time(it.window_start, data.at)}" "{t!("to-word")}" "{end}" UTC"</b>
                        <br/>
                        <span class="muted">{what}</span>
                    </span>
                </li>
            }
        })
        .collect_view();
    let body = view! { <ul class="checks">{items}</ul> };
    padded(Head::new(t!("set-ahead")), body)
}

/// What Postgres tells of its archiving, a sentence each; worst first.
fn archiving(data: &Data) -> Vec<AnyView> {
    let Some(archiver) = &data.archiver else { return Vec::new() };
    let stuck = archiver.stuck().map(|it| {
        let at = text::moment(it.at, data.at);
        (Tone::Crit, t!("archiving-stuck", file = it.file.as_str(), at = at))
    });
    let failed = archiver.last_failed.as_ref().filter(|_| archiver.failed > 0).map(|it| {
        let (n, at) = (i64::try_from(archiver.failed).unwrap_or(i64::MAX), it.at);
        let (count, at) = (text::number(archiver.failed), text::moment(at, data.at));
        (Tone::Warn, t!("archiving-failed", n = n, count = count, file = it.file.as_str(), at = at))
    });
    let last = archiver.last_archived.as_ref().map(|it| {
        let at = text::moment(it.at, data.at);
        (Tone::Ok, t!("archiving-last", file = it.file.as_str(), at = at))
    });
    let all = stuck.into_iter().chain(failed).chain(last);
    all.map(|(tone, words)| view! { <li>{glyph(tone)}<span>{words}</span></li> }.into_any())
        .collect()
}

pub(super) fn reach_card(data: &Data) -> AnyView {
    let head = Head::new(t!("set-reach"));
    let archiving = archiving(data);
    if data.reach.is_empty() && archiving.is_empty() {
        return card(head, empty(t!("reach-none"), t!("reach-none-detail"), None));
    }
    let archiving = (!archiving.is_empty()).then(|| view! { <ul class="checks">{archiving}</ul> });
    let none = data.reach.is_empty().then(|| {
        view! { <p class="second">{t!("reach-none-detail")}</p> }
    });
    let log = data.log_stored_at.map(|at| {
        let words = t!("reach-log", at = text::moment(at, data.at));
        view! { <p class="muted small">{words}</p> }
    });
    let items = data
        .reach
        .iter()
        .map(|it| {
            view! {
                <li>
                    <b>{time(it.from, data.at)}</b>
                    " "
                    {t!("to-word")}
                    " "
                    <b>{time(it.to, data.at)}</b>
                    " UTC "
                    <span class="muted">{t!("reach-least")}" "{it.words.clone()}</span>
                </li>
            }
        })
        .collect_view();
    padded(head, view! { {none}<ul class="sentences">{items}</ul>{log}{archiving} })
}

pub(super) fn hindrances_card(data: &Data) -> Option<AnyView> {
    (!data.hindrances.is_empty()).then(|| {
        let items = data
            .hindrances
            .iter()
            .map(|it| view! { <li>{glyph(it.tone)}<span>{it.words.clone()}</span></li> })
            .collect_view();
        padded(Head::new(t!("set-prepared")), view! { <ul class="checks">{items}</ul> })
    })
}

pub(super) fn goes_card(data: &Data) -> AnyView {
    let head = Head::new(t!("set-goes")).right(t!("goes-order"));
    if data.goes.is_empty() {
        return card(head, empty(t!("goes-none"), t!("goes-none-detail"), None));
    }
    let columns = vec![
        Column::new(t!("col-chain")),
        Column::new(t!("col-dc")),
        Column::number(t!("col-copies")),
        Column::number(t!("col-stored")),
        Column::new(t!("col-due")),
        Column::new(t!("col-what")),
    ];
    let rows = data.goes.iter().map(|row| goes_row(data, row)).collect_view();
    card(head, table(t!("set-goes"), columns, rows))
}

fn goes_row(data: &Data, row: &GoesRow) -> AnyView {
    let href = paths::backup_copy(&data.database, &row.datacenter, &row.chain);
    view! {
        <tr>
            <th scope="row"><a class="quiet mono" href=href>{row.chain.clone()}</a></th>
            <td data-l=t!("col-dc")>{row.datacenter.to_string()}</td>
            <td data-l=t!("col-copies") class="num">{text::number(row.copies as u64)}</td>
            <td data-l=t!("col-stored") class="num">{text::bytes(row.stored_bytes)}</td>
            <td data-l=t!("col-due")>{time(row.due_at, data.at)}</td>
            <td data-l=t!("col-what") class="wrap">{state(row.tone, row.words.clone())}</td>
        </tr>
    }
    .into_any()
}
