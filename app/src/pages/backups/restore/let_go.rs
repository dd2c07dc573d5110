//! `/backups/sets/{database}/do/let-go`: what letting a data directory go means that a restore set
//! aside, or a restored copy that stayed, and the form that asks for it. Of what is in a data
//! directory there is nothing else, so its database is named; the copy is still there, so a reason
//! does.

use leptos::prelude::*;
use mainstay_core::access::Refusal;
use mainstay_core::backup::work::Leftover;
use mainstay_core::estate::{Contact, Estate};
use mainstay_core::id::DatabaseId;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::ask::{self, Line, Typed, what_happens};
use super::super::picture::Picture;
use super::super::set::{self, Data as SetData};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, disabled, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Mistake, error_summary, field, form, mistakes_title};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LetGoReview)]
pub struct Data {
    pub set: SetData,
    /// The data directory or the folder of the restored copy, as the agent names it.
    pub path: String,
    #[schema(value_type = String)]
    pub leftover: Leftover,
    pub lines: Vec<Line>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// `None`: nothing of that name is kept.
pub fn build(picture: &Picture<'_>, path: &str, typed: Typed) -> Option<Data> {
    let line = |tone, words| Line { tone, words };
    let kept = picture.estate.kept(picture.database()).find(|(_, kept)| kept.path == path);
    let (leftover, removes, heard) = match kept {
        Some((agent, _)) => {
            let removes = line(Tone::Warn, t!("let-go-ends", dc = agent.as_str()));
            (Leftover::Kept, removes, picture.estate.contact(agent) == Contact::Reporting)
        }
        None => {
            picture.report?.set_aside.iter().find(|kept| *kept == path)?;
            let dc = picture.host.map(ToString::to_string).unwrap_or_default();
            let removes = line(Tone::Crit, t!("let-go-removes", dc = dc));
            (Leftover::SetAside, removes, picture.heard())
        }
    };
    let untouched = t!("let-go-untouched", db = picture.database().as_str());
    let mut lines = vec![removes, line(Tone::Ok, untouched)];
    if !heard {
        lines.push(line(Tone::Unk, t!("let-go-silent")));
    }
    Some(Data {
        set: set::build(picture),
        path: path.to_owned(),
        leftover,
        lines,
        typed,
        mistakes: Vec::new(),
    })
}

/// What is missing to let go what is at the path.
pub fn mistakes(estate: &Estate, database: &DatabaseId, path: &str, typed: &Typed) -> Vec<Mistake> {
    if estate.kept(database).any(|(_, kept)| kept.path == path) {
        return ask::reason(typed);
    }
    match typed.confirm.trim() == database.as_str() {
        true => Vec::new(),
        false => vec![Mistake::new("confirm", t!("database-name", name = database.as_str()))],
    }
}

fn heading(data: &Data) -> String {
    let db = data.set.database.as_str();
    match data.leftover {
        Leftover::SetAside => t!("let-go-title", db = db),
        Leftover::Kept => t!("let-go-kept-title", db = db),
    }
}

pub fn title(data: &Data) -> String {
    let title = heading(data);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

/// The way there, from the set and from the restore.
pub fn button(database: &str, path: &str, refusal: Option<Refusal>) -> AnyView {
    match refusal {
        None => link_button(Weight::Plain, paths::let_go(database, path), t!("let-go")),
        Some(refusal) => disabled(t!("let-go"), text::refusal(&refusal)),
    }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let db = &data.set.database;
    let object = paths::backup_set(db);
    let head = page_head(PageHead {
        title: heading(data),
        crumbs: vec![
            Crumb::new(paths::BACKUPS, t!("nav-backups")),
            Crumb::new(object.clone(), db.to_string()),
        ],
        badge: Some(badge(data.set.set.tone, data.set.set.word.clone())),
        note: Some(data.path.clone().into_any()),
        actions: None,
    });
    let label = t!("let-go-do");
    let side = match reader.may_operate(set::target(&data.set)).err() {
        Some(refusal) => card(Head::new(&*label), no_permission(text::refusal(&refusal), &*label)),
        None => padded(Head::new(&*label), asking(data, &object, label, reader)),
    };
    view! { {head}{columns(what_happens(&data.lines), side)} }.into_any()
}

fn asking(data: &Data, object: &str, label: String, reader: &Reader) -> AnyView {
    let confirm = match data.leftover {
        Leftover::SetAside => Field {
            name: "confirm",
            label: t!("database-confirm", name = data.set.database.as_str()),
            value: data.typed.confirm.clone(),
            autocomplete: Some("off"),
            required: true,
            ..Field::default()
        },
        Leftover::Kept => ask::why(&data.typed),
    };
    let (key, path) = (data.typed.key.clone(), data.path.clone());
    let body = view! {
        {error_summary(mistakes_title(&data.mistakes), &data.mistakes)}
        <input type="hidden" name="key" value=key/>
        <input type="hidden" name="path" value=path/>
        {field(confirm, &data.mistakes)}
        <div class="chips">
            {submit(Weight::Danger, label)}
            {link_button(Weight::Plain, object, t!("keep-as-is"))}
        </div>
    };
    form(paths::action(object, "let-go"), &reader.csrf, body)
}
