//! `/instances/{instance}/do/replace`: what replacing would do, and the form that does it.

use leptos::prelude::*;
use mainstay_core::estate::Estate;
use mainstay_core::id::{DatacenterId, InstanceId};
use mainstay_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::instance::{self, Data as Instance};
use crate::pages::{Counts, Reader};
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::badge::badge;
use crate::ui::block::no_permission;
use crate::ui::button::{Weight, link_button, submit};
use crate::ui::card::{Head, card, columns, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form};
use crate::ui::glyph::glyph;
use crate::ui::head::{Crumb, PageHead, page_head};
use crate::ui::tone::Tone;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Data {
    pub instance: Instance,
    /// Instances of the same service in the same data centre.
    pub counts: Counts,
    /// Others there that serve now.
    pub others_serving: u32,
    /// New for each review: a repeat of the same form does nothing twice.
    #[serde(skip)]
    pub key: String,
    /// The reason as it was typed, when the form was refused.
    #[serde(skip)]
    pub reason: String,
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

/// `None`: no such instance. `key` identifies this review.
pub fn build(estate: &Estate, id: &InstanceId, key: String) -> Option<Data> {
    let instance = instance::build(estate, id)?;
    let row = &instance.instance;
    let mut tally = mainstay_core::status::Tally::default();
    let mut others = 0;
    for (other, status) in estate.cell(&row.service, &row.datacenter) {
        tally.add(status);
        if other.id != row.id && status.is_available() {
            others += 1;
        }
    }
    Some(Data {
        counts: tally.into(),
        others_serving: others,
        instance,
        key,
        reason: String::new(),
        mistakes: Vec::new(),
    })
}

pub fn title(data: &Data) -> String {
    let title = t!("replace-title", id = data.instance.instance.id.as_str());
    if data.mistakes.is_empty() { title } else { t!("error-title", title = title) }
}

pub fn view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.instance.instance;
    let head = page_head(PageHead {
        title: t!("replace-title", id = row.id.as_str()),
        crumbs: vec![
            Crumb::new(paths::service(&row.service), row.service.to_string()),
            Crumb::new(paths::instance(&row.id), row.id.to_string()),
        ],
        badge: Some(badge(row.status, text::status(row.status))),
        note: Some(t!("replace-note").into_any()),
        actions: None,
    });
    let side = match instance::refusal(&data.instance, reader) {
        Some(reason) => {
            card(Head::new(t!("replace-head")), no_permission(reason, t!("replace-do")))
        }
        None => padded(Head::new(t!("replace-head")), form_view(data, reader)),
    };
    view! { {head}{columns(padded(Head::new(t!("what-happens")), steps(data)), side)} }.into_any()
}

fn steps(data: &Data) -> AnyView {
    let row = &data.instance.instance;
    let service = row.service.as_str();
    let others = data.others_serving;
    let (tone, left) = if others == 0 {
        (Tone::Warn, t!("replace-none-left", service = service, dc = row.datacenter.as_str()))
    } else {
        (Tone::Ok, t!("replace-others", n = i64::from(others), count = text::number(others)))
    };
    let version = data.instance.wanted_version.clone().unwrap_or_else(|| row.version.clone());
    let drain =
        if row.status == Status::Healthy { t!("replace-drain") } else { t!("replace-stop") };
    let line = |tone: Tone, words: String| view! { <li>{glyph(tone)}<span>{words}</span></li> };
    view! {
        <ul class="checks">
            {line(Tone::Plan, drain)}
            {line(Tone::Prog, t!("replace-start", version = version))}
            {line(tone, left)}
        </ul>
    }
    .into_any()
}

fn form_view(data: &Data, reader: &Reader) -> AnyView {
    let row = &data.instance.instance;
    let object = paths::instance(&row.id);
    let reason = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("reason-hint")),
        kind: Kind::Area(2),
        value: data.reason.clone(),
        ..Field::default()
    };
    let key = data.key.clone();
    let body = view! {
        {error_summary(t!("replace-failed"), &data.mistakes)}
        <input type="hidden" name="key" value=key/>
        {field(reason, &data.mistakes)}
        <div class="chips">
            {submit(Weight::Primary, t!("replace-do"))}
            {link_button(Weight::Plain, object.clone(), t!("replace-keep"))}
        </div>
    };
    form(paths::action(&object, "replace"), &reader.csrf, body)
}

/// Why a form that was sent is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// The instance's process is another one than the form was made for.
    Changed,
    /// The form did not come from this page.
    OldForm,
}

impl NotDone {
    pub fn sentence(self) -> String {
        match self {
            Self::Changed => t!("replace-changed"),
            Self::OldForm => t!("replace-old-form"),
        }
    }
}

/// What is wrong with a reason of more than `most` characters.
pub fn reason_too_long(most: usize) -> Mistake {
    Mistake::new("reason", t!("reason-too-long", most = text::number(most as u64)))
}

/// Why nothing can be asked of a data centre that is not heard.
pub fn unheard(datacenter: &DatacenterId) -> String {
    t!("replace-unheard", dc = datacenter.as_str())
}
