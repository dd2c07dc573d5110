//! `/backups/sets/{database}`: the policy of one database, its copies, and what is done about them.

mod kept;
mod plan;
mod repositories;
mod work;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::access::Target;
use mainstay_core::backup::clock::Pace;
use mainstay_core::backup::work::Archiver;
use mainstay_core::id::{DatabaseId, GroupId};
use serde::Serialize;
use utoipa::ToSchema;

pub use kept::KeptRow;
pub(super) use plan::goes;
pub use plan::{Ahead, GoesRow, Hindrance, Reach};
pub use repositories::{CopyRow, Repository};
pub use work::{Part, RunRow, WorkRow};
pub(super) use work::{check, clean_up, detail as run_detail, parts, result, step};

use super::picture::Picture;
use super::restore::let_go;
use super::sets::SetRow;
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::callout;
use crate::ui::button::{Weight, disabled, link_button};
use crate::ui::card::{Head, columns, padded};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub at: DateTime<Utc>,
    /// Seconds in which a day of the policies passes, where it is not a day: every time here is
    /// the policies'.
    #[serde(skip_serializing_if = "Pace::is_real")]
    #[schema(value_type = Option<u32>)]
    pub day_seconds: Pace,
    #[schema(value_type = String)]
    pub database: DatabaseId,
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupId>,
    /// How the set stands, as in the list.
    pub set: SetRow,
    /// Where the database runs, as an agent says.
    pub host: Option<String>,
    /// How that agent is heard, in words.
    pub contact: String,
    /// What the policy asks for, a sentence each.
    pub policy: Vec<String>,
    /// The next windows.
    pub ahead: Vec<Ahead>,
    /// From when to when it can be recovered.
    pub reach: Vec<Reach>,
    /// When the archived log was stored last.
    pub log_stored_at: Option<DateTime<Utc>>,
    /// What Postgres tells of its archiving; `None`: it was not asked, or takes no writes.
    #[schema(value_type = Option<Object>)]
    pub archiver: Option<Archiver>,
    pub repositories: Vec<Repository>,
    /// What goes when, and why the rest stays.
    pub goes: Vec<GoesRow>,
    /// Runs, the newest first.
    pub runs: Vec<RunRow>,
    /// Test restores, readings, removals, the newest first.
    pub work: Vec<WorkRow>,
    /// What stands in the way of backups.
    pub hindrances: Vec<Hindrance>,
    /// Data directories that restores set aside and nobody let go, the oldest first.
    pub set_aside: Vec<String>,
    /// Restored copies that stay for a while, wherever they are.
    pub kept: Vec<KeptRow>,
}

/// How far back runs are listed.
pub const RUNS: TimeDelta = TimeDelta::days(60);

pub fn build(picture: &Picture<'_>) -> Data {
    let database = picture.database();
    let declared = picture.estate.fleet.databases.get(database);
    Data {
        at: picture.now(),
        day_seconds: picture.estate.pace,
        database: database.clone(),
        group: declared.map(|it| it.group.clone()),
        set: SetRow::of(picture),
        host: picture.host.map(ToString::to_string),
        contact: text::contact(picture.contact, picture.now()),
        policy: text::backup::policy(&picture.schedule),
        ahead: plan::ahead(picture),
        reach: plan::reach(picture),
        log_stored_at: picture.log_stored_at(),
        archiver: picture.report.and_then(|report| report.archiver.clone()),
        repositories: repositories::build(picture),
        goes: plan::goes(picture),
        runs: work::runs(picture),
        work: work::build(picture),
        hindrances: plan::hindrances(picture),
        set_aside: picture.report.map(|it| it.set_aside.clone()).unwrap_or_default(),
        kept: kept::build(picture),
    }
}

pub fn title(data: &Data) -> String {
    t!("set-title", db = data.database.as_str(), state = data.set.word.to_lowercase())
}

pub fn topics() -> Vec<String> {
    vec!["estate".to_owned()]
}

pub fn target(data: &Data) -> Target<'_> {
    Target { group: data.group.as_ref(), datacenter: None }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let set = &data.set;
    let head = page_head(PageHead {
        title: data.database.to_string(),
        crumbs: vec![Crumb::new(paths::BACKUPS, t!("nav-backups"))],
        badge: Some(badge(set.tone, set.word.clone())),
        note: Some(note(data)),
        actions: Some(run_now(data, reader)),
    });
    let main = view! {
        <div class="stack" data-swap="set-main">
            {old(data)}
            {short(data)}
            {kept::view(data, reader)}
            {set_aside(data, reader)}
            {work::runs_card(data)}
            {repositories::view(data)}
            {plan::goes_card(data)}
            {work::view(data)}
        </div>
    };
    let policy = data.policy.iter().map(|words| view! { <li>{words.clone()}</li> }).collect_view();
    let side = view! {
        {plan::ahead_card(data)}
        {padded(Head::new(t!("set-policy")), view! { <ul class="sentences">{policy}</ul> })}
        {plan::reach_card(data)}
        {plan::hindrances_card(data)}
    };
    view! { {head}{columns(main, side)} }.into_any()
}

fn note(data: &Data) -> AnyView {
    let runs = match &data.host {
        Some(host) => t!("set-runs-in", dc = host.as_str()),
        None => t!("set-runs-unknown"),
    };
    let read = data.set.read_at.map(|at| t!("set-read", at = text::moment(at, data.at)));
    let group = data.group.as_ref().map(|group| {
        let (href, name) = (paths::group(group), group.to_string());
        view! { " "{t!("col-group")}": "<a href=href>{name}</a>"." }
    });
    view! { {runs}" "{read}{group} }.into_any()
}

fn run_now(data: &Data, reader: &Reader) -> AnyView {
    let restores = paths::with_query(paths::BACKUPS, &[("view", "restores")]);
    let restores = link_button(Weight::Plain, restores, t!("restores"));
    let run = match reader.may_operate(target(data)) {
        Ok(()) => {
            let href = paths::action(&paths::backup_set(&data.database), "run-now");
            link_button(Weight::Primary, href, t!("run-now"))
        }
        Err(refusal) => disabled(t!("run-now"), text::refusal(&refusal)),
    };
    view! { {restores}{run} }.into_any()
}

/// What was there before restores, until somebody lets it go.
fn set_aside(data: &Data, reader: &Reader) -> Option<AnyView> {
    (!data.set_aside.is_empty()).then(|| {
        let db = data.database.as_str();
        let items = data.set_aside.iter().map(|path| {
            let go = let_go::button(db, path, reader.may_operate(target(data)).err());
            view! { <li><span class="mono wrap">{path.clone()}</span>" "{go}</li> }
        });
        let items = items.collect_view();
        let body = view! {
            <p class="second">{t!("set-aside-detail")}</p>
            <ul class="sentences">{items}</ul>
        };
        padded(Head::new(t!("set-aside")), body)
    })
}

/// Nothing newer is told: what follows is old.
fn old(data: &Data) -> Option<AnyView> {
    if data.host.is_none() {
        let detail = t!("set-unseen-detail");
        return Some(callout(Tone::Unk, t!("set-unseen-title"), detail, None));
    }
    (!data.set.heard).then(|| {
        let at = data.set.read_at.map(|at| text::moment(at, data.at)).unwrap_or_default();
        callout(Tone::Unk, t!("set-old-title"), t!("set-old-detail", at = at), None)
    })
}

/// What is short, and what could not be read.
fn short(data: &Data) -> Option<AnyView> {
    let unread = data.set.unread.iter().map(|it| {
        let (dc, why) = (it.datacenter.as_str(), text::sentence(&it.why));
        (Tone::Unk, t!("set-unread-line", dc = dc, why = why))
    });
    let look = match data.set.tone {
        Tone::Crit => Tone::Crit,
        Tone::Warn | Tone::Unk | Tone::Plan | Tone::Prog | Tone::Ok | Tone::Pause => Tone::Warn,
    };
    let short = data.set.short.iter().map(|words| (look, words.clone()));
    let damaged = data.repositories.iter().filter_map(repositories::damaged_words);
    let damaged = damaged.map(|words| (Tone::Warn, words));
    let lines: Vec<_> = short.chain(unread).chain(damaged).collect();
    (!lines.is_empty()).then(|| {
        let items = lines
            .into_iter()
            .map(|(tone, words)| view! { <li>{glyph(tone)}<span>{words}</span></li> })
            .collect_view();
        padded(Head::new(t!("set-short-title")), view! { <ul class="checks">{items}</ul> })
    })
}
