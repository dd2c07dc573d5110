//! Copies by place: data centre by database, and what the loss of a data centre leaves.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::survives;
use mainstay_core::id::{DatabaseId, DatacenterId};
use serde::Serialize;
use utoipa::ToSchema;

use super::picture::{Picture, proven};
use super::sets::age;
use super::{Data, View};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::block::callout;
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card};
use crate::ui::glyph::glyph;
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Copies {
    #[schema(value_type = Vec<String>)]
    pub datacenters: Vec<DatacenterId>,
    pub rows: Vec<Row>,
    /// What the loss of a data centre would leave.
    pub loss: Option<Loss>,
}

/// Where one database has copies.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Row {
    #[schema(value_type = String)]
    pub database: DatabaseId,
    /// In the order of the data centres.
    pub cells: Vec<Cell>,
}

/// What a repository holds of a database.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cell {
    /// Not in the turn, or not asked.
    NotAsked,
    /// It could not be read, and why: not known.
    Unread {
        why: String,
    },
    Empty,
    Held {
        copies: usize,
        /// The newest that can be used.
        newest_at: Option<DateTime<Utc>>,
        /// Its label.
        label: Option<String>,
        #[schema(value_type = String)]
        tone: Tone,
        /// Proven, unproven, damaged.
        word: String,
        /// Copies that something speaks against.
        damaged: usize,
    },
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Loss {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    /// Of all databases, and of those that keep a copy; the worst of what is left.
    pub total: usize,
    pub kept: usize,
    #[schema(value_type = String)]
    pub worst: Tone,
    /// Of the databases of the page.
    pub rows: Vec<LossRow>,
}

/// What is left of one database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LossRow {
    #[schema(value_type = String)]
    pub database: DatabaseId,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub copies: usize,
    pub newest_at: Option<DateTime<Utc>>,
    pub newest_in: Option<String>,
    /// Whether the database itself runs where the loss is.
    pub runs_there: bool,
    /// What was not read may hold more.
    pub words: String,
}

pub(super) fn build(pictures: &[&Picture<'_>], loss: Option<Loss>) -> Copies {
    let mut datacenters: Vec<DatacenterId> = Vec::new();
    for picture in pictures {
        let held = picture.report.into_iter().flat_map(|report| report.catalogue.keys());
        for id in picture.schedule.turn.iter().chain(held) {
            if !datacenters.contains(id) {
                datacenters.push(id.clone());
            }
        }
    }
    let rows = pictures.iter().map(|picture| Row {
        database: picture.database().clone(),
        cells: datacenters.iter().map(|id| cell(picture, id)).collect(),
    });
    Copies { rows: rows.collect(), loss, datacenters }
}

/// What the loss of a data centre leaves of all databases, and of each of the page, by id.
pub(super) fn loss(pictures: &[Picture<'_>], page: &[DatabaseId], lost: &DatacenterId) -> Loss {
    let mut rows: Vec<LossRow> = pictures.iter().map(|picture| left(picture, lost)).collect();
    let (total, kept) = (rows.len(), rows.iter().filter(|row| row.copies > 0).count());
    let worst = rows.iter().map(|row| row.tone).min_by_key(|tone| tone.status());
    rows.retain(|row| page.binary_search(&row.database).is_ok());
    Loss { datacenter: lost.clone(), total, kept, worst: worst.unwrap_or(Tone::Ok), rows }
}

fn cell(picture: &Picture<'_>, id: &DatacenterId) -> Cell {
    let held = match picture.report.and_then(|report| report.catalogue.get(id)) {
        None => return Cell::NotAsked,
        Some(Err(why)) => return Cell::Unread { why: why.clone() },
        Some(Ok(copies)) if copies.is_empty() => return Cell::Empty,
        Some(Ok(copies)) => copies,
    };
    let newest = picture.usable().iter().find(|it| it.datacenter == id).map(|it| it.copy);
    let damaged = held.iter().filter(|copy| !picture.is_usable(id, &copy.label)).count();
    let (tone, word) = match newest {
        Some(copy) => proven(picture.proof(id, &copy.label), copy, true),
        None => (Tone::Crit, t!("copy-none-usable")),
    };
    Cell::Held {
        copies: held.len(),
        newest_at: newest.map(|copy| copy.finished),
        label: newest.map(|copy| copy.label.to_string()),
        tone,
        word,
        damaged,
    }
}

fn left(picture: &Picture<'_>, lost: &DatacenterId) -> LossRow {
    let database = picture.database().clone();
    let lost_all = BTreeSet::from([lost.clone()]);
    let runs_there = picture.host == Some(lost);
    let Some(report) = picture.report else {
        let (tone, words) = (Tone::Unk, t!("loss-unknown"));
        return LossRow {
            database,
            tone,
            copies: 0,
            newest_at: None,
            newest_in: None,
            runs_there,
            words,
        };
    };
    let survivors = survives(&report.catalogue, &lost_all);
    // The core tells what listings say; a copy that failed its proof is no survivor either.
    let good =
        survivors.copies.iter().filter(|it| picture.is_usable(it.datacenter, &it.copy.label));
    let good: Vec<_> = good.collect();
    let labels: BTreeSet<_> = good.iter().map(|held| &held.copy.label).collect();
    let unread = text::list(survivors.unread.iter().map(|id| id.as_str()));
    let (tone, words) = match (good.is_empty(), unread.is_empty()) {
        (false, true) => (Tone::Ok, String::new()),
        (false, false) => (Tone::Ok, t!("loss-more", names = unread)),
        (true, false) => (Tone::Unk, t!("loss-maybe", names = unread)),
        (true, true) if runs_there => (Tone::Crit, t!("loss-all")),
        (true, true) => (Tone::Warn, t!("loss-copies")),
    };
    let newest = good.first();
    LossRow {
        database,
        tone,
        copies: labels.len(),
        newest_at: newest.map(|held| held.copy.finished),
        newest_in: newest.map(|held| held.datacenter.to_string()),
        runs_there,
        words,
    }
}

pub(super) fn view(data: &Data, copies: &Copies) -> AnyView {
    let mut columns = vec![Column::new(t!("col-database"))];
    columns.extend(copies.datacenters.iter().map(|id| Column::new(id.as_str())));
    let rows = copies.rows.iter().map(|row| line(row, copies, data.at)).collect_view();
    let count = text::number(copies.datacenters.len() as u64);
    let note = t!("copies-note", n = copies.datacenters.len(), count = count);
    view! {
        {unread(data)}
        {card(
            Head::new(t!("backups-copies")).note(note).right(t!("copies-right")),
            table(t!("backups-copies"), columns, rows),
        )}
        {loss_card(data, copies)}
    }
    .into_any()
}

/// Repositories that could not be read, by name; the totals leave them out.
fn unread(data: &Data) -> Option<AnyView> {
    let lines = data.sets.iter().flat_map(|set| {
        set.unread.iter().map(|it| {
            t!(
                "unread-line",
                db = set.database.as_str(),
                dc = it.datacenter.as_str(),
                why = text::sentence(&it.why)
            )
        })
    });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| {
        let strong = t!("unread-title", n = lines.len(), count = text::number(lines.len() as u64));
        callout(Tone::Unk, strong, lines.join(" "), None)
    })
}

fn line(row: &Row, copies: &Copies, now: DateTime<Utc>) -> AnyView {
    let database = &row.database;
    let cells = row.cells.iter().zip(&copies.datacenters).map(|(cell, id)| {
        let label = id.to_string();
        view! { <td data-l=label class="where">{one(cell, database, id, now)}</td> }
    });
    view! {
        <tr>
            <th scope="row">
                <a class="quiet" href=paths::backup_set(database)>{database.to_string()}</a>
            </th>
            {cells.collect_view()}
        </tr>
    }
    .into_any()
}

fn one(cell: &Cell, database: &DatabaseId, id: &DatacenterId, now: DateTime<Utc>) -> AnyView {
    match cell {
        Cell::NotAsked => {
            let words = t!("cell-not-asked");
            view! { <span class="muted">{words}</span> }.into_any()
        }
        Cell::Unread { why } => {
            let words = t!("cell-unread");
            view! { <span title=why.clone()>{state(Tone::Unk, words)}</span> }.into_any()
        }
        Cell::Empty => view! { <span class="muted">{t!("cell-no-copy")}</span> }.into_any(),
        Cell::Held { copies, newest_at, label, tone, word, damaged } => {
            let href = label.as_ref().map(|label| paths::backup_copy(database, id, label));
            let newest = newest_at.map(|at| age(at, now));
            let newest = match href {
                Some(href) => view! { <a class="quiet" href=href>{newest}</a> }.into_any(),
                None => newest.into_any(),
            };
            let n = *copies;
            let count = t!("cell-copies", n = n, count = text::number(n as u64));
            let bad = (*damaged > 0).then(|| {
                let n = *damaged;
                let words = t!("cell-damaged", n = n, count = text::number(n as u64));
                view! { " "<span class="crit">{words}</span> }
            });
            view! {
                <div class="place">
                    {newest}
                    <span>{state(*tone, word.clone())}</span>
                    <span class="muted">{count}{bad}</span>
                </div>
            }
            .into_any()
        }
    }
}

/// The question what a loss would leave, and its answer.
fn loss_card(data: &Data, copies: &Copies) -> AnyView {
    let lost = data.filter.lost.as_ref();
    let options = copies
        .datacenters
        .iter()
        .map(|id| {
            let (value, selected) = (id.to_string(), Some(id) == lost);
            let label = value.clone();
            view! { <option value=value selected=selected>{label}</option> }
        })
        .collect_view();
    let clear = lost.is_some().then(|| {
        let href = data.filter.href(View::Copies, data.filter.span, None);
        link_button(Weight::Plain, href, t!("filter-clear"))
    });
    let form = view! {
        <form class="filter" id="lost" action=paths::BACKUPS>
            <input type="hidden" name="view" value=View::Copies.name()/>
            <input type="hidden" name="q" value=data.filter.q.clone()/>
            <label>
                {t!("loss-label")}
                <select name="lost">{options}</select>
            </label>
            {submit(Weight::Plain, t!("loss-show"))}
            {clear}
        </form>
    };
    let answer = copies.loss.as_ref().map(|loss| loss_answer(loss, data.at));
    card(Head::new(t!("loss-title")), view! { {form}{answer} })
}

fn loss_answer(loss: &Loss, now: DateTime<Utc>) -> AnyView {
    let dc = loss.datacenter.as_str();
    let (n, total) = (text::number(loss.kept as u64), text::number(loss.total as u64));
    let sentence = t!("loss-answer", dc = dc, n = n, all = total);
    let columns = vec![
        Column::new(t!("col-database")),
        Column::new(t!("col-left")),
        Column::new(t!("col-newest")),
        Column::new(t!("col-in")),
    ];
    let rows = loss.rows.iter().map(|row| loss_row(row, now)).collect_view();
    view! {
        <p class="answer pad">{glyph(loss.worst)}<b>{sentence}</b></p>
        {table(t!("loss-title"), columns, rows)}
    }
    .into_any()
}

fn loss_row(row: &LossRow, now: DateTime<Utc>) -> AnyView {
    let count = t!("cell-copies", n = row.copies, count = text::number(row.copies as u64));
    let there = row.runs_there.then(|| t!("loss-runs-there"));
    let newest = row.newest_at.map(|at| view! { {time(at, now)} });
    let words = row.words.clone();
    view! {
        <tr>
            <th scope="row">
                <a class="quiet" href=paths::backup_set(&row.database)>
                    {row.database.to_string()}
                </a>
            </th>
            <td data-l=t!("col-left")>
                <div>
                    {state(row.tone, count)}
                    <span class="why-short">{there}" "{words}</span>
                </div>
            </td>
            <td data-l=t!("col-newest")>{newest}</td>
            <td data-l=t!("col-in")>{row.newest_in.clone()}</td>
        </tr>
    }
    .into_any()
}
