//! `/backups/runs/{id}`: what became of one window, or of a backup that a person asked for.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Kind;
use mainstay_core::backup::job::Progress;
use mainstay_core::backup::run::{Origin, Run, State};
use mainstay_core::backup::work::WorkState;
use mainstay_core::id::DatabaseId;
use serde::Serialize;
use utoipa::ToSchema;

use super::mark::{Look, of_run};
use super::picture::Picture;
use super::set::run_detail;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::{callout, empty};
use crate::ui::card::{Head, card, columns, key_values, padded};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head_of};
use crate::ui::raw;
use crate::ui::time::{time, time_full};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// As it is written down: all its tries, in the terms of core.
    #[schema(value_type = Object)]
    pub run: Run,
    pub look: Look,
    pub word: String,
    #[schema(value_type = String)]
    pub kind: Kind,
    /// How far it is, or what stands in its way.
    pub detail: String,
    /// Hundredths of a percent of the phase it is in, where that is told.
    pub done_bp: Option<u16>,
    /// The page of the copy that was made.
    pub copy: Option<String>,
    pub tries: Vec<TryRow>,
}

/// A try that failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TryRow {
    pub number: usize,
    pub datacenter: String,
    pub ordered_at: DateTime<Utc>,
    pub failed_at: DateTime<Utc>,
    pub why: String,
}

pub fn build(picture: &Picture<'_>, run: &Run) -> Data {
    let mark = of_run(picture, run);
    let tries = run.tries.iter().enumerate().map(|(at, it)| TryRow {
        number: at + 1,
        datacenter: it.datacenter.to_string(),
        ordered_at: it.ordered_at,
        failed_at: it.failed_at,
        why: text::backup::failure(&it.failure),
    });
    let copy = match &run.state {
        State::Done { datacenter, done, .. } => {
            Some(paths::backup_copy(picture.database(), datacenter, &done.copy.label))
        }
        State::Waiting { .. } | State::Ordered { .. } | State::Missed { .. } => None,
    };
    Data {
        at: picture.now(),
        look: mark.look,
        word: mark.look.word(),
        kind: mark.kind,
        detail: run_detail(picture, run),
        done_bp: progress(picture, run).and_then(|it| it.done_bp),
        copy,
        tries: tries.collect(),
        run: run.clone(),
    }
}

fn progress(picture: &Picture<'_>, run: &Run) -> Option<Progress> {
    let State::Ordered { agent, work, .. } = &run.state else { return None };
    match picture.work(agent, work)?.state {
        WorkState::Running { progress } => Some(progress),
        WorkState::Waiting | WorkState::Done { .. } | WorkState::Failed { .. } => None,
    }
}

fn database(data: &Data) -> &DatabaseId {
    &data.run.planned.database
}

pub fn title(data: &Data) -> String {
    let word = data.word.to_lowercase();
    t!("run-title", id = data.run.id.to_string(), db = database(data).as_str(), state = word)
}

pub fn view(data: &Data) -> AnyView {
    let db = database(data);
    let title = t!("run-head", kind = text::backup::kind(data.kind), db = db.as_str());
    let crumbs = vec![
        Crumb::new(paths::BACKUPS, t!("nav-backups")),
        Crumb::new(paths::backup_set(db), db.to_string()),
    ];
    let head = page_head_of(
        data.run.id.to_string(),
        PageHead {
            title,
            crumbs,
            badge: Some(badge(data.look.badge(), data.word.clone())),
            note: Some(origin(data).into_any()),
            actions: None,
        },
    );
    let main = view! {
        <div class="stack" data-swap="run-main">
            {state_card(data)}
            {tries(data)}
        </div>
    };
    let side = padded(Head::new(t!("facts")), facts(data));
    view! { {head}{columns(main, side)} }.into_any()
}

fn origin(data: &Data) -> String {
    match &data.run.origin {
        Origin::Plan => t!("run-by-plan"),
        Origin::Person { by, reason } => {
            t!("run-by-person", by = by.as_str(), reason = reason.as_str())
        }
    }
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
    let copy = data.copy.clone().map(|href| view! { " "<a href=href>{t!("run-open-copy")}</a> });
    let late = match data.look {
        Look::Late => {
            let late = text::minutes(data.at - data.run.planned.window_end);
            Some(t!("run-late-by", time = late))
        }
        Look::Missed
        | Look::Failing
        | Look::Stuck
        | Look::Unknown
        | Look::Running
        | Look::Planned
        | Look::DoneLate
        | Look::Done => None,
    };
    let detail = view! { {late}" "{data.detail.clone()}{copy} };
    let line = callout(data.look.badge(), data.word.clone(), detail, None);
    view! { {line}{bar} }.into_any()
}

fn tries(data: &Data) -> AnyView {
    let head = Head::new(t!("run-tries")).note(text::number(data.tries.len() as u64));
    if data.tries.is_empty() {
        return card(head, empty(t!("tries-none"), t!("tries-none-detail"), None));
    }
    let items = data
        .tries
        .iter()
        .rev()
        .map(|it| {
            let number = text::number(it.number as u64);
            let took = text::duration(it.failed_at - it.ordered_at);
            let what = t!("try", n = number, dc = it.datacenter.as_str(), time = took);
            view! {
                <li>
                    {time(it.failed_at, data.at)}
                    {glyph(Tone::Warn)}
                    <span>{what}" "{it.why.clone()}</span>
                </li>
            }
        })
        .collect_view();
    card(head.right(t!("newest-first")), view! { <ul class="log">{items}</ul> })
}

fn facts(data: &Data) -> AnyView {
    let planned = &data.run.planned;
    let datacenter = match &data.run.state {
        State::Done { datacenter, .. } | State::Ordered { datacenter, .. } => datacenter,
        State::Waiting { .. } | State::Missed { .. } => &planned.datacenter,
    };
    let moved = (*datacenter != planned.datacenter)
        .then(|| t!("run-planned-in", dc = planned.datacenter.as_str()));
    let moved = moved.map(|words| view! { <br/><span class="muted">{words}</span> });
    let place = datacenter.to_string();
    let set = paths::backup_set(&planned.database);
    let name = planned.database.to_string();
    let window = match data.run.origin {
        Origin::Plan => t!("col-window"),
        Origin::Person { .. } => t!("run-given"),
    };
    key_values(vec![
        (t!("col-database"), view! { <a href=set>{name}</a> }.into_any()),
        (t!("col-kind"), text::backup::kind(data.kind).into_any()),
        (t!("col-dc"), view! { {place}{moved} }.into_any()),
        (window, time_full(planned.window_start)),
        (t!("run-until"), time_full(planned.window_end)),
        (t!("run-kept-until"), time_full(planned.expires_at)),
        (t!("run-revision"), text::number(data.run.revision).into_any()),
    ])
}
