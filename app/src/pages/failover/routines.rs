//! Drills that repeat: how each stands, when it is due, and who answers for it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::failover::Scope;
use mainstay_core::failover::drill::Drill;
use mainstay_core::failover::routine::{self, Is, Routine, Stand};
use mainstay_core::id::{DatacenterId, RoutineId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, padded};
use crate::ui::time::time;
use crate::ui::tone::Tone;

/// A drill that repeats, as the store and the fleet tell of it.
#[derive(Clone, Debug)]
pub struct Repeats {
    pub id: RoutineId,
    pub routine: Routine,
    pub last: Option<DateTime<Utc>>,
    pub stand: Option<Stand>,
    pub by_itself: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FailoverRoutineRow)]
pub struct RoutineRow {
    pub id: String,
    /// The data centres that go away, with commas.
    pub what: String,
    pub group: Option<String>,
    /// The plan that it would carry out, as of now.
    pub href: String,
    pub owner: String,
    /// How often, on which days and when, in words.
    pub when: String,
    /// `later`, `due` or `overdue`.
    pub state: String,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// When it is, or became, due.
    pub due: Option<DateTime<Utc>>,
    /// The next time at which it may begin.
    pub next: Option<DateTime<Utc>>,
    /// When the same was last carried out to its end.
    pub last: Option<DateTime<Utc>>,
    pub by_itself: bool,
    /// What was in its way since it is due.
    pub put_off: Option<String>,
}

impl RoutineRow {
    fn of(it: &Repeats, drills: &[Drill]) -> Self {
        let Repeats { id, routine, last, stand, by_itself } = it;
        let names: Vec<_> = routine.datacenters.iter().map(DatacenterId::as_str).collect();
        let what = names.join(",");
        let href = paths::failover_plan(&what);
        let (group, href) = match routine.scope() {
            Scope::Group { group } => {
                let href = paths::with_query(&href, &[("group", group.as_str())]);
                (Some(group.to_string()), href)
            }
            Scope::All | Scope::Service { .. } => (None, href),
        };
        let (state, tone, word) = match stand.map(|stand| stand.is) {
            Some(is @ Is::Later) => (is.name(), Tone::Ok, t!("routine-later")),
            Some(is @ Is::Due) => (is.name(), Tone::Warn, t!("routine-due")),
            Some(is @ Is::Overdue) => (is.name(), Tone::Crit, t!("routine-overdue")),
            None => ("unknown", Tone::Unk, t!("routine-never")),
        };
        let put_off = stand.as_ref().and_then(|stand| routine::put_off(id, stand, drills));
        Self {
            id: id.to_string(),
            what,
            group,
            href,
            owner: routine.owner.clone(),
            when: when(routine),
            state: state.to_owned(),
            tone,
            word,
            due: stand.map(|stand| stand.due),
            next: stand.map(|stand| stand.next.start),
            last: *last,
            by_itself: *by_itself,
            put_off: put_off.map(|why| text::sentence(&why)),
        }
    }
}

/// `Every 90 days, on Tuesday, 02:00 to 04:00 there.`
fn when(routine: &Routine) -> String {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    let (from, to) = routine.window_minutes;
    let (n, days) = (i64::from(routine.every_days), text::number(routine.every_days));
    let every = t!("routine-every", n = n, days = days);
    let window = t!("routine-window", from = clock(from), to = clock(to));
    if routine.on.is_empty() {
        return format!("{every}, {window}");
    }
    let on = text::list(routine.on.iter().map(|day| text::backup::weekday(*day)));
    format!("{every}, {}, {window}", t!("routine-on", days = on))
}

pub(super) fn rows(all: &[Repeats], drills: &[Drill]) -> Vec<RoutineRow> {
    all.iter().map(|it| RoutineRow::of(it, drills)).collect()
}

/// The card; none where none is declared.
pub(super) fn view(rows: &[RoutineRow], at: DateTime<Utc>) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let items: Vec<_> = rows.iter().map(|row| one(row, at)).collect();
    let list = view! { <ul class="checks">{items}</ul> };
    Some(padded(Head::new(t!("routines-title")), list))
}

fn one(row: &RoutineRow, at: DateTime<Utc>) -> AnyView {
    let due = row.due.map(|due| {
        let words =
            if row.state == Is::Later.name() { t!("routine-on-day") } else { t!("routine-since") };
        view! { " "{words}" "{time(due, at)} }
    });
    let last = match row.last {
        None => t!("routine-last-never").into_any(),
        Some(last) => view! { {t!("routine-last")}" "{time(last, at)} }.into_any(),
    };
    let how = match (row.by_itself, row.next) {
        (true, Some(next)) => view! { {t!("routine-by-itself")}" "{time(next, at)}"." }.into_any(),
        (true, None) | (false, _) => t!("routine-by-hand").into_any(),
    };
    let start = (row.state != Is::Later.name())
        .then(|| link_button(Weight::Plain, row.href.clone(), t!("routine-start")));
    let put_off = row.put_off.clone().map(|why| {
        view! { <br/><span class="muted">{t!("routine-put-off", why = why)}</span> }
    });
    let group = row.group.clone().map(|group| format!(" · {group}"));
    view! {
        <li>
            <span>
                {state(row.tone, row.word.clone())}{due}": "
                <a href=row.href.clone()>{row.what.replace(',', ", ")}</a>{group}
                <br/>
                <span class="muted">
                    {row.id.clone()}" · "{row.owner.clone()}" · "{row.when.clone()}" · "{last}
                </span>
                <br/>
                <span class="muted">{how}</span>
                {put_off}
            </span>
            {start}
        </li>
    }
    .into_any()
}
