//! `/backups/sets/{database}/do/let-go`: what letting a data directory go means that a restore set
//! aside, and the form that asks for it.

use leptos::prelude::*;
use mainstay_core::access::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::ask::{Line, Typed, what_happens};
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
    /// The data directory, as the agent names it.
    pub path: String,
    pub lines: Vec<Line>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// `None`: nothing of that name is kept.
pub fn build(picture: &Picture<'_>, path: &str, typed: Typed) -> Option<Data> {
    picture.report?.set_aside.iter().find(|kept| *kept == path)?;
    let line = |tone, words| Line { tone, words };
    let dc = picture.host.map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![
        line(Tone::Crit, t!("let-go-removes", dc = dc)),
        line(Tone::Ok, t!("let-go-untouched", db = picture.database().as_str())),
    ];
    if !picture.heard() {
        lines.push(line(Tone::Unk, t!("let-go-silent")));
    }
    Some(Data {
        set: set::build(picture),
        path: path.to_owned(),
        lines,
        typed,
        mistakes: Vec::new(),
    })
}

pub fn mistakes(database: &str, typed: &Typed) -> Vec<Mistake> {
    match typed.confirm.trim() == database {
        true => Vec::new(),
        false => vec![Mistake::new("confirm", t!("database-name", name = database))],
    }
}

pub fn title(data: &Data) -> String {
    let title = t!("let-go-title", db = data.set.database.as_str());
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
        title: t!("let-go-title", db = db.as_str()),
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
    let confirm = Field {
        name: "confirm",
        label: t!("database-confirm", name = data.set.database.as_str()),
        value: data.typed.confirm.clone(),
        autocomplete: Some("off"),
        required: true,
        ..Field::default()
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
