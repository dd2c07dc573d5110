//! Adding a reason to a rollback after the click.

use leptos::prelude::*;

use super::{Data, target, title};
use crate::pages::Reader;
use crate::paths;
use crate::t;
use crate::text;
use crate::ui::button::{Weight, submit};
use crate::ui::card::{Head, padded};
use crate::ui::form::{Field, Kind, Mistake, error_summary, field, form, mistakes_title};

/// What was typed into the form, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Explain {
    pub reason: String,
    pub mistakes: Vec<Mistake>,
}

impl Explain {
    /// A reason that was not accepted; `length`: fewest and most characters.
    pub fn typed(reason: &str, (least, most): (usize, usize)) -> Self {
        let words = if reason.trim().chars().count() > most {
            t!("reason-too-long", most = text::number(most as u64))
        } else {
            t!("reason-too-short", least = text::number(least as u64))
        };
        Self { reason: reason.to_owned(), mistakes: vec![Mistake::new("reason", words)] }
    }
}

/// The page's title when the reason was not accepted.
pub fn mistaken_title(data: &Data) -> String {
    t!("error-title", title = title(data))
}

pub(super) fn view(data: &Data, reader: &Reader) -> Option<AnyView> {
    let until = data.explain_until?;
    reader.may_operate(target(data)).ok()?;
    let Explain { reason, mistakes } = &data.explain;
    let until = text::moment(until, data.at);
    let words = Field {
        name: "reason",
        label: t!("reason"),
        hint: Some(t!("reasons-until", until = until)),
        kind: Kind::Area(2),
        value: reason.clone(),
        required: true,
        ..Field::default()
    };
    let key = data.key.clone();
    let body = view! {
        {error_summary(mistakes_title(mistakes), mistakes)}
        <input type="hidden" name="key" value=key/>
        {field(words, mistakes)}
        {submit(Weight::Plain, t!("reason-add"))}
    };
    let action = paths::action(&paths::rollout(data.rollout.id), "add-reason");
    let form = form(action, &reader.csrf, body);
    let body = view! { <div id="reasons">{form}</div> };
    Some(padded(Head::new(t!("reasons")), body))
}
