//! What each repository holds of a database.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::{Copy, Kind};
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::picture::{Picture, proven};
use super::Data;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::empty;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// Damaged segments that are named.
const NAMED_MAX: usize = 3;

/// The repository of one data centre.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Repository {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    /// Why it could not be read; then what it holds is not known.
    pub unread: Option<String>,
    /// Segments of the log that its last reading found damaged, as far as they are there still.
    pub damaged_log: Vec<String>,
    /// The newest first.
    pub copies: Vec<CopyRow>,
}

/// One copy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CopyRow {
    pub label: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Label of the full that it stands on; its own where it is one.
    pub chain: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    pub database_bytes: u64,
    pub stored_bytes: u64,
    #[schema(value_type = String)]
    pub tone: Tone,
    /// Proven, unproven, damaged.
    pub word: String,
    /// When that was found out.
    pub proof_at: Option<DateTime<Utc>>,
    pub href: String,
}

impl CopyRow {
    pub fn of(picture: &Picture<'_>, datacenter: &DatacenterId, copy: &Copy) -> Self {
        let proof = picture.proof(datacenter, &copy.label);
        let usable = picture.is_usable(datacenter, &copy.label);
        let (tone, word) = proven(proof, copy, usable);
        Self {
            href: paths::backup_copy(picture.database(), datacenter, &copy.label),
            label: copy.label.to_string(),
            kind: copy.kind,
            chain: copy.chain().to_string(),
            started_at: copy.started,
            finished_at: copy.finished,
            database_bytes: copy.database_bytes,
            stored_bytes: copy.stored_bytes,
            tone,
            word,
            proof_at: proof.map(|proof| proof.at),
        }
    }
}

pub(super) fn build(picture: &Picture<'_>) -> Vec<Repository> {
    let held = picture.report.into_iter().flat_map(|report| &report.catalogue);
    held.map(|(datacenter, held)| {
        let mut copies: Vec<_> = match held {
            Ok(copies) => {
                copies.iter().map(|copy| CopyRow::of(picture, datacenter, copy)).collect()
            }
            Err(_) => Vec::new(),
        };
        copies.sort_by_key(|copy| std::cmp::Reverse(copy.started_at));
        let unread = held.as_ref().err().cloned();
        let damaged_log = damaged_log(picture, datacenter);
        Repository { datacenter: datacenter.clone(), unread, damaged_log, copies }
    })
    .collect()
}

/// What was let go since it was read is damaged no more.
fn damaged_log(picture: &Picture<'_>, datacenter: &DatacenterId) -> Vec<String> {
    let runs = picture.report.and_then(|report| report.wal.get(datacenter));
    let there = |name: &&String| {
        runs.into_iter().flatten().any(|run| run.first <= **name && **name <= run.last)
    };
    let damaged = picture.known.damaged_log.get(datacenter).into_iter().flatten();
    damaged.filter(there).cloned().collect()
}

/// What is damaged in the log of a repository; `None`: nothing is.
pub(super) fn damaged_words(it: &Repository) -> Option<String> {
    let n = it.damaged_log.len() as u64;
    let named = it.damaged_log.iter().take(NAMED_MAX).map(String::as_str);
    (n > 0).then(|| {
        let (dc, names) = (it.datacenter.as_str(), text::list(named));
        match it.damaged_log.len() > NAMED_MAX {
            true => t!("log-damaged-more", dc = dc, count = text::number(n), names = names),
            false => t!("log-damaged", n = n, dc = dc, names = names),
        }
    })
}

pub(super) fn view(data: &Data) -> AnyView {
    let read = data.repositories.iter().filter(|it| it.unread.is_none());
    let copies: usize = read.map(|it| it.copies.len()).sum();
    let head = Head::new(t!("backups-copies")).note(text::number(copies as u64));
    if data.repositories.is_empty() {
        return card(head, empty(t!("copies-unknown"), t!("copies-unknown-detail"), None));
    }
    let columns = vec![
        Column::new(t!("col-copy")),
        Column::new(t!("col-kind")),
        Column::new(t!("col-state")),
        Column::new(t!("col-started")),
        Column::number(t!("col-size")),
        Column::number(t!("col-stored")),
        Column::new(t!("col-chain")),
    ];
    let rows = data.repositories.iter().map(|it| repository(data, it)).collect_view();
    card(head, table(t!("backups-copies"), columns, rows))
}

fn repository(data: &Data, it: &Repository) -> AnyView {
    let words = match &it.unread {
        Some(why) => state(Tone::Unk, t!("repository-unread", why = text::sentence(why))),
        None if it.copies.is_empty() => {
            view! { <span class="muted">{t!("cell-no-copy")}</span> }.into_any()
        }
        None => {
            let n = it.copies.len();
            let stored = it.copies.iter().map(|copy| copy.stored_bytes).sum();
            let count = text::number(n as u64);
            let words = t!("repository-holds", n = n, count = count, stored = text::bytes(stored));
            view! { <span class="muted">{words}</span> }.into_any()
        }
    };
    let rows = it.copies.iter().map(|copy| row(data, copy)).collect_view();
    let name = it.datacenter.to_string();
    view! {
        <tr class="lv1">
            <th scope="rowgroup" colspan="7"><b>{name}</b>" "{words}</th>
        </tr>
        {rows}
    }
    .into_any()
}

fn row(data: &Data, copy: &CopyRow) -> AnyView {
    let at = copy.proof_at.map(|at| view! { " "<span class="muted">{time(at, data.at)}</span> });
    let chain = if copy.kind == Kind::Full { t!("chain-own") } else { copy.chain.clone() };
    let mono = (copy.kind != Kind::Full).then_some("mono");
    view! {
        <tr class="lv2">
            <th scope="row">
                <a class="quiet mono" href=copy.href.clone()>{copy.label.clone()}</a>
            </th>
            <td data-l=t!("col-kind")>{text::backup::kind(copy.kind)}</td>
            <td data-l=t!("col-state")><span>{state(copy.tone, copy.word.clone())}{at}</span></td>
            <td data-l=t!("col-started")>{time(copy.started_at, data.at)}</td>
            <td data-l=t!("col-size") class="num">{text::bytes(copy.database_bytes)}</td>
            <td data-l=t!("col-stored") class="num">{text::bytes(copy.stored_bytes)}</td>
            <td data-l=t!("col-chain")><span class=mono>{chain}</span></td>
        </tr>
    }
    .into_any()
}
