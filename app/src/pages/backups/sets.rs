//! Sets: what each database's copies are worth, in a row.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::estate::Contact;
use mainstay_core::id::{DatabaseId, DatacenterId, GroupId};
use serde::Serialize;
use utoipa::ToSchema;

use super::picture::Picture;
use super::{Data, paths};
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::card::{Head, card};
use crate::ui::table::{Column, table};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// The copies of one database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SetRow {
    #[schema(value_type = String)]
    pub database: DatabaseId,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    pub href: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// When it is made, in words.
    pub when: String,
    /// The newest copy that can be used was complete then.
    pub newest_at: Option<DateTime<Utc>>,
    /// Copies that can be used, and data centres that have one.
    pub copies: usize,
    #[schema(value_type = Vec<String>)]
    pub places: Vec<DatacenterId>,
    pub retention_days: u16,
    /// From when to when it can be recovered for certain, the newest stretch.
    pub recoverable_from: Option<DateTime<Utc>>,
    pub recoverable_to: Option<DateTime<Utc>>,
    /// The last test restore that passed.
    pub proven_at: Option<DateTime<Utc>>,
    /// Repositories that could not be read, and why.
    pub unread: Vec<Unread>,
    /// What is short, a sentence each.
    pub short: Vec<String>,
    /// When the repositories were read; old while the agent is silent.
    pub read_at: Option<DateTime<Utc>>,
    pub heard: bool,
    /// The next window.
    pub next_at: Option<DateTime<Utc>>,
}

/// A repository that could not be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Unread {
    #[schema(value_type = String)]
    pub datacenter: DatacenterId,
    pub why: String,
}

impl SetRow {
    pub fn of(picture: &Picture<'_>) -> Self {
        let now = picture.now();
        let database = picture.database();
        let declared = picture.estate.fleet.databases.get(database);
        let (tone, word) = picture.standing();
        let mut places: Vec<_> =
            picture.usable().iter().map(|held| held.datacenter.clone()).collect();
        places.sort();
        places.dedup();
        let span = picture.recoverable().spans.pop();
        let coverage = picture.coverage();
        let short = coverage.into_iter().flat_map(|it| &it.shortfalls);
        let ahead = picture.schedule.windows(now, now + chrono::TimeDelta::days(60));
        let unread = picture.unread().into_iter();
        Self {
            database: database.clone(),
            group: declared.map(|it| it.group.clone()),
            href: paths::backup_set(database),
            tone,
            word,
            when: text::backup::when(&picture.schedule),
            newest_at: picture.usable().first().map(|held| held.copy.finished),
            copies: coverage.map_or(0, |it| it.copies),
            places,
            retention_days: picture.schedule.policy.retention_days,
            recoverable_from: span.as_ref().map(|span| span.from),
            recoverable_to: span.as_ref().map(|span| span.at_least),
            proven_at: coverage.and_then(|it| it.proven_at),
            unread: unread.map(|(datacenter, why)| Unread { datacenter, why }).collect(),
            short: short.map(|it| text::backup::shortfall(it, now)).collect(),
            read_at: picture.report.map(|it| it.read_at),
            heard: picture.contact == Contact::Reporting,
            next_at: ahead.map(|window| window.start).next(),
        }
    }

    /// `3 h 12 min, 19 Nov 23:58`, or that there is none.
    pub fn newest(&self, now: DateTime<Utc>) -> AnyView {
        match self.newest_at {
            Some(at) => age(at, now),
            None if self.read_at.is_none() => t!("unknown-word").into_any(),
            None => t!("set-no-copy").into_any(),
        }
    }

    pub fn proven(&self, now: DateTime<Utc>) -> AnyView {
        match self.proven_at {
            Some(at) => age(at, now),
            None => t!("set-never").into_any(),
        }
    }

    /// `13 Nov 02:20 to 20 Nov 02:24`.
    pub fn recoverable(&self, now: DateTime<Utc>) -> AnyView {
        match self.recoverable_from.zip(self.recoverable_to) {
            Some((from, to)) => view! {
                <span>
                    <span class="nowrap">{time(from, now)}</span>
                    " "
                    <span class="nowrap">{t!("to-word")}" "{time(to, now)}</span>
                </span>
            }
            .into_any(),
            None => t!("unknown-word").into_any(),
        }
    }

    /// Where copies are; a repository that could not be read is named as such.
    pub fn places(&self) -> AnyView {
        let places = text::list(self.places.iter().map(|id| id.as_str()));
        let unread = self.unread.iter().map(|it| it.datacenter.as_str());
        let unread = text::list(unread);
        let unread = (!unread.is_empty()).then(|| {
            let words = t!("places-unread", names = unread.as_str());
            view! { " "<span class="unk">{words}</span> }
        });
        view! { <span>{places}{unread}</span> }.into_any()
    }
}

/// An age with its time.
pub(super) fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> AnyView {
    let age = text::duration(now - at);
    view! {
        <span>
            <span class="nowrap">{age}</span>
            " "
            <span class="muted nowrap">{time(at, now)}</span>
        </span>
    }
    .into_any()
}

pub(super) fn view(data: &Data) -> AnyView {
    let columns = vec![
        Column::new(t!("col-database")),
        Column::new(t!("col-state")),
        Column::new(t!("col-policy")),
        Column::new(t!("col-newest")),
        Column::number(t!("col-copies")),
        Column::new(t!("col-places")),
        Column::new(t!("col-recoverable")),
        Column::new(t!("col-proven")),
        Column::new(t!("col-next")),
    ];
    let rows = data.sets.iter().map(|row| item(row, data.at)).collect_view();
    let count = text::number(data.total as u64);
    card(
        Head::new(t!("backups-sets")).note(count).right(t!("backups-times-utc")),
        table(t!("backups-sets"), columns, rows),
    )
}

fn item(row: &SetRow, now: DateTime<Utc>) -> AnyView {
    let short = (!row.short.is_empty()).then(|| {
        let words = row.short.join(" ");
        view! { <span class="why-short">{words}</span> }
    });
    let next = row.next_at.map(|at| time(at, now));
    let old = (!row.heard).then_some("old");
    view! {
        <tr class=old>
            <th scope="row">
                <a class="quiet" href=row.href.clone()>{row.database.to_string()}</a>
            </th>
            <td data-l=t!("col-state")>
                <div>{state(row.tone, row.word.clone())}{short}</div>
            </td>
            <td data-l=t!("col-policy") class="wrap">{row.when.clone()}</td>
            <td data-l=t!("col-newest")>{row.newest(now)}</td>
            <td data-l=t!("col-copies") class="num">{text::number(row.copies as u64)}</td>
            <td data-l=t!("col-places")>{row.places()}</td>
            <td data-l=t!("col-recoverable")>{row.recoverable(now)}</td>
            <td data-l=t!("col-proven")>{row.proven(now)}</td>
            <td data-l=t!("col-next")>{next}</td>
        </tr>
    }
    .into_any()
}
