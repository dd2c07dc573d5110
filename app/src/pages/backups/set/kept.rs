//! Restored copies that stay beside the database: where they are, until when, and how to come in.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mainstay_core::backup::kept::{Hours, Kept, Server};
use mainstay_core::estate::Contact;
use mainstay_core::id::DatacenterId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::picture::Picture;
use super::super::restore::let_go;
use super::{Data, target};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::state;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, key_values, padded};
use crate::ui::form::{Field, field, form};
use crate::ui::time::time_full;
use crate::ui::tone::Tone;

/// One restored copy that stays.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeptRow {
    /// Id of the work that made it.
    pub work: String,
    /// The data centre on whose machine it is.
    pub agent: String,
    /// Its folder there, by which it is let go.
    pub path: String,
    /// Whose repository holds the copy.
    pub datacenter: String,
    pub label: String,
    /// The page of that copy.
    pub href: String,
    /// Up to where it was restored, in words.
    pub target: String,
    pub since: DateTime<Utc>,
    /// When it ends and is removed.
    pub until: DateTime<Utc>,
    /// What it took when it was made.
    pub bytes: Option<u64>,
    #[schema(value_type = String)]
    pub tone: Tone,
    pub word: String,
    /// Why its server cannot be used now.
    pub why: Option<String>,
    /// What is typed on that machine to look into it.
    pub psql: String,
    /// What is typed there to take a table out of it.
    pub pg_dump: String,
}

impl KeptRow {
    fn of(picture: &Picture<'_>, agent: &DatacenterId, kept: &Kept) -> Self {
        let heard = picture.estate.contact(agent) == Contact::Reporting;
        let (tone, word, why) = match &kept.server {
            _ if !heard => (Tone::Unk, t!("kept-silent"), None),
            Server::Running => (Tone::Ok, t!("kept-running"), None),
            Server::Down { why } => (Tone::Warn, t!("kept-down"), Some(text::sentence(why))),
        };
        Self {
            work: kept.work.clone(),
            agent: agent.to_string(),
            path: kept.path.clone(),
            datacenter: kept.datacenter.to_string(),
            label: kept.label.to_string(),
            href: paths::backup_copy(picture.database(), &kept.datacenter, &kept.label),
            target: text::backup::target(kept.target, picture.now()),
            since: kept.since,
            until: kept.until,
            bytes: kept.bytes,
            tone,
            word,
            why,
            psql: kept.psql(),
            pg_dump: kept.pg_dump(),
        }
    }
}

pub(super) fn build(picture: &Picture<'_>) -> Vec<KeptRow> {
    let told = picture.estate.kept(picture.database());
    told.map(|(agent, kept)| KeptRow::of(picture, agent, kept)).collect()
}

pub(super) fn view(data: &Data, reader: &Reader) -> AnyView {
    data.kept.iter().map(|row| one(data, row, reader)).collect_view().into_any()
}

fn one(data: &Data, row: &KeptRow, reader: &Reader) -> AnyView {
    let db = data.database.as_str();
    let copy = format!("{}, {}", row.label, row.datacenter);
    let age = text::duration(data.at - row.since);
    let left = text::duration((row.until - data.at).max(TimeDelta::zero()));
    let mut facts = vec![
        (t!("col-copy"), view! { <a class="mono" href=row.href.clone()>{copy}</a> }.into_any()),
        (t!("col-target"), row.target.clone().into_any()),
        (t!("kept-since"), moment(row.since, t!("kept-age", time = age))),
        (t!("kept-until"), moment(row.until, t!("kept-left", time = left))),
        (t!("kept-path"), view! { <span class="mono wrap">{row.path.clone()}</span> }.into_any()),
    ];
    facts.extend(row.bytes.map(|bytes| (t!("col-size"), text::bytes(bytes).into_any())));
    let why = row.why.clone().map(|why| t!("kept-why", why = why));
    let why = why.map(|words| view! { <p class="second">{words}</p> });
    let may = reader.may_operate(target(data));
    let longer = may.is_ok().then(|| longer(db, row, reader));
    let go = let_go::button(db, &row.path, may.err());
    let body = view! {
        {why}
        {key_values(facts)}
        <p class="second">{t!("kept-connect", dc = row.agent.as_str())}</p>
        <pre class="file wrap"><code>{row.psql.clone()}</code></pre>
        <p class="second">{t!("kept-take-out")}</p>
        <pre class="file wrap"><code>{row.pg_dump.clone()}</code></pre>
        <div class="chips">{go}</div>
        {longer}
    };
    let head = Head::new(t!("kept-title", dc = row.agent.as_str()));
    padded(head.note(state(row.tone, row.word.clone())), body)
}

/// The form to let it stay longer. Its key is what is shown: sent twice, it is done once.
fn longer(db: &str, row: &KeptRow, reader: &Reader) -> AnyView {
    let key = format!("{}-{}", row.work, row.until.timestamp());
    let hours = Field {
        name: "hours",
        label: t!("kept-longer-hours"),
        hint: Some(t!("kept-longer-hint")),
        value: Hours::DEFAULT.get().to_string(),
        ..Field::default()
    };
    let reason = Field { name: "reason", label: t!("kept-longer-reason"), ..Field::default() };
    let body = view! {
        <input type="hidden" name="key" value=key/>
        <input type="hidden" name="path" value=row.path.clone()/>
        {field(hours, &[])}
        {field(reason, &[])}
        {submit(Weight::Plain, t!("kept-longer"))}
    };
    let action = paths::action(&paths::backup_set(db), "keep-longer");
    view! {
        <details>
            <summary>{t!("kept-longer")}</summary>
            {form(action, &reader.csrf, body)}
        </details>
    }
    .into_any()
}

/// A moment with how far it is from now.
fn moment(at: DateTime<Utc>, far: String) -> AnyView {
    view! { {time_full(at)}" "{far} }.into_any()
}
