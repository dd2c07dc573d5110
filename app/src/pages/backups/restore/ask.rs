//! `/backups/sets/{database}/copies/{datacenter}/{label}/do/restore`: what a restore over the live
//! database loses and needs, and the form that asks for it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mainstay_core::backup::Label;
use mainstay_core::backup::job::Target;
use mainstay_core::backup::restore::{REQUEST_VALID, Request};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::ask::{Line, Typed, asking, reason, targets, what_happens};
use super::super::copy::{self, Data as CopyData};
use super::super::picture::Picture;
use super::{consequences, proof};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::{callout, no_permission};
use crate::ui::button::{Weight, link_button};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Mistake, field};
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RestoreReview)]
pub struct Data {
    pub copy: CopyData,
    /// What it does to the target that is looked at.
    pub lines: Vec<Line>,
    /// The test restore to this target, or that there is none.
    pub proof: Line,
    /// Where to make one, with the same target.
    pub prove: String,
    /// Where to restore it beside the database instead, with the same target.
    pub beside: String,
    #[serde(skip)]
    pub typed: Typed,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// `None`: there is no such copy.
pub fn build(picture: &Picture<'_>, data: CopyData, typed: Typed) -> Option<Data> {
    data.copy.as_ref()?;
    let (estate, work) = (picture.estate, &picture.known.work);
    let request = Request {
        database: data.database.clone(),
        datacenter: data.datacenter.clone(),
        label: Label(data.label.clone()),
        target: typed.target(picture.now()).unwrap_or(Target::EndOfCopy),
        by: String::new(),
        reason: String::new(),
        at: picture.now(),
        unproven: false,
    };
    let mut lines = consequences(estate, &request, work);
    let time = text::duration(REQUEST_VALID);
    lines.push(Line { tone: Tone::Plan, words: t!("restore-second", time = time) });
    let prove = paths::action(&copy::address(&data), "prove");
    let (target, moment) = (typed.target.as_str(), typed.moment.trim());
    let moment = if target == "moment" { moment } else { "" };
    let of_target = [("target", target), ("moment", moment)];
    Some(Data {
        proof: proof(estate, &request, work, picture.now()),
        prove: paths::with_query(&prove, &of_target),
        beside: paths::with_query(&prove, &[&of_target[..], &[("keep", "yes")]].concat()),
        copy: data,
        lines,
        typed,
        mistakes: Vec::new(),
    })
}

/// The target that was typed, or what is wrong with the form.
pub fn read(
    database: &str,
    typed: &Typed,
    now: DateTime<Utc>,
) -> Result<(Target, bool), Vec<Mistake>> {
    let mut mistakes = reason(typed);
    let unproven = typed.confirm.trim();
    if !unproven.is_empty() && unproven != database {
        mistakes.push(Mistake::new("confirm", t!("database-name", name = database)));
    }
    let target = typed.target(now);
    if target.is_none() {
        mistakes.insert(0, Mistake::new("moment", t!("mistake-moment")));
    }
    let target = target.filter(|_| mistakes.is_empty()).ok_or(mistakes)?;
    Ok((target, !unproven.is_empty()))
}

/// Why it was not done.
pub fn refused(words: &str) -> Mistake {
    Mistake::new("target", text::sentence(&words))
}

pub fn title(data: &Data) -> String {
    let db = data.copy.database.as_str();
    let title = t!("restore-ask-title", label = data.copy.label.as_str(), db = db);
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let (tone, word) = copy::standing(&data.copy);
    let object = copy::address(&data.copy);
    let mut crumbs = copy::crumbs(&data.copy);
    crumbs.push(Crumb::new(object.clone(), data.copy.label.clone()));
    let db = data.copy.database.as_str();
    let head = page_head(PageHead {
        title: t!("restore-ask-head", db = db),
        crumbs,
        badge: Some(badge(tone, word)),
        note: Some(t!("restore-ask-note").into_any()),
        actions: None,
    });
    let label = t!("restore-ask-do");
    let side = match reader.may_operate(copy::target(&data.copy)).err() {
        Some(refusal) => card(Head::new(&*label), no_permission(text::refusal(&refusal), &*label)),
        None => {
            let fields = view! {
                {targets(&data.typed, &data.mistakes)}
                {overriding(data)}
            };
            let typed = (&data.typed, data.mistakes.as_slice());
            padded(Head::new(&*label), asking(&object, "restore", label, typed, reader, fields))
        }
    };
    let href = data.beside.clone();
    let beside = view! {
        <p class="second">{t!("restore-beside")}" "<a href=href>{t!("restore-beside-link")}</a></p>
    };
    let main = view! {
        <div class="stack">{needs(data)}{beside}{what_happens(&data.lines)}</div>
    };
    view! { {head}{columns(main, side)} }.into_any()
}

/// The test restore that it needs, and where to make it.
fn needs(data: &Data) -> AnyView {
    let proven = data.proof.tone == Tone::Ok;
    let (strong, action) = match proven {
        true => (t!("restore-proof"), None),
        false => {
            let prove = link_button(Weight::Plain, data.prove.clone(), t!("prove-now"));
            (t!("restore-no-proof"), Some(prove))
        }
    };
    callout(data.proof.tone, strong, data.proof.words.clone(), action)
}

/// Where the name is typed to go without the test restore.
fn overriding(data: &Data) -> Option<AnyView> {
    let offered = data.proof.tone != Tone::Ok || !data.mistakes.is_empty();
    offered.then(|| {
        let confirm = Field {
            name: "confirm",
            label: t!("restore-override", name = data.copy.database.as_str()),
            hint: Some(t!("restore-override-hint")),
            value: data.typed.confirm.clone(),
            autocomplete: Some("off"),
            ..Field::default()
        };
        field(confirm, &data.mistakes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_the_database_overrides() {
        let now = Utc::now();
        let typed = Typed { reason: "the orders are gone".to_owned(), ..Typed::default() };
        assert_eq!(read("store-db", &typed, now), Ok((Target::EndOfCopy, false)));
        let named = Typed { confirm: " store-db ".to_owned(), ..typed.clone() };
        assert_eq!(read("store-db", &named, now), Ok((Target::EndOfCopy, true)));
        let other = Typed { confirm: "stock-db".to_owned(), ..typed.clone() };
        assert_eq!(read("store-db", &other, now).expect_err("another name")[0].field, "confirm");
        let mute = Typed { reason: String::new(), ..typed };
        assert_eq!(read("store-db", &mute, now).expect_err("no reason")[0].field, "reason");
    }
}
