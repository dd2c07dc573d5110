//! `/backups/restores/{id}/do/allow` and `…/do/refuse`: what a second person looks at, and the form
//! that answers whoever asked.

use leptos::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::ask::{Typed, asking, reason, what_happens};
use super::one::{self, Data as OneData, proof_line};
use super::{may_allow, may_refuse};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::ui::badge::badge;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Mistake, form};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = RestoreVerb)]
pub enum Verb {
    Allow,
    Refuse,
}

impl Verb {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse => "refuse",
        }
    }

    fn title(self, db: &str) -> String {
        match self {
            Self::Allow => t!("restore-allow-title", db = db),
            Self::Refuse => t!("restore-refuse-title", db = db),
        }
    }

    fn label(self) -> String {
        match self {
            Self::Allow => t!("restore-allow-do"),
            Self::Refuse => t!("restore-refuse-do"),
        }
    }

    pub fn may(self, data: &OneData, reader: &Reader) -> Result<(), String> {
        match self {
            Self::Allow => may_allow(&data.restore, reader),
            Self::Refuse => may_refuse(&data.restore, reader),
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RestoreDecision)]
pub struct Data {
    pub one: OneData,
    pub verb: Verb,
    /// Why it cannot be allowed as it stands now.
    pub hindrance: Option<String>,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// What is wrong with a refusal as it was typed.
pub fn mistakes(typed: &Typed) -> Vec<Mistake> {
    reason(typed)
}

pub fn title(data: &Data) -> String {
    let title = data.verb.title(&data.one.restore.database);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.one.restore;
    let mut crumbs = one::crumbs(row);
    crumbs.push(Crumb::new(row.href.clone(), row.id.clone()));
    let head = page_head(PageHead {
        title: data.verb.title(&row.database),
        crumbs,
        badge: Some(badge(row.tone, row.word.clone())),
        note: Some(
            t!("restore-asked", by = row.by.as_str(), reason = row.reason.as_str()).into_any(),
        ),
        actions: None,
    });
    let hindrance =
        data.hindrance.clone().map(|why| callout(Tone::Crit, t!("restore-not-now"), why, None));
    let main = view! {
        <div class="stack">
            {hindrance}
            {proof_line(row, &data.one.proof)}
            {what_happens(&data.one.lines)}
        </div>
    };
    view! { {head}{columns(main, side(data, reader))} }.into_any()
}

fn side(data: &Data, reader: &Reader) -> AnyView {
    let (row, label) = (&data.one.restore, data.verb.label());
    if !row.waits() {
        return card(Head::new(&*label), no_permission(row.detail.clone(), &*label));
    }
    if let Err(why) = data.verb.may(&data.one, reader) {
        return card(Head::new(&*label), no_permission(why, &*label));
    }
    let head = Head::new(&*label);
    match data.verb {
        Verb::Refuse => {
            let typed = (&data.typed, data.mistakes.as_slice());
            padded(head, asking(&row.href, "refuse", label, typed, reader, ()))
        }
        Verb::Allow => {
            let key = data.typed.key.clone();
            let words = t!("restore-allow-words", by = row.by.as_str());
            let body = view! {
                <input type="hidden" name="key" value=key/>
                <p class="second">{words}</p>
                <div class="chips">
                    {submit(Weight::Danger, label)}
                    {link_button(Weight::Plain, row.href.clone(), t!("keep-as-is"))}
                </div>
            };
            padded(head, form(paths::action(&row.href, "allow"), &reader.csrf, body))
        }
    }
}
